package app

import (
	"strings"
	"testing"

	"secondtuesday/data"
)

// waitingKB is a version as Windows Update names one revision of an update.
const waitingKB = "ca047bbf-1733-4e25-80e2-047bbf17330e.200"

func TestWhatWaitsForARebootIsFoundAmongWhatIsIn(t *testing.T) {
	other, u := data.Update{Name: "KB5070201", Available: "other.1"}, data.Update{Name: "KB5070750", Available: waitingKB}
	in := []data.Package{{Name: "KB5070750", Version: waitingKB, Waits: true}}
	if waits(other, in) || !waits(u, in) {
		t.Errorf("%s: %t, %s: %t", other.Name, waits(other, in), u.Name, waits(u, in))
	}
	in[0].Waits = false
	if waits(u, in) {
		t.Errorf("%q is in force and does not wait", u.Name)
	}
	in[0].Waits, in[0].Version = true, "an older revision"
	if waits(u, in) {
		t.Errorf("%q: another revision waits", u.Name)
	}
}

func TestPlanNamesRevisionsAndNoIDs(t *testing.T) {
	why := unplanned([]data.Target{{Name: "KB5070750", To: waitingKB}}, data.Changes{}, false)
	if !strings.Contains(why, "KB5070750 to revision 200") {
		t.Error(why)
	}
}
