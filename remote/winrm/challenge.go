package winrm

import (
	"encoding/binary"
	"fmt"

	"github.com/bodgit/ntlmssp"

	"secondtuesday/remote"
)

// Flags of a challenge, from MS-NLMP 2.2.2.5.
const (
	// What it must offer over HTTP: signing, sealing, extended session security,
	// 128-bit keys, key exchange.
	sealing = 0x10 | 0x20 | 0x80000 | 0x20000000 | 0x40000000
	// With it the library makes keys that follow from nothing but what goes over
	// the wire: anybody could play the host.
	anonymous = 0x800
	// The pairs below are there.
	targetInfo = 0x800000
)

// Pairs of a challenge's target information, from MS-NLMP 2.2.2.1.
const (
	pairEnd   = 0
	pairFlags = 6
	pairTime  = 7
)

// checkChallenge judges a host's NTLM challenge before anything is answered. The
// library believes it: it would fall over pairs that are too short.
func (l *line) checkChallenge(b []byte) error {
	le := binary.LittleEndian
	// "NTLMSSP\0", message type 2, target name, flags: MS-NLMP 2.2.1.2
	if len(b) < 48 || string(b[:8]) != "NTLMSSP\x00" || le.Uint32(b[8:]) != 2 {
		return fmt.Errorf("%w: the answer to Negotiate is no NTLM challenge", remote.ErrGarbage)
	}
	flags := le.Uint32(b[20:])
	if flags&anonymous != 0 {
		return insecure("the host asks for an anonymous login; the password was not sent")
	}
	if l.leaf == nil && flags&sealing != sealing {
		return insecure("the host does not offer to seal messages with 128-bit keys; the password was not sent")
	}
	pairs := map[uint16][]byte{}
	size, at := uint64(le.Uint16(b[40:])), uint64(le.Uint32(b[44:]))
	if flags&targetInfo == 0 || at+size > uint64(len(b)) {
		return fmt.Errorf("%w: the NTLM challenge tells nothing of the host", remote.ErrGarbage)
	}
	for info := b[at : at+size]; ; {
		if len(info) < 4 {
			return fmt.Errorf("%w: the NTLM challenge breaks off", remote.ErrGarbage)
		}
		id, n := le.Uint16(info), int(le.Uint16(info[2:]))
		if id == pairEnd {
			break
		}
		if info = info[4:]; n > len(info) {
			return fmt.Errorf("%w: the NTLM challenge breaks off", remote.ErrGarbage)
		}
		pairs[id], info = info[:n], info[n:]
	}
	if v, ok := pairs[pairFlags]; ok && len(v) != 4 {
		return fmt.Errorf("%w: the NTLM challenge has flags of %d bytes", remote.ErrGarbage, len(v))
	}
	// Windows sends the time since Vista. With it the answer vouches for all three
	// messages: nobody in between can have taken signing out of them.
	if len(pairs[pairTime]) != 8 {
		return insecure("the host's challenge has no time, so that nothing could vouch for it; the password was not sent")
	}
	return nil
}

// answerTo returns the proof of the password for a challenge that was checked.
func answerTo(client *ntlmssp.Client, challenge []byte, binding *ntlmssp.ChannelBindings) (proof []byte, err error) {
	defer func() {
		if p := recover(); p != nil { // the library reads what a stranger sent
			proof, err = nil, fmt.Errorf("%w: the NTLM challenge: %v", remote.ErrGarbage, p)
		}
	}()
	proof, err = client.Authenticate(challenge, binding)
	if err != nil {
		return nil, fmt.Errorf("%w: the NTLM challenge: %s", remote.ErrGarbage, remote.CleanText(err.Error()))
	}
	return proof, nil
}
