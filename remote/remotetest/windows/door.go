package windows

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A door is where the prelude in pwsh asks: a socket that takes one JSON request
// a line and answers with one. It says who it is by a word, not by proof: this
// is a make-believe Windows.
type door struct {
	dir, path string
	listener  net.Listener
	mu        sync.Mutex
	conns     map[net.Conn]bool
	work      sync.WaitGroup
}

// opened opens the door at first need and lays the prelude beside it. The folder
// has a short name, as sockets demand.
func (w *World) opened() (*door, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.door != nil {
		return w.door, nil
	}
	dir, err := os.MkdirTemp("", "win")
	if err != nil {
		return nil, fmt.Errorf("make-believe Windows: %w", err)
	}
	d := &door{dir: dir, path: filepath.Join(dir, "s"), conns: map[net.Conn]bool{}}
	parts, err := fs.Glob(preludes, "*.ps1")
	for _, name := range parts {
		var raw []byte
		if raw, err = preludes.ReadFile(name); err == nil {
			err = os.WriteFile(filepath.Join(dir, name), raw, 0o600)
		}
	}
	if err == nil {
		d.listener, err = net.Listen("unix", d.path)
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("make-believe Windows: %w", err)
	}
	d.work.Add(1)
	go w.serve(d)
	w.door = d
	return d, nil
}

func (d *door) close() {
	d.listener.Close()
	d.mu.Lock()
	for c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	d.work.Wait()
	os.RemoveAll(d.dir)
}

func (w *World) serve(d *door) {
	defer d.work.Done()
	for {
		c, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		d.conns[c] = true
		d.mu.Unlock()
		d.work.Add(1)
		go func() {
			defer d.work.Done()
			w.talk(c)
			d.mu.Lock()
			delete(d.conns, c)
			d.mu.Unlock()
			c.Close()
		}()
	}
}

// A request of the prelude.
type request struct {
	Do      string
	User    string
	Network bool
	Args    json.RawMessage
}

type reply struct {
	Value any    `json:"value"`
	Fault *fault `json:"fault,omitempty"`
}

type fault struct {
	HResult int32  `json:"hresult"`
	Message string `json:"message"`
}

func (w *World) talk(c net.Conn) {
	in := bufio.NewReader(c)
	out := json.NewEncoder(c)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			return
		}
		var r reply
		r.Value, err = w.answer(q)
		if errors.Is(err, ErrDown) {
			return // who asked is being killed
		}
		if f := (*Fault)(nil); errors.As(err, &f) {
			r.Fault = &fault{int32(f.Code), f.Message}
		} else if err != nil {
			r.Fault = &fault{-2147418113, err.Error()} // E_UNEXPECTED
		}
		if out.Encode(r) != nil {
			return
		}
	}
}

// An asked is a request with its arguments read.
type asked struct {
	Caller
	Operation, Criteria, ServiceID, Client string
	Offline, Hidden, Force, Reboot         bool
	ServerSelection                        int
	IDs                                    []ID
	Path, Name, Kind, Filter               string
	Owner, SDDL, State, Start              string
	Data                                   any
	Args                                   []string
	Task                                   Task
}

func (w *World) answer(q request) (any, error) {
	a := asked{Caller: Caller{User: q.User, Network: q.Network}}
	if len(q.Args) > 0 {
		if err := json.Unmarshal(q.Args, &a); err != nil {
			return nil, fmt.Errorf("make-believe Windows: %s: %w", q.Do, err)
		}
	}
	area, _, _ := strings.Cut(q.Do, ".")
	switch area {
	case "wua":
		return w.answerUpdate(q.Do, a)
	case "task":
		return w.answerTask(q.Do, a)
	}
	return w.answerSystem(q.Do, a)
}

func (w *World) answerUpdate(do string, a asked) (any, error) {
	switch do {
	case "wua.allowed":
		return nil, w.Allowed(a.Caller, a.Operation)
	case "wua.search":
		return w.Search(a.Caller, Query{a.Criteria, a.Offline, a.ServerSelection, a.ServiceID})
	case "wua.download":
		return w.Download(a.Caller, a.IDs...)
	case "wua.install":
		return w.Install(a.Caller, a.Client, a.IDs...)
	case "wua.eula":
		return nil, w.AcceptEula(a.Caller, a.IDs[0])
	case "wua.hide":
		return nil, w.Hide(a.Caller, a.IDs[0], a.Hidden)
	case "wua.history":
		return w.Past(a.Caller)
	case "wua.reboot":
		return w.RebootRequired(a.Caller)
	case "wua.installer":
		busy, first, err := w.Installer()
		return map[string]bool{"busy": busy, "reboot": first}, err
	case "wua.auto":
		return w.automatic(a.Caller)
	case "wua.services":
		s, err := w.State()
		if err != nil {
			return nil, err
		}
		return s.UpdateServices, s.allowed(a.Caller, "ServiceManager")
	}
	return nil, fmt.Errorf("make-believe Windows: no %s", do)
}

// automatic is what Microsoft.Update.AutoUpdate tells.
func (w *World) automatic(c Caller) (any, error) {
	s, err := w.State()
	if err != nil {
		return nil, err
	}
	if err := s.allowed(c, "AutoUpdate"); err != nil {
		return nil, err
	}
	v := s.service("wuauserv")
	return map[string]any{"search": ms(s.LastSearch), "install": ms(s.LastInstall), "enabled": v != nil && v.Start != "Disabled"}, nil
}

func (w *World) answerTask(do string, a asked) (any, error) {
	switch do {
	case "task.register":
		return nil, w.RegisterTask(a.Caller, a.Task, a.Force)
	case "task.list":
		return w.Tasks()
	case "task.start":
		return nil, w.StartTask(a.Name)
	case "task.stop":
		return nil, w.StopTask(a.Name)
	case "task.remove":
		return nil, w.UnregisterTask(a.Name)
	}
	return nil, fmt.Errorf("make-believe Windows: no %s", do)
}

func (w *World) answerSystem(do string, a asked) (any, error) {
	switch do {
	case "hello":
		s, err := w.State()
		if err != nil {
			return nil, err
		}
		return map[string]any{"constrained": s.Faults.ConstrainedLanguage, "diskFull": s.Faults.DiskFull, "admin": !a.Network || !s.Faults.NotAdmin,
			"offset": s.ClockOffset.Milliseconds(), "name": s.Name, "language": s.Language, "world": w.dir}, nil
	case "reg.get":
		values, keys, err := w.Key(a.Path)
		return map[string]any{"exists": values != nil, "path": registryPath(a.Path), "values": values, "keys": keys}, err
	case "reg.set":
		if a.Network {
			if err := w.admin(); err != nil {
				return nil, err
			}
		}
		return nil, w.SetKey(a.Path, a.Name, Value{a.Kind, a.Data})
	case "reg.remove":
		return nil, w.RemoveKey(a.Path)
	case "reg.drop":
		return nil, w.dropValue(a.Path, a.Name)
	case "cim":
		return w.Instances(a.Name, a.Filter)
	case "service":
		return nil, w.setService(a.Name, a.State, a.Start)
	case "hotfix":
		s, err := w.State()
		if err != nil {
			return nil, err
		}
		return s.HotFixes, nil
	case "events":
		s, err := w.State()
		if err != nil {
			return nil, err
		}
		return s.Events, nil
	case "acl.get":
		owner, sddl, err := w.ACLOf(a.Caller, a.Path)
		return map[string]string{"owner": owner, "sddl": sddl}, err
	case "acl.set":
		return nil, w.SetACL(a.Path, a.Owner, a.SDDL)
	case "acl.forget":
		return nil, w.forget(a.Path)
	case "groups":
		return w.Groups(a.Caller)
	case "icacls":
		out, code, err := w.icacls(a.Caller, a.Args)
		return map[string]any{"out": out, "code": code}, err
	case "shutdown":
		out, code, err := w.shutdownExe(a.Caller, a.Args)
		return map[string]any{"out": out, "code": code}, err
	}
	return nil, fmt.Errorf("make-believe Windows: no %s", do)
}

func (w *World) admin() error {
	return w.look(func(s *State, _ time.Time) error {
		if s.Faults.NotAdmin {
			return s.fault(accessDenied)
		}
		return nil
	})
}

// Groups are the SIDs that whoami shows of an account: of local administrators
// or of users, and the level of the token.
func (w *World) Groups(c Caller) ([]string, error) {
	groups := []string{"S-1-5-32-544", "S-1-16-12288"}
	if c.IsSystem() {
		groups[1] = "S-1-16-16384"
	}
	err := w.look(func(s *State, _ time.Time) error {
		if s.Faults.NotAdmin && c.Network {
			groups = []string{"S-1-5-32-545", "S-1-16-8192"}
		}
		return nil
	})
	return groups, err
}

// ms is a time as the prelude takes it; nil where there is none.
func ms(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return map[string]int64{"ms": t.UnixMilli()}
}
