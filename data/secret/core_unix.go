//go:build unix

package secret

import (
	"fmt"
	"syscall"
)

// NoCoreFile lets no crash of this program leave its memory, and the passwords
// in it, in a core file. Programs it starts may ask for one of their own.
func NoCoreFile() error {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit)
	if err == nil {
		limit.Cur = 0
		err = syscall.Setrlimit(syscall.RLIMIT_CORE, &limit)
	}
	if err != nil {
		return fmt.Errorf("forbid core files: %w", err)
	}
	return nil
}
