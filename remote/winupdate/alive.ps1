# Tells one boot from another. The session manager's start is noted once by the
# kernel, so that setting the clock does not make a new boot of an old one.
$os = Get-CimInstance -ClassName Win32_OperatingSystem
$first = Get-CimInstance -ClassName Win32_Process -Filter "Name='smss.exe'" | Sort-Object -Property CreationDate | Select-Object -First 1
$boot = ''
if ($first) { $boot = [string]$first.CreationDate.ToUniversalTime().Ticks }
$cbs = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Interface'
$servicing = Get-ItemProperty -LiteralPath $cbs -Name ServicingInProgress -ErrorAction SilentlyContinue
# A volatile key that the logon screen makes once Windows has done what it does at a boot.
$logon = Test-Path -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked'
$stamp = 'yyyy-MM-ddTHH:mm:ssZ'
ConvertTo-Json -Compress -Depth 3 -InputObject @{
    boot = $boot; booted = $os.LastBootUpTime.ToUniversalTime().ToString($stamp); now = [DateTime]::UtcNow.ToString($stamp)
    services = @(Get-CimInstance -ClassName Win32_Service -Filter "State='Running' AND StartMode='Auto'" | ForEach-Object { [string]$_.Name })
    servicing = $(if ($servicing) { [int]$servicing.ServicingInProgress } else { 0 }); logon = $logon
}
