package standard

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A ruleRow is one rule of the document.
type ruleRow struct {
	at       int // index in the standard
	clause   string
	what     string
	deadline string
	doubt    string
}

func ruleRows(s data.Standard, doubts []app.Doubt, groups []data.Group) []ruleRow {
	out := make([]ruleRow, len(s.Rules))
	for i, r := range s.Rules {
		out[i] = ruleRow{at: i, clause: clauseOf(r, i), what: sentenceStart(app.ConditionText(r.When, groups)), deadline: spanText(r.Due)}
	}
	for _, d := range doubts {
		if d.Rule >= 0 && d.Rule < len(out) {
			out[d.Rule].doubt = strings.TrimSpace(out[d.Rule].doubt + " " + d.Because)
		}
	}
	return out
}

// clauseOf names a rule: by its clause, else by its place.
func clauseOf(r data.Rule, at int) string {
	if r.Clause == "" {
		return fmt.Sprintf("Rule %d", at+1)
	}
	return r.Clause
}

func spanText(s data.Span) string {
	if s == (data.Span{}) {
		return "at once"
	}
	return app.SpanText(s)
}

var columns = []kit.Column[ruleRow]{
	{ID: "clause", Title: "Clause", Width: 208, Text: func(r ruleRow) string { return r.clause }, Compare: func(a, b ruleRow) int { return a.at - b.at }},
	{ID: "for", Title: "For", Width: 330, Grow: true, Text: func(r ruleRow) string { return r.what }},
	{ID: "deadline", Title: "In within", Width: 96, Text: func(r ruleRow) string { return r.deadline }},
	{ID: "doubt", Title: "Doubt", Width: 104, Hidden: true, Status: func(r ruleRow) kit.Status {
		if r.doubt != "" {
			return kit.StatusWarning
		}
		return kit.StatusNone
	}, Text: func(r ruleRow) string {
		if r.doubt != "" {
			return "Doubtful"
		}
		return ""
	}, Tip: func(r ruleRow) string { return r.doubt }},
}

// doubtful reports whether there is anything to show in the column of doubts.
func doubtful(rows []ruleRow) bool {
	return slices.ContainsFunc(rows, func(r ruleRow) bool { return r.doubt != "" })
}

// A fact is a name and what stands for it.
type fact struct{ name, value string }

// who says whose the standard is.
func who(s data.Standard) []fact {
	version := "draft"
	if s.Version > 0 {
		version = kit.Number(s.Version)
	}
	out := []fact{{"Owner", orNobody(s.Owner)}, {"Approver", orNobody(s.Approver)}}
	if s.Version > 0 {
		version += ", valid from " + kit.Date(s.ValidFrom)
	}
	return append(out, fact{"Version", version}, fact{"Rules", kit.Number(len(s.Rules))})
}

// promises says what it wants beside deadlines.
func promises(s data.Standard) []fact {
	reboot := "no promise"
	if s.RebootWithin > 0 {
		reboot = "within " + app.DurationText(s.RebootWithin)
	}
	return []fact{
		{"Promised", kit.Percent(s.Target) + " of hosts compliant"},
		{"A scan counts for", app.DurationText(or(s.ScanMaxAge, data.DefaultScanMaxAge))},
		{"Pending reboot", reboot},
		{"Due soon", app.DurationText(or(s.DueSoon, data.DefaultDueSoon)) + " before a deadline"},
	}
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func orNobody(s string) string {
	if s == "" {
		return "not named"
	}
	return s
}

func lines(facts []fact) []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, f := range facts {
		out = append(out, container.NewBorder(nil, nil, named(f.name), nil, kit.Pad(kit.NewText(f.value).Cut(), 0, 0, 0, 12)))
	}
	return out
}

func named(name string) fyne.CanvasObject {
	return container.NewGridWrap(fyne.NewSize(116, 20), kit.NewMuted(name))
}

func doubtText(doubts []app.Doubt) string {
	var out []string
	for _, d := range doubts {
		out = append(out, d.Because)
	}
	return joined(out)
}

func joined(sentences []string) string { return strings.Join(sentences, "\n") }

func sentenceStart(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func sentence(s string) string { return sentenceStart(strings.TrimSuffix(s, ".")) + "." }

func same(a, b data.Standard) bool { return reflect.DeepEqual(a, b) }

// sideLayout keeps the history narrow beside the document.
type sideLayout struct{}

const (
	sideWidth = 240
	sideGap   = 8
)

// MinSize implements fyne.Layout.
func (*sideLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(a.Width+sideGap+sideWidth, max(a.Height, b.Height))
}

// Layout implements fyne.Layout.
func (*sideLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := max(size.Width*0.2, sideWidth)
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(fyne.NewSize(size.Width-w-sideGap, size.Height))
	o[1].Move(fyne.NewPos(size.Width-w, 0))
	o[1].Resize(fyne.NewSize(w, size.Height))
}

// days writes a duration as the number of whole days a form asks for.
func days(d time.Duration) string { return fmt.Sprint(int(d / (24 * time.Hour))) }
