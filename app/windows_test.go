package app

import (
	"archive/zip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func window(zone string, r data.Recurrence, d time.Duration) data.Window {
	return data.Window{ID: 1, Name: "w", Groups: []data.GroupID{2}, TimeZone: zone, Recurs: r, Duration: d,
		Permits: data.Permits{Install: true, Reboot: true}, Agreed: data.Approval{By: "Olga", At: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}}
}

func on(y int, m time.Month, d int) data.Date { return data.Date{Year: y, Month: m, Day: d} }

// TestWindowsOpenOnKnownNights holds openings against nights whose clock
// changes are public knowledge.
func TestWindowsOpenOnKnownNights(t *testing.T) {
	for name, c := range map[string]struct {
		zone string
		day  data.Date
		at   data.Clock
		want string
	}{
		"Berlin, winter":                           {"Europe/Berlin", on(2026, 1, 13), data.Clock{Hour: 22}, "2026-01-13T21:00:00Z"},
		"Berlin, summer":                           {"Europe/Berlin", on(2026, 7, 14), data.Clock{Hour: 22}, "2026-07-14T20:00:00Z"},
		"Berlin skips 02:30, opens at 03:00":       {"Europe/Berlin", on(2026, 3, 29), data.Clock{Hour: 2, Minute: 30}, "2026-03-29T01:00:00Z"},
		"Berlin skips from 02:00":                  {"Europe/Berlin", on(2026, 3, 29), data.Clock{Hour: 2}, "2026-03-29T01:00:00Z"},
		"Berlin, first instant after the gap":      {"Europe/Berlin", on(2026, 3, 29), data.Clock{Hour: 3}, "2026-03-29T01:00:00Z"},
		"Berlin shows 02:30 twice, first counts":   {"Europe/Berlin", on(2026, 10, 25), data.Clock{Hour: 2, Minute: 30}, "2026-10-25T00:30:00Z"},
		"Berlin shows 03:00 once":                  {"Europe/Berlin", on(2026, 10, 25), data.Clock{Hour: 3}, "2026-10-25T02:00:00Z"},
		"New York skips 02:30":                     {"America/New_York", on(2026, 3, 8), data.Clock{Hour: 2, Minute: 30}, "2026-03-08T07:00:00Z"},
		"New York shows 01:30 twice":               {"America/New_York", on(2026, 11, 1), data.Clock{Hour: 1, Minute: 30}, "2026-11-01T05:30:00Z"},
		"Lord Howe skips half an hour":             {"Australia/Lord_Howe", on(2026, 10, 4), data.Clock{Hour: 2, Minute: 15}, "2026-10-03T15:30:00Z"},
		"Lord Howe shows half an hour twice":       {"Australia/Lord_Howe", on(2026, 4, 5), data.Clock{Hour: 1, Minute: 45}, "2026-04-04T14:45:00Z"},
		"Casablanca goes back for Ramadan":         {"Africa/Casablanca", on(2026, 2, 15), data.Clock{Hour: 2, Minute: 30}, "2026-02-15T01:30:00Z"},
		"Casablanca goes forward after Ramadan":    {"Africa/Casablanca", on(2026, 3, 22), data.Clock{Hour: 2, Minute: 30}, "2026-03-22T02:00:00Z"},
		"Apia had no 30 December 2011":             {"Pacific/Apia", on(2011, 12, 30), data.Clock{Hour: 22}, "2011-12-30T10:00:00Z"},
		"Apia, the day after":                      {"Pacific/Apia", on(2011, 12, 31), data.Clock{Hour: 22}, "2011-12-31T08:00:00Z"},
		"Kwajalein had no 21 August 1993":          {"Pacific/Kwajalein", on(1993, 8, 21), data.Clock{Hour: 6}, "1993-08-21T12:00:00Z"},
		"UTC without a name":                       {"", on(2026, 3, 29), data.Clock{Hour: 2, Minute: 30}, "2026-03-29T02:30:00Z"},
		"Kathmandu is three quarters off the hour": {"Asia/Kathmandu", on(2026, 3, 29), data.Clock{Hour: 2}, "2026-03-28T20:15:00Z"},
	} {
		w := window(c.zone, Once(c.day, c.at), 2*time.Hour)
		want := at(t, c.want)
		got, err := Occurrences(w, want.AddDate(0, 0, -3), want.AddDate(0, 0, 3))
		if err != nil || len(got) != 1 || !got[0].Start.Equal(want) || got[0].End.Sub(got[0].Start) != 2*time.Hour {
			t.Errorf("%s: %v, %v; want %s for 2 h", name, got, err, c.want)
		}
	}
}

// zones lists every zone that this Go release carries.
func zones(t *testing.T) []string {
	t.Helper()
	r, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	if len(names) < 400 {
		t.Fatalf("only %d zones", len(names))
	}
	return names
}

// TestWallClockHoldsInEveryZone walks every zone's clock changes of 30 years
// and asks for times around each: what is returned must show the wall clock
// asked for and be the first instant that does, or be the end of a gap.
func TestWallClockHoldsInEveryZone(t *testing.T) {
	checked, gaps, doubles := 0, 0, 0
	for _, name := range zones(t) {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		end := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		for tr := time.Date(2000, 1, 1, 0, 0, 0, 0, loc); ; {
			_, next := tr.ZoneBounds()
			if next.IsZero() || next.After(end) {
				break
			}
			for _, d := range []time.Duration{-61, -1, 0, 29, 59, 60, 61, 1439} {
				for _, side := range []time.Time{next.Add(-time.Nanosecond), next} {
					_, offset := side.Zone()
					naive := next.UTC().Add(time.Duration(offset)*time.Second + d*time.Minute).Truncate(time.Minute)
					checked++
					switch checkWallClock(t, name, naive, loc) {
					case "gap":
						gaps++
					case "double":
						doubles++
					}
				}
			}
			tr = next
		}
	}
	if gaps < 1000 || doubles < 1000 {
		t.Errorf("of %d times, %d fell into gaps and %d were shown twice: the walk missed the changes", checked, gaps, doubles)
	}
}

func checkWallClock(t *testing.T, name string, naive time.Time, loc *time.Location) string {
	t.Helper()
	got := wallClock(civil(naive), data.Clock{Hour: naive.Hour(), Minute: naive.Minute()}, loc)
	shown := func(u time.Time) time.Time {
		_, offset := u.In(loc).Zone()
		return u.UTC().Add(time.Duration(offset) * time.Second)
	}
	if s := shown(got); !s.Equal(naive) {
		before := shown(got.Add(-time.Nanosecond)).Add(time.Nanosecond)
		if naive.Before(before) || !naive.Before(s) {
			t.Errorf("%s %s: opens at %s, where the clock jumps from %s to %s", name, naive, got, before, s)
		}
		return "gap"
	}
	// An earlier instant with the same wall clock would lie a change of offset before.
	result := ""
	for d := 30 * time.Minute; d <= 25*time.Hour; d += 30 * time.Minute {
		if shown(got.Add(-d)).Equal(naive) {
			t.Errorf("%s %s: opens at %s, but %s shows the same", name, naive, got, got.Add(-d))
		}
		if shown(got.Add(d)).Equal(naive) {
			result = "double"
		}
	}
	return result
}

// TestDailyWindowOpensOncePerDayInEveryZone counts over two years: whatever
// the clocks do, there is one opening a calendar day, in order, of equal length.
func TestDailyWindowOpensOncePerDayInEveryZone(t *testing.T) {
	for _, name := range zones(t) {
		w := window(name, data.Recurrence{Rule: "FREQ=DAILY", Start: data.Clock{Hour: 2, Minute: 30}}, time.Hour)
		loc, _ := time.LoadLocation(name)
		from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, loc), time.Date(2028, 1, 1, 0, 0, 0, 0, loc)
		got, err := Occurrences(w, from, to)
		if err != nil || len(got) != 730 {
			t.Errorf("%s: %d openings in 730 days, %v", name, len(got), err)
			continue
		}
		for i, o := range got {
			if want := civil(midnight(on(2026, 1, 1)).AddDate(0, 0, i)); civil(o.Start.In(loc)) != want || o.End.Sub(o.Start) != time.Hour {
				t.Errorf("%s: opening %d is %s to %s, want day %v", name, i, o.Start.In(loc), o.End, want)
			}
		}
	}
}

func starts(occ []data.Occurrence, loc *time.Location) []string {
	var out []string
	for _, o := range occ {
		out = append(out, o.Start.In(loc).Format("2006-01-02 15:04"))
	}
	return out
}

func TestRecurrencesMeanWhatTheySay(t *testing.T) {
	ten := data.Clock{Hour: 22}
	for _, c := range []struct {
		r     data.Recurrence
		from  string
		want  []string
		words string
	}{
		{PatchTuesday(0, ten), "2026-01-01", []string{"2026-01-13 22:00", "2026-02-10 22:00", "2026-03-10 22:00"}, "on the second Tuesday of each month"},
		{PatchTuesday(3, ten), "2026-01-01", []string{"2026-01-16 22:00", "2026-02-13 22:00", "2026-03-13 22:00"}, "on the second Tuesday of each month plus 3 days"},
		{PatchTuesday(27, ten), "2026-01-01", []string{"2026-01-05 22:00", "2026-02-09 22:00", "2026-03-09 22:00"}, "on the second Tuesday of each month plus 27 days"}, // of December: over the month's end
		{NthWeekday(-1, time.Sunday, ten), "2026-01-01", []string{"2026-01-25 22:00", "2026-02-22 22:00", "2026-03-29 22:00"}, "on the last Sunday of each month"},
		{NthWeekday(5, time.Friday, ten), "2026-01-01", []string{"2026-01-30 22:00", "2026-05-29 22:00", "2026-07-31 22:00"}, "on the fifth Friday of each month"},
		{Weekly(1, data.Date{}, []time.Weekday{time.Monday, time.Thursday}, ten), "2026-01-01", []string{"2026-01-01 22:00", "2026-01-05 22:00", "2026-01-08 22:00"}, "every Monday and Thursday"},
		{Weekly(2, on(2026, 1, 7), []time.Weekday{time.Wednesday}, ten), "2026-01-08", []string{"2026-01-21 22:00", "2026-02-04 22:00", "2026-02-18 22:00"}, "every 2 weeks on Wednesday, counted from 2026-01-07"},
		{Weekly(1, on(2026, 1, 7), nil, ten), "2026-01-01", []string{"2026-01-07 22:00", "2026-01-14 22:00", "2026-01-21 22:00"}, "every Wednesday, from 2026-01-07 on"},
		{MonthDay(31, ten), "2026-01-01", []string{"2026-01-31 22:00", "2026-03-31 22:00", "2026-05-31 22:00"}, "on day 31 of each month"},
		{MonthDay(-1, ten), "2026-01-01", []string{"2026-01-31 22:00", "2026-02-28 22:00", "2026-03-31 22:00"}, "on the last day of each month"},
		{Once(on(2026, 2, 3), ten), "2026-01-01", []string{"2026-02-03 22:00"}, "once on 2026-02-03"},
		{data.Recurrence{Rule: "FREQ=DAILY;COUNT=2", First: on(2026, 1, 5), Start: ten}, "2026-01-01", []string{"2026-01-05 22:00", "2026-01-06 22:00"}, "by the rule FREQ=DAILY;COUNT=2, counted from 2026-01-05"},
		{data.Recurrence{Rule: "FREQ=YEARLY;BYMONTH=3,9;BYDAY=1SU", Start: ten}, "2026-01-01", []string{"2026-03-01 22:00", "2026-09-06 22:00", "2027-03-07 22:00"}, "by the rule FREQ=YEARLY;BYMONTH=3,9;BYDAY=1SU"},
		{data.Recurrence{Rule: "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", Start: ten}, "2026-01-01", nil, "on day 31 of the month in February"},
	} {
		w := window("Europe/Berlin", c.r, 4*time.Hour)
		berlin, _ := time.LoadLocation("Europe/Berlin")
		from, _ := time.ParseInLocation("2006-01-02", c.from, berlin)
		got, err := Next(w, from.Add(12*time.Hour), 3) // at noon no window is still open from the day before
		if err != nil || !slices.Equal(starts(got, berlin), c.want) {
			t.Errorf("%s: %v, %v; want %v", c.words, starts(got, berlin), err, c.want)
		}
		if words := DescribeRecurrence(c.r); words != c.words {
			t.Errorf("%+v is described as %q, want %q", c.r, words, c.words)
		}
	}
}

// TestNoOccurrenceIsLostAtARangesEdge asks for each day by itself and for the
// whole: both must give the same openings.
func TestNoOccurrenceIsLostAtARangesEdge(t *testing.T) {
	for _, zone := range []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Australia/Lord_Howe"} {
		for plus := 0; plus <= 27; plus += 9 {
			for _, hours := range []int{23} {
				w := window(zone, PatchTuesday(plus, data.Clock{Hour: hours}), 30*time.Hour)
				from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				whole, err := Occurrences(w, from, from.AddDate(0, 4, 0))
				if err != nil || len(whole) < 3 {
					t.Fatalf("%d openings in 4 months, %v", len(whole), err)
				}
				var pieces []data.Occurrence
				for d := from; d.Before(from.AddDate(0, 4, 0)); d = d.Add(time.Hour) {
					occ, err := Occurrences(w, d, d.Add(time.Hour))
					if err != nil {
						t.Fatal(err)
					}
					for _, o := range occ {
						if n := len(pieces); n == 0 || pieces[n-1] != o {
							pieces = append(pieces, o)
						}
					}
				}
				if !slices.Equal(whole, pieces) {
					t.Errorf("%s +%d: %d openings in the whole, %d hour by hour", zone, plus, len(whole), len(pieces))
				}
			}
		}
	}
}

func TestWindowsThatMakeNoSenseAreRefused(t *testing.T) {
	good := window("Europe/Berlin", PatchTuesday(3, data.Clock{Hour: 22}), 4*time.Hour)
	if err := CheckWindow(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*data.Window){
		"no name":             func(w *data.Window) { w.Name = " " },
		"unknown zone":        func(w *data.Window) { w.TimeZone = "Europe/Berlyn" },
		"path as zone":        func(w *data.Window) { w.TimeZone = "../../etc/passwd" },
		"local zone":          func(w *data.Window) { w.TimeZone = "Local" },
		"no duration":         func(w *data.Window) { w.Duration = 0 },
		"endless":             func(w *data.Window) { w.Duration = 8 * 24 * time.Hour },
		"25 o'clock":          func(w *data.Window) { w.Recurs.Start.Hour = 25 },
		"plus 28":             func(w *data.Window) { w.Recurs.PlusDays = 28 },
		"not a rule":          func(w *data.Window) { w.Recurs.Rule = "every now and then" },
		"hourly":              func(w *data.Window) { w.Recurs.Rule = "FREQ=HOURLY" },
		"time in rule":        func(w *data.Window) { w.Recurs.Rule = "FREQ=DAILY;BYHOUR=3" },
		"start in rule":       func(w *data.Window) { w.Recurs.Rule = "DTSTART:20260101T000000Z\nFREQ=DAILY" },
		"interval unanchored": func(w *data.Window) { w.Recurs.Rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO" },
		"weekly unanchored":   func(w *data.Window) { w.Recurs.Rule = "FREQ=WEEKLY" },
		"30 February":         func(w *data.Window) { w.Recurs.First = on(2026, 2, 30) },
		"once without date":   func(w *data.Window) { w.Recurs.Rule = "" },
		"month 13":            func(w *data.Window) { w.Recurs.Rule = "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1" },
	} {
		w := good
		spoil(&w)
		if err := CheckWindow(w); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, open, _ := OpenFor(data.Host{Group: 2}, []data.Window{w}, nil, at(t, "2026-01-16T22:00:00Z")); open {
			t.Errorf("%s: open", name)
		}
	}
}

func FuzzRecurrence(f *testing.F) {
	f.Add("FREQ=MONTHLY;BYDAY=2TU", 3)
	f.Add("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYSETPOS=-1", 0)
	f.Add("FREQ=WEEKLY;INTERVAL=2;UNTIL=20260101T000000Z;WKST=SU", 27)
	f.Fuzz(func(t *testing.T, rule string, plus int) {
		r := data.Recurrence{Rule: rule, PlusDays: plus, First: on(2025, 1, 1), Start: data.Clock{Hour: 2}}
		w := window("Europe/Berlin", r, time.Hour)
		began := time.Now()
		occ, err := Occurrences(w, judgeNow, judgeNow.AddDate(0, 3, 0))
		if time.Since(began) > 2*time.Second {
			t.Errorf("took %s", time.Since(began))
		}
		if err != nil {
			return
		}
		Sentence(w, nil)
		for i, o := range occ {
			if i > 0 && o.Start.Before(occ[i-1].Start) || !o.End.After(judgeNow) || !o.Start.Before(judgeNow.AddDate(0, 3, 0)) {
				t.Errorf("%q: %v out of order or range", rule, o)
			}
		}
	})
}
