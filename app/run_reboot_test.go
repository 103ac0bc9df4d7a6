package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// tripped is a world whose desk dies, or whose host boots, at one moment.
type tripped struct {
	*world
	onReboot func() error
}

func (w *tripped) Reboot(ctx context.Context, s remote.Session) error {
	if w.onReboot != nil {
		if err := w.onReboot(); err != nil {
			return err
		}
	}
	return w.world.Reboot(ctx, s)
}

func TestDeskKilledBeforeTheHostHeardOfTheRebootAsksAgain(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newShop(t, w, data.RebootIfNeeded)
	ctx, kill := context.WithCancel(t.Context())
	dying := &tripped{world: w, onReboot: func() error { kill(); return remote.ErrLost }}
	s.Platforms = []Platform{dying}
	s.start(t, "")
	s.drive(ctx)
	if run := s.run(t); run.RebootAsked.IsZero() || run.Step != data.StepReboot || w.reboots != 0 {
		t.Fatalf("killed while asking: %+v, %d reboots", run, w.reboots)
	}
	dying.onReboot = nil
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.reboots != 1 {
		t.Errorf("run %+v, %d reboots", run, w.reboots)
	}
}

func TestDeskKilledAfterTheHostRebootedDoesNotRebootItAgain(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newShop(t, w, data.RebootIfNeeded)
	ctx, kill := context.WithCancel(t.Context())
	s.Platforms = []Platform{&tripped{world: w, onReboot: func() error { kill(); return nil }}}
	s.start(t, "")
	s.drive(ctx)
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.reboots != 1 {
		t.Errorf("run %+v, %d reboots", run, w.reboots)
	}
}

// A boot behind the desk's back is no proof of the reboot that is asked for later.
func TestBootBehindTheDesksBackProvesNoReboot(t *testing.T) {
	w := newWorld()
	w.needBoot, w.rebootDud = true, true
	w.onStart = func(w *world, _ remote.Job) error { w.boot++; return nil } // power cut, kernel still old
	s := newShop(t, w, data.RebootIfNeeded)
	s.Platforms = []Platform{&tripped{world: w, onReboot: func() error { // asked at night, looked at an hour later
		time.AfterFunc(10*time.Millisecond, func() { s.at(night.Add(time.Hour)) })
		return nil
	}}}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "boot ID is still the same") || strings.Contains(run.Detail, ", rebooted") || w.reboots != 1 {
		t.Errorf("run %+v, %d reboots", run, w.reboots)
	}
}

func TestHostThatBootedByItselfAfterTheJobIsNotRebootedAgain(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootAlways)
	s.start(t, "")
	s.until(t, func(r data.Run) bool { return r.JobStarted })
	close(w.hold)
	w.mu.Lock()
	w.boot += 2 // an hour after the job began
	w.mu.Unlock()
	time.Sleep(5 * time.Millisecond)
	must(t, s.drive(t.Context()))
	run := s.run(t)
	if run.Outcome != data.OutcomeSucceeded || w.reboots != 0 || strings.Contains(run.Detail, "rebooted") {
		t.Errorf("run %+v, %d reboots", run, w.reboots)
	}
}

func TestNobodyDrivesARolloutWhoseDeskIsGone(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	driver := func() string {
		t.Helper()
		g, err := s.Driving(t.Context(), s.rollout)
		must(t, err)
		return g.Holder
	}
	_, err := s.DB.Lease(t.Context(), leaseName(s.rollout), "desk1", s.Now(), leaseTTL)
	must(t, err)
	if got := driver(); got != "desk1" {
		t.Errorf("driven by %q", got)
	}
	if n := needOf(t, s.Desk, NeedRollout); !strings.HasSuffix(n.Title, "is waiting") {
		t.Errorf("told while it is driven: %+v", n)
	}
	for _, later := range []time.Duration{leaseTTL, -time.Hour} { // killed; killed, and the clock set back
		s.at(night.Add(later))
		if got := driver(); got != "" {
			t.Errorf("after %v driven by %q, want nobody", later, got)
		}
		n := needOf(t, s.Desk, NeedUndriven)
		if !strings.HasSuffix(n.Title, "stands still") || !strings.Contains(n.Because, "It is not driven by any desk") || !strings.HasSuffix(n.Because, "run stctl run-due.") || has(t, s.Desk, NeedRollout) {
			t.Errorf("told after %v: %+v", later, n)
		}
	}
	s.Orders = NewOrders(filepath.Join(t.TempDir(), "orders"))
	if n := needOf(t, s.Desk, NeedUndriven); !strings.Contains(n.Because, "not started on this computer") || strings.Contains(n.Because, "run-due") {
		t.Errorf("told where it was not ordered: %+v", n)
	}
}

func TestCancelInTheRebootStepSaysWhatIsIn(t *testing.T) {
	w := newWorld()
	w.rebootDud = true
	s := newShop(t, w, data.RebootAlways)
	s.start(t, "")
	pace := quick
	pace.Boot = time.Hour
	ended := make(chan error, 1)
	go func() {
		ended <- (&Driver{Desk: s.Desk, Pace: pace, Holder: "test"}).Drive(t.Context(), s.rollout, true)
	}()
	for s.run(t).RebootAsked.IsZero() {
		time.Sleep(time.Millisecond)
	}
	must(t, s.CancelRollout(t.Context(), s.rollout, "users complain"))
	s.at(night.Add(10 * time.Minute))
	must(t, <-ended)
	run := s.run(t)
	if run.Outcome != data.OutcomeCancelled || !strings.Contains(run.Detail, "2 of 2 changes are in") || strings.Contains(run.Detail, "rebooted") || w.reboots != 1 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

// What is in is in; but a plan whose reboot was left out is not carried out.
func TestCancelBeforeTheRebootIsNoSuccess(t *testing.T) {
	w := newWorld()
	s := newShop(t, w, data.RebootAlways)
	s.start(t, "")
	cancel := sync.OnceFunc(func() { must(t, s.CancelRollout(t.Context(), s.rollout, "users complain")) })
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test", Changed: func(r data.Run) {
		if r.Step == data.StepReboot {
			cancel()
		}
	}}
	must(t, d.Drive(t.Context(), s.rollout, true))
	run := s.run(t)
	if run.Outcome != data.OutcomeCancelled || !strings.Contains(run.Detail, "2 of 2 changes are in, no reboot was made (cancelled") || w.reboots != 0 {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
	lines, _, err := s.DB.Log(t.Context(), run.ID, 0, 0)
	must(t, err)
	told := 0
	for _, l := range lines {
		if strings.HasPrefix(l.Text, "post-check reboot:") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told of the reboot %d times", told)
	}
}

func TestCancelledIsUnknownWhereTheScanSaysNothing(t *testing.T) {
	want := data.Changes{Upgrade: []data.Target{{Name: "curl", To: "7.2"}}}
	for _, why := range []string{"cancelled", "deadline"} {
		if got, detail := judgeRun(data.Run{Job: "st-1", JobEnded: true, JobStopped: why}, want, data.Scan{}); got != data.OutcomeUnknown {
			t.Errorf("%s: %s: %s", why, got, detail)
		}
	}
}

// A host that says it will not reboot is not waited for.
func TestARefusedRebootEndsAtOnce(t *testing.T) {
	for _, again := range []bool{false, true} {
		w := newWorld()
		s := newShop(t, w, data.RebootAlways)
		refusing := &tripped{world: w, onReboot: func() error {
			return fmt.Errorf("reboot: %w: shutdown.exe: 5 Access is denied.(5)", remote.ErrRebootRefused)
		}}
		s.Platforms = []Platform{refusing}
		s.start(t, "")
		if again { // the desk is killed as it asks, and another asks once more
			ctx, kill := context.WithCancel(t.Context())
			refuse := refusing.onReboot
			refusing.onReboot = func() error { kill(); return remote.ErrLost }
			s.drive(ctx)
			refusing.onReboot = refuse
		}
		pace := quick
		pace.Boot = time.Hour
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		must(t, (&Driver{Desk: s.Desk, Pace: pace, Holder: "test"}).Drive(ctx, s.rollout, true))
		run := s.run(t)
		if run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "2 of 2 changes are in") || !strings.Contains(run.Detail, "reboot refused: shutdown.exe: 5") || strings.Contains(run.Detail, ", rebooted") {
			t.Errorf("%s: %s", run.Outcome, run.Detail)
		}
	}
}

// What was said of the reboot looks like another one when it stands beside a
// later step.
func TestAfterTheBootNothingIsSaidToReboot(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newShop(t, w, data.RebootIfNeeded)
	var mu sync.Mutex
	told := map[data.Step][]string{}
	dr := &Driver{Desk: s.Desk, Pace: quick, Holder: "test", Changed: func(r data.Run) {
		mu.Lock()
		defer mu.Unlock()
		if r.Outcome == data.OutcomeNone {
			told[r.Step] = append(told[r.Step], r.Detail)
		}
	}}
	s.start(t, "")
	must(t, dr.Drive(t.Context(), s.rollout, true))
	if !slices.Contains(told[data.StepReboot], "rebooting: kernel") {
		t.Errorf("told of the reboot: %q", told[data.StepReboot])
	}
	for _, step := range []data.Step{data.StepPostCheck, data.StepVerify} {
		if len(told[step]) == 0 || strings.Contains(strings.Join(told[step], "|"), "reboot") {
			t.Errorf("told of %s: %q", step, told[step])
		}
	}
}
