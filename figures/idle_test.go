package figures

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

const (
	settleTime = 10 * time.Second
	idleTime   = 20 * time.Second
)

func init() { roles["idle"] = playIdle }

// idleFigures lets the real desk and an empty window of Fyne stand on one
// virtual display, nobody touching them.
func idleFigures(t *testing.T) {
	dir := t.TempDir()
	for name, from := range map[string]string{"desk": "..", "empty": "./testdata/empty"} {
		cmd := exec.Command("go", "build", "-tags", "migrated_fynedo,x11", "-buildvcs=false", "-o", filepath.Join(dir, name), from)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", from, err, out)
		}
	}
	workspace := filepath.Join(dir, "workspace.db")
	fillNow(t, workspace)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("../packaging/virtual-display", self, filepath.Join(dir, "desk"), workspace, filepath.Join(dir, "empty"))
	cmd.Env = append(os.Environ(), "FIGURES_ROLE=idle", "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if err := os.Mkdir(filepath.Join(dir, ".cache"), 0o700); err != nil { // Fyne makes only what is below it
		t.Fatal(err)
	}
	var said bytes.Buffer // that there is no D-Bus, unless something is wrong
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var used struct{ Desk, Empty series[time.Duration] }
	if err := json.Unmarshal(out, &used); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	share := func(d time.Duration) string { return fmt.Sprintf("%.2f %%", 100*ratio(d, idleTime)) }
	r := ratio(used.Desk.middle(), used.Empty.middle())
	// The kernel counts in hundredths of a second, and two runs of one program
	// differ by a tenth.
	add(t, figure{
		name: "idle desk, 300 hosts, 20 s: share of a processor", ours: used.Desk.spread(share), ratio: times(r), target: "≤ 1 (± 0.1 noise)",
		met: meets(r <= 1.1), peer: "an empty Fyne window: " + used.Empty.spread(share),
	})
}

// fillNow makes a shop whose scans are fresh by the real clock.
func fillNow(t *testing.T, path string) {
	t.Helper()
	d, err := newDesk(t.Context(), t.TempDir(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	hosts := make([]data.Host, 300)
	for i := range hosts {
		hosts[i] = data.Host{Name: fmt.Sprintf("host%03d", i), Reach: data.ReachSSH, Address: "192.0.2.1", Platform: data.APT, Technology: "Debian", Exposure: data.Internal}
	}
	ids, err := d.SaveHosts(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		s := data.Scan{Host: id, At: now, HostNow: now, Platform: data.APT, Root: true, RebootKnown: true, MetadataAt: now}
		for n := range 1 + i%30 {
			s.Updates = append(s.Updates, data.Update{Name: fmt.Sprintf("package%03d", n), Arch: "amd64", Installed: "1", Available: "2",
				Class: data.Security, Severity: data.High, Released: now.AddDate(0, 0, -n)})
		}
		if _, err := d.DB.SaveScan(t.Context(), s, data.AuditEntry{At: now, By: "figures", Verb: "scan saved"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	from := d.DB.Path()
	if err := d.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, path); err != nil {
		t.Fatal(err)
	}
}

// playIdle starts both programs on the display of its surroundings, and prints
// what processor time each used while nothing happened.
func playIdle() error {
	used := map[string][]time.Duration{}
	programs := map[string]*exec.Cmd{
		"Desk":  exec.Command(os.Args[1], "--workspace", os.Args[2]),
		"Empty": exec.Command(os.Args[3]),
	}
	for name, cmd := range programs {
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
		used[name] = nil
	}
	time.Sleep(settleTime)
	for range 3 {
		before := map[string]time.Duration{}
		for name, cmd := range programs {
			var err error
			if before[name], err = cpuOf(cmd.Process.Pid); err != nil {
				return fmt.Errorf("%s has ended: %w", name, err)
			}
		}
		time.Sleep(idleTime)
		for name, cmd := range programs {
			now, err := cpuOf(cmd.Process.Pid)
			if err != nil {
				return fmt.Errorf("%s has ended: %w", name, err)
			}
			used[name] = append(used[name], now-before[name])
		}
	}
	return json.NewEncoder(os.Stdout).Encode(used)
}

// cpuOf returns the processor time of a process. After the name in brackets,
// /proc/PID/stat has user and system time as its 12th and 13th field, in
// hundredths of a second.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 || fields[0] == "Z" {
		return 0, os.ErrProcessDone
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("unreadable: %s", text)
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}
