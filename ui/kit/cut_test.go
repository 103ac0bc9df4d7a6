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
