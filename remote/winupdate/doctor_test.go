package winupdate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/windows"
)

func TestRightsAndProbeOfASoundHost(t *testing.T) {
	each(t, func() windows.State { return shop(time.Now()) }, func(t *testing.T, r *rig) {
		var lines []string
		tell := func(f remote.Finding) { lines = append(lines, fmt.Sprintf("%s: %s: %s", f.Name, f.Result, f.Detail)) }
		for _, f := range r.Rights(t.Context(), r.session, nil) {
			tell(f)
		}
		r.Probe(t.Context(), r.session, nil, tell)
		text := strings.Join(lines, "\n")
		for _, want := range []string{"rights: passed: ", "is a local administrator", "PowerShell: passed: version ", "scheduled task: passed: ", "update source: passed: "} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing:\n%s", want, text)
			}
		}
		if tasks, err := r.world.Tasks(); err != nil || len(tasks) != 0 {
			t.Errorf("the probe left %+v, %v", tasks, err)
		}
	})
}

func TestAccountWithoutRightsIsFound(t *testing.T) {
	each(t, func() windows.State { return shop(time.Now()) }, func(t *testing.T, r *rig) {
		r.change(func(s *windows.State) { s.Faults.NotAdmin = true })
		found := r.Rights(t.Context(), r.session, func(err error) string { return "mend it" })
		if f := found[0]; f.Result != data.CheckFailed || !errors.Is(f.Err, remote.ErrNotAdmin) || f.Mend != "mend it" {
			t.Errorf("got %+v", f)
		}
	})
}
