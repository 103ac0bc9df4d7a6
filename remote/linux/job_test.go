package linux

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

const jobName = "job-0001"

// world is a state directory and a session on this computer.
type world struct {
	*testing.T
	Host
	*shell
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{t, Host{StateDir: t.TempDir()}, &shell{}}
	// Jobs are detached: let those still running end before the folder goes.
	t.Cleanup(func() {
		pids, _ := filepath.Glob(filepath.Join(w.StateDir, "jobs", "*", "pid"))
		for _, p := range pids {
			_ = os.WriteFile(filepath.Join(filepath.Dir(p), "cancel"), nil, 0o600)
		}
		for range 50 {
			if locks, _ := filepath.Glob(filepath.Join(w.StateDir, "lock")); len(locks) == 0 {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return w
}

func (w world) start(id, script string, after time.Duration) error {
	w.Helper()
	return w.StartJob(context.Background(), w.shell, remote.Job{ID: id, StopAfter: after}, script, []byte("some\x01 input\n"))
}

func (w world) look(id string) remote.JobStatus {
	w.Helper()
	st, err := w.Host.Look(context.Background(), w.shell, id, 0)
	if err != nil {
		w.Fatal(err)
	}
	return st
}

func (w world) wait(id string) remote.JobStatus {
	w.Helper()
	for range 100 {
		if st := w.look(id); st.State != remote.JobRunning {
			return st
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.Fatal("the job does not end")
	return remote.JobStatus{}
}

func (w world) file(id, name string) string { return filepath.Join(w.StateDir, "jobs", id, name) }

func TestJobRunsDetachedAndTellsItsEnd(t *testing.T) {
	w := newWorld(t)
	if st := w.look(jobName); st.State != remote.JobAbsent {
		t.Fatalf("before its start: %+v", st)
	}
	if err := w.start(jobName, "step 0 2 'first'; cat \"$job/input\"; step 1 2 'second of 2'; echo oops >&2; umask; exit 7", time.Minute); err != nil {
		t.Fatal(err)
	}
	st := w.wait(jobName)
	if st.State != remote.JobEnded || st.Exit != 7 || st.Stopped != "" || st.Step != "second of 2" || st.Done != 1 || st.Total != 2 {
		t.Errorf("%+v", st)
	}
	if want := "== first\nsome\x01 input\n== second of 2\noops\n0022\n"; string(st.Log) != want || st.Next != int64(len(want)) {
		t.Errorf("log is %q, next %d", st.Log, st.Next)
	}
	if time.Since(st.Started).Abs() > time.Minute || st.Ended.Before(st.Started) {
		t.Errorf("started %v, ended %v", st.Started, st.Ended)
	}
	more, err := w.Host.Look(context.Background(), w.shell, jobName, st.Next-5)
	if err != nil || string(more.Log) != "0022\n" || more.Next != st.Next {
		t.Errorf("log from an offset: %q, next %d, %v", more.Log, more.Next, err)
	}
	if info, err := os.Stat(w.file(jobName, "")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder is %v, %v", info.Mode(), err)
	}
}

func TestSameJobStartsOnce(t *testing.T) {
	w := newWorld(t)
	count := filepath.Join(t.TempDir(), "count")
	script := "echo ran >>" + count + "; sleep 1"
	var starters sync.WaitGroup
	for range 6 {
		starters.Go(func() {
			if err := w.StartJob(context.Background(), &shell{}, remote.Job{ID: jobName, StopAfter: time.Minute}, script, nil); err != nil {
				t.Error(err)
			}
		})
	}
	starters.Wait()
	if st := w.wait(jobName); st.State != remote.JobEnded || st.Exit != 0 {
		t.Errorf("%+v", st)
	}
	if err := w.start(jobName, script, time.Minute); err != nil {
		t.Errorf("start after its end: %v", err)
	}
	if b, err := os.ReadFile(count); err != nil || string(b) != "ran\n" {
		t.Errorf("it ran %q, %v", b, err)
	}
}

func TestSecondJobIsRefusedWhileOneRuns(t *testing.T) {
	w := newWorld(t)
	if err := w.start(jobName, "sleep 1", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := w.start("job-0002", "true", time.Minute); !errors.Is(err, remote.ErrBusy) {
		t.Errorf("error is %v", err)
	}
	if st := w.look("job-0002"); st.State != remote.JobAbsent {
		t.Errorf("the refused job is %+v", st)
	}
	if err := w.Host.Reboot(context.Background(), w.shell); !errors.Is(err, remote.ErrBusy) {
		t.Errorf("reboot under a job: %v", err)
	}
	w.wait(jobName)
	if err := w.start("job-0002", "true", time.Minute); err != nil {
		t.Errorf("once the first has ended: %v", err)
	}
	w.wait("job-0002")
}

func TestKilledJobIsLostAndItsLockIsCleared(t *testing.T) {
	w := newWorld(t)
	if err := w.start(jobName, "echo begun; sleep 1", time.Minute); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(w.file(jobName, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if st := w.wait(jobName); st.State != remote.JobLost {
		t.Errorf("%+v", st)
	}
	if err := w.start(jobName, "true", time.Minute); err != nil || w.look(jobName).State != remote.JobLost {
		t.Errorf("a lost job was started again: %v", err)
	}
	if err := w.start("job-0002", "true", time.Minute); err != nil {
		t.Errorf("another job: %v", err)
	}
	w.wait("job-0002")
}

func TestJobOfAnEarlierBootIsLost(t *testing.T) {
	w := newWorld(t)
	if err := w.start(jobName, "sleep 1", time.Minute); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(w.file(jobName, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	other := "00000000-0000-0000-0000-000000000000" + string(b[36:])
	if err := os.WriteFile(w.file(jobName, "pid"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	if st := w.look(jobName); st.State != remote.JobLost {
		t.Errorf("%+v", st)
	}
	w.wait(jobName)
	for !exists(w.file(jobName, "result")) {
		time.Sleep(50 * time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (w world) claim(id, who string) {
	w.Helper()
	for _, dir := range []string{"claims", "jobs"} {
		if err := os.MkdirAll(filepath.Join(w.StateDir, dir), 0o700); err != nil {
			w.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.StateDir, "claims", id), []byte(who), 0o600); err != nil {
		w.Fatal(err)
	}
}

func TestClaimWhoseStarterDiedNeverRuns(t *testing.T) {
	for name, claim := range map[string]string{
		"cannot be read":            "",
		"died in this boot":         "BOOT 999999999 1\n",
		"died with an earlier boot": "00000000-0000-0000-0000-000000000000 1 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
			if err != nil {
				t.Fatal(err)
			}
			w.claim(jobName, strings.ReplaceAll(claim, "BOOT", strings.TrimSpace(string(boot))))
			if st := w.look(jobName); st.State != remote.JobAbsent {
				t.Fatalf("%+v", st)
			}
			if b, err := os.ReadFile(w.file(jobName, "pid")); err != nil || string(b) != "void\n" {
				t.Fatalf("the gate stands open: %q, %v", b, err)
			}
			if err := w.start(jobName, "echo now", time.Minute); !errors.Is(err, ErrNotStarted) {
				t.Errorf("start of a void job: %v", err)
			}
		})
	}
}

func TestLateLaunchOfAVoidJobDoesNothing(t *testing.T) {
	w := newWorld(t)
	if err := w.start(jobName, "true", time.Minute); err != nil {
		t.Fatal(err)
	}
	w.wait(jobName)
	for name, content := range map[string]string{"pid": "void\n", "script": "touch $job/ran\n"} {
		if err := os.WriteFile(w.file(jobName, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := w.shell.Run(context.Background(), remote.Command{Script: jobsLib + jobScript, Args: []string{w.StateDir, jobName}})
	if err != nil || exists(w.file(jobName, "ran")) || w.look(jobName).State != remote.JobAbsent {
		t.Errorf("it ran: %s, %v", out.Stderr, err)
	}
}

func TestDeadlineStopsBetweenStepsAndNotInThem(t *testing.T) {
	w := newWorld(t)
	script := "for i in 1 2 3 4 5 6 7 8; do halted && exit 75; step $i 8 \"slice $i\"; sleep 1; echo \"finished $i\"; done"
	if err := w.start(jobName, script, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	st := w.wait(jobName)
	if st.State != remote.JobEnded || st.Exit != 75 || st.Stopped != "deadline" || st.Done < 1 || st.Done > 4 {
		t.Errorf("%+v", st)
	}
	if !strings.HasSuffix(string(st.Log), "finished "+strconv.Itoa(st.Done)+"\n") {
		t.Errorf("the last step was cut: %q", st.Log)
	}
}

func TestCancelStopsBetweenStepsAndEndsADownload(t *testing.T) {
	w := newWorld(t)
	if err := w.Host.Cancel(context.Background(), w.shell, jobName); !errors.Is(err, ErrNoJob) {
		t.Errorf("cancel of nothing: %v", err)
	}
	script := "step 0 2 download; killable sleep 300; s=$?; echo \"download said $s\"; halted && exit 75; echo never"
	if err := w.start(jobName, script, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := w.Host.Cancel(context.Background(), w.shell, jobName); err != nil {
		t.Fatal(err)
	}
	st := w.wait(jobName)
	if st.State != remote.JobEnded || st.Exit != 75 || st.Stopped != "cancelled" || !strings.Contains(string(st.Log), "download said 75\n") {
		t.Errorf("%+v log %s", st, st.Log)
	}
	if err := w.Host.Cancel(context.Background(), w.shell, jobName); err != nil {
		t.Errorf("cancel after the end: %v", err)
	}
}

func TestKillableReturnsTheCommandsStatus(t *testing.T) {
	w := newWorld(t)
	if err := w.start(jobName, "killable sh -c 'echo out; exit 9'; echo $?; killable true; echo $?", time.Minute); err != nil {
		t.Fatal(err)
	}
	if st := w.wait(jobName); string(st.Log) != "out\n9\n0\n" {
		t.Errorf("log is %q", st.Log)
	}
}

func TestCutInputStartsNothing(t *testing.T) {
	w := newWorld(t)
	a, err := Ask(context.Background(), w.shell, Question{Name: "start", Script: jobsLib + startScript,
		Args: []string{w.StateDir, jobName, "60", "exit", "exit", "10"}, Stdin: []byte("short")})
	if err != nil || a[0].Word() != "cut" || exists(w.file(jobName, "")) {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestBadJobNamesNeverReachAShell(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"", "short", "../../../etc", "has space1", "Upper-case", "-option-x", strings.Repeat("x", 65)} {
		if err := w.start(id, "true", time.Minute); !errors.Is(err, ErrNotStarted) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := w.Host.Look(context.Background(), w.shell, id, 0); !errors.Is(err, ErrNoJob) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := w.start(jobName, "true", 0); !errors.Is(err, ErrNotStarted) {
		t.Errorf("no time left: %v", err)
	}
	if w.asked != 0 {
		t.Errorf("the host was asked %d times", w.asked)
	}
}

// manyJobs makes 24 jobs that have ended, old-job-10 to old-job-33, an hour
// apart from the time on.
func (w world) manyJobs(from time.Time) {
	w.Helper()
	for i := range 24 {
		id := "old-job-" + strconv.Itoa(10+i)
		if err := os.MkdirAll(w.file(id, ""), 0o700); err != nil {
			w.Fatal(err)
		}
		for name, text := range map[string]string{"pid": "b 1 1\n", "result": "exit 0\nstopped \nended 1790000000\n", "log": "a\n", "input": "b\n", "script": ":\n"} {
			if err := os.WriteFile(w.file(id, name), []byte(text), 0o600); err != nil {
				w.Fatal(err)
			}
		}
		w.claim(id, "b 1 1\n")
		at := from.Add(time.Duration(i) * time.Hour)
		if err := os.Chtimes(filepath.Join(w.StateDir, "claims", id), at, at); err != nil {
			w.Fatal(err)
		}
	}
	if err := w.start(jobName, "true", time.Minute); err != nil {
		w.Fatal(err)
	}
	w.wait(jobName)
}

func TestOldJobsLeaveTheirEndForAYear(t *testing.T) {
	w := newWorld(t)
	w.manyJobs(time.Now().AddDate(0, -11, 0))
	for i := range 24 {
		id := "old-job-" + strconv.Itoa(10+i)
		st := w.look(id)
		if st.State != remote.JobEnded || !st.Forgot.IsZero() {
			t.Errorf("%s: %+v", id, st)
		}
		if young := i >= 5; exists(w.file(id, "log")) != young || exists(w.file(id, "input")) != young {
			t.Errorf("%s: its log and input are there: %t", id, !young)
		}
	}
	if err := w.start("old-job-10", "true", time.Minute); err != nil || exists(w.file("old-job-10", "script")) {
		t.Errorf("a job that has ended was started again: %v", err)
	}
}

func TestAHostSaysSinceWhenItMayHaveForgottenJobs(t *testing.T) {
	w := newWorld(t)
	if st := w.look("old-job-10"); st.State != remote.JobAbsent || !st.Forgot.IsZero() {
		t.Errorf("a new host: %+v", st)
	}
	from := time.Now().AddDate(-1, -1, 0).Truncate(time.Second)
	w.manyJobs(from)
	left, err := os.ReadDir(w.file("", ""))
	if err != nil || len(left) != 20 || exists(w.file("old-job-14", "")) || !exists(w.file("old-job-15", "")) {
		t.Errorf("%d jobs are left: %v", len(left), err)
	}
	if st := w.look("old-job-10"); st.State != remote.JobAbsent || !st.Forgot.Equal(from.Add(4*time.Hour)) {
		t.Errorf("%+v; the newest that was forgotten is of %s", st, from.Add(4*time.Hour))
	}
}

func TestAClaimIsAJobThatDoesNothing(t *testing.T) {
	w := newWorld(t)
	j := remote.Job{ID: jobName, StopAfter: time.Minute}
	for range 2 {
		if err := w.StartChanges(t.Context(), w.shell, j, "exit 1", nil); err != nil {
			t.Fatal(err)
		}
	}
	if st := w.wait(jobName); st.State != remote.JobEnded || st.Exit != 0 || st.Started.IsZero() {
		t.Errorf("%+v", st)
	}
}

func TestARunningJobThatLeavesNoTraceIsQuietByTheHostsClock(t *testing.T) {
	w := newWorld(t)
	if err := w.start(jobName, "step 1 2 'install 1 of 2'\nuntil halted; do sleep 0.1; done", time.Hour); err != nil {
		t.Fatal(err)
	}
	for w.look(jobName).Step == "" {
		time.Sleep(50 * time.Millisecond)
	}
	if st := w.look(jobName); st.State != remote.JobRunning || st.Quiet > time.Minute {
		t.Errorf("at work: %+v", st)
	}
	past := time.Now().Add(-40 * time.Minute)
	for _, name := range []string{"started", "step", "log"} {
		if err := os.Chtimes(filepath.Join(w.StateDir, "jobs", jobName, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	if st := w.look(jobName); st.Quiet < 40*time.Minute || st.Quiet > 50*time.Minute {
		t.Errorf("quiet for %s", st.Quiet)
	}
	if err := w.Host.Cancel(t.Context(), w.shell, jobName); err != nil {
		t.Error(err)
	}
	if st := w.wait(jobName); st.Quiet != 0 || st.Stopped != "cancelled" {
		t.Errorf("ended: %+v", st)
	}
}

func TestQuietIsReadOfARunningJobOnly(t *testing.T) {
	for word, want := range map[string]time.Duration{"": 0, "2400": 40 * time.Minute, "-5": 0} {
		if got, err := readQuiet(word); err != nil || got != want {
			t.Errorf("%q: %s, %v", word, got, err)
		}
	}
	if _, err := readQuiet("long"); err == nil {
		t.Error("rubbish is a time")
	}
}

func TestRubbishAboutAJobIsGarbage(t *testing.T) {
	good := map[string]string{"state": "ended", "result": "exit 0\nstopped \nended 1790000000\n", "started": "1790000000\n", "step": "1 2 a b", "log": "x", "forgotten": "1780000000\n", "quiet": "4"}
	for section, bad := range map[string][]string{
		"forgotten": {"x", "-1"},
		"state":     {"", "green"},
		"result":    {"", "exit 0", "exit x\nstopped \nended 1\n", "exit 0\nstopped because\nended 1\n", "exit 0\nstopped \nended -1\n", "exit 300\nstopped \nended 1\n"},
		"started":   {"soon"},
		"step":      {"one", "1 x y", "-1 2 y"},
	} {
		for _, text := range append(bad, good[section]) {
			var a Answer
			for name, value := range good {
				if name == section {
					value = text
				}
				a = append(a, Section{Name: name, Out: value})
			}
			if _, err := jobStatus(a, 0); (err == nil) != (text == good[section]) {
				t.Errorf("%s %q: %v", section, text, err)
			}
		}
	}
}

// The same through the program's own local session: the job must outlive it.
func TestJobOutlivesItsSession(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	s, err := remote.Local{}.Dial(ctx, data.Host{Name: "here", Reach: data.ReachLocal})
	if err != nil {
		t.Fatal(err)
	}
	err = w.StartJob(ctx, s, remote.Job{ID: jobName, StopAfter: time.Minute}, "step 0 1 work; sleep 1; cat \"$job/input\"", []byte("still here\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if st := w.wait(jobName); st.State != remote.JobEnded || st.Exit != 0 || string(st.Log) != "== work\nstill here\n" {
		t.Errorf("%+v\n%s", st, st.Log)
	}
}

// What lies in the state directory is run as root.
func TestStateDirectoryOfSomebodyElseIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("not root: only rights are tried, not owners and links")
	}
	for name, spoil := range map[string]func(dir string) error{
		"others may write": func(dir string) error { return os.Chmod(dir, 0o777) },
		"jobs others may write": func(dir string) error {
			jobs := filepath.Join(dir, "jobs")
			return errors.Join(os.Mkdir(jobs, 0o700), os.Chmod(jobs, 0o770))
		},
		"a link": func(dir string) error {
			return errors.Join(os.Mkdir(dir+"2", 0o700), os.Remove(dir), os.Symlink(dir+"2", dir))
		},
		"another owner": func(dir string) error {
			if os.Getuid() != 0 {
				return os.Chmod(dir, 0o777)
			}
			return os.Chown(dir, 65534, 65534)
		},
	} {
		w := newWorld(t)
		if err := spoil(w.StateDir); err != nil {
			t.Fatal(err)
		}
		if err := w.start(jobName, "echo ran", time.Minute); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), "somebody else") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
