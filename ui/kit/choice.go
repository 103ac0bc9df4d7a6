package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Select offers one of several words. It opens with a click, Space or Down.
type Select struct {
	widget.DisableableWidget
	OnChanged func(string)

	options []string
	chosen  string
	hint    string
	hovered bool
	focused bool
}

// NewSelect returns a list to choose from; hint is shown while nothing is chosen.
func NewSelect(options []string, chosen, hint string, changed func(string)) *Select {
	s := &Select{options: options, chosen: chosen, hint: hint, OnChanged: changed}
	s.ExtendBaseWidget(s)
	return s
}

// Chosen returns the word chosen, "" for none.
func (s *Select) Chosen() string { return s.chosen }

// Options returns the words offered.
func (s *Select) Options() []string { return s.options }

// SetOptions offers other words.
func (s *Select) SetOptions(o []string) {
	s.options = o
	s.Refresh()
}

// Choose chooses a word and tells OnChanged.
func (s *Select) Choose(o string) {
	if o == s.chosen {
		return
	}
	s.chosen = o
	s.Refresh()
	if s.OnChanged != nil {
		s.OnChanged(o)
	}
}

// Tapped implements fyne.Tappable.
func (s *Select) Tapped(*fyne.PointEvent) {
	c := canvasOf(s)
	if c == nil || s.Disabled() || len(s.options) == 0 {
		return
	}
	c.Focus(s)
	items := make([]*fyne.MenuItem, len(s.options))
	for i, o := range s.options {
		label := o
		if o == "" {
			label = s.hint
		}
		items[i] = fyne.NewMenuItem(label, func() { s.Choose(o) })
		items[i].Checked = o == s.chosen
	}
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), c)
	m.ShowAtPosition(fyne.CurrentApp().Driver().AbsolutePositionForObject(s).AddXY(0, s.Size().Height+2))
	m.Resize(m.MinSize().Max(fyne.NewSize(s.Size().Width, 0)))
}

// TypedRune implements fyne.Focusable: a letter chooses the next word that starts with it.
func (s *Select) TypedRune(r rune) {
	at := slices.Index(s.options, s.chosen)
	for k := range s.options {
		o := s.options[(at+1+k)%len(s.options)]
		if len(o) > 0 && foldRune([]rune(o)[0]) == foldRune(r) {
			s.Choose(o)
			return
		}
	}
}

// TypedKey implements fyne.Focusable.
func (s *Select) TypedKey(e *fyne.KeyEvent) {
	at := slices.Index(s.options, s.chosen)
	switch e.Name {
	case fyne.KeySpace, fyne.KeyDown:
		s.Tapped(nil)
	case fyne.KeyUp:
		if at > 0 {
			s.Choose(s.options[at-1])
		}
	default:
		passKey(canvasOf(s), e)
	}
}

// FocusGained implements fyne.Focusable.
func (s *Select) FocusGained() {
	s.focused = true
	s.Refresh()
}

// FocusLost implements fyne.Focusable.
func (s *Select) FocusLost() {
	s.focused = false
	s.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (s *Select) MouseIn(*desktop.MouseEvent) {
	s.hovered = true
	s.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (s *Select) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *Select) MouseOut() {
	s.hovered = false
	s.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (s *Select) CreateRenderer() fyne.WidgetRenderer {
	r := &selectRenderer{s: s, ground: canvas.NewRectangle(nil), text: canvas.NewText("", nil), arrow: &canvas.Image{FillMode: canvas.ImageFillContain}}
	r.objects = []fyne.CanvasObject{r.ground, r.text, r.arrow}
	r.Refresh()
	return r
}

type selectRenderer struct {
	s       *Select
	ground  *canvas.Rectangle
	text    *canvas.Text
	arrow   *canvas.Image
	objects []fyne.CanvasObject
}

// Destroy implements fyne.WidgetRenderer.
func (r *selectRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *selectRenderer) Objects() []fyne.CanvasObject { return r.objects }

// MinSize implements fyne.WidgetRenderer.
func (r *selectRenderer) MinSize() fyne.Size {
	w := float32(0)
	for _, o := range append([]string{r.s.hint}, r.s.options...) {
		w = max(w, fyne.MeasureText(o, theme.Size(theme.SizeNameText), fyne.TextStyle{}).Width)
	}
	return fyne.NewSize(min(w, 260)+40, buttonHeight)
}

// Layout implements fyne.WidgetRenderer.
func (r *selectRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	full := r.s.chosen
	if full == "" {
		full = r.s.hint
	}
	r.text.Text, _ = cut(full, size.Width-38, r.text.TextSize, r.text.TextStyle)
	m := r.text.MinSize()
	r.text.Move(fyne.NewPos(10, (size.Height-m.Height)/2))
	r.text.Resize(m)
	r.arrow.Move(fyne.NewPos(size.Width-24, (size.Height-14)/2))
	r.arrow.Resize(fyne.NewSquareSize(14))
}

// Refresh implements fyne.WidgetRenderer.
func (r *selectRenderer) Refresh() {
	fill, edge, text := theme.ColorNameInputBackground, theme.ColorNameInputBorder, theme.ColorNameForeground
	if r.s.chosen == "" {
		text = theme.ColorNamePlaceHolder
	}
	if r.s.Disabled() {
		fill, edge, text = theme.ColorNameDisabledButton, theme.ColorNameSeparator, theme.ColorNameDisabled
	}
	r.ground.CornerRadius, r.ground.StrokeWidth = 6, 1
	r.ground.FillColor, r.ground.StrokeColor = Color(fill), Color(edge)
	if r.s.hovered && !r.s.Disabled() {
		r.ground.FillColor = mix(Color(fill), Color(theme.ColorNameForeground), 0.05)
	}
	if r.s.focused {
		r.ground.StrokeColor, r.ground.StrokeWidth = Color(theme.ColorNamePrimary), 2
	}
	r.text.Color, r.text.TextSize = Color(text), theme.Size(theme.SizeNameText)
	r.arrow.Resource = IconIn("chevron-down", ColorMuted)
	r.arrow.Refresh()
	r.Layout(r.s.Size())
	canvas.Refresh(r.s)
}
