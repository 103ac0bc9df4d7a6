package desk_test

import (
	"context"
	"os"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/desk"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/wire"
)

// TestScreenshots draws every screen of the desk on the practice shop, after a
// scan of all hosts and two rollouts: one that has ended and one that waits for
// its windows. "make screenshots" keeps the pictures for the manual.
func TestScreenshots(t *testing.T) {
	office, ended := practiced(t)
	colours := []bool{false}
	if os.Getenv("SHOTS") != "" {
		colours = append(colours, true) // else one drawing tests enough
	}
	for _, dark := range colours {
		a := kittest.Start(t, dark)
		tools := &ui.Tools{Desk: office.Desk, Driver: office.Driver, Keys: office.SSH, Path: "/home/carla/.local/share/secondtuesday/practice/practice.db", Practice: true}
		s := desk.Open(t.Context(), a, tools, desk.Workspaces{})
		s.SetMode(map[bool]kit.Mode{false: kit.ModeLight, true: kit.ModeDark}[dark])
		s.Show()
		s.Window().Resize(fyne.NewSize(1280, 800))
		for _, p := range places(ended) {
			s.Go(p.Place)
			kittest.Settle(t)
			if here := s.Here().Screen; here != p.Screen {
				t.Errorf("there is no screen %q: the desk shows %q", p.Screen, here)
				continue
			}
			kittest.ShotOf(t, p.name, s.Window(), dark)
		}
		s.Window().Close()
	}
}

// A picture is a place of the window and the name its picture gets.
type picture struct {
	name string
	ui.Place
}

// places are every screen, and what the manual shows besides.
func places(ended data.RolloutID) []picture {
	var list []picture
	for _, screen := range []string{ui.Today, ui.Hosts, ui.Updates, ui.Calendar, ui.Rollouts, ui.Compliance, ui.Standard, ui.Activity, ui.Settings} {
		list = append(list, picture{screen, ui.Place{Screen: screen}})
	}
	return append(list, picture{"rollouts-one", ui.Place{Screen: ui.Rollouts, Rollout: ended}})
}

// practiced opens a practice shop in which somebody has worked, and returns the
// rollout that has ended.
func practiced(t *testing.T) (*wire.Office, data.RolloutID) {
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
	if err := office.Driver.Drive(ctx, now, true); err != nil {
		t.Fatal(err)
	}
	rollout(t, office, app.PlanRequest{Name: "November, second round", Hosts: all, Reboot: data.RebootIfNeeded}, "")
	return office, now
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
