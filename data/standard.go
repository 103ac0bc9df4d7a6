package data

import "time"

// A Standard is one version of the shop's patch management standard: the
// promise by when an update is in. Versions are kept; a past moment is judged
// by the version then in force.
type Standard struct {
	ID        StandardID
	Version   int // 1, 2, …
	Name      string
	Owner     string
	Approver  string
	Template  string // ID of the shipped template it came from; empty: none
	Source    string // the document or directive the rules were taken from
	ValidFrom time.Time
	Created   time.Time
	CreatedBy string
	Note      string // what changed in this version, and why

	Rules        []Rule        // read top-down; the first that fits sets the deadline
	ScanMaxAge   time.Duration // an older scan proves nothing; 0 means DefaultScanMaxAge
	RebootWithin time.Duration // a pending reboot must happen within; 0: no promise
	DueSoon      time.Duration // from so long before a deadline an update is due soon; 0 means DefaultDueSoon
	Target       float64       // promised share of compliant hosts, 0 to 1
}

// What a standard means where it says nothing.
const (
	DefaultScanMaxAge = 7 * 24 * time.Hour
	DefaultDueSoon    = 3 * 24 * time.Hour
)

// A Rule gives a deadline to the updates it fits.
type Rule struct {
	Clause string    // the standard's own number, such as "4.2" or "ISM-1877"
	When   Condition // every field must fit
	Due    Span
}

// A Condition fits an update on a host when each of its fields does; an empty
// field fits all.
type Condition struct {
	Classes      []Class
	MinSeverity  Severity // an update of unknown severity fits no MinSeverity; see UnknownToo
	UnknownToo   bool     // MinSeverity is met by an unknown severity as well
	Exposures    []Exposure
	Technologies []string // compared without regard to case
	Groups       []GroupID
}

// A Span is the time a rule allows. Days and months are calendar days and
// months in UTC. None means the rule sets no deadline ("with the next system
// upgrade"). The zero Span means at once.
type Span struct {
	Hours, Days, Months int
	None                bool
}

// From returns the deadline of a clock that started at t; zero when s is None.
func (s Span) From(t time.Time) time.Time {
	if s.None {
		return time.Time{}
	}
	return addMonths(t.UTC(), s.Months).AddDate(0, 0, s.Days).Add(time.Duration(s.Hours) * time.Hour)
}

// addMonths adds calendar months and stays within the month meant: 31 January
// and one month is the last day of February, not the third of March.
func addMonths(t time.Time, n int) time.Time {
	r := t.AddDate(0, n, 0)
	if r.Day() != t.Day() {
		r = r.AddDate(0, 0, -r.Day())
	}
	return r
}

// Compliance is a standard's judgement.
type Compliance string

// The judgements. Silence proves nothing: what is not known is Unknown, never Compliant.
const (
	Unknown   Compliance = "unknown"
	Compliant Compliance = "compliant"
	DueSoon   Compliance = "due soon"
	Overdue   Compliance = "overdue"
	Excepted  Compliance = "excepted"
)

// Compliances in the order screens show them, worst first.
var Compliances = []Compliance{Overdue, Unknown, DueSoon, Excepted, Compliant}

// A Verdict is the judgement of one update on one host, with its reasons.
type Verdict struct {
	Host       HostID
	Update     Update
	Compliance Compliance
	Since      time.Time   // when the clock started
	Due        time.Time   // zero: the standard sets no deadline
	Clause     string      // of the rule that set Due; empty: no rule fits
	Version    int         // of the standard
	Because    string      // one sentence for people: rule, facts, age of the data
	Exception  ExceptionID // what excuses it
}

// A HostVerdict is the judgement of one host: the worst of its updates, or
// Unknown when its newest scan proves nothing.
type HostVerdict struct {
	Host       HostID
	Compliance Compliance
	Because    string
	Missing    int                // updates missing
	Counts     map[Compliance]int // of the missing updates
	NextDue    time.Time          // earliest deadline not yet passed, or the oldest passed one; zero: none
	ScanAt     time.Time          // zero: never scanned
	ValidUntil time.Time          // the judgement changes by itself then: a deadline passes, a scan grows old
	Version    int                // of the standard
	RebootFrom time.Time          // the scan that first saw the pending reboot; zero: none is pending
}

// RebootDebt returns how long a reboot has been pending at now; 0: none is.
// Pending at all is never no debt.
func (v HostVerdict) RebootDebt(now time.Time) time.Duration {
	if v.RebootFrom.IsZero() {
		return 0
	}
	return max(now.Sub(v.RebootFrom), time.Second)
}

// An Exception is a recorded decision to leave an update out of a host until a
// date. Host 0 means every host; empty Update means every update.
type Exception struct {
	ID          ExceptionID
	Host        HostID
	Update      string // Update.Key without version
	Reason      string
	RequestedBy string // the business owner; never empty
	Mitigation  string
	WaitsFor    string
	Approvals   []Approval
	Expires     time.Time // never zero
	Created     time.Time
	Withdrawn   time.Time // zero: stands
}

// An Approval is somebody's yes.
type Approval struct {
	Role string // "management", "security", "operations", "window owner", "plan"
	By   string
	At   time.Time
	Note string
}

// Covers reports whether e excuses the update on the host at t.
func (e Exception) Covers(h HostID, key string, t time.Time) bool {
	return (e.Host == 0 || e.Host == h) && (e.Update == "" || e.Update == key) &&
		t.Before(e.Expires) && !t.Before(e.Created) && (e.Withdrawn.IsZero() || t.Before(e.Withdrawn))
}
