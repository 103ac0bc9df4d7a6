package remote

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What can go wrong with a host. Each has its words for people in ui/kit.
var (
	ErrUnreachable    = errors.New("host is unreachable")
	ErrTimeout        = errors.New("host did not answer in time")
	ErrHeldBack       = errors.New("login not tried")
	ErrLoginRefused   = errors.New("login refused")
	ErrNoPrivilege    = errors.New("no way to become root")
	ErrSudoPassword   = errors.New("sudo password is wrong or missing")
	ErrBusy           = errors.New("another job or installation is at work on the host")
	ErrBooting        = errors.New("host has not finished its boot")
	ErrGoingDown      = errors.New("somebody else reboots the host")
	ErrRebootRefused  = errors.New("reboot refused")
	ErrTooMuchOutput  = errors.New("more output than allowed")
	ErrLost           = errors.New("connection lost")
	ErrGarbage        = errors.New("answer makes no sense")
	ErrInsecure       = errors.New("no way to log in to the host that keeps secrets secret")
	ErrNotAdmin       = errors.New("account may not manage the host")
	ErrQuota          = errors.New("host has too many sessions of this user")
	ErrConstrained    = errors.New("PowerShell is constrained by policy")
	ErrBlocked        = errors.New("a security product blocked the script")
	ErrHostKeyRefused = errors.New("host key is revoked, or its certificate is not valid")
	ErrNotSupported   = errors.New("host has no update system that this program knows")
)

// A HostKeyUnknownError means that nobody has vouched for the host's key, or its
// certificate, yet. Nothing is sent to such a host.
type HostKeyUnknownError struct {
	Host        string // as known_hosts names it; "win1.example.test:5986" for a certificate
	Type        string // "ssh-ed25519", or TypeCertificate
	Fingerprint string // "SHA256:…": of a key in base64, of a certificate 64 hexadecimal digits in capitals
	Line        string // the known_hosts line that would accept it; for a certificate that of our own file
	Certificate *Certificate
}

// TypeCertificate is the Type of a certificate among keys.
const TypeCertificate = "certificate"

// ReadCertificates is what prints, in PowerShell on a Windows host's own
// console, the SHA-256 of each of its certificates. Windows PowerShell 5.1 on
// Server 2016 has no GetCertHashString("SHA256").
const ReadCertificates = `$h = [Security.Cryptography.SHA256]::Create()
dir Cert:\LocalMachine\My | % { $_.Subject
[BitConverter]::ToString($h.ComputeHash($_.RawData)) -replace '-' }`

// A Certificate is what a TLS certificate says of itself, and why no authority
// vouches for it; empty: one does, or a person did.
type Certificate struct {
	Subject, Issuer     string
	NotBefore, NotAfter time.Time
	Why                 string
}

func (e *HostKeyUnknownError) Error() string {
	if e.Certificate != nil {
		return fmt.Sprintf("certificate of %s is not known: %s: %s", e.Host, e.Fingerprint, e.Certificate.Why)
	}
	return fmt.Sprintf("host key of %s is not known: %s %s", e.Host, e.Type, e.Fingerprint)
}

// A HostKeyChangedError means that the host showed another key, or certificate,
// than the one vouched for. Nothing is sent to such a host.
type HostKeyChangedError struct {
	Host  string
	Type  string   // as in HostKeyUnknownError
	Known []string // fingerprints vouched for, each "type SHA256:…"
	Shown string   // fingerprint the host showed, "type SHA256:…"
	Where string   // file and line of the known key
}

func (e *HostKeyChangedError) Error() string {
	what := "host key"
	if e.Type == TypeCertificate {
		what = TypeCertificate
	}
	return fmt.Sprintf("%s of %s changed: known %s, shown %s", what, e.Host, strings.Join(e.Known, ", "), e.Shown)
}

// An ExitError is a command's own failure, told by the host: it ran and failed.
type ExitError struct {
	Name   string // of the command
	Status int    // 128+n where signal n ended it
	Stderr string // the last lines, without terminal escapes
}

func (e *ExitError) Error() string {
	s := fmt.Sprintf("%s: exit status %d", e.Name, e.Status)
	if e.Stderr != "" {
		s += ": " + e.Stderr
	}
	return s
}
