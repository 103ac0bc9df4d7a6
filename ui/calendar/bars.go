package calendar

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// long is from when on an opening is drawn as a bar over its days: else one
// that is open around the clock would stand twice in every day and hide the rest.
const long = 20 * time.Hour

func isLong(e *app.Entry) bool { return e.End.Sub(e.Start) >= long }

// A bar is what lasts over days of one week: a freeze, or long openings of one
// window that follow each other.
type bar struct {
	from, to int // positions of days, both included
	lane     int
	freeze   *data.Freeze
	entry    *app.Entry // the first
}

// bars collects what lasts over days and gives each a lane where nothing else is.
func bars(days []app.Day) (out []bar, lanes int) {
	for i := range days {
		for k := range days[i].Freezes {
			f := &days[i].Freezes[k]
			add(&out, bar{from: i, to: i, freeze: f})
		}
		for k := range days[i].Entries {
			if e := &days[i].Entries[k]; isLong(e) {
				add(&out, bar{from: i, to: i, entry: e})
			}
		}
	}
	for i := range out {
		taken := map[int]bool{}
		for _, b := range out[:i] {
			if b.from <= out[i].to && out[i].from <= b.to {
				taken[b.lane] = true
			}
		}
		for taken[out[i].lane] {
			out[i].lane++
		}
		lanes = max(lanes, out[i].lane+1)
	}
	return out, lanes
}

// add lengthens a bar of the same thing that reaches the day before, or begins one.
func add(all *[]bar, b bar) {
	for i := range *all {
		o := &(*all)[i]
		same := o.freeze != nil && b.freeze != nil && o.freeze.ID == b.freeze.ID ||
			o.entry != nil && b.entry != nil && o.entry.Window.ID == b.entry.Window.ID && o.entry.Frozen == b.entry.Frozen
		if same && o.to >= b.from-1 {
			o.to = max(o.to, b.to)
			return
		}
	}
	*all = append(*all, b)
}

// paintBar draws a bar of a lane's height.
func (v *view) paintBar(p *painter, b bar, days []app.Day, in box) {
	edge, sign, text := kit.ColorExcepted, kit.StatusFrozen, ""
	if b.freeze != nil {
		text = b.freeze.Name
	} else {
		sign, edge = entryLook(b.entry)
		text = b.entry.Window.Name
		if b.from == b.to || !aroundTheClock(b.entry.Window) {
			text = b.entry.Start.In(v.zone).Format("15:04") + " " + text
		}
	}
	left := p.block(box{in.x, in.y, in.w, lane - 2}, edge, sign)
	p.text(box{left, in.y + 2, in.x + in.w - left - 4, 0}, text, pen{theme.Size(theme.SizeNameCaptionText), false, kit.Color(theme.ColorNameForeground)})
	p.things = append(p.things, thing{at: fyne.NewPos(in.x, in.y), size: fyne.NewSize(in.w, lane-2), day: days[b.from].Date, entry: b.entry, freeze: b.freeze, tip: v.barTip(b)})
}

func (v *view) barTip(b bar) string {
	if b.freeze != nil {
		return freezeWords(*b.freeze, v.groups, v.zone)
	}
	return entryWords(b.entry, v.groups, v.zone)
}

// aroundTheClock reports a window that opens as it closes, every day.
func aroundTheClock(w data.Window) bool { return w.Duration == 24*time.Hour }
