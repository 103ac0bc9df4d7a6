package calendar

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

func on(y int, m time.Month, d int) data.Date { return data.Date{Year: y, Month: m, Day: d} }

func TestEveryZoneOfferedCanBeUsed(t *testing.T) {
	if len(zoneNames()) < 400 {
		t.Fatalf("only %d zones", len(zoneNames()))
	}
	for _, z := range zoneNames() {
		if err := checkZone(z); err != nil {
			t.Errorf("%s: %v", z, err)
		}
	}
	for _, bad := range []string{"Berlin", "Local", "Europe/Bärlin", "../etc/passwd"} {
		if checkZone(bad) == nil {
			t.Errorf("%s is taken for a zone", bad)
		}
	}
}

func TestZoneIsFoundByItsCity(t *testing.T) {
	for typed, want := range map[string]string{"ber": "Europe/Berlin", "new york": "America/New_York", "europe/li": "Europe/Lisbon", "utc": "UTC"} {
		if got := suggest(typed, 5); len(got) == 0 || !strings.Contains(strings.Join(got, " "), want) {
			t.Errorf("%q finds %q", typed, got)
		}
	}
	if got := suggest("berlin", 5); got[0] != "Europe/Berlin" {
		t.Errorf("%q", got)
	}
}

func TestLengthsAreReadAsPeopleWriteThem(t *testing.T) {
	for s, want := range map[string]time.Duration{"4 h": 4 * time.Hour, "90 min": 90 * time.Minute, "1 h 30 min": 90 * time.Minute, "2 days": 48 * time.Hour, "1h30m": 90 * time.Minute, "4 hours": 4 * time.Hour} {
		if got, err := parseSpan(s); err != nil || got != want {
			t.Errorf("%q is %v, %v", s, got, err)
		}
		if again, err := parseSpan(spanText(want)); err != nil || again != want {
			t.Errorf("%q is read as %v, %v", spanText(want), again, err)
		}
	}
	for _, bad := range []string{"", "4", "h", "4 h and a bit", "long", "99999999999999 days", "4 hx"} {
		if got, err := parseSpan(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, got)
		}
	}
}

func TestRecurrencesComeOutOfTheEditorAsTheyWentIn(t *testing.T) {
	kittest.Start(t, false)
	ten := data.Clock{Hour: 22}
	for name, r := range map[string]data.Recurrence{
		kindPatch:        app.PatchTuesday(3, ten),
		kindNth:          app.NthWeekday(-1, time.Thursday, ten),
		kindWeekly:       app.Weekly(1, data.Date{}, []time.Weekday{time.Monday, time.Sunday}, ten),
		kindNWeeks:       app.Weekly(2, on(2026, 8, 10), []time.Weekday{time.Tuesday}, ten),
		kindDay:          app.MonthDay(-1, ten),
		kindOnce:         app.Once(on(2026, 8, 11), ten),
		kindOwn:          {Rule: "FREQ=MONTHLY;BYDAY=1SA;BYMONTH=3,6", PlusDays: 2, Start: ten},
		kindWeekly + " ": {Rule: "FREQ=WEEKLY;BYDAY=TH", First: on(2026, 7, 23), Start: ten},
		kindPatch + " ":  {Rule: "FREQ=MONTHLY;BYDAY=2TU", First: on(2026, 7, 23), PlusDays: 2, Start: ten},
	} {
		e := newRecurEditor(r, on(2026, 8, 4), func() {})
		name = strings.TrimSpace(name)
		if e.kind.Chosen() != name {
			t.Errorf("%s is shown as %s", name, e.kind.Chosen())
		}
		if got, err := e.recurrence(ten); err != nil || got != r {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, r)
		}
	}
}

func TestMonthsAreTurnedWithinTheMonth(t *testing.T) {
	for _, c := range [][2]data.Date{{on(2026, 1, 31), on(2026, 2, 28)}, {on(2026, 12, 31), on(2027, 1, 31)}, {on(2028, 1, 30), on(2028, 2, 29)}} {
		if got := plusMonths(c[0], 1); got != c[1] {
			t.Errorf("%v and a month is %v", c[0], got)
		}
	}
	if got := monday(on(2026, 11, 1)); got != on(2026, 10, 26) {
		t.Errorf("monday %v", got)
	}
}

func TestPatchTuesdayIsTheSecondTuesday(t *testing.T) {
	if !isPatchTuesday(on(2026, 8, 11)) || isPatchTuesday(on(2026, 8, 4)) || isPatchTuesday(on(2026, 8, 18)) || isPatchTuesday(on(2026, 8, 12)) {
		t.Error("Patch Tuesday of August 2026 is the 11th")
	}
}

func TestBarsOfOneWeekDoNotLieUponEachOther(t *testing.T) {
	w := data.Window{ID: 1, Name: "always", Duration: 24 * time.Hour}
	var days []app.Day
	for i := range 7 {
		at := time.Date(2026, 8, 10+i, 0, 0, 0, 0, time.UTC)
		d := app.Day{Date: civil(at), Entries: []app.Entry{{Occurrence: data.Occurrence{Window: 1, Start: at, End: at.Add(24 * time.Hour)}, Window: w, Agreed: true}}}
		if i > 2 && i < 5 {
			d.Freezes = []data.Freeze{{ID: 7, Name: "sale"}}
		}
		days = append(days, d)
	}
	all, lanes := bars(days)
	if len(all) != 2 || lanes != 2 || all[0].lane == all[1].lane {
		t.Fatalf("%d lanes: %+v", lanes, all)
	}
	if all[0].from != 0 || all[0].to != 6 || all[1].from != 3 || all[1].to != 4 {
		t.Errorf("%+v", all)
	}
}

func TestOverlappingOpeningsStandSideBySide(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 8, 11, h, 0, 0, 0, time.UTC) }
	e := func(from, to int) app.Entry {
		return app.Entry{Occurrence: data.Occurrence{Start: at(from), End: at(to)}}
	}
	got := sideBySide([]app.Entry{e(1, 4), e(2, 3), e(3, 5), e(5, 6)})
	if got[0] == got[1] || got[1] != got[2] || got[3] != 0 {
		t.Errorf("columns %v", got)
	}
}

func TestUnknownHostsAreToldBesideTheForecast(t *testing.T) {
	a := app.Agenda{Hosts: []data.Host{{ID: 1, Name: "web1"}}}
	s := sections(a, findings{unjudged: 1}, time.UTC)
	if s[0].Good != "" || len(s[0].Problems) != 1 || s[0].Problems[0].Sign != kit.StatusUnknown {
		t.Errorf("%+v", s[0])
	}
}

func TestWeekDrawsHoursWhereTheClockSays(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	k := &week{view: &view{zone: berlin}}
	day := on(2026, 3, 29) // 02:00 to 03:00 does not exist
	if got := k.share(time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), day); got != 0.5 {
		t.Errorf("noon is drawn at %v of the day", got)
	}
	if got := k.share(time.Date(2026, 3, 30, 1, 0, 0, 0, berlin), day); got != 1 {
		t.Errorf("what ends the day after is drawn to %v", got)
	}
}
