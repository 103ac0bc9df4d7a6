package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"secondtuesday/data/secret"
)

// A login is one try to log in: every key once, the password once.
type login struct {
	ctx    context.Context
	config SSHConfig
	target target
	guard  *guard

	agent    io.Closer
	keys     []ssh.Signer // not tried yet, once listed
	listed   bool
	attempts []string // for people: "agent (2 keys)", "password"
	spent    bool     // the password has been sent

	elsewhere error // the password was stored for another place
}

func newLogin(ctx context.Context, c SSHConfig, t target, g *guard) *login {
	return &login{ctx: ctx, config: c, target: t, guard: g}
}

func (l *login) close() {
	if l.agent != nil {
		l.agent.Close()
	}
}

// methods are for when no key is left.
func (l *login) methods() []ssh.AuthMethod {
	return []ssh.AuthMethod{ssh.PasswordCallback(l.password), ssh.KeyboardInteractive(l.interactive)}
}

// nextKey is an AuthCallback that tries the keys one by one: given all at
// once, the library stops at the first that cannot sign, such as one without
// its passphrase.
func (l *login) nextKey(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if !slices.Contains(c.AllowedMethods, "publickey") {
		return nil, nil
	}
	if !l.listed {
		l.keys, l.listed = l.signers(), true
	}
	if len(l.keys) == 0 {
		return nil, nil
	}
	k := l.keys[0]
	l.keys = l.keys[1:]
	return ssh.PublicKeys(k), nil
}

func (l *login) note(format string, args ...any) {
	l.attempts = append(l.attempts, fmt.Sprintf(format, args...))
}

// tried tells what was tried, for people.
func (l *login) tried() string {
	if len(l.attempts) == 0 {
		return "tried nothing: no key and no password that the host would take"
	}
	return "tried " + strings.Join(l.attempts, ", ")
}

func (l *login) refused(err error) error {
	// ssh: disconnect, reason 2: "Too many authentication failures"
	why := ""
	if s := err.Error(); strings.Contains(s, "disconnect, reason") {
		_, s, _ = strings.Cut(s, "disconnect, ")
		why = ": " + CleanText(s)
	}
	if l.elsewhere != nil {
		return fmt.Errorf("%w for user %s: the password was not sent: %w%s", ErrLoginRefused, l.target.User, l.elsewhere, why)
	}
	return fmt.Errorf("%w for user %s: %s%s", ErrLoginRefused, l.target.User, l.tried(), why)
}

// ask fetches a secret while the handshake's clock stands still.
func (l *login) ask(k secret.Key) (secret.Secret, error) {
	defer l.guard.pause()()
	return l.config.Secrets.Get(l.ctx, k)
}

// signers returns the keys to try, as ssh(1) orders them: the named keys,
// taken from the agent where it has them; then the agent's other keys; then
// the keys in the usual places.
func (l *login) signers() []ssh.Signer {
	held := l.agentKeys()
	var list []ssh.Signer
	take := func(path string, named bool) {
		s, err := l.keyFile(path)
		if err != nil {
			if named {
				l.note("%s (%v)", path, err)
			}
			return
		}
		if i := slices.IndexFunc(held, func(h ssh.Signer) bool { return sameKey(h, s) }); i >= 0 {
			s = held[i]
			held = slices.Delete(held, i, i+1)
		}
		if s, ok := s.(*lazyKey); ok && s.path == "" {
			return // a public key alone, whose other half is in no agent
		}
		list = append(list, s)
		l.note("%s", path)
	}
	for _, path := range l.target.Identities {
		take(path, true)
	}
	if !l.target.IdentitiesOnly && len(held) > 0 {
		list = append(list, held...)
		l.note("agent (%d keys)", len(held))
	}
	if len(l.target.Identities) == 0 && l.config.Home != "" {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			take(filepath.Join(l.config.Home, ".ssh", name), false)
		}
	}
	return list
}

func sameKey(a, b ssh.Signer) bool {
	return string(a.PublicKey().Marshal()) == string(b.PublicKey().Marshal())
}

// agentKeys returns the keys the agent holds. No agent is no error.
func (l *login) agentKeys() []ssh.Signer {
	socket := l.config.Agent
	switch v := l.target.Agent; {
	case v == "none":
		return nil
	case v == "" || v == "SSH_AUTH_SOCK":
	case strings.HasPrefix(v, "$"):
		socket = os.Getenv(strings.Trim(v, "${}"))
	default:
		socket = v
	}
	if socket == "" {
		return nil
	}
	conn, err := dialAgent(l.ctx, socket)
	if err != nil {
		l.note("agent (%v)", err)
		return nil
	}
	l.agent = conn
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		l.note("agent (%v)", err)
		return nil
	}
	return signers
}

// keyFile reads a private key. Where the file tells the public half without
// the passphrase, the passphrase is asked for only if the host takes the key.
func (l *login) keyFile(path string) (ssh.Signer, error) {
	b, err := readKey(path)
	if errors.Is(err, os.ErrNotExist) {
		return publicHalf(path + ".pub")
	}
	if err != nil {
		return nil, err
	}
	s, err := ssh.ParsePrivateKey(b)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return s, nil
	case !errors.As(err, &locked):
		if s, err := publicHalf(path); err == nil {
			return s, nil // IdentityFile may name the public half of an agent's key
		}
		return nil, errNoKey
	}
	k := &lazyKey{login: l, path: path, pem: b, public: locked.PublicKey}
	if k.public == nil {
		if p, err := publicHalf(path + ".pub"); err == nil {
			k.public = p.PublicKey()
			return k, nil
		}
		return k.open()
	}
	return k, nil
}

// maxKey is far more than the largest key file.
const maxKey = 256 << 10

var errNoKey = errors.New("is no private key that this program reads")

// readKey reads a key file. Its path may come from an imported file: a device
// or a pipe, which never ends, is not opened.
func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, errors.Unwrap(err)
	case !info.Mode().IsRegular() || info.Size() > maxKey:
		return nil, errNoKey
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return b, nil
}

// publicHalf reads "ssh-ed25519 AAAA… comment".
func publicHalf(path string) (ssh.Signer, error) {
	b, err := readKey(path)
	if err != nil {
		return nil, errors.New("no such file")
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(b)
	if err != nil {
		return nil, err
	}
	return &lazyKey{public: key}, nil
}

// A lazyKey is a private key that is opened when it must sign.
type lazyKey struct {
	login  *login
	path   string // empty: only the public half is known
	pem    []byte
	public ssh.PublicKey
	opened ssh.Signer
}

// PublicKey implements ssh.Signer.
func (k *lazyKey) PublicKey() ssh.PublicKey { return k.public }

// Sign implements ssh.Signer.
func (k *lazyKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

// SignWithAlgorithm implements ssh.AlgorithmSigner, so that RSA keys sign
// with SHA-2.
func (k *lazyKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s, err := k.open()
	if err != nil {
		k.login.note("%s (%v)", k.path, err)
		return nil, err
	}
	if a, ok := s.(ssh.AlgorithmSigner); ok {
		return a.SignWithAlgorithm(rand, data, algorithm)
	}
	return s.Sign(rand, data)
}

func (k *lazyKey) open() (ssh.Signer, error) {
	if k.opened != nil {
		return k.opened, nil
	}
	if k.path == "" {
		return nil, errors.New("only the public half is here")
	}
	p, err := k.login.ask(secret.PassphraseKey(k.path))
	if errors.Is(err, secret.ErrNone) || err == nil && p.IsZero() {
		return nil, errors.New("needs a passphrase, and none is stored")
	}
	if err != nil {
		return nil, err
	}
	s, err := ssh.ParsePrivateKeyWithPassphrase(k.pem, []byte(p.Reveal()))
	if err != nil {
		return nil, errors.New("the stored passphrase does not open it")
	}
	k.opened = s
	return s, nil
}

var errNoPassword = errors.New("no password is stored")

// errSpent keeps a wrong password from being sent again by the other way:
// many shops lock an account that fails a few times.
var errSpent = errors.New("the password was refused once and is not sent again")

func (l *login) password() (string, error) {
	if l.spent {
		return "", errSpent
	}
	key := secret.LoginKey(l.target.Host)
	p, err := l.ask(key)
	if errors.Is(err, secret.ErrNone) || err == nil && p.IsZero() {
		return "", errNoPassword
	}
	if err == nil {
		err = p.MayGoTo(l.target.Place, key)
		l.elsewhere = err
	}
	if err != nil {
		l.note("password (%v)", err)
		return "", err
	}
	l.spent = true
	l.note("password")
	return p.Reveal(), nil
}

// interactive answers one hidden question with the password, and no other: a
// second question is one for a code that only a person has.
func (l *login) interactive(_, _ string, questions []string, echos []bool) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	if len(questions) > 1 || echos[0] {
		l.note("keyboard-interactive (asks %q)", CleanText(strings.Join(questions, " ")))
		return nil, errors.New("asks for more than a password")
	}
	p, err := l.password()
	if err != nil {
		return nil, err
	}
	l.attempts[len(l.attempts)-1] = "keyboard-interactive"
	return []string{p}, nil
}

// dialAgent connects to the agent's socket, or its pipe on Windows.
func dialAgent(ctx context.Context, socket string) (io.ReadWriteCloser, error) {
	if strings.HasPrefix(socket, `\\.\pipe\`) {
		return os.OpenFile(socket, os.O_RDWR, 0)
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", socket)
}
