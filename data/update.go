package data

import (
	"regexp"
	"time"
)

// Class is the vendor's reason for publishing an update.
type Class string

// The classes. ClassUnknown is what a source does not say: it is judged like security.
const (
	ClassUnknown Class = ""
	Security     Class = "security"
	BugFix       Class = "bug fix"
	Feature      Class = "feature"
	Driver       Class = "driver"
	Definition   Class = "definition"
	Optional     Class = "optional" // previews, and what is offered only to those who look for it: Windows
)

// Severity is the vendor's own word, folded to one scale.
type Severity string

// The severities.
const (
	SeverityUnknown Severity = ""
	Low             Severity = "low"
	Medium          Severity = "medium" // Red Hat and Microsoft say moderate
	High            Severity = "high"   // Red Hat and Microsoft say important
	Critical        Severity = "critical"
)

// The classes and severities in the order screens offer them.
var (
	Classes    = []Class{Security, BugFix, Feature, Driver, Definition, Optional, ClassUnknown}
	Severities = []Severity{Critical, High, Medium, Low, SeverityUnknown}
)

// Rank orders severities: 0 unknown, 1 low … 4 critical.
func (s Severity) Rank() int {
	switch s {
	case Low:
		return 1
	case Medium:
		return 2
	case High:
		return 3
	case Critical:
		return 4
	}
	return 0
}

// Hold is why a host would not take an update in an ordinary upgrade.
type Hold string

// The holds.
const (
	NotHeld  Hold = ""
	Held     Hold = "held"      // by an admin: apt-mark hold, versionlock, zypper lock, IgnorePkg
	Phased   Hold = "phased"    // by the vendor: not this host's turn yet
	KeptBack Hold = "kept back" // needs packages added or removed

	// WaitsForReboot means that it is installed already, and not in force before
	// the next reboot: Windows. It is missing no more, and cannot go in again.
	WaitsForReboot Hold = "waiting for a reboot"
)

// An Update is a newer version of something installed on a host, as the
// host's own update system offers it.
type Update struct {
	Name       string // package name, or KB number on Windows
	Arch       string // as the platform writes it; empty where it has none
	Installed  string // version present on the host
	Available  string // version offered; on Windows UpdateID and revision
	Title      string // only where the name says little: Windows
	Origin     string // repository or suite, such as "Debian-Security:12/oldstable-security"
	Class      Class
	Severity   Severity
	Hold       Hold
	Advisories []string  // vendor's IDs, such as "DSA-5532-1" or "RHSA-2026:1234"; sorted
	CVEs       []string  // sorted
	Replaces   string    // name of the installed package that this one obsoletes; empty: its own
	Released   time.Time // zero: the source does not say
	Size       int64     // bytes to download; 0: not known
}

// Label names the update for people: "KB5044281 · 2024-10 Cumulative Update …"
// where the name alone says little.
func (u Update) Label() string { return label(u.Key(), u.Title) }

func label(key, title string) string {
	if title == "" || title == key {
		return key
	}
	return key + " · " + title
}

// updateID: "fe6a7fbf-3500-41cd-811c-6a7fbf350011.200", as Windows Update names
// one revision of an update.
var updateID = regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.([0-9]+)$`)

// VersionText is a version for people to read: of Windows Update's names the
// revision. Only the whole version says exactly which it is.
func VersionText(version string) string {
	if m := updateID.FindStringSubmatch(version); m != nil {
		return "revision " + m[1]
	}
	return version
}

// Key names an update on a host whatever its version: "name" or "name:arch".
func (u Update) Key() string { return Key(u.Name, u.Arch) }

// Key joins a package's name and architecture.
func Key(name, arch string) string {
	if arch == "" {
		return name
	}
	return name + ":" + arch
}

// State is where an update stands on a host.
type State string

// The states.
const (
	StateUnknown       State = ""
	StateMissing       State = "missing"
	StateInstalling    State = "installing"
	StatePendingReboot State = "pending reboot"
	StateInstalled     State = "installed"
	StateFailed        State = "failed"
	StateRolledBack    State = "rolled back"
)

// A Missing is an update that a host lacks, with its history there. It is one
// episode: from the scan that first offered the update until a scan that
// proves it is in (or no longer offered).
type Missing struct {
	Host      HostID
	Update    Update
	FirstSeen time.Time // the scan that first offered this package an update
	Since     time.Time // the scan that first offered it in its present class and severity; starts the clock
	LastSeen  time.Time
}
