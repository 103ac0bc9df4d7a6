# Second Tuesday runs one of its own scripts. Standard input is one line: the base64 of
# {"script", "sha256", "args": [...], "stdin": base64}. Nothing on the command line varies.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$mode = [string]$ExecutionContext.SessionState.LanguageMode
if ($mode -ne 'FullLanguage') {
    "<<ST1!$mode!ST1>>"
    exit 3
}
$answer = @{ ok = $false; out = ''; error = ''; hresult = 0 }
try {
    # PowerShell itself reads standard input where a script names its variable for it: this one must not.
    $reader = New-Object System.IO.StreamReader ([Console]::OpenStandardInput())
    $text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($reader.ReadLine()))
    $order = ConvertFrom-Json -InputObject $text
    # The managed SHA-256 is forbidden where only FIPS algorithms are allowed.
    $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    $sum = [BitConverter]::ToString($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($order.script)))
    if ($sum.Replace('-', '') -ne $order.sha256) { throw 'the script did not arrive whole' }
    Set-Variable -Name Stdin -Value ([Convert]::FromBase64String($order.stdin)) # for the script
    $arguments = @($order.args)
    $answer.out = (@(& ([ScriptBlock]::Create($order.script)) @arguments) -join "`n")
    $answer.ok = $true
} catch {
    $answer.error = [string]$_.Exception.Message
    $answer.hresult = $_.Exception.GetBaseException().HResult
}
$json = ConvertTo-Json -Compress -InputObject $answer
[Console]::Out.WriteLine('<<ST1:' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)) + ':ST1>>')
if (-not $answer.ok) { exit 1 }
