// Package windows is a make-believe Windows: what Windows Update, the registry,
// the task scheduler, CIM and shutdown.exe say and do, as one state in a folder
// that several processes share. Real PowerShell scripts run against it unchanged
// in pwsh (World.Exec), behind a prelude whose functions and look-alike COM
// objects ask the World; Go callers use the same rules through World's methods.
//
// Behind a WS-Management endpoint it is one line:
//
//	Exec: func(ctx context.Context, c *wsman.Call) int { return w.Exec(ctx, c.User, c.Line, c.Stdin, c.Stdout, c.Stderr) }
//
// What it does not play: paths that begin with C:, searches and installations
// with callbacks (BeginSearch …), [DateTime]::UtcNow of a clock that is off
// (Get-Date and CIM do), 5.1's own encodings, and .NET's own words for a full
// disk. COM collections cannot be indexed by [i] on Windows; here [0] gives the
// collection, as PowerShell does with any single object. A COM property that
// fails gives $null, as PowerShell 5.1 does; a method throws.
//
// It is written from Microsoft's documentation and from what others saw, never
// from this program's own scripts, which it exists to test: it must not import
// them. No real Windows has been beside it.
package windows

import (
	"time"
)

// An HRESULT is a COM result code; PowerShell shows it as a signed int.
type HRESULT uint32

// A State is all that a make-believe Windows remembers. Times are UTC.
type State struct {
	Name     string // of the computer, in capitals
	Domain   string `json:",omitempty"` // empty: a workgroup
	Language string // "en-US", "de-DE": of the names of categories and of messages

	Product        string // "Windows Server 2022 Standard"
	Edition        string // EditionID: "ServerStandard"
	Install        string // InstallationType: "Server" or "Server Core"
	DisplayVersion string `json:",omitempty"` // "21H2"; empty before 20348
	ReleaseID      string `json:",omitempty"` // "1809"
	Build, UBR     int

	BootedAt       time.Time     // LastBootUpTime
	SessionManager time.Time     // when smss.exe started
	ClockOffset    time.Duration // of its clock against the real one, in Get-Date and CIM
	RebootTakes    time.Duration // from going down to coming up

	DiskSize, DiskFree int64 // of C:, bytes
	Memory             int64 // bytes

	Services  []Service
	Processes []Process // beyond those that every Windows has
	Updates   []Update
	History   []HistoryEntry // oldest first
	HotFixes  []HotFix
	Events    []Event

	Pending        []string `json:",omitempty"` // reasons to reboot: the constants of PendingReasons
	Source         Source
	LastSearch     time.Time // LastSearchSuccessDate; zero: never
	LastInstall    time.Time
	UpdateServices []UpdateService

	Registry map[string]map[string]Value `json:",omitempty"` // keys that scripts or tests made: "HKLM\SOFTWARE\X" → name → value
	Removed  []string                    `json:",omitempty"` // built-in keys that a script removed, until the next boot
	ACLs     map[string]ACL              `json:",omitempty"` // absolute path → who may do what
	Folders  []Folder                    `json:",omitempty"` // made when the world is made
	Tasks    []Task

	Shutdown   *Shutdown   `json:",omitempty"` // scheduled or under way
	Installing *Installing `json:",omitempty"` // an installation or uninstallation is in progress
	Faults     Faults
}

// A Category of updates. Its Name is in the host's language.
type Category struct {
	ID, Name string
	Type     string // "UpdateClassification", "Product", "ProductFamily", "Company"
	Order    int
}

// An Update is what Windows Update offers or has installed, with its faults.
type Update struct {
	UpdateID    string // a GUID, lower case
	Revision    int
	Title       string
	Description string     `json:",omitempty"`
	KBs         []string   `json:",omitempty"` // "5034129", without "KB"
	Bulletins   []string   `json:",omitempty"`
	CVEs        []string   `json:",omitempty"`
	Severity    string     `json:",omitempty"` // MsrcSeverity: "Critical" …; empty for most
	Categories  []Category `json:",omitempty"`
	Type        int        // 1 software, 2 driver
	MaxSize     int64      // bytes
	MinSize     int64      `json:",omitempty"`
	Superseded  []string   `json:",omitempty"` // UpdateIDs that this one replaces
	Bundled     int        `json:",omitempty"` // how many updates are bundled in it

	BrowseOnly    bool `json:",omitempty"`
	AutoSelection int  `json:",omitempty"`
	Mandatory     bool `json:",omitempty"`
	Beta          bool `json:",omitempty"`
	Uninstallable bool `json:",omitempty"`
	Hidden        bool `json:",omitempty"`
	Downloaded    bool `json:",omitempty"`
	Installed     bool `json:",omitempty"`
	RebootPending bool `json:",omitempty"` // RebootRequired: installed, and waiting for a boot

	Eula         string `json:",omitempty"` // its text; empty: none
	EulaAccepted bool   `json:",omitempty"`

	RebootBehavior  int        // 0 never, 1 always, 2 can request
	Impact          int        // 0 normal, 1 minor, 2 requires exclusive handling
	AsksUser        bool       `json:",omitempty"` // CanRequestUserInput
	NeedsNetwork    bool       `json:",omitempty"`
	SupportURL      string     `json:",omitempty"`
	MoreInfo        []string   `json:",omitempty"`
	DeployedAt      time.Time  // LastDeploymentChangeTime
	Deadline        *time.Time `json:",omitempty"`
	ServerSelection int        `json:",omitempty"` // offered by this source only; 0: by any

	// What goes wrong with it, and what it changes.
	DownloadError   HRESULT       `json:",omitempty"`
	InstallError    HRESULT       `json:",omitempty"`
	WithErrors      bool          `json:",omitempty"` // it goes in, with result code 3
	DownloadTakes   time.Duration `json:",omitempty"`
	InstallTakes    time.Duration `json:",omitempty"`
	RevisedTo       int           `json:",omitempty"` // after one search has shown it, the next shows this revision
	InstallsAs      int           `json:",omitempty"` // its revision once installed
	NeedsReboot     bool          `json:",omitempty"`
	RollsBack       bool          `json:",omitempty"` // undone at the next boot
	RollbackSilent  bool          `json:",omitempty"` // and the history says nothing of it
	RollbackError   HRESULT       `json:",omitempty"` // in the history; 0: 0x800F0922
	RaisesUBR       int           `json:",omitempty"` // to this, at boot when it needs one, else at once
	WithdrawnBySelf bool          `json:",omitempty"` // after one search has shown it, it is offered no more

	Shown bool `json:",omitempty"` // a search has shown it
}

// A HistoryEntry is one line of Windows Update's history.
type HistoryEntry struct {
	UpdateID    string
	Revision    int
	Title       string
	Date        time.Time
	Operation   int // 1 installation, 2 uninstallation
	ResultCode  int // OperationResultCode
	HResult     HRESULT
	Client      string // ClientApplicationID
	Description string `json:",omitempty"`
	SupportURL  string `json:",omitempty"`
}

// The values of OperationResultCode.
const (
	NotStarted = iota
	InProgress
	Succeeded
	SucceededWithErrors
	Failed
	Aborted
)

// A Service as the service manager has it.
type Service struct {
	Name, Display string
	State         string // "Running", "Stopped"
	Start         string // "Auto", "Manual", "Disabled"
}

// A Process as CIM has it.
type Process struct {
	Name    string // with ".exe"
	ID      int
	Session int       `json:",omitempty"`
	Started time.Time // zero: at boot
	Until   time.Time `json:",omitzero"` // it ends then; zero: it stays
	Line    string    `json:",omitempty"`
	Works   bool      `json:",omitempty"` // it uses the processor
}

// A HotFix is what Get-HotFix shows.
type HotFix struct {
	ID, Description string // "KB5034129", "Security Update"
	By              string
	On              time.Time
}

// An Event of an event log.
type Event struct {
	Log, Provider string
	ID            int
	Level         int // 1 critical, 2 error, 3 warning, 4 information
	At            time.Time
	Message       string
}

// A Source says where updates come from and what becomes of a search.
type Source struct {
	WSUS        string        `json:",omitempty"` // WUServer: "http://wsus.example:8530"
	Status      string        `json:",omitempty"` // WUStatusServer; empty: as WSUS
	UseWSUS     bool          `json:",omitempty"` // AU\UseWUServer
	NoInternet  bool          `json:",omitempty"` // DoNotConnectToWindowsUpdateInternetLocations
	Disabled    bool          `json:",omitempty"` // DisableWindowsUpdateAccess
	TargetGroup string        `json:",omitempty"`
	Error       HRESULT       `json:",omitempty"` // every online search ends with it
	OnlineError HRESULT       `json:",omitempty"` // Microsoft's own servers end with it
	Warnings    []Warning     `json:",omitempty"` // ResultCode 3 with these
	Takes       time.Duration `json:",omitempty"` // a search
	NoCache     bool          `json:",omitempty"` // an offline search finds nothing
}

// A Warning of a search.
type Warning struct {
	Context int // 1 general, 2 driver, 3 installer, 4 search incomplete
	HResult HRESULT
	Message string
}

// An UpdateService as Microsoft.Update.ServiceManager lists it.
type UpdateService struct {
	ID, Name             string
	Managed, Default, AU bool
	URL                  string
}

// A Value of the registry.
type Value struct {
	Kind string // "String", "ExpandString", "DWord", "QWord", "MultiString", "Binary"
	Data any    // string, number, or list of them
}

// An ACL is who owns a file or folder and who may do what, as SDDL.
type ACL struct {
	Owner string // "BUILTIN\Administrators"
	SDDL  string
}

// A Folder is there from the start.
type Folder struct {
	Path  string // below ProgramData, with "/"
	Owner string // as in ACL; empty: Administrators
	SDDL  string // empty: what ProgramData gives its children
}

// A Shutdown is scheduled for At, or under way.
type Shutdown struct {
	At         time.Time
	Reboot     bool
	Comment    string
	By         string
	InProgress bool
	Stays      bool `json:",omitempty"` // shutdown /a does not end it
}

// Installing says that an installer is at work.
type Installing struct {
	UpdateID string
	Until    time.Time
	Boot     time.Time // the boot it began in
}

// The walls that Windows Update puts before a network logon.
const (
	WallNetwork  = "network"  // to 2022: searching and history are allowed
	WallTotal    = "total"    // 2025: nothing is
	WallEveryone = "everyone" // a policy denies even SYSTEM
	WallNone     = "none"
)

// Faults of the whole machine.
type Faults struct {
	Wall                string             // WallNetwork where empty
	Denied              map[string]HRESULT `json:",omitempty"` // operation ("Search", "CreateUpdateInstaller" …) → what everybody gets
	ConstrainedLanguage bool               `json:",omitempty"`
	ScriptPolicy        string             `json:",omitempty"` // by Group Policy: "AllSigned", "Restricted" refuse -File
	NotAdmin            bool               `json:",omitempty"` // the network logon has no administrator's rights
	TaskNeverStarts     bool               `json:",omitempty"`
	TaskResult          HRESULT            `json:",omitempty"` // LastTaskResult of a task that never starts; 0: as if it had not been asked
	TaskRegister        HRESULT            `json:",omitempty"` // registering a task ends with it
	SchedulerStopped    bool               `json:",omitempty"` // the Schedule service does not answer
	DiskFull            bool               `json:",omitempty"` // every write to a file fails
	Icacls              map[string]int     `json:",omitempty"` // icacls.exe with this flag ("/grant:r", "/setowner") ends with this code and changes nothing
	RebootRefused       int                `json:",omitempty"` // shutdown.exe's exit code
	RebootIgnored       bool               `json:",omitempty"` // shutdown.exe says yes, nothing happens
	RebootKeepsBoot     bool               `json:",omitempty"` // it goes away and comes back with the old boot time
	RebootNeverUp       bool               `json:",omitempty"`
	MandatoryReboot     bool               `json:",omitempty"` // RebootRequiredBeforeInstallation; Install gives 0x80240016
	OtherInstaller      bool               `json:",omitempty"` // IsBusy, always
	InstallerHangs      bool               `json:",omitempty"` // TiWorker is there and uses no processor time
	ServicingSeconds    int                `json:",omitempty"` // ServicingInProgress is 2 for so long after a boot
	LogonSeconds        int                `json:",omitempty"` // AutoLogonChecked comes so long after a boot
	BrokenUpdates       bool               `json:",omitempty"` // a search also gives objects without an identity (June 2024)
}

func (s *State) update(id string) *Update {
	for i := range s.Updates {
		if s.Updates[i].UpdateID == id {
			return &s.Updates[i]
		}
	}
	return nil
}

func (s *State) service(name string) *Service {
	for i := range s.Services {
		if same(s.Services[i].Name, name) {
			return &s.Services[i]
		}
	}
	return nil
}
