# CIM, the registry, services, processes, events, rights on files, and the few
# programs of Windows that scripts call. A function wins over a cmdlet of the
# same name; what is not Windows' own goes on to the real cmdlet.

$FakeWindows.Registry = '^(HKLM:|HKCU:|HKU:|HKEY_|Registry::|Microsoft\.PowerShell\.Core\\Registry::)'

# One CIM object: times are local, as CIM cmdlets give them.
function New-FakeInstance {
    param($Raw, [string] $Class, [switch] $Wmi)
    Set-StrictMode -Off
    $o = [ordered]@{}
    foreach ($p in $Raw.PSObject.Properties) {
        $v = $p.Value
        if ($v -is [pscustomobject] -and $null -ne $v.ms) {
            $v = ConvertTo-FakeLocalTime $v
            if ($Wmi) {
                $offset = [TimeZoneInfo]::Local.GetUtcOffset($v).TotalMinutes
                $v = $v.ToString('yyyyMMddHHmmss.ffffff', [cultureinfo]::InvariantCulture) + ('{0}{1:000}' -f $(if ($offset -lt 0) { '-' } else { '+' }), [math]::Abs($offset))
            }
        }
        elseif ($p.Name -eq 'ProcessId' -or $p.Name -eq 'ParentProcessId') { $v = [uint32] $v }
        elseif ($null -ne $v -and ($p.Name -eq 'Size' -or $p.Name -eq 'FreeSpace')) { $v = [uint64] $v }
        $o[$p.Name] = $v
    }
    $o['PSComputerName'] = $null
    if ($Wmi) { $o['__CLASS'] = $Class } else { $o['CimClass'] = $Class }
    $made = [pscustomobject] $o
    if ($Wmi) { $made | Add-Member ScriptMethod ConvertToDateTime { param($t) [DateTime]::ParseExact($t.Substring(0, 21), 'yyyyMMddHHmmss.ffffff', [cultureinfo]::InvariantCulture) } }
    $made
}

function Read-FakeQuery {
    param([string] $Query)
    if ($Query -notmatch '(?is)^\s*select\s+.+?\s+from\s+(\w+)(?:\s+where\s+(.+))?$') { throw [Microsoft.Management.Infrastructure.CimException]::new('Invalid query ') }
    $Matches[1], [string] $Matches[2]
}

function Get-CimInstance {
    [CmdletBinding(DefaultParameterSetName = 'Class')]
    param(
        [Parameter(ParameterSetName = 'Class', Mandatory, Position = 0)][string] $ClassName,
        [Parameter(ParameterSetName = 'Class')][string] $Filter,
        [Parameter(ParameterSetName = 'Class')][Alias('SelectProperties')][string[]] $Property,
        [Parameter(ParameterSetName = 'Query', Mandatory)][string] $Query,
        [string] $Namespace, [uint32] $OperationTimeoutSec, [switch] $Shallow, [switch] $KeyOnly
    )
    Set-StrictMode -Off
    if ($Query) { $ClassName, $Filter = Read-FakeQuery $Query }
    try { $all = Invoke-FakeWindows cim @{ Name = $ClassName; Filter = $Filter } }
    catch {
        $e = [Microsoft.Management.Infrastructure.CimException]::new($_.Exception.Message)
        $e.HResult = $_.Exception.HResult
        $PSCmdlet.WriteError((New-FakeError $e ('HRESULT 0x{0:x8},Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand' -f $e.HResult) MetadataError $ClassName))
        return
    }
    foreach ($one in $all) { if ($null -ne $one) { New-FakeInstance $one $ClassName } }
}

function Get-WmiObject {
    [CmdletBinding(DefaultParameterSetName = 'Class')]
    param(
        [Parameter(ParameterSetName = 'Class', Mandatory, Position = 0)][Alias('ClassName')][string] $Class,
        [Parameter(ParameterSetName = 'Class', Position = 1)][string[]] $Property,
        [Parameter(ParameterSetName = 'Class')][string] $Filter,
        [Parameter(ParameterSetName = 'Query', Mandatory)][string] $Query,
        [Alias('NS')][string] $Namespace
    )
    Set-StrictMode -Off
    if ($Query) { $Class, $Filter = Read-FakeQuery $Query }
    foreach ($one in (Invoke-FakeWindows cim @{ Name = $Class; Filter = $Filter })) { if ($null -ne $one) { New-FakeInstance $one $Class -Wmi } }
}

class FakeRegistryKey {
    [string] $Name; [string] $PSPath; [string] $PSChildName; [string] $PSParentPath; [string[]] $Property; [int] $SubKeyCount; [int] $ValueCount
    hidden [hashtable] $Data; hidden [string[]] $Below
    [object] GetValue([string] $Value) { return $this.Data[$Value] }
    [object] GetValue([string] $Value, [object] $Default) { if ($this.Data.ContainsKey($Value)) { return $this.Data[$Value] }; return $Default }
    [string[]] GetValueNames() { return $this.Property }
    [string[]] GetSubKeyNames() { return $this.Below }
    [void] Close() { }
    [void] Dispose() { }
    [string] ToString() { return $this.Name }
}

# A key of the registry, or nothing.
function Get-FakeKey {
    param([string] $Path)
    Set-StrictMode -Off
    $raw = Invoke-FakeWindows reg.get @{ Path = $Path }
    if (-not $raw.exists) { return }
    $k = [FakeRegistryKey]::new()
    $k.Name = $raw.path -replace '^HKLM', 'HKEY_LOCAL_MACHINE' -replace '^HKCU', 'HKEY_CURRENT_USER'
    $k.PSPath = 'Microsoft.PowerShell.Core\Registry::' + $k.Name
    $k.PSParentPath = $k.PSPath -replace '\\[^\\]*$'
    $k.PSChildName = $k.Name -replace '^.*\\'
    $k.Data = @{}
    foreach ($p in $raw.values.PSObject.Properties) {
        $k.Data[$p.Name] = switch ($p.Value.Kind) {
            'DWord' { [BitConverter]::ToInt32([BitConverter]::GetBytes([int64] $p.Value.Data), 0) }
            'QWord' { [int64] $p.Value.Data }
            'MultiString' { , [string[]] @($p.Value.Data) }
            'Binary' { , [byte[]] @($p.Value.Data) }
            default { [string] $p.Value.Data }
        }
    }
    $k.Property = @($k.Data.Keys | Sort-Object)
    $k.Below = @($raw.keys | Where-Object { $null -ne $_ })
    $k.SubKeyCount = $k.Below.Count; $k.ValueCount = $k.Data.Count
    $k
}

# Picks the registry's paths out of a command's arguments and pipeline.
function Test-FakeRegistry {
    param($Arguments, $Piped)
    foreach ($a in @($Arguments) + @($Piped)) {
        foreach ($one in $a) {
            if ($one -is [FakeRegistryKey] -or $one -is [string] -and $one -match $global:FakeWindows.Registry) { return $true }
        }
    }
    $false
}

foreach ($name in 'Get-ItemProperty', 'Get-ItemPropertyValue', 'Get-Item', 'Test-Path', 'Get-ChildItem', 'New-Item', 'Remove-Item', 'Set-ItemProperty', 'New-ItemProperty', 'Remove-ItemProperty') {
    $noun = $name -replace '-', ''
    Set-Item -LiteralPath "function:global:$name" -Value ([ScriptBlock]::Create(@"
        `$piped = @(`$input)
        if (Test-FakeRegistry `$args `$piped) { if (`$piped.Count) { `$piped | Use-FakeRegistry$noun @args } else { Use-FakeRegistry$noun @args } }
        elseif (`$MyInvocation.ExpectingInput) { `$piped | Microsoft.PowerShell.Management\$name @args }
        else { Microsoft.PowerShell.Management\$name @args }
        if ('$name' -eq 'Remove-Item') { Clear-FakeRights (@(`$args) + `$piped) }
"@))
}

# What was removed has no owner any more.
function Clear-FakeRights {
    param($Paths)
    foreach ($p in $Paths) {
        if ($p -is [System.IO.FileSystemInfo]) { $p = $p.FullName }
        if ($p -is [string] -and [System.IO.Path]::IsPathRooted($p) -and -not (Microsoft.PowerShell.Management\Test-Path -LiteralPath $p)) { Invoke-FakeWindows acl.forget @{ Path = $p } }
    }
}

# The paths of a command: keys are given by path or as what Get-Item found.
function Resolve-FakePath {
    param($Path)
    foreach ($p in $Path) { if ($p -is [FakeRegistryKey]) { $p.PSPath } else { [string] $p } }
}

function New-FakeMissing {
    param([string] $Path, [string] $Command)
    New-FakeError ([System.Management.Automation.ItemNotFoundException]::new("Cannot find path '$Path' because it does not exist.")) "PathNotFound,Microsoft.PowerShell.Commands.$Command" ObjectNotFound $Path
}

function Use-FakeRegistryGetItemProperty {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path, [Parameter(Position = 1)][Alias('PSProperty')][string[]] $Name)
    process {
        Set-StrictMode -Off
        foreach ($p in (Resolve-FakePath $Path)) {
            $k = Get-FakeKey $p
            if ($null -eq $k) { $PSCmdlet.WriteError((New-FakeMissing $p GetItemPropertyCommand)); continue }
            $o = [ordered]@{}
            foreach ($v in $k.Property) { if (-not $Name -or @($Name | Where-Object { $v -like $_ }).Count) { $o[$v] = $k.Data[$v] } }
            $absent = @($Name | Where-Object { $_ -and $_ -notmatch '[*?]' -and $k.Property -notcontains $_ })
            foreach ($n in $absent) {
                $PSCmdlet.WriteError((New-FakeError ([System.Management.Automation.PSArgumentException]::new("Property $n does not exist at path $($k.Name).")) 'System.Management.Automation.PSArgumentException,Microsoft.PowerShell.Commands.GetItemPropertyCommand' InvalidArgument $n))
            }
            if ($o.Count -eq 0) { continue }
            $o['PSPath'] = $k.PSPath; $o['PSParentPath'] = $k.PSParentPath; $o['PSChildName'] = $k.PSChildName; $o['PSProvider'] = 'Microsoft.PowerShell.Core\Registry'
            [pscustomobject] $o
        }
    }
}

function Use-FakeRegistryGetItemPropertyValue {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path, [Parameter(Mandatory, Position = 1)][string[]] $Name)
    process {
        Set-StrictMode -Off
        foreach ($p in (Resolve-FakePath $Path)) {
            $k = Get-FakeKey $p
            if ($null -eq $k) { $PSCmdlet.WriteError((New-FakeMissing $p GetItemPropertyValueCommand)); continue }
            foreach ($n in $Name) {
                if ($k.Data.ContainsKey($n)) { $k.Data[$n]; continue }
                $PSCmdlet.ThrowTerminatingError((New-FakeError ([System.Management.Automation.PSArgumentException]::new("Property $n does not exist at path $($k.Name).")) 'System.Management.Automation.PSArgumentException,Microsoft.PowerShell.Commands.GetItemPropertyValueCommand' InvalidArgument $n))
            }
        }
    }
}

function Use-FakeRegistryGetItem {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path, [switch] $Force)
    process {
        foreach ($p in (Resolve-FakePath $Path)) {
            $k = Get-FakeKey $p
            if ($null -eq $k) { $PSCmdlet.WriteError((New-FakeMissing $p GetItemCommand)) } else { $k }
        }
    }
}

function Use-FakeRegistryTestPath {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path, [string] $PathType = 'Any', [switch] $IsValid)
    process {
        foreach ($p in (Resolve-FakePath $Path)) {
            if ($p -match '[\\/]\*$') { $k = Get-FakeKey ($p -replace '[\\/]\*$'); $null -ne $k -and $k.SubKeyCount -gt 0 }
            else { $PathType -ne 'Leaf' -and $null -ne (Get-FakeKey $p) }
        }
    }
}

function Use-FakeRegistryGetChildItem {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path, [switch] $Recurse, [switch] $Force, [switch] $Name)
    process {
        foreach ($p in (Resolve-FakePath $Path)) {
            $p = $p -replace '[\\/]\*$'
            $k = Get-FakeKey $p
            if ($null -eq $k) { $PSCmdlet.WriteError((New-FakeMissing $p GetChildItemCommand)); continue }
            foreach ($b in $k.Below) {
                if ($Name) { $b } else { Get-FakeKey ($p + '\' + $b) }
                if ($Recurse) { Use-FakeRegistryGetChildItem -Path ($p + '\' + $b) -Recurse -Name:$Name }
            }
        }
    }
}

function Use-FakeRegistryNewItem {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][string[]] $Path, [string] $Name, [Alias('Type')][string] $ItemType, $Value, [switch] $Force)
    foreach ($p in $Path) {
        if ($Name) { $p = $p.TrimEnd('\') + '\' + $Name }
        if ((Get-FakeKey $p) -and -not $Force) {
            $PSCmdlet.WriteError((New-FakeError ([System.IO.IOException]::new('A key in this path already exists.')) 'System.IO.IOException,Microsoft.PowerShell.Commands.NewItemCommand' ResourceExists $p)); continue
        }
        if (-not $Force -and $null -eq (Get-FakeKey ($p -replace '\\[^\\]*$'))) { $PSCmdlet.WriteError((New-FakeMissing $p NewItemCommand)); continue }
        Invoke-FakeWindows reg.set @{ Path = $p }
        Get-FakeKey $p
    }
}

function Use-FakeRegistryRemoveItem {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path, [switch] $Recurse, [switch] $Force)
    process {
        foreach ($p in (Resolve-FakePath $Path)) {
            if ($null -eq (Get-FakeKey $p)) { $PSCmdlet.WriteError((New-FakeMissing $p RemoveItemCommand)) } else { Invoke-FakeWindows reg.remove @{ Path = $p } }
        }
    }
}

function Use-FakeRegistrySetItemProperty {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][Alias('LiteralPath')][string[]] $Path, [Parameter(Mandatory, Position = 1)][string] $Name, [Parameter(Position = 2)] $Value, [Alias('PropertyType')][string] $Type, [switch] $Force)
    foreach ($p in $Path) {
        if ($null -eq (Get-FakeKey $p)) { $PSCmdlet.WriteError((New-FakeMissing $p SetItemPropertyCommand)); continue }
        if (-not $Type) { $Type = if ($Value -is [int]) { 'DWord' } elseif ($Value -is [long]) { 'QWord' } elseif ($Value -is [array]) { 'MultiString' } else { 'String' } }
        Invoke-FakeWindows reg.set @{ Path = $p; Name = $Name; Kind = $Type; Data = $Value }
    }
}
function Use-FakeRegistryNewItemProperty { Use-FakeRegistrySetItemProperty @args }

function Use-FakeRegistryRemoveItemProperty {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][Alias('LiteralPath')][string[]] $Path, [Parameter(Mandatory, Position = 1)][string[]] $Name, [switch] $Force)
    foreach ($p in $Path) { foreach ($n in $Name) { Invoke-FakeWindows reg.drop @{ Path = $p; Name = $n } } }
}

enum FakeServiceStatus { Stopped = 1; StartPending = 2; StopPending = 3; Running = 4; ContinuePending = 5; PausePending = 6; Paused = 7 }
enum FakeStartType { Boot = 0; System = 1; Automatic = 2; Manual = 3; Disabled = 4 }

function Get-Service {
    [CmdletBinding(DefaultParameterSetName = 'Default')]
    param([Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)][Alias('ServiceName')][string[]] $Name = '*', [string[]] $DisplayName, [string[]] $Include, [string[]] $Exclude)
    process {
        Set-StrictMode -Off
        $all = @(Invoke-FakeWindows cim @{ Name = 'Win32_Service' })
        foreach ($n in $Name) {
            $found = @($all | Where-Object { $_.Name -like $n })
            if (-not $found.Count -and $n -notmatch '[*?]') {
                $PSCmdlet.WriteError((New-FakeError ([System.InvalidOperationException]::new("Cannot find any service with service name '$n'.")) 'NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand' ObjectNotFound $n))
            }
            foreach ($s in $found) {
                $start = if ($s.StartMode -eq 'Auto') { 'Automatic' } else { $s.StartMode }
                $o = [pscustomobject]@{ Name = $s.Name; ServiceName = $s.Name; DisplayName = $s.DisplayName; Status = [FakeServiceStatus] $s.State; StartType = [FakeStartType] $start; CanStop = $s.State -eq 'Running' }
                $o | Add-Member ScriptMethod Refresh { }
                $o
            }
        }
    }
}

function Set-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][Alias('ServiceName')][string] $Name, [string] $StartupType, [string] $Status)
    Invoke-FakeWindows service @{ Name = $Name; Start = ($StartupType -replace 'Automatic', 'Auto'); State = $Status }
}
function Start-Service { [CmdletBinding(SupportsShouldProcess)] param([Parameter(Mandatory, Position = 0)][string[]] $Name, [switch] $PassThru) foreach ($n in $Name) { Invoke-FakeWindows service @{ Name = $n; State = 'Running' } } }
function Stop-Service { [CmdletBinding(SupportsShouldProcess)] param([Parameter(Mandatory, Position = 0)][string[]] $Name, [switch] $Force, [switch] $NoWait, [switch] $PassThru) foreach ($n in $Name) { Invoke-FakeWindows service @{ Name = $n; State = 'Stopped' } } }
function Restart-Service { [CmdletBinding(SupportsShouldProcess)] param([Parameter(Mandatory, Position = 0)][string[]] $Name, [switch] $Force, [switch] $PassThru) foreach ($n in $Name) { Invoke-FakeWindows service @{ Name = $n; State = 'Running' } } }

function Get-Process {
    [CmdletBinding(DefaultParameterSetName = 'Name')]
    param([Parameter(ParameterSetName = 'Name', Position = 0)][Alias('ProcessName')][string[]] $Name, [Parameter(ParameterSetName = 'Id', Mandatory)][Alias('PID')][int[]] $Id, [switch] $IncludeUserName, [switch] $Module)
    Set-StrictMode -Off
    $all = foreach ($p in @(Invoke-FakeWindows cim @{ Name = 'Win32_Process' })) {
        $short = $p.Name -replace '\.exe$'
        [pscustomobject]@{ Name = $short; ProcessName = $short; Id = [int] $p.ProcessId; SessionId = [int] $p.SessionId; StartTime = (ConvertTo-FakeLocalTime $p.CreationDate); CPU = 1.0; WorkingSet64 = [long] $p.WorkingSetSize; HasExited = $false; Path = $null }
    }
    if (-not $Name -and -not $Id) { return $all }
    foreach ($n in $Name) {
        $found = @($all | Where-Object { $_.Name -like $n })
        if (-not $found.Count -and $n -notmatch '[*?]') {
            $PSCmdlet.WriteError((New-FakeError ([Microsoft.PowerShell.Commands.ProcessCommandException]::new("Cannot find a process with the name `"$n`". Verify the process name and call the cmdlet again.")) 'NoProcessFoundForGivenName,Microsoft.PowerShell.Commands.GetProcessCommand' ObjectNotFound $n))
        }
        $found
    }
    foreach ($i in $Id) {
        $found = @($all | Where-Object { $_.Id -eq $i })
        if (-not $found.Count) {
            $PSCmdlet.WriteError((New-FakeError ([Microsoft.PowerShell.Commands.ProcessCommandException]::new("Cannot find a process with the process identifier $i.")) 'NoProcessFoundForGivenId,Microsoft.PowerShell.Commands.GetProcessCommand' ObjectNotFound $i))
        }
        $found
    }
}

function Get-HotFix {
    [CmdletBinding(DefaultParameterSetName = 'Default')]
    param([Parameter(Position = 0)][Alias('HFID')][string[]] $Id, [string[]] $Description)
    Set-StrictMode -Off
    foreach ($h in @(Invoke-FakeWindows hotfix)) {
        if ($null -ne $h -and (-not $Id -or $Id -contains $h.ID)) {
            [pscustomobject]@{ HotFixID = $h.ID; Description = $h.Description; InstalledBy = $h.By; InstalledOn = (ConvertTo-FakeLocalTime $h.On); CSName = $env:COMPUTERNAME }
        }
    }
}

function Get-WinEvent {
    [CmdletBinding(DefaultParameterSetName = 'Log')]
    param([Parameter(ParameterSetName = 'Hash', Mandatory, Position = 0)][hashtable[]] $FilterHashtable, [Parameter(ParameterSetName = 'Log', Position = 0)][string[]] $LogName, [string[]] $ProviderName, [long] $MaxEvents = [long]::MaxValue, [switch] $Oldest)
    Set-StrictMode -Off
    $want = if ($FilterHashtable) { $FilterHashtable[0] } else { @{} }
    if ($LogName) { $want.LogName = $LogName }
    if ($ProviderName) { $want.ProviderName = $ProviderName }
    $found = foreach ($e in @(Invoke-FakeWindows events)) {
        if ($null -eq $e) { continue }
        $at = ConvertTo-FakeLocalTime $e.At
        if ($want.LogName -and $want.LogName -notcontains $e.Log -or $want.ProviderName -and $want.ProviderName -notcontains $e.Provider) { continue }
        if ($want.Id -and $want.Id -notcontains $e.ID -or $want.Level -and $want.Level -notcontains $e.Level -or $want.StartTime -and $at -lt $want.StartTime) { continue }
        [pscustomobject]@{ LogName = $e.Log; ProviderName = $e.Provider; Id = [int] $e.ID; Level = [byte] $e.Level; TimeCreated = $at; Message = $e.Message }
    }
    if (-not $found) {
        $PSCmdlet.WriteError((New-FakeError ([Exception]::new('No events were found that match the specified selection criteria.')) 'NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand' ObjectNotFound $null)); return
    }
    @($found | Sort-Object TimeCreated -Descending:(-not $Oldest)) | Select-Object -First ([math]::Min($MaxEvents, 100000))
}
