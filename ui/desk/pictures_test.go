package desk_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/desk"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
	"secondtuesday/wire"
)

// TestScreenshots draws every screen of the desk on the practice shop, after a
// scan of all hosts and three rollouts: two that have ended, one of them on
// Windows, and one that waits for its windows. "make screenshots" keeps the small pictures for the manual, and
// with LARGE the large ones beside them, to be looked at.
func TestScreenshots(t *testing.T) {
	office, ended := practiced(t)
	windows, err := office.Desk.DB.HostByName(t.Context(), "hyperv")
	if err != nil {
		t.Fatal(err)
	}
	all := append(places(ended[0]), picture{"hosts-windows", ui.Place{Screen: ui.Hosts, Host: windows.ID}},
		picture{"rollouts-windows", ui.Place{Screen: ui.Rollouts, Rollout: ended[1]}})
	tools := &ui.Tools{Desk: office.Desk, Driver: office.Driver, Keys: office.SSH, Path: "/home/carla/.local/share/secondtuesday/practice/practice.db", Practice: true}
	for _, dark := range []bool{false, true} {
		draw(t, tools, dark, "", all)
	}
}

// TestEveryScreenFits draws every screen of a shop in which nothing is done yet,
// and of one of many hosts whose names are long.
func TestEveryScreenFits(t *testing.T) {
	for _, shop := range []struct {
		name  string
		tools *ui.Tools
		dark  bool
	}{{"empty", uitest.Empty(t, time.Now), true}, {"lot", lot(t), false}} {
		draw(t, shop.tools, shop.dark, shop.name+"-", places(0))
	}
}

// draw draws screens in both sizes of a window, and finds what cannot be read.
func draw(t *testing.T, tools *ui.Tools, dark bool, prefix string, all []picture) {
	t.Helper()
	s := desk.Open(t.Context(), kittest.Start(t, dark), tools, desk.Workspaces{})
	defer s.Window().Close()
	s.SetMode(map[bool]kit.Mode{false: kit.ModeLight, true: kit.ModeDark}[dark])
	s.Show()
	for _, size := range []fyne.Size{uitest.Small, uitest.Large} {
		s.Window().Resize(size)
		for _, p := range all {
			s.Go(p.Place)
			kittest.Settle(t)
			if here := s.Here().Screen; here != p.Screen {
				t.Errorf("there is no screen %q: the desk shows %q", p.Screen, here)
				continue
			}
			large, look := size == uitest.Large, os.Getenv("SHOTS") != ""
			switch {
			case look && !large:
				kittest.ShotOf(t, prefix+p.name, s.Window(), dark)
			case look && os.Getenv("LARGE") != "":
				kittest.ShotOf(t, prefix+p.name+"-large", s.Window(), dark)
			case large == dark: // nobody looks: one size in each colour paints everything
				s.Window().Canvas().Capture()
			}
			for _, flaw := range kittest.Flaws(s.Window()) {
				t.Errorf("%s%s at %v: %s", prefix, p.name, size, flaw)
			}
		}
	}
}

// lot is a shop of many hosts with the long names of a German administration.
func lot(t *testing.T) *ui.Tools {
	t.Helper()
	tools := uitest.Filled(t, 400, 12, "au-e8-ml3")
	d, ctx := tools.Desk, t.Context()
	group, err := d.SaveGroup(ctx, data.Group{Name: "Rindfleischetikettierungsüberwachung, Außenstelle Nord"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		h := data.Host{Name: fmt.Sprintf("verwaltungsserver-%d.rechenzentrum.nordwind-gesellschaft.example.net", i), Group: group, Exposure: data.Internal,
			Owner: "Abteilung für Datenverarbeitung und Beschaffung", BusinessUnit: "Grundstücksverkehrsgenehmigungszuständigkeit"}
		if _, err := d.AddHost(ctx, h); err != nil {
			t.Fatal(err)
		}
		w := data.Window{Name: fmt.Sprintf("Wartungsfenster %d der Buchhaltung, jeden zweiten Donnerstag", i), Groups: []data.GroupID{group}, TimeZone: "Europe/Berlin",
			Recurs: app.NthWeekday(2, time.Thursday, data.Clock{Hour: 18 + i/2}), Duration: 3 * time.Hour, Permits: data.Permits{Install: true, Reboot: i%2 == 0}}
		if _, err := d.SaveWindow(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	return tools
}

// A picture is a place of the window and the name its picture gets.
type picture struct {
	name string
	ui.Place
}

// places are every screen, and what the manual shows besides: a rollout, if there is one.
func places(ended data.RolloutID) []picture {
	var list []picture
	for _, screen := range []string{ui.Today, ui.Hosts, ui.Updates, ui.Calendar, ui.Rollouts, ui.Compliance, ui.Standard, ui.Activity, ui.Settings} {
		list = append(list, picture{screen, ui.Place{Screen: screen}})
	}
	if ended == 0 {
		return list
	}
	return append(list, picture{"rollouts-one", ui.Place{Screen: ui.Rollouts, Rollout: ended}})
}

// practiced opens a practice shop in which somebody has worked, and returns the
// rollouts that have ended: one on Linux, one on Windows.
func practiced(t *testing.T) (*wire.Office, [2]data.RolloutID) {
	t.Helper()
	ctx := t.Context()
	office, err := wire.Open(ctx, wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { office.Close() })
	office.Shop.Speed(50)
	office.Desk.By = "carla@desk1"
	hosts, err := office.Desk.DB.Hosts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]data.HostID{}
	var all []data.HostID
	for _, h := range hosts {
		ids[h.Name], all = h.ID, append(all, h.ID)
	}
	if err := office.Desk.Scan(ctx, all, false, nil); err != nil {
		t.Fatal(err)
	}
	now := rollout(t, office, app.PlanRequest{
		Name: "Shop and mail, at once", Hosts: []data.HostID{ids["web1"], ids["mail"], ids["vpn"]}, Classes: []data.Class{data.Security},
		StopAt: 1, Reboot: data.RebootIfNeeded,
	}, "the shop was attacked through libexpat1")
	windows := rollout(t, office, app.PlanRequest{
		Name: "Finance and desktops, at once", Hosts: []data.HostID{ids["erp-app"], ids["rds1"]}, StopAt: 1, Reboot: data.RebootIfNeeded,
	}, "the holidays begin before the next window")
	for _, id := range []data.RolloutID{now, windows} {
		if err := office.Driver.Drive(ctx, id, true); err != nil {
			t.Fatal(err)
		}
	}
	rollout(t, office, app.PlanRequest{Name: "November, second round", Hosts: all, Reboot: data.RebootIfNeeded}, "")
	return office, [2]data.RolloutID{now, windows}
}

// rollout plans, approves and starts.
func rollout(t *testing.T, o *wire.Office, req app.PlanRequest, reason string) data.RolloutID {
	t.Helper()
	var id data.RolloutID
	err := func(ctx context.Context) error {
		p, _, err := o.Desk.MakePlan(ctx, req, nil)
		if err != nil {
			return err
		}
		plan, err := o.Desk.SavePlan(ctx, p)
		if err != nil {
			return err
		}
		if p, err = o.Desk.DB.Plan(ctx, plan); err != nil {
			return err
		}
		if err := o.Desk.ApprovePlan(ctx, plan, p.Digest(), "looked through"); err != nil {
			return err
		}
		id, err = o.Desk.StartRollout(ctx, plan, reason)
		return err
	}(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
