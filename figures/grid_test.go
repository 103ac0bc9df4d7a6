package figures

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

const million = 1_000_000

// numbers is a source of rows that do not exist.
type numbers int

func (n numbers) Len() int     { return int(n) }
func (n numbers) At(i int) int { return i }

func hostName(i int) string { return fmt.Sprintf("srv-%06d.example.net", i) }

// The columns of both tables.
var gridColumns = []kit.Column[int]{
	{ID: "host", Title: "Host", Width: 226, Text: hostName},
	{ID: "group", Title: "Group", Width: 130, Text: func(i int) string { return []string{"web", "db", "edge"}[i%3] }},
	{ID: "os", Title: "System", Width: 170, Text: func(int) string { return "Debian GNU/Linux 12 (bookworm)" }},
	{ID: "count", Title: "Missing", Width: 92, Text: func(i int) string { return fmt.Sprint(i * 7 % 997) }, Compare: func(a, b int) int { return a*7%997 - b*7%997 }},
	{ID: "owner", Title: "Owner", Width: 140, Text: func(i int) string { return fmt.Sprint("team-", i%40) }},
}

var gridSize = fyne.NewSize(1056, 700)

// newTable returns widget.Table as its documentation shows it, and the row
// that it last filled.
func newTable(rows int) (tb *widget.Table, last *int) {
	last = new(int)
	tb = widget.NewTable(func() (int, int) { return rows, len(gridColumns) },
		func() fyne.CanvasObject {
			l := widget.NewLabel("")
			l.Truncation = fyne.TextTruncateEllipsis
			return l
		},
		func(id widget.TableCellID, o fyne.CanvasObject) {
			*last = max(*last, id.Row)
			o.(*widget.Label).SetText(gridColumns[id.Col].Text(id.Row))
		})
	for i, c := range gridColumns {
		tb.SetColumnWidth(i, c.Width)
	}
	return tb, last
}

// gridFigures compares kit.Grid with widget.Table, both with a million rows.
func gridFigures(t *testing.T) {
	kittest.Start(t, false)
	x := newTicker(t)
	g := kit.NewGrid(gridColumns...)
	g.SetSource(numbers(million))
	w := kittest.Window(t, g, gridSize)
	w.Canvas().Focus(g)
	tb, filled := newTable(million)
	kittest.Window(t, tb, gridSize)
	scrollFigure(t, x, g, tb)
	endFigure(t, x, g, w, tb, filled)

	var held, whole series[time.Duration]
	for i := range 3 {
		whole = append(whole, took(func() { x.do(t, func() { g.SortBy("count", i%2 == 0) }) }))
		held = append(held, x.longest)
	}
	if first := g.At(0); first*7%997 != 996 {
		t.Errorf("sorted by most missing, row 0 is %d", first)
	}
	add(t, figure{
		name: "sort 1,000,000 rows, longest hold of the UI goroutine", ours: held.spread(brief), ratio: "-", target: "-", met: noTarget,
		peer: "widget.Table cannot sort (ours, until shown: " + whole.spread(brief) + ")",
	})
}

// scrollFigure scrolls both one wheel step at a time from the middle, with all
// that Fyne does before painting.
func scrollFigure(t *testing.T, x *ticker, g *kit.Grid[int], tb *widget.Table) {
	const steps = 200
	var ours, theirs series[time.Duration]
	for range 5 {
		x.do(t, func() {
			for range steps {
				g.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -26)})
			}
		})
		ours = append(ours, x.total/steps)
		n := len(theirs)
		theirs = append(theirs, took(func() {
			for i := range steps / 10 {
				tb.ScrollToOffset(fyne.NewPos(0, float32(n*steps+i)*26))
			}
		})/(steps/10))
	}
	add(t, figure{
		name: "a scroll step in 1,000,000 rows, UI goroutine", ours: ours.spread(brief), ratio: fmt.Sprintf("%.4f", ratio(ours.middle(), theirs.middle())),
		target: "< 1 ms", met: meets(ours.middle() < time.Millisecond), peer: "widget.Table, as many rows: " + theirs.spread(brief),
	})
}

// endFigure goes to the last row and selects it.
func endFigure(t *testing.T, x *ticker, g *kit.Grid[int], w fyne.Window, tb *widget.Table, filled *int) {
	x.do(t, func() { kittest.KeyNow(t, w, fyne.KeyEnd) })
	row, ok := g.Current()
	x.do(t, func() { kittest.KeyNow(t, w, fyne.KeySpace) })
	at := w.Canvas().Capture() // what is seen is drawn: no row may be missing
	if at == nil || !ok {
		t.Fatal("the grid has no current row")
	}
	*filled = 0
	tb.ScrollToBottom()
	drawn := map[bool]string{true: "drawn", false: "not drawn"}[strings.Contains(kittest.Text(w), hostName(million-1))]
	add(t, figure{
		name: "the last of 1,000,000 rows", ours: fmt.Sprintf("row %d, %s", row, drawn), ratio: "-", target: "row 999999",
		met: meets(row == million-1 && drawn == "drawn"), peer: fmt.Sprintf("widget.Table, scrolled to its end: row %d", *filled),
	})
}
