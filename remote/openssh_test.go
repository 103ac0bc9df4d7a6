package remote_test

import (
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest"
)

func TestOpenSSHSessionKeepsTheContract(t *testing.T) {
	d := startSSHD(t)
	c := surroundings(t)
	d.trust(t, c)
	remotetest.TestSession(t, func(t *testing.T) remote.Session { return dial(t, c, d.host("web1")) })
}

func hello(t *testing.T, s remote.Session) {
	t.Helper()
	out, err := s.Run(t.Context(), remote.Command{Name: "hello", Script: "echo hello"})
	if err != nil || string(out.Stdout) != "hello\n" {
		t.Errorf("got %q and %v", out.Stdout, err)
	}
}

func TestManyHostsBehindOneJumpHostShareItsLogin(t *testing.T) {
	jump := startSSHD(t)
	inner := startSSHD(t)
	copyFile(t, jump.key+".pub", filepath.Join(inner.dir, "authorized"))
	c := surroundings(t)
	jump.trust(t, c)
	inner.trust(t, c)
	// The jump host is known by its alias only, and the key by the same line.
	j := jump.host("")
	writeFile(t, c.OpenSSH[0], "Host bastion\n HostName 127.0.0.1\n Port "+itoa(j.Port)+"\n User "+j.User+"\n IdentityFile "+jump.key+"\n")
	s := remote.NewSSH(c)
	h := inner.host("db1")
	h.IdentityFile, h.Jump = jump.key, "bastion"

	const hosts = 40 // four times what sshd lets log in at the same time
	var work sync.WaitGroup
	sessions := make(chan remote.Session, hosts)
	for range hosts {
		work.Go(func() {
			session, err := s.Dial(t.Context(), h)
			if err != nil {
				t.Error(err)
				return
			}
			sessions <- session
			hello(t, session)
		})
	}
	work.Wait()
	close(sessions)
	if n := jump.said(t, "Accepted publickey"); n != 1 {
		t.Errorf("the jump host saw %d logins, want 1", n)
	}
	if n := inner.said(t, "Accepted publickey"); n != hosts {
		t.Errorf("the host saw %d logins, want %d", n, hosts)
	}
	for session := range sessions {
		session.Close()
	}
	// The last one gone, the jump host is let go; the next one dials it anew.
	session, err := s.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	hello(t, session)
	if n := jump.said(t, "Accepted publickey"); n != 2 {
		t.Errorf("the jump host saw %d logins, want 2", n)
	}
}

func TestManyLoginsAtOneSSHDLoseNone(t *testing.T) {
	// The default of sshd is 10:30:100; this one drops every eleventh for certain.
	d := startSSHD(t, "MaxStartups 10:100:10")
	c := surroundings(t)
	d.trust(t, c)
	s := remote.NewSSH(c)
	var work sync.WaitGroup
	for range 64 {
		work.Go(func() {
			session, err := s.Dial(t.Context(), d.host("web1"))
			if err != nil {
				t.Error(err)
				return
			}
			session.Close()
		})
	}
	work.Wait()
}

func TestLockedKeyIsOpenedWithTheStoredPassphrase(t *testing.T) {
	d := startSSHD(t)
	locked := filepath.Join(d.dir, "locked")
	writeKey(t, locked, "open sesame")
	copyFile(t, locked+".pub", filepath.Join(d.dir, "authorized"))
	c := surroundings(t)
	d.trust(t, c)
	h := d.host("web1")
	h.IdentityFile = locked

	if _, err := remote.NewSSH(c).Dial(t.Context(), h); !errors.Is(err, remote.ErrLoginRefused) {
		t.Errorf("without passphrase: got %v", err)
	}
	c.Secrets = remotetest.Secrets{secret.PassphraseKey(locked): "wrong"}
	if _, err := remote.NewSSH(c).Dial(t.Context(), h); !errors.Is(err, remote.ErrLoginRefused) {
		t.Errorf("with a wrong passphrase: got %v", err)
	}
	c.Secrets = remotetest.Secrets{secret.PassphraseKey(locked): "open sesame"}
	hello(t, dial(t, c, h))
}

func TestLockedKeyDoesNotKeepTheNextFromBeingTried(t *testing.T) {
	d := startSSHD(t)
	locked := filepath.Join(d.dir, "locked")
	writeKey(t, locked, "open sesame")
	both := readFile(t, locked+".pub") + readFile(t, d.key+".pub")
	writeFile(t, filepath.Join(d.dir, "authorized"), both)
	c := surroundings(t)
	d.trust(t, c)
	writeFile(t, c.OpenSSH[0], "IdentityFile "+locked+"\nIdentityFile "+d.key+"\n")
	h := d.host("web1")
	h.IdentityFile = ""
	hello(t, dial(t, c, h))
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAgentLogsInAndIsAskedForTheNamedKeyFirst(t *testing.T) {
	d := startSSHD(t, "MaxAuthTries 3")
	c := surroundings(t)
	d.trust(t, c)
	var keys []any
	for i := range 6 { // more keys than sshd has patience
		keys = append(keys, writeRawKey(t, filepath.Join(d.dir, "other"+itoa(i))))
	}
	right := filepath.Join(d.dir, "right")
	keys = append(keys, writeRawKey(t, right))
	copyFile(t, right+".pub", filepath.Join(d.dir, "authorized"))
	c.Agent = serveAgent(t, keys)
	if err := os.Remove(right); err != nil { // only the agent has it now
		t.Fatal(err)
	}
	h := d.host("web1")
	h.IdentityFile = right + ".pub"
	hello(t, dial(t, c, h))

	h.IdentityFile = ""
	_, err := remote.NewSSH(c).Dial(t.Context(), h)
	if !errors.Is(err, remote.ErrLoginRefused) {
		t.Errorf("six wrong keys first: got %v, want the login refused", err)
	}
}

func TestOpenSSHCertificateAuthorityIsTrusted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "certified")
	writeKey(t, path, "")
	ca := writeKey(t, filepath.Join(dir, "ca"), "")
	cert := certify(t, ca, path+".pub", "127.0.0.1")
	writeFile(t, path+"-cert.pub", string(ssh.MarshalAuthorizedKey(cert)))
	d := startSSHD(t, "HostKey "+path, "HostCertificate "+path+"-cert.pub")
	c := surroundings(t)
	writeFile(t, c.KnownHosts[0], "@cert-authority * "+string(ssh.MarshalAuthorizedKey(ca.PublicKey())))
	hello(t, dial(t, c, d.host("web1")))
}

func certify(t *testing.T, ca ssh.Signer, path, principal string) *ssh.Certificate {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(b)
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{
		Key: key, CertType: ssh.HostCert, ValidPrincipals: []string{principal},
		ValidBefore: uint64(time.Now().Add(time.Hour).Unix()),
	}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestAgentOfTheConfigurationIsUsed(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	c.Secrets = nil
	key := writeRawKey(t, filepath.Join(t.TempDir(), "k"))
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	srv2, err := remotetest.Start(remotetest.Options{Users: map[string]remotetest.User{"root": {Keys: []ssh.PublicKey{signer.PublicKey()}}}, Exec: remotetest.RunSh})
	if err != nil {
		t.Fatal(err)
	}
	defer srv2.Close()
	if err := remotetest.Trust(c.KnownHosts[0], srv, srv2); err != nil {
		t.Fatal(err)
	}
	writeFile(t, c.OpenSSH[0], "Host 127.0.0.1\n IdentityAgent "+serveAgent(t, []any{key})+"\n")
	hello(t, dial(t, c, srv2.Host("web1", "root")))
}

// writeRawKey writes a key pair and returns the private key as an agent takes it.
func writeRawKey(t *testing.T, path string) any {
	t.Helper()
	writeKey(t, path, "")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// serveAgent serves an agent that holds keys, and returns its socket.
func serveAgent(t *testing.T, keys []any) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	return l.Addr().String()
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
