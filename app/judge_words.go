package app

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
)

// A side is something about a whole host that stands beside its updates: the
// end of its operating system's life, a pending reboot, lists that are too old.
type side struct {
	compliance data.Compliance
	because    string
	due        time.Time
}

// host sums up.
func (t *turn) host() data.HostVerdict {
	h := data.HostVerdict{
		Host: t.s.Host.ID, Compliance: data.Compliant, Missing: len(t.s.Missing) - t.waiting, ScanAt: t.s.Scan.At,
		Version: t.std.Version, Counts: make(map[data.Compliance]int, 2),
	}
	for i, c := range data.Compliances {
		if t.counts[i] > 0 {
			h.Counts[c] = t.counts[i]
		}
	}
	if t.blind != "" {
		h.Compliance, h.Because, h.ValidUntil = data.Unknown, sentence(t.blind), t.until
		return h
	}
	if t.firstOf != nil {
		h.Compliance = t.first.compliance
	}
	parts := []side{{h.Compliance, t.updatesText(), time.Time{}}}
	for _, s := range t.sides(&h) {
		if worse(s.compliance) < worse(h.Compliance) {
			h.Compliance = s.compliance
		}
		parts = append(parts, s)
		if s.compliance != data.Excepted && earlier(s.due, t.nextDue) {
			t.nextDue = s.due
		}
	}
	h.NextDue, h.ValidUntil = t.nextDue, t.until
	slices.SortStableFunc(parts, func(a, b side) int { return worse(a.compliance) - worse(b.compliance) }) // first what makes the verdict
	var words []string
	for _, p := range parts {
		words = append(words, p.because)
	}
	words = append(words, "scan of "+Moment(t.s.Scan.At))
	h.Because = sentence(strings.Join(words, "; "))
	return h
}

// doubt says why what is known of a host cannot prove what it lacks; "" where it
// can, and without a standard, when nothing is judged.
func (m *Measure) doubt(s Subject, now time.Time) string {
	if m.std.Version == 0 && len(m.std.Rules) == 0 {
		return ""
	}
	t := m.newTurn(s, now)
	return cmp.Or(t.blind, t.dim)
}

// sides judges what is not an update.
func (t *turn) sides(h *data.HostVerdict) []side {
	var ss []side
	if t.dim != "" {
		ss = append(ss, side{data.Unknown, t.dim, time.Time{}})
	}
	if s, ok := t.endOfLife(); ok {
		ss = append(ss, s)
	}
	if s, ok := t.reboot(h); ok {
		ss = append(ss, s)
	}
	return ss
}

// endOfLife judges the operating system itself.
func (t *turn) endOfLife() (side, bool) {
	os := t.s.Scan.OS
	end := os.EndOfLife
	if !end.IsZero() && t.now.Before(end) {
		t.changes(end)
		return side{}, false
	}
	text := ""
	if !end.IsZero() {
		text = fmt.Sprintf("security support of %s ended on %s, so nobody says what is missing", osName(os), end.UTC().Format(time.DateOnly))
	}
	for _, p := range t.s.Scan.Problems {
		if p.Kind == data.EndOfLifeOS && text == "" {
			text = fmt.Sprintf("%s is past its end of life (%s), so nobody says what is missing", osName(os), p.Detail)
		}
	}
	if text == "" {
		return side{}, false
	}
	if e, ok := t.excused(nil); ok {
		return side{data.Excepted, fmt.Sprintf("%s; excepted until %s", text, day(e.Expires)), end}, true
	}
	return side{data.Overdue, text, end}, true
}

func osName(os data.OS) string {
	if os.Name != "" {
		return os.Name
	}
	return strings.TrimSpace("the operating system " + os.ID + " " + os.Version)
}

// reboot judges a pending reboot and its debt.
func (t *turn) reboot(h *data.HostVerdict) (side, bool) {
	sc := t.s.Scan
	if !sc.RebootKnown && len(sc.Reboot) == 0 {
		if t.std.RebootWithin <= 0 {
			return side{}, false
		}
		return side{data.Unknown, "it is not known whether a reboot is pending", time.Time{}}, true
	}
	if len(sc.Reboot) == 0 {
		return side{}, false
	}
	since := t.s.RebootSince
	if since.IsZero() || since.After(sc.At) {
		since = sc.At
	}
	h.RebootFrom = since
	text := fmt.Sprintf("a reboot has been pending since %s (%s)", Moment(since), reasonsText(sc.Reboot))
	if t.std.RebootWithin <= 0 {
		return side{data.Compliant, text + ", for which the standard sets no deadline", time.Time{}}, true
	}
	due := since.Add(t.std.RebootWithin)
	text += fmt.Sprintf(" and the standard wants it within %s, by %s", DurationText(t.std.RebootWithin), Moment(due))
	if e, ok := t.excused(nil); ok {
		return side{data.Excepted, fmt.Sprintf("%s; excepted until %s", text, day(e.Expires)), due}, true
	}
	return side{t.byDeadline(due), text, due}, true
}

func reasonsText(rs []data.RebootReason) string {
	s := rs[0].Source
	if rs[0].Detail != "" {
		s += ": " + rs[0].Detail
	}
	if len(rs) > 1 {
		s += fmt.Sprintf(" and %d more", len(rs)-1)
	}
	return s
}

// updatesText says in a clause how the missing updates stand.
func (t *turn) updatesText() string {
	if len(t.s.Missing) == 0 {
		return "no update is missing"
	}
	name := t.firstOf.Name
	by := ""
	if t.first.rule >= 0 {
		by = clauseText(t.std, t.first.rule)
	}
	k := t.counts[worse(t.first.compliance)]
	switch t.first.compliance {
	case data.Overdue:
		return fmt.Sprintf("%s overdue, longest %s, since %s by %s", t.of(k), name, Moment(t.first.due), by)
	case data.DueSoon:
		return fmt.Sprintf("%s due soon, first %s on %s by %s", t.of(k), name, Moment(t.first.due), by)
	case data.Excepted:
		return fmt.Sprintf("%s excepted, %s until %s", t.of(k), name, day(t.first.expires))
	case data.Compliant:
		if t.first.due.IsZero() {
			return fmt.Sprintf("%s without a deadline", t.of(k))
		}
		return fmt.Sprintf("%s in time, first %s on %s by %s", t.of(k), name, Moment(t.first.due), by)
	}
	return fmt.Sprintf("%s unknown, such as %s: no rule of the standard fits or the clock's start is not known", t.of(k), name)
}

// of writes "2 of 5 missing updates are" for what follows. What is installed and
// waits for a reboot is not called missing.
func (t *turn) of(k int) string {
	n := len(t.s.Missing)
	one, more := "missing update", "missing updates"
	switch t.waiting {
	case 0:
	case n:
		one, more = "update that waits for a reboot", "updates that wait for a reboot"
	default:
		more = "updates missing or waiting for a reboot"
	}
	switch {
	case n == 1:
		return "1 " + one + " is"
	case k == 1:
		return fmt.Sprintf("%d of %d %s is", k, n, more)
	}
	return fmt.Sprintf("%d of %d %s are", k, n, more)
}

// verdict makes a verdict of a ruling; its sentence is left to because.
func (t *turn) verdict(m *data.Missing, r ruling) data.Verdict {
	v := data.Verdict{
		Host: t.s.Host.ID, Update: m.Update, Compliance: r.compliance, Since: r.start, Due: r.due,
		Version: t.std.Version, Exception: r.exception,
	}
	if r.rule >= 0 {
		v.Clause = t.std.Rules[r.rule].Clause
	}
	return v
}

func (t *turn) because(m *data.Missing, r ruling) string {
	by := t.ruleText(m, r)
	hold := ""
	switch m.Update.Hold {
	case data.NotHeld:
	case data.WaitsForReboot:
		hold = "; it is installed and waits for a reboot, so it is not in force"
	default:
		hold = fmt.Sprintf("; it is %s, which excuses nothing", m.Update.Hold)
	}
	age := "; scan of " + Moment(t.s.Scan.At)
	switch {
	case t.blind != "":
		return "unknown, because " + t.blind + "; by what was last seen, " + by + hold
	case r.compliance == data.Excepted:
		return fmt.Sprintf("excepted until %s by exception %d; without it, %s%s%s", day(r.expires), r.exception, by, hold, age)
	}
	return by + hold + age
}

// ruleText names clause, facts, clock and deadline.
func (t *turn) ruleText(m *data.Missing, r ruling) string {
	if r.rule == noRule {
		return fmt.Sprintf("no rule of the standard (version %d) fits %s", t.std.Version, factsText(m.Update, t.s.Host))
	}
	rule := t.std.Rules[r.rule]
	by := clauseText(t.std, r.rule)
	if rule.Due.None {
		return fmt.Sprintf("%s sets no deadline for %s", by, factsText(m.Update, t.s.Host))
	}
	if m.Since.IsZero() || m.Since.After(t.now.Add(futureSlack)) {
		return fmt.Sprintf("%s gives %s for %s, but when the clock started is not known", by, SpanText(rule.Due), factsText(m.Update, t.s.Host))
	}
	began := "first seen"
	switch {
	case r.start.Equal(m.Update.Released):
		began = "released"
	case !m.Since.Equal(m.FirstSeen):
		began = "rated so"
	}
	return fmt.Sprintf("%s gives %s for %s, %s %s, so it is due %s",
		by, SpanText(rule.Due), factsText(m.Update, t.s.Host), began, Moment(r.start), Moment(r.due))
}

func clauseText(std data.Standard, rule int) string {
	if c := std.Rules[rule].Clause; c != "" {
		return "clause " + c
	}
	return "rule " + strconv.Itoa(rule+1)
}

// factsText names what a rule looked at: "a critical security update on an internet host".
func factsText(u data.Update, h data.Host) string {
	severity := string(u.Severity)
	if u.Severity == data.SeverityUnknown {
		severity = "unrated"
	}
	class := string(u.Class) + " update"
	if u.Class == data.ClassUnknown {
		class = "update of unknown class (taken as security)"
	}
	tech := ""
	if h.Technology != "" {
		tech = h.Technology + " "
	}
	where := article(string(h.Exposure) + " " + tech + "host")
	if h.Exposure == data.ExposureUnset {
		where = "a " + tech + "host of unknown exposure (taken as internet)"
	}
	return article(severity+" "+class) + " on " + where
}

func article(s string) string {
	if strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

func problemText(p data.Problem) string {
	if p.Detail == "" {
		return string(p.Kind)
	}
	line, _, _ := strings.Cut(p.Detail, "\n")
	return string(p.Kind) + ", " + strings.TrimSpace(line)
}

// SpanText writes a rule's span for people: "48 hours", "1 month", "at once".
func SpanText(s data.Span) string {
	if s.None {
		return "no deadline"
	}
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{s.Months, "month"}, {s.Days, "day"}, {s.Hours, "hour"}} {
		if p.n != 0 {
			parts = append(parts, counted(p.n, p.word))
		}
	}
	if len(parts) == 0 {
		return "no time (at once)"
	}
	return strings.Join(parts, " and ")
}

// DurationText writes a duration in the largest unit that leaves no remainder, for
// people: "7 days", "36 hours".
func DurationText(d time.Duration) string {
	for _, u := range []struct {
		d    time.Duration
		word string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.d && d%u.d == 0 && (u.word != "day" || d >= 48*time.Hour) {
			return counted(int(d/u.d), u.word)
		}
	}
	return d.Round(time.Second).String()
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return thousands(n) + " " + word + "s"
}

// thousands writes n with its thousands set apart: "3,707".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Moment writes a moment for people, in the zone of this computer and with its
// name: "2026-11-22 14:05 CET". Sentences with it are stored: the name keeps
// their meaning for a reader in another zone.
func Moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04 MST") }

// day writes the day of a moment in the zone of this computer.
func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

// sentence makes a sentence of a clause.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
