package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

const cannedPassword = "Pässw0rd!$(x)"

type onePassword struct{}

func (onePassword) Get(_ context.Context, k secret.Key) (secret.Secret, error) {
	if k == secret.LoginKey("win1") {
		return secret.New(cannedPassword).Anywhere(), nil
	}
	return secret.Secret{}, secret.ErrNone
}

// A canned host is a Windows whose answers stand in the test, behind a real
// WinRM service.
type canned struct {
	server *wsman.Server
	dialer *winrm.Dialer

	mu      sync.Mutex
	answers map[string]any // by script: "look.ps1"; a string, an error, what becomes JSON, or a func(ordered) any of these
	raw     string         // printed in place of any answer
	stderr  string
	calls   []string
}

// An ordered is what a script is given.
type ordered struct {
	Args  []string
	Stdin []byte
}

// denied is an error as Windows gives it to scripts.
type denied string

func (d denied) Error() string { return string(d) }

// HResult is E_ACCESSDENIED.
func (denied) HResult() uint32 { return 0x80070005 }

// sound are the answers of a host that lacks nothing.
func sound(now time.Time) map[string]any {
	stamp := now.UTC().Format(time.RFC3339)
	return map[string]any{
		"rights.ps1": map[string]any{"user": `WIN1\admin`, "groups": []string{"S-1-5-32-544", "S-1-16-12288"}, "version": "5.1.20348.2340", "policy": "RemoteSigned"},
		"check.ps1":  map[string]any{"free": int64(50) << 30, "start": "Manual", "pending": []string{}, "busy": []string{}, "jobs": []string{}, "now": stamp},
		"alive.ps1":  map[string]any{"boot": "1", "booted": stamp, "now": stamp, "services": []string{"W3SVC"}, "logon": true},
		"start.ps1":  map[string]any{"state": "started"},
		"look.ps1":   looked("ended", map[string]any{"kind": "scan", "finished": true, "code": 2, "installedCode": 2, "fetched": stamp, "facts": map[string]any{"build": "20348", "revision": 1}}),
		"forget.ps1": "forgotten", "cancel.ps1": "asked", "reboot.ps1": "asked",
	}
}

// looked is an answer of look.ps1.
func looked(state string, result any) map[string]any {
	b, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	l := map[string]any{"state": state, "started": `{"at":"2026-11-23T03:00:00Z"}`, "log": "", "next": 0}
	if result != nil {
		l["result"] = string(b)
	}
	return l
}

func newCanned(t *testing.T, o wsman.Options) *canned {
	t.Helper()
	c := &canned{answers: sound(time.Now())}
	if o.Users == nil {
		o.Users = map[string]wsman.User{"admin": {Password: cannedPassword, Admin: true}, "guest": {Password: cannedPassword}}
	}
	o.Exec = c.exec
	var err error
	if c.server, err = wsman.Start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.server.Close() })
	c.dialer = winrm.New(winrm.Config{
		Accepted: filepath.Join(t.TempDir(), "known_certificates"), Secrets: onePassword{},
		Patience: time.Second, AnswerTimeout: 3 * time.Second, ConnectTimeout: 3 * time.Second,
	})
	return c
}

// host is the inventory's entry for it.
func (c *canned) host(auth data.Auth) data.Host {
	h := c.server.Host("win1", "admin")
	h.Reach, h.Auth = data.ReachWinRM, auth
	return h
}

// vouch accepts the certificate that the host shows.
func (c *canned) vouch(t *testing.T) {
	t.Helper()
	_, err := c.dialer.Greet(t.Context(), c.host(data.AuthNTLM))
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) {
		t.Fatal(err)
	}
	if err := c.dialer.AcceptHostKey(unknown); err != nil {
		t.Fatal(err)
	}
}

func (c *canned) set(script string, answer any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[script] = answer
}

func (c *canned) called(script string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.calls {
		if s == script {
			n++
		}
	}
	return n
}

// exec is PowerShell with our bootstrap.
func (c *canned) exec(_ context.Context, call *wsman.Call) int {
	c.mu.Lock()
	raw, stderr := c.raw, c.stderr
	c.mu.Unlock()
	if raw != "" || stderr != "" {
		fmt.Fprint(call.Stdout, raw)
		fmt.Fprint(call.Stderr, stderr)
		return 3
	}
	return winrm.Serve(call.Line, call.Stdin, call.Stdout, call.Stderr, func(script string, args []string, stdin []byte) (string, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.answer(script, ordered{args, stdin})
	})
}

// answer returns what a script prints, which is known by its text.
func (c *canned) answer(script string, o ordered) (string, error) {
	for name, text := range winupdate.Scripts() {
		if text != script {
			continue
		}
		name += ".ps1"
		c.calls = append(c.calls, name)
		answer := c.answers[name]
		if f, ok := answer.(func(ordered) any); ok {
			answer = f(o)
		}
		switch a := answer.(type) {
		case string:
			return a, nil
		case error:
			return "", a
		}
		b, err := json.Marshal(answer)
		return string(b), err
	}
	return "", errors.New("unknown script")
}
