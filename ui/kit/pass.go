package kit

import "fyne.io/fyne/v2"

// A focused widget gets every key and shortcut, and Fyne hands on none that it
// does not want. These three hand them on to the window.

func passKey(c fyne.Canvas, e *fyne.KeyEvent) bool {
	if c == nil || c.OnTypedKey() == nil {
		return false
	}
	c.OnTypedKey()(e)
	return true
}

func passRune(c fyne.Canvas, r rune) bool {
	if c == nil || c.OnTypedRune() == nil {
		return false
	}
	c.OnTypedRune()(r)
	return true
}

func passShortcut(c fyne.Canvas, s fyne.Shortcut) {
	if c == nil {
		return
	}
	if l, ok := c.Content().(*Layers); ok && l.OnShortcut != nil {
		l.OnShortcut(s)
	} else if to, ok := c.(fyne.Shortcutable); ok {
		to.TypedShortcut(s)
	}
}

func canvasOf(o fyne.CanvasObject) fyne.Canvas {
	return fyne.CurrentApp().Driver().CanvasForObject(o)
}

// PassKey hands on to the window a key that a focused widget of a screen's own
// does not want.
func PassKey(o fyne.CanvasObject, e *fyne.KeyEvent) { passKey(canvasOf(o), e) }

// PassRune does the same with a letter.
func PassRune(o fyne.CanvasObject, r rune) { passRune(canvasOf(o), r) }

// PassShortcut does the same with a shortcut.
func PassShortcut(o fyne.CanvasObject, s fyne.Shortcut) { passShortcut(canvasOf(o), s) }

// Focus gives an object the keyboard.
func Focus(o fyne.Focusable) {
	if x, ok := o.(fyne.CanvasObject); ok {
		if c := canvasOf(x); c != nil {
			c.Focus(o)
		}
	}
}
