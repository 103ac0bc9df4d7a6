package today

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
)

var (
	_ kit.Main          = (*needRow)(nil)
	_ desktop.Hoverable = (*needRow)(nil)
)

// A needRow is a line of the list: it opens with a click or Enter and has a
// menu. Up and Down go to the line before and after.
type needRow struct {
	widget.BaseWidget
	content fyne.CanvasObject
	ground  *kit.Fill
	edge    *kit.Fill // marks the row that has the keyboard
	open    func()
	menu    func() []*fyne.MenuItem
	move    func(by int)
}

func newNeedRow(content fyne.CanvasObject, open func(), menu func() []*fyne.MenuItem) *needRow {
	r := &needRow{content: content, ground: kit.NewFill(kit.ColorHovered, 7), edge: kit.NewFill(theme.ColorNamePrimary, 2), open: open, menu: menu}
	r.ground.Hide()
	r.edge.Hide()
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer implements fyne.Widget.
func (r *needRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.ground, container.New(&edgeLayout{}, r.edge), r.content))
}

// Tapped implements fyne.Tappable.
func (r *needRow) Tapped(*fyne.PointEvent) { r.open() }

// TappedSecondary implements fyne.SecondaryTappable.
func (r *needRow) TappedSecondary(e *fyne.PointEvent) { r.showMenu(e.AbsolutePosition) }

func (r *needRow) showMenu(at fyne.Position) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(r); c != nil {
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", r.menu()...), c, at)
	}
}

// TakesKeyboard implements kit.Main.
func (r *needRow) TakesKeyboard() bool { return true }

// FocusGained implements fyne.Focusable.
func (r *needRow) FocusGained() { r.edge.Show() }

// FocusLost implements fyne.Focusable.
func (r *needRow) FocusLost() { r.edge.Hide() }

// TypedRune implements fyne.Focusable.
func (r *needRow) TypedRune(c rune) { kit.PassRune(r, c) }

// TypedKey implements fyne.Focusable.
func (r *needRow) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyUp:
		r.move(-1)
	case fyne.KeyDown:
		r.move(1)
	case fyne.KeyReturn, fyne.KeyEnter:
		r.open()
	case desktop.KeyMenu:
		r.showMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(r).AddXY(40, r.Size().Height))
	default:
		kit.PassKey(r, e)
	}
}

// MouseIn implements desktop.Hoverable.
func (r *needRow) MouseIn(*desktop.MouseEvent) { r.ground.Show() }

// MouseMoved implements desktop.Hoverable.
func (r *needRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *needRow) MouseOut() { r.ground.Hide() }

// edgeLayout sets its only object at the left edge.
type edgeLayout struct{}

// MinSize implements fyne.Layout.
func (*edgeLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(3, 0) }

// Layout implements fyne.Layout.
func (*edgeLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(2, 8))
	o[0].Resize(fyne.NewSize(3, size.Height-16))
}
