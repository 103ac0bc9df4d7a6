package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// A Pace says how patient a Driver is. The zero Pace means DefaultPace.
type Pace struct {
	Poll   time.Duration // between two looks at a running job
	Retry  time.Duration // between two tries to reach a host that was lost
	Boot   time.Duration // how long a host may take to come back from a reboot
	GiveUp time.Duration // how long after a window's end a lost host is looked up before its run is unknown
	Tick   time.Duration // longest wait between two decisions
	Slow   time.Duration // longest pause between two looks at a Windows job, each of which starts a PowerShell there; 0: Poll
	Answer time.Duration // how long a host may take to answer one question; 0 means DefaultScanTimeout
}

// DefaultPace suits real hosts.
var DefaultPace = Pace{Poll: 2 * time.Second, Slow: 30 * time.Second, Retry: 10 * time.Second, Boot: 15 * time.Minute, GiveUp: time.Hour, Tick: 15 * time.Second}

// A Driver takes rollouts through their rings. Killing it at any moment loses
// nothing: a later Driver, on this or another desk, looks up on the hosts what
// became of the runs that were under way, and goes on from there.
type Driver struct {
	Desk    *Desk
	Pace    Pace
	Holder  string         // tells this process from others on the same workspace
	Changed func(data.Run) // called after each stored change of a run, from many goroutines; may be nil
}

// ErrElsewhere means that another process drives the rollout at this moment.
var ErrElsewhere = errors.New("another desk or stctl is driving this rollout")

// leaseTTL is how long a driver that died keeps others out.
const leaseTTL = 45 * time.Second

// Due drives every open rollout until none has anything to do at present. It
// is what cron or the Task Scheduler calls; one rollout's failure stops no other.
func (dr *Driver) Due(ctx context.Context) error {
	var errs []error
	ids := dr.open(ctx, func(err error) { errs = append(errs, err) })
	for id, err := range dr.DriveAll(ctx, ids, false) {
		if !errors.Is(err, ErrElsewhere) {
			errs = append(errs, fmt.Errorf("rollout %d: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// DriveAll drives rollouts at the same time, each as Drive does, so that a long
// one does not let the windows of the others pass. It returns the errors, by
// rollout.
func (dr *Driver) DriveAll(ctx context.Context, ids []data.RolloutID, stay bool) map[data.RolloutID]error {
	if dr.Pace == (Pace{}) {
		dr.Pace = DefaultPace
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := map[data.RolloutID]error{}
	for _, id := range ids {
		wg.Go(func() {
			if err := dr.Drive(ctx, id, stay); err != nil {
				mu.Lock()
				failed[id] = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failed
}

// Drive drives one rollout. With stay it waits for windows and soaks and
// returns when the rollout has ended or ctx has; without, it returns as soon as
// only waiting is left.
func (dr *Driver) Drive(ctx context.Context, id data.RolloutID, stay bool) error {
	if dr.Pace == (Pace{}) {
		dr.Pace = DefaultPace
	}
	release, err := dr.lease(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	d := &drive{Driver: dr, id: id, active: map[data.RunID]bool{}, ended: make(chan data.RunID)}
	return d.loop(ctx, stay)
}

// lease takes the rollout for this process and keeps it until release is
// called. One that ran out while this computer slept, and that another process
// has taken, is noticed by the next step and by every save.
func (dr *Driver) lease(ctx context.Context, id data.RolloutID) (release func(), err error) {
	db, name := dr.Desk.DB, leaseName(id)
	got, err := db.Lease(ctx, name, dr.Holder, dr.Desk.Now(), leaseTTL)
	if err != nil {
		return nil, fmt.Errorf("drive rollout %d: %w", id, err)
	}
	if !got {
		return nil, ErrElsewhere
	}
	keep, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(leaseTTL / 3)
		defer tick.Stop()
		for {
			select {
			case <-keep.Done():
				return
			case <-tick.C:
				db.Lease(keep, name, dr.Holder, dr.Desk.Now(), leaseTTL) // a failed renewal lets the lease run out, which is safe: jobs start once
			}
		}
	})
	return func() {
		stop()
		wg.Wait()
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		db.Release(after, name, dr.Holder) // runs out by itself otherwise
	}, nil
}

func leaseName(id data.RolloutID) string { return fmt.Sprintf("rollout %d", id) }

// A drive is one rollout being driven.
type drive struct {
	*Driver
	id     data.RolloutID
	active map[data.RunID]bool // runs this process is driving
	ended  chan data.RunID
	wg     sync.WaitGroup
}

// loop decides, starts, waits, and decides again.
func (d *drive) loop(ctx context.Context, stay bool) error {
	runCtx, stop := context.WithCancel(ctx)
	defer d.wg.Wait()
	defer stop()
	for {
		wake, done, err := d.step(runCtx)
		if err != nil || (done && len(d.active) == 0) {
			return err
		}
		if !stay && len(d.active) == 0 {
			return nil
		}
		timer := time.NewTimer(d.pause(wake))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case run := <-d.ended:
			delete(d.active, run)
		case <-timer.C:
		}
		timer.Stop()
	}
}

// pause is the time to wait for wake, at most a tick, so that a changed window,
// a cancel by another process and a jumping clock are noticed.
func (d *drive) pause(wake time.Time) time.Duration {
	wait := d.Pace.Tick
	if !wake.IsZero() {
		if until := wake.Sub(d.Desk.Now()); until < wait {
			wait = max(until, 10*time.Millisecond)
		}
	}
	return wait
}

// step reads what is stored, takes up runs that nobody drives, and makes the
// next move. done means that the rollout has ended.
func (d *drive) step(ctx context.Context) (wake time.Time, done bool, err error) {
	mine, err := d.Desk.DB.Lease(ctx, leaseName(d.id), d.Holder, d.Desk.Now(), leaseTTL)
	if err == nil && !mine {
		err = ErrElsewhere
	}
	if err != nil {
		return time.Time{}, false, err
	}
	w, err := d.Desk.readOrdered(ctx, d.id)
	if err != nil {
		return time.Time{}, false, err
	}
	for _, run := range w.runs {
		if isActive(run) && !d.active[run.ID] {
			d.launch(ctx, w, run)
		}
	}
	now := d.Desk.Now()
	m := nextMove(w.plan, w.rollout, w.runs, w.opening(now), now)
	switch err := d.apply(ctx, w, m, now); {
	case errors.Is(err, errOvertaken):
		return now, false, nil
	case err != nil:
		return time.Time{}, false, err
	}
	return m.Wake, m.over(), nil
}

// errOvertaken means that somebody has changed the rollout since it was read.
var errOvertaken = errors.New("the rollout was changed meanwhile")

// apply stores the decision before it acts on it.
func (d *drive) apply(ctx context.Context, w *work, m move, now time.Time) error {
	for _, id := range m.Cancel {
		run := w.run(id)
		run.Outcome, run.Ended, run.Step = data.OutcomeCancelled, now, data.StepEnded
		run.Detail = "cancelled before it started; nothing was changed on the host"
		if err := d.saveEnd(ctx, w, run); err != nil {
			return err
		}
	}
	for id, why := range m.Waits {
		if run := w.run(id); run.Detail != why {
			run.Detail = why
			if err := d.save(ctx, run); err != nil {
				return err
			}
		}
	}
	switch err := d.Desk.noteRollout(ctx, w.rollout, m, len(d.active)+len(m.Start) > 0); {
	case errors.Is(err, store.ErrConflict):
		return errOvertaken // a cancel, say, which this decision does not know of
	case err != nil:
		return err
	}
	open := w.opening(now)
	for _, id := range m.Start {
		run := w.run(id)
		o := open(run.Host)
		run.Step, run.Started, run.Deadline, run.MayReboot, run.Detail = data.StepPreCheck, now, o.Until, o.MayReboot, ""
		if err := d.save(ctx, run); err != nil {
			return err
		}
		d.launch(ctx, w, run)
	}
	return nil
}

func (d *drive) launch(ctx context.Context, w *work, run data.Run) {
	d.active[run.ID] = true
	d.wg.Go(func() {
		r := &runner{Driver: d.Driver, work: w, run: run, taken: time.Now()}
		r.drive(ctx)
		select {
		case d.ended <- run.ID:
		case <-ctx.Done():
		}
	})
}

// save stores a run before anybody is told of it, with the audit entry that it
// is worth, if any.
func (dr *Driver) save(ctx context.Context, run data.Run, entries ...data.AuditEntry) error {
	lease := store.Lease{Name: leaseName(run.Rollout), Holder: dr.Holder}
	if err := dr.Desk.DB.SaveLeasedRun(ctx, run, lease, entries...); err != nil {
		return err
	}
	if dr.Changed != nil {
		dr.Changed(run)
	}
	return nil
}

// saveEnd stores a run that has ended and its audit entry: both or neither.
func (dr *Driver) saveEnd(ctx context.Context, w *work, run data.Run) error {
	return dr.save(ctx, run, dr.Desk.entry(ended(run.Outcome), "host "+w.hosts[run.Host].Name, run.Detail, change{After: run}))
}
