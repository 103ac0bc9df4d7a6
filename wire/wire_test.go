package wire

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
)

func TestPracticeShopIsScannedOverRealSSH(t *testing.T) {
	off := openPractice(t)
	hosts, err := off.Desk.DB.Hosts(t.Context())
	if err != nil || len(hosts) < 12 {
		t.Fatalf("%d hosts, %v", len(hosts), err)
	}
	var ids []data.HostID
	for _, h := range hosts {
		ids = append(ids, h.ID)
	}
	missing := 0
	err = off.Desk.Scan(t.Context(), ids, false, func(r app.ScanResult) {
		missing += r.Verdict.Missing
		t.Logf("%-10s %-10s %3d missing, trusted %v, took %v: %s %v", r.Host.Name, r.Verdict.Compliance, r.Verdict.Missing, r.Scan.Trusted(), r.Took, r.Verdict.Because, r.Err)
	})
	if err != nil || missing == 0 {
		t.Errorf("%d missing, %v", missing, err)
	}
}

func TestWorkspaceIsMadeWhereNoneIs(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), "new folder", "shop.db")
	off, err := Open(t.Context(), Options{Workspace: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := off.Close(); err != nil {
		t.Error(err)
	}
}

func TestPracticeShopHasAPast(t *testing.T) {
	off := openPractice(t)
	ctx, db := t.Context(), off.Desk.DB
	points, err := db.Points(ctx, time.Time{})
	if err != nil || len(points) < 100 {
		t.Errorf("%d points of a trend, %v", len(points), err)
	}
	closed, err := db.Closed(ctx, time.Time{})
	if err != nil || len(closed) < 20 {
		t.Errorf("%d updates went in, %v", len(closed), err)
	}
	rollouts, err := db.Rollouts(ctx)
	if err != nil || len(rollouts) != 1 || rollouts[0].State != data.RolloutDone {
		t.Errorf("rollouts %+v, %v", rollouts, err)
	}
	if n, err := db.VerifyAudit(ctx); err != nil || n < 100 {
		t.Errorf("audit trail of %d entries, %v", n, err)
	}
	windows, err := db.Windows(ctx)
	if err != nil || len(windows) < 5 || windows[0].Agreed.At.IsZero() {
		t.Errorf("windows %+v, %v", windows, err)
	}
}

// TestMainJob goes the whole way over the real transports and the shipped
// scripts: scan, plan, approve, roll out with a reboot, verify, and see
// compliance change. One host is outside its window, the other is inside.
func TestMainJob(t *testing.T) {
	off := openPractice(t)
	off.Shop.Speed(20)
	for name, reason := range map[string]string{"web1": "exploited in the wild", "dc1": ""} {
		host, before := scanHost(t, off, name)
		if before.Compliance != data.Overdue {
			t.Fatalf("%s before: %+v", name, before)
		}
		if reason == "" {
			openWindow(t, off, host.Group)
		}
		run := rollOut(t, off, host.ID, reason)
		if run.Outcome != data.OutcomeSucceeded || run.RebootAsked.IsZero() {
			t.Fatalf("%s: run %+v", name, run)
		}
		_, after, err := off.Desk.Verdicts(t.Context(), host.ID)
		if err != nil || after.Compliance != data.Compliant || !after.RebootFrom.IsZero() {
			t.Errorf("%s after: %+v, %v", name, after, err)
		}
	}
}

// A Windows host with a reboot pending takes no update. A plan that only reboots
// it makes way, on Windows as on Linux, and only in a window.
func TestAHostThatWaitsForARebootIsRebootedFirst(t *testing.T) {
	off := openPractice(t)
	off.Shop.Speed(20)
	host, before := scanHost(t, off, "hyperv")
	if before.RebootFrom.IsZero() {
		t.Fatalf("before: %+v", before)
	}
	all, _, err := off.Desk.Verdicts(t.Context(), host.ID)
	waiting := slices.IndexFunc(all, func(v data.Verdict) bool { return v.Update.Hold == data.WaitsForReboot })
	if err != nil || waiting < 0 || before.Missing != len(all)-1 || !strings.Contains(all[waiting].Because, "installed and waits for a reboot") {
		t.Errorf("%d missing, verdicts %+v, %v", before.Missing, all, err)
	}
	_, notes, err := off.Desk.MakePlan(t.Context(), app.PlanRequest{Name: "now", Hosts: []data.HostID{host.ID}, Reboot: data.RebootIfNeeded}, nil)
	if !errors.Is(err, app.ErrAllLeftOut) || len(notes) != 1 || !strings.Contains(notes[0].Why, "plan a reboot") {
		t.Fatalf("a plan while a reboot is pending: %v, %+v", err, notes)
	}
	openWindow(t, off, host.Group)
	rebootAlone(t, off, host.ID)
	if _, after, err := off.Desk.Verdicts(t.Context(), host.ID); err != nil || !after.RebootFrom.IsZero() || after.Compliance != data.Compliant {
		t.Errorf("after the reboot: %+v, %v", after, err)
	}

	// one of two updates goes in without a reboot: the other waits for it
	dc, _ := scanHost(t, off, "dc1")
	never := app.PlanRequest{Name: "no reboot", Hosts: []data.HostID{dc.ID}, Keys: []string{"KB5070152"}, Reboot: data.RebootNever}
	if run := carryOut(t, off, never, "exploited in the wild"); run.Outcome != data.OutcomeSucceeded || !strings.Contains(run.Detail, "a reboot is pending") {
		t.Fatalf("without a reboot: %+v", run)
	}
	rest := app.PlanRequest{Name: "the rest", Hosts: []data.HostID{dc.ID}, Keys: []string{"KB5070211"}, Reboot: data.RebootIfNeeded}
	if run := carryOut(t, off, rest, "exploited in the wild"); run.Outcome != data.OutcomeSkipped || !strings.Contains(run.Detail, "plan a reboot before updates") {
		t.Fatalf("an install while a reboot is pending: %+v", run)
	}
	rebootAlone(t, off, dc.ID)
	if run := rollOut(t, off, dc.ID, ""); run.Outcome != data.OutcomeSucceeded {
		t.Errorf("the updates after the reboot: %+v", run)
	}
}

// rebootAlone reboots a host in its window and brings nothing in.
func rebootAlone(t *testing.T, off *Office, host data.HostID) {
	t.Helper()
	run := carryOut(t, off, app.PlanRequest{Name: "reboot", Hosts: []data.HostID{host}, RebootOnly: true, Reboot: data.RebootIfNeeded}, "")
	if run.Outcome != data.OutcomeSucceeded || run.RebootAsked.IsZero() || run.Detail != "rebooted, no updates planned; no reboot is pending any more" {
		t.Fatalf("reboot: %+v", run)
	}
}

// A kernel went in without a reboot; the reboot comes later, by itself.
func TestALinuxHostIsRebootedByAPlanOfItsOwn(t *testing.T) {
	off := openPractice(t)
	off.Shop.Speed(20)
	host, _ := scanHost(t, off, "web1")
	run := carryOut(t, off, app.PlanRequest{Name: "no reboot", Hosts: []data.HostID{host.ID}, KeptBack: true, Reboot: data.RebootNever}, "exploited in the wild")
	if run.Outcome != data.OutcomeSucceeded || !strings.Contains(run.Detail, "a reboot is pending") {
		t.Fatalf("install: %+v", run)
	}
	openWindow(t, off, host.Group)
	rebootAlone(t, off, host.ID)
}

// Every update system's checks and jobs take a plan without updates.
func TestHostsOfEveryUpdateSystemAreRebootedAlone(t *testing.T) {
	off := openPractice(t)
	off.Shop.Speed(20)
	ctx, d := t.Context(), off.Desk
	hosts, err := d.DB.Hosts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[data.Platform]bool{}
	for _, h := range hosts {
		if seen[h.Platform] && h.Platform != data.PlatformUnknown {
			continue
		}
		var scan app.ScanResult
		look := func() {
			if err := d.Scan(ctx, []data.HostID{h.ID}, true, func(r app.ScanResult) { scan = r }); err != nil {
				t.Fatal(err)
			}
		}
		look()
		var unknown *remote.HostKeyUnknownError
		if errors.As(scan.Err, &unknown) {
			if err := d.AcceptHostKey(ctx, unknown, off.AcceptHostKey); err != nil {
				t.Fatal(err)
			}
			look()
		}
		if latest, err := d.DB.LatestScan(ctx, h.ID); scan.Err != nil || err != nil || !latest.Trusted() {
			t.Logf("%s (%s) is one of those that the shop has for what goes wrong: %v, %v", h.Name, h.Platform, scan.Err, latest.Problems)
			continue
		}
		p := scan.Scan.Platform
		if seen[p] {
			continue
		}
		seen[p] = true
		run := carryOut(t, off, app.PlanRequest{Name: "reboot " + h.Name, Hosts: []data.HostID{h.ID}, RebootOnly: true, Reboot: data.RebootAlways}, "practice")
		if run.Outcome != data.OutcomeSucceeded || !strings.HasPrefix(run.Detail, "rebooted, no updates planned") {
			t.Errorf("%s (%s): %s: %s", h.Name, p, run.Outcome, run.Detail)
		}
	}
	if len(seen) < 6 {
		t.Errorf("only %v", seen)
	}
}

// An update that Windows takes back while it boots has failed, whatever the job
// said, and the run says what became of it.
func TestUpdateThatWindowsRollsBackHasFailed(t *testing.T) {
	off := openPractice(t)
	off.Shop.Speed(20)
	host, _ := scanHost(t, off, "rds1")
	run := rollOut(t, off, host.ID, "exploited in the wild")
	if run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "undone by Windows during the reboot (rolled back)") || !strings.Contains(run.Detail, "KB5070152") {
		t.Errorf("run %+v", run)
	}
	_, after, err := off.Desk.Verdicts(t.Context(), host.ID)
	if err != nil || after.Missing == 0 || after.Compliance == data.Compliant {
		t.Errorf("after: %+v, %v", after, err)
	}
	// whoever plans it again is told
	plan, _, err := off.Desk.MakePlan(t.Context(), app.PlanRequest{Name: "again", Hosts: []data.HostID{host.ID}, Reboot: data.RebootIfNeeded}, nil)
	if err != nil {
		t.Fatal(err)
	}
	warnings, err := off.Desk.PlanWarnings(t.Context(), plan)
	if err != nil || len(warnings) != 1 || warnings[0].Update != "KB5070152" || !strings.Contains(warnings[0].Text(), "rolled back") {
		t.Errorf("the plan warns of %+v, %v", warnings, err)
	}
}

// A WSUS that does not answer proves nothing, and the host stays unknown.
func TestHostOfASilentWSUSIsUnknown(t *testing.T) {
	off := openPractice(t)
	if _, v := scanHost(t, off, "wh-win"); v.Compliance != data.Unknown || !strings.Contains(v.Because, "WSUS http://wsus.shop.example:8530") {
		t.Errorf("%+v", v)
	}
}

func scanHost(t *testing.T, off *Office, name string) (data.Host, data.HostVerdict) {
	t.Helper()
	host, err := off.Desk.DB.HostByName(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var v data.HostVerdict
	if err := off.Desk.Scan(t.Context(), []data.HostID{host.ID}, true, func(r app.ScanResult) { v = r.Verdict }); err != nil {
		t.Fatal(err)
	}
	return host, v
}

// openWindow agrees a window that is open for the next four hours.
func openWindow(t *testing.T, off *Office, group data.GroupID) {
	t.Helper()
	since := time.Now().UTC().Add(-time.Hour)
	day := since.AddDate(0, 0, -2)
	id, err := off.Desk.SaveWindow(t.Context(), data.Window{Name: "now", Groups: []data.GroupID{group}, TimeZone: "UTC", Duration: 5 * time.Hour, Permits: data.Permits{Install: true, Reboot: true},
		Recurs: data.Recurrence{Rule: "FREQ=DAILY", First: data.Date{Year: day.Year(), Month: day.Month(), Day: day.Day()}, Start: data.Clock{Hour: since.Hour()}}})
	if err == nil {
		err = off.Desk.AgreeWindow(t.Context(), id, "Carla Sousa", "")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// rollOut brings all that a host lacks in; without a reason it waits for a window.
func rollOut(t *testing.T, off *Office, host data.HostID, reason string) data.Run {
	t.Helper()
	return carryOut(t, off, app.PlanRequest{Name: "now", Hosts: []data.HostID{host}, KeptBack: true, Reboot: data.RebootIfNeeded}, reason)
}

// carryOut makes, approves and rolls out the plan asked for.
func carryOut(t *testing.T, off *Office, req app.PlanRequest, reason string) data.Run {
	t.Helper()
	ctx, d := t.Context(), off.Desk
	p, notes, err := d.MakePlan(ctx, req, nil)
	if err != nil {
		t.Fatalf("plan: %v, notes %v", err, notes)
	}
	id, err := d.SavePlan(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ApprovePlan(ctx, id, p.Digest(), "looked at"); err != nil {
		t.Fatal(err)
	}
	rollout, err := d.StartRollout(ctx, id, reason)
	if err != nil {
		t.Fatal(err)
	}
	if err := off.Driver.Drive(ctx, rollout, true); err != nil {
		t.Fatal(err)
	}
	runs, err := d.DB.Runs(ctx, rollout)
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := d.DB.Log(ctx, runs[0].ID, 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range log {
		t.Log(l.From, l.Text)
	}
	return runs[0]
}

func openPractice(t *testing.T) *Office {
	t.Helper()
	off, err := Open(t.Context(), Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := off.Close(); err != nil {
			t.Error(err)
		}
	})
	return off
}
