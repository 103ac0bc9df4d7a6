package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// A Figure is one number that explains itself.
type Figure struct {
	Name     string
	Value    float64 // a share is 0 to 1, a time is in days
	Unit     string  // "share", "days", "hosts" or "updates"
	N        int     // what it was taken from; 0: nothing, and Value means nothing
	Sentence string  // what was counted, what was left out
	AsOf     time.Time
}

// Known reports whether there is a value at all.
func (f Figure) Known() bool { return f.N > 0 }

// A Total is the state of a set of hosts.
type Total struct {
	Name    string // "" where hosts have no such thing set
	Hosts   int
	Counts  map[data.Compliance]int // of hosts; the sum is Hosts
	Missing int
	Overdue int // updates
	Share   Figure
}

// Unproven reports whether n, one of the counts of updates, is a zero that
// proves nothing: of hosts that are all unknown.
func (t Total) Unproven(n int) bool { return n == 0 && t.Counts[data.Unknown] == t.Hosts }

// Totals sums the verdicts up by what by says of each host, in the order of
// names. A host without a verdict is unknown.
func Totals(hosts []data.Host, verdicts map[data.HostID]data.HostVerdict, now time.Time, by func(data.Host) string) []Total {
	index := map[string]int{}
	var out []Total
	for _, h := range hosts {
		name := by(h)
		i, ok := index[name]
		if !ok {
			i = len(out)
			index[name] = i
			out = append(out, Total{Name: name, Counts: map[data.Compliance]int{}})
		}
		t := &out[i]
		v, judged := verdicts[h.ID]
		t.Hosts++
		if !judged || (!v.ValidUntil.IsZero() && now.After(v.ValidUntil)) {
			v.Compliance = data.Unknown // a verdict that no longer holds is none
		}
		t.Counts[v.Compliance]++
		t.Missing += v.Missing
		t.Overdue += v.Counts[data.Overdue]
	}
	for i := range out {
		out[i].Share = compliantShare(out[i], now)
	}
	slices.SortFunc(out, func(a, b Total) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out
}

func compliantShare(t Total, now time.Time) Figure {
	good := t.Counts[data.Compliant] + t.Counts[data.DueSoon]
	f := Figure{Name: "compliant hosts", Unit: "share", N: t.Hosts, AsOf: now}
	if t.Hosts == 0 {
		f.Sentence = "There are no hosts."
		return f
	}
	f.Value = float64(good) / float64(t.Hosts)
	f.Sentence = fmt.Sprintf("%d of %s compliant, %d of them with something due soon; %d overdue, %d unknown and %d excepted not counted as compliant.",
		good, counted(t.Hosts, "host"), t.Counts[data.DueSoon], t.Counts[data.Overdue], t.Counts[data.Unknown], t.Counts[data.Excepted])
	return f
}

// ByTechnology, ByBusinessUnit and ByGroup say how Totals splits.
func ByTechnology(h data.Host) string   { return h.Technology }
func ByBusinessUnit(h data.Host) string { return h.BusinessUnit }

// ByGroup splits by the names of groups.
func ByGroup(groups []data.Group) func(data.Host) string {
	names := map[data.GroupID]string{}
	for _, g := range groups {
		names[g.ID] = g.Name
	}
	return func(h data.Host) string { return names[h.Group] }
}

// Latency returns mean and median patch latency in days: from the vendor's
// release, or from the first scan that saw the update where no source tells
// the release, to the scan that proved it installed.
func Latency(closed []data.Closed, now time.Time) (mean, median Figure) {
	var days []float64
	guessed := 0
	for _, c := range closed {
		from := c.Update.Released
		if from.Year() < 1995 || from.After(c.ClosedAt) {
			from, guessed = c.FirstSeen, guessed+1
		}
		days = append(days, c.ClosedAt.Sub(from).Hours()/24)
	}
	text := fmt.Sprintf("over %s installed; for %d of them the release is not known and the first scan that saw it counts, so the true latency is longer",
		counted(len(days), "update"), guessed)
	if guessed == 0 {
		text = fmt.Sprintf("over %s installed, from release to the scan that proved it", counted(len(days), "update"))
	}
	return meanMedian("patch latency", "days", days, text, now)
}

// MTTR returns mean and median time to remediate in days, from the scan that
// detected an update as missing to the one that proved it installed. open are
// the times at which what is still missing was detected: a mean over finished
// work alone flatters, so the sentence names both.
func MTTR(closed []data.Closed, open []time.Time, now time.Time) (mean, median Figure) {
	var days, ages []float64
	for _, c := range closed {
		days = append(days, c.ClosedAt.Sub(c.FirstSeen).Hours()/24)
	}
	for _, t := range open {
		ages = append(ages, now.Sub(t).Hours()/24)
	}
	text := fmt.Sprintf("over %s remediated; %d still missing not in it", counted(len(days), "update"), len(ages))
	if len(ages) > 0 {
		text += fmt.Sprintf(", %.1f days old on average", average(ages))
	}
	return meanMedian("mean time to remediate (MTTR)", "days", days, text, now)
}

func meanMedian(name, unit string, values []float64, text string, now time.Time) (mean, median Figure) {
	mean = Figure{Name: name + ", mean", Unit: unit, N: len(values), AsOf: now, Sentence: sentence("mean " + text)}
	median = Figure{Name: name + ", median", Unit: unit, N: len(values), AsOf: now, Sentence: sentence("median " + text)}
	if len(values) == 0 {
		return mean, median
	}
	slices.Sort(values)
	mean.Value = average(values)
	median.Value = values[len(values)/2]
	if len(values)%2 == 0 {
		median.Value = (values[len(values)/2-1] + values[len(values)/2]) / 2
	}
	return mean, median
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// OnTime returns the share of deadlines kept: of the updates that closed with
// a deadline, and of those that are overdue and open, which are broken already.
func OnTime(closed []data.Closed, overdue int, now time.Time) Figure {
	kept, late := 0, 0
	for _, c := range closed {
		switch {
		case c.Due.IsZero():
		case c.ClosedAt.After(c.Due):
			late++
		default:
			kept++
		}
	}
	f := Figure{Name: "on-time rate", Unit: "share", N: kept + late + overdue, AsOf: now}
	f.Sentence = fmt.Sprintf("%d installed in time, %d late, %d overdue and still missing; %d without a deadline not counted.",
		kept, late, overdue, len(closed)-kept-late)
	if f.N > 0 {
		f.Value = float64(kept) / float64(f.N)
	}
	return f
}

// RebootDebt returns how many hosts wait for a reboot.
func RebootDebt(hosts []data.Host, verdicts map[data.HostID]data.HostVerdict, now time.Time) Figure {
	f := Figure{Name: "reboot debt", Unit: "hosts", AsOf: now}
	longest, who, unknown := time.Duration(0), "", 0
	for _, h := range hosts {
		v, ok := verdicts[h.ID]
		if !ok || v.Compliance == data.Unknown {
			unknown++
			continue
		}
		f.N++
		debt := v.RebootDebt(now)
		if debt > 0 {
			f.Value++
		}
		if debt > longest {
			longest, who = debt, h.Name
		}
	}
	f.Sentence = fmt.Sprintf("%d of %s waiting for a reboot", int(f.Value), counted(f.N, "host"))
	if who != "" {
		f.Sentence += fmt.Sprintf(", %s for longest (%.1f days)", who, longest.Hours()/24)
	}
	f.Sentence += fmt.Sprintf("; %d unknown not counted.", unknown)
	return f
}

// Coverage returns the share of hosts scanned within the standard's age.
func Coverage(hosts []data.Host, verdicts map[data.HostID]data.HostVerdict, std data.Standard, now time.Time) Figure {
	age := std.ScanMaxAge
	if age == 0 {
		age = data.DefaultScanMaxAge
	}
	f := Figure{Name: "scan coverage", Unit: "share", N: len(hosts), AsOf: now}
	fresh, unknown, never := 0, 0, 0
	for _, h := range hosts {
		switch at := verdicts[h.ID].ScanAt; {
		case at.IsZero():
			never++
		case now.Before(at.Add(age)) && !at.After(now.Add(futureSlack)):
			fresh++
			if verdicts[h.ID].Compliance == data.Unknown {
				unknown++
			}
		}
	}
	if f.N > 0 {
		f.Value = float64(fresh) / float64(f.N)
	}
	f.Sentence = fmt.Sprintf("%d of %s scanned within the last %s; %s never scanned.", fresh, counted(f.N, "host"), DurationText(age), countedVerb(never, "was", "were"))
	if unknown > 0 {
		f.Sentence += fmt.Sprintf(" %s unknown all the same: a scan may prove nothing, or have no standard to be judged by.", countedVerb(unknown, "of those scanned is", "of those scanned are"))
	}
	return f
}

// A TrendDay is the state of all hosts at the end of a day.
type TrendDay struct {
	Date    data.Date
	Counts  map[data.Compliance]int // of hosts
	Missing int
	Overdue int // updates
}

// Trend returns one entry a day from the day of from to that of now, in zone.
// A host keeps its state from one point of its history to the next. points
// must reach back before from for as long as a scan may be old: a host with
// no point in that time is one that was unknown all along.
func Trend(hosts []data.Host, points []data.Point, from, now time.Time, zone *time.Location) []TrendDay {
	state := make(map[data.HostID]data.Point, len(hosts))
	has := make(map[data.HostID]bool, len(hosts))
	for _, p := range points {
		has[p.Host] = true
	}
	for _, h := range hosts {
		if !has[h.ID] {
			state[h.ID] = data.Point{Host: h.ID, Compliance: data.Unknown}
		}
	}
	var out []TrendDay
	next := 0
	for d := civil(from.In(zone)); ; d = civil(midnight(d).AddDate(0, 0, 1)) {
		begins, ends := bounds(d, zone)
		if begins.After(now) {
			return out
		}
		for ; next < len(points) && points[next].At.Before(ends); next++ {
			state[points[next].Host] = points[next]
		}
		day := TrendDay{Date: d, Counts: map[data.Compliance]int{}}
		for _, p := range state {
			day.Counts[p.Compliance]++
			day.Missing += p.Missing
			day.Overdue += p.Overdue
		}
		out = append(out, day)
	}
}

// A Report is how the shop keeps its promise, from From until Now.
type Report struct {
	Now, From      time.Time
	Standard       data.Standard // in force at Now; Version 0: none
	All            Total
	ByTechnology   []Total
	ByBusinessUnit []Total
	ByGroup        []Total
	Figures        []Figure
	Trend          []TrendDay
	MeetsTarget    bool // at least Standard.Target of the hosts are compliant

	groups []data.Group // named by rules of the standard
}

// Compliance refreshes the verdicts and reports on the time since from; zone
// decides where a day of the trend ends.
func (d *Desk) Compliance(ctx context.Context, from time.Time, zone *time.Location) (Report, error) {
	if _, err := d.Refresh(ctx); err != nil {
		return Report{}, fmt.Errorf("report compliance: %w", err)
	}
	f, err := d.Docket(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("report compliance: %w", err)
	}
	now := d.Now().UTC()
	r := Report{Now: now, From: from, Standard: f.Standard(now)}
	if err := d.fill(ctx, &r, f, zone); err != nil {
		return Report{}, fmt.Errorf("report compliance: %w", err)
	}
	return r, nil
}

func (d *Desk) fill(ctx context.Context, r *Report, f *Docket, zone *time.Location) error {
	var (
		stored []data.HostVerdict
		groups []data.Group
		closed []data.Closed
		points []data.Point
		open   []time.Time
	)
	age := max(r.Standard.ScanMaxAge, data.DefaultScanMaxAge)
	err := firstOf(
		func() (err error) { stored, err = d.DB.HostVerdicts(ctx); return },
		func() (err error) { groups, err = d.DB.Groups(ctx); return },
		func() (err error) { closed, err = d.DB.Closed(ctx, r.From); return },
		func() (err error) { points, err = d.DB.Points(ctx, r.From.Add(-age-24*time.Hour)); return },
		func() error {
			return d.DB.EachMissing(ctx, func(m data.Missing) error { open = append(open, m.FirstSeen); return nil })
		},
	)
	if err != nil {
		return err
	}
	verdicts := make(map[data.HostID]data.HostVerdict, len(stored))
	for _, v := range stored {
		verdicts[v.Host] = v
	}
	hosts := f.Hosts
	r.All = Total{Counts: map[data.Compliance]int{}, Share: compliantShare(Total{}, r.Now)}
	if all := Totals(hosts, verdicts, r.Now, func(data.Host) string { return "" }); len(all) > 0 {
		r.All = all[0]
	}
	r.MeetsTarget = r.All.Hosts > 0 && r.Standard.Version > 0 && r.All.Share.Value >= r.Standard.Target
	r.ByTechnology = Totals(hosts, verdicts, r.Now, ByTechnology)
	r.ByBusinessUnit = Totals(hosts, verdicts, r.Now, ByBusinessUnit)
	r.ByGroup, r.groups = Totals(hosts, verdicts, r.Now, ByGroup(groups)), groups
	latency, latencyMedian := Latency(closed, r.Now)
	mttr, mttrMedian := MTTR(closed, open, r.Now)
	r.Figures = []Figure{
		r.All.Share, Coverage(hosts, verdicts, r.Standard, r.Now), OnTime(closed, r.All.Overdue, r.Now),
		latency, latencyMedian, mttr, mttrMedian, RebootDebt(hosts, verdicts, r.Now), exceptionFigure(f, r.All, stored),
	}
	r.Figures[len(r.Figures)-1].AsOf = r.Now
	r.Trend = Trend(hosts, points, r.From, r.Now, zone)
	return nil
}

// exceptionFigure counts what is excused, so that it is never hidden.
func exceptionFigure(f *Docket, all Total, verdicts []data.HostVerdict) Figure {
	fig := Figure{Name: "excepted updates", Unit: "updates", N: all.Missing}
	for _, v := range verdicts {
		fig.Value += float64(v.Counts[data.Excepted])
	}
	standing := 0
	for _, list := range f.exceptions {
		standing += len(list)
	}
	fig.Sentence = fmt.Sprintf("%d of %s excused by an exception; %s on record, ended ones included.",
		int(fig.Value), counted(all.Missing, "missing update"), counted(standing, "exception"))
	return fig
}
