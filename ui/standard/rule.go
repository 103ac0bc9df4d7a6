package standard

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// severities are the choices for the least severity, by their words.
var severities = []struct {
	word string
	s    data.Severity
}{{"Any", data.SeverityUnknown}, {"Low and worse", data.Low}, {"Medium and worse", data.Medium}, {"High and worse", data.High}, {"Critical", data.Critical}}

// editRule edits the rule at an index, or adds one at the end for -1.
func (x *Screen) editRule(at int) {
	if x.draft == nil {
		x.begin()
		if x.draft == nil {
			return
		}
	}
	if at < 0 {
		x.addRule(len(x.draft.Rules))
		return
	}
	x.ruleDialog(fmt.Sprintf("Rule %d", at+1), x.draft.Rules[at], func(r data.Rule) {
		x.edit("", func(s *data.Standard) { s.Rules[at] = r })
	})
}

// addRule adds a rule before the one at an index.
func (x *Screen) addRule(at int) {
	x.ruleDialog("New rule", data.Rule{Due: data.Span{Days: 14}}, func(r data.Rule) {
		x.edit("", func(s *data.Standard) { s.Rules = slices.Insert(s.Rules, at, r) })
		x.grid.GoTo(at)
	})
}

// A ruleForm is the inputs of one rule.
type ruleForm struct {
	clause, technologies, groups, due *kit.Entry
	classes, exposures                []*kit.Chip
	severity                          *kit.Select
	unrated                           *kit.Check
	reads                             *kit.Caption
	known                             []data.Group
}

func newRuleForm(r data.Rule, groups []data.Group) *ruleForm {
	f := &ruleForm{known: groups, reads: kit.NewMuted("").Cut()}
	told := func() { f.tell() }
	f.clause = kit.NewEntry("4.2, or ISM-1877").With(r.Clause)
	for _, c := range data.Classes {
		chip := kit.NewChip(kit.StatusNone, classWord(c), -1, nil)
		chip.Set(slices.Contains(r.When.Classes, c))
		chip.OnChanged = func(bool) { told() }
		f.classes = append(f.classes, chip)
	}
	for _, e := range data.Exposures {
		chip := kit.NewChip(kit.StatusNone, sentenceStart(string(e)), -1, nil)
		chip.Set(slices.Contains(r.When.Exposures, e))
		chip.OnChanged = func(bool) { told() }
		f.exposures = append(f.exposures, chip)
	}
	var words []string
	chosen := severities[0].word
	for _, s := range severities {
		words = append(words, s.word)
		if s.s == r.When.MinSeverity {
			chosen = s.word
		}
	}
	f.severity = kit.NewSelect(words, chosen, "", func(string) { told() })
	f.unrated = kit.NewCheck("Unrated too", r.When.UnknownToo, func(bool) { told() })
	f.technologies = kit.NewEntry("Debian, Ubuntu").With(strings.Join(r.When.Technologies, ", "))
	f.groups = kit.NewEntry("web, database").With(groupWords(r.When.Groups, groups))
	f.due = kit.NewEntry("14 days").With(spanText(r.Due))
	for _, e := range []*kit.Entry{f.technologies, f.groups, f.due} {
		e.OnChanged = func(string) { told() }
	}
	f.tell()
	return f
}

func classWord(c data.Class) string {
	if c == data.ClassUnknown {
		return "Unclassed"
	}
	return sentenceStart(string(c))
}

// groupWords joins the names of groups. A group that is gone keeps its number.
func groupWords(ids []data.GroupID, groups []data.Group) string {
	var out []string
	for _, id := range ids {
		name := fmt.Sprintf("group %d", id)
		for _, g := range groups {
			if g.ID == id {
				name = g.Name
			}
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

func list(e *kit.Entry) []string {
	var out []string
	for _, s := range strings.Split(e.Text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// rule reads the form.
func (f *ruleForm) rule() (data.Rule, error) {
	r := data.Rule{Clause: f.clause.Trimmed()}
	for i, c := range f.classes {
		if c.On() {
			r.When.Classes = append(r.When.Classes, data.Classes[i])
		}
	}
	for i, c := range f.exposures {
		if c.On() {
			r.When.Exposures = append(r.When.Exposures, data.Exposures[i])
		}
	}
	for _, s := range severities {
		if s.word == f.severity.Chosen() {
			r.When.MinSeverity = s.s
		}
	}
	r.When.UnknownToo = f.unrated.Checked && r.When.MinSeverity != data.SeverityUnknown
	r.When.Technologies = list(f.technologies)
	var err error
	if r.When.Groups, err = f.groupIDs(); err != nil {
		return r, err
	}
	r.Due, err = app.ParseSpan(f.due.Text)
	return r, err
}

func (f *ruleForm) groupIDs() ([]data.GroupID, error) {
	var out []data.GroupID
	for _, name := range list(f.groups) {
		at := slices.IndexFunc(f.known, func(g data.Group) bool { return strings.EqualFold(g.Name, name) })
		if at < 0 {
			return nil, fmt.Errorf("There is no group %q.", name)
		}
		out = append(out, f.known[at].ID)
	}
	return out, nil
}

// tell says in words what the form says now.
func (f *ruleForm) tell() {
	r, err := f.rule()
	if err != nil {
		f.reads.SetText(sentence(err.Error()))
		return
	}
	f.reads.SetText(sentenceStart(app.ConditionText(r.When, f.known)) + ": " + spanText(r.Due) + ".")
}

func chips(list []*kit.Chip) fyne.CanvasObject {
	row := kit.HBox(4)
	for _, c := range list {
		row.Add(c)
	}
	return row
}

// ruleDialog edits one rule and hands it to done.
func (x *Screen) ruleDialog(title string, r data.Rule, done func(data.Rule)) {
	f := newRuleForm(r, x.groups)
	var names []string
	for _, g := range x.groups {
		names = append(names, g.Name)
	}
	hint := "There are no groups yet."
	if len(names) > 0 {
		hint = "None: all. There are " + strings.Join(names, ", ") + "."
	}
	form := kit.NewForm(
		&kit.Field{Label: "Clause", Input: f.clause, Hint: "The standard's own number; every deadline names it."},
		&kit.Field{Label: "Classes", Input: chips(f.classes), Hint: "None chosen: all. What a source does not state is judged like security."},
		&kit.Field{Label: "Severity", Input: kit.HBox(12, f.severity, f.unrated)},
		&kit.Field{Label: "Exposure", Input: chips(f.exposures), Hint: "None chosen: all."},
		&kit.Field{Label: "Technologies", Input: f.technologies, Hint: "With commas between; empty: all."},
		&kit.Field{Label: "Groups", Input: f.groups, Hint: hint, Check: func() error { _, err := f.groupIDs(); return err }},
		&kit.Field{Label: "In within", Input: f.due, Hint: "48 hours, 14 days, 1 month, at once, or no deadline.", Check: func() error {
			if _, err := app.ParseSpan(f.due.Text); err != nil {
				return errors.New(sentence(err.Error()))
			}
			return nil
		}},
	)
	var made data.Rule
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: title, Width: 660, Form: form, Content: f.reads, Confirm: "Take over",
		OnConfirm: func() (err error) { made, err = f.rule(); return err },
		OnDone:    func() { done(made) }})
}
