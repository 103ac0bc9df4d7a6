package calendar

import (
	"fmt"
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

const primary = theme.ColorNamePrimary

// Sizes of the month.
const (
	headHigh  = 24
	numberTop = 24 // room for a day's number
	lane      = 20 // height of a line in a day
)

var weekdays = []string{"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"}

// A month shows six weeks from a Monday on.
type month struct {
	face
	days   []app.Day // 42
	in     data.Date // a day of the month shown
	today  data.Date
	chosen data.Date
	view   *view
}

// A view is what days are drawn from.
type view struct {
	zone   *time.Location
	groups []data.Group
	marks  map[data.Date]string // deadlines that no window meets, in words
}

func newMonth() *month {
	m := &month{view: &view{zone: time.UTC}}
	m.self, m.draw, m.least = m, m.paint, fyne.NewSize(420, 300)
	m.ExtendBaseWidget(m)
	return m
}

// set shows other days.
func (m *month) set(days []app.Day, in, today, chosen data.Date, v *view) {
	m.days, m.in, m.today, m.chosen, m.view = days, in, today, chosen, v
	m.Refresh()
}

func (m *month) paint(p *painter, size fyne.Size) {
	if len(m.days) < 7 || size.Width < 70 {
		return
	}
	rows := len(m.days) / 7
	w, h := size.Width/7, (size.Height-headHigh)/float32(rows)
	small := theme.Size(theme.SizeNameCaptionText)
	for i, name := range weekdays {
		p.text(box{float32(i)*w + 8, 5, w - 10, 0}, name, pen{small, true, kit.Color(kit.ColorMuted)})
	}
	for i, d := range m.days {
		x, y := float32(i%7)*w, headHigh+float32(i/7)*h
		m.paintDay(p, d, i, box{x, y, w, h})
	}
	for row := range rows {
		m.paintWeek(p, row, w, h)
	}
}

// paintDay draws a square with its number.
func (m *month) paintDay(p *painter, d app.Day, i int, in box) {
	x, y, w, h := in.x, in.y, in.w, in.h
	ground := kit.Color(kit.ColorSurface)
	ink := kit.Color(theme.ColorNameForeground)
	switch {
	case d.Date.Month != m.in.Month:
		ground, ink = kit.Color(theme.ColorNameBackground), kit.Color(theme.ColorNamePlaceHolder)
	case i%7 > 4:
		ground = kit.Color(kit.ColorZebra)
	}
	cell := p.rect(box{x, y, w + 1, h + 1}, 0, ground)
	cell.StrokeColor, cell.StrokeWidth = kit.Color(theme.ColorNameSeparator), 1
	p.things = append(p.things, thing{at: fyne.NewPos(x, y), size: fyne.NewSize(w, h), day: d.Date})
	size := theme.Size(theme.SizeNameText) - 1
	number := fmt.Sprint(d.Date.Day)
	if d.Date.Day == 1 {
		number = fmt.Sprintf("%d %s", d.Date.Day, d.Date.Month.String()[:3])
	}
	if d.Date == m.today {
		width := fyne.MeasureText(number, size, fyne.TextStyle{Bold: true}).Width
		p.rect(box{x + 4, y + 3, max(20, width+10), 18}, 9, kit.Color(primary))
		p.text(box{x + 4 + (max(20, width+10)-width)/2, y + 4, w, 0}, number, pen{size, true, kit.Color(theme.ColorNameForegroundOnPrimary)})
	} else {
		p.text(box{x + 8, y + 4, w, 0}, number, pen{size, false, ink})
	}
	if words := m.view.marks[d.Date]; words != "" {
		p.icon(x+w-20, y+4, 15, kit.StatusOverdue.Icon())
		p.things = append(p.things, thing{at: fyne.NewPos(x+w-24, y), size: fyne.NewSize(24, numberTop), day: d.Date, tip: words})
		return
	}
	if isPatchTuesday(d.Date) && w > 100 {
		const words = "Patch Tuesday"
		small := theme.Size(theme.SizeNameCaptionText) - 1
		p.text(box{x + w - fyne.MeasureText(words, small, fyne.TextStyle{}).Width - 6, y + 5, w, 0}, words, pen{small, false, kit.Color(kit.ColorMuted)})
	}
}

// paintWeek draws freezes over the days they last, openings below them, and the
// day chosen.
func (m *month) paintWeek(p *painter, row int, w, h float32) {
	days := m.days[row*7 : row*7+7]
	top := headHigh + float32(row)*h + numberTop
	room := max(1, int((h-numberTop-2)/lane))
	var used [7]int // lanes each day has given away
	all, _ := bars(days)
	for _, b := range all {
		if b.lane >= room {
			continue
		}
		for i := b.from; i <= b.to; i++ {
			used[i] = max(used[i], b.lane+1)
		}
		m.view.paintBar(p, b, days, box{float32(b.from)*w + 3, top + float32(b.lane)*lane, float32(b.to-b.from+1)*w - 6, lane})
	}
	for i := range days {
		d := &days[i]
		x := float32(i) * w
		m.paintEntries(p, d, box{x, top, w, float32(room) * lane}, used[i])
		if d.Date == m.chosen {
			edge := kit.Color(primary)
			if !m.focused {
				edge = kit.Tint(primary, 150)
			}
			p.frame(box{x + 0.5, top - numberTop + 0.5, w, h}, edge)
		}
	}
}

// paintEntries draws the short openings that begin on a day, as far as there is room.
func (m *month) paintEntries(p *painter, d *app.Day, in box, line int) {
	x, top, w, room := in.x, in.y, in.w, int(in.h/lane)
	var begin []*app.Entry
	for k := range d.Entries {
		if e := &d.Entries[k]; !isLong(e) && !e.Continues {
			begin = append(begin, e)
		}
	}
	for k, e := range begin {
		switch {
		case line >= room:
			return
		case line == room-1 && len(begin)-k > 1:
			p.text(box{x + 8, top + float32(line)*lane + 2, w - 12, 0}, fmt.Sprintf("+ %d more", len(begin)-k), pen{theme.Size(theme.SizeNameCaptionText), true, kit.Color(kit.ColorMuted)})
			return
		}
		m.paintEntry(p, e, d.Date, box{x + 3, top + float32(line)*lane, w - 6, lane})
		line++
	}
}

// paintEntry draws one opening as a line of a day.
func (m *month) paintEntry(p *painter, e *app.Entry, day data.Date, in box) {
	x, y, w := in.x, in.y, in.w
	status, edge := entryLook(e)
	p.rect(box{x, y, w, lane - 2}, 3, kit.Tint(edge, 34))
	p.rect(box{x, y, 3, lane - 2}, 1, kit.Color(edge))
	left := x + 8
	if status != kit.StatusNone {
		p.icon(left-1, y+3, 12, status.Icon())
		left += 15
	}
	text := e.Start.In(m.view.zone).Format("15:04") + " " + e.Window.Name
	var ink color.Color = kit.Color(theme.ColorNameForeground)
	if status == kit.StatusUnknown {
		ink = kit.Color(kit.ColorMuted)
	}
	p.text(box{left, y + 2, x + w - left - 2, 0}, text, pen{theme.Size(theme.SizeNameCaptionText), false, ink})
	p.things = append(p.things, thing{at: fyne.NewPos(x, y), size: fyne.NewSize(w, lane-2), day: day, entry: e, tip: entryWords(e, m.view.groups, m.view.zone)})
}
