package compliance

import (
	"cmp"
	"fmt"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A row is one line of the totals.
type row struct {
	app.Total
	by    string
	group data.GroupID
}

// known is a number of updates; a zero of which no host gives proof is none.
func (r *row) known(n int) string {
	if r.Unproven(n) {
		return "–"
	}
	return kit.Number(n)
}

// rows makes the table's lines, the largest set first.
func rows(v view, by string) []*row {
	totals := v.report.ByTechnology
	switch by {
	case byBusinessUnit:
		totals = v.report.ByBusinessUnit
	case byGroup:
		totals = v.report.ByGroup
	}
	ids := map[string]data.GroupID{}
	for _, g := range v.groups {
		ids[g.Name] = g.ID
	}
	out := make([]*row, 0, len(totals))
	for _, t := range totals {
		r := &row{Total: t, by: by}
		if by == byGroup {
			r.group = ids[t.Name]
		}
		out = append(out, r)
	}
	return out
}

func (r *row) label() string {
	switch {
	case r.Name != "":
		return r.Name
	case r.by == byGroup:
		return "In no group"
	case r.by == byBusinessUnit:
		return "No business unit"
	}
	return "Not known yet"
}

// place returns where the hosts of a line are seen; false where the hosts
// screen has no words for them.
func (r *row) place() (ui.Place, bool) {
	switch {
	case r.Name == "":
		return ui.Place{}, false
	case r.by == byGroup:
		return ui.Place{Screen: ui.Hosts, Group: r.group}, r.group != 0
	case r.by == byBusinessUnit:
		return ui.Place{Screen: ui.Hosts, Search: `unit:"` + r.Name + `"`}, true
	}
	return ui.Place{Screen: ui.Hosts, Search: `technology:"` + r.Name + `"`}, true
}

func columns() []kit.Column[*row] {
	number := func(c data.Compliance, width float32) kit.Column[*row] {
		s := kit.OfCompliance(c)
		return kit.Column[*row]{ID: string(c), Title: s.Word(), Width: width, Align: fyne.TextAlignTrailing,
			Text:    func(r *row) string { return kit.Number(r.Counts[c]) },
			Compare: func(a, b *row) int { return cmp.Compare(a.Counts[c], b.Counts[c]) },
			Tip:     func(r *row) string { return r.Share.Sentence },
			Tint: func(r *row) fyne.ThemeColorName {
				if r.Counts[c] == 0 {
					return kit.ColorMuted
				}
				return s.Color()
			}}
	}
	return []kit.Column[*row]{
		{ID: "name", Title: "Hosts of", Width: 170, Grow: true, Text: (*row).label},
		{ID: "share", Title: "Compliant", Width: 150, Grow: true, Text: func(r *row) string { return kit.Percent(r.Share.Value) }, Share: func(r *row) float64 { return r.Share.Value },
			Compare: func(a, b *row) int { return cmp.Compare(a.Share.Value, b.Share.Value) }, Tip: func(r *row) string { return r.Share.Sentence }},
		{ID: "hosts", Title: "Hosts", Width: 72, Align: fyne.TextAlignTrailing, Text: func(r *row) string { return kit.Number(r.Hosts) }, Compare: func(a, b *row) int { return cmp.Compare(a.Hosts, b.Hosts) }},
		number(data.Overdue, 84), number(data.Unknown, 88), number(data.DueSoon, 88), number(data.Excepted, 88),
		{ID: "missing", Title: "Missing", Width: 84, Align: fyne.TextAlignTrailing, Text: func(r *row) string { return r.known(r.Missing) }, Compare: func(a, b *row) int { return cmp.Compare(a.Missing, b.Missing) },
			Tip: func(r *row) string {
				return kit.Count(r.Missing, "update", "updates") + " missing, by the newest scans"
			}},
		{ID: "late", Title: "Overdue updates", Width: 146, Align: fyne.TextAlignTrailing, Text: func(r *row) string { return r.known(r.Overdue) }, Compare: func(a, b *row) int { return cmp.Compare(a.Overdue, b.Overdue) }},
	}
}

// slices are the parts of the donut, worst first.
func slices(r app.Report) []kit.Slice {
	var out []kit.Slice
	for _, c := range data.Compliances {
		out = append(out, kit.Slice{Status: kit.OfCompliance(c), Count: r.All.Counts[c]})
	}
	return out
}

// points are the days of the trend on which anything was known.
func points(r app.Report) []kit.Point {
	var out []kit.Point
	for _, d := range app.Known(r.Trend) {
		if share, ok := d.Share(); ok {
			out = append(out, kit.Point{At: time.Date(d.Date.Year, d.Date.Month, d.Date.Day, 12, 0, 0, 0, time.Local), Share: share})
		}
	}
	return out
}

// subtitle is the one thing the page answers.
func subtitle(r app.Report) string {
	switch {
	case r.All.Hosts == 0, r.Standard.Version == 0:
		return ""
	case r.MeetsTarget:
		return fmt.Sprintf("The promise of %s is kept", kit.Percent(r.Standard.Target))
	}
	return fmt.Sprintf("The promise of %s is not kept", kit.Percent(r.Standard.Target))
}

// names of the figures above, in their order.
var names = [8]string{"Compliant hosts", "Overdue hosts", "On-time rate", "Scan coverage", "Mean time to remediate (MTTR)", "Patch latency", "Reboot debt", "Excepted"}

// A figure is how one of them is shown.
type figure struct {
	value, note, explain string
	status               kit.Status
	place                ui.Place
}

// figures makes the row of figures of a report. One that is not known is a
// dash, and never has a good sign.
func figures(r app.Report) [8]figure {
	by := map[string]app.Figure{}
	for _, f := range r.Figures {
		by[f.Name] = f
	}
	share := by["compliant hosts"]
	onTime, coverage, debt, excused := by["on-time rate"], by["scan coverage"], by["reboot debt"], by["excepted updates"]
	late, unknown := r.All.Counts[data.Overdue], r.All.Counts[data.Unknown]
	first := kit.StatusOverdue
	switch {
	case r.MeetsTarget && unknown == 0:
		first = kit.StatusCompliant
	case r.MeetsTarget:
		first = kit.StatusUnknown
	}
	return [8]figure{
		{text(share), "promised " + kit.Percent(r.Standard.Target) + " of " + kit.Count(r.All.Hosts, "host", "hosts"), share.Sentence, first, ui.Place{Screen: ui.Hosts, Compliance: data.Compliant}},
		{kit.Number(late), kit.Count(r.All.Overdue, "update", "updates") + "; " + kit.Number(unknown) + " unknown", fmt.Sprintf("%s with something past its deadline. %s unknown: silence is no proof.", kit.Count(late, "host", "hosts"), kit.Count(unknown, "host is", "hosts are")),
			signIf(late > 0, kit.StatusOverdue), ui.Place{Screen: ui.Hosts, Compliance: data.Overdue}},
		{text(onTime), ofN(onTime, "deadline", "deadlines"), onTime.Sentence, kit.StatusNone, ui.Place{}},
		{text(coverage), ofN(coverage, "host", "hosts"), coverage.Sentence, signIf(coverage.Known() && coverage.Value < 1, kit.StatusUnknown), ui.Place{Screen: ui.Hosts, Compliance: data.Unknown}},
		meanMedian(by["mean time to remediate (MTTR), mean"], by["mean time to remediate (MTTR), median"]),
		meanMedian(by["patch latency, mean"], by["patch latency, median"]),
		{text(debt), "of " + kit.Count(debt.N, "known host", "known hosts"), debt.Sentence, signIf(debt.Value > 0, kit.StatusPendingReboot), ui.Place{Screen: ui.Hosts, Search: "reboot:pending"}},
		{text(excused), "of " + kit.Count(excused.N, "missing update", "missing updates"), excused.Sentence, signIf(excused.Value > 0, kit.StatusExcepted), ui.Place{Screen: ui.Hosts, Compliance: data.Excepted}},
	}
}

func text(f app.Figure) string {
	if !f.Known() {
		return "–"
	}
	return f.Text()
}

func ofN(f app.Figure, one, many string) string {
	if !f.Known() {
		return "nothing to count yet"
	}
	return "of " + kit.Count(f.N, one, many)
}

func signIf(on bool, s kit.Status) kit.Status {
	if on {
		return s
	}
	return kit.StatusNone
}

func meanMedian(mean, median app.Figure) figure {
	f := figure{value: text(mean), note: "nothing to count yet", explain: mean.Sentence}
	if mean.Known() {
		f.note = fmt.Sprintf("median %s, over %s", median.Text(), kit.Count(mean.N, "update", "updates"))
		f.explain = mean.Sentence + " The median is " + median.Text() + ": half were quicker."
	}
	return f
}

// dashLayout divides the room between charts and table.
type dashLayout struct{}

const dashGap = 8

// MinSize implements fyne.Layout.
func (*dashLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(max(a.Width, b.Width), a.Height+dashGap+b.Height)
}

// Layout implements fyne.Layout.
func (*dashLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	top := max((size.Height-2*dashGap)*0.48, o[0].MinSize().Height)
	o[0].Move(fyne.NewPos(0, dashGap))
	o[0].Resize(fyne.NewSize(size.Width, top))
	o[1].Move(fyne.NewPos(0, top+2*dashGap))
	o[1].Resize(fyne.NewSize(size.Width, size.Height-top-2*dashGap))
}

// chartsLayout sets the trend, which is read along, wider than the donut.
type chartsLayout struct{}

// MinSize implements fyne.Layout.
func (*chartsLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(a.Width+dashGap+b.Width, max(a.Height, b.Height))
}

// Layout implements fyne.Layout.
func (*chartsLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := (size.Width - dashGap) * 0.42
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(fyne.NewSize(w, size.Height))
	o[1].Move(fyne.NewPos(w+dashGap, 0))
	o[1].Resize(fyne.NewSize(size.Width-dashGap-w, size.Height))
}
