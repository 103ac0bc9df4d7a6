package windows

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The states of a task.
const (
	TaskDisabled = 1
	TaskQueued   = 2
	TaskReady    = 3
	TaskRunning  = 4
)

// Results of tasks, as LastTaskResult shows them.
const (
	taskRunning      = 0x41301
	taskHasNotRun    = 0x41303
	taskTerminated   = 0x41306
	terminatedByBoot = 0x40010004 // DBG_TERMINATE_PROCESS
)

// How a task takes a second start.
const (
	Parallel  = 0
	Queue     = 1
	IgnoreNew = 2
)

// A Task of the task scheduler.
type Task struct {
	Path, Name  string // `\Folder\`, "name"
	Description string `json:",omitempty"`
	Execute     string // "powershell.exe"
	Arguments   string `json:",omitempty"`
	WorkDir     string `json:",omitempty"`
	User        string // "SYSTEM"
	Highest     bool   // RunLevel
	LogonType   int    `json:",omitempty"` // 5: service account
	TimeLimit   time.Duration
	Multiple    int
	Priority    int
	OnBatteries bool           // starts and goes on without mains
	AtStartup   bool           `json:",omitempty"`
	Author      string         `json:",omitempty"`
	Settings    map[string]any `json:",omitempty"` // the rest, as the caller gave it

	State      int
	LastRun    time.Time // zero: never
	LastResult uint32
	Runs       int
	Keeper     int `json:",omitempty"` // process that plays what it runs
}

func (t *Task) full() string { return t.Path + t.Name }

// taskPath brings a task's folder to `\Folder\`.
func taskPath(path string) string {
	path = strings.Trim(strings.ReplaceAll(path, "/", `\`), `\`)
	if path == "" {
		return `\`
	}
	return `\` + path + `\`
}

func (s *State) task(full string) *Task {
	for i := range s.Tasks {
		if same(s.Tasks[i].full(), full) {
			return &s.Tasks[i]
		}
	}
	return nil
}

// RegisterTask registers a task; with force it replaces one of that name. Its
// errors are *Fault.
func (w *World) RegisterTask(c Caller, t Task, force bool) error {
	t.Path = taskPath(t.Path)
	t.State, t.LastResult, t.LastRun = TaskReady, taskHasNotRun, time.Time{}
	return w.change(func(s *State, _ time.Time) error {
		old := s.task(t.full())
		switch {
		case s.Faults.TaskRegister != 0:
			return s.fault(s.Faults.TaskRegister)
		case c.Network && s.Faults.NotAdmin:
			return s.fault(accessDenied)
		case s.Faults.SchedulerStopped:
			return s.fault(0x800706BA) // the RPC server is unavailable
		case old != nil && !force:
			return s.fault(alreadyExists)
		case old != nil:
			t.State, t.LastRun, t.LastResult = old.State, old.LastRun, old.LastResult
			*old = t
		default:
			s.Tasks = append(s.Tasks, t)
		}
		return nil
	})
}

// Tasks are the registered ones.
func (w *World) Tasks() (tasks []Task, err error) {
	err = w.look(func(s *State, _ time.Time) error {
		if s.Faults.SchedulerStopped {
			return s.fault(0x800706BA)
		}
		tasks = s.Tasks
		return nil
	})
	return tasks, err
}

// UnregisterTask removes a task; what it started goes on, as on Windows.
func (w *World) UnregisterTask(full string) error {
	return w.change(func(s *State, _ time.Time) error {
		for i := range s.Tasks {
			if same(s.Tasks[i].full(), full) {
				s.Tasks = append(s.Tasks[:i], s.Tasks[i+1:]...)
				return nil
			}
		}
		return s.fault(fileNotFound)
	})
}

// StartTask starts a task and returns at once. It survives whoever started it.
func (w *World) StartTask(full string) error {
	var t Task
	run := false
	err := w.change(func(s *State, now time.Time) error {
		task := s.task(full)
		switch {
		case task == nil:
			return s.fault(fileNotFound)
		case s.Faults.SchedulerStopped:
			return s.fault(0x800706BA)
		case s.Faults.TaskNeverStarts && s.Faults.TaskResult == 0:
			task.State = TaskQueued
			return nil
		case s.Faults.TaskNeverStarts:
			task.LastRun, task.LastResult = now, uint32(s.Faults.TaskResult)
			return nil
		case task.State == TaskRunning && task.Multiple != Parallel:
			return nil
		}
		task.State, task.LastRun, task.LastResult = TaskRunning, now, taskRunning
		task.Runs++
		task.Keeper = os.Getpid()
		t, run = *task, true
		return nil
	})
	if err != nil || !run {
		return err
	}
	boot, ok := w.begins()
	if ok {
		w.mu.Lock()
		w.tasks[strings.ToLower(full)]++
		w.mu.Unlock()
		go w.runTask(boot, &t)
	}
	return nil
}

// StopTask ends what a task runs.
func (w *World) StopTask(full string) error {
	if err := w.look(func(s *State, _ time.Time) error {
		if s.task(full) == nil {
			return s.fault(fileNotFound)
		}
		return nil
	}); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for p, cancel := range w.running {
		if same(p.Task, full) {
			p.stopped = true
			cancel()
		}
	}
	return nil
}

// runTask plays a task's action to its end.
func (w *World) runTask(boot context.Context, t *Task) {
	defer w.work.Done()
	ctx := boot
	if t.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(boot, t.TimeLimit)
		defer cancel()
	}
	p := &Program{Caller: caller(t.User), Line: strings.TrimSpace(t.Execute + " " + t.Arguments), Dir: t.WorkDir,
		Task: t.full(), Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard}
	code := uint32(fileNotFound)
	if isPowerShell(t.Execute) {
		code = uint32(w.play(ctx, p))
	}
	w.mu.Lock()
	key := strings.ToLower(t.full())
	w.tasks[key]--
	more := w.tasks[key] > 0
	stopped := p.stopped
	w.mu.Unlock()
	if boot.Err() != nil && w.life.Err() == nil {
		return // the next boot says what became of it
	}
	if stopped || ctx.Err() != nil {
		code = taskTerminated
	}
	_ = w.change(func(s *State, _ time.Time) error { // without its file there is no world
		if task := s.task(t.full()); task != nil && !more {
			task.State, task.LastResult = TaskReady, code
		}
		return nil
	})
}

// caller is the account of a task.
func caller(user string) Caller {
	switch strings.ToUpper(user) {
	case "SYSTEM", `NT AUTHORITY\SYSTEM`, "S-1-5-18", "LOCALSYSTEM":
		return System
	}
	return Caller{User: user}
}

func isPowerShell(program string) bool {
	program = strings.Trim(program, `"`)
	base := strings.ToLower(filepath.Base(strings.ReplaceAll(program, `\`, "/")))
	return base == "powershell.exe" || base == "powershell"
}

// settleTasks makes tasks that ran when the last program ended terminated ones.
func (s *State) settleTasks() {
	for i := range s.Tasks {
		if t := &s.Tasks[i]; t.State == TaskRunning && !alive(t.Keeper) {
			t.State, t.LastResult = TaskReady, taskTerminated
		}
	}
}
