package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// futureSlack is how far a scan may lie ahead of the desk's clock before it is
// held to be wrong. Clocks set by NTP differ by far less.
const futureSlack = 5 * time.Minute

// A Subject is all that is known of one host when it is judged.
type Subject struct {
	Host        data.Host
	Scan        data.Scan        // the newest good one; only its head is read. Zero At: never scanned
	Missing     []data.Missing   // what that scan found missing
	Exceptions  []data.Exception // those that may concern the host; others are passed over
	RebootSince time.Time        // first scan that saw the reboot pending; zero: Scan.At
}

// A Measure is a standard made ready to judge many hosts.
//
// What it decides, beyond the standard's own words:
//   - A scan that is missing, old, dated in the future or not trusted makes the
//     host and all its updates unknown.
//   - Where the host's own lists are old or their age is not known, what is
//     listed as missing is judged, but the host is never better than unknown.
//   - An update that no rule fits is unknown.
//   - Held, phased and kept-back updates are judged like all others: a hold is
//     not an exception.
//   - A class the source does not state is judged like security; a host whose
//     exposure nobody stated is judged like one on the internet.
//   - An operating system past its end of life is overdue since that day: no
//     vendor publishes what is missing there, so silence proves nothing. Only an
//     exception for the whole host excuses it.
//   - A reboot pending for longer than the standard allows is overdue: what was
//     installed does not run yet. Where it is not known whether a reboot is
//     pending and the standard promises one, the host is unknown.
type Measure struct {
	std    data.Standard
	maxAge time.Duration
	soon   time.Duration
	techs  [][]string // each rule's technologies, folded
}

// NewMeasure prepares a standard for judging.
func NewMeasure(std data.Standard) *Measure {
	m := &Measure{std: std, maxAge: std.ScanMaxAge, soon: std.DueSoon, techs: make([][]string, len(std.Rules))}
	if m.maxAge == 0 {
		m.maxAge = data.DefaultScanMaxAge
	}
	if m.soon == 0 {
		m.soon = data.DefaultDueSoon
	}
	for i, r := range std.Rules {
		for _, t := range r.When.Technologies {
			m.techs[i] = append(m.techs[i], strings.ToLower(strings.TrimSpace(t)))
		}
	}
	return m
}

// Host judges one host and writes no sentence for its updates.
func (m *Measure) Host(s Subject, now time.Time) data.HostVerdict {
	t := m.newTurn(s, now)
	for i := range s.Missing {
		t.count(&s.Missing[i].Update, t.update(&s.Missing[i]))
	}
	return t.host()
}

// All judges one host and gives each missing update its verdict with reasons,
// in the order of s.Missing.
func (m *Measure) All(s Subject, now time.Time) ([]data.Verdict, data.HostVerdict) {
	t := m.newTurn(s, now)
	vs := make([]data.Verdict, len(s.Missing))
	for i := range s.Missing {
		r := t.update(&s.Missing[i])
		t.count(&s.Missing[i].Update, r)
		vs[i] = t.verdict(&s.Missing[i], r)
		vs[i].Because = sentence(t.because(&s.Missing[i], r))
	}
	return vs, t.host()
}

// Each visits the verdict of each missing update, in the order of s.Missing,
// with Because left empty: for sums over many hosts.
func (m *Measure) Each(s Subject, now time.Time, visit func(data.Verdict)) {
	t := m.newTurn(s, now)
	for i := range s.Missing {
		visit(t.verdict(&s.Missing[i], t.update(&s.Missing[i])))
	}
}

// A turn is the judging of one host.
type turn struct {
	*Measure
	s    Subject
	now  time.Time
	tech string

	blind string    // why the scan proves nothing; empty: it does
	dim   string    // why the scan cannot prove that nothing else is missing
	until time.Time // the next moment at which anything changes by itself
	rules [classCount * severityCount]int16

	counts  [complianceCount]int
	waiting int          // of the updates: installed, and waiting for a reboot
	first   ruling       // of the update with the earliest deadline among the worst
	firstOf *data.Update // that update
	nextDue time.Time
}

// A ruling is the judgement of one update, before it is put into words.
type ruling struct {
	compliance data.Compliance
	rule       int // index in the standard's rules; noRule: none fits
	start, due time.Time
	exception  data.ExceptionID
	expires    time.Time
}

const (
	noRule          = -1
	ruleNotLookedUp = -2
	classCount      = 7
	severityCount   = 5
	complianceCount = 5
)

func (m *Measure) newTurn(s Subject, now time.Time) *turn {
	t := &turn{Measure: m, s: s, now: now, tech: strings.ToLower(s.Host.Technology)}
	for i := range t.rules {
		t.rules[i] = ruleNotLookedUp
	}
	t.blind = t.seeScan()
	if t.blind == "" {
		t.dim = t.seeLists()
	}
	return t
}

// seeScan says why the scan proves nothing, or nothing at all when it does.
func (t *turn) seeScan() string {
	at := t.s.Scan.At
	switch {
	case t.std.Version == 0 && len(t.std.Rules) == 0:
		return "no standard is in force"
	case at.IsZero():
		return "never scanned"
	case at.After(t.now.Add(futureSlack)):
		t.changes(at.Add(-futureSlack))
		return fmt.Sprintf("the scan is dated in the future (%s): the desk's clock was or is wrong", Moment(at))
	case !t.now.Before(at.Add(t.maxAge)):
		return fmt.Sprintf("the scan of %s is older than the %s the standard allows", Moment(at), DurationText(t.maxAge))
	}
	t.changes(at.Add(t.maxAge))
	for _, p := range t.s.Scan.Problems {
		if p.Untrusted {
			return fmt.Sprintf("the scan of %s cannot be trusted: %s", Moment(at), problemText(p))
		}
	}
	return ""
}

// seeLists says why the host's own lists of what its sources offer prove
// nothing about updates that are not in them.
func (t *turn) seeLists() string {
	sc := t.s.Scan
	if sc.MetadataAt.IsZero() && sc.Platform == data.WindowsUpdate {
		return "it is not known when " + sourceOf(sc) + " answered last"
	}
	if sc.MetadataAt.IsZero() {
		return "it is not known how old the host's package lists are"
	}
	// Both times are the host's, so its clock may be wrong without harm.
	hostNow := sc.HostNow
	if hostNow.IsZero() {
		hostNow = sc.At
	}
	switch ahead := sc.MetadataAt.After(hostNow.Add(futureSlack)); {
	case ahead && sc.Platform == data.WindowsUpdate:
		return fmt.Sprintf("by the host's clock %s answered in the future (%s): that clock was or is wrong", sourceOf(sc), Moment(sc.MetadataAt))
	case ahead:
		return fmt.Sprintf("the host's package lists are dated in the future (%s): its clock was or is wrong", Moment(sc.MetadataAt))
	}
	age := max(hostNow.Sub(sc.MetadataAt), 0)
	fetched := sc.At.Add(-age)
	switch late := !t.now.Before(fetched.Add(t.maxAge)); {
	case late && sc.Platform == data.WindowsUpdate:
		return fmt.Sprintf("%s answered last on %s, longer ago than the %s the standard allows", sourceOf(sc), Moment(fetched), DurationText(t.maxAge))
	case late:
		return fmt.Sprintf("the host's package lists of %s are older than the %s the standard allows", Moment(fetched), DurationText(t.maxAge))
	}
	t.changes(fetched.Add(t.maxAge))
	return ""
}

// sourceOf names where a Windows host gets its updates.
func sourceOf(s data.Scan) string {
	if s.Source == "" {
		return "the host's update source"
	}
	return "the host's update source (" + s.Source + ")"
}

// changes notes a moment at which the judgement changes by itself.
func (t *turn) changes(at time.Time) {
	if at.After(t.now) && (t.until.IsZero() || at.Before(t.until)) {
		t.until = at
	}
}

// update rules on one missing update.
func (t *turn) update(m *data.Missing) ruling {
	r := ruling{compliance: data.Unknown, rule: t.ruleFor(&m.Update), start: clockStart(m)}
	if r.rule >= 0 {
		r.due = t.std.Rules[r.rule].Due.From(r.start)
	}
	if t.blind != "" {
		return r
	}
	if e, ok := t.excused(&m.Update); ok {
		r.compliance, r.exception, r.expires = data.Excepted, e.ID, e.Expires
		return r
	}
	switch {
	case r.rule == noRule, m.Since.IsZero(), m.Since.After(t.now.Add(futureSlack)):
		return r
	case r.due.IsZero():
		r.compliance = data.Compliant
	default:
		r.compliance = t.byDeadline(r.due)
	}
	return r
}

// byDeadline judges something that must be done by due.
func (t *turn) byDeadline(due time.Time) data.Compliance {
	soon := due.Add(-t.soon)
	t.changes(soon)
	t.changes(due)
	switch {
	case !t.now.Before(due):
		return data.Overdue
	case !t.now.Before(soon):
		return data.DueSoon
	}
	return data.Compliant
}

// clockStart is the moment from which a deadline counts: when the update was
// first offered in its present class and severity, or when the vendor released
// it, if that is known and earlier. A release from before the update was rated
// anew does not count, as the rating is what the deadline hangs on.
func clockStart(m *data.Missing) time.Time {
	rel := m.Update.Released
	if rel.Year() < 1995 || !rel.Before(m.Since) {
		return m.Since
	}
	if m.Since.Equal(m.FirstSeen) || rel.After(m.FirstSeen) {
		return rel
	}
	return m.Since
}

// excused finds the exception that covers the update and lasts longest.
func (t *turn) excused(u *data.Update) (data.Exception, bool) {
	var found data.Exception
	var key string
	for i := range t.s.Exceptions {
		e := &t.s.Exceptions[i]
		if e.Host != 0 && e.Host != t.s.Host.ID {
			continue
		}
		if e.Update != "" {
			if u == nil {
				continue
			}
			if key == "" {
				key = u.Key()
			}
			if e.Update != key {
				continue
			}
		}
		t.changes(e.Created)
		t.changes(e.Expires)
		t.changes(e.Withdrawn)
		if e.Covers(t.s.Host.ID, e.Update, t.now) && (found.ID == 0 || e.Expires.After(found.Expires)) {
			found = *e
		}
	}
	return found, found.ID != 0
}

// ruleFor finds the first rule that fits, by class and severity: all else is
// the same for every update of the host.
func (t *turn) ruleFor(u *data.Update) int {
	i := classIndex(u.Class)*severityCount + u.Severity.Rank()
	if t.rules[i] == ruleNotLookedUp {
		t.rules[i] = noRule
		for n := range t.std.Rules {
			if t.fits(n, u.Class, u.Severity) {
				t.rules[i] = int16(n)
				break
			}
		}
	}
	return int(t.rules[i])
}

func (t *turn) fits(n int, c data.Class, s data.Severity) bool {
	return fitsCondition(&t.std.Rules[n].When, t.techs[n], facts{c, s, t.s.Host.Exposure, t.tech, t.s.Host.Group})
}

// Facts are what a rule asks about.
type facts struct {
	class    data.Class
	severity data.Severity
	exposure data.Exposure
	tech     string // folded
	group    data.GroupID
}

// fitsCondition reports whether every field of w fits; techs is w.Technologies folded.
func fitsCondition(w *data.Condition, techs []string, f facts) bool {
	class, exposure := f.class, f.exposure
	if class == data.ClassUnknown {
		class = data.Security
	}
	if exposure == data.ExposureUnset {
		exposure = data.Internet
	}
	severe := w.MinSeverity == data.SeverityUnknown || f.severity.Rank() >= w.MinSeverity.Rank()
	if f.severity == data.SeverityUnknown {
		severe = w.MinSeverity == data.SeverityUnknown || w.UnknownToo
	}
	return severe &&
		(len(w.Classes) == 0 || slices.Contains(w.Classes, class) || slices.Contains(w.Classes, f.class)) &&
		(len(w.Exposures) == 0 || slices.Contains(w.Exposures, exposure)) &&
		(len(techs) == 0 || slices.Contains(techs, f.tech)) &&
		(len(w.Groups) == 0 || slices.Contains(w.Groups, f.group))
}

func classIndex(c data.Class) int {
	if i := slices.Index(data.Classes, c); i >= 0 {
		return i
	}
	return classCount - 1 // a class of a newer program is judged as unknown
}

// worse orders judgements as data.Compliances does: 0 is the worst.
func worse(c data.Compliance) int {
	switch c {
	case data.Overdue:
		return 0
	case data.DueSoon:
		return 2
	case data.Excepted:
		return 3
	case data.Compliant:
		return 4
	}
	return 1
}

// count adds a ruling to the host's sums.
func (t *turn) count(u *data.Update, r ruling) {
	t.counts[worse(r.compliance)]++
	if u.Hold == data.WaitsForReboot {
		t.waiting++
	}
	if t.firstOf == nil || worse(r.compliance) < worse(t.first.compliance) ||
		(r.compliance == t.first.compliance && earlier(r.due, t.first.due)) {
		t.first, t.firstOf = r, u
	}
	if r.compliance != data.Excepted && earlier(r.due, t.nextDue) {
		t.nextDue = r.due
	}
}

// earlier reports whether a is a time, and before b or b is none.
func earlier(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}
