# How a job stands. Arguments: its ID, the offset of its log to read from, "result"
# to read the result as well. Prints {"state", "log", "next", "progress", "started", "result", "detail"}.
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
$out = @{ state = 'absent'; log = ''; next = [int64]$From; progress = ''; started = ''; result = ''; partial = ''; detail = '' }
if (-not (Test-Path -LiteralPath $folder)) { return ConvertTo-Json -Compress -InputObject $out }
$task = Get-ScheduledTask -TaskPath '\SecondTuesday\' -TaskName $Id -ErrorAction SilentlyContinue
$running = $task -and (@('Running', 'Queued') -contains [string]$task.State)
$out.started = Text 'started.json'
$out.progress = Text 'progress.json'
$done = Test-Path -LiteralPath (Join-Path $folder 'result.json') # asked after the task: what ended in between has left it
if ($done) { $out.state = 'ended' }
elseif ($running) { $out.state = 'running' }
elseif ($out.started -ne '') { $out.state = 'lost' }
elseif ($task) {
    $age = [DateTime]::UtcNow - (Get-Item -LiteralPath (Join-Path $folder 'order.json') -Force).LastWriteTimeUtc
    $info = Get-ScheduledTaskInfo -TaskPath '\SecondTuesday\' -TaskName $Id
    $out.detail = 'the scheduler says 0x{0:X8}' -f ([int64]$info.LastTaskResult -band 0xFFFFFFFFL)
    $out.state = 'running' # it may still begin
    if ($age.TotalSeconds -gt 60) {
        Unregister-ScheduledTask -TaskPath '\SecondTuesday\' -TaskName $Id -Confirm:$false # from here on it cannot
        $out.started = Text 'started.json'
        $out.state = 'never'
        if ($out.started -ne '') { $out.state = 'running' }
    }
} else { $out.state = 'never' }
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
