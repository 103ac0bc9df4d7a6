package standard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// begin starts the draft of the next version from the newest one.
func (x *Screen) begin() {
	if len(x.versions) == 0 {
		x.chooseTemplate()
		return
	}
	x.start(clone(newest(x.versions)))
}

// start makes s the draft.
func (x *Screen) start(s data.Standard) {
	s.ID, s.Version, s.Created, s.CreatedBy, s.ValidFrom = 0, 0, time.Time{}, "", time.Time{}
	if len(x.versions) > 0 {
		s.Note = ""
	}
	x.draft = &s
	x.changed()
}

// changed shows the draft anew; what it would change is not known any more.
func (x *Screen) changed() {
	x.effect = nil
	x.draw()
}

// discard asks first, unless nothing would be lost.
func (x *Screen) discard() {
	if x.draft == nil {
		return
	}
	old := x.draft
	x.draft = nil
	x.changed()
	x.shell.Say(kit.StatusNone, "Draft discarded", func() {
		x.draft = old
		x.changed()
	})
}

// edit changes the draft and can take it back.
func (x *Screen) edit(said string, change func(*data.Standard)) {
	old := clone(*x.draft)
	next := clone(*x.draft)
	change(&next)
	x.draft = &next
	x.changed()
	if said != "" {
		x.shell.Say(kit.StatusNone, said, func() {
			x.draft = &old
			x.changed()
		})
	}
}

func (x *Screen) removeRule() {
	if x.draft == nil {
		return
	}
	x.withRule(func(at int) {
		x.edit(fmt.Sprintf("Rule %d removed", at+1), func(s *data.Standard) { s.Rules = slices.Delete(s.Rules, at, at+1) })
	})
}

// moveRule moves the current rule by one, up or down.
func (x *Screen) moveRule(by int) {
	if x.draft == nil {
		return
	}
	x.withRule(func(at int) {
		to := at + by
		if to < 0 || to >= len(x.draft.Rules) {
			return
		}
		x.edit("", func(s *data.Standard) { s.Rules[at], s.Rules[to] = s.Rules[to], s.Rules[at] })
		x.grid.GoTo(to)
	})
}

func (x *Screen) ruleMenu(chosen []ruleRow) []*fyne.MenuItem {
	if x.draft == nil || len(chosen) == 0 {
		return []*fyne.MenuItem{fyne.NewMenuItem("Edit the standard", x.begin)}
	}
	at := chosen[0].at
	return []*fyne.MenuItem{
		fyne.NewMenuItem("Edit rule…", func() { x.editRule(at) }),
		fyne.NewMenuItem("Add a rule below…", func() { x.addRule(at + 1) }),
		fyne.NewMenuItem("Move up", func() { x.moveRule(-1) }),
		fyne.NewMenuItem("Move down", func() { x.moveRule(1) }),
		fyne.NewMenuItem("Remove", x.removeRule),
	}
}

// editFacts edits names and promises.
func (x *Screen) editFacts() {
	if x.draft == nil {
		return
	}
	s := *x.draft
	name, owner, approver := kit.NewEntry("Patch management standard").With(s.Name), kit.NewEntry("Petra Lang").With(s.Owner), kit.NewEntry("Board, Jonas Weber").With(s.Approver)
	source := kit.NewEntry("Policy IT-7, chapter 4").With(s.Source)
	target := kit.NewEntry("95").With(strconv.Itoa(int(s.Target*100 + 0.5)))
	age := kit.NewEntry("7").With(days(or(s.ScanMaxAge, data.DefaultScanMaxAge)))
	reboot := kit.NewEntry("0: no promise").With(days(s.RebootWithin))
	soon := kit.NewEntry("3").With(days(or(s.DueSoon, data.DefaultDueSoon)))
	form := kit.NewForm(
		&kit.Field{Label: "Name", Input: name, Check: kit.Required(name, "Name the standard.")},
		&kit.Field{Label: "Owner", Input: owner},
		&kit.Field{Label: "Approver", Input: approver},
		&kit.Field{Label: "Source", Input: source, Hint: "The document the rules were taken from."},
		&kit.Field{Label: "Promised, %", Input: target, Hint: "The share of hosts that are compliant.", Check: whole(target, 0, 100)},
		&kit.Field{Label: "Scan age, days", Input: age, Hint: "A scan that is older proves nothing.", Check: whole(age, 1, 365)},
		&kit.Field{Label: "Reboot, days", Input: reboot, Hint: "A pending reboot happens within; 0: no promise.", Check: whole(reboot, 0, 365)},
		&kit.Field{Label: "Due soon, days", Input: soon, Hint: "So long before its deadline an update is due soon.", Check: whole(soon, 1, 365)},
	)
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Whose it is, and what it promises", Width: 600, Form: form, Confirm: "Take over",
		OnDone: func() {
			x.edit("", func(s *data.Standard) {
				s.Name, s.Owner, s.Approver, s.Source = name.Trimmed(), owner.Trimmed(), approver.Trimmed(), source.Trimmed()
				s.Target = float64(number(target)) / 100
				const day = 24 * time.Hour
				s.ScanMaxAge, s.RebootWithin, s.DueSoon = time.Duration(number(age))*day, time.Duration(number(reboot))*day, time.Duration(number(soon))*day
			})
		}})
}

func number(e *kit.Entry) int {
	n, err := strconv.Atoi(e.Trimmed())
	if err != nil {
		return 0 // the form's check has seen it
	}
	return n
}

// whole checks that an entry holds a whole number in a range.
func whole(e *kit.Entry, least, most int) func() error {
	return func() error {
		if n, err := strconv.Atoi(e.Trimmed()); err != nil || n < least || n > most {
			return fmt.Errorf("Type a whole number from %d to %d.", least, most)
		}
		return nil
	}
}

// save asks for the note and makes the draft a version.
func (x *Screen) save() {
	if x.draft == nil {
		return
	}
	s := clone(*x.draft)
	doubts, err := app.CheckStandard(s)
	if err != nil {
		x.page.Fail(err)
		return
	}
	before := newest(x.versions)
	said := []string{"It is the first version: all hosts are judged by it at once."}
	if before.Version > 0 {
		if said = app.StandardChanges(before, s, x.groups); len(said) == 0 {
			said = []string{"Nothing that is judged by differs."}
		}
	}
	parts := kit.VBox(-2, title(changesTitle(before)), kit.NewParagraph(joined(said)))
	if len(doubts) > 0 {
		parts.Add(title("Doubtful"))
		parts.Add(kit.NewParagraph(doubtText(doubts)))
	}
	if x.effect != nil {
		parts.Add(title("If it were in force now"))
		parts.Add(kit.NewParagraph(joined(x.effect.Sentences())))
	} else if before.Version > 0 {
		parts.Add(kit.NewProse("What it would change today was not asked: close this and press What would change."))
	}
	note := kit.NewMultiLine("Critical updates on internet hosts now have 24 hours, as decided on 12 November", 3)
	if before.Version == 0 {
		note.SetText(s.Note)
	}
	from := kit.NewEntry("2026-12-01; empty: now")
	form := kit.NewForm(
		&kit.Field{Label: "Note", Input: note, Hint: "What changed, and why. It stays in the history.", Check: noteCheck(note, before)},
		&kit.Field{Label: "Valid from", Input: from, Hint: "A promise is never made backwards: a day that is past means now.", Check: dateCheck(from)},
	)
	var saved data.Standard
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: fmt.Sprintf("Save as version %d", before.Version+1), Width: 680, Form: form, Confirm: "Save version",
		Text:    "Versions are never changed and never removed: past months stay judged by the one then in force.",
		Content: container.NewGridWrap(fyne.NewSize(640, min(parts.MinSize().Height+20, 200)), container.NewVScroll(parts)),
		OnConfirm: func() error {
			s.Note, s.ValidFrom = note.Trimmed(), dateOf(from)
			return nil
		},
		Work: func(ctx context.Context) (err error) {
			saved, err = x.tools.Desk.SaveStandard(ctx, s)
			return err
		},
		OnDone: func() {
			x.draft, x.effect = nil, nil
			x.page.Clear()
			x.shell.Say(kit.StatusDone, fmt.Sprintf("Version %d saved", saved.Version), nil)
			x.load()
		}})
}

func changesTitle(before data.Standard) string {
	if before.Version == 0 {
		return "What it means"
	}
	return fmt.Sprintf("What it changes from version %d", before.Version)
}

func noteCheck(note *kit.Entry, before data.Standard) func() error {
	return func() error {
		if before.Version > 0 && note.Trimmed() == "" {
			return errors.New("Say what changed, and why.")
		}
		return nil
	}
}

func dateCheck(e *kit.Entry) func() error {
	return func() error {
		if s := e.Trimmed(); s != "" && dateOf(e).IsZero() {
			return fmt.Errorf("%q is not a day such as 2026-12-01.", s)
		}
		return nil
	}
}

// dateOf returns the beginning of the day in an entry; zero for none.
func dateOf(e *kit.Entry) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(e.Text), time.Local)
	if err != nil {
		return time.Time{}
	}
	return t
}
