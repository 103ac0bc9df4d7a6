package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// defaultPostWait is how long services may take to come back when a plan says nothing.
const defaultPostWait = 30 * time.Second

// reboot reboots the host where the plan says so and the window permits it. A
// driver asks once: a host that does not reboot is a failed check, not asked
// again. One that takes a run up asks once more where the host shows that it
// still runs in the boot from before.
func (r *runner) reboot(ctx context.Context) error {
	if !r.run.RebootAsked.IsZero() {
		if err := r.askRebootAgain(ctx); err != nil || r.run.Outcome != data.OutcomeNone || r.run.Step != data.StepReboot {
			return err
		}
	} else {
		why, err := r.whyReboot(ctx)
		if err != nil {
			return err
		}
		if why == "" {
			return r.goTo(ctx, data.StepPostCheck)
		}
		r.run.RebootAsked = r.Desk.Now()
		r.run.Detail = "rebooting: " + why
		if err := r.save(ctx, r.run, r.Desk.entry(verbReboot, "host "+r.host().Name, why, change{After: r.run})); err != nil {
			return err
		}
		r.say(ctx, "reboot asked for: %s", why)
		not, err := r.askReboot(ctx, why)
		if not != "" {
			r.notRebooted = not
			return r.rebootRefused(ctx)
		}
		if err != nil && ctx.Err() == nil {
			r.notRebooted = firstLine(err)
			if errors.Is(err, remote.ErrRebootRefused) {
				return r.rebootRefused(ctx)
			}
			r.say(ctx, "reboot: %s; the boot ID tells whether it happens", r.notRebooted)
		}
		r.hangUp()
	}
	return r.awaitBoot(ctx)
}

// askReboot asks the host to reboot. One that is busy, with the scan of another
// desk, say, was not asked: it is asked again for as long as it may be rebooted.
// not says why it may no more.
func (r *runner) askReboot(ctx context.Context, why string) (not string, err error) {
	for told := false; ; told = true {
		err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) error {
			if !r.Desk.Now().Before(r.run.Deadline) {
				return errWindowOver // the way there may have taken long
			}
			return p.Reboot(ctx, s)
		})
		if !errors.Is(err, remote.ErrBusy) && !errors.Is(err, errWindowOver) {
			return "", err
		}
		if !told {
			r.say(ctx, "%s; nothing was asked, and it is tried again", firstLine(err))
		}
		if !rest(ctx, r.Pace.Retry) {
			return "", errStop
		}
		if not, stop := r.whyNotReboot(ctx, why); not != "" {
			return not, nil
		} else if stop != nil {
			return "the workspace does not say whether it may be rebooted; one is pending: " + why, nil
		}
	}
}

// errWindowOver means that the window ended on the way to the host.
var errWindowOver = errors.New("the window ended on the way to the host")

// rebootRefused goes on at once where the host itself said that it will not
// reboot, or may not be asked any more: there is nothing to wait for. The post-check fails by the boot ID.
func (r *runner) rebootRefused(ctx context.Context) error {
	r.say(ctx, "%s; not waited for", r.notRebooted)
	return r.goTo(ctx, data.StepPostCheck)
}

// askRebootAgain is for a driver that found the reboot stored as asked for: the
// one before may have died before the host heard of it. The boot that answers
// is the one that is asked, because a session does not outlive a boot; so a
// host that has rebooted meanwhile does not do it again.
func (r *runner) askRebootAgain(ctx context.Context) error {
	not, err := r.whyNotReboot(ctx, "asked for at "+Moment(r.run.RebootAsked))
	if err != nil || not != "" {
		return err
	}
	asked := false
	r.hangUp()
	err = r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) error {
		alive, err := p.Alive(ctx, s)
		if err != nil || alive.BootID != r.run.BootID {
			return err
		}
		asked = true
		return p.Reboot(ctx, s)
	})
	r.hangUp()
	switch {
	case ctx.Err() != nil:
		return errStop
	case !asked && hopeless(err):
		return r.cannotAsk(ctx, err)
	case !asked:
		return nil // down, or up again: awaitBoot tells which
	case err != nil:
		r.notRebooted = firstLine(err)
		if errors.Is(err, remote.ErrRebootRefused) {
			return r.rebootRefused(ctx)
		}
		r.say(ctx, "reboot: %s; the boot ID tells whether it happens", r.notRebooted)
	}
	r.say(ctx, "the host still ran in the boot from before and was asked to reboot once more")
	r.run.RebootAsked = r.Desk.Now()
	return r.keep(ctx)
}

// whyReboot says why the host is to be rebooted now; "" means that it is not,
// and a check tells why when one is pending.
func (r *runner) whyReboot(ctx context.Context) (string, error) {
	if r.work.plan.Reboot == data.RebootNever || r.work.plan.Reboot == "" {
		return "", nil
	}
	why := "the plan says always"
	if r.work.plan.Reboot == data.RebootIfNeeded {
		scan, again, err := r.scan(ctx)
		for ; again && err == nil; scan, again, err = r.scan(ctx) {
		}
		if err != nil || r.run.Outcome != data.OutcomeNone {
			return "", orStop(err)
		}
		switch {
		case len(scan.Reboot) > 0:
			why = scan.Reboot[0].Source + parenthesis(scan.Reboot[0].Detail)
		case scan.RebootKnown:
			return "", nil
		default:
			return "", r.check(ctx, data.Check{Name: "reboot", After: true, Result: data.CheckWarned, Detail: "the host does not tell whether it needs one; none was made"})
		}
	}
	not, err := r.bootedByItself(ctx)
	if err == nil && not == "" {
		not, err = r.whyNotReboot(ctx, why)
	}
	if err != nil || not == "" {
		return why, err
	}
	return "", r.check(ctx, data.Check{Name: "reboot", After: true, Result: data.CheckWarned, Detail: not})
}

// The words on a boot that was not asked for here, and that does.
const (
	bootedEnough    = "the host has booted by itself since the job began, which will do"
	bootedElsewhere = "the host has booted since another desk began the job"
)

// bootedByItself notes a boot that came since the pre-check and that nobody
// here asked for: it must not be taken for the one asked for next. It says so
// where that boot came after the job began and is all that the plan wants.
func (r *runner) bootedByItself(ctx context.Context) (not string, err error) {
	var alive remote.Alive
	for again := true; again; {
		err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) (err error) {
			alive, err = p.Alive(ctx, s)
			return err
		})
		if err == nil {
			break
		}
		if again, err = r.lost(ctx, err); !again {
			return "", orStop(err)
		}
	}
	if err := r.found(ctx); err != nil || alive.BootID == r.run.BootID {
		return "", err
	}
	r.say(ctx, "the host has booted since the pre-check though nobody here asked for it")
	switch {
	case alive.BootID == "":
		return "the host no longer tells its boot ID, so a reboot could not be proved; none was made", nil
	case r.work.plan.Reboot == data.RebootAlways && !alive.BootedAt.Before(r.run.JobBegan):
		return bootedEnough, nil
	}
	r.run.BootID = alive.BootID
	return "", r.keep(ctx)
}

// whyNotReboot says what keeps the host from being rebooted now for the reason
// why; "" means nothing does.
func (r *runner) whyNotReboot(ctx context.Context, why string) (string, error) {
	now, err := r.permission(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case !r.run.MayReboot:
		return "the window does not permit a reboot; one is pending: " + why, nil
	case !r.Desk.Now().Before(r.run.Deadline):
		return "the window has ended; a reboot is pending: " + why, nil
	case now.state == data.RolloutCancelled:
		if r.run.RebootAsked.IsZero() {
			r.run.JobStopped = "cancelled" // the plan's reboot is left out: that is no success
		}
		return "cancelled; a reboot is pending: " + why, nil
	case !now.Open:
		return now.Why + "; a reboot is pending: " + why, nil
	case !now.MayReboot:
		return "the window no longer permits a reboot; one is pending: " + why, nil
	case r.run.JobStarted || r.run.JobBegan.IsZero():
		return "", nil
	}
	// A job that this workspace did not start was started by a copy of it, which
	// may have rebooted the host already.
	var alive remote.Alive
	err = r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) (err error) {
		alive, err = p.Alive(ctx, s)
		return err
	})
	switch {
	case err != nil:
		return "the host does not say whether it has booted since another desk began the job: " + firstLine(err), nil
	case !alive.BootedAt.Before(r.run.JobBegan):
		return bootedElsewhere, nil
	}
	return "", nil
}

// orStop turns "the run has ended meanwhile" into the end of its runner.
func orStop(err error) error {
	if err == nil {
		return errStop
	}
	return err
}

// awaitBoot waits until the host shows another boot ID. Answering a ping, or
// SSH, proves nothing: the host may not have gone down yet.
//
// A login that is refused is tried once more after a while, because a host that
// has just booted may not reach its domain yet, and then never: accounts get
// locked by less.
func (r *runner) awaitBoot(ctx context.Context) error {
	refused := false
	// A desk opened long after it, or awake again before its VPN is up, is patient too.
	var awake patience
	for {
		var alive remote.Alive
		err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) (err error) {
			alive, err = p.Alive(ctx, s)
			return err
		})
		if ctx.Err() != nil {
			return errStop
		}
		now := r.Desk.Now()
		late := awake.spent(now) >= r.Pace.Boot/5 && now.After(r.run.RebootAsked.Add(r.Pace.Boot))
		switch {
		case err == nil && alive.BootID != "" && alive.BootID != r.run.BootID:
			r.say(ctx, "the host is back with a new boot ID")
			return r.goTo(ctx, data.StepPostCheck)
		case err == nil && late:
			r.say(ctx, "the reboot was asked for at %s, but the boot ID is still the same", Moment(r.run.RebootAsked))
			return r.goTo(ctx, data.StepPostCheck)
		case err != nil && late:
			return r.end(ctx, data.OutcomeUnknown, "no answer since the reboot (%s): look at the host, then look again here", firstLine(err))
		case err != nil && hopeless(err) && refused:
			return r.cannotAsk(ctx, err)
		case err != nil && hopeless(err):
			refused = true
			r.say(ctx, "%s; tried once more in %s", firstLine(err), r.Pace.Boot/5)
			if !rest(ctx, r.Pace.Boot/5) {
				return errStop
			}
			continue
		}
		if err == nil {
			r.hangUp() // the same boot: a session would die with it
		}
		if err == nil && r.cancelledReboot(ctx) {
			r.say(ctx, "cancelled; the host still runs in the boot from before, and is not waited for")
			r.run.JobStopped = "cancelled"
			return r.goTo(ctx, data.StepPostCheck)
		}
		if !rest(ctx, r.Pace.Poll) {
			return errStop
		}
	}
}

// cannotAsk ends a run whose host lets nobody in who could ask it of its boot.
func (r *runner) cannotAsk(ctx context.Context, why error) error {
	return r.end(ctx, data.OutcomeUnknown, "the host cannot be asked since the reboot (%s): mend that, then look again here", firstLine(why))
}

// cancelledReboot reports whether a person has cancelled and the host, which
// answers, has had a tenth of its time to go down for the reboot.
func (r *runner) cancelledReboot(ctx context.Context) bool {
	return !r.Desk.Now().Before(r.run.RebootAsked.Add(r.Pace.Boot/10)) && r.cancelled(ctx)
}

// postCheck looks whether the boot is the one expected and what ran before runs again.
func (r *runner) postCheck(ctx context.Context) error {
	wait := r.work.plan.PostWait
	if wait <= 0 {
		wait = defaultPostWait
	}
	until := r.Desk.Now().Add(wait)
	for {
		var alive remote.Alive
		err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) (err error) {
			alive, err = p.Alive(ctx, s)
			return err
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
		gone := goneServices(r.run.ServicesUp, alive.Services)
		if len(gone) > 0 && alive.Services != nil && r.Desk.Now().Before(until) {
			if !rest(ctx, r.Pace.Poll) {
				return errStop
			}
			continue
		}
		r.noteCheck(ctx, r.bootCheck(alive))
		r.noteCheck(ctx, serviceCheck(r.run.ServicesUp, alive.Services, gone))
		return r.goTo(ctx, data.StepVerify)
	}
}

func (r *runner) bootCheck(alive remote.Alive) data.Check {
	c := data.Check{Name: "boot", After: true, Result: data.CheckPassed}
	same := alive.BootID == r.run.BootID
	switch {
	case alive.BootID == "":
		c.Result, c.Detail = data.CheckUnknown, "the host does not tell its boot ID"
	case r.run.RebootAsked.IsZero() && same:
		c.Detail = "not rebooted"
	case r.run.RebootAsked.IsZero():
		c.Result, c.Detail = data.CheckWarned, "the host rebooted though nobody here asked for it"
	case same:
		c.Result, c.Detail = data.CheckFailed, "the boot ID is still the same"
		if r.notRebooted != "" {
			c.Detail += ": " + r.notRebooted
		}
	default:
		c.Detail = "rebooted, boot ID changed"
	}
	return c
}

func serviceCheck(before, now, gone []string) data.Check {
	c := data.Check{Name: "services", After: true, Result: data.CheckPassed}
	switch {
	case before == nil:
		c.Result, c.Detail = data.CheckWarned, "the host cannot tell what runs"
	case now == nil:
		c.Result, c.Detail = data.CheckUnknown, "the host no longer tells what runs"
	case len(gone) > 0:
		c.Result, c.Detail = data.CheckFailed, "ran before and do not now: "+strings.Join(gone, ", ")
	default:
		c.Detail = "all that ran before run again"
	}
	return c
}

// check keeps a check's result with the run.
func (r *runner) check(ctx context.Context, c data.Check) error {
	r.noteCheck(ctx, c)
	return r.keep(ctx)
}

// noteCheck adds a check's result, which is stored with the next step.
func (r *runner) noteCheck(ctx context.Context, c data.Check) {
	r.run.Checks = append(r.run.Checks, c)
	r.say(ctx, "post-check %s: %s%s", c.Name, resultWord(c.Result), parenthesis(c.Detail))
}
