package wire_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/lab"
	"secondtuesday/wire"
)

// A site is a desk in this process with a workspace of its own and one real
// host in it.
type site struct {
	*app.Desk
	t       *testing.T
	m       *lab.Machine
	host    data.HostID
	rollout data.RolloutID
	pace    app.Pace
	known   string // the desk's known_hosts
	on      func(data.Run)

	mu    sync.Mutex
	shift time.Duration // of the desk's clock from the true time
}

func newSite(t *testing.T, m *lab.Machine, byName bool) *site {
	t.Helper()
	s := &site{t: t, m: m, known: filepath.Join(t.TempDir(), "known_hosts"),
		pace: app.Pace{Poll: 200 * time.Millisecond, Retry: 300 * time.Millisecond, Boot: time.Minute, GiveUp: time.Hour, Tick: 300 * time.Millisecond}}
	s.vouch()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "site.db"))
	s.must(err)
	t.Cleanup(func() { db.Close() })
	dialer := remote.NewSSH(remote.SSHConfig{AcceptedKeys: s.known, Secrets: remote.NoSecrets{}, DialContext: lab.Dial, Home: t.TempDir(),
		ConnectTimeout: 3 * time.Second, KeepAlive: time.Second, KeepAliveMisses: 2})
	s.Desk = &app.Desk{DB: db, Dialer: dialer, Platforms: wire.Platforms(), By: "anna@desk1", Now: s.now}
	std, _ := app.Template("small-shop")
	std.ValidFrom = time.Now().AddDate(0, -1, 0)
	_, err = s.SaveStandard(t.Context(), std)
	s.must(err)
	h := m.Host(lab.Root)
	if byName {
		h.Address = m.Name
	}
	s.host, err = s.AddHost(t.Context(), h)
	s.must(err)
	s.scan(true)
	return s
}

// now is the desk's clock. Like one that was set, it has no monotonic part.
func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.shift).Round(0)
}

func (s *site) setClock(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shift = by
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// vouch accepts the key that the host shows now, as a person does who has
// compared it.
func (s *site) vouch() {
	s.t.Helper()
	s.must(os.WriteFile(s.known, []byte(s.m.KnownHosts()), 0o600))
}

func (s *site) scan(refresh bool) {
	s.t.Helper()
	s.must(s.Scan(s.t.Context(), []data.HostID{s.host}, refresh, func(r app.ScanResult) {
		if r.Err != nil {
			s.t.Fatal(r.Err)
		}
	}))
}

// begin plans, approves and starts a rollout, for now.
func (s *site) begin(reboot data.RebootPolicy, updates ...string) {
	s.t.Helper()
	var keys []string
	for _, u := range updates {
		keys = append(keys, data.Key(u, "all"))
	}
	ctx := s.t.Context()
	p, notes, err := s.MakePlan(ctx, app.PlanRequest{Name: "night", Hosts: []data.HostID{s.host}, Keys: keys, Reboot: reboot, PostWait: time.Second}, nil)
	if err != nil {
		s.t.Fatalf("plan: %v, notes %v", err, notes)
	}
	if reboot == "" {
		p.Reboot = data.RebootNever
	}
	id, err := s.SavePlan(ctx, p)
	s.must(err)
	s.must(s.ApprovePlan(ctx, id, p.Digest(), ""))
	s.rollout, err = s.StartRollout(ctx, id, "a test of the lab")
	s.must(err)
}

// drive drives until the rollout is over.
func (s *site) drive() {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer stop()
	d := &app.Driver{Desk: s.Desk, Pace: s.pace, Holder: "test", Changed: s.on}
	if err := d.Drive(ctx, s.rollout, true); err != nil {
		s.t.Fatalf("drive: %v; run %+v\n%s", err, s.run(), s.log())
	}
}

func (s *site) run() data.Run {
	s.t.Helper()
	runs, err := s.DB.Runs(s.t.Context(), s.rollout)
	s.must(err)
	return runs[0]
}

func (s *site) log() string {
	lines, _, err := s.DB.Log(s.t.Context(), s.run().ID, 0, 0)
	s.must(err)
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%-4s %s\n", l.From, l.Text)
	}
	return b.String()
}

// at does something once, in the driver's way, when the run has got to a step.
func (s *site) at(step data.Step, do func()) {
	var once sync.Once
	s.on = func(r data.Run) {
		if r.Step == step && r.Outcome == data.OutcomeNone {
			once.Do(do)
		}
	}
}

// when does something beside the driver once a script succeeds on the host.
func (s *site) when(script string, do func()) {
	s.beside(func(ctx context.Context) error {
		_, err := s.m.Try(ctx, script)
		return err
	}, do)
}

// beside does something beside the driver once ok says nothing.
func (s *site) beside(ok func(context.Context) error, do func()) {
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
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	s.t.Cleanup(func() { stop(); wait.Wait() })
}

// in reports whether the host's own package manager has all of them, whole and
// in their new version.
func (s *site) in(updates []string) bool {
	s.t.Helper()
	for _, u := range updates {
		out, _ := s.m.Try(s.t.Context(), `dpkg-query -W -f='${Version} ${db:Status-Abbrev}' "$1"`, u)
		if version, state, _ := strings.Cut(strings.TrimSpace(out), " "); version == "1.0-1" || state != "ii" {
			return false
		}
	}
	return true
}

func (s *site) lines(file string) int {
	out, _ := s.m.Try(s.t.Context(), file)
	return strings.Count(out, "\n")
}

func (s *site) cancel() {
	if err := s.CancelRollout(s.t.Context(), s.rollout, "the shop is down"); err != nil {
		s.t.Error(err)
	}
}

// lookAgain looks up an unknown run, as a person asks for.
func (s *site) lookAgain() data.Run {
	s.t.Helper()
	s.on = nil
	s.must(s.LookAgain(s.t.Context(), s.rollout, s.run().ID))
	s.drive()
	return s.run()
}

// A fault is what goes wrong in a rollout on a real host, and what must be true then.
type fault struct {
	name    string
	updates string
	reboot  data.RebootPolicy // empty: never
	prepare string            // on the host
	byName  bool              // the inventory has the host's name, not its address
	hurt    func(*site)
	outcome data.Outcome
	says    string // within the run's detail
	boots   int    // 0: one
	noJob   bool   // none may have been started
	after   func(*site)
}

// Scripts for the host.
const (
	slowly   = `echo 5 > /etc/lab-slow.steps`
	midway   = `grep -qh "lab-slow: step 2 of" /var/lib/secondtuesday/jobs/*/log`
	stopping = `echo 'DPkg::Pre-Install-Pkgs {"touch /run/at-dpkg; sleep 3";};' > /etc/apt/apt.conf.d/99lab`
	stopped  = `test -e /run/at-dpkg`
)

// midJob does something while the script of lab-slow runs.
func midJob(do func(*site)) func(*site) {
	return func(s *site) { s.when(midway, func() { do(s) }) }
}

// inReboot does something once the host is down.
func inReboot(do func(*site)) func(*site) {
	return func(s *site) {
		s.m.BootTime(3 * time.Second)
		s.at(data.StepReboot, func() {
			s.beside(func(ctx context.Context) error {
				if _, err := s.m.Try(ctx, "true"); err == nil {
					return errors.New("it is still up")
				}
				return nil
			}, func() { do(s) })
		})
	}
}

var faults = []fault{
	{name: "the disk fills up in mid-upgrade", updates: "lab-big lab-hello", prepare: stopping,
		hurt:    func(s *site) { s.when(stopped, func() { s.m.FillDisk(1 << 20) }) },
		outcome: data.OutcomeFailed, says: "no space was left on the host's disk"},
	{name: "the disk is full to the last byte", updates: "lab-big lab-hello", prepare: stopping,
		hurt:    func(s *site) { s.when(stopped, func() { s.m.FillDisk(0) }) },
		outcome: data.OutcomeFailed, says: "0 of 2 changes are in"},
	{name: "another terminal holds the lock", updates: "lab-hello",
		hurt:    func(s *site) { s.m.HoldLock() },
		outcome: data.OutcomeSkipped, says: "pre-check package manager lock failed", noJob: true},
	{name: "the lock is taken after the pre-check, for a while", updates: "lab-hello",
		hurt: func(s *site) {
			s.at(data.StepInstall, func() { time.AfterFunc(5*time.Second, s.m.HoldLock()) })
		},
		outcome: data.OutcomeSucceeded},
	{name: "the host's clock is set forward", updates: "lab-slow", prepare: slowly,
		hurt: midJob(func(s *site) { s.m.ShiftClock(time.Hour) }), outcome: data.OutcomeSucceeded},
	{name: "the host's clock is set back", updates: "lab-slow", prepare: slowly,
		hurt: midJob(func(s *site) { s.m.ShiftClock(-time.Hour) }), outcome: data.OutcomeSucceeded},
	{name: "the desk's clock is set forward", updates: "lab-slow", prepare: slowly,
		hurt: midJob(func(s *site) { s.setClock(time.Hour) }), outcome: data.OutcomeSucceeded},
	{name: "the desk's clock is set back", updates: "lab-slow", prepare: slowly,
		hurt: midJob(func(s *site) { s.setClock(-time.Hour) }), outcome: data.OutcomeSucceeded},
	{name: "the desk's clock is set forward in the reboot", updates: "lab-hello", reboot: data.RebootAlways, boots: 2,
		hurt:    inReboot(func(s *site) { s.setClock(time.Hour) }),
		outcome: data.OutcomeUnknown, says: "no answer since the reboot",
		after: func(s *site) {
			s.m.WaitBoot(2)
			if run := s.lookAgain(); run.Outcome != data.OutcomeSucceeded || !strings.Contains(run.Detail, "rebooted") {
				s.t.Errorf("looked up again: %s: %s", run.Outcome, run.Detail)
			}
		}},
	{name: "the desk's clock is set back in the reboot", updates: "lab-hello", reboot: data.RebootAlways, boots: 2,
		hurt: inReboot(func(s *site) { s.setClock(-time.Hour) }), outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the host comes back on another address", updates: "lab-slow", prepare: slowly,
		hurt: midJob(func(s *site) {
			s.m.Move()
			s.vouch()
			if err := s.EditHosts(s.t.Context(), []data.HostID{s.host}, func(h *data.Host) { h.Address = s.m.Addr }); err != nil {
				s.t.Error(err)
			}
		}), outcome: data.OutcomeSucceeded},
	{name: "the host's name leads to another address", updates: "lab-slow", prepare: slowly, byName: true,
		hurt: midJob(func(s *site) { s.m.Move() }), outcome: data.OutcomeSucceeded},
	{name: "the host shows another key", updates: "lab-slow", prepare: slowly,
		hurt: midJob(func(s *site) {
			s.m.ChangeHostKey()
			s.m.KillSessions()
		}),
		outcome: data.OutcomeUnknown, says: "changed: known",
		after: func(s *site) {
			s.vouch()
			if run := s.lookAgain(); run.Outcome != data.OutcomeSucceeded {
				s.t.Errorf("looked up again: %s: %s", run.Outcome, run.Detail)
			}
		}},
	{name: "the power fails in mid-job", updates: "lab-slow", prepare: slowly, boots: 2,
		hurt:    midJob(func(s *site) { s.m.PowerCycle() }),
		outcome: data.OutcomeUnknown, says: "the job started and is gone without a result: 0 of 1 changes are in",
		after: func(s *site) {
			if err := s.RetryRun(s.t.Context(), s.rollout, s.run().ID, "again"); !errors.Is(err, app.ErrLookFirst) {
				s.t.Errorf("done again blindly: %v", err)
			}
			s.m.Exec("dpkg --configure -a")
			if run := s.lookAgain(); run.Outcome != data.OutcomeSucceeded || !strings.Contains(run.Detail, "as a scan proves") {
				s.t.Errorf("put right and looked up again: %s: %s", run.Outcome, run.Detail)
			}
		}},
	{name: "a cancel in mid-job", updates: "lab-slow lab-hello", prepare: slowly,
		hurt: midJob((*site).cancel), outcome: data.OutcomeSucceeded}, // dpkg is never broken off: all of it was in one step
	{name: "a cancel in the reboot", updates: "lab-hello", reboot: data.RebootAlways, boots: 2,
		hurt: inReboot((*site).cancel), outcome: data.OutcomeSucceeded, says: "rebooted"},
}

// TestTruthUnderFaults takes rollouts on real hosts through what goes wrong at
// night. After each, what the desk says is what the host itself says; nothing
// was done twice; and what is not known is called so.
func TestTruthUnderFaults(t *testing.T) {
	lab.Need(t, lab.Debian)
	slots := make(chan struct{}, 8) // they mostly wait
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			s := newSite(t, lab.Host(t, lab.Debian), f.byName)
			s.m.Exec(f.prepare)
			updates := strings.Fields(f.updates)
			s.begin(f.reboot, updates...)
			f.hurt(s)
			s.drive()
			s.check(f, updates)
			if f.after != nil {
				f.after(s)
			}
			if jobs, runs := s.lines("ls /var/lib/secondtuesday/claims"), s.lines("cat /var/lib/lab-slow.runs"); jobs != 1 && !f.noJob || jobs > 0 && f.noJob || runs > 1 {
				t.Errorf("%d jobs were started, the package's script ran %d times to its end", jobs, runs)
			}
			if _, err := s.DB.VerifyAudit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// check holds what the desk says of the run and its rollout to what is true.
func (s *site) check(f fault, updates []string) {
	s.t.Helper()
	run := s.run()
	if run.Outcome != f.outcome || !strings.Contains(run.Detail, f.says) {
		s.t.Errorf("%s: %s; want %s: …%s\n%s", run.Outcome, run.Detail, f.outcome, f.says, s.log())
	}
	if f.outcome != data.OutcomeUnknown && s.in(updates) != (f.outcome == data.OutcomeSucceeded) {
		s.t.Errorf("%s, but the host itself says %v", run.Outcome, s.in(updates))
	}
	if run.Outcome == data.OutcomeSucceeded && run.ScanAfter == 0 {
		s.t.Error("green without a scan")
	}
	if boots := max(f.boots, 1); run.Outcome != data.OutcomeUnknown {
		if n, _ := s.m.Boot(); n != boots {
			s.t.Errorf("booted %d times, not %d", n, boots)
		}
	}
	ro, err := s.DB.Rollout(s.t.Context(), s.rollout)
	s.must(err)
	h := app.HeadlineOf(ro, data.Plan{}, []data.Run{run}, app.Driving{})
	if ro.Open() || (f.outcome == data.OutcomeUnknown) != strings.HasPrefix(h.Safe, "Look again") || (f.outcome == data.OutcomeSucceeded) != (h.Finished == "1 of 1 host") {
		s.t.Errorf("the rollout is %+v: %+v", ro, h)
	}
}
