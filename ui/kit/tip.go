package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const tipDelay = 600 * time.Millisecond

// A Layers is the content of a window with room above it for tooltips and
// toasts. Modals bring their own.
type Layers struct {
	widget.BaseWidget
	// OnShortcut gets the shortcuts that a focused widget did not want.
	OnShortcut func(fyne.Shortcut)

	content fyne.CanvasObject
	tips    *fyne.Container
	toasts  *fyne.Container
}

// NewLayers wraps a window's content. Without it tooltips and toasts are not shown.
func NewLayers(content fyne.CanvasObject) *Layers {
	l := &Layers{content: content, tips: container.NewWithoutLayout(), toasts: container.New(&toastLayout{})}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *Layers) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(l.content, l.toasts, l.tips))
}

func (l *Layers) tipLayer() *fyne.Container { return l.tips }

type tipHost interface{ tipLayer() *fyne.Container }

// hostOf returns the layer for tooltips above what is seen now; nil for none.
func hostOf(c fyne.Canvas) *fyne.Container {
	if c == nil {
		return nil
	}
	top := c.Overlays().Top()
	if top == nil {
		top = c.Content()
	}
	if h, ok := top.(tipHost); ok {
		return h.tipLayer()
	}
	return nil
}

// A tipper shows the tooltip of one widget a moment after the mouse came to rest.
type tipper struct {
	text  string
	timer *time.Timer
	layer *fyne.Container
}

// over tells where the mouse is and what the tooltip there would say.
func (t *tipper) over(c fyne.Canvas, at fyne.Position, text string) {
	if text == t.text && (t.layer != nil || text == "") {
		return
	}
	t.hide()
	t.text = text
	if text == "" || c == nil {
		return
	}
	t.timer = time.AfterFunc(tipDelay, func() {
		onUI(func() {
			if t.text == text && t.timer != nil {
				t.show(c, at, text)
			}
		})
	})
}

func (t *tipper) hide() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if t.layer != nil {
		t.layer.RemoveAll()
		t.layer = nil
	}
	t.text = ""
}

func (t *tipper) show(c fyne.Canvas, at fyne.Position, text string) {
	if t.layer = hostOf(c); t.layer == nil {
		return
	}
	box := newTip(text)
	size := box.MinSize()
	x := min(at.X, c.Size().Width-size.Width-6)
	y := at.Y + 18
	if y+size.Height > c.Size().Height-6 {
		y = at.Y - size.Height - 8
	}
	box.Resize(size)
	box.Move(fyne.NewPos(max(6, x), max(6, y)))
	t.layer.Objects = []fyne.CanvasObject{box}
	t.layer.Refresh()
}

// newTip returns the box of a tooltip, at most 420 wide.
func newTip(text string) fyne.CanvasObject {
	lines := Wrap(text, 400, theme.Size(theme.SizeNameText)-1, fyne.TextStyle{})
	box := container.New(&linesLayout{gap: 2})
	for _, line := range lines {
		l := canvas.NewText(line, Color(theme.ColorNameForeground))
		l.TextSize = theme.Size(theme.SizeNameText) - 1
		box.Add(l)
	}
	ground := canvas.NewRectangle(Color(theme.ColorNameMenuBackground))
	ground.StrokeColor, ground.StrokeWidth, ground.CornerRadius = Color(theme.ColorNameInputBorder), 1, 4
	return container.NewStack(ground, Pad(box, 5, 5, 9, 9))
}

// linesLayout stacks lines of text at their own height.
type linesLayout struct{ gap float32 }

// MinSize implements fyne.Layout.
func (l *linesLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for i, o := range objects {
		m := o.MinSize()
		s.Width = max(s.Width, m.Width)
		s.Height += m.Height
		if i > 0 {
			s.Height += l.gap
		}
	}
	return s
}

// Layout implements fyne.Layout.
func (l *linesLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		h := o.MinSize().Height
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h + l.gap
	}
}

// A Tip shows the tooltip of a widget of a screen's own.
type Tip struct{ t tipper }

// Over tells where in o the mouse is and what the tooltip there says; "" is none.
func (t *Tip) Over(o fyne.CanvasObject, at fyne.Position, text string) {
	t.t.over(canvasOf(o), at, text)
}

// Hide takes the tooltip away.
func (t *Tip) Hide() { t.t.hide() }
