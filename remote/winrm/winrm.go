// Package winrm opens sessions on Windows hosts over WinRM, as MS-WSMV and
// MS-NLMP describe it. A session runs constant PowerShell scripts; what they
// are for is left to others. It never sends a password that a listener could
// read, never runs a script twice, and knows nothing of Windows Update.
//
// github.com/masterzen/winrm only builds the messages. How they travel, how a
// login is kept from being downgraded, and how answers are read is done here:
// see docs/decisions/0007.
package winrm

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// Config is what a dialer needs to know of its surroundings. A zero duration
// means the default named beside it.
type Config struct {
	Accepted string         // our own file of certificates that a person vouched for: read, and written by AcceptHostKey
	Roots    *x509.CertPool // authorities that vouch for certificates; nil: the system's
	Secrets  remote.Secrets // login passwords; nil: none
	Kerberos string         // the Kerberos configuration; empty: $KRB5_CONFIG, else /etc/krb5.conf

	ConnectTimeout time.Duration // TCP and TLS: 15 s
	AnswerTimeout  time.Duration // the host's answer to one message, beyond what it was allowed to wait: 40 s
	Patience       time.Duration // how long the host may hold an answer back until there is output: 20 s
	EndTimeout     time.Duration // to end a command that was cancelled: 1 s; it goes on behind for 5 s

	// DialContext opens TCP connections, as net.Dialer.DialContext does, which
	// nil means.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		at *time.Duration
		is time.Duration
	}{
		{&c.ConnectTimeout, 15 * time.Second}, {&c.AnswerTimeout, 40 * time.Second},
		{&c.Patience, 20 * time.Second}, {&c.EndTimeout, time.Second},
	} {
		if *d.at <= 0 {
			*d.at = d.is
		}
	}
	if c.Secrets == nil {
		c.Secrets = remote.NoSecrets{}
	}
	if c.Kerberos == "" {
		c.Kerberos = os.Getenv("KRB5_CONFIG")
	}
	if c.Kerberos == "" {
		c.Kerberos = "/etc/krb5.conf"
	}
	if c.DialContext == nil {
		c.DialContext = (&net.Dialer{}).DialContext
	}
	return c
}

// Dialer dials Windows hosts. It may be used by several goroutines.
type Dialer struct {
	config Config
	certs  *certificates
	own    bool // connections go another way than this computer's own
	wrong  *refusals
}

// New returns a dialer.
func New(c Config) *Dialer {
	own := c.DialContext != nil
	c = c.withDefaults()
	return &Dialer{config: c, own: own, certs: &certificates{accepted: c.Accepted, roots: c.Roots}, wrong: newRefusals()}
}

// CredentialsChanged implements remote.Keeper: accounts that were refused are
// tried again.
func (d *Dialer) CredentialsChanged() { d.wrong.forget() }

// AcceptHostKey notes that a person has vouched for the certificate that e
// tells of.
func (d *Dialer) AcceptHostKey(e *remote.HostKeyUnknownError) error { return d.certs.accept(e) }

// Dial logs in to h, once. The error is, or wraps, one of the kinds of package
// remote. A host whose certificate is not known is sent nothing.
func (d *Dialer) Dial(ctx context.Context, h data.Host) (remote.Session, error) {
	s, err := d.dial(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", h.Name, err)
	}
	return s, nil
}

func (d *Dialer) dial(ctx context.Context, h data.Host) (*session, error) {
	t, err := d.target(ctx, h)
	if err != nil {
		return nil, err
	}
	first, err := d.logIn(ctx, t)
	if err != nil {
		return nil, err
	}
	id, err := d.identity(t, first)
	if err != nil {
		first.close()
		return nil, err
	}
	return newSession(d, t, first, id), nil
}

// A target is a host as one login needs it.
type target struct {
	name    string // of the host, for errors
	address string // host:port
	server  string // name that the certificate is for
	auth    data.Auth
	user    string // without domain
	domain  string // NetBIOS name or realm; empty: the host's own accounts
	keytab  string
	secret  secret.Secret
}

func (t target) tls() bool { return !t.auth.Login().HTTP }

// account names the account for people.
func (t target) account() string {
	if t.domain != "" {
		return t.domain + `\` + t.user
	}
	return t.user
}

func (t target) url() string {
	scheme := "https"
	if !t.tls() {
		scheme = "http"
	}
	return scheme + "://" + t.address + "/wsman"
}

// errNoPassword is secret.ErrNone in the words of a login.
type errNoPassword struct{}

func (errNoPassword) Error() string        { return "no password is stored for it" }
func (errNoPassword) Is(target error) bool { return target == secret.ErrNone }

// way returns all of a target but its secret.
func (d *Dialer) way(h data.Host) target {
	port := h.Port
	if port == 0 {
		port = h.Auth.Login().Port()
	}
	t := target{name: h.Name, server: h.Target(), address: net.JoinHostPort(h.Target(), strconv.Itoa(port)), auth: h.Auth, keytab: h.IdentityFile}
	t.user, t.domain = splitUser(h.User)
	return t
}

func (d *Dialer) target(ctx context.Context, h data.Host) (target, error) {
	t := d.way(h)
	if h.User == "" { // never the desk's own: that is another account, which a wrong password locks
		return t, fmt.Errorf("%w: the inventory names no user for the host", remote.ErrLoginRefused)
	}
	if t.auth.Login().Keytab && t.keytab != "" {
		return t, nil
	}
	key := secret.LoginKey(h.Name)
	s, err := d.config.Secrets.Get(ctx, key)
	if errors.Is(err, secret.ErrNone) || err == nil && s.IsZero() {
		return t, fmt.Errorf("%w for user %s: %w", remote.ErrLoginRefused, h.User, errNoPassword{})
	}
	if err != nil {
		return t, err
	}
	if err := s.MayGoTo(h.Destination(), key); err != nil {
		return t, fmt.Errorf("%w: nothing was sent to the host: %w", remote.ErrLoginRefused, err)
	}
	t.secret = s
	return t, nil
}

// splitUser takes "DOMAIN\user" and "user@realm" apart. "user@realm" stays
// whole as the user of NTLM, which Windows resolves; Kerberos wants the realm.
func splitUser(name string) (user, domain string) {
	if domain, user, ok := strings.Cut(name, `\`); ok {
		if domain == "." {
			domain = "" // the host's own accounts
		}
		return user, domain
	}
	return name, ""
}
