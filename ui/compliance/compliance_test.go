package compliance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/compliance"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
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

var small = fyne.NewSize(1280, 800)

func show(t *testing.T, tools *ui.Tools, dark bool, size fyne.Size) (w fyne.Window, last *ui.Place) {
	t.Helper()
	a := kittest.Start(t, dark)
	last = new(ui.Place)
	shell := ui.NewShell(t.Context(), a, ui.Options{Workspace: "shop.db"})
	if dark {
		shell.SetMode(kit.ModeDark)
	}
	shell.Add(compliance.New(shell, tools), elsewhere{ui.Hosts, last}, elsewhere{ui.Standard, last})
	t.Cleanup(shell.Window().Close)
	shell.Show()
	shell.Window().Resize(size)
	kittest.Settle(t)
	return shell.Window(), last
}

func empty(t *testing.T, now func() time.Time) *ui.Tools {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &ui.Tools{Desk: &app.Desk{DB: db, Now: now, By: "anna@desk"}, Path: db.Path()}
}

// filled is a made-up shop of many hosts.
func filled(t *testing.T, hosts, missing int) *ui.Tools {
	t.Helper()
	tools := empty(t, func() time.Time { return storetest.Now })
	if err := storetest.Fill(t.Context(), tools.Desk.DB, hosts, missing); err != nil {
		t.Fatal(err)
	}
	std, _ := app.Template("30-60-90")
	std.ValidFrom = storetest.Now.AddDate(-1, 0, 0)
	if _, err := tools.Desk.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	return tools
}

func practice(t *testing.T) *ui.Tools {
	t.Helper()
	off, err := wire.Open(t.Context(), wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	return &ui.Tools{Desk: off.Desk, Driver: off.Driver, Keys: off.SSH, Path: off.Path, Practice: true}
}

func TestWithoutHostsItSaysWhatToDo(t *testing.T) {
	w, last := show(t, empty(t, time.Now), false, small)
	kittest.Press(t, w, "Add hosts")
	if last.Screen != ui.Hosts {
		t.Errorf("went to %q", last.Screen)
	}
}

func TestWithoutAStandardNothingIsPromised(t *testing.T) {
	tools := empty(t, time.Now)
	if _, err := tools.Desk.SaveHosts(t.Context(), []data.Host{{Name: "web1", Reach: data.ReachSSH, Exposure: data.Internal}}); err != nil {
		t.Fatal(err)
	}
	w, last := show(t, tools, false, small)
	kittest.Press(t, w, "Choose a standard")
	if last.Screen != ui.Standard {
		t.Errorf("went to %q", last.Screen)
	}
}

func TestLineOfTheTotalsOpensItsHosts(t *testing.T) {
	w, last := show(t, practice(t), false, small)
	kittest.Choose(t, w, "Group")
	g := kittest.Find(w, func(o fyne.CanvasObject) bool {
		_, ok := o.(interface{ GoTo(int) })
		return ok
	})
	g.(interface{ GoTo(int) }).GoTo(0)
	w.Canvas().Focus(g.(fyne.Focusable))
	kittest.Key(t, w, fyne.KeyReturn)
	if last.Screen != ui.Hosts || last.Group == 0 {
		t.Errorf("went to %+v", *last)
	}
}

func TestReportAndFiguresAreWritten(t *testing.T) {
	w, _ := show(t, practice(t), false, small)
	dir := t.TempDir()
	for _, c := range []struct{ press, name, holds string }{
		{"Write report…", "report.html", "The promise is not kept"}, {"Export figures…", "figures.csv", "compliant hosts"},
	} {
		file := filepath.Join(dir, c.name)
		kittest.Press(t, w, c.press)
		field := kittest.Find(w, func(o fyne.CanvasObject) bool {
			e, ok := o.(*kit.Entry)
			return ok && strings.HasPrefix(e.PlaceHolder, "/home/anna/")
		}).(*kit.Entry)
		field.SetText(file)
		kittest.Press(t, w, "Write")
		kittest.Settle(t)
		b, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(b), c.holds) {
			t.Errorf("%s: %v, %.200s", c.name, err, b)
		}
	}
}

func TestPicturesOfCompliance(t *testing.T) {
	first, shop, lot := empty(t, time.Now), practice(t), filled(t, 1000, 20)
	for _, dark := range []bool{false, true} {
		for _, c := range []struct {
			name  string
			tools *ui.Tools
			size  fyne.Size
		}{{"compliance-empty", first, small}, {"compliance", shop, small}, {"compliance-lot", lot, fyne.NewSize(1920, 1080)}} {
			w, _ := show(t, c.tools, dark, c.size)
			kittest.ShotOf(t, c.name, w, dark)
		}
	}
}
