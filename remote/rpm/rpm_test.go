package rpm

import (
	"slices"
	"testing"
	"time"

	"secondtuesday/data"
)

func inst(name, arch, version string, at int64) Installed {
	return Installed{Package: data.Package{Name: name, Arch: arch, Version: version}, At: time.Unix(at, 0).UTC()}
}

func TestInstalledPackagesAreRead(t *testing.T) {
	got, err := ParseInstalled([]byte("bash\tx86_64\t5.1.8-9.el9\t1700000000\nbind\tx86_64\t32:9.16.23-18.el9\t1\nperl\tnoarch\t0:5-1\t2\ngpg-pubkey\t(none)\tabc-def\t3\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Installed{inst("bash", "x86_64", "5.1.8-9.el9", 1700000000), inst("bind", "x86_64", "32:9.16.23-18.el9", 1), inst("perl", "noarch", "5-1", 2)}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnreadableInstalledLineIsAnError(t *testing.T) {
	for _, line := range []string{"bash", "bash\tx86_64\t5.1.8\t1", "bash\tx86_64\t5.1-1\tx", "a\tb\t1-1\t1\textra", "error: rpmdb damaged"} {
		if _, err := ParseInstalled([]byte("ok\tnoarch\t1-1\t1\n" + line + "\n")); err == nil {
			t.Errorf("%q was read", line)
		}
	}
}

// The pairs are those of rpm's own tests/rpmvercmp.at.
func TestVersionsAreOrderedAsRpmOrdersThem(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0}, {"1.0", "2.0", -1}, {"2.0.1", "2.0.1", 0}, {"2.0", "2.0.1", -1}, {"2.0.1a", "2.0.1", 1},
		{"5.5p1", "5.5p2", -1}, {"5.5p10", "5.5p1", 1}, {"10xyz", "10.1xyz", -1}, {"xyz10", "xyz10.1", -1},
		{"xyz.4", "8", -1}, {"xyz.4", "2", -1}, {"5.5p2", "5.6p1", -1}, {"5.6p1", "6.5p1", -1}, {"6.0.rc1", "6.0", 1},
		{"10b2", "10a1", 1}, {"10a2", "10b2", -1}, {"1.0aa", "1.0aa", 0}, {"1.0a", "1.0aa", -1}, {"10.0001", "10.1", 0},
		{"10.0001", "10.0039", -1}, {"4.999.9", "5.0", -1}, {"20101121", "20101122", -1}, {"2_0", "2_0", 0}, {"2.0", "2_0", 0},
		{"a", "a+", 0}, {"a+", "+a", 0}, {"+_", "_+", 0}, {"1.0~rc1", "1.0", -1}, {"1.0~rc1", "1.0~rc2", -1},
		{"1.0~rc1~git123", "1.0~rc1", -1}, {"1.0^", "1.0", 1}, {"1.0^git1", "1.0", 1}, {"1.0^git1", "1.0^git2", -1},
		{"1.0^git1", "1.01", -1}, {"1.0^20160101", "1.0.1", -1}, {"1.0^20160101^git1", "1.0^20160102", -1},
		{"1.0~rc1^git1", "1.0~rc1", 1}, {"1.0^git1~pre", "1.0^git1", -1}, {"1.0^20160101^git1", "1.0^20160101", 1},
		{"99999999999999999999", "100000000000000000000", -1}, {"", "1", -1},
	} {
		if got := compareLabels(c.a, c.b); got != c.want {
			t.Errorf("compareLabels(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := compareLabels(c.b, c.a); got != -c.want {
			t.Errorf("compareLabels(%q, %q) = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1:1.0-1", "2.0-1", 1}, {"0:1.0-1", "1.0-1", 0}, {"1.0-1.el9", "1.0-2.el9", -1}, {"1.0-1", "1.0", 0}, {"1.0-10", "1.0-9", 1},
	} {
		if got := Compare(c.a, c.b); got != c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestPackageNamesAreTakenApart(t *testing.T) {
	for in, want := range map[string][3]string{
		"labssl-1.0-2.el9.noarch":                      {"labssl", "1.0-2.el9", "noarch"},
		"kernel-core-5.14.0-427.2.el9.x86_64":          {"kernel-core", "5.14.0-427.2.el9", "x86_64"},
		"bind-libs-32:9.16.23-18.el9_4.x86_64":         {"bind-libs", "32:9.16.23-18.el9_4", "x86_64"},
		"labnew-0:1.0-1.el9.noarch":                    {"labnew", "1.0-1.el9", "noarch"},
		"32:bind-libs-9.16.23-18.el9_4.x86_64":         {"bind-libs", "32:9.16.23-18.el9_4", "x86_64"},
		"java-1.8.0-openjdk-1:1.8.0.402-6.el9.aarch64": {"java-1.8.0-openjdk", "1:1.8.0.402-6.el9", "aarch64"},
	} {
		n, v, a, err := SplitNEVRA(in)
		if err != nil || [3]string{n, v, a} != want {
			t.Errorf("SplitNEVRA(%q) = %q %q %q, %v", in, n, v, a, err)
		}
	}
	for _, in := range []string{"", "bash", "bash-1.0", "bash-1.0-1", "-1.0-1.x", "a b-1-1.x", "x:bash-1-1.noarch"} {
		if n, v, a, err := SplitNEVRA(in); err == nil {
			t.Errorf("SplitNEVRA(%q) = %q %q %q", in, n, v, a)
		}
	}
}

func TestNewestOfSeveralKernelsCounts(t *testing.T) {
	list := []Installed{inst("kernel-core", "x86_64", "5.14.0-427.9.1.el9", 1), inst("kernel-core", "x86_64", "5.14.0-427.13.1.el9", 2), inst("kernel-core", "x86_64", "5.14.0-427.2.1.el9", 3)}
	if got := Newest(list)["kernel-core:x86_64"].Version; got != "5.14.0-427.13.1.el9" {
		t.Errorf("newest is %s", got)
	}
	if d := Duplicates(list); len(d) != 0 {
		t.Errorf("several kernels count as duplicates: %v", d)
	}
}

func TestDuplicatesAreTheTraceOfACutTransaction(t *testing.T) {
	list := []Installed{inst("bash", "x86_64", "5.1-1", 1), inst("bash", "x86_64", "5.1-2", 2), inst("glibc", "x86_64", "2-1", 1), inst("glibc", "i686", "2-1", 1)}
	if d := Duplicates(list); !slices.Equal(d, []string{"bash:x86_64"}) {
		t.Errorf("duplicates %v", d)
	}
}

func TestCorePackageInstalledAfterTheBootWantsAReboot(t *testing.T) {
	boot := time.Unix(1000, 0)
	list := []Installed{inst("glibc", "x86_64", "2.34-2", 1001), inst("systemd", "x86_64", "252-1", 999), inst("bash", "x86_64", "5-1", 2000)}
	got := RebootReasons(list, boot)
	if len(got) != 1 || got[0].Detail != "glibc 2.34-2 was installed after the boot" {
		t.Errorf("reasons %v", got)
	}
	if got := RebootReasons(list, time.Time{}); got != nil {
		t.Errorf("without a boot time: %v", got)
	}
}

func FuzzVersionOrderIsAntisymmetric(f *testing.F) {
	f.Add("1.0~rc1-1", "1:2^git-3")
	f.Fuzz(func(t *testing.T, a, b string) {
		if Compare(a, b) != -Compare(b, a) {
			t.Errorf("Compare(%q, %q) = %d, the other way %d", a, b, Compare(a, b), Compare(b, a))
		}
		if name, evr, arch, err := SplitNEVRA(a); err == nil && (name == "" || evr == "" || arch == "") {
			t.Errorf("SplitNEVRA(%q) left something empty", a)
		}
	})
}

func FuzzInstalled(f *testing.F) {
	f.Add([]byte("bash\tx86_64\t5.1.8-9.el9\t1700000000\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		list, err := ParseInstalled(out)
		for _, p := range list {
			if err != nil || p.Name == "" || !IsEVR(p.Version) {
				t.Errorf("package %+v beside error %v", p, err)
			}
		}
	})
}
