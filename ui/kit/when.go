package kit

import (
	"fmt"
	"strconv"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
)

// DateTime returns a moment in the computer's own time zone, with its name:
// "2026-11-22 14:05 CET". The zero time is "never".
func DateTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return app.Moment(t)
}

// Clock returns a moment for a sentence, in the computer's own time zone with
// its name: "14:05 CET", and "Tue 24 Nov 14:05 CET" where that is not today.
// The zero time is an en dash.
func Clock(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "–"
	case t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly):
		return t.Local().Format("15:04 MST")
	}
	return t.Local().Format("Mon 2 Jan 15:04 MST")
}

// Date returns the day of a moment in the computer's own time zone,
// "2026-11-22". The zero time is an en dash.
func Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("2006-01-02")
}

// Exact returns a moment with its day, zone and UTC, for tooltips.
func Exact(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("Monday 2 January 2006, 15:04:05 MST") + " · " + t.UTC().Format("2006-01-02T15:04:05Z")
}

// Ago returns how far t lies from now in words: "just now", "2 h ago", "in 3
// days". The zero time is "never".
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	if d > -time.Minute && d < time.Minute {
		return "just now"
	}
	if d < 0 {
		return "in " + Span(-d)
	}
	return Span(d) + " ago"
}

// Due returns how a deadline stands: "in 3 days", "5 days over", "no deadline".
func Due(t, now time.Time) string {
	switch d := t.Sub(now); {
	case t.IsZero():
		return "no deadline"
	case d < 0:
		return Span(-d) + " over"
	case d < time.Minute:
		return "now"
	default:
		return "in " + Span(d)
	}
}

// DueTint is the colour of a deadline that has passed; none otherwise.
func DueTint(t, now time.Time) fyne.ThemeColorName {
	if !t.IsZero() && t.Before(now) {
		return ColorLate
	}
	return ""
}

// CompareTime orders moments with the unset one behind all others.
func CompareTime(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

// Span returns a duration in its one fitting unit: "45 s", "12 min", "2 h",
// "3 days", "5 weeks". Halves are rounded down, so that nothing looks older or
// longer than it is.
func Span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	days := int(d / (24 * time.Hour))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	case days < 21:
		return fmt.Sprintf("%d days", days)
	case days < 84:
		return fmt.Sprintf("%d weeks", days/7)
	case days < 730:
		return fmt.Sprintf("%d months", days*12/365)
	}
	return fmt.Sprintf("%d years", days/365)
}

// Number returns n with its thousands set apart: "1,204".
func Number(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count returns a number with its noun: "1 host", "12 hosts".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Percent returns a share as a percentage, rounded down so that only all of
// them is "100 %": "97 %".
func Percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "< 1 %"
	}
	return fmt.Sprintf("%d %%", int(share*100+1e-9))
}

// Bytes returns a size as people read it: "12 MB".
func Bytes(n int64) string {
	unit := []string{"B", "kB", "MB", "GB", "TB"}
	f, i := float64(n), 0
	for f >= 1000 && i < len(unit)-1 {
		f /= 1000
		i++
	}
	if f < 10 && i > 0 {
		return fmt.Sprintf("%.1f %s", f, unit[i])
	}
	return fmt.Sprintf("%.0f %s", f, unit[i])
}
