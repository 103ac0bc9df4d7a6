package windows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/remote/remotetest/pwsh"
)

// odd is a title that no script may put into a command.
const odd = "Update \"quoted\" 'n' $(throw 'x') `tick`\nsecond line 🩹 <b>&amp;"

func TestUpdatesHaveTheShapesOfCOM(t *testing.T) {
	s := Core2019German("db01", day)
	u := s.Cumulative("5034127", 5400, day)
	u.CVEs, u.Superseded, u.Severity = []string{"CVE-2026-1111"}, []string{"a", "b"}, "Critical"
	strange := s.Plain("890830", odd, CriticalUpdates, day.Add(time.Hour))
	strange.Eula = "Lizenz"
	s.Updates = []Update{u, strange}
	s.History = []HistoryEntry{{UpdateID: u.UpdateID, Revision: 199, Title: "old", Date: day, Operation: 1, ResultCode: Failed, HResult: 0x80070643, Client: "AutomaticUpdates"}}
	w := world(t, s)
	sh := open(t, w)
	sh.must(t, `$s = New-Object -ComObject Microsoft.Update.Session; $s.ClientApplicationID = 'probe'; $find = $s.CreateUpdateSearcher(); $r = $find.Search("IsInstalled=0 and Type='Software'"); $u = $r.Updates.Item(0); $odd = $r.Updates.Item(1)`)
	sh.same(t, [][2]string{
		{`$r.ResultCode; $r.Updates.Count; $r.Updates -is [array]; $r.Warnings.Count`, "2\n2\nFalse\n0"},
		{`foreach ($x in $r.Updates) { $x.Identity.UpdateID -eq $u.Identity.UpdateID }`, "True\nFalse"},
		{`$r.Updates | ForEach-Object { $_.KBArticleIDs.Item(0) }`, "5034127\n890830"},
		{`$u.KBArticleIDs -is [array]; $u.KBArticleIDs.Count; @($u.SupersededUpdateIDs) -join '+'; $u.CveIDs.Item(0)`, "False\n1\na+b\nCVE-2026-1111"},
		{`$u.Identity.RevisionNumber.GetType().Name; $u.MsrcSeverity; $u.MaxDownloadSize.GetType().Name; $u.MaxDownloadSize`, "Int32\nCritical\nDecimal\n440401920"},
		{`$u.LastDeploymentChangeTime.ToString('o'); $u.LastDeploymentChangeTime.Kind`, "2026-11-10T18:00:00.0000000\nUnspecified"},
		{`foreach ($c in $u.Categories) { $c.Name + '|' + $c.Type }`, "Sicherheitsupdates|UpdateClassification\nWindows Server 2019|Product"},
		{`$u.InstallationBehavior.RebootBehavior; $u.InstallationBehavior.CanRequestUserInput; $u.BundledUpdates.Count; $u.Type; $u.DeploymentAction; $null -eq $u.Deadline`, "2\nFalse\n1\n1\n1\nTrue"},
		{`[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($odd.Title))`, b64(odd)},
		{`$odd.EulaAccepted; $odd.EulaText; $u.EulaAccepted`, "False\nLizenz\nTrue"},
		{`$find.GetTotalHistoryCount(); $h = $find.QueryHistory(0, 1); $h.Count; $h.Item(0).HResult; $h.Item(0).Date.Kind; $h.Item(0).UpdateIdentity.RevisionNumber`, "1\n1\n-2147023293\nUnspecified\n199"},
		{`$r.Updates.Item(2)`, "THROWN 0x80240007 COMException: Exception from HRESULT: 0x80240007"},
		{`$find.Search('nonsense')`, "THROWN 0x80240032 COMException: Ausnahme von HRESULT: 0x80240032"},
		{`$find.ServerSelection = 3; $find.ServiceID = '7971f918-a847-4430-9279-4a52d1efe18d'; $find.Search('')`, "THROWN 0x80248014 COMException: Ausnahme von HRESULT: 0x80248014"},
		{`$s.CreateUpdateInstaller()`, "THROWN 0x80070005 UnauthorizedAccessException: Zugriff verweigert (Ausnahme von HRESULT: 0x80070005 (E_ACCESSDENIED))"},
		{`$odd.AcceptEula()`, "THROWN 0x80070005 UnauthorizedAccessException: Zugriff verweigert (Ausnahme von HRESULT: 0x80070005 (E_ACCESSDENIED))"},
		// PowerShell hides the error of a COM property: denied looks like $null, which is not "no".
		{`$null -eq (New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired`, "True"},
		{`New-Object -ComObject No.Such`, "THROWN 0x80040154 COMException: Retrieving the COM class factory for component with CLSID {00000000-0000-0000-0000-000000000000} failed due to the following error: 80040154 Class not registered (Exception from HRESULT: 0x80040154 (REGDB_E_CLASSNOTREG))."},
		{`$c = New-Object -ComObject Microsoft.Update.UpdateColl; $c.Count; $c.Add($u); $c.Count; try { $c.Add('x') } catch { 'no' }`, "0\n0\n1\nno"},
		{`(New-Object System.Text.StringBuilder 'net').ToString(); (New-Object -TypeName System.Collections.ArrayList).Count`, "net\n0"},
		{`(New-Object -ComObject Microsoft.Update.AutoUpdate).Results.LastSearchSuccessDate.Kind`, "Unspecified"},
		{`(New-Object -ComObject Microsoft.Update.ServiceManager).Services.Item(0).Name`, "Windows Update"},
		{`(New-Object -ComObject Microsoft.Update.AgentInfo).GetInfo('ApiMajorVersion')`, "8"},
	})
	if err := w.Change(func(s *State) error { s.Faults.BrokenUpdates = true; return nil }); err != nil {
		t.Fatal(err)
	}
	sh.same(t, [][2]string{{`$r = $s.CreateUpdateSearcher().Search('IsInstalled=0'); $r.Updates.Count; $null -eq $r.Updates.Item(2).Identity; @($r.Updates.Item(2).PSObject.Properties).Count`, "3\nTrue\n0"}})
}

func TestTheRestOfWindowsHasItsShapes(t *testing.T) {
	s := Server2022("web01", day)
	s.BootedAt = time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	s.Pending = []string{FileRename, CBSRebootPending}
	s.Folders = []Folder{{Path: "Desk/jobs", Owner: `WEB01\eve`}}
	s.HotFixes = []HotFix{{"KB5034129", "Security Update", `NT AUTHORITY\SYSTEM`, day}}
	w := world(t, s)
	sh := open(t, w)
	sh.must(t, `Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'; $nt = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'; $mgr = 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager'`)
	sh.same(t, [][2]string{
		{`$v = Get-ItemProperty -LiteralPath $nt; $v.CurrentBuildNumber; $v.UBR; $v.UBR.GetType().Name; $v.ProductName`, "20348\n2340\nInt32\nWindows Server 2022 Standard"},
		{`(Get-ItemProperty $nt -Name UBR).UBR; Get-ItemPropertyValue -Path $nt -Name DisplayVersion; (Get-Item $nt).GetValue('EditionID')`, "2340\n21H2\nServerStandard"},
		{`Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending'; Test-Path 'HKLM:\SOFTWARE\Nope'; Test-Path $env:ProgramData -PathType Container`, "True\nFalse\nTrue"},
		{`@((Get-ItemProperty $mgr).PendingFileRenameOperations).Count; (Get-ItemProperty HKLM:\SOFTWARE\Nope -ErrorAction SilentlyContinue) -eq $null`, "2\nTrue"},
		{`Get-ItemProperty 'HKLM:\SOFTWARE\Nope'`, "THROWN 0x80131501 ItemNotFoundException: Cannot find path 'HKLM:\\SOFTWARE\\Nope' because it does not exist."},
		{`$null = New-Item 'HKLM:\SOFTWARE\Shop' -Force; Set-ItemProperty HKLM:\SOFTWARE\Shop -Name N -Value 7 -Type DWord; (Get-ItemProperty HKLM:\SOFTWARE\Shop).N; Remove-Item HKLM:\SOFTWARE\Shop -Recurse; Test-Path HKLM:\SOFTWARE\Shop`, "7\nFalse"},
		{`(Get-ChildItem 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName').PSChildName`, "ActiveComputerName\nComputerName"},
		{`$o = Get-CimInstance Win32_OperatingSystem; $o.Caption; $o.LastBootUpTime.Kind; $o.LastBootUpTime.ToUniversalTime().ToString('s') + 'Z'`, "Microsoft Windows Server 2022 Standard\nLocal\n" + s.BootedAt.Format(time.RFC3339)},
		{`(Get-WmiObject Win32_OperatingSystem).LastBootUpTime -match '^\d{14}\.\d{6}[+-]\d{3}$'`, "True"},
		{`(Get-CimInstance Win32_LogicalDisk -Filter "DriveType=3 AND DeviceID='C:'").FreeSpace; @(Get-CimInstance -Query 'SELECT * FROM Win32_Process WHERE Name = "smss.exe"').Count`, "68719476736\n1"},
		{`@(Get-CimInstance Win32_Process -Filter "ProcessId = $PID").Count; (Get-CimInstance Win32_Service -Filter "Name='wuauserv'").StartMode; Get-CimInstance Win32_Nope -ErrorAction SilentlyContinue`, "1\nManual"},
		{`[string] (Get-Service wuauserv).Status; (Get-Service wuauserv).StartType -eq 'Manual'; (Get-Process smss).Name; @(Get-Process TiWorker -ErrorAction SilentlyContinue).Count`, "Running\nTrue\nsmss\n0"},
		{`(Get-HotFix -Id KB5034129).Description; Get-WinEvent -LogName System -ErrorAction SilentlyContinue`, "Security Update"},
		{`[Security.Principal.WindowsIdentity]::GetCurrent().Name; [Security.Principal.WindowsIdentity]::GetCurrent().User.Value -like 'S-1-5-21-*-500'; ([Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)`, "SHOP\\Administrator\nTrue\nTrue"},
		{`shutdown.exe /a 2>$null; $LASTEXITCODE; & "$env:SystemRoot\System32\shutdown.exe" /r /t 600 /d p:2:17 /c 'x y'; $LASTEXITCODE; shutdown.exe /r /t 1; $LASTEXITCODE; shutdown.exe /a; $LASTEXITCODE`, "1116\n0\n1190\n0"},
		{`$m = New-Object System.Threading.Mutex($false, 'Global\Desk'); $m.WaitOne(0); $m.ReleaseMutex(); $m.Dispose()`, "True"},
	})
	sh.same(t, rights)
	if out := sh.ask(t, `Get-Content (Join-Path $env:SystemRoot 'nope.txt') -ErrorAction SilentlyContinue; "$([Environment]::GetEnvironmentVariable('FAKEWIN_TEXT'))|$env:COMPUTERNAME|$env:USERDOMAIN|$env:USERNAME"`); out != "|WEB01|SHOP|Administrator" {
		t.Errorf("environment: %q", out)
	}
}

// rights asks for owners and access lists of files.
var rights = [][2]string{
	{`$d = Join-Path $env:ProgramData 'Desk/jobs'; (Get-Acl -LiteralPath $d).Owner; (Get-Acl $d).GetOwner([Security.Principal.SecurityIdentifier]).Value -like 'S-1-5-21-*'`, "WEB01\\eve\nTrue"},
	{`$d = Join-Path $env:ProgramData 'mine'; $null = New-Item -ItemType Directory $d; (Get-Acl $d).Owner; (Get-Acl $d).AreAccessRulesProtected; @((Get-Acl $d).Access | Where-Object { $_.IdentityReference.Value -eq 'BUILTIN\Users' }).Count`, "BUILTIN\\Administrators\nFalse\n2"},
	{`$a = Get-Acl $d; $a.SetSecurityDescriptorSddlForm('O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)'); Set-Acl -LiteralPath $d -AclObject $a; $b = Get-Acl $d; $b.Owner; $b.AreAccessRulesProtected; $b.Sddl`, "NT AUTHORITY\\SYSTEM\nTrue\nO:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"},
	{`$f = Join-Path $d 'x.txt'; Set-Content $f 'x'; $x = Get-Acl $f; @($x.Access).Count; $x.Access[0].IsInherited; $x.Access[0].FileSystemRights`, "2\nTrue\nFullControl"},
	{`$d = Join-Path $env:ProgramData 'other'; $null = New-Item -ItemType Directory $d; $null = icacls.exe $d /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' /setowner '*S-1-5-18'; $LASTEXITCODE; (Get-Acl $d).Sddl`, "0\nO:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"},
	{`Remove-Item -LiteralPath $d -Recurse; $null = New-Item -ItemType Directory $d; (Get-Acl $d).Owner`, "BUILTIN\\Administrators"},
	{`$n = New-Object System.Security.AccessControl.DirectorySecurity; $n.SetAccessRuleProtection($true, $false); $n.AddAccessRule((New-Object System.Security.AccessControl.FileSystemAccessRule((New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-18'), 'FullControl', 'ContainerInherit,ObjectInherit', 'None', 'Allow'))); $n.SetOwner([Security.Principal.SecurityIdentifier] 'S-1-5-32-544'); $n.Sddl`, "O:BAG:SYD:PAI(A;OICI;FA;;;SY)"},
}

// The commands of the prelude take no parameter that Windows' own do not have,
// or a script could pass here and fail there.
func TestCommandsTakeOnlyWhatWindowsTakes(t *testing.T) {
	_, folder := pwsh.Need(t)
	if folder == "" {
		t.Skip("the commands are not compared: there is no list of Windows PowerShell's commands beside pwsh")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "windows51-commands.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			known[f[0]] = "," + f[2] + ","
		}
	}
	sh := open(t, world(t, Server2022("web01", day)))
	out := sh.ask(t, `$common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
		foreach ($f in Get-Command -CommandType Function) { if ($f.Name -match '^[A-Z][a-z]+-[A-Z]' -and $f.Name -notmatch 'Fake' -and -not $f.Source) { $f.Name + ' ' + (@($f.Parameters.Keys | Where-Object { $common -notcontains $_ }) -join ',') } }`)
	checked := 0
	for line := range strings.Lines(out) {
		name, parameters, _ := strings.Cut(strings.TrimSpace(line), " ")
		if known[name] == "" {
			continue
		}
		checked++
		for _, p := range strings.Split(parameters, ",") {
			if p != "" && !strings.Contains(known[name], ","+p+",") {
				t.Errorf("%s -%s is not in Windows PowerShell 5.1", name, p)
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d commands compared", checked)
	}
}
