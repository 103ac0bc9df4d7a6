package data

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Auth is how WinRM logs in. Over HTTPS the certificate is checked first.
type Auth string

// The ways to log in over WinRM; Logins says all about them.
const (
	AuthNTLM       Auth = ""
	AuthKerberos   Auth = "kerberos"
	AuthBasic      Auth = "basic"
	AuthSealedHTTP Auth = "sealed over http" // messages are encrypted, but nothing proves who the host is
)

// A Login is what is known of one way to log in over WinRM.
type Login struct {
	Auth    Auth
	Word    string // in commands and files, where the empty one has a word too
	Text    string // for people; kept passwords are bound to it, by Host.Destination
	Ansible string // its word for ansible_winrm_transport
	HTTP    bool   // over HTTP; else over HTTPS
	Bound   bool   // to the certificate, so that nobody in between can pass it on
	Realm   bool   // wants name@REALM and the host's DNS name
	Keytab  bool   // IdentityFile may name a keytab, which takes the place of the password
}

// Logins are the ways to log in over WinRM, in the order screens offer them.
var Logins = []Login{
	{Auth: AuthNTLM, Word: "ntlm", Text: "NTLM over HTTPS", Ansible: "ntlm", Bound: true},
	{Auth: AuthKerberos, Word: "kerberos", Text: "Kerberos over HTTPS", Ansible: "kerberos", Bound: true, Realm: true, Keytab: true},
	{Auth: AuthBasic, Word: "basic", Text: "Basic over HTTPS", Ansible: "basic"},
	{Auth: AuthSealedHTTP, Word: "sealed over http", Text: "NTLM over HTTP, sealed", Ansible: "ntlm", HTTP: true},
}

// Login returns what is known of a. One that is not known goes over HTTPS.
func (a Auth) Login() Login {
	i := slices.IndexFunc(Logins, func(l Login) bool { return l.Auth == a })
	if i < 0 {
		return Login{Auth: a, Word: string(a), Text: strconv.Quote(string(a))}
	}
	return Logins[i]
}

// LoginOf returns the way to log in that word or text names; NTLM where none is
// named so.
func LoginOf(name string) Login {
	return Logins[max(0, slices.IndexFunc(Logins, func(l Login) bool { return l.Word == name || l.Text == name }))]
}

// LoginWords are the words of Logins.
func LoginWords() []string {
	var words []string
	for _, l := range Logins {
		words = append(words, l.Word)
	}
	return words
}

// Port is the usual port of WinRM for l, by IANA and since Windows 7.
func (l Login) Port() int {
	if l.HTTP {
		return 5985
	}
	return 5986
}

// validLogin says what is wrong with how a Windows host is logged in to. Another
// name than the one meant would be tried with its password, and locked.
func (h Host) validLogin() error {
	domain, name, split := strings.Cut(h.User, `\`)
	if before, realm, found := strings.Cut(h.User, "@"); !split && found {
		if before == "" || realm == "" {
			return fmt.Errorf("user %q: write name@realm", h.User)
		}
		name, domain, split = before, realm, true
	}
	switch {
	case h.User == "":
		return errors.New(`name the user to log in as: DOMAIN\name, name@realm or, of the host's own accounts, name`)
	case strings.Contains(h.User, "/"):
		return fmt.Errorf(`user %q has a slash: write %s`, h.User, strings.ReplaceAll(h.User, "/", `\`))
	case split && (domain == "" || name == "" || strings.Contains(name, `\`)):
		return fmt.Errorf(`user "%s": write DOMAIN\name`, h.User)
	case !h.Auth.Login().Realm:
		return nil
	case !split || domain == ".":
		return fmt.Errorf("user %s: Kerberos wants the realm: write %s@REALM", h.User, strings.TrimPrefix(h.User, `.\`))
	case strings.Contains(h.User, `\`) && !strings.Contains(domain, "."): // a short name, as NTLM has it
		return fmt.Errorf("user %s: Kerberos wants the realm, not the domain's short name: write %s@REALM, such as %s@%s.EXAMPLE.TEST", h.User, name, name, domain)
	case net.ParseIP(h.Target()) != nil:
		return fmt.Errorf("Kerberos wants the host's DNS name, not the address %s", h.Target())
	}
	return nil
}
