package remote

import (
	"fmt"
	"os"
	"path/filepath"
)

func systemSSH() string { return filepath.Join(os.Getenv("ProgramData"), "ssh") }

// defaultAgent is where Windows' own ssh-agent listens.
func defaultAgent() string { return `\\.\pipe\openssh-ssh-agent` }

func localMachine() (machine, error) {
	return nil, fmt.Errorf("%w: this computer runs Windows", ErrNotSupported)
}
