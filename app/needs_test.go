package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// needOf returns the need of a kind, which there must be.
func needOf(t *testing.T, d *Desk, k NeedKind) Need {
	t.Helper()
	needs := needsOf(t, d)
	i := slices.IndexFunc(needs, func(n Need) bool { return n.Kind == k })
	if i < 0 {
		t.Fatalf("nobody is told %q; told are %+v", k, needs)
	}
	return needs[i]
}

func needsOf(t *testing.T, d *Desk) []Need {
	t.Helper()
	s, err := d.Situation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	needs, err := s.Needs()
	if err != nil {
		t.Fatal(err)
	}
	return needs
}

func has(t *testing.T, d *Desk, k NeedKind) bool {
	t.Helper()
	return slices.ContainsFunc(needsOf(t, d), func(n Need) bool { return n.Kind == k })
}

func TestEveryKindOfNeedHasItsPlaceInTheOrder(t *testing.T) {
	seen := map[NeedKind]bool{}
	for _, k := range NeedKinds {
		if seen[k] {
			t.Errorf("%q is there twice", k)
		}
		seen[k] = true
	}
	if len(NeedKinds) != 22 {
		t.Errorf("%d kinds are ordered", len(NeedKinds))
	}
}

func TestWithoutAStandardThatIsTheFirstNeed(t *testing.T) {
	s := &Situation{Now: judgeNow, Agenda: Agenda{Hosts: []data.Host{{ID: 1, Name: "web1"}}}}
	if n, err := s.Needs(); err != nil || len(n) == 0 || n[0].Kind != NeedStandard {
		t.Errorf("first is %+v, %v", n, err)
	}
}

func TestOverdueSaysWhichHostsByHowMuchAndWhy(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1", "db1")
	late := data.Update{Name: "openssl", Available: "2", Class: data.Security, Severity: data.Critical, Released: now.AddDate(0, -3, 0)}
	shop.says("web1", believable(*now, late))
	shop.says("db1", believable(*now))
	scanAll(t, d, ids)
	n := needOf(t, d, NeedOverdue)
	if len(n.Hosts) != 1 || n.Hosts[0] != ids[0] || !strings.Contains(n.Title, "1 update overdue on 1 host") ||
		!strings.Contains(n.Because, "web1, by ") || !strings.Contains(n.Because, "days") || !strings.Contains(n.Because, "clause") {
		t.Errorf("%+v", n)
	}
}

func TestVerdictThatNoLongerHoldsIsUnknownUntilJudgedAnew(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	shop.says("web1", believable(*now))
	scanAll(t, d, ids)
	*now = now.AddDate(0, 1, 0)
	s, err := d.Situation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if total := s.Total(); s.Outdated != 1 || total.Counts[data.Unknown] != 1 || total.Share.Value != 0 {
		t.Errorf("%d outdated, %+v", s.Outdated, total)
	}
	if _, err := d.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := needOf(t, d, NeedScan); len(n.Hosts) != 1 || !strings.Contains(n.Title, "scanned too long ago") {
		t.Errorf("%+v", n)
	}
}

func TestHostKeysAreToldApartFromOtherFailures(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "new1", "changed1", "down1", "fine1")
	shop.says("fine1", believable(*now))
	shop.errs["new1"] = &remote.HostKeyUnknownError{Host: "new1", Type: "ssh-ed25519", Fingerprint: "SHA256:x"}
	shop.errs["changed1"] = &remote.HostKeyChangedError{Host: "changed1", Known: []string{"ssh-ed25519 SHA256:x"}, Shown: "ssh-ed25519 SHA256:y"}
	shop.errs["down1"] = remote.ErrUnreachable
	scanAll(t, d, ids)
	for i, k := range []NeedKind{NeedHostKey, NeedKeyChanged, NeedScanFailed} {
		if n := needOf(t, d, k); len(n.Hosts) != 1 || n.Hosts[0] != ids[i] {
			t.Errorf("%q is of hosts %v", k, n.Hosts)
		}
	}
	if has(t, d, NeedScan) {
		t.Error("a host that could not be scanned is told of twice")
	}
}

func TestRefusedLoginIsToldApartFromAHostThatIsDown(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "login1", "sudo1", "down1", "fine1")
	shop.says("fine1", believable(*now))
	shop.errs["login1"] = fmt.Errorf("connect login1: %w", remote.ErrLoginRefused)
	shop.errs["sudo1"] = fmt.Errorf("scan: %w", remote.ErrSudoPassword)
	shop.errs["down1"] = remote.ErrUnreachable
	scanAll(t, d, ids)
	if n := needOf(t, d, NeedLogin); !slices.Equal(n.Hosts, ids[:2]) || !strings.Contains(n.Because, "keep the password") {
		t.Errorf("%+v", n)
	}
	if n := needOf(t, d, NeedScanFailed); !slices.Equal(n.Hosts, ids[2:3]) {
		t.Errorf("%+v", n)
	}
}

func TestBrokenPackagesSayWhatToRunWhereThatIsKnown(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "half1", "other1", "half2")
	for name, detail := range map[string]string{"half1": "dpkg was interrupted, 'dpkg --configure -a' is needed", "other1": "postfix is iHR", "half2": "roundcube-core is iF"} {
		scan := believable(*now)
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.PackagesBroken, Untrusted: true, Detail: detail})
		shop.says(name, scan)
	}
	scanAll(t, d, ids)
	told := map[string][]data.HostID{}
	for _, n := range needsOf(t, d) {
		if n.Kind == NeedMend {
			told[n.Command] = n.Hosts
			if n.Command != "" && !strings.Contains(n.Because, "Run sudo dpkg --configure -a there, then scan again.") {
				t.Errorf("%s", n.Because)
			}
		}
	}
	if len(told) != 2 || !slices.Equal(told["sudo dpkg --configure -a"], []data.HostID{ids[0], ids[2]}) || !slices.Equal(told[""], ids[1:2]) {
		t.Errorf("told %v", told)
	}
	if has(t, d, NeedProof) {
		t.Error("it is told twice, and the second time to fetch lists")
	}
}

func TestWindowsAreToldUntilAgreedAndCovering(t *testing.T) {
	d, _, now := newOffice(t)
	addHosts(t, d, "web1")
	g, err := d.SaveGroup(t.Context(), data.Group{Name: "web", TimeZone: "UTC"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.SaveWindow(t.Context(), data.Window{Name: "nightly", Groups: []data.GroupID{g}, TimeZone: "UTC", Duration: 2 * time.Hour,
		Recurs: data.Recurrence{Rule: "FREQ=DAILY", First: civil(*now), Start: data.Clock{Hour: 22}}, Permits: data.Permits{Install: true}})
	if err != nil {
		t.Fatal(err)
	}
	if n := needOf(t, d, NeedAgreement); n.Window != w {
		t.Errorf("%+v", n)
	}
	if n := needOf(t, d, NeedWindow); len(n.Hosts) != 1 || !strings.Contains(n.Because, "in no group") {
		t.Errorf("%+v", n)
	}
	h, err := d.DB.HostByName(t.Context(), "web1")
	if err != nil {
		t.Fatal(err)
	}
	h.Group = g
	if _, err := d.SaveHosts(t.Context(), []data.Host{h}); err != nil {
		t.Fatal(err)
	}
	if err := d.AgreeWindow(t.Context(), w, "Petra Lang", ""); err != nil {
		t.Fatal(err)
	}
	if has(t, d, NeedAgreement) || has(t, d, NeedWindow) {
		t.Errorf("still told: %+v", needsOf(t, d))
	}
	s, err := d.Situation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if o, hosts, ok := s.NextOpening(); !ok || hosts != 1 || o.Window != w || o.Start.Hour() != 22 {
		t.Errorf("next opening %+v for %d hosts, %v", o, hosts, ok)
	}
}

func TestExceptionAndFreezeAreToldWhileTheyMatter(t *testing.T) {
	d, _, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	for _, ends := range []int{5, 60} {
		if _, err := d.SaveException(t.Context(), data.Exception{Host: ids[0], Reason: "vendor", RequestedBy: "Petra", Mitigation: "segregated", Expires: now.AddDate(0, 0, ends)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.SaveFreeze(t.Context(), data.Freeze{Name: "year end", From: now.Add(-time.Hour), Until: now.Add(time.Hour), Reason: "books", AgreedBy: "board"}); err != nil {
		t.Fatal(err)
	}
	if n := needOf(t, d, NeedException); !strings.Contains(n.Title, "ends in 5 days") {
		t.Errorf("%+v", n)
	}
	n := needOf(t, d, NeedFreeze)
	if !strings.Contains(n.Because, "on every host") || !strings.Contains(n.Because, "Books.") {
		t.Errorf("%+v", n)
	}
	*now = now.Add(2 * time.Hour)
	if has(t, d, NeedFreeze) {
		t.Error("a freeze that is over is told")
	}
}

func TestRunsAreToldUntilTakenUp(t *testing.T) {
	s := &Situation{Now: judgeNow, names: map[data.HostID]string{1: "web1", 2: "web2"}}
	s.Rollouts = []data.Rollout{{ID: 4, Plan: 9, State: data.RolloutStopped, Ended: judgeNow.Add(-time.Hour), Note: "1 of 2 runs failed"}}
	s.Troubled = []data.Run{
		{ID: 1, Rollout: 4, Host: 1, Outcome: data.OutcomeUnknown, Detail: "the connection was lost", Ended: judgeNow.Add(-time.Hour)},
		{ID: 2, Rollout: 4, Host: 2, Outcome: data.OutcomeFailed, Detail: "dpkg: exit status 1", Ended: judgeNow.Add(-time.Hour)},
	}
	needs, err := s.Needs()
	if err != nil || len(needs) != 2 || needs[0].Kind != NeedUnknownRun || needs[1].Kind != NeedFailedRun || // what failed and the stop it made are one
		!strings.HasSuffix(needs[1].Title, ", which has stopped") || !strings.HasSuffix(needs[1].Because, "1 of 2 runs failed.") {
		t.Fatalf("%+v, %v", needs, err)
	}
	if !strings.Contains(needs[0].Because, "Nothing is done again before somebody has looked.") || len(needs[0].Runs) != 1 {
		t.Errorf("%+v", needs[0])
	}
	s.Rollouts[0].State, s.Rollouts[0].Resumed = data.RolloutDone, judgeNow
	needs, err = s.Needs()
	if err != nil || len(needs) != 1 || needs[0].Kind != NeedUnknownRun {
		t.Errorf("after a person let it go on: %+v, %v; what is not known stays", needs, err)
	}
}
