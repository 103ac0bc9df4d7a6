package dnf

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// jobShell stands in for remote/linux's job.sh.
const jobShell = `
put() { printf '%s\n' "$2" >"$job/$1"; }
step() { echo "== $3"; }
halted() { return 1; }
killable() { "$@"; }
`

// runJob runs the job's script with made-up programs dnf and rpm. dnf prints
// table; with -y it takes $job/after for what rpm says from then on, and prints
// log. It returns the output, the exit status and whether -y was ever asked for.
func runJob(t *testing.T, input, table, log string) (out string, status int, began bool) {
	t.Helper()
	job := t.TempDir()
	bin := filepath.Join(job, "bin")
	files := map[string]string{
		"input": input, "table": table, "log": log, "now": "labssl.noarch 1.0-1.el9\n", "after": "labssl.noarch 1.0-2.el9\n",
		"bin/dnf": `case "$*" in *--downloadonly*) exit 0 ;; *" -y "*) echo began >"$job/began"; cat "$job/log"; cp "$job/after" "$job/now" ;; *) cat "$job/table"; exit 1 ;; esac`,
		"bin/rpm": `for a in "$@"; do name=$a; done; s=1; while read -r n v; do [ "$n" = "$name" ] && echo "$v" && s=0; done <"$job/now"; exit $s`,
	}
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if strings.HasPrefix(name, "bin/") {
			text = "#!/bin/sh\n" + text + "\n"
		}
		if err := os.WriteFile(filepath.Join(job, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-c", jobShell+commonScript+jobScript)
	cmd.Env = []string{"job=" + job, "PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C"}
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	_, err = os.Stat(filepath.Join(job, "began"))
	return string(b), cmd.ProcessState.ExitCode(), err == nil
}

const (
	wantSSL   = "upgrade labssl noarch 1.0-2.el9\n"
	tableSSL  = head + "Upgrading:\n labssl noarch 1.0-2.el9 lab 6.2 k\n\nTransaction Summary\n====\nUpgrade 1 Package\n"
	table5SSL = "Package Arch Version Repository Size\nUpgrading:\n labssl noarch 0:1.0-2.el9 lab 10.0   B\n   replacing labssl noarch 0:1.0-1.el9 <unknown> 10.0   B\n\nTransaction Summary:\n"
)

func TestJobBeginsOnlyWhatWasPlanned(t *testing.T) {
	for _, c := range []struct {
		name, input, table, log string
		status                  int
		began                   bool
	}{
		{"as planned", wantSSL, tableSSL, "", 0, true},
		{"as planned, dnf 5", wantSSL, table5SSL, "", 0, true},
		{"wrapped row", wantSSL, head + "Upgrading:\n labssl\n                  noarch 1.0-2.el9 lab 6.2 k\n\nTransaction Summary\n", "", 0, true},
		{"in already", "upgrade labssl noarch 1.0-1.el9\n", "", "", 0, false},
		{"another version", wantSSL, strings.ReplaceAll(tableSSL, "1.0-2", "1.0-3"), "", 20, false},
		{"one more", wantSSL, strings.ReplaceAll(tableSSL, "\n\nTransaction", "\n more noarch 1-1 lab 1 k\n\nTransaction"), "", 20, false},
		{"one is erased", wantSSL, strings.ReplaceAll(tableSSL, "\n\nTransaction", "\nRemoving:\n labhello noarch 1.0-1.el9 @System 10  \n\nTransaction"), "", 20, false},
		{"one is replaced", wantSSL, strings.ReplaceAll(tableSSL, "\n\nTransaction", "\n     replacing  labobs.noarch 1.0-1.el9\n\nTransaction"), "", 20, false},
		{"one is replaced, dnf 5", wantSSL, strings.ReplaceAll(table5SSL, "\n\nTransaction", "\n   replacing labobs noarch 0:1.0-1.el9 <unknown> 1 B\n\nTransaction"), "", 20, false},
		{"one is missing", wantSSL + "upgrade labcrit noarch 1.0-2.el9\n", tableSSL, "", 20, false},
		{"unknown heading", wantSSL, strings.ReplaceAll(tableSSL, "Upgrading", "Downgrading"), "", 20, false},
		{"no table", wantSSL, "Nothing to do.\n", "", 20, false},
		{"failed %post beside exit status 0", wantSSL, tableSSL, "warning: %post(labssl-1.0-2.el9.noarch) scriptlet failed, exit status 1\n", 25, true},
	} {
		out, status, began := runJob(t, c.input, c.table, c.log)
		if status != c.status || began != c.began {
			t.Errorf("%s: exit status %d, began %v; want %d, %v:\n%s", c.name, status, began, c.status, c.began, out)
		}
	}
}

// The recorded tables are planned exactly when the plan is what Go reads from them.
func TestJobReadsTablesAsThisProgramDoes(t *testing.T) {
	for _, file := range []string{"dnf-security-assumeno.txt", "dnf-upgrade-assumeno.txt", "dnf5-upgrade-assumeno.txt"} {
		text := sample(t, file)
		rows, err := parseTransaction(text)
		if err != nil {
			t.Fatal(err)
		}
		var input strings.Builder
		skips := false
		for _, r := range rows {
			switch r.does {
			case comes:
				input.WriteString("upgrade " + r.name + " " + r.arch + " " + r.evr + "\n")
			case stays:
				skips = true
			}
		}
		out, status, _ := runJob(t, input.String(), text, "")
		if refused := status == 20; refused != (skips || strings.Contains(text, "replacing  labobs")) {
			t.Errorf("%s: exit status %d:\n%s", file, status, out)
		}
	}
}
