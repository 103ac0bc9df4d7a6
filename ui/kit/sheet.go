package kit

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Sizes of the grid.
const (
	rowHeight  = 26
	headHeight = 28
	cellInset  = 10
	signSide   = 14
	signGap    = 6
	barSide    = 8 // scroll bar
	minColumn  = 44
)

// A head is what the sheet knows of a column.
type head struct {
	id, title    string
	width        float32 // as asked for; shownW may be more
	shownW       float32
	grow, hidden bool
	align        fyne.TextAlign
	mono, muted  bool
	name         bool // cut so that names can be told apart
	titled       bool // an update with its title: cut so that those of a month can be told apart
	sign, bar    bool
}

// A cell is what is drawn in one place.
type cell struct {
	text   string
	status Status
	share  float64 // below 0: no bar
	tint   fyne.ThemeColorName
}

// A sheet is the part of a Grid that does not know the type of its rows: place,
// selection, input and drawing. A "source" number counts rows as given, a
// "row" number as shown.
type sheet struct {
	widget.BaseWidget

	// OnClearFilter is called when a person asks to see all rows again.
	OnClearFilter func()

	picks   bool       // rows are picked one by one: see Grid.Picking
	self    gridWidget // the Grid round the sheet, which the canvas knows
	heads   []head
	n       int     // rows given
	order   []int32 // row → source; nil: the same
	sel     bitset  // by source
	cur     int     // row the keyboard stands on, -1 none
	anchor  int     // where a range began
	col     int     // column the keyboard stands on
	hover   int
	sortCol int // -1 none
	sortDesc,
	focused, busy, loaded, filtering bool
	keepCurrent int // source that becomes current with the next order

	off  float64 // content pixels above the view
	xoff float32

	drag    dragKind
	dragCol int
	dragAt  float32
	overDiv bool
	keys    fyne.KeyModifier

	empty   fyne.CanvasObject
	summary *Caption
	bar     *SearchBar
	tip     tipper
	draw    *sheetRenderer

	cellAt        func(source, col int) cell
	tipAt         func(source, col int) string
	onOpen        func()
	onSelect      func()
	onSort        func()
	onClearFilter func()
	menuItems     func() []*fyne.MenuItem
	copyText      func() string
}

type gridWidget interface {
	fyne.Widget
	fyne.Focusable
}

type dragKind uint8

const (
	dragNone dragKind = iota
	dragColumn
	dragDown
	dragAcross
)

func (s *sheet) init(heads []head) {
	s.heads = heads
	s.cur, s.anchor, s.hover, s.sortCol, s.keepCurrent = -1, -1, -1, -1, -1
}

// SetEmpty sets what is shown in place of rows when there are none.
func (s *sheet) SetEmpty(o fyne.CanvasObject) {
	s.empty = o
	s.relayout()
}

// MinSize implements fyne.CanvasObject.
func (s *sheet) MinSize() fyne.Size { return fyne.NewSize(160, headHeight+3*rowHeight) }

// CreateRenderer implements fyne.Widget.
func (s *sheet) CreateRenderer() fyne.WidgetRenderer {
	s.draw = newSheetRenderer(s)
	return s.draw
}

func (s *sheet) shown() int {
	if s.order != nil {
		return len(s.order)
	}
	return s.n
}

func (s *sheet) sourceOf(row int) int {
	if s.order != nil {
		return int(s.order[row])
	}
	return row
}

func (s *sheet) columnOf(id string) int {
	for i := range s.heads {
		if s.heads[i].id == id {
			return i
		}
	}
	return -1
}

// setLen starts anew with n rows.
func (s *sheet) setLen(n int) {
	s.n, s.order = n, nil
	s.sel = newBitset(n)
	s.cur, s.anchor, s.hover = -1, -1, -1
	s.tip.hide() // it spoke of a row that may be another now
}

// setOrder shows another order and keeps the current source current.
func (s *sheet) setOrder(order []int32, current int) {
	s.order = order
	s.tip.hide()
	if order != nil && s.sel.count > 0 && !s.picks {
		seen := newBitset(s.n)
		for _, i := range order {
			seen.set(int(i), true)
		}
		s.sel.keep(seen)
	}
	s.cur, s.anchor, s.hover = -1, -1, -1
	for row := range s.shown() {
		if current < 0 {
			break
		}
		if s.sourceOf(row) == current {
			s.cur, s.anchor = row, row
			break
		}
	}
	s.off = clampOff(s.off, s.maxOff())
	s.relayout()
	if s.cur >= 0 && s.draw != nil && s.viewHeight() > 0 {
		s.scrollTo(s.cur)
	}
}

func (s *sheet) setBusy(on bool) {
	s.busy = on
	s.relayout()
}

// changed tells that the selection or the current row is another one.
func (s *sheet) changed() {
	s.update()
	if s.onSelect != nil {
		s.onSelect()
	}
}

// Geometry.

// barRooms returns the room kept free for the scroll bars, so that they lie on
// no row and no column: right for the one that goes down, below for the one that
// goes across; 0 where all is in view.
func (s *sheet) barRooms() (right, below float32) {
	const room = barSide + 4
	var wide float32
	for i := range s.heads {
		if h := &s.heads[i]; !h.hidden && s.shown() > 0 { // without rows there is nothing to scroll to
			wide += h.least()
		}
	}
	size, high := s.Size(), headHeight+float64(s.shown())*rowHeight
	for range 2 { // the room for the one may be what makes the other needed
		if high > float64(size.Height-below) {
			right = room
		}
		if wide > size.Width-right {
			below = room
		}
	}
	return right, below
}

func (s *sheet) viewHeight() float64 {
	_, below := s.barRooms()
	return float64(s.Size().Height - headHeight - below)
}

func (s *sheet) viewWidth() float32 {
	right, _ := s.barRooms()
	return s.Size().Width - right
}

func (s *sheet) maxOff() float64 {
	return math.Max(0, float64(s.shown())*rowHeight-s.viewHeight())
}

func clampOff(v, top float64) float64 { return math.Round(math.Max(0, math.Min(v, top))) }

func (s *sheet) contentWidth() float32 {
	w := float32(0)
	for i := range s.heads {
		if !s.heads[i].hidden {
			w += s.heads[i].shownW
		}
	}
	return w
}

// least returns how narrow a column may get before the sheet scrolls across.
func (h *head) least() float32 {
	if !h.grow {
		return h.width
	}
	return max(minColumn, 0.75*h.width)
}

// fitColumns shares the width: what is left over goes to the columns that may
// grow, and what is lacking comes off them. Where columns run on to the right,
// the view begins with whole ones: a title that starts under the edge is not read.
func (s *sheet) fitColumns() {
	const most = 160 // a wider gap before the edge is not filled up
	spare, give, runsOn := s.viewWidth(), float32(0), false
	var growing []*head
	for i := range s.heads {
		h := &s.heads[i]
		h.shownW = h.width
		switch slack := h.width - h.least(); {
		case h.hidden || runsOn:
		case spare+give+slack < h.width:
			runsOn = true
		default:
			spare, give = spare-h.width, give+slack
			if h.grow {
				growing = append(growing, h)
			}
		}
	}
	if runsOn && spare > most {
		return
	}
	for _, h := range growing {
		share := spare / float32(len(growing))
		if spare < 0 {
			share = spare * (h.width - h.least()) / give
		}
		h.shownW += float32(math.Floor(float64(share)))
	}
}

// setOff scrolls to a place; it is what one scroll step costs.
func (s *sheet) setOff(v float64) {
	if v = clampOff(v, s.maxOff()); v != s.off {
		s.off = v
		s.update()
	}
}

func (s *sheet) setXOff(v float32) {
	v = max(0, min(v, s.contentWidth()-s.viewWidth()))
	if v != s.xoff {
		s.xoff = v
		s.relayout()
	}
}

// scrollTo brings a row into view.
func (s *sheet) scrollTo(row int) {
	y := float64(row) * rowHeight
	switch {
	case y < s.off:
		s.setOff(y)
	case y+rowHeight > s.off+s.viewHeight():
		s.setOff(y + rowHeight - s.viewHeight())
	}
}

// rowAt returns the row at a height, -1 for none.
func (s *sheet) rowAt(y float32) int {
	if y < headHeight || float64(y-headHeight) >= s.viewHeight() {
		return -1
	}
	if r := int((s.off + float64(y-headHeight)) / rowHeight); r < s.shown() {
		return r
	}
	return -1
}

// columnAt returns the column at x, -1 for none.
func (s *sheet) columnAt(x float32) int {
	left := -s.xoff
	for i := range s.heads {
		if s.heads[i].hidden {
			continue
		}
		if left += s.heads[i].shownW; x < left {
			return i
		}
	}
	return -1
}

// dividerAt returns the column whose right edge is near p, -1 for none.
func (s *sheet) dividerAt(p fyne.Position) int {
	if p.Y > headHeight || p.Y < 0 {
		return -1
	}
	x := -s.xoff
	for i := range s.heads {
		if s.heads[i].hidden {
			continue
		}
		if x += s.heads[i].shownW; p.X > x-5 && p.X < x+5 {
			return i
		}
	}
	return -1
}

// columnLeft returns where a column begins, in the view.
func (s *sheet) columnLeft(col int) float32 {
	x := -s.xoff
	for i := range col {
		if !s.heads[i].hidden {
			x += s.heads[i].shownW
		}
	}
	return x
}

// thumb returns where the scroll bar's handle begins and how long it is; 0 for none.
func thumb(offset, view, total, room float64) (at, length float32) {
	if total <= view || view <= 0 {
		return 0, 0
	}
	l := math.Max(32, room*view/total)
	return float32(offset / (total - view) * (room - l)), float32(l)
}

func (s *sheet) thumbDown() (at, length float32) {
	v := s.viewHeight()
	at, length = thumb(s.off, v, s.maxOff()+v, v)
	return at + headHeight, length
}

func (s *sheet) thumbAcross() (at, length float32) {
	if _, below := s.barRooms(); below == 0 {
		return 0, 0
	}
	w := float64(s.viewWidth())
	return thumb(float64(s.xoff), w, float64(s.contentWidth()), w)
}

// Selection.

// pick makes row current and selects it: alone, as one more (toggle), or from
// the anchor to it (extend).
func (s *sheet) pick(row int, toggle, extend bool) {
	if row < 0 || row >= s.shown() {
		return
	}
	switch {
	case extend && s.anchor >= 0:
		if !toggle && !s.picks {
			s.sel.clear()
		}
		for i := min(s.anchor, row); i <= max(s.anchor, row); i++ {
			s.sel.set(s.sourceOf(i), true)
		}
	case toggle:
		src := s.sourceOf(row)
		s.sel.set(src, !s.sel.has(src))
		s.anchor = row
	case s.picks:
		s.anchor = row
	default:
		s.sel.clear()
		s.sel.set(s.sourceOf(row), true)
		s.anchor = row
	}
	s.cur = row
	s.scrollTo(row)
	s.changed()
}

// SelectAll selects every row shown.
func (s *sheet) SelectAll() {
	if s.order == nil {
		s.sel.fill(s.n)
	} else {
		for _, i := range s.order {
			s.sel.set(int(i), true)
		}
	}
	s.changed()
}

// ClearSelection selects nothing; the current row stays.
func (s *sheet) ClearSelection() {
	s.sel.clear()
	s.changed()
}

// GoTo makes the i-th row shown the current and only selected one.
func (s *sheet) GoTo(i int) { s.pick(i, false, false) }

// sortBy sorts by a column, or turns the order round if it already does.
func (s *sheet) sortBy(col int) {
	if s.sortCol == col {
		s.sortDesc = !s.sortDesc
	} else {
		s.sortCol, s.sortDesc = col, false
	}
	s.onSort()
}

// ShowColumn shows a column or hides it.
func (s *sheet) ShowColumn(id string, on bool) {
	if c := s.columnOf(id); c >= 0 && s.heads[c].hidden == on {
		s.heads[c].hidden = !on
		s.relayout()
	}
}

// A GridState is what a person changed about a grid, to be kept with the settings.
type GridState struct {
	Sort   string             `json:"sort,omitempty"` // column ID
	Desc   bool               `json:"desc,omitempty"`
	Widths map[string]float32 `json:"widths,omitempty"`
	Hidden []string           `json:"hidden,omitempty"`
}

// State returns how the grid is set up now.
func (s *sheet) State() GridState {
	st := GridState{Desc: s.sortDesc, Widths: map[string]float32{}}
	if s.sortCol >= 0 {
		st.Sort = s.heads[s.sortCol].id
	}
	for _, h := range s.heads {
		st.Widths[h.id] = h.width
		if h.hidden {
			st.Hidden = append(st.Hidden, h.id)
		}
	}
	return st
}

// SetState sets the grid up as it was; columns it does not know stay as they are.
func (s *sheet) SetState(st GridState) {
	for i := range s.heads {
		h := &s.heads[i]
		if w, ok := st.Widths[h.id]; ok {
			h.width = max(minColumn, w)
			h.hidden = false
		}
		for _, id := range st.Hidden {
			h.hidden = h.hidden || id == h.id
		}
	}
	s.sortCol, s.sortDesc = s.columnOf(st.Sort), st.Desc
	s.onSort()
}

func (s *sheet) update() {
	if s.draw != nil {
		s.draw.update()
	}
}

func (s *sheet) relayout() {
	if s.draw != nil {
		s.draw.relayout()
	}
}
