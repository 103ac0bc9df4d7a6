package app

import (
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
)

// A Clash is something in the agenda that will not work as it stands.
type Clash struct {
	Kind    ClashKind
	Windows []data.WindowID // concerned
	Freeze  data.FreezeID   // concerned; 0: none
	At      time.Time       // the first time it bites; zero: always
	Because string          // a sentence
}

// ClashKind names a clash.
type ClashKind string

// The clashes.
const (
	ClashOverlap  ClashKind = "overlap"     // two windows of one group are open at once
	ClashFrozen   ClashKind = "frozen"      // a freeze takes all of an opening
	ClashShort    ClashKind = "too short"   // a host usually takes longer than the window
	ClashUnagreed ClashKind = "not agreed"  // permits nothing
	ClashNoGroup  ClashKind = "no group"    // no group or no host of its groups
	ClashOver     ClashKind = "over"        // no further opening
	ClashBad      ClashKind = "cannot read" // rule, zone or duration makes no sense
)

// Clashes finds what will not work between from and to, in the windows' order.
func (a Agenda) Clashes(from, to time.Time) []Clash {
	var out []Clash
	occ := make([][]data.Occurrence, len(a.Windows))
	for i, w := range a.Windows {
		o, err := Occurrences(w, from, to)
		if err != nil {
			out = append(out, Clash{ClashBad, []data.WindowID{w.ID}, 0, time.Time{}, sentence(err.Error())})
			continue
		}
		occ[i] = o
		out = append(out, a.windowClashes(w, o, from)...)
	}
	for i := range a.Windows {
		for k := i + 1; k < len(a.Windows); k++ {
			if c, ok := a.overlap(i, k, occ[i], occ[k]); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

func (a Agenda) windowClashes(w data.Window, occ []data.Occurrence, from time.Time) []Clash {
	var out []Clash
	ids := []data.WindowID{w.ID}
	add := func(k ClashKind, at time.Time, format string, args ...any) {
		out = append(out, Clash{k, ids, 0, at, fmt.Sprintf(format, args...)})
	}
	if w.Agreed.At.IsZero() {
		add(ClashUnagreed, time.Time{}, "Window %q permits nothing until its owner agrees.", w.Name)
	}
	if !slices.ContainsFunc(a.Hosts, func(h data.Host) bool { return h.Group != 0 && slices.Contains(w.Groups, h.Group) }) {
		add(ClashNoGroup, time.Time{}, "Window %q covers no host.", w.Name)
	}
	if w.Duration < a.typical() {
		add(ClashShort, time.Time{}, "Window %q is open for %s, and a host usually takes %s.", w.Name, DurationText(w.Duration), DurationText(a.typical()))
	}
	if next, err := Next(w, from, 1); err == nil && len(next) == 0 {
		add(ClashOver, time.Time{}, "Window %q does not open again.", w.Name)
	}
	for _, o := range occ {
		if f, ok := a.frozen(w, o); ok {
			out = append(out, Clash{ClashFrozen, ids, f.ID, o.Start,
				fmt.Sprintf("Freeze %q leaves nothing of window %q on %s.", f.Name, w.Name, Moment(o.Start))})
		}
	}
	return out
}

// frozen finds a freeze where freezes leave no group of w anything of o.
func (a Agenda) frozen(w data.Window, o data.Occurrence) (data.Freeze, bool) {
	for _, g := range w.Groups {
		if len(cut(o, g, a.Freezes)) > 0 {
			return data.Freeze{}, false
		}
	}
	for _, f := range a.Freezes {
		if len(w.Groups) > 0 && f.From.Before(o.End) && f.Until.After(o.Start) {
			return f, true
		}
	}
	return data.Freeze{}, false
}

func (a Agenda) overlap(i, k int, x, y []data.Occurrence) (Clash, bool) {
	v, w := a.Windows[i], a.Windows[k]
	shared := slices.IndexFunc(v.Groups, func(g data.GroupID) bool { return slices.Contains(w.Groups, g) })
	if shared < 0 {
		return Clash{}, false
	}
	for n, m := 0, 0; n < len(x) && m < len(y); {
		if x[n].Start.Before(y[m].End) && y[m].Start.Before(x[n].End) {
			at := x[n].Start
			if y[m].Start.After(at) {
				at = y[m].Start
			}
			return Clash{ClashOverlap, []data.WindowID{v.ID, w.ID}, 0, at,
				fmt.Sprintf("Windows %q and %q are both open %s from %s.", v.Name, w.Name, groupsText(v.Groups[shared:shared+1], a.Groups), Moment(at))}, true
		}
		if x[n].End.Before(y[m].End) {
			n++
		} else {
			m++
		}
	}
	return Clash{}, false
}

// A Bare is a host that no agreed window covers, and why.
type Bare struct {
	Host    data.HostID
	Because string // a clause
}

// Uncovered returns the hosts that may never be patched as things stand.
func (a Agenda) Uncovered(now time.Time) []Bare {
	why := map[data.GroupID]string{}
	var out []Bare
	for _, h := range a.Hosts {
		text, known := why[h.Group]
		if !known {
			text = a.uncovered(h, now)
			why[h.Group] = text
		}
		if text != "" {
			out = append(out, Bare{h.ID, text})
		}
	}
	return out
}

func (a Agenda) uncovered(h data.Host, now time.Time) string {
	covered, agreed := false, false
	for _, w := range a.Windows {
		if h.Group == 0 || !slices.Contains(w.Groups, h.Group) {
			continue
		}
		covered = true
		if w.Agreed.At.IsZero() || !a.permits(w) {
			continue
		}
		agreed = true
		if next, err := Next(w, now, 1); err == nil && len(next) > 0 {
			return ""
		}
	}
	switch {
	case h.Group == 0:
		return "in no group"
	case !covered:
		return "no window covers its group"
	case !agreed && a.reboots:
		return "no window of its group is agreed and permits reboots"
	case !agreed:
		return "no window of its group is agreed and permits to install"
	}
	return "no window of its group opens again"
}

// An Unmet is a host's deadline that no window meets.
type Unmet struct {
	Host    data.HostID
	Due     time.Time // the earliest such deadline
	Updates int       // with a deadline that no window meets
	Next    time.Time // the next opening, which is too late; zero: none within a year
	Because string    // a sentence
}

// A Promise is one open deadline of a host, from its verdicts.
type Promise struct {
	Host data.HostID
	Due  time.Time
}

// Promises takes from verdicts the deadlines that are still to be kept:
// excepted updates and those without a deadline have none.
func Promises(vs []data.Verdict) []Promise {
	var out []Promise
	for _, v := range vs {
		if !v.Due.IsZero() && v.Compliance != data.Excepted {
			out = append(out, Promise{v.Host, v.Due})
		}
	}
	return out
}

// Forecast returns the promises that no window meets, one line a host, the
// nearest deadline first. A window meets a deadline when it leaves the usual
// time for a host before it. Passed deadlines are no forecast and left out.
func (a Agenda) Forecast(promises []Promise, now time.Time) ([]Unmet, error) {
	hosts := make(map[data.HostID]data.Host, len(a.Hosts))
	for _, h := range a.Hosts {
		hosts[h.ID] = h
	}
	done := map[data.GroupID]time.Time{} // when the first usable opening can have finished a host
	found := map[data.HostID]*Unmet{}
	var out []*Unmet
	for _, p := range promises {
		h, known := hosts[p.Host]
		if !known || !p.Due.After(now) {
			continue
		}
		at, asked := done[h.Group]
		if !asked {
			var err error
			if at, err = a.firstDone(h.Group, now); err != nil {
				return nil, fmt.Errorf("forecast: %w", err)
			}
			done[h.Group] = at
		}
		if !at.IsZero() && !at.After(p.Due) {
			continue
		}
		u := found[p.Host]
		if u == nil {
			u = &Unmet{Host: p.Host, Due: p.Due}
			found[p.Host], out = u, append(out, u)
			if !at.IsZero() {
				u.Next = at.Add(-a.typical())
			}
		}
		u.Updates++
		if p.Due.Before(u.Due) {
			u.Due = p.Due
		}
	}
	return a.unmet(out, hosts), nil
}

func (a Agenda) unmet(found []*Unmet, hosts map[data.HostID]data.Host) []Unmet {
	list := make([]Unmet, 0, len(found))
	for _, u := range found {
		next := "no window of its group opens within a year"
		if !u.Next.IsZero() {
			next = fmt.Sprintf("the next window leaves room for it on %s, %s too late", Moment(u.Next), late(u.Next.Add(a.typical()).Sub(u.Due)))
		}
		u.Because = sentence(fmt.Sprintf("%s on %s due by %s, and %s", counted(u.Updates, "update"), hosts[u.Host].Name, Moment(u.Due), next))
		list = append(list, *u)
	}
	slices.SortStableFunc(list, func(x, y Unmet) int { return x.Due.Compare(y.Due) })
	return list
}

// firstDone returns when a host of the group can be finished at the earliest:
// the usual time into the first opening that is long enough. Zero: never
// within a year.
func (a Agenda) firstDone(g data.GroupID, now time.Time) (time.Time, error) {
	for _, ahead := range []time.Duration{40, 370} { // days
		occ, err := a.Openings(g, now, now.Add(ahead*24*time.Hour))
		if err != nil {
			return time.Time{}, err
		}
		for _, o := range occ {
			start := o.Start
			if start.Before(now) {
				start = now
			}
			if done := start.Add(a.typical()); !done.After(o.End) {
				return done, nil
			}
		}
	}
	return time.Time{}, nil
}

// late writes a delay for people, never shorter than it is by more than a unit.
func late(d time.Duration) string {
	if d >= 48*time.Hour {
		return counted(int((d+23*time.Hour)/(24*time.Hour)), "day")
	}
	if d >= 2*time.Hour {
		return counted(int((d+59*time.Minute)/time.Hour), "hour")
	}
	return counted(max(int(d/time.Minute), 1), "minute")
}
