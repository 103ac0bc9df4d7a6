package winrm

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
)

func TestAuthorityVouchesForTheHostsNameOnly(t *testing.T) {
	authority := wsman.NewAuthority()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority.PEM()) {
		t.Fatal("the authority has no certificate")
	}
	accepted := filepath.Join(t.TempDir(), "known_certificates")
	own := authority.Issue()
	s := host(t, wsman.Options{TLS: true, Present: &own})
	d := New(Config{Accepted: accepted, Roots: roots, Secrets: secrets(password)})
	session, err := dial(t, d, s, data.AuthNTLM)
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
	id, err := d.Greet(t.Context(), s.Host("win1", "admin"))
	if err != nil || id.By != "an authority" || id.Fingerprint != s.Fingerprint() {
		t.Errorf("%+v, %v", id, err)
	}
	before := len(s.Seen())
	var unknown *remote.HostKeyUnknownError
	for name, c := range map[string]tls.Certificate{
		"another name": authority.Issue("another.example.test"), "expired": authority.IssueExpired(), "another authority": wsman.NewAuthority().Issue(),
	} {
		s.ChangeCertificate(c)
		if _, err := dial(t, d, s, data.AuthNTLM); !errors.As(err, &unknown) || unknown.Certificate.Why == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(s.Seen()) != before {
		t.Error("a host that nobody vouches for was shown a credential")
	}

	// Once a person has vouched, an authority's word for another one counts no more.
	if err := d.AcceptHostKey(unknown); err != nil {
		t.Fatal(err)
	}
	s.ChangeCertificate(authority.Issue())
	var changed *remote.HostKeyChangedError
	if _, err := dial(t, d, s, data.AuthNTLM); !errors.As(err, &changed) {
		t.Errorf("got %v", err)
	}
}

func TestAuthorityVouchesForAnAddressOnlyAsAnAddress(t *testing.T) {
	authority := wsman.NewAuthority()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())
	c := &certificates{roots: roots}
	for name, test := range map[string]struct {
		server string
		shown  tls.Certificate
		taken  bool
	}{
		"the address":       {"10.0.0.1", authority.Issue("win1.example.test", "10.0.0.1"), true},
		"IPv6":              {"fd00::1", authority.Issue("fd00::1"), true},
		"another address":   {"10.0.0.1", authority.Issue("win1.example.test", "10.0.0.2"), false},
		"name only":         {"10.0.0.1", authority.Issue("win1.example.test"), false},
		"star":              {"10.0.0.1", authority.Issue("*.0.0.1", "*"), false},
		"star for a name":   {"win1.example.test", authority.Issue("*.example.test"), true},
		"star for a domain": {"win1.example.test", authority.Issue("*.test", "*"), false},
		"address only":      {"win1.example.test", authority.Issue("10.0.0.1"), false},
		"expired":           {"10.0.0.1", authority.IssueExpired("10.0.0.1"), false},
	} {
		err := c.check(target{server: test.server, address: net.JoinHostPort(test.server, "5986")}, []*x509.Certificate{test.shown.Leaf})
		var unknown *remote.HostKeyUnknownError
		if (err == nil) != test.taken || err != nil && !errors.As(err, &unknown) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOldTLSIsRefusedThoughTheCertificateIsKnown(t *testing.T) {
	own := wsman.NewCertificate()
	for version, taken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan int, 1) // bytes that came through
		go func() {
			n := 0
			if conn, err := l.Accept(); err == nil {
				n, _ = conn.Read(make([]byte, 100))
				conn.Close()
			}
			got <- n
		}()
		accepted := filepath.Join(t.TempDir(), "known_certificates")
		if err := os.WriteFile(accepted, []byte(l.Addr().String()+" "+fingerprint(own.Leaf)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := New(Config{Accepted: accepted, Secrets: secrets(password), AnswerTimeout: time.Second})
		_, err = d.Dial(t.Context(), data.Host{Name: "win1", Address: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "admin", Auth: data.AuthNTLM})
		if n := <-got; (n > 0) != taken || err == nil || !taken && !errors.Is(err, remote.ErrUnreachable) {
			t.Errorf("%s: %d bytes came through, %v", tls.VersionName(version), n, err)
		}
		l.Close()
	}
}

func TestLastLineForAHostCountsAndRubbishIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known_certificates")
	c := &certificates{accepted: path}
	for text, want := range map[string]string{
		"# ours\n\nwin1:5986 SHA256:AA\nwin2:5986 SHA256:BB\nwin1:5986 SHA256:CC\n": "SHA256:CC",
		"win2:5986 SHA256:BB\n": "", "win1:5986 SHA256:AA\nwin1:5986\n": "error", "win1:5986 MD5:AA\n": "error",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.known("win1:5986")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestEndPointIsHashedAsTheCertificateIsSigned(t *testing.T) {
	for algorithm, size := range map[x509.SignatureAlgorithm]int{
		x509.SHA1WithRSA: 32, x509.SHA256WithRSA: 32, x509.ECDSAWithSHA384: 48, x509.SHA384WithRSAPSS: 48, x509.SHA512WithRSA: 64,
	} {
		if n := len(endPoint(&x509.Certificate{SignatureAlgorithm: algorithm, Raw: []byte("x")})); n != size {
			t.Errorf("%s: %d bytes, want %d", algorithm, n, size)
		}
	}
}
