package wire_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/pwsh"
	"secondtuesday/remote/remotetest/twin"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
)

// A winSite is a desk in this process with a workspace of its own and one
// make-believe Windows behind real WinRM.
type winSite struct {
	oneHost
	world  *windows.World
	server *wsman.Server
	dialer *winrm.Dialer
	files  winFiles
}

// winFiles are what another desk needs to work on the same site.
type winFiles struct{ Workspace, Accepted string }

// dialer is how desks reach the host.
func (f winFiles) dialer() *winrm.Dialer {
	return winrm.New(winrm.Config{Accepted: f.Accepted, Secrets: windowsPassword{}, ConnectTimeout: 2 * time.Second, AnswerTimeout: 5 * time.Second})
}

const (
	winSlow  = "KB5060001" // its installation takes a few seconds, and it wants a reboot
	winPlain = "KB5060002"
)

// newWinSite plays the host by the twin of the scripts, or by the scripts
// themselves in a real PowerShell.
func newWinSite(t *testing.T, real bool) *winSite {
	t.Helper()
	now := time.Now()
	state := windows.Server2025("win1", now)
	slow := state.Cumulative("5060001", 4100, now.AddDate(0, 0, -40))
	slow.InstallTakes = 4 * time.Second
	plain := state.Plain("5060002", "a plain one", "Security Updates", now.AddDate(0, 0, -40))
	old := state.Plain("5050000", "an old one", "Security Updates", now.AddDate(0, 0, -90))
	old.Installed = true
	state.Updates, state.RebootTakes = []windows.Update{slow, plain, old}, 2*time.Second
	world, err := windows.Create(filepath.Join(t.TempDir(), "win"), state)
	s := &winSite{oneHost: oneHost{t: t}, world: world}
	s.must(err)
	if real {
		world.Pwsh, _ = pwsh.Need(t)
	} else {
		twin.Play(world)
	}
	s.server = s.endpoint()
	world.OnDown, world.OnUp = s.server.Down, func() { s.server.Up() }
	t.Cleanup(func() { s.server.Close(); world.Close() })
	s.files = winFiles{filepath.Join(t.TempDir(), "site.db"), filepath.Join(t.TempDir(), "known_certificates")}
	s.dialer = s.files.dialer()
	s.open(s.files.Workspace, s.dialer)
	if real { // each look starts a PowerShell
		s.pace.Poll = time.Second
	}
	s.add(s.server.Host("win1", `CORP\anna`))
	s.vouch()
	s.must(s.scan())
	return s
}

// endpoint opens a door to the host: its WinRM service at one address.
func (s *winSite) endpoint() *wsman.Server {
	s.t.Helper()
	server, err := wsman.Start(wsman.Options{
		TLS: true, StrictBinding: true, Users: map[string]wsman.User{`CORP\anna`: {Password: "pw", Admin: true}},
		Exec: func(ctx context.Context, c *wsman.Call) int {
			return s.world.Exec(ctx, c.User, c.Line, c.Stdin, c.Stdout, c.Stderr)
		},
	})
	s.must(err)
	return server
}

// vouch accepts the certificate that the host shows now, as a person does who
// has compared it.
func (s *winSite) vouch() {
	s.t.Helper()
	var unknown *remote.HostKeyUnknownError
	if err := s.scan(); !errors.As(err, &unknown) {
		s.t.Fatalf("no certificate to vouch for: %v", err)
	}
	s.must(s.AcceptHostKey(s.t.Context(), unknown, s.dialer.AcceptHostKey))
}

func (s *winSite) scan() (err error) {
	s.must(s.Scan(s.t.Context(), []data.HostID{s.host}, true, func(r app.ScanResult) { err = r.Err }))
	return err
}

func (s *winSite) change(f func(*windows.State)) {
	if err := s.world.Change(func(w *windows.State) error { f(w); return nil }); err != nil {
		s.t.Error(err)
	}
}

func (s *winSite) state() *windows.State {
	s.t.Helper()
	w, err := s.world.State()
	s.must(err)
	return w
}

// when does something beside the driver once the host is so.
func (s *winSite) when(ok func(*windows.State) bool, do func()) {
	s.beside(func(context.Context) error {
		w, err := s.world.State()
		if err == nil && !ok(w) {
			err = errors.New("the host is not so yet")
		}
		return err
	}, do)
}

// midInstall does something while the first update is being installed.
func midInstall(do func(*winSite)) func(*winSite) {
	return func(s *winSite) {
		s.when(func(w *windows.State) bool { return w.Installing != nil }, func() { do(s) })
	}
}

// inWinReboot does something once the host is down for the reboot.
func inWinReboot(do func(*winSite)) func(*winSite) {
	return func(s *winSite) {
		s.when(func(w *windows.State) bool { return w.Shutdown != nil && w.Shutdown.InProgress }, func() { do(s) })
	}
}

// away takes the line away for a while.
func (s *winSite) away(d time.Duration) {
	s.server.Down()
	time.Sleep(d)
	s.server.Up()
}

func (s *winSite) jobTask() string {
	for _, t := range s.state().Tasks {
		if !strings.HasPrefix(t.Name, "scan-") {
			return t.Path + t.Name
		}
	}
	return ""
}

// installations counts by the host's own history how often an update was begun there.
func (s *winSite) installations(kb string) (n int) {
	for _, e := range s.state().History {
		if strings.Contains(e.Title, strings.TrimPrefix(kb, "KB")) && e.ResultCode == windows.Succeeded {
			n++
		}
	}
	return n
}

// in reports whether the host itself has all of them installed.
func (s *winSite) in(updates []string) bool {
	for _, kb := range updates {
		for _, u := range s.state().Updates {
			if "KB"+u.KBs[0] == kb && !u.Installed {
				return false
			}
		}
	}
	return true
}

// A winFault is what goes wrong in a rollout on a Windows host, and what must be true then.
type winFault struct {
	name    string
	updates string // both where empty
	reboot  data.RebootPolicy
	hurt    func(*winSite)
	outcome data.Outcome
	says    string // within the run's detail
	logs    string // within its log
	boots   int    // made since the beginning, by the host's own count
	logins  int64  // most that may be refused
	after   func(*winSite)
}

var winFaults = []winFault{
	{name: "nothing", reboot: data.RebootIfNeeded, outcome: data.OutcomeSucceeded, says: "rebooted", boots: 1},
	{name: "the line is cut in mid-install", hurt: midInstall(func(s *winSite) { s.server.Cut() }), outcome: data.OutcomeSucceeded},
	{name: "the line is away for a while in mid-install", hurt: midInstall(func(s *winSite) { s.away(6 * time.Second) }), outcome: data.OutcomeSucceeded},
	{name: "all shells vanish in mid-install", hurt: midInstall(func(s *winSite) { s.server.Vanish() }), outcome: data.OutcomeSucceeded},
	{name: "somebody reboots the host in mid-install", hurt: midInstall(func(s *winSite) { s.world.Reboot(s.t.Context()) }), boots: 1,
		outcome: data.OutcomeUnknown, says: "the job started and is gone without a result",
		after: func(s *winSite) {
			if err := s.RetryRun(s.t.Context(), s.rollout, s.run().ID, "again"); !errors.Is(err, app.ErrLookFirst) {
				s.t.Errorf("done again blindly: %v", err)
			}
		}},
	{name: "somebody else's reboot comes soon", reboot: data.RebootAlways, boots: 1,
		hurt: func(s *winSite) {
			s.at(data.StepReboot, func() { s.world.ShutDown(windows.Caller{User: "petra"}, 8*time.Second, true, "petra's") })
		},
		outcome: data.OutcomeSucceeded, says: "rebooted", logs: "it is scheduled already (1190)"},
	{name: "somebody else's reboot comes too late", reboot: data.RebootAlways,
		hurt: func(s *winSite) {
			s.pace.Boot = 5 * time.Second
			s.at(data.StepReboot, func() { s.world.ShutDown(windows.Caller{User: "petra"}, 6*time.Hour, true, "petra's") })
		},
		outcome: data.OutcomeFailed, says: "it is scheduled already (1190)"},
	{name: "the reboot is refused", reboot: data.RebootAlways,
		hurt: func(s *winSite) {
			s.pace.Boot = time.Hour // it is not waited for
			s.change(func(w *windows.State) { w.Faults.RebootRefused = 5 })
		},
		outcome: data.OutcomeFailed, says: "shutdown.exe: 5"},
	{name: "the reboot never comes", reboot: data.RebootAlways,
		hurt: func(s *winSite) {
			s.pace.Boot = 5 * time.Second
			s.change(func(w *windows.State) { w.Faults.RebootIgnored = true })
		},
		outcome: data.OutcomeFailed, says: "the boot ID is still the same"},
	{name: "the host never comes up again", reboot: data.RebootAlways,
		hurt: func(s *winSite) {
			s.pace.Boot = 10 * time.Second
			s.change(func(w *windows.State) { w.Faults.RebootNeverUp = true })
		},
		outcome: data.OutcomeUnknown, says: "no answer since the reboot"},
	{name: "servicing goes on after the boot", reboot: data.RebootAlways, boots: 1,
		hurt:    func(s *winSite) { s.change(func(w *windows.State) { w.Faults.ServicingSeconds = 6 }) },
		outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "Windows takes the update back in the reboot", reboot: data.RebootAlways, boots: 1,
		hurt:    func(s *winSite) { s.change(func(w *windows.State) { w.Updates[0].RollsBack = true }) },
		outcome: data.OutcomeFailed, says: "rolled back"},
	{name: "another desk scans the host as the reboot is to be asked for", reboot: data.RebootAlways, boots: 1,
		hurt: func(s *winSite) {
			s.at(data.StepReboot, func() {
				s.change(func(w *windows.State) { w.Source.Takes = 3 * time.Second })
				s.beside(func(context.Context) error { return nil }, func() { s.scan() })
				time.Sleep(time.Second)
			})
		}, outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the laptop sleeps for two hours in the reboot", reboot: data.RebootAlways, boots: 1,
		hurt:    inWinReboot(func(s *winSite) { s.setClock(2 * time.Hour) }),
		outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the laptop sleeps beyond the window and has no VPN yet as it wakes",
		hurt:    midInstall(func(s *winSite) { s.setClock(9 * time.Hour); s.server.Cut(); s.away(3 * time.Second) }),
		outcome: data.OutcomeSucceeded},
	{name: "the laptop sleeps beyond the window in mid-install, and the reboot is left out", reboot: data.RebootIfNeeded,
		hurt:    midInstall(func(s *winSite) { s.setClock(9 * time.Hour) }),
		outcome: data.OutcomeSucceeded, says: "a reboot is pending"},
	{name: "the disk is full for one update",
		hurt:    func(s *winSite) { s.change(func(w *windows.State) { w.Updates[0].InstallError = 0x80070070 }) },
		outcome: data.OutcomeFailed, says: "the disk is full (0x80070070)"},
	{name: "another installation is running",
		hurt: func(s *winSite) {
			s.at(data.StepInstall, func() { s.change(func(w *windows.State) { w.Faults.OtherInstaller = true }) })
		},
		outcome: data.OutcomeFailed, says: "another installation is running"},
	{name: "the task never starts", hurt: func(s *winSite) {
		s.at(data.StepInstall, func() {
			s.change(func(w *windows.State) { w.Faults.TaskNeverStarts, w.Faults.TaskResult = true, 0x80070002 })
		})
		s.when(func(w *windows.State) bool { return len(w.Tasks) > 0 && w.Tasks[0].LastResult == 0x80070002 }, func() {
			s.change(func(w *windows.State) { w.Faults = windows.Faults{Wall: w.Faults.Wall} })
		})
	}, outcome: data.OutcomeFailed, says: "the task scheduler did not start the task"},
	{name: "an admin ends the task", hurt: midInstall(func(s *winSite) {
		if err := s.world.StopTask(s.jobTask()); err != nil {
			s.t.Error(err)
		}
	}), outcome: data.OutcomeUnknown, says: "the job started and is gone without a result"},
	{name: "the host's clock is set back", reboot: data.RebootIfNeeded, boots: 1, hurt: midInstall(func(s *winSite) {
		s.change(func(w *windows.State) { w.ClockOffset = -time.Hour })
	}), outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the host's clock is set forward", reboot: data.RebootIfNeeded, boots: 1, hurt: midInstall(func(s *winSite) {
		s.change(func(w *windows.State) { w.ClockOffset = time.Hour })
	}), outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the desk's clock is set back", reboot: data.RebootIfNeeded, boots: 1, hurt: midInstall(func(s *winSite) { s.setClock(-time.Hour) }),
		outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the desk's clock is set back in the reboot", reboot: data.RebootIfNeeded, boots: 1, hurt: inWinReboot(func(s *winSite) { s.setClock(-time.Hour) }),
		outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "the password is changed in mid-install", logins: 2, hurt: midInstall(func(s *winSite) {
		s.server.SetFaults(wsman.Faults{RefuseLogin: true})
		s.server.Cut()
	}), outcome: data.OutcomeUnknown, says: "login refused",
		after: func(s *winSite) {
			s.server.SetFaults(wsman.Faults{})
			if run := s.lookAgain(); run.Outcome != data.OutcomeSucceeded {
				s.t.Errorf("looked up again: %s: %s", run.Outcome, run.Detail)
			}
		}},
	{name: "the password is changed in the reboot", reboot: data.RebootAlways, logins: 2, hurt: inWinReboot(func(s *winSite) {
		s.server.SetFaults(wsman.Faults{RefuseLogin: true})
	}), outcome: data.OutcomeUnknown, says: "login refused",
		after: func(s *winSite) {
			s.server.SetFaults(wsman.Faults{})
			if run := s.lookAgain(); run.Outcome != data.OutcomeSucceeded || !strings.Contains(run.Detail, "rebooted") {
				s.t.Errorf("looked up again: %s: %s", run.Outcome, run.Detail)
			}
		}},
	{name: "the host comes back on another address with another certificate", hurt: midInstall(func(s *winSite) {
		old := s.server
		s.server = s.endpoint()
		old.Close()
		h := s.server.Host("win1", `CORP\anna`)
		if err := s.EditHosts(s.t.Context(), []data.HostID{s.host}, func(x *data.Host) { x.Address, x.Port = h.Address, h.Port }); err != nil {
			s.t.Error(err)
		}
	}), outcome: data.OutcomeUnknown, says: "is not known",
		after: func(s *winSite) {
			if len(s.server.Seen()) > 0 {
				s.t.Error("a host that nobody vouched for was shown a credential")
			}
			s.vouch()
			if run := s.lookAgain(); run.Outcome != data.OutcomeSucceeded {
				s.t.Errorf("looked up again: %s: %s", run.Outcome, run.Detail)
			}
		}},
	{name: "the certificate changes in mid-install", hurt: midInstall(func(s *winSite) {
		s.server.ChangeCertificate(wsman.NewCertificate())
		s.server.Cut()
	}), outcome: data.OutcomeUnknown, says: "changed: known"},
	{name: "an update is revised between plan and install",
		hurt:    func(s *winSite) { s.change(func(w *windows.State) { w.Updates[1].Revision++ }) },
		outcome: data.OutcomeFailed, says: "no longer offered in this revision"},
	{name: "somebody else installs one before the job looks",
		hurt:    func(s *winSite) { s.change(func(w *windows.State) { w.Updates[1].Installed = true }) },
		outcome: data.OutcomeSucceeded, says: "1 of them not by this run: in already"},
	{name: "the update server is silent when the job asks it",
		hurt:    func(s *winSite) { s.change(func(w *windows.State) { w.Source.Error = 0x80072EE2 }) },
		outcome: data.OutcomeFailed, says: "did not answer in time"},
	{name: "the update server is silent in verify",
		hurt:    midInstall(func(s *winSite) { s.change(func(w *windows.State) { w.Source.Error = 0x80072EE2 }) }),
		outcome: data.OutcomeSucceeded},
	{name: "cancelled before the job is ordered", updates: winSlow, hurt: func(s *winSite) { s.at(data.StepInstall, s.cancel) },
		outcome: data.OutcomeCancelled, says: "nothing was changed on the host"},
	{name: "cancelled in the first update", hurt: midInstall((*winSite).cancel), outcome: data.OutcomeCancelled, says: "1 of 2 changes are in"},
	{name: "cancelled in the reboot", reboot: data.RebootAlways, boots: 1, hurt: inWinReboot((*winSite).cancel), outcome: data.OutcomeSucceeded, says: "rebooted"},
	{name: "somebody else scans the host as the job is to begin", hurt: func(s *winSite) {
		s.at(data.StepInstall, func() {
			s.change(func(w *windows.State) { w.Source.Takes = 3 * time.Second })
			s.beside(func(context.Context) error { return nil }, func() { s.scan() })
			time.Sleep(time.Second)
		})
	}, outcome: data.OutcomeSucceeded},
}

// TestTruthUnderFaultsOnWindows takes rollouts on make-believe Windows hosts
// through what goes wrong at night. After each, what the desk says is what the
// host itself says; nothing was done twice; and what is not known is called so.
func TestTruthUnderFaultsOnWindows(t *testing.T) {
	slots := make(chan struct{}, 6) // they mostly wait
	for _, f := range winFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			s := newWinSite(t, false)
			updates := strings.Fields(f.updates)
			if len(updates) == 0 {
				updates = []string{winSlow, winPlain}
			}
			s.begin(f.reboot, updates...)
			booted := s.state().SessionManager
			if f.hurt != nil {
				f.hurt(s)
			}
			s.drive()
			s.check(f, updates, booted)
			if f.after != nil {
				f.after(s)
			}
			for _, kb := range updates {
				if n := s.installations(kb); n > 1 {
					t.Errorf("%s was installed %d times", kb, n)
				}
			}
			if _, err := s.DB.VerifyAudit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// check holds what the desk says of the run and its rollout to what is true.
func (s *winSite) check(f winFault, updates []string, booted time.Time) {
	s.t.Helper()
	run := s.run()
	if run.Outcome != f.outcome || !strings.Contains(run.Detail, f.says) || !strings.Contains(s.log(), f.logs) {
		s.t.Errorf("%s: %s; want %s: …%s, and in the log %q\n%s", run.Outcome, run.Detail, f.outcome, f.says, f.logs, s.log())
	}
	if run.Outcome == data.OutcomeSucceeded && (!s.in(updates) || run.ScanAfter == 0) {
		s.t.Errorf("green, by scan %d, but the host itself says %v", run.ScanAfter, s.in(updates))
	}
	if again := !s.state().SessionManager.Equal(booted); again != (f.boots > 0) && run.Outcome != data.OutcomeUnknown {
		s.t.Errorf("booted again: %v", again)
	}
	if n := s.server.Counts().Refused; n > f.logins {
		s.t.Errorf("%d logins were refused, at most %d may be: accounts get locked", n, f.logins)
	}
	ro, err := s.DB.Rollout(s.t.Context(), s.rollout)
	s.must(err)
	h := app.HeadlineOf(ro, data.Plan{}, []data.Run{run}, app.Driving{})
	if ro.Open() || (f.outcome == data.OutcomeUnknown) != strings.HasPrefix(h.Safe, "Look again") || (f.outcome == data.OutcomeSucceeded) != (h.Finished == "1 of 1 host") {
		s.t.Errorf("the rollout is %+v: %+v", ro, h)
	}
}
