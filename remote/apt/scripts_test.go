package apt

import (
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

func TestScriptsAreSoundPOSIXShell(t *testing.T) {
	for name, script := range map[string]string{"scan.sh": places + scanScript, "simulate.sh": simulateScript, "check.sh": places + checkScript, "install.sh": places + installScript} {
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), name); err != nil {
			t.Error(err)
		}
	}
}
