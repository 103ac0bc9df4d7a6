package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app/explain"
)

// A Fill is a rectangle in a colour of the theme.
type Fill struct {
	widget.BaseWidget
	name   fyne.ThemeColorName
	radius float32
	edge   fyne.ThemeColorName
	rect   *canvas.Rectangle
}

// NewFill returns a rectangle in a colour of the theme.
func NewFill(name fyne.ThemeColorName, radius float32) *Fill {
	f := &Fill{name: name, radius: radius, rect: canvas.NewRectangle(nil)}
	f.ExtendBaseWidget(f)
	return f
}

// Edged gives the rectangle a hairline.
func (f *Fill) Edged(name fyne.ThemeColorName) *Fill {
	f.edge = name
	return f
}

// SetColor paints it in another colour.
func (f *Fill) SetColor(name fyne.ThemeColorName) {
	f.name = name
	f.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (f *Fill) CreateRenderer() fyne.WidgetRenderer {
	r := &fillRenderer{f}
	r.apply()
	return r
}

type fillRenderer struct{ f *Fill }

func (r *fillRenderer) apply() {
	r.f.rect.FillColor, r.f.rect.CornerRadius = Color(r.f.name), r.f.radius
	if r.f.edge != "" {
		r.f.rect.StrokeColor, r.f.rect.StrokeWidth = Color(r.f.edge), 1
	}
}

// Destroy implements fyne.WidgetRenderer.
func (r *fillRenderer) Destroy() {}

// MinSize implements fyne.WidgetRenderer.
func (r *fillRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }

// Layout implements fyne.WidgetRenderer.
func (r *fillRenderer) Layout(s fyne.Size) { r.f.rect.Resize(s) }

// Objects implements fyne.WidgetRenderer.
func (r *fillRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.f.rect} }

// Refresh implements fyne.WidgetRenderer.
func (r *fillRenderer) Refresh() {
	r.apply()
	canvas.Refresh(r.f.rect)
}

// NewRule returns a hairline to set between things.
func NewRule() fyne.CanvasObject { return NewFill(theme.ColorNameSeparator, 0) }

// A Page is one screen: a heading, what can be done, and the content below.
type Page struct {
	widget.BaseWidget

	title, subtitle *Caption
	actions         *fyne.Container
	banner          *fyne.Container
	body            *fyne.Container
	object          fyne.CanvasObject
}

// NewPage returns a page. Among actions, the last is the primary one, if any.
func NewPage(title, subtitle string, content fyne.CanvasObject, actions ...fyne.CanvasObject) *Page {
	p := &Page{
		title:    newLine(title, theme.SizeNameHeadingText, theme.ColorNameForeground, fyne.TextStyle{Bold: true}),
		subtitle: NewMuted(subtitle),
		actions:  HBox(8, actions...),
		banner:   container.NewStack(),
		body:     container.NewStack(content),
	}
	p.subtitle.Cut()
	p.banner.Hide()
	high := canvas.NewRectangle(nil) // a page without buttons has its title where all have it
	high.SetMinSize(fyne.NewSize(0, buttonHeight))
	head := container.NewBorder(nil, nil, HBox(0, high, p.title), p.actions, Pad(p.subtitle, 5, 0, 12, 12))
	p.object = container.NewBorder(VBox(0, Pad(head, 12, 10, 0, 0), p.banner), nil, nil, nil, p.body)
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer implements fyne.Widget.
func (p *Page) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(Pad(p.object, 0, 14, 16, 16))
}

// SetTitle shows another heading.
func (p *Page) SetTitle(s string) { p.title.SetText(s) }

// SetSubtitle shows another line beside the heading: the one thing the page answers.
func (p *Page) SetSubtitle(s string) { p.subtitle.SetText(s) }

// SetActions shows other buttons.
func (p *Page) SetActions(actions ...fyne.CanvasObject) {
	p.actions.Objects = actions
	p.actions.Refresh()
	p.Refresh()
}

// SetContent shows something else below the heading.
func (p *Page) SetContent(o fyne.CanvasObject) {
	p.body.Objects = []fyne.CanvasObject{o}
	p.body.Refresh()
}

// Fail shows an error above the content until it is closed or Clear is called.
func (p *Page) Fail(err error) { p.Say(NewErrorBanner(err, p.Clear)) }

// Say shows something above the content.
func (p *Page) Say(o fyne.CanvasObject) {
	p.banner.Objects = []fyne.CanvasObject{Pad(o, 0, 10, 0, 0)}
	p.banner.Show()
	p.object.Refresh()
}

// Clear removes what Fail or Say showed.
func (p *Page) Clear() {
	if p.banner.Visible() {
		p.banner.Objects = nil
		p.banner.Hide()
		p.object.Refresh()
	}
}

// NewErrorBanner returns the words for an error, with its own text as a tooltip
// of the button that copies it. closed may be nil.
func NewErrorBanner(err error, closed func()) fyne.CanvasObject {
	w := explain.Of(err)
	buttons := HBox(4, NewQuiet("", "copy", func() {
		fyne.CurrentApp().Clipboard().SetContent(w.Detail)
	}).WithTip("Copy the error: "+w.Detail))
	if closed != nil {
		buttons.Add(NewQuiet("", "x", closed).WithTip("Close"))
	}
	return NewBanner(StatusFailed, w.Title, w.Sentence+" "+w.Next, buttons)
}

// NewBanner returns a line of news with a sign; right may be nil.
func NewBanner(s Status, title, text string, right fyne.CanvasObject) fyne.CanvasObject {
	words := widget.NewLabel(text)
	words.Wrapping = fyne.TextWrapWord
	icon := container.NewVBox(Pad(NewPicture(s.Icon(), 16), 8, 0, 12, 8))
	var side fyne.CanvasObject
	if right != nil {
		side = container.NewVBox(Pad(right, 6, 0, 8, 8))
	}
	both := VBox(-7, Pad(NewStrong(title), 8, 0, 6, 0), words)
	return container.NewStack(NewFill(ColorSurface, 8).Edged(s.Color()), Pad(container.NewBorder(nil, nil, icon, side, both), 0, 2, 0, 0))
}

// NewCard returns a flat surface with a title; extra stands at its right edge
// and may be nil. Cards do not stand in cards.
func NewCard(title string, extra, content fyne.CanvasObject) fyne.CanvasObject {
	inner := content
	if title != "" || extra != nil {
		gap := float32(8)
		if extra != nil { // may be higher than the title, which stands where those of all cards do
			extra, gap = Pad(extra, -6, -6, 0, 0), 12
		}
		head := container.NewBorder(nil, nil, NewStrong(title), extra)
		inner = container.NewBorder(Pad(head, 0, gap, 0, 0), nil, nil, nil, content)
	}
	return container.NewStack(NewFill(ColorSurface, 8).Edged(theme.ColorNameSeparator), Pad(inner, 10, 12, 14, 14))
}

// NewScroll returns cards that may be higher than their room. The hairlines at
// their edges are not cut, and the scroll bar lies in the margin, on no card.
func NewScroll(cards fyne.CanvasObject) fyne.CanvasObject {
	return Pad(container.NewVScroll(Pad(cards, 2, 2, 2, 14)), -2, -2, -2, -14)
}

// NewSurface returns a flat surface without title or room, for a grid.
func NewSurface(content fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(NewFill(ColorSurface, 8).Edged(theme.ColorNameSeparator), Pad(content, 1, 1, 1, 1))
}

// NewEmptyState says why there is nothing here and what to do about it.
// action may be nil.
func NewEmptyState(icon, title, sentence string, action *Button) fyne.CanvasObject {
	words := container.New(&linesLayout{gap: 2})
	for _, line := range Wrap(sentence, 380, theme.Size(theme.SizeNameText), fyne.TextStyle{}) {
		words.Add(container.NewCenter(NewMuted(line)))
	}
	box := VBox(8,
		container.NewCenter(NewPicture(IconIn(icon, ColorMuted), 36)),
		container.NewCenter(NewSubHeading(title)),
		words)
	if action != nil {
		box.Add(Pad(container.NewCenter(action), 6, 0, 0, 0))
	}
	return box
}
