package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// Outcomes in the order in which they are told and drawn.
var Outcomes = []data.Outcome{data.OutcomeSucceeded, data.OutcomeFailed, data.OutcomeUnknown, data.OutcomeSkipped, data.OutcomeCancelled}

// TallyRuns counts runs.
func TallyRuns(runs []data.Run) store.Tally {
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

// TallyText lists what is not zero: "5 succeeded, 1 failed, 2 under way".
func TallyText(t store.Tally) string {
	var parts []string
	put := func(n int, word string) {
		if n > 0 {
			parts = append(parts, thousands(n)+" "+word)
		}
	}
	for _, o := range Outcomes {
		put(t.Outcomes[o], string(o))
	}
	put(t.Active, "under way")
	put(t.Queued, "waiting")
	return strings.Join(parts, ", ")
}

// NeedPerson counts the runs that nobody goes on with but a person.
func NeedPerson(t store.Tally) int {
	return t.Outcomes[data.OutcomeFailed] + t.Outcomes[data.OutcomeUnknown]
}

// A Driving says who drives a rollout. What a rollout's state says is only what
// was stored last: with nobody to drive it nothing goes on but the jobs on hosts.
type Driving struct {
	Holder string    // "" when nobody does
	Until  time.Time // from when on another desk may take over, should the holder have died
	Since  time.Time // since when nobody does; zero: nobody ever did, or the clock was set back
}

// Driving returns who drives a rollout. A driver that was killed is named until
// its lease ends, 45 seconds at most.
func (d *Desk) Driving(ctx context.Context, id data.RolloutID) (Driving, error) {
	now := d.Now()
	holder, until, err := d.DB.LeaseHolder(ctx, leaseName(id), now)
	if err != nil || holder != "" && !until.After(now.Add(2*leaseTTL)) { // else from before the clock was set back
		return Driving{Holder: holder, Until: until}, err
	}
	since, err := d.DB.LeaseEnded(ctx, leaseName(id))
	if since.After(now) { // from before the clock was set back
		since = time.Time{}
	}
	return Driving{Since: since}, err
}

// Text is who drives a rollout that is open: "driven by anna@desk1, process 4711",
// or what to do where nobody does.
func (g Driving) Text() string {
	switch {
	case g.Holder != "":
		return "driven by " + g.Who()
	case g.Since.IsZero():
		return "not driven by any desk: run stctl run-due"
	}
	return "not driven by any desk since " + Moment(g.Since) + ": run stctl run-due"
}

// Who is the holder in words: "anna@desk1 pid 4711 XK2P7QAB" without what only
// tells two of one process apart.
func (g Driving) Who() string {
	by, rest, found := strings.Cut(g.Holder, " pid ")
	if pid, _, ok := strings.Cut(rest, " "); found && ok {
		return by + ", process " + pid
	}
	return g.Holder
}

// A Headline answers the questions of ten seconds: what is finished, what is
// not, what is unknown, and what is safe to do.
type Headline struct {
	Sentence               string
	Finished, FinishedNote string
	Open, OpenNote         string
	NeedsYou, NeedsYouNote string
	Safe                   string
}

// HeadlineOf says how a rollout stands, to people in the window and on
// the command line alike.
func HeadlineOf(r data.Rollout, p data.Plan, runs []data.Run, g Driving) Headline {
	t := TallyRuns(runs)
	h := Headline{
		Sentence:     rolloutSentence(r, p, runs, g),
		Finished:     fmt.Sprintf("%s of %s", thousands(t.Outcomes[data.OutcomeSucceeded]), counted(t.All(), "host")),
		FinishedNote: "a scan after it proves it",
		Open:         counted(t.Active+t.Queued, "host"),
		OpenNote:     "nothing is under way",
		NeedsYou:     counted(NeedPerson(t)+stuckRuns(runs), "host"),
		NeedsYouNote: needsYouNote(t, stuckRuns(runs)),
		Safe:         safeToDo(r, t, g, runs),
	}
	if left := t.Outcomes[data.OutcomeSkipped] + t.Outcomes[data.OutcomeCancelled]; r.State == data.RolloutStopped && NeedPerson(t) == 0 && left > 0 {
		h.NeedsYou, h.NeedsYouNote = counted(left, "host"), "skipped, untouched; nothing goes on before you say so"
		if t.Outcomes[data.OutcomeCancelled] > 0 {
			h.NeedsYouNote = "left out, untouched or stopped; nothing goes on before you say so"
		}
	}
	switch {
	case t.Active > 0 && g.Holder == "":
		h.OpenNote = fmt.Sprintf("%s begun, not known how far · %s waiting", thousands(t.Active), thousands(t.Queued))
	case t.Active+t.Queued > 0:
		h.OpenNote = fmt.Sprintf("%s under way · %s waiting", thousands(t.Active), thousands(t.Queued))
	}
	return h
}

func rolloutSentence(r data.Rollout, p data.Plan, runs []data.Run, g Driving) string {
	t := TallyRuns(runs)
	hosts := counted(t.All(), "host")
	if r.Open() && t.Active > 0 && g.Holder == "" {
		return fmt.Sprintf("%s %s. What became of %s that was begun is not known until then.", undriven(r), g.Text(), counted(t.Active, "host"))
	}
	switch r.State {
	case data.RolloutDone:
		if t.Outcomes[data.OutcomeSucceeded] == t.All() {
			if p.RebootOnly() {
				return fmt.Sprintf("%s rebooted where needed, as a scan of each proves; no updates were planned.", hosts)
			}
			return fmt.Sprintf("All of it is in: %s succeeded, as a scan of each proves.", hosts)
		}
		return fmt.Sprintf("It has gone through all rings: %s.", TallyText(t))
	case data.RolloutStopped:
		if t.Active > 0 {
			return fmt.Sprintf("It stopped: %s. %s still at work and will end by itself.", dot(r.Note), countedVerb(t.Active, "host is", "hosts are"))
		}
		return "It stopped: " + dot(r.Note) + "."
	case data.RolloutCancelled:
		if r.Open() {
			return fmt.Sprintf("It is being cancelled: %s at the next sound point.", countedVerb(t.Active, "host stops", "hosts stop"))
		}
		return fmt.Sprintf("It was %s: %s.", dot(r.Note), TallyText(t))
	}
	return openSentence(r, p, runs)
}

// undriven begins the sentence on a rollout that nobody drives with what a
// person or the plan has decided of it.
func undriven(r data.Rollout) string {
	switch r.State {
	case data.RolloutStopped:
		return "It stopped: " + dot(r.Note) + ". It is"
	case data.RolloutCancelled:
		return "It was " + dot(r.Note) + ", and is"
	}
	return "It is"
}

func openSentence(r data.Rollout, p data.Plan, runs []data.Run) string {
	rings := RingsOf(p)
	if active := TallyRuns(runs).Active; active > 0 {
		at := ""
		if len(rings) > 1 {
			at = " in " + ringName(rings, currentRing(runs))
		}
		text := "Updates are going in on " + counted(active, "host") + at
		if p.RebootOnly() {
			text = countedVerb(active, "host is", "hosts are") + " being rebooted" + at + ", no updates are planned"
		}
		if until := latestDeadline(runs); !until.IsZero() && r.Reason == "" {
			text += ", in a window that is open until " + Moment(until)
		}
		return text + outside(r) + "."
	}
	if r.Note != "" {
		return "Nothing is being touched now: " + dot(r.Note) + "."
	}
	if why, n := commonWait(runs); why != "" {
		return fmt.Sprintf("Nothing is being touched now: %s, because %s.", countedVerb(n, "host waits", "hosts wait"), dot(why))
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

func countedVerb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// commonWait returns why most of the queued runs wait, and how many do.
func commonWait(runs []data.Run) (why string, n int) {
	seen := map[string]int{}
	for _, r := range runs {
		if isQueued(r) && r.Detail != "" {
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
		if isActive(r) && r.Deadline.After(t) {
			t = r.Deadline
		}
	}
	return t
}

// currentRing is the lowest ring with something under way.
func currentRing(runs []data.Run) int {
	ring := 0
	for _, r := range runs {
		if isActive(r) && (ring == 0 || r.Ring < ring) {
			ring = r.Ring
		}
	}
	return ring
}

func ringName(rings []data.Ring, number int) string {
	i := slices.IndexFunc(rings, func(r data.Ring) bool { return r.Number == number && r.Name != "" })
	if i < 0 {
		return fmt.Sprintf("ring %d", number)
	}
	return fmt.Sprintf("ring %d (%s)", number, rings[i].Name)
}

// stuckRuns counts the runs whose job gives no sign of life.
func stuckRuns(runs []data.Run) (n int) {
	for _, r := range runs {
		if r.LooksStuck() {
			n++
		}
	}
	return n
}

func needsYouNote(t store.Tally, stuck int) string {
	if stuck > 0 {
		words := countedVerb(stuck, "looks stuck", "look stuck")
		if NeedPerson(t) > 0 {
			words += " · " + needsYouNote(t, 0)
		}
		return words
	}
	failed, unknown := t.Outcomes[data.OutcomeFailed], t.Outcomes[data.OutcomeUnknown]
	left := t.Outcomes[data.OutcomeSkipped] + t.Outcomes[data.OutcomeCancelled]
	switch {
	case failed > 0 && unknown > 0:
		return fmt.Sprintf("%s failed · %s unknown", thousands(failed), thousands(unknown))
	case failed > 0:
		return "failed"
	case unknown > 0:
		return "unknown: look again"
	case left > 0:
		return fmt.Sprintf("%s left out, untouched or stopped", thousands(left))
	}
	return "none failed, none unknown"
}

// Why a host may not be touched, where no passing of time alters that.
const (
	waitsForGroup     = "the host is in no group, so no window covers it"
	waitsForWindow    = "no window covers the host's group"
	waitsForAgreement = "the group's windows have not been agreed by their owner"
	waitsForReboot    = "no agreed window of the host's group permits reboots"
)

// endlessWaits is what a person must do about each.
var endlessWaits = map[string]string{
	waitsForGroup:     "Put the host into a group that has a window.",
	waitsForWindow:    "Add a window for the host's group, and have its owner agree.",
	waitsForAgreement: "Record who agreed to the window, once its owner has.",
	waitsForReboot:    "Let the owner agree to a window that permits reboots.",
}

// WhatEnds says what a person must do where OpenFor says no and no passing of
// time alters that; "" where it does.
func WhatEnds(why string) string { return endlessWaits[why] }

// safeToDo says what may be done now without harm, and what comes next.
func safeToDo(r data.Rollout, t store.Tally, g Driving, runs []data.Run) string {
	switch {
	case t.Outcomes[data.OutcomeUnknown] > 0 && t.Active == 0:
		return "Look again at what is unknown: only the host can tell whether its job ran. It is never repeated blindly."
	case r.Open() && t.Active > 0 && g.Holder == "":
		return "Run stctl run-due, or open a desk: it asks each host what became of its job, and starts none twice."
	case stuckRuns(runs) > 0:
		return "Look at the host whose job looks stuck; leave the job alone while an installer is at work there. Cancelling is safe: it takes hold before the job's next update."
	case r.State == data.RolloutStopped:
		return "Nothing more starts by itself. Read the log of what failed; then resume, retry the host, or leave it."
	case r.State == data.RolloutCancelled && r.Open():
		return "Leave it alone: each host stops where that is safe, and a scan then says what is in."
	case !r.Open() && t.Outcomes[data.OutcomeFailed]+t.Outcomes[data.OutcomeSkipped]+t.Outcomes[data.OutcomeCancelled] > 0:
		return "Nothing starts by itself. A host that did not succeed can be retried with a reason."
	case !r.Open():
		return "Nothing is left to do here."
	case t.Active > 0:
		return "You may close the desk or lose the line: jobs go on by themselves on their hosts and are looked up again."
	}
	if why, _ := commonWait(runs); WhatEnds(why) != "" {
		return WhatEnds(why) + " Until then it waits without end. Cancelling now changes no host."
	}
	return "You may close the desk, but it, or stctl run-due, must run when the window opens. Cancelling now changes no host."
}
