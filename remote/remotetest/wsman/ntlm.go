package wsman

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/rc4"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is made of it
)

// The flags of MS-NLMP 2.2.2.5 that matter here.
const (
	flagUnicode       = 0x00000001
	flagRequestTarget = 0x00000004
	flagSign          = 0x00000010
	flagSeal          = 0x00000020
	flagNTLM          = 0x00000200
	flagAlwaysSign    = 0x00008000
	flagTargetServer  = 0x00020000
	flagESS           = 0x00080000
	flagTargetInfo    = 0x00800000
	flagVersion       = 0x02000000
	flag128           = 0x20000000
	flagKeyExchange   = 0x40000000
	flag56            = 0x80000000
)

// What sealing takes.
const sealing = flagSign | flagSeal | flagESS | flag128 | flagKeyExchange

// The AV_PAIRs of MS-NLMP 2.2.2.1.
const (
	avEnd            = 0
	avComputer       = 1
	avDomain         = 2
	avDNSComputer    = 3
	avDNSDomain      = 4
	avFlags          = 6
	avTimestamp      = 7
	avChannelBinding = 10
)

const signature = "NTLMSSP\x00"

var le = binary.LittleEndian

// An acceptor is the server's side of one NTLMv2 login and what it leaves: the
// keys of one connection.
type acceptor struct {
	computer string
	strip    uint32 // flags taken out of the challenge

	negotiate, challenge []byte
	nonce                [8]byte
	user, domain         string // as the client wrote them
	mic                  bool   // the client vouched for all three messages
	binding              []byte // the channel binding token, nil where none or zeros
	session              *ntlmSession
}

// ntlmSession are the keys after a login.
type ntlmSession struct {
	inSign, outSign []byte
	inSeal, outSeal *rc4.Cipher
	in, out         uint32 // the next sequence numbers
}

// accept answers a NEGOTIATE by a CHALLENGE.
func (a *acceptor) accept(message []byte) ([]byte, error) {
	if len(message) < 16 || string(message[:8]) != signature || le.Uint32(message[8:]) != 1 {
		return nil, errors.New("read NTLM: not a NEGOTIATE")
	}
	// python3-ntlm-auth asks for OEM characters here and writes Unicode later;
	// Windows lets it in.
	asked := le.Uint32(message[12:])
	*a = acceptor{computer: a.computer, strip: a.strip, negotiate: bytes.Clone(message)}
	if _, err := rand.Read(a.nonce[:]); err != nil {
		return nil, err
	}
	flags := uint32(flagUnicode | flagRequestTarget | flagNTLM | flagAlwaysSign | flagTargetServer | flagTargetInfo)
	flags |= asked & (flagSign | flagSeal | flagESS | flagVersion | flag128 | flagKeyExchange | flag56)
	a.challenge = a.challengeMessage(flags &^ a.strip)
	return a.challenge, nil
}

func (a *acceptor) challengeMessage(flags uint32) []byte {
	var now [8]byte // 100 ns since 1601
	le.PutUint64(now[:], uint64(time.Now().UnixNano()/100+116444736000000000))
	info := bytes.Join([][]byte{
		avPair(avDomain, wide(a.computer)), avPair(avComputer, wide(a.computer)),
		avPair(avDNSDomain, wide(strings.ToLower(a.computer))), avPair(avDNSComputer, wide(strings.ToLower(a.computer))),
		avPair(avTimestamp, now[:]), avPair(avEnd, nil),
	}, nil)
	target := wide(a.computer)
	const head = 56
	m := make([]byte, head)
	copy(m, signature)
	le.PutUint32(m[8:], 2)
	field(m[12:], len(target), head)
	le.PutUint32(m[20:], flags)
	copy(m[24:], a.nonce[:])
	field(m[40:], len(info), head+len(target))
	copy(m[48:], []byte{10, 0, 0x7c, 0x4f, 0, 0, 0, 15}) // Windows 10.0.20348, NTLM revision 15
	return append(append(m, target...), info...)
}

// authenticate judges an AUTHENTICATE. password answers for the names in it;
// ok is false where there is no such account.
func (a *acceptor) authenticate(message []byte, password func(domain, user string) (string, bool)) error {
	challenge := a.challenge
	a.challenge = nil // one try for each
	if challenge == nil {
		return errors.New("read NTLM: an AUTHENTICATE without a challenge")
	}
	m, err := parseAuthenticate(message)
	if err != nil {
		return err
	}
	a.user, a.domain = m.user, m.domain
	secret, ok := password(m.domain, m.user)
	if !ok {
		return fmt.Errorf("no account %q in %q", m.user, m.domain)
	}
	h := md4.New()
	h.Write(wide(secret))
	key := mac(h.Sum(nil), wide(strings.ToUpper(m.user)+m.domain))
	if !hmac.Equal(mac(key, a.nonce[:], m.temp), m.proof) {
		return errors.New("wrong password")
	}
	base := mac(key, m.proof)
	exported := base
	if m.flags&flagKeyExchange != 0 {
		if len(m.key) != 16 {
			return errors.New("read NTLM: a session key that is not 16 bytes long")
		}
		exported = make([]byte, 16)
		cipher(base).XORKeyStream(exported, m.key)
	}
	a.mic, a.binding = m.hasMIC, m.binding
	// Clients must send one for a challenge with a time stamp (MS-NLMP 3.1.5.1.2);
	// gss-ntlmssp does not, and Windows judges only those that are there.
	if m.hasMIC && !hmac.Equal(m.mic, mac(exported, a.negotiate, challenge, m.withoutMIC)) {
		return errors.New("wrong MIC")
	}
	if flags := m.flags & le.Uint32(challenge[20:]); flags&sealing == sealing {
		a.session = newNTLMSession(exported)
	}
	return nil
}

// authenticateMessage is an AUTHENTICATE, taken apart.
type authenticateMessage struct {
	user, domain string
	proof, temp  []byte // the NTLMv2 response: NTProofStr and what it is about
	key          []byte // the session key, encrypted
	flags        uint32
	hasMIC       bool
	mic          []byte
	withoutMIC   []byte // the message with zeros in place of the MIC
	binding      []byte
}

func parseAuthenticate(b []byte) (*authenticateMessage, error) {
	if len(b) < 64 || string(b[:8]) != signature || le.Uint32(b[8:]) != 3 {
		return nil, errors.New("read NTLM: not an AUTHENTICATE")
	}
	fields := [6][]byte{} // LM, NT, domain, user, workstation, key
	for i := range fields {
		at := 12 + 8*i
		n, from := int(le.Uint16(b[at:])), int64(le.Uint32(b[at+4:]))
		if from+int64(n) > int64(len(b)) {
			return nil, errors.New("read NTLM: a field lies outside the message")
		}
		fields[i] = b[from : from+int64(n)]
	}
	nt := fields[1]
	// NTProofStr (16), versions and time (28), AV_PAIRs
	if len(nt) < 16+28 || nt[16] != 1 || nt[17] != 1 {
		return nil, errors.New("read NTLM: the response is not NTLMv2")
	}
	m := &authenticateMessage{
		domain: narrow(fields[2]), user: narrow(fields[3]), key: fields[5],
		proof: nt[:16], temp: nt[16:], flags: le.Uint32(b[60:]),
	}
	if m.flags&flagUnicode == 0 {
		return nil, errors.New("read NTLM: the client does not speak Unicode")
	}
	m.pairs(nt[16+28:])
	if m.hasMIC {
		const at = 72 // behind Version
		if len(b) < at+16 {
			return nil, errors.New("read NTLM: no room for the MIC")
		}
		m.mic, m.withoutMIC = b[at:at+16], bytes.Clone(b)
		clear(m.withoutMIC[at : at+16])
	}
	return m, nil
}

// pairs reads the AV_PAIRs of the response.
func (m *authenticateMessage) pairs(b []byte) {
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		if id == avEnd || 4+n > len(b) {
			return
		}
		v := b[4 : 4+n]
		switch {
		case id == avFlags && n == 4:
			m.hasMIC = le.Uint32(v)&2 != 0
		case id == avChannelBinding && n == 16 && !bytes.Equal(v, make([]byte, 16)):
			m.binding = v
		}
		b = b[4+n:]
	}
}

func newNTLMSession(key []byte) *ntlmSession {
	derive := func(what string) []byte {
		h := md5.New()
		h.Write(key)
		h.Write([]byte("session key to " + what + " key magic constant\x00"))
		return h.Sum(nil)
	}
	return &ntlmSession{
		inSign: derive("client-to-server signing"), outSign: derive("server-to-client signing"),
		inSeal: cipher(derive("client-to-server sealing")), outSeal: cipher(derive("server-to-client sealing")),
	}
}

// seal returns the signature and the sealed message.
func (s *ntlmSession) seal(message []byte) (sig, sealed []byte) {
	sealed = make([]byte, len(message))
	s.outSeal.XORKeyStream(sealed, message)
	sig = sign128(s.outSeal, s.outSign, s.out, message)
	s.out++
	return sig, sealed
}

// open checks and returns what a client has sealed.
func (s *ntlmSession) open(sig, sealed []byte) ([]byte, error) {
	message := make([]byte, len(sealed))
	s.inSeal.XORKeyStream(message, sealed)
	if !hmac.Equal(sign128(s.inSeal, s.inSign, s.in, message), sig) {
		return nil, fmt.Errorf("open sealed message %d: wrong signature", s.in)
	}
	s.in++
	return message, nil
}

// sign128 is NTLMSSP_MESSAGE_SIGNATURE of MS-NLMP 2.2.2.9.2: version, checksum,
// sequence number.
func sign128(c *rc4.Cipher, key []byte, number uint32, message []byte) []byte {
	sig := make([]byte, 16)
	le.PutUint32(sig, 1)
	le.PutUint32(sig[12:], number)
	c.XORKeyStream(sig[4:12], mac(key, sig[12:], message)[:8])
	return sig
}

// bindingToken is the channel binding token of a certificate: the MD5 of a
// gss_channel_bindings_struct (RFC 2744) without addresses.
func bindingToken(application []byte) []byte {
	b := make([]byte, 20)
	le.PutUint32(b[16:], uint32(len(application)))
	h := md5.Sum(append(b, application...))
	return h[:]
}

func cipher(key []byte) *rc4.Cipher {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err) // only for keys that are not 1 to 256 bytes long
	}
	return c
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func field(at []byte, n, from int) {
	le.PutUint16(at, uint16(n))
	le.PutUint16(at[2:], uint16(n))
	le.PutUint32(at[4:], uint32(from))
}

func avPair(id int, v []byte) []byte {
	b := make([]byte, 4)
	le.PutUint16(b, uint16(id))
	le.PutUint16(b[2:], uint16(len(v)))
	return append(b, v...)
}

// wide is s in UTF-16, little-endian.
func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

func narrow(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = le.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
