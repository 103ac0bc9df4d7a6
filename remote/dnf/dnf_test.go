package dnf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote/linux"
	"secondtuesday/remote/rpm"
)

// sample returns a recorded output without the command and the exit status.
func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(b), "\n")
	i := strings.LastIndex(text, "[exit ")
	if i < 0 {
		t.Fatalf("%s does not tell an exit status", name)
	}
	return text[:i]
}

func words(list []offer) []string {
	var out []string
	for _, o := range list {
		s := strings.Join([]string{o.name, o.arch, o.evr, o.repo}, " ")
		for _, r := range o.replaces {
			s += " < " + r.name + " " + r.evr
		}
		out = append(out, s)
	}
	return out
}

func TestCheckUpdateIsRead(t *testing.T) {
	for _, file := range []string{"dnf-check-update.txt", "dnf-check-update-verbose.txt", "dnf5-check-update.txt"} {
		updates, obsoleting, err := parseOffers(sample(t, file))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(updates) != 11 || words(updates)[0] != "kernel-core noarch 5.14.0-427.2.el9 lab-updates" {
			t.Errorf("%s: %d updates: %q", file, len(updates), words(updates))
		}
		want := []string{"labobs-ng noarch 2.0-1.el9 lab-updates < labobs 1.0-1.el9"}
		if strings.Contains(file, "dnf5") {
			want = nil // dnf5 leaves them out
		}
		if !slices.Equal(words(obsoleting), want) {
			t.Errorf("%s: obsoleting %q, want %q", file, words(obsoleting), want)
		}
	}
}

func TestObsoletesOfDnf5AreRead(t *testing.T) {
	_, got, err := parseOffers("Obsoleting packages\nlabobs-ng.noarch  2.0-1.el9 lab-updates\n    labobs.noarch 1.0-1.el9 <unknown>\n")
	if err != nil || !slices.Equal(words(got), []string{"labobs-ng noarch 2.0-1.el9 lab-updates < labobs 1.0-1.el9"}) {
		t.Errorf("%q, %v", words(got), err)
	}
}

func TestWrappedLineIsOneUpdate(t *testing.T) {
	got, _, err := parseOffers("python-backports-ssl_match_hostname-with-a-long-name.noarch\n                     1:3.4.0.2-4.el7          base\nbash.x86_64   5.1-2  base\n")
	want := []string{"python-backports-ssl_match_hostname-with-a-long-name noarch 1:3.4.0.2-4.el7 base", "bash x86_64 5.1-2 base"}
	if err != nil || !slices.Equal(words(got), want) {
		t.Errorf("%q, %v", words(got), err)
	}
}

func TestUnreadableOfferIsAnError(t *testing.T) {
	for _, text := range []string{
		"Error: something new\n", "bash.x86_64 5.1-2\n", "bash.x86_64 5.1-2\nzsh.x86_64 5-1 base\n", "bash 5.1-2 base\n",
		"bash.x86_64 5.1 base\n", "    orphan.noarch 1-1 base\n", "bash.x86_64 5.1-2 base extra\n", "$(id).x86_64 1-1 base\n",
	} {
		if u, _, err := parseOffers("zlib.x86_64 1-1 base\n" + text); err == nil {
			t.Errorf("%q was read as %q", text, words(u))
		}
	}
}

func TestAdvisoriesGiveClassSeverityAndCVEs(t *testing.T) {
	list, err := parseAdvisories(sample(t, "dnf-updateinfo-list.txt"))
	if err != nil {
		t.Fatal(err)
	}
	cves, err := parseAdvisories(sample(t, "dnf-updateinfo-list-cves.txt"))
	if err != nil {
		t.Fatal(err)
	}
	json, err := parseAdvisoryJSON(sample(t, "dnf5-advisory-info-json.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for source, list := range map[string][]advisory{"dnf": append(list, cves...), "dnf5": json} {
		for _, c := range []struct {
			u    data.Update
			cves []string
			id   string
			sev  data.Severity
		}{
			{data.Update{Name: "labcrit", Arch: "noarch", Installed: "1.0-1.el9", Available: "1.0-2.el9"}, []string{"CVE-2099-2000", "CVE-2099-2001"}, "RHSA-2099:0002", data.Critical},
			{data.Update{Name: "labssl", Arch: "noarch", Installed: "1.0-1.el9", Available: "1.0-2.el9"}, []string{"CVE-2099-1234"}, "RHSA-2099:0001", data.High},
			{data.Update{Name: "labmod", Arch: "noarch", Installed: "1.0-1.el9", Available: "1.2-1.el9"}, []string{"CVE-2099-3000"}, "RHSA-2099:0003", data.Medium},
			{data.Update{Name: "kernel-core", Arch: "noarch", Installed: "5.14.0-427.1.el9", Available: "5.14.0-427.2.el9"}, []string{"CVE-2099-4000"}, "RHSA-2099:0006", data.Low},
		} {
			u := c.u
			classify(&u, list)
			if u.Class != data.Security || u.Severity != c.sev || !slices.Equal(u.CVEs, c.cves) || !slices.Contains(u.Advisories, c.id) {
				t.Errorf("%s: %+v", source, u)
			}
		}
		already := data.Update{Name: "labmod", Arch: "noarch", Installed: "1.1-1.el9", Available: "1.2-1.el9"}
		if classify(&already, list); already.Class == data.Security {
			t.Errorf("%s: an advisory that is in makes the next update security: %+v", source, already)
		}
	}
}

func TestUnreadableAdvisoryIsAnError(t *testing.T) {
	for _, text := range []string{"RHSA-1 Terrible/Sec. bash-5-1.x86_64", "RHSA-1 security", "RHSA-1 bugfix bash", "RHSA-1 what bash-5-1.x86_64"} {
		if a, err := parseAdvisories(text); err == nil {
			t.Errorf("%q was read as %+v", text, a)
		}
	}
	for _, text := range []string{"[", `[{"Name":"X","Type":"odd"}]`, `[{"Type":"security"}]`, `[{"Name":"X","collections":{"packages":["bash"]}}]`} {
		if a, err := parseAdvisoryJSON(text); err == nil {
			t.Errorf("%q was read as %+v", text, a)
		}
	}
}

func TestTransactionTableBecomesChanges(t *testing.T) {
	installed := map[string]rpm.Installed{}
	for _, n := range []string{"kernel-core", "labbadpost", "labbadpre", "labconf", "labcrit", "labdep", "labhello", "labmod", "labslow", "labssl", "labobs", "labbroken"} {
		p := rpm.Installed{Package: data.Package{Name: n, Arch: "noarch", Version: "1.0-1.el9"}}
		installed[n+":noarch"] = p
	}
	for _, file := range []string{"dnf-upgrade-assumeno.txt", "dnf5-upgrade-assumeno.txt"} {
		rows, err := parseTransaction(sample(t, file))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		c := changes(rows, installed)
		if len(c.Upgrade) != 10 || len(c.Add) != 2 || len(c.Remove) != 1 {
			t.Fatalf("%s: %+v", file, c)
		}
		if diff := cmp.Diff([]data.Target{{Name: "labobs", Arch: "noarch", From: "1.0-1.el9"}}, c.Remove); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		i := slices.IndexFunc(c.Upgrade, func(x data.Target) bool { return x.Name == "kernel-core" })
		if i < 0 || c.Upgrade[i].To != "5.14.0-427.2.el9" || c.Upgrade[i].From == "" {
			t.Errorf("%s: a kernel beside another is no upgrade: %+v", file, c.Upgrade)
		}
		broken := slices.IndexFunc(rows, func(r row) bool { return r.name == "labbroken" && r.does == stays })
		if broken < 0 {
			t.Errorf("%s: the skipped package is not marked", file)
		}
	}
}

const head = " Package  Architecture Version Repository Size\n====\n"

func TestUnreadableTransactionIsAnError(t *testing.T) {
	for _, text := range []string{
		head + "Upgrading:\n bash x86_64 5-1 base 1 k\n", // cut
		head + "Rebuilding:\n bash x86_64 5-1 base 1 k\nTransaction Summary\n",
		head + " bash x86_64 5-1 base 1 k\nTransaction Summary\n",
		head + "Upgrading:\n bash x86_64 5-1\nTransaction Summary\n",
		head + "Upgrading:\n bash x86_64 5-1 base many k\nTransaction Summary\n",
		head + "Upgrading:\nwhat is this\nTransaction Summary\n",
	} {
		if rows, err := parseTransaction(text); err == nil {
			t.Errorf("%q was read as %+v", text, rows)
		}
	}
	rows, err := parseTransaction("Nothing to do.\n")
	if err != nil || rows != nil {
		t.Errorf("no table: %v, %v", rows, err)
	}
}

func TestRemovedRowWithoutUnitAndWrappedRowAreRead(t *testing.T) {
	rows, err := parseTransaction(head + "Removing:\n labhello   noarch  1.0-1.el9   @System   10  \nUpgrading:\n a-very-long-package-name-that-does-not-fit\n                noarch  2:1.0-1.el9   base   10 k\n\nTransaction Summary\n")
	if err != nil || len(rows) != 2 || rows[0].does != goes || rows[1].evr != "2:1.0-1.el9" {
		t.Errorf("%+v, %v", rows, err)
	}
}

const emptyScan = "labhello\tnoarch\t1.0-1.el9\t1\n"

func answer(sections ...linux.Section) linux.Answer {
	a := linux.Answer{{Name: "rpm -qa", Out: emptyScan}, {Name: "busy"}}
	for _, name := range []string{"check-update", "check-update without holds", "list obsoletes", "upgrade --assumeno", "advisories",
		"advisories with CVEs", "repolist", "ages", "needs-restarting -r", "needs-restarting -s"} {
		a = append(a, linux.Section{Name: name})
	}
	for _, s := range sections {
		a = slices.DeleteFunc(a, func(x linux.Section) bool { return x.Name == s.Name })
		a = append(a, s)
	}
	return a
}

var goodRepo = linux.Section{Name: "repolist", Out: "repo id   repo name\nlab-updates Lab updates\n"}

func TestDeadRepositoryDoesNotLookLikeNoUpdates(t *testing.T) {
	for _, c := range []struct {
		name string
		a    linux.Answer
		kind data.ProblemKind
	}{
		{"refresh of dnf 4", answer(goodRepo, linux.Section{Name: "refresh", Status: 1, Err: "Errors during downloading metadata for repository 'lab-updates':\n  - Curl error (7): Couldn't connect to server\nError: Failed to download metadata for repo 'lab-updates'"}), data.SourceUnreachable},
		{"refresh of dnf 5", answer(goodRepo, linux.Section{Name: "refresh", Status: 1, Err: ">>> Usable URL not found\nFailed to download metadata (baseurl: \"http://x\") for repository \"lab-updates\": Usable URL not found"}), data.SourceUnreachable},
		{"never fetched", answer(goodRepo, linux.Section{Name: "check-update", Status: 1, Err: "Error: Cache-only enabled but no cache for 'lab-updates'"}, linux.Section{Name: "check-update beside missing lists"}), data.MetadataMissing},
		{"no repository", answer(), data.MetadataMissing},
		{"lock", answer(goodRepo, linux.Section{Name: "check-update", Status: 200}, linux.Section{Name: "check-update beside missing lists", Status: 200}), data.PlatformBusy},
		{"busy before", answer(linux.Section{Name: "busy", Out: "62 /var/lib/dnf/rpmdb_lock.pid\n"}), data.PlatformBusy},
		{"disk full", answer(goodRepo, linux.Section{Name: "refresh", Status: 1, Err: "No space left on device"}), data.DiskFull},
		{"100 beside nothing", answer(goodRepo, linux.Section{Name: "check-update", Status: 100}), data.Contradiction},
		{"holds unknown", answer(goodRepo, linux.Section{Name: "check-update without holds", Status: 1, Err: "boom"}), data.SourceUnreachable},
	} {
		var scan data.Scan
		if err := read(c.a, &scan); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if scan.Trusted() || scan.Problems[0].Kind != c.kind {
			t.Errorf("%s: problems %+v", c.name, scan.Problems)
		}
	}
	var scan data.Scan
	if err := read(answer(goodRepo), &scan); err != nil || !scan.Trusted() || len(scan.Updates) != 0 {
		t.Errorf("a host without updates: %+v, %v", scan, err)
	}
}

func TestCutInstallationIsAProblem(t *testing.T) {
	var scan data.Scan
	err := read(answer(goodRepo, linux.Section{Name: "rpm -qa", Out: emptyScan + "labhello\tnoarch\t1.1-1.el9\t2\n"}), &scan)
	if err != nil {
		t.Fatal(err)
	}
	if len(scan.Problems) != 1 || scan.Problems[0].Kind != data.PackagesBroken || !strings.Contains(scan.Problems[0].Detail, "labhello:noarch") {
		t.Errorf("problems %+v", scan.Problems)
	}
}

func TestHeldAndReplacingUpdatesAreShown(t *testing.T) {
	var scan data.Scan
	err := read(answer(goodRepo,
		linux.Section{Name: "check-update", Status: 100, Out: "Obsoleting Packages\nlabobs-ng.noarch 2.0-1.el9 lab\n    labobs.noarch 1.0-1.el9 @System\n"},
		linux.Section{Name: "check-update without holds", Status: 100, Out: "labhello.noarch 1.1-1.el9 lab\nObsoleting Packages\nlabobs-ng.noarch 2.0-1.el9 lab\n    labobs.noarch 1.0-1.el9 @System\n"},
		linux.Section{Name: "ages", Out: "1795392525 /var/cache/dnf/lab-updates-5b040005b2baf888/repodata/repomd.xml\n1 /var/cache/dnf/gone-5b040005b2baf888/repodata/repomd.xml\n"},
	), &scan)
	if err != nil {
		t.Fatal(err)
	}
	want := []data.Update{
		{Name: "labobs-ng", Arch: "noarch", Installed: "1.0-1.el9", Available: "2.0-1.el9", Origin: "lab", Replaces: "labobs"},
		{Name: "labhello", Arch: "noarch", Installed: "1.0-1.el9", Available: "1.1-1.el9", Origin: "lab", Hold: data.Held},
	}
	if diff := cmp.Diff(want, scan.Updates); diff != "" {
		t.Error(diff)
	}
	if scan.MetadataAt.Unix() != 1795392525 {
		t.Errorf("lists are of %v: a repository that is not enabled counts", scan.MetadataAt)
	}
}

func TestNeedsRestartingIsRead(t *testing.T) {
	var scan data.Scan
	scan.Root = true
	err := read(answer(goodRepo,
		linux.Section{Name: "needs-restarting -r", Status: 1, Out: "Core libraries or services have been updated since boot-up:\n  * kernel-core\n\nReboot is required to fully utilize these updates.\n"},
		linux.Section{Name: "needs-restarting -s", Out: "sshd.service\nnginx.service\nsshd.service\n"}), &scan)
	if err != nil {
		t.Fatal(err)
	}
	if len(scan.Reboot) != 1 || scan.Reboot[0].Detail != "kernel-core was updated after the boot" || !scan.RebootKnown {
		t.Errorf("reboot %+v", scan.Reboot)
	}
	if !scan.RestartKnown || !slices.Equal(scan.Restart, []string{"nginx", "sshd"}) {
		t.Errorf("restart %v %v", scan.RestartKnown, scan.Restart)
	}
	scan = data.Scan{Root: true}
	if err := read(answer(goodRepo, linux.Section{Name: "needs-restarting -s", Err: "Failed to read PID 1's smaps."}), &scan); err != nil || scan.RestartKnown {
		t.Errorf("services count as known although the host could not look: %v", err)
	}
}

func TestVersionThatIsGoneIsNotSimulated(t *testing.T) {
	a := answer(linux.Section{Name: "simulate", Status: 1, Out: "No match for argument: labhello-9.0-1.el9.noarch\n", Err: "Error: No packages marked for upgrade."})
	want := []data.Target{{Name: "labhello", Arch: "noarch", From: "1.0-1.el9", To: "9.0-1.el9"}}
	if c, err := simulated(a, want); err == nil || !strings.Contains(err.Error(), "labhello 9.0-1.el9") {
		t.Errorf("simulated %+v, %v", c, err)
	}
}

func FuzzOffers(f *testing.F) {
	f.Add("labssl.noarch 1.0-2.el9 lab\nObsoleting Packages\na.noarch 1-1 b\n    c.noarch 1-1 d\n")
	f.Fuzz(func(t *testing.T, text string) {
		u, o, err := parseOffers(text)
		if err == nil && len(u)+len(o) == 0 {
			for line := range strings.SplitSeq(text, "\n") {
				line = strings.TrimRight(line, " \r")
				if strings.TrimSpace(line) != "" && !chatter.MatchString(line) && !strings.EqualFold(line, "Obsoleting packages") {
					t.Errorf("line %q was skipped", line)
				}
			}
		}
	})
}

func FuzzTransaction(f *testing.F) {
	f.Add(head + "Upgrading:\n bash x86_64 5-1 base 1 k\n     replacing  labobs.noarch 1.0-1.el9\nTransaction Summary\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := parseTransaction(text)
		for _, r := range rows {
			if err == nil && rpm.CheckTarget(r.name, r.arch, r.evr) != nil {
				t.Errorf("row %+v", r)
			}
		}
	})
}

func FuzzAdvisories(f *testing.F) {
	f.Add("RHSA-2099:0001 Important/Sec. labssl-1.0-2.el9.noarch\n", `[{"Name":"a","Type":"security","collections":{"packages":["a-1-1.b"]}}]`)
	f.Fuzz(func(t *testing.T, text, json string) {
		a, _ := parseAdvisories(text)
		b, _ := parseAdvisoryJSON(json)
		for _, x := range append(a, b...) {
			if x.id == "" || x.name == "" {
				t.Errorf("advisory %+v", x)
			}
		}
	})
}
