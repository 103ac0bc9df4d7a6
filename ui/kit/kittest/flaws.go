package kittest

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"secondtuesday/ui/kit"
)

// Flaws lists what a person could not read in the window: words that run over
// an edge, lie on others or are cut where nothing else says them. Cells of a
// table may be cut, for pointing at one shows it in whole; its titles may not.
func Flaws(w fyne.Window) []string {
	w.Content().Refresh() // wrapped text has learnt its width by now
	f := &flaws{}
	all := area{size: w.Canvas().Size()}
	f.look(w.Content(), fyne.Position{}, all, false)
	for i, a := range f.texts {
		for _, b := range f.texts[:i] {
			if over := a.meet(b.area); over.size.Width > 2 && over.size.Height > 5 {
				f.found = append(f.found, fmt.Sprintf("%q and %q lie on each other at %v", b.text, a.text, over.at))
			}
		}
	}
	return f.found
}

// An area is a rectangle of the window.
type area struct {
	at   fyne.Position
	size fyne.Size
}

// meet returns what two areas share; of no size where they share nothing.
func (a area) meet(b area) area {
	left, top := max(a.at.X, b.at.X), max(a.at.Y, b.at.Y)
	right := min(a.at.X+a.size.Width, b.at.X+b.size.Width)
	low := min(a.at.Y+a.size.Height, b.at.Y+b.size.Height)
	return area{fyne.NewPos(left, top), fyne.NewSize(max(0, right-left), max(0, low-top))}
}

type flaws struct {
	texts []seen
	found []string
}

// seen is a text and the part of it that is in view.
type seen struct {
	area
	text string
}

// look goes through an object whose parent stands at a place; of it only what is
// in view counts. rolls: what is outside can be rolled into view.
func (f *flaws) look(o fyne.CanvasObject, at fyne.Position, view area, rolls bool) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	var inner []fyne.CanvasObject
	switch c := o.(type) {
	case *canvas.Text:
		f.text(c, at, view, rolls)
	case *fyne.Container:
		inner = c.Objects
	case *container.Scroll, *container.Clip:
		view, rolls = view.meet(area{at, o.Size()}), true
		inner = test.WidgetRenderer(o.(fyne.Widget)).Objects()
	case *kit.Caption:
		inner = test.WidgetRenderer(c).Objects()
		if drawn := inner[0].(*canvas.Text).Text; drawn != c.Text() {
			f.found = append(f.found, fmt.Sprintf("%q is cut to %q", c.Text(), drawn))
		}
	case fyne.Widget:
		inner = test.WidgetRenderer(c).Objects()
	}
	for _, i := range inner {
		f.look(i, at, view, rolls)
	}
}

func (f *flaws) text(t *canvas.Text, at fyne.Position, view area, rolls bool) {
	if t.Text == "" {
		return
	}
	size := t.MinSize()
	switch t.Alignment {
	case fyne.TextAlignCenter:
		at.X += (t.Size().Width - size.Width) / 2
	case fyne.TextAlignTrailing:
		at.X += t.Size().Width - size.Width
	}
	whole := area{at, size}
	shown := whole.meet(view)
	switch title := strings.TrimSuffix(t.Text, "…"); {
	case !rolls && (shown.size.Width < size.Width-1 || shown.size.Height < size.Height-1):
		f.found = append(f.found, fmt.Sprintf("%q runs over the edge at %v", t.Text, at))
	case title != t.Text && t.TextStyle.Bold && t.TextSize == 12 && title == strings.ToUpper(title):
		f.found = append(f.found, fmt.Sprintf("the title %q of a column is cut", t.Text))
	}
	if shown.size.Width > 0 && shown.size.Height > 0 {
		f.texts = append(f.texts, seen{shown, t.Text})
	}
}
