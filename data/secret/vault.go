package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
)

// ErrPassphrase means that the vault's passphrase is wrong.
var ErrPassphrase = errors.New("the vault's passphrase is wrong")

// A Vault keeps credentials in one file, sealed with a passphrase (age,
// scrypt), for machines without a keyring: servers, containers, cron. Without
// the passphrase the file tells nothing but its size.
type Vault struct {
	path       string
	passphrase Secret
	work       int // scrypt work factor, as a power of two; 0: age's choice, about a second

	mu       sync.Mutex
	held     map[string]Secret
	size     int64 // of the file when it was read
	modified time.Time
}

var _ Store = (*Vault)(nil)

// maxVault bounds what a foreign file can make us read: thousands of
// credentials take less.
const maxVault = 16 << 20

// OpenVault opens the vault at path. A file that does not exist is an empty
// vault, made at the first Set. A wrong passphrase is ErrPassphrase.
func OpenVault(path string, passphrase Secret) (*Vault, error) {
	return openVault(path, passphrase, 0)
}

func openVault(path string, passphrase Secret, work int) (*Vault, error) {
	if passphrase.IsZero() {
		return nil, fmt.Errorf("open vault %s: %w: it is empty", path, ErrPassphrase)
	}
	v := &Vault{path: path, passphrase: passphrase, work: work}
	if err := v.read(); err != nil {
		return nil, fmt.Errorf("open vault %s: %w", path, err)
	}
	return v, nil
}

// Get implements Store. It sees what another program has stored meanwhile.
func (v *Vault) Get(ctx context.Context, k Key) (Secret, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.refresh(ctx); err != nil {
		return Secret{}, fmt.Errorf("read %s: %w", k, err)
	}
	s, ok := v.held[k.String()]
	if !ok {
		return Secret{}, fmt.Errorf("read %s: %w", k, ErrNone)
	}
	return s, nil
}

// Set implements Store.
func (v *Vault) Set(ctx context.Context, k Key, s Secret) error {
	return v.change(ctx, "store", k, func() { v.held[k.String()] = s })
}

// Delete implements Store.
func (v *Vault) Delete(ctx context.Context, k Key) error {
	return v.change(ctx, "forget", k, func() { delete(v.held, k.String()) })
}

func (v *Vault) change(ctx context.Context, verb string, k Key, change func()) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.refresh(ctx); err != nil {
		return fmt.Errorf("%s %s: %w", verb, k, err)
	}
	before, had := v.held[k.String()]
	change()
	if err := v.write(); err != nil {
		delete(v.held, k.String())
		if had {
			v.held[k.String()] = before
		}
		return fmt.Errorf("%s %s: %w", verb, k, err)
	}
	return nil
}

// refresh reads the file again if it is another one than before.
func (v *Vault) refresh(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(v.path)
	if errors.Is(err, fs.ErrNotExist) && v.modified.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size() == v.size && info.ModTime().Equal(v.modified) {
		return nil
	}
	return v.read()
}

func (v *Vault) read() error {
	v.held = map[string]Secret{}
	f, err := os.Open(v.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	id, err := age.NewScryptIdentity(v.passphrase.Reveal())
	if err != nil {
		return err
	}
	plain, err := age.Decrypt(io.LimitReader(f, maxVault), id)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return ErrPassphrase
	}
	if err != nil {
		return fmt.Errorf("the file is no vault, or damaged: %w", err)
	}
	b, err := io.ReadAll(plain)
	if err != nil {
		return fmt.Errorf("the file is damaged: %w", err)
	}
	var entries map[string]string
	if json.Unmarshal(b, &entries) != nil {
		return errors.New("the file is sealed, but is no vault") // the cause may quote a credential
	}
	for k, s := range entries {
		v.held[k] = unpack(s)
	}
	v.size, v.modified = info.Size(), info.ModTime()
	return nil
}

// write replaces the file whole, so that a crash leaves the old or the new one.
func (v *Vault) write() (err error) {
	sealed, err := v.seal()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(v.path), ".vault-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already after the rename
	_, err = f.Write(sealed)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), v.path); err != nil {
		return err
	}
	info, err := os.Stat(v.path)
	if err != nil {
		return err
	}
	v.size, v.modified = info.Size(), info.ModTime()
	return nil
}

func (v *Vault) seal() ([]byte, error) {
	entries := map[string]string{}
	for k, s := range v.held {
		entries[k] = pack(s)
	}
	b, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	to, err := age.NewScryptRecipient(v.passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	if v.work > 0 {
		to.SetWorkFactor(v.work)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// ErrPassphraseFile means that a file is not one to take the vault's passphrase
// from: others can read it, or nothing is in it.
var ErrPassphraseFile = errors.New("the passphrase file cannot be used")

// maxPassphrase is the longest passphrase read from a file.
const maxPassphrase = 4096

// ErrEmpty means that no secret was given where one is wanted, or far too much.
var ErrEmpty = errors.New("no secret was given")

// ReadPassphrase reads the first line of r. None, or an endless one, is an
// ErrEmpty.
func ReadPassphrase(r io.Reader) (Secret, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPassphrase+1))
	if err != nil {
		return Secret{}, fmt.Errorf("read passphrase: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	line = strings.TrimSuffix(line, "\r")
	switch {
	case line == "":
		return Secret{}, fmt.Errorf("%w: the first line is empty", ErrEmpty)
	case len(line) > maxPassphrase:
		return Secret{}, fmt.Errorf("%w: the first line is longer than %d bytes", ErrEmpty, maxPassphrase)
	}
	return New(line), nil
}

// PassphraseFile reads the passphrase from a file, for cron and other runs without
// a person: it shows in no process list, as an argument would, and not in the
// environment of every child. A file that others than its owner can read is an
// ErrPassphraseFile.
func PassphraseFile(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("read passphrase: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Secret{}, fmt.Errorf("read passphrase: %w", err)
	}
	if info.Mode().IsRegular() && readableByOthers(info) {
		return Secret{}, fmt.Errorf("%w: others than its owner can read %s (mode %#o)", ErrPassphraseFile, path, info.Mode().Perm())
	}
	passphrase, err := ReadPassphrase(f)
	if err != nil {
		return Secret{}, fmt.Errorf("%w: %s: %w", ErrPassphraseFile, path, err)
	}
	return passphrase, nil
}
