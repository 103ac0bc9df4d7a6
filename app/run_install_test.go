package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// failing makes the job of a world fail with these words in its log.
func failing(words string) *world {
	w := newWorld()
	w.badJob = func(w *world, j remote.Job) int {
		st := w.jobs[j.ID]
		st.Log = append(st.Log, words+"\n"...)
		st.Next = int64(len(st.Log))
		return 1
	}
	return w
}

func TestFailureOfTheHostIsNamed(t *testing.T) {
	for words, want := range map[string]string{
		" cannot copy extracted data for './blob' to '/blob.dpkg-new': failed to write (No space left on device)": "; post-check job failed (no space was left on the host's disk)",
		"E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 133 (apt-get)":                  "; post-check job failed (another package manager held the lock)",
		"lab-badpost: cannot migrate database": "", // the package's own fault
	} {
		s := newShop(t, failing(words), data.RebootNever)
		s.start(t, "")
		must(t, s.drive(t.Context()))
		run := s.run(t)
		if _, told, _ := strings.Cut(run.Detail, "curl, openssl"); run.Outcome != data.OutcomeFailed || told != want {
			t.Errorf("%s: %s: %s", words, run.Outcome, run.Detail)
		}
	}
}

func TestFailureOfAnEarlierAttemptIsNotNamedAgain(t *testing.T) {
	w := failing("E: You don't have enough free space in /var/cache/apt/archives/.")
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	must(t, s.drive(t.Context()))
	w.badJob = func(*world, remote.Job) int { return 1 }
	must(t, s.RetryRun(t.Context(), s.rollout, s.run(t).ID, "made room"))
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeFailed || run.Attempt != 2 || strings.Contains(run.Detail, "no space") {
		t.Errorf("run %+v", run)
	}
}

// wordy tells its log in parts of ten bytes, as a host does with a long one.
type wordy struct{ *world }

func (w wordy) Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error) {
	st, err := w.world.Look(ctx, s, id, from)
	if len(st.Log) > 10 {
		st.Log = st.Log[:10]
	}
	st.Next = from + int64(len(st.Log))
	return st, err
}

// A desk that slept through the job gets all of the log, however long.
func TestALongLogIsKeptToItsEnd(t *testing.T) {
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "line %4d\n", i)
	}
	w := failing(strings.TrimSpace(text.String()))
	s := newShop(t, w, data.RebootNever)
	s.Platforms = []Platform{wordy{w}}
	s.start(t, "")
	must(t, s.drive(t.Context()))
	lines, _, err := s.DB.Log(t.Context(), s.run(t).ID, 0, 0)
	must(t, err)
	var all strings.Builder
	for _, l := range lines {
		if l.From == "host" {
			all.WriteString(l.Text)
		}
	}
	if got, want := strings.ReplaceAll(all.String(), " ", ""), strings.ReplaceAll("begin"+strings.ReplaceAll(text.String(), "\n", ""), " ", ""); got != want {
		t.Errorf("kept\n%s\nwant\n%s", got, want)
	}
}

// A host that came back on another address is looked up there once a person has
// said so, by the driver that waits for it.
func TestAHostThatMovedIsFoundAgain(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	s := newShop(t, w, data.RebootNever)
	elsewhere := &movable{world: w}
	s.Dialer = elsewhere
	s.start(t, "")
	ended := make(chan error, 1)
	go func() { ended <- s.drive(t.Context()) }()
	for !s.run(t).JobStarted {
		time.Sleep(time.Millisecond)
	}
	elsewhere.move("10.9.9.9")
	close(w.hold)
	for !strings.Contains(s.run(t).Detail, "contact lost") {
		time.Sleep(time.Millisecond)
	}
	must(t, s.EditHosts(t.Context(), []data.HostID{s.host}, func(h *data.Host) { h.Address = "10.9.9.9" }))
	must(t, <-ended)
	if run := s.run(t); run.Outcome != data.OutcomeSucceeded || w.starts != 1 {
		t.Errorf("%d starts, run %+v", w.starts, run)
	}
}

// At another address another machine may answer: that it knows no job does not
// prove that the first one did nothing.
func TestNoJobElsewhereProvesNothing(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	defer close(w.hold)
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	ctx, kill := context.WithCancel(t.Context())
	w.onStart = func(w *world, j remote.Job) error { // the answer is lost, and so is the desk
		delete(w.jobs, j.ID)
		kill()
		return remote.ErrLost
	}
	s.drive(ctx)
	must(t, s.EditHosts(t.Context(), []data.HostID{s.host}, func(h *data.Host) { h.Address = "10.9.9.9" }))
	must(t, s.drive(t.Context()))
	if run := s.run(t); run.Outcome != data.OutcomeUnknown || w.starts != 1 {
		t.Errorf("%d starts, run %+v", w.starts, run)
	}
}

// movable is a world that answers at one address only; "" is any.
type movable struct {
	*world
	at string
}

func (m *movable) move(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at, m.down = to, true // the old line is dead
}

func (m *movable) Dial(ctx context.Context, h data.Host) (remote.Session, error) {
	m.mu.Lock()
	if m.at != "" {
		m.down = h.Address != m.at
	}
	m.mu.Unlock()
	return m.world.Dial(ctx, h)
}

// A job without a sign of life wants a person, and is neither success nor
// failure; the condition goes away with the next sign, and a cancel still works.
func TestAJobWithoutASignOfLifeIsSaidToLookStuck(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	defer close(w.hold)
	s := newShop(t, w, data.RebootNever)
	s.start(t, "")
	ended := make(chan error, 1)
	go func() { ended <- s.drive(t.Context()) }()
	say := func(quiet time.Duration) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, j := range w.jobs {
			j.Quiet, j.Step, j.Done, j.Total = quiet, "install 1 of 2: curl", 0, 2
		}
	}
	wait := func(detail string) data.Run {
		t.Helper()
		for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if run := s.run(t); run.Detail == detail {
				return run
			} else if time.Now().After(until) {
				t.Fatalf("want %q, run %+v", detail, run)
			}
		}
	}
	told := func() *Need {
		t.Helper()
		all, err := s.Situation(t.Context())
		must(t, err)
		needs, err := all.Needs()
		must(t, err)
		for _, n := range needs {
			if n.Kind == NeedStuckRun {
				return &n
			}
		}
		return nil
	}
	headline := func() Headline {
		t.Helper()
		runs, err := s.DB.Runs(t.Context(), s.rollout)
		must(t, err)
		ro, err := s.DB.Rollout(t.Context(), s.rollout)
		must(t, err)
		return HeadlineOf(ro, data.Plan{}, runs, Driving{Holder: "test"})
	}
	for !s.run(t).JobStarted {
		time.Sleep(time.Millisecond)
	}
	say(29 * time.Minute)
	wait("install 1 of 2: curl")
	if n := told(); n != nil {
		t.Errorf("after 29 minutes: %+v", n)
	}
	say(31 * time.Minute)
	run := wait("no sign of life for 30 minutes: looks stuck; asking on (last: install 1 of 2: curl)")
	if n := told(); run.Outcome != data.OutcomeNone || n == nil || len(n.Runs) != 1 || !strings.Contains(n.Because, "neither as success nor as failure") {
		t.Errorf("%+v, run %+v", n, run)
	}
	if h := headline(); h.NeedsYou != "1 host" || h.NeedsYouNote != "1 looks stuck" || !strings.Contains(h.Safe, "Cancelling is safe") {
		t.Errorf("%+v", h)
	}
	say(0)
	wait("install 1 of 2: curl")
	if n := told(); n != nil {
		t.Errorf("it shows life again: %+v", n)
	}
	say(3 * time.Hour)
	wait("no sign of life for 3 hours: looks stuck; asking on (last: install 1 of 2: curl)")
	must(t, s.CancelRollout(t.Context(), s.rollout, "it hangs"))
	must(t, <-ended)
	if run := s.run(t); run.Outcome != data.OutcomeCancelled || run.Quiet != 0 || told() != nil {
		t.Errorf("run %+v", run)
	}
	lines, _, err := s.DB.Log(t.Context(), run.ID, 0, 0)
	must(t, err)
	var log strings.Builder
	for _, l := range lines {
		log.WriteString(l.Text + "\n")
	}
	if strings.Count(log.String(), "it looks stuck") != 2 || strings.Count(log.String(), "a sign of life again") != 1 {
		t.Error(log.String())
	}
}
