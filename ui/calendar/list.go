package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A windowRow is one window in the list of all.
type windowRow struct {
	data.Window
	GroupNames string
	Hosts      int
	Next       time.Time // of the opening that is or comes; zero: never again
	Open       bool      // now
	Opens      string
	Words      string
}

// windowRows lists all windows, also those that never open. A window whose own
// clocks differ from those in the zone shown has its zone named.
func windowRows(a app.Agenda, now time.Time, shown *time.Location) []*windowRow {
	out := make([]*windowRow, 0, len(a.Windows))
	for _, w := range a.Windows {
		r := &windowRow{Window: w, GroupNames: strings.Join(groupNames(w.Groups, a.Groups), ", "), Words: app.Sentence(w, a.Groups)}
		days := app.DescribeRecurrence(w.Recurs)
		if before(w.Recurs.First, civil(now)) { // it has begun: from when on is no news
			days = strings.TrimSuffix(days, ", from "+midnight(w.Recurs.First).Format(time.DateOnly)+" on")
		}
		for _, h := range a.Hosts {
			if h.Group != 0 && slices.Contains(w.Groups, h.Group) {
				r.Hosts++
			}
		}
		if next, err := app.Next(w, now, 1); err == nil && len(next) > 0 {
			r.Next, r.Open = next[0].Start, !next[0].Start.After(now)
		}
		zone := ""
		if own, err := time.LoadLocation(w.TimeZone); err == nil && !sameClock(cmp.Or(r.Next, now), own, shown) {
			zone = " " + own.String()
		}
		r.Opens = fmt.Sprintf("%s at %02d:%02d%s for %s", days, w.Recurs.Start.Hour, w.Recurs.Start.Minute, zone, app.DurationText(w.Duration))
		out = append(out, r)
	}
	return out
}

// sameClock reports whether two zones show the same time at t.
func sameClock(t time.Time, a, b *time.Location) bool {
	_, one := t.In(a).Zone()
	_, other := t.In(b).Zone()
	return one == other
}

func (r *windowRow) state() (kit.Status, string) {
	switch {
	case r.Agreed.At.IsZero():
		return kit.StatusUnknown, "Not agreed"
	case r.Next.IsZero():
		return kit.StatusWarning, "Never opens"
	}
	return kit.StatusPassed, "Agreed"
}

func newWindowList(x *Screen) *kit.Grid[*windowRow] {
	g := kit.NewGrid(
		kit.Column[*windowRow]{ID: "name", Title: "Window", Width: 206, Text: func(r *windowRow) string { return r.Name }, Tip: func(r *windowRow) string { return r.Words }},
		kit.Column[*windowRow]{ID: "state", Title: "State", Width: 100, Status: func(r *windowRow) kit.Status { s, _ := r.state(); return s },
			Text: func(r *windowRow) string { _, w := r.state(); return w }, Tip: func(r *windowRow) string { return agreedWords(r.Window) }},
		kit.Column[*windowRow]{ID: "next", Title: "Next opening", Width: 124, Text: func(r *windowRow) string {
			switch {
			case r.Next.IsZero():
				return "never"
			case r.Open:
				return "open now"
			}
			return moment(r.Next, x.zone)
		}, Compare: func(a, b *windowRow) int { return a.Next.Compare(b.Next) }},
		kit.Column[*windowRow]{ID: "opens", Title: "Opens", Width: 250, Grow: true, Text: func(r *windowRow) string { return r.Opens }, Tip: func(r *windowRow) string { return r.Words }},
		kit.Column[*windowRow]{ID: "permits", Title: "Permits", Width: 110, Text: func(r *windowRow) string { return permitWord(r.Permits) }},
		kit.Column[*windowRow]{ID: "groups", Title: "Groups", Width: 120, Text: func(r *windowRow) string { return or(r.GroupNames, "none") }},
		kit.Column[*windowRow]{ID: "hosts", Title: "Hosts", Width: 60, Align: fyne.TextAlignTrailing, Text: func(r *windowRow) string { return kit.Number(r.Hosts) },
			Compare: func(a, b *windowRow) int { return a.Hosts - b.Hosts }},
		kit.Column[*windowRow]{ID: "zone", Title: "Zone", Width: 120, Muted: true, Hidden: true, Text: func(r *windowRow) string { return or(r.TimeZone, "UTC") }},
	)
	g.Noun, g.Nouns = "window", "windows"
	g.Key = func(r *windowRow) any { return r.ID }
	g.OnOpen = func(r *windowRow) { x.edit(r.Window) }
	g.Menu = func(rows []*windowRow) []*fyne.MenuItem {
		if len(rows) != 1 {
			return nil
		}
		return x.windowMenu(rows[0].Window)
	}
	g.SetEmpty(kit.NewEmptyState("calendar-event", "No maintenance windows yet", "A window says when the hosts of a group may be touched, and who in the business agreed. Without one, rollouts wait.", kit.NewButton("New window…", "plus", x.newWindow)))
	return g
}

// agreedWords says who agreed to a window, and when.
func agreedWords(w data.Window) string {
	if w.Agreed.At.IsZero() {
		return "Nobody has agreed to it yet, so it permits nothing."
	}
	s := fmt.Sprintf("Agreed by %s on %s.", w.Agreed.By, kit.DateTime(w.Agreed.At))
	if w.Agreed.Note != "" {
		s += " " + w.Agreed.Note
	}
	return s
}
