package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"secondtuesday/data"
)

// PatchTuesday opens a window plus days after the second Tuesday of each
// month; with 19 and more it may fall into the month after.
func PatchTuesday(plus int, start data.Clock) data.Recurrence {
	return data.Recurrence{Rule: "FREQ=MONTHLY;BYDAY=2TU", PlusDays: plus, Start: start}
}

// NthWeekday opens a window on the nth such weekday of each month, 1 to 5; -1
// is the last.
func NthWeekday(n int, day time.Weekday, start data.Clock) data.Recurrence {
	return data.Recurrence{Rule: fmt.Sprintf("FREQ=MONTHLY;BYDAY=%d%s", n, weekdayCode(day)), Start: start}
}

// Weekly opens a window on the days of every nth week, counted from the week
// (from Monday) of first.
func Weekly(every int, first data.Date, days []time.Weekday, start data.Clock) data.Recurrence {
	codes := make([]string, 0, len(days))
	for _, d := range days {
		codes = append(codes, weekdayCode(d))
	}
	rule := "FREQ=WEEKLY"
	if every > 1 {
		rule += fmt.Sprintf(";INTERVAL=%d", every)
	}
	if len(codes) > 0 {
		rule += ";BYDAY=" + strings.Join(codes, ",")
	}
	return data.Recurrence{Rule: rule, First: first, Start: start}
}

// MonthDay opens a window on a day of each month, 1 to 31; -1 is the last. A
// month without the day has no window.
func MonthDay(day int, start data.Clock) data.Recurrence {
	return data.Recurrence{Rule: fmt.Sprintf("FREQ=MONTHLY;BYMONTHDAY=%d", day), Start: start}
}

// Once opens a window on one date only.
func Once(on data.Date, start data.Clock) data.Recurrence {
	return data.Recurrence{First: on, Start: start}
}

func weekdayCode(d time.Weekday) string {
	return strings.ToUpper(d.String()[:2])
}

// Sentence says in one sentence when w opens, what it permits and forbids, on
// which hosts, and who agreed. A window that was not agreed permits nothing.
func Sentence(w data.Window, groups []data.Group) string {
	err := CheckWindow(w)
	loc, zoneErr := windowZone(w.TimeZone)
	if err = cmp.Or(err, zoneErr); err != nil {
		return "This window never opens: " + err.Error() + "."
	}
	zone := w.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	when := fmt.Sprintf("%s at %02d:%02d (%s) for %s", DescribeRecurrence(w.Recurs), w.Recurs.Start.Hour, w.Recurs.Start.Minute, zone, DurationText(w.Duration))
	if !w.Until.IsZero() {
		when += ", for the last time before " + w.Until.In(loc).Format(time.DateOnly)
	}
	may := permitsText(w.Permits) + " " + groupsText(w.Groups, groups)
	if w.Agreed.At.IsZero() {
		return sentence("permits nothing, because its owner has not agreed; once agreed, " + when + ", " + may)
	}
	return sentence(when + ", " + may + "; agreed by " + w.Agreed.By + " on " + day(w.Agreed.At))
}

func permitsText(p data.Permits) string {
	switch {
	case p.Install && p.Reboot:
		return "updates may be installed and hosts rebooted"
	case p.Install:
		return "updates may be installed but hosts must not be rebooted"
	case p.Reboot:
		return "hosts may be rebooted but no updates installed"
	}
	return "nothing may be installed and nothing rebooted"
}

func groupsText(ids []data.GroupID, groups []data.Group) string {
	var names []string
	for _, id := range ids {
		name := fmt.Sprintf("%d (which no longer exists)", id)
		if i := slices.IndexFunc(groups, func(g data.Group) bool { return g.ID == id }); i >= 0 {
			name = groups[i].Name
		}
		names = append(names, name)
	}
	switch len(names) {
	case 0:
		return "on no host, as no group is chosen"
	case 1:
		return "on hosts of group " + names[0]
	}
	return "on hosts of groups " + and(names)
}

// and joins words: "a, b and c".
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// DescribeRecurrence says on which days a window opens, in words where it has
// words for the rule and as the bare rule where not.
func DescribeRecurrence(r data.Recurrence) string {
	opt, err := parseRecurrence(r)
	if err != nil {
		return "never (" + err.Error() + ")"
	}
	plus := ""
	if r.PlusDays > 0 {
		plus = " plus " + counted(r.PlusDays, "day")
	}
	if opt == nil {
		return "once on " + midnight(r.First).AddDate(0, 0, r.PlusDays).Format("2006-01-02")
	}
	words := ruleWords(r, opt)
	if words == "" {
		words = "by the rule " + r.Rule
	}
	return words + plus + fromWords(r, opt)
}

// fromWords names the first date where it is to come from it that one week and
// not another is meant, or that the window has not begun.
func fromWords(r data.Recurrence, opt *rrule.ROption) string {
	if (r.First == data.Date{}) {
		return ""
	}
	on := midnight(r.First).Format("2006-01-02")
	if opt.Interval > 1 || opt.Count > 0 {
		return ", counted from " + on
	}
	return ", from " + on + " on"
}

func ruleWords(r data.Recurrence, opt *rrule.ROption) string {
	if opt.Count > 0 || !opt.Until.IsZero() || len(opt.Byyearday)+len(opt.Byweekno)+len(opt.Byeaster)+len(opt.Bysetpos) > 0 {
		return ""
	}
	months := ""
	for i, m := range opt.Bymonth {
		months += map[bool]string{true: " in ", false: ", "}[i == 0] + time.Month(m).String()
	}
	switch {
	case opt.Freq == rrule.DAILY && len(opt.Byweekday)+len(opt.Bymonthday) == 0:
		return every(opt.Interval, "day") + months
	case opt.Freq == rrule.WEEKLY && len(opt.Bymonthday) == 0:
		if opt.Interval > 1 {
			return every(opt.Interval, "week") + " on " + weekdayNames(opt.Byweekday) + months
		}
		return "every " + weekdayNames(opt.Byweekday) + months
	case opt.Freq == rrule.MONTHLY:
		return monthWords(opt, months)
	}
	return ""
}

// monthWords handles one Nth weekday or one day of the month.
func monthWords(opt *rrule.ROption, months string) string {
	of := " of each month"
	if opt.Interval > 1 {
		of = " of every " + ordinal(opt.Interval) + " month"
	}
	if months != "" {
		of = " of the month" + months
	}
	switch {
	case len(opt.Byweekday) == 1 && len(opt.Bymonthday) == 0:
		n := opt.Byweekday[0].N()
		if n == 0 || n > 5 || n < -1 {
			return ""
		}
		return "on the " + ordinal(n) + " " + weekdayNames(opt.Byweekday) + of
	case len(opt.Bymonthday) == 1 && len(opt.Byweekday) == 0:
		n := opt.Bymonthday[0]
		if n == -1 {
			return "on the last day" + of
		}
		if n > 0 {
			return fmt.Sprintf("on day %d%s", n, of)
		}
	}
	return ""
}

func every(n int, unit string) string {
	if n > 1 {
		return "every " + counted(n, unit)
	}
	return "every " + unit
}

func ordinal(n int) string {
	switch n {
	case -1:
		return "last"
	case 1, 2, 3, 4, 5:
		return []string{"first", "second", "third", "fourth", "fifth"}[n-1]
	}
	return fmt.Sprintf("%dth", n)
}

func weekdayNames(days []rrule.Weekday) string {
	var names []string
	for _, d := range days {
		names = append(names, time.Weekday((d.Day()+1)%7).String())
	}
	return and(names)
}
