package kit

import (
	"fmt"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Chart is drawn from canvas shapes, so it is crisp at every scale and
// follows the theme.
type Chart struct {
	widget.BaseWidget
	// OnPart is told which part of a donut was clicked; may be nil.
	OnPart func(Status)

	min   fyne.Size
	draw  func(p *pen, size fyne.Size)
	empty func() string // why there is nothing to draw; "": draw
	spots []spot
	ring  *ringHit // of a donut
	tip   tipper
}

// A spot is a part of a chart that says something when the mouse is over it.
type spot struct {
	at   fyne.Position
	size fyne.Size
	text string
	part Status // of a donut, in its legend
}

func newChart(least fyne.Size, empty func() string, draw func(*pen, fyne.Size)) *Chart {
	c := &Chart{min: least, draw: draw, empty: empty}
	c.ExtendBaseWidget(c)
	return c
}

// MinSize implements fyne.CanvasObject.
func (c *Chart) MinSize() fyne.Size { return c.min }

// MouseIn implements desktop.Hoverable.
func (c *Chart) MouseIn(e *desktop.MouseEvent) { c.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (c *Chart) MouseMoved(e *desktop.MouseEvent) {
	text := ""
	for _, s := range c.spots {
		if inside(s, e.Position) {
			text = s.text
		}
	}
	if s, ok := c.ring.at(e.Position); ok {
		text = s.label() + ": " + Number(s.Count)
	}
	c.tip.over(canvasOf(c), e.AbsolutePosition, text)
}

// MouseOut implements desktop.Hoverable.
func (c *Chart) MouseOut() { c.tip.hide() }

// CreateRenderer implements fyne.Widget.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer { return &chartRenderer{c: c, pen: &pen{c: c}} }

type chartRenderer struct {
	c   *Chart
	pen *pen
}

// Destroy implements fyne.WidgetRenderer.
func (r *chartRenderer) Destroy() {}

// MinSize implements fyne.WidgetRenderer.
func (r *chartRenderer) MinSize() fyne.Size { return r.c.min }

// Objects implements fyne.WidgetRenderer.
func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.pen.objects }

// Layout implements fyne.WidgetRenderer.
func (r *chartRenderer) Layout(size fyne.Size) {
	r.pen.objects, r.c.spots = nil, nil
	if size.Width <= 0 || size.Height <= 0 {
		return
	}
	if why := r.c.empty(); why != "" {
		r.pen.text(size.Width/2, size.Height/2, why, 12, false, Color(ColorMuted), fyne.TextAlignCenter)
		return
	}
	r.c.draw(r.pen, size)
}

// Refresh implements fyne.WidgetRenderer.
func (r *chartRenderer) Refresh() {
	r.Layout(r.c.Size())
	canvas.Refresh(r.c)
}

// A pen collects the shapes of a chart.
type pen struct {
	c       *Chart
	objects []fyne.CanvasObject
}

func (p *pen) add(o fyne.CanvasObject) { p.objects = append(p.objects, o) }

func (p *pen) text(x, y float32, s string, size float32, bold bool, c color.Color, align fyne.TextAlign) {
	t := canvas.NewText(s, c)
	t.TextSize, t.TextStyle.Bold = size, bold
	m := t.MinSize()
	switch align {
	case fyne.TextAlignCenter:
		x -= m.Width / 2
	case fyne.TextAlignTrailing:
		x -= m.Width
	}
	t.Move(fyne.NewPos(x, y-m.Height/2))
	t.Resize(m)
	p.add(t)
}

func (p *pen) line(a, b fyne.Position, width float32, c color.Color) {
	p.add(&canvas.Line{Position1: a, Position2: b, StrokeWidth: width, StrokeColor: c})
}

func (p *pen) rect(x, y, w, h, radius float32, c color.Color) *canvas.Rectangle {
	r := canvas.NewRectangle(c)
	r.CornerRadius = radius
	r.Move(fyne.NewPos(x, y))
	r.Resize(fyne.NewSize(w, h))
	p.add(r)
	return r
}

func (p *pen) spot(x, y, w, h float32, text string) {
	p.c.spots = append(p.c.spots, spot{at: fyne.NewPos(x, y), size: fyne.NewSize(w, h), text: text})
}

// A Slice is one part of a whole.
type Slice struct {
	Status Status
	Label  string // "": the sign's word
	Count  int
}

func (s Slice) label() string {
	if s.Label != "" {
		return s.Label
	}
	return s.Status.Word()
}

func sum(parts []Slice) int {
	n := 0
	for _, s := range parts {
		n += s.Count
	}
	return n
}

// NewDonut returns a ring of parts with a figure in its middle and a legend
// whose numbers are right-aligned. A part that is not zero is never too thin
// to see.
func NewDonut(parts []Slice, figure, caption string) *Chart {
	return newChart(fyne.NewSize(220, 120),
		func() string {
			if sum(parts) == 0 {
				return "Nothing to show yet"
			}
			return ""
		},
		func(p *pen, size fyne.Size) {
			d := min(size.Height-8, size.Width*0.48, 260)
			p.ring(parts, fyne.NewPos(4, (size.Height-d)/2), d)
			p.text(4+d/2, size.Height/2-8, figure, min(26, d/6), true, Color(theme.ColorNameForeground), fyne.TextAlignCenter)
			p.text(4+d/2, size.Height/2+13, caption, 11, false, Color(ColorMuted), fyne.TextAlignCenter)
			p.legend(parts, d+28, size)
		})
}

// ring draws the parts clockwise from the top. Those that would be thinner
// than three degrees are drawn as three, at the cost of the others.
func (p *pen) ring(parts []Slice, at fyne.Position, d float32) {
	total := float32(sum(parts))
	const least = 3
	angles := make([]float32, len(parts))
	over, large := float32(0), float32(0)
	shown := 0
	for i, s := range parts {
		if s.Count == 0 {
			continue
		}
		shown++
		angles[i] = float32(s.Count) / total * 360
		if angles[i] < least {
			over += least - angles[i]
			angles[i] = least
		} else {
			large += angles[i]
		}
	}
	gap := float32(1)
	if shown == 1 {
		gap = 0
	}
	p.c.ring = &ringHit{centre: at.AddXY(d/2, d/2), radius: d / 2}
	from := float32(0)
	for i, s := range parts {
		if s.Count == 0 {
			continue
		}
		a := angles[i]
		if a > least && large > 0 {
			a -= over * a / large
		}
		arc := canvas.NewArc(from+gap, from+a-gap, .7, Color(s.Status.Fill()))
		if gap > 0 {
			arc.CornerRadius = 2
		}
		arc.Resize(fyne.NewSquareSize(d))
		arc.Move(at)
		p.add(arc)
		p.c.ring.sectors = append(p.c.ring.sectors, sector{from, from + a, s})
		from += a
	}
}

func (p *pen) legend(parts []Slice, x float32, size fyne.Size) {
	right := min(size.Width-4, x+200)
	y := size.Height/2 - float32(len(parts)-1)*11
	total := sum(parts)
	for _, s := range parts {
		p.rect(x, y-5, 10, 10, 3, Color(s.Status.Fill()))
		p.text(x+18, y, s.label(), 12, false, Color(theme.ColorNameForeground), fyne.TextAlignLeading)
		p.text(right, y, Number(s.Count), 12, true, Color(theme.ColorNameForeground), fyne.TextAlignTrailing)
		p.spot(x, y-11, right-x, 22, fmt.Sprintf("%s: %s of %s, %s", s.label(), Number(s.Count), Number(total), Percent(float64(s.Count)/float64(total))))
		p.c.spots[len(p.c.spots)-1].part = s.Status
		y += 22
	}
}

// axis draws the lines of a scale with their figures.
func (p *pen) axis(left, h, right float32, steps int, label func(i int) string) {
	for i := range steps + 1 {
		y := 8 + h - h*float32(i)/float32(steps)
		p.rect(left, float32(math.Round(float64(y))), right-left, 1, 0, Tint(theme.ColorNameSeparator, 170))
		p.text(left-8, y, label(i), 11, false, Color(ColorMuted), fyne.TextAlignTrailing)
	}
}
