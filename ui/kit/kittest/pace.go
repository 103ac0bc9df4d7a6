package kittest

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// FynesTable returns a scroll step of widget.Table with labels, as its
// documentation shows it, in a window of its own: what others would have to
// wait for.
func FynesTable(t testing.TB) (step func(i int)) {
	t.Helper()
	table := widget.NewTable(func() (int, int) { return 100_000, 6 },
		func() fyne.CanvasObject {
			l := widget.NewLabel("")
			l.Truncation = fyne.TextTruncateEllipsis
			return l
		},
		func(id widget.TableCellID, o fyne.CanvasObject) {
			o.(*widget.Label).SetText(fmt.Sprintf("srv-%06d.example.net", id.Row))
		})
	for i, w := range []float32{116, 226, 130, 170, 92, 140} {
		table.SetColumnWidth(i, w)
	}
	Window(t, table, fyne.NewSize(1056, 700))
	return func(i int) { table.ScrollToOffset(fyne.NewPos(0, float32(i%50_000)*30)) }
}

// Least returns the shortest time that each of the works held the UI goroutine.
// A clock alone would fail on a busy machine, or under the race detector: they
// are measured in turn, so that one can be held to the other.
func Least(t testing.TB, works ...func(i int)) []time.Duration {
	t.Helper()
	least := make([]time.Duration, len(works))
	for i := range 4 {
		for k, work := range works {
			start := time.Now()
			work(i)
			if took := time.Since(start); i == 0 || took < least[k] {
				least[k] = took
			}
			Settle(t)
		}
	}
	return least
}
