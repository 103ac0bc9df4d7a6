package winupdate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"secondtuesday/remote/remotetest/pwsh"
)

// TestScriptsRunUnderWindowsPowerShell51 compares each script with what Windows
// PowerShell 5.1 of Server 2016 has: syntax, commands, parameters, types.
func TestScriptsRunUnderWindowsPowerShell51(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for name, text := range Scripts() {
		path := filepath.Join(dir, name+".ps1")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	pwsh.Check51(t, files...)
}

// TestWhatIsSentIsWhatIsEmbedded holds that no script is made of parts.
func TestWhatIsSentIsWhatIsEmbedded(t *testing.T) {
	for name, text := range Scripts() {
		b, err := os.ReadFile(name + ".ps1")
		if err != nil || string(b) != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := &recorder{}
	if err := (Platform{}).Start(t.Context(), s, job()); err != nil {
		t.Fatal(err)
	}
	var sent struct{ Line, Task, SHA256 string }
	if err := json.Unmarshal(s.ran[0].Stdin, &sent); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(taskScript))
	if s.ran[0].Script != startScript || sent.Task != taskScript || sent.SHA256 != hex.EncodeToString(sum[:]) || "powershell.exe "+sent.Line != TaskLine() {
		t.Error("what was sent is not what is embedded")
	}
}

// "icacls.exe /grant", "(whoami.exe)", "'powershell.exe'", not "\System32\icacls.exe"
var byPath = regexp.MustCompile(`[^\\\w](powershell|icacls|shutdown|whoami)\.exe\b`)

// TestProgramsAreNotFoundByPath keeps a program of that name in a folder of the
// PATH, where others may write, from being run as SYSTEM or administrator.
func TestProgramsAreNotFoundByPath(t *testing.T) {
	for name, script := range Scripts() {
		for line := range strings.Lines(script) {
			code, _, _ := strings.Cut(line, "#")
			if found := byPath.FindString(code); found != "" {
				t.Errorf("%s finds %q by PATH: %s", name, found, line)
			}
		}
	}
}

// $found.Updates[0], and $list[$i] with its name in the group
var indexed = regexp.MustCompile(`\$?([\w)}]+)\[`)

// TestNoCOMCollectionIsIndexed: Windows PowerShell 5.1 cannot take [i] of a COM
// collection, and the make-believe one of the tests could. Each thing that our
// scripts index is named here, with what it is.
func TestNoCOMCollectionIsIndexed(t *testing.T) {
	known := []string{
		"reasons",     // an array of our own
		"line", "got", // hash tables
		"Groups", // of a regular expression
		"byte",   // New-Object byte[]
	}
	for name, text := range Scripts() {
		for _, m := range indexed.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s.ps1 takes %s…] of what may be a COM collection: use Item()", name, m[0])
			}
		}
	}
}

// TestFilesOfTheTaskAreReadSoThatItCanReplaceThem: on Windows a reader that does
// not share would make the task's write fail. Here files are never locked.
func TestFilesOfTheTaskAreReadSoThatItCanReplaceThem(t *testing.T) {
	for _, plain := range []string{"ReadAllText", "ReadAllBytes", "ReadAllLines", "Get-Content"} {
		if strings.Contains(lookScript, plain) {
			t.Errorf("look.ps1 reads with %s, which does not share", plain)
		}
	}
}

// TestNativeErrorsDoNotThrow: with 'Stop', which run.ps1 sets, Windows PowerShell
// 5.1 throws where a program's standard error is redirected and not empty; the
// PowerShell of these tests does not.
func TestNativeErrorsDoNotThrow(t *testing.T) {
	for name, text := range Scripts() {
		at := strings.Index(text, "2>")
		if at >= 0 && !strings.Contains(text[:at], "$ErrorActionPreference = 'Continue'") {
			t.Errorf("%s.ps1 redirects standard error under 'Stop'", name)
		}
	}
}
