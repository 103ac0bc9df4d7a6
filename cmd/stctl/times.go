package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// when writes a moment in the zone of whoever reads it; "" for none.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04 MST")
}

// dash shows that there is nothing.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// ago writes how long ago something was: "5 min ago"; "never" for the zero time.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < 0:
		return "in the future (" + when(t) + ")"
	case d < time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min ago", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days ago", int(d/(24*time.Hour)))
}

// "3h", "90m", "2d", "1d12h", "1 day"
var durationPart = regexp.MustCompile(`^(\d+)\s*(days?|d|hours?|h|minutes?|min|m|seconds?|s)\s*`)

// parseDuration reads a length of time as a person writes it.
func parseDuration(flag, s string) (time.Duration, error) {
	rest, total := strings.TrimSpace(strings.ToLower(s)), time.Duration(0)
	if rest == "0" {
		return 0, nil
	}
	if rest == "" {
		return 0, usagef("%s is empty: write 3h, 90m or 2d", flag)
	}
	for rest != "" {
		m := durationPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, usagef("%s %q is not a length of time: write 3h, 90m or 2d", flag, s)
		}
		n, err := strconv.Atoi(m[1])
		unit := map[byte]time.Duration{'d': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second}[m[2][0]]
		if err != nil || time.Duration(n) > 10*365*24*time.Hour/unit {
			return 0, usagef("%s %q is longer than ten years", flag, s)
		}
		total += time.Duration(n) * unit
		rest = rest[len(m[0]):]
	}
	return total, nil
}

// parseTime reads "2026-12-24", "2026-12-24 18:00" in zone, or RFC 3339.
func parseTime(flag, s string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, usagef("%s %q is not a date or time: write 2026-12-24 or \"2026-12-24 18:00\"", flag, s)
}

// parseZone reads the name of a time zone; "" is that of this computer.
func parseZone(flag, s string) (*time.Location, error) {
	if s == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		return nil, usagef("%s %q is not an IANA time zone such as Europe/Berlin", flag, s)
	}
	return zone, nil
}

// parseShare reads "20%" or "0.2".
func parseShare(flag, s string) (float64, error) {
	text, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, usagef("%s %q is not a share: write 20%% or 0.2", flag, s)
	}
	return f, nil
}
