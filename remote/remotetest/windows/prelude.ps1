# What every part of the make-believe Windows needs: who asks, how to ask the
# world, exceptions as .NET makes them from HRESULTs, and collections as COM has
# them. It is loaded before the script under test, which runs as it is.

$global:FakeWindows = @{
    User = $env:FAKEWIN_USER; Network = $env:FAKEWIN_CALLER -eq 'network'
    Text = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($env:FAKEWIN_TEXT))
}
$FakeWindows.Socket = [System.Net.Sockets.Socket]::new([System.Net.Sockets.AddressFamily]::Unix, [System.Net.Sockets.SocketType]::Stream, [System.Net.Sockets.ProtocolType]::Unspecified)
$FakeWindows.Socket.Connect([System.Net.Sockets.UnixDomainSocketEndPoint]::new($env:FAKEWIN_SOCKET))
$FakeWindows.Stream = [System.Net.Sockets.NetworkStream]::new($FakeWindows.Socket)
$FakeWindows.Reader = [System.IO.StreamReader]::new($FakeWindows.Stream)
$FakeWindows.Writer = [System.IO.StreamWriter]::new($FakeWindows.Stream)
$FakeWindows.Writer.AutoFlush = $true
Remove-Item Env:FAKEWIN_TEXT, Env:FAKEWIN_SOCKET, Env:FAKEWIN_CALLER, Env:FAKEWIN_USER

# Asks the world. A fault becomes the exception that .NET makes of its HRESULT.
function Invoke-FakeWindows {
    param([string] $Do, [hashtable] $With = @{})
    Set-StrictMode -Off
    $f = $global:FakeWindows
    $f.Writer.WriteLine((@{ Do = $Do; User = $f.User; Network = $f.Network; Args = $With } | Microsoft.PowerShell.Utility\ConvertTo-Json -Depth 12 -Compress))
    $line = $f.Reader.ReadLine()
    if ($null -eq $line) { Microsoft.PowerShell.Utility\Start-Sleep -Seconds 60; throw 'the computer is down' }
    $reply = $line | Microsoft.PowerShell.Utility\ConvertFrom-Json
    if ($null -ne $reply.fault) { throw (ConvertTo-FakeException $reply.fault.hresult $reply.fault.message) }
    if ($null -ne $reply.value) { $reply.value }
}

# .NET has classes of its own for a few HRESULTs.
function ConvertTo-FakeException {
    param([int] $HResult, [string] $Message)
    switch ($HResult) {
        -2147024891 { return [System.UnauthorizedAccessException]::new($Message) }
        -2147024882 { return [System.OutOfMemoryException]::new($Message) }
    }
    [System.Runtime.InteropServices.COMException]::new($Message, $HResult)
}

# A time in UTC as Windows Update gives it: nobody says that it is UTC.
function ConvertTo-FakeTime {
    param($Value)
    Set-StrictMode -Off
    if ($null -eq $Value) { return $null }
    if ($null -ne $Value.ms) { return [DateTime]::SpecifyKind([DateTimeOffset]::FromUnixTimeMilliseconds($Value.ms).UtcDateTime, 'Unspecified') }
    if ($Value -is [string]) { $Value = [DateTimeOffset]::Parse($Value, [cultureinfo]::InvariantCulture).UtcDateTime }
    [DateTime]::SpecifyKind($Value.ToUniversalTime(), 'Unspecified')
}

# The same in local time, as CIM and the task scheduler give it.
function ConvertTo-FakeLocalTime {
    param($Value)
    $utc = ConvertTo-FakeTime $Value
    if ($null -eq $utc) { return $null }
    [DateTime]::SpecifyKind($utc, 'Utc').ToLocalTime()
}

# A collection as COM has them: no array, Count and Item(i), and foreach.
class FakeCollection : System.Collections.IEnumerable {
    hidden [System.Collections.Generic.List[object]] $Inner = [System.Collections.Generic.List[object]]::new()
    [bool] $ReadOnly = $false
    [System.Collections.IEnumerator] GetEnumerator() { return $this.Inner.GetEnumerator() }
    [object] Item([int] $Index) {
        if ($Index -lt 0 -or $Index -ge $this.Inner.Count) {
            throw [System.Runtime.InteropServices.COMException]::new('Exception from HRESULT: 0x80240007', 0x80240007)
        }
        return $this.Inner[$Index]
    }
    [int] Add([object] $Value) { $this.Inner.Add($Value); return $this.Inner.Count - 1 }
    [void] Insert([int] $Index, [object] $Value) { $this.Inner.Insert($Index, $Value) }
    [void] RemoveAt([int] $Index) { $this.Inner.RemoveAt($Index) }
    [void] Clear() { $this.Inner.Clear() }
    [object] Copy() {
        $copy = [Activator]::CreateInstance($this.GetType())
        foreach ($one in $this.Inner) { $copy.Inner.Add($one) }
        return $copy
    }
}
Update-TypeData -TypeName FakeCollection -MemberType ScriptProperty -MemberName Count -Value { $this.Inner.Count } -Force

class FakeStringCollection : FakeCollection { }

# A collection of what is given, as a COM property holds it.
function New-FakeCollection {
    param($Values, [FakeCollection] $Into = [FakeCollection]::new())
    if ($null -ne $Values) { foreach ($v in $Values) { $Into.Inner.Add($v) } }
    $Into.ReadOnly = $true
    , $Into
}

# An error record of a command, to be written with $PSCmdlet.WriteError.
function New-FakeError {
    param([Exception] $Exception, [string] $ID, [System.Management.Automation.ErrorCategory] $Category, $Target)
    [System.Management.Automation.ErrorRecord]::new($Exception, $ID, $Category, $Target)
}

$FakeWindows.Hello = Invoke-FakeWindows hello
$FakeWindows.Constrained = [bool] $FakeWindows.Hello.constrained
