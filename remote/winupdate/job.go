package winupdate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// Exit statuses of a job, beside 0: every planned update says it is installed.
const (
	ExitFailed = 1  // it ran, and some updates are not in
	ExitReboot = 20 // nothing was done: a reboot was pending
	ExitSearch = 21 // nothing was done: Windows Update could not be asked
	ExitBroken = 22 // the task's script broke off
	ExitNever  = 23 // nothing was done: the scheduler did not start the task
	ExitHalted = 75 // cancelled, or at its deadline, between two updates
)

// grace is how long an update that is being installed may go on after the job's
// own deadline before the scheduler ends it: half an update is worse.
const grace = time.Hour

// An order is what the task shall do.
type order struct {
	Kind    string   `json:"kind"` // "scan" or "install"
	Refresh bool     `json:"refresh"`
	Updates []wanted `json:"updates"`
	Seconds float64  `json:"seconds"` // from its start: no update is begun after it
}

// wanted is one planned update, exactly.
type wanted struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	Title    string `json:"title"`
	Terms    bool   `json:"terms"` // its licence terms are accepted by the plan
}

// 8d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e.201: UpdateID and revision
var version = regexp.MustCompile(`^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(\d{1,9})$`)

// want reads a target. Only an UpdateID and a revision get to the host.
func want(t data.Target) (wanted, error) {
	m := version.FindStringSubmatch(t.To)
	if m == nil {
		return wanted{}, fmt.Errorf("%w: %q of %s is no UpdateID and revision", remote.ErrGarbage, t.To, t.Name)
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return wanted{}, err
	}
	return wanted{ID: m[1], Revision: n, Title: t.Name, Terms: t.Terms == data.TermsAccepted}, nil
}

// Start starts j detached. Starting the same ID twice starts one job.
func (Platform) Start(ctx context.Context, s remote.Session, j remote.Job) error {
	if len(j.Changes.Remove) > 0 {
		return fmt.Errorf("start job: %w: Windows Update removes nothing", remote.ErrNotSupported)
	}
	o := order{Kind: "install", Seconds: j.StopAfter.Seconds(), Updates: []wanted{}}
	for _, t := range append(append([]data.Target{}, j.Changes.Upgrade...), j.Changes.Add...) {
		w, err := want(t)
		if err != nil {
			return fmt.Errorf("start job: %w", err)
		}
		o.Updates = append(o.Updates, w)
	}
	return start(ctx, s, j.ID, o, j.StopAfter+grace)
}

// start gives the host an order, once.
func start(ctx context.Context, s remote.Session, id string, o order, limit time.Duration) error {
	sum := sha256.Sum256([]byte(taskScript))
	_, arguments, _ := strings.Cut(TaskLine(), " ")
	input, err := json.Marshal(struct {
		Line    string `json:"line"`
		Task    string `json:"task"`
		SHA256  string `json:"sha256"`
		Order   order  `json:"order"`
		Minutes int    `json:"minutes"`
	}{arguments, taskScript, hex.EncodeToString(sum[:]), o, int(limit/time.Minute) + 1})
	if err != nil {
		return err
	}
	var got struct{ State, Detail string }
	if err := ask(ctx, s, remote.Command{Name: "start job", Script: startScript, Args: []string{id}, Stdin: input}, &got); err != nil {
		return err
	}
	switch got.State {
	case "started", "known":
		return nil
	case "busy":
		return fmt.Errorf("start job: %w: job %s", remote.ErrBusy, clip(got.Detail))
	}
	return fmt.Errorf("start job: %w: %q", remote.ErrGarbage, clip(got.State))
}

// maxQuiet is the longest that a host is believed to know of, in seconds: a year.
const maxQuiet = 366 * 24 * 3600

// A look is what look.ps1 says of a job.
type look struct {
	State    string `json:"state"`
	Log      string `json:"log"` // base64
	Next     int64  `json:"next"`
	Progress string `json:"progress"` // JSON, as the task wrote it; empty: none yet
	Started  string `json:"started"`
	Result   string `json:"result"`
	Partial  string `json:"partial"`
	Detail   string `json:"detail"`
	Quiet    int64  `json:"quiet"` // seconds
}

func lookAt(ctx context.Context, s remote.Session, id string, from int64, result bool) (look, error) {
	what := ""
	if result {
		what = "result"
	}
	var l look
	err := ask(ctx, s, remote.Command{Name: "look at job", Script: lookScript, Args: []string{id, strconv.FormatInt(from, 10), what}}, &l)
	return l, err
}

// Look tells how a job stands, with its log from the offset. What became of each
// update comes once the log has been read to its end.
func (Platform) Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error) {
	l, err := lookAt(ctx, s, id, from, true)
	if err != nil {
		return remote.JobStatus{}, err
	}
	if err := l.fits(from); err != nil {
		return remote.JobStatus{}, err
	}
	return l.status(l.Next == from)
}

// maxLog is what is read of one job's log, in bytes: a host could write one
// without an end into the workspace.
const maxLog = 16 << 20

// fits holds that the log goes on where it was read to, and leaves out what is
// beyond maxLog.
func (l *look) fits(from int64) error {
	log, err := base64.StdEncoding.DecodeString(l.Log)
	if err != nil || l.Next != from+int64(len(log)) {
		return fmt.Errorf("look at job: %w: its log does not go on from byte %d", remote.ErrGarbage, from)
	}
	if l.Next > maxLog {
		l.Log, l.Next = "", from
	}
	return nil
}

// status reads what the host says, which is not believed where it contradicts
// itself. whole says that there is no more of the log.
func (l look) status(whole bool) (remote.JobStatus, error) {
	log, err := base64.StdEncoding.DecodeString(l.Log)
	if err != nil {
		return remote.JobStatus{}, fmt.Errorf("look at job: %w: its log is not base64", remote.ErrGarbage)
	}
	st := remote.JobStatus{Log: log, Next: l.Next}
	var started struct{ At string }
	var progress struct {
		Step        string
		Done, Total int
	}
	if err := errors.Join(part(l.Started, &started), part(l.Progress, &progress)); err != nil {
		return st, err
	}
	st.Started, st.Step, st.Done, st.Total = moment(started.At), oneLine(progress.Step), progress.Done, progress.Total
	switch l.State {
	case "absent":
		st.State = remote.JobAbsent
	case "running":
		st.State = remote.JobRunning
		st.Quiet = time.Duration(min(max(l.Quiet, 0), maxQuiet)) * time.Second
		if st.Step == "" {
			st.Step = "waiting for the task scheduler"
		}
	case "lost":
		st.State = remote.JobLost
		var r result
		if part(l.Partial, &r) == nil { // one that is torn says nothing; lost it is all the same
			st.Log = append(st.Log, r.report()...)
		}
	case "never":
		st.State, st.Exit, st.Why = remote.JobEnded, ExitNever, strings.TrimSuffix("the task scheduler did not start the task: "+clip(l.Detail), ": ")
		st.Log = append(st.Log, st.Why+"\n"...)
	case "ended":
		return st, l.ended(&st, whole)
	default:
		return st, fmt.Errorf("look at job: %w: state %q", remote.ErrGarbage, clip(l.State))
	}
	return st, nil
}

// part reads a file of the job's folder, if it is there.
func part(s string, v any) error {
	s = strings.TrimPrefix(s, "\ufeff")
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), v); err != nil {
		return fmt.Errorf("look at job: %w: %w", remote.ErrGarbage, err)
	}
	return nil
}

// A result is what an install task wrote at its end.
type result struct {
	Kind     string        `json:"kind"`
	Finished bool          `json:"finished"`
	Ended    string        `json:"ended"`
	Stopped  string        `json:"stopped"`
	Error    string        `json:"error"`
	Message  string        `json:"message"`
	Updates  list[updated] `json:"updates"`
}

// updated is what one planned update came to.
type updated struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	Title    string `json:"title"`
	Status   string `json:"status"`
	Phase    string `json:"phase"`
	Code     int    `json:"code"` // Windows Update's OperationResultCode
	HResult  string `json:"hresult"`
	Message  string `json:"message"`
	Reboot   bool   `json:"reboot"`
	Accepted bool   `json:"accepted"` // its licence terms were accepted on the host
}

// succeededWithErrors is an OperationResultCode.
const succeededWithErrors = 3

// ended turns a result into an exit status and, at the log's end, lines of it.
func (l look) ended(st *remote.JobStatus, whole bool) error {
	var r result
	if l.Result == "" {
		return fmt.Errorf("look at job: %w: it ended without a result", remote.ErrGarbage)
	}
	if err := part(l.Result, &r); err != nil {
		return err
	}
	if r.Stopped != "" && r.Stopped != "cancelled" && r.Stopped != "deadline" || r.Kind != "install" && r.Kind != "broken" {
		return fmt.Errorf("look at job: %w: a result of %q, stopped by %q", remote.ErrGarbage, clip(r.Kind), clip(r.Stopped))
	}
	st.State, st.Ended, st.Stopped = remote.JobEnded, moment(r.Ended), r.Stopped
	report := bytes.NewBuffer(r.report())
	var failed []string
	bad, gone, unseen := 0, 0, 0
	for _, u := range r.Updates {
		line := clip(u.Title) + ": " + u.words()
		if u.Status != "installed" {
			bad++
		}
		switch u.Status {
		case "gone":
			gone++
		case "unseen":
			unseen++
		}
		if u.Status != "installed" && u.Status != r.Stopped {
			failed = append(failed, line)
		}
	}
	switch {
	case r.Kind == "broken" || !r.Finished:
		st.Exit, st.Why = ExitBroken, "the task's script broke off: "+withCode(r.Message, r.Error)
		fmt.Fprintln(report, st.Why)
	case r.Error == "a reboot is pending":
		st.RebootFirst = true
		st.Exit, st.Why = ExitReboot, fmt.Sprintf("nothing was done: a reboot is pending (%s): plan a reboot before updates", clip(r.Message))
		fmt.Fprintln(report, st.Why)
	case r.Error != "":
		st.Exit, st.Why = ExitSearch, "nothing was done: Windows Update could not be asked: "+withCode(r.Message, r.Error)
		fmt.Fprintln(report, st.Why)
	case r.Stopped != "":
		st.Exit = ExitHalted
	case bad > 0:
		st.Exit = ExitFailed
		if bad == gone+unseen {
			st.Gone, st.Unseen = bad, unseen
		}
	}
	if st.Why == "" && len(failed) > 0 {
		st.Why = failed[0]
		if more := len(failed) - 1; more > 0 {
			st.Why += fmt.Sprintf(", and %d more that the log names", more)
		}
	}
	if whole {
		st.Log = append(st.Log, report.Bytes()...)
	}
	st.Done, st.Total = len(r.Updates)-bad, len(r.Updates)
	return nil
}

// report says what became of each update, a line each.
func (r result) report() []byte {
	var b []byte
	for _, u := range r.Updates {
		b = fmt.Appendf(b, "%s: %s\n", clip(u.Title), u.words())
	}
	return b
}

// words says what became of one update.
func (u updated) words() string {
	if u.Accepted {
		return u.fate() + "; its licence terms were accepted"
	}
	return u.fate()
}

func (u updated) fate() string {
	switch u.Status {
	case "installed":
		if u.Reboot {
			return "installed; in force after a reboot"
		}
		return "installed"
	case "gone":
		return "skipped: it is no longer offered in this revision; scan again and plan anew"
	case "unseen":
		return "could not be looked up: the search was not whole; scan again, and try again when a scan can be trusted"
	case "terms":
		return "not installed: asks for its licence terms; read them, then plan it with its terms accepted"
	case "asks":
		return "skipped: it would ask a person at the screen"
	case "deadline":
		return u.notDone() + ": the window was over"
	case "cancelled":
		return u.notDone() + ": cancelled"
	case "failed":
		phase := "install"
		if u.Phase == "download" {
			phase = "download"
		}
		if u.Code == succeededWithErrors && phase == "install" {
			return phase + " ended with errors, as Windows says; the next scan tells whether it is in"
		}
		return phase + " failed: " + withCode(u.Message, u.HResult)
	}
	return "not known: " + clip(u.Status)
}

// notDone says how far an update got before the job was stopped.
func (u updated) notDone() string {
	if u.Phase == "download" {
		return "downloaded, not installed"
	}
	return "not started"
}

// Cancel asks a job to stop before its next update.
func (Platform) Cancel(ctx context.Context, s remote.Session, id string) error {
	_, err := s.Run(ctx, remote.Command{Name: "cancel job", Script: cancelScript, Args: []string{id}})
	return err
}

// clip cuts what a host said to a line or two.
func clip(s string) string {
	return remote.Clip(strings.TrimSpace(remote.CleanText(s)), 600, "")
}

// oneLine is clip for what stands in the middle of a line.
func oneLine(s string) string { return strings.Join(strings.Fields(clip(s)), " ") }
