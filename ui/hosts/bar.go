package hosts

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// The words of the lists that let all pass.
const (
	anyTechnology = "All technologies"
	anyGroup      = "All groups"
)

// A bar is what stands above the grid: search, lists and chips.
type bar struct {
	object     fyne.CanvasObject
	changed    func(filter)
	technology *kit.Select
	group      *kit.Select
	chips      map[data.Compliance]*kit.Chip
	reboot     *kit.Chip
	failed     *kit.Chip
	duplicates *kit.Chip
	lack       *kit.Button // ends the filter by an update
	row        *fyne.Container
	update     string // the hosts shown lack it; empty: not asked
	lacking    map[data.HostID]bool
	quiet      bool // several are being set; tell once
}

func newBar(search *kit.SearchBar, changed func(filter)) *bar {
	b := &bar{changed: changed, chips: map[data.Compliance]*kit.Chip{}}
	tell := func(bool) { b.tell() }
	b.technology = kit.NewSelect([]string{anyTechnology}, anyTechnology, "", func(string) { b.tell() })
	b.group = kit.NewSelect([]string{anyGroup}, anyGroup, "", func(string) { b.tell() })
	b.row = kit.HBox(6)
	for _, c := range data.Compliances {
		b.chips[c] = kit.NewChip(kit.OfCompliance(c), "", 0, tell)
		b.row.Add(b.chips[c])
	}
	b.reboot = kit.NewChip(kit.StatusPendingReboot, "", 0, tell)
	b.failed = kit.NewChip(kit.StatusWarning, "Last scan failed", 0, tell)
	b.duplicates = kit.NewChip(kit.StatusNone, "Look alike", 0, tell)
	b.lack = kit.NewButton("", "x", func() {
		b.update, b.lacking = "", nil
		b.lack.Hide()
		b.tell()
	})
	b.lack.Hide()
	for _, o := range []fyne.CanvasObject{b.reboot, b.failed, b.duplicates, b.lack} {
		b.row.Add(o)
	}
	b.duplicates.Hide()
	b.failed.Hide()
	lists := kit.Pad(kit.HBox(8, b.technology, b.group), 0, 0, 8, 0)
	b.object = kit.VBox(8, container.NewBorder(nil, nil, nil, lists, search), kit.Pad(b.row, 0, 8, 0, 0))
	return b
}

// filter returns what is let through now.
func (b *bar) filter() filter {
	f := filter{compliance: map[data.Compliance]bool{}, reboot: b.reboot.On(), failed: b.failed.On(), duplicates: b.duplicates.On(), lacking: b.lacking}
	for c, chip := range b.chips {
		if chip.On() {
			f.compliance[c] = true
		}
	}
	if t := b.technology.Chosen(); t != anyTechnology {
		f.technology = t
	}
	if g := b.group.Chosen(); g != anyGroup {
		f.group = g
	}
	return f
}

func (b *bar) tell() {
	if !b.quiet {
		b.changed(b.filter())
	}
}

// set changes several and tells once.
func (b *bar) set(change func()) {
	b.quiet = true
	change()
	b.quiet = false
	b.tell()
}

// clear lets all pass.
func (b *bar) clear() { b.ask("", "", "") }

// ask lets only one judgement, group or what lacks an update pass; what is
// empty is not asked for.
func (b *bar) ask(c data.Compliance, group, update string) {
	b.set(func() {
		for _, chip := range b.allChips() {
			chip.Set(chip == b.chips[c])
		}
		b.technology.Choose(anyTechnology)
		b.group.Choose(anyGroup)
		if slices.Contains(b.group.Options(), group) {
			b.group.Choose(group)
		}
		if b.update = update; update == "" {
			b.lacking = nil
			b.lack.Hide()
			return
		}
		b.lack.SetText("Lacks " + update)
		b.lack.Show()
	})
}

func (b *bar) allChips() []*kit.Chip {
	out := []*kit.Chip{b.reboot, b.failed, b.duplicates}
	for _, c := range b.chips {
		out = append(out, c)
	}
	return out
}

// show takes over new rows: counts, and what can be chosen.
func (b *bar) show(rows []*row, t tally, groups []data.Group, lacking map[data.HostID]bool) {
	b.set(func() {
		for c, chip := range b.chips {
			chip.SetCount(t.compliance[c])
		}
		b.reboot.SetCount(t.reboot)
		shown(b.failed, t.failed)
		shown(b.duplicates, t.duplicates)
		b.lacking = lacking
		offer(b.technology, anyTechnology, values(rows, func(r *row) string { return r.Technology }))
		all := values(rows, func(r *row) string { return r.group })
		for _, g := range groups {
			if !slices.Contains(all, g.Name) {
				all = append(all, g.Name)
			}
		}
		slices.SortFunc(all, noneLast)
		offer(b.group, anyGroup, all)
		b.row.Refresh()
	})
}

// shown shows a chip for something rare only where there is any, or while it
// filters.
func shown(c *kit.Chip, n int) {
	c.SetCount(n)
	if n > 0 || c.On() {
		c.Show()
	} else {
		c.Hide()
	}
}

// offer keeps what is chosen where it is still there.
func offer(s *kit.Select, all string, words []string) {
	chosen := s.Chosen()
	s.SetOptions(append([]string{all}, words...))
	if !slices.Contains(s.Options(), chosen) {
		s.Choose(all)
	}
}

// values returns the different values of something, none last.
func values(rows []*row, of func(*row) string) []string {
	seen := map[string]bool{}
	var out []string
	for _, r := range rows {
		if v := orNone(of(r)); !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	slices.SortFunc(out, noneLast)
	return out
}

func noneLast(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == none:
		return 1
	case b == none:
		return -1
	}
	return kit.Natural(a, b)
}
