# Runs as SYSTEM in the job's folder: Windows Update denies a network logon much of
# its interface, and since Server 2025 all of it. Reads order.json, appends to
# log.txt, keeps progress.json, and ends with result.json, each replaced at once.
param([string]$Folder)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$clock = [Diagnostics.Stopwatch]::StartNew() # whatever happens to the time of day
$utf8 = New-Object System.Text.UTF8Encoding $false

function Hex($Code) { '0x{0:X8}' -f ([int64]$Code -band 0xFFFFFFFFL) }
function Code($Failure) { Hex $Failure.Exception.GetBaseException().HResult }
# Who reads a file, this program or a virus scanner, may hold it for a moment: sharing
# violation, lock violation, a replaced file that cannot be removed yet.
function Insist($Do) {
    for ($try = 1; ; $try++) {
        try {
            & $Do
            return
        } catch {
            if ($try -ge 50 -or @('0x80070020', '0x80070021', '0x80070497') -notcontains (Code $_)) { throw }
            Start-Sleep -Milliseconds 100
        }
    }
}
function Save($Name, $Value) {
    $part = Join-Path $Folder ($Name + '.new')
    $path = Join-Path $Folder $Name
    $text = ConvertTo-Json -Depth 8 -Compress -InputObject $Value
    Insist { [IO.File]::WriteAllText($part, $text, $utf8) }
    Insist { if (Test-Path -LiteralPath $path) { [IO.File]::Replace($part, $path, [NullString]::Value) } else { [IO.File]::Move($part, $path) } }
}
function Say($Text) { Insist { [IO.File]::AppendAllText((Join-Path $Folder 'log.txt'), $Text + "`n", $utf8) } }
function Utc($Time) { if ($Time -and $Time.Year -gt 1900) { $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ') } else { '' } }
function Step($Text, $Done, $Total) {
    Say "== $Text"
    Save 'progress.json' @{ step = $Text; done = $Done; total = $Total; at = (Utc ([DateTime]::Now)) }
}
# COM gives times in UTC already, without saying so.
function Stamp($Time) { if ($Time -and $Time.Year -gt 1900) { $Time.ToString('yyyy-MM-ddTHH:mm:ssZ') } else { '' } }
# A COM collection is no array: it has Count and Item(i).
function Items($Collection) {
    if ($null -eq $Collection) { return }
    for ($i = 0; $i -lt $Collection.Count; $i++) { $Collection.Item($i) }
}
function Registry($Path, $Name) {
    $key = Get-ItemProperty -LiteralPath $Path -Name $Name -ErrorAction SilentlyContinue
    if ($key) { $key.$Name }
}

function Reasons {
    $found = @()
    $cbs = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
    $wu = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate'
    foreach ($name in 'RebootPending', 'RebootInProgress', 'PackagesPending') {
        if (Test-Path -LiteralPath "$cbs\$name") { $found += @{ source = 'servicing'; detail = $name; counts = $true } }
    }
    if (Test-Path -LiteralPath "$wu\Auto Update\RebootRequired") { $found += @{ source = 'Windows Update'; detail = 'RebootRequired'; counts = $true } }
    $services = @(Get-ChildItem -LiteralPath "$wu\Services\Pending" -ErrorAction SilentlyContinue)
    if ($services.Count -gt 0) { $found += @{ source = 'Windows Update'; detail = 'a service of it waits'; counts = $true } }
    $flag = $null
    try { $flag = (New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired } catch { Say ('reboot flag: ' + (Code $_)) }
    if ($flag) { $found += @{ source = 'Windows Update'; detail = 'it says so'; counts = $true } }
    # Advice only: programs leave these behind for weeks.
    if (Registry 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager' 'PendingFileRenameOperations') { $found += @{ source = 'file renames'; detail = 'PendingFileRenameOperations'; counts = $false } }
    if (Registry 'HKLM:\SOFTWARE\Microsoft\Updates' 'UpdateExeVolatile') { $found += @{ source = 'an older installer'; detail = 'UpdateExeVolatile'; counts = $false } }
    $now = Registry 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName' 'ComputerName'
    $next = Registry 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName' 'ComputerName'
    if ($now -ne $next) { $found += @{ source = 'computer name'; detail = "$now becomes $next"; counts = $false } }
    if (Registry 'HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon' 'JoinDomain') { $found += @{ source = 'domain'; detail = 'it joins one'; counts = $false } }
    @{ known = ($null -ne $flag); reasons = $found }
}

function Facts {
    $path = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $os = Get-CimInstance -ClassName Win32_OperatingSystem
    $policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
    @{
        product = [string](Registry $path 'ProductName'); release = [string](Registry $path 'DisplayVersion')
        build = [string](Registry $path 'CurrentBuildNumber'); revision = [int](Registry $path 'UBR')
        edition = [string](Registry $path 'EditionID'); kind = [string](Registry $path 'InstallationType')
        booted = (Utc $os.LastBootUpTime); now = (Utc ([DateTime]::Now))
        server = [string](Registry $policy 'WUServer'); useServer = [int](Registry "$policy\AU" 'UseWUServer')
        noInternet = [int](Registry $policy 'DoNotConnectToWindowsUpdateInternetLocations')
        disabled = [int](Registry $policy 'DisableWindowsUpdateAccess')
    }
}

function Describe($Update) {
    $old = @(Items $Update.SupersededUpdateIDs)
    $behaviour = $Update.InstallationBehavior
    $terms = ''
    if (-not $Update.EulaAccepted) {
        $terms = [string]$Update.EulaText
        if ($terms.Length -gt 8000) { $terms = $terms.Substring(0, 8000) }
    }
    @{
        id = [string]$Update.Identity.UpdateID; revision = [int]$Update.Identity.RevisionNumber; title = [string]$Update.Title
        kbs = @(Items $Update.KBArticleIDs); bulletins = @(Items $Update.SecurityBulletinIDs); cves = @(Items $Update.CveIDs)
        severity = [string]$Update.MsrcSeverity; type = [int]$Update.Type; released = (Stamp $Update.LastDeploymentChangeTime)
        categories = @(Items $Update.Categories | ForEach-Object { [string]$_.Name })
        categoryIds = @(Items $Update.Categories | ForEach-Object { [string]$_.CategoryID })
        size = [int64]$Update.MaxDownloadSize; superseded = $old; downloaded = [bool]$Update.IsDownloaded
        optional = [bool]$Update.BrowseOnly; beta = [bool]$Update.IsBeta; hidden = [bool]$Update.IsHidden
        eula = [bool]$Update.EulaAccepted; terms = $terms; reboot = [int]$behaviour.RebootBehavior; impact = [int]$behaviour.Impact
        asks = [bool]$behaviour.CanRequestUserInput; waits = [bool]$Update.RebootRequired; installed = [bool]$Update.IsInstalled
    }
}

# One search. Result code 2 is whole; 3 means that something is missing from the
# list. So are objects without an identity, which are what they are not.
function Search($Searcher, $Criteria) {
    $found = $Searcher.Search($Criteria)
    $warnings = @(Items $found.Warnings | ForEach-Object { (Hex $_.HResult) + ' ' + [string]$_.Message })
    $sound = @(Items $found.Updates | Where-Object { $_.Identity.UpdateID })
    $broken = $found.Updates.Count - $sound.Count
    Say ("searched: " + $Criteria + ": " + $found.Updates.Count + " found, result code " + $found.ResultCode)
    if ($broken -gt 0) { Say "   $broken without an identity" }
    @{ code = [int]$found.ResultCode; warnings = $warnings; updates = $sound; broken = $broken }
}

function Read-History($Searcher) {
    $total = $Searcher.GetTotalHistoryCount()
    if ($total -lt 1) { return }
    foreach ($entry in @(Items $Searcher.QueryHistory(0, [Math]::Min(100, $total)))) {
        @{
            id = [string]$entry.UpdateIdentity.UpdateID; revision = [int]$entry.UpdateIdentity.RevisionNumber; title = [string]$entry.Title
            at = (Stamp $entry.Date); operation = [int]$entry.Operation; code = [int]$entry.ResultCode; hresult = (Hex $entry.HResult)
            client = [string]$entry.ClientApplicationID
        }
    }
}

# When the host last got an answer from its update server.
function Fetched($Online) {
    if ($Online) { return Utc ([DateTime]::Now) }
    try { Stamp (New-Object -ComObject Microsoft.Update.AutoUpdate).Results.LastSearchSuccessDate } catch { '' }
}

function Scan($Order) {
    Step -Text 'read facts' -Done 0 -Total 4
    $out = @{ kind = 'scan'; facts = (Facts); reboot = (Reasons); error = ''; where = '' }
    try {
        $out.where = 'open Windows Update'
        $session = New-Object -ComObject Microsoft.Update.Session
        $session.ClientApplicationID = 'Second Tuesday'
        $searcher = $session.CreateUpdateSearcher()
        $searcher.Online = [bool]$Order.refresh # else what the host last fetched is asked
        $out.where = 'search'
        Step -Text 'search for updates' -Done 1 -Total 4
        $missing = Search $searcher 'IsInstalled=0' # what somebody has hidden is missing all the same
        Step -Text 'search for what is installed' -Done 2 -Total 4
        $present = Search $searcher 'IsInstalled=1'
        Step -Text 'read the history' -Done 3 -Total 4
        # Kept as evidence only: where Windows cannot read it, the lists count all the same.
        try { $out.history = @(Read-History -Searcher $searcher) } catch { $out.historyError = Code $_ }
        $out.where = ''
        $out.fetched = Fetched -Online ([bool]$Order.refresh)
        $out.code = $missing.code
        $out.warnings = @($missing.warnings) + @($present.warnings)
        $out.installedCode = $present.code
        $out.broken = $missing.broken + $present.broken
        $out.missing = @($missing.updates | ForEach-Object { Describe $_ })
        $out.installed = @($present.updates | ForEach-Object { Describe $_ })
    } catch {
        $out.error = Code $_
        $out.message = [string]$_.Exception.GetBaseException().Message
    }
    $out.finished = $true
    $out
}

# Why nothing more may begin; '' where it may.
function Halted($Order) {
    if (Test-Path -LiteralPath (Join-Path $Folder 'cancel')) { return 'cancelled' }
    if ($clock.Elapsed.TotalSeconds -ge [double]$Order.seconds) { return 'deadline' }
    ''
}

# What one planned update came to: installed, failed, gone, unseen, terms, asks,
# deadline, cancelled, reboot first.
function Install-One($Session, $Update, $AcceptTerms, $Order) {
    if ($Update.InstallationBehavior.CanRequestUserInput) { return @{ status = 'asks' } }
    if (-not $Update.EulaAccepted) {
        if (-not $AcceptTerms) { return @{ status = 'terms' } }
        $Update.AcceptEula()
    }
    $one = New-Object -ComObject Microsoft.Update.UpdateColl
    $null = $one.Add($Update)
    if (-not $Update.IsDownloaded) {
        $downloader = $Session.CreateUpdateDownloader()
        $downloader.Updates = $one
        $got = $downloader.Download()
        if ($got.ResultCode -ne 2) { return @{ status = 'failed'; phase = 'download'; code = [int]$got.ResultCode; hresult = (Hex $got.GetUpdateResult(0).HResult) } }
        $halted = Halted -Order $Order # a download may outlast the window
        if ($halted -ne '') { return @{ status = $halted; phase = 'download' } }
    }
    $installer = $Session.CreateUpdateInstaller()
    $installer.Updates = $one
    $done = $installer.Install()
    $result = $done.GetUpdateResult(0)
    $status = 'failed'
    if ($result.ResultCode -eq 2) { $status = 'installed' }
    @{ status = $status; phase = 'install'; code = [int]$result.ResultCode; hresult = (Hex $result.HResult); reboot = [bool]$result.RebootRequired }
}

function Install($Order) {
    $planned = @($Order.updates)
    $out = @{ kind = 'install'; updates = @(); stopped = ''; error = '' }
    Step -Text 'look at the host' -Done 0 -Total $planned.Count
    if ($planned.Count -eq 0) { # all that is wanted is a claim on this host, before a reboot
        $out.finished = $true
        return $out
    }
    $reasons = @((Reasons).reasons | Where-Object { $_.counts })
    if ($reasons.Count -gt 0) {
        $out.error = 'a reboot is pending'
        $out.message = [string]$reasons[0].source + ': ' + [string]$reasons[0].detail
        $out.finished = $true
        return $out
    }
    try {
        $session = New-Object -ComObject Microsoft.Update.Session
        $session.ClientApplicationID = 'Second Tuesday'
        Step -Text 'search for the planned updates' -Done 0 -Total $planned.Count
        $search = Search $session.CreateUpdateSearcher() 'IsInstalled=0 and IsHidden=0'
    } catch {
        $out.error = Code $_
        $out.message = [string]$_.Exception.GetBaseException().Message
        $out.finished = $true
        return $out
    }
    $n = 0
    foreach ($want in $planned) {
        $n++
        $line = @{ id = [string]$want.id; revision = [int]$want.revision; title = [string]$want.title }
        $update = $search.updates | Where-Object { $_.Identity.UpdateID -eq $want.id -and [int]$_.Identity.RevisionNumber -eq [int]$want.revision } | Select-Object -First 1
        if ($out.stopped -eq '') { $out.stopped = Halted -Order $Order }
        if ($out.stopped -ne '') {
            $line.status = $out.stopped
        } elseif (-not $update) {
            $line.status = 'gone'
            if ($search.code -ne 2 -or $search.broken -gt 0) { $line.status = 'unseen' }
        } else {
            Step -Text "install $n of $($planned.Count): $($want.title)" -Done ($n - 1) -Total $planned.Count
            $asked = -not $update.EulaAccepted
            try {
                $got = Install-One -Session $session -Update $update -AcceptTerms ([bool]$want.terms) -Order $Order
                foreach ($key in $got.Keys) { $line[$key] = $got[$key] }
            } catch {
                $line.status = 'failed'
                $line.hresult = Code $_
                $line.message = [string]$_.Exception.GetBaseException().Message
            }
            $line.accepted = $asked -and [bool]$update.EulaAccepted
            if (@('cancelled', 'deadline') -contains $line.status) { $out.stopped = $line.status }
        }
        $said = [string]$line.hresult -replace '^0x00000000$', ''
        Say ("   " + $line.status + " " + $said).TrimEnd()
        $out.updates += $line
        Save 'partial.json' $out # what is known where the host goes down in the middle
    }
    Step -Text 'wait for servicing' -Done $planned.Count -Total $planned.Count
    # Not for ever: it stays for a while, and cleans up now and then, without any need.
    $until = [Math]::Min([double]$Order.seconds, $clock.Elapsed.TotalSeconds + 900)
    while ((Get-Process -Name TiWorker -ErrorAction SilentlyContinue) -and $clock.Elapsed.TotalSeconds -lt $until) { Start-Sleep -Seconds 5 }
    $out.finished = $true
    $out
}

$started = Join-Path $Folder 'started.json'
if (Test-Path -LiteralPath $started) { exit 5 } # the scheduler may not run it twice
Save 'started.json' @{ at = (Utc ([DateTime]::Now)); pid = $PID }
if (Test-Path -LiteralPath (Join-Path $Folder 'never')) { # the desk was told that it would not begin
    Remove-Item -LiteralPath $started -Force
    exit 6
}
try {
    $given = Join-Path $Folder 'order.json'
    $order = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($given))
    # The window was counted from when the order was given, however late the scheduler is.
    $order.seconds = [double]$order.seconds - [Math]::Max(0, ([DateTime]::UtcNow - (Get-Item -LiteralPath $given -Force).LastWriteTimeUtc).TotalSeconds)
    if ($order.kind -eq 'install') { $result = Install -Order $order } else { $result = Scan -Order $order }
} catch {
    $result = @{ kind = 'broken'; error = (Code $_); message = [string]$_.Exception.GetBaseException().Message }
    Say ('broken: ' + $result.message)
}
$result.ended = Utc ([DateTime]::Now)
Save 'result.json' $result
