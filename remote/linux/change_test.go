package linux

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"mvdan.cc/sh/v3/syntax"

	"secondtuesday/data"
)

func TestChangeScriptIsSoundPOSIXShell(t *testing.T) {
	if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(ChangeScript), "change.sh"); err != nil {
		t.Error(err)
	}
}

func TestPackageLeftHalfDoneIsNotIn(t *testing.T) {
	want := []data.Target{{Name: "openssl", To: "3.0.1-1", Origin: "lab", Severity: data.High}, {Name: "nginx", To: "1-1"}}
	c := data.Changes{Add: []data.Target{{Name: "openssl", To: "3.0.1-1"}}}
	if got := Planned(c, want, []data.Package{{Name: "nginx", Version: "1-1", Broken: true}}); got != "nginx 1-1" {
		t.Errorf("missing %q", got)
	}
	if diff := cmp.Diff(want[0], c.Add[0]); diff != "" {
		t.Error(diff)
	}
	if got := Planned(c, want, []data.Package{{Name: "nginx", Version: "1-1"}}); got != "" {
		t.Errorf("missing %q", got)
	}
}

// A shell that is killed leaves what it called at work.
func TestEndedDownloadLeavesNothingAtWork(t *testing.T) {
	w := newWorld(t)
	pid := w.file(jobName, "child")
	script := "fetch() { sh -c 'echo $$ >\"$1\"; sleep 300; :' sh \"$job/child\"; echo on; }\nset -f\nkillable fetch; halted && exit 75"
	if err := w.start(jobName, script, time.Minute); err != nil {
		t.Fatal(err)
	}
	for !exists(pid) {
		time.Sleep(20 * time.Millisecond)
	}
	if err := w.Cancel(t.Context(), w.shell, jobName); err != nil {
		t.Fatal(err)
	}
	if st := w.wait(jobName); st.Exit != 75 || strings.Contains(string(st.Log), "on\n") {
		t.Errorf("%+v\n%s", st, st.Log)
	}
	b, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(b)) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("process %s goes on", b)
}
