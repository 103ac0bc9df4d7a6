package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// LogRows is how many of a log's newest lines are kept on the screen.
const LogRows = 2000

// A Log shows lines as they come, in the monospaced font, and follows the newest.
type Log struct {
	widget.BaseWidget
	grid  *widget.TextGrid
	style map[Status]*widget.CustomTextGridStyle
}

// NewLog returns an empty log.
func NewLog() *Log {
	l := &Log{grid: widget.NewTextGrid(), style: map[Status]*widget.CustomTextGridStyle{}}
	l.grid.Scroll = fyne.ScrollBoth
	l.ExtendBaseWidget(l)
	return l
}

// Append adds lines, in a status's colour unless it is StatusNone.
func (l *Log) Append(s Status, lines ...string) {
	rows := l.grid.Rows[:l.Len()]
	for _, line := range lines {
		rows = append(rows, l.row(line, s))
	}
	if n := len(rows); n > LogRows {
		rows = append([]widget.TextGridRow(nil), rows[n-LogRows:]...)
	}
	l.grid.Rows = append(rows, widget.TextGridRow{}) // the scroll bar lies on this one
	l.grid.Refresh()
	l.grid.ScrollToBottom()
}

func (l *Log) row(line string, s Status) widget.TextGridRow {
	letters := []rune(line)
	row := widget.TextGridRow{Cells: make([]widget.TextGridCell, 0, len(letters))}
	for _, r := range letters {
		if r == '\t' {
			r = ' '
		}
		row.Cells = append(row.Cells, widget.TextGridCell{Rune: r})
	}
	if s != StatusNone {
		if l.style[s] == nil {
			l.style[s] = &widget.CustomTextGridStyle{}
		}
		l.style[s].FGColor = Color(s.Color())
		row.Style = l.style[s]
	}
	return row
}

// Clear removes all lines.
func (l *Log) Clear() {
	l.grid.Rows = nil
	l.grid.Refresh()
}

// Len returns how many lines are kept.
func (l *Log) Len() int { return max(0, len(l.grid.Rows)-1) }

// Text returns the lines kept.
func (l *Log) Text() string { return strings.TrimSuffix(l.grid.Text(), "\n") }

// CreateRenderer implements fyne.Widget.
func (l *Log) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(NewFill(ColorSurface, 6), Pad(l.grid, 6, 6, 8, 8)))
}

// Refresh implements fyne.CanvasObject: the colours follow the theme.
func (l *Log) Refresh() {
	for s, style := range l.style {
		style.FGColor = Color(s.Color())
	}
	l.BaseWidget.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (l *Log) MinSize() fyne.Size {
	return fyne.NewSize(160, 4*theme.Size(theme.SizeNameText)*1.5)
}
