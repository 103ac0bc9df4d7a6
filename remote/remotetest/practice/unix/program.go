package unix

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// invoke runs a function, a builtin or a program.
func (sh *shell) invoke(args []string) {
	if specialBuiltins[args[0]] {
		sh.status = builtins[args[0]](sh, args)
		return
	}
	if body, ok := sh.funcs[args[0]]; ok {
		sh.function(body, args)
		return
	}
	if b, ok := builtins[args[0]]; ok {
		sh.status = b(sh, args)
		return
	}
	sh.status = sh.external(args)
}

func (sh *shell) function(body *syntax.Stmt, args []string) {
	params := sh.params
	sh.params = args[1:]
	sh.locals = append(sh.locals, map[string]expand.Variable{})
	sh.stmt(body)
	last := sh.locals[len(sh.locals)-1]
	sh.locals = sh.locals[:len(sh.locals)-1]
	for k, v := range last {
		if v.IsSet() {
			sh.vars[k] = v
		} else {
			delete(sh.vars, k)
		}
	}
	sh.params = params
	if sh.going == leaveReturn {
		sh.going = stay
	}
}

func (sh *shell) external(args []string) int {
	run, status := sh.p.lookup(args[0])
	if run == nil {
		sh.p.notFound(sh.name, args, status)
		return status
	}
	return sh.p.Call(run, args, sh.exported())
}

func (p *Proc) notFound(shell string, args []string, status int) {
	if status == 126 {
		fmt.Fprintf(p.Stderr(), "%s: 1: %s: Permission denied\n", shell, args[0])
		return
	}
	fmt.Fprintf(p.Stderr(), "%s: 1: %s: not found\n", shell, args[0])
	if p.M.Unknown != nil {
		p.M.Unknown(args[0], slices.Clone(args))
	}
}

// lookup finds a program; without one, the status a shell would give.
func (p *Proc) lookup(name string) (Command, int) {
	base := name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		base = name[i+1:]
		abs := p.Abs(name)
		dir := abs[:strings.LastIndexByte(abs, '/')]
		inBin := slices.Contains([]string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"}, dir)
		if n, _, err := p.M.FS.Stat(abs, p.UID, true); err == nil && !n.IsDir() {
			if !p.M.FS.Access(abs, p.UID, 1) {
				return nil, 126
			}
			return scriptCommand, 0
		}
		if !inBin {
			return nil, 127
		}
	}
	if c, ok := p.M.Commands[base]; ok {
		return c, 0
	}
	return nil, 127
}

// scriptCommand runs a file of the machine as a shell script.
func scriptCommand(p *Proc, args []string) int {
	data, err := p.M.FS.ReadFile(p.Abs(args[0]), p.UID)
	if err != nil {
		fmt.Fprintf(p.Stderr(), "sh: 0: cannot open %s: %v\n", args[0], err)
		return 2
	}
	sh := newShell(p)
	sh.name, sh.params = args[0], args[1:]
	sh.runSource(string(data))
	return sh.finish()
}
