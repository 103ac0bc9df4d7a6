package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// maxStarts is how often a job that the host has proved never to have started is started.
const maxStarts = 3

// quietLimit is after how long without a sign of life a job looks stuck.
const quietLimit = 30 * time.Minute

// clockSlack is by how much a host's clock and the desk's may differ where days
// are compared.
const clockSlack = 24 * time.Hour

// install brings the job to its end. The host is always asked first: only a
// job that it has never heard of is started, and the same ID starts once.
func (r *runner) install(ctx context.Context) error {
	starts, asked := 0, false
	var look pause
	for {
		var st remote.JobStatus
		err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) (err error) {
			if st, err = p.Look(ctx, s, r.run.Job, r.run.LogNext); err != nil {
				return err
			}
			return fitLog(&st, r.run.LogNext)
		})
		if err != nil {
			if again, err := r.lost(ctx, err); !again {
				return err
			}
			continue
		}
		if err := r.found(ctx); err != nil {
			return err
		}
		if !st.Started.IsZero() {
			r.run.JobBegan = st.Started
		}
		switch st.State {
		case remote.JobAbsent:
			if r.run.LogNext > 0 || r.run.JobStarted || !r.run.JobBegan.IsZero() {
				return r.unknownJob(ctx, "the host no longer knows the job it had started")
			}
			if r.run.Started.Before(st.Forgot.Add(clockSlack)) {
				return r.unknownJob(ctx, "the host no longer knows jobs as old as this one")
			}
			if !r.unasked && r.moved() {
				return r.unknownJob(ctx, "the host knows of no job, but it is elsewhere since the plan was made: it may be another one")
			}
			if done, err := r.startJob(ctx, &starts); done || err != nil {
				return err
			}
		case remote.JobRunning:
			if err := r.keepLog(ctx, st); err != nil {
				return err
			}
			if !asked && r.cancelled(ctx) {
				asked = r.askCancel(ctx)
			}
			if !r.pauseLooking(ctx, &look, st, asked) {
				return errStop
			}
		case remote.JobEnded:
			more := st.Next > r.run.LogNext // a host tells a long log in parts
			if err := r.keepLog(ctx, st); err != nil {
				return err
			}
			if !more {
				return r.jobEnded(ctx, st)
			}
		case remote.JobLost:
			if err := r.keepLog(ctx, st); err != nil {
				return err
			}
			return r.unknownJob(ctx, "the job started and is gone without a result")
		default:
			if again, err := r.lost(ctx, remote.ErrGarbage); !again {
				return err
			}
		}
	}
}

// startJob starts the job, unless the window or a person forbids it by now.
// done means that the run has ended.
func (r *runner) startJob(ctx context.Context, starts *int) (done bool, err error) {
	now, err := r.permission(ctx)
	if err != nil {
		return true, err
	}
	left := r.timeLeft()
	switch {
	case now.state == data.RolloutCancelled:
		return true, r.end(ctx, data.OutcomeCancelled, "cancelled before the job began; nothing was changed on the host")
	case left < leastWindow:
		return true, r.end(ctx, data.OutcomeSkipped, "the window was about to end before the job began; nothing was changed on the host")
	case now.state == data.RolloutStopped:
		return true, r.end(ctx, data.OutcomeSkipped, "the rollout was stopped before the job began; nothing was changed on the host")
	case !now.Open:
		return true, r.end(ctx, data.OutcomeSkipped, "before the job began: %s; nothing was changed on the host", now.Why)
	case *starts == maxStarts:
		return true, r.end(ctx, data.OutcomeFailed, "the job could not be started%s; nothing was changed on the host", parenthesis(r.notStarted))
	}
	*starts++
	r.unasked = false
	err = r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) error {
		if left = r.timeLeft(); left < leastWindow { // the way there may have taken long
			return errWindowOver
		}
		return p.Start(ctx, s, remote.Job{ID: r.run.Job, Changes: r.work.part(r.run.Host), StopAfter: left})
	})
	if errors.Is(err, errWindowOver) {
		return false, nil // the next look says so, unless an earlier try has begun after all
	}
	if err == nil {
		r.run.JobStarted = true
		if err := r.keep(ctx); err != nil {
			return true, err
		}
		r.say(ctx, "job %s started on the host; it stops by itself at %s", r.run.Job, Moment(r.run.Deadline))
		return false, nil
	}
	if ctx.Err() != nil {
		return true, errStop
	}
	r.say(ctx, "start of the job: %s; the host is asked whether it started", firstLine(err))
	r.notStarted = firstLine(err)
	if errors.Is(err, remote.ErrBusy) { // with a scan, say: it has not looked at the order
		*starts--
		if !rest(ctx, r.Pace.Retry) {
			return true, errStop
		}
		return false, nil
	}
	var exit *remote.ExitError
	if errors.As(err, &exit) || hopeless(err) {
		*starts = maxStarts // the host refused; if it knows no job, that is final
	}
	return false, nil
}

// timeLeft is how long the job may work. It is never more than was left when the
// run started, less the time this process has driven it since: a desk's clock
// that is set back gives a job no time that the window does not have.
func (r *runner) timeLeft() time.Duration {
	return min(r.run.Deadline.Sub(r.Desk.Now()), r.run.Deadline.Sub(r.run.Started)-time.Since(r.taken))
}

// moved reports whether the host is reached in another way than when the plan
// was made.
func (r *runner) moved() bool {
	was := r.work.planned(r.run.Host).At
	return was != "" && was != whereabouts(r.host())
}

func (r *runner) askCancel(ctx context.Context) bool {
	err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) error { return p.Cancel(ctx, s, r.run.Job) })
	if err != nil {
		r.say(ctx, "cancel: %s; asked again", firstLine(err))
		return false
	}
	r.say(ctx, "cancel asked for; the job stops where the host is sound")
	return true
}

// maxJobLog is what is kept of one job's own log, in bytes: a host could write
// one without an end into the workspace.
const maxJobLog = 16 << 20

// fitLog holds that a log goes on where it was read to, and leaves out what is
// beyond maxJobLog. What a platform adds of its own to the end of a log is not
// counted in Next, and stays.
func fitLog(st *remote.JobStatus, from int64) error {
	n := st.Next - from
	if st.State == remote.JobAbsent && len(st.Log) == 0 {
		return nil
	}
	if n < 0 || n > int64(len(st.Log)) {
		return fmt.Errorf("look at job: %w: its log does not go on from byte %d", remote.ErrGarbage, from)
	}
	if st.Next > maxJobLog {
		st.Log, st.Next = st.Log[n:], from
	}
	return nil
}

// keepLog stores new log lines and the offset behind the last whole one.
func (r *runner) keepLog(ctx context.Context, st remote.JobStatus) error {
	log := st.Log
	if st.State == remote.JobRunning {
		log = log[:bytes.LastIndexByte(log, '\n')+1] // half a line comes whole next time
	}
	detail, quiet := progress(st), quietFor(st)
	if quiet > 0 {
		detail = fmt.Sprintf("no sign of life for %s: looks stuck; asking on (last: %s)", DurationText(quiet), orFirst(detail, "nothing"))
	}
	switch {
	case r.run.Quiet == 0 && quiet > 0:
		r.say(ctx, "no sign of life of the job for %s, by the host's clock: it looks stuck; the host is asked on", DurationText(quiet))
	case r.run.Quiet > 0 && quiet == 0 && st.State == remote.JobRunning:
		r.say(ctx, "the job shows a sign of life again")
	}
	if detail != r.run.Detail || quiet != r.run.Quiet || len(log) > 0 {
		r.run.Detail, r.run.Quiet = detail, quiet
		r.run.LogNext = st.Next - int64(len(st.Log)-len(log))
		if err := r.Desk.DB.AppendLog(ctx, hostLines(r.run.ID, log, r.Desk.Now())); err != nil {
			return err
		}
		return r.keep(ctx)
	}
	return nil
}

// quietFor is for how long a job has been quiet, in steps of ten minutes; 0 where
// that is not long.
func quietFor(st remote.JobStatus) time.Duration {
	if st.State != remote.JobRunning || st.Quiet < quietLimit {
		return 0
	}
	return st.Quiet.Truncate(10 * time.Minute)
}

func hostLines(run data.RunID, log []byte, at time.Time) []data.LogLine {
	var lines []data.LogLine
	for _, l := range strings.Split(strings.TrimRight(string(log), "\n"), "\n") {
		if i := strings.LastIndexByte(strings.TrimRight(l, "\r"), '\r'); i >= 0 {
			l = l[i+1:] // a progress line that overwrote itself
		}
		if text := remote.CleanText(l); text != "" {
			lines = append(lines, data.LogLine{Run: run, At: at, From: "host", Text: text})
		}
	}
	return lines
}

func progress(st remote.JobStatus) string {
	if st.Total > 0 && !strings.Contains(st.Step, fmt.Sprintf(" of %d", st.Total)) { // the step may count by itself
		return fmt.Sprintf("%s (%d of %d)", st.Step, st.Done, st.Total)
	}
	return st.Step
}

// jobEnded goes on to what the host says is there: a job's exit status alone
// proves neither success nor failure of a package.
func (r *runner) jobEnded(ctx context.Context, st remote.JobStatus) error {
	r.run.JobEnded, r.run.JobExit, r.run.JobStopped, r.run.Detail = true, st.Exit, st.Stopped, ""
	r.say(ctx, "job ended with exit status %d%s", st.Exit, parenthesis(st.Stopped))
	if st.Exit == 0 && st.Stopped == "" {
		return r.goTo(ctx, data.StepReboot)
	}
	if st.Gone > 0 {
		if in, err := r.inAlready(ctx, st); in || err != nil {
			return err
		}
	}
	why := remote.CleanText(st.Why)
	if why == "" {
		why = r.cause(ctx)
	}
	if why != "" {
		result := data.CheckFailed
		if st.Unseen > 0 { // nothing was tried, so nothing failed
			result = data.CheckUnknown
		}
		r.noteCheck(ctx, data.Check{Name: jobCheck, After: true, Result: result, Detail: why, RebootFirst: st.RebootFirst})
	}
	return r.goTo(ctx, data.StepVerify) // no reboot on top of half a job
}

// inAlready goes on where what the host no longer offered is in, as a scan
// proves: somebody else has brought it in since the plan was made.
func (r *runner) inAlready(ctx context.Context, st remote.JobStatus) (in bool, err error) {
	scan, again, err := r.scan(ctx)
	for ; again && err == nil; scan, again, err = r.scan(ctx) {
	}
	if err != nil || r.run.Outcome != data.OutcomeNone {
		return false, orStop(err)
	}
	if _, out, _ := standing(r.work.part(r.run.Host), scan.Installed); len(out) > 0 || len(scan.Installed) == 0 {
		return false, nil
	}
	how := "not by this run: they were in already"
	if st.Done > 0 {
		how = fmt.Sprintf("%d of them not by this run: in already", st.Gone)
	}
	r.noteCheck(ctx, data.Check{Name: jobCheck, After: true, Result: data.CheckWarned, Detail: how})
	return true, r.goTo(ctx, data.StepReboot)
}

// jobCheck is the check that says what came of a job, where that needs a word.
const jobCheck = "job"

// causes are what package managers write when the host, and not a package, was
// at fault.
var causes = []struct{ text, says string }{
	{"No space left on device", "no space was left on the host's disk"}, // failed to write (No space left on device)
	{"enough free space", "no space was left on the host's disk"},       // E: You don't have enough free space in /var/cache/apt/archives/.
	{"another package manager is at work", "another package manager held the lock"},
	{"Could not get lock", "another package manager held the lock"}, // E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 133 (apt-get)
}

// cause finds in a failed job's log what a person would look for first.
func (r *runner) cause(ctx context.Context) string {
	lines, _, err := r.Desk.DB.Log(ctx, r.run.ID, 0, 0)
	if err != nil {
		return "" // the log stays to be read
	}
	why := ""
	for _, l := range lines {
		if l.From == "desk" && strings.HasPrefix(l.Text, "job "+r.run.Job+" started") {
			why = "" // what is before that is of another attempt
		}
		for _, c := range causes {
			if why == "" && l.From == "host" && strings.Contains(l.Text, c.text) {
				why = c.says
			}
		}
	}
	return why
}

// unknownJob goes on to verify: a scan can still prove what is in, and the
// run's outcome stays unknown where it cannot.
func (r *runner) unknownJob(ctx context.Context, why string) error {
	r.say(ctx, "%s; a scan tells what is in", why)
	r.run.JobStopped = why
	return r.goTo(ctx, data.StepVerify)
}
