package rollouts_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
)

// TestPlanIsMadeApprovedAndAppliedByTheButtons goes the whole way over real
// SSH: two hosts, their updates, preview, digest, reason, live page, proof.
func TestPlanIsMadeApprovedAndAppliedByTheButtons(t *testing.T) {
	s, off := open(t, false)
	w, ctx := s.Window(), t.Context()
	var ids []data.HostID
	for _, name := range []string{"web1", "web2"} {
		h, err := off.Desk.DB.HostByName(ctx, name)
		must(t, err)
		ids = append(ids, h.ID)
	}
	must(t, off.Desk.Scan(ctx, ids, true, nil))

	s.Go(ui.Place{Screen: ui.Rollouts, Hosts: ids})
	kittest.Settle(t)
	kittest.See(t, w, "2 hosts")
	kittest.Press(t, w, "Next: how")
	kittest.Choose(t, w, "no soak") // the two are in two rings
	kittest.Press(t, w, "Ask the hosts")
	kittest.Until(t, "the preview is shown", func() bool { return strings.Contains(kittest.Text(w), "Not saved") })
	kittest.Settle(t)
	kittest.ShotOf(t, "rollouts-preview", w, false)

	kittest.Press(t, w, "Save plan")
	kittest.See(t, w, "Not approved yet")
	kittest.Press(t, w, "Approve…")
	plans, err := off.Desk.DB.Plans(ctx)
	must(t, err)
	kittest.See(t, w, plans[0].Digest)
	kittest.ShotOf(t, "rollouts-approve", w, false)
	kittest.Press(t, w, "Approve")
	kittest.See(t, w, "Approved by")

	kittest.Press(t, w, "Apply now…")
	kittest.Press(t, w, "Apply now")
	kittest.See(t, w, "Say in a few words why.")
	kittest.ShotOf(t, "rollouts-applynow", w, false)
	kittest.Type(t, w, "CHG-1042: exploited in the wild, agreed with the owner by phone", "exploited in the wild")
	kittest.Press(t, w, "Apply now")
	kittest.See(t, w, "outside windows: exploited in the wild")

	rollouts, err := off.Desk.DB.Rollouts(ctx)
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- off.Driver.Drive(ctx, rollouts[0].ID, true) }()
	kittest.Until(t, "the live page shows a host at work", func() bool { return strings.Contains(kittest.Text(w), "Updates are going in") })
	if err := wait(t, ended); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	kittest.Settle(t)
	kittest.See(t, w, "All of it is in")
	kittest.ShotOf(t, "rollouts-done", w, false)
}

// wait lets the window live until the driver has ended.
func wait(t *testing.T, ended chan error) (err error) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		select {
		case err = <-ended:
			return err
		case <-time.After(20 * time.Millisecond):
			kittest.Settle(t)
		}
	}
	return context.DeadlineExceeded
}

func TestStoppedRolloutIsResumedWithAReason(t *testing.T) {
	s, off := open(t, false)
	w := s.Window()
	id := scene(t, off, data.RolloutStopped, "ring 2: 2 of 6 runs failed or are unknown; the plan stops there")
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	kittest.See(t, w, "It stopped: ring 2: 2 of 6 runs failed or are unknown; the plan stops there.")
	if text := kittest.Text(w); !strings.Contains(text, "Rollouts 1 ") {
		t.Errorf("the sidebar does not count it: %s", text)
	}
	kittest.Press(t, w, "Resume…")
	kittest.Press(t, w, "Resume")
	kittest.See(t, w, "Say in a few words why.")
	kittest.Type(t, w, "web3 had a full disk, mended; the update itself is fine", "looked at, disk mended")
	kittest.Press(t, w, "Resume")
	r, err := off.Desk.DB.Rollout(t.Context(), id)
	must(t, err)
	if r.State != data.RolloutWaiting || r.Resumed.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestARolloutFromElsewhereIsAdoptedByItsDigestWithAReason(t *testing.T) {
	s, off := open(t, false)
	w, ctx := s.Window(), t.Context()
	id := scene(t, off, data.RolloutRunning, "")
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	if words := strings.Join(kittest.Words(w), "|"); strings.Contains(words, "Adopt…") {
		t.Fatalf("offered for a rollout of this computer: %s", words)
	}

	off.Desk.Orders = app.NewOrders(filepath.Join(t.TempDir(), "orders")) // as on a computer that never saw it
	s.Reload()
	kittest.Settle(t)
	kittest.See(t, w, "This computer does not drive it")
	r, err := off.Desk.DB.Rollout(ctx, id)
	must(t, err)
	p, err := off.Desk.DB.Plan(ctx, r.Plan)
	must(t, err)
	kittest.ShotOf(t, "rollouts-foreign", w, false)
	kittest.Press(t, w, "Adopt…")
	kittest.See(t, w, p.Digest())
	kittest.Press(t, w, "Adopt")
	kittest.See(t, w, "Say in a few words why.")
	if err := off.Desk.Ordered(p, r); !errors.Is(err, app.ErrNotOrdered) {
		t.Fatalf("adopted without a reason: %v", err)
	}
	kittest.Type(t, w, "Anna's laptop is broken; it goes on from here", "anna's laptop is broken")
	kittest.ShotOf(t, "rollouts-adopt", w, false)
	kittest.Press(t, w, "Adopt")
	must(t, off.Desk.Ordered(p, r))
	kittest.See(t, w, "Updates are going in")
	kittest.See(t, w, "Cancel rollout…")
}

func TestUnknownRunIsLookedUpAndNeverRetried(t *testing.T) {
	s, off := open(t, false)
	w := s.Window()
	id := scene(t, off, data.RolloutStopped, "ring 2: 2 of 6 runs failed or are unknown")
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	kittest.Press(t, w, "Needs you")
	select2(t, w, 1) // failed first, unknown second
	words := strings.Join(kittest.Words(w), "|")
	if !strings.Contains(words, "Look again") || strings.Contains(words, "Retry…") {
		t.Fatalf("offered for an unknown run: %s", words)
	}
	kittest.Press(t, w, "Look again")
	runs, err := off.Desk.DB.Runs(t.Context(), id)
	must(t, err)
	if r := runs[4]; r.Outcome != data.OutcomeNone || r.Step != data.StepInstall || r.Attempt != 1 {
		t.Errorf("looked up again: %+v", r)
	}
}

func TestFailedRunIsRetriedWithAReasonAsAnotherAttempt(t *testing.T) {
	s, off := open(t, false)
	w := s.Window()
	id := scene(t, off, data.RolloutStopped, "ring 2: 2 of 6 runs failed or are unknown")
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	if log := logText(w); !strings.Contains(log, "no space left on device") {
		t.Errorf("log %q", log)
	}
	kittest.Press(t, w, "Retry…")
	kittest.Type(t, w, "Disk was full, 3 GB were freed", "disk was full")
	kittest.Press(t, w, "Retry")
	runs, err := off.Desk.DB.Runs(t.Context(), id)
	must(t, err)
	if r := runs[3]; r.Attempt != 2 || r.Step != data.StepQueued || r.Outcome != data.OutcomeNone {
		t.Errorf("%+v", r)
	}
}

func TestCancelAsksFirstAndEscLetsItGoOn(t *testing.T) {
	s, off := open(t, false)
	w := s.Window()
	id := scene(t, off, data.RolloutRunning, "")
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	kittest.Press(t, w, "Cancel rollout…")
	kittest.See(t, w, "Nothing is rolled back.")
	kittest.ShotOf(t, "rollouts-cancel", w, false)
	kittest.Key(t, w, fyne.KeyEscape)
	if r, _ := off.Desk.DB.Rollout(t.Context(), id); r.State != data.RolloutRunning {
		t.Fatalf("Esc cancelled it: %s", r.State)
	}
	kittest.Press(t, w, "Cancel rollout…")
	kittest.Press(t, w, "Cancel rollout")
	if r, _ := off.Desk.DB.Rollout(t.Context(), id); r.State != data.RolloutCancelled {
		t.Errorf("state %s", r.State)
	}
	kittest.See(t, w, "It is being cancelled")
}

func TestLogGrowsWhileTheRunIsShown(t *testing.T) {
	s, off := open(t, false)
	w := s.Window()
	id := scene(t, off, data.RolloutRunning, "")
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	runs, err := off.Desk.DB.Runs(t.Context(), id)
	must(t, err)
	must(t, off.Desk.DB.AppendLog(t.Context(), []data.LogLine{{Run: runs[3].ID, At: time.Now(), From: "host", Text: "a line that came later"}}))
	kittest.Until(t, "the new line is shown", func() bool { return strings.Contains(logText(w), "a line that came later") })
}

func TestPlanWithoutHostsShowsWhatWasLeftOut(t *testing.T) {
	s, off := open(t, false)
	w := s.Window()
	h, err := off.Desk.DB.HostByName(t.Context(), "lab-alma") // never scanned
	must(t, err)
	other, err := off.Desk.DB.HostByName(t.Context(), "print")
	must(t, err)
	s.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{h.ID, other.ID}})
	kittest.Settle(t)
	kittest.Press(t, w, "Next: how")
	kittest.Press(t, w, "Ask the hosts")
	kittest.Settle(t)
	kittest.See(t, w, "never scanned: scan it first")
	kittest.ShotOf(t, "rollouts-leftout", w, false)
}

// TestPlanIsMadeByKeyboard picks hosts with the arrows as soon as the page is
// up, and goes on with Ctrl+Enter: no page lets the keyboard go elsewhere.
func TestPlanIsMadeByKeyboard(t *testing.T) {
	s, off := open(t, false)
	w, ctx := s.Window(), t.Context()
	h, err := off.Desk.DB.HostByName(ctx, "build") // the second by name; nobody has scanned the first
	must(t, err)
	must(t, off.Desk.Scan(ctx, []data.HostID{h.ID}, true, nil))
	s.Go(ui.Place{Screen: ui.Rollouts})
	kittest.Settle(t)
	s.Go(ui.Place{Screen: ui.Rollouts, New: true})
	kittest.Settle(t)
	kittest.See(t, w, "No host is chosen")
	kittest.Key(t, w, fyne.KeyDown)
	kittest.Key(t, w, fyne.KeyDown)
	kittest.Key(t, w, fyne.KeySpace)
	kittest.Settle(t)
	kittest.See(t, w, "what and where: 1 host,")
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyReturn)
	kittest.Settle(t)
	kittest.See(t, w, "Step 2 of 3")
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyReturn)
	kittest.Until(t, "the preview is shown", func() bool { return strings.Contains(kittest.Text(w), "Not saved") })
}

// A Windows host that waits for its reboot takes no update: what leaves it out
// leads to a plan that only reboots it.
func TestWhatWaitsForARebootLeadsToAPlanThatOnlyReboots(t *testing.T) {
	s, off := open(t, false)
	w, ctx := s.Window(), t.Context()
	h, err := off.Desk.DB.HostByName(ctx, "hyperv")
	must(t, err)
	must(t, off.Desk.Scan(ctx, []data.HostID{h.ID}, true, nil))
	s.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{h.ID}})
	kittest.Settle(t)
	kittest.Press(t, w, "Next: how")
	kittest.Press(t, w, "Ask the hosts")
	kittest.Until(t, "the preview is shown", func() bool { return strings.Contains(kittest.Text(w), "plan a reboot") })
	kittest.Press(t, w, "Plan a reboot…")
	kittest.Settle(t)
	kittest.See(t, w, "1 host, a reboot and no updates")
	kittest.Press(t, w, "Next: how")
	kittest.Press(t, w, "Ask the hosts")
	kittest.Until(t, "the preview is shown", func() bool { return strings.Contains(kittest.Text(w), "1 host is rebooted") })
	kittest.See(t, w, "a reboot only")
	kittest.Press(t, w, "Save plan")
	kittest.Settle(t)
	plans, err := off.Desk.DB.Plans(ctx)
	must(t, err)
	p, err := off.Desk.DB.Plan(ctx, plans[0].ID)
	must(t, err)
	if !p.RebootOnly() || p.Reboot != data.RebootIfNeeded || len(p.Hosts) != 1 || p.Hosts[0].Host != h.ID {
		t.Errorf("plan %+v", p)
	}
}

// An update that an exception leaves out is not ticked beforehand. Ticked by
// hand it goes in, and plan and approval warn.
func TestWhatIsExceptedIsNotTickedAndWarnsWhenItIs(t *testing.T) {
	s, off := open(t, false)
	w, ctx := s.Window(), t.Context()
	h, err := off.Desk.DB.HostByName(ctx, "erp-app")
	must(t, err)
	must(t, off.Desk.Scan(ctx, []data.HostID{h.ID}, true, nil))
	lacks := 0
	must(t, off.Desk.EachVerdict(ctx, func(at data.Host, v data.Verdict) {
		if at.ID == h.ID {
			lacks++
		}
	}))
	s.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{h.ID}})
	kittest.Settle(t)
	kittest.See(t, w, fmt.Sprintf("what and where: 1 host, %d updates", lacks-1))
	s.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{h.ID}, Updates: []string{"KB5070610"}})
	kittest.Settle(t)
	kittest.See(t, w, "what and where: 1 host, 1 update")
	kittest.Press(t, w, "Next: how")
	kittest.Press(t, w, "Ask the hosts")
	kittest.Until(t, "the preview asks", func() bool { return asked(w) != "" })
	kittest.Press(t, w, asked(w)) // it asks for its licence terms as well
	const warning = "KB5070610 on erp-app goes in although exception "
	kittest.Until(t, "the plan warns", func() bool { return strings.Contains(kittest.Text(w), warning) })
	kittest.ShotOf(t, "rollouts-excepted", w, false)
	kittest.Press(t, w, "Save plan")
	kittest.Settle(t)
	kittest.Press(t, w, "Approve…")
	kittest.Settle(t)
	kittest.See(t, w, "Approve “")
	kittest.See(t, w, warning)
	kittest.ShotOf(t, "rollouts-excepted-approve", w, false)
}

// asked returns the words of the tick that accepts licence terms; "" where none is.
func asked(w fyne.Window) string {
	for _, word := range kittest.Words(w) {
		if strings.HasPrefix(word, "Accept the licence terms of: KB5070610") {
			return word
		}
	}
	return ""
}

func TestLicenceTermsAreAskedAboutOnlyWhereAPlannedUpdateDoes(t *testing.T) {
	s, off := open(t, false)
	w, ctx := s.Window(), t.Context()
	h, err := off.Desk.DB.HostByName(ctx, "erp-app")
	must(t, err)
	must(t, off.Desk.Scan(ctx, []data.HostID{h.ID}, true, nil))
	s.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{h.ID}, Updates: []string{"KB5070610"}})
	kittest.Settle(t)
	kittest.Press(t, w, "Next: how")
	kittest.Press(t, w, "Ask the hosts")
	tick := func() string { return asked(w) }
	kittest.Until(t, "the preview asks", func() bool { return tick() != "" })
	kittest.See(t, w, "Nothing goes in")
	kittest.ShotOf(t, "rollouts-terms", w, false)
	kittest.Press(t, w, "Read them…")
	kittest.See(t, w, "LICENCE TERMS OF THE PRACTICE SHOP")
	kittest.ShotOf(t, "rollouts-terms-read", w, false)
	kittest.Press(t, w, "Close")
	kittest.Press(t, w, tick())
	kittest.Until(t, "it goes in", func() bool { return strings.Contains(kittest.Text(w), "1 update goes in on 1 host") })
	kittest.See(t, w, "It accepts the licence terms of: KB5070610")
	kittest.Press(t, w, "Save plan")
	kittest.Settle(t)
	if tick() != "" {
		t.Error("a stored plan asks")
	}
	kittest.Press(t, w, "Approve…")
	kittest.Settle(t)
	kittest.See(t, w, "It accepts the licence terms of: KB5070610")
	plans, err := off.Desk.DB.Plans(ctx)
	must(t, err)
	p, err := off.Desk.DB.Plan(ctx, plans[0].ID)
	if err != nil || p.Hosts[0].Changes.Upgrade[0].Terms != data.TermsAccepted {
		t.Errorf("%+v, %v", p, err)
	}
}
