package hosts

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

func (x *Screen) scanAll()    { x.scan(x.rows, x.lists.Checked) }
func (x *Screen) scanChosen() { x.scan(x.grid.Selected(), x.lists.Checked) }

// scan asks hosts about themselves, with progress in the strip below. With
// lists they fetch what their sources offer first.
func (x *Screen) scan(rows []*row, lists bool) {
	if len(rows) == 0 {
		return
	}
	title := "Scan " + names(rows)
	if lists {
		title = "Fetch lists and scan " + names(rows)
	}
	x.page.Clear()
	ids := idsOf(rows)
	var results []app.ScanResult
	var done atomic.Int64
	x.scanning++
	x.watch(&done)
	x.shell.Start(kit.Job{Title: title, Do: func(ctx context.Context, report func(kit.Progress)) (string, error) {
		report(kit.Progress{Total: len(ids), Note: "connecting"})
		err := x.tools.Desk.Scan(ctx, ids, lists, func(r app.ScanResult) {
			results = append(results, r)
			done.Store(int64(len(results)))
			report(kit.Progress{Done: len(results), Total: len(ids), Note: r.Host.Name})
		})
		return outcome(results, ctx.Err() != nil), err
	}, Sign: func() kit.Status { return signOf(results) }, Then: func(error) {
		x.scanning--
		x.changed()
		x.doors.meet(x, results, lists)
	}})
}

// scanTick is how often hosts that have been scanned are shown while others
// are still being scanned.
const scanTick = 1500 * time.Millisecond

// watch shows scanned hosts as they come, as long as a scan is going on.
func (x *Screen) watch(done *atomic.Int64) {
	var seen int64
	kit.Every(x.shell.Context(), scanTick, func() bool {
		if n := done.Load(); x.scanning > 0 && n != seen && x.shell.Here().Screen == ui.Hosts {
			seen = n
			x.load()
		}
		return x.scanning > 0
	})
}

// changed shows the hosts anew, or whatever page is up.
func (x *Screen) changed() {
	if x.shell.Here().Screen == ui.Hosts {
		x.load()
		return
	}
	x.shell.Reload()
}

// signOf is green only when every host was scanned.
func signOf(results []app.ScanResult) kit.Status {
	for _, r := range results {
		if r.Err != nil {
			return kit.StatusWarning
		}
	}
	return kit.StatusSucceeded
}

// outcome sums up a scan: "11 scanned, 1 blocked by an unknown host key".
func outcome(results []app.ScanResult, cancelled bool) string {
	const scanned = "scanned"
	n := map[string]int{}
	order := []string{scanned}
	for _, r := range results {
		what := scanned
		switch {
		case r.Err != nil && cancelled:
			what = "not scanned"
		case r.Err != nil:
			what = shortOf(r.Err)
		}
		if n[what] == 0 && what != scanned {
			order = append(order, what)
		}
		n[what]++
	}
	var parts []string
	for _, what := range order {
		parts = append(parts, kit.Number(n[what])+" "+what)
	}
	return strings.Join(parts, ", ")
}

// rowsOf returns the rows of hosts that are still there.
func (x *Screen) rowsOf(ids []data.HostID) []*row {
	var out []*row
	for _, id := range ids {
		if r := x.byID[id]; r != nil {
			out = append(out, r)
		}
	}
	return out
}
