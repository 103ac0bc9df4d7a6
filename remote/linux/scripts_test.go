package linux

import (
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

func TestScriptsAreSoundPOSIXShell(t *testing.T) {
	for name, script := range map[string]string{
		"prelude.sh": prelude, "facts.sh": factsScript, "detect.sh": detectScript, "jobs.sh": jobsLib, "start.sh": startScript, "job.sh": jobScript,
		"look.sh": lookScript, "cancel.sh": cancelScript, "reboot.sh": rebootScript, "alive.sh": aliveScript, "check.sh": checkScript,
	} {
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), name); err != nil {
			t.Error(err)
		}
	}
}
