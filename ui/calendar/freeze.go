package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// newFreeze begins a freeze on the chosen day.
func (x *Screen) newFreeze() {
	d := x.chosen
	from := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, x.zone)
	x.editFreeze(data.Freeze{From: from, Until: from.AddDate(0, 0, 1)})
}

// editFreeze shows the editor of a freeze; ID 0 is a new one.
func (x *Screen) editFreeze(f data.Freeze) {
	if x.known == nil {
		return
	}
	e := newFreezeEditor(x, f)
	title, verb := "New freeze", "Add freeze"
	var extra []fyne.CanvasObject
	var m *kit.Modal
	if f.ID != 0 {
		title, verb = "Freeze", "Save"
		extra = append(extra, kit.NewQuiet("Remove", "trash", func() { m.Close(); x.removeFreeze(f) }))
	}
	m = kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: title, Sign: kit.StatusFrozen, Width: 600, Confirm: verb, Extra: extra,
		Text: "Nothing is touched in a freeze, whatever the windows say. What runs already goes on until its own deadline.",
		Form: e.form(),
		Work: func(ctx context.Context) error {
			made, err := e.freeze()
			if err != nil {
				return err
			}
			_, err = x.tools.Desk.SaveFreeze(ctx, made)
			return err
		},
		OnDone: func() { x.load(true) },
	})
}

// A freezeEditor is the form of one freeze. Its times are in the zone shown.
type freezeEditor struct {
	was          data.Freeze
	zone         *time.Location
	groups       []data.Group
	name, reason *kit.Entry
	from, until  *kit.Entry
	at, end      *kit.Entry
	by           *kit.Entry
	checks       []*kit.Check
}

func newFreezeEditor(x *Screen, f data.Freeze) *freezeEditor {
	e := &freezeEditor{was: f, zone: x.zone, groups: x.known.agenda.Groups}
	e.name = kit.NewEntry("Christmas sales").With(f.Name)
	e.reason = kit.NewEntry("The shop earns half its year then").With(f.Reason)
	e.by = kit.NewEntry("Olga Meier").With(f.AgreedBy)
	from, until := f.From.In(e.zone), f.Until.In(e.zone)
	e.from, e.at = kit.NewEntry("2026-12-01").With(from.Format(time.DateOnly)), kit.NewEntry("00:00").With(from.Format("15:04"))
	e.until, e.end = kit.NewEntry("2027-01-07").With(until.Format(time.DateOnly)), kit.NewEntry("00:00").With(until.Format("15:04"))
	for _, g := range e.groups {
		e.checks = append(e.checks, kit.NewCheck(g.Name, slices.Contains(f.Groups, g.ID), nil))
	}
	return e
}

func (e *freezeEditor) form() *kit.Form {
	groups := container.New(layout.NewGridLayoutWithColumns(3))
	for _, c := range e.checks {
		groups.Add(c)
	}
	pair := func(d, t *kit.Entry) fyne.CanvasObject {
		return kit.HBox(8, boxed(120, d), boxed(70, t), kit.NewMuted(zoneLabel(e.zone)))
	}
	ends := func() error { _, err := e.freeze(); return err }
	return kit.NewForm(
		&kit.Field{Label: "Name", Input: e.name, Check: kit.Required(e.name, "Give the freeze a name.")},
		&kit.Field{Label: "From", Input: pair(e.from, e.at)},
		&kit.Field{Label: "Until", Input: pair(e.until, e.end), Check: ends},
		&kit.Field{Label: "Groups", Input: groups, Hint: "None chosen: every host."},
		&kit.Field{Label: "Reason", Input: e.reason, Check: kit.Required(e.reason, "Say why nothing may be touched.")},
		&kit.Field{Label: "Agreed by", Input: e.by},
	)
}

// freeze returns what the form says.
func (e *freezeEditor) freeze() (data.Freeze, error) {
	f := e.was
	var err error
	if f.From, err = e.moment(e.from, e.at); err != nil {
		return f, fmt.Errorf("From: %w", err)
	}
	if f.Until, err = e.moment(e.until, e.end); err != nil {
		return f, fmt.Errorf("Until: %w", err)
	}
	if !f.Until.After(f.From) {
		return f, errors.New("It must end after it begins.")
	}
	f.Name, f.Reason, f.AgreedBy, f.Groups = e.name.Trimmed(), e.reason.Trimmed(), e.by.Trimmed(), nil
	for i, c := range e.checks {
		if c.Checked {
			f.Groups = append(f.Groups, e.groups[i].ID)
		}
	}
	return f, nil
}

func (e *freezeEditor) moment(day, clock *kit.Entry) (time.Time, error) {
	d, err := parseDate(day.Trimmed())
	if err != nil {
		return time.Time{}, err
	}
	c, err := parseClock(clock.Trimmed())
	if err != nil {
		return time.Time{}, err
	}
	return time.Date(d.Year, d.Month, d.Day, c.Hour, c.Minute, 0, 0, e.zone), nil
}

// removeFreeze removes a freeze at once and offers to undo it.
func (x *Screen) removeFreeze(f data.Freeze) {
	var undo func(context.Context) error
	x.do(func(ctx context.Context) (err error) {
		undo, err = x.tools.Desk.RemoveFreeze(ctx, f.ID)
		return err
	}, func() {
		x.shell.Say(kit.StatusCancelled, "Freeze "+f.Name+" removed: hosts may be touched again in their windows.", func() { x.do(undo, nil) })
	})
}
