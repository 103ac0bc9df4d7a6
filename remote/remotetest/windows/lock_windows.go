package windows

import (
	"os"
	"os/exec"

	"golang.org/x/sys/windows"
)

// lockFile waits until this process has the lock on the file.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}

func ownGroup(*exec.Cmd) {}

func endGroup(p *os.Process) error { return p.Kill() }

func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return p.Release() == nil
}
