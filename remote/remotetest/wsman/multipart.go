package wsman

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"strconv"
)

// MS-WSMV 2.2.9.1: a sealed message is a body of two parts that no MIME parser
// would accept: headers begin with a tab, and no empty line follows them.
//
//	--Encrypted Boundary
//		Content-Type: application/HTTP-SPNEGO-session-encrypted
//		OriginalContent: type=application/soap+xml;charset=UTF-8;Length=1711
//	--Encrypted Boundary
//		Content-Type: application/octet-stream
//	<length of the signature, 4 bytes><signature><sealed message>--Encrypted Boundary--
const (
	soapType     = "application/soap+xml;charset=UTF-8"
	sealProtocol = "application/HTTP-SPNEGO-session-encrypted"
	sealBoundary = "Encrypted Boundary"
	sealType     = `multipart/encrypted;protocol="` + sealProtocol + `";boundary="` + sealBoundary + `"`
)

var errMultipart = errors.New("read multipart/encrypted: malformed")

// OriginalContent: type=application/soap+xml;charset=UTF-8;Length=1711
var originalLength = regexp.MustCompile(`(?i)OriginalContent:\s*type=[^\r\n]*;\s*Length=(\d{1,9})\s*(?:\r\n|$)`)

// isSealed says whether a content type is a sealed message's.
func isSealed(contentType string) bool {
	kind, p, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "multipart/encrypted" && p["protocol"] == sealProtocol && p["boundary"] == sealBoundary
}

// A sealedMessage is the body of a request that is sealed.
type sealedMessage struct {
	length int // of the message that it holds, as it says
	sig    []byte
	sealed []byte
}

func parseSealed(body []byte) (*sealedMessage, error) {
	const line, octets = "--" + sealBoundary + "\r\n", "\tContent-Type: application/octet-stream\r\n"
	rest, ok := bytes.CutPrefix(body, []byte(line))
	if !ok {
		return nil, errMultipart
	}
	head, rest, ok := bytes.Cut(rest, []byte(line+octets))
	if !ok || !bytes.Contains(head, []byte("Content-Type: "+sealProtocol+"\r\n")) {
		return nil, errMultipart
	}
	found := originalLength.FindSubmatch(head)
	payload, ok := bytes.CutSuffix(bytes.TrimSuffix(rest, []byte("\r\n")), []byte("--"+sealBoundary+"--"))
	if found == nil || !ok || len(payload) < 4+16 || le.Uint32(payload) != 16 {
		return nil, errMultipart
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return nil, errMultipart
	}
	return &sealedMessage{length: n, sig: payload[4:20], sealed: payload[20:]}, nil
}

// formatSealed writes a sealed message's body; kind says how it is malformed.
func formatSealed(length int, sig, sealed []byte, kind Multipart) []byte {
	if kind == MultipartWrongLength {
		length += 7
	}
	var b bytes.Buffer
	if kind == MultipartOnlyEnd {
		b.WriteString("--" + sealBoundary + "--\r\n")
	}
	fmt.Fprintf(&b, "--%s\r\n\tContent-Type: %s\r\n\tOriginalContent: type=%s;Length=%d\r\n", sealBoundary, sealProtocol, soapType, length)
	if kind == MultipartNoPayload {
		return b.Bytes()
	}
	fmt.Fprintf(&b, "--%s\r\n\tContent-Type: application/octet-stream\r\n", sealBoundary)
	switch kind {
	case MultipartEmpty:
	case MultipartShort:
		b.Write([]byte{16, 0})
	case MultipartZeroLength:
		b.Write([]byte{0, 0, 0, 0})
		b.Write(sealed)
	case MultipartHugeLength:
		b.Write([]byte{0xff, 0xff, 0xff, 0xff})
		b.Write(sig)
		b.Write(sealed)
	default:
		b.Write([]byte{16, 0, 0, 0})
		b.Write(sig)
		b.Write(sealed)
	}
	if kind != MultipartNoEnd {
		b.WriteString("--" + sealBoundary + "--\r\n")
	}
	return b.Bytes()
}
