// Package secret keeps the shop's credentials and hands one out for the moment
// of a login: from the system's keyring, or from a sealed file where there is
// none. It must not write a credential anywhere else, and a credential must not
// leave it in any other form than Secret, which prints as [redacted].
package secret

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// ErrNone means that no such credential is kept.
var ErrNone = errors.New("no such credential is stored")

// ErrRefused means that somebody tried to write a credential down.
var ErrRefused = errors.New("a credential must not be written here")

const redacted = "[redacted]"

// A Secret is a password or passphrase. Whatever prints or encodes it gets
// "[redacted]"; only Reveal tells.
type Secret struct {
	// A pointer: fmt prints the fields of a Secret inside another struct's
	// unexported field without asking its methods, and then shows an address.
	v        *string
	place    string
	anywhere bool
}

// New returns a Secret that holds v and is bound to no place.
func New(v string) Secret { return Secret{v: &v} }

// Reveal returns the credential itself, for the moment of a login.
func (s Secret) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// IsZero says whether s holds nothing.
func (s Secret) IsZero() bool { return s.v == nil || *s.v == "" }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[redacted]", quoted.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Value is ErrRefused, so that no database takes a Secret.
func (s Secret) Value() (driver.Value, error) { return nil, ErrRefused }

// GobEncode is ErrRefused.
func (s Secret) GobEncode() ([]byte, error) { return nil, ErrRefused }

// A Key names a credential within one workspace.
type Key struct {
	Kind Kind
	Of   string // name of a host, or path of a key file
}

// Kind is what a credential is for.
type Kind string

// The kinds of credential.
const (
	Login      Kind = "login"      // password of the login on a host
	Sudo       Kind = "sudo"       // password that sudo asks for on a host
	Passphrase Kind = "passphrase" // of a private key file
)

// LoginKey names the login password of a host (data.Host.Name, or a jump host
// as ProxyJump spells it). Case does not matter.
func LoginKey(host string) Key { return Key{Login, strings.ToLower(host)} }

// SudoKey names the password that sudo asks for on a host.
func SudoKey(host string) Key { return Key{Sudo, strings.ToLower(host)} }

// PassphraseKey names the passphrase of a private key file.
func PassphraseKey(path string) Key { return Key{Passphrase, path} }

// String returns "login web1", for people and as the name in a keyring.
func (k Key) String() string { return string(k.Kind) + " " + k.Of }

// A Store keeps credentials. Keyring and Vault are Stores.
type Store interface {
	// Get returns the credential, or an error that is ErrNone.
	Get(ctx context.Context, k Key) (Secret, error)
	// Set keeps a credential in place of the one before.
	Set(ctx context.Context, k Key, s Secret) error
	// Delete forgets a credential. One that is not kept is no error.
	Delete(ctx context.Context, k Key) error
}
