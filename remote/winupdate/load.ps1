# The scheduled task's command line: constant. Its working folder is the job's.
$ErrorActionPreference = 'Stop'
$folder = (Get-Location).ProviderPath
$bytes = [IO.File]::ReadAllBytes((Join-Path $folder 'task.ps1'))
$text = [Text.Encoding]::UTF8.GetString($bytes, 3, $bytes.Length - 3)
$sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
$sum = [BitConverter]::ToString($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($text))).Replace('-', '')
if ($sum -ne [IO.File]::ReadAllText((Join-Path $folder 'task.sha256'))) { exit 4 }
& ([ScriptBlock]::Create($text)) $folder
