package rollouts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A stock is what a plan can be made of: hosts, and what each lacks.
type stock struct {
	agenda  app.Agenda
	hosts   []*hostRow
	updates []*updateRow // every missing update, by key
	lacks   map[data.HostID][]lack
	groups  map[data.GroupID]string   // names
	byID    map[data.HostID]data.Host // the inventory
}

// A hostRow is a host that may be planned for.
type hostRow struct {
	data.Host
	GroupName string
	Verdict   data.HostVerdict
	Judged    bool
}

// missing counts what the newest scan found; of a host without one it is not known.
func (h *hostRow) missing() string {
	if !h.Judged || h.Verdict.ScanAt.IsZero() {
		return "–"
	}
	return kit.Number(h.Verdict.Missing)
}

// missingTint mutes a figure that proves nothing.
func (h *hostRow) missingTint() colorName {
	if s, _ := h.readiness(); s == kit.StatusUnknown {
		return kit.ColorMuted
	}
	return plainColor
}

// An updateRow is an update that some host lacks.
type updateRow struct {
	Key      string
	Title    string // of the first host; empty where the name says it all
	Class    data.Class
	Severity data.Severity
	Hold     data.Hold // of the first host

	// Of the chosen hosts only: what is overdue elsewhere says nothing of them.
	Due   time.Time // earliest
	Worst data.Compliance
	Hosts int
	Off   int // on so many of them an exception leaves it out
}

// leftOut reports whether an exception leaves the update out on all chosen hosts.
func (u *updateRow) leftOut() bool { return u.Hosts > 0 && u.Off == u.Hosts }

// A lack is an update that one host lacks, and how it stands there.
type lack struct {
	update     int32 // position in stock.updates
	compliance data.Compliance
	due        time.Time
}

// security reports what a plan of security updates brings in: a class that the
// source does not tell counts, as everywhere.
func (u *updateRow) security() bool { return u.Class == data.Security || u.Class == data.ClassUnknown }

func readStock(ctx context.Context, d *app.Desk) (*stock, error) {
	agenda, err := readAgenda(ctx, d)
	if err != nil {
		return nil, err
	}
	verdicts, err := d.DB.HostVerdicts(ctx)
	if err != nil {
		return nil, err
	}
	s := &stock{agenda: agenda, lacks: map[data.HostID][]lack{}, groups: map[data.GroupID]string{}, byID: map[data.HostID]data.Host{}}
	for _, g := range agenda.Groups {
		s.groups[g.ID] = g.Name
	}
	of := map[data.HostID]data.HostVerdict{}
	for _, v := range verdicts {
		of[v.Host] = v
	}
	for _, h := range agenda.Hosts {
		v, judged := of[h.ID]
		s.byID[h.ID] = h
		s.hosts = append(s.hosts, &hostRow{Host: h, GroupName: s.groups[h.Group], Verdict: v, Judged: judged})
	}
	at := map[string]int32{}
	err = d.EachVerdict(ctx, func(h data.Host, v data.Verdict) { s.add(at, h.ID, v) })
	return s, err
}

func (s *stock) add(at map[string]int32, h data.HostID, v data.Verdict) {
	key := v.Update.Key()
	i, known := at[key]
	if !known {
		i = int32(len(s.updates))
		at[key] = i
		s.updates = append(s.updates, &updateRow{Key: key, Title: v.Update.Title, Class: v.Update.Class, Hold: v.Update.Hold})
	}
	u := s.updates[i]
	if v.Update.Severity.Rank() > u.Severity.Rank() {
		u.Severity = v.Update.Severity
	}
	if v.Update.Class == data.Security {
		u.Class = data.Security
	}
	s.lacks[h] = append(s.lacks[h], lack{update: i, compliance: v.Compliance, due: v.Due})
}

func urgency(c data.Compliance) int {
	return slices.Index([]data.Compliance{data.Overdue, data.Unknown, data.DueSoon, data.Excepted, data.Compliant}, c)
}

// missing returns the updates that the chosen hosts lack, the most urgent first.
func (s *stock) missing(hosts []*hostRow) []*updateRow {
	rows := make([]*updateRow, len(s.updates)) // nil: none of them lacks it
	var out []*updateRow
	for _, h := range hosts {
		for _, l := range s.lacks[h.ID] {
			u := rows[l.update]
			if u == nil {
				copied := *s.updates[l.update]
				u = &copied
				u.Worst = l.compliance
				rows[l.update], out = u, append(out, u)
			}
			u.Hosts++
			if l.compliance == data.Excepted {
				u.Off++
			}
			if urgency(l.compliance) < urgency(u.Worst) {
				u.Worst = l.compliance
			}
			if !l.due.IsZero() && (u.Due.IsZero() || l.due.Before(u.Due)) {
				u.Due = l.due
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *updateRow) int {
		return cmp.Or(urgency(a.Worst)-urgency(b.Worst), b.Severity.Rank()-a.Severity.Rank(), strings.Compare(a.Key, b.Key))
	})
	return out
}

// readiness says whether a host's scan lets it be planned for.
func (h *hostRow) readiness() (kit.Status, string) {
	switch {
	case !h.Judged || h.Verdict.ScanAt.IsZero():
		return kit.StatusUnknown, "Never scanned"
	}
	s := kit.OfCompliance(h.Verdict.Compliance)
	return s, s.Word()
}

// ringOf is the ring a host goes in: hosts without one go last.
func ringOf(h data.Host, last int) int {
	if h.Ring == 0 {
		return last
	}
	return h.Ring
}

// lastRing is the highest ring named.
func lastRing(hosts []*hostRow) int {
	last := 1
	for _, h := range hosts {
		last = max(last, h.Ring)
	}
	return last
}

// sketch is a plan without packages, to see when its hosts would be reached.
func sketch(hosts []*hostRow, rings []data.Ring, parallel int) data.Plan {
	p := data.Plan{Rings: rings, Parallel: parallel}
	last := lastRing(hosts)
	for _, h := range hosts {
		p.Hosts = append(p.Hosts, data.PlanHost{Host: h.ID, Ring: ringOf(h.Host, last)})
	}
	slices.SortStableFunc(p.Hosts, func(a, b data.PlanHost) int { return a.Ring - b.Ring })
	return p
}

// obstacles names the hosts that are never reached, once for each reason.
func obstacles(slots []app.Slot, hosts map[data.HostID]data.Host) []string {
	var whys []string
	names := map[string][]string{}
	for _, s := range slots {
		if !s.Start.IsZero() || strings.HasPrefix(s.Why, "ring ") { // what only waits for another ring is told there
			continue
		}
		if names[s.Why] == nil {
			whys = append(whys, s.Why)
		}
		names[s.Why] = append(names[s.Why], hosts[s.Host].Name)
	}
	out := make([]string, len(whys))
	for i, why := range whys {
		is := " is "
		if len(names[why]) > 1 {
			is = " are "
		}
		out[i] = list3(names[why]) + is + why
	}
	return out
}

// planName is what a plan is called until a person says otherwise.
func planName(what string, hosts []*hostRow, now time.Time) string {
	where := kit.Count(len(hosts), "host", "hosts")
	if len(hosts) == 1 {
		where = hosts[0].Name
	} else if len(hosts) > 1 && hosts[0].GroupName != "" &&
		!slices.ContainsFunc(hosts, func(h *hostRow) bool { return h.Group != hosts[0].Group }) {
		where = hosts[0].GroupName
	}
	return fmt.Sprintf("%s on %s, %s", what, where, now.Local().Format("2 Jan 2006"))
}

func hostColumns(now func() time.Time) []kit.Column[*hostRow] {
	plain := func(*hostRow) colorName { return plainColor }
	return []kit.Column[*hostRow]{
		{ID: "host", Title: "Host", Width: 150, Grow: true, Name: true, Text: func(h *hostRow) string { return h.Name }, Tint: plain},
		{ID: "group", Title: "Group", Width: 104, Text: func(h *hostRow) string { return h.GroupName }},
		{ID: "ring", Title: "Ring", Width: 50, Align: alignRight, Text: func(h *hostRow) string {
			if h.Ring == 0 {
				return "–"
			}
			return fmt.Sprint(h.Ring)
		}},
		{ID: "state", Title: "Stands", Width: 132, Status: func(h *hostRow) kit.Status { s, _ := h.readiness(); return s },
			Text: func(h *hostRow) string { _, w := h.readiness(); return w }, Tip: func(h *hostRow) string { return h.Verdict.Because },
			Compare: func(a, b *hostRow) int { return urgency(a.Verdict.Compliance) - urgency(b.Verdict.Compliance) }},
		{ID: "missing", Title: "Missing", Width: 72, Align: alignRight, Text: (*hostRow).missing, Tint: (*hostRow).missingTint,
			Compare: func(a, b *hostRow) int { return a.Verdict.Missing - b.Verdict.Missing }},
		{ID: "scan", Title: "Scanned", Width: 90, Muted: true, Hidden: true, Text: func(h *hostRow) string { return kit.Ago(h.Verdict.ScanAt, now()) },
			Compare: func(a, b *hostRow) int { return a.Verdict.ScanAt.Compare(b.Verdict.ScanAt) }},
	}
}

// label names an update, with its title where the name says little.
func (u *updateRow) label() string {
	if u.Title == "" {
		return u.Key
	}
	return u.Key + " · " + u.Title
}

func updateColumns(now func() time.Time) []kit.Column[*updateRow] {
	plain := func(*updateRow) colorName { return plainColor }
	return []kit.Column[*updateRow]{
		{ID: "update", Title: "Update", Width: 150, Grow: true, Titled: true, Text: (*updateRow).label, Tip: (*updateRow).label, Tint: plain},
		{ID: "severity", Title: "Severity", Width: 98, Status: func(u *updateRow) kit.Status { return kit.OfSeverity(u.Severity) },
			Compare: func(a, b *updateRow) int { return b.Severity.Rank() - a.Severity.Rank() }},
		{ID: "class", Title: "Class", Width: 74, Text: func(u *updateRow) string { return or(string(u.Class), "unknown") }},
		{ID: "hosts", Title: "Hosts", Width: 60, Align: alignRight, Text: func(u *updateRow) string { return kit.Number(u.Hosts) },
			Compare: func(a, b *updateRow) int { return a.Hosts - b.Hosts }},
		{ID: "due", Title: "Due", Width: 132, Status: func(u *updateRow) kit.Status { return kit.OfCompliance(u.Worst) }, Text: func(u *updateRow) string { return kit.Due(u.Due, now()) },
			Compare: func(a, b *updateRow) int { return a.Due.Compare(b.Due) }},
		{ID: "hold", Title: "Held", Width: 90, Hidden: true, Status: func(u *updateRow) kit.Status { return kit.OfHold(u.Hold) }},
	}
}
