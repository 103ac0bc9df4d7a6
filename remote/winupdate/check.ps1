# What would keep a job from working. Prints JSON; each fact by itself may be missing.
$drive = [string](Get-CimInstance -ClassName Win32_OperatingSystem).SystemDrive
$disk = Get-CimInstance -ClassName Win32_LogicalDisk | Where-Object { $_.DeviceID -eq $drive }
$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='wuauserv'"
$cbs = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
$wu = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate'
$pending = @()
if (Test-Path -LiteralPath "$cbs\RebootPending") { $pending += 'servicing' }
if (Test-Path -LiteralPath "$wu\Auto Update\RebootRequired") { $pending += 'Windows Update' }
$busy = @()
foreach ($name in 'TiWorker', 'wusa') { # not msiexec, which stays as a service for a while after its work
    if (Get-Process -Name $name -ErrorAction SilentlyContinue) { $busy += $name }
}
$folder = Join-Path (Join-Path $env:ProgramData 'SecondTuesday') 'jobs' # anybody may make a task of that path, but nobody else a folder for it
$jobs = @(Get-ScheduledTask -TaskPath '\SecondTuesday\' -ErrorAction SilentlyContinue |
    Where-Object { [string]$_.State -eq 'Running' -and $_.TaskName -match '^[a-z0-9-]{8,64}$' -and (Test-Path -LiteralPath (Join-Path $folder $_.TaskName)) } |
    ForEach-Object { $_.TaskName })
ConvertTo-Json -Compress -Depth 3 -InputObject @{
    free = $(if ($disk) { [int64]$disk.FreeSpace } else { -1 }); start = $(if ($service) { [string]$service.StartMode } else { '' })
    pending = $pending; busy = $busy; jobs = $jobs; now = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ')
}
