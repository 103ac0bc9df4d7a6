package app

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// unsettled has booted in the middle of its job, and takes back what looks
// installed before it has finished that boot.
type unsettled struct {
	*world
	left atomic.Int32 // questions until it has
}

func (u *unsettled) Alive(ctx context.Context, s remote.Session) (remote.Alive, error) {
	if n := u.left.Add(-1); n > 0 {
		return remote.Alive{}, fmt.Errorf("alive: %w: Windows still works on updates", remote.ErrBooting)
	} else if n == 0 {
		u.mu.Lock()
		u.installed["curl"] = "7.1"
		u.mu.Unlock()
	}
	return u.world.Alive(ctx, s)
}

func TestAHostInMidBootProvesNothingIn(t *testing.T) {
	w := newWorld()
	u := &unsettled{world: w}
	w.onStart = func(w *world, j remote.Job) error {
		w.jobs[j.ID].State = remote.JobLost
		for n, v := range w.offered {
			w.installed[n] = v
		}
		u.left.Store(5)
		return nil
	}
	s := newShop(t, w, data.RebootNever)
	s.Platforms = []Platform{u}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeUnknown || !strings.Contains(run.Detail, "1 of 2 changes are in; not in: curl") {
		t.Errorf("%s: %s", run.Outcome, run.Detail)
	}
}

// gone has a host that no longer offers a change when its job looks.
func gone(installed map[string]string, gone, done int) *world {
	w := newWorld()
	w.badJob = func(w *world, j remote.Job) int {
		st := w.jobs[j.ID]
		st.Gone, st.Done, st.Total, st.Why = gone, done, 2, "curl: skipped: it is no longer offered in this revision"
		for n, v := range installed {
			w.installed[n] = v
		}
		return 1
	}
	return w
}

func TestWhatSomebodyElseBroughtInIsInButNotByThisRun(t *testing.T) {
	both := map[string]string{"curl": "7.2", "openssl": "3.0.2"}
	for _, c := range []struct {
		world   *world
		boot    bool
		outcome data.Outcome
		says    string
	}{
		{gone(both, 2, 0), false, data.OutcomeSucceeded, "2 of 2 changes are in, not by this run: they were in already"},
		{gone(both, 1, 1), false, data.OutcomeSucceeded, "2 of 2 changes are in, 1 of them not by this run: in already"},
		{gone(both, 2, 0), true, data.OutcomeSucceeded, "2 of 2 changes are in, rebooted, not by this run: they were in already"},
		{gone(map[string]string{"curl": "7.3", "openssl": "3.0.2"}, 1, 1), false, data.OutcomeFailed, "not in: curl; post-check job failed (curl: skipped: it is no longer offered"},
		{gone(both, 0, 1), false, data.OutcomeFailed, "the job ended with exit status 1"},
	} {
		s := newShop(t, c.world, data.RebootIfNeeded)
		c.world.needBoot = c.boot
		s.start(t, "")
		must(t, s.drive(t.Context()))
		run := s.run(t)
		if run.Outcome != c.outcome || !strings.Contains(run.Detail, c.says) || c.world.reboots > 0 != c.boot || run.ScanAfter == 0 {
			t.Errorf("%s: %s; %d reboots", run.Outcome, run.Detail, c.world.reboots)
		}
	}
}
