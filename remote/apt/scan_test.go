package apt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// labAnswer is a whole answer of the lab's Debian host. change replaces sections.
func labAnswer(t *testing.T, change map[string]linux.Section) linux.Answer {
	t.Helper()
	list := recorded(t, "apt-list-upgradable.lab")
	var installed strings.Builder
	updates, err := parseList(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range updates {
		status := "ii "
		if u.Name == "lab-held" {
			status = "hi "
		}
		installed.WriteString(u.Name + "\t" + u.Arch + "\t" + u.Installed + "\t" + status + "\n")
	}
	texts := [][2]string{
		{"uname -v", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.99-1 (2026-01-01)\n"},
		{"lock files", "11 /var/lib/dpkg/lock-frontend\n"}, {"locks", ""}, {"dpkg updates", ""}, {"dpkg --audit", ""},
		{"dpkg-query", installed.String()}, {"apt list --upgradable", list},
		{"apt-get -s upgrade", recorded(t, "apt-get-s-upgrade.lab")}, {"apt-get -s for the rest", recorded(t, "apt-get-s-dist-upgrade.lab")},
		{"apt-cache policy", "lab-hello:\n  Installed: 1.0-1\n  Version table:\n     1.1-1 500\n        500 http://repo.lab/deb bookworm/main amd64 Packages\n     1.0-2 500\n        500 http://repo.lab/deb bookworm-security/main amd64 Packages\n"},
		{"sources", "'http://repo.lab/deb/dists/bookworm/InRelease' repo_bookworm_InRelease 0 \n"},
		{"release files", "File: repo_bookworm_InRelease\nValid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n"},
		{"release times", "1795391267 /var/lib/apt/lists/repo_bookworm_InRelease\n"},
		{"reboot-required", "*** System restart required ***\n"}, {"reboot-required.pkgs", "linux-image-6.1.0-99-lab\nlinux-image-6.1.0-99-lab\n"},
		{"needrestart -b", recorded(t, "needrestart-b")},
	}
	var a linux.Answer
	for _, x := range texts {
		s, ok := change[x[0]]
		if !ok {
			s.Out = x[1]
		}
		s.Name = x[0]
		a = append(a, s)
	}
	for name, s := range change {
		if _, err := a.Section(name); err != nil {
			s.Name = name
			a = append(a, s)
		}
	}
	return a
}

func labScan() data.Scan {
	return data.Scan{Root: true, HostNow: time.Unix(1795400000, 0).UTC(), Kernel: data.Kernel{Running: "6.1.0-99-lab"}}
}

func TestScanOfTheLabHost(t *testing.T) {
	scan, err := read(labAnswer(t, nil), labScan(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !scan.Trusted() || len(scan.Problems) != 0 || scan.Platform != data.APT || len(scan.Updates) != 41 || len(scan.Installed) != 41 {
		t.Fatalf("problems %+v, %d updates", scan.Problems, len(scan.Updates))
	}
	holds, security := map[string]data.Hold{}, 0
	for _, u := range scan.Updates {
		if u.Hold != data.NotHeld {
			holds[u.Name] = u.Hold
		}
		if u.Class == data.Security {
			security++
		}
		if u.Severity != data.SeverityUnknown {
			t.Errorf("%s has severity %q, which no source told", u.Name, u.Severity)
		}
	}
	if len(holds) != 3 || holds["lab-held"] != data.Held || holds["lab-newdep"] != data.KeptBack || holds["lab-remover"] != data.KeptBack {
		t.Errorf("holds are %v", holds)
	}
	// 32 by their origin, and lab-hello, whose new version replaces a security fix.
	if security != 33 {
		t.Errorf("%d security updates", security)
	}
	i := slices.IndexFunc(scan.Updates, func(u data.Update) bool { return u.Name == "openssl" })
	if u := scan.Updates[i]; u.Origin != "Debian-Security:12/oldstable-security" || u.Installed != "3.0.20-1~deb12u2" || u.Available != "3.0.22-1~deb12u2" {
		t.Errorf("openssl is %+v", u)
	}
	if !scan.RebootKnown || len(scan.Reboot) != 1 || scan.Reboot[0] != (data.RebootReason{Source: "reboot-required", Detail: "linux-image-6.1.0-99-lab"}) {
		t.Errorf("reboot: %+v", scan.Reboot)
	}
	if !scan.RestartKnown || !slices.Equal(scan.Restart, []string{"ssh"}) || scan.MetadataAt.Unix() != 1795391267 {
		t.Errorf("restart %v, metadata %v", scan.Restart, scan.MetadataAt)
	}
}

func TestPhasedUpdateIsPhased(t *testing.T) {
	list := "base-files/jammy-updates 12.2 amd64 [upgradable from: 12.1]\n"
	const no = "The following upgrades have been deferred due to phasing:\n  base-files\n0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n"
	const yes = "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst base-files [12.1] (12.2 Ubuntu:22.04/jammy-updates [amd64])\n"
	scan, err := read(labAnswer(t, map[string]linux.Section{
		"apt list --upgradable": {Out: list}, "apt-get -s upgrade": {Out: no}, "apt-get -s for the rest": {Out: yes},
	}), labScan(), false)
	if err != nil || len(scan.Updates) != 1 || scan.Updates[0].Hold != data.Phased || scan.Updates[0].Class != data.BugFix || !scan.Trusted() {
		t.Errorf("%+v, %+v, %v", scan.Updates, scan.Problems, err)
	}
}

func TestNothingLeftBehindNeedsNoSecondSimulation(t *testing.T) {
	const list = "bash/oldstable-security 5.2 amd64 [upgradable from: 5.1]\n"
	const all = "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst bash [5.1] (5.2 Debian-Security:12/oldstable-security [amd64])\n"
	const one = "0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n"
	change := map[string]linux.Section{"apt list --upgradable": {Out: list}, "apt-get -s upgrade": {Out: all}, "apt-get -s for the rest": {Status: notAsked}}
	scan, err := read(labAnswer(t, change), labScan(), false)
	if err != nil || len(scan.Updates) != 1 || scan.Updates[0].Hold != data.NotHeld || scan.Updates[0].Origin != "Debian-Security:12/oldstable-security" || !scan.Trusted() {
		t.Errorf("%+v, %+v, %v", scan.Updates, scan.Problems, err)
	}
	change["apt-get -s upgrade"] = linux.Section{Out: one}
	if _, err := read(labAnswer(t, change), labScan(), false); !errors.Is(err, remote.ErrGarbage) {
		t.Errorf("one update is left and nobody asked about it: %v", err)
	}
}

func TestSilentNeedrestartMeansNothingToRestart(t *testing.T) {
	scan, err := read(labAnswer(t, map[string]linux.Section{"needrestart -b": {Err: "not asked: …\n"}}), labScan(), false)
	if err != nil || !scan.RestartKnown || len(scan.Restart) != 0 {
		t.Errorf("restart %v %v, %v", scan.RestartKnown, scan.Restart, err)
	}
	if scan, err = read(labAnswer(t, map[string]linux.Section{"needrestart -b": {Status: notAsked}}), labScan(), false); err != nil || scan.RestartKnown {
		t.Errorf("without needrestart: %v %v, %v", scan.RestartKnown, scan.Restart, err)
	}
}

func TestWhatCannotBeBelievedMakesAScanUntrusted(t *testing.T) {
	for name, c := range map[string]struct {
		kind    data.ProblemKind
		section string
		says    linux.Section
	}{
		"never fetched":      {data.MetadataMissing, "release files", linux.Section{}},
		"one source missing": {data.MetadataMissing, "sources", linux.Section{Out: "'http://x/InRelease' x_InRelease 0 \n'http://repo.lab/InRelease' repo_bookworm_InRelease 0 \n"}},
		"no source":          {data.MetadataMissing, "sources", linux.Section{}},
		"sources broken":     {data.MetadataMissing, "sources", linux.Section{Status: 100, Err: "E: Malformed entry 1 in list file"}},
		"lists too old":      {data.SourceExpired, "release files", linux.Section{Out: "File: repo_bookworm_InRelease\nValid-Until: Sat, 01 Nov 2025 00:53:02 UTC\n"}},
		"lock held":          {data.PlatformBusy, "locks", linux.Section{Out: "1: POSIX  ADVISORY  WRITE 133 00:2f:11 0 EOF\n"}},
		"dpkg interrupted":   {data.PackagesBroken, "dpkg updates", linux.Section{Out: "0000\n0001\ntmp.i\n"}},
		"half configured":    {data.PackagesBroken, "dpkg-query", linux.Section{Out: "lab-badpost\tall\t2.0-1\tiF \n"}},
		"audit speaks":       {data.PackagesBroken, "dpkg --audit", linux.Section{Out: "The following packages are only half configured\n"}},
		"solver refuses":     {data.PackagesBroken, "apt-get -s upgrade", linux.Section{Status: 100, Err: "E: Unmet dependencies. Try 'apt --fix-broken install'"}},
		"list cut short":     {data.Contradiction, "apt list --upgradable", linux.Section{Out: "Listing...\n"}},
	} {
		scan, err := read(labAnswer(t, map[string]linux.Section{c.section: c.says}), labScan(), false)
		found := slices.ContainsFunc(scan.Problems, func(p data.Problem) bool { return p.Kind == c.kind && p.Detail != "" })
		if err != nil || scan.Trusted() || !found {
			t.Errorf("%s: %+v, %v", name, scan.Problems, err)
		}
	}
}

func TestRefreshIsBelievedOnlyWhenEverySourceAnswered(t *testing.T) {
	good, err := read(labAnswer(t, map[string]linux.Section{"apt-get update": {Out: "Hit:1 http://repo.lab/deb bookworm InRelease\n"}}), labScan(), true)
	if err != nil || !good.Trusted() || !good.MetadataAt.Equal(good.HostNow) {
		t.Errorf("%+v, metadata %v, %v", good.Problems, good.MetadataAt, err)
	}
	dead, err := read(labAnswer(t, map[string]linux.Section{"apt-get update": {Out: recorded(t, "fault-repo-503-apt")}}), labScan(), true)
	if err != nil || dead.Trusted() || dead.MetadataAt.Equal(dead.HostNow) {
		t.Errorf("%+v, metadata %v, %v", dead.Problems, dead.MetadataAt, err)
	}
	if _, err := read(labAnswer(t, nil), labScan(), true); err == nil {
		t.Error("a refresh without its section was believed")
	}
}

func TestMissingSectionFailsTheScan(t *testing.T) {
	whole := labAnswer(t, nil)
	for i := range whole {
		if _, err := read(slices.Concat(whole[:i], whole[i+1:]), labScan(), false); err == nil {
			t.Errorf("without %q it was read", whole[i].Name)
		}
	}
}

func TestRebuiltKernelOfTheSameNameWantsAReboot(t *testing.T) {
	a := labAnswer(t, map[string]linux.Section{"reboot-required": {}, "reboot-required.pkgs": {}, "uname -v": {Out: "#1 SMP Debian 6.1.98-1 (2025-01-01)\n"}})
	scan, err := read(a, labScan(), false)
	if err != nil || len(scan.Reboot) != 1 || scan.Reboot[0].Source != "kernel" {
		t.Errorf("%+v, %v", scan.Reboot, err)
	}
}

func TestWithoutRootRestartsAreNotKnown(t *testing.T) {
	base := labScan()
	base.Root = false
	scan, err := read(labAnswer(t, nil), base, false)
	if err != nil || scan.RestartKnown {
		t.Errorf("%v, %v", scan.RestartKnown, err)
	}
}

// The scan of this computer must be what its own APT says, package by package.
func TestScanOfThisComputerEqualsAPT(t *testing.T) {
	needAPT(t)
	s, err := remote.Local{}.Dial(context.Background(), data.Host{Name: "here", Reach: data.ReachLocal})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scan, err := Platform{}.Scan(context.Background(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("apt", "list", "--upgradable")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(string(out), "[upgradable from")
	if len(scan.Updates) != lines || len(scan.Installed) == 0 {
		t.Errorf("%d updates, apt lists %d; %d packages", len(scan.Updates), lines, len(scan.Installed))
	}
	for _, u := range scan.Updates {
		want := u.Name + "/"
		if !strings.Contains(string(out), want) || !strings.Contains(string(out), " "+u.Available+" "+u.Arch+" [upgradable from: "+u.Installed+"]") {
			t.Errorf("apt does not say %+v", u)
		}
	}
	for _, p := range scan.Problems {
		t.Logf("problem: %+v", p)
	}
	t.Logf("%d updates, %d packages, metadata of %v, trusted %v", len(scan.Updates), len(scan.Installed), scan.MetadataAt, scan.Trusted())
}

func TestScanFindsDeadAndLivingSources(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-hello", "1.0", "", nil))
	w.build("lab-hello", "1.1", "", nil)
	w.publish()
	scan, err := w.Scan(context.Background(), w.shell, true)
	if err != nil || len(scan.Updates) != 1 || scan.Updates[0].Class != data.Security || len(scan.Installed) != 1 {
		t.Fatalf("%+v, %v", scan.Updates, err)
	}
	if slices.ContainsFunc(scan.Problems, func(p data.Problem) bool { return p.Kind == data.SourceUnreachable }) {
		t.Errorf("%+v", scan.Problems)
	}
	w.write(filepath.Join(w.root, "etc/apt/sources.list"), "deb [trusted=yes] copy:"+w.repo+" ./\ndeb http://127.0.0.1:9/debian bookworm main\n")
	scan, err = w.Scan(context.Background(), w.shell, true)
	if err != nil || scan.Trusted() || !slices.ContainsFunc(scan.Problems, func(p data.Problem) bool {
		return p.Kind == data.SourceUnreachable && strings.Contains(p.Detail, "127.0.0.1:9")
	}) {
		t.Errorf("dead source: %+v, %v", scan.Problems, err)
	}
}

func TestLockHeldByAProcessIsSeenInProc(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	a, err := linux.Ask(context.Background(), &shell{}, linux.Question{Name: "locks", Args: []string{path},
		Script: "section 'files' stat -c '%i %n' \"$1\"\nsection 'locks' cat /proc/locks\nfinish\n"})
	if err != nil {
		t.Fatal(err)
	}
	held, err := heldLocks(a[0].Lines(), a[1].Out)
	if err != nil || len(held) != 1 || !strings.HasPrefix(held[0], path+" is held by process ") {
		t.Errorf("%q, %v", held, err)
	}
}
