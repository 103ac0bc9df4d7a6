package windows

import (
	"context"
	"slices"
	"strings"
	"time"
)

// The exit codes of shutdown.exe.
const (
	exitShuttingDown = 1115 // ERROR_SHUTDOWN_IN_PROGRESS
	exitNone         = 1116 // ERROR_NO_SHUTDOWN_IN_PROGRESS
	exitScheduled    = 1190 // ERROR_SHUTDOWN_IS_SCHEDULED
	exitDenied       = 5
)

// ShutDown is shutdown.exe: /r after so long, or /s. It gives the exit code.
func (w *World) ShutDown(c Caller, after time.Duration, reboot bool, comment string) (code int, err error) {
	var arm bool
	err = w.change(func(s *State, now time.Time) error {
		switch {
		case s.Faults.RebootRefused != 0:
			code = s.Faults.RebootRefused
		case c.Network && s.Faults.NotAdmin:
			code = exitDenied
		case s.Shutdown != nil && s.Shutdown.InProgress:
			code = exitShuttingDown
		case s.Shutdown != nil:
			code = exitScheduled
		case s.Faults.RebootIgnored:
		default:
			s.Shutdown = &Shutdown{At: now.Add(after), Reboot: reboot, Comment: comment, By: c.User}
			arm = true
		}
		return nil
	})
	if arm && err == nil {
		w.arm(after)
	}
	return code, err
}

// AbortShutdown is shutdown.exe /a. It gives the exit code.
func (w *World) AbortShutdown() (code int, err error) {
	err = w.change(func(s *State, _ time.Time) error {
		switch {
		case s.Shutdown == nil:
			code = exitNone
		case s.Shutdown.InProgress:
			code = exitShuttingDown
		case !s.Shutdown.Stays:
			s.Shutdown = nil
		}
		return nil
	})
	if code == 0 {
		w.mu.Lock()
		if w.timer != nil {
			w.timer.Stop()
		}
		w.mu.Unlock()
	}
	return code, err
}

// arm lets the computer go down after a while.
func (w *World) arm(after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.timer = time.AfterFunc(max(after, 0), func() {
		if _, ok := w.begins(); ok {
			defer w.work.Done()
			_ = w.Reboot(w.life) // without its file there is no world
		}
	})
}

// Up tells whether the computer runs.
func (w *World) Up() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.up
}

// Reboot reboots now, whether or not somebody asked for it, and returns when the
// computer is up again: it calls OnDown, ends every process, lets pending
// updates become installed or undone, and calls OnUp. A shutdown without /r,
// and the fault RebootNeverUp, leave it down.
func (w *World) Reboot(ctx context.Context) error {
	w.mu.Lock()
	if !w.up {
		w.mu.Unlock()
		return ErrDown
	}
	w.up = false
	down := w.down
	w.mu.Unlock()

	stays := false
	err := w.change(func(s *State, now time.Time) error {
		stays = s.Faults.RebootNeverUp || s.Shutdown != nil && !s.Shutdown.Reboot
		if s.Shutdown == nil {
			s.Shutdown = &Shutdown{At: now, Reboot: true}
		}
		s.Shutdown.InProgress = true
		return nil
	})
	if err != nil {
		return err
	}
	if w.OnDown != nil {
		w.OnDown()
	}
	down()
	w.killAll()
	if stays {
		return nil
	}
	return w.bootUp(ctx)
}

func (w *World) bootUp(ctx context.Context) error {
	var takes time.Duration
	if err := w.look(func(s *State, _ time.Time) error { takes = s.RebootTakes; return nil }); err != nil {
		return err
	}
	t := time.NewTimer(takes)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	var atStartup []string
	err := w.change(func(s *State, now time.Time) error {
		s.boot(now)
		for _, task := range s.Tasks {
			if task.AtStartup {
				atStartup = append(atStartup, task.full())
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.up = true
	w.boot, w.down = context.WithCancel(w.life)
	w.mu.Unlock()
	if w.OnUp != nil {
		w.OnUp()
	}
	for _, full := range atStartup {
		if err := w.StartTask(full); err != nil {
			return err
		}
	}
	return nil
}

// boot is what changes while Windows starts.
func (s *State) boot(now time.Time) {
	if !s.Faults.RebootKeepsBoot {
		s.BootedAt, s.SessionManager = now, now.Add(time.Second)
	}
	s.Shutdown, s.Installing, s.Removed, s.Pending = nil, nil, nil, nil
	for i := range s.Updates {
		u := &s.Updates[i]
		if !u.RebootPending {
			continue
		}
		u.RebootPending = false
		if !u.RollsBack {
			s.settle(u, now)
			continue
		}
		u.Installed = false
		code := u.RollbackError
		if code == 0 {
			code = rolledBack
		}
		if !u.RollbackSilent {
			s.History = append(s.History, u.entry(now, "", Failed, code))
		}
	}
	for path := range s.Registry { // volatile keys
		if strings.Contains(strings.ToLower(path), `\rebootpending`) {
			delete(s.Registry, path)
		}
	}
	s.Processes = slices.DeleteFunc(s.Processes, func(p Process) bool { return !p.Until.IsZero() })
	for i := range s.Tasks {
		if s.Tasks[i].State == TaskRunning {
			s.Tasks[i].State, s.Tasks[i].LastResult = TaskReady, terminatedByBoot
		}
	}
}
