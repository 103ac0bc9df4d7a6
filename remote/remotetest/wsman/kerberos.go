package wsman

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	krb5keytab "github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The mechanisms of GSSAPI, and how Kerberos messages within it begin
// (RFC 4121, section 4.1).
var (
	oidSPNEGO     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}
	oidKerberos   = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}
	oidKerberosMS = asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2} // with a bit lost, by Windows 2000 and since
	headRequest   = []byte{1, 0}
	headReply     = []byte{2, 0}
)

// clockSkew is what Active Directory allows.
const clockSkew = 5 * time.Minute

// A keytab holds the keys of the service, and the requests it has taken, so
// that none is taken twice.
type keytab struct {
	keys *krb5keytab.Keytab

	mu    sync.Mutex
	taken map[string]time.Time // by encrypted authenticator
}

func loadKeytab(path string) (*keytab, error) {
	k, err := krb5keytab.Load(path)
	if err != nil {
		return nil, fmt.Errorf("read keytab: %w", err)
	}
	return &keytab{keys: k, taken: map[string]time.Time{}}, nil
}

// fresh says whether an authenticator has not been taken before.
func (k *keytab) fresh(authenticator []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for a, at := range k.taken {
		if time.Since(at) > 2*clockSkew {
			delete(k.taken, a)
		}
	}
	_, old := k.taken[string(authenticator)]
	k.taken[string(authenticator)] = time.Now()
	return !old
}

// A ticketed is a client that a ticket vouches for.
type ticketed struct {
	user    string // "name@REALM"
	binding []byte // the channel binding token, nil where none or zeros
	reply   []byte // the AP-REP within GSSAPI's frame; nil where the client asks for none
}

// ticket takes a login by Kerberos. What it answers goes out with the answer to
// the request itself.
func (s *Server) ticket(w http.ResponseWriter, l *line, scheme string, token []byte) (*account, bool) {
	if s.keys == nil {
		return nil, false
	}
	inner, wrapped, err := unwrapSPNEGO(token)
	var t ticketed
	if err == nil {
		t, err = s.keys.accept(inner)
	}
	who, _, known := s.account("", t.user)
	if err == nil && !known {
		err = fmt.Errorf("no account %q", t.user)
	}
	right := l.bound(t.binding)
	if err == nil {
		err = s.refusal(l.tls, t.binding != nil, right)
	}
	ok := err == nil
	s.saw(Credential{Auth: Kerberos, User: t.user, Clear: !l.tls, Bound: right, OK: ok, Why: reason(err)})
	if !ok {
		return nil, false
	}
	reply := t.reply
	if wrapped {
		reply, err = wrapSPNEGO(t.reply)
		if err != nil {
			return nil, false
		}
	}
	if reply != nil {
		w.Header().Set("WWW-Authenticate", scheme+" "+base64.StdEncoding.EncodeToString(reply))
	}
	l.who = who
	return who, true
}

// accept judges an AP-REQ within GSSAPI's frame.
func (k *keytab) accept(token []byte) (t ticketed, err error) {
	defer func() {
		if r := recover(); r != nil { // gokrb5 trusts lengths that it has not checked
			err = fmt.Errorf("read Kerberos token: %v", r)
		}
	}()
	body, err := unframe(token, oidKerberos)
	if err != nil {
		return t, err
	}
	body, ok := bytes.CutPrefix(body, headRequest)
	if !ok {
		return t, errors.New("read Kerberos token: not an AP-REQ")
	}
	var q messages.APReq
	if err := q.Unmarshal(body); err != nil {
		return t, fmt.Errorf("read AP-REQ: %w", err)
	}
	switch ok, err := q.Verify(k.keys, clockSkew, types.HostAddress{}, nil); {
	case err != nil:
		return t, fmt.Errorf("verify AP-REQ: %w", err)
	case !ok:
		return t, errors.New("verify AP-REQ: the ticket is not valid")
	}
	if !k.fresh(q.EncryptedAuthenticator.Cipher) {
		return t, errors.New("verify AP-REQ: it has been here before")
	}
	// The names of the ticket: what the centre has vouched for.
	t.user = q.Ticket.DecryptedEncPart.CName.PrincipalNameString() + "@" + q.Ticket.DecryptedEncPart.CRealm
	// RFC 4121, section 4.1.1.1: length (16), bindings, flags.
	if sum := q.Authenticator.Cksum; sum.CksumType == 0x8003 && len(sum.Checksum) >= 24 && !bytes.Equal(sum.Checksum[4:20], make([]byte, 16)) {
		t.binding = sum.Checksum[4:20]
	}
	if types.IsFlagSet(&q.APOptions, 2) { // mutual-required
		t.reply, err = replyTo(&q)
	}
	return t, err
}

// replyTo is the AP-REP that shows the client that the service has the key.
func replyTo(q *messages.APReq) ([]byte, error) {
	proof, err := asn1.MarshalWithParams(struct {
		CTime time.Time `asn1:"generalized,explicit,tag:0"`
		Cusec int       `asn1:"explicit,tag:1"`
	}{q.Authenticator.CTime.UTC(), q.Authenticator.Cusec}, fmt.Sprintf("application,explicit,tag:%d", asnAppTag.EncAPRepPart))
	if err != nil {
		return nil, fmt.Errorf("write AP-REP: %w", err)
	}
	sealed, err := crypto.GetEncryptedData(proof, q.Ticket.DecryptedEncPart.Key, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, fmt.Errorf("seal AP-REP: %w", err)
	}
	body, err := asn1.MarshalWithParams(struct {
		PVNO    int `asn1:"explicit,tag:0"`
		MsgType int `asn1:"explicit,tag:1"`
		EncPart struct {
			EType  int32  `asn1:"explicit,tag:0"`
			Cipher []byte `asn1:"explicit,tag:2"`
		} `asn1:"explicit,tag:2"`
	}{5, msgtype.KRB_AP_REP, struct {
		EType  int32  `asn1:"explicit,tag:0"`
		Cipher []byte `asn1:"explicit,tag:2"`
	}{sealed.EType, sealed.Cipher}}, fmt.Sprintf("application,explicit,tag:%d", asnAppTag.APREP))
	if err != nil {
		return nil, fmt.Errorf("write AP-REP: %w", err)
	}
	return frame(oidKerberos, append(bytes.Clone(headReply), body...))
}

// frame is GSSAPI's (RFC 2743, section 3.1): a mechanism and its token.
func frame(mech asn1.ObjectIdentifier, token []byte) ([]byte, error) {
	oid, err := asn1.Marshal(mech)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassApplication, Tag: 0, IsCompound: true, Bytes: append(oid, token...)})
}

func unframe(b []byte, want asn1.ObjectIdentifier) ([]byte, error) {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(b, &outer)
	if err != nil || len(rest) > 0 || outer.Class != asn1.ClassApplication || outer.Tag != 0 {
		return nil, errors.New("read GSSAPI token: no frame")
	}
	var mech asn1.ObjectIdentifier
	token, err := asn1.Unmarshal(outer.Bytes, &mech)
	if err != nil || !mech.Equal(want) {
		return nil, fmt.Errorf("read GSSAPI token: the mechanism is not %s", want)
	}
	return token, nil
}

// A negTokenInit is RFC 4178's, 4.2.1.
type negTokenInit struct {
	Mechanisms []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	Flags      asn1.BitString          `asn1:"explicit,optional,tag:1"`
	Token      []byte                  `asn1:"explicit,optional,tag:2"`
	MIC        []byte                  `asn1:"explicit,optional,tag:3"`
}

// unwrapSPNEGO returns the Kerberos token within an SPNEGO token; other tokens
// come back as they are.
func unwrapSPNEGO(b []byte) (token []byte, wrapped bool, err error) {
	inner, err := unframe(b, oidSPNEGO)
	if err != nil {
		return b, false, nil
	}
	var choice asn1.RawValue
	if _, err := asn1.Unmarshal(inner, &choice); err != nil || choice.Class != asn1.ClassContextSpecific || choice.Tag != 0 {
		return nil, true, errors.New("read SPNEGO: not a negTokenInit")
	}
	var init negTokenInit
	if _, err := asn1.Unmarshal(choice.Bytes, &init); err != nil {
		return nil, true, fmt.Errorf("read SPNEGO: %w", err)
	}
	// The token belongs to the first mechanism.
	if len(init.Mechanisms) == 0 || !init.Mechanisms[0].Equal(oidKerberos) && !init.Mechanisms[0].Equal(oidKerberosMS) {
		return nil, true, errors.New("read SPNEGO: the first mechanism is not Kerberos")
	}
	return init.Token, true, nil
}

// wrapSPNEGO says that the login is complete.
func wrapSPNEGO(token []byte) ([]byte, error) {
	body, err := asn1.Marshal(struct {
		State     asn1.Enumerated       `asn1:"explicit,tag:0"`
		Mechanism asn1.ObjectIdentifier `asn1:"explicit,tag:1"`
		Token     []byte                `asn1:"explicit,optional,omitempty,tag:2"`
	}{0, oidKerberos, token})
	if err != nil {
		return nil, fmt.Errorf("write SPNEGO: %w", err)
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: body})
}
