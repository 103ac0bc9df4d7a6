package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func TestHostNamesAreUniqueWithoutRegardToCase(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	id := addHost(t, db, "Müller-Web")
	_, err := db.SaveHosts(ctx, []data.Host{{Name: "db1"}, {Name: "MÜLLER-web"}}, entry("hosts imported"))
	wantErr(t, err, ErrConflict, `host "MÜLLER-web"`, `"Müller-Web"`)
	_, err = db.SaveHosts(ctx, []data.Host{{Name: "db1"}, {Name: "DB1"}}, entry("hosts imported"))
	wantErr(t, err, ErrConflict, `"DB1"`)
	if all := must(db.Hosts(ctx))(t); len(all) != 1 {
		t.Errorf("half of an import is stored: %v", all)
	}
	must(db.SaveHosts(ctx, []data.Host{{ID: id, Name: "MÜLLER-WEB"}}, entry("host renamed")))(t)
	if h := must(db.HostByName(ctx, "müller-web"))(t); h.ID != id || h.Name != "MÜLLER-WEB" {
		t.Errorf("host = %+v", h)
	}
	_, err = db.HostByName(ctx, "db1")
	wantErr(t, err, ErrNotFound, `"db1"`)
	_, err = db.SaveHosts(ctx, []data.Host{{ID: 99, Name: "gone"}}, entry("host changed"))
	wantErr(t, err, ErrNotFound, `"gone"`)
	_, err = db.SaveHosts(ctx, []data.Host{{Name: "db1", Group: 99}}, entry("host added"))
	wantErr(t, err, ErrNotFound, `"db1"`)
}

func TestRemovedHostTakesItsRowsAndLeavesTheTrail(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	gone, stays := addHost(t, db, "gone"), addHost(t, db, "stays")
	for _, h := range []data.HostID{gone, stays} {
		u := update("3.0.2", data.Security, data.High)
		for n, updates := range [][]data.Update{{u, {Name: "curl"}}, {u}} {
			must(db.SaveScan(ctx, data.Scan{Host: h, At: hour(n), Updates: updates, Evidence: []data.Evidence{{}}}, entry("scan saved"), nil))(t)
		}
		must(db.SaveException(ctx, data.Exception{Host: h, RequestedBy: "eva", Expires: day}, entry("exception saved")))(t)
		ok(t, db.KeepVerdicts(ctx, []data.HostVerdict{{Host: h}}, []data.Point{{Host: h, At: day}}))
	}
	ok(t, db.RemoveHosts(ctx, []data.HostID{gone}, entry("host removed")))
	for _, table := range []string{"scans", "evidence", "latest", "missing", "closed", "exceptions", "verdicts", "points"} {
		var all, left int
		ok(t, db.r.QueryRow(`SELECT count(*), count(*) FILTER (WHERE host = ?) FROM `+table, gone).Scan(&all, &left))
		if left != 0 || all == 0 {
			t.Errorf("%s: %d rows of the removed host, %d in all", table, left, all)
		}
	}
	must(db.VerifyAudit(ctx))(t)
	ok(t, db.KeepVerdicts(ctx, []data.HostVerdict{{Host: gone}}, []data.Point{{Host: gone, At: day}})) // judged meanwhile
	if all := must(db.HostVerdicts(ctx))(t); len(all) != 1 {
		t.Errorf("verdicts = %v", all)
	}
	wantErr(t, db.RemoveHosts(ctx, []data.HostID{stays, gone}, entry("hosts removed")), ErrNotFound, fmt.Sprint("host ", gone))
	if all := must(db.Hosts(ctx))(t); len(all) != 1 {
		t.Errorf("hosts = %v", all)
	}
	if next := addHost(t, db, "new"); next <= stays {
		t.Errorf("ID %d was used again: an old plan may name it", next)
	}
}

func TestHostInARolloutUnderWayIsNotRemoved(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	h := addHost(t, db, "web1")
	id, runs := startRollout(t, db, h)
	wantErr(t, db.RemoveHosts(ctx, []data.HostID{h}, entry("host removed")), ErrConflict, fmt.Sprintf("rollout %d", id))
	runs[0].Step, runs[0].Outcome = data.StepEnded, data.OutcomeSucceeded
	ok(t, db.SaveRun(ctx, runs[0]))
	ok(t, db.RemoveHosts(ctx, []data.HostID{h}, entry("host removed")))
	if left := must(db.Runs(ctx, id))(t); len(left) != 1 || left[0].Host != h {
		t.Errorf("what was done on a removed host is forgotten: %+v", left)
	}
}

func TestRemovedGroupLeavesHostsAndWidensNoFreeze(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	web := must(db.SaveGroup(ctx, data.Group{Name: "web"}, entry("group added")))(t)
	mail := must(db.SaveGroup(ctx, data.Group{Name: "mail"}, entry("group added")))(t)
	_, err := db.SaveGroup(ctx, data.Group{Name: "WEB"}, entry("group added"))
	wantErr(t, err, ErrConflict, `"web"`)
	h := must(db.SaveHosts(ctx, []data.Host{{Name: "web1", Group: web}}, entry("host added")))(t)[0]
	must(db.SaveWindow(ctx, data.Window{Name: "w", Groups: []data.GroupID{web, mail}}, entry("window added")))(t)
	freeze := must(db.SaveFreeze(ctx, data.Freeze{Name: "Christmas", Groups: []data.GroupID{web}}, entry("freeze added")))(t)
	wantErr(t, db.RemoveGroup(ctx, web, entry("group removed")), ErrConflict, "Christmas")
	must(db.SaveFreeze(ctx, data.Freeze{ID: freeze, Name: "Christmas", Groups: []data.GroupID{web, mail}}, entry("freeze changed")))(t)
	ok(t, db.RemoveGroup(ctx, web, entry("group removed")))
	if got := must(db.Host(ctx, h))(t); got.Group != 0 {
		t.Errorf("group of the host = %d", got.Group)
	}
	want := fmt.Sprint([]data.GroupID{mail})
	if got := must(db.Windows(ctx))(t)[0].Groups; fmt.Sprint(got) != want {
		t.Errorf("groups of the window = %v", got)
	}
	if got := must(db.Freezes(ctx))(t)[0].Groups; fmt.Sprint(got) != want {
		t.Errorf("groups of the freeze = %v", got)
	}
	_, err = db.SaveWindow(ctx, data.Window{Name: "x", Groups: []data.GroupID{web}}, entry("window added"))
	wantErr(t, err, ErrNotFound, "save window", fmt.Sprint("group ", web))
	wantErr(t, db.RemoveGroup(ctx, web, entry("group removed")), ErrNotFound)
	wantErr(t, db.RemoveWindow(ctx, 99, entry("window removed")), ErrNotFound)
	wantErr(t, db.RemoveFreeze(ctx, 99, entry("freeze removed")), ErrNotFound)
}

func TestExceptionNeedsARequesterAndAnEnd(t *testing.T) {
	db := newDB(t)
	for _, e := range []data.Exception{{Expires: day}, {RequestedBy: "eva"}} {
		if _, err := db.SaveException(t.Context(), e, entry("exception saved")); err == nil {
			t.Errorf("%+v went through", e)
		}
	}
}

func TestStandardInForceIsTheOneOfThatTime(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	for i, from := range []int{0, 10, 20, 10} {
		must(db.SaveStandard(ctx, data.Standard{Name: fmt.Sprint("v", i+1), Version: 7, ValidFrom: hour(from), Target: 0.95}, entry("standard saved")))(t)
	}
	_, err := db.StandardAt(ctx, hour(-1))
	wantErr(t, err, ErrNotFound, "2026-11-10")
	for at, want := range map[int]string{0: "v1", 9: "v1", 10: "v4", 19: "v4", 20: "v3", 99: "v3"} {
		if s := must(db.StandardAt(ctx, hour(at)))(t); s.Name != want {
			t.Errorf("at hour %d: %s, want %s", at, s.Name, want)
		}
	}
	all := must(db.Standards(ctx))(t)
	if len(all) != 4 || all[0].Version != 4 || all[3].Version != 1 {
		t.Errorf("versions = %+v", all)
	}
	for _, statement := range []string{`UPDATE standards SET target = 0`, `DELETE FROM standards`,
		`REPLACE INTO standards SELECT * FROM standards WHERE version = 1`} {
		if _, err := raw(t, db).Exec(statement); err == nil {
			t.Errorf("%s: went through", statement)
		}
	}
}

// storedPlan stores a plan for the hosts and returns it.
func storedPlan(t *testing.T, db *DB, hosts ...data.HostID) data.Plan {
	t.Helper()
	p := data.Plan{Name: "November", Created: day, CreatedBy: "anna"}
	for _, h := range hosts {
		p.Hosts = append(p.Hosts, data.PlanHost{Host: h, Ring: 1, Changes: data.Changes{
			Upgrade: []data.Target{{Name: "openssl", Arch: "amd64", From: "3.0.1", To: "3.0.2"}}}})
	}
	id := must(db.SavePlan(t.Context(), p, entry("plan saved")))(t)
	return must(db.Plan(t.Context(), id))(t)
}

func TestStoredPlanNeverChanges(t *testing.T) {
	db := newDB(t)
	p := storedPlan(t, db, addHost(t, db, "web1"))
	for _, statement := range []string{
		`UPDATE plans SET body = replace(body, '3.0.2', '3.0.9')`,
		`UPDATE plans SET digest = ''`, `UPDATE plans SET name = 'x'`, `UPDATE plans SET head = '{}'`,
		`DELETE FROM plans`,
		`REPLACE INTO plans (id, name, created, created_by, head, body, digest, hosts, targets) VALUES (1, '', 0, '', '', '', '', 0, 0)`,
	} {
		if _, err := raw(t, db).Exec(statement); err == nil {
			t.Errorf("%s: went through", statement)
		}
	}
	same(t, p, must(db.Plan(t.Context(), p.ID))(t))
	ok(t, db.ApprovePlan(t.Context(), p.ID, data.Approval{By: "eva", At: day}, entry("plan approved")))
	if _, err := raw(t, db).Exec(`UPDATE plans SET approved_by = 'bob'`); err == nil {
		t.Error("an approval was changed")
	}
}

func TestPlanChangedBehindTheStoreIsNoticed(t *testing.T) {
	db := newDB(t)
	p := storedPlan(t, db, addHost(t, db, "web1"))
	must(raw(t, db).Exec(`DROP TRIGGER plans_never_change; UPDATE plans SET body = replace(body, '3.0.2', '3.0.9')`))(t)
	_, err := db.Plan(t.Context(), p.ID)
	wantErr(t, err, ErrCorrupt, fmt.Sprint("plan ", p.ID))
	err = db.ApprovePlan(t.Context(), p.ID, data.Approval{By: "eva", At: day}, entry("plan approved"))
	wantErr(t, err, ErrCorrupt)
	must(raw(t, db).Exec(`UPDATE plans SET body = '{'`))(t)
	_, err = db.Plan(t.Context(), p.ID)
	wantErr(t, err, ErrCorrupt)
}

func TestPlanIsApprovedOnce(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	p := data.Plan{Approved: data.Approval{By: "bob", At: day}}
	id := must(db.SavePlan(ctx, p, entry("plan saved")))(t)
	if got := must(db.Plan(ctx, id))(t); !got.Approved.At.IsZero() {
		t.Fatal("a plan came into the store approved")
	}
	for _, a := range []data.Approval{{}, {By: "eva"}, {At: day}} {
		if err := db.ApprovePlan(ctx, id, a, entry("plan approved")); err == nil {
			t.Errorf("approval %+v went through", a)
		}
	}
	ok(t, db.ApprovePlan(ctx, id, data.Approval{By: "eva", At: day}, entry("plan approved")))
	wantErr(t, db.ApprovePlan(ctx, id, data.Approval{By: "bob", At: day}, entry("plan approved")), ErrConflict, "eva")
	wantErr(t, db.ApprovePlan(ctx, 99, data.Approval{By: "bob", At: day}, entry("plan approved")), ErrNotFound)
}

func TestAnApprovalIsWithdrawnUnlessARolloutHasBegun(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	h := addHost(t, db, "web1")
	p := storedPlan(t, db, h)
	wantErr(t, db.WithdrawApproval(ctx, p.ID, entry("plan approval withdrawn")), ErrConflict, "not approved")
	a := data.Approval{By: "eva", At: day}
	ok(t, db.ApprovePlan(ctx, p.ID, a, entry("plan approved")))
	ok(t, db.WithdrawApproval(ctx, p.ID, entry("plan approval withdrawn")))
	same(t, p, must(db.Plan(ctx, p.ID))(t))
	id, _ := startRollout(t, db, h)
	r := must(db.Rollout(ctx, id))(t)
	wantErr(t, db.WithdrawApproval(ctx, r.Plan, entry("plan approval withdrawn")), ErrConflict, fmt.Sprint("rollout ", id))
	wantErr(t, db.WithdrawApproval(ctx, 99, entry("plan approval withdrawn")), ErrNotFound)
}

// startRollout stores an approved plan for the hosts and a rollout of it.
func startRollout(t *testing.T, db *DB, hosts ...data.HostID) (data.RolloutID, []data.Run) {
	t.Helper()
	p := storedPlan(t, db, hosts...)
	ok(t, db.ApprovePlan(t.Context(), p.ID, data.Approval{By: "eva", At: day}, entry("plan approved")))
	var runs []data.Run
	for _, h := range hosts {
		runs = append(runs, data.Run{Host: h, Ring: 1, Step: data.StepQueued, Attempt: 1})
	}
	id := must(db.SaveRollout(t.Context(), data.Rollout{Plan: p.ID, Started: day, State: data.RolloutRunning}, runs, entry("rollout started")))(t)
	return id, must(db.Runs(t.Context(), id))(t)
}

func TestOnePlanHasOneOpenRollout(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	h := addHost(t, db, "web1")
	id, _ := startRollout(t, db, h)
	r := must(db.Rollout(ctx, id))(t)
	_, err := db.SaveRollout(ctx, data.Rollout{Plan: r.Plan}, nil, entry("rollout started"))
	wantErr(t, err, ErrConflict, fmt.Sprint("rollout ", id))
	was := r
	r.State, r.Ended, r.Note = data.RolloutDone, hour(1), "all hosts are done"
	ok(t, db.UpdateRollout(ctx, was, r, entry("rollout ended")))
	wantErr(t, db.UpdateRollout(ctx, was, r, entry("rollout ended")), ErrConflict, "done by now")
	same(t, r, must(db.Rollout(ctx, id))(t))
	_, err = db.SaveRollout(ctx, data.Rollout{Plan: r.Plan}, []data.Run{{Host: h}, {Host: h}}, entry("rollout started"))
	wantErr(t, err, ErrConflict, fmt.Sprint("host ", h))
	if all := must(db.Rollouts(ctx))(t); len(all) != 1 {
		t.Errorf("rollouts = %+v", all)
	}
	_, err = db.SaveRollout(ctx, data.Rollout{Plan: 99}, nil, entry("rollout started"))
	wantErr(t, err, ErrNotFound)
	wantErr(t, db.UpdateRollout(ctx, data.Rollout{}, data.Rollout{ID: 99}, entry("rollout ended")), ErrNotFound)
}

func TestUnapprovedPlanIsRolledOutOnlyWithAReason(t *testing.T) {
	db := newDB(t)
	p := storedPlan(t, db, addHost(t, db, "web1"))
	_, err := db.SaveRollout(t.Context(), data.Rollout{Plan: p.ID}, nil, entry("rollout started"))
	wantErr(t, err, ErrConflict, "not approved")
	must(db.SaveRollout(t.Context(), data.Rollout{Plan: p.ID, Reason: "exploited since this morning"}, nil, entry("rollout started")))(t)
}

func TestEndedRunGoesOnOnlyAsALaterAttempt(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	_, runs := startRollout(t, db, addHost(t, db, "web1"), addHost(t, db, "web2"))
	run := runs[0]
	run.Step = data.StepInstall
	ok(t, db.SaveRun(ctx, run))
	run.Step, run.Outcome = data.StepEnded, data.OutcomeUnknown
	ok(t, db.SaveRun(ctx, run))
	if open := must(db.OpenRuns(ctx))(t); len(open) != 1 || open[0].ID != runs[1].ID {
		t.Errorf("open runs = %+v", open)
	}
	stale := run
	stale.Step, stale.Outcome = data.StepInstall, ""
	wantErr(t, db.SaveRun(ctx, stale), ErrConflict, "attempt 1 has ended")
	run.Detail = "the host says it went well"
	ok(t, db.SaveRun(ctx, run)) // the same end, better known
	again := stale
	again.Attempt = 2
	ok(t, db.SaveRun(ctx, again))
	wantErr(t, db.SaveRun(ctx, run), ErrConflict, "attempt 2 has begun")
	wantErr(t, db.SaveRun(ctx, data.Run{ID: 99}), ErrNotFound)
}

// The desk may be killed the moment after: what SaveRun stored must be in the
// files, not in a buffer of this process.
func TestRunIsOnDiskWhenSaveRunReturns(t *testing.T) {
	db := newDB(t)
	id, runs := startRollout(t, db, addHost(t, db, "web1"))
	runs[0].Step, runs[0].Job = data.StepInstall, "st-1"
	ok(t, db.SaveRun(t.Context(), runs[0]))
	copied := copyOf(t, db)
	if again := must(copied.Runs(t.Context(), id))(t); again[0].Job != "st-1" || again[0].Step != data.StepInstall {
		t.Errorf("run after the crash = %+v", again[0])
	}
}

func TestLogIsReadOnFromWhereItWasLeft(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	_, runs := startRollout(t, db, addHost(t, db, "web1"), addHost(t, db, "web2"))
	for i := range 6 {
		ok(t, db.AppendLog(ctx, []data.LogLine{{Run: runs[i%2].ID, At: day.Add(time.Duration(i) * time.Second), From: "host", Text: fmt.Sprint("line ", i)}}))
	}
	var got []string
	var last int64
	for {
		lines, next, err := db.Log(ctx, runs[0].ID, last, 2)
		ok(t, err)
		if len(lines) == 0 {
			if next != last {
				t.Errorf("an empty page moved the place from %d to %d", last, next)
			}
			break
		}
		for _, l := range lines {
			got = append(got, l.Text)
		}
		last = next
	}
	if s := strings.Join(got, ","); s != "line 0,line 2,line 4" {
		t.Errorf("lines = %s", s)
	}
	wantErr(t, db.AppendLog(ctx, []data.LogLine{{Run: 99}}), ErrNotFound)
}
