//go:build unix

package practice

import (
	"errors"
	"os"
	"syscall"
)

// A fileLock is held by one process, or shared by several, until they end.
type fileLock struct{ f *os.File }

// tryLock returns nil without an error when another process has the lock, or
// shares it and this one does not want to.
func tryLock(path string, shared bool) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, err
	}
	return &fileLock{f}, nil
}

func (l *fileLock) unlock() error { return l.f.Close() }
