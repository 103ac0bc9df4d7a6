package linux

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

func TestFactsOfThisComputer(t *testing.T) {
	a, scan, err := AskScan(context.Background(), &shell{}, "test scan", "section 'mine' echo \"$1\"\nfinish\n", true)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := a.Section("mine"); err != nil || s.Word() != "refresh" {
		t.Errorf("section of the caller: %+v, %v", s, err)
	}
	if scan.OS.ID == "" || len(scan.BootID) != 36 || scan.Kernel.Running == "" || scan.BootedAt.After(scan.HostNow) {
		t.Errorf("scan is %+v", scan)
	}
	if d := time.Since(scan.HostNow); d.Abs() > 5*time.Second {
		t.Errorf("host's clock is off by %v", d)
	}
	if len(scan.Evidence) != len(a) {
		t.Errorf("%d pieces of evidence for %d sections", len(scan.Evidence), len(a))
	}
}

func TestScanWithoutRootSaysSo(t *testing.T) {
	s := &shell{noRoot: true}
	_, scan, err := AskScan(context.Background(), s, "test scan", "finish\n", false)
	if err != nil || s.asked != 2 {
		t.Fatalf("asked %d times: %v", s.asked, err)
	}
	if len(scan.Problems) == 0 || scan.Problems[len(scan.Problems)-1].Kind != data.NoPrivilege {
		t.Errorf("problems are %+v", scan.Problems)
	}
	if _, _, err := AskScan(context.Background(), s, "test scan", "finish\n", true); !errors.Is(err, remote.ErrNoPrivilege) {
		t.Errorf("refresh without root: %v", err)
	}
}

func factsAnswer(t *testing.T, clock string) Answer {
	return answer(t, "os-release", "ID=debian\nVERSION_ID=\"11\"\nPRETTY_NAME=\"Debian 11\"\n", "boot id", "b-1\n", "boot time", "1790000000\n",
		"clock", clock, "uname -r", "6.1.0-17-amd64\n", "uname -v", "#1 SMP\n", "user", "0\n",
		"boot files", "vmlinuz-6.1.0-17-amd64\nvmlinuz-6.1.0-18-amd64\n", "kernel modules", "", "systemd", "")
}

func TestFactsFindSkewEndOfLifeAndKernel(t *testing.T) {
	now := time.Unix(1790000000, 0)
	scan, err := Facts(factsAnswer(t, "1790000000\n"), now, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(scan.Reboot) != 1 || scan.Reboot[0].Detail != "6.1.0-18-amd64 is installed, 6.1.0-17-amd64 runs" {
		t.Errorf("reboot reasons are %+v", scan.Reboot)
	}
	if len(scan.Problems) != 1 || scan.Problems[0].Kind != data.EndOfLifeOS || !strings.Contains(scan.Problems[0].Detail, "2026-08-31") {
		t.Errorf("problems are %+v", scan.Problems)
	}
	scan, err = Facts(factsAnswer(t, "1786544000\n"), now, now) // 40 days back, as lab fault "clock"
	if err != nil || scan.Trusted() || scan.Problems[0].Kind != data.ClockSkew {
		t.Errorf("clock 40 days back: %+v, %v", scan.Problems, err)
	}
	for _, clock := range []string{"", "soon\n", "-5\n"} {
		if _, err := Facts(factsAnswer(t, clock), now, now); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("clock %q: %v", clock, err)
		}
	}
}

func TestSkewAllowsForTheTimeTheAnswerTook(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 500e6) }
	for _, c := range []struct{ host, began, ended, want int }{{5, 0, 9, 0}, {-1, 0, 9, 0}, {20, 0, 9, 11}, {-20, 0, 9, -19}} {
		if got := Skew(at(c.host), at(c.began), at(c.ended)); got != time.Duration(c.want)*time.Second {
			t.Errorf("Skew(%+v) = %v", c, got)
		}
	}
}

func TestOSReleaseValuesAreUnquoted(t *testing.T) {
	os := ParseOSRelease("# a comment\nNAME=\"A \\\"B\\\" \\$C\"\nVERSION='1 (x)'\nID=x\nVERSION_ID=\"9.4\"\nnonsense\n")
	if os.Name != `A "B" $C 1 (x)` || os.ID != "x" || os.Version != "9.4" {
		t.Errorf("os is %+v", os)
	}
}

func TestEndOfLifeIsLookedUpByVersionThenByItsParents(t *testing.T) {
	for key, want := range map[string]string{
		"debian 12": "2028-06-30", "almalinux 9.4": "2032-05-31", "ubuntu 22.04": "2027-04-01", "alpine 3.20.3": "2026-04-01",
		"sles 15.6": "2025-12-31", "sles 15": "2019-12-31", "opensuse-leap 15.6": "2026-04-30", "arch ": "0001-01-01", "debian 99": "0001-01-01", "gentoo 2": "0001-01-01",
	} {
		id, version, _ := strings.Cut(key, " ")
		if got := remote.EndOfLife(data.OS{ID: id, Version: version}).Format(dateLayout); got != want {
			t.Errorf("end of life of %s is %s, want %s", key, got, want)
		}
	}
}

func TestNewestKernelIsOfTheRunningFlavour(t *testing.T) {
	for _, c := range []struct {
		name            string
		images, modules []string
		running, want   string
		reason          bool
	}{
		{"debian", []string{"config-6.1.0-9-amd64", "vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-18-amd64", "vmlinuz-6.1.0-18-rt-amd64"}, nil, "6.1.0-9-amd64", "6.1.0-18-amd64", true},
		{"up to date", []string{"vmlinuz-6.1.0-18-amd64"}, nil, "6.1.0-18-amd64", "6.1.0-18-amd64", false},
		{"alma across minor releases", []string{"vmlinuz-0-rescue-1c2", "vmlinuz-5.14.0-362.8.1.el9_3.x86_64", "vmlinuz-5.14.0-427.13.1.el9_4.x86_64"}, nil, "5.14.0-362.8.1.el9_3.x86_64", "5.14.0-427.13.1.el9_4.x86_64", true},
		{"arch after its upgrade", []string{"vmlinuz-linux"}, []string{"6.9.2-arch1-1"}, "6.9.1-arch1-1", "6.9.2-arch1-1", true},
		{"alpine", []string{"vmlinuz-lts"}, []string{"6.6.30-0-lts"}, "6.6.30-0-lts", "6.6.30-0-lts", false},
		{"container on a newer kernel", []string{"vmlinuz-6.1.0-99-lab"}, nil, "6.18.44-fc-v669", "6.1.0-99-lab", false},
		{"container on an older kernel", []string{"vmlinuz-6.1.0-99-lab"}, nil, "5.4.0-1-amd64", "6.1.0-99-lab", false},
		{"container without a kernel", nil, nil, "6.18.44-fc", "", false},
		{"ubuntu", []string{"vmlinuz", "vmlinuz.old", "vmlinuz-6.8.0-31-generic", "vmlinuz-6.8.0-100-generic"}, nil, "6.8.0-31-generic", "6.8.0-100-generic", true},
	} {
		got := NewestKernel(c.images, c.modules, c.running)
		_, reason := KernelReason(data.Kernel{Running: c.running, Installed: got})
		if got != c.want || reason != c.reason {
			t.Errorf("%s: newest is %q (reason %v), want %q (%v)", c.name, got, reason, c.want, c.reason)
		}
	}
}

func TestKernelsAreOrderedByNumber(t *testing.T) {
	order := []string{"5.14.0-70.el9", "5.14.0-427.13.1.el9_4", "6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.1-rc1", "6.9.1-arch1-1", "6.9.1-arch1-2", "6.10"}
	for i := range order {
		for j := range order {
			got := CompareKernels(order[i], order[j])
			if got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("CompareKernels(%s, %s) = %d", order[i], order[j], got)
			}
		}
	}
}

func FuzzCompareKernels(f *testing.F) {
	f.Add("6.1.0-18-amd64", "6.1.0-9-amd64")
	f.Fuzz(func(t *testing.T, a, b string) {
		if x, y := CompareKernels(a, b), CompareKernels(b, a); x < 0 != (y > 0) || x == 0 != (y == 0) {
			t.Errorf("%q and %q compare as %d and %d", a, b, x, y)
		}
	})
}

func TestDetectBelievesTheSystemsName(t *testing.T) {
	for _, c := range []struct {
		release, programs string
		want              data.Platform
	}{
		{"ID=debian", "apt-get\ndpkg\n", data.APT},
		{"ID=linuxmint\nID_LIKE=\"ubuntu debian\"", "apt-get\ndpkg\n", data.APT},
		{"ID=almalinux\nID_LIKE=\"rhel centos fedora\"", "apt-get\ndpkg\ndnf\nyum\n", data.DNF},
		{"ID=fedora", "dpkg\ndnf5\ndnf\n", data.DNF},
		{"ID=opensuse-leap\nID_LIKE=\"suse opensuse\"", "dnf\nzypper\n", data.Zypper},
		{"ID=arch", "pacman\n", data.Pacman},
		{"ID=alpine", "apk\n", data.APK},
		{"ID=mystery", "yum\n", data.DNF},
	} {
		got, err := platformOf(answer(t, "os-release", c.release, "programs", c.programs))
		if err != nil || got != c.want {
			t.Errorf("%q with %q is %q, %v; want %q", c.release, c.programs, got, err, c.want)
		}
	}
	if _, err := platformOf(answer(t, "os-release", "ID=gentoo", "programs", "")); !errors.Is(err, remote.ErrNotSupported) {
		t.Error(err)
	}
	if p, err := Detect(context.Background(), &shell{}); err != nil || p == "" {
		t.Errorf("this computer is %q, %v", p, err)
	}
}
