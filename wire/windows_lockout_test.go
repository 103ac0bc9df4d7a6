package wire_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
	"secondtuesday/wire"
)

// aPassword is one password for every host, which can be stored anew.
type aPassword struct{ atomic.Pointer[string] }

func (p *aPassword) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.New(*p.Load()).Anywhere(), nil
}

func (p *aPassword) Set(_ context.Context, _ secret.Key, s secret.Secret) error {
	v := s.Reveal()
	p.Store(&v)
	return nil
}

func (p *aPassword) Delete(context.Context, secret.Key) error { return nil }

// A domain is some Windows hosts that one account manages.
type domain struct {
	*app.Desk
	t        *testing.T
	password *aPassword
	servers  []*wsman.Server
	hosts    []data.HostID
}

func newDomain(t *testing.T, user string, n int) *domain {
	t.Helper()
	d := &domain{t: t, password: &aPassword{}}
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "site.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	dialer := winrm.New(winrm.Config{Accepted: filepath.Join(t.TempDir(), "known_certificates"), Secrets: d.password})
	d.Desk = &app.Desk{DB: db, Dialer: remote.ByReach{data.ReachWinRM: dialer}, Platforms: wire.Platforms(), By: "anna@desk1", Now: time.Now}
	d.password.Set(t.Context(), secret.Key{}, secret.New("pw"))
	for i := range n {
		s, err := wsman.Start(wsman.Options{
			TLS: true, StrictBinding: true, Users: map[string]wsman.User{user: {Password: "pw", Admin: true}},
			Exec: func(context.Context, *wsman.Call) int { return 1 }, // what comes after the login is not looked at
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		h := s.Host(fmt.Sprintf("win%02d", i+1), user)
		id, err := d.AddHost(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		var unknown *remote.HostKeyUnknownError
		if _, err := dialer.Dial(t.Context(), h); !errors.As(err, &unknown) {
			t.Fatalf("no certificate to vouch for: %v", err)
		}
		if err := dialer.AcceptHostKey(unknown); err != nil {
			t.Fatal(err)
		}
		d.servers, d.hosts = append(d.servers, s), append(d.hosts, id)
	}
	return d
}

// refused counts by the hosts' own count the logins that a domain holds against
// the account.
func (d *domain) refused() (n int64) {
	for _, s := range d.servers {
		n += s.Counts().Refused
	}
	return n
}

// scanAll returns how many hosts' logins were not tried, and what was said of one.
func (d *domain) scanAll() (heldBack int, says string) {
	d.t.Helper()
	err := d.Scan(d.t.Context(), d.hosts, false, func(r app.ScanResult) {
		if errors.Is(r.Err, remote.ErrHeldBack) {
			heldBack++
			says = r.Err.Error()
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return heldBack, says
}

// TestOnePasswordIsNotTriedOnEveryHost has one account manage ten hosts with a
// password that is wrong by now: a domain would lock the account.
func TestOnePasswordIsNotTriedOnEveryHost(t *testing.T) {
	d := newDomain(t, `CORP\anna`, 10)
	d.password.Set(t.Context(), secret.Key{}, secret.New("the password of last month"))
	held, says := d.scanAll()
	if n := d.refused(); n != 2 || held != 8 {
		t.Errorf("%d logins were refused, %d hosts were spared; want 2 and 8", n, held)
	}
	if !strings.Contains(says, `CORP\anna was refused on win`) || !strings.Contains(says, " and win") || !strings.Contains(says, "Store its password again") {
		t.Errorf("it says %q", says)
	}
	for range 3 { // a person tries again, and looks into it
		d.scanAll()
	}
	h, err := d.DB.Host(t.Context(), d.hosts[9])
	if err != nil {
		t.Fatal(err)
	}
	var failed app.Finding
	if err := d.Doctor(t.Context(), h, func(f app.Finding) {
		if f.Result == data.CheckFailed {
			failed = f
		}
	}); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(failed.Err, remote.ErrHeldBack) || !strings.Contains(failed.Mend, "stctl secret set login win10") || d.refused() != 2 {
		t.Errorf("doctor: %+v; %d refused", failed, d.refused())
	}
	if _, err := d.KeepCredential(t.Context(), d.password, secret.LoginKey("win10"), secret.New("pw")); err != nil {
		t.Fatal(err)
	}
	if held, says := d.scanAll(); held != 0 || d.refused() != 2 {
		t.Errorf("with the right password: %d not tried (%s), %d refused", held, says, d.refused())
	}
}

// TestSamePasswordStoredAgainIsTriedAgain is for an account that was locked, and
// is not any more.
func TestSamePasswordStoredAgainIsTriedAgain(t *testing.T) {
	d := newDomain(t, `CORP\anna`, 4)
	for _, s := range d.servers {
		s.SetFaults(wsman.Faults{RefuseLogin: true})
	}
	if held, _ := d.scanAll(); held != 2 {
		t.Errorf("%d hosts were spared", held)
	}
	for _, s := range d.servers {
		s.SetFaults(wsman.Faults{})
	}
	if _, err := d.KeepCredential(t.Context(), d.password, secret.LoginKey("win01"), secret.New("pw")); err != nil {
		t.Fatal(err)
	}
	if held, says := d.scanAll(); held != 0 || d.refused() != 2 {
		t.Errorf("%d not tried (%s), %d refused", held, says, d.refused())
	}
}

// TestPasswordThatExpiresInUseIsNotTriedOnEveryHost has ten hosts take the
// password at first.
func TestPasswordThatExpiresInUseIsNotTriedOnEveryHost(t *testing.T) {
	d := newDomain(t, `CORP\anna`, 10)
	if held, says := d.scanAll(); held > 0 || d.refused() > 0 {
		t.Fatalf("%d not tried: %s", held, says)
	}
	for _, s := range d.servers {
		s.SetFaults(wsman.Faults{RefuseLogin: true})
	}
	if d.scanAll(); d.refused() > 4 {
		t.Errorf("%d logins were refused", d.refused())
	}
}

// TestOneHostThatRefusesHoldsNoOtherBack is for a host with a fault of its own.
func TestOneHostThatRefusesHoldsNoOtherBack(t *testing.T) {
	d := newDomain(t, `CORP\anna`, 6)
	d.servers[0].SetFaults(wsman.Faults{RefuseLogin: true})
	d.servers[3].SetFaults(wsman.Faults{RefuseLogin: true})
	held, says := 0, ""
	for _, h := range d.hosts { // one after the other: others take it in between
		err := d.Scan(t.Context(), []data.HostID{h}, false, func(r app.ScanResult) {
			if errors.Is(r.Err, remote.ErrHeldBack) {
				held++
				says = r.Err.Error()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if held > 0 {
		t.Errorf("%d not tried: %s", held, says)
	}
}

// TestAccountsOfTheHostsThemselvesAreTriedOnEach: no other host can lock them.
func TestAccountsOfTheHostsThemselvesAreTriedOnEach(t *testing.T) {
	d := newDomain(t, "admin", 5)
	d.password.Set(t.Context(), secret.Key{}, secret.New("wrong"))
	if held, _ := d.scanAll(); held != 0 || d.refused() != 5 {
		t.Errorf("%d not tried, %d refused", held, d.refused())
	}
}
