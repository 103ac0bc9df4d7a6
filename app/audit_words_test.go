package app

import (
	"testing"

	"secondtuesday/data"
)

// A reason is what a person or a rule had for it; an outcome is what came of it.
func TestOutcomesAreNoReasons(t *testing.T) {
	for _, c := range []struct{ verb, says, why, outcome string }{
		{"run succeeded", "2 of 2 changes are in", "", "2 of 2 changes are in"},
		{"run failed", "the window ended", "", "the window ended"},
		{"run unknown", "no contact", "", "no contact"},
		{"run skipped", "pre-check free disk failed", "", "pre-check free disk failed"},
		{"run cancelled", "cancelled: 1 of 2", "", "cancelled: 1 of 2"},
		{"run started", "st-0123", "", "job st-0123"},
		{"scan failed", "host is unreachable", "", "host is unreachable"},
		{"run retried", "made room", "made room", ""},
		{"run reboot asked for", "kernel", "kernel", ""},
		{"rollout stopped", "ring 1: 1 of 1 runs failed", "ring 1: 1 of 1 runs failed", ""},
		{"rollout cancelled", "users complain", "users complain", ""},
		{"run started", "", "", ""},
	} {
		if why, outcome := WhyAndOutcome(data.AuditEntry{Verb: c.verb, Why: c.says}); why != c.why || outcome != c.outcome {
			t.Errorf("%s: why %q, outcome %q", c.verb, why, outcome)
		}
	}
}
