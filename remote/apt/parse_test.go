package apt

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

func recorded(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSimulationsOfTheLabAreRead(t *testing.T) {
	for _, c := range []struct {
		name                     string
		changed, added, removed  int
		kept                     []string
		security, oldestOriginal int
	}{
		{"apt-get-s-upgrade.lab", 38, 0, 0, []string{"lab-held", "lab-newdep", "lab-remover"}, 32, 0},
		{"apt-get-s-dist-upgrade.lab", 40, 1, 1, []string{"lab-held"}, 32, 0},
		{"apt-get-s-dist-upgrade.real", 30, 0, 0, nil, 30, 0},
	} {
		sim, err := parseSimulation(recorded(t, c.name))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		added, security := 0, 0
		for _, a := range sim.install {
			if a.old == "" {
				added++
			}
			if ClassOf(a.origin) == data.Security {
				security++
			}
		}
		if len(sim.install)-added != c.changed || added != c.added || len(sim.remove) != c.removed || !slices.Equal(sim.keptBack, c.kept) || security != c.security {
			t.Errorf("%s: %d changed, %d added, %d removed, kept back %q, %d security", c.name, len(sim.install)-added, added, len(sim.remove), sim.keptBack, security)
		}
	}
}

func TestSimulationLinesOfAllShapesAreRead(t *testing.T) {
	text := `NOTE: This is only a simulation!
      apt-get needs root privileges for real execution.
Reading package lists...
Get more security updates through Ubuntu Pro with 'esm-apps' enabled:
  libfoo libbar
The following upgrades have been deferred due to phasing:
  base-files libc6:i386
The following packages have been kept back:
  linux-generic
2 upgraded, 1 newly installed, 1 downgraded, 2 to remove and 3 not upgraded.
Inst libc6:i386 [2.36-9] (2.36-10 Debian:12.5/stable, Debian-Security:12/stable-security [i386]) [a:amd64 on b:amd64] [b:amd64 ]
Inst docker-ce [5:24] (5:25 Docker CE:bookworm [amd64])
Inst local-tool (1.0 [all])
Inst older [2.0] (1.0 localhost [amd64]) []
Remv gone [1.0] [x:amd64 ]
Purg wiped [1:2.0]
Conf libc6:i386 (2.36-10 Debian:12.5/stable [i386])
`
	sim, err := parseSimulation(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []action{
		{"libc6", "i386", "2.36-9", "2.36-10", "Debian:12.5/stable, Debian-Security:12/stable-security"},
		{"docker-ce", "amd64", "5:24", "5:25", "Docker CE:bookworm"},
		{"local-tool", "all", "", "1.0", ""},
		{"older", "amd64", "2.0", "1.0", "localhost"},
	}
	if !slices.Equal(sim.install, want) {
		t.Errorf("%+v", sim.install)
	}
	if len(sim.remove) != 2 || sim.remove[1] != (action{name: "wiped", old: "1:2.0"}) {
		t.Errorf("%+v", sim.remove)
	}
	if !slices.Equal(sim.phased, []string{"base-files", "libc6:i386"}) || !slices.Equal(sim.keptBack, []string{"linux-generic"}) {
		t.Errorf("phased %q, kept back %q", sim.phased, sim.keptBack)
	}
}

func TestNewerSummaryIsRead(t *testing.T) {
	sim, err := parseSimulation("Upgrading:\n  zlib1g\n\nNot upgrading:\n  lab-held\n\nSummary:\n  Upgrading: 1, Installing: 0, Removing: 0, Not Upgrading: 1\nInst zlib1g [1] (2 Debian-Security:13/stable-security [amd64])\n")
	if err != nil || len(sim.install) != 1 || !slices.Equal(sim.keptBack, []string{"lab-held"}) {
		t.Errorf("%+v, %v", sim, err)
	}
}

func TestCutOrUnreadableSimulationIsAnError(t *testing.T) {
	whole := recorded(t, "apt-get-s-dist-upgrade.lab")
	for name, text := range map[string]string{
		"empty":             "",
		"no summary":        strings.Replace(whole, "40 upgraded", "many upgraded", 1),
		"cut":               whole[:len(whole)/2],
		"a line is missing": strings.Replace(whole, "Inst lab-hello [1.0-1] (1.1-1 Debian:12.15/oldstable [all])\n", "", 1),
		"half a line":       strings.Replace(whole, "(1.1-1 Debian:12.15/oldstable [all])", "(1.1-1", 1),
		"two summaries":     whole + "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n",
		"German":            "40 aktualisiert, 1 neu installiert, 1 zu entfernen und 1 nicht aktualisiert.\n",
	} {
		if _, err := parseSimulation(text); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestListsOfTheLabAreRead(t *testing.T) {
	for name, want := range map[string]int{"apt-list-upgradable.lab": 41, "apt-list-upgradable.real": 30, "apt-list-upgradable.trixie": 9} {
		updates, err := parseList(recorded(t, name))
		if err != nil || len(updates) != want {
			t.Errorf("%s: %d updates, %v", name, len(updates), err)
		}
	}
	for _, line := range []string{"bash", "bash/stable 5.2 amd64", "bash/stable 5.2 [upgradable from: 5.1]", "-bash/stable 5.2 amd64 [upgradable from: 5.1]", "E: no"} {
		if _, err := parseList("Listing...\n" + line + "\n"); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestClassComesFromTheOriginAndNotFromItsAge(t *testing.T) {
	for origin, want := range map[string]data.Class{
		"Debian-Security:12/oldstable-security":                   data.Security,
		"Debian-Security:13/stable-security":                      data.Security,
		"Debian:12.5/stable, Debian-Security:12/stable-security":  data.Security,
		"Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security": data.Security,
		"UbuntuESMApps:22.04/jammy-apps-security":                 data.Security,
		"oldstable-security":                                      data.Security,
		"Debian:12.15/oldstable":                                  data.BugFix,
		"Debian:12-updates/oldstable-updates":                     data.BugFix,
		"Ubuntu:22.04/jammy-updates":                              data.BugFix,
		"Debian Backports:bookworm-backports/stable-backports":    data.Feature,
		"Docker CE:bookworm":                                      data.ClassUnknown,
		"Debian:testing/testing":                                  data.ClassUnknown,
		"":                                                        data.ClassUnknown,
	} {
		if got := ClassOf(origin); got != want {
			t.Errorf("ClassOf(%q) = %q, want %q", origin, got, want)
		}
	}
}

func TestSecurityFixBelowANewerVersionIsSeen(t *testing.T) {
	offers, err := parsePolicy(recorded(t, "policy"))
	if err != nil {
		t.Fatal(err)
	}
	if len(offers["openssl"]) < 3 || len(offers["bash"]) == 0 {
		t.Fatalf("%+v", offers)
	}
	table := []offer{{"3.0-3", "jammy-updates/main"}, {"3.0-2", "jammy-security/main"}, {"3.0-1", "jammy/main"}, {"3.0-1", ""}}
	for _, c := range []struct {
		installed, available string
		want                 bool
	}{{"3.0-1", "3.0-3", true}, {"3.0-2", "3.0-3", false}, {"3.0-1", "3.0-2", true}, {"3.0-1", "3.0-1+x", false}, {"not a version", "3.0-3", false}} {
		if got := skipsSecurity(table, c.installed, c.available); got != c.want {
			t.Errorf("from %s to %s: %v", c.installed, c.available, got)
		}
	}
	for _, text := range []string{"E: rubbish", "bash:\n ??? 5.2 500\n", "bash:\n        500 http://x y/main amd64 Packages\n"} {
		if _, err := parsePolicy(text); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDeadRepositoryIsNotSilence(t *testing.T) {
	for name, want := range map[string]data.ProblemKind{
		"fault-repo-503-apt":  data.SourceUnreachable,
		"fault-repo-down-apt": data.SourceUnreachable,
		"fault-clock-40d":     data.SourceExpired,
	} {
		for _, status := range []int{0, 100} {
			got := updateProblems(status, "", recorded(t, name))
			if len(got) != 1 || got[0].Kind != want || !got[0].Untrusted || !strings.Contains(got[0].Detail, "repo.lab") {
				t.Errorf("%s, exit %d: %+v", name, status, got)
			}
		}
	}
	for text, want := range map[string]data.ProblemKind{
		"E: Could not get lock /var/lib/apt/lists/lock. It is held by process 133 (apt-get)":                    data.PlatformBusy,
		"E: Release file for http://x/InRelease is expired (invalid since 2d 1h). Updates will not be applied.": data.SourceExpired,
		"E: The repository 'http://x bookworm InRelease' is not signed.":                                        data.SourceExpired,
		"W: GPG error: http://x bookworm InRelease: NO_PUBKEY 6ED0E7B82643E131":                                 data.SourceExpired,
		"E: Write error - write (28: No space left on device)":                                                  data.DiskFull,
		"E: The repository 'http://x bookworm Release' does not have a Release file.":                           data.SourceUnreachable,
		"something unheard of": data.SourceUnreachable,
	} {
		if got := updateProblems(100, "", text); len(got) != 1 || got[0].Kind != want || !got[0].Untrusted {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if got := updateProblems(0, "Hit:1 http://x bookworm InRelease\n", "W: http://x: Key is stored in legacy trusted.gpg keyring\n"); len(got) != 0 {
		t.Errorf("a good update: %+v", got)
	}
}

func TestPackagesKeepTheirStates(t *testing.T) {
	list, err := parsePackages("bash\tamd64\t5.2\tii \nheld\tall\t1\thi \nold\tall\t1\trc \nfull\tall\t1\tiHR\nbad\tall\t2\tiF \nwait\tall\t2\tit \n")
	if err != nil || len(list) != 5 {
		t.Fatalf("%+v, %v", list, err)
	}
	var broken []string
	for _, p := range list {
		if p.broken() {
			broken = append(broken, p.Name)
		}
	}
	if !slices.Equal(broken, []string{"full", "bad"}) {
		t.Errorf("broken are %q", broken)
	}
	for _, text := range []string{"", "bash\tamd64\t5.2", "bash\t\t5.2\tii ", "Bash\tall\t5\tii ", "bash\tall\t5\ti"} {
		if _, err := parsePackages(text); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestHeldLockIsFoundByItsInode(t *testing.T) {
	files := []string{"398607 /var/lib/dpkg/lock-frontend", "12 /var/lib/dpkg/lock"}
	locks := "1: POSIX  ADVISORY  WRITE 133 00:2f:398607 0 EOF\n1: -> POSIX  ADVISORY  WRITE 140 00:2f:398607 0 EOF\n2: FLOCK  ADVISORY  WRITE 9 fd:00:99 0 EOF\n3: POSIX  ADVISORY  READ 7 00:2f:12 0 EOF\n"
	held, err := heldLocks(files, locks)
	if err != nil || !slices.Equal(held, []string{"/var/lib/dpkg/lock-frontend is held by process 133"}) {
		t.Errorf("%q, %v", held, err)
	}
	if _, err := heldLocks(files, "rubbish\n"); !errors.Is(err, remote.ErrGarbage) {
		t.Error(err)
	}
	if _, err := heldLocks([]string{"x y"}, ""); !errors.Is(err, remote.ErrGarbage) {
		t.Error(err)
	}
}

func TestNeedrestartNamesServicesAndNotSessions(t *testing.T) {
	r, err := parseNeedrestart(recorded(t, "needrestart-b"))
	if err != nil || !slices.Equal(r.services, []string{"ssh"}) || r.kernel != "" {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = parseNeedrestart("NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: 6.1.0-17\nNEEDRESTART-KEXP: 6.1.0-18\nNEEDRESTART-KSTA: 3\nNEEDRESTART-SVC: nginx.service\nNEEDRESTART-SESS: anna @ session #3\n")
	if err != nil || !slices.Equal(r.services, []string{"nginx"}) || r.kernel != "6.1.0-17 runs, 6.1.0-18 is expected" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := parseNeedrestart("Use of uninitialized value\n"); !errors.Is(err, remote.ErrGarbage) {
		t.Error(err)
	}
}

func TestReleaseFilesTellTheirExpiry(t *testing.T) {
	list, err := parseReleases("File: a_InRelease\nLabel: Debian-Security\nSuite: oldstable-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\nValid-Until: Sat, 28 Nov 2026 00:53:02 UTC\nFile: b_Release\n")
	want := []release{{"a", time.Date(2026, 11, 28, 0, 53, 2, 0, time.UTC)}, {"b", time.Time{}}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	for _, text := range []string{"File: x", "Valid-Until: Sat, 28 Nov 2026 00:53:02 UTC", "File: a_InRelease\nValid-Until: soon", "hm"} {
		if _, err := parseReleases(text); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParsers(f *testing.F) {
	f.Add("1 upgraded, 0 newly installed, 1 to remove and 0 not upgraded.\nInst perl [1] (2 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) [a:amd64 ]\nRemv x [1]\n")
	f.Add("Listing...\nbash/oldstable,now 5.2 amd64 [upgradable from: 5.1]\n")
	f.Add("bash:\n  Installed: 5.1\n  Version table:\n *** 5.1 100\n        500 http://x bookworm-security/main amd64 Packages\n")
	f.Add("NEEDRESTART-KSTA: 3\nNEEDRESTART-SVC: ssh\n")
	f.Add("W: Failed to fetch http://x  503  Service Unavailable\n")
	f.Add("bash\tamd64\t5.2\tii \n")
	f.Add("File: a_InRelease\nValid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n")
	f.Add("1: POSIX  ADVISORY  WRITE 133 00:2f:398607 0 EOF\n")
	f.Fuzz(func(t *testing.T, text string) {
		if sim, err := parseSimulation(text); err == nil && strings.Count("\n"+text, "\nInst ") != len(sim.install) {
			t.Errorf("%d Inst lines, %d read", strings.Count("\n"+text, "\nInst "), len(sim.install))
		}
		if list, err := parseList(text); err == nil && strings.Count(text, "[upgradable from: ") < len(list) {
			t.Errorf("%d updates", len(list))
		}
		if list, err := parsePackages(text); err == nil && strings.Count(text, "\n")+1 < len(list) {
			t.Errorf("%d packages", len(list))
		}
		_, _ = parsePolicy(text)
		_, _ = parseNeedrestart(text)
		_, _ = parseReleases(text)
		_, _ = parseSources(text)
		_, _ = heldLocks(strings.Split(text, "\n"), text)
		for _, p := range updateProblems(0, text, "") {
			if !p.Untrusted {
				t.Error("a problem of the lists that would be believed")
			}
		}
	})
}
