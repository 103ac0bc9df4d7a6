package store

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"secondtuesday/data"
)

// update is an offer of openssl.
func update(version string, c data.Class, s data.Severity) data.Update {
	return data.Update{Name: "openssl", Arch: "amd64", Installed: "3.0.1", Available: version, Class: c, Severity: s}
}

var unreachable = []data.Problem{{Kind: data.SourceUnreachable, Detail: "connection refused", Untrusted: true}}

// hostLife saves scans of one host, an hour after another from day on.
type hostLife struct {
	t    *testing.T
	db   *DB
	host data.HostID
}

func newHostLife(t *testing.T) hostLife {
	db := newDB(t)
	return hostLife{t, db, addHost(t, db, "web1")}
}

func hour(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }

func (l hostLife) scan(n int, updates ...data.Update) data.ScanID {
	l.t.Helper()
	return l.save(data.Scan{At: hour(n), Updates: updates})
}

func (l hostLife) untrusted(n int, updates ...data.Update) data.ScanID {
	l.t.Helper()
	return l.save(data.Scan{At: hour(n), Updates: updates, Problems: unreachable})
}

func (l hostLife) save(s data.Scan) data.ScanID {
	l.t.Helper()
	s.Host = l.host
	return must(l.db.SaveScan(l.t.Context(), s, entry("scan saved"), nil))(l.t)
}

// missing says in a line each what the host lacks: version, hours of first
// seen, since and last seen.
func (l hostLife) missing(want ...string) {
	l.t.Helper()
	var got []string
	for _, m := range must(l.db.Missing(l.t.Context(), l.host))(l.t) {
		got = append(got, fmt.Sprint(m.Update.Name, " ", m.Update.Available, " ",
			hours(m.FirstSeen), " ", hours(m.Since), " ", hours(m.LastSeen)))
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		l.t.Errorf("missing %q, want %q", got, want)
	}
}

// closed says the same of what is in: version, first seen, since, closed.
func (l hostLife) closed(want ...string) {
	l.t.Helper()
	var got []string
	for _, c := range must(l.db.Closed(l.t.Context(), time.Time{}))(l.t) {
		got = append(got, fmt.Sprint(c.Update.Name, " ", c.Update.Available, " ",
			hours(c.FirstSeen), " ", hours(c.Since), " ", hours(c.ClosedAt)))
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		l.t.Errorf("closed %q, want %q", got, want)
	}
}

func hours(t time.Time) int { return int(t.Sub(day) / time.Hour) }

func TestEpisodeLastsFromFirstOfferToProof(t *testing.T) {
	l := newHostLife(t)
	l.scan(0)
	l.missing()
	l.scan(1, update("3.0.2", data.Security, data.High))
	l.scan(5, update("3.0.2", data.Security, data.High))
	l.missing("openssl 3.0.2 1 1 5")
	l.closed()
	l.scan(7)
	l.missing()
	l.closed("openssl 3.0.2 1 1 7")
	l.scan(8, update("3.0.2", data.Security, data.High)) // back again: a new episode
	l.missing("openssl 3.0.2 8 8 8")
	l.closed("openssl 3.0.2 1 1 7")
}

func TestUntrustedScanClosesNothingButMayOpen(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, update("3.0.2", data.Security, data.High))
	l.untrusted(1)
	l.missing("openssl 3.0.2 0 0 0")
	l.untrusted(2, data.Update{Name: "curl", Available: "8.1"})
	l.missing("curl 8.1 2 2 2", "openssl 3.0.2 0 0 0")
	s := must(l.db.LatestScan(t.Context(), l.host))(t)
	if len(s.Updates) != 1 || s.Updates[0].Name != "curl" || s.Trusted() {
		t.Errorf("latest scan = %+v, want what the host said, untrusted", s)
	}
	l.closed()
	l.scan(3, data.Update{Name: "curl", Available: "8.1"})
	l.closed("openssl 3.0.2 0 0 3")
}

func TestNewVersionDoesNotRestartTheClock(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, update("3.0.2", data.Security, data.High))
	l.scan(1, update("3.0.3", data.Security, data.High))
	u := update("3.0.4", data.Security, data.High)
	u.Installed, u.Origin, u.CVEs, u.Size = "3.0.2", "elsewhere", []string{"CVE-2026-1"}, 7
	l.scan(2, u)
	l.missing("openssl 3.0.4 0 0 2")
	l.scan(3)
	l.closed("openssl 3.0.4 0 0 3")
}

func TestClockRestartsOnlyWhenAnUpdateGetsWorse(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to data.Update
		restarts bool
	}{
		{"more severe", update("1", data.Security, data.Medium), update("2", data.Security, data.High), true},
		{"severity becomes known", update("1", data.Security, data.SeverityUnknown), update("1", data.Security, data.Low), true},
		{"bug fix becomes security", update("1", data.BugFix, data.High), update("2", data.Security, data.Low), true},
		{"bug fix becomes unknown", update("1", data.BugFix, data.High), update("2", data.ClassUnknown, data.High), true},
		{"unknown becomes security", update("1", data.ClassUnknown, data.High), update("2", data.Security, data.High), false},
		{"security becomes unknown", update("1", data.Security, data.High), update("2", data.ClassUnknown, data.High), false},
		{"security becomes bug fix", update("1", data.Security, data.High), update("2", data.BugFix, data.High), false},
		{"bug fix becomes feature", update("1", data.BugFix, data.High), update("2", data.Feature, data.High), false},
		{"less severe", update("1", data.Security, data.Critical), update("2", data.Security, data.Low), false},
		{"severity is forgotten", update("1", data.Security, data.Critical), update("2", data.Security, data.SeverityUnknown), false},
		{"same content", update("1", data.Security, data.High), update("1", data.Security, data.High), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newHostLife(t)
			l.scan(0, c.from)
			l.scan(4, c.to)
			want := 0
			if c.restarts {
				want = 4
			}
			l.missing(fmt.Sprintf("openssl %s 0 %d 4", c.to.Available, want))
		})
	}
}

// A source that forgets a severity for a day must not give a month of new time.
func TestSeverityThatComesBackDoesNotRestartTheClock(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, update("3.0.2", data.Security, data.Critical))
	l.untrusted(1, update("3.0.2", data.ClassUnknown, data.SeverityUnknown))
	l.scan(2, update("3.0.2", data.BugFix, data.Low))
	l.scan(3, update("3.0.2", data.Security, data.Critical))
	l.missing("openssl 3.0.2 0 0 3")
}

// Class and severity are each compared with their own worst.
func TestClassAndSeverityAreRememberedApart(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, update("3.0.2", data.BugFix, data.Critical))
	l.scan(1, update("3.0.2", data.Security, data.Low)) // the class is worse: restarts
	l.scan(2, update("3.0.2", data.BugFix, data.Critical))
	l.missing("openssl 3.0.2 0 1 2")
}

func TestOfferDigestCoversEveryField(t *testing.T) {
	base := filled[data.Update](1)
	for i := range reflect.TypeFor[data.Update]().NumField() {
		u, n := base, 500
		fill(reflect.ValueOf(&u).Elem().Field(i), &n)
		if offerDigest(u) == offerDigest(base) {
			t.Errorf("two updates with another %s are taken for one", reflect.TypeFor[data.Update]().Field(i).Name)
		}
	}
	a, b := data.Update{Advisories: []string{"x"}}, data.Update{CVEs: []string{"x"}}
	if offerDigest(a) == offerDigest(b) {
		t.Error("an advisory and a CVE are taken for one")
	}
}

func TestUpdatesOfOneNameAreKeptApart(t *testing.T) {
	l := newHostLife(t)
	i386 := update("3.0.2", data.Security, data.High)
	i386.Arch = "i386"
	obsoletes := update("3.0.2", data.Security, data.High)
	obsoletes.Replaces = "ssleay"
	second := update("3.1.0", data.Security, data.High) // two versions offered side by side
	all := []data.Update{update("3.0.2", data.Security, data.High), i386, obsoletes, second}
	l.scan(0, append(all, all[0])...) // said twice: one update
	l.missing("openssl 3.0.2 0 0 0", "openssl 3.1.0 0 0 0", "openssl 3.0.2 0 0 0", "openssl 3.0.2 0 0 0")
	l.scan(1, i386, second)
	l.missing("openssl 3.1.0 0 0 1", "openssl 3.0.2 0 0 1")
	l.closed("openssl 3.0.2 0 0 1", "openssl 3.0.2 0 0 1")
	third := update("3.1.1", data.Security, data.High)
	l.scan(2, third, i386)
	l.missing("openssl 3.1.1 0 0 2", "openssl 3.0.2 0 0 2")
}

// Two side by side move to each other's versions: no episode may be lost.
func TestVersionsThatSwapKeepTheirEpisodes(t *testing.T) {
	l := newHostLife(t)
	a, b, c := update("1", data.BugFix, ""), update("2", data.BugFix, ""), update("3", data.BugFix, "")
	l.scan(0, a)
	l.scan(1, a, b)
	l.scan(2, b, c)
	l.missing("openssl 2 1 1 2", "openssl 3 0 0 2")
	l.scan(3, c, a)
	l.missing("openssl 1 1 1 3", "openssl 3 0 0 3")
	l.closed()
}

// definition is an offer of Defender's definitions, which keep one name.
func definition(id, in string) data.Update {
	return data.Update{Name: "KB2267602", Installed: in, Available: id, Class: data.Definition}
}

func TestDefinitionsThatTheHostTakesDailyStartTheClockAnew(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, definition("monday.1", "sunday.1"))
	l.scan(24, definition("tuesday.1", "monday.1"))
	l.missing("KB2267602 tuesday.1 24 24 24")
	l.closed("KB2267602 monday.1 0 0 24")
	l.scan(48, definition("wednesday.1", "monday.9")) // several a day: another one than was offered
	l.missing("KB2267602 wednesday.1 48 48 48")
}

func TestDefinitionThatStaysTheSameKeepsItsClock(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, definition("monday.1", "sunday.1"))
	u := definition("monday.1", "sunday.2") // an older one went in
	u.Size = 7
	l.scan(24, u)
	l.scan(48, u)
	l.missing("KB2267602 monday.1 0 0 48")
}

// A newer one every day proves nothing about a host that takes none of them.
func TestDefinitionsThatTheHostNeverTakesKeepTheirClock(t *testing.T) {
	for _, in := range []string{"sunday.1", ""} {
		l := newHostLife(t)
		l.scan(0, definition("monday.1", in))
		l.scan(24, definition("tuesday.1", in))
		l.untrusted(36)
		l.scan(48, definition("wednesday.1", in))
		l.missing("KB2267602 wednesday.1 0 0 48")
		l.closed()
	}
}

func TestUntrustedScanKeepsTheDefinitionItDoesNotName(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, definition("monday.1", "sunday.1"))
	l.untrusted(24, definition("tuesday.1", "monday.1"))
	l.missing("KB2267602 monday.1 0 0 0", "KB2267602 tuesday.1 24 24 24")
	l.scan(25, definition("tuesday.1", "monday.1"))
	l.missing("KB2267602 tuesday.1 24 24 25")
}

func TestClosingGivesTheLatency(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, update("3.0.2", data.Security, data.Medium))
	l.scan(10, update("3.0.2", data.Security, data.Critical))
	l.scan(34)
	all := must(l.db.Closed(t.Context(), hour(34)))(t)
	if len(all) != 1 || all[0].ClosedAt.Sub(all[0].Since) != 24*time.Hour || !all[0].Due.IsZero() {
		t.Fatalf("closed = %+v", all)
	}
	if later := must(l.db.Closed(t.Context(), hour(35)))(t); len(later) != 0 {
		t.Errorf("closed after it = %+v", later)
	}
}

func TestLateScanIsHistoryOnly(t *testing.T) {
	l := newHostLife(t)
	l.save(data.Scan{At: day.Add(time.Minute), Installed: []data.Package{{Name: "openssl", Version: "3.0.2"}}})
	late := l.save(data.Scan{At: day, Updates: []data.Update{update("3.0.2", data.Security, data.High)},
		Evidence: []data.Evidence{{Name: "a", Output: "b"}}})
	l.missing()
	if s := must(l.db.LatestScan(t.Context(), l.host))(t); s.ID == late || len(s.Installed) != 1 {
		t.Errorf("a scan that was overtaken speaks for the host: %+v", s)
	}
	if n := len(must(l.db.Scans(t.Context(), l.host, 0))(t)); n != 2 {
		t.Errorf("%d scans, want 2", n)
	}
	must(l.db.Evidence(t.Context(), late))(t)
}

// A clock that was a year ahead and is right again must not leave the host
// with a scan from the future, nor with time it does not have.
func TestClockSetBackDoesNotFreezeTheHost(t *testing.T) {
	l := newHostLife(t)
	l.scan(24*365, update("3.0.2", data.Security, data.High))
	now := l.scan(0, update("3.0.2", data.Security, data.High))
	l.missing("openssl 3.0.2 0 0 0")
	if s := must(l.db.LatestScan(t.Context(), l.host))(t); s.ID != now {
		t.Errorf("latest scan is of %v", s.At)
	}
	l.scan(24*365, update("3.0.3", data.BugFix, data.Low), data.Update{Name: "curl", Available: "8.1"})
	l.scan(1)
	for _, c := range must(l.db.Closed(t.Context(), time.Time{}))(t) {
		if c.ClosedAt.Before(c.Since) || c.Since.Before(c.FirstSeen) {
			t.Errorf("closed before it began: %+v", c)
		}
	}
}

func TestOnlyTheNewestScanKeepsPackagesAndTwentyKeepEvidence(t *testing.T) {
	l := newHostLife(t)
	var ids []data.ScanID
	for n := range keepEvidence + 5 {
		ids = append(ids, l.save(data.Scan{At: hour(n),
			Installed: []data.Package{{Name: "openssl", Arch: "amd64", Version: fmt.Sprint(n)}},
			Evidence:  []data.Evidence{{Name: "dpkg-query -W", Output: fmt.Sprint("output ", n)}}}))
	}
	for n, id := range ids {
		e, err := l.db.Evidence(t.Context(), id)
		if n < 5 {
			wantErr(t, err, ErrNotFound)
		} else if err != nil || e[0].Output != fmt.Sprint("output ", n) {
			t.Errorf("evidence of scan %d = %v, %v", n, e, err)
		}
	}
	var rows int
	ok(t, l.db.r.QueryRow(`SELECT count(*) FROM latest`).Scan(&rows))
	if s := must(l.db.LatestScan(t.Context(), l.host))(t); rows != 1 || s.Installed[0].Version != "24" {
		t.Errorf("%d lists of packages, the newest %v", rows, s.Installed)
	}
	if n := len(must(l.db.Scans(t.Context(), l.host, 0))(t)); n != 25 {
		t.Errorf("%d heads, want all 25", n)
	}
}

func TestOffersAreSharedByHosts(t *testing.T) {
	db := newDB(t)
	for _, name := range []string{"web1", "web2", "web3"} {
		h := addHost(t, db, name)
		must(db.SaveScan(t.Context(), data.Scan{Host: h, At: day, Updates: []data.Update{update("3.0.2", data.Security, data.High)}}, entry("scan saved"), nil))(t)
	}
	var n int
	ok(t, db.r.QueryRow(`SELECT count(*) FROM offers`).Scan(&n))
	if n != 1 {
		t.Errorf("%d offers, want 1", n)
	}
}

func TestEachMissingGoesHostByHostAndSeesNewOffers(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	visits := func() (got string) {
		ok(t, db.EachMissing(ctx, func(m data.Missing) error {
			got += fmt.Sprint(m.Host, m.Update.Name, " ")
			return nil
		}))
		return got
	}
	a, b := addHost(t, db, "a"), addHost(t, db, "b")
	u := func(name string) data.Update { return data.Update{Name: name, Available: "2"} }
	must(db.SaveScan(ctx, data.Scan{Host: b, At: day, Updates: []data.Update{u("x")}}, entry("scan saved"), nil))(t)
	if got := visits(); got != "2x " {
		t.Errorf("visits %q", got)
	}
	must(db.SaveScan(ctx, data.Scan{Host: a, At: day, Updates: []data.Update{u("y"), u("x")}}, entry("scan saved"), nil))(t)
	if got := visits(); got != "1x 1y 2x " {
		t.Errorf("visits %q", got)
	}
	stop := errors.New("enough")
	n := 0
	err := db.EachMissing(ctx, func(data.Missing) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("err = %v after %d visits, want the visitor's own after 1", err, n)
	}
}

func TestScanOfUnknownHostIsNotStored(t *testing.T) {
	db := newDB(t)
	_, err := db.SaveScan(t.Context(), data.Scan{Host: 99, At: day}, entry("scan saved"), nil)
	wantErr(t, err, ErrNotFound, "save scan of host 99")
	_, err = db.LatestScan(t.Context(), 99)
	wantErr(t, err, ErrNotFound)
}

func TestScanIsStoredWholeOrNotAtAll(t *testing.T) {
	l := newHostLife(t)
	l.scan(0, update("3.0.2", data.Security, data.High))
	// The last statement of a scan with a gone update is the one that closes it.
	must(l.db.w.Exec(`CREATE TEMP TRIGGER cut BEFORE INSERT ON main.closed BEGIN SELECT raise(ABORT, 'cut'); END`))(t)
	_, err := l.db.SaveScan(t.Context(), data.Scan{Host: l.host, At: hour(1), Updates: []data.Update{{Name: "curl"}},
		Evidence: []data.Evidence{{Name: "a"}}}, entry("scan saved"), nil)
	if err == nil {
		t.Fatal("the scan went through")
	}
	l.missing("openssl 3.0.2 0 0 0")
	if n := len(must(l.db.Scans(t.Context(), l.host, 0))(t)); n != 1 {
		t.Errorf("%d scans, want the one of before", n)
	}
}

func TestNumbersAreReadFromText(t *testing.T) {
	text := []byte("7 -12 0 9223372036854775807")
	for _, want := range []int64{7, -12, 0, 9223372036854775807, 0} {
		var n int64
		if n, text = nextNumber(text); n != want {
			t.Errorf("read %d, want %d", n, want)
		}
	}
}
