package winupdate_test

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/windows"
)

// SYSTEM reads its orders from the folder: where icacls says that it could not
// set the rights or the owner, no job may start in it, whatever they look like.
func TestJobDoesNotStartWhereTheRightsOfItsFolderCouldNotBeSet(t *testing.T) {
	for flag, c := range map[string]struct {
		code int
		want string
	}{
		"/grant:r":  {5, "could not be set: icacls ended with 5"},
		"/setowner": {1307, "could not be set: icacls ended with 1307"}, // ERROR_INVALID_OWNER
	} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			s := windows.Server2022("win1", time.Now())
			s.Faults.Icacls = map[string]int{flag: c.code}
			r := newRig(t, s, players["PowerShell"]) // the twin has no rights
			err := r.Start(t.Context(), r.session, remote.Job{ID: "install-0001", StopAfter: time.Hour})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if tasks, err := r.world.Tasks(); err != nil || len(tasks) != 0 {
				t.Errorf("%+v, %v", tasks, err)
			}
			if st, err := r.Look(t.Context(), r.session, "install-0001", 0); err != nil || st.State != remote.JobAbsent {
				t.Errorf("%+v, %v", st, err)
			}
		})
	}
}
