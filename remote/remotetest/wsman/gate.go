package wsman

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
)

// A gate is the listener below TLS and HTTP. It counts and can cut lines, and
// plays hosts that accept and do not speak.
type gate struct {
	net.Listener
	server *Server

	mu     sync.Mutex
	conns  map[*conn]bool
	closed bool
}

// Close ends the listening; cut ends the lines.
func (g *gate) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	return g.Listener.Close()
}

// Accept returns the next line that is to be served.
func (g *gate) Accept() (net.Conn, error) {
	for {
		raw, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g.server.count(func(c *Counts) { c.Connections++ })
		if g.server.take(func(f *Faults) *int { return &f.Drop }) {
			raw.Close()
			continue
		}
		c := &conn{Conn: raw, gate: g}
		if !g.keep(c) {
			raw.Close()
			return nil, net.ErrClosed
		}
		if !g.server.currentFaults().Silent {
			return c, nil
		}
		g.server.work.Go(func() {
			io.Copy(io.Discard, c)
			c.Close()
		})
	}
}

// keep remembers a line, unless the listening has ended.
func (g *gate) keep(c *conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[c] = true
	return !g.closed
}

// cut resets every line.
func (g *gate) cut() {
	g.mu.Lock()
	conns := make([]*conn, 0, len(g.conns))
	for c := range g.conns {
		conns = append(conns, c)
	}
	g.mu.Unlock()
	for _, c := range conns {
		c.reset()
	}
}

// A conn is one line to a client.
type conn struct {
	net.Conn
	gate *gate
	cert *tls.Certificate // that this line was shown
}

// Read also gives the tap what was read.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if tap := c.gate.server.options.Tap; tap != nil && n > 0 {
		c.gate.mu.Lock()
		tap.Write(b[:n])
		c.gate.mu.Unlock()
	}
	return n, err
}

// Close forgets the line.
func (c *conn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.conns, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}

// reset ends the line with a reset, not a polite end.
func (c *conn) reset() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Close()
}
