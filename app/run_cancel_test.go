package app

import (
	"strings"
	"sync"
	"testing"

	"secondtuesday/data"
)

// TestCancelAtEachStepTellsTheTruth cancels as each step is stored. What is in
// by then stays and is told; what is not begun never is.
func TestCancelAtEachStepTellsTheTruth(t *testing.T) {
	for step, c := range map[data.Step]struct {
		outcome data.Outcome
		says    string
		starts  int
		reboots int
	}{
		data.StepQueued:    {data.OutcomeCancelled, "nothing was changed on the host", 0, 0},
		data.StepPreCheck:  {data.OutcomeCancelled, "nothing was changed on the host", 0, 0},
		data.StepInstall:   {data.OutcomeCancelled, "nothing was changed on the host", 0, 0},
		data.StepReboot:    {data.OutcomeCancelled, "2 of 2 changes are in, no reboot was made", 1, 0},
		data.StepPostCheck: {data.OutcomeSucceeded, "2 of 2 changes are in, rebooted", 1, 1}, // too late: all is done
		data.StepVerify:    {data.OutcomeSucceeded, "2 of 2 changes are in, rebooted", 1, 1},
	} {
		t.Run(string(step), func(t *testing.T) {
			w := newWorld()
			s := newShop(t, w, data.RebootAlways)
			s.start(t, "")
			cancel := sync.OnceFunc(func() { must(t, s.CancelRollout(t.Context(), s.rollout, "users complain")) })
			if step == data.StepQueued {
				cancel()
			}
			d := &Driver{Desk: s.Desk, Pace: quick, Holder: "test", Changed: func(r data.Run) {
				if r.Step == step && r.Outcome == data.OutcomeNone {
					cancel()
				}
			}}
			must(t, d.Drive(t.Context(), s.rollout, true))
			ro, err := s.DB.Rollout(t.Context(), s.rollout)
			must(t, err)
			if run := s.run(t); run.Outcome != c.outcome || !strings.Contains(run.Detail, c.says) || w.starts != c.starts || w.reboots != c.reboots || ro.Open() || ro.State != data.RolloutCancelled {
				t.Errorf("%d starts, %d reboots, rollout %s, run %+v", w.starts, w.reboots, ro.State, run)
			}
		})
	}
}
