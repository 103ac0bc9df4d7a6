package lab_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/lab"
)

// eachRPM runs a test on a fresh host of every kind with rpm, side by side,
// with the targets of its updates of these names.
func eachRPM(t *testing.T, names []string, test func(t *testing.T, sys system, m *lab.Machine, s remote.Session, want []data.Target)) {
	for _, sys := range systems {
		if sys.installed != rpmHas {
			continue
		}
		t.Run(string(sys.kind), func(t *testing.T) {
			t.Parallel()
			m := lab.Host(t, sys.kind)
			s := login(t, m, lab.Ops)
			want := only(planned(scan(t, sys, s, true), nil), names...)
			if len(want) != len(names) {
				t.Fatalf("the host offers %v of %v", want, names)
			}
			test(t, sys, m, s, want)
		})
	}
}

func has(m *lab.Machine, name string) string {
	return strings.TrimSpace(m.Exec(`rpm -q --qf '%{VERSION} ' "$1"`, name))
}

// TestFailedScriptOfAnRPMFailsTheJob: dnf exits 0 when a %post fails, with the
// package in; a %pre that fails keeps the package out.
func TestFailedScriptOfAnRPMFailsTheJob(t *testing.T) {
	t.Parallel()
	eachRPM(t, []string{"labbadpost"}, func(t *testing.T, sys system, m *lab.Machine, s remote.Session, want []data.Target) {
		status := run(t, sys, s, simulate(t, sys, s, want))
		if status.State != remote.JobEnded || status.Exit == 0 || !strings.Contains(string(status.Log), "scriptlet failed") {
			t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
		}
		if v := has(m, "labbadpost"); v != "2.0" {
			t.Errorf("labbadpost is %s", v)
		}
	})
	eachRPM(t, []string{"labbadpre", "labhello"}, func(t *testing.T, sys system, m *lab.Machine, s remote.Session, want []data.Target) {
		status := run(t, sys, s, simulate(t, sys, s, want))
		if status.State != remote.JobEnded || status.Exit == 0 {
			t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
		}
		if v := has(m, "labbadpre"); v != "1.0" {
			t.Errorf("labbadpre is %s", v)
		}
	})
}

// TestUpdateThatCannotComeInIsRefused: labbroken needs what nothing provides.
func TestUpdateThatCannotComeInIsRefused(t *testing.T) {
	t.Parallel()
	eachRPM(t, []string{"labbroken"}, func(t *testing.T, sys system, m *lab.Machine, s remote.Session, want []data.Target) {
		if c, err := sys.Simulate(t.Context(), s, want); !errors.As(err, new(*remote.ExitError)) {
			t.Errorf("simulated %+v, %v", c, err)
		}
		status := run(t, sys, s, data.Changes{Upgrade: want})
		if status.State != remote.JobEnded || status.Exit == 0 || has(m, "labbroken") != "1.0" {
			t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
		}
	})
}

// TestLockOfAnRPMHostIsSeen: dnf would wait for ever.
func TestLockOfAnRPMHostIsSeen(t *testing.T) {
	t.Parallel()
	eachRPM(t, []string{"labhello"}, func(t *testing.T, sys system, m *lab.Machine, s remote.Session, want []data.Target) {
		changes := simulate(t, sys, s, want)
		release := m.HoldLock()
		busy, err := sys.Scan(t.Context(), s, false)
		if !errors.Is(err, remote.ErrBusy) && (busy.Trusted() || !hasProblem(busy, data.PlatformBusy)) {
			t.Errorf("scan: %v, problems %+v", err, busy.Problems)
		}
		checks, err := sys.Check(t.Context(), s, changes)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(checks, func(c data.Check) bool { return c.Name == "package manager lock" && c.Result == data.CheckFailed }) {
			t.Errorf("checks: %+v", checks)
		}
		began := time.Now()
		status := run(t, sys, s, changes)
		if status.State != remote.JobEnded || status.Exit == 0 || has(m, "labhello") != "1.0" {
			t.Errorf("%s, exit %d after %v:\n%s", status.State, status.Exit, time.Since(began), status.Log)
		}
		release()
		if status = run(t, sys, s, changes); status.Exit != 0 {
			t.Errorf("with the lock free: exit %d:\n%s", status.Exit, status.Log)
		}
	})
}

// TestReplacedPackageIsPlannedAsSuch: labobs-ng obsoletes labobs, in a section
// of its own that dnf 5 leaves out.
func TestReplacedPackageIsPlannedAsSuch(t *testing.T) {
	t.Parallel()
	eachRPM(t, nil, func(t *testing.T, sys system, m *lab.Machine, s remote.Session, _ []data.Target) {
		before := scan(t, sys, s, false)
		i := slices.IndexFunc(before.Updates, func(u data.Update) bool { return u.Replaces == "labobs" })
		if i < 0 {
			t.Fatal("nothing replaces labobs")
		}
		u := before.Updates[i]
		changes := simulate(t, sys, s, []data.Target{{Name: u.Name, Arch: u.Arch, To: u.Available}})
		status := run(t, sys, s, changes)
		if status.Exit != 0 {
			t.Fatalf("exit %d:\n%s", status.Exit, status.Log)
		}
		sameButFor(t, before.Installed, scan(t, sys, s, false).Installed, changes)
		if v := has(m, "labobs-ng"); v != "2.0" {
			t.Errorf("labobs-ng is %s", v)
		}
	})
}

func TestRPMJobOutlivesTheLineAndIsNotRepeated(t *testing.T) {
	t.Parallel()
	eachRPM(t, []string{"labslow", "labhello"}, func(t *testing.T, sys system, m *lab.Machine, s remote.Session, want []data.Target) {
		m.Exec("echo 10 > /etc/lab-slow.steps")
		j := remote.Job{ID: jobID(t), Changes: simulate(t, sys, s, want), StopAfter: 10 * time.Minute}
		if err := sys.Start(t.Context(), s, j); err != nil {
			t.Fatal(err)
		}
		for range 300 { // the script is nameless: look for its sleep
			if _, err := m.Try(t.Context(), "pgrep -fx 'sleep 1'"); err == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		m.LinkDown()
		if _, err := sys.Look(t.Context(), s, j.ID, 0); err == nil || errors.As(err, new(*remote.ExitError)) {
			t.Errorf("look over a dead line: %v", err)
		}
		m.LinkUp()
		s = login(t, m, lab.Ops)
		if err := sys.Start(t.Context(), s, j); err != nil {
			t.Errorf("start once more: %v", err)
		}
		status := finish(t, sys, s, j.ID)
		if status.State != remote.JobEnded || status.Exit != 0 {
			t.Errorf("%s, exit %d:\n%s", status.State, status.Exit, status.Log)
		}
		if n := slowRuns(m); n != 1 {
			t.Errorf("the script of labslow ran %d times", n)
		}
	})
}
