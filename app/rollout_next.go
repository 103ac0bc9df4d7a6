package app

import (
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
)

// defaultParallel is the number of hosts gone through at once when a plan names none.
const defaultParallel = 5

// leastWindow is the time a window must still be open for a run to start.
const leastWindow = 5 * time.Minute

// An opening is what the calendar says of one host at one moment.
type opening struct {
	Open      bool
	Until     time.Time // end of the window, when Open
	MayReboot bool
	Next      time.Time // when asking again may give another answer; zero: not by waiting
	Why       string    // one sentence, when not Open
}

// A move is what a rollout does next.
type move struct {
	Start  []data.RunID // start now, in this order
	State  data.RolloutState
	Note   string                // why it waits or stopped
	Waits  map[data.RunID]string // why a queued run does not start
	Wake   time.Time             // when to ask again though no run changed; zero: not by waiting
	Cancel []data.RunID          // queued runs that will never start
}

// nextMove decides what a rollout does next. runs come in the plan's order. It
// is the only place that starts a run, and starts none outside an opening.
func nextMove(p data.Plan, r data.Rollout, runs []data.Run, open func(data.HostID) opening, now time.Time) move {
	m := move{State: data.RolloutRunning, Waits: map[data.RunID]string{}}
	busy := count(runs, isActive)
	if r.State == data.RolloutCancelled || r.State == data.RolloutStopped {
		m.State, m.Note = r.State, r.Note
		if r.State == data.RolloutCancelled {
			m.Cancel = ids(runs, isQueued)
			return m
		}
		return m.stop(r.Note, runs)
	}
	slots := p.Parallel
	if slots <= 0 {
		slots = defaultParallel
	}
	rings := RingsOf(p)
	for i, ring := range rings {
		in := slices.DeleteFunc(slices.Clone(runs), func(x data.Run) bool { return x.Ring != ring.Number })
		if note, stop := tooManyBad(p, ring, since(in, r.Resumed), len(in)); stop {
			return m.stop(note, runs)
		}
		if count(in, isQueued)+count(in, isActive) > 0 {
			m.startQueued(in, slots-busy, open, now)
			if len(m.Start) == 0 && busy == 0 {
				m.State = data.RolloutWaiting
			}
			return m
		}
		last := i == len(rings)-1
		if note, stop := gateShut(ring, in); stop && !last && !lastEnd(in).Before(r.Resumed) {
			return m.stop(note, runs)
		}
		if until := lastEnd(in).Add(ring.Soak); !last && now.Before(until) {
			m.State, m.Wake = data.RolloutWaiting, until
			m.Note = fmt.Sprintf("ring %d soaks until %s", ring.Number, Moment(until))
			return m
		}
	}
	m.State = data.RolloutDone
	return m
}

// stop stops the rollout: what is queued does not start.
func (m move) stop(note string, runs []data.Run) move {
	m.State, m.Note = data.RolloutStopped, note
	for _, id := range ids(runs, isQueued) {
		m.Waits[id] = "not begun: the rollout is stopped"
	}
	return m
}

// over reports whether nothing more will start.
func (m move) over() bool {
	return m.State == data.RolloutDone || m.State == data.RolloutStopped || m.State == data.RolloutCancelled
}

// startQueued fills the free slots with queued runs whose window is open.
func (m *move) startQueued(in []data.Run, slots int, open func(data.HostID) opening, now time.Time) {
	for _, run := range in {
		if !isQueued(run) {
			continue
		}
		o := open(run.Host)
		if o.Open && o.Until.Sub(now) < leastWindow {
			o = opening{Next: o.Until, Why: "its window closes in less than 5 minutes"}
		}
		switch {
		case !o.Open:
			m.Waits[run.ID] = o.Why
			if !o.Next.IsZero() && (m.Wake.IsZero() || o.Next.Before(m.Wake)) {
				m.Wake = o.Next
			}
		case slots > 0:
			m.Start = append(m.Start, run.ID)
			slots--
		default:
			m.Waits[run.ID] = "waits for its turn"
		}
	}
}

// tooManyBad reports whether failed and unknown runs of a ring reach the share
// at which the plan stops.
func tooManyBad(p data.Plan, ring data.Ring, in []data.Run, size int) (string, bool) {
	bad := count(in, isBad)
	if bad == 0 || float64(bad)/float64(size) < p.StopAt {
		return "", false
	}
	return fmt.Sprintf("ring %d: %d of %d runs failed or are unknown; the plan stops there", ring.Number, bad, size), true
}

// since leaves out what ended before a person let the rollout go on.
func since(in []data.Run, resumed time.Time) []data.Run {
	return slices.DeleteFunc(slices.Clone(in), func(x data.Run) bool { return !x.Ended.IsZero() && x.Ended.Before(resumed) })
}

// gateShut reports whether too few runs of an ended ring succeeded to go on.
func gateShut(ring data.Ring, in []data.Run) (string, bool) {
	gate := ring.Gate
	if gate <= 0 {
		gate = 1
	}
	good := count(in, func(x data.Run) bool { return x.Outcome == data.OutcomeSucceeded })
	if len(in) == 0 || float64(good)/float64(len(in)) >= gate {
		return "", false
	}
	return fmt.Sprintf("ring %d: %d of %d runs succeeded; the gate asks for %.0f %%", ring.Number, good, len(in), gate*100), true
}

// RingsOf returns the rings that hosts of the plan stand in, in order, with one
// made for each ring number that only its hosts name. A ring without a host is
// passed over: nothing in it can succeed.
func RingsOf(p data.Plan) []data.Ring {
	var rings []data.Ring
	for _, h := range p.Hosts {
		is := func(r data.Ring) bool { return r.Number == h.Ring }
		switch at := slices.IndexFunc(p.Rings, is); {
		case slices.ContainsFunc(rings, is):
		case at >= 0:
			rings = append(rings, p.Rings[at])
		default:
			rings = append(rings, data.Ring{Number: h.Ring})
		}
	}
	slices.SortFunc(rings, func(a, b data.Ring) int { return a.Number - b.Number })
	return rings
}

func isQueued(r data.Run) bool { return r.Outcome == data.OutcomeNone && r.Step == data.StepQueued }
func isActive(r data.Run) bool { return r.Outcome == data.OutcomeNone && r.Step != data.StepQueued }
func isBad(r data.Run) bool {
	return r.Outcome == data.OutcomeFailed || r.Outcome == data.OutcomeUnknown
}

func count(runs []data.Run, is func(data.Run) bool) int { return len(ids(runs, is)) }

func ids(runs []data.Run, is func(data.Run) bool) []data.RunID {
	var out []data.RunID
	for _, r := range runs {
		if is(r) {
			out = append(out, r.ID)
		}
	}
	return out
}

func lastEnd(runs []data.Run) time.Time {
	var t time.Time
	for _, r := range runs {
		if r.Ended.After(t) {
			t = r.Ended
		}
	}
	return t
}
