package ui_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/ui"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

// page is a screen for tests.
type page struct {
	id, title, icon string
	shown           []ui.Place
	actions         []ui.Action
	searched        int
	entry           *kit.Entry
	grid            *kit.Grid[string]
}

func (p *page) ID() string           { return p.id }
func (p *page) Title() string        { return p.title }
func (p *page) Icon() string         { return p.icon }
func (p *page) Shown(at ui.Place)    { p.shown = append(p.shown, at) }
func (p *page) Actions() []ui.Action { return p.actions }
func (p *page) FocusSearch()         { p.searched++ }
func (p *page) Content() fyne.CanvasObject {
	p.entry = kit.NewEntry("Find in " + p.title)
	g := kit.NewGrid(kit.Column[string]{ID: "name", Title: "Name", Grow: true, Text: func(s string) string { return s }})
	g.SetEmpty(kit.NewEmptyState(p.icon, "Nothing on "+p.title+" yet", "Scan your hosts, and what they lack is listed here.", nil))
	g.SetRows([]string{"first", "second"})
	p.grid = g
	return kit.NewPage(p.title, "", container.NewBorder(kit.Pad(p.entry, 0, 8, 0, 0), nil, nil, nil, g), kit.NewPrimary("Do it", "", nil))
}

// memory keeps settings for tests.
type memory struct {
	sync.Mutex
	m   map[string]string
	err error
}

func (m *memory) Setting(_ context.Context, key string) (string, error) {
	m.Lock()
	defer m.Unlock()
	return m.m[key], nil
}

func (m *memory) SetSetting(_ context.Context, key, value string) error {
	m.Lock()
	defer m.Unlock()
	m.m[key] = value
	return m.err
}

func shell(t *testing.T, dark bool) (*ui.Shell, []*page, *memory) {
	t.Helper()
	a := kittest.Start(t, dark)
	mem := &memory{m: map[string]string{}}
	if dark {
		mem.m["desk.theme"] = "dark"
	}
	s := ui.NewShell(context.Background(), a, ui.Options{Workspace: "northwind.workspace", Version: "0.1.0 · practice shop", Memory: mem})
	t.Cleanup(s.Window().Close)
	var pages []*page
	for _, p := range [][3]string{{ui.Today, "Today", "home"}, {ui.Hosts, "Hosts", "server"}, {ui.Updates, "Updates", "package"}, {ui.Calendar, "Calendar", "calendar-event"}, {ui.Rollouts, "Rollouts", "rocket"},
		{ui.Compliance, "Compliance", "chart-donut"}, {ui.Standard, "Standard", "clipboard-check"}, {ui.Activity, "Activity", "history"}, {ui.Settings, "Settings", "settings"}} {
		x := &page{id: p[0], title: p[1], icon: p[2]}
		pages = append(pages, x)
	}
	pages[1].actions = []ui.Action{{Title: "Scan selected hosts", Icon: "scan", Key: fyne.KeyF5, Do: func() { pages[1].searched += 100 }}, {Title: "Add a host", Icon: "plus", Key: fyne.KeyN, Modifier: ui.Ctrl, Do: func() { pages[1].searched += 1000 }}}
	for _, p := range pages {
		s.Add(p)
	}
	s.Show()
	kittest.Settle(t)
	return s, pages, mem
}

func TestShellInBothColours(t *testing.T) {
	for _, dark := range []bool{false, true} {
		s, _, _ := shell(t, dark)
		s.Badge(ui.Updates, ui.Badge{Count: 14, Status: kit.StatusOverdue})
		s.Badge(ui.Hosts, ui.Badge{Count: 3})
		s.Badge(ui.Rollouts, ui.Badge{Count: 1, Status: kit.StatusRunning})
		kittest.Press(t, s.Window(), "Hosts")
		hold := make(chan struct{})
		s.Start(kit.Job{Title: "Scan 12 hosts", Do: func(ctx context.Context, report func(kit.Progress)) (string, error) {
			report(kit.Progress{Done: 7, Total: 12, Note: "scanning web8.example.net"})
			<-hold
			return "11 scanned, 1 unreachable", nil
		}})
		s.Start(kit.Job{Title: "Import inventory", Do: func(context.Context, func(kit.Progress)) (string, error) { return "", errors.New("line 4: no name") }})
		kittest.Until(t, "progress is seen", func() bool {
			return strings.Contains(kittest.Text(s.Window()), "7 of 12") && strings.Contains(kittest.Text(s.Window()), "Line 4")
		})
		w := s.Window()
		if img := w.Canvas().Capture(); img == nil {
			t.Fatal("no picture")
		}
		kittest.Save(t, "ui-shell", w, dark)
		kittest.ShortcutNow(t, w, ui.Ctrl, fyne.KeyK)
		kittest.Save(t, "ui-palette", w, dark)
		kittest.KeyNow(t, w, fyne.KeyEscape)
		kittest.KeyNow(t, w, fyne.KeyF1)
		kittest.Save(t, "ui-help", w, dark)
		close(hold)
		kittest.Settle(t)
	}
}

func TestKeysGoToThePageFirstAndNowhereBehindADialog(t *testing.T) {
	s, pages, _ := shell(t, false)
	w := s.Window()
	kittest.Shortcut(t, w, ui.Ctrl, fyne.Key2)
	if s.Here().Screen != ui.Hosts {
		t.Fatalf("Ctrl+2 shows %q", s.Here().Screen)
	}
	kittest.Key(t, w, fyne.KeyF5)
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyN)
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyF)
	if pages[1].searched != 1101 {
		t.Errorf("F5, Ctrl+N and Ctrl+F did %d", pages[1].searched)
	}
	kittest.Key(t, w, fyne.KeyF1)
	kittest.See(t, w, "Scan selected hosts")
	kittest.Shortcut(t, w, ui.Ctrl, fyne.Key3)
	if s.Here().Screen != ui.Hosts {
		t.Error("a shortcut worked behind a dialog")
	}
	kittest.Key(t, w, fyne.KeyEscape)
	kittest.Shortcut(t, w, ui.Ctrl, fyne.Key1)
	n := len(pages[0].shown)
	kittest.Key(t, w, fyne.KeyF5)
	if got := pages[0].shown; len(got) != n+1 || !got[n].Reload {
		t.Errorf("F5 on a page without its own: %+v", got)
	}
}

func TestPaletteFindsAnActionOfAnotherPageAndGoesThere(t *testing.T) {
	s, pages, _ := shell(t, false)
	w := s.Window()
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyK)
	for _, r := range "scnsel" {
		w.Canvas().Focused().TypedRune(r)
	}
	kittest.See(t, w, "Scan selected hosts")
	kittest.Key(t, w, fyne.KeyReturn)
	if s.Here().Screen != ui.Hosts || pages[1].searched != 100 || w.Canvas().Overlays().Top() != nil {
		t.Errorf("at %q, did %d", s.Here().Screen, pages[1].searched)
	}
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyK)
	for _, r := range "zzzz" {
		w.Canvas().Focused().TypedRune(r)
	}
	kittest.See(t, w, "Nothing fits")
	kittest.Key(t, w, fyne.KeyReturn)
	kittest.Key(t, w, fyne.KeyEscape)
	if w.Canvas().Overlays().Top() != nil {
		t.Error("Esc does not close the palette")
	}
}

func TestGoTellsTheScreenWhatToShowAndBackReturns(t *testing.T) {
	s, pages, mem := shell(t, false)
	s.Go(ui.Place{Screen: ui.Updates, Host: 7})
	if got := pages[2].shown; len(got) != 1 || got[0].Host != 7 {
		t.Errorf("shown %+v", got)
	}
	s.Go(ui.Place{Screen: "nowhere"})
	kittest.Shortcut(t, s.Window(), fyne.KeyModifierAlt, fyne.KeyLeft)
	if s.Here().Screen != ui.Today {
		t.Errorf("back is %q", s.Here().Screen)
	}
	kittest.Settle(t)
	if v, _ := mem.Setting(context.Background(), "desk.page"); v != ui.Today {
		t.Errorf("remembered page %q", v)
	}
}

func TestWindowOpensWhereItWasLeft(t *testing.T) {
	a := kittest.Start(t, false)
	mem := &memory{m: map[string]string{"desk.page": ui.Updates, "desk.size": "1440x900", "desk.theme": "dark"}}
	s := ui.NewShell(context.Background(), a, ui.Options{Workspace: "w", Memory: mem})
	t.Cleanup(s.Window().Close)
	s.Add(&page{id: ui.Today, title: "Today", icon: "home"}, &page{id: ui.Updates, title: "Updates", icon: "package"})
	s.Show()
	if got := s.Here().Screen; got != ui.Updates {
		t.Errorf("opened at %q", got)
	}
	if got := s.Window().Canvas().Size(); got != fyne.NewSize(1440, 900) {
		t.Errorf("opened at size %v", got)
	}
	s.SetMode(kit.ModeLight)
	kittest.Settle(t)
	if v, _ := mem.Setting(context.Background(), "desk.theme"); v != "light" {
		t.Errorf("remembered theme %q", v)
	}
}

func TestSettingThatIsNotKeptIsTold(t *testing.T) {
	s, _, mem := shell(t, false)
	mem.Lock()
	mem.err = errors.New("disk is full")
	mem.Unlock()
	s.SetMode(kit.ModeDark)
	kittest.Settle(t)
	kittest.See(t, s.Window(), "Setting was not kept: disk is full")
}

func TestArrowsMoveInThePagesTableAtOnce(t *testing.T) {
	s, pages, _ := shell(t, false)
	w := s.Window()
	for _, k := range []fyne.KeyName{fyne.Key2, fyne.Key3} {
		kittest.Shortcut(t, w, ui.Ctrl, k)
		kittest.Key(t, w, fyne.KeyDown)
		kittest.Key(t, w, fyne.KeyDown)
	}
	for _, p := range pages[1:3] {
		if row, ok := p.grid.Current(); !ok || row != "second" {
			t.Errorf("on %s the arrows lead to %q", p.title, row)
		}
	}
}

// latePage shows its table only when it has been read.
type latePage struct {
	page
	stack *fyne.Container
}

func (p *latePage) Content() fyne.CanvasObject {
	p.stack = container.NewStack()
	return p.stack
}

func TestTableThatComesLaterGetsTheKeyboardUnlessAPersonHasIt(t *testing.T) {
	s, pages, _ := shell(t, false)
	w := s.Window()
	late := &latePage{page: page{id: "late", title: "Late", icon: "home"}}
	s.Add(late)
	for _, typing := range []bool{false, true} {
		s.Go(ui.Place{Screen: "late"})
		content := late.page.Content()
		late.stack.Objects = []fyne.CanvasObject{late.entry}
		late.stack.Refresh()
		if typing {
			w.Canvas().Focus(late.entry)
		}
		late.stack.Add(content)
		if typing {
			time.Sleep(300 * time.Millisecond) // the wait for the table goes by
			kittest.Settle(t)
			if w.Canvas().Focused() != fyne.Focusable(late.entry) {
				t.Errorf("the table took the keyboard from a person: %T", w.Canvas().Focused())
			}
		} else {
			kittest.Until(t, "the table has the keyboard", func() bool { return w.Canvas().Focused() == fyne.Focusable(late.grid) })
		}
		s.Go(ui.Place{Screen: pages[0].id})
	}
}

func TestActionOfSeveralPagesIsInThePaletteOnce(t *testing.T) {
	s, pages, _ := shell(t, false)
	scan := func(i int) []ui.Action {
		return []ui.Action{{Title: "Scan all hosts", Key: fyne.KeyR, Modifier: ui.Ctrl | fyne.KeyModifierShift, Do: func() { pages[i].searched++ }}}
	}
	pages[0].actions, pages[1].actions = scan(0), scan(1)
	w := s.Window()
	for i := range 3 {
		s.Go(ui.Place{Screen: pages[i].id})
		kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyK)
		for _, r := range "scan all" {
			w.Canvas().Focused().TypedRune(r)
		}
		if n := strings.Count(kittest.Text(w), "Scan all hosts"); n != 1 {
			t.Errorf("on %s it is there %d times", pages[i].title, n)
		}
		kittest.Key(t, w, fyne.KeyReturn)
	}
	if pages[0].searched != 2 || pages[1].searched != 1 {
		t.Errorf("done %d times on the first page, %d on the second", pages[0].searched, pages[1].searched)
	}
}

func TestCtrlEnterConfirmsWhereverTheKeyboardIs(t *testing.T) {
	s, _, _ := shell(t, false)
	w := s.Window()
	for _, focus := range []bool{false, true} {
		done := 0
		list := kit.NewSelect([]string{"internet", "internal"}, "", "Who can reach it?", nil)
		kit.ShowDialog(t.Context(), w, kit.Dialog{Title: "Add", Content: list, Confirm: "Add", OnDone: func() { done++ }})
		w.Canvas().Unfocus()
		if focus {
			w.Canvas().Focus(list)
		}
		kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyReturn)
		if done != 1 || w.Canvas().Overlays().Top() != nil {
			t.Errorf("list focused %v: confirmed %d times", focus, done)
		}
	}
}
