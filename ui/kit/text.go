package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Pad puts fixed room round an object.
func Pad(o fyne.CanvasObject, top, bottom, left, right float32) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(top, bottom, left, right), o)
}

// HBox sets objects side by side, centred on one line, with a gap.
func HBox(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&rowLayout{gap: gap}, objects...)
}

// VBox sets objects one below the other with a gap.
func VBox(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedVBoxLayout(gap), objects...)
}

// Spacer takes the room left over in an HBox.
func Spacer() fyne.CanvasObject { return layout.NewSpacer() }

// rowLayout is a horizontal box that centres what is lower than the row.
type rowLayout struct{ gap float32 }

// MinSize implements fyne.Layout.
func (l *rowLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	first := true
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		if !first {
			s.Width += l.gap
		}
		first = false
		s.Width += m.Width
		s.Height = max(s.Height, m.Height)
	}
	return s
}

// Layout implements fyne.Layout.
func (l *rowLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	spacers := 0
	for _, o := range objects {
		if isSpacer(o) {
			spacers++
		}
	}
	spare := max(0, size.Width-l.MinSize(objects).Width)
	x := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		if isSpacer(o) {
			m.Width += spare / float32(spacers)
		}
		o.Move(fyne.NewPos(x, (size.Height-m.Height)/2))
		o.Resize(m)
		x += m.Width + l.gap
	}
}

func isSpacer(o fyne.CanvasObject) bool {
	s, ok := o.(layout.SpacerObject)
	return ok && s.ExpandHorizontal()
}

// A Caption is a line of text in one size and colour that follows the theme.
// It is cut with an ellipsis where there is no room.
type Caption struct {
	widget.BaseWidget
	text  string
	size  fyne.ThemeSizeName
	color fyne.ThemeColorName
	style fyne.TextStyle
	cuts  bool // may be narrower than its text
	draw  *canvas.Text
}

// NewCaption returns small, muted text.
func NewCaption(text string) *Caption {
	return newLine(text, theme.SizeNameCaptionText, ColorMuted, fyne.TextStyle{})
}

// NewText returns ordinary text on one line.
func NewText(text string) *Caption {
	return newLine(text, theme.SizeNameText, theme.ColorNameForeground, fyne.TextStyle{})
}

// NewMuted returns ordinary text in the muted colour.
func NewMuted(text string) *Caption {
	return newLine(text, theme.SizeNameText, ColorMuted, fyne.TextStyle{})
}

// NewStrong returns ordinary text in bold.
func NewStrong(text string) *Caption {
	return newLine(text, theme.SizeNameText, theme.ColorNameForeground, fyne.TextStyle{Bold: true})
}

// NewSubHeading returns the title of a part of a page.
func NewSubHeading(text string) *Caption {
	return newLine(text, theme.SizeNameSubHeadingText, theme.ColorNameForeground, fyne.TextStyle{Bold: true})
}

// NewMono returns ordinary text in the monospaced font.
func NewMono(text string) *Caption {
	return newLine(text, theme.SizeNameText, theme.ColorNameForeground, fyne.TextStyle{Monospace: true})
}

func newLine(text string, size fyne.ThemeSizeName, color fyne.ThemeColorName, style fyne.TextStyle) *Caption {
	l := &Caption{text: text, size: size, color: color, style: style, draw: canvas.NewText("", nil)}
	l.ExtendBaseWidget(l)
	return l
}

// Text returns the whole text.
func (l *Caption) Text() string { return l.text }

// SetText shows another text.
func (l *Caption) SetText(s string) {
	if s != l.text {
		l.text = s
		l.Refresh()
	}
}

// SetColor shows the text in another colour.
func (l *Caption) SetColor(c fyne.ThemeColorName) *Caption {
	l.color = c
	l.Refresh()
	return l
}

// Cut lets the text be narrower than it is, ending in an ellipsis.
func (l *Caption) Cut() *Caption {
	l.cuts = true
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *Caption) CreateRenderer() fyne.WidgetRenderer {
	r := &lineRenderer{l}
	r.apply()
	return r
}

type lineRenderer struct{ l *Caption }

func (r *lineRenderer) apply() {
	t := r.l.draw
	t.TextSize, t.TextStyle, t.Color = theme.Size(r.l.size), r.l.style, Color(r.l.color)
	t.Text = r.l.text
	if r.l.cuts {
		t.Text, _ = cut(r.l.text, r.l.Size().Width, t.TextSize, t.TextStyle)
	}
}

// Destroy implements fyne.WidgetRenderer.
func (r *lineRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.l.draw} }

// MinSize implements fyne.WidgetRenderer.
func (r *lineRenderer) MinSize() fyne.Size {
	m := fyne.MeasureText(r.l.text, theme.Size(r.l.size), r.l.style)
	if r.l.cuts {
		m.Width = min(m.Width, 20)
	}
	return m
}

// Layout implements fyne.WidgetRenderer.
func (r *lineRenderer) Layout(size fyne.Size) {
	r.apply()
	m := r.l.draw.MinSize()
	r.l.draw.Move(fyne.NewPos(0, (size.Height-m.Height)/2))
	r.l.draw.Resize(m)
}

// Refresh implements fyne.WidgetRenderer.
func (r *lineRenderer) Refresh() {
	r.Layout(r.l.Size())
	canvas.Refresh(r.l)
}

// NewParagraph returns text that wraps at the width it is given.
func NewParagraph(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// NewSelectable returns text in the monospaced font that can be selected and copied.
func NewSelectable(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.TextStyle.Monospace = true
	l.Selectable = true
	l.Wrapping = fyne.TextWrapWord
	return l
}

// Wrap breaks text into lines that fit into width.
func Wrap(text string, width, size float32, style fyne.TextStyle) []string {
	var out []string
	for _, para := range strings.Split(text, "\n") {
		line := ""
		for _, w := range strings.Fields(para) {
			next := strings.TrimSpace(line + " " + w)
			if line != "" && fyne.MeasureText(next, size, style).Width > width {
				out = append(out, line)
				next = w
			}
			line = next
		}
		out = append(out, line)
	}
	return out
}

// Tiles sets objects of equal size in columns with a gap, as many rows as it takes.
func Tiles(columns int, gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&tilesLayout{columns, gap}, objects...)
}

type tilesLayout struct {
	columns int
	gap     float32
}

func (l *tilesLayout) rows(objects []fyne.CanvasObject) int {
	return max(1, (len(objects)+l.columns-1)/l.columns)
}

// MinSize implements fyne.Layout.
func (l *tilesLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		m = m.Max(o.MinSize())
	}
	c, r := float32(l.columns), float32(l.rows(objects))
	return fyne.NewSize(m.Width*c+l.gap*(c-1), m.Height*r+l.gap*(r-1))
}

// Layout implements fyne.Layout.
func (l *tilesLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	c, r := float32(l.columns), float32(l.rows(objects))
	w, h := (size.Width-l.gap*(c-1))/c, (size.Height-l.gap*(r-1))/r
	for i, o := range objects {
		o.Move(fyne.NewPos(float32(i%l.columns)*(w+l.gap), float32(i/l.columns)*(h+l.gap)))
		o.Resize(fyne.NewSize(w, h))
	}
}
