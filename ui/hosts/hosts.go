// Package hosts is the screen of the inventory: every host with its judgement,
// what it said of itself, and the ways to add, change, scan, import and remove
// it. It judges nothing and reaches no host itself; package app does.
package hosts

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// settingGrid keeps how the grid is set up.
const settingGrid = "hosts.grid"

// A Screen shows the inventory.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools

	page     *kit.Page
	grid     *kit.Grid[*row]
	search   *kit.SearchBar
	bar      *bar
	body     *fyne.Container
	panel    *panel
	lists    *kit.Check // fetch lists before a scan
	chosen   *fyne.Container
	loads    *kit.Latest
	saves    *kit.Latest
	state    string // of the grid, as kept
	rows     []*row
	byID     map[data.HostID]*row
	groups   []data.Group
	want     ui.Place // what is still to be shown when the rows are there
	doors    doors
	scanning int // scans going on
	started  bool
	empty    bool // there is no host, and the buttons say so
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen {
	return &Screen{shell: s, tools: t, byID: map[data.HostID]*row{}}
}

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Hosts }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Hosts" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "server" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.buildGrid()
	x.search = x.grid.NewSearch("Find a host, or group:web owner:lang -debian")
	x.bar = newBar(x.search, x.filtered)
	x.lists = kit.NewCheck("Fetch lists first", false, nil)
	x.chosen = kit.HBox(6)
	x.panel = newPanel(x)
	foot := container.New(&footLayout{}, kit.HBox(6, kit.Pad(x.grid.Footer(), 0, 0, 2, 0), kit.Spacer(), x.chosen))
	left := container.NewBorder(nil, foot, nil, nil, kit.NewSurface(x.grid))
	x.body = container.New(&kit.SideLayout{}, left, x.panel.object)
	content := container.NewBorder(x.bar.object, nil, nil, nil, x.body)
	x.page = kit.NewPage("Hosts", "", content)
	x.showButtons(true)
	x.loads = kit.NewLatest(x.page.Fail)
	x.saves = kit.NewLatest(x.page.Fail)
	return x.page
}

func (x *Screen) buildGrid() {
	x.grid = kit.NewGrid(columns()...)
	x.grid.Noun, x.grid.Nouns = "host", "hosts"
	x.grid.Key = func(r *row) any { return r.ID }
	x.grid.SortBy("host", false)
	x.grid.OnOpen = func(r *row) { x.open(r.ID) }
	x.grid.OnSelect = x.selected
	x.grid.OnView = x.keepState
	x.grid.OnClearFilter = func() { x.bar.clear() }
	x.grid.Menu = x.rowMenu
	x.grid.SetEmpty(kit.NewEmptyState("server", "No hosts yet", "Add the first one by hand, or bring them in from your OpenSSH configuration, an Ansible inventory or a CSV file.",
		kit.NewButton("Import…", "file-import", x.importHosts)))
}

// showButtons makes Scan all the page's primary button, or Add host as long as
// there is nothing to scan.
func (x *Screen) showButtons(any bool) {
	more := kit.NewQuiet("", "dots", nil).WithTip("More")
	more.OnTapped = func() { x.popUp(more, x.moreMenu()) }
	bring := kit.NewButton("Import…", "file-import", x.importHosts)
	if any {
		x.bar.object.Show()
		x.page.SetActions(more, bring, kit.NewButton("Add host…", "plus", x.add), kit.Pad(x.lists, 0, 0, 6, 0), kit.NewPrimary("Scan all", "scan", x.scanAll))
	} else {
		x.bar.object.Hide()
		x.page.SetActions(more, bring, kit.NewPrimary("Add host…", "plus", x.add))
	}
	x.empty = !any
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
	x.loadForFind()
	words := strings.Fields(strings.ToLower(query))
	var out []ui.Action
	for _, r := range x.rows {
		name := strings.ToLower(r.Name + " " + r.Address)
		if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) }) {
			continue
		}
		out = append(out, ui.Action{Title: r.Name, Hint: "Host · " + kit.OfCompliance(r.verdict.Compliance).Word(), Icon: "server",
			Do: func() { x.shell.Go(ui.Place{Screen: ui.Hosts, Host: r.ID}) }})
		if len(out) == most {
			break
		}
	}
	return out
}

// loadForFind reads the hosts for the palette when the page was never shown.
func (x *Screen) loadForFind() {
	if x.started {
		return
	}
	x.started = true
	kit.Load(x.shell.Context(), kit.NewLatest(func(err error) { x.shell.Say(kit.StatusWarning, "Hosts could not be read: "+err.Error(), nil) }),
		func(ctx context.Context) (known, error) { return read(ctx, x.tools.Desk, "") },
		func(k known) {
			if x.rows == nil {
				x.rows = rows(k)
			}
		})
}

// A view is what one reading brought.
type view struct {
	known
	rows  []*row
	state string
}

// load reads all and shows it.
func (x *Screen) load() {
	x.started = true
	update := x.bar.update
	if x.want.Update != "" {
		update = x.want.Update
	}
	first := x.state == ""
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (view, error) {
		k, err := read(ctx, x.tools.Desk, update)
		if err != nil {
			return view{}, err
		}
		v := view{known: k, rows: rows(k)}
		if first {
			v.state, err = x.tools.Desk.DB.Setting(ctx, settingGrid)
		}
		return v, err
	}, x.show)
}

func (x *Screen) show(v view) {
	if v.state != "" {
		x.restore(v.state)
	}
	x.rows, x.groups = v.rows, v.groups
	x.byID = make(map[data.HostID]*row, len(v.rows))
	for _, r := range v.rows {
		x.byID[r.ID] = r
	}
	if x.empty != (len(v.rows) == 0) {
		x.showButtons(len(v.rows) > 0)
	}
	t := count(v.rows)
	x.bar.show(v.rows, t, v.groups, v.lacking)
	x.page.SetSubtitle(subtitle(len(v.rows), t, v.standard))
	x.grid.SetRows(v.rows)
	x.answer()
	x.panel.refresh()
	x.selected()
}

// answer brings up what was asked for, once the rows are there.
func (x *Screen) answer() {
	p := x.want
	x.want = ui.Place{}
	if p.Compliance != "" || p.Group != 0 || p.Update != "" {
		group := ""
		for _, g := range x.groups {
			if g.ID == p.Group {
				group = g.Name
			}
		}
		x.bar.ask(p.Compliance, group, p.Update)
	}
	if len(p.Hosts) > 0 {
		x.reveal()
		x.grid.Select(func(r *row) bool { return slices.Contains(p.Hosts, r.ID) })
	}
	if p.Host != 0 {
		x.reveal()
		x.open(p.Host)
	}
	switch rows := x.rowsOf(p.Hosts); {
	case p.New:
		x.add()
	case p.Edit:
		x.edit(rows)
	case p.Credential && len(rows) == 1:
		x.askCredential(rows[0])
	}
	if p.Scan {
		x.scan(x.rowsOf(p.Hosts), false)
	}
}

// reveal shows all rows, so that what was asked for is among them.
func (x *Screen) reveal() {
	x.search.SetText("")
	x.bar.clear()
}

// subtitle is the one thing the page answers.
func subtitle(n int, t tally, standard bool) string {
	late, unknown := t.compliance[data.Overdue], t.compliance[data.Unknown]
	switch {
	case n == 0:
		return ""
	case !standard:
		return "No standard is in force yet, so nothing is judged"
	case late > 0 && unknown > 0:
		return kit.Number(late) + " overdue, " + kit.Number(unknown) + " unknown"
	case late > 0:
		return kit.Number(late) + " overdue"
	case unknown > 0:
		return kit.Number(unknown) + " unknown"
	}
	return "None overdue, none unknown"
}

// filtered applies what the chips and lists above the grid say.
func (x *Screen) filtered(f filter) {
	if f.empty() {
		x.grid.Allow(nil)
		return
	}
	x.grid.Allow(f.pass)
}

// keepState stores how the grid is set up, when that has changed.
func (x *Screen) keepState() {
	if !x.started || len(x.rows) == 0 {
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

func (x *Screen) restore(state string) {
	var s kit.GridState
	if json.Unmarshal([]byte(state), &s) == nil { // an unreadable one is as good as none
		x.grid.SetState(s)
	}
}

// selected shows what can be done with the selection, and the current host.
func (x *Screen) selected() {
	n := len(x.grid.Selected())
	x.chosen.Objects = nil
	if n > 0 {
		x.chosen.Objects = []fyne.CanvasObject{
			kit.NewQuiet("Scan", "scan", x.scanChosen).WithTip("Scan the selected hosts (Ctrl+R)"),
			kit.NewQuiet("Plan updates…", "rocket", x.planChosen).WithTip("Plan a rollout for the selected hosts"),
			kit.NewQuiet("Edit…", "pencil", x.editChosen).WithTip("Change the selected hosts (Ctrl+E)"),
			kit.NewQuiet("Remove…", "trash", x.removeChosen).WithTip("Remove the selected hosts (Delete)"),
		}
	}
	x.chosen.Refresh()
	x.body.Refresh()
	x.panel.follow()
}

func idsOf(rows []*row) []data.HostID {
	out := make([]data.HostID, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

// open shows a host's panel and makes its row the current one.
func (x *Screen) open(id data.HostID) {
	_, shown := x.grid.Rows()
	for i := range shown {
		if x.grid.At(i).ID == id {
			x.grid.GoTo(i)
			break
		}
	}
	x.panel.open(id)
}

func (x *Screen) planChosen() {
	if rows := x.grid.Selected(); len(rows) > 0 {
		x.shell.Go(planPlace(rows))
	}
}

// names returns "web1", "web1 and web2", or "13 hosts".
func names(rows []*row) string {
	switch len(rows) {
	case 1:
		return rows[0].Name
	case 2:
		return rows[0].Name + " and " + rows[1].Name
	}
	return kit.Count(len(rows), "host", "hosts")
}

// footHeight is that of the line below the grid, with buttons in it or without.
const footHeight = 36

// footLayout gives its only object the same height at all times, so that the
// grid does not move when the first host is selected.
type footLayout struct{}

// MinSize implements fyne.Layout.
func (*footLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(o[0].MinSize().Width, footHeight)
}

// Layout implements fyne.Layout.
func (*footLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(0, 6))
	o[0].Resize(fyne.NewSize(size.Width, size.Height-6))
}
