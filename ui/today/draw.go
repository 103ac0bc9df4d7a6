package today

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// draw makes the page.
func (x *Screen) draw(v view) fyne.CanvasObject {
	if len(v.hosts) == 0 {
		return kit.NewScroll(kit.VBox(10, kit.AtMost(860, x.drawSteps(v))))
	}
	parts := kit.VBox(10, x.drawFigures(v))
	if v.next != "" {
		parts.Add(x.drawNext(v))
	}
	if len(v.steps) > 0 {
		parts.Add(x.drawSteps(v))
	}
	switch {
	case len(v.lines) > 0:
		parts.Add(x.drawLines(v))
	case v.stale > 0:
		parts.Add(kit.Pad(kit.NewEmptyState("loader", "Judging "+kit.Count(v.stale, "host", "hosts")+" anew",
			"Their judgement was made for an earlier time. Until it is made anew they are unknown.", nil), 60, 0, 0, 0))
	case len(v.steps) == 0:
		parts.Add(kit.Pad(kit.NewEmptyState("circle-check", "Nothing needs you now", calm(v), nil), 60, 0, 0, 0))
	}
	return kit.NewScroll(parts)
}

func calm(v view) string {
	return fmt.Sprintf("%s judged: none overdue, none unknown, nothing waits for an answer.", kit.Count(v.total.Hosts, "host", "hosts"))
}

// drawFigures makes the row of figures; each opens the hosts it counts.
func (x *Screen) drawFigures(v view) fyne.CanvasObject {
	t := v.total
	hosts := func(c data.Compliance) func() {
		return func() { x.shell.Go(ui.Place{Screen: ui.Hosts, Compliance: c}) }
	}
	share, promise := "–", "no standard in force"
	if t.Share.Known() && v.target > 0 {
		share, promise = kit.Percent(t.Share.Value), "promised "+kit.Percent(v.target)
	}
	if v.stale > 0 {
		promise = "being judged anew"
	}
	sign := func(n int, s kit.Status) kit.Status {
		if n == 0 {
			return kit.StatusNone
		}
		return s
	}
	late, soon, unknown := t.Counts[data.Overdue], t.Counts[data.DueSoon], t.Counts[data.Unknown]
	blind := unknown == t.Hosts // then a zero is no proof
	number := func(n int) string {
		if blind && n == 0 {
			return "–"
		}
		return kit.Number(n)
	}
	known := func(note string) string {
		if blind {
			return "not known"
		}
		return note
	}
	stats := []*kit.Stat{
		kit.NewStat("Hosts", kit.Number(t.Hosts), missing(t.Missing, unknown), kit.StatusNone,
			fmt.Sprintf("All hosts of this workspace. Their newest scans found %s missing.", kit.Count(t.Missing, "update", "updates"))),
		kit.NewStat("Compliant", share, promise, shareStatus(v), t.Share.Sentence),
		kit.NewStat("Overdue", number(late), known(kit.Count(t.Overdue, "update", "updates")), sign(late, kit.StatusOverdue),
			fmt.Sprintf("%s with something past its deadline: %s, or a reboot, or an operating system whose support has ended.", kit.Count(late, "host", "hosts"), kit.Count(t.Overdue, "overdue update", "overdue updates"))),
		kit.NewStat("Due soon", number(soon), known(v.soon), sign(soon, kit.StatusDueSoon),
			fmt.Sprintf("%s whose next deadline is near. They still count as compliant.", kit.Count(soon, "host", "hosts"))),
		kit.NewStat("Unknown", kit.Number(unknown), "never counted as compliant", sign(unknown, kit.StatusUnknown),
			fmt.Sprintf("%s whose newest scan proves nothing: never scanned, too old, or not to be trusted. Silence is no proof.", kit.Count(unknown, "host", "hosts"))),
	}
	for i, c := range []data.Compliance{"", data.Compliant, data.Overdue, data.DueSoon, data.Unknown} {
		stats[i].OnTapped = hosts(c)
	}
	return kit.Tiles(5, 8, stats[0], stats[1], stats[2], stats[3], stats[4])
}

// missing says how many updates are missing, and that hosts may lack more.
func missing(n, unknown int) string {
	if unknown > 0 {
		return kit.Count(n, "update known missing", "updates known missing")
	}
	return kit.Count(n, "update missing", "updates missing")
}

// drawNext makes the line that names the next window.
func (x *Screen) drawNext(v view) fyne.CanvasObject {
	open := kit.NewQuiet("Calendar", "calendar-event", func() { x.shell.Go(ui.Place{Screen: ui.Calendar}) }).WithTip(v.nextTip)
	icon := kit.Pad(kit.NewPicture(kit.IconIn("calendar-event", kit.ColorMuted), 16), 0, 0, 14, 10)
	return kit.NewSurface(kit.Pad(container.NewBorder(nil, nil, container.NewCenter(icon), open, kit.NewText(v.next).Cut()), 4, 4, 0, 6))
}

// drawSteps makes the first steps.
func (x *Screen) drawSteps(v view) fyne.CanvasObject {
	list := kit.VBox(0)
	primary := true
	for i, s := range v.steps {
		status, word := kit.StatusNotChosen, fmt.Sprintf("%d. %s", i+1, s.title)
		buttons := kit.HBox(6)
		if s.done {
			status, buttons = kit.StatusDone, kit.HBox(6, kit.NewMuted("Done"))
		}
		for _, b := range s.buttons {
			if s.done {
				continue
			}
			button := kit.NewButton
			if primary {
				button, primary = kit.NewPrimary, false
			}
			buttons.Add(button(b.word, b.icon, func() { x.shell.Go(b.place) }))
		}
		if i > 0 {
			list.Add(kit.NewRule())
		}
		list.Add(rowOf(status, word, s.text, buttons))
	}
	return kit.NewSurface(list)
}

// drawLines makes the list of needs.
func (x *Screen) drawLines(v view) fyne.CanvasObject {
	list := kit.VBox(0)
	var rows []*needRow
	for i, l := range v.lines {
		button := kit.NewButton
		if i == 0 && len(v.steps) == 0 {
			button = kit.NewPrimary
		}
		if i > 0 {
			list.Add(kit.NewRule())
		}
		buttons := kit.HBox(6, button(l.action, "", func() { x.do(l) }))
		if l.other != "" {
			buttons.Objects = append([]fyne.CanvasObject{kit.NewQuiet(l.other, "", func() { x.shell.Go(l.aside) })}, buttons.Objects...)
		}
		row := newNeedRow(rowOf(l.status, l.need.Title, l.need.Because, buttons),
			func() { x.open(l) }, func() []*fyne.MenuItem { return x.menu(l) })
		row.move = func(by int) {
			if to := i + by; to >= 0 && to < len(rows) {
				kit.Focus(rows[to])
			}
		}
		rows = append(rows, row)
		list.Add(row)
	}
	x.rows = rows
	return kit.NewSurface(list)
}

// rowOf sets sign, title, sentence and button side by side.
func rowOf(s kit.Status, title, text string, right fyne.CanvasObject) fyne.CanvasObject {
	icon := container.NewVBox(kit.Pad(kit.NewPicture(s.Icon(), 18), 11, 0, 14, 8))
	words := kit.VBox(-6, kit.Pad(kit.NewStrong(title).Cut(), 10, 0, 6, 0), kit.NewProse(text))
	return container.NewBorder(nil, nil, icon, container.NewCenter(kit.Pad(right, 0, 0, 12, 12)), kit.Pad(words, 0, 4, 0, 0))
}

// open shows what a line is about, and does nothing to it.
func (x *Screen) open(l line) {
	p := l.place
	p.Scan, p.Credential = false, false
	if l.need.Kind == app.NeedOverdue {
		p = ui.Place{Screen: ui.Hosts, Compliance: data.Overdue}
	}
	x.shell.Go(p)
}

// do is what the button of a line does.
func (x *Screen) do(l line) {
	switch l.need.Kind {
	case app.NeedUnknownRun:
		x.lookAgain(l.need)
	case app.NeedScan:
		if l.place.Scan {
			x.shell.Go(l.place)
			return
		}
		x.scan(l.need.Hosts, false)
	case app.NeedProof:
		x.scan(l.need.Hosts, true)
	case app.NeedMend:
		if l.need.Command == "" {
			x.shell.Go(l.place)
			return
		}
		x.tellCommand(l.need)
	default:
		x.shell.Go(l.place)
	}
}

// tellCommand shows what a person has to run on hosts, to be copied. The desk
// does not run it: what was interrupted may start services when it goes on.
func (x *Screen) tellCommand(n app.Need) {
	command := kit.NewEntry("").With(n.Command)
	command.TextStyle.Monospace = true
	command.OnChanged = func(string) { command.SetText(n.Command) } // to be read and copied
	copied := kit.NewButton("Copy", "copy", func() {
		fyne.CurrentApp().Clipboard().SetContent(n.Command)
		x.shell.Say(kit.StatusDone, "Copied: "+n.Command, nil)
	})
	hosts := kit.Count(len(n.Hosts), "host", "hosts")
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: n.Title, Sign: kit.StatusWarning, Width: 620,
		Text:    n.Because + "\n\nAn upgrade was cut off in the middle, and dpkg refuses everything until it has been finished. The desk does not do that by itself: scripts of packages may restart services. Log in there and run:",
		Content: container.NewBorder(nil, nil, nil, kit.Pad(copied, 0, 0, 8, 0), command),
		Confirm: "Scan " + hosts, Cancel: "Close", OnDone: func() { x.scan(n.Hosts, false) }})
}

// menu is what can be done with a line.
func (x *Screen) menu(l line) []*fyne.MenuItem {
	items := []*fyne.MenuItem{fyne.NewMenuItem(l.action, func() { x.do(l) })}
	if l.other != "" {
		items = append(items, fyne.NewMenuItem(l.other, func() { x.shell.Go(l.aside) }))
	}
	if len(l.need.Hosts) > 0 {
		items = append(items, fyne.NewMenuItem("Show "+kit.Count(len(l.need.Hosts), "host", "hosts"), func() {
			x.shell.Go(ui.Place{Screen: ui.Hosts, Hosts: l.need.Hosts})
		}))
		if l.need.Kind != app.NeedScan {
			items = append(items, fyne.NewMenuItem("Scan "+kit.Count(len(l.need.Hosts), "host", "hosts"), func() { x.scan(l.need.Hosts, false) }))
		}
	}
	return append(items, fyne.NewMenuItem("Copy", func() {
		fyne.CurrentApp().Clipboard().SetContent(l.need.Title + ". " + l.need.Because)
	}))
}
