package rollouts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A runRow is one host's turn as the grid shows it.
type runRow struct {
	data.Run
	Name string // of the host
	Took string
}

// A snapshot is all that the page of a rollout shows, read at one time.
type snapshot struct {
	version int64
	rollout data.Rollout
	plan    data.Plan
	rings   []data.Ring
	runs    []data.Run
	hosts   map[data.HostID]data.Host
	foreign bool // open, but neither started nor adopted here as it now stands
	late    late // when it has ended
}

// rows returns the runs in the order a person reads them.
func (s *snapshot) rows(now time.Time) []*runRow {
	out := make([]*runRow, len(s.runs))
	for i, r := range s.runs {
		name := s.hosts[r.Host].Name
		if name == "" {
			name = fmt.Sprintf("host %d, removed", r.Host)
		}
		out[i] = &runRow{Run: r, Name: name, Took: took(r, now)}
	}
	slices.SortStableFunc(out, func(a, b *runRow) int { return cmp.Or(rank(a.Run)-rank(b.Run), a.Ring-b.Ring) })
	return out
}

func (s *snapshot) part(h data.HostID) data.Changes {
	for _, p := range s.plan.Hosts {
		if p.Host == h {
			return p.Changes
		}
	}
	return data.Changes{}
}

// A live is the page of one rollout.
type live struct {
	x      *Screen
	page   *kit.Page
	loads  *kit.Latest
	head   *heading
	strip  *strip
	chips  []*kit.Chip
	search *kit.SearchBar
	grid   *kit.Grid[*runRow]
	detail *detail

	id       data.RolloutID
	snap     *snapshot
	shownAt  time.Time // when elapsed times were last written
	chip     int       // rank shown, below 0 all
	ring     int       // ring shown, 0 all
	selected data.RunID
}

func newLive(x *Screen) *live {
	v := &live{x: x, chip: -1}
	v.head = newHeading()
	v.strip = newStrip(func(ring int) { v.ring = ring; v.filter() })
	v.detail = newDetail(v)
	v.grid = kit.NewGrid(runColumns(x)...)
	v.grid.Noun, v.grid.Nouns = "host", "hosts"
	v.grid.Key = func(r *runRow) any { return r.ID }
	v.grid.OnSelect = v.select1
	v.grid.OnOpen = func(r *runRow) { x.shell.Go(ui.Place{Screen: ui.Hosts, Host: r.Host}) }
	v.grid.Menu = v.menu
	v.grid.OnClearFilter = func() { v.show1(-1); v.strip.choose(0); v.ring = 0 }
	v.search = v.grid.NewSearch("Find a host")
	chips := kit.HBox(6)
	for i, n := range []struct {
		s kit.Status
		t string
	}{{kit.StatusFailed, "Needs you"}, {kit.StatusRunning, "Under way"}, {kit.StatusWaiting, "Waiting"}, {kit.StatusSkipped, "Left out"}, {kit.StatusSucceeded, "Succeeded"}} {
		c := kit.NewChip(n.s, n.t, 0, func(on bool) {
			if !on {
				i = -1
			}
			v.show1(i)
		})
		v.chips = append(v.chips, c)
		chips.Add(c)
	}
	tools := container.NewBorder(nil, nil, nil, chips, kit.Pad(v.search, 0, 0, 0, 12))
	split := container.NewVSplit(kit.Pad(kit.NewSurface(v.grid), 0, 4, 0, 0), kit.Pad(v.detail.object, 4, 0, 0, 0))
	split.SetOffset(0.5)
	content := container.NewBorder(kit.VBox(8, v.head.object, v.strip, kit.Pad(tools, 0, 6, 0, 0)), nil, nil, nil, split)
	v.page = kit.NewPage("Rollout", "", content)
	v.loads = kit.NewLatest(v.page.Fail)
	return v
}

func (v *live) object() fyne.CanvasObject { return v.page }

// open shows a rollout.
func (v *live) open(id data.RolloutID) {
	if v.id != id {
		v.id, v.snap, v.selected = id, nil, 0
		v.page.Clear()
		v.page.SetTitle("Rollout")
		v.page.SetSubtitle("")
		v.page.SetActions(v.x.back())
		v.show1(-1)
		v.ring = 0
		v.strip.choose(0)
		v.detail.show(nil, nil)
		v.search.SetText("")
	}
	v.reload()
}

func (v *live) reload() { v.load(nil) }

// tick asks whether the workspace has changed, and reads the log on.
func (v *live) tick() bool {
	if v.snap == nil {
		return true
	}
	v.load(v.snap)
	v.detail.follow()
	return true
}

// load reads the rollout; of what is known already only what may have changed.
func (v *live) load(known *snapshot) {
	id := v.id
	kit.Load(v.x.shell.Context(), v.loads, func(ctx context.Context) (*snapshot, error) {
		return v.fetch(ctx, id, known)
	}, func(s *snapshot) {
		if s == known && v.x.desk().Now().Sub(v.shownAt) < time.Second {
			return
		}
		if v.snap == nil || v.snap.rollout.State != s.rollout.State {
			v.x.list.reload() // it counts for the sidebar
		}
		v.show(s)
	})
}

func (v *live) fetch(ctx context.Context, id data.RolloutID, known *snapshot) (*snapshot, error) {
	db := v.x.desk().DB
	n, err := db.DataVersion(ctx)
	if err != nil || known != nil && known.version == n {
		return known, err
	}
	s := &snapshot{version: n}
	if s.rollout, err = db.Rollout(ctx, id); err != nil {
		return nil, err
	}
	if s.runs, err = db.Runs(ctx, id); err != nil {
		return nil, err
	}
	if known != nil {
		s.plan, s.rings, s.hosts = known.plan, known.rings, known.hosts
		return s, v.judged(ctx, s)
	}
	if s.plan, err = db.Plan(ctx, s.rollout.Plan); err != nil {
		return nil, err
	}
	s.rings = app.RingsOf(s.plan)
	hosts, err := db.Hosts(ctx)
	s.hosts = make(map[data.HostID]data.Host, len(hosts))
	for _, h := range hosts {
		s.hosts[h.ID] = h
	}
	return s, cmp.Or(err, v.judged(ctx, s))
}

// judged notes whether this computer drives the rollout, and what is overdue
// on its hosts when it has ended.
func (v *live) judged(ctx context.Context, s *snapshot) error {
	if s.rollout.Open() {
		return v.ordered(s)
	}
	verdicts, err := v.x.desk().DB.HostVerdicts(ctx)
	s.late = lateOf(s, verdicts)
	return err
}

// ordered notes whether this computer drives the rollout.
func (v *live) ordered(s *snapshot) error {
	err := v.x.desk().Ordered(s.plan, s.rollout)
	if s.foreign = errors.Is(err, app.ErrNotOrdered); s.foreign {
		return nil
	}
	return err
}

func (v *live) show(s *snapshot) {
	now := v.x.desk().Now()
	fresh := v.snap == nil || v.snap != s
	idle := v.snap == s && tally(s.runs).Active == 0
	v.snap, v.shownAt = s, now
	if idle {
		return // nothing elapses
	}
	t := tally(s.runs)
	v.head.set(s, t)
	v.strip.set(liveStages(s.rollout, s.rings, s.runs, now))
	rows := s.rows(now)
	v.grid.SetRows(rows)
	if fresh {
		var at [5]int
		for _, r := range s.runs {
			at[rank(r)]++
		}
		for i, c := range v.chips {
			c.SetCount(at[i])
		}
		v.page.SetTitle(s.plan.Name)
		v.page.SetSubtitle(origin(s.rollout, now))
		v.setActions(t)
	}
	if v.selected == 0 && len(rows) > 0 {
		v.grid.GoTo(0)
	}
	v.select1()
}

// origin says who started a rollout, when and how.
func origin(r data.Rollout, now time.Time) string {
	s := fmt.Sprintf("Rollout %d · started %s by %s", r.ID, kit.Ago(r.Started, now), r.StartedBy)
	if r.Reason != "" {
		return s + " · outside windows"
	}
	return s + " · inside windows only"
}

// setActions offers what the state allows; the primary button is what a person
// most likely came for.
func (v *live) setActions(t storeTally) {
	r := v.snap.rollout
	objects := []fyne.CanvasObject{v.x.back(),
		kit.NewButton("Show plan", "file-text", func() { v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Plan: r.Plan}) })}
	switch {
	case v.snap.foreign:
		objects = append(objects, kit.NewPrimary("Adopt…", "shield-check", v.adopt).WithTip("Drive it from this computer, with a reason"))
	case r.State == data.RolloutStopped:
		objects = append(objects, kit.NewPrimary("Resume…", "player-play", v.resume))
	case r.Open() && r.State != data.RolloutCancelled:
		objects = append(objects, kit.NewButton("Cancel rollout…", "player-stop", v.cancel))
	}
	v.page.SetActions(objects...)
}

// show1 shows the runs of one rank; below 0 all.
func (v *live) show1(rank int) {
	v.chip = rank
	for i, c := range v.chips {
		c.Set(i == rank)
	}
	v.filter()
}

func (v *live) filter() {
	if v.chip < 0 && v.ring == 0 {
		v.grid.Allow(nil)
		return
	}
	chip, ring := v.chip, v.ring
	v.grid.Allow(func(r *runRow) bool {
		return (chip < 0 || rank(r.Run) == chip) && (ring == 0 || r.Ring == ring)
	})
}

// select1 shows the run the keyboard stands on below the grid.
func (v *live) select1() {
	r, ok := v.grid.Current()
	if !ok || v.snap == nil {
		return
	}
	v.selected = r.ID
	v.detail.show(v.snap, r)
}

func runColumns(x *Screen) []kit.Column[*runRow] {
	return []kit.Column[*runRow]{
		{ID: "host", Title: "Host", Width: 140, Name: true, Text: func(r *runRow) string { return r.Name }},
		{ID: "ring", Title: "Ring", Width: 54, Align: fyne.TextAlignTrailing, Text: func(r *runRow) string { return fmt.Sprint(r.Ring) },
			Compare: func(a, b *runRow) int { return a.Ring - b.Ring }},
		{ID: "state", Title: "State", Width: 118, Status: func(r *runRow) kit.Status { return kit.OfRun(r.Run) },
			Compare: func(a, b *runRow) int {
				return cmp.Or(rank(a.Run)-rank(b.Run), int(kit.OfRun(a.Run))-int(kit.OfRun(b.Run)))
			}},
		{ID: "progress", Title: "Step", Width: 124, Share: func(r *runRow) float64 { return progress(r.Run) }, Text: func(r *runRow) string { return progressText(r.Run) },
			Compare: func(a, b *runRow) int { return cmp.Compare(progress(a.Run), progress(b.Run)) },
			Tip:     func(r *runRow) string { return "Pre-check, install, reboot, post-check, verify by a scan." }},
		{ID: "detail", Title: "What happened", Width: 240, Grow: true, Text: func(r *runRow) string { return r.Detail }},
		{ID: "started", Title: "Started", Width: 96, Muted: true, Text: func(r *runRow) string { return short(r.Started, x.desk().Now()) },
			Compare: func(a, b *runRow) int { return a.Started.Compare(b.Started) }, Tip: func(r *runRow) string { return kit.Exact(r.Started) }},
		{ID: "ended", Title: "Ended", Width: 96, Muted: true, Text: func(r *runRow) string { return short(r.Ended, x.desk().Now()) },
			Compare: func(a, b *runRow) int { return a.Ended.Compare(b.Ended) }, Tip: func(r *runRow) string { return kit.Exact(r.Ended) }},
		{ID: "took", Title: "Took", Width: 72, Align: fyne.TextAlignTrailing, Muted: true, Text: func(r *runRow) string { return r.Took },
			Compare: func(a, b *runRow) int { return cmp.Compare(elapsed(x, a), elapsed(x, b)) }},
		{ID: "until", Title: "Window ends", Width: 116, Muted: true, Hidden: true, Text: func(r *runRow) string { return stamp(r.Deadline) },
			Compare: func(a, b *runRow) int { return a.Deadline.Compare(b.Deadline) }},
		{ID: "attempt", Title: "Attempt", Width: 80, Hidden: true, Align: fyne.TextAlignTrailing, Text: func(r *runRow) string { return fmt.Sprint(r.Attempt) }},
	}
}

func elapsed(x *Screen, r *runRow) time.Duration {
	switch {
	case r.Started.IsZero():
		return 0
	case r.Ended.IsZero():
		return x.desk().Now().Sub(r.Started)
	}
	return r.Ended.Sub(r.Started)
}
