package data

import "time"

// A Scan is what one host said about itself at one moment. An empty Updates
// means the host asked its sources and none was offered; whether the answer
// can be believed is for Trusted.
type Scan struct {
	ID      ScanID
	Host    HostID
	At      time.Time // desk's clock when the answer was complete
	HostNow time.Time // host's clock at that moment; zero: not told

	Platform Platform
	OS       OS
	Kernel   Kernel
	BootID   string    // changes with every boot
	BootedAt time.Time // zero: not told

	Reboot       []RebootReason // empty with RebootKnown: none is pending
	RebootKnown  bool
	Restart      []string  // services that still run old libraries, sorted
	RestartKnown bool      // false where the host has no means to tell, or the session no right
	Source       string    // where the host gets its updates by its policy: "Microsoft", "WSUS http://…"; empty: not told (only Windows tells)
	MetadataAt   time.Time // when the host last fetched its sources' lists; zero: not known
	Root         bool      // the session had root
	Installed    []Package
	Updates      []Update
	Problems     []Problem
	Evidence     []Evidence
}

// Trusted reports whether the scan may prove that updates are not missing: no
// problem that makes it incomplete or contradictory.
func (s Scan) Trusted() bool {
	for _, p := range s.Problems {
		if p.Untrusted {
			return false
		}
	}
	return true
}

// OS is what a host's os-release says.
type OS struct {
	ID        string    // "debian", "almalinux"
	Version   string    // "12", "9.4"
	Name      string    // "Debian GNU/Linux 12 (bookworm)"
	Codename  string    // "bookworm"
	EndOfLife time.Time // security support ends; zero: not known to this program
}

// Kernel is the running kernel beside the newest installed one. Installed is
// empty where the host (a container, say) has no kernel package.
type Kernel struct {
	Running   string
	Installed string
}

// A RebootReason is one cause of a pending reboot, such as
// {"kernel", "6.1.0-18 is installed, 6.1.0-17 runs"}.
type RebootReason struct {
	Source string // "reboot-required", "kernel", "needs-restarting", "zypper", …
	Detail string
}

// A Package is something installed.
type Package struct {
	Name, Arch, Version string

	// Broken means that the package manager left it half done: unpacked and
	// not configured, say. It proves nothing to be in.
	Broken bool `json:",omitempty"`

	// Waits means that it is installed and comes into force with the next
	// reboot: Windows.
	Waits bool `json:",omitempty"`
}

// A Problem is something wrong with a host or with what it said.
type Problem struct {
	Kind      ProblemKind
	Detail    string // the host's own words, cut to a few lines
	Untrusted bool   // the scan proves nothing while this stands
}

// ProblemKind names a problem.
type ProblemKind string

// The kinds of problems a scan can find.
const (
	SourceUnreachable ProblemKind = "source unreachable" // a repository did not answer
	SourceExpired     ProblemKind = "source expired"     // Release past Valid-Until, clock wrong, bad signature
	MetadataMissing   ProblemKind = "metadata missing"   // lists were never fetched
	PackagesBroken    ProblemKind = "packages broken"    // dpkg interrupted, unmet dependencies
	PlatformBusy      ProblemKind = "platform busy"      // another package manager holds the lock
	DiskFull          ProblemKind = "disk full"
	ClockSkew         ProblemKind = "clock skew"
	NoPrivilege       ProblemKind = "no privilege" // part of the scan needs root
	Contradiction     ProblemKind = "contradiction"
	EndOfLifeOS       ProblemKind = "end of life"
)

// Evidence is raw output as the host gave it, cut at a stated size.
type Evidence struct {
	Name   string // what was asked, such as "apt-get -s dist-upgrade"
	Output string
	Cut    bool // Output was longer
}
