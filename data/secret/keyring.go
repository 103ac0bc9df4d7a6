package secret

import (
	"context"
	"errors"
	"fmt"

	"github.com/zalando/go-keyring"
)

// service is the name under which the system's keyring shows our entries.
const service = "secondtuesday"

// ErrNoKeyring means that the system has no keyring, or that it is locked and
// nobody is there to unlock it. A Vault works everywhere.
var ErrNoKeyring = errors.New("the system's keyring cannot be used")

// A Keyring keeps credentials in the keyring of the system: the Secret Service
// on Linux, Keychain on macOS, the Credential Manager on Windows.
type Keyring struct {
	workspace string
}

// NewKeyring returns the credentials of one workspace. workspace tells it from
// the others of this user; it is shown in the system's own list.
func NewKeyring(workspace string) *Keyring { return &Keyring{workspace: workspace} }

var _ Store = (*Keyring)(nil)

func (k *Keyring) entry(key Key) string { return k.workspace + ": " + key.String() }

// Check returns an error that is ErrNoKeyring if the keyring cannot be used.
func (k *Keyring) Check(ctx context.Context) error {
	_, err := k.Get(ctx, Key{Kind: "check", Of: "whether there is a keyring"})
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

// Get implements Store. The system may ask the person to unlock the keyring.
func (k *Keyring) Get(ctx context.Context, key Key) (Secret, error) {
	var v string
	err := wait(ctx, func() (err error) {
		v, err = keyring.Get(service, k.entry(key))
		return err
	})
	if err != nil {
		return Secret{}, keyringError("read", key, err)
	}
	return unpack(v), nil
}

// Set implements Store.
func (k *Keyring) Set(ctx context.Context, key Key, s Secret) error {
	err := wait(ctx, func() error { return keyring.Set(service, k.entry(key), pack(s)) })
	return keyringError("store", key, err)
}

// Delete implements Store.
func (k *Keyring) Delete(ctx context.Context, key Key) error {
	err := wait(ctx, func() error { return keyring.Delete(service, k.entry(key)) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return keyringError("forget", key, err)
}

func keyringError(verb string, key Key, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return fmt.Errorf("%s %s: %w", verb, key, ErrNone)
	case errors.Is(err, keyring.ErrSetDataTooBig), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s %s: %w", verb, key, err)
	}
	return fmt.Errorf("%s %s: %w: %w", verb, key, ErrNoKeyring, err)
}

// wait lets go of a call when ctx ends: the keyring may wait for a person.
func wait(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
