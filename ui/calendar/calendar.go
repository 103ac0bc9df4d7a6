// Package calendar is the screen of maintenance windows and freezes: when hosts
// may be touched, and which deadlines, hosts and windows do not fit together.
// It computes no opening itself: app does, correct over changing clocks.
package calendar

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// The ways to look at the calendar.
const (
	byMonth = "Month"
	byWeek  = "Week"
	asList  = "Windows"
)

// ahead is how far clashes are looked for.
const ahead = 90 * 24 * time.Hour

// settingZone keeps the zone that times are shown in.
const settingZone = "desk.calendar.zone"

// A Screen shows the calendar.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools
	page  *kit.Page
	loads *kit.Latest
	mode  *kit.Segmented
	turns *fyne.Container // to other days
	zoned *kit.Button
	body  *fyne.Container
	frame *fyne.Container // body and side
	month *month
	week  *week
	list  *kit.Grid[*windowRow]
	side  *side

	zone   *time.Location
	chosen data.Date
	known  *almanac
	then   func() // once, after the next load: open what was asked for
}

// An almanac is all that the screen shows, read at one time.
type almanac struct {
	zone     *time.Location
	now      time.Time
	from     data.Date // first of days
	agenda   app.Agenda
	days     []app.Day // 42 from the Monday before the month's first
	week     []app.Day
	sections []section
	rows     []*windowRow
	promises []app.Promise
	marks    map[data.Date]string
	unjudged int
	bad      error // a window that cannot be read
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t, zone: time.Local} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Calendar }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Calendar" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "calendar-event" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.chosen = civil(x.now().In(x.zone))
	x.month, x.week = newMonth(), newWeek()
	for _, f := range []*face{&x.month.face, &x.week.face} {
		f.onDay, f.onOpen, f.menu = x.choose, x.openThing, x.menu
	}
	x.list = newWindowList(x)
	x.side = newSide(x)
	x.mode = kit.NewSegmented([]string{byMonth, byWeek, asList}, byMonth, func(string) { x.show() })
	x.zoned = kit.NewQuiet("", "world", x.chooseZone).WithTip("Show times in another zone")
	x.body = container.NewStack(x.month)
	x.frame = container.New(&sideLayout{wide: 304, gap: 12}, x.body, x.side.object)
	x.turns = kit.HBox(8,
		kit.NewQuiet("", "chevron-left", func() { x.turn(-1) }).WithTip("Back (PgUp)"),
		kit.NewButton("Today", "", x.today).WithTip("To this day (T)"),
		kit.NewQuiet("", "chevron-right", func() { x.turn(1) }).WithTip("On (PgDn)"))
	x.page = kit.NewPage("Calendar", "", x.frame,
		x.zoned, x.mode, x.turns,
		kit.NewButton("New freeze…", "snowflake", x.newFreeze).WithTip("A time in which nothing may be touched (Z)"),
		kit.NewPrimary("New window…", "plus", x.newWindow).WithTip("When hosts may be touched (N)"))
	x.loads = kit.NewLatest(x.page.Fail)
	return x.page
}

// Shown implements ui.Screen.
func (x *Screen) Shown(p ui.Place) {
	if !p.Day.IsZero() {
		x.chosen = civil(p.Day.In(x.zone))
	}
	switch {
	case p.Reload:
	case p.Window != 0:
		x.then = func() { x.openWindow(p.Window) }
	case p.New:
		x.then = func() { x.edit(x.fresh(p.Group)) }
	}
	x.load(true)
}

// now is the desk's clock.
func (x *Screen) now() time.Time { return x.tools.Desk.Now() }

// load reads the calendar anew, or only turns to other days of what is known.
func (x *Screen) load(all bool) {
	known, day := x.known, x.chosen
	if all {
		known = nil
	}
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (*almanac, error) {
		return x.fetch(ctx, known, day)
	}, func(a *almanac) {
		x.known, x.zone = a, a.zone
		x.page.Clear()
		if a.bad != nil {
			x.page.Fail(a.bad)
		}
		x.show()
		if then := x.then; then != nil {
			x.then = nil
			then()
		}
	})
}

func (x *Screen) fetch(ctx context.Context, known *almanac, day data.Date) (*almanac, error) {
	a := &almanac{now: x.now(), zone: x.zone}
	if known == nil {
		if err := x.read(ctx, a); err != nil {
			return nil, err
		}
	} else {
		a.agenda, a.promises, a.unjudged, a.sections, a.rows = known.agenda, known.promises, known.unjudged, known.sections, known.rows
		a.marks = known.marks
	}
	a.from = monday(data.Date{Year: day.Year, Month: day.Month, Day: 1})
	a.days, a.bad = a.agenda.Calendar(a.from, plus(a.from, 41), a.zone)
	first := monday(day)
	a.week, _ = a.agenda.Calendar(first, plus(first, 6), a.zone) // what cannot be read is in bad
	return a, nil
}

// read reads all that does not depend on the days shown.
func (x *Screen) read(ctx context.Context, a *almanac) error {
	d := x.tools.Desk
	name, err := d.DB.Setting(ctx, settingZone)
	if err != nil {
		return err
	}
	if loc, err := time.LoadLocation(name); err == nil && name != "" {
		a.zone = loc
	}
	if a.agenda.Hosts, err = d.DB.Hosts(ctx); err != nil {
		return err
	}
	if a.agenda.Groups, err = d.DB.Groups(ctx); err != nil {
		return err
	}
	if a.agenda.Windows, err = d.DB.Windows(ctx); err != nil {
		return err
	}
	if a.agenda.Freezes, err = d.DB.Freezes(ctx); err != nil {
		return err
	}
	if err := x.readPromises(ctx, a); err != nil {
		return err
	}
	unmet, err := a.agenda.Forecast(a.promises, a.now)
	if err != nil {
		a.bad = err // a window that cannot be read; the rest is good
	}
	a.sections = sections(a.agenda, findings{a.agenda.Clashes(a.now, a.now.Add(ahead)), a.agenda.Uncovered(a.now), unmet, a.unjudged}, a.zone)
	a.rows = windowRows(a.agenda, a.now, a.zone)
	a.marks = marksOf(unmet, a.zone)
	return nil
}

// readPromises collects the deadlines still to be kept, and counts the hosts
// about which nothing is known.
func (x *Screen) readPromises(ctx context.Context, a *almanac) error {
	verdicts, err := x.tools.Desk.DB.HostVerdicts(ctx)
	if err != nil {
		return err
	}
	judged := map[data.HostID]bool{}
	for _, v := range verdicts {
		judged[v.Host] = v.Compliance != data.Unknown
	}
	for _, h := range a.agenda.Hosts {
		if !judged[h.ID] {
			a.unjudged++
		}
	}
	return x.tools.Desk.EachVerdict(ctx, func(h data.Host, v data.Verdict) {
		if !v.Due.IsZero() && v.Compliance != data.Excepted {
			a.promises = append(a.promises, app.Promise{Host: h.ID, Due: v.Due})
		}
	})
}

// show draws what is known in the way chosen.
func (x *Screen) show() {
	a := x.known
	if a == nil {
		return
	}
	v := &view{zone: a.zone, groups: a.agenda.Groups, marks: a.marks}
	today := civil(a.now.In(a.zone))
	var o fyne.CanvasObject
	switch x.mode.Chosen() {
	case byWeek:
		x.week.set(a.week, a.now, x.chosen, v)
		o = x.week
		x.page.SetTitle(weekTitle(monday(x.chosen)))
	case asList:
		x.list.SetRows(a.rows)
		o = container.NewBorder(nil, kit.Pad(x.list.Footer(), 8, 0, 0, 0), nil, nil, kit.NewSurface(x.list))
		x.page.SetTitle("Windows")
	default:
		x.month.set(a.days, x.chosen, today, x.chosen, v)
		o = x.month
		x.page.SetTitle(fmt.Sprintf("%s %d", x.chosen.Month, x.chosen.Year))
	}
	if len(x.body.Objects) != 1 || x.body.Objects[0] != o {
		x.body.Objects = []fyne.CanvasObject{o}
		x.body.Refresh()
	}
	if x.mode.Chosen() == asList {
		x.side.object.Hide()
		x.turns.Hide() // the list is of no month
	} else {
		x.side.object.Show()
		x.turns.Show()
	}
	x.frame.Refresh()
	x.zoned.SetText(zoneLabel(a.zone))
	x.page.Refresh()
	x.side.show(a, x.chosen)
	x.badge(a)
}

// badge counts the deadlines that no window meets.
func (x *Screen) badge(a *almanac) {
	x.shell.Badge(ui.Calendar, ui.Badge{Count: a.sections[0].count(), Status: kit.StatusOverdue})
}

func weekTitle(from data.Date) string {
	to := plus(from, 6)
	_, n := midnight(from).ISOWeek()
	if from.Month == to.Month {
		return fmt.Sprintf("Week %d · %d – %s", n, from.Day, midnight(to).Format("2 January 2006"))
	}
	return fmt.Sprintf("Week %d · %s – %s", n, midnight(from).Format("2 Jan"), midnight(to).Format("2 Jan 2006"))
}

// zoneLabel names a zone on the button.
func zoneLabel(z *time.Location) string {
	if z == time.Local {
		name, _ := time.Now().Zone()
		return name
	}
	return z.String()
}

// choose makes another day the chosen one.
func (x *Screen) choose(d data.Date) {
	old := x.chosen
	x.chosen = d
	a := x.known
	if a == nil {
		return
	}
	sameMonth := old.Month == d.Month && old.Year == d.Year
	if sameMonth && monday(old) == monday(d) {
		x.show()
		return
	}
	if sameMonth && x.mode.Chosen() == byMonth {
		x.show() // the week is drawn when it is asked for
	}
	x.load(false)
}

func (x *Screen) move(days int) { x.choose(plus(x.chosen, days)) }

// turn goes a month or a week on.
func (x *Screen) turn(n int) {
	if x.mode.Chosen() == byWeek {
		x.move(7 * n)
		return
	}
	x.choose(plusMonths(x.chosen, n))
}

func (x *Screen) today() { x.choose(civil(x.now().In(x.zone))) }

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	days := func() bool { return x.mode != nil && x.mode.Chosen() != asList }
	step := func(title string, key fyne.KeyName, n int) ui.Action {
		return ui.Action{Title: title, Key: key, Do: func() { x.move(n) }, Enabled: days}
	}
	return []ui.Action{
		{Title: "New maintenance window", Hint: "When hosts may be touched, and who agreed.", Icon: "plus", Key: fyne.KeyN, Do: x.newWindow},
		{Title: "New freeze", Hint: "A time in which nothing may be touched.", Icon: "snowflake", Key: fyne.KeyZ, Do: x.newFreeze},
		{Title: "Go to today", Icon: "calendar-event", Key: fyne.KeyT, Do: x.today},
		{Title: "Show the month", Icon: "calendar-month", Key: fyne.KeyM, Do: func() { x.mode.Choose(byMonth) }},
		{Title: "Show the week", Icon: "calendar-week", Key: fyne.KeyW, Do: func() { x.mode.Choose(byWeek) }},
		{Title: "Show all windows as a list", Icon: "checklist", Key: fyne.KeyL, Do: func() { x.mode.Choose(asList) }},
		{Title: "Show times in another zone", Icon: "world", Do: x.chooseZone},
		{Title: "Open what is on the day", Key: fyne.KeyReturn, Do: x.openDay, Enabled: days},
		step("Next day", fyne.KeyRight, 1), step("Day before", fyne.KeyLeft, -1),
		step("Next week", fyne.KeyDown, 7), step("Week before", fyne.KeyUp, -7),
		{Title: "Turn on", Key: fyne.KeyPageDown, Do: func() { x.turn(1) }, Enabled: days},
		{Title: "Turn back", Key: fyne.KeyPageUp, Do: func() { x.turn(-1) }, Enabled: days},
	}
}

// Find implements ui.Finder: windows by name.
func (x *Screen) Find(query string, most int) []ui.Action {
	if x.known == nil {
		return nil
	}
	var out []ui.Action
	for _, w := range x.known.agenda.Windows {
		if contains(w.Name, query) && len(out) < most {
			out = append(out, ui.Action{Title: "Window " + w.Name, Icon: "calendar-event", Do: func() { x.shell.Go(ui.Place{Screen: ui.Calendar, Window: w.ID}) }})
		}
	}
	return out
}

// dayOf returns the day chosen with what is on it.
func (a *almanac) dayOf(d data.Date) app.Day {
	for _, days := range [][]app.Day{a.days, a.week} {
		for _, x := range days {
			if x.Date == d {
				return x
			}
		}
	}
	return app.Day{Date: d}
}

// openDay opens what is on the chosen day: the one thing at once, of several by a menu.
func (x *Screen) openDay() {
	if x.known == nil {
		return
	}
	d := x.known.dayOf(x.chosen)
	switch {
	case len(d.Entries) == 1 && len(d.Freezes) == 0:
		x.edit(d.Entries[0].Window)
	case len(d.Entries) == 0 && len(d.Freezes) == 1:
		x.editFreeze(d.Freezes[0])
	case x.mode.Chosen() == byWeek:
		x.week.menuAtDay(x.chosen)
	default:
		x.month.menuAtDay(x.chosen)
	}
}

func (x *Screen) openThing(t thing) {
	switch {
	case t.entry != nil:
		x.edit(t.entry.Window)
	case t.freeze != nil:
		x.editFreeze(*t.freeze)
	default:
		x.newWindow()
	}
}

// menu is what can be done with what was pointed at.
func (x *Screen) menu(t thing) []*fyne.MenuItem {
	switch {
	case t.entry != nil:
		return x.windowMenu(t.entry.Window)
	case t.freeze != nil:
		f := *t.freeze
		return []*fyne.MenuItem{fyne.NewMenuItem("Edit freeze…", func() { x.editFreeze(f) }), fyne.NewMenuItem("Remove freeze", func() { x.removeFreeze(f) })}
	}
	var items []*fyne.MenuItem
	if x.known != nil {
		d := x.known.dayOf(t.day)
		for _, e := range d.Entries {
			items = append(items, fyne.NewMenuItem("Open "+e.Window.Name+"…", func() { x.edit(e.Window) }))
		}
		for _, f := range d.Freezes {
			items = append(items, fyne.NewMenuItem("Open freeze "+f.Name+"…", func() { x.editFreeze(f) }))
		}
	}
	return append(items, fyne.NewMenuItem("New window on this day…", x.newWindow), fyne.NewMenuItem("New freeze from this day…", x.newFreeze))
}

// windowMenu is what can be done with a window.
func (x *Screen) windowMenu(w data.Window) []*fyne.MenuItem {
	items := []*fyne.MenuItem{fyne.NewMenuItem("Edit window…", func() { x.edit(w) })}
	if w.Agreed.At.IsZero() {
		items = append(items, fyne.NewMenuItem("Record agreement…", func() { x.agree(w) }))
	} else {
		items = append(items, fyne.NewMenuItem("Withdraw agreement…", func() { x.withdraw(w) }))
	}
	return append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem("Remove window", func() { x.removeWindow(w) }))
}

// sideLayout sets a list of fixed width at the right of the rest.
type sideLayout struct{ wide, gap float32 }

// MinSize implements fyne.Layout.
func (l *sideLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[0].MinSize()
	return fyne.NewSize(m.Width+l.wide+l.gap, m.Height)
}

// Layout implements fyne.Layout.
func (l *sideLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	if !o[1].Visible() {
		o[0].Resize(size)
		return
	}
	o[0].Resize(fyne.NewSize(size.Width-l.wide-l.gap, size.Height))
	o[1].Move(fyne.NewPos(size.Width-l.wide, 0))
	o[1].Resize(fyne.NewSize(l.wide, size.Height))
}
