package winrm

import (
	"encoding/asn1"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/kdc"
	"secondtuesday/remote/remotetest/wsman"
)

// impostorAnswers is impostorPlays with one answer to every message.
func impostorAnswers(t *testing.T, answer []byte) (error, []messages.ASReq) {
	t.Helper()
	return impostorPlays(t, func([]byte) []byte { return answer })
}

// impostorPlays plays the centre of CORP.TEST. It dials, and returns the error and
// what was sent to it.
func impostorPlays(t *testing.T, answer func([]byte) []byte) (error, []messages.ASReq) {
	t.Helper()
	i, err := kdc.Impersonate(t.TempDir(), "CORP.TEST", answer)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	s := host(t, wsman.Options{TLS: true})
	d, h := dialer(t, s), s.Host("win1", "anna@corp.test")
	d.config.Kerberos, h.Auth = i.Config, data.AuthKerberos
	_, err = d.Dial(t.Context(), h)
	if err == nil {
		t.Error("logged in")
	}
	var asked []messages.ASReq
	for _, b := range i.Asked() {
		var r messages.ASReq
		if err := r.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		asked = append(asked, r)
	}
	return err, asked
}

// says is a KRB-ERROR with PA-DATA: pairs of a type and a value.
func says(t *testing.T, code int32, pairs ...any) []byte {
	t.Helper()
	e := messages.NewKRBError(types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/CORP.TEST"), "CORP.TEST", code, "")
	e.CRealm, e.CName = "CORP.TEST", types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "anna")
	var pas []paData
	for i := 0; i < len(pairs); i += 2 {
		pas = append(pas, paData{pairs[i].(int), pairs[i+1].([]byte)})
	}
	e.EData = der(t, pas)
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return kdc.Frame(b)
}

type paData struct {
	Type  int    `asn1:"explicit,tag:1"`
	Value []byte `asn1:"explicit,tag:2"`
}

// entryOfKey is one ETYPE-INFO2 entry, or without text one of ETYPE-INFO: RFC 4120
// 5.2.7. The salt is left out.
type entryOfKey struct {
	Cipher int    `asn1:"explicit,tag:0"`
	Rounds []byte `asn1:"explicit,optional,omitempty,tag:2"`
}

func der(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNoProofOfThePasswordThatIsQuicklyGuessed plays who sits between the desk
// and the domain controller: what he may have is a proof that each guess at the
// password costs thousands of rounds.
func TestNoProofOfThePasswordThatIsQuicklyGuessed(t *testing.T) {
	const info, info2 = int(patype.PA_ETYPE_INFO), int(patype.PA_ETYPE_INFO2)
	const aes128, aes256, rc4, des3 = int(etypeID.AES128_CTS_HMAC_SHA1_96), int(etypeID.AES256_CTS_HMAC_SHA1_96), int(etypeID.RC4_HMAC), int(etypeID.DES3_CBC_SHA1_KD)
	one := func(cipher int, rounds ...byte) []byte { return der(t, []entryOfKey{{cipher, rounds}}) }
	for name, pairs := range map[string][]any{
		"RC4":                          {info2, one(rc4)},
		"RC4, the old way":             {info, one(rc4)},
		"DES":                          {info2, one(des3)},
		"RC4, then AES":                {info2, one(rc4), info2, one(aes256)},
		"AES with one round":           {info2, one(aes256, 0, 0, 0, 1)},
		"AES with none":                {info2, one(aes256, 0, 0, 0, 0)},
		"AES with rounds for hours":    {info2, one(aes256, 0xff, 0xff, 0xff, 0xff)},
		"AES with rounds of two bytes": {info2, one(aes256, 0, 1)},
		"no cipher":                    {},
		"an empty list":                {info2, der(t, []entryOfKey{})},
		"an empty old list":            {info, der(t, []entryOfKey{})},
		"a list cut short":             {info2, one(rc4)[:4]},
		"AES by the key of RC4":        {info2, one(aes128), info, one(rc4)},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			err, asked := impostorAnswers(t, says(t, errorcode.KDC_ERR_PREAUTH_REQUIRED, pairs...))
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("took %s", took)
			}
			if !errors.Is(err, remote.ErrLoginRefused) {
				t.Errorf("got %v", err)
			}
			for _, r := range asked {
				for _, pa := range r.PAData {
					if pa.PADataType == patype.PA_ENC_TIMESTAMP && quickly(t, pa.PADataValue) {
						t.Errorf("a proof went out that is quickly guessed at")
					}
				}
			}
			if len(asked) > 2 {
				t.Errorf("%d messages", len(asked))
			}
		})
	}
}

// quickly reports whether a sealed timestamp needs other than the thousands of
// rounds that AES has by default: whether the slow key does not open it.
func quickly(t *testing.T, sealed []byte) bool {
	t.Helper()
	var e types.EncryptedData
	if err := e.Unmarshal(sealed); err != nil {
		t.Fatal(err)
	}
	key, _, err := crypto.GetKeyFromPassword(password, types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "anna"), "CORP.TEST", e.EType, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = crypto.DecryptEncPart(e, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP)
	return err != nil || e.EType == etypeID.RC4_HMAC || e.EType == etypeID.DES3_CBC_SHA1_KD
}

func TestACentreThatNamesAnotherRealmIsNotFollowed(t *testing.T) {
	err, asked := impostorAnswers(t, says(t, errorcode.KDC_ERR_WRONG_REALM))
	if !errors.Is(err, remote.ErrLoginRefused) || len(asked) != 1 {
		t.Errorf("%d messages, %v", len(asked), err)
	}
}

func TestACentresAnswerIsNotReadWithoutAnEnd(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err, _ := impostorAnswers(t, []byte{0x7f, 0xff, 0xff, 0xff, 0x7e})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("%d MiB", got>>20)
	}
	if err == nil || strings.Contains(err.Error(), "wrong password") {
		t.Errorf("got %v", err)
	}
}

// A domain controller that boots is no wrong password: it is waited for. One that
// takes a proof of the password and says nothing may have counted it.
func TestACentreThatIsSilentIsWaitedForUntilItHasAProof(t *testing.T) {
	err, _ := impostorAnswers(t, nil)
	if !errors.Is(err, remote.ErrUnreachable) || errors.Is(err, remote.ErrLoginRefused) {
		t.Errorf("nothing was proved: %v", err)
	}
	asks := says(t, errorcode.KDC_ERR_PREAUTH_REQUIRED, int(patype.PA_ETYPE_INFO2), der(t, []entryOfKey{{Cipher: int(etypeID.AES256_CTS_HMAC_SHA1_96)}}))
	var n atomic.Int32
	err, asked := impostorPlays(t, func([]byte) []byte {
		if n.Add(1) == 1 {
			return asks
		}
		return nil
	})
	if !errors.Is(err, remote.ErrLoginRefused) || !counts(target{auth: data.AuthKerberos}, err) || len(asked) != 2 {
		t.Errorf("a proof was sent: %v, %d messages", err, len(asked))
	}
}
