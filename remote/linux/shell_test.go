package linux

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"

	"secondtuesday/remote"
)

// shell is a session on this computer, as whoever runs the test.
type shell struct {
	noRoot bool
	asked  int
}

func (s *shell) Run(ctx context.Context, c remote.Command) (remote.Output, error) {
	s.asked++
	if c.Root && s.noRoot {
		return remote.Output{}, remote.ErrNoPrivilege
	}
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", c.Script, "sh"}, c.Args...)...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stdin = bytes.NewReader(c.Stdin)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	e := cmd.Run()
	var exit *exec.ExitError
	if errors.As(e, &exit) {
		e = &remote.ExitError{Name: c.Name, Status: exit.ExitCode(), Stderr: err.String()}
	}
	return remote.Output{Stdout: out.Bytes(), Stderr: err.Bytes()}, e
}

func (s *shell) Close() error { return nil }

func answer(t *testing.T, pairs ...string) Answer {
	t.Helper()
	var a Answer
	for i := 0; i < len(pairs); i += 2 {
		a = append(a, Section{Name: pairs[i], Out: pairs[i+1]})
	}
	return a
}
