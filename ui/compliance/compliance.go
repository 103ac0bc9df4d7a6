// Package compliance is the screen of the promise: how many hosts keep the
// standard, since when, and with what figures, each of which explains itself.
// It draws what package app reports and judges nothing.
package compliance

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// The periods that the page can look back over.
var periods = []struct {
	word string
	days int
}{{"30 days", 30}, {"Quarter", 91}, {"Year", 365}}

// What the totals can be split by.
const (
	byTechnology   = "Technology"
	byBusinessUnit = "Business unit"
	byGroup        = "Group"
)

// A Screen shows compliance.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools

	page    *kit.Page
	stats   [8]*kit.Stat
	donut   *fyne.Container
	trend   *fyne.Container
	period  *kit.Segmented
	split   *kit.Segmented
	grid    *kit.Grid[*row]
	whole   fyne.CanvasObject
	actions []fyne.CanvasObject // of the page, once there are figures
	loads   *kit.Latest
	seen    view
}

// A view is what one reading brought.
type view struct {
	report app.Report
	groups []data.Group
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Compliance }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Compliance" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "chart-donut" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.period = kit.NewSegmented([]string{periods[0].word, periods[1].word, periods[2].word}, periods[1].word, func(string) { x.load() })
	x.split = kit.NewSegmented([]string{byTechnology, byBusinessUnit, byGroup}, byTechnology, func(string) { x.fillGrid() })
	x.grid = kit.NewGrid(columns()...)
	x.grid.Noun, x.grid.Nouns = "line", "lines"
	x.grid.Key = func(r *row) any { return r.by + r.Name }
	x.grid.OnOpen = x.open
	x.grid.Menu = x.rowMenu
	x.grid.SetEmpty(kit.NewEmptyState("chart-donut", "Nothing to add up yet", "Add hosts and scan them.", nil))
	tiles := make([]fyne.CanvasObject, len(x.stats))
	for i := range x.stats {
		x.stats[i] = kit.NewStat(names[i], "–", "", kit.StatusNone, "")
		tiles[i] = x.stats[i]
	}
	x.donut, x.trend = container.NewStack(), container.NewStack()
	charts := container.New(&chartsLayout{}, kit.NewCard("Hosts by compliance", nil, x.donut), kit.NewCard("Compliant hosts over time", x.period, x.trend))
	table := kit.NewCard("Totals", x.split, x.grid)
	x.whole = container.NewBorder(kit.Tiles(4, 8, tiles...), nil, nil, nil, container.New(&dashLayout{}, charts, table))
	x.actions = []fyne.CanvasObject{kit.NewButton("Export figures…", "file-export", x.exportFigures), kit.NewPrimary("Write report…", "file-text", x.writeReport)}
	x.page = kit.NewPage("Compliance", "", container.NewCenter(kit.NewEmptyState("loader", "Adding up", "Every host is judged as it stands now.", nil)))
	x.loads = kit.NewLatest(x.page.Fail)
	return x.page
}

// Shown implements ui.Screen.
func (x *Screen) Shown(ui.Place) { x.load() }

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	out := []ui.Action{
		{Title: "Write a compliance report", Hint: "One HTML page that explains every figure and can be printed.", Icon: "file-text", Key: fyne.KeyP, Modifier: ui.Ctrl, Do: x.writeReport},
		{Title: "Export compliance figures", Hint: "As CSV, each with the sentence that explains it.", Icon: "file-export", Key: fyne.KeyE, Modifier: ui.Ctrl, Do: x.exportFigures},
	}
	for _, by := range []string{byTechnology, byBusinessUnit, byGroup} {
		out = append(out, ui.Action{Title: "Show compliance by " + by, Icon: "stack-2", Do: func() { x.split.Choose(by) }})
	}
	for _, p := range periods {
		out = append(out, ui.Action{Title: "Show compliance over: " + p.word, Icon: "history", Do: func() { x.period.Choose(p.word) }})
	}
	return out
}

// from is where the chosen period begins.
func (x *Screen) from() time.Time {
	days := periods[1].days
	for _, p := range periods {
		if p.word == x.period.Chosen() {
			days = p.days
		}
	}
	return x.tools.Desk.Now().AddDate(0, 0, -days)
}

func (x *Screen) load() {
	from := x.from()
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (view, error) { return read(ctx, x.tools.Desk, from) }, x.show)
}

func read(ctx context.Context, d *app.Desk, from time.Time) (v view, err error) {
	if v.report, err = d.Compliance(ctx, from, time.Local); err != nil {
		return v, err
	}
	v.groups, err = d.DB.Groups(ctx)
	return v, err
}

func (x *Screen) show(v view) {
	x.seen = v
	r := v.report
	x.page.SetSubtitle(subtitle(r))
	switch {
	case r.All.Hosts == 0:
		x.nothing(kit.NewEmptyState("chart-donut", "No hosts yet", "Compliance is the share of hosts that keep the standard. Add hosts first.",
			kit.NewPrimary("Add hosts", "plus", func() { x.shell.Go(ui.Place{Screen: ui.Hosts}) })))
		return
	case r.Standard.Version == 0:
		x.nothing(kit.NewEmptyState("clipboard-check", "No standard is in force", "Without one nothing is promised, so every host is unknown. Begin with a template.",
			kit.NewPrimary("Choose a standard", "clipboard-check", func() { x.shell.Go(ui.Place{Screen: ui.Standard}) })))
		return
	}
	for i, s := range figures(r) {
		x.stats[i].Set(s.value, s.note, s.status, s.explain)
		x.stats[i].OnTapped = nil
		if s.place.Screen != "" {
			x.stats[i].OnTapped = func() { x.shell.Go(s.place) }
		}
	}
	x.drawCharts(r)
	x.fillGrid()
	x.page.SetActions(x.actions...)
	x.page.SetContent(x.whole)
}

// nothing shows why there are no figures, in place of all else.
func (x *Screen) nothing(why fyne.CanvasObject) {
	x.page.SetActions()
	x.page.SetContent(container.NewCenter(why))
}

// drawCharts draws the donut and the trend.
func (x *Screen) drawCharts(r app.Report) {
	donut := kit.NewDonut(slices(r), kit.Percent(r.All.Share.Value), "compliant")
	donut.OnPart = func(s kit.Status) {
		for _, c := range data.Compliances {
			if kit.OfCompliance(c) == s {
				x.shell.Go(ui.Place{Screen: ui.Hosts, Compliance: c})
			}
		}
	}
	x.donut.Objects = []fyne.CanvasObject{donut}
	x.donut.Refresh()
	x.trend.Objects = []fyne.CanvasObject{kit.NewTrend(points(r), r.Standard.Target)}
	x.trend.Refresh()
}

// fillGrid shows the totals by what is chosen.
func (x *Screen) fillGrid() {
	x.grid.SetRows(rows(x.seen, x.split.Chosen()))
}

// open shows the hosts of a line.
func (x *Screen) open(r *row) {
	if p, ok := r.place(); ok {
		x.shell.Go(p)
	}
}

func (x *Screen) rowMenu(chosen []*row) []*fyne.MenuItem {
	if len(chosen) == 0 {
		return nil
	}
	r := chosen[0]
	p, ok := r.place()
	var items []*fyne.MenuItem
	if ok {
		items = append(items, fyne.NewMenuItem("Show "+kit.Count(r.Hosts, "host", "hosts"), func() { x.shell.Go(p) }))
		for _, c := range data.Compliances {
			if n := r.Counts[c]; n > 0 {
				q := p
				q.Compliance = c
				items = append(items, fyne.NewMenuItem("Show "+kit.Number(n)+" "+string(c), func() { x.shell.Go(q) }))
			}
		}
	}
	return append(items, fyne.NewMenuItem("Copy", func() {
		fyne.CurrentApp().Clipboard().SetContent(r.label() + ": " + r.Share.Sentence)
	}))
}

// exportFigures writes all figures as CSV.
func (x *Screen) exportFigures() {
	r := x.seen.report
	if r.All.Hosts == 0 {
		x.shell.Say(kit.StatusNone, "There are no figures yet", nil)
		return
	}
	kit.SaveFile(x.shell.Context(), x.shell.Window(), kit.FileSave{
		Title: "Export figures as CSV", Text: "One figure a row, each with the sentence that explains it. What is not known is empty, never 0.",
		Name:  "compliance-" + r.Now.Local().Format(time.DateOnly) + ".csv",
		Write: func(_ context.Context, w io.Writer) error { return app.WriteFiguresCSV(w, r) },
		Done:  func(path string) { x.shell.Say(kit.StatusDone, "Figures written to "+path, nil) },
	})
}

// writeReport writes the report as one HTML page.
func (x *Screen) writeReport() {
	r := x.seen.report
	if r.All.Hosts == 0 {
		x.shell.Say(kit.StatusNone, "There is nothing to report yet", nil)
		return
	}
	kit.SaveFile(x.shell.Context(), x.shell.Window(), kit.FileSave{
		Title: "Write report", Text: "One page for a browser or a printer, as of " + kit.DateTime(r.Now) + ". It names no host.",
		Name: "compliance-" + r.Now.Local().Format(time.DateOnly) + ".html",
		Write: func(ctx context.Context, w io.Writer) error {
			f, err := x.tools.Desk.ReportFacts(ctx, filepath.Base(x.tools.Path))
			if err != nil {
				return err
			}
			return app.WriteReport(w, r, f)
		},
		Done: func(path string) { x.shell.Say(kit.StatusDone, "Report written to "+path, nil) },
	})
}
