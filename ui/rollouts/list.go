package rollouts

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A row is a rollout, or a plan that none has been started of.
type row struct {
	Plan    store.PlanHead
	Rollout data.Rollout // zero ID: a plan only
	Tally   store.Tally
	Draft   bool
}

// state is the row's sign and word.
func (r *row) state() (kit.Status, string) {
	switch {
	case r.Draft:
		return kit.StatusQueued, "Not saved"
	case r.Rollout.ID == 0 && r.Plan.Approved.At.IsZero():
		return kit.StatusWarning, "To be approved"
	case r.Rollout.ID == 0:
		return kit.StatusPassed, "Approved"
	}
	s := kit.OfRollout(r.Rollout.State)
	if r.Rollout.State == data.RolloutDone && r.Tally.Outcomes[data.OutcomeSucceeded] < r.Tally.All() {
		s = kit.StatusWarning // done, and not all of it is in
	}
	return s, kit.OfRollout(r.Rollout.State).Word()
}

// urgency orders rows: what needs a person, what is at work, what may be
// started, what is over.
func (r *row) urgency() int {
	switch {
	case r.Rollout.ID == 0:
		return 2
	case r.Rollout.State == data.RolloutStopped || r.Rollout.Open() && needsPerson(r.Tally) > 0:
		return 0
	case r.Rollout.Open():
		return 1
	}
	return 3
}

func (r *row) at() time.Time {
	if r.Rollout.ID != 0 {
		return r.Rollout.Started
	}
	return r.Plan.Created
}

func (r *row) hosts() int {
	if r.Rollout.ID != 0 {
		return r.Tally.All()
	}
	return r.Plan.HostCount
}

func (r *row) result() string {
	switch {
	case r.Draft:
		return "look through it and save it"
	case r.Rollout.ID == 0 && r.Plan.Approved.At.IsZero():
		return "look through it and approve it"
	case r.Rollout.ID == 0:
		return "ready to start"
	}
	return told(r.Tally)
}

// rowsOf joins plans with their rollouts, the most urgent first, then the newest.
func rowsOf(plans []store.PlanHead, rollouts []data.Rollout, tallies map[data.RolloutID]store.Tally, d *draft) []*row {
	var out []*row
	heads := map[data.PlanID]store.PlanHead{}
	for _, p := range plans {
		heads[p.ID] = p
	}
	started := map[data.PlanID]bool{}
	for _, r := range rollouts {
		started[r.Plan] = true
		out = append(out, &row{Plan: heads[r.Plan], Rollout: r, Tally: tallies[r.ID]})
	}
	for _, p := range plans {
		if !started[p.ID] {
			out = append(out, &row{Plan: p})
		}
	}
	if d != nil {
		out = append(out, &row{Plan: store.PlanHead{Plan: d.plan, HostCount: len(d.plan.Hosts)}, Draft: true})
	}
	sortRows(out)
	return out
}

func compareRows(a, b *row) int {
	return cmp.Or(a.urgency()-b.urgency(), b.at().Compare(a.at()), int(b.Rollout.ID-a.Rollout.ID))
}

// kinds are what the chips show, in their order; a row may be in two.
var kinds = []func(r *row) bool{
	func(r *row) bool { return r.urgency() == 0 },
	func(r *row) bool { return r.Rollout.ID != 0 && r.Rollout.Open() },
	func(r *row) bool { return r.urgency() == 2 },
	func(r *row) bool { return r.urgency() == 3 },
}

func countKinds(rows []*row) (at [4]int) {
	for _, r := range rows {
		for i, in := range kinds {
			if in(r) {
				at[i]++
			}
		}
	}
	return at
}

// headline counts what matters in a line.
func headline(at [4]int) string {
	var parts []string
	for i, words := range [][2]string{{"needs you", "need you"}, {"open", "open"}, {"plan not started", "plans not started"}} {
		if at[i] > 0 {
			parts = append(parts, kit.Count(at[i], words[0], words[1]))
		}
	}
	if len(parts) == 0 {
		return "Nothing is open"
	}
	return strings.Join(parts, " · ")
}

// A list is the page of all plans and rollouts.
type list struct {
	x       *Screen
	page    *kit.Page
	search  *kit.SearchBar
	grid    *kit.Grid[*row]
	chips   []*kit.Chip
	loads   *kit.Latest
	rows    []*row
	version int64
	asked   time.Time
}

func newList(x *Screen) *list {
	l := &list{x: x}
	l.grid = kit.NewGrid(listColumns(x)...)
	l.grid.Noun, l.grid.Nouns = "plan or rollout", "plans and rollouts"
	l.grid.Key = func(r *row) any {
		return [3]int64{int64(r.Plan.ID), int64(r.Rollout.ID), map[bool]int64{true: 1}[r.Draft]}
	}
	l.grid.OnOpen = l.openRow
	l.grid.Menu = l.menu
	l.grid.SetEmpty(kit.NewEmptyState("rocket", "Nothing has been rolled out yet",
		"A plan says exactly which versions go into which host. Make one, look through it, approve it, and start it inside the maintenance windows.",
		kit.NewButton("Make a plan", "plus", x.newPlan)))
	l.grid.OnClearFilter = func() { l.filter(-1) }
	l.search = l.grid.NewSearch("Find: a plan, a person, a state")
	names := []struct {
		s kit.Status
		t string
	}{{kit.StatusWarning, "Needs you"}, {kit.StatusRunning, "Open"}, {kit.StatusNone, "Plans"}, {kit.StatusNone, "Ended"}}
	chips := kit.HBox(6)
	for i, n := range names {
		c := kit.NewChip(n.s, n.t, 0, func(on bool) {
			if !on {
				i = -1
			}
			l.filter(i)
		})
		l.chips = append(l.chips, c)
		chips.Add(c)
	}
	top := container.NewBorder(nil, nil, nil, chips, kit.Pad(l.search, 0, 0, 0, 12))
	content := container.NewBorder(kit.Pad(top, 0, 8, 0, 0), kit.Pad(l.grid.Footer(), 8, 0, 0, 0), nil, nil, kit.NewSurface(l.grid))
	l.page = kit.NewPage("Rollouts", "", content, kit.NewPrimary("Make a plan", "plus", x.newPlan).WithTip("Choose hosts and updates (Ctrl+N)"))
	l.loads = kit.NewLatest(l.page.Fail)
	return l
}

// filter shows the rows of one kind; below 0 all.
func (l *list) filter(kind int) {
	for i, c := range l.chips {
		c.Set(i == kind)
	}
	if kind < 0 {
		l.grid.Allow(nil)
		return
	}
	l.grid.Allow(kinds[kind])
}

func (l *list) object() fyne.CanvasObject { return l.page }

func (l *list) reload() { l.load(0) }

// tick reads again when the workspace has changed.
func (l *list) tick() bool {
	if now := l.x.desk().Now(); now.Sub(l.asked) > time.Second {
		l.asked = now
		l.load(l.version)
	}
	return true
}

type listing struct {
	rows    []*row
	version int64
}

func (l *list) load(known int64) {
	d := l.x.draft
	kit.Load(l.x.shell.Context(), l.loads, func(ctx context.Context) (*listing, error) {
		db := l.x.desk().DB
		n, err := db.DataVersion(ctx)
		if err != nil || n == known {
			return nil, err
		}
		plans, err := db.Plans(ctx)
		if err != nil {
			return nil, err
		}
		rollouts, err := db.Rollouts(ctx)
		if err != nil {
			return nil, err
		}
		tallies, err := db.Tallies(ctx)
		if err != nil {
			return nil, err
		}
		return &listing{rowsOf(plans, rollouts, tallies, d), n}, nil
	}, func(got *listing) {
		if got != nil {
			l.show(got)
		}
	})
}

func (l *list) show(got *listing) {
	l.version, l.rows = got.version, got.rows
	l.grid.SetRows(got.rows)
	at := countKinds(got.rows)
	for i, c := range l.chips {
		c.SetCount(at[i])
	}
	l.page.SetSubtitle(headline(at))
	badge(l.x.shell, at)
}

// badge shows beside the screen's name what needs a person, else what is open.
func badge(s *ui.Shell, at [4]int) {
	switch {
	case at[0] > 0:
		s.Badge(ui.Rollouts, ui.Badge{Count: at[0], Status: kit.StatusFailed})
	default:
		s.Badge(ui.Rollouts, ui.Badge{Count: at[1], Status: kit.StatusRunning})
	}
}

func (l *list) openRow(r *row) {
	switch {
	case r.Draft:
		l.x.plan.openDraft(l.x.draft)
		l.x.show(l.x.plan)
	case r.Rollout.ID != 0:
		l.x.shell.Go(ui.Place{Screen: ui.Rollouts, Rollout: r.Rollout.ID})
	default:
		l.x.shell.Go(ui.Place{Screen: ui.Rollouts, Plan: r.Plan.ID})
	}
}

func (l *list) menu(rows []*row) []*fyne.MenuItem {
	if len(rows) != 1 {
		return nil
	}
	r := rows[0]
	items := []*fyne.MenuItem{fyne.NewMenuItem("Open", func() { l.openRow(r) })}
	if r.Plan.ID != 0 && r.Rollout.ID != 0 {
		items = append(items, fyne.NewMenuItem("Show its plan", func() { l.x.shell.Go(ui.Place{Screen: ui.Rollouts, Plan: r.Plan.ID}) }))
	}
	return items
}

func (l *list) actions() []ui.Action { return nil }

func listColumns(x *Screen) []kit.Column[*row] {
	now := func() time.Time { return x.desk().Now() }
	return []kit.Column[*row]{
		{ID: "state", Title: "State", Width: 136, Status: func(r *row) kit.Status { s, _ := r.state(); return s },
			Text:    func(r *row) string { _, w := r.state(); return w },
			Compare: compareRows, Tip: func(r *row) string { return r.Rollout.Note }},
		{ID: "plan", Title: "Plan", Width: 220, Grow: true, Text: func(r *row) string { return r.Plan.Name }},
		{ID: "hosts", Title: "Hosts", Width: 62, Align: fyne.TextAlignTrailing, Text: func(r *row) string { return kit.Number(r.hosts()) },
			Compare: func(a, b *row) int { return a.hosts() - b.hosts() }},
		{ID: "progress", Title: "Done", Width: 150, Share: func(r *row) float64 {
			if r.Rollout.ID == 0 || r.Tally.All() == 0 {
				return -1
			}
			return float64(ended(r.Tally)) / float64(r.Tally.All())
		}, Text: func(r *row) string {
			if r.Rollout.ID == 0 || r.Tally.All() == 0 {
				return ""
			}
			return kit.Percent(float64(ended(r.Tally)) / float64(r.Tally.All()))
		}, Tip: func(r *row) string { return "The share of hosts whose run has ended, well or not." },
			Compare: func(a, b *row) int {
				return cmp.Compare(float64(ended(a.Tally))/float64(max(1, a.Tally.All())), float64(ended(b.Tally))/float64(max(1, b.Tally.All())))
			}},
		{ID: "result", Title: "How it stands", Width: 210, Grow: true, Text: (*row).result,
			Tint: func(r *row) fyne.ThemeColorName {
				if needsPerson(r.Tally) > 0 {
					return kit.ColorCritical
				}
				return ""
			}},
		{ID: "at", Title: "Started", Width: 120, Muted: true, Text: func(r *row) string { return kit.Ago(r.at(), now()) },
			Tip: func(r *row) string { return kit.Exact(r.at()) }, Compare: func(a, b *row) int { return a.at().Compare(b.at()) }},
		{ID: "by", Title: "By", Width: 120, Muted: true, Text: func(r *row) string {
			if r.Rollout.ID != 0 {
				return r.Rollout.StartedBy
			}
			return r.Plan.CreatedBy
		}},
		{ID: "why", Title: "Outside windows because", Width: 200, Hidden: true, Text: func(r *row) string { return r.Rollout.Reason }},
	}
}

func sortRows(rows []*row) { slices.SortStableFunc(rows, compareRows) }
