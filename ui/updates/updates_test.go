package updates

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
)

// An office is the screen in a window, on a real workspace.
type office struct {
	shell  *ui.Shell
	screen *Screen
	window fyne.Window
	desk   *app.Desk
	last   *ui.Place // where a person went
}

var (
	now          = storetest.Now
	small, large = uitest.Small, uitest.Large
)

func open(t testing.TB, dark bool, size fyne.Size, fill func(*app.Desk)) *office {
	t.Helper()
	tools := uitest.Empty(t, func() time.Time { return now })
	std := app.Templates()[0]
	std.ValidFrom = now
	if _, err := tools.Desk.SaveStandard(t.Context(), std); err != nil {
		t.Fatal(err)
	}
	if fill != nil {
		fill(tools.Desk)
	}
	o := &office{desk: tools.Desk}
	o.shell, o.last = uitest.Show(t, dark, size, func(s *ui.Shell) ui.Screen {
		o.screen = New(s, tools)
		return o.screen
	}, ui.Hosts, ui.Rollouts)
	o.window = o.shell.Window()
	return o
}

// shop fills the workspace with hosts and updates, one of them held.
func shop(t testing.TB, hosts, missing int) func(*app.Desk) {
	return func(d *app.Desk) {
		t.Helper()
		if err := storetest.Fill(context.Background(), d.DB, hosts, missing); err != nil {
			t.Fatal(err)
		}
		h := data.Host{Name: "erp.munich.example.net", Exposure: data.Internal, Owner: "Miguel Torres"}
		id, err := d.AddHost(context.Background(), h)
		if err != nil {
			t.Fatal(err)
		}
		s := data.Scan{Host: id, At: now.Add(-time.Hour), Platform: data.APT, MetadataAt: now.Add(-time.Hour), RebootKnown: true, Root: true, Updates: []data.Update{
			{Name: "postgresql-15", Arch: "amd64", Installed: "15.13-0+deb12u1", Available: "15.14-0+deb12u1", Origin: "Debian-Security:12/oldstable-security", Class: data.Security, Severity: data.High, Hold: data.Held, Advisories: []string{"DSA-6000-1"}, CVEs: []string{"CVE-2026-8713", "CVE-2026-8714", "CVE-2026-8715"}, Released: now.AddDate(0, 0, -20)},
			{Name: "libc6", Arch: "amd64", Installed: "2.36-9", Available: "2.36-10", Class: data.Security},
			{Name: "libc6", Arch: "i386", Installed: "2.36-9", Available: "2.36-10", Class: data.Security},
		}}
		if _, err := d.DB.SaveScan(context.Background(), s, data.AuditEntry{At: now, By: "t", Verb: "scan saved"}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// find returns the row of an update.
func (o *office) find(t testing.TB, name string) *row {
	t.Helper()
	i := slices.IndexFunc(o.screen.rows, func(r *row) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no row %q among %d", name, len(o.screen.rows))
	}
	return o.screen.rows[i]
}

func TestPicturesOfUpdates(t *testing.T) {
	for _, dark := range []bool{false, true} {
		kittest.ShotOf(t, "updates-empty", open(t, dark, small, nil).window, dark)
		for _, size := range []fyne.Size{small, large} {
			if os.Getenv("SHOTS") == "" && (size == large) != dark {
				continue // nobody looks: one size in each colour draws everything
			}
			o := open(t, dark, size, shop(t, 14, 9))
			name := fmt.Sprintf("updates-%d", int(size.Width))
			kittest.ShotOf(t, name, o.window, dark)
			o.shell.Go(ui.Place{Screen: ui.Updates, Update: "postgresql-15:amd64"})
			kittest.ShotOf(t, name+"-panel", o.window, dark)
			kittest.Press(t, o.window, "Exception…")
			kittest.ShotOf(t, name+"-exception", o.window, dark)
		}
	}
}

func TestRowsCountHostsAndJoinArchitectures(t *testing.T) {
	o := open(t, false, small, shop(t, 14, 9))
	libc := o.find(t, "libc6")
	if len(libc.Hosts) != 1 || !slices.Equal(libc.Keys, []string{"libc6:amd64", "libc6:i386"}) {
		t.Errorf("libc6: %d hosts, keys %v", len(libc.Hosts), libc.Keys)
	}
	pg := o.find(t, "postgresql-15")
	if pg.Held != 1 || pg.Compliance != data.Overdue {
		t.Errorf("postgresql-15: held by %d, %s; a hold is no exception", pg.Held, pg.Compliance)
	}
	if all, _ := o.screen.grid.Rows(); all != len(o.screen.rows) {
		t.Errorf("%d rows in the grid, %d updates", all, len(o.screen.rows))
	}
}

func TestPanelSaysWhyEachHostIsJudgedSo(t *testing.T) {
	o := open(t, false, small, shop(t, 14, 9))
	o.shell.Go(ui.Place{Screen: ui.Updates, Update: "postgresql-15"})
	kittest.Settle(t)
	verdicts, err := o.desk.UpdateVerdicts(context.Background(), "postgresql-15")
	if err != nil || len(verdicts) != 1 {
		t.Fatalf("%d verdicts, %v", len(verdicts), err)
	}
	kittest.See(t, o.window, "Why erp.munich.example.net is overdue")
	kittest.See(t, o.window, verdicts[0].Verdict.Because)
	kittest.See(t, o.window, "CVE-2026-8714")
	kittest.Key(t, o.window, fyne.KeyEscape)
	if o.screen.panel.isOpen() {
		t.Error("Esc does not close the panel")
	}
}

func TestPanelSaysWhatWindowsTriedAndWhatAnUpdateReplaces(t *testing.T) {
	o := open(t, false, small, uitest.WindowsHost(t, now))
	o.shell.Go(ui.Place{Screen: ui.Updates, Update: "KB5044281"})
	kittest.Settle(t)
	kittest.See(t, o.window, "by UpdateOrchestrator: failed: the update's installer failed; for WinRE updates the recovery partition is often too small (0x80070643).")
	kittest.See(t, o.window, "Replaces KB5040437 and 2 others.")
}

func TestPlanTakesKeysAndHostsToRollouts(t *testing.T) {
	o := open(t, false, small, shop(t, 14, 9))
	o.screen.grid.Select(func(r *row) bool { return r.Name == "libc6" || r.Name == "postgresql-15" })
	kittest.Settle(t)
	kittest.Press(t, o.window, "Plan 2 updates…")
	p := *o.last
	if p.Screen != ui.Rollouts {
		t.Fatalf("went to %+v", p)
	}
	slices.Sort(p.Updates)
	if !slices.Equal(p.Updates, []string{"libc6:amd64", "libc6:i386", "postgresql-15:amd64"}) || len(p.Hosts) != 1 {
		t.Errorf("updates %v on hosts %v", p.Updates, p.Hosts)
	}
}

func TestExceptionIsRecordedWithRequesterAndExpiry(t *testing.T) {
	o := open(t, false, small, shop(t, 14, 9))
	o.shell.Go(ui.Place{Screen: ui.Updates, Update: "postgresql-15"})
	kittest.Settle(t)
	kittest.Press(t, o.window, "Exception…")
	kittest.Type(t, o.window, "Petra Lang", "")
	kittest.Press(t, o.window, "Record exception")
	kittest.See(t, o.window, "Name the business owner")
	kittest.Type(t, o.window, "Petra Lang", "Miguel Torres")
	kittest.Type(t, o.window, "The vendor has not cleared the new version", "The shop software breaks with it")
	kittest.Type(t, o.window, "Port 5432 is open to the application only", "Port 5432 is closed from outside")
	kittest.Type(t, o.window, "2026-12-31", "2028-01-01")
	kittest.Press(t, o.window, "Record exception")
	kittest.See(t, o.window, "a year at most")
	kittest.Type(t, o.window, "2026-12-31", "2026-12-24")
	kittest.Type(t, o.window, "management", "Ines Duarte")
	kittest.Type(t, o.window, "security", "ines duarte")
	kittest.Press(t, o.window, "Record exception")
	kittest.See(t, o.window, "different people")
	kittest.Type(t, o.window, "security", "Carla Sousa")
	kittest.Press(t, o.window, "Record exception")
	kittest.Settle(t)
	all, err := o.desk.DB.Exceptions(context.Background())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d exceptions, %v", len(all), err)
	}
	e := all[0]
	if e.Update != "postgresql-15:amd64" || e.Host == 0 || e.RequestedBy != "Miguel Torres" || len(e.Approvals) != 2 || e.Expires.IsZero() {
		t.Errorf("recorded %+v", e)
	}
	if pg := o.find(t, "postgresql-15"); pg.Compliance != data.Excepted {
		t.Errorf("after the exception the update is %s", pg.Compliance)
	}
	kittest.See(t, o.window, "Why erp.munich.example.net is excepted")
	var withdraw *fyne.MenuItem
	for _, i := range o.screen.panel.hostMenu(o.screen.panel.hosts.Selected()) {
		if i.Label == "Withdraw exception…" {
			withdraw = i
		}
	}
	if withdraw == nil {
		t.Fatal("an excepted host offers no way to withdraw the exception")
	}
	withdraw.Action()
	kittest.Settle(t)
	kittest.See(t, o.window, "Ines Duarte (management)")
	kittest.ShotOf(t, "updates-withdraw", o.window, false)
	kittest.Press(t, o.window, "Withdraw")
	kittest.See(t, o.window, "Say why")
	kittest.Type(t, o.window, "The vendor has cleared the new version", "Cleared on Friday")
	kittest.Press(t, o.window, "Withdraw")
	kittest.Settle(t)
	if pg := o.find(t, "postgresql-15"); pg.Compliance != data.Overdue {
		t.Errorf("after the exception was withdrawn the update is %s", pg.Compliance)
	}
}

func TestNothingMissingIsNotSaidOfUnknownHosts(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) {
		if _, err := d.AddHost(context.Background(), data.Host{Name: "web1", Exposure: data.Internet}); err != nil {
			t.Fatal(err)
		}
	})
	kittest.See(t, o.window, "Not known")
	if strings.Contains(kittest.Text(o.window), "Nothing is missing") {
		t.Error("a host that was never scanned counts as complete")
	}
	kittest.Press(t, o.window, "Show them")
	if went := *o.last; went.Screen != ui.Hosts || went.Compliance != data.Unknown {
		t.Errorf("went to %+v", went)
	}
}

func TestChipsAndListsFilter(t *testing.T) {
	o := open(t, false, small, shop(t, 14, 9))
	all, _ := o.screen.grid.Rows()
	kittest.Press(t, o.window, "Held, phased, kept back")
	if _, shown := o.screen.grid.Rows(); shown != 1 {
		t.Errorf("%d of %d are held; one is", shown, all)
	}
	kittest.Press(t, o.window, "Held, phased, kept back")
	kittest.Choose(t, o.window, "critical")
	kittest.Settle(t)
	_, shown := o.screen.grid.Rows()
	for i := range shown {
		if s := o.screen.grid.At(i).Severity; s != data.Critical {
			t.Errorf("row %d is %s", i, s)
		}
	}
	if shown == 0 || shown == all {
		t.Errorf("%d of %d shown", shown, all)
	}
	o.screen.reveal()
	kittest.Settle(t)
	if _, shown := o.screen.grid.Rows(); shown != all {
		t.Errorf("%d of %d shown after all filters were taken away", shown, all)
	}
}
