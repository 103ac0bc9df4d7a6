package unix

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

func findC(p *Proc, args []string) int {
	var roots []string
	i := 1
	for i < len(args) && !strings.HasPrefix(args[i], "-") {
		roots = append(roots, args[i])
		i++
	}
	f := finder{p: p, max: 1 << 30}
	for ; i < len(args); i++ {
		next := func() string {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch args[i] {
		case "-name":
			f.name = next()
		case "-type":
			f.kind = next()
		case "-maxdepth":
			f.max, _ = strconv.Atoi(next())
		case "-mindepth":
			f.min, _ = strconv.Atoi(next())
		case "-printf":
			f.format, _ = escapes(next())
		case "-newer":
			n, _, err := p.M.FS.Stat(p.Abs(next()), p.UID, true)
			f.newer = n.Mod
			if err != nil {
				return 1
			}
		case "-mmin", "-mtime":
			d := time.Minute
			if args[i] == "-mtime" {
				d = 24 * time.Hour
			}
			v := next()
			n, _ := strconv.Atoi(strings.TrimLeft(v, "+-"))
			if strings.HasPrefix(v, "+") {
				f.older = p.M.Clock.Now().Add(-time.Duration(n) * d)
			} else {
				f.newer = p.M.Clock.Now().Add(-time.Duration(n) * d)
			}
		case "-delete":
			f.remove = true
		case "-quit":
			f.once = true
		case "-print", "-xdev", "-follow":
		default:
			return p.complain(fmt.Sprintf("unknown predicate '%s'", args[i]), EINVAL)
		}
	}
	for _, r := range roots {
		if !p.M.FS.Exists(p.Abs(r)) {
			f.status = p.complain(fmt.Sprintf("'%s'", r), ENOENT)
			continue
		}
		f.visit(r, 0)
	}
	return f.status
}

type finder struct {
	p            *Proc
	name, kind   string
	min, max     int
	format       string
	newer, older time.Time
	remove, once bool
	found        bool
	status       int
}

func (f *finder) visit(name string, depth int) {
	if f.once && f.found {
		return
	}
	abs := f.p.Abs(name)
	n, size, err := f.p.M.FS.Stat(abs, f.p.UID, false)
	if err != nil {
		return
	}
	if depth >= f.min && f.fits(name, n) {
		f.found = true
		switch {
		case f.format != "":
			writeAll(f.p, strings.NewReplacer("%f", path.Base(name), "%p", name, "%T@", fmt.Sprintf("%d.0000000000", n.Mod.Unix()), "%s", strconv.FormatInt(size, 10)).Replace(f.format))
		case !f.remove:
			writeAll(f.p, name+"\n")
		}
	}
	if n.IsDir() && depth < f.max {
		names, _ := f.p.M.FS.ReadDir(abs, f.p.UID)
		for _, k := range names {
			f.visit(strings.TrimSuffix(name, "/")+"/"+k, depth+1)
		}
	}
	if f.remove && depth >= f.min && f.fits(name, n) {
		_ = f.p.M.FS.Remove(abs, f.p.UID, false) // a directory that keeps something stays
	}
}

func (f *finder) fits(name string, n Node) bool {
	switch f.kind {
	case "f":
		if !n.Mode.IsRegular() {
			return false
		}
	case "d":
		if !n.IsDir() {
			return false
		}
	case "l":
		if n.Mode&fs.ModeSymlink == 0 {
			return false
		}
	}
	return (f.name == "" || matches(f.name, path.Base(name))) && (f.newer.IsZero() || n.Mod.After(f.newer)) && (f.older.IsZero() || n.Mod.Before(f.older))
}

func ddC(p *Proc, args []string) int {
	bs, count := 512, -1
	in, out := p.Stdin(), p.Stdout()
	full := false
	for _, a := range args[1:] {
		k, v, _ := strings.Cut(a, "=")
		switch k {
		case "bs":
			bs = int(blockSize(v))
		case "count":
			count, _ = strconv.Atoi(v)
		case "iflag":
			full = strings.Contains(v, "fullblock")
		case "if":
			f, err := p.Open(v, openRead)
			if err != nil {
				return p.complain(fmt.Sprintf("failed to open '%s'", v), err)
			}
			defer f.Close()
			in = streamReader{p, f}
		case "of":
			f, err := p.Open(v, openWrite|openCreate|openTrunc)
			if err != nil {
				return p.complain(fmt.Sprintf("failed to open '%s'", v), err)
			}
			defer f.Close()
			out = streamWriter{p, f}
		}
	}
	buf, done := make([]byte, max(bs, 1)), 0
	for blocks := 0; blocks != count; blocks++ {
		var n int
		var err error
		if full {
			n, err = io.ReadFull(in, buf)
		} else {
			n, err = in.Read(buf)
		}
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return p.complain("error writing 'standard output'", err)
			}
		}
		done += n
		if err != nil {
			break
		}
	}
	fmt.Fprintf(p.Stderr(), "0+1 records in\n0+1 records out\n%d bytes copied, 0.00002 s\n", done)
	return 0
}

type streamWriter struct {
	p *Proc
	f *File
}

func (w streamWriter) Write(b []byte) (int, error) { return w.f.s.Write(w.p.ctx, b) }
