package calendar

import (
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// Sizes of the week.
const (
	hoursWide = 48
	daysHigh  = 40
	leastSlot = 16 // a short opening is still to be read
)

// A week shows seven days hour by hour.
type week struct {
	face
	days   []app.Day // 7
	now    time.Time
	chosen data.Date
	view   *view
	top    float32 // where the hours begin
}

func newWeek() *week {
	k := &week{view: &view{zone: time.UTC}}
	k.self, k.draw, k.least = k, k.paint, fyne.NewSize(420, 300)
	k.ExtendBaseWidget(k)
	return k
}

// set shows other days.
func (k *week) set(days []app.Day, now time.Time, chosen data.Date, v *view) {
	k.days, k.now, k.chosen, k.view = days, now, chosen, v
	k.Refresh()
}

func (k *week) paint(p *painter, size fyne.Size) {
	if len(k.days) != 7 || size.Width < 120 {
		return
	}
	all, lanes := bars(k.days)
	k.top = daysHigh
	if lanes > 0 {
		k.top += float32(lanes)*lane + 4
	}
	daysHigh := k.top
	w, h := (size.Width-hoursWide)/7, size.Height-daysHigh
	p.rect(box{hoursWide, daysHigh, size.Width - hoursWide, h}, 0, kit.Color(kit.ColorSurface))
	muted := kit.Color(kit.ColorMuted)
	small := theme.Size(theme.SizeNameCaptionText)
	for hour := 0; hour < 24; hour += 2 {
		y := daysHigh + h*float32(hour)/24
		p.rect(box{hoursWide, y, size.Width - hoursWide, 1}, 0, kit.Color(theme.ColorNameSeparator))
		p.text(box{6, y - 2, hoursWide, 0}, fmt.Sprintf("%02d:00", hour), pen{small, false, muted})
	}
	for i, d := range k.days {
		k.paintDay(p, d, hoursWide+float32(i)*w, w, h)
	}
	for _, b := range all {
		k.view.paintBar(p, b, k.days, box{hoursWide + float32(b.from)*w + 3, daysHigh - float32(lanes-b.lane)*lane - 2, float32(b.to-b.from+1)*w - 6, lane})
	}
	today := civil(k.now.In(k.view.zone))
	for i, d := range k.days {
		if d.Date == today {
			y := daysHigh + h*k.share(k.now, d.Date)
			p.rect(box{hoursWide + float32(i)*w, y - 1, w, 2}, 0, kit.Color(kit.ColorCritical))
		}
	}
}

// share is how much of a day has passed at t by the clock on the wall, so that
// a line of the hours is where it says also when clocks change.
func (k *week) share(t time.Time, day data.Date) float32 {
	l := t.In(k.view.zone)
	switch at := civil(l); {
	case before(at, day):
		return 0
	case before(day, at):
		return 1
	}
	return float32(l.Hour()*60+l.Minute()) / (24 * 60)
}

func (k *week) paintDay(p *painter, d app.Day, x, w, h float32) {
	daysHigh := k.top
	p.rect(box{x, 0, 1, daysHigh + h}, 0, kit.Color(theme.ColorNameSeparator))
	p.things = append(p.things, thing{at: fyne.NewPos(x, 0), size: fyne.NewSize(w, daysHigh+h), day: d.Date})
	at := midnight(d.Date)
	text := at.Format("Mon 2 Jan")
	ink := kit.Color(theme.ColorNameForeground)
	if d.Date == civil(k.now.In(k.view.zone)) {
		width := fyne.MeasureText(text, theme.Size(theme.SizeNameText), fyne.TextStyle{Bold: true}).Width
		p.rect(box{x + 4, 3, width + 12, 20}, 10, kit.Color(primary))
		ink = kit.Color(theme.ColorNameForegroundOnPrimary)
	}
	p.text(box{x + 10, 5, w - 12, 0}, text, pen{theme.Size(theme.SizeNameText), true, ink})
	if isPatchTuesday(d.Date) {
		p.text(box{x + 10, 24, w - 12, 0}, "Patch Tuesday", pen{theme.Size(theme.SizeNameCaptionText) - 1, false, kit.Color(kit.ColorMuted)})
	}
	k.paintFreezes(p, d, x, w, h)
	k.paintEntries(p, d, x, w, h)
	if d.Date == k.chosen {
		edge := kit.Color(primary)
		if !k.focused {
			edge = kit.Tint(primary, 150)
		}
		p.frame(box{x + 0.5, 0.5, w, daysHigh + h - 1}, edge)
	}
}

// paintFreezes tints the hours in which nothing may be touched; their names
// stand above.
func (k *week) paintFreezes(p *painter, d app.Day, x, w, h float32) {
	for i := range d.Freezes {
		f := &d.Freezes[i]
		from, to := h*k.share(f.From, d.Date), h*k.share(f.Until, d.Date)
		p.rect(box{x + 1, k.top + from, w - 1, to - from}, 0, kit.Tint(kit.ColorExcepted, 30))
		p.things = append(p.things, thing{at: fyne.NewPos(x, k.top+from), size: fyne.NewSize(w, to-from), day: d.Date, freeze: f, tip: freezeWords(*f, k.view.groups, k.view.zone)})
	}
}

// paintEntries draws openings as blocks; those at the same time stand side by side.
func (k *week) paintEntries(p *painter, d app.Day, x, w, h float32) {
	entries := slices.DeleteFunc(slices.Clone(d.Entries), func(e app.Entry) bool { return isLong(&e) })
	columns := sideBySide(entries)
	count := 1
	for _, c := range columns {
		count = max(count, c+1)
	}
	each := (w - 6) / float32(count)
	for i := range entries {
		e := &entries[i]
		from, to := h*k.share(e.Start, d.Date), h*k.share(e.End, d.Date)
		y, high := k.top+from, max(leastSlot, to-from-1)
		left := x + 3 + float32(columns[i])*each
		k.paintBlock(p, e, box{left, y, each - 1, high})
		p.things = append(p.things, thing{at: fyne.NewPos(left, y), size: fyne.NewSize(each-1, high), day: d.Date, entry: e, tip: entryWords(e, k.view.groups, k.view.zone)})
	}
}

// paintBlock draws an opening as high as it lasts: when it is as far as there is
// room, and the window's name on as many lines as there are.
func (k *week) paintBlock(p *painter, e *app.Entry, in box) {
	status, edge := entryLook(e)
	left := p.block(in, edge, status)
	size := theme.Size(theme.SizeNameCaptionText)
	ink := pen{size, false, kit.Color(theme.ColorNameForeground)}
	if in.h < 32 {
		p.text(box{left, in.y + 2, in.x + in.w - left - 4, 0}, e.Start.In(k.view.zone).Format("15:04")+" "+e.Window.Name, ink)
		return
	}
	p.text(box{left, in.y + 2, in.x + in.w - left - 4, 0}, clockSpan(e, k.view.zone), pen{size, true, kit.Color(kit.ColorMuted)})
	room := in.w - textLeft - 4
	o := opening{e, kit.Wrap(e.Window.Name, room, size, fyne.TextStyle{})}
	o.join(nextLine + o.high() - in.h)
	for i, line := range o.lines {
		p.text(box{in.x + textLeft, in.y + 2 + float32(i+1)*nextLine, room, 0}, line, ink)
	}
}

// sideBySide gives each entry a column, so that none hides another.
func sideBySide(entries []app.Entry) []int {
	out := make([]int, len(entries))
	var ends []time.Time // of each column
	for i, e := range entries {
		column := -1
		for c, end := range ends {
			if !e.Start.Before(end) {
				column = c
				break
			}
		}
		if column < 0 {
			column = len(ends)
			ends = append(ends, time.Time{})
		}
		ends[column] = e.End
		out[i] = column
	}
	return out
}
