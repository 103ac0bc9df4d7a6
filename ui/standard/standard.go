// Package standard is the screen of the shop's patch management standard: the
// version in force as a document that can be read, its history in words, and
// the draft of the next version with what it would change. It judges nothing;
// package app does, and it saves a version.
package standard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A Screen shows the standard.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools

	page     *kit.Page
	grid     *kit.Grid[ruleRow]
	rules    *fyne.Container // of the grid, with its tools
	doc      *fyne.Container
	history  *fyne.Container
	whole    fyne.CanvasObject
	loads    *kit.Latest
	versions []data.Standard // newest first
	groups   []data.Group
	now      time.Time
	draft    *data.Standard // the next version being written; nil: none
	effect   *app.Effect    // of the draft as it stands; nil: not asked
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Standard }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Standard" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "clipboard-check" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.grid = kit.NewGrid(columns...)
	x.grid.Noun, x.grid.Nouns = "rule", "rules"
	x.grid.Key = func(r ruleRow) any { return r.at }
	x.grid.OnOpen = func(r ruleRow) { x.editRule(r.at) }
	x.grid.Menu = x.ruleMenu
	x.grid.SetEmpty(kit.NewEmptyState("list-check", "No rules yet", "The first rule that fits an update sets its deadline.", nil))
	x.rules, x.doc, x.history = container.NewStack(), container.NewStack(), container.NewStack()
	left := container.NewBorder(kit.Pad(x.doc, 0, 8, 0, 0), nil, nil, nil, x.rules)
	x.whole = container.New(&sideLayout{}, left, x.history)
	x.page = kit.NewPage("Standard", "", x.whole)
	x.loads = kit.NewLatest(x.page.Fail)
	return x.page
}

// Shown implements ui.Screen.
func (x *Screen) Shown(ui.Place) { x.load() }

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	drafting := func() bool { return x.draft != nil }
	return []ui.Action{
		{Title: "Use a template for the standard", Icon: "clipboard-check", Key: fyne.KeyT, Modifier: ui.Ctrl, Do: x.chooseTemplate},
		{Title: "Edit the standard", Hint: "Begins the draft of the next version.", Icon: "pencil", Key: fyne.KeyE, Modifier: ui.Ctrl, Do: x.begin, Enabled: func() bool { return x.draft == nil }},
		{Title: "Show what the draft would change", Hint: "Judges everything by the draft, and stores nothing.", Icon: "eye", Key: fyne.KeyW, Modifier: ui.Ctrl, Do: x.whatIf, Enabled: drafting},
		{Title: "Save the draft as a version", Icon: "device-floppy", Key: fyne.KeyS, Modifier: ui.Ctrl, Do: x.save, Enabled: drafting},
		{Title: "Discard the draft", Icon: "trash", Do: x.discard, Enabled: drafting},
		{Title: "Edit who, and how much is promised", Icon: "pencil", Do: x.editFacts, Enabled: drafting},
		{Title: "Add a rule", Icon: "plus", Key: fyne.KeyN, Modifier: ui.Ctrl, Do: func() { x.editRule(-1) }, Enabled: drafting},
		{Title: "Remove the rule", Icon: "trash", Key: fyne.KeyDelete, Do: x.removeRule, Enabled: drafting},
		{Title: "Move the rule up", Icon: "arrow-up", Key: fyne.KeyUp, Modifier: ui.Ctrl, Do: func() { x.moveRule(-1) }, Enabled: drafting},
		{Title: "Move the rule down", Icon: "arrow-down", Key: fyne.KeyDown, Modifier: ui.Ctrl, Do: func() { x.moveRule(1) }, Enabled: drafting},
	}
}

// A view is what one reading brought.
type view struct {
	versions []data.Standard
	groups   []data.Group
}

func (x *Screen) load() {
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (v view, err error) {
		if v.versions, err = x.tools.Desk.DB.Standards(ctx); err != nil {
			return v, err
		}
		v.groups, err = x.tools.Desk.DB.Groups(ctx)
		return v, err
	}, func(v view) {
		x.versions, x.groups, x.now = v.versions, v.groups, x.tools.Desk.Now()
		x.draw()
	})
}

// inForce returns the version in force at now; Version 0: none is.
func inForce(versions []data.Standard, now time.Time) data.Standard {
	var found data.Standard
	for _, v := range versions {
		if !v.ValidFrom.After(now) && v.Version > found.Version {
			found = v
		}
	}
	return found
}

// newest returns the newest version, in force or not.
func newest(versions []data.Standard) data.Standard {
	var found data.Standard
	for _, v := range versions {
		if v.Version > found.Version {
			found = v
		}
	}
	return found
}

// draw shows the draft if there is one, else the version in force.
func (x *Screen) draw() {
	now := inForce(x.versions, x.now)
	switch {
	case x.draft != nil:
		x.page.SetSubtitle(fmt.Sprintf("Draft of version %d, not saved", newest(x.versions).Version+1))
		x.page.SetActions(kit.NewQuiet("Discard", "trash", x.discard), kit.NewButton("Use a template…", "clipboard-check", x.chooseTemplate),
			kit.NewButton("What would change", "eye", x.whatIf).WithTip("Judges everything by the draft, and stores nothing"), kit.NewPrimary("Save…", "device-floppy", x.save))
		x.show(*x.draft)
	case len(x.versions) == 0:
		x.page.SetSubtitle("None is in force, so nothing is judged")
		x.page.SetActions()
		x.page.SetContent(container.NewCenter(kit.NewEmptyState("clipboard-check", "No standard yet",
			"It says by when an update must be in. Begin with a template and make it yours, rule by rule.",
			kit.NewPrimary("Use a template…", "clipboard-check", x.chooseTemplate))))
	default:
		shown := now
		if now.Version == 0 {
			shown = newest(x.versions)
		}
		x.page.SetSubtitle(subtitle(x.versions, x.now))
		x.page.SetActions(kit.NewButton("Use a template…", "clipboard-check", x.chooseTemplate), kit.NewPrimary("Edit", "pencil", x.begin))
		x.show(shown)
	}
}

// subtitle is the one thing the page answers.
func subtitle(versions []data.Standard, now time.Time) string {
	in, next := inForce(versions, now), newest(versions)
	text := "None is in force yet"
	if in.Version > 0 {
		text = fmt.Sprintf("Version %d is in force since %s", in.Version, kit.Date(in.ValidFrom))
	}
	if next.Version > in.Version {
		text += fmt.Sprintf("; version %d comes on %s", next.Version, kit.Date(next.ValidFrom))
	}
	return text
}

// show draws one version as a document.
func (x *Screen) show(s data.Standard) {
	doubts, err := app.CheckStandard(s)
	x.doc.Objects = []fyne.CanvasObject{x.document(s, doubts, err)}
	x.doc.Refresh()
	rows := ruleRows(s, doubts, x.groups)
	x.grid.SetRows(rows)
	x.grid.ShowColumn("doubt", doubtful(rows))
	x.rules.Objects = []fyne.CanvasObject{kit.NewCard("Rules, read from the top: the first that fits sets the deadline", x.ruleTools(), x.grid)}
	x.rules.Refresh()
	x.history.Objects = []fyne.CanvasObject{x.versionList()}
	x.history.Refresh()
	x.page.SetContent(x.whole)
}

// ruleTools are the buttons above the rules of a draft.
func (x *Screen) ruleTools() fyne.CanvasObject {
	if x.draft == nil {
		return nil
	}
	return kit.HBox(2,
		kit.NewQuiet("Add rule…", "plus", func() { x.editRule(-1) }),
		kit.NewQuiet("", "pencil", func() { x.withRule(x.editRule) }).WithTip("Edit the rule"),
		kit.NewQuiet("", "arrow-up", func() { x.moveRule(-1) }).WithTip("Move the rule up"),
		kit.NewQuiet("", "arrow-down", func() { x.moveRule(1) }).WithTip("Move the rule down"),
		kit.NewQuiet("", "trash", x.removeRule).WithTip("Remove the rule"))
}

// withRule does something with the rule the keyboard stands on.
func (x *Screen) withRule(do func(at int)) {
	if r, ok := x.grid.Current(); ok {
		do(r.at)
		return
	}
	x.shell.Say(kit.StatusNone, "Choose a rule first", nil)
}

// document shows names and promises, and what is doubtful.
func (x *Screen) document(s data.Standard, doubts []app.Doubt, err error) fyne.CanvasObject {
	var edit fyne.CanvasObject
	if x.draft != nil {
		edit = kit.NewQuiet("Edit…", "pencil", x.editFacts)
	}
	facts := kit.VBox(4, container.NewGridWithColumns(2, kit.VBox(4, lines(who(s))...), kit.VBox(4, lines(promises(s))...)))
	if s.Source != "" {
		facts.Add(container.NewBorder(nil, nil, container.NewVBox(named("Source")), nil, kit.Pad(kit.Flush(kit.NewParagraph(s.Source)), 2, 0, 0, 0)))
	}
	parts := kit.VBox(8, kit.NewCard(s.Name, edit, facts))
	switch text := doubtText(doubts); {
	case err != nil:
		parts.Add(kit.NewBanner(kit.StatusFailed, "It cannot be used as it is", sentence(err.Error()), nil))
	case text != "":
		parts.Add(kit.NewBanner(kit.StatusWarning, kit.Count(len(doubts), "thing is allowed and hardly meant", "things are allowed and hardly meant"), text, nil))
	}
	if x.effect != nil && x.draft != nil {
		parts.Add(x.effectBanner(*x.effect))
	}
	return parts
}

func (x *Screen) effectBanner(e app.Effect) fyne.CanvasObject {
	status := kit.StatusNote
	if len(e.NewlyOverdue) > 0 {
		status = kit.StatusOverdue
	}
	title := "If this draft were in force now"
	var right fyne.CanvasObject
	if n := len(e.NewlyOverdue); n > 0 {
		right = kit.NewButton("Show "+kit.Count(n, "host", "hosts"), "server", func() {
			x.shell.Go(ui.Place{Screen: ui.Hosts, Hosts: e.NewlyOverdue})
		}).WithTip("The hosts that would be overdue")
	}
	return kit.NewBanner(status, title, joined(e.Sentences()), right)
}

// whatIf judges everything by the draft.
func (x *Screen) whatIf() {
	if x.draft == nil {
		return
	}
	draft := clone(*x.draft)
	var e app.Effect
	x.shell.Start(kit.Job{Title: "Judge everything by the draft", Do: func(ctx context.Context, report func(kit.Progress)) (_ string, err error) {
		e, err = x.tools.Desk.WhatIf(ctx, draft, func(done, of int) { report(kit.Progress{Done: done, Total: of}) })
		return "nothing was stored", err
	}, Then: func(err error) {
		switch {
		case err != nil:
			x.page.Fail(err)
		case x.draft != nil && same(*x.draft, draft):
			x.effect = &e
			x.draw()
		default: // the draft has gone on meanwhile
			x.shell.Say(kit.StatusNone, "The draft has changed; ask again", nil)
		}
	}})
}

// clone copies a standard so that changing its rules changes no other.
func clone(s data.Standard) data.Standard {
	s.Rules = slices.Clone(s.Rules)
	return s
}
