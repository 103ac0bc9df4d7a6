// Package rollouts is the screen on which updates go in: the list of plans and
// rollouts, the plan maker, the preview of a plan, and the live page of a
// rollout. It reads the workspace and calls the desk's verbs; nothing is driven
// from here, so closing it, or the desk, stops no job on a host.
package rollouts

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// tick is how often a live page asks for news.
const tick = 300 * time.Millisecond

// A Screen shows plans and rollouts.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools
	stack *fyne.Container
	now   view

	list  *list
	live  *live
	plan  *preview
	maker *maker

	draft   *draft // a plan made and not saved
	ticking bool
}

// A draft is a plan that was made and is not saved.
type draft struct {
	plan   data.Plan // with what asks for its licence terms
	accept bool      // them
}

// settled is the plan as it would be saved.
func (d *draft) settled() data.Plan { return app.SettleTerms(d.plan, d.accept) }

// A view is one of the screen's pages.
type view interface {
	object() fyne.CanvasObject
	reload()
	tick() bool // ask for news; false: there will be none
	actions() []ui.Action
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Rollouts }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Rollouts" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "rocket" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.list = newList(x)
	x.live = newLive(x)
	x.plan = newPreview(x)
	x.maker = newMaker(x)
	x.stack = container.NewStack(x.list.object())
	x.now = x.list
	return x.stack
}

// Shown implements ui.Screen.
func (x *Screen) Shown(p ui.Place) {
	hosts := p.Hosts
	if p.Host != 0 {
		hosts = append(hosts, p.Host)
	}
	updates := p.Updates
	if p.Update != "" {
		updates = append(updates, p.Update)
	}
	switch {
	case p.Reload && x.now != nil:
		x.now.reload()
	case p.Rollout != 0:
		x.live.open(p.Rollout)
		x.show(x.live)
	case p.Plan != 0:
		x.plan.open(p.Plan)
		x.show(x.plan)
	case p.New || len(hosts) > 0 || len(updates) > 0 || p.Group != 0:
		x.maker.begin(wish{hosts: hosts, group: p.Group, keys: updates, reboot: p.Reboot})
		x.show(x.maker)
	default:
		if p.Search != "" {
			x.list.search.SetText(p.Search)
		}
		x.list.reload()
		x.show(x.list)
	}
	x.watch()
}

func (x *Screen) show(v view) {
	if x.now == v {
		return
	}
	x.now = v
	x.stack.Objects = []fyne.CanvasObject{v.object()}
	x.stack.Refresh()
	x.shell.FocusMain()
}

// watch asks the page being shown for its news while the screen is shown.
func (x *Screen) watch() {
	if x.ticking {
		return
	}
	x.ticking = true
	kit.Every(x.shell.Context(), tick, func() bool {
		x.ticking = x.shell.Here().Screen == ui.Rollouts
		if x.ticking {
			x.now.tick()
		}
		return x.ticking
	})
}

// FocusSearch implements ui.Searcher.
func (x *Screen) FocusSearch() {
	switch x.now {
	case view(x.live):
		x.live.search.Focus()
	case view(x.maker):
		x.maker.hosts.search.Focus()
	default:
		x.list.search.Focus()
	}
}

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	out := []ui.Action{
		{Title: "Make a plan", Hint: "Choose hosts and updates, and see exactly what would go in.", Icon: "plus", Key: fyne.KeyN, Modifier: ui.Ctrl, Do: x.newPlan},
		{Title: "Show all rollouts", Icon: "rocket", Do: x.home, Enabled: func() bool { return x.now != nil && x.now != view(x.list) }},
	}
	if x.now != nil {
		out = append(out, x.now.actions()...)
	}
	return out
}

func (x *Screen) newPlan() { x.shell.Go(ui.Place{Screen: ui.Rollouts, New: true}) }
func (x *Screen) home()    { x.shell.Go(ui.Place{Screen: ui.Rollouts}) }

// back is the button that leads from a page to the list.
func (x *Screen) back() *kit.Button {
	return kit.NewQuiet("All rollouts", "chevron-left", x.home)
}

// do carries out a verb beside the UI goroutine, then shows the page anew.
func (x *Screen) do(verb func(context.Context) error, done string) {
	x.doThen(verb, func() {
		x.shell.Say(kit.StatusSucceeded, done, nil)
		x.now.reload()
	})
}

// doThen carries out a verb beside the UI goroutine, and then goes on.
func (x *Screen) doThen(verb func(context.Context) error, then func()) {
	// Each verb has a place of its own: a later one must not cut an earlier one off.
	kit.Load(x.shell.Context(), kit.NewLatest(x.fail), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, verb(ctx)
	}, func(struct{}) { then() })
}

func (x *Screen) fail(err error) { kit.ShowError(x.shell.Context(), x.shell.Window(), err) }

// desk is the way to every change.
func (x *Screen) desk() *app.Desk { return x.tools.Desk }

// a deed is a verb that asks for its reason first.
type deed struct {
	title, text, verb string
	danger            bool
	optional          bool              // the reason may be left out
	keep              string            // the word for doing nothing; empty: Cancel
	label, example    string            // of the reason; empty: Reason
	content           fyne.CanvasObject // shown above the reason; may be nil
	do                func(ctx context.Context, reason string) error
	done              func()
}

// ask shows what a deed does and asks for the reason; an error stays in the dialog.
func (x *Screen) ask(d deed) {
	why := kit.NewMultiLine(d.example, 2)
	f := &kit.Field{Label: "Reason", Top: true, Input: why, Hint: "It is kept in the audit trail with your name and the time."}
	if d.label != "" {
		f.Label = d.label
	}
	if !d.optional {
		f.Must, f.Check = true, kit.Required(why, "Say in a few words why.")
	}
	reason, width := "", float32(560)
	if d.content != nil {
		width = 720 // a digest fits on one line
	}
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: d.title, Text: d.text, Sign: kit.StatusWarning, Content: d.content, Form: kit.NewForm(f), Confirm: d.verb, Cancel: d.keep, Danger: d.danger, Width: width,
		OnConfirm: func() error { reason = why.Trimmed(); return nil },
		Work:      func(ctx context.Context) error { return d.do(ctx, reason) },
		OnDone: func() {
			if d.done != nil {
				d.done()
			}
			x.now.reload()
		},
	})
}
