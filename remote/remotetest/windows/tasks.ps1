# The task scheduler: the cmdlets of the module ScheduledTasks, and as much of
# the COM object Schedule.Service as scripts use to look, start and stop.

enum FakeTaskState { Unknown = 0; Disabled = 1; Queued = 2; Ready = 3; Running = 4 }
enum FakeInstances { Parallel = 0; Queue = 1; IgnoreNew = 2 }

function New-FakeTaskFault {
    param([Exception] $From, [string] $Command, [string] $Category, $Target)
    $text = switch ($From.HResult) { -2147024891 { 'Access is denied.' } -2147024713 { 'Cannot create a file when that file already exists.' } -2147024894 { 'The system cannot find the file specified.' } default { $From.Message } }
    $e = [Microsoft.Management.Infrastructure.CimException]::new($text)
    $e.HResult = $From.HResult
    New-FakeError $e ('HRESULT 0x{0:x8},{1}' -f $From.HResult, $Command) $Category $Target
}

function New-ScheduledTaskAction {
    [CmdletBinding()]
    param([string] $Id, [Parameter(Mandatory, Position = 0)][string] $Execute, [Parameter(Position = 1)][string] $Argument, [Parameter(Position = 2)][string] $WorkingDirectory)
    [pscustomobject]@{ Id = $Id; Execute = $Execute; Arguments = $Argument; WorkingDirectory = $WorkingDirectory }
}

function New-ScheduledTaskPrincipal {
    [CmdletBinding(DefaultParameterSetName = 'User')]
    param(
        [Parameter(ParameterSetName = 'User', Mandatory, Position = 0)][string] $UserId,
        [Parameter(ParameterSetName = 'Group', Mandatory, Position = 0)][string] $GroupId,
        [Parameter(ParameterSetName = 'User', Position = 1)][ValidateSet('None', 'Password', 'S4U', 'Interactive', 'Group', 'ServiceAccount', 'InteractiveOrPassword')][string] $LogonType,
        [Parameter(Position = 2)][ValidateSet('Limited', 'Highest')][string] $RunLevel = 'Limited',
        [string] $ProcessTokenSidType, [string[]] $RequiredPrivilege, [string] $Id
    )
    [pscustomobject]@{ UserId = $UserId; GroupId = $GroupId; LogonType = $LogonType; RunLevel = $RunLevel; Id = $Id }
}

function New-ScheduledTaskSettingsSet {
    [CmdletBinding()]
    param(
        [switch] $DisallowDemandStart, [switch] $DisallowHardTerminate, [ValidateSet('At', 'V1', 'Vista', 'Win7', 'Win8')][string] $Compatibility, [TimeSpan] $DeleteExpiredTaskAfter,
        [switch] $AllowStartIfOnBatteries, [switch] $Disable, [switch] $MaintenanceExclusive, [switch] $Hidden, [switch] $RunOnlyIfIdle, [TimeSpan] $IdleWaitTimeout,
        [string] $NetworkId, [string] $NetworkName, [switch] $DisallowStartOnRemoteAppSession, [TimeSpan] $MaintenancePeriod, [TimeSpan] $MaintenanceDeadline, [switch] $StartWhenAvailable,
        [switch] $DontStopIfGoingOnBatteries, [switch] $WakeToRun, [TimeSpan] $IdleDuration, [switch] $RestartOnIdle, [switch] $DontStopOnIdleEnd,
        [TimeSpan] $ExecutionTimeLimit = [TimeSpan]::FromDays(3), [FakeInstances] $MultipleInstances = 'IgnoreNew', [int] $Priority = 7,
        [int] $RestartCount, [TimeSpan] $RestartInterval, [switch] $RunOnlyIfNetworkAvailable
    )
    [pscustomobject]@{
        ExecutionTimeLimit = [System.Xml.XmlConvert]::ToString($ExecutionTimeLimit); MultipleInstances = $MultipleInstances; Priority = $Priority; Enabled = -not $Disable; Hidden = [bool] $Hidden
        DisallowStartIfOnBatteries = -not $AllowStartIfOnBatteries; StopIfGoingOnBatteries = -not $DontStopIfGoingOnBatteries; StartWhenAvailable = [bool] $StartWhenAvailable
        AllowDemandStart = -not $DisallowDemandStart; AllowHardTerminate = -not $DisallowHardTerminate; WakeToRun = [bool] $WakeToRun; RunOnlyIfIdle = [bool] $RunOnlyIfIdle
        RunOnlyIfNetworkAvailable = [bool] $RunOnlyIfNetworkAvailable; RestartCount = $RestartCount; DeleteExpiredTaskAfter = if ($DeleteExpiredTaskAfter) { [System.Xml.XmlConvert]::ToString($DeleteExpiredTaskAfter) } else { $null }
    }
}

function New-ScheduledTaskTrigger {
    [CmdletBinding()]
    param([switch] $Once, [switch] $AtStartup, [switch] $AtLogOn, [switch] $Daily, [switch] $Weekly, [DateTime] $At, [TimeSpan] $RandomDelay, [TimeSpan] $RepetitionInterval, [TimeSpan] $RepetitionDuration, [uint32] $DaysInterval, [string] $User, [string[]] $DaysOfWeek, [uint32] $WeeksInterval)
    [pscustomobject]@{ Enabled = $true; AtStartup = [bool] $AtStartup; StartBoundary = if ($At) { $At.ToString('s') } else { $null }; EndBoundary = $null }
}

function New-ScheduledTask {
    [CmdletBinding()]
    param([object[]] $Action, [string] $Description, $Principal, $Settings, [object[]] $Trigger)
    [pscustomobject]@{ Actions = $Action; Description = $Description; Principal = $Principal; Settings = $Settings; Triggers = $Trigger }
}

# Reads a task's XML into the same parts.
function Read-FakeTaskXml {
    param([string] $Text)
    Set-StrictMode -Off
    try { $x = ([xml] $Text).Task } catch { throw [System.Runtime.InteropServices.COMException]::new('The task XML is malformed.', -2147216614) }
    $settings = New-ScheduledTaskSettingsSet
    if ($x.Settings.ExecutionTimeLimit) { $settings.ExecutionTimeLimit = $x.Settings.ExecutionTimeLimit }
    if ($x.Settings.MultipleInstancesPolicy) { $settings.MultipleInstances = [FakeInstances] ($x.Settings.MultipleInstancesPolicy -replace 'StopExisting', 'IgnoreNew') }
    if ($x.Settings.Priority) { $settings.Priority = [int] $x.Settings.Priority }
    $settings.DisallowStartIfOnBatteries = $x.Settings.DisallowStartIfOnBatteries -ne 'false'
    $who = $x.Principals.Principal
    New-ScheduledTask -Action (New-ScheduledTaskAction -Execute $x.Actions.Exec.Command -Argument ([string] $x.Actions.Exec.Arguments) -WorkingDirectory ([string] $x.Actions.Exec.WorkingDirectory)) `
        -Principal (New-ScheduledTaskPrincipal -UserId $(if ($who.UserId) { $who.UserId } else { 'SYSTEM' }) -RunLevel $(if ($who.RunLevel -eq 'HighestAvailable') { 'Highest' } else { 'Limited' })) `
        -Settings $settings -Description ([string] $x.RegistrationInfo.Description) -Trigger @($(if ($x.Triggers.BootTrigger) { New-ScheduledTaskTrigger -AtStartup }))
}

# Hands a task to the world.
function Save-FakeTask {
    param($Task, [string] $Path, [string] $Name, [bool] $Force)
    Set-StrictMode -Off
    $a = @($Task.Actions)[0]; $s = $Task.Settings; $p = $Task.Principal
    if ($null -eq $s) { $s = New-ScheduledTaskSettingsSet }
    if ($null -eq $p) { $p = New-ScheduledTaskPrincipal -UserId $global:FakeWindows.User }
    $limit = [System.Xml.XmlConvert]::ToTimeSpan([string] $s.ExecutionTimeLimit)
    $rest = @{}; foreach ($q in $s.PSObject.Properties) { $rest[$q.Name] = [string] $q.Value }
    Invoke-FakeWindows task.register @{
        Force = $Force
        Task  = @{
            Path = $Path; Name = $Name; Description = [string] $Task.Description; Execute = $a.Execute; Arguments = [string] $a.Arguments; WorkDir = [string] $a.WorkingDirectory
            User = $(if ($p.UserId) { $p.UserId } else { $p.GroupId }); Highest = $p.RunLevel -eq 'Highest'; LogonType = @{ Password = 1; S4U = 2; Interactive = 3; Group = 4; ServiceAccount = 5 }[[string] $p.LogonType]
            TimeLimit = [long] ($limit.Ticks * 100); Multiple = [int] [FakeInstances] $s.MultipleInstances; Priority = [int] $s.Priority; OnBatteries = -not $s.DisallowStartIfOnBatteries
            AtStartup = @($Task.Triggers | Where-Object { $_.AtStartup }).Count -gt 0; Settings = $rest; Author = $global:FakeWindows.User
        }
    }
}

# A task as Get-ScheduledTask shows it.
function New-FakeTask {
    param($Raw)
    Set-StrictMode -Off
    $limit = [TimeSpan]::FromTicks([long] ($Raw.TimeLimit / 100))
    [pscustomobject]@{
        TaskName = $Raw.Name; TaskPath = $Raw.Path; State = [FakeTaskState] $Raw.State; Description = [string] $Raw.Description; Author = $Raw.Author; URI = $Raw.Path + $Raw.Name; Date = $null; SecurityDescriptor = $null
        Actions = @([pscustomobject]@{ Id = $null; Execute = $Raw.Execute; Arguments = $Raw.Arguments; WorkingDirectory = $Raw.WorkDir })
        Principal = [pscustomobject]@{ UserId = $Raw.User; RunLevel = $(if ($Raw.Highest) { 'Highest' } else { 'Limited' }); LogonType = $Raw.LogonType; Id = 'Author' }
        Settings = [pscustomobject]@{ ExecutionTimeLimit = [System.Xml.XmlConvert]::ToString($limit); MultipleInstances = [FakeInstances] $Raw.Multiple; Priority = $Raw.Priority; DisallowStartIfOnBatteries = -not $Raw.OnBatteries; Enabled = $Raw.State -ne 1 }
        Triggers = @(); Version = $null
    }
}

function Register-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'User')]
    param(
        [Parameter(Position = 0)][string] $TaskName, [Parameter(Position = 1)][string] $TaskPath = '\',
        [Parameter(ParameterSetName = 'User')][Parameter(ParameterSetName = 'Principal')][object[]] $Action, [Parameter(ParameterSetName = 'User')][Parameter(ParameterSetName = 'Principal')][object[]] $Trigger,
        [Parameter(ParameterSetName = 'User')][Parameter(ParameterSetName = 'Principal')] $Settings, [Parameter(ParameterSetName = 'User')][Parameter(ParameterSetName = 'Principal')][string] $Description,
        [Parameter(ParameterSetName = 'Principal', Mandatory)] $Principal, [Parameter(ParameterSetName = 'User')][ValidateSet('Limited', 'Highest')][string] $RunLevel,
        [Parameter(ParameterSetName = 'Object', Mandatory, ValueFromPipeline)] $InputObject, [Parameter(ParameterSetName = 'Xml', Mandatory)][string] $Xml,
        [string] $User, [string] $Password, [switch] $Force
    )
    Set-StrictMode -Off
    try {
        $task = if ($Xml) { Read-FakeTaskXml $Xml } elseif ($InputObject) { $InputObject } else { New-ScheduledTask -Action $Action -Description $Description -Principal $Principal -Settings $Settings -Trigger $Trigger }
        if ($User) { $task.Principal = New-ScheduledTaskPrincipal -UserId $User -RunLevel $(if ($RunLevel) { $RunLevel } else { 'Limited' }) }
        Save-FakeTask $task $TaskPath $TaskName $Force.IsPresent
    }
    catch {
        $category = if ($_.Exception.HResult -eq -2147024713) { 'ResourceExists' } elseif ($_.Exception.HResult -eq -2147024891) { 'PermissionDenied' } else { 'NotSpecified' }
        $PSCmdlet.WriteError((New-FakeTaskFault $_.Exception 'Register-ScheduledTask' $category 'PS_ScheduledTask')); return
    }
    Find-FakeTask $TaskName ('\' + $TaskPath.Trim('\') + '\').Replace('\\', '\')
}

# The tasks of a name and a folder; wildcards are allowed in both.
function Find-FakeTask {
    param([string[]] $Name, [string[]] $Path)
    foreach ($raw in @(Invoke-FakeWindows task.list)) {
        if ($null -eq $raw) { continue }
        $named = -not $Name -or @($Name | Where-Object { $raw.Name -like $_ }).Count
        if ($named -and (-not $Path -or @($Path | Where-Object { $raw.Path -like $_ }).Count)) { New-FakeTask $raw }
    }
}

function Get-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]] $TaskName, [Parameter(Position = 1)][string[]] $TaskPath)
    Set-StrictMode -Off
    try { $found = @(Find-FakeTask $TaskName $TaskPath) } catch { $PSCmdlet.WriteError((New-FakeTaskFault $_.Exception 'Get-ScheduledTask' NotSpecified 'PS_ScheduledTask')); return }
    if (-not $found.Count) {
        foreach ($pair in @(@('TaskName', $TaskName), @('TaskPath', $TaskPath))) {
            foreach ($v in @($pair[1])) {
                if ($v -and $v -notmatch '[*?]') {
                    $e = [Microsoft.Management.Infrastructure.CimException]::new("No MSFT_ScheduledTask objects found with property '$($pair[0])' equal to '$v'.  Verify the value of the property and retry.")
                    $PSCmdlet.WriteError((New-FakeError $e "CmdletizationQuery_NotFound_$($pair[0]),Get-ScheduledTask" ObjectNotFound $v)); return
                }
            }
        }
    }
    $found
}

# The tasks that a command is to work on, or its error.
function Select-FakeTask {
    param($Cmdlet, [string] $Command, $TaskName, $TaskPath, $InputObject)
    if ($null -ne $InputObject) { foreach ($t in $InputObject) { $t }; return }
    $path = if ($TaskPath) { ('\' + ([string] $TaskPath).Trim('\') + '\').Replace('\\', '\') } else { '\' }
    $found = @(Find-FakeTask $TaskName $path)
    if (-not $found.Count) {
        $Cmdlet.WriteError((New-FakeTaskFault ([System.Runtime.InteropServices.COMException]::new('The system cannot find the file specified.', -2147024894)) $Command ObjectNotFound 'PS_ScheduledTask'))
    }
    $found
}

function Get-ScheduledTaskInfo {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string] $TaskName, [Parameter(Position = 1)][string] $TaskPath, [Parameter(ValueFromPipeline)] $InputObject)
    process {
        Set-StrictMode -Off
        foreach ($t in (Select-FakeTask $PSCmdlet 'Get-ScheduledTaskInfo' $TaskName $TaskPath $InputObject)) {
            foreach ($raw in @(Invoke-FakeWindows task.list)) {
                if ($raw.Name -ne $t.TaskName -or $raw.Path -ne $t.TaskPath) { continue }
                $last = ConvertTo-FakeLocalTime $raw.LastRun
                if ($last.Year -lt 1999) { $last = [DateTime]::new(1999, 11, 30, 0, 0, 0) }
                [pscustomobject]@{ LastRunTime = $last; LastTaskResult = [uint32] $raw.LastResult; NextRunTime = $null; NumberOfMissedRuns = [uint32] 0; TaskName = $t.TaskName; TaskPath = $t.TaskPath }
            }
        }
    }
}

function Start-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string] $TaskName, [Parameter(Position = 1)][string] $TaskPath, [Parameter(ValueFromPipeline)] $InputObject)
    process {
        Set-StrictMode -Off
        foreach ($t in (Select-FakeTask $PSCmdlet 'Start-ScheduledTask' $TaskName $TaskPath $InputObject)) {
            try { $null = Invoke-FakeWindows task.start @{ Name = $t.TaskPath + $t.TaskName } } catch { $PSCmdlet.WriteError((New-FakeTaskFault $_.Exception 'Start-ScheduledTask' NotSpecified 'PS_ScheduledTask')) }
        }
    }
}

function Stop-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string] $TaskName, [Parameter(Position = 1)][string] $TaskPath, [Parameter(ValueFromPipeline)] $InputObject)
    process {
        Set-StrictMode -Off
        foreach ($t in (Select-FakeTask $PSCmdlet 'Stop-ScheduledTask' $TaskName $TaskPath $InputObject)) { $null = Invoke-FakeWindows task.stop @{ Name = $t.TaskPath + $t.TaskName } }
    }
}

function Unregister-ScheduledTask {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([Parameter(Position = 0)][string[]] $TaskName, [Parameter(Position = 1)][string[]] $TaskPath, [Parameter(ValueFromPipeline)] $InputObject)
    process {
        Set-StrictMode -Off
        $found = if ($InputObject) { $InputObject } else { Get-ScheduledTask -TaskName $TaskName -TaskPath $TaskPath }
        foreach ($t in $found) { if ($PSCmdlet.ShouldProcess($t.TaskPath + $t.TaskName, 'Delete')) { Invoke-FakeWindows task.remove @{ Name = $t.TaskPath + $t.TaskName } } }
    }
}

class FakeRegisteredTask {
    [string] $Name; [string] $Path; hidden [object] $Raw
    [object] Run([object] $Parameters) { Invoke-FakeWindows task.start @{ Name = $this.Path }; return $this }
    [object] RunEx([object] $Parameters, [int] $Flags, [int] $Session, [object] $User) { Invoke-FakeWindows task.start @{ Name = $this.Path }; return $this }
    [void] Stop([int] $Flags) { $null = Invoke-FakeWindows task.stop @{ Name = $this.Path } }
    [object] GetInstances([int] $Flags) { return New-FakeCollection (@($(if ($this.State -eq 4) { $this }))) }
}
Update-TypeData -TypeName FakeRegisteredTask -MemberType ScriptProperty -MemberName State -Value { [int] (Get-FakeRegistered $this.Path).State } -Force
Update-TypeData -TypeName FakeRegisteredTask -MemberType ScriptProperty -MemberName Enabled -Value { (Get-FakeRegistered $this.Path).State -ne 1 } -Force
Update-TypeData -TypeName FakeRegisteredTask -MemberType ScriptProperty -MemberName LastTaskResult -Value { [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] (Get-FakeRegistered $this.Path).LastResult), 0) } -Force
Update-TypeData -TypeName FakeRegisteredTask -MemberType ScriptProperty -MemberName LastRunTime -Value { ConvertTo-FakeLocalTime (Get-FakeRegistered $this.Path).LastRun } -Force

function Get-FakeRegistered {
    param([string] $Full)
    foreach ($raw in @(Invoke-FakeWindows task.list)) { if ($null -ne $raw -and $raw.Path + $raw.Name -eq $Full) { return $raw } }
    throw [System.IO.FileNotFoundException]::new('The system cannot find the file specified. (Exception from HRESULT: 0x80070002)')
}

class FakeTaskFolder {
    [string] $Path; [string] $Name
    hidden [string] Full([string] $Name) { return ($this.Path.TrimEnd('\') + '\' + $Name.TrimStart('\')) }
    [object] GetTask([string] $Name) {
        $raw = Get-FakeRegistered $this.Full($Name)
        $t = [FakeRegisteredTask]::new(); $t.Name = $raw.Name; $t.Path = $raw.Path + $raw.Name
        return $t
    }
    [object] GetTasks([int] $Flags) {
        $here = $this.Path.TrimEnd('\') + '\'
        return New-FakeCollection (@(foreach ($raw in @(Invoke-FakeWindows task.list)) { if ($null -ne $raw -and $raw.Path -eq $here) { $this.GetTask($raw.Name) } }))
    }
    [object] GetFolder([string] $Below) { $f = [FakeTaskFolder]::new(); $f.Path = $this.Full($Below); $f.Name = $Below; return $f }
    [object] CreateFolder([string] $Below, [object] $Sddl) { return $this.GetFolder($Below) }
    [void] DeleteTask([string] $Name, [int] $Flags) { Invoke-FakeWindows task.remove @{ Name = $this.Full($Name) } }
    [void] DeleteFolder([string] $Name, [int] $Flags) { }
    [object] RegisterTask([string] $Name, [string] $Xml, [int] $Flags, [object] $User, [object] $Password, [int] $Logon, [object] $Sddl) {
        Save-FakeTask (Read-FakeTaskXml $Xml) $this.Path $Name ($Flags -band 4)
        return $this.GetTask($Name)
    }
}

class FakeScheduleService {
    [bool] $Connected; [string] $TargetServer; [string] $ConnectedUser
    [void] Connect() { Invoke-FakeWindows task.list; $this.Connected = $true }
    [void] Connect([object] $Server) { $this.Connect() }
    [object] GetFolder([string] $Path) { $f = [FakeTaskFolder]::new(); $f.Path = '\' + $Path.Trim('\'); $f.Name = $Path.Trim('\'); return $f }
    [object] GetRunningTasks([int] $Flags) {
        return New-FakeCollection (@(foreach ($raw in @(Invoke-FakeWindows task.list)) { if ($null -ne $raw -and $raw.State -eq 4) { $this.GetFolder($raw.Path).GetTask($raw.Name) } }))
    }
}
