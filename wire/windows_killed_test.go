package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/windows"
)

// A winKillable is the built command line with a workspace and a vault of its
// own, beside a make-believe Windows behind real WinRM.
type winKillable struct {
	*winSite
	program, home, pass string
}

func newWinKillable(t *testing.T, program string) *winKillable {
	t.Helper()
	k := &winKillable{winSite: newWinSite(t, false), program: program, home: t.TempDir()}
	k.pass = filepath.Join(k.home, "passphrase")
	folder := filepath.Join(k.home, "secondtuesday")
	k.must(os.MkdirAll(folder, 0o700))
	k.must(os.WriteFile(k.pass, []byte("correct horse battery staple\n"), 0o600))
	k.must(os.WriteFile(filepath.Join(folder, "known_certificates"), []byte(k.server.Addr()+" "+k.server.Fingerprint()+"\n"), 0o600))
	h := k.server.Host("win1", `CORP\anna`)
	k.stctl("", "host", "add", "win1", "--reach", "winrm", "--address", h.Address, "--port", strconv.Itoa(h.Port), "--user", h.User, "--exposure", "internal")
	k.stctl("pw\n", "secret", "set", "login", "win1")
	k.stctl("", "standard", "use", "small-shop", "--owner", "P. Lang")
	k.stctl("", "scan", "--all", "--refresh")
	return k
}

func (k *winKillable) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.program, append(args, "--vault-passphrase-file", k.pass)...)
	cmd.Env = append(os.Environ(), "HOME="+k.home, "XDG_DATA_HOME="+k.home, "SSH_AUTH_SOCK=")
	return cmd
}

func (k *winKillable) stctl(stdin string, args ...string) []byte {
	k.t.Helper()
	cmd := k.command(k.t.Context(), args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &complaint
	if err := cmd.Run(); err != nil {
		k.t.Fatalf("stctl %s: %v\n%s%s", strings.Join(args, " "), err, &out, &complaint)
	}
	return out.Bytes()
}

// start plans the update that wants a reboot, and begins its rollout at once.
func (k *winKillable) start() {
	k.t.Helper()
	var plan struct{ Digest string }
	k.must(json.Unmarshal(k.stctl("", "plan", "make", "--name", "test", "--all", "--only", winSlow, "--reboot", "if-needed", "--post-wait", "2s", "--json"), &plan))
	k.stctl("", "plan", "approve", "1", "--digest", plan.Digest)
	k.stctl("", "rollout", "start", "1", "--now", "--reason", "a test")
}

// killWhen drives the rollout and kills the desk with kill -9 once the host is so.
func (k *winKillable) killWhen(ok func(*windows.State) bool, later time.Duration) {
	k.t.Helper()
	cmd := k.command(k.t.Context(), "run-due")
	k.must(cmd.Start())
	for deadline := time.Now().Add(time.Minute); !ok(k.winSite.state()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatal("waited in vain for the moment to kill")
		}
	}
	time.Sleep(later)
	k.must(cmd.Process.Kill())
	cmd.Wait()
}

// finish drives again, as a new desk does, until the rollout has ended.
func (k *winKillable) finish() (outcome, detail string) {
	k.t.Helper()
	var rollout struct {
		Runs []struct{ Outcome, Detail string }
	}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		k.command(k.t.Context(), "run-due").Run() // a lease of the killed desk may hold it off at first
		out, _ := k.command(k.t.Context(), "rollout", "show", "1", "--json").Output()
		if err := json.Unmarshal(out, &rollout); err != nil || len(rollout.Runs) != 1 {
			k.t.Fatalf("rollout show: %v in %s", err, out)
		}
		if run := rollout.Runs[0]; run.Outcome != "" || time.Now().After(deadline) {
			return run.Outcome, run.Detail
		}
	}
}

// TestKilledDeskReattachesToAWindowsHost kills the desk by kill -9 at each stage
// of a rollout on a Windows host, and lets a new one go on: the update goes in
// once, the host reboots once, and a scan proves it.
func TestKilledDeskReattachesToAWindowsHost(t *testing.T) {
	program := filepath.Join(t.TempDir(), "stctl")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/stctl").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	job := func(w *windows.State) bool {
		for _, task := range w.Tasks {
			if !strings.HasPrefix(task.Name, "scan-") {
				return true
			}
		}
		return false
	}
	for name, when := range map[string]struct {
		ok    func(*windows.State) bool
		later time.Duration
	}{
		"before the job":                   {func(*windows.State) bool { return true }, 100 * time.Millisecond},
		"between its start and a look":     {job, 0},
		"in mid-install":                   {func(w *windows.State) bool { return w.Installing != nil }, 500 * time.Millisecond},
		"as the reboot is asked for":       {func(w *windows.State) bool { return w.Shutdown != nil }, 0},
		"while the host is down":           {func(w *windows.State) bool { return w.Shutdown != nil && w.Shutdown.InProgress }, 0},
		"when it has come up, or verifies": {func(w *windows.State) bool { return w.Build > 0 && w.UBR == 4100 }, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newWinKillable(t, program)
			k.start()
			k.killWhen(when.ok, when.later)
			if out, _ := k.command(t.Context(), "rollout", "show", "1").Output(); !strings.Contains(string(out), "0 of 1 host") {
				t.Errorf("killed, and rollout show says\n%s", out)
			}
			outcome, detail := k.finish()
			if outcome != string(data.OutcomeSucceeded) || !strings.Contains(detail, "rebooted") {
				t.Errorf("%s: %s", outcome, detail)
			}
			if n := k.installations(winSlow); n != 1 || !k.in([]string{winSlow}) {
				t.Errorf("installed %d times; in: %v", n, k.in([]string{winSlow}))
			}
			k.stctl("", "audit", "verify")
		})
	}
}
