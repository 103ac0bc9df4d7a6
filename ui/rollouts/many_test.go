package rollouts_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/rollouts"
)

// TestRolloutOfManyHostsIsShownAndFiltered shows 1,500 runs on a large window.
func TestRolloutOfManyHostsIsShownAndFiltered(t *testing.T) {
	a := kittest.Start(t, false)
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	must(t, storetest.Fill(t.Context(), db, 1500, 8))
	desk := &app.Desk{DB: db, Now: time.Now, By: "anna@desk1"}
	id := bigRollout(t, desk)
	s := ui.NewShell(t.Context(), a, ui.Options{Workspace: "shop.db"})
	s.Add(rollouts.New(s, &ui.Tools{Desk: desk, Path: db.Path()}))
	s.Show()
	s.Window().Resize(fyne.NewSize(1920, 1080))
	kittest.Settle(t)
	w := s.Window()
	s.Go(ui.Place{Screen: ui.Rollouts, Rollout: id})
	kittest.Settle(t)
	kittest.ShotOf(t, "rollouts-many", w, false)
	kittest.Press(t, w, "Needs you")
	kittest.ShotOf(t, "rollouts-many-filtered", w, false)
	s.Go(ui.Place{Screen: ui.Rollouts, New: true})
	kittest.Settle(t)
	kittest.Press(t, w, "All shown")
	kittest.See(t, w, "1,500 hosts")
	kittest.ShotOf(t, "rollouts-many-maker", w, false)
}

func bigRollout(t *testing.T, d *app.Desk) data.RolloutID {
	t.Helper()
	ctx, now := t.Context(), d.Now()
	hosts, err := d.DB.Hosts(ctx)
	must(t, err)
	p := data.Plan{Name: "Kernel und Bibliotheken für alle Produktionsserver, zweite Welle", Created: now, CreatedBy: "anna@desk1", Parallel: 20}
	for i, h := range hosts {
		p.Hosts = append(p.Hosts, data.PlanHost{Host: h.ID, Ring: 1 + i/300, Changes: data.Changes{Upgrade: []data.Target{{Name: fmt.Sprintf("pkg%d", i%40), From: "1", To: "2"}}}})
	}
	pid, err := d.SavePlan(ctx, p)
	must(t, err)
	stored, err := d.DB.Plan(ctx, pid)
	must(t, err)
	must(t, d.ApprovePlan(ctx, pid, stored.Digest(), ""))
	id, err := d.StartRollout(ctx, pid, "")
	must(t, err)
	runs, err := d.DB.Runs(ctx, id)
	must(t, err)
	for i, r := range runs[:40] {
		r.Step, r.Started = data.StepInstall, now.Add(-time.Duration(i)*time.Minute)
		if i%4 != 0 {
			r.Step, r.Ended, r.Outcome, r.Detail = data.StepEnded, now, data.OutcomeSucceeded, "1 of 1 changes are in"
		}
		if i%13 == 1 {
			r.Outcome, r.Detail = data.OutcomeFailed, "the job ended with exit status 100: 0 of 1 changes are in"
		}
		must(t, d.DB.SaveRun(ctx, r))
	}
	return id
}
