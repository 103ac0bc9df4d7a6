package data

import "time"

// A Window is a recurring maintenance window: when the owner of some groups
// has agreed that their hosts may be touched, and what may be done then.
type Window struct {
	ID       WindowID
	Name     string
	Groups   []GroupID // hosts of these groups
	Recurs   Recurrence
	TimeZone string        // IANA name; wall-clock times of Recurs are in it
	Duration time.Duration // elapsed time, so a window over a daylight-saving change keeps its length
	Permits  Permits
	Agreed   Approval  // by the owner; zero At: not agreed, so the window permits nothing
	Until    time.Time // no occurrence starts after; zero: open-ended
	Notes    string
}

// A Recurrence says when a window opens, in wall-clock time. Every kind is an
// RFC 5545 rule and an offset: "Patch Tuesday + 3 days" is the second Tuesday
// of the month (FREQ=MONTHLY;BYDAY=2TU) plus 3.
type Recurrence struct {
	Rule     string // RRULE without DTSTART; empty: once, at First
	PlusDays int    // days after the rule's date, 0 to 27
	First    Date   // no occurrence before
	Start    Clock  // wall-clock time of opening
}

// A Date is a calendar day without a time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// A Clock is a wall-clock time of day.
type Clock struct {
	Hour, Minute int
}

// Permits is what may be done in a window.
type Permits struct {
	Install bool
	Reboot  bool
}

// An Occurrence is one opening of a window.
type Occurrence struct {
	Window     WindowID
	Start, End time.Time
}

// Contains reports whether t falls in o; the end is not part of it.
func (o Occurrence) Contains(t time.Time) bool { return !t.Before(o.Start) && t.Before(o.End) }

// A Freeze is a time in which nothing may be touched, whatever the windows say.
type Freeze struct {
	ID          FreezeID
	Name        string
	Groups      []GroupID // empty: every host
	From, Until time.Time
	Reason      string
	AgreedBy    string
}

// Covers reports whether f forbids touching hosts of group g at t.
func (f Freeze) Covers(g GroupID, t time.Time) bool {
	if t.Before(f.From) || !t.Before(f.Until) {
		return false
	}
	if len(f.Groups) == 0 {
		return true
	}
	for _, x := range f.Groups {
		if x == g {
			return true
		}
	}
	return false
}
