package wsman

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is made of it
)

const password = "Pässw0rd!"

// A client is the least that can speak to a server, for tests of what shells
// and faults do. It shares NTLM's arithmetic with the server; that this is
// NTLM at all is shown by clients that are not ours, in foreign_test.go.
type client struct {
	http    *http.Client
	url     string
	user    string
	pass    string
	seal    bool
	session *ntlmSession
}

// serveOn starts a server that ends with the test.
func serveOn(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Users == nil {
		o.Users = map[string]User{"admin": {Password: password, Admin: true}}
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// overTLS returns a client that logs in by Basic over TLS.
func overTLS(t testing.TB, s *Server) *client {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &client{http: &http.Client{Transport: tr}, url: s.URL(), user: "admin", pass: password}
}

// sealed returns a client that has logged in by NTLM and seals.
func sealed(t testing.TB, s *Server) *client {
	t.Helper()
	tr := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	c := &client{http: &http.Client{Transport: tr}, url: s.URL(), user: "admin", pass: password, seal: true}
	if err := c.login(); err != nil {
		t.Fatal(err)
	}
	return c
}

// post sends a body and returns the whole answer.
func (c *client) post(ctx context.Context, kind, authorization string, body []byte) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", kind)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return resp, b, err
}

// negotiateMessage asks for everything that sealing takes.
func negotiateMessage() []byte {
	m := make([]byte, 40)
	copy(m, signature)
	le.PutUint32(m[8:], 1)
	le.PutUint32(m[12:], flagUnicode|flagRequestTarget|flagNTLM|flagAlwaysSign|flagVersion|sealing)
	return m
}

// authenticateTo writes the AUTHENTICATE for a challenge, and the session key.
func authenticateTo(negotiate, challenge []byte, user, domain, pass string) (message, key []byte) {
	at := func(o int) []byte {
		n, from := le.Uint16(challenge[o:]), le.Uint32(challenge[o+4:])
		return challenge[from : from+uint32(n)]
	}
	info := bytes.TrimSuffix(at(40), []byte{0, 0, 0, 0})
	info = append(bytes.Clone(info), avPair(avFlags, []byte{2, 0, 0, 0})...)
	info = append(info, 0, 0, 0, 0, 0, 0, 0, 0)
	temp := append([]byte{1, 1, 0, 0, 0, 0, 0, 0}, make([]byte, 20)...)
	rand.Read(temp[16:24])
	temp = append(temp, info...)
	nt := md4sum(wide(pass))
	v2 := mac(nt, wide(strings.ToUpper(user)+domain))
	proof := mac(v2, challenge[24:32], temp)
	key = make([]byte, 16)
	rand.Read(key)
	sealedKey := make([]byte, 16)
	cipher(mac(v2, proof)).XORKeyStream(sealedKey, key)
	message = make([]byte, 88)
	copy(message, signature)
	le.PutUint32(message[8:], 3)
	for i, v := range [][]byte{make([]byte, 24), append(bytes.Clone(proof), temp...), wide(domain), wide(user), nil, sealedKey} {
		field(message[12+8*i:], len(v), len(message))
		message = append(message, v...)
	}
	le.PutUint32(message[60:], le.Uint32(challenge[20:]))
	copy(message[72:88], mac(key, negotiate, challenge, message))
	return message, key
}

var errNoLogin = errors.New("the login was refused")

func (c *client) login() error {
	negotiate := negotiateMessage()
	resp, _, err := c.post(context.Background(), soapType, "Negotiate "+base64.StdEncoding.EncodeToString(negotiate), nil)
	if err != nil {
		return err
	}
	text, ok := strings.CutPrefix(resp.Header.Get("WWW-Authenticate"), "Negotiate ")
	challenge, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return errNoLogin
	}
	message, key := authenticateTo(negotiate, challenge, c.user, "", c.pass)
	resp, _, err = c.post(context.Background(), soapType, "Negotiate "+base64.StdEncoding.EncodeToString(message), nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != 200 {
		return errNoLogin
	}
	mine := newNTLMSession(key) // the server's side
	c.session = &ntlmSession{inSign: mine.outSign, outSign: mine.inSign, inSeal: mine.outSeal, outSeal: mine.inSeal}
	return nil
}

// A said is what a server said to one message.
type said struct {
	status int
	kind   string
	raw    []byte
	text   string
	fault  string // its code
}

// An ask is one message; the zero fields are left out.
type ask struct {
	action, shell, body, timeout string
	options                      string
}

func (a ask) message() []byte {
	timeout := a.timeout
	if timeout == "" {
		timeout = "PT20S"
	}
	selector := ""
	if a.shell != "" {
		selector = `<w:SelectorSet><w:Selector Name="ShellId">` + a.shell + `</w:Selector></w:SelectorSet>`
	}
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="` + nsSOAP + `" xmlns:a="` + nsAddress + `" xmlns:w="` + nsWSMan +
		`" xmlns:r="` + nsShell + `"><e:Header><a:To>http://localhost/wsman</a:To><a:ReplyTo><a:Address>` + anonymous +
		`</a:Address></a:ReplyTo><w:ResourceURI>` + shellCmd + `</w:ResourceURI><a:Action>` + a.action + `</a:Action><a:MessageID>uuid:` + newID() +
		`</a:MessageID><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize><w:OperationTimeout>` + timeout + `</w:OperationTimeout>` + selector + a.options +
		`</e:Header><e:Body>` + a.body + `</e:Body></e:Envelope>`)
}

func (c *client) say(ctx context.Context, a ask) (said, error) {
	body, kind, authorization := a.message(), soapType, "Basic "+base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.pass))
	if c.seal {
		sig, text := c.session.seal(body)
		body, kind, authorization = formatSealed(len(body), sig, text, MultipartGood), sealType, ""
	}
	resp, raw, err := c.post(ctx, kind, authorization, body)
	if err != nil {
		return said{}, err
	}
	r := said{status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), raw: raw, text: string(raw)}
	if c.seal {
		m, err := parseSealed(raw)
		if err != nil {
			return r, err
		}
		opened, err := c.session.open(m.sig, m.sealed)
		if err != nil {
			return r, err
		}
		r.text = string(opened)
	}
	_, rest, _ := strings.Cut(r.text, `wsmanfault" Code="`)
	r.fault, _, _ = strings.Cut(rest, `"`)
	return r, nil
}

// must says a message that has to be answered.
func (c *client) must(t testing.TB, a ask) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := c.say(ctx, a)
	if err != nil {
		t.Fatalf("%s: %v", a.action, err)
	}
	return r
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func (c *client) open(t testing.TB) string {
	t.Helper()
	r := c.must(t, ask{action: actionCreate, body: `<r:Shell><r:InputStreams>stdin</r:InputStreams><r:OutputStreams>stdout stderr</r:OutputStreams></r:Shell>`})
	id := between(r.text, "<rsp:ShellId>", "<")
	if id == "" {
		t.Fatalf("no shell: %s", r.text)
	}
	return id
}

func (c *client) start(t testing.TB, shell, line string) string {
	t.Helper()
	r := c.must(t, startOf(shell, line))
	id := between(r.text, "<rsp:CommandId>", "<")
	if id == "" {
		t.Fatalf("no command: %s", r.text)
	}
	return id
}

func startOf(shell, line string) ask {
	return ask{action: actionCommand, shell: shell, body: `<r:CommandLine><r:Command>` + escape(line) + `</r:Command></r:CommandLine>`}
}

func receiveOf(shell, command, timeout string) ask {
	return ask{action: actionReceive, shell: shell, timeout: timeout,
		body: `<r:Receive><r:DesiredStream CommandId="` + command + `">stdout stderr</r:DesiredStream></r:Receive>`}
}

func sendOf(shell, command string, b []byte, last bool) ask {
	return ask{action: actionSend, shell: shell, body: fmt.Sprintf(`<r:Send><r:Stream Name="stdin" CommandId="%s" End="%v">%s</r:Stream></r:Send>`,
		command, last, base64.StdEncoding.EncodeToString(b))}
}

func signalOf(shell, command, what string) ask {
	return ask{action: actionSignal, shell: shell,
		body: `<r:Signal CommandId="` + command + `"><r:Code>` + nsShell + `/signal/` + what + `</r:Code></r:Signal>`}
}

// A got is what Receives have brought.
type got struct {
	stdout, stderr string
	parts          []string // of standard output
	done           bool
	exit           string
	requests       int
}

// take reads one answer to a Receive.
func (g *got) take(t testing.TB, text string) {
	t.Helper()
	var e struct {
		Streams []struct {
			Name string `xml:"Name,attr"`
			V    string `xml:",chardata"`
		} `xml:"Body>ReceiveResponse>Stream"`
		State struct {
			State string `xml:"State,attr"`
			Exit  string `xml:"ExitCode"`
		} `xml:"Body>ReceiveResponse>CommandState"`
	}
	if err := xml.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Streams {
		b, err := base64.StdEncoding.DecodeString(s.V)
		switch {
		case err != nil:
			t.Fatal(err)
		case s.Name == "stdout" && len(b) > 0:
			g.stdout += string(b)
			g.parts = append(g.parts, string(b))
		case s.Name == "stderr":
			g.stderr += string(b)
		}
	}
	g.requests++
	g.done, g.exit = strings.HasSuffix(e.State.State, "/Done"), e.State.Exit
}

// all receives until the command is done.
func (c *client) all(t testing.TB, shell, command string) got {
	t.Helper()
	var g got
	for !g.done {
		r := c.must(t, receiveOf(shell, command, "PT20S"))
		if r.fault != "" {
			t.Fatalf("fault %s: %s", r.fault, r.text)
		}
		g.take(t, r.text)
	}
	return g
}

func md4sum(b []byte) []byte {
	h := md4.New()
	h.Write(b)
	return h.Sum(nil)
}
