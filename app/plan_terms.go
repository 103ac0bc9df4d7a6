package app

import (
	"errors"
	"slices"
	"strings"

	"secondtuesday/data"
)

// ErrTermsOpen means that an update of a plan asks for its licence terms, and
// that nobody has said whether they are accepted.
var ErrTermsOpen = errors.New("an update asks for its licence terms: accept them, or leave it out")

const asksForTerms = "it asks for its licence terms: read them, then plan it with its terms accepted (--accept-terms)"

// SettleTerms returns a draft in which no update asks for its licence terms any
// more: they are accepted, or what asks is left out and stands among LeftOut.
func SettleTerms(p data.Plan, accept bool) data.Plan {
	hosts := slices.Clone(p.Hosts)
	p.LeftOut = slices.Clone(p.LeftOut)
	for i := range hosts {
		var out []data.LeftOut
		hosts[i].Changes, out = settled(hosts[i].Host, hosts[i].Changes, accept)
		p.LeftOut = append(p.LeftOut, out...)
	}
	if !p.RebootOnly() {
		hosts = slices.DeleteFunc(hosts, func(h data.PlanHost) bool { return h.Changes.Empty() })
	}
	p.Hosts = hosts
	return p
}

// settled accepts the terms of what asks for them on h, or returns what is left out.
func settled(h data.HostID, c data.Changes, accept bool) (data.Changes, []data.LeftOut) {
	var out []data.LeftOut
	settle := func(all []data.Target) []data.Target {
		var in []data.Target
		for _, t := range all {
			if t.Terms == data.TermsAsked && !accept {
				out = append(out, data.LeftOut{Host: h, Update: t.Key(), Why: asksForTerms, Terms: t.TermsText})
				continue
			}
			if t.Terms == data.TermsAsked {
				t.Terms = data.TermsAccepted
			}
			in = append(in, t)
		}
		return in
	}
	c.Upgrade, c.Add = settle(c.Upgrade), settle(c.Add)
	return c, out
}

// Terms returns the updates of a plan whose licence terms stand so, each once,
// sorted.
func Terms(p data.Plan, how data.Terms) []data.Target {
	var out []data.Target
	for _, h := range p.Hosts {
		for _, t := range slices.Concat(h.Changes.Upgrade, h.Changes.Add) {
			if t.Terms == how && !slices.ContainsFunc(out, func(o data.Target) bool { return o.Key() == t.Key() }) {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, func(a, b data.Target) int { return strings.Compare(a.Key(), b.Key()) })
	return out
}

// acceptedText names whose licence terms a plan accepts, as the end of a
// sentence; "" where it accepts none.
func acceptedText(p data.Plan) string {
	keys := acceptedKeys(p)
	if keys == "" {
		return ""
	}
	return ", accepts the licence terms of " + keys
}

func acceptedKeys(p data.Plan) string {
	var keys []string
	for _, t := range Terms(p, data.TermsAccepted) {
		keys = append(keys, t.Key())
	}
	return strings.Join(keys, ", ")
}

// planChange is what the audit trail keeps of a plan: its digest, and what a
// person accepts with it.
func planChange(p data.Plan) map[string]string {
	m := map[string]string{"digest": p.Digest()}
	if keys := acceptedKeys(p); keys != "" {
		m["accepts the licence terms of"] = keys
	}
	return m
}
