package hosts

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/ui/kit"
)

// What can be kept for a host, in words.
const (
	wordLogin      = "Password of the login"
	wordPassphrase = "Passphrase of a key file"
	wordSudo       = "Password for sudo"
)

// askCredential offers to keep what the first host that waits asked for.
func (d *doors) askCredential(x *Screen, r app.ScanResult) {
	kept := false
	word := wordLogin
	if doorOf(r.Err) == doorSudo {
		word = wordSudo
	} else if strings.Contains(r.Err.Error(), "passphrase") {
		word = wordPassphrase
	}
	m := x.keepCredential(r.Host, word, credentialText(r), func() { kept = true })
	m.Then(func() {
		if kept {
			d.enter(x)
		} else {
			d.pause(x)
		}
	})
}

// askCredential offers to keep what a host asks for, and then to try it.
func (x *Screen) askCredential(r *row) {
	what := "what its login, its key file or sudo asks for."
	if r.Reach == data.ReachWinRM {
		what = "what its login asks for."
	}
	x.keepCredential(r.Host, wordLogin, "For "+r.Name+": "+what, func() {
		x.shell.Say(kit.StatusDone, "The credential is kept", nil)
		if r.failure != nil {
			x.scan([]*row{r}, false)
		}
	})
}

// credentialText says why the host did not let the desk in.
func credentialText(r app.ScanResult) string {
	switch {
	case errors.Is(r.Err, secret.ErrElsewhere):
		return r.Err.Error() + ". It was not sent. Store it again only if that is right: whoever can change an entry could have it sent to a host of their own."
	case errors.Is(r.Err, remote.ErrSudoPassword) && !errors.Is(r.Err, secret.ErrNone):
		return r.Host.Name + " refused the stored password. It was tried once and is not tried again, so that no account is locked."
	case errors.Is(r.Err, remote.ErrSudoPassword):
		return "sudo on " + r.Host.Name + " asks for a password, and none is stored."
	}
	return r.Host.Name + " did not let the desk in: " + r.Err.Error() + "."
}

// keepCredential asks for a credential of a host and keeps it in the keyring
// or vault. Nothing of it is written anywhere else.
func (x *Screen) keepCredential(h data.Host, word, why string, kept func()) *kit.Modal {
	windows := h.Reach == data.ReachWinRM
	if x.tools.Secrets == nil {
		way := "Unlock the keyring, use an SSH key with an agent, or allow sudo without a password (NOPASSWD) for this login."
		if windows {
			way = "Unlock the keyring, or open the desk with a vault."
		}
		return kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "There is no place for a credential of " + h.Name, Sign: kit.StatusWarning,
			Text: why + "\nThis computer has no keyring that can be used, and the desk was opened without a vault. " + way})
	}
	path := kit.NewEntry("/home/anna/.ssh/id_ed25519").With(h.IdentityFile)
	value := kit.NewSecret("not shown, not logged")
	file := &kit.Field{Label: "Key file", Input: path, Hint: "Only for a passphrase."}
	kinds := []string{wordLogin, wordPassphrase, wordSudo}
	if windows {
		kinds = kinds[:1]
	}
	kind := kit.NewSelect(kinds, word, "", nil)
	file.Check = func() error {
		if kind.Chosen() == wordPassphrase && path.Trimmed() == "" {
			return errors.New("Name the key file that the passphrase opens.")
		}
		return nil
	}
	form := kit.NewForm(
		&kit.Field{Label: "What", Input: kind},
		file,
		&kit.Field{Label: "Credential", Input: value, Hint: "Kept in the system's keyring or the sealed vault. A password goes to " + h.Destination() + ", nowhere else.",
			Check: func() error {
				if value.Text == "" {
					return errors.New("Type the password or passphrase.")
				}
				return nil
			}})
	file.SetShown(!windows)
	var key secret.Key
	var credential secret.Secret
	m := kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Keep a credential for " + h.Name, Sign: kit.StatusHeld, Text: why, Form: form, Width: 560, Confirm: "Keep",
		Extra: []fyne.CanvasObject{x.checkButton(h)},
		OnConfirm: func() error {
			key, credential = keyOf(kind.Chosen(), h, path.Trimmed()), secret.New(value.Text)
			if key.Kind != secret.Passphrase {
				credential = credential.For(h.Destination()) // what the person was shown
			}
			return nil
		},
		Work: func(ctx context.Context) error {
			_, err := x.tools.Desk.KeepCredential(ctx, x.tools.Secrets, key, credential)
			return err
		}, OnDone: kept})
	x.shell.Window().Canvas().Focus(value)
	return m
}

func keyOf(word string, h data.Host, path string) secret.Key {
	switch word {
	case wordSudo:
		return secret.SudoKey(h.Name)
	case wordPassphrase:
		return secret.PassphraseKey(path)
	}
	return secret.LoginKey(h.Name)
}
