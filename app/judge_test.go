package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

var judgeNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const judgeDay = 24 * time.Hour

func judgeStandard() data.Standard {
	return data.Standard{
		Version: 3, Name: "Shop",
		Rules: []data.Rule{
			{Clause: "4.1", When: data.Condition{Classes: []data.Class{data.Security}, MinSeverity: data.Critical, Exposures: []data.Exposure{data.Internet}}, Due: data.Span{Hours: 48}},
			{Clause: "4.2", When: data.Condition{Classes: []data.Class{data.Security}, MinSeverity: data.High, UnknownToo: true}, Due: data.Span{Days: 14}},
			{Clause: "4.3", When: data.Condition{Classes: []data.Class{data.Security}}, Due: data.Span{Days: 30}},
			{Clause: "4.4", When: data.Condition{Classes: []data.Class{data.BugFix}}, Due: data.Span{None: true}},
		},
		ScanMaxAge: 7 * judgeDay, RebootWithin: 7 * judgeDay, DueSoon: 3 * judgeDay,
	}
}

// judgeSubject is a scanned Debian host on the internet that misses one update
// first seen so long ago.
func judgeSubject(c data.Class, s data.Severity, ago time.Duration) Subject {
	at := judgeNow.Add(-time.Hour)
	seen := judgeNow.Add(-ago)
	return Subject{
		Host: data.Host{ID: 7, Name: "web1", Exposure: data.Internet, Technology: "Debian", Group: 2},
		Scan: data.Scan{ID: 1, Host: 7, At: at, HostNow: at, MetadataAt: at.Add(-time.Hour), RebootKnown: true},
		Missing: []data.Missing{{Host: 7, FirstSeen: seen, Since: seen, LastSeen: at,
			Update: data.Update{Name: "openssl", Arch: "amd64", Class: c, Severity: s}}},
	}
}

func judgeOne(t *testing.T, s Subject) (data.Verdict, data.HostVerdict) {
	t.Helper()
	vs, h := NewMeasure(judgeStandard()).All(s, judgeNow)
	if len(vs) != len(s.Missing) {
		t.Fatalf("%d verdicts for %d updates", len(vs), len(s.Missing))
	}
	if len(vs) == 0 {
		return data.Verdict{}, h
	}
	return vs[0], h
}

func wantCompliance(t *testing.T, h data.HostVerdict, want data.Compliance, says string) {
	t.Helper()
	if h.Compliance != want || !strings.Contains(strings.ToLower(h.Because), strings.ToLower(says)) {
		t.Errorf("host is %q because %q; want %q and a reason with %q", h.Compliance, h.Because, want, says)
	}
}

func TestRulesAreReadTopDown(t *testing.T) {
	for _, c := range []struct {
		class    data.Class
		severity data.Severity
		ago      time.Duration
		want     data.Compliance
		clause   string
	}{
		{data.Security, data.Critical, 49 * time.Hour, data.Overdue, "4.1"},
		{data.Security, data.Critical, 48 * time.Hour, data.Overdue, "4.1"},
		{data.Security, data.Critical, 47 * time.Hour, data.DueSoon, "4.1"},
		{data.Security, data.High, 10 * judgeDay, data.Compliant, "4.2"},
		{data.Security, data.High, 11 * judgeDay, data.DueSoon, "4.2"},
		{data.Security, data.SeverityUnknown, 15 * judgeDay, data.Overdue, "4.2"},
		{data.ClassUnknown, data.SeverityUnknown, 15 * judgeDay, data.Overdue, "4.2"},
		{data.Security, data.Low, 15 * judgeDay, data.Compliant, "4.3"},
		{data.BugFix, data.SeverityUnknown, 900 * judgeDay, data.Compliant, "4.4"},
		{data.Feature, data.Critical, judgeDay, data.Unknown, ""},
	} {
		v, h := judgeOne(t, judgeSubject(c.class, c.severity, c.ago))
		if v.Compliance != c.want || v.Clause != c.clause || h.Compliance != c.want {
			t.Errorf("%q %q after %s: got %s by %q (host %s), want %s by %q; %s", c.class, c.severity, c.ago, v.Compliance, v.Clause, h.Compliance, c.want, c.clause, v.Because)
		}
	}
}

func TestVerdictNamesClauseFactsAndAge(t *testing.T) {
	v, h := judgeOne(t, judgeSubject(data.Security, data.Critical, 72*time.Hour))
	want := "Clause 4.1 gives 48 hours for a critical security update on an internet Debian host, first seen 2026-11-17 12:00 UTC, so it is due 2026-11-19 12:00 UTC; scan of 2026-11-20 11:00 UTC."
	if v.Because != want {
		t.Errorf("verdict says\n%s\nwant\n%s", v.Because, want)
	}
	if want := "1 missing update is overdue, longest openssl, since 2026-11-19 12:00 UTC by clause 4.1; scan of 2026-11-20 11:00 UTC."; h.Because != want {
		t.Errorf("host says\n%s\nwant\n%s", h.Because, want)
	}
	if v.Version != 3 || h.Version != 3 {
		t.Errorf("versions %d and %d, want 3", v.Version, h.Version)
	}
}

func TestWhatProvesNothingIsUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Subject)
		says  string
	}{
		"never scanned": {func(s *Subject) { s.Scan = data.Scan{} }, "Never scanned"},
		"stale":         {func(s *Subject) { s.Scan.At = judgeNow.Add(-7 * judgeDay) }, "older than the 7 days"},
		"future":        {func(s *Subject) { s.Scan.At = judgeNow.Add(time.Hour) }, "future"},
		"untrusted": {func(s *Subject) {
			s.Scan.Problems = []data.Problem{{Kind: data.SourceUnreachable, Detail: "deb.example: timed out\nmore", Untrusted: true}}
		}, "source unreachable, deb.example: timed out"},
		"lists stale":      {func(s *Subject) { s.Scan.MetadataAt = judgeNow.Add(-8 * judgeDay) }, "package lists of"},
		"lists to come":    {func(s *Subject) { s.Scan.MetadataAt = judgeNow.Add(time.Hour) }, "dated in the future"},
		"lists age hidden": {func(s *Subject) { s.Scan.MetadataAt = time.Time{} }, "not known how old"},
		"source silent": {func(s *Subject) {
			s.Scan.Platform, s.Scan.MetadataAt, s.Scan.Source = data.WindowsUpdate, judgeNow.Add(-8*judgeDay), "WSUS http://wsus.shop.example:8530"
		}, "the host's update source (WSUS http://wsus.shop.example:8530) answered last on"},
		"source to come": {func(s *Subject) {
			s.Scan.Platform, s.Scan.MetadataAt = data.WindowsUpdate, judgeNow.Add(time.Hour)
		}, "by the host's clock the host's update source answered in the future"},
		"source never heard of": {func(s *Subject) { s.Scan.Platform, s.Scan.MetadataAt = data.WindowsUpdate, time.Time{} }, "update source answered last"},
		"reboot hidden":         {func(s *Subject) { s.Scan.RebootKnown = false }, "whether a reboot is pending"},
	} {
		for _, empty := range []bool{true, false} {
			s := judgeSubject(data.Security, data.Low, judgeDay)
			if empty {
				s.Missing = nil
			}
			c.spoil(&s)
			v, h := judgeOne(t, s)
			wantCompliance(t, h, data.Unknown, c.says)
			blind := name == "never scanned" || name == "stale" || name == "future" || name == "untrusted"
			if want := map[bool]data.Compliance{true: data.Unknown, false: data.Compliant}[blind]; !empty && v.Compliance != want {
				t.Errorf("%s: the update is %s, want %s", name, v.Compliance, want)
			}
		}
	}
}

func TestOldListsDoNotHideWhatIsOverdue(t *testing.T) {
	s := judgeSubject(data.Security, data.Critical, 9*judgeDay)
	s.Scan.MetadataAt = judgeNow.Add(-8 * judgeDay)
	_, h := judgeOne(t, s)
	wantCompliance(t, h, data.Overdue, "package lists of")
}

func TestListsAreAgedByTheHostsOwnClock(t *testing.T) {
	s := judgeSubject(data.Security, data.Low, judgeDay)
	s.Scan.HostNow = judgeNow.Add(-400 * judgeDay) // the clock of the host is wrong, its lists are an hour old
	s.Scan.MetadataAt = s.Scan.HostNow.Add(-time.Hour)
	_, h := judgeOne(t, s)
	wantCompliance(t, h, data.Compliant, "in time")
}

func TestHoldsExcuseNothing(t *testing.T) {
	for _, hold := range []data.Hold{data.Held, data.Phased, data.KeptBack} {
		s := judgeSubject(data.Security, data.Critical, 9*judgeDay)
		s.Missing[0].Update.Hold = hold
		v, _ := judgeOne(t, s)
		if v.Compliance != data.Overdue || !strings.Contains(v.Because, string(hold)) {
			t.Errorf("%s: %s, %s", hold, v.Compliance, v.Because)
		}
	}
}

func TestClockStartsAtReleaseUnlessRatedAnew(t *testing.T) {
	seen := judgeNow.Add(-5 * judgeDay)
	for name, c := range map[string]struct{ released, first, since, want time.Time }{
		"release not known":        {time.Time{}, seen, seen, seen},
		"released before seen":     {seen.Add(-judgeDay), seen, seen, seen.Add(-judgeDay)},
		"released after seen":      {seen.Add(judgeDay), seen, seen, seen},
		"nonsense release":         {time.Unix(0, 0), seen, seen, seen},
		"rated anew, same version": {seen.Add(-judgeDay), seen, seen.Add(judgeDay), seen.Add(judgeDay)},
		"new version, new rating":  {seen.Add(judgeDay), seen, seen.Add(2 * judgeDay), seen.Add(judgeDay)},
	} {
		got := clockStart(&data.Missing{FirstSeen: c.first, Since: c.since, Update: data.Update{Released: c.released}})
		if !got.Equal(c.want) {
			t.Errorf("%s: clock starts %s, want %s", name, got, c.want)
		}
	}
}

func TestExceptionExcusesUntilItExpires(t *testing.T) {
	s := judgeSubject(data.Security, data.Critical, 9*judgeDay)
	e := data.Exception{ID: 5, Host: 7, Update: "openssl:amd64", Created: judgeNow.Add(-judgeDay), Expires: judgeNow.Add(judgeDay)}
	s.Exceptions = []data.Exception{e}
	v, h := judgeOne(t, s)
	if v.Compliance != data.Excepted || v.Exception != 5 || h.Compliance != data.Excepted || h.Counts[data.Excepted] != 1 {
		t.Errorf("got %+v, %+v", v, h)
	}
	if !h.ValidUntil.Equal(e.Expires) {
		t.Errorf("valid until %s, want the expiry %s", h.ValidUntil, e.Expires)
	}
	for name, spoil := range map[string]func(*data.Exception){
		"expired":      func(e *data.Exception) { e.Expires = judgeNow },
		"withdrawn":    func(e *data.Exception) { e.Withdrawn = judgeNow },
		"another host": func(e *data.Exception) { e.Host = 8 },
		"another one":  func(e *data.Exception) { e.Update = "bash:amd64" },
		"later":        func(e *data.Exception) { e.Created = judgeNow.Add(time.Hour) },
	} {
		x := e
		spoil(&x)
		s.Exceptions = []data.Exception{x}
		if v, _ := judgeOne(t, s); v.Compliance != data.Overdue {
			t.Errorf("%s exception: %s", name, v.Compliance)
		}
	}
}

func TestEndOfLifeIsOverdueWithoutException(t *testing.T) {
	s := judgeSubject(data.Security, data.Low, judgeDay)
	s.Missing = nil
	s.Scan.OS = data.OS{Name: "Debian GNU/Linux 10 (buster)", EndOfLife: judgeNow.Add(-judgeDay)}
	_, h := judgeOne(t, s)
	wantCompliance(t, h, data.Overdue, "security support of Debian GNU/Linux 10 (buster) ended on 2026-11-19")
	s.Exceptions = []data.Exception{{ID: 1, Host: 7, Update: "bash:amd64", Expires: judgeNow.Add(judgeDay)}}
	_, h = judgeOne(t, s)
	wantCompliance(t, h, data.Overdue, "ended")
	s.Exceptions[0].Update = ""
	_, h = judgeOne(t, s)
	wantCompliance(t, h, data.Excepted, "excepted until 2026-11-21")
	s.Exceptions, s.Scan.OS.EndOfLife = nil, judgeNow.Add(time.Hour)
	_, h = judgeOne(t, s)
	wantCompliance(t, h, data.Compliant, "update is missing")
	if !h.ValidUntil.Equal(judgeNow.Add(time.Hour)) {
		t.Errorf("valid until %s, want the end of life", h.ValidUntil)
	}
	s.Scan.OS = data.OS{ID: "nonesuch"}
	s.Scan.Problems = []data.Problem{{Kind: data.EndOfLifeOS, Detail: "no sources any more"}}
	_, h = judgeOne(t, s)
	wantCompliance(t, h, data.Overdue, "operating system nonesuch is past its end of life")
}

func TestPendingRebootBecomesOverdue(t *testing.T) {
	s := judgeSubject(data.Security, data.Low, judgeDay)
	s.Missing = nil
	s.Scan.Reboot = []data.RebootReason{{Source: "kernel", Detail: "6.1.0-18 is installed, 6.1.0-17 runs"}}
	for _, c := range []struct {
		ago  time.Duration
		want data.Compliance
	}{{judgeDay, data.Compliant}, {4 * judgeDay, data.DueSoon}, {7 * judgeDay, data.Overdue}} {
		s.RebootSince = judgeNow.Add(-c.ago)
		_, h := judgeOne(t, s)
		wantCompliance(t, h, c.want, "kernel: 6.1.0-18 is installed")
		if h.RebootDebt(judgeNow) != c.ago {
			t.Errorf("debt %s, want %s", h.RebootDebt(judgeNow), c.ago)
		}
	}
	std := judgeStandard()
	std.RebootWithin = 0
	if _, h := NewMeasure(std).All(s, judgeNow); h.Compliance != data.Compliant || h.RebootFrom.IsZero() {
		t.Errorf("without a promise: %+v", h)
	}
}

// TestVerdictHoldsUntilItSays walks from moment to moment: between now and
// ValidUntil nothing may change, and at ValidUntil the walk must get on.
func TestVerdictHoldsUntilItSays(t *testing.T) {
	s := judgeSubject(data.Security, data.Critical, time.Hour)
	more := judgeSubject(data.Security, data.High, 10*judgeDay)
	s.Missing = append(s.Missing, more.Missing...)
	s.Scan.Reboot = []data.RebootReason{{Source: "kernel"}}
	s.Exceptions = []data.Exception{{ID: 1, Update: "openssl:amd64", Created: judgeNow.Add(judgeDay), Expires: judgeNow.Add(30 * time.Hour)}}
	m := NewMeasure(judgeStandard())
	state := func(now time.Time) string {
		vs, h := m.All(s, now)
		out := string(h.Compliance)
		for _, v := range vs {
			out += " " + string(v.Compliance)
		}
		return out
	}
	now, steps := judgeNow, 0
	for ; steps < 30; steps++ {
		h := m.Host(s, now)
		if h.ValidUntil.IsZero() {
			break
		}
		if !h.ValidUntil.After(now) {
			t.Fatalf("at %s the verdict is valid until %s", now, h.ValidUntil)
		}
		if a, b := state(now), state(h.ValidUntil.Add(-time.Second)); a != b {
			t.Errorf("verdict of %s said to hold until %s changes before: %s, then %s", now, h.ValidUntil, a, b)
		}
		now = h.ValidUntil
	}
	if steps < 5 || steps == 30 {
		t.Errorf("%d steps until nothing changes any more", steps)
	}
	if got := state(now); got != "unknown unknown unknown" {
		t.Errorf("in the end %s", got)
	}
}

func TestHostAloneIsJudgedLikeWithItsUpdates(t *testing.T) {
	s := judgeSubject(data.Security, data.Critical, time.Hour)
	_, want := NewMeasure(judgeStandard()).All(s, judgeNow)
	if diff := cmp.Diff(want, NewMeasure(judgeStandard()).Host(s, judgeNow)); diff != "" {
		t.Error(diff)
	}
}

func TestUnsetExposureIsTakenAsInternet(t *testing.T) {
	s := judgeSubject(data.Security, data.Critical, 72*time.Hour)
	s.Host.Exposure = data.ExposureUnset
	if v, _ := judgeOne(t, s); v.Clause != "4.1" || !strings.Contains(v.Because, "unknown exposure (taken as internet)") {
		t.Errorf("%s by %s", v.Because, v.Clause)
	}
}

// BenchmarkJudge10000Hosts judges hosts with 100 missing updates each; the
// promise is less than a second for 10,000.
func BenchmarkJudge10000Hosts(b *testing.B) {
	s := judgeSubject(data.Security, data.High, 10*judgeDay)
	one := s.Missing[0]
	s.Missing = nil
	for i := range 100 {
		one.Update.Name = fmt.Sprintf("package-%d", i)
		one.Update.Severity = data.Severities[i%5]
		one.Since = judgeNow.Add(-time.Duration(i) * time.Hour)
		one.FirstSeen = one.Since
		s.Missing = append(s.Missing, one)
	}
	s.Exceptions = []data.Exception{{ID: 1, Update: "package-7:amd64", Expires: judgeNow.Add(judgeDay)}}
	m := NewMeasure(judgeStandard())
	for b.Loop() {
		for range 10_000 {
			m.Host(s, judgeNow)
		}
	}
}

func TestAVerdictBeginsWithWhatMakesIt(t *testing.T) {
	s := judgeSubject(data.Security, data.Low, judgeDay)
	s.Scan.MetadataAt = time.Time{}
	_, h := judgeOne(t, s)
	if h.Compliance != data.Unknown || !strings.HasPrefix(h.Because, "It is not known how old the host's package lists are; 1 missing update is ") {
		t.Errorf("%s: %s", h.Compliance, h.Because)
	}
}
