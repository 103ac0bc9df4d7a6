package kit

import (
	"slices"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

func foldRune(r rune) rune { return unicode.ToLower(r) }

// A Segmented is a row of choices of which one holds, such as Month and Week.
// Left and Right move it.
type Segmented struct {
	widget.BaseWidget
	OnChanged func(string)

	options []string
	chosen  string
	focused bool
}

// NewSegmented returns a row of choices.
func NewSegmented(options []string, chosen string, changed func(string)) *Segmented {
	s := &Segmented{options: options, chosen: chosen, OnChanged: changed}
	s.ExtendBaseWidget(s)
	return s
}

// Chosen returns the choice that holds.
func (s *Segmented) Chosen() string { return s.chosen }

// Options returns all choices.
func (s *Segmented) Options() []string { return s.options }

// SetOptions offers other choices.
func (s *Segmented) SetOptions(o []string) {
	if !slices.Equal(o, s.options) {
		s.options = o
		s.Refresh()
	}
}

// Choose makes another choice hold and tells OnChanged.
func (s *Segmented) Choose(o string) {
	if o == s.chosen || !slices.Contains(s.options, o) {
		return
	}
	s.chosen = o
	s.Refresh()
	if s.OnChanged != nil {
		s.OnChanged(o)
	}
}

// Tapped implements fyne.Tappable.
func (s *Segmented) Tapped(e *fyne.PointEvent) {
	if c := canvasOf(s); c != nil {
		c.Focus(s)
	}
	x := float32(0)
	for _, o := range s.options {
		if x += segmentWidth(o); e.Position.X < x {
			s.Choose(o)
			return
		}
	}
}

func segmentWidth(o string) float32 {
	return fyne.MeasureText(o, theme.Size(theme.SizeNameText), fyne.TextStyle{Bold: true}).Width + 24
}

// FocusGained implements fyne.Focusable.
func (s *Segmented) FocusGained() {
	s.focused = true
	s.Refresh()
}

// FocusLost implements fyne.Focusable.
func (s *Segmented) FocusLost() {
	s.focused = false
	s.Refresh()
}

// TypedRune implements fyne.Focusable.
func (s *Segmented) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *Segmented) TypedKey(e *fyne.KeyEvent) {
	at := slices.Index(s.options, s.chosen)
	switch e.Name {
	case fyne.KeyLeft:
		at--
	case fyne.KeyRight:
		at++
	default:
		passKey(canvasOf(s), e)
		return
	}
	if at >= 0 && at < len(s.options) {
		s.Choose(s.options[at])
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Segmented) CreateRenderer() fyne.WidgetRenderer {
	r := &segmentedRenderer{s: s, ground: canvas.NewRectangle(nil), pill: canvas.NewRectangle(nil)}
	r.Refresh()
	return r
}

type segmentedRenderer struct {
	s            *Segmented
	ground, pill *canvas.Rectangle
	texts        []*canvas.Text
}

// Destroy implements fyne.WidgetRenderer.
func (r *segmentedRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *segmentedRenderer) Objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{r.ground, r.pill}
	for _, t := range r.texts {
		out = append(out, t)
	}
	return out
}

// MinSize implements fyne.WidgetRenderer.
func (r *segmentedRenderer) MinSize() fyne.Size {
	w := float32(0)
	for _, o := range r.s.options {
		w += segmentWidth(o)
	}
	return fyne.NewSize(w, buttonHeight)
}

// Layout implements fyne.WidgetRenderer.
func (r *segmentedRenderer) Layout(size fyne.Size) {
	m := r.MinSize()
	r.ground.Resize(fyne.NewSize(m.Width, buttonHeight))
	r.ground.Move(fyne.NewPos(0, (size.Height-buttonHeight)/2))
	x := float32(0)
	for i, o := range r.s.options {
		w := segmentWidth(o)
		t := r.texts[i].MinSize()
		r.texts[i].Move(fyne.NewPos(x+(w-t.Width)/2, (size.Height-t.Height)/2))
		r.texts[i].Resize(t)
		if o == r.s.chosen {
			r.pill.Move(fyne.NewPos(x+2, (size.Height-buttonHeight)/2+2))
			r.pill.Resize(fyne.NewSize(w-4, buttonHeight-4))
		}
		x += w
	}
}

// Refresh implements fyne.WidgetRenderer.
func (r *segmentedRenderer) Refresh() {
	for len(r.texts) < len(r.s.options) {
		r.texts = append(r.texts, canvas.NewText("", nil))
	}
	r.texts = r.texts[:len(r.s.options)]
	r.ground.CornerRadius, r.pill.CornerRadius = 6, 5
	r.ground.FillColor, r.ground.StrokeColor, r.ground.StrokeWidth = Color(ColorTrack), Color(theme.ColorNameSeparator), 1
	if r.s.focused {
		r.ground.StrokeColor, r.ground.StrokeWidth = Color(theme.ColorNamePrimary), 2
	}
	r.pill.FillColor, r.pill.StrokeColor, r.pill.StrokeWidth = Color(theme.ColorNameButton), Color(theme.ColorNameSeparator), 1
	r.pill.Hidden = !slices.Contains(r.s.options, r.s.chosen)
	for i, o := range r.s.options {
		t := r.texts[i]
		t.Text, t.TextSize, t.Color = o, theme.Size(theme.SizeNameText), Color(ColorMuted)
		t.TextStyle.Bold = o == r.s.chosen
		if o == r.s.chosen {
			t.Color = Color(theme.ColorNameForeground)
		}
	}
	r.Layout(r.s.Size())
	canvas.Refresh(r.s)
}
