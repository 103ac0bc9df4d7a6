package calendar

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// The kinds of recurrence a person chooses from.
const (
	kindPatch  = "Days after Patch Tuesday"
	kindNth    = "Nth weekday of the month"
	kindWeekly = "Every week"
	kindNWeeks = "Every few weeks"
	kindDay    = "Day of the month"
	kindOnce   = "Once"
	kindOwn    = "Own rule (RRULE)"
)

var kinds = []string{kindPatch, kindNth, kindWeekly, kindNWeeks, kindDay, kindOnce, kindOwn}

var (
	nths = []string{"first", "second", "third", "fourth", "fifth", "last"}
	days = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
)

// FREQ=MONTHLY;BYDAY=2TU
var nthRule = regexp.MustCompile(`^FREQ=MONTHLY;BYDAY=(-1|[1-5])(MO|TU|WE|TH|FR|SA|SU)$`)

// FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH
var weeklyRule = regexp.MustCompile(`^FREQ=WEEKLY(?:;INTERVAL=(\d{1,3}))?(?:;BYDAY=((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*))?$`)

// FREQ=MONTHLY;BYMONTHDAY=-1
var dayRule = regexp.MustCompile(`^FREQ=MONTHLY;BYMONTHDAY=(-1|[1-9]|[12]\d|3[01])$`)

// kindOf tells how a person would have said a recurrence.
func kindOf(r data.Recurrence) string {
	switch {
	case r.Rule == "":
		return kindOnce
	case r.Rule == "FREQ=MONTHLY;BYDAY=2TU":
		return kindPatch
	case nthRule.MatchString(r.Rule) && r.PlusDays == 0:
		return kindNth
	case dayRule.MatchString(r.Rule) && r.PlusDays == 0:
		return kindDay
	}
	if m := weeklyRule.FindStringSubmatch(r.Rule); m != nil && r.PlusDays == 0 {
		if m[1] != "" && m[1] != "1" {
			return kindNWeeks
		}
		if m[2] != "" {
			return kindWeekly
		}
	}
	return kindOwn
}

// A recurEditor asks when a window opens, in the words of the kind chosen.
type recurEditor struct {
	kind    *kit.Select
	box     *fyne.Container
	changed func()
	today   data.Date

	plus  *kit.Entry // days after Patch Tuesday, or after an own rule's date
	nth   *kit.Select
	on    *kit.Select
	days  []*kit.Check
	weeks *kit.Entry
	first *kit.Entry
	day   *kit.Entry
	rule  *kit.Entry
}

func newRecurEditor(r data.Recurrence, today data.Date, changed func()) *recurEditor {
	e := &recurEditor{box: kit.VBox(6), changed: func() {}}
	say := func(string) { e.changed() }
	e.kind = kit.NewSelect(kinds, kindOf(r), "", func(string) { e.arrange(); e.changed() })
	e.plus, e.weeks, e.first, e.day, e.rule = kit.NewEntry("3"), kit.NewEntry("2"), kit.NewEntry("2026-08-11"), kit.NewEntry("15, or last"), kit.NewEntry("FREQ=MONTHLY;BYDAY=2TU")
	for _, x := range []*kit.Entry{e.plus, e.weeks, e.first, e.day, e.rule} {
		x.OnChanged = say
	}
	var names []string
	for _, d := range days {
		names = append(names, d.String())
		e.days = append(e.days, kit.NewCheck(d.String()[:3], false, func(bool) { e.changed() }))
	}
	e.nth = kit.NewSelect(nths, "second", "", say)
	e.on = kit.NewSelect(names, "Tuesday", "", say)
	e.read(r, today)
	e.arrange()
	e.changed = changed
	return e
}

// read fills the fields from a recurrence.
func (e *recurEditor) read(r data.Recurrence, today data.Date) {
	e.plus.SetText(strconv.Itoa(r.PlusDays))
	e.weeks.SetText("2")
	e.day.SetText("1")
	e.rule.SetText(r.Rule)
	e.today = today
	if (r.First != data.Date{}) {
		e.first.SetText(isoDate(r.First))
	}
	if m := nthRule.FindStringSubmatch(r.Rule); m != nil {
		n, _ := strconv.Atoi(m[1])
		if n == -1 {
			e.nth.Choose("last")
		} else {
			e.nth.Choose(nths[n-1])
		}
		e.on.Choose(weekdayOf(m[2]).String())
	}
	if m := weeklyRule.FindStringSubmatch(r.Rule); m != nil {
		if m[1] != "" {
			e.weeks.SetText(m[1])
		}
		for _, code := range strings.Split(m[2], ",") {
			if i := slices.Index(days, weekdayOf(code)); i >= 0 && code != "" {
				e.days[i].SetChecked(true)
			}
		}
	} else {
		e.days[(midnight(today).Weekday()+6)%7].SetChecked(true)
	}
	if m := dayRule.FindStringSubmatch(r.Rule); m != nil {
		e.day.SetText(strings.Replace(m[1], "-1", "last", 1))
	}
}

func weekdayOf(code string) time.Weekday {
	for _, d := range days {
		if strings.ToUpper(d.String()[:2]) == code {
			return d
		}
	}
	return time.Sunday
}

// arrange shows the fields of the kind chosen.
func (e *recurEditor) arrange() {
	checks := kit.HBox(4)
	for _, c := range e.days {
		checks.Add(c)
	}
	words := func(s string) fyne.CanvasObject { return kit.NewMuted(s) }
	if k := e.kind.Chosen(); e.first.Trimmed() == "" && (k == kindNWeeks || k == kindOnce) {
		e.first.SetText(isoDate(e.today))
	}
	from := kit.HBox(8, words("not before"), boxed(110, e.first), words("(may be empty)"))
	fixed := func(w float32, o fyne.CanvasObject) fyne.CanvasObject { return boxed(w, o) }
	switch e.kind.Chosen() {
	case kindPatch:
		e.box.Objects = []fyne.CanvasObject{kit.HBox(8, fixed(60, e.plus), words("days after the second Tuesday,"), from)}
	case kindNth:
		e.box.Objects = []fyne.CanvasObject{kit.HBox(8, e.nth, e.on, from)}
	case kindWeekly:
		e.box.Objects = []fyne.CanvasObject{checks, from}
	case kindNWeeks:
		e.box.Objects = []fyne.CanvasObject{kit.HBox(8, words("every"), fixed(60, e.weeks), words("weeks, counted from the week of"), fixed(120, e.first)), checks}
	case kindDay:
		e.box.Objects = []fyne.CanvasObject{kit.HBox(8, words("on day"), fixed(110, e.day), from)}
	case kindOnce:
		e.box.Objects = []fyne.CanvasObject{kit.HBox(8, words("on"), fixed(120, e.first))}
	case kindOwn:
		e.box.Objects = []fyne.CanvasObject{e.rule, kit.HBox(8, words("plus"), fixed(60, e.plus), words("days, counted from"), fixed(120, e.first), words("(may be empty)"))}
	}
	e.box.Refresh()
}

// recurrence returns what was said; the error is a sentence.
func (e *recurEditor) recurrence(start data.Clock) (data.Recurrence, error) {
	none := data.Recurrence{Start: start}
	switch e.kind.Chosen() {
	case kindPatch:
		n, err := number(e.plus.Trimmed(), 0, 27, "days after Patch Tuesday")
		if err != nil {
			return none, err
		}
		return e.notBefore(app.PatchTuesday(n, start))
	case kindNth:
		n := slices.Index(nths, e.nth.Chosen()) + 1
		if n == 6 {
			n = -1
		}
		i := slices.IndexFunc(days, func(d time.Weekday) bool { return d.String() == e.on.Chosen() })
		return e.notBefore(app.NthWeekday(n, days[i], start))
	case kindDay:
		if e.day.Trimmed() == "last" {
			return e.notBefore(app.MonthDay(-1, start))
		}
		n, err := number(e.day.Trimmed(), 1, 31, "the day of the month, or last")
		if err != nil {
			return none, err
		}
		return e.notBefore(app.MonthDay(n, start))
	case kindOnce:
		d, err := parseDate(e.first.Trimmed())
		return app.Once(d, start), err
	case kindOwn:
		return e.own(start)
	}
	var on []time.Weekday
	for i, c := range e.days {
		if c.Checked {
			on = append(on, days[i])
		}
	}
	if len(on) == 0 {
		return none, errors.New("Choose at least one day of the week.")
	}
	if e.kind.Chosen() == kindWeekly {
		return e.notBefore(app.Weekly(1, data.Date{}, on, start))
	}
	n, err := number(e.weeks.Trimmed(), 2, 52, "the number of weeks")
	if err != nil {
		return none, err
	}
	d, err := parseDate(e.first.Trimmed())
	return app.Weekly(n, d, on, start), err
}

// notBefore puts the date before which a window does not open, where there is one.
func (e *recurEditor) notBefore(r data.Recurrence) (data.Recurrence, error) {
	t := e.first.Trimmed()
	if t == "" {
		return r, nil
	}
	var err error
	r.First, err = parseDate(t)
	return r, err
}

func (e *recurEditor) own(start data.Clock) (data.Recurrence, error) {
	r := data.Recurrence{Rule: strings.TrimPrefix(e.rule.Trimmed(), "RRULE:"), Start: start}
	if r.Rule == "" {
		return r, errors.New("Write a rule, such as FREQ=MONTHLY;BYDAY=2TU.")
	}
	var err error
	if t := e.plus.Trimmed(); t != "" {
		if r.PlusDays, err = number(t, 0, 27, "the days after"); err != nil {
			return r, err
		}
	}
	if t := e.first.Trimmed(); t != "" {
		r.First, err = parseDate(t)
	}
	return r, err
}

func isoDate(d data.Date) string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

func parseDate(s string) (data.Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return data.Date{}, errors.New("Write the date as 2026-08-11.")
	}
	return civil(t), nil
}

func number(s string, low, high int, what string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("Write %s as a number from %d to %d.", what, low, high)
	}
	return n, nil
}

// parseClock reads "22:00", "22" or "6:30".
func parseClock(s string) (data.Clock, error) {
	for _, layout := range []string{"15:04", "15.04", "15"} {
		if t, err := time.Parse(layout, s); err == nil {
			return data.Clock{Hour: t.Hour(), Minute: t.Minute()}, nil
		}
	}
	return data.Clock{}, errors.New("Write the time of day as 22:00.")
}

// parseSpan reads "4 h", "90 min", "1 h 30 min", "2 days" or Go's own "1h30m".
func parseSpan(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(strings.ReplaceAll(s, " ", "")); err == nil {
		return d, nil
	}
	s = strings.ToLower(s)
	if strings.TrimSpace(spanPart.ReplaceAllString(s, "")) != "" {
		return 0, errSpan
	}
	var total time.Duration
	for _, w := range spanPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.Atoi(w[1])
		if err != nil || n > 100_000 {
			return 0, errSpan
		}
		total += time.Duration(n) * map[byte]time.Duration{'d': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute}[w[2][0]]
	}
	if total == 0 {
		return 0, errSpan
	}
	return total, nil
}

// 1 h 30 min
var spanPart = regexp.MustCompile(`(\d+)\s*(days?|d|hours?|h|minutes?|min|m)\b`)

var errSpan = errors.New("Write the length as 4 h, 90 min or 2 days.")

// spanText writes a length so that parseSpan reads it.
func spanText(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case d > 0 && d%(24*time.Hour) == 0 && d >= 48*time.Hour:
		return fmt.Sprintf("%d days", h/24)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	case h == 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}
