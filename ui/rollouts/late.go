package rollouts

import (
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// What is late on the hosts of a rollout that has ended: that all of its plan
// is in does not mean that nothing is overdue there.
type late struct {
	hosts   []string // by name, the overdue ones
	updates int      // overdue on them; 0: a reboot, or the end of support
	planned bool     // all its runs succeeded, so that the plan did not hold it
}

// lateOf looks up the hosts of a rollout, and those that its plan left out, in
// the judgements last made.
func lateOf(s *snapshot, verdicts []data.HostVerdict) late {
	l := late{planned: tally(s.runs).Outcomes[data.OutcomeSucceeded] == len(s.runs)}
	in := make(map[data.HostID]bool, len(s.runs))
	for _, r := range s.runs {
		in[r.Host] = true
	}
	for _, o := range s.plan.LeftOut {
		in[o.Host] = true
	}
	for _, v := range verdicts {
		if h, there := s.hosts[v.Host]; in[v.Host] && there && v.Compliance == data.Overdue {
			l.hosts = append(l.hosts, h.Name)
			l.updates += v.Counts[data.Overdue]
		}
	}
	slices.Sort(l.hosts)
	return l
}

// mostLate is how many late hosts are named.
const mostLate = 3

func (l late) sentence() string {
	where := kit.Count(len(l.hosts), "host", "hosts")
	if len(l.hosts) <= mostLate {
		where = strings.Join(l.hosts, ", ")
	}
	text := "Still overdue: " + where
	if l.updates > 0 {
		text = "Still overdue: " + kit.Count(l.updates, "update", "updates") + " on " + where
	}
	if l.planned && l.updates > 0 {
		return text + ", left out of this plan."
	}
	return text + "."
}
