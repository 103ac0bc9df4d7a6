# Starts one job, once. Argument: the job's ID. Standard input: JSON of
# {"line": of powershell.exe in the task, "task": script, "sha256": of the script,
#  "order": what the task shall do, "minutes": after which the scheduler ends it}.
# Prints {"state": "started" | "known" | "busy", "detail"}.
param([string]$Id)
if ($Id -notmatch '^[a-z0-9-]{8,64}$') { throw "the job's ID is not one" }
$order = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString($Stdin))
function Answer($State, $Detail) { ConvertTo-Json -Compress -InputObject @{ state = $State; detail = [string]$Detail } }

# Only SYSTEM and Administrators may write where SYSTEM reads its orders from. A
# folder that somebody else made first is refused, not taken over.
function Protect-Folder($Path) {
    if (-not (Test-Path -LiteralPath $Path)) {
        $null = New-Item -ItemType Directory -Path $Path
        $icacls = "$env:SystemRoot\System32\icacls.exe" # not what the PATH finds
        $null = & $icacls $Path /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F'
        if ($LASTEXITCODE -ne 0) { throw "the rights of $Path could not be set: icacls ended with $LASTEXITCODE" }
        $null = & $icacls $Path /setowner '*S-1-5-32-544'
        if ($LASTEXITCODE -ne 0) { throw "the owner of $Path could not be set: icacls ended with $LASTEXITCODE" }
    }
    $item = Get-Item -LiteralPath $Path -Force
    if ([int]$item.Attributes -band 0x400) { throw "$Path is a link: remove it" }
    # O:BAG:DUD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)
    $sddl = [string](Get-Acl -LiteralPath $Path).Sddl
    $foreign = [regex]::Matches($sddl, '\([^)]*;([^;)]*)\)') | Where-Object { @('SY', 'BA') -notcontains $_.Groups[1].Value }
    if ($sddl -notmatch '^O:(BA|SY)' -or $sddl -notmatch 'D:P' -or $foreign) {
        throw "$Path belongs to somebody else, or others may write there ($sddl): look at it and remove it"
    }
}

$root = Join-Path $env:ProgramData 'SecondTuesday'
$jobs = Join-Path $root 'jobs'
$folder = Join-Path $jobs $Id
Protect-Folder $root
Protect-Folder $jobs # somebody may have made it before the rights of the one above were set
$claim = Join-Path $folder 'started.json'
$path = '\SecondTuesday\'
# Anybody may make a task of that path, but nobody else a folder for it.
$known = @(Get-ScheduledTask -TaskPath $path -ErrorAction SilentlyContinue |
    Where-Object { $_.TaskName -match '^[a-z0-9-]{8,64}$' -and (Test-Path -LiteralPath (Join-Path $jobs $_.TaskName)) })
foreach ($task in $known) {
    if ([string]$task.State -eq 'Running' -and $task.TaskName -ne $Id) { return Answer 'busy' $task.TaskName }
    # The folder of a job that has ended stays for a year as proof that it ran; its task is of no use.
    if ($task.TaskName -ne $Id -and (Test-Path -LiteralPath (Join-Path (Join-Path $jobs $task.TaskName) 'result.json'))) {
        Unregister-ScheduledTask -TaskPath $path -TaskName $task.TaskName -Confirm:$false
    }
}
foreach ($old in @(Get-ChildItem -LiteralPath $jobs -Directory -ErrorAction SilentlyContinue)) {
    $days = ([DateTime]::UtcNow - $old.CreationTimeUtc).TotalDays
    if ($old.Name -ne $Id -and ($days -gt 400 -or ($old.Name -like 'scan-*' -and $days -gt 1))) { Remove-Item -LiteralPath $old.FullName -Recurse -Force }
}
if (Test-Path -LiteralPath $folder) {
    $mine = $known | Where-Object { $_.TaskName -eq $Id }
    $age = [DateTime]::UtcNow - (Get-Item -LiteralPath $folder -Force).LastWriteTimeUtc # another start may be at work in it
    if ((Test-Path -LiteralPath $claim) -or (Test-Path -LiteralPath (Join-Path $folder 'never')) -or $mine -or $age.TotalSeconds -lt 60) { return Answer 'known' '' }
    Remove-Item -LiteralPath $folder -Recurse -Force # a start that broke off before there was a task
}
$null = New-Item -ItemType Directory -Path $folder
$utf8 = New-Object System.Text.UTF8Encoding $true # Windows PowerShell reads other files as ANSI
try {
    [IO.File]::WriteAllText((Join-Path $folder 'task.ps1'), [string]$order.task, $utf8)
    [IO.File]::WriteAllText((Join-Path $folder 'task.sha256'), [string]$order.sha256, $utf8)
    [IO.File]::WriteAllText((Join-Path $folder 'order.json'), (ConvertTo-Json -Depth 6 -Compress -InputObject $order.order), $utf8)

    $action = New-ScheduledTaskAction -Execute "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe" -Argument ([string]$order.line) -WorkingDirectory $folder
    $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
    $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances IgnoreNew -Priority 4 -ExecutionTimeLimit (New-TimeSpan -Minutes ([int]$order.minutes))
    $null = Register-ScheduledTask -TaskPath $path -TaskName $Id -Action $action -Principal $principal -Settings $settings
} catch { # a full disk, say: without a task nothing was begun, and no trace stays of it
    $why = $_
    if (-not (Get-ScheduledTask -TaskPath $path -TaskName $Id -ErrorAction SilentlyContinue)) { Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue }
    throw $why
}
Start-ScheduledTask -TaskPath $path -TaskName $Id
Answer 'started' ''
