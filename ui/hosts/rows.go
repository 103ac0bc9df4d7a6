package hosts

import (
	"context"
	"strings"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
)

// A row is one host as the grid shows it.
type row struct {
	data.Host
	group      string
	now        time.Time
	verdict    data.HostVerdict // Compliance unknown where nobody has judged yet
	scan       data.Scan        // head of the one that speaks for the host; zero At: never scanned
	failure    *data.ScanFailure
	duplicates []string // sentences
}

// known is all that the screen shows of the workspace, read in a fixed number
// of queries.
type known struct {
	now      time.Time
	hosts    []data.Host
	groups   []data.Group
	verdicts []data.HostVerdict
	scans    map[data.HostID]data.Scan
	failures map[data.HostID]data.ScanFailure
	standard bool                 // there is one in force
	lacking  map[data.HostID]bool // hosts that lack the update asked for; nil: none was
}

// read judges anew what no longer holds and reads the rest. update is a
// data.Update.Key or a name, empty for none.
func read(ctx context.Context, d *app.Desk, update string) (known, error) {
	k := known{now: d.Now()}
	steps := []func() error{
		func() error { _, err := d.Refresh(ctx); return err },
		func() (err error) { k.hosts, err = d.DB.Hosts(ctx); return },
		func() (err error) { k.groups, err = d.DB.Groups(ctx); return },
		func() (err error) { k.verdicts, err = d.DB.HostVerdicts(ctx); return },
		func() (err error) { k.scans, err = d.DB.LatestScans(ctx); return },
		func() (err error) { k.failures, err = d.DB.ScanFailures(ctx); return },
		func() error {
			all, err := d.DB.Standards(ctx)
			for _, s := range all {
				k.standard = k.standard || !s.ValidFrom.After(k.now)
			}
			return err
		},
	}
	if update != "" {
		k.lacking = map[data.HostID]bool{}
		steps = append(steps, func() error {
			return d.DB.EachMissing(ctx, func(m data.Missing) error {
				if m.Update.Name == update || m.Update.Key() == update {
					k.lacking[m.Host] = true
				}
				return nil
			})
		})
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return k, err
		}
	}
	return k, nil
}

// rows joins what is known into one row a host, in the order of names.
func rows(k known) []*row {
	verdicts := make(map[data.HostID]data.HostVerdict, len(k.verdicts))
	for _, v := range k.verdicts {
		verdicts[v.Host] = v
	}
	groups := make(map[data.GroupID]string, len(k.groups))
	for _, g := range k.groups {
		groups[g.ID] = g.Name
	}
	twins := map[data.HostID][]string{}
	for _, d := range app.Duplicates(k.hosts, k.scans) {
		for _, id := range d.Hosts {
			twins[id] = append(twins[id], d.Because)
		}
	}
	out := make([]*row, len(k.hosts))
	for i, h := range k.hosts {
		r := &row{Host: h, group: groups[h.Group], now: k.now, verdict: verdicts[h.ID], scan: k.scans[h.ID], duplicates: twins[h.ID]}
		if r.verdict.Compliance == "" {
			r.verdict.Compliance = data.Unknown
			r.verdict.Because = "Nobody has judged this host yet."
		}
		if f, failed := k.failures[h.ID]; failed {
			r.failure = &f
		}
		out[i] = r
	}
	return out
}

// scanned reports whether the host ever said anything about itself.
func (r *row) scanned() bool { return !r.scan.At.IsZero() }

// rebootState is whether a reboot is pending.
type rebootState uint8

const (
	rebootUnknown rebootState = iota
	rebootNone
	rebootPending
)

func (r *row) reboot() rebootState { return rebootOf(r.scan) }

// rebootOf says what a scan proves about a pending reboot.
func rebootOf(s data.Scan) rebootState {
	switch {
	case len(s.Reboot) > 0:
		return rebootPending
	case s.RebootKnown:
		return rebootNone
	}
	return rebootUnknown
}

// rebootText tells the reasons in a sentence.
func rebootText(s data.Scan) string {
	switch rebootOf(s) {
	case rebootPending:
		var why []string
		for _, x := range s.Reboot {
			why = append(why, x.Source+": "+x.Detail)
		}
		return strings.Join(why, "\n")
	case rebootNone:
		return "None is pending."
	}
	if s.At.IsZero() {
		return "Not known: the host was never scanned."
	}
	return "Not known: the host has no means to tell, or the session had no right to ask."
}

// A tally counts the hosts behind each chip.
type tally struct {
	compliance map[data.Compliance]int
	reboot     int
	failed     int
	duplicates int
}

func count(rows []*row) tally {
	t := tally{compliance: map[data.Compliance]int{}}
	for _, r := range rows {
		t.compliance[r.verdict.Compliance]++
		if r.reboot() == rebootPending {
			t.reboot++
		}
		if r.failure != nil {
			t.failed++
		}
		if len(r.duplicates) > 0 {
			t.duplicates++
		}
	}
	return t
}

// A filter is what the chips and lists above the grid let through; its zero
// value lets all pass.
type filter struct {
	compliance map[data.Compliance]bool
	reboot     bool
	failed     bool
	duplicates bool
	technology string // any: ""
	group      string
	lacking    map[data.HostID]bool
}

func (f filter) empty() bool {
	return len(f.compliance) == 0 && !f.reboot && !f.failed && !f.duplicates && f.technology == "" && f.group == "" && f.lacking == nil
}

func (f filter) pass(r *row) bool {
	switch {
	case len(f.compliance) > 0 && !f.compliance[r.verdict.Compliance],
		f.reboot && r.reboot() != rebootPending,
		f.failed && r.failure == nil,
		f.duplicates && len(r.duplicates) == 0,
		f.technology != "" && f.technology != orNone(r.Technology),
		f.group != "" && f.group != orNone(r.group),
		f.lacking != nil && !f.lacking[r.ID]:
		return false
	}
	return true
}

// none stands for what nobody has set.
const none = "not set"

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}
