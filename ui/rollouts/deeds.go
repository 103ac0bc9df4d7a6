package rollouts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// actions are what can be done with the rollout shown.
func (v *live) actions() []ui.Action {
	has := func(ok func(r *runRow) bool) func() bool {
		return func() bool { return v.snap != nil && len(v.chosen(ok)) > 0 }
	}
	return []ui.Action{
		{Title: "Cancel this rollout", Hint: "No further host starts; those under way stop where they are sound.", Icon: "player-stop", Do: v.cancel,
			Enabled: func() bool {
				return v.snap != nil && v.snap.rollout.Open() && v.snap.rollout.State != data.RolloutCancelled
			}},
		{Title: "Resume this rollout", Hint: "A stopped rollout goes on, with a reason.", Icon: "player-play", Do: v.resume,
			Enabled: func() bool { return v.snap != nil && v.snap.rollout.State == data.RolloutStopped }},
		{Title: "Adopt this rollout", Hint: "Drives from this computer what was started on another, with a reason.", Icon: "shield-check", Do: v.adopt,
			Enabled: func() bool { return v.snap != nil && v.snap.foreign }},
		{Title: "Look again at unknown hosts", Hint: "Asks the host what became of its job. It starts nothing.", Icon: "eye", Key: fyne.KeyL, Modifier: ui.Ctrl, Do: v.lookAgain, Enabled: has(isUnknown)},
		{Title: "Retry selected hosts", Hint: "Another attempt, with a reason, for hosts that failed, were skipped or cancelled.", Icon: "refresh", Key: fyne.KeyR, Modifier: ui.Ctrl, Do: v.retry, Enabled: has(mayRetry)},
	}
}

func isUnknown(r *runRow) bool { return r.Outcome == data.OutcomeUnknown }

func mayRetry(r *runRow) bool {
	return r.Outcome == data.OutcomeFailed || r.Outcome == data.OutcomeSkipped || r.Outcome == data.OutcomeCancelled
}

// chosen returns the selected runs that pass.
func (v *live) chosen(ok func(*runRow) bool) []*runRow {
	var out []*runRow
	for _, r := range v.grid.Selected() {
		if ok(r) {
			out = append(out, r)
		}
	}
	return out
}

func (v *live) menu(rows []*runRow) []*fyne.MenuItem {
	look := fyne.NewMenuItem("Look again", v.lookAgain)
	look.Disabled = len(v.chosen(isUnknown)) == 0
	retry := fyne.NewMenuItem("Retry…", v.retry)
	retry.Disabled = len(v.chosen(mayRetry)) == 0
	items := []*fyne.MenuItem{look, retry, fyne.NewMenuItemSeparator()}
	if len(rows) == 1 {
		items = append(items, fyne.NewMenuItem("Open host", func() { v.x.shell.Go(ui.Place{Screen: ui.Hosts, Host: rows[0].Host}) }))
	}
	return append(items, fyne.NewMenuItem("Copy as a table", func() { v.grid.TypedShortcut(&fyne.ShortcutCopy{}) }))
}

// cancel asks, and says for each kind of host what cancelling does.
func (v *live) cancel() {
	id := v.id
	v.x.ask(deed{title: "Cancel this rollout?", text: cancelText(tally(v.snap.runs)), verb: "Cancel rollout", keep: "Let it go on", danger: true, optional: true,
		example: "Users complain about the shop", label: "Reason (may be left out)",
		do: func(ctx context.Context, reason string) error { return v.x.desk().CancelRollout(ctx, id, reason) }})
}

func cancelText(t storeTally) string {
	var parts []string
	if t.Queued > 0 {
		parts = append(parts, kit.Count(t.Queued, "host that waits does not start: nothing is changed on it.", "hosts that wait do not start: nothing is changed on them."))
	}
	if t.Active > 0 {
		parts = append(parts, kit.Count(t.Active, "host under way is asked to stop where that is safe; what is in by then stays in, and a scan says what that is.",
			"hosts under way are asked to stop where that is safe; what is in by then stays in, and scans say what that is."))
	}
	if n := ended(t); n > 0 {
		parts = append(parts, kit.Count(n, "host has ended and stays as it is.", "hosts have ended and stay as they are."))
	}
	return strings.Join(append(parts, "Nothing is rolled back."), "\n")
}

func (v *live) resume() {
	id, t := v.id, tally(v.snap.runs)
	text := fmt.Sprintf("It stopped because %s. Resuming says that you have looked at it: what failed until now no longer stops the rollout, and is not repeated. %s still to come.",
		dot(v.snap.rollout.Note), kit.Count(t.Queued, "host is", "hosts are"))
	v.x.ask(deed{title: "Resume this rollout?", text: text, verb: "Resume", example: "web3 had a full disk, mended; the update itself is fine",
		do: func(ctx context.Context, reason string) error { return v.x.desk().ResumeRollout(ctx, id, reason) }})
}

// adopt shows the digest of the plan that is adopted, and asks why.
func (v *live) adopt() {
	id, s := v.id, v.snap
	digest := s.plan.Digest()
	text := fmt.Sprintf("%s started it. Adopting says that you have looked through its plan, and that this computer may carry it out: %s, inside windows only.",
		s.rollout.StartedBy, kit.Count(len(s.runs), "host", "hosts"))
	if s.rollout.Reason != "" {
		text = fmt.Sprintf("%s started it outside windows. Adopting says that you have looked through its plan, and that this computer may carry it out at once: %s. The reason given was: %s.",
			s.rollout.StartedBy, kit.Count(len(s.runs), "host", "hosts"), dot(s.rollout.Reason))
	}
	v.x.ask(deed{title: "Adopt this rollout?", text: text, content: digestLine(digest), verb: "Adopt", example: "Anna's laptop is broken; it goes on from here",
		do: func(ctx context.Context, reason string) error {
			return v.x.desk().AdoptRollout(ctx, id, digest, reason)
		}})
}

// lookAgain asks the hosts of the selected unknown runs what became of them.
func (v *live) lookAgain() {
	id, runs := v.id, v.chosen(isUnknown)
	if len(runs) == 0 {
		return
	}
	v.x.do(func(ctx context.Context) error {
		var errs []error
		for _, r := range runs {
			errs = append(errs, v.x.desk().LookAgain(ctx, id, r.ID))
		}
		return errors.Join(errs...)
	}, kit.Count(len(runs), "host is", "hosts are")+" looked up again. Nothing is repeated.")
}

func (v *live) retry() {
	id, runs := v.id, v.chosen(mayRetry)
	if len(runs) == 0 {
		return
	}
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.Name
	}
	when := "inside its next window"
	if v.snap.rollout.Reason != "" {
		when = "at once if this rollout's 4 hours are not over, else not at all"
	}
	v.x.ask(deed{title: "Retry " + kit.Count(len(runs), "host", "hosts") + "?",
		text: fmt.Sprintf("%s: another attempt at the same plan, as a new job, %s. Each looks first at what is in already.", list3(names), when),
		verb: "Retry", example: "Disk was full, 3 GB were freed",
		do: func(ctx context.Context, reason string) error {
			var errs []error
			for _, r := range runs {
				errs = append(errs, v.x.desk().RetryRun(ctx, id, r.ID, reason))
			}
			return errors.Join(errs...)
		}})
}

// list3 names a few of many.
func list3(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}
