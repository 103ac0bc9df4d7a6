package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"secondtuesday/data"
)

// trail makes a workspace with n audit entries.
func trail(t *testing.T, n int) *DB {
	t.Helper()
	db := newDB(t)
	for i := range n {
		e := entry("host added")
		e.What, e.Why, e.Data = fmt.Sprintf("host web%d", i+1), "new", `{"n":1}`
		ok(t, db.AppendAudit(t.Context(), e))
	}
	return db
}

// tamper runs statements as somebody would who knows the file and takes the
// triggers away first.
func tamper(t *testing.T, db *DB, statements string) {
	t.Helper()
	s := raw(t, db)
	_, err := s.Exec(`DROP TRIGGER audit_never_changes; DROP TRIGGER audit_never_removed; DROP TRIGGER audit_only_grows;` + statements)
	ok(t, err)
}

func TestUntouchedAuditTrailIsSound(t *testing.T) {
	for _, n := range []int{0, 1, 5} {
		db := trail(t, n)
		if got := must(db.VerifyAudit(t.Context()))(t); got != n {
			t.Errorf("%d entries are sound, want %d", got, n)
		}
	}
}

func TestTamperedAuditTrailIsNoticed(t *testing.T) {
	for _, c := range []struct {
		name, statements string
		says             string
		sound            int
	}{
		{"person edited", `UPDATE audit SET by = 'bob@desk1' WHERE id = 3`, "audit entry 3: it was changed", 2},
		{"time edited", `UPDATE audit SET at = at + 1 WHERE id = 3`, "audit entry 3: it was changed", 2},
		{"reason edited", `UPDATE audit SET why = '' WHERE id = 1`, "audit entry 1: it was changed", 0},
		{"verb edited", `UPDATE audit SET verb = 'host removed' WHERE id = 5`, "audit entry 5: it was changed", 4},
		{"data edited", `UPDATE audit SET data = '{}' WHERE id = 2`, "audit entry 2: it was changed", 1},
		{"text moved to the next field", `UPDATE audit SET what = what || 'n', why = 'ew' WHERE id = 2`, "audit entry 2: it was changed", 1},
		{"hash edited", `UPDATE audit SET hash = prev WHERE id = 4`, "audit entry 4: it was changed", 3},
		{"removed", `DELETE FROM audit WHERE id = 3`, "audit entry 4: entry 3 is missing", 2},
		{"removed and renumbered", `DELETE FROM audit WHERE id = 3; UPDATE audit SET id = id - 1 WHERE id > 3`,
			"audit entry 3: it does not follow the entry before", 2},
		{"first removed", `DELETE FROM audit WHERE id = 1`, "audit entry 2: entry 1 is missing", 0},
		{"reordered", `UPDATE audit SET id = 99 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 99`,
			"audit entry 2: it does not follow the entry before", 1},
		{"tail cut", `DELETE FROM audit WHERE id > 3`, "ends with entry 3, it should end with entry 5", 3},
		{"all removed", `DELETE FROM audit`, "ends with entry 0, it should end with entry 5", 0},
		{"tail cut and counted anew", `DELETE FROM audit WHERE id > 3; UPDATE meta SET audit_count = 3`, "ends with entry 3", 3},
		{"all removed and the end forged", `DELETE FROM audit; UPDATE meta SET audit_head = ''`, "ends with entry 0, it should end with entry 5", 0},
		{"entry put behind", `INSERT INTO audit SELECT 6, at, by, verb, what, why, data, hash, prev FROM audit WHERE id = 5`,
			"audit entry 6: it was changed", 5},
		{"end forgotten", `DELETE FROM meta`, "the record of the trail's end is gone", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := trail(t, 5)
			tamper(t, db, c.statements)
			n, err := db.VerifyAudit(t.Context())
			wantErr(t, err, ErrCorrupt, "verify audit trail", c.says)
			if n != c.sound {
				t.Errorf("%d entries are sound, want %d", n, c.sound)
			}
		})
	}
}

func TestWorkGoesOnAfterATailWasCutAndTheGapStaysVisible(t *testing.T) {
	db := trail(t, 5)
	tamper(t, db, `DELETE FROM audit WHERE id > 3`)
	addHost(t, db, "web1")
	addHost(t, db, "web2")
	_, err := db.VerifyAudit(t.Context())
	wantErr(t, err, ErrCorrupt, "audit entry 4: it does not follow the entry before")
}

// The limit that VerifyAudit's comment admits, and what helps.
func TestForgedTrailIsShownOnlyByAHashKeptElsewhere(t *testing.T) {
	db := trail(t, 5)
	_, kept, err := db.AuditHead(t.Context())
	ok(t, err)
	all := must(db.Audit(t.Context(), 0, 0))(t)
	tamper(t, db, `DELETE FROM audit; UPDATE meta SET audit_count = 0, audit_head = ''`)
	for i := len(all) - 1; i >= 0; i-- {
		e := all[i]
		e.By = "bob@desk1"
		ok(t, db.AppendAudit(t.Context(), e))
	}
	if n, err := db.VerifyAudit(t.Context()); n != 5 || err != nil {
		t.Errorf("n = %d, err = %v: the comment on VerifyAudit promises too little", n, err)
	}
	if _, now, _ := db.AuditHead(t.Context()); now == kept {
		t.Error("a forged trail has the hash of the true one")
	}
}

func TestTriggersKeepTheAuditTrail(t *testing.T) {
	db := trail(t, 3)
	for _, statement := range []string{
		`UPDATE audit SET by = 'bob' WHERE id = 2`,
		`DELETE FROM audit WHERE id = 3`,
		`INSERT OR REPLACE INTO audit VALUES (2, 0, '', '', '', '', '', '', '')`,
		`REPLACE INTO audit VALUES (3, 0, '', '', '', '', '', '', '')`,
		`INSERT INTO audit VALUES (9, 0, '', '', '', '', '', '', '')`,
	} {
		if _, err := raw(t, db).Exec(statement); err == nil {
			t.Errorf("%s: went through", statement)
		}
	}
	if n := must(db.VerifyAudit(t.Context()))(t); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}

func TestChangeWithoutWhoIsRefused(t *testing.T) {
	db := newDB(t)
	for _, e := range []data.AuditEntry{{}, {At: day, Verb: "host added"}, {At: day, By: "anna"}, {By: "anna", Verb: "host added"}} {
		if _, err := db.SaveHosts(t.Context(), []data.Host{{Name: "web1"}}, e); err == nil {
			t.Errorf("entry %+v went through", e)
		}
	}
	if n := len(must(db.Hosts(t.Context()))(t)); n != 0 {
		t.Errorf("%d hosts were stored without a sound audit entry", n)
	}
}

func TestFailedChangeLeavesNoAuditEntry(t *testing.T) {
	db := newDB(t)
	addHost(t, db, "web1")
	_, err := db.SaveHosts(t.Context(), []data.Host{{Name: "web2"}, {Name: "WEB1"}}, entry("hosts imported"))
	wantErr(t, err, ErrConflict)
	if n := must(db.VerifyAudit(t.Context()))(t); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

func TestAuditIsReadInPagesNewestFirst(t *testing.T) {
	db := trail(t, 5)
	first := must(db.Audit(t.Context(), 2, 0))(t)
	then := must(db.Audit(t.Context(), 2, first[1].ID))(t)
	var ids []data.AuditID
	for _, e := range append(first, then...) {
		ids = append(ids, e.ID)
	}
	if fmt.Sprint(ids) != "[5 4 3 2]" {
		t.Errorf("entries %v", ids)
	}
	if e := first[0]; e.What != "host web5" || e.By != "anna@desk1" || !e.At.Equal(day) || e.Prev != first[1].Hash {
		t.Errorf("newest = %+v", e)
	}
}

// Every writing method that takes an entry stores it; one that lost it would
// leave a change nobody made.
func TestEveryChangeIsInTheAuditTrail(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	host := addHost(t, db, "web1")
	group := must(db.SaveGroup(ctx, data.Group{Name: "web"}, entry("group added")))(t)
	window := must(db.SaveWindow(ctx, data.Window{Name: "w", Groups: []data.GroupID{group}}, entry("window added")))(t)
	freeze := must(db.SaveFreeze(ctx, data.Freeze{Name: "f"}, entry("freeze added")))(t)
	plan := must(db.SavePlan(ctx, data.Plan{Name: "p"}, entry("plan saved")))(t)
	var rollout data.RolloutID
	for _, step := range []struct {
		verb string
		do   func(context.Context, data.AuditEntry) error
	}{
		{"scan saved", func(ctx context.Context, e data.AuditEntry) error {
			_, err := db.SaveScan(ctx, data.Scan{Host: host, At: day}, e, nil)
			return err
		}},
		{"standard saved", func(ctx context.Context, e data.AuditEntry) error {
			_, err := db.SaveStandard(ctx, data.Standard{}, e)
			return err
		}},
		{"exception saved", func(ctx context.Context, e data.AuditEntry) error {
			_, err := db.SaveException(ctx, data.Exception{RequestedBy: "eva", Expires: day}, e)
			return err
		}},
		{"plan approved", func(ctx context.Context, e data.AuditEntry) error {
			return db.ApprovePlan(ctx, plan, data.Approval{By: "eva", At: day}, e)
		}},
		{"rollout started", func(ctx context.Context, e data.AuditEntry) (err error) {
			rollout, err = db.SaveRollout(ctx, data.Rollout{Plan: plan}, nil, e)
			return err
		}},
		{"rollout ended", func(ctx context.Context, e data.AuditEntry) error {
			return db.UpdateRollout(ctx, data.Rollout{}, data.Rollout{ID: rollout, Ended: day}, e)
		}},
		{"window removed", func(ctx context.Context, e data.AuditEntry) error { return db.RemoveWindow(ctx, window, e) }},
		{"freeze removed", func(ctx context.Context, e data.AuditEntry) error { return db.RemoveFreeze(ctx, freeze, e) }},
		{"group removed", func(ctx context.Context, e data.AuditEntry) error { return db.RemoveGroup(ctx, group, e) }},
		{"host removed", func(ctx context.Context, e data.AuditEntry) error {
			return db.RemoveHosts(ctx, []data.HostID{host}, e)
		}},
	} {
		ok(t, step.do(ctx, entry(step.verb)))
		if newest := must(db.Audit(ctx, 1, 0))(t)[0]; newest.Verb != step.verb {
			t.Errorf("after %q the newest entry says %q", step.verb, newest.Verb)
		}
	}
	if n := must(db.VerifyAudit(ctx))(t); n != 15 {
		t.Errorf("%d entries, want 15", n)
	}
}

func TestCancelledChangeIsNotDone(t *testing.T) {
	db := newDB(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.AppendAudit(ctx, entry("host added")); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if n := must(db.VerifyAudit(t.Context()))(t); n != 0 {
		t.Errorf("%d entries, want none", n)
	}
}
