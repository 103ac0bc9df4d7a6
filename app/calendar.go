package app

import (
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
)

// An Agenda is all that decides when hosts may be touched.
type Agenda struct {
	Hosts   []data.Host
	Groups  []data.Group
	Windows []data.Window
	Freezes []data.Freeze
	Typical time.Duration // how long a host usually takes; 0 means DefaultTypical
	reboots bool          // what is to be done is only a reboot
}

// permits reports whether a window lets be done what the agenda is asked for.
func (a Agenda) permits(w data.Window) bool {
	if a.reboots {
		return w.Permits.Reboot
	}
	return w.Permits.Install
}

// DefaultTypical is how long one host is taken to need while no run has been timed.
const DefaultTypical = 30 * time.Minute

func (a Agenda) typical() time.Duration {
	if a.Typical > 0 {
		return a.Typical
	}
	return DefaultTypical
}

// OpenFor tells whether h may be touched at now, until when, and why or why
// not, in a clause. Windows that were not agreed permit nothing; freezes cut.
// The occurrence returned is what freezes leave of it. Where several windows
// are open, one that permits to install wins, then the one open longest.
func OpenFor(h data.Host, windows []data.Window, freezes []data.Freeze, now time.Time) (o data.Occurrence, open bool, why string) {
	covered, agreed := false, false
	var best data.Window
	for _, w := range windows {
		if h.Group == 0 || !slices.Contains(w.Groups, h.Group) {
			continue
		}
		covered = true
		if w.Agreed.At.IsZero() {
			continue
		}
		agreed = true
		piece, ok := openPiece(w, h.Group, freezes, now)
		if ok && (!open || better(w, piece, best, o)) {
			o, open, best = piece, true, w
		}
	}
	switch {
	case open:
		return o, true, fmt.Sprintf("window %q is open until %s: %s", best.Name, Moment(o.End), permitsText(best.Permits))
	case h.Group == 0:
		return o, false, waitsForGroup
	case !covered:
		return o, false, waitsForWindow
	case !agreed:
		return o, false, waitsForAgreement
	}
	for _, f := range freezes {
		if f.Covers(h.Group, now) {
			return o, false, fmt.Sprintf("freeze %q forbids it until %s", f.Name, Moment(f.Until))
		}
	}
	return o, false, "no window of the host's group is open"
}

// OpenToCarryOut is OpenFor for what a plan does: one that only reboots is
// carried out in windows that permit to reboot, and in no other.
func OpenToCarryOut(p data.Plan, h data.Host, windows []data.Window, freezes []data.Freeze, now time.Time) (o data.Occurrence, open bool, why string) {
	if !p.RebootOnly() {
		return OpenFor(h, windows, freezes, now)
	}
	may := rebootWindows(windows)
	if o, open, why = OpenFor(h, may, freezes, now); why != waitsForWindow {
		return o, open, why
	}
	if _, _, why = OpenFor(h, windows, freezes, now); why == waitsForWindow || why == waitsForAgreement {
		return o, false, why
	}
	return o, false, waitsForReboot
}

// rebootWindows returns the windows that permit to reboot.
func rebootWindows(windows []data.Window) []data.Window {
	return slices.DeleteFunc(slices.Clone(windows), func(w data.Window) bool { return !w.Permits.Reboot })
}

// NextToCarryOut is NextOpening for what a plan does, as OpenToCarryOut is OpenFor.
func NextToCarryOut(p data.Plan, h data.Host, windows []data.Window, freezes []data.Freeze, now time.Time) (o data.Occurrence, found bool) {
	if p.RebootOnly() {
		windows = rebootWindows(windows)
	}
	return NextOpening(h, windows, freezes, now)
}

func better(w data.Window, o data.Occurrence, than data.Window, old data.Occurrence) bool {
	if w.Permits.Install != than.Permits.Install {
		return w.Permits.Install
	}
	return o.End.After(old.End)
}

func openPiece(w data.Window, g data.GroupID, freezes []data.Freeze, now time.Time) (data.Occurrence, bool) {
	occ, err := Occurrences(w, now, now.Add(time.Second)) // a window that cannot be read never opens
	if err != nil {
		return data.Occurrence{}, false
	}
	var best data.Occurrence
	for _, o := range occ {
		for _, p := range cut(o, g, freezes) {
			if p.Contains(now) && p.End.After(best.End) {
				best = p
			}
		}
	}
	return best, !best.End.IsZero()
}

// cut returns what freezes leave of o for hosts of group g, in order.
func cut(o data.Occurrence, g data.GroupID, freezes []data.Freeze) []data.Occurrence {
	pieces := []data.Occurrence{o}
	for _, f := range freezes {
		if !f.Until.After(f.From) || (len(f.Groups) > 0 && !slices.Contains(f.Groups, g)) {
			continue
		}
		var left []data.Occurrence
		for _, p := range pieces {
			if !f.From.Before(p.End) || !f.Until.After(p.Start) {
				left = append(left, p)
				continue
			}
			if f.From.After(p.Start) {
				left = append(left, data.Occurrence{Window: p.Window, Start: p.Start, End: f.From})
			}
			if f.Until.Before(p.End) {
				left = append(left, data.Occurrence{Window: p.Window, Start: f.Until, End: p.End})
			}
		}
		pieces = left
	}
	slices.SortFunc(pieces, func(a, b data.Occurrence) int { return a.Start.Compare(b.Start) })
	return pieces
}

// Openings returns when updates may be installed on hosts of group g between
// from and to: agreed windows that permit it, less freezes, in order.
func (a Agenda) Openings(g data.GroupID, from, to time.Time) ([]data.Occurrence, error) {
	var out []data.Occurrence
	for _, w := range a.Windows {
		if g == 0 || w.Agreed.At.IsZero() || !a.permits(w) || !slices.Contains(w.Groups, g) {
			continue
		}
		occ, err := Occurrences(w, from, to)
		if err != nil {
			return nil, err
		}
		for _, o := range occ {
			for _, p := range cut(o, g, a.Freezes) {
				if p.End.After(from) && p.Start.Before(to) {
					out = append(out, p)
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y data.Occurrence) int { return x.Start.Compare(y.Start) })
	return out, nil
}

// NextOpening returns when h may be touched next after now: the first piece of
// an agreed window that freezes leave, for installing or rebooting, within a
// year. A piece that is open at now counts from its start.
func NextOpening(h data.Host, windows []data.Window, freezes []data.Freeze, now time.Time) (o data.Occurrence, found bool) {
	for _, w := range windows {
		if h.Group == 0 || w.Agreed.At.IsZero() || !slices.Contains(w.Groups, h.Group) {
			continue
		}
		for _, days := range []int{40, 370} {
			p, ok := nextPiece(w, h.Group, freezes, now, now.AddDate(0, 0, days))
			if ok && (!found || p.Start.Before(o.Start)) {
				o, found = p, true
			}
			if ok {
				break
			}
		}
	}
	return o, found
}

func nextPiece(w data.Window, g data.GroupID, freezes []data.Freeze, from, to time.Time) (data.Occurrence, bool) {
	occ, err := Occurrences(w, from, to) // a window that cannot be read never opens
	if err != nil {
		return data.Occurrence{}, false
	}
	for _, o := range occ {
		for _, p := range cut(o, g, freezes) {
			if p.End.After(from) {
				return p, true
			}
		}
	}
	return data.Occurrence{}, false
}

// A Day is one square of the calendar.
type Day struct {
	Date    data.Date
	Entries []Entry // in the order they start
	Freezes []data.Freeze
}

// An Entry is one occurrence in a day. An occurrence over midnight is in both
// days, and over a long weekend in all of them.
type Entry struct {
	data.Occurrence
	Window    data.Window
	Agreed    bool
	Frozen    bool // no group of the window may use any of it
	Cut       bool // freezes leave a part of it
	Continues bool // began on an earlier day
}

// Calendar returns the days from from to to, both included, as clocks in zone
// show them. A window that cannot be read is left out and named in err; the
// days are good all the same.
func (a Agenda) Calendar(from, to data.Date, zone *time.Location) (days []Day, err error) {
	end := midnight(to).AddDate(0, 0, 1)
	for d := midnight(from); d.Before(end); d = d.AddDate(0, 0, 1) {
		days = append(days, Day{Date: civil(d)})
		if len(days) > 366 {
			return nil, fmt.Errorf("calendar: more than a year asked for")
		}
	}
	for _, w := range a.Windows {
		occ, e := Occurrences(w, wallClock(from, data.Clock{}, zone), wallClock(civil(end), data.Clock{}, zone))
		if e != nil {
			err = e
			continue
		}
		for _, o := range occ {
			a.enter(days, w, o, zone)
		}
	}
	for i := range days {
		slices.SortStableFunc(days[i].Entries, func(x, y Entry) int { return x.Start.Compare(y.Start) })
		start, end := bounds(days[i].Date, zone)
		for _, f := range a.Freezes {
			if f.From.Before(end) && f.Until.After(start) {
				days[i].Freezes = append(days[i].Freezes, f)
			}
		}
	}
	return days, err
}

func (a Agenda) enter(days []Day, w data.Window, o data.Occurrence, zone *time.Location) {
	e := Entry{Occurrence: o, Window: w, Agreed: !w.Agreed.At.IsZero(), Frozen: len(w.Groups) > 0}
	for _, g := range w.Groups {
		pieces := cut(o, g, a.Freezes)
		if len(pieces) > 0 {
			e.Frozen = false
		}
		if len(pieces) != 1 || pieces[0] != o {
			e.Cut = true
		}
	}
	e.Cut = e.Cut && !e.Frozen
	for i := range days {
		start, end := bounds(days[i].Date, zone)
		if o.Start.Before(end) && o.End.After(start) {
			e.Continues = o.Start.Before(start)
			days[i].Entries = append(days[i].Entries, e)
		}
	}
}

// bounds returns the day's first instant and the next day's, in zone.
func bounds(d data.Date, zone *time.Location) (start, end time.Time) {
	return wallClock(d, data.Clock{}, zone), wallClock(civil(midnight(d).AddDate(0, 0, 1)), data.Clock{}, zone)
}
