package wire

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/adrg/xdg"

	"secondtuesday/data/store"
)

func TestRecentWorkspacesAreRememberedNewestFirst(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	for _, path := range []string{a, b, a} {
		off, err := Open(t.Context(), Options{Workspace: path})
		if err != nil {
			t.Fatal(err)
		}
		if err := off.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := Recent(); !slices.Equal(got, []string{a, b}) {
		t.Errorf("recent = %v", got)
	}
	if err := os.Remove(a); err != nil {
		t.Fatal(err)
	}
	if got := Recent(); !slices.Equal(got, []string{b}) {
		t.Errorf("recent = %v, though a is gone", got)
	}
}

func TestProbeChangesNothing(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(junk, []byte("not a workspace, but notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Probe(t.Context(), junk, false); !errors.Is(err, store.ErrForeign) {
		t.Errorf("notes: %v", err)
	}
	if err := Probe(t.Context(), junk, true); !errors.Is(err, ErrExists) {
		t.Errorf("new over notes: %v", err)
	}
	if b, err := os.ReadFile(junk); err != nil || string(b) != "not a workspace, but notes" {
		t.Errorf("notes are %q, %v", b, err)
	}
	if err := Probe(t.Context(), filepath.Join(dir, "none.db"), false); err == nil {
		t.Error("a file that is not there could be opened")
	}
	if err := Probe(t.Context(), filepath.Join(dir, "new.db"), true); err != nil {
		t.Error(err)
	}
}
