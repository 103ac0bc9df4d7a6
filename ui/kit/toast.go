package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// toastTime is how long a toast stays. One with Undo must leave time to read it.
const toastTime = 8 * time.Second

// Toast says at the bottom of the window that something was done, and offers to
// undo it; undo may be nil. The window's content must be a Layers.
func Toast(w fyne.Window, s Status, text string, undo func()) {
	layers, ok := w.Content().(*Layers)
	if !ok {
		return
	}
	var box fyne.CanvasObject
	remove := func() {
		layers.toasts.Remove(box)
		layers.toasts.Refresh()
	}
	row := HBox(8, NewPicture(s.Icon(), 16), NewText(text))
	if undo != nil {
		row.Add(NewQuiet("Undo", "arrow-back-up", func() {
			remove()
			undo()
		}))
	}
	row.Add(NewQuiet("", "x", remove).WithTip("Close"))
	box = container.NewStack(NewFill(theme.ColorNameMenuBackground, 8).Edged(theme.ColorNameInputBorder), Pad(row, 4, 4, 14, 6))
	layers.toasts.Add(box)
	layers.toasts.Refresh()
	time.AfterFunc(toastTime, func() { onUI(remove) })
}

// toastLayout stacks toasts at the bottom, in the middle, the newest lowest.
type toastLayout struct{}

// MinSize implements fyne.Layout.
func (*toastLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

// Layout implements fyne.Layout.
func (*toastLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := size.Height - 20
	for i := len(objects) - 1; i >= 0; i-- {
		m := objects[i].MinSize()
		y -= m.Height
		objects[i].Resize(m)
		objects[i].Move(fyne.NewPos((size.Width-m.Width)/2, y))
		y -= 8
	}
}
