package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote/remotetest/wsman"
)

const (
	plannedID  = "8d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e"
	plannedKB  = "KB5044281"
	plannedKey = plannedKB
)

// A night is a rollout of one update on one canned Windows host.
type night struct {
	*canned
	t       *testing.T
	office  *app.Desk
	host    data.HostID
	rollout data.RolloutID

	// What the host plays; under the lock of canned.
	installed bool // by its own list
	undone    bool // a reboot takes it out again
	boots     int
	starts    int                            // of install jobs
	job       string                         // ID of the install job it was given
	status    string                         // the job's update comes to: "installed"
	look      func(job string) any           // in place of what status says
	result    func(r map[string]any)         // changes the job's result
	reboot    func(n *night) (answer string) // in place of a reboot
}

func newNight(t *testing.T) *night {
	t.Helper()
	n := &night{canned: newCanned(t, wsman.Options{TLS: true}), t: t, boots: 1, status: "installed"}
	n.vouch(t)
	n.answers["start.ps1"] = func(o ordered) any {
		var in struct{ Order struct{ Kind string } }
		if err := json.Unmarshal(o.Stdin, &in); err != nil {
			return err
		}
		if in.Order.Kind == "install" {
			n.job = o.Args[0]
			n.starts++
		}
		return map[string]any{"state": "started"}
	}
	n.answers["look.ps1"] = func(o ordered) any { return n.looks(o.Args[0]) }
	n.answers["alive.ps1"] = func(ordered) any {
		stamp := time.Now().UTC().Format(time.RFC3339)
		return map[string]any{"boot": fmt.Sprint(n.boots), "booted": stamp, "now": stamp, "services": []string{"W3SVC"}, "logon": true}
	}
	n.answers["reboot.ps1"] = func(ordered) any {
		if n.reboot != nil {
			return n.reboot(n)
		}
		n.boots++
		n.installed = n.installed && !n.undone
		return "asked"
	}
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "night.db"))
	n.must(err)
	t.Cleanup(func() { db.Close() })
	n.office = n.canned.desk()
	n.office.DB = db
	std, _ := app.Template("small-shop")
	std.ValidFrom = time.Now().AddDate(0, -1, 0)
	_, err = n.office.SaveStandard(t.Context(), std)
	n.must(err)
	h := n.canned.host(data.AuthNTLM)
	h.Exposure = data.Internal
	n.host, err = n.office.AddHost(t.Context(), h)
	n.must(err)
	return n
}

func (n *night) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// looks answers look.ps1.
func (n *night) looks(id string) any {
	if strings.HasPrefix(id, "scan-") {
		return looked("ended", n.found())
	}
	if id != n.job {
		return map[string]any{"state": "absent"}
	}
	if n.look != nil {
		return n.look(id)
	}
	update := map[string]any{"id": plannedID, "revision": 201, "title": plannedKB, "status": n.status}
	r := map[string]any{"kind": "install", "finished": true, "ended": time.Now().UTC().Format(time.RFC3339), "updates": []any{update}}
	if n.status == "installed" {
		n.installed = true
	}
	if n.result != nil {
		n.result(r)
	}
	return looked("ended", r)
}

// found is what a scan task writes.
func (n *night) found() map[string]any {
	stamp := time.Now().UTC().Format(time.RFC3339)
	planned := map[string]any{"id": plannedID, "revision": 201, "title": "2024-10 Cumulative Update", "kbs": []string{"5044281"},
		"severity": "Important", "type": 1, "categoryIds": []string{"0fa1201d-4330-4fa8-8ae9-b877473b6441"}}
	other := map[string]any{"id": "11111111-2222-3333-4444-555555555555", "revision": 1, "title": "an older one", "kbs": []string{"5000001"}}
	f := map[string]any{"kind": "scan", "finished": true, "code": 2, "installedCode": 2, "fetched": stamp, "missing": []any{planned}, "installed": []any{other},
		"reboot": map[string]any{"known": true}, "facts": map[string]any{"build": "20348", "revision": n.boots, "product": "Windows Server 2022", "booted": stamp, "now": stamp}}
	if n.installed {
		f["missing"], f["installed"] = []any{}, []any{other, planned}
	}
	return f
}

// begin plans, approves and starts the rollout.
func (n *night) begin(reboot data.RebootPolicy) {
	n.t.Helper()
	ctx := n.t.Context()
	n.must(n.office.Scan(ctx, []data.HostID{n.host}, true, func(r app.ScanResult) { n.must(r.Err) }))
	p, notes, err := n.office.MakePlan(ctx, app.PlanRequest{Name: "night", Hosts: []data.HostID{n.host}, Keys: []string{plannedKey}, Reboot: reboot, PostWait: time.Second}, nil)
	if err != nil {
		n.t.Fatalf("plan: %v, notes %v", err, notes)
	}
	id, err := n.office.SavePlan(ctx, p)
	n.must(err)
	n.must(n.office.ApprovePlan(ctx, id, p.Digest(), ""))
	n.rollout, err = n.office.StartRollout(ctx, id, "a test")
	n.must(err)
}

var nightPace = app.Pace{Poll: 20 * time.Millisecond, Retry: 50 * time.Millisecond, Boot: time.Second, GiveUp: time.Hour, Tick: 50 * time.Millisecond}

// drive drives until the rollout is over, and returns all that a person reads
// of the run.
func (n *night) drive(reboot data.RebootPolicy) string {
	n.t.Helper()
	n.begin(reboot)
	ctx, stop := context.WithTimeout(n.t.Context(), time.Minute)
	defer stop()
	n.must((&app.Driver{Desk: n.office, Pace: nightPace, Holder: "test"}).Drive(ctx, n.rollout, true))
	return n.words()
}

func (n *night) words() string {
	n.t.Helper()
	runs, err := n.office.DB.Runs(n.t.Context(), n.rollout)
	n.must(err)
	lines, _, err := n.office.DB.Log(n.t.Context(), runs[0].ID, 0, 0)
	n.must(err)
	var b strings.Builder
	fmt.Fprintf(&b, "outcome %s: %s\n", runs[0].Outcome, runs[0].Detail)
	for _, l := range lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

// stuck drives until a job that gives no sign of life is said to look stuck, and
// then lets it come to its end.
func stuck(t *testing.T) outcome {
	n := newNight(t)
	n.look = func(string) any {
		l := looked("running", nil)
		l["progress"], l["quiet"] = `{"step":"install 1 of 1","done":0,"total":1}`, 2500
		return l
	}
	n.begin(data.RebootNever)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- (&app.Driver{Desk: n.office, Pace: nightPace, Holder: "test"}).Drive(ctx, n.rollout, true)
	}()
	words := ""
	for !strings.Contains(words, "looks stuck; asking on") && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
		words = n.words()
	}
	n.mu.Lock()
	n.look = nil
	n.mu.Unlock()
	n.must(<-ended)
	if end := n.words(); !strings.HasPrefix(end, "outcome succeeded") {
		t.Errorf("a job that came to its end:\n%s", end)
	}
	return outcome{words: words}
}

// closeInMidJob drives until the job runs, ends that desk, and lets another take
// the rollout up.
func (n *night) closeInMidJob() string {
	n.t.Helper()
	ctx, stop := context.WithTimeout(n.t.Context(), time.Minute)
	defer stop()
	looks := 0
	n.look = func(string) any {
		if looks++; looks == 3 {
			stop() // the desk is closed
		}
		return looked("running", nil)
	}
	n.begin(data.RebootNever)
	if err := (&app.Driver{Desk: n.office, Pace: nightPace, Holder: "first"}).Drive(ctx, n.rollout, true); err != nil && !errors.Is(err, context.Canceled) {
		n.t.Fatal(err)
	}
	n.mu.Lock()
	n.look = nil
	n.mu.Unlock()
	again, stop := context.WithTimeout(n.t.Context(), time.Minute)
	defer stop()
	n.must((&app.Driver{Desk: n.office, Pace: nightPace, Holder: "second"}).Drive(again, n.rollout, true))
	if n.starts != 1 {
		n.t.Errorf("the job was started %d times", n.starts)
	}
	return n.words()
}
