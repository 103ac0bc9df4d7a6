package ui

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/ui/kit"
)

// Memory keeps a few settings of the window between runs.
type Memory interface {
	Setting(ctx context.Context, key string) (string, error) // "" for none
	SetSetting(ctx context.Context, key, value string) error
}

// The keys of the settings the window keeps.
const (
	settingTheme = "desk.theme"
	settingPage  = "desk.page"
	settingSize  = "desk.size"
)

// Options are what a window is made with.
type Options struct {
	Workspace string           // its name, in the header
	Version   string           // at the foot of the sidebar
	Memory    Memory           // nil: nothing is kept
	Menu      []*fyne.MenuItem // of the workspace: New, Open, Recent; may be empty
	Actions   []Action         // that hold on every page, beside the window's own
}

// A Shell is the desk's window.
type Shell struct {
	ctx     context.Context // of the program: work and loads end with it
	app     fyne.App
	window  fyne.Window
	options Options

	screens []Screen
	built   map[string]fyne.CanvasObject
	mode    kit.Mode
	at      Place
	back    []Place

	sidebar *sidebar
	header  *header
	body    *fyne.Container
	work    *kit.Work
	painted *paintMark
	saves   map[string]*kit.Latest
	saving  sync.Mutex // held while a setting is written
	wanted  sync.Map   // what a setting shall be, by its key
}

// NewShell makes a window without screens. ctx is the program's.
func NewShell(ctx context.Context, a fyne.App, o Options) *Shell {
	s := &Shell{ctx: ctx, app: a, options: o, built: map[string]fyne.CanvasObject{}, saves: map[string]*kit.Latest{}}
	s.mode = kit.Mode(s.remembered(settingTheme))
	a.Settings().SetTheme(kit.NewTheme(s.mode))
	a.SetIcon(kit.AppIcon())
	s.window = a.NewWindow("Second Tuesday")
	s.window.SetPadded(false)
	s.window.SetMaster()
	s.sidebar = newSidebar(o.Version, func(id string) { s.Go(Place{Screen: id}) })
	s.header = newHeader(s)
	s.body = container.New(&bodyLayout{})
	s.work = kit.NewWork(ctx)
	inner := container.NewBorder(s.header.object, s.work, nil, nil, s.body)
	s.work.OnChanged = inner.Refresh // the strip grew or went
	s.painted = newPaintMark()
	layers := kit.NewLayers(container.New(&shellLayout{}, s.sidebar.object, inner, s.painted.object))
	layers.OnShortcut = s.shortcut
	s.window.SetContent(layers)
	s.window.Resize(s.rememberedSize())
	s.window.SetCloseIntercept(s.close)
	s.registerKeys()
	return s
}

// Add puts a screen into the window, below those already there.
func (s *Shell) Add(screens ...Screen) {
	for _, x := range screens {
		s.screens = append(s.screens, x)
		s.sidebar.add(x)
		s.registerScreenKeys(x)
	}
}

// Show opens the window at the page it was left at, else at the first.
func (s *Shell) Show() {
	page := s.remembered(settingPage)
	if s.screen(page) == nil && len(s.screens) > 0 {
		page = s.screens[0].ID()
	}
	s.Go(Place{Screen: page})
	s.window.Show()
}

// Window returns the window, for dialogs.
func (s *Shell) Window() fyne.Window { return s.window }

// Context returns the program's context, for kit.Load and dialogs.
func (s *Shell) Context() context.Context { return s.ctx }

// Start begins long work in the strip at the bottom.
func (s *Shell) Start(j kit.Job) { s.work.Start(j) }

// Working reports how much work is running.
func (s *Shell) Working() int { return s.work.Running() }

// Badge shows a number beside a screen in the sidebar.
func (s *Shell) Badge(screen string, b Badge) { s.sidebar.badge(screen, b) }

// SetWorkspace shows another workspace's name.
func (s *Shell) SetWorkspace(name string) { s.header.workspace.SetText(name) }

// Say shows a toast; undo may be nil.
func (s *Shell) Say(st kit.Status, text string, undo func()) { kit.Toast(s.window, st, text, undo) }

// Here returns the place being shown.
func (s *Shell) Here() Place { return s.at }

// Go shows a place. One that no screen knows is ignored.
func (s *Shell) Go(p Place) {
	x := s.screen(p.Screen)
	if x == nil {
		return
	}
	if !p.Reload && s.at.Screen != "" {
		s.back = append(s.back, s.at)
	}
	o, ok := s.built[p.Screen]
	if !ok {
		o = x.Content()
		s.built[p.Screen] = o
	}
	if p.Screen != s.at.Screen {
		s.body.Objects = []fyne.CanvasObject{o}
		s.body.Refresh()
		s.sidebar.choose(p.Screen)
		s.save(settingPage, p.Screen)
		s.at = p
		s.FocusMain()
	}
	s.at = p
	x.Shown(p)
}

// The wait for a page whose table comes only with what it loads.
const (
	mainEvery = 100 * time.Millisecond
	mainTries = 50
)

// FocusMain gives the keyboard to the table of the page that came up, as soon
// as there is one, unless a person or a dialog has taken it by then.
func (s *Shell) FocusMain() {
	c, screen, tries := s.window.Canvas(), s.at.Screen, 0
	page := s.built[screen]
	c.Unfocus()
	if kit.FocusMain(c, page) {
		return
	}
	kit.Every(s.ctx, mainEvery, func() bool {
		tries++
		free := s.at.Screen == screen && c.Focused() == nil && c.Overlays().Top() == nil
		return free && !kit.FocusMain(c, page) && tries < mainTries
	})
}

// Reload shows the present place again, because something changed.
func (s *Shell) Reload() {
	p := s.at
	p.Reload = true
	s.Go(p)
}

// goBack returns to the place before.
func (s *Shell) goBack() {
	if len(s.back) == 0 {
		return
	}
	p := s.back[len(s.back)-1]
	rest := s.back[:len(s.back)-1]
	s.Go(p)
	s.back = rest
}

func (s *Shell) screen(id string) Screen {
	for _, x := range s.screens {
		if x.ID() == id {
			return x
		}
	}
	return nil
}

// Mode returns whether the window is light, dark or as the desktop says.
func (s *Shell) Mode() kit.Mode { return s.mode }

// SetMode switches between light, dark and what the desktop says.
func (s *Shell) SetMode(m kit.Mode) {
	s.mode = m
	s.app.Settings().SetTheme(kit.NewTheme(m))
	s.save(settingTheme, string(m))
}

func (s *Shell) remembered(key string) string {
	if s.options.Memory == nil {
		return ""
	}
	v, err := s.options.Memory.Setting(s.ctx, key)
	if err != nil {
		return "" // the window then opens as at first; the store's own fault shows on the first page
	}
	return v
}

// save keeps a setting. That it could not be kept is told, but stops nothing.
func (s *Shell) save(key, value string) {
	if s.options.Memory == nil {
		return
	}
	if s.saves[key] == nil {
		s.saves[key] = kit.NewLatest(func(err error) { s.Say(kit.StatusWarning, "Setting was not kept: "+err.Error(), nil) })
	}
	s.wanted.Store(key, value)
	kit.Load(s.ctx, s.saves[key], func(ctx context.Context) (struct{}, error) {
		s.saving.Lock() // two saves end in any order, so each writes the newest
		defer s.saving.Unlock()
		newest, _ := s.wanted.Load(key)
		return struct{}{}, s.options.Memory.SetSetting(ctx, key, newest.(string))
	}, func(struct{}) {})
}

func (s *Shell) rememberedSize() fyne.Size {
	w, h, _ := strings.Cut(s.remembered(settingSize), "x")
	width, err1 := strconv.Atoi(w)
	height, err2 := strconv.Atoi(h)
	if err1 != nil || err2 != nil || width < 800 || height < 500 {
		return fyne.NewSize(1280, 800)
	}
	return fyne.NewSize(float32(width), float32(height))
}

// close asks first while work is running.
func (s *Shell) close() {
	if n := s.work.Running(); n > 0 {
		kit.ShowDialog(s.ctx, s.window, kit.Dialog{Title: "Close while work is running?", Sign: kit.StatusRunning,
			Text:    kit.Count(n, "piece of work is", "pieces of work are") + " running and will be cancelled. Jobs that already run on hosts go on there by themselves; they are looked up when the desk opens again.",
			Confirm: "Close", Danger: true, Cancel: "Stay", OnDone: s.reallyClose})
		return
	}
	s.reallyClose()
}

func (s *Shell) reallyClose() {
	if s.options.Memory != nil {
		size := s.window.Canvas().Size()
		// The window is going: there is nobody left to tell of an error.
		_ = s.options.Memory.SetSetting(s.ctx, settingSize, strconv.Itoa(int(size.Width))+"x"+strconv.Itoa(int(size.Height)))
	}
	s.work.CancelAll()
	s.window.Close()
}

// bodyLayout gives a page all the room there is, and lets no page make the
// window larger than the person has made it.
type bodyLayout struct{}

// MinSize implements fyne.Layout.
func (*bodyLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(640, 360) }

// Layout implements fyne.Layout.
func (*bodyLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	for _, x := range o {
		x.Move(fyne.NewPos(0, 0))
		x.Resize(size)
	}
}

// shellLayout sets the sidebar beside the rest.
type shellLayout struct{}

// MinSize implements fyne.Layout.
func (*shellLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(sidebarWidth+b.Width, max(a.Height, b.Height))
}

// Layout implements fyne.Layout.
func (*shellLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(fyne.NewSize(sidebarWidth, size.Height))
	o[1].Move(fyne.NewPos(sidebarWidth, 0))
	o[1].Resize(fyne.NewSize(size.Width-sidebarWidth, size.Height))
	o[2].Resize(fyne.NewSize(1, 1))
}
