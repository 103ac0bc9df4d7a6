package windows

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

var day = time.Date(2026, 11, 10, 18, 0, 0, 0, time.UTC)

// pwsh finds PowerShell: beside the checkout, or on PATH.
func pwsh(t *testing.T) string {
	t.Helper()
	beside, err := filepath.Abs("../../../../shared/pwsh/pwsh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	path, err := exec.LookPath("pwsh")
	if err != nil {
		t.Skip("no PowerShell: neither ../shared/pwsh/pwsh beside the checkout nor pwsh on PATH")
	}
	return path
}

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

// ask runs a script as a network logon and gives what it printed and its code.
func ask(t *testing.T, w *World, script, stdin string) (string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := w.Exec(t.Context(), `SHOP\Administrator`, encoded(script), strings.NewReader(stdin), &out, &errs)
	if errs.Len() > 0 {
		t.Logf("stderr: %s", errs.String())
	}
	return out.String(), code
}
