package hosts

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store/storetest"
	"secondtuesday/remote"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
)

// An office is the screen in a window, on a real workspace.
type office struct {
	shell  *ui.Shell
	screen *Screen
	window fyne.Window
	desk   *app.Desk
	keys   *keys
	last   *ui.Place // where a person went
}

// keys notes accepted host keys, as remote.SSH does.
type keys struct{ accepted []string }

func (k *keys) AcceptHostKey(e *remote.HostKeyUnknownError) error {
	k.accepted = append(k.accepted, e.Fingerprint)
	return nil
}

// now is the moment of the tests; storetest's scans are from the day before.
var now = storetest.Now

// open shows the screen with what fill puts into the workspace.
func open(t testing.TB, dark bool, size fyne.Size, fill func(*app.Desk)) *office {
	t.Helper()
	tools := uitest.Empty(t, func() time.Time { return now })
	if fill != nil {
		fill(tools.Desk)
	}
	return show(t, dark, size, tools)
}

func show(t testing.TB, dark bool, size fyne.Size, tools *ui.Tools) *office {
	t.Helper()
	o := &office{desk: tools.Desk, keys: &keys{}}
	tools.Keys = o.keys
	o.shell, o.last = uitest.Show(t, dark, size, func(s *ui.Shell) ui.Screen {
		o.screen = New(s, tools)
		return o.screen
	}, ui.Rollouts)
	o.window = o.shell.Window()
	return o
}

var small, large = uitest.Small, uitest.Large

// standard puts the shipped template into force.
func standard(t testing.TB, d *app.Desk) {
	t.Helper()
	std := app.Templates()[0]
	std.ValidFrom = now
	if _, err := d.SaveStandard(context.Background(), std); err != nil {
		t.Fatal(err)
	}
}

func addHosts(t testing.TB, d *app.Desk, names ...string) []data.HostID {
	t.Helper()
	var hosts []data.Host
	for _, n := range names {
		hosts = append(hosts, data.Host{Name: n, Exposure: data.Internal, Owner: "Petra Lang"})
	}
	ids, err := d.SaveHosts(context.Background(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// inventory returns the hosts as stored.
func (o *office) inventory(t testing.TB) []data.Host {
	t.Helper()
	all, err := o.desk.DB.Hosts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// verbs returns the newest entries of the audit trail.
func (o *office) verbs(t testing.TB, n int) string {
	t.Helper()
	all, err := o.desk.DB.Audit(context.Background(), n, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Verb)
	}
	return strings.Join(out, ", ")
}

func TestPicturesOfTheInventory(t *testing.T) {
	for _, dark := range []bool{false, true} {
		kittest.ShotOf(t, "hosts-empty", open(t, dark, small, nil).window, dark)
		for _, size := range []fyne.Size{small, large} {
			if os.Getenv("SHOTS") == "" && (size == large) != dark {
				continue // nobody looks: one size in each colour draws everything
			}
			o := open(t, dark, size, func(d *app.Desk) { fillShop(t, d) })
			name := fmt.Sprintf("hosts-%d", int(size.Width))
			kittest.ShotOf(t, name, o.window, dark)
			o.shell.Go(ui.Place{Screen: ui.Hosts, Host: o.inventory(t)[2].ID})
			kittest.Settle(t)
			kittest.ShotOf(t, name+"-panel", o.window, dark)
			kittest.Press(t, o.window, "Edit…")
			kittest.ShotOf(t, name+"-edit", o.window, dark)
			kittest.Key(t, o.window, fyne.KeyEscape)
			o.screen.panel.tabs.Choose(tabMissing)
			o.screen.panel.missing.grid.GoTo(0)
			kittest.ShotOf(t, name+"-missing", o.window, dark)
			o.screen.panel.tabs.Choose(tabScans)
			kittest.ShotOf(t, name+"-scans", o.window, dark)
			o.screen.grid.SelectAll()
			kittest.Settle(t)
			o.screen.editChosen()
			kittest.ShotOf(t, name+"-many", o.window, dark)
		}
	}
}

// fillShop makes a small shop with every kind of host.
func fillShop(t testing.TB, d *app.Desk) {
	t.Helper()
	ctx := context.Background()
	standard(t, d)
	if err := storetest.Fill(ctx, d.DB, 14, 9); err != nil {
		t.Fatal(err)
	}
	ids := addHosts(t, d, "intranet", "a-host-with-a-rather-long-name.munich.example.net")
	err := d.DB.SaveScanFailure(ctx, data.ScanFailure{Host: ids[0], At: now.Add(-time.Hour), Error: "dial intranet:22: host is unreachable: no route to host"}, data.AuditEntry{At: now, By: "t", Verb: "scan failed"})
	if err != nil {
		t.Fatal(err)
	}
	s := data.Scan{Host: ids[1], At: now.Add(-2 * time.Hour), Platform: data.APT, Root: false, RestartKnown: true, Restart: []string{"nginx.service", "php8.2-fpm.service", "postgresql@15-main.service"},
		OS:     data.OS{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Codename: "bookworm", EndOfLife: time.Date(2028, 6, 30, 0, 0, 0, 0, time.UTC)},
		Kernel: data.Kernel{Running: "6.1.0-17-amd64", Installed: "6.1.0-38-amd64"}, BootID: "b", BootedAt: now.AddDate(0, -1, 0), MetadataAt: now.Add(-30 * time.Hour),
		Reboot: []data.RebootReason{{Source: "kernel", Detail: "6.1.0-38-amd64 is installed, 6.1.0-17-amd64 runs"}, {Source: "reboot-required", Detail: "linux-image-6.1.0-38-amd64, libc6"}}, RebootKnown: true,
		Problems: []data.Problem{{Kind: data.SourceUnreachable, Detail: "http://security.example.test/debian-security bookworm-security InRelease: Could not connect", Untrusted: true}, {Kind: data.ClockSkew, Detail: "The host's clock is 4 minutes behind."}},
		Updates: []data.Update{{Name: "openssl", Arch: "amd64", Installed: "3.0.16-1~deb12u1", Available: "3.0.17-1~deb12u3", Origin: "Debian-Security:12/oldstable-security", Class: data.Security, Severity: data.High, Advisories: []string{"DSA-6015-1"}, CVEs: []string{"CVE-2025-9230", "CVE-2025-9231"}},
			{Name: "postgresql-15", Arch: "amd64", Installed: "15.13-0+deb12u1", Available: "15.14-0+deb12u1", Origin: "Debian-Security:12/oldstable-security", Class: data.Security, Severity: data.Medium, Hold: data.Held},
			{Name: "tzdata", Installed: "2025a-0+deb12u1", Available: "2025b-0+deb12u2", Origin: "Debian:12-updates", Class: data.BugFix}},
		Evidence: []data.Evidence{{Name: "apt-get -s dist-upgrade", Output: "Reading package lists...\nBuilding dependency tree...\nInst openssl [3.0.16-1~deb12u1] (3.0.17-1~deb12u3 Debian-Security:12/oldstable-security [amd64])\n"}, {Name: "uname -a", Output: "Linux host 6.1.0-17-amd64 #1 SMP\n"}},
	}
	if _, err := d.DB.SaveScan(ctx, s, data.AuditEntry{At: now, By: "t", Verb: "scan saved"}, nil); err != nil {
		t.Fatal(err)
	}
}

var _ secret.Store = (*vault)(nil)

// vault keeps credentials in memory.
type vault struct{ kept map[secret.Key]string }

func (v *vault) Get(_ context.Context, k secret.Key) (secret.Secret, error) {
	s, ok := v.kept[k]
	if !ok {
		return secret.Secret{}, secret.ErrNone
	}
	return secret.New(s), nil
}

func (v *vault) Set(_ context.Context, k secret.Key, s secret.Secret) error {
	v.kept[k] = s.Reveal()
	return nil
}

func (v *vault) Delete(_ context.Context, k secret.Key) error {
	delete(v.kept, k)
	return nil
}
