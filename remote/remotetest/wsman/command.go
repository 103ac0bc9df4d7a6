package wsman

import (
	"context"
	"io"
	"sync"
	"time"
)

// exitControlC is what a console program ends with after Ctrl+C
// (STATUS_CONTROL_C_EXIT), as the shell reports it.
const exitControlC = -1073741510

// pipeSize is how much a process can write that nobody has fetched.
const pipeSize = 256 << 10

// A command is one process in a shell. Its three streams share one lock; what
// waits is woken by every change.
type command struct {
	id     string
	cancel context.CancelFunc

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change
	in       []byte
	inEnded  bool
	out      []byte
	errout   []byte
	finished bool
	exit     int
	ended    bool // by a signal, or with its shell
	aborted  bool // no answer for those that wait
	fetched  bool // a Receive has had output
}

func newCommand(id string, cancel context.CancelFunc) *command {
	return &command{id: id, cancel: cancel, changed: make(chan struct{})}
}

// change wakes those who wait; the lock is held.
func (c *command) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// finish is the end of the process.
func (c *command) finish(exit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished {
		c.finished, c.exit = true, exit
		c.change()
	}
}

// kill ends the process where it still runs, and says whether it did.
func (c *command) kill(abort bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ran := !c.finished
	c.aborted = c.aborted || abort
	if ran {
		c.finished, c.ended, c.exit = true, true, exitControlC
	}
	c.change()
	c.cancel()
	return ran
}

// stdin is the process's end of its standard input.
type stdin struct{ *command }

// Read waits for input; killed processes read io.ErrClosedPipe.
func (p stdin) Read(b []byte) (int, error) {
	c := p.command
	for {
		c.mu.Lock()
		switch {
		case c.ended:
			c.mu.Unlock()
			return 0, io.ErrClosedPipe
		case len(c.in) > 0:
			n := copy(b, c.in)
			c.in = c.in[n:]
			c.change()
			c.mu.Unlock()
			return n, nil
		case c.inEnded:
			c.mu.Unlock()
			return 0, io.EOF
		}
		wait := c.changed
		c.mu.Unlock()
		<-wait
	}
}

// stdout and stderr are the process's ends of its outputs.
type stdout struct {
	*command
	buffer *[]byte
}

// Write waits for room as a full pipe does.
func (p stdout) Write(b []byte) (int, error) {
	c, written := p.command, 0
	for {
		c.mu.Lock()
		if c.finished {
			c.mu.Unlock()
			return written, io.ErrClosedPipe
		}
		n := min(len(b), pipeSize-len(*p.buffer))
		*p.buffer = append(*p.buffer, b[:n]...)
		b, written = b[n:], written+n
		if n > 0 {
			c.change()
		}
		wait := c.changed
		c.mu.Unlock()
		if len(b) == 0 {
			return written, nil
		}
		<-wait
	}
}

// send puts input into the pipe; false where the process did not take it in
// time. After its end it takes everything and forgets it.
func (c *command) send(ctx context.Context, b []byte, last bool) bool {
	for {
		c.mu.Lock()
		room := c.finished || len(c.in) == 0 || len(c.in)+len(b) <= pipeSize
		if room {
			if !c.finished && !c.inEnded {
				c.in = append(c.in, b...)
				c.inEnded = last
			}
			c.change()
		}
		wait := c.changed
		c.mu.Unlock()
		if room {
			return true
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return false
		}
	}
}

// output is what one Receive fetches.
type output struct {
	stdout, stderr []byte
	done           bool
	exit           int
	aborted        bool // the command was taken away meanwhile
}

// settle is how long a Receive waits for the end of a command that has written
// something: short commands then need one Receive.
const settle = 100 * time.Millisecond

// receive waits for output or the end; false where the time is over first. At
// most chunk bytes come of each stream.
func (c *command) receive(ctx context.Context, chunk int) (output, bool) {
	var soon <-chan time.Time
	for {
		c.mu.Lock()
		some := len(c.out) > 0 || len(c.errout) > 0
		full := len(c.out) >= chunk || len(c.errout) >= chunk
		if c.aborted {
			c.mu.Unlock()
			return output{aborted: true}, true
		}
		if c.finished || full {
			o := c.fetch(chunk)
			c.mu.Unlock()
			return o, true
		}
		wait := c.changed
		c.mu.Unlock()
		if some && soon == nil {
			soon = time.After(settle)
		}
		select {
		case <-wait:
		case <-soon:
			c.mu.Lock()
			o := c.fetch(chunk)
			c.mu.Unlock()
			return o, true
		case <-ctx.Done():
			return output{}, false
		}
	}
}

// fetch takes what there is; the lock is held.
func (c *command) fetch(chunk int) output {
	take := func(b *[]byte) []byte {
		n := min(chunk, len(*b))
		part := (*b)[:n:n]
		*b = (*b)[n:]
		if len(*b) == 0 {
			*b = nil
		}
		return part
	}
	o := output{stdout: take(&c.out), stderr: take(&c.errout), exit: c.exit}
	o.done = c.finished && len(c.out) == 0 && len(c.errout) == 0
	c.change()
	return o
}
