package kit

import (
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// FormWidth is the most a form takes.
const FormWidth = 560

// A Field is one line of a form.
type Field struct {
	Label string
	Hint  string // a line below, in small type; may be empty
	Input fyne.CanvasObject
	// Check says what is wrong, in a sentence; nil: nothing can be.
	Check func() error
	Top   bool // label above instead of beside, for wide inputs
	Must  bool // marked: it must be filled in

	problem  *Caption
	hint     *Caption
	followed bool // Check runs again with every change of the input
	row      fyne.CanvasObject
	hidden   bool
}

// SetShown shows the field, or leaves its row out of the form.
func (x *Field) SetShown(shown bool) {
	x.hidden = !shown
	switch {
	case x.row == nil:
	case shown:
		x.row.Show()
	default:
		x.row.Hide()
	}
}

// A Form is a column of labelled inputs. What is wrong stands under the input it is about.
type Form struct {
	widget.BaseWidget
	fields []*Field
}

// NewForm returns a form.
func NewForm(fields ...*Field) *Form {
	f := &Form{fields: fields}
	f.ExtendBaseWidget(f)
	return f
}

// Required returns a check that an entry is filled in; the sentence says what to do.
func Required(e *Entry, sentence string) func() error {
	return func() error {
		if e.Trimmed() == "" {
			return errors.New(sentence)
		}
		return nil
	}
}

// Valid runs every check, shows what is wrong and moves the keyboard to the
// first such field.
func (f *Form) Valid() bool {
	ok := true
	for _, x := range f.fields {
		var err error
		if x.Check != nil {
			err = x.Check()
		}
		x.show(err)
		if err != nil && ok {
			ok = false
			if w, is := x.Input.(fyne.Focusable); is {
				if c := canvasOf(f); c != nil {
					c.Focus(w)
				}
			}
		}
	}
	f.Refresh()
	return ok
}

// Problems returns the sentences shown now.
func (f *Form) Problems() []string {
	var out []string
	for _, x := range f.fields {
		if x.problem != nil && x.problem.Visible() {
			out = append(out, x.problem.Text())
		}
	}
	return out
}

func (x *Field) show(err error) {
	if x.problem == nil {
		return
	}
	if err == nil {
		x.problem.Hide()
		return
	}
	x.problem.SetText(err.Error())
	x.problem.Show()
	x.follow()
}

// follow takes the sentence back as soon as it is no longer true.
func (x *Field) follow() {
	if x.followed {
		return
	}
	x.followed = true
	again := func(before func(string)) func(string) {
		return func(s string) {
			if before != nil {
				before(s)
			}
			if x.problem.Visible() {
				x.show(x.Check())
			}
		}
	}
	switch i := x.Input.(type) {
	case *Entry:
		i.OnChanged = again(i.OnChanged)
	case *Select:
		i.OnChanged = again(i.OnChanged)
	}
}

// label is what stands before or above the input.
func (x *Field) label() string {
	if x.Must {
		return x.Label + " *"
	}
	return x.Label
}

func (f *Form) focusFirst(c fyne.Canvas) bool {
	for _, x := range f.fields {
		if w, ok := x.Input.(fyne.Focusable); ok {
			c.Focus(w)
			return true
		}
	}
	return false
}

// CreateRenderer implements fyne.Widget.
func (f *Form) CreateRenderer() fyne.WidgetRenderer {
	label := float32(0)
	for _, x := range f.fields {
		if !x.Top {
			label = max(label, fyne.MeasureText(x.label(), theme.Size(theme.SizeNameText), fyne.TextStyle{}).Width)
		}
	}
	label = min(label+16, 180)
	box := VBox(8)
	for _, x := range f.fields {
		x.row = x.build(label)
		x.SetShown(!x.hidden)
		box.Add(x.row)
	}
	return widget.NewSimpleRenderer(container.New(&atMost{width: FormWidth}, box))
}

func (x *Field) build(label float32) fyne.CanvasObject {
	x.problem = newLine("", theme.SizeNameCaptionText, ColorCritical, fyne.TextStyle{})
	x.problem.Hide()
	under := VBox(2)
	if x.Hint != "" {
		x.hint = NewCaption(x.Hint)
		under.Add(x.hint)
	}
	under.Add(x.problem)
	input := VBox(3, x.Input, under)
	if x.Top {
		return VBox(4, NewMuted(x.label()), input)
	}
	return container.New(&besideLayout{width: label}, NewMuted(x.label()), input)
}

// besideLayout sets a label of fixed width beside an input, level with its first line.
type besideLayout struct{ width float32 }

// MinSize implements fyne.Layout.
func (l *besideLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[1].MinSize()
	return fyne.NewSize(l.width+m.Width, max(m.Height, buttonHeight))
}

// Layout implements fyne.Layout.
func (l *besideLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	h := o[0].MinSize().Height
	o[0].Move(fyne.NewPos(0, (buttonHeight-h)/2))
	o[0].Resize(fyne.NewSize(l.width, h))
	o[1].Move(fyne.NewPos(l.width, 0))
	o[1].Resize(fyne.NewSize(size.Width-l.width, size.Height))
}

// atMost gives its only object its room, but no more than a width.
type atMost struct{ width float32 }

// AtMost returns an object that is never wider than a width.
func AtMost(width float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&atMost{width}, o)
}

// MinSize implements fyne.Layout.
func (l *atMost) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

// Layout implements fyne.Layout.
func (l *atMost) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(fyne.NewSize(min(size.Width, max(l.width, o[0].MinSize().Width)), size.Height))
}
