package data

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// A Host is a server the shop patches.
type Host struct {
	ID           HostID
	Name         string // what the admin calls it; unique in a workspace, without regard to case
	Reach        Reach
	Address      string // DNS name or IP address; empty: Name is used (an OpenSSH alias is honoured)
	Port         int    // 0: what the OpenSSH configuration says, else 22
	User         string // empty: what the OpenSSH configuration says, else the desk's own user; WinRM wants one
	Jump         string // ProxyJump, as ssh_config(5) writes it; empty: what the OpenSSH configuration says
	IdentityFile string // path of a private key; empty: agent and the OpenSSH configuration
	Sudo         Sudo
	Auth         Auth     // WinRM only
	Platform     Platform // empty until the first scan has found it
	Technology   string   // the line of the standard it belongs to, such as "Debian"; empty until known
	BusinessUnit string
	Owner        string // in the business: who agrees windows and asks for exceptions
	Admin        string // who patches it
	Criticality  Criticality
	Exposure     Exposure // required: only the admin knows it
	Environment  Environment
	Ring         int // 1 goes first; 0 means not set and is treated as the last ring
	Group        GroupID
	Notes        string
}

// Reach is how the desk gets to a host.
type Reach string

// The ways to a host.
const (
	ReachSSH   Reach = "ssh"
	ReachLocal Reach = "local" // this computer, without SSH
	ReachWinRM Reach = "winrm"
)

// Sudo is how a session becomes root.
type Sudo string

// The ways to root. SudoAuto tries root itself, then sudo -n, then a stored password.
const (
	SudoAuto     Sudo = ""
	SudoNever    Sudo = "never"
	SudoPassword Sudo = "password"
)

// Platform names an update system.
type Platform string

// The platforms.
const (
	PlatformUnknown Platform = ""
	APT             Platform = "APT"
	DNF             Platform = "DNF"
	Zypper          Platform = "Zypper"
	Pacman          Platform = "Pacman"
	APK             Platform = "APK"
	WindowsUpdate   Platform = "Windows Update"
)

// Criticality is how much the business misses a host that is down.
type Criticality string

// The criticalities.
const (
	CriticalityUnset    Criticality = ""
	CriticalityLow      Criticality = "low"
	CriticalityMedium   Criticality = "medium"
	CriticalityHigh     Criticality = "high"
	CriticalityCritical Criticality = "critical"
)

// Exposure is who can reach a host.
type Exposure string

// The exposures.
const (
	ExposureUnset Exposure = ""
	Internet      Exposure = "internet"
	Internal      Exposure = "internal"
	AirGapped     Exposure = "air-gapped"
)

// Environment is where a host stands.
type Environment string

// The environments.
const (
	EnvironmentUnset Environment = ""
	OnPremises       Environment = "on premises"
	RemoteSite       Environment = "remote"
	Cloud            Environment = "cloud"
)

// The allowed values, in the order screens offer them.
var (
	Reaches       = []Reach{ReachSSH, ReachLocal, ReachWinRM}
	Sudos         = []Sudo{SudoAuto, SudoNever, SudoPassword}
	Platforms     = []Platform{APT, DNF, Zypper, Pacman, APK, WindowsUpdate}
	Criticalities = []Criticality{CriticalityUnset, CriticalityLow, CriticalityMedium, CriticalityHigh, CriticalityCritical}
	Exposures     = []Exposure{Internet, Internal, AirGapped}
	Environments  = []Environment{EnvironmentUnset, OnPremises, RemoteSite, Cloud}
)

// ErrNoExposure means that nobody has said who can reach the host.
var ErrNoExposure = errors.New("exposure is not set: choose internet, internal or air-gapped")

// Validate says what is wrong with h as an entry of the inventory.
func (h Host) Validate() error {
	if strings.TrimSpace(h.Name) == "" {
		return errors.New("the host has no name")
	}
	if i := strings.IndexFunc(h.Name+h.Address+h.User, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return fmt.Errorf("host %q: name, address or user holds a control character", h.Name)
	}
	if strings.HasPrefix(h.Target(), "-") || strings.HasPrefix(h.User, "-") {
		return fmt.Errorf("host %q: address or user starts with a hyphen", h.Name)
	}
	if name, port, err := net.SplitHostPort(h.Address); err == nil && name != "" {
		return fmt.Errorf("host %q: address %q holds a port: give the address %q and the port %q by themselves", h.Name, h.Address, name, port)
	}
	if strings.ContainsAny(h.Address, "/\\ ") {
		return fmt.Errorf("host %q: address %q is neither a DNS name nor an IP address", h.Name, h.Address)
	}
	if h.Port < 0 || h.Port > 65535 {
		return fmt.Errorf("host %q: port %d is not between 1 and 65535", h.Name, h.Port)
	}
	if h.Ring < 0 || h.Ring > 9 {
		return fmt.Errorf("host %q: ring %d is not between 0 and 9", h.Name, h.Ring)
	}
	if h.Reach == ReachWinRM {
		if err := h.validLogin(); err != nil {
			return fmt.Errorf("host %q: %w", h.Name, err)
		}
	}
	switch h.Exposure {
	case Internet, Internal, AirGapped:
		return nil
	case ExposureUnset:
		return fmt.Errorf("host %q: %w", h.Name, ErrNoExposure)
	}
	return fmt.Errorf("host %q: exposure %q is not internet, internal or air-gapped", h.Name, h.Exposure)
}

// Windows tells whether h runs Windows: its scans found so, or it is reached as
// only Windows is. What depends on the system asks this; what depends on the
// way there asks Reach.
func (h Host) Windows() bool { return h.Platform == WindowsUpdate || h.Reach == ReachWinRM }

// Target returns the name or address to connect to.
func (h Host) Target() string {
	if h.Address != "" {
		return h.Address
	}
	return h.Name
}

// Where returns "user@address:port" with what is set, for people.
func (h Host) Where() string {
	if h.Reach == ReachLocal {
		return "this computer"
	}
	s := h.Target()
	if h.Port != 0 {
		s = net.JoinHostPort(s, strconv.Itoa(h.Port))
	}
	if h.User != "" {
		s = h.User + "@" + s
	}
	return s
}

// Destination is where a password kept for h may go, in one line for people:
// "CORP\patching at win1.example.test:5986 by NTLM over HTTPS". Two entries
// that would send it to different places, or by different ways, differ.
func (h Host) Destination() string {
	if h.Reach == ReachLocal {
		return "this computer"
	}
	at, port := strings.ToLower(h.Target()), h.Port
	if strings.ContainsAny(at, " \"") {
		at = strconv.Quote(at)
	}
	by := "SSH"
	if h.Reach == ReachWinRM {
		login := h.Auth.Login()
		by = login.Text
		if port == 0 {
			port = login.Port()
		}
	}
	if port != 0 {
		at = net.JoinHostPort(at, strconv.Itoa(port))
	}
	user := h.User
	switch {
	case user == "":
		user = "the desk's own user"
	case strings.ContainsAny(user, " \""):
		user = strconv.Quote(user)
	}
	return user + " at " + at + " by " + by
}

// A Group is a set of hosts that share windows, such as "web" or "Munich".
type Group struct {
	ID       GroupID
	Name     string
	TimeZone string // IANA name, such as "Europe/Berlin"; empty: UTC
	Notes    string
}
