# How a job stands. Arguments: its ID, the offset of its log to read from, "result"
# to read the result as well. Prints {"state", "log", "next", "progress", "started", "result", "partial",
# "detail", "quiet"}: quiet for so many seconds, by this host's clock, where it runs.
param([string]$Id, [string]$From, [string]$What)
if ($Id -notmatch '^[a-z0-9-]{8,64}$') { throw "the job's ID is not one" }
$folder = Join-Path (Join-Path (Join-Path $env:ProgramData 'SecondTuesday') 'jobs') $Id
# The task replaces its files while they are read: they are opened so that it can.
function Text($Name) {
    $path = Join-Path $folder $Name
    if (-not (Test-Path -LiteralPath $path)) { return '' }
    $file = New-Object System.IO.FileStream $path, 'Open', 'Read', 'ReadWrite, Delete'
    try { (New-Object System.IO.StreamReader $file).ReadToEnd() } finally { $file.Dispose() }
}
$out = @{ state = 'absent'; log = ''; next = [int64]$From; progress = ''; started = ''; result = ''; partial = ''; detail = ''; quiet = 0 }
if (-not (Test-Path -LiteralPath $folder)) { return ConvertTo-Json -Compress -InputObject $out }
$task = Get-ScheduledTask -TaskPath '\SecondTuesday\' -TaskName $Id -ErrorAction SilentlyContinue
$state = ''
if ($task) { $state = [string]$task.State }
$out.started = Text 'started.json'
$out.progress = Text 'progress.json'
$done = Test-Path -LiteralPath (Join-Path $folder 'result.json') # asked after the task: what ended in between has left it
if ($done) { $out.state = 'ended' }
elseif ($state -eq 'Running') { $out.state = 'running' }
elseif ($out.started -ne '') { $out.state = 'lost' }
elseif (Test-Path -LiteralPath (Join-Path $folder 'never')) { $out.state = 'never' }
else { # it may still begin: start.ps1 may be at work, or the scheduler busy
    $out.state = 'running'
    $out.detail = 'it has no task'
    if ($task) {
        $info = Get-ScheduledTaskInfo -TaskPath '\SecondTuesday\' -TaskName $Id
        $out.detail = 'the scheduler says 0x{0:X8}' -f ([int64]$info.LastTaskResult -band 0xFFFFFFFFL)
    }
    $given = Join-Path $folder 'order.json'
    if (-not (Test-Path -LiteralPath $given)) { $given = $folder }
    $patience = 60 # seconds
    if ($state -eq 'Queued') { $patience = 600 }
    if (([DateTime]::UtcNow - (Get-Item -LiteralPath $given -Force).LastWriteTimeUtc).TotalSeconds -gt $patience) {
        [IO.File]::WriteAllText((Join-Path $folder 'never'), '') # from here on neither goes on with it
        if ($task) { Unregister-ScheduledTask -TaskPath '\SecondTuesday\' -TaskName $Id -Confirm:$false }
        $out.started = Text 'started.json'
        $out.state = 'never'
        if ($out.started -ne '') {
            Remove-Item -LiteralPath (Join-Path $folder 'never') -Force
            $out.state = 'running'
        }
    }
}
# Processor time of what installs updates, in units of 100 ns.
function Work {
    $sum = [long]0
    foreach ($p in @(Get-CimInstance -ClassName Win32_Process)) {
        if (@('TiWorker.exe', 'TrustedInstaller.exe', 'msiexec.exe', 'wusa.exe') -contains $p.Name) { $sum += [long]$p.KernelModeTime + [long]$p.UserModeTime }
    }
    $sum
}
if ($out.state -eq 'running') {
    $last = [DateTime]::MinValue
    foreach ($name in 'order.json', 'started.json', 'progress.json', 'partial.json', 'log.txt') {
        $path = Join-Path $folder $name
        if (-not (Test-Path -LiteralPath $path)) { continue }
        $at = (Get-Item -LiteralPath $path -Force).LastWriteTimeUtc
        if ($at -gt $last) { $last = $at }
    }
    if ($last -eq [DateTime]::MinValue) { $last = (Get-Item -LiteralPath $folder -Force).LastWriteTimeUtc } # a start at work
    $out.quiet = [long][Math]::Max(0, [Math]::Floor(([DateTime]::UtcNow - $last).TotalSeconds))
    if ($out.quiet -ge 1500) { # one update may take long: then its installer uses processor time
        $before = Work
        Start-Sleep -Seconds 3
        if ((Work) -ne $before) { $out.quiet = 0 }
    }
}
$log = Join-Path $folder 'log.txt'
if (Test-Path -LiteralPath $log) {
    $file = New-Object System.IO.FileStream $log, 'Open', 'Read', 'ReadWrite'
    try {
        if ($file.Length -gt $out.next) {
            $null = $file.Seek($out.next, 'Begin')
            $buffer = New-Object byte[] ([Math]::Min(262144, $file.Length - $out.next))
            $count = $file.Read($buffer, 0, $buffer.Length)
            $out.log = [Convert]::ToBase64String($buffer, 0, $count)
            $out.next += $count
        }
    } finally { $file.Dispose() }
}
if ($What -eq 'result') {
    $out.result = Text 'result.json'
    if (-not $done) { $out.partial = Text 'partial.json' }
}
ConvertTo-Json -Compress -InputObject $out
