package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// An Entry is a text field that leaves to the window what it does not need
// itself: Esc, Enter without OnSubmitted, and shortcuts such as Ctrl+K, which
// Fyne's own entry swallows.
type Entry struct {
	widget.Entry
	onKey func(*fyne.KeyEvent) bool // asked first; true: done
}

// NewEntry returns a text field of one line. placeholder is an example, never
// a label.
func NewEntry(placeholder string) *Entry {
	e := &Entry{}
	e.PlaceHolder = placeholder
	e.ExtendBaseWidget(e)
	return e
}

// NewSecret returns a text field that shows dots.
func NewSecret(placeholder string) *Entry {
	e := NewEntry(placeholder)
	e.Password = true
	return e
}

// NewMultiLine returns a text field of some lines. Ctrl+Enter confirms.
func NewMultiLine(placeholder string, lines int) *Entry {
	e := NewEntry(placeholder)
	e.MultiLine = true
	e.Wrapping = fyne.TextWrapWord
	e.SetMinRowsVisible(lines)
	return e
}

// Trimmed returns the text without white space round it.
func (e *Entry) Trimmed() string { return strings.TrimSpace(e.Text) }

// With sets the text and returns the entry.
func (e *Entry) With(text string) *Entry {
	e.SetText(text)
	return e
}

// MinSize implements fyne.CanvasObject: as high as a button beside it.
func (e *Entry) MinSize() fyne.Size {
	return e.Entry.MinSize().Max(fyne.NewSize(60, buttonHeight))
}

// AcceptsTab implements fyne.Tabbable. Tab goes on to the next field, out of
// several lines too: else nobody gets out of them without a mouse.
func (*Entry) AcceptsTab() bool { return false }

// OnKey asks f about every key first; true means that it is done with.
func (e *Entry) OnKey(f func(*fyne.KeyEvent) bool) { e.onKey = f }

// TypedKey implements fyne.Focusable.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	if e.onKey != nil && e.onKey(k) {
		return
	}
	switch k.Name {
	case fyne.KeyEscape, fyne.KeyF1, fyne.KeyF5:
		passKey(canvasOf(e), k)
		return
	case fyne.KeyReturn, fyne.KeyEnter:
		if !e.MultiLine && e.OnSubmitted == nil {
			passKey(canvasOf(e), k)
			return
		}
	}
	e.Entry.TypedKey(k)
}

// entryKeys are what an entry does with Ctrl or Alt held.
var entryKeys = map[fyne.KeyName]bool{
	fyne.KeyLeft: true, fyne.KeyRight: true, fyne.KeyUp: true, fyne.KeyDown: true,
	fyne.KeyHome: true, fyne.KeyEnd: true, fyne.KeyBackspace: true, fyne.KeyDelete: true,
}

// TypedShortcut implements fyne.Shortcutable.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	if c, ok := s.(*desktop.CustomShortcut); ok && !entryKeys[c.KeyName] {
		if c.KeyName == fyne.KeyReturn || c.KeyName == fyne.KeyEnter {
			passKey(canvasOf(e), &fyne.KeyEvent{Name: fyne.KeyReturn})
			return
		}
		passShortcut(canvasOf(e), s)
		return
	}
	e.Entry.TypedShortcut(s)
}

// A Check is Fyne's check box that leaves Esc and Enter to the window.
type Check struct{ widget.Check }

// NewCheck returns a check box.
func NewCheck(text string, on bool, changed func(bool)) *Check {
	c := &Check{}
	c.Text, c.Checked, c.OnChanged = text, on, changed
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey implements fyne.Focusable.
func (c *Check) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape, fyne.KeyReturn, fyne.KeyEnter:
		passKey(canvasOf(c), k)
	}
}

// A SearchBar filters a grid as one types. Down goes to the grid, Esc empties it.
type SearchBar struct {
	widget.BaseWidget
	entry *Entry
	// OnChanged is called with every change of the text.
	OnChanged func(string)
}

// NewSearchBar returns a search bar.
func NewSearchBar(placeholder string) *SearchBar {
	b := &SearchBar{entry: NewEntry(placeholder)}
	b.entry.Icon = IconIn("search", ColorMuted)
	b.entry.OnChanged = func(s string) {
		if b.OnChanged != nil {
			b.OnChanged(s)
		}
	}
	b.entry.OnSubmitted = func(string) {}
	b.entry.onKey = func(k *fyne.KeyEvent) bool {
		if k.Name == fyne.KeyEscape && b.entry.Text != "" {
			b.entry.SetText("")
			return true
		}
		return false
	}
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer implements fyne.Widget.
func (b *SearchBar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.entry) }

// Text returns what is looked for.
func (b *SearchBar) Text() string { return b.entry.Text }

// SetText looks for something else.
func (b *SearchBar) SetText(s string) { b.entry.SetText(s) }

// Focus moves the keyboard into the bar.
func (b *SearchBar) Focus() {
	if c := canvasOf(b.entry); c != nil {
		c.Focus(b.entry)
	}
}

// NewSearch returns a search bar that filters the grid; letters typed in the
// grid go to it.
func (g *Grid[T]) NewSearch(placeholder string) *SearchBar {
	b := NewSearchBar(placeholder)
	b.OnChanged = g.Filter
	grid := b.entry.onKey
	b.entry.onKey = func(k *fyne.KeyEvent) bool {
		if k.Name == fyne.KeyDown || k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter {
			g.focus()
			if g.cur < 0 && g.shown() > 0 {
				g.pick(0, false, false)
			}
			return true
		}
		return grid(k)
	}
	g.bar = b
	return b
}
