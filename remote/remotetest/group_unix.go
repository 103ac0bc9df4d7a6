//go:build unix

package remotetest

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func endGroup(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGKILL) }
