package app

import (
	"context"
	"fmt"
	"slices"

	"secondtuesday/data"
)

// A PlanWarning is what the verdicts know of a planned host, or of an update
// that goes in there, and what a person should know before a yes to the plan.
type PlanWarning struct {
	Host   data.Host
	Update string // data.Update.Key; empty: the whole host
	Why    string // one clause
}

// Text says it in one clause, without a full stop.
func (w PlanWarning) Text() string {
	if w.Update == "" {
		return w.Host.Name + ": " + w.Why
	}
	return w.Update + " on " + w.Host.Name + ": " + w.Why
}

// PlanWarnings returns what speaks against trusting p as it stands now: a scan
// or a source that proves nothing any more, and updates that were tried on a
// host and failed or were rolled back. Hosts that are no longer in the inventory
// are passed over.
func (d *Desk) PlanWarnings(ctx context.Context, p data.Plan) ([]PlanWarning, error) {
	f, err := d.Docket(ctx)
	if err != nil {
		return nil, fmt.Errorf("warn of plan %q: %w", p.Name, err)
	}
	runs, err := d.undone(ctx)
	if err != nil {
		return nil, fmt.Errorf("warn of plan %q: %w", p.Name, err)
	}
	var out []PlanWarning
	for _, part := range p.Hosts {
		at := slices.IndexFunc(f.Hosts, func(h data.Host) bool { return h.ID == part.Host })
		if at < 0 {
			continue
		}
		h := f.Hosts[at]
		if why := f.measure(d.Now()).doubt(f.subject(h, nil), d.Now()); why != "" {
			out = append(out, PlanWarning{Host: h, Why: why})
		}
		if f.scans[h.ID].Platform != data.WindowsUpdate || part.Changes.Empty() {
			continue
		}
		b, err := d.background(ctx, h.ID, runs)
		if err != nil {
			return nil, fmt.Errorf("warn of plan %q: %w", p.Name, err)
		}
		for _, t := range slices.Concat(part.Changes.Upgrade, part.Changes.Add) {
			if past, ok := b.Tried[t.To]; ok {
				out = append(out, PlanWarning{h, t.Key(), TriedText(past)})
			}
		}
	}
	return out, nil
}
