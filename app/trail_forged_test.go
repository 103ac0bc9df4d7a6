package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"secondtuesday/data"
)

// A job is done, the reboot is over, and the desk is killed before it can say
// so. Somebody then edits what the row says of the reboot.
func TestARebootTakenBackByHandIsNotMadeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		policy  data.RebootPolicy
		edit    string
		reboots int
	}{
		"never asked for":                 {data.RebootAlways, `'$.Step', 'reboot', '$.RebootAsked', '0001-01-01T00:00:00Z', '$.BootID', 'boot2'`, 1},
		"asked of the boot that runs now": {data.RebootAlways, `'$.Step', 'reboot', '$.BootID', 'boot2'`, 1},
		"asked for against the plan":      {data.RebootNever, `'$.Step', 'reboot', '$.RebootAsked', '2026-03-10T22:00:00Z', '$.MayReboot', json('true')`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, newWorld(), c.policy)
			s.start(t, "")
			byHand(t, s.DB.Path(), `CREATE TRIGGER seam BEFORE INSERT ON audit WHEN NEW.verb = 'run succeeded' BEGIN SELECT raise(ABORT, 'killed'); END`)
			s.until(t, func(run data.Run) bool {
				lines, _, err := s.DB.Log(t.Context(), run.ID, 0, 0)
				must(t, err)
				return len(lines) > 0 && strings.HasPrefix(lines[len(lines)-1].Text, "succeeded: ")
			})
			byHand(t, s.DB.Path(), `DROP TRIGGER seam`)
			if off := s.off(t); len(off) != 0 || s.w.reboots != c.reboots {
				t.Fatalf("before the edit: %q, %d reboots", off, s.w.reboots)
			}
			byHand(t, s.DB.Path(), `UPDATE runs SET step = 'reboot', body = json_set(body, `+c.edit+`)`)
			if err := s.drive(t.Context()); !errors.Is(err, ErrOffTrail) || s.w.reboots != c.reboots {
				t.Errorf("driven: %v, %d reboots", err, s.w.reboots)
			}
			if off := strings.Join(s.off(t), "; "); !strings.Contains(off, "the run of host web1") {
				t.Errorf("verify says %q", off)
			}
		})
	}
}

// tooLate drives a rollout that is cancelled when all is done but the proof: its
// one run succeeds all the same.
func tooLate(t *testing.T) *shop {
	t.Helper()
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	cancel := sync.OnceFunc(func() { must(t, s.CancelRollout(t.Context(), s.rollout, "users complain")) })
	d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test", Changed: func(r data.Run) {
		if r.Step == data.StepVerify {
			cancel()
		}
	}}
	must(t, d.Drive(t.Context(), s.rollout, true))
	if run, off := s.run(t), s.off(t); run.Outcome != data.OutcomeSucceeded || len(off) != 0 {
		t.Fatalf("run %+v, %q", run, off)
	}
	return s
}

// A verb on a forged row would put it on the trail, and make it true.
func TestNoVerbPutsAForgedRowOnTheTrail(t *testing.T) {
	for name, c := range map[string]struct {
		edit string
		verb func(context.Context, *shop, data.RunID) error
	}{
		"retry": {`UPDATE runs SET body = json_set(body, '$.Outcome', 'failed')`,
			func(ctx context.Context, s *shop, id data.RunID) error {
				return s.RetryRun(ctx, s.rollout, id, "again")
			}},
		"look again": {`UPDATE runs SET step = 'install', body = json_set(body, '$.Outcome', 'unknown', '$.Step', 'install')`,
			func(ctx context.Context, s *shop, id data.RunID) error { return s.LookAgain(ctx, s.rollout, id) }},
		"resume": {`UPDATE rollouts SET state = 'stopped'`,
			func(ctx context.Context, s *shop, _ data.RunID) error {
				return s.ResumeRollout(ctx, s.rollout, "go on")
			}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tooLate(t)
			byHand(t, s.DB.Path(), c.edit)
			before, err := s.DB.Audit(t.Context(), 0, 0)
			must(t, err)
			if err := c.verb(t.Context(), s, s.run(t).ID); !errors.Is(err, ErrOffTrail) {
				t.Errorf("done to a forged row: %v", err)
			}
			if after, err := s.DB.Audit(t.Context(), 0, 0); err != nil || len(after) != len(before) || len(s.off(t)) == 0 {
				t.Errorf("%v, %d entries more, verify says %q", err, len(after)-len(before), s.off(t))
			}
		})
	}
}

// A driver winds up what a person has cancelled. A cancel that nobody ordered
// does not let it end a run that is done once more, to be retried then.
func TestAForgedCancelIsNotCarriedOut(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	byHand(t, s.DB.Path(), `UPDATE runs SET step = 'queued', body = json_set(body, '$.Outcome', '', '$.Step', 'queued'); UPDATE rollouts SET state = 'cancelled', ended = 0`)
	if err := s.drive(t.Context()); !errors.Is(err, ErrOffTrail) || s.ends(t)["run cancelled"] != 0 {
		t.Errorf("%v, entries %v", err, s.ends(t))
	}
	// a person who cancels lets the driver end it, and the trail still knows better
	must(t, s.CancelRollout(t.Context(), s.rollout, "looks odd"))
	must(t, s.drive(t.Context()))
	if err := s.RetryRun(t.Context(), s.rollout, s.run(t).ID, "again"); !errors.Is(err, ErrOffTrail) || s.w.starts != 1 {
		t.Errorf("retried: %v, %d jobs", err, s.w.starts)
	}
}
