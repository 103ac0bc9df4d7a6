package windows

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reasons to reboot, by the name of the key or value that shows them.
const (
	CBSRebootPending     = "CBS RebootPending"
	CBSPackagesPending   = "CBS PackagesPending"
	CBSRebootInProgress  = "CBS RebootInProgress"
	UpdateRebootRequired = "Auto Update RebootRequired" // SystemInfo.RebootRequired too
	UpdateServices       = "WindowsUpdate Services Pending"
	FileRename           = "PendingFileRenameOperations"
	FileRename2          = "PendingFileRenameOperations2"
	UpdateExeVolatile    = "UpdateExeVolatile"
	JoinDomain           = "Netlogon JoinDomain"
	AvoidSpnSet          = "Netlogon AvoidSpnSet"
	ComputerRename       = "ComputerName"
	ServerManager        = "ServerManager CurrentRebootAttempts"
)

const (
	ntVersion   = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	cbs         = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing`
	autoUpdate  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update`
	wuServices  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Services\Pending`
	wuPolicy    = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
	sessionKey  = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
	computerKey = `HKLM\SYSTEM\CurrentControlSet\Control\ComputerName`
	netlogon    = `HKLM\SYSTEM\CurrentControlSet\Services\Netlogon`
	autoLogon   = ntVersion + `\Winlogon\AutoLogonChecked`
)

// A registryKey is a key with its values; names keep their case.
type registryKey struct {
	Path   string // "HKLM\SOFTWARE\…"
	Values map[string]Value
	Keys   []string // names of the keys right below, in order
}

type hive map[string]*registryKey // lower-case path → key

func (h hive) key(path string) *registryKey {
	k := h[strings.ToLower(path)]
	if k == nil {
		k = &registryKey{Path: path, Values: map[string]Value{}}
		h[strings.ToLower(path)] = k
	}
	return k
}

func (h hive) text(path, name, value string) { h.key(path).Values[name] = Value{"String", value} }
func (h hive) number(path, name string, value int64) {
	h.key(path).Values[name] = Value{"DWord", value}
}
func (h hive) list(path, name string, values ...string) {
	h.key(path).Values[name] = Value{"MultiString", values}
}

// hive is the registry as the state makes it, with what scripts added and
// without what they removed.
func (s *State) hive(now time.Time) hive {
	h := hive{}
	s.versionKeys(h)
	s.policyKeys(h)
	h.key(cbs)
	h.key(autoUpdate)
	h.key(sessionKey)
	h.key(wuServices)
	h.text(computerKey+`\ActiveComputerName`, "ComputerName", s.Name)
	h.text(computerKey+`\ComputerName`, "ComputerName", s.Name)
	h.text(netlogon, "ImagePath", `%systemroot%\system32\lsass.exe`)
	if s.servicing(now) {
		h.number(cbs+`\Interface`, "ServicingInProgress", 2)
	} else {
		h.number(cbs+`\Interface`, "ServicingInProgress", 0)
	}
	if !now.Before(s.BootedAt.Add(time.Duration(s.Faults.LogonSeconds) * time.Second)) {
		h.key(autoLogon)
	}
	for _, reason := range s.Pending {
		s.pendingKeys(h, reason)
	}
	for _, path := range s.Removed {
		h.remove(path)
	}
	for path, values := range s.Registry {
		k := h.key(path)
		for name, v := range values {
			k.Values[name] = v
		}
	}
	h.link()
	return h
}

func (s *State) servicing(now time.Time) bool {
	return now.Before(s.BootedAt.Add(time.Duration(s.Faults.ServicingSeconds) * time.Second))
}

func (s *State) versionKeys(h hive) {
	build := fmt.Sprint(s.Build)
	h.text(ntVersion, "CurrentBuildNumber", build)
	h.text(ntVersion, "CurrentBuild", build)
	h.text(ntVersion, "CurrentVersion", "6.3")
	h.text(ntVersion, "ProductName", s.Product)
	h.text(ntVersion, "EditionID", s.Edition)
	h.text(ntVersion, "InstallationType", s.Install)
	h.text(ntVersion, "SystemRoot", `C:\Windows`)
	if s.DisplayVersion != "" {
		h.text(ntVersion, "DisplayVersion", s.DisplayVersion)
	}
	if s.ReleaseID != "" {
		h.text(ntVersion, "ReleaseId", s.ReleaseID)
	}
	if s.Build > 9600 { // 2012 R2 has none
		h.number(ntVersion, "UBR", int64(s.UBR))
		h.number(ntVersion, "CurrentMajorVersionNumber", 10)
		h.number(ntVersion, "CurrentMinorVersionNumber", 0)
	}
}

func (s *State) policyKeys(h hive) {
	p := s.Source
	flag := func(path, name string, on bool) {
		if on {
			h.number(path, name, 1)
		}
	}
	if p.WSUS != "" {
		h.text(wuPolicy, "WUServer", p.WSUS)
		status := p.Status
		if status == "" {
			status = p.WSUS
		}
		h.text(wuPolicy, "WUStatusServer", status)
	}
	if p.TargetGroup != "" {
		h.text(wuPolicy, "TargetGroup", p.TargetGroup)
		h.number(wuPolicy, "TargetGroupEnabled", 1)
	}
	flag(wuPolicy+`\AU`, "UseWUServer", p.UseWSUS)
	flag(wuPolicy, "DoNotConnectToWindowsUpdateInternetLocations", p.NoInternet)
	flag(wuPolicy, "DisableWindowsUpdateAccess", p.Disabled)
	if s.Faults.ScriptPolicy != "" {
		h.text(`HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell`, "ExecutionPolicy", s.Faults.ScriptPolicy)
	}
}

func (s *State) pendingKeys(h hive, reason string) {
	rename := []string{`\??\C:\Windows\Temp\old.dll`, ""}
	switch reason {
	case CBSRebootPending:
		h.key(cbs + `\RebootPending`)
	case CBSPackagesPending:
		h.key(cbs + `\PackagesPending\Package_for_RollupFix~31bf3856ad364e35~amd64~~1.0`)
	case CBSRebootInProgress:
		h.key(cbs + `\RebootInProgress`)
	case UpdateRebootRequired:
		h.number(autoUpdate+`\RebootRequired`, "7d6a9b5e-0f9c-4a36-9a0f-0c1d2e3f4a5b", 1)
	case UpdateServices:
		h.key(wuServices + `\{3da21691-e39d-4da6-8a4b-b43877bcb1b7}`)
	case FileRename:
		h.list(sessionKey, "PendingFileRenameOperations", rename...)
	case FileRename2:
		h.list(sessionKey, "PendingFileRenameOperations2", rename...)
	case UpdateExeVolatile:
		h.number(`HKLM\SOFTWARE\Microsoft\Updates`, "UpdateExeVolatile", 1)
	case JoinDomain:
		h.text(netlogon, "JoinDomain", "shop.example")
	case AvoidSpnSet:
		h.list(netlogon, "AvoidSpnSet", "x")
	case ComputerRename:
		h.text(computerKey+`\ComputerName`, "ComputerName", s.Name+"-NEW")
	case ServerManager:
		h.number(`HKLM\SOFTWARE\Microsoft\ServerManager\CurrentRebootAttempts`, "x", 1)
	}
}

// remove removes a key with all below it.
func (h hive) remove(path string) {
	path = strings.ToLower(path)
	for p := range h {
		if p == path || strings.HasPrefix(p, path+`\`) {
			delete(h, p)
		}
	}
}

// link makes the keys between and gives each the names below it.
func (h hive) link() {
	paths := make([]string, 0, len(h))
	for _, k := range h {
		paths = append(paths, k.Path)
	}
	for _, path := range paths {
		for i := strings.LastIndexByte(path, '\\'); i > 0; i = strings.LastIndexByte(path, '\\') {
			path = path[:i]
			h.key(path)
		}
	}
	for _, k := range h {
		if i := strings.LastIndexByte(k.Path, '\\'); i > 0 {
			parent := h.key(k.Path[:i])
			parent.Keys = append(parent.Keys, k.Path[i+1:])
		}
	}
	for _, k := range h {
		slices.Sort(k.Keys)
	}
}

// registryPath brings the ways to write a key to one, "HKLM\SOFTWARE\X":
//
//	HKLM:\SOFTWARE\X  Registry::HKEY_LOCAL_MACHINE\SOFTWARE\X  HKLM:/SOFTWARE/X/
func registryPath(path string) string {
	if i := strings.Index(path, "::"); i >= 0 {
		path = path[i+2:]
	}
	path = strings.ReplaceAll(path, "/", `\`)
	root, rest, _ := strings.Cut(path, `\`)
	switch root = strings.TrimSuffix(strings.ToUpper(root), ":"); root {
	case "HKEY_LOCAL_MACHINE":
		root = "HKLM"
	case "HKEY_CURRENT_USER":
		root = "HKCU"
	case "HKEY_USERS":
		root = "HKU"
	}
	var parts []string
	for _, part := range strings.Split(rest, `\`) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(append([]string{root}, parts...), `\`)
}

// Key is a registry key's values and the names of the keys below it; nil when
// there is none. path is written as PowerShell does, "HKLM:\SOFTWARE\X".
func (w *World) Key(path string) (values map[string]Value, keys []string, err error) {
	err = w.look(func(s *State, now time.Time) error {
		if k := s.hive(now)[strings.ToLower(registryPath(path))]; k != nil {
			values, keys = k.Values, k.Keys
		}
		return nil
	})
	return values, keys, err
}

// SetKey makes a registry key, where name is empty, or sets a value in it.
func (w *World) SetKey(path, name string, v Value) error {
	path = registryPath(path)
	return w.change(func(s *State, _ time.Time) error {
		s.Removed = slices.DeleteFunc(s.Removed, func(p string) bool { return same(p, path) })
		values := s.own(path)
		if name != "" {
			values[name] = v
		}
		return nil
	})
}

// own is the state's own map for a key, made where there is none.
func (s *State) own(path string) map[string]Value {
	if s.Registry == nil {
		s.Registry = map[string]map[string]Value{}
	}
	for p, values := range s.Registry {
		if same(p, path) {
			return values
		}
	}
	s.Registry[path] = map[string]Value{}
	return s.Registry[path]
}

// RemoveKey removes a registry key with all below it.
func (w *World) RemoveKey(path string) error {
	path = registryPath(path)
	return w.change(func(s *State, _ time.Time) error {
		for p := range s.Registry {
			if same(p, path) || strings.HasPrefix(strings.ToLower(p), strings.ToLower(path)+`\`) {
				delete(s.Registry, p)
			}
		}
		s.Removed = append(s.Removed, path)
		return nil
	})
}
