package remotetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/remote"
)

// TestSession holds an implementation of remote.Session to its contract. dial
// opens a new session on a host whose commands run on this computer: the suite
// looks at processes and files from outside. The suite closes the sessions.
func TestSession(t *testing.T, dial func(t *testing.T) remote.Session) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s remote.Session)
	}{
		{"OutputAndInputAreExact", testExact},
		{"ArgumentsArriveUnchanged", testArguments},
		{"ScriptRunsInThePlainLocale", testLocale},
		{"FailureIsAnExitError", testFailure},
		{"DeathBySignalIs128AndTheSignal", testSignal},
		{"InputThatNobodyReadsIsNoError", testUnreadInput},
		{"NULIsRefused", testNUL},
		{"CancelEndsTheCommandOnTheHost", testCancel},
		{"CancelEndsAStubbornCommand", testStubborn},
		{"DeadlineIsATimeout", testDeadline},
		{"EndedContextStartsNothing", testEnded},
		{"TooMuchOutputEndsTheCommand", testTooMuch},
		{"OutputUpToTheLimitIsKept", testLimit},
		{"CommandsRunSideBySide", testParallel},
		{"CloseEndsCommandsAndIsFinal", testClose},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := dial(t)
			defer s.Close()
			c.test(t, s)
		})
	}
}

func testExact(t *testing.T, s remote.Session) {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	in := bytes.Repeat(all, 2000) // half a megabyte, every byte, no text
	out, err := s.Run(t.Context(), remote.Command{Name: "copy", Script: "echo oops >&2; cat", Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Stdout, in) {
		t.Errorf("%d bytes came back, and not the %d sent", len(out.Stdout), len(in))
	}
	if string(out.Stderr) != "oops\n" {
		t.Errorf("standard error is %q", out.Stderr)
	}
}

// Hostile are values that a shell would take apart if it met them unquoted.
var Hostile = []string{
	"", " ", "a b", "it's", `"`, `\`, `\'`, `'\''`, "$(touch pwned)", "`id`", "${HOME}", "$1", "!!", "!", "-n", "--",
	"line\nbreak", "trailing\n", "\n", "\r\n", "tab\there", "*", "?", "[a-z]", "~", "#", ";", "&& false", "|", ">x", "<x",
	"\x01\x7f\x80\x81\x82\x88\xff", "grün 日本 🙂", "\x1b[31m", "%s%n", "EOF", "}", "{", "\\\n", strings.Repeat("x'", 5000),
}

func testArguments(t *testing.T, s remote.Session) {
	out, err := s.Run(t.Context(), remote.Command{
		Name: "arguments", Args: Hostile,
		Script: `printf '%s\0' "$#"; for a in "$@"; do printf '%s\0' "$a"; done`,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(len(Hostile)) + "\x00" + strings.Join(Hostile, "\x00") + "\x00"
	if string(out.Stdout) != want {
		got := strings.Split(string(out.Stdout), "\x00")
		for i, w := range Hostile {
			if i+1 < len(got) && got[i+1] != w {
				t.Errorf("argument %d: got %q, want %q", i+1, got[i+1], w)
			}
		}
		t.Errorf("got %d arguments, want %d", len(got)-2, len(Hostile))
	}
}

func testLocale(t *testing.T, s remote.Session) {
	out, err := s.Run(t.Context(), remote.Command{Name: "locale", Script: `echo "$LC_ALL/$LANG/$PATH"; ls /nonexistent-secondtuesday`})
	var exit *remote.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("got %v, want an exit error", err)
	}
	if !strings.HasPrefix(string(out.Stdout), "C/C/") || !strings.Contains(string(out.Stdout), "/usr/sbin") {
		t.Errorf("environment is %q", out.Stdout)
	}
	if !strings.Contains(string(out.Stderr), "No such file") {
		t.Errorf("the host does not speak English: %q", out.Stderr)
	}
}

func testFailure(t *testing.T, s remote.Session) {
	out, err := s.Run(t.Context(), remote.Command{Name: "fail", Script: `echo part; printf '\033[31mred\033[0m\n' >&2; exit 7`})
	var exit *remote.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("got %v, want an exit error", err)
	}
	if exit.Status != 7 || exit.Name != "fail" || exit.Stderr != "red" {
		t.Errorf("got %+v", exit)
	}
	if string(out.Stdout) != "part\n" {
		t.Errorf("output beside the error is %q", out.Stdout)
	}
}

func testSignal(t *testing.T, s remote.Session) {
	_, err := s.Run(t.Context(), remote.Command{Name: "die", Script: `kill -KILL $$`})
	var exit *remote.ExitError
	if !errors.As(err, &exit) || exit.Status != 128+9 {
		t.Errorf("got %v, want exit status 137", err)
	}
}

func testUnreadInput(t *testing.T, s remote.Session) {
	_, err := s.Run(t.Context(), remote.Command{Name: "ignore input", Script: ":", Stdin: make([]byte, 4<<20)})
	if err != nil {
		t.Error(err)
	}
}

func testNUL(t *testing.T, s remote.Session) {
	for _, c := range []remote.Command{
		{Name: "nul", Script: "echo \x00"},
		{Name: "nul", Script: "echo", Args: []string{"a\x00b"}},
	} {
		if _, err := s.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "NUL") {
			t.Errorf("got %v, want a refusal", err)
		}
	}
}

// waiting is a script that tells its child's process number in the file $1
// and then waits for long.
const waiting = `sleep 600 & echo $! >"$1.new"; mv "$1.new" "$1"; wait`

// begin runs a command that must be ended, and returns once it is at work.
func begin(ctx context.Context, t *testing.T, s remote.Session, script string) (pid string, done <-chan error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pid")
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, remote.Command{Name: "wait", Script: script, Args: []string{file}})
		ended <- err
	}()
	for {
		if b, err := os.ReadFile(file); err == nil {
			return strings.TrimSpace(string(b)), ended
		}
		select {
		case err := <-ended:
			t.Fatalf("the command ended before it began: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// gone waits until no process has that number. The test's own time limit is
// the only clock here.
func gone(t *testing.T, pid string) {
	t.Helper()
	for processRuns(pid) {
		select {
		case <-t.Context().Done():
			t.Fatal("the test ended before the process")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func processRuns(pid string) bool {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	// 812 (sleep) Z 811 …: a zombie has ended; only its parent has not looked.
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func testCancel(t *testing.T, s remote.Session) {
	ctx, cancel := context.WithCancel(t.Context())
	pid, done := begin(ctx, t, s, waiting)
	if !processRuns(pid) {
		t.Fatal("the command does not run")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || errors.As(err, new(*remote.ExitError)) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	gone(t, pid)
	if _, err := s.Run(t.Context(), remote.Command{Name: "next", Script: ":"}); err != nil {
		t.Errorf("the session is of no more use after a cancelled command: %v", err)
	}
}

func testStubborn(t *testing.T, s remote.Session) {
	ctx, cancel := context.WithCancel(t.Context())
	pid, done := begin(ctx, t, s, `trap '' TERM HUP INT; sleep 600 & echo $! >"$1.new"; mv "$1.new" "$1"; while :; do wait; sleep 600; done`)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	gone(t, pid)
}

func testDeadline(t *testing.T, s remote.Session) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Run(ctx, remote.Command{Name: "sleep", Script: "sleep 600"})
	if !errors.Is(err, remote.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*remote.ExitError)) {
		t.Errorf("got %v, want a time-out", err)
	}
}

func testEnded(t *testing.T, s remote.Session) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "made")
	_, err := s.Run(ctx, remote.Command{Name: "touch", Script: `touch "$1"`, Args: []string{file}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := s.Run(t.Context(), remote.Command{Name: "next", Script: ":"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the command ran")
	}
}

func testTooMuch(t *testing.T, s remote.Session) {
	for _, stream := range []string{"1", "2"} {
		out, err := s.Run(t.Context(), remote.Command{
			Name: "flood", Limit: 1000, Args: []string{stream}, // one line without end
			Script: `if [ "$1" = 2 ]; then exec >&2; fi; exec tr '\0' x </dev/zero`,
		})
		if !errors.Is(err, remote.ErrTooMuchOutput) || errors.As(err, new(*remote.ExitError)) {
			t.Errorf("stream %s: got %v, want too much output", stream, err)
		}
		if n := len(out.Stdout) + len(out.Stderr); n != 1000 {
			t.Errorf("stream %s: %d bytes kept, want 1000", stream, n)
		}
	}
}

func testLimit(t *testing.T, s remote.Session) {
	out, err := s.Run(t.Context(), remote.Command{Name: "just enough", Limit: 1000, Script: `head -c 1000 /dev/zero`})
	if err != nil || len(out.Stdout) != 1000 {
		t.Errorf("got %d bytes and %v", len(out.Stdout), err)
	}
}

func testParallel(t *testing.T, s remote.Session) {
	var work sync.WaitGroup
	for i := range 30 { // more than sshd allows on one connection
		work.Go(func() {
			want := fmt.Sprint(i)
			out, err := s.Run(t.Context(), remote.Command{Name: "echo", Script: `sleep 0.02; printf %s "$1"`, Args: []string{want}})
			if err != nil || string(out.Stdout) != want {
				t.Errorf("command %d: got %q and %v", i, out.Stdout, err)
			}
		})
	}
	work.Wait()
}

func testClose(t *testing.T, s remote.Session) {
	pid, done := begin(t.Context(), t, s, waiting)
	s.Close()
	if err := <-done; !errors.Is(err, remote.ErrLost) {
		t.Errorf("got %v, want the connection lost", err)
	}
	gone(t, pid)
	if _, err := s.Run(t.Context(), remote.Command{Name: "late", Script: ":"}); !errors.Is(err, remote.ErrLost) {
		t.Errorf("got %v, want the connection lost", err)
	}
	s.Close() // twice does no harm
}
