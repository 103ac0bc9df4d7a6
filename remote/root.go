package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote/internal/wire"
)

// Secrets hands out credentials for the moment of a login. A secret.Store is
// one; so is something that asks a person when the store has none.
type Secrets interface {
	// Get returns a credential, or an error that is secret.ErrNone.
	Get(ctx context.Context, k secret.Key) (secret.Secret, error)
}

// NoSecrets is a Secrets that has none.
type NoSecrets struct{}

// Get returns secret.ErrNone.
func (NoSecrets) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.Secret{}, secret.ErrNone
}

// A rooter finds the way to root on one host, and remembers it for the
// session. A wrong password is tried once: sudo counts, and some shops lock
// the account.
type rooter struct {
	sudo    data.Sudo
	host    string
	place   string // where a password kept for it may go: data.Host.Destination
	secrets Secrets
	state   *rootState
	wait    time.Duration // for sudo to ask, or to let us in
}

type rootState struct {
	turn     chan struct{} // held while the way is being found
	how      wire.How
	err      error
	known    bool
	mu       sync.Mutex // guards password, which running commands read
	password secret.Secret
}

func newRooter(h data.Host, secrets Secrets, wait time.Duration) rooter {
	if secrets == nil {
		secrets = NoSecrets{}
	}
	return rooter{
		sudo: h.Sudo, host: h.Name, place: h.Destination(), secrets: secrets, wait: wait,
		state: &rootState{turn: make(chan struct{}, 1)},
	}
}

// becomeRoot returns how to run a command as root. What is certain (there is
// a way, there is none, the password is wrong) is remembered; a cut line is not.
func (s *session) becomeRoot(ctx context.Context) (wire.How, error) {
	st := s.root.state
	select {
	case st.turn <- struct{}{}:
		defer func() { <-st.turn }()
	case <-ctx.Done():
		return 0, endError(ctx, "become root")
	}
	if st.known {
		return st.how, st.err
	}
	how, err := s.findRoot(ctx)
	certain := err == nil || errors.Is(err, ErrNoPrivilege) || errors.Is(err, ErrSudoPassword) && !errors.Is(err, secret.ErrNone)
	if certain {
		st.how, st.err, st.known = how, err, true
	}
	return how, err
}

func (s *session) findRoot(ctx context.Context) (wire.How, error) {
	arg := map[data.Sudo]string{data.SudoNever: "direct", data.SudoPassword: "password"}[s.root.sudo]
	out, err := s.run(ctx, Command{Name: "become root", Script: wire.Probe, Args: []string{arg}}, wire.Direct)
	if err != nil {
		return 0, err
	}
	lines := strings.SplitN(string(out.Stdout), "\n", 3)
	switch {
	case lines[0] == "0":
		return wire.Direct, nil
	case s.root.sudo == data.SudoNever:
		return 0, fmt.Errorf("%w: the login is not root, and sudo is switched off for this host", ErrNoPrivilege)
	case len(lines) < 2:
		return 0, fmt.Errorf("become root: %w", ErrGarbage)
	}
	switch lines[1] {
	case "none":
		return 0, fmt.Errorf("%w: the login is not root, and sudo is not installed", ErrNoPrivilege)
	case "free":
		return wire.Sudo, nil
	case "asks":
		return s.trySudoPassword(ctx, strings.Join(lines[2:], ""))
	}
	return 0, fmt.Errorf("become root: %w", ErrGarbage)
}

// trySudoPassword tries the stored password with a command that does nothing.
// said is how sudo refused to go without.
func (s *session) trySudoPassword(ctx context.Context, said string) (wire.How, error) {
	// sudo: sorry, you must have a tty to run sudo
	if strings.Contains(said, "must have a tty") {
		return 0, fmt.Errorf("%w: %s", ErrNoPrivilege, strings.TrimSpace(CleanText(said)))
	}
	key := secret.SudoKey(s.root.host)
	password, err := s.root.secrets.Get(ctx, key)
	switch {
	case errors.Is(err, secret.ErrNone) || err == nil && password.IsZero():
		return 0, fmt.Errorf("%w: sudo asks for one: %w", ErrSudoPassword, secret.ErrNone)
	case err != nil:
		return 0, fmt.Errorf("become root: %w", err)
	case strings.ContainsAny(password.Reveal(), "\n\x00"):
		return 0, fmt.Errorf("%w: it holds a line break", ErrSudoPassword)
	}
	if err := password.MayGoTo(s.root.place, key); err != nil {
		return 0, fmt.Errorf("%w: it was not sent: %w", ErrSudoPassword, err)
	}
	s.root.state.setPassword(password)
	_, err = s.run(ctx, Command{Name: "become root", Script: ":"}, wire.SudoAsks)
	if err != nil {
		s.root.state.setPassword(secret.Secret{})
		return 0, err
	}
	return wire.SudoAsks, nil
}

func (st *rootState) setPassword(p secret.Secret) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.password = p
}

// answer waits for sudo to ask, answers once, and waits to be let in. Nothing
// else is written before: a shell that is not root, or a second prompt, must
// not eat the script. It reports whether the script may follow.
func (r rooter) answer(stdin io.Writer, w *watch) bool {
	late := time.NewTimer(r.wait)
	defer late.Stop()
	select {
	case <-w.elevated: // a rule without password
		return true
	case <-w.prompted:
	case <-w.aborted:
		return false
	case <-late.C:
		w.stop(fmt.Errorf("%w: %w", ErrNoPrivilege, errSilentSudo))
		return false
	}
	r.state.mu.Lock()
	password := r.state.password
	r.state.mu.Unlock()
	if _, err := io.WriteString(stdin, password.Reveal()+"\n"); err != nil {
		return false
	}
	select {
	case <-w.elevated:
		return true
	case <-w.aborted:
	case <-late.C:
		w.stop(fmt.Errorf("%w: %w", ErrNoPrivilege, errSilentSudo))
	}
	return false
}
