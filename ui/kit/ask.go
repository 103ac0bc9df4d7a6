package kit

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/app/explain"
	"secondtuesday/remote"
)

// ShowError shows an error's words in a dialog.
func ShowError(ctx context.Context, w fyne.Window, err error) *Modal {
	words := explain.Of(err)
	return ShowDialog(ctx, w, Dialog{Title: words.Title, Sign: StatusFailed, Text: words.Sentence + "\n" + words.Next,
		Extra: []fyne.CanvasObject{NewQuiet("Copy", "copy", func() { fyne.CurrentApp().Clipboard().SetContent(words.Detail) }).WithTip("Copy the error itself")}})
}

// Confirm asks before something is destroyed. verb is the button's word and
// says what happens: "Remove 3 hosts". Enter does not press it.
func Confirm(ctx context.Context, w fyne.Window, title, text, verb string, yes func()) *Modal {
	return ShowDialog(ctx, w, Dialog{Title: title, Text: text, Sign: StatusWarning, Confirm: verb, Danger: true, OnDone: yes})
}

// AskHostKey shows a host's key at first sight. It is accepted only after a
// person has said that the fingerprint was compared. extra stands beside the
// buttons.
func AskHostKey(ctx context.Context, w fyne.Window, e *remote.HostKeyUnknownError, accept func(), extra ...fyne.CanvasObject) *Modal {
	compared := NewCheck("I compared it with the fingerprint on the host's own console", false, nil)
	content := VBox(2, fingerprint("Host", e.Host))
	what, confirm, command := "host key", "Accept key", remote.ReadCertificates
	if c := e.Certificate; c != nil {
		what, confirm = remote.TypeCertificate, "Accept certificate"
		content.Add(fingerprint("Fingerprint", e.Fingerprint))
		content.Add(fingerprint("For, by", c.Subject+"\n"+c.Issuer))
		content.Add(fingerprint("Valid", c.NotBefore.Format(time.DateOnly)+" to "+c.NotAfter.Format(time.DateOnly)))
		content.Add(fingerprint("No authority", c.Why))
	} else {
		command = "ssh-keygen -lf /etc/ssh/ssh_host_" + keyFile(e.Type) + "_key.pub"
		content.Add(fingerprint("Key", e.Type))
		content.Add(fingerprint("Fingerprint", e.Fingerprint))
	}
	content.Add(fingerprint("On the host", command))
	copied := NewQuiet("Copy command", "copy", func() { fyne.CurrentApp().Clipboard().SetContent(command) }).WithTip("Copy what prints the fingerprint on the host")
	content.Add(Pad(compared, 8, 0, 0, 0))
	m := ShowDialog(ctx, w, Dialog{Title: "Do you vouch for this " + what + "?", Sign: StatusUnknown, Width: 600,
		Text:    "Nobody has vouched for the " + what + " of " + e.Host + " yet. Whoever holds another could be in between and read everything, passwords too.",
		Content: content, Confirm: confirm, Cancel: "Do not connect", OnDone: accept, Extra: append(extra, copied)})
	compared.OnChanged = m.SetConfirmable
	m.SetConfirmable(false)
	m.canvas.Focus(m.cancel)
	return m
}

// ShowHostKeyChanged shows both keys of a host whose key has changed. It cannot
// be accepted here: the old key must be removed first, where it stands. extra
// stands beside the button.
func ShowHostKeyChanged(ctx context.Context, w fyne.Window, e *remote.HostKeyChangedError, extra ...fyne.CanvasObject) *Modal {
	words := explain.Of(e)
	content := VBox(2,
		fingerprint("Vouched for", strings.Join(e.Known, "\n")),
		fingerprint("Shown now", e.Shown),
		fingerprint("Stands in", e.Where))
	return ShowDialog(ctx, w, Dialog{Title: "Blocked: the " + identity(e) + " of " + e.Host + " has changed", Sign: StatusCritical, Width: 640,
		Text: "Nothing was sent to the host. " + words.Next, Content: content, Extra: extra})
}

// identity names what has changed.
func identity(e *remote.HostKeyChangedError) string {
	if e.Type == remote.TypeCertificate {
		return remote.TypeCertificate
	}
	return "host key"
}

func fingerprint(label, value string) fyne.CanvasObject {
	lines := VBox(2)
	for _, l := range strings.Split(value, "\n") {
		lines.Add(newLine(l, theme.SizeNameText, theme.ColorNameForeground, fyne.TextStyle{Monospace: true}))
	}
	f := &Field{Label: label, Input: Pad(lines, 6, 0, 0, 0)}
	return f.build(96)
}

// keyFile returns the middle of the file name in which sshd keeps a key of a type.
func keyFile(keyType string) string {
	switch {
	case strings.Contains(keyType, "ed25519"):
		return "ed25519"
	case strings.Contains(keyType, "ecdsa"):
		return "ecdsa"
	}
	return "rsa"
}
