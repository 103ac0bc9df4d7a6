package unix

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

func echoB(sh *shell, args []string) int { return echo(sh.p, args) }

// echo is dash's: escapes are read, -n is the one option.
func echo(p *Proc, args []string) int {
	rest, end := args[1:], "\n"
	if len(rest) > 0 && rest[0] == "-n" {
		rest, end = rest[1:], ""
	}
	text, stop := escapes(strings.Join(rest, " "))
	if stop {
		end = ""
	}
	return writeAll(p, text+end)
}

// writeAll writes to standard output and says how it went as a status.
func writeAll(p *Proc, s string) int {
	if s == "" {
		return 0
	}
	if _, err := io.WriteString(p.Stdout(), s); err != nil {
		fmt.Fprintf(p.Stderr(), "%s: write error: %v\n", p.Args[0], err)
		return 1
	}
	return 0
}

// escapes reads backslash sequences; stop: \c was met.
func escapes(s string) (out string, stop bool) {
	if !strings.Contains(s, `\`) {
		return s, false
	}
	var b strings.Builder
	simple := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'a': 7, 'b': 8, 'f': 12, 'v': 11, '\\': '\\', '"': '"'}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if c, ok := simple[s[i]]; ok {
			b.WriteByte(c)
			continue
		}
		switch {
		case s[i] == 'c':
			return b.String(), true
		case s[i] >= '0' && s[i] <= '7':
			n, j := 0, i
			for j < len(s) && j < i+4 && s[j] >= '0' && s[j] <= '7' && (j < i+3 || s[i] == '0') {
				n = n*8 + int(s[j]-'0')
				j++
			}
			b.WriteByte(byte(n))
			i = j - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String(), false
}

func printfB(sh *shell, args []string) int { return printf(sh.p, args) }

func printf(p *Proc, args []string) int {
	rest := args[1:]
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		fmt.Fprintln(p.Stderr(), "printf: usage: printf format [arg ...]")
		return 2
	}
	f := &formatter{args: rest[1:]}
	for {
		before := len(f.args)
		if f.once(rest[0]) || len(f.args) == 0 || len(f.args) == before {
			break
		}
	}
	status := writeAll(p, f.b.String())
	if f.bad {
		return 1
	}
	return status
}

type formatter struct {
	b    strings.Builder
	args []string
	bad  bool
}

func (f *formatter) next() string {
	if len(f.args) == 0 {
		return ""
	}
	a := f.args[0]
	f.args = f.args[1:]
	return a
}

// once goes through the format a single time. It reports whether \c ended it.
func (f *formatter) once(format string) bool {
	for i := 0; i < len(format); i++ {
		c := format[i]
		switch {
		case c == '\\' && i+1 < len(format):
			j := i + 2
			for j < len(format) && j < i+4 && format[i+1] >= '0' && format[i+1] <= '7' && format[j] >= '0' && format[j] <= '7' {
				j++
			}
			text, stop := escapes(format[i:j])
			f.b.WriteString(text)
			if stop {
				return true
			}
			i = j - 1
		case c == '%':
			j := i + 1
			for j < len(format) && strings.IndexByte("-+ #0123456789.*", format[j]) >= 0 {
				j++
			}
			if j == len(format) {
				f.b.WriteByte('%')
				continue
			}
			if f.verb(format[i:j], format[j]) {
				return true
			}
			i = j
		default:
			f.b.WriteByte(c)
		}
	}
	return false
}

func (f *formatter) verb(spec string, verb byte) (stop bool) {
	for strings.Contains(spec, "*") {
		spec = strings.Replace(spec, "*", f.next(), 1)
	}
	switch verb {
	case '%':
		f.b.WriteByte('%')
	case 's':
		fmt.Fprintf(&f.b, spec+"s", f.next())
	case 'b':
		var text string
		text, stop = escapes(f.next())
		fmt.Fprintf(&f.b, spec+"s", text)
	case 'c':
		if a := f.next(); a != "" {
			f.b.WriteByte(a[0])
		}
	case 'd', 'i', 'u', 'x', 'X', 'o':
		a := f.next()
		n, err := strconv.ParseInt(a, 0, 64)
		if len(a) > 1 && a[0] == '\'' {
			n, err = int64(a[1]), nil
		}
		if err != nil && a != "" {
			f.bad = true
		}
		if verb == 'i' || verb == 'u' {
			verb = 'd'
		}
		fmt.Fprintf(&f.b, spec+string(verb), n)
	default:
		f.bad = true
	}
	return stop
}
