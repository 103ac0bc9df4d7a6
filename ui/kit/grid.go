package kit

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
)

// A Column shows one thing about each row. It is one literal:
//
//	kit.Column[*Row]{ID: "host", Title: "Host", Width: 220, Text: func(r *Row) string { return r.Name }}
type Column[T any] struct {
	ID      string // for settings and for "id:word" in a filter
	Title   string
	Width   float32 // 0 means 120
	Grow    bool    // takes its share of the room left over
	Align   fyne.TextAlign
	Mono    bool
	Muted   bool
	Name    bool                        // of a host: cut so that those of a kind can be told apart
	Titled  bool                        // an update with its title: cut likewise
	Hidden  bool                        // until a person shows it, by the header's menu
	Text    func(T) string              // nil: the word of Status
	Status  func(T) Status              // nil or StatusNone: no sign
	Share   func(T) float64             // a bar, 0 to 1; below 0 none
	Compare func(a, b T) int            // nil: by Text, where "web2" comes before "web10"
	Tip     func(T) string              // nil: the whole text where it is cut
	Tint    func(T) fyne.ThemeColorName // colour of the text; nil or "": as usual
}

func (c *Column[T]) text(row T) string {
	if c.Text != nil {
		return c.Text(row)
	}
	if c.Status != nil {
		return c.Status(row).Word()
	}
	return ""
}

// A Source is a sequence of rows that need not exist as a slice. It must not
// change while a grid shows it, and At may be called from several goroutines.
type Source[T any] interface {
	Len() int
	At(i int) T
}

type sliceSource[T any] []T

func (s sliceSource[T]) Len() int   { return len(s) }
func (s sliceSource[T]) At(i int) T { return s[i] }

// A Grid is a table of rows of type T. Only the rows on the screen exist as
// objects and positions are float64, so a million rows scroll exactly. Sorting
// and filtering work on an index; rows are never copied or moved. Where T is a
// large struct, use a pointer to it.
//
// Keyboard: arrows, Home, End, Page Up and Down move (with Shift they select),
// Space and Ctrl+Space select, Ctrl+A selects all, Ctrl+C copies, Enter opens,
// Menu or Shift+F10 shows the menu, Left and Right choose a column, Alt+Up and
// Alt+Down sort by it, letters go to the search bar.
type Grid[T any] struct {
	sheet

	// OnOpen is called for Enter and double-click.
	OnOpen func(row T)
	// OnSelect is called when the current row or the selection changed.
	OnSelect func()
	// OnView is called when sorting, filtering or new rows changed what is shown.
	OnView func()
	// Menu returns what may be done with the selected rows; nil: no menu.
	Menu func(selected []T) []*fyne.MenuItem
	// Key identifies a row, so that the selection survives SetRows; nil: it does not.
	Key func(T) any
	// Noun and Nouns name the rows in the summary: "host", "hosts".
	Noun, Nouns string

	columns []Column[T]
	rows    Source[T]
	query   string
	allow   func(T) bool
	index   indexer[T]
	asked   uint64 // number of the newest question to the index
	loads   uint64 // how often rows were set
}

// NewGrid returns an empty grid.
func NewGrid[T any](columns ...Column[T]) *Grid[T] {
	g := &Grid[T]{columns: columns, rows: sliceSource[T](nil), Noun: "row", Nouns: "rows"}
	g.index.columns = columns
	heads := make([]head, len(columns))
	for i := range columns {
		c := &columns[i]
		w := c.Width
		if w == 0 {
			w = 120
		}
		heads[i] = head{id: c.ID, title: c.Title, width: w, grow: c.Grow, align: c.Align, mono: c.Mono,
			muted: c.Muted, name: c.Name, titled: c.Titled, hidden: c.Hidden, sign: c.Status != nil, bar: c.Share != nil}
	}
	g.sheet.init(heads)
	g.sheet.self = g
	g.sheet.cellAt = g.cellAt
	g.sheet.tipAt = g.tipAt
	g.sheet.onOpen = func() {
		if row, ok := g.Current(); ok && g.OnOpen != nil {
			g.OnOpen(row)
		}
	}
	g.sheet.onSelect = func() {
		g.showSummary()
		if g.OnSelect != nil {
			g.OnSelect()
		}
	}
	g.sheet.onSort = g.reindex
	g.sheet.onClearFilter = func() { g.clearFilter() }
	g.sheet.menuItems = func() []*fyne.MenuItem {
		if g.Menu == nil {
			return nil
		}
		return g.Menu(g.Selected())
	}
	g.sheet.copyText = g.copyText
	g.ExtendBaseWidget(g)
	return g
}

func (g *Grid[T]) cellAt(source, col int) cell {
	row := g.rows.At(source)
	c := &g.columns[col]
	out := cell{text: c.text(row), share: -1}
	if c.Status != nil {
		out.status = c.Status(row)
	}
	if g.picks && col == 0 {
		out.status = StatusNotChosen
		if g.sel.has(source) {
			out.status = StatusChosen
		}
	}
	if c.Share != nil {
		out.share = c.Share(row)
	}
	if c.Tint != nil {
		out.tint = c.Tint(row)
	}
	return out
}

func (g *Grid[T]) tipAt(source, col int) string {
	if c := &g.columns[col]; c.Tip != nil {
		return c.Tip(g.rows.At(source))
	}
	return ""
}

// SetRows shows rows. The slice is kept and must not change afterwards.
func (g *Grid[T]) SetRows(rows []T) { g.SetSource(sliceSource[T](rows)) }

// SetSource shows the rows of a source, from the same place and with the same
// selection as before as far as Key finds the rows again.
func (g *Grid[T]) SetSource(rows Source[T]) {
	chosen := map[any]bool{}
	var current any
	if g.Key != nil {
		g.sel.each(func(i int) { chosen[g.Key(g.rows.At(i))] = true })
		if row, ok := g.Current(); ok {
			current = g.Key(row)
		}
	}
	g.rows = rows
	g.index.reset()
	g.sheet.setLen(rows.Len())
	g.loaded = true
	if g.Key != nil && (len(chosen) > 0 || current != nil) {
		for i := range rows.Len() {
			k := g.Key(rows.At(i))
			if chosen[k] {
				g.sel.set(i, true)
			}
			if k == current {
				g.keepCurrent = i
			}
		}
	}
	g.reindex()
	g.prepare()
}

// Rows returns how many rows there are and how many of them are shown.
func (g *Grid[T]) Rows() (all, shown int) { return g.rows.Len(), g.shown() }

// At returns the i-th row shown.
func (g *Grid[T]) At(i int) T { return g.rows.At(g.sourceOf(i)) }

// Filter shows only the rows in which every word of query occurs, without
// regard to case. "host:web" looks in one column, "-web" leaves out, quotes
// hold words together. An empty query shows all.
func (g *Grid[T]) Filter(query string) {
	if query = strings.TrimSpace(query); query == g.query {
		return
	}
	g.query = query
	g.filtering = g.query != "" || g.allow != nil
	g.reindex()
}

// Query returns the filter in force.
func (g *Grid[T]) Query() string { return g.query }

// Allow shows only the rows that pass; nil lets all pass. It joins Filter.
func (g *Grid[T]) Allow(pass func(T) bool) {
	g.allow = pass
	g.filtering = g.query != "" || g.allow != nil
	g.reindex()
}

func (g *Grid[T]) clearFilter() {
	if g.bar != nil {
		g.bar.SetText("")
	}
	g.allow = nil
	g.filtering = false
	g.query = ""
	if g.OnClearFilter != nil {
		g.OnClearFilter()
	}
	g.reindex()
}

// SortBy sorts by the column with the ID; an unknown one is the given order.
func (g *Grid[T]) SortBy(id string, descending bool) {
	g.sortCol, g.sortDesc = g.columnOf(id), descending
	g.reindex()
}

// Selected returns the selected rows in the order shown; without a selection
// the current row, or nothing. Rows that a filter hides are never among them.
func (g *Grid[T]) Selected() []T {
	var out []T
	if g.sel.count == 0 {
		if row, ok := g.Current(); ok {
			out = append(out, row)
		}
		return out
	}
	for i := range g.shown() {
		if s := g.sourceOf(i); g.sel.has(s) {
			if out = append(out, g.rows.At(s)); len(out) == g.sel.count {
				break
			}
		}
	}
	return out
}

// Picking makes the grid a list to pick rows from: a click or Space picks one
// row more or drops it, moving picks nothing, picked rows bear a check mark in
// the first column, and a filter drops none of them.
func (g *Grid[T]) Picking() {
	g.picks = true
	g.heads[0].sign = true
}

// Picked returns all picked rows in the order given, those that a filter hides
// too.
func (g *Grid[T]) Picked() []T {
	var out []T
	g.sel.each(func(i int) { out = append(out, g.rows.At(i)) })
	return out
}

// Select selects exactly the shown rows that pass.
func (g *Grid[T]) Select(pass func(T) bool) {
	g.sel.clear()
	for i := range g.shown() {
		if s := g.sourceOf(i); pass(g.rows.At(s)) {
			g.sel.set(s, true)
		}
	}
	g.changed()
}

// Current returns the row the keyboard stands on.
func (g *Grid[T]) Current() (row T, ok bool) {
	if g.cur < 0 || g.cur >= g.shown() {
		return row, false
	}
	return g.rows.At(g.sourceOf(g.cur)), true
}

// Summary says how many rows there are, are shown and are selected.
func (g *Grid[T]) Summary() string {
	all, shown := g.Rows()
	noun := g.Nouns
	if all == 1 {
		noun = g.Noun
	}
	switch {
	case g.sel.count > 1 || (g.sel.count == 1 && all > 1):
		return fmt.Sprintf("%s of %s %s selected", Number(g.sel.count), Number(all), noun)
	case shown != all:
		return fmt.Sprintf("%s of %s %s shown", Number(shown), Number(all), noun)
	}
	return Number(all) + " " + noun
}

func (g *Grid[T]) showSummary() {
	if g.summary != nil {
		g.summary.SetText(g.Summary())
	}
}

// Footer returns a line that always shows Summary.
func (g *Grid[T]) Footer() fyne.CanvasObject {
	if g.summary == nil {
		g.summary = NewCaption(g.Summary())
	}
	return g.summary
}

// copyText returns the selected rows as lines of tab-separated cells, with a head line.
func (g *Grid[T]) copyText() string {
	var b strings.Builder
	line := func(text func(c *Column[T]) string) {
		sep := ""
		for i := range g.columns {
			if !g.heads[i].hidden {
				b.WriteString(sep + strings.NewReplacer("\t", " ", "\n", " ").Replace(text(&g.columns[i])))
				sep = "\t"
			}
		}
		b.WriteString("\n")
	}
	line(func(c *Column[T]) string { return c.Title })
	for _, row := range g.Selected() {
		line(func(c *Column[T]) string { return c.text(row) })
	}
	return b.String()
}
