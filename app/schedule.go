package app

import (
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
)

// A Slot is when a plan is expected to reach one host.
type Slot struct {
	Host   data.HostID
	Ring   int
	Window data.WindowID
	Start  time.Time // zero: never, as things stand
	End    time.Time // expected; the usual time for a host after Start, or the window's end
	Until  time.Time // end of the window
	Why    string    // a clause, when Start is zero
}

// Schedule says when each host of a plan will be reached if the plan starts at
// now inside windows, in the plan's order: rings one after the other with their
// soak, as many hosts at once as the plan allows, and only in agreed windows
// that permit to install, or to reboot where that is all it does. It is an expectation: what fails, takes longer or is
// frozen later moves what follows. A ring with a host that no window covers
// never ends, so nothing after it is reached.
func (a Agenda) Schedule(p data.Plan, now time.Time) ([]Slot, error) {
	a.reboots = p.RebootOnly()
	s := scheduler{Agenda: a, openings: map[data.GroupID][]data.Occurrence{}, hosts: map[data.HostID]data.Host{}, now: now}
	for _, h := range a.Hosts {
		s.hosts[h.ID] = h
	}
	at := map[data.HostID]Slot{}
	begin, blocked := now, ""
	for _, ring := range RingsOf(p) {
		in := slices.DeleteFunc(slices.Clone(p.Hosts), func(h data.PlanHost) bool { return h.Ring != ring.Number })
		end, stuck, err := s.ring(p, in, begin, blocked, at)
		if err != nil {
			return nil, fmt.Errorf("schedule: %w", err)
		}
		if blocked == "" {
			blocked = stuck
		}
		begin = end.Add(ring.Soak)
	}
	out := make([]Slot, len(p.Hosts))
	for i, h := range p.Hosts {
		out[i] = at[h.Host]
	}
	return out, nil
}

type scheduler struct {
	Agenda
	hosts    map[data.HostID]data.Host
	openings map[data.GroupID][]data.Occurrence
	now      time.Time
}

// ring reaches the hosts of one ring from begin on, and returns when the last
// has ended and, where one is never reached, a clause that says so.
func (s *scheduler) ring(p data.Plan, in []data.PlanHost, begin time.Time, blocked string, at map[data.HostID]Slot) (end time.Time, stuck string, err error) {
	parallel := p.Parallel
	if parallel <= 0 {
		parallel = defaultParallel
	}
	free := make([]time.Time, parallel) // when each of the hosts at once has ended
	end = begin
	slots := make([]Slot, len(in))
	for i, ph := range in { // where each would go alone: who can go first does
		slots[i] = Slot{Host: ph.Host, Ring: ph.Ring, Why: blocked}
		if err := s.place(&slots[i], begin); blocked == "" && err != nil {
			return end, "", err
		}
	}
	slices.SortStableFunc(slots, func(a, b Slot) int { return a.Start.Compare(b.Start) })
	for _, slot := range slots {
		switch {
		case blocked != "":
			slot = Slot{Host: slot.Host, Ring: slot.Ring, Why: blocked}
		case slot.Start.IsZero():
			stuck = fmt.Sprintf("ring %d before it does not end: %s is %s", slot.Ring, s.hosts[slot.Host].Name, slot.Why)
		default:
			next := slices.IndexFunc(free, func(t time.Time) bool { return t.Equal(slices.MinFunc(free, time.Time.Compare)) })
			if err := s.place(&slot, later(begin, free[next])); err != nil {
				return end, "", err
			}
			free[next] = slot.End
			end = later(end, slot.End)
		}
		at[slot.Host] = slot
	}
	return end, stuck, nil
}

// place finds the first opening of a host's group that is open at from, or
// after, for long enough to start.
func (s *scheduler) place(slot *Slot, from time.Time) error {
	h, known := s.hosts[slot.Host]
	if !known {
		slot.Why = "no longer in the inventory"
		return nil
	}
	open, asked := s.openings[h.Group]
	if !asked {
		var err error
		if open, err = s.Openings(h.Group, s.now, s.now.AddDate(1, 0, 0)); err != nil {
			return err
		}
		s.openings[h.Group] = open
	}
	slot.Start = time.Time{}
	for _, o := range open {
		start := later(o.Start, from)
		if o.End.Sub(start) < leastWindow {
			continue
		}
		slot.Window, slot.Start, slot.Until = o.Window, start, o.End
		if slot.End = start.Add(s.typical()); slot.End.After(o.End) {
			slot.End = o.End
		}
		return nil
	}
	if slot.Why = s.noWindow(h); slot.Why == "" {
		slot.Why = "without a window for a year"
	}
	return nil
}

// noWindow says why no window covers a host, to be put after "is".
func (s *scheduler) noWindow(h data.Host) string {
	switch why := s.uncovered(h, s.now); why {
	case "", "in no group":
		return why
	default:
		return "without a window: " + why
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
