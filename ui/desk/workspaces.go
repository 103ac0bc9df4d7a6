package desk

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app/explain"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// Workspaces is how the desk goes from one workspace to another.
type Workspaces struct {
	Recent []string // paths, the newest first
	// Probe says whether a workspace can be opened, or made.
	Probe func(ctx context.Context, path string, create bool) error
	// Open opens a workspace in a window of its own.
	Open func(path string) error
}

// menu is what stands under the workspace's name.
func (w Workspaces) menu(s func() *ui.Shell) []*fyne.MenuItem {
	items := []*fyne.MenuItem{
		fyne.NewMenuItem("New workspace…", func() { w.make(s()) }),
		fyne.NewMenuItem("Open workspace…", func() { w.choose(s()) }),
	}
	if len(w.Recent) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	for _, path := range w.Recent {
		items = append(items, fyne.NewMenuItem(filepath.Base(path)+"  ·  "+filepath.Dir(path), func() { w.openIn(s(), path) }))
	}
	return items
}

// actions are the same for the palette.
func (w Workspaces) actions(s func() *ui.Shell) []ui.Action {
	return []ui.Action{
		{Title: "New workspace", Icon: "folder-plus", Do: func() { w.make(s()) }},
		{Title: "Open workspace", Icon: "folder-open", Key: fyne.KeyO, Modifier: ui.Ctrl, Do: func() { w.choose(s()) }},
	}
}

func (w Workspaces) choose(s *ui.Shell) {
	dir := ""
	if len(w.Recent) > 0 {
		dir = filepath.Dir(w.Recent[0])
	}
	kit.ChooseFile(s.Context(), s.Window(), kit.FileChoice{Title: "Open a workspace", Dir: dir, OnChosen: func(path string) { w.openIn(s, path) }})
}

func (w Workspaces) openIn(s *ui.Shell, path string) {
	w.open(s.Context(), s.Window(), path, func() { s.Say(kit.StatusNone, filepath.Base(path)+" opens in a window of its own", nil) })
}

// open opens a workspace beside this one, once it has been seen to be sound.
func (w Workspaces) open(ctx context.Context, window fyne.Window, path string, then func()) {
	fail := kit.NewLatest(func(err error) { kit.ShowError(ctx, window, err) })
	kit.Load(ctx, fail, func(ctx context.Context) (struct{}, error) {
		if err := w.Probe(ctx, path, false); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, w.Open(path)
	}, func(struct{}) { then() })
}

func (w Workspaces) make(s *ui.Shell) {
	path := kit.NewEntry("/home/anna/client.db")
	file := ""
	kit.ShowDialog(s.Context(), s.Window(), kit.Dialog{
		Title: "New workspace", Text: "One file holds all of a shop: hosts, standard, windows, plans, evidence and the audit trail. A consultant has one for each client.",
		Form: kit.NewForm(&kit.Field{Label: "File", Input: path, Check: func() error {
			if !filepath.IsAbs(path.Trimmed()) || strings.HasSuffix(path.Trimmed(), string(filepath.Separator)) {
				return errors.New("Name a file with its whole path.")
			}
			return nil
		}}),
		Confirm:   "Make",
		OnConfirm: func() error { file = path.Trimmed(); return nil },
		Work: func(ctx context.Context) error {
			if err := w.Probe(ctx, file, true); err != nil {
				return err
			}
			return w.Open(file)
		},
	})
}

// ShowFailure is the window of a desk that could not open its workspace.
func ShowFailure(ctx context.Context, a fyne.App, err error, w Workspaces) {
	a.Settings().SetTheme(kit.NewTheme(kit.ModeSystem))
	window := a.NewWindow("Second Tuesday")
	window.SetMaster()
	words := explain.Of(err)
	choose := kit.NewPrimary("Open another workspace…", "folder-open", func() {
		kit.ChooseFile(ctx, window, kit.FileChoice{Title: "Open a workspace", OnChosen: func(path string) { w.open(ctx, window, path, window.Close) }})
	})
	state := kit.NewEmptyState("database", words.Title, words.Sentence+" "+words.Next, choose)
	window.SetContent(kit.NewLayers(container.NewCenter(state)))
	window.Resize(fyne.NewSize(760, 480))
	window.Show()
}
