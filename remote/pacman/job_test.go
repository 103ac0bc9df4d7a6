package pacman

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

// runJob runs the job's script with a made-up pacman, whose lists offer what
// the file offered says, and which prints log when it is to change something. It
// returns the output, the exit status and whether it ever was.
func runJob(t *testing.T, input, offered, log string) (out string, status int, began bool) {
	t.Helper()
	job := t.TempDir()
	bin := filepath.Join(job, "bin")
	files := map[string]string{
		"input": input, "offered": offered, "log": log, "now": "labhello 1.0-1\nlabrep 1.0-1\n", "after": "labhello 1.1-1\nlabrep 1.0-1\n",
		"bin/pacman-conf": `echo "$job/db/"`,
		"bin/pacman": `last=; for a in "$@"; do last=$a; done
case "$*" in
-Q*) while read -r n v; do [ "$n" = "$last" ] && { case $1 in -Qq) echo "$n" ;; *) echo "$n $v" ;; esac; exit 0; }; done <"$job/now"; exit 1 ;;
*--downloadonly*) exit 0 ;;
*--print*) cat "$job/offered" ;;
-Sy*) echo lists >"$job/cache/pacman.job/sync/lab.db" ;;
-Si*) echo "Name            : labhello"; echo "Replaces        : $(cat "$job/replaces" 2>/dev/null || echo None)" ;;
*) echo began >"$job/began"; cat "$job/log"; cp "$job/after" "$job/now" ;;
esac`,
	}
	if strings.Contains(log, "replaces labrep") {
		files["replaces"] = "labrep<2\n"
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
	cmd := exec.Command("sh", "-c", jobShell+strings.ReplaceAll(commonScript, "/var/cache/secondtuesday", job+"/cache")+jobScript)
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
	const want = "upgrade labhello 1.1-1\n"
	for _, c := range []struct {
		name, input, offered, log string
		status                    int
		began                     bool
	}{
		{"as planned", want, "labhello 1.1-1\n", "upgrading labhello...\n", 0, true},
		{"in already", "upgrade labhello 1.0-1\n", "", "", 0, false},
		{"the sources have moved on", want, "labhello 1.2-1\n", "", 20, false},
		{"one more", want, "labhello 1.1-1\nglibc 2.40-1\n", "", 20, false},
		{"one is missing", want + "upgrade openssl 3.0.1-1\n", "labhello 1.1-1\n", "", 20, false},
		{"one would be replaced", want, "labhello 1.1-1\n", "replaces labrep\n", 20, false},
		{"failed script beside exit status 0", want, "labhello 1.1-1\n", "upgrading labhello...\nerror: command failed to execute correctly\n", 25, true},
	} {
		out, status, began := runJob(t, c.input, c.offered, c.log)
		if status != c.status || began != c.began {
			t.Errorf("%s: exit status %d, began %v; want %d, %v:\n%s", c.name, status, began, c.status, c.began, out)
		}
	}
}
