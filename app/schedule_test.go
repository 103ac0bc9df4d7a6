package app

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

// schedule plans three hosts of the Tuesdays' group, two in ring 1.
func schedule(t *testing.T, p data.Plan, edit func(*Agenda)) []Slot {
	t.Helper()
	a := Agenda{Windows: []data.Window{tuesdays()}, Hosts: []data.Host{{ID: 1, Name: "web1", Group: 2}, {ID: 2, Name: "web2", Group: 2}, {ID: 3, Name: "db1", Group: 2}}}
	if edit != nil {
		edit(&a)
	}
	p.Hosts = []data.PlanHost{{Host: 1, Ring: 1}, {Host: 2, Ring: 1}, {Host: 3, Ring: 2}}
	slots, err := a.Schedule(p, at(t, "2026-01-12T09:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	return slots
}

func wantStart(t *testing.T, s Slot, from string) {
	t.Helper()
	if !s.Start.Equal(at(t, from)) {
		t.Errorf("host %d starts at %s, want %s", s.Host, s.Start, from)
	}
}

func TestRingsAreReachedOneAfterTheOther(t *testing.T) {
	s := schedule(t, data.Plan{}, nil)
	wantStart(t, s[0], "2026-01-13T22:00:00Z")
	wantStart(t, s[1], "2026-01-13T22:00:00Z")
	wantStart(t, s[2], "2026-01-13T22:30:00Z")
}

func TestSoakMovesTheNextRingToALaterWindow(t *testing.T) {
	s := schedule(t, data.Plan{Rings: []data.Ring{{Number: 1, Soak: 24 * time.Hour}, {Number: 2}}}, nil)
	wantStart(t, s[2], "2026-01-20T22:00:00Z")
}

func TestOneAtATimeTakesTwiceAsLong(t *testing.T) {
	s := schedule(t, data.Plan{Parallel: 1}, nil)
	wantStart(t, s[1], "2026-01-13T22:30:00Z")
	wantStart(t, s[2], "2026-01-13T23:00:00Z")
}

func TestHostThatNoWindowCoversHoldsUpTheRingsAfterIt(t *testing.T) {
	s := schedule(t, data.Plan{}, func(a *Agenda) { a.Hosts[0].Group = 0 })
	if !s[0].Start.IsZero() || s[0].Why != "in no group" {
		t.Errorf("web1: %+v", s[0])
	}
	wantStart(t, s[1], "2026-01-13T22:00:00Z")
	if !s[2].Start.IsZero() || !strings.Contains(s[2].Why, "ring 1 before it does not end: web1 is in no group") {
		t.Errorf("db1: %+v", s[2])
	}
}

func TestHostThatCanGoSoonerDoesNotWaitForAnother(t *testing.T) {
	s := schedule(t, data.Plan{Parallel: 1}, func(a *Agenda) {
		fridays := window("", Weekly(1, data.Date{}, []time.Weekday{time.Friday}, data.Clock{Hour: 22}), 4*time.Hour)
		fridays.ID, fridays.Groups = 9, []data.GroupID{7}
		a.Windows, a.Hosts[0].Group = append(a.Windows, fridays), 7
	})
	wantStart(t, s[0], "2026-01-16T22:00:00Z")
	wantStart(t, s[1], "2026-01-13T22:00:00Z")
	wantStart(t, s[2], "2026-01-20T22:00:00Z")
}

func TestFreezeMovesTheSchedule(t *testing.T) {
	s := schedule(t, data.Plan{}, func(a *Agenda) {
		a.Freezes = []data.Freeze{{ID: 1, Name: "sales", From: at(t, "2026-01-10T00:00:00Z"), Until: at(t, "2026-01-19T00:00:00Z")}}
	})
	wantStart(t, s[0], "2026-01-20T22:00:00Z")
}

func TestStandingWithoutPackagesIsNotKnown(t *testing.T) {
	want := data.Changes{Upgrade: []data.Target{{Name: "bash", Arch: "amd64", To: "2"}}, Remove: []data.Target{{Name: "old"}}}
	for _, s := range Standings(want, data.Scan{}) {
		if s.Known || s.In {
			t.Errorf("%s: %+v", s.Target.Name, s)
		}
	}
	got := Standings(want, data.Scan{Installed: []data.Package{{Name: "bash", Arch: "amd64", Version: "1"}}})
	if got[0].In || got[0].Have != "1" || !got[1].In {
		t.Errorf("%+v", got)
	}
}
