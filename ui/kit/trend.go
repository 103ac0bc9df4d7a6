package kit

import (
	"fmt"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

// A Point of a trend is a share at a moment, 0 to 1.
type Point struct {
	At    time.Time
	Share float64
}

// NewTrend returns a line over time with the area below it, and the promised
// share as a dashed line; 0 is no promise. The scale begins at a round figure
// below the lowest point and says so, never in secret.
func NewTrend(points []Point, target float64) *Chart {
	return newChart(fyne.NewSize(220, 120),
		func() string {
			if len(points) < 2 {
				return "A trend needs two scans on different days"
			}
			return ""
		},
		func(p *pen, size fyne.Size) {
			lowest := target
			if target == 0 {
				lowest = 1
			}
			for _, x := range points {
				lowest = min(lowest, x.Share)
			}
			t := trend{points: points, step: 0.1, floor: math.Max(0, math.Floor(lowest*10-0.5)/10), left: 44, size: size}
			if t.floor < 0.5 { // too many lines: every second one, and the floor on one of them
				t.step, t.floor = 0.2, math.Max(0, math.Floor(lowest*5-0.25)/5)
			}
			t.right = size.Width - 10
			t.h = size.Height - 30
			t.draw(p, target)
		})
}

type trend struct {
	points         []Point
	floor, step    float64
	left, right, h float32
	size           fyne.Size
}

func (t *trend) at(i int) fyne.Position {
	first, last := t.points[0].At, t.points[len(t.points)-1].At
	f := float32(t.points[i].At.Sub(first)) / float32(max(1, last.Sub(first)))
	return fyne.NewPos(t.left+(t.right-t.left)*f, t.y(t.points[i].Share))
}

func (t *trend) y(share float64) float32 {
	return 8 + t.h*float32((1-share)/(1-t.floor))
}

func (t *trend) draw(p *pen, target float64) {
	steps := int(math.Round((1 - t.floor) / t.step))
	p.axis(t.left, t.h, t.right, steps, func(i int) string { return Percent(t.floor + (1-t.floor)*float64(i)/float64(steps)) })
	corners := t.corners()
	for i := 1; i < len(corners); i++ {
		t.area(p, t.at(corners[i-1]), t.at(corners[i]))
	}
	for i := 1; i < len(corners); i++ {
		p.line(t.at(corners[i-1]), t.at(corners[i]), 2, Color(theme.ColorNamePrimary))
	}
	if target > 0 {
		y := t.y(target)
		for x := t.left; x < t.right; x += 9 {
			p.line(fyne.NewPos(x, y), fyne.NewPos(min(x+5, t.right), y), 1.5, Color(FillGood))
		}
		promise := "promised " + Percent(target)
		p.rect(t.left+2, y-16, fyne.MeasureText(promise, 11, fyne.TextStyle{}).Width+4, 14, 0, Color(ColorSurface)) // no line of the scale runs through the words
		p.text(t.left+4, y-9, promise, 11, false, Color(ColorGood), fyne.TextAlignLeading)
	}
	t.labels(p)
}

// corners returns the points at which the line turns: the days between two of
// the same share need no line of their own.
func (t *trend) corners() []int {
	var out []int
	for i, p := range t.points {
		first, last := i == 0, i == len(t.points)-1
		if first || last || p.Share != t.points[i-1].Share || p.Share != t.points[i+1].Share {
			out = append(out, i)
		}
	}
	return out
}

// area fills below one step of the line.
func (t *trend) area(p *pen, a, b fyne.Position) {
	if b.X-a.X < 0.5 {
		return
	}
	quad := canvas.NewArbitraryPolygon([]fyne.Position{a, b, {X: b.X, Y: 8 + t.h}, {X: a.X, Y: 8 + t.h}}, Tint(theme.ColorNamePrimary, 34))
	quad.Resize(t.size)
	p.add(quad)
}

// labels writes the days below and the newest figure at its point.
func (t *trend) labels(p *pen) {
	n := len(t.points)
	every := max(1, int(float32(n)*64/(t.right-t.left)))
	for i := 0; i < n; i++ {
		q := t.at(i)
		p.spot(q.X-6, 8, 12, t.h, fmt.Sprintf("%s: %s", DateTime(t.points[i].At), Percent(t.points[i].Share)))
		if i%every == 0 && q.X < t.right-30 {
			p.text(q.X, t.size.Height-9, t.points[i].At.Local().Format("2 Jan"), 11, false, Color(ColorMuted), fyne.TextAlignCenter)
		}
	}
	q := t.at(n - 1)
	dot := p.rect(q.X-4, q.Y-4, 8, 8, 4, Color(theme.ColorNamePrimary))
	dot.StrokeColor, dot.StrokeWidth = Color(ColorSurface), 1.5
	y := q.Y - 12
	if y < 8 {
		y = q.Y + 14
	}
	figure := Percent(t.points[n-1].Share)
	w := fyne.MeasureText(figure, 12, fyne.TextStyle{Bold: true}).Width
	p.rect(t.right-w-3, y-8, w+5, 16, 4, Tint(ColorSurface, 215)) // the line must not run through the figure
	p.text(t.right, y, figure, 12, true, Color(theme.ColorNameForeground), fyne.TextAlignTrailing)
}
