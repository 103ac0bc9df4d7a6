package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"secondtuesday/data"
)

// gates keep the number of logins at work at one address below the number
// from which sshd drops new ones (MaxStartups).
type gates struct {
	mu   sync.Mutex
	open map[string]chan struct{}
}

func (g *gates) at(address string, n int) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = map[string]chan struct{}{}
	}
	c, ok := g.open[address]
	if !ok {
		c = make(chan struct{}, n)
		g.open[address] = c
	}
	return c
}

// A guard closes a line whose handshake takes too long or whose context ends.
// It works on lines without deadlines too, such as those through a jump host.
type guard struct {
	conn net.Conn
	ctx  context.Context

	mu     sync.Mutex
	timer  *time.Timer
	left   time.Duration
	since  time.Time
	failed error
	done   bool
	unhook func() bool
}

func newGuard(ctx context.Context, conn net.Conn, limit time.Duration) *guard {
	g := &guard{conn: conn, ctx: ctx, left: limit, since: time.Now()}
	g.timer = time.AfterFunc(limit, func() {
		g.fail(fmt.Errorf("%w: the login was not done after %s", ErrTimeout, limit))
	})
	g.unhook = context.AfterFunc(ctx, func() { g.fail(DialError(ctx, ctx.Err())) })
	return g
}

func (g *guard) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done || g.failed != nil {
		return
	}
	g.failed = err
	g.conn.Close()
}

func (g *guard) cause() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}

// stop ends the watching; false if the line was closed before.
func (g *guard) stop() bool {
	g.unhook()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer.Stop()
	g.done = true
	return g.failed == nil
}

// pause stops the clock while a person is asked for a secret; the function
// returned starts it again.
func (g *guard) pause() func() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer.Stop()
	g.left -= time.Since(g.since)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.since = time.Now()
		if !g.done {
			g.timer.Reset(max(g.left, time.Millisecond))
		}
	}
}

// errBabble means that a server sends and sends without getting to its key.
var errBabble = fmt.Errorf("%w: the server talks without end before it shows its key", ErrGarbage)

// A key exchange of today's largest kind takes less than 16 KiB.
const maxGreeting = 64 << 10

// A greeting is a line that ends when a server says too much before it has
// shown its key.
type greeting struct {
	net.Conn
	check *keyCheck
	said  int
}

func (g *greeting) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if g.said <= maxGreeting {
		g.said += n
	}
	if g.said > maxGreeting && !g.check.shown.Load() {
		return n, errBabble
	}
	return n, err
}

// A jump host may have a jump host of its own, and so on.
const maxJumps = 8

// jumps shares one connection to a jump host among all hosts behind it: sshd
// there counts one login, not hundreds.
type jumps struct {
	mu   sync.Mutex
	open map[string]*jump
}

type jump struct {
	refs  int
	ready chan struct{} // closed when conn or err is set
	conn  *connection
	err   error
}

// reach returns a connection to the last jump host of t, nil for none, and
// what to call once it is no longer needed.
func (j *jumps) reach(ctx context.Context, s *SSH, t target, depth int) (*connection, func(), error) {
	if len(t.Jumps) == 0 {
		return nil, func() {}, nil
	}
	hop, err := parseJump(t.Jumps)
	if err != nil {
		return nil, nil, err
	}
	key := fmt.Sprintf("%q", t.Jumps)
	e := j.enter(key, func() (*connection, error) {
		// The others that wait must not fail when the first one gives up; the
		// dialer's own time-outs hold.
		return s.connect(context.WithoutCancel(ctx), hop, depth+1)
	})
	release := func() { j.leave(key, e) }
	select {
	case <-e.ready:
	case <-ctx.Done():
		release()
		return nil, nil, DialError(ctx, ctx.Err())
	}
	if e.err != nil {
		release()
		return nil, nil, fmt.Errorf("jump host %s: %w", hop.Name, e.err)
	}
	return e.conn, release, nil
}

// enter returns the entry of a jump host and counts its user; the first one
// dials. An entry whose line is lost is replaced.
func (j *jumps) enter(key string, dial func() (*connection, error)) *jump {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, ok := j.open[key]; ok {
		e.refs++
		return e
	}
	if j.open == nil {
		j.open = map[string]*jump{}
	}
	e := &jump{refs: 1, ready: make(chan struct{})}
	j.open[key] = e
	go func() {
		conn, err := dial()
		j.mu.Lock()
		e.conn, e.err = conn, err
		unused := e.refs == 0
		if err != nil {
			j.forget(key, e)
		}
		j.mu.Unlock()
		close(e.ready)
		if err != nil {
			return
		}
		if unused {
			conn.close()
		}
		conn.client.Wait()
		j.mu.Lock()
		j.forget(key, e)
		j.mu.Unlock()
	}()
	return e
}

// forget must be called with the lock held.
func (j *jumps) forget(key string, e *jump) {
	if j.open[key] == e {
		delete(j.open, key)
	}
}

func (j *jumps) leave(key string, e *jump) {
	j.mu.Lock()
	e.refs--
	var conn *connection
	if e.refs == 0 {
		j.forget(key, e)
		conn = e.conn
	}
	j.mu.Unlock()
	if conn != nil {
		conn.close()
	}
}

// parseJump returns the last of the jump hosts as a host that has the others
// as its jump hosts: "first,[user@]second[:port]".
func parseJump(list []string) (data.Host, error) {
	last := list[len(list)-1]
	h, err := JumpHost(last)
	if err != nil {
		return h, fmt.Errorf("%w: jump host %q: %w", ErrUnreachable, last, err)
	}
	h.Jump = joinJumps(list[:len(list)-1])
	return h, nil
}

var errJumpForm = errors.New("is not of the form [user@]host[:port]")
