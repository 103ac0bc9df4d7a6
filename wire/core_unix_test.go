//go:build unix

package wire

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Both programs open their workspace here, before they know a password.
func TestACrashLeavesNoCoreFile(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max // as much as this process may
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	office, err := Open(t.Context(), Options{Practice: true, PracticeDir: filepath.Join(t.TempDir(), "shop")})
	if err != nil {
		t.Fatal(err)
	}
	defer office.Close()
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 {
		t.Errorf("a core file may have %d bytes: %v", limit.Cur, err)
	}
}
