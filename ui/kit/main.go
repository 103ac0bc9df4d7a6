package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// A Main is what the keyboard goes to when its page comes up: a table, as a
// rule, so that the arrows move in it at once.
type Main interface {
	fyne.Focusable
	// TakesKeyboard reports whether it wants the keyboard of its page now.
	TakesKeyboard() bool
}

// TakesKeyboard implements Main.
func (s *sheet) TakesKeyboard() bool { return true }

// FocusMain gives the keyboard to the first visible Main of a page, and reports
// whether there is one. It looks into containers and pages, not into widgets.
func FocusMain(c fyne.Canvas, page fyne.CanvasObject) bool {
	m := mainOf(page)
	if m != nil {
		c.Focus(m)
	}
	return m != nil && c.Focused() == m
}

func mainOf(o fyne.CanvasObject) Main {
	if o == nil || !o.Visible() {
		return nil
	}
	var inner []fyne.CanvasObject
	switch x := o.(type) {
	case Main:
		if x.TakesKeyboard() {
			return x
		}
	case *Page:
		inner = []fyne.CanvasObject{x.object}
	case *container.Scroll:
		inner = []fyne.CanvasObject{x.Content}
	case *container.Split:
		inner = []fyne.CanvasObject{x.Leading, x.Trailing}
	case *fyne.Container:
		inner = x.Objects
	}
	for _, i := range inner {
		if m := mainOf(i); m != nil {
			return m
		}
	}
	return nil
}
