package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/term"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// An output prints what a command has to say: a page for people or one JSON
// document for programs, never both.
type output struct {
	stdout, stderr io.Writer
	json, quiet    bool
	color          bool // of status words, beside the words themselves
	width          int  // of the terminal; 0: none, so lines are not wrapped
	errTerminal    bool // stderr is one, so that progress may be drawn there
	printed        bool
	call           func(string) string // makes commands in messages work as they stand; nil: as written
}

func newOutput(stdout, stderr io.Writer) *output {
	o := &output{stdout: stdout, stderr: stderr, errTerminal: isTerminal(stderr)}
	if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		o.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			o.width = w
		}
	}
	return o
}

func isTerminal(x any) bool {
	f, ok := x.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// show prints value as JSON, or the page that human writes.
func (o *output) show(value any, human func(*page)) error {
	o.printed = true
	if o.json {
		e := json.NewEncoder(o.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		return nil
	}
	p := &page{width: o.width, color: o.color, call: o.asCalled}
	human(p)
	if _, err := io.WriteString(o.stdout, p.text.String()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// done tells of a change: a sentence for people, unless they asked for quiet.
func (o *output) done(value any, format string, args ...any) error {
	return o.show(value, func(p *page) {
		if !o.quiet {
			p.line(format, args...)
		}
	})
}

// note tells people something on the side, where no program reads it.
func (o *output) note(format string, args ...any) {
	if !o.quiet && !o.json {
		fmt.Fprintln(o.stderr, o.asCalled(clean(fmt.Sprintf(format, args...))))
	}
}

// fail prints an error: in words on stderr, or as the one JSON document.
func (o *output) fail(err error) {
	w := words(err)
	w.Next = o.asCalled(w.Next)
	if o.json && !o.printed {
		_ = o.show(struct {
			Error errorJSON `json:"error"`
		}{w}, nil) // there is nobody left to tell
		return
	}
	fmt.Fprintf(o.stderr, "stctl: %s: %s\n", w.Title, w.Sentence)
	for _, p := range w.Problems {
		fmt.Fprintf(o.stderr, "  %s\n", p)
	}
	if w.Next != "" {
		fmt.Fprintln(o.stderr, w.Next)
	}
}

// asCalled makes the commands that a message names work for the same workspace.
func (o *output) asCalled(s string) string {
	if o.call == nil {
		return s
	}
	return o.call(s)
}

// clean is text from a host or a file, on one line and without what would
// steer a terminal.
func clean(s string) string {
	s = remote.CleanText(s)
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}

// A page is text for people.
type page struct {
	text  strings.Builder
	width int
	color bool
	call  func(string) string // see output
}

// A cell of a table: text, and how its status word is coloured.
type cell struct {
	text string
	tone tone
}

// A tone is a colour of a terminal; the word beside it always says the same.
type tone string

const (
	plain  tone = ""
	bold   tone = "1"
	good   tone = "32"
	soon   tone = "33"
	bad    tone = "31"
	puzzle tone = "35"
	faint  tone = "2"
)

// toneOf colours the words for states.
func toneOf(word string) tone {
	switch word {
	case string(data.Compliant), string(data.OutcomeSucceeded), "yes", "scanned", string(data.CheckPassed):
		return good
	case string(data.DueSoon), "waiting", string(data.CheckWarned):
		return soon
	case string(data.Overdue), string(data.OutcomeFailed), string(data.RolloutStopped):
		return bad
	case string(data.Unknown):
		return puzzle
	case string(data.Excepted), string(data.OutcomeSkipped), string(data.OutcomeCancelled):
		return faint
	}
	return plain
}

// line writes a line.
func (p *page) line(format string, args ...any) {
	p.text.WriteString(p.call(clean(fmt.Sprintf(format, args...))))
	p.text.WriteByte('\n')
}

// gap writes an empty line, but not at the top.
func (p *page) gap() {
	if p.text.Len() > 0 {
		p.text.WriteByte('\n')
	}
}

// title begins a part of the page.
func (p *page) title(format string, args ...any) {
	p.gap()
	p.text.WriteString(p.paint(clean(fmt.Sprintf(format, args...)), bold))
	p.text.WriteByte('\n')
}

func (p *page) paint(s string, t tone) string {
	if !p.color || t == plain || s == "" {
		return s
	}
	return "\x1b[" + string(t) + "m" + s + "\x1b[0m"
}

// facts writes pairs of a name and a value, aligned; pairs without a value are
// left out.
func (p *page) facts(pairs ...string) {
	var rows [][]any
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.TrimSpace(pairs[i+1]) != "" {
			rows = append(rows, []any{pairs[i], pairs[i+1]})
		}
	}
	p.rows(rows, "  ")
}

// table writes a heading and rows. A row's values are strings, cells, or
// anything fmt prints; status words are coloured. The last column is wrapped to
// the terminal's width.
func (p *page) table(heading string, rows [][]any) {
	var head []any
	for _, h := range strings.Split(heading, "|") {
		head = append(head, cell{strings.ToUpper(strings.TrimSpace(h)), bold})
	}
	p.rows(append([][]any{head}, rows...), "")
}

func (p *page) rows(rows [][]any, indent string) {
	var cells [][]cell
	var widths []int
	for _, r := range rows {
		var cs []cell
		for i, v := range r {
			c := asCell(v)
			cs = append(cs, c)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(c.text))
		}
		cells = append(cells, cs)
	}
	for _, cs := range cells {
		p.row(cs, widths, indent)
	}
}

func (p *page) row(cs []cell, widths []int, indent string) {
	var line strings.Builder
	line.WriteString(indent)
	at := len(indent)
	for i, c := range cs {
		if i == len(cs)-1 {
			line.WriteString(p.wrapped(c, at))
			break
		}
		line.WriteString(p.paint(c.text, c.tone))
		line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(c.text)+2))
		at += widths[i] + 2
	}
	p.text.WriteString(strings.TrimRight(line.String(), " "))
	p.text.WriteByte('\n')
}

// wrapped breaks the last cell of a row between words, below itself.
func (p *page) wrapped(c cell, at int) string {
	room := p.width - at
	if p.width == 0 || room < 24 || uniseg.StringWidth(c.text) <= room {
		return p.paint(c.text, c.tone)
	}
	var lines []string
	line := ""
	for _, w := range strings.Fields(c.text) {
		if line != "" && uniseg.StringWidth(line+" "+w) > room {
			lines, line = append(lines, p.paint(line, c.tone)), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	lines = append(lines, p.paint(line, c.tone))
	return strings.Join(lines, "\n"+strings.Repeat(" ", at))
}

func asCell(v any) cell {
	switch v := v.(type) {
	case cell:
		return cell{clean(v.text), v.tone}
	case string:
		s := clean(v)
		return cell{s, toneOf(s)}
	}
	s := clean(fmt.Sprint(v))
	return cell{s, toneOf(s)}
}

// count writes "1 host", "3 hosts".
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// capital makes a sentence begin with a capital and end with a full stop.
func capital(s string) string {
	s = clean(s)
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

func explainSentence(err error) string { return capital(err.Error()) }
