package unix

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// env shows a shell's variables and special parameters to package expand.
type env struct{ sh *shell }

func str(s string) expand.Variable {
	return expand.Variable{Set: true, Kind: expand.String, Str: s}
}

// Get implements expand.Environ.
func (e env) Get(name string) expand.Variable {
	sh := e.sh
	switch name {
	case "#":
		return str(strconv.Itoa(len(sh.params)))
	case "@", "*":
		return expand.Variable{Set: true, Kind: expand.Indexed, List: append([]string{}, sh.params...)}
	case "?":
		return str(strconv.Itoa(sh.status))
	case "$":
		return str(strconv.Itoa(sh.pid))
	case "PPID":
		return str(strconv.Itoa(sh.p.PPID))
	case "!":
		if sh.lastBG == 0 {
			return expand.Variable{}
		}
		return str(strconv.Itoa(sh.lastBG))
	case "-":
		var s string
		for o, on := range sh.opts {
			if on {
				s += string(o)
			}
		}
		return str(s)
	case "0":
		return str(sh.name)
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n <= len(sh.params) {
			return str(sh.params[n-1])
		}
		return expand.Variable{}
	}
	return sh.vars[name]
}

// Each implements expand.Environ.
func (e env) Each(visit func(string, expand.Variable) bool) {
	for k, v := range e.sh.vars {
		if !visit(k, v) {
			return
		}
	}
}

// Set implements expand.WriteEnviron: ${x:=y} and arithmetic assign.
func (e env) Set(name string, v expand.Variable) error {
	if e.sh.vars[name].ReadOnly {
		return fmt.Errorf("%s: is read only", name)
	}
	if !v.IsSet() {
		delete(e.sh.vars, name)
		return nil
	}
	e.sh.set(name, v.String())
	return nil
}

// fields expands words into arguments: parameters, commands, splitting, and
// file names for words whose own text holds a pattern.
func (sh *shell) fields(words []*syntax.Word) ([]string, error) {
	sh.cfg.NoUnset = sh.opts['u']
	var out []string
	for _, w := range words {
		if !sh.opts['f'] && hasGlob(w) {
			pat, err := expand.Pattern(&sh.cfg, w)
			if err != nil {
				return nil, err
			}
			if found := sh.glob(pat); len(found) > 0 {
				out = append(out, found...)
				continue
			}
		}
		f, err := expand.Fields(&sh.cfg, w)
		if err != nil {
			return nil, err
		}
		out = append(out, f...)
	}
	return out, nil
}

func hasGlob(w *syntax.Word) bool {
	return slices.ContainsFunc(w.Parts, func(p syntax.WordPart) bool {
		l, ok := p.(*syntax.Lit)
		return ok && strings.ContainsAny(l.Value, "*?[")
	})
}

// glob returns the sorted names that fit, in the machine's own file system.
func (sh *shell) glob(pat string) []string {
	found := []string{""}
	if strings.HasPrefix(pat, "/") {
		found = []string{"/"}
	}
	parts := strings.Split(strings.Trim(pat, "/"), "/")
	for _, part := range parts {
		var next []string
		for _, dir := range found {
			next = append(next, sh.globIn(dir, part)...)
		}
		found = next
	}
	slices.Sort(found)
	return found
}

func (sh *shell) globIn(dir, part string) []string {
	if !pattern.HasMeta(part, 0) {
		p := path.Join(dir, unescape(part))
		if _, _, err := sh.p.M.FS.Stat(sh.p.Abs(p), sh.p.UID, false); err != nil {
			return nil
		}
		return []string{p}
	}
	names, err := sh.p.M.FS.ReadDir(sh.p.Abs(dir), sh.p.UID)
	if err != nil {
		return nil
	}
	var out []string
	for _, n := range names {
		if strings.HasPrefix(n, ".") && !strings.HasPrefix(part, ".") {
			continue
		}
		if matches(part, n) {
			out = append(out, path.Join(dir, n))
		}
	}
	return out
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// redirect changes the process's descriptors as one redirection says.
func (sh *shell) redirect(r *syntax.Redirect) error {
	n := 1
	switch r.Op {
	case syntax.RdrIn, syntax.DplIn, syntax.Hdoc, syntax.DashHdoc, syntax.RdrInOut:
		n = 0
	}
	if r.N != nil {
		v, err := strconv.Atoi(r.N.Value)
		if err != nil {
			return err
		}
		n = v
	}
	if r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc {
		return sh.heredoc(r, n)
	}
	arg, err := expand.Literal(&sh.cfg, r.Word)
	if err != nil {
		return err
	}
	if r.Op == syntax.DplIn || r.Op == syntax.DplOut {
		return sh.duplicate(n, arg)
	}
	flag := openRead
	switch r.Op {
	case syntax.RdrOut, syntax.RdrClob:
		flag = openWrite | openCreate | openTrunc
		if sh.opts['C'] && r.Op == syntax.RdrOut && arg != "/dev/null" {
			flag |= openExcl
		}
	case syntax.AppOut:
		flag = openWrite | openCreate | openAppend
	case syntax.RdrInOut:
		flag = openRead | openWrite | openCreate
	case syntax.RdrIn:
	default:
		return fmt.Errorf("this shell does not know %v", r.Op)
	}
	f, err := sh.p.Open(arg, flag)
	if err != nil {
		verb := "create"
		if flag == openRead {
			verb = "open"
		}
		return fmt.Errorf("cannot %s %s: %w", verb, arg, err)
	}
	setFD(sh.p.FDs, n, f)
	return nil
}

// Open opens a file by name, relative to the process's directory.
func (p *Proc) Open(name string, flag openFlag) (*File, error) {
	abs := p.Abs(name)
	std := map[string]int{"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
	n, ok := std[abs]
	if rest, is := strings.CutPrefix(abs, "/dev/fd/"); is {
		v, err := strconv.Atoi(rest)
		n, ok = v, err == nil
	}
	if ok {
		if f := p.FDs[n]; f != nil {
			return f.Dup(), nil
		}
		return nil, ENOENT
	}
	return p.M.FS.open(abs, p.UID, flag, 0o666&^p.Umask)
}

func (sh *shell) duplicate(n int, arg string) error {
	if arg == "-" {
		if f := sh.p.FDs[n]; f != nil {
			f.Close()
			delete(sh.p.FDs, n)
		}
		return nil
	}
	from, err := strconv.Atoi(arg)
	if err != nil {
		return fmt.Errorf("Bad fd number")
	}
	f := sh.p.FDs[from]
	if f == nil {
		return fmt.Errorf("%d: %w", from, EBADF)
	}
	if from != n {
		setFD(sh.p.FDs, n, f.Dup())
	}
	return nil
}

func (sh *shell) heredoc(r *syntax.Redirect, n int) error {
	text := ""
	if r.Hdoc != nil {
		var err error
		if text, err = expand.Document(&sh.cfg, r.Hdoc); err != nil {
			return err
		}
	}
	if r.Op == syntax.DashHdoc {
		lines := strings.SplitAfter(text, "\n")
		for i := range lines {
			lines[i] = strings.TrimLeft(lines[i], "\t")
		}
		text = strings.Join(lines, "")
	}
	setFD(sh.p.FDs, n, NewFile(&regular{f: sh.p.M.FS, fixed: append([]byte{}, text...)}, "heredoc"))
	return nil
}
