package lab_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/lab"
)

var whoami = remote.Command{Name: "who am I", Script: "id -un", Root: true}

func TestEveryUserBecomesRootOrIsToldWhyNot(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	for _, c := range []struct {
		user, password string
		want           error
	}{
		{lab.Root, "", nil},
		{lab.OpsNoPassword, "", nil},
		{lab.Ops, lab.OpsPassword, nil},
		{lab.Ops, "wrong", remote.ErrSudoPassword},
		{lab.Ops, "", remote.ErrSudoPassword},
		{lab.NoSudo, lab.NoSudoPassword, remote.ErrNoPrivilege},
	} {
		t.Run(c.user+" "+c.password, func(t *testing.T) {
			passwords := vault{}
			if c.password != "" {
				passwords[m.Name] = c.password
			}
			s := open(t, newDesk(t, passwords, m), m.Host(c.user))
			out, err := s.Run(t.Context(), whoami)
			if !errors.Is(err, c.want) {
				t.Fatalf("err = %v, want %v", err, c.want)
			}
			if c.want == nil && string(out.Stdout) != "root\n" {
				t.Errorf("ran as %q", out.Stdout)
			}
		})
	}
	// sudo counts wrong passwords, and this desk sends each one once.
	if log := m.Exec("cat /var/log/auth.log 2>/dev/null; true"); strings.Contains(log, lab.OpsPassword) {
		t.Error("the password stands in the host's log")
	}
}

func TestSudoPasswordIsInNoProcessList(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	s := login(t, m, lab.Ops)
	out, err := s.Run(t.Context(), remote.Command{Name: "ps", Script: "cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; true", Root: true})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out.Stdout), lab.OpsPassword) {
		t.Errorf("a process shows the password:\n%s", out.Stdout)
	}
}

func TestChangedHostKeyBlocks(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	desk := newDesk(t, nil, m)
	open(t, desk, m.Host(lab.Root)).Close()
	m.ChangeHostKey()
	_, err := desk.Dial(t.Context(), m.Host(lab.Root))
	var changed *remote.HostKeyChangedError
	if !errors.As(err, &changed) {
		t.Fatalf("err = %v", err)
	}
	if len(changed.Known) == 0 || changed.Known[0] == changed.Shown {
		t.Errorf("fingerprints: %+v", changed)
	}
}

func TestUnknownHostKeyIsAskedAboutOnce(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	desk := newDesk(t, nil)
	_, err := desk.Dial(t.Context(), m.Host(lab.Root))
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) {
		t.Fatalf("err = %v", err)
	}
	if err := desk.AcceptHostKey(unknown); err != nil {
		t.Fatal(err)
	}
	open(t, desk, m.Host(lab.Root))
}

func TestCancelEndsTheCommandOnTheHost(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	s := login(t, m, lab.Ops)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for strings.TrimSpace(m.Exec("pgrep -xc sleep || true")) < "2" { // init's own, and ours
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
	}()
	if _, err := s.Run(ctx, remote.Command{Name: "long", Script: "sleep 4711", Root: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if out := m.Exec("pgrep -af 'sleep 4711' | grep -v pgrep || true"); strings.Contains(out, "sleep 4711") {
		t.Errorf("still runs: %s", out)
	}
}

func TestCutLineIsLostAndNotAFailure(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	s := login(t, m, lab.Root)
	time.AfterFunc(500*time.Millisecond, m.LinkDown)
	began := time.Now()
	_, err := s.Run(t.Context(), remote.Command{Name: "long", Script: "sleep 60"})
	var failed *remote.ExitError
	if errors.As(err, &failed) || !errors.Is(err, remote.ErrLost) {
		t.Errorf("err = %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("noticed after %v", took)
	}
}

func TestSilentHostIsATimeout(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	desk := newDesk(t, nil, m)
	m.LinkDown()
	if _, err := desk.Dial(t.Context(), m.Host(lab.Root)); !errors.Is(err, remote.ErrTimeout) || !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("a cut line: %v", err)
	}
	m.LinkUp()
	m.Freeze()
	defer m.Thaw()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := desk.Dial(ctx, m.Host(lab.Root)); !errors.Is(err, remote.ErrTimeout) {
		t.Errorf("a frozen host: %v", err)
	}
}

// TestNoLoginIsLostBehindOneJumpHost: sshd drops logins beyond MaxStartups,
// 10 by default.
func TestNoLoginIsLostBehindOneJumpHost(t *testing.T) {
	t.Parallel()
	jump := lab.Host(t, lab.Debian)
	hosts := lab.Hosts(t, lab.Debian, 12)
	desk := newDesk(t, nil, append(hosts, jump)...)
	var wait sync.WaitGroup
	for i := range 48 {
		wait.Go(func() {
			m := hosts[i%len(hosts)]
			h := m.Host(lab.Root)
			h.Jump = lab.Root + "@" + jump.Addr
			s, err := desk.Dial(t.Context(), h)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			out, err := s.Run(t.Context(), remote.Command{Name: "hostname", Script: "hostname"})
			if err != nil || strings.TrimSpace(string(out.Stdout)) != m.Name {
				t.Errorf("%s: %q, %v", m.Name, out.Stdout, err)
			}
		})
	}
	wait.Wait()
}

func TestManyLoginsAtOneServerAreAllLetIn(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	desk := newDesk(t, nil, m)
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			s, err := desk.Dial(t.Context(), m.Host(lab.OpsNoPassword))
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Run(t.Context(), remote.Command{Name: "true", Script: "true"}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func TestSudoNeverStaysUnprivileged(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	h := m.Host(lab.OpsNoPassword)
	h.Sudo = data.SudoNever
	s := open(t, newDesk(t, nil, m), h)
	if _, err := s.Run(t.Context(), whoami); !errors.Is(err, remote.ErrNoPrivilege) {
		t.Errorf("err = %v", err)
	}
}

// TestHostThatAllowsFewSessionsRunsAll: sshd turns sessions beyond MaxSessions
// away, also while it is still clearing up after one that has ended.
func TestHostThatAllowsFewSessionsRunsAll(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Debian)
	m.Exec(`sed -i 's/^MaxSessions.*/MaxSessions 3/' /etc/ssh/sshd_config.d/lab.conf; pkill -HUP -o -x sshd; sleep 0.5`)
	s := login(t, m, lab.Root)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := s.Run(t.Context(), remote.Command{Name: "short", Script: "sleep 0.2"}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}
