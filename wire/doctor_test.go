package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winupdate"
)

func doctor(t *testing.T, d *app.Desk, h data.Host) (lines []string, found map[string]app.Finding) {
	t.Helper()
	found = map[string]app.Finding{}
	err := d.Doctor(t.Context(), h, func(f app.Finding) {
		if f.Result == app.Looking {
			return
		}
		lines = append(lines, fmt.Sprintf("%s: %s", f.Name, f.Result))
		found[f.Name] = f
		t.Logf("%-24s %-10s %s", f.Name, f.Result, f.Detail)
		if (f.Result == data.CheckFailed || f.Result == data.CheckWarned) && f.Mend == "" && f.Err == nil {
			t.Errorf("%s does not say how to mend it", f.Name)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, found
}

func (c *canned) desk() *app.Desk {
	return &app.Desk{
		Dialer:    remote.ByReach{data.ReachWinRM: c.dialer},
		Platforms: []app.Platform{winupdate.Platform{Poll: 10 * time.Millisecond}}, Now: time.Now, By: "anna@desk1",
	}
}

func TestDoctorOfASoundLinuxHostPasses(t *testing.T) {
	off := openPractice(t)
	h, err := off.Desk.DB.HostByName(t.Context(), "web1")
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := doctor(t, off.Desk, h)
	for _, name := range []string{"name", "port", "host key", "login", "rights", "update system", "clock", "package manager lock"} {
		if !strings.Contains(strings.Join(lines, "\n"), name+": passed") {
			t.Errorf("%s did not pass: %v", name, lines)
		}
	}
}

func TestDoctorOfASoundWindowsHostPassesAndLeavesNothing(t *testing.T) {
	c := newCanned(t, wsman.Options{TLS: true})
	c.vouch(t)
	lines, found := doctor(t, c.desk(), c.host(data.AuthNTLM))
	want := []string{
		"name: passed", "port: passed", "certificate: passed", "login: passed", "rights: passed", "PowerShell: passed",
		"update system: passed", "what a job needs: passed", "free disk: passed", "Windows Update service: passed",
		"pending reboot: passed", "other installer: passed", "another job: passed", "clock: passed",
		"scheduled task: passed", "update source: passed",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	if !strings.Contains(found["certificate"].Detail, c.server.Fingerprint()) || !strings.Contains(found["certificate"].Detail, "a person") {
		t.Errorf("certificate: %+v", found["certificate"])
	}
	if c.called("forget.ps1") != 1 || c.called("start.ps1") != 1 {
		t.Error("the probe was not removed")
	}
	if n := c.server.Counts(); n.Shells != 0 {
		t.Errorf("%d shells are left", n.Shells)
	}
}

func TestDoctorFindsWhatAWindowsHostLacks(t *testing.T) {
	for _, x := range []struct {
		name    string
		options wsman.Options
		auth    data.Auth
		user    string
		hurt    func(*canned)
		at      string // the step that fails
		says    string
		mend    string
		kind    error
	}{
		{name: "unknown certificate", options: wsman.Options{TLS: true}, at: "certificate", says: "SHA256:", mend: "stctl host accept-key win1 --fingerprint SHA256:"},
		{name: "changed certificate", options: wsman.Options{TLS: true}, hurt: func(c *canned) { c.server.ChangeCertificate(wsman.NewCertificate()) }, at: "certificate", says: "changed", mend: "remove the old line"},
		{name: "no TLS", at: "certificate", says: "not with TLS", mend: "--port 5986", kind: remote.ErrGarbage},
		{name: "login refused", options: wsman.Options{TLS: true}, hurt: func(c *canned) { c.server.SetFaults(wsman.Faults{RefuseLogin: true}) }, at: "login", says: "once", mend: "stctl secret set login win1", kind: remote.ErrLoginRefused},
		{name: "only Basic over HTTP", auth: data.AuthSealedHTTP, hurt: func(c *canned) { c.server.SetFaults(wsman.Faults{BasicOnly: true}) }, at: "login", says: "not sent", mend: "preparing a Windows server", kind: remote.ErrInsecure},
		{name: "no administrator", options: wsman.Options{TLS: true}, user: "guest", at: "rights", says: "may not manage", mend: "LocalAccountTokenFilterPolicy", kind: remote.ErrNotAdmin},
		{name: "filtered token", options: wsman.Options{TLS: true}, hurt: func(c *canned) {
			c.set("rights.ps1", map[string]any{"user": `WIN1\admin`, "groups": []string{"S-1-5-32-544", "S-1-16-8192"}})
		}, at: "rights", says: "User Account Control", mend: "LocalAccountTokenFilterPolicy", kind: remote.ErrNotAdmin},
		{name: "constrained", options: wsman.Options{TLS: true}, hurt: func(c *canned) { c.raw = "<<ST1!ConstrainedLanguage!ST1>>" }, at: "PowerShell", says: "ConstrainedLanguage", mend: "AppLocker", kind: remote.ErrConstrained},
		{name: "task may not be made", options: wsman.Options{TLS: true}, hurt: func(c *canned) { c.set("start.ps1", denied("Access is denied.")) }, at: "scheduled task", says: "0x80070005", mend: "TaskScheduler"},
		{name: "task never starts", options: wsman.Options{TLS: true}, hurt: func(c *canned) {
			c.set("look.ps1", map[string]any{"state": "never", "detail": "the scheduler says 0x00041303"})
		}, at: "scheduled task", says: "0x00041303", mend: "TaskScheduler", kind: winupdate.ErrTaskNeverStarted},
		{name: "WSUS is silent", options: wsman.Options{TLS: true}, hurt: func(c *canned) {
			c.set("look.ps1", looked("ended", map[string]any{"kind": "scan", "finished": true, "error": "0x8024402C", "where": "search", "facts": map[string]any{"useServer": 1, "server": "http://joe:hunter2@wsus.example.test:8530"}}))
		}, at: "update source", says: "WSUS http://[redacted]@wsus.example.test", mend: "netsh winhttp show proxy"},
		{name: "disk is full", options: wsman.Options{TLS: true}, hurt: func(c *canned) {
			c.set("check.ps1", map[string]any{"free": 1 << 30, "start": "Disabled", "now": "2020-01-01T00:00:00Z"})
		}, at: "free disk", says: "10 GiB are wanted", mend: "DISM"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newCanned(t, x.options)
			if x.options.TLS && x.name != "unknown certificate" {
				c.vouch(t)
			}
			if x.hurt != nil {
				x.hurt(c)
			}
			h := c.host(x.auth)
			if x.user != "" {
				h.User = x.user
			}
			_, found := doctor(t, c.desk(), h)
			f := found[x.at]
			if f.Result != data.CheckFailed || !strings.Contains(f.Detail, x.says) || !strings.Contains(f.Mend, x.mend) || x.kind != nil && !errors.Is(f.Err, x.kind) {
				t.Errorf("%s: %+v", x.at, f)
			}
			if n := c.server.Counts(); n.Refused > 1 {
				t.Errorf("%d logins were refused", n.Refused)
			}
		})
	}
}

func TestBrokenOffCheckRemovesItsProbe(t *testing.T) {
	c := newCanned(t, wsman.Options{TLS: true})
	c.vouch(t)
	ctx, stop := context.WithCancel(t.Context())
	c.set("look.ps1", func(ordered) any { stop(); return looked("running", nil) })
	if err := c.desk().Doctor(ctx, c.host(data.AuthNTLM), func(app.Finding) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := c.called("forget.ps1"); n != 1 {
		t.Errorf("the probe was removed %d times", n)
	}
}

func TestTranscriptHoldsTheConversationAndNoSecret(t *testing.T) {
	c := newCanned(t, wsman.Options{TLS: true})
	c.vouch(t)
	c.set("rights.ps1", `{"user": "`+cannedPassword+`", "token": "abc123", "url": "https://joe:hunter2@mirror.example/x"}`)
	path := filepath.Join(t.TempDir(), "transcript.jsonl")
	f, err := remote.CreateTranscript(path)
	if err != nil {
		t.Fatal(err)
	}
	r := remote.NewRecorder(remote.ByReach{data.ReachWinRM: c.dialer}, onePassword{}, f)
	d := c.desk()
	d.Dialer = r
	h := c.host(data.AuthNTLM)
	doctor(t, d, h)
	s, err := r.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), remote.Command{Name: "x", Script: winupdate.Scripts()["rights"], Args: []string{"--password", cannedPassword}}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Run(ctx, remote.Command{Name: "cancelled", Script: "x"}); err == nil {
		t.Error("a cancelled command runs")
	}
	if err := errors.Join(s.Close(), f.Close(), r.Err()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, word := range []string{cannedPassword, "Pässw0rd", "hunter2", "abc123"} {
		if strings.Contains(text, word) {
			t.Errorf("%q is in the transcript", word)
		}
	}
	for _, word := range []string{`"kind":"connect"`, `"name":"rights"`, digest(winupdate.Scripts()["rights"]), `"kind":"Receive","status":200`, `"kind":"login","status":401`, `"exit":0`, `"error":"cancelled: context canceled"`, `"kind":"close"`} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in the transcript:\n%s", word, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := remote.CreateTranscript(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("an old transcript is overwritten: %v", err)
	}
}
