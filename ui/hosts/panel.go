package hosts

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// The parts of the panel.
const (
	tabOverview = "Overview"
	tabMissing  = "Missing"
	tabScans    = "Scans"
)

// scansShown is how many past scans the panel lists.
const scansShown = 100

// A detail is all that is known of one host.
type detail struct {
	verdicts []data.Verdict
	verdict  data.HostVerdict
	scan     data.Scan // with packages; zero At: never scanned
	scans    []data.Scan

	background data.Background // of Windows
}

// A panel shows the current host beside the grid.
type panel struct {
	x      *Screen
	object *fyne.Container
	title  *kit.Caption
	where  *kit.Caption
	sign   *fyne.Container
	tabs   *kit.Segmented
	body   *fyne.Container
	loads  *kit.Latest

	id      data.HostID
	row     *row
	now     time.Time // of the row shown; stays when the panel is closed
	detail  detail
	missing *missingList
	scans   *kit.Grid[data.Scan]
}

func newPanel(x *Screen) *panel {
	p := &panel{x: x, title: kit.NewSubHeading("").Cut(), where: kit.NewCaption("").Cut(), sign: container.NewStack(), body: container.NewStack()}
	p.tabs = kit.NewSegmented([]string{tabOverview, tabMissing, tabScans}, tabOverview, func(string) { p.show() })
	p.missing = newMissingList(p)
	p.scans = newScans(p)
	p.loads = kit.NewLatest(func(err error) {
		p.body.Objects = []fyne.CanvasObject{container.NewVBox(kit.NewErrorBanner(err, nil))}
		p.body.Refresh()
	})
	more := kit.NewQuiet("", "dots", nil).WithTip("More for this host")
	more.OnTapped = func() {
		if p.row != nil {
			x.popUp(more, x.rowMenu([]*row{p.row}))
		}
	}
	buttons := kit.HBox(6,
		kit.NewButton("Plan updates…", "rocket", p.plan),
		kit.NewButton("Scan", "scan", func() { x.scan(p.rows(), x.lists.Checked) }),
		kit.NewButton("Edit…", "pencil", func() { x.edit(p.rows()) }), more)
	closer := kit.NewQuiet("", "x", p.close).WithTip("Close (Esc)")
	head := container.NewBorder(nil, nil, nil, container.NewVBox(closer), kit.VBox(2, container.NewBorder(nil, nil, nil, p.sign, p.title), p.where))
	top := kit.VBox(10, head, buttons, container.NewHBox(p.tabs))
	p.object = container.NewStack(kit.NewSurface(container.NewBorder(kit.Pad(top, 12, 10, 14, 12), nil, nil, nil, p.body)))
	p.object.Hide()
	return p
}

func (p *panel) rows() []*row {
	if p.row == nil {
		return nil
	}
	return []*row{p.row}
}

func (p *panel) plan() {
	p.x.shell.Go(ui.Place{Screen: ui.Rollouts, Host: p.id, Hosts: []data.HostID{p.id}})
}

// open shows a host.
func (p *panel) open(id data.HostID) {
	if p.x.byID[id] == nil {
		return
	}
	p.id = id
	p.object.Show()
	p.x.body.Refresh()
	p.load()
}

func (p *panel) close() {
	p.id, p.row = 0, nil
	p.loads.Cancel()
	p.object.Hide()
	p.x.body.Refresh()
	p.x.focusGrid()
}

func (p *panel) isOpen() bool { return p.object.Visible() }

// follow shows the row the keyboard stands on, when the panel is open.
func (p *panel) follow() {
	r, ok := p.x.grid.Current()
	if p.isOpen() && ok && r.ID != p.id {
		p.id = r.ID
		p.load()
	}
}

// refresh shows the host again after something changed.
func (p *panel) refresh() {
	switch {
	case !p.isOpen():
	case p.x.byID[p.id] == nil:
		p.close()
	default:
		p.load()
	}
}

// load reads all about the host and shows it; its name is there at once.
func (p *panel) load() {
	id := p.id
	if p.row == nil || p.row.ID != id {
		p.detail = detail{}
		p.body.Objects = nil
		p.body.Refresh()
	}
	p.row = p.x.byID[id]
	p.now = p.row.now
	p.title.SetText(p.row.Name)
	p.where.SetText(p.row.Where())
	p.sign.Objects = []fyne.CanvasObject{kit.NewSign(kit.OfCompliance(p.row.verdict.Compliance), "")}
	p.sign.Refresh()
	kit.Load(p.x.shell.Context(), p.loads, func(ctx context.Context) (d detail, err error) {
		desk := p.x.tools.Desk
		if d.verdicts, d.verdict, err = desk.Verdicts(ctx, id); err != nil {
			return d, err
		}
		if d.scan, err = desk.DB.LatestScan(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return d, err
		}
		if d.background, err = desk.Background(ctx, id); err != nil {
			return d, err
		}
		d.scans, err = desk.DB.Scans(ctx, id, scansShown)
		return d, err
	}, func(d detail) {
		p.detail = d
		p.missing.set(d.verdicts)
		p.scans.SetRows(d.scans)
		p.show()
	})
}

// show brings up the part that is chosen.
func (p *panel) show() {
	if p.row == nil {
		return
	}
	var o fyne.CanvasObject
	switch p.tabs.Chosen() {
	case tabMissing:
		o = p.missing.object
	case tabScans:
		o = kit.Pad(p.scans, 0, 0, 0, 0)
	default:
		o = container.NewVScroll(kit.Pad(p.overview(), 0, 16, 14, 14))
	}
	p.body.Objects = []fyne.CanvasObject{o}
	p.body.Refresh()
}

// newScans lists past scans; opening one shows its raw output.
func newScans(p *panel) *kit.Grid[data.Scan] {
	g := kit.NewGrid(
		kit.Column[data.Scan]{ID: "at", Title: "Scanned", Width: 170, Text: func(s data.Scan) string { return kit.DateTime(s.At) },
			Compare: func(a, b data.Scan) int { return a.At.Compare(b.At) }, Tip: func(s data.Scan) string { return kit.Exact(s.At) }},
		kit.Column[data.Scan]{ID: "proof", Title: "Proves", Width: 110, Status: scanSign, Text: scanWord, Tip: problemsText},
		kit.Column[data.Scan]{ID: "kernel", Title: "Kernel or build", Width: 150, Grow: true, Text: func(s data.Scan) string { return s.Kernel.Running }},
		kit.Column[data.Scan]{ID: "booted", Title: "Booted", Width: 140, Text: func(s data.Scan) string { return bootedText(s) }},
	)
	g.Noun, g.Nouns = "scan", "scans"
	g.Key = func(s data.Scan) any { return s.ID }
	g.OnOpen = func(s data.Scan) { p.x.showEvidence(p.row.Host, s) }
	g.Menu = func(chosen []data.Scan) []*fyne.MenuItem {
		if len(chosen) != 1 {
			return nil
		}
		return []*fyne.MenuItem{menuItem("Show raw output", "terminal-2", func() { p.x.showEvidence(p.row.Host, chosen[0]) })}
	}
	g.SetEmpty(kit.NewEmptyState("scan", "Never scanned", "Scan the host, and what it says of itself is kept here.", kit.NewButton("Scan", "scan", func() { p.x.scan(p.rows(), p.x.lists.Checked) })))
	return g
}

func scanSign(s data.Scan) kit.Status {
	if s.Trusted() {
		return kit.StatusPassed
	}
	return kit.StatusUnknown
}

func scanWord(s data.Scan) string {
	if s.Trusted() {
		return "what it says"
	}
	return "nothing"
}
