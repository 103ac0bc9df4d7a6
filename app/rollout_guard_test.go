package app

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// A meddled world calls a function while its pre-check is under way, when the
// run has started and its job has not.
type meddled struct {
	*world
	during func(context.Context)
}

func (m meddled) Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error) {
	m.during(ctx)
	return m.world.Check(ctx, s, c)
}

func (s *shop) meddle(during func(context.Context)) { s.Platforms = []Platform{meddled{s.w, during}} }

func TestJobIsNotStartedWhenForbiddenSinceThePreCheck(t *testing.T) {
	freeze := data.Freeze{Name: "sale", From: night.Add(-time.Hour), Until: night.AddDate(0, 0, 1), Reason: "sale"}
	for name, meddle := range map[string]func(*shop) error{
		"a freeze is agreed": func(s *shop) error {
			_, err := s.SaveFreeze(context.Background(), freeze)
			return err
		},
		"the window is withdrawn": func(s *shop) error { return s.WithdrawWindow(context.Background(), 1, "no") },
		"the rollout stops": func(s *shop) error {
			r, err := s.DB.Rollout(context.Background(), s.rollout)
			was := r
			r.State = data.RolloutStopped
			if err == nil {
				err = s.DB.UpdateRollout(context.Background(), was, r, s.entry("rollout stopped", "", "", change{After: r}))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, newWorld(), data.RebootAlways)
			s.start(t, "")
			s.meddle(func(context.Context) { must(t, meddle(s)) })
			must(t, s.drive(t.Context()))
			if run := s.run(t); s.w.starts != 0 || s.w.reboots != 0 || run.Outcome != data.OutcomeSkipped {
				t.Errorf("%d jobs, %d reboots, run %+v", s.w.starts, s.w.reboots, run)
			}
		})
	}
}

func TestAFreezeAgreedDuringTheJobForbidsTheReboot(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootAlways)
	s.start(t, "")
	s.until(t, func(r data.Run) bool { return r.LogNext > 0 })
	_, err := s.SaveFreeze(t.Context(), data.Freeze{Name: "sale", From: night.Add(-time.Hour), Until: night.AddDate(0, 0, 1)})
	must(t, err)
	close(w.hold)
	must(t, s.drive(t.Context()))
	if run := s.run(t); w.reboots != 0 || run.Outcome != data.OutcomeSucceeded {
		t.Errorf("%d reboots, run %+v", w.reboots, run)
	}
}

func TestApplyNowEndsWhereAFreezeBegins(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	begins := night.Add(time.Hour)
	_, err := s.SaveFreeze(t.Context(), data.Freeze{Name: "sale", From: begins, Until: night.AddDate(0, 0, 1)})
	must(t, err)
	s.start(t, "exploited")
	must(t, s.drive(t.Context()))
	if run := s.run(t); !run.Deadline.Equal(begins) {
		t.Errorf("the job may work until %s, the freeze begins at %s", run.Deadline, begins)
	}
}

// copied returns the shop as another desk has it, from a copy of its file.
func (s *shop) copied(t *testing.T) *shop {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	for _, end := range []string{"", "-wal"} {
		from, err := os.Open(s.DB.Path() + end)
		must(t, err)
		defer from.Close()
		to, err := os.Create(path + end)
		must(t, err)
		_, err = io.Copy(to, from)
		must(t, err)
		must(t, to.Close())
	}
	db, err := store.Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	other := &shop{w: s.w, now: s.now, host: s.host, plan: s.plan, rollout: s.rollout}
	other.Desk = &Desk{DB: db, Dialer: s.w, Platforms: s.Platforms, By: "ben@other", Now: func() time.Time { return night }}
	return other
}

func TestTwoCopiesOfAWorkspaceDoTheWorkOnce(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootAlways)
	s.start(t, "")
	other := s.copied(t)
	must(t, s.drive(t.Context()))
	must(t, other.drive(t.Context()))
	if a, b := s.run(t), other.run(t); s.w.starts != 1 || s.w.reboots != 1 || a.Job != b.Job || b.Outcome != data.OutcomeSucceeded {
		t.Errorf("%d jobs and %d reboots; jobs %s and %s; the second run %+v", s.w.starts, s.w.reboots, a.Job, b.Job, b)
	}
}

func TestAHostThatForgotAStartedJobIsNotAskedAgain(t *testing.T) {
	w := newWorld()
	w.onStart = func(w *world, j remote.Job) error {
		delete(w.jobs, j.ID)
		return nil
	}
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); w.starts != 1 || run.JobEnded || run.JobStopped == "" {
		t.Errorf("%d starts, run %+v", w.starts, run)
	}
}

// A driver whose computer slept in the pre-check wakes when another has taken
// the rollout over.
func TestADriverThatSleptStartsNothing(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	s.meddle(func(ctx context.Context) {
		s.at(s.Now().Add(time.Hour)) // the desk sleeps, and wakes an hour later
		got, err := s.DB.Lease(ctx, leaseName(s.rollout), "other", s.Now(), leaseTTL)
		if err != nil || !got {
			t.Errorf("the lease has not run out: %v", err)
		}
	})
	if err := s.drive(t.Context()); err != ErrElsewhere {
		t.Errorf("the driver ended with %v", err)
	}
	if run := s.run(t); s.w.starts != 0 || run.Step != data.StepPreCheck {
		t.Errorf("%d jobs, run %+v", s.w.starts, run)
	}
}

func TestAHostThatNeverAnswersHoldsUpNoRollout(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	s.meddle(func(ctx context.Context) { <-ctx.Done() })
	s.w.checks = []data.Check{{Name: "silence", Result: data.CheckFailed}}
	pace := quick
	pace.Answer = 20 * time.Millisecond
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	must(t, (&Driver{Desk: s.Desk, Pace: pace, Holder: "test"}).Drive(ctx, s.rollout, true))
	if run := s.run(t); run.Outcome != data.OutcomeSkipped || !strings.Contains(run.Detail, "nothing was changed") {
		t.Errorf("run = %+v", run)
	}
}

// A file that somebody hands over may say anything of itself.
func TestAForeignWorkspaceTouchesNoHostUnlessAdopted(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.Orders = NewOrders(filepath.Join(t.TempDir(), "orders"))
	s.start(t, "apply now")
	other := s.copied(t)
	other.Orders = NewOrders(filepath.Join(t.TempDir(), "orders"))
	if err := other.drive(t.Context()); !errors.Is(err, ErrNotOrdered) || s.w.starts != 0 {
		t.Fatalf("driven elsewhere: %v, %d jobs", err, s.w.starts)
	}
	if err := other.AdoptRollout(t.Context(), s.rollout, "another digest", "mine now"); err == nil {
		t.Error("a plan that was not shown is adopted")
	}
	p, err := other.DB.Plan(t.Context(), s.plan)
	must(t, err)
	must(t, other.AdoptRollout(t.Context(), s.rollout, p.Digest(), "mine now"))
	must(t, other.drive(t.Context()))
	must(t, s.drive(t.Context()))
	if run := s.run(t); s.w.starts != 1 || run.Outcome != data.OutcomeSucceeded {
		t.Errorf("%d jobs, run %+v", s.w.starts, run)
	}
}

// Somebody who may write the file turns "in the window" into "now", or puts
// other packages into the approved plan with a digest that fits.
func TestAnEditedOrderIsNotDriven(t *testing.T) {
	for name, edit := range map[string]string{
		"reason": `UPDATE rollouts SET reason = 'now'`,
		"plan": `DROP TRIGGER plans_never_change; DROP TRIGGER plans_approved_once;
			UPDATE plans SET body = replace(body, '7.2', '6.6'), digest = 'DIGEST'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, newWorld(), data.RebootNever)
			s.Orders = NewOrders(filepath.Join(t.TempDir(), "orders"))
			s.start(t, "")
			p, err := s.DB.Plan(t.Context(), s.plan)
			must(t, err)
			for i, u := range p.Hosts[0].Changes.Upgrade {
				p.Hosts[0].Changes.Upgrade[i].To = strings.ReplaceAll(u.To, "7.2", "6.6")
			}
			byHand(t, s.DB.Path(), strings.ReplaceAll(edit, "DIGEST", p.Digest()))
			if err := s.drive(t.Context()); !errors.Is(err, ErrNotOrdered) || s.w.starts != 0 {
				t.Errorf("%v, %d jobs", err, s.w.starts)
			}
		})
	}
}

func byHand(t *testing.T, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), script)
	must(t, err)
}

func TestAnApprovalPutInByHandCountsForNothing(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	byHand(t, s.DB.Path(), `UPDATE plans SET approved_at = 1, approved_by = 'boss'`)
	if _, err := s.StartRollout(t.Context(), s.plan, "now"); !errors.Is(err, ErrNotApproved) {
		t.Errorf("a plan that nobody approved: %v", err)
	}
	s = newShop(t, newWorld(), data.RebootNever)
	p, err := s.DB.Plan(t.Context(), s.plan)
	must(t, err)
	must(t, s.ApprovePlan(t.Context(), s.plan, p.Digest(), ""))
	byHand(t, s.DB.Path(), `DROP TRIGGER audit_never_changes; UPDATE audit SET by = 'boss' WHERE verb = 'plan approved'`)
	if _, err := s.StartRollout(t.Context(), s.plan, "now"); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("an approval in another's name: %v", err)
	}
}

func TestAPlanIsForNoOtherAddress(t *testing.T) {
	move := func(t *testing.T, s *shop) {
		t.Helper()
		must(t, s.EditHosts(context.WithoutCancel(t.Context()), []data.HostID{s.host}, func(h *data.Host) { h.Address = "192.0.2.66" }))
	}
	t.Run("edited before the start", func(t *testing.T) {
		s := newShop(t, newWorld(), data.RebootNever)
		s.start(t, "")
		move(t, s)
		must(t, (&Driver{Desk: s.Desk, Pace: quick, Holder: "test"}).Drive(t.Context(), s.rollout, false))
		if run := s.run(t); s.w.starts != 0 || !strings.Contains(run.Detail, "192.0.2.66") {
			t.Errorf("%d jobs, run %+v", s.w.starts, run)
		}
	})
	t.Run("edited during the pre-check", func(t *testing.T) {
		s := newShop(t, newWorld(), data.RebootAlways)
		s.start(t, "")
		s.meddle(func(context.Context) { move(t, s) })
		must(t, (&Driver{Desk: s.Desk, Pace: quick, Holder: "test"}).Drive(t.Context(), s.rollout, false))
		if run := s.run(t); s.w.starts != 0 || s.w.reboots != 0 {
			t.Errorf("%d jobs, %d reboots, run %+v", s.w.starts, s.w.reboots, run)
		}
	})
}
