package app

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

// tuesdays is open every Tuesday from 22:00 to 02:00 UTC for group 2.
func tuesdays() data.Window {
	w := window("", Weekly(1, data.Date{}, []time.Weekday{time.Tuesday}, data.Clock{Hour: 22}), 4*time.Hour)
	w.Name = "Tuesdays"
	return w
}

func TestHostIsOpenOnlyInAnAgreedWindow(t *testing.T) {
	host := data.Host{ID: 1, Group: 2}
	inside := at(t, "2026-01-14T00:30:00Z") // after midnight, in Tuesday's window
	unagreed := tuesdays()
	unagreed.Agreed = data.Approval{}
	freeze := func(from, until string) []data.Freeze {
		return []data.Freeze{{ID: 1, Name: "sales", From: at(t, from), Until: at(t, until)}}
	}
	for name, c := range map[string]struct {
		host     data.Host
		window   data.Window
		freezes  []data.Freeze
		now      time.Time
		open     bool
		from, to string
		why      string
	}{
		"inside":               {host, tuesdays(), nil, inside, true, "2026-01-13T22:00:00Z", "2026-01-14T02:00:00Z", "is open until 2026-01-14 02:00 UTC: updates may be installed and hosts rebooted"},
		"at its start":         {host, tuesdays(), nil, at(t, "2026-01-13T22:00:00Z"), true, "2026-01-13T22:00:00Z", "2026-01-14T02:00:00Z", "open"},
		"at its end":           {host, tuesdays(), nil, at(t, "2026-01-14T02:00:00Z"), false, "", "", "no window of the host's group is open"},
		"not agreed":           {host, unagreed, nil, inside, false, "", "", "not been agreed"},
		"another group":        {data.Host{ID: 1, Group: 3}, tuesdays(), nil, inside, false, "", "", "no window covers"},
		"no group":             {data.Host{ID: 1}, tuesdays(), nil, inside, false, "", "", "in no group"},
		"frozen":               {host, tuesdays(), freeze("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), inside, false, "", "", `freeze "sales" forbids it until 2026-02-01 00:00 UTC`},
		"freeze begins inside": {host, tuesdays(), freeze("2026-01-14T01:00:00Z", "2026-02-01T00:00:00Z"), inside, true, "2026-01-13T22:00:00Z", "2026-01-14T01:00:00Z", "until 2026-01-14 01:00 UTC"},
		"freeze ended inside":  {host, tuesdays(), freeze("2026-01-01T00:00:00Z", "2026-01-14T00:00:00Z"), inside, true, "2026-01-14T00:00:00Z", "2026-01-14T02:00:00Z", "open"},
		"freeze in the middle": {host, tuesdays(), freeze("2026-01-13T23:00:00Z", "2026-01-14T00:00:00Z"), inside, true, "2026-01-14T00:00:00Z", "2026-01-14T02:00:00Z", "open"},
	} {
		o, open, why := OpenFor(c.host, []data.Window{c.window}, c.freezes, c.now)
		if open != c.open || !strings.Contains(why, c.why) {
			t.Errorf("%s: open %t because %q; want %t and %q", name, open, why, c.open, c.why)
		}
		if open && (!o.Start.Equal(at(t, c.from)) || !o.End.Equal(at(t, c.to))) {
			t.Errorf("%s: open from %s to %s, want %s to %s", name, o.Start, o.End, c.from, c.to)
		}
	}
}

func TestWindowThatPermitsToInstallWins(t *testing.T) {
	install, reboot := tuesdays(), tuesdays()
	install.ID, install.Duration = 5, time.Hour
	reboot.Permits = data.Permits{Reboot: true}
	o, open, _ := OpenFor(data.Host{Group: 2}, []data.Window{reboot, install}, nil, at(t, "2026-01-13T22:30:00Z"))
	if !open || o.Window != 5 {
		t.Errorf("window %d is taken", o.Window)
	}
}

func TestNextOpeningSkipsFreezes(t *testing.T) {
	now := at(t, "2026-01-12T00:00:00Z")
	freezes := []data.Freeze{{Groups: []data.GroupID{2}, From: at(t, "2026-01-13T00:00:00Z"), Until: at(t, "2026-01-20T23:00:00Z")}}
	o, ok := NextOpening(data.Host{Group: 2}, []data.Window{tuesdays()}, freezes, now)
	if !ok || !o.Start.Equal(at(t, "2026-01-20T23:00:00Z")) || !o.End.Equal(at(t, "2026-01-21T02:00:00Z")) {
		t.Errorf("opens %v, %t", o, ok)
	}
	if _, ok := NextOpening(data.Host{Group: 3}, []data.Window{tuesdays()}, nil, now); ok {
		t.Error("a group without a window opens")
	}
}

func TestSentenceSaysWhatAWindowPermitsAndForbids(t *testing.T) {
	groups := []data.Group{{ID: 2, Name: "web"}, {ID: 3, Name: "db"}}
	w := window("Europe/Berlin", PatchTuesday(3, data.Clock{Hour: 22}), 4*time.Hour)
	w.Groups = []data.GroupID{2, 3}
	w.Permits.Reboot = false
	want := "On the second Tuesday of each month plus 3 days at 22:00 (Europe/Berlin) for 4 hours, updates may be installed but hosts must not be rebooted on hosts of groups web and db; agreed by Olga on 2026-01-02."
	if got := Sentence(w, groups); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	w.Agreed = data.Approval{}
	if got := Sentence(w, groups); !strings.HasPrefix(got, "Permits nothing, because its owner has not agreed; once agreed, on the second") {
		t.Error(got)
	}
	w.TimeZone = "Nowhere"
	if got := Sentence(w, groups); !strings.HasPrefix(got, "This window never opens: ") {
		t.Error(got)
	}
}

func TestCalendarShowsWindowsOnEveryDayTheyTouch(t *testing.T) {
	a := Agenda{Windows: []data.Window{tuesdays()}, Freezes: []data.Freeze{{ID: 9, From: at(t, "2026-01-20T00:00:00Z"), Until: at(t, "2026-01-21T12:00:00Z")}}}
	days, err := a.Calendar(on(2026, 1, 12), on(2026, 1, 21), time.UTC)
	if err != nil || len(days) != 10 {
		t.Fatalf("%d days, %v", len(days), err)
	}
	if e := days[1].Entries; len(e) != 1 || e[0].Continues || e[0].Frozen || !e[0].Agreed {
		t.Errorf("13 January: %+v", e)
	}
	if e := days[2].Entries; len(e) != 1 || !e[0].Continues {
		t.Errorf("14 January: %+v", e)
	}
	if len(days[3].Entries) != 0 || len(days[3].Freezes) != 0 {
		t.Errorf("15 January: %+v", days[3])
	}
	if d := days[8]; len(d.Freezes) != 1 || len(d.Entries) != 1 || !d.Entries[0].Frozen {
		t.Errorf("20 January: %+v", d)
	}
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	days, err = a.Calendar(on(2026, 1, 13), on(2026, 1, 14), auckland)
	if err != nil || len(days[0].Entries) != 0 || len(days[1].Entries) != 1 || days[1].Entries[0].Continues {
		t.Errorf("seen from Auckland: %+v, %v", days, err)
	}
}

func TestClashesAreFound(t *testing.T) {
	second := tuesdays()
	second.ID, second.Name, second.Recurs.Start.Hour = 2, "Late", 23
	short := window("", NthWeekday(1, time.Monday, data.Clock{}), 10*time.Minute)
	short.ID, short.Groups, short.Agreed = 3, []data.GroupID{8}, data.Approval{}
	over := window("", Once(on(2020, 1, 1), data.Clock{}), time.Hour)
	over.ID = 4
	bad := window("Nowhere", Once(on(2020, 1, 1), data.Clock{}), time.Hour)
	bad.ID = 5
	a := Agenda{
		Hosts:   []data.Host{{ID: 1, Group: 2}, {ID: 2}, {ID: 3, Group: 8}, {ID: 4, Group: 9}},
		Windows: []data.Window{tuesdays(), second, short, over, bad},
		Freezes: []data.Freeze{{ID: 6, Name: "sales", From: at(t, "2026-01-13T00:00:00Z"), Until: at(t, "2026-01-15T00:00:00Z")}},
	}
	got := map[ClashKind][]data.WindowID{}
	for _, c := range a.Clashes(at(t, "2026-01-12T00:00:00Z"), at(t, "2026-02-12T00:00:00Z")) {
		got[c.Kind] = append(got[c.Kind], c.Windows...)
		if !strings.HasSuffix(c.Because, ".") {
			t.Errorf("%q is no sentence", c.Because)
		}
	}
	for kind, n := range map[ClashKind]int{ClashOverlap: 2, ClashFrozen: 2, ClashShort: 1, ClashUnagreed: 1, ClashOver: 1, ClashBad: 1, ClashNoGroup: 0} {
		if len(got[kind]) != n {
			t.Errorf("%s names windows %v, want %d", kind, got[kind], n)
		}
	}
	bare := map[data.HostID]string{}
	for _, b := range a.Uncovered(at(t, "2026-01-12T00:00:00Z")) {
		bare[b.Host] = b.Because
	}
	if len(bare) != 3 || bare[2] != "in no group" || !strings.Contains(bare[3], "agreed") || !strings.Contains(bare[4], "no window covers") {
		t.Errorf("uncovered: %v", bare)
	}
}

func TestForecastNamesDeadlinesNoWindowMeets(t *testing.T) {
	a := Agenda{Hosts: []data.Host{{ID: 1, Name: "web1", Group: 2}, {ID: 2, Name: "db1", Group: 3}}, Windows: []data.Window{tuesdays()}}
	now := at(t, "2026-01-10T12:00:00Z") // Saturday; the next Tuesday night is the 13th, 22:00
	got, err := a.Forecast([]Promise{
		{1, at(t, "2026-01-12T12:00:00Z")}, {1, at(t, "2026-01-11T22:30:00Z")}, {1, at(t, "2026-01-13T22:29:00Z")},
		{1, at(t, "2026-01-13T22:30:00Z")}, {1, at(t, "2026-01-09T12:00:00Z")}, {2, at(t, "2026-06-01T00:00:00Z")},
	}, now)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := "3 updates on web1 due by 2026-01-11 22:30 UTC, and the next window leaves room for it on 2026-01-13 22:00 UTC, 2 days too late."
	if got[0].Updates != 3 || got[0].Because != want {
		t.Errorf("%d updates: %s\nwant %s", got[0].Updates, got[0].Because, want)
	}
	if got[1].Host != 2 || !strings.Contains(got[1].Because, "no window of its group opens within a year") {
		t.Errorf("%+v", got[1])
	}
}

func TestForecastUsesTheRestOfAnOpenWindow(t *testing.T) {
	a := Agenda{Hosts: []data.Host{{ID: 1, Group: 2}}, Windows: []data.Window{tuesdays()}}
	now := at(t, "2026-01-13T23:00:00Z")
	if got, err := a.Forecast([]Promise{{1, now.Add(30 * time.Minute)}}, now); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	a.Freezes = []data.Freeze{{From: now.Add(20 * time.Minute), Until: now.Add(6 * time.Hour)}}
	if got, err := a.Forecast([]Promise{{1, now.Add(30 * time.Minute)}}, now); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
