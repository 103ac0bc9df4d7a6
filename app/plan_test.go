package app

import (
	"strings"
	"testing"

	"secondtuesday/data"
)

// waitingKB is a version as Windows Update names one revision of an update.
const waitingKB = "ca047bbf-1733-4e25-80e2-047bbf17330e.200"

func TestWhatWaitsForARebootIsFoundAmongWhatIsIn(t *testing.T) {
	want := []data.Target{{Name: "KB5070201", To: "other.1"}, {Name: "KB5070750", To: waitingKB}}
	in := []data.Package{{Name: "KB5070750", Version: waitingKB, Waits: true}}
	if key := waiting(want, in); key != "KB5070750" {
		t.Errorf("got %q", key)
	}
	in[0].Waits = false
	if key := waiting(want, in); key != "" {
		t.Errorf("%q is in force and does not wait", key)
	}
	in[0].Waits, in[0].Version = true, "an older revision"
	if key := waiting(want, in); key != "" {
		t.Errorf("%q: another revision waits", key)
	}
}

func TestPlanNamesRevisionsAndNoIDs(t *testing.T) {
	why := unplanned([]data.Target{{Name: "KB5070750", To: waitingKB}}, data.Changes{}, false)
	if !strings.Contains(why, "KB5070750 to revision 200") {
		t.Error(why)
	}
}
