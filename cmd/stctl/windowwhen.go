package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

// recurrenceFlags say when a window opens, as people say it.
type recurrenceFlags struct {
	patchTuesday, nth, monthday, once, rrule, start, from string
	weekly                                                []string
	every, plusDays                                       int
}

var recurrenceNames = []string{"patch-tuesday", "nth", "weekly", "monthday", "once", "rrule"}

func (f *recurrenceFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.patchTuesday, "patch-tuesday", "", "so many `DAYS` after the second Tuesday of each month: +0 to +27")
	s.StringVar(&f.nth, "nth", "", "a weekday of each month: \"second Tuesday\", \"last Friday\"")
	s.StringSliceVar(&f.weekly, "weekly", nil, "weekdays of each week: Tue,Thu")
	s.IntVar(&f.every, "every", 1, "with --weekly: every so many weeks, counted from --from (each day: --rrule FREQ=DAILY)")
	s.StringVar(&f.from, "from", "", "`DATE` before which it does not open")
	s.StringVar(&f.monthday, "monthday", "", "a `DAY` of each month: 1 to 31, or last")
	s.StringVar(&f.once, "once", "", "on this `DATE` only")
	s.StringVar(&f.rrule, "rrule", "", "any `RULE` of RFC 5545, without DTSTART: \"FREQ=MONTHLY;BYDAY=1SU\"")
	s.IntVar(&f.plusDays, "plus-days", 0, "with --nth or --rrule: so many days after the rule's date")
	s.StringVar(&f.start, "start", "", "when it opens by the clock, such as `22:00`")
}

// edit changes r as the given flags say.
func (f *recurrenceFlags) edit(cmd *cobra.Command, r *data.Recurrence) error {
	given := cmd.Flags().Changed
	if given("start") {
		clock, err := parseClock("--start", f.start)
		if err != nil {
			return err
		}
		r.Start = clock
	}
	var chosen []string
	for _, n := range recurrenceNames {
		if given(n) {
			chosen = append(chosen, "--"+n)
		}
	}
	switch {
	case len(chosen) > 1:
		return usagef("%s exclude each other", strings.Join(chosen, " and "))
	case len(chosen) == 1:
		next, err := f.rule(chosen[0], r.Start)
		if err != nil {
			return err
		}
		*r = next
	case r.Rule == "" && r.First == (data.Date{}):
		return usagef("say when it opens: --patch-tuesday, --nth, --weekly, --monthday, --once or --rrule")
	}
	if given("plus-days") {
		if given("patch-tuesday") {
			return usagef("--patch-tuesday +3 says the days itself: leave --plus-days out")
		}
		r.PlusDays = f.plusDays
	}
	if given("from") && !given("weekly") && !given("once") {
		first, err := parseDate("--from", f.from)
		if err != nil {
			return err
		}
		r.First = first
	}
	return nil
}

func (f *recurrenceFlags) rule(flag string, start data.Clock) (data.Recurrence, error) {
	switch flag {
	case "--patch-tuesday":
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(f.patchTuesday), "+"))
		if err != nil || n < 0 || n > 27 {
			return data.Recurrence{}, usagef("--patch-tuesday %q is not a number of days from +0 to +27", f.patchTuesday)
		}
		return app.PatchTuesday(n, start), nil
	case "--nth":
		n, day, err := parseNth(f.nth)
		return app.NthWeekday(n, day, start), err
	case "--weekly":
		return f.weeklyRule(start)
	case "--monthday":
		n, err := strconv.Atoi(f.monthday)
		if strings.EqualFold(f.monthday, "last") {
			n, err = -1, nil
		}
		if err != nil || n == 0 || n < -1 || n > 31 {
			return data.Recurrence{}, usagef("--monthday %q is not a day from 1 to 31, or last", f.monthday)
		}
		return app.MonthDay(n, start), nil
	case "--once":
		d, err := parseDate("--once", f.once)
		return app.Once(d, start), err
	}
	return data.Recurrence{Rule: strings.TrimPrefix(strings.TrimSpace(f.rrule), "RRULE:"), Start: start}, nil
}

func (f *recurrenceFlags) weeklyRule(start data.Clock) (data.Recurrence, error) {
	var days []time.Weekday
	for _, w := range f.weekly {
		d, err := parseWeekday("--weekly", w)
		if err != nil {
			return data.Recurrence{}, err
		}
		days = append(days, d)
	}
	if f.every < 1 {
		return data.Recurrence{}, usagef("--every %d is not one or more weeks", f.every)
	}
	var first data.Date
	if f.from != "" {
		var err error
		if first, err = parseDate("--from", f.from); err != nil {
			return data.Recurrence{}, err
		}
	} else if f.every > 1 {
		return data.Recurrence{}, usagef("--every %d needs --from: from which week is it counted?", f.every)
	}
	return app.Weekly(f.every, first, days, start), nil
}

var ordinals = map[string]int{
	"first": 1, "1st": 1, "1": 1, "second": 2, "2nd": 2, "2": 2, "third": 3, "3rd": 3, "3": 3,
	"fourth": 4, "4th": 4, "4": 4, "fifth": 5, "5th": 5, "5": 5, "last": -1,
}

// parseNth reads "second Tuesday".
func parseNth(s string) (int, time.Weekday, error) {
	words := strings.Fields(strings.ToLower(s))
	if len(words) != 2 || ordinals[words[0]] == 0 {
		return 0, 0, usagef("--nth %q is not a weekday of the month: write \"second Tuesday\" or \"last Friday\"", s)
	}
	day, err := parseWeekday("--nth", words[1])
	return ordinals[words[0]], day, err
}

// parseWeekday reads "Tuesday", "tue" or "TU".
func parseWeekday(flag, s string) (time.Weekday, error) {
	word := strings.ToLower(strings.TrimSpace(s))
	for d := time.Sunday; d <= time.Saturday; d++ {
		if len(word) >= 2 && strings.HasPrefix(strings.ToLower(d.String()), word) {
			return d, nil
		}
	}
	return 0, usagef("%s: %q is not a day of the week", flag, s)
}

func parseClock(flag, s string) (data.Clock, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return data.Clock{}, usagef("%s %q is not a time of day: write 22:00", flag, s)
	}
	return data.Clock{Hour: t.Hour(), Minute: t.Minute()}, nil
}

func parseDate(flag, s string) (data.Date, error) {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		return data.Date{}, usagef("%s %q is not a date: write 2026-12-24", flag, s)
	}
	return data.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}, nil
}

func dateText(d data.Date) string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}
