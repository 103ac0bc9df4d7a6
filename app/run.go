package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A runner takes one host through the steps of its run. Every step is stored
// before it acts, so that whoever takes the run up later knows what may have
// happened; what did happen is asked of the host.
type runner struct {
	*Driver
	work      *work
	run       data.Run
	session   remote.Session
	platform  Platform
	lostSince time.Time // zero: the host answers
	patience  patience  // since then
	now       data.Host // as it was when last reached: it may have moved since the work was read
	unasked   bool      // this driver ordered the job, and has not asked the host to start it

	notStarted  string    // what the host last said against the job
	notRebooted string    // and against the reboot
	taken       time.Time // when this process took the run up, by a clock that nobody sets
}

// errStop ends a runner without an outcome: the desk closes, or nothing can be
// stored. The run stays where it is and is taken up again later.
var errStop = errors.New("driving stopped")

// drive goes on from the step stored until the run has an outcome or ctx ends.
func (r *runner) drive(ctx context.Context) {
	defer r.hangUp()
	steps := map[data.Step]func(context.Context) error{
		data.StepPreCheck:  r.preCheck,
		data.StepInstall:   r.install,
		data.StepReboot:    r.reboot,
		data.StepPostCheck: r.postCheck,
		data.StepVerify:    r.verify,
	}
	for r.run.Outcome == data.OutcomeNone {
		step, ok := steps[r.run.Step]
		if !ok {
			return
		}
		if err := step(ctx); err != nil {
			rest(ctx, r.Pace.Retry) // else a full disk would be tried without a pause
			return
		}
	}
}

// goTo stores the next step. What was said of the one before holds no longer.
func (r *runner) goTo(ctx context.Context, s data.Step) error {
	r.run.Step, r.run.Detail, r.run.Quiet = s, "", 0
	return r.keep(ctx)
}

// end stores an outcome with its audit entry. An unknown run keeps its step, to
// be looked up there.
func (r *runner) end(ctx context.Context, o data.Outcome, format string, args ...any) error {
	now := r.Desk.Now()
	ro, err := r.Desk.DB.Rollout(ctx, r.run.Rollout)
	if err != nil {
		return err
	}
	if ro.Resumed.After(now) { // it ends after the rollout was resumed, and counts
		now = ro.Resumed
	}
	r.run.Outcome, r.run.Ended, r.run.Detail, r.run.Quiet = o, now, fmt.Sprintf(format, args...), 0
	if o != data.OutcomeUnknown {
		r.run.Step = data.StepEnded
	}
	r.say(ctx, "%s: %s", o, r.run.Detail)
	return r.saveEnd(ctx, r.work, r.run)
}

func (r *runner) keep(ctx context.Context) error { return r.save(ctx, r.run) }

// say adds a line of the desk's own to the run's log.
func (r *runner) say(ctx context.Context, format string, args ...any) {
	line := data.LogLine{Run: r.run.ID, At: r.Desk.Now(), From: "desk", Text: fmt.Sprintf(format, args...)}
	r.Desk.DB.AppendLog(ctx, []data.LogLine{line}) // the run itself is stored elsewhere; a lost line loses no fact
}

func (r *runner) host() data.Host {
	if r.now.ID != 0 {
		return r.now
	}
	return r.work.hosts[r.run.Host]
}

// reach returns a session, a new one where the last was lost.
func (r *runner) reach(ctx context.Context) error {
	if r.session != nil {
		return nil
	}
	// A host that came back on another address, by another VPN say, is found
	// again as soon as a person has said where; its key proves that it is the same.
	if h, err := r.Desk.DB.Host(ctx, r.run.Host); err == nil {
		r.now = h
	}
	h := r.host()
	s, err := r.Desk.Dialer.Dial(ctx, h)
	if err != nil {
		return err
	}
	p, err := r.Desk.platform(ctx, s, h)
	if err != nil {
		s.Close()
		return err
	}
	r.session, r.platform = s, p
	return nil
}

func (r *runner) hangUp() {
	if r.session != nil {
		r.session.Close() // the job does not need it
		r.session = nil
	}
}

// ask runs f with a session. Unless the host itself said that a command
// failed, the session is given up, and the next ask dials anew.
func (r *runner) ask(ctx context.Context, f func(context.Context, remote.Session, Platform) error) error {
	// A host that is there and never answers must not hold the rollout up.
	answer := r.Pace.Answer
	if answer <= 0 {
		answer = scanTimeout(r.host())
	}
	ctx, stop := context.WithTimeout(ctx, answer)
	defer stop()
	err := r.reach(ctx)
	if err == nil {
		err = f(ctx, r.session, r.platform)
	}
	var exit *remote.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.hangUp()
	}
	return err
}

// lost notes that the host does not answer and waits before the next try. It
// reports false when there is nothing more to wait for: ctx has ended, or the
// window ended so long ago that the run is unknown.
func (r *runner) lost(ctx context.Context, cause error) (again bool, err error) {
	if ctx.Err() != nil {
		return false, errStop
	}
	now := r.Desk.Now()
	if r.lostSince.IsZero() {
		r.lostSince = now
		r.run.Detail = "contact lost: " + firstLine(cause) + "; what is under way there is not known, and is looked up again"
		r.say(ctx, "%s", r.run.Detail)
		if err := r.keep(ctx); err != nil {
			return false, err
		}
	}
	long := r.patience.spent(now) >= r.Pace.Boot/5
	if long && now.After(r.run.Deadline.Add(r.Pace.GiveUp)) || hopeless(cause) {
		return false, r.end(ctx, data.OutcomeUnknown, "no contact since %s (%s): it is not known what the job did; look again when the host answers",
			Moment(r.lostSince), firstLine(cause))
	}
	if !rest(ctx, r.Pace.Retry) {
		return false, errStop
	}
	return true, nil
}

// found notes that a lost host answers again.
func (r *runner) found(ctx context.Context) error {
	if r.lostSince.IsZero() {
		return nil
	}
	r.lostSince, r.patience, r.run.Detail = time.Time{}, patience{}, ""
	r.say(ctx, "contact again")
	return r.keep(ctx)
}

// hopeless reports causes that waiting does not mend: a person must act.
func hopeless(err error) bool {
	var changed *remote.HostKeyChangedError
	var unknown *remote.HostKeyUnknownError
	return errors.As(err, &changed) || errors.As(err, &unknown) ||
		errors.Is(err, remote.ErrLoginRefused) || errors.Is(err, remote.ErrInsecure) || errors.Is(err, remote.ErrNotAdmin) || errors.Is(err, remote.ErrSudoPassword) || errors.Is(err, remote.ErrNoPrivilege)
}

// cancelled asks the workspace, because another process may have cancelled.
func (r *runner) cancelled(ctx context.Context) bool {
	ro, err := r.Desk.DB.Rollout(ctx, r.run.Rollout)
	return err == nil && ro.State == data.RolloutCancelled
}

// A permission is what the workspace says now of a host in a rollout.
type permission struct {
	opening
	state data.RolloutState
}

// permission reads anew whether a step may begin: since the run started
// somebody may have cancelled, agreed a freeze or taken back a window. What may
// begin then ends no later than what is open now.
func (r *runner) permission(ctx context.Context) (permission, error) {
	w, err := r.Desk.readOrdered(ctx, r.run.Rollout)
	if err != nil {
		return permission{}, err
	}
	p := permission{w.opening(r.Desk.Now())(r.run.Host), w.rollout.State}
	if p.Open && p.Until.Before(r.run.Deadline) {
		r.run.Deadline = p.Until
	}
	return p, nil
}

// preCheck looks at all that would keep the job from working. Nothing has been
// changed yet, so whatever goes wrong here skips the run.
func (r *runner) preCheck(ctx context.Context) error {
	changes := r.work.part(r.run.Host)
	var checks []data.Check
	err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) error {
		alive, err := p.Alive(ctx, s)
		if err != nil {
			return err
		}
		r.run.BootID, r.run.ServicesUp = alive.BootID, alive.Services
		checks, err = p.Check(ctx, s, changes)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return errStop
	case err != nil:
		return r.end(ctx, data.OutcomeSkipped, "%s; nothing was changed on the host", firstLine(err))
	case r.run.BootID == "":
		return r.end(ctx, data.OutcomeSkipped, "the host does not tell its boot ID, so a reboot could not be proved; nothing was changed")
	}
	for i := range checks {
		checks[i].Detail = remote.CleanText(checks[i].Detail)
		if checks[i].UpdatesOnly && r.work.plan.RebootOnly() && checks[i].Result != data.CheckPassed {
			checks[i].Result = data.CheckWarned
		}
	}
	r.run.Checks = checks
	for _, c := range checks {
		r.say(ctx, "pre-check %s: %s%s", c.Name, resultWord(c.Result), parenthesis(c.Detail))
	}
	if bad := failedChecks(checks, false); len(bad) > 0 {
		return r.end(ctx, data.OutcomeSkipped, "pre-check %s; nothing was changed on the host", strings.Join(bad, ", "))
	}
	return r.begin(ctx, changes)
}

// begin stores that the run may change its host from now on. A host that is only
// to be rebooted is given a job that does nothing: its claim there tells whoever
// takes the run up, or drives a copy of it, that this was ordered once already.
func (r *runner) begin(ctx context.Context, changes data.Changes) error {
	r.run.Step = data.StepInstall
	if changes.Empty() && (r.work.plan.Reboot == data.RebootNever || r.work.plan.Reboot == "") {
		r.run.Step = data.StepPostCheck
	} else {
		r.run.Job, r.unasked = jobID(r.work.plan, r.work.rollout, r.run), true
	}
	return r.save(ctx, r.run, r.Desk.entry(verbStarted, "host "+r.host().Name, r.run.Job, change{After: r.run}))
}

// failedChecks names the checks that did not pass; one that could not look did not pass.
func failedChecks(checks []data.Check, after bool) []string {
	var bad []string
	for _, c := range checks {
		if c.After == after && (c.Result == data.CheckFailed || c.Result == data.CheckUnknown) {
			bad = append(bad, c.Name+" "+resultWord(c.Result)+parenthesis(c.Detail))
		}
	}
	return bad
}

func resultWord(r data.CheckResult) string {
	if r == data.CheckUnknown {
		return "unknown"
	}
	return string(r)
}

func parenthesis(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// firstLine is an error's text, short enough for a table cell.
func firstLine(err error) string {
	s, _, _ := strings.Cut(remote.CleanText(err.Error()), "\n")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:199]) + "…"
	}
	return s
}

// goneServices returns what ran before and does not now, without what comes
// and goes by itself.
func goneServices(before, now []string) []string {
	var gone []string
	for _, s := range before {
		if !slices.Contains(now, s) && !strings.HasPrefix(s, "user@") && !strings.HasPrefix(s, "session-") && !strings.HasPrefix(s, "secondtuesday-") {
			gone = append(gone, s)
		}
	}
	return gone
}
