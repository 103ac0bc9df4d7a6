package remote_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// An openSSHD is a real OpenSSH server on loopback that lets in the user who
// runs the test, by key.
type openSSHD struct {
	dir, addr, hostKey string
	user               string
	key                string // path of the private key that logs in
	log                string
}

// startSSHD starts one with further lines of sshd_config(5).
func startSSHD(t *testing.T, lines ...string) *openSSHD {
	t.Helper()
	return startSSHDWith(t, nil, lines...)
}

// startSSHDWith starts one by way of another command line.
func startSSHDWith(t *testing.T, by []string, lines ...string) *openSSHD {
	t.Helper()
	const path = "/usr/sbin/sshd"
	if _, err := os.Stat(path); err != nil {
		missing(t, "OpenSSH's server (Debian: apt-get install openssh-server)")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := &openSSHD{dir: dir, user: me.Username, key: filepath.Join(dir, "id"), hostKey: filepath.Join(dir, "host"), log: filepath.Join(dir, "log")}
	writeKey(t, d.hostKey, "")
	writeKey(t, d.key, "")
	copyFile(t, d.key+".pub", filepath.Join(dir, "authorized"))
	d.addr = freeAddr(t)
	_, port, _ := net.SplitHostPort(d.addr)
	config := append(lines, // sshd takes the first value of each keyword
		"ListenAddress 127.0.0.1", "Port "+port, "HostKey "+d.hostKey, "PidFile none",
		"AuthorizedKeysFile "+filepath.Join(dir, "authorized"), "StrictModes no", "UsePAM no",
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password",
		"LogLevel VERBOSE",
	)
	file := filepath.Join(dir, "sshd_config")
	if err := os.WriteFile(file, []byte(strings.Join(config, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		// sshd run by root insists on this directory.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	line := append(by, path, "-D", "-f", file, "-E", d.log)
	c := exec.Command(line[0], line[1:]...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(d.log)
			t.Logf("sshd said:\n%s", b)
		}
	})
	d.wait(t)
	return d
}

// missing fails where the build must have everything, and elsewhere says what
// is not there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs %s", what)
	}
	t.Skipf("NOT TESTED: this test needs %s", what)
}

func (d *openSSHD) wait(t *testing.T) {
	t.Helper()
	for {
		c, err := net.Dial("tcp", d.addr)
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// writeKey writes an Ed25519 key pair, locked where a passphrase is given.
func writeKey(t *testing.T, path, passphrase string) ssh.Signer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "test")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "test", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(pem.EncodeToMemory(block)))
	writeFile(t, path+".pub", string(ssh.MarshalAuthorizedKey(pub)))
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, string(b))
}

// host returns the server as an inventory has it.
func (d *openSSHD) host(name string) data.Host {
	host, port, _ := net.SplitHostPort(d.addr)
	n, _ := strconv.Atoi(port)
	return data.Host{Name: name, Reach: data.ReachSSH, Address: host, Port: n, User: d.user, IdentityFile: d.key}
}

// trust writes the server's key to a dialer's known hosts.
func (d *openSSHD) trust(t *testing.T, c remote.SSHConfig) {
	t.Helper()
	b, err := os.ReadFile(d.hostKey + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(d.addr)
	f, err := os.OpenFile(c.KnownHosts[0], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "[%s]:%s %s", host, port, b)
}

// said returns the lines of sshd's log that hold s.
func (d *openSSHD) said(t *testing.T, s string) int {
	t.Helper()
	b, err := os.ReadFile(d.log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), s)
}
