package hosts

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/exception"
	"secondtuesday/ui/kit"
)

// A missingList is the part of the panel with what the host lacks, and below
// it why the current update is judged so.
type missingList struct {
	p       *panel
	object  fyne.CanvasObject
	grid    *kit.Grid[*data.Verdict]
	because *fyne.Container
}

func newMissingList(p *panel) *missingList {
	l := &missingList{p: p, because: container.NewStack()}
	l.grid = kit.NewGrid(
		kit.Column[*data.Verdict]{ID: "update", Title: "Update", Width: 190, Grow: true, Titled: true, Text: updateText,
			Tip: func(v *data.Verdict) string {
				return v.Update.Label() + "\n" + v.Update.Installed + " → " + v.Update.Available + "\n" + v.Update.Origin
			}},
		kit.Column[*data.Verdict]{ID: "compliance", Title: "Compliance", Width: 112, Status: func(v *data.Verdict) kit.Status { return kit.OfCompliance(v.Compliance) },
			Compare: func(a, b *data.Verdict) int { return rank(a.Compliance) - rank(b.Compliance) }, Tip: func(v *data.Verdict) string { return v.Because }},
		kit.Column[*data.Verdict]{ID: "deadline", Title: "Deadline", Width: 100, Text: func(v *data.Verdict) string { return kit.Due(v.Due, p.now) },
			Compare: func(a, b *data.Verdict) int { return kit.CompareTime(a.Due, b.Due) }, Tip: func(v *data.Verdict) string { return v.Because },
			Tint: func(v *data.Verdict) fyne.ThemeColorName { return kit.OverdueTint(v.Compliance) }},
		kit.Column[*data.Verdict]{ID: "severity", Title: "Severity", Width: 96, Status: func(v *data.Verdict) kit.Status { return kit.OfSeverity(v.Update.Severity) },
			Compare: func(a, b *data.Verdict) int { return b.Update.Severity.Rank() - a.Update.Severity.Rank() }},
		kit.Column[*data.Verdict]{ID: "hold", Title: "Hold", Width: 92, Status: func(v *data.Verdict) kit.Status { return kit.OfHold(v.Update.Hold) }},
		kit.Column[*data.Verdict]{ID: "class", Title: "Class", Width: 90, Text: func(v *data.Verdict) string { return kit.ClassWord(v.Update.Class) }},
		kit.Column[*data.Verdict]{ID: "installed", Title: "Installed", Width: 140, Mono: true, Text: func(v *data.Verdict) string { return data.VersionText(v.Update.Installed) }},
		kit.Column[*data.Verdict]{ID: "available", Title: "Available", Width: 140, Mono: true, Text: func(v *data.Verdict) string { return data.VersionText(v.Update.Available) }},
		kit.Column[*data.Verdict]{ID: "arch", Title: "Arch", Width: 80, Text: func(v *data.Verdict) string { return v.Update.Arch }},
		kit.Column[*data.Verdict]{ID: "origin", Title: "Origin", Width: 220, Muted: true, Text: func(v *data.Verdict) string { return v.Update.Origin }},
	)
	l.grid.Noun, l.grid.Nouns = "missing update", "missing updates"
	l.grid.Key = func(v *data.Verdict) any { return v.Update.Key() + v.Update.Available }
	l.grid.SortBy("compliance", false)
	l.grid.OnSelect = l.explain
	l.grid.OnOpen = func(v *data.Verdict) {
		p.x.shell.Go(ui.Place{Screen: ui.Updates, Update: v.Update.Key()})
	}
	l.grid.Menu = l.menu
	search := l.grid.NewSearch("Find an update")
	l.object = container.NewBorder(kit.Pad(search, 0, 8, 12, 12), kit.VBox(0, kit.Pad(l.grid.Footer(), 4, 4, 12, 12), l.because), nil, nil, l.grid)
	return l
}

// updateText names an update, with its title where the name says little.
func updateText(v *data.Verdict) string {
	if v.Update.Title != "" {
		return v.Update.Label()
	}
	return v.Update.Name
}

func (l *missingList) set(verdicts []data.Verdict) {
	all := make([]*data.Verdict, len(verdicts))
	for i := range verdicts {
		all[i] = &verdicts[i]
	}
	title, text := "Nothing is missing", "The host's own update system offers no update."
	switch r := l.p.row; {
	case !r.scanned():
		title, text = "Not known", "The host was never scanned, so nobody knows what it lacks."
	case r.verdict.Compliance == data.Unknown:
		title, text = "Not known", "The last scan listed nothing, but it proves nothing. "+l.p.detail.verdict.Because
	}
	l.grid.SetEmpty(kit.NewEmptyState("package", title, text, nil))
	l.grid.SetRows(all)
	l.explain()
}

// explain shows why the current update is judged so.
func (l *missingList) explain() {
	v, ok := l.grid.Current()
	if !ok {
		l.because.Objects = nil
		l.because.Refresh()
		return
	}
	lines := kit.VBox(4, kit.NewStrong("Why "+v.Update.Name+" is "+string(v.Compliance)), sentence(v.Because))
	if v.Update.Title != "" { // the cell has no room for all of it
		lines = kit.VBox(4, sentence(v.Update.Title), kit.NewStrong("Why "+v.Update.Name+" is "+string(v.Compliance)), sentence(v.Because))
	}
	if ids := strings.Join(append(append([]string(nil), v.Update.Advisories...), v.Update.CVEs...), ", "); ids != "" {
		lines.Add(kit.NewCaption(ids).Cut())
	}
	for _, text := range app.BackgroundTexts(l.p.detail.background, v.Update) {
		lines.Add(sentence(text))
	}
	l.because.Objects = []fyne.CanvasObject{kit.VBox(0, kit.NewRule(), kit.Pad(lines, 8, 12, 14, 14))}
	l.because.Refresh()
}

func (l *missingList) menu(chosen []*data.Verdict) []*fyne.MenuItem {
	if len(chosen) == 0 {
		return nil
	}
	r := l.p.row
	var keys []string
	for _, v := range chosen {
		keys = append(keys, v.Update.Key())
	}
	items := []*fyne.MenuItem{
		menuItem("Plan "+kit.Count(len(keys), "update", "updates")+" for "+r.Name+"…", "rocket", func() {
			l.p.x.shell.Go(ui.Place{Screen: ui.Rollouts, Host: r.ID, Hosts: []data.HostID{r.ID}, Updates: keys})
		}),
	}
	if len(chosen) == 1 {
		items = append(items,
			menuItem("Show on Updates", "package", func() { l.p.x.shell.Go(ui.Place{Screen: ui.Updates, Update: keys[0]}) }),
			menuItem("Exception…", "flag", func() {
				exception.Ask(l.p.x.shell, l.p.x.tools, exception.Subject{Name: keys[0], Updates: keys, Hosts: []data.Host{r.Host}})
			}))
		if e := chosen[0].Exception; e != 0 {
			items = append(items, menuItem("Withdraw exception…", "flag", func() { exception.Withdraw(l.p.x.shell, l.p.x.tools, e) }))
		}
	}
	return items
}
