package rollouts

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// setActions offers the next step of a plan, and only that as primary.
func (v *preview) setActions(p *planView) {
	objects := []fyne.CanvasObject{v.x.back()}
	open, running := p.openRollout()
	switch {
	case v.draft != nil:
		objects = append(objects, kit.NewButton("Change…", "pencil", v.change))
		if wait := waitingForReboot(p.left); len(wait) > 0 {
			objects = append(objects, kit.NewButton("Plan a reboot…", "rotate-clockwise", func() {
				v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Hosts: wait, Reboot: true})
			}).WithTip("A plan that brings nothing in and reboots the hosts that were left out for it"))
		}
		if len(p.plan.Hosts) > 0 {
			objects = append(objects, kit.NewPrimary("Save plan", "device-floppy", v.save).WithTip("From then on what it does never changes (Ctrl+S)"))
		}
	case running:
		objects = append(objects, kit.NewPrimary("Show rollout", "rocket", func() { v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Rollout: open.ID}) }))
	case p.plan.Approved.At.IsZero():
		objects = append(objects, kit.NewPrimary("Approve…", "shield-check", v.approve))
	case len(p.rollouts) > 0:
		last := p.rollouts[0]
		objects = append(objects, kit.NewButton("Apply again now…", "f-alert-triangle", v.applyNow), kit.NewButton("Start again…", "player-play", v.start),
			kit.NewPrimary("Show rollout", "rocket", func() { v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Rollout: last.ID}) }))
	default:
		objects = append(objects, kit.NewButton("Apply now…", "f-alert-triangle", v.applyNow),
			kit.NewPrimary("Start inside windows…", "player-play", v.start))
	}
	v.page.SetActions(objects...)
}

// waitingForReboot returns the hosts that are left out until they are rebooted.
func waitingForReboot(left []app.PlanNote) (hosts []data.HostID) {
	for _, n := range left {
		if n.Reboot && !slices.Contains(hosts, n.Host.ID) {
			hosts = append(hosts, n.Host.ID)
		}
	}
	return hosts
}

func (v *preview) actions() []ui.Action {
	can := func(ok func(p *planView) bool) func() bool {
		return func() bool { return v.shown != nil && ok(v.shown) }
	}
	ready := func(p *planView) bool {
		_, running := p.openRollout()
		return v.draft == nil && !running && !p.plan.Approved.At.IsZero()
	}
	return []ui.Action{
		{Title: "Save this plan", Icon: "device-floppy", Key: fyne.KeyS, Modifier: ui.Ctrl, Do: v.save, Enabled: can(func(p *planView) bool { return v.draft != nil && len(p.plan.Hosts) > 0 })},
		{Title: "Approve this plan", Hint: "Your yes to exactly what is shown.", Icon: "shield-check", Do: v.approve,
			Enabled: can(func(p *planView) bool { return v.draft == nil && p.plan.Approved.At.IsZero() })},
		{Title: "Withdraw the approval of this plan", Hint: "It cannot be started until it is approved again.", Icon: "arrow-back-up", Do: v.withdraw, Enabled: can(ready)},
		{Title: "Start this plan inside windows", Icon: "player-play", Do: v.start, Enabled: can(ready)},
		{Title: "Apply this plan now, outside windows", Hint: "With a reason, which lands in the audit trail.", Icon: "f-alert-triangle", Do: v.applyNow, Enabled: can(ready)},
	}
}

func (v *preview) change() { v.x.show(v.x.maker) }

// save stores the draft, with what was left out of it.
func (v *preview) save() {
	d := v.draft
	if d == nil {
		return
	}
	var id data.PlanID
	v.x.doThen(func(ctx context.Context) (err error) {
		id, err = v.x.desk().SavePlan(ctx, d.settled())
		return err
	}, func() {
		if v.x.draft == d {
			v.x.draft = nil
		}
		v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Plan: id})
		v.x.shell.Say(kit.StatusSucceeded, "Plan saved. Nothing happens until it is approved and started.", nil)
	})
}

// approve shows the digest and what stands behind it, and records the yes.
func (v *preview) approve() {
	p := v.shown.plan
	digest := p.Digest()
	_, when := timeSentence(v.shown.rows)
	note := kit.NewEntry("CHG-1042")
	ctx := v.x.shell.Context()
	warning, sign := warnText(v.shown), kit.StatusNone
	if warning != "" {
		warning, sign = "\n"+warning, kit.StatusWarning
	}
	kit.ShowDialog(ctx, v.x.shell.Window(), kit.Dialog{
		Sign: sign, Title: "Approve “" + p.Name + "”?", Width: 720,
		Text:    planSentence(p) + " " + when + warning + "\nYour approval is for exactly this, and lands in the audit trail with your name.",
		Content: digestLine(digest),
		Form:    kit.NewForm(&kit.Field{Label: "Note", Input: note, Hint: "A change number or a word on why; may be left empty."}),
		Confirm: "Approve",
		Work:    func(ctx context.Context) error { return v.x.desk().ApprovePlan(ctx, p.ID, digest, note.Trimmed()) },
		OnDone: func() {
			v.reload()
			v.x.shell.Say(kit.StatusPassed, "Approved. It can be started now.", nil)
		},
	})
}

// withdraw takes the approval back, for a reason.
func (v *preview) withdraw() {
	p := v.shown.plan
	v.x.ask(deed{
		title: "Withdraw the approval of “" + p.Name + "”?",
		text:  "The plan cannot be started until it is approved again. The approval and its withdrawal stay in the audit trail.",
		verb:  "Withdraw", example: "the vendor has pulled the update",
		do:   func(ctx context.Context, reason string) error { return v.x.desk().WithdrawApproval(ctx, p.ID, reason) },
		done: func() { v.reload() },
	})
}

// digestLine shows a digest so that it can be copied and compared.
func digestLine(digest string) fyne.CanvasObject {
	return container.NewBorder(nil, nil, kit.Pad(kit.NewMuted("Digest"), 6, 6, 0, 24), nil, kit.NewSelectable(digest))
}

// start starts the plan inside windows, after saying when that is.
func (v *preview) start() {
	p := v.shown
	sign, when := timeSentence(p.rows)
	text := when
	if first := firstStart(p.rows); !first.Start.IsZero() {
		text = fmt.Sprintf("The first host is expected %s. %s", moment(first.Start), when)
	} else {
		sign, text = kit.StatusWarning, "No host of this plan has a window, so nothing will happen until one is agreed."
	}
	var id data.RolloutID
	kit.ShowDialog(v.x.shell.Context(), v.x.shell.Window(), kit.Dialog{
		Title: "Start “" + p.plan.Name + "”?", Sign: sign, Width: 560, Confirm: "Start",
		Text: text + "\nHosts are touched inside their agreed windows only. The desk, or stctl run-due, must run when a window opens.",
		Work: func(ctx context.Context) (err error) {
			id, err = v.x.desk().StartRollout(ctx, p.plan.ID, "")
			return err
		},
		OnDone: func() { v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Rollout: id}) },
	})
}

// applyNow starts the plan outside windows, for a reason.
func (v *preview) applyNow() {
	p := v.shown
	var id data.RolloutID
	v.x.ask(deed{
		title: "Apply “" + p.plan.Name + "” now, outside windows?",
		text: fmt.Sprintf("%s at once, ring by ring, without an agreed window; reboot: %s. Freezes still hold. Each job stops by itself 4 hours from now.",
			kit.Count(len(p.rows), "host begins", "hosts begin"), p.plan.Reboot),
		verb: "Apply now", example: "CHG-1042: exploited in the wild, agreed with the owner by phone",
		do: func(ctx context.Context, reason string) (err error) {
			id, err = v.x.desk().StartRollout(ctx, p.plan.ID, reason)
			return err
		},
		done: func() { v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Rollout: id}) },
	})
}

// firstStart is the row that is reached first.
func firstStart(rows []*planRow) (first app.Slot) {
	for _, r := range rows {
		if !r.Slot.Start.IsZero() && (first.Start.IsZero() || r.Slot.Start.Before(first.Start)) {
			first = r.Slot
		}
	}
	return first
}
