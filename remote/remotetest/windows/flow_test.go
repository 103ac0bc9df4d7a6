package windows

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/remote/remotetest/pwsh"
)

// patch is a probe in the manner of ansible.windows' win_updates and of rgl's
// windows-update.ps1: it runs as SYSTEM in a task.
const patch = `
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$log = Join-Path $env:ProgramData 'probe/log.jsonl'
function say($what) { [IO.File]::AppendAllText($log, (ConvertTo-Json -Compress $what) + [Environment]::NewLine) }
try {
	$session = New-Object -ComObject Microsoft.Update.Session
	$session.ClientApplicationID = 'probe'
	$found = $session.CreateUpdateSearcher().Search('IsInstalled=0 and IsHidden=0')
	say @{ who = [Security.Principal.WindowsIdentity]::GetCurrent().Name; found = $found.Updates.Count; reboot = (New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired; cwd = $PWD.Path }
	$chosen = New-Object -ComObject Microsoft.Update.UpdateColl
	foreach ($u in $found.Updates) {
		if ($u.InstallationBehavior.CanRequestUserInput) { continue }
		if (-not $u.EulaAccepted) { $u.AcceptEula() }
		[void] $chosen.Add($u)
	}
	$down = $session.CreateUpdateDownloader(); $down.Updates = $chosen
	$got = $down.Download()
	$in = $session.CreateUpdateInstaller(); $in.Updates = $chosen; $in.ForceQuiet = $true; $in.AllowSourcePrompts = $false
	$done = $in.Install()
	for ($i = 0; $i -lt $chosen.Count; $i++) {
		$one = $done.GetUpdateResult($i)
		say @{ title = $chosen.Item($i).Title; download = $got.GetUpdateResult($i).ResultCode; result = $one.ResultCode; hresult = '0x{0:X8}' -f $one.HResult; reboot = $one.RebootRequired }
	}
	say @{ result = $done.ResultCode; reboot = $done.RebootRequired }
	if ($done.RebootRequired) { exit 101 }
} catch { say @{ error = $_.Exception.Message }; exit 1 }
`

// start registers the task from a network logon and starts it.
const start = `
$ErrorActionPreference = 'Stop'
$dir = Join-Path $env:ProgramData 'probe'
$null = New-Item -ItemType Directory -Path $dir
[IO.File]::WriteAllText((Join-Path $dir 'patch.ps1'), [Console]::In.ReadToEnd())
$action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File ""$(Join-Path $dir 'patch.ps1')""" -WorkingDirectory $dir
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Hours 1) -Priority 4 -MultipleInstances IgnoreNew -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
$principal = New-ScheduledTaskPrincipal -UserId SYSTEM -LogonType ServiceAccount -RunLevel Highest
$task = Register-ScheduledTask -TaskPath '\Probe\' -TaskName 'patch' -Action $action -Settings $settings -Principal $principal
'{0} {1} {2}' -f $task.State, $task.TaskPath, (Get-ScheduledTaskInfo -TaskPath '\Probe\' -TaskName patch).LastTaskResult
Start-ScheduledTask -TaskPath '\Probe\' -TaskName patch
Start-ScheduledTask -TaskPath '\Probe\' -TaskName patch
(Get-ScheduledTask -TaskPath '\Probe\').State
`

func TestATaskPatchesAndTheServerReboots(t *testing.T) {
	s := Server2025("web02", day)
	lcu := s.Cumulative("5058411", 4200, day)
	lcu.Title = odd
	bad := s.Plain("5056579", ".NET", SecurityUpdates, day)
	bad.InstallError = 0x80070643
	asks := s.Plain("1", "asks", Drivers, day)
	asks.AsksUser = true
	eula := s.Plain("2", "licence", PlainUpdates, day)
	eula.Eula = "text"
	s.Updates = []Update{lcu, bad, asks, eula}
	w := world(t, s)
	w.Pwsh, _ = pwsh.Need(t)
	up := make(chan bool, 1)
	w.OnUp = func() { up <- true }

	if out, code := run(t, w, start, patch); code != 0 || out != "Ready \\Probe\\ 267011\nRunning\n" {
		t.Fatalf("start: %d %q", code, out)
	}
	task := waitForTask(t, w, `\Probe\patch`)
	if task.LastResult != 101 || task.Runs != 1 {
		t.Errorf("task: %+v", task)
	}
	log := readLog(t, filepath.Join(w.ProgramData(), "probe", "log.jsonl"))
	if len(log) != 5 {
		t.Fatalf("log %v", log)
	}
	if log[0]["found"] != 4.0 || log[0]["reboot"] != false || log[0]["who"] != `NT AUTHORITY\SYSTEM` || log[0]["cwd"] != filepath.Join(w.ProgramData(), "probe") {
		t.Errorf("first: %v", log[0])
	}
	if log[1]["title"] != odd || log[1]["result"] != 2.0 || log[1]["reboot"] != true {
		t.Errorf("the cumulative one: %v", log[1])
	}
	if log[2]["result"] != 4.0 || log[2]["hresult"] != "0x80070643" || log[3]["result"] != 2.0 || log[4]["result"] != 3.0 {
		t.Errorf("the others: %v", log[2:])
	}

	if out, _ := run(t, w, `shutdown.exe /r /t 0 /d p:2:17 /c 'patched'; "rc $LASTEXITCODE"`, ""); out != "" && out != "rc 0\n" {
		t.Errorf("shutdown: %q", out) // killed before it says so, or after
	}
	select {
	case <-up:
	case <-time.After(5 * time.Minute):
		t.Fatal("it did not come back")
	}
	out, code := run(t, w, `(Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').UBR; try { (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher() } catch { '{0:X}' -f $_.Exception.HResult }
		Unregister-ScheduledTask -TaskPath '\Probe\' -TaskName patch -Confirm:$false; @(Get-ScheduledTask -TaskPath '\Probe\*').Count; exit 3`, "")
	if code != 3 || out != "4200\n80070005\n0\n" {
		t.Errorf("after the boot: %d %q", code, out)
	}
}

func waitForTask(t *testing.T, w *World, full string) Task {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		tasks, err := w.Tasks()
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if task.full() == full && task.State != TaskRunning {
				return task
			}
		}
	}
	t.Fatalf("%s does not end", full)
	return Task{}
}

func readLog(t *testing.T, path string) (lines []map[string]any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, one)
	}
	return lines
}

func TestTheTaskSchedulersFaults(t *testing.T) {
	w := world(t, Server2022("web01", day))
	sh := open(t, w)
	fault := func(f Faults) {
		t.Helper()
		if err := w.Change(func(s *State) error { s.Faults = f; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	sh.must(t, `$ErrorActionPreference = 'Stop'; $a = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument '-Command Start-Sleep 600'
		$p = New-ScheduledTaskPrincipal -UserId 'S-1-5-18'; function reg($n, $s) { $null = Register-ScheduledTask -TaskPath '\P\' -TaskName $n -Action $a -Principal $p -Settings $s }
		function last($n) { $i = Get-ScheduledTaskInfo -TaskPath '\P\' -TaskName $n; '{0} 0x{1:X}' -f (Get-ScheduledTask -TaskPath '\P\' -TaskName $n).State, $i.LastTaskResult }
		reg long (New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::FromSeconds(0.2)))
		reg stop (New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Hours 1))`)
	sh.same(t, [][2]string{
		{`last long; reg long (New-ScheduledTaskSettingsSet)`, "Ready 0x41303\nTHROWN 0x800700B7 CimException: Cannot create a file when that file already exists."},
		{`Get-ScheduledTask -TaskName nope`, "THROWN 0x80131500 CimException: No MSFT_ScheduledTask objects found with property 'TaskName' equal to 'nope'.  Verify the value of the property and retry."},
		{`(Get-ScheduledTask -TaskPath '\P\').TaskName -join ','; @(Get-ScheduledTask -TaskPath '\P' -ErrorAction SilentlyContinue).Count; (Get-ScheduledTask -TaskName 'lo*').TaskName`, "long,stop\n0\nlong"},
		{`Start-ScheduledTask -TaskPath '\P\' -TaskName long; Start-ScheduledTask '\P\stop' -ErrorAction SilentlyContinue; Start-ScheduledTask -TaskPath '\P\' -TaskName stop; last stop; Stop-ScheduledTask -TaskPath '\P\' -TaskName stop`, "Running 0x41301"},
	})
	for _, name := range []string{"long", "stop"} {
		if task := waitForTask(t, w, `\P\`+name); task.LastResult != taskTerminated {
			t.Errorf("%s: %#x", name, task.LastResult)
		}
	}
	fault(Faults{TaskNeverStarts: true, TaskResult: 0x8007010B})
	sh.same(t, [][2]string{
		{`$svc = New-Object -ComObject Schedule.Service; $svc.Connect(); $task = $svc.GetFolder('\P').GetTask('long'); $null = $task.RunEx($null, 2, 0, $null); '0x{0:X8}' -f $task.LastTaskResult; $task.State; $svc.GetFolder('\P').GetTasks(0).Count`, "0x8007010B\n3\n2"},
	})
	fault(Faults{TaskNeverStarts: true})
	sh.same(t, [][2]string{{`Start-ScheduledTask -TaskPath '\P\' -TaskName long; [string] (Get-ScheduledTask -TaskPath '\P\' -TaskName long).State`, "Queued"}})
	fault(Faults{TaskRegister: accessDenied})
	sh.same(t, [][2]string{{`reg more (New-ScheduledTaskSettingsSet)`, "THROWN 0x80070005 CimException: Access is denied."}})
}

func TestPoliciesAndAFullDisk(t *testing.T) {
	s := Server2022("web01", day)
	s.Faults.ConstrainedLanguage = true
	w := world(t, s)
	w.Pwsh, _ = pwsh.Need(t)
	out, _ := run(t, w, `$ExecutionContext.SessionState.LanguageMode; try { New-Object -ComObject Microsoft.Update.Session } catch { $_.Exception.Message }
		try { [IO.File]::Exists('x') } catch { $_.FullyQualifiedErrorId }; (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').UBR`, "")
	if out != "ConstrainedLanguage\nCannot create type. Only core types are supported in this language mode.\nMethodInvocationNotSupportedInConstrainedLanguage\n2340\n" {
		t.Errorf("constrained: %q", out)
	}
	if err := w.Change(func(s *State) error { s.Faults = Faults{DiskFull: true}; return nil }); err != nil {
		t.Fatal(err)
	}
	out, _ = run(t, w, `$f = Join-Path $env:ProgramData 'x'; try { Set-Content $f 'x' } catch { '0x{0:X8}' -f $_.Exception.HResult }; try { [IO.File]::WriteAllText($f, 'x') } catch { '0x{0:X8}' -f $_.Exception.GetBaseException().HResult }
		try { $s = [IO.File]::Open($f, 'Append'); $s.WriteByte(1); $s.Dispose(); 'filled' } catch { 'not filled' }; (Get-Item $f -ErrorAction SilentlyContinue).Length`, "")
	if out != "0x80070070\n0x80070070\nnot filled\n0\n" {
		t.Errorf("full disk: %q", out)
	}
}

func TestACommandDiesWithTheComputer(t *testing.T) {
	w := world(t, Server2022("web01", day))
	w.Run = func(ctx context.Context, p *Program) int { <-ctx.Done(); return 9 }
	ended := make(chan int)
	go func() { _, code := run(t, w, "wait", ""); ended <- code }()
	for {
		w.mu.Lock()
		n := len(w.running)
		w.mu.Unlock()
		if n > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := w.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 9 {
		t.Errorf("code %d", code)
	}
}
