// Package today is the first page: what needs a person now, in the order of
// urgency, each with why and with one thing to do about it. It reads stored
// judgements only, so that it shows at once however much is missing; it judges
// nothing itself.
package today

import (
	"context"
	"reflect"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// lookEvery is how often the page asks whether anything has changed.
const lookEvery = time.Minute

// A Screen shows the first page.
type Screen struct {
	shell *ui.Shell
	tools *ui.Tools

	page    *kit.Page
	scans   *kit.Button
	body    *fyne.Container
	loads   *kit.Latest
	seen    view
	shown   bool
	ticking bool
	idle    bool // an open rollout was seen that nobody drives
	judging bool
	rows    []*needRow // as drawn
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Today }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Today" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "home" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.body = container.NewStack()
	x.scans = kit.NewButton("Scan all hosts", "scan", x.scanAll)
	x.scans.Hide()
	x.page = kit.NewPage("Today", "", x.body, x.scans)
	x.loads = kit.NewLatest(x.page.Fail)
	return x.page
}

// Shown implements ui.Screen.
func (x *Screen) Shown(ui.Place) {
	x.load()
	if !x.ticking {
		x.ticking = true
		kit.Every(x.shell.Context(), lookEvery, func() bool {
			if x.shell.Here().Screen == ui.Today {
				x.load()
			}
			return true
		})
	}
}

// Actions implements ui.Screen. What is needed can be done from the palette too.
func (x *Screen) Actions() []ui.Action {
	out := []ui.Action{{Title: "Scan all hosts", Hint: "Asks every host what it lacks. Nothing is changed there.", Icon: "scan", Key: fyne.KeyR, Modifier: ui.Ctrl | fyne.KeyModifierShift, Do: x.scanAll,
		Enabled: func() bool { return len(x.seen.hosts) > 0 }},
		{Title: "Add a host", Icon: "plus", Key: fyne.KeyN, Modifier: ui.Ctrl, Do: func() { x.shell.Go(ui.Place{Screen: ui.Hosts, New: true}) }}}
	for i, l := range x.seen.lines {
		a := ui.Action{Title: l.action + ": " + l.need.Title, Icon: "arrow-right", Do: func() { x.do(l) }}
		if i == 0 {
			a.Key, a.Modifier, a.Hint = fyne.KeyReturn, ui.Ctrl, "Does what is most urgent."
		}
		out = append(out, a)
	}
	return out
}

// A view is what one reading brought.
type view struct {
	hosts   []data.HostID
	total   app.Total
	target  float64
	steps   []step // empty: all first steps are done
	lines   []line
	soon    string // what due soon means
	next    string // the next window in words
	nextTip string
	stale   int // hosts whose judgement no longer holds
}

func (x *Screen) load() {
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) (view, error) {
		s, err := x.tools.Desk.Situation(ctx)
		if err != nil {
			return view{}, err
		}
		return look(s)
	}, x.show)
}

// show draws what was read, unless it is what is shown already, and judges
// anew what no longer holds.
func (x *Screen) show(v view) {
	if !x.shown || !reflect.DeepEqual(v, x.seen) {
		x.seen, x.shown = v, true
		x.scans.Hidden = len(v.hosts) == 0
		x.page.SetSubtitle(subtitle(v))
		at := x.focusedRow()
		x.body.Objects = []fyne.CanvasObject{x.draw(v)}
		x.body.Refresh()
		if at >= 0 && len(x.rows) > 0 {
			x.shell.Window().Canvas().Focus(x.rows[min(at, len(x.rows)-1)])
		}
		x.shell.Badge(ui.Today, badge(v.lines))
	}
	idle := slices.ContainsFunc(v.lines, func(l line) bool { return l.need.Kind == app.NeedUndriven })
	if idle && !x.idle { // a desk that was opened this moment drives it in the next
		kit.Every(x.shell.Context(), 2*app.DefaultPace.Poll, func() bool {
			x.load()
			return false
		})
	}
	x.idle = idle
	if v.stale > 0 && !x.judging {
		x.judge(v.stale)
	}
}

// focusedRow returns which line has the keyboard, -1 for none.
func (x *Screen) focusedRow() int {
	has := x.shell.Window().Canvas().Focused()
	return slices.IndexFunc(x.rows, func(r *needRow) bool { return has == fyne.Focusable(r) })
}

// fewHosts is up to how many hosts are judged anew without a word.
const fewHosts = 500

// judge makes stored judgements hold again and shows the page anew.
func (x *Screen) judge(n int) {
	x.judging = true
	if n <= fewHosts {
		fail := kit.NewLatest(func(err error) {
			x.judging = false
			x.page.Fail(err)
		})
		kit.Load(x.shell.Context(), fail, x.tools.Desk.Refresh, func(judged int) {
			x.judging = false
			if judged > 0 { // else nothing would be new
				x.load()
			}
		})
		return
	}
	done := 0
	x.shell.Start(kit.Job{Title: "Judge " + kit.Count(n, "host", "hosts") + " anew", Do: func(ctx context.Context, _ func(kit.Progress)) (_ string, err error) {
		done, err = x.tools.Desk.Refresh(ctx)
		return kit.Count(done, "host", "hosts") + " judged", err
	}, Then: func(err error) {
		x.judging = false
		if err != nil {
			x.page.Fail(err)
		} else if done > 0 {
			x.load()
		}
	}})
}

// scanAll asks every host.
func (x *Screen) scanAll() { x.scan(x.seen.hosts, false) }

// scan asks hosts about themselves; with lists they fetch their sources' lists first.
func (x *Screen) scan(ids []data.HostID, lists bool) {
	if len(ids) == 0 {
		return
	}
	title := "Scan " + kit.Count(len(ids), "host", "hosts")
	if lists {
		title = "Fetch lists and scan " + kit.Count(len(ids), "host", "hosts")
	}
	x.page.Clear()
	x.shell.Start(kit.Job{Title: title, Do: func(ctx context.Context, report func(kit.Progress)) (string, error) {
		good, bad := 0, 0
		report(kit.Progress{Total: len(ids), Note: "connecting"})
		err := x.tools.Desk.Scan(ctx, ids, lists, func(r app.ScanResult) {
			if r.Err == nil {
				good++
			} else {
				bad++
			}
			report(kit.Progress{Done: good + bad, Total: len(ids), Note: r.Host.Name})
		})
		text := kit.Number(good) + " scanned"
		if bad > 0 {
			text += ", " + kit.Number(bad) + " could not be scanned"
		}
		return text, err
	}, Then: x.after})
}

// lookAgain lets a Driver find out on the hosts what became of runs.
func (x *Screen) lookAgain(n app.Need) {
	x.shell.Start(kit.Job{Title: "Look again at " + kit.Count(len(n.Runs), "run", "runs"), Do: func(ctx context.Context, report func(kit.Progress)) (string, error) {
		for i, id := range n.Runs {
			report(kit.Progress{Done: i, Total: len(n.Runs)})
			if err := x.tools.Desk.LookAgain(ctx, n.Rollout, id); err != nil {
				return "", err
			}
		}
		return "asked; the answer comes as soon as the host gives it", nil
	}, Then: x.after})
}

// after shows anew what work has changed.
func (x *Screen) after(err error) {
	if err != nil && x.shell.Here().Screen == ui.Today {
		x.page.Fail(err)
	}
	x.shell.Reload()
}
