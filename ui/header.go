package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
)

// A header is the line above every page: whose workspace this is, and the ways
// to everything else.
type header struct {
	object    fyne.CanvasObject
	workspace *kit.Button
}

func newHeader(s *Shell) *header {
	h := &header{}
	h.workspace = kit.NewQuiet(s.options.Workspace, "database", func() { s.popUp(h.workspace, s.options.Menu) })
	find := kit.NewButton("Find or do anything", "search", s.openPalette).WithTip("Every action, and hosts by name (Ctrl+K)")
	look := kit.NewQuiet("", "sun", nil).WithTip("Light or dark")
	look.OnTapped = func() { s.popUp(look, s.modeMenu()) }
	help := kit.NewQuiet("", "keyboard", s.showHelp).WithTip("Keyboard shortcuts (?)")
	line := kit.HBox(4, h.workspace, kit.Spacer(), find, look, help)
	h.object = container.NewBorder(nil, kit.NewRule(), nil, nil, kit.Pad(line, 6, 6, 10, 10))
	return h
}

// popUp shows a menu below a button.
func (s *Shell) popUp(under fyne.CanvasObject, items []*fyne.MenuItem) {
	if len(items) == 0 {
		return
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(under).AddXY(0, under.Size().Height+2)
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), s.window.Canvas())
	at.X = min(at.X, s.window.Canvas().Size().Width-m.MinSize().Width-8)
	m.ShowAtPosition(at)
}

func (s *Shell) modeMenu() []*fyne.MenuItem {
	item := func(word, icon string, m kit.Mode) *fyne.MenuItem {
		i := fyne.NewMenuItem(word, func() { s.SetMode(m) })
		i.Icon = kit.Icon(icon)
		i.Checked = s.mode == m
		return i
	}
	return []*fyne.MenuItem{
		item("As the desktop", "device-desktop", kit.ModeSystem),
		item("Light", "sun", kit.ModeLight),
		item("Dark", "moon", kit.ModeDark),
	}
}
