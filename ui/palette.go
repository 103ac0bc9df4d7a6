package ui

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
)

const paletteRows = 10

// A palette finds every action by a few letters of its name.
type palette struct {
	shell  *Shell
	modal  *kit.Modal
	entry  *kit.Entry
	list   *fyne.Container
	all    []Action
	shown  []Action
	chosen int
}

// openPalette shows the palette above the window.
func (s *Shell) openPalette() {
	if s.window.Canvas().Overlays().Top() != nil {
		return
	}
	p := &palette{shell: s, entry: kit.NewEntry("Type a few letters: “scan”, “dark”, a host's name"), list: container.NewWithoutLayout()}
	p.all = s.everything()
	p.all = append(p.all, s.global()[1:]...) // all but the palette itself
	p.entry.Icon = kit.IconIn("search", kit.ColorMuted)
	p.entry.OnChanged = func(string) { p.find() }
	p.entry.OnSubmitted = func(string) { p.run(p.chosen) }
	p.entry.OnKey(p.key)
	p.list = container.New(&rowsLayout{})
	p.find()
	p.modal = kit.ShowDialog(s.ctx, s.window, kit.Dialog{Bare: true, Width: 600, Content: kit.VBox(8, p.entry, container.NewGridWrap(fyne.NewSize(600-24, paletteRows*itemHeight), p.list))})
	s.window.Canvas().Focus(p.entry)
}

// everything are the actions of the page, then those of the others. What
// several pages offer under one name is there once.
func (s *Shell) everything() []Action {
	var all []Action
	if x := s.screen(s.at.Screen); x != nil {
		all = append(all, x.Actions()...)
	}
	for _, x := range s.screens {
		if x.ID() == s.at.Screen {
			continue
		}
		for _, a := range x.Actions() {
			if !slices.ContainsFunc(all, func(b Action) bool { return b.Title == a.Title && b.enabled() }) {
				all = append(all, s.elsewhere(x, a))
			}
		}
	}
	return all
}

// elsewhere is an action of another page: it goes there first.
func (s *Shell) elsewhere(x Screen, a Action) Action {
	do := a.Do
	a.Hint = x.Title()
	a.Key = ""
	a.Do = func() {
		s.Go(Place{Screen: x.ID()})
		if do != nil {
			do()
		}
	}
	return a
}

// find lists what fits best, and things of the screens by their names.
func (p *palette) find() {
	query := strings.TrimSpace(p.entry.Text)
	type scored struct {
		a     Action
		score int
	}
	var hits []scored
	for _, a := range p.all {
		if !a.enabled() {
			continue
		}
		if n, ok := fuzzy(query, a.Title); ok {
			hits = append(hits, scored{a, n})
		}
	}
	slices.SortStableFunc(hits, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	p.shown = nil
	if query != "" {
		for _, x := range p.shell.screens {
			if f, ok := x.(Finder); ok {
				p.shown = append(p.shown, f.Find(query, 5)...)
			}
		}
	}
	for _, h := range hits {
		p.shown = append(p.shown, h.a)
	}
	p.shown = p.shown[:min(len(p.shown), paletteRows)]
	p.chosen = 0
	p.draw()
}

func (p *palette) draw() {
	p.list.Objects = nil
	for i, a := range p.shown {
		r := &paletteRow{action: a, on: i == p.chosen, tapped: func() { p.run(i) }}
		r.ExtendBaseWidget(r)
		p.list.Add(r)
	}
	if len(p.shown) == 0 {
		p.list.Add(kit.Pad(kit.NewMuted("Nothing fits. Try fewer letters."), 8, 8, 10, 10))
	}
	p.list.Refresh()
}

func (p *palette) key(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyDown:
		p.chosen = min(p.chosen+1, len(p.shown)-1)
	case fyne.KeyUp:
		p.chosen = max(p.chosen-1, 0)
	default:
		return false
	}
	p.draw()
	return true
}

func (p *palette) run(i int) {
	if i < 0 || i >= len(p.shown) {
		return
	}
	a := p.shown[i]
	p.modal.Close()
	a.run()
}

// fuzzy reports whether the letters of query occur in text in their order, and
// how well: beginnings of words and neighbours count more.
func fuzzy(query, text string) (score int, ok bool) {
	want := []rune(strings.ToLower(strings.ReplaceAll(query, " ", "")))
	if len(want) == 0 {
		return 0, true
	}
	k, last := 0, -2
	before := ' '
	for i, r := range []rune(strings.ToLower(text)) {
		if k < len(want) && r == want[k] {
			score++
			if i == last+1 {
				score += 3
			}
			if !unicode.IsLetter(before) && !unicode.IsDigit(before) {
				score += 5
			}
			last = i
			k++
		}
		before = r
	}
	if strings.Contains(strings.ToLower(text), strings.ToLower(query)) {
		score += 10
	}
	return score*10 - len(text)/8, k == len(want)
}

// rowsLayout stacks rows of the sidebar's height.
type rowsLayout struct{}

// MinSize implements fyne.Layout.
func (*rowsLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, itemHeight) }

// Layout implements fyne.Layout.
func (*rowsLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	for i, x := range o {
		x.Move(fyne.NewPos(0, float32(i)*itemHeight))
		x.Resize(fyne.NewSize(size.Width, itemHeight))
	}
}

// A paletteRow is one action found.
type paletteRow struct {
	widget.BaseWidget
	action      Action
	on, hovered bool
	tapped      func()
}

// Label returns the action's title.
func (r *paletteRow) Label() string { return r.action.Title }

// Tapped implements fyne.Tappable.
func (r *paletteRow) Tapped(*fyne.PointEvent) { r.tapped() }

// MouseIn implements desktop.Hoverable.
func (r *paletteRow) MouseIn(*desktop.MouseEvent) {
	r.hovered = true
	r.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (r *paletteRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *paletteRow) MouseOut() {
	r.hovered = false
	r.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (r *paletteRow) CreateRenderer() fyne.WidgetRenderer {
	name := r.action.Icon
	if name == "" {
		name = "arrow-right"
	}
	right := kit.HBox(8, kit.NewCaption(r.action.Hint))
	if k := r.action.Keys(); k != "" {
		right = kit.HBox(8, kit.NewBadge(k))
	}
	line := container.NewBorder(nil, nil, kit.Pad(kit.NewPicture(kit.IconIn(name, kit.ColorMuted), 16), 9, 9, 10, 10), kit.Pad(container.NewCenter(right), 0, 0, 8, 10), kit.NewText(r.action.Title).Cut())
	ground := canvas.NewRectangle(nil)
	ground.CornerRadius = 6
	x := &paletteRowRenderer{WidgetRenderer: widget.NewSimpleRenderer(container.NewStack(ground, line)), row: r, ground: ground}
	x.apply()
	return x
}

type paletteRowRenderer struct {
	fyne.WidgetRenderer
	row    *paletteRow
	ground *canvas.Rectangle
}

func (r *paletteRowRenderer) apply() {
	r.ground.FillColor = kit.Color(kit.ColorHovered)
	if r.row.on {
		r.ground.FillColor = kit.Color(kit.ColorSelected)
	}
	r.ground.Hidden = !r.row.on && !r.row.hovered
}

// Refresh implements fyne.WidgetRenderer.
func (r *paletteRowRenderer) Refresh() {
	r.apply()
	r.WidgetRenderer.Refresh()
}
