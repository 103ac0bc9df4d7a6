package apk

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// sample returns a recorded output without the lines around it.
func sample(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "$") && !strings.HasPrefix(line, "rc=") && !strings.HasPrefix(line, "[exit") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// installedOf makes the list of installed packages that the upgradable ones come from.
func installedOf(upgradable string) string {
	var out strings.Builder
	list, _ := parseList(strings.Split(strings.TrimSpace(upgradable), "\n"))
	for _, l := range list {
		out.WriteString(l.name + "-" + l.from + " x86_64 {" + l.name + "} (MIT) [installed]\n")
	}
	return out.String()
}

func answer(t *testing.T, v string, other ...linux.Section) linux.Answer {
	t.Helper()
	up := sample(t, "apk-"+v+"-list-upgradable.txt")
	a := linux.Answer{
		{Name: "busy"}, {Name: "apk list --installed", Out: installedOf(up)}, {Name: "apk list --upgradable", Out: up},
		{Name: "apk upgrade --simulate", Out: sample(t, "apk-"+v+"-upgrade-sim.txt")}, {Name: "world", Out: "labhello\nopenssl\n"},
		{Name: "repositories", Out: "#http://old\nhttp://repo.lab/apk\n"}, {Name: "ages", Out: "1795392525 /var/cache/apk/APKINDEX.066df28d.tar.gz\n"},
	}
	for _, s := range other {
		a = append(slices.DeleteFunc(a, func(x linux.Section) bool { return x.Name == s.Name }), s)
	}
	return a
}

func TestUpdatesOfBothVersionsAreRead(t *testing.T) {
	for _, v := range []string{"v2", "v3"} {
		var scan data.Scan
		if err := read(answer(t, v), &scan); err != nil {
			t.Fatalf("%s: %v", v, err)
		}
		if len(scan.Updates) != 7 || len(scan.Installed) != 7 || !scan.Trusted() || scan.MetadataAt.Unix() != 1795392525 {
			t.Errorf("%s: %+v", v, scan)
		}
		want := data.Update{Name: "linux-lts", Installed: "6.6.1-r0", Available: "6.6.2-r0"}
		if diff := cmp.Diff(want, scan.Updates[5]); diff != "" {
			t.Errorf("%s: %s", v, diff)
		}
	}
}

func TestPinnedIsHeldAndLeftOutIsKeptBack(t *testing.T) {
	var scan data.Scan
	err := read(answer(t, "v2", linux.Section{Name: "apk upgrade --simulate", Out: "(1/1) Upgrading labhello (1.0-r0 -> 1.1-r0)\nOK: 0 MiB in 8 packages\n"},
		linux.Section{Name: "world", Out: "labhello\nlabheld=1.0-r0\nopenssl@edge\n!exim\n"}), &scan)
	if err != nil {
		t.Fatal(err)
	}
	holds := map[string]data.Hold{}
	for _, u := range scan.Updates {
		holds[u.Name] = u.Hold
	}
	if holds["labheld"] != data.Held || holds["openssl"] != data.KeptBack || holds["labhello"] != data.NotHeld {
		t.Errorf("holds %v", holds)
	}
}

func TestDeadRepositoryDoesNotLookLikeNoUpdates(t *testing.T) {
	for _, c := range []struct {
		name  string
		other linux.Section
		kind  data.ProblemKind
	}{
		{"warning with exit status 0", linux.Section{Name: "apk update", Out: "1 unavailable, 0 stale; 15 distinct packages available\n", Err: "WARNING: Ignoring http://repo.lab/apk: temporary error (try again later)\n"}, data.SourceUnreachable},
		{"exit status", linux.Section{Name: "apk update", Status: 1}, data.SourceUnreachable},
		{"signature", linux.Section{Name: "apk update", Status: 1, Err: "ERROR: http://repo.lab/apk: UNTRUSTED signature\n"}, data.SourceExpired},
		{"lock", linux.Section{Name: "apk update", Status: 99, Err: "ERROR: Unable to lock database: Resource temporarily unavailable\n"}, data.PlatformBusy},
		{"busy", linux.Section{Name: "busy", Out: "62 /lib/apk/db/lock\n"}, data.PlatformBusy},
		{"never fetched", linux.Section{Name: "ages"}, data.MetadataMissing},
		{"no repository", linux.Section{Name: "repositories", Out: "# none\n"}, data.MetadataMissing},
		{"listing complains", linux.Section{Name: "apk list --upgradable", Err: "WARNING: opening from cache http://repo.lab/apk: No such file or directory\n"}, data.SourceUnreachable},
		{"listings differ", linux.Section{Name: "apk list --upgradable"}, data.Contradiction},
	} {
		var scan data.Scan
		if err := read(answer(t, "v3", c.other), &scan); err != nil {
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
		{Name: "apk list --upgradable", Out: "labhello 1.1\n"}, {Name: "apk list --upgradable", Out: "labhello-1.1-r0 x86_64 {labhello} (MIT) [upgradable from: other-1.0-r0]\n"},
		{Name: "apk list --upgradable", Out: "labhello-1.1-r0 x86_64 {labhello} (MIT) [installed]\n"}, {Name: "apk list --installed"},
		{Name: "apk upgrade --simulate", Out: "(1/1) Mending labhello (1.0-r0)\n"}, {Name: "apk upgrade --simulate", Out: "(1/2) Upgrading labhello (1.0-r0 -> 1.1-r0)\n"},
		{Name: "apk upgrade --simulate", Out: "(1/1) Upgrading labhello\n"}, {Name: "ages", Out: "x\n"},
	} {
		var scan data.Scan
		if err := read(answer(t, "v2", s), &scan); err == nil {
			t.Errorf("%s %q was read", s.Name, s.Out)
		}
	}
}

func TestSimulationBecomesChanges(t *testing.T) {
	for _, v := range []string{"v2", "v3"} {
		c, err := simulated(answer(t, v), []data.Target{{Name: "labdep", From: "1.0-r0", To: "2.0-r0", Severity: data.High}})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Upgrade) != 7 || len(c.Add) != 1 || len(c.Remove) != 0 || c.Add[0] != (data.Target{Name: "labnew", To: "1.0-r0"}) ||
			c.Upgrade[1] != (data.Target{Name: "labdep", From: "1.0-r0", To: "2.0-r0", Severity: data.High}) {
			t.Errorf("%s: %+v", v, c)
		}
	}
}

func TestVersionThatIsGoneIsRefused(t *testing.T) {
	var exit *remote.ExitError
	if c, err := simulated(answer(t, "v2"), []data.Target{{Name: "openssl", To: "3.0.9-r0"}}); !errors.As(err, &exit) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := simulated(answer(t, "v2"), []data.Target{{Name: "openssl", To: "3.0.0-r0"}}); err != nil {
		t.Errorf("what is in already is refused: %v", err)
	}
	lock := linux.Section{Name: "apk upgrade --simulate", Status: 99, Err: "ERROR: Unable to lock database: temporary error (try again later)"}
	if _, err := simulated(answer(t, "v2", lock), nil); !errors.Is(err, remote.ErrBusy) {
		t.Errorf("a lock is %v", err)
	}
}

func TestJobInputNamesNothingUnsafe(t *testing.T) {
	got, err := jobInput(data.Changes{Upgrade: []data.Target{{Name: "a", To: "1-r0"}}, Add: []data.Target{{Name: "c", To: "2_p1-r3"}}, Remove: []data.Target{{Name: "b", From: "1-r1"}}})
	if err != nil || string(got) != "upgrade a 1-r0\nadd c 2_p1-r3\nremove b 1-r1\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range []data.Changes{{}, {Upgrade: []data.Target{{Name: "--root=/", To: "1-r0"}}}, {Add: []data.Target{{Name: "a;b", To: "1-r0"}}}, {Add: []data.Target{{Name: "a", To: "1\n"}}}} {
		if got, err := jobInput(c); err == nil {
			t.Errorf("%+v became %q", c, got)
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add("labhello-1.1-r0 x86_64 {labhello} (MIT) [upgradable from: labhello-1.0-r0]")
	f.Fuzz(func(t *testing.T, line string) {
		if list, err := parseList([]string{line}); err == nil && len(list) != 1 && !warning.MatchString(line) {
			t.Errorf("%q was skipped", line)
		}
		_, _ = parseSimulation([]string{line})
		parsePins([]string{line})
	})
}
