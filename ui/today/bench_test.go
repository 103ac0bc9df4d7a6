package today_test

import (
	"path/filepath"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/today"
)

// BenchmarkFirstPageOf10000Hosts measures from the opened workspace to the
// drawn page, where 1,000,000 updates are missing.
func BenchmarkFirstPageOf10000Hosts(b *testing.B) {
	path := filepath.Join(b.TempDir(), "large.db")
	db, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	d := &app.Desk{DB: db, Now: func() time.Time { return storetest.Now }, By: "bench"}
	if err := storetest.Fill(b.Context(), db, 10_000, 100); err != nil {
		b.Fatal(err)
	}
	std, _ := app.Template("small-shop")
	if _, err := d.SaveStandard(b.Context(), std); err != nil {
		b.Fatal(err)
	}
	a := kittest.Start(b, false)
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			shell := ui.NewShell(b.Context(), a, ui.Options{Workspace: "large"})
			shell.Add(today.New(shell, &ui.Tools{Desk: d, Path: path}))
			shell.Show()
			kittest.Settle(b)
			shell.Window().Canvas().Capture()
			shell.Window().Close()
		}
	})
	b.Run("situation", func(b *testing.B) {
		for b.Loop() {
			s, err := d.Situation(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Needs(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
