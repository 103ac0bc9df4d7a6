package remote_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest"
)

func admin(t *testing.T, sudo remotetest.Sudo) (*remotetest.Server, remote.SSHConfig, data.Host) {
	srv, c := playHost(t, remotetest.Options{
		Exec: func(ctx context.Context, call *remotetest.Call) int {
			fmt.Fprintf(call.Stdout, "root=%v ", call.Root)
			return remotetest.RunSh(ctx, call)
		},
		Users: map[string]remotetest.User{
			"root":  {Password: "secret"},
			"admin": {UID: 1000, Password: "secret", Sudo: sudo, SudoPassword: "sesame"},
		},
	})
	return srv, c, srv.Host("web1", "admin")
}

var whoami = remote.Command{Name: "who", Script: "cat", Stdin: []byte("line one\nline two\n"), Root: true}

func TestRootIsFoundOnceASession(t *testing.T) {
	login, sudo := secret.LoginKey("web1"), secret.SudoKey("web1")
	for _, c := range []struct {
		name    string
		user    string
		sudo    remotetest.Sudo
		choice  data.Sudo
		secrets remotetest.Secrets
		want    error // nil: becomes root
		tries   int64 // of sudo's password, over two commands
	}{
		{"root", "root", 0, data.SudoAuto, remotetest.Secrets{}, nil, 0},
		{"root, sudo never", "root", 0, data.SudoNever, remotetest.Secrets{}, nil, 0},
		{"no password needed", "admin", remotetest.SudoFree, data.SudoAuto, remotetest.Secrets{}, nil, 0},
		{"password", "admin", remotetest.SudoAsks, data.SudoAuto, remotetest.Secrets{sudo: "sesame"}, nil, 3},
		{"password chosen, none needed", "admin", remotetest.SudoFree, data.SudoPassword, remotetest.Secrets{sudo: "sesame"}, nil, 0},
		{"wrong password", "admin", remotetest.SudoAsks, data.SudoAuto, remotetest.Secrets{sudo: "wrong"}, remote.ErrSudoPassword, 1},
		{"no password", "admin", remotetest.SudoAsks, data.SudoAuto, remotetest.Secrets{}, remote.ErrSudoPassword, 0},
		{"empty password", "admin", remotetest.SudoAsks, data.SudoAuto, remotetest.Secrets{sudo: ""}, remote.ErrSudoPassword, 0},
		{"not in sudoers", "admin", remotetest.SudoDenied, data.SudoAuto, remotetest.Secrets{sudo: "sesame"}, remote.ErrNoPrivilege, 1},
		{"no sudo", "admin", remotetest.SudoMissing, data.SudoAuto, remotetest.Secrets{sudo: "sesame"}, remote.ErrNoPrivilege, 0},
		{"sudo never", "admin", remotetest.SudoFree, data.SudoNever, remotetest.Secrets{sudo: "sesame"}, remote.ErrNoPrivilege, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, config, h := admin(t, c.sudo)
			c.secrets[login] = "secret"
			config.Secrets, h.User, h.Sudo = c.secrets, c.user, c.choice
			s := dial(t, config, h)
			for range 2 {
				out, err := s.Run(t.Context(), whoami)
				if !errors.Is(err, c.want) {
					t.Fatalf("got %v, want %v", err, c.want)
				}
				if want := "root=true line one\nline two\n"; c.want == nil && string(out.Stdout) != want {
					t.Errorf("got %q, want %q", out.Stdout, want)
				}
				if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "wrong\n")) {
					t.Errorf("the error tells the password: %v", err)
				}
			}
			if n := srv.Counts().SudoTries; n != c.tries {
				t.Errorf("sudo was given a password %d times, want %d", n, c.tries)
			}
			plain := whoami
			plain.Root = false
			if out, err := s.Run(t.Context(), plain); err != nil || !strings.Contains(string(out.Stdout), "line two") {
				t.Errorf("without root: got %q and %v", out.Stdout, err)
			}
		})
	}
}

// sudoHosts is what prepares a machine's accounts within a mount namespace of
// the server's own, on a copy of /etc.
const sudoHosts = `set -e
cp -a /etc "$1/etc"
mount --make-rprivate /
mount --bind "$1/etc" /etc
mkdir -p "$1/sudo" "$1/runsudo" /run/sudo /var/lib/sudo
mount --bind "$1/sudo" /var/lib/sudo
mount --bind "$1/runsudo" /run/sudo
for u in free asks denied picky; do
	useradd --no-create-home --home-dir /tmp --shell /bin/bash st-$u
	echo "st-$u:pass of $u" | chpasswd
done
cat >/etc/sudoers.d/st <<'END'
Defaults lecture=always
st-free ALL=(ALL) NOPASSWD: ALL
st-asks ALL=(ALL) ALL
Defaults:st-picky requiretty
st-picky ALL=(ALL) NOPASSWD: ALL
END
chmod 440 /etc/sudoers.d/st
shift
exec "$@"
`

// startSudoSSHD starts a real sshd with PAM whose accounts use real sudo.
func startSudoSSHD(t *testing.T) *openSSHD {
	t.Helper()
	if os.Getuid() != 0 {
		missing(t, "root, for accounts of its own")
	}
	for _, program := range []string{"sudo", "unshare", "useradd", "chpasswd"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program)
		}
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for p := dir; p != "/" && p != os.TempDir(); p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return startSSHDWith(t, []string{"unshare", "--mount", "sh", "-c", sudoHosts, "sh", dir},
		"UsePAM yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication yes")
}

func TestRealSudo(t *testing.T) {
	d := startSudoSSHD(t)
	c := surroundings(t)
	d.trust(t, c)
	connect := func(t *testing.T, name, sudo string) remote.Session {
		h := d.host(name)
		h.User, h.IdentityFile = name, ""
		_, kind, _ := strings.Cut(name, "-")
		c.Secrets = remotetest.Secrets{secret.LoginKey(name): "pass of " + kind, secret.SudoKey(name): sudo}
		return dial(t, c, h)
	}
	for _, v := range []struct {
		user, sudo string
		want       error
	}{
		{"st-free", "", nil},
		{"st-asks", "pass of asks", nil},
		{"st-asks", "wrong", remote.ErrSudoPassword},
		{"st-denied", "pass of denied", remote.ErrNoPrivilege},
		{"st-denied", "wrong", remote.ErrSudoPassword},
		{"st-picky", "", remote.ErrNoPrivilege},
	} {
		t.Run(v.user+" "+v.sudo, func(t *testing.T) {
			s := connect(t, v.user, v.sudo)
			for range 2 {
				out, err := s.Run(t.Context(), remote.Command{
					Name: "who", Root: true, Script: `id -u; echo "$1"; cat`, Args: []string{"a'b"}, Stdin: []byte("line one\nline two\n"),
				})
				if !errors.Is(err, v.want) {
					t.Fatalf("got %v, want %v", err, v.want)
				}
				if want := "0\na'b\nline one\nline two\n"; v.want == nil && (string(out.Stdout) != want || len(out.Stderr) != 0) {
					t.Errorf("got %q and %q, want %q", out.Stdout, out.Stderr, want)
				}
			}
		})
	}
	t.Run("root's command is ended", func(t *testing.T) {
		for _, user := range []string{"st-free", "st-asks"} {
			s := connect(t, user, "pass of asks")
			ctx, cancel := context.WithCancel(t.Context())
			file := filepath.Join(t.TempDir(), "pid")
			done := make(chan error, 1)
			go func() {
				_, err := s.Run(ctx, remote.Command{Name: "wait", Root: true, Args: []string{file}, Script: `sleep 600 & echo $! >"$1.new"; mv "$1.new" "$1"; wait`})
				done <- err
			}()
			pid := awaitFile(t, file, done)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			awaitEnd(t, pid)
		}
	})
}

// awaitFile waits for the file and returns what is in it.
func awaitFile(t *testing.T, path string, ended <-chan error) string {
	t.Helper()
	for {
		if b, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(b))
		}
		select {
		case err := <-ended:
			t.Fatalf("ended too early: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// awaitEnd waits until no process has that number, but for a zombie.
func awaitEnd(t *testing.T, pid string) {
	t.Helper()
	for {
		b, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the process still runs")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
