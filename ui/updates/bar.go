package updates

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A filter is what the chips and the list let through; its zero value lets all pass.
type filter struct {
	compliance map[data.Compliance]bool
	held       bool
	class      data.Class
	severity   data.Severity
	anyClass   bool
	anySev     bool
}

func (f filter) empty() bool { return len(f.compliance) == 0 && !f.held && f.anyClass && f.anySev }

// pass looks at all hosts of an update: one that is overdue somewhere passes
// "overdue", and one that is excepted somewhere "excepted".
func (f filter) pass(r *row) bool {
	if len(f.compliance) > 0 {
		any := false
		for c := range f.compliance {
			any = any || r.Counts[c] > 0
		}
		if !any {
			return false
		}
	}
	return (!f.held || kept(r) > 0) && (f.anyClass || r.Class == f.class) && (f.anySev || r.Severity == f.severity)
}

// The words of the lists that let all pass.
const (
	allClasses    = "All classes"
	allSeverities = "All severities"
)

// A bar is what stands above the grid.
type bar struct {
	object   fyne.CanvasObject
	changed  func(filter)
	chips    map[data.Compliance]*kit.Chip
	held     *kit.Chip
	class    *kit.Select
	severity *kit.Select
	row      *fyne.Container
	quiet    bool
}

func newBar(search *kit.SearchBar, changed func(filter)) *bar {
	b := &bar{changed: changed, chips: map[data.Compliance]*kit.Chip{}}
	tell := func(bool) { b.tell() }
	b.row = kit.HBox(6)
	for _, c := range data.Compliances {
		b.chips[c] = kit.NewChip(kit.OfCompliance(c), "", 0, tell)
		b.row.Add(b.chips[c])
	}
	b.held = kit.NewChip(kit.StatusHeld, "Held, phased, kept back", 0, tell)
	b.row.Add(b.held)
	classes := []string{allClasses}
	for _, c := range data.Classes {
		classes = append(classes, kit.ClassWord(c))
	}
	severities := []string{allSeverities}
	for _, s := range data.Severities {
		severities = append(severities, severityWord(s))
	}
	b.class = kit.NewSelect(classes, allClasses, "", func(string) { b.tell() })
	b.severity = kit.NewSelect(severities, allSeverities, "", func(string) { b.tell() })
	lists := kit.Pad(kit.HBox(8, b.class, b.severity), 0, 0, 8, 0)
	b.object = kit.VBox(8, container.NewBorder(nil, nil, nil, lists, search), kit.Pad(b.row, 0, 8, 0, 0))
	return b
}

func severityWord(s data.Severity) string {
	if s == data.SeverityUnknown {
		return "unknown"
	}
	return string(s)
}

func (b *bar) filter() filter {
	f := filter{compliance: map[data.Compliance]bool{}, held: b.held.On(), anyClass: b.class.Chosen() == allClasses, anySev: b.severity.Chosen() == allSeverities}
	for c, chip := range b.chips {
		if chip.On() {
			f.compliance[c] = true
		}
	}
	for _, c := range data.Classes {
		if kit.ClassWord(c) == b.class.Chosen() {
			f.class = c
		}
	}
	for _, s := range data.Severities {
		if severityWord(s) == b.severity.Chosen() {
			f.severity = s
		}
	}
	return f
}

func (b *bar) tell() {
	if !b.quiet {
		b.changed(b.filter())
	}
}

func (b *bar) clear() { b.ask("", "") }

// ask lets only one judgement or severity pass; what is empty is not asked for.
func (b *bar) ask(c data.Compliance, s data.Severity) {
	b.quiet = true
	for k, chip := range b.chips {
		chip.Set(k == c)
	}
	b.held.Set(false)
	b.class.Choose(allClasses)
	b.severity.Choose(allSeverities)
	if s != "" {
		b.severity.Choose(severityWord(s))
	}
	b.quiet = false
	b.tell()
}

// show counts the rows behind each chip.
func (b *bar) show(rows []*row) {
	n := map[data.Compliance]int{}
	held := 0
	for _, r := range rows {
		for c, count := range r.Counts {
			if count > 0 {
				n[c]++
			}
		}
		if kept(r) > 0 {
			held++
		}
	}
	for c, chip := range b.chips {
		chip.SetCount(n[c])
	}
	b.held.SetCount(held)
	b.row.Refresh()
	b.tell()
}
