package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// A scanShop is a dialer and a platform for hosts that exist in this test only:
// what a host answers hangs on its name.
type scanShop struct {
	Platform // only Name and Scan are asked for

	mu      sync.Mutex
	scans   map[string]data.Scan // by host
	errs    map[string]error
	open    atomic.Int32
	most    atomic.Int32
	refresh atomic.Int32
	block   chan struct{} // hosts called slow… wait for it
	detects atomic.Int32
}

type scanSession struct {
	shop *scanShop
	host string
}

func (s *scanSession) Run(context.Context, remote.Command) (remote.Output, error) {
	return remote.Output{}, errors.New("no command is expected")
}

func (s *scanSession) Close() error { s.shop.open.Add(-1); return nil }

func (s *scanShop) Dial(_ context.Context, h data.Host) (remote.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.errs[h.Name]; err != nil {
		return nil, err
	}
	n := s.open.Add(1)
	for m := s.most.Load(); n > m && !s.most.CompareAndSwap(m, n); m = s.most.Load() {
	}
	return &scanSession{s, h.Name}, nil
}

func (s *scanShop) Name() data.Platform { return data.APT }

func (s *scanShop) Scan(ctx context.Context, session remote.Session, refresh bool) (data.Scan, error) {
	name := session.(*scanSession).host
	if refresh {
		s.refresh.Add(1)
	}
	if strings.HasPrefix(name, "slow") {
		select {
		case <-s.block:
		case <-ctx.Done():
			return data.Scan{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	scan, ok := s.scans[name]
	if !ok {
		return data.Scan{}, fmt.Errorf("%w: %s", remote.ErrGarbage, name)
	}
	return scan, nil
}

func (s *scanShop) detect(context.Context, remote.Session) (data.Platform, error) {
	s.detects.Add(1)
	return data.APT, nil
}

func (s *scanShop) says(host string, scan data.Scan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scans[host] = scan
}

// newOffice opens a desk on a new workspace with a standard in force and a clock
// that the test moves.
func newOffice(t testing.TB) (*Desk, *scanShop, *time.Time) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	shop := &scanShop{scans: map[string]data.Scan{}, errs: map[string]error{}, block: make(chan struct{})}
	now := judgeNow
	d := &Desk{DB: db, Dialer: shop, Platforms: []Platform{shop}, Now: func() time.Time { return now }, By: "anna@desk1", Detect: shop.detect}
	std, ok := Template("small-shop")
	if !ok {
		t.Fatal("no template")
	}
	if _, err := d.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	return d, shop, &now
}

// believable is a scan that may prove compliance, with these updates missing.
func believable(now time.Time, updates ...data.Update) data.Scan {
	return data.Scan{HostNow: now, MetadataAt: now.Add(-time.Hour), RebootKnown: true, BootID: "b", OS: data.OS{ID: "debian"}, Updates: updates}
}

func addHosts(t testing.TB, d *Desk, names ...string) []data.HostID {
	t.Helper()
	var hosts []data.Host
	for _, n := range names {
		hosts = append(hosts, data.Host{Name: n, Exposure: data.Internet})
	}
	ids, err := d.SaveHosts(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func scanAll(t testing.TB, d *Desk, ids []data.HostID) map[string]ScanResult {
	t.Helper()
	got := map[string]ScanResult{}
	if err := d.Scan(t.Context(), ids, false, func(r ScanResult) { got[r.Host.Name] = r }); err != nil {
		t.Fatal(err)
	}
	return got
}

func storedVerdict(t testing.TB, d *Desk, id data.HostID) data.HostVerdict {
	t.Helper()
	all, err := d.DB.HostVerdicts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Host == id {
			return v
		}
	}
	return data.HostVerdict{}
}

func lastAudit(t testing.TB, d *Desk) data.AuditEntry {
	t.Helper()
	all, err := d.DB.Audit(t.Context(), 1, 0)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

func TestOneHostsFailureStopsNoOther(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1", "down", "web2", "garbage")
	shop.says("web1", believable(*now))
	shop.says("web2", believable(*now, data.Update{Name: "openssl", Class: data.Security, Severity: data.Critical}))
	shop.errs["down"] = fmt.Errorf("dial: %w", remote.ErrUnreachable)
	got := scanAll(t, d, ids)
	if len(got) != 4 {
		t.Fatalf("%d results for 4 hosts", len(got))
	}
	for name, want := range map[string]data.Compliance{"web1": data.Compliant, "web2": data.DueSoon} {
		r := got[name]
		if r.Err != nil || r.Verdict.Compliance != want || storedVerdict(t, d, r.Host.ID).Compliance != want {
			t.Errorf("%s: %v, %+v; want %s", name, r.Err, r.Verdict, want)
		}
		if r.Host.Platform != data.APT || r.Host.Technology != "Debian" {
			t.Errorf("%s: found %q and %q", name, r.Host.Platform, r.Host.Technology)
		}
	}
	if !errors.Is(got["down"].Err, remote.ErrUnreachable) || !errors.Is(got["garbage"].Err, remote.ErrGarbage) {
		t.Errorf("%v, %v", got["down"].Err, got["garbage"].Err)
	}
	failures, err := d.DB.ScanFailures(t.Context())
	if err != nil || len(failures) != 2 || failures[ids[1]].Error != "dial: host is unreachable" || !failures[ids[1]].At.Equal(*now) {
		t.Errorf("failures %v, %v", failures, err)
	}
	if v := storedVerdict(t, d, ids[1]); v.Compliance != data.Unknown {
		t.Errorf("a host that was never reached is %s", v.Compliance)
	}
	if n := shop.open.Load(); n != 0 {
		t.Errorf("%d sessions stay open", n)
	}
}

func TestFailedScanLeavesTheLastGoodOne(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	shop.says("web1", believable(*now))
	scanAll(t, d, ids)
	*now = now.Add(time.Hour)
	shop.errs["web1"] = remote.ErrUnreachable
	scanAll(t, d, ids)
	scan, err := d.DB.LatestScan(t.Context(), ids[0])
	if err != nil || !scan.At.Equal(judgeNow) || storedVerdict(t, d, ids[0]).Compliance != data.Compliant {
		t.Errorf("%+v, %v", scan, err)
	}
	if e := lastAudit(t, d); e.Verb != "scan failed" || e.What != "host web1" || e.Why != "host is unreachable" {
		t.Errorf("audit says %+v", e)
	}
	*now = now.Add(7 * judgeDay)
	if n, err := d.Refresh(t.Context()); n != 1 || err != nil {
		t.Errorf("refreshed %d, %v", n, err)
	}
	if v := storedVerdict(t, d, ids[0]); v.Compliance != data.Unknown {
		t.Errorf("a host not reached for a week is %s", v.Compliance)
	}
}

func TestScanIsBoundedAndCancelled(t *testing.T) {
	d, shop, _ := newOffice(t)
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("slow%d", i))
	}
	ids := addHosts(t, d, names...)
	ctx, cancel := context.WithCancel(t.Context())
	d.asked.Store(4)
	results := 0
	done := make(chan error)
	go func() {
		done <- d.Scan(ctx, ids, true, func(r ScanResult) {
			results++
			if r.Err == nil {
				t.Errorf("%s was scanned", r.Host.Name)
			}
		})
	}()
	for shop.refresh.Load() < 4 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || results != 40 || shop.most.Load() != 4 {
		t.Errorf("%v, %d results, %d at once", err, results, shop.most.Load())
	}
	failures, err := d.DB.ScanFailures(t.Context())
	if err != nil || len(failures) != 0 {
		t.Errorf("what a person cancelled is taken for failures: %v, %v", failures, err)
	}
}

// TestDefinitionsAreLateOnlyWhereTheHostTakesNone scans three hosts a day: a new
// definition is offered every day, and one of the hosts takes none.
func TestDefinitionsAreLateOnlyWhereTheHostTakesNone(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "takes", "never", "stuck")
	offer := func(available, in string) data.Scan {
		u := data.Update{Name: "KB2267602", Installed: in, Available: available, Title: "Security Intelligence Update", Class: data.Definition, Released: now.Add(-time.Hour)}
		return believable(*now, u)
	}
	for n := range 16 {
		today, yesterday := fmt.Sprintf("id%d.200", n), fmt.Sprintf("id%d.200", n-1)
		shop.says("takes", offer(today, yesterday))
		shop.says("never", offer(today, "id.1"))
		shop.says("stuck", offer("id0.200", "id.1"))
		scanAll(t, d, ids)
		want := []data.Compliance{data.Compliant, data.Compliant, data.Compliant}
		switch {
		case n >= 14: // days; the last hour is before the release
			want[1], want[2] = data.Overdue, data.Overdue
		case n >= 11:
			want[1], want[2] = data.DueSoon, data.DueSoon
		}
		for i, id := range ids {
			if v := storedVerdict(t, d, id); v.Compliance != want[i] {
				t.Errorf("day %d, host %d: %s, want %s: %s", n, i, v.Compliance, want[i], v.Because)
			}
		}
		*now = now.Add(judgeDay)
	}
}

func TestUpdateThatClosesKeepsItsDeadline(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	shop.says("web1", believable(*now, data.Update{Name: "bash", Available: "2", Class: data.Security, Severity: data.Low}))
	scanAll(t, d, ids)
	*now = now.Add(2 * judgeDay)
	shop.says("web1", believable(*now))
	scanAll(t, d, ids)
	closed, err := d.DB.Closed(t.Context(), judgeNow)
	if err != nil || len(closed) != 1 || !closed[0].Due.Equal(judgeNow.AddDate(0, 0, 30)) {
		t.Fatalf("%+v, %v", closed, err)
	}
	if shop.detects.Load() != 1 {
		t.Errorf("asked %d times what the host has", shop.detects.Load())
	}
	r, err := d.Compliance(t.Context(), judgeNow.Add(-judgeDay), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"compliant hosts": 1, "scan coverage": 1, "on-time rate": 1, "patch latency, median": 2, "mean time to remediate (MTTR), mean": 2, "reboot debt": 0}
	for _, f := range r.Figures {
		if v, ok := want[f.Name]; ok && (f.Value != v || f.N != 1 || !strings.HasSuffix(f.Sentence, ".")) {
			t.Errorf("%+v, want %v", f, v)
		}
		delete(want, f.Name)
	}
	if len(want) > 0 || len(r.Trend) != 4 || r.Trend[3].Counts[data.Compliant] != 1 || !r.MeetsTarget {
		t.Errorf("missing %v; trend %+v", want, r.Trend)
	}
}

// TestAbsenceIsToldTruthfully leaves the desk alone for a month: the history
// must show the host unknown from the day its scan grew old.
func TestAbsenceIsToldTruthfully(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	shop.says("web1", believable(*now))
	scanAll(t, d, ids)
	*now = now.Add(30 * judgeDay)
	r, err := d.Compliance(t.Context(), judgeNow, time.UTC)
	if err != nil || len(r.Trend) != 31 {
		t.Fatalf("%d days, %v", len(r.Trend), err)
	}
	for i, day := range r.Trend {
		want := data.Compliant
		if i >= 7 {
			want = data.Unknown
		}
		if day.Counts[want] != 1 {
			t.Errorf("day %d: %v, want %s", i, day.Counts, want)
		}
	}
}

func TestEveryChangeIsAudited(t *testing.T) {
	d, _, now := newOffice(t)
	ctx := t.Context()
	ids := addHosts(t, d, "web1", "web2")
	check := func(verb string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if e := lastAudit(t, d); e.Verb != verb || e.By != "anna@desk1" || !e.At.Equal(*now) {
			t.Errorf("audit says %q by %q, want %q", e.Verb, e.By, verb)
		}
	}
	check("host added", nil)
	group, err := d.SaveGroup(ctx, data.Group{Name: "web", TimeZone: "Europe/Berlin"})
	check("group added", err)
	check("host changed", d.EditHosts(ctx, ids, func(h *data.Host) { h.Group, h.Owner = group, "Olga" }))
	w := tuesdays()
	w.ID, w.Groups = 0, []data.GroupID{group}
	id, err := d.SaveWindow(ctx, w)
	check("window added", err)
	check("window agreed", d.AgreeWindow(ctx, id, "Olga", "by mail"))
	f, err := d.SaveFreeze(ctx, data.Freeze{Name: "sales", From: *now, Until: now.Add(judgeDay), Reason: "November"})
	check("freeze added", err)
	undo, err := d.RemoveFreeze(ctx, f)
	check("freeze removed", err)
	check("freeze added", undo(ctx))
	e, err := d.SaveException(ctx, data.Exception{Host: ids[0], Reason: "vendor", RequestedBy: "Olga", Expires: now.Add(judgeDay)})
	check("exception granted", err)
	check("exception withdrawn", d.WithdrawException(ctx, e, "fixed"))
	check("setting changed", d.SetSetting(ctx, "look", "dark"))
	undo, err = d.RemoveWindow(ctx, id)
	check("window removed", err)
	check("window restored", undo(ctx))
	undo, err = d.RemoveHosts(ctx, ids, "sold")
	check("host removed", err)
	check("host added", undo(ctx))
	hosts, err := d.DB.Hosts(ctx)
	if err != nil || len(hosts) != 2 || hosts[0].Owner != "Olga" || hosts[0].Group != group {
		t.Errorf("undone: %+v, %v", hosts, err)
	}
	if n, err := d.DB.VerifyAudit(ctx); err != nil || n < 14 {
		t.Errorf("%d entries, %v", n, err)
	}
}

func TestChangedTermsWithdrawAnAgreement(t *testing.T) {
	d, _, _ := newOffice(t)
	ctx := t.Context()
	group, err := d.SaveGroup(ctx, data.Group{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	w := tuesdays()
	w.ID, w.Groups = 0, []data.GroupID{group}
	if w.ID, err = d.SaveWindow(ctx, w); err != nil {
		t.Fatal(err)
	}
	agreed := func() bool {
		all, err := d.DB.Windows(ctx)
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return !all[0].Agreed.At.IsZero()
	}
	if agreed() {
		t.Error("a new window is agreed because its form said so")
	}
	if err := d.AgreeWindow(ctx, w.ID, "Olga", ""); err != nil || !agreed() {
		t.Fatal(err)
	}
	w.Name = "Renamed"
	if _, err := d.SaveWindow(ctx, w); err != nil || !agreed() {
		t.Errorf("a new name withdraws the agreement; %v", err)
	}
	w.Duration += time.Hour
	if _, err := d.SaveWindow(ctx, w); err != nil || agreed() {
		t.Errorf("a longer window is still agreed; %v", err)
	}
}

func TestBadChangesAreRefused(t *testing.T) {
	d, _, now := newOffice(t)
	ctx := t.Context()
	ids := addHosts(t, d, "web1")
	for name, try := range map[string]func() error{
		"host without exposure": func() error { _, err := d.AddHost(ctx, data.Host{Name: "x"}); return err },
		"name that is taken":    func() error { _, err := d.AddHost(ctx, data.Host{Name: "WEB1", Exposure: data.Internal}); return err },
		"group without name":    func() error { _, err := d.SaveGroup(ctx, data.Group{Name: " "}); return err },
		"group in no zone":      func() error { _, err := d.SaveGroup(ctx, data.Group{Name: "x", TimeZone: "Mars"}); return err },
		"freeze that ends first": func() error {
			_, err := d.SaveFreeze(ctx, data.Freeze{Name: "x", From: *now, Until: now.Add(-time.Hour)})
			return err
		},
		"exception for ever": func() error {
			_, err := d.SaveException(ctx, data.Exception{Reason: "x", RequestedBy: "y", Expires: now.AddDate(5, 0, 0)})
			return err
		},
		"anonymous exception": func() error {
			_, err := d.SaveException(ctx, data.Exception{Reason: "x", Expires: now.Add(time.Hour)})
			return err
		},
		"exception without reason": func() error {
			_, err := d.SaveException(ctx, data.Exception{RequestedBy: "x", Expires: now.Add(time.Hour)})
			return err
		},
		"agreement by nobody": func() error { return d.AgreeWindow(ctx, 1, " ", "") },
		"standard in silence": func() error {
			s, _ := Template("small-shop")
			s.Note = ""
			_, err := d.SaveStandard(ctx, s)
			return err
		},
		"host that is gone": func() error { return d.EditHosts(ctx, []data.HostID{ids[0], 99}, func(*data.Host) {}) },
		"window that is gone": func() error {
			_, err := d.SaveWindow(ctx, func() data.Window { w := tuesdays(); w.ID = 99; return w }())
			return err
		},
		"half of two hosts": func() error {
			_, err := d.SaveHosts(ctx, []data.Host{{Name: "ok", Exposure: data.Internal}, {Name: "bad"}})
			return err
		},
	} {
		before, _, err := d.DB.AuditHead(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := try(); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if after, _, _ := d.DB.AuditHead(ctx); after != before {
			t.Errorf("%s: something was changed", name)
		}
	}
}

func TestEditsAndExceptionsJudgeAnew(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	shop.says("web1", believable(*now, data.Update{Name: "openssl", Class: data.Security, Severity: data.Critical}))
	scanAll(t, d, ids)
	*now = now.Add(4 * judgeDay)
	if _, err := d.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := func(c data.Compliance) {
		t.Helper()
		if v := storedVerdict(t, d, ids[0]); v.Compliance != c {
			t.Errorf("%s because %q, want %s", v.Compliance, v.Because, c)
		}
	}
	want(data.Overdue) // 48 hours on the internet
	if err := d.EditHosts(t.Context(), ids, func(h *data.Host) { h.Exposure = data.Internal }); err != nil {
		t.Fatal(err)
	}
	want(data.DueSoon) // 7 days inside
	id, err := d.SaveException(t.Context(), data.Exception{Update: "openssl", Reason: "vendor", RequestedBy: "Olga", Expires: now.AddDate(0, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	want(data.Excepted)
	if err := d.WithdrawException(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	want(data.DueSoon)
	std, _ := Template("au-e8-ml3")
	std.Note = "stricter"
	if std, err = d.SaveStandard(t.Context(), std); err != nil || std.Version != 2 {
		t.Fatal(std.Version, err)
	}
	want(data.Unknown) // its scans count for a day
	vs, hv, err := d.Verdicts(t.Context(), ids[0])
	if err != nil || len(vs) != 1 || hv.Version != 2 || !strings.Contains(vs[0].Because, "older than the 24 hours") {
		t.Errorf("%+v, %v", vs, err)
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	d, _, _ := newOffice(t)
	ctx := t.Context()
	addHosts(t, d, "web1")
	p := previewCSV(t, "name,exposure,group\nweb1,internet,Web\nweb2,internet,Web\nweb3,nonsense,Web\n")
	_, err := d.ImportHosts(ctx, p, ImportChoices{})
	var wrong *ImportError
	if !errors.As(err, &wrong) || len(wrong.Problems) != 2 {
		t.Fatalf("%v", err)
	}
	groups, err := d.DB.Groups(ctx)
	if err != nil || len(groups) != 0 {
		t.Errorf("groups were left behind: %v, %v", groups, err)
	}
	ids, err := d.ImportHosts(ctx, p, ImportChoices{SkipBad: true, Existing: ExistingUpdated})
	if err != nil || len(ids) != 2 {
		t.Fatalf("%v, %v", ids, err)
	}
	hosts, err := d.DB.Hosts(ctx)
	if err != nil || len(hosts) != 2 || hosts[1].Group == 0 || lastAudit(t, d).Verb != "hosts imported" {
		t.Errorf("%+v, %v", hosts, err)
	}
}

func TestDuplicatesAreFound(t *testing.T) {
	hosts := []data.Host{
		{ID: 1, Name: "web1", Address: "10.0.0.1"}, {ID: 2, Name: "WWW", Address: "10.0.0.1", Port: 22, Reach: data.ReachSSH},
		{ID: 3, Name: "web3", Address: "10.0.0.1", Jump: "b"}, {ID: 4, Name: "web4", Address: "10.0.0.1", Port: 23},
		{ID: 5, Name: "here", Reach: data.ReachLocal}, {ID: 6, Name: "db.example.org."}, {ID: 7, Name: "x", Address: "DB.example.org", Reach: data.ReachSSH},
	}
	hosts[0].Reach, hosts[5].Reach = data.ReachSSH, data.ReachSSH
	got := Duplicates(hosts, map[data.HostID]data.Scan{4: {BootID: "b"}, 5: {BootID: "b"}, 6: {BootID: "c"}, 7: {}})
	var ids [][]data.HostID
	for _, d := range got {
		ids = append(ids, d.Hosts)
	}
	if fmt.Sprint(ids) != "[[1 2] [6 7] [4 5]]" || !strings.Contains(got[0].Because, "web1 and WWW have the same address") {
		t.Errorf("%+v", got)
	}
}

func TestUpdatesAreSummedOverHosts(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1", "web2")
	ssl := data.Update{Name: "openssl", Arch: "amd64", Available: "3", Class: data.Security, Severity: data.Critical, CVEs: []string{"CVE-2026-1"}}
	held := ssl
	held.Available, held.Severity, held.Hold = "4", data.Low, data.Held
	shop.says("web1", believable(*now, ssl, data.Update{Name: "vim", Class: data.Feature}))
	shop.says("web2", believable(*now, held))
	scanAll(t, d, ids)
	rows, err := d.Updates(t.Context())
	if err != nil || len(rows) != 2 || rows[0].Name != "openssl" || rows[1].Name != "vim" {
		t.Fatalf("%+v, %v", rows, err)
	}
	r := rows[0]
	if !slices.Equal(r.Hosts, ids) || r.Severity != data.Critical || r.Held != 1 || !slices.Equal(r.Available, []string{"3", "4"}) || !r.Due.Equal(now.Add(48*time.Hour)) || r.Compliance != data.DueSoon {
		t.Errorf("%+v", r)
	}
}

func TestAnotherWayToAHostForgetsItsUpdateSystem(t *testing.T) {
	d, shop, now := newOffice(t)
	shop.scans["web1"] = believable(*now)
	ids := addHosts(t, d, "web1")
	scanAll(t, d, ids)
	for _, c := range []struct {
		reach data.Reach
		want  data.Platform
	}{{data.ReachLocal, data.APT}, {data.ReachWinRM, data.PlatformUnknown}} {
		must(t, d.EditHosts(t.Context(), ids, func(h *data.Host) { h.Reach, h.User = c.reach, "admin" }))
		h, err := d.DB.Host(t.Context(), ids[0])
		if err != nil || h.Platform != c.want {
			t.Errorf("by %s it has the update system %q, %v", c.reach, h.Platform, err)
		}
	}
}
