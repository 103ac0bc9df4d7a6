package kit

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// atOnce is the number of rows up to which an index is made on the UI
// goroutine: 10,000 rows cost a few milliseconds. More are done beside it.
const atOnce = 25_000

// An indexer makes the order in which rows are shown. It keeps the lower-case
// text of moderately many rows, because a person types one letter after another.
type indexer[T any] struct {
	columns []Column[T]
	texts   []string // lower-case text of each row, columns joined by \x1f; nil: not made
}

func (x *indexer[T]) reset() { x.texts = nil }

// build makes the texts.
func (x *indexer[T]) build(rows Source[T]) {
	x.texts = make([]string, rows.Len())
	for i := range x.texts {
		x.texts[i] = x.lower(rows.At(i))
	}
}

// A question is all that an order depends on.
type question[T any] struct {
	rows  Source[T]
	words []word
	allow func(T) bool
	sort  int // column; -1: the given order
	desc  bool
}

// order returns the numbers of the rows shown, in their order; nil means all
// in the given order.
func (x *indexer[T]) order(q question[T]) []int32 {
	if len(q.words) == 0 && q.allow == nil && q.sort < 0 {
		return nil
	}
	n := q.rows.Len()
	if len(q.words) > 0 && x.texts == nil && n <= atOnce {
		x.build(q.rows)
	}
	out := make([]int32, 0, n)
	for i := range n {
		if x.passes(q, i) {
			out = append(out, int32(i))
		}
	}
	if q.sort >= 0 && q.sort < len(x.columns) {
		x.sort(out, q)
	}
	return out
}

func (x *indexer[T]) lower(row T) string {
	var b strings.Builder
	for c := range x.columns {
		b.WriteString(strings.ToLower(x.columns[c].text(row)))
		b.WriteByte('\x1f')
	}
	return b.String()
}

func (x *indexer[T]) passes(q question[T], i int) bool {
	if q.allow != nil && !q.allow(q.rows.At(i)) {
		return false
	}
	if len(q.words) == 0 {
		return true
	}
	var text string
	if x.texts != nil {
		text = x.texts[i]
	} else {
		text = x.lower(q.rows.At(i))
	}
	for _, w := range q.words {
		in := text
		if w.column >= 0 {
			in = strings.ToLower(x.columns[w.column].text(q.rows.At(i)))
		}
		if strings.Contains(in, w.text) == w.not {
			return false
		}
	}
	return true
}

// sort orders by one column; rows that are equal in it keep their given order.
func (x *indexer[T]) sort(order []int32, q question[T]) {
	c := &x.columns[q.sort]
	sign := 1
	if q.desc {
		sign = -1
	}
	if c.Compare != nil {
		slices.SortFunc(order, func(a, b int32) int {
			if r := c.Compare(q.rows.At(int(a)), q.rows.At(int(b))); r != 0 {
				return sign * r
			}
			return cmp.Compare(a, b)
		})
		return
	}
	type keyed struct {
		key string
		row int32
	}
	keys := make([]keyed, len(order))
	for i, row := range order {
		keys[i] = keyed{strings.ToLower(c.text(q.rows.At(int(row)))), row}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		if r := Natural(a.key, b.key); r != 0 {
			return sign * r
		}
		return cmp.Compare(a.row, b.row)
	})
	for i := range keys {
		order[i] = keys[i].row
	}
}

// Natural compares two strings so that runs of digits count as numbers:
// "web2" comes before "web10".
func Natural(a, b string) int {
	for a != "" && b != "" {
		if digit(a[0]) && digit(b[0]) {
			na, ra := number(a)
			nb, rb := number(b)
			if r := cmp.Or(cmp.Compare(len(na), len(nb)), strings.Compare(na, nb)); r != 0 {
				return r
			}
			a, b = ra, rb
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number splits the digits at the start of s, without leading zeros, from the rest.
func number(s string) (digits, rest string) {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return strings.TrimLeft(s[:i], "0"), s[i:]
}

// A word is one condition of a filter.
type word struct {
	text   string
	column int // -1: any
	not    bool
}

// parseFilter reads what a person typed: words, "column:word", "-word", and
// quotes round words that belong together.
func parseFilter[T any](query string, columns []Column[T]) []word {
	var out []word
	for _, token := range tokens(query) {
		w := word{column: -1}
		if rest, ok := strings.CutPrefix(token, "-"); ok && rest != "" {
			w.not, token = true, rest
		}
		if name, value, ok := strings.Cut(token, ":"); ok && value != "" {
			if c := columnNamed(name, columns); c >= 0 {
				w.column, token = c, value
			}
		}
		if w.text = strings.ToLower(strings.Trim(token, `"`)); w.text != "" {
			out = append(out, w)
		}
	}
	return out
}

// columnNamed finds the column whose ID or title starts with name.
func columnNamed[T any](name string, columns []Column[T]) int {
	if name = strings.ToLower(name); name == "" {
		return -1
	}
	for i := range columns {
		if strings.HasPrefix(strings.ToLower(columns[i].ID), name) || strings.HasPrefix(strings.ToLower(columns[i].Title), name) {
			return i
		}
	}
	return -1
}

// tokens splits at white space outside quotes.
func tokens(s string) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && unicode.IsSpace(r)
	})
}

// reindex computes what is shown, and where the current row went.
func (g *Grid[T]) reindex() {
	g.asked++
	q := question[T]{rows: g.rows, words: parseFilter(g.query, g.columns), allow: g.allow, sort: g.sortCol, desc: g.sortDesc}
	if g.rows.Len() <= atOnce || (len(q.words) == 0 && q.allow == nil && q.sort < 0) {
		g.show(g.index.order(q))
		return
	}
	asked := g.asked
	beside := indexer[T]{columns: g.columns} // shares nothing that changes
	g.setBusy(true)
	background(func() func() {
		order := beside.order(q)
		return func() {
			if asked == g.asked { // nothing newer was asked
				g.setBusy(false)
				g.show(order)
			}
		}
	})
}

// few is the number of rows whose texts are made when first asked for: 2,000
// cost a few milliseconds.
const few = 2_000

// prepare makes the texts beside the UI goroutine, so that the first letter
// typed into a filter is as quick as the next one.
func (g *Grid[T]) prepare() {
	rows := g.rows
	g.loads++
	if n := rows.Len(); n <= few || n > atOnce {
		return
	}
	load := g.loads
	beside := indexer[T]{columns: g.columns}
	background(func() func() {
		beside.build(rows)
		return func() {
			if load == g.loads { // these rows are still those shown
				g.index.texts = beside.texts
			}
		}
	})
}

// show puts an order in force. Rows that it hides are no longer selected: what
// is not seen is not acted upon.
func (g *Grid[T]) show(order []int32) {
	current := g.keepCurrent
	if current < 0 && g.cur >= 0 && g.cur < g.shown() {
		current = g.sourceOf(g.cur)
	}
	g.keepCurrent = -1
	g.setOrder(order, current)
	g.changed()
	if g.OnView != nil {
		g.OnView()
	}
}
