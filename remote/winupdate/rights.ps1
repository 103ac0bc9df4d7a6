# Who the account is on the host. Prints {"user", "groups": SIDs, "filter", "version", "policy"}.
$whoami = "$env:SystemRoot\System32\whoami.exe" # not what the PATH finds
$lines = @(& $whoami /groups /fo csv /nh)
$sids = @([regex]::Matches(($lines -join "`n"), 'S-1-[0-9-]+') | ForEach-Object { $_.Value })
$system = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$filter = Get-ItemProperty -LiteralPath $system -Name LocalAccountTokenFilterPolicy -ErrorAction SilentlyContinue
ConvertTo-Json -Compress -Depth 3 -InputObject @{
    user = [string](& $whoami); groups = $sids; version = [string]$PSVersionTable.PSVersion
    policy = [string](Get-ExecutionPolicy -Scope MachinePolicy)
    filter = $(if ($filter) { [int]$filter.LocalAccountTokenFilterPolicy } else { 0 })
}
