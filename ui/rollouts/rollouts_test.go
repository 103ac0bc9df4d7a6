package rollouts_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/rollouts"
	"secondtuesday/wire"
)

// open shows the screen on the practice shop, whose past is seeded and whose
// hosts answer over SSH on loopback.
func open(t *testing.T, dark bool) (*ui.Shell, *wire.Office) {
	t.Helper()
	a := kittest.Start(t, dark)
	off, err := wire.Open(t.Context(), wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	off.Shop.Speed(50)
	s := show(t, a, off)
	if dark {
		s.SetMode(kit.ModeDark)
	}
	return s, off
}

func show(t *testing.T, a fyne.App, off *wire.Office) *ui.Shell {
	t.Helper()
	tools := &ui.Tools{Desk: off.Desk, Driver: off.Driver, Keys: off.SSH, Path: off.Path, Practice: true}
	s := ui.NewShell(t.Context(), a, ui.Options{Workspace: "practice shop", Version: "0.1.0"})
	s.Add(rollouts.New(s, tools))
	s.Window().Resize(fyne.NewSize(1280, 800))
	s.Show()
	s.Window().Resize(fyne.NewSize(1280, 800))
	kittest.Settle(t)
	return s
}

// scene stores a rollout over the shop's hosts that stands in mid-way, without
// a driver.
func scene(t *testing.T, off *wire.Office, state data.RolloutState, note string) data.RolloutID {
	t.Helper()
	ctx, db, now := t.Context(), off.Desk.DB, off.Desk.Now()
	hosts, err := db.Hosts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := data.Plan{Name: "Security updates, August", Created: now.Add(-26 * time.Hour), CreatedBy: "anna@desk1", Parallel: 3, StopAt: 0.25, Reboot: data.RebootIfNeeded,
		Rings: []data.Ring{{Number: 1, Name: "test", Soak: 24 * time.Hour}, {Number: 2, Name: "early", Soak: 48 * time.Hour, Gate: 0.9}, {Number: 3, Name: "the rest"}}}
	told := func(verb string, after any) data.AuditEntry { // what a driver would have written
		b, err := json.Marshal(map[string]any{"after": after})
		must(t, err)
		return data.AuditEntry{At: now, By: "anna@desk1", Verb: verb, What: "test", Data: string(b)}
	}
	for i, h := range hosts {
		ring := []int{1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3}[min(i, 13)]
		p.Hosts = append(p.Hosts, data.PlanHost{Host: h.ID, Ring: ring, Changes: data.Changes{
			Upgrade: []data.Target{{Name: "openssl", Arch: "amd64", From: "3.0.15-1~deb12u1", To: "3.0.17-1~deb12u2", Class: data.Security, Severity: data.High, Origin: "Debian-Security:12/oldstable-security"},
				{Name: "libssl3", Arch: "amd64", From: "3.0.15-1~deb12u1", To: "3.0.17-1~deb12u2", Class: data.Security, Severity: data.Critical}},
			Add: []data.Target{{Name: "linux-image-6.1.0-40-amd64", Arch: "amd64", To: "6.1.153-1"}}}})
	}
	pid, err := off.Desk.SavePlan(ctx, p)
	must(t, err)
	stored, err := db.Plan(ctx, pid)
	must(t, err)
	must(t, off.Desk.ApprovePlan(ctx, pid, stored.Digest(), "CHG-1042"))
	id, err := off.Desk.StartRollout(ctx, pid, "")
	must(t, err)
	runs, err := db.Runs(ctx, id)
	must(t, err)
	for i, r := range runs {
		run := staged(r, i, now)
		switch {
		case run.Outcome != data.OutcomeNone:
			must(t, db.SaveRun(ctx, run, told("run "+string(run.Outcome), run)))
		case run.Step != data.StepQueued && run.Step != data.StepPreCheck:
			must(t, db.SaveRun(ctx, run, told("run started", run)))
		default:
			must(t, db.SaveRun(ctx, run))
		}
	}
	r, err := db.Rollout(ctx, id)
	must(t, err)
	was := r
	r.State, r.Note = state, note
	must(t, db.UpdateRollout(ctx, was, r, told("rollout "+string(state), r)))
	var lines []data.LogLine
	for i := range 60 {
		from, text := "host", fmt.Sprintf("Unpacking libssl3:amd64 (3.0.17-1~deb12u2) over (3.0.15-1~deb12u1) ... %d", i)
		if i == 0 {
			from, text = "desk", "pre-check free disk: passed (12 GB free)"
		}
		lines = append(lines, data.LogLine{Run: runs[3].ID, At: now.Add(time.Duration(i) * time.Second), From: from, Text: text})
	}
	lines = append(lines, data.LogLine{Run: runs[3].ID, At: now, From: "host", Text: "dpkg: error processing package linux-image-6.1.0-40-amd64 (--configure): no space left on device"},
		data.LogLine{Run: runs[3].ID, At: now, From: "desk", Text: "failed: the job ended with exit status 100: 2 of 3 changes are in; not in: linux-image-6.1.0-40-amd64"})
	must(t, db.AppendLog(ctx, lines))
	return id
}

// staged gives the i-th run of a scene its place.
func staged(r data.Run, i int, now time.Time) data.Run {
	checks := []data.Check{{Name: "free disk", Result: data.CheckPassed, Detail: "12 GB free, 1.1 GB needed"}, {Name: "package manager lock", Result: data.CheckPassed},
		{Name: "clock", Result: data.CheckWarned, Detail: "38 s behind"}, {Name: "services", After: true, Result: data.CheckFailed, Detail: "nginx ran before and does not now"}}
	r.Started, r.Deadline = now.Add(-25*time.Minute), now.Add(3*time.Hour)
	end := func(o data.Outcome, detail string) {
		r.Outcome, r.Detail, r.Ended, r.Step, r.Checks = o, detail, now.Add(-12*time.Minute), data.StepEnded, checks
	}
	switch i {
	case 0, 1, 2:
		end(data.OutcomeSucceeded, "3 of 3 changes are in, rebooted")
		r.Started, r.Ended = now.Add(-26*time.Hour), now.Add(-25*time.Hour)
	case 3:
		end(data.OutcomeFailed, "the job ended with exit status 100: 2 of 3 changes are in; not in: linux-image-6.1.0-40-amd64")
	case 4:
		end(data.OutcomeUnknown, "no contact since 01:12 (connection reset by peer): it is not known what the job did; look again when the host answers")
		r.Step = data.StepInstall
	case 5:
		r.Step, r.Job = data.StepInstall, "st-1"
	case 6:
		r.Step = data.StepReboot
	default:
		r.Started, r.Deadline = time.Time{}, time.Time{}
		r.Detail = "no window of the host's group is open; the next opens at 2026-08-18 20:00 UTC"
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestScreenshotsOfRollouts(t *testing.T) {
	for _, dark := range []bool{false, true} {
		s, off := open(t, dark)
		w := s.Window()
		kittest.ShotOf(t, "rollouts-empty", w, dark)
		id := scene(t, off, data.RolloutRunning, "")
		s.Reload()
		kittest.ShotOf(t, "rollouts-list", w, dark)
		s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
		kittest.Settle(t)
		kittest.ShotOf(t, "rollouts-live", w, dark)
		s.Go(ui.Place{Screen: ui.Rollouts, Plan: 1})
		kittest.ShotOf(t, "rollouts-plan", w, dark)
		s.Go(ui.Place{Screen: ui.Rollouts, New: true})
		kittest.Settle(t)
		kittest.Press(t, w, "All shown")
		kittest.ShotOf(t, "rollouts-maker1", w, dark)
		kittest.Press(t, w, "Next: how")
		kittest.ShotOf(t, "rollouts-maker2", w, dark)
	}
}

// select2 makes the n-th row of the first grid of runs the current one.
func select2(t *testing.T, w fyne.Window, n int) {
	t.Helper()
	type goer interface{ GoTo(int) }
	o := kittest.Find(w, func(o fyne.CanvasObject) bool { _, ok := o.(goer); return ok })
	if o == nil {
		t.Fatal("there is no grid")
	}
	o.(goer).GoTo(n)
	kittest.Settle(t)
}

// logText is what the log shows.
func logText(w fyne.Window) string {
	o := kittest.Find(w, func(o fyne.CanvasObject) bool { _, ok := o.(*kit.Log); return ok })
	if o == nil {
		return ""
	}
	return o.(*kit.Log).Text()
}
