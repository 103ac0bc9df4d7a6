package rpm

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/linux"
)

// checks returns the pre-checks by name, from these answers of a host.
func checks(t *testing.T, now time.Time, busy, installed, ages linux.Section) map[string]data.Check {
	t.Helper()
	busy.Name, installed.Name, ages.Name = "busy", "rpm -qa", "ages"
	m := map[string]data.Check{}
	for _, c := range Checks(linux.Answer{busy, installed, ages}, regexp.MustCompile(`^([0-9]+) /lists/(.+)$`), now) {
		m[c.Name] = c
	}
	return m
}

func TestChecksFindWhatKeepsAJobFromWorking(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	bash := "bash\tx86_64\t5.1-1\t1\n"
	for name, c := range map[string]struct {
		busy, installed, ages linux.Section
		check                 string
		want                  data.CheckResult
		says                  string
	}{
		"free":                  {linux.Section{}, linux.Section{Out: bash}, linux.Section{}, "package manager lock", data.CheckPassed, "free"},
		"locked":                {linux.Section{Out: "4711 /var/lib/rpm/.rpm.lock\n"}, linux.Section{Out: bash}, linux.Section{}, "package manager lock", data.CheckFailed, "4711"},
		"whole":                 {linux.Section{}, linux.Section{Out: bash}, linux.Section{}, "interrupted work", data.CheckPassed, "none"},
		"installed twice":       {linux.Section{}, linux.Section{Out: bash + "bash\tx86_64\t5.1-2\t2\n"}, linux.Section{}, "interrupted work", data.CheckFailed, "installed twice: bash:x86_64"},
		"kernel beside another": {linux.Section{}, linux.Section{Out: "kernel-core\tx86_64\t5-1\t1\nkernel-core\tx86_64\t5-2\t2\n"}, linux.Section{}, "interrupted work", data.CheckPassed, "none"},
		"database is damaged":   {linux.Section{}, linux.Section{Status: 1, Err: "error: rpmdb: damaged header"}, linux.Section{}, "interrupted work", data.CheckUnknown, "damaged"},
		"no lists":              {linux.Section{}, linux.Section{Out: bash}, linux.Section{}, "age of the lists", data.CheckFailed, "no lists"},
		"one of two is fresh":   {linux.Section{}, linux.Section{Out: bash}, linux.Section{Out: "1799990000 /lists/a\n1700000000 /lists/b\n"}, "age of the lists", data.CheckPassed, "fetched 2h47m0s ago"},
		"all are old":           {linux.Section{}, linux.Section{Out: bash}, linux.Section{Out: "1799000000 /lists/a\n1700000000 /lists/b\n"}, "age of the lists", data.CheckWarned, "fetched 277h47m0s ago"},
		"ages are garbage":      {linux.Section{}, linux.Section{Out: bash}, linux.Section{Out: "yesterday\n"}, "age of the lists", data.CheckUnknown, "yesterday"},
	} {
		got, ok := checks(t, now, c.busy, c.installed, c.ages)[c.check]
		if !ok || got.Result != c.want || !strings.Contains(got.Detail, c.says) {
			t.Errorf("%s: check %s is %q %q, want %q %q", name, c.check, got.Result, got.Detail, c.want, c.says)
		}
	}
}

func TestNewestFetchOfEachRepositoryCounts(t *testing.T) {
	a := linux.Answer{{Name: "ages", Out: "20 /lists/a\n30 /lists/a\n10 /lists/a\n5 /lists/b\n"}}
	got, err := Ages(a, regexp.MustCompile(`^([0-9]+) /lists/(.+)$`))
	if err != nil || len(got) != 2 || got["a"].Unix() != 30 || got["b"].Unix() != 5 {
		t.Errorf("%v, %v", got, err)
	}
	if at := newest(got); at.Unix() != 30 {
		t.Errorf("the newest is of %v", at)
	}
	if at := newest(nil); !at.IsZero() {
		t.Errorf("no lists at all are of %v", at)
	}
}

func TestPlannedTellsWhatIsMissingAndKeepsWhatTheScanKnew(t *testing.T) {
	c := data.Changes{
		Upgrade: []data.Target{{Name: "zlib", Arch: "x86_64", From: "1-1", To: "1-2", Origin: "lab"}, {Name: "bash", Arch: "x86_64", From: "5-1", To: "5-2"}},
	}
	want := []data.Target{
		{Name: "bash", Arch: "x86_64", To: "0:5-2", Class: data.Security, Severity: data.High, Origin: "updates"},
		{Name: "zlib", Arch: "x86_64", To: "1-2", Class: data.BugFix, Origin: "updates"},
		{Name: "perl", Arch: "noarch", To: "5-1"}, // in already
		{Name: "zlib", Arch: "i686", To: "1-2"},   // another architecture
		{Name: "ksh", Arch: "x86_64", To: "5-3"},  // nowhere
	}
	got := Planned(c, want, []Installed{inst("perl", "noarch", "5-1", 1), inst("zlib", "i686", "1-1", 1)})
	if got != "zlib 1-2, ksh 5-3" {
		t.Errorf("missing %q", got)
	}
	if c.Upgrade[0].Name != "bash" || c.Upgrade[0].Severity != data.High || c.Upgrade[0].Origin != "updates" || c.Upgrade[1].Class != data.BugFix || c.Upgrade[1].Origin != "lab" {
		t.Errorf("%+v", c.Upgrade)
	}
	if want[0].To != "0:5-2" {
		t.Error("what was asked for has changed")
	}
}
