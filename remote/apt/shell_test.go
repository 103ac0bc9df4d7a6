package apt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"secondtuesday/remote"
)

// shell is a session on this computer, as whoever runs the test.
type shell struct {
	env []string
}

func (s *shell) Run(ctx context.Context, c remote.Command) (remote.Output, error) {
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", c.Script, "sh"}, c.Args...)...)
	cmd.Env = append([]string{"LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, s.env...)
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

// needAPT lets a test go on where APT and root are. On Debian, and in CI, they must be.
func needAPT(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("apt-get")
	if err == nil && os.Getuid() == 0 {
		return
	}
	if _, debian := os.Stat("/etc/debian_version"); debian == nil && os.Getuid() == 0 || os.Getenv("CI") != "" {
		t.Fatalf("APT and root are needed here: %v, user %d", err, os.Getuid())
	}
	t.Skipf("not run: this test asks the APT of a Debian machine as root (user %d, %v)", os.Getuid(), err)
}
