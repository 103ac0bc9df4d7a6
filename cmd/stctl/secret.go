package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"secondtuesday/app"
	"secondtuesday/data/secret"
)

const secretLong = `Passwords and passphrases are kept in the system's keyring, or in a sealed vault
where --vault-passphrase-file is given. They are never in the workspace, a log, an
error or an argument.

KIND is login (password of the login on a host), sudo (password that sudo asks for
on a host) or passphrase (of a private key file).

A password is bound to where the inventory has its host now: user, address, port
and way to log in. When the entry says something else later, it is not sent until
it is kept again.`

func (c *cli) secretCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "secret", Short: "Keep passwords and passphrases in the keyring or a sealed vault", Long: secretLong}
	return c.branch(cmd, c.secretSet(), c.secretDelete())
}

// secretDone names what was kept; never the secret.
type secretDone struct {
	Done string `json:"done"`
	Key  string `json:"key"`
	For  string `json:"for,omitempty"` // where the password may go, and nowhere else
}

// secrets returns where credentials are kept, and the key for a command's arguments.
func (c *cli) secrets(ctx context.Context, kind, of string) (*app.Desk, secret.Key, error) {
	var key secret.Key
	switch k := secret.Kind(kind); k {
	case secret.Login:
		key = secret.LoginKey(of)
	case secret.Sudo:
		key = secret.SudoKey(of)
	case secret.Passphrase:
		path, err := filepath.Abs(of)
		if err != nil {
			return nil, key, err
		}
		key = secret.PassphraseKey(path)
	default:
		return nil, key, usagef("%q is not login, sudo or passphrase", kind)
	}
	d, inv, err := c.open(ctx)
	if err != nil {
		return nil, key, err
	}
	if key.Kind != secret.Passphrase {
		if _, err := inv.host(of); err != nil {
			c.out.note("There is no host %q in the inventory; kept for the jump host of that name. When you add a host of that name, keep it again.", of)
		}
	}
	if c.options.Practice {
		return nil, key, &refusal{"Not in the practice shop", "the practice shop keeps no secrets of yours: it has the one password it needs", "Leave --practice away to keep a credential for your own hosts."}
	}
	if c.office.Secrets == nil {
		return nil, key, fmt.Errorf("keep secrets: %w: there is none on this computer, or it is locked", secret.ErrNoKeyring)
	}
	return d, key, nil
}

func (c *cli) secretSet() *cobra.Command {
	return &cobra.Command{
		Use: "set KIND HOST-OR-FILE", Short: "Keep a password or passphrase", Args: wants(2, 2, "a kind (login, sudo, passphrase) and a host or key file"),
		Long:    secretLong + "\n\nThe secret is asked for without echo, or is the first line of standard input.",
		Example: "  stctl secret set sudo web1\n  pass show web1 | stctl secret set login web1 --vault-passphrase-file ~/.vault-pass",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, key, err := c.secrets(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			place, err := d.PlaceFor(cmd.Context(), key)
			if err != nil {
				return err
			}
			s, err := c.readSecret(cmd.Context(), key, place)
			if err != nil {
				return err
			}
			// For where the person was told, though the entry change meanwhile.
			if place, err = d.KeepCredential(cmd.Context(), c.office.Secrets, key, s.For(place)); err != nil {
				return err
			}
			kept := "Kept: " + key.String()
			if place != "" {
				kept += ", for " + place + " and nowhere else"
			}
			return c.out.done(secretDone{"credential kept", key.String(), clean(place)}, "%s", kept)
		},
	}
}

// readSecret asks on a terminal without echo, or takes the first line of stdin.
// place is where a password will go: whoever is to type it sees that before.
func (c *cli) readSecret(ctx context.Context, key secret.Key, place string) (secret.Secret, error) {
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return secret.ReadPassphrase(c.in)
	}
	state, err := term.GetState(int(f.Fd()))
	if err != nil {
		return secret.Secret{}, fmt.Errorf("read secret: %w", err)
	}
	fmt.Fprint(c.out.stderr, question(key, place))
	b, err := unlessCancelled(ctx, func() ([]byte, error) { return term.ReadPassword(int(f.Fd())) })
	fmt.Fprintln(c.out.stderr)
	if err != nil {
		return secret.Secret{}, errors.Join(fmt.Errorf("read secret: %w", err), term.Restore(int(f.Fd()), state))
	}
	if len(b) == 0 {
		return secret.Secret{}, fmt.Errorf("read secret: %w", secret.ErrEmpty)
	}
	return secret.New(string(b)), nil
}

func question(key secret.Key, place string) string {
	if place == "" {
		return "Secret for " + clean(key.String()) + ": "
	}
	return "Secret for " + clean(key.String()) + ", which goes to " + clean(place) + ": "
}

// unlessCancelled reads what a person types, or gives up when ctx ends: no
// signal ends the reading of a terminal.
func unlessCancelled(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type typed struct {
		b   []byte
		err error
	}
	done := make(chan typed, 1)
	go func() {
		b, err := read()
		done <- typed{b, err}
	}()
	select {
	case t := <-done:
		return t.b, t.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *cli) secretDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete KIND HOST-OR-FILE", Short: "Forget a password or passphrase", Args: wants(2, 2, "a kind (login, sudo, passphrase) and a host or key file"),
		Example: "  stctl secret delete sudo web1",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, key, err := c.secrets(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if err := d.ForgetCredential(cmd.Context(), c.office.Secrets, key); err != nil {
				return err
			}
			return c.out.done(secretDone{Done: "credential forgotten", Key: key.String()}, "Forgotten: %s", key)
		},
	}
}
