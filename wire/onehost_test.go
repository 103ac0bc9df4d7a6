package wire_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/wire"
)

// oneHost is a desk in this process with a workspace of its own, one host in it,
// and a rollout to that host.
type oneHost struct {
	*app.Desk
	t       *testing.T
	host    data.HostID
	arch    string // of the host's updates
	plan    data.PlanID
	rollout data.RolloutID
	pace    app.Pace
	on      func(data.Run)

	mu    sync.Mutex
	shift time.Duration // of the desk's clock from the true time
}

// open makes the workspace, with a standard.
func (s *oneHost) open(workspace string, dialer remote.Dialer) {
	s.t.Helper()
	s.pace = app.Pace{Poll: 200 * time.Millisecond, Retry: 300 * time.Millisecond, Boot: time.Minute, GiveUp: time.Hour, Tick: 300 * time.Millisecond}
	db, err := store.Open(s.t.Context(), workspace)
	s.must(err)
	s.t.Cleanup(func() { db.Close() })
	s.Desk = &app.Desk{DB: db, Dialer: dialer, Platforms: wire.Platforms(), By: "anna@desk1", Now: s.now}
	std, _ := app.Template("small-shop")
	std.ValidFrom = time.Now().AddDate(0, -1, 0)
	_, err = s.SaveStandard(s.t.Context(), std)
	s.must(err)
}

func (s *oneHost) add(h data.Host) {
	s.t.Helper()
	var err error
	s.host, err = s.AddHost(s.t.Context(), h)
	s.must(err)
}

func (s *oneHost) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// now is the desk's clock. Like one that was set, it has no monotonic part.
func (s *oneHost) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.shift).Round(0)
}

func (s *oneHost) setClock(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shift = by
}

// begin plans, approves and starts a rollout, for now.
func (s *oneHost) begin(reboot data.RebootPolicy, updates ...string) {
	s.t.Helper()
	var keys []string
	for _, u := range updates {
		keys = append(keys, data.Key(u, s.arch))
	}
	if reboot == "" {
		reboot = data.RebootNever
	}
	ctx := s.t.Context()
	p, notes, err := s.MakePlan(ctx, app.PlanRequest{Name: "night", Hosts: []data.HostID{s.host}, Keys: keys, Reboot: reboot, PostWait: time.Second}, nil)
	if err != nil {
		s.t.Fatalf("plan: %v, notes %v", err, notes)
	}
	s.plan, err = s.SavePlan(ctx, p)
	s.must(err)
	s.must(s.ApprovePlan(ctx, s.plan, p.Digest(), ""))
	s.rollout, err = s.StartRollout(ctx, s.plan, "a test")
	s.must(err)
}

// drive drives until the rollout is over.
func (s *oneHost) drive() {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer stop()
	d := &app.Driver{Desk: s.Desk, Pace: s.pace, Holder: "test", Changed: s.on}
	if err := d.Drive(ctx, s.rollout, true); err != nil {
		s.t.Fatalf("drive: %v; run %+v\n%s", err, s.run(), s.log())
	}
}

func (s *oneHost) run() data.Run {
	s.t.Helper()
	runs, err := s.DB.Runs(s.t.Context(), s.rollout)
	s.must(err)
	return runs[0]
}

func (s *oneHost) log() string {
	lines, _, err := s.DB.Log(s.t.Context(), s.run().ID, 0, 0)
	s.must(err)
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%-4s %s\n", l.From, l.Text)
	}
	return b.String()
}

// at does something once, in the driver's way, when the run has got to a step.
func (s *oneHost) at(step data.Step, do func()) {
	var once sync.Once
	s.on = func(r data.Run) {
		if r.Step == step && r.Outcome == data.OutcomeNone {
			once.Do(do)
		}
	}
}

// beside does something beside the driver once ok says nothing.
func (s *oneHost) beside(ok func(context.Context) error, do func()) {
	var wait sync.WaitGroup
	ctx, stop := context.WithTimeout(s.t.Context(), 90*time.Second)
	wait.Go(func() {
		for {
			err := ok(ctx)
			if err == nil {
				do()
				return
			}
			select {
			case <-ctx.Done():
				s.t.Errorf("waited in vain: %v", err)
				return
			case <-time.After(30 * time.Millisecond):
			}
		}
	})
	s.t.Cleanup(func() { stop(); wait.Wait() })
}

func (s *oneHost) cancel() {
	if err := s.CancelRollout(s.t.Context(), s.rollout, "the shop is down"); err != nil {
		s.t.Error(err)
	}
}

// lookAgain looks up an unknown run, as a person asks for.
func (s *oneHost) lookAgain() data.Run {
	s.t.Helper()
	s.on = nil
	s.must(s.LookAgain(s.t.Context(), s.rollout, s.run().ID))
	s.drive()
	return s.run()
}
