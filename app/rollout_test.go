package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// A world is one make-believe host: what is installed, its boot and its jobs.
type world struct {
	mu        sync.Mutex
	down      bool
	boot      int
	installed map[string]string
	offered   map[string]string
	needBoot  bool
	services  []string
	checks    []data.Check
	jobs      map[string]*remote.JobStatus
	starts    int
	reboots   int
	hold      chan struct{}                    // jobs wait for it, when not nil
	onStart   func(*world, remote.Job) error   // called with mu held, after the job is known
	badJob    func(w *world, j remote.Job) int // exit status instead of installing
	rebootDud bool
	forgot    time.Time
}

func newWorld() *world {
	return &world{
		boot: 1, jobs: map[string]*remote.JobStatus{}, services: []string{"nginx.service"},
		installed: map[string]string{"openssl": "3.0.1", "curl": "7.1"},
		offered:   map[string]string{"openssl": "3.0.2", "curl": "7.2"},
	}
}

// Dial, Run and Close make a world its own dialer and session.
func (w *world) Dial(context.Context, data.Host) (remote.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return nil, remote.ErrUnreachable
	}
	return w, nil
}
func (w *world) Run(context.Context, remote.Command) (remote.Output, error) {
	return remote.Output{}, nil
}
func (w *world) Close() error { return nil }

// do runs f unless the line is cut.
func (w *world) do(f func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return remote.ErrLost
	}
	return f()
}

func (w *world) Name() data.Platform { return data.APT }

func (w *world) Scan(context.Context, remote.Session, bool) (scan data.Scan, err error) {
	err = w.do(func() error {
		scan = data.Scan{Platform: data.APT, RebootKnown: true, BootID: fmt.Sprint("boot", w.boot)}
		if w.needBoot {
			scan.Reboot = []data.RebootReason{{Source: "kernel"}}
		}
		for n, v := range w.installed {
			scan.Installed = append(scan.Installed, data.Package{Name: n, Version: v})
			if o := w.offered[n]; o != v {
				scan.Updates = append(scan.Updates, data.Update{Name: n, Installed: v, Available: o, Class: data.Security})
			}
		}
		return nil
	})
	return scan, err
}

func (w *world) Simulate(_ context.Context, _ remote.Session, want []data.Target) (data.Changes, error) {
	return data.Changes{Upgrade: want}, w.do(func() error { return nil })
}

func (w *world) Check(context.Context, remote.Session, data.Changes) ([]data.Check, error) {
	return w.checks, w.do(func() error { return nil })
}

func (w *world) Start(_ context.Context, _ remote.Session, j remote.Job) error {
	return w.do(func() error {
		if w.jobs[j.ID] != nil {
			return nil
		}
		w.starts++
		st := &remote.JobStatus{State: remote.JobRunning, Started: night, Step: "install", Log: []byte("begin\n"), Next: 6}
		w.jobs[j.ID] = st
		hold := w.hold
		go func() {
			if hold != nil {
				<-hold
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if st.State != remote.JobRunning {
				return
			}
			st.State = remote.JobEnded
			if w.badJob != nil {
				st.Exit = w.badJob(w, j)
				return
			}
			if st.Stopped == "" {
				for _, t := range j.Changes.Upgrade {
					w.installed[t.Name] = t.To
				}
			}
		}()
		if w.onStart != nil {
			return w.onStart(w, j)
		}
		return nil
	})
}

func (w *world) Look(_ context.Context, _ remote.Session, id string, from int64) (st remote.JobStatus, err error) {
	err = w.do(func() error {
		st = remote.JobStatus{State: remote.JobAbsent, Forgot: w.forgot}
		if j := w.jobs[id]; j != nil {
			st = *j
			st.Log = st.Log[min(from, int64(len(st.Log))):]
		}
		return nil
	})
	return st, err
}

func (w *world) Cancel(_ context.Context, _ remote.Session, id string) error {
	return w.do(func() error {
		if j := w.jobs[id]; j != nil && j.State == remote.JobRunning {
			j.State, j.Stopped = remote.JobEnded, "cancelled"
		}
		return nil
	})
}

func (w *world) Reboot(context.Context, remote.Session) error {
	return w.do(func() error {
		w.reboots++
		if !w.rebootDud {
			w.boot++
			w.needBoot = false
		}
		return nil
	})
}

func (w *world) Alive(context.Context, remote.Session) (a remote.Alive, err error) {
	err = w.do(func() error {
		a = remote.Alive{BootID: fmt.Sprint("boot", w.boot), BootedAt: night.Add(time.Duration(w.boot-2) * time.Hour), Services: w.services}
		return nil
	})
	return a, err
}

var quick = Pace{Poll: time.Millisecond, Retry: time.Millisecond, Boot: 50 * time.Millisecond, GiveUp: time.Hour, Tick: 5 * time.Millisecond}

// shop is a workspace with one scanned host, an approved plan for it, and the
// time at night, in its window.
type shop struct {
	*Desk
	w       *world
	host    data.HostID
	plan    data.PlanID
	mu      sync.Mutex
	now     time.Time
	rollout data.RolloutID
}

func (s *shop) at(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = t
}

func newShop(t *testing.T, w *world, reboot data.RebootPolicy) *shop {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &shop{w: w, now: night}
	s.Desk = &Desk{DB: db, Dialer: w, Platforms: []Platform{w}, By: "anna@desk", Now: func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}}
	g, err := db.SaveGroup(t.Context(), data.Group{Name: "web"}, s.entry("group added", "web", "", change{}))
	must(t, err)
	ids, err := db.SaveHosts(t.Context(), []data.Host{{Name: "web1", Exposure: data.Internet, Group: g, Platform: data.APT, Ring: 1}}, s.entry("host added", "web1", "", change{}))
	must(t, err)
	s.host = ids[0]
	_, err = db.SaveStandard(t.Context(), data.Standard{Name: "std", ValidFrom: night.AddDate(0, -1, 0), Rules: []data.Rule{{Clause: "1", Due: data.Span{Days: 14}}}}, s.entry("standard", "std", "", change{}))
	must(t, err)
	window, err := s.SaveWindow(t.Context(), data.Window{
		Name: "night", Groups: []data.GroupID{g}, TimeZone: "UTC", Duration: 3 * time.Hour,
		Recurs:  data.Recurrence{Rule: "FREQ=DAILY", First: data.Date{Year: 2026, Month: 11, Day: 1}, Start: data.Clock{Hour: 22}},
		Permits: data.Permits{Install: true, Reboot: true},
	})
	must(t, err)
	must(t, s.AgreeWindow(t.Context(), window, "owner", ""))
	must(t, s.Scan(t.Context(), ids, false, nil))
	p, notes, err := s.MakePlan(t.Context(), PlanRequest{Name: "november", Hosts: ids, Reboot: reboot, PostWait: 20 * time.Millisecond}, nil)
	if err != nil || len(notes) > 0 {
		t.Fatalf("plan: %v, notes %v", err, notes)
	}
	s.plan, err = s.SavePlan(t.Context(), p)
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shop) start(t *testing.T, reason string) {
	t.Helper()
	p, err := s.DB.Plan(t.Context(), s.plan)
	must(t, err)
	must(t, s.ApprovePlan(t.Context(), s.plan, p.Digest(), ""))
	s.rollout, err = s.StartRollout(t.Context(), s.plan, reason)
	must(t, err)
}

func (s *shop) drive(ctx context.Context) error {
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test"}
	return d.Drive(ctx, s.rollout, true)
}

func (s *shop) run(t *testing.T) data.Run {
	t.Helper()
	runs, err := s.DB.Runs(t.Context(), s.rollout)
	must(t, err)
	return runs[0]
}

// until drives in the background until the run fits, then ends the driver as
// a killed desk would.
func (s *shop) until(t *testing.T, fits func(data.Run) bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.drive(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); !fits(s.run(t)); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("run stays at %+v", s.run(t))
		}
	}
	stop()
	<-ended
}

func TestRolloutInstallsThePlanAndProvesIt(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newShop(t, w, data.RebootIfNeeded)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	run := s.run(t)
	if run.Outcome != data.OutcomeSucceeded || w.starts != 1 || w.reboots != 1 {
		t.Errorf("run %+v, %d starts, %d reboots", run, w.starts, w.reboots)
	}
	r, err := s.DB.Rollout(t.Context(), s.rollout)
	must(t, err)
	if r.State != data.RolloutDone || r.Open() {
		t.Errorf("rollout = %+v", r)
	}
	missing, err := s.DB.Missing(t.Context(), s.host)
	must(t, err)
	if len(missing) != 0 {
		t.Errorf("still missing: %v", missing)
	}
	if _, err := s.DB.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRolloutNeedsApproval(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	if _, err := s.StartRollout(t.Context(), s.plan, ""); err == nil {
		t.Error("an unapproved plan was started")
	}
	if err := s.ApprovePlan(t.Context(), s.plan, "another", ""); err == nil {
		t.Error("a plan was approved that was not the one shown")
	}
}

func TestRolloutWaitsForItsWindow(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.at(night.Add(-2 * time.Hour))
	s.start(t, "")
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test"}
	must(t, d.Drive(t.Context(), s.rollout, false))
	if run := s.run(t); run.Step != data.StepQueued || s.w.starts != 0 || run.Detail == "" {
		t.Fatalf("outside the window: %+v, %d starts", run, s.w.starts)
	}
	s.at(night.Add(time.Minute))
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || !run.Deadline.Equal(night.Add(3*time.Hour)) {
		t.Errorf("inside the window: %+v", run)
	}
}

func TestApplyNowKeepsItsReasonAndHonoursAFreeze(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.at(night.Add(-5 * time.Hour))
	_, err := s.DB.SaveFreeze(t.Context(), data.Freeze{Name: "sale", From: night.AddDate(0, 0, -1), Until: night.Add(-4 * time.Hour), Reason: "sale"}, s.entry("freeze", "sale", "", change{}))
	must(t, err)
	s.start(t, "exploited in the wild")
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test"}
	must(t, d.Drive(t.Context(), s.rollout, false))
	if s.w.starts != 0 {
		t.Fatal("a job started in a freeze")
	}
	s.at(night.Add(-3 * time.Hour))
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded {
		t.Fatalf("run = %+v", run)
	}
	entries, err := s.DB.Audit(t.Context(), 100, 0)
	must(t, err)
	for _, e := range entries {
		if e.Verb == "rollout started" && e.Why == "exploited in the wild" {
			return
		}
	}
	t.Error("the reason is not in the audit trail")
}

func TestKilledDeskReattachesAndStartsNothingTwice(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	s.until(t, func(r data.Run) bool { return r.Step == data.StepInstall && r.LogNext > 0 })
	close(w.hold)
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.starts != 1 {
		t.Errorf("run %+v, %d starts", run, w.starts)
	}
	lines, _, err := s.DB.Log(t.Context(), s.run(t).ID, 0, 1000)
	must(t, err)
	n := 0
	for _, l := range lines {
		if l.Text == "begin" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the host's line is in the log %d times", n)
	}
}

func TestLineCutWhileStartingIsLookedUpNotRepeated(t *testing.T) {
	w := newWorld()
	w.onStart = func(w *world, _ remote.Job) error {
		w.down = true
		go func() {
			time.Sleep(20 * time.Millisecond)
			w.mu.Lock()
			w.down = false
			w.mu.Unlock()
		}()
		return remote.ErrLost // it started, and the answer never arrived
	}
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.starts != 1 {
		t.Errorf("run %+v, %d starts", run, w.starts)
	}
}

func TestLostHostIsUnknownAndCanBeLookedUpAgain(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	s.until(t, func(r data.Run) bool { return r.Step == data.StepInstall && r.LogNext > 0 })
	w.mu.Lock()
	w.down = true
	w.mu.Unlock()
	s.at(night.Add(5 * time.Hour))
	must(t, s.drive(t.Context()))
	run := s.run(t)
	if run.Outcome != data.OutcomeUnknown || run.Step != data.StepInstall {
		t.Fatalf("run = %+v", run)
	}
	if err := s.RetryRun(t.Context(), s.rollout, run.ID, "try again"); err == nil {
		t.Fatal("a run of unknown outcome could be repeated")
	}
	w.mu.Lock()
	w.down = false
	w.mu.Unlock()
	close(w.hold)
	must(t, s.LookAgain(t.Context(), s.rollout, run.ID))
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.starts != 1 {
		t.Errorf("looked up again: %+v, %d starts", run, w.starts)
	}
}

func TestFailingPackageIsNamed(t *testing.T) {
	w := newWorld()
	w.badJob = func(w *world, j remote.Job) int { w.installed["curl"] = "7.2"; return 100 }
	s := newShop(t, w, data.RebootAlways)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	run := s.run(t)
	if run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "openssl") || w.reboots != 0 {
		t.Errorf("run %+v, %d reboots", run, w.reboots)
	}
	r, err := s.DB.Rollout(t.Context(), s.rollout)
	must(t, err)
	if r.State != data.RolloutStopped {
		t.Errorf("rollout is %s", r.State)
	}
}

func TestExitZeroWithoutTheVersionsIsAFailure(t *testing.T) {
	w := newWorld()
	w.badJob = func(*world, remote.Job) int { return 0 }
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeFailed {
		t.Errorf("run = %+v", run)
	}
}

func TestHalfDonePackageIsNotIn(t *testing.T) {
	want := data.Changes{
		Upgrade: []data.Target{{Name: "curl", Arch: "amd64", From: "1", To: "2"}, {Name: "mail", Arch: "all", From: "1", To: "2"}},
		Remove:  []data.Target{{Name: "old", Arch: "all", From: "1"}},
	}
	scan := data.Scan{Installed: []data.Package{
		{Name: "curl", Arch: "amd64", Version: "2"}, {Name: "mail", Arch: "all", Version: "2", Broken: true}, {Name: "old", Arch: "all", Version: "1", Broken: true},
	}}
	lost := data.Run{Job: "st-1", JobStopped: "the job started and is gone without a result"}
	if o, detail := judgeRun(lost, want, scan); o != data.OutcomeUnknown || !strings.Contains(detail, "1 of 3") || !strings.Contains(detail, "mail, old") {
		t.Errorf("lost job: %s, %s", o, detail)
	}
	if o, detail := judgeRun(data.Run{Job: "st-1", JobEnded: true}, want, scan); o != data.OutcomeFailed {
		t.Errorf("job that ended with 0: %s, %s", o, detail)
	}
}

func TestRebootThatDoesNotHappenIsAFailureAndAskedOnce(t *testing.T) {
	w := newWorld()
	w.rebootDud = true
	s := newShop(t, w, data.RebootAlways)
	s.start(t, "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // the clock goes on while the host is awaited
		for ctx.Err() == nil {
			time.Sleep(time.Millisecond)
			s.mu.Lock()
			s.now = s.now.Add(5 * time.Millisecond)
			s.mu.Unlock()
		}
	}()
	must(t, s.drive(t.Context()))
	run := s.run(t)
	if run.Outcome != data.OutcomeFailed || !strings.Contains(run.Detail, "boot") || w.reboots != 1 {
		t.Errorf("run %+v, %d reboots", run, w.reboots)
	}
}

func TestFailedPreCheckChangesNothing(t *testing.T) {
	for _, res := range []data.CheckResult{data.CheckFailed, data.CheckUnknown} {
		w := newWorld()
		w.checks = []data.Check{{Name: "free disk", Result: res}}
		s := newShop(t, w, data.RebootNever)
		s.start(t, "")
		must(t, s.drive(t.Context()))
		if run := s.run(t); run.Outcome != data.OutcomeSkipped || w.starts != 0 {
			t.Errorf("check %q: run %+v, %d starts", res, run, w.starts)
		}
	}
}

func TestCancelStopsTheJobAndSaysWhatIsIn(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	t.Cleanup(func() { close(w.hold) })
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	ended := make(chan error, 1)
	go func() { ended <- s.drive(t.Context()) }()
	for s.run(t).LogNext == 0 {
		time.Sleep(time.Millisecond)
	}
	must(t, s.CancelRollout(t.Context(), s.rollout, "users complain"))
	must(t, <-ended)
	run := s.run(t)
	if run.Outcome != data.OutcomeCancelled || !strings.Contains(run.Detail, "0 of 2") {
		t.Errorf("run = %+v", run)
	}
}

func TestTwoDriversDoNotShareARollout(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	ended := make(chan error, 1)
	go func() { ended <- s.drive(t.Context()) }()
	for s.run(t).LogNext == 0 {
		time.Sleep(time.Millisecond)
	}
	other := &Driver{Desk: s.Desk, Pace: quick, Holder: "other"}
	if err := other.Drive(t.Context(), s.rollout, false); err != ErrElsewhere {
		t.Errorf("a second driver: %v", err)
	}
	close(w.hold)
	must(t, <-ended)
}

func TestKeepDrivesWhatIsBegunLater(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "desk"}
	stop := d.Keep(t.Context(), func(err error) { t.Error(err) })
	s.start(t, "")
	for deadline := time.Now().Add(20 * time.Second); s.run(t).Outcome == data.OutcomeNone; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("run stays at %+v", s.run(t))
		}
	}
	stop()
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || s.w.starts != 1 {
		t.Errorf("run %+v, %d starts", run, s.w.starts)
	}
}
