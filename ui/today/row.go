package today

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
)

// A needRow is a line of the list: it opens with a click and has a menu.
type needRow struct {
	widget.BaseWidget
	content fyne.CanvasObject
	ground  *kit.Fill
	open    func()
	menu    func() []*fyne.MenuItem
}

func newNeedRow(content fyne.CanvasObject, open func(), menu func() []*fyne.MenuItem) *needRow {
	r := &needRow{content: content, ground: kit.NewFill(kit.ColorHovered, 7), open: open, menu: menu}
	r.ground.Hide()
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer implements fyne.Widget.
func (r *needRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.ground, r.content))
}

// Tapped implements fyne.Tappable.
func (r *needRow) Tapped(*fyne.PointEvent) { r.open() }

// TappedSecondary implements fyne.SecondaryTappable.
func (r *needRow) TappedSecondary(e *fyne.PointEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(r)
	if c != nil {
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", r.menu()...), c, e.AbsolutePosition)
	}
}

// MouseIn implements desktop.Hoverable.
func (r *needRow) MouseIn(*desktop.MouseEvent) { r.ground.Show() }

// MouseMoved implements desktop.Hoverable.
func (r *needRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *needRow) MouseOut() { r.ground.Hide() }
