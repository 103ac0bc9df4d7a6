package windows

import (
	"fmt"
	"strings"
	"time"
)

// The classifications of Windows Update, by their GUIDs.
const (
	SecurityUpdates   = "0fa1201d-4330-4fa8-8ae9-b877473b6441"
	CriticalUpdates   = "e6cf1350-c01b-414d-a61f-263d14d133b4"
	DefinitionUpdates = "e0789628-ce08-4437-be74-2495b842f43b"
	UpdateRollups     = "28bc880e-0592-4cbf-8f95-c79b17911d5f"
	PlainUpdates      = "cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83"
	FeaturePacks      = "b54e7d24-7add-428f-8b75-90a396fa584f"
	ServicePacks      = "68c5b0a3-d1a6-4553-ae49-01d3a7827828"
	Tools             = "b4832bd8-e735-4761-8daf-37f882276dab"
	Drivers           = "ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0"
	Upgrades          = "3689bdc8-b205-4af4-8d4a-a63924c5e9d5"
)

// names of classifications: English, German.
var names = map[string][2]string{
	SecurityUpdates: {"Security Updates", "Sicherheitsupdates"}, CriticalUpdates: {"Critical Updates", "Wichtige Updates"},
	DefinitionUpdates: {"Definition Updates", "Definitionsupdates"}, UpdateRollups: {"Update Rollups", "Updaterollups"},
	PlainUpdates: {"Updates", "Updates"}, FeaturePacks: {"Feature Packs", "Feature Packs"}, ServicePacks: {"Service Packs", "Service Packs"},
	Tools: {"Tools", "Tools"}, Drivers: {"Drivers", "Treiber"}, Upgrades: {"Upgrades", "Upgrades"},
}

// Classification is a category in a host's language.
func Classification(id, language string) Category {
	name := names[id][0]
	if strings.HasPrefix(language, "de") {
		name = names[id][1]
	}
	return Category{ID: id, Name: name, Type: "UpdateClassification"}
}

// products of the seeds, by build.
var products = map[int]Category{
	14393: {ID: "569e8e8f-c6cd-42c8-92a3-efbb20a0f6f5", Name: "Windows Server 2016", Type: "Product"},
	17763: {ID: "f702a48c-919b-45d6-9aef-ca4248d50397", Name: "Windows Server 2019", Type: "Product"},
	20348: {ID: "71718f13-7324-4b0f-8f9e-2ca9dc978e53", Name: "Microsoft Server operating system-21H2", Type: "Product"},
	26100: {ID: "31c4a4f5-0b25-4d55-9d2f-7a3f1b0e2c41", Name: "Microsoft Server Operating System-24H2", Type: "Product"},
}

// Server2022 is a quiet Windows Server 2022 that booted a week before now, with
// nothing to install.
func Server2022(name string, now time.Time) State {
	boot := now.Add(-7 * 24 * time.Hour).UTC().Truncate(time.Second)
	return State{
		Name: strings.ToUpper(name), Language: "en-US", Product: "Windows Server 2022 Standard", Edition: "ServerStandard", Install: "Server",
		DisplayVersion: "21H2", ReleaseID: "2009", Build: 20348, UBR: 2340, BootedAt: boot, SessionManager: boot.Add(time.Second),
		DiskSize: 128 << 30, DiskFree: 64 << 30, Memory: 8 << 30,
		Services: []Service{
			{"wuauserv", "Windows Update", "Running", "Manual"}, {"bits", "Background Intelligent Transfer Service", "Stopped", "Manual"},
			{"TrustedInstaller", "Windows Modules Installer", "Stopped", "Manual"}, {"UsoSvc", "Update Orchestrator Service", "Running", "Auto"},
			{"Schedule", "Task Scheduler", "Running", "Auto"}, {"WinRM", "Windows Remote Management (WS-Management)", "Running", "Auto"},
			{"W32Time", "Windows Time", "Running", "Auto"}, {"Spooler", "Print Spooler", "Stopped", "Disabled"},
		},
		UpdateServices: []UpdateService{{ID: "9482f4b4-e343-43b6-b170-9a65bc822c77", Name: "Windows Update", Default: true, AU: true}},
		LastSearch:     now.Add(-20 * time.Hour).UTC().Truncate(time.Second),
		LastInstall:    boot,
	}
}

// Server2025 is one that lets a network logon do nothing with Windows Update.
func Server2025(name string, now time.Time) State {
	s := Server2022(name, now)
	s.Product, s.DisplayVersion, s.ReleaseID, s.Build, s.UBR = "Windows Server 2025 Datacenter", "24H2", "2009", 26100, 4061
	s.Edition, s.Faults.Wall = "ServerDatacenter", WallTotal
	return s
}

// Core2019German is a Server Core that speaks German and takes its updates from
// a WSUS.
func Core2019German(name string, now time.Time) State {
	s := Server2022(name, now)
	s.Product, s.DisplayVersion, s.ReleaseID, s.Build, s.UBR = "Windows Server 2019 Standard", "", "1809", 17763, 5329
	s.Install, s.Language = "Server Core", "de-DE"
	s.Source = Source{WSUS: "http://wsus.shop.example:8530", UseWSUS: true}
	return s
}

// Cumulative is a monthly cumulative update: it needs a reboot and raises UBR.
func (s *State) Cumulative(kb string, ubr int, deployed time.Time) Update {
	return Update{
		UpdateID: guid(kb), Revision: 200, Title: fmt.Sprintf("%s Cumulative Update for %s for x64-based Systems (KB%s)", deployed.Format("2006-01"), s.product().Name, kb),
		Description: "Install this update to resolve issues in Windows.", KBs: []string{kb}, Type: 1, MaxSize: 420 << 20,
		Categories: []Category{Classification(SecurityUpdates, s.Language), s.product()}, DeployedAt: deployed.UTC(),
		RebootBehavior: 2, NeedsReboot: true, RaisesUBR: ubr, Bundled: 1, AutoSelection: 1,
		SupportURL: "https://support.microsoft.com/help/" + kb, MoreInfo: []string{"https://support.microsoft.com/help/" + kb},
	}
}

// Plain is an update of a classification that needs no reboot.
func (s *State) Plain(kb, title, classification string, deployed time.Time) Update {
	return Update{
		UpdateID: guid(kb), Revision: 1, Title: title, KBs: []string{kb}, Type: 1, MaxSize: 12 << 20, DeployedAt: deployed.UTC(),
		Categories: []Category{Classification(classification, s.Language), s.product()}, SupportURL: "https://support.microsoft.com/help/" + kb,
	}
}

func (s *State) product() Category {
	if c, known := products[s.Build]; known {
		return c
	}
	return Category{ID: guid("product"), Name: s.Product, Type: "Product"}
}

// guid makes an UpdateID from a KB's number, the same every time.
func guid(kb string) string {
	sum := uint64(14695981039346656037)
	for _, b := range []byte(kb) {
		sum = (sum ^ uint64(b)) * 1099511628211
	}
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(sum>>32), uint16(sum>>16), sum&0xfff, sum>>4&0xfff, sum>>8&0xffffffffffff)
}
