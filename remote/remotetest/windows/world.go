package windows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A World is one make-believe Windows in a folder. Its methods may be called
// from several goroutines, and several programs may open the same folder.
type World struct {
	// Pwsh is PowerShell's path; empty: pwsh on PATH. Set it before Exec.
	Pwsh string
	// Run plays one command line in place of pwsh, where it is set: for a
	// program that knows what the scripts do.
	Run func(ctx context.Context, p *Program) int
	// OnDown is called when the computer goes down, OnUp when it is up again.
	OnDown, OnUp func()
	// Clock is time.Now where nil. The state's ClockOffset comes on top.
	Clock func() time.Time

	dir  string
	life context.Context
	end  context.CancelFunc
	work sync.WaitGroup

	file sync.Mutex // around the file lock: one process's goroutines

	mu      sync.Mutex
	running map[*Program]context.CancelFunc
	tasks   map[string]int // task → how many instances run
	timer   *time.Timer    // of a scheduled shutdown
	door    *door          // where pwsh asks; nil until needed
	up      bool
	closed  bool
	boot    context.Context // ends when the computer goes down
	down    context.CancelFunc
}

// Create makes a world with this state in dir, which it makes too.
func Create(dir string, s State) (*World, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make-believe Windows: %w", err)
	}
	path := filepath.Join(dir, "windows.json")
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("make-believe Windows: %s: %w", path, os.ErrExist)
	}
	for _, folder := range s.Folders {
		where := filepath.Join(dir, "ProgramData", filepath.FromSlash(folder.Path))
		if err := os.MkdirAll(where, 0o700); err != nil {
			return nil, fmt.Errorf("make-believe Windows: %w", err)
		}
		if s.ACLs == nil {
			s.ACLs = map[string]ACL{}
		}
		real, err := filepath.EvalSymlinks(where)
		if err != nil {
			return nil, fmt.Errorf("make-believe Windows: %w", err)
		}
		s.ACLs[real] = newACL(folder.Owner, folder.SDDL)
	}
	if err := save(path, &s); err != nil {
		return nil, err
	}
	return Open(dir)
}

// Open opens the world in dir. Tasks that ran when the last program ended have
// been terminated.
func Open(dir string) (*World, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("make-believe Windows: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("make-believe Windows: %w", err)
	}
	for _, sub := range []string{"ProgramData", "Windows/System32", "Windows/Temp", "Users/Administrator"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("make-believe Windows: %w", err)
		}
	}
	w := &World{dir: dir, running: map[*Program]context.CancelFunc{}, tasks: map[string]int{}, up: true}
	w.life, w.end = context.WithCancel(context.Background())
	w.boot, w.down = context.WithCancel(w.life)
	if err := w.Change(func(s *State) error { s.settleTasks(); return nil }); err != nil {
		return nil, err
	}
	s, err := w.State()
	if err != nil {
		return nil, err
	}
	if s.Shutdown != nil && s.Shutdown.Reboot && !s.Shutdown.Stays {
		w.arm(s.Shutdown.At.Sub(w.now()))
	}
	return w, nil
}

// Close ends what runs in the world, and waits for it.
func (w *World) Close() error {
	w.mu.Lock()
	w.closed = true
	if w.timer != nil {
		w.timer.Stop()
	}
	d := w.door
	w.mu.Unlock()
	w.end()
	if d != nil {
		d.close()
	}
	w.work.Wait()
	return nil
}

// begins tells whether something may begin to run, and in which boot; then
// w.work.Done must follow. It may not while the computer is down.
func (w *World) begins() (boot context.Context, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.up && !w.closed {
		w.work.Add(1)
		return w.boot, true
	}
	return w.boot, false
}

// Dir is the world's folder; its subfolders play %ProgramData% and %SystemRoot%.
func (w *World) Dir() string { return w.dir }

// ProgramData is the folder that plays C:\ProgramData.
func (w *World) ProgramData() string { return filepath.Join(w.dir, "ProgramData") }

// State is a copy of what the world remembers.
func (w *World) State() (*State, error) {
	var got *State
	err := w.look(func(s *State, _ time.Time) error {
		got = s
		return nil
	})
	return got, err
}

// Change changes the state: of a test, an admin at the console, or time.
func (w *World) Change(f func(*State) error) error {
	return w.locked(func(s *State, _ time.Time) (bool, error) { return true, f(s) })
}

// Now is the time on the world's clock.
func (w *World) Now() (time.Time, error) {
	s, err := w.State()
	if err != nil {
		return time.Time{}, err
	}
	return w.now().Add(s.ClockOffset), nil
}

func (w *World) now() time.Time {
	if w.Clock != nil {
		return w.Clock().UTC()
	}
	return time.Now().UTC()
}

// look reads the state without writing it back. now is the world's clock.
func (w *World) look(f func(s *State, now time.Time) error) error {
	return w.locked(func(s *State, now time.Time) (bool, error) { return false, f(s, now) })
}

// locked runs f on the state under the file lock and saves it when f says so
// and gives no error.
func (w *World) locked(f func(s *State, now time.Time) (bool, error)) error {
	w.file.Lock()
	defer w.file.Unlock()
	l, err := os.OpenFile(filepath.Join(w.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make-believe Windows: %w", err)
	}
	defer l.Close() // and with it the lock
	if err := lockFile(l); err != nil {
		return fmt.Errorf("make-believe Windows: lock: %w", err)
	}
	path := filepath.Join(w.dir, "windows.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("make-believe Windows: %w", err)
	}
	var s State
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("make-believe Windows: %s: %w", path, err)
	}
	changed, err := f(&s, w.now().Add(s.ClockOffset))
	if err != nil || !changed {
		return err
	}
	return save(path, &s)
}

// change is Change with the world's clock.
func (w *World) change(f func(s *State, now time.Time) error) error {
	return w.locked(func(s *State, now time.Time) (bool, error) { return true, f(s, now) })
}

func save(path string, s *State) error {
	raw, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("make-believe Windows: %w", err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return fmt.Errorf("make-believe Windows: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("make-believe Windows: %w", err)
	}
	return nil
}

// wait waits for d, or until the computer goes down.
func (w *World) wait(d time.Duration) error {
	w.mu.Lock()
	boot := w.boot
	w.mu.Unlock()
	if d <= 0 {
		return boot.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-boot.Done():
		return ErrDown
	}
}

// ErrDown says that the computer went down, or is down.
var ErrDown = errors.New("make-believe Windows: the computer is down")

// A Fault is a COM error.
type Fault struct {
	Code    HRESULT
	Message string // as .NET words it
}

func (f *Fault) Error() string { return f.Message }

// The codes that the rules of this package give by themselves.
const (
	accessDenied       HRESULT = 0x80070005
	shutdownInProgress HRESULT = 0x8007045B
	diskFull           HRESULT = 0x80070070
	serviceDisabled    HRESULT = 0x80070422
	fileNotFound       HRESULT = 0x80070002
	alreadyExists      HRESULT = 0x800700B7
	inProgress         HRESULT = 0x80240009
	notAllowed         HRESULT = 0x80240016
	allFailed          HRESULT = 0x80240022
	eulaDeclined       HRESULT = 0x80240023
	noUpdate           HRESULT = 0x80240024
	byPolicy           HRESULT = 0x8024002E
	badCriteria        HRESULT = 0x80240032
	notDownloaded      HRESULT = 0x80246007
	unknownService     HRESULT = 0x80248014
	rolledBack         HRESULT = 0x800F0922
)

// fault words an HRESULT as .NET does: two codes have classes of their own.
func (s *State) fault(code HRESULT) *Fault {
	german := strings.HasPrefix(s.Language, "de")
	switch {
	case code == accessDenied && german:
		return &Fault{code, "Zugriff verweigert (Ausnahme von HRESULT: 0x80070005 (E_ACCESSDENIED))"}
	case code == accessDenied:
		return &Fault{code, "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"}
	case german:
		return &Fault{code, fmt.Sprintf("Ausnahme von HRESULT: 0x%08X", uint32(code))}
	}
	return &Fault{code, fmt.Sprintf("Exception from HRESULT: 0x%08X", uint32(code))}
}

func same(a, b string) bool { return strings.EqualFold(a, b) }
