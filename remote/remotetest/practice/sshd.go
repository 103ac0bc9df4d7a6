package practice

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"secondtuesday/remote/remotetest/practice/unix"
)

// An sshd is the SSH server of one host. It listens on loopback and starts
// every command as a process of the host's machine.
type sshd struct {
	host *Host
	key  ssh.Signer    // the key the host shows
	user ssh.PublicKey // the only key that may log in

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	wg       sync.WaitGroup
}

// newSigner returns a signer for an ed25519 key.
func newSigner(key ed25519.PrivateKey) (ssh.Signer, error) { return ssh.NewSignerFromKey(key) }

// listen starts to answer on a port of 127.0.0.1; 0 is any.
func (s *sshd) listen(port int) (int, error) {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.listener, s.conns = l, map[net.Conn]bool{}
	s.mu.Unlock()
	s.wg.Add(1)
	go s.accept(l)
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *sshd) accept(l net.Listener) {
	defer s.wg.Done()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.conns == nil {
			s.mu.Unlock()
			c.Close()
			continue
		}
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			s.serve(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		}()
	}
}

// down ends every connection and refuses new ones, as a host that is off. The
// port stays taken: given back, any program could get it, and the host would
// come back as somebody else.
func (s *sshd) down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// up answers again after down.
func (s *sshd) up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil && s.conns == nil {
		s.conns = map[net.Conn]bool{}
	}
}

// stop ends every connection and gives the port back.
func (s *sshd) stop() {
	s.down()
	s.mu.Lock()
	if s.listener != nil {
		s.listener.Close()
	}
	s.listener = nil
	s.mu.Unlock()
	s.wg.Wait()
}

// cut closes every connection, as a line that breaks does, and goes on listening.
func (s *sshd) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

func (s *sshd) config() *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		ServerVersion: s.host.banner(),
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if _, ok := s.host.machine.User(m.User()); !ok || string(key.Marshal()) != string(s.user.Marshal()) {
				return nil, errors.New("not allowed")
			}
			return nil, nil
		},
	}
	c.AddHostKey(s.key)
	return c
}

func (s *sshd) serve(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second)) // a login that never ends
	sc, chans, reqs, err := ssh.NewServerConn(conn, s.config())
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	defer sc.Close()
	go ssh.DiscardRequests(reqs) // answers keepalives with a failure, which is an answer
	user, _ := s.host.machine.User(sc.User())
	var wg sync.WaitGroup
	for nc := range chans {
		if nc.ChannelType() != "session" {
			_ = nc.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		ch, reqs, err := nc.Accept()
		if err != nil {
			continue
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			s.session(user, ch, reqs)
		}()
	}
	wg.Wait()
}

// session serves one channel: one command.
func (s *sshd) session(user unix.User, ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	var proc *unix.Proc
	ended := make(chan struct{})
	for {
		select {
		case <-ended:
			return
		case req, ok := <-reqs:
			if !ok { // the line or the channel is gone; the process lives on as on a real host
				return
			}
			switch req.Type {
			case "exec":
				var m struct{ Line string }
				if ssh.Unmarshal(req.Payload, &m) != nil || proc != nil {
					_ = req.Reply(false, nil)
					continue
				}
				out := &outlet{ch: ch}
				proc = s.start(user, m.Line, out)
				_ = req.Reply(proc != nil, nil)
				if proc == nil {
					return
				}
				go func() {
					s.end(proc, out)
					close(ended)
				}()
			case "signal":
				var m struct{ Name string }
				if ssh.Unmarshal(req.Payload, &m) == nil && proc != nil {
					s.signal(user, proc, m.Name)
				}
			default:
				_ = req.Reply(req.Type == "env", nil)
			}
		}
	}
}

// signal does as sshd does: the login's user signals, so root's processes stay.
func (s *sshd) signal(user unix.User, proc *unix.Proc, name string) {
	sig, ok := map[string]unix.Signal{"TERM": 15, "KILL": 9, "INT": 2, "HUP": 1}[name]
	if !ok {
		return
	}
	for _, p := range s.host.machine.Procs() {
		if p.PGID == proc.PGID && (p.UID == user.UID || user.UID == 0) {
			p.Signal(sig)
		}
	}
}

func (s *sshd) start(user unix.User, line string, out *outlet) *unix.Proc {
	s.host.pass()
	in, feed := unix.NewPipe()
	env := map[string]string{"HOME": user.Home, "USER": user.Name, "LOGNAME": user.Name, "SHELL": "/bin/bash", "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games", "LANG": "en_US.UTF-8"}
	env["PWD"] = user.Home
	p := s.host.machine.Start(nil, unix.Spec{Args: []string{"sh", "-c", line}, Run: unix.Sh, UID: user.UID, Dir: user.Home, Env: env,
		FDs: map[int]*unix.File{0: in, 1: unix.NewFile(&unix.Sink{W: out}, "socket"), 2: unix.NewFile(&unix.Sink{W: stderr{out}}, "socket")}})
	if p == nil {
		feed.Close()
		return nil
	}
	go func() {
		defer feed.Close()
		buf := make([]byte, 16<<10)
		for {
			n, err := out.ch.Read(buf)
			if n > 0 {
				if _, err := feed.Write(context.Background(), buf[:n]); err != nil {
					_, _ = io.Copy(io.Discard, out.ch)
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return p
}

// end tells the client how the command ended.
func (s *sshd) end(p *unix.Proc, out *outlet) {
	status := p.Wait()
	out.close()
	_, _ = out.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}

// An outlet is a channel's way out. A process that outlives its session may
// still write when that ends, which a channel itself cannot take.
type outlet struct {
	ch     ssh.Channel
	mu     sync.Mutex
	closed bool
}

func (o *outlet) Write(b []byte) (int, error) { return o.to(o.ch, b) }

func (o *outlet) to(w io.Writer, b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, io.ErrClosedPipe
	}
	return w.Write(b)
}

func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	_ = o.ch.CloseWrite()
}

// stderr is the second stream of an outlet.
type stderr struct{ *outlet }

func (e stderr) Write(b []byte) (int, error) { return e.to(e.ch.Stderr(), b) }

func (h *Host) banner() string {
	if strings.HasPrefix(h.def.OS.ID, "debian") {
		return "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7"
	}
	return "SSH-2.0-OpenSSH_9.6"
}
