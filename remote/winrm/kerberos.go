package winrm

import (
	"context"
	"crypto/md5"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"

	"secondtuesday/remote"
)

// loginKerberos logs in with a ticket for HTTP/server, by keytab or password.
// It is only ever called inside verified TLS, which keeps messages secret.
func (l *line) loginKerberos(ctx context.Context) error {
	if l.leaf == nil {
		return insecure("Kerberos is for HTTPS only here")
	}
	token, err := within(ctx, func() ([]byte, error) { return l.kerberosToken(ctx) }) // the library looks names up without it
	if err != nil {
		return err
	}
	a, err := l.exchange(ctx, l.config.AnswerTimeout, "Negotiate "+base64.StdEncoding.EncodeToString(token), soapType, nil)
	if err != nil {
		return err
	}
	return l.accepted(a, "Kerberos")
}

// within waits for f no longer than ctx lasts.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil { // the library reads what a stranger sent
				r.err = fmt.Errorf("%w: Kerberos answer: %v", remote.ErrGarbage, p)
			}
			done <- r
		}()
		r.value, r.err = f()
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// kerberosToken returns the SPNEGO token of a new ticket.
func (l *line) kerberosToken(ctx context.Context) ([]byte, error) {
	user, realm, _ := strings.Cut(l.target.user, "@")
	if l.target.domain != "" {
		realm = l.target.domain
	}
	conf, err := config.Load(l.config.Kerberos)
	if err != nil {
		return nil, fmt.Errorf("read Kerberos configuration %s: %w", l.config.Kerberos, err)
	}
	askForAES(conf)
	if realm == "" {
		realm = conf.LibDefaults.DefaultRealm
	}
	realm = strings.ToUpper(realm)
	c := &centre{conf: conf, realm: realm, found: map[string][]string{}}
	if c.user, err = l.kerberosUser(user, realm, conf); err != nil {
		return nil, err
	}
	t, err := c.login(ctx)
	if err != nil {
		return nil, l.kerberosRefused("Kerberos realm "+realm, err)
	}
	if t, err = c.service(ctx, t, l.target.server); err != nil {
		return nil, l.kerberosRefused("a ticket for HTTP/"+l.target.server, err)
	}
	auth, err := types.NewAuthenticator(realm, c.user.CName())
	if err != nil {
		return nil, err
	}
	auth.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: bound(l.bindingData())}
	request, err := messages.NewAPReq(t.Ticket, t.key, auth)
	if err != nil {
		return nil, err
	}
	return negotiateToken(request)
}

// ciphers are the ones asked for, the best that every Active Directory knows
// first: AES. What RC4 or DES seals with a password's key is guessed too fast.
var ciphers = []int32{
	etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96,
	etypeID.AES256_CTS_HMAC_SHA384_192, etypeID.AES128_CTS_HMAC_SHA256_128,
}

// askForAES has the library ask for AES only, whatever krb5.conf says: its
// default_tkt_enctypes, default_tgs_enctypes and permitted_enctypes.
func askForAES(conf *config.Config) {
	conf.LibDefaults.DefaultTktEnctypeIDs = slices.Clone(ciphers)
	conf.LibDefaults.DefaultTGSEnctypeIDs = slices.Clone(ciphers)
	conf.LibDefaults.PermittedEnctypeIDs = slices.Clone(ciphers)
}

// kerberosUser takes the keytab where the host's entry names one, else the
// password. Of a keytab no other ciphers are asked for than it has keys of.
func (l *line) kerberosUser(name, realm string, conf *config.Config) (*credentials.Credentials, error) {
	user := credentials.New(name, realm)
	if l.target.keytab == "" {
		return user.WithPassword(l.target.secret.Reveal()), nil
	}
	kt, err := keytab.Load(l.target.keytab)
	if err != nil {
		return nil, fmt.Errorf("read keytab %s: %w", l.target.keytab, err)
	}
	conf.LibDefaults.DefaultTktEnctypeIDs = slices.DeleteFunc(slices.Clone(ciphers), func(cipher int32) bool {
		_, _, err := kt.GetEncryptionKey(user.CName(), realm, 0, cipher)
		return err != nil
	})
	if len(conf.LibDefaults.DefaultTktEnctypeIDs) == 0 {
		return nil, l.refused(causeCipher, "keytab "+l.target.keytab+" has no AES key of "+name+"@"+realm)
	}
	return user.WithKeytab(kt), nil
}

// bound is the checksum of RFC 4121 4.1.1 with the channel bound: length 16,
// MD5 of the bindings, flags. The library knows it only without a channel.
func bound(channel []byte) []byte {
	le := binary.LittleEndian
	// RFC 2744: address types and lengths are zero
	bindings := le.AppendUint32(make([]byte, 16), uint32(len(channel)))
	sum := md5.Sum(append(bindings, channel...))
	b := append(le.AppendUint32(nil, uint32(len(sum))), sum[:]...)
	return le.AppendUint32(b, uint32(gssapi.ContextFlagInteg|gssapi.ContextFlagConf))
}

// negotiateToken puts an AP-REQ into SPNEGO's first token. TLS has proved who
// the host is: it is not asked to prove it again.
func negotiateToken(request messages.APReq) ([]byte, error) {
	body, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	oid, err := asn1.Marshal(asn1.ObjectIdentifier(gssapi.OIDKRB5.OID()))
	if err != nil {
		return nil, err
	}
	// RFC 4121 4.1: the mechanism, the token's kind (AP-REQ), the message
	inner := asn1tools.AddASNAppTag(slices.Concat(oid, []byte{0x01, 0x00}, body), 0)
	first := spnego.NegTokenInit{MechTokenBytes: inner}
	first.MechTypes = append(first.MechTypes, gssapi.OIDKRB5.OID())
	token := spnego.SPNEGOToken{Init: true, NegTokenInit: first}
	return token.Marshal()
}
