// Package uitest opens one screen of the desk in a window, on a shop of some
// size, for the tests of the screens. It judges nothing.
package uitest

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/wire"
)

// The sizes of a window that every screen must fit.
var (
	Small = fyne.NewSize(1280, 800)
	Large = fyne.NewSize(1920, 1080)
)

// elsewhere is a screen that only notes what it was asked to show.
type elsewhere struct {
	id   string
	last *ui.Place
}

func (e elsewhere) ID() string                 { return e.id }
func (e elsewhere) Title() string              { return strings.ToUpper(e.id[:1]) + e.id[1:] }
func (e elsewhere) Icon() string               { return "circle" }
func (e elsewhere) Content() fyne.CanvasObject { return kit.NewText("page " + e.id) }
func (e elsewhere) Shown(p ui.Place)           { *e.last = p }
func (e elsewhere) Actions() []ui.Action       { return nil }

// Show opens a screen in a window, beside others that only note what they were
// asked to show: that is last.
func Show(t testing.TB, dark bool, size fyne.Size, screen func(*ui.Shell) ui.Screen, others ...string) (s *ui.Shell, last *ui.Place) {
	t.Helper()
	a := kittest.Start(t, dark)
	last = new(ui.Place)
	s = ui.NewShell(t.Context(), a, ui.Options{Workspace: "shop.db", Version: "0.1.0"})
	if dark {
		s.SetMode(kit.ModeDark)
	}
	s.Add(screen(s))
	for _, id := range others {
		s.Add(elsewhere{id, last})
	}
	t.Cleanup(s.Window().Close)
	s.Show()
	s.Window().Resize(size)
	kittest.Settle(t)
	return s, last
}

// Empty is a desk on a new workspace.
func Empty(t testing.TB, now func() time.Time) *ui.Tools {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &ui.Tools{Desk: &app.Desk{DB: db, Now: now, By: "anna@desk"}, Path: db.Path()}
}

// Filled is a made-up shop of many hosts with so many updates missing on each,
// seen a second later at each look at the clock, with a template in force
// unless that is "".
func Filled(t testing.TB, hosts, missing int, template string) *ui.Tools {
	t.Helper()
	var looks atomic.Int64
	tools := Empty(t, func() time.Time { return storetest.Now.Add(time.Duration(looks.Add(1)) * time.Second) })
	if err := storetest.Fill(t.Context(), tools.Desk.DB, hosts, missing); err != nil {
		t.Fatal(err)
	}
	if s, ok := app.Template(template); ok {
		s.Owner, s.Approver = "Petra Lang", "Board"
		if _, err := tools.Desk.SaveStandard(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return tools
}

// Practice is the practice shop, whose past and windows are seeded.
func Practice(t testing.TB) *ui.Tools {
	t.Helper()
	off, err := wire.Open(t.Context(), wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	return &ui.Tools{Desk: off.Desk, Driver: off.Driver, Keys: off, Path: off.Path, Practice: true}
}
