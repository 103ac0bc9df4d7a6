package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// boxed gives an object a fixed width.
func boxed(w float32, o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewGridWrapLayout(fyne.NewSize(w, 30)), o)
}

// fresh is a window to begin with: on the chosen day, in the group's own zone.
func (x *Screen) fresh(group data.GroupID) data.Window {
	w := data.Window{Duration: 4 * time.Hour, Permits: data.Permits{Install: true, Reboot: true},
		Recurs: app.NthWeekday(min(5, (x.chosen.Day-1)/7+1), midnight(x.chosen).Weekday(), data.Clock{Hour: 22})}
	if isPatchTuesday(x.chosen) {
		w.Recurs = app.PatchTuesday(0, data.Clock{Hour: 22})
	}
	if x.zone != time.Local && slices.Contains(zoneNames(), x.zone.String()) {
		w.TimeZone = x.zone.String()
	}
	if x.known == nil {
		return w
	}
	for _, g := range x.known.agenda.Groups {
		if g.ID == group || group == 0 && w.TimeZone == "" && g.TimeZone != "" {
			w.TimeZone = g.TimeZone
		}
	}
	if group != 0 {
		w.Groups = []data.GroupID{group}
	}
	return w
}

func (x *Screen) newWindow() { x.edit(x.fresh(0)) }

// openWindow opens the editor of a window by its ID.
func (x *Screen) openWindow(id data.WindowID) {
	if x.known == nil {
		return
	}
	for _, w := range x.known.agenda.Windows {
		if w.ID == id {
			x.edit(w)
		}
	}
}

// An editor is the form of one window.
type editor struct {
	x      *Screen
	was    data.Window
	groups []data.Group

	name     *kit.Entry
	recur    *recurEditor
	start    *kit.Entry
	duration *kit.Entry
	zone     *zoneEntry
	checks   []*kit.Check // of groups
	group    *kit.Entry   // a group that is made with the window
	install  *kit.Check
	reboot   *kit.Check
	until    *kit.Entry
	agreed   *kit.Entry
	notes    *kit.Entry

	sentence *widget.Label
	dates    *fyne.Container
	standing *fyne.Container
	look     *kit.Latest
	modal    *kit.Modal
}

// edit shows the editor of a window; ID 0 is a new one.
func (x *Screen) edit(w data.Window) {
	if x.known == nil {
		return
	}
	e := newEditor(x, w)
	title, verb := "New maintenance window", "Add window"
	var extra []fyne.CanvasObject
	if w.ID != 0 {
		title, verb = "Maintenance window", "Save"
		extra = append(extra, kit.NewQuiet("Remove", "trash", func() { e.modal.Close(); x.removeWindow(w) }))
		if !w.Agreed.At.IsZero() {
			extra = append(extra, kit.NewQuiet("Withdraw agreement…", "", func() { e.modal.Close(); x.withdraw(w) }))
		}
	}
	var made data.Window
	e.modal = kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: title, Width: 700, Confirm: verb, Extra: extra,
		Content: e.preview(), Form: e.form(),
		OnConfirm: func() (err error) { made, err = e.window(); return err },
		Work:      func(ctx context.Context) error { return e.save(ctx, made) },
		OnDone: func() {
			x.load(true)
			if made.Agreed.At.IsZero() && e.agreed.Trimmed() == "" {
				x.shell.Say(kit.StatusUnknown, "Window saved. It permits nothing until its owner agrees.", nil)
			} else {
				x.shell.Say(kit.StatusSucceeded, "Window saved.", nil)
			}
		},
	})
	e.follow()
}

func newEditor(x *Screen, w data.Window) *editor {
	e := &editor{x: x, was: w, groups: x.known.agenda.Groups}
	e.look = kit.NewLatest(func(err error) { e.tell(look{sentence: err.Error()}) })
	today := civil(x.now().In(x.zone))
	if w.ID == 0 {
		today = x.chosen
	}
	e.name = kit.NewEntry("Production, third Thursday").With(w.Name)
	e.recur = newRecurEditor(w.Recurs, today, e.follow)
	e.start = kit.NewEntry("22:00").With(fmt.Sprintf("%02d:%02d", w.Recurs.Start.Hour, w.Recurs.Start.Minute))
	e.duration = kit.NewEntry("4 h").With(spanText(w.Duration))
	e.zone = newZoneEntry(or(w.TimeZone, "UTC"), func() { e.follow(); e.refit() })
	for _, g := range e.groups {
		e.checks = append(e.checks, kit.NewCheck(g.Name, slices.Contains(w.Groups, g.ID), func(bool) { e.follow() }))
	}
	e.group = kit.NewEntry("a new group")
	e.install = kit.NewCheck("Updates may be installed", w.Permits.Install, func(bool) { e.follow() })
	e.reboot = kit.NewCheck("Hosts may be rebooted", w.Permits.Reboot, func(bool) { e.follow() })
	e.until = kit.NewEntry("2027-06-30")
	if !w.Until.IsZero() {
		e.until.SetText(isoDate(civil(w.Until.In(zoneOf(w.TimeZone)))))
	}
	e.agreed = kit.NewEntry("Olga Meier")
	e.notes = kit.NewEntry("Ask the night shift first").With(w.Notes)
	for _, x := range []*kit.Entry{e.start, e.duration, e.until, e.agreed, e.name, e.group} {
		x.OnChanged = func(string) { e.follow() }
	}
	e.sentence = kit.NewParagraph("")
	e.dates = kit.Tiles(3, 4)
	e.standing = kit.HBox(0)
	return e
}

func zoneOf(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}

// preview is what is said while editing: the sentence and the next five dates.
func (e *editor) preview() fyne.CanvasObject {
	box := kit.VBox(6, kit.Pad(e.sentence, -6, -6, -6, -6), kit.NewCaption("Next openings, in the window's own zone"), e.dates)
	return container.NewStack(kit.NewFill(kit.ColorZebra, 6).Edged("separator"), kit.Pad(box, 8, 8, 12, 12))
}

func (e *editor) form() *kit.Form {
	groups := container.New(layout.NewGridLayoutWithColumns(3))
	for _, c := range e.checks {
		groups.Add(c)
	}
	var groupBox fyne.CanvasObject = groups
	if len(e.checks) > 9 {
		groupBox = container.New(layout.NewGridWrapLayout(fyne.NewSize(460, 90)), container.NewVScroll(groups))
	}
	groupBox = kit.VBox(4, groupBox, kit.AtMost(220, e.group))
	if len(e.checks) == 0 {
		groupBox = kit.AtMost(220, e.group)
	}
	when := kit.HBox(8, boxed(70, e.start), kit.NewMuted("for"), boxed(110, e.duration), kit.NewMuted("until"), boxed(120, e.until), kit.NewMuted("(empty: for good)"))
	agreed := kit.VBox(2, e.agreed, e.standing)
	e.standing.Hide()
	return kit.NewForm(
		&kit.Field{Label: "Name", Input: e.name, Check: kit.Required(e.name, "Give the window a name.")},
		&kit.Field{Label: "Opens", Input: kit.VBox(6, kit.HBox(0, e.recur.kind), e.recur.box), Check: func() error { _, err := e.recur.recurrence(data.Clock{}); return err }},
		&kit.Field{Label: "At", Input: when, Check: e.checkWhen},
		&kit.Field{Label: "Zone", Input: e.zone.object, Check: func() error { return checkZone(e.zone.Trimmed()) }},
		&kit.Field{Label: "Groups", Input: groupBox, Hint: "A new group is made with the window, in its zone; put hosts into it in Hosts.", Check: e.checkGroup},
		&kit.Field{Label: "Permits", Input: kit.HBox(12, e.install, e.reboot)},
		&kit.Field{Label: "Agreed by", Input: agreed, Hint: e.agreedHint()},
		&kit.Field{Label: "Notes", Input: e.notes},
	)
}

func (e *editor) agreedHint() string {
	if !e.was.Agreed.At.IsZero() {
		return fmt.Sprintf("%s agreed on %s. Another time, length, zone, group or permission needs a new yes.", e.was.Agreed.By, kit.Date(e.was.Agreed.At))
	}
	return "Who in the business said yes to exactly this" + e.owners() + ". Empty: it permits nothing yet."
}

// owners names the business owners of the hosts concerned.
func (e *editor) owners() string {
	var names []string
	for _, h := range e.x.known.agenda.Hosts {
		if h.Owner != "" && slices.Contains(e.was.Groups, h.Group) && !slices.Contains(names, h.Owner) {
			names = append(names, h.Owner)
		}
	}
	if len(names) == 0 || len(names) > 3 {
		return ""
	}
	return " (owner: " + strings.Join(names, ", ") + ")"
}

func (e *editor) checkWhen() error {
	if _, err := parseClock(e.start.Trimmed()); err != nil {
		return err
	}
	if _, err := parseSpan(e.duration.Trimmed()); err != nil {
		return err
	}
	if t := e.until.Trimmed(); t != "" {
		_, err := parseDate(t)
		return err
	}
	return nil
}

// newGroup stands for the group that is made with the window.
const newGroup data.GroupID = -1

// checkGroup refuses a second group of one name.
func (e *editor) checkGroup() error {
	for _, g := range e.groups {
		if strings.EqualFold(g.Name, e.group.Trimmed()) {
			return fmt.Errorf("there is a group %s already: tick it", g.Name)
		}
	}
	return nil
}

// window returns what the form says.
func (e *editor) window() (data.Window, error) {
	w := e.was
	w.Name, w.Notes, w.TimeZone = e.name.Trimmed(), e.notes.Trimmed(), e.zone.Trimmed()
	if w.TimeZone == "UTC" && e.was.TimeZone == "" {
		w.TimeZone = ""
	}
	start, err := parseClock(e.start.Trimmed())
	if err != nil {
		return w, err
	}
	if w.Duration, err = parseSpan(e.duration.Trimmed()); err != nil {
		return w, err
	}
	if w.Recurs, err = e.recur.recurrence(start); err != nil {
		return w, err
	}
	w.Groups = nil
	for i, c := range e.checks {
		if c.Checked {
			w.Groups = append(w.Groups, e.groups[i].ID)
		}
	}
	if e.group.Trimmed() != "" {
		w.Groups = append(w.Groups, newGroup)
	}
	w.Permits = data.Permits{Install: e.install.Checked, Reboot: e.reboot.Checked}
	if err := e.setUntil(&w); err != nil {
		return w, err
	}
	if !e.was.Agreed.At.IsZero() && !app.SameTerms(e.was, w) {
		w.Agreed = data.Approval{}
	}
	if w.Name == "" { // the form says so; the preview need not wait for it
		w.Name = "this window"
	}
	return w, app.CheckWindow(w)
}

// setUntil lets the window open for the last time on a day, in its own zone.
func (e *editor) setUntil(w *data.Window) error {
	t := e.until.Trimmed()
	if t == "" {
		w.Until = time.Time{}
		return nil
	}
	d, err := parseDate(t)
	if err != nil {
		return err
	}
	if !w.Until.IsZero() && d == civil(w.Until.In(zoneOf(w.TimeZone))) {
		return nil // as it was, to the second
	}
	loc := zoneOf(w.TimeZone)
	w.Until = time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, loc).Add(-time.Second).UTC()
	return nil
}

// save stores the window, and before it the group that it is the first for.
func (e *editor) save(ctx context.Context, w data.Window) error {
	made := slices.Index(w.Groups, newGroup)
	if made >= 0 {
		id, err := e.x.tools.Desk.SaveGroup(ctx, data.Group{Name: e.group.Trimmed(), TimeZone: w.TimeZone})
		if err != nil {
			return err
		}
		w.Groups = slices.Clone(w.Groups)
		w.Groups[made] = id
	}
	id, err := e.x.tools.Desk.SaveWindow(ctx, w)
	if err != nil && made >= 0 {
		return fmt.Errorf("the group is made, the window is not saved: %w", err)
	}
	if err != nil {
		return err
	}
	if by := e.agreed.Trimmed(); by != "" {
		if err := e.x.tools.Desk.AgreeWindow(ctx, id, by, ""); err != nil {
			return fmt.Errorf("the window is saved, its agreement is not: %w", err)
		}
	}
	return nil
}

// A look is what the preview says.
type look struct {
	sentence string
	dates    []string
	lost     bool // saving withdraws an agreement
}

// follow computes the preview anew, beside the UI goroutine: a rule that hardly
// ever fits takes its time.
func (e *editor) follow() {
	if e.modal == nil {
		return
	}
	w, err := e.window()
	if err != nil {
		e.look.Cancel()
		e.tell(look{sentence: "It does not open yet: " + err.Error()})
		return
	}
	if by := e.agreed.Trimmed(); by != "" {
		w.Agreed = data.Approval{By: by, At: e.x.now()}
	}
	lost := !e.was.Agreed.At.IsZero() && w.Agreed.At.IsZero()
	now := e.x.now()
	groups := append(slices.Clone(e.groups), data.Group{ID: newGroup, Name: e.group.Trimmed()})
	kit.Load(e.x.shell.Context(), e.look, func(context.Context) (look, error) {
		next, err := app.Next(w, now, 5)
		if err != nil {
			return look{}, err
		}
		l := look{sentence: app.Sentence(w, groups), lost: lost}
		loc := zoneOf(w.TimeZone)
		for _, o := range next {
			l.dates = append(l.dates, o.Start.In(loc).Format("Mon 2 Jan 2006, 15:04")+" – "+o.End.In(loc).Format("15:04"))
		}
		return l, nil
	}, e.tell)
}

func (e *editor) tell(l look) {
	e.sentence.SetText(l.sentence)
	e.dates.Objects = nil
	for _, d := range l.dates {
		e.dates.Add(kit.HBox(6, kit.NewPicture(kit.IconIn("calendar-event", kit.ColorMuted), 14), kit.NewText(d)))
	}
	if len(l.dates) == 0 {
		e.dates.Add(kit.NewSign(kit.StatusWarning, "It never opens as it stands."))
	}
	if l.lost {
		e.standing.Objects = []fyne.CanvasObject{kit.NewSign(kit.StatusWarning, "Saving withdraws the agreement of "+e.was.Agreed.By+": the terms are others now.")}
		e.standing.Show()
	} else {
		e.standing.Hide()
	}
	e.dates.Refresh()
	e.refit()
}

// refit gives the dialog the height it needs now.
func (e *editor) refit() {
	if e.modal != nil {
		e.modal.Refresh()
	}
}

// agree records who agreed to a window as it stands.
func (x *Screen) agree(w data.Window) {
	e := &editor{x: x, was: w}
	by, note := kit.NewEntry("Olga Meier"), kit.NewEntry("by mail on 3 August")
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: "Who agreed to “" + w.Name + "”?", Width: 560, Confirm: "Record agreement",
		Text: app.Sentence(w, x.known.agenda.Groups),
		Form: kit.NewForm(
			&kit.Field{Label: "Agreed by", Input: by, Hint: "The owner in the business" + e.owners() + ".", Check: kit.Required(by, "Name who agreed: nobody is anonymous here.")},
			&kit.Field{Label: "Note", Input: note}),
		Work: func(ctx context.Context) error {
			return x.tools.Desk.AgreeWindow(ctx, w.ID, by.Trimmed(), note.Trimmed())
		},
		OnDone: func() { x.load(true) },
	})
}

// withdraw takes an agreement back.
func (x *Screen) withdraw(w data.Window) {
	why := kit.NewEntry("The night shift is short of people")
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: "Withdraw the agreement to “" + w.Name + "”?", Sign: kit.StatusWarning, Confirm: "Withdraw", Danger: true,
		Text: "The window permits nothing from now on. " + agreedWords(w) + " What runs on a host already goes on until its own deadline.",
		Form: kit.NewForm(&kit.Field{Label: "Why", Input: why, Check: func() error {
			if why.Trimmed() == "" {
				return errors.New("Say why in a few words.")
			}
			return nil
		}}),
		Work:   func(ctx context.Context) error { return x.tools.Desk.WithdrawWindow(ctx, w.ID, why.Trimmed()) },
		OnDone: func() { x.load(true) },
	})
}

// removeWindow removes a window at once and offers to undo it.
func (x *Screen) removeWindow(w data.Window) {
	var undo func(context.Context) error
	x.do(func(ctx context.Context) (err error) {
		undo, err = x.tools.Desk.RemoveWindow(ctx, w.ID)
		return err
	}, func() {
		x.shell.Say(kit.StatusCancelled, "Window "+w.Name+" removed.", func() { x.do(undo, nil) })
	})
}

// do carries out a verb beside the UI goroutine and reads the calendar anew.
func (x *Screen) do(verb func(context.Context) error, then func()) {
	fail := func(err error) { kit.ShowError(x.shell.Context(), x.shell.Window(), err) }
	kit.Load(x.shell.Context(), kit.NewLatest(fail), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, verb(ctx)
	}, func(struct{}) {
		if then != nil {
			then()
		}
		if x.shell.Here().Screen == ui.Calendar {
			x.load(true)
		}
	})
}
