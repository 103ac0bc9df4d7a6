package hosts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// A rawLine is one line of what a host printed.
type rawLine struct {
	n    int
	text string
}

// showEvidence shows what a host printed in a scan, as it printed it.
func (x *Screen) showEvidence(h data.Host, s data.Scan) {
	kit.Load(x.shell.Context(), kit.NewLatest(func(err error) { kit.ShowError(x.shell.Context(), x.shell.Window(), err) }),
		func(ctx context.Context) ([]data.Evidence, error) { return x.tools.Desk.DB.Evidence(ctx, s.ID) },
		func(all []data.Evidence) { x.evidence(h, s, all) })
}

func (x *Screen) evidence(h data.Host, s data.Scan, all []data.Evidence) {
	grid := kit.NewGrid(
		kit.Column[rawLine]{ID: "n", Title: "Line", Width: 56, Align: fyne.TextAlignTrailing, Muted: true, Text: func(l rawLine) string { return fmt.Sprint(l.n) }},
		kit.Column[rawLine]{ID: "text", Title: "Output", Width: 560, Grow: true, Mono: true, Text: func(l rawLine) string { return l.text }},
	)
	grid.Noun, grid.Nouns = "line", "lines"
	names := make([]string, len(all))
	for i, e := range all {
		names[i] = fmt.Sprintf("%d. %s", i+1, e.Name)
	}
	cut := kit.NewCaption("")
	choose := func(name string) {
		for i := range names {
			if names[i] == name {
				grid.SetRows(rawLines(all[i].Output))
				cut.SetText("")
				if all[i].Cut {
					cut.SetText("The output was longer and was cut.")
				}
			}
		}
	}
	grid.SetEmpty(kit.NewEmptyState("terminal-2", "Nothing was printed", "The command ended without a word.", nil))
	var first string
	if len(names) > 0 {
		first = names[0]
	}
	pick := kit.NewSelect(names, first, "", choose)
	choose(first)
	top := container.NewGridWithColumns(2, pick, grid.NewSearch("Find in the output"))
	foot := kit.HBox(12, grid.Footer(), cut)
	content := container.New(&fixed{fyne.NewSize(680, 400)}, container.NewBorder(kit.Pad(top, 0, 8, 0, 0), kit.Pad(foot, 6, 0, 0, 0), nil, nil, kit.NewSurface(grid)))
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "What " + h.Name + " printed", Width: 720,
		Text: "At the scan of " + kit.DateTime(s.At) + ", every word of it. Ctrl+C copies the selected lines.", Content: content})
}

// rawLines splits output into lines without their ends. JSON, which Windows
// hosts answer in one line, is laid out so that it can be read.
func rawLines(out string) []rawLine {
	var laidOut bytes.Buffer
	if strings.HasPrefix(out, "{") && json.Indent(&laidOut, []byte(out), "", "  ") == nil {
		out = laidOut.String()
	}
	if out == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	rows := make([]rawLine, len(lines))
	for i, l := range lines {
		rows[i] = rawLine{n: i + 1, text: strings.ReplaceAll(strings.TrimSuffix(l, "\r"), "\t", "    ")}
	}
	return rows
}

// fixed gives its only object a size of its own.
type fixed struct{ size fyne.Size }

// MinSize implements fyne.Layout.
func (f *fixed) MinSize([]fyne.CanvasObject) fyne.Size { return f.size }

// Layout implements fyne.Layout.
func (f *fixed) Layout(o []fyne.CanvasObject, size fyne.Size) {
	for _, x := range o {
		x.Resize(size)
		x.Move(fyne.Position{})
	}
}
