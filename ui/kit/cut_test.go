package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

func TestHostNamesOfAKindAreToldApartWhenCut(t *testing.T) {
	test.NewTempApp(t)
	const size, room = 13, 130
	seen := map[string]string{}
	for _, name := range []string{
		"datenbankserver-produktion-nord-01.rechenzentrum.example.test", "datenbankserver-produktion-nord-02.rechenzentrum.example.test",
		"datenbankserver-produktion-sued-01", "web1.hamburg.zweigstelle.example.test", "web2.hamburg.zweigstelle.example.test", "web1",
	} {
		got, whole := cutName(name, room, size, fyne.TextStyle{})
		if w := fyne.MeasureText(got, size, fyne.TextStyle{}).Width; w > room {
			t.Errorf("%s is cut to %q, %v wide", name, got, w)
		}
		if whole != (got == name) || whole == strings.Contains(got, "…") {
			t.Errorf("%s: %q, whole %v", name, got, whole)
		}
		if other := seen[got]; other != "" {
			t.Errorf("%s and %s are both %q", name, other, got)
		}
		seen[got] = name
	}
	if got, _ := cutName("datenbankserver-produktion-nord-01", 8, size, fyne.TextStyle{}); got != "…" {
		t.Errorf("without room: %q", got)
	}
}

func TestUpdatesOfAMonthAreToldApartWhenCut(t *testing.T) {
	test.NewTempApp(t)
	const size = 13
	titles := []string{
		"KB5070750 · 2026-11 Cumulative Update for Windows Server 2016 for x64-based Systems (KB5070750)",
		"KB5070750 · 2026-11 Cumulative Update for Windows Server 2019 for x64-based Systems (KB5070750)",
		"KB5070750 · 2026-11 Servicing Stack Update for Windows Server 2016 for x64-based Systems (KB5070750)",
		"KB5070750 · 2026-11 Cumulative Update for Microsoft server operating system, version 22H2 for x64-based Systems (KB5070750)",
		"KB5070750 · 2026-11 Cumulative Update for .NET Framework 4.8.1 for Windows Server 2022 for x64 (KB5070750)",
	}
	for _, room := range []float32{190, 264, 330} {
		seen := map[string]string{}
		for _, title := range titles {
			got, whole := cutTitle(title, room, size, fyne.TextStyle{})
			if w := fyne.MeasureText(got, size, fyne.TextStyle{}).Width; w > room || whole || !strings.HasPrefix(got, "KB5070750 · ") {
				t.Errorf("%s is cut to %q, %v wide, whole %v", title, got, w, whole)
			}
			if other := seen[got]; other != "" {
				t.Errorf("%s and %s are both %q", title, other, got)
			}
			seen[got] = title
		}
		t.Log(seen)
	}
	for _, s := range []string{"curl:amd64", "KB890830 · Removal Tool"} {
		if got, whole := cutTitle(s, 264, size, fyne.TextStyle{}); got != s || !whole {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got, _ := cutTitle(titles[0], 90, size, fyne.TextStyle{}); !strings.HasPrefix(got, "KB5070750") {
		t.Errorf("without room: %q", got)
	}
}
