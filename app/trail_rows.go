package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// against returns what of a rollout, and of what permits it to start anything,
// is not as the trail says.
func (s *said) against(w *work, now time.Time) (off []string) {
	if !s.approved[w.plan.Digest()] {
		off = append(off, notApproved(w.plan))
	}
	off = append(off, s.rolloutOff(w)...)
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
func (s *said) rolloutOff(w *work) (off []string) {
	r := w.rollout
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
	off = append(off, w.unplanned()...)
	for _, run := range w.runs {
		if word := s.runs[place{r.ID, run.Host}]; !word.fits(run) {
			off = append(off, fmt.Sprintf("the run of %s in rollout %d is %s in the file, and %s by its last word",
				w.hostWord(run.Host), r.ID, standingWord(run), word.word()))
		}
	}
	return off
}

// unplanned says where the runs are not those of the plan: one for each of its
// hosts, in its ring, and no other.
func (w *work) unplanned() (off []string) {
	rings, n := map[data.HostID]int{}, map[data.HostID]int{}
	for _, h := range w.plan.Hosts {
		rings[h.Host] = h.Ring
	}
	for _, run := range w.runs {
		n[run.Host]++
		ring, ok := rings[run.Host]
		switch {
		case !ok:
			off = append(off, fmt.Sprintf("rollout %d has a run of %s, which its plan does not name", w.rollout.ID, w.hostWord(run.Host)))
		case n[run.Host] == 2:
			off = append(off, fmt.Sprintf("rollout %d has two runs of %s", w.rollout.ID, w.hostWord(run.Host)))
		case ring != run.Ring:
			off = append(off, fmt.Sprintf("the run of %s in rollout %d is in ring %d, and its plan says ring %d", w.hostWord(run.Host), w.rollout.ID, run.Ring, ring))
		}
	}
	for _, h := range w.plan.Hosts {
		if n[h.Host] == 0 {
			off = append(off, fmt.Sprintf("there is no run of %s in rollout %d, and its plan names it", w.hostWord(h.Host), w.rollout.ID))
		}
	}
	return off
}

// hostWord names a host; one that is not in the inventory has only a number.
func (w *work) hostWord(id data.HostID) string {
	if name := w.hosts[id].Name; name != "" {
		return "host " + name
	}
	return fmt.Sprintf("host %d", id)
}

// fits reports whether a run stands where the trail left it. Between two
// entries it goes on by itself, forwards. A reboot that was asked for stays so:
// who could take that back would have the host rebooted twice.
func (x runWord) fits(run data.Run) bool {
	if x.reboot != rebootAsked(run) || x.verb != "" && x.run != run.ID {
		return false
	}
	begun := run.Step != data.StepQueued && run.Step != data.StepPreCheck && run.Step != data.StepEnded
	under := run.Outcome == data.OutcomeNone
	switch x.verb {
	case "":
		return under && !begun && run.Step != data.StepEnded && run.Attempt <= 1
	case verbRetried:
		return under && !begun && run.Step != data.StepEnded && run.Attempt == x.attempt
	case verbStarted, verbReboot, verbLooked:
		return under && begun && run.Attempt == x.attempt && run.Job == x.job
	}
	return x.verb == ended(run.Outcome) && run.Attempt == x.attempt
}

// over reports whether the run has ended, or is unknown.
func (x runWord) over() bool {
	return x.verb != "" && x.verb != verbRetried && x.verb != verbStarted && x.verb != verbReboot && x.verb != verbLooked
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
