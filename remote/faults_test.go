package remote_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest"
)

func runProgram(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

func TestFaultsAtTheDoorHaveTheirKind(t *testing.T) {
	long := strings.Repeat("x", 200) + "\r\n"
	for _, c := range []struct {
		name   string
		faults remotetest.Faults
		want   error
	}{
		{"silence", remotetest.Faults{Silent: true}, remote.ErrTimeout},
		{"web server", remotetest.Faults{Greeting: []byte("HTTP/1.1 400 Bad Request\r\n\r\n" + strings.Repeat("y", 500))}, remote.ErrGarbage},
		{"binary", remotetest.Faults{Greeting: bytes.Repeat([]byte{0xff, 0, 1}, 1000)}, remote.ErrGarbage},
		{"SSH that goes wrong", remotetest.Faults{Greeting: []byte("SSH-2.0-x\r\n" + strings.Repeat("\xff", 5000))}, remote.ErrGarbage},
		{"endless banner", remotetest.Faults{Endless: []byte(long)}, remote.ErrGarbage},
		{"endless line", remotetest.Faults{Endless: []byte("x")}, remote.ErrGarbage},
		{"dropped for ever", remotetest.Faults{Drop: 1000}, remote.ErrUnreachable},
		{"refused login", remotetest.Faults{RefuseLogin: true}, remote.ErrLoginRefused},
		{"dropped twice", remotetest.Faults{Drop: 2}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, config := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
			config.HandshakeTimeout = 2 * time.Second
			if c.faults.Silent {
				config.HandshakeTimeout = 50 * time.Millisecond
			}
			srv.SetFaults(c.faults)
			s, err := remote.NewSSH(config).Dial(t.Context(), srv.Host("web1", "root"))
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\x00\xff\x1b") {
				t.Errorf("the error holds what the host sent: %q", err)
			}
			if s != nil {
				s.Close()
			}
		})
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	c := surroundings(t)
	host, port, _ := net.SplitHostPort(freeAddr(t))
	h := data.Host{Name: "gone", Address: host, Port: atoi(t, port), User: "root"}
	_, err := remote.NewSSH(c).Dial(t.Context(), h)
	if !errors.Is(err, remote.ErrUnreachable) || !errors.As(err, new(net.Error)) {
		t.Errorf("got %v", err)
	}
	h.Address = "no-such-host.invalid"
	_, err = remote.NewSSH(c).Dial(t.Context(), h)
	var dns *net.DNSError
	if !errors.Is(err, remote.ErrUnreachable) || !errors.As(err, &dns) || !strings.Contains(err.Error(), `name "no-such-host.invalid"`) {
		t.Errorf("got %v, want a word on the name", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := remote.NewSSH(c).Dial(ctx, h); !errors.Is(err, context.Canceled) || errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestCancelEndsALoginAtWork(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	srv.SetFaults(remotetest.Faults{Silent: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := remote.NewSSH(c).Dial(ctx, srv.Host("web1", "root"))
		done <- err
	}()
	for srv.Counts().Connections == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCutLineIsLostAndNoFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		cut  func(*remotetest.Server)
	}{
		{"reset", (*remotetest.Server).Cut},
		{"host down", (*remotetest.Server).Down},
		{"no answer", func(s *remotetest.Server) { s.SetFaults(remotetest.Faults{Deaf: true}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := make(chan struct{}, 1)
			srv, config := playHost(t, remotetest.Options{Exec: func(ctx context.Context, call *remotetest.Call) int {
				call.Stdout.Write([]byte("part"))
				began <- struct{}{}
				<-ctx.Done()
				return 0
			}})
			config.KeepAlive = 10 * time.Millisecond
			s := dial(t, config, srv.Host("web1", "root"))
			go func() { <-began; c.cut(srv) }()
			out, err := s.Run(t.Context(), remote.Command{Name: "wait", Script: "wait"})
			if !errors.Is(err, remote.ErrLost) || errors.As(err, new(*remote.ExitError)) {
				t.Errorf("got %v, want the connection lost", err)
			}
			if string(out.Stdout) != "part" {
				t.Errorf("what arrived is %q", out.Stdout)
			}
			if _, err := s.Run(t.Context(), remote.Command{Name: "next", Script: ":"}); !errors.Is(err, remote.ErrLost) {
				t.Errorf("afterwards: got %v, want the connection lost", err)
			}
		})
	}
}

func TestLineCutInMidOutputIsLost(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	srv.SetFaults(remotetest.Faults{CutAfter: 50_000})
	s := dial(t, c, srv.Host("web1", "root"))
	out, err := s.Run(t.Context(), remote.Command{Name: "much", Script: "head -c 1000000 /dev/zero"})
	if !errors.Is(err, remote.ErrLost) || len(out.Stdout) == 0 {
		t.Errorf("got %d bytes and %v", len(out.Stdout), err)
	}
}

func TestNoiseOfTheLoginShellIsNoOutput(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	srv.SetFaults(remotetest.Faults{Noise: "\x1b[1mWelcome!\x1b[0m\nst0123456789abcdef 1 1\nno newline"})
	hello(t, dial(t, c, srv.Host("web1", "root")))
}

func TestScriptThatNeverStartedDidNotFail(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	srv.SetFaults(remotetest.Faults{NoShell: true})
	_, err := dial(t, c, srv.Host("web1", "root")).Run(t.Context(), remote.Command{Name: "hello", Script: "echo hello"})
	if !errors.Is(err, remote.ErrGarbage) || errors.As(err, new(*remote.ExitError)) || !strings.Contains(err.Error(), "currently not available") {
		t.Errorf("got %v", err)
	}
}

func TestRefusedLoginSaysWhatWasTried(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	key := t.TempDir() + "/id"
	writeKey(t, key, "")
	h := srv.Host("web1", "root")
	h.IdentityFile = key
	c.Secrets = remotetest.Secrets{secret.LoginKey("web1"): "wrong"}
	_, err := remote.NewSSH(c).Dial(t.Context(), h)
	if !errors.Is(err, remote.ErrLoginRefused) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "password") || !strings.Contains(err.Error(), "user root") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error tells the password: %v", err)
	}
	if n := srv.Counts().Passwords; n != 1 {
		t.Errorf("the password was sent %d times, want 1", n)
	}
}

func TestKeyboardInteractiveAnswersTheOneHiddenQuestion(t *testing.T) {
	for password, want := range map[string]error{"secret": nil, "wrong": remote.ErrLoginRefused} {
		srv, c := playHost(t, remotetest.Options{
			Exec:        remotetest.RunSh,
			Interactive: true,
		})
		c.Secrets = remotetest.Secrets{secret.LoginKey("web1"): password}
		s, err := remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root"))
		if !errors.Is(err, want) {
			t.Fatalf("%s: got %v, want %v", password, err, want)
		}
		if s != nil {
			hello(t, s)
			s.Close()
		}
	}
}

func TestLoginsAtOneAddressQueue(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	s := remote.NewSSH(c)
	var work sync.WaitGroup
	for range 50 {
		work.Go(func() {
			session, err := s.Dial(t.Context(), srv.Host("web1", "root"))
			if err != nil {
				t.Error(err)
				return
			}
			session.Close()
		})
	}
	work.Wait()
	if n := srv.Counts(); n.MaxLogins > 8 || n.Passwords != 50 || n.Connections != 50 {
		t.Errorf("got %+v, want at most 8 logins at the same time and 50 in all", n)
	}
}

func TestPlayedJumpHostIsSharedAndReplacedWhenLost(t *testing.T) {
	jump, c := playHost(t, remotetest.Options{Forward: true})
	inner, _ := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	if err := remotetest.Trust(c.KnownHosts[0], jump, inner); err != nil {
		t.Fatal(err)
	}
	h := inner.Host("web1", "root")
	h.Jump = "root@" + jump.Addr()
	c.Secrets = remotetest.Secrets{secret.LoginKey("web1"): "secret", secret.LoginKey(h.Jump): "secret"}
	s := remote.NewSSH(c)
	one, err := s.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	jump.Cut()
	if _, err := one.Run(t.Context(), remote.Command{Name: "next", Script: ":"}); !errors.Is(err, remote.ErrLost) {
		t.Errorf("got %v, want the connection lost", err)
	}
	two, err := s.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	hello(t, two)

	h.Jump = "root@" + jump.Addr() + ",nobody@" + jump.Addr()
	_, err = s.Dial(t.Context(), h)
	if !errors.Is(err, remote.ErrLoginRefused) || !strings.Contains(err.Error(), "jump host nobody@") {
		t.Errorf("got %v, want the second jump host to refuse", err)
	}
	h.Jump = "root@" + jump.Addr()
	h.Port = atoi(t, strings.Split(freeAddr(t), ":")[1])
	if _, err = s.Dial(t.Context(), h); !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("got %v, want the host unreachable behind the jump host", err)
	}
}

// An imported inventory may name any path as a key file.
func TestAKeyFileThatNeverEndsIsNotRead(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/zero", pipe} {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		h := srv.Host("web1", "root")
		h.IdentityFile = path
		s, err := remote.NewSSH(c).Dial(ctx, h) // the password is left to log in with
		stop()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		s.Close()
	}
}
