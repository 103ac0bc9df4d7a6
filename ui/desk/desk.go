// Package desk puts the screens into the window and opens workspaces in it. It
// is the only package that knows every screen.
package desk

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/app/explain"
	"secondtuesday/ui"
	"secondtuesday/ui/activity"
	"secondtuesday/ui/calendar"
	"secondtuesday/ui/compliance"
	"secondtuesday/ui/hosts"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/rollouts"
	"secondtuesday/ui/settings"
	"secondtuesday/ui/standard"
	"secondtuesday/ui/today"
	"secondtuesday/ui/updates"
)

// screens are made in the order of the sidebar.
func screens(s *ui.Shell, t *ui.Tools) []ui.Screen {
	return []ui.Screen{
		today.New(s, t),
		hosts.New(s, t),
		updates.New(s, t),
		calendar.New(s, t),
		rollouts.New(s, t),
		compliance.New(s, t),
		standard.New(s, t),
		activity.New(s, t),
		settings.New(s, t),
	}
}

// Open makes the window of a workspace. Nothing is driven by it: rollouts go on
// by the Driver's Keep, which the caller starts.
func Open(ctx context.Context, a fyne.App, t *ui.Tools, w Workspaces) *ui.Shell {
	var s *ui.Shell
	shell := func() *ui.Shell { return s }
	o := ui.Options{Version: app.ThisBuild().Version, Menu: w.menu(shell), Actions: w.actions(shell)}
	o.Workspace = filepath.Base(t.Path)
	o.Memory = memory{t}
	s = ui.NewShell(ctx, a, o)
	s.Add(screens(s, t)...)
	return s
}

// memory keeps the window's own settings in the workspace, without audit
// entries: how large a window is concerns nobody.
type memory struct{ t *ui.Tools }

// Setting implements ui.Memory.
func (m memory) Setting(ctx context.Context, key string) (string, error) {
	return m.t.Desk.DB.Setting(ctx, key)
}

// SetSetting implements ui.Memory.
func (m memory) SetSetting(ctx context.Context, key, value string) error {
	return m.t.Desk.DB.SetSetting(ctx, key, value)
}

// Report shows an error that no screen asked for. It may be called from any goroutine.
func Report(s *ui.Shell, err error) {
	fyne.Do(func() { s.Say(kit.StatusWarning, explain.Of(err).Sentence, nil) })
}
