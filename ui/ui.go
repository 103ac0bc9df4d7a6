// Package ui is the window: sidebar, header, command palette, shortcuts, and
// the strip of running work. Screens plug into it and live in a folder each;
// they never import one another, but ask the Shell to go elsewhere.
//
// It knows nothing about patching beyond the names of places.
package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// The IDs of the screens, in the order of the sidebar.
const (
	Today      = "today"
	Hosts      = "hosts"
	Updates    = "updates"
	Calendar   = "calendar"
	Rollouts   = "rollouts"
	Compliance = "compliance"
	Standard   = "standard"
	Activity   = "activity"
	Settings   = "settings"
)

// A Screen is one page of the window. All its methods are called on the UI
// goroutine.
type Screen interface {
	ID() string    // one of the constants above
	Title() string // in the sidebar
	Icon() string  // a file of assets/icons
	// Content builds what is shown; it is called once, before the first Shown.
	Content() fyne.CanvasObject
	// Shown is called every time the screen comes up, and for a reload, with
	// what is to be shown. It must return at once: see kit.Load.
	Shown(Place)
	// Actions are what can be done here, for shortcuts, palette and help.
	Actions() []Action
}

// A Searcher is a screen with a search bar, for Ctrl+F.
type Searcher interface{ FocusSearch() }

// A Finder is a screen whose things the palette can open: a host by its name.
// It must answer at once, from what it has loaded.
type Finder interface {
	Find(query string, most int) []Action
}

// A Place is a screen and what to show there. Only what is set is asked for.
type Place struct {
	Screen     string
	Host       data.HostID
	Hosts      []data.HostID // several, such as those to plan for
	Group      data.GroupID
	Plan       data.PlanID
	Rollout    data.RolloutID
	Window     data.WindowID
	Update     string   // data.Update.Key
	Updates    []string // several keys, such as those to plan
	Compliance data.Compliance
	Severity   data.Severity
	Day        time.Time
	Search     string // text for the search bar
	Scan       bool   // ask Hosts at once, with the dialogs that host keys and logins need
	Edit       bool   // open the form of Hosts
	Credential bool   // ask for a credential of Hosts
	New        bool   // begin a new one: a plan, a window
	Reboot     bool   // plan a reboot of Hosts, and no updates
	Reload     bool   // the same place again, because something changed
}

// An Action is something a person can do.
type Action struct {
	Title    string // a verb first: "Scan selected hosts"
	Hint     string // one sentence for the help sheet; may be empty
	Icon     string // may be empty
	Key      fyne.KeyName
	Modifier fyne.KeyModifier
	Do       func()
	Enabled  func() bool // nil: always
}

// Label returns the action's title.
func (a Action) Label() string { return a.Title }

func (a Action) enabled() bool { return a.Enabled == nil || a.Enabled() }

// run does the action if it can be done now.
func (a Action) run() bool {
	if a.Do == nil || !a.enabled() {
		return false
	}
	a.Do()
	return true
}

// Ctrl is the modifier of shortcuts: Control, Command on macOS.
const Ctrl = fyne.KeyModifierShortcutDefault

// Badge is a number beside a screen in the sidebar. Zero is not shown.
type Badge struct {
	Count  int
	Status kit.Status // colours the number; StatusNone is neutral
}
