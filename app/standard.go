package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"secondtuesday/assets"
	"secondtuesday/data"
)

// A template is how assets/standards.json writes a standard.
type template struct {
	ID, Name, Source, Note                        string
	Target                                        float64
	ScanMaxAgeDays, RebootWithinDays, DueSoonDays int
	Rules                                         []templateRule
}

type templateRule struct {
	Clause              string
	Classes             []data.Class
	MinSeverity         data.Severity
	UnknownToo          bool
	Exposures           []data.Exposure
	Hours, Days, Months int
	None                bool
}

// Templates returns the shipped templates, the one proposed first. They have
// no version, owner or date; Note says how they depart from their source.
var Templates = sync.OnceValue(func() []data.Standard {
	d := json.NewDecoder(bytes.NewReader(assets.Standards))
	d.DisallowUnknownFields()
	var list []template
	if err := d.Decode(&list); err != nil {
		panic(err) // embedded; a test reads it
	}
	out := make([]data.Standard, 0, len(list))
	for _, t := range list {
		out = append(out, t.standard())
	}
	return out
})

func (t template) standard() data.Standard {
	const day = 24 * time.Hour
	s := data.Standard{
		Name: t.Name, Template: t.ID, Source: t.Source, Note: t.Note, Target: t.Target,
		ScanMaxAge:   time.Duration(t.ScanMaxAgeDays) * day,
		RebootWithin: time.Duration(t.RebootWithinDays) * day,
		DueSoon:      time.Duration(t.DueSoonDays) * day,
	}
	for _, r := range t.Rules {
		s.Rules = append(s.Rules, data.Rule{
			Clause: r.Clause,
			When:   data.Condition{Classes: r.Classes, MinSeverity: r.MinSeverity, UnknownToo: r.UnknownToo, Exposures: r.Exposures},
			Due:    data.Span{Hours: r.Hours, Days: r.Days, Months: r.Months, None: r.None},
		})
	}
	return s
}

// Template returns the shipped template of that ID.
func Template(id string) (data.Standard, bool) {
	for _, t := range Templates() {
		if t.Template == id {
			return t, true
		}
	}
	return data.Standard{}, false
}

// A Doubt is something in a standard that is allowed and hardly meant.
type Doubt struct {
	Rule    int // index; -1: the standard as a whole
	Because string
}

// CheckStandard says what keeps s from being used, and what is hardly meant:
// rules that nothing reaches, updates that no rule fits, and worse updates with
// more time than lesser ones.
func CheckStandard(s data.Standard) ([]Doubt, error) {
	if strings.TrimSpace(s.Name) == "" {
		return nil, errors.New("the standard has no name")
	}
	if len(s.Rules) == 0 {
		return nil, errors.New("the standard has no rules")
	}
	if s.Target < 0 || s.Target > 1 {
		return nil, fmt.Errorf("the target %v is not between 0 and 1", s.Target)
	}
	if s.ScanMaxAge < 0 || s.RebootWithin < 0 || s.DueSoon < 0 {
		return nil, errors.New("the standard has a time below zero")
	}
	for i, r := range s.Rules {
		if err := checkSpan(r.Due); err != nil {
			return nil, fmt.Errorf("%s: %w", clauseText(s, i), err)
		}
		if err := checkCondition(r.When); err != nil {
			return nil, fmt.Errorf("%s: %w", clauseText(s, i), err)
		}
	}
	return doubts(s), nil
}

func checkSpan(d data.Span) error {
	if d.Hours < 0 || d.Days < 0 || d.Months < 0 || d.Hours > 10_000 || d.Days > 4000 || d.Months > 120 {
		return fmt.Errorf("a time of %s is not between nothing and ten years", SpanText(d))
	}
	if d.None && (d.Hours != 0 || d.Days != 0 || d.Months != 0) {
		return errors.New("it sets no deadline and a time at once")
	}
	return nil
}

func checkCondition(w data.Condition) error {
	for _, c := range w.Classes {
		if classIndex(c) == classCount-1 && c != data.ClassUnknown {
			return fmt.Errorf("%q is no class", c)
		}
	}
	if w.MinSeverity != data.SeverityUnknown && w.MinSeverity.Rank() == 0 {
		return fmt.Errorf("%q is no severity", w.MinSeverity)
	}
	for _, e := range w.Exposures {
		if e != data.Internet && e != data.Internal && e != data.AirGapped {
			return fmt.Errorf("%q is no exposure", e)
		}
	}
	return nil
}

// doubts asks the rules about every kind of update and host that they tell
// apart, so what it says is exact.
func doubts(s data.Standard) []Doubt {
	m := NewMeasure(s)
	reached := make([]bool, len(s.Rules))
	gap, milder := "", map[int]string{}
	everyFacts(s, func(f facts) {
		n := m.firstFit(f)
		if n == noRule {
			if gap == "" {
				gap = factsText(data.Update{Class: f.class, Severity: f.severity}, data.Host{Exposure: f.exposure, Technology: f.tech})
			}
			return
		}
		reached[n] = true
		worse := f
		if i := f.severity.Rank(); i >= 1 && i < 4 {
			worse.severity = data.Severities[3-i] // Severities begin with the worst
			if k := m.firstFit(worse); k >= 0 && k != n && longer(s.Rules[k].Due, s.Rules[n].Due) {
				milder[k] = fmt.Sprintf("%s gives %s updates %s, and %s gives %s ones only %s.", clauseText(s, k),
					worse.severity, SpanText(s.Rules[k].Due), clauseText(s, n), f.severity, SpanText(s.Rules[n].Due))
			}
		}
	})
	var out []Doubt
	for i, ok := range reached {
		if !ok {
			out = append(out, Doubt{i, sentence(clauseText(s, i) + " is never used: the rules above it, or its own conditions, leave nothing for it")})
		}
		if text := milder[i]; text != "" {
			out = append(out, Doubt{i, sentence(strings.TrimSuffix(text, "."))})
		}
	}
	if gap != "" {
		out = append(out, Doubt{-1, sentence("no rule fits, for one, " + gap + "; what no rule fits is unknown; a last rule without conditions catches all")})
	}
	return out
}

func (m *Measure) firstFit(f facts) int {
	for i := range m.std.Rules {
		if fitsCondition(&m.std.Rules[i].When, m.techs[i], f) {
			return i
		}
	}
	return noRule
}

// everyFacts visits each combination of what the rules of s can tell apart.
func everyFacts(s data.Standard, visit func(facts)) {
	techs, groups := map[string]bool{"": true}, map[data.GroupID]bool{0: true}
	for _, r := range s.Rules {
		for _, t := range r.When.Technologies {
			techs[strings.ToLower(strings.TrimSpace(t))] = true
		}
		for _, g := range r.When.Groups {
			groups[g] = true
		}
	}
	for _, class := range data.Classes {
		for _, severity := range data.Severities {
			for _, exposure := range data.Exposures {
				for tech := range techs {
					for group := range groups {
						visit(facts{class, severity, exposure, tech, group})
					}
				}
			}
		}
	}
}

// longer compares spans from a day on which no month is short.
func longer(a, b data.Span) bool {
	if a.None || b.None {
		return a.None && !b.None
	}
	from := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	return a.From(from).After(b.From(from))
}

// SaveStandard makes s the next version of the shop's standard, valid from
// ValidFrom or, where that is not set or past, from now: a promise is never
// made backwards. The note says what changed and why, and must not be empty
// once there is a version to change. All hosts are judged anew when it is in
// force.
func (d *Desk) SaveStandard(ctx context.Context, s data.Standard) (data.Standard, error) {
	if _, err := CheckStandard(s); err != nil {
		return s, fmt.Errorf("save standard: %w", err)
	}
	all, err := d.DB.Standards(ctx)
	if err != nil {
		return s, fmt.Errorf("save standard: %w", err)
	}
	var before data.Standard
	for _, v := range all {
		if v.Version > before.Version {
			before = v
		}
	}
	if before.Version > 0 && strings.TrimSpace(s.Note) == "" {
		return s, errors.New("save standard: say in the note what changed and why")
	}
	now := d.Now().UTC()
	s.ID, s.Version, s.Created, s.CreatedBy = 0, before.Version+1, now, d.By
	if s.ValidFrom.Before(now) {
		s.ValidFrom = now
	}
	c := change{After: s}
	if before.Version > 0 {
		c.Before = before
	}
	if s.ID, err = d.DB.SaveStandard(ctx, s, d.entry("standard changed", fmt.Sprintf("standard %q version %d", s.Name, s.Version), s.Note, c)); err != nil {
		return s, err
	}
	if _, err := d.Refresh(ctx); err != nil {
		return s, err
	}
	return s, nil
}
