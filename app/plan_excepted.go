package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// An Excepted is an update that a plan brings in although an exception leaves
// it out: somebody chose it by name, or the exception came after the plan.
type Excepted struct {
	Host      data.Host
	Update    string // data.Update.Key
	Exception data.ExceptionID
	Until     time.Time
	Why       string // the exception's reason
}

// Text says it in one clause, without a full stop.
func (x Excepted) Text() string {
	return fmt.Sprintf("%s on %s goes in although exception %d leaves it out until %s: %s", x.Update, x.Host.Name, x.Exception, day(x.Until), x.Why)
}

// ExceptedIn returns what p brings in although an exception that is in force at
// now leaves it out, for the person who approves it. Hosts that are no longer in
// the inventory are passed over.
func ExceptedIn(p data.Plan, exceptions []data.Exception, hosts []data.Host, now time.Time) []Excepted {
	var out []Excepted
	for _, part := range p.Hosts {
		at := slices.IndexFunc(hosts, func(h data.Host) bool { return h.ID == part.Host })
		if at < 0 {
			continue
		}
		for _, list := range [][]data.Target{part.Changes.Upgrade, part.Changes.Add} {
			for _, t := range list {
				if e, ok := longest(exceptions, part.Host, t.Key(), now); ok {
					out = append(out, Excepted{hosts[at], t.Key(), e.ID, e.Expires, firstWords(e.Reason)})
				}
			}
		}
	}
	return out
}

// longest finds the exception that covers an update on a host at now and lasts
// longest, as a verdict does.
func longest(es []data.Exception, h data.HostID, key string, now time.Time) (found data.Exception, ok bool) {
	for _, e := range es {
		if e.Covers(h, key, now) && (!ok || e.Expires.After(found.Expires)) {
			found, ok = e, true
		}
	}
	return found, ok
}

// leavesOut says which exception leaves something out, until when and why.
func leavesOut(e data.Exception, what string) string {
	return fmt.Sprintf("exception %d leaves %s out until %s: %s", e.ID, what, day(e.Expires), firstWords(e.Reason))
}

// firstWords keeps a reason to one line.
func firstWords(s string) string { return strings.Join(strings.Fields(s), " ") }

// comesAlong says which update that nobody chose by name a host would bring in
// against an exception; "" for none.
func (q PlanRequest) comesAlong(h data.HostID, c data.Changes, now time.Time) string {
	for _, t := range append(slices.Clone(c.Upgrade), c.Add...) {
		if slices.Contains(q.ByName, t.Key()) {
			continue
		}
		if e, ok := longest(q.exceptions, h, t.Key(), now); ok {
			return t.Key() + " would come along, and " + leavesOut(e, "it")
		}
	}
	return ""
}
