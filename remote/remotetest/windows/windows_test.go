package windows

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"secondtuesday/remote/remotetest/pwsh"
)

var day = time.Date(2026, 11, 10, 18, 0, 0, 0, time.UTC)

func world(t *testing.T, s State) *World {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "w"), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// encoded is a command line as WinRM carries it.
func encoded(script string) string {
	var raw []byte
	for _, u := range utf16.Encode([]rune(script)) {
		raw = append(raw, byte(u), byte(u>>8))
	}
	return "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand " + base64.StdEncoding.EncodeToString(raw)
}

// run runs a script as a network logon and gives what it printed and its code.
func run(t *testing.T, w *World, script, stdin string) (string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := w.Exec(t.Context(), `SHOP\Administrator`, encoded(script), strings.NewReader(stdin), &out, &errs)
	if errs.Len() > 0 {
		t.Logf("stderr: %s", errs.String())
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), code
}

// A shell is one PowerShell that tests ask again and again: it starts slowly.
type shell struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// open starts PowerShell as a network logon of the world. Each line of its
// stdin is a script, as base64.
func open(t *testing.T, w *World) *shell {
	t.Helper()
	w.Pwsh, _ = pwsh.Need(t)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- w.Exec(ctx, `SHOP\Administrator`, encoded(`
			while ($line = [Console]::In.ReadLine()) {
				try { . ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))) | Out-String -Stream -Width 400 }
				catch { 'THROWN 0x{0:X8} {1}: {2}' -f $_.Exception.GetBaseException().HResult, $_.Exception.GetBaseException().GetType().Name, $_.Exception.GetBaseException().Message }
				'<<end>>'
			}`), inR, outW, os.Stderr)
		outW.Close()
	}()
	t.Cleanup(func() {
		inW.Close()
		cancel()
		go io.Copy(io.Discard, outR)
		<-ended
	})
	return &shell{inW, bufio.NewReader(outR)}
}

// ask runs a script and gives what it printed, without the last line end.
func (s *shell) ask(t *testing.T, script string) string {
	t.Helper()
	fmt.Fprintln(s.in, base64.StdEncoding.EncodeToString([]byte(script)))
	var all []string
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			t.Fatalf("PowerShell ended: %v, after %q", err, all)
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "<<end>>" {
			return strings.Join(all, "\n")
		}
		all = append(all, line)
	}
}

// must runs a script that prints nothing.
func (s *shell) must(t *testing.T, script string) {
	t.Helper()
	if out := s.ask(t, script); out != "" {
		t.Fatalf("%s: %s", script, out)
	}
}

// same asks for each script and compares.
func (s *shell) same(t *testing.T, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		if got := s.ask(t, c[0]); got != c[1] {
			t.Errorf("%s\n got %q\nwant %q", c[0], got, c[1])
		}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
