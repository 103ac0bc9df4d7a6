package apt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A world is a Debian of its own below a temporary folder: the real apt-get and
// dpkg, with their own database, sources and packages, told by APT_CONFIG and
// DPKG_ADMINDIR. Nothing of this computer is touched.
type world struct {
	*testing.T
	Platform
	*shell
	root, repo string
	index      strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	needAPT(t)
	t.Parallel()
	dir := t.TempDir()
	w := &world{T: t, root: filepath.Join(dir, "root"), repo: filepath.Join(dir, "repo")}
	for _, d := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "etc/apt/sources.list.d", "var/log/apt", "usr", "tmp"} {
		w.must(os.MkdirAll(filepath.Join(w.root, d), 0o755))
	}
	w.must(os.MkdirAll(w.repo, 0o755))
	w.write(filepath.Join(w.root, "var/lib/dpkg/status"), "")
	conf := filepath.Join(dir, "apt.conf")
	w.write(conf, fmt.Sprintf(`Dir "%s";
Dir::Etc "%[1]s/etc/apt";
Dir::State::status "%[1]s/var/lib/dpkg/status";
Dir::Log "%[1]s/var/log/apt";
Dir::Bin::dpkg "/usr/bin/dpkg";
APT::Sandbox::User "root";
DPkg::Pre-Install-Pkgs "";
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
DPkg::Options { "--root=%[1]s"; "--force-script-chrootless"; "--force-unsafe-io"; "--force-not-root"; };
`, w.root))
	w.shell = &shell{env: []string{"APT_CONFIG=" + conf, "DPKG_ADMINDIR=" + filepath.Join(w.root, "var/lib/dpkg"), "HOME=" + dir}}
	w.StateDir = filepath.Join(dir, "state")
	w.write(filepath.Join(w.root, "etc/apt/sources.list"), "deb [trusted=yes] copy:"+w.repo+" ./\n")
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) write(path, text string) {
	w.Helper()
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte(text), 0o644))
}

// command runs a program in the world and returns what it printed.
func (w *world) command(name string, args ...string) string {
	w.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), append(w.env, "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// build makes a package; fields are further lines of its control file, files
// hold its scripts and contents by path.
func (w *world) build(name, version, fields string, files map[string]string) string {
	w.Helper()
	tree := w.TempDir()
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Lab <lab@example.org>\n%sDescription: lab\n", name, version, fields)
	w.write(filepath.Join(tree, "DEBIAN/control"), control)
	for path, text := range files {
		w.write(filepath.Join(tree, path), text)
		if strings.HasPrefix(path, "DEBIAN/p") {
			w.must(os.Chmod(filepath.Join(tree, path), 0o755))
		}
	}
	deb := filepath.Join(w.repo, name+"_"+version+"_all.deb")
	w.command("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", tree, deb)
	b, err := os.ReadFile(deb)
	w.must(err)
	fmt.Fprintf(&w.index, "%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", control, filepath.Base(deb), len(b), sha256.Sum256(b))
	return deb
}

// publish writes the repository's index and fetches it.
func (w *world) publish() {
	w.Helper()
	index := w.index.String()
	w.write(filepath.Join(w.repo, "Packages"), index)
	w.write(filepath.Join(w.repo, "Release"), fmt.Sprintf("Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nVersion: 12\nDate: %s\nSHA256:\n %x %d Packages\n",
		time.Now().UTC().Format(time.RFC1123), sha256.Sum256([]byte(index)), len(index)))
	w.command("apt-get", "update", "-q")
}

// have installs old versions, as they were before the repository moved on.
func (w *world) have(debs ...string) {
	w.Helper()
	args := []string{"--root=" + w.root, "--force-script-chrootless", "--force-unsafe-io", "-i"}
	w.command("dpkg", append(args, debs...)...)
}

func (w *world) state(name string) string {
	w.Helper()
	return strings.TrimSpace(w.command("dpkg-query", "-W", "-f=${db:Status-Abbrev} ${Version}", name))
}

func target(name, from, to string) data.Target {
	return data.Target{Name: name, Arch: "all", From: from, To: to, Class: data.Security}
}

// run starts a job and waits for its end.
func (w *world) run(c data.Changes, after time.Duration) remote.JobStatus {
	w.Helper()
	id := fmt.Sprintf("job-%d", time.Now().UnixNano())
	w.must(w.Start(context.Background(), w.shell, remote.Job{ID: id, Changes: c, StopAfter: after}))
	return w.wait(id)
}

func (w *world) wait(id string) remote.JobStatus {
	w.Helper()
	for range 300 {
		st, err := w.Look(context.Background(), w.shell, id, 0)
		w.must(err)
		if st.State != remote.JobRunning {
			return st
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.Fatal("the job does not end")
	return remote.JobStatus{}
}

func TestJobBringsInExactlyThePlan(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-hello", "1.0", "", nil), w.build("lab-other", "1.0", "", nil), w.build("lab-newdep", "1.0", "", nil), w.build("lab-victim", "1.0", "", nil), w.build("lab-remover", "1.0", "", nil))
	w.command("apt-mark", "auto", "lab-hello")
	w.build("lab-hello", "1.1", "", nil)
	w.build("lab-hello", "1.2", "", nil)
	w.build("lab-other", "2.0", "", nil)
	w.build("lab-newlib", "1.0", "", nil)
	w.build("lab-newdep", "2.0", "Depends: lab-newlib\n", nil)
	w.build("lab-remover", "2.0", "Conflicts: lab-victim\n", nil)
	w.publish()
	want := []data.Target{target("lab-hello", "1.0", "1.1"), target("lab-newdep", "1.0", "2.0"), target("lab-remover", "1.0", "2.0")}
	plan, err := w.Simulate(context.Background(), w.shell, want)
	w.must(err)
	if len(plan.Upgrade) != 3 || len(plan.Add) != 1 || len(plan.Remove) != 1 || plan.Add[0].Name != "lab-newlib" || plan.Remove[0].Key() != "lab-victim:all" {
		t.Fatalf("plan is %+v", plan)
	}
	st := w.run(plan, time.Minute)
	if st.State != remote.JobEnded || st.Exit != 0 || st.Done != 5 || st.Total != 5 {
		t.Errorf("%+v\n%s", st, st.Log)
	}
	for name, want := range map[string]string{"lab-hello": "ii  1.1", "lab-other": "ii  1.0", "lab-newdep": "ii  2.0", "lab-newlib": "ii  1.0"} {
		if got := w.state(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if auto := strings.Fields(w.command("apt-mark", "showauto")); !slices.Equal(auto, []string{"lab-hello", "lab-newlib"}) {
		t.Errorf("marked automatic: %q", auto)
	}
	if again := w.run(plan, time.Minute); again.Exit != 0 {
		t.Errorf("the same plan again: %+v\n%s", again, again.Log)
	}
}

func TestPlanOfManyGoesInSlices(t *testing.T) {
	w := newWorld(t)
	var c data.Changes
	var debs []string
	for i := range 23 {
		name := fmt.Sprintf("lab-%02d", i)
		debs = append(debs, w.build(name, "1", "", nil))
		w.build(name, "2", "", nil)
		c.Upgrade = append(c.Upgrade, target(name, "1", "2"))
	}
	w.have(debs...)
	w.publish()
	st := w.run(c, time.Minute)
	if st.Exit != 0 || !strings.Contains(string(st.Log), "== install 21 of 23") || strings.Count(string(st.Log), "== install") != 3 {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}

func TestFailingScriptDoesNotHideTheOthers(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-badpost", "1.0", "", nil), w.build("lab-hello", "1.0", "", nil))
	w.build("lab-badpost", "2.0", "", map[string]string{"DEBIAN/postinst": "#!/bin/sh\necho 'cannot migrate database'\nexit 1\n"})
	w.build("lab-hello", "1.1", "", nil)
	w.publish()
	c := data.Changes{Upgrade: []data.Target{target("lab-badpost", "1.0", "2.0"), target("lab-hello", "1.0", "1.1")}}
	st := w.run(c, time.Minute)
	log := string(st.Log)
	if st.Exit != ExitFailed || !strings.Contains(log, "package lab-badpost:all 2.0 missing, now 2.0=iF\n") || !strings.Contains(log, "package lab-hello:all 1.1 in\n") {
		t.Errorf("%+v\n%s", st, log)
	}
	if got := w.state("lab-hello"); got != "ii  1.1" {
		t.Errorf("lab-hello is %q", got)
	}
}

func TestEditedConffileIsKeptWithoutAQuestion(t *testing.T) {
	w := newWorld(t)
	files := func(text string) map[string]string {
		return map[string]string{"etc/lab.conf": text, "DEBIAN/conffiles": "/etc/lab.conf\n"}
	}
	w.have(w.build("lab-conf", "1.0", "", files("one\n")))
	edited := filepath.Join(w.root, "etc/lab.conf")
	w.write(edited, "the admin's\n")
	w.build("lab-conf", "2.0", "", files("two\n"))
	w.publish()
	st := w.run(data.Changes{Upgrade: []data.Target{target("lab-conf", "1.0", "2.0")}}, time.Minute)
	b, err := os.ReadFile(edited)
	if st.Exit != 0 || err != nil || string(b) != "the admin's\n" || !strings.Contains(string(st.Log), "kept: /etc/lab.conf was edited here, the package's own is /etc/lab.conf.dpkg-dist\n") {
		t.Errorf("%+v, file %q, %v\n%s", st, b, err, st.Log)
	}
}

func TestJobRefusesWhatIsNotPlanned(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-newdep", "1.0", "", nil), w.build("lab-held", "1.0", "", nil), w.build("lab-remover", "1.0", "", nil), w.build("lab-victim", "1.0", "", nil))
	w.build("lab-newlib", "1.0", "", nil)
	w.build("lab-newdep", "2.0", "Depends: lab-newlib\n", nil)
	w.build("lab-remover", "2.0", "Conflicts: lab-victim\n", nil)
	w.build("lab-held", "2.0", "", nil)
	w.publish()
	w.command("apt-mark", "hold", "lab-held")
	for name, c := range map[string]struct {
		target data.Target
		exit   int
		words  string
	}{
		"a new package":      {target("lab-newdep", "1.0", "2.0"), ExitOutside, "outside the plan: Inst lab-newlib"},
		"a removal":          {target("lab-remover", "1.0", "2.0"), ExitOutside, "remove"},
		"a held package":     {target("lab-held", "1.0", "2.0"), ExitOutside, "Held packages were changed"},
		"a version gone":     {target("lab-newdep", "1.0", "3.0"), ExitOutside, "Version '3.0' for 'lab-newdep' was not found"},
		"another start":      {target("lab-newdep", "0.9", "2.0"), ExitChanged, "the plan was made for lab-newdep:all=0.9"},
		"a package not here": {target("lab-nowhere", "1.0", "2.0"), ExitChanged, "lab-nowhere"},
	} {
		st := w.run(data.Changes{Upgrade: []data.Target{c.target}}, time.Minute)
		if st.Exit != c.exit || !strings.Contains(string(st.Log), c.words) {
			t.Errorf("%s: %+v\n%s", name, st, st.Log)
		}
	}
	for _, name := range []string{"lab-newdep", "lab-held", "lab-remover", "lab-victim"} {
		if got := w.state(name); !strings.HasSuffix(got, "i  1.0") {
			t.Errorf("%s is %q", name, got)
		}
	}
	var exit *remote.ExitError
	if _, err := w.Simulate(context.Background(), w.shell, []data.Target{target("lab-held", "1.0", "2.0")}); !errors.As(err, &exit) || !strings.Contains(exit.Stderr, "Held packages") {
		t.Errorf("simulation of a held package: %v", err)
	}
}

func TestFailedDownloadInstallsNothing(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-hello", "1.0", "", nil))
	deb := w.build("lab-hello", "1.1", "", nil)
	w.publish()
	w.must(os.Remove(deb))
	st := w.run(data.Changes{Upgrade: []data.Target{target("lab-hello", "1.0", "1.1")}}, time.Minute)
	if st.Exit != ExitNoDownload || w.state("lab-hello") != "ii  1.0" {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}

func TestDeadlineStopsBetweenSlices(t *testing.T) {
	w := newWorld(t)
	var c data.Changes
	var debs []string
	slow := map[string]string{"DEBIAN/postinst": "#!/bin/sh\nsleep 0.5\n"}
	for i := range 25 {
		name := fmt.Sprintf("lab-%02d", i)
		debs = append(debs, w.build(name, "1", "", nil))
		w.build(name, "2", "", slow)
		c.Upgrade = append(c.Upgrade, target(name, "1", "2"))
	}
	w.have(debs...)
	w.publish()
	st := w.run(c, 6*time.Second)
	if st.Exit != ExitHalted || st.Stopped != "deadline" || st.Done == 0 || st.Done%10 != 0 || st.Done == 25 {
		t.Errorf("%+v\n%s", st, st.Log)
	}
	if n := strings.Count(string(st.Log), " 2 in\n"); n != st.Done {
		t.Errorf("%d packages are told in, %d done", n, st.Done)
	}
}

func TestCancelledJobInstallsNothing(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-hello", "1.0", "", nil))
	w.build("lab-hello", "1.1", "", nil)
	w.publish()
	id := "job-cancelled"
	w.must(os.MkdirAll(filepath.Join(w.StateDir, "jobs", id), 0o700))
	w.write(filepath.Join(w.StateDir, "jobs", id, "cancel"), "")
	w.must(w.Start(context.Background(), w.shell, remote.Job{ID: id, StopAfter: time.Minute, Changes: data.Changes{Upgrade: []data.Target{target("lab-hello", "1.0", "1.1")}}}))
	if st := w.wait(id); st.Exit != ExitHalted || st.Stopped != "cancelled" || w.state("lab-hello") != "ii  1.0" {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}

func TestChecksNameWhatIsInTheWay(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-hello", "1.0", "", nil), w.build("lab-held", "1.0", "", nil), w.build("lab-newdep", "1.0", "", nil))
	w.build("lab-hello", "1.1", "", nil)
	w.build("lab-held", "1.1", "", nil)
	w.build("lab-newlib", "1.0", "", nil)
	w.build("lab-newdep", "2.0", "Depends: lab-newlib\n", nil)
	w.publish()
	w.command("apt-mark", "hold", "lab-held")
	check := func(t data.Target) map[string]data.CheckResult {
		checks, err := w.Check(context.Background(), w.shell, data.Changes{Upgrade: []data.Target{t}})
		w.must(err)
		got := map[string]data.CheckResult{}
		for _, c := range checks {
			got[c.Name] = c.Result
		}
		return got
	}
	good := check(target("lab-hello", "1.0", "1.1"))
	for _, name := range []string{"clock", "other jobs", "free disk /", "free disk /var/cache/apt/archives", "package manager lock", "dpkg", "held packages", "plan"} {
		if good[name] != data.CheckPassed {
			t.Errorf("%s: %q", name, good[name])
		}
	}
	held := check(target("lab-held", "1.0", "1.1"))
	if held["held packages"] != data.CheckFailed || held["plan"] != data.CheckFailed {
		t.Errorf("a held package: %v", held)
	}
	for name, x := range map[string]data.Target{
		"a version gone": target("lab-hello", "1.0", "9"), "a new dependency": target("lab-newdep", "1.0", "2.0"), "another start": target("lab-hello", "0.9", "1.1"),
	} {
		if got := check(x); got["plan"] != data.CheckFailed {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Somebody refreshes the host's lists while the job is at work, and the rest of
// the plan now needs a package that nobody approved.
func TestListsThatChangeDuringTheJobBringInNothingUnplanned(t *testing.T) {
	w := newWorld(t)
	var c data.Changes
	var debs []string
	for i := range 12 {
		name := fmt.Sprintf("lab-%02d", i)
		debs = append(debs, w.build(name, "1", "", nil))
		w.build(name, "2", "", map[string]string{"DEBIAN/postinst": "#!/bin/sh\nsleep 0.5\n"})
		c.Upgrade = append(c.Upgrade, target(name, "1", "2"))
	}
	w.build("lab-newlib", "1.0", "", nil)
	w.have(debs...)
	w.publish()
	id := "job-changing"
	w.must(w.Start(context.Background(), w.shell, remote.Job{ID: id, Changes: c, StopAfter: time.Minute}))
	for range 300 {
		st, err := w.Look(context.Background(), w.shell, id, 0)
		w.must(err)
		if strings.HasPrefix(st.Step, "install 1 of") || st.State != remote.JobRunning {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	old := w.index.String()
	w.index.Reset()
	w.index.WriteString(strings.Replace(old, "Package: lab-11\nVersion: 2\n", "Package: lab-11\nVersion: 2\nDepends: lab-newlib\n", 1))
	w.publish()
	st := w.wait(id)
	if st.Exit != ExitFailed || st.Done != 10 || !strings.Contains(string(st.Log), "outside the plan: Inst lab-newlib") {
		t.Errorf("%+v\n%s", st, st.Log)
	}
	if n := strings.Count(w.command("dpkg-query", "-W", "-f=${Package}\n"), "lab-newlib"); n != 0 {
		t.Error("a package that is not in the plan was installed")
	}
}
