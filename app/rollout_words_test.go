package app

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func runAt(ring int, s data.Step, o data.Outcome, detail string) data.Run {
	return data.Run{Ring: ring, Step: s, Outcome: o, Detail: detail, Attempt: 1}
}

var mixedRuns = []data.Run{
	runAt(1, data.StepEnded, data.OutcomeSucceeded, ""), runAt(1, data.StepEnded, data.OutcomeFailed, ""),
	runAt(2, data.StepInstall, data.OutcomeUnknown, ""), runAt(2, data.StepInstall, data.OutcomeNone, ""),
	runAt(2, data.StepQueued, data.OutcomeNone, "waits for its turn"),
}

var byAnna = Driving{Holder: "anna@desk1 pid 4711 XK2P7QAB", Until: night.Add(leaseTTL)}

func TestUnknownIsNeverCountedAsFinishedOrFailed(t *testing.T) {
	c := TallyRuns(mixedRuns)
	if c.Outcomes[data.OutcomeSucceeded] != 1 || c.Outcomes[data.OutcomeFailed] != 1 || c.Outcomes[data.OutcomeUnknown] != 1 || c.Active != 1 || c.Queued != 1 {
		t.Errorf("%+v", c)
	}
	if got := TallyText(c); got != "1 succeeded, 1 failed, 1 unknown, 1 under way, 1 waiting" {
		t.Error(got)
	}
	h := HeadlineOf(data.Rollout{State: data.RolloutRunning}, data.Plan{}, mixedRuns, byAnna)
	if h.Finished != "1 of 5 hosts" || h.Open != "2 hosts" || h.OpenNote != "1 under way · 1 waiting" || h.NeedsYou != "2 hosts" || h.NeedsYouNote != "1 failed · 1 unknown" {
		t.Errorf("%+v", h)
	}
}

// A gate that skipped runs have shut opens for nobody but a person.
func TestAStoppedRolloutWhoseRunsWereSkippedNeedsYou(t *testing.T) {
	runs := []data.Run{runAt(1, data.StepEnded, data.OutcomeSkipped, ""), runAt(2, data.StepQueued, data.OutcomeNone, "")}
	h := HeadlineOf(data.Rollout{State: data.RolloutStopped, Ended: night}, data.Plan{}, runs, Driving{})
	if h.NeedsYou != "1 host" || h.NeedsYouNote != "skipped, untouched; nothing goes on before you say so" {
		t.Errorf("%+v", h)
	}
	if h = HeadlineOf(data.Rollout{State: data.RolloutDone, Ended: night}, data.Plan{}, runs[:1], Driving{}); h.NeedsYou != "0 hosts" {
		t.Errorf("done: %+v", h)
	}
}

func TestSentenceSaysWhatIsHappening(t *testing.T) {
	p := data.Plan{Rings: []data.Ring{{Number: 1}, {Number: 2, Name: "early"}}, Hosts: []data.PlanHost{{Host: 1, Ring: 1}, {Host: 2, Ring: 2}}}
	for name, c := range map[string]struct {
		r    data.Rollout
		runs []data.Run
		want string
	}{
		"running":           {data.Rollout{State: data.RolloutRunning}, mixedRuns, "Updates are going in on 1 host in ring 2 (early)."},
		"waiting for soak":  {data.Rollout{State: data.RolloutWaiting, Note: "ring 1 soaks until 2026-08-12 22:00 UTC"}, mixedRuns[:2], "Nothing is being touched now: ring 1 soaks until 2026-08-12 22:00 UTC."},
		"waiting for hosts": {data.Rollout{State: data.RolloutWaiting}, mixedRuns[4:], "Nothing is being touched now: 1 host waits, because waits for its turn."},
		"stopped":           {data.Rollout{State: data.RolloutStopped, Note: "ring 1: 1 of 2 runs failed"}, mixedRuns[:2], "It stopped: ring 1: 1 of 2 runs failed."},
		"stopped at work":   {data.Rollout{State: data.RolloutStopped, Note: "x"}, mixedRuns, "1 host is still at work and will end by itself."},
		"being cancelled":   {data.Rollout{State: data.RolloutCancelled}, mixedRuns, "It is being cancelled: 1 host stops at the next sound point."},
		"cancelled":         {data.Rollout{State: data.RolloutCancelled, Note: "cancelled by anna", Ended: night}, mixedRuns[:1], "It was cancelled by anna: 1 succeeded."},
		"done":              {data.Rollout{State: data.RolloutDone, Ended: night}, mixedRuns[:1], "All of it is in: 1 host succeeded"},
		"done, not well":    {data.Rollout{State: data.RolloutDone, Ended: night}, mixedRuns[:3], "It has gone through all rings: 1 succeeded, 1 failed, 1 unknown."},
	} {
		if got := HeadlineOf(c.r, p, c.runs, byAnna).Sentence; !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestUnknownHostsAreLookedAtBeforeAnythingElse(t *testing.T) {
	for _, s := range []data.RolloutState{data.RolloutStopped, data.RolloutDone, data.RolloutWaiting} {
		if got := HeadlineOf(data.Rollout{State: s, Ended: night}, data.Plan{}, mixedRuns[2:3], Driving{}).Safe; !strings.Contains(got, "Look again") {
			t.Errorf("%s: %q", s, got)
		}
	}
}

// A rollout that waits for what no time brings says what a person must do.
func TestAWaitWithoutEndSaysWhatEndsIt(t *testing.T) {
	h := data.Host{ID: 1, Name: "web1", Group: 2}
	unagreed := tuesdays()
	unagreed.Groups, unagreed.Agreed = []data.GroupID{2}, data.Approval{}
	for want, c := range map[string]struct {
		h       data.Host
		windows []data.Window
	}{
		"Put the host into a group": {data.Host{ID: 1}, nil},
		"Add a window":              {h, nil},
		"Record who agreed":         {h, []data.Window{unagreed}},
	} {
		_, _, why := OpenFor(c.h, c.windows, nil, night)
		runs := []data.Run{runAt(1, data.StepQueued, data.OutcomeNone, why)}
		if got := HeadlineOf(data.Rollout{State: data.RolloutWaiting}, data.Plan{}, runs, byAnna).Safe; !strings.Contains(got, want) || !strings.Contains(got, "without end") {
			t.Errorf("%s: %q", why, got)
		}
	}
}

// What was stored last is no news of what goes on now.
func TestARolloutThatNobodyDrivesIsNotSaidToRun(t *testing.T) {
	r := data.Rollout{State: data.RolloutRunning}
	for name, g := range map[string]Driving{"never": {}, "killed": {Since: night}} {
		h := HeadlineOf(r, data.Plan{}, mixedRuns[3:], g)
		if !strings.HasPrefix(h.Sentence, "It is not driven by any desk") || !strings.Contains(h.Sentence, "run stctl run-due") || !strings.Contains(h.Sentence, "1 host that was begun is not known") ||
			!strings.Contains(h.Safe, "stctl run-due") || h.OpenNote != "1 begun, not known how far · 1 waiting" {
			t.Errorf("%s: %+v", name, h)
		}
	}
	r = data.Rollout{State: data.RolloutCancelled, Note: "cancelled by anna"}
	if got := HeadlineOf(r, data.Plan{}, mixedRuns[3:], Driving{}).Sentence; !strings.HasPrefix(got, "It was cancelled by anna, and is not driven by any desk") {
		t.Error(got)
	}
	if got := byAnna.Text(); got != "driven by anna@desk1, process 4711" {
		t.Error(got)
	}
}

func TestSinceWhenNobodyDrivesIsTold(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	s.start(t, "")
	driving := func() Driving {
		t.Helper()
		g, err := s.Driving(t.Context(), s.rollout)
		must(t, err)
		return g
	}
	if g := driving(); g != (Driving{}) {
		t.Errorf("before anybody: %+v", g)
	}
	lease := func(now time.Time) {
		t.Helper()
		_, err := s.DB.Lease(t.Context(), leaseName(s.rollout), "desk1", now, leaseTTL)
		must(t, err)
	}
	lease(night)
	if g := driving(); g.Holder != "desk1" || !g.Until.Equal(night.Add(leaseTTL)) {
		t.Errorf("driven: %+v", g)
	}
	s.at(night.Add(time.Hour))
	if g := driving(); g.Holder != "" || !g.Since.Equal(night.Add(leaseTTL)) {
		t.Errorf("killed: %+v", g)
	}
	s.at(night.Add(-time.Hour))
	if g := driving(); g != (Driving{}) {
		t.Errorf("killed, and the clock set back: %+v", g)
	}
	s.at(night.Add(2 * time.Hour))
	lease(night.Add(2 * time.Hour))
	must(t, s.DB.Release(t.Context(), leaseName(s.rollout), "desk1"))
	if g := driving(); g.Holder != "" || g.Since.Before(night.Add(time.Hour)) && !g.Since.IsZero() {
		t.Errorf("closed: %+v", g)
	}
}
