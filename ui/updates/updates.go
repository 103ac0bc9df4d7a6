// Package updates is the screen of what is missing, one row an update: how bad
// it is, how many hosts lack it, and by when it must be in. It changes nothing
// but by an exception, and plans nothing itself: Rollouts does.
package updates

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// settingGrid keeps how the grid is set up.
const settingGrid = "updates.grid"

// A row is one update as the grid shows it.
type row struct {
	app.UpdateRow
	now time.Time
}

// A view is what one reading brought.
type view struct {
	rows    []*row
	hosts   int // in the inventory
	unknown int // hosts nobody knows about: what they lack is not here
	state   string
}

// A Screen shows what is missing.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools

	page   *kit.Page
	grid   *kit.Grid[*row]
	search *kit.SearchBar
	bar    *bar
	body   *fyne.Container
	panel  *panel
	plan   *kit.Button
	loads  *kit.Latest
	saves  *kit.Latest
	state  string
	rows   []*row
	want   ui.Place
	loaded bool
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Updates }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Updates" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "package" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.buildGrid()
	x.search = x.grid.NewSearch("Find an update, a CVE or an advisory, or origin:security severity:critical")
	x.bar = newBar(x.search, x.filtered)
	x.panel = newPanel(x)
	foot := kit.Pad(kit.HBox(0, kit.Pad(x.grid.Footer(), 0, 0, 2, 0)), 8, 0, 0, 0)
	left := container.NewBorder(nil, foot, nil, nil, kit.NewSurface(x.grid))
	x.body = container.New(&kit.SideLayout{}, left, x.panel.object)
	x.plan = kit.NewPrimary("Plan…", "rocket", x.planChosen).WithTip("Plan a rollout of the selected updates (Ctrl+P)")
	x.plan.Disable()
	content := container.NewBorder(x.bar.object, nil, nil, nil, x.body)
	x.page = kit.NewPage("Updates", "", content, x.plan)
	x.loads = kit.NewLatest(x.page.Fail)
	x.saves = kit.NewLatest(x.page.Fail)
	return x.page
}

func (x *Screen) buildGrid() {
	x.grid = kit.NewGrid(columns()...)
	x.grid.Noun, x.grid.Nouns = "update", "updates"
	x.grid.Key = func(r *row) any { return r.Name }
	x.grid.OnOpen = func(r *row) { x.panel.open(r) }
	x.grid.OnSelect = x.selected
	x.grid.OnView = x.keepState
	x.grid.OnClearFilter = func() { x.bar.clear() }
	x.grid.Menu = x.menu
}

// Shown implements ui.Screen.
func (x *Screen) Shown(p ui.Place) {
	if !p.Reload {
		x.want = p
		if p.Search != "" {
			x.search.SetText(p.Search)
		}
	}
	x.load()
}

// FocusSearch implements ui.Searcher.
func (x *Screen) FocusSearch() { x.search.Focus() }

// Find implements ui.Finder.
func (x *Screen) Find(query string, most int) []ui.Action {
	words := strings.Fields(strings.ToLower(query))
	var out []ui.Action
	for _, r := range x.rows {
		text := strings.ToLower(r.Name + " " + strings.Join(r.CVEs, " ") + " " + strings.Join(r.Advisories, " "))
		if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			continue
		}
		out = append(out, ui.Action{Title: r.Name, Hint: "Update · " + kit.Count(len(r.Hosts), "host lacks it", "hosts lack it"), Icon: "package",
			Do: func() { x.shell.Go(ui.Place{Screen: ui.Updates, Update: r.Name}) }})
		if len(out) == most {
			break
		}
	}
	return out
}

// load reads all and shows it.
func (x *Screen) load() {
	first := !x.loaded
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (view, error) {
		v, err := read(ctx, x.tools.Desk)
		if err == nil && first {
			v.state, err = x.tools.Desk.DB.Setting(ctx, settingGrid)
		}
		return v, err
	}, x.show)
}

// read judges anew what no longer holds and reads what is missing, in a fixed
// number of queries.
func read(ctx context.Context, d *app.Desk) (view, error) {
	if _, err := d.Refresh(ctx); err != nil {
		return view{}, err
	}
	all, err := d.Updates(ctx)
	if err != nil {
		return view{}, err
	}
	verdicts, err := d.DB.HostVerdicts(ctx)
	if err != nil {
		return view{}, err
	}
	now := d.Now()
	v := view{rows: make([]*row, len(all)), hosts: len(verdicts)}
	for i, u := range all {
		v.rows[i] = &row{u, now}
	}
	for _, h := range verdicts {
		if h.Compliance == data.Unknown {
			v.unknown++
		}
	}
	return v, nil
}

func (x *Screen) show(v view) {
	var s kit.GridState
	if v.state != "" && json.Unmarshal([]byte(v.state), &s) == nil { // an unreadable one is as good as none
		x.grid.SetState(s)
	}
	x.loaded = true
	x.rows = v.rows
	x.page.SetSubtitle(subtitle(v))
	x.grid.SetEmpty(x.emptyState(v))
	x.bar.show(v.rows)
	if len(v.rows) == 0 {
		x.bar.object.Hide()
	} else {
		x.bar.object.Show()
	}
	x.grid.SetRows(v.rows)
	x.answer()
	x.panel.refresh()
	x.selected()
}

// subtitle is the one thing the page answers.
func subtitle(v view) string {
	late := 0
	for _, r := range v.rows {
		if r.Compliance == data.Overdue {
			late++
		}
	}
	text := ""
	if late > 0 {
		text = kit.Number(late) + " overdue somewhere"
	} else if len(v.rows) > 0 {
		text = "None overdue"
	}
	if v.unknown > 0 {
		if text != "" {
			text += "; "
		}
		text += kit.Number(v.unknown) + " of " + kit.Count(v.hosts, "host", "hosts") + " unknown: they may lack more"
	}
	return text
}

// emptyState says why there is nothing, which is good news only when every
// host is known.
func (x *Screen) emptyState(v view) fyne.CanvasObject {
	hosts := kit.NewButton("Go to Hosts", "server", func() { x.shell.Go(ui.Place{Screen: ui.Hosts}) })
	switch {
	case v.hosts == 0:
		return kit.NewEmptyState("package", "No hosts yet", "Add hosts and scan them; what they lack is listed here.", hosts)
	case v.unknown > 0:
		unknown := kit.NewButton("Show them", "server", func() { x.shell.Go(ui.Place{Screen: ui.Hosts, Compliance: data.Unknown}) })
		return kit.NewEmptyState("circle-dashed", "Not known", "No missing update is known, but "+kit.Count(v.unknown, "host is unknown", "hosts are unknown")+". Scan them to know.", unknown)
	}
	return kit.NewEmptyState("circle-check", "Nothing is missing", "By their newest scans, no host lacks an update.", hosts)
}

// answer brings up what was asked for, once the rows are there.
func (x *Screen) answer() {
	p := x.want
	x.want = ui.Place{}
	if p.Compliance != "" || p.Severity != "" {
		x.bar.ask(p.Compliance, p.Severity)
	}
	if len(p.Updates) > 0 {
		x.reveal()
		x.grid.Select(func(r *row) bool {
			return slices.ContainsFunc(r.Keys, func(k string) bool { return slices.Contains(p.Updates, k) })
		})
	}
	if p.Update == "" {
		return
	}
	x.reveal()
	_, shown := x.grid.Rows()
	for i := range shown {
		if r := x.grid.At(i); r.Name == p.Update || slices.Contains(r.Keys, p.Update) {
			x.grid.GoTo(i)
			x.panel.open(r)
			return
		}
	}
	x.shell.Say(kit.StatusPassed, "No host lacks "+p.Update+" any more", nil)
}

// reveal shows all rows, so that what was asked for is among them.
func (x *Screen) reveal() {
	x.search.SetText("")
	x.bar.clear()
}

func (x *Screen) filtered(f filter) {
	if f.empty() {
		x.grid.Allow(nil)
		return
	}
	x.grid.Allow(f.pass)
}

// keepState stores how the grid is set up, when that has changed.
func (x *Screen) keepState() {
	if !x.loaded {
		return
	}
	b, err := json.Marshal(x.grid.State())
	if err != nil || string(b) == x.state {
		return // a GridState holds nothing that cannot be marshalled
	}
	first := x.state == ""
	x.state = string(b)
	if first {
		return // as it always is
	}
	kit.Load(x.shell.Context(), x.saves, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, x.tools.Desk.DB.SetSetting(ctx, settingGrid, string(b))
	}, func(struct{}) {})
}

// selected offers to plan what is selected.
func (x *Screen) selected() {
	switch n := len(x.grid.Selected()); n {
	case 0:
		x.plan.SetText("Plan…")
		x.plan.Disable()
	default:
		x.plan.SetText("Plan " + kit.Count(n, "update", "updates") + "…")
		x.plan.Enable()
	}
	x.panel.follow()
}

// planChosen goes to Rollouts with what is selected and the hosts that lack it.
func (x *Screen) planChosen() {
	if rows := x.grid.Selected(); len(rows) > 0 {
		x.shell.Go(planPlace(rows))
	}
}

func planPlace(rows []*row) ui.Place {
	p := ui.Place{Screen: ui.Rollouts}
	seen := map[data.HostID]bool{}
	for _, r := range rows {
		p.Updates = append(p.Updates, r.Keys...)
		for _, h := range r.Hosts {
			if !seen[h] {
				seen[h] = true
				p.Hosts = append(p.Hosts, h)
			}
		}
	}
	slices.Sort(p.Hosts)
	return p
}
