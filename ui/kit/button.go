package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

type buttonKind uint8

const (
	buttonPlain buttonKind = iota
	buttonPrimary
	buttonDanger
	buttonQuiet
)

const buttonHeight = 30

// A Button is 30 high, with an icon or without. A page has one primary button.
type Button struct {
	widget.DisableableWidget
	OnTapped func()

	text, icon string
	kind       buttonKind
	hovered    bool
	focused    bool
	tipText    string
	tip        tipper
}

var (
	_ fyne.Tappable     = (*Button)(nil)
	_ fyne.Focusable    = (*Button)(nil)
	_ fyne.Disableable  = (*Button)(nil)
	_ desktop.Hoverable = (*Button)(nil)
)

// NewButton returns an ordinary button. icon names a file of assets/icons; "" is none.
func NewButton(text, icon string, tapped func()) *Button {
	return newButton(text, icon, buttonPlain, tapped)
}

// NewPrimary returns the one button of a page or dialog that does what it is for.
func NewPrimary(text, icon string, tapped func()) *Button {
	return newButton(text, icon, buttonPrimary, tapped)
}

// NewDanger returns a button that destroys or forces something.
func NewDanger(text, icon string, tapped func()) *Button {
	return newButton(text, icon, buttonDanger, tapped)
}

// NewQuiet returns a button without a ground, for rows and toolbars. Give it a tip when it has no text.
func NewQuiet(text, icon string, tapped func()) *Button {
	return newButton(text, icon, buttonQuiet, tapped)
}

func newButton(text, icon string, kind buttonKind, tapped func()) *Button {
	b := &Button{text: text, icon: icon, kind: kind, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// WithTip sets what is shown when the mouse rests on the button.
func (b *Button) WithTip(text string) *Button {
	b.tipText = text
	return b
}

// Label returns the button's text, or its tip where it has none.
func (b *Button) Label() string {
	if b.text == "" {
		return b.tipText
	}
	return b.text
}

// SetText shows another text.
func (b *Button) SetText(s string) {
	b.text = s
	b.Refresh()
}

// SetIcon shows another icon.
func (b *Button) SetIcon(name string) {
	b.icon = name
	b.Refresh()
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) {
	b.tip.hide()
	if b.OnTapped != nil && !b.Disabled() {
		b.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(e *desktop.MouseEvent) {
	b.hovered = true
	b.Refresh()
	b.MouseMoved(e)
}

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(e *desktop.MouseEvent) {
	b.tip.over(canvasOf(b), e.AbsolutePosition, b.tipText)
}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() {
	b.tip.hide()
	b.hovered = false
	b.Refresh()
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() {
	b.focused = true
	b.Refresh()
}

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() {
	b.focused = false
	b.Refresh()
}

// TypedRune implements fyne.Focusable.
func (b *Button) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	default:
		passKey(canvasOf(b), e)
	}
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{b: b, ground: canvas.NewRectangle(nil), ring: canvas.NewRectangle(nil),
		text: canvas.NewText("", nil), icon: &canvas.Image{FillMode: canvas.ImageFillContain}}
	r.objects = []fyne.CanvasObject{r.ground, r.ring, r.icon, r.text}
	r.apply()
	return r
}

type buttonRenderer struct {
	b            *Button
	ground, ring *canvas.Rectangle
	text         *canvas.Text
	icon         *canvas.Image
	objects      []fyne.CanvasObject
	painted      string // name of the icon last painted
}

func (r *buttonRenderer) apply() {
	b := r.b
	fg, fill := theme.ColorNameForeground, theme.ColorNameButton
	r.ground.StrokeWidth = 0
	switch b.kind {
	case buttonPrimary:
		fg, fill = theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary
	case buttonDanger:
		fg, fill = theme.ColorNameForegroundOnError, theme.ColorNameError
	case buttonPlain:
		r.ground.StrokeWidth, r.ground.StrokeColor = 1, Color(theme.ColorNameSeparator)
	}
	if b.Disabled() {
		fg, fill = theme.ColorNameDisabled, theme.ColorNameDisabledButton
	}
	r.ground.FillColor = Color(fill)
	r.ground.Hidden = b.kind == buttonQuiet && !b.hovered
	if b.hovered && !b.Disabled() {
		r.ground.FillColor = mix(Color(fill), Color(fg), 0.09)
		if b.kind == buttonQuiet {
			r.ground.FillColor = Tint(theme.ColorNameForeground, 18)
		}
	}
	r.ground.CornerRadius, r.ring.CornerRadius = 6, 7
	r.ring.FillColor, r.ring.StrokeColor, r.ring.StrokeWidth = nil, Color(theme.ColorNamePrimary), 2
	r.ring.Hidden = !b.focused
	r.text.Text, r.text.Color, r.text.TextSize = b.text, Color(fg), theme.Size(theme.SizeNameText)
	r.text.TextStyle.Bold = b.kind == buttonPrimary || b.kind == buttonDanger
	r.icon.Hidden = b.icon == ""
	if b.icon != "" {
		if b.kind == buttonQuiet && !b.Disabled() {
			fg = ColorMuted
		}
		if res := IconIn(b.icon, fg); r.painted != res.Name() { // the name holds the colour, which a change of theme changes
			r.painted = res.Name()
			r.icon.Resource = res
			r.icon.Refresh()
		}
	}
}

// Destroy implements fyne.WidgetRenderer.
func (r *buttonRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *buttonRenderer) Objects() []fyne.CanvasObject { return r.objects }

// MinSize implements fyne.WidgetRenderer.
func (r *buttonRenderer) MinSize() fyne.Size {
	w := float32(buttonHeight)
	if r.b.text != "" {
		w = 24 + r.text.MinSize().Width
		if r.b.icon != "" {
			w += 16 + 6 - 2
		}
	}
	return fyne.NewSize(w, buttonHeight)
}

// Layout implements fyne.WidgetRenderer.
func (r *buttonRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.ring.Move(fyne.NewPos(-2, -2))
	r.ring.Resize(size.AddWidthHeight(4, 4))
	m := r.text.MinSize()
	w := m.Width
	if r.b.icon != "" {
		w += 16
		if r.b.text != "" {
			w += 6
		}
	} else if r.b.text == "" {
		w = 0
	}
	x := (size.Width - w) / 2
	if r.b.icon != "" {
		r.icon.Move(fyne.NewPos(x, (size.Height-16)/2))
		r.icon.Resize(fyne.NewSquareSize(16))
		x += 22
	}
	r.text.Move(fyne.NewPos(x, (size.Height-m.Height)/2))
	r.text.Resize(m)
}

// Refresh implements fyne.WidgetRenderer.
func (r *buttonRenderer) Refresh() {
	r.apply()
	r.Layout(r.b.Size())
	canvas.Refresh(r.b)
}
