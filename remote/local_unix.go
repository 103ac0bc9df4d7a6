//go:build unix

package remote

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

func systemSSH() string { return "/etc/ssh" }

func defaultAgent() string { return os.Getenv("SSH_AUTH_SOCK") }

func localMachine() (machine, error) { return thisComputer{}, nil }

type thisComputer struct{}

func (thisComputer) close() error { return nil }

func (thisComputer) start(line string, stdout, stderr io.Writer) (process, error) {
	c := exec.Command("sh", "-c", line)
	// A session of its own, as sshd gives: a group to end, and no terminal
	// that sudo could ask on.
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start shell: %w", err)
	}
	p := &localProcess{WriteCloser: stdin, cmd: c}
	for _, s := range []struct {
		open func() (io.ReadCloser, error)
		to   io.Writer
	}{{c.StdoutPipe, stdout}, {c.StderrPipe, stderr}} {
		from, err := s.open()
		if err != nil {
			return nil, fmt.Errorf("start shell: %w", err)
		}
		p.pipes = append(p.pipes, pipe{from, s.to})
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start shell: %w", err)
	}
	return p, nil
}

type pipe struct {
	from io.ReadCloser
	to   io.Writer
}

type localProcess struct {
	io.WriteCloser
	cmd   *exec.Cmd
	pipes []pipe

	mu     sync.Mutex
	reaped bool // the number may belong to another process by now
}

func (p *localProcess) wait() (int, error) {
	var read sync.WaitGroup
	for _, s := range p.pipes {
		// An error of the writer is ours: too much output, and known already.
		read.Go(func() { io.Copy(s.to, s.from) })
	}
	read.Wait()
	err := p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	state := p.cmd.ProcessState
	if state == nil {
		return 0, fmt.Errorf("%w: %w", ErrLost, err)
	}
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal()), nil
	}
	return state.ExitCode(), nil
}

func (p *localProcess) signal() { p.kill(syscall.SIGTERM) }

func (p *localProcess) drop() {
	p.kill(syscall.SIGKILL)
	for _, s := range p.pipes {
		s.from.Close()
	}
}

func (p *localProcess) kill(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		syscall.Kill(-p.cmd.Process.Pid, sig)
	}
}
