package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"secondtuesday/remote/internal/wire"
)

// A watch keeps what a command prints. What a login shell prints before the
// script starts (an echo in .bashrc, sudo's lecture) is noise and kept apart.
type watch struct {
	nonce string
	limit int

	mu       sync.Mutex
	out, err stream
	pid      string // of the script's shell, once started
	group    string // its process group, "0" where the host does not tell
	prompts  int
	cause    error

	started  chan struct{} // closed when the script has started
	prompted chan struct{} // closed at sudo's first prompt
	elevated chan struct{} // closed when sudo let us in
	aborted  chan struct{} // closed when the command must be ended
}

type stream struct {
	kept  []byte
	noise []byte
	on    bool // past the noise
}

// More noise than this is no greeting but a mistake.
const maxNoise = 256 << 10

func newWatch(nonce string, limit int) *watch {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &watch{
		nonce: nonce, limit: limit,
		started: make(chan struct{}), prompted: make(chan struct{}),
		elevated: make(chan struct{}), aborted: make(chan struct{}),
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func (w *watch) stdout() io.Writer {
	return writerFunc(func(b []byte) (int, error) { return w.take(&w.out, b, w.findStart) })
}

func (w *watch) stderr() io.Writer {
	return writerFunc(func(b []byte) (int, error) { return w.take(&w.err, b, w.findStderr) })
}

// take keeps b, or what find says of it as long as the stream is noise.
func (w *watch) take(s *stream, b []byte, find func(noise []byte) (rest []byte, on bool)) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(b)
	if w.cause != nil {
		// Read on, so that the line does not clog and the end gets through.
		return n, nil
	}
	if !s.on {
		s.noise = append(s.noise, b...)
		rest, on := find(s.noise)
		if !on {
			if len(s.noise) > maxNoise {
				w.abort(fmt.Errorf("%w: the login shell prints without end", ErrGarbage))
			}
			return n, nil
		}
		s.on, b = true, rest
	}
	if room := w.limit - len(s.kept); len(b) > room {
		s.kept = append(s.kept, b[:room]...)
		w.abort(fmt.Errorf("%w: more than %d bytes", ErrTooMuchOutput, w.limit))
		return n, nil
	}
	s.kept = append(s.kept, b...)
	return n, nil
}

// abort must be called with the lock held.
func (w *watch) abort(cause error) {
	if w.cause == nil {
		w.cause = cause
		close(w.aborted)
	}
}

// stop ends the command for a reason of our own.
func (w *watch) stop(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abort(cause)
}

func (w *watch) abortCause() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

// findStart looks for "st0123456789abcdef 812 811\n".
func (w *watch) findStart(noise []byte) ([]byte, bool) {
	_, after, ok := bytes.Cut(noise, []byte(wire.Start(w.nonce)))
	if !ok {
		return nil, false
	}
	ids, rest, ok := bytes.Cut(after, []byte("\n"))
	if !ok {
		return nil, false
	}
	pid, group, _ := strings.Cut(string(ids), " ")
	w.pid, w.group = pid, group
	close(w.started)
	return rest, true
}

// findStderr looks for the start as well, and on the way for what sudo says.
func (w *watch) findStderr(noise []byte) ([]byte, bool) {
	if n := bytes.Count(noise, []byte(wire.Prompt(w.nonce))); n > w.prompts {
		if w.prompts == 0 {
			close(w.prompted)
		}
		if w.prompts = n; n > 1 {
			w.abort(fmt.Errorf("%w: sudo refused it", ErrSudoPassword))
		}
	}
	select {
	case <-w.elevated:
	default:
		if bytes.Contains(noise, []byte(wire.Elevated(w.nonce))) {
			close(w.elevated)
		}
	}
	_, rest, ok := bytes.Cut(noise, []byte(wire.StartErr(w.nonce)))
	return rest, ok
}

// process returns the script's shell and its group, once it has started.
func (w *watch) process() (pid, group string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pid, w.group, isProcess(w.pid) && (w.group == "0" || isProcess(w.group))
}

// isProcess says whether s is the number of a process that may be ended: -1
// is everybody, 1 is init.
func isProcess(s string) bool {
	return len(s) > 0 && len(s) < 12 && strings.Trim(s, "0123456789") == "" && s[0] != '0' && s != "1"
}

// output returns what was printed so far.
func (w *watch) output() Output {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Output{Stdout: bytes.Clone(w.out.kept), Stderr: bytes.Clone(w.err.kept)}
}

// verdict turns the end of a command into the error of Run.
func (w *watch) verdict(name string, how wire.How, status int, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.cause != nil:
		return fmt.Errorf("%s: %w", name, w.cause)
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case !w.out.on && how != wire.Direct:
		return fmt.Errorf("%s: %w", name, w.sudoRefusal())
	case !w.out.on:
		return fmt.Errorf("%s: %w: the login shell did not start the script (exit status %d)%s",
			name, ErrGarbage, status, lastWords(w.out.noise, w.err.noise))
	case status != 0:
		return &ExitError{Name: name, Status: status, Stderr: lastLines(w.err.kept)}
	}
	return nil
}

// sudoRefusal tells why sudo ended before it started the script.
func (w *watch) sudoRefusal() error {
	said := w.err.noise
	for range w.prompts {
		said = bytes.ReplaceAll(said, []byte(wire.Prompt(w.nonce)), nil)
	}
	kind := ErrNoPrivilege
	// sudo: 1 incorrect password attempt
	if w.prompts > 0 && bytes.Contains(said, []byte("incorrect password")) {
		kind = ErrSudoPassword
	}
	return fmt.Errorf("%w%s", kind, lastWords(w.out.noise, said))
}

// lastWords returns ": " and the end of what was said, for people.
func lastWords(said ...[]byte) string {
	for i := len(said) - 1; i >= 0; i-- {
		if s := lastLines(said[i]); s != "" {
			return ": " + s
		}
	}
	return ""
}

// lastLines returns the last lines of b, without terminal escapes.
func lastLines(b []byte) string {
	const lines, size = 5, 1000
	if len(b) > 4*size {
		b = b[len(b)-4*size:]
	}
	all := strings.Split(strings.TrimSpace(CleanText(string(b))), "\n")
	s := strings.Join(all[max(0, len(all)-lines):], "\n")
	if len(s) > size {
		s = "…" + strings.ToValidUTF8(s[len(s)-size:], "")
	}
	return s
}

// errSilentSudo means that sudo neither asked nor let us in.
var errSilentSudo = errors.New("sudo neither asked for the password nor started the script")
