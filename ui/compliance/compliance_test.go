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
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/compliance"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
)

func show(t *testing.T, tools *ui.Tools, dark bool, size fyne.Size) (w fyne.Window, last *ui.Place) {
	t.Helper()
	s, last := uitest.Show(t, dark, size, func(s *ui.Shell) ui.Screen { return compliance.New(s, tools) }, ui.Hosts, ui.Standard)
	return s.Window(), last
}

// filled is a made-up shop whose standard has long been in force.
func filled(t *testing.T, hosts, missing int) *ui.Tools {
	t.Helper()
	tools := uitest.Filled(t, hosts, missing, "")
	std, _ := app.Template("30-60-90")
	std.ValidFrom = storetest.Now.AddDate(-1, 0, 0)
	if _, err := tools.Desk.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	return tools
}

func TestWithoutHostsItSaysWhatToDo(t *testing.T) {
	w, last := show(t, uitest.Empty(t, time.Now), false, uitest.Small)
	kittest.Press(t, w, "Add hosts")
	if last.Screen != ui.Hosts {
		t.Errorf("went to %q", last.Screen)
	}
}

func TestWithoutAStandardNothingIsPromised(t *testing.T) {
	tools := uitest.Empty(t, time.Now)
	if _, err := tools.Desk.SaveHosts(t.Context(), []data.Host{{Name: "web1", Reach: data.ReachSSH, Exposure: data.Internal}}); err != nil {
		t.Fatal(err)
	}
	w, last := show(t, tools, false, uitest.Small)
	kittest.Press(t, w, "Choose a standard")
	if last.Screen != ui.Standard {
		t.Errorf("went to %q", last.Screen)
	}
}

func TestLineOfTheTotalsOpensItsHosts(t *testing.T) {
	w, last := show(t, uitest.Practice(t), false, uitest.Small)
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
	w, _ := show(t, uitest.Practice(t), false, uitest.Small)
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
	first, shop, lot := uitest.Empty(t, time.Now), uitest.Practice(t), filled(t, 1000, 20)
	for _, dark := range []bool{false, true} {
		for _, c := range []struct {
			name  string
			tools *ui.Tools
			size  fyne.Size
		}{{"compliance-empty", first, uitest.Small}, {"compliance", shop, uitest.Small}, {"compliance-lot", lot, uitest.Large}} {
			w, _ := show(t, c.tools, dark, c.size)
			kittest.ShotOf(t, c.name, w, dark)
		}
	}
}
