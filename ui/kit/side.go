package kit

import "fyne.io/fyne/v2"

// A SideLayout sets a panel at the right of a page's content: of two objects
// the second gets its share of the room while it is visible.
type SideLayout struct{}

// The panel's width: a share of the page, within bounds.
const (
	panelShare = 0.42
	panelLeast = 420
	panelMost  = 680
	panelGap   = 10
)

// MinSize implements fyne.Layout.
func (*SideLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[0].MinSize()
	if o[1].Visible() {
		m = fyne.NewSize(m.Width+panelLeast, max(m.Height, o[1].MinSize().Height))
	}
	return m
}

// Layout implements fyne.Layout.
func (*SideLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := float32(0)
	if o[1].Visible() {
		w = min(max(size.Width*panelShare, panelLeast), panelMost)
		o[1].Move(fyne.NewPos(size.Width-w+panelGap, 0))
		o[1].Resize(fyne.NewSize(w-panelGap, size.Height))
	}
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(fyne.NewSize(size.Width-w, size.Height))
}
