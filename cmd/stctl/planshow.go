package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
)

// showPlan prints a plan as a preview: what goes where, and when it could.
func (c *cli) showPlan(ctx context.Context, d *app.Desk, inv *inventory, p data.Plan, view planView) error {
	windows, err := d.DB.Windows(ctx)
	if err != nil {
		return err
	}
	freezes, err := d.DB.Freezes(ctx)
	if err != nil {
		return err
	}
	j := asPlanJSON(p)
	j.Digest, j.Hosts = p.Digest(), []planHostJSON{}
	for _, part := range p.Hosts {
		j.Targets += len(part.Changes.Upgrade) + len(part.Changes.Add) + len(part.Changes.Remove)
		if len(view.only) > 0 && !slices.Contains(view.only, part.Host) {
			continue
		}
		h := planHostJSON{
			Host: inv.hostName(part.Host), Ring: part.Ring, Upgrade: targetsJSON(part.Changes.Upgrade),
			Add: targetsJSON(part.Changes.Add), Remove: targetsJSON(part.Changes.Remove),
		}
		if i := slices.IndexFunc(inv.hosts, func(x data.Host) bool { return x.ID == part.Host }); i >= 0 {
			h.fillWindow(p, inv.hosts[i], windows, freezes, d.Now())
		}
		j.Hosts = append(j.Hosts, h)
	}
	for _, n := range app.PlanNotes(p, inv.hosts) {
		j.Notes = append(j.Notes, planNoteJSON{n.Host.Name, n.Update, clean(n.Why), remote.CleanText(n.Terms)})
	}
	excepted, err := c.exceptedIn(ctx, d, p)
	if err != nil {
		return err
	}
	for _, x := range excepted {
		j.Excepted = append(j.Excepted, exceptedJSON{x.Host.Name, x.Update, x.Exception, x.Until, clean(x.Why), clean(x.Text())})
	}
	warnings, err := d.PlanWarnings(ctx, p)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		j.Warnings = append(j.Warnings, planWarningJSON{w.Host.Name, w.Update, clean(w.Why), clean(w.Text())})
	}
	return c.out.show(j, func(pg *page) { j.print(pg) })
}

// exceptedIn reads what a plan brings in against an exception.
func (c *cli) exceptedIn(ctx context.Context, d *app.Desk, p data.Plan) ([]app.Excepted, error) {
	exceptions, err := d.DB.Exceptions(ctx)
	if err != nil {
		return nil, err
	}
	hosts, err := d.DB.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	return app.ExceptedIn(p, exceptions, hosts, d.Now()), nil
}

// fillWindow says when the host may be touched.
func (h *planHostJSON) fillWindow(p data.Plan, host data.Host, windows []data.Window, freezes []data.Freeze, now time.Time) {
	_, h.OpenNow, h.Window = app.OpenToCarryOut(p, host, windows, freezes, now)
	h.Window = clean(h.Window)
	if o, found := app.NextToCarryOut(p, host, windows, freezes, now); found {
		h.Opens = &occurrenceJSON{Start: o.Start, End: o.End}
	}
}

func (h *planHostJSON) windowText() string {
	switch {
	case h.OpenNow:
		return "its window is open now"
	case h.Opens != nil:
		return "its window opens " + when(h.Opens.Start)
	}
	return "no window: " + h.Window
}

func (j planJSON) print(p *page) {
	what := count(j.HostCount, "host") + ", " + count(j.Targets, nounOf(j.Hosts...))
	if j.NoUpdates {
		what = count(j.HostCount, "host") + " to reboot, no updates"
	}
	switch {
	case j.ID == 0:
		p.title("Plan %q, not kept: %s", j.Name, what)
	default:
		p.title("Plan %d %q: %s", j.ID, j.Name, what)
	}
	approved := "no"
	if j.Approved != nil {
		approved = "by " + j.Approved.By + ", " + when(j.Approved.At)
		if j.Approved.Note != "" {
			approved += " (" + j.Approved.Note + ")"
		}
	}
	p.facts("digest", j.Digest, "made", when(j.Created)+" by "+j.CreatedBy, "approved", approved, "reboot", j.Reboot,
		"at once", count(orDefault(j.Parallel, 5), "host"), "stops", stopText(j.StopAt), "rings", j.ringsText())
	for _, h := range j.Hosts {
		p.title("%s, ring %d: %s", h.Host, h.Ring, h.windowText())
		var rows [][]any
		for _, part := range []struct {
			word string
			list []targetJSON
		}{{"upgrade", h.Upgrade}, {"add", h.Add}, {"REMOVE", h.Remove}} {
			for _, t := range part.list {
				rows = append(rows, []any{part.word, data.Target{Name: t.Name, Arch: t.Arch, Title: t.Title}.Label(), dash(data.VersionText(t.From)), dash(data.VersionText(t.To)), classText(t.Class), severityText(t.Severity), dash(t.Origin)})
			}
		}
		if j.NoUpdates {
			p.line("It is rebooted; nothing is brought in.")
			continue
		}
		p.table("do|"+nounOf(h)+"|from|to|class|severity|origin", rows)
	}
	j.printNotes(p)
	j.printTerms(p)
	if len(j.Excepted)+len(j.Warnings) > 0 {
		p.gap()
	}
	for _, w := range j.Warnings {
		p.line("Warning: %s", w.text)
	}
	for _, x := range j.Excepted {
		p.line("Warning: %s", x.text)
	}
	if j.ID != 0 && j.Approved == nil {
		p.gap()
		p.line("Approve exactly this: stctl plan approve %d --digest %s", j.ID, j.Digest[:leastDigest])
	}
}

// printTerms says whose licence terms the plan accepts.
func (j planJSON) printTerms(p *page) {
	var labels []string
	for _, h := range j.Hosts {
		for _, t := range slices.Concat(h.Upgrade, h.Add) {
			label := data.Target{Name: t.Name, Arch: t.Arch, Title: t.Title}.Label()
			if t.Terms != data.TermsAccepted || slices.Contains(labels, label) {
				continue
			}
			labels = append(labels, label)
			p.gap()
			p.line("The plan accepts the licence terms of: %s", label)
			if t.Text != "" {
				quote(p.line, t.Text)
			}
		}
	}
}

// nounOf names what is planned for hosts: a package, or an update of Windows,
// whose version is an ID that only --json tells whole.
func nounOf(hosts ...planHostJSON) string {
	for _, h := range hosts {
		for _, t := range h.Upgrade {
			if data.VersionText(t.To) != t.To {
				return "update"
			}
		}
	}
	return "package"
}

// quote sets a text of somebody else's apart from what the program says.
func quote(say func(format string, args ...any), text string) {
	for line := range strings.Lines(text) {
		say("  | %s", line)
	}
}

// printNotes says what is not in the plan, updates of one host and one reason
// together.
func (j planJSON) printNotes(p *page) {
	if len(j.Notes) == 0 {
		return
	}
	p.title("Left out")
	var rows [][]any
	for _, n := range j.Notes {
		if k := len(rows) - 1; k >= 0 && n.Update != "" && rows[k][0] == n.Host && rows[k][2] == n.Why {
			rows[k][1] = fmt.Sprint(rows[k][1], ", ", n.Update)
			continue
		}
		what := n.Update
		if what == "" {
			what = "the whole host"
		}
		rows = append(rows, []any{n.Host, what, n.Why})
	}
	p.table("host|what|why", rows)
	var told []string
	for _, n := range j.Notes {
		if n.Terms != "" && !slices.Contains(told, n.Update) {
			told = append(told, n.Update)
			p.line("The licence terms of %s:", n.Update)
			quote(p.line, n.Terms)
		}
	}
	if slices.ContainsFunc(j.Notes, func(n planNoteJSON) bool { return n.Why == string(data.KeptBack) }) {
		p.line("Kept back means that packages must be added or removed with it: \"stctl plan make --kept-back\" takes it in.")
	}
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func stopText(share float64) string {
	if share == 0 {
		return "at the first run that fails or is unknown"
	}
	return fmt.Sprintf("when %.0f %% of a ring failed or are unknown", share*100)
}

func (j planJSON) ringsText() string {
	var parts []string
	for i, r := range j.Rings {
		s := fmt.Sprintf("%d", r.Number)
		if i < len(j.Rings)-1 {
			s += fmt.Sprintf(" (%.0f %% must succeed", r.Gate*100)
			if r.Soak > 0 {
				s += ", then " + app.DurationText(time.Duration(r.Soak)*time.Second) + " to soak"
			}
			s += ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", then ")
}
