package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// walkReason is on record for the rollout of a walk-through.
const walkReason = "walk-through of the practice shop"

// walkHosts are the hosts of the practice shop that a walk-through patches. One
// of them (mail) has a package that fails, so that a failure is seen as well.
var walkHosts = []string{"web1", "web2", "vpn", "db2", "mail"}

// windowTitle is what the shell calls its window.
const windowTitle = "Second Tuesday"

// ErrNotPractice means that somebody asked for a walk-through of real hosts.
var ErrNotPractice = errors.New("a walk-through changes hosts, so it is only made in the practice shop (--practice)")

// A Walk takes the window through its main job by itself: scan, plan, rollout,
// compliance. It leaves pictures and a report in a folder.
type Walk struct {
	shell *ui.Shell
	tools *ui.Tools
	dir   string
	n     int
	say   func(format string, args ...any)
}

// StartWalk begins a walk-through; then is called on the UI goroutine when it
// has ended. say tells a person how far it is.
func StartWalk(s *ui.Shell, t *ui.Tools, dir string, say func(string, ...any), then func(error)) {
	w := &Walk{shell: s, tools: t, dir: dir, say: say}
	s.Start(kit.Job{Title: "Walk through the practice shop", Do: func(ctx context.Context, _ func(kit.Progress)) (string, error) {
		if !t.Practice {
			return "", ErrNotPractice
		}
		return "done", w.run(ctx)
	}, Then: then})
}

func (w *Walk) run(ctx context.Context) error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return fmt.Errorf("walk: %w", err)
	}
	for _, step := range []func(context.Context) error{w.look, w.scan, w.roll, w.compare} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("walk: %w", err)
		}
	}
	return nil
}

// look shows the shop as it is found.
func (w *Walk) look(ctx context.Context) error {
	return w.visit(ctx, "found", ui.Today, ui.Compliance, ui.Calendar, ui.Standard)
}

func (w *Walk) scan(ctx context.Context) error {
	hosts, err := w.tools.Desk.DB.Hosts(ctx)
	if err != nil {
		return err
	}
	var ids []data.HostID
	for _, h := range hosts {
		ids = append(ids, h.ID)
	}
	scanned, failed := 0, 0
	err = w.tools.Desk.Scan(ctx, ids, true, func(r app.ScanResult) {
		if r.Err != nil {
			failed++
			return
		}
		scanned++
	})
	if err != nil {
		return err
	}
	w.say("scanned %d hosts, %d could not be scanned", scanned, failed)
	return w.visit(ctx, "scanned", ui.Today, ui.Hosts, ui.Updates)
}

// roll plans all that is missing on a few hosts, approves and applies it.
func (w *Walk) roll(ctx context.Context) error {
	d := w.tools.Desk
	var ids []data.HostID
	for _, name := range walkHosts {
		h, err := d.DB.HostByName(ctx, name)
		if err != nil {
			return err
		}
		ids = append(ids, h.ID)
	}
	p, _, err := d.MakePlan(ctx, app.PlanRequest{Name: "Walk-through", Hosts: ids, KeptBack: true, Parallel: 4, StopAt: 1, Reboot: data.RebootIfNeeded, PostWait: 5 * time.Second,
		Rings: []data.Ring{{Number: 1, Gate: 0.5}, {Number: 2, Gate: 0.5}, {Number: 3}}}, nil)
	if err != nil {
		return err
	}
	plan, err := d.SavePlan(ctx, p)
	if err != nil {
		return err
	}
	if err := w.show(ctx, "planned", ui.Place{Screen: ui.Rollouts, Plan: plan}); err != nil {
		return err
	}
	if err := d.ApprovePlan(ctx, plan, p.Digest(), "looked at in the walk-through"); err != nil {
		return err
	}
	rollout, err := d.StartRollout(ctx, plan, walkReason)
	if err != nil {
		return err
	}
	w.say("rolling out to %d hosts", len(p.Hosts))
	return w.follow(ctx, rollout)
}

// follow waits until the rollout has ended, with a picture on the way.
func (w *Walk) follow(ctx context.Context, id data.RolloutID) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		r, err := w.tools.Desk.DB.Rollout(ctx, id)
		if err != nil {
			return err
		}
		if !r.Open() {
			break
		}
		if n == 12 {
			if err := w.show(ctx, "rolling", ui.Place{Screen: ui.Rollouts, Rollout: id}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	runs, err := w.tools.Desk.DB.Runs(ctx, id)
	if err != nil {
		return err
	}
	for _, run := range runs {
		h, err := w.tools.Desk.DB.Host(ctx, run.Host)
		if err != nil {
			return err
		}
		w.say("%-6s %-9s %s", h.Name, run.Outcome, run.Detail)
	}
	return w.show(ctx, "rolled-out", ui.Place{Screen: ui.Rollouts, Rollout: id})
}

func (w *Walk) compare(ctx context.Context) error {
	if err := w.report(ctx); err != nil {
		return err
	}
	return w.visit(ctx, "after", ui.Today, ui.Hosts, ui.Compliance, ui.Activity)
}

// report writes what the walk has come to as a page to print.
func (w *Walk) report(ctx context.Context) error {
	d := w.tools.Desk
	r, err := d.Compliance(ctx, d.Now().AddDate(0, 0, -70), time.Local)
	if err != nil {
		return err
	}
	facts, err := d.ReportFacts(ctx, filepath.Base(w.tools.Path))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := app.WriteReport(&b, r, facts); err != nil {
		return err
	}
	w.say("%s", r.Verdict())
	return os.WriteFile(filepath.Join(w.dir, "report.html"), b.Bytes(), 0o644)
}

// visit goes to screens and takes a picture of each.
func (w *Walk) visit(ctx context.Context, when string, screens ...string) error {
	for _, id := range screens {
		if err := w.show(ctx, when+"-"+id, ui.Place{Screen: id}); err != nil {
			return err
		}
	}
	return nil
}

// calm is how long nothing may have been under way before a page counts as
// loaded: one load may begin another. A page that follows something live may
// never be calm; what it has shown within patience is as good.
const (
	calm     = 300 * time.Millisecond
	patience = 2 * time.Minute
)

// loaded waits until the page has all that it asked for.
func (w *Walk) loaded(ctx context.Context) error {
	const step = 50 * time.Millisecond
	begun := time.Now()
	for quiet := time.Duration(0); quiet < calm && time.Since(begun) < patience; quiet += step {
		if kit.InFlight() > 1 { // the walk itself is in flight
			quiet = 0
		}
		if err := pause(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (w *Walk) show(ctx context.Context, name string, p ui.Place) error {
	fyne.DoAndWait(func() { w.shell.Go(p) })
	if err := w.loaded(ctx); err != nil {
		return err
	}
	if err := w.shell.Painted(ctx); err != nil {
		return err
	}
	w.n++
	return picture(ctx, filepath.Join(w.dir, fmt.Sprintf("%02d-%s.png", w.n, name)))
}

// picture photographs the window from outside, as a person sees it. What a
// graphics card has shown cannot be read back from inside everywhere.
func picture(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, "import", "-window", windowTitle, path).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("pictures need the program import: install imagemagick")
	}
	if err != nil {
		return fmt.Errorf("picture %s: %w: %s", path, err, bytes.TrimSpace(out))
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
