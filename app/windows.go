package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // windows must open at the right time on a computer without zone files, such as Windows

	"github.com/teambition/rrule-go"

	"secondtuesday/data"
)

// Bounds of what a window may be. They keep a typing mistake from costing a
// month of permission or a minute of computing.
const (
	minWindow     = 5 * time.Minute
	maxWindow     = 7 * 24 * time.Hour
	maxRange      = 20 * 366 * 24 * time.Hour
	firstYear     = 1990
	lastYear      = 2200
	maxRuleLength = 500
)

// CheckWindow says what keeps w from having occurrences.
func CheckWindow(w data.Window) error {
	if strings.TrimSpace(w.Name) == "" {
		return errors.New("the window has no name")
	}
	if _, err := windowZone(w.TimeZone); err != nil {
		return fmt.Errorf("window %q: %w", w.Name, err)
	}
	if w.Duration < minWindow || w.Duration > maxWindow {
		return fmt.Errorf("window %q: a duration of %s is not between %s and %s", w.Name, w.Duration, DurationText(minWindow), DurationText(maxWindow))
	}
	if _, err := parseRecurrence(w.Recurs); err != nil {
		return fmt.Errorf("window %q: %w", w.Name, err)
	}
	return nil
}

func windowZone(name string) (*time.Location, error) {
	if name == "Local" { // would mean another time on every desk
		return nil, errors.New("time zone Local is not an IANA name such as Europe/Berlin")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not an IANA name such as Europe/Berlin", name)
	}
	return loc, nil
}

// Occurrences returns the openings of w that touch the time from from to to,
// in order, whether w is agreed or not and whatever freezes say.
//
// The recurrence gives calendar days; the opening is the wall-clock time on
// such a day in the window's zone. Where clocks skip that time, the window
// opens at the first instant after the gap; where they show it twice, at the
// first. It closes when its duration has passed, so its length never changes.
func Occurrences(w data.Window, from, to time.Time) ([]data.Occurrence, error) {
	if err := CheckWindow(w); err != nil {
		return nil, err
	}
	if to.Sub(from) > maxRange {
		return nil, fmt.Errorf("window %q: more than 20 years asked for", w.Name)
	}
	loc, _ := windowZone(w.TimeZone)
	// An opening may lie a window's length before from, and a zone's calendar
	// day two days from that of UTC where a day is skipped.
	days, err := dates(w.Recurs, from.Add(-w.Duration).AddDate(0, 0, -2), to.AddDate(0, 0, 2))
	if err != nil {
		return nil, fmt.Errorf("window %q: %w", w.Name, err)
	}
	var out []data.Occurrence
	for _, d := range days {
		start := wallClock(d, w.Recurs.Start, loc)
		o := data.Occurrence{Window: w.ID, Start: start, End: start.Add(w.Duration)}
		if !o.Start.Before(to) || !o.End.After(from) || (!w.Until.IsZero() && o.Start.After(w.Until)) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Start.Equal(o.Start) { // a skipped day falls on the next
			continue
		}
		out = append(out, o)
	}
	return out, nil
}

// Next returns the next n occurrences that have not ended at now.
func Next(w data.Window, now time.Time, n int) ([]data.Occurrence, error) {
	var found []data.Occurrence
	for _, ahead := range []time.Duration{60, 400, 4 * 366, 19 * 366} { // days; most windows recur within two months
		var err error
		found, err = Occurrences(w, now, now.Add(ahead*24*time.Hour))
		if err != nil {
			return nil, err
		}
		if len(found) >= n {
			return found[:n], nil
		}
	}
	return found, nil
}

// parseRecurrence reads r's rule with First as its start, and refuses what a
// window cannot mean. A nil rule means once.
func parseRecurrence(r data.Recurrence) (*rrule.ROption, error) {
	if r.Start.Hour < 0 || r.Start.Hour > 23 || r.Start.Minute < 0 || r.Start.Minute > 59 {
		return nil, fmt.Errorf("%02d:%02d is not a time of day", r.Start.Hour, r.Start.Minute)
	}
	if r.PlusDays < 0 || r.PlusDays > 27 {
		return nil, fmt.Errorf("%d days after the rule's date is not between 0 and 27", r.PlusDays)
	}
	set := r.First != data.Date{}
	if set && (midnight(r.First).Day() != r.First.Day || midnight(r.First).Month() != r.First.Month || r.First.Year < firstYear || r.First.Year > lastYear) {
		return nil, fmt.Errorf("%04d-%02d-%02d is not a date between %d and %d", r.First.Year, r.First.Month, r.First.Day, firstYear, lastYear)
	}
	if r.Rule == "" {
		if !set {
			return nil, errors.New("a window that opens once needs a date")
		}
		return nil, nil
	}
	if len(r.Rule) > maxRuleLength || strings.ContainsAny(r.Rule, "\r\n") || strings.Contains(r.Rule, "DTSTART") {
		return nil, errors.New("the rule must be one RRULE line without DTSTART")
	}
	for _, part := range strings.Split(r.Rule, ";") {
		if key, _, _ := strings.Cut(part, "="); slices.Contains([]string{"BYHOUR", "BYMINUTE", "BYSECOND"}, key) {
			return nil, fmt.Errorf("%s is not part of the rule: the time of day stands beside it", key)
		}
	}
	opt, err := rrule.StrToROption(r.Rule)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", r.Rule, err)
	}
	if opt.Freq > rrule.DAILY {
		return nil, fmt.Errorf("rule %q: a window recurs daily at most", r.Rule)
	}
	return opt, fixAnchor(opt, r, set)
}

// fixAnchor gives the rule its start. RFC 5545 takes from DTSTART whatever the
// rule leaves open; written out here, the start may be moved to save time.
func fixAnchor(opt *rrule.ROption, r data.Recurrence, set bool) error {
	open := len(opt.Byweekday)+len(opt.Bymonthday)+len(opt.Byyearday)+len(opt.Byweekno)+len(opt.Byeaster) == 0
	if !set {
		if opt.Interval > 1 || opt.Count > 0 || (open && opt.Freq != rrule.DAILY) {
			return fmt.Errorf("rule %q needs a first date to count from", r.Rule)
		}
		opt.Dtstart = midnight(data.Date{Year: firstYear, Month: 1, Day: 1})
		return checkRule(opt, r)
	}
	opt.Dtstart = midnight(r.First)
	if !open {
		return checkRule(opt, r)
	}
	switch opt.Freq {
	case rrule.WEEKLY:
		opt.Byweekday = []rrule.Weekday{[]rrule.Weekday{rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA}[opt.Dtstart.Weekday()]}
	case rrule.MONTHLY:
		opt.Bymonthday = []int{r.First.Day}
	case rrule.YEARLY:
		opt.Bymonthday = []int{r.First.Day}
		if len(opt.Bymonth) == 0 {
			opt.Bymonth = []int{int(r.First.Month)}
		}
	}
	return checkRule(opt, r)
}

func checkRule(opt *rrule.ROption, r data.Recurrence) error {
	if opt.Interval < 0 || opt.Interval > 1000 || opt.Count < 0 || opt.Count > 10_000 {
		return fmt.Errorf("rule %q: interval or count is out of range", r.Rule)
	}
	opt.Byhour, opt.Byminute, opt.Bysecond = []int{0}, []int{0}, []int{0}
	if _, err := rrule.NewRRule(*opt); err != nil {
		return fmt.Errorf("rule %q: %w", r.Rule, err)
	}
	return nil
}

// dates returns the calendar days of r between the days of from and to, the
// days added to the rule's own date included.
func dates(r data.Recurrence, from, to time.Time) ([]data.Date, error) {
	opt, err := parseRecurrence(r)
	if err != nil {
		return nil, err
	}
	first := midnight(civil(from.UTC())).AddDate(0, 0, -r.PlusDays)
	last := midnight(civil(to.UTC())).AddDate(0, 0, 1-r.PlusDays)
	var found []time.Time
	if opt == nil {
		if d := midnight(r.First); !d.Before(first) && !d.After(last) {
			found = []time.Time{d}
		}
	} else if found, err = ruleDates(*opt, first, last); err != nil {
		return nil, err
	}
	out := make([]data.Date, 0, len(found))
	for _, d := range found {
		out = append(out, civil(d.AddDate(0, 0, r.PlusDays)))
	}
	return out, nil
}

// ruleDates walks the rule from first to last. The walk never goes past last,
// so a rule that no day can meet (31 February) costs no more than the range.
func ruleDates(opt rrule.ROption, first, last time.Time) ([]time.Time, error) {
	notBefore := opt.Dtstart
	if opt.Interval <= 1 && opt.Count == 0 {
		// No period is counted from the start, so the walk may begin at one
		// shortly before.
		near := first.AddDate(0, 0, -14)
		switch opt.Freq {
		case rrule.YEARLY:
			near = time.Date(first.Year()-1, 1, 1, 0, 0, 0, 0, time.UTC)
		case rrule.MONTHLY:
			near = time.Date(first.Year(), first.Month()-1, 1, 0, 0, 0, 0, time.UTC)
		}
		if near.After(opt.Dtstart) {
			opt.Dtstart = near
		}
	}
	if opt.Until.IsZero() || opt.Until.After(last) {
		opt.Until = last
	}
	if opt.Until.Before(opt.Dtstart) {
		return nil, nil
	}
	rule, err := rrule.NewRRule(opt)
	if err != nil {
		return nil, fmt.Errorf("recurrence: %w", err)
	}
	var out []time.Time
	next := rule.Iterator()
	for d, ok := next(); ok; d, ok = next() {
		if !d.Before(first) && !d.Before(notBefore) {
			out = append(out, d)
		}
	}
	return out, nil
}

func civil(t time.Time) data.Date {
	y, m, d := t.Date()
	return data.Date{Year: y, Month: m, Day: d}
}

// midnight is the day as rrule-go sees it: a calendar without zones.
func midnight(d data.Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// wallClock returns the instant at which clocks in loc show c on d: the first
// of two, and the end of the gap where they never show it. time.Date leaves
// open which side of a gap it returns.
func wallClock(d data.Date, c data.Clock, loc *time.Location) time.Time {
	naive := time.Date(d.Year, d.Month, d.Day, c.Hour, c.Minute, 0, 0, time.UTC)
	// No zone has ever been a day and more away from UTC for long; two days
	// also hold the days that Samoa and Kwajalein skipped.
	at := naive.Add(-48 * time.Hour).In(loc)
	for {
		_, offset := at.Zone()
		start, end := at.ZoneBounds()
		t := naive.Add(-time.Duration(offset) * time.Second)
		if (start.IsZero() || !t.Before(start)) && (end.IsZero() || t.Before(end)) {
			return t.UTC()
		}
		if !start.IsZero() && t.Before(start) { // the clocks jumped over it at start
			return start.UTC()
		}
		at = end
	}
}
