package practice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/apk"
	"secondtuesday/remote/apt"
	"secondtuesday/remote/dnf"
	"secondtuesday/remote/pacman"
	"secondtuesday/remote/zypper"
)

// A platform is what app.Platform names; this room may not import app.
type platform interface {
	Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error)
	Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error)
	Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error)
	Start(ctx context.Context, s remote.Session, j remote.Job) error
	Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error)
	Cancel(ctx context.Context, s remote.Session, id string) error
	Reboot(ctx context.Context, s remote.Session) error
	Alive(ctx context.Context, s remote.Session) (remote.Alive, error)
}

func platformOf(h data.Host) platform {
	switch h.Platform {
	case data.DNF:
		return dnf.Platform{}
	case data.Zypper:
		return zypper.Platform{}
	case data.Pacman:
		return pacman.Platform{}
	case data.APK:
		return apk.Platform{}
	}
	return apt.Platform{}
}

func (s *Shop) named(name string) *Host {
	for _, h := range s.hosts {
		if h.def.Name == name {
			return h
		}
	}
	return nil
}

// reachable are the hosts whose key is right.
func reachable() []string {
	var out []string
	for _, d := range company() {
		if d.Key != "changed" {
			out = append(out, d.Name)
		}
	}
	return out
}

func wants(updates []data.Update) []data.Target {
	var out []data.Target
	for _, u := range updates {
		if u.Hold == data.NotHeld || u.Hold == data.KeptBack {
			out = append(out, data.Target{Name: u.Name, Arch: u.Arch, From: u.Installed, To: u.Available, Origin: u.Origin, Class: u.Class})
		}
	}
	return out
}

func await(t *testing.T, p platform, s remote.Session, id string) (remote.JobStatus, string) {
	t.Helper()
	var log strings.Builder
	var from int64
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		st, err := p.Look(t.Context(), s, id, from)
		if err != nil {
			t.Fatal(err)
		}
		log.Write(st.Log)
		from = st.Next
		if st.State != remote.JobRunning {
			return st, log.String()
		}
	}
	t.Fatalf("job %s does not end; log:\n%s", id, log.String())
	return remote.JobStatus{}, ""
}

// TestEveryHostIsPatchedByTheShippedScripts takes each host through all that
// the desk does: scan, simulate, check, install, scan again, reboot.
func TestEveryHostIsPatchedByTheShippedScripts(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range reachable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patchOne(t, s, name)
		})
	}
}

func patchOne(t *testing.T, s *Shop, name string) {
	h, w := hostNamed(t, s, name), s.named(name)
	p, session := platformOf(h), dial(t, s, name)
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := w.def.DeadRepo == ""; scan.Trusted() != want {
		t.Errorf("trusted: %v, want %v; %v", scan.Trusted(), want, scan.Problems)
	}
	compareWithWorld(t, w, scan)
	want := wants(scan.Updates)
	changes, err := p.Simulate(t.Context(), session, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes.Upgrade) != len(want) {
		t.Fatalf("simulated %d upgrades, asked for %d", len(changes.Upgrade), len(want))
	}
	checks, err := p.Check(t.Context(), session, changes)
	if err != nil {
		t.Fatal(err)
	}
	disk := slices.ContainsFunc(checks, func(c data.Check) bool { return strings.Contains(c.Name, "disk") && c.Result == data.CheckFailed })
	if full := w.def.Free > 0; disk != full {
		t.Errorf("checks find the disk full: %v, want %v: %v", disk, full, checks)
	}
	id := "practice-" + name
	if err := p.Start(t.Context(), session, remote.Job{ID: id, Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	st, log := await(t, p, session, id)
	bad := w.def.Free > 0 || w.def.DeadRepo != "" && len(changes.Upgrade) > 0 || name == "mail"
	if st.State != remote.JobEnded || (st.Exit != 0) != bad {
		t.Fatalf("state %s, exit %d, want failure %v; log:\n%s", st.State, st.Exit, bad, log)
	}
	after, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	if !bad && len(wants(after.Updates)) > 0 {
		t.Errorf("still missing after the job: %v", after.Updates)
	}
	if bad {
		return
	}
	if len(after.Reboot) == 0 {
		t.Error("a new kernel came in and no reboot is pending")
	}
	rebootOne(t, s, p, session, name)
}

func compareWithWorld(t *testing.T, w *Host, scan data.Scan) {
	t.Helper()
	offers := w.offers()
	if len(offers) == 0 && w.def.DeadRepo == "" || len(offers) != len(scan.Updates) {
		t.Errorf("%d updates found, the world has %d", len(scan.Updates), len(offers))
	}
	for _, o := range offers {
		i := slices.IndexFunc(scan.Updates, func(u data.Update) bool { return u.Name == o.Name && u.Arch == o.Arch })
		if i < 0 || scan.Updates[i].Available != o.Version || scan.Updates[i].Class != o.Class {
			t.Errorf("%s %s (%s) is not found as such: %+v", o.Name, o.Version, o.Class, scan.Updates)
			continue
		}
		if held := scan.Updates[i].Hold == data.Held; held != w.isHeld(o.Name) {
			t.Errorf("%s is held: %v", o.Name, held)
		}
	}
	if len(scan.Installed) != len(w.st.Packages) || scan.Kernel.Running != w.def.OS.Kernel || scan.BootID != w.st.BootID {
		t.Errorf("%d packages, kernel %s, boot %s", len(scan.Installed), scan.Kernel.Running, scan.BootID)
	}
}

func rebootOne(t *testing.T, s *Shop, p platform, session remote.Session, name string) {
	t.Helper()
	before, err := p.Alive(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Reboot(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the host does not come back with another boot ID")
		}
		again, err := remote.NewSSH(s.SSHConfig()).Dial(t.Context(), hostNamed(t, s, name))
		if err != nil {
			continue
		}
		alive, err := p.Alive(t.Context(), again)
		if err == nil && alive.BootID != before.BootID {
			after, err := p.Scan(t.Context(), again, false)
			again.Close()
			if err != nil || len(after.Reboot) > 0 {
				t.Errorf("after the reboot: %v, pending %v", err, after.Reboot)
			}
			if told := len(alive.Services) >= 5; !slices.Equal(alive.Services, before.Services) || told != s.named(name).def.systemd() {
				t.Errorf("services before %v, after %v", before.Services, alive.Services)
			}
			return
		}
		again.Close()
	}
}

func TestDeadRepositoryIsToldByARefresh(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range []string{"web2", "lab-alma", "suse-files", "lab-plots", "proxy"} {
		w := s.named(name)
		session := dial(t, s, name)
		p := platformOf(hostNamed(t, s, name))
		scan, err := p.Scan(t.Context(), session, true)
		if err != nil || !scan.Trusted() {
			t.Errorf("%s: refresh: %v, %v", name, err, scan.Problems)
		}
		s.StopRepo(name, w.repos()[len(w.repos())-1].ID)
		scan, err = p.Scan(t.Context(), session, true)
		if err != nil || scan.Trusted() {
			t.Errorf("%s: a dead repository leaves the scan trusted: %v", name, err)
		}
	}
}

func TestChangedHostKeyBlocks(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := remote.NewSSH(s.SSHConfig()).Dial(t.Context(), hostNamed(t, s, "files"))
	var changed *remote.HostKeyChangedError
	if !errors.As(err, &changed) {
		t.Fatalf("dial: %v", err)
	}
	_, err = remote.NewSSH(s.SSHConfig()).Dial(t.Context(), hostNamed(t, s, "lab-alma"))
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) {
		t.Fatalf("dial: %v", err)
	}
}

func TestStateOutlivesTheProgram(t *testing.T) {
	for _, name := range []string{"vpn", "lab-plots", "proxy"} {
		dir := t.TempDir()
		s := open(t, dir)
		session, p := dial(t, s, name), platformOf(hostNamed(t, s, name))
		scan, err := p.Scan(t.Context(), session, false)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context(), session, remote.Job{ID: "outlives-it", Changes: changes, StopAfter: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, dir)
		st, log := await(t, p, dial(t, again, name), "outlives-it")
		if st.State != remote.JobEnded || st.Exit != 0 {
			t.Errorf("%s: state %s, exit %d, log:\n%s", name, st.State, st.Exit, log)
		}
		after, err := p.Scan(t.Context(), dial(t, again, name), false)
		if err != nil || len(wants(after.Updates)) > 0 || after.BootID != scan.BootID {
			t.Errorf("%s, after opening again: %v, %v", name, err, after.Updates)
		}
	}
}

// A pacman that is killed leaves its lock, until somebody takes it away.
func TestKilledPacmanLeavesItsLock(t *testing.T) {
	s := open(t, t.TempDir())
	s.Speed(4)
	session, p := dial(t, s, "lab-plots"), pacman.Platform{}
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context(), session, remote.Job{ID: "killed-job-1", Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	w := s.named("lab-plots")
	for end := time.Now().Add(20 * time.Second); !w.machine.FS.Exists(pacmanLock); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("pacman does not begin")
		}
	}
	s.KillJobs("lab-plots")
	if st, err := p.Look(t.Context(), session, "killed-job-1", 0); err != nil || st.State != remote.JobLost {
		t.Errorf("state %q, %v", st.State, err)
	}
	scan, err = p.Scan(t.Context(), session, false)
	if err != nil || scan.Trusted() || scan.Problems[0].Kind != data.PlatformBusy {
		t.Errorf("%v, problems %v", err, scan.Problems)
	}
	s.MoveClock("lab-plots", time.Now().Add(repaired+time.Minute))
	w.pass()
	s.MoveClock("lab-plots", time.Now())
	if scan, err = p.Scan(t.Context(), session, false); err != nil || !scan.Trusted() {
		t.Errorf("later: %v, problems %v", err, scan.Problems)
	}
}

func TestSecondProcessUsesTheHostsOfTheFirstAndTakesOver(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	second := open(t, dir)
	session := dial(t, second, "web1")
	if _, err := session.Run(t.Context(), remote.Command{Name: "mark", Script: "echo here >/var/tmp/mark", Root: true}); err != nil {
		t.Fatal(err)
	}
	session.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	var out remote.Output
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		again, err := remote.NewSSH(second.SSHConfig()).Dial(t.Context(), hostNamed(t, second, "web1"))
		if err != nil {
			continue
		}
		out, _ = again.Run(t.Context(), remote.Command{Name: "look", Script: "cat /var/tmp/mark"})
		again.Close()
		break
	}
	if string(out.Stdout) != "here\n" {
		t.Errorf("the second process shows %q", out.Stdout)
	}
}

func TestCutLineLeavesTheJobAtWork(t *testing.T) {
	s := open(t, t.TempDir())
	session := dial(t, s, "web1")
	p := apt.Platform{}
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context(), session, remote.Job{ID: "cut-line-1", Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	s.CutLine("web1")
	if _, err := session.Run(t.Context(), remote.Command{Name: "any", Script: ":"}); err == nil {
		t.Error("a session goes on over a cut line")
	}
	st, log := await(t, p, dial(t, s, "web1"), "cut-line-1")
	if st.State != remote.JobEnded || st.Exit != 0 {
		t.Errorf("state %s, exit %d, log:\n%s", st.State, st.Exit, log)
	}
}

func TestKilledJobIsLostAndLeavesTracesOfIt(t *testing.T) {
	s := open(t, t.TempDir())
	s.Speed(8)
	session := dial(t, s, "web1")
	p := apt.Platform{}
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context(), session, remote.Job{ID: "killed-job-1", Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); len(s.named("web1").halfDone()) == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	s.KillJobs("web1")
	st, err := p.Look(t.Context(), session, "killed-job-1", 0)
	if err != nil || st.State != remote.JobLost {
		t.Errorf("state %q, %v", st.State, err)
	}
	scan, err = p.Scan(t.Context(), session, false)
	if err != nil || scan.Trusted() {
		t.Errorf("dpkg was interrupted and the scan is trusted: %v", err)
	}
}

// TestKilledProgramLeavesWorkThatGoesOn copies the folder while a job runs,
// which is what a program killed at that moment leaves.
func TestKilledProgramLeavesWorkThatGoesOn(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	s := open(t, dir)
	session := dial(t, s, "web1")
	p := apt.Platform{}
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
	if err != nil {
		t.Fatal(err)
	}
	s.Speed(1)
	if err := p.Start(t.Context(), session, remote.Job{ID: "goes-on-1", Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	copyShop(t, dir, copied)
	s.Speed(50)
	again := open(t, copied)
	st, log := await(t, p, dial(t, again, "web1"), "goes-on-1")
	if st.State != remote.JobEnded || st.Exit != 0 {
		t.Errorf("state %q, exit %d, log:\n%s", st.State, st.Exit, log)
	}
	off := func() time.Duration { return time.Since(again.named("web1").now()).Abs() }
	for end := time.Now().Add(20 * time.Second); off() > 30*time.Second; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the host's clock is %s off", off())
		}
	}
}

// copyShop copies a shop's folder and dates its running work ten minutes back.
func copyShop(t *testing.T, from, to string) {
	t.Helper()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.IsDir() {
			continue // a Windows host keeps what it does by itself
		}
		b, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() == "host-web1.json" {
			var saved savedHost
			if err := json.Unmarshal(b, &saved); err != nil || len(saved.State.Working) != 1 {
				t.Fatalf("%v, %d at work", err, len(saved.State.Working))
			}
			saved.State.Working[0].Started = saved.State.Working[0].Started.Add(-10 * time.Minute)
			if b, err = json.Marshal(saved); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCancelStopsAJobBetweenSteps(t *testing.T) {
	s := open(t, t.TempDir())
	s.Speed(4)
	for _, name := range []string{"vpn", "lab-alma", "suse-files", "lab-plots"} { // apk fetches and installs in one step
		session, p := dial(t, s, name), platformOf(hostNamed(t, s, name))
		scan, err := p.Scan(t.Context(), session, false)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
		if err != nil {
			t.Fatal(err)
		}
		id := "cancelled-" + name
		if err := p.Start(t.Context(), session, remote.Job{ID: id, Changes: changes, StopAfter: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := p.Cancel(t.Context(), session, id); err != nil {
			t.Fatal(err)
		}
		st, log := await(t, p, session, id)
		if st.State != remote.JobEnded || st.Exit == 0 || st.Stopped != "cancelled" {
			t.Errorf("%s: state %q, exit %d, stopped %q, log:\n%s", name, st.State, st.Exit, st.Stopped, log)
		}
	}
}

func TestPowerCutLosesTheJobAndChangesTheBoot(t *testing.T) {
	s := open(t, t.TempDir())
	s.Speed(8)
	session, p := dial(t, s, "web1"), apt.Platform{}
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context(), session, remote.Job{ID: "power-cut-1", Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	s.PowerCut("web1")
	again := dial(t, s, "web1")
	st, err := p.Look(t.Context(), again, "power-cut-1", 0)
	if err != nil || st.State != remote.JobLost {
		t.Errorf("state %q, %v", st.State, err)
	}
	alive, err := p.Alive(t.Context(), again)
	if err != nil || alive.BootID == scan.BootID {
		t.Errorf("%v, boot %s after %s", err, alive.BootID, scan.BootID)
	}
}

func TestHostClockThatIsOffIsSeen(t *testing.T) {
	s := open(t, t.TempDir())
	s.MoveClock("vpn", time.Now().Add(-2*time.Hour))
	scan, err := apt.Platform{}.Scan(t.Context(), dial(t, s, "vpn"), false)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(scan.HostNow); d < 119*time.Minute || d > 121*time.Minute {
		t.Errorf("the host's clock is %s behind", d)
	}
}

func TestDiskThatFillsUpFailsTheJob(t *testing.T) {
	s := open(t, t.TempDir())
	session, p := dial(t, s, "vpn"), apt.Platform{}
	scan, err := p.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := p.Simulate(t.Context(), session, wants(scan.Updates))
	if err != nil {
		t.Fatal(err)
	}
	s.FillDisk("vpn", 2<<20)
	if err := p.Start(t.Context(), session, remote.Job{ID: "disk-full-1", Changes: changes, StopAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	st, log := await(t, p, session, "disk-full-1")
	if st.State != remote.JobEnded || st.Exit == 0 || !strings.Contains(log, "enough free space") {
		t.Errorf("state %q, exit %d, log:\n%s", st.State, st.Exit, log)
	}
}

func TestAcceptedKeyIsKnownTheNextTimeAlsoOnAnotherPort(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	dial(t, s, "lab-alma").Close() // accepts the key
	idx, err := s.readIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", idx.Ports["lab-alma"]))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	again := open(t, dir)
	session, err := remote.NewSSH(again.SSHConfig()).Dial(t.Context(), hostNamed(t, again, "lab-alma"))
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
}
