package app

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func TestTemplatesAreSound(t *testing.T) {
	want := []string{"small-shop", "30-60-90", "au-e8-ml1", "au-e8-ml3", "uk-ce-3.3", "uk-ncsc-vm-2", "pci-4.0.1", "us-bod-26-04"}
	for i, s := range Templates() {
		if i >= len(want) || s.Template != want[i] || s.Source == "" || s.Note == "" || s.Target == 0 {
			t.Errorf("template %d is %+v", i, s)
		}
		doubts, err := CheckStandard(s)
		if err != nil || len(doubts) > 0 {
			t.Errorf("%s: %v, %v", s.Template, doubts, err)
		}
	}
	if _, ok := Template("nonesuch"); ok {
		t.Error("a template that does not exist is found")
	}
}

// TestTemplatesNeverGiveTheUnratedMoreTime holds the conservative side: what a
// source does not rate must not be given more time than a high security update.
func TestTemplatesNeverGiveTheUnratedMoreTime(t *testing.T) {
	for _, s := range Templates() {
		m := NewMeasure(s)
		for _, e := range data.Exposures {
			high := m.firstFit(facts{class: data.Security, severity: data.High, exposure: e})
			for _, c := range []data.Class{data.Security, data.ClassUnknown} {
				if n := m.firstFit(facts{class: c, exposure: e}); longer(s.Rules[n].Due, s.Rules[high].Due) {
					t.Errorf("%s, %s: unrated updates of class %q get %s, high ones %s", s.Template, e, c, SpanText(s.Rules[n].Due), SpanText(s.Rules[high].Due))
				}
			}
		}
	}
}

// Windows offers previews that nobody has to take, and definitions every day.
func TestTemplatesTreatTheClassesOfWindows(t *testing.T) {
	for _, s := range Templates() {
		m := NewMeasure(s)
		for _, e := range data.Exposures {
			due := func(c data.Class) data.Span { return s.Rules[m.firstFit(facts{class: c, exposure: e})].Due }
			// Another one replaces it within a month, under another name.
			if got := due(data.Optional); !got.None && got.Days < 90 && got.Months < 3 {
				t.Errorf("%s, %s: a preview is due within %s", s.Template, e, SpanText(got))
			}
			if longer(due(data.Definition), due(data.Driver)) {
				t.Errorf("%s, %s: definitions have %s, drivers %s", s.Template, e, SpanText(due(data.Definition)), SpanText(due(data.Driver)))
			}
			// A definition is offered anew with nearly every scan: what is shorter
			// than the age of a scan would be late between two of them.
			if d := due(data.Definition); s.Template == "small-shop" && (d.None || d.Days*24 < 2*int(s.ScanMaxAge/time.Hour)) {
				t.Errorf("definitions have %s", SpanText(d))
			}
		}
	}
}

func TestDeadlinesOfTemplatesAreTheSources(t *testing.T) {
	start := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		template string
		severity data.Severity
		exposure data.Exposure
		want     time.Time
		clause   string
	}{
		{"small-shop", data.Critical, data.Internet, start.Add(48 * time.Hour), "1"},
		{"small-shop", data.Low, data.Internal, start.AddDate(0, 0, 30), "5"},
		{"au-e8-ml1", data.Critical, data.Internet, start.Add(48 * time.Hour), "ISM-1877"},
		{"au-e8-ml1", data.Medium, data.Internet, start.AddDate(0, 0, 14), "ISM-1694"},
		{"au-e8-ml1", data.Critical, data.Internal, time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), "ISM-1695"},
		{"au-e8-ml3", data.Critical, data.AirGapped, start.Add(48 * time.Hour), "ISM-1877/1696/1879/1903"},
		{"uk-ce-3.3", data.Low, data.Internal, start.AddDate(0, 0, 14), "security update management (A6.4, A6.5)"},
		{"uk-ncsc-vm-2", data.Low, data.Internet, start.AddDate(0, 0, 5), "internet-facing"},
		{"pci-4.0.1", data.Critical, data.Internal, time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), "6.3.3"},
		{"us-bod-26-04", data.Critical, data.Internet, start.AddDate(0, 0, 3), "Table 1, exposed (worst case)"},
		{"30-60-90", data.High, data.Internal, start.AddDate(0, 0, 60), "high"},
	} {
		s, _ := Template(c.template)
		m := NewMeasure(s)
		r := s.Rules[m.firstFit(facts{class: data.Security, severity: c.severity, exposure: c.exposure})]
		if got := r.Due.From(start); !got.Equal(c.want) || r.Clause != c.clause {
			t.Errorf("%s, %s, %s: %s by %s, want %s by %s", c.template, c.severity, c.exposure, got, r.Clause, c.want, c.clause)
		}
	}
}

func TestDoubtsOfAStandardAreNamed(t *testing.T) {
	s := data.Standard{Name: "x", Rules: []data.Rule{
		{Clause: "1", When: data.Condition{Classes: []data.Class{data.Security}, MinSeverity: data.Critical}, Due: data.Span{Days: 30}},
		{Clause: "2", When: data.Condition{Classes: []data.Class{data.Security}, UnknownToo: true}, Due: data.Span{Days: 7}},
		{Clause: "3", When: data.Condition{Classes: []data.Class{data.Security, data.ClassUnknown}, Exposures: []data.Exposure{data.Internal}}, Due: data.Span{Days: 7}},
		{Clause: "4", When: data.Condition{Technologies: []string{"Debian"}}, Due: data.Span{Days: 7}},
		{Clause: "5", When: data.Condition{Technologies: []string{" debian "}, Groups: []data.GroupID{4}}, Due: data.Span{Days: 7}},
	}}
	doubts, err := CheckStandard(s)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range doubts {
		all = append(all, d.Because)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"Clause 3 is never used", "Clause 5 is never used", "Clause 1 gives critical updates 30 days, and clause 2 gives high ones only 7 days", "No rule fits, for one"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(doubts) != 4 {
		t.Errorf("%d doubts:\n%s", len(doubts), text)
	}
}

func TestStandardsThatMakeNoSenseAreRefused(t *testing.T) {
	good, _ := Template("small-shop")
	for name, spoil := range map[string]func(*data.Standard){
		"no name":       func(s *data.Standard) { s.Name = "" },
		"no rules":      func(s *data.Standard) { s.Rules = nil },
		"target of 95":  func(s *data.Standard) { s.Target = 95 },
		"negative age":  func(s *data.Standard) { s.ScanMaxAge = -1 },
		"negative days": func(s *data.Standard) { s.Rules[0].Due = data.Span{Days: -1} },
		"none and days": func(s *data.Standard) { s.Rules[0].Due = data.Span{None: true, Days: 1} },
		"odd class":     func(s *data.Standard) { s.Rules[0].When.Classes = []data.Class{"urgent"} },
		"odd severity":  func(s *data.Standard) { s.Rules[0].When.MinSeverity = "moderate" },
		"odd exposure":  func(s *data.Standard) { s.Rules[0].When.Exposures = []data.Exposure{"dmz"} },
	} {
		s := good
		s.Rules = append([]data.Rule(nil), good.Rules...)
		spoil(&s)
		if _, err := CheckStandard(s); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
