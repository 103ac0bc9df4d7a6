package kit_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

func TestFileIsFoundByOpeningFolders(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "lists"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lists", "hosts.csv"), []byte("name\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewPage("Page", "", kit.NewText("")), fyne.NewSize(900, 640))
	var got string
	kit.ChooseFile(context.Background(), w, kit.FileChoice{Title: "Choose a file", Dir: dir, OnChosen: func(p string) { got = p }})
	kittest.Settle(t)
	kittest.Press(t, w, "Choose")
	kittest.See(t, w, "open a folder")
	kittest.Key(t, w, fyne.KeyReturn)
	kittest.ShotOf(t, "kit-file", w, false)
	kittest.Key(t, w, fyne.KeyReturn)
	if want := filepath.Join(dir, "lists", "hosts.csv"); got != want {
		t.Errorf("chose %q, not %q", got, want)
	}
}
