package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// ends counts the entries of ended runs, by verb.
func (s *shop) ends(t *testing.T) map[string]int {
	t.Helper()
	all, err := s.DB.Audit(t.Context(), 0, 0)
	must(t, err)
	n := map[string]int{}
	for _, e := range all {
		if _, run := read[data.Run](e); run.Outcome != data.OutcomeNone {
			n[e.Verb]++
		}
	}
	return n
}

func (s *shop) off(t *testing.T) []string {
	t.Helper()
	r, err := s.VerifyAudit(t.Context())
	must(t, err)
	return r.Off
}

// The disk is full, or the desk is killed, between an outcome and its entry.
func TestAnOutcomeIsStoredWithItsEntryOrNotAtAll(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	byHand(t, s.DB.Path(), `CREATE TRIGGER seam BEFORE INSERT ON audit WHEN NEW.verb = 'run succeeded' BEGIN SELECT raise(ABORT, 'killed'); END`)
	s.until(t, func(run data.Run) bool {
		lines, _, err := s.DB.Log(t.Context(), run.ID, 0, 0)
		must(t, err)
		return len(lines) > 0 && strings.HasPrefix(lines[len(lines)-1].Text, "succeeded: ")
	})
	if run := s.run(t); run.Outcome != data.OutcomeNone || len(s.ends(t)) != 0 {
		t.Fatalf("no entry could be written, and the run is %q; entries %v", run.Outcome, s.ends(t))
	}
	byHand(t, s.DB.Path(), `DROP TRIGGER seam`)
	must(t, s.drive(t.Context()))
	if n := s.ends(t); s.run(t).Outcome != data.OutcomeSucceeded || n["run succeeded"] != 1 || len(n) != 1 || s.w.starts != 1 {
		t.Errorf("run %q, entries %v, %d jobs", s.run(t).Outcome, n, s.w.starts)
	}
}

func TestARetryIsStoredWhollyOrNotAtAll(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.w.checks = []data.Check{{Name: "free disk", Result: data.CheckFailed}}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	before, err := s.DB.Rollout(t.Context(), s.rollout)
	must(t, err)
	byHand(t, s.DB.Path(), `CREATE TRIGGER seam BEFORE UPDATE ON runs BEGIN SELECT raise(ABORT, 'killed'); END`)
	if err := s.RetryRun(t.Context(), s.rollout, s.run(t).ID, "again"); err == nil {
		t.Fatal("the run could not be written")
	}
	after, err := s.DB.Rollout(t.Context(), s.rollout)
	must(t, err)
	if before != after || len(s.off(t)) != 0 {
		t.Errorf("the rollout went on without its run: %+v, %q", after, s.off(t))
	}
}

func TestEveryEndedRunHasExactlyOneEntry(t *testing.T) {
	for name, c := range map[string]struct {
		world func(*world)
		begin func(*shop)
		want  string
	}{
		"succeeded": {want: "run succeeded"},
		"failed":    {world: func(w *world) { w.badJob = func(*world, remote.Job) int { return 100 } }, want: "run failed"},
		"skipped":   {world: func(w *world) { w.checks = []data.Check{{Name: "disk", Result: data.CheckFailed}} }, want: "run skipped"},
		"cancelled before it began": {begin: func(s *shop) {
			must(t, s.CancelRollout(context.Background(), s.rollout, "not tonight"))
		}, want: "run cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if c.world != nil {
				c.world(w)
			}
			s := newShop(t, w, data.RebootNever)
			s.start(t, "")
			if c.begin != nil {
				c.begin(s)
			}
			must(t, s.drive(t.Context()))
			if n := s.ends(t); n[c.want] != 1 || len(n) != 1 {
				t.Errorf("entries of ended runs: %v, want one %q", n, c.want)
			}
			if off := s.off(t); len(off) != 0 {
				t.Errorf("rows that the trail does not tell of: %q", off)
			}
		})
	}
}

// Somebody who may write the file changes what lets a rollout touch a host.
func TestARowChangedBehindTheTrailTouchesNoHost(t *testing.T) {
	sale := data.Freeze{Name: "sale", From: night.Add(-time.Hour), Until: night.AddDate(0, 0, 1), Reason: "sale"}
	freeze := func(s *shop) {
		_, err := s.SaveFreeze(context.Background(), sale)
		must(t, err)
	}
	for name, c := range map[string]struct {
		before func(*shop)
		edit   string
		want   string // in the error
		done   bool   // it was driven to its end before
	}{
		"a window made longer": {edit: `UPDATE windows SET duration = 86400`, want: `window "night"`},
		"an agreement taken back": {edit: `UPDATE windows SET agreed_at = 1, agreed_by = 'owner'`, want: `window "night"`,
			before: func(s *shop) { must(t, s.WithdrawWindow(context.Background(), 1, "no")) }},
		"a freeze removed":      {before: freeze, edit: `DELETE FROM freeze_groups; DELETE FROM freezes`, want: `freeze "sale"`},
		"a freeze made shorter": {before: freeze, edit: `UPDATE freezes SET until_time = from_time + 60`, want: `freeze "sale"`},
		"a run done set back":   {done: true, edit: `UPDATE runs SET step = 'queued', body = json_set(body, '$.Outcome', '', '$.Step', 'queued'); UPDATE rollouts SET state = 'waiting', ended = 0`, want: "host web1"},
		"a run given a second attempt": {done: true, want: "host web1",
			edit: `UPDATE runs SET step = 'queued', attempt = 2, body = json_set(body, '$.Outcome', '', '$.Step', 'queued', '$.Attempt', 2); UPDATE rollouts SET state = 'waiting', ended = 0`},
		"a run that never was": {edit: `UPDATE runs SET step = 'install', body = json_set(body, '$.Step', 'install', '$.Job', 'st-0123456789')`, want: "host web1"},
		"a run done put in anew": {done: true, want: "the run of host web1",
			edit: `UPDATE runs SET id = id + 100, step = 'queued', body = json_set(body, '$.ID', id + 100, '$.Outcome', '', '$.Step', 'queued'); UPDATE rollouts SET state = 'waiting', ended = 0`},
		"a run moved to another ring": {edit: `UPDATE runs SET body = json_set(body, '$.Ring', 7)`, want: "in ring 7"},
		"a run of a host not planned": {edit: `UPDATE runs SET host = host + 1, body = json_set(body, '$.Host', host + 1)`, want: "host 2, which its plan does not name"},
		"a run taken out":             {edit: `DELETE FROM log; DELETE FROM runs`, want: "there is no run of host web1"},
		"a rollout let go on":         {edit: `UPDATE rollouts SET resumed = 1900000000`, want: "rollout 1"},
		"an approval that was withdrawn": {edit: `UPDATE plans SET approved_at = 1`, want: "approval of plan",
			before: func(s *shop) {
				// by hand again: withdrawing is refused while a rollout is open
				must(t, s.DB.AppendAudit(context.Background(), s.entry(verbWithdrawn, "plan", "", change{After: map[string]string{"digest": s.digest(t)}})))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, newWorld(), data.RebootNever)
			s.start(t, "")
			if c.done {
				must(t, s.drive(t.Context()))
			}
			if c.before != nil {
				c.before(s)
			}
			starts := s.w.starts
			if off := s.off(t); !c.done && !strings.Contains(c.edit, "approved") && len(off) != 0 {
				t.Fatalf("before the edit: %q", off)
			}
			if name != "an approval that was withdrawn" {
				byHand(t, s.DB.Path(), c.edit)
			}
			err := s.drive(t.Context())
			if !errors.Is(err, ErrOffTrail) || !strings.Contains(err.Error(), c.want) || s.w.starts != starts {
				t.Errorf("driven: %v, %d jobs", err, s.w.starts-starts)
			}
			if off := strings.Join(s.off(t), "; "); !strings.Contains(off, c.want) {
				t.Errorf("verify says %q", off)
			}
		})
	}
}

func (s *shop) digest(t *testing.T) string {
	t.Helper()
	p, err := s.DB.Plan(t.Context(), s.plan)
	must(t, err)
	return p.Digest()
}

func TestAFreezeRemovedByHandDuringThePreCheckKeepsTheJobFromStarting(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	s.meddle(func(ctx context.Context) {
		_, err := s.SaveFreeze(ctx, data.Freeze{Name: "sale", From: night.Add(-time.Hour), Until: night.AddDate(0, 0, 1), Reason: "sale"})
		must(t, err)
		byHand(t, s.DB.Path(), `DELETE FROM freezes`)
	})
	if err := s.drive(t.Context()); !errors.Is(err, ErrOffTrail) || s.w.starts != 0 {
		t.Errorf("%v, %d jobs", err, s.w.starts)
	}
}

// What a person does with the program never looks like somebody else's hand.
func TestWhatTheProgramDidIsOnTheTrail(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootAlways)
	ctx := t.Context()
	other, err := s.SaveGroup(ctx, data.Group{Name: "mail"})
	must(t, err)
	w, err := s.window(ctx, 1)
	must(t, err)
	w.Groups = append(w.Groups, other)
	_, err = s.SaveWindow(ctx, w)
	must(t, err)
	must(t, s.AgreeWindow(ctx, 1, "owner", "the mail hosts too"))
	undo, err := s.RemoveWindow(ctx, 1)
	must(t, err)
	must(t, undo(ctx))
	f, err := s.SaveFreeze(ctx, data.Freeze{Name: "sale", Groups: []data.GroupID{w.Groups[0], other}, From: s.Now().Add(time.Hour + time.Millisecond), Until: night.AddDate(0, 0, 1)})
	must(t, err)
	undo, err = s.RemoveFreeze(ctx, f)
	must(t, err)
	must(t, undo(ctx))
	must(t, s.RemoveGroup(ctx, other))
	s.w.badJob = func(*world, remote.Job) int { return 100 }
	s.start(t, "")
	must(t, s.drive(ctx))
	s.w.badJob = nil
	must(t, s.RetryRun(ctx, s.rollout, s.run(t).ID, "mended"))
	must(t, s.drive(ctx))
	if off := s.off(t); len(off) != 0 || s.run(t).Outcome != data.OutcomeSucceeded {
		t.Errorf("%q, run %+v", off, s.run(t))
	}
}

func TestWhatWasChangedByHandIsAgreedAgain(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	byHand(t, s.DB.Path(), `UPDATE windows SET duration = 14400`)
	if err := s.drive(t.Context()); !errors.Is(err, ErrOffTrail) {
		t.Fatal(err)
	}
	must(t, s.AgreeWindow(t.Context(), 1, "owner", "an hour more, then"))
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded {
		t.Errorf("run %+v", run)
	}
}

func TestAWithdrawnApprovalStartsNothing(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	ctx := t.Context()
	if err := s.WithdrawApproval(ctx, s.plan, "no"); !errors.Is(err, ErrNotApproved) {
		t.Errorf("a plan that is not approved: %v", err)
	}
	must(t, s.ApprovePlan(ctx, s.plan, s.digest(t), ""))
	if err := s.WithdrawApproval(ctx, s.plan, " "); !errors.Is(err, ErrNoReason) {
		t.Errorf("without a reason: %v", err)
	}
	must(t, s.WithdrawApproval(ctx, s.plan, "pulled by the vendor"))
	if _, err := s.StartRollout(ctx, s.plan, "now"); !errors.Is(err, ErrNotApproved) {
		t.Errorf("started without an approval: %v", err)
	}
	byHand(t, s.DB.Path(), `UPDATE plans SET approved_at = 1, approved_by = 'boss'`)
	if _, err := s.StartRollout(ctx, s.plan, "now"); !errors.Is(err, ErrNotApproved) {
		t.Errorf("an approval put back by hand: %v", err)
	}
	byHand(t, s.DB.Path(), `UPDATE plans SET approved_at = 0, approved_by = ''`)
	s.start(t, "") // approved again
	if err := s.WithdrawApproval(ctx, s.plan, "too late"); !errors.Is(err, ErrBegun) || !strings.Contains(err.Error(), "cancel rollout 1") {
		t.Errorf("a rollout has begun: %v", err)
	}
	must(t, s.drive(ctx))
	must(t, s.WithdrawApproval(ctx, s.plan, "once is enough"))
	if off := s.off(t); len(off) != 0 || s.w.starts != 1 {
		t.Errorf("%q, %d jobs", off, s.w.starts)
	}
}

func TestAClockSetBackGivesAJobNoTime(t *testing.T) {
	var allowed time.Duration
	w := newWorld()
	s := newShop(t, w, data.RebootNever)
	w.onStart = func(_ *world, j remote.Job) error {
		allowed = j.StopAfter
		return nil
	}
	s.start(t, "")
	s.at(night.Add(time.Hour))
	s.meddle(func(context.Context) { s.at(night.Add(time.Minute)) })
	must(t, s.drive(t.Context()))
	if run := s.run(t); allowed <= 0 || allowed > run.Deadline.Sub(run.Started) {
		t.Errorf("the job may work for %s; when the run started %s were left", allowed, run.Deadline.Sub(run.Started))
	}
}

// The last run fails, and a person resumes, all in one second; and once more.
func TestResumingTakesEffectInTheSecondOfTheFailure(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.w.badJob = func(*world, remote.Job) int { return 100 }
	s.start(t, "")
	for range 2 {
		must(t, s.drive(t.Context()))
		r, err := s.DB.Rollout(t.Context(), s.rollout)
		must(t, err)
		if r.State != data.RolloutStopped {
			t.Fatalf("rollout = %+v", r)
		}
		must(t, s.ResumeRollout(t.Context(), s.rollout, "looked at it"))
		if err := s.ResumeRollout(t.Context(), s.rollout, "looked at it"); err == nil {
			t.Error("resumed twice")
		}
		must(t, s.drive(t.Context()))
		if r, err = s.DB.Rollout(t.Context(), s.rollout); err != nil || r.State != data.RolloutDone {
			t.Errorf("a run that was looked at stops the rollout again: %+v, %v", r, err)
		}
		must(t, s.RetryRun(t.Context(), s.rollout, s.run(t).ID, "again")) // fails after the resume, and counts
	}
}

func TestWhatAPlanLeavesOutIsStoredWithIt(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	ids, err := s.SaveHosts(t.Context(), []data.Host{{Name: "db1", Exposure: data.Internal}})
	must(t, err)
	p, notes, err := s.MakePlan(t.Context(), PlanRequest{Name: "all", Hosts: []data.HostID{s.host, ids[0]}}, nil)
	must(t, err)
	id, err := s.SavePlan(t.Context(), p)
	must(t, err)
	stored, err := s.DB.Plan(t.Context(), id)
	must(t, err)
	hosts, err := s.DB.Hosts(t.Context())
	must(t, err)
	if got := PlanNotes(stored, hosts); len(notes) != 1 || len(got) != 1 || got[0] != notes[0] || got[0].Host.Name != "db1" {
		t.Errorf("told %v, stored %v", notes, got)
	}
}

// A look a year late must not say that nothing was changed.
func TestAHostThatMayHaveForgottenTheJobIsUnknown(t *testing.T) {
	w := newWorld()
	w.forgot = night.Add(time.Hour)
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); w.starts != 0 || run.Outcome != data.OutcomeUnknown {
		t.Errorf("%d jobs, run %+v", w.starts, run)
	}
}

// A host that is only to be rebooted: two copies of a workspace reboot it once.
func TestARebootWithoutUpdatesIsClaimedOnTheHost(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootAlways)
	p, err := s.DB.Plan(t.Context(), s.plan)
	must(t, err)
	p.Hosts[0].Changes = data.Changes{}
	s.plan, err = s.SavePlan(t.Context(), p)
	must(t, err)
	s.start(t, "")
	other := s.copied(t)
	must(t, s.drive(t.Context()))
	must(t, other.drive(t.Context()))
	if a, b := s.run(t), other.run(t); s.w.starts != 1 || s.w.reboots != 1 || a.Outcome != data.OutcomeSucceeded || b.Outcome != data.OutcomeSucceeded {
		t.Errorf("%d claims, %d reboots; %+v; %+v", s.w.starts, s.w.reboots, a, b)
	}
}
