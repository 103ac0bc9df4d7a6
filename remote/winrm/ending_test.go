package winrm

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
)

// TestAnswerThatEndsItsLineIsBelievedAndTheNextCommandTakesAnother: Windows, or
// a proxy before it, may say "Connection: close" in any answer. The answer
// counts; whoever used the line again would take it for a lost host.
func TestAnswerThatEndsItsLineIsBelievedAndTheNextCommandTakesAnother(t *testing.T) {
	for auth, o := range over {
		t.Run(string(auth), func(t *testing.T) {
			s := host(t, o)
			session := open(t, s, auth)
			s.SetFaults(wsman.Faults{LastReceive: true})
			for i := range 3 {
				out, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"})
				if err != nil || string(out.Stdout) != "x||" {
					t.Errorf("run %d: %q, %v", i, out.Stdout, err)
				}
			}
			if n := s.Counts(); n.Commands != 3 || n.Connections != 3 {
				t.Errorf("%d commands over %d connections for 3 runs", n.Commands, n.Connections)
			}
		})
	}
}

// TestShellThatIsUsedAgainKeepsNoCommandThatHasEnded: Windows keeps what it
// knows of a command until it is signalled, and a desk uses a shell for hours.
func TestShellThatIsUsedAgainKeepsNoCommandThatHasEnded(t *testing.T) {
	s := host(t, wsman.Options{})
	session := open(t, s, data.AuthSealedHTTP)
	for range 4 {
		if _, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"}); err != nil {
			t.Fatal(err)
		}
		if n := s.Counts(); n.Created != 1 || n.Kept != 1 {
			t.Errorf("after %d commands: %d shells made, %d commands kept", n.Commands, n.Created, n.Kept)
		}
	}
}

func TestCancelWaitsAMomentOnlyForAHostThatHasGoneSilent(t *testing.T) {
	begun := make(chan struct{})
	s := host(t, wsman.Options{Exec: play(func(life context.Context, _ order, _ *wsman.Call) (string, error) {
		close(begun)
		<-life.Done()
		return "", life.Err()
	})})
	d := dialer(t, s)
	d.config.EndTimeout = 300 * time.Millisecond
	session, err := dial(t, d, s, data.AuthSealedHTTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	var stopped time.Time
	go func() {
		<-begun
		s.SetFaults(wsman.Faults{Silent: true, SilentReceive: true}) // the line that shall end the command is not answered either
		stopped = time.Now()
		cancel()
	}()
	_, err = session.Run(ctx, remote.Command{Name: "wait", Script: "x"})
	if late := time.Since(stopped); late > 4500*time.Millisecond {
		t.Errorf("returned %s after the cancel", late)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCloseWaitsAMomentOnlyForAHostThatHasGoneSilentHoweverManyShellsThereAre(t *testing.T) {
	var together sync.WaitGroup
	together.Add(maxRunning)
	s := host(t, wsman.Options{Exec: play(func(context.Context, order, *wsman.Call) (string, error) {
		together.Done()
		together.Wait()
		return "", nil
	})})
	d := dialer(t, s)
	d.config.EndTimeout = time.Second
	session, err := dial(t, d, s, data.AuthSealedHTTP)
	if err != nil {
		t.Fatal(err)
	}
	var runs sync.WaitGroup
	for range maxRunning {
		runs.Go(func() {
			if _, err := session.Run(t.Context(), remote.Command{Name: "x", Script: "x"}); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	s.SetFaults(wsman.Faults{SilentDelete: true})
	began := time.Now()
	session.Close()
	if took := time.Since(began); took > 3700*time.Millisecond {
		t.Errorf("it took %s", took)
	}
	if n := s.Counts().Shells; n != maxRunning {
		t.Errorf("%d shells are left of %d: the host was not silent", n, maxRunning)
	}
}
