package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A fakeGuide is a way that ends where the test says.
type fakeGuide struct {
	remote.Dialer
	knock, greet, dial error
	dials              int
	until              time.Time // of what it shows
	own                bool
}

func (g *fakeGuide) Dial(ctx context.Context, h data.Host) (remote.Session, error) {
	g.dials++
	if g.dial != nil {
		return nil, g.dial
	}
	return g.Dialer.Dial(ctx, h)
}

func (g *fakeGuide) Way(h data.Host) (remote.Way, error) {
	way := remote.Way{By: "SSH", Name: h.Target(), Port: 22, Own: g.own}
	if h.Jump != "" {
		way.Jumps = []string{h.Jump}
	}
	return way, nil
}

func (g *fakeGuide) Knock(context.Context, data.Host) (string, error) { return "192.0.2.1:22", g.knock }

func (g *fakeGuide) Greet(context.Context, data.Host) (remote.Identity, error) {
	id := remote.Identity{Type: "ssh-ed25519", Fingerprint: "SHA256:x", By: "a \x1b[31mperson"}
	if !g.until.IsZero() {
		id.Certificate = &remote.Certificate{Subject: "CN=dc1", Issuer: "CN=dc1", NotAfter: g.until}
	}
	return id, g.greet
}

func (g *fakeGuide) Mend(_ data.Host, err error) string { return "mend " + err.Error() + " of HOST" }

// examined returns what a check of h found, "name: result", and all findings.
func examined(t *testing.T, d *Desk, h data.Host) ([]string, map[string]Finding) {
	t.Helper()
	var lines []string
	found := map[string]Finding{}
	began := map[string]bool{}
	err := d.Doctor(t.Context(), h, func(f Finding) {
		if f.Result == Looking {
			began[f.Name] = true
			return
		}
		lines = append(lines, fmt.Sprintf("%s: %s", f.Name, f.Result))
		found[f.Name] = f
		if f.Result != data.CheckPassed && f.Detail == "" {
			t.Errorf("%s says nothing", f.Name)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range began {
		if _, ok := found[name]; !ok {
			t.Errorf("%s began and found nothing", name)
		}
	}
	return lines, found
}

func TestDoctorStopsWhereTheNextStepMakesNoSense(t *testing.T) {
	later := func(names ...string) (lines []string) {
		for _, n := range names {
			lines = append(lines, n+": not tried")
		}
		return lines
	}
	rest := []string{"rights", "update system", "what a job needs", "update source"}
	for _, c := range []struct {
		name  string
		guide fakeGuide
		want  []string
		dials int
	}{
		{"port", fakeGuide{knock: remote.ErrUnreachable}, append([]string{"name: passed", "port: failed"}, later(append([]string{"host key", "login"}, rest...)...)...), 0},
		{"key", fakeGuide{greet: &remote.HostKeyUnknownError{Host: "x"}}, append([]string{"name: passed", "port: passed", "host key: failed"}, later(append([]string{"login"}, rest...)...)...), 0},
		{"login", fakeGuide{dial: remote.ErrLoginRefused}, append([]string{"name: passed", "port: passed", "host key: passed", "login: failed"}, later(rest...)...), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, shop, _ := newOffice(t)
			c.guide.Dialer = shop
			d.Dialer = &c.guide
			lines, found := examined(t, d, data.Host{Name: "web1", Address: "192.0.2.1"})
			if diff := cmp.Diff(c.want, lines); diff != "" {
				t.Error(diff)
			}
			if c.guide.dials != c.dials {
				t.Errorf("%d logins", c.guide.dials)
			}
			for _, f := range found {
				if f.Result == NotTried && !strings.Contains(f.Detail, "“"+map[string]string{"port": "port", "key": "host key", "login": "login"}[c.name]+"”") {
					t.Errorf("%s does not name the step that it waits for: %s", f.Name, f.Detail)
				}
				if f.Result == data.CheckFailed && (!strings.HasPrefix(f.Mend, "mend ") || !strings.HasSuffix(f.Mend, "of web1")) {
					t.Errorf("%s is mended by %q", f.Name, f.Mend)
				}
			}
		})
	}
}

func TestDoctorOfThisComputerHasNoWay(t *testing.T) {
	d, _, _ := newOffice(t) // its dialer is no guide
	lines, _ := examined(t, d, data.Host{Name: "here", Reach: data.ReachLocal})
	if len(lines) == 0 || lines[0] != "login: passed" || lines[1] != "rights: failed" {
		t.Errorf("got %v", lines)
	}
}

func TestNameWithoutAddressIsToldFirst(t *testing.T) {
	d, shop, _ := newOffice(t)
	d.Dialer = &fakeGuide{Dialer: shop}
	lines, found := examined(t, d, data.Host{Name: "nobody.invalid"})
	if lines[0] != "name: failed" || !strings.Contains(found["name"].Mend, "stctl host edit nobody.invalid --address") {
		t.Errorf("got %v, %+v", lines, found["name"])
	}
}

func TestNameThatAnotherLooksUpKeepsNoHostFromBeingSound(t *testing.T) {
	for _, c := range []struct {
		why  string
		own  bool
		jump string
	}{{"the jump host bastion", false, "bastion"}, {"this program itself", true, ""}} {
		d, shop, _ := newOffice(t)
		d.Dialer = &fakeGuide{Dialer: shop, own: c.own}
		_, found := examined(t, d, data.Host{Name: "nobody.invalid", Jump: c.jump})
		f := found["name"]
		if f.Result != NotTried || !strings.Contains(f.Detail, c.why) || !Passes(f) || found["port"].Result != data.CheckPassed {
			t.Errorf("%s: got %+v, then %+v", c.why, f, found["port"])
		}
	}
	for _, f := range []Finding{{Name: "login", Result: NotTried}, {Name: "name", Result: data.CheckFailed}, {Name: "name", Result: data.CheckUnknown}} {
		if Passes(f) {
			t.Errorf("%+v passes", f)
		}
	}
}

func TestCertificateThatEndsSoonIsWarnedOf(t *testing.T) {
	d, shop, _ := newOffice(t)
	for left, want := range map[time.Duration]data.CheckResult{certificateSoon - time.Hour: data.CheckWarned, certificateSoon + time.Hour: data.CheckPassed} {
		d.Dialer = &fakeGuide{Dialer: shop, until: d.Now().Add(left)}
		_, found := examined(t, d, data.Host{Name: "web1", Address: "192.0.2.1"})
		if f := found["host key"]; f.Result != want || strings.Contains(f.Detail, "\x1b") || want == data.CheckWarned && f.Mend == "" {
			t.Errorf("%s left: %+v", left, f)
		}
	}
}
