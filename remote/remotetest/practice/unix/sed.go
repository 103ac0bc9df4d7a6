package unix

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A sedCommand is one command of a sed script with its addresses.
type sedCommand struct {
	from, to *sedAddress
	not      bool
	inRange  bool
	name     byte
	re       *regexp.Regexp
	text     string
	global   bool
	print    bool
	block    []*sedCommand
}

type sedAddress struct {
	line int
	last bool
	re   *regexp.Regexp
}

// sedC knows s, p, d, q, y-less sed as administration scripts write it.
func sedC(p *Proc, args []string) int {
	o := parseOptions(args, "e", "f")
	scripts := o.val["e"]
	if len(scripts) == 0 {
		if len(o.rest) == 0 {
			return 1
		}
		scripts, o.rest = o.rest[:1], o.rest[1:]
	}
	s := &sedParser{text: strings.Join(scripts, "\n"), extended: o.on["E"] || o.on["r"]}
	prog := s.commands()
	if s.err != nil {
		fmt.Fprintf(p.Stderr(), "sed: -e expression #1: %v\n", s.err)
		return 1
	}
	list, st := lines(p, o.rest)
	var out []string
	for i, l := range list {
		r := sedRun{line: l, number: i + 1, last: i == len(list)-1}
		r.run(prog)
		out = append(out, r.out...)
		if !o.on["n"] && !r.deleted {
			out = append(out, r.line)
		}
		if r.quit {
			break
		}
	}
	return max(st, writeLines(p, out))
}

type sedRun struct {
	line          string
	number        int
	last          bool
	out           []string
	deleted, quit bool
}

func (a *sedAddress) hit(r *sedRun) bool {
	return a.last && r.last || a.line > 0 && a.line == r.number || a.re != nil && a.re.MatchString(r.line)
}

func (c *sedCommand) applies(r *sedRun) bool {
	hit := true
	switch {
	case c.from == nil:
	case c.to == nil:
		hit = c.from.hit(r)
	case c.inRange:
		if c.to.hit(r) || c.to.line > 0 && r.number >= c.to.line {
			c.inRange = false
		}
	default:
		hit = c.from.hit(r)
		c.inRange = hit && (c.to.line == 0 || c.to.line > r.number)
	}
	return hit != c.not
}

func (r *sedRun) run(prog []*sedCommand) {
	for _, c := range prog {
		if !c.applies(r) {
			continue
		}
		switch c.name {
		case '{':
			r.run(c.block)
		case 's':
			r.substitute(c)
		case 'p':
			r.out = append(r.out, r.line)
		case 'd':
			r.deleted = true
		case 'q':
			r.quit = true
		case '=':
			r.out = append(r.out, strconv.Itoa(r.number))
		}
		if r.deleted || r.quit {
			return
		}
	}
}

func (r *sedRun) substitute(c *sedCommand) {
	if !c.re.MatchString(r.line) {
		return
	}
	done := false
	r.line = replaceAll(c.re, r.line, func(m []int) string {
		if done && !c.global {
			return r.line[m[0]:m[1]]
		}
		done = true
		var b strings.Builder
		for i := 0; i < len(c.text); i++ {
			ch := c.text[i]
			switch {
			case ch == '&':
				b.WriteString(r.line[m[0]:m[1]])
			case ch == '\\' && i+1 < len(c.text):
				i++
				if n := int(c.text[i] - '0'); c.text[i] >= '0' && c.text[i] <= '9' {
					if 2*n+1 < len(m) && m[2*n] >= 0 {
						b.WriteString(r.line[m[2*n]:m[2*n+1]])
					}
				} else if c.text[i] == 'n' {
					b.WriteByte('\n')
				} else if c.text[i] == 't' {
					b.WriteByte('\t')
				} else {
					b.WriteByte(c.text[i])
				}
			default:
				b.WriteByte(ch)
			}
		}
		return b.String()
	})
	if c.print {
		r.out = append(r.out, r.line)
	}
}

func replaceAll(re *regexp.Regexp, s string, with func(m []int) string) string {
	var b strings.Builder
	at := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(s[at:m[0]])
		b.WriteString(with(m))
		at = m[1]
	}
	return b.String() + s[at:]
}

type sedParser struct {
	text     string
	i        int
	extended bool
	err      error
}

func (s *sedParser) peek() byte {
	if s.i < len(s.text) {
		return s.text[s.i]
	}
	return 0
}

func (s *sedParser) skip(set string) {
	for s.i < len(s.text) && strings.IndexByte(set, s.text[s.i]) >= 0 {
		s.i++
	}
}

func (s *sedParser) commands() []*sedCommand {
	var out []*sedCommand
	for s.err == nil {
		s.skip(" \t\n;")
		if s.peek() == '#' {
			for s.i < len(s.text) && s.peek() != '\n' {
				s.i++
			}
			continue
		}
		if s.i >= len(s.text) || s.peek() == '}' {
			s.i++
			return out
		}
		out = append(out, s.command())
	}
	return out
}

func (s *sedParser) command() *sedCommand {
	c := &sedCommand{from: s.address()}
	if s.peek() == ',' {
		s.i++
		c.to = s.address()
	}
	s.skip(" \t")
	if s.peek() == '!' {
		c.not = true
		s.i++
		s.skip(" \t")
	}
	c.name = s.peek()
	s.i++
	switch c.name {
	case '{':
		c.block = s.commands()
	case 's':
		sep := s.peek()
		s.i++
		c.re = s.regexp(sep)
		c.text = s.until(sep, false)
		for strings.IndexByte("gpIi", s.peek()) >= 0 && s.peek() != 0 {
			c.global = c.global || s.peek() == 'g'
			c.print = c.print || s.peek() == 'p'
			s.i++
		}
	case 'p', 'd', 'q', '=':
	default:
		s.err = fmt.Errorf("char %d: unknown command: `%c'", s.i, c.name)
	}
	return c
}

func (s *sedParser) address() *sedAddress {
	switch c := s.peek(); {
	case c == '$':
		s.i++
		return &sedAddress{last: true}
	case c == '/':
		s.i++
		return &sedAddress{re: s.regexp('/')}
	case c == '\\' && s.i+1 < len(s.text):
		sep := s.text[s.i+1]
		s.i += 2
		return &sedAddress{re: s.regexp(sep)}
	case c >= '0' && c <= '9':
		n, _ := digits(s.text[s.i:])
		s.i += len(n)
		v, _ := strconv.Atoi(n)
		return &sedAddress{line: v}
	}
	return nil
}

func (s *sedParser) regexp(sep byte) *regexp.Regexp {
	re, err := posixRegexp(s.until(sep, true), s.extended, false, false)
	if err != nil {
		s.err = err
		return regexp.MustCompile("")
	}
	return re
}

// until reads to the separator that is not escaped, nor in brackets of a pattern.
func (s *sedParser) until(sep byte, pattern bool) string {
	var b strings.Builder
	bracket := false
	for s.i < len(s.text) {
		c := s.text[s.i]
		s.i++
		switch {
		case c == '\\' && s.i < len(s.text) && !bracket:
			if s.text[s.i] == sep {
				b.WriteByte(sep)
			} else {
				b.WriteByte(c)
				b.WriteByte(s.text[s.i])
			}
			s.i++
			continue
		case c == '[' && pattern:
			bracket = true
		case c == ']' && bracket && !strings.HasSuffix(b.String(), "["):
			bracket = false
		case c == sep && !bracket:
			return b.String()
		}
		b.WriteByte(c)
	}
	s.err = fmt.Errorf("char %d: unterminated command", s.i)
	return b.String()
}
