package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Two programs have one practice shop. The one that plays the hosts ends while
// the other is in the middle of its scans, which must not lose one of them.
func TestTwoProcessesShareThePracticeShop(t *testing.T) {
	home := t.TempDir()
	stctl := func(args ...string) (*exec.Cmd, *bytes.Buffer) {
		out := new(bytes.Buffer)
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Args = append([]string{"stctl", "--practice", "--json"}, args...)
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "GORACE=atexit_sleep_ms=0")
		cmd.Stdout, cmd.Stderr = out, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, out
	}
	for range 2 { // the first time both want to fill the workspace
		player, hosts := stctl("host", "list")
		time.Sleep(50 * time.Millisecond)
		guest, scans := stctl("scan", "web1", "dns1", "hyperv") // few: the other waits for no guest longer than its handover
		if err := player.Wait(); err != nil {
			t.Fatal(err)
		}
		var list []struct{ Name string }
		if err := json.Unmarshal(hosts.Bytes(), &list); err != nil || len(list) != 21 {
			t.Errorf("%v, %d hosts", err, len(list))
		}
		_ = guest.Wait() // the scans say what went wrong
		var got []struct {
			Host, Result string
			Error        struct{ Detail string }
		}
		if err := json.Unmarshal(scans.Bytes(), &got); err != nil || len(got) != 3 {
			t.Fatalf("%v, %d hosts", err, len(got))
		}
		for _, h := range got {
			if h.Result == "failed" {
				t.Errorf("%s: %s", h.Host, h.Error.Detail)
			}
		}
	}
}
