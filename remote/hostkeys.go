package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// hostKeys judges host keys by known_hosts files.
type hostKeys struct {
	files    []string // read
	accepted string   // read and written

	mu    sync.Mutex
	db    *knownhosts.HostKeyDB
	state string            // of the files db was read from
	names map[string]string // temporary copy → the file it stands for
}

// load returns the database, read anew when a file has changed.
func (k *hostKeys) load() (*knownhosts.HostKeyDB, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var state strings.Builder
	var files []string
	for _, f := range append(slices.Clone(k.files), k.accepted) {
		if f == "" {
			continue
		}
		info, err := os.Stat(f)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("read known hosts: %w", err)
		case !info.Mode().IsRegular():
			continue // UserKnownHostsFile /dev/null
		}
		files = append(files, f)
		fmt.Fprintln(&state, f, info.Size(), info.ModTime().UnixNano())
	}
	if k.db != nil && k.state == state.String() {
		return k.db, nil
	}
	db, err := knownhosts.NewDB(files...)
	k.names = nil
	if err != nil {
		db, err = k.loadTolerantly(files)
	}
	if err != nil {
		return nil, fmt.Errorf("read known hosts: %w", err)
	}
	k.db, k.state = db, state.String()
	return db, nil
}

// loadTolerantly reads files with lines that the library cannot read, which
// OpenSSH skips: a key of a type yet to come, half a line. A revocation that
// cannot be read is an error: a key that must not be trusted would be.
func (k *hostKeys) loadTolerantly(files []string) (*knownhosts.HostKeyDB, error) {
	dir, err := os.MkdirTemp("", "secondtuesday-known-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	k.names = map[string]string{}
	var copies []string
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(b), "\n")
		for n, l := range lines {
			_, _, _, _, _, err := ssh.ParseKnownHosts([]byte(l + "\n"))
			if err != nil && strings.HasPrefix(strings.TrimSpace(l), "@revoked") {
				return nil, fmt.Errorf("%s:%d: cannot read this revoked key: %w", f, n+1, err)
			}
			if err != nil {
				lines[n] = "" // line numbers stay
			}
		}
		c := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(c, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			return nil, err
		}
		copies, k.names[c] = append(copies, c), f
	}
	return knownhosts.NewDB(copies...)
}

// names of the host as known_hosts has it: "name:port", and where the port is
// not 22, also without it, which OpenSSH accepts too.
func (t target) keyNames() []string {
	if t.Alias != "" {
		return []string{net.JoinHostPort(t.Alias, "22")}
	}
	names := []string{net.JoinHostPort(t.Address, strconv.Itoa(t.Port))}
	if t.Port != 22 {
		names = append(names, net.JoinHostPort(t.Address, "22"))
	}
	return names
}

// A keyCheck judges the key that one host shows.
type keyCheck struct {
	keys  *hostKeys
	db    *knownhosts.HostKeyDB
	names []string
	err   error       // what it came to, typed; the library wraps it in words only
	shown atomic.Bool // a key was shown
}

func (k *hostKeys) check(t target) (*keyCheck, error) {
	db, err := k.load()
	if err != nil {
		return nil, err
	}
	return &keyCheck{keys: k, db: db, names: t.keyNames()}, nil
}

// The order in which OpenSSH asks for keys that it has not seen yet. ssh-dss
// and RSA with SHA-1 are not among them.
var preferred = []string{
	ssh.KeyAlgoED25519,
	ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// algorithms returns the host-key algorithms to ask for: those of the known
// keys first, so that a host with several keys shows the one we know. The
// rest follows, so that a key of another kind is told as a changed key and not
// as a host without common algorithms.
func (c *keyCheck) algorithms() []string {
	var all []string
	for _, n := range c.names {
		all = append(all, c.db.HostKeyAlgorithms(n)...)
	}
	all = slices.DeleteFunc(all, func(a string) bool {
		return a == "" || a == ssh.KeyAlgoRSA || a == ssh.CertAlgoRSAv01 || a == ssh.InsecureKeyAlgoDSA || a == ssh.InsecureCertAlgoDSAv01
	})
	all = append(all, preferred...)
	var once []string
	for _, a := range all {
		if !slices.Contains(once, a) {
			once = append(once, a)
		}
	}
	return once
}

// callback is an ssh.HostKeyCallback.
func (c *keyCheck) callback(_ string, addr net.Addr, key ssh.PublicKey) error {
	c.shown.Store(true)
	c.err = c.judge(addr, key)
	return c.err
}

func (c *keyCheck) judge(addr net.Addr, key ssh.PublicKey) error {
	cb := c.db.HostKeyCallback()
	var first error
	for i, n := range c.names {
		err := cb(n, anyPort(addr), key)
		if err == nil {
			return nil
		}
		if i == 0 || errors.As(err, new(*xknownhosts.RevokedError)) {
			first = err
		}
		// Only a host that has no key of its own at its port is looked for
		// without the port: else whoever owns another port of the address, as
		// behind one router, could answer for it.
		if k := new(xknownhosts.KeyError); !errors.As(first, &k) || len(k.Want) > 0 {
			break
		}
	}
	host := knownhosts.Normalize(c.names[0])
	if r := new(xknownhosts.RevokedError); errors.As(first, &r) {
		return fmt.Errorf("%w: %s showed %s, revoked at %s", ErrHostKeyRefused, host, describe(key), c.where(r.Revoked))
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		return fmt.Errorf("%w: certificate of %s: %w", ErrHostKeyRefused, knownhosts.Normalize(c.names[0]), certError(cert, first))
	}
	var k *xknownhosts.KeyError
	if !errors.As(first, &k) {
		return fmt.Errorf("check host key of %s: %w", host, first)
	}
	known := c.plain(k.Want)
	if len(known) == 0 {
		return &HostKeyUnknownError{
			Host: host, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key),
			Line: knownhosts.Line(c.names[:1], key),
		}
	}
	changed := &HostKeyChangedError{Host: host, Type: key.Type(), Shown: describe(key), Where: c.where(known[0])}
	for _, w := range known {
		changed.Known = append(changed.Known, describe(w.Key))
	}
	return changed
}

func certError(cert *ssh.Certificate, err error) error {
	return fmt.Errorf("serial %d, key ID %q: %w", cert.Serial, CleanText(cert.KeyId), err)
}

// plain drops the keys of certificate authorities: a host that has no
// certificate from them yet shows an unknown key, not a changed one.
func (c *keyCheck) plain(want []xknownhosts.KnownKey) []xknownhosts.KnownKey {
	var authorities [][]byte
	for _, n := range c.names {
		for _, k := range c.db.HostKeys(n) {
			if k.Cert {
				authorities = append(authorities, k.Marshal())
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(want), func(k xknownhosts.KnownKey) bool {
		return slices.ContainsFunc(authorities, func(a []byte) bool { return bytes.Equal(a, k.Key.Marshal()) })
	})
}

func (c *keyCheck) where(k xknownhosts.KnownKey) string {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	name := k.Filename
	if real, ok := c.keys.names[name]; ok {
		name = real
	}
	return fmt.Sprintf("%s:%d", name, k.Line)
}

func describe(k ssh.PublicKey) string { return k.Type() + " " + ssh.FingerprintSHA256(k) }

// anyPort gives the library an address that it can split; behind a jump host
// there may be none.
func anyPort(a net.Addr) net.Addr {
	if a != nil {
		if _, _, err := net.SplitHostPort(a.String()); err == nil {
			return a
		}
	}
	return &net.TCPAddr{IP: net.IPv4zero}
}

// accept appends the line of e to our file, once.
func (k *hostKeys) accept(e *HostKeyUnknownError) error {
	if k.accepted == "" {
		return errors.New("accept host key: no file is set for accepted keys")
	}
	_, hosts, key, _, rest, err := ssh.ParseKnownHosts([]byte(e.Line + "\n"))
	switch {
	case err != nil:
		return fmt.Errorf("accept host key of %s: %w", e.Host, err)
	case len(bytes.TrimSpace(rest)) > 0 || len(hosts) != 1 || hosts[0] != e.Host || ssh.FingerprintSHA256(key) != e.Fingerprint:
		return fmt.Errorf("accept host key of %s: the line does not say what was shown", e.Host)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = "" // also when the file's time does not show the change
	if err := os.MkdirAll(filepath.Dir(k.accepted), 0o700); err != nil {
		return fmt.Errorf("accept host key of %s: %w", e.Host, err)
	}
	if err := AppendLine(k.accepted, e.Line); err != nil {
		return fmt.Errorf("accept host key of %s: %w", e.Host, err)
	}
	return nil
}

// AppendLine adds a line to a file of accepted keys, once, in one write at the end of the file, so that two
// programs that accept keys at the same time lose neither.
func AppendLine(path, line string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if slices.Contains(strings.Split(string(b), "\n"), line) {
		return nil
	}
	line += "\n"
	if len(b) > 0 && b[len(b)-1] != '\n' {
		line = "\n" + line // a line that a crash cut in half must not eat this one
	}
	if _, err := f.WriteString(line); err != nil {
		return err
	}
	return f.Sync()
}
