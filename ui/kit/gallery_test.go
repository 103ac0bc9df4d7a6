package kit_test

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

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
		chips.Add(kit.NewChip(s, "", 17, nil))
	}
	bar := container.NewBorder(nil, nil, nil, kit.HBox(8, kit.NewSelect([]string{"All groups", "web", "database"}, "All groups", "", nil)), g.NewSearch("Find a host, or os:debian state:overdue"))
	body := container.NewBorder(kit.VBox(8, bar, kit.Pad(chips, 0, 8, 0, 0)), kit.Pad(g.Footer(), 6, 0, 2, 0), nil, nil, g)
	return g, kit.NewPage("Hosts", "12 need you before Friday", body, kit.NewButton("Import…", "file-import", nil), kit.NewButton("Add host…", "plus", nil), kit.NewPrimary("Scan now", "scan", nil))
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
	}
}
