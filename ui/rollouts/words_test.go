package rollouts

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

var now = time.Date(2026, 8, 11, 22, 30, 0, 0, time.UTC)

func run(ring int, s data.Step, o data.Outcome, detail string) data.Run {
	return data.Run{Ring: ring, Step: s, Outcome: o, Detail: detail, Attempt: 1}
}

var mixed = []data.Run{
	run(1, data.StepEnded, data.OutcomeSucceeded, ""), run(1, data.StepEnded, data.OutcomeFailed, ""),
	run(2, data.StepInstall, data.OutcomeUnknown, ""), run(2, data.StepInstall, data.OutcomeNone, ""),
	run(2, data.StepQueued, data.OutcomeNone, "waits for its turn"),
}

func TestUnknownIsNeverDrawnAsFinishedOrFailed(t *testing.T) {
	c := tally(mixed)
	for _, s := range slicesOf(c) {
		if s.Label == "unknown" && s.Status != kit.StatusUnknown {
			t.Errorf("unknown is drawn as %v", s.Status.Word())
		}
	}
}

func TestRunsThatNeedAPersonComeFirst(t *testing.T) {
	s := &snapshot{runs: mixed, hosts: map[data.HostID]data.Host{}}
	var got []string
	for _, r := range s.rows(now) {
		got = append(got, string(r.Outcome)+"/"+string(r.Step))
	}
	want := "failed/ended unknown/install /install /queued succeeded/ended"
	if strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHostWithoutAWindowIsNeverInTime(t *testing.T) {
	for name, c := range map[string]struct {
		row  planRow
		sign kit.Status
		word string
	}{
		"no window, due":  {planRow{Due: now.Add(time.Hour), Judged: true, Slot: app.Slot{Why: "in no group"}}, kit.StatusOverdue, "Never in time"},
		"no window":       {planRow{Judged: true, Slot: app.Slot{Why: "in no group"}}, kit.StatusWarning, "Never reached"},
		"nothing known":   {planRow{Slot: app.Slot{Start: now, End: now}}, kit.StatusUnknown, "Not judged"},
		"no deadline":     {planRow{Judged: true, Slot: app.Slot{Start: now, End: now}}, kit.StatusNone, "No deadline"},
		"overdue":         {planRow{Judged: true, Due: now.Add(-time.Hour), Slot: app.Slot{Start: now, End: now}}, kit.StatusOverdue, "Overdue already"},
		"window too late": {planRow{Judged: true, Due: now.Add(time.Hour), Slot: app.Slot{Start: now, End: now.Add(2 * time.Hour)}}, kit.StatusOverdue, "Too late"},
		"in time":         {planRow{Judged: true, Due: now.Add(time.Hour), Slot: app.Slot{Start: now, End: now.Add(time.Hour)}}, kit.StatusPassed, "In time"},
	} {
		if sign, word, why := inTime(&c.row, now); sign != c.sign || word != c.word || !strings.HasSuffix(why, ".") {
			t.Errorf("%s: %s, %q, %q", name, sign.Word(), word, why)
		}
	}
}

func TestCancelTextSaysWhatHappensToEachKindOfHost(t *testing.T) {
	got := cancelText(tally(mixed))
	for _, want := range []string{"1 host that waits does not start", "1 host under way is asked to stop where its packages are sound", "3 hosts have ended", "Nothing is rolled back."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestRingThatSoaksSaysUntilWhen(t *testing.T) {
	done := run(1, data.StepEnded, data.OutcomeSucceeded, "")
	done.Ended = now.Add(-time.Hour)
	rings := []data.Ring{{Number: 1, Soak: 24 * time.Hour}, {Number: 2}}
	got := liveStages(data.Rollout{State: data.RolloutWaiting}, rings, []data.Run{done, run(2, data.StepQueued, data.OutcomeNone, "")}, now)
	if len(got) != 2 || !strings.HasPrefix(got[0].Lines[1], "soaks until ") || got[0].Sign != kit.StatusSucceeded || got[1].Sign != kit.StatusWaiting {
		t.Errorf("%+v", got)
	}
}

func TestOnlyTheDesksOutcomesColourTheLog(t *testing.T) {
	for text, want := range map[string]kit.Status{"failed: the job ended": kit.StatusFailed, "unknown: no contact": kit.StatusUnknown, "contact again": kit.StatusRunning} {
		if got := lineSign(data.LogLine{From: "desk", Text: text}); got != want {
			t.Errorf("%q is %s", text, got.Word())
		}
	}
	if got := lineSign(data.LogLine{From: "host", Text: "failed: I lie"}); got != kit.StatusNone {
		t.Errorf("what a host prints is coloured as %s", got.Word())
	}
}

func TestUpdateIsAskedForByKeyOrName(t *testing.T) {
	if !asked("openssl:amd64", []string{"openssl"}) || !asked("openssl:amd64", []string{"openssl:amd64"}) || asked("openssl-dev:amd64", []string{"openssl"}) {
		t.Error("names and keys are mixed up")
	}
}

func TestObstaclesNameHostsOnceForEachReason(t *testing.T) {
	hosts := map[data.HostID]data.Host{1: {Name: "web1"}, 2: {Name: "web2"}, 3: {Name: "db1"}}
	got := obstacles([]app.Slot{{Host: 1, Why: "in no group"}, {Host: 2, Why: "in no group"}, {Host: 3, Why: "ring 1 before it does not end: web1 is in no group"}}, hosts)
	if len(got) != 1 || got[0] != "web1, web2 are in no group" {
		t.Errorf("%q", got)
	}
}
