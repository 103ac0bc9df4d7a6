package calendar_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit/kittest"
)

func windowNamed(t *testing.T, desk *app.Desk, name string) (data.Window, bool) {
	t.Helper()
	all, err := desk.DB.Windows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		if w.Name == name {
			return w, true
		}
	}
	return data.Window{}, false
}

func TestWindowIsMadeByTypingAndSaysItsNextDates(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	kittest.Key(t, w, fyne.KeyN)
	kittest.Press(t, w, "Add window")
	kittest.See(t, w, "Give the window a name.")
	kittest.Type(t, w, "Production, third Thursday", "Lab nights")
	kittest.Choose(t, w, "Days after Patch Tuesday")
	kittest.Type(t, w, "3", "2")
	kittest.Type(t, w, "22:00", "23:30")
	kittest.Type(t, w, "4 h", "90 min")
	kittest.Type(t, w, "Europe/Berlin", "lisb")
	kittest.Press(t, w, "Europe/Lisbon")
	kittest.Press(t, w, "Laboratory")
	text := kittest.Text(w)
	for _, want := range []string{"plus 2 days at 23:30 (Europe/Lisbon) for 90 minutes", "hosts of group Laboratory", "23:30 – 01:00"} {
		if !strings.Contains(text, want) {
			t.Errorf("the preview lacks %q: %s", want, text)
		}
	}
	if n := strings.Count(text, "23:30 – 01:00"); n != 5 {
		t.Errorf("%d dates are shown, want 5", n)
	}
	kittest.ShotOf(t, "calendar-typing", w, false)
	kittest.Press(t, w, "Add window")
	got, ok := windowNamed(t, desk, "Lab nights")
	if !ok || got.Recurs.PlusDays != 2 || got.TimeZone != "Europe/Lisbon" || got.Duration.Minutes() != 90 || len(got.Groups) != 1 || !got.Agreed.At.IsZero() {
		t.Errorf("stored %+v", got)
	}
}

func TestAWindowsFormMakesItsGroup(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	kittest.Key(t, w, fyne.KeyN)
	kittest.Type(t, w, "Production, third Thursday", "Till nights")
	kittest.Type(t, w, "a new group", "lAboratory")
	kittest.Press(t, w, "Add window")
	kittest.See(t, w, "there is a group Laboratory already: tick it")
	kittest.Type(t, w, "a new group", "Tills")
	kittest.See(t, w, "hosts of group Tills")
	kittest.Press(t, w, "Add window")
	got, ok := windowNamed(t, desk, "Till nights")
	if !ok || len(got.Groups) != 1 {
		t.Fatalf("stored %+v", got)
	}
	groups, err := desk.DB.Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if g.ID == got.Groups[0] && (g.Name != "Tills" || g.TimeZone == "") {
			t.Errorf("group %+v", g)
		}
	}
}

func TestNonsenseIsToldInTheDialogAndNotStored(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	kittest.Key(t, w, fyne.KeyN)
	kittest.Type(t, w, "Production, third Thursday", "Odd")
	for _, c := range [][3]string{{"22:00", "25:00", "Write the time of day as 22:00."}, {"4 h", "soon", "Write the length as 4 h"}, {"Europe/Berlin", "Atlantis", "Write an IANA name"}} {
		was := kittest.Field(t, w, c[0]).Text
		kittest.Type(t, w, c[0], c[1])
		kittest.Press(t, w, "Add window")
		kittest.See(t, w, c[2])
		kittest.Type(t, w, c[0], was)
	}
	kittest.Choose(t, w, "Own rule (RRULE)")
	kittest.Type(t, w, "FREQ=MONTHLY;BYDAY=2TU", "FREQ=SOMETIMES")
	kittest.Press(t, w, "Add window")
	kittest.See(t, w, "FREQ=SOMETIMES")
	if _, ok := windowNamed(t, desk, "Odd"); ok {
		t.Error("nonsense was stored")
	}
}

func TestChangedTermsWithdrawTheAgreementAndSaySo(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	before, ok := windowNamed(t, desk, "Office, reboots")
	if !ok || before.Agreed.At.IsZero() {
		t.Fatalf("the shop has no agreed window of that name: %+v", before)
	}
	s.Go(placeOf(before.ID))
	kittest.Settle(t)
	kittest.Type(t, w, "4 h", "5 h")
	kittest.See(t, w, "Saving withdraws the agreement of "+before.Agreed.By)
	kittest.ShotOf(t, "calendar-changed", w, false)
	kittest.Press(t, w, "Save")
	if got, _ := windowNamed(t, desk, before.Name); !got.Agreed.At.IsZero() {
		t.Errorf("still agreed: %+v", got.Agreed)
	}
}

func TestRemovedWindowComesBackByUndo(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	before, _ := windowNamed(t, desk, "Office, reboots")
	s.Go(placeOf(before.ID))
	kittest.Settle(t)
	kittest.Press(t, w, "Remove")
	if _, ok := windowNamed(t, desk, before.Name); ok {
		t.Fatal("it is still there")
	}
	kittest.Press(t, w, "Undo")
	if got, ok := windowNamed(t, desk, before.Name); !ok || got.Agreed.By != before.Agreed.By {
		t.Errorf("came back as %+v", got)
	}
}

func TestAgreementIsRecordedWithTheWindow(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	kittest.Key(t, w, fyne.KeyN)
	kittest.Type(t, w, "Production, third Thursday", "Agreed at once")
	kittest.Type(t, w, "Olga Meier", "Rosa Lima")
	kittest.Press(t, w, "Add window")
	if got, _ := windowNamed(t, desk, "Agreed at once"); got.Agreed.By != "Rosa Lima" || got.Agreed.At.IsZero() {
		t.Errorf("%+v", got.Agreed)
	}
}

func TestFreezeIsAddedByTheForm(t *testing.T) {
	s, desk := open(t, false)
	w := s.Window()
	kittest.Key(t, w, fyne.KeyZ)
	kittest.Type(t, w, "Christmas sales", "Audit week")
	kittest.Type(t, w, "2026-12-01", "2026-12-10")
	kittest.Type(t, w, "2027-01-07", "2026-12-09")
	kittest.Type(t, w, "The shop earns half its year then", "auditors are here")
	kittest.Press(t, w, "Add freeze")
	kittest.See(t, w, "It must end after it begins.")
	kittest.Type(t, w, "2027-01-07", "2026-12-12")
	kittest.Press(t, w, "Add freeze")
	all, err := desk.DB.Freezes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Name == "Audit week" {
			if f.Until.Sub(f.From).Hours() != 48 || f.Reason == "" {
				t.Errorf("%+v", f)
			}
			return
		}
	}
	t.Error("no freeze was stored")
}

func TestKeysMoveTheDayAndTurnTheMonth(t *testing.T) {
	s, _ := open(t, false)
	w := s.Window()
	now := kittest.Text(w)
	kittest.Key(t, w, fyne.KeyPageDown)
	if kittest.Text(w) == now {
		t.Error("Page Down does not turn the month")
	}
	kittest.Key(t, w, fyne.KeyRight)
	kittest.Key(t, w, fyne.KeyDown)
	kittest.Key(t, w, fyne.KeyT)
	if got := kittest.Text(w); got != now {
		t.Errorf("T does not lead back to today:\n%s\n%s", got, now)
	}
	kittest.Key(t, w, fyne.KeyW)
	kittest.See(t, w, "Week ")
	kittest.Key(t, w, fyne.KeyL)
	kittest.See(t, w, "NEXT OPENING")
}
