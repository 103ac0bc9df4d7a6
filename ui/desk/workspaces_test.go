package desk_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/data/store"
	"secondtuesday/ui"
	"secondtuesday/ui/desk"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/wire"
)

func TestFileThatIsNoWorkspaceIsExplainedInAWindow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	if err := os.WriteFile(path, []byte("notes of a person"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := wire.Open(t.Context(), wire.Options{Workspace: path})
	if !errors.Is(err, store.ErrForeign) {
		t.Fatalf("open = %v", err)
	}
	a := kittest.Start(t, false)
	desk.ShowFailure(t.Context(), a, err, desk.Workspaces{Probe: wire.Probe})
	windows := a.Driver().AllWindows()
	kittest.See(t, windows[len(windows)-1], "Open another workspace…")
}

func TestNewWorkspaceIsMadeAndOpened(t *testing.T) {
	a := kittest.Start(t, false)
	off, err := wire.Open(t.Context(), wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	opened := ""
	w := desk.Workspaces{
		Recent: []string{"/home/anna/client-a.db"}, Probe: wire.Probe,
		Open: func(path string) error { opened = path; return nil },
	}
	s := desk.Open(t.Context(), a, &ui.Tools{Desk: off.Desk, Driver: off.Driver, Keys: off.SSH, Path: off.Path, Practice: true}, w)
	s.Window().Resize(fyne.NewSize(1280, 800))
	s.Show()
	kittest.Settle(t)
	kittest.Press(t, s.Window(), "practice.db")
	kittest.See(t, s.Window(), "client-a.db")
	kittest.Press(t, s.Window(), "New workspace…")
	path := filepath.Join(t.TempDir(), "client-b.db")
	kittest.Type(t, s.Window(), "/home/anna/client.db", path)
	kittest.Press(t, s.Window(), "Make")
	kittest.Settle(t)
	if opened != path {
		t.Errorf("opened %q", opened)
	}
	if err := wire.Probe(context.Background(), path, false); err != nil {
		t.Error(err)
	}
}
