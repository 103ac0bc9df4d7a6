package kit_test

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

// placeOf returns where a text is drawn in a window, and how large.
func placeOf(t *testing.T, w fyne.Window, text string) (fyne.Position, fyne.Size) {
	t.Helper()
	o := kittest.Find(w, func(o fyne.CanvasObject) bool {
		x, ok := o.(*canvas.Text)
		return ok && x.Text == text
	})
	if o == nil {
		t.Fatalf("%q is not to be seen: %s", text, kittest.Text(w))
	}
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(o), o.Size()
}

func TestScrollBarsLieOnNoRowAndNoColumn(t *testing.T) {
	kittest.Start(t, false)
	number := func(i int) string { return fmt.Sprintf("nr%03d", i) }
	for _, c := range []struct {
		name string
		last kit.Column[int]
		size fyne.Size
	}{
		{"all columns have room", kit.Column[int]{ID: "last", Title: "Last", Width: 90, Align: fyne.TextAlignTrailing, Text: number}, fyne.NewSize(400, 304)},
		{"columns are cut at the right", kit.Column[int]{ID: "last", Title: "Last", Width: 390, Align: fyne.TextAlignTrailing, Text: number}, fyne.NewSize(400, 304)},
		{"the bar below hides the last row", kit.Column[int]{ID: "last", Title: "Last", Width: 390, Align: fyne.TextAlignTrailing, Text: number}, fyne.NewSize(400, 28+26*20+3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := kit.NewGrid(kit.Column[int]{ID: "name", Title: "Name", Width: 120, Grow: true, Text: func(i int) string { return fmt.Sprintf("host%d", i) }}, c.last)
			var all []int
			for i := range 20 {
				all = append(all, i)
			}
			g.SetRows(all)
			w := shown(t, g, c.size)
			var rows *container.Clip // what is drawn of the rows
			kittest.Find(w, func(o fyne.CanvasObject) bool {
				if c, ok := o.(*container.Clip); ok && (rows == nil || c.Size().Height > rows.Size().Height) {
					rows = c
				}
				return false
			})
			const bar = 8
			if right := c.size.Width - rows.Size().Width; right < bar {
				t.Errorf("rows reach to %v before the right edge, under the bar", right)
			}
			if below := c.size.Height - rows.Position().Y - rows.Size().Height; c.last.Width > 300 && below < bar {
				t.Errorf("rows reach to %v before the lower edge, under the bar", below)
			}
			kittest.Key(t, w, fyne.KeyEnd) // the last row is seen in whole all the same
			at, size := placeOf(t, w, "host19")
			if end := rows.Position().Y + rows.Size().Height; at.Y+size.Height > end {
				t.Errorf("the last row ends at %v, what is drawn at %v", at.Y+size.Height, end)
			}
		})
	}
}

func TestColumnsShareTheWidth(t *testing.T) {
	kittest.Start(t, false)
	text := func(title string) func(int) string { return func(int) string { return title + " cell" } }
	for _, c := range []struct {
		name   string
		widths []float32 // the first may grow
		room   float32
		whole  int  // columns that are seen in whole
		bar    bool // there is more at the right
	}{
		{"what is left over", []float32{120, 90, 90}, 400, 3, false},
		{"what little is lacking", []float32{140, 90, 90}, 300, 3, false},
		{"up to a whole column", []float32{120, 90, 90, 90, 90}, 340, 3, true},
		{"by giving up a little for the last", []float32{120, 90, 90, 90}, 280, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var columns []kit.Column[int]
			for i, w := range c.widths {
				title := fmt.Sprintf("C%d", i)
				columns = append(columns, kit.Column[int]{ID: title, Title: title, Width: w, Grow: i == 0, Text: text(title)})
			}
			g := kit.NewGrid(columns...)
			w := shown(t, g, fyne.NewSize(c.room, 300))
			across := func() bool {
				return kittest.Find(w, func(o fyne.CanvasObject) bool {
					r, ok := o.(*canvas.Rectangle)
					return ok && r.CornerRadius == 4 && r.Size().Width > 20 && r.Visible()
				}) != nil
			}
			g.SetRows(nil)
			if across() {
				t.Error("a table without rows has a scroll bar")
			}
			g.SetRows([]int{1})
			if across() != c.bar {
				t.Errorf("a scroll bar: %v", !c.bar)
			}
			for i := range c.whole {
				at, size := placeOf(t, w, fmt.Sprintf("C%d", i))
				if at.X+size.Width > c.room {
					t.Errorf("column %d is cut", i)
				}
			}
			if c.whole < len(c.widths) {
				if at, _ := placeOf(t, w, fmt.Sprintf("C%d", c.whole)); at.X < c.room {
					t.Errorf("column %d starts at %v, under the right edge", c.whole, at.X)
				}
			}
		})
	}
}

func TestTitleOfAPageWithoutButtonsStandsWhereAllDo(t *testing.T) {
	kittest.Start(t, false)
	var tops []float32
	for _, buttons := range [][]fyne.CanvasObject{nil, {kit.NewPrimary("Go", "", func() {})}} {
		w := kittest.Window(t, kit.NewPage("Title", "", kit.NewText("content"), buttons...), fyne.NewSize(600, 300))
		at, _ := placeOf(t, w, "Title")
		tops = append(tops, at.Y)
	}
	if tops[0] != tops[1] {
		t.Errorf("the title stands at %v without buttons and at %v with", tops[0], tops[1])
	}
}

func TestFlushParagraphBeginsWhereACaptionDoes(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.VBox(4, kit.NewCaption("caption"), kit.Flush(kit.NewParagraph("paragraph")), kit.Flush(kit.NewProse("prose"))), fyne.NewSize(400, 200))
	caption, _ := placeOf(t, w, "caption")
	for _, text := range []string{"paragraph", "prose"} {
		if at, _ := placeOf(t, w, text); at.X != caption.X {
			t.Errorf("the %s begins at %v, the caption at %v", text, at.X, caption.X)
		}
	}
}
