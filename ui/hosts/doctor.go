package hosts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/app/explain"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// doctorTick is how often the steps of a check are drawn while it goes on.
const doctorTick = 120 * time.Millisecond

// A doctor is the dialog that checks one host.
type doctor struct {
	x     *Screen
	host  data.Host
	list  *fyne.Container
	done  *kit.Caption
	drawn int // changes that are on screen
	ended bool

	mu      sync.Mutex // the check works beside the UI goroutine
	found   []app.Finding
	changes int
}

func (x *Screen) checkCurrent() {
	if r, ok := x.grid.Current(); ok {
		x.check(r.Host)
	}
}

// check walks the way to a host and shows each step as it is taken. Closing the
// dialog ends it.
func (x *Screen) check(h data.Host) {
	d := &doctor{x: x, host: h, list: kit.VBox(10), done: kit.NewCaption("")}
	ctx, stop := context.WithCancel(x.shell.Context())
	content := container.New(&fixed{fyne.NewSize(680, 400)},
		container.NewBorder(nil, kit.Pad(d.done, 6, 0, 0, 0), nil, nil, kit.NewSurface(container.NewVScroll(kit.Pad(d.list, 10, 10, 12, 12)))))
	m := kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Check of " + h.Name, Width: 720, Content: content,
		Text:  doctorText(h),
		Extra: []fyne.CanvasObject{kit.NewButton("Copy", "copy", d.copy).WithTip("Copy all findings as text")}})
	m.Then(stop)
	kit.Every(ctx, doctorTick, func() bool {
		d.draw()
		return !d.ended
	})
	kit.Load(ctx, kit.NewLatest(func(err error) { d.end("The check broke off: " + err.Error()) }), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, x.tools.Desk.Doctor(ctx, h, d.step)
	}, func(struct{}) { d.end("") })
}

// checkButton checks a host above a dialog about it, which stays.
func (x *Screen) checkButton(h data.Host) *kit.Button {
	return kit.NewButton("Check host…", "list-check", func() { x.check(h) })
}

// doctorText says what a check does to the host.
func doctorText(h data.Host) string {
	if h.Windows() {
		return "One login is tried. Nothing is changed on the host but a task that is made and removed again; it asks the update source, which can take minutes."
	}
	return "One login is tried. Nothing is changed on the host."
}

// step takes a finding over; a step that was being looked at is replaced.
func (d *doctor) step(f app.Finding) {
	if f.Mend == "" && f.Err != nil {
		f.Mend = explain.Of(f.Err).Next
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	at := slices.IndexFunc(d.found, func(o app.Finding) bool { return o.Result == app.Looking })
	if at >= 0 {
		d.found = slices.Delete(d.found, at, at+1)
	}
	d.found = append(d.found, f)
}

// end says what it all comes to.
func (d *doctor) end(text string) {
	d.ended = true
	if text == "" {
		text = d.host.Name + " can be scanned and patched."
		d.mu.Lock()
		if slices.ContainsFunc(d.found, func(f app.Finding) bool { return !app.Passes(f) }) {
			text = "Mend the first step that failed, then check again."
		}
		d.mu.Unlock()
	}
	d.done.SetText(text)
	d.draw()
}

// draw shows what is new.
func (d *doctor) draw() {
	d.mu.Lock()
	found, changes := slices.Clone(d.found), d.changes
	d.mu.Unlock()
	if changes == d.drawn {
		return
	}
	d.drawn = changes
	d.list.Objects = nil
	for _, f := range found {
		d.list.Add(findingRow(f))
	}
	d.list.Refresh()
}

// findingSigns are icon and word of each result.
var findingSigns = map[data.CheckResult]kit.Status{
	data.CheckPassed: kit.StatusPassed, data.CheckWarned: kit.StatusWarning, data.CheckFailed: kit.StatusFailed, app.Looking: kit.StatusRunning, app.NotTried: kit.StatusSkipped,
}

// findingRow is one step: its name and sign, what was found, what to do.
func findingRow(f app.Finding) fyne.CanvasObject {
	word := ""
	switch f.Result {
	case app.NotTried:
		word = "Not tried"
	case app.Looking:
		word = "Looking…"
	}
	sign, known := findingSigns[f.Result]
	if !known {
		sign = kit.StatusUnknown
	}
	row := kit.VBox(2, container.NewBorder(nil, nil, nil, kit.NewSign(sign, word), kit.NewStrong(capital(f.Name)).Cut()))
	if f.Detail != "" {
		row.Add(kit.Flush(kit.NewProse(f.Detail)))
	}
	if f.Mend != "" && f.Result != data.CheckPassed {
		row.Add(kit.NewMuted("To mend"))
		row.Add(kit.Flush(kit.NewSelectable(f.Mend)))
	}
	return row
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// copy puts all findings on the clipboard, as text.
func (d *doctor) copy() {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "Check of %s\n", d.host.Name)
	for _, f := range d.found {
		fmt.Fprintf(&b, "%s: %s: %s\n", f.Name, f.Result, f.Detail)
		if f.Mend != "" && f.Result != data.CheckPassed {
			fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(f.Mend, "\n", "\n  "))
		}
	}
	fyne.CurrentApp().Clipboard().SetContent(b.String())
}

// failedBanner offers to check a host whose scan failed for a reason that no
// dialog asks about.
func failedBanner(x *Screen, results []app.ScanResult) {
	var failed []app.ScanResult
	for _, r := range results {
		if r.Err != nil && !errors.Is(r.Err, context.Canceled) {
			failed = append(failed, r)
		}
	}
	if len(failed) == 0 || x.shell.Here().Screen != ui.Hosts {
		return
	}
	first := failed[0]
	title := first.Host.Name + " could not be scanned"
	if n := len(failed) - 1; n > 0 {
		title = kit.Count(n+1, "host", "hosts") + " could not be scanned, " + first.Host.Name + " among them"
	}
	x.page.Say(kit.NewBanner(kit.StatusWarning, title, explain.Of(first.Err).Sentence,
		kit.NewButton("Check "+first.Host.Name+"…", "list-check", func() { x.check(first.Host) })))
}
