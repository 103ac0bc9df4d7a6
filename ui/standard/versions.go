package standard

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// versionList lists all versions, newest first.
func (x *Screen) versionList() fyne.CanvasObject {
	if len(x.versions) == 0 {
		return kit.NewCard("Versions", nil, kit.Flush(kit.NewProse("The first version is the one you are writing. Every later one keeps those before it.")))
	}
	in := inForce(x.versions, x.now)
	list := kit.VBox(6)
	for i, v := range x.versions {
		if i > 0 {
			list.Add(kit.NewRule())
		}
		state := "before"
		switch {
		case v.Version == in.Version:
			state = "in force"
		case v.ValidFrom.After(x.now):
			state = "to come"
		case v.Version > in.Version:
			state = "not in force"
		}
		open := kit.NewQuiet(fmt.Sprintf("Version %d", v.Version), "file-text", func() { x.openVersion(v) }).WithTip("What changed in it, and its rules")
		head := container.NewBorder(nil, nil, kit.Pad(open, 0, 0, -12, 0), container.NewCenter(kit.NewBadge(state)))
		note := v.Note
		if note == "" || i == len(x.versions)-1 && v.Template != "" {
			note = "The first version."
		}
		list.Add(kit.VBox(4, head, kit.NewCaption(fmt.Sprintf("from %s, by %s", kit.Date(v.ValidFrom), v.CreatedBy)).Cut(), kit.Flush(kit.NewProse(note))))
	}
	return kit.NewCard("Versions", nil, kit.NewScroll(list))
}

// before returns the version before v; Version 0: v is the first.
func (x *Screen) before(v data.Standard) data.Standard {
	var found data.Standard
	for _, o := range x.versions {
		if o.Version < v.Version && o.Version > found.Version {
			found = o
		}
	}
	return found
}

// openVersion shows what a version changed, and its rules in words.
func (x *Screen) openVersion(v data.Standard) {
	parts := kit.VBox(-2)
	if b := x.before(v); b.Version > 0 {
		parts.Add(title(fmt.Sprintf("What it changed from version %d", b.Version)))
		changes := app.StandardChanges(b, v, x.groups)
		if len(changes) == 0 {
			changes = []string{"Nothing that is judged by."}
		}
		parts.Add(kit.NewParagraph(joined(changes)))
	}
	if v.Note != "" {
		parts.Add(title("Note"))
		parts.Add(kit.NewParagraph(v.Note))
	}
	parts.Add(title("Rules"))
	parts.Add(kit.NewParagraph(rulesText(v, x.groups)))
	var m *kit.Modal
	draft := kit.NewButton("Edit from here", "pencil", func() {
		s := clone(v)
		x.start(s)
		m.Close()
	}).WithTip("Begins the draft of the next version with these rules")
	m = kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: fmt.Sprintf("Version %d: %s", v.Version, v.Name), Width: 640, Cancel: "Close", Extra: []fyne.CanvasObject{draft},
		Text:    fmt.Sprintf("Valid from %s. Saved by %s on %s.", kit.DateTime(v.ValidFrom), v.CreatedBy, kit.DateTime(v.Created)),
		Content: container.NewGridWrap(fyne.NewSize(600, 340), container.NewVScroll(parts)),
	})
}

// title heads a paragraph, at its left edge.
func title(text string) fyne.CanvasObject { return kit.Pad(kit.NewStrong(text).Cut(), 6, 0, 6, 0) }

// rulesText writes the rules one a line.
func rulesText(s data.Standard, groups []data.Group) string {
	var out []string
	for i, r := range s.Rules {
		out = append(out, fmt.Sprintf("%s: %s, %s", clauseOf(r, i), app.ConditionText(r.When, groups), spanText(r.Due)))
	}
	return strings.Join(out, "\n")
}
