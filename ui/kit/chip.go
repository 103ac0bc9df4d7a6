package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewSign returns a status as icon and word. An empty text is the sign's own word.
func NewSign(s Status, text string) fyne.CanvasObject {
	if text == "" {
		text = s.Word()
	}
	return HBox(6, NewPicture(s.Icon(), 14), NewText(text).SetColor(s.Color()))
}

// NewBadge returns a word on a small tinted ground, for a fact that is not a
// status: a ring, a platform.
func NewBadge(text string) fyne.CanvasObject {
	return container.NewStack(NewFill(ColorTrack, 4), Pad(newLine(text, theme.SizeNameCaptionText, ColorMuted, fyne.TextStyle{Bold: true}), 2, 2, 6, 6))
}

// A Chip is a choice that can be switched on and off, above a grid: a sign or
// a word and how many rows it stands for.
type Chip struct {
	widget.BaseWidget
	OnChanged func(on bool)

	status           Status
	text             string
	count            int
	on               bool
	hovered, focused bool
}

// NewChip returns a chip. An empty text is the sign's own word; a count below 0 is not shown.
func NewChip(s Status, text string, count int, changed func(on bool)) *Chip {
	if text == "" {
		text = s.Word()
	}
	c := &Chip{status: s, text: text, count: count, OnChanged: changed}
	c.ExtendBaseWidget(c)
	return c
}

// Label returns the chip's word.
func (c *Chip) Label() string { return c.text }

// On reports whether the chip is switched on.
func (c *Chip) On() bool { return c.on }

// Set switches the chip without telling OnChanged.
func (c *Chip) Set(on bool) {
	c.on = on
	c.Refresh()
}

// SetCount shows another number.
func (c *Chip) SetCount(n int) {
	c.count = n
	c.Refresh()
}

// Tapped implements fyne.Tappable.
func (c *Chip) Tapped(*fyne.PointEvent) {
	c.Set(!c.on)
	if c.OnChanged != nil {
		c.OnChanged(c.on)
	}
}

// TypedRune implements fyne.Focusable.
func (c *Chip) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (c *Chip) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.Tapped(nil)
	default:
		passKey(canvasOf(c), e)
	}
}

// FocusGained implements fyne.Focusable.
func (c *Chip) FocusGained() {
	c.focused = true
	c.Refresh()
}

// FocusLost implements fyne.Focusable.
func (c *Chip) FocusLost() {
	c.focused = false
	c.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (c *Chip) MouseIn(*desktop.MouseEvent) {
	c.hovered = true
	c.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (c *Chip) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *Chip) MouseOut() {
	c.hovered = false
	c.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (c *Chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{c: c, ground: canvas.NewRectangle(nil), text: canvas.NewText("", nil), number: canvas.NewText("", nil),
		icon: &canvas.Image{FillMode: canvas.ImageFillContain}}
	r.objects = []fyne.CanvasObject{r.ground, r.icon, r.text, r.number}
	r.apply()
	return r
}

type chipRenderer struct {
	c            *Chip
	ground       *canvas.Rectangle
	text, number *canvas.Text
	icon         *canvas.Image
	objects      []fyne.CanvasObject
	painted      string // name of the icon last painted
}

func (r *chipRenderer) apply() {
	c := r.c
	r.ground.CornerRadius, r.ground.StrokeWidth = 13, 1
	r.ground.FillColor, r.ground.StrokeColor = Color(ColorSurface), Color(theme.ColorNameSeparator)
	if c.on {
		r.ground.FillColor, r.ground.StrokeColor = Color(ColorSelected), Color(theme.ColorNamePrimary)
	}
	if c.hovered {
		r.ground.FillColor = mix(r.ground.FillColor, Color(theme.ColorNameForeground), 0.05)
	}
	if c.focused {
		r.ground.StrokeColor, r.ground.StrokeWidth = Color(theme.ColorNamePrimary), 2
	}
	r.text.Text, r.text.TextSize, r.text.Color = c.text, 12, Color(theme.ColorNameForeground)
	r.number.Text, r.number.TextSize, r.number.Color = "", 12, Color(ColorMuted)
	r.number.TextStyle.Bold = true
	if c.count >= 0 {
		r.number.Text = Number(c.count)
	}
	r.icon.Hidden = c.status == StatusNone
	if res := c.status.Icon(); r.painted != res.Name() { // the name holds the colour, which a change of theme changes
		r.painted = res.Name()
		r.icon.Resource = res
		r.icon.Refresh()
	}
}

// Destroy implements fyne.WidgetRenderer.
func (r *chipRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *chipRenderer) Objects() []fyne.CanvasObject { return r.objects }

// MinSize implements fyne.WidgetRenderer.
func (r *chipRenderer) MinSize() fyne.Size {
	w := 22 + r.text.MinSize().Width
	if !r.icon.Hidden {
		w += 18
	}
	if r.number.Text != "" {
		w += 7 + r.number.MinSize().Width
	}
	return fyne.NewSize(w, 26)
}

// Layout implements fyne.WidgetRenderer.
func (r *chipRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	x := float32(11)
	if !r.icon.Hidden {
		r.icon.Move(fyne.NewPos(x-2, (size.Height-13)/2))
		r.icon.Resize(fyne.NewSquareSize(13))
		x += 16
	}
	for _, t := range []*canvas.Text{r.text, r.number} {
		m := t.MinSize()
		t.Move(fyne.NewPos(x, (size.Height-m.Height)/2))
		t.Resize(m)
		x += m.Width + 7
	}
}

// Refresh implements fyne.WidgetRenderer.
func (r *chipRenderer) Refresh() {
	r.apply()
	r.Layout(r.c.Size())
	canvas.Refresh(r.c)
}

// A Stat is one figure of a page with what it means as its tooltip. Every
// figure explains itself.
type Stat struct {
	widget.BaseWidget
	// OnTapped opens what is behind the figure; nil: nothing.
	OnTapped func()

	name, value, note *Caption
	status            Status
	icon              *canvas.Image
	explain           string
	ground            *Fill
	tip               tipper
}

// NewStat returns a figure: what it is called, its value, a line below, a sign
// (StatusNone for none), and a sentence that says how it was come by.
func NewStat(name, value, note string, s Status, explanation string) *Stat {
	t := &Stat{
		name:  newLine(name, theme.SizeNameCaptionText, ColorMuted, fyne.TextStyle{}),
		value: newLine(value, theme.SizeNameHeadingText, theme.ColorNameForeground, fyne.TextStyle{Bold: true}),
		note:  newLine(note, theme.SizeNameCaptionText, ColorMuted, fyne.TextStyle{}).Cut(), status: s, explain: explanation,
		ground: NewFill(ColorSurface, 8).Edged(theme.ColorNameSeparator),
	}
	t.ExtendBaseWidget(t)
	return t
}

// Set shows another value and line.
func (t *Stat) Set(value, note string, s Status, explanation string) {
	t.status, t.explain = s, explanation
	t.value.SetText(value)
	t.note.SetText(note)
	if t.icon != nil {
		t.icon.Hidden = s == StatusNone
		t.icon.Resource = s.Icon()
		t.icon.Refresh()
	}
	t.Refresh()
}

// Explanation returns how the figure was come by.
func (t *Stat) Explanation() string { return t.explain }

// CreateRenderer implements fyne.Widget.
func (t *Stat) CreateRenderer() fyne.WidgetRenderer {
	t.icon = NewPicture(t.status.Icon(), 20)
	t.icon.Hidden = t.status == StatusNone
	text := VBox(2, t.name, t.value, t.note)
	return widget.NewSimpleRenderer(container.NewStack(t.ground,
		Pad(container.NewBorder(nil, nil, nil, container.NewCenter(t.icon), text), 10, 10, 14, 14)))
}

// Tapped implements fyne.Tappable.
func (t *Stat) Tapped(*fyne.PointEvent) {
	t.tip.hide()
	if t.OnTapped != nil {
		t.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (t *Stat) MouseIn(e *desktop.MouseEvent) {
	if t.OnTapped != nil {
		t.ground.SetColor(ColorHovered)
	}
	t.MouseMoved(e)
}

// MouseMoved implements desktop.Hoverable.
func (t *Stat) MouseMoved(e *desktop.MouseEvent) {
	t.tip.over(canvasOf(t), e.AbsolutePosition, t.explain)
}

// MouseOut implements desktop.Hoverable.
func (t *Stat) MouseOut() {
	t.tip.hide()
	t.ground.SetColor(ColorSurface)
}
