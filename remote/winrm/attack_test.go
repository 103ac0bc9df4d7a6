package winrm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rc4"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
)

// ntlmChallenge is a host's NTLM challenge with these flags and pairs of MS-NLMP
// 2.2.2.1: id and value.
func ntlmChallenge(flags uint32, pairs ...any) []byte {
	le := binary.LittleEndian
	var info []byte
	for i := 0; i < len(pairs); i += 2 {
		value := pairs[i+1].(string)
		info = le.AppendUint16(le.AppendUint16(info, uint16(pairs[i].(int))), uint16(len(value)))
		info = append(info, value...)
	}
	info = append(info, 0, 0, 0, 0)
	b := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0)
	b = append(b, 0, 0, 0, 0, 56, 0, 0, 0) // no target name
	b = le.AppendUint32(b, flags)
	b = append(b, "nonce123........"[:8]...)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(le.AppendUint16(le.AppendUint16(b, uint16(len(info))), uint16(len(info))), 56)
	return append(append(b, 10, 0, 0x7c, 0x4f, 0, 0, 0, 15), info...)
}

// Flags of an honest challenge: Unicode, target info and version beside sealing.
const honest = sealing | 0x1 | 0x8000 | 0x800000 | 0x2000000

const someTime = "\x00\x80\x3e\xd5\xde\xb1\x9d\x01"

// TestHostThatDoesNotKnowThePasswordCannotMakeKeys plays somebody in between
// who asks for an anonymous login: its keys follow from nothing but what went
// over the wire, so that anybody could play the host.
func TestHostThatDoesNotKnowThePasswordCannotMakeKeys(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var read lockedBuffer
	go impostor(listener, &read)
	port := listener.Addr().(*net.TCPAddr).Port
	d := New(Config{Secrets: secrets(password), AnswerTimeout: time.Second})
	session, err := d.Dial(t.Context(), data.Host{Name: "win1", Address: "127.0.0.1", Port: port, User: "admin", Auth: data.AuthSealedHTTP})
	if err == nil {
		session.Run(t.Context(), remote.Command{Name: "x", Script: "x"})
		session.Close()
	}
	if !errors.Is(err, remote.ErrInsecure) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(read.String(), "Envelope") {
		t.Errorf("the impostor reads what is sealed: %.60s", read.String())
	}
}

// impostor asks each client for an anonymous login and tries to read what it
// sends then, into read.
func impostor(listener net.Listener, read io.Writer) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	var key []byte
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(request.Body)
		_, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
		message, _ := base64.StdEncoding.DecodeString(token)
		switch {
		case len(message) > 64 && message[8] == 3:
			at := binary.LittleEndian.Uint32(message[56:])
			key = rc4With(make([]byte, 16), message[at:at+16])
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		case len(message) > 8:
			challenge := ntlmChallenge(honest|0x800, 7, someTime)
			io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate "+base64.StdEncoding.EncodeToString(challenge)+"\r\nContent-Length: 0\r\n\r\n")
		default:
			sum := md5.Sum(append(key, "session key to client-to-server sealing key magic constant\x00"...))
			_, sealed, _ := bytes.Cut(body, []byte(octets))
			if len(sealed) > 20 {
				read.Write(rc4With(sum[:], sealed[20:]))
			}
			return
		}
	}
}

func rc4With(key, b []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, len(b))
	c.XORKeyStream(out, b)
	return out
}

func TestStrangeChallengeIsRefusedWithoutAnAnswer(t *testing.T) {
	for name, challenge := range map[string][]byte{
		"flags of two bytes":                         ntlmChallenge(honest, 7, someTime, 6, "\x02\x00"),
		"flags of two bytes, and no time":            ntlmChallenge(honest, 6, "\x02\x00"),
		"anonymous":                                  ntlmChallenge(honest|0x800, 7, someTime),
		"no time, so no proof of what was asked for": ntlmChallenge(honest, 1, "W\x00"),
		"no target information":                      ntlmChallenge(honest&^0x800000, 7, someTime),
		"a time of one byte":                         ntlmChallenge(honest, 7, "x"),
	} {
		for _, auth := range []data.Auth{data.AuthNTLM, data.AuthSealedHTTP} {
			t.Run(name+" "+string(auth), func(t *testing.T) {
				s := host(t, wsman.Options{TLS: auth == data.AuthNTLM})
				s.SetFaults(wsman.Faults{Challenge: challenge})
				_, err := dial(t, dialer(t, s), s, auth)
				if !errors.Is(err, remote.ErrInsecure) && !errors.Is(err, remote.ErrGarbage) {
					t.Errorf("got %v", err)
				}
				if n := s.Counts(); n.Refused+n.Logins != 0 {
					t.Errorf("a proof of the password went out: %+v", s.Seen())
				}
			})
		}
	}
}

// TestPasswordThatIsNoLongerRightIsTriedOnceMore holds that a session whose
// password was changed meanwhile does not lock the account: the login on a new
// connection is one try, and the last of the session.
func TestPasswordThatIsNoLongerRightIsTriedOnceMore(t *testing.T) {
	for auth, o := range over {
		t.Run(string(auth), func(t *testing.T) {
			s := host(t, o)
			session := open(t, s, auth)
			if _, err := session.Run(t.Context(), remote.Command{Name: "x", Script: "x"}); err != nil {
				t.Fatal(err)
			}
			s.SetFaults(wsman.Faults{RefuseLogin: true})
			s.Vanish()
			before := s.Counts().Refused
			for range 3 {
				if _, err := session.Run(t.Context(), remote.Command{Name: "x", Script: "x"}); !errors.Is(err, remote.ErrLoginRefused) {
					t.Errorf("got %v", err)
				}
			}
			most := int64(1)
			if auth == data.AuthBasic {
				most = 2 // the credential is in every message, so in the one that finds out too
			}
			if n := s.Counts().Refused - before; n > most {
				t.Errorf("the password was tried %d times", n)
			}
		})
	}
}

// TestHostThatAnswersNothingAtOnceIsNotAskedWithoutAPause: else one host keeps a
// processor of the desk busy for as long as a scan may take.
func TestHostThatAnswersNothingAtOnceIsNotAskedWithoutAPause(t *testing.T) {
	s := host(t, over[data.AuthNTLM])
	session := open(t, s, data.AuthNTLM)
	s.SetFaults(wsman.Faults{HastyReceive: true})
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if _, err := session.Run(ctx, remote.Command{Name: "x", Script: "x"}); !errors.Is(err, remote.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	if n := s.Counts().Requests; n > 40 {
		t.Errorf("%d requests in a second", n)
	}
}

func TestLoginThatIsForgottenAndRefusedInTheMiddleIsNoCrash(t *testing.T) {
	begun := make(chan struct{})
	o := over[data.AuthNTLM]
	o.Exec = play(func(ctx context.Context, _ order, _ *wsman.Call) (string, error) {
		close(begun)
		<-ctx.Done()
		return "", ctx.Err()
	})
	s := host(t, o)
	session := open(t, s, data.AuthNTLM)
	go func() {
		<-begun
		s.SetFaults(wsman.Faults{Status: 401, RefuseLogin: true})
	}()
	if _, err := session.Run(t.Context(), remote.Command{Name: "x", Script: "x"}); !errors.Is(err, remote.ErrLoginRefused) {
		t.Errorf("got %v", err)
	}
}

// TestPinIsFoundHoweverItIsWritten: a pin that is passed over lets an authority's
// certificate take its place.
func TestPinIsFoundHoweverItIsWritten(t *testing.T) {
	for _, line := range []string{"\ufeffwin1:5986 SHA256:AB\n", "WIN1:5986 SHA256:AB\r\n"} {
		file := filepath.Join(t.TempDir(), "known_certificates")
		if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		c := certificates{accepted: file}
		if known, err := c.known("win1:5986"); err == nil && known != "SHA256:AB" {
			t.Errorf("%q: %q, %v", line, known, err)
		}
	}
}
