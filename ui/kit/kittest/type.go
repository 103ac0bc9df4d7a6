package kittest

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"secondtuesday/ui/kit"
)

// textIn returns the texts drawn in an object, joined by a space.
func textIn(o fyne.CanvasObject) string {
	var out []string
	find(o, func(o fyne.CanvasObject) bool {
		if t, ok := o.(*canvas.Text); ok && t.Text != "" {
			out = append(out, t.Text)
		}
		return false
	})
	return strings.Join(out, " ")
}

// Text returns every word seen in the topmost dialog, else in the window.
func Text(w fyne.Window) string {
	root := w.Canvas().Overlays().Top()
	if root == nil {
		root = w.Content()
	}
	return textIn(root)
}

// See fails unless the words are to be read in the topmost dialog or the window.
func See(t testing.TB, w fyne.Window, words string) {
	t.Helper()
	if text := Text(w); !strings.Contains(text, words) {
		t.Fatalf("%q is not to be seen; there is: %s", words, text)
	}
}

// Field returns the entry whose example text (placeholder) is the given one.
func Field(t testing.TB, w fyne.Window, placeholder string) *kit.Entry {
	t.Helper()
	o := Find(w, func(o fyne.CanvasObject) bool {
		e, ok := o.(*kit.Entry)
		return ok && e.PlaceHolder == placeholder
	})
	if o == nil {
		t.Fatalf("there is no field with the example %q", placeholder)
	}
	return o.(*kit.Entry)
}

// Type replaces the text of the field with the placeholder, letter by letter.
func Type(t testing.TB, w fyne.Window, placeholder, text string) {
	t.Helper()
	e := Field(t, w, placeholder)
	e.SetText("")
	w.Canvas().Focus(e)
	for _, r := range text {
		e.TypedRune(r)
	}
	Settle(t)
}

// Choose chooses a word in the first Select or Segmented that offers it.
func Choose(t testing.TB, w fyne.Window, word string) {
	t.Helper()
	done := false
	Find(w, func(o fyne.CanvasObject) bool {
		type chooser interface {
			Options() []string
			Choose(string)
		}
		if c, ok := o.(chooser); ok {
			for _, x := range c.Options() {
				if x == word {
					c.Choose(word)
					done = true
				}
			}
		}
		return done
	})
	if !done {
		t.Fatalf("nothing offers %q", word)
	}
	Settle(t)
}

// Key sends a key to what has the focus, else to the window.
func Key(t testing.TB, w fyne.Window, name fyne.KeyName) {
	t.Helper()
	KeyNow(t, w, name)
	Settle(t)
}

// KeyNow is Key while work is still running.
func KeyNow(t testing.TB, w fyne.Window, name fyne.KeyName) {
	t.Helper()
	if f := w.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
	} else if k := w.Canvas().OnTypedKey(); k != nil {
		k(&fyne.KeyEvent{Name: name})
	}
}

// WithShift sends a key while Shift is held.
func WithShift(t testing.TB, w fyne.Window, name fyne.KeyName) {
	t.Helper()
	k, ok := w.Canvas().Focused().(desktop.Keyable)
	if ok {
		k.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	}
	Key(t, w, name)
	if ok {
		k.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	}
}

// Shortcut sends a key with modifiers, as the desktop driver does: to what has
// the focus, else to the window.
func Shortcut(t testing.TB, w fyne.Window, mod fyne.KeyModifier, name fyne.KeyName) {
	t.Helper()
	ShortcutNow(t, w, mod, name)
	Settle(t)
}

// ShortcutNow is Shortcut while work is still running.
func ShortcutNow(t testing.TB, w fyne.Window, mod fyne.KeyModifier, name fyne.KeyName) {
	t.Helper()
	var s fyne.Shortcut = &desktop.CustomShortcut{KeyName: name, Modifier: mod}
	if mod == fyne.KeyModifierControl && name == fyne.KeyA {
		s = &fyne.ShortcutSelectAll{}
	}
	if f, ok := w.Canvas().Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(s)
	} else if l, ok := w.Content().(*kit.Layers); ok && l.OnShortcut != nil {
		l.OnShortcut(s)
	} else {
		t.Fatal("the window takes no shortcuts")
	}
}
