package wire_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/lab"
)

// A site is a desk in this process with a workspace of its own and one real
// host in it.
type site struct {
	oneHost
	m     *lab.Machine
	known string // the desk's known_hosts
}

func newSite(t *testing.T, m *lab.Machine, byName bool) *site {
	t.Helper()
	s := &site{oneHost: oneHost{t: t, arch: "all"}, m: m, known: filepath.Join(t.TempDir(), "known_hosts")}
	s.vouch()
	dialer := remote.NewSSH(remote.SSHConfig{AcceptedKeys: s.known, Secrets: remote.NoSecrets{}, DialContext: lab.Dial, Home: t.TempDir(),
		ConnectTimeout: 3 * time.Second, KeepAlive: time.Second, KeepAliveMisses: 2})
	s.open(filepath.Join(t.TempDir(), "site.db"), dialer)
	h := m.Host(lab.Root)
	if byName {
		h.Address = m.Name
	}
	s.add(h)
	s.scan(true)
	return s
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

// when does something beside the driver once a script succeeds on the host.
func (s *site) when(script string, do func()) {
	s.beside(func(ctx context.Context) error {
		_, err := s.m.Try(ctx, script)
		return err
	}, do)
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
	// A clock that jumps is that of a laptop that woke: it is patient with the host.
	{name: "the desk's clock is set forward in the reboot", updates: "lab-hello", reboot: data.RebootAlways, boots: 2,
		hurt: inReboot(func(s *site) { s.setClock(time.Hour) }), outcome: data.OutcomeSucceeded, says: "rebooted"},
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
