package desk

import (
	"bytes"
	"io"
	"slices"
	"sync"
)

// harmless is what Fyne logs although nothing is wrong. Each says why that is so.
var harmless = [][]byte{
	// There is no session bus or no settings portal, as over ssh -X: the window
	// keeps the colours that it began with.
	[]byte("Fyne error:  failed to watch theme settings"),
	// Two desks began at the same moment. Nothing is kept in Fyne's preferences:
	// the window's settings are in the workspace.
	[]byte("Fyne error:  Preferences load error:"),
}

// Quiet returns a writer for the log that leaves out what is harmless, and
// passes on all else. Fyne writes an error as three lines, one Write each:
//
//	2026/11/23 03:27:05 Fyne error:  failed to watch theme settings
//	2026/11/23 03:27:05   Cause: exec: "dbus-launch": executable file not found in $PATH
//	2026/11/23 03:27:05   At: …/app/app_xdg.go:152
func Quiet(to io.Writer) io.Writer { return &quiet{to: to} }

type quiet struct {
	sync.Mutex
	to   io.Writer
	rest bool // lines of what was left out may follow
}

// Write implements io.Writer.
func (q *quiet) Write(line []byte) (int, error) {
	q.Lock()
	defer q.Unlock()
	if q.rest && (bytes.Contains(line, []byte("   Cause: ")) || bytes.Contains(line, []byte("   At: "))) {
		return len(line), nil
	}
	q.rest = slices.ContainsFunc(harmless, func(h []byte) bool { return bytes.Contains(line, h) })
	if q.rest {
		return len(line), nil
	}
	return q.to.Write(line)
}
