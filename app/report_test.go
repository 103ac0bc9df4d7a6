package app

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"secondtuesday/data"
)

// reported is the report of a shop with a good host, one that is overdue, and
// one of which nothing is known.
func reported(t *testing.T) Report {
	t.Helper()
	d, shop, now := newOffice(t)
	ids := addHosts(t, d, "good1", "late1", "never1")
	shop.says("good1", believable(*now))
	shop.says("late1", believable(*now, data.Update{Name: "openssl", Available: "2", Class: data.Security, Severity: data.Critical, Released: now.AddDate(0, -3, 0)}))
	scanAll(t, d, ids[:2])
	r, err := d.Compliance(t.Context(), now.AddDate(0, 0, -30), now.Location())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReportExplainsEveryFigure(t *testing.T) {
	r := reported(t)
	var b bytes.Buffer
	if err := WriteReport(&b, r, ReportFacts{Workspace: "shop.db", By: "anna", AuditEntries: 7, AuditHash: "abc123"}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, f := range r.Figures {
		if f.Sentence == "" {
			t.Errorf("%q has no sentence", f.Name)
		}
		if !strings.Contains(page, f.Name) || !strings.Contains(page, strings.ReplaceAll(f.Sentence, "'", "&#39;")) {
			t.Errorf("the report does not explain %q: %s", f.Name, f.Sentence)
		}
	}
	for _, want := range []string{"The promise is not kept", "33 %", "abc123", "it is not known how they stand", "By technology"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, far := range []string{"http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(page, far) {
			t.Errorf("the report needs something from elsewhere: %s", far)
		}
	}
}

// TestNoUpdatesOfUnknownHostsIsNoZero: nobody has counted what such hosts lack.
func TestNoUpdatesOfUnknownHostsIsNoZero(t *testing.T) {
	r := Report{ByGroup: []Total{
		{Name: "never seen", Hosts: 2, Counts: map[data.Compliance]int{data.Unknown: 2}},
		{Name: "well kept", Hosts: 1, Counts: map[data.Compliance]int{data.Compliant: 1}},
	}}
	var b bytes.Buffer
	if err := WriteReport(&b, r, ReportFacts{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"never seen": `<td class="n">–</td><td class="n">–</td></tr>`, "well kept": `<td class="n">0</td><td class="n">0</td></tr>`} {
		_, row, _ := strings.Cut(b.String(), name)
		row, _, _ = strings.Cut(row, "\n")
		if !strings.HasSuffix(row, want) {
			t.Errorf("%s: %s", name, row)
		}
	}
}

// TestUnknownIsNeverGreen holds the first rule of trust for the report: a host
// nobody knows is in no share that counts as good, and has a sign of its own.
func TestUnknownIsNeverGreen(t *testing.T) {
	r := reported(t)
	if r.All.Counts[data.Unknown] != 1 || r.All.Share.Value > 0.34 {
		t.Fatalf("%+v", r.All)
	}
	r.Standard.Target, r.MeetsTarget = 0.3, true
	if v := r.Verdict(); !strings.Contains(v, "Of 1 host it is not known") {
		t.Errorf("the verdict hides what is not known: %s", v)
	}
	if reportSigns[data.Unknown] == reportSigns[data.Compliant] {
		t.Error("unknown has the sign of compliant")
	}
	if i := strings.Index(reportHTML, ".unknown {"); i < 0 || strings.Contains(reportHTML[i:i+80], "#2E9E62") {
		t.Error("unknown has the colour of compliant")
	}
	unknown := Figure{Name: "on-time rate", Unit: "share", Value: 1}
	if unknown.Text() != "not known" {
		t.Errorf("a figure taken from nothing says %q", unknown.Text())
	}
}

func TestNamesCannotWriteIntoTheReport(t *testing.T) {
	r := reported(t)
	r.ByGroup = []Total{{Name: "<script>alert(1)</script>", Hosts: 1, Counts: map[data.Compliance]int{data.Overdue: 1}}}
	var b bytes.Buffer
	if err := WriteReport(&b, r, ReportFacts{Workspace: "<img src=x>"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script>") || strings.Contains(b.String(), "<img") {
		t.Error("a name became part of the page")
	}
}

// A name may hold U+202E, after which letters run from right to left: in a
// sentence with others it would turn them round too, and make one word of the
// report read as another.
func TestNameTurnsNoOtherWordOfTheReportRound(t *testing.T) {
	r := reported(t)
	const name = "\u202Elive"
	r.ByGroup = []Total{{Name: name, Hosts: 1}}
	r.Standard.Name, r.Standard.Owner, r.Standard.Approver, r.Standard.Source = name, name, name, name
	var b bytes.Buffer
	if err := WriteReport(&b, r, ReportFacts{Workspace: name, By: name}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	_, page, _ = strings.Cut(page, "</title>")
	if all, alone := strings.Count(page, name), strings.Count(page, "<bdi>"+name+"</bdi>"); all != 7 || alone != all {
		t.Errorf("%d of %d names stand for themselves, want 7 of 7", alone, all)
	}
}

func TestReportNamesTheGroupOfARule(t *testing.T) {
	d, _, now := newOffice(t)
	web, err := d.SaveGroup(t.Context(), data.Group{Name: "Web shop"})
	if err != nil {
		t.Fatal(err)
	}
	std, _ := Template("30-60-90")
	std.Rules = append([]data.Rule{{Clause: "0", When: data.Condition{Groups: []data.GroupID{web}}, Due: data.Span{Days: 2}}}, std.Rules...)
	*now = now.AddDate(0, 0, 1)
	if _, err := d.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	r, err := d.Compliance(t.Context(), now.AddDate(0, 0, -30), now.Location())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteReport(&b, r, ReportFacts{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "All updates on hosts of Web shop.") {
		t.Errorf("the group of rule 0 is not named: %s", b.String()[strings.Index(b.String(), "The standard in force"):])
	}
}

func TestReportForbidsTheBrowserToLoadOrRunAnything(t *testing.T) {
	var b bytes.Buffer
	if err := WriteReport(&b, reported(t), ReportFacts{}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`) {
		t.Error("it may load what it likes")
	}
	for _, program := range []string{"<script", "javascript:", " onload", " onerror"} {
		if strings.Contains(page, program) {
			t.Errorf("it runs %q", program)
		}
	}
}

func TestFiguresCSVLeavesUnknownEmptyAndRunsNoFormula(t *testing.T) {
	r := reported(t)
	r.ByGroup = []Total{{Name: "=cmd()", Hosts: 1, Counts: map[data.Compliance]int{data.Unknown: 1}, Share: Figure{Sentence: "0 of 1 host."}}}
	r.Figures = append(r.Figures, Figure{Name: "nothing yet", Unit: "days", Sentence: "Nothing to count."})
	var b bytes.Buffer
	if err := WriteFiguresCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sawNothing, sawFormula := false, false
	for _, row := range rows[1:] {
		if row[2] == "nothing yet" {
			sawNothing = row[3] == "" && row[7] == "Nothing to count."
		}
		if strings.Contains(row[1], "cmd()") {
			sawFormula = true
			if row[1] != "'=cmd()" {
				t.Errorf("a spreadsheet would run %q", row[1])
			}
		}
		if row[7] == "" {
			t.Errorf("no explanation: %q", row)
		}
	}
	if !sawNothing || !sawFormula {
		t.Errorf("unknown left empty: %v, group there: %v", sawNothing, sawFormula)
	}
}

func TestReportOfAnEmptyShopSaysSo(t *testing.T) {
	var b bytes.Buffer
	if err := WriteReport(&b, Report{Now: judgeNow}, ReportFacts{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "There are no hosts to judge.") || strings.Contains(b.String(), "verdict kept") {
		t.Error("an empty shop is reported as something else")
	}
}

func TestTrendBeginsWhereSomethingWasKnown(t *testing.T) {
	days := []TrendDay{
		{Counts: map[data.Compliance]int{data.Unknown: 2}}, {Counts: map[data.Compliance]int{data.Unknown: 1, data.Compliant: 1}},
		{Counts: map[data.Compliance]int{data.Unknown: 2}},
	}
	if got := Known(days); len(got) != 2 {
		t.Errorf("%d days are left", len(got))
	}
	if s, ok := days[1].Share(); !ok || s != 0.5 {
		t.Errorf("share %v, %v", s, ok)
	}
	if _, ok := (TrendDay{}).Share(); ok {
		t.Error("no hosts have a share")
	}
}
