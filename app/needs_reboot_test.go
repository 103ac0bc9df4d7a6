package app

import (
	"testing"
	"time"

	"secondtuesday/data"
)

// What Hosts and Compliance read was stored when the host was scanned; a reboot
// that nobody makes grows older all the same.
func TestAPendingRebootGrowsOlderBetweenScans(t *testing.T) {
	w := newWorld()
	w.needBoot = true
	s := newShop(t, w, data.RebootNever)
	s.at(night.Add(19 * time.Hour))
	vs, err := s.DB.HostVerdicts(t.Context())
	must(t, err)
	_, asked, err := s.Verdicts(t.Context(), s.host)
	must(t, err)
	for where, v := range map[string]data.HostVerdict{"the list": vs[0], "the host's panel": asked} {
		if d := v.RebootDebt(s.Now()).Round(time.Minute); d != 19*time.Hour {
			t.Errorf("%s: pending for %s, not 19 h", where, d)
		}
	}
	hosts, err := s.DB.Hosts(t.Context())
	must(t, err)
	vs[0].Compliance = data.Compliant // what is unknown is not counted
	if f := RebootDebt(hosts, map[data.HostID]data.HostVerdict{s.host: vs[0]}, s.Now()); f.Sentence != "1 of 1 host waiting for a reboot, web1 for longest (0.8 days); 0 unknown not counted." {
		t.Error(f.Sentence)
	}
}
