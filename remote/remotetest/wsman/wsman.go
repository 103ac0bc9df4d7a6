// Package wsman holds a WS-Management endpoint for tests and for the practice
// shop: the protocol of a Windows host's WinRM service, with TLS, NTLMv2 with
// sealing, Basic and Kerberos, with shells, commands and streams, and with
// everything a real or a hostile host does wrong. What a command line does is
// the caller's Exec. It serves on loopback only, and it knows nothing of this
// program's own client, so that the two cannot agree on a mistake.
//
// What it does it does after MS-WSMV, MS-NLMP and recorded answers of Windows;
// no real Windows has been beside it.
package wsman

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"secondtuesday/data"
)

// A User may log in to a Server.
type User struct {
	Password string // empty: no login with a password
	Admin    bool   // others get "access denied" from every operation
}

// Auth is a way to log in.
type Auth string

// The ways to log in. Negotiate is NTLM here; Kerberos adds tickets to it.
const (
	Negotiate Auth = "Negotiate"
	Basic     Auth = "Basic"
	Kerberos  Auth = "Kerberos"
)

// Options of a Server.
type Options struct {
	// Users by name, without regard to case: "name" of the computer itself,
	// `DOMAIN\name`, or "name@REALM" for Kerberos and for NTLM with such a name.
	Users map[string]User

	Auth    []Auth // nil: Negotiate
	Keytab  string // the path of a keytab, for Kerberos
	Name    string // of the computer, in capitals; "WIN" where empty
	Listen  string // "127.0.0.1:0" where empty; loopback addresses only
	TLS     bool
	Present *tls.Certificate // nil: a new self-signed one

	// AllowUnencrypted lets messages and Basic passwords come in clear over
	// HTTP, as "winrm set winrm/config/service @{AllowUnencrypted=…}" does.
	AllowUnencrypted bool

	// StrictBinding refuses logins over TLS that carry no channel binding token
	// (CbtHardeningLevel Strict). A wrong token is refused without it too.
	StrictBinding bool

	MaxShellsPerUser int // 30 where 0
	MaxEnvelopeKB    int // 500 where 0

	// Tap gets every byte that clients send, before TLS is taken off. Writes
	// come one at a time.
	Tap io.Writer

	// Exec plays one command. It returns the exit code and should return soon
	// after ctx ends: the client ended the command, or its shell is gone, and
	// Windows has killed the process. nil: every command exits with 1.
	Exec func(ctx context.Context, c *Call) int
}

// A Call is one command in a shell.
type Call struct {
	User    string // as Windows shows it: `DOMAIN\name`, or "name@REALM"
	Line    string // the command line: command and arguments with blanks between
	Console bool   // WINRS_CONSOLEMODE_STDIN
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// A Server plays one host's WinRM service.
type Server struct {
	options Options
	life    context.Context
	end     context.CancelFunc
	work    sync.WaitGroup
	keys    *keytab // nil: no Kerberos

	mu       sync.Mutex
	listener *gate
	http     *http.Server
	addr     string
	cert     *tls.Certificate
	faults   Faults
	shells   map[string]*shell
	counts   Counts
	seen     []Credential
	recorded []byte // the first sealed reply, for Faults.Replay
	closed   bool
}

// Start starts a server.
func Start(o Options) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Name == "" {
		o.Name = "WIN"
	}
	if o.Auth == nil {
		o.Auth = []Auth{Negotiate}
	}
	if o.MaxShellsPerUser == 0 {
		o.MaxShellsPerUser = 30
	}
	if o.MaxEnvelopeKB == 0 {
		o.MaxEnvelopeKB = 500
	}
	users := map[string]User{}
	for name, u := range o.Users {
		users[strings.ToLower(name)] = u
	}
	o.Users = users
	// The server ends by Close, not by a caller's context.
	life, end := context.WithCancel(context.Background())
	s := &Server{options: o, life: life, end: end, addr: o.Listen, cert: o.Present, shells: map[string]*shell{}}
	if err := s.prepare(); err != nil {
		end()
		return nil, fmt.Errorf("start WS-Management endpoint: %w", err)
	}
	return s, nil
}

// prepare makes or reads what the options name, and starts to listen.
func (s *Server) prepare() error {
	switch {
	case !s.options.TLS:
		s.cert = nil
	case s.cert == nil:
		c := NewCertificate()
		s.cert = &c
	default:
		c := withLeaf(*s.cert)
		s.cert = &c
	}
	if s.offers(Kerberos) {
		k, err := loadKeytab(s.options.Keytab)
		if err != nil {
			return err
		}
		s.keys = k
	}
	return s.Up()
}

func (s *Server) offers(a Auth) bool {
	for _, x := range s.options.Auth {
		if x == a {
			return true
		}
	}
	return false
}

// Addr returns "127.0.0.1:PORT", the same for the life of the server.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// URL returns where messages go, such as "https://127.0.0.1:PORT/wsman".
func (s *Server) URL() string {
	if s.options.TLS {
		return "https://" + s.Addr() + "/wsman"
	}
	return "http://" + s.Addr() + "/wsman"
}

// Host returns the server as an inventory has it.
func (s *Server) Host(name, user string) data.Host {
	host, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return data.Host{Name: name, Reach: data.ReachWinRM, Address: host, Port: n, User: user, Exposure: data.Internal}
}

// Certificate returns what the server shows now; nil without TLS.
func (s *Server) Certificate() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert == nil {
		return nil
	}
	return s.cert.Leaf
}

// Fingerprint returns "SHA256:" and 64 hexadecimal digits in capitals, as
// Windows shows a thumbprint: the hash of the whole certificate.
func (s *Server) Fingerprint() string {
	c := s.Certificate()
	if c == nil {
		return ""
	}
	return fmt.Sprintf("SHA256:%X", sha256.Sum256(c.Raw))
}

// ChangeCertificate gives the server another certificate, for new connections.
func (s *Server) ChangeCertificate(c tls.Certificate) {
	c = withLeaf(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cert = &c
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

// take says whether a fault that happens so many times happens now.
func (s *Server) take(times func(*Faults) *int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := times(&s.faults)
	if *n == 0 {
		return false
	}
	*n--
	return true
}

// Up starts to listen, after Down at the same port.
func (s *Server) Up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return nil
	}
	if s.closed {
		return net.ErrClosed
	}
	host, _, err := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address", s.addr)
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	g := &gate{Listener: l, server: s, conns: map[*conn]bool{}}
	s.listener, s.addr = g, l.Addr().String()
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ConnContext:       s.newLine,
		ReadHeaderTimeout: time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // a client that hangs up is no news
	}
	serve := net.Listener(g)
	if s.options.TLS {
		serve = tls.NewListener(g, &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: s.show,
		})
	}
	server := s.http
	s.work.Go(func() { server.Serve(serve) })
	return nil
}

// show gives a new line the certificate of now.
func (s *Server) show(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := hello.Conn.(*conn); ok {
		c.cert = s.cert
	}
	return s.cert, nil
}

// Down is a host that goes down: the port is closed, every line is cut, every
// shell is gone and its processes are killed.
func (s *Server) Down() {
	s.mu.Lock()
	g, h := s.listener, s.http
	s.listener, s.http = nil, nil
	s.mu.Unlock()
	if g != nil {
		g.Close()
		g.cut()
		h.Close()
	}
	s.Vanish()
}

// Cut resets every line; shells and processes live on.
func (s *Server) Cut() {
	s.mu.Lock()
	g := s.listener
	s.mu.Unlock()
	if g != nil {
		g.cut()
	}
}

// Vanish deletes every shell, as a restart of the service does; the processes
// in them are killed.
func (s *Server) Vanish() {
	s.mu.Lock()
	gone := s.shells
	s.shells = map[string]*shell{}
	s.counts.Shells = 0
	s.mu.Unlock()
	for _, sh := range gone {
		sh.kill(s)
	}
}

// Close ends the server and waits for its commands.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true // nothing new starts
	s.mu.Unlock()
	s.Down()
	s.end()
	s.work.Wait()
	return nil
}
