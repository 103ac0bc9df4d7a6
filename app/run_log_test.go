package app

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

func TestLogThatDoesNotGoOnIsGarbage(t *testing.T) {
	for _, next := range []int64{-1, 0, 6, 14, 1 << 40} {
		if err := fitLog(&remote.JobStatus{State: remote.JobRunning, Log: []byte("abc"), Next: next}, 10); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("next %d: %v", next, err)
		}
	}
	st := remote.JobStatus{State: remote.JobEnded, Log: []byte("abc and the report"), Next: maxJobLog + 1}
	if err := fitLog(&st, maxJobLog-2); err != nil || string(st.Log) != " and the report" || st.Next != maxJobLog-2 {
		t.Errorf("%q, %d, %v", st.Log, st.Next, err)
	}
}

// endlessJob is a host whose job has ended and whose log has not.
type endlessJob struct {
	*world
	looks int
}

func (e *endlessJob) Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error) {
	st, err := e.world.Look(ctx, s, id, 0)
	if st.State == remote.JobEnded || st.State == remote.JobRunning {
		e.looks++
		st.State, st.Ended = remote.JobEnded, night
		st.Log = bytes.Repeat([]byte("x"), 4<<20)
		st.Log[len(st.Log)-1] = '\n'
		st.Next = from + int64(len(st.Log))
	}
	return st, err
}

func TestEndlessLogEndsARun(t *testing.T) {
	w := newWorld()
	e := &endlessJob{world: w}
	s := newShop(t, w, data.RebootNever)
	s.Desk.Platforms = []Platform{e}
	s.start(t, "")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	must(t, s.drive(ctx))
	if r := s.run(t); r.Outcome == data.OutcomeNone || r.LogNext > maxJobLog || e.looks > 6 {
		t.Errorf("%d looks at an endless log, %d bytes kept, outcome %q", e.looks, r.LogNext, r.Outcome)
	}
}
