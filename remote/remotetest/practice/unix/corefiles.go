package unix

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

func perm(n uint64) fs.FileMode { return fs.FileMode(n) & 0o777 }

// complain prints "NAME: WHAT: error" and returns 1.
func (p *Proc) complain(what string, err error) int {
	fmt.Fprintf(p.Stderr(), "%s: %s: %v\n", p.Args[0], what, err)
	return 1
}

func mkdirC(p *Proc, args []string) int {
	o := parseOptions(args, "m")
	mode := 0o777 &^ p.Umask
	if v, ok := o.get("m"); ok {
		n, err := strconv.ParseUint(v, 8, 32)
		if err != nil {
			return p.complain("invalid mode "+v, EINVAL)
		}
		mode = perm(n)
	}
	status := 0
	for _, d := range o.rest {
		var err error
		if o.on["p"] {
			err = p.M.FS.MkdirAll(p.Abs(d), p.UID, 0o777&^p.Umask)
			if err == nil && o.on["m"] {
				_ = p.M.FS.Change(p.Abs(d), p.UID, func(n *Node) { n.Mode = n.Mode.Type() | mode })
			}
		} else {
			err = p.M.FS.Mkdir(p.Abs(d), p.UID, mode)
		}
		if err != nil {
			status = p.complain(fmt.Sprintf("cannot create directory '%s'", d), err)
		}
	}
	return status
}

func rmC(p *Proc, args []string) int {
	o := parseOptions(args)
	status := 0
	for _, name := range o.rest {
		abs := p.Abs(name)
		n, _, err := p.M.FS.Stat(abs, p.UID, false)
		switch {
		case err != nil && o.on["f"]:
			continue
		case err == nil && n.IsDir() && !o.on["r"] && !o.on["R"]:
			err = EISDIR
		case err == nil:
			err = p.M.FS.Remove(abs, p.UID, true)
		}
		if err != nil {
			status = p.complain(fmt.Sprintf("cannot remove '%s'", name), err)
		}
	}
	return status
}

func rmdirC(p *Proc, args []string) int {
	status := 0
	for _, name := range parseOptions(args).rest {
		n, _, err := p.M.FS.Stat(p.Abs(name), p.UID, false)
		if err == nil && !n.IsDir() {
			err = ENOTDIR
		}
		if err == nil {
			err = p.M.FS.Remove(p.Abs(name), p.UID, false)
		}
		if err != nil {
			status = p.complain(fmt.Sprintf("failed to remove '%s'", name), err)
		}
	}
	return status
}

// into returns where a file of that name goes when dest is a directory.
func (p *Proc) into(dest, name string, never bool) string {
	abs := p.Abs(dest)
	if !never && p.isDir(dest) {
		return path.Join(abs, path.Base(name))
	}
	return abs
}

func mvC(p *Proc, args []string) int {
	o := parseOptions(args)
	if len(o.rest) < 2 {
		return p.complain("missing file operand", EINVAL)
	}
	status, dest := 0, o.rest[len(o.rest)-1]
	for _, name := range o.rest[:len(o.rest)-1] {
		to := p.into(dest, name, o.on["T"])
		if o.on["n"] && p.M.FS.Exists(to) {
			continue
		}
		if err := p.M.FS.Rename(p.Abs(name), to, p.UID); err != nil {
			status = p.complain(fmt.Sprintf("cannot move '%s' to '%s'", name, dest), err)
		}
	}
	return status
}

func cpC(p *Proc, args []string) int {
	o := parseOptions(args)
	if len(o.rest) < 2 {
		return p.complain("missing file operand", EINVAL)
	}
	status, dest := 0, o.rest[len(o.rest)-1]
	for _, name := range o.rest[:len(o.rest)-1] {
		data, err := p.M.FS.ReadFile(p.Abs(name), p.UID)
		if err == nil {
			err = p.writeFile(p.into(dest, name, false), data)
		}
		if err != nil {
			status = p.complain(fmt.Sprintf("cannot copy '%s'", name), err)
		}
	}
	return status
}

// writeFile writes a file whole, as the process's user.
func (p *Proc) writeFile(abs string, data []byte) error {
	f, err := p.M.FS.open(abs, p.UID, openWrite|openCreate|openTrunc, 0o666&^p.Umask)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.s.Write(p.ctx, data)
	return err
}

func lnC(p *Proc, args []string) int {
	o := parseOptions(args)
	if len(o.rest) != 2 {
		return p.complain("missing file operand", EINVAL)
	}
	to := p.into(o.rest[1], o.rest[0], o.on["T"] || o.on["n"])
	if o.on["f"] {
		_ = p.M.FS.Remove(to, p.UID, false) // ln -f does not mind that nothing was there
	}
	var err error
	if o.on["s"] {
		err = p.M.FS.Symlink(o.rest[0], to, p.UID)
	} else {
		err = p.M.FS.Link(p.Abs(o.rest[0]), to, p.UID)
	}
	if err != nil {
		return p.complain(fmt.Sprintf("failed to create link '%s'", o.rest[1]), err)
	}
	return 0
}

func readlinkC(p *Proc, args []string) int {
	o := parseOptions(args)
	status := 0
	for _, name := range o.rest {
		n, _, err := p.M.FS.Stat(p.Abs(name), p.UID, false)
		switch {
		case o.on["f"] || o.on["e"] || o.on["m"] || args[0] == "realpath":
			at := p.Abs(name)
			for i := 0; i < 20 && err == nil && n.Mode&fs.ModeSymlink != 0; i++ {
				to := n.Link
				if !path.IsAbs(to) {
					to = path.Join(path.Dir(at), to)
				}
				at = path.Clean(to)
				n, _, err = p.M.FS.Stat(at, p.UID, false)
			}
			if err != nil && o.on["e"] {
				status = 1
				continue
			}
			writeAll(p, at+"\n")
		case err == nil && n.Mode&fs.ModeSymlink != 0:
			writeAll(p, n.Link+"\n")
		default:
			status = 1
		}
	}
	return status
}

func touchC(p *Proc, args []string) int {
	o := parseOptions(args, "d", "r", "t")
	status := 0
	for _, name := range o.rest {
		abs := p.Abs(name)
		if !p.M.FS.Exists(abs) {
			if !o.on["c"] {
				if err := p.writeFile(abs, nil); err != nil {
					status = p.complain(fmt.Sprintf("cannot touch '%s'", name), err)
				}
			}
			continue
		}
		if err := p.M.FS.Change(abs, p.UID, func(n *Node) { n.Mod = p.M.Clock.Now() }); err != nil {
			status = p.complain(fmt.Sprintf("cannot touch '%s'", name), err)
		}
	}
	return status
}

func chmodC(p *Proc, args []string) int {
	var rest []string
	for _, a := range args[1:] {
		if a != "-R" && a != "--" && a != "-f" {
			rest = append(rest, a)
		}
	}
	if len(rest) < 2 {
		return p.complain("missing operand", EINVAL)
	}
	status := 0
	for _, name := range rest[1:] {
		err := p.M.FS.Change(p.Abs(name), p.UID, func(n *Node) { n.Mode = n.Mode.Type() | chmod(n.Mode.Perm(), rest[0]) })
		if err != nil {
			status = p.complain(name, err)
		}
	}
	return status
}

// chmod applies "750" or "u+x,go-rwx".
func chmod(old fs.FileMode, spec string) fs.FileMode {
	if n, err := strconv.ParseUint(spec, 8, 32); err == nil {
		return perm(n)
	}
	for _, s := range strings.Split(spec, ",") {
		i := strings.IndexAny(s, "+-=")
		if i < 0 {
			continue
		}
		var who, bits fs.FileMode
		for _, c := range s[:i] {
			who |= map[rune]fs.FileMode{'u': 0o700, 'g': 0o070, 'o': 0o007, 'a': 0o777}[c]
		}
		if who == 0 {
			who = 0o777
		}
		for _, c := range s[i+1:] {
			bits |= map[rune]fs.FileMode{'r': 0o444, 'w': 0o222, 'x': 0o111}[c]
		}
		switch s[i] {
		case '+':
			old |= bits & who
		case '-':
			old &^= bits & who
		case '=':
			old = old&^who | bits&who
		}
	}
	return old
}

func chownC(p *Proc, args []string) int {
	if p.UID != 0 {
		return p.complain("changing ownership", EPERM)
	}
	o := parseOptions(args)
	for _, name := range o.rest[min(1, len(o.rest)):] {
		owner, _, _ := strings.Cut(o.rest[0], ":")
		uid, err := strconv.Atoi(owner)
		if u, ok := p.M.User(owner); ok {
			uid, err = u.UID, nil
		} else if owner == "root" {
			uid, err = 0, nil
		}
		if err != nil {
			return p.complain(fmt.Sprintf("invalid user: '%s'", owner), EINVAL)
		}
		if err := p.M.FS.Change(p.Abs(name), 0, func(n *Node) { n.UID = uid }); err != nil {
			return p.complain(name, err)
		}
	}
	return 0
}

func lsC(p *Proc, args []string) int {
	o := parseOptions(args)
	if len(o.rest) == 0 {
		o.rest = []string{"."}
	}
	status := 0
	for i, name := range o.rest {
		n, size, err := p.M.FS.Stat(p.Abs(name), p.UID, true)
		if err != nil {
			fmt.Fprintf(p.Stderr(), "ls: cannot access '%s': %v\n", name, err)
			status = 2
			continue
		}
		if !n.IsDir() || o.on["d"] {
			p.lsLine(o, name, n, size)
			continue
		}
		names, err := p.M.FS.ReadDir(p.Abs(name), p.UID)
		if err != nil {
			fmt.Fprintf(p.Stderr(), "ls: cannot open directory '%s': %v\n", name, err)
			status = 2
			continue
		}
		if len(o.rest) > 1 {
			if i > 0 {
				writeAll(p, "\n")
			}
			writeAll(p, name+":\n")
		}
		p.lsDir(o, p.Abs(name), names)
	}
	return status
}

func (p *Proc) lsDir(o options, dir string, names []string) {
	type entry struct {
		name string
		n    Node
		size int64
	}
	var list []entry
	for _, name := range names {
		if strings.HasPrefix(name, ".") && !o.on["a"] && !o.on["A"] {
			continue
		}
		n, size, err := p.M.FS.Stat(path.Join(dir, name), p.UID, false)
		if err == nil {
			list = append(list, entry{name, n, size})
		}
	}
	if o.on["t"] {
		slices.SortStableFunc(list, func(a, b entry) int { return b.n.Mod.Compare(a.n.Mod) })
	}
	if o.on["r"] {
		slices.Reverse(list)
	}
	for _, e := range list {
		p.lsLine(o, e.name, e.n, e.size)
	}
}

func (p *Proc) lsLine(o options, name string, n Node, size int64) {
	if !o.on["l"] && !o.on["n"] {
		writeAll(p, name+"\n")
		return
	}
	kind := "-"
	switch {
	case n.IsDir():
		kind = "d"
	case n.Mode&fs.ModeSymlink != 0:
		kind, name = "l", name+" -> "+n.Link
	}
	user := p.M.UserName(n.UID)
	writeAll(p, fmt.Sprintf("%s%s 1 %s %s %d %s %s\n", kind, n.Mode.Perm().String()[1:], user, user, size, n.Mod.Format("Jan _2 15:04"), name))
}

func statC(p *Proc, args []string) int {
	o := parseOptions(args, "c", "--format", "--printf")
	format, ok := o.get("c")
	end := "\n"
	if !ok {
		if format, ok = o.get("--format"); !ok {
			format, ok = o.get("--printf")
			format, _ = escapes(format)
			end = ""
		}
	}
	if o.on["f"] {
		return p.statFS(format, end)
	}
	status := 0
	for _, name := range o.rest {
		n, size, err := p.M.FS.Stat(p.Abs(name), p.UID, o.on["L"])
		if err != nil {
			fmt.Fprintf(p.Stderr(), "stat: cannot statx '%s': %v\n", name, err)
			status = 1
			continue
		}
		if !ok {
			writeAll(p, fmt.Sprintf("  File: %s\n  Size: %d\n", name, size))
			continue
		}
		kind := "regular file"
		if n.IsDir() {
			kind = "directory"
		} else if n.Mode&fs.ModeSymlink != 0 {
			kind = "symbolic link"
		}
		user := p.M.UserName(n.UID)
		writeAll(p, strings.NewReplacer("%%", "%", "%n", name, "%s", strconv.FormatInt(size, 10), "%Y", strconv.FormatInt(n.Mod.Unix(), 10),
			"%Z", strconv.FormatInt(n.Mod.Unix(), 10), "%X", strconv.FormatInt(n.Mod.Unix(), 10), "%a", strconv.FormatUint(uint64(n.Mode.Perm()), 8),
			"%u", strconv.Itoa(n.UID), "%g", strconv.Itoa(n.UID), "%U", user, "%G", user, "%F", kind, "%i", strconv.Itoa(n.Ino),
			"%y", n.Mod.Format("2006-01-02 15:04:05.000000000 -0700"), "%h", "1", "%d", "2049", "%m", "/").Replace(format)+end)
	}
	return status
}

func (p *Proc) statFS(format, end string) int {
	total, free := p.M.FS.Space()
	i := func(n int64) string { return strconv.FormatInt(n, 10) }
	return writeAll(p, strings.NewReplacer("%a", i(free/4096), "%f", i(free/4096), "%b", i(total/4096), "%S", "4096", "%s", "4096", "%T", "ext2/ext3").Replace(format)+end)
}

func dfC(p *Proc, args []string) int {
	var paths []string
	unit, inodes, output := int64(1024), false, ""
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
		case strings.HasPrefix(a, "--output="):
			output = strings.TrimPrefix(a, "--output=")
		case strings.HasPrefix(a, "--block-size="):
			unit = blockSize(strings.TrimPrefix(a, "--block-size="))
		case a == "-B" && i+1 < len(args):
			i++
			unit = blockSize(args[i])
		case strings.HasPrefix(a, "-B"):
			unit = blockSize(a[2:])
		case strings.HasPrefix(a, "-"):
			inodes = inodes || strings.Contains(a, "i")
			if strings.Contains(a, "m") {
				unit = 1 << 20
			}
		default:
			paths = append(paths, a)
		}
	}
	total, free := p.M.FS.Space()
	if inodes {
		total, free, unit = 1310720, 1200000, 1
	}
	if len(paths) == 0 {
		paths = []string{"/"}
	}
	return p.dfTable(paths, output, total/unit, free/unit, unit)
}

func blockSize(s string) int64 {
	switch s {
	case "M", "1M":
		return 1 << 20
	case "G", "1G":
		return 1 << 30
	case "K", "1K":
		return 1 << 10
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 1024
	}
	return n
}

func (p *Proc) dfTable(paths []string, output string, total, free, unit int64) int {
	status := 0
	var rows [][]string
	percent := "0%"
	if total > 0 {
		percent = fmt.Sprintf("%d%%", (total-free)*100/total)
	}
	for _, name := range paths {
		if !p.M.FS.Exists(p.Abs(name)) {
			fmt.Fprintf(p.Stderr(), "df: %s: %v\n", name, ENOENT)
			status = 1
			continue
		}
		all := map[string]string{"source": "/dev/vda1", "size": strconv.FormatInt(total, 10), "used": strconv.FormatInt(total-free, 10),
			"avail": strconv.FormatInt(free, 10), "pcent": percent, "target": "/", "iavail": "1200000", "fstype": "ext4", "file": name}
		cols := []string{"source", "size", "used", "avail", "pcent", "target"}
		if output != "" {
			cols = strings.Split(output, ",")
		}
		var row []string
		for _, c := range cols {
			row = append(row, all[c])
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return status
	}
	head := "Filesystem " + strconv.FormatInt(unit, 10) + "-blocks Used Available Capacity Mounted on"
	if unit == 1024 {
		head = "Filesystem 1024-blocks Used Available Capacity Mounted on"
	}
	if output != "" {
		head = strings.NewReplacer("source", "Filesystem", "size", "1B-blocks", "used", "Used", "avail", "Avail", "pcent", "Use%", "target", "Mounted on", ",", " ").Replace(output)
	}
	writeAll(p, head+"\n")
	for _, r := range rows {
		writeAll(p, strings.Join(r, " ")+"\n")
	}
	return status
}

func mktempC(p *Proc, args []string) int {
	o := parseOptions(args, "p", "--tmpdir")
	tmpl := "tmp.XXXXXXXXXX"
	dir := "/tmp"
	if v, ok := o.get("p"); ok {
		dir = v
	}
	if len(o.rest) > 0 {
		tmpl = o.rest[0]
		if !o.on["p"] && !o.on["t"] {
			dir = p.Dir
		}
	}
	i := strings.LastIndex(tmpl, "XXX")
	if i < 0 {
		return p.complain(fmt.Sprintf("too few X's in template '%s'", tmpl), EINVAL)
	}
	base := strings.TrimRight(tmpl, "X")
	name := fmt.Sprintf("%s%06x%04x", base, p.PID, p.M.FS.nextIno&0xffff)
	if !path.IsAbs(name) {
		name = path.Join(dir, name)
	}
	var err error
	if o.on["d"] {
		err = p.M.FS.Mkdir(name, p.UID, 0o700)
	} else {
		err = p.writeFile(name, nil)
	}
	if err != nil {
		return p.complain(fmt.Sprintf("failed to create '%s'", name), err)
	}
	return writeAll(p, name+"\n")
}

func duC(p *Proc, args []string) int {
	o := parseOptions(args)
	for _, name := range o.rest {
		if !p.M.FS.Exists(p.Abs(name)) {
			return p.complain(fmt.Sprintf("cannot access '%s'", name), ENOENT)
		}
		writeAll(p, "4\t"+name+"\n")
	}
	return 0
}

func basenameC(p *Proc, args []string) int {
	if len(args) < 2 {
		return 1
	}
	b := path.Base(args[1])
	if args[0] == "dirname" {
		return writeAll(p, path.Dir(args[1])+"\n")
	}
	if len(args) > 2 && b != args[2] {
		b = strings.TrimSuffix(b, args[2])
	}
	return writeAll(p, b+"\n")
}
