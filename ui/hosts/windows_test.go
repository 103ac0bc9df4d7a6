package hosts

import (
	"strings"
	"testing"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
)

// linuxWords mean nothing on a Windows host.
var linuxWords = []string{"sudo", "kernel", "package", "root", "old libraries", "key file"}

// noLinuxWords finds words of Linux among what the window says beside the grid.
func noLinuxWords(t *testing.T, words []string) {
	t.Helper()
	for _, said := range words {
		for _, w := range linuxWords {
			if strings.Contains(strings.ToLower(said), w) {
				t.Errorf("a Windows host is described by %q", said)
			}
		}
	}
}

func TestWindowsHostIsDescribedInWordsOfWindows(t *testing.T) {
	for _, dark := range []bool{false, true} {
		o := show(t, dark, small, uitest.Practice(t))
		r := o.rowNamed(t, "hyperv")
		o.screen.open(r.ID)
		kittest.Settle(t)
		for _, words := range []string{"Windows Server 2016 Datacenter", "Build", "14393.8511", "Update source", "Microsoft", "an update that is in waits for it (RebootPending)", "says that one is needed", "WinRM, NTLM over HTTPS"} {
			kittest.See(t, o.window, words)
		}
		noLinuxWords(t, kittest.Words(o.window))
		kittest.ShotOf(t, "hosts-windows", o.window, dark)
		o.screen.panel.tabs.Choose(tabMissing)
		o.screen.panel.missing.grid.GoTo(0)
		kittest.Settle(t)
		kittest.See(t, o.window, "2026-11 Cumulative Update for Windows Server 2016")
		kittest.ShotOf(t, "hosts-windows-missing", o.window, dark)
	}
}

func TestWindowsHostIsAskedForNothingOfLinux(t *testing.T) {
	o := show(t, false, small, uitest.Practice(t))
	o.screen.tools.Secrets = &vault{kept: map[secret.Key]string{}}
	r := o.rowNamed(t, "erp-app")
	o.screen.askCredential(r)
	kittest.ShotOf(t, "hosts-windows-credential", o.window, false)
	noLinuxWords(t, kittest.Words(o.window))
	kittest.Press(t, o.window, "Cancel")
	o.screen.editOne(r.Host)
	kittest.ShotOf(t, "hosts-windows-edit", o.window, false)
	noLinuxWords(t, kittest.Words(o.window))
	if strings.Contains(kittest.Text(o.window), "Keytab") {
		t.Error("NTLM knows no keytab")
	}
	kittest.Choose(t, o.window, "Kerberos over HTTPS")
	kittest.See(t, o.window, "Keytab")
	kittest.Type(t, o.window, "name@REALM", "patching@CORP.EXAMPLE.TEST") // a short name is no realm
	kittest.Type(t, o.window, "none: the stored password logs in", "/etc/desk.keytab")
	kittest.ShotOf(t, "hosts-windows-kerberos", o.window, false)
	kittest.Press(t, o.window, "Save")
	kittest.Settle(t)
	if h := o.rowNamed(t, "erp-app").Host; h.Auth != data.AuthKerberos || h.IdentityFile != "/etc/desk.keytab" {
		t.Errorf("saved %q and %q", h.Auth, h.IdentityFile)
	}
}

func TestCertificateDialogsOfferACheck(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "dc1") })
	o.desk.Dialer = refuser{}
	h := o.rowNamed(t, "dc1").Host
	unknown := app.ScanResult{Host: h, Err: &remote.HostKeyUnknownError{Host: "dc1:5986", Type: remote.TypeCertificate, Fingerprint: "SHA256:78C4", Certificate: &remote.Certificate{Subject: "CN=dc1", Why: "x509: certificate signed by unknown authority"}}}
	changed := app.ScanResult{Host: h, Err: &remote.HostKeyChangedError{Host: "dc1:5986", Type: remote.TypeCertificate, Known: []string{"SHA256:78C4"}, Shown: "SHA256:9A11", Where: "known_certificates:3"}}
	for _, c := range []struct {
		result              app.ScanResult
		shown, sum, picture string
	}{{unknown, "Accept certificate", "0 scanned, 1 with an unknown certificate", "hosts-certificate"}, {changed, "Blocked: the certificate of", "0 scanned, 1 blocked: certificate changed", "hosts-certificate-changed"}} {
		if got := outcome([]app.ScanResult{c.result}, false); got != c.sum {
			t.Errorf("%q", got)
		}
		o.screen.doors.meet(o.screen, []app.ScanResult{c.result}, false)
		kittest.See(t, o.window, c.shown)
		kittest.ShotOf(t, c.picture, o.window, false)
		kittest.Press(t, o.window, "Check host…")
		kittest.See(t, o.window, "Check of dc1")
		kittest.Settle(t)
		kittest.Press(t, o.window, "Close")
		kittest.See(t, o.window, c.shown)
		if c.picture == "hosts-certificate" {
			kittest.Press(t, o.window, "Do not connect")
		} else {
			kittest.Press(t, o.window, "Close")
		}
	}
}

func TestRawOutputInOneLineOfJSONIsLaidOut(t *testing.T) {
	lines := rawLines(`{"code":2,"facts":{"build":"17763"}}`)
	if len(lines) != 6 || lines[2].text != `  "facts": {` {
		t.Errorf("%+v", lines)
	}
	if lines := rawLines("{not JSON\nbut text"); len(lines) != 2 || lines[0].text != "{not JSON" {
		t.Errorf("%+v", lines)
	}
}

func TestOnlyWinRMIsSaidWithItsLogin(t *testing.T) {
	for want, h := range map[string]data.Host{
		"WinRM, Kerberos over HTTPS": {Reach: data.ReachWinRM, Auth: data.AuthKerberos},
		"SSH, sudo never":            {Reach: data.ReachSSH, Sudo: data.SudoNever},
	} {
		if got := reachText(h); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPracticedWindowsHostIsCheckedToTheEnd(t *testing.T) {
	o := show(t, false, small, uitest.Practice(t))
	r := o.rowNamed(t, "dc1")
	o.screen.check(r.Host)
	kittest.Until(t, "the check has ended", func() bool {
		return strings.Contains(kittest.Text(o.window), "dc1 can be scanned and patched.")
	})
	for _, words := range []string{"Certificate", "PowerShell", "Scheduled task", "Update source"} {
		kittest.See(t, o.window, words)
	}
	kittest.ShotOf(t, "hosts-windows-check", o.window, false)
}
