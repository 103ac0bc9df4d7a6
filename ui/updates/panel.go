package updates

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/exception"
	"secondtuesday/ui/kit"
)

// A panel shows the current update beside the grid: the hosts that lack it,
// and why each is judged so.
type panel struct {
	x       *Screen
	object  *fyne.Container
	title   *kit.Caption
	sub     *kit.Caption
	sign    *fyne.Container
	facts   *fyne.Container
	search  *kit.SearchBar
	hosts   *kit.Grid[*app.HostUpdate]
	because *fyne.Container
	problem *fyne.Container
	loads   *kit.Latest
	asks    *kit.Latest // for told
	told    map[data.HostID]data.Background
	row     *row
	now     time.Time // of the row shown; stays when the panel is closed
}

func newPanel(x *Screen) *panel {
	p := &panel{x: x, title: kit.NewSubHeading("").Cut(), sub: kit.NewCaption("").Cut(), sign: container.NewStack(), facts: container.NewStack(), because: container.NewStack(), problem: container.NewStack()}
	p.loads = kit.NewLatest(func(err error) {
		p.problem.Objects = []fyne.CanvasObject{kit.Pad(kit.NewErrorBanner(err, nil), 0, 8, 12, 12)}
		p.problem.Refresh()
	})
	p.asks = kit.NewLatest(func(err error) {
		p.problem.Objects = []fyne.CanvasObject{kit.Pad(kit.NewErrorBanner(err, nil), 0, 8, 12, 12)}
		p.problem.Refresh()
	})
	p.buildHosts()
	buttons := kit.HBox(6,
		kit.NewButton("Plan…", "rocket", func() { x.shell.Go(planPlace([]*row{p.row})) }),
		kit.NewButton("Exception…", "flag", p.askException),
		kit.NewButton("Show hosts", "server", p.showHosts))
	closer := kit.NewQuiet("", "x", p.close).WithTip("Close (Esc)")
	head := container.NewBorder(nil, nil, nil, container.NewVBox(closer), kit.VBox(2, container.NewBorder(nil, nil, nil, p.sign, p.title), p.sub))
	top := kit.VBox(10, head, buttons, p.facts)
	list := container.NewBorder(kit.VBox(0, p.problem, kit.Pad(p.search, 0, 8, 12, 12)), kit.VBox(0, kit.Pad(p.hosts.Footer(), 4, 4, 12, 12), p.because), nil, nil, p.hosts)
	p.object = container.NewStack(kit.NewSurface(container.NewBorder(kit.Pad(top, 12, 10, 14, 12), nil, nil, nil, list)))
	p.object.Hide()
	return p
}

func (p *panel) buildHosts() {
	p.hosts = kit.NewGrid(
		kit.Column[*app.HostUpdate]{ID: "host", Title: "Host", Width: 120, Grow: true, Name: true, Text: func(h *app.HostUpdate) string { return h.Host.Name }},
		kit.Column[*app.HostUpdate]{ID: "compliance", Title: "Compliance", Width: 112, Status: func(h *app.HostUpdate) kit.Status { return kit.OfCompliance(h.Verdict.Compliance) },
			Compare: func(a, b *app.HostUpdate) int { return rank(a.Verdict.Compliance) - rank(b.Verdict.Compliance) }, Tip: func(h *app.HostUpdate) string { return h.Verdict.Because }},
		kit.Column[*app.HostUpdate]{ID: "deadline", Title: "Deadline", Width: 104, Text: func(h *app.HostUpdate) string { return kit.Due(h.Verdict.Due, p.now) },
			Compare: func(a, b *app.HostUpdate) int { return kit.CompareTime(a.Verdict.Due, b.Verdict.Due) }, Tint: func(h *app.HostUpdate) fyne.ThemeColorName { return kit.OverdueTint(h.Verdict.Compliance) },
			Tip: func(h *app.HostUpdate) string { return h.Verdict.Because }},
		kit.Column[*app.HostUpdate]{ID: "hold", Title: "Hold", Width: 92, Status: func(h *app.HostUpdate) kit.Status { return kit.OfHold(h.Verdict.Update.Hold) }},
		kit.Column[*app.HostUpdate]{ID: "exposure", Title: "Exposure", Width: 92, Text: func(h *app.HostUpdate) string { return string(h.Host.Exposure) }},
		kit.Column[*app.HostUpdate]{ID: "installed", Title: "Installed", Width: 140, Mono: true, Text: func(h *app.HostUpdate) string { return data.VersionText(h.Verdict.Update.Installed) }},
		kit.Column[*app.HostUpdate]{ID: "available", Title: "Available", Width: 140, Mono: true, Text: func(h *app.HostUpdate) string { return data.VersionText(h.Verdict.Update.Available) }},
		kit.Column[*app.HostUpdate]{ID: "arch", Title: "Arch", Width: 80, Text: func(h *app.HostUpdate) string { return h.Verdict.Update.Arch }},
		kit.Column[*app.HostUpdate]{ID: "owner", Title: "Owner", Width: 120, Text: func(h *app.HostUpdate) string { return h.Host.Owner }},
	)
	p.hosts.Noun, p.hosts.Nouns = "host", "hosts"
	p.hosts.Key = func(h *app.HostUpdate) any {
		return [2]string{h.Host.Name, h.Verdict.Update.Key() + h.Verdict.Update.Available}
	}
	p.hosts.SortBy("compliance", false)
	p.hosts.OnSelect = p.explain
	p.hosts.OnOpen = func(h *app.HostUpdate) { p.x.shell.Go(ui.Place{Screen: ui.Hosts, Host: h.Host.ID}) }
	p.hosts.Menu = p.hostMenu
	p.search = p.hosts.NewSearch("Find a host")
}

// open shows an update.
func (p *panel) open(r *row) {
	p.row = r
	p.object.Show()
	p.x.body.Refresh()
	p.load()
}

func (p *panel) close() {
	p.row = nil
	p.loads.Cancel()
	p.asks.Cancel()
	p.object.Hide()
	p.x.body.Refresh()
	p.x.shell.Window().Canvas().Focus(p.x.grid)
}

func (p *panel) isOpen() bool { return p.object.Visible() }

// follow shows the row the keyboard stands on, when the panel is open.
func (p *panel) follow() {
	if r, ok := p.x.grid.Current(); p.isOpen() && ok && r.Name != p.row.Name {
		p.row = r
		p.load()
	}
}

// refresh shows the update again after something changed; one that nobody
// lacks any more is gone.
func (p *panel) refresh() {
	if !p.isOpen() {
		return
	}
	i := slices.IndexFunc(p.x.rows, func(r *row) bool { return r.Name == p.row.Name })
	if i < 0 {
		p.close()
		return
	}
	p.row = p.x.rows[i]
	p.load()
}

func (p *panel) load() {
	r := p.row
	p.now = r.now
	p.asks.Cancel()
	p.told = map[data.HostID]data.Background{}
	p.title.SetText(r.Name)
	p.sub.SetText(subOf(r))
	p.sign.Objects = []fyne.CanvasObject{kit.NewSign(kit.OfCompliance(r.Compliance), "")}
	p.sign.Refresh()
	p.facts.Objects = []fyne.CanvasObject{factsOf(r)}
	p.facts.Refresh()
	kit.Load(p.x.shell.Context(), p.loads, func(ctx context.Context) ([]*app.HostUpdate, error) {
		all, err := p.x.tools.Desk.UpdateVerdicts(ctx, r.Name)
		out := make([]*app.HostUpdate, len(all))
		for i := range all {
			out[i] = &all[i]
		}
		return out, err
	}, func(all []*app.HostUpdate) {
		p.problem.Objects = nil
		p.problem.Refresh()
		p.hosts.SetRows(all)
		if _, ok := p.hosts.Current(); !ok && len(all) > 0 {
			p.hosts.GoTo(0)
		}
		p.explain()
	})
}

// subOf says what kind of update it is.
func subOf(r *row) string {
	parts := []string{kit.ClassWord(r.Class), "severity " + severityWord(r.Severity), kit.Count(len(r.Hosts), "host lacks it", "hosts lack it")}
	return strings.Join(parts, " · ")
}

// factWidth is the room for the names of facts.
const factWidth = 92

func fact(name, value string) fyne.CanvasObject {
	return container.NewBorder(nil, nil, container.NewVBox(container.NewGridWrap(fyne.NewSize(factWidth, 18), kit.NewMuted(name))), nil, kit.Pad(kit.NewParagraph(value), -6, -6, -6, -6))
}

// mostIDs is how many CVEs are written out; the rest are counted.
const mostIDs = 12

func factsOf(r *row) fyne.CanvasObject {
	box := kit.VBox(4)
	if r.Title != "" {
		box.Add(kit.Pad(kit.Flush(kit.NewParagraph(r.Title)), 0, 4, 0, 0))
	}
	for _, f := range []struct {
		name   string
		values []string
	}{{"Available", []string{app.VersionsText(r.Available)}}, {"Origin", r.Origins}, {"Advisories", r.Advisories}, {"CVEs", r.CVEs}} {
		if len(f.values) > 0 {
			box.Add(fact(f.name, some(f.values)))
		}
	}
	if !r.Released.IsZero() {
		box.Add(fact("Released", kit.Date(r.Released)+" ("+kit.Ago(r.Released, r.now)+")"))
	}
	if kept(r) > 0 {
		box.Add(fact("Not taken by", holdText(r)))
	}
	return box
}

func some(values []string) string {
	if n := len(values) - mostIDs; n > 0 {
		return strings.Join(values[:mostIDs], ", ") + " and " + kit.Number(n) + " more"
	}
	return strings.Join(values, ", ")
}

// explain shows why the current host is judged so.
func (p *panel) explain() {
	h, ok := p.hosts.Current()
	if !ok {
		p.because.Objects = nil
	} else {
		text := kit.VBox(4, kit.NewStrong("Why "+h.Host.Name+" is "+string(h.Verdict.Compliance)), kit.Pad(kit.NewParagraph(h.Verdict.Because), -6, -6, -6, -6))
		for _, more := range app.BackgroundTexts(p.told[h.Host.ID], h.Verdict.Update) {
			text.Add(kit.Pad(kit.NewParagraph(more), -6, -6, -6, -6))
		}
		p.ask(h.Host)
		p.because.Objects = []fyne.CanvasObject{kit.VBox(0, kit.NewRule(), kit.Pad(text, 8, 12, 14, 14))}
	}
	p.because.Refresh()
}

// ask reads what a Windows host itself tells of its updates, once, and shows it.
func (p *panel) ask(h data.Host) {
	if _, known := p.told[h.ID]; known || h.Platform != data.WindowsUpdate {
		return
	}
	kit.Load(p.x.shell.Context(), p.asks, func(ctx context.Context) (data.Background, error) {
		return p.x.tools.Desk.Background(ctx, h.ID)
	}, func(b data.Background) {
		p.told[h.ID] = b
		p.explain()
	})
}

func (p *panel) askException() {
	p.x.exceptionFor(p.row)
}

func (p *panel) showHosts() {
	p.x.shell.Go(ui.Place{Screen: ui.Hosts, Update: p.row.Name})
}

func (p *panel) hostMenu(chosen []*app.HostUpdate) []*fyne.MenuItem {
	if len(chosen) == 0 {
		return nil
	}
	var ids []data.HostID
	var hosts []data.Host
	for _, h := range chosen {
		if !slices.Contains(ids, h.Host.ID) {
			ids, hosts = append(ids, h.Host.ID), append(hosts, h.Host)
		}
	}
	keys := p.row.Keys
	items := []*fyne.MenuItem{
		menuItem("Plan for "+kit.Count(len(ids), "host", "hosts")+"…", "rocket", func() { p.x.shell.Go(ui.Place{Screen: ui.Rollouts, Hosts: ids, Updates: keys}) }),
		menuItem("Exception…", "flag", func() {
			exception.Ask(p.x.shell, p.x.tools, exception.Subject{Name: p.row.Name, Updates: keys, Hosts: hosts})
		}),
	}
	if e := chosen[0].Verdict.Exception; len(ids) == 1 && e != 0 {
		items = append(items, menuItem("Withdraw exception…", "flag", func() { exception.Withdraw(p.x.shell, p.x.tools, e) }))
	}
	if len(ids) == 1 {
		items = append(items, menuItem("Show host", "server", func() { p.x.shell.Go(ui.Place{Screen: ui.Hosts, Host: ids[0]}) }))
	}
	return items
}
