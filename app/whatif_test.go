package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func TestDraftIsJudgedAndNothingIsStored(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1", "db1")
	young := data.Update{Name: "curl", Available: "2", Class: data.Security, Severity: data.Low, Released: now.AddDate(0, 0, -10)}
	shop.says("web1", believable(*now, young))
	shop.says("db1", believable(*now))
	scanAll(t, d, ids)
	before := storedVerdict(t, d, ids[0])
	draft := data.Standard{Name: "strict", Target: 1, Rules: []data.Rule{{Clause: "all", Due: data.Span{Days: 2}}}}
	e, err := d.WhatIf(t.Context(), draft, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.Hosts != 2 || e.Updates != 1 || !slices.Equal(e.NewlyOverdue, ids[:1]) || e.Sooner != 1 || e.Share != 0.5 || e.Kept {
		t.Errorf("%+v", e)
	}
	if text := strings.Join(e.Sentences(), " "); !strings.Contains(text, "1 host would go from compliant to overdue.") {
		t.Errorf("%s", text)
	}
	if after := storedVerdict(t, d, ids[0]); after.Compliance != before.Compliance || after.Version != before.Version {
		t.Errorf("stored was %+v, is %+v", before, after)
	}
	if all, err := d.DB.Standards(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d versions, %v", len(all), err)
	}
}

func TestSameRulesChangeNothing(t *testing.T) {
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "web1")
	shop.says("web1", believable(*now, data.Update{Name: "curl", Available: "2", Class: data.Security, Severity: data.High}))
	scanAll(t, d, ids)
	std, err := d.DB.StandardAt(t.Context(), *now)
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.WhatIf(t.Context(), std, nil)
	if err != nil || len(e.HostShifts)+len(e.UpdateShifts)+e.Sooner+e.Later != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	if !slices.Contains(e.Sentences(), "No host would be judged otherwise today.") {
		t.Errorf("%v", e.Sentences())
	}
}

func TestDraftThatCannotBeUsedIsNotJudgedBy(t *testing.T) {
	d, _, _ := newOffice(t)
	if _, err := d.WhatIf(t.Context(), data.Standard{Name: "empty"}, nil); err == nil {
		t.Error("a standard without rules was judged by")
	}
}

func TestConditionsReadAsAPersonWouldSayThem(t *testing.T) {
	groups := []data.Group{{ID: 1, Name: "web"}}
	for want, c := range map[string]data.Condition{
		"all updates": {},
		"security updates rated critical on internet hosts":  {Classes: []data.Class{data.Security}, MinSeverity: data.Critical, Exposures: []data.Exposure{data.Internet}},
		"security updates rated high or worse or not rated":  {Classes: []data.Class{data.Security}, MinSeverity: data.High, UnknownToo: true},
		"bug fix and feature updates on Debian hosts of web": {Classes: []data.Class{data.BugFix, data.Feature}, Technologies: []string{"Debian"}, Groups: []data.GroupID{1}},
		"updates rated medium or worse on hosts of group 7":  {MinSeverity: data.Medium, Groups: []data.GroupID{7}},
		"unclassed updates on internal and air-gapped hosts": {Classes: []data.Class{data.ClassUnknown}, Exposures: []data.Exposure{data.Internal, data.AirGapped}},
	} {
		if got := ConditionText(c, groups); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDifferenceOfVersionsIsSaidInWords(t *testing.T) {
	a := data.Standard{Name: "ours", Target: 0.9, Owner: "Petra", Rules: []data.Rule{
		{Clause: "1", When: data.Condition{MinSeverity: data.Critical}, Due: data.Span{Days: 7}},
		{Clause: "2", Due: data.Span{Days: 30}},
		{Clause: "3", Due: data.Span{Months: 3}},
	}}
	b := a
	b.Target, b.Owner, b.RebootWithin = 0.95, "", 48*time.Hour
	b.Rules = []data.Rule{{Clause: "2", Due: data.Span{Days: 14}}, a.Rules[0], {Clause: "9", Due: data.Span{None: true}}}
	got := strings.Join(StandardChanges(a, b, nil), "\n")
	want := `Clause 2 gives 14 days, before 30 days.
New, as rule 3: no deadline for all updates (clause 9).
Gone: 3 months for all updates (clause 3).
The rules are read in another order.
The promised share of compliant hosts is 95 %, before 90 %.
A pending reboot must happen within 2 days, before no promised time.
The owner is not named, before "Petra".`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if same := StandardChanges(a, a, nil); len(same) != 0 {
		t.Errorf("nothing differs, but %v", same)
	}
}

func TestSpansAreReadAsTheyAreWritten(t *testing.T) {
	for _, s := range []data.Span{{}, {None: true}, {Hours: 48}, {Days: 14}, {Months: 1}, {Months: 1, Days: 3, Hours: 2}} {
		if got, err := ParseSpan(SpanText(s)); err != nil || got != s {
			t.Errorf("%q is read as %+v, %v", SpanText(s), got, err)
		}
	}
	for text, want := range map[string]data.Span{"2w": {Days: 14}, "48h": {Hours: 48}, " 1 Month ": {Months: 1}} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "soon", "14", "14 fortnights", "days", "3 4 days", "-2 days", "99999 days"} {
		if got, err := ParseSpan(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, got)
		}
	}
}
