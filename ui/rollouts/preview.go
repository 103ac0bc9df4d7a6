package rollouts

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

type colorName = fyne.ThemeColorName

const alignRight = fyne.TextAlignTrailing

// A preview is the page of one plan, saved or not: exactly what goes in where,
// when, and what was left out.
type preview struct {
	x        *Screen
	page     *kit.Page
	loads    *kit.Latest
	sign     *canvas.Image
	what     *kit.Caption
	when     *kit.Caption
	how      *kit.Caption
	approval *kit.Caption
	warn     *widget.Label // what a person should know before a yes
	warning  fyne.CanvasObject
	terms    *kit.Check
	read     *kit.Button // shows the terms themselves
	termsRow *fyne.Container
	strip    *strip
	hosts    *kit.Grid[*planRow]
	packages *kit.Grid[packageRow]
	notes    *kit.Grid[app.PlanNote]
	tabs     *kit.Segmented
	lower    *fyne.Container
	of       *kit.Caption

	id    data.PlanID // 0: a draft
	draft *draft
	shown *planView
}

// A planView is all that the page shows.
type planView struct {
	plan     data.Plan
	rows     []*planRow
	slots    []app.Slot
	rollouts []data.Rollout // of this plan, newest first
	left     []app.PlanNote
	excepted []app.Excepted
	warnings []app.PlanWarning
	asking   []data.Target // what of a draft asks for its licence terms
}

func newPreview(x *Screen) *preview {
	v := &preview{x: x, sign: kit.NewPicture(kit.StatusNone.Icon(), 18)}
	v.what, v.when, v.how, v.approval = kit.NewSubHeading(""), kit.NewText(""), kit.NewMuted("").Cut(), kit.NewText("")
	v.strip = newStrip(func(ring int) {
		if ring == 0 {
			v.hosts.Allow(nil)
			return
		}
		v.hosts.Allow(func(r *planRow) bool { return r.Ring == ring })
	})
	v.hosts = kit.NewGrid(planColumns()...)
	v.hosts.Noun, v.hosts.Nouns = "host", "hosts"
	v.hosts.Key = func(r *planRow) any { return r.Host }
	v.hosts.OnSelect = v.showPackages
	v.hosts.OnOpen = func(r *planRow) { x.shell.Go(ui.Place{Screen: ui.Hosts, Host: r.Host}) }
	v.hosts.SetEmpty(kit.NewEmptyState("package", "Nothing goes in", "Everything chosen was left out; the reasons stand below.", nil))
	v.hosts.OnClearFilter = func() { v.strip.choose(0) }
	v.packages = kit.NewGrid(packageColumns...)
	v.notes = kit.NewGrid(noteColumns...)
	v.notes.SetEmpty(kit.NewEmptyState("circle-check", "Nothing was left out", "All that was chosen is in the plan.", nil))
	v.lower = container.NewStack(v.packages)
	v.tabs = kit.NewSegmented([]string{tabPackages}, tabPackages, v.tab)
	v.of = kit.NewMuted("").Cut()
	v.warn = kit.NewParagraph("")
	v.warning = container.NewBorder(nil, nil, kit.HBox(8, kit.NewPicture(kit.StatusWarning.Icon(), 18)), nil, kit.Pad(v.warn, -4, -4, -2, 0))
	v.warning.Hide()
	v.terms = kit.NewCheck("", false, v.accept)
	v.read = kit.NewQuiet("Read them…", "file-text", v.readTerms)
	v.termsRow = kit.HBox(8, v.terms, v.read)
	v.termsRow.Hide()
	card := kit.NewCard("", nil, kit.VBox(5, kit.HBox(8, v.sign, v.what), kit.Pad(v.when, 0, 0, 26, 0), kit.Pad(v.how, 0, 0, 26, 0), kit.Pad(v.approval, 0, 0, 26, 0), v.warning, kit.Pad(v.termsRow, 0, 0, 20, 0)))
	below := container.NewBorder(kit.Pad(container.NewBorder(nil, nil, v.tabs, nil, kit.Pad(v.of, 0, 0, 12, 0)), 2, 6, 0, 0), nil, nil, nil, kit.NewSurface(v.lower))
	split := container.NewVSplit(kit.Pad(kit.NewSurface(v.hosts), 0, 4, 0, 0), kit.Pad(below, 4, 0, 0, 0))
	split.SetOffset(0.5)
	content := container.NewBorder(kit.Pad(kit.VBox(8, card, v.strip), 0, 8, 0, 0), nil, nil, nil, split)
	v.page = kit.NewPage("Plan", "", content)
	v.loads = kit.NewLatest(v.page.Fail)
	return v
}

func (v *preview) object() fyne.CanvasObject { return v.page }

// open shows a saved plan.
func (v *preview) open(id data.PlanID) {
	if v.id != id || v.draft != nil {
		v.id, v.draft = id, nil
		v.clear()
	}
	v.reload()
}

// openDraft shows a plan that is not saved.
func (v *preview) openDraft(d *draft) {
	v.id, v.draft = 0, d
	v.clear()
	v.reload()
}

func (v *preview) clear() {
	v.shown = nil
	v.page.Clear()
	v.page.SetTitle("Plan")
	v.page.SetSubtitle("")
	v.page.SetActions(v.x.back())
	v.strip.choose(0)
	v.hosts.Allow(nil)
	v.packages.SetRows(nil)
}

func (v *preview) reload() { v.load() }

// tick does nothing: a plan does not change by itself.
func (v *preview) tick() bool { return true }

func (v *preview) load() {
	id, d := v.id, v.draft
	kit.Load(v.x.shell.Context(), v.loads, func(ctx context.Context) (*planView, error) {
		return v.fetch(ctx, id, d)
	}, v.show)
}

func (v *preview) fetch(ctx context.Context, id data.PlanID, d *draft) (*planView, error) {
	desk := v.x.desk()
	out := &planView{}
	var err error
	if d != nil {
		out.plan, out.asking = d.settled(), app.Terms(d.plan, data.TermsAsked)
	} else if out.plan, err = desk.DB.Plan(ctx, id); err != nil {
		return nil, err
	}
	now := desk.Now()
	agenda, err := readAgenda(ctx, desk)
	if err != nil {
		return nil, err
	}
	if out.slots, err = agenda.Schedule(out.plan, now); err != nil {
		return nil, err
	}
	deadlines, err := dues(ctx, desk, out.plan, now)
	if err != nil {
		return nil, err
	}
	hosts := map[data.HostID]data.Host{}
	for _, h := range agenda.Hosts {
		hosts[h.ID] = h
	}
	out.left = app.PlanNotes(out.plan, agenda.Hosts)
	exceptions, err := desk.DB.Exceptions(ctx)
	if err != nil {
		return nil, err
	}
	out.excepted = app.ExceptedIn(out.plan, exceptions, agenda.Hosts, now)
	if out.warnings, err = desk.PlanWarnings(ctx, out.plan); err != nil {
		return nil, err
	}
	out.rows = planRows(out.plan, out.slots, deadlines, hosts, now)
	all, err := desk.DB.Rollouts(ctx)
	for _, r := range all {
		if id != 0 && r.Plan == id {
			out.rollouts = append(out.rollouts, r)
		}
	}
	return out, err
}

// readAgenda reads all that decides when hosts may be touched.
func readAgenda(ctx context.Context, d *app.Desk) (app.Agenda, error) {
	var a app.Agenda
	var err error
	if a.Hosts, err = d.DB.Hosts(ctx); err != nil {
		return a, err
	}
	if a.Groups, err = d.DB.Groups(ctx); err != nil {
		return a, err
	}
	if a.Windows, err = d.DB.Windows(ctx); err != nil {
		return a, err
	}
	a.Freezes, err = d.DB.Freezes(ctx)
	return a, err
}

func (v *preview) show(p *planView) {
	v.shown = p
	now := v.x.desk().Now()
	title := p.plan.Name
	v.page.SetTitle(title)
	v.page.SetSubtitle(v.subtitle(p))
	sign, when := timeSentence(p.rows)
	v.sign.Resource = sign.Icon()
	v.sign.Refresh()
	v.what.SetText(planSentence(p.plan))
	v.when.SetText(when)
	v.how.SetText(limits(p.plan))
	v.approval.SetText(approvalText(p.plan, v.draft != nil))
	warn := warnText(p)
	v.warn.SetText(warn)
	if v.warning.Hide(); warn != "" {
		v.warning.Show()
	}
	v.showTerms(p)
	v.strip.set(planStages(p.plan, p.slots, now))
	if len(p.rows) == 0 {
		v.strip.set(nil)
		v.how.Hide()
		v.approval.Hide()
	} else {
		v.how.Show()
		v.approval.Show()
	}
	v.hosts.SetRows(p.rows)
	v.setTabs()
	if _, ok := v.hosts.Current(); !ok && len(p.rows) > 0 {
		v.hosts.GoTo(0)
	}
	v.showPackages()
	v.setActions(p)
}

// showTerms asks about licence terms, where an update of a draft does.
func (v *preview) showTerms(p *planView) {
	if v.termsRow.Hide(); v.draft == nil || len(p.asking) == 0 {
		return
	}
	v.terms.Text = termsText("Accept the licence terms of: ", p.asking)
	v.terms.Checked = v.draft.accept
	v.terms.Refresh()
	v.termsRow.Show()
}

// readTerms shows the licence terms that are asked about, as the hosts have them.
func (v *preview) readTerms() {
	if v.shown == nil {
		return
	}
	var texts []fyne.CanvasObject
	for _, t := range v.shown.asking {
		text := t.TermsText
		if text == "" {
			text = "The host did not tell them. Look for them at the vendor's."
		}
		texts = append(texts, kit.NewSubHeading(t.Label()), kit.NewSelectable(text))
	}
	all := container.NewVScroll(container.NewVBox(texts...))
	all.SetMinSize(fyne.NewSize(0, 360))
	kit.ShowDialog(v.x.shell.Context(), v.x.shell.Window(), kit.Dialog{Title: "Licence terms", Width: 720, Content: all})
}

// accept takes a draft's updates that ask for their licence terms in, or out.
func (v *preview) accept(yes bool) {
	if v.draft == nil || v.draft.accept == yes {
		return
	}
	v.draft.accept = yes
	v.reload()
}

func (v *preview) subtitle(p *planView) string {
	if v.draft != nil {
		return "Not saved · nothing happens until it is saved, approved and started"
	}
	return fmt.Sprintf("Plan %d · made %s by %s · frozen: what it does never changes", p.plan.ID, kit.Ago(p.plan.Created, v.x.desk().Now()), p.plan.CreatedBy)
}

func approvalText(p data.Plan, isDraft bool) string {
	switch {
	case isDraft:
		return "Digest " + shortDigest(p) + " · it names exactly what is seen here, and is what will be approved"
	case p.Approved.At.IsZero():
		return "Not approved yet · digest " + shortDigest(p)
	}
	s := fmt.Sprintf("Approved by %s on %s · digest %s", p.Approved.By, kit.DateTime(p.Approved.At), shortDigest(p))
	if p.Approved.Note != "" {
		s += " · " + p.Approved.Note
	}
	return s
}

func shortDigest(p data.Plan) string { return p.Digest()[:16] }

func (v *preview) setTabs() {
	left := "Left out"
	if n := len(v.shown.left); n > 0 {
		left = fmt.Sprintf("Left out (%d)", n)
	}
	v.notes.SetRows(v.shown.left)
	v.tabs.SetOptions([]string{tabPackages, left})
	if len(v.shown.rows) == 0 {
		v.tabs.Choose(left)
	} else {
		v.tabs.Choose(tabPackages)
	}
}

func (v *preview) tab(name string) {
	v.lower.Objects = []fyne.CanvasObject{v.notes}
	if name == tabPackages {
		v.lower.Objects = []fyne.CanvasObject{v.packages}
	}
	v.lower.Refresh()
	v.caption()
}

func (v *preview) caption() {
	r, ok := v.hosts.Current()
	switch {
	case v.tabs.Chosen() != tabPackages || !ok:
		v.of.SetText("")
	default:
		v.of.SetText(fmt.Sprintf("%s: %s. %s", r.Name, changesText(r.Changes), r.Because))
	}
}

func (v *preview) showPackages() {
	if r, ok := v.hosts.Current(); ok {
		v.packages.SetRows(packageRows(r.Changes))
	}
	v.caption()
}

// openRollout returns the rollout of this plan that has not ended.
func (p *planView) openRollout() (data.Rollout, bool) {
	for _, r := range p.rollouts {
		if r.Open() {
			return r, true
		}
	}
	return data.Rollout{}, false
}
