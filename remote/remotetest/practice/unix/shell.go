package unix

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"

	"regexp"
)

// leave is how a statement ends other than by reaching its end.
type leave int

const (
	stay leave = iota
	leaveBreak
	leaveContinue
	leaveReturn
	leaveExit
)

// A shell runs POSIX shell statements as one process. Only one goroutine uses it.
type shell struct {
	p      *Proc
	vars   map[string]expand.Variable
	funcs  map[string]*syntax.Stmt
	params []string
	name   string
	pid    int // $$: of the main shell, also in subshells
	status int
	lastBG int
	bg     map[int]*Proc
	traps  map[string]string
	opts   map[byte]bool // e, u, f, x, n, C
	cfg    expand.Config

	going    leave
	levels   int // loops still to leave
	locals   []map[string]expand.Variable
	substErr int  // status of the last command substitution of this command
	substRan bool // there was one
	noErrE   int  // depth of places where set -e does not look
	inTrap   bool
}

func newShell(p *Proc) *shell {
	sh := &shell{p: p, vars: map[string]expand.Variable{}, funcs: map[string]*syntax.Stmt{}, name: "sh", pid: p.PID,
		bg: map[int]*Proc{}, traps: map[string]string{}, opts: map[byte]bool{}}
	for k, v := range p.Env {
		sh.vars[k] = expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: v}
	}
	sh.prepare()
	return sh
}

func (sh *shell) prepare() {
	sh.cfg = expand.Config{Env: env{sh}, CmdSubst: sh.cmdSubst}
}

// parse reads a script as dash would.
func parse(script, name string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), name)
}

// runSource runs a script and returns what $? is then.
func (sh *shell) runSource(script string) int {
	f, err := parse(script, sh.name)
	if err != nil {
		fmt.Fprintf(sh.p.Stderr(), "%s: %v\n", sh.name, err)
		sh.status = 2
		sh.going = leaveExit
		return 2
	}
	sh.stmts(f.Stmts)
	return sh.status
}

// finish runs the EXIT trap.
func (sh *shell) finish() int {
	status := sh.status
	if action, ok := sh.traps["EXIT"]; ok && sh.p.ctx.Err() == nil {
		delete(sh.traps, "EXIT")
		sh.going = stay
		sh.runSource(action)
		if sh.going == leaveExit {
			status = sh.status
		}
	}
	return status
}

func (sh *shell) stmts(list []*syntax.Stmt) {
	for _, s := range list {
		sh.stmt(s)
		if sh.going != stay || sh.p.ctx.Err() != nil {
			return
		}
	}
}

func (sh *shell) stmt(s *syntax.Stmt) {
	sh.runTraps()
	if sh.going != stay {
		return
	}
	if s.Background {
		sh.background(s)
		return
	}
	if s.Negated {
		sh.noErrE++
	}
	sh.redirected(s)
	if s.Negated {
		sh.noErrE--
		if sh.going == stay {
			sh.status = b2i(sh.status == 0)
		}
		return
	}
	sh.runTraps()
	if sh.status != 0 && sh.opts['e'] && sh.noErrE == 0 && sh.going == stay && stops(s) {
		sh.going = leaveExit
	}
}

// stops reports whether set -e looks at this kind of statement: and-or lists
// are judged by their last part, where that runs.
func stops(s *syntax.Stmt) bool {
	_, andOr := s.Cmd.(*syntax.BinaryCmd)
	return !andOr || s.Cmd.(*syntax.BinaryCmd).Op == syntax.Pipe
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (sh *shell) background(s *syntax.Stmt) {
	fds := dupAll(sh.p.FDs)
	if f := fds[0]; f != nil { // without job control, a background command reads nothing
		f.Close()
		fds[0] = NewFile(device("null"), "/dev/null")
	}
	c := *s
	c.Background = false
	child := sh.fork(fds, func(sub *shell) { sub.stmt(&c) })
	sh.status = 0
	if child != nil {
		sh.bg[child.PID] = child
		sh.lastBG = child.PID
	}
}

// fork starts a subshell on the given descriptors.
func (sh *shell) fork(fds map[int]*File, body func(sub *shell)) *Proc {
	sub := &shell{vars: maps.Clone(sh.vars), funcs: maps.Clone(sh.funcs), params: sh.params, name: sh.name, pid: sh.pid,
		status: sh.status, lastBG: sh.lastBG, bg: map[int]*Proc{}, traps: map[string]string{}, opts: maps.Clone(sh.opts), noErrE: sh.noErrE}
	for _, l := range sh.locals {
		sub.locals = append(sub.locals, maps.Clone(l))
	}
	for k, v := range sh.traps {
		if v == "" {
			sub.traps[k] = v // ignored signals stay ignored
		}
	}
	run := func(p *Proc, _ []string) int {
		sub.p = p
		sub.prepare()
		body(sub)
		return sub.finish()
	}
	return sh.p.M.Start(sh.p, Spec{Args: sh.p.Args, Run: run, FDs: fds, UID: sh.p.UID, Env: sh.exported()})
}

// redirected runs a statement's command with its redirections in place.
func (sh *shell) redirected(s *syntax.Stmt) {
	if len(s.Redirs) == 0 {
		sh.command(s.Cmd)
		return
	}
	saved := dupAll(sh.p.FDs)
	restore := func() {
		sh.p.closeAll()
		sh.p.FDs = saved
	}
	for _, r := range s.Redirs {
		if err := sh.redirect(r); err != nil {
			restore()
			fmt.Fprintf(sh.p.Stderr(), "%s: %d: %v\n", sh.name, r.Pos().Line(), err)
			sh.status = 2
			return
		}
	}
	if call, ok := s.Cmd.(*syntax.CallExpr); ok && len(call.Args) > 0 && call.Args[0].Lit() == "exec" && len(call.Args) == 1 {
		for _, f := range saved { // exec with redirections only: they stay
			f.Close()
		}
		sh.status = 0
		return
	}
	if s.Cmd == nil {
		sh.status = 0
	} else {
		sh.command(s.Cmd)
	}
	restore()
}

func (sh *shell) command(c syntax.Command) {
	switch c := c.(type) {
	case nil:
		sh.status = 0
	case *syntax.CallExpr:
		sh.call(c)
	case *syntax.Block:
		sh.stmts(c.Stmts)
	case *syntax.Subshell:
		child := sh.fork(dupAll(sh.p.FDs), func(sub *shell) { sub.stmts(c.Stmts) })
		sh.status = sh.p.await(child)
	case *syntax.BinaryCmd:
		sh.binary(c)
	case *syntax.IfClause:
		sh.ifClause(c)
	case *syntax.WhileClause:
		sh.while(c)
	case *syntax.ForClause:
		sh.forClause(c)
	case *syntax.CaseClause:
		sh.caseClause(c)
	case *syntax.FuncDecl:
		sh.funcs[c.Name.Value] = c.Body
		sh.status = 0
	default:
		fmt.Fprintf(sh.p.Stderr(), "%s: this shell does not know %T\n", sh.name, c)
		sh.status, sh.going = 2, leaveExit
	}
}

// condition runs a list whose failure set -e does not look at.
func (sh *shell) condition(list []*syntax.Stmt) bool {
	sh.noErrE++
	sh.stmts(list)
	sh.noErrE--
	return sh.status == 0 && sh.going == stay && sh.p.ctx.Err() == nil
}

func (sh *shell) binary(c *syntax.BinaryCmd) {
	switch c.Op {
	case syntax.Pipe:
		sh.pipeline(c)
		return
	case syntax.AndStmt, syntax.OrStmt:
		ok := sh.condition([]*syntax.Stmt{c.X})
		if sh.going == stay && sh.p.ctx.Err() == nil && ok == (c.Op == syntax.AndStmt) {
			sh.stmt(c.Y)
		}
		return
	}
	fmt.Fprintf(sh.p.Stderr(), "%s: this shell does not know %v\n", sh.name, c.Op)
	sh.status, sh.going = 2, leaveExit
}

func (sh *shell) pipeline(c *syntax.BinaryCmd) {
	var parts []*syntax.Stmt
	var flatten func(s *syntax.Stmt)
	flatten = func(s *syntax.Stmt) {
		if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && b.Op == syntax.Pipe && !s.Negated && len(s.Redirs) == 0 {
			flatten(b.X)
			flatten(b.Y)
			return
		}
		parts = append(parts, s)
	}
	flatten(c.X)
	flatten(c.Y)
	var children []*Proc
	var in *File
	for i, part := range parts {
		fds := dupAll(sh.p.FDs)
		if in != nil {
			setFD(fds, 0, in)
			in = nil
		}
		if i < len(parts)-1 {
			r, w := NewPipe()
			setFD(fds, 1, w)
			in = r
		}
		children = append(children, sh.fork(fds, func(sub *shell) { sub.stmt(part) }))
	}
	for _, child := range children {
		sh.status = sh.p.await(child)
	}
}

func setFD(fds map[int]*File, n int, f *File) {
	if old := fds[n]; old != nil {
		old.Close()
	}
	fds[n] = f
}

func (sh *shell) ifClause(c *syntax.IfClause) {
	if len(c.Cond) == 0 { // else
		sh.stmts(c.Then)
		return
	}
	if sh.condition(c.Cond) {
		sh.stmts(c.Then)
		return
	}
	if sh.going != stay {
		return
	}
	sh.status = 0
	if c.Else != nil {
		sh.ifClause(c.Else)
	}
}

// loopOver tells a loop what to do after its body: leave or go on.
func (sh *shell) loopOver() (out bool) {
	switch sh.going {
	case leaveBreak:
		if sh.levels--; sh.levels <= 0 {
			sh.going = stay
		}
		return true
	case leaveContinue:
		if sh.levels--; sh.levels > 0 {
			return true
		}
		sh.going = stay
		return false
	}
	return sh.going != stay || sh.p.ctx.Err() != nil
}

func (sh *shell) while(c *syntax.WhileClause) {
	last := 0
	for sh.condition(c.Cond) != c.Until {
		sh.stmts(c.Do)
		last = sh.status
		if sh.loopOver() {
			return
		}
	}
	if sh.going == leaveBreak || sh.going == leaveContinue {
		sh.loopOver()
	}
	if sh.going == stay {
		sh.status = last
	}
}

func (sh *shell) forClause(c *syntax.ForClause) {
	it, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		sh.fail(2, "this shell does not know such a for")
		return
	}
	items := sh.params
	if it.InPos.IsValid() {
		var err error
		if items, err = sh.fields(it.Items); err != nil {
			sh.expansionFailed(err)
			return
		}
	}
	sh.status = 0
	for _, v := range items {
		sh.set(it.Name.Value, v)
		sh.stmts(c.Do)
		if sh.loopOver() {
			return
		}
	}
}

func (sh *shell) caseClause(c *syntax.CaseClause) {
	v, err := expand.Literal(&sh.cfg, c.Word)
	if err != nil {
		sh.expansionFailed(err)
		return
	}
	sh.status = 0
	for _, item := range c.Items {
		for _, w := range item.Patterns {
			pat, err := expand.Pattern(&sh.cfg, w)
			if err != nil {
				sh.expansionFailed(err)
				return
			}
			if matches(pat, v) {
				sh.stmts(item.Stmts)
				return
			}
		}
	}
}

// matches reports whether a whole string fits a shell pattern.
func matches(pat, s string) bool {
	rx, err := pattern.Regexp(pat, pattern.EntireString)
	if err != nil {
		return pat == s
	}
	re, err := regexp.Compile(rx)
	return err == nil && re.MatchString(s)
}

func (sh *shell) fail(status int, format string, args ...any) {
	fmt.Fprintf(sh.p.Stderr(), sh.name+": "+format+"\n", args...)
	sh.status = status
}

// expansionFailed ends the shell, as POSIX has it for a shell that is not interactive.
func (sh *shell) expansionFailed(err error) {
	sh.fail(2, "%v", err)
	sh.going = leaveExit
}

func (sh *shell) cmdSubst(w io.Writer, cs *syntax.CmdSubst) error {
	var buf bytes.Buffer
	fds := dupAll(sh.p.FDs)
	setFD(fds, 1, NewFile(&Sink{W: &buf}, "pipe"))
	child := sh.fork(fds, func(sub *shell) { sub.stmts(cs.Stmts) })
	sh.substErr, sh.substRan = sh.p.await(child), true
	if sh.p.ctx.Err() != nil {
		return sh.p.ctx.Err() // the child may still write into buf
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// call runs a simple command.
func (sh *shell) call(c *syntax.CallExpr) {
	sh.substRan, sh.substErr = false, 0
	args, err := sh.fields(c.Args)
	if err != nil {
		sh.expansionFailed(err)
		return
	}
	if len(args) == 0 {
		for _, a := range c.Assigns {
			if !sh.assign(a) {
				return
			}
		}
		sh.status = 0
		if sh.substRan {
			sh.status = sh.substErr
		}
		return
	}
	if sh.opts['x'] {
		fmt.Fprintln(sh.p.Stderr(), "+ "+strings.Join(args, " "))
	}
	if len(c.Assigns) > 0 && !specialBuiltins[args[0]] {
		before := map[string]expand.Variable{}
		for _, a := range c.Assigns {
			before[a.Name.Value] = sh.vars[a.Name.Value]
			if !sh.assign(a) {
				return
			}
			v := sh.vars[a.Name.Value]
			v.Exported = true
			sh.vars[a.Name.Value] = v
		}
		sh.invoke(args)
		for k, v := range before {
			if v.IsSet() {
				sh.vars[k] = v
			} else {
				delete(sh.vars, k)
			}
		}
		return
	}
	for _, a := range c.Assigns {
		if !sh.assign(a) {
			return
		}
	}
	sh.invoke(args)
}

func (sh *shell) assign(a *syntax.Assign) bool {
	v := ""
	if a.Value != nil {
		var err error
		if v, err = expand.Literal(&sh.cfg, a.Value); err != nil {
			sh.expansionFailed(err)
			return false
		}
	}
	if sh.vars[a.Name.Value].ReadOnly {
		sh.fail(2, "%s: is read only", a.Name.Value)
		sh.going = leaveExit
		return false
	}
	sh.set(a.Name.Value, v)
	return true
}

func (sh *shell) set(name, v string) {
	old := sh.vars[name]
	sh.vars[name] = expand.Variable{Set: true, Kind: expand.String, Str: v, Exported: old.Exported || sh.opts['a'], ReadOnly: old.ReadOnly}
}

func (sh *shell) exported() map[string]string {
	out := map[string]string{}
	for k, v := range sh.vars {
		if v.Exported && v.IsSet() {
			out[k] = v.Str
		}
	}
	return out
}
