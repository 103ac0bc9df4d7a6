package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"secondtuesday/data"
)

// SSHConfig is what a dialer needs to know of its surroundings. A zero
// duration or number means the default named beside it.
type SSHConfig struct {
	KnownHosts   []string // known_hosts files that are only read; those that do not exist are left out
	AcceptedKeys string   // our own known_hosts file: read, and written by AcceptHostKey
	OpenSSH      []string // client configuration files; the first value wins
	Agent        string   // socket of the agent; empty: none
	Secrets      Secrets  // passphrases and passwords; nil: none
	User         string   // of the desk: the login where neither host nor configuration names one
	Home         string   // of the desk's user: "~" in the configuration, and the default keys

	ConnectTimeout   time.Duration // TCP, or the jump host's channel: 15 s
	HandshakeTimeout time.Duration // from the first byte to the login, without the time spent queueing or asking for secrets: 60 s
	KeepAlive        time.Duration // between questions whether the host is still there: 15 s
	KeepAliveMisses  int           // unanswered questions after which the line is lost: 3
	SudoTimeout      time.Duration // for sudo to ask, or to let us in: 30 s
	PerTarget        int           // logins at work at one address at the same time: 8, below sshd's MaxStartups of 10

	// DialContext opens TCP connections, as net.Dialer.DialContext does, which
	// nil means. Tests reach hosts in other networks by it.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// DefaultSSHConfig returns the configuration of this user on this computer.
// accepted is our own known_hosts file.
func DefaultSSHConfig(accepted string, secrets Secrets) (SSHConfig, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return SSHConfig{}, fmt.Errorf("find home directory: %w", err)
	}
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = filepath.Base(filepath.FromSlash(u.Username)) // DOMAIN\user on Windows
	}
	system := systemSSH()
	return SSHConfig{
		KnownHosts:   []string{filepath.Join(home, ".ssh", "known_hosts"), filepath.Join(system, "ssh_known_hosts")},
		AcceptedKeys: accepted,
		OpenSSH:      []string{filepath.Join(home, ".ssh", "config"), filepath.Join(system, "ssh_config")},
		Agent:        defaultAgent(),
		Secrets:      secrets,
		User:         name,
		Home:         home,
	}, nil
}

func (c SSHConfig) withDefaults() SSHConfig {
	for _, d := range []struct {
		at *time.Duration
		is time.Duration
	}{
		{&c.ConnectTimeout, 15 * time.Second}, {&c.HandshakeTimeout, time.Minute},
		{&c.KeepAlive, 15 * time.Second}, {&c.SudoTimeout, 30 * time.Second},
	} {
		if *d.at <= 0 {
			*d.at = d.is
		}
	}
	if c.KeepAliveMisses <= 0 {
		c.KeepAliveMisses = 3
	}
	if c.PerTarget <= 0 {
		c.PerTarget = 8
	}
	if c.Secrets == nil {
		c.Secrets = NoSecrets{}
	}
	if c.DialContext == nil {
		// The keepalive of SSH goes through the encrypted line and tells more.
		c.DialContext = (&net.Dialer{KeepAlive: -1}).DialContext
	}
	return c
}

// SSH dials hosts over SSH. It may be used by several goroutines.
type SSH struct {
	config SSHConfig
	ssh    *openSSH
	keys   *hostKeys
	gates  gates
	jumps  jumps
}

// NewSSH returns a dialer.
func NewSSH(c SSHConfig) *SSH {
	c = c.withDefaults()
	return &SSH{
		config: c,
		ssh:    &openSSH{files: c.OpenSSH, home: c.Home, user: c.User},
		keys:   &hostKeys{files: c.KnownHosts, accepted: c.AcceptedKeys},
	}
}

// AcceptHostKey notes that a person has vouched for the key that e tells of.
func (s *SSH) AcceptHostKey(e *HostKeyUnknownError) error { return s.keys.accept(e) }

// Dial logs in to h. The error is, or wraps, one of the kinds in errors.go.
// A host whose key is not known is sent nothing.
func (s *SSH) Dial(ctx context.Context, h data.Host) (Session, error) {
	c, err := s.connect(ctx, h, 0)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", h.Name, err)
	}
	return newSession(h.Name, c, newRooter(h, s.config.Secrets, s.config.SudoTimeout)), nil
}

// connect logs in to h, by way of its jump hosts. depth counts jump hosts
// that themselves have jump hosts.
func (s *SSH) connect(ctx context.Context, h data.Host, depth int) (*connection, error) {
	t, err := s.ssh.target(h)
	if err != nil {
		return nil, err
	}
	if len(t.Jumps) > 0 && depth >= maxJumps {
		return nil, fmt.Errorf("%w: ProxyJump of %s goes in circles", ErrUnreachable, t.Name)
	}
	via, release, err := s.jumps.reach(ctx, s, t, depth)
	if err != nil {
		return nil, err
	}
	c, err := s.connectVia(ctx, t, via)
	if err != nil {
		release()
		return nil, err
	}
	c.release = release
	return c, nil
}

// Before a host has shown its key nothing has been sent to it, so that trying
// again is safe. sshd drops new connections at random when too many log in.
const maxDrops = 4

// connectVia logs in to t through via, or directly where via is nil.
func (s *SSH) connectVia(ctx context.Context, t target, via *connection) (*connection, error) {
	address := net.JoinHostPort(t.Address, strconv.Itoa(t.Port))
	gate := s.gates.at(via.key()+address, s.config.PerTarget)
	select {
	case gate <- struct{}{}:
		defer func() { <-gate }()
	case <-ctx.Done():
		return nil, DialError(ctx, ctx.Err())
	}
	for try := 1; ; try++ {
		c, err := s.handshake(ctx, t, via, address)
		if !errors.Is(err, errDropped) || try == maxDrops {
			return c, err
		}
		select {
		case <-time.After(time.Duration(try) * (100*time.Millisecond + rand.N(400*time.Millisecond))):
		case <-ctx.Done():
			return nil, DialError(ctx, err)
		}
	}
}

func (s *SSH) handshake(ctx context.Context, t target, via *connection, address string) (*connection, error) {
	check, err := s.keys.check(t)
	if err != nil {
		return nil, err
	}
	raw, err := s.open(ctx, via, address)
	if err != nil {
		return nil, err
	}
	guard := newGuard(ctx, raw, s.config.HandshakeTimeout)
	defer guard.stop()
	auth := newLogin(ctx, s.config, t, guard)
	defer auth.close()
	conn, channels, requests, err := ssh.NewClientConn(&greeting{Conn: raw, check: check}, address, &ssh.ClientConfig{
		User:              t.User,
		AuthCallback:      auth.nextKey,
		Auth:              auth.methods(),
		HostKeyCallback:   check.callback,
		HostKeyAlgorithms: check.algorithms(),
		ClientVersion:     "SSH-2.0-SecondTuesday",
	})
	if err != nil {
		raw.Close()
		return nil, handshakeError(err, check, guard, auth)
	}
	if !guard.stop() {
		conn.Close()
		return nil, guard.cause()
	}
	c := &connection{client: ssh.NewClient(conn, channels, requests), name: via.key() + t.User + "@" + address + "/"}
	c.keepAlive(s.config.KeepAlive, s.config.KeepAliveMisses)
	return c, nil
}

// open opens the line to an address.
func (s *SSH) open(ctx context.Context, via *connection, address string) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, s.config.ConnectTimeout)
	defer stop()
	if via != nil {
		conn, err := via.client.DialContext(ctx, "tcp", address)
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) {
			return nil, fmt.Errorf("%w: the jump host cannot reach it: %s", ErrUnreachable, CleanText(refused.Message))
		}
		if err != nil {
			return nil, DialError(ctx, err)
		}
		return conn, nil
	}
	conn, err := s.config.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, DialError(ctx, err)
	}
	return conn, nil
}

// DialError gives an error of the network its kind, for a connection of ctx that
// could not be made.
func DialError(ctx context.Context, err error) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		return context.Cause(ctx)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w: no address is known for the name %q: %w", ErrUnreachable, dns.Name, err)
	case errors.As(err, &dns):
		return fmt.Errorf("%w: the name %q could not be looked up: %w", ErrUnreachable, dns.Name, err)
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w: %w", ErrUnreachable, ErrTimeout, err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// errDropped means that the host closed the line before it showed its key.
var errDropped = errors.New("the host closed the connection before it showed its key")

// handshakeError gives the error of a handshake its kind.
func handshakeError(err error, check *keyCheck, guard *guard, auth *login) error {
	var none *ssh.AlgorithmNegotiationError
	switch {
	case check.err != nil:
		return check.err
	case guard.cause() != nil:
		return guard.cause()
	case errors.Is(err, errBabble):
		return err
	case errors.As(err, &none):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	case !check.shown.Load() && isCut(err):
		return fmt.Errorf("%w: %w: %w", ErrUnreachable, errDropped, err)
	case !check.shown.Load():
		return fmt.Errorf("%w: this is no SSH server: %s", ErrGarbage, CleanText(err.Error()))
	case isCut(err):
		return fmt.Errorf("%w: during the login (%s): %w", ErrLost, auth.tried(), err)
	}
	return auth.refused(err)
}

// isCut says whether err means that the line has ended.
func isCut(err error) bool {
	var n *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &n)
}

// A connection is a logged-in line to one host. It is the machine of a
// session, or a jump host of other connections.
type connection struct {
	client  *ssh.Client
	name    string // unique among connections at work: user, address and the way
	release func() // of the jump host
	stopped atomic.Bool
	silent  atomic.Bool // given up by keepAlive
}

// key returns the name, also of no connection.
func (c *connection) key() string {
	if c == nil {
		return ""
	}
	return c.name
}

func (c *connection) close() error {
	if c.stopped.Swap(true) {
		return nil
	}
	err := c.client.Close()
	if c.release != nil {
		c.release()
	}
	if isCut(err) {
		return nil // it was lost before
	}
	return err
}

// keepAlive asks the host from time to time whether it is there. A host that
// knows the request not answers as well: with "no".
func (c *connection) keepAlive(every time.Duration, misses int) {
	ended := make(chan struct{})
	go func() { c.client.Wait(); close(ended) }()
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		answered := make(chan struct{}, 1)
		for waiting := 0; ; {
			select {
			case <-ended:
				return
			case <-answered:
				waiting = 0
				continue
			case <-tick.C:
			}
			if waiting == misses {
				c.silent.Store(true)
				c.client.Close()
				return
			}
			if waiting++; waiting > 1 {
				continue // the first question is still open, and answers come in order
			}
			go func() {
				if _, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil); err == nil {
					answered <- struct{}{}
				}
			}()
		}
	}()
}

// newSession opens a channel. sshd counts a session against MaxSessions until
// it has reaped its process, a moment after we saw its end: on a busy host the
// next one can be one too many. Nothing has run yet, so we may ask again.
func (c *connection) newSession() (*ssh.Session, error) {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		s, err := c.client.NewSession()
		if !errors.As(err, new(*ssh.OpenChannelError)) || wait > 2*time.Second {
			return s, err
		}
		time.Sleep(wait)
	}
}

// start implements machine.
func (c *connection) start(line string, stdout, stderr io.Writer) (process, error) {
	s, err := c.newSession()
	if err != nil {
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) {
			return nil, fmt.Errorf("%w: the host opens no further channel: %s", ErrUnreachable, CleanText(refused.Message))
		}
		return nil, c.lost(err)
	}
	stdin, err := s.StdinPipe()
	if err != nil {
		s.Close()
		return nil, c.lost(err)
	}
	s.Stdout, s.Stderr = stdout, stderr
	if err := s.Start(line); err != nil {
		s.Close()
		if !isCut(err) {
			return nil, fmt.Errorf("%w: the host does not run commands for this login: %w", ErrLoginRefused, err)
		}
		return nil, c.lost(err)
	}
	return &sshProcess{WriteCloser: stdin, session: s, line: c}, nil
}

func (c *connection) lost(err error) error {
	if c.silent.Load() {
		return fmt.Errorf("%w: the host no longer answers", ErrLost)
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

type sshProcess struct {
	io.WriteCloser
	session *ssh.Session
	line    *connection
}

func (p *sshProcess) wait() (int, error) {
	err := p.session.Wait()
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitStatus(), nil // 128+n for signal n, by the library
	}
	return 0, p.line.lost(err)
}

func (p *sshProcess) signal() { go p.session.Signal(ssh.SIGTERM) } // the write may block on a dead line

func (p *sshProcess) drop() { p.session.Close() }
