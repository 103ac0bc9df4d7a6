package wsman

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// What Windows does to an honest client.

// basic starts a server over TLS with Basic, the quickest to speak to.
func basic(t *testing.T, exec func(context.Context, *Call) int) (*Server, *client) {
	t.Helper()
	s := serveOn(t, Options{TLS: true, Auth: []Auth{Basic}, Exec: exec})
	return s, overTLS(t, s)
}

func TestAReceiveWithoutOutputEndsByOperationTimeout(t *testing.T) {
	_, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "wait")
	if r := c.must(t, receiveOf(shell, command, "PT0.1S")); r.status != 500 || r.fault != "2150858793" || !strings.Contains(r.text, "w:TimedOut") {
		t.Errorf("got %+v", r)
	}
}

func TestDeletingAShellKillsItsProcesses(t *testing.T) {
	killed := make(chan error, 1)
	s, c := basic(t, func(ctx context.Context, call *Call) int {
		<-ctx.Done()
		_, err := call.Stdout.Write([]byte("too late"))
		killed <- err
		return 0
	})
	shell := c.open(t)
	c.start(t, shell, "wait")
	c.must(t, ask{action: actionDelete, shell: shell})
	if err := <-killed; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the killed process wrote: %v", err)
	}
	if r := c.must(t, startOf(shell, "x")); r.fault != "2150858843" || !strings.Contains(r.text, shell) {
		t.Errorf("after Delete: %+v", r)
	}
	if n := s.Counts(); n.Killed != 1 || n.Ended != 0 || n.Shells != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestASignalEndsACommandWhileAReceiveWaits(t *testing.T) {
	s, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "wait")
	waiting := make(chan said, 1)
	go func() {
		r, _ := c.say(context.Background(), receiveOf(shell, command, "PT20S"))
		waiting <- r
	}()
	if r := c.must(t, signalOf(shell, command, "ctrl_c")); r.status != 200 {
		t.Errorf("got %+v", r)
	}
	var g got
	r := <-waiting
	g.take(t, r.text)
	if !g.done || g.exit != "-1073741510" {
		t.Errorf("the waiting Receive got %+v", r)
	}
	if n := s.Counts(); n.Ended != 1 || n.Killed != 0 {
		t.Errorf("counts %+v", n)
	}
	// Cleaning up after the end ends nothing any more.
	c.must(t, signalOf(shell, command, "terminate"))
	if n := s.Counts(); n.Ended != 1 {
		t.Errorf("counts %+v", n)
	}
	if r := c.must(t, receiveOf(shell, command, "PT1S")); r.fault == "" {
		t.Errorf("a command that is cleaned up still answers: %+v", r)
	}
}

func TestShellsVanishUnderAReceive(t *testing.T) {
	s, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "wait")
	s.SetFaults(Faults{VanishReceive: 1})
	for range 2 {
		if r := c.must(t, receiveOf(shell, command, "PT5S")); r.fault != "2150858843" {
			t.Errorf("got %+v", r)
		}
	}
	if n := s.Counts(); n.Killed != 1 || n.Shells != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestUsersHaveAQuotaOfShells(t *testing.T) {
	s := serveOn(t, Options{TLS: true, Auth: []Auth{Basic}, MaxShellsPerUser: 2, Exec: echo, Users: map[string]User{
		"admin": {Password: password, Admin: true}, "other": {Password: "x", Admin: true},
	}})
	c := overTLS(t, s)
	first := c.open(t)
	c.open(t)
	create := ask{action: actionCreate}
	if r := c.must(t, create); r.fault != "2150859173" || !strings.Contains(r.text, "maximum number of 2 concurrent shells") {
		t.Errorf("the third shell: %+v", r)
	}
	other := overTLS(t, s)
	other.user, other.pass = "other", "x"
	other.open(t)
	if r := other.must(t, startOf(first, "x")); r.fault != "5" {
		t.Errorf("in the shell of another: %+v", r)
	}
	c.must(t, ask{action: actionDelete, shell: first})
	c.open(t)
	if n := s.Counts(); n.MaxShells != 3 || n.Shells != 3 || n.Created != 4 {
		t.Errorf("counts %+v", n)
	}
}

func TestWhoIsNoAdministratorIsDenied(t *testing.T) {
	s := serveOn(t, Options{TLS: true, Auth: []Auth{Basic}, Users: map[string]User{"admin": {Password: password}}})
	if r := overTLS(t, s).must(t, ask{action: actionCreate}); r.status != 500 || r.fault != "5" || !strings.Contains(r.text, "w:AccessDenied") {
		t.Errorf("got %+v", r)
	}
}

func TestLimitsOfSize(t *testing.T) {
	_, c := basic(t, echo)
	shell := c.open(t)
	c.start(t, shell, strings.Repeat("é", 8191))
	if r := c.must(t, startOf(shell, strings.Repeat("é", 8192))); r.fault != "2147942606" {
		t.Errorf("a line too long: %.200s", r.text)
	}
	if r := c.must(t, startOf(shell, strings.Repeat("x", 600<<10))); r.status != http.StatusRequestEntityTooLarge || r.text != "" {
		t.Errorf("an envelope too large: %d %.200s", r.status, r.text)
	}
}

func TestStreamsAreSplitInMidCharacter(t *testing.T) {
	const text = "日本語 größer\r\n"
	s, c := basic(t, func(_ context.Context, call *Call) int { io.WriteString(call.Stdout, text); return 0 })
	s.SetFaults(Faults{Chunk: 4})
	shell := c.open(t)
	g := c.all(t, shell, c.start(t, shell, "x"))
	if g.stdout != text || utf8.ValidString(g.parts[0]) || g.requests < (len(text)+3)/4 {
		t.Errorf("got %q in %d requests", g.parts, g.requests)
	}
}

func TestOutputBeyondTheEnvelopeComesInParts(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 60_000)
	_, c := basic(t, func(_ context.Context, call *Call) int { io.WriteString(call.Stdout, long); return 0 })
	shell := c.open(t)
	if g := c.all(t, shell, c.start(t, shell, "x")); g.stdout != long || g.exit != "0" {
		t.Errorf("got %d bytes of %d, exit %s", len(g.stdout), len(long), g.exit)
	}
}

func TestInputComesInOrderAndEnds(t *testing.T) {
	_, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "cat")
	want := ""
	for i := range 20 {
		part := fmt.Sprintf("part %d;", i)
		want += part
		c.must(t, sendOf(shell, command, []byte(part), i == 19))
	}
	if g := c.all(t, shell, command); g.stdout != want || g.exit != "0" {
		t.Errorf("got %+v", g)
	}
}

func TestInputThatNobodyReadsTimesOut(t *testing.T) {
	_, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "wait")
	c.must(t, sendOf(shell, command, make([]byte, pipeSize), false))
	more := sendOf(shell, command, []byte("x"), false)
	more.timeout = "PT0.1S"
	if r := c.must(t, more); r.fault != "2150858793" {
		t.Errorf("got %+v", r)
	}
}

func TestProgressComesAsCLIXML(t *testing.T) {
	s, c := basic(t, echo)
	s.SetFaults(Faults{CLIXML: true})
	shell := c.open(t)
	if g := c.all(t, shell, c.start(t, shell, "x")); !strings.HasPrefix(g.stderr, "#< CLIXML\r\n<Objs ") || !strings.HasSuffix(g.stderr, "</Objs>bad\n") {
		t.Errorf("got %q", g.stderr)
	}
	if e := CLIXMLErrors("a <b>"); !strings.Contains(e, `<S S="Error">a &lt;b&gt;_x000D__x000A_</S>`) {
		t.Errorf("got %q", e)
	}
}

func TestTheFirstOutputOfASlowHostIsLate(t *testing.T) {
	s, c := basic(t, echo)
	s.SetFaults(Faults{Slow: time.Hour})
	shell := c.open(t)
	command := c.start(t, shell, "x")
	if r := c.must(t, receiveOf(shell, command, "PT0.1S")); r.fault != "2150858793" {
		t.Errorf("got %+v", r)
	}
	s.SetFaults(Faults{})
	if g := c.all(t, shell, command); g.exit != "7" {
		t.Errorf("got %+v", g)
	}
}

func TestTheRegistryKeyOfALogoffIsGoneOnce(t *testing.T) {
	s, c := basic(t, echo)
	s.SetFaults(Faults{KeyDeleted: 1})
	if r := c.must(t, ask{action: actionCreate}); r.fault != "2147943418" {
		t.Errorf("got %+v", r)
	}
	shell := c.open(t)
	s.SetFaults(Faults{KeyDeleted: 1})
	if r := c.must(t, startOf(shell, "x")); r.fault != "2147943418" {
		t.Errorf("got %+v", r)
	}
	c.start(t, shell, "x")
}

func TestAResetLineLeavesTheCommandAlive(t *testing.T) {
	s, c := basic(t, echo)
	shell := c.open(t)
	command := c.start(t, shell, "x")
	s.SetFaults(Faults{ResetReceive: 1})
	if r, err := c.say(context.Background(), receiveOf(shell, command, "PT5S")); err == nil {
		t.Errorf("an answer on a reset line: %+v", r)
	}
	if g := c.all(t, shell, command); g.exit != "7" {
		t.Errorf("got %+v", g)
	}
}

func TestAHostThatRebootsRefusesAndHasForgottenItsShells(t *testing.T) {
	s, c := basic(t, echo)
	shell := c.open(t)
	c.start(t, shell, "wait")
	before := s.Addr()
	s.Down()
	if line, err := net.Dial("tcp", before); err == nil {
		line.Close()
		t.Error("the port is open while the host is down")
	}
	if n := s.Counts(); n.Shells != 0 || n.Killed != 1 {
		t.Errorf("counts %+v", n)
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	if s.Addr() != before {
		t.Errorf("back at %s, not %s", s.Addr(), before)
	}
	if r := c.must(t, startOf(shell, "x")); r.fault != "2150858843" {
		t.Errorf("got %+v", r)
	}
	c.open(t)
}

func TestOperationTimeoutsAreISODurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT20S": 20 * time.Second, "PT60.000S": time.Minute, "PT1M30S": 90 * time.Second, "P0DT0H1M0.5S": 60500 * time.Millisecond,
		"": time.Minute, "20": time.Minute, "P1DT": 30 * time.Minute, "PT99999999S": 30 * time.Minute, "PT0S": time.Minute,
	} {
		h := header{Timeout: text}
		if got := h.timeout(); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestMessagesThatAreNoneAreRefused(t *testing.T) {
	s, c := basic(t, echo)
	good := string(ask{action: actionCreate}.message())
	for name, body := range map[string]string{
		"another name space": strings.ReplaceAll(good, nsSOAP, "http://schemas.xmlsoap.org/soap/envelope/"),
		"a document type":    strings.Replace(good, "<e:Envelope", "<!DOCTYPE e><e:Envelope", 1),
		"no message id":      strings.Replace(good, "MessageID", "Other", 2),
		"half a message":     good[:len(good)/2],
		"no XML":             "hello",
	} {
		resp, _, err := c.post(context.Background(), soapType, "Basic YWRtaW46UMOkc3N3MHJkIQ==", []byte(body))
		if err != nil || resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v %v", name, resp, err)
		}
	}
	for _, a := range []ask{{action: nsTransfer + "/Get"}, {action: actionReceive, shell: "none"}} {
		if r := c.must(t, a); r.status != 500 || r.fault == "" {
			t.Errorf("%s: %+v", a.action, r)
		}
	}
	if n := s.Counts(); n.Created != 0 || n.Faults != 2 {
		t.Errorf("counts %+v", n)
	}
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	if s, err := Start(Options{Listen: "0.0.0.0:0"}); err == nil {
		s.Close()
		t.Error("it listens to the world")
	}
}
