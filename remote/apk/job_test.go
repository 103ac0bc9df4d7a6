package apk

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

// runJob runs the job's script with a made-up apk, which prints simulation, and
// log when it is to change something. It returns the output, the exit status and
// whether it ever was. The package database is that of the machine the test runs
// on: nothing of the plan is in.
func runJob(t *testing.T, input, simulation, log string) (out string, status int, began bool) {
	t.Helper()
	job := t.TempDir()
	bin := filepath.Join(job, "bin")
	files := map[string]string{
		"input": input, "simulation.txt": simulation, "log": log,
		"bin/apk": `case "$*" in *--help*) echo "  --no-self-upgrade" ;; *--simulate*) cat "$job/simulation.txt" ;; *" upgrade --no-self-upgrade"*) echo began >"$job/began"; cat "$job/log" ;; *) exit 9 ;; esac`,
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

func TestJobBeginsOnlyWhatWasPlanned(t *testing.T) {
	const want = "upgrade labdep 2.0-r0\nadd labnew 1.0-r0\n"
	const sim = "(1/2) Installing labnew (1.0-r0)\n(2/2) Upgrading labdep (1.0-r0 -> 2.0-r0)\nOK: 0 MiB in 8 packages\n"
	for _, c := range []struct {
		name, input, sim, log string
		status                int
		began                 bool
	}{
		// What did not come in is told, whatever apk's exit status says.
		{"as planned, but nothing comes in", want, sim, "", 1, true},
		{"another version", want, strings.ReplaceAll(sim, "2.0-r0", "2.0-r1"), "", 20, false},
		{"one more", want, "(1/3) Upgrading musl (1.2.4-r0 -> 1.2.5-r0)\n" + sim, "", 20, false},
		{"one is purged", want, "(1/3) Purging old (1.2.4-r0)\n" + sim, "", 20, false},
		{"one is missing", want + "upgrade openssl 3.0.1-r0\n", sim, "", 20, false},
		{"unknown deed", want, strings.ReplaceAll(sim, "Upgrading", "Downgrading"), "", 20, false},
		{"nothing", want, "OK: 0 MiB in 8 packages\n", "", 20, false},
		{"only new packages", "add labnew 1.0-r0\n", sim, "", 20, false},
	} {
		out, status, began := runJob(t, c.input, c.sim, c.log)
		if status != c.status || began != c.began {
			t.Errorf("%s: exit status %d, began %v; want %d, %v:\n%s", c.name, status, began, c.status, c.began, out)
		}
	}
}
