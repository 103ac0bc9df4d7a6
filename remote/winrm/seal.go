package winrm

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/remote"
)

// The envelope of a sealed message, from MS-WSMV 2.2.9.1. The boundary is fixed.
const (
	sealedType = `multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"`
	boundary   = "--Encrypted Boundary"
	octets     = "\tContent-Type: application/octet-stream\r\n"
	signature  = 16 // bytes
)

// post sends one message and returns the answer's message, whatever its HTTP
// status, which comes first.
func (l *line) post(ctx context.Context, wait time.Duration, message string) (int, []byte, error) {
	body, kind := []byte(message), soapType
	if l.seal != nil {
		sealed, sum, err := l.seal.Wrap(body)
		if err != nil || len(sum) != signature || bytes.Equal(sealed, body) {
			l.close()
			return 0, nil, insecure("the message could not be sealed and was not sent")
		}
		body, kind = wrap(sealed, sum, len(body)), sealedType
	}
	a, err := l.exchange(remote.Saying(ctx, actionOf(message)), wait, l.basic, kind, body)
	switch {
	case err != nil:
		return 0, nil, err
	case a.status == http.StatusUnauthorized:
		l.close()
		if l.basic != "" { // the credential was in the message itself
			return 0, nil, l.accepted(a, "Basic")
		}
		return 0, nil, errLoggedOut
	case l.seal == nil:
		return a.status, a.body, nil
	}
	opened, err := l.unwrap(a)
	if err != nil {
		l.close() // sender and receiver no longer count alike
		return 0, nil, err
	}
	return a.status, opened, nil
}

// errLoggedOut means that the host has forgotten the login and did not look at
// the message.
var errLoggedOut = fmt.Errorf("%w: the host no longer knows the login", remote.ErrLoginRefused)

func wrap(sealed, sum []byte, length int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: type=%s;Length=%d\r\n%s\r\n%s",
		boundary, soapType, length, boundary, octets)
	b.Write(binary.LittleEndian.AppendUint32(nil, signature))
	b.Write(sum)
	b.Write(sealed)
	b.WriteString(boundary + "--\r\n")
	return b.Bytes()
}

// OriginalContent: type=application/soap+xml;charset=UTF-8;Length=1337
var original = regexp.MustCompile(`(?i)OriginalContent:\s*type=application/soap\+xml;\s*charset=utf-8;\s*Length=(\d{1,9})`)

func (l *line) unwrap(a answer) ([]byte, error) {
	kind := a.header.Get("Content-Type")
	if !strings.HasPrefix(kind, "multipart/encrypted") {
		return nil, fmt.Errorf("%w: HTTP status %d: %w", remote.ErrInsecure, a.status, errUnsealed)
	}
	garbage := func(what string) error {
		return fmt.Errorf("%w: sealed answer: %s", remote.ErrGarbage, what)
	}
	if !strings.Contains(kind, `boundary="Encrypted Boundary"`) {
		return nil, garbage("it has another boundary")
	}
	head, sealed, ok := bytes.Cut(a.body, []byte(octets[1:]))
	sealed, whole := bytes.CutSuffix(bytes.TrimSuffix(sealed, []byte("\r\n")), []byte(boundary+"--"))
	if !ok || !whole || !bytes.HasPrefix(head, []byte(boundary+"\r\n")) || len(sealed) < 4+signature {
		return nil, garbage("it has not two parts")
	}
	said := original.FindSubmatch(head)
	if said == nil {
		return nil, garbage("its length is not told")
	}
	if n := binary.LittleEndian.Uint32(sealed); n != signature {
		return nil, garbage(fmt.Sprintf("its signature has %d bytes", n))
	}
	b, err := l.seal.Unwrap(sealed[4+signature:], sealed[4:4+signature])
	if err != nil {
		return nil, fmt.Errorf("%w: sealed answer: %w", remote.ErrInsecure, err)
	}
	if n, _ := strconv.Atoi(string(said[1])); n != len(b) {
		return nil, garbage("its length is not what it says")
	}
	return b, nil
}
