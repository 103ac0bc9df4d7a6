# Asks for a reboot in five seconds, so that this answer arrives.
foreach ($task in @(Get-ScheduledTask -TaskPath '\SecondTuesday\' -ErrorAction SilentlyContinue)) {
    if ([string]$task.State -eq 'Running') { return 'busy ' + $task.TaskName }
}
$said = shutdown.exe /r /t 5 /d p:2:17 /c 'Second Tuesday: a planned reboot' 2>&1
switch ($LASTEXITCODE) {
    0 { 'asked' }
    1190 { 'scheduled' }
    1115 { 'going' }
    default { "failed $LASTEXITCODE " + [string]$said }
}
