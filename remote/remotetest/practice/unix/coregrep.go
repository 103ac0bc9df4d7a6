package unix

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// posixRegexp turns a basic or extended POSIX expression into Go's.
func posixRegexp(s string, extended, fixed, fold bool) (*regexp.Regexp, error) {
	flags := ""
	if fold {
		flags = "(?i)"
	}
	if fixed {
		return regexp.Compile(flags + regexp.QuoteMeta(s))
	}
	if extended {
		return regexp.Compile(flags + s)
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '[':
			j := i + 1
			for j < len(s) && (s[j] != ']' || j == i+1 || j == i+2 && s[i+1] == '^') {
				if s[j] == '[' && j+1 < len(s) && s[j+1] == ':' {
					if k := strings.Index(s[j:], ":]"); k > 0 {
						j += k + 1
					}
				}
				j++
			}
			b.WriteString(strings.ReplaceAll(s[i:min(j+1, len(s))], `\`, `\\`))
			i = j
		case c == '\\' && i+1 < len(s):
			i++
			if strings.IndexByte("(){}+?|", s[i]) >= 0 {
				b.WriteByte(s[i])
			} else {
				b.WriteString(`\` + string(s[i]))
			}
		case strings.IndexByte("(){}+?|", c) >= 0:
			b.WriteString(`\` + string(c))
		case c == '*' && (i == 0 || strings.HasSuffix(b.String(), "(") || b.String() == "^"):
			b.WriteString(`\*`)
		default:
			b.WriteByte(c)
		}
	}
	return regexp.Compile(flags + b.String())
}

func grepC(p *Proc, args []string) int {
	o := parseOptions(args, "e", "m", "--max-count", "f")
	pats := o.val["e"]
	if len(pats) == 0 {
		if len(o.rest) == 0 {
			return 2
		}
		pats, o.rest = o.rest[:1], o.rest[1:]
	}
	var res []*regexp.Regexp
	for _, s := range pats {
		for _, one := range strings.Split(s, "\n") {
			re, err := posixRegexp(one, o.on["E"] || args[0] == "egrep", o.on["F"] || args[0] == "fgrep", o.on["i"])
			if err != nil {
				fmt.Fprintf(p.Stderr(), "grep: %v\n", err)
				return 2
			}
			res = append(res, re)
		}
	}
	g := grep{p: p, o: o, res: res, many: len(o.rest) > 1 && !o.on["h"]}
	st := eachInput(p, o.rest, g.file)
	switch {
	case g.found && (o.on["q"] || st < 2):
		return 0
	case st > 0 && g.missing(o.rest):
		return 2
	}
	return 1
}

type grep struct {
	p     *Proc
	o     options
	res   []*regexp.Regexp
	many  bool
	found bool
}

func (g *grep) missing(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return n != "-" && !g.p.M.FS.Exists(g.p.Abs(n)) })
}

func (g *grep) file(name string, r io.Reader) int {
	data, err := io.ReadAll(r)
	if err != nil {
		return 1
	}
	most := -1
	if v, ok := g.o.get("m"); ok {
		most, _ = strconv.Atoi(v)
	}
	count := 0
	var out []string
	for i, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if len(data) == 0 || most == count {
			break
		}
		hit := g.match(l)
		if hit == "\x00" {
			continue
		}
		count++
		if g.o.on["n"] {
			hit = strconv.Itoa(i+1) + ":" + hit
		}
		if g.many {
			hit = name + ":" + hit
		}
		out = append(out, hit)
	}
	g.found = g.found || count > 0
	switch {
	case g.o.on["q"]:
		return 0
	case g.o.on["c"]:
		return writeAll(g.p, strconv.Itoa(count)+"\n")
	case g.o.on["l"]:
		if count > 0 {
			return writeAll(g.p, name+"\n")
		}
		return 0
	}
	return writeLines(g.p, out)
}

// match returns what to print of a line that fits, or "\x00".
func (g *grep) match(l string) string {
	for _, re := range g.res {
		loc := re.FindStringIndex(l)
		ok := loc != nil
		if ok && g.o.on["x"] {
			full := regexp.MustCompile("^(?:" + re.String() + ")$")
			ok = full.MatchString(l)
		}
		if ok && g.o.on["w"] {
			ok = regexp.MustCompile(`\b(?:` + re.String() + `)\b`).MatchString(l)
		}
		if ok {
			if g.o.on["v"] {
				return "\x00"
			}
			if g.o.on["o"] {
				return l[loc[0]:loc[1]]
			}
			return l
		}
	}
	if g.o.on["v"] {
		return l
	}
	return "\x00"
}
