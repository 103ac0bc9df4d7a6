package app

import (
	"strings"

	"secondtuesday/data"
)

// WhyAndOutcome parts what an audit entry says into the reason for what was
// done and what came of it. The trail keeps both in one field.
func WhyAndOutcome(e data.AuditEntry) (why, outcome string) {
	word, ofRun := strings.CutPrefix(e.Verb, "run ")
	switch {
	case e.Verb == verbStarted && e.Why != "":
		return "", "job " + e.Why
	case e.Verb == "scan failed":
		return "", e.Why
	}
	for _, o := range Outcomes {
		if ofRun && word == string(o) {
			return "", e.Why
		}
	}
	return e.Why, ""
}
