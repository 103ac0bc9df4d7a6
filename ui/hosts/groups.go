package hosts

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A groupRow is a group and how many hosts it has.
type groupRow struct {
	data.Group
	hosts int
}

// manageGroups lists the groups, to add, change and remove them.
func (x *Screen) manageGroups() {
	grid := kit.NewGrid(
		kit.Column[groupRow]{ID: "name", Title: "Group", Width: 180, Grow: true, Text: func(g groupRow) string { return g.Name }},
		kit.Column[groupRow]{ID: "hosts", Title: "Hosts", Width: 80, Align: fyne.TextAlignTrailing, Text: func(g groupRow) string { return kit.Number(g.hosts) }, Compare: func(a, b groupRow) int { return a.hosts - b.hosts }},
		kit.Column[groupRow]{ID: "zone", Title: "Time zone", Width: 170, Text: func(g groupRow) string { return zoneWord(g.TimeZone) }},
	)
	grid.Noun, grid.Nouns = "group", "groups"
	grid.Key = func(g groupRow) any { return g.ID }
	grid.SetEmpty(kit.NewEmptyState("stack-2", "No groups yet", "A group is a set of hosts that share maintenance windows, such as web or Munich.", nil))
	fill := func() { grid.SetRows(x.groupRows()) }
	fill()
	var m *kit.Modal
	fail := kit.NewLatest(func(err error) { m.Fail(err) })
	again := func() { x.loadThen(fill) }
	grid.OnOpen = func(g groupRow) { x.editGroup(g.Group, again) }
	change := kit.NewButton("Edit…", "pencil", func() {
		if g, ok := grid.Current(); ok {
			x.editGroup(g.Group, again)
		}
	})
	remove := kit.NewButton("Remove…", "trash", func() {
		if g, ok := grid.Current(); ok {
			x.removeGroup(g, fail, again)
		}
	})
	add := kit.NewButton("Add group…", "plus", func() { x.editGroup(data.Group{TimeZone: localZone()}, again) })
	grid.OnSelect = func() { able(len(grid.Selected()) > 0, change, remove) }
	able(false, change, remove)
	m = kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Groups", Width: 560,
		Text:    "A group shares maintenance windows and freezes. Its time zone is where its hosts' owners live.",
		Content: container.New(&fixed{fyne.NewSize(520, 280)}, kit.NewSurface(grid)), Extra: []fyne.CanvasObject{add, change, remove}})
}

func able(on bool, buttons ...*kit.Button) {
	for _, b := range buttons {
		if on {
			b.Enable()
		} else {
			b.Disable()
		}
	}
}

func (x *Screen) groupRows() []groupRow {
	n := map[data.GroupID]int{}
	for _, r := range x.rows {
		n[r.Group]++
	}
	out := make([]groupRow, len(x.groups))
	for i, g := range x.groups {
		out[i] = groupRow{g, n[g.ID]}
	}
	return out
}

func zoneWord(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

// localZone is the desk's own time zone, where it has a name.
func localZone() string {
	if name := time.Local.String(); name != "Local" {
		return name
	}
	return ""
}

func (x *Screen) editGroup(g data.Group, done func()) {
	name := kit.NewEntry("web").With(g.Name)
	zone := kit.NewEntry("Europe/Berlin").With(g.TimeZone)
	notes := kit.NewMultiLine("", 2).With(g.Notes)
	title, verb := "Add a group", "Add group"
	if g.ID != 0 {
		title, verb = "Edit group "+g.Name, "Save"
	}
	form := kit.NewForm(
		&kit.Field{Label: "Name", Input: name, Check: kit.Required(name, "Give the group a name.")},
		&kit.Field{Label: "Time zone", Input: zone, Hint: "An IANA name; empty means UTC.", Check: func() error {
			if _, err := time.LoadLocation(zone.Trimmed()); err != nil {
				return errors.New("No such time zone. Examples: Europe/Berlin, America/New_York.")
			}
			return nil
		}},
		&kit.Field{Label: "Notes", Input: notes})
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: title, Form: form, Confirm: verb,
		OnConfirm: func() error {
			g.Name, g.TimeZone, g.Notes = name.Trimmed(), zone.Trimmed(), notes.Text
			return nil
		},
		Work: func(ctx context.Context) error {
			_, err := x.tools.Desk.SaveGroup(ctx, g)
			return err
		}, OnDone: done})
}

func (x *Screen) removeGroup(g groupRow, fail *kit.Latest, done func()) {
	text := "No host is in it. Windows no longer open for it."
	if g.hosts > 0 {
		text = kit.Count(g.hosts, "host is then in no group and has no window", "hosts are then in no group and have no window") + ", until you put it into another."
	}
	kit.Confirm(x.shell.Context(), x.shell.Window(), "Remove the group "+g.Name+"?", text, "Remove group", func() {
		kit.Load(x.shell.Context(), fail, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, x.tools.Desk.RemoveGroup(ctx, g.ID)
		}, func(struct{}) { done() })
	})
}

// loadThen reads all again and then shows it elsewhere too.
func (x *Screen) loadThen(then func()) {
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (view, error) {
		k, err := read(ctx, x.tools.Desk, x.bar.update)
		return view{known: k, rows: rows(k)}, err
	}, func(v view) {
		x.show(v)
		then()
	})
}
