package hosts

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
)

func TestHostIsCheckedStepByStepAndTheFindingsAreCopied(t *testing.T) {
	o := show(t, false, small, uitest.Practice(t))
	r := o.rowNamed(t, "web1")
	o.screen.check(r.Host)
	kittest.Until(t, "the check has ended", func() bool {
		return strings.Contains(kittest.Text(o.window), "web1 can be scanned and patched.")
	})
	for _, words := range []string{"Check of web1", "Host key", "Passed", "vouched for by", "Update system"} {
		kittest.See(t, o.window, words)
	}
	kittest.ShotOf(t, "hosts-check", o.window, false)
	kittest.Press(t, o.window, "Copy")
	if text := fyne.CurrentApp().Clipboard().Content(); !strings.HasPrefix(text, "Check of web1\nname: passed:") || !strings.Contains(text, "login: passed") || strings.Contains(text, "looking") {
		t.Errorf("copied %q", text)
	}
	kittest.Press(t, o.window, "Close")
	if o.window.Canvas().Overlays().Top() != nil {
		t.Error("the dialog does not close")
	}
}

func (o *office) rowNamed(t *testing.T, name string) *row {
	t.Helper()
	kittest.Settle(t)
	for _, r := range o.screen.rows {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func TestCheckOfAHostSaysHowToMendIt(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1") })
	o.desk.Dialer = refuser{}
	r := o.rowNamed(t, "web1")
	o.screen.grid.GoTo(0)
	for _, a := range o.screen.Actions() {
		if a.Title == "Check host" {
			a.Do() // as the palette does
		}
	}
	kittest.Until(t, "the check has ended", func() bool { return strings.Contains(kittest.Text(o.window), "Mend the first step that failed") })
	for _, words := range []string{"Check of " + r.Name, "Failed", "Not tried", "To mend", "Check that it is switched on"} {
		kittest.See(t, o.window, words)
	}
	kittest.ShotOf(t, "hosts-check-failed", o.window, false)
	kittest.Press(t, o.window, "Close")
}

func TestFailedScanOffersACheck(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1") })
	o.desk.Dialer = refuser{}
	o.screen.tools.Secrets = &vault{kept: map[secret.Key]string{}}
	r := o.rowNamed(t, "web1")
	o.screen.scan([]*row{r}, false)
	kittest.Settle(t)
	kittest.See(t, o.window, "web1 could not be scanned")
	kittest.Press(t, o.window, "Check web1…")
	kittest.See(t, o.window, "Check of web1")
	kittest.Settle(t)
	kittest.Press(t, o.window, "Close")
	o.screen.open(r.ID)
	kittest.Settle(t)
	kittest.Press(t, o.window, "Check host…")
	kittest.See(t, o.window, "Check of web1")
	kittest.Settle(t)
	kittest.Press(t, o.window, "Close")
	o.screen.doors.meet(o.screen, []app.ScanResult{{Host: data.Host{Name: "web1"}, Err: remote.ErrLoginRefused}}, false)
	kittest.See(t, o.window, "Keep a credential for web1")
	kittest.Press(t, o.window, "Check host…")
	kittest.See(t, o.window, "Check of web1")
	kittest.Settle(t)
}

func TestRowMenuChecksOneHost(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1", "web2") })
	kittest.Settle(t)
	offers := func(rows []*row) bool {
		for _, i := range o.screen.rowMenu(rows) {
			if i.Label == "Check host…" {
				return true
			}
		}
		return false
	}
	if !offers(o.screen.rows[:1]) || offers(o.screen.rows) {
		t.Error("one host can be checked at a time, from its menu")
	}
}
