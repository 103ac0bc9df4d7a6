package calendar

import (
	"image/color"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

// drawn draws November 2026 at a size with these windows open on the 12th.
func drawn(t *testing.T, size fyne.Size, names ...string) *painter {
	t.Helper()
	kittest.Start(t, false)
	m := newMonth()
	from := on(2026, time.October, 26)
	for i := range 42 {
		m.days = append(m.days, app.Day{Date: plus(from, i)})
	}
	m.in, m.today, m.chosen = on(2026, time.November, 1), on(2026, time.November, 3), on(2026, time.November, 3)
	at := time.Date(2026, time.November, 12, 19, 0, 0, 0, time.UTC)
	for i, name := range names {
		w := data.Window{ID: data.WindowID(i + 1), Name: name, Permits: data.Permits{Install: true}}
		e := app.Entry{Occurrence: data.Occurrence{Start: at, End: at.Add(2 * time.Hour)}, Window: w, Agreed: true}
		m.days[17].Entries = append(m.days[17].Entries, e)
	}
	p := &painter{}
	m.paint(p, size)
	return p
}

// written returns the texts of a drawing in order.
func (p *painter) written() (out []string) {
	for _, o := range p.objects {
		if t, ok := o.(*canvas.Text); ok {
			out = append(out, t.Text)
		}
	}
	return out
}

// month1280 is the room a month has in a window of 1280×800.
var month1280 = fyne.NewSize(742, 680)

func TestNameOfAWindowIsReadInWholeOnItsDay(t *testing.T) {
	for _, name := range []string{"Office, Thursday evening", "Warehouse, second Saturday", "Serverraum, jeder zweite Donnerstag"} {
		text := strings.Join(drawn(t, month1280, name).written(), " ")
		if !strings.Contains(text, "19:00 "+name) {
			t.Errorf("%q is not to be read: %s", name, text)
		}
	}
}

func TestDayWithMoreOpeningsThanRoomCountsTheRest(t *testing.T) {
	names := []string{"Office, Thursday evening", "Warehouse, second Saturday", "Web, after Patch Tuesday", "Databases, Sunday night", "Finance, first Saturday", "Laboratory"}
	p := drawn(t, month1280, names...)
	if !slices.Contains(p.written(), "+3 more") {
		t.Errorf("the rest is not counted: %q", p.written())
	}
	last := p.things[slices.IndexFunc(p.things, func(x thing) bool { return strings.Contains(x.tip, "Finance") })]
	for _, hidden := range names[3:] {
		if !strings.Contains(last.tip, hidden) {
			t.Errorf("%q has no room, and is not told: %q", hidden, last.tip)
		}
	}
}

func TestNoLineOfTheDaysShowsThroughABar(t *testing.T) {
	p := drawn(t, month1280, "Office")
	at := slices.IndexFunc(p.objects, func(o fyne.CanvasObject) bool {
		x, ok := o.(*canvas.Text)
		return ok && x.Text == "19:00 Office"
	})
	text := p.objects[at]
	ground := slices.IndexFunc(p.objects, func(o fyne.CanvasObject) bool {
		r, ok := o.(*canvas.Rectangle)
		return ok && same(r.FillColor, kit.Color(kit.ColorSurface)) && r.StrokeWidth == 0 && holds(r, text)
	})
	if ground < 0 || ground > at {
		t.Fatal("the opening has no ground of its own")
	}
	for _, o := range p.objects[ground:] {
		if r, ok := o.(*canvas.Rectangle); ok && r.StrokeWidth > 0 && holds(r, text) {
			t.Errorf("a line is drawn above it: %v", r)
		}
	}
}

func same(a, b color.Color) bool {
	return color.RGBAModel.Convert(a) == color.RGBAModel.Convert(b)
}

func holds(r *canvas.Rectangle, o fyne.CanvasObject) bool {
	return thing{at: r.Position(), size: r.Size()}.holds(o.Position())
}

func TestListSaysWhatIsOpenNowAndNoBeginningThatIsPast(t *testing.T) {
	w := data.Window{ID: 1, Name: "Around", Duration: 24 * time.Hour, Recurs: data.Recurrence{Rule: "FREQ=DAILY", First: on(2026, time.July, 23)}}
	now := time.Date(2026, time.November, 23, 3, 0, 0, 0, time.UTC)
	r := windowRows(app.Agenda{Windows: []data.Window{w}}, now, time.UTC)[0]
	if !r.Open || r.Opens != "every day at 00:00 for 24 hours" {
		t.Errorf("%v, %q", r.Open, r.Opens)
	}
	if r = windowRows(app.Agenda{Windows: []data.Window{w}}, now.AddDate(-1, 0, 0), time.UTC)[0]; r.Open || !strings.Contains(r.Opens, "from 2026-07-23 on") {
		t.Errorf("before it begins: %v, %q", r.Open, r.Opens)
	}
	w.TimeZone = "Europe/Berlin"
	if r = windowRows(app.Agenda{Windows: []data.Window{w}}, now, time.UTC)[0]; r.Opens != "every day at 00:00 Europe/Berlin for 24 hours" {
		t.Errorf("beside times in another zone: %q", r.Opens)
	}
}
