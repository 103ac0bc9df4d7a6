package zypper

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// sample returns a recorded output as the section called name.
func sample(t *testing.T, name, file string) linux.Section {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(b), "\n")
	i := strings.LastIndex(text, "[exit ")
	status, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text[i+len("[exit "):]), "]"))
	if err != nil {
		t.Fatal(err)
	}
	return linux.Section{Name: name, Out: text[:i], Status: status}
}

const installed = "labssl\tnoarch\t1.0-1.el9\t1\nkernel-core\tnoarch\t5.14.0-427.1.el9\t1\nlabdep\tnoarch\t1.0-1.el9\t1\nlabobs\tnoarch\t1.0-1.el9\t1\n"

// scanAnswer is the answer of a host in good order, with other sections in place of its own.
func scanAnswer(t *testing.T, other ...linux.Section) linux.Answer {
	t.Helper()
	a := linux.Answer{
		{Name: "busy"}, {Name: "rpm -qa", Out: installed},
		sample(t, "repos", "repos.txt"), sample(t, "list-updates", "zypper-xml-list-updates.txt"),
		sample(t, "list-updates --all", "list-updates-all.txt"), sample(t, "list-patches", "zypper-xml-list-patches.txt"),
		sample(t, "locks", "locks.txt"), {Name: "ages", Out: "1795392525 /var/cache/zypp/raw/lab-updates/repodata/repomd.xml\n"},
		{Name: "needs-rebooting"}, {Name: "ps"},
	}
	for _, s := range other {
		a = append(slices.DeleteFunc(a, func(x linux.Section) bool { return x.Name == s.Name }), s)
	}
	return a
}

func find(t *testing.T, scan data.Scan, name string) data.Update {
	t.Helper()
	i := slices.IndexFunc(scan.Updates, func(u data.Update) bool { return u.Name == name })
	if i < 0 {
		t.Fatalf("%s is not listed", name)
	}
	return scan.Updates[i]
}

func TestScanReadsUpdatesPatchesAndLocks(t *testing.T) {
	var scan data.Scan
	patches, err := read(scanAnswer(t, sample(t, "list-updates", "list-updates-locked.txt")), &scan)
	if err != nil {
		t.Fatal(err)
	}
	addFixes(patches, sample(t, "", "patch-info.txt").Out)
	classify(&scan, patches)
	if !scan.Trusted() || scan.MetadataAt.Unix() != 1795392525 {
		t.Errorf("problems %+v, lists of %v", scan.Problems, scan.MetadataAt)
	}
	want := data.Update{Name: "labssl", Arch: "noarch", Installed: "1.0-1.el9", Available: "1.0-2.el9", Origin: "lab-updates", Class: data.Security,
		Severity: data.High, Hold: data.Held, Advisories: []string{"RHSA-2099:0001"}, CVEs: []string{"CVE-2099-1234"}}
	got := find(t, scan, "labssl")
	if got.Released.Unix() != 1793577600 {
		t.Errorf("released %v", got.Released)
	}
	got.Released = want.Released
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if u := find(t, scan, "labslow"); u.Hold != data.Held {
		t.Errorf("a lock by wildcard does not hold: %+v", u)
	}
	if u := find(t, scan, "labbroken"); u.Hold != data.KeptBack {
		t.Errorf("what cannot be installed is not kept back: %+v", u)
	}
	if u := find(t, scan, "labmod"); u.Class != data.Security || u.Severity != data.Medium || u.Hold != data.NotHeld {
		t.Errorf("a version behind the fixing one is no security update: %+v", u)
	}
}

// zypper patch --non-interactive would skip this one: "Patch 'RHSA-2099:0006-1' is interactive, skipping."
func TestInteractivePatchIsShown(t *testing.T) {
	var scan data.Scan
	patches, err := read(scanAnswer(t), &scan)
	if err != nil {
		t.Fatal(err)
	}
	addFixes(patches, sample(t, "", "patch-info.txt").Out)
	classify(&scan, patches)
	if u := find(t, scan, "kernel-core"); !slices.Equal(u.Advisories, []string{"RHSA-2099:0006"}) || u.Class != data.Security {
		t.Errorf("%+v", u)
	}
}

func TestNeededSecurityPatchWithoutUpdateIsAContradiction(t *testing.T) {
	var scan data.Scan
	empty := linux.Section{Out: "<stream><update-status><update-list/></update-status></stream>"}
	one, two := empty, empty
	one.Name, two.Name = "list-updates", "list-updates --all"
	patches, err := read(scanAnswer(t, one, two), &scan)
	if err != nil {
		t.Fatal(err)
	}
	classify(&scan, patches)
	if scan.Trusted() {
		t.Error("the scan is trusted although needed patches have no update")
	}
}

func TestDeadRepositoryDoesNotLookLikeNoUpdates(t *testing.T) {
	for _, c := range []struct {
		name string
		a    linux.Answer
		kind data.ProblemKind
	}{
		{"exit 0 and an empty list", scanAnswer(t, sample(t, "list-updates", "list-updates-dead.txt")), data.SourceUnreachable},
		{"refresh", scanAnswer(t, sample(t, "refresh", "refresh-dead.txt")), data.SourceUnreachable},
		{"locked", scanAnswer(t, linux.Section{Name: "list-updates", Status: 7, Out: "<stream><message type=\"error\">System management is locked by the application with pid 234 (zypper).</message></stream>"}), data.PlatformBusy},
		{"busy before", scanAnswer(t, linux.Section{Name: "busy", Out: "234 /run/zypp.pid\n"}), data.PlatformBusy},
		{"no repositories", scanAnswer(t, linux.Section{Name: "list-updates", Status: 6, Out: "<stream/>"}), data.MetadataMissing},
		{"never fetched", scanAnswer(t, linux.Section{Name: "ages"}), data.MetadataMissing},
		{"left out", scanAnswer(t, func() linux.Section {
			s := sample(t, "list-updates", "zypper-xml-list-updates.txt")
			s.Status = 106
			return s
		}()), data.SourceUnreachable},
	} {
		var scan data.Scan
		if _, err := read(c.a, &scan); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if scan.Trusted() || scan.Problems[0].Kind != c.kind {
			t.Errorf("%s: problems %+v", c.name, scan.Problems)
		}
	}
}

func TestCutInstallationIsAProblem(t *testing.T) {
	var scan data.Scan
	a := scanAnswer(t, linux.Section{Name: "rpm -qa", Out: installed + "labssl\tnoarch\t1.0-2.el9\t2\n"})
	if _, err := read(a, &scan); err != nil {
		t.Fatal(err)
	}
	if len(scan.Problems) != 1 || scan.Problems[0].Kind != data.PackagesBroken || !strings.Contains(scan.Problems[0].Detail, "labssl:noarch") {
		t.Errorf("problems %+v", scan.Problems)
	}
}

func TestUnreadableListIsAnError(t *testing.T) {
	for _, text := range []string{"", "Loading repository data...", "<stream>", "<stream/>", "<stream><update-status><update-list><update kind='package' name='a b' edition='1-1' arch='noarch'/></update-list></update-status></stream>",
		"<stream><update-status><update-list><update kind='odd' name='a' edition='1-1' arch='noarch'/></update-list></update-status></stream>"} {
		var scan data.Scan
		if _, err := read(scanAnswer(t, linux.Section{Name: "list-updates", Out: text}), &scan); err == nil {
			t.Errorf("%q was read as %+v", text, scan.Updates)
		}
	}
}

func TestSummaryBecomesChanges(t *testing.T) {
	want := []data.Target{{Name: "labdep", Arch: "noarch", To: "2.0-1.el9", Class: data.Security}, {Name: "labobs-ng", Arch: "noarch", To: "2.0-1.el9"}}
	c, err := simulated(linux.Answer{{Name: "rpm -qa", Out: installed}, sample(t, "install --dry-run", "dry-run.txt")}, want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data.Changes{
		Upgrade: []data.Target{{Name: "kernel-core", Arch: "noarch", From: "5.14.0-427.1.el9", To: "5.14.0-427.2.el9", Origin: "lab-updates"},
			{Name: "labdep", Arch: "noarch", From: "1.0-1.el9", To: "2.0-1.el9", Origin: "lab-updates", Class: data.Security}},
		Add: []data.Target{{Name: "labnew", Arch: "noarch", To: "1.0-1.el9", Origin: "lab-updates"},
			{Name: "labobs-ng", Arch: "noarch", To: "2.0-1.el9", Origin: "lab-updates"}},
		Remove: []data.Target{{Name: "labobs", Arch: "noarch", From: "1.0-1.el9"}},
	}, c); diff != "" {
		t.Error(diff)
	}
}

func TestRefusalOfTheSolverIsAnExitError(t *testing.T) {
	for file, status := range map[string]int{"dry-run-broken.txt": 4, "dry-run-gone.txt": 104} {
		c, err := simulated(linux.Answer{{Name: "rpm -qa", Out: installed}, sample(t, "install --dry-run", file)}, nil)
		var exit *remote.ExitError
		if !errors.As(err, &exit) || exit.Status != status || exit.Stderr == "" {
			t.Errorf("%s: %+v, %v", file, c, err)
		}
	}
	locked := linux.Section{Name: "install --dry-run", Status: 7, Out: "<stream><message type=\"error\">System management is locked</message></stream>"}
	if _, err := simulated(linux.Answer{{Name: "rpm -qa", Out: installed}, locked}, nil); !errors.Is(err, remote.ErrBusy) {
		t.Errorf("a lock is %v", err)
	}
}

func TestVersionThatWouldNotComeInIsRefused(t *testing.T) {
	for _, w := range []data.Target{{Name: "labdep", Arch: "noarch", To: "2.1-1.el9"}, {Name: "other", Arch: "noarch", To: "1-1"}} {
		c, err := simulated(linux.Answer{{Name: "rpm -qa", Out: installed}, sample(t, "install --dry-run", "dry-run.txt")}, []data.Target{w})
		var exit *remote.ExitError
		if !errors.As(err, &exit) || exit.Status == 0 || !strings.Contains(exit.Stderr, w.Name+" "+w.To) {
			t.Errorf("%s: %+v, %v", w.Name, c, err)
		}
	}
}

func TestSummaryOfUnknownDeedsIsAnError(t *testing.T) {
	for _, text := range []string{
		`<stream><install-summary packages-to-change="1"><to-downgrade><solvable type="package" name="a" edition="1-1" arch="noarch"/></to-downgrade></install-summary></stream>`,
		`<stream><install-summary packages-to-change="2"><to-upgrade><solvable type="package" name="a" edition="1-1" arch="noarch"/></to-upgrade></install-summary></stream>`,
		`<stream></stream>`,
	} {
		s, err := parseStream(text)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := s.changes(); err == nil {
			t.Errorf("%s was read as %+v", text, c)
		}
	}
}

func TestSeveralConflictsOfAPatchAreRead(t *testing.T) {
	list := []patch{{id: "SUSE-SLE-2024-1"}}
	addFixes(list, "Information for patch SUSE-SLE-2024-1:\n---\nConflicts   : [3]\n    srcpackage:openssl-1_1 < 1.1.1w-150600.5.6.1\n    libopenssl1_1.x86_64 < 1.1.1w-150600.5.6.1\n    openssl-1_1-doc.noarch < 1.1.1w-150600.5.6.1\n")
	want := []fix{{"libopenssl1_1", "x86_64", "1.1.1w-150600.5.6.1"}, {"openssl-1_1-doc", "noarch", "1.1.1w-150600.5.6.1"}}
	if !slices.Equal(list[0].fixes, want) {
		t.Errorf("fixes %+v", list[0].fixes)
	}
}

func TestRebootAndServicesAreRead(t *testing.T) {
	scan := data.Scan{Root: true}
	_, err := read(scanAnswer(t, linux.Section{Name: "needs-rebooting", Status: 102}, linux.Section{Name: "ps", Status: 102, Out: "sshd\ncron\n"}), &scan)
	if err != nil || len(scan.Reboot) != 1 || !scan.RebootKnown || !scan.RestartKnown || !slices.Equal(scan.Restart, []string{"cron", "sshd"}) {
		t.Errorf("%+v %v %v", scan.Reboot, scan.Restart, err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(`<stream><update-status><update-list><update kind="package" name="a" edition="1-1" arch="noarch"/></update-list></update-status></stream>`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseStream(text)
		if err != nil {
			return
		}
		list, err := s.packages()
		if err == nil && len(list) != len(s.Status.Updates)+len(s.Status.Blocked) {
			t.Error("an update was skipped")
		}
		_, _ = s.patches()
		_, _ = s.changes()
	})
}
