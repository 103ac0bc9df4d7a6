//go:build unix

package windows

import (
	"os"
	"os/exec"
	"syscall"
)

// lockFile waits until this process has the lock on the file.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }

// ownGroup lets endGroup end a process with its children.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

func endGroup(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }

func alive(pid int) bool { return pid > 0 && syscall.Kill(pid, 0) == nil }
