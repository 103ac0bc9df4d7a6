package wsman

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	krb5keytab "github.com/jcmturner/gokrb5/v8/keytab"
)

// Nobody's bytes bring the endpoint down.

func FuzzEnvelope(f *testing.F) {
	f.Add(ask{action: actionCreate}.message())
	f.Add(startOf("A", "x").message())
	f.Add(sendOf("A", "B", []byte("in"), true).message())
	f.Add(receiveOf("A", "B", "PT0.5S").message())
	f.Add(signalOf("A", "B", "terminate").message())
	f.Add([]byte(billionLaughs()))
	s := serveOn(f, Options{Exec: echo})
	who := &account{name: "fuzz", admin: true}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEnvelope(b)
		if err != nil {
			return
		}
		e.Header.Timeout = "PT0.001S"
		if e.Header.Action == actionCreate {
			defer s.Vanish()
		}
		a := s.perform(t.Context(), received{line: &line{}, who: who}, e)
		if a.status != 200 && a.status != 500 || !bytes.HasPrefix(a.text, []byte("<s:Envelope")) {
			t.Errorf("answered %d %s", a.status, a.text)
		}
	})
}

func FuzzSealed(f *testing.F) {
	for kind := MultipartGood; kind <= MultipartNoBody; kind++ {
		f.Add(formatSealed(5, make([]byte, 16), []byte("hello"), kind))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseSealed(b)
		if err == nil && (len(m.sig) != 16 || len(m.sealed) > len(b)) {
			t.Errorf("took apart %q as %+v", b, m)
		}
	})
}

func FuzzNTLM(f *testing.F) {
	negotiate := negotiateMessage()
	first := acceptor{computer: "WIN"}
	challenge, err := first.accept(negotiate)
	if err != nil {
		f.Fatal(err)
	}
	message, _ := authenticateTo(negotiate, challenge, "admin", "CORP", password)
	f.Add(negotiate, message)
	f.Add(negotiate[:16], message[:64])
	pass := func(string, string) (string, bool) { return "another", true }
	f.Fuzz(func(t *testing.T, one, three []byte) {
		a := acceptor{computer: "WIN"}
		if _, err := a.accept(one); err != nil {
			a = first
		}
		if err := a.authenticate(three, pass); err == nil {
			t.Errorf("%x logged in with a wrong password", three)
		}
	})
}

func FuzzKerberosToken(f *testing.F) {
	k := &keytab{keys: krb5keytab.New(), taken: map[string]time.Time{}}
	bare, err := frame(oidKerberos, append(bytes.Clone(headRequest), 0x6e, 0x03, 0x30, 0x01, 0x00))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bare)
	f.Add([]byte{0x60, 0x06, 0x06, 0x04, 0x2b, 0x06, 0x01, 0x05})
	f.Fuzz(func(t *testing.T, b []byte) {
		inner, _, err := unwrapSPNEGO(b)
		if err != nil {
			return
		}
		if got, err := k.accept(inner); err == nil {
			t.Errorf("%x logged %s in without a key", b, got.user)
		}
	})
}

// FuzzRequest calls the handler itself: Go's server would hide its panics.
func FuzzRequest(f *testing.F) {
	f.Add("Negotiate TlRMTVNTUAABAAAAt4II4gAAAAAAAAAAAAAAAAAAAAA=", soapType, []byte(nil))
	f.Add("Basic eDp5", soapType, []byte("abc"))
	f.Add("", sealType, formatSealed(5, make([]byte, 16), []byte("hello"), MultipartGood))
	f.Add("Kerberos YAYGBCsGAQU=", soapType, ask{action: actionCreate}.message())
	s := serveOn(f, Options{Auth: []Auth{Negotiate, Basic}})
	f.Fuzz(func(t *testing.T, authorization, kind string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/wsman", bytes.NewReader(body))
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		s.serve(w, r.WithContext(context.WithValue(r.Context(), lineKey{}, &line{})))
		if w.Code == http.StatusOK {
			t.Errorf("%q logged in", authorization)
		}
	})
}
