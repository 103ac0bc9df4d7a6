package wsman

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"secondtuesday/remote/remotetest/kdc"
)

const realm = "CORP.TEST"

// centre starts a real Kerberos centre that knows alice, and mallory, whom no
// server of these tests knows.
func centre(t *testing.T) *kdc.Centre {
	t.Helper()
	c, err := kdc.Start(t.TempDir(), kdc.Options{
		Realm: realm, Users: map[string]string{"alice": "Grüße 1", "mallory": "x"}, Services: []string{"HTTP/localhost", "HTTP/web.corp.test"},
	})
	if errors.Is(err, kdc.ErrMissing) {
		missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ticketServer(t *testing.T, c *kdc.Centre, strict bool) *Server {
	t.Helper()
	return serveOn(t, Options{
		TLS: true, Auth: []Auth{Kerberos}, Keytab: c.Keytab, Exec: foreign, StrictBinding: strict,
		Users: map[string]User{"alice@" + realm: {Admin: true}},
	})
}

func TestMITKerberosLogsIn(t *testing.T) {
	needPython(t, "gssapi")
	c := centre(t)
	s := ticketServer(t, c, true)
	env, err := c.Login("alice", "Grüße 1")
	if err != nil {
		t.Fatal(err)
	}
	p := python(t, "gss.py", env...)
	binding := base64.StdEncoding.EncodeToString(endPoint(s.Certificate()))
	question := map[string]any{
		"mech": "kerberos", "host": "web.corp.test", "port": port(s), "tls": true, "binding": binding,
		"message": string(ask{action: actionCreate}.message()),
	}
	login := func(p *snake) (l logged) {
		t.Helper()
		p.do(t, question, &l)
		return l
	}
	got := login(p)
	if got.Status != 200 || !got.Complete || !strings.Contains(got.Answer, "<rsp:ShellId>") {
		t.Fatalf("got %+v; seen %+v", got, s.Seen())
	}
	if seen := s.Seen(); len(seen) != 1 || seen[0].User != "alice@"+realm || !seen[0].Bound || seen[0].Auth != Kerberos {
		t.Errorf("seen %+v", seen)
	}
	question["binding"] = base64.StdEncoding.EncodeToString([]byte("tls-server-end-point:another"))
	if got := login(p); got.Status != 401 {
		t.Errorf("with another line's binding: %+v", got)
	}
	delete(question, "binding")
	if got := login(p); got.Status != 401 {
		t.Errorf("without a binding: %+v", got)
	}
	other, err := c.Login("mallory", "x")
	if err != nil {
		t.Fatal(err)
	}
	question["binding"] = binding
	if got := login(python(t, "gss.py", other...)); got.Status != 401 {
		t.Errorf("a stranger with a good ticket: %+v", got)
	}
}

// Its Kerberos library binds to no line.
func TestPywinrmLogsInByKerberos(t *testing.T) {
	needPython(t, "winrm", "requests_kerberos")
	c := centre(t)
	s := ticketServer(t, c, false)
	env, err := c.Login("alice", "Grüße 1")
	if err != nil {
		t.Fatal(err)
	}
	var got ran
	python(t, "pywinrm.py", env...).do(t, map[string]any{
		"url": s.URL(), "user": "alice@" + realm, "password": "", "transport": "kerberos", "command": "hello",
		"kerberos_hostname_override": "localhost",
	}, &got)
	if got.Code != 7 || !strings.HasPrefix(got.Out, "alice@"+realm+": hello\n") {
		t.Errorf("got %+v; seen %+v", got, s.Seen())
	}
}
