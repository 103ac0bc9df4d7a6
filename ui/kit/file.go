package kit

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// A FileChoice is what a person looks for among files.
type FileChoice struct {
	Title    string
	Dir      string            // where to begin; empty or not there: the user's folder
	Folder   bool              // a folder is chosen, not a file
	OnChosen func(path string) // called on the UI goroutine
}

// A fileRow is one entry of a folder.
type fileRow struct {
	name string
	dir  bool
	size int64
	at   time.Time
}

// A fileList is the folder being shown.
type fileList struct {
	dir  string
	rows []fileRow
}

// ChooseFile lets a person find a file or folder. Enter opens a folder or
// chooses a file; letters find as one types.
func ChooseFile(ctx context.Context, w fyne.Window, c FileChoice) *Modal {
	g := NewGrid(
		Column[fileRow]{ID: "name", Title: "Name", Width: 260, Grow: true, Text: fileName, Compare: compareFiles},
		Column[fileRow]{ID: "size", Title: "Size", Width: 90, Align: fyne.TextAlignTrailing, Text: fileSize, Compare: func(a, b fileRow) int { return cmp.Compare(a.size, b.size) }},
		Column[fileRow]{ID: "at", Title: "Changed", Width: 174, Text: func(f fileRow) string { return DateTime(f.at) }, Compare: func(a, b fileRow) int { return a.at.Compare(b.at) }},
	)
	g.Noun, g.Nouns = "entry", "entries"
	g.SortBy("name", false)
	g.SetEmpty(NewEmptyState("folder-open", "The folder is empty", "Go up, or look elsewhere.", nil))
	path := NewMono("").Cut()
	var m *Modal
	var at string
	var loads *Latest
	enter := func(dir string) {
		Load(ctx, loads, func(context.Context) (fileList, error) { return readFolder(dir) }, func(l fileList) {
			at = l.dir
			path.SetText(l.dir)
			g.bar.SetText("")
			g.SetRows(l.rows)
			g.GoTo(0)
		})
	}
	chosen := ""
	choose := func(f fileRow) {
		if f.dir {
			enter(filepath.Join(at, f.name))
			return
		}
		chosen = filepath.Join(at, f.name)
		m.Press()
	}
	g.OnOpen = choose
	up := NewQuiet("", "arrow-up", func() { enter(filepath.Dir(at)) }).WithTip("Folder above")
	search := g.NewSearch("Find in this folder")
	content := container.NewGridWrap(fyne.NewSize(600, 360), container.NewBorder(VBox(8, container.NewBorder(nil, nil, up, nil, path), Pad(search, 0, 8, 0, 0)), nil, nil, nil, NewSurface(g)))
	m = ShowDialog(ctx, w, Dialog{Title: c.Title, Width: 640, Content: content, Confirm: "Choose",
		OnConfirm: func() error {
			f, ok := g.Current()
			switch {
			case c.Folder:
				chosen = at
			case chosen == "" && (!ok || f.dir):
				return errNoFile
			case chosen == "":
				chosen = filepath.Join(at, f.name)
			}
			return nil
		},
		OnDone: func() { c.OnChosen(chosen) }})
	loads = NewLatest(m.Fail)
	enter(c.start())
	w.Canvas().Focus(g)
	return m
}

var errNoFile = wordError("Choose a file, or open a folder with Enter.")

// wordError is an error that is a sentence already.
type wordError string

func (e wordError) Error() string { return string(e) }

func (c FileChoice) start() string {
	if info, err := os.Stat(c.Dir); c.Dir != "" && err == nil && info.IsDir() {
		return c.Dir
	}
	if home, err := os.UserHomeDir(); err == nil {
		return home
	}
	return string(filepath.Separator)
}

// readFolder lists a folder. What cannot be looked at has no size and no time.
func readFolder(dir string) (fileList, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fileList{}, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fileList{}, err
	}
	l := fileList{dir: dir, rows: make([]fileRow, 0, len(entries))}
	for _, e := range entries {
		f := fileRow{name: e.Name()}
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil { // follows links
			f.dir, f.size, f.at = info.IsDir(), info.Size(), info.ModTime()
		}
		l.rows = append(l.rows, f)
	}
	return l, nil
}

func fileName(f fileRow) string {
	if f.dir {
		return f.name + string(filepath.Separator)
	}
	return f.name
}

func fileSize(f fileRow) string {
	if f.dir {
		return ""
	}
	return Bytes(f.size)
}

// compareFiles puts folders before files, and hidden ones last.
func compareFiles(a, b fileRow) int {
	key := func(f fileRow) int {
		n := 0
		if !f.dir {
			n++
		}
		if strings.HasPrefix(f.name, ".") {
			n += 2
		}
		return n
	}
	return cmp.Or(key(a)-key(b), Natural(a.name, b.name))
}
