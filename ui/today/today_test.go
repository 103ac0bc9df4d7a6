package today_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/today"
	"secondtuesday/wire"
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

// show opens the page in a window; last is where it went to.
func show(t *testing.T, tools *ui.Tools, dark bool, size fyne.Size) (w fyne.Window, shell *ui.Shell, last *ui.Place) {
	t.Helper()
	a := kittest.Start(t, dark)
	last = new(ui.Place)
	shell = ui.NewShell(t.Context(), a, ui.Options{Workspace: "shop.db"})
	if dark {
		shell.SetMode(kit.ModeDark)
	}
	shell.Add(today.New(shell, tools))
	for _, id := range []string{ui.Hosts, ui.Updates, ui.Calendar, ui.Rollouts, ui.Compliance, ui.Standard} {
		shell.Add(elsewhere{id, last})
	}
	t.Cleanup(shell.Window().Close)
	shell.Show()
	shell.Window().Resize(size)
	kittest.Settle(t)
	return shell.Window(), shell, last
}

var small = fyne.NewSize(1280, 800)

func empty(t *testing.T, now func() time.Time) *ui.Tools {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &ui.Tools{Desk: &app.Desk{DB: db, Now: now, By: "anna@desk"}, Path: db.Path()}
}

func practice(t *testing.T) *ui.Tools {
	t.Helper()
	dir := t.TempDir()
	off, err := wire.Open(t.Context(), wire.Options{Practice: true, PracticeDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	return &ui.Tools{Desk: off.Desk, Driver: off.Driver, Keys: off.SSH, Path: off.Path, Practice: true}
}

func TestEmptyWorkspaceSaysHowToBegin(t *testing.T) {
	tools := empty(t, time.Now)
	for _, c := range []struct{ press, screen string }{{"Add or import hosts", ui.Hosts}, {"Choose a standard", ui.Standard}, {"Add a window", ui.Calendar}} {
		w, _, last := show(t, tools, false, small)
		kittest.Press(t, w, c.press)
		if last.Screen != c.screen {
			t.Errorf("%q goes to %q", c.press, last.Screen)
		}
	}
}

func TestPracticeShopNeedsAPerson(t *testing.T) {
	tools := practice(t)
	w, _, last := show(t, tools, false, small)
	kittest.See(t, w, "overdue on")
	kittest.Press(t, w, "Plan updates")
	if last.Screen != ui.Rollouts || len(last.Hosts) == 0 {
		t.Errorf("to plan: %+v", *last)
	}
}

func TestPicturesOfToday(t *testing.T) {
	first := empty(t, time.Now)
	shop := practice(t)
	lot := empty(t, func() time.Time { return storetest.Now })
	if err := storetest.Fill(t.Context(), lot.Desk.DB, 300, 20); err != nil {
		t.Fatal(err)
	}
	std, _ := app.Template("small-shop")
	std.ValidFrom = storetest.Now.AddDate(-1, 0, 0)
	if _, err := lot.Desk.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	for _, dark := range []bool{false, true} {
		for _, c := range []struct {
			name  string
			tools *ui.Tools
			size  fyne.Size
		}{{"today-empty", first, small}, {"today", shop, small}, {"today-lot", lot, fyne.NewSize(1920, 1080)}} {
			w, _, _ := show(t, c.tools, dark, c.size)
			kittest.ShotOf(t, c.name, w, dark)
		}
	}
}
