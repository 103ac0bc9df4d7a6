package hosts

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// columns are what the grid can show of a host, in this order.
func columns() []kit.Column[*row] {
	return []kit.Column[*row]{
		{ID: "host", Title: "Host", Width: 176, Grow: true, Name: true, Text: func(r *row) string { return r.Name }, Tip: nameTip},
		{ID: "compliance", Title: "Compliance", Width: 112, Status: func(r *row) kit.Status { return kit.OfCompliance(r.verdict.Compliance) },
			Compare: func(a, b *row) int { return rank(a.verdict.Compliance) - rank(b.verdict.Compliance) },
			Tip:     func(r *row) string { return r.verdict.Because }},
		{ID: "missing", Title: "Missing", Width: 80, Align: fyne.TextAlignTrailing, Text: missingText, Tip: missingTip, Tint: missingTint,
			Compare: func(a, b *row) int { return counted(a, a.verdict.Missing) - counted(b, b.verdict.Missing) }},
		{ID: "overdue", Title: "Overdue", Width: 84, Align: fyne.TextAlignTrailing, Text: overdueText, Tip: missingTip, Tint: overdueTint,
			Compare: func(a, b *row) int { return counted(a, overdue(a)) - counted(b, overdue(b)) }},
		{ID: "deadline", Title: "Deadline", Width: 108, Text: deadlineText, Tip: deadlineTip, Tint: deadlineTint,
			Compare: func(a, b *row) int { return kit.CompareTime(a.verdict.NextDue, b.verdict.NextDue) }},
		{ID: "scanned", Title: "Scanned", Width: 120, Text: func(r *row) string { return kit.Ago(r.scan.At, r.now) }, Tip: scannedTip,
			Status:  func(r *row) kit.Status { return failedSign(r) },
			Compare: func(a, b *row) int { return b.scan.At.Compare(a.scan.At) }},
		{ID: "technology", Title: "Technology", Width: 100, Text: func(r *row) string { return r.Technology }, Tip: func(r *row) string { return r.scan.OS.Name }},
		{ID: "group", Title: "Group", Width: 100, Text: func(r *row) string { return r.group }},
		{ID: "reboot", Title: "Reboot", Width: 130, Status: rebootSign, Text: rebootWord,
			Compare: func(a, b *row) int { return cmp.Compare(b.reboot(), a.reboot()) }, Tip: func(r *row) string { return rebootText(r.scan) }},
		{ID: "ring", Title: "Ring", Width: 56, Align: fyne.TextAlignTrailing, Text: ringText, Compare: func(a, b *row) int { return ringOf(a) - ringOf(b) }},
		{ID: "exposure", Title: "Exposure", Width: 100, Text: func(r *row) string { return string(r.Exposure) }},
		{ID: "criticality", Title: "Criticality", Width: 104, Text: func(r *row) string { return string(r.Criticality) },
			Compare: func(a, b *row) int { return criticality(b) - criticality(a) }},
		{ID: "unit", Title: "Business unit", Width: 132, Text: func(r *row) string { return r.BusinessUnit }},
		{ID: "owner", Title: "Owner", Width: 124, Text: func(r *row) string { return r.Owner }},
		{ID: "error", Title: "Last scan error", Width: 150, Grow: true, Muted: true, Text: errorText},
		{ID: "system", Title: "System", Width: 200, Hidden: true, Text: func(r *row) string { return r.scan.OS.Name }},
		{ID: "platform", Title: "Platform", Width: 90, Hidden: true, Text: func(r *row) string { return string(r.Platform) }},
		{ID: "kernel", Title: "Kernel or build", Width: 160, Hidden: true, Text: func(r *row) string { return r.scan.Kernel.Running }},
		{ID: "lists", Title: "Lists fetched", Width: 120, Hidden: true, Text: func(r *row) string { return listsText(r.scan, r.now) },
			Compare: func(a, b *row) int { return b.scan.MetadataAt.Compare(a.scan.MetadataAt) }},
		{ID: "admin", Title: "Admin", Width: 120, Hidden: true, Text: func(r *row) string { return r.Admin }},
		{ID: "environment", Title: "Environment", Width: 110, Hidden: true, Text: func(r *row) string { return string(r.Environment) }},
		{ID: "address", Title: "Address", Width: 160, Hidden: true, Text: func(r *row) string { return r.Where() }},
		{ID: "notes", Title: "Notes", Width: 220, Hidden: true, Muted: true, Text: func(r *row) string { return oneLine(r.Notes) }},
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

func nameTip(r *row) string {
	tip := r.Name
	if at := r.Where(); at != tip {
		tip += "\n" + at
	}
	if r.Notes != "" {
		tip += "\n" + r.Notes
	}
	for _, d := range r.duplicates {
		tip += "\n" + d
	}
	return tip
}

// counted puts hosts that never told below those that told of none.
func counted(r *row, n int) int {
	if !r.scanned() {
		return -1
	}
	return n
}

func overdue(r *row) int { return r.verdict.Counts[data.Overdue] }

func missingText(r *row) string {
	if !r.scanned() {
		return "–"
	}
	return kit.Number(r.verdict.Missing)
}

// missingTint mutes a figure that proves nothing.
func missingTint(r *row) fyne.ThemeColorName {
	if r.verdict.Compliance == data.Unknown {
		return kit.ColorMuted
	}
	return ""
}

// overdueText writes no zero that is not proved.
func overdueText(r *row) string {
	if !r.scanned() || r.verdict.Compliance == data.Unknown && overdue(r) == 0 {
		return "–"
	}
	return kit.Number(overdue(r))
}

func overdueTint(r *row) fyne.ThemeColorName {
	if r.scanned() && overdue(r) > 0 {
		return kit.ColorLate
	}
	return ""
}

// missingTip says what the figures count and from when they are.
func missingTip(r *row) string {
	if !r.scanned() {
		return "Not known: the host was never scanned."
	}
	var parts []string
	for _, c := range data.Compliances {
		if n := r.verdict.Counts[c]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+string(c))
		}
	}
	tip := kit.Count(r.verdict.Missing, "update was", "updates were") + " missing at the scan of " + kit.DateTime(r.scan.At)
	if len(parts) > 0 {
		tip += ": " + strings.Join(parts, ", ")
	}
	if r.verdict.Compliance == data.Unknown {
		return tip + ". There may be more: the host is unknown."
	}
	return tip + "."
}

func deadlineText(r *row) string {
	if r.verdict.NextDue.IsZero() {
		return "–"
	}
	return kit.Due(r.verdict.NextDue, r.now)
}

func deadlineTip(r *row) string {
	if r.verdict.NextDue.IsZero() {
		return "No missing update of this host has a deadline."
	}
	return "Nearest deadline: " + kit.Exact(r.verdict.NextDue) + "\n" + r.verdict.Because
}

func deadlineTint(r *row) fyne.ThemeColorName {
	return kit.DueTint(r.verdict.NextDue, r.now)
}

func failedSign(r *row) kit.Status {
	if r.failure != nil {
		return kit.StatusWarning
	}
	return kit.StatusNone
}

func scannedTip(r *row) string {
	tip := "Never scanned."
	if r.scanned() {
		tip = "Scanned " + kit.Exact(r.scan.At) + "."
	}
	if r.failure != nil {
		tip += "\nThe last try, " + kit.Ago(r.failure.At, r.now) + ", brought no scan: " + r.failure.Error
	}
	return tip
}

func rebootSign(r *row) kit.Status {
	switch r.reboot() {
	case rebootPending:
		return kit.StatusPendingReboot
	case rebootUnknown:
		return kit.StatusUnknown
	}
	return kit.StatusNone
}

func rebootWord(r *row) string {
	switch r.reboot() {
	case rebootPending:
		if d := r.verdict.RebootDebt(r.now); d > 0 {
			return "pending " + kit.Span(d)
		}
		return "pending"
	case rebootNone:
		return "none"
	}
	return "unknown"
}

func ringText(r *row) string {
	if r.Ring == 0 {
		return "last"
	}
	return strconv.Itoa(r.Ring)
}

// ringOf puts a ring that is not set last, as rollouts do.
func ringOf(r *row) int {
	if r.Ring == 0 {
		return 10
	}
	return r.Ring
}

func criticality(r *row) int {
	for i, c := range data.Criticalities {
		if c == r.Criticality {
			return i
		}
	}
	return 0
}

func errorText(r *row) string {
	if r.failure == nil {
		return ""
	}
	return oneLine(r.failure.Error)
}

func listsText(s data.Scan, now time.Time) string {
	if s.MetadataAt.IsZero() {
		return "unknown"
	}
	return kit.Ago(s.MetadataAt, now)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
