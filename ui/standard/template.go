package standard

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// chooseTemplate shows what is shipped, with source and notes, and makes one
// the draft. Owner, approver and name of the shop's own standard are kept.
func (x *Screen) chooseTemplate() {
	all := app.Templates()
	list := kit.NewGrid(kit.Column[data.Standard]{ID: "name", Title: "Template", Width: 230, Grow: true, Text: func(s data.Standard) string { return s.Name }})
	list.Noun, list.Nouns = "template", "templates"
	list.Key = func(s data.Standard) any { return s.Template }
	about := container.NewStack()
	show := func() {
		if s, ok := list.Current(); ok {
			about.Objects = []fyne.CanvasObject{container.NewVScroll(templateText(s))}
			about.Refresh()
		}
	}
	list.OnSelect = show
	list.SetRows(all)
	content := container.NewGridWrap(fyne.NewSize(760, 400), container.NewBorder(nil, nil,
		container.NewGridWrap(fyne.NewSize(344, 400), kit.NewSurface(list)), nil, kit.Pad(about, 0, 0, 14, 0)))
	var m *kit.Modal
	list.OnOpen = func(data.Standard) { m.Press() }
	text := "It becomes a draft: nothing is judged by it before you save it."
	if x.draft != nil {
		text += " It replaces the rules of the present draft."
	}
	m = kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Use a template", Text: text, Content: content, Width: 800, Confirm: "Use as draft",
		OnDone: func() {
			s, ok := list.Current()
			if !ok {
				return
			}
			x.take(clone(s))
		}})
	list.GoTo(0)
	show()
	x.shell.Window().Canvas().Focus(list)
}

// take makes a template the draft.
func (x *Screen) take(t data.Standard) {
	if n := newest(x.versions); n.Version > 0 {
		t.Owner, t.Approver = n.Owner, n.Approver
	}
	if x.draft != nil {
		old := *x.draft
		t.Owner, t.Approver = old.Owner, old.Approver
		x.start(t)
		x.shell.Say(kit.StatusNone, "Rules taken from "+t.Name, func() {
			x.draft = &old
			x.changed()
		})
		return
	}
	x.start(t)
}

// templateText says what a template is and what it asks.
func templateText(s data.Standard) fyne.CanvasObject {
	var beside []string
	for _, f := range promises(s) {
		beside = append(beside, fmt.Sprintf("%s: %s", f.name, f.value))
	}
	return kit.VBox(-2, kit.Pad(kit.NewSubHeading(s.Name).Cut(), 0, 0, 6, 0), kit.NewProse(s.Source),
		title("Rules, read from the top"), kit.NewParagraph(rulesText(s, nil)),
		title("Beside deadlines"), kit.NewParagraph(joined(beside)),
		title("What it is, and how it departs from its source"), kit.NewParagraph(s.Note))
}
