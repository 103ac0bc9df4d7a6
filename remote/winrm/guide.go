package winrm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// Way implements remote.Guide.
func (d *Dialer) Way(h data.Host) (remote.Way, error) {
	t := d.way(h)
	host, port, err := net.SplitHostPort(t.address)
	if err != nil {
		return remote.Way{}, err
	}
	w := remote.Way{By: "WinRM over HTTPS", Name: host, Own: d.own}
	if !t.tls() {
		w.By = "WinRM over HTTP, sealed"
	}
	w.Port, err = strconv.Atoi(port)
	return w, err
}

// Knock implements remote.Guide.
func (d *Dialer) Knock(ctx context.Context, h data.Host) (string, error) {
	ctx, stop := context.WithTimeout(ctx, d.config.ConnectTimeout)
	defer stop()
	conn, err := d.config.DialContext(ctx, "tcp", d.way(h).address)
	if err != nil {
		return "", remote.DialError(ctx, err)
	}
	defer conn.Close()
	return conn.RemoteAddr().String(), nil
}

// Greet implements remote.Guide. Sealed HTTP shows nothing of the host.
func (d *Dialer) Greet(ctx context.Context, h data.Host) (remote.Identity, error) {
	t := d.way(h)
	if !t.tls() {
		return remote.Identity{}, nil
	}
	l, err := d.open(ctx, t)
	if err != nil {
		return remote.Identity{}, err
	}
	defer l.close()
	return d.identity(t, l)
}

// identity is what the host at the other end of l has shown, and whom of those
// who vouch for it the program went by.
func (d *Dialer) identity(t target, l *line) (remote.Identity, error) {
	c, ok := l.conn.(*tls.Conn)
	if !ok {
		return remote.Identity{}, nil
	}
	leaf := c.ConnectionState().PeerCertificates[0]
	id := remote.Identity{Type: remote.TypeCertificate, Fingerprint: fingerprint(leaf), By: "an authority", Certificate: certificateOf(leaf, "")}
	known, err := d.certs.known(strings.ToLower(t.address))
	if known == id.Fingerprint {
		id.By = "a person"
	}
	return id, err
}

// Mend implements remote.Guide. Commands for the host are for a PowerShell that
// was started as administrator.
func (d *Dialer) Mend(h data.Host, err error) string {
	var unknown *remote.HostKeyUnknownError
	var changed *remote.HostKeyChangedError
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return strings.ReplaceAll(d.mendLogin(h, err), "HOST", h.Name)
	case errors.Is(err, remote.ErrInsecure) && d.way(h).tls():
		return strings.ReplaceAll(mendNegotiate, "HOST", h.Name)
	case errors.As(err, &unknown):
		return fmt.Sprintf("Read the certificate's SHA-256 on the host's own console, in PowerShell:\n%s\nIf it is the same: stctl host accept-key %s --fingerprint %s",
			remote.ReadCertificates, h.Name, unknown.Fingerprint)
	case errors.As(err, &changed):
		return fmt.Sprintf("Read the certificate's SHA-256 on the host's own console, in PowerShell:\n%s\nOnly if you renewed it, remove the old line of %s from %s. Then accept the new one.",
			remote.ReadCertificates, changed.Host, changed.Where)
	}
	for _, m := range mends {
		if errors.Is(err, m.err) {
			return strings.ReplaceAll(m.text, "HOST", h.Name)
		}
	}
	if errors.Is(err, remote.ErrLoginRefused) {
		return strings.ReplaceAll(d.mendLogin(h, err), "HOST", h.Name)
	}
	return ""
}

// mendNegotiate is for a host over HTTPS that does not take NTLM as it should be.
const mendNegotiate = "Let the host take Negotiate:\nSet-Item WSMan:\\localhost\\Service\\Auth\\Negotiate $true\nOr log in another way that it offers: stctl host edit HOST --auth kerberos --user name@REALM; for an account of the host itself --auth basic, which shows the password to whatever answers with that certificate.\nIf it does take Negotiate, something stands between that changes what it says."

// mends are read in this order.
var mends = []struct {
	err  error
	text string
}{
	{secret.ErrElsewhere, "The password was not sent. If the entry is right, store the password again: stctl secret set login HOST\nIf you do not know who changed it, look first: stctl audit list"},
	{secret.ErrNone, "Keep the account's password; nothing was sent to the host: stctl secret set login HOST"},
	{remote.ErrHeldBack, "Make sure that the account is not locked and its password not expired. On a domain controller: Get-ADUser NAME -Properties LockedOut,PasswordExpired\nIf it is well, the hosts that refused it are at fault: leave them out.\nThen keep the password again: stctl secret set login HOST"},
	{remote.ErrInsecure, "Set up HTTPS on the host (the manual's page on preparing a Windows server says how), or let it take Negotiate:\nSet-Item WSMan:\\localhost\\Service\\Auth\\Negotiate $true"},
	{remote.ErrUnreachable, "On the host, in PowerShell as administrator:\nGet-Service WinRM; winrm enumerate winrm/config/listener\nGet-NetFirewallRule -Enabled True -Direction Inbound | Get-NetFirewallPortFilter | Where-Object LocalPort -in 5985, 5986\nThe manual's page on preparing a Windows server says how to make a certificate, the listener and the rule. With a certificate from an authority: winrm quickconfig -transport:https"},
	{remote.ErrNotAdmin, "Make the account a local administrator of the host: Add-LocalGroupMember -SID S-1-5-32-544 -Member 'DOMAIN\\user'\nFor a local account other than the built-in one:\nSet-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System LocalAccountTokenFilterPolicy 1 -Type DWord"},
	{remote.ErrQuota, "Look at who holds shells on the host: Get-WSManInstance -ResourceURI shell -Enumerate\nThe limit: Get-Item WSMan:\\localhost\\Shell\\MaxShellsPerUser"},
	{remote.ErrConstrained, "Ask whoever looks after WDAC or AppLocker to let this account run scripts in full language mode. On the host: $ExecutionContext.SessionState.LanguageMode"},
	{remote.ErrBlocked, "Ask whoever looks after the security product to allow the scripts; the manual's page on preparing a Windows server lists them with their SHA-256."},
	{remote.ErrGarbage, "Something other than WinRM answers at this port, or a proxy stands between. On the host: winrm enumerate winrm/config/listener\nSet the right port: stctl host edit HOST --port 5986"},
}
