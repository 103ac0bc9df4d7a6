// Package jobtest runs the very script of a platform's job on this computer:
// started, run and looked at by remote/linux as on a host, with made-up programs
// in place of the package manager. It is for tests only, and changes nothing
// outside the test's folder.
package jobtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// RPM is a made-up rpm: what is installed are the lines "NAME.ARCH VERSION" of
// the file "now". It answers "rpm -q --qf FORMAT NAME.ARCH" and no more.
const RPM = `for a in "$@"; do name=$a; done
status=1
while read -r n v; do [ "$n" = "$name" ] && echo "$v" && status=0; done <"$world/now"
exit $status`

// patience is how long a test waits for what is bound to come, on a computer
// that has a lot else to do.
const patience = 2 * time.Minute

// A World is the folder in which jobs of one script run. The script, and the
// programs it calls, find it as $world.
type World struct {
	t       *testing.T
	dir     string
	host    linux.Host
	session remote.Session
	script  string
	jobs    int

	StopAfter time.Duration // of the jobs that begin; New says a minute
}

// New makes a world for a platform's script. places are the absolute paths of a
// host that the script looks at: it finds them in the world instead.
func New(t *testing.T, script string, places ...string) *World {
	t.Helper()
	s, err := remote.Local{}.Dial(t.Context(), data.Host{Name: "this computer", Reach: data.ReachLocal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &World{t: t, dir: t.TempDir(), host: linux.Host{StateDir: t.TempDir()}, session: asIs{s}, StopAfter: time.Minute}
	var moved []string
	for _, p := range places {
		moved = append(moved, p, w.dir+p)
	}
	w.script = fmt.Sprintf("world='%s'\nPATH=$world/bin:/usr/bin:/bin\nexport world PATH\necho $$ >\"$world/pid\"\n", w.dir) +
		strings.NewReplacer(moved...).Replace(script)
	w.Put("bin/sleep", "exec /bin/sleep 0.02") // job.sh waits for downloads in steps of 0.2 s
	return w
}

// asIs runs as whoever runs the test.
type asIs struct{ remote.Session }

func (s asIs) Run(ctx context.Context, c remote.Command) (remote.Output, error) {
	c.Root = false
	return s.Session.Run(ctx, c)
}

// Put writes a file of the world. One in bin/ is a program: plain shell.
func (w *World) Put(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if strings.HasPrefix(name, "bin/") {
		text = "#!/bin/sh\n" + text + "\n"
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// Get returns what a file of the world holds; "" when it is not there.
func (w *World) Get(name string) string {
	b, _ := os.ReadFile(filepath.Join(w.dir, name))
	return string(b)
}

// Has reports whether a file of the world is there.
func (w *World) Has(name string) bool {
	_, err := os.Stat(filepath.Join(w.dir, name))
	return err == nil
}

// Await waits until a file of the world is there.
func (w *World) Await(name string) {
	w.t.Helper()
	for end := time.Now().Add(patience); !w.Has(name); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s does not come", name)
		}
	}
}

// Begin starts a job with this input and returns its name.
func (w *World) Begin(input string) string {
	w.t.Helper()
	w.jobs++
	id := fmt.Sprintf("job-%04d", w.jobs)
	err := w.host.StartJob(w.t.Context(), w.session, remote.Job{ID: id, StopAfter: w.StopAfter}, w.script, []byte(input))
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// End waits until a job runs no more, and returns how it stands, with its whole log.
func (w *World) End(id string) remote.JobStatus {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		st, err := w.host.Look(w.t.Context(), w.session, id, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		if st.State != remote.JobRunning {
			return st
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s does not end:\n%s", id, st.Log)
		}
	}
}

// Run is Begin and End.
func (w *World) Run(input string) remote.JobStatus {
	w.t.Helper()
	return w.End(w.Begin(input))
}

// Ended fails the test unless the job ended with this exit status, and the
// made-up package manager was asked to change something, which it notes in the
// file "began", or was not.
func (w *World) Ended(st remote.JobStatus, exit int, began bool) {
	w.t.Helper()
	if st.State != remote.JobEnded || st.Exit != exit || w.Has("began") != began {
		w.t.Errorf("%s, exit status %d, began %v; want %d, %v:\n%s", st.State, st.Exit, w.Has("began"), exit, began, st.Log)
	}
}

// Cancel asks a job to stop before its next step.
func (w *World) Cancel(id string) {
	w.t.Helper()
	if err := w.host.Cancel(w.t.Context(), w.session, id); err != nil {
		w.t.Fatal(err)
	}
}

// Kill ends the job that runs, and all it has called, as kill -9 does.
func (w *World) Kill() {
	w.t.Helper()
	pid := strings.TrimSpace(w.Get("pid")) // of the leader of its group
	if out, err := exec.Command("sh", "-c", "kill -s KILL -- -"+pid).CombinedOutput(); err != nil {
		w.t.Fatalf("kill %s: %v: %s", pid, err, out)
	}
}
