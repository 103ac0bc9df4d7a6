package practice

import (
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/windows"
)

// A winDefinition is what makes one Windows host of the shop what it is.
type winDefinition struct {
	definition
	Login  string // as the inventory has it
	Base   func(name string, now time.Time) windows.State
	UBR    int                          // before the oldest of its updates
	Offers func(p patchDays) []winOffer // all it ever lacked, oldest first
	State  func(s *windows.State)       // what else is odd; nil: nothing
	Silent int                          // days for which its update server has not answered; 0: it answers
}

// patchDays are four Tuesdays, the newest at least a week before the shop was
// opened for the first time, and the shop's earlier round of updates.
type patchDays struct {
	tuesday [4]time.Time // newest first
	round   time.Time
	anchor  time.Time
}

func (s *Shop) patchDays() patchDays {
	at := s.anchor.AddDate(0, 0, -7).Truncate(24 * time.Hour)
	for at.Weekday() != time.Tuesday {
		at = at.AddDate(0, 0, -1)
	}
	p := patchDays{round: s.roundAt().Add(20 * time.Minute), anchor: s.anchor}
	for i := range p.tuesday {
		p.tuesday[i] = at.AddDate(0, 0, -28*i).Add(18 * time.Hour)
	}
	return p
}

// A winOffer is an update that a Windows host lacks, or lacked once.
type winOffer struct {
	KB, Title string // no title: a monthly cumulative update
	Class     string // the classification's GUID; of a cumulative update its own
	Severity  string // MSRC's word
	CVEs      []string
	UBR       int // of a cumulative update
	Out, In   time.Time
	Failed    time.Time // Windows tried by itself, and failed
	Waits     bool      // in, and a boot is still to come
	RollsBack bool
	Revision  int    // 0: the seed's own
	Size      int64  // 0: the seed's own
	Eula      string // the licence terms it asks for; empty: none
}

// monthly are the four cumulative updates of a product; those up to the one
// that is missing so many months went in some days after they came out.
func (p patchDays) monthly(kb []string, ubr, missing, days int) []winOffer {
	var out []winOffer
	for i := 3; i >= 0; i-- {
		o := winOffer{KB: kb[3-i], UBR: ubr + (4-i)*137, Out: p.tuesday[i]}
		if i >= missing {
			o.In = o.Out.AddDate(0, 0, days).Add(4 * time.Hour)
		}
		out = append(out, o)
	}
	return out
}

// definitions are what Defender wants at every weekly scan; the newest is not in.
func (p patchDays) definitions() []winOffer {
	var out []winOffer
	for k := weeks; k >= 0; k-- {
		o := winOffer{KB: "2267602", Title: "Security Intelligence Update for Microsoft Defender Antivirus - KB2267602 - Current Channel (Broad)",
			Class: windows.DefinitionUpdates, Out: p.anchor.Add(-lastScan-14*time.Hour).AddDate(0, 0, -7*k), Revision: 200 + weeks - k, Size: 128 << 20}
		if k > 0 {
			o.In = o.Out.AddDate(0, 0, 2)
		}
		out = append(out, o)
	}
	return out
}

func dotNet(kb, product string, out, in time.Time) winOffer {
	return winOffer{KB: kb, Title: "Cumulative Update for .NET Framework 4.8.1 for " + product + " for x64 (KB" + kb + ")", Class: windows.SecurityUpdates,
		Severity: "Important", CVEs: []string{"CVE-2026-20801", "CVE-2026-20833"}, Out: out, In: in, Size: 71 << 20}
}

func server2016(name string, now time.Time) windows.State {
	s := windows.Server2022(name, now)
	s.Product, s.DisplayVersion, s.ReleaseID, s.Build = "Windows Server 2016 Datacenter", "", "1607", 14393
	s.Edition = "ServerDatacenter"
	return s
}

func server2019(name string, now time.Time) windows.State {
	s := windows.Server2022(name, now)
	s.Product, s.DisplayVersion, s.ReleaseID, s.Build = "Windows Server 2019 Standard", "", "1809", 17763
	return s
}

var windowsOS = OS{ID: "windows", Platform: data.WindowsUpdate}

// domainLogin is the service account of the shop's domain, localLogin that of
// a host outside of it.
const (
	domainLogin = `SHOP\svc-patch`
	localLogin  = "patch"
)

// windowsCompany returns the Windows hosts of the shop.
func windowsCompany() []winDefinition {
	return []winDefinition{
		{definition: definition{Name: "dc1", Group: "Infrastructure", Unit: "IT", Owner: "Carla Sousa", Criticality: data.CriticalityCritical, Exposure: data.Internal, Environment: data.OnPremises, Ring: 2,
			OS: windowsOS, UpDays: 29, ListAge: 6, PatchedDays: roundDays, Notes: "Domain controller. Its .NET update was left out of the last round."},
			Login: domainLogin, Base: windows.Server2022, UBR: 3800, Offers: func(p patchDays) []winOffer {
				own := p.monthly([]string{"5070101", "5070118", "5070133", "5070152"}, 3800, 1, 3)
				own[2].In = p.round
				late := dotNet("5070211", "Microsoft server operating system version 21H2", p.tuesday[1], time.Time{})
				late.Failed = p.anchor.AddDate(0, 0, -9).Truncate(time.Minute)
				return append(append(own, dotNet("5070204", "Microsoft server operating system version 21H2", p.tuesday[2], p.round), late), p.definitions()...)
			}},
		{definition: definition{Name: "ad2", Group: "Infrastructure", Unit: "IT", Owner: "Carla Sousa", Criticality: data.CriticalityHigh, Exposure: data.Internal, Environment: data.OnPremises, Ring: 1,
			OS: windowsOS, UpDays: 10, ListAge: 5, Key: "unknown", Notes: "The new domain controller. Practice: nobody has vouched for its certificate yet."},
			Login: domainLogin, Base: windows.Server2025, UBR: 6200, Offers: func(p patchDays) []winOffer {
				return p.monthly([]string{"5070502", "5070519", "5070534", "5070553"}, 6200, 1, 2)[2:]
			}},
		{definition: definition{Name: "erp-app", Group: "Finance", Unit: "Finance", Owner: "Miguel Torres", Criticality: data.CriticalityCritical, Exposure: data.Internal, Environment: data.OnPremises, Ring: 3,
			OS: windowsOS, UpDays: 57, ListAge: 8, Notes: "Application server of the ERP; the vendor clears updates of SQL Server."},
			Login: domainLogin, Base: server2019, UBR: 7400, Offers: func(p patchDays) []winOffer {
				sql := winOffer{KB: "5070610", Title: "Security Update for SQL Server 2019 RTM CU (KB5070610)", Class: windows.SecurityUpdates, Severity: "Important", CVEs: []string{"CVE-2026-21180"}, Out: p.tuesday[1], Size: 688 << 20, Eula: sqlTerms}
				tool := winOffer{KB: "890830", Title: "Windows Malicious Software Removal Tool x64 (KB890830)", Class: windows.UpdateRollups, Out: p.tuesday[2], In: p.tuesday[2].AddDate(0, 0, 5)}
				return append(p.monthly([]string{"5070301", "5070317", "5070334", "5070351"}, 7400, 2, 5), tool, dotNet("5070412", "Windows Server 2019", p.tuesday[1], time.Time{}), sql)
			}},
		{definition: definition{Name: "rds1", Group: "Windows", Unit: "Administration", Owner: "Jonas Weber", Criticality: data.CriticalityHigh, Exposure: data.Internet, Environment: data.OnPremises, Ring: 2,
			OS: windowsOS, UpDays: 30, ListAge: 7, Notes: "Remote desktop gateway. Practice: Windows takes its cumulative update back while it reboots."},
			Login: domainLogin, Base: windows.Server2022, UBR: 3800, Offers: func(p patchDays) []winOffer {
				own := p.monthly([]string{"5070101", "5070118", "5070133", "5070152"}, 3800, 1, 3)
				own[3].RollsBack = true
				return append(own, p.definitions()...)
			}},
		{definition: definition{Name: "hyperv", Group: "Windows", Unit: "IT", Owner: "Carla Sousa", Criticality: data.CriticalityHigh, Exposure: data.Internal, Environment: data.RemoteSite, Ring: 3,
			OS: windowsOS, UpDays: 24, ListAge: 9, Notes: "Outside the domain. Practice: an update is in and waits for a reboot."},
			Login: localLogin, Base: server2016, UBR: 8100, Offers: func(p patchDays) []winOffer {
				own := p.monthly([]string{"5070701", "5070716", "5070738", "5070750"}, 8100, 1, 10)
				own[3].In, own[3].Waits = p.anchor.AddDate(0, 0, -4).Truncate(time.Second), true
				return own
			}},
		{definition: definition{Name: "wh-win", Group: "Warehouse", Unit: "Logistics", Owner: "Ana Ribeiro", Criticality: data.CriticalityMedium, Exposure: data.Internal, Environment: data.RemoteSite, Ring: 2,
			OS: windowsOS, UpDays: 30, ListAge: 12, Notes: "German Server Core. Practice: its WSUS no longer answers, so what it lacks is unknown."},
			Login: domainLogin, Base: windows.Core2019German, UBR: 7400, Silent: 16, Offers: func(p patchDays) []winOffer {
				return append(p.monthly([]string{"5070301", "5070317", "5070334", "5070351"}, 7400, 1, 4), p.definitions()...)
			}, State: func(s *windows.State) { s.Source.Error = 0x80072EE2 }},
	}
}

// everyone returns what all hosts of the shop have in common, in the order of
// the inventory.
func everyone() []definition {
	all := company()
	for _, d := range windowsCompany() {
		all = append(all, d.definition)
	}
	return all
}

// sqlTerms are made up.
const sqlTerms = "LICENCE TERMS OF THE PRACTICE SHOP\n\nThese terms are made up. They stand where a vendor's own would.\n\n1. You may install the update on hosts that run the product.\n2. Whoever accepts these terms is named in the audit trail.\n"
