package rollouts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui/kit"
)

// tally counts runs.
func tally(runs []data.Run) store.Tally {
	t := store.Tally{Outcomes: map[data.Outcome]int{}}
	for _, r := range runs {
		switch {
		case r.Outcome != data.OutcomeNone:
			t.Outcomes[r.Outcome]++
		case r.Step == data.StepQueued:
			t.Queued++
		default:
			t.Active++
		}
	}
	return t
}

// outcomes in the order in which they are told and drawn.
var outcomes = []data.Outcome{data.OutcomeSucceeded, data.OutcomeFailed, data.OutcomeUnknown, data.OutcomeSkipped, data.OutcomeCancelled}

func signOf(o data.Outcome) kit.Status { return kit.OfRun(data.Run{Outcome: o}) }

// slicesOf divides a bar by how runs stand.
func slicesOf(t store.Tally) []kit.Slice {
	var out []kit.Slice
	for _, o := range outcomes {
		out = append(out, kit.Slice{Status: signOf(o), Label: string(o), Count: t.Outcomes[o]})
	}
	return append(out,
		kit.Slice{Status: kit.StatusRunning, Label: "under way", Count: t.Active},
		kit.Slice{Status: kit.StatusQueued, Label: "waiting", Count: t.Queued})
}

// told lists what is not zero: "5 succeeded, 1 failed, 2 under way".
func told(t store.Tally) string {
	var parts []string
	for _, s := range slicesOf(t) {
		if s.Count > 0 {
			parts = append(parts, kit.Number(s.Count)+" "+s.Label)
		}
	}
	return strings.Join(parts, ", ")
}

// needsPerson counts runs that nobody goes on with but a person.
func needsPerson(t store.Tally) int {
	return t.Outcomes[data.OutcomeFailed] + t.Outcomes[data.OutcomeUnknown]
}

func ended(t store.Tally) int { return t.All() - t.Active - t.Queued }

// sentence says in one sentence how a rollout stands.
func sentence(r data.Rollout, rings []data.Ring, runs []data.Run, now time.Time) string {
	t := tally(runs)
	hosts := kit.Count(t.All(), "host", "hosts")
	switch r.State {
	case data.RolloutDone:
		if t.Outcomes[data.OutcomeSucceeded] == t.All() {
			return fmt.Sprintf("All of it is in: %s succeeded, as a scan of each proves.", hosts)
		}
		return fmt.Sprintf("It has gone through all rings: %s.", told(t))
	case data.RolloutStopped:
		if t.Active > 0 {
			return fmt.Sprintf("It stopped: %s. %s still at work and will end by itself.", dot(r.Note), verbOf(t.Active, "host is", "hosts are"))
		}
		return "It stopped: " + dot(r.Note) + "."
	case data.RolloutCancelled:
		if r.Open() {
			return fmt.Sprintf("It is being cancelled: %s at the next sound point.", verbOf(t.Active, "host stops", "hosts stop"))
		}
		return fmt.Sprintf("It was %s: %s.", dot(r.Note), told(t))
	}
	return openSentence(r, rings, runs, now)
}

func openSentence(r data.Rollout, rings []data.Ring, runs []data.Run, now time.Time) string {
	t := tally(runs)
	if t.Active > 0 {
		ring := currentRing(runs)
		at := ""
		if len(rings) > 1 {
			at = fmt.Sprintf(" in %s", ringName(rings, ring))
		}
		text := fmt.Sprintf("Updates are going in on %s%s", kit.Count(t.Active, "host", "hosts"), at)
		if until := latestDeadline(runs); !until.IsZero() && r.Reason == "" {
			text += ", in a window that is open until " + kit.Clock(until, now)
		}
		return text + outside(r) + "."
	}
	if r.Note != "" {
		return "Nothing is being touched now: " + dot(r.Note) + "."
	}
	if why, n := commonWait(runs); why != "" {
		return fmt.Sprintf("Nothing is being touched now: %s, because %s.", verbOf(n, "host waits", "hosts wait"), dot(why))
	}
	return "It is about to begin" + outside(r) + "."
}

// outside says why a rollout does not keep to windows; "" where it does.
func outside(r data.Rollout) string {
	if r.Reason == "" {
		return ""
	}
	return ", outside windows: " + dot(r.Reason)
}

func dot(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }

func verbOf(n int, one, many string) string { return kit.Count(n, one, many) }

// commonWait returns why most of the queued runs wait, and how many do.
func commonWait(runs []data.Run) (why string, n int) {
	seen := map[string]int{}
	for _, r := range runs {
		if r.Outcome == data.OutcomeNone && r.Step == data.StepQueued && r.Detail != "" {
			seen[r.Detail]++
			if seen[r.Detail] > n {
				why, n = r.Detail, seen[r.Detail]
			}
		}
	}
	return why, n
}

func latestDeadline(runs []data.Run) time.Time {
	var t time.Time
	for _, r := range runs {
		if r.Outcome == data.OutcomeNone && r.Step != data.StepQueued && r.Deadline.After(t) {
			t = r.Deadline
		}
	}
	return t
}

// currentRing is the lowest ring with something under way.
func currentRing(runs []data.Run) int {
	ring := 0
	for _, r := range runs {
		if r.Outcome == data.OutcomeNone && r.Step != data.StepQueued && (ring == 0 || r.Ring < ring) {
			ring = r.Ring
		}
	}
	return ring
}

func ringName(rings []data.Ring, number int) string {
	for _, r := range rings {
		if r.Number == number && r.Name != "" {
			return fmt.Sprintf("ring %d (%s)", number, r.Name)
		}
	}
	return fmt.Sprintf("ring %d", number)
}

// safe says what may be done now without harm, and what comes next.
func safe(r data.Rollout, t store.Tally) string {
	switch {
	case t.Outcomes[data.OutcomeUnknown] > 0 && t.Active == 0:
		return "Look again at what is unknown: only the host can tell whether its job ran. It is never repeated blindly."
	case r.State == data.RolloutStopped:
		return "Nothing more starts by itself. Read the log of what failed; then resume, retry the host, or leave it."
	case r.State == data.RolloutCancelled && r.Open():
		return "Leave it alone: each host stops where its packages are sound, and a scan then says what is in."
	case !r.Open() && t.Outcomes[data.OutcomeFailed]+t.Outcomes[data.OutcomeSkipped]+t.Outcomes[data.OutcomeCancelled] > 0:
		return "Nothing starts by itself. A host that did not succeed can be retried with a reason."
	case !r.Open():
		return "Nothing is left to do here."
	case t.Active > 0:
		return "You may close the desk or lose the line: jobs go on by themselves on their hosts and are looked up again."
	}
	return "You may close the desk, but it, or stctl run-due, must run when the window opens. Cancelling now changes no host."
}

// moment is a moment with its day and zone, for a sentence.
func moment(t time.Time) string { return t.Local().Format("Mon 2 Jan 15:04 MST") }

// stamp is a moment with its day, short enough for a cell.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("Mon 2 Jan 15:04")
}

// short is a moment for a narrow cell: its time alone where it is today.
func short(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return t.Local().Format("15:04")
	}
	return t.Local().Format("2 Jan 15:04")
}

// steps of a run that change something, for its progress.
var steps = []data.Step{data.StepPreCheck, data.StepInstall, data.StepReboot, data.StepPostCheck, data.StepVerify}

// progress is the share of a run's steps that are behind it; below 0: nothing
// is under way.
func progress(r data.Run) float64 {
	if r.Outcome != data.OutcomeNone || r.Step == data.StepQueued {
		return -1
	}
	return (float64(slices.Index(steps, r.Step)) + 0.5) / float64(len(steps))
}

// progressText is progress in words: "2 of 5".
func progressText(r data.Run) string {
	if progress(r) < 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", slices.Index(steps, r.Step)+1, len(steps))
}

// rank orders runs for a person: what needs one, what is under way, what
// waits, what has ended well.
func rank(r data.Run) int {
	switch {
	case r.Outcome == data.OutcomeFailed || r.Outcome == data.OutcomeUnknown:
		return 0
	case r.Outcome == data.OutcomeNone && r.Step != data.StepQueued:
		return 1
	case r.Outcome == data.OutcomeNone:
		return 2
	case r.Outcome == data.OutcomeSkipped || r.Outcome == data.OutcomeCancelled:
		return 3
	}
	return 4
}

// took is how long a run has lasted.
func took(r data.Run, now time.Time) string {
	switch {
	case r.Started.IsZero():
		return ""
	case r.Ended.IsZero():
		return kit.Span(now.Sub(r.Started))
	}
	return kit.Span(r.Ended.Sub(r.Started))
}

// soakText and gateText say how a ring goes over into the next.
func soakText(d time.Duration) string {
	if d <= 0 {
		return "no soak"
	}
	return "soak " + kit.Span(d)
}

func gateText(g float64) string {
	if g <= 0 {
		g = 1
	}
	return "gate " + kit.Percent(g)
}

// limits says how a plan goes about it, in one line.
func limits(p data.Plan) string {
	parallel := p.Parallel
	if parallel <= 0 {
		parallel = 5
	}
	stop := "stops at the first failed or unknown host"
	if p.StopAt > 0 {
		stop = fmt.Sprintf("stops when %s of a ring failed or are unknown", kit.Percent(p.StopAt))
	}
	return fmt.Sprintf("%s at once · %s · reboot %s", kit.Count(parallel, "host", "hosts"), stop, p.Reboot)
}

// ringsOf returns the rings of a plan, those that only hosts name too.
func ringsOf(p data.Plan) []data.Ring {
	rings := slices.Clone(p.Rings)
	for _, h := range p.Hosts {
		if !slices.ContainsFunc(rings, func(r data.Ring) bool { return r.Number == h.Ring }) {
			rings = append(rings, data.Ring{Number: h.Ring})
		}
	}
	slices.SortFunc(rings, func(a, b data.Ring) int { return a.Number - b.Number })
	return rings
}

// changesText counts what a plan does to a host: "4 upgrades, 1 added".
func changesText(c data.Changes) string {
	var parts []string
	for _, x := range []struct {
		n         int
		one, many string
	}{{len(c.Upgrade), "upgraded", "upgraded"}, {len(c.Add), "added", "added"}, {len(c.Remove), "removed", "removed"}} {
		if x.n > 0 {
			parts = append(parts, kit.Count(x.n, x.one, x.many))
		}
	}
	return strings.Join(parts, ", ")
}
