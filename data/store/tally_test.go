package store

import (
	"path/filepath"
	"testing"
	"time"

	"secondtuesday/data"
)

func TestTalliesCountRunsByOutcome(t *testing.T) {
	db := openDB(t, filepath.Join(t.TempDir(), "shop.db"))
	ctx := t.Context()
	e := data.AuditEntry{At: time.Now(), By: "a", Verb: "v", What: "w"}
	p, err := db.SavePlan(ctx, data.Plan{Name: "p"}, e)
	if err != nil {
		t.Fatal(err)
	}
	var runs []data.Run
	for i := range 4 {
		runs = append(runs, data.Run{Host: data.HostID(i + 1), Step: data.StepQueued, Attempt: 1})
	}
	id, err := db.SaveRollout(ctx, data.Rollout{Plan: p, Reason: "now", Started: time.Now()}, runs, e)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := db.Runs(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	stored[0].Step, stored[0].Outcome = data.StepEnded, data.OutcomeSucceeded
	stored[1].Step, stored[1].Outcome = data.StepInstall, data.OutcomeUnknown
	stored[2].Step = data.StepInstall
	for _, r := range stored[:3] {
		if err := db.SaveRun(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Tallies(ctx)
	if err != nil {
		t.Fatal(err)
	}
	g := got[id]
	if g.All() != 4 || g.Active != 1 || g.Queued != 1 || g.Outcomes[data.OutcomeSucceeded] != 1 || g.Outcomes[data.OutcomeUnknown] != 1 {
		t.Errorf("%+v", g)
	}
}
