package remote_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest"
)

func TestUnknownHostIsSentNothingUntilAPersonVouches(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	if err := os.Remove(c.KnownHosts[0]); err != nil {
		t.Fatal(err)
	}
	s, h := remote.NewSSH(c), srv.Host("web1", "root")
	_, err := s.Dial(t.Context(), h)
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v, want an unknown host key", err)
	}
	if unknown.Type != ssh.KeyAlgoED25519 || unknown.Fingerprint != srv.Fingerprint() || !strings.HasPrefix(unknown.Host, "[127.0.0.1]:") {
		t.Errorf("got %+v", unknown)
	}
	if n := srv.Counts(); n.Passwords+n.Refused+n.Logins != 0 {
		t.Errorf("the unknown host was sent credentials: %+v", n)
	}

	forged := *unknown
	forged.Line = "evil.example " + strings.SplitN(unknown.Line, " ", 2)[1]
	if err := s.AcceptHostKey(&forged); err == nil {
		t.Error("a line for another host is accepted")
	}
	forged.Line = unknown.Line + "\n@cert-authority * " + strings.SplitN(unknown.Line, " ", 2)[1]
	if err := s.AcceptHostKey(&forged); err == nil {
		t.Error("a second line is accepted")
	}
	for range 2 { // twice is as good as once
		if err := s.AcceptHostKey(unknown); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(c.AcceptedKeys)
	if err != nil || string(b) != unknown.Line+"\n" {
		t.Errorf("the file holds %q (%v)", b, err)
	}
	if info, err := os.Stat(c.AcceptedKeys); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v (%v)", info.Mode(), err)
	}
	session, err := s.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	hello(t, session)
}

func TestKeysAcceptedAtTheSameTimeAreAllKept(t *testing.T) {
	c := surroundings(t)
	writeFile(t, c.AcceptedKeys, "half a line that a crash left")
	var work sync.WaitGroup
	var lines []string
	for i := range 20 {
		key := remotetest.NewHostKey().PublicKey()
		host := "host" + itoa(i)
		e := &remote.HostKeyUnknownError{
			Host: host, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key),
			Line: host + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))),
		}
		lines = append(lines, e.Line)
		s := remote.NewSSH(c) // another program, as far as the file goes
		work.Go(func() {
			if err := s.AcceptHostKey(e); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	b, err := os.ReadFile(c.AcceptedKeys)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if !strings.Contains(string(b), "\n"+l+"\n") {
			t.Errorf("lost: %s", l)
		}
	}
}

func TestChangedHostKeyBlocks(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	before := srv.Fingerprint()
	srv.ChangeHostKey(remotetest.NewHostKey())
	_, err := remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root"))
	var changed *remote.HostKeyChangedError
	if !errors.As(err, &changed) {
		t.Fatalf("got %v, want a changed host key", err)
	}
	if changed.Shown != "ssh-ed25519 "+srv.Fingerprint() || len(changed.Known) != 1 || changed.Known[0] != "ssh-ed25519 "+before {
		t.Errorf("got %+v", changed)
	}
	if changed.Where != c.KnownHosts[0]+":1" {
		t.Errorf("the known key is said to be at %s", changed.Where)
	}
	if n := srv.Counts(); n.Passwords+n.Refused+n.Logins != 0 {
		t.Errorf("the changed host was sent credentials: %+v", n)
	}
}

func TestKeyOfAnotherKindIsAChangedKey(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	writeFile(t, c.KnownHosts[0], strings.Replace(srv.KnownHosts(), "ssh-ed25519 ", "", 1))
	b, err := os.ReadFile("testdata/rsa.pub")
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(srv.KnownHosts(), " ")
	writeFile(t, c.KnownHosts[0], name+" "+string(b))
	_, err = remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root"))
	var changed *remote.HostKeyChangedError
	if !errors.As(err, &changed) || !strings.HasPrefix(changed.Known[0], "ssh-rsa SHA256:") {
		t.Errorf("got %v, want a changed host key", err)
	}
}

func TestHostWithSeveralKeysShowsTheKnownOne(t *testing.T) {
	dir := t.TempDir()
	out := runProgram(t, "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", filepath.Join(dir, "ecdsa"))
	if out != "" {
		t.Log(out)
	}
	d := startSSHD(t, "HostKey "+filepath.Join(dir, "ecdsa"))
	c := surroundings(t)
	d.hostKey = filepath.Join(dir, "ecdsa") // by choice it would show Ed25519
	d.trust(t, c)
	hello(t, dial(t, c, d.host("web1")))
}

func TestRevokedHostKeyBlocks(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	line := srv.KnownHosts()
	_, key, _ := strings.Cut(line, " ")
	writeFile(t, c.KnownHosts[0], line+"@revoked * "+key)
	_, err := remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root"))
	if !errors.Is(err, remote.ErrHostKeyRefused) {
		t.Errorf("got %v, want the key refused", err)
	}
	if n := srv.Counts(); n.Passwords+n.Refused != 0 {
		t.Errorf("the host was sent credentials: %+v", n)
	}
}

func TestHostWithoutCertificateOfItsAuthorityIsUnknown(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{})
	ca := remotetest.NewHostKey().PublicKey()
	writeFile(t, c.KnownHosts[0], "@cert-authority * "+string(ssh.MarshalAuthorizedKey(ca)))
	_, err := remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root"))
	if !errors.As(err, new(*remote.HostKeyUnknownError)) {
		t.Errorf("got %v, want an unknown host key", err)
	}
}

func TestUnreadableLineOfKnownHostsHidesNoOther(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	old := srv.Fingerprint()
	junk := "# comment\nweb9 ssh-quantum AAAAnotbase64!\n|1|broken\n"
	writeFile(t, c.KnownHosts[0], junk+srv.KnownHosts()+"half")
	hello(t, dial(t, c, srv.Host("web1", "root")))

	srv.ChangeHostKey(remotetest.NewHostKey())
	var changed *remote.HostKeyChangedError
	if _, err := remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root")); !errors.As(err, &changed) {
		t.Fatalf("got %v, want a changed host key", err)
	}
	if changed.Where != c.KnownHosts[0]+":4" || !strings.Contains(changed.Known[0], old) {
		t.Errorf("got %+v", changed)
	}

	writeFile(t, c.KnownHosts[0], srv.KnownHosts()+"@revoked * ssh-ed25519 AAAAcut")
	if _, err := remote.NewSSH(c).Dial(t.Context(), srv.Host("web1", "root")); err == nil || !strings.Contains(err.Error(), ":2: ") {
		t.Errorf("a revocation that cannot be read is passed over: %v", err)
	}
}

func TestHostKeyAliasAndPlainNameAreHonoured(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	_, key, _ := strings.Cut(srv.KnownHosts(), " ")
	h := srv.Host("web1", "root")

	writeFile(t, c.KnownHosts[0], "127.0.0.1 "+key) // without the port, as OpenSSH accepts
	hello(t, dial(t, c, h))

	writeFile(t, c.KnownHosts[0], "the-alias "+key)
	if _, err := remote.NewSSH(c).Dial(t.Context(), h); !errors.As(err, new(*remote.HostKeyUnknownError)) {
		t.Errorf("got %v, want an unknown host key", err)
	}
	writeFile(t, c.OpenSSH[0], "Host 127.0.0.1\nHostKeyAlias the-alias\n")
	hello(t, dial(t, c, h))
}

func TestLocalAndSSHAreChosenByReach(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	by := remote.ByReach{data.ReachSSH: remote.NewSSH(c), data.ReachLocal: remote.Local{}}
	for _, h := range []data.Host{srv.Host("web1", "root"), {Name: "here", Reach: data.ReachLocal}} {
		s, err := by.Dial(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		hello(t, s)
	}
	if _, err := by.Dial(t.Context(), data.Host{Name: "win", Reach: data.ReachWinRM}); !errors.Is(err, remote.ErrNotSupported) {
		t.Errorf("got %v", err)
	}
}

// Behind one router each port is another host: what port 22 may show, port
// 2222 may not, once it has a key of its own.
func TestKeyOfAnotherPortIsAChangedKey(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	h := srv.Host("web1", "root")
	shown, err := os.ReadFile(c.KnownHosts[0])
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := strings.Cut(string(shown), " ")
	writeFile(t, c.KnownHosts[0], "127.0.0.1 "+key)
	s, err := remote.NewSSH(c).Dial(t.Context(), h) // as OpenSSH does
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	own := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(remotetest.NewHostKey().PublicKey())))
	writeFile(t, c.KnownHosts[0], "127.0.0.1 "+key+"\n[127.0.0.1]:"+itoa(h.Port)+" "+own+"\n")
	_, err = remote.NewSSH(c).Dial(t.Context(), h)
	if changed := new(remote.HostKeyChangedError); !errors.As(err, &changed) {
		t.Errorf("got %v, want a changed host key", err)
	}
	if n := srv.Counts(); n.Logins != 1 {
		t.Errorf("logged in %d times", n.Logins)
	}
}
