// Package unix plays one small Unix computer inside this program: a file
// system in memory, a table of processes, a POSIX shell and the few commands
// that administration scripts use. Nothing of it touches the real computer: no
// file is opened, no program is started, so it works the same on every system.
// It knows nothing of packages; whoever plays a host adds such commands.
package unix

import (
	"context"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"time"
)

// A Command is a program of the machine. It returns its exit status. args[0] is its name.
type Command func(p *Proc, args []string) int

// A Machine is one computer.
type Machine struct {
	FS       *FS
	Clock    *Clock
	Hostname string
	Commands map[string]Command // by name; set before the first process
	Users    []User

	// Unknown is told of every command that is not there; nil: nobody is.
	Unknown func(name string, script []string)

	mu      sync.Mutex
	procs   map[int]*Proc
	lastPID int
	locks   map[int]int // inode → how flock holds it: PID
	lockCh  chan struct{}
	boot    context.Context
	halt    context.CancelCauseFunc
}

// A User is somebody who can log in.
type User struct {
	Name, Home string
	UID        int
	Sudo       string // "": may not, "nopasswd", "password"
	Password   string // for sudo
}

// New returns a machine that is switched on, with the core commands.
func New(hostname string, clock *Clock) *Machine {
	m := &Machine{Clock: clock, Hostname: hostname, Commands: map[string]Command{}, procs: map[int]*Proc{}, locks: map[int]int{}, lockCh: make(chan struct{})}
	m.FS = NewFS(clock.Now)
	m.FS.proc = m.procNode
	maps.Copy(m.Commands, core)
	m.lastPID = 400
	m.boot, m.halt = context.WithCancelCause(context.Background())
	for _, d := range []string{"/dev", "/etc", "/proc", "/run/lock", "/var/lib", "/var/log", "/var/cache", "/home", "/usr/bin", "/sys"} {
		_ = m.FS.MkdirAll(d, 0, 0o755)
	}
	_ = m.FS.MkdirAll("/root", 0, 0o700)
	for _, d := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
		_ = m.FS.MkdirAll(d, 0, 0o777|fs.ModeSticky)
	}
	for _, d := range []string{"null", "zero", "full", "urandom", "random"} {
		m.FS.PutMode("/dev/"+d, nil, 0o666|fs.ModeDevice|fs.ModeCharDevice, 0)
	}
	return m
}

// User returns the user of that name.
func (m *Machine) User(name string) (User, bool) {
	for _, u := range m.Users {
		if u.Name == name {
			return u, true
		}
	}
	return User{}, false
}

// UserName returns the name of uid.
func (m *Machine) UserName(uid int) string {
	for _, u := range m.Users {
		if u.UID == uid {
			return u.Name
		}
	}
	if uid == 0 {
		return "root"
	}
	return "nobody"
}

// PowerOff ends every process at once. Nothing can be started until PowerOn.
func (m *Machine) PowerOff() {
	m.mu.Lock()
	m.halt(Signal(9))
	all := slices.Collect(maps.Values(m.procs))
	m.mu.Unlock()
	for _, p := range all {
		p.cancel(Signal(9))
	}
	for _, p := range all {
		<-p.done
	}
	m.mu.Lock()
	clear(m.locks)
	m.mu.Unlock()
}

// PowerOn lets processes start again.
func (m *Machine) PowerOn() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boot, m.halt = context.WithCancelCause(context.Background())
	m.lastPID = 400
}

// Procs returns the running processes by PID.
func (m *Machine) Procs() []*Proc {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Collect(maps.Values(m.procs))
	slices.SortFunc(out, func(a, b *Proc) int { return a.PID - b.PID })
	return out
}

// Proc returns the running process of that PID, or nil.
func (m *Machine) Proc(pid int) *Proc {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.procs[pid]
}

// A Signal is why a process ended before it wanted to.
type Signal int

func (s Signal) Error() string { return "signal" }

// The signals by name.
var signals = map[string]Signal{"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "CONT": 18, "STOP": 19}

// A Proc is one process.
type Proc struct {
	M         *Machine
	PID, PPID int
	PGID, SID int
	Args      []string
	UID       int
	Dir       string
	Env       map[string]string
	FDs       map[int]*File
	Umask     fs.FileMode
	Started   time.Time
	Unit      string // systemd unit it belongs to; children inherit it
	ctx       context.Context
	cancel    context.CancelCauseFunc
	done      chan struct{}
	status    int
	mu        sync.Mutex
	ignored   map[Signal]bool
	caught    map[Signal]bool
	pending   []Signal
	pendingCh chan struct{}
}

// A Spec says what to start. What it leaves out is inherited.
type Spec struct {
	Args  []string
	Run   Command
	Env   map[string]string
	FDs   map[int]*File // holds go over to the new process; nil: the parent's are shared
	UID   int
	Dir   string
	NewID bool // a session and process group of its own
	PGrp  bool // a process group of its own
	Unit  string
}

// Start starts a process. parent is nil for what a login or the system starts.
// It returns nil when the machine is off.
func (m *Machine) Start(parent *Proc, s Spec) *Proc {
	p := &Proc{M: m, Args: s.Args, UID: s.UID, Dir: s.Dir, Env: s.Env, FDs: s.FDs, Unit: s.Unit, Umask: 0o022,
		done: make(chan struct{}), ignored: map[Signal]bool{}, caught: map[Signal]bool{}, pendingCh: make(chan struct{}, 1)}
	if parent != nil {
		p.inherit(parent)
	}
	if p.Dir == "" {
		p.Dir = "/"
	}
	if p.FDs == nil {
		p.FDs = map[int]*File{}
	}
	m.mu.Lock()
	if m.boot.Err() != nil {
		m.mu.Unlock()
		p.closeAll()
		return nil
	}
	m.lastPID++
	p.PID = m.lastPID
	if parent == nil || s.NewID {
		p.PGID, p.SID = p.PID, p.PID
	} else if s.PGrp {
		p.PGID = p.PID
	}
	p.Started = m.Clock.Now()
	p.ctx, p.cancel = context.WithCancelCause(m.boot)
	m.procs[p.PID] = p
	m.mu.Unlock()
	go p.live(s.Run)
	return p
}

func (p *Proc) inherit(from *Proc) {
	p.PPID, p.PGID, p.SID, p.Umask = from.PID, from.PGID, from.SID, from.Umask
	if p.Env == nil {
		p.Env = maps.Clone(from.Env)
	}
	if p.Dir == "" {
		p.Dir = from.Dir
	}
	if p.Unit == "" {
		p.Unit = from.Unit
	}
	if p.FDs == nil {
		p.FDs = dupAll(from.FDs)
	}
	from.mu.Lock()
	maps.Copy(p.ignored, from.ignored)
	from.mu.Unlock()
}

func dupAll(fds map[int]*File) map[int]*File {
	out := make(map[int]*File, len(fds))
	for n, f := range fds {
		out[n] = f.Dup()
	}
	return out
}

func (p *Proc) closeAll() {
	for n, f := range p.FDs {
		f.Close()
		delete(p.FDs, n)
	}
}

func (p *Proc) live(run Command) {
	status := run(p, p.Args)
	if sig, ok := context.Cause(p.ctx).(Signal); ok && p.ctx.Err() != nil {
		status = 128 + int(sig)
	}
	p.closeAll()
	p.M.mu.Lock()
	delete(p.M.procs, p.PID)
	for ino, pid := range p.M.locks {
		if pid == p.PID {
			delete(p.M.locks, ino)
		}
	}
	close(p.M.lockCh)
	p.M.lockCh = make(chan struct{})
	p.M.mu.Unlock()
	p.status = status & 0xff
	p.cancel(nil)
	close(p.done)
}

// Wait waits until the process has ended and returns its status.
func (p *Proc) Wait() int {
	<-p.done
	return p.status
}

// Done is closed when the process has ended.
func (p *Proc) Done() <-chan struct{} { return p.done }

// Context ends with the process.
func (p *Proc) Context() context.Context { return p.ctx }

// Call runs another command as a child and waits for it.
func (p *Proc) Call(run Command, args []string, env map[string]string) int {
	child := p.M.Start(p, Spec{Args: args, Run: run, Env: env, UID: p.UID})
	return p.await(child)
}

// await waits for a child, or for the process's own end.
func (p *Proc) await(child *Proc) int {
	if child == nil {
		return 137
	}
	select {
	case <-child.done:
		return child.status
	case <-p.ctx.Done():
		return 137
	}
}

// Signal delivers a signal.
func (p *Proc) Signal(s Signal) {
	p.mu.Lock()
	if s != 9 && p.ignored[s] {
		p.mu.Unlock()
		return
	}
	if s != 9 && p.caught[s] {
		p.pending = append(p.pending, s)
		p.mu.Unlock()
		select {
		case p.pendingCh <- struct{}{}:
		default:
		}
		return
	}
	p.mu.Unlock()
	if s == 18 || s == 0 {
		return
	}
	p.cancel(s)
}

// Sleep waits by the machine's clock. It reports whether the whole time passed.
func (p *Proc) Sleep(d time.Duration) bool { return p.M.Clock.Sleep(p.ctx, d) }

// become gives the process another command line, as exec does.
func (p *Proc) become(args []string) {
	p.M.mu.Lock()
	defer p.M.mu.Unlock()
	p.Args = args
}

// Command returns the command line.
func (p *Proc) Command() []string {
	p.M.mu.Lock()
	defer p.M.mu.Unlock()
	return p.Args
}

// Abs returns name as an absolute path.
func (p *Proc) Abs(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(p.Dir, name)
}

type fdIO struct {
	p  *Proc
	fd int
}

func (x fdIO) Read(b []byte) (int, error) {
	f := x.p.FDs[x.fd]
	if f == nil {
		return 0, EBADF
	}
	return f.s.Read(x.p.ctx, b)
}

func (x fdIO) Write(b []byte) (int, error) {
	f := x.p.FDs[x.fd]
	if f == nil {
		return 0, EBADF
	}
	n, err := f.s.Write(x.p.ctx, b)
	if err == EPIPE && !x.p.ignores(13) {
		x.p.cancel(Signal(13))
	}
	return n, err
}

func (p *Proc) ignores(s Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ignored[s]
}

// Stdin, Stdout and Stderr are the process's first three descriptors.
func (p *Proc) Stdin() io.Reader  { return fdIO{p, 0} }
func (p *Proc) Stdout() io.Writer { return fdIO{p, 1} }
func (p *Proc) Stderr() io.Writer { return fdIO{p, 2} }

// FD returns descriptor n for writing; nil when it is not open.
func (p *Proc) FD(n int) io.Writer {
	if p.FDs[n] == nil {
		return nil
	}
	return fdIO{p, n}
}
