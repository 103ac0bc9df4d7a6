package practice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Several programs may have one shop open: the first plays the hosts, the
// others are guests and take over when it ends. Nobody must lose a host by
// that, so three locks, which end with their process, say who waits for whom:
//
//	lock      held by the one that plays the hosts
//	change    held by it while it begins or ends to play: guests dial later
//	sessions  shared by guests while they are connected: it is not ended before
const (
	lockFile     = "lock"
	changeFile   = "change"
	sessionsFile = "sessions"
	seedFile     = "seed"
)

// handover is how long an end waits for guests, and a guest for the next who
// plays the hosts. What is cut then is looked up again, as on real hosts.
const handover = 20 * time.Second

// Alone waits until no other program fills the shop's workspace; release lets
// the next one in.
func (s *Shop) Alone(ctx context.Context) (release func() error, err error) {
	l, err := s.await(ctx, seedFile)
	if err != nil {
		return nil, fmt.Errorf("open practice shop: %w", err)
	}
	return l.unlock, nil
}

// await waits for a lock.
func (s *Shop) await(ctx context.Context, name string) (*fileLock, error) {
	for {
		l, err := tryLock(s.file(name), false)
		if err != nil || l != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// changing says that this process begins or ends to play, until release.
func (s *Shop) changing() (release func() error, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), handover)
	defer cancel()
	l, err := s.await(ctx, changeFile)
	if err != nil {
		return nil, fmt.Errorf("another program is about to play the hosts: %w", err)
	}
	return l.unlock, nil
}

// letGo waits until no guest is connected. New connections wait by then.
func (s *Shop) letGo() {
	ctx, cancel := context.WithTimeout(context.Background(), handover)
	defer cancel()
	if l, err := s.await(ctx, sessionsFile); err == nil {
		_ = l.unlock()
	}
}

// guests counts this process's connections while another plays the hosts.
type guests struct {
	mu   sync.Mutex
	open map[string]int // by address
	lock *fileLock      // on sessionsFile, while there is one
}

// enter notes a connection to address. It says no while the hosts change
// hands, but to one who is connected to that host already and may be in the
// middle of something.
func (s *Shop) enter(address string) (bool, error) {
	g := &s.guests
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lock == nil {
		l, err := tryLock(s.file(sessionsFile), true)
		if err != nil || l == nil {
			return false, err
		}
		g.lock = l
	}
	if g.open[address] == 0 && s.held(changeFile) {
		g.leave()
		return false, nil
	}
	if g.open == nil {
		g.open = map[string]int{}
	}
	g.open[address]++
	return true, nil
}

// left forgets a connection.
func (g *guests) left(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[address]--; g.open[address] <= 0 {
		delete(g.open, address)
	}
	g.leave()
}

// leave gives the lock back after the last connection. g.mu must be held.
func (g *guests) leave() {
	if len(g.open) == 0 && g.lock != nil {
		_ = g.lock.unlock()
		g.lock = nil
	}
}

// held reports whether somebody has a lock.
func (s *Shop) held(name string) bool {
	l, err := tryLock(s.file(name), false)
	if l != nil {
		_ = l.unlock()
	}
	return err == nil && l == nil
}

// A guestConn is a connection of a guest.
type guestConn struct {
	net.Conn
	left func()
}

// Close implements net.Conn.
func (c guestConn) Close() error {
	defer c.left()
	return c.Conn.Close()
}

// dialContext connects to the port on loopback that plays an address of the
// shop, and to nothing outside of this computer. While the hosts change hands it waits.
func (s *Shop) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	for end := time.Now().Add(handover); ; {
		conn, err := s.dialNow(ctx, network, address)
		if err == nil && conn != nil {
			return conn, nil
		}
		if err != nil && (!errors.Is(err, syscall.ECONNREFUSED) || !s.changes()) {
			return nil, err
		}
		if time.Now().After(end) {
			return nil, errors.Join(err, &net.OpError{Op: "dial", Net: network, Err: errors.New("another program plays the practice hosts and does not come to its end")})
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// changes reports whether nobody plays the hosts now, but somebody will.
func (s *Shop) changes() bool { return s.held(changeFile) || !s.held(lockFile) }

// dialNow is dialContext without the patience; nil without an error: later.
func (s *Shop) dialNow(ctx context.Context, network, address string) (net.Conn, error) {
	at, err := s.port(network, address)
	if err != nil {
		return nil, err
	}
	d := &net.Dialer{KeepAlive: -1}
	if s.playing.Load() {
		return d.DialContext(ctx, network, at)
	}
	if in, err := s.enter(address); err != nil || !in {
		return nil, err
	}
	left := sync.OnceFunc(func() { s.guests.left(address) })
	conn, err := d.DialContext(ctx, network, at)
	if err != nil {
		left()
		return nil, err
	}
	return guestConn{conn, left}, nil
}

// port finds the port on loopback that plays an address of the shop.
func (s *Shop) port(network, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	refused := &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: the practice shop has no such host or port", address)}
	if name, ok := strings.CutSuffix(strings.ToLower(host), domain); ok {
		idx, err := s.readIndex()
		if err != nil {
			return "", err
		}
		if idx.Ports[name] == 0 || port != strconv.Itoa(winrmPort) {
			return "", refused
		}
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(idx.Ports[name])), nil
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", refused
	}
	return address, nil
}
