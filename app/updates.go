package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// An UpdateRow is one update and the hosts that lack it.
type UpdateRow struct {
	Name       string
	Title      string
	Keys       []string // data.Update.Key of each architecture, for a PlanRequest
	Class      data.Class
	Severity   data.Severity // the worst that any host's source names
	Available  []string      // versions offered, as platforms write them
	Origins    []string
	Advisories []string
	CVEs       []string
	Hosts      []data.HostID // ascending, each once
	Counts     map[data.Compliance]int
	Compliance data.Compliance // the worst
	Due        time.Time       // earliest; zero: none
	FirstSeen  time.Time       // when the earliest clock started
	Held       int             // hosts that hold it
	Phased     int             // hosts whose turn the vendor has not called yet
	KeptBack   int             // hosts where it needs packages added or removed
	Waiting    int             // hosts where it is installed and waits for a reboot
	Released   time.Time       // earliest; zero: no source says
}

// Updates returns what is missing, one row a name, the worst and most urgent
// first.
func (d *Desk) Updates(ctx context.Context) ([]UpdateRow, error) {
	rows := map[string]*UpdateRow{}
	err := d.EachVerdict(ctx, func(h data.Host, v data.Verdict) {
		r := rows[v.Update.Name]
		if r == nil {
			r = &UpdateRow{Name: v.Update.Name, Title: v.Update.Title, Class: v.Update.Class, Compliance: data.Compliant, Counts: map[data.Compliance]int{}}
			rows[v.Update.Name] = r
		}
		r.add(h.ID, v)
	})
	if err != nil {
		return nil, err
	}
	out := make([]UpdateRow, 0, len(rows))
	for _, r := range rows {
		slices.Sort(r.Hosts)
		r.Hosts = slices.Compact(r.Hosts)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b UpdateRow) int {
		return cmp.Or(cmp.Compare(worse(a.Compliance), worse(b.Compliance)), compareDue(a.Due, b.Due),
			cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

// A HostUpdate is one update on one host that lacks it, judged.
type HostUpdate struct {
	Host    data.Host
	Verdict data.Verdict
}

// UpdateVerdicts judges what all hosts lack of one name, with reasons, in the
// order of the hosts' names. It costs a fixed number of queries.
func (d *Desk) UpdateVerdicts(ctx context.Context, name string) ([]HostUpdate, error) {
	f, err := d.Docket(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.DB.MissingNamed(ctx, name)
	if err != nil {
		return nil, err
	}
	missing := map[data.HostID][]data.Missing{}
	for _, m := range all {
		missing[m.Host] = append(missing[m.Host], m)
	}
	now := d.Now().UTC()
	m := f.measure(now)
	var out []HostUpdate
	for _, h := range f.Hosts {
		if len(missing[h.ID]) == 0 {
			continue
		}
		verdicts, _ := m.All(f.subject(h, missing[h.ID]), now)
		for _, v := range verdicts {
			out = append(out, HostUpdate{h, v})
		}
	}
	return out, nil
}

// compareDue puts no deadline last.
func compareDue(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case earlier(a, b):
		return -1
	}
	return 1
}

func (r *UpdateRow) add(h data.HostID, v data.Verdict) {
	u := v.Update
	r.Hosts = append(r.Hosts, h)
	r.Counts[v.Compliance]++
	if worse(v.Compliance) < worse(r.Compliance) {
		r.Compliance = v.Compliance
	}
	if earlier(v.Due, r.Due) && v.Compliance != data.Excepted {
		r.Due = v.Due
	}
	if earlier(v.Since, r.FirstSeen) {
		r.FirstSeen = v.Since
	}
	if u.Severity.Rank() > r.Severity.Rank() {
		r.Severity = u.Severity
	}
	if classUrgency(u.Class) > classUrgency(r.Class) {
		r.Class = u.Class
	}
	switch u.Hold {
	case data.Held:
		r.Held++
	case data.Phased:
		r.Phased++
	case data.KeptBack:
		r.KeptBack++
	case data.WaitsForReboot:
		r.Waiting++
	}
	if earlier(u.Released, r.Released) {
		r.Released = u.Released
	}
	r.Keys = with(r.Keys, u.Key())
	r.Available = with(r.Available, u.Available)
	r.Origins = with(r.Origins, u.Origin)
	for _, a := range u.Advisories {
		r.Advisories = with(r.Advisories, a)
	}
	for _, c := range u.CVEs {
		r.CVEs = with(r.CVEs, c)
	}
}

// classUrgency puts what is judged like security before the rest.
func classUrgency(c data.Class) int {
	switch c {
	case data.Security:
		return 2
	case data.ClassUnknown:
		return 1
	}
	return 0
}

// with keeps a short list sorted and distinct.
func with(list []string, s string) []string {
	if s == "" {
		return list
	}
	i, found := slices.BinarySearch(list, s)
	if found {
		return list
	}
	return slices.Insert(list, i, s)
}

// VersionsText lists versions for people to read, each wording once.
func VersionsText(versions []string) string {
	var out []string
	for _, v := range versions {
		out = with(out, data.VersionText(v))
	}
	return strings.Join(out, ", ")
}
