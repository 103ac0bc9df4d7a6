package winupdate_test

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/winupdate"
)

// A download may outlast the window. What was only downloaded then, is not
// installed after it.
func TestNothingIsInstalledAfterADownloadThatOutlastedTheWindow(t *testing.T) {
	t.Parallel()
	each(t, slowDownload, func(t *testing.T, r *rig) {
		seconds := 3 * time.Second
		if r.world.Run == nil { // a PowerShell takes its time to get to the download
			seconds = 20 * time.Second
		}
		r.change(func(s *windows.State) { s.Updates[0].DownloadTakes = seconds + 5*time.Second })
		st := r.job("install-0001", seconds, r.scan(true).Updates...)
		if st.Exit != winupdate.ExitHalted || st.Stopped != "deadline" {
			t.Errorf("%+v", st)
		}
		for _, line := range []string{"KB1000001: downloaded, not installed: the window was over", "KB1000002: not started: the window was over"} {
			if !strings.Contains(string(st.Log), line) {
				t.Errorf("the log does not say %q:\n%s", line, st.Log)
			}
		}
		r.installsNothing()
	})
}

func TestNothingIsInstalledAfterADownloadInWhichTheJobWasCancelled(t *testing.T) {
	t.Parallel()
	each(t, slowDownload, func(t *testing.T, r *rig) {
		takes := 6 * time.Second
		if r.world.Run == nil {
			takes = 20 * time.Second
		}
		r.change(func(s *windows.State) { s.Updates[0].DownloadTakes = takes })
		j := remote.Job{ID: "install-0001", StopAfter: time.Hour}
		for _, u := range r.scan(true).Updates {
			j.Changes.Upgrade = append(j.Changes.Upgrade, data.Target{Name: u.Name, To: u.Available})
		}
		r.startInstalling(j)
		if err := r.Cancel(t.Context(), r.session, j.ID); err != nil {
			t.Fatal(err)
		}
		st := r.wait(j.ID)
		if st.Stopped != "cancelled" || !strings.Contains(string(st.Log), "KB1000001: downloaded, not installed: cancelled") {
			t.Errorf("%+v\n%s", st, st.Log)
		}
		r.installsNothing()
	})
}

func slowDownload() windows.State {
	now := time.Now()
	s := windows.Server2022("win1", now)
	for _, kb := range []string{"1000001", "1000002"} {
		s.Updates = append(s.Updates, s.Plain(kb, "Update KB"+kb, windows.SecurityUpdates, now))
	}
	return s
}

// installsNothing holds that the host itself has installed nothing.
func (r *rig) installsNothing() {
	r.t.Helper()
	s, err := r.world.State()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, u := range s.Updates {
		if u.Installed || u.RebootPending {
			r.t.Errorf("KB%s was installed", u.KBs[0])
		}
	}
}

// What an admin of the host has hidden from Windows Update is missing all the
// same: held, which excuses nothing. No job installs it.
func TestUpdateThatIsHiddenOnTheHostIsMissingAndHeld(t *testing.T) {
	t.Parallel()
	each(t, func() windows.State {
		s := slowDownload()
		s.Updates[0].Hidden = true
		return s
	}, func(t *testing.T, r *rig) {
		scan := r.scan(true)
		hidden, shown := find(t, scan, "KB1000001"), find(t, scan, "KB1000002")
		if hidden.Hold != data.Held || shown.Hold != data.NotHeld {
			t.Errorf("hidden: %q, the other: %q", hidden.Hold, shown.Hold)
		}
		want := []data.Target{{Name: hidden.Name, To: hidden.Available}, {Name: shown.Name, To: shown.Available}}
		if c, err := r.Simulate(t.Context(), r.session, want); err != nil || len(c.Upgrade) != 1 || c.Upgrade[0].Name != shown.Name {
			t.Errorf("it would install %+v, %v", c.Upgrade, err)
		}
		if st := r.job("install-0001", time.Hour, hidden); st.Exit != winupdate.ExitFailed {
			t.Errorf("%+v\n%s", st, st.Log)
		}
		r.installsNothing()
	})
}
