package kittest_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

func TestFlawsAreFoundAndSoundPagesHaveNone(t *testing.T) {
	kittest.Start(t, false)
	long := strings.Repeat("Donaudampfschifffahrt ", 6)
	table := func(title string) fyne.CanvasObject {
		g := kit.NewGrid(kit.Column[string]{ID: "a", Title: title, Width: 90, Text: func(s string) string { return s }})
		g.SetRows([]string{long})
		return g
	}
	for _, c := range []struct {
		name, flaw string
		page       fyne.CanvasObject
	}{
		{"words over the edge", "runs over the edge", container.NewWithoutLayout(kit.NewText(long))},
		{"words that can be rolled into view", "", container.NewHScroll(kit.NewText(long))},
		{"words on words", "lie on each other", container.NewStack(kit.NewText("one"), kit.NewText("two"))},
		{"words below words", "", kit.VBox(4, kit.NewText("one"), kit.NewText("two"))},
		{"a caption that is cut", "is cut to", kit.NewText(long).Cut()},
		{"a cell that is cut", "", table("Host")},
		{"a title that is cut", "of a column is cut", table("Overdue updates of all hosts")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := kittest.Window(t, c.page, fyne.NewSize(300, 200))
			if plain, ok := c.page.(*fyne.Container); ok && plain.Layout == nil {
				plain.Objects[0].Resize(plain.Objects[0].MinSize())
			}
			found := strings.Join(kittest.Flaws(w), "; ")
			if c.flaw == "" && found != "" || !strings.Contains(found, c.flaw) {
				t.Errorf("found %q, want %q", found, c.flaw)
			}
		})
	}
}
