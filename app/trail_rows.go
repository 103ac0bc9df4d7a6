package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// against returns what of a rollout, and of what permits it to start anything,
// is not as the trail says. A cancelled rollout starts nothing.
func (s *said) against(w *work, now time.Time) (off []string) {
	if w.rollout.State == data.RolloutCancelled {
		return nil
	}
	if !s.approved[w.plan.Digest()] {
		off = append(off, notApproved(w.plan))
	}
	off = append(off, s.rolloutOff(w.rollout, w.runs, w.hosts)...)
	off = append(off, s.freezesGone(w.freezes, now)...)
	if w.rollout.Reason == "" {
		off = append(off, s.windowsOff(w.windows, w.concerns)...)
	}
	return off
}

func notApproved(p data.Plan) string {
	return fmt.Sprintf("it tells of no approval of plan %q", p.Name)
}

// concerns reports whether a window is for a host of the rollout.
func (w *work) concerns(x data.Window) bool {
	return slices.ContainsFunc(w.runs, func(r data.Run) bool { return slices.Contains(x.Groups, w.hosts[r.Host].Group) })
}

// windowsOff names the agreed windows whose owner has not agreed to what is in
// the file.
func (s *said) windowsOff(windows []data.Window, concerns func(data.Window) bool) (off []string) {
	for _, w := range windows {
		if !w.Agreed.At.IsZero() && concerns(w) && s.windows[windowKey(w)].n == 0 {
			off = append(off, fmt.Sprintf("it tells of no agreement to window %q as it stands", w.Name))
		}
	}
	return off
}

// freezesGone names the freezes that nobody has removed and that are not in the
// file, as far as they end after now.
func (s *said) freezesGone(freezes []data.Freeze, now time.Time) (off []string) {
	there := map[string]bool{}
	for _, f := range freezes {
		there[freezeKey(f)] = true
	}
	for k, f := range s.freezes {
		if !there[k] && f.Until.After(now) {
			off = append(off, fmt.Sprintf("freeze %q until %s is gone or changed, and it tells of nobody who did that", f.Name, Moment(f.Until)))
		}
	}
	slices.Sort(off)
	return off
}

// freezesNew names the freezes that nobody has added.
func (s *said) freezesNew(freezes []data.Freeze) (off []string) {
	for _, f := range freezes {
		if _, ok := s.freezes[freezeKey(f)]; !ok {
			off = append(off, fmt.Sprintf("it tells of no freeze %q as it stands", f.Name))
		}
	}
	return off
}

// rolloutOff says what of a rollout and its runs is not as the trail says.
func (s *said) rolloutOff(r data.Rollout, runs []data.Run, hosts map[data.HostID]data.Host) (off []string) {
	told, known := s.rollouts[r.ID]
	if !known {
		told = data.Rollout{State: data.RolloutWaiting, Plan: r.Plan, Started: r.Started, StartedBy: r.StartedBy, Reason: r.Reason}
	}
	switch {
	case !s.begun[beginning(r)]:
		off = append(off, fmt.Sprintf("it does not tell that rollout %d was started as it stands", r.ID))
	case told.State != r.State || !moment(told.Ended).Equal(moment(r.Ended)) || !moment(told.Resumed).Equal(moment(r.Resumed)):
		off = append(off, fmt.Sprintf("rollout %d is %s in the file, and %s by its last word", r.ID, r.State, told.State))
	}
	for _, run := range runs {
		if !s.runs[run.ID].fits(run) {
			off = append(off, fmt.Sprintf("the run of host %s in rollout %d is %s in the file, and %s by its last word",
				hosts[run.Host].Name, r.ID, standingWord(run), s.runs[run.ID].word()))
		}
	}
	return off
}

// fits reports whether a run stands where the trail left it. Between two
// entries it goes on by itself, forwards.
func (x runWord) fits(run data.Run) bool {
	begun := run.Step != data.StepQueued && run.Step != data.StepPreCheck && run.Step != data.StepEnded
	under := run.Outcome == data.OutcomeNone
	switch x.verb {
	case "":
		return under && !begun && run.Step != data.StepEnded && run.Attempt <= 1
	case verbRetried:
		return under && !begun && run.Step != data.StepEnded && run.Attempt == x.attempt
	case verbStarted, verbLooked:
		return under && begun && run.Attempt == x.attempt && run.Job == x.job
	}
	return x.verb == ended(run.Outcome) && run.Attempt == x.attempt
}

// ended is the verb of a run that ended so.
func ended(o data.Outcome) string { return "run " + string(o) }

// word is x for a sentence.
func (x runWord) word() string {
	if x.verb == "" {
		return "not begun"
	}
	return fmt.Sprintf("%s (attempt %d)", strings.TrimPrefix(x.verb, "run "), x.attempt)
}

func standingWord(run data.Run) string {
	word := string(run.Outcome)
	if word == "" {
		word = "at " + string(run.Step)
	}
	return fmt.Sprintf("%s (attempt %d)", word, run.Attempt)
}
