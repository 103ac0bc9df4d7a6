package app

import (
	"context"
	"errors"
	"strings"
	"testing"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// asking is a world whose openssl asks for its licence terms.
type asking struct{ *world }

func (w asking) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	c, err := w.world.Simulate(ctx, s, want)
	for i := range c.Upgrade {
		if c.Upgrade[i].Name == "openssl" {
			c.Upgrade[i].Terms = data.TermsAsked
		}
	}
	return c, err
}

func TestUpdateThatAsksForItsTermsGoesInOnlyWhereTheyAreAccepted(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.Platforms = []Platform{asking{s.w}}
	out, in, why, err := s.makes(t, PlanRequest{})
	if err != nil || in != "curl" || !strings.Contains(why, "openssl: it asks for its licence terms") || len(out.LeftOut) != 1 {
		t.Errorf("%q goes in, left out %q, %v", in, why, err)
	}
	if _, in, _, err := s.makes(t, PlanRequest{Keys: []string{"openssl"}}); !errors.Is(err, ErrAllLeftOut) || in != "" {
		t.Errorf("%q goes in, %v", in, err)
	}
	open, in, why, err := s.makes(t, PlanRequest{Terms: data.TermsAsked})
	if err != nil || in != "curl openssl" || why != "" {
		t.Errorf("%q goes in, left out %q, %v", in, why, err)
	}
	if _, err := s.SavePlan(t.Context(), open); !errors.Is(err, ErrTermsOpen) {
		t.Errorf("stored with a question open: %v", err)
	}
	if p := SettleTerms(open, false); p.Digest() != out.Digest() {
		t.Errorf("not accepted afterwards is another plan than not accepted: %+v", p)
	}
	p, _, _, err := s.makes(t, PlanRequest{Terms: data.TermsAccepted})
	if err != nil || len(Terms(p, data.TermsAccepted)) != 1 || SettleTerms(open, true).Digest() != p.Digest() || p.Digest() == open.Digest() {
		t.Errorf("%+v, %v", p, err)
	}
	id, err := s.SavePlan(t.Context(), p)
	must(t, err)
	stored, err := s.DB.Plan(t.Context(), id)
	must(t, err)
	must(t, s.ApprovePlan(t.Context(), id, stored.Digest(), ""))
	told := 0
	trail, err := s.DB.Audit(t.Context(), 0, 0)
	must(t, err)
	for _, e := range trail {
		if strings.HasPrefix(e.Verb, "plan ") && strings.Contains(e.Data, `"accepts the licence terms of":"openssl"`) {
			told++
		}
	}
	if told != 2 {
		t.Errorf("%d of 2 audit entries name whose terms are accepted", told)
	}
	_, err = s.StartRollout(t.Context(), id, "") // the longer entry is an approval all the same
	must(t, err)
}
