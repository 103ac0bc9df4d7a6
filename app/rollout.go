package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// What keeps a rollout from a verb.
var (
	ErrNotApproved = errors.New("the plan is not approved")
	ErrNoReason    = errors.New("a reason is required")
	ErrNotOpen     = errors.New("the rollout has ended")
	ErrStillOpen   = errors.New("the run has not ended")
	ErrKnown       = errors.New("the run's outcome is known")
	ErrUnderWay    = errors.New("a rollout of the plan has not ended")
	ErrLookFirst   = errors.New("it is not known what the run did; look it up on the host first")
)

// applyNowLimit is the deadline of a run outside windows.
const applyNowLimit = 4 * time.Hour

// StartRollout stores a rollout of an approved plan with one queued run a host.
// It touches no host: a Driver does. With an empty reason runs start only
// inside windows; with a reason ("apply now") they start at once, except in a
// freeze, and the reason is on record.
func (d *Desk) StartRollout(ctx context.Context, id data.PlanID, reason string) (data.RolloutID, error) {
	p, err := d.DB.Plan(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("start rollout: %w", err)
	}
	if p.Approved.At.IsZero() {
		return 0, fmt.Errorf("start rollout of plan %q: %w", p.Name, ErrNotApproved)
	}
	if err := d.approvalOnRecord(ctx, p); err != nil {
		return 0, fmt.Errorf("start rollout of plan %q: %w", p.Name, err)
	}
	if r, open, err := d.openRollout(ctx, id); err != nil || open {
		return 0, fmt.Errorf("start rollout of plan %q: %w", p.Name, cmp.Or(err, fmt.Errorf("%w: rollout %d", ErrUnderWay, r.ID)))
	}
	r := data.Rollout{
		Plan: id, Started: d.Now(), StartedBy: d.By,
		Reason: strings.TrimSpace(reason), State: data.RolloutWaiting,
	}
	var runs []data.Run
	for _, h := range p.Hosts {
		runs = append(runs, data.Run{Host: h.Host, Ring: h.Ring, Step: data.StepQueued, Attempt: 1, ScanBefore: h.Scan})
	}
	entry := d.entry("rollout started", fmt.Sprintf("plan %q, %s", p.Name, counted(len(p.Hosts), "host")), r.Reason, change{After: r})
	rid, err := d.DB.SaveRollout(ctx, r, runs, entry)
	if err != nil {
		return 0, fmt.Errorf("start rollout of plan %q: %w", p.Name, err)
	}
	r.ID = rid
	return rid, d.Orders.add(p, r)
}

// CancelRollout lets no further run start and asks those under way to stop
// where their hosts are sound. A Driver carries it out.
func (d *Desk) CancelRollout(ctx context.Context, id data.RolloutID, reason string) error {
	return d.moveRollout(ctx, id, verbCancelled, reason, func(w *work) error {
		if !w.rollout.Open() {
			return fmt.Errorf("cancel rollout %d: %w", id, ErrNotOpen)
		}
		w.rollout.State, w.rollout.Note = data.RolloutCancelled, "cancelled by "+d.By
		if reason = strings.TrimSpace(reason); reason != "" {
			w.rollout.Note += ": " + reason
		}
		return nil
	})
}

// openRollout finds the rollout of a plan that has not ended, if there is one.
func (d *Desk) openRollout(ctx context.Context, plan data.PlanID) (data.Rollout, bool, error) {
	all, err := d.DB.Rollouts(ctx)
	if err != nil {
		return data.Rollout{}, false, err
	}
	at := slices.IndexFunc(all, func(r data.Rollout) bool { return r.Plan == plan && r.Open() })
	if at < 0 {
		return data.Rollout{}, false, nil
	}
	return all[at], true, nil
}

// ErrNotStopped means that a rollout does not wait for a person to resume it.
var ErrNotStopped = errors.New("the rollout is not stopped")

// ResumeRollout lets a stopped rollout go on: its failed and unknown runs no
// longer count, because a person has looked at them.
func (d *Desk) ResumeRollout(ctx context.Context, id data.RolloutID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("resume rollout %d: %w", id, ErrNoReason)
	}
	return d.moveRollout(ctx, id, "rollout resumed", reason, func(w *work) error {
		if w.rollout.State != data.RolloutStopped {
			return fmt.Errorf("resume rollout %d: %w: it is %s", id, ErrNotStopped, w.rollout.State)
		}
		w.reopen(d.Now())
		return nil
	})
}

// moveRollout changes a rollout as it stands at this moment. When somebody else
// is quicker, edit is asked again about what is there then. Only a cancel, which
// starts nothing, is not kept off by rows that the trail does not tell of.
func (d *Desk) moveRollout(ctx context.Context, id data.RolloutID, verb, reason string, edit func(*work) error) error {
	read := d.readTrusted
	if verb == verbCancelled {
		read = d.readRollout
	}
	for {
		w, err := read(ctx, id)
		if err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
		was := w.rollout
		if err := edit(w); err != nil {
			return err
		}
		entry := d.entry(verb, fmt.Sprintf("rollout %d", id), reason, change{After: w.rollout})
		if err := d.DB.UpdateRollout(ctx, was, w.rollout, entry); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// reopen lets the rollout go on: what has ended by now no longer stops it. Times
// are kept to the second, and clocks are set back: the mark lies behind all
// that has ended, and what ends later is given no earlier time.
func (w *work) reopen(now time.Time) {
	if last := lastEnd(w.runs); !now.Truncate(time.Second).After(last) {
		now = last.Add(time.Second)
	}
	r := &w.rollout
	r.State, r.Note, r.Ended, r.Resumed = data.RolloutWaiting, "", time.Time{}, now
}

// LookAgain lets a Driver look up on the host what became of a run whose
// outcome is unknown. It starts nothing.
func (d *Desk) LookAgain(ctx context.Context, rollout data.RolloutID, id data.RunID) error {
	return d.reopenRun(ctx, rollout, id, verbLooked, "", func(run *data.Run) error {
		if run.Outcome != data.OutcomeUnknown {
			if run.Outcome == data.OutcomeNone {
				return ErrStillOpen
			}
			return fmt.Errorf("%w: %s", ErrKnown, run.Outcome)
		}
		run.Outcome, run.Ended, run.Detail = data.OutcomeNone, time.Time{}, ""
		return nil
	})
}

// RetryRun queues a run that failed, was skipped or cancelled for another
// attempt, as a new job. A run whose outcome is unknown is refused: it may have
// done its work.
func (d *Desk) RetryRun(ctx context.Context, rollout data.RolloutID, id data.RunID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("retry run %d: %w", id, ErrNoReason)
	}
	return d.reopenRun(ctx, rollout, id, verbRetried, reason, func(run *data.Run) error {
		switch run.Outcome {
		case data.OutcomeUnknown:
			return ErrLookFirst
		case data.OutcomeNone:
			return ErrStillOpen
		case data.OutcomeSucceeded:
			return errors.New("it succeeded")
		}
		*run = data.Run{
			ID: run.ID, Rollout: run.Rollout, Host: run.Host, Ring: run.Ring,
			Step: data.StepQueued, Attempt: run.Attempt + 1, ScanBefore: run.ScanBefore,
		}
		return nil
	})
}

// reopenRun changes an ended run and opens its rollout again.
func (d *Desk) reopenRun(ctx context.Context, rollout data.RolloutID, id data.RunID, verb, reason string, edit func(*data.Run) error) error {
	w, err := d.readTrusted(ctx, rollout)
	if err != nil {
		return fmt.Errorf("%s: rollout %d: %w", verb, rollout, err)
	}
	run := w.run(id)
	if run.ID == 0 {
		return fmt.Errorf("%s: rollout %d has no run %d", verb, rollout, id)
	}
	if err := edit(&run); err != nil {
		return fmt.Errorf("%s: run of host %s: %w", verb, w.hosts[run.Host].Name, err)
	}
	was := w.rollout
	w.reopen(d.Now())
	entry := d.entry(verb, "host "+w.hosts[run.Host].Name, reason, change{After: reopened{run, w.rollout}})
	return d.DB.UpdateRollout(ctx, was, w.rollout, entry, run)
}

// jobID names the job of one attempt of a run. It follows from what was
// ordered: copies of a workspace on two computers name it alike, and the host,
// where a name starts once, does the work once. No other order has its name.
func jobID(p data.Plan, r data.Rollout, run data.Run) string {
	order := fmt.Sprintf("%s %d %d %q %d %d %d", p.Digest(), r.ID, r.Started.Unix(), r.StartedBy, run.ID, run.Host, run.Attempt)
	sum := sha256.Sum256([]byte(order))
	return "st-" + hex.EncodeToString(sum[:10])
}

// work is all that is stored about one rollout, read at one time.
type work struct {
	plan    data.Plan
	rollout data.Rollout
	runs    []data.Run
	hosts   map[data.HostID]data.Host
	windows []data.Window
	freezes []data.Freeze
}

func (d *Desk) readRollout(ctx context.Context, id data.RolloutID) (*work, error) {
	w := &work{hosts: map[data.HostID]data.Host{}}
	var err error
	if w.rollout, err = d.DB.Rollout(ctx, id); err != nil {
		return nil, fmt.Errorf("read rollout: %w", err)
	}
	if w.plan, err = d.DB.Plan(ctx, w.rollout.Plan); err != nil {
		return nil, fmt.Errorf("read rollout %d: %w", id, err)
	}
	if w.runs, err = d.DB.Runs(ctx, id); err != nil {
		return nil, fmt.Errorf("read rollout %d: %w", id, err)
	}
	hosts, err := d.DB.Hosts(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rollout %d: %w", id, err)
	}
	for _, h := range hosts {
		w.hosts[h.ID] = h
	}
	if w.windows, err = d.DB.Windows(ctx); err != nil {
		return nil, fmt.Errorf("read rollout %d: %w", id, err)
	}
	if w.freezes, err = d.DB.Freezes(ctx); err != nil {
		return nil, fmt.Errorf("read rollout %d: %w", id, err)
	}
	return w, nil
}

func (w *work) run(id data.RunID) data.Run {
	for _, r := range w.runs {
		if r.ID == id {
			return r
		}
	}
	return data.Run{}
}

// part returns what the plan does to a host.
func (w *work) part(id data.HostID) data.Changes { return w.planned(id).Changes }

func (w *work) planned(id data.HostID) data.PlanHost {
	for _, h := range w.plan.Hosts {
		if h.Host == id {
			return h
		}
	}
	return data.PlanHost{}
}

// opening asks the calendar; a rollout with a reason is open at once, except in a freeze.
func (w *work) opening(now time.Time) func(data.HostID) opening {
	return func(id data.HostID) opening {
		h, ok := w.hosts[id]
		if !ok {
			return opening{Why: "the host is no longer in the inventory"}
		}
		if was := w.planned(id).At; was != "" && was != whereabouts(h) {
			return opening{Why: fmt.Sprintf("the host was at %s when the plan was made and is at %s now: make a new plan", was, whereabouts(h))}
		}
		for _, f := range w.freezes {
			if f.Covers(h.Group, now) {
				return opening{Next: f.Until, Why: fmt.Sprintf("freeze %q until %s", f.Name, Moment(f.Until))}
			}
		}
		if w.rollout.Reason != "" && now.After(w.rollout.Started.Add(applyNowLimit)) {
			return opening{Why: "it was to be applied at once; 4 hours later that is over"}
		}
		if w.rollout.Reason != "" {
			until := w.rollout.Started.Add(applyNowLimit)
			for _, f := range w.freezes {
				if f.Covers(h.Group, f.From) && f.From.After(now) && f.From.Before(until) {
					until = f.From
				}
			}
			return opening{Open: true, Until: until, MayReboot: true}
		}
		return windowOpening(w.plan, h, w.windows, w.freezes, now)
	}
}

// noteRollout stores where a rollout stands when that changed.
func (d *Desk) noteRollout(ctx context.Context, r data.Rollout, m move, busy bool) error {
	was := r
	r.State, r.Note = m.State, m.Note
	if m.over() && !busy {
		r.Ended = d.Now()
	}
	if r.State == was.State && r.Note == was.Note && r.Ended.Equal(was.Ended) {
		return nil
	}
	verb := "rollout " + string(r.State)
	return d.DB.UpdateRollout(ctx, was, r, d.entry(verb, fmt.Sprintf("rollout %d", r.ID), r.Note, change{After: r}))
}

// windowOpening is what the agreed windows say of a host in a plan.
func windowOpening(p data.Plan, h data.Host, windows []data.Window, freezes []data.Freeze, now time.Time) opening {
	o, open, why := OpenToCarryOut(p, h, windows, freezes, now)
	if open {
		for _, w := range windows {
			if w.ID == o.Window && (w.Permits.Install || p.RebootOnly()) {
				return opening{Open: true, Until: o.End, MayReboot: w.Permits.Reboot}
			}
		}
		return opening{Next: o.End, Why: why}
	}
	next, found := NextToCarryOut(p, h, windows, freezes, now)
	if !found {
		return opening{Why: why}
	}
	return opening{Next: next.Start, Why: why + "; the next opens at " + Moment(next.Start)}
}
