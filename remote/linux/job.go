package linux

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

var (
	//go:embed jobs.sh
	jobsLib string
	//go:embed start.sh
	startScript string
	//go:embed job.sh
	jobScript string
	//go:embed look.sh
	lookScript string
	//go:embed cancel.sh
	cancelScript string
)

// ErrNoJob means that the host knows no job of this name, or one that never ran.
var ErrNoJob = errors.New("no such job on the host")

// ErrNotStarted means that the host said the job did not start and never will.
var ErrNotStarted = errors.New("the job did not start")

// maxLog is how many bytes of a job's log one Look brings.
const maxLog = 256 << 10

// A job's ID becomes a folder and a systemd unit on the host.
var jobID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{7,63}$`)

// JobInput writes changes as a job's input: "upgrade|add|remove WORDS" a line.
// words says how the platform writes a package and its version, which is the
// one that comes, or goes; its error is what keeps them from a shell.
func JobInput(c data.Changes, words func(t data.Target, version string) (string, error)) ([]byte, error) {
	var b bytes.Buffer
	for _, part := range []struct {
		what string
		list []data.Target
	}{{"upgrade", c.Upgrade}, {"add", c.Add}, {"remove", c.Remove}} {
		for _, t := range part.list {
			version := t.To
			if part.what == "remove" {
				version = t.From
			}
			line, err := words(t, version)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, "%s %s\n", part.what, line)
		}
	}
	if b.Len() == 0 {
		return nil, errors.New("nothing to change")
	}
	return b.Bytes(), nil
}

// NamedInput is JobInput with "NAME VERSION" a package, for platforms that hold
// one of each name; check keeps both from a shell.
func NamedInput(check func(name, version string) error) func(data.Changes) ([]byte, error) {
	return func(c data.Changes) ([]byte, error) {
		return JobInput(c, func(t data.Target, version string) (string, error) {
			return t.Name + " " + version, check(t.Name, version)
		})
	}
}

// StartChanges starts script as the job that brings in j.Changes, in the words of
// input; where they have none, the job is not begun, an ErrNotStarted. Without
// changes it does nothing. What stays of it is its claim on the host: the same ID
// is nobody's order any more.
func (h Host) StartChanges(ctx context.Context, s remote.Session, j remote.Job, script string, input func(data.Changes) ([]byte, error)) error {
	if j.Changes.Empty() {
		return h.StartJob(ctx, s, j, ":", nil)
	}
	words, err := input(j.Changes)
	if err != nil {
		return fmt.Errorf("start job %s: %w: %w", j.ID, ErrNotStarted, err)
	}
	return h.StartJob(ctx, s, j, script, words)
}

// StartJob starts script detached on the host; input becomes the file
// $job/input. It may use the shell functions of job.sh: step, halted,
// killable. A second call with the same ID starts nothing and returns nil.
//
// remote.ErrBusy (another job of this program runs) and ErrNotStarted are the
// host's own word that nothing ran; after any other error Look tells.
func (h Host) StartJob(ctx context.Context, s remote.Session, j remote.Job, script string, input []byte) error {
	if !jobID.MatchString(j.ID) {
		return fmt.Errorf("start job %q: the name does not fit: %w", clip(j.ID), ErrNotStarted)
	}
	allowed := int64(j.StopAfter / time.Second)
	if allowed <= 0 {
		return fmt.Errorf("start job %s: no time is left: %w", j.ID, ErrNotStarted)
	}
	a, err := Ask(ctx, s, Question{
		Name:   "start job " + j.ID,
		Script: jobsLib + startScript,
		Args:   []string{h.stateDir(), j.ID, strconv.FormatInt(allowed, 10), jobsLib + jobScript, script, strconv.Itoa(len(input))},
		Stdin:  input,
		Root:   true,
	})
	if err != nil {
		return err
	}
	start, err := a.Section("start")
	if err != nil {
		return fmt.Errorf("start job %s: %w", j.ID, err)
	}
	word, owner, _ := strings.Cut(start.Word(), " ")
	switch word {
	case "started", "exists":
		return nil
	case "busy":
		return fmt.Errorf("start job %s: %w: job %s", j.ID, remote.ErrBusy, clip(owner))
	case "void", "cut", "stillborn", "unsafe", "unwritable":
		return fmt.Errorf("start job %s: %w: %s %s", j.ID, ErrNotStarted, word, clip(strings.TrimSpace(start.Err)))
	}
	return fmt.Errorf("start job %s: %w: %q", j.ID, remote.ErrGarbage, clip(word))
}

// Look tells how a job stands, with at most 256 KiB of its log from the offset.
// Ask again from Next, also after the end, until Log is empty.
//
// A job whose starter died before anything ran is JobAbsent: Look settles that
// it never will run, and StartJob refuses its ID from then on with ErrNotStarted.
func (h Host) Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error) {
	if !jobID.MatchString(id) || from < 0 {
		return remote.JobStatus{}, fmt.Errorf("look at job %q from %d: %w", clip(id), from, ErrNoJob)
	}
	a, err := Ask(ctx, s, Question{
		Name:   "look at job " + id,
		Script: jobsLib + lookScript,
		Args:   []string{h.stateDir(), id, strconv.FormatInt(from, 10), strconv.Itoa(maxLog)},
		Root:   true,
	})
	if err != nil {
		return remote.JobStatus{}, err
	}
	status, err := jobStatus(a, from)
	if err != nil {
		return remote.JobStatus{}, fmt.Errorf("look at job %s: %w", id, err)
	}
	return status, nil
}

// jobStatus reads the sections of look.sh.
func jobStatus(a Answer, from int64) (remote.JobStatus, error) {
	get := reader{answer: a}
	state, result, started := get.word("state"), get.section("result"), get.word("started")
	forgotten := get.word("forgotten")
	step, log, quiet := get.word("step"), get.section("log"), get.word("quiet")
	if get.err != nil {
		return remote.JobStatus{}, get.err
	}
	st := remote.JobStatus{Next: from}
	var err error
	if forgotten != "" {
		if st.Forgot, err = unixTime(forgotten); err != nil {
			return remote.JobStatus{}, err
		}
	}
	switch state {
	case "absent", "void":
		st.State = remote.JobAbsent
		return st, nil
	case "starting", "running":
		st.State = remote.JobRunning
		if st.Quiet, err = readQuiet(quiet); err != nil {
			return remote.JobStatus{}, err
		}
	case "lost":
		st.State = remote.JobLost
	case "ended":
		st.State = remote.JobEnded
		if err := readResult(&st, result.Out); err != nil {
			return remote.JobStatus{}, err
		}
	default:
		return remote.JobStatus{}, fmt.Errorf("%w: job state %q", remote.ErrGarbage, clip(state))
	}
	if started != "" {
		if st.Started, err = unixTime(started); err != nil {
			return remote.JobStatus{}, err
		}
	}
	if err := readStep(&st, step); err != nil {
		return remote.JobStatus{}, err
	}
	st.Log = []byte(log.Out)
	st.Next = from + int64(len(log.Out))
	return st, nil
}

// readQuiet reads seconds. A clock that was set back makes them less than none.
func readQuiet(word string) (time.Duration, error) {
	if word == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(word, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%w: quiet for %q", remote.ErrGarbage, clip(word))
	}
	return time.Duration(max(n, 0)) * time.Second, nil
}

// readResult reads "exit 0\nstopped deadline\nended 1790000000\n".
func readResult(st *remote.JobStatus, text string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 3 {
		return fmt.Errorf("%w: result %q", remote.ErrGarbage, clip(text))
	}
	exit, ok1 := strings.CutPrefix(lines[0], "exit ")
	why, ok2 := strings.CutPrefix(lines[1], "stopped ")
	ended, ok3 := strings.CutPrefix(lines[2], "ended ")
	n, err := strconv.Atoi(exit)
	if !ok1 || !ok2 || !ok3 || err != nil || n < 0 || n > 255 || why != "" && why != "deadline" && why != "cancelled" {
		return fmt.Errorf("%w: result %q", remote.ErrGarbage, clip(text))
	}
	st.Exit, st.Stopped = n, why
	st.Ended, err = unixTime(ended)
	return err
}

// readStep reads "3 12 install 3 of 12".
func readStep(st *remote.JobStatus, text string) error {
	if text == "" {
		return nil
	}
	f := strings.SplitN(text, " ", 3)
	if len(f) != 3 {
		return fmt.Errorf("%w: step %q", remote.ErrGarbage, clip(text))
	}
	done, err1 := strconv.Atoi(f[0])
	total, err2 := strconv.Atoi(f[1])
	if err1 != nil || err2 != nil || done < 0 || total < 0 {
		return fmt.Errorf("%w: step %q", remote.ErrGarbage, clip(text))
	}
	st.Done, st.Total, st.Step = done, total, f[2]
	return nil
}

func unixTime(word string) (time.Time, error) {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, fmt.Errorf("%w: %q is no time", remote.ErrGarbage, clip(word))
	}
	return time.Unix(n, 0).UTC(), nil
}

// Cancel asks a job to stop before its next step. It returns nil when the job
// has ended or is lost already, and ErrNoJob when the host never ran it.
func (h Host) Cancel(ctx context.Context, s remote.Session, id string) error {
	if !jobID.MatchString(id) {
		return fmt.Errorf("cancel job %q: %w", clip(id), ErrNoJob)
	}
	a, err := Ask(ctx, s, Question{
		Name:   "cancel job " + id,
		Script: jobsLib + cancelScript,
		Args:   []string{h.stateDir(), id},
		Root:   true,
	})
	if err != nil {
		return err
	}
	get := reader{answer: a}
	state := get.word("cancel")
	switch {
	case get.err != nil:
		return fmt.Errorf("cancel job %s: %w", id, get.err)
	case state == "absent" || state == "void":
		return fmt.Errorf("cancel job %s: %w", id, ErrNoJob)
	}
	return nil
}
