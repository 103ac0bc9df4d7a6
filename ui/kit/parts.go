package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

const partsHeight = 8

// A Parts is a thin bar that is divided like a whole: so many succeeded, so
// many failed, so many to come. What it says stands beside it in words.
type Parts struct {
	widget.BaseWidget
	parts []Slice
	tip   tipper
}

// NewParts returns a bar divided by the counts of parts; what is StatusNone or
// waits keeps the ground's colour.
func NewParts(parts ...Slice) *Parts {
	p := &Parts{parts: parts}
	p.ExtendBaseWidget(p)
	return p
}

// Set shows other parts.
func (p *Parts) Set(parts ...Slice) {
	p.parts = parts
	p.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (p *Parts) MouseIn(e *desktop.MouseEvent) { p.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (p *Parts) MouseMoved(e *desktop.MouseEvent) {
	p.tip.over(canvasOf(p), e.AbsolutePosition, p.words())
}

// MouseOut implements desktop.Hoverable.
func (p *Parts) MouseOut() { p.tip.hide() }

func (p *Parts) words() string {
	s := ""
	for _, x := range p.parts {
		if x.Count == 0 {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += Number(x.Count) + " " + x.label()
	}
	return s
}

// CreateRenderer implements fyne.Widget.
func (p *Parts) CreateRenderer() fyne.WidgetRenderer {
	r := &partsRenderer{p: p}
	r.Refresh()
	return r
}

type partsRenderer struct {
	p       *Parts
	objects []fyne.CanvasObject
}

// Destroy implements fyne.WidgetRenderer.
func (r *partsRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *partsRenderer) Objects() []fyne.CanvasObject { return r.objects }

// MinSize implements fyne.WidgetRenderer.
func (r *partsRenderer) MinSize() fyne.Size { return fyne.NewSize(40, partsHeight) }

// Layout implements fyne.WidgetRenderer.
func (r *partsRenderer) Layout(size fyne.Size) {
	total := 0
	for _, x := range r.p.parts {
		total += x.Count
	}
	y := (size.Height - partsHeight) / 2
	r.objects[0].Move(fyne.NewPos(0, y))
	r.objects[0].Resize(fyne.NewSize(size.Width, partsHeight))
	x := float32(0)
	for i, part := range r.p.parts {
		o := r.objects[i+1]
		if part.Count == 0 || total == 0 {
			o.Hide()
			continue
		}
		w := size.Width * float32(part.Count) / float32(total)
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(2, w-1), partsHeight)) // a hair between two parts, so that colour is not the only border
		o.Show()
		x += w
	}
}

// Refresh implements fyne.WidgetRenderer.
func (r *partsRenderer) Refresh() {
	for len(r.objects) < len(r.p.parts)+1 {
		r.objects = append(r.objects, canvas.NewRectangle(nil))
	}
	r.objects = r.objects[:len(r.p.parts)+1]
	for i, o := range r.objects {
		rect := o.(*canvas.Rectangle)
		rect.CornerRadius = 2
		rect.FillColor = Color(ColorTrack)
		if i > 0 && !quiet(r.p.parts[i-1].Status) {
			rect.FillColor = Color(r.p.parts[i-1].Status.Fill())
		}
	}
	r.Layout(r.p.Size())
	canvas.Refresh(r.p)
}

// quiet reports signs of what has not begun.
func quiet(s Status) bool {
	return s == StatusNone || s == StatusQueued || s == StatusWaiting
}
