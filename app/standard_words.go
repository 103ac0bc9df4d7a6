package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
)

// ConditionText says in a clause which updates a rule is for: "security
// updates rated critical on internet hosts". groups may be nil where no rule names
// one.
func ConditionText(c data.Condition, groups []data.Group) string {
	what := "updates"
	if len(c.Classes) > 0 {
		var classes []string
		for _, x := range c.Classes {
			if x == data.ClassUnknown {
				classes = append(classes, "unclassed")
			} else {
				classes = append(classes, string(x))
			}
		}
		what = and(classes) + " updates"
	}
	hosts := hostsText(c, groups)
	switch {
	case c.MinSeverity == data.SeverityUnknown && len(c.Classes) == 0:
		return "all updates" + hosts
	case c.MinSeverity == data.SeverityUnknown:
		return what + hosts
	case c.MinSeverity == data.Critical:
		what += " rated critical"
	default:
		what += fmt.Sprintf(" rated %s or worse", c.MinSeverity)
	}
	if c.UnknownToo {
		what += " or not rated"
	}
	return what + hosts
}

// hostsText says on which hosts: " on internet and internal Debian hosts of group web".
func hostsText(c data.Condition, groups []data.Group) string {
	if len(c.Exposures) == 0 && len(c.Technologies) == 0 && len(c.Groups) == 0 {
		return ""
	}
	text := " on "
	var exposures []string
	for _, e := range c.Exposures {
		exposures = append(exposures, string(e))
	}
	if len(exposures) > 0 {
		text += and(exposures) + " "
	}
	if len(c.Technologies) > 0 {
		text += and(c.Technologies) + " "
	}
	text += "hosts"
	if len(c.Groups) > 0 {
		var names []string
		for _, id := range c.Groups {
			name := fmt.Sprintf("group %d", id)
			for _, g := range groups {
				if g.ID == id {
					name = g.Name
				}
			}
			names = append(names, name)
		}
		text += " of " + and(names)
	}
	return text
}

// StandardChanges says in sentences what b asks other than a, the most
// important first; empty when nothing but names and notes differs. groups
// gives names to those that rules name.
func StandardChanges(a, b data.Standard, groups []data.Group) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	out = append(out, ruleChanges(a, b, groups)...)
	if a.Target != b.Target {
		add("The promised share of compliant hosts is %s, before %s.", percent(b.Target), percent(a.Target))
	}
	within := func(d, standIn time.Duration, none string) string {
		if d == 0 {
			d = standIn
		}
		if d == 0 {
			return none
		}
		return DurationText(d)
	}
	for _, x := range []struct {
		what    string
		a, b    time.Duration
		standIn time.Duration
		none    string
	}{
		{"A scan proves something for", a.ScanMaxAge, b.ScanMaxAge, data.DefaultScanMaxAge, ""},
		{"A pending reboot must happen within", a.RebootWithin, b.RebootWithin, 0, "no promised time"},
		{"An update is due soon before its deadline by", a.DueSoon, b.DueSoon, data.DefaultDueSoon, ""},
	} {
		if was, is := within(x.a, x.standIn, x.none), within(x.b, x.standIn, x.none); was != is {
			add("%s %s, before %s.", x.what, is, was)
		}
	}
	for _, x := range []struct{ what, a, b string }{{"name", a.Name, b.Name}, {"owner", a.Owner, b.Owner}, {"approver", a.Approver, b.Approver}} {
		if x.a != x.b {
			add("The %s is %s, before %s.", x.what, quoted(x.b), quoted(x.a))
		}
	}
	return out
}

func quoted(s string) string {
	if s == "" {
		return "not named"
	}
	return fmt.Sprintf("%q", s)
}

// ruleChanges compares rules by their clause, else by what they say.
func ruleChanges(a, b data.Standard, groups []data.Group) []string {
	var out []string
	taken := map[int]bool{}
	kept := make([]int, len(b.Rules)) // index in a, -1: new
	for i, r := range b.Rules {
		kept[i] = -1
		for k, old := range a.Rules {
			if !taken[k] && sameClause(r, old, groups) {
				kept[i], taken[k] = k, true
				break
			}
		}
	}
	for i, r := range b.Rules {
		if kept[i] < 0 {
			out = append(out, fmt.Sprintf("New, as rule %d: %s.", i+1, ruleText(r, groups)))
			continue
		}
		old := a.Rules[kept[i]]
		if was, is := ConditionText(old.When, groups), ConditionText(r.When, groups); was != is {
			out = append(out, fmt.Sprintf("%s is for %s, before for %s.", sentenceStart(clauseText(b, i)), is, was))
		}
		if was, is := SpanText(old.Due), SpanText(r.Due); was != is {
			out = append(out, fmt.Sprintf("%s gives %s, before %s.", sentenceStart(clauseText(b, i)), is, was))
		}
	}
	for k, old := range a.Rules {
		if !taken[k] {
			out = append(out, fmt.Sprintf("Gone: %s.", ruleText(old, groups)))
		}
	}
	if moved := slices.DeleteFunc(slices.Clone(kept), func(k int) bool { return k < 0 }); !slices.IsSorted(moved) {
		out = append(out, "The rules are read in another order.")
	}
	return out
}

func sameClause(a, b data.Rule, groups []data.Group) bool {
	if a.Clause != "" || b.Clause != "" {
		return a.Clause == b.Clause
	}
	return ConditionText(a.When, groups) == ConditionText(b.When, groups)
}

func ruleText(r data.Rule, groups []data.Group) string {
	text := fmt.Sprintf("%s for %s", SpanText(r.Due), ConditionText(r.When, groups))
	if r.Clause != "" {
		text += " (clause " + r.Clause + ")"
	}
	return text
}

func sentenceStart(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// ParseSpan reads a span as SpanText writes it, or shorter: "48 hours", "14 d",
// "1 month and 3 days", "at once", "no deadline".
func ParseSpan(text string) (data.Span, error) {
	words := strings.Fields(strings.ToLower(strings.NewReplacer(",", " ", "(", " ", ")", " ").Replace(text)))
	switch strings.Join(words, " ") {
	case "":
		return data.Span{}, fmt.Errorf("no time is given, such as 14 days, 48 hours, 1 month, at once or no deadline")
	case "no deadline", "none":
		return data.Span{None: true}, nil
	case "at once", "no time at once":
		return data.Span{}, nil
	}
	var s data.Span
	number, have := 0, false
	for _, w := range words {
		digits := len(w) - len(strings.TrimLeft(w, "0123456789"))
		if digits > 0 {
			n, err := strconv.Atoi(w[:digits])
			if err != nil || have {
				return data.Span{}, fmt.Errorf("%q is not a time such as 14 days or 48 hours", text)
			}
			number, have = n, true
			w = w[digits:]
		}
		switch {
		case w == "" || w == "and" && !have:
			continue
		case !have:
			return data.Span{}, fmt.Errorf("%q is not a time such as 14 days or 48 hours", text)
		}
		switch w {
		case "h", "hour", "hours":
			s.Hours += number
		case "d", "day", "days":
			s.Days += number
		case "w", "week", "weeks":
			s.Days += 7 * number
		case "m", "month", "months":
			s.Months += number
		default:
			return data.Span{}, fmt.Errorf("%q is not hours, days, weeks or months", w)
		}
		have = false
	}
	if have {
		return data.Span{}, fmt.Errorf("%d of what: hours, days, weeks or months?", number)
	}
	return s, checkSpan(s)
}
