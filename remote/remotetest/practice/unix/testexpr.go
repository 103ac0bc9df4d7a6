package unix

import (
	"fmt"
	"io/fs"
	"strconv"
)

// testB is test and [.
func testB(sh *shell, args []string) int {
	a := args[1:]
	if args[0] == "[" {
		if len(a) == 0 || a[len(a)-1] != "]" {
			sh.fail(2, "[: missing ]")
			return 2
		}
		a = a[:len(a)-1]
	}
	e := &testExpr{p: sh.p, args: a}
	if len(a) == 0 {
		return 1
	}
	v := e.or()
	if e.bad != "" || len(e.args) > 0 {
		sh.fail(2, "[: %s", e.bad)
		return 2
	}
	return b2i(!v)
}

type testExpr struct {
	p    *Proc
	args []string
	bad  string
}

func (e *testExpr) peek(i int) string {
	if i < len(e.args) {
		return e.args[i]
	}
	return ""
}

func (e *testExpr) or() bool {
	v := e.and()
	for e.peek(0) == "-o" {
		e.args = e.args[1:]
		v = e.and() || v
	}
	return v
}

func (e *testExpr) and() bool {
	v := e.not()
	for e.peek(0) == "-a" {
		e.args = e.args[1:]
		v = e.not() && v
	}
	return v
}

func (e *testExpr) not() bool {
	if e.peek(0) == "!" && len(e.args) > 1 {
		e.args = e.args[1:]
		return !e.not()
	}
	return e.primary()
}

var binaryTests = map[string]bool{"=": true, "==": true, "!=": true, "-eq": true, "-ne": true, "-gt": true, "-ge": true, "-lt": true, "-le": true, "-nt": true, "-ot": true, "-ef": true, "<": true, ">": true}

func (e *testExpr) primary() bool {
	if len(e.args) >= 3 && binaryTests[e.args[1]] {
		a, op, b := e.args[0], e.args[1], e.args[2]
		e.args = e.args[3:]
		return e.compare(a, op, b)
	}
	if e.peek(0) == "(" && len(e.args) > 2 {
		e.args = e.args[1:]
		v := e.or()
		if e.peek(0) != ")" {
			e.bad = "closing paren expected"
			return false
		}
		e.args = e.args[1:]
		return v
	}
	if len(e.args) >= 2 && len(e.args[0]) == 2 && e.args[0][0] == '-' {
		op, arg := e.args[0], e.args[1]
		e.args = e.args[2:]
		return e.unary(op, arg)
	}
	if len(e.args) == 0 {
		e.bad = "argument expected"
		return false
	}
	v := e.args[0] != ""
	e.args = e.args[1:]
	return v
}

func (e *testExpr) compare(a, op, b string) bool {
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "-nt", "-ot", "-ef":
		x, _, errX := e.p.M.FS.Stat(e.p.Abs(a), e.p.UID, true)
		y, _, errY := e.p.M.FS.Stat(e.p.Abs(b), e.p.UID, true)
		if errX != nil || errY != nil {
			return op == "-nt" && errX == nil || op == "-ot" && errY == nil
		}
		return op == "-nt" && x.Mod.After(y.Mod) || op == "-ot" && x.Mod.Before(y.Mod) || op == "-ef" && x.Ino == y.Ino
	}
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX != nil {
		e.bad = fmt.Sprintf("Illegal number: %s", a)
		return false
	}
	if errY != nil {
		e.bad = fmt.Sprintf("Illegal number: %s", b)
		return false
	}
	switch op {
	case "-eq":
		return x == y
	case "-ne":
		return x != y
	case "-gt":
		return x > y
	case "-ge":
		return x >= y
	case "-lt":
		return x < y
	}
	return x <= y
}

func (e *testExpr) unary(op, arg string) bool {
	switch op {
	case "-n":
		return arg != ""
	case "-z":
		return arg == ""
	case "-t":
		return false // there is no terminal anywhere
	}
	p := e.p.Abs(arg)
	n, size, err := e.p.M.FS.Stat(p, e.p.UID, op != "-h" && op != "-L")
	switch op {
	case "-e":
		return err == nil
	case "-f":
		return err == nil && n.Mode.IsRegular()
	case "-d":
		return err == nil && n.IsDir()
	case "-s":
		return err == nil && (size > 0 || n.IsDir())
	case "-h", "-L":
		return err == nil && n.Mode&fs.ModeSymlink != 0
	case "-c":
		return err == nil && n.Mode&fs.ModeCharDevice != 0
	case "-p", "-S", "-b", "-g", "-k", "-u":
		return false
	case "-O":
		return err == nil && n.UID == e.p.UID
	case "-r":
		return e.p.M.FS.Access(p, e.p.UID, 4)
	case "-w":
		return e.p.M.FS.Access(p, e.p.UID, 2)
	case "-x":
		return e.p.M.FS.Access(p, e.p.UID, 1)
	}
	e.bad = "unknown operator " + op
	return false
}
