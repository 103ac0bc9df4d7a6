package hosts

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	any := func() bool { return x.grid != nil && len(x.grid.Selected()) > 0 }
	some := func() bool { return len(x.rows) > 0 }
	return []ui.Action{
		{Title: "Scan all hosts", Hint: "Asks every host about itself; nothing is changed.", Icon: "scan", Key: fyne.KeyR, Modifier: ui.Ctrl | fyne.KeyModifierShift, Do: x.scanAll, Enabled: some},
		{Title: "Scan selected hosts", Icon: "scan", Key: fyne.KeyR, Modifier: ui.Ctrl, Do: x.scanChosen, Enabled: any},
		{Title: "Fetch lists and scan selected hosts", Hint: "The hosts first ask their sources what they offer.", Icon: "refresh", Do: func() { x.scan(x.grid.Selected(), true) }, Enabled: any},
		{Title: "Fetch lists and scan all hosts", Icon: "refresh", Do: func() { x.scan(x.rows, true) }, Enabled: some},
		{Title: "Check host", Hint: "Walks the way to the host step by step and says how to mend what is in the way.", Icon: "list-check", Do: x.checkCurrent, Enabled: any},
		{Title: "Add a host", Icon: "plus", Key: fyne.KeyN, Modifier: ui.Ctrl, Do: x.add},
		{Title: "Edit selected hosts", Icon: "pencil", Key: fyne.KeyE, Modifier: ui.Ctrl, Do: x.editChosen, Enabled: any},
		{Title: "Remove selected hosts", Icon: "trash", Key: fyne.KeyDelete, Do: x.removeChosen, Enabled: any},
		{Title: "Plan updates for selected hosts", Icon: "rocket", Key: fyne.KeyP, Modifier: ui.Ctrl, Do: x.planChosen, Enabled: any},
		{Title: "Plan a reboot of selected hosts", Hint: "Brings nothing in; a host that waits for a reboot is rebooted in its window.", Icon: "rotate-clockwise", Do: x.planReboot, Enabled: any},
		{Title: "Import hosts", Hint: "From CSV, an OpenSSH configuration, known_hosts or an Ansible inventory.", Icon: "file-import", Key: fyne.KeyI, Modifier: ui.Ctrl, Do: x.importHosts},
		{Title: "Export hosts as CSV", Icon: "file-export", Do: func() { x.export(formatCSV) }, Enabled: some},
		{Title: "Export hosts as an Ansible inventory", Icon: "file-export", Do: func() { x.export(formatAnsible) }, Enabled: some},
		{Title: "Manage groups", Icon: "stack-2", Key: fyne.KeyG, Modifier: ui.Ctrl, Do: x.manageGroups},
		{Title: "Show the host's panel", Icon: "info-circle", Do: x.openCurrent, Enabled: any},
		{Title: "Close the host's panel", Icon: "x", Key: fyne.KeyEscape, Do: x.panelClose, Enabled: func() bool { return x.panel != nil && x.panel.isOpen() }},
		{Title: "Look at hosts that wait for you", Hint: "Host keys and certificates to vouch for, and credentials that are missing.", Icon: "key", Do: func() { x.page.Clear(); x.doors.next(x) }, Enabled: func() bool { return len(x.doors.waiting) > 0 && !x.doors.up }},
	}
}

func (x *Screen) panelClose() { x.panel.close() }

func (x *Screen) openCurrent() {
	if r, ok := x.grid.Current(); ok {
		x.open(r.ID)
	}
}

func (x *Screen) focusGrid() {
	if c := x.shell.Window().Canvas(); c != nil {
		c.Focus(x.grid)
	}
}

// popUp shows a menu below a button.
func (x *Screen) popUp(under fyne.CanvasObject, items []*fyne.MenuItem) {
	if len(items) == 0 {
		return
	}
	c := x.shell.Window().Canvas()
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(under).AddXY(0, under.Size().Height+2)
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), c)
	at.X = max(8, min(at.X, c.Size().Width-m.MinSize().Width-8))
	m.ShowAtPosition(at)
}

func menuItem(word, icon string, do func()) *fyne.MenuItem {
	i := fyne.NewMenuItem(word, do)
	i.Icon = kit.Icon(icon)
	return i
}

func (x *Screen) moreMenu() []*fyne.MenuItem {
	csv := menuItem("Export as CSV…", "file-export", func() { x.export(formatCSV) })
	ansible := menuItem("Export for Ansible…", "file-export", func() { x.export(formatAnsible) })
	csv.Disabled, ansible.Disabled = len(x.rows) == 0, len(x.rows) == 0
	return []*fyne.MenuItem{menuItem("Groups…", "stack-2", x.manageGroups), fyne.NewMenuItemSeparator(), csv, ansible}
}

// rowMenu is what may be done with hosts.
func (x *Screen) rowMenu(rows []*row) []*fyne.MenuItem {
	if len(rows) == 0 {
		return nil
	}
	what := names(rows)
	items := []*fyne.MenuItem{
		menuItem("Scan "+what, "scan", func() { x.scan(rows, false) }),
		menuItem("Fetch lists and scan "+what, "refresh", func() { x.scan(rows, true) }),
		menuItem("Plan updates…", "rocket", func() { x.shell.Go(planPlace(rows)) }),
		menuItem("Plan a reboot…", "rotate-clockwise", func() { x.shell.Go(rebootPlace(rows)) }),
		fyne.NewMenuItemSeparator(),
	}
	if len(rows) == 1 {
		r := rows[0]
		items = append(items,
			menuItem("Show details", "info-circle", func() { x.open(r.ID) }),
			menuItem("Check host…", "list-check", func() { x.check(r.Host) }),
			menuItem("Keep a credential…", "key", func() { x.askCredential(r) }),
			menuItem("Was it us?", "history", func() { x.shell.Go(ui.Place{Screen: ui.Activity, Search: quoted(r.Name)}) }))
	}
	return append(items,
		menuItem("Edit…", "pencil", func() { x.edit(rows) }),
		menuItem("Copy names", "copy", func() { fyne.CurrentApp().Clipboard().SetContent(nameLines(rows)) }),
		fyne.NewMenuItemSeparator(),
		menuItem("Remove…", "trash", func() { x.remove(rows) }))
}

func planPlace(rows []*row) ui.Place {
	p := ui.Place{Screen: ui.Rollouts, Hosts: idsOf(rows)}
	if len(rows) == 1 {
		p.Host = rows[0].ID
	}
	return p
}

// rebootPlace is where a reboot of hosts is planned, without updates.
func rebootPlace(rows []*row) ui.Place {
	return ui.Place{Screen: ui.Rollouts, Hosts: idsOf(rows), Reboot: true}
}

func (x *Screen) planReboot() {
	if rows := x.grid.Selected(); len(rows) > 0 {
		x.shell.Go(rebootPlace(rows))
	}
}

func nameLines(rows []*row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.Name + "\n")
	}
	return b.String()
}

// quoted holds a name together in a search bar.
func quoted(s string) string {
	if strings.ContainsAny(s, " -:") {
		return `"` + s + `"`
	}
	return s
}
