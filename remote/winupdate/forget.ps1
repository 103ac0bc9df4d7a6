# Removes a job that changed nothing: a scan whose result has been read. Argument: its ID.
param([string]$Id)
if ($Id -notmatch '^scan-[a-z0-9-]{8,64}$') { throw "the job's ID is not one of a scan" }
Unregister-ScheduledTask -TaskPath '\SecondTuesday\' -TaskName $Id -Confirm:$false -ErrorAction SilentlyContinue
Remove-Item -LiteralPath (Join-Path (Join-Path (Join-Path $env:ProgramData 'SecondTuesday') 'jobs') $Id) -Recurse -Force -ErrorAction SilentlyContinue
'forgotten'
