package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// A Docket is what the workspace knows for judging, but for the missing updates,
// which are read host by host.
type Docket struct {
	Hosts      []data.Host
	Standards  []data.Standard
	scans      map[data.HostID]data.Scan
	pending    map[data.HostID]time.Time
	exceptions map[data.HostID][]data.Exception // those for every host under 0
	measures   map[int]*Measure                 // by version
}

// Docket reads what judging needs, in a fixed number of queries.
func (d *Desk) Docket(ctx context.Context) (*Docket, error) {
	f, err := d.newDocket(ctx)
	if err == nil {
		err = firstOf(
			func() (err error) { f.Hosts, err = d.DB.Hosts(ctx); return },
			func() (err error) { f.scans, err = d.DB.LatestScans(ctx); return },
			func() (err error) { f.pending, err = d.DB.RebootSince(ctx, 0); return },
		)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is to be judged: %w", err)
	}
	return f, nil
}

// newDocket returns one that knows the standards and exceptions.
func (d *Desk) newDocket(ctx context.Context) (*Docket, error) {
	standards, err := d.DB.Standards(ctx)
	if err != nil {
		return nil, err
	}
	exceptions, err := d.DB.Exceptions(ctx)
	if err != nil {
		return nil, err
	}
	return newDocket(standards, exceptions), nil
}

func newDocket(standards []data.Standard, exceptions []data.Exception) *Docket {
	f := &Docket{Standards: standards, exceptions: map[data.HostID][]data.Exception{}, measures: map[int]*Measure{}}
	for _, e := range exceptions {
		f.exceptions[e.Host] = append(f.exceptions[e.Host], e)
	}
	return f
}

func firstOf(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Standard returns the version in force at t; none is version 0.
func (f *Docket) Standard(t time.Time) data.Standard {
	var found data.Standard
	for _, s := range f.Standards {
		if !s.ValidFrom.After(t) && s.Version > found.Version {
			found = s
		}
	}
	return found
}

// nextStandard returns when the standard changes next after t; zero: it does not.
func (f *Docket) nextStandard(t time.Time) time.Time {
	var next time.Time
	for _, s := range f.Standards {
		if s.ValidFrom.After(t) && earlier(s.ValidFrom, next) {
			next = s.ValidFrom
		}
	}
	return next
}

func (f *Docket) measure(t time.Time) *Measure {
	s := f.Standard(t)
	m := f.measures[s.Version]
	if m == nil {
		m = NewMeasure(s)
		f.measures[s.Version] = m
	}
	return m
}

func (f *Docket) subject(h data.Host, missing []data.Missing) Subject {
	all, own := f.exceptions[0], f.exceptions[h.ID]
	if h.ID != 0 && len(own) > 0 {
		all = slices.Concat(all, own)
	}
	return Subject{Host: h, Scan: f.scans[h.ID], Missing: missing, Exceptions: all, RebootSince: f.pending[h.ID]}
}

// judge judges a host at now.
func (f *Docket) judge(s Subject, now time.Time) data.HostVerdict {
	v := f.measure(now).Host(s, now)
	if next := f.nextStandard(now); earlier(next, v.ValidUntil) {
		v.ValidUntil = next
	}
	return v
}

// maxSteps bounds how many past changes of a verdict are made up for.
const maxSteps = 200

// since judges a host at each moment at which its stored verdict changed by
// itself while nobody looked, and now, and returns the last verdict with the
// points of its history. A desk that was off for a month so shows a host as
// unknown from the day its scan grew old, and not from today.
func (f *Docket) since(old data.HostVerdict, s Subject, now time.Time) (data.HostVerdict, []data.Point) {
	var points []data.Point
	prev := old
	if old.ScanAt.Equal(s.Scan.At) && !old.ValidUntil.IsZero() {
		for at, n := old.ValidUntil, 0; at.Before(now) && !at.IsZero() && n < maxSteps; n++ {
			v := f.judge(s, at)
			if differs(v, prev) {
				points = append(points, point(v, at))
			}
			prev, at = v, v.ValidUntil
		}
	}
	v := f.judge(s, now)
	if differs(v, prev) {
		points = append(points, point(v, now))
	}
	return v, points
}

func differs(a, b data.HostVerdict) bool {
	return a.Compliance != b.Compliance || a.Missing != b.Missing || a.Counts[data.Overdue] != b.Counts[data.Overdue]
}

func point(v data.HostVerdict, at time.Time) data.Point {
	return data.Point{Host: v.Host, At: at, Compliance: v.Compliance, Missing: v.Missing, Overdue: v.Counts[data.Overdue]}
}

// Refresh judges anew every host whose stored verdict no longer holds: its
// time has come, the standard changed, a scan was saved and not judged, or
// there is none. It returns how many. After it, the stored verdicts are what a
// screen may show until the earliest ValidUntil.
func (d *Desk) Refresh(ctx context.Context) (int, error) {
	return d.rejudge(ctx, nil)
}

// rejudge judges the hosts, and all whose verdict no longer holds.
func (d *Desk) rejudge(ctx context.Context, forced []data.HostID) (int, error) {
	f, err := d.Docket(ctx)
	if err != nil {
		return 0, err
	}
	stored, err := d.DB.HostVerdicts(ctx)
	if err != nil {
		return 0, fmt.Errorf("judge hosts: %w", err)
	}
	now := d.Now().UTC()
	old := make(map[data.HostID]data.HostVerdict, len(stored))
	for _, v := range stored {
		old[v.Host] = v
	}
	must := make(map[data.HostID]bool, len(forced))
	for _, id := range forced {
		must[id] = true
	}
	version := f.Standard(now).Version
	var due []data.Host
	for _, h := range f.Hosts {
		v, known := old[h.ID]
		if !known || must[h.ID] || v.Version != version || !v.ScanAt.Equal(f.scans[h.ID].At) ||
			(!v.ValidUntil.IsZero() && !now.Before(v.ValidUntil)) {
			due = append(due, h)
		}
	}
	var verdicts []data.HostVerdict
	var points []data.Point
	err = d.eachSubject(ctx, f, due, func(s Subject) error {
		v, ps := f.since(old[s.Host.ID], s, now)
		verdicts, points = append(verdicts, v), append(points, ps...)
		return nil
	})
	if err != nil || len(verdicts) == 0 {
		return 0, err
	}
	if err := d.DB.KeepVerdicts(ctx, verdicts, points); err != nil {
		return 0, fmt.Errorf("judge hosts: %w", err)
	}
	return len(verdicts), nil
}

// fewHosts is up to how many hosts reading each by itself is cheaper than
// reading what all hosts miss.
const fewHosts = 64

// eachSubject visits the hosts with what they miss.
func (d *Desk) eachSubject(ctx context.Context, f *Docket, hosts []data.Host, visit func(Subject) error) error {
	if len(hosts) <= fewHosts {
		for _, h := range hosts {
			missing, err := d.DB.Missing(ctx, h.ID)
			if err != nil {
				return err
			}
			if err := visit(f.subject(h, missing)); err != nil {
				return err
			}
		}
		return nil
	}
	wanted := make(map[data.HostID]data.Host, len(hosts))
	for _, h := range hosts {
		wanted[h.ID] = h
	}
	var missing []data.Missing
	flush := func() error {
		if len(missing) == 0 {
			return nil
		}
		h, ok := wanted[missing[0].Host]
		if !ok {
			return nil
		}
		delete(wanted, h.ID)
		return visit(f.subject(h, missing))
	}
	err := d.DB.EachMissing(ctx, func(m data.Missing) error {
		if len(missing) > 0 && missing[0].Host != m.Host {
			if err := flush(); err != nil {
				return err
			}
			missing = missing[:0]
		}
		missing = append(missing, m)
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	for _, h := range hosts { // those that miss nothing
		if _, left := wanted[h.ID]; left {
			if err := visit(f.subject(h, nil)); err != nil {
				return err
			}
		}
	}
	return nil
}

// docketOf reads what concerns one host and its newest scan.
func (d *Desk) docketOf(ctx context.Context, h data.Host, scan data.Scan) (*Docket, error) {
	f, err := d.newDocket(ctx)
	if err == nil {
		f.Hosts, f.scans = []data.Host{h}, map[data.HostID]data.Scan{h.ID: scan}
		f.pending, err = d.DB.RebootSince(ctx, h.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("judge host %s: %w", h.Name, err)
	}
	return f, nil
}

// judgeAnew judges one host by what is stored, and returns its verdict.
func (d *Desk) judgeAnew(ctx context.Context, id data.HostID) (data.HostVerdict, error) {
	if _, err := d.rejudge(ctx, []data.HostID{id}); err != nil {
		return data.HostVerdict{}, err
	}
	all, err := d.DB.HostVerdicts(ctx)
	i := slices.IndexFunc(all, func(v data.HostVerdict) bool { return v.Host == id })
	if err != nil || i < 0 {
		return data.HostVerdict{}, err
	}
	return all[i], nil
}

// Verdicts judges one host as it stands now, with reasons for each update, and
// stores nothing.
func (d *Desk) Verdicts(ctx context.Context, id data.HostID) ([]data.Verdict, data.HostVerdict, error) {
	h, err := d.DB.Host(ctx, id)
	if err != nil {
		return nil, data.HostVerdict{}, err
	}
	scan, err := d.DB.LatestScan(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, data.HostVerdict{}, err
	}
	f, err := d.docketOf(ctx, h, scan)
	if err != nil {
		return nil, data.HostVerdict{}, err
	}
	missing, err := d.DB.Missing(ctx, id)
	if err != nil {
		return nil, data.HostVerdict{}, err
	}
	now := d.Now().UTC()
	vs, hv := f.measure(now).All(f.subject(h, missing), now)
	return vs, hv, nil
}

// EachVerdict visits the verdict of every missing update of every host, with
// Because left empty, and the host it is on.
func (d *Desk) EachVerdict(ctx context.Context, visit func(data.Host, data.Verdict)) error {
	f, err := d.Docket(ctx)
	if err != nil {
		return err
	}
	now := d.Now().UTC()
	m := f.measure(now)
	return d.eachSubject(ctx, f, f.Hosts, func(s Subject) error {
		m.Each(s, now, func(v data.Verdict) { visit(s.Host, v) })
		return nil
	})
}
