package unix

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// options are the parsed arguments of a small command.
type options struct {
	on   map[string]bool
	val  map[string][]string
	rest []string
}

func (o options) get(name string) (string, bool) {
	v := o.val[name]
	if len(v) == 0 {
		return "", false
	}
	return v[len(v)-1], true
}

// parseOptions reads getopt-style arguments. withValue names the options that
// take one: letters, and long names with their dashes.
func parseOptions(args []string, withValue ...string) options {
	o := options{on: map[string]bool{}, val: map[string][]string{}}
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			o.rest = append(o.rest, args[i+1:]...)
			return o
		case strings.HasPrefix(a, "--"):
			name, v, has := strings.Cut(a, "=")
			if !has && slices.Contains(withValue, name) && i+1 < len(args) {
				i++
				v, has = args[i], true
			}
			o.on[name] = true
			if has {
				o.val[name] = append(o.val[name], v)
			}
		case len(a) > 1 && a[0] == '-':
			i = o.short(args, i, withValue)
		default:
			o.rest = append(o.rest, a)
		}
	}
	return o
}

func (o *options) short(args []string, i int, withValue []string) int {
	letters := args[i][1:]
	for j := 0; j < len(letters); j++ {
		l := letters[j : j+1]
		o.on[l] = true
		if !slices.Contains(withValue, l) {
			continue
		}
		v := letters[j+1:]
		if v == "" && i+1 < len(args) {
			i++
			v = args[i]
		}
		o.val[l] = append(o.val[l], v)
		break
	}
	return i
}

// eachInput hands every named file, or standard input, to visit.
func eachInput(p *Proc, names []string, visit func(name string, r io.Reader) int) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	status := 0
	for _, n := range names {
		if n == "-" {
			status = max(status, visit("-", p.Stdin()))
			continue
		}
		f, err := p.Open(n, openRead)
		if err == nil && p.isDir(n) {
			f.Close()
			err = EISDIR
		}
		if err != nil {
			fmt.Fprintf(p.Stderr(), "%s: %s: %v\n", p.Args[0], n, err)
			status = max(status, 1)
			continue
		}
		status = max(status, visit(n, streamReader{p, f}))
		f.Close()
	}
	return status
}

func (p *Proc) isDir(name string) bool {
	n, _, err := p.M.FS.Stat(p.Abs(name), p.UID, true)
	return err == nil && n.IsDir()
}

type streamReader struct {
	p *Proc
	f *File
}

func (r streamReader) Read(b []byte) (int, error) { return r.f.s.Read(r.p.ctx, b) }

func catC(p *Proc, args []string) int {
	return eachInput(p, parseOptions(args).rest, func(_ string, r io.Reader) int {
		if _, err := io.Copy(p.Stdout(), r); err != nil {
			fmt.Fprintf(p.Stderr(), "cat: write error: %v\n", err)
			return 1
		}
		return 0
	})
}

func headC(p *Proc, args []string) int {
	o := parseOptions(dashNumber(args), "n", "c", "--lines", "--bytes")
	if v, ok := o.get("c"); ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			fmt.Fprintf(p.Stderr(), "head: invalid number of bytes: '%s'\n", v)
			return 1
		}
		return eachInput(p, o.rest, func(_ string, r io.Reader) int {
			if _, err := io.CopyN(p.Stdout(), r, n); err != nil && err != io.EOF {
				return 1
			}
			return 0
		})
	}
	n := lineCount(o, 10)
	return eachInput(p, o.rest, func(_ string, r io.Reader) int {
		b := bufio.NewReader(r)
		for i := 0; i < n; i++ {
			line, err := b.ReadString('\n')
			if line != "" {
				if writeAll(p, line) != 0 {
					return 1
				}
			}
			if err != nil {
				break
			}
		}
		return 0
	})
}

// dashNumber turns the old "-5" into "-n5".
func dashNumber(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if len(a) > 1 && a[0] == '-' && a[1] >= '0' && a[1] <= '9' && i > 0 {
			out[i] = "-n" + a[1:]
		}
	}
	return out
}

func lineCount(o options, otherwise int) int {
	v, ok := o.get("n")
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(strings.TrimPrefix(v, "+"))
	if err != nil {
		return otherwise
	}
	return n
}

func tailC(p *Proc, args []string) int {
	o := parseOptions(dashNumber(args), "n", "c")
	return eachInput(p, o.rest, func(_ string, r io.Reader) int {
		data, err := io.ReadAll(r)
		if err != nil {
			return 1
		}
		if v, ok := o.get("c"); ok {
			n, _ := strconv.Atoi(strings.TrimPrefix(v, "+"))
			if strings.HasPrefix(v, "+") {
				return writeAll(p, string(data[min(len(data), max(0, n-1)):]))
			}
			return writeAll(p, string(data[max(0, len(data)-n):]))
		}
		lines := strings.SplitAfter(string(data), "\n")
		if len(lines) > 0 && lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		n := lineCount(o, 10)
		if v, _ := o.get("n"); strings.HasPrefix(v, "+") {
			return writeAll(p, strings.Join(lines[min(len(lines), max(0, n-1)):], ""))
		}
		return writeAll(p, strings.Join(lines[max(0, len(lines)-n):], ""))
	})
}

func wcC(p *Proc, args []string) int {
	o := parseOptions(args)
	return eachInput(p, o.rest, func(name string, r io.Reader) int {
		data, err := io.ReadAll(r)
		if err != nil {
			return 1
		}
		var cols []string
		all := !o.on["l"] && !o.on["w"] && !o.on["c"] && !o.on["m"]
		if all || o.on["l"] {
			cols = append(cols, strconv.Itoa(bytes.Count(data, []byte("\n"))))
		}
		if all || o.on["w"] {
			cols = append(cols, strconv.Itoa(len(bytes.Fields(data))))
		}
		if all || o.on["c"] || o.on["m"] {
			cols = append(cols, strconv.Itoa(len(data)))
		}
		if name != "-" {
			cols = append(cols, name)
		}
		return writeAll(p, strings.Join(cols, " ")+"\n")
	})
}

// lines reads all input as lines without their ends.
func lines(p *Proc, names []string) ([]string, int) {
	var out []string
	st := eachInput(p, names, func(_ string, r io.Reader) int {
		data, err := io.ReadAll(r)
		if err != nil {
			return 1
		}
		if len(data) > 0 {
			out = append(out, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
		}
		return 0
	})
	return out, st
}

func writeLines(p *Proc, list []string) int {
	if len(list) == 0 {
		return 0
	}
	return writeAll(p, strings.Join(list, "\n")+"\n")
}

func sortC(p *Proc, args []string) int {
	o := parseOptions(args, "k", "t", "o")
	list, st := lines(p, o.rest)
	key := func(s string) string {
		k, ok := o.get("k")
		if !ok {
			return s
		}
		n, _ := strconv.Atoi(strings.TrimRight(strings.SplitN(k, ",", 2)[0], "nrV"))
		sep, _ := o.get("t")
		f := strings.Fields(s)
		if sep != "" {
			f = strings.Split(s, sep)
		}
		if n >= 1 && n <= len(f) {
			return f[n-1]
		}
		return ""
	}
	numeric := o.on["n"] || o.on["V"]
	sort.SliceStable(list, func(i, j int) bool {
		a, b := key(list[i]), key(list[j])
		if numeric {
			return natural(a, b) < 0
		}
		return a < b
	})
	if o.on["r"] {
		slices.Reverse(list)
	}
	if o.on["u"] {
		list = slices.Compact(list)
	}
	return max(st, writeLines(p, list))
}

// natural compares runs of digits as numbers.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, restA := digits(a)
		y, restB := digits(b)
		if x != "" && y != "" {
			n, _ := strconv.Atoi(x)
			m, _ := strconv.Atoi(y)
			if n != m {
				return n - m
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) (number, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

func uniqC(p *Proc, args []string) int {
	list, st := lines(p, parseOptions(args).rest)
	return max(st, writeLines(p, slices.Compact(list)))
}

func trC(p *Proc, args []string) int {
	o := parseOptions(args)
	if len(o.rest) == 0 {
		return 1
	}
	from := trSet(o.rest[0])
	data, err := io.ReadAll(p.Stdin())
	if err != nil {
		return 1
	}
	in := map[byte]int{}
	for i, c := range from {
		if _, ok := in[c]; !ok {
			in[c] = i
		}
	}
	complement := o.on["c"] || o.on["C"]
	var to []byte
	if len(o.rest) > 1 {
		to = trSet(o.rest[1])
	}
	out := make([]byte, 0, len(data))
	for _, c := range data {
		i, hit := in[c]
		if hit != complement {
			if o.on["d"] {
				continue
			}
			if len(to) > 0 {
				c = to[min(max(i, 0), len(to)-1)]
			}
			if o.on["s"] && len(out) > 0 && out[len(out)-1] == c {
				continue
			}
		}
		out = append(out, c)
	}
	return writeAll(p, string(out))
}

func trSet(s string) []byte {
	classes := map[string]string{"[:space:]": " \t\n\r\v\f", "[:digit:]": "0-9", "[:lower:]": "a-z", "[:upper:]": "A-Z", "[:alnum:]": "a-zA-Z0-9", "[:alpha:]": "a-zA-Z", "[:cntrl:]": "\\000-\\037\\177", "[:print:]": " -~"}
	for k, v := range classes {
		s = strings.ReplaceAll(s, k, v)
	}
	s, _ = escapes(s)
	var out []byte
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i+1] == '-' {
			for c := int(s[i]); c <= int(s[i+2]); c++ {
				out = append(out, byte(c))
			}
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

func cutC(p *Proc, args []string) int {
	o := parseOptions(args, "d", "f", "c", "b")
	list, st := lines(p, o.rest)
	sep, ok := o.get("d")
	if !ok {
		sep = "\t"
	}
	var out []string
	for _, l := range list {
		if spec, ok := o.get("f"); ok {
			if !strings.Contains(l, sep) {
				if !o.on["s"] {
					out = append(out, l)
				}
				continue
			}
			out = append(out, strings.Join(pick(strings.Split(l, sep), spec), sep))
			continue
		}
		spec, ok := o.get("c")
		if !ok {
			spec, _ = o.get("b")
		}
		out = append(out, strings.Join(pick(strings.Split(l, ""), spec), ""))
	}
	return max(st, writeLines(p, out))
}

func pick(parts []string, spec string) []string {
	var out []string
	for i, part := range parts {
		for _, r := range strings.Split(spec, ",") {
			lo, hi, isRange := strings.Cut(r, "-")
			from, _ := strconv.Atoi(lo)
			to, err := strconv.Atoi(hi)
			if !isRange {
				to = from
			} else if err != nil {
				to = len(parts)
			}
			if i+1 >= from && i+1 <= to {
				out = append(out, part)
				break
			}
		}
	}
	return out
}

func sumC(p *Proc, args []string) int {
	return eachInput(p, parseOptions(args).rest, func(name string, r io.Reader) int {
		var h hash.Hash = sha256.New()
		if args[0] == "md5sum" {
			h = md5.New()
		}
		if _, err := io.Copy(h, r); err != nil {
			return 1
		}
		return writeAll(p, fmt.Sprintf("%x  %s\n", h.Sum(nil), name))
	})
}

func base64C(p *Proc, args []string) int {
	o := parseOptions(args, "w")
	return eachInput(p, o.rest, func(_ string, r io.Reader) int {
		data, err := io.ReadAll(r)
		if err != nil {
			return 1
		}
		if o.on["d"] {
			out, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
			if err != nil {
				fmt.Fprintln(p.Stderr(), "base64: invalid input")
				return 1
			}
			return writeAll(p, string(out))
		}
		return writeAll(p, base64.StdEncoding.EncodeToString(data)+"\n")
	})
}

func teeC(p *Proc, args []string) int {
	o := parseOptions(args)
	flag := openWrite | openCreate | openTrunc
	if o.on["a"] {
		flag = openWrite | openCreate | openAppend
	}
	var files []*File
	for _, n := range o.rest {
		f, err := p.Open(n, flag)
		if err != nil {
			fmt.Fprintf(p.Stderr(), "tee: %s: %v\n", n, err)
			return 1
		}
		defer f.Close()
		files = append(files, f)
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := p.Stdin().Read(buf)
		if n > 0 {
			if writeAll(p, string(buf[:n])) != 0 {
				return 1
			}
			for _, f := range files {
				if _, err := f.s.Write(p.ctx, buf[:n]); err != nil {
					return 1
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			return 1
		}
	}
}
