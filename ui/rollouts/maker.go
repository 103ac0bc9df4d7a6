package rollouts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

const plainColor = theme.ColorNameForeground

// What a plan brings in.
const (
	allMissing   = "All missing"
	onlySecurity = "Security"
	handPicked   = "Chosen"
	onlyReboot   = "Only a reboot"
)

// A wish is what is to be chosen once the stock is read.
type wish struct {
	hosts  []data.HostID
	group  data.GroupID
	keys   []string
	named  []string // of keys: those chosen one by one, though an exception may leave them out
	reboot bool     // and no updates
}

// A maker is the page on which a plan is made: what and where, then how, then
// the hosts are asked and the preview is shown.
type maker struct {
	x       *Screen
	page    *kit.Page
	loads   *kit.Latest
	body    *fyne.Container
	hosts   *hostPicker
	updates *updatePicker
	how     *how
	first   fyne.CanvasObject

	stock  *stock
	second bool // the second step is shown
	asking bool
	want   wish
}

func newMaker(x *Screen) *maker {
	m := &maker{x: x}
	m.hosts = newHostPicker(m)
	m.updates = newUpdatePicker(m)
	m.how = newHow(m)
	split := container.NewHSplit(kit.Pad(m.hosts.object, 0, 0, 0, 4), kit.Pad(m.updates.object, 0, 0, 4, 0))
	split.SetOffset(0.43)
	m.first = split
	m.body = container.NewStack(m.first)
	m.page = kit.NewPage("New plan", "", m.body)
	m.loads = kit.NewLatest(m.page.Fail)
	return m
}

func (m *maker) object() fyne.CanvasObject { return m.page }

// begin starts a new plan with hosts, a group, updates or a reboot chosen already.
func (m *maker) begin(w wish) {
	m.want = w
	m.want.named = w.keys
	m.how.reset()
	m.page.Clear()
	m.stock = nil
	m.step(false)
	m.load()
}

func (m *maker) reload() {
	if m.stock != nil { // keep what is chosen
		m.want = wish{hosts: idsOf(m.hosts.grid.Picked()), reboot: m.rebootOnly()}
		if m.updates.mode.Chosen() == handPicked {
			m.want.keys, m.want.named = keysOf(m.updates.grid.Picked()), m.updates.byName()
		}
	}
	m.load()
}

func (m *maker) tick() bool { return true }

func (m *maker) load() {
	kit.Load(m.x.shell.Context(), m.loads, func(ctx context.Context) (*stock, error) {
		return readStock(ctx, m.x.desk())
	}, func(s *stock) {
		m.stock = s
		m.hosts.show(s, m.want.hosts, m.want.group, m.want.keys)
		m.updates.begin(m.want)
		m.changed()
	})
}

// changed follows another choice of hosts.
func (m *maker) changed() {
	if m.stock == nil {
		return
	}
	hosts := m.hosts.grid.Picked()
	title, text := nothing(hosts)
	m.updates.grid.SetEmpty(kit.NewEmptyState("package", title, text, nil))
	m.updates.show(m.stock.missing(hosts))
	m.head()
}

// nothing says why no update is listed for the chosen hosts. What was never
// scanned, or is not to be trusted, proves nothing.
func nothing(chosen []*hostRow) (title, text string) {
	unknown := 0
	for _, h := range chosen {
		if s, _ := h.readiness(); s == kit.StatusUnknown {
			unknown++
		}
	}
	switch {
	case len(chosen) == 0:
		return "No host is chosen", "Choose hosts on the left; what they lack by their newest scan is listed here."
	case unknown > 0:
		return "What the chosen hosts lack is not known", kit.Count(unknown, "of them is unknown: scan it first.", "of them are unknown: scan them first.")
	}
	return "Nothing is missing on the chosen hosts", "Their newest scans found no update."
}

// head says what is chosen, and offers the next step.
func (m *maker) head() {
	n, u := len(m.hosts.grid.Picked()), len(m.updates.grid.Picked())
	m.page.SetTitle("New plan")
	objects := []fyne.CanvasObject{m.x.back()}
	what := kit.Count(n, "host", "hosts") + ", " + kit.Count(u, "update", "updates")
	if m.rebootOnly() {
		what = kit.Count(n, "host", "hosts") + ", a reboot and no updates"
	}
	if !m.second {
		m.page.SetSubtitle("Step 1 of 3, what and where: " + what)
		next := kit.NewPrimary("Next: how", "arrow-right", m.next).WithTip("Rings, limits and reboots (Ctrl+Enter)")
		if !m.complete() {
			next.Disable()
		}
		m.page.SetActions(append(objects, next)...)
		return
	}
	m.page.SetSubtitle("Step 2 of 3, how: " + what)
	ask := kit.NewPrimary("Ask the hosts", "arrow-right", m.ask).WithTip("Each host's own update system says exactly what would happen; nothing is changed (Ctrl+Enter)")
	if m.asking {
		ask.SetText("Asking…")
		ask.Disable()
	}
	m.page.SetActions(append(objects, kit.NewButton("Back", "chevron-left", func() { m.step(false) }), ask)...)
}

func (m *maker) step(second bool) {
	m.second = second
	m.body.Objects = []fyne.CanvasObject{m.first}
	if second {
		m.body.Objects = []fyne.CanvasObject{m.how.object}
	}
	m.body.Refresh()
	m.head()
	if second {
		m.x.shell.Window().Canvas().Focus(m.how.parallel) // what was focused is not shown any more
	}
}

// rebootOnly reports whether the plan is to bring nothing in.
func (m *maker) rebootOnly() bool { return m.updates.mode.Chosen() == onlyReboot }

// complete reports whether hosts are chosen, and what is to be done to them.
func (m *maker) complete() bool {
	return len(m.hosts.grid.Picked()) > 0 && (m.rebootOnly() || len(m.updates.grid.Picked()) > 0)
}

func (m *maker) next() {
	if !m.complete() {
		return
	}
	m.how.begin(m.hosts.grid.Picked(), m.updates.what())
	m.step(true)
}

func (m *maker) forward() {
	if m.second {
		m.ask()
	} else {
		m.next()
	}
}

func (m *maker) actions() []ui.Action {
	return []ui.Action{
		{Title: "Go on with this plan", Hint: "The next step of making it.", Icon: "arrow-right", Key: fyne.KeyReturn, Modifier: ui.Ctrl, Do: m.forward, Enabled: func() bool { return m.stock != nil && !m.asking }},
		{Title: "Choose the hosts that are overdue", Icon: "f-alert-triangle", Do: m.hosts.overdue, Enabled: func() bool { return m.stock != nil && !m.second }},
	}
}

// request is what the desk is asked to plan.
func (m *maker) request() (app.PlanRequest, error) {
	req, err := m.how.request()
	req.Hosts = idsOf(m.hosts.grid.Picked())
	req.Terms = data.TermsAsked // the preview asks
	switch m.updates.mode.Chosen() {
	case onlySecurity:
		req.Classes = []data.Class{data.Security, data.ClassUnknown}
	case handPicked:
		req.Keys, req.ByName = keysOf(m.updates.grid.Picked()), m.updates.byName()
	case onlyReboot:
		req.RebootOnly, req.KeptBack, req.Remove = true, false, false
	}
	return req, err
}

// ask lets every host say what bringing the updates in would do.
func (m *maker) ask() {
	req, err := m.request()
	if err != nil || m.asking || !m.how.form.Valid() {
		return
	}
	m.asking = true
	m.page.Clear()
	m.head()
	var made *draft
	m.x.shell.Start(kit.Job{
		Title: "Plan for " + kit.Count(len(req.Hosts), "host", "hosts"),
		Do: func(ctx context.Context, report func(kit.Progress)) (string, error) {
			done := 0 // MakePlan tells of one host at a time
			p, notes, err := m.x.desk().MakePlan(ctx, req, func(h data.Host) {
				done++
				report(kit.Progress{Done: done, Total: len(req.Hosts), Note: h.Name + " has answered"})
			})
			if err != nil && !errors.Is(err, app.ErrNothingToDo) && !errors.Is(err, app.ErrAllLeftOut) {
				return "", err
			}
			made = &draft{plan: p}
			return fmt.Sprintf("%s planned, %s", kit.Count(len(p.Hosts), "host", "hosts"), kit.Count(len(notes), "thing left out", "things left out")), nil
		},
		Then: func(err error) { m.asked(made, err) },
	})
}

func (m *maker) asked(made *draft, err error) {
	m.asking = false
	m.head()
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			m.page.Fail(err)
		}
		return
	}
	m.x.draft = made
	if m.x.now != view(m.x.maker) || m.x.shell.Here().Screen != ui.Rollouts {
		m.x.shell.Say(kit.StatusSucceeded, "The plan is ready: open it in Rollouts.", nil)
		return
	}
	m.x.plan.openDraft(made)
	m.x.show(m.x.plan)
}

func idsOf(hosts []*hostRow) []data.HostID {
	out := make([]data.HostID, len(hosts))
	for i, h := range hosts {
		out[i] = h.ID
	}
	return out
}

func keysOf(updates []*updateRow) []string {
	out := make([]string, len(updates))
	for i, u := range updates {
		out[i] = u.Key
	}
	return out
}

// A hostPicker is the list of hosts to pick from.
type hostPicker struct {
	m      *maker
	object fyne.CanvasObject
	grid   *kit.Grid[*hostRow]
	search *kit.SearchBar
	group  *kit.Select
	last   []data.HostID // picked when it was last followed
	quiet  bool          // picks are being set by the program
}

const everyGroup = "All groups"

func newHostPicker(m *maker) *hostPicker {
	p := &hostPicker{m: m}
	p.grid = kit.NewGrid(hostColumns(func() time.Time { return m.x.desk().Now() })...)
	p.grid.Picking()
	p.grid.Noun, p.grid.Nouns = "host", "hosts"
	p.grid.Key = func(h *hostRow) any { return h.ID }
	p.grid.OnSelect = func() {
		if now := idsOf(p.grid.Picked()); !p.quiet && !slices.Equal(now, p.last) { // moving picks nothing
			p.last = now
			m.changed()
		}
	}
	p.grid.SetEmpty(kit.NewEmptyState("server", "No hosts yet", "Add or import hosts first, and scan them.", kit.NewButton("Go to Hosts", "server", func() { m.x.shell.Go(ui.Place{Screen: ui.Hosts}) })))
	p.grid.OnClearFilter = func() { p.group.Choose(everyGroup) }
	p.search = p.grid.NewSearch("Find a host")
	p.group = kit.NewSelect([]string{everyGroup}, everyGroup, "", func(string) { p.allow() })
	tools := container.NewBorder(nil, nil, nil, kit.HBox(6, p.group, kit.NewButton("Overdue", "", p.overdue).WithTip("Choose every host with overdue updates"),
		kit.NewButton("All shown", "", p.grid.SelectAll), kit.NewButton("None", "", p.grid.ClearSelection)), kit.Pad(p.search, 0, 0, 0, 6))
	p.object = container.NewBorder(kit.Pad(tools, 0, 8, 0, 0), kit.Pad(p.grid.Footer(), 8, 0, 0, 0), nil, nil, kit.NewSurface(p.grid))
	return p
}

func (p *hostPicker) allow() {
	g := p.group.Chosen()
	if g == everyGroup {
		p.grid.Allow(nil)
		return
	}
	p.grid.Allow(func(h *hostRow) bool { return h.GroupName == g })
}

// overdue picks the hosts with something overdue, besides what is picked.
func (p *hostPicker) overdue() {
	picked := map[data.HostID]bool{}
	for _, h := range p.grid.Picked() {
		picked[h.ID] = true
	}
	p.grid.Select(func(h *hostRow) bool { return picked[h.ID] || h.Verdict.Counts[data.Overdue] > 0 })
}

// show lists the hosts and picks those asked for: by ID, by group, or all that
// lack one of the updates.
func (p *hostPicker) show(s *stock, ids []data.HostID, group data.GroupID, keys []string) {
	names := []string{everyGroup}
	for _, g := range s.agenda.Groups {
		names = append(names, g.Name)
	}
	p.group.SetOptions(names)
	p.quiet = true
	p.grid.SetRows(s.hosts)
	if len(ids) > 0 || group != 0 || len(keys) > 0 {
		p.grid.Select(func(h *hostRow) bool {
			switch {
			case len(ids) > 0:
				return slices.Contains(ids, h.ID)
			case group != 0:
				return h.Group == group
			}
			return slices.ContainsFunc(s.lacks[h.ID], func(l lack) bool { return asked(s.updates[l.update].Key, keys) })
		})
	}
	p.quiet = false
	p.last = idsOf(p.grid.Picked())
}

// An updatePicker is the list of what the chosen hosts lack.
type updatePicker struct {
	m      *maker
	object fyne.CanvasObject
	grid   *kit.Grid[*updateRow]
	mode   *kit.Segmented
	picked map[string]bool // by hand
	named  map[string]bool // ticked one by one
	quiet  bool
}

func newUpdatePicker(m *maker) *updatePicker {
	p := &updatePicker{m: m}
	p.grid = kit.NewGrid(updateColumns(func() time.Time { return m.x.desk().Now() })...)
	p.grid.Picking()
	p.grid.Noun, p.grid.Nouns = "update", "updates"
	p.grid.OnSelect = p.byHand
	search := p.grid.NewSearch("Find an update")
	p.mode = kit.NewSegmented([]string{allMissing, onlySecurity, handPicked, onlyReboot}, allMissing, func(string) {
		if !p.quiet {
			p.apply()
			p.m.head()
		}
	})
	tools := container.NewBorder(nil, nil, nil, p.mode, kit.Pad(search, 0, 0, 0, 6))
	p.object = container.NewBorder(kit.Pad(tools, 0, 8, 0, 0), kit.Pad(p.grid.Footer(), 8, 0, 0, 0), nil, nil, kit.NewSurface(p.grid))
	return p
}

// begin starts with all updates, with those asked for by key or by name, or with
// none where there is only to be a reboot.
func (p *updatePicker) begin(w wish) {
	p.picked, p.named = map[string]bool{}, map[string]bool{}
	mode := allMissing
	if w.reboot {
		mode = onlyReboot
	}
	if len(w.keys) > 0 {
		mode = handPicked
		for _, u := range p.m.stock.updates {
			p.picked[u.Key], p.named[u.Key] = asked(u.Key, w.keys), asked(u.Key, w.named)
		}
	}
	p.quiet = true
	p.mode.Choose(mode)
	p.quiet = false
}

func (p *updatePicker) show(rows []*updateRow) {
	p.quiet = true
	p.grid.SetRows(rows)
	p.quiet = false
	p.apply()
}

// wants reports whether the mode brings an update in.
func (p *updatePicker) wants(u *updateRow) bool {
	switch p.mode.Chosen() {
	case onlySecurity:
		return u.security() && !u.leftOut()
	case handPicked:
		return p.picked[u.Key]
	case onlyReboot:
		return false
	}
	return !u.leftOut()
}

// byName returns what is picked because a person ticked it, or asked for it
// before the list was shown. That goes in in spite of an exception; what another
// way of choosing had ticked does not.
func (p *updatePicker) byName() []string {
	return slices.DeleteFunc(keysOf(p.grid.Picked()), func(key string) bool { return !p.named[key] })
}

func (p *updatePicker) apply() {
	p.quiet = true
	p.grid.Select(p.wants)
	p.quiet = false
}

// byHand notices that a person picked something else than the mode does.
func (p *updatePicker) byHand() {
	if p.quiet {
		return
	}
	now := map[string]bool{}
	for _, u := range p.grid.Picked() {
		now[u.Key] = true
	}
	same := true
	for i := range p.m.shownUpdates() {
		u := p.grid.At(i)
		same = same && now[u.Key] == p.wants(u)
		if now[u.Key] != p.wants(u) {
			p.named[u.Key] = now[u.Key]
		}
	}
	if same {
		return
	}
	p.picked = now
	p.quiet = true
	p.mode.Choose(handPicked)
	p.quiet = false
	p.m.head()
}

func (m *maker) shownUpdates() int {
	_, shown := m.updates.grid.Rows()
	return shown
}

// asked reports whether an update was asked for, by its key or by its name alone.
func asked(key string, keys []string) bool {
	name, _, _ := strings.Cut(key, ":")
	return slices.Contains(keys, key) || slices.Contains(keys, name)
}

// what names the choice in a plan's name.
func (p *updatePicker) what() string {
	switch p.mode.Chosen() {
	case onlySecurity:
		return "Security updates"
	case onlyReboot:
		return "Reboot"
	case handPicked:
		if u := p.grid.Picked(); len(u) == 1 {
			return u[0].Key
		}
		return "Chosen updates"
	}
	return "All updates"
}
