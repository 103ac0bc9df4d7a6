package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// except records an exception for a while, and returns its number.
func (s *shop) except(t *testing.T, host data.HostID, update string, d time.Duration) data.ExceptionID {
	t.Helper()
	id, err := s.SaveException(t.Context(), data.Exception{Host: host, Update: update, Reason: "the vendor has not cleared it", RequestedBy: "Petra Lang", Expires: s.Now().Add(d)})
	must(t, err)
	return id
}

// makes plans for the shop's host and returns the names that go in and the notes.
func (s *shop) makes(t *testing.T, req PlanRequest) (data.Plan, string, string, error) {
	t.Helper()
	req.Name, req.Hosts = "excepted", []data.HostID{s.host}
	p, notes, err := s.MakePlan(t.Context(), req, nil)
	var in, out []string
	for _, h := range p.Hosts {
		for _, u := range h.Changes.Upgrade {
			in = append(in, u.Name)
		}
	}
	for _, n := range notes {
		out = append(out, n.Update+": "+n.Why)
	}
	return p, strings.Join(in, " "), strings.Join(out, "\n"), err
}

func TestAnExceptionKeepsItsUpdateOutOfAPlan(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.except(t, s.host, "openssl", 48*time.Hour)
	for name, req := range map[string]PlanRequest{"all missing": {}, "a class": {Classes: []data.Class{data.Security}}, "a rule's updates": {Keys: []string{"openssl", "curl"}}} {
		_, in, out, err := s.makes(t, req)
		if err != nil || in != "curl" {
			t.Errorf("%s: %q goes in, %v", name, in, err)
		}
		if want := "openssl: exception 1 leaves it out until " + day(s.Now().Add(48*time.Hour)) + ": the vendor has not cleared it"; out != want {
			t.Errorf("%s: left out\n%s\nnot\n%s", name, out, want)
		}
	}
}

func TestAnUpdateChosenByNameGoesInAndThePlanWarns(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.except(t, 0, "openssl", 48*time.Hour)
	p, in, out, err := s.makes(t, PlanRequest{Keys: []string{"openssl"}, ByName: []string{"openssl"}})
	if err != nil || in != "openssl" || out != "" {
		t.Fatalf("%q goes in, left out %q, %v", in, out, err)
	}
	es, err := s.DB.Exceptions(t.Context())
	must(t, err)
	hosts, err := s.DB.Hosts(t.Context())
	must(t, err)
	got := ExceptedIn(p, es, hosts, s.Now())
	if len(got) != 1 || got[0].Host.Name != "web1" || got[0].Update != "openssl" || got[0].Exception != 1 ||
		got[0].Text() != "openssl on web1 goes in although exception 1 leaves it out until "+day(s.Now().Add(48*time.Hour))+": the vendor has not cleared it" {
		t.Errorf("the plan warns of %+v", got)
	}
	if late := ExceptedIn(p, es, hosts, s.Now().Add(49*time.Hour)); len(late) > 0 {
		t.Errorf("an exception that has expired warns: %+v", late)
	}
}

func TestWhatIsExpiredWithdrawnOrForAnotherHostLeavesNothingOut(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	ids, err := s.DB.SaveHosts(t.Context(), []data.Host{{Name: "web2", Exposure: data.Internet, Platform: data.APT}}, s.entry("host added", "web2", "", change{}))
	must(t, err)
	s.except(t, ids[0], "openssl", 48*time.Hour)
	s.except(t, s.host, "openssl", time.Hour)
	gone := s.except(t, s.host, "curl", 48*time.Hour)
	s.at(night.Add(time.Hour))
	must(t, s.WithdrawException(t.Context(), gone, "cleared"))
	if _, in, out, err := s.makes(t, PlanRequest{}); err != nil || len(strings.Fields(in)) != 2 || out != "" {
		t.Errorf("%q goes in, left out %q, %v", in, out, err)
	}
}

func TestAnExceptionForAHostLeavesTheWholeHostOut(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.except(t, s.host, "", 48*time.Hour)
	_, in, out, err := s.makes(t, PlanRequest{})
	if !errors.Is(err, ErrAllLeftOut) || in != "" || strings.Count(out, "\n") != 0 || !strings.HasPrefix(out, ": exception 1 leaves the whole host out until ") {
		t.Errorf("%q goes in, left out %q, %v", in, out, err)
	}
}

// along is a world whose solver brings openssl in with whatever is chosen.
type along struct{ *world }

func (w along) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	c, err := w.world.Simulate(ctx, s, want)
	c.Upgrade = append(c.Upgrade[:len(c.Upgrade):len(c.Upgrade)], data.Target{Name: "openssl", From: "3.0.1", To: "3.0.2"})
	return c, err
}

func TestAnExceptedUpdateDoesNotComeAlongWithAnother(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.except(t, s.host, "openssl", 48*time.Hour)
	s.Platforms = []Platform{along{s.w}}
	_, in, out, err := s.makes(t, PlanRequest{Keys: []string{"curl"}, ByName: []string{"curl"}})
	if !errors.Is(err, ErrAllLeftOut) || in != "" || !strings.Contains(out, "openssl would come along, and exception 1 leaves it out until ") {
		t.Errorf("%q goes in, left out %q, %v", in, out, err)
	}
}
