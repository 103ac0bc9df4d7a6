package rollouts

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
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
	for _, want := range []string{"1 host that waits does not start", "1 host under way is asked to stop where that is safe", "3 hosts have ended", "Nothing is rolled back."} {
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

func TestEndedRolloutTellsWhatIsStillOverdueOnItsHosts(t *testing.T) {
	good := data.Run{Host: 1, Outcome: data.OutcomeSucceeded, Step: data.StepEnded}
	bad := data.Run{Host: 2, Outcome: data.OutcomeFailed, Step: data.StepEnded}
	hosts := map[data.HostID]data.Host{1: {ID: 1, Name: "web1"}, 2: {ID: 2, Name: "web2"}, 3: {ID: 3, Name: "db1"}}
	overdue := func(h data.HostID, n int) data.HostVerdict {
		v := data.HostVerdict{Host: h, Compliance: data.Overdue, Counts: map[data.Compliance]int{}}
		if n > 0 {
			v.Counts[data.Overdue] = n
		}
		return v
	}
	for want, c := range map[string]struct {
		runs     []data.Run
		verdicts []data.HostVerdict
	}{
		"Still overdue: 1 update on web1, left out of this plan.": {[]data.Run{good}, []data.HostVerdict{overdue(1, 1), overdue(3, 4)}},
		"Still overdue: 3 updates on web1, web2.":                 {[]data.Run{good, bad}, []data.HostVerdict{overdue(1, 1), overdue(2, 2)}},
		"Still overdue: web1.":                                    {[]data.Run{good}, []data.HostVerdict{overdue(1, 0)}},
	} {
		l := lateOf(&snapshot{runs: c.runs, hosts: hosts}, c.verdicts)
		if got := l.sentence(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	s := &snapshot{runs: []data.Run{good}, hosts: hosts}
	verdicts := []data.HostVerdict{{Host: 1, Compliance: data.DueSoon}, overdue(3, 1)}
	if l := lateOf(s, verdicts); len(l.hosts) != 0 {
		t.Errorf("late: %v", l.hosts)
	}
	s.plan.LeftOut = []data.LeftOut{{Host: 3, Why: "unknown"}}
	if got := lateOf(s, verdicts).sentence(); got != "Still overdue: 1 update on db1, left out of this plan." {
		t.Errorf("a host that was left out: %q", got)
	}
}

func TestHeadingIsNotGreenWhileSomethingIsOverdue(t *testing.T) {
	kittest.Start(t, false)
	h := newHeading()
	w := kittest.Window(t, h.object, fyne.NewSize(1000, 200))
	run := data.Run{Host: 1, Outcome: data.OutcomeSucceeded, Step: data.StepEnded}
	s := &snapshot{rollout: data.Rollout{State: data.RolloutDone, Ended: now}, runs: []data.Run{run}, late: late{hosts: []string{"web1"}, updates: 1, planned: true}}
	h.set(s, tally(s.runs))
	kittest.See(t, w, "Still overdue")
	done := kit.OfRollout(data.RolloutDone).Icon().Name() // its shape and colour
	if h.sign.Resource.Name() == done {
		t.Error("the sign says that all is well")
	}
	s.late = late{}
	h.set(s, tally(s.runs))
	if h.sign.Resource.Name() != done {
		t.Error("the sign says that something is wrong")
	}
}

func TestWhatANeverScannedHostLacksIsNotZero(t *testing.T) {
	missing := func(h *hostRow) string {
		for _, c := range hostColumns(time.Now) {
			if c.ID == "missing" {
				return c.Text(h)
			}
		}
		return ""
	}
	if got := missing(&hostRow{}); got != "–" {
		t.Errorf("never scanned, and %q is missing", got)
	}
	scanned := &hostRow{Judged: true, Verdict: data.HostVerdict{ScanAt: now, Compliance: data.Compliant}}
	if got := missing(scanned); got != "0" {
		t.Errorf("scanned, and %q is missing", got)
	}
	for want, hosts := range map[string][]*hostRow{
		"No host is chosen":                       nil,
		"Nothing is missing on the chosen hosts":  {scanned},
		"What the chosen hosts lack is not known": {scanned, {}},
	} {
		if title, _ := nothing(hosts); title != want {
			t.Errorf("%q, want %q", title, want)
		}
	}
}

func TestDeadlineOfAnUpdateIsThatOfTheChosenHosts(t *testing.T) {
	s := &stock{lacks: map[data.HostID][]lack{}}
	at, update := map[string]int32{}, data.Update{Name: "openssl", Arch: "amd64"}
	soon := now.Add(48 * time.Hour)
	s.add(at, 1, data.Verdict{Update: update, Compliance: data.Overdue, Due: now.Add(-time.Hour)})
	s.add(at, 2, data.Verdict{Update: update, Compliance: data.Compliant, Due: soon})
	late, well := &hostRow{Host: data.Host{ID: 1}}, &hostRow{Host: data.Host{ID: 2}}
	if got := s.missing([]*hostRow{well}); len(got) != 1 || got[0].Worst != data.Compliant || !got[0].Due.Equal(soon) || got[0].Hosts != 1 {
		t.Errorf("of the host in time: %+v", *got[0])
	}
	if got := s.missing([]*hostRow{well, late}); got[0].Worst != data.Overdue || got[0].Hosts != 2 {
		t.Errorf("of both: %+v", *got[0])
	}
}

func TestARolloutThatLeftAHostOutIsNotGreenInTheList(t *testing.T) {
	r := row{Rollout: data.Rollout{ID: 1, State: data.RolloutDone, Ended: now}, Tally: tally([]data.Run{{Outcome: data.OutcomeSucceeded}})}
	if sign, _ := r.state(); sign != kit.StatusDone {
		t.Errorf("all succeeded: %q", sign.Word())
	}
	for _, o := range []data.Outcome{data.OutcomeSkipped, data.OutcomeCancelled, data.OutcomeFailed, data.OutcomeUnknown} {
		r.Tally = tally([]data.Run{{Outcome: data.OutcomeSucceeded}, {Outcome: o}})
		if sign, word := r.state(); sign != kit.StatusWarning || word != "Done" {
			t.Errorf("one %s: %q %q", o, sign.Word(), word)
		}
	}
}

func TestOnlyWhatIsExceptedOnAllChosenHostsIsLeftUnticked(t *testing.T) {
	s := &stock{lacks: map[data.HostID][]lack{}}
	at, update := map[string]int32{}, data.Update{Name: "KB5070610"}
	s.add(at, 1, data.Verdict{Update: update, Compliance: data.Excepted})
	s.add(at, 2, data.Verdict{Update: update, Compliance: data.Overdue})
	off, on := &hostRow{Host: data.Host{ID: 1}}, &hostRow{Host: data.Host{ID: 2}}
	if !s.missing([]*hostRow{off})[0].leftOut() || s.missing([]*hostRow{on})[0].leftOut() || s.missing([]*hostRow{off, on})[0].leftOut() {
		t.Error("ticked or not by something else than the exception")
	}
}

func TestAPlanSaysHowManyHostsItLeavesOut(t *testing.T) {
	host := data.Host{ID: 7}
	left := []app.PlanNote{{Host: host}, {Host: host}, {Host: data.Host{ID: 8}}, {Host: data.Host{ID: 9}, LeftOut: data.LeftOut{Update: "openssl"}}}
	if got := warnText(&planView{left: left}); got != "2 hosts that were asked for are left out." {
		t.Errorf("%q", got)
	}
	if got := warnText(&planView{left: left[3:]}); got != "" {
		t.Errorf("of an update alone: %q", got)
	}
}
