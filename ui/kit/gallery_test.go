package kit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/remote"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

var wide = fyne.NewSize(1280, 800)

type row struct {
	name, group, os, note string
	status                kit.Status
	missing               int
	share                 float64
}

func rows(n int) []*row {
	signs := []kit.Status{kit.StatusCompliant, kit.StatusDueSoon, kit.StatusOverdue, kit.StatusUnknown, kit.StatusExcepted, kit.StatusCompliant, kit.StatusRunning}
	systems := []string{"Debian 12", "Ubuntu 24.04", "AlmaLinux 9.4", "SLES 15 SP6", "Arch Linux"}
	out := make([]*row, n)
	for i := range out {
		out[i] = &row{name: fmt.Sprintf("web%d.example.net", i+1), group: []string{"web", "database", "edge", "office"}[i%4], os: systems[i%len(systems)],
			status: signs[i%len(signs)], missing: (i * 7) % 43, share: float64(i%11) / 10,
			note: "A note that is far too long for the room that its column has, so it is cut"}
	}
	return out
}

func columns() []kit.Column[*row] {
	return []kit.Column[*row]{
		{ID: "state", Title: "State", Width: 120, Status: func(r *row) kit.Status { return r.status }},
		{ID: "host", Title: "Host", Width: 200, Text: func(r *row) string { return r.name }},
		{ID: "group", Title: "Group", Width: 110, Text: func(r *row) string { return r.group }},
		{ID: "os", Title: "System", Width: 140, Text: func(r *row) string { return r.os }},
		{ID: "missing", Title: "Missing", Width: 90, Align: fyne.TextAlignTrailing, Text: func(r *row) string { return kit.Number(r.missing) },
			Compare: func(a, b *row) int { return a.missing - b.missing }},
		{ID: "progress", Title: "Progress", Width: 180, Share: func(r *row) float64 { return r.share }, Text: func(r *row) string { return kit.Percent(r.share) }},
		{ID: "note", Title: "Note", Width: 160, Grow: true, Muted: true, Text: func(r *row) string { return r.note }},
	}
}

func gridPage() (*kit.Grid[*row], fyne.CanvasObject) {
	g := kit.NewGrid(columns()...)
	g.Noun, g.Nouns = "host", "hosts"
	g.Key = func(r *row) any { return r.name }
	g.SetRows(rows(1200))
	chips := kit.HBox(6)
	for _, s := range []kit.Status{kit.StatusOverdue, kit.StatusUnknown, kit.StatusDueSoon, kit.StatusExcepted, kit.StatusCompliant} {
		chip := kit.NewChip(s, "", 17, nil)
		chip.Set(s == kit.StatusUnknown)
		chips.Add(chip)
	}
	bar := container.NewBorder(nil, nil, nil, kit.Pad(kit.NewSelect([]string{"All groups", "web", "database"}, "All groups", "", nil), 0, 0, 8, 0), g.NewSearch("Find a host, or os:debian state:overdue"))
	body := container.NewBorder(kit.VBox(8, bar, kit.Pad(chips, 0, 8, 0, 0)), kit.Pad(g.Footer(), 6, 0, 2, 0), nil, nil, g)
	return g, kit.NewPage("Hosts", "12 need you before Friday", body, kit.NewButton("Import…", "file-import", nil), kit.NewButton("Add host…", "plus", nil), kit.NewPrimary("Scan now", "scan", nil))
}

func chartsPage() fyne.CanvasObject {
	parts := []kit.Slice{{Status: kit.StatusOverdue, Count: 31}, {Status: kit.StatusUnknown, Count: 9}, {Status: kit.StatusDueSoon, Count: 40}, {Status: kit.StatusExcepted, Count: 2}, {Status: kit.StatusCompliant, Count: 902}}
	var points []kit.Point
	for i := range 24 {
		points = append(points, kit.Point{At: time.Date(2026, 6, 1+7*i, 9, 0, 0, 0, time.UTC), Share: 0.71 + float64(i)*0.01 - float64(i%3)*0.014})
	}
	stats := kit.Tiles(4, 10,
		kit.NewStat("Hosts", "984", "12 never scanned", kit.StatusNone, "All hosts of the inventory. 12 of them were never scanned and count as unknown."),
		kit.NewStat("Compliant", "91 %", "promised 95 %", kit.StatusCompliant, "902 of 984 hosts have no update past its deadline, by version 3 of the standard."),
		kit.NewStat("Overdue", "31", "the oldest by 12 days", kit.StatusOverdue, "Hosts with at least one update past its deadline."),
		kit.NewStat("Unknown", "9", "scans older than 7 days", kit.StatusUnknown, "Their newest scan proves nothing."))
	grid := kit.Tiles(1, 10,
		kit.Tiles(2, 10,
			kit.NewCard("Compliance", kit.NewCaption("all hosts"), kit.NewDonut(parts, "91 %", "compliant")),
			kit.NewCard("Nothing yet", nil, kit.NewTrend(nil, 0.95))),
		kit.NewCard("Compliance over time", kit.NewCaption("24 weeks"), kit.NewTrend(points, 0.95)))
	return kit.NewPage("Compliance", "91 % of hosts keep the promise", container.NewBorder(kit.Pad(stats, 0, 10, 0, 0), nil, nil, nil, grid), kit.NewButton("Export…", "download", nil))
}

func signsPage() fyne.CanvasObject {
	cells := container.NewGridWithColumns(6)
	for s := kit.StatusCompliant; s.Word() != ""; s++ {
		cells.Add(kit.Pad(kit.NewSign(s, ""), 3, 3, 0, 0))
		if s == kit.StatusFrozen {
			break
		}
	}
	off := kit.NewPrimary("Switched off", "scan", nil)
	off.Disable()
	buttons := kit.HBox(8, kit.NewPrimary("Scan now", "scan", nil), kit.NewButton("Add host…", "plus", nil), kit.NewButton("Plain", "", nil), kit.NewDanger("Remove", "trash", nil), kit.NewQuiet("Quiet", "refresh", nil), kit.NewQuiet("", "dots", nil).WithTip("More"), off)
	inputs := kit.HBox(12, kit.NewSegmented([]string{"Month", "Week"}, "Month", nil), kit.NewSelect([]string{"a", "b"}, "", "Choose a group", nil), kit.NewCheck("Reboot if needed", true, nil), kit.NewCheck("Off", false, nil), kit.NewBadge("ring 1"), kit.NewBadge("APT"))
	form := kit.NewForm(
		&kit.Field{Label: "Name", Input: kit.NewEntry("web1.example.net"), Hint: "As you call it; unique in this workspace."},
		&kit.Field{Label: "Exposure", Input: kit.NewSelect([]string{"internet", "internal", "air-gapped"}, "internal", "", nil)},
		&kit.Field{Label: "Notes", Input: kit.NewMultiLine("", 3)})
	log := kit.NewLog()
	log.Append(kit.StatusNone, "14:05:01 web1  Reading package lists...", "14:05:03 web1  Unpacking openssl (3.0.17-1~deb12u3) over (3.0.16-1~deb12u1)")
	log.Append(kit.StatusFailed, "14:05:09 web1  dpkg: error processing package linux-image-amd64 (--configure)")
	log.Append(kit.StatusNone, "14:05:10 web1  The job ended with status 100")
	left := kit.VBox(10, kit.NewCard("Signs", nil, cells), kit.NewCard("Buttons", nil, buttons), kit.NewCard("Inputs", nil, inputs),
		kit.NewBanner(kit.StatusDueSoon, "Standard changes on Monday", "Version 4 is approved and judges from 30 November on. 12 hosts will be overdue by it.", kit.NewButton("Open", "", nil)),
		kit.NewErrorBanner(fmt.Errorf("scan host web1: %w", remote.ErrUnreachable), func() {}))
	right := container.NewGridWithColumns(2, kit.NewCard("Form", nil, form), container.NewGridWithRows(2, kit.NewCard("Log", nil, log),
		kit.NewCard("", nil, container.NewCenter(kit.NewEmptyState("server", "No hosts yet", "Add the first one by hand, or bring them in from your OpenSSH configuration, an Ansible inventory or a CSV file.", kit.NewPrimary("Add host…", "plus", nil))))))
	return kit.NewPage("Gallery", "everything once", container.NewBorder(left, nil, nil, nil, right))
}

func TestGallery(t *testing.T) {
	for _, dark := range []bool{false, true} {
		kittest.Start(t, dark)
		g, page := gridPage()
		w := kittest.Window(t, page, wide)
		g.SortBy("host", false)
		g.GoTo(3)
		w.Canvas().Focus(g)
		kittest.WithShift(t, w, fyne.KeyDown)
		kittest.ShotOf(t, "kit-grid", w, dark)
		kittest.Shot(t, "kit-charts", chartsPage, wide, dark)
		kittest.Shot(t, "kit-signs", signsPage, wide, dark)
	}
}

func TestGalleryOfDialogs(t *testing.T) {
	ctx := context.Background()
	for _, dark := range []bool{false, true} {
		kittest.Start(t, dark)
		_, page := gridPage()
		w := kittest.Window(t, page, fyne.NewSize(1000, 640))
		shot := func(name string) {
			kittest.ShotOf(t, name, w, dark)
			kittest.Key(t, w, fyne.KeyEscape)
			if w.Canvas().Overlays().Top() != nil {
				t.Fatalf("%s: Esc does not close it", name)
			}
		}
		kit.AskHostKey(ctx, w, &remote.HostKeyUnknownError{Host: "web1.example.net", Type: "ssh-ed25519", Fingerprint: "SHA256:q0m3rP0Vn7k8fY5oJtq2xw9c4m1ZbA6uE3hXKd8sTfE"}, nil)
		shot("kit-hostkey")
		kit.ShowHostKeyChanged(ctx, w, &remote.HostKeyChangedError{Host: "web1.example.net", Type: "ssh-ed25519", Known: []string{"ssh-ed25519 SHA256:q0m3rP0Vn7k8fY5oJtq2xw9c4m1ZbA6uE3hXKd8sTfE"}, Shown: "ssh-ed25519 SHA256:Zk1WcD7v0yTjT9uQ2bqfRr1n5m8aPpLxE4sHhVgCo3M", Where: "/home/anna/.ssh/known_hosts:14"})
		shot("kit-hostkey-changed")
		kit.Confirm(ctx, w, "Remove 3 hosts?", "Their scans and judgements go too. What was done on them stays in the audit trail.", "Remove 3 hosts", nil)
		shot("kit-confirm")
		kit.ShowError(ctx, w, fmt.Errorf("scan host web1: %w", &remote.ExitError{Name: "apt scan", Status: 100, Stderr: "E: Could not get lock /var/lib/dpkg/lock-frontend"}))
		shot("kit-error")
		name := kit.NewEntry("web1.example.net")
		kit.ShowDialog(ctx, w, kit.Dialog{Title: "Add a host", Width: 600, Confirm: "Add host", Form: kit.NewForm(
			&kit.Field{Label: "Name", Input: name, Hint: "As you call it; unique in this workspace.", Check: kit.Required(name, "Give the host a name.")},
			&kit.Field{Label: "Address", Input: kit.NewEntry("name or IP address, if it differs")},
			&kit.Field{Label: "Exposure", Input: kit.NewSelect([]string{"internet", "internal", "air-gapped"}, "", "Who can reach it?", nil), Check: func() error { return errors.New("Say who can reach the host: only you know it.") }},
			&kit.Field{Label: "Sudo", Input: kit.NewSegmented([]string{"Automatic", "Never", "Password"}, "Automatic", nil)},
			&kit.Field{Label: "Notes", Input: kit.NewMultiLine("", 2)})})
		kittest.Press(t, w, "Add host")
		shot("kit-form")
		kit.Toast(w, kit.StatusDone, "3 hosts removed", func() {})
		kittest.ShotOf(t, "kit-toast", w, dark)
	}
}
