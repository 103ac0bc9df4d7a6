package unix

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

func flockC(p *Proc, args []string) int {
	o := parseOptions(flockArgs(args), "w", "E", "c", "--timeout", "--conflict-exit-code")
	if len(o.rest) == 0 {
		return 64
	}
	conflict := 1
	if v, ok := o.get("E"); ok {
		conflict, _ = strconv.Atoi(v)
	}
	holder, ino, f := p.PID, 0, (*File)(nil)
	if fd, err := strconv.Atoi(o.rest[0]); err == nil && len(o.rest) == 1 && !o.on["c"] {
		if f = p.FDs[fd]; f == nil {
			fmt.Fprintf(p.Stderr(), "flock: %d: %v\n", fd, EBADF)
			return 65
		}
		holder = p.PPID // the lock belongs to the open file, which the shell keeps
	} else {
		var err error
		if f, err = p.Open(o.rest[0], openRead|openCreate); err != nil {
			fmt.Fprintf(p.Stderr(), "flock: cannot open lock file %s: %v\n", o.rest[0], err)
			return 66
		}
		defer f.Close()
	}
	if r, ok := f.s.(*regular); ok {
		ino = r.n.Ino
	}
	if o.on["u"] {
		p.M.unlock(ino, holder)
		return 0
	}
	limit := time.Duration(-1)
	if v, ok := o.get("w"); ok {
		limit, _ = seconds(v)
	}
	if o.on["n"] || o.on["--nonblock"] {
		limit = 0
	}
	if !p.M.lock(p, ino, holder, limit) {
		return conflict
	}
	if command, ok := o.get("c"); ok {
		return p.Call(shC, []string{"sh", "-c", command}, p.Env)
	}
	if len(o.rest) < 2 {
		return 0
	}
	run, status := p.lookup(o.rest[1])
	if run == nil {
		return status
	}
	return p.Call(run, o.rest[1:], p.Env)
}

// flockArgs keeps the locked command's own options out of flock's.
func flockArgs(args []string) []string {
	for i := 1; i < len(args); i++ {
		switch {
		case args[i] == "-w" || args[i] == "-E" || args[i] == "-c":
			i++
		case !strings.HasPrefix(args[i], "-"):
			if i+1 < len(args) && args[i+1] == "-c" {
				return args
			}
			return append(slices.Clone(args[:i]), append([]string{"--"}, args[i:]...)...)
		}
	}
	return args
}

func (m *Machine) lock(p *Proc, ino, holder int, limit time.Duration) bool {
	until := m.Clock.Now().Add(limit)
	for {
		m.mu.Lock()
		by, taken := m.locks[ino]
		if !taken || by == holder {
			m.locks[ino] = holder
			m.mu.Unlock()
			return true
		}
		m.mu.Unlock()
		if limit >= 0 && !m.Clock.Now().Before(until) {
			return false
		}
		if !p.Sleep(50 * time.Millisecond) {
			return false
		}
	}
}

func (m *Machine) unlock(ino, holder int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[ino] == holder {
		delete(m.locks, ino)
	}
}

func xargsC(p *Proc, args []string) int {
	o := parseOptions(flockArgs(args), "n", "d", "I", "P")
	data, err := io.ReadAll(p.Stdin())
	if err != nil {
		return 1
	}
	items := strings.Fields(string(data))
	if o.on["0"] {
		items = strings.FieldsFunc(string(data), func(r rune) bool { return r == 0 })
	}
	if len(items) == 0 && o.on["r"] {
		return 0
	}
	cmd := o.rest
	if len(cmd) == 0 {
		cmd = []string{"echo"}
	}
	run, status := p.lookup(cmd[0])
	if run == nil {
		return status
	}
	n := lineCount(o, max(1, len(items)))
	for first := true; first || len(items) > 0; first = false {
		k := min(n, len(items))
		if st := p.Call(run, append(slices.Clone(cmd), items[:k]...), p.Env); st != 0 {
			status = 123
		} else if first {
			status = 0
		}
		items = items[k:]
	}
	return status
}
