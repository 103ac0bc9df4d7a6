package store

import (
	"testing"
	"time"
)

// A desk dies, and the clock is set back an hour: its lease seems to last that
// hour longer, and the window would pass meanwhile.
func TestLeaseOfADeadDeskDoesNotOutliveAClockSetBack(t *testing.T) {
	db := newDB(t)
	take := func(holder string, now time.Time) bool {
		t.Helper()
		return must(db.Lease(t.Context(), "rollout 1", holder, now, time.Minute))(t)
	}
	if !take("dead", day) || take("next", day.Add(-30*time.Second)) {
		t.Fatal("the first holder does not have the lease alone")
	}
	if !take("next", day.Add(-time.Hour)) || take("dead", day.Add(-time.Hour)) {
		t.Error("after the clock was set back an hour, the dead desk's lease kept the next one out")
	}
}
