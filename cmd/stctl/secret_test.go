package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"secondtuesday/data/secret"
)

// asker is a person whose answer takes so long that something happens meanwhile.
type asker struct {
	meanwhile func()
	answer    io.Reader
}

func (a *asker) Read(b []byte) (int, error) {
	if a.meanwhile != nil {
		a.meanwhile()
		a.meanwhile = nil
	}
	return a.answer.Read(b)
}

func TestPasswordGoesToWhereThePersonWasToldNotToWhereTheEntryWasMovedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(xdg.Reload) // once the variables are as they were
	t.Setenv("XDG_DATA_HOME", dir)
	t.Setenv("XDG_STATE_HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	xdg.Reload()
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(in io.Reader, args ...string) string {
		var stdout, stderr bytes.Buffer
		args = append([]string{"--workspace", filepath.Join(dir, "shop.db"), "--vault-passphrase-file", pass}, args...)
		if code := newCLI(in, &stdout, &stderr).execute(t.Context(), args); code != exitOK {
			t.Errorf("%q: code %d: %s", args, code, stderr.String())
		}
		return stdout.String()
	}
	none := strings.NewReader("")
	call(none, "host", "add", "win1", "--reach", "winrm", "--address", "win1.example.test", "--user", `CORP\patching`, "--exposure", "internal")
	moved := func() { call(none, "host", "edit", "win1", "--address", "evil.example.test") }
	got := call(&asker{moved, strings.NewReader("hunter2\n")}, "secret", "set", "login", "win1")
	if !strings.Contains(got, "win1.example.test") || strings.Contains(got, "evil") {
		t.Errorf("got %q", got)
	}
	if q := question(secret.LoginKey("win1"), "anna at evil\x1b[2K by SSH"); q != "Secret for login win1, which goes to anna at evil by SSH: " {
		t.Errorf("asked %q", q)
	}
}

// Ctrl-C at the question for a password used to wait for the Enter key.
func TestCtrlCEndsTheQuestionForASecret(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	defer close(hold)
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := unlessCancelled(ctx, func() ([]byte, error) { <-hold; return nil, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if b, err := unlessCancelled(t.Context(), func() ([]byte, error) { return []byte("typed"), nil }); string(b) != "typed" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
}
