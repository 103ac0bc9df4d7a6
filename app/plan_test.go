package app

import (
	"strings"
	"testing"

	"secondtuesday/data"
)

// waitingKB is a version as Windows Update names one revision of an update.
const waitingKB = "ca047bbf-1733-4e25-80e2-047bbf17330e.200"

func TestWhatWaitsForARebootIsNotPlannedAgain(t *testing.T) {
	scan := data.Scan{Updates: []data.Update{{Name: "KB5070201", Available: "other.1"}, {Name: "KB5070750", Available: waitingKB, Hold: data.WaitsForReboot}}}
	want, notes := chooseTargets(data.Host{ID: 7}, scan, PlanRequest{KeptBack: true}, judgeNow)
	if len(want) != 1 || want[0].Name != "KB5070201" {
		t.Errorf("planned: %+v", want)
	}
	if len(notes) != 1 || notes[0].Update != "KB5070750" || !notes[0].Reboot || !strings.Contains(notes[0].Why, "waits for a reboot") {
		t.Errorf("left out: %+v", notes)
	}
}

func TestPlanNamesRevisionsAndNoIDs(t *testing.T) {
	why := unplanned([]data.Target{{Name: "KB5070750", To: waitingKB}}, data.Changes{}, false)
	if !strings.Contains(why, "KB5070750 to revision 200") {
		t.Error(why)
	}
}
