package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

func civil(t time.Time) data.Date {
	y, m, d := t.Date()
	return data.Date{Year: y, Month: m, Day: d}
}

// midnight is a date as a time, for reckoning with days.
func midnight(d data.Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

func plus(d data.Date, days int) data.Date { return civil(midnight(d).AddDate(0, 0, days)) }

func before(a, b data.Date) bool { return midnight(a).Before(midnight(b)) }

// monday returns the Monday of a day's week.
func monday(d data.Date) data.Date { return plus(d, -(int(midnight(d).Weekday())+6)%7) }

// plusMonths goes months on and stays in the month meant: 31 January and one
// month are 28 February.
func plusMonths(d data.Date, n int) data.Date {
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return data.Date{Year: first.Year(), Month: first.Month(), Day: min(d.Day, last)}
}

// isPatchTuesday reports the second Tuesday of a month.
func isPatchTuesday(d data.Date) bool {
	return midnight(d).Weekday() == time.Tuesday && d.Day > 7 && d.Day <= 14
}

// clockSpan is an opening by the clock: "22:00 – 02:00".
func clockSpan(e *app.Entry, zone *time.Location) string {
	if aroundTheClock(e.Window) {
		return "all day"
	}
	if isLong(e) {
		return e.Start.In(zone).Format("Mon 15:04") + " – " + e.End.In(zone).Format("Mon 15:04")
	}
	return e.Start.In(zone).Format("15:04") + " – " + e.End.In(zone).Format("15:04")
}

// entryWords says what an opening permits, and what takes it away.
func entryWords(e *app.Entry, groups []data.Group, zone *time.Location) string {
	s := fmt.Sprintf("%s, %s (%s). ", e.Start.In(zone).Format("Mon 2 Jan"), clockSpan(e, zone), zoneName(zone))
	switch {
	case e.Frozen:
		s += "A freeze leaves nothing of it. "
	case e.Cut:
		s += "A freeze takes part of it. "
	}
	return s + app.Sentence(e.Window, groups)
}

func zoneName(zone *time.Location) string {
	if zone == time.Local || zone.String() == "Local" {
		name, _ := time.Now().In(zone).Zone()
		return name + ", this computer's time"
	}
	return zone.String()
}

// freezeWords says what a freeze forbids.
func freezeWords(f data.Freeze, groups []data.Group, zone *time.Location) string {
	where := "on every host"
	if len(f.Groups) > 0 {
		where = "on hosts of " + strings.Join(groupNames(f.Groups, groups), ", ")
	}
	s := fmt.Sprintf("Freeze %s: nothing may be touched %s from %s to %s", f.Name, where, moment(f.From, zone), moment(f.Until, zone))
	if f.Reason != "" {
		s += ", because: " + strings.TrimSuffix(f.Reason, ".")
	}
	s += "."
	if f.AgreedBy != "" {
		s += " Agreed by " + f.AgreedBy + "."
	}
	return s
}

func moment(t time.Time, zone *time.Location) string { return t.In(zone).Format("Mon 2 Jan 15:04") }

func groupNames(ids []data.GroupID, groups []data.Group) []string {
	var out []string
	for _, id := range ids {
		i := slices.IndexFunc(groups, func(g data.Group) bool { return g.ID == id })
		if i < 0 {
			out = append(out, fmt.Sprintf("group %d, removed", id))
			continue
		}
		out = append(out, groups[i].Name)
	}
	return out
}

// permitWord is what a window permits, in a cell.
func permitWord(p data.Permits) string {
	switch {
	case p.Install && p.Reboot:
		return "install, reboot"
	case p.Install:
		return "install only"
	case p.Reboot:
		return "reboot only"
	}
	return "nothing"
}

// marksOf says for each day which deadlines fall on it that no window meets.
func marksOf(unmet []app.Unmet, zone *time.Location) map[data.Date]string {
	marks := map[data.Date]string{}
	for _, u := range unmet {
		d := civil(u.Due.In(zone))
		marks[d] = strings.TrimSpace(marks[d] + " " + u.Because)
	}
	return marks
}

// A problem is something that will not work as it stands, for the side list.
type problem struct {
	Sign   kit.Status
	Text   string
	Note   string
	Window data.WindowID
	Freeze data.FreezeID
	Day    data.Date // zero: none
	Hosts  []data.HostID
	Host   data.HostID
	Aside  bool // says what is not known; is not one of what the section counts
}

// A section is a part of the side list.
type section struct {
	Title    string
	Problems []problem
	Good     string // said when there is none
	None     string // said when nothing could be looked at
}

// count returns how many problems were found.
func (s section) count() int {
	n := 0
	for _, p := range s.Problems {
		if !p.Aside {
			n++
		}
	}
	return n
}

// findings are what app found that does not fit.
type findings struct {
	clashes  []app.Clash
	bare     []app.Bare
	unmet    []app.Unmet
	unjudged int // hosts about which nothing is known
}

// sections says what does not fit: deadlines, hosts, windows.
func sections(a app.Agenda, f findings, zone *time.Location) []section {
	hosts := map[data.HostID]string{}
	for _, h := range a.Hosts {
		hosts[h.ID] = h.Name
	}
	late, without := lateSection(hosts, f, zone), bareSection(hosts, f)
	if len(a.Hosts) == 0 {
		late.Good, without.Good = "", ""
		late.None, without.None = "There are no hosts yet.", "There are no hosts yet."
	}
	conflicts := clashSection(f, zone)
	if len(a.Windows) == 0 {
		conflicts.Good, conflicts.None = "", "There are no windows yet."
	}
	return []section{late, without, conflicts}
}

func lateSection(hosts map[data.HostID]string, f findings, zone *time.Location) section {
	late := section{Title: "Deadlines no window meets", Good: "Every known deadline has a window in time."}
	for _, u := range f.unmet {
		note := "no window"
		if !u.Next.IsZero() {
			note = "next window " + moment(u.Next, zone)
		}
		late.Problems = append(late.Problems, problem{Sign: kit.StatusOverdue, Text: fmt.Sprintf("%s: due %s", hosts[u.Host], moment(u.Due, zone)),
			Note: kit.Count(u.Updates, "update", "updates") + " · " + note, Host: u.Host, Day: civil(u.Due.In(zone))})
	}
	if f.unjudged > 0 {
		late.Problems = append(late.Problems, problem{Sign: kit.StatusUnknown, Aside: true, Text: kit.Count(f.unjudged, "host is", "hosts are") + " unknown", Note: "so their deadlines are not known"})
		late.Good = ""
	}
	return late
}

// bareSection lists the hosts without a window, once for each reason.
func bareSection(hosts map[data.HostID]string, f findings) section {
	without := section{Title: "Hosts without a window", Good: "Every host has an agreed window."}
	var whys []string
	by := map[string][]data.HostID{}
	for _, b := range f.bare {
		if by[b.Because] == nil {
			whys = append(whys, b.Because)
		}
		by[b.Because] = append(by[b.Because], b.Host)
	}
	for _, why := range whys {
		names := make([]string, 0, 4)
		for _, id := range by[why][:min(4, len(by[why]))] {
			names = append(names, hosts[id])
		}
		if n := len(by[why]) - len(names); n > 0 {
			names = append(names, kit.Number(n)+" more")
		}
		p := problem{Sign: kit.StatusWarning, Text: kit.Count(len(by[why]), "host", "hosts") + ": " + why, Note: strings.Join(names, ", "), Hosts: by[why]}
		if len(by[why]) == 1 {
			p.Host = by[why][0]
		}
		without.Problems = append(without.Problems, p)
	}
	return without
}

func clashSection(f findings, zone *time.Location) section {
	conflicts := section{Title: "Conflicts", Good: "No window is in another's way."}
	for _, c := range f.clashes {
		p := problem{Sign: kit.StatusWarning, Text: c.Because, Freeze: c.Freeze}
		if c.Kind == app.ClashUnagreed {
			p.Sign = kit.StatusUnknown
		}
		if len(c.Windows) > 0 {
			p.Window = c.Windows[0]
		}
		if !c.At.IsZero() {
			p.Day = civil(c.At.In(zone))
		}
		conflicts.Problems = append(conflicts.Problems, p)
	}
	return conflicts
}
