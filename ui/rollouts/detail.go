package rollouts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// logPage is how many lines of a log are read at once.
const logPage = 4000

// A detail shows one run: what happened in a sentence, its log as it grows,
// its checks, and what was planned beside what is in.
type detail struct {
	v      *live
	object fyne.CanvasObject

	sign     *canvas.Image
	name     *kit.Caption
	sentence *widget.Label
	look     *kit.Button
	reboot   *kit.Button
	retry    *kit.Button
	log      *kit.Log
	noLog    fyne.CanvasObject
	tabs     *kit.Segmented
	side     *fyne.Container
	checks   *kit.Grid[data.Check]
	packages *kit.Grid[app.Standing]

	logs      *kit.Latest
	stands    *kit.Latest
	run       data.Run
	after     int64 // last line of the log read
	asking    bool
	standing  data.ScanID // scan that packages was made from
	standings bool
}

// The tabs beside the log.
const (
	tabChecks   = "Checks"
	tabPackages = "Changes"
)

func newDetail(v *live) *detail {
	d := &detail{v: v, log: kit.NewLog(), sign: kit.NewPicture(kit.StatusNone.Icon(), 16), name: kit.NewStrong(""), sentence: kit.NewParagraph("")}
	d.look = kit.NewButton("Look again", "eye", v.lookAgain).WithTip("Asks the host what became of its job; starts nothing (Ctrl+L)")
	d.reboot = kit.NewButton("Plan a reboot…", "rotate-clockwise", func() {
		v.x.shell.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{d.run.Host}, Reboot: true})
	}).WithTip("A plan that brings nothing in and reboots the host; the updates come after it")
	d.retry = kit.NewButton("Retry…", "refresh", v.retry).WithTip("Another attempt, with a reason (Ctrl+R)")
	copyLog := kit.NewQuiet("", "copy", func() { fyne.CurrentApp().Clipboard().SetContent(d.log.Text()) }).WithTip("Copy the log")
	host := kit.NewQuiet("", "server", func() { v.x.shell.Go(ui.Place{Screen: ui.Hosts, Host: d.run.Host}) }).WithTip("Open the host")
	d.checks = kit.NewGrid(checkColumns...)
	d.checks.SetEmpty(kit.NewEmptyState("list-check", "No checks yet", "Before and after the updates the host is looked at: disk, lock, services, boot.", nil))
	d.packages = kit.NewGrid(standingColumns...)
	d.packages.SetEmpty(kit.NewEmptyState("package", "Nothing is planned here", "The plan changes nothing on this host; it may only be rebooted.", nil))
	d.side = container.NewStack(d.checks)
	d.tabs = kit.NewSegmented([]string{tabChecks, tabPackages}, tabChecks, func(s string) { d.tab(s) })
	fail := func(err error) { v.page.Fail(err) }
	d.logs, d.stands = kit.NewLatest(fail), kit.NewLatest(fail)
	title := kit.HBox(8, d.sign, d.name)
	buttons := kit.HBox(4, d.look, d.reboot, d.retry, host, copyLog)
	head := container.NewBorder(nil, nil, kit.Pad(title, 0, 0, 2, 0), buttons, kit.Pad(d.sentence, 0, -6, 0, 0))
	right := container.NewBorder(kit.Pad(d.tabs, 0, 6, 4, 0), nil, nil, nil, kit.Pad(kit.NewSurface(d.side), 0, 0, 4, 0))
	d.noLog = container.NewCenter(kit.NewEmptyState("terminal-2", "Nothing logged yet", "What the desk does and what the host says appear here as they happen.", nil))
	split := container.NewHSplit(kit.Pad(edged(container.NewStack(d.log, d.noLog)), 0, 0, 0, 4), right)
	split.SetOffset(0.56)
	d.object = container.NewBorder(kit.Pad(head, 0, 6, 0, 0), nil, nil, nil, split)
	return d
}

// edged puts the hairline of a surface round an object.
func edged(o fyne.CanvasObject) fyne.CanvasObject { return kit.NewSurface(o) }

func (d *detail) tab(name string) {
	d.side.Objects = []fyne.CanvasObject{d.checks}
	if name == tabPackages {
		d.side.Objects = []fyne.CanvasObject{d.packages}
	}
	d.side.Refresh()
}

// show shows a run; nil is none.
func (d *detail) show(s *snapshot, r *runRow) {
	if r == nil {
		d.run, d.after = data.Run{}, 0
		d.log.Clear()
		return
	}
	other := r.ID != d.run.ID
	if other || r.Attempt != d.run.Attempt {
		d.standings = false
	}
	if other {
		d.logs.Cancel()
		d.asking, d.after = false, 0
		d.log.Clear()
		d.noLog.Show()
	}
	d.run = r.Run
	d.sign.Resource = kit.OfRun(r.Run).Icon()
	d.sign.Refresh()
	d.name.SetText(fmt.Sprintf("%s · %s", r.Name, strings.ToLower(kit.OfRun(r.Run).Word())))
	d.sentence.SetText(runSentence(r.Run, d.v.x.desk().Now()))
	visible(d.look, isUnknown(r))
	visible(d.reboot, r.WantsReboot())
	visible(d.retry, mayRetry(r))
	d.checks.SetRows(slices.Clone(r.Checks))
	d.loadStandings(s, r)
	d.follow()
}

func visible(b *kit.Button, on bool) {
	if on {
		b.Show()
	} else {
		b.Hide()
	}
}

// runSentence says what a run did or waits for.
func runSentence(r data.Run, now time.Time) string {
	s := r.Detail
	if s == "" {
		s = map[data.Step]string{
			data.StepQueued: "Waits for its turn.", data.StepPreCheck: "The host is looked at before anything is changed.",
			data.StepInstall: "The planned versions go in; the job runs by itself on the host.", data.StepReboot: "The host reboots; a new boot ID will prove it.",
			data.StepPostCheck: "Services and boot are looked at.", data.StepVerify: "A scan proves what is in."}[r.Step]
	}
	if s = dot(s); s != "" {
		s = strings.ToUpper(s[:1]) + s[1:] + "."
	}
	if progress(r) >= 0 && !r.Deadline.IsZero() {
		s += " The job stops by itself at " + kit.Clock(r.Deadline, now) + "."
	}
	if r.Attempt > 1 {
		s += fmt.Sprintf(" Attempt %d.", r.Attempt)
	}
	return s
}

type logged struct {
	lines []data.LogLine
	last  int64
}

// follow reads what the log of the run shown has more.
func (d *detail) follow() {
	if d.run.ID == 0 || d.asking {
		return
	}
	if d.after > 0 && progress(d.run) < 0 && d.run.Outcome != data.OutcomeNone && !d.v.snap.rollout.Open() {
		return // nothing will be added
	}
	run, after := d.run.ID, d.after
	d.asking = true
	d.logs.Fail = func(err error) { d.asking = false; d.v.page.Fail(err) }
	kit.Load(d.v.x.shell.Context(), d.logs, func(ctx context.Context) (logged, error) {
		return readLog(ctx, d.v.x.desk().DB, run, after)
	}, func(got logged) {
		d.asking = false
		if len(got.lines) == 0 {
			return
		}
		d.after = got.last
		d.noLog.Hide()
		appendLog(d.log, got.lines)
	})
}

// readLog reads a log on after a line, but keeps only what the screen can show.
func readLog(ctx context.Context, db *store.DB, run data.RunID, after int64) (logged, error) {
	out := logged{last: after}
	for {
		lines, last, err := db.Log(ctx, run, out.last, logPage)
		if err != nil {
			return out, err
		}
		out.lines, out.last = append(out.lines, lines...), last
		if n := len(out.lines) - kit.LogRows; n > 0 {
			out.lines = slices.Clone(out.lines[n:])
		}
		if len(lines) < logPage {
			return out, nil
		}
	}
}

// appendLog adds lines, many of one sign at a time.
func appendLog(log *kit.Log, lines []data.LogLine) {
	var texts []string
	sign := kit.StatusNone
	flush := func() {
		if len(texts) > 0 {
			log.Append(sign, texts...)
		}
		texts = nil
	}
	for _, l := range lines {
		if s := lineSign(l); s != sign {
			flush()
			sign = s
		}
		texts = append(texts, fmt.Sprintf("%s %-4s %s", l.At.Local().Format("15:04:05"), l.From, l.Text))
	}
	flush()
}

// lineSign colours what the desk itself says: outcomes in their own colour.
func lineSign(l data.LogLine) kit.Status {
	if l.From != "desk" {
		return kit.StatusNone
	}
	for _, o := range outcomes {
		if strings.HasPrefix(l.Text, string(o)+":") {
			return signOf(o)
		}
	}
	return kit.StatusRunning
}

// loadStandings holds what was planned against the newest scan after the run.
func (d *detail) loadStandings(s *snapshot, r *runRow) {
	if d.standings && d.standing == r.ScanAfter {
		return
	}
	d.standings, d.standing = true, r.ScanAfter
	want, run := s.part(r.Host), r.Run
	kit.Load(d.v.x.shell.Context(), d.stands, func(ctx context.Context) ([]app.Standing, error) {
		if run.Started.IsZero() {
			return app.Standings(want, data.Scan{}), nil
		}
		scan, err := d.v.x.desk().DB.LatestScan(ctx, run.Host)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if scan.ID != run.ScanAfter && !scan.At.After(run.Started) {
			scan = data.Scan{} // it speaks of the time before
		}
		return app.Standings(want, scan), nil
	}, func(rows []app.Standing) { d.packages.SetRows(rows) })
}

var checkColumns = []kit.Column[data.Check]{
	{ID: "when", Title: "When", Width: 64, Muted: true, Text: func(c data.Check) string {
		if c.After {
			return "after"
		}
		return "before"
	}},
	{ID: "check", Title: "Check", Width: 150, Text: func(c data.Check) string { return c.Name }},
	{ID: "result", Title: "Result", Width: 100, Status: func(c data.Check) kit.Status { return kit.OfCheck(c.Result) }},
	{ID: "detail", Title: "Found", Width: 120, Grow: true, Text: func(c data.Check) string { return c.Detail }},
}

var standingColumns = []kit.Column[app.Standing]{
	{ID: "in", Title: "In?", Width: 100, Status: standingSign, Text: standingWord, Tip: func(s app.Standing) string {
		if !s.Known {
			return "No scan after the run tells."
		}
		return "The scan after the run found: " + or(s.Have, "not installed")
	}},
	{ID: "package", Title: "Name", Width: 130, Grow: true, Titled: true, Text: func(s app.Standing) string { return s.Target.Label() }, Tip: func(s app.Standing) string { return s.Target.Label() + "\n" + or(s.Target.To, "removed") }},
	{ID: "from", Title: "From", Width: 100, Mono: true, Muted: true, Text: func(s app.Standing) string { return or(data.VersionText(s.Target.From), "–") }},
	{ID: "to", Title: "To", Width: 110, Mono: true, Text: func(s app.Standing) string { return or(data.VersionText(s.Target.To), "removed") }},
	{ID: "have", Title: "Found", Width: 110, Mono: true, Hidden: true, Text: func(s app.Standing) string { return s.Have }},
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func standingSign(s app.Standing) kit.Status {
	switch {
	case !s.Known:
		return kit.StatusUnknown
	case s.In:
		return kit.StatusSucceeded
	}
	return kit.StatusFailed
}

func standingWord(s app.Standing) string {
	switch {
	case !s.Known:
		return "Unknown"
	case s.In:
		return "In"
	}
	return "Not in"
}
