package pacman

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// lines returns the lines of a recorded output for which keep says yes.
func lines(t *testing.T, file string, keep func(string) bool) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "$") && keep(line) {
			out.WriteString(line)
		}
	}
	return out.String()
}

func arrow(line string) bool   { return strings.Contains(line, " -> ") }
func target4(line string) bool { return !arrow(line) && strings.Contains(line, " lab ") }

const (
	installedNow = "labbadpost 1.0-1\nlabconf 1.0-1\nlabhello 1.0-1\nlabignored 1.0-1\nlabrep 1.0-1\nlabslow 1.0-1\nlinux 6.6.1.arch1-1\nopenssl 3.0.0-1\n"
	details      = "Repository      : lab\nName            : labhello\nReplaces        : None\n\nRepository      : lab\nName            : labrep-ng\nVersion         : 2.0-1\nReplaces        : labrep<2  other\n"
)

func answer(t *testing.T, other ...linux.Section) linux.Answer {
	t.Helper()
	a := linux.Answer{
		{Name: "lock"}, {Name: "pacman -Q", Out: installedNow}, {Name: "repos", Out: "lab\n"},
		{Name: "ages", Out: "1795392525 /var/lib/pacman/sync/lab.db\n"},
		{Name: "pacman -Qu", Out: lines(t, "pacman-checkupdates.txt", arrow)},
		{Name: "pacman -Sup", Out: lines(t, "pacman-Sup.txt", target4)},
		{Name: "pacman -Si", Out: details}, {Name: "core"},
	}
	for _, s := range other {
		a = append(slices.DeleteFunc(a, func(x linux.Section) bool { return x.Name == s.Name }), s)
	}
	return a
}

func TestUpdatesHoldsAndReplacementsAreRead(t *testing.T) {
	var scan data.Scan
	if err := read(answer(t), &scan); err != nil {
		t.Fatal(err)
	}
	if len(scan.Updates) != 8 || !scan.Trusted() || scan.MetadataAt.Unix() != 1795392525 || scan.RestartKnown {
		t.Fatalf("%+v", scan)
	}
	for _, want := range []data.Update{
		{Name: "openssl", Installed: "3.0.0-1", Available: "3.0.1-1", Origin: "lab", Size: 321},
		{Name: "labignored", Installed: "1.0-1", Available: "2.0-1", Hold: data.Held},
		{Name: "labrep-ng", Installed: "1.0-1", Available: "2.0-1", Origin: "lab", Size: 343, Replaces: "labrep"},
	} {
		i := slices.IndexFunc(scan.Updates, func(u data.Update) bool { return u.Name == want.Name })
		if i < 0 {
			t.Errorf("%s is not listed", want.Name)
		} else if diff := cmp.Diff(want, scan.Updates[i]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestNoUpdatesIsExitStatusOne(t *testing.T) {
	var scan data.Scan
	err := read(answer(t, linux.Section{Name: "pacman -Qu", Status: 1}, linux.Section{Name: "pacman -Sup"}, linux.Section{Name: "pacman -Si"}), &scan)
	if err != nil || len(scan.Updates) != 0 || !scan.Trusted() {
		t.Errorf("%+v, %v", scan, err)
	}
}

func TestDeadRepositoryDoesNotLookLikeNoUpdates(t *testing.T) {
	for _, c := range []struct {
		name  string
		other linux.Section
		kind  data.ProblemKind
	}{
		{"dead", linux.Section{Name: "refresh", Status: 1, Err: "error: failed retrieving file 'lab.db' from repo.lab:1\nerror: failed to synchronize all databases (download library error)"}, data.SourceUnreachable},
		{"locked", linux.Section{Name: "refresh", Status: 1, Err: "error: failed to synchronize all databases (unable to lock database)"}, data.PlatformBusy},
		{"signature", linux.Section{Name: "refresh", Status: 1, Err: "error: lab: signature from \"x\" is invalid"}, data.SourceExpired},
		{"lock file", linux.Section{Name: "lock", Out: "/var/lib/pacman/db.lck\n"}, data.PlatformBusy},
		{"never fetched", linux.Section{Name: "ages"}, data.MetadataMissing},
		{"no repository", linux.Section{Name: "repos"}, data.MetadataMissing},
		{"error beside nothing", linux.Section{Name: "pacman -Qu", Status: 1, Err: "error: could not open database"}, data.Contradiction},
	} {
		var scan data.Scan
		if err := read(answer(t, c.other), &scan); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if scan.Trusted() || scan.Problems[0].Kind != c.kind {
			t.Errorf("%s: problems %+v", c.name, scan.Problems)
		}
	}
}

func TestUnreadableLineIsAnError(t *testing.T) {
	for _, s := range []linux.Section{
		{Name: "pacman -Qu", Out: "labhello 1.0-1 => 1.1-1\n"}, {Name: "pacman -Qu", Out: "labhello 1.0-1 -> 1.1-1 [odd]\n"},
		{Name: "pacman -Qu", Out: "$(id) 1.0-1 -> 1.1-1\n"}, {Name: "pacman -Q", Out: "error\n"}, {Name: "pacman -Q"},
		{Name: "pacman -Sup", Out: "http://repo.lab/labhello.pkg.tar.zst\n"}, {Name: "ages", Out: "yesterday\n"}, {Name: "core", Out: "x\n"},
	} {
		var scan data.Scan
		if err := read(answer(t, s), &scan); err == nil {
			t.Errorf("%s %q was read", s.Name, s.Out)
		}
	}
}

func TestSimulationIsThatOfTheWholeSystem(t *testing.T) {
	c, err := simulated(answer(t), []data.Target{{Name: "openssl", From: "3.0.0-1", To: "3.0.1-1", Severity: data.High}})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Upgrade) != 6 || len(c.Add) != 1 || len(c.Remove) != 1 || c.Remove[0] != (data.Target{Name: "labrep", From: "1.0-1"}) {
		t.Errorf("%+v", c)
	}
	i := slices.IndexFunc(c.Upgrade, func(x data.Target) bool { return x.Name == "openssl" })
	if i < 0 || c.Upgrade[i].Severity != data.High || c.Upgrade[i].Origin != "lab" {
		t.Errorf("%+v", c.Upgrade)
	}
}

func TestVersionThatIsGoneOrIgnoredIsRefused(t *testing.T) {
	for _, w := range []data.Target{{Name: "openssl", To: "3.0.2-1"}, {Name: "labignored", To: "2.0-1"}} {
		var exit *remote.ExitError
		if c, err := simulated(answer(t), []data.Target{w}); !errors.As(err, &exit) || !strings.Contains(exit.Stderr, w.Name) {
			t.Errorf("%s: %+v, %v", w.Name, c, err)
		}
	}
	if _, err := simulated(answer(t), []data.Target{{Name: "openssl", To: "3.0.0-1"}}); err != nil {
		t.Errorf("what is in already is refused: %v", err)
	}
}

func TestPartialUpgradeIsWarnedOf(t *testing.T) {
	all, err := simulated(answer(t), []data.Target{{Name: "openssl", To: "3.0.1-1"}})
	if err != nil {
		t.Fatal(err)
	}
	find := func(c data.Changes) data.Check {
		checks := ownChecks(answer(t), c, time.Unix(1795392525, 0))
		return checks[slices.IndexFunc(checks, func(x data.Check) bool { return x.Name == "whole system" })]
	}
	if c := find(all); c.Result != data.CheckPassed {
		t.Errorf("the whole system: %+v", c)
	}
	if c := find(data.Changes{Upgrade: all.Upgrade[:1]}); c.Result != data.CheckWarned || !strings.Contains(c.Detail, "openssl") {
		t.Errorf("a part: %+v", c)
	}
}

func TestJobInputNamesNothingUnsafe(t *testing.T) {
	got, err := jobInput(data.Changes{Upgrade: []data.Target{{Name: "a", To: "1:2-1"}}, Remove: []data.Target{{Name: "b", From: "1-1"}}})
	if err != nil || string(got) != "upgrade a 1:2-1\nremove b 1-1\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range []data.Changes{{}, {Upgrade: []data.Target{{Name: "--root=/", To: "1-1"}}}, {Add: []data.Target{{Name: "a b", To: "1-1"}}}, {Add: []data.Target{{Name: "a", To: "1\n"}}}} {
		if got, err := jobInput(c); err == nil {
			t.Errorf("%+v became %q", c, got)
		}
	}
}

func TestCorePackageInstalledAfterTheBootWantsAReboot(t *testing.T) {
	got, err := parseCore([]string{"2000 /var/lib/pacman/local/glibc-2.40-1/desc", "500 /var/lib/pacman/local/systemd-256-1/desc"}, time.Unix(1000, 0))
	if err != nil || len(got) != 1 || got[0].Detail != "glibc-2.40-1 was installed after the boot" {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzUpgrades(f *testing.F) {
	f.Add("labignored 1.0-1 -> 2.0-1 [ignored]")
	f.Fuzz(func(t *testing.T, line string) {
		if list, err := parseUpgrades([]string{line}); err == nil && (len(list) != 1 || checkName(list[0].Name, list[0].Available) != nil) {
			t.Errorf("%q gave %+v", line, list)
		}
		if list, err := parseTargets([]string{line}); err == nil && len(list) != 1 {
			t.Errorf("%q gave %+v", line, list)
		}
		parseReplaces(line)
	})
}
