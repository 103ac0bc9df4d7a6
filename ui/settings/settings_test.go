package settings_test

import (
	"path/filepath"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data/secret"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/settings"
	"secondtuesday/ui/uitest"
)

func open(t *testing.T, dark bool, s secret.Store) (*ui.Shell, *ui.Tools) {
	t.Helper()
	tools := uitest.Empty(t, time.Now)
	tools.Secrets = s
	shell, _ := uitest.Show(t, dark, uitest.Small, func(s *ui.Shell) ui.Screen { return settings.New(s, tools) })
	return shell, tools
}

func TestCredentialIsKeptByTheButtons(t *testing.T) {
	vault, err := secret.OpenVault(filepath.Join(t.TempDir(), "vault.age"), secret.New("sesame"))
	if err != nil {
		t.Fatal(err)
	}
	shell, _ := open(t, false, vault)
	w := shell.Window()
	kittest.Press(t, w, "Keep a credential…")
	kittest.Press(t, w, "Keep")
	kittest.See(t, w, "Name the host or the key file.")
	kittest.Type(t, w, "web1, or /home/anna/.ssh/id_ed25519", "web1")
	kittest.Type(t, w, "password or passphrase", "hunter2")
	kittest.Press(t, w, "Keep")
	kittest.Settle(t)
	got, err := vault.Get(t.Context(), secret.SudoKey("web1"))
	if err != nil || got.Reveal() != "hunter2" {
		t.Errorf("kept %v, %v", got, err)
	}
}

func TestHostsAtOnceAreKept(t *testing.T) {
	shell, tools := open(t, false, nil)
	kittest.Choose(t, shell.Window(), "8")
	kittest.Settle(t)
	if n := tools.Desk.Parallel(); n != 8 {
		t.Errorf("%d hosts at once", n)
	}
}

func TestScreenshotsOfSettings(t *testing.T) {
	for _, dark := range []bool{false, true} {
		shell, _ := open(t, dark, nil)
		kittest.ShotOf(t, "settings", shell.Window(), dark)
	}
}

func TestSettingsNameTheProgram(t *testing.T) {
	shell, _ := open(t, false, nil)
	kittest.See(t, shell.Window(), "Second Tuesday "+app.ThisBuild().Version)
}
