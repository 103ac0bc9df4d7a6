package remote

import (
	"context"
	"net"

	"secondtuesday/data"
)

// A Guide is a Dialer that can walk the way to a host step by step, for whoever
// must find out where it ends. No step but Dial sends anything secret.
type Guide interface {
	Dialer

	// Way tells where Dial would connect to. It asks nobody.
	Way(h data.Host) (Way, error)

	// Knock connects to the host, says nothing, and hangs up. It returns the
	// address that answered; empty where a jump host made the connection.
	Knock(ctx context.Context, h data.Host) (string, error)

	// Greet lets the host show its key or certificate, and hangs up before any
	// login. Errors are those of Dial.
	Greet(ctx context.Context, h data.Host) (Identity, error)

	// Mend says what to do, commands included, about an error of the above or
	// of a session's first command; empty: there is nothing to say here.
	Mend(h data.Host, err error) string
}

// A Way is where a host is looked for.
type Way struct {
	By    string   // "SSH", "WinRM over HTTPS", "WinRM over HTTP, sealed"
	Name  string   // a DNS name or an IP address
	Port  int      // TCP
	Jumps []string // in this order; the last one looks the name up
	Own   bool     // the dialer has a network of its own, as the practice shop's: this computer cannot look the name up
}

// An Identity is what a host shows of itself, and who vouches for it.
type Identity struct {
	Type        string // as in HostKeyUnknownError; empty: this way has none
	Fingerprint string // likewise
	By          string // "an authority", "a person"

	Certificate *Certificate // what a certificate says of itself; nil of a key
}

// IdentityOf returns what the host of a session showed of itself when the
// session was opened; the zero Identity where sessions of that kind do not tell.
func IdentityOf(s Session) Identity {
	if s, ok := s.(interface{ Identity() Identity }); ok {
		return s.Identity()
	}
	return Identity{}
}

// A Finding is what one step of a check of a host came to.
type Finding struct {
	Name   string           // "port", "login", "clock"
	Result data.CheckResult // CheckUnknown: could not look, which does not pass
	Detail string           // facts
	Mend   string           // what to do, commands included; empty: nothing to do, or nothing known
	Err    error            // what went wrong, where it was an error
}

// Results of findings beside those of checks.
const (
	NotTried data.CheckResult = "not tried" // an earlier step makes this one senseless
	Looking  data.CheckResult = "looking"   // the step begins; its result follows under the same name
)

// GuideOf returns the guide that d has for h; nil: it has none, as for this
// computer.
func GuideOf(d Dialer, h data.Host) Guide {
	switch d := d.(type) {
	case ByReach:
		return GuideOf(d.of(h), h)
	case *Recorder:
		return GuideOf(d.dialer, h)
	case Guide:
		return d
	}
	return nil
}

// A Keeper is a Dialer that remembers which credentials were refused, and does
// not try them without end.
type Keeper interface {
	Dialer

	// CredentialsChanged says that a person has stored a credential: what was
	// refused before may be tried again.
	CredentialsChanged()
}

// CredentialsChanged tells every dialer in d that is a Keeper.
func CredentialsChanged(d Dialer) {
	switch d := d.(type) {
	case ByReach:
		for _, one := range d {
			CredentialsChanged(one)
		}
	case *Recorder:
		CredentialsChanged(d.dialer)
	case Keeper:
		d.CredentialsChanged()
	}
}

// LookUp returns the addresses of a name, by this computer's resolver; of an
// address itself. A name that is not known is ErrUnreachable.
func LookUp(ctx context.Context, name string) ([]string, error) {
	if net.ParseIP(name) != nil {
		return []string{name}, nil
	}
	list, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return nil, DialError(ctx, err)
	}
	return list, nil
}
