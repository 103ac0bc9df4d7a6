package winrm

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/kdc"
	"secondtuesday/remote/remotetest/wsman"
)

// realm starts a real MIT Kerberos centre that knows anna, old, which has an RC4
// key only, and the service of 127.0.0.1.
func realm(t *testing.T) *kdc.Centre {
	t.Helper()
	c, err := kdc.Start(t.TempDir(), kdc.Options{
		Realm: "CORP.TEST", Users: map[string]string{"anna": password, "old": password}, Services: []string{"HTTP/127.0.0.1"},
		RC4: []string{"old"},
	})
	if errors.Is(err, kdc.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ticketHost(t *testing.T, c *kdc.Centre) (*wsman.Server, *Dialer, data.Host) {
	t.Helper()
	s := host(t, wsman.Options{
		TLS: true, StrictBinding: true, Auth: []wsman.Auth{wsman.Kerberos}, Keytab: c.Keytab,
		Users: map[string]wsman.User{"anna@CORP.TEST": {Admin: true}},
	})
	d := dialer(t, s)
	d.config.Kerberos = c.Config
	h := s.Host("win1", "anna@corp.test")
	h.Auth = data.AuthKerberos
	return s, d, h
}

func TestKerberosLogsInByPasswordAndIsBoundToTheCertificate(t *testing.T) {
	s, d, h := ticketHost(t, realm(t))
	session, err := d.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	out, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"})
	if err != nil || string(out.Stdout) != "x||" {
		t.Errorf("got %q, %v", out.Stdout, err)
	}
	if seen := s.Seen(); len(seen) != 1 || !seen[0].OK || !seen[0].Bound || seen[0].Auth != wsman.Kerberos {
		t.Errorf("seen: %+v", seen)
	}
}

func TestKerberosLogsInByKeytab(t *testing.T) {
	c := realm(t)
	_, d, h := ticketHost(t, c)
	d.config.Secrets = remote.NoSecrets{}
	h.IdentityFile = filepath.Join(t.TempDir(), "anna.keytab")
	keytabOf(t, c, "anna", "aes256-cts-hmac-sha1-96", h.IdentityFile)
	session, err := d.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
}

func TestWrongKerberosPasswordIsRefusedByTheCentre(t *testing.T) {
	s, d, h := ticketHost(t, realm(t))
	d.config.Secrets = secrets("wrong")
	_, err := d.Dial(t.Context(), h)
	if !errors.Is(err, remote.ErrLoginRefused) || len(s.Seen()) != 0 {
		t.Errorf("got %v; the host saw %v", err, s.Seen())
	}
}

func TestKerberosAsksForAESWhateverTheConfigurationSays(t *testing.T) {
	c := realm(t)
	s, d, h := ticketHost(t, c)
	b, err := os.ReadFile(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	d.config.Kerberos = filepath.Join(t.TempDir(), "weak.conf")
	weak := "[libdefaults]\n\tdefault_tkt_enctypes = arcfour-hmac\n\tdefault_tgs_enctypes = arcfour-hmac\n\tallow_weak_crypto = true\n"
	if err := os.WriteFile(d.config.Kerberos, []byte(strings.Replace(string(b), "[libdefaults]\n", weak, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	session, err := d.Dial(t.Context(), h)
	if err != nil {
		t.Fatalf("anna has AES keys: %v", err)
	}
	session.Close()
	before := len(s.Seen())

	h.User = "old@corp.test"
	_, err = d.Dial(t.Context(), h)
	var r *refusal
	if !errors.As(err, &r) || r.cause != causeCipher || len(s.Seen()) != before {
		t.Errorf("an account with an RC4 key only: got %v; the host saw %v", err, s.Seen()[before:])
	}
	if !strings.Contains(d.mendLogin(h, err), "AES") {
		t.Errorf("got %q", d.mendLogin(h, err))
	}
	h.IdentityFile = filepath.Join(t.TempDir(), "old.keytab")
	keytabOf(t, c, "old", "arcfour-hmac", h.IdentityFile)
	if _, err = d.Dial(t.Context(), h); !errors.As(err, &r) || r.cause != causeCipher || !strings.Contains(err.Error(), "no AES key") {
		t.Errorf("a keytab with an RC4 key only: got %v", err)
	}
}

// keytabOf writes a keytab with one key of a user.
func keytabOf(t *testing.T, c *kdc.Centre, user, cipher, path string) {
	t.Helper()
	ktutil := exec.Command("ktutil")
	ktutil.Stdin = strings.NewReader("addent -password -p " + user + "@CORP.TEST -k 1 -e " + cipher + "\n" + password + "\nwkt " + path + "\nquit\n")
	ktutil.Env = append(os.Environ(), "KRB5_CONFIG="+c.Config)
	if b, err := ktutil.CombinedOutput(); err != nil {
		t.Fatalf("ktutil: %v\n%s", err, b)
	}
}

func TestKerberosWithoutACentreEndsWithTheContext(t *testing.T) {
	s := host(t, wsman.Options{TLS: true})
	d := dialer(t, s)
	d.config.Kerberos = filepath.Join(t.TempDir(), "none")
	h := s.Host("win1", "anna@corp.test")
	h.Auth = data.AuthKerberos
	if _, err := d.Dial(t.Context(), h); err == nil || !strings.Contains(err.Error(), "Kerberos configuration") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Dial(ctx, h); err == nil {
		t.Error("dialed though cancelled")
	}
}

func TestKerberosLibraryThatPanicsIsAnError(t *testing.T) {
	if _, err := within(t.Context(), func() (int, error) { panic("index out of range") }); !errors.Is(err, remote.ErrGarbage) {
		t.Errorf("got %v", err)
	}
}
