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
	if u.Hold == data.Held {
		r.Held++
	}
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
