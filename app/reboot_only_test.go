package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// newRebootShop is a shop whose plan only reboots its host.
func newRebootShop(t *testing.T, w *world, reboot data.RebootPolicy) *shop {
	t.Helper()
	needed := w.needBoot
	w.needBoot = true
	s := newShop(t, w, data.RebootIfNeeded)
	w.needBoot = needed || reboot == data.RebootIfNeeded
	must(t, s.Scan(t.Context(), []data.HostID{s.host}, false, nil))
	p, notes, err := s.MakePlan(t.Context(), PlanRequest{Name: "reboot web1", Hosts: []data.HostID{s.host}, RebootOnly: true, Reboot: reboot, PostWait: 20 * time.Millisecond}, nil)
	if err != nil || len(notes) > 0 {
		t.Fatalf("plan: %v, notes %v", err, notes)
	}
	if !p.RebootOnly() || len(p.Hosts) != 1 || !p.Hosts[0].Changes.Empty() {
		t.Fatalf("plan %+v", p)
	}
	s.plan, err = s.SavePlan(t.Context(), p)
	must(t, err)
	return s
}

func TestAPlanThatOnlyRebootsRebootsOnceAndProvesIt(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	run := s.run(t)
	if run.Outcome != data.OutcomeSucceeded || run.Detail != "rebooted, no updates planned; no reboot is pending any more" || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
	if w.installed["openssl"] != "3.0.1" {
		t.Error("something was installed")
	}
	runs, err := s.DB.Runs(t.Context(), s.rollout)
	must(t, err)
	p, err := s.DB.Plan(t.Context(), s.plan)
	must(t, err)
	ro, err := s.DB.Rollout(t.Context(), s.rollout)
	must(t, err)
	if got := HeadlineOf(ro, p, runs, Driving{}).Sentence; !strings.Contains(got, "no updates were planned") {
		t.Errorf("headline %q", got)
	}
	if off := s.off(t); len(off) > 0 {
		t.Errorf("off the trail: %q", off)
	}
	entries, err := s.DB.Audit(t.Context(), 0, 0)
	must(t, err)
	told := 0
	for _, e := range entries {
		if e.Verb == verbReboot && e.Why == "kernel" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d audit entries of the reboot", told)
	}
}

// What is pending still was not brought into force, whatever the boot ID says.
func TestARebootThatIsPendingStillIsNoSuccess(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.Platforms = []Platform{&stubborn{world: w}}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "rebooted, and a reboot is pending still (kernel)") || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

// stubborn is a world that needs a reboot after each reboot.
type stubborn struct {
	*world
	silent bool // and no longer tells
}

func (w *stubborn) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	scan, err := w.world.Scan(ctx, s, refresh)
	if w.world.reboots > 0 {
		scan.Reboot, scan.RebootKnown = []data.RebootReason{{Source: "kernel"}}, true
		if w.silent {
			scan.Reboot, scan.RebootKnown = nil, false
		}
	}
	return scan, err
}

func TestWhatARebootLeftPendingIsUnknownWhereTheHostDoesNotTell(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.Platforms = []Platform{&stubborn{world: w, silent: true}}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeUnknown || !strings.Contains(run.Detail, "not known whether") || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestARebootThatIsNoLongerNeededIsNotMade(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	w.needBoot = false // somebody was quicker
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || run.Detail != "not rebooted; no reboot is pending any more" || w.reboots != 0 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestARebootAlwaysIsMadeThoughNoneIsPending(t *testing.T) {
	w := newWorld()
	s := newRebootShop(t, w, data.RebootAlways)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestARebootThatDoesNotHappenFailsAPlanThatOnlyReboots(t *testing.T) {
	w := newWorld()
	w.needBoot, w.rebootDud = true, true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.Platforms = []Platform{&tripped{world: w, onReboot: func() error {
		time.AfterFunc(10*time.Millisecond, func() { s.at(night.Add(time.Hour)) })
		return nil
	}}}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "boot ID is still the same") || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestAPlanThatOnlyRebootsIsDrivenByTwoKilledDesksAndRebootsOnce(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	ctx, kill := context.WithCancel(t.Context())
	s.Platforms = []Platform{&tripped{world: w, onReboot: func() error { kill(); return nil }}}
	s.start(t, "")
	s.drive(ctx)
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.reboots != 1 || w.starts != 1 {
		t.Errorf("%d reboots, %d claims, run %+v", w.reboots, w.starts, run)
	}
}

func TestCancelBeforeAPlanThatOnlyRebootsLeavesTheHostUp(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.start(t, "")
	cancel := sync.OnceFunc(func() { must(t, s.CancelRollout(t.Context(), s.rollout, "users complain")) })
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test", Changed: func(r data.Run) {
		if r.Step == data.StepReboot {
			cancel()
		}
	}}
	must(t, d.Drive(t.Context(), s.rollout, true))
	if run := s.run(t); run.Outcome != data.OutcomeCancelled || w.reboots != 0 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

// permit replaces what the shop's window permits, as its owner agreed.
func (s *shop) permit(t *testing.T, p data.Permits) {
	t.Helper()
	windows, err := s.DB.Windows(t.Context())
	must(t, err)
	w := windows[0]
	w.Permits = p
	_, err = s.SaveWindow(t.Context(), w)
	must(t, err)
	must(t, s.AgreeWindow(t.Context(), w.ID, "owner", ""))
}

func TestAPlanThatOnlyRebootsWaitsForAWindowThatPermitsReboots(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.permit(t, data.Permits{Install: true})
	s.start(t, "")
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test"}
	must(t, d.Drive(t.Context(), s.rollout, false))
	run := s.run(t)
	if run.Step != data.StepQueued || run.Detail != "no agreed window of the host's group permits reboots" || w.reboots+w.starts != 0 {
		t.Fatalf("%d reboots, run %+v", w.reboots, run)
	}
	if WhatEnds(run.Detail) == "" {
		t.Error("no word of what ends the wait")
	}
	s.permit(t, data.Permits{Reboot: true}) // and installs nothing
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestTheForecastOfAPlanThatOnlyRebootsLooksForLeaveToReboot(t *testing.T) {
	for _, c := range []struct {
		permits data.Permits
		never   bool
	}{{data.Permits{Install: true}, true}, {data.Permits{Reboot: true}, false}} {
		w := newWorld()
		w.needBoot = true
		s := newRebootShop(t, w, data.RebootIfNeeded)
		s.permit(t, c.permits)
		windows, err := s.DB.Windows(t.Context())
		must(t, err)
		hosts, err := s.DB.Hosts(t.Context())
		must(t, err)
		a := Agenda{Hosts: hosts, Windows: windows}
		p, err := s.DB.Plan(t.Context(), s.plan)
		must(t, err)
		slots, err := a.Schedule(p, s.Now())
		must(t, err)
		if slots[0].Start.IsZero() != c.never || c.never && !strings.Contains(slots[0].Why, "permits reboots") {
			t.Errorf("%+v: %+v", c.permits, slots[0])
		}
	}
}

// The window's owner takes the leave back while the run is under way.
func TestARebootWhoseLeaveWasTakenBackIsLeftOut(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newRebootShop(t, w, data.RebootIfNeeded)
	s.start(t, "")
	take := sync.OnceFunc(func() { s.permit(t, data.Permits{Install: true}) })
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test", Changed: func(r data.Run) {
		if r.Step == data.StepReboot {
			take()
		}
	}}
	must(t, d.Drive(t.Context(), s.rollout, true))
	if run := s.run(t); run.Outcome != data.OutcomeSkipped || !strings.Contains(run.Detail, "nothing was changed on the host") || w.reboots != 0 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestMakePlanToRebootLeavesOutWhatNeedsNone(t *testing.T) {
	w := newWorld()
	s := newShop(t, w, data.RebootIfNeeded)
	req := PlanRequest{Name: "reboot", Hosts: []data.HostID{s.host}, RebootOnly: true, Reboot: data.RebootIfNeeded}
	_, notes, err := s.MakePlan(t.Context(), req, nil)
	if !errors.Is(err, ErrAllLeftOut) || len(notes) != 1 || notes[0].Why != "no reboot is pending, as its scan says" {
		t.Errorf("%v, notes %+v", err, notes)
	}
	req.Reboot = data.RebootNever
	if _, _, err = s.MakePlan(t.Context(), req, nil); !errors.Is(err, ErrNoReboot) {
		t.Errorf("never: %v", err)
	}
	req.Reboot, req.Classes = data.RebootIfNeeded, []data.Class{data.Security}
	if _, _, err = s.MakePlan(t.Context(), req, nil); !errors.Is(err, ErrNoReboot) {
		t.Errorf("with a class: %v", err)
	}
}
