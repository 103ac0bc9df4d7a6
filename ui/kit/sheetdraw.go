package kit

import (
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// A sheetRow is the objects of one row on the screen. Row r always uses slot
// r mod len(slots), so that a scroll step fills only the rows that came in.
type sheetRow struct {
	ground, mark *canvas.Rectangle
	cells        []sheetCell
	row          int // -1: must be filled
	y            float32
}

type sheetCell struct {
	text        *canvas.Text
	sign        *canvas.Image // nil where the column has none
	track, done *canvas.Rectangle
	signed      bool // this row shows a sign here
	share       float64
	status      Status
	whole       string // the text before it was cut; "": it was not
	off         bool   // outside the view
}

type sheetHead struct {
	text    *canvas.Text
	divider *canvas.Line
}

type sheetRenderer struct {
	s                 *sheet
	ground, headGrd   *canvas.Rectangle
	heads             []sheetHead
	arrow             *canvas.Image
	headLine, colMark *canvas.Rectangle
	down, across      *canvas.Rectangle
	ring              [4]*canvas.Rectangle // edges, for a whole rectangle would be painted over everything
	clip, headClip    *container.Clip
	body, headBody    *fyne.Container
	note              *fyne.Container // empty state
	rows              []*sheetRow
	objects           []fyne.CanvasObject
	icons             [statusCount]fyne.Resource
	colors            [statusCount]color.Color
	plain, muted      color.Color
	surface, zebra    color.Color
	chosen, hovered   color.Color
	primary, trackCol color.Color
	size              float32
}

func newSheetRenderer(s *sheet) *sheetRenderer {
	r := &sheetRenderer{s: s,
		ground: canvas.NewRectangle(nil), headGrd: canvas.NewRectangle(nil), headLine: canvas.NewRectangle(nil),
		colMark: canvas.NewRectangle(nil), down: canvas.NewRectangle(nil), across: canvas.NewRectangle(nil),
		arrow: canvas.NewImageFromResource(Icon("chevron-up")),
		body:  container.NewWithoutLayout(), headBody: container.NewWithoutLayout(), note: container.NewStack(),
	}
	r.clip, r.headClip = container.NewClip(r.body), container.NewClip(r.headBody)
	r.down.CornerRadius, r.across.CornerRadius = barSide/2, barSide/2
	for range s.heads {
		h := sheetHead{canvas.NewText("", nil), canvas.NewLine(nil)}
		h.text.TextStyle.Bold = true
		r.heads = append(r.heads, h)
		r.headBody.Objects = append(r.headBody.Objects, h.text, h.divider)
	}
	r.headBody.Objects = append(r.headBody.Objects, r.arrow, r.colMark)
	r.objects = []fyne.CanvasObject{r.ground, r.clip, r.headGrd, r.headClip, r.headLine, r.note, r.down, r.across}
	for i := range r.ring {
		r.ring[i] = canvas.NewRectangle(nil)
		r.objects = append(r.objects, r.ring[i])
	}
	r.recolor()
	return r
}

func (r *sheetRenderer) recolor() {
	r.size = theme.Size(theme.SizeNameText)
	r.plain, r.muted, r.primary = Color(theme.ColorNameForeground), Color(ColorMuted), Color(theme.ColorNamePrimary)
	r.surface, r.zebra, r.chosen, r.hovered = Color(ColorSurface), Color(ColorZebra), Color(ColorSelected), Color(ColorHovered)
	r.trackCol = Color(ColorTrack)
	for i := range r.icons {
		r.icons[i], r.colors[i] = Status(i).Icon(), Color(Status(i).Color())
	}
	r.ground.FillColor, r.headGrd.FillColor = r.surface, Color(theme.ColorNameHeaderBackground)
	r.headLine.FillColor = Color(theme.ColorNameSeparator)
	r.colMark.FillColor = r.primary
	for _, edge := range r.ring {
		edge.FillColor = Tint(theme.ColorNamePrimary, 110) // the line below the column's title says it louder
	}
	r.down.FillColor, r.across.FillColor = Tint(theme.ColorNameScrollBar, 190), Tint(theme.ColorNameScrollBar, 190)
	for _, h := range r.heads {
		h.text.Color, h.text.TextSize = r.muted, 12
		h.divider.StrokeColor = Color(theme.ColorNameSeparator)
	}
	r.arrow.Resource = nil
}

// Destroy implements fyne.WidgetRenderer.
func (r *sheetRenderer) Destroy() {}

// MinSize implements fyne.WidgetRenderer.
func (r *sheetRenderer) MinSize() fyne.Size { return r.s.MinSize() }

// Objects implements fyne.WidgetRenderer.
func (r *sheetRenderer) Objects() []fyne.CanvasObject { return r.objects }

// Refresh implements fyne.WidgetRenderer.
func (r *sheetRenderer) Refresh() {
	r.recolor()
	r.relayout()
	canvas.Refresh(r.s.self)
}

// Layout implements fyne.WidgetRenderer.
func (r *sheetRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.headGrd.Resize(fyne.NewSize(size.Width, headHeight))
	r.headClip.Resize(fyne.NewSize(size.Width, headHeight))
	r.headLine.Move(fyne.NewPos(0, headHeight-1))
	r.headLine.Resize(fyne.NewSize(size.Width, 1))
	r.clip.Move(fyne.NewPos(0, headHeight))
	r.note.Move(fyne.NewPos(0, headHeight))
	r.note.Resize(fyne.NewSize(size.Width, max(0, size.Height-headHeight)))
	const w = 1
	for i, place := range [4][4]float32{{0, 0, size.Width, w}, {0, size.Height - w, size.Width, w}, {0, 0, w, size.Height}, {size.Width - w, 0, w, size.Height}} {
		r.ring[i].Move(fyne.NewPos(place[0], place[1]))
		r.ring[i].Resize(fyne.NewSize(place[2], place[3]))
	}
	r.relayout()
}

// relayout places everything anew: another size, theme, width or order.
func (r *sheetRenderer) relayout() {
	s := r.s
	s.fitColumns()
	s.xoff = max(0, min(s.xoff, s.contentWidth()-s.viewWidth()))
	r.clip.Resize(fyne.NewSize(s.viewWidth(), max(0, float32(s.viewHeight()))))
	s.off = clampOff(s.off, s.maxOff())
	need := max(0, int(math.Ceil(s.viewHeight()/rowHeight))+1)
	for len(r.rows) < need {
		r.rows = append(r.rows, r.newRow())
	}
	for _, w := range r.rows {
		w.row = -1
	}
	r.layoutHeads()
	r.showNote()
	r.update()
}

func (r *sheetRenderer) newRow() *sheetRow {
	w := &sheetRow{ground: canvas.NewRectangle(nil), mark: canvas.NewRectangle(nil), row: -1, cells: make([]sheetCell, len(r.s.heads))}
	r.body.Objects = append(r.body.Objects, w.ground, w.mark)
	for i := range w.cells {
		c := &w.cells[i]
		if r.s.heads[i].bar {
			c.track, c.done = canvas.NewRectangle(nil), canvas.NewRectangle(nil)
			c.track.CornerRadius, c.done.CornerRadius = 3, 3
			r.body.Objects = append(r.body.Objects, c.track, c.done)
		}
		if r.s.heads[i].sign {
			c.sign = &canvas.Image{FillMode: canvas.ImageFillContain}
			r.body.Objects = append(r.body.Objects, c.sign)
		}
		c.text = canvas.NewText("", nil)
		r.body.Objects = append(r.body.Objects, c.text)
	}
	return w
}

func (r *sheetRenderer) layoutHeads() {
	s := r.s
	x := -s.xoff
	for i := range s.heads {
		h, d := &s.heads[i], &r.heads[i]
		d.text.Hidden, d.divider.Hidden = h.hidden, h.hidden
		if h.hidden {
			continue
		}
		room := h.shownW - 2*cellInset
		if s.sortCol == i {
			room -= 16
		}
		d.text.Text, _ = cut(strings.ToUpper(h.title), room, 12, d.text.TextStyle)
		m := d.text.MinSize()
		at := x + cellInset
		if h.align == fyne.TextAlignTrailing {
			at = x + h.shownW - cellInset - m.Width
		}
		d.text.Move(fyne.NewPos(at, (headHeight-m.Height)/2))
		d.text.Resize(m)
		if s.sortCol == i {
			r.placeArrow(at, m.Width, h.align)
		}
		x += h.shownW
		d.divider.Position1, d.divider.Position2 = fyne.NewPos(x-0.5, 7), fyne.NewPos(x-0.5, headHeight-7)
	}
	r.arrow.Hidden = s.sortCol < 0 || s.heads[s.sortCol].hidden
}

// placeArrow shows which way a column is sorted: after its title, before it
// where the title stands at the right edge.
func (r *sheetRenderer) placeArrow(at, width float32, align fyne.TextAlign) {
	name := "chevron-up"
	if r.s.sortDesc {
		name = "chevron-down"
	}
	if res := IconIn(name, theme.ColorNamePrimary); r.arrow.Resource == nil || r.arrow.Resource.Name() != res.Name() {
		r.arrow.Resource = res
		r.arrow.Refresh()
	}
	x := at + width + 2
	if align == fyne.TextAlignTrailing {
		x = at - 16
	}
	r.arrow.Resize(fyne.NewSquareSize(14))
	r.arrow.Move(fyne.NewPos(x, (headHeight-14)/2))
}

// showNote shows why there are no rows.
func (r *sheetRenderer) showNote() {
	s := r.s
	var note fyne.CanvasObject
	switch {
	case s.shown() > 0:
	case s.busy:
		note = NewCaption("Looking…")
	case s.n > 0 && s.filtering:
		note = NewEmptyState("search", "Nothing matches", "Every row is hidden by what you are looking for.",
			NewButton("Show all", "", func() { s.onClearFilter() }))
	case s.loaded:
		note = s.empty
	}
	r.note.Objects = nil
	if note != nil {
		r.note.Objects = []fyne.CanvasObject{container.NewCenter(note)}
	}
	r.note.Hidden = note == nil
	r.note.Refresh()
}

// update is the hot path: one scroll step, one hover, one selection.
func (r *sheetRenderer) update() {
	s := r.s
	first := int(s.off / rowHeight)
	top := float32(float64(first)*rowHeight - s.off) // small, so exact
	width := s.viewWidth()
	shown := s.shown()
	for k := range r.rows {
		row := first + k
		w := r.rows[row%len(r.rows)]
		if row >= shown {
			w.hide()
			continue
		}
		y := top + float32(k)*rowHeight
		fresh := w.row != row
		if fresh {
			w.row = row
			r.fill(w, row)
		}
		if fresh || w.y != y {
			w.y = y
			r.place(w, y, width)
		}
		r.paint(w, row)
	}
	r.placeBars()
	for _, edge := range r.ring {
		edge.Hidden = !s.focused
	}
	r.colMark.Hidden = !s.focused || s.heads[s.col].hidden
	if !r.colMark.Hidden {
		r.colMark.Move(fyne.NewPos(s.columnLeft(s.col)+cellInset, headHeight-3))
		r.colMark.Resize(fyne.NewSize(s.heads[s.col].shownW-2*cellInset, 2))
	}
	canvas.Refresh(r.ground) // one mark for the whole step
}

// paint sets a row's ground. One that equals the surface is hidden, for it is
// the painting over that costs where no GPU is.
func (r *sheetRenderer) paint(w *sheetRow, row int) {
	f := r.surface
	switch {
	case r.s.sel.has(r.s.sourceOf(row)):
		f = r.chosen
	case row == r.s.hover:
		f = r.hovered
	case row%2 == 1:
		f = r.zebra
	}
	w.ground.FillColor, w.ground.Hidden = f, f == r.surface
	w.mark.FillColor, w.mark.Hidden = r.primary, row != r.s.cur
}

func (r *sheetRenderer) placeBars() {
	s := r.s
	at, l := s.thumbDown()
	r.down.Hidden = l == 0
	r.down.Resize(fyne.NewSize(barSide-2, l))
	r.down.Move(fyne.NewPos(s.Size().Width-barSide, at))
	at, l = s.thumbAcross()
	r.across.Hidden = l == 0
	r.across.Resize(fyne.NewSize(l, barSide-2))
	r.across.Move(fyne.NewPos(at, s.Size().Height-barSide))
}

func (w *sheetRow) hide() {
	w.row = -1
	w.ground.Hidden, w.mark.Hidden = true, true
	for i := range w.cells {
		w.cells[i].hide()
	}
}

func (c *sheetCell) hide() {
	c.text.Hidden, c.off = true, true
	if c.sign != nil {
		c.sign.Hidden = true
	}
	if c.track != nil {
		c.track.Hidden, c.done.Hidden = true, true
	}
}

// fill writes a row's texts; columns outside the view are left out.
func (r *sheetRenderer) fill(w *sheetRow, row int) {
	s := r.s
	source, width := s.sourceOf(row), s.viewWidth()
	x := -s.xoff
	for i := range w.cells {
		h, c := &s.heads[i], &w.cells[i]
		if h.hidden || x+h.shownW < 0 || x > width {
			c.hide()
		} else {
			r.fillCell(c, h, s.cellAt(source, i))
		}
		if !h.hidden {
			x += h.shownW
		}
	}
}

func (r *sheetRenderer) fillCell(c *sheetCell, h *head, d cell) {
	t := c.text
	c.off, t.Hidden = false, false
	t.TextSize, t.TextStyle.Monospace, t.Color = r.size, h.mono, r.plain
	if h.mono {
		t.TextSize = r.size - 1
	}
	room := h.shownW - 2*cellInset
	c.signed, c.status, c.share = d.status != StatusNone, d.status, d.share
	switch {
	case d.tint != "":
		t.Color = Color(d.tint)
	case c.signed:
		t.Color = r.colors[d.status]
	case h.muted:
		t.Color = r.muted
	}
	if c.sign != nil {
		c.sign.Hidden = !c.signed
		if c.signed {
			room -= signSide + signGap
			if res := r.icons[d.status]; c.sign.Resource != res {
				c.sign.Resource = res
				c.sign.Refresh()
			}
		}
	}
	if c.track != nil {
		c.track.Hidden, c.done.Hidden = d.share < 0, d.share <= 0
		c.track.FillColor, c.done.FillColor = r.trackCol, r.primary
		if c.signed {
			c.done.FillColor = r.colors[d.status]
		}
		if d.share >= 0 {
			room = 40 // beside the bar
		}
	}
	shorten := cut
	if h.name {
		shorten = cutName
	} else if h.titled {
		shorten = cutTitle
	}
	text, whole := shorten(d.text, room, t.TextSize, t.TextStyle)
	t.Text, c.whole = text, ""
	if !whole {
		c.whole = d.text
	}
}

func (r *sheetRenderer) place(w *sheetRow, y, width float32) {
	s := r.s
	w.ground.Move(fyne.NewPos(0, y))
	w.ground.Resize(fyne.NewSize(width, rowHeight))
	w.mark.Move(fyne.NewPos(0, y))
	w.mark.Resize(fyne.NewSize(3, rowHeight))
	x := -s.xoff
	for i := range w.cells {
		h, c := &s.heads[i], &w.cells[i]
		if h.hidden {
			continue
		}
		if !c.off {
			c.place(h, x, y)
		}
		x += h.shownW
	}
}

func (c *sheetCell) place(h *head, x, y float32) {
	left := x + cellInset
	if c.signed && c.sign != nil {
		c.sign.Move(fyne.NewPos(left, y+(rowHeight-signSide)/2+0.5))
		c.sign.Resize(fyne.NewSquareSize(signSide))
		left += signSide + signGap
	}
	m := c.text.MinSize()
	if h.align == fyne.TextAlignTrailing {
		left = x + h.shownW - cellInset - m.Width
	}
	if c.track != nil && c.share >= 0 {
		long := max(10, x+h.shownW-cellInset-44-left)
		c.track.Move(fyne.NewPos(left, y+rowHeight/2-3))
		c.track.Resize(fyne.NewSize(long, 6))
		c.done.Move(fyne.NewPos(left, y+rowHeight/2-3))
		c.done.Resize(fyne.NewSize(max(3, long*float32(min(1, c.share))), 6))
		left = x + h.shownW - cellInset - m.Width
	}
	c.text.Move(fyne.NewPos(left, y+(rowHeight-m.Height)/2))
	c.text.Resize(m)
}

// needs returns how wide a column must be to show all that is in view.
func (r *sheetRenderer) needs(col int) float32 {
	h := &r.s.heads[col]
	w := fyne.MeasureText(strings.ToUpper(h.title), 12, fyne.TextStyle{Bold: true}).Width + 16
	for _, row := range r.rows {
		if row.row < 0 {
			continue
		}
		c := &row.cells[col]
		text := c.text.Text
		if c.whole != "" {
			text = c.whole
		}
		m := fyne.MeasureText(text, c.text.TextSize, c.text.TextStyle).Width
		if c.signed {
			m += signSide + signGap
		}
		w = max(w, m)
	}
	return w + 2*cellInset + 1
}

// cutText returns the whole text of a cell whose text is cut, else "".
func (r *sheetRenderer) cutText(row, col int) string {
	if len(r.rows) == 0 {
		return ""
	}
	w := r.rows[row%len(r.rows)]
	if w.row != row {
		return ""
	}
	return w.cells[col].whole
}
