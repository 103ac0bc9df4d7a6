package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

func TestUnknownOutranksFailedOutranksWaiting(t *testing.T) {
	for _, c := range []struct{ a, b, want int }{
		{exitOK, exitWaiting, exitWaiting},
		{exitWaiting, exitFailed, exitFailed},
		{exitUnknown, exitFailed, exitUnknown},
		{exitFailed, exitUnknown, exitUnknown},
	} {
		if got := worseCode(c.a, c.b); got != c.want {
			t.Errorf("of %d and %d, %d was taken", c.a, c.b, got)
		}
	}
}

func TestExitCodeOfARollout(t *testing.T) {
	ended := time.Date(2026, 11, 10, 22, 0, 0, 0, time.UTC)
	run := func(o data.Outcome) runJSON { return runJSON{Outcome: o, Ended: ended} }
	for name, c := range map[string]struct {
		rollout rolloutJSON
		want    int
	}{
		"all good":          {rolloutJSON{Ended: ended, State: data.RolloutDone, Runs: []runJSON{run(data.OutcomeSucceeded)}}, exitOK},
		"one skipped":       {rolloutJSON{Ended: ended, State: data.RolloutDone, Runs: []runJSON{run(data.OutcomeSucceeded), run(data.OutcomeSkipped)}}, exitFailed},
		"unknown is worse":  {rolloutJSON{Ended: ended, Runs: []runJSON{run(data.OutcomeUnknown), run(data.OutcomeFailed)}}, exitUnknown},
		"still open":        {rolloutJSON{State: data.RolloutWaiting, Runs: []runJSON{{}}}, exitWaiting},
		"stopped, not open": {rolloutJSON{Ended: ended, State: data.RolloutStopped, Runs: []runJSON{{}}}, exitFailed},
	} {
		if got := c.rollout.code(); got != c.want {
			t.Errorf("%s: code %d, want %d", name, got, c.want)
		}
	}
}

func TestOnlyWhatEndedDuringTheCallCountsWhateverTheClockSays(t *testing.T) {
	ended := time.Date(2026, 11, 10, 22, 0, 0, 0, time.UTC)
	failed := runJSON{ID: 1, Attempt: 1, Outcome: data.OutcomeFailed, Ended: ended}
	before := rolloutJSON{Runs: []runJSON{failed, {ID: 2, Attempt: 1}}}
	if got := before.codeBesides(before.ends()); got != exitOK {
		t.Errorf("a run that failed before the call counts: %d", got)
	}
	lost := runJSON{ID: 2, Attempt: 1, Outcome: data.OutcomeUnknown, Ended: ended.Add(-time.Hour)} // the clock was set back
	if got := (rolloutJSON{Runs: []runJSON{failed, lost}}).codeBesides(before.ends()); got != exitUnknown {
		t.Errorf("a run that ended with the clock set back: %d", got)
	}
	failed.Attempt = 2
	if got := (rolloutJSON{Runs: []runJSON{failed}}).codeBesides(before.ends()); got != exitFailed {
		t.Errorf("a second attempt that failed: %d", got)
	}
}

func TestACommandThatRanAndFailedIsAFailureOnAHost(t *testing.T) {
	err := fmt.Errorf("scan: %w", &remote.ExitError{Name: "apt scan", Status: 100})
	if got := codeOf(err); got != exitFailed {
		t.Errorf("code %d", got)
	}
}

func TestCancelledCommandSaysSo(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	c := newCLI(strings.NewReader(""), &out, &errs)
	code := c.execute(ctx, []string{"--workspace", filepath.Join(t.TempDir(), "shop.db"), "host", "list"})
	if code != exitCancelled || !strings.Contains(errs.String(), "Cancelled") {
		t.Errorf("code %d, %q", code, errs.String())
	}
}

func TestColoursAreForTerminalsAndNeverTheOnlySign(t *testing.T) {
	show := func(o *output) string {
		var b bytes.Buffer
		o.stdout = &b
		if err := o.show(nil, func(p *page) { p.table("host|status", [][]any{{"web1", data.Overdue}}) }); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	plainText, coloured := show(&output{}), show(&output{color: true})
	if strings.Contains(plainText, "\x1b") || !strings.Contains(coloured, "\x1b[31moverdue\x1b[0m") {
		t.Errorf("plain %q, coloured %q", plainText, coloured)
	}
}

func TestLongSentencesAreWrappedBelowTheirColumn(t *testing.T) {
	var b bytes.Buffer
	o := &output{stdout: &b, width: 40}
	if err := o.show(nil, func(p *page) {
		p.table("host|why", [][]any{{"web1", "one two three four five six seven eight nine ten"}})
	}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[2], "      ") || len(lines[1]) > 40 {
		t.Errorf("wrapped as %q", lines)
	}
}

func TestHostTextCannotSteerTheTerminal(t *testing.T) {
	var b bytes.Buffer
	o := &output{stdout: &b}
	evil := "web1\x1b]0;owned\x07\u202e\r\nfake  row"
	if err := o.show(nil, func(p *page) {
		p.table("host", [][]any{{evil}})
		p.line("%s", evil)
		p.title("%s", evil)
		p.facts("host", evil)
	}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\r\u202e") || strings.Contains(b.String(), "\nfake") {
		t.Errorf("printed %q", b.String())
	}
}

func TestDurationsAreReadAsPeopleWriteThem(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"3h": 3 * time.Hour, "90m": 90 * time.Minute, "2d": 48 * time.Hour, "1d12h": 36 * time.Hour, "1 day": 24 * time.Hour, "45 min": 45 * time.Minute, "0": 0,
	} {
		if got, err := parseDuration("--duration", s); err != nil || got != want {
			t.Errorf("%q is %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "3", "h", "-3h", "3 weeks", "99999999d", "99999999999999999999h"} {
		var usage *usageError
		if got, err := parseDuration("--duration", s); !errors.As(err, &usage) {
			t.Errorf("%q is %v, %v", s, got, err)
		}
	}
}

func TestSharesAreReadAsPeopleWriteThem(t *testing.T) {
	for s, want := range map[string]float64{"20%": 0.2, "0.2": 0.2, "100 %": 1, "0": 0} {
		if got, err := parseShare("--stop-at", s); err != nil || got != want {
			t.Errorf("%q is %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "20", "-1%", "NaN", "half"} {
		if got, err := parseShare("--stop-at", s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestFingerprintFitsAsAConsoleShowsIt(t *testing.T) {
	cert := &remote.HostKeyUnknownError{Type: remote.TypeCertificate, Fingerprint: "SHA256:9F86D0"}
	key := &remote.HostKeyUnknownError{Type: "ssh-ed25519", Fingerprint: "SHA256:AbC"}
	for _, c := range []struct {
		key   *remote.HostKeyUnknownError
		given string
		want  bool
	}{
		{cert, "SHA256:9F86D0", true},
		{cert, " 9F86D0\r\n", true}, // as the manual's PowerShell prints it
		{cert, "sha256:9f:86:d0", true},
		{cert, "9F-86-D0", true},
		{cert, "9F86D", false},
		{cert, "9F86D1", false},
		{cert, "", false},
		{cert, "SHA256:", false},
		{key, "SHA256:AbC", true},
		{key, "AbC", true},
		{key, "SHA256:abc", false},
		{key, "SHA256:A-bC", false},
		{key, "SHA256:", false},
	} {
		if got := sameFingerprint(c.key, c.given); got != c.want {
			t.Errorf("%s given as %q: %v", c.key.Fingerprint, c.given, got)
		}
	}
}
