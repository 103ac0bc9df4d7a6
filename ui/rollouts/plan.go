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

// A planRow is one host's part of a plan: what it does, when it is expected and
// whether that is in time.
type planRow struct {
	data.PlanHost
	Name    string
	Slot    app.Slot
	Due     time.Time // earliest deadline of what the plan brings in; zero: none
	Judged  bool      // the newest scan and the standard say something about it
	Late    int       // updates whose deadline has passed already
	Sign    kit.Status
	Word    string
	Because string
}

// A due is what the standard asks of one host's planned updates.
type due struct {
	At      time.Time
	Judged  bool
	Overdue int
}

// dues collects the deadlines of what a plan brings in, by host.
func dues(ctx context.Context, d *app.Desk, p data.Plan, now time.Time) (map[data.HostID]due, error) {
	planned := map[data.HostID]map[string]bool{}
	for _, h := range p.Hosts {
		keys := map[string]bool{}
		for _, t := range append(append([]data.Target{}, h.Changes.Upgrade...), h.Changes.Add...) {
			keys[t.Key()] = true
		}
		planned[h.Host] = keys
	}
	out := map[data.HostID]due{}
	err := d.EachVerdict(ctx, func(h data.Host, v data.Verdict) {
		if !planned[h.ID][v.Update.Key()] {
			return
		}
		x := out[h.ID]
		x.Judged = true
		if v.Compliance == data.Overdue {
			x.Overdue++
		}
		if !v.Due.IsZero() && v.Compliance != data.Excepted && (x.At.IsZero() || v.Due.Before(x.At)) {
			x.At = v.Due
		}
		out[h.ID] = x
	})
	return out, err
}

// planRows joins a plan with its schedule and deadlines.
func planRows(p data.Plan, slots []app.Slot, dues map[data.HostID]due, hosts map[data.HostID]data.Host, now time.Time) []*planRow {
	out := make([]*planRow, len(p.Hosts))
	for i, h := range p.Hosts {
		d := dues[h.Host]
		r := &planRow{PlanHost: h, Name: hosts[h.Host].Name, Due: d.At, Judged: d.Judged, Late: d.Overdue}
		if r.Name == "" {
			r.Name = fmt.Sprintf("host %d, removed", h.Host)
		}
		if i < len(slots) {
			r.Slot = slots[i]
		}
		r.Sign, r.Word, r.Because = inTime(r, now)
		out[i] = r
	}
	return out
}

// inTime judges whether the window comes before the deadline.
func inTime(r *planRow, now time.Time) (kit.Status, string, string) {
	never := r.Slot.Start.IsZero()
	switch {
	case never && !r.Due.IsZero():
		return kit.StatusOverdue, "Never in time", fmt.Sprintf("Due %s, but the host is %s.", moment(r.Due), dot(r.Slot.Why))
	case never:
		return kit.StatusWarning, "Never reached", fmt.Sprintf("The host is %s.", dot(r.Slot.Why))
	case !r.Judged:
		return kit.StatusUnknown, "Not judged", "The newest scan does not offer these updates any more: they are in, newer ones took their place, or the host must be scanned again."
	case r.Due.IsZero():
		return kit.StatusNone, "No deadline", "The standard sets no deadline for these updates."
	case r.Due.Before(now):
		return kit.StatusOverdue, "Overdue already", fmt.Sprintf("The earliest deadline passed %s, on %s. The next window opens %s.", kit.Ago(r.Due, now), moment(r.Due), moment(r.Slot.Start))
	case r.Slot.End.After(r.Due):
		return kit.StatusOverdue, "Too late", fmt.Sprintf("Due %s, but expected to be in by %s: %s too late.", moment(r.Due), moment(r.Slot.End), kit.Span(r.Slot.End.Sub(r.Due)))
	}
	return kit.StatusPassed, "In time", fmt.Sprintf("Due %s; expected to be in by %s, %s before.", moment(r.Due), moment(r.Slot.End), kit.Span(r.Due.Sub(r.Slot.End)))
}

// severity is the worst of what a host's part brings in.
func (r *planRow) severity() data.Severity {
	worst := data.SeverityUnknown
	for _, t := range r.Changes.Upgrade {
		if t.Severity.Rank() > worst.Rank() {
			worst = t.Severity
		}
	}
	return worst
}

func (r *planRow) count() int {
	return len(r.Changes.Upgrade) + len(r.Changes.Add) + len(r.Changes.Remove)
}

// attention orders rows: what will not be in time first.
func (r *planRow) attention() int {
	switch r.Sign {
	case kit.StatusOverdue:
		return 0
	case kit.StatusWarning:
		return 1
	case kit.StatusUnknown:
		return 2
	}
	return 3
}

// planSentence says what a plan does, in one sentence.
func planSentence(p data.Plan) string {
	if len(p.Hosts) == 0 {
		return "Nothing goes in."
	}
	if p.RebootOnly() {
		if p.Reboot == data.RebootAlways {
			return kit.Count(len(p.Hosts), "host is", "hosts are") + " rebooted; nothing is brought in."
		}
		return kit.Count(len(p.Hosts), "host is", "hosts are") + " rebooted if one is pending still; nothing is brought in."
	}
	var up, add, remove int
	for _, h := range p.Hosts {
		up += len(h.Changes.Upgrade)
		add += len(h.Changes.Add)
		remove += len(h.Changes.Remove)
	}
	s := fmt.Sprintf("%s on %s", kit.Count(up, "update goes in", "updates go in"), kit.Count(len(p.Hosts), "host", "hosts"))
	if n := len(app.RingsOf(p)); n > 1 {
		s += fmt.Sprintf(" in %d rings", n)
	}
	if add > 0 {
		s += ", " + kit.Count(add, "package is added", "packages are added")
	}
	if remove > 0 {
		s += ", " + kit.Count(remove, "package is removed", "packages are removed")
	} else {
		s += ", nothing is removed"
	}
	return s + "."
}

// exceptedText warns of what goes in against an exception; "" where nothing does.
func exceptedText(xs []app.Excepted) string {
	if len(xs) == 0 {
		return ""
	}
	s := dot(xs[0].Text()) + "."
	if n := len(xs) - 1; n > 0 {
		s += " " + kit.Count(n, "more goes in against an exception.", "more go in against an exception.")
	}
	return s
}

// termsText names the updates whose licence terms are asked about.
func termsText(before string, ts []data.Target) string {
	if len(ts) == 0 {
		return ""
	}
	var labels []string
	for _, t := range ts {
		labels = append(labels, t.Label())
	}
	return before + strings.Join(labels, "; ")
}

// warnText says what a person should know before a yes to the plan.
func warnText(p *planView) string {
	parts := []string{leftOutText(p.left), exceptedText(p.excepted), warningsText(p.warnings)}
	if terms := termsText("It accepts the licence terms of: ", app.Terms(p.plan, data.TermsAccepted)); terms != "" {
		parts = append(parts, dot(terms)+".")
	}
	return strings.TrimSpace(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " "))
}

// leftOutText counts the hosts that the plan leaves out as a whole; "" for none.
func leftOutText(left []app.PlanNote) string {
	var hosts []data.HostID
	for _, n := range left {
		if n.Update == "" && !slices.Contains(hosts, n.Host.ID) {
			hosts = append(hosts, n.Host.ID)
		}
	}
	if len(hosts) == 0 {
		return ""
	}
	return kit.Count(len(hosts), "host that was asked for is left out.", "hosts that were asked for are left out.")
}

// warningsShown is how many warnings of the verdicts are told whole.
const warningsShown = 3

// warningsText tells what the verdicts know against a plan; "" where they know nothing.
func warningsText(ws []app.PlanWarning) string {
	var parts []string
	for _, w := range ws[:min(len(ws), warningsShown)] {
		parts = append(parts, dot(w.Text())+".")
	}
	if n := len(ws) - warningsShown; n > 0 {
		parts = append(parts, kit.Count(n, "more warning.", "more warnings."))
	}
	return strings.Join(parts, " ")
}

// timeSentence says which hosts are in time, and the sign of the whole.
func timeSentence(rows []*planRow) (kit.Status, string) {
	if len(rows) == 0 {
		return kit.StatusWarning, "All that was chosen was left out; the reasons stand below. Mend them, then change the plan or make a new one."
	}
	count := map[kit.Status]int{}
	for _, r := range rows {
		count[r.Sign]++
	}
	late, never, unknown := count[kit.StatusOverdue], count[kit.StatusWarning], count[kit.StatusUnknown]
	var parts []string
	if n := count[kit.StatusPassed]; n > 0 {
		parts = append(parts, kit.Count(n, "host", "hosts")+" in time")
	}
	if late > 0 {
		parts = append(parts, kit.Count(late, "host", "hosts")+" too late or overdue")
	}
	if never > 0 {
		parts = append(parts, kit.Count(never, "host", "hosts")+" never reached")
	}
	if unknown > 0 {
		parts = append(parts, kit.Count(unknown, "host", "hosts")+" not judged")
	}
	if n := count[kit.StatusNone]; n > 0 {
		parts = append(parts, kit.Count(n, "host", "hosts")+" without a deadline")
	}
	sign := kit.StatusPassed
	switch {
	case late+never > 0:
		sign = kit.StatusWarning
	case unknown > 0:
		sign = kit.StatusUnknown
	}
	return sign, "Inside windows: " + strings.Join(parts, ", ") + "."
}

// A packageRow is one change on one host.
type packageRow struct {
	data.Target
	Verb string
}

func packageRows(c data.Changes) []packageRow {
	var out []packageRow
	for _, t := range c.Remove {
		out = append(out, packageRow{t, "Remove"})
	}
	for _, t := range c.Add {
		out = append(out, packageRow{t, "Add"})
	}
	for _, t := range c.Upgrade {
		out = append(out, packageRow{t, "Update"})
	}
	return out
}

var packageColumns = []kit.Column[packageRow]{
	{ID: "verb", Title: "What", Width: 84, Text: func(p packageRow) string { return p.Verb }, Tint: func(p packageRow) colorName {
		switch p.Verb {
		case "Remove":
			return kit.ColorCritical
		case "Add":
			return kit.ColorSoon
		}
		return ""
	}},
	{ID: "package", Title: "Name", Width: 170, Grow: true, Titled: true, Text: func(p packageRow) string { return p.Label() }, Tip: func(p packageRow) string { return p.Label() + "\n" + or(p.To, "removed") }},
	{ID: "from", Title: "From", Width: 176, Mono: true, Muted: true, Text: func(p packageRow) string { return or(data.VersionText(p.From), "–") }},
	{ID: "to", Title: "To", Width: 176, Mono: true, Text: func(p packageRow) string { return or(data.VersionText(p.To), "–") }},
	{ID: "severity", Title: "Severity", Width: 100, Status: func(p packageRow) kit.Status {
		if p.Verb != "Update" {
			return kit.StatusNone
		}
		return kit.OfSeverity(p.Severity)
	}, Compare: func(a, b packageRow) int { return b.Severity.Rank() - a.Severity.Rank() }},
	{ID: "class", Title: "Class", Width: 74, Text: func(p packageRow) string { return string(p.Class) }},
	{ID: "origin", Title: "Origin", Width: 196, Muted: true, Text: func(p packageRow) string { return p.Origin }},
}

func planColumns() []kit.Column[*planRow] {
	return []kit.Column[*planRow]{
		{ID: "host", Title: "Host", Width: 150, Grow: true, Name: true, Text: func(r *planRow) string { return r.Name }},
		{ID: "ring", Title: "Ring", Width: 54, Align: alignRight, Text: func(r *planRow) string { return fmt.Sprint(r.Ring) },
			Compare: func(a, b *planRow) int { return a.Ring - b.Ring }},
		{ID: "changes", Title: "Changes", Width: 160, Text: func(r *planRow) string { return changesText(r.Changes) },
			Compare: func(a, b *planRow) int { return a.count() - b.count() }},
		{ID: "severity", Title: "Worst", Width: 96, Status: func(r *planRow) kit.Status { return kit.OfSeverity(r.severity()) },
			Compare: func(a, b *planRow) int { return b.severity().Rank() - a.severity().Rank() }},
		{ID: "window", Title: "Window", Width: 186, Text: func(r *planRow) string {
			if r.Slot.Start.IsZero() {
				return or(r.Slot.Why, "not known")
			}
			return stamp(r.Slot.Start) + " – " + r.Slot.Until.Local().Format("15:04")
		}, Compare: func(a, b *planRow) int { return a.Slot.Start.Compare(b.Slot.Start) },
			Tip: func(r *planRow) string { return r.Because }},
		{ID: "due", Title: "Deadline", Width: 130, Text: func(r *planRow) string { return or(stamp(r.Due), "–") },
			Compare: func(a, b *planRow) int { return a.Due.Compare(b.Due) }, Tip: func(r *planRow) string { return r.Because }},
		{ID: "intime", Title: "In time?", Width: 148, Status: func(r *planRow) kit.Status { return r.Sign }, Text: func(r *planRow) string { return r.Word },
			Tip:     func(r *planRow) string { return r.Because },
			Compare: func(a, b *planRow) int { return cmp.Or(a.attention()-b.attention(), strings.Compare(a.Word, b.Word)) }},
	}
}

var noteColumns = []kit.Column[app.PlanNote]{
	{ID: "host", Title: "Host", Width: 150, Name: true, Text: func(n app.PlanNote) string { return n.Host.Name }},
	{ID: "update", Title: "Update", Width: 200, Text: func(n app.PlanNote) string { return or(n.Update, "the whole host") }},
	{ID: "why", Title: "Left out because", Width: 300, Grow: true, Text: func(n app.PlanNote) string { return n.Why }},
}
