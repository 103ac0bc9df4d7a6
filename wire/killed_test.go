package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/remote/remotetest/lab"
)

// A killable is the built command line with a workspace of its own, inside the
// network of a real host.
type killable struct {
	t       *testing.T
	program string
	home    string
	m       *lab.Machine
}

func newKillable(t *testing.T, kind lab.Kind) *killable {
	t.Helper()
	k := &killable{t: t, program: filepath.Join(t.TempDir(), "stctl"), home: t.TempDir(), m: lab.Host(t, kind)}
	if out, err := exec.Command("go", "build", "-o", k.program, "../cmd/stctl").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	folder := filepath.Join(k.home, "secondtuesday")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "known_hosts"), []byte(k.m.KnownHosts()), 0o600); err != nil {
		t.Fatal(err)
	}
	k.run("host", "add", k.m.Name, "--address", k.m.Addr, "--user", lab.Root, "--identity-file", k.m.Key, "--exposure", "internal")
	k.run("standard", "use", "small-shop", "--owner", "P. Lang")
	k.run("scan", "--all", "--refresh")
	return k
}

func (k *killable) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := lab.Command(ctx, k.program, args...)
	cmd.Env = append(os.Environ(), "HOME="+k.home, "XDG_DATA_HOME="+k.home, "SSH_AUTH_SOCK=")
	return cmd
}

func (k *killable) run(args ...string) []byte {
	k.t.Helper()
	cmd := k.command(k.t.Context(), args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		k.t.Fatalf("stctl %s: %v\n%s%s", strings.Join(args, " "), err, &out, &complaint)
	}
	return out.Bytes()
}

// says reads what a person reads.
func (k *killable) says(what, want string, args ...string) {
	k.t.Helper()
	if out := k.run(args...); !strings.Contains(string(out), want) {
		k.t.Errorf("stctl %s does not tell %s, %q:\n%s", strings.Join(args, " "), what, want, out)
	}
}

// start plans one package and begins its rollout at once.
func (k *killable) start(reboot, update string) {
	k.t.Helper()
	var plan struct{ Digest string }
	k.json(&plan, "plan", "make", "--name", "test", "--all", "--only", update, "--reboot", reboot, "--post-wait", "5s")
	k.run("plan", "approve", "1", "--digest", plan.Digest)
	k.run("rollout", "start", "1", "--now", "--reason", "a test of the lab")
}

func (k *killable) json(to any, args ...string) {
	k.t.Helper()
	out := k.run(append(args, "--json")...)
	if err := json.Unmarshal(out, to); err != nil {
		k.t.Fatalf("stctl %v: %v in %s", args, err, out)
	}
}

// driveUntil drives the rollout and kills the desk with kill -9 once ok.
func (k *killable) driveUntil(what string, ok func() bool) {
	k.t.Helper()
	cmd := k.command(k.t.Context(), "run-due")
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("waited in vain until %s", what)
		}
	}
	if err := cmd.Process.Kill(); err != nil { // nsenter has become the program: this is kill -9 of the desk
		k.t.Fatal(err)
	}
	cmd.Wait()
}

// finish drives again, as a new desk does, until the rollout has ended.
func (k *killable) finish() (outcome, detail string) {
	k.t.Helper()
	var rollout struct {
		Runs []struct{ Outcome, Detail string }
	}
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(time.Second) {
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

// TestKilledDeskReattachesToARealHost kills the desk in the middle of an
// upgrade, cuts the line as well, and lets a new desk go on: nothing is done
// twice, and a scan proves what is in.
func TestKilledDeskReattachesToARealHost(t *testing.T) {
	kinds := []lab.Kind{lab.Debian, lab.DebianSystemd}
	lab.Need(t, kinds...)
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			k := newKillable(t, kind)
			k.m.Exec("echo 12 > /etc/lab-slow.steps")
			k.start("never", "lab-slow")
			k.driveUntil("the package's script runs", func() bool {
				out, _ := k.m.Try(t.Context(), `grep -h "lab-slow: step 2 of" /var/lib/secondtuesday/jobs/*/log 2>/dev/null`)
				return out != ""
			})
			k.says("the hosts it is at work on", "Rollout 1 of \"test\" is at work on 1 host ("+k.m.Name+"), driven by", "status")
			k.m.LinkDown()
			time.Sleep(2 * time.Second)
			k.m.LinkUp()
			if outcome, detail := k.finish(); outcome != "succeeded" {
				t.Errorf("outcome %s: %s", outcome, detail)
			}
			if runs := strings.Count(k.m.Exec("cat /var/lib/lab-slow.runs"), "\n"); runs != 1 {
				t.Errorf("the package's script ran %d times", runs)
			}
			k.run("audit", "verify")
		})
	}
}

// TestRebootIsProvedByTheBootIDOfARealHost reboots a systemd host after an
// update, and takes a host that ignores the reboot for what it is.
func TestRebootIsProvedByTheBootIDOfARealHost(t *testing.T) {
	lab.Need(t, lab.DebianSystemd)
	k := newKillable(t, lab.DebianSystemd)
	_, before := k.m.Boot()
	k.start("always", "lab-hello")
	outcome, detail := k.finish()
	if _, after := k.m.Boot(); outcome != "succeeded" || after == before || !strings.Contains(detail, "rebooted") {
		t.Errorf("outcome %s: %s; boot ID %s, before %s", outcome, detail, after, before)
	}
}

// TestKilledDeskFindsARebootedHost kills the desk while its host is down for
// the reboot. The next desk proves the reboot by the boot ID and asks for none.
func TestKilledDeskFindsARebootedHost(t *testing.T) {
	t.Parallel()
	lab.Need(t, lab.Debian)
	k := newKillable(t, lab.Debian)
	k.m.BootTime(3 * time.Second)
	k.start("always", "lab-hello")
	k.driveUntil("the host is down", func() bool {
		_, err := k.m.Try(t.Context(), "true")
		return err != nil
	})
	outcome, detail := k.finish()
	if boots, _ := k.m.Boot(); outcome != "succeeded" || boots != 2 || !strings.Contains(detail, "rebooted") {
		t.Errorf("outcome %s: %s; %d boots", outcome, detail, boots)
	}
}
