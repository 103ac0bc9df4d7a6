package winrm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A cause is why a login was refused, as far as somebody says.
type cause string

const (
	causeUntold     cause = "" // Windows answers 401 and nothing else
	causePassword   cause = "password"
	causeUser       cause = "user"
	causeRevoked    cause = "revoked"
	causeExpired    cause = "expired"
	causeMustChange cause = "must change"
	causeSkew       cause = "skew"
	causeService    cause = "service"
	causeCipher     cause = "cipher"
	causePolicy     cause = "policy"
	causeNoBasic    cause = "no Basic"
	causeNoNTLM     cause = "no NTLM"
	causeNoCentre   cause = "no centre"
	causeSilent     cause = "silent centre"
)

// A refusal is an ErrLoginRefused with what is known of its cause; but an
// ErrUnreachable where nobody was there to refuse it, as while a domain
// controller boots.
type refusal struct {
	user  string
	why   string
	cause cause
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%v for user %s: %s", r.Unwrap(), r.user, r.why)
}

func (r *refusal) Unwrap() error {
	if r.cause == causeNoCentre {
		return remote.ErrUnreachable
	}
	return remote.ErrLoginRefused
}

// refused tells of a login that the host did not take. It is not tried again:
// many shops lock an account that fails a few times.
func (l *line) refused(c cause, why string) error {
	return &refusal{l.target.account(), why, c}
}

// untold is what can be said of a login that is refused without a word.
func (l *line) untold(way string) string {
	bound := ""
	if l.leaf != nil && way != "Basic" {
		bound = ", bound to the certificate"
	}
	return "tried " + way + ", once" + bound + "; the host does not say why: a wrong password most often, else the account or a policy; stctl doctor lists how to tell"
}

// kerberosCauses are the errors of RFC 4120 7.5.9 that a person can mend, as
// Active Directory uses them.
var kerberosCauses = map[int32]struct {
	cause cause
	says  string
}{
	1:  {causeExpired, "the account has expired"},
	6:  {causeUser, "the realm knows no such user"},
	7:  {causeService, "the realm knows no such service"},
	12: {causePolicy, "a policy of the realm forbids it: its hours, the computers it may log in from, or Protected Users"},
	14: {causeCipher, "the account and this computer have no cipher in common"},
	18: {causeRevoked, "the account is disabled, locked or expired"},
	23: {causeMustChange, "its password has expired or must be changed first"},
	24: {causePassword, "the password, or the keytab, is wrong"},
	37: {causeSkew, "the clocks of this computer and of the realm differ by more than five minutes"},
}

// kerberosRefused says in words what the key distribution centre answered.
func (l *line) kerberosRefused(asked string, err error) error {
	var no messages.KRBError
	if errors.As(err, &no) {
		if k, ok := kerberosCauses[no.ErrorCode]; ok {
			return l.refused(k.cause, fmt.Sprintf("%s: %s (Kerberos error %d)", asked, k.says, no.ErrorCode))
		}
	}
	text := remote.CleanText(err.Error())
	switch {
	case strings.Contains(text, "clock skew with KDC too large"): // found by the library itself
		return l.refused(causeSkew, asked+": "+kerberosCauses[errorcode.KRB_AP_ERR_SKEW].says)
	case errors.Is(err, errWeak):
		return l.refused(causeCipher, asked+": "+text)
	case errors.Is(err, errSilent):
		return l.refused(causeSilent, asked+": "+text)
	case errors.Is(err, errNoCentre):
		return l.refused(causeNoCentre, asked+": "+text)
	}
	return l.refused(causeUntold, asked+": "+text)
}

// mendLogin says what to do about a refused login: exactly, where the cause is
// known, else what it may be, most likely first, and how to tell.
func (d *Dialer) mendLogin(h data.Host, err error) string {
	t := d.way(h)
	var r *refusal
	if !errors.As(err, &r) {
		return "Keep the password anew: stctl secret set login HOST"
	}
	if text, ok := mendCause[r.cause]; ok {
		return strings.ReplaceAll(text, "USER", quotable(accountName(t)))
	}
	return t.maybes()
}

var mendCause = map[cause]string{
	causePassword:   "Keep the right password: stctl secret set login HOST\nA keytab is stale once the password has changed: make it anew.\nIt was tried once only.",
	causeUser:       "Check the name and the realm: stctl host edit HOST --user name@REALM\nOn a domain controller: Get-ADUser 'USER'",
	causeRevoked:    "On a domain controller, in PowerShell:\nGet-ADUser 'USER' -Properties Enabled,LockedOut,AccountExpirationDate | Format-List Enabled,LockedOut,AccountExpirationDate\nA locked one: Unlock-ADAccount 'USER', after finding out who tried wrong passwords.",
	causeExpired:    "On a domain controller, in PowerShell:\nGet-ADUser 'USER' -Properties AccountExpirationDate | Format-List AccountExpirationDate\nSet-ADAccountExpiration, or Clear-ADAccountExpiration, moves that date.",
	causeMustChange: "Change the password of the account, then keep the new one: stctl secret set login HOST\nOn a domain controller: Get-ADUser 'USER' -Properties PasswordExpired,PasswordLastSet | Format-List PasswordExpired,PasswordLastSet",
	causeSkew:       "On this computer: timedatectl\nOn the host and on the domain controller: w32tm /query /status\nSet the clock that is wrong; the password was not at fault.",
	causeService:    "Address the host by the full name under which the domain knows it: stctl host edit HOST --address name.domain\nOn a domain controller: setspn -Q HTTP/name.domain",
	causeCipher:     "On a domain controller: Get-ADUser 'USER' -Properties msDS-SupportedEncryptionTypes\nLet the account use AES: Set-ADUser 'USER' -KerberosEncryptionType AES128,AES256, then set its password anew.",
	causeNoCentre:   "Check the realm's kdc lines in the Kerberos configuration (/etc/krb5.conf, or what KRB5_CONFIG names), and that this computer reaches TCP port 88 of them.",
	causeSilent:     "Check the realm's kdc lines in the Kerberos configuration (/etc/krb5.conf, or what KRB5_CONFIG names), and that this computer reaches TCP port 88 of them.",
	causePolicy:     "On a domain controller: Get-ADUser 'USER' -Properties LogonWorkstations,MemberOf | Format-List LogonWorkstations,MemberOf",
	causeNoBasic:    "Use another way to log in: stctl host edit HOST --auth ntlm\nOn the host: Get-ChildItem WSMan:\\localhost\\Service\\Auth",
	causeNoNTLM:     "Let it log in by Kerberos: stctl host edit HOST --auth kerberos --user name@REALM\nOn the host: Get-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\MSV1_0 | Format-List Restrict*",
}

// readRefusals shows the host's own word on logins that it refused. The numbers
// are NTSTATUS values, MS-ERREF 2.3.1.
const readRefusals = `Get-WinEvent -MaxEvents 5 -FilterHashtable @{LogName='Security'; Id=4625} | ForEach-Object { $x = ([xml]$_.ToXml()).Event.EventData.Data; "$($_.TimeCreated) " + (($x | Where-Object { 'TargetUserName','Status','SubStatus','AuthenticationPackageName' -contains $_.Name } | ForEach-Object { $_.Name + '=' + $_.'#text' }) -join ' ') }`

// The ways a login is refused without a word. local and domain accounts, TLS and
// sealed HTTP, have their own.
func (t target) maybes() string {
	local := t.domain == "" && !strings.Contains(t.user, "@")
	name := quotable(accountName(t))
	account := "net user '" + name + "' /domain"
	if local {
		account = "net user '" + name + "'"
	}
	lines := []string{
		"The host keeps the reason to itself; its Security log has it. On the host, in PowerShell as administrator:",
		readRefusals,
		"What it may be, the most likely first, and its SubStatus there:",
		"1. Wrong password (0xc000006a) or name (0xc0000064). Keep it anew: stctl secret set login HOST; the name: stctl host edit HOST --user …",
		"2. The account is locked (0xc0000234), disabled (0xc0000072), expired (0xc0000193), or must change its password (0xc0000224, 0xc0000071): " + account,
		"3. It is in neither group that may come in, Administrators or Remote Management Users: Get-LocalGroupMember -SID S-1-5-32-544; Get-LocalGroupMember -SID S-1-5-32-580. Or it may not log on over the network (0xc000015b).",
	}
	add := func(text string) { lines = append(lines, fmt.Sprintf("%d. %s", len(lines)-2, text)) }
	if local {
		add(`User Account Control filters a local account other than the built-in one; 1 ends that: Get-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System | Format-List LocalAccountTokenFilterPolicy`)
	}
	if t.auth.Login().Bound {
		add(`The host demands channel binding and something between opens TLS (0xc000035b): (Get-Item WSMan:\localhost\Service\Auth\CbtHardeningLevel).Value says Strict, and the certificate that stctl doctor shows is not the host's own.`)
	}
	switch {
	case t.auth == data.AuthBasic:
		add(`Basic is for accounts of the host itself, and it must allow it: (Get-Item WSMan:\localhost\Service\Auth\Basic).Value`)
	case t.auth == data.AuthKerberos:
		add("The clocks of this computer and of the host differ by more than five minutes (0xc0000133): w32tm /query /status")
	default:
		add(`A policy refuses NTLM (0xc0000418), or the account is one of the Protected Users (0xc000006e): Get-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0 | Format-List Restrict*; then log in by Kerberos: stctl host edit HOST --auth kerberos`)
	}
	return strings.Join(append(lines, "It was tried once only."), "\n")
}

// accountName is the account's name without domain or realm.
func accountName(t target) string {
	name, _, _ := strings.Cut(t.user, "@")
	return name
}

var plainName = regexp.MustCompile(`^[\pL\pN._$ -]+$`)

// quotable returns a name that may stand between quotes in a command line that a
// person copies; what is not plain is left for the person to write.
func quotable(name string) string {
	if !plainName.MatchString(name) {
		return "NAME"
	}
	return name
}
