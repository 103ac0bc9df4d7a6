package winrm

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"secondtuesday/remote/remotetest/kdc"
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
	var n atomic.Int32
	err, asked := impostorPlays(t, func([]byte) []byte {
		if n.Add(1) == 1 {
			return aes
		}
		return kdc.Frame(b)
	})
	sent := slices.ContainsFunc(asked, func(r messages.ASReq) bool { return r.PAData.Contains(patype.PA_ENC_TIMESTAMP) })
	if !sent || err == nil || strings.Contains(err.Error(), "no proof of the password was sent") {
		t.Errorf("a proof was sent: %v; got %v", sent, err)
	}
}
