package rollouts

import (
	"testing"
	"time"

	"secondtuesday/data"
)

func TestRunSentenceKeepsItsSpaces(t *testing.T) {
	r := data.Run{Outcome: data.OutcomeSucceeded, Step: data.StepEnded, Detail: "7 of 7 changes are in, rebooted"}
	if got := runSentence(r, time.Time{}); got != "7 of 7 changes are in, rebooted." {
		t.Errorf("%q", got)
	}
}
