# Accounts, rights on files, and the programs of Windows that scripts call by
# name. .NET's own classes for accounts and rights refuse to work elsewhere, so
# that look-alikes take their names.

$FakeWindows.Accounts = @(
    @('S-1-5-18', 'SY', 'NT AUTHORITY\SYSTEM', 'NT-AUTORITÄT\SYSTEM'), @('S-1-5-32-544', 'BA', 'BUILTIN\Administrators', 'VORDEFINIERT\Administratoren'),
    @('S-1-5-32-545', 'BU', 'BUILTIN\Users', 'VORDEFINIERT\Benutzer'), @('S-1-3-0', 'CO', 'CREATOR OWNER', 'ERSTELLER-BESITZER'),
    @('S-1-1-0', 'WD', 'Everyone', 'Jeder'), @('S-1-5-11', 'AU', 'NT AUTHORITY\Authenticated Users', 'NT-AUTORITÄT\Authentifizierte Benutzer')
)

# Everything known of an account by its SID, its letters or its name.
function Find-FakeAccount {
    param([string] $Any)
    $german = $global:FakeWindows.Hello.language -like 'de*'
    foreach ($a in $global:FakeWindows.Accounts) {
        if ($a -contains $Any -or ($a[2] -replace '^.*\\') -eq $Any) { return @{ Sid = $a[0]; Letters = $a[1]; Name = $a[$(if ($german) { 3 } else { 2 })] } }
    }
    if ($Any -like 'S-1-*') { return @{ Sid = $Any; Letters = $Any; Name = $env:COMPUTERNAME + '\eve' } }
    $sid = 'S-1-5-21-1004336348-1177238915-682003330-' + $(if ($Any -match '(^|\\)Administrator$') { 500 } else { 1001 })
    @{ Sid = $sid; Letters = $sid; Name = $Any }
}

class FakeSid {
    [string] $Value
    FakeSid([string] $Sid) { if ($Sid -notlike 'S-1-*') { $Sid = (Find-FakeAccount $Sid).Sid }; $this.Value = $Sid.ToUpperInvariant() }
    FakeSid([object] $Known, [object] $Domain) {
        $all = @{ LocalSystemSid = 'S-1-5-18'; BuiltinAdministratorsSid = 'S-1-5-32-544'; BuiltinUsersSid = 'S-1-5-32-545'; WorldSid = 'S-1-1-0'; AuthenticatedUserSid = 'S-1-5-11'; CreatorOwnerSid = 'S-1-3-0' }
        $this.Value = $all[[string] $Known]
    }
    [object] Translate([type] $To) { if ($To.Name -eq 'FakeAccount') { return [FakeAccount]::new((Find-FakeAccount $this.Value).Name) }; return $this }
    [bool] IsWellKnown([object] $Known) { return [FakeSid]::new($Known, $null).Value -eq $this.Value }
    [bool] Equals([object] $Other) { return [string] $Other -eq $this.Value }
    [int] GetHashCode() { return $this.Value.GetHashCode() }
    [string] ToString() { return $this.Value }
}

class FakeAccount {
    [string] $Value
    FakeAccount([string] $Name) { $this.Value = $Name }
    FakeAccount([string] $Domain, [string] $Name) { $this.Value = $Domain + '\' + $Name }
    [object] Translate([type] $To) { if ($To.Name -eq 'FakeSid') { return [FakeSid]::new((Find-FakeAccount $this.Value).Sid) }; return $this }
    [bool] Equals([object] $Other) { return [string] $Other -eq $this.Value }
    [int] GetHashCode() { return $this.Value.ToLowerInvariant().GetHashCode() }
    [string] ToString() { return $this.Value }
}

class FakeIdentity {
    [string] $Name; [FakeSid] $User; [FakeSid] $Owner; [bool] $IsSystem; [bool] $IsAuthenticated = $true; [string] $AuthenticationType; [object[]] $Groups; [string] $ImpersonationLevel = 'None'
    static [FakeIdentity] GetCurrent() {
        $i = [FakeIdentity]::new()
        $i.IsSystem = $global:FakeWindows.User -eq 'SYSTEM'
        $account = Find-FakeAccount $(if ($i.IsSystem) { 'S-1-5-18' } else { $global:FakeWindows.User })
        $i.Name = $account.Name
        $i.User = [FakeSid]::new($account.Sid)
        $i.AuthenticationType = $(if ($global:FakeWindows.Network) { 'NTLM' } else { 'Negotiate' })
        $i.Groups = @([FakeSid]::new('S-1-1-0'), [FakeSid]::new('S-1-5-11'))
        if ($global:FakeWindows.Network) { $i.Groups += [FakeSid]::new('S-1-5-2') }
        if ($global:FakeWindows.Hello.admin) { $i.Groups += [FakeSid]::new('S-1-5-32-544') }
        $i.Owner = $(if ($global:FakeWindows.Hello.admin) { [FakeSid]::new('S-1-5-32-544') } else { $i.User })
        return $i
    }
    [void] Dispose() { }
}

class FakePrincipal {
    [FakeIdentity] $Identity
    FakePrincipal([FakeIdentity] $Who) { $this.Identity = $Who }
    [bool] IsInRole([object] $Role) {
        if ([string] $Role -in 'Administrator', 'S-1-5-32-544', 'Administrators', 'BUILTIN\Administrators', '544') { return [bool] $global:FakeWindows.Hello.admin }
        return $this.Identity.Groups -contains [string] $Role
    }
}

# A right as SDDL has it. The numbers are those of FileSystemRights.
class FakeAccessRule {
    [object] $IdentityReference; [System.Security.AccessControl.FileSystemRights] $FileSystemRights; [System.Security.AccessControl.AccessControlType] $AccessControlType
    [System.Security.AccessControl.InheritanceFlags] $InheritanceFlags; [System.Security.AccessControl.PropagationFlags] $PropagationFlags; [bool] $IsInherited
    FakeAccessRule([object] $Who, [System.Security.AccessControl.FileSystemRights] $Rights, [System.Security.AccessControl.AccessControlType] $Type) { $this.Fill($Who, $Rights, 'None', 'None', $Type) }
    FakeAccessRule([object] $Who, [System.Security.AccessControl.FileSystemRights] $Rights, [System.Security.AccessControl.InheritanceFlags] $Inherit, [System.Security.AccessControl.PropagationFlags] $Propagate, [System.Security.AccessControl.AccessControlType] $Type) { $this.Fill($Who, $Rights, $Inherit, $Propagate, $Type) }
    hidden [void] Fill([object] $Who, [object] $Rights, [object] $Inherit, [object] $Propagate, [object] $Type) {
        $this.IdentityReference = $(if ($Who -is [string]) { [FakeAccount]::new($Who) } else { $Who })
        $this.FileSystemRights = $Rights; $this.InheritanceFlags = $Inherit; $this.PropagationFlags = $Propagate; $this.AccessControlType = $Type
    }
    hidden [string] Ace() {
        $flags = ''
        if ($this.InheritanceFlags -band 2) { $flags += 'OI' }
        if ($this.InheritanceFlags -band 1) { $flags += 'CI' }
        if ($this.PropagationFlags -band 2) { $flags += 'IO' }
        $rights = $(if (([int] $this.FileSystemRights -band 0x1f01ff) -eq 0x1f01ff) { 'FA' } else { '0x{0:x}' -f ([int] $this.FileSystemRights -bor 0x100000) })
        return '(' + $(if ($this.AccessControlType -eq 'Deny') { 'D' } else { 'A' }) + ";$flags;$rights;;;" + (Find-FakeAccount ([string] $this.IdentityReference)).Letters + ')'
    }
}

class FakeSecurity {
    [string] $Path; hidden [string] $By = 'BA'; hidden [string] $Flags = ''; hidden [string[]] $Aces = @()
    FakeSecurity() { }
    FakeSecurity([string] $Sddl) { $this.SetSecurityDescriptorSddlForm($Sddl) }
    [void] SetSecurityDescriptorSddlForm([string] $Sddl) {
        if ($Sddl -notmatch '^(O:(?<o>S-[\d-]+|[A-Z]{2}))?(G:(S-[\d-]+|[A-Z]{2}))?(D:(?<f>[A-Z]*)(?<a>(\([^()]*\))*))?(S:.*)?$') { throw [System.ArgumentException]::new('The SDDL form of a security descriptor object is invalid.') }
        if ($Matches['o']) { $this.By = (Find-FakeAccount $Matches['o']).Letters }
        $this.Flags = [string] $Matches['f']
        $this.Aces = @([regex]::Matches([string] $Matches['a'], '\([^()]*\)') | ForEach-Object { $_.Value })
    }
    [void] SetSecurityDescriptorSddlForm([string] $Sddl, [object] $Sections) { $this.SetSecurityDescriptorSddlForm($Sddl) }
    [string] GetSecurityDescriptorSddlForm([object] $Sections) { return 'O:' + $this.By + 'G:SYD:' + $this.Flags + ($this.Aces -join '') }
    [void] SetOwner([object] $Who) { $this.By = (Find-FakeAccount ([string] $Who)).Letters }
    [void] SetGroup([object] $Who) { }
    [object] GetOwner([type] $As) { $a = Find-FakeAccount $this.By; if ($As.Name -eq 'FakeSid') { return [FakeSid]::new($a.Sid) }; return [FakeAccount]::new($a.Name) }
    [void] SetAccessRuleProtection([bool] $Protected, [bool] $Keep) {
        $this.Flags = $(if ($Protected) { 'PAI' } else { 'AI' })
        if ($Protected -and $Keep) { $this.Aces = @($this.Aces | ForEach-Object { $_ -replace '^(\([^;]*;[A-Z]*?)ID;', '$1;' }) }
        elseif ($Protected) { $this.Aces = @($this.Aces | Where-Object { $_ -notmatch '^\([^;]*;[A-Z]*ID;' }) }
    }
    [void] AddAccessRule([object] $Rule) { $this.Aces += $Rule.Ace() }
    [void] SetAccessRule([object] $Rule) { $this.PurgeAccessRules($Rule.IdentityReference); $this.Aces += $Rule.Ace() }
    [bool] RemoveAccessRule([object] $Rule) { $n = $this.Aces.Count; $this.RemoveAccessRuleAll($Rule); return $this.Aces.Count -lt $n }
    [void] RemoveAccessRuleAll([object] $Rule) { $this.PurgeAccessRules($Rule.IdentityReference) }
    [void] RemoveAccessRuleSpecific([object] $Rule) { $this.PurgeAccessRules($Rule.IdentityReference) }
    [void] PurgeAccessRules([object] $Who) { $letters = (Find-FakeAccount ([string] $Who)).Letters; $this.Aces = @($this.Aces | Where-Object { $_ -match 'ID;' -or $_ -notlike "*;;;$letters)" }) }
    [object[]] GetAccessRules([bool] $Own, [bool] $Inherited, [type] $As) { return @(Get-FakeRule $this $As | Where-Object { $(if ($_.IsInherited) { $Inherited } else { $Own }) }) }
}
Update-TypeData -TypeName FakeSecurity -MemberType ScriptProperty -MemberName Sddl -Value { $this.GetSecurityDescriptorSddlForm('All') } -Force
Update-TypeData -TypeName FakeSecurity -MemberType ScriptProperty -MemberName Owner -Value { (Find-FakeAccount $this.By).Name } -Force
Update-TypeData -TypeName FakeSecurity -MemberType ScriptProperty -MemberName Group -Value { (Find-FakeAccount 'SY').Name } -Force
Update-TypeData -TypeName FakeSecurity -MemberType ScriptProperty -MemberName AreAccessRulesProtected -Value { $this.Flags -match 'P' } -Force
Update-TypeData -TypeName FakeSecurity -MemberType ScriptProperty -MemberName Access -Value { , @(Get-FakeRule $this ([FakeAccount])) } -Force

# The rules of a security object.
function Get-FakeRule {
    param($Security, [type] $As)
    $rights = @{ FA = 0x1f01ff; FR = 0x120089; FW = 0x120116; FX = 0x1200a0; GA = 0x10000000; GR = -2147483648; DCLCRPCR = 0x116 }
    foreach ($ace in $Security.Aces) {
        $part = $ace.Trim('(', ')').Split(';')
        $account = Find-FakeAccount $part[5]
        $value = if ($rights.ContainsKey($part[2])) { $rights[$part[2]] } elseif ($part[2] -like '0x*') { [Convert]::ToInt32($part[2], 16) } else { 0 }
        $inherit = 0; if ($part[1] -match 'OI') { $inherit += 2 }; if ($part[1] -match 'CI') { $inherit += 1 }
        [pscustomobject]@{
            IdentityReference = if ($As.Name -eq 'FakeSid') { [FakeSid]::new($account.Sid) } else { [FakeAccount]::new($account.Name) }
            FileSystemRights = [Enum]::ToObject([System.Security.AccessControl.FileSystemRights], $value); IsInherited = $part[1] -match 'ID'
            AccessControlType = [System.Security.AccessControl.AccessControlType] $(if ($part[0] -eq 'D') { 1 } else { 0 })
            InheritanceFlags = [System.Security.AccessControl.InheritanceFlags] $inherit; PropagationFlags = [System.Security.AccessControl.PropagationFlags] $(if ($part[1] -match 'IO') { 2 } else { 0 })
        }
    }
}

# Named mutexes are the machine's: of this make-believe one, not of the real.
class FakeMutex {
    hidden [System.Threading.Mutex] $Inner
    FakeMutex() { $this.Inner = [FakeWindowsMutex]::Make($false, $null, $null) }
    FakeMutex([bool] $Own) { $this.Inner = [FakeWindowsMutex]::Make($Own, $null, $null) }
    FakeMutex([bool] $Own, [string] $Name) { $this.Inner = [FakeWindowsMutex]::Make($Own, $Name, $null) }
    FakeMutex([bool] $Own, [string] $Name, [ref] $New) { $this.Inner = [FakeWindowsMutex]::Make($Own, $Name, $New) }
    [bool] WaitOne() { return $this.Inner.WaitOne() }
    [bool] WaitOne([int] $Milliseconds) { return $this.Inner.WaitOne($Milliseconds) }
    [bool] WaitOne([TimeSpan] $Time) { return $this.Inner.WaitOne($Time) }
    [bool] WaitOne([int] $Milliseconds, [bool] $Exit) { return $this.Inner.WaitOne($Milliseconds) }
    [void] ReleaseMutex() { $this.Inner.ReleaseMutex() }
    [void] Close() { $this.Inner.Dispose() }
    [void] Dispose() { $this.Inner.Dispose() }
}
class FakeWindowsMutex {
    static [System.Threading.Mutex] Make([bool] $Own, [string] $Name, [ref] $New) {
        $made = $false
        if ($Name) { $Name = 'Global\' + [BitConverter]::ToString([System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($global:FakeWindows.Hello.world + "`n" + ($Name -replace '^(Global|Local)\\')))).Replace('-', '') }
        $m = [System.Threading.Mutex]::new($Own, $(if ($Name) { $Name } else { $null }), [ref] $made)
        if ($null -ne $New) { $New.Value = $made }
        return $m
    }
}

foreach ($pair in @(
        @('Security.Principal.WindowsIdentity', [FakeIdentity]), @('Security.Principal.WindowsPrincipal', [FakePrincipal]), @('Security.Principal.SecurityIdentifier', [FakeSid]), @('Security.Principal.NTAccount', [FakeAccount]),
        @('Security.AccessControl.DirectorySecurity', [FakeSecurity]), @('Security.AccessControl.FileSecurity', [FakeSecurity]), @('Security.AccessControl.FileSystemSecurity', [FakeSecurity]),
        @('Security.AccessControl.FileSystemAccessRule', [FakeAccessRule]), @('Threading.Mutex', [FakeMutex]))) {
    $table = [psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
    $table::Add($pair[0], $pair[1]); $table::Add('System.' + $pair[0], $pair[1])
}

function Get-Acl {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline)][Alias('LiteralPath', 'PSPath')][object[]] $Path = '.', [switch] $Audit)
    process {
        foreach ($p in $Path) {
            if ($p -is [System.IO.FileSystemInfo]) { $p = $p.FullName }
            $p = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($p)
            if (-not (Microsoft.PowerShell.Management\Test-Path -LiteralPath $p)) { $PSCmdlet.WriteError((New-FakeMissing $p GetAclCommand)); continue }
            $raw = Invoke-FakeWindows acl.get @{ Path = $p }
            $s = [FakeSecurity]::new($raw.sddl)
            $s.Path = 'Microsoft.PowerShell.Core\FileSystem::' + $p
            $s
        }
    }
}

function Set-Acl {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)][Alias('LiteralPath', 'PSPath')][string[]] $Path, [Parameter(Mandatory, Position = 1, ValueFromPipeline)] $AclObject, [switch] $Passthru)
    process {
        foreach ($p in $Path) {
            $p = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath(($p -replace '^Microsoft\.PowerShell\.Core\\FileSystem::'))
            if (-not (Microsoft.PowerShell.Management\Test-Path -LiteralPath $p)) { $PSCmdlet.WriteError((New-FakeMissing $p SetAclCommand)); continue }
            Invoke-FakeWindows acl.set @{ Path = $p; SDDL = $AclObject.GetSecurityDescriptorSddlForm('All') }
            if ($Passthru) { $AclObject }
        }
    }
}

# A program of Windows: what it prints, and $LASTEXITCODE.
function Use-FakeProgram {
    param([string] $Do, [object[]] $With)
    $r = Invoke-FakeWindows $Do @{ Args = @($With | ForEach-Object { [string] $_ }) }
    $global:LASTEXITCODE = [int] $r.code
    if ($r.out -and $r.code) { [Console]::Error.WriteLine($r.out) } elseif ($r.out) { $r.out -split "`r`n" }
}
function shutdown.exe { Use-FakeProgram shutdown $args }
function icacls.exe { Use-FakeProgram icacls $args }
function whoami.exe {
    $global:LASTEXITCODE = 0
    if ($args -notcontains '/groups') { return [FakeIdentity]::GetCurrent().Name.ToLowerInvariant() }
    foreach ($sid in @(Invoke-FakeWindows groups)) { '"A group","Alias","' + $sid + '","Mandatory group, Enabled by default, Enabled group"' }
}
Set-Alias shutdown shutdown.exe
Set-Alias icacls icacls.exe
Set-Alias whoami whoami.exe
# They are called by their whole path too.
$ExecutionContext.InvokeCommand.PreCommandLookupAction = {
    param($Name, $Found)
    if ($Name -match '[\\/](shutdown|icacls|whoami)(\.exe)?$') {
        $program = $Matches[1].ToLowerInvariant() + '.exe'
        $Found.CommandScriptBlock = [ScriptBlock]::Create("$program @args")
        $Found.StopSearch = $true
    }
}

function Start-Process {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][Alias('PSPath', 'Path')][string] $FilePath, [Parameter(Position = 1)][Alias('Args')][string[]] $ArgumentList, [switch] $Wait, [switch] $PassThru, [switch] $NoNewWindow, [string] $WindowStyle, [string] $WorkingDirectory)
    if ($FilePath -notmatch '(^|[\\/])(shutdown|icacls)(\.exe)?$') { throw [System.InvalidOperationException]::new("This command cannot be run due to the error: The system cannot find the file specified.") }
    $words = @($ArgumentList | ForEach-Object { $_ -split ' ' })
    $r = Invoke-FakeWindows $Matches[2] @{ Args = $words }
    if ($PassThru) { [pscustomobject]@{ Id = 4321; HasExited = $true; ExitCode = [int] $r.code } }
}

function Restart-Computer {
    [CmdletBinding(SupportsShouldProcess)]
    param([switch] $Force)
    $r = Invoke-FakeWindows shutdown @{ Args = @('/r', '/t', '0') }
    if ($r.code) { throw [System.InvalidOperationException]::new("Failed to restart the computer $env:COMPUTERNAME with the following error message: $($r.out)") }
}

if ($FakeWindows.Hello.offset) {
    function Get-Date {
        if (@($args | Where-Object { $_ -is [DateTime] -or [string] $_ -in '-Date', '-UnixTimeSeconds' }).Count) { return Microsoft.PowerShell.Utility\Get-Date @args }
        Microsoft.PowerShell.Utility\Get-Date -Date ([DateTime]::Now.AddMilliseconds($global:FakeWindows.Hello.offset)) @args
    }
}
if ($FakeWindows.Hello.diskFull) {
    # No file can grow here, whatever writes it. What scripts mostly write with
    # says so as on Windows; the rest says what .NET makes of it.
    foreach ($name in 'Set-Content', 'Add-Content', 'Out-File') {
        Set-Item -LiteralPath "function:global:$name" -Value { throw [FakeFile]::Full() }
    }
    foreach ($name in 'IO.File', 'System.IO.File') { $table::Add($name, [FakeFile]) }
}

# [System.IO.File] on a full disk: files can be made, and read, but not filled.
class FakeFile {
    static [Exception] Full() { return [System.IO.IOException]::new('There is not enough space on the disk.', -2147024784) }
    hidden static [void] Fail([string] $Path) { [System.IO.FileStream]::new($Path, 'OpenOrCreate').Dispose(); throw [FakeFile]::Full() }
    static [void] WriteAllText([string] $Path, [string] $Text) { [FakeFile]::Fail($Path) }
    static [void] WriteAllText([string] $Path, [string] $Text, [object] $Encoding) { [FakeFile]::Fail($Path) }
    static [void] AppendAllText([string] $Path, [string] $Text) { [FakeFile]::Fail($Path) }
    static [void] AppendAllText([string] $Path, [string] $Text, [object] $Encoding) { [FakeFile]::Fail($Path) }
    static [void] WriteAllLines([string] $Path, [object] $Lines) { [FakeFile]::Fail($Path) }
    static [void] WriteAllBytes([string] $Path, [byte[]] $Bytes) { [FakeFile]::Fail($Path) }
    static [object] Open([string] $Path, [System.IO.FileMode] $Mode) { return [System.IO.FileStream]::new($Path, $Mode) }
    static [object] Open([string] $Path, [System.IO.FileMode] $Mode, [System.IO.FileAccess] $Access) { return [System.IO.FileStream]::new($Path, $Mode, $Access) }
    static [object] Open([string] $Path, [System.IO.FileMode] $Mode, [System.IO.FileAccess] $Access, [System.IO.FileShare] $Share) { return [System.IO.FileStream]::new($Path, $Mode, $Access, $Share) }
    static [bool] Exists([string] $Path) { return [System.IO.FileInfo]::new($Path).Exists }
    static [void] Delete([string] $Path) { [System.IO.FileInfo]::new($Path).Delete() }
    static [void] Move([string] $From, [string] $To) { [System.IO.FileInfo]::new($From).MoveTo($To) }
    static [string] ReadAllText([string] $Path) { $r = [System.IO.StreamReader]::new($Path); try { return $r.ReadToEnd() } finally { $r.Dispose() } }
    static [string] ReadAllText([string] $Path, [object] $Encoding) { return [FakeFile]::ReadAllText($Path) }
    static [DateTime] GetLastWriteTimeUtc([string] $Path) { return [System.IO.FileInfo]::new($Path).LastWriteTimeUtc }
}
