// Package activity is the screen of the audit trail: who changed what, when
// and why, newest first, and whether the trail is intact. It changes nothing.
package activity

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// newest is how many entries are read at first; older ones on demand.
const newest = 5000

// A Screen shows the audit trail.
type Screen struct {
	shell  *ui.Shell
	tools  *ui.Tools
	page   *kit.Page
	search *kit.SearchBar
	grid   *kit.Grid[data.AuditEntry]
	verify *kit.Button
	older  *kit.Button
	loads  *kit.Latest
	rows   []data.AuditEntry
}

// New returns the screen.
func New(s *ui.Shell, t *ui.Tools) *Screen { return &Screen{shell: s, tools: t} }

// ID implements ui.Screen.
func (*Screen) ID() string { return ui.Activity }

// Title implements ui.Screen.
func (*Screen) Title() string { return "Activity" }

// Icon implements ui.Screen.
func (*Screen) Icon() string { return "history" }

// Content implements ui.Screen.
func (x *Screen) Content() fyne.CanvasObject {
	x.grid = kit.NewGrid(columns...)
	x.grid.SortBy("id", true)
	x.grid.OnOpen = x.open
	x.grid.Noun, x.grid.Nouns = "entry", "entries"
	x.grid.Key = func(e data.AuditEntry) any { return e.ID }
	x.grid.SetEmpty(kit.NewEmptyState("history", "Nothing has happened yet", "Every change made here, and every job on a host, is listed with who, when and why.", nil))
	x.search = x.grid.NewSearch("Find: a host, a person, a reason")
	x.verify = kit.NewPrimary("Verify", "shield-check", x.check)
	x.older = kit.NewButton("Show older", "history", func() { x.load(0) })
	x.older.Hide()
	foot := container.NewBorder(nil, nil, x.grid.Footer(), x.older)
	content := container.NewBorder(kit.Pad(x.search, 0, 8, 0, 0), kit.Pad(foot, 8, 0, 0, 0), nil, nil, kit.NewSurface(x.grid))
	x.page = kit.NewPage("Activity", "Who changed what, when and why", content, x.verify)
	x.loads = kit.NewLatest(x.page.Fail)
	return x.page
}

// Shown implements ui.Screen.
func (x *Screen) Shown(p ui.Place) {
	if p.Search != "" {
		x.search.SetText(p.Search)
	}
	x.load(newest)
}

// FocusSearch implements ui.Searcher.
func (x *Screen) FocusSearch() { x.search.Focus() }

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	return []ui.Action{
		{Title: "Verify the audit trail", Hint: "Reads every entry and says whether one was edited, removed or put in between.", Icon: "shield-check", Do: x.check},
		{Title: "Show all of the audit trail", Icon: "history", Do: func() { x.load(0) }},
	}
}

// load reads up to most entries; 0 means all.
func (x *Screen) load(most int) {
	kit.Load(x.shell.Context(), x.loads, func(ctx context.Context) ([]data.AuditEntry, error) {
		return x.tools.Desk.DB.Audit(ctx, most, 0)
	}, func(rows []data.AuditEntry) {
		x.rows = rows
		x.grid.SetRows(rows)
		if most > 0 && len(rows) == most {
			x.older.Show()
		} else {
			x.older.Hide()
		}
	})
}

// check verifies the chain and says what it proves and what it cannot.
func (x *Screen) check() {
	x.shell.Start(kit.Job{Title: "Verify the audit trail", Do: func(ctx context.Context, _ func(kit.Progress)) (string, error) {
		report, err := x.tools.Desk.VerifyAudit(ctx)
		if err == nil {
			err = report.Err()
		}
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("intact: %s, newest hash %s", kit.Count(report.Entries, "entry", "entries"), shortHash(report.Head)), nil
	}, Then: func(err error) {
		if err != nil {
			x.page.Fail(err)
		}
	}})
}

func shortHash(h string) string {
	if len(h) > 12 {
		return h[:12] + "…"
	}
	return h
}

// open shows all of an entry.
func (x *Screen) open(e data.AuditEntry) {
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{
		Title: fmt.Sprintf("Audit entry %d", e.ID), Text: e.Verb + ": " + e.What,
		Content: details(e), Cancel: "Close", Width: 640,
	})
}

func details(e data.AuditEntry) fyne.CanvasObject {
	lines := []fyne.CanvasObject{
		fact("When", kit.Exact(e.At)), fact("By", e.By),
	}
	why, outcome := app.WhyAndOutcome(e)
	if why != "" {
		lines = append(lines, fact("Why", why))
	}
	if outcome != "" {
		lines = append(lines, fact("Outcome", outcome))
	}
	lines = append(lines, fact("Hash", e.Hash), fact("Before it", orNone(e.Prev)))
	if e.Data != "" {
		log := kit.NewLog()
		log.Append(kit.StatusNone, strings.Split(indent(e.Data), "\n")...)
		lines = append(lines, kit.Pad(kit.NewMuted("What changed"), 8, 0, 0, 0), container.NewGridWrap(fyne.NewSize(600, 260), log))
	}
	return kit.VBox(4, lines...)
}

func orNone(s string) string {
	if s == "" {
		return "none: it is the first"
	}
	return s
}

func fact(name, value string) fyne.CanvasObject {
	return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(90, 22), kit.NewMuted(name)), nil, kit.NewSelectable(value))
}

// indent makes JSON readable; what is not JSON stays as it is.
func indent(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "  ") != nil {
		return s
	}
	return b.String()
}

var columns = []kit.Column[data.AuditEntry]{
	{ID: "id", Title: "No.", Width: 70, Align: fyne.TextAlignTrailing, Text: func(e data.AuditEntry) string { return kit.Number(int(e.ID)) },
		Compare: func(a, b data.AuditEntry) int { return int(a.ID - b.ID) }},
	{ID: "when", Title: "When", Width: 174, Text: func(e data.AuditEntry) string { return kit.DateTime(e.At) },
		Compare: func(a, b data.AuditEntry) int { return a.At.Compare(b.At) }},
	{ID: "by", Title: "By", Width: 130, Text: func(e data.AuditEntry) string { return e.By }},
	{ID: "verb", Title: "What happened", Width: 160, Text: func(e data.AuditEntry) string { return e.Verb }},
	{ID: "what", Title: "To what", Width: 260, Grow: true, Text: func(e data.AuditEntry) string { return e.What }},
	{ID: "why", Title: "Why", Width: 160, Grow: true, Text: func(e data.AuditEntry) string { why, _ := app.WhyAndOutcome(e); return why }},
	{ID: "outcome", Title: "What came of it", Width: 160, Grow: true, Text: func(e data.AuditEntry) string { _, outcome := app.WhyAndOutcome(e); return outcome }},
}
