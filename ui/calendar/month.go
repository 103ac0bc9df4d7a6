package calendar

import (
	"fmt"
	"strings"
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
	numberTop = 22 // room for a day's number
	lane      = 20 // height of a line in a day
	nextLine  = 13 // what each further line of an opening adds
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

// paintWeek draws the day chosen, freezes over the days they last, and openings
// below them.
func (m *month) paintWeek(p *painter, row int, w, h float32) {
	days := m.days[row*7 : row*7+7]
	top := headHigh + float32(row)*h + numberTop
	for i := range days {
		if days[i].Date == m.chosen {
			edge := kit.Color(primary)
			if !m.focused {
				edge = kit.Tint(primary, 150)
			}
			p.frame(box{float32(i)*w + 0.5, top - numberTop + 0.5, w, h}, edge)
		}
	}
	room := max(lane, h-numberTop-1)
	fit := int(room / lane)
	var used [7]int      // lanes each day has given away
	var left [7][]string // what has no room on a day
	all, lanes := bars(days)
	if lanes > fit {
		fit-- // the last line says how many more there are
	}
	for _, b := range all {
		for i := b.from; i <= b.to; i++ {
			if b.lane >= fit {
				left[i] = append(left[i], m.view.barTip(b))
			} else {
				used[i] = max(used[i], b.lane+1)
			}
		}
		if b.lane < fit {
			m.view.paintBar(p, b, days, box{float32(b.from)*w + 3, top + float32(b.lane)*lane, float32(b.to-b.from+1)*w - 6, lane})
		}
	}
	for i := range days {
		taken := float32(used[i]) * lane
		m.paintEntries(p, &days[i], box{float32(i)*w + 3, top + taken, w - 6, room - taken}, left[i])
	}
}

// paintEntries draws the short openings that begin on a day, as far as there is
// room. The rest, and what had no room before, is counted on the last line.
func (m *month) paintEntries(p *painter, d *app.Day, in box, rest []string) {
	var begin []opening
	for k := range d.Entries {
		if e := &d.Entries[k]; !isLong(e) && !e.Continues {
			begin = append(begin, m.opening(e, in.w))
		}
	}
	shown := fitOpenings(begin, in.h, len(rest) > 0)
	for _, o := range begin[:shown] {
		m.paintOpening(p, o, d.Date, box{in.x, in.y, in.w, o.high()})
		in.y += o.high()
	}
	for _, o := range begin[shown:] {
		rest = append(rest, m.tip(o.entry))
	}
	if len(rest) > 0 {
		p.text(box{in.x + 5, in.y + 2, in.w - 8, 0}, fmt.Sprintf("+%d more", len(rest)), pen{theme.Size(theme.SizeNameCaptionText), true, kit.Color(kit.ColorMuted)})
		p.things = append(p.things, thing{at: fyne.NewPos(in.x, in.y), size: fyne.NewSize(in.w, lane), day: d.Date, tip: strings.Join(rest, "\n\n")})
	}
}

// An opening is some lines of a day: when it begins, and its window's name.
type opening struct {
	entry *app.Entry
	lines []string
}

func (o opening) high() float32 { return lane + float32(len(o.lines)-1)*nextLine }

// opening breaks the words of an opening for a day of width w.
func (m *month) opening(e *app.Entry, w float32) opening {
	room := w - textLeft - 2
	if status, _ := entryLook(e); status != kit.StatusNone {
		room -= signWide
	}
	text := e.Start.In(m.view.zone).Format("15:04") + " " + e.Window.Name
	return opening{e, kit.Wrap(text, room, theme.Size(theme.SizeNameCaptionText), fyne.TextStyle{})}
}

// fitOpenings says how many openings have room in a height. It joins lines, from
// the last opening on, until as many as possible have. rest: a line is needed
// below them in any case.
func fitOpenings(all []opening, high float32, rest bool) (shown int) {
	for shown = len(all); shown > 0; shown-- {
		need := float32(0)
		for _, o := range all[:shown] {
			need += o.high()
		}
		if rest || shown < len(all) {
			need += lane
		}
		for i := shown - 1; i >= 0 && need > high; i-- {
			need -= all[i].join(need - high)
		}
		if need <= high {
			return shown
		}
	}
	return 0
}

// join makes an opening lower by at least so much, or as much as can be, and
// returns by how much.
func (o *opening) join(by float32) (less float32) {
	for ; less < by && len(o.lines) > 1; less += nextLine {
		last := len(o.lines) - 1
		o.lines = append(o.lines[:last-1], o.lines[last-1]+" "+o.lines[last])
	}
	return less
}

// paintOpening draws one opening on its day.
func (m *month) paintOpening(p *painter, o opening, day data.Date, in box) {
	status, edge := entryLook(o.entry)
	left := p.block(box{in.x, in.y, in.w, in.h - 2}, edge, status)
	ink := kit.Color(theme.ColorNameForeground)
	if status == kit.StatusUnknown {
		ink = kit.Color(kit.ColorMuted)
	}
	for i, line := range o.lines {
		p.text(box{left, in.y + 2 + float32(i)*nextLine, in.x + in.w - left - 2, 0}, line, pen{theme.Size(theme.SizeNameCaptionText), false, ink})
	}
	p.things = append(p.things, thing{at: fyne.NewPos(in.x, in.y), size: fyne.NewSize(in.w, in.h-2), day: day, entry: o.entry, tip: m.tip(o.entry)})
}

func (m *month) tip(e *app.Entry) string { return entryWords(e, m.view.groups, m.view.zone) }
