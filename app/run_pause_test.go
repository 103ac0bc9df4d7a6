package app

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

func TestPausesGrowWhileAJobTellsNothingNew(t *testing.T) {
	var p pause
	var got []time.Duration
	for _, told := range []string{"install 1 of 2", "install 1 of 2", "install 1 of 2", "install 1 of 2", "install 1 of 2", "install 1 of 2", "install 2 of 2", "install 2 of 2"} {
		got = append(got, p.after(told, false, 2*time.Second, 30*time.Second)/time.Second)
	}
	got = append(got, p.after("install 2 of 2", true, 2*time.Second, 30*time.Second)/time.Second)
	if want := []time.Duration{2, 4, 8, 16, 30, 30, 2, 4, 2}; !slices.Equal(got, want) {
		t.Errorf("paused %d, want %d s", got, want)
	}
}

// looked counts the looks at jobs.
type looked struct {
	*world
	name  data.Platform
	looks atomic.Int32
}

func (l *looked) Name() data.Platform { return l.name }

func (l *looked) LooksCost() bool { return l.name == data.WindowsUpdate }

func (l *looked) Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error) {
	l.looks.Add(1)
	return l.world.Look(ctx, s, id, from)
}

// slowly drives a rollout whose job hangs on a host of the platform name, with
// pauses of an hour between looks, until do has made it end.
func slowly(t *testing.T, name data.Platform, do func(*shop, *looked)) *looked {
	t.Helper()
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootNever)
	l := &looked{world: w, name: name}
	must(t, s.EditHosts(t.Context(), []data.HostID{s.host}, func(h *data.Host) { h.Platform = name }))
	s.Platforms = []Platform{l}
	s.start(t, "")
	pace := quick
	pace.Poll, pace.Slow = 5*time.Millisecond, time.Hour
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- (&Driver{Desk: s.Desk, Pace: pace, Holder: "test"}).Drive(ctx, s.rollout, true) }()
	for l.looks.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	do(s, l)
	must(t, <-ended)
	if run := s.run(t); run.Outcome == data.OutcomeNone {
		t.Error("it has not ended")
	}
	return l
}

func TestAWindowsJobIsNotLookedAtAllTheTime(t *testing.T) {
	cancel := func(s *shop, l *looked) {
		if n := l.looks.Load(); l.name == data.WindowsUpdate && n > 9 || l.name == data.APT && n < 15 {
			t.Errorf("%s: %d looks in 300 ms", l.name, n)
		}
		must(t, s.CancelRollout(t.Context(), s.rollout, "users complain"))
	}
	for _, name := range []data.Platform{data.WindowsUpdate, data.APT} {
		if l := slowly(t, name, cancel); l.jobs == nil {
			t.Error("no job")
		}
	}
}

func TestAWindowsJobIsLookedAtAtTheWindowsEnd(t *testing.T) {
	slowly(t, data.WindowsUpdate, func(s *shop, l *looked) {
		close(l.hold) // the host ends it there, by its own clock
		time.Sleep(20 * time.Millisecond)
		s.at(s.run(t).Deadline)
	})
}
