package winrm

import (
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/kdc"
	"secondtuesday/remote/remotetest/wsman"
)

// An answer of a weak cipher after a proof went out must not be told as "no proof
// of the password was sent".
func TestWhatWasSentIsToldTruly(t *testing.T) {
	aes := says(t, errorcode.KDC_ERR_PREAUTH_REQUIRED, int(patype.PA_ETYPE_INFO2), der(t, []entryOfKey{{int(etypeID.AES256_CTS_HMAC_SHA1_96), nil}}))
	rep := messages.ASRep{KDCRepFields: messages.KDCRepFields{PVNO: 5, MsgType: 11, CRealm: "CORP.TEST",
		CName:   types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "anna"),
		Ticket:  messages.Ticket{TktVNO: 5, Realm: "CORP.TEST", SName: types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/CORP.TEST"), EncPart: types.EncryptedData{EType: 23, Cipher: []byte("x")}},
		EncPart: types.EncryptedData{EType: etypeID.RC4_HMAC, Cipher: []byte("x")}}}
	b, err := rep.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	i, err := kdc.Impersonate(t.TempDir(), "CORP.TEST", func([]byte) []byte {
		if n++; n == 1 {
			return aes
		}
		return kdc.Frame(b)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	s := host(t, wsman.Options{TLS: true})
	d, h := dialer(t, s), s.Host("win1", "anna@corp.test")
	d.config.Kerberos, h.Auth = i.Config, data.AuthKerberos
	_, err = d.Dial(t.Context(), h)
	sent := false
	for _, m := range i.Asked() {
		var r messages.ASReq
		if r.Unmarshal(m) == nil && r.PAData.Contains(patype.PA_ENC_TIMESTAMP) {
			sent = true
		}
	}
	if !sent || err == nil || strings.Contains(err.Error(), "no proof of the password was sent") {
		t.Errorf("a proof was sent: %v; got %v", sent, err)
	}
}
