package calendar

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/ui/kit"
)

// zoneText is the third column of zone.tab of the IANA time zone database
// (public domain), sorted, and UTC: a computer need not have the file.
//
//go:embed zones.txt
var zoneText string

// zoneNames are the names offered.
func zoneNames() []string { return strings.Fields(zoneText) }

// suggest returns at most n zones that hold what was typed; those whose city
// begins with it come first.
func suggest(typed string, n int) []string {
	q := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(typed)), " ", "_")
	if q == "" {
		return nil
	}
	var first, rest []string
	for _, z := range zoneNames() {
		low := strings.ToLower(z)
		city := low[strings.LastIndex(low, "/")+1:]
		switch {
		case strings.HasPrefix(city, q) || strings.HasPrefix(low, q):
			first = append(first, z)
		case strings.Contains(low, q):
			rest = append(rest, z)
		}
	}
	out := append(first, rest...)
	return out[:min(n, len(out))]
}

// checkZone says what is wrong with a zone's name.
func checkZone(name string) error {
	if name == "" {
		return nil
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return errors.New("Write an IANA name such as Europe/Berlin; type a city to find it.")
	}
	return nil
}

// A zoneEntry finds a time zone as one types. Down or Tab takes the first that fits.
type zoneEntry struct {
	*kit.Entry
	object  fyne.CanvasObject
	row     *fyne.Container
	changed func()
}

func newZoneEntry(name string, changed func()) *zoneEntry {
	z := &zoneEntry{Entry: kit.NewEntry("Europe/Berlin"), row: kit.HBox(2), changed: changed}
	z.SetText(name)
	z.Entry.OnChanged = func(string) { z.follow() }
	z.OnKey(func(k *fyne.KeyEvent) bool {
		found := suggest(z.Text, 1)
		if k.Name != fyne.KeyDown || len(found) == 0 {
			return false
		}
		z.take(found[0])
		return true
	})
	z.object = kit.VBox(2, z.Entry, z.row)
	z.row.Hide()
	return z
}

func (z *zoneEntry) take(name string) {
	z.SetText(name)
	z.Entry.CursorColumn = len(name)
	z.Entry.Refresh()
}

// follow offers what fits what was typed.
func (z *zoneEntry) follow() {
	z.row.Objects = nil
	if !slices.Contains(zoneNames(), z.Trimmed()) {
		for _, name := range suggest(z.Text, 4) {
			z.row.Add(kit.NewQuiet(name, "", func() { z.take(name) }))
		}
	}
	if len(z.row.Objects) > 0 {
		z.row.Show()
	} else {
		z.row.Hide()
	}
	z.object.Refresh()
	if z.changed != nil {
		z.changed()
	}
}

// chooseZone asks which zone times are shown in.
func (x *Screen) chooseZone() {
	name := x.zone.String()
	if x.zone == time.Local {
		name = ""
	}
	z := newZoneEntry(name, nil)
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: "Show times in which zone?", Text: "Only what is shown changes. Every window keeps its own zone.",
		Form: kit.NewForm(&kit.Field{Label: "Zone", Input: z.object, Hint: "Empty: this computer's own.",
			Check: func() error { return checkZone(z.Trimmed()) }}),
		Confirm: "Show",
		// How the window shows times concerns nobody else, so it makes no audit entry.
		Work: func(ctx context.Context) error {
			return x.tools.Desk.DB.SetSetting(ctx, settingZone, z.Trimmed())
		},
		OnDone: func() {
			x.zone = time.Local
			x.load(true)
		},
	})
}
