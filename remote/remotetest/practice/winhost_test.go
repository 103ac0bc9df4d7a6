package practice

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

// quick is Windows Update on hosts that answer in a moment.
var quick = winupdate.Platform{Poll: 20 * time.Millisecond}

func dialWindows(t *testing.T, s *Shop, name string, accept bool) (remote.Session, error) {
	t.Helper()
	c := s.SSHConfig()
	d := winrm.New(winrm.Config{Accepted: s.file("known_certificates"), Secrets: c.Secrets, DialContext: c.DialContext})
	session, err := d.Dial(t.Context(), hostNamed(t, s, name))
	var unknown *remote.HostKeyUnknownError
	if accept && errors.As(err, &unknown) {
		if err := d.AcceptHostKey(unknown); err != nil {
			t.Fatal(err)
		}
		session, err = d.Dial(t.Context(), hostNamed(t, s, name))
	}
	if err == nil {
		t.Cleanup(func() { session.Close() })
	}
	return session, err
}

func TestWindowsHostsGoOnFromTheHistory(t *testing.T) {
	s := open(t, t.TempDir())
	last := map[string]data.Scan{}
	for _, scan := range s.History().Scans {
		last[s.Hosts()[scan.Host-1].Name] = scan
	}
	for _, name := range []string{"dc1", "erp-app", "rds1", "hyperv", "wh-win"} {
		session, err := dialWindows(t, s, name, false)
		if err != nil {
			t.Fatal(err)
		}
		scan, err := quick.Scan(t.Context(), session, name == "wh-win")
		if err != nil {
			t.Fatal(err)
		}
		was := last[name]
		for _, list := range []*[]data.Update{&scan.Updates, &was.Updates} {
			slices.SortFunc(*list, func(a, b data.Update) int { return slices.Compare([]string{a.Key()}, []string{b.Key()}) })
		}
		if d := cmp.Diff(was.Updates, scan.Updates); d != "" {
			t.Errorf("%s: history and scan differ: %s", name, d)
		}
		if d := cmp.Diff(was.Installed, scan.Installed); d != "" {
			t.Errorf("%s: history and scan differ in what is installed: %s", name, d)
		}
		if d := cmp.Diff([]any{was.OS, was.Kernel, was.Reboot, was.Problems, was.BootID, was.BootedAt}, []any{scan.OS, scan.Kernel, scan.Reboot, scan.Problems, scan.BootID, scan.BootedAt}); d != "" {
			t.Errorf("%s: history and scan differ: %s", name, d)
		}
	}
}

func TestWindowsHostShowsItsCertificateFirst(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := dialWindows(t, s, "ad2", false)
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) {
		t.Fatalf("nobody vouched for it, and it said %v", err)
	}
	session, err := dialWindows(t, s, "ad2", true)
	if err != nil {
		t.Fatal(err)
	}
	if scan, err := quick.Scan(t.Context(), session, true); err != nil || !scan.Trusted() || len(scan.Updates) != 1 {
		t.Errorf("%+v, %v", scan.Problems, err)
	}
	session.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := dialWindows(t, open(t, dir), "ad2", false); err != nil {
		t.Errorf("opened again it shows another certificate: %v", err)
	}
}

// Nothing that the shop is asked to reach lies outside of this computer.
func TestShopDialsNobodyElse(t *testing.T) {
	s := open(t, t.TempDir())
	for _, address := range []string{"192.0.2.7:5986", "dc1.elsewhere.example:5986", "nobody.shop.example:5986", "dc1.shop.example:22"} {
		if c, err := s.dialContext(t.Context(), "tcp", address); err == nil {
			c.Close()
			t.Errorf("connected to %s", address)
		}
	}
}
