package remote

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"secondtuesday/remote/internal/wire"
)

// A machine starts command lines: over SSH, or on this computer.
type machine interface {
	// start starts a line for the login shell. Both writers are written to
	// from other goroutines until wait has returned; an error of theirs stops
	// the reading of that stream.
	start(line string, stdout, stderr io.Writer) (process, error)
	close() error
}

// A process is a command line at work.
type process interface {
	io.WriteCloser // its standard input; Close ends that
	// wait returns the exit status, 128+n for signal n. An error means that
	// the end is not known.
	wait() (int, error)
	// signal asks the process to end. Not every host obeys.
	signal()
	// drop lets go of the process, so that wait returns.
	drop()
}

// Sessions of one sshd share its MaxSessions, 10 by default. Two are left for
// ending commands.
const maxRunning = 8

// How long a command that was told to end may take to do so, before the desk
// lets go of it.
const (
	endWait  = 3 * time.Second
	markWait = time.Second
)

// A session runs commands on a machine. It holds what SSH and this computer
// have in common.
type session struct {
	name    string // of the host, for errors
	machine machine
	slots   chan struct{}
	ends    chan struct{} // slots of the commands that end others
	root    rooter
	life    context.Context // ends with Close
	end     context.CancelCauseFunc
	closing sync.Once
	last    bool // ends a command of another session, and is not itself ended by a third
}

var errClosed = fmt.Errorf("%w: the session was closed", ErrLost)

func newSession(name string, m machine, root rooter) *session {
	// A session outlives the Dial that made it; Close ends it.
	life, end := context.WithCancelCause(context.Background())
	return &session{
		name: name, machine: m, root: root, life: life, end: end,
		slots: make(chan struct{}, maxRunning), ends: make(chan struct{}, 1),
	}
}

// Close implements Session.
func (s *session) Close() error {
	var err error
	s.closing.Do(func() {
		s.end(errClosed)
		for range maxRunning { // each command at work gives its slot back once ended
			s.slots <- struct{}{}
		}
		err = s.machine.close()
	})
	return err
}

// Run implements Session.
func (s *session) Run(ctx context.Context, c Command) (Output, error) {
	if err := c.check(); err != nil {
		return Output{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(s.life, func() { stop(context.Cause(s.life)) })()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Output{}, endError(ctx, c.Name)
	}
	if ctx.Err() != nil {
		return Output{}, endError(ctx, c.Name)
	}
	var how wire.How
	if c.Root {
		var err error
		if how, err = s.becomeRoot(ctx); err != nil {
			return Output{}, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return s.run(ctx, c, how)
}

// check refuses what cannot travel.
func (c Command) check() error {
	if strings.ContainsRune(c.Script, 0) {
		return fmt.Errorf("%s: the script holds a NUL byte", c.Name)
	}
	for i, a := range c.Args {
		if strings.ContainsRune(a, 0) {
			return fmt.Errorf("%s: argument %d holds a NUL byte", c.Name, i+1)
		}
	}
	return nil
}

func newNonce() string {
	var b [8]byte
	rand.Read(b[:]) // crypto/rand never returns an error
	return hex.EncodeToString(b[:])
}

// run runs c as how says and waits for it, ending it with ctx.
func (s *session) run(ctx context.Context, c Command, how wire.How) (Output, error) {
	nonce := newNonce()
	script := wire.Script{Nonce: nonce, Text: c.Script, Args: c.Args}.Encode()
	line := wire.Line{How: how, Nonce: nonce, Size: len(script)}
	w := newWatch(nonce, c.Limit)
	p, err := s.machine.start(line.String(), w.stdout(), w.stderr())
	if err != nil {
		return Output{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	defer p.drop()
	go s.feed(p, w, how, script, c.Stdin)

	type end struct {
		status int
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		status, err := p.wait()
		ended <- end{status, err}
	}()
	var cause error
	select {
	case e := <-ended:
		return w.output(), w.verdict(c.Name, how, e.status, e.err)
	case <-w.aborted:
		cause = fmt.Errorf("%s: %w", c.Name, w.abortCause())
	case <-ctx.Done():
		cause = endError(ctx, c.Name)
	}
	gone := make(chan struct{})
	go func() { <-ended; close(gone) }()
	s.endProcess(p, w, how, gone)
	return w.output(), cause
}

// feed writes the script and the command's input. Errors show in wait.
func (s *session) feed(p process, w *watch, how wire.How, script, input []byte) {
	defer p.Close()
	if how == wire.SudoAsks && !s.root.answer(p, w) {
		return
	}
	if _, err := p.Write(script); err != nil {
		return
	}
	p.Write(input)
}

// endProcess ends a command on the host: by a signal, which sshd passes on
// only to processes of the same user, and by a second command that ends the
// process group as the same user, root included. Closing the channel alone
// would leave a script at work until it next writes.
func (s *session) endProcess(p process, w *watch, how wire.How, gone <-chan struct{}) {
	select {
	case <-gone:
		return
	default:
	}
	if s.last {
		return
	}
	// The caller's context has ended, and so may the session's; the line may
	// still be sound.
	ctx, stop := context.WithTimeout(context.Background(), endWait)
	defer stop()
	p.signal()
	select {
	case <-w.started:
	case <-gone:
		return
	case <-w.aborted:
	case <-time.After(markWait):
	}
	pid, group, ok := w.process()
	if !ok {
		p.drop() // standard input closes before the script is whole: nothing has run
		return
	}
	// Also when the shell is gone by now: its children may not have obeyed.
	select {
	case s.ends <- struct{}{}:
		defer func() { <-s.ends }()
	case <-ctx.Done():
		return
	}
	kill := Command{Name: "end command", Script: wire.Kill, Args: []string{group, pid}}
	k := &session{name: s.name, machine: s.machine, root: s.root, last: true}
	k.run(ctx, kill, how)
	select {
	case <-gone:
	case <-ctx.Done():
	}
}

// endError tells why ctx ended, as an error of the command name.
func endError(ctx context.Context, name string) error {
	err := context.Cause(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
