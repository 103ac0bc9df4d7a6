package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"secondtuesday/remote"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// scriptUses says what each script is for.
var scriptUses = map[string]string{
	"rights": "who the account is (`stctl doctor`)",
	"check":  "disk, service, pending reboot, clock: the pre-check",
	"start":  "makes the folder of a job and its task",
	"load":   "command line of the task: compares `task.ps1` with its digest and runs it",
	"task":   "searches and installs, as SYSTEM",
	"look":   "how a job stands",
	"cancel": "asks a job to stop before its next update",
	"forget": "removes a scan whose result was read",
	"alive":  "which boot this is, and which services run",
	"reboot": "asks Windows to reboot",
}

func TestManualListsTheScriptsThatRunOnWindows(t *testing.T) {
	const path, begin, end = "../docs/manual/preparing-a-windows-server.md", "<!-- scripts -->\n", "<!-- /scripts -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(b), "\r\n", "\n")
	if !strings.Contains(page, remote.ReadCertificates) {
		t.Error("the page does not have the command that the program shows for certificates")
	}
	head, rest, ok := strings.Cut(page, begin)
	_, tail, whole := strings.Cut(rest, end)
	if !ok || !whole {
		t.Fatal("the page has no place for the scripts")
	}
	var table strings.Builder
	table.WriteString("| script | for | SHA-256 |\n|---|---|---|\n")
	fmt.Fprintf(&table, "| `run.ps1` | on the command line: reads a script, compares its digest, runs it | `%s` |\n", digest(winrm.Bootstrap()))
	scripts := winupdate.Scripts()
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		if scriptUses[name] == "" {
			t.Errorf("nothing says what %s.ps1 is for", name)
		}
		fmt.Fprintf(&table, "| `%s.ps1` | %s | `%s` |\n", name, scriptUses[name], digest(scripts[name]))
	}
	want := head + begin + table.String() + end + tail
	if *updateManual {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page != want {
		t.Error("preparing-a-windows-server.md lists other scripts than the program runs (go test ./wire -run Manual -update writes it)")
	}
}
