package wire

import (
	"path/filepath"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
)

func TestPracticeShopIsScannedOverRealSSH(t *testing.T) {
	off := openPractice(t)
	hosts, err := off.Desk.DB.Hosts(t.Context())
	if err != nil || len(hosts) < 12 {
		t.Fatalf("%d hosts, %v", len(hosts), err)
	}
	var ids []data.HostID
	for _, h := range hosts {
		ids = append(ids, h.ID)
	}
	missing := 0
	err = off.Desk.Scan(t.Context(), ids, false, func(r app.ScanResult) {
		missing += r.Verdict.Missing
		t.Logf("%-10s %-10s %3d missing, trusted %v, took %v: %s %v", r.Host.Name, r.Verdict.Compliance, r.Verdict.Missing, r.Scan.Trusted(), r.Took, r.Verdict.Because, r.Err)
	})
	if err != nil || missing == 0 {
		t.Errorf("%d missing, %v", missing, err)
	}
}

func TestWorkspaceIsMadeWhereNoneIs(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), "new folder", "shop.db")
	off, err := Open(t.Context(), Options{Workspace: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := off.Close(); err != nil {
		t.Error(err)
	}
}

func TestPracticeShopHasAPast(t *testing.T) {
	off := openPractice(t)
	ctx, db := t.Context(), off.Desk.DB
	points, err := db.Points(ctx, time.Time{})
	if err != nil || len(points) < 100 {
		t.Errorf("%d points of a trend, %v", len(points), err)
	}
	closed, err := db.Closed(ctx, time.Time{})
	if err != nil || len(closed) < 20 {
		t.Errorf("%d updates went in, %v", len(closed), err)
	}
	rollouts, err := db.Rollouts(ctx)
	if err != nil || len(rollouts) != 1 || rollouts[0].State != data.RolloutDone {
		t.Errorf("rollouts %+v, %v", rollouts, err)
	}
	if n, err := db.VerifyAudit(ctx); err != nil || n < 100 {
		t.Errorf("audit trail of %d entries, %v", n, err)
	}
	windows, err := db.Windows(ctx)
	if err != nil || len(windows) < 5 || windows[0].Agreed.At.IsZero() {
		t.Errorf("windows %+v, %v", windows, err)
	}
}

// TestMainJob goes the whole way over real SSH and the shipped scripts: scan,
// plan, approve, roll out with a reboot, verify, and see compliance change.
func TestMainJob(t *testing.T) {
	off := openPractice(t)
	off.Shop.Speed(20)
	ctx, d := t.Context(), off.Desk
	web1, err := d.DB.HostByName(ctx, "web1")
	if err != nil {
		t.Fatal(err)
	}
	ids := []data.HostID{web1.ID}
	var before data.HostVerdict
	if err := d.Scan(ctx, ids, true, func(r app.ScanResult) { before = r.Verdict }); err != nil || before.Compliance != data.Overdue {
		t.Fatalf("before: %+v, %v", before, err)
	}
	p, notes, err := d.MakePlan(ctx, app.PlanRequest{Name: "now", Hosts: ids, KeptBack: true, Reboot: data.RebootIfNeeded}, nil)
	if err != nil {
		t.Fatalf("plan: %v, notes %v", err, notes)
	}
	id, err := d.SavePlan(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ApprovePlan(ctx, id, p.Digest(), "looked at"); err != nil {
		t.Fatal(err)
	}
	rollout, err := d.StartRollout(ctx, id, "exploited in the wild")
	if err != nil {
		t.Fatal(err)
	}
	if err := off.Driver.Drive(ctx, rollout, true); err != nil {
		t.Fatal(err)
	}
	runs, err := d.DB.Runs(ctx, rollout)
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := d.DB.Log(ctx, runs[0].ID, 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	if runs[0].Outcome != data.OutcomeSucceeded || runs[0].RebootAsked.IsZero() {
		for _, l := range log {
			t.Log(l.From, l.Text)
		}
		t.Fatalf("run %+v", runs[0])
	}
	_, after, err := d.Verdicts(ctx, web1.ID)
	if err != nil || after.Compliance != data.Compliant || after.RebootDebt != 0 {
		t.Errorf("after: %+v, %v", after, err)
	}
}

func openPractice(t *testing.T) *Office {
	t.Helper()
	off, err := Open(t.Context(), Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := off.Close(); err != nil {
			t.Error(err)
		}
	})
	return off
}
