package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

var (
	_ fyne.Scrollable     = (*sheet)(nil)
	_ fyne.Focusable      = (*sheet)(nil)
	_ fyne.Shortcutable   = (*sheet)(nil)
	_ fyne.Draggable      = (*sheet)(nil)
	_ fyne.DoubleTappable = (*sheet)(nil)
	_ desktop.Mouseable   = (*sheet)(nil)
	_ desktop.Hoverable   = (*sheet)(nil)
	_ desktop.Cursorable  = (*sheet)(nil)
	_ desktop.Keyable     = (*sheet)(nil)
)

func (s *sheet) canvas() fyne.Canvas {
	return fyne.CurrentApp().Driver().CanvasForObject(s.self)
}

func (s *sheet) place() fyne.Position {
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(s.self)
}

// Scrolled implements fyne.Scrollable.
func (s *sheet) Scrolled(e *fyne.ScrollEvent) {
	s.tip.hide()
	if e.Scrolled.DX != 0 {
		s.setXOff(s.xoff - e.Scrolled.DX)
	}
	if e.Scrolled.DY != 0 {
		s.setOff(s.off - float64(e.Scrolled.DY))
	}
}

// MouseDown implements desktop.Mouseable.
func (s *sheet) MouseDown(e *desktop.MouseEvent) {
	s.tip.hide()
	s.focus()
	p := e.Position
	if e.Button == desktop.MouseButtonSecondary {
		s.pressedRight(e)
		return
	}
	if c := s.dividerAt(p); c >= 0 {
		s.drag, s.dragCol = dragColumn, c
		return
	}
	if at, l := s.thumbDown(); l > 0 && p.X > s.Size().Width-barSide-4 && p.Y > headHeight {
		s.drag = dragDown
		s.grab(p.Y, at, l)
		return
	}
	if at, l := s.thumbAcross(); l > 0 && p.Y > s.Size().Height-barSide-4 {
		s.drag = dragAcross
		s.grab(p.X, at, l)
		return
	}
	if p.Y < headHeight {
		if c := s.columnAt(p.X); c >= 0 {
			s.col = c
			s.sortBy(c)
		}
		return
	}
	if row := s.rowAt(p.Y); row >= 0 {
		s.pick(row, s.picks || e.Modifier&fyne.KeyModifierShortcutDefault != 0, e.Modifier&fyne.KeyModifierShift != 0)
	}
}

// grab takes the handle where the mouse is, or brings its middle there.
func (s *sheet) grab(mouse, at, length float32) {
	if s.dragAt = mouse - at; s.dragAt < 0 || s.dragAt > length {
		s.dragAt = length / 2
		s.dragTo(mouse)
	}
}

func (s *sheet) dragTo(mouse float32) {
	if s.drag == dragDown {
		_, l := s.thumbDown()
		s.setOff(float64(mouse-s.dragAt-headHeight) / (s.viewHeight() - float64(l)) * s.maxOff())
		return
	}
	_, l := s.thumbAcross()
	s.setXOff((mouse - s.dragAt) / (s.viewWidth() - l) * (s.contentWidth() - s.viewWidth()))
}

func (s *sheet) pressedRight(e *desktop.MouseEvent) {
	if e.Position.Y < headHeight {
		if c := s.columnAt(e.Position.X); c >= 0 {
			s.col = c
			s.showMenu(s.headMenu(c), e.AbsolutePosition)
		}
		return
	}
	row := s.rowAt(e.Position.Y)
	if row < 0 {
		return
	}
	if !s.sel.has(s.sourceOf(row)) {
		s.pick(row, false, false)
	}
	s.showMenu(s.menuItems(), e.AbsolutePosition)
}

func (s *sheet) showMenu(items []*fyne.MenuItem, at fyne.Position) {
	if c := s.canvas(); c != nil && len(items) > 0 {
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
	}
}

// headMenu is what can be done with a column.
func (s *sheet) headMenu(col int) []*fyne.MenuItem {
	sort := func(desc bool) func() {
		return func() {
			s.sortCol, s.sortDesc = col, desc
			s.onSort()
		}
	}
	items := []*fyne.MenuItem{
		fyne.NewMenuItem("Sort ascending", sort(false)),
		fyne.NewMenuItem("Sort descending", sort(true)),
		fyne.NewMenuItem("Fit width", func() { s.fit(col) }),
		fyne.NewMenuItemSeparator(),
	}
	visible := 0
	for i := range s.heads {
		if !s.heads[i].hidden {
			visible++
		}
	}
	for i := range s.heads {
		h := &s.heads[i]
		item := fyne.NewMenuItem(h.title, func() {
			h.hidden = !h.hidden
			s.relayout()
		})
		item.Checked = !h.hidden
		item.Disabled = visible == 1 && !h.hidden // one column stays
		items = append(items, item)
	}
	return items
}

// fit makes a column as wide as what is in view needs.
func (s *sheet) fit(col int) {
	h := &s.heads[col]
	h.grow = false
	h.width = min(max(minColumn, s.draw.needs(col)), 600)
	s.relayout()
}

// MouseUp implements desktop.Mouseable.
func (s *sheet) MouseUp(*desktop.MouseEvent) { s.drag = dragNone }

// DoubleTapped implements fyne.DoubleTappable.
func (s *sheet) DoubleTapped(e *fyne.PointEvent) {
	if c := s.dividerAt(e.Position); c >= 0 {
		s.fit(c)
	} else if s.rowAt(e.Position.Y) >= 0 {
		s.onOpen()
	}
}

// Dragged implements fyne.Draggable.
func (s *sheet) Dragged(e *fyne.DragEvent) {
	switch s.drag {
	case dragColumn:
		h := &s.heads[s.dragCol]
		h.width = max(minColumn, h.shownW+e.Dragged.DX)
		h.grow = false
		s.relayout()
	case dragDown:
		s.dragTo(e.Position.Y)
	case dragAcross:
		s.dragTo(e.Position.X)
	}
}

// DragEnd implements fyne.Draggable.
func (s *sheet) DragEnd() { s.drag = dragNone }

// MouseIn implements desktop.Hoverable.
func (s *sheet) MouseIn(e *desktop.MouseEvent) { s.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (s *sheet) MouseMoved(e *desktop.MouseEvent) {
	s.overDiv = s.dividerAt(e.Position) >= 0
	row, col := s.rowAt(e.Position.Y), s.columnAt(e.Position.X)
	if row != s.hover {
		s.hover = row
		s.update()
	}
	text := ""
	if row >= 0 && col >= 0 {
		if text = s.tipAt(s.sourceOf(row), col); text == "" {
			text = s.draw.cutText(row, col)
		}
	}
	s.tip.over(s.canvas(), e.AbsolutePosition, text)
}

// MouseOut implements desktop.Hoverable.
func (s *sheet) MouseOut() {
	s.tip.hide()
	s.hover, s.overDiv = -1, false
	s.update()
}

// Cursor implements desktop.Cursorable.
func (s *sheet) Cursor() desktop.Cursor {
	if s.overDiv || s.drag == dragColumn {
		return desktop.HResizeCursor
	}
	return desktop.DefaultCursor
}

func (s *sheet) focus() {
	if c := s.canvas(); c != nil {
		c.Focus(s.self)
	}
}

// FocusGained implements fyne.Focusable.
func (s *sheet) FocusGained() {
	s.focused = true
	s.update()
}

// FocusLost implements fyne.Focusable.
func (s *sheet) FocusLost() {
	s.focused, s.keys = false, 0
	s.update()
}

var modifierKeys = map[fyne.KeyName]fyne.KeyModifier{
	desktop.KeyShiftLeft: fyne.KeyModifierShift, desktop.KeyShiftRight: fyne.KeyModifierShift,
	desktop.KeyControlLeft: fyne.KeyModifierControl, desktop.KeyControlRight: fyne.KeyModifierControl,
}

// KeyDown implements desktop.Keyable.
func (s *sheet) KeyDown(e *fyne.KeyEvent) { s.keys |= modifierKeys[e.Name] }

// KeyUp implements desktop.Keyable.
func (s *sheet) KeyUp(e *fyne.KeyEvent) { s.keys &^= modifierKeys[e.Name] }

// held returns the modifiers held: the driver knows best, where it tells.
func (s *sheet) held() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return s.keys
}

// TypedRune implements fyne.Focusable: letters go to the search bar.
func (s *sheet) TypedRune(r rune) {
	if s.bar == nil || r == ' ' {
		return
	}
	if r == '?' && passRune(s.canvas(), r) {
		return
	}
	if c := s.canvas(); c != nil {
		c.Focus(s.bar.entry)
		s.bar.entry.TypedRune(r)
	}
}

// TypedKey implements fyne.Focusable.
func (s *sheet) TypedKey(e *fyne.KeyEvent) {
	shift := s.held()&fyne.KeyModifierShift != 0
	page := max(1, int(s.viewHeight()/rowHeight)-1)
	to := s.cur
	switch e.Name {
	case fyne.KeyDown:
		to++
	case fyne.KeyUp:
		to--
	case fyne.KeyPageDown:
		to += page
	case fyne.KeyPageUp:
		to -= page
	case fyne.KeyHome:
		to = 0
	case fyne.KeyEnd:
		to = s.shown() - 1
	default:
		s.typedOther(e, shift)
		return
	}
	if s.shown() > 0 {
		s.pick(max(0, min(to, s.shown()-1)), false, shift)
	}
}

func (s *sheet) typedOther(e *fyne.KeyEvent, shift bool) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		s.onOpen()
	case fyne.KeySpace:
		s.pick(s.cur, true, false)
	case fyne.KeyLeft:
		s.moveColumn(-1)
	case fyne.KeyRight:
		s.moveColumn(1)
	case desktop.KeyMenu:
		s.menuAtCurrent()
	case fyne.KeyF10:
		if shift {
			s.menuAtCurrent()
		}
	case fyne.KeyEscape:
		if s.sel.count > 1 && !s.picks {
			s.ClearSelection()
			return
		}
		passKey(s.canvas(), e)
	default:
		passKey(s.canvas(), e)
	}
}

func (s *sheet) menuAtCurrent() {
	if s.cur < 0 {
		return
	}
	s.scrollTo(s.cur)
	y := headHeight + float32(float64(s.cur)*rowHeight-s.off) + rowHeight
	s.showMenu(s.menuItems(), s.place().AddXY(cellInset*2, y))
}

// moveColumn goes to the next column shown and scrolls it into view.
func (s *sheet) moveColumn(by int) {
	c := s.col + by
	for c >= 0 && c < len(s.heads) && s.heads[c].hidden {
		c += by
	}
	if c < 0 || c >= len(s.heads) {
		return
	}
	s.col = c
	left := s.columnLeft(c)
	if left < 0 {
		s.setXOff(s.xoff + left)
	} else if right := left + s.heads[c].shownW; right > s.viewWidth() {
		s.setXOff(s.xoff + right - s.viewWidth())
	}
	s.update()
}

// TypedShortcut implements fyne.Shortcutable.
func (s *sheet) TypedShortcut(sc fyne.Shortcut) {
	switch sc := sc.(type) {
	case *fyne.ShortcutSelectAll:
		s.SelectAll()
		return
	case *fyne.ShortcutCopy:
		if sc.Clipboard != nil {
			sc.Clipboard.SetContent(s.copyText())
		} else if c := fyne.CurrentApp().Clipboard(); c != nil {
			c.SetContent(s.copyText())
		}
		return
	case *desktop.CustomShortcut:
		if s.typedCombination(sc) {
			return
		}
	}
	passShortcut(s.canvas(), sc)
}

func (s *sheet) typedCombination(sc *desktop.CustomShortcut) bool {
	switch {
	case sc.Modifier == fyne.KeyModifierAlt && (sc.KeyName == fyne.KeyUp || sc.KeyName == fyne.KeyDown):
		s.sortCol, s.sortDesc = s.col, sc.KeyName == fyne.KeyDown
		s.onSort()
	case sc.Modifier == fyne.KeyModifierShortcutDefault && sc.KeyName == fyne.KeySpace:
		s.pick(s.cur, true, false)
	case sc.Modifier == fyne.KeyModifierShortcutDefault && sc.KeyName == fyne.KeyHome:
		s.pick(0, false, false)
	case sc.Modifier == fyne.KeyModifierShortcutDefault && sc.KeyName == fyne.KeyEnd:
		s.pick(s.shown()-1, false, false)
	default:
		return false
	}
	return true
}
