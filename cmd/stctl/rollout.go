package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

func (c *cli) rolloutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rollout", Short: "Start rollouts, watch them, cancel, resume, look again, retry",
		Long: `A rollout is an approved plan going through its rings. Each host has one run in
it. Runs start inside the hosts' windows, driven by "stctl run-due" or an open
desk; the work itself goes on on the hosts when the desk sleeps.

A run that ended "unknown" may have done its work: it is looked up on the host
again, never simply repeated.`,
	}
	return c.branch(cmd, c.rolloutStart(), c.rolloutList(), c.rolloutShow(), c.rolloutLog(), c.rolloutWatch(),
		c.rolloutAdopt(), c.rolloutCancel(), c.rolloutResume(), c.rolloutLookAgain(), c.rolloutRetry())
}

func (c *cli) rolloutStart() *cobra.Command {
	var (
		now, drive bool
		reason     string
	)
	cmd := &cobra.Command{
		Use: "start PLAN", Short: "Start a rollout of an approved plan", Args: wants(1, 1, "the number of a plan"),
		Long: `Start a rollout of an approved plan. Its runs wait for the windows of their hosts.

--now does not wait for windows ("apply now"). That demands a --reason, which goes
into the audit trail; a freeze still holds.

Starting touches no host: "stctl run-due" or an open desk drives it. With --drive
this command does, until only waiting is left.`,
		Example: "  stctl rollout start 3\n  stctl rollout start 3 --now --reason \"exploited in the wild, agreed with P. Lang\" --drive",
		RunE: func(cmd *cobra.Command, args []string) error {
			reason = strings.TrimSpace(reason)
			switch {
			case now && reason == "":
				return usagef("--now goes outside the windows that were agreed: say why with --reason")
			case !now && reason != "":
				return usagef("a --reason is for --now; inside windows none is needed")
			}
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			p, err := readPlan(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			id, err := d.StartRollout(cmd.Context(), p.ID, reason)
			if err != nil {
				return err
			}
			if !now {
				if err := c.tellEndlessWaits(cmd.Context(), d, inv, p); err != nil {
					return err
				}
			}
			if !drive {
				return c.out.done(done("rollout started", id), "Rollout %d is started. \"stctl run-due\" or an open desk drives it; stctl rollout watch %d", id, id)
			}
			return c.drive(cmd.Context(), d, inv, []data.RolloutID{id}, driveWish{})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&now, "now", false, "do not wait for windows (demands --reason)")
	f.StringVar(&reason, "reason", "", "why it cannot wait for a window")
	f.BoolVar(&drive, "drive", false, "drive it until only waiting is left")
	return cmd
}

// tellEndlessWaits names the hosts of a plan that no window will ever open for:
// a rollout that keeps to windows would wait for them without a word.
func (c *cli) tellEndlessWaits(ctx context.Context, d *app.Desk, inv *inventory, p data.Plan) error {
	windows, err := d.DB.Windows(ctx)
	if err != nil {
		return err
	}
	freezes, err := d.DB.Freezes(ctx)
	if err != nil {
		return err
	}
	for _, h := range inv.hosts {
		if !slices.ContainsFunc(p.Hosts, func(part data.PlanHost) bool { return part.Host == h.ID }) {
			continue
		}
		_, open, why := app.OpenToCarryOut(p, h, windows, freezes, d.Now())
		if _, found := app.NextToCarryOut(p, h, windows, freezes, d.Now()); open || found {
			continue
		}
		c.out.note("%s waits without end: %s. %s", h.Name, why, app.WhatEnds(why))
	}
	return nil
}

// readRollout finds a rollout by its number.
func readRollout(ctx context.Context, d *app.Desk, word string) (data.Rollout, error) {
	all, err := d.DB.Rollouts(ctx)
	if err != nil {
		return data.Rollout{}, err
	}
	return pick("rollout", word, all, func(r data.Rollout) int64 { return int64(r.ID) }, func(data.Rollout) string { return "" })
}

// readRun finds the run of a host in a rollout.
func (c *cli) readRun(ctx context.Context, rollout, host string) (*app.Desk, data.Run, error) {
	d, inv, err := c.open(ctx)
	if err != nil {
		return nil, data.Run{}, err
	}
	r, err := readRollout(ctx, d, rollout)
	if err != nil {
		return nil, data.Run{}, err
	}
	h, err := inv.host(host)
	if err != nil {
		return nil, data.Run{}, err
	}
	runs, err := d.DB.Runs(ctx, r.ID)
	if err != nil {
		return nil, data.Run{}, err
	}
	i := slices.IndexFunc(runs, func(x data.Run) bool { return x.Host == h.ID })
	if i < 0 {
		return nil, data.Run{}, &missingError{fmt.Sprintf("run of host %s in rollout %d", h.Name, r.ID), fmt.Sprintf("\"stctl rollout show %d\" shows its runs.", r.ID)}
	}
	return d, runs[i], nil
}

func (c *cli) rolloutCancel() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "cancel ROLLOUT", Short: "Let no further run start, and stop those under way where hosts are sound", Args: wants(1, 1, "the number of a rollout"),
		Long:    "Cancel a rollout. Runs that have not begun never will; those under way are asked\nto stop at the next point where their hosts are sound, by whoever drives the\nrollout. What was already done stays done, and each run says what that is.",
		Example: "  stctl rollout cancel 2 --reason \"shop is down, ticket 4712\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, r, err := c.findRollout(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := d.CancelRollout(cmd.Context(), r.ID, reason); err != nil {
				return err
			}
			return c.out.done(done("rollout cancelled", r.ID), "Rollout %d is cancelled. What was already done stays done: stctl rollout show %d", r.ID, r.ID)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (kept in the audit trail)")
	return cmd
}

func (c *cli) findRollout(ctx context.Context, word string) (*app.Desk, data.Rollout, error) {
	d, err := c.desk(ctx)
	if err != nil {
		return nil, data.Rollout{}, err
	}
	r, err := readRollout(ctx, d, word)
	return d, r, err
}

func (c *cli) rolloutResume() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "resume ROLLOUT --reason TEXT", Short: "Let a stopped rollout go on", Args: wants(1, 1, "the number of a rollout"),
		Long:    "Let a rollout go on that stopped because too many runs failed or are unknown. The\nreason says that somebody has looked at them; they are not repeated.",
		Example: "  stctl rollout resume 2 --reason \"mail's script is known to fail, the rest is fine\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("say with --reason why it may go on")
			}
			d, r, err := c.findRollout(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := d.ResumeRollout(cmd.Context(), r.ID, reason); err != nil {
				return err
			}
			return c.out.done(done("rollout resumed", r.ID), "Rollout %d goes on: \"stctl run-due\" or an open desk drives it.", r.ID)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why it may go on (required)")
	return cmd
}

func (c *cli) rolloutLookAgain() *cobra.Command {
	drive := false
	cmd := &cobra.Command{
		Use: "look-again ROLLOUT HOST", Short: "Look up on the host what became of a run that ended unknown", Args: wants(2, 2, "the number of a rollout and a host"),
		Long:    "Look up on the host what became of a run that ended unknown. Nothing is started on\nit. \"stctl run-due\" or an open desk does the looking; with --drive this command.",
		Example: "  stctl rollout look-again 2 erp --drive",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, run, err := c.readRun(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if err := d.LookAgain(cmd.Context(), run.Rollout, run.ID); err != nil {
				return err
			}
			return c.reopened(cmd.Context(), d, run, "run looked up again", drive)
		},
	}
	cmd.Flags().BoolVar(&drive, "drive", false, "look now, and drive the rollout until only waiting is left")
	return cmd
}

func (c *cli) rolloutRetry() *cobra.Command {
	var (
		drive  bool
		reason string
	)
	cmd := &cobra.Command{
		Use: "retry ROLLOUT HOST --reason TEXT", Short: "Queue a run that failed, was skipped or cancelled for another attempt", Args: wants(2, 2, "the number of a rollout and a host"),
		Long:    "Queue a run for another attempt, inside its window as before. A run whose outcome\nis unknown is refused, because it may have done its work: look again first.",
		Example: "  stctl rollout retry 2 build --reason \"made room on its disk\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("say with --reason what has changed since")
			}
			d, run, err := c.readRun(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if err := d.RetryRun(cmd.Context(), run.Rollout, run.ID, reason); err != nil {
				return err
			}
			return c.reopened(cmd.Context(), d, run, "run queued again", drive)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "what has changed since (required)")
	cmd.Flags().BoolVar(&drive, "drive", false, "drive the rollout now, until only waiting is left")
	return cmd
}

func (c *cli) reopened(ctx context.Context, d *app.Desk, run data.Run, what string, drive bool) error {
	if !drive {
		return c.out.done(done(what, run.ID), "Rollout %d is open again: \"stctl run-due\" or an open desk drives it.", run.Rollout)
	}
	inv, err := readInventory(ctx, d)
	if err != nil {
		return err
	}
	return c.drive(ctx, d, inv, []data.RolloutID{run.Rollout}, driveWish{})
}

func (c *cli) runDueCommand() *cobra.Command {
	stay := false
	cmd := &cobra.Command{
		Use: "run-due [ROLLOUT…]", Short: "Drive what is due, and end when only waiting is left", Args: wants(0, -1, "numbers of rollouts"),
		Long: `Drive every open rollout, or those named, until only waiting is left: for a window,
a soak, or a person. This is what cron or the Task Scheduler calls, every few
minutes; calls may overlap, since a rollout has one driver at a time.

Killing it loses nothing: the work goes on on the hosts, and the next call looks
up what became of it.

The exit code is 4 when a run ended unknown during this call, 3 when one failed,
was skipped or cancelled, else 0, also when rollouts wait.`,
		Example: "  */5 * * * *  stctl run-due --quiet      # a line of crontab(5)\n  stctl run-due 2 --stay",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			ids, err := dueRollouts(cmd.Context(), d, args)
			if err != nil {
				return err
			}
			return c.drive(cmd.Context(), d, inv, ids, driveWish{due: true, stay: stay})
		},
	}
	cmd.Flags().BoolVar(&stay, "stay", false, "wait for windows and soaks too, until the rollouts have ended")
	return cmd
}

// dueRollouts are the open rollouts, or those named.
func dueRollouts(ctx context.Context, d *app.Desk, words []string) ([]data.RolloutID, error) {
	var ids []data.RolloutID
	for _, w := range words {
		r, err := readRollout(ctx, d, w)
		if err != nil {
			return nil, err
		}
		if !r.Open() {
			return nil, fmt.Errorf("rollout %d: %w", r.ID, app.ErrNotOpen)
		}
		ids = append(ids, r.ID)
	}
	if len(words) > 0 {
		return ids, nil
	}
	all, err := d.DB.Rollouts(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Backward(all) { // oldest first
		if r.Open() {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// driveWish says how rollouts are driven.
type driveWish struct {
	due  bool // only what ended during this call counts for the exit code
	stay bool // wait for windows and soaks too
}

// drive drives rollouts, telling of each step on the side, and prints how they
// stand then.
func (c *cli) drive(ctx context.Context, d *app.Desk, inv *inventory, ids []data.RolloutID, wish driveWish) error {
	before := map[data.RolloutID]map[end]bool{}
	if wish.due {
		for _, id := range ids {
			j, err := readRolloutJSON(ctx, d, inv, id)
			if err != nil {
				return err
			}
			before[id] = j.ends()
		}
	}
	teller := newTeller(c.out, inv)
	c.office.Driver.Changed = teller.tell
	failed := c.office.Driver.DriveAll(ctx, ids, wish.stay)
	if ctx.Err() != nil {
		c.out.note("Stopped driving. Jobs on hosts go on by themselves and are looked up by the next driver.")
		return context.Canceled
	}
	elsewhere, err := drivenElsewhere(failed)
	if err != nil {
		return err
	}
	list, code := []rolloutJSON{}, exitOK
	for _, id := range ids {
		j, err := readRolloutJSON(ctx, d, inv, id)
		if err != nil {
			return err
		}
		j.Elsewhere = elsewhere[id]
		list = append(list, j)
		if wish.due {
			code = worseCode(code, j.codeBesides(before[id]))
		} else {
			code = worseCode(code, j.code())
		}
	}
	err = c.out.show(list, func(p *page) {
		if len(list) == 0 && !c.out.quiet {
			p.line("No rollout is open.")
		}
		for _, j := range list {
			if !c.out.quiet || code != exitOK {
				j.print(p)
			}
		}
	})
	if err != nil {
		return err
	}
	return asError(code)
}

// drivenElsewhere parts the rollouts that another process drives, which is no
// error, from those that could not be driven.
func drivenElsewhere(failed map[data.RolloutID]error) (elsewhere map[data.RolloutID]bool, err error) {
	elsewhere = map[data.RolloutID]bool{}
	var bad []error
	for id, err := range failed {
		if errors.Is(err, app.ErrElsewhere) {
			elsewhere[id] = true
			continue
		}
		bad = append(bad, fmt.Errorf("rollout %d: %w", id, err))
	}
	return elsewhere, errors.Join(bad...)
}
