package calendar_test

import (
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/calendar"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/wire"
)

// open shows the screen on the practice shop, whose past and windows are seeded.
func open(t *testing.T, dark bool) (*ui.Shell, *wire.Office) {
	t.Helper()
	a := kittest.Start(t, dark)
	off, err := wire.Open(t.Context(), wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	s := ui.NewShell(t.Context(), a, ui.Options{Workspace: "practice shop", Version: "0.1.0"})
	s.Add(calendar.New(s, &ui.Tools{Desk: off.Desk, Path: off.Path}))
	if dark {
		s.SetMode(kit.ModeDark)
	}
	s.Show()
	s.Window().Resize(fyne.NewSize(1280, 800))
	kittest.Settle(t)
	return s, off
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
