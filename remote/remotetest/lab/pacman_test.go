package lab_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/pacman"
	"secondtuesday/remote/remotetest/lab"
)

// TestFailedScriptOfPacmanFailsTheJob: pacman itself exits 0.
func TestFailedScriptOfPacmanFailsTheJob(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Pacman)
	m.Exec("echo 1 > /etc/lab-slow.steps")
	s := login(t, m, lab.Ops)
	want := planned(scan(t, pacman.Platform{}, s, true), []string{"labignored"})
	status := run(t, pacman.Platform{}, s, simulate(t, pacman.Platform{}, s, want))
	if status.State != remote.JobEnded || status.Exit == 0 || !strings.Contains(string(status.Log), "command failed to execute correctly") {
		t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
	}
	if out := m.Exec("pacman -Q labbadpost labhello labignored"); out != "labbadpost 2.0-1\nlabhello 1.1-1\nlabignored 1.0-1\n" {
		t.Errorf("installed: %s", out)
	}
}

// TestLockOfPacmanIsSeen: a lock file with nobody behind it blocks as well.
func TestLockOfPacmanIsSeen(t *testing.T) {
	t.Parallel()
	m := lab.Host(t, lab.Pacman)
	m.Exec("echo 1 > /etc/lab-slow.steps")
	s := login(t, m, lab.Ops)
	changes := simulate(t, pacman.Platform{}, s, planned(scan(t, pacman.Platform{}, s, true), []string{"labignored"}))
	m.HoldLock()
	busy, err := pacman.Platform{}.Scan(t.Context(), s, false)
	if !errors.Is(err, remote.ErrBusy) && !hasProblem(busy, data.PlatformBusy) {
		t.Errorf("scan: %v, problems %+v", err, busy.Problems)
	}
	checks, err := pacman.Platform{}.Check(t.Context(), s, changes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(c data.Check) bool { return c.Name == "package manager lock" && c.Result == data.CheckFailed }) {
		t.Errorf("checks: %+v", checks)
	}
	status := run(t, pacman.Platform{}, s, changes)
	if status.State != remote.JobEnded || status.Exit == 0 {
		t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
	}
	if out := m.Exec("pacman -Q labhello"); out != "labhello 1.0-1\n" {
		t.Errorf("installed: %s", out)
	}
}
