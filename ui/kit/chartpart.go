package kit

import (
	"math"

	"fyne.io/fyne/v2"
)

// A sector is the part of a ring from one angle to another, clockwise from the top.
type sector struct {
	from, to float32 // degrees
	slice    Slice
}

// A ringHit knows which part of a donut is where.
type ringHit struct {
	centre  fyne.Position
	radius  float32
	sectors []sector
}

// at returns the part of the ring at a place.
func (h *ringHit) at(p fyne.Position) (Slice, bool) {
	if h == nil {
		return Slice{}, false
	}
	dx, dy := float64(p.X-h.centre.X), float64(p.Y-h.centre.Y)
	if r := math.Hypot(dx, dy); r > float64(h.radius) || r < float64(h.radius)*.7 {
		return Slice{}, false
	}
	a := float32(math.Mod(math.Atan2(dx, -dy)*180/math.Pi+360, 360))
	for _, s := range h.sectors {
		if a >= s.from && a < s.to {
			return s.slice, true
		}
	}
	return Slice{}, false
}

// Tapped implements fyne.Tappable: a click on a part of a donut, or on its
// line in the legend, tells OnPart.
func (c *Chart) Tapped(e *fyne.PointEvent) {
	if c.OnPart == nil {
		return
	}
	if s, ok := c.ring.at(e.Position); ok {
		c.OnPart(s.Status)
		return
	}
	for _, s := range c.spots {
		if s.part != StatusNone && inside(s, e.Position) {
			c.OnPart(s.part)
			return
		}
	}
}

func inside(s spot, p fyne.Position) bool {
	return p.X >= s.at.X && p.Y >= s.at.Y && p.X < s.at.X+s.size.Width && p.Y < s.at.Y+s.size.Height
}
