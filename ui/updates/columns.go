package updates

import (
	"cmp"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// columns are what the grid can show of an update, in this order. Given rows
// stand the worst and most urgent first.
func columns() []kit.Column[*row] {
	return []kit.Column[*row]{
		{ID: "update", Title: "Update", Width: 264, Grow: true, Titled: true, Text: nameText, Tip: nameTip},
		{ID: "hosts", Title: "Hosts", Width: 72, Align: fyne.TextAlignTrailing, Text: func(r *row) string { return kit.Number(len(r.Hosts)) },
			Compare: func(a, b *row) int { return len(a.Hosts) - len(b.Hosts) }, Tip: hostsTip},
		{ID: "compliance", Title: "Worst", Width: 116, Status: func(r *row) kit.Status { return kit.OfCompliance(r.Compliance) },
			Compare: func(a, b *row) int { return rank(a.Compliance) - rank(b.Compliance) }, Tip: hostsTip},
		{ID: "deadline", Title: "Deadline", Width: 112, Text: func(r *row) string { return kit.Due(r.Due, r.now) },
			Compare: func(a, b *row) int { return kit.CompareTime(a.Due, b.Due) }, Tip: dueTip, Tint: dueTint},
		{ID: "severity", Title: "Severity", Width: 104, Status: func(r *row) kit.Status { return kit.OfSeverity(r.Severity) },
			Compare: func(a, b *row) int { return b.Severity.Rank() - a.Severity.Rank() }},
		{ID: "class", Title: "Class", Width: 90, Text: func(r *row) string { return kit.ClassWord(r.Class) }},
		{ID: "cves", Title: "CVEs", Width: 132, Text: func(r *row) string { return strings.Join(r.CVEs, ", ") }},
		{ID: "advisories", Title: "Advisories", Width: 130, Text: func(r *row) string { return strings.Join(r.Advisories, ", ") }},
		{ID: "hold", Title: "Not taken by", Width: 130, Text: holdText, Tip: holdTip, Status: holdSign,
			Compare: func(a, b *row) int { return cmp.Compare(kept(a), kept(b)) }},
		{ID: "available", Title: "Available", Width: 150, Mono: true, Text: func(r *row) string { return app.VersionsText(r.Available) }},
		{ID: "origin", Title: "Origin", Width: 260, Muted: true, Text: func(r *row) string { return strings.Join(r.Origins, ", ") }},
		{ID: "released", Title: "Released", Width: 104, Text: func(r *row) string { return kit.Date(r.Released) },
			Compare: func(a, b *row) int { return kit.CompareTime(a.Released, b.Released) }, Tip: func(r *row) string { return releasedTip(r.Released) }},
		{ID: "since", Title: "Missing for", Width: 104, Hidden: true, Text: func(r *row) string { return sinceText(r) },
			Compare: func(a, b *row) int { return kit.CompareTime(b.FirstSeen, a.FirstSeen) }, Tip: func(r *row) string { return "The earliest clock started " + kit.Exact(r.FirstSeen) + "." }},
	}
}

func rank(c data.Compliance) int {
	for i, x := range data.Compliances {
		if x == c {
			return i
		}
	}
	return 0
}

func nameText(r *row) string {
	if r.Title != "" {
		return r.Name + " · " + r.Title
	}
	return r.Name
}

func nameTip(r *row) string {
	tip := nameText(r)
	if ids := strings.Join(append(append([]string(nil), r.Advisories...), r.CVEs...), ", "); ids != "" {
		tip += "\n" + ids
	}
	return tip
}

// hostsTip says how the hosts that lack the update stand.
func hostsTip(r *row) string {
	var parts []string
	for _, c := range data.Compliances {
		if n := r.Counts[c]; n > 0 {
			parts = append(parts, kit.Number(n)+" "+string(c))
		}
	}
	return kit.Count(len(r.Hosts), "host lacks", "hosts lack") + " " + r.Name + ": " + strings.Join(parts, ", ") + "."
}

func dueTip(r *row) string {
	if r.Due.IsZero() {
		return "The standard sets no deadline for it on any host, or it is excepted on all."
	}
	return "Earliest deadline of a host: " + kit.Exact(r.Due) + "\nOpen the update to read the clause and the facts for each host."
}

func dueTint(r *row) fyne.ThemeColorName { return kit.DueTint(r.Due, r.now) }

func kept(r *row) int { return r.Held + r.Phased + r.KeptBack + r.Waiting }

// holdText counts the hosts that would not take it in an ordinary upgrade.
func holdText(r *row) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{r.Held, "held"}, {r.Phased, "phased"}, {r.KeptBack, "kept back"}, {r.Waiting, "waiting for a reboot"}} {
		if p.n > 0 {
			parts = append(parts, kit.Number(p.n)+" "+p.word)
		}
	}
	return strings.Join(parts, ", ")
}

func holdSign(r *row) kit.Status {
	switch {
	case r.Held > 0:
		return kit.StatusHeld
	case r.KeptBack > 0:
		return kit.StatusKeptBack
	case r.Phased > 0:
		return kit.StatusPhased
	case r.Waiting > 0:
		return kit.StatusPendingReboot
	}
	return kit.StatusNone
}

func holdTip(r *row) string {
	var lines []string
	if r.Held > 0 {
		lines = append(lines, "Held: "+kit.Count(r.Held, "host has", "hosts have")+" it on hold by an admin. A hold is not an exception.")
	}
	if r.Phased > 0 {
		lines = append(lines, "Phased: the vendor has not called "+kit.Count(r.Phased, "host", "hosts")+" yet.")
	}
	if r.KeptBack > 0 {
		lines = append(lines, "Kept back: on "+kit.Count(r.KeptBack, "host", "hosts")+" it needs packages added or removed.")
	}
	if r.Waiting > 0 {
		lines = append(lines, "Pending reboot: on "+kit.Count(r.Waiting, "host", "hosts")+" it is installed and waits for a reboot.")
	}
	return strings.Join(lines, "\n")
}

func releasedTip(t time.Time) string {
	if t.IsZero() {
		return "No source says when it was released."
	}
	return "Released " + kit.Exact(t)
}

func sinceText(r *row) string {
	if r.FirstSeen.IsZero() {
		return "–"
	}
	return kit.Span(r.now.Sub(r.FirstSeen))
}
