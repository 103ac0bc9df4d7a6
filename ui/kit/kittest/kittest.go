// Package kittest lets a test use a screen as a person does: show it, press a
// button by its word, type, and take its picture. It judges nothing.
package kittest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/ui/kit"
)

// queue holds what work beside the UI goroutine wants shown.
var queue = make(chan func(), 1024)

// Start begins an application of the test driver in light or dark. Call it
// before building what is shown, for objects ask the theme while being built.
// All that Load and Work return is shown on the test's own goroutine, by Settle;
// what comes when its test has ended, such as a toast whose time is up, on that
// of the next test.
func Start(t testing.TB, dark bool) fyne.App {
	t.Helper()
	mode := kit.ModeLight
	if dark {
		mode = kit.ModeDark
	}
	a := test.NewTempApp(t)
	a.Settings().SetTheme(kit.NewTheme(mode))
	kit.Deliver(func(f func()) { queue <- f })
	t.Cleanup(func() { Settle(t) })
	return a
}

// Window shows an object in a window of the application that Start began.
func Window(t testing.TB, o fyne.CanvasObject, size fyne.Size) fyne.Window {
	t.Helper()
	w := fyne.CurrentApp().NewWindow("test")
	t.Cleanup(w.Close)
	w.SetPadded(false)
	w.SetContent(kit.NewLayers(o))
	w.Resize(size)
	return w
}

// Settle shows what work beside the UI goroutine returned, until none is left.
func Settle(t testing.TB) {
	t.Helper()
	deadline := time.After(2 * time.Minute) // a million rows, raced, on a busy machine: half a minute
	for {
		select {
		case f := <-queue:
			f()
			continue
		default:
		}
		if kit.InFlight() == 0 {
			return
		}
		select {
		case f := <-queue:
			f()
		case <-deadline:
			t.Fatalf("work beside the UI goroutine did not end: %d left", kit.InFlight())
		}
	}
}

// Until shows what is returned until ok holds; it fails after 20 seconds.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute) // a million rows, raced, on a busy machine: half a minute
	for !ok() {
		select {
		case f := <-queue:
			f()
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Shot builds an object in light or dark and writes its picture as
// $SHOTS/NAME-light.png or -dark.png. Without SHOTS it only draws, so that
// drawing is tested all the same. "make screenshots" sets it for the tests
// called TestScreenshots…, and NAME is then the screen's ID.
func Shot(t testing.TB, name string, build func() fyne.CanvasObject, size fyne.Size, dark bool) {
	t.Helper()
	Start(t, dark)
	ShotOf(t, name, Window(t, build(), size), dark)
}

// ShotOf writes a picture of a window, with the dialogs above it.
func ShotOf(t testing.TB, name string, w fyne.Window, dark bool) {
	t.Helper()
	Settle(t)
	Save(t, name, w, dark)
}

// Save is ShotOf while work is still running.
func Save(t testing.TB, name string, w fyne.Window, dark bool) {
	t.Helper()
	w.Content().Refresh() // wrapped text has learnt its width by now
	img := w.Canvas().Capture()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	suffix := "-light.png"
	if dark {
		suffix = "-dark.png"
	}
	f, err := os.Create(filepath.Join(dir, name+suffix))
	if err != nil {
		t.Fatal(err)
	}
	if err := encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// labelled is anything that can be pressed and has a word.
type labelled interface {
	fyne.Tappable
	Label() string
}

// Press presses what has the word: a button, chip, menu item or sidebar row,
// in the topmost dialog or menu, else in the window. It fails when there is no
// such thing, or when it is switched off.
func Press(t testing.TB, w fyne.Window, word string) {
	t.Helper()
	o := Find(w, func(o fyne.CanvasObject) bool {
		switch b := o.(type) {
		case labelled:
			return b.Label() == word
		case *widget.Button:
			return b.Text == word
		case *kit.Check:
			return b.Text == word
		}
		return menuWord(o) == word
	})
	if o == nil {
		t.Fatalf("there is no %q to press; there is: %s", word, strings.Join(Words(w), ", "))
	}
	if d, ok := o.(fyne.Disableable); ok && d.Disabled() {
		t.Fatalf("%q is switched off", word)
	}
	if c, ok := o.(*kit.Check); ok {
		c.SetChecked(!c.Checked)
	} else {
		o.(fyne.Tappable).Tapped(&fyne.PointEvent{})
	}
	Settle(t)
}

// menuWord returns the text of a row of a pop-up menu, whose type Fyne keeps to itself.
func menuWord(o fyne.CanvasObject) string {
	if fmt.Sprintf("%T", o) != "*widget.menuItem" {
		return ""
	}
	return textIn(o)
}

// Words returns all that can be pressed now, for messages.
func Words(w fyne.Window) []string {
	var out []string
	Find(w, func(o fyne.CanvasObject) bool {
		switch b := o.(type) {
		case labelled:
			out = append(out, b.Label())
		case *widget.Button:
			out = append(out, b.Text)
		case *kit.Check:
			out = append(out, b.Text)
		}
		return false
	})
	return out
}

// Find returns the first visible object that fits, in the topmost dialog or
// menu, else in the window; nil for none.
func Find(w fyne.Window, fits func(fyne.CanvasObject) bool) fyne.CanvasObject {
	root := w.Canvas().Overlays().Top()
	if root == nil {
		root = w.Content()
	}
	return find(root, fits)
}

func find(o fyne.CanvasObject, fits func(fyne.CanvasObject) bool) fyne.CanvasObject {
	if o == nil || !o.Visible() {
		return nil
	}
	if fits(o) {
		return o
	}
	var inner []fyne.CanvasObject
	switch c := o.(type) {
	case *fyne.Container:
		inner = c.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(c).Objects()
	}
	for _, i := range inner {
		if hit := find(i, fits); hit != nil {
			return hit
		}
	}
	return nil
}
