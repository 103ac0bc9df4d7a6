package winrm

import (
	"errors"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/messages"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
)

// Windows answers a refused login by 401 and no more. What it may be is told,
// the most likely first, with a command to tell one from the other.
func TestALoginRefusedWithoutAWordNamesWhatItMayBe(t *testing.T) {
	const lockedOut, bad, bindings, uac = "0xc0000234", "0xc000006a", "CbtHardeningLevel", "LocalAccountTokenFilterPolicy"
	for name, c := range map[string]struct {
		auth      data.Auth
		user      string
		has, none []string // in this order; not at all
	}{
		"local, NTLM":        {data.AuthNTLM, "admin", []string{bad, lockedOut, "net user 'admin'", "S-1-5-32-580", uac, bindings, "0xc0000418", "--auth kerberos"}, []string{"/domain"}},
		"domain, NTLM":       {data.AuthNTLM, `CORP\anna`, []string{bad, lockedOut, "net user 'anna' /domain", "S-1-5-32-580", bindings, "0xc0000418"}, []string{uac}},
		"principal, NTLM":    {data.AuthNTLM, `anna@corp.test`, []string{"net user 'anna' /domain"}, []string{uac}},
		"sealed over HTTP":   {data.AuthSealedHTTP, "admin", []string{bad, uac, "0xc0000418"}, []string{bindings}},
		"Basic":              {data.AuthBasic, "admin", []string{bad, uac, `Auth\Basic`}, []string{bindings, "0xc0000418"}},
		"a name with a bite": {data.AuthNTLM, `x'; Remove-Item C:\ #`, []string{"net user 'NAME'"}, []string{"Remove-Item"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := host(t, wsman.Options{TLS: c.auth != data.AuthSealedHTTP, Auth: []wsman.Auth{wsman.Negotiate, wsman.Basic}})
			s.SetFaults(wsman.Faults{RefuseLogin: true})
			d := dialer(t, s)
			h := s.Host("win1", c.user)
			h.Auth = c.auth
			_, err := d.Dial(t.Context(), h)
			if !errors.Is(err, remote.ErrLoginRefused) || !strings.Contains(err.Error(), "the host does not say why") {
				t.Fatalf("got %v", err)
			}
			if n := s.Counts().Refused; n != 1 {
				t.Errorf("%d logins were tried", n)
			}
			mend, at := d.Mend(h, err), 0
			for _, want := range append([]string{"Id=4625"}, c.has...) {
				i := strings.Index(mend[at:], want)
				if i < 0 {
					t.Errorf("%q is missing, or stands before what is more likely, in:\n%s", want, mend)
					continue
				}
				at += i
			}
			for _, not := range append(c.none, "HOST", "USER") {
				if strings.Contains(mend, not) {
					t.Errorf("%q does not belong in:\n%s", not, mend)
				}
			}
		})
	}
}

// The centre of a Kerberos realm says why: then it is said exactly.
func TestWhatTheKerberosCentreSaysIsToldExactly(t *testing.T) {
	centre := realm(t)
	for _, c := range []struct {
		admin       string
		user, right string
		says, mend  string
	}{
		{"modprinc +requires_preauth anna", "anna@corp.test", "wrong", "the password, or the keytab, is wrong", "secret set login win1"},
		{"", "berta@corp.test", password, "the realm knows no such user", "Get-ADUser 'berta'"},
		{"modprinc -pwexpire yesterday anna", "anna@corp.test", password, "its password has expired or must be changed", "PasswordExpired"},
		{"modprinc -pwexpire never -expire yesterday anna", "anna@corp.test", password, "the account has expired", "AccountExpirationDate"},
		{"modprinc -expire never -allow_tix anna", "anna@corp.test", password, "disabled, locked or expired", "LockedOut"},
		{"modprinc +allow_tix anna", "anna@corp.test", password, "", ""},
		{"delprinc -force HTTP/127.0.0.1", "anna@corp.test", password, "the realm knows no such service", "by the full name"},
	} {
		s, d, h := ticketHost(t, centre)
		if c.admin != "" {
			if err := centre.Admin(c.admin); err != nil {
				t.Fatal(err)
			}
		}
		d.config.Secrets = secrets(c.right)
		h.User = c.user
		session, err := d.Dial(t.Context(), h)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.admin, err)
				continue
			}
			session.Close()
			continue
		}
		if !errors.Is(err, remote.ErrLoginRefused) || !strings.Contains(err.Error(), c.says) || len(s.Seen()) != 0 {
			t.Errorf("%s: got %v; the host saw %v", c.admin, err, s.Seen())
		}
		if mend := d.Mend(h, err); !strings.Contains(mend, c.mend) || strings.Contains(mend, "4625") {
			t.Errorf("%s: mend:\n%s", c.admin, mend)
		}
	}
}

func TestAClockThatIsOffIsNoWrongPassword(t *testing.T) {
	l := &line{target: target{user: "anna", domain: "CORP.TEST"}}
	for _, err := range []error{
		messages.KRBError{ErrorCode: 37},
		errors.New("[Root cause: KRBMessage_Handling_Error] KRBMessage_Handling_Error: clock skew with KDC too large. Greater than 300 seconds"),
	} {
		err := l.kerberosRefused("Kerberos realm CORP.TEST", err)
		var r *refusal
		if !errors.As(err, &r) || r.cause != causeSkew || !errors.Is(err, remote.ErrLoginRefused) || !strings.Contains(err.Error(), "five minutes") {
			t.Errorf("%v", err)
		}
	}
}

// A host that offers Basic alone needs no HTTPS if it is there already.
func TestHostThatOffersBasicAloneIsToldWhatHelpsThere(t *testing.T) {
	for auth, want := range map[data.Auth][2]string{data.AuthNTLM: {"--auth basic", "Set up HTTPS"}, data.AuthSealedHTTP: {"Set up HTTPS", "--auth basic"}} {
		s := host(t, over[auth])
		s.SetFaults(wsman.Faults{BasicOnly: true})
		d, h := dialer(t, s), s.Host("win1", "admin")
		h.Auth = auth
		_, err := d.Dial(t.Context(), h)
		mend := d.Mend(h, err)
		if !errors.Is(err, remote.ErrInsecure) || !strings.Contains(mend, want[0]) || strings.Contains(mend, want[1]) || !strings.Contains(mend, "Negotiate $true") || strings.Contains(mend, "HOST") {
			t.Errorf("%q: %v: mend:\n%s", auth, err, mend)
		}
	}
}
