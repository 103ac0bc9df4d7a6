// Package remotetest holds hosts for tests and for the practice shop: an SSH
// server that runs within the program, and one suite that every
// remote.Session must pass. It serves on loopback only.
package remotetest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A User may log in to a Server.
type User struct {
	Password     string          // empty: no password login
	Keys         []ssh.PublicKey // that log in
	UID          int             // 0 is root
	Sudo         Sudo            // for users other than root
	SudoPassword string          // what sudo asks for
}

// Sudo is what a user may do with sudo.
type Sudo int

// The kinds of sudo.
const (
	SudoMissing Sudo = iota // no sudo on the host
	SudoFree                // NOPASSWD
	SudoAsks                // asks for SudoPassword
	SudoDenied              // asks for SudoPassword, and then refuses
)

// Options of a Server.
type Options struct {
	Users   map[string]User
	HostKey ssh.Signer // nil: a new Ed25519 key
	Listen  string     // "127.0.0.1:0" where empty; loopback addresses only

	// Exec plays one command of this program. It returns the exit status and
	// should return soon after ctx ends: the client ended the command or is
	// gone. nil: every command exits with 127.
	Exec func(ctx context.Context, c *Call) int

	// Interactive makes the server ask for passwords by keyboard-interactive
	// only.
	Interactive bool

	// Forward lets clients use the server as a jump host to loopback addresses.
	Forward bool
}

// A Call is one command that a client runs, as remote.Command has it. The root
// probe, sudo and the ending of commands are played by the server.
type Call struct {
	User   string
	Script string
	Args   []string
	Root   bool // runs as root, by login or by sudo
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// Faults are what a server does wrong. They hold for new connections and, but
// for those about logging in, for new commands on old ones.
type Faults struct {
	Drop        int           // close this many new connections before the first byte, as MaxStartups does
	Silent      bool          // accept and never speak
	Greeting    []byte        // sent in place of SSH, then the line is closed
	Endless     []byte        // sent in place of SSH, again and again
	RefuseLogin bool          // whatever the credential
	Slow        time.Duration // before every command
	Noise       string        // printed on standard output by the login shell before the script starts
	NoShell     bool          // the login shell does not start the script: nologin
	CutAfter    int64         // cut the line after this many bytes to the client since the login; 0: never
	Deaf        bool          // answers nothing any more once logged in, and takes no commands
}

// Counts of a server since its start.
type Counts struct {
	Connections int64 // accepted
	Logins      int64
	Refused     int64 // credentials that did not log in
	Passwords   int64 // times a client sent a login password
	SudoTries   int64 // times a client sent a sudo password
	Commands    int64 // the program's own for root and for ending others included
	Ended       int64 // commands ended by the client
	Forwards    int64
	MaxLogins   int64 // most logins at work at the same time
}

// A Server plays one host.
type Server struct {
	options Options
	life    context.Context
	end     context.CancelFunc
	work    sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	addr     string
	hostKey  ssh.Signer
	faults   Faults
	conns    map[net.Conn]bool
	running  map[string]func() // by process number; ends the command

	nextPID   atomic.Int64
	logging   atomic.Int64
	counts    Counts // fields by atomic operations
	closeOnce sync.Once
}

// NewHostKey returns a new Ed25519 key.
func NewHostKey() ssh.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		panic(err) // an Ed25519 key is a signer
	}
	return s
}

// Start starts a server.
func Start(o Options) (*Server, error) {
	if o.HostKey == nil {
		o.HostKey = NewHostKey()
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	// The server ends by Close, not by a caller's context.
	life, end := context.WithCancel(context.Background())
	s := &Server{
		options: o, life: life, end: end, addr: o.Listen, hostKey: o.HostKey,
		conns: map[net.Conn]bool{}, running: map[string]func(){},
	}
	s.nextPID.Store(1000)
	if err := s.Up(); err != nil {
		end()
		return nil, err
	}
	return s, nil
}

// Addr returns "127.0.0.1:PORT", the same for the life of the server.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Host returns the server as an inventory has it.
func (s *Server) Host(name, user string) data.Host {
	host, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return data.Host{Name: name, Reach: data.ReachSSH, Address: host, Port: n, User: user, Exposure: data.Internal}
}

// KnownHosts returns the known_hosts line of the server's key.
func (s *Server) KnownHosts() string {
	host, port, _ := net.SplitHostPort(s.Addr())
	return fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(s.key().PublicKey()))
}

// Fingerprint returns "SHA256:…" of the server's key.
func (s *Server) Fingerprint() string { return ssh.FingerprintSHA256(s.key().PublicKey()) }

func (s *Server) key() ssh.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hostKey
}

// ChangeHostKey gives the server another key, for new connections.
func (s *Server) ChangeHostKey(k ssh.Signer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hostKey = k
}

// SetFaults makes the server do f wrong, and nothing else any more.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

func (s *Server) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// takeDrop says whether the connection is one of those to drop.
func (s *Server) takeDrop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Drop == 0 {
		return false
	}
	s.faults.Drop--
	return true
}

// Counts returns what has happened so far.
func (s *Server) Counts() Counts {
	c := &s.counts
	return Counts{
		Connections: atomic.LoadInt64(&c.Connections), Logins: atomic.LoadInt64(&c.Logins),
		Refused: atomic.LoadInt64(&c.Refused), Passwords: atomic.LoadInt64(&c.Passwords),
		SudoTries: atomic.LoadInt64(&c.SudoTries), Commands: atomic.LoadInt64(&c.Commands),
		Ended: atomic.LoadInt64(&c.Ended), Forwards: atomic.LoadInt64(&c.Forwards),
		MaxLogins: atomic.LoadInt64(&c.MaxLogins),
	}
}

// Up starts to listen, after Down at the same port.
func (s *Server) Up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return nil
	}
	host, _, err := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("start SSH server: %s is not a loopback address", s.addr)
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("start SSH server: %w", err)
	}
	s.listener, s.addr = l, l.Addr().String()
	s.work.Go(func() { s.accept(l) })
	return nil
}

// Down is a host that goes down: the port is closed, every line is cut, and
// every command ends.
func (s *Server) Down() {
	s.mu.Lock()
	l := s.listener
	s.listener = nil
	s.mu.Unlock()
	if l != nil {
		l.Close()
	}
	s.Cut()
}

// Cut cuts every line.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0) // a reset, not a polite end
		}
		c.Close()
	}
}

// Close ends the server and waits for its commands.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.Down()
		s.end()
		s.work.Wait()
	})
	return nil
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		atomic.AddInt64(&s.counts.Connections, 1)
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.work.Go(func() {
			s.serve(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) serve(c net.Conn) {
	f := s.currentFaults()
	switch {
	case s.takeDrop():
		return
	case f.Silent:
		io.Copy(io.Discard, c)
		return
	case f.Greeting != nil:
		c.Write(f.Greeting)
		return
	case f.Endless != nil:
		for {
			if _, err := c.Write(f.Endless); err != nil {
				return
			}
		}
	}
	atLeast(&s.counts.MaxLogins, s.logging.Add(1))
	line := &cutting{Conn: c}
	conn, channels, requests, err := ssh.NewServerConn(line, s.config(f))
	s.logging.Add(-1)
	if err != nil {
		return
	}
	atomic.AddInt64(&s.counts.Logins, 1)
	line.left.Store(f.CutAfter)
	ctx, end := context.WithCancel(s.life)
	defer end()
	go s.global(requests)
	var work sync.WaitGroup
	for n := range channels {
		switch n.ChannelType() {
		case "session":
			work.Go(func() { s.session(ctx, conn.User(), n) })
		case "direct-tcpip":
			work.Go(func() { s.forward(ctx, n) })
		default:
			n.Reject(ssh.UnknownChannelType, "no such channel")
		}
	}
	end()
	work.Wait()
}

func (s *Server) global(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.WantReply && !s.currentFaults().Deaf {
			r.Reply(false, nil)
		}
	}
}

func atLeast(at *int64, n int64) {
	for {
		old := atomic.LoadInt64(at)
		if old >= n || atomic.CompareAndSwapInt64(at, old, n) {
			return
		}
	}
}

// cutting is a line that breaks after so many bytes.
type cutting struct {
	net.Conn
	left atomic.Int64 // 0: never
}

var errCut = errors.New("the line was cut")

func (c *cutting) Write(b []byte) (int, error) {
	left := c.left.Load()
	if left == 0 {
		return c.Conn.Write(b)
	}
	if left < 0 || int64(len(b)) >= left {
		c.left.Store(-1)
		if left > 0 {
			c.Conn.Write(b[:left])
		}
		c.Conn.Close()
		return 0, errCut
	}
	c.left.Store(left - int64(len(b)))
	return c.Conn.Write(b)
}

func (s *Server) config(f Faults) *ssh.ServerConfig {
	refuse := func() error {
		atomic.AddInt64(&s.counts.Refused, 1)
		return errors.New("refused")
	}
	check := func(user, password string) error {
		atomic.AddInt64(&s.counts.Passwords, 1)
		u, ok := s.options.Users[user]
		if f.RefuseLogin || !ok || u.Password == "" || subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) != 1 {
			return refuse()
		}
		return nil
	}
	c := &ssh.ServerConfig{
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			for _, k := range s.options.Users[m.User()].Keys {
				if !f.RefuseLogin && string(k.Marshal()) == string(key.Marshal()) {
					return nil, nil
				}
			}
			return nil, refuse()
		},
		PasswordCallback: func(m ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
			return nil, check(m.User(), string(p))
		},
		KeyboardInteractiveCallback: func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, refuse()
			}
			return nil, check(m.User(), answers[0])
		},
	}
	if s.options.Interactive {
		c.PasswordCallback = nil
	}
	c.AddHostKey(s.key())
	return c
}

func (s *Server) forward(ctx context.Context, n ssh.NewChannel) {
	var to struct {
		Host     string
		Port     uint32
		From     string
		FromPort uint32
	}
	ip := net.IP(nil)
	if err := ssh.Unmarshal(n.ExtraData(), &to); err == nil {
		ip = net.ParseIP(to.Host)
	}
	if !s.options.Forward || ip == nil || !ip.IsLoopback() {
		n.Reject(ssh.Prohibited, "forwarding is not allowed")
		return
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
	if err != nil {
		n.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer c.Close()
	ch, requests, err := n.Accept()
	if err != nil {
		return
	}
	atomic.AddInt64(&s.counts.Forwards, 1)
	go ssh.DiscardRequests(requests)
	defer context.AfterFunc(ctx, func() { c.Close(); ch.Close() })()
	done := make(chan struct{})
	go func() { io.Copy(c, ch); c.Close(); close(done) }()
	io.Copy(ch, c)
	ch.Close()
	<-done
}

// Trust writes known_hosts lines to a file, for a dialer that should know the
// servers.
func Trust(path string, servers ...*Server) error {
	var lines string
	for _, s := range servers {
		lines += s.KnownHosts()
	}
	return os.WriteFile(path, []byte(lines), 0o600)
}

var _ remote.Secrets = Secrets(nil)
