package figures

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
	"secondtuesday/remote"
	"secondtuesday/ui"
	"secondtuesday/ui/desk"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

// The size of a large shop.
const (
	largeHosts   = 10_000
	largeMissing = 100
)

// largeShop fills a workspace and lets it be judged once, as it would be after
// its last scan. It is closed again.
func largeShop(t *testing.T, hosts int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "large.db")
	d := openDesk(t.Context(), t, path)
	defer d.DB.Close()
	if err := storetest.Fill(t.Context(), d.DB, hosts, largeMissing); err != nil {
		t.Fatal(err)
	}
	standard, ok := app.Template("small-shop")
	if !ok {
		t.Fatal("there is no template called small-shop")
	}
	if _, err := d.SaveStandard(t.Context(), standard); err != nil { // judges all hosts
		t.Fatal(err)
	}
	return path
}

// openDesk opens a workspace at the moment to which storetest makes it.
func openDesk(ctx context.Context, t *testing.T, path string) *app.Desk {
	t.Helper()
	db, err := store.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	return &app.Desk{DB: db, Dialer: remote.NewSSH(remote.SSHConfig{}), Now: func() time.Time { return storetest.Now }, By: "figures"}
}

// judgeFigures judges every host of a large shop.
func judgeFigures(t *testing.T) {
	d := openDesk(t.Context(), t, largeShop(t, largeHosts))
	defer d.DB.Close()
	ctx := t.Context()
	f, err := d.Docket(ctx)
	if err != nil {
		t.Fatal(err)
	}
	missing := make(map[data.HostID][]data.Missing, largeHosts)
	read := func(visit func(data.Missing) error) func() {
		return func() {
			if err := d.DB.EachMissing(ctx, visit); err != nil {
				t.Fatal(err)
			}
		}
	}
	read(func(m data.Missing) error { missing[m.Host] = append(missing[m.Host], m); return nil })()
	scans, err := d.DB.LatestScans(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var ours, floor series[time.Duration]
	for range 5 {
		m := app.NewMeasure(f.Standard(storetest.Now))
		judged := 0
		ours = append(ours, took(func() {
			for _, h := range f.Hosts {
				judged += m.Host(app.Subject{Host: h, Scan: scans[h.ID], Missing: missing[h.ID]}, storetest.Now).Missing
			}
		}))
		if judged != largeHosts*largeMissing {
			t.Fatalf("judged %d updates", judged)
		}
		n := 0
		floor = append(floor, took(read(func(data.Missing) error { n++; return nil })))
	}
	add(t, figure{
		name: "judge 10,000 hosts × 100 missing updates", ours: ours.spread(brief), ratio: times(ratio(ours.middle(), floor.middle())),
		target: "< 1 s", met: meets(ours.middle() < time.Second), peer: "reading the same million rows from SQLite: " + floor.spread(brief),
	})
	missing = nil
	d.Now = func() time.Time { return storetest.Now.AddDate(0, 0, 3) }
	stale := took(func() {
		if n, err := d.Refresh(ctx); err != nil || n == 0 {
			t.Fatalf("%d hosts judged, %v", n, err)
		}
	})
	add(t, figure{
		name: "judge them anew after a long weekend: read, judge, store", ours: brief(stale), ratio: times(ratio(stale, floor.middle())),
		target: "-", met: noTarget, peer: "reading the same million rows from SQLite: " + brief(floor.middle()),
	})
}

// ticker takes over from kittest what comes back to the UI goroutine, and
// measures how long it holds it.
type ticker struct {
	queue   chan func()
	longest time.Duration
	total   time.Duration
}

func newTicker(t *testing.T) *ticker {
	x := &ticker{queue: make(chan func(), 4096)}
	restore := kit.Deliver(func(f func()) { x.queue <- f })
	t.Cleanup(restore)
	return x
}

// do runs f as the UI goroutine would, and after it what it started beside
// that comes back, until none is left.
func (x *ticker) do(t *testing.T, f func()) {
	t.Helper()
	x.longest, x.total = 0, 0
	x.hold(f)
	give := time.After(time.Minute)
	for {
		select {
		case f := <-x.queue:
			x.hold(f)
			continue
		default:
		}
		if kit.InFlight() == 0 {
			return
		}
		select {
		case f := <-x.queue:
			x.hold(f)
		case <-give:
			t.Fatal("work beside the UI goroutine did not end")
		}
	}
}

func (x *ticker) hold(f func()) {
	d := took(f)
	x.total += d
	x.longest = max(x.longest, d)
}

// deskFigures opens a large shop and uses its table of hosts.
func deskFigures(t *testing.T) {
	path := largeShop(t, largeHosts)
	kittest.Start(t, false)
	x := newTicker(t)
	var ours, floor series[time.Duration]
	var shell *ui.Shell
	var held time.Duration
	for range 5 {
		floor = append(floor, took(func() { readHeads(t, path) }))
		var d *app.Desk
		ours = append(ours, took(func() {
			d = openDesk(t.Context(), t, path)
			shell = openShell(t, d)
			x.do(t, shell.Show)
			shell.Window().Canvas().Capture()
		}))
		held = max(held, x.longest)
		t.Cleanup(func() { d.DB.Close() })
	}
	first := shell.Here().Screen
	add(t, figure{
		name: "open a workspace of 10,000 hosts and draw its first screen (" + first + ")", ours: ours.spread(brief),
		ratio: times(ratio(ours.middle(), floor.middle())), target: "< 1 s", met: meets(ours.middle() < time.Second),
		peer: "opening it and reading hosts, verdicts, scan heads: " + floor.spread(brief),
	})
	add(t, figure{name: "longest the UI goroutine is held by that", ours: brief(held), ratio: "-", target: "-", met: noTarget, peer: "a frame: 16 ms"})
	tableFigures(t, x, shell)
}

func openShell(t *testing.T, d *app.Desk) *ui.Shell {
	tools := &ui.Tools{Desk: d, Driver: &app.Driver{Desk: d, Holder: "figures"}, Path: d.DB.Path()}
	s := desk.Open(t.Context(), fyne.CurrentApp(), tools, desk.Workspaces{})
	s.Window().Resize(fyne.NewSize(1440, 900))
	return s
}

// readHeads is what no first screen can do without: one row a host of each.
func readHeads(t *testing.T, path string) {
	t.Helper()
	d := openDesk(t.Context(), t, path)
	defer d.DB.Close()
	hosts, err1 := d.DB.Hosts(t.Context())
	verdicts, err2 := d.DB.HostVerdicts(t.Context())
	scans, err3 := d.DB.LatestScans(t.Context())
	if err1 != nil || err2 != nil || err3 != nil || len(hosts) != largeHosts || len(verdicts) != largeHosts || len(scans) != largeHosts {
		t.Fatal(len(hosts), len(verdicts), len(scans), err1, err2, err3)
	}
}

// A hostGrid is what is asked of the table of hosts, whose rows are the
// screen's own.
type hostGrid interface {
	fyne.CanvasObject
	Filter(string)
	SortBy(string, bool)
	Rows() (all, shown int)
}

// tableFigures filters and sorts the table of hosts as it stands in the window.
func tableFigures(t *testing.T, x *ticker, shell *ui.Shell) {
	x.do(t, func() { shell.Go(ui.Place{Screen: ui.Hosts}) })
	found := kittest.Find(shell.Window(), func(o fyne.CanvasObject) bool {
		g, ok := o.(hostGrid)
		if !ok {
			return false
		}
		all, _ := g.Rows()
		return all == largeHosts
	})
	if found == nil {
		t.Fatal("the table of hosts is not in the window")
	}
	g := found.(hostGrid)
	for _, c := range []struct {
		name string
		do   func(i int)
	}{
		{"filter the table of 10,000 hosts, UI goroutine", func(i int) { g.Filter([]string{"host0012", "technology:suse unit"}[i%2]) }},
		{"sort it by name, UI goroutine", func(i int) { g.SortBy("host", i%2 == 0) }},
		{"sort it by deadline, UI goroutine", func(i int) { g.SortBy("deadline", i%2 == 0) }},
	} {
		x.do(t, func() { g.Filter("") })
		var held, whole series[time.Duration]
		for i := range 9 {
			whole = append(whole, took(func() { x.do(t, func() { c.do(i) }) }))
			held = append(held, x.total)
		}
		add(t, figure{
			name: c.name, ours: held.spread(brief), ratio: times(ratio(held.middle(), 16*time.Millisecond)), target: "≤ 16 ms",
			met: meets(held.middle() <= 16*time.Millisecond), peer: fmt.Sprintf("a frame: 16 ms (until shown: %s)", whole.spread(brief)),
		})
	}
}
