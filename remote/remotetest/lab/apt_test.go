package lab_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/apt"
	"secondtuesday/remote/remotetest/lab"
)

// aptHost starts a Debian host, scans it, and returns a session and the
// targets of its updates of these names.
func aptHost(t *testing.T, names ...string) (*lab.Machine, remote.Session, []data.Target) {
	t.Helper()
	m := lab.Host(t, lab.Debian)
	s := login(t, m, lab.Ops)
	want := only(planned(scan(t, apt.Platform{}, s, true), nil), names...)
	if len(want) != len(names) {
		t.Fatalf("the host offers %v of %v", want, names)
	}
	return m, s, want
}

func version(m *lab.Machine, name string) string {
	return m.Exec(`dpkg-query -W -f='${db:Status-Abbrev}${Version}' "$1"`, name)
}

func TestEditedConfigurationFileIsKept(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-conf", "lab-debconf")
	status := run(t, apt.Platform{}, s, simulate(t, apt.Platform{}, s, want))
	if status.Exit != 0 {
		t.Fatalf("exit %d:\n%s", status.Exit, status.Log)
	}
	if text := m.Exec("cat /etc/lab-conf.conf"); text != "setting=99 # edited by the admin\n" {
		t.Errorf("the file is now %q", text)
	}
	if text := m.Exec("cat /etc/lab-conf.conf.dpkg-dist"); !strings.HasPrefix(text, "setting=2\n") {
		t.Errorf("the new file is %q", text)
	}
}

func TestFailingScriptFailsTheJobAndTellsOnTheScan(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-badpost", "lab-hello")
	status := run(t, apt.Platform{}, s, simulate(t, apt.Platform{}, s, want))
	if status.State != remote.JobEnded || status.Exit != apt.ExitFailed || !strings.Contains(string(status.Log), "cannot migrate database") {
		t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
	}
	if v := version(m, "lab-hello"); v != "ii 1.1-1" {
		t.Errorf("lab-hello is %q: the healthy one should be in", v)
	}
	after := scan(t, apt.Platform{}, s, false)
	if !hasProblem(after, data.PackagesBroken) {
		t.Errorf("problems: %+v", after.Problems)
	}
}

func hasProblem(s data.Scan, kind data.ProblemKind) bool {
	return slices.ContainsFunc(s.Problems, func(p data.Problem) bool { return p.Kind == kind })
}

func TestHeldPackageStays(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-held")
	for _, u := range scan(t, apt.Platform{}, s, false).Updates {
		if (u.Hold == data.Held) != (u.Name == "lab-held") {
			t.Errorf("%s: hold is %q", u.Name, u.Hold)
		}
	}
	changes := data.Changes{Upgrade: want}
	checks, err := apt.Platform{}.Check(t.Context(), s, changes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(c data.Check) bool { return c.Name == "held packages" && c.Result == data.CheckFailed }) {
		t.Errorf("checks: %+v", checks)
	}
	status := run(t, apt.Platform{}, s, changes)
	if status.State != remote.JobEnded || status.Exit == 0 {
		t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
	}
	if v := version(m, "lab-held"); v != "hi 1.0-1" {
		t.Errorf("lab-held is now %q", v)
	}
}

func TestAdditionsAndRemovalsArePlannedOrNotDone(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-newdep", "lab-remover")
	changes := simulate(t, apt.Platform{}, s, want)
	if len(changes.Add) != 1 || changes.Add[0].Name != "lab-newlib" || len(changes.Remove) != 1 || changes.Remove[0].Name != "lab-victim" {
		t.Fatalf("simulated: %+v", changes)
	}
	status := run(t, apt.Platform{}, s, data.Changes{Upgrade: changes.Upgrade})
	if status.Exit != apt.ExitOutside {
		t.Errorf("without the removal in the plan: exit %d:\n%s", status.Exit, status.Log)
	}
	if v := version(m, "lab-victim"); v != "ii 1.0-1" {
		t.Errorf("lab-victim is %q after a plan that does not name it", v)
	}
	if status = run(t, apt.Platform{}, s, changes); status.Exit != 0 {
		t.Errorf("exit %d:\n%s", status.Exit, status.Log)
	}
	if v := version(m, "lab-newlib"); v != "ii 1.0-1" {
		t.Errorf("lab-newlib is %q", v)
	}
	if out, err := m.Try(t.Context(), "dpkg-query -W -f='${db:Status-Abbrev}' lab-victim"); err == nil && strings.HasPrefix(out, "ii") {
		t.Error("lab-victim is still there")
	}
}

func TestHeldLockIsSeenAndWaitedFor(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-hello")
	changes := simulate(t, apt.Platform{}, s, want)
	release := m.HoldLock()
	if busy := scan(t, apt.Platform{}, s, false); !hasProblem(busy, data.PlatformBusy) {
		t.Errorf("problems of the scan: %+v", busy.Problems)
	}
	checks, err := apt.Platform{}.Check(t.Context(), s, changes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(c data.Check) bool { return c.Name == "package manager lock" && c.Result == data.CheckFailed }) {
		t.Errorf("checks: %+v", checks)
	}
	time.AfterFunc(4*time.Second, release)
	if status := run(t, apt.Platform{}, s, changes); status.Exit != 0 {
		t.Errorf("exit %d:\n%s", status.Exit, status.Log)
	}
	if v := version(m, "lab-hello"); v != "ii 1.1-1" {
		t.Errorf("lab-hello is %q", v)
	}
}

// slowJob starts a job with lab-slow, whose script takes so many seconds, and
// returns when the script runs.
func slowJob(t *testing.T, m *lab.Machine, s remote.Session, want []data.Target, seconds string) remote.Job {
	t.Helper()
	m.Exec(`echo "$1" > /etc/lab-slow.steps`, seconds)
	j := remote.Job{ID: jobID(t), Changes: simulate(t, apt.Platform{}, s, want), StopAfter: 10 * time.Minute}
	if err := (apt.Platform{}).Start(t.Context(), s, j); err != nil {
		t.Fatal(err)
	}
	awaitSlow(t, m)
	return j
}

// awaitSlow waits until the script of lab-slow runs.
func awaitSlow(t *testing.T, m *lab.Machine) {
	t.Helper()
	for range 300 {
		if _, err := m.Try(t.Context(), "pgrep -f '[l]ab-slow.postinst'"); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the script of lab-slow did not start")
}

func slowRuns(m *lab.Machine) int {
	return strings.Count(m.Exec("cat /var/lib/lab-slow.runs 2>/dev/null || true"), "\n")
}

func TestInterruptedDpkgIsSeenAndLeftAlone(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-slow", "lab-hello")
	j := slowJob(t, m, s, only(want, "lab-slow"), "60")
	m.KillPackageManager()
	m.Exec("pkill -KILL -f '[l]ab-slow.postinst' || true")
	if status := finish(t, apt.Platform{}, s, j.ID); status.State != remote.JobEnded || status.Exit == 0 {
		t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
	}
	after := scan(t, apt.Platform{}, s, false)
	if !hasProblem(after, data.PackagesBroken) {
		t.Errorf("problems: %+v", after.Problems)
	}
	changes := data.Changes{Upgrade: only(want, "lab-hello")}
	checks, err := apt.Platform{}.Check(t.Context(), s, changes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(c data.Check) bool { return c.Name == "dpkg" && c.Result == data.CheckFailed }) {
		t.Errorf("checks: %+v", checks)
	}
}

func TestPowerCutLosesTheJob(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-slow")
	j := slowJob(t, m, s, want, "60")
	m.PowerCycle()
	s = login(t, m, lab.Ops)
	status, err := apt.Platform{}.Look(t.Context(), s, j.ID, 0)
	if err != nil || status.State != remote.JobLost {
		t.Errorf("%q, %v", status.State, err)
	}
	if after := scan(t, apt.Platform{}, s, false); !hasProblem(after, data.PackagesBroken) {
		t.Errorf("problems: %+v", after.Problems)
	}
	// Asking for the same job again is answered, not obeyed.
	if err := (apt.Platform{}).Start(t.Context(), s, j); err != nil {
		t.Errorf("start again: %v", err)
	}
	if status, err = (apt.Platform{}).Look(t.Context(), s, j.ID, 0); err != nil || status.State != remote.JobLost {
		t.Errorf("after a second start: %q, %v", status.State, err)
	}
}

func TestFullDiskIsSeenAndHarmsNothing(t *testing.T) {
	t.Parallel()
	m, s, want := aptHost(t, "lab-big")
	changes := simulate(t, apt.Platform{}, s, want)
	m.FillDisk(20 << 20)
	checks, err := apt.Platform{}.Check(t.Context(), s, changes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(c data.Check) bool { return strings.Contains(c.Name, "disk") && c.Result == data.CheckFailed }) {
		t.Errorf("checks: %+v", checks)
	}
	if status := run(t, apt.Platform{}, s, changes); status.Exit != apt.ExitNoDownload {
		t.Errorf("exit %d:\n%s", status.Exit, status.Log)
	}
	if v := version(m, "lab-big"); v != "ii 1.0-1" {
		t.Errorf("lab-big is %q", v)
	}
	m.EmptyDisk()
	if status := run(t, apt.Platform{}, s, changes); status.Exit != 0 {
		t.Errorf("with room again: exit %d:\n%s", status.Exit, status.Log)
	}
}

// TestJobOutlivesTheLine cuts the line, and then the SSH server, in mid-upgrade.
func TestJobOutlivesTheLine(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(m *lab.Machine) (mend func()){
		"line cut":          func(m *lab.Machine) func() { m.LinkDown(); return m.LinkUp },
		"SSH server killed": func(m *lab.Machine) func() { m.KillSSH(); return m.StartSSH },
	} {
		for _, kind := range []lab.Kind{lab.Debian, lab.DebianSystemd} {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				m := lab.Host(t, kind)
				s := login(t, m, lab.Ops)
				want := only(planned(scan(t, apt.Platform{}, s, true), nil), "lab-slow", "lab-hello")
				j := slowJob(t, m, s, want, "12")
				mend := cut(m)
				if _, err := (apt.Platform{}).Look(t.Context(), s, j.ID, 0); err == nil || errors.As(err, new(*remote.ExitError)) {
					t.Errorf("look over a dead line: %v", err)
				}
				time.Sleep(2 * time.Second)
				mend()

				s = login(t, m, lab.Ops) // the desk comes back
				if err := (apt.Platform{}).Start(t.Context(), s, j); err != nil {
					t.Errorf("start once more: %v", err)
				}
				status := finish(t, apt.Platform{}, s, j.ID)
				if status.State != remote.JobEnded || status.Exit != 0 {
					t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
				}
				if n := slowRuns(m); n != 1 {
					t.Errorf("the script of lab-slow ran %d times", n)
				}
				if n := strings.Count(string(status.Log), "Setting up lab-hello"); n != 1 {
					t.Errorf("lab-hello was set up %d times:\n%s", n, status.Log)
				}
			})
		}
	}
}

// TestJobStopsBetweenSlices: what dpkg has begun it ends, so that no host is
// left half-configured, and the rest is left out.
func TestJobStopsBetweenSlices(t *testing.T) {
	t.Parallel()
	for _, why := range []string{"cancelled", "deadline"} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			m, s, slow := aptHost(t, "lab-slow")
			m.Exec("echo 8 > /etc/lab-slow.steps")
			rest := planned(scan(t, apt.Platform{}, s, false), []string{"lab-slow", "lab-badpost", "lab-held", "lab-remover", "lab-newdep"})
			j := remote.Job{ID: jobID(t), Changes: data.Changes{Upgrade: append(slow, rest...)}, StopAfter: 10 * time.Minute}
			if why == "deadline" {
				j.StopAfter = 8 * time.Second
			}
			if err := (apt.Platform{}).Start(t.Context(), s, j); err != nil {
				t.Fatal(err)
			}
			awaitSlow(t, m)
			if why == "cancelled" {
				if err := (apt.Platform{}).Cancel(t.Context(), s, j.ID); err != nil {
					t.Fatal(err)
				}
			}
			status := finish(t, apt.Platform{}, s, j.ID)
			if status.State != remote.JobEnded || status.Exit != apt.ExitHalted || status.Stopped != why {
				t.Errorf("%s, exit %d, stopped %q:\n%s", status.State, status.Exit, status.Stopped, status.Log)
			}
			if v := version(m, "lab-slow"); v != "ii 2.0-1" {
				t.Errorf("lab-slow, which was at work, is %q", v)
			}
			after := scan(t, apt.Platform{}, s, false)
			if left := len(after.Updates); left < len(rest)-10 || hasProblem(after, data.PackagesBroken) {
				t.Errorf("%d of %d updates are left; problems %+v", left, len(rest)+1, after.Problems)
			}
		})
	}
}

func TestRebootHappensOrIsSeenNotTo(t *testing.T) {
	t.Parallel()
	for _, kind := range []lab.Kind{lab.Debian, lab.DebianSystemd} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			m := lab.Host(t, kind)
			desk := newDesk(t, vault{m.Name: lab.OpsPassword}, m)
			s := open(t, desk, m.Host(lab.Ops))
			want := only(planned(scan(t, apt.Platform{}, s, true), nil), "linux-image-6.1.0-99-lab")
			if status := run(t, apt.Platform{}, s, simulate(t, apt.Platform{}, s, want)); status.Exit != 0 {
				t.Fatalf("exit %d:\n%s", status.Exit, status.Log)
			}
			if due := scan(t, apt.Platform{}, s, false); !due.RebootKnown || len(due.Reboot) == 0 {
				t.Errorf("no reboot is due after a kernel: %v %+v", due.RebootKnown, due.Reboot)
			}
			before, err := apt.Platform{}.Alive(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if err := (apt.Platform{}).Reboot(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			m.WaitBoot(2)
			after := aliveAgain(t, desk, m)
			if after.BootID == before.BootID || !after.BootedAt.After(before.BootedAt) {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if kind == lab.DebianSystemd && !slices.Contains(after.Services, "ssh") {
				t.Errorf("services: %v", after.Services)
			}
			s = open(t, desk, m.Host(lab.Ops))
			if done := scan(t, apt.Platform{}, s, false); !done.RebootKnown || slices.ContainsFunc(done.Reboot, func(r data.RebootReason) bool { return r.Source == "reboot-required" }) {
				t.Errorf("after the reboot: %v %+v", done.RebootKnown, done.Reboot)
			}

			m.IgnoreReboots()
			if err := (apt.Platform{}).Reboot(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * time.Second)
			if still, err := (apt.Platform{}).Alive(t.Context(), s); err != nil || still.BootID != after.BootID {
				t.Errorf("a reboot that was ignored: %+v, %v", still, err)
			}
		})
	}
}

func aliveAgain(t *testing.T, d remote.Dialer, m *lab.Machine) remote.Alive {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		s, err := d.Dial(ctx, m.Host(lab.Ops))
		if err == nil {
			defer s.Close()
			var alive remote.Alive
			if alive, err = (apt.Platform{}).Alive(ctx, s); err == nil {
				return alive
			}
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestWrongClockIsSeen(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	m.Exec("apt-get -qq update")
	m.ShiftClock(-40 * 24 * time.Hour)
	got, err := apt.Platform{}.Scan(t.Context(), login(t, m, lab.Ops), true)
	if err == nil && got.Trusted() {
		t.Errorf("a trusted scan from a host 40 days behind, problems %+v", got.Problems)
	}
	if err == nil && time.Since(got.HostNow) < 39*24*time.Hour {
		t.Errorf("host's clock said %v", got.HostNow)
	}
}

func TestScanLeavesNoLogAndAsksNeedrestartOnlyWhereItCanFindSomething(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	s := login(t, m, lab.Root)
	said := func() string {
		found := scan(t, apt.Platform{}, s, true)
		if !found.RestartKnown {
			t.Error("needrestart is there and it is not known what needs a restart")
		}
		i := slices.IndexFunc(found.Evidence, func(e data.Evidence) bool { return e.Name == "needrestart -b" })
		return found.Evidence[i].Output
	}
	if out := said(); strings.Contains(out, "NEEDRESTART-VER") || !strings.Contains(out, "not asked") {
		t.Errorf("nothing runs old code: %s", out)
	}
	if out := m.Exec("ls /var/log/apt"); strings.Contains(out, "eipp") {
		t.Errorf("the scan wrote a log: %s", out)
	}
	m.Exec("cp /usr/bin/sleep /tmp/gone; /tmp/gone 600 >/dev/null 2>&1 & sleep 0.3; rm /tmp/gone")
	if out := said(); !strings.Contains(out, "NEEDRESTART-VER") {
		t.Errorf("a program runs whose file is gone: %s", out)
	}
	m.Exec("pkill gone; python3 -c 'import time; time.sleep(600)' >/dev/null 2>&1 & sleep 0.5")
	if out := said(); !strings.Contains(out, "NEEDRESTART-VER") {
		t.Errorf("Python runs: %s", out)
	}
	m.Exec("pkill python3; touch /boot/vmlinuz-99.1.0-1-amd64")
	if out := said(); !strings.Contains(out, "NEEDRESTART-VER") {
		t.Errorf("a newer kernel is there: %s", out)
	}
}
