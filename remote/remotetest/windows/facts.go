package windows

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Instances are the CIM objects of a class that a WQL condition lets through,
// property → value; times are {"ms": Unix milliseconds}. An unknown class is
// a *Fault.
func (w *World) Instances(class, where string) (found []map[string]any, err error) {
	all, err := w.instances(class)
	if err != nil {
		return nil, err
	}
	match, ok := parseWQL(where)
	if !ok {
		return nil, &Fault{0x80041017, "Invalid query"}
	}
	for _, one := range all {
		if match(one) {
			found = append(found, one)
		}
	}
	return found, nil
}

func (w *World) instances(class string) (all []map[string]any, err error) {
	running := w.processes()
	err = w.look(func(s *State, now time.Time) error {
		switch strings.ToLower(class) {
		case "win32_operatingsystem":
			all = append(all, s.operatingSystem(now))
		case "win32_computersystem":
			all = append(all, map[string]any{"Name": s.Name, "DNSHostName": s.Name, "Domain": s.domain(), "PartOfDomain": s.Domain != "", "Workgroup": s.workgroup(),
				"Manufacturer": "QEMU", "Model": "Standard PC", "TotalPhysicalMemory": s.Memory, "DomainRole": map[bool]int{true: 3, false: 2}[s.Domain != ""]})
		case "win32_logicaldisk":
			all = append(all, map[string]any{"DeviceID": "C:", "Name": "C:", "DriveType": 3, "Size": s.DiskSize, "FreeSpace": s.DiskFree, "FileSystem": "NTFS", "VolumeName": ""},
				map[string]any{"DeviceID": "D:", "Name": "D:", "DriveType": 5, "Size": nil, "FreeSpace": nil, "FileSystem": nil, "VolumeName": nil})
		case "win32_service":
			for _, v := range s.Services {
				all = append(all, map[string]any{"Name": v.Name, "DisplayName": v.Display, "State": v.State, "Started": v.State == "Running", "StartMode": v.Start, "Status": "OK", "StartName": "LocalSystem"})
			}
		case "win32_process":
			for _, p := range s.processTable(now, running) {
				all = append(all, map[string]any{"Name": p.Name, "ProcessId": p.ID, "ParentProcessId": 4, "SessionId": p.Session, "CreationDate": ms(p.Started), "CommandLine": p.Line, "WorkingSetSize": 1 << 22,
					"KernelModeTime": int64(10_000), "UserModeTime": p.used(now)})
			}
		case "win32_quickfixengineering":
			for _, h := range s.HotFixes {
				all = append(all, map[string]any{"HotFixID": h.ID, "Description": h.Description, "InstalledBy": h.By, "InstalledOn": ms(h.On)})
			}
		case "win32_bios":
			all = append(all, map[string]any{"Name": "SeaBIOS", "SerialNumber": "0", "SMBIOSBIOSVersion": "1"})
		default:
			return &Fault{0x80041010, "Invalid class "}
		}
		return nil
	})
	return all, err
}

func (s *State) operatingSystem(now time.Time) map[string]any {
	language, bits := 1033, "64-bit"
	if s.isGerman() {
		language, bits = 1031, "64-Bit"
	}
	return map[string]any{
		"Caption": "Microsoft " + s.Product, "Version": fmt.Sprintf("10.0.%d", s.Build), "BuildNumber": strconv.Itoa(s.Build),
		"CSName": s.Name, "OSArchitecture": bits, "OSLanguage": language, "ProductType": 3, "OperatingSystemSKU": 7,
		"LastBootUpTime": ms(s.BootedAt), "LocalDateTime": ms(now), "SystemDrive": "C:", "WindowsDirectory": `C:\Windows`,
		"TotalVisibleMemorySize": s.Memory / 1024, "FreePhysicalMemory": s.Memory / 2048, "MUILanguages": []string{s.Language}, "Status": "OK",
	}
}

func (s *State) domain() string {
	if s.Domain != "" {
		return s.Domain
	}
	return s.workgroup()
}

func (s *State) workgroup() string {
	if s.Domain != "" {
		return ""
	}
	return "WORKGROUP"
}

// used is a process's processor time in units of 100 ns.
func (p Process) used(now time.Time) int64 {
	if !p.Works {
		return 0
	}
	return int64(now.Sub(p.Started) / 100)
}

// processTable is what runs: what every Windows has, the installer while it
// works, and what World runs itself.
func (s *State) processTable(now time.Time, running []Process) []Process {
	all := []Process{
		{Name: "System Idle Process", ID: 0, Started: s.BootedAt}, {Name: "System", ID: 4, Started: s.BootedAt},
		{Name: "smss.exe", ID: 316, Started: s.SessionManager}, {Name: "csrss.exe", ID: 424, Started: s.SessionManager},
		{Name: "wininit.exe", ID: 500, Started: s.SessionManager}, {Name: "services.exe", ID: 636, Started: s.SessionManager},
		{Name: "lsass.exe", ID: 660, Started: s.SessionManager}, {Name: "svchost.exe", ID: 848, Started: s.SessionManager},
		{Name: "winlogon.exe", ID: 588, Session: 1, Started: s.SessionManager},
	}
	if s.busy(now) || s.servicing(now) {
		all = append(all, Process{Name: "TiWorker.exe", ID: 5120, Started: s.BootedAt, Works: !s.Faults.InstallerHangs}, Process{Name: "TrustedInstaller.exe", ID: 5008, Started: s.BootedAt})
	}
	for _, p := range s.Processes {
		if p.Until.IsZero() || now.Before(p.Until) {
			if p.Started.IsZero() {
				p.Started = s.BootedAt
			}
			all = append(all, p)
		}
	}
	for _, p := range running {
		p.Started = now
		all = append(all, p)
	}
	return all
}

// reCondition cuts a WQL condition: Name = 'x', ProcessId=4, State <> "Running"
var reCondition = regexp.MustCompile(`(?i)^\s*(?:(and|or)\s+)?(\w+)\s*(=|!=|<>|like\b)\s*(?:'([^']*)'|"([^"]*)"|(-?\w+))`)

// parseWQL reads conditions joined by AND and OR, without brackets.
func parseWQL(where string) (match func(map[string]any) bool, ok bool) {
	type test struct {
		or              bool
		name, op, value string
	}
	var tests []test
	for strings.TrimSpace(where) != "" {
		m := reCondition.FindStringSubmatch(where)
		if m == nil || (m[1] == "") != (len(tests) == 0) {
			return nil, false
		}
		where = where[len(m[0]):]
		tests = append(tests, test{same(m[1], "or"), m[2], strings.ToLower(m[3]), m[4] + m[5] + m[6]})
	}
	return func(one map[string]any) bool {
		whole := true
		for _, t := range tests {
			if t.or && whole {
				return true
			}
			whole = (whole || t.or) && compare(one, t.name, t.op, t.value)
		}
		return whole
	}, true
}

func compare(one map[string]any, name, op, value string) bool {
	var have any
	for k, v := range one {
		if same(k, name) {
			have = v
		}
	}
	text := fmt.Sprint(have)
	switch op {
	case "=":
		return same(text, value)
	case "like":
		pattern := "(?i)^" + strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(value)) + "$"
		return regexp.MustCompile(pattern).MatchString(text)
	}
	return !same(text, value)
}

// dropValue removes one value of a key.
func (w *World) dropValue(path, name string) error {
	path = registryPath(path)
	return w.change(func(s *State, _ time.Time) error {
		delete(s.own(path), name)
		if same(path, sessionKey) { // the one place where scripts tidy up
			s.Pending = slices.DeleteFunc(s.Pending, func(p string) bool { return p == name })
		}
		return nil
	})
}

// setService changes a service's state and start mode, where they are not empty.
func (w *World) setService(name, state, start string) error {
	return w.change(func(s *State, _ time.Time) error {
		v := s.service(name)
		if v == nil {
			return s.fault(0x80070424) // no such service
		}
		if state == "Running" && v.Start == "Disabled" {
			return s.fault(serviceDisabled)
		}
		if state != "" {
			v.State = state
		}
		if start != "" {
			v.Start = start
		}
		return nil
	})
}

// shutdownExe plays shutdown.exe's command line.
func (w *World) shutdownExe(c Caller, args []string) (out string, code int, err error) {
	after, mode, comment := 30*time.Second, "", ""
	for i := 0; i < len(args); i++ {
		flag := strings.ToLower(strings.Replace(args[i], "-", "/", 1))
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		switch flag {
		case "/r", "/s", "/g", "/sg", "/a":
			mode = flag
		case "/t":
			n, err := strconv.Atoi(next)
			if err != nil || n < 0 || n > 315360000 {
				return "Invalid parameter", 87, nil
			}
			after, i = time.Duration(n)*time.Second, i+1
		case "/c":
			if len(next) > 512 {
				return "Invalid parameter", 87, nil
			}
			comment, i = next, i+1
		case "/d":
			if !reReason.MatchString(next) {
				return "Invalid parameter", 87, nil
			}
			i++
		case "/f", "/hybrid", "/soft":
		default:
			return "Usage: shutdown [/i | /l | /s | /sg | /r | /g | /a | /p | /h | /e | /o] [/hybrid] [/soft] [/fw] [/f]", 1, nil
		}
	}
	switch mode {
	case "":
		return "Usage: shutdown", 1, nil
	case "/a":
		code, err = w.AbortShutdown()
	default:
		code, err = w.ShutDown(c, after, mode != "/s" && mode != "/sg", comment)
	}
	return map[int]string{exitScheduled: "A system shutdown has already been scheduled.(1190)", exitShuttingDown: "A system shutdown is in progress.(1115)",
		exitNone: "Unable to abort the system shutdown because no shutdown was in progress.(1116)", exitDenied: "Access is denied.(5)"}[code], code, err
}

// reReason matches shutdown's /d: "p:2:17", "u:0:0", "2:4"
var reReason = regexp.MustCompile(`(?i)^(?:[pu]:)?\d{1,3}:\d{1,5}$`)
