package wsman

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// debianPython is the one that has Debian's libraries.
const debianPython = "/usr/bin/python3"

// needPython skips where the clients that are not ours are missing, but not
// where "make test" has installed them.
func needPython(t *testing.T, modules ...string) {
	t.Helper()
	for _, m := range modules {
		if out, err := exec.Command(debianPython, "-c", "import "+m).CombinedOutput(); err != nil {
			missing(t, fmt.Sprintf("python3 has no %s (packaging/need test installs it): %v %s", m, err, out))
		}
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// A snake is a running script of testdata that does one thing for each line.
type snake struct {
	in  io.Writer
	out *json.Decoder
	err *bytes.Buffer // to be read after the script has ended
}

// python starts a script, which ends with the test.
func python(t *testing.T, script string, env ...string) *snake {
	t.Helper()
	path := filepath.Join("testdata", script)
	if _, err := os.ReadFile(path); err != nil { // so that the test cache sees it change
		t.Fatal(err)
	}
	legacy, err := filepath.Abs("testdata/openssl.cnf")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	c := exec.CommandContext(ctx, debianPython, path)
	c.Env = append([]string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + t.TempDir(), "OPENSSL_CONF=" + legacy}, env...)
	s := &snake{err: new(bytes.Buffer)}
	c.Stderr = s.err
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.out = in, json.NewDecoder(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := c.Wait(); err != nil || s.err.Len() > 0 {
			t.Errorf("%s: %v\n%s", script, err, s.err)
		}
		cancel()
	})
	return s
}

// do has one thing done, and reads what came of it.
func (s *snake) do(t *testing.T, ask map[string]any, answer any) {
	t.Helper()
	if err := json.NewEncoder(s.in).Encode(ask); err != nil {
		t.Fatal(err)
	}
	if err := s.out.Decode(answer); err != nil {
		t.Fatal(err)
	}
}

// ran is what pywinrm.py answers.
type ran struct {
	Out, Err string
	Code     int
	Error    string
}

// foreign plays the commands for clients that are not ours.
func foreign(_ context.Context, c *Call) int {
	if _, script, ok := strings.Cut(c.Line, "-encodedcommand "); ok {
		fmt.Fprintf(c.Stdout, "script: %s", decodeScript(script))
		return 3
	}
	in, _ := io.ReadAll(conditional(c))
	fmt.Fprintf(c.Stdout, "%s: %s\nstdin: %s\né日本\n", c.User, c.Line, in)
	return 7
}

// conditional is the input of commands that have some: a console has no end.
func conditional(c *Call) io.Reader {
	if c.Console {
		return strings.NewReader("")
	}
	return c.Stdin
}

func decodeScript(s string) string {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return err.Error()
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return string(utf16.Decode(u))
}

func foreignUsers() map[string]User {
	return map[string]User{
		"admin":       {Password: password, Admin: true},
		`CORP\alice`:  {Password: "Grüße 1", Admin: true},
		"plain":       {Password: "ascii only", Admin: true},
		"helpdesk":    {Password: password},
		"bob@CORP.EX": {Password: password, Admin: true},
	}
}

func TestPywinrmRunsCommands(t *testing.T) {
	needPython(t, "winrm")
	p := python(t, "pywinrm.py")
	hello := func(user string) ran {
		return ran{Out: user + ": hello a&b\nstdin: \né日本\n", Code: 7}
	}
	for _, c := range []struct {
		name    string
		options Options
		ask     map[string]any
		want    ran
		check   func(t *testing.T, n Counts, seen []Credential)
	}{
		{name: "NTLM over HTTP seals by itself", ask: map[string]any{"transport": "ntlm"}, want: hello(`WIN\admin`), check: allSealed},
		{name: "NTLM over HTTP with required sealing", ask: map[string]any{"transport": "ntlm", "message_encryption": "always"},
			want: hello(`WIN\admin`), check: allSealed},
		{name: "NTLM with a domain", ask: map[string]any{"transport": "ntlm", "user": `CORP\alice`, "password": "Grüße 1"},
			want: hello(`CORP\alice`), check: allSealed},
		{name: "NTLM with a principal name", ask: map[string]any{"transport": "ntlm", "user": "bob@CORP.EX"}, want: hello("bob@CORP.EX"), check: allSealed},
		{name: "NTLM over HTTPS with its channel binding", options: Options{TLS: true, StrictBinding: true}, ask: map[string]any{"transport": "ntlm"},
			want: hello(`WIN\admin`), check: bound},
		{name: "NTLM over HTTPS, sealed too", options: Options{TLS: true, StrictBinding: true},
			ask: map[string]any{"transport": "ntlm", "message_encryption": "always"}, want: hello(`WIN\admin`), check: bound},
		{name: "Basic over HTTPS", options: Options{TLS: true, Auth: []Auth{Basic}},
			ask: map[string]any{"transport": "basic", "user": "plain", "password": "ascii only"}, want: hello(`WIN\plain`)},
		{name: "standard input", ask: map[string]any{"transport": "ntlm", "stdin": strings.Repeat("päyload ", 2000)},
			want: ran{Out: `WIN\admin: hello a&b` + "\nstdin: " + strings.Repeat("päyload ", 2000) + "\né日本\n", Code: 7}, check: allSealed},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Users, c.options.Exec = foreignUsers(), foreign
			s := serveOn(t, c.options)
			got := pywinrm(t, p, s, c.ask)
			if got != c.want {
				t.Errorf("got %.300q %q %d %.300s, want %.300q %q %d", got.Out, got.Err, got.Code, got.Error, c.want.Out, c.want.Err, c.want.Code)
			}
			if n := s.Counts(); n.Shells != 0 || n.Created != 1 {
				t.Errorf("counts %+v", n)
			}
			if c.check != nil {
				c.check(t, s.Counts(), s.Seen())
			}
		})
	}
}

// pywinrm runs "hello a&b" as the admin, but for what ask says.
func pywinrm(t *testing.T, p *snake, s *Server, ask map[string]any) ran {
	t.Helper()
	full := map[string]any{"url": s.URL(), "user": "admin", "password": password, "command": "hello", "arguments": []string{"a&b"}}
	for k, v := range ask {
		full[k] = v
	}
	var got ran
	p.do(t, full, &got)
	return got
}

func allSealed(t *testing.T, n Counts, seen []Credential) {
	t.Helper()
	if n.ClearBodies != 0 || n.Sealed == 0 {
		t.Errorf("counts %+v", n)
	}
	for _, c := range seen {
		if !c.MIC || !c.OK || c.Auth != Negotiate {
			t.Errorf("credential %+v", c)
		}
	}
}

func bound(t *testing.T, _ Counts, seen []Credential) {
	t.Helper()
	if len(seen) == 0 {
		t.Error("no login seen")
	}
	for _, c := range seen {
		if !c.Bound || !c.MIC || !c.OK {
			t.Errorf("credential %+v", c)
		}
	}
}

func TestPywinrmIsRefused(t *testing.T) {
	needPython(t, "winrm")
	p := python(t, "pywinrm.py")
	for _, c := range []struct {
		name    string
		options Options
		ask     map[string]any
		want    string
	}{
		{name: "wrong password", ask: map[string]any{"transport": "ntlm", "password": "no"}, want: "InvalidCredentialsError"},
		{name: "unknown user", ask: map[string]any{"transport": "ntlm", "user": "nobody"}, want: "InvalidCredentialsError"},
		{name: "unknown domain", ask: map[string]any{"transport": "ntlm", "user": `ELSE\admin`}, want: "InvalidCredentialsError"},
		{name: "no message in clear over HTTP", ask: map[string]any{"transport": "ntlm", "message_encryption": "never"}, want: "InvalidCredentialsError"},
		{name: "no Basic over HTTP", options: Options{Auth: []Auth{Basic}}, ask: map[string]any{"transport": "plaintext"}, want: "InvalidCredentialsError"},
		{name: "no channel binding where it is required", options: Options{TLS: true, StrictBinding: true},
			ask: map[string]any{"transport": "ntlm", "send_cbt": false}, want: "InvalidCredentialsError"},
		{name: "no administrator", ask: map[string]any{"transport": "ntlm", "user": "helpdesk"}, want: "Access is denied"},
		{name: "a line too long", ask: map[string]any{"transport": "ntlm", "command": strings.Repeat("x", 8192), "arguments": []string{}},
			want: "filename or extension is too long"},
		{name: "an envelope too large", ask: map[string]any{"transport": "ntlm", "command": strings.Repeat("x", 600<<10), "arguments": []string{}}, want: "413"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Users, c.options.Exec = foreignUsers(), foreign
			s := serveOn(t, c.options)
			if got := pywinrm(t, p, s, c.ask); !strings.Contains(got.Error, c.want) {
				t.Errorf("got %+v, want an error with %q", got, c.want)
			}
			if n := s.Counts(); n.Commands != 0 {
				t.Errorf("counts %+v", n)
			}
		})
	}
}

func TestPywinrmWaitsThroughOperationTimeouts(t *testing.T) {
	needPython(t, "winrm")
	p := python(t, "pywinrm.py")
	s := serveOn(t, Options{Users: foreignUsers(), Exec: func(ctx context.Context, c *Call) int {
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
		}
		io.WriteString(c.Stdout, "late")
		return 0
	}})
	if got := pywinrm(t, p, s, map[string]any{"transport": "ntlm", "timeout": 1}); got != (ran{Out: "late"}) {
		t.Errorf("got %+v", got)
	}
	if n := s.Counts(); n.Faults == 0 {
		t.Errorf("no OperationTimeout fault: %+v", n)
	}
}

// This release of the library cannot read a standard error, in CLIXML or not.
func TestPywinrmRunsPowerShell(t *testing.T) {
	needPython(t, "winrm")
	p := python(t, "pywinrm.py")
	s := serveOn(t, Options{Users: foreignUsers(), Exec: foreign})
	got := pywinrm(t, p, s, map[string]any{"transport": "ntlm", "script": "Get-Date # é"})
	if got != (ran{Out: "script: Get-Date # é", Code: 3}) {
		t.Errorf("got %+v", got)
	}
}

// logged is what gss.py answers.
type logged struct {
	Status   int
	Complete bool
	HTTP     int
	Answer   string
	Error    string
}

func TestGSSNTLMSSPLogsInAndSeals(t *testing.T) {
	needPython(t, "gssapi")
	if _, err := os.Stat("/etc/gss/mech.d/mech.ntlmssp.conf"); err != nil {
		missing(t, "gss-ntlmssp is not installed (packaging/need test installs it)")
	}
	p := python(t, "gss.py")
	s := serveOn(t, Options{Users: foreignUsers()})
	question := map[string]any{
		"mech": "ntlm", "host": "127.0.0.1", "port": port(s), "domain": "WIN", "user": "admin", "password": password, "seal": true,
		"message": string(ask{action: actionCreate}.message()),
	}
	var got logged
	p.do(t, question, &got)
	if got.Status != 200 || !got.Complete || got.HTTP != 200 || !strings.Contains(got.Answer, "<rsp:ShellId>") {
		t.Fatalf("got %+v; seen %+v", got, s.Seen())
	}
	if n := s.Counts(); n.Created != 1 || n.Sealed != 1 || n.ClearBodies != 0 {
		t.Errorf("counts %+v", n)
	}
	question["password"], got = "wrong", logged{}
	p.do(t, question, &got)
	if got.Status != 401 {
		t.Errorf("with a wrong password: %+v", got)
	}
}

func port(s *Server) int { return s.Host("", "").Port }
