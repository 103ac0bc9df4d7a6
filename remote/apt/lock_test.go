package apt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// hold takes dpkg's lock as another APT would.
func (w *world) hold() (release func()) {
	w.Helper()
	f, err := os.OpenFile(filepath.Join(w.root, "var/lib/dpkg/lock-frontend"), os.O_RDWR|os.O_CREATE, 0o640)
	w.must(err)
	w.must(syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}))
	return func() { f.Close() }
}

// waiting starts a job with one package while somebody else has the lock, and
// returns when it waits.
func (w *world) waiting(script string, after time.Duration) (id string, release func()) {
	w.Helper()
	w.have(w.build("lab-hello", "1.0", "", nil))
	w.build("lab-hello", "1.1", "", nil)
	w.publish()
	release = w.hold()
	c := data.Changes{Upgrade: []data.Target{target("lab-hello", "1.0", "1.1")}}
	input, err := planFile(c)
	w.must(err)
	id = fmt.Sprintf("job-%d", time.Now().UnixNano())
	w.must(w.StartJob(context.Background(), w.shell, remote.Job{ID: id, Changes: c, StopAfter: after}, places+script, input))
	var st remote.JobStatus
	for range 300 {
		st, err = w.Look(context.Background(), w.shell, id, 0)
		w.must(err)
		if strings.HasPrefix(st.Step, "wait for another") || st.State != remote.JobRunning {
			return id, release
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.Fatalf("the job does not come to the lock: %+v\n%s", st, st.Log)
	return id, release
}

func TestAHeldLockIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	id, release := w.waiting(installScript, time.Minute)
	release()
	if st := w.wait(id); st.Exit != 0 || w.state("lab-hello") != "ii  1.1" {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}

// Nothing is installed after the window's end or a cancel, though the lock is
// given up then.
func TestALockThatIsNeverGivenUpChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		patience int
		after    time.Duration
		cancel   bool
		exit     int
		stopped  string
	}{
		"to the end of patience":   {1, time.Minute, false, ExitBusy, ""},
		"to the end of the window": {120, 6 * time.Second, false, ExitHalted, "deadline"},
		"and it is cancelled":      {120, time.Minute, true, ExitHalted, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id, release := w.waiting(strings.Replace(installScript, "lock_patience=120\n", fmt.Sprintf("lock_patience=%d\n", c.patience), 1), c.after)
			defer release()
			if c.cancel {
				w.must(w.Cancel(context.Background(), w.shell, id))
			}
			st := w.wait(id)
			if st.Exit != c.exit || st.Stopped != c.stopped || w.state("lab-hello") != "ii  1.0" {
				t.Errorf("%+v\n%s", st, st.Log)
			}
			if said := bytes.Contains(st.Log, []byte("another package manager is at work: process ")); said != (c.exit == ExitBusy) {
				t.Errorf("the log says:\n%s", st.Log)
			}
		})
	}
}

// The world's own files are looked at, and not those of the machine that the
// test runs on.
func TestLocksAndUpdatesAreThoseOfTheDpkgThatIsAsked(t *testing.T) {
	w := newWorld(t)
	w.have(w.build("lab-hello", "1.0", "", nil))
	w.build("lab-hello", "1.1", "", nil)
	w.publish()
	has := func(kind data.ProblemKind) bool {
		t.Helper()
		scan, err := w.Scan(context.Background(), w.shell, false)
		w.must(err)
		return slices.ContainsFunc(scan.Problems, func(p data.Problem) bool { return p.Kind == kind })
	}
	if has(data.PlatformBusy) || has(data.PackagesBroken) {
		t.Error("something is in the way in a world of its own")
	}
	release := w.hold()
	if !has(data.PlatformBusy) {
		t.Error("a held lock is not seen")
	}
	release()
	w.write(filepath.Join(w.root, "var/lib/dpkg/updates/0001"), "")
	if !has(data.PackagesBroken) {
		t.Error("an interrupted dpkg is not seen")
	}
	if st := w.run(data.Changes{Upgrade: []data.Target{target("lab-hello", "1.0", "1.1")}}, time.Minute); st.Exit != ExitBroken {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}
