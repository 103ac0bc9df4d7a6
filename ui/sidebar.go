package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
)

const (
	sidebarWidth = 192
	itemHeight   = 34
)

type sidebar struct {
	object fyne.CanvasObject
	list   *fyne.Container
	items  []*item
	choice func(id string)
}

func newSidebar(version string, choice func(id string)) *sidebar {
	s := &sidebar{list: kit.VBox(2), choice: choice}
	brand := kit.HBox(8, kit.NewPicture(kit.IconIn("calendar-event", theme.ColorNamePrimary), 20), kit.NewSubHeading("Second Tuesday"))
	foot := kit.Pad(kit.NewCaption(version), 0, 10, 12, 8)
	body := container.NewBorder(kit.Pad(brand, 14, 12, 10, 0), foot, nil, nil, s.list)
	s.object = container.NewStack(kit.NewFill(kit.ColorSidebar, 0), kit.Pad(body, 0, 0, 8, 8))
	return s
}

func (s *sidebar) add(x Screen) {
	i := &item{id: x.ID(), title: x.Title(), icon: x.Icon(), tapped: s.choice}
	i.ExtendBaseWidget(i)
	s.items = append(s.items, i)
	s.list.Add(i)
}

func (s *sidebar) choose(id string) {
	for _, i := range s.items {
		if on := i.id == id; on != i.on {
			i.on = on
			i.Refresh()
		}
	}
}

func (s *sidebar) badge(id string, b Badge) {
	for _, i := range s.items {
		if i.id == id && i.badge != b {
			i.badge = b
			i.Refresh()
		}
	}
}

// An item is one row of the sidebar.
type item struct {
	widget.BaseWidget
	id, title, icon      string
	badge                Badge
	on, hovered, focused bool
	tapped               func(id string)
}

// Label returns the row's word.
func (i *item) Label() string { return i.title }

// Tapped implements fyne.Tappable.
func (i *item) Tapped(*fyne.PointEvent) { i.tapped(i.id) }

// TypedRune implements fyne.Focusable.
func (i *item) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (i *item) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		i.tapped(i.id)
	} else if c := fyne.CurrentApp().Driver().CanvasForObject(i); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(e)
	}
}

// FocusGained implements fyne.Focusable.
func (i *item) FocusGained() {
	i.focused = true
	i.Refresh()
}

// FocusLost implements fyne.Focusable.
func (i *item) FocusLost() {
	i.focused = false
	i.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (i *item) MouseIn(*desktop.MouseEvent) {
	i.hovered = true
	i.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (i *item) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (i *item) MouseOut() {
	i.hovered = false
	i.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (i *item) CreateRenderer() fyne.WidgetRenderer {
	r := &itemRenderer{i: i, ground: canvas.NewRectangle(nil), mark: canvas.NewRectangle(nil), pill: canvas.NewRectangle(nil),
		icon: &canvas.Image{FillMode: canvas.ImageFillContain}, text: canvas.NewText("", nil), count: canvas.NewText("", nil)}
	r.objects = []fyne.CanvasObject{r.ground, r.mark, r.icon, r.text, r.pill, r.count}
	r.apply()
	return r
}

type itemRenderer struct {
	i                  *item
	ground, mark, pill *canvas.Rectangle
	icon               *canvas.Image
	text, count        *canvas.Text
	objects            []fyne.CanvasObject
}

func (r *itemRenderer) apply() {
	i := r.i
	fg, ground := kit.ColorMuted, kit.ColorHovered
	if i.on {
		fg, ground = theme.ColorNameForeground, kit.ColorSelected
	}
	r.ground.FillColor, r.ground.CornerRadius = kit.Color(ground), 6
	r.ground.Hidden = !i.on && !i.hovered && !i.focused
	r.ground.StrokeWidth = 0
	if i.focused {
		r.ground.StrokeColor, r.ground.StrokeWidth = kit.Color(theme.ColorNamePrimary), 1.5
	}
	r.mark.FillColor, r.mark.CornerRadius, r.mark.Hidden = kit.Color(theme.ColorNamePrimary), 1.5, !i.on
	r.text.Text, r.text.TextSize, r.text.Color = i.title, theme.Size(theme.SizeNameText), kit.Color(fg)
	r.text.TextStyle.Bold = i.on
	iconColor := kit.ColorMuted
	if i.on {
		iconColor = theme.ColorNamePrimary
	}
	if res := kit.IconIn(i.icon, iconColor); r.icon.Resource == nil || r.icon.Resource.Name() != res.Name() {
		r.icon.Resource = res
		r.icon.Refresh()
	}
	r.applyBadge()
}

func (r *itemRenderer) applyBadge() {
	b := r.i.badge
	r.pill.Hidden, r.count.Hidden = b.Count == 0, b.Count == 0
	r.count.Text = kit.Number(b.Count)
	if b.Count > 999 {
		r.count.Text = "999+"
	}
	r.count.TextSize, r.count.TextStyle.Bold = 11, true
	color := kit.ColorMuted
	if b.Status != kit.StatusNone {
		color = b.Status.Color()
	}
	r.count.Color = kit.Color(color)
	r.pill.FillColor, r.pill.CornerRadius = kit.Tint(color, 34), 9
}

// Destroy implements fyne.WidgetRenderer.
func (r *itemRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *itemRenderer) Objects() []fyne.CanvasObject { return r.objects }

// MinSize implements fyne.WidgetRenderer.
func (r *itemRenderer) MinSize() fyne.Size { return fyne.NewSize(sidebarWidth-16, itemHeight) }

// Layout implements fyne.WidgetRenderer.
func (r *itemRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.mark.Move(fyne.NewPos(0, 9))
	r.mark.Resize(fyne.NewSize(3, size.Height-18))
	r.icon.Move(fyne.NewPos(12, (size.Height-18)/2))
	r.icon.Resize(fyne.NewSquareSize(18))
	m := r.text.MinSize()
	r.text.Move(fyne.NewPos(40, (size.Height-m.Height)/2))
	r.text.Resize(m)
	n := r.count.MinSize()
	w := max(20, n.Width+12)
	r.pill.Move(fyne.NewPos(size.Width-w-8, (size.Height-18)/2))
	r.pill.Resize(fyne.NewSize(w, 18))
	r.count.Move(fyne.NewPos(size.Width-8-w/2-n.Width/2, (size.Height-n.Height)/2))
	r.count.Resize(n)
}

// Refresh implements fyne.WidgetRenderer.
func (r *itemRenderer) Refresh() {
	r.apply()
	r.Layout(r.i.Size())
	canvas.Refresh(r.i)
}
