package data

import (
	"strings"
	"testing"
)

func TestAWindowsHostNamesAUserThatWindowsUnderstands(t *testing.T) {
	for name, c := range map[string]struct {
		h    Host
		want string // part of what is said; empty: nothing is wrong
	}{
		"domain and user":             {Host{User: `CORP\patching`}, ""},
		"user and realm":              {Host{User: "patching@CORP.EXAMPLE"}, ""},
		"a local account":             {Host{User: "patching"}, ""},
		"a local account, with a dot": {Host{User: `.\patching`}, ""},
		"nobody":                      {Host{}, `name the user to log in as: DOMAIN\name, name@realm or, of the host's own accounts, name`},
		"a slash":                     {Host{User: "CORP/patching"}, `write CORP\patching`},
		"nothing before the \\":       {Host{User: `\patching`}, `write DOMAIN\name`},
		"nothing behind the \\":       {Host{User: `CORP\`}, `write DOMAIN\name`},
		"two of them":                 {Host{User: `CORP\\patching`}, `write DOMAIN\name`},
		"nothing behind the @":        {Host{User: "patching@"}, "write name@realm"},
		"nothing before the @":        {Host{User: "@CORP"}, "write name@realm"},
		"Kerberos":                    {Host{Auth: AuthKerberos, User: "patching@CORP.EXAMPLE"}, ""},
		"Kerberos, domain first":      {Host{Auth: AuthKerberos, User: `CORP.EXAMPLE\patching`}, ""},
		"Kerberos, short domain":      {Host{Auth: AuthKerberos, User: `CORP\patching`}, "write patching@REALM, such as patching@CORP.EXAMPLE.TEST"},
		"Kerberos, bare name":         {Host{Auth: AuthKerberos, User: "patching"}, "Kerberos wants the realm: write patching@REALM"},
		"Kerberos, the host's own":    {Host{Auth: AuthKerberos, User: `.\patching`}, "Kerberos wants the realm: write patching@REALM"},
		"Kerberos, IPv4":              {Host{Auth: AuthKerberos, User: "patching@CORP.EXAMPLE", Address: "192.0.2.7"}, "Kerberos wants the host's DNS name, not the address 192.0.2.7"},
		"Kerberos, IPv6":              {Host{Auth: AuthKerberos, User: "patching@CORP.EXAMPLE", Address: "2001:db8::7"}, "Kerberos wants the host's DNS name"},
		"NTLM, IPv4":                  {Host{User: "patching", Address: "192.0.2.7"}, ""},
		"SSH, a slash":                {Host{Reach: ReachSSH, User: "a/b"}, ""},
		"SSH, nobody":                 {Host{Reach: ReachSSH}, ""},
	} {
		c.h.Name, c.h.Exposure = "win1", Internal
		if c.h.Reach == "" {
			c.h.Reach = ReachWinRM
		}
		err := c.h.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
