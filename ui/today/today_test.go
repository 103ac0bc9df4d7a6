package today_test

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store/storetest"
	"secondtuesday/remote"
	"secondtuesday/ui"
	"secondtuesday/ui/hosts"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/today"
	"secondtuesday/ui/uitest"
)

// show opens the page in a window; last is where it went to.
func show(t *testing.T, tools *ui.Tools, dark bool, size fyne.Size) (w fyne.Window, shell *ui.Shell, last *ui.Place) {
	t.Helper()
	shell, last = uitest.Show(t, dark, size, func(s *ui.Shell) ui.Screen { return today.New(s, tools) },
		ui.Hosts, ui.Updates, ui.Calendar, ui.Rollouts, ui.Compliance, ui.Standard)
	return shell.Window(), shell, last
}

func TestEmptyWorkspaceSaysHowToBegin(t *testing.T) {
	tools := uitest.Empty(t, time.Now)
	for _, c := range []struct{ press, screen string }{{"Add or import hosts", ui.Hosts}, {"Choose a standard", ui.Standard}, {"Add a window", ui.Calendar}} {
		w, _, last := show(t, tools, false, uitest.Small)
		kittest.Press(t, w, c.press)
		if last.Screen != c.screen {
			t.Errorf("%q goes to %q", c.press, last.Screen)
		}
	}
}

func TestPracticeShopNeedsAPerson(t *testing.T) {
	tools := uitest.Practice(t)
	w, _, last := show(t, tools, false, uitest.Small)
	kittest.See(t, w, "overdue on")
	kittest.Press(t, w, "Plan updates")
	if last.Screen != ui.Rollouts || len(last.Hosts) == 0 {
		t.Errorf("to plan: %+v", *last)
	}
}

func TestPicturesOfToday(t *testing.T) {
	first, calm := uitest.Empty(t, time.Now), calmShop(t)
	shop := uitest.Practice(t)
	lot := uitest.Empty(t, func() time.Time { return storetest.Now })
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
		}{{"today-empty", first, uitest.Small}, {"today-calm", calm, uitest.Small}, {"today", shop, uitest.Small}, {"today-lot", lot, fyne.NewSize(1920, 1080)}} {
			w, _, _ := show(t, c.tools, dark, c.size)
			kittest.ShotOf(t, c.name, w, dark)
		}
	}
}

func TestFirstContactGoesWhereKeysAreCompared(t *testing.T) {
	tools := uitest.Empty(t, time.Now)
	std, _ := app.Template("small-shop")
	if _, err := tools.Desk.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	ids, err := tools.Desk.SaveHosts(t.Context(), []data.Host{{Name: "web1", Reach: data.ReachSSH, Exposure: data.Internal}})
	if err != nil {
		t.Fatal(err)
	}
	w, _, last := show(t, tools, false, uitest.Small)
	kittest.See(t, w, "1 host never scanned")
	kittest.Press(t, w, "Scan now")
	if last.Screen != ui.Hosts || !last.Scan || len(last.Hosts) != 1 || last.Hosts[0] != ids[0] {
		t.Errorf("went to %+v", *last)
	}
}

func TestNothingIsCalmWhileAHostIsUnknown(t *testing.T) {
	tools := calmShop(t)
	w, shell, _ := show(t, tools, false, uitest.Small)
	kittest.See(t, w, "Nothing needs you now")
	if text := kittest.Text(w); !strings.Contains(text, "Next window:") {
		t.Errorf("no next window in %q", text)
	}
	if _, err := tools.Desk.SaveHosts(t.Context(), []data.Host{{Name: "new1", Reach: data.ReachSSH, Exposure: data.Internal}}); err != nil {
		t.Fatal(err)
	}
	shell.Reload()
	kittest.Settle(t)
	if text := kittest.Text(w); strings.Contains(text, "Nothing needs you now") || !strings.Contains(text, "never scanned") {
		t.Errorf("calm although a host is unknown: %q", text)
	}
}

// calmShop is a shop of one host that was scanned, lacks nothing, and has a window.
func calmShop(t *testing.T) *ui.Tools {
	t.Helper()
	tools := uitest.Empty(t, time.Now)
	d, ctx, now := tools.Desk, t.Context(), time.Now().UTC()
	std, _ := app.Template("small-shop")
	if _, err := d.SaveStandard(ctx, std); err != nil {
		t.Fatal(err)
	}
	g, err := d.SaveGroup(ctx, data.Group{Name: "web", TimeZone: "UTC"})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := d.SaveHosts(ctx, []data.Host{{Name: "web1", Reach: data.ReachSSH, Exposure: data.Internal, Group: g}})
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := now.AddDate(0, 0, 1)
	w, err := d.SaveWindow(ctx, data.Window{Name: "nightly", Groups: []data.GroupID{g}, TimeZone: "UTC", Duration: 2 * time.Hour, Permits: data.Permits{Install: true},
		Recurs: data.Recurrence{Rule: "FREQ=DAILY", First: data.Date{Year: tomorrow.Year(), Month: tomorrow.Month(), Day: tomorrow.Day()}, Start: data.Clock{Hour: 22}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AgreeWindow(ctx, w, "Petra Lang", ""); err != nil {
		t.Fatal(err)
	}
	scan := data.Scan{Host: ids[0], At: now, HostNow: now, MetadataAt: now.Add(-time.Hour), RebootKnown: true, Platform: data.APT}
	if _, err := d.DB.SaveScan(ctx, scan, data.AuditEntry{At: now, By: "test", Verb: "host scanned"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	return tools
}

func TestTodayIsUsedByKeyboardAlone(t *testing.T) {
	w, shell, last := show(t, uitest.Practice(t), false, uitest.Small)
	shell.Go(ui.Place{Screen: ui.Updates})
	kittest.Shortcut(t, w, ui.Ctrl, fyne.Key1)
	kittest.Settle(t)
	kittest.Key(t, w, fyne.KeyReturn)
	if shell.Here().Screen != ui.Hosts {
		t.Fatalf("Enter on the first line shows %+v", shell.Here())
	}
	kittest.Shortcut(t, w, ui.Ctrl, fyne.Key1)
	first := w.Canvas().Focused()
	kittest.Key(t, w, fyne.KeyDown)
	if w.Canvas().Focused() == first || w.Canvas().Focused() == nil {
		t.Error("Down does not go to the next line")
	}
	kittest.Key(t, w, fyne.KeyUp)
	if w.Canvas().Focused() != first {
		t.Error("Up does not go back")
	}
	kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyN)
	if !last.New || last.Screen != ui.Hosts {
		t.Errorf("Ctrl+N asks for %+v", *last)
	}
}

func TestPagesShareTheKeysOfWhatTheyShare(t *testing.T) {
	_, shell, _ := show(t, uitest.Practice(t), false, uitest.Small)
	keys := map[string]string{}
	for _, a := range append(today.New(shell, nil).Actions(), hosts.New(shell, nil).Actions()...) {
		if was, ok := keys[a.Title]; ok && was != a.Keys() {
			t.Errorf("%q is %s and %s", a.Title, was, a.Keys())
		}
		keys[a.Title] = a.Keys()
	}
	if keys["Scan all hosts"] != "Ctrl+Shift+R" || keys["Add a host"] != "Ctrl+N" {
		t.Errorf("keys %v", keys)
	}
}

func TestBrokenPackagesAndRefusedLoginOfferWhatHelps(t *testing.T) {
	tools := calmShop(t)
	d, now := tools.Desk, time.Now().UTC()
	ids, err := d.SaveHosts(t.Context(), []data.Host{{Name: "half1", Reach: data.ReachSSH, Exposure: data.Internal}, {Name: "shut1", Reach: data.ReachSSH, Exposure: data.Internal}})
	if err != nil {
		t.Fatal(err)
	}
	scan := data.Scan{Host: ids[0], At: now, HostNow: now, MetadataAt: now, RebootKnown: true, Platform: data.APT,
		Problems: []data.Problem{{Kind: data.PackagesBroken, Untrusted: true, Detail: "dpkg was interrupted, 'dpkg --configure -a' is needed"}}}
	entry := data.AuditEntry{At: now, By: "test", Verb: "host scanned"}
	if _, err := d.DB.SaveScan(t.Context(), scan, entry, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.DB.SaveScanFailure(t.Context(), data.ScanFailure{Host: ids[1], At: now, Error: "connect shut1: " + remote.ErrLoginRefused.Error()}, entry); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, _, last := show(t, tools, false, uitest.Small)
	kittest.Press(t, w, "What to run…")
	kittest.See(t, w, "sudo dpkg --configure -a")
	kittest.ShotOf(t, "today-command", w, false)
	kittest.Press(t, w, "Copy")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "sudo dpkg --configure -a" {
		t.Errorf("copied %q", got)
	}
	kittest.Press(t, w, "Close")
	kittest.ShotOf(t, "today-helps", w, false)
	kittest.Press(t, w, "Edit host…")
	if !last.Edit || len(last.Hosts) != 1 || last.Hosts[0] != ids[1] {
		t.Errorf("it asks for %+v", *last)
	}
	kittest.Shortcut(t, w, ui.Ctrl, fyne.Key1)
	kittest.Press(t, w, "Keep credential…")
	if !last.Credential || len(last.Hosts) != 1 || last.Hosts[0] != ids[1] {
		t.Errorf("it asks for %+v", *last)
	}
}
