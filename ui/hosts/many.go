package hosts

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A change is one line of the form for many hosts: it holds for them only when
// it is ticked, which touching its input does.
type change struct {
	tick  *kit.Check
	input fyne.CanvasObject
	apply func(*data.Host)
}

func (c *change) touched() { c.tick.SetChecked(true) }

// A manyForm changes what is touched in it, on all of several hosts.
type manyForm struct {
	rows    []*row
	fields  []*kit.Field
	changes []*change
}

func (f *manyForm) line(label string, c *change) {
	c.tick = kit.NewCheck("", false, nil)
	f.changes = append(f.changes, c)
	f.fields = append(f.fields, &kit.Field{Label: label, Input: container.NewBorder(nil, nil, c.tick, nil, c.input)})
}

// text adds a line for a text. What all hosts have stands in it.
func (f *manyForm) text(label string, of func(*data.Host) *string) {
	common, same := f.common(func(h data.Host) string { return *of(&h) })
	e := kit.NewEntry("different values")
	if same {
		e.PlaceHolder = "empty"
		e.SetText(common)
	}
	c := &change{input: e, apply: func(h *data.Host) { *of(h) = e.Trimmed() }}
	f.line(label, c)
	e.OnChanged = func(string) { c.touched() }
}

// list adds a line for one of several words.
func (f *manyForm) list(label string, words []string, of func(data.Host) string, apply func(h *data.Host, word string)) {
	common, same := f.common(of)
	hint := "different values"
	if !same {
		common = ""
	}
	s := kit.NewSelect(words, common, hint, nil)
	c := &change{input: s, apply: func(h *data.Host) { apply(h, s.Chosen()) }}
	f.line(label, c)
	s.OnChanged = func(string) { c.touched() }
}

func (f *manyForm) common(of func(data.Host) string) (string, bool) {
	first := of(f.rows[0].Host)
	for _, r := range f.rows[1:] {
		if of(r.Host) != first {
			return "", false
		}
	}
	return first, true
}

func newManyForm(rows []*row, groups []data.Group) *manyForm {
	f := &manyForm{rows: rows}
	f.list("Exposure", options(data.Exposures), func(h data.Host) string { return string(h.Exposure) }, func(h *data.Host, w string) { h.Exposure = data.Exposure(w) })
	f.list("Criticality", options(data.Criticalities), func(h data.Host) string { return wordOf(h.Criticality) }, func(h *data.Host, w string) { h.Criticality = valueOf[data.Criticality](w) })
	f.list("Environment", options(data.Environments), func(h data.Host) string { return wordOf(h.Environment) }, func(h *data.Host, w string) { h.Environment = valueOf[data.Environment](w) })
	f.list("Group", groupNames(groups), func(h data.Host) string { return groupName(groups, h.Group) }, func(h *data.Host, w string) { h.Group = groupID(groups, w) })
	f.list("Ring", rings(), func(h data.Host) string { return ringWord(h.Ring) }, func(h *data.Host, w string) { h.Ring = ringNumber(w) })
	f.list("Sudo", sudos.all(), func(h data.Host) string { return sudos.word(h.Sudo) }, func(h *data.Host, w string) { h.Sudo = sudos.of(w) })
	f.text("Technology", func(h *data.Host) *string { return &h.Technology })
	f.text("Business unit", func(h *data.Host) *string { return &h.BusinessUnit })
	f.text("Owner", func(h *data.Host) *string { return &h.Owner })
	f.text("Admin", func(h *data.Host) *string { return &h.Admin })
	f.text("User", func(h *data.Host) *string { return &h.User })
	f.text("Jump host", func(h *data.Host) *string { return &h.Jump })
	f.text("Key file", func(h *data.Host) *string { return &h.IdentityFile })
	return f
}

// touched returns the changes to make, in the form's order.
func (f *manyForm) touched() []*change {
	var out []*change
	for _, c := range f.changes {
		if c.tick.Checked {
			out = append(out, c)
		}
	}
	return out
}

func (x *Screen) editMany(rows []*row) {
	f := newManyForm(rows, x.groups)
	half := (len(f.fields) + 1) / 2
	content := container.NewGridWithColumns(2, kit.Pad(kit.NewForm(f.fields[:half]...), 0, 0, 0, 10), kit.Pad(kit.NewForm(f.fields[half:]...), 0, 0, 10, 0))
	before := make([]data.Host, len(rows))
	for i, r := range rows {
		before[i] = r.Host
	}
	var after []data.Host
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Edit " + names(rows), Width: 720, Content: content, Confirm: "Save",
		Text: "Only what is ticked changes, on all of them. Touching a field ticks it.",
		OnConfirm: func() error {
			changes := f.touched()
			if len(changes) == 0 {
				return errors.New("nothing is ticked, so nothing would change")
			}
			after = make([]data.Host, len(before))
			for i, h := range before {
				for _, c := range changes {
					c.apply(&h)
				}
				if err := h.Validate(); err != nil {
					return err
				}
				after[i] = h
			}
			return nil
		},
		Work: func(ctx context.Context) error {
			_, err := x.tools.Desk.SaveHosts(ctx, after)
			return err
		},
		OnDone: func() { x.saved(kit.Count(len(before), "host is", "hosts are")+" saved", before) }})
}
