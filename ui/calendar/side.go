package calendar

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// most is how many problems of a kind the side list shows at first.
const most = 5

// A side is the list beside the calendar: the day chosen, and what does not fit.
type side struct {
	x      *Screen
	object fyne.CanvasObject
	day    *fyne.Container
	parts  *fyne.Container
	all    map[string]bool // sections shown whole
	known  *almanac
}

func newSide(x *Screen) *side {
	s := &side{x: x, day: kit.VBox(2), parts: kit.VBox(12), all: map[string]bool{}}
	scroll := container.NewVScroll(kit.Pad(kit.VBox(14, s.day, s.parts), 10, 10, 12, 12))
	s.object = kit.NewSurface(scroll)
	return s
}

func (s *side) show(a *almanac, chosen data.Date) {
	s.showDay(a.dayOf(chosen), a)
	if s.known != a && (s.known == nil || !sameSections(s.known.sections, a.sections)) || len(s.parts.Objects) == 0 {
		s.showSections(a.sections)
	}
	s.known = a
}

func sameSections(a, b []section) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// showDay lists what is on a day.
func (s *side) showDay(d app.Day, a *almanac) {
	s.day.Objects = []fyne.CanvasObject{kit.Pad(kit.NewSubHeading(midnight(d.Date).Format("Monday 2 January")), 0, 4, 0, 0)}
	for i := range d.Freezes {
		f := d.Freezes[i]
		s.day.Add(newItem(kit.StatusFrozen, f.Name, "freeze until "+moment(f.Until, a.zone), freezeWords(f, a.agenda.Groups, a.zone), func() { s.x.editFreeze(f) }))
	}
	seen := map[data.WindowID]bool{}
	for i := range d.Entries {
		e := d.Entries[i]
		if isLong(&e) && seen[e.Window.ID] {
			continue // one opening ends as the next begins
		}
		seen[e.Window.ID] = true
		status, _ := entryLook(&e)
		if status == kit.StatusNone {
			status = kit.StatusPassed
		}
		note := permitWord(e.Window.Permits) + " · " + or(strings.Join(groupNames(e.Window.Groups, a.agenda.Groups), ", "), "no group")
		switch {
		case !e.Agreed:
			note = "not agreed, permits nothing"
		case e.Frozen:
			note = "a freeze leaves nothing of it"
		case e.Cut:
			note = "cut by a freeze · " + note
		}
		s.day.Add(newItem(status, clockSpan(&e, a.zone)+" · "+e.Window.Name, note, entryWords(&e, a.agenda.Groups, a.zone), func() { s.x.edit(e.Window) }))
	}
	if len(d.Entries)+len(d.Freezes) == 0 {
		s.day.Add(kit.NewMuted("No window opens on this day."))
	}
	s.day.Refresh()
}

func (s *side) showSections(all []section) {
	s.parts.Objects = nil
	for _, sec := range all {
		title := kit.NewStrong(sec.Title)
		var count fyne.CanvasObject
		if n := sec.count(); n > 0 {
			count = kit.NewBadge(kit.Number(n))
		}
		box := kit.VBox(2, kit.NewRule(), kit.Pad(container.NewBorder(nil, nil, nil, count, title), 8, 2, 0, 0))
		if len(sec.Problems) == 0 && sec.Good != "" {
			box.Add(kit.NewSign(kit.StatusPassed, sec.Good))
		}
		if sec.None != "" {
			box.Add(kit.NewMuted(sec.None))
		}
		for i, p := range sec.Problems {
			if i == most && !s.all[sec.Title] {
				box.Add(kit.HBox(0, kit.NewQuiet(fmt.Sprintf("Show %d more", len(sec.Problems)-most), "", func() {
					s.all[sec.Title] = true
					s.showSections(all)
				})))
				break
			}
			box.Add(newItem(p.Sign, p.Text, p.Note, strings.TrimSuffix(p.Text+". "+p.Note, ". "), func() { s.open(p) }))
		}
		s.parts.Add(box)
	}
	s.parts.Refresh()
}

// open goes to where a problem can be mended.
func (s *side) open(p problem) {
	switch {
	case p.Window != 0:
		if (p.Day != data.Date{}) {
			s.x.choose(p.Day)
		}
		s.x.openWindow(p.Window)
	case p.Host != 0:
		s.x.shell.Go(ui.Place{Screen: ui.Hosts, Host: p.Host})
	case len(p.Hosts) > 0:
		s.x.shell.Go(ui.Place{Screen: ui.Hosts, Hosts: p.Hosts})
	case p.Sign == kit.StatusUnknown:
		s.x.shell.Go(ui.Place{Screen: ui.Hosts, Compliance: data.Unknown})
	}
}

// An item is a line of the side list that can be pressed.
type item struct {
	widget.BaseWidget
	sign       kit.Status
	text, note string
	words      string // tooltip
	do         func()
	ground     *kit.Fill
	tip        kit.Tip
}

func newItem(s kit.Status, text, note, words string, do func()) *item {
	i := &item{sign: s, text: text, note: note, words: words, do: do, ground: kit.NewFill(kit.ColorSurface, 5)}
	i.ExtendBaseWidget(i)
	return i
}

// Label returns the item's text.
func (i *item) Label() string { return i.text }

// Tapped implements fyne.Tappable.
func (i *item) Tapped(*fyne.PointEvent) {
	i.tip.Hide()
	i.do()
}

// MouseIn implements desktop.Hoverable.
func (i *item) MouseIn(e *desktop.MouseEvent) {
	i.ground.SetColor(kit.ColorHovered)
	i.MouseMoved(e)
}

// MouseMoved implements desktop.Hoverable.
func (i *item) MouseMoved(e *desktop.MouseEvent) { i.tip.Over(i, e.AbsolutePosition, i.words) }

// MouseOut implements desktop.Hoverable.
func (i *item) MouseOut() {
	i.tip.Hide()
	i.FocusLost()
}

// FocusGained implements fyne.Focusable.
func (i *item) FocusGained() { i.ground.SetColor(kit.ColorSelected) }

// FocusLost implements fyne.Focusable.
func (i *item) FocusLost() { i.ground.SetColor(kit.ColorSurface) }

// TypedRune implements fyne.Focusable.
func (i *item) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (i *item) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		i.do()
	default:
		kit.PassKey(i, e)
	}
}

// CreateRenderer implements fyne.Widget.
func (i *item) CreateRenderer() fyne.WidgetRenderer {
	text := kit.NewParagraph(i.text)
	lines := kit.VBox(0, kit.Flush(text))
	if i.note != "" {
		lines.Add(kit.Pad(kit.Flush(kit.NewSmallProse(i.note)), 1, 0, 0, 0))
	}
	row := container.NewBorder(nil, nil, container.NewVBox(kit.Pad(kit.NewPicture(i.sign.Icon(), 14), 1, 0, 0, 8)), nil, lines)
	return widget.NewSimpleRenderer(container.NewStack(i.ground, kit.Pad(row, 4, 4, 2, 2)))
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func contains(s, query string) bool {
	return query != "" && strings.Contains(strings.ToLower(s), strings.ToLower(query))
}
