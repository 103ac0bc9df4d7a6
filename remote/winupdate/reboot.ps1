# Asks for a reboot in five seconds, so that this answer arrives.
$jobs = Join-Path (Join-Path $env:ProgramData 'SecondTuesday') 'jobs'
foreach ($task in @(Get-ScheduledTask -TaskPath '\SecondTuesday\' -ErrorAction SilentlyContinue)) {
    # Anybody may make a task of that path, but nobody else a folder for it.
    $ours = $task.TaskName -match '^[a-z0-9-]{8,64}$' -and (Test-Path -LiteralPath (Join-Path $jobs $task.TaskName))
    if ($ours -and [string]$task.State -eq 'Running') { return 'busy ' + $task.TaskName }
}
$ErrorActionPreference = 'Continue' # or Windows PowerShell throws where a program writes to standard error
$said = & "$env:SystemRoot\System32\shutdown.exe" /r /t 5 /d p:2:17 /c 'Second Tuesday: a planned reboot' 2>&1
switch ($LASTEXITCODE) {
    0 { 'asked' }
    1190 { 'scheduled' }
    1115 { 'going' }
    default { "failed $LASTEXITCODE " + [string]$said }
}
