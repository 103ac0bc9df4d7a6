package ui

import (
	"runtime"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"secondtuesday/ui/kit"
)

// global are the actions that hold on every page.
func (s *Shell) global() []Action {
	out := []Action{
		{Title: "Find or do anything", Hint: "The command palette: every action, and hosts by name.", Icon: "command", Key: fyne.KeyK, Modifier: Ctrl, Do: s.openPalette},
		{Title: "Search on this page", Icon: "search", Key: fyne.KeyF, Modifier: Ctrl, Do: s.search, Enabled: func() bool { _, ok := s.screen(s.at.Screen).(Searcher); return ok }},
		{Title: "Reload", Icon: "refresh", Key: fyne.KeyF5, Do: s.Reload},
		{Title: "Go back", Icon: "arrow-back-up", Key: fyne.KeyLeft, Modifier: fyne.KeyModifierAlt, Do: s.goBack, Enabled: func() bool { return len(s.back) > 0 }},
		{Title: "Show keyboard shortcuts", Icon: "keyboard", Key: fyne.KeyF1, Do: s.showHelp},
		{Title: "Use light colours", Icon: "sun", Do: func() { s.SetMode(kit.ModeLight) }},
		{Title: "Use dark colours", Icon: "moon", Do: func() { s.SetMode(kit.ModeDark) }},
		{Title: "Use the desktop's colours", Icon: "device-desktop", Do: func() { s.SetMode(kit.ModeSystem) }},
	}
	for i, x := range s.screens {
		a := Action{Title: "Go to " + x.Title(), Icon: x.Icon(), Do: func() { s.Go(Place{Screen: x.ID()}) }}
		if i < 9 {
			a.Key, a.Modifier = fyne.KeyName(strconv.Itoa(i+1)), Ctrl
		}
		out = append(out, a)
	}
	return append(out, s.options.Actions...)
}

func (s *Shell) search() {
	if x, ok := s.screen(s.at.Screen).(Searcher); ok {
		x.FocusSearch()
	}
}

// registerKeys takes the keys that hold on every page, and one for each of the
// nine first screens.
func (s *Shell) registerKeys() {
	c := s.window.Canvas()
	for i := range 9 {
		s.register(Action{Key: fyne.KeyName(strconv.Itoa(i + 1)), Modifier: Ctrl})
	}
	s.register(Action{Key: fyne.KeyReturn, Modifier: Ctrl}) // dialogs, and pages whose actions come and go
	s.register(Action{Key: fyne.KeyEnter, Modifier: Ctrl})
	for _, a := range s.global() {
		if a.Modifier != 0 {
			s.register(a)
		}
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) { s.typed(e.Name, 0) })
	c.SetOnTypedRune(func(r rune) {
		if r == '?' && c.Overlays().Top() == nil {
			s.showHelp()
		}
	})
}

func (s *Shell) registerScreenKeys(x Screen) {
	for _, a := range x.Actions() {
		if a.Key != "" && a.Modifier != 0 {
			s.register(a)
		}
	}
}

func (s *Shell) register(a Action) {
	s.window.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: a.Key, Modifier: a.Modifier}, s.shortcut)
}

// shortcut gets what was typed with modifiers, from the window or from a
// focused widget that did not want it.
func (s *Shell) shortcut(sc fyne.Shortcut) {
	if c, ok := sc.(*desktop.CustomShortcut); ok {
		s.typed(c.KeyName, c.Modifier)
	}
}

// typed does what a key means here: the page's own action first, then the
// window's. Nothing happens behind a dialog.
func (s *Shell) typed(key fyne.KeyName, mod fyne.KeyModifier) {
	if top := s.window.Canvas().Overlays().Top(); top != nil {
		if m, ok := top.(*kit.Modal); ok && mod == Ctrl {
			m.TypedKey(&fyne.KeyEvent{Name: key}) // Ctrl+Enter saves, wherever the keyboard is
		}
		return
	}
	if key == fyne.KeyEnter && mod == Ctrl {
		key = fyne.KeyReturn // that of the number pad
	}
	var actions []Action
	if x := s.screen(s.at.Screen); x != nil {
		actions = x.Actions()
	}
	for _, a := range append(actions, s.global()...) {
		if a.Key == key && a.Modifier == mod && a.run() {
			return
		}
	}
}

// Keys returns an action's shortcut in words, "Ctrl+K"; "" for none.
func (a Action) Keys() string {
	if a.Key == "" {
		return ""
	}
	var parts []string
	for _, m := range []struct {
		bit  fyne.KeyModifier
		word string
	}{{fyne.KeyModifierControl, "Ctrl"}, {fyne.KeyModifierSuper, superWord()}, {fyne.KeyModifierAlt, "Alt"}, {fyne.KeyModifierShift, "Shift"}} {
		if a.Modifier&m.bit != 0 {
			parts = append(parts, m.word)
		}
	}
	name := string(a.Key)
	if word, ok := keyWords[a.Key]; ok {
		name = word
	}
	return strings.Join(append(parts, name), "+")
}

var keyWords = map[fyne.KeyName]string{fyne.KeyReturn: "Enter", fyne.KeyDelete: "Del", fyne.KeyPageUp: "PgUp", fyne.KeyPageDown: "PgDn"}

func superWord() string {
	if runtime.GOOS == "darwin" {
		return "Cmd"
	}
	return "Super"
}

// showHelp shows every shortcut that holds here.
func (s *Shell) showHelp() {
	if s.window.Canvas().Overlays().Top() != nil {
		return
	}
	var here []Action
	title := ""
	if x := s.screen(s.at.Screen); x != nil {
		here, title = x.Actions(), x.Title()
	}
	left := kit.VBox(4, kit.NewStrong("Everywhere"))
	for _, a := range s.global() {
		if a.Key != "" {
			left.Add(keyLine(a.Keys(), a.Title))
		}
	}
	right := kit.VBox(4)
	if n := withKeys(here); len(n) > 0 {
		right.Add(kit.NewStrong(title))
		for _, a := range n {
			right.Add(keyLine(a.Keys(), a.Title))
		}
		right.Add(kit.Pad(kit.NewRule(), 4, 4, 0, 0))
	}
	right.Add(kit.NewStrong("In a table"))
	for _, l := range tableKeys {
		right.Add(keyLine(l[0], l[1]))
	}
	kit.ShowDialog(s.ctx, s.window, kit.Dialog{Title: "Keyboard shortcuts", Width: 700, Content: container.NewGridWithColumns(2, left, kit.Pad(right, 0, 0, 16, 0))})
}

func withKeys(actions []Action) []Action {
	var out []Action
	for _, a := range actions {
		if a.Key != "" {
			out = append(out, a)
		}
	}
	return out
}

var tableKeys = [][2]string{
	{"Up Down PgUp PgDn Home End", "Move"},
	{"Shift + those", "Select a range"},
	{"Space, Ctrl+click", "Select one more"},
	{"Ctrl+A", "Select all"},
	{"Enter", "Open"},
	{"Menu, Shift+F10", "What can be done"},
	{"Left Right", "Choose a column"},
	{"Alt+Up, Alt+Down", "Sort by it"},
	{"Letters", "Find as you type"},
	{"Ctrl+C", "Copy as a table"},
}

func keyLine(keys, what string) fyne.CanvasObject {
	return container.NewBorder(nil, nil, nil, kit.NewBadge(keys), kit.NewText(what).Cut())
}
