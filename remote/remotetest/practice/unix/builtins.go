package unix

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
)

type builtin func(sh *shell, args []string) int

// Assignments before a special builtin stay, and no function hides it.
var specialBuiltins = map[string]bool{":": true, ".": true, "break": true, "continue": true, "eval": true, "exec": true, "exit": true,
	"export": true, "readonly": true, "return": true, "set": true, "shift": true, "trap": true, "unset": true}

var builtins map[string]builtin

func init() {
	builtins = map[string]builtin{
		":": func(*shell, []string) int { return 0 }, "true": func(*shell, []string) int { return 0 },
		"false": func(*shell, []string) int { return 1 },
		".":     dot, "eval": evalB, "exec": execB, "exit": exitB, "export": exportB, "readonly": exportB, "return": returnB,
		"break": loopB, "continue": loopB, "set": setB, "shift": shiftB, "trap": trapB, "unset": unsetB,
		"cd": cdB, "command": commandB, "local": localB, "pwd": pwdB, "read": readB, "test": testB, "[": testB,
		"echo": echoB, "printf": printfB, "type": typeB, "umask": umaskB, "wait": waitB, "kill": killB, "hash": func(*shell, []string) int { return 0 },
		"ulimit": func(*shell, []string) int { return 0 }, "getopts": getoptsB,
	}
}

func number(args []string, i, otherwise int) int {
	if len(args) <= i {
		return otherwise
	}
	n, err := strconv.Atoi(args[i])
	if err != nil {
		return 2
	}
	return n
}

func dot(sh *shell, args []string) int {
	data, err := sh.p.M.FS.ReadFile(sh.p.Abs(args[1]), sh.p.UID)
	if err != nil {
		sh.fail(2, ".: cannot open %s: %v", args[1], err)
		sh.going = leaveExit
		return 2
	}
	sh.runSource(string(data))
	if sh.going == leaveReturn {
		sh.going = stay
	}
	return sh.status
}

func evalB(sh *shell, args []string) int {
	script := strings.Join(args[1:], " ")
	if strings.TrimSpace(script) == "" {
		return 0
	}
	return sh.runSource(script)
}

func execB(sh *shell, args []string) int {
	if len(args) == 1 {
		return 0
	}
	run, status := sh.p.lookup(args[1])
	if run == nil {
		sh.p.notFound(sh.name, args[1:], status)
		sh.going = leaveExit
		return status
	}
	// The process becomes the other program: same PID, same descriptors.
	delete(sh.traps, "EXIT")
	sh.p.mu.Lock()
	clear(sh.p.caught)
	sh.p.mu.Unlock()
	sh.p.Env = sh.exported()
	sh.p.become(args[1:])
	sh.status = run(sh.p, args[1:])
	sh.going = leaveExit
	return sh.status
}

func exitB(sh *shell, args []string) int {
	sh.going = leaveExit
	return number(args, 1, sh.status)
}

func returnB(sh *shell, args []string) int {
	sh.going = leaveReturn
	return number(args, 1, sh.status)
}

func loopB(sh *shell, args []string) int {
	sh.levels = max(1, number(args, 1, 1))
	sh.going = leaveBreak
	if args[0] == "continue" {
		sh.going = leaveContinue
	}
	return 0
}

func exportB(sh *shell, args []string) int {
	for _, a := range args[1:] {
		if a == "-p" {
			continue
		}
		name, v, set := strings.Cut(a, "=")
		if set {
			sh.set(name, v)
		}
		x := sh.vars[name]
		if args[0] == "export" {
			x.Exported = true
		} else {
			x.ReadOnly = true
		}
		sh.vars[name] = x
	}
	return 0
}

func setB(sh *shell, args []string) int {
	long := map[string]byte{"errexit": 'e', "nounset": 'u', "noglob": 'f', "xtrace": 'x', "noclobber": 'C', "allexport": 'a'}
	rest := args[1:]
	for len(rest) > 0 {
		a := rest[0]
		if a == "--" {
			sh.params = slices.Clone(rest[1:])
			return 0
		}
		if len(a) < 2 || a[0] != '-' && a[0] != '+' {
			sh.params = slices.Clone(rest)
			return 0
		}
		for _, o := range []byte(a[1:]) {
			if o == 'o' && len(rest) > 1 {
				o = long[rest[1]]
				rest = rest[1:]
			}
			sh.opts[o] = a[0] == '-'
		}
		rest = rest[1:]
	}
	return 0
}

func shiftB(sh *shell, args []string) int {
	n := number(args, 1, 1)
	if n > len(sh.params) {
		sh.fail(2, "shift: can't shift that many")
		sh.going = leaveExit
		return 2
	}
	sh.params = sh.params[n:]
	return 0
}

func unsetB(sh *shell, args []string) int {
	for _, a := range args[1:] {
		switch a {
		case "-v", "-f":
			continue
		}
		delete(sh.vars, a)
		if len(args) > 1 && args[1] == "-f" {
			delete(sh.funcs, a)
		}
	}
	return 0
}

func localB(sh *shell, args []string) int {
	if len(sh.locals) == 0 {
		sh.fail(2, "local: not in a function")
		return 2
	}
	scope := sh.locals[len(sh.locals)-1]
	for _, a := range args[1:] {
		name, v, set := strings.Cut(a, "=")
		if _, ok := scope[name]; !ok {
			scope[name] = sh.vars[name]
		}
		if set {
			sh.set(name, v)
		}
	}
	return 0
}

func cdB(sh *shell, args []string) int {
	if len(args) > 1 && (args[1] == "--" || args[1] == "-P" || args[1] == "-L") {
		args = args[1:]
	}
	to := sh.vars["HOME"].Str
	if len(args) > 1 {
		to = args[1]
	}
	n, _, err := sh.p.M.FS.Stat(sh.p.Abs(to), sh.p.UID, true)
	if err != nil || !n.IsDir() {
		sh.fail(2, "cd: can't cd to %s", to)
		return 2
	}
	sh.p.Dir = sh.p.Abs(to)
	sh.set("PWD", sh.p.Dir)
	return 0
}

func pwdB(sh *shell, _ []string) int {
	fmt.Fprintln(sh.p.Stdout(), sh.p.Dir)
	return 0
}

func commandB(sh *shell, args []string) int {
	rest := args[1:]
	show := false
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		show = show || rest[0] == "-v" || rest[0] == "-V"
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return 0
	}
	if show {
		return sh.show(rest[0])
	}
	if b, ok := builtins[rest[0]]; ok {
		return b(sh, rest)
	}
	return sh.external(rest)
}

func (sh *shell) show(name string) int {
	_, isFunc := sh.funcs[name]
	_, isBuiltin := builtins[name]
	if isFunc || isBuiltin {
		fmt.Fprintln(sh.p.Stdout(), name)
		return 0
	}
	if c, _ := sh.p.lookup(name); c != nil {
		if !strings.Contains(name, "/") {
			name = "/usr/bin/" + name
		}
		fmt.Fprintln(sh.p.Stdout(), name)
		return 0
	}
	return 127
}

func typeB(sh *shell, args []string) int {
	if len(args) < 2 {
		return 0
	}
	return sh.show(args[1])
}

func umaskB(sh *shell, args []string) int {
	if len(args) < 2 {
		fmt.Fprintf(sh.p.Stdout(), "%04o\n", sh.p.Umask)
		return 0
	}
	n, err := strconv.ParseUint(args[1], 8, 32)
	if err != nil {
		sh.fail(2, "umask: Illegal number: %s", args[1])
		return 2
	}
	sh.p.Umask = perm(n)
	return 0
}

func waitB(sh *shell, args []string) int {
	if len(args) == 1 {
		pids := make([]int, 0, len(sh.bg))
		for pid := range sh.bg {
			pids = append(pids, pid)
		}
		sort.Ints(pids)
		for _, pid := range pids {
			if st, cut := sh.waitFor(sh.bg[pid]); cut {
				return st
			}
			delete(sh.bg, pid)
		}
		return 0
	}
	status := 0
	for _, a := range args[1:] {
		pid, _ := strconv.Atoi(strings.TrimPrefix(a, "%"))
		child := sh.bg[pid]
		if child == nil {
			status = 127
			continue
		}
		var cut bool
		if status, cut = sh.waitFor(child); cut {
			return status
		}
	}
	return status
}

// waitFor waits for a child, or for a signal that a trap is set for.
func (sh *shell) waitFor(child *Proc) (status int, cut bool) {
	for {
		select {
		case <-child.done:
			return child.status, false
		case <-sh.p.ctx.Done():
			return 137, true
		case <-sh.p.pendingCh:
			sh.p.mu.Lock()
			n := len(sh.p.pending)
			var s Signal
			if n > 0 {
				s = sh.p.pending[0]
			}
			sh.p.mu.Unlock()
			if n > 0 {
				return 128 + int(s), true
			}
		}
	}
}

// runTraps runs the actions of the signals that came.
func (sh *shell) runTraps() {
	if sh.inTrap {
		return
	}
	sh.p.mu.Lock()
	pending := sh.p.pending
	sh.p.pending = nil
	sh.p.mu.Unlock()
	for _, s := range pending {
		for name, n := range signals {
			if action := sh.traps[name]; n == s && action != "" {
				status := sh.status
				sh.inTrap = true
				sh.runSource(action)
				sh.inTrap = false
				if sh.going == stay {
					sh.status = status
				}
			}
		}
	}
}

func trapB(sh *shell, args []string) int {
	if len(args) > 1 && args[1] == "--" {
		args = append(args[:1:1], args[2:]...)
	}
	if len(args) == 1 {
		for k, v := range sh.traps {
			fmt.Fprintf(sh.p.Stdout(), "trap -- '%s' %s\n", v, k)
		}
		return 0
	}
	action, names := args[1], args[2:]
	reset := action == "-"
	if _, err := strconv.Atoi(action); len(args) == 2 || err == nil {
		reset, names = true, args[1:]
	}
	for _, name := range names {
		name, sig, ok := signalName(name)
		if !ok {
			sh.fail(1, "trap: %s: bad trap", name)
			return 1
		}
		if reset {
			delete(sh.traps, name)
		} else {
			sh.traps[name] = action
		}
		if name == "EXIT" {
			continue
		}
		sh.p.mu.Lock()
		sh.p.ignored[sig] = !reset && action == ""
		sh.p.caught[sig] = !reset && action != ""
		sh.p.mu.Unlock()
	}
	return 0
}

func signalName(s string) (string, Signal, bool) {
	s = strings.TrimPrefix(s, "SIG")
	if s == "0" || s == "EXIT" {
		return "EXIT", 0, true
	}
	if n, ok := signals[s]; ok {
		return s, n, true
	}
	if v, err := strconv.Atoi(s); err == nil {
		for name, n := range signals {
			if int(n) == v {
				return name, n, true
			}
		}
	}
	return s, 0, false
}

func killB(sh *shell, args []string) int { return kill(sh.p, args) }

func kill(p *Proc, args []string) int {
	sig, rest := Signal(15), args[1:]
	probe := false
	if len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "--" {
		name := rest[0][1:]
		rest = rest[1:]
		if name == "s" && len(rest) > 0 {
			name, rest = rest[0], rest[1:]
		}
		if probe = name == "0"; !probe {
			var ok bool
			if _, sig, ok = signalName(name); !ok {
				fmt.Fprintf(p.Stderr(), "kill: invalid signal\n")
				return 2
			}
		}
	}
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	status := 0
	for _, a := range rest {
		pid, err := strconv.Atoi(a)
		targets := p.M.targets(pid)
		if err != nil || len(targets) == 0 {
			fmt.Fprintf(p.Stderr(), "kill: No such process\n\n")
			status = 1
			continue
		}
		for _, t := range targets {
			if p.UID != 0 && t.UID != p.UID {
				fmt.Fprintf(p.Stderr(), "kill: Operation not permitted\n\n")
				status = 1
			} else if !probe {
				t.Signal(sig)
			}
		}
	}
	return status
}

// targets returns the process of a PID, or with a negative one its process group.
func (m *Machine) targets(pid int) []*Proc {
	var out []*Proc
	for _, p := range m.Procs() {
		if p.PID == pid || pid < 0 && p.PGID == -pid {
			out = append(out, p)
		}
	}
	return out
}

// readLine reads up to a newline, byte by byte: what follows belongs to the next reader.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		if n == 1 {
			if b[0] == '\n' {
				return string(line), nil
			}
			if b[0] != 0 {
				line = append(line, b[0])
			}
		}
		if err != nil {
			return string(line), err
		}
	}
}

func readB(sh *shell, args []string) int {
	raw, rest := false, args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		raw = raw || rest[0] == "-r"
		if rest[0] == "-p" {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	line, err := readLine(sh.p.Stdin())
	for !raw && err == nil && strings.HasSuffix(line, "\\") {
		var more string
		more, err = readLine(sh.p.Stdin())
		line = line[:len(line)-1] + more
	}
	if len(rest) == 0 {
		rest = []string{"REPLY"}
	}
	var values []string
	if ifs := sh.vars["IFS"]; ifs.IsSet() && ifs.Str == "" {
		values = []string{line}
	} else {
		values = expand.ReadFields(&sh.cfg, line, len(rest), raw)
	}
	for i, name := range rest {
		v := ""
		if i < len(values) {
			v = values[i]
		}
		sh.set(name, v)
	}
	return b2i(err != nil)
}

func getoptsB(sh *shell, args []string) int {
	if len(args) < 3 {
		return 2
	}
	list := sh.params
	if len(args) > 3 {
		list = args[3:]
	}
	i, _ := strconv.Atoi(sh.vars["OPTIND"].Str)
	if i < 1 {
		i = 1
	}
	if i > len(list) || len(list[i-1]) != 2 || list[i-1][0] != '-' || list[i-1] == "--" {
		sh.set(args[2], "?")
		return 1
	}
	o := list[i-1][1:]
	at := strings.Index(args[1], o)
	if at < 0 {
		sh.set(args[2], "?")
	} else {
		sh.set(args[2], o)
		if at+1 < len(args[1]) && args[1][at+1] == ':' && i < len(list) {
			i++
			sh.set("OPTARG", list[i-1])
		}
	}
	sh.set("OPTIND", strconv.Itoa(i+1))
	return 0
}
