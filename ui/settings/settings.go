// Package settings is the screen of what concerns this desk: its looks, the
// workspace file, credentials, and how many hosts are asked at once. What
// concerns the shop (standard, windows, hosts) has screens of its own.
package settings

import (
	"context"
	"errors"
	"strconv"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data/secret"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A Screen shows the settings.
type Screen struct {
	shell    *ui.Shell
	tools    *ui.Tools
	page     *kit.Page
	parallel *kit.Select
	saves    *kit.Latest
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Settings }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Settings" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "settings" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	cards := kit.VBox(12,
		kit.NewCard("Looks", nil, x.looks()),
		kit.NewCard("Workspace", nil, x.workspace()),
		kit.NewCard("Credentials", nil, x.credentials()),
		kit.NewCard("Scanning and planning", nil, x.scanning()),
		kit.NewCard("About", nil, about()),
	)
	x.page = kit.NewPage("Settings", "This desk and its workspace", kit.NewScroll(kit.AtMost(760, cards)))
	x.saves = kit.NewLatest(x.page.Fail)
	return x.page
}

// Shown implements ui.Screen.
func (x *Screen) Shown(ui.Place) { x.parallel.Choose(strconv.Itoa(x.tools.Desk.Parallel())) }

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	return []ui.Action{
		{Title: "Check the workspace file", Hint: "Reads every page of the file and says whether it is sound.", Icon: "database", Do: x.checkFile},
		{Title: "Keep a credential", Icon: "key", Do: x.keep, Enabled: func() bool { return x.tools.Secrets != nil }},
		{Title: "Forget a credential", Icon: "trash", Do: x.forget, Enabled: func() bool { return x.tools.Secrets != nil }},
	}
}

// modes are the looks by their words.
var modes = map[string]kit.Mode{"As the system": kit.ModeSystem, "Light": kit.ModeLight, "Dark": kit.ModeDark}

func (x *Screen) looks() fyne.CanvasObject {
	chosen := "As the system"
	for word, m := range modes {
		if m == x.shell.Mode() {
			chosen = word
		}
	}
	return kit.NewSegmented([]string{"As the system", "Light", "Dark"}, chosen, func(word string) { x.shell.SetMode(modes[word]) })
}

func (x *Screen) workspace() fyne.CanvasObject {
	note := "One file holds all: hosts, standard, windows, plans, evidence and the audit trail. Copy it while the desk is closed, or it may lack the newest changes."
	if x.tools.Practice {
		note = "This is the practice shop: the hosts are played by the program itself. Nothing here touches a real host."
	}
	return kit.VBox(8,
		kit.Flush(kit.NewSelectable(x.tools.Path)), kit.Flush(kit.NewParagraph(note)),
		kit.HBox(8, kit.NewButton("Check the file", "database", x.checkFile), kit.NewButton("Copy path", "copy", func() {
			fyne.CurrentApp().Clipboard().SetContent(x.tools.Path)
			x.shell.Say(kit.StatusNone, "Path copied", nil)
		})))
}

// about names the program: what somebody who reports a fault is asked for first.
func about() fyne.CanvasObject {
	b := app.ThisBuild()
	return kit.Flush(kit.NewSelectable("Second Tuesday " + b.String() + ", " + b.Go + ", " + b.System))
}

func (x *Screen) checkFile() {
	x.shell.Start(kit.Job{Title: "Check the workspace file", Do: func(ctx context.Context, _ func(kit.Progress)) (string, error) {
		return "the file is sound", x.tools.Desk.DB.Check(ctx)
	}, Then: x.tell})
}

func (x *Screen) tell(err error) {
	if err != nil {
		x.page.Fail(err)
	}
}

func (x *Screen) credentials() fyne.CanvasObject {
	switch {
	case x.tools.Practice:
		return kit.Flush(kit.NewParagraph("The practice shop has the one password it needs."))
	case x.tools.Secrets == nil:
		return kit.Flush(kit.NewParagraph("There is no keyring on this computer, and no vault was opened. Keys and the SSH agent work without. To keep passwords, start with --vault-passphrase-file."))
	}
	return kit.VBox(8,
		kit.Flush(kit.NewParagraph("Passwords for logins and for sudo, and passphrases of keys, lie in "+x.where()+". They are never in the workspace, a log or an error.")),
		kit.HBox(8, kit.NewButton("Keep a credential…", "key", x.keep), kit.NewButton("Forget a credential…", "trash", x.forget)))
}

func (x *Screen) where() string {
	if _, ok := x.tools.Secrets.(*secret.Vault); ok {
		return "the sealed vault"
	}
	return "the system's keyring"
}

// kinds are the credentials by their words.
var kinds = []struct {
	word string
	key  func(string) secret.Key
}{
	{"Password for sudo on a host", secret.SudoKey},
	{"Login password of a host", secret.LoginKey},
	{"Passphrase of a key file", secret.PassphraseKey},
}

// choice is a form's two fields that name a credential.
func choice() (fields []*kit.Field, key func() secret.Key) {
	var words []string
	for _, k := range kinds {
		words = append(words, k.word)
	}
	kind, of := kit.NewSelect(words, words[0], "", nil), kit.NewEntry("web1, or /home/anna/.ssh/id_ed25519")
	fields = []*kit.Field{
		{Label: "What", Input: kind},
		{Label: "Of", Input: of, Hint: "The host's name in the inventory, or the path of the key file.", Check: kit.Required(of, "Name the host or the key file.")},
	}
	return fields, func() secret.Key {
		for _, k := range kinds {
			if k.word == kind.Chosen() {
				return k.key(of.Trimmed())
			}
		}
		return secret.Key{}
	}
}

func (x *Screen) keep() {
	fields, key := choice()
	value := kit.NewSecret("password or passphrase")
	fields = append(fields, &kit.Field{Label: "Secret", Input: value, Check: func() error {
		if value.Text == "" {
			return errors.New("Type the password or passphrase.")
		}
		return nil
	}})
	var k secret.Key
	var v secret.Secret
	place := ""
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: "Keep a credential", Text: "It is kept in " + x.where() + ".", Form: kit.NewForm(fields...), Confirm: "Keep",
		OnConfirm: func() error { k, v = key(), secret.New(value.Text); return nil },
		Work: func(ctx context.Context) (err error) {
			place, err = x.tools.Desk.KeepCredential(ctx, x.tools.Secrets, k, v)
			return err
		},
		OnDone: func() {
			said := "Kept: " + k.String()
			if place != "" {
				said += ", for " + place
			}
			x.shell.Say(kit.StatusNone, said, nil)
		},
	})
}

func (x *Screen) forget() {
	fields, key := choice()
	var k secret.Key
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: "Forget a credential", Form: kit.NewForm(fields...), Confirm: "Forget", Danger: true,
		OnConfirm: func() error { k = key(); return nil },
		Work:      func(ctx context.Context) error { return x.tools.Desk.ForgetCredential(ctx, x.tools.Secrets, k) },
		OnDone:    func() { x.shell.Say(kit.StatusNone, "Forgotten: "+k.String(), nil) },
	})
}

func (x *Screen) scanning() fyne.CanvasObject {
	x.parallel = kit.NewSelect([]string{"1", "4", "8", "16", "32", "64"}, strconv.Itoa(x.tools.Desk.Parallel()), "", func(word string) {
		n, err := strconv.Atoi(word)
		if err != nil || n == x.tools.Desk.Parallel() {
			return
		}
		kit.Load(x.shell.Context(), x.saves, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, x.tools.Desk.SetParallel(ctx, n)
		}, func(struct{}) { x.shell.Say(kit.StatusNone, "Up to "+word+" hosts are asked at once", nil) })
	})
	return kit.NewForm(&kit.Field{Label: "Hosts at once", Input: x.parallel, Hint: "16 suits most lines. More brings little: the hosts do the work."})
}
