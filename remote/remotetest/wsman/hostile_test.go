package wsman

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a hostile host does: each of these must really be wrong on the wire, or
// a client that lets it pass is not found out.

// offered returns what a server offers to who has not logged in.
func offered(t *testing.T, s *Server) (int, []string) {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}).Post(s.URL(), soapType, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Values("WWW-Authenticate")
}

func TestOffers(t *testing.T) {
	s := serveOn(t, Options{Auth: []Auth{Negotiate, Basic}})
	if code, got := offered(t, s); code != 401 || !slices.Equal(got, []string{"Negotiate", `Basic realm="WSMAN"`}) {
		t.Errorf("offers %d %q", code, got)
	}
	s.SetFaults(Faults{BasicOnly: true})
	if code, got := offered(t, s); code != 401 || !slices.Equal(got, []string{`Basic realm="WSMAN"`}) {
		t.Errorf("a downgraded server offers %d %q", code, got)
	}
	s.SetFaults(Faults{BusyLogin: true})
	if code, got := offered(t, s); code != 503 || got != nil {
		t.Errorf("a busy server says %d %q", code, got)
	}
}

// challengeOf returns the challenge to a client that asks for everything.
func challengeOf(t *testing.T, s *Server) []byte {
	t.Helper()
	c := &client{http: http.DefaultClient, url: s.URL()}
	resp, _, err := c.post(context.Background(), soapType, "Negotiate "+base64.StdEncoding.EncodeToString(negotiateMessage()), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(resp.Header.Get("WWW-Authenticate"), "Negotiate "))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheChallengeLosesItsFlags(t *testing.T) {
	s := serveOn(t, Options{})
	flags := func() uint32 { return le.Uint32(challengeOf(t, s)[20:]) }
	if f := flags(); f&sealing != sealing {
		t.Errorf("an honest challenge has %08x", f)
	}
	s.SetFaults(Faults{NoSeal: true})
	if f := flags(); f&sealing != sealing&^flagSeal {
		t.Errorf("without sealing it has %08x", f)
	}
	s.SetFaults(Faults{NoSign: true})
	if f := flags(); f&(flagSign|flagKeyExchange|flagAlwaysSign) != 0 {
		t.Errorf("without signing it has %08x", f)
	}
	s.SetFaults(Faults{Challenge: []byte("NTLMSSP\x00junk")})
	if b := challengeOf(t, s); string(b) != "NTLMSSP\x00junk" {
		t.Errorf("the challenge is %q", b)
	}
}

func TestCredentialsAreSeenAsTheyCome(t *testing.T) {
	s := serveOn(t, Options{Auth: []Auth{Basic}})
	c := overTLS(t, s) // over HTTP here
	if r := c.must(t, ask{action: actionCreate}); r.status != 401 {
		t.Errorf("Basic over HTTP: %+v", r)
	}
	want := Credential{Auth: Basic, User: "admin", Password: password, Clear: true}
	if seen := s.Seen(); len(seen) != 1 || seen[0] != want {
		t.Errorf("seen %+v", seen)
	}
	if n := s.Counts(); n.ClearBodies != 1 || n.Refused != 1 || n.Logins != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestAMessageInClearEndsASealedLogin(t *testing.T) {
	s := serveOn(t, Options{Exec: echo})
	c := sealed(t, s)
	c.open(t)
	resp, _, err := c.post(context.Background(), soapType, "", ask{action: actionCreate}.message())
	if err != nil || resp.StatusCode != 401 {
		t.Errorf("in clear: %v %v", resp, err)
	}
	r, err := c.say(context.Background(), ask{action: actionCreate})
	if r.status != 401 {
		t.Errorf("sealed after that: %+v %v", r, err)
	}
	if n := s.Counts(); n.ClearBodies != 1 || n.Created != 1 {
		t.Errorf("counts %+v", n)
	}
}

func TestAWrongMICIsRefused(t *testing.T) {
	negotiate := negotiateMessage()
	a := acceptor{computer: "WIN"}
	challenge, err := a.accept(negotiate)
	if err != nil {
		t.Fatal(err)
	}
	message, _ := authenticateTo(negotiate, challenge, "admin", "", password)
	pass := func(string, string) (string, bool) { return password, true }
	again := a
	if err := again.authenticate(message, pass); err != nil || again.session == nil {
		t.Fatalf("an honest login: %v", err)
	}
	if err := again.authenticate(message, pass); err == nil {
		t.Error("the same answer logs in twice")
	}
	message[61] ^= 0x40 // of the flags, which only the MIC vouches for
	if err := a.authenticate(message, pass); err == nil || err.Error() != "wrong MIC" {
		t.Errorf("with other flags: %v", err)
	}
}

func TestRepliesThatAreNotSealedWell(t *testing.T) {
	create := ask{action: actionCreate}
	for name, f := range map[string]Faults{
		"in clear": {PlainReply: true}, "signed wrongly": {WrongSignature: true}, "an earlier one": {Replay: true},
	} {
		s := serveOn(t, Options{Exec: echo})
		c := sealed(t, s)
		c.open(t) // what is replayed
		s.SetFaults(f)
		r, err := c.say(context.Background(), create)
		if err == nil || r.status != 200 {
			t.Errorf("%s: %v %+v", name, err, r)
		}
		if plain := strings.Contains(string(r.raw), "<s:Envelope"); plain != f.PlainReply {
			t.Errorf("%s: in clear is %v", name, plain)
		}
	}
}

func TestMalformedMultiparts(t *testing.T) {
	for _, kind := range Multiparts {
		s := serveOn(t, Options{Exec: echo})
		c := sealed(t, s)
		s.SetFaults(Faults{Multipart: kind})
		r, err := c.say(context.Background(), ask{action: actionCreate})
		switch {
		case kind == MultipartNoBoundary:
			if isSealed(r.kind) {
				t.Errorf("%d: %s", kind, r.kind)
			}
		case kind == MultipartWrongLength:
			m, err := parseSealed(r.raw)
			if err != nil || m.length == len(m.sealed) {
				t.Errorf("%d: %v %+v", kind, err, m)
			}
		case err == nil:
			t.Errorf("%d is well-formed: %q", kind, r.raw)
		}
	}
}

func TestBodiesThatAreNoHonestMessage(t *testing.T) {
	s, c := basic(t, echo)
	for _, kind := range XMLs {
		s.SetFaults(Faults{XML: kind})
		r := c.must(t, ask{action: actionCreate})
		if strings.Contains(r.text, "<rsp:ShellId>") && xml.Unmarshal(r.raw, new(struct{})) == nil && kind != XMLDeep {
			t.Errorf("%d is a message: %.200s", kind, r.text)
		}
		if kind == XMLDeep && strings.Count(r.text, "<d>") != 200_000 {
			t.Errorf("%d elements", strings.Count(r.text, "<d>"))
		}
	}
}

func TestAnswersForOthers(t *testing.T) {
	s, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "x")
	s.SetFaults(Faults{OtherCommand: true})
	if r := c.must(t, receiveOf(shell, command, "PT5S")); strings.Contains(r.text, command) || !strings.Contains(r.text, `CommandId="`) {
		t.Errorf("got %s", r.text)
	}
	s.SetFaults(Faults{OtherMessage: true})
	a := ask{action: actionCreate}.message()
	id := between(string(a), "<a:MessageID>", "<")
	_, raw, err := c.post(context.Background(), soapType, "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:"+password)), a)
	if err != nil || strings.Contains(string(raw), id) || !strings.Contains(string(raw), "RelatesTo>uuid:") {
		t.Errorf("%v %s", err, raw)
	}
}

func TestAnEndlessReply(t *testing.T) {
	s, c := basic(t, echo)
	s.SetFaults(Faults{Endless: true})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := c.say(ctx, ask{action: actionCreate})
	if err != nil || len(r.raw) != 4<<20 { // as much as the client of these tests takes
		t.Errorf("%d bytes, %v", len(r.raw), err)
	}
}

func TestAGzipBomb(t *testing.T) {
	s, c := basic(t, echo)
	s.SetFaults(Faults{GzipBomb: true})
	r := c.must(t, ask{action: actionCreate})
	z, err := gzip.NewReader(bytes.NewReader(r.raw))
	if err != nil || len(r.raw) > 4<<20 {
		t.Fatalf("%d bytes, %v", len(r.raw), err)
	}
	if n, err := io.CopyN(io.Discard, z, 100<<20); err != nil {
		t.Errorf("it unpacks to %d bytes: %v", n, err)
	}
}

func TestASilentHost(t *testing.T) {
	s, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "x")
	s.SetFaults(Faults{SilentReceive: true})
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if r, err := c.say(ctx, receiveOf(shell, command, "PT0.01S")); err == nil {
		t.Errorf("a silent Receive answered %+v", r)
	}
	s.SetFaults(Faults{Silent: true})
	line, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	line.SetDeadline(time.Now().Add(300 * time.Millisecond))
	io.WriteString(line, "GET / HTTP/1.0\r\n\r\n")
	if n, err := line.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("a silent host: %d bytes, %v", n, err)
	}
}

func TestDroppedLines(t *testing.T) {
	s := serveOn(t, Options{})
	s.SetFaults(Faults{Drop: 1})
	for i, want := range []bool{false, true} {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Post(s.URL(), soapType, nil)
		if (err == nil) != want {
			t.Errorf("connection %d: %v", i, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
}

func TestAnotherWebServer(t *testing.T) {
	s, c := basic(t, echo)
	s.SetFaults(Faults{Status: 404})
	if r := c.must(t, ask{action: actionCreate}); r.status != 404 || !strings.HasPrefix(r.kind, "text/html") {
		t.Errorf("got %+v", r)
	}
}

func TestAChangedCertificateIsShownToNewConnections(t *testing.T) {
	s := serveOn(t, Options{TLS: true})
	shown := func() []byte {
		line, err := tls.Dial("tcp", s.Addr(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer line.Close()
		return line.ConnectionState().PeerCertificates[0].Raw
	}
	before, was := shown(), s.Fingerprint()
	if !bytes.Equal(before, s.Certificate().Raw) || !strings.HasPrefix(was, "SHA256:") || len(was) != 7+64 {
		t.Errorf("fingerprint %s", was)
	}
	ca := NewAuthority()
	s.ChangeCertificate(ca.Issue("web.corp.test"))
	if bytes.Equal(before, shown()) || s.Fingerprint() == was {
		t.Error("the old certificate is still shown")
	}
	if err := s.Certificate().CheckSignatureFrom(ca.cert); err != nil || s.Certificate().VerifyHostname("web.corp.test") != nil {
		t.Errorf("the new one: %v", err)
	}
	if e := ca.IssueExpired().Leaf; !e.NotAfter.Before(time.Now()) {
		t.Errorf("an expired certificate ends at %v", e.NotAfter)
	}
}

func TestTheTapHearsWhatComesInClear(t *testing.T) {
	var tap tapped
	s := serveOn(t, Options{Exec: echo, Tap: &tap})
	c := sealed(t, s)
	c.start(t, c.open(t), "a secret command")
	if tap.has("a secret command") || !tap.has("Authorization: Negotiate") {
		t.Errorf("the tap: %q", tap.b.String())
	}
	c.post(context.Background(), soapType, "", startOf("x", "a secret command").message())
	if !tap.has("a secret command") {
		t.Error("the tap did not hear a message in clear")
	}
}

// tapped keeps what it hears.
type tapped struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *tapped) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *tapped) has(s string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(p.b.String(), s)
}
