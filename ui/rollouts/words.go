package rollouts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui/kit"
)

// The words for how a rollout stands are those of package app, which stctl says too.
var (
	tally       = app.TallyRuns
	told        = app.TallyText
	needsPerson = app.NeedPerson
	outcomes    = app.Outcomes
)

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

func ended(t store.Tally) int { return t.All() - t.Active - t.Queued }

func dot(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }

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
	case r.Outcome == data.OutcomeFailed || r.Outcome == data.OutcomeUnknown || r.LooksStuck():
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

// changesText counts what a plan does to a host: "4 upgrades, 1 added".
func changesText(c data.Changes) string {
	var parts []string
	for _, x := range []struct {
		n         int
		one, many string
	}{{len(c.Upgrade), "update", "updates"}, {len(c.Add), "added", "added"}, {len(c.Remove), "removed", "removed"}} {
		if x.n > 0 {
			parts = append(parts, kit.Count(x.n, x.one, x.many))
		}
	}
	if len(parts) == 0 {
		return "a reboot only"
	}
	return strings.Join(parts, ", ")
}
