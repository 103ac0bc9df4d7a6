package winrm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"secondtuesday/remote"
)

// maxRunning is how many commands of one session run at the same time, each in
// a shell of its own: Windows allows a user 25 or 30 shells in all.
const maxRunning = 4

// stdinChunk is what one Send carries, raw: in base64 it stays below the
// smallest default envelope.
const stdinChunk = 48 << 10

// A session runs commands on one host. It implements remote.Session.
type session struct {
	dialer *Dialer
	target target
	shown  remote.Identity
	slots  chan struct{}
	life   context.Context // ends with Close
	end    context.CancelCauseFunc
	once   sync.Once
	login  chan struct{} // held while a login is under way

	mu      sync.Mutex
	free    []*shell
	refused error // the host took the password no more: it is not tried again
}

// A shell is a Windows shell on a line of its own.
type shell struct {
	line *line
	id   string // empty: not made yet
	used string // the command that ran last; Windows keeps it until it is signalled
}

var errClosed = fmt.Errorf("%w: the session was closed", remote.ErrLost)

func newSession(d *Dialer, t target, first *line, shown remote.Identity) *session {
	// A session outlives the Dial that made it; Close ends it.
	life, end := context.WithCancelCause(context.Background())
	return &session{
		dialer: d, target: t, shown: shown, life: life, end: end,
		slots: make(chan struct{}, maxRunning), free: []*shell{{line: first}},
		login: make(chan struct{}, 1),
	}
}

// Identity is for remote.IdentityOf.
func (s *session) Identity() remote.Identity { return s.shown }

// logIn opens another line for the session. Once the password was refused no
// other command tries it: a few tries lock an account.
func (s *session) logIn(ctx context.Context) (*line, error) {
	select {
	case s.login <- struct{}{}:
		defer func() { <-s.login }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s.mu.Lock()
	refused := s.refused
	s.mu.Unlock()
	if refused != nil {
		return nil, refused
	}
	l, err := s.dialer.logIn(ctx, s.target)
	s.heed(err)
	return l, err
}

// heed notes that the password was refused.
func (s *session) heed(err error) {
	if errors.Is(err, remote.ErrLoginRefused) && !errors.Is(err, errLoggedOut) {
		s.mu.Lock()
		s.refused = err
		s.mu.Unlock()
	}
}

// Close implements remote.Session.
func (s *session) Close() error {
	s.once.Do(func() {
		s.end(errClosed)
		for range maxRunning { // each command at work gives its slot back once ended
			s.slots <- struct{}{}
		}
		ctx, stop := context.WithTimeout(context.Background(), s.dialer.config.EndTimeout)
		defer stop()
		for _, sh := range s.free {
			if sh.id != "" && !sh.line.broken {
				sh.line.post(ctx, s.dialer.config.EndTimeout, sh.line.deleteShell(sh.id)) // Windows forgets it by itself in time
			}
			sh.line.close()
		}
	})
	return nil
}

// Run implements remote.Session. The script is PowerShell 5.1; see bootstrap.
func (s *session) Run(ctx context.Context, c remote.Command) (remote.Output, error) {
	input, err := payload(c)
	if err != nil {
		return remote.Output{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(s.life, func() { stop(context.Cause(s.life)) })()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return remote.Output{}, endError(ctx, c.Name)
	}
	k := &keeper{limit: c.Limit}
	exit, err := s.run(ctx, input, k)
	switch {
	case ctx.Err() != nil && err != nil:
		return remote.Output{}, endError(ctx, c.Name)
	case err != nil:
		return remote.Output{}, fmt.Errorf("%s: %w", c.Name, kind(err))
	}
	out, err := k.result(exit)
	var failed *remote.ExitError
	if errors.As(err, &failed) {
		failed.Name = c.Name
		return out, failed
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", c.Name, err)
	}
	return out, nil
}

// endError tells why ctx ended, as an error of the command name.
func endError(ctx context.Context, name string) error {
	err := context.Cause(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", remote.ErrTimeout, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// run runs the bootstrap with input in a shell and waits for it.
func (s *session) run(ctx context.Context, input []byte, k *keeper) (int, error) {
	sh, command, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	exit, err := s.talk(ctx, sh, command, input, k)
	if err != nil {
		s.abandon(ctx, sh, command)
		return 0, err
	}
	sh.used = command
	s.put(sh)
	return exit, nil
}

// begin starts the bootstrap in a shell. A message that the host did not look
// at, because it had forgotten the login or the shell, is sent once more.
func (s *session) begin(ctx context.Context) (*shell, string, error) {
	for try := 0; ; try++ {
		sh, err := s.shell(ctx)
		if err != nil {
			return nil, "", err
		}
		command, err := s.start(ctx, sh)
		if err == nil {
			return sh, command, nil
		}
		s.abandon(ctx, sh, "")
		again := errors.Is(err, errLoggedOut) || isFault(err, faultNoShell, faultKeyDeleted)
		if !again || try == 1 || ctx.Err() != nil {
			return nil, "", err
		}
	}
}

// shell returns a shell that nobody uses.
func (s *session) shell(ctx context.Context) (*shell, error) {
	s.mu.Lock()
	for n := len(s.free); n > 0; n = len(s.free) {
		sh := s.free[n-1]
		s.free = s.free[:n-1]
		if !sh.line.broken {
			s.mu.Unlock()
			return sh, nil
		}
	}
	s.mu.Unlock()
	l, err := s.logIn(ctx)
	if err != nil {
		return nil, err
	}
	return &shell{line: l}, nil
}

func (s *session) put(sh *shell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, sh)
}

// start makes the shell where there is none yet, and starts the bootstrap.
func (s *session) start(ctx context.Context, sh *shell) (string, error) {
	if sh.used != "" { // or Windows keeps what it knows of it
		if _, err := s.ask(ctx, sh.line, sh.line.signal(sh.id, sh.used)); err != nil {
			return "", err
		}
		sh.used = ""
	}
	if sh.id == "" {
		e, err := s.ask(ctx, sh.line, sh.line.createShell())
		if err != nil {
			return "", err
		}
		if sh.id, err = e.shell(); err != nil {
			return "", err
		}
	}
	e, err := s.ask(ctx, sh.line, sh.line.command(sh.id, bootstrapLine))
	if err != nil {
		return "", err
	}
	return e.command()
}

// ask sends a message and reads the answer.
func (s *session) ask(ctx context.Context, l *line, message string) (*envelope, error) {
	status, body, err := l.post(ctx, s.dialer.config.Patience+s.dialer.config.AnswerTimeout, message)
	if err != nil {
		s.heed(err)
		return nil, err
	}
	return parse(message, status, body)
}

// talk feeds the command and listens until it ends.
func (s *session) talk(ctx context.Context, sh *shell, command string, input []byte, k *keeper) (int, error) {
	for first := true; first || len(input) > 0; first = false {
		part := input[:min(len(input), stdinChunk)]
		input = input[len(part):]
		if _, err := s.ask(ctx, sh.line, sh.line.send(sh.id, command, part, len(input) == 0)); err != nil {
			return 0, err
		}
	}
	for {
		began, had := time.Now(), k.size()
		done, exit, err := s.listen(ctx, sh, command, k)
		if done || err != nil {
			return exit, err
		}
		if k.size()-had < littleOutput { // a host that holds nothing back would be asked without an end
			select {
			case <-time.After(time.Until(began.Add(leastPause))):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
	}
}

// A host is asked for more this often at most, while it has little to tell.
const (
	leastPause   = 50 * time.Millisecond
	littleOutput = 4 << 10 // bytes
)

// listen asks once for what a command has printed.
func (s *session) listen(ctx context.Context, sh *shell, command string, k *keeper) (done bool, exit int, err error) {
	e, err := s.ask(ctx, sh.line, sh.line.receive(sh.id, command))
	switch {
	case isFault(err, faultTimedOut): // nothing was printed so far
		return false, 0, nil
	case errors.Is(err, errLoggedOut): // the host did not look at it; the command goes on
		l, err := s.logIn(ctx)
		if err == nil {
			sh.line = l
		}
		return false, 0, err
	case err != nil:
		return false, 0, err
	}
	return e.streams(command, k.put)
}

// abandon ends a command that is of no use any more, and its shell, on a line
// of its own where the first is taken. It is waited for a moment only: Windows
// may have gone.
func (s *session) abandon(ctx context.Context, sh *shell, command string) {
	if sh.id == "" {
		sh.line.close()
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	ended := make(chan struct{})
	go func() {
		defer stop()
		defer close(ended)
		l := sh.line
		if l.broken {
			var err error
			if l, err = s.logIn(ctx); err != nil {
				return
			}
		}
		defer l.close()
		if command != "" {
			s.ask(ctx, l, l.signal(sh.id, command))
		}
		s.ask(ctx, l, l.deleteShell(sh.id))
	}()
	select {
	case <-ended:
	case <-time.After(s.dialer.config.EndTimeout):
	}
}

// A keeper keeps what a command prints, up to a limit.
type keeper struct {
	limit          int
	stdout, stderr bytes.Buffer
}

func (k *keeper) size() int { return k.stdout.Len() + k.stderr.Len() }

func (k *keeper) put(name string, b []byte) error {
	to := &k.stdout
	if name == "stderr" {
		to = &k.stderr
	}
	limit := k.limit
	if limit <= 0 {
		limit = remote.DefaultLimit
	}
	limit += limit/2 + 64<<10 // in base64, with what else PowerShell prints
	if to.Len()+len(b) > limit {
		return fmt.Errorf("%w: more than %d bytes", remote.ErrTooMuchOutput, limit)
	}
	to.Write(b)
	return nil
}
