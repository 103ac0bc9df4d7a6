package hosts

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// The choices for hosts that are in the inventory already, in words.
const (
	wordStop   = "Stop"
	wordSkip   = "Leave as they are"
	wordUpdate = "Update"
)

var existingChoices = map[string]app.ExistingChoice{wordStop: app.ExistingStops, wordSkip: app.ExistingSkipped, wordUpdate: app.ExistingUpdated}

// A previewRow is one line of the file and what would become of it.
type previewRow struct {
	index int // in the preview's rows; -1: a line that holds no host
	line  int
	host  data.Host
	group string
	sign  kit.Status
	what  string // "added", "updated", "left out", or what is wrong
}

// previewRows tells what would become of each line under the choices, and how
// many hosts would be saved and how many problems stop it.
func previewRows(p app.ImportPreview, c app.ImportChoices, inventory []data.Host) (rows []*previewRow, saved, stops int) {
	items, problems := p.Resolve(c, inventory)
	saves := map[string]data.HostID{}
	for _, i := range items {
		saves[strings.ToLower(i.Host.Name)] = i.Host.ID
	}
	byLine := map[int][]app.ImportProblem{}
	for _, x := range problems {
		byLine[x.Line] = append(byLine[x.Line], x)
		if !x.Note {
			stops++
		}
	}
	for i, r := range p.Rows {
		row := &previewRow{index: i, line: r.Line, host: r.Host, group: r.Group}
		row.judge(byLine[r.Line], c, saves)
		delete(byLine, r.Line)
		rows = append(rows, row)
	}
	for line, all := range byLine {
		for _, x := range all {
			sign := kit.StatusFailed
			if x.Note {
				sign = kit.StatusWarning
			}
			rows = append(rows, &previewRow{index: -1, line: line, sign: sign, what: x.Text})
		}
	}
	slices.SortStableFunc(rows, func(a, b *previewRow) int { return a.line - b.line })
	return rows, len(items), stops
}

func (r *previewRow) judge(problems []app.ImportProblem, c app.ImportChoices, saves map[string]data.HostID) {
	id, saved := saves[strings.ToLower(strings.TrimSpace(r.host.Name))]
	switch {
	case c.Skip[r.index]:
		r.sign, r.what = kit.StatusSkipped, "left out"
		return
	case len(problems) > 0 && !problems[0].Note:
		r.sign, r.what = kit.StatusFailed, problems[0].Text
		return
	case !saved:
		r.sign, r.what = kit.StatusSkipped, "stays as it is"
	case id != 0:
		r.sign, r.what = kit.StatusWarning, "updated"
	default:
		r.sign, r.what = kit.StatusPassed, "added"
	}
	if len(problems) > 0 {
		r.what += "; " + problems[0].Text
	}
}

// A previewDialog shows what a file holds and asks what to do with it.
type previewDialog struct {
	x         *Screen
	s         *source
	inventory []data.Host
	choices   app.ImportChoices
	grid      *kit.Grid[*previewRow]
	summary   *kit.Caption
	local     *kit.Check // shown where a line says local
	modal     *kit.Modal
	columns   []app.Field
	saved     int
	stops     int
}

// showPreview shows what the file holds; confirming imports it.
func (x *Screen) showPreview(s *source) {
	d := &previewDialog{x: x, s: s, choices: app.ImportChoices{Skip: map[int]bool{}}, summary: kit.NewCaption("")}
	for _, r := range x.rows {
		d.inventory = append(d.inventory, r.Host)
	}
	var ids []data.HostID
	d.modal = kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Import from " + filepath.Base(s.path), Width: 720, Content: d.build(), Confirm: "Import", Extra: []fyne.CanvasObject{d.summary},
		Work: func(ctx context.Context) (err error) {
			ids, err = x.tools.Desk.ImportHosts(ctx, s.preview, d.choices)
			return err
		},
		OnDone: func() { x.imported(ids, d.inventory) }})
	d.judge()
}

func (d *previewDialog) build() fyne.CanvasObject {
	d.grid = kit.NewGrid(
		kit.Column[*previewRow]{ID: "line", Title: "Line", Width: 56, Align: fyne.TextAlignTrailing, Muted: true, Text: func(r *previewRow) string { return fmt.Sprint(r.line) }, Compare: func(a, b *previewRow) int { return a.line - b.line }},
		kit.Column[*previewRow]{ID: "name", Title: "Host", Width: 130, Name: true, Text: func(r *previewRow) string { return r.host.Name }},
		kit.Column[*previewRow]{ID: "what", Title: "What happens", Width: 300, Grow: true, Status: func(r *previewRow) kit.Status { return r.sign }, Text: func(r *previewRow) string { return r.what }},
		kit.Column[*previewRow]{ID: "where", Title: "Address", Width: 130, Text: func(r *previewRow) string { return r.host.Address }},
		kit.Column[*previewRow]{ID: "exposure", Title: "Exposure", Width: 90, Text: d.exposureText},
		kit.Column[*previewRow]{ID: "group", Title: "Group", Width: 90, Text: d.groupText},
		kit.Column[*previewRow]{ID: "user", Title: "User", Width: 90, Text: func(r *previewRow) string { return r.host.User }},
		kit.Column[*previewRow]{ID: "way", Title: "Reached by", Width: 130, Text: wayText},
		kit.Column[*previewRow]{ID: "owner", Title: "Owner", Width: 110, Text: func(r *previewRow) string { return r.host.Owner }},
	)
	d.grid.Noun, d.grid.Nouns = "line", "lines"
	d.grid.Key = func(r *previewRow) any { return [2]int{r.line, r.index} }
	d.grid.SetEmpty(kit.NewEmptyState("file-import", "No host is in this file", "Choose another file, or say what kind it is.", nil))
	d.grid.OnOpen = func(r *previewRow) { d.leaveOut([]*previewRow{r}) }
	d.grid.Menu = func(rows []*previewRow) []*fyne.MenuItem {
		return []*fyne.MenuItem{menuItem("Leave out, or take in again", "minus", func() { d.leaveOut(rows) })}
	}
	exposure := kit.NewSelect(options(data.Exposures), "", "Who can reach them?", func(w string) { d.choices.Exposure = data.Exposure(w); d.judge() })
	group := kit.NewEntry("no group")
	group.OnChanged = func(string) { d.choices.Group = group.Trimmed(); d.judge() }
	existing := kit.NewSegmented([]string{wordStop, wordSkip, wordUpdate}, wordStop, func(w string) { d.choices.Existing = existingChoices[w]; d.judge() })
	bad := kit.NewCheck("Leave out lines with problems", false, func(on bool) { d.choices.SkipBad = on; d.judge() })
	fields := kit.Tiles(2, 12,
		kit.NewForm(&kit.Field{Label: "Exposure", Input: exposure, Hint: "Where the file does not say."}),
		kit.NewForm(&kit.Field{Label: "Group", Input: group, Hint: "Where the file does not say."}))
	known := kit.HBox(10, kit.NewMuted("Hosts already here"), existing, kit.Spacer(), bad)
	var body fyne.CanvasObject = kit.NewSurface(d.grid)
	if d.s.table != nil {
		body = d.withMapping(body)
	}
	d.local = kit.NewCheck("Take in lines that mean this computer, which is worked on without SSH", false, func(on bool) { d.choices.Local = on; d.judge() })
	d.local.Hide()
	return container.New(&fixed{fyne.NewSize(680, 430)}, container.NewBorder(kit.VBox(8, fields, kit.Pad(known, 0, 8, 0, 0), d.local), nil, nil, nil, body))
}

// wayText is how a host would be reached: a Windows host, and by which login.
func wayText(r *previewRow) string {
	if r.index < 0 {
		return ""
	}
	return wayWord(r.host)
}

func (d *previewDialog) exposureText(r *previewRow) string {
	if r.index >= 0 && r.host.Exposure == "" {
		return string(d.choices.Exposure)
	}
	return string(r.host.Exposure)
}

func (d *previewDialog) groupText(r *previewRow) string {
	if r.index >= 0 && r.group == "" {
		return d.choices.Group
	}
	return r.group
}

// leaveOut turns rows away, or takes them in again.
func (d *previewDialog) leaveOut(rows []*previewRow) {
	for _, r := range rows {
		if r.index >= 0 {
			d.choices.Skip[r.index] = !d.choices.Skip[r.index]
		}
	}
	d.judge()
}

// judge shows what would happen under the choices of now.
func (d *previewDialog) judge() {
	if slices.ContainsFunc(d.s.preview.Rows, func(r app.ImportRow) bool { return r.Host.Reach == data.ReachLocal }) {
		d.local.Show()
	}
	var rows []*previewRow
	rows, d.saved, d.stops = previewRows(d.s.preview, d.choices, d.inventory)
	d.grid.SetRows(rows)
	text := kit.Count(d.saved, "host", "hosts") + " to import"
	ok := d.saved > 0 && (d.stops == 0 || d.choices.SkipBad)
	switch {
	case d.stops > 0 && d.choices.SkipBad:
		text += ", " + kit.Count(d.stops, "problem", "problems") + " left out"
	case d.stops > 0:
		text = kit.Count(d.stops, "problem", "problems") + " to solve or leave out; nothing is imported before"
	}
	d.summary.SetText(text)
	if d.modal != nil {
		d.modal.SetConfirmable(ok)
		d.modal.Refresh()
	}
}

// withMapping adds a second view in which each column says what it holds.
func (d *previewDialog) withMapping(preview fyne.CanvasObject) fyne.CanvasObject {
	t := d.s.table
	d.columns = slices.Clone(t.Guess)
	words := []string{notSet}
	for _, f := range app.Fields {
		words = append(words, string(f))
	}
	box := kit.VBox(6)
	for i, head := range t.Header {
		example := ""
		if len(t.Rows) > 0 && i < len(t.Rows[0]) {
			example = t.Rows[0][i]
		}
		pick := kit.NewSelect(words, wordOf(d.columns[i]), "", func(w string) {
			d.columns[i] = valueOf[app.Field](w)
			d.s.preview = t.Preview(d.columns)
			d.choices.Skip = map[int]bool{}
			d.judge()
		})
		box.Add(container.NewGridWithColumns(3, kit.NewText(head).Cut(), kit.NewMuted(example).Cut(), pick))
	}
	heads := container.NewGridWithColumns(3, kit.NewCaption("COLUMN OF THE FILE"), kit.NewCaption("FIRST VALUE"), kit.NewCaption("HOLDS"))
	mapping := kit.NewSurface(container.NewBorder(kit.Pad(heads, 8, 4, 12, 12), nil, nil, nil, container.NewVScroll(kit.Pad(box, 2, 8, 12, 12))))
	const wordPreview, wordColumns = "Preview", "Columns"
	views := container.NewStack(preview)
	tabs := kit.NewSegmented([]string{wordPreview, wordColumns}, wordPreview, func(w string) {
		views.Objects = []fyne.CanvasObject{preview}
		if w == wordColumns {
			views.Objects = []fyne.CanvasObject{mapping}
		}
		views.Refresh()
	})
	return container.NewBorder(kit.Pad(container.NewHBox(tabs), 0, 8, 0, 0), nil, nil, nil, views)
}

// imported says what came in and offers to scan it, or to take it back.
func (x *Screen) imported(ids []data.HostID, before []data.Host) {
	known := map[data.HostID]data.Host{}
	for _, h := range before {
		known[h.ID] = h
	}
	var added []data.HostID
	var old []data.Host
	for _, id := range ids {
		if h, is := known[id]; is {
			old = append(old, h)
		} else {
			added = append(added, id)
		}
	}
	x.shell.Say(kit.StatusDone, kit.Count(len(ids), "host", "hosts")+" imported", func() {
		x.page.Clear()
		x.do("The import is undone", func(ctx context.Context) error {
			if len(added) > 0 {
				if _, err := x.tools.Desk.RemoveHosts(ctx, added, "import undone"); err != nil {
					return err
				}
			}
			_, err := x.tools.Desk.SaveHosts(ctx, old)
			return err
		})
	})
	if len(added) > 0 {
		x.page.Say(kit.NewBanner(kit.StatusUnknown, kit.Count(len(added), "new host is unknown", "new hosts are unknown"), "What they lack is known after the first scan. A scan only asks; nothing is changed.",
			kit.HBox(6, kit.NewButton("Scan them", "scan", func() { x.scan(x.rowsOf(added), x.lists.Checked) }), kit.NewQuiet("", "x", x.page.Clear).WithTip("Close"))))
	}
	x.load()
}
