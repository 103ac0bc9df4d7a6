package calendar_test

import (
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/calendar"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
)

// open shows the screen on the practice shop, whose past and windows are seeded.
func open(t *testing.T, dark bool) (*ui.Shell, *app.Desk) {
	t.Helper()
	tools := uitest.Practice(t)
	s, _ := uitest.Show(t, dark, uitest.Small, func(s *ui.Shell) ui.Screen { return calendar.New(s, tools) })
	return s, tools.Desk
}

func placeOf(id data.WindowID) ui.Place { return ui.Place{Screen: ui.Calendar, Window: id} }

func TestScreenshotsOfCalendar(t *testing.T) {
	for _, dark := range []bool{false, true} {
		s, _ := open(t, dark)
		w := s.Window()
		kittest.ShotOf(t, "calendar-month", w, dark)
		kittest.Choose(t, w, "Week")
		kittest.ShotOf(t, "calendar-week", w, dark)
		kittest.Choose(t, w, "Windows")
		kittest.ShotOf(t, "calendar-windows", w, dark)
		kittest.Press(t, w, "New window…")
		kittest.ShotOf(t, "calendar-editor", w, dark)
		kittest.Key(t, w, fyne.KeyEscape)
		kittest.Press(t, w, "New freeze…")
		kittest.ShotOf(t, "calendar-freeze", w, dark)
	}
}
