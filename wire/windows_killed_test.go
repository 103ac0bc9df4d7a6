package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/wire"
)

// A killable desk is this test's own program, started anew: it drives a rollout
// of a winSite until it is killed. It costs neither a build nor a vault.
const killedDesk = "SECONDTUESDAY_TEST_DRIVES"

// An errand is what a killable desk is told in that variable.
type errand struct {
	Files   winFiles
	Rollout data.RolloutID
	Pace    app.Pace
}

func TestMain(m *testing.M) {
	if order := os.Getenv(killedDesk); order != "" {
		if err := driveFor(context.Background(), order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func driveFor(ctx context.Context, order string) error {
	var e errand
	if err := json.Unmarshal([]byte(order), &e); err != nil {
		return err
	}
	db, err := store.Open(ctx, e.Files.Workspace)
	if err != nil {
		return err
	}
	defer db.Close()
	desk := &app.Desk{DB: db, Dialer: e.Files.dialer(), Platforms: wire.Platforms(), By: "anna@desk1", Now: time.Now}
	return (&app.Driver{Desk: desk, Pace: e.Pace, Holder: "the desk that is killed"}).Drive(ctx, e.Rollout, true)
}

// killWhen has another process drive the rollout, and ends it by kill -9 as soon
// as ok, and a while later.
func (s *winSite) killWhen(ok func(*winSite) bool, later time.Duration) {
	s.t.Helper()
	order, err := json.Marshal(errand{s.files, s.rollout, s.pace})
	s.must(err)
	program, err := os.Executable()
	s.must(err)
	cmd := exec.CommandContext(s.t.Context(), program)
	cmd.Env = append(os.Environ(), killedDesk+"="+string(order))
	var complaint strings.Builder
	cmd.Stderr = &complaint
	s.must(cmd.Start())
	for deadline := time.Now().Add(time.Minute); !ok(s); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			cmd.Wait()
			s.t.Fatalf("waited in vain for the moment to kill: %s\n%s", &complaint, s.log())
		}
	}
	time.Sleep(later)
	s.must(cmd.Process.Kill())
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		s.t.Fatalf("the desk had ended by itself: %v: %s", err, &complaint)
	}
}

// hostIs makes a condition of what the host itself knows.
func hostIs(ok func(*windows.State) bool) func(*winSite) bool {
	return func(s *winSite) bool { return ok(s.state()) }
}

// stepIs makes one of the step that is stored.
func stepIs(step data.Step) func(*winSite) bool {
	return func(s *winSite) bool {
		runs, err := s.DB.Runs(s.t.Context(), s.rollout)
		return err == nil && len(runs) == 1 && runs[0].Step == step
	}
}

var winKills = []struct {
	name  string
	when  func(*winSite) bool
	later time.Duration
}{
	{"in the pre-check", stepIs(data.StepPreCheck), 0},
	{"before the job is ordered", stepIs(data.StepInstall), 0},
	{"between the order and the first look", func(s *winSite) bool { return s.jobTask() != "" }, 0},
	{"in mid-install", hostIs(func(w *windows.State) bool { return w.Installing != nil }), 500 * time.Millisecond},
	{"before the reboot is asked for", stepIs(data.StepReboot), 0},
	{"as the reboot is asked for", hostIs(func(w *windows.State) bool { return w.Shutdown != nil }), 0},
	{"while the host is down", hostIs(func(w *windows.State) bool { return w.Shutdown != nil && w.Shutdown.InProgress }), 200 * time.Millisecond},
	{"as the host comes up", hostIs(func(w *windows.State) bool { return w.UBR == 4100 }), 0},
	{"in verify", stepIs(data.StepVerify), 0},
}

// TestKilledDeskReattachesToAWindowsHost ends a desk by kill -9 at each stage of
// a rollout on a Windows host, and lets another go on: the update goes in once,
// the host reboots once, and a scan proves it.
func TestKilledDeskReattachesToAWindowsHost(t *testing.T) {
	slots := make(chan struct{}, 5) // they mostly wait; t.Parallel would run as many as there are cores
	var all sync.WaitGroup
	defer all.Wait()
	for _, k := range winKills {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			t.Run(k.name, func(t *testing.T) { killAndGoOn(t, k.when, k.later) })
		})
	}
}

func killAndGoOn(t *testing.T, when func(*winSite) bool, later time.Duration) {
	s := newWinSite(t, false)
	var boots atomic.Int32
	down := s.world.OnDown
	s.world.OnDown = func() { boots.Add(1); down() }
	s.begin(data.RebootIfNeeded, winSlow)
	s.killWhen(when, later)
	if run := s.run(); run.Outcome != data.OutcomeNone {
		t.Fatalf("killed, and the run ended as %s: %s", run.Outcome, run.Detail)
	}
	s.setClock(time.Minute) // the lease of the killed desk has run out
	s.drive()
	s.check(winFault{outcome: data.OutcomeSucceeded, says: "rebooted", boots: 1}, []string{winSlow}, time.Time{})
	if tries, in, n := s.tries(winSlow), s.installations(winSlow), boots.Load(); tries != 1 || in != 1 || n != 1 {
		t.Errorf("%d tries to install, %d times in, %d boots\n%s", tries, in, n, s.log())
	}
	if _, err := s.DB.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

// tries counts by the host's own history how often an update was tried, however
// that went.
func (s *winSite) tries(kb string) (n int) {
	for _, e := range s.state().History {
		if strings.Contains(e.Title, strings.TrimPrefix(kb, "KB")) {
			n++
		}
	}
	return n
}
