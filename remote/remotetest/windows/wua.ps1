# Windows Update's COM objects, with the members that Microsoft documents for
# wuapi.h: IUpdateSession3, IUpdateSearcher3, IUpdate5, IUpdateInstaller4 …

class FakeUpdate {
    [string] $Title; [string] $Description; [object] $Identity
    [object] $KBArticleIDs; [object] $SecurityBulletinIDs; [object] $CveIDs; [string] $MsrcSeverity
    [object] $Categories; [object] $BundledUpdates; [int] $Type; [DateTime] $LastDeploymentChangeTime
    [decimal] $MaxDownloadSize; [decimal] $MinDownloadSize
    [object] $SupersededUpdateIDs; [object] $MoreInfoUrls; [object] $Languages; [object] $UninstallationSteps
    [bool] $IsDownloaded; [bool] $IsInstalled; [bool] $IsMandatory; [bool] $IsUninstallable; [bool] $IsBeta; [bool] $IsPresent
    [bool] $RebootRequired; [bool] $BrowseOnly; [bool] $PerUser
    [bool] $EulaAccepted; [string] $EulaText; [int] $AutoSelection; [int] $AutoDownload; [int] $DeploymentAction = 1; [int] $DownloadPriority = 2
    [object] $InstallationBehavior; [object] $UninstallationBehavior; [object] $Deadline; [bool] $CanRequireSource; [bool] $DeltaCompressedContentAvailable
    [string] $SupportUrl; [string] $ReleaseNotes; [string] $UninstallationNotes; [string] $HandlerID
    [int] $RecommendedCpuSpeed; [int] $RecommendedHardDiskSpace; [int] $RecommendedMemory; [object] $DownloadContents; [object] $Image
    hidden [bool] $Away
    hidden [hashtable] ID() { return @{ UpdateID = $this.Identity.UpdateID; Revision = $this.Identity.RevisionNumber } }
    [void] AcceptEula() {
        Invoke-FakeWindows wua.eula @{ IDs = @($this.ID()) }
        $this.EulaAccepted = $true
    }
    [void] CopyFromCache([string] $Path, [bool] $ToExtract) { Invoke-FakeWindows wua.allowed @{ Operation = 'AcceptEula' } }
}
Update-TypeData -TypeName FakeUpdate -MemberType ScriptProperty -MemberName IsHidden -Force -Value { $this.Away } -SecondValue {
    param($Value)
    Invoke-FakeWindows wua.hide @{ IDs = @($this.ID()); Hidden = [bool] $Value }
    $this.Away = [bool] $Value
}

class FakeUpdateCollection : FakeCollection {
    [int] Add([object] $Value) {
        if ($Value -isnot [FakeUpdate]) { throw [System.InvalidCastException]::new('Specified cast is not valid.') }
        $this.Inner.Add($Value)
        return $this.Inner.Count - 1
    }
}

# One IUpdate from what the world knows of it.
function New-FakeUpdate {
    param($Raw)
    Set-StrictMode -Off
    if (-not $Raw.UpdateID) { return [pscustomobject]@{} } # a broken one, as after the preview of June 2024: no members
    $u = [FakeUpdate]::new()
    $u.Title = $Raw.Title; $u.Description = $Raw.Description; $u.Type = $Raw.Type; $u.MsrcSeverity = $Raw.Severity
    $u.Identity = [pscustomobject]@{ UpdateID = $Raw.UpdateID; RevisionNumber = [int] $Raw.Revision }
    $u.KBArticleIDs = New-FakeCollection $Raw.KBs ([FakeStringCollection]::new())
    $u.SecurityBulletinIDs = New-FakeCollection $Raw.Bulletins ([FakeStringCollection]::new())
    $u.CveIDs = New-FakeCollection $Raw.CVEs ([FakeStringCollection]::new())
    $u.SupersededUpdateIDs = New-FakeCollection $Raw.Superseded ([FakeStringCollection]::new())
    $u.MoreInfoUrls = New-FakeCollection $Raw.MoreInfo ([FakeStringCollection]::new())
    $u.Languages = New-FakeCollection $null ([FakeStringCollection]::new())
    $u.UninstallationSteps = New-FakeCollection $null ([FakeStringCollection]::new())
    $categories = foreach ($c in $Raw.Categories) {
        [pscustomobject]@{ Name = $c.Name; CategoryID = $c.ID; Type = $c.Type; Description = $c.Name; Order = [int] $c.Order; Parent = $null }
    }
    $u.Categories = New-FakeCollection $categories
    $bundle = for ($i = 0; $i -lt $Raw.Bundled; $i++) { [pscustomobject]@{ Title = $Raw.Title; Identity = [pscustomobject]@{ UpdateID = [guid]::NewGuid().ToString(); RevisionNumber = 1 } } }
    $u.BundledUpdates = New-FakeCollection $bundle
    $u.DownloadContents = New-FakeCollection $null
    $u.LastDeploymentChangeTime = ConvertTo-FakeTime $Raw.DeployedAt
    $u.Deadline = ConvertTo-FakeTime $Raw.Deadline
    $u.MaxDownloadSize = $Raw.MaxSize; $u.MinDownloadSize = [decimal] $Raw.MinSize
    $u.IsDownloaded = $Raw.Downloaded; $u.IsInstalled = $Raw.Installed; $u.IsPresent = $Raw.Installed; $u.RebootRequired = $Raw.RebootPending
    $u.IsMandatory = $Raw.Mandatory; $u.IsUninstallable = $Raw.Uninstallable; $u.IsBeta = $Raw.Beta; $u.BrowseOnly = $Raw.BrowseOnly; $u.Away = $Raw.Hidden
    $u.EulaText = $Raw.Eula; $u.EulaAccepted = -not $Raw.Eula -or $Raw.EulaAccepted
    $u.AutoSelection = [int] $Raw.AutoSelection; $u.SupportUrl = $Raw.SupportURL
    $u.InstallationBehavior = [pscustomobject]@{
        Impact = [int] $Raw.Impact; RebootBehavior = [int] $Raw.RebootBehavior
        CanRequestUserInput = [bool] $Raw.AsksUser; RequiresNetworkConnectivity = [bool] $Raw.NeedsNetwork
    }
    $u
}

class FakeSearcher {
    [bool] $Online = $true; [int] $ServerSelection = 0; [string] $ServiceID = '00000000-0000-0000-0000-000000000000'
    [string] $ClientApplicationID; [bool] $CanAutomaticallyUpgradeService; [bool] $IncludePotentiallySupersededUpdates; [int] $SearchScope
    [object] Search([string] $Criteria) { return Find-FakeUpdate $this $Criteria }
    [string] EscapeString([string] $Text) { return $Text.Replace("'", "''") }
    [int] GetTotalHistoryCount() { return @(Invoke-FakeWindows wua.history).Where({ $null -ne $_ }).Count }
    [object] QueryHistory([int] $Start, [int] $Count) { return Get-FakeHistory $Start $Count }
    [object] BeginSearch([string] $Criteria, [object] $Callback, [object] $State) { return Deny-FakeUpdate }
}

# Operations with callbacks need objects that only a compiled caller has.
function Deny-FakeUpdate { throw [System.NotImplementedException]::new('callbacks are not part of this make-believe Windows') }

function Find-FakeUpdate {
    param([FakeSearcher] $Searcher, [string] $Criteria)
    Set-StrictMode -Off
    $raw = Invoke-FakeWindows wua.search @{
        Criteria = $Criteria; Offline = -not $Searcher.Online; ServerSelection = $Searcher.ServerSelection; ServiceID = $Searcher.ServiceID
    }
    $warnings = foreach ($w in $raw.Warnings) { [pscustomobject]@{ Context = [int] $w.Context; HResult = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] $w.HResult), 0); Message = $w.Message } }
    $updates = New-FakeCollection (@(foreach ($u in $raw.Updates) { New-FakeUpdate $u })) ([FakeUpdateCollection]::new())
    [pscustomobject]@{ ResultCode = [int] $raw.ResultCode; Updates = $updates; Warnings = (New-FakeCollection $warnings); RootCategories = (New-FakeCollection $null) }
}

function Get-FakeHistory {
    param([int] $Start, [int] $Count)
    Set-StrictMode -Off
    $all = @(Invoke-FakeWindows wua.history).Where({ $null -ne $_ })
    $entries = foreach ($h in ($all | Select-Object -Skip $Start -First $Count)) {
        [pscustomobject]@{
            UpdateIdentity = [pscustomobject]@{ UpdateID = $h.UpdateID; RevisionNumber = [int] $h.Revision }
            Title = $h.Title; Description = [string] $h.Description; Date = (ConvertTo-FakeTime $h.Date); Operation = [int] $h.Operation; ResultCode = [int] $h.ResultCode
            HResult = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] $h.HResult), 0); UnmappedResultCode = 0; ClientApplicationID = $h.Client
            ServerSelection = 2; ServiceID = ''; SupportUrl = [string] $h.SupportURL; UninstallationNotes = ''; UninstallationSteps = (New-FakeCollection $null); Categories = (New-FakeCollection $null)
        }
    }
    New-FakeCollection $entries
}

# What a download or an installation gives: the result of all, and of each.
class FakeResult {
    [int] $ResultCode; [int] $HResult; [bool] $RebootRequired
    hidden [object[]] $Each
    [object] GetUpdateResult([int] $Index) {
        if ($Index -lt 0 -or $Index -ge $this.Each.Count) {
            throw [System.Runtime.InteropServices.COMException]::new('Exception from HRESULT: 0x80240007', 0x80240007)
        }
        return $this.Each[$Index]
    }
}

function New-FakeResult {
    param($Raw, [FakeResult] $Result = [FakeResult]::new())
    Set-StrictMode -Off
    $Result.ResultCode = $Raw.ResultCode; $Result.RebootRequired = $Raw.Reboot
    $Result.HResult = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] $Raw.HResult), 0)
    $Result.Each = @(foreach ($e in $Raw.Each) { if ($null -ne $e) { New-FakeResult $e } })
    $Result
}

class FakeDownloader {
    [FakeUpdateCollection] $Updates = [FakeUpdateCollection]::new(); [bool] $IsForced; [int] $Priority = 2; [string] $ClientApplicationID
    [object] Download() {
        $raw = Invoke-FakeWindows wua.download @{ IDs = @(foreach ($u in $this.Updates.Inner) { $u.ID() }) }
        $result = New-FakeResult $raw
        for ($i = 0; $i -lt $this.Updates.Inner.Count; $i++) {
            if ($result.Each[$i].ResultCode -eq 2) { $this.Updates.Inner[$i].IsDownloaded = $true }
        }
        return $result
    }
    [object] BeginDownload([object] $Progress, [object] $Done, [object] $State) { return Deny-FakeUpdate }
}

class FakeInstaller {
    [FakeUpdateCollection] $Updates = [FakeUpdateCollection]::new(); [bool] $IsForced; [bool] $ForceQuiet; [bool] $AllowSourcePrompts = $true
    [bool] $AttemptCloseAppsIfNecessary; [string] $ClientApplicationID; [object] $ParentHwnd
    [object] Install() {
        $raw = Invoke-FakeWindows wua.install @{ Client = $this.ClientApplicationID; IDs = @(foreach ($u in $this.Updates.Inner) { $u.ID() }) }
        return New-FakeResult $raw
    }
    [object] BeginInstall([object] $Progress, [object] $Done, [object] $State) { return Deny-FakeUpdate }
}
Update-TypeData -TypeName FakeInstaller -MemberType ScriptProperty -MemberName IsBusy -Value { [bool] (Invoke-FakeWindows wua.installer).busy } -Force
Update-TypeData -TypeName FakeInstaller -MemberType ScriptProperty -MemberName RebootRequiredBeforeInstallation -Value { [bool] (Invoke-FakeWindows wua.installer).reboot } -Force

class FakeSession {
    [string] $ClientApplicationID; [bool] $ReadOnly; [uint32] $UserLocale = 1033
    [object] CreateUpdateSearcher() {
        Invoke-FakeWindows wua.allowed @{ Operation = 'CreateUpdateSearcher' }
        $s = [FakeSearcher]::new(); $s.ClientApplicationID = $this.ClientApplicationID
        return $s
    }
    [object] CreateUpdateDownloader() {
        Invoke-FakeWindows wua.allowed @{ Operation = 'CreateUpdateDownloader' }
        $d = [FakeDownloader]::new(); $d.ClientApplicationID = $this.ClientApplicationID
        return $d
    }
    [object] CreateUpdateInstaller() {
        Invoke-FakeWindows wua.allowed @{ Operation = 'CreateUpdateInstaller' }
        $i = [FakeInstaller]::new(); $i.ClientApplicationID = $this.ClientApplicationID
        return $i
    }
    [object] CreateUpdateServiceManager() { return New-FakeServiceManager }
    [object] QueryHistory([string] $Criteria, [int] $Start, [int] $Count) { return Get-FakeHistory $Start $Count }
}
Update-TypeData -TypeName FakeSession -MemberType ScriptProperty -MemberName WebProxy -Force -Value { Invoke-FakeWindows wua.allowed @{ Operation = 'WebProxy' } } -SecondValue {
    param($Value)
    Invoke-FakeWindows wua.allowed @{ Operation = 'WebProxy' }
}

class FakeAgentInfo {
    [object] GetInfo([object] $What) {
        $all = @{ ApiMajorVersion = 8; ApiMinorVersion = 0; ProductVersionString = '1023.1020.2192.0' }
        if (-not $all.ContainsKey([string] $What)) { throw [System.ArgumentException]::new('Value does not fall within the expected range.') }
        return $all[[string] $What]
    }
}

class FakeSystemInfo { [string] $OemHardwareSupportLink }
Update-TypeData -TypeName FakeSystemInfo -MemberType ScriptProperty -MemberName RebootRequired -Value { [bool] (Invoke-FakeWindows wua.reboot) } -Force

class FakeServiceManager {
    [string] $ClientApplicationID
    [object] AddService2([string] $ServiceID, [int] $Flags, [string] $Cab) { Invoke-FakeWindows wua.allowed @{ Operation = 'AddService' }; return $null }
    [object] AddScanPackageService([string] $Name, [string] $Path, [int] $Flags) { Invoke-FakeWindows wua.allowed @{ Operation = 'AddService' }; return $null }
}
Update-TypeData -TypeName FakeServiceManager -MemberType ScriptProperty -MemberName Services -Force -Value {
    $all = foreach ($s in @(Invoke-FakeWindows wua.services)) {
        if ($null -ne $s) {
            [pscustomobject]@{ Name = $s.Name; ServiceID = $s.ID; IsManaged = [bool] $s.Managed; IsDefaultAUService = [bool] $s.Default; IsRegisteredWithAU = [bool] $s.AU; IsScanPackageService = $false; OffersWindowsUpdates = $true; ServiceUrl = $s.URL }
        }
    }
    New-FakeCollection $all
}
function New-FakeServiceManager { [FakeServiceManager]::new() }

class FakeAutoUpdate { [void] DetectNow() { Invoke-FakeWindows wua.allowed @{ Operation = 'DetectNow' } } }
Update-TypeData -TypeName FakeAutoUpdate -MemberType ScriptProperty -MemberName ServiceEnabled -Value { [bool] (Invoke-FakeWindows wua.auto).enabled } -Force
Update-TypeData -TypeName FakeAutoUpdate -MemberType ScriptProperty -MemberName Results -Force -Value {
    $raw = Invoke-FakeWindows wua.auto
    [pscustomobject]@{ LastSearchSuccessDate = (ConvertTo-FakeTime $raw.search); LastInstallationSuccessDate = (ConvertTo-FakeTime $raw.install) }
}

# Stands before New-Object: COM classes are look-alikes, .NET's are real.
function New-Object {
    [CmdletBinding(DefaultParameterSetName = 'Net')]
    param(
        [Parameter(ParameterSetName = 'Net', Mandatory, Position = 0)][string] $TypeName,
        [Parameter(ParameterSetName = 'Net', Position = 1)][Alias('Args')][object[]] $ArgumentList,
        [Parameter(ParameterSetName = 'Com', Mandatory)][string] $ComObject,
        [Parameter(ParameterSetName = 'Com')][switch] $Strict,
        [System.Collections.IDictionary] $Property
    )
    Set-StrictMode -Off
    if ($global:FakeWindows.Constrained -and ($ComObject -or $TypeName -notmatch '^(System\.)?(Management\.Automation\.)?(PSObject|PSCustomObject|Object|Collections\.(Hashtable|ArrayList)|Text\.StringBuilder)$')) {
        throw [System.Management.Automation.PSNotSupportedException]::new('Cannot create type. Only core types are supported in this language mode.')
    }
    if (-not $ComObject) { return Microsoft.PowerShell.Utility\New-Object @PSBoundParameters }
    $made = switch ($ComObject) {
        'Microsoft.Update.Session' { [FakeSession]::new() }
        'Microsoft.Update.SystemInfo' { [FakeSystemInfo]::new() }
        'Microsoft.Update.AutoUpdate' { [FakeAutoUpdate]::new() }
        'Microsoft.Update.AgentInfo' { [FakeAgentInfo]::new() }
        'Microsoft.Update.ServiceManager' { [FakeServiceManager]::new() }
        'Microsoft.Update.Searcher' { [FakeSession]::new().CreateUpdateSearcher() }
        'Microsoft.Update.Downloader' { [FakeSession]::new().CreateUpdateDownloader() }
        'Microsoft.Update.Installer' { [FakeSession]::new().CreateUpdateInstaller() }
        'Microsoft.Update.UpdateColl' { , [FakeUpdateCollection]::new() }
        'Microsoft.Update.StringColl' { , [FakeStringCollection]::new() }
        'Schedule.Service' { [FakeScheduleService]::new() }
        default {
            throw [System.Runtime.InteropServices.COMException]::new('Retrieving the COM class factory for component with CLSID {00000000-0000-0000-0000-000000000000} failed due to the following error: 80040154 Class not registered (Exception from HRESULT: 0x80040154 (REGDB_E_CLASSNOTREG)).', 0x80040154)
        }
    }
    if ($Property) { foreach ($name in $Property.Keys) { $made.$name = $Property[$name] } }
    , $made
}
