# Asks a job to stop before its next update. Argument: its ID.
param([string]$Id)
if ($Id -notmatch '^[a-z0-9-]{8,64}$') { throw "the job's ID is not one" }
$folder = Join-Path (Join-Path (Join-Path $env:ProgramData 'SecondTuesday') 'jobs') $Id
if (-not (Test-Path -LiteralPath $folder)) { return 'absent' }
[IO.File]::WriteAllText((Join-Path $folder 'cancel'), '')
'asked'
