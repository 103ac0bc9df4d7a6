package winupdate_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/pwsh"
	"secondtuesday/remote/remotetest/twin"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

// A rig is a make-believe Windows in a real PowerShell, reached over WinRM as a
// real one is: what this program sends, byte for byte, is what runs.
type rig struct {
	t       *testing.T
	world   *windows.World
	server  *wsman.Server
	session remote.Session
	pause   time.Duration
	up      chan bool // told of every boot
	winupdate.Platform
}

type keys struct{}

func (keys) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.New("pw").Anywhere(), nil
}

// players are those who play what this program sends: the scripts themselves in
// a real PowerShell, and the practice shop's twin of them, which must not differ.
var players = map[string]func(testing.TB, *windows.World){
	"PowerShell": func(t testing.TB, w *windows.World) { w.Pwsh, _ = pwsh.Need(t) },
	"twin":       func(_ testing.TB, w *windows.World) { twin.Play(w) },
}

// each runs a test with each player.
func each(t *testing.T, state func() windows.State, do func(t *testing.T, r *rig)) {
	for name, play := range players {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, newRig(t, state(), play))
		})
	}
}

func newRig(t *testing.T, s windows.State, play func(testing.TB, *windows.World)) *rig {
	t.Helper()
	world, err := windows.Create(filepath.Join(t.TempDir(), "win"), s)
	if err != nil {
		t.Fatal(err)
	}
	play(t, world)
	r := &rig{t: t, world: world, up: make(chan bool, 9), pause: 100 * time.Millisecond}
	if world.Run == nil { // each look starts a PowerShell
		r.pause = 2 * time.Second
	}
	r.Platform = winupdate.Platform{Poll: r.pause}
	r.server, err = wsman.Start(wsman.Options{
		Users: map[string]wsman.User{"admin": {Password: "pw", Admin: true}},
		Exec: func(ctx context.Context, c *wsman.Call) int {
			return world.Exec(ctx, c.User, c.Line, c.Stdin, c.Stdout, c.Stderr)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	world.OnDown, world.OnUp = r.server.Down, func() {
		r.server.Up()
		r.up <- true
	}
	r.dial()
	t.Cleanup(func() {
		r.session.Close()
		r.server.Close()
		world.Close()
	})
	return r
}

func (r *rig) dial() {
	r.t.Helper()
	h := r.server.Host("win1", "admin")
	h.Auth = data.AuthSealedHTTP
	var err error
	if r.session, err = winrm.New(winrm.Config{Secrets: keys{}}).Dial(r.t.Context(), h); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) scan(refresh bool) data.Scan {
	r.t.Helper()
	scan, err := r.Scan(r.t.Context(), r.session, refresh)
	if err != nil {
		r.t.Fatal(err)
	}
	return scan
}

func (r *rig) change(f func(*windows.State)) {
	r.t.Helper()
	if err := r.world.Change(func(s *windows.State) error { f(s); return nil }); err != nil {
		r.t.Fatal(err)
	}
}

// job starts a job with these updates and waits for its end.
func (r *rig) job(id string, stop time.Duration, updates ...data.Update) remote.JobStatus {
	r.t.Helper()
	j := remote.Job{ID: id, StopAfter: stop}
	for _, u := range updates {
		j.Changes.Upgrade = append(j.Changes.Upgrade, data.Target{Name: u.Name, To: u.Available})
	}
	if err := r.Start(r.t.Context(), r.session, j); err != nil {
		r.t.Fatal(err)
	}
	return r.wait(id)
}

func (r *rig) wait(id string) remote.JobStatus {
	r.t.Helper()
	for until := time.Now().Add(3 * time.Minute); ; time.Sleep(r.pause) {
		st, err := r.Look(r.t.Context(), r.session, id, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		if st.State != remote.JobRunning {
			end, err := r.Look(r.t.Context(), r.session, id, st.Next) // as the desk reads on
			if err != nil || end.Next != st.Next {
				r.t.Fatalf("%+v, %v", end, err)
			}
			st.Log = append(st.Log, end.Log...)
			return st
		}
		if time.Now().After(until) {
			r.t.Fatalf("job %s runs for ever: %+v\n%s", id, st, st.Log)
		}
	}
}

const hostile = `It's a "title" $(Get-Date) ` + "`n" + ` 👍 Ü` + "\nsecond line"

// shop is a server with one update of each kind.
func shop(now time.Time) windows.State {
	s := windows.Server2025("win1", now)
	cumulative := s.Cumulative("5060001", 4100, now.AddDate(0, 0, -10))
	preview := s.Cumulative("5060002", 4200, now.AddDate(0, 0, -2))
	preview.BrowseOnly = true
	preview.Categories[0] = windows.Classification(windows.PlainUpdates, s.Language) // as Microsoft files previews
	definition := s.Plain("2267602", "Security Intelligence Update for Microsoft Defender", windows.DefinitionUpdates, now)
	definition.Revision = 7
	net := s.Plain("5060003", hostile, windows.SecurityUpdates, now.AddDate(0, -1, 0))
	net.Severity, net.CVEs = "Important", []string{"CVE-2026-0001"}
	old := s.Plain("5050000", "Old update", windows.SecurityUpdates, now.AddDate(-1, 0, 0))
	old.Installed = true
	s.Updates = []windows.Update{cumulative, preview, definition, net, old}
	return s
}

func find(t *testing.T, scan data.Scan, kb string) data.Update {
	t.Helper()
	i := slices.IndexFunc(scan.Updates, func(u data.Update) bool { return u.Name == kb })
	if i < 0 {
		t.Fatalf("%s is not missing: %+v", kb, scan.Updates)
	}
	return scan.Updates[i]
}

// A host that has just booted still works on updates, and shows its logon last.
func TestHostIsSettledOnceWindowsIsDoneWithItsBoot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		up, servicing, logon int // seconds
		says                 string
	}{
		"settled":                   {120, 60, 60, ""},
		"servicing":                 {120, 3600, 60, "still works on updates"},
		"no logon yet":              {120, 60, 3600, "no logon yet"},
		"no logon, but up for long": {660, 60, 3600, ""},
	} {
		each(t, func() windows.State {
			s := shop(time.Now())
			s.BootedAt = time.Now().Add(-time.Duration(c.up) * time.Second)
			s.Faults.ServicingSeconds, s.Faults.LogonSeconds = c.servicing, c.logon
			return s
		}, func(t *testing.T, r *rig) {
			alive, err := r.Alive(t.Context(), r.session)
			switch {
			case c.says == "" && (err != nil || alive.BootID == ""):
				t.Errorf("%s: %+v, %v", name, alive, err)
			case c.says != "" && (!errors.Is(err, remote.ErrBooting) || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%s: %+v, %v", name, alive, err)
			}
		})
	}
}

func TestUpdateGoesFromMissingThroughARebootToProof(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return shop(time.Now()) }, throughReboot)
}

func throughReboot(t *testing.T, r *rig) {
	before := r.scan(true)
	if !before.Trusted() || len(before.Updates) != 4 || before.OS.Version != "10.0.26100.4061" || !before.RebootKnown || len(before.Reboot) > 0 {
		t.Fatalf("problems %v, %d updates, OS %q, reboot %v", before.Problems, len(before.Updates), before.OS.Version, before.Reboot)
	}
	for kb, want := range map[string]data.Class{"KB5060001": data.Security, "KB5060002": data.Optional, "KB2267602": data.Definition, "KB5060003": data.Security} {
		if u := find(t, before, kb); u.Class != want {
			t.Errorf("%s is %q", kb, u.Class)
		}
	}
	odd := find(t, before, "KB5060003")
	if odd.Title != remote.CleanText(hostile) || odd.Severity != data.High || !slices.Equal(odd.CVEs, []string{"CVE-2026-0001"}) {
		t.Errorf("%+v", odd)
	}
	if len(before.Installed) != 1 || before.Installed[0].Name != "KB5050000" {
		t.Errorf("installed: %+v", before.Installed)
	}
	alive, err := r.Alive(t.Context(), r.session)
	if err != nil || alive.BootID == "" || alive.BootID != before.BootID || !slices.Contains(alive.Services, "W32Time") {
		t.Errorf("%+v, %v", alive, err)
	}
	checks, err := r.Check(t.Context(), r.session, data.Changes{})
	for _, c := range checks {
		if err != nil || c.Result != data.CheckPassed {
			t.Errorf("%+v, %v", c, err)
		}
	}
	planned := []data.Update{odd, find(t, before, "KB5060001")}
	var want []data.Target
	for _, u := range planned {
		want = append(want, data.Target{Name: u.Name, To: u.Available})
	}
	if c, err := r.Simulate(t.Context(), r.session, append(want, data.Target{Name: "KB1", To: "none"})); err != nil || len(c.Upgrade) != 2 {
		t.Errorf("simulate: %+v, %v", c, err)
	}

	st := r.job("install-0001", time.Hour, planned...)
	if st.State != remote.JobEnded || st.Exit != 0 || st.Done != 2 || !strings.Contains(string(st.Log), "in force after a reboot") {
		t.Fatalf("%+v\n%s", st, st.Log)
	}
	if err := r.Start(t.Context(), r.session, remote.Job{ID: "install-0001", StopAfter: time.Hour}); err != nil {
		t.Errorf("the same job again: %v", err)
	}
	between := r.scan(false)
	if len(between.Reboot) == 0 || find(t, between, "KB5060001").Name == "" {
		t.Errorf("an update that waits for its reboot is in: %+v", between.Reboot)
	}
	if st := r.job("install-0002", time.Hour, find(t, before, "KB2267602")); st.Exit != winupdate.ExitReboot {
		t.Errorf("installed though a reboot is pending: %+v\n%s", st, st.Log)
	}
	// a plan that only reboots has a job without updates, as its claim
	if st := r.job("reboot-0003", time.Hour); st.State != remote.JobEnded || st.Exit != 0 || st.Total != 0 {
		t.Errorf("the claim of a reboot: %+v\n%s", st, st.Log)
	}
	checks, err = r.Check(t.Context(), r.session, data.Changes{})
	for _, c := range checks {
		if bad := c.Result != data.CheckPassed; err != nil || bad != (c.Name == "pending reboot") || bad && !c.UpdatesOnly {
			t.Errorf("while a reboot is pending: %+v, %v", c, err)
		}
	}

	if err := r.Reboot(t.Context(), r.session); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.up:
	case <-time.After(time.Minute):
		t.Fatal("the host did not reboot")
	}
	r.session.Close()
	r.dial()
	after := r.scan(true)
	if after.BootID == before.BootID || after.OS.Version != "10.0.26100.4100" || len(after.Reboot) > 0 || len(after.Updates) != 2 {
		t.Errorf("boot %s, before %s; OS %s; reboot %v; %d updates", after.BootID, before.BootID, after.OS.Version, after.Reboot, len(after.Updates))
	}
	for _, p := range after.Installed {
		if p.Waits {
			t.Errorf("%s still waits", p.Name)
		}
	}
	if left, err := os.ReadDir(filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs")); err != nil || len(left) != 3 {
		t.Errorf("%d job folders are left, %v; want the claims of three jobs", len(left), err)
	}
}

func TestEveryUpdateSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	each(t, troubled, func(t *testing.T, r *rig) {
		scan := r.scan(true)
		r.change(func(s *windows.State) {
			for i := range s.Updates {
				if s.Updates[i].KBs[0] == "1000006" {
					s.Updates[i].Revision++ // the vendor revised it
				}
			}
		})
		st := r.job("install-0001", time.Hour, scan.Updates...)
		if st.Exit != winupdate.ExitFailed || st.Done != 1 || st.Total != 8 {
			t.Errorf("%+v", st)
		}
		for _, line := range []string{
			"KB1000001: download failed: the update server does not have the file (404)",
			"KB1000002: install failed: the update's installer failed",
			"KB1000003: not installed: asks for its licence terms",
			"KB1000004: skipped: it would ask a person",
			"KB1000005: install failed: the disk is full (0x80070070)",
			"KB1000006: skipped: it is no longer offered in this revision",
			"KB1000007: installed\n",
			"KB1000008: install ended with errors, as Windows says; the next scan tells whether it is in",
		} {
			if !strings.Contains(string(st.Log), line) {
				t.Errorf("the log does not say %q:\n%s", line, st.Log)
			}
		}
	})
}

// Terms are accepted of the very updates whose terms a person accepted.
func TestLicenceTermsAreAcceptedWhereThePlanSaysSoAndNowhereElse(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := shop(time.Now())
		for i := range s.Updates {
			if kb := s.Updates[i].KBs[0]; kb == "5060003" || kb == "2267602" {
				s.Updates[i].Eula = "Sign here"
			}
		}
		return s
	}, func(t *testing.T, r *rig) {
		scan := r.scan(true)
		var want []data.Target
		for _, kb := range []string{"KB5060003", "KB2267602", "KB5060002"} {
			u := find(t, scan, kb)
			want = append(want, data.Target{Name: u.Name, To: u.Available})
		}
		c, err := r.Simulate(t.Context(), r.session, want)
		if err != nil || len(c.Upgrade) != 3 || c.Upgrade[0].Terms != data.TermsAsked || c.Upgrade[1].Terms != data.TermsAsked || c.Upgrade[2].Terms != data.NoTerms {
			t.Fatalf("%+v, %v", c, err)
		}
		c.Upgrade[0].Terms = data.TermsAccepted
		if err := r.Start(t.Context(), r.session, remote.Job{ID: "install-0001", StopAfter: time.Hour, Changes: data.Changes{Upgrade: c.Upgrade[:2]}}); err != nil {
			t.Fatal(err)
		}
		st := r.wait("install-0001")
		for _, line := range []string{"KB5060003: installed; its licence terms were accepted\n", "KB2267602: not installed: asks for its licence terms"} {
			if !strings.Contains(string(st.Log), line) {
				t.Errorf("the log does not say %q:\n%s", line, st.Log)
			}
		}
		s, err := r.world.State()
		for _, u := range s.Updates {
			if err != nil || u.EulaAccepted != (u.KBs[0] == "5060003") {
				t.Errorf("KB%s: terms accepted %v, %v", u.KBs[0], u.EulaAccepted, err)
			}
		}
	})
}

// troubled is a server with one update for each thing that can go wrong.
func troubled() windows.State {
	now := time.Now()
	s := windows.Server2022("win1", now)
	plain := func(kb string, change func(*windows.Update)) {
		u := s.Plain(kb, "Update KB"+kb, windows.SecurityUpdates, now.AddDate(0, 0, -9))
		change(&u)
		s.Updates = append(s.Updates, u)
	}
	plain("1000001", func(u *windows.Update) { u.DownloadError = 0x80244019 })
	plain("1000002", func(u *windows.Update) { u.InstallError = 0x80070643 })
	plain("1000003", func(u *windows.Update) { u.Eula = "Sign here" })
	plain("1000004", func(u *windows.Update) { u.AsksUser = true })
	plain("1000005", func(u *windows.Update) { u.InstallError = 0x80070070 })
	plain("1000006", func(*windows.Update) {})
	plain("1000007", func(*windows.Update) {})
	plain("1000008", func(u *windows.Update) { u.WithErrors = true })
	return s
}

func TestJobStopsBetweenTwoUpdates(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		now := time.Now()
		s := windows.Server2022("win1", now)
		for _, kb := range []string{"1000001", "1000002", "1000003"} {
			u := s.Plain(kb, "Update KB"+kb, windows.SecurityUpdates, now)
			u.InstallTakes = 4 * time.Second
			s.Updates = append(s.Updates, u)
		}
		return s
	}, stopped)
}

// startInstalling starts a job and waits until it is at its first update.
func (r *rig) startInstalling(j remote.Job) {
	r.t.Helper()
	if err := r.Start(r.t.Context(), r.session, j); err != nil {
		r.t.Fatal(err)
	}
	for st := (remote.JobStatus{}); !strings.HasPrefix(st.Step, "install 1"); {
		var err error
		if st, err = r.Look(r.t.Context(), r.session, j.ID, 0); err != nil || st.State != remote.JobRunning {
			r.t.Fatalf("%+v, %v", st, err)
		}
	}
}

func stopped(t *testing.T, r *rig) {
	scan := r.scan(true)
	st := r.job("install-0001", 2*time.Second, scan.Updates...)
	if st.Exit != winupdate.ExitHalted || st.Stopped != "deadline" {
		t.Errorf("%+v\n%s", st, st.Log)
	}
	j := remote.Job{ID: "install-0002", StopAfter: time.Hour}
	for _, u := range r.scan(false).Updates {
		j.Changes.Upgrade = append(j.Changes.Upgrade, data.Target{Name: u.Name, To: u.Available})
	}
	takes := 10 * time.Second // longer than it takes to cancel and to ask for another job
	if r.world.Run == nil {
		takes = 40 * time.Second
	}
	r.change(func(s *windows.State) {
		for i := range s.Updates {
			s.Updates[i].InstallTakes = takes
			s.Updates[i].Downloaded = true // or the end of the download would be where it stops
		}
	})
	r.startInstalling(j)
	if err := r.Cancel(t.Context(), r.session, j.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), r.session, remote.Job{ID: "install-0003", StopAfter: time.Hour}); !errors.Is(err, remote.ErrBusy) {
		t.Errorf("a second job beside the first: %v", err)
	}
	if st := r.wait(j.ID); st.Stopped != "cancelled" {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}

// An update that takes long is at work as long as its installer uses the processor.
func TestJobWithoutASignOfLifeIsQuietByTheHostsClock(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return shop(time.Now()) }, func(t *testing.T, r *rig) {
		j := remote.Job{ID: "install-0001", StopAfter: time.Hour}
		u := find(t, r.scan(false), "KB5060003")
		j.Changes.Upgrade = []data.Target{{Name: u.Name, To: u.Available}}
		r.change(func(s *windows.State) {
			for i := range s.Updates {
				s.Updates[i].InstallTakes = 10 * time.Minute
			}
		})
		if err := r.Start(t.Context(), r.session, j); err != nil {
			t.Fatal(err)
		}
		look := func() remote.JobStatus {
			t.Helper()
			st, err := r.Look(t.Context(), r.session, j.ID, 0)
			if err != nil || st.State != remote.JobRunning {
				t.Fatalf("%+v, %v", st, err)
			}
			return st
		}
		st := look()
		for ; !strings.HasPrefix(st.Step, "install 1"); st = look() {
			time.Sleep(r.pause)
		}
		if st.Quiet > 10*time.Minute {
			t.Errorf("it has just begun, and is quiet for %s", st.Quiet)
		}
		time.Sleep(r.pause) // the installer has begun
		past := time.Now().Add(-40 * time.Minute)
		files, err := filepath.Glob(filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs", j.ID, "*"))
		if err != nil || len(files) < 4 {
			t.Fatalf("%q, %v", files, err)
		}
		for _, f := range files {
			if err := os.Chtimes(f, past, past); err != nil {
				t.Fatal(err)
			}
		}
		if st := look(); st.Quiet != 0 {
			t.Errorf("its installer is at work, and it is quiet for %s", st.Quiet)
		}
		r.change(func(s *windows.State) { s.Faults.InstallerHangs = true })
		if st := look(); st.Quiet < 40*time.Minute || st.Quiet > 50*time.Minute {
			t.Errorf("its installer hangs, and it is quiet for %s", st.Quiet)
		}
	})
}

// own are the rights of a folder that is only SYSTEM's and the administrators'.
const own = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

func folder(owner, sddl string) func(*windows.State) {
	return func(s *windows.State) {
		s.Folders = []windows.Folder{{Path: "SecondTuesday", Owner: owner, SDDL: sddl}}
	}
}

func TestFolderThatIsALinkIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, windows.Server2022("win1", time.Now()), players["PowerShell"])
	if err := os.Symlink(t.TempDir(), filepath.Join(r.world.ProgramData(), "SecondTuesday")); err != nil {
		t.Fatal(err)
	}
	err := r.Start(t.Context(), r.session, remote.Job{ID: "install-0001", StopAfter: time.Hour})
	if err == nil || !strings.Contains(err.Error(), "is a link: remove it") {
		t.Errorf("got %v", err)
	}
}

func TestStartThatBrokeOffIsBegunAnew(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := windows.Server2022("win1", time.Now())
		s.Folders = []windows.Folder{{Path: "SecondTuesday", SDDL: own}, {Path: "SecondTuesday/jobs", SDDL: own}}
		return s
	}, func(t *testing.T, r *rig) {
		half := filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs", "install-0001")
		if err := errors.Join(os.MkdirAll(half, 0o700), os.WriteFile(filepath.Join(half, "task.ps1"), []byte("half"), 0o600)); err != nil {
			t.Fatal(err)
		}
		j := remote.Job{ID: "install-0001", StopAfter: time.Hour}
		if err := r.Start(t.Context(), r.session, j); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(half, "order.json")); err == nil {
			t.Error("a start that may still be at work was begun anew")
		}
		past := time.Now().Add(-2 * time.Minute)
		if err := os.Chtimes(half, past, past); err != nil {
			t.Fatal(err)
		}
		if st := r.job(j.ID, time.Hour); st.State != remote.JobEnded || st.Exit != 0 {
			t.Errorf("%+v\n%s", st, st.Log)
		}
	})
}

func TestTaskRunsOnceAndOnlyWhatWasSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, windows.Server2022("win1", time.Now()), players["PowerShell"])
	if st := r.job("install-0001", time.Hour); st.Exit != 0 {
		t.Fatalf("%+v\n%s", st, st.Log)
	}
	again := func(want uint32) {
		t.Helper()
		if err := r.world.StartTask(`\SecondTuesday\install-0001`); err != nil {
			t.Fatal(err)
		}
		var tasks []windows.Task
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			var err error
			if tasks, err = r.world.Tasks(); err != nil {
				t.Fatal(err)
			}
			if tasks[0].State != windows.TaskRunning && tasks[0].LastResult == want {
				return
			}
		}
		t.Errorf("it ended with %d, want %d", tasks[0].LastResult, want)
	}
	again(5)
	script := filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs", "install-0001", "task.ps1")
	if err := os.WriteFile(script, []byte("\ufeff'something else'"), 0o600); err != nil {
		t.Fatal(err)
	}
	again(4)
}

func TestScriptsTakeNothingButAJobsID(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return windows.Server2022("win1", time.Now()) }, func(t *testing.T, r *rig) {
		for _, c := range []struct{ script, id string }{
			{"start", `..\..\Windows`}, {"look", `..\..\Windows`}, {"cancel", `..\..\Windows`}, {"forget", `..\..\Windows`}, {"forget", "install-0001"},
		} {
			_, err := r.session.Run(t.Context(), remote.Command{Name: c.script, Script: winupdate.Scripts()[c.script], Args: []string{c.id, "0", ""}, Stdin: []byte("{}")})
			var exit *remote.ExitError
			if !errors.As(err, &exit) || !strings.Contains(exit.Stderr, "ID is not one") {
				t.Errorf("%s of %s: %v", c.script, c.id, err)
			}
		}
	})
}

func TestRebootSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return windows.Server2022("win1", time.Now()) }, func(t *testing.T, r *rig) {
		for code, want := range map[int]string{1190: "it is scheduled already", 1115: "a shutdown is in progress", 5: "shutdown.exe: 5"} {
			r.change(func(s *windows.State) { s.Faults.RebootRefused = code })
			err := r.Reboot(t.Context(), r.session)
			if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, remote.ErrGoingDown) != (code != 5) {
				t.Errorf("%d: got %v", code, err)
			}
		}
	})
}

func TestChecksNameWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := windows.Server2022("win1", time.Now())
		s.Pending = []string{windows.UpdateRebootRequired, windows.CBSRebootPending}
		s.Processes = []windows.Process{{Name: "wusa.exe", ID: 4711}}
		s.DiskFree = 1 << 30
		for i := range s.Services {
			if s.Services[i].Name == "wuauserv" {
				s.Services[i].Start = "Disabled"
			}
		}
		return s
	}, func(t *testing.T, r *rig) {
		checks, err := r.Check(t.Context(), r.session, data.Changes{})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]data.Check{}
		for _, c := range checks {
			found[c.Name] = c
		}
		for name, words := range map[string]string{
			"free disk": "1.0 GiB free", "Windows Update service": "disabled", "other installer": "wusa", "pending reboot": "servicing, Windows Update",
		} {
			if c := found[name]; c.Result != data.CheckFailed || !strings.Contains(c.Detail, words) {
				t.Errorf("%s: %+v", name, c)
			}
		}
	})
}

func TestWhatKeepsATaskFromRunningIsNamed(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		change func(*windows.State)
		want   string
	}{
		"folder of another":      {folder(`WIN1\mallory`, own), "belongs to somebody else"},
		"others write there":     {folder("", own+"(A;OICI;FA;;;BU)"), "belongs to somebody else"},
		"rights come from above": {folder("", strings.Replace(own, "PAI", "AI", 1)), "belongs to somebody else"},
		// made in the moment between the folder above and its rights
		"folder of another below": {func(s *windows.State) {
			s.Folders = []windows.Folder{
				{Path: "SecondTuesday", Owner: "BA", SDDL: "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"},
				{Path: "SecondTuesday/jobs", Owner: `WIN1\mallory`, SDDL: "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICI;FA;;;S-1-5-21-1-2-3-1001)"},
			}
		}, "belongs to somebody else"},
		"nobody else's, and ours": {folder("", own), ""},
		"registration denied":     {func(s *windows.State) { s.Faults.TaskRegister = 0x80070005 }, "0x80070005"},
		"constrained":             {func(s *windows.State) { s.Faults.ConstrainedLanguage = true }, remote.ErrConstrained.Error()},
		"disk full":               {func(s *windows.State) { s.Faults.DiskFull = true }, "0x80070070"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := windows.Server2022("win1", now)
			c.change(&s)
			r := newRig(t, s, players["PowerShell"])
			err := r.Start(t.Context(), r.session, remote.Job{ID: "install-0001", StopAfter: time.Hour})
			if c.want == "" && err == nil {
				return
			}
			if err == nil || c.want == "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestTaskOfAStrangerHoldsNothingUp(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return shop(time.Now()) }, func(t *testing.T, r *rig) {
		r.change(func(s *windows.State) {
			for _, name := range []string{"mallorys-own", `..`, "Mallory (1)"} {
				s.Tasks = append(s.Tasks, windows.Task{Path: `\SecondTuesday\`, Name: name, Execute: "notepad.exe", User: "mallory", State: windows.TaskRunning})
			}
		})
		if scan := r.scan(true); !scan.Trusted() {
			t.Errorf("problems %v", scan.Problems)
		}
		checks, err := r.Check(t.Context(), r.session, data.Changes{})
		for _, c := range checks {
			if err != nil || c.Result != data.CheckPassed {
				t.Errorf("%+v, %v", c, err)
			}
		}
		if err := r.Reboot(t.Context(), r.session); err != nil {
			t.Error(err)
		}
	})
}

func TestTaskThatNeverStartsIsNeitherWaitedForNorStartedLater(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := windows.Server2022("win1", time.Now())
		s.Faults.TaskNeverStarts, s.Faults.TaskResult = true, 0x80070002
		return s
	}, func(t *testing.T, r *rig) {
		j := remote.Job{ID: "install-0001", StopAfter: time.Hour}
		if err := r.Start(t.Context(), r.session, j); err != nil {
			t.Fatal(err)
		}
		tasks, err := r.world.Tasks()
		if err != nil || len(tasks) != 1 {
			t.Fatalf("%+v, %v", tasks, err)
		}
		// it ends an hour after the window, and runs once at a time as SYSTEM
		if k := tasks[0]; k.TimeLimit != 2*time.Hour+time.Minute || !k.Highest || k.User != "S-1-5-18" || k.Multiple != windows.IgnoreNew || "powershell.exe "+k.Arguments != winupdate.TaskLine() ||
			!strings.HasSuffix(k.Execute, `\System32\WindowsPowerShell\v1.0\powershell.exe`) {
			t.Errorf("%+v", k)
		}
		if st, err := r.Look(t.Context(), r.session, j.ID, 0); err != nil || st.State != remote.JobRunning {
			t.Errorf("a task that may still begin: %+v, %v", st, err)
		}
		order := filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs", j.ID, "order.json")
		if past := time.Now().Add(-2 * time.Minute); os.Chtimes(order, past, past) != nil {
			t.Fatal("no order")
		}
		for range 2 {
			st, err := r.Look(t.Context(), r.session, j.ID, 0)
			if err != nil || st.State != remote.JobEnded || st.Exit != winupdate.ExitNever {
				t.Errorf("%+v, %v", st, err)
			}
		}
		if tasks, err := r.world.Tasks(); err != nil || len(tasks) != 0 {
			t.Errorf("it could still begin: %+v, %v", tasks, err)
		}
	})
}

// A start whose line was cut may still be at work on the host: that there is no
// task yet proves nothing. Once the desk was told that the job never began, it
// does not begin.
func TestStartThatIsStillAtWorkIsNotCalledNever(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return shop(time.Now()) }, func(t *testing.T, r *rig) {
		u := r.scan(true).Updates[0]
		const id = "install-0001"
		jobs := filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs")
		folder := filepath.Join(jobs, id)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		look := func(want remote.JobState) {
			t.Helper()
			if st, err := r.Look(t.Context(), r.session, id, 0); err != nil || st.State != want {
				t.Errorf("%+v, %v", st, err)
			}
		}
		look(remote.JobRunning)
		if past := time.Now().Add(-2 * time.Minute); os.Chtimes(folder, past, past) != nil {
			t.Fatal("no folder")
		}
		look(remote.JobEnded)
		j := remote.Job{ID: id, StopAfter: time.Hour, Changes: data.Changes{Upgrade: []data.Target{{Name: u.Name, To: u.Available}}}}
		if err := r.Start(t.Context(), r.session, j); err != nil {
			t.Fatal(err)
		}
		if tasks, err := r.world.Tasks(); err != nil || len(tasks) != 0 {
			t.Errorf("it was started after all: %+v, %v", tasks, err)
		}
		look(remote.JobEnded)

		// The start that was at work registers its task now.
		other := remote.Job{ID: "install-0002", StopAfter: time.Hour, Changes: j.Changes}
		r.change(func(s *windows.State) { s.Faults.TaskNeverStarts, s.Faults.TaskResult = true, 0x80070002 })
		if err := r.Start(t.Context(), r.session, other); err != nil {
			t.Fatal(err)
		}
		r.change(func(s *windows.State) { s.Faults.TaskNeverStarts, s.Faults.TaskResult = false, 0 })
		if err := os.WriteFile(filepath.Join(jobs, other.ID, "never"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		r.startTask(other.ID)
		if _, err := os.Stat(filepath.Join(jobs, other.ID, "result.json")); err == nil {
			t.Error("a job that was called never begun was done")
		}
	})
}

// startTask starts a job's task, late, and waits for its end.
func (r *rig) startTask(id string) {
	r.t.Helper()
	if err := r.world.StartTask(`\SecondTuesday\` + id); err != nil {
		r.t.Fatal(err)
	}
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		s, err := r.world.State()
		if err != nil || time.Now().After(until) {
			r.t.Fatalf("the task goes on for ever: %v", err)
		}
		if i := slices.IndexFunc(s.Tasks, func(t windows.Task) bool { return t.Name == id }); i < 0 || s.Tasks[i].State == windows.TaskReady {
			return
		}
	}
}

func TestTaskThatTheSchedulerStartsAfterTheWindowDoesNothing(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := shop(time.Now())
		return s
	}, func(t *testing.T, r *rig) {
		u := r.scan(true).Updates[0]
		r.change(func(s *windows.State) { s.Faults.TaskNeverStarts = true })
		j := remote.Job{ID: "install-0001", StopAfter: 5 * time.Minute, Changes: data.Changes{Upgrade: []data.Target{{Name: u.Name, To: u.Available}}}}
		if err := r.Start(t.Context(), r.session, j); err != nil {
			t.Fatal(err)
		}
		order := filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs", j.ID, "order.json")
		age := func(by time.Duration) {
			if past := time.Now().Add(-by); os.Chtimes(order, past, past) != nil {
				t.Fatal("no order")
			}
		}
		age(6 * time.Minute)
		if st, err := r.Look(t.Context(), r.session, j.ID, 0); err != nil || st.State != remote.JobRunning {
			t.Errorf("queued: %+v, %v", st, err)
		}
		r.change(func(s *windows.State) { s.Faults.TaskNeverStarts = false })
		r.startTask(j.ID)
		if st := r.wait(j.ID); st.Stopped != "deadline" || st.Done != 0 {
			t.Errorf("%+v\n%s", st, st.Log)
		}

		r.change(func(s *windows.State) { s.Faults.TaskNeverStarts = true })
		j.ID = "install-0002"
		if err := r.Start(t.Context(), r.session, j); err != nil {
			t.Fatal(err)
		}
		order = strings.Replace(order, "install-0001", j.ID, 1)
		age(11 * time.Minute)
		if st, err := r.Look(t.Context(), r.session, j.ID, 0); err != nil || st.State != remote.JobEnded || st.Exit != winupdate.ExitNever {
			t.Errorf("queued for too long: %+v, %v", st, err)
		}
	})
}

func TestStartOnAFullDiskLeavesNoTrace(t *testing.T) {
	t.Parallel()
	r := newRig(t, windows.Server2022("win1", time.Now()), players["PowerShell"])
	r.scan(true) // makes the folders
	r.change(func(s *windows.State) { s.Faults.DiskFull = true })
	const id = "install-0001"
	var exit *remote.ExitError
	if err := r.Start(t.Context(), r.session, remote.Job{ID: id, StopAfter: time.Hour}); !errors.As(err, &exit) {
		t.Errorf("%v", err)
	}
	if st, err := r.Look(t.Context(), r.session, id, 0); err != nil || st.State != remote.JobAbsent {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestSearchThatFailsProvesNothing(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		change func(*windows.State)
		want   string
	}{
		"WSUS does not answer": {func(s *windows.State) { s.Source.Error = 0x80072EE2 }, "WSUS http://wsus.shop.example:8530"},
		"not whole": {func(s *windows.State) {
			s.Source.Warnings = []windows.Warning{{Context: 4, HResult: 0x80240438, Message: "unvollständig"}}
		}, "not whole"},
		"denied to SYSTEM too": {func(s *windows.State) { s.Faults.Wall = windows.WallEveryone }, "0x80070005"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func() windows.State {
				s := windows.Core2019German("win1", now)
				c.change(&s)
				return s
			}, func(t *testing.T, r *rig) {
				if scan := r.scan(true); scan.Trusted() || !strings.Contains(scan.Problems[0].Detail, c.want) {
					t.Errorf("problems %+v", scan.Problems)
				}
			})
		})
	}
}

func TestObjectsWithoutAnIdentityHideNoUpdate(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := shop(time.Now())
		s.Faults.BrokenUpdates = true
		return s
	}, func(t *testing.T, r *rig) {
		scan := r.scan(true)
		if scan.Trusted() || len(scan.Problems) != 1 || !strings.Contains(scan.Problems[0].Detail, "2 objects without an identity") {
			t.Errorf("problems %+v", scan.Problems)
		}
		if len(scan.Updates) != 4 || len(scan.Installed) != 1 {
			t.Errorf("%d updates, %d installed", len(scan.Updates), len(scan.Installed))
		}
	})
}

// What is not in a list that is not whole may be offered all the same.
func TestListThatIsNotWholeDoesNotProveThatAnUpdateIsGone(t *testing.T) {
	for name, spoil := range map[string]func(*windows.State){
		"result code 3": func(s *windows.State) {
			s.Source.Warnings = []windows.Warning{{Context: 4, HResult: 0x80240438, Message: "unvollständig"}}
		},
		"objects without an identity": func(s *windows.State) { s.Faults.BrokenUpdates = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func() windows.State { return shop(time.Now()) }, func(t *testing.T, r *rig) {
				before := r.scan(true)
				there, not := find(t, before, "KB5060003"), find(t, before, "KB5060001")
				r.change(func(s *windows.State) {
					spoil(s)
					s.Updates = s.Updates[1:] // the other is not in the list
				})
				st := r.job("install-0001", time.Hour, not, there)
				log := string(st.Log)
				if st.Exit != winupdate.ExitFailed || !strings.Contains(log, "KB5060003: installed") || !strings.Contains(log, "KB5060001: could not be looked up: the search was not whole") {
					t.Errorf("%+v\n%s", st, log)
				}
			})
		})
	}
}

func TestSimulationOfAListThatIsNotWholeProvesOnlyWhatItHolds(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := shop(time.Now())
		s.Faults.BrokenUpdates = true
		return s
	}, func(t *testing.T, r *rig) {
		u := find(t, r.scan(true), "KB5060003")
		want := []data.Target{{Name: u.Name, To: u.Available}}
		if c, err := r.Simulate(t.Context(), r.session, want); err != nil || len(c.Upgrade) != 1 {
			t.Errorf("%+v, %v", c, err)
		}
		_, err := r.Simulate(t.Context(), r.session, append(want, data.Target{Name: "KB1", To: "none"}))
		if !errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), "KB1 could not be looked up") {
			t.Errorf("%v", err)
		}
	})
}

func TestHistoryThatCannotBeReadSpoilsNoScan(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := shop(time.Now())
		s.Faults.Denied = map[string]windows.HRESULT{"QueryHistory": 0x80248007}
		return s
	}, func(t *testing.T, r *rig) {
		scan := r.scan(true)
		if !scan.Trusted() || len(scan.Updates) != 4 {
			t.Errorf("problems %v, %d updates", scan.Problems, len(scan.Updates))
		}
		if !strings.Contains(scan.Evidence[0].Output, "0x80248007") {
			t.Error("the evidence does not say why there is no history")
		}
	})
}

// TestScanWithoutRefreshAsksNobodyElse is of a host whose update server does not
// answer, with every reason to reboot that Windows has.
func TestScanWithoutRefreshAsksNobodyElse(t *testing.T) {
	t.Parallel()
	last := time.Now().Add(-3 * time.Hour).Truncate(time.Second).UTC()
	each(t, func() windows.State {
		s := shop(time.Now())
		s.LastSearch, s.Source.Error = last, 0x80072EE2
		s.Pending = []string{windows.CBSPackagesPending, windows.CBSRebootInProgress, windows.UpdateServices,
			windows.FileRename, windows.UpdateExeVolatile, windows.JoinDomain, windows.ComputerRename}
		return s
	}, func(t *testing.T, r *rig) {
		scan := r.scan(false)
		if !scan.Trusted() || !scan.MetadataAt.Equal(last) || len(scan.Updates) != 4 {
			t.Errorf("problems %v, fetched %s, want %s, %d updates", scan.Problems, scan.MetadataAt, last, len(scan.Updates))
		}
		want := []data.RebootReason{{Source: "servicing", Detail: "RebootInProgress"}, {Source: "servicing", Detail: "PackagesPending"}, {Source: "Windows Update", Detail: "a service of it waits"}}
		if !slices.Equal(scan.Reboot, want) {
			t.Errorf("reasons %+v, want %+v", scan.Reboot, want)
		}
		for _, advice := range []string{"file renames", "an older installer", "computer name", "domain"} {
			if !strings.Contains(scan.Evidence[0].Output, `"`+advice+`"`) {
				t.Errorf("the evidence does not say %q", advice)
			}
		}
	})
}

func TestJobWhoseTaskIsGoneIsLostAndSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State { return windows.Server2022("win1", time.Now()) }, func(t *testing.T, r *rig) {
		job := filepath.Join(r.world.ProgramData(), "SecondTuesday", "jobs", "install-0001")
		if err := os.MkdirAll(job, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"order.json": "{}", "started.json": `{"at":"2026-11-23T02:00:00Z"}`, "log.txt": "== install 2\n",
			"partial.json": `{"kind":"install","updates":[{"title":"KB1","status":"installed"}]}`,
		} {
			if err := os.WriteFile(filepath.Join(job, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		st, err := r.Look(t.Context(), r.session, "install-0001", 0)
		if err != nil || st.State != remote.JobLost || string(st.Log) != "== install 2\nKB1: installed\n" {
			t.Errorf("%+v %q, %v", st, st.Log, err)
		}
	})
}
