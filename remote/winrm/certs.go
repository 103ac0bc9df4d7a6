package winrm

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"secondtuesday/remote"
)

// certificates judges the certificates that hosts show: a person vouched for
// this one, or an authority does.
type certificates struct {
	accepted string // file of lines "win1:5986 SHA256:…"; the last line for a host counts
	roots    *x509.CertPool
	mu       sync.Mutex // held while the file is written
}

// fingerprint returns "SHA256:" and 64 hexadecimal digits in capitals, as
// Windows and openssl show the hash of a certificate.
func fingerprint(c *x509.Certificate) string { return fmt.Sprintf("SHA256:%X", sha256.Sum256(c.Raw)) }

// tlsConfig checks the certificate of one host during the handshake, before
// anything else is sent. found gets what it came to, typed.
func (c *certificates) tlsConfig(t target, found *error) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.server,
		InsecureSkipVerify: true, // VerifyConnection checks instead, and always
		VerifyConnection: func(s tls.ConnectionState) error {
			*found = c.check(t, s.PeerCertificates)
			return *found
		},
	}
}

func (c *certificates) check(t target, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return fmt.Errorf("%w: the host shows no certificate", remote.ErrGarbage)
	}
	leaf, host := chain[0], strings.ToLower(t.address)
	shown := fingerprint(leaf)
	known, err := c.known(host)
	switch {
	case err != nil:
		return err
	case known == shown:
		return nil
	case known != "":
		return c.changed(host, known, shown)
	}
	others := x509.NewCertPool()
	for _, other := range chain[1:] {
		others.AddCert(other)
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: t.server, Roots: c.roots, Intermediates: others})
	if err == nil {
		return nil
	}
	return &remote.HostKeyUnknownError{
		Host: host, Type: remote.TypeCertificate, Fingerprint: shown, Line: host + " " + shown,
		Certificate: certificateOf(leaf, remote.CleanText(err.Error())),
	}
}

func certificateOf(leaf *x509.Certificate, why string) *remote.Certificate {
	return &remote.Certificate{
		Subject: remote.CleanText(leaf.Subject.String()), Issuer: remote.CleanText(leaf.Issuer.String()),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, Why: why,
	}
}

func (c *certificates) changed(host, known, shown string) error {
	return &remote.HostKeyChangedError{
		Host: host, Type: remote.TypeCertificate, Where: c.accepted,
		Known: []string{remote.TypeCertificate + " " + known}, Shown: remote.TypeCertificate + " " + shown,
	}
}

// known returns the fingerprint a person vouched for; empty: none.
func (c *certificates) known(host string) (string, error) {
	b, err := os.ReadFile(c.accepted)
	if c.accepted == "" || errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read accepted certificates: %w", err)
	}
	found := ""
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // Windows' editor may have put it there
	for n, line := range bytes.Split(b, []byte("\n")) {
		// win1.example.test:5986 SHA256:9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08
		fields := strings.Fields(string(line))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "SHA256:") {
			return "", fmt.Errorf("read accepted certificates: %s:%d: not “host:port SHA256:…”", c.accepted, n+1)
		}
		if strings.EqualFold(fields[0], host) {
			found = fields[1]
		}
	}
	return found, nil
}

// accept adds the certificate of e, unless another one is known: that would be
// a changed certificate, which is another question.
func (c *certificates) accept(e *remote.HostKeyUnknownError) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	op := "accept certificate of " + e.Host
	if c.accepted == "" {
		return fmt.Errorf("%s: no file is set for accepted certificates", op)
	}
	sum, err := hex.DecodeString(strings.TrimPrefix(e.Fingerprint, "SHA256:"))
	if err != nil || len(sum) != sha256.Size || e.Line != e.Host+" "+e.Fingerprint || e.Host == "" || strings.ContainsFunc(e.Host, func(r rune) bool { return r <= ' ' || r == '#' }) {
		return fmt.Errorf("%s: %q is no fingerprint of it", op, e.Fingerprint)
	}
	known, err := c.known(e.Host)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	case known == e.Fingerprint:
		return nil
	case known != "":
		return fmt.Errorf("%s: %w", op, c.changed(e.Host, known, e.Fingerprint))
	}
	if err := os.MkdirAll(filepath.Dir(c.accepted), 0o700); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := remote.AppendLine(c.accepted, e.Line); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}
