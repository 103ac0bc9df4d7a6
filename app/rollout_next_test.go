package app

import (
	"testing"
	"time"

	"secondtuesday/data"

	"github.com/google/go-cmp/cmp"
)

var night = time.Date(2026, 11, 10, 22, 0, 0, 0, time.UTC)

func always(data.HostID) opening {
	return opening{Open: true, Until: night.Add(3 * time.Hour), MayReboot: true}
}

func twoRings(parallel int) data.Plan {
	return data.Plan{
		Parallel: parallel, StopAt: 0.5,
		Hosts: []data.PlanHost{{Host: 1, Ring: 1}, {Host: 2, Ring: 2}, {Host: 3, Ring: 2}, {Host: 4, Ring: 2}},
		Rings: []data.Ring{{Number: 1, Soak: time.Hour}, {Number: 2}},
	}
}

func queued(p data.Plan) []data.Run {
	var runs []data.Run
	for i, h := range p.Hosts {
		runs = append(runs, data.Run{ID: data.RunID(i + 1), Host: h.Host, Ring: h.Ring, Step: data.StepQueued})
	}
	return runs
}

func TestNextMoveGoesRingByRing(t *testing.T) {
	p := twoRings(2)
	runs := queued(p)
	m := nextMove(p, data.Rollout{}, runs, always, night)
	if diff := cmp.Diff([]data.RunID{1}, m.Start); diff != "" {
		t.Fatalf("first move starts ring 1 alone:\n%s", diff)
	}
	runs[0].Step, runs[0].Outcome, runs[0].Ended = data.StepEnded, data.OutcomeSucceeded, night
	m = nextMove(p, data.Rollout{}, runs, always, night.Add(time.Minute))
	if len(m.Start) != 0 || m.State != data.RolloutWaiting || !m.Wake.Equal(night.Add(time.Hour)) {
		t.Errorf("during the soak: start %v, state %s, wake %v", m.Start, m.State, m.Wake)
	}
	m = nextMove(p, data.Rollout{}, runs, always, night.Add(time.Hour))
	if diff := cmp.Diff([]data.RunID{2, 3}, m.Start); diff != "" {
		t.Errorf("after the soak two of ring 2 start:\n%s", diff)
	}
	for i := 1; i < 4; i++ {
		runs[i].Step, runs[i].Outcome = data.StepEnded, data.OutcomeSucceeded
	}
	if m = nextMove(p, data.Rollout{}, runs, always, night.Add(2*time.Hour)); m.State != data.RolloutDone {
		t.Errorf("all succeeded: state %s", m.State)
	}
}

func TestNextMoveStartsNothingOutsideAWindow(t *testing.T) {
	p := twoRings(5)
	next := night.Add(24 * time.Hour)
	shut := func(data.HostID) opening { return opening{Next: next, Why: "opens tomorrow"} }
	m := nextMove(p, data.Rollout{}, queued(p), shut, night)
	if len(m.Start) != 0 || m.State != data.RolloutWaiting || !m.Wake.Equal(next) || m.Waits[1] != "opens tomorrow" {
		t.Errorf("move = %+v", m)
	}
	closing := func(data.HostID) opening { return opening{Open: true, Until: night.Add(4 * time.Minute)} }
	if m := nextMove(p, data.Rollout{}, queued(p), closing, night); len(m.Start) != 0 {
		t.Errorf("a window that closes in 4 minutes started %v", m.Start)
	}
}

func TestNextMoveStopsOnFailureRate(t *testing.T) {
	p := twoRings(1)
	for _, c := range []struct {
		stopAt   float64
		outcomes []data.Outcome
		want     data.RolloutState
	}{
		{0, []data.Outcome{"", data.OutcomeFailed, "", ""}, data.RolloutStopped},
		{0, []data.Outcome{"", data.OutcomeUnknown, "", ""}, data.RolloutStopped},
		{0.5, []data.Outcome{"", data.OutcomeFailed, "", ""}, data.RolloutRunning},
		{0.5, []data.Outcome{"", data.OutcomeFailed, data.OutcomeUnknown, ""}, data.RolloutStopped},
		{0.5, []data.Outcome{"", data.OutcomeSkipped, data.OutcomeSkipped, ""}, data.RolloutRunning},
	} {
		p.StopAt = c.stopAt
		runs := queued(p)
		runs[0].Step, runs[0].Outcome, runs[0].Ended = data.StepEnded, data.OutcomeSucceeded, night.Add(-2*time.Hour)
		for i, o := range c.outcomes {
			if o != "" {
				runs[i].Step, runs[i].Outcome = data.StepEnded, o
			}
		}
		if m := nextMove(p, data.Rollout{}, runs, always, night); m.State != c.want {
			t.Errorf("stop at %v with %v: state %s, want %s (%s)", c.stopAt, c.outcomes, m.State, c.want, m.Note)
		}
	}
}

func TestNextMoveShutsTheGateOnSkippedRuns(t *testing.T) {
	p := twoRings(1)
	runs := queued(p)
	runs[0].Step, runs[0].Outcome = data.StepEnded, data.OutcomeSkipped
	if m := nextMove(p, data.Rollout{}, runs, always, night); m.State != data.RolloutStopped || m.Waits[2] != "not begun: the rollout is stopped" {
		t.Errorf("ring 1 was skipped, yet state = %s, start = %v", m.State, m.Start)
	}
}

func TestNextMoveCancelsWhatIsQueued(t *testing.T) {
	p := twoRings(1)
	runs := queued(p)
	runs[0].Step = data.StepInstall
	m := nextMove(p, data.Rollout{State: data.RolloutCancelled}, runs, always, night)
	if diff := cmp.Diff([]data.RunID{2, 3, 4}, m.Cancel); diff != "" || len(m.Start) != 0 {
		t.Errorf("start %v, cancel:\n%s", m.Start, diff)
	}
}

func TestNextMoveCountsRunningAgainstTheLimit(t *testing.T) {
	p := twoRings(2)
	runs := queued(p)
	runs[0].Step, runs[0].Outcome, runs[0].Ended = data.StepEnded, data.OutcomeSucceeded, night.Add(-2*time.Hour)
	runs[1].Step = data.StepReboot
	if diff := cmp.Diff([]data.RunID{3}, nextMove(p, data.Rollout{}, runs, always, night).Start); diff != "" {
		t.Error(diff)
	}
}

func TestARingWithoutAHostIsPassedOver(t *testing.T) {
	p := data.Plan{
		Rings: []data.Ring{{Number: 1, Name: "canaries", Soak: time.Hour}, {Number: 2, Soak: time.Hour}, {Number: 3}},
		Hosts: []data.PlanHost{{Host: 7, Ring: 2}},
	}
	if rings := RingsOf(p); len(rings) != 1 || rings[0] != p.Rings[1] {
		t.Errorf("rings %+v", rings)
	}
	done := data.Run{ID: 1, Host: 7, Ring: 2, Outcome: data.OutcomeSucceeded, Ended: judgeNow}
	m := nextMove(p, data.Rollout{State: data.RolloutRunning}, []data.Run{done}, nil, judgeNow)
	if m.State != data.RolloutDone {
		t.Errorf("after its only ring, which need not soak, it is %s: %s", m.State, m.Note)
	}
}
