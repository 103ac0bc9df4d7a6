package calendar

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A thing is something drawn that can be pointed at: a day, and on it an
// opening or a freeze.
type thing struct {
	at     fyne.Position
	size   fyne.Size
	day    data.Date
	entry  *app.Entry
	freeze *data.Freeze
	tip    string
}

func (t thing) holds(p fyne.Position) bool {
	return p.X >= t.at.X && p.Y >= t.at.Y && p.X < t.at.X+t.size.Width && p.Y < t.at.Y+t.size.Height
}

// A box is where something is drawn.
type box struct{ x, y, w, h float32 }

// A pen is how a text is drawn.
type pen struct {
	size  float32
	bold  bool
	color color.Color
}

// A painter collects the shapes of one drawing and what can be pointed at; what
// comes later lies above.
type painter struct {
	objects []fyne.CanvasObject
	things  []thing
}

func (p *painter) rect(at box, radius float32, fill color.Color) *canvas.Rectangle {
	r := canvas.NewRectangle(fill)
	r.CornerRadius = radius
	r.Move(fyne.NewPos(at.x, at.y))
	r.Resize(fyne.NewSize(at.w, at.h))
	p.objects = append(p.objects, r)
	return r
}

// frame draws the edge of what is chosen.
func (p *painter) frame(at box, edge color.Color) {
	r := p.rect(at, 3, color.Transparent)
	r.StrokeColor, r.StrokeWidth = edge, 2
}

// text draws a line at the top of a box, cut at its width.
func (p *painter) text(at box, s string, with pen) {
	style := fyne.TextStyle{Bold: with.bold}
	t := canvas.NewText(cut(s, at.w, with.size, style), with.color)
	t.TextSize, t.TextStyle = with.size, style
	t.Move(fyne.NewPos(at.x, at.y))
	t.Resize(t.MinSize())
	p.objects = append(p.objects, t)
}

func (p *painter) icon(x, y, side float32, r fyne.Resource) {
	i := kit.NewPicture(r, side)
	i.Move(fyne.NewPos(x, y))
	i.Resize(fyne.NewSquareSize(side))
	p.objects = append(p.objects, i)
}

// Room in a block: its text begins at textLeft, after its sign if it has one.
const (
	textLeft = 8
	signWide = 15
)

// block draws the ground of an opening or a freeze, through which no line of the
// days shows, and its sign. It returns where its text begins.
func (p *painter) block(in box, edge fyne.ThemeColorName, sign kit.Status) (left float32) {
	p.rect(in, 3, kit.Color(kit.ColorSurface))
	p.rect(in, 3, kit.Tint(edge, 40))
	p.rect(box{in.x, in.y, 3, in.h}, 1, kit.Color(edge))
	left = in.x + textLeft
	if sign != kit.StatusNone {
		p.icon(left-1, in.y+3, 12, sign.Icon())
		left += signWide
	}
	return left
}

// cut shortens a line with an ellipsis until it fits.
func cut(s string, room, size float32, style fyne.TextStyle) string {
	if fyne.MeasureText(s, size, style).Width <= room {
		return s
	}
	r := []rune(s)
	low, high := 0, len(r)
	for low < high {
		mid := (low + high + 1) / 2
		if fyne.MeasureText(strings.TrimRight(string(r[:mid]), " ")+"…", size, style).Width <= room {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return ""
	}
	return strings.TrimRight(string(r[:low]), " ") + "…"
}

// entryLook is how an opening is drawn: colour and sign tell apart what permits
// something from what does not.
func entryLook(e *app.Entry) (status kit.Status, edge fyne.ThemeColorName) {
	switch {
	case !e.Agreed:
		return kit.StatusUnknown, kit.ColorUnknown
	case e.Frozen:
		return kit.StatusFrozen, kit.ColorExcepted
	case !e.Window.Permits.Install:
		return kit.StatusReboot, kit.ColorRunning
	}
	return kit.StatusNone, primary
}

// A face is what the month and the week have in common: drawing, pointing,
// keyboard focus.
type face struct {
	widget.BaseWidget
	self  fyne.Widget
	draw  func(p *painter, size fyne.Size)
	least fyne.Size

	onDay   func(data.Date)
	onOpen  func(thing)
	menu    func(thing) []*fyne.MenuItem
	focused bool
	things  []thing
	tip     kit.Tip
	r       *faceRenderer
}

// thingAt returns the topmost thing at a place.
func (f *face) thingAt(p fyne.Position) (thing, bool) {
	for i := len(f.things) - 1; i >= 0; i-- {
		if f.things[i].holds(p) {
			return f.things[i], true
		}
	}
	return thing{}, false
}

// MouseDown implements desktop.Mouseable.
func (f *face) MouseDown(e *desktop.MouseEvent) {
	f.tip.Hide()
	if x, ok := f.self.(fyne.Focusable); ok {
		kit.Focus(x)
	}
	t, ok := f.thingAt(e.Position)
	if !ok {
		return
	}
	f.onDay(t.day)
	if e.Button == desktop.MouseButtonSecondary {
		f.showMenu(t, e.AbsolutePosition)
	}
}

// MouseUp implements desktop.Mouseable.
func (f *face) MouseUp(*desktop.MouseEvent) {}

// DoubleTapped implements fyne.DoubleTappable.
func (f *face) DoubleTapped(e *fyne.PointEvent) {
	if t, ok := f.thingAt(e.Position); ok {
		f.onOpen(t)
	}
}

func (f *face) showMenu(t thing, at fyne.Position) {
	c := fyne.CurrentApp().Driver().CanvasForObject(f.self)
	if items := f.menu(t); c != nil && len(items) > 0 {
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
	}
}

// menuAtDay shows the menu of a day by the keyboard.
func (f *face) menuAtDay(d data.Date) {
	for _, t := range f.things {
		if t.day == d && t.entry == nil && t.freeze == nil {
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(f.self)
			f.showMenu(t, at.Add(t.at).AddXY(8, 24))
			return
		}
	}
}

// MouseIn implements desktop.Hoverable.
func (f *face) MouseIn(e *desktop.MouseEvent) { f.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (f *face) MouseMoved(e *desktop.MouseEvent) {
	t, _ := f.thingAt(e.Position)
	f.tip.Over(f.self, e.AbsolutePosition, t.tip)
}

// MouseOut implements desktop.Hoverable.
func (f *face) MouseOut() { f.tip.Hide() }

// FocusGained implements fyne.Focusable.
func (f *face) FocusGained() {
	f.focused = true
	f.Refresh()
}

// FocusLost implements fyne.Focusable.
func (f *face) FocusLost() {
	f.focused = false
	f.Refresh()
}

// TypedRune implements fyne.Focusable.
func (f *face) TypedRune(rune) {}

// TypedKey implements fyne.Focusable: the screen's actions hold every key.
func (f *face) TypedKey(e *fyne.KeyEvent) { kit.PassKey(f.self, e) }

// TypedShortcut implements fyne.Shortcutable.
func (f *face) TypedShortcut(s fyne.Shortcut) { kit.PassShortcut(f.self, s) }

// CreateRenderer implements fyne.Widget.
func (f *face) CreateRenderer() fyne.WidgetRenderer {
	f.r = &faceRenderer{f: f}
	return f.r
}

type faceRenderer struct {
	f       *face
	objects []fyne.CanvasObject
}

// Destroy implements fyne.WidgetRenderer.
func (r *faceRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *faceRenderer) Objects() []fyne.CanvasObject { return r.objects }

// MinSize implements fyne.WidgetRenderer.
func (r *faceRenderer) MinSize() fyne.Size { return r.f.least }

// Layout implements fyne.WidgetRenderer.
func (r *faceRenderer) Layout(size fyne.Size) {
	p := &painter{}
	r.f.draw(p, size)
	r.objects, r.f.things = p.objects, p.things
}

// Refresh implements fyne.WidgetRenderer.
func (r *faceRenderer) Refresh() {
	r.Layout(r.f.Size())
	canvas.Refresh(r.f.self)
}
