package winupdate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// said is a session whose host says the same to everything.
type said string

func (s said) Run(context.Context, remote.Command) (remote.Output, error) {
	return remote.Output{Stdout: []byte(s)}, nil
}

func (said) Close() error { return nil }

func TestWhatCannotBeToldDoesNotPass(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	stamp := func(off time.Duration) string { return now.Add(off).Format(time.RFC3339) }
	for name, c := range map[string]struct {
		change func(*checked)
		want   data.CheckResult
		at     string
	}{
		"free disk not told": {func(c *checked) { c.Free = -1 }, data.CheckUnknown, "free disk"},
		"clock not told":     {func(c *checked) { c.Now = "" }, data.CheckUnknown, "clock"},
		"clock ahead":        {func(c *checked) { c.Now = stamp(6 * time.Minute) }, data.CheckFailed, "clock"},
		"clock behind":       {func(c *checked) { c.Now = stamp(-6 * time.Minute) }, data.CheckFailed, "clock"},
		"another job":        {func(c *checked) { c.Jobs = list[string]{"install-0002"} }, data.CheckFailed, "another job"},
		"sound":              {func(*checked) {}, data.CheckPassed, "clock"},
	} {
		said := checked{Free: 50 << 30, Start: "Manual", Now: stamp(0)}
		c.change(&said)
		for _, check := range said.checks(now, now) {
			if want := c.want; check.Name == c.at && check.Result != want || check.Name != c.at && check.Result != data.CheckPassed {
				t.Errorf("%s: %+v", name, check)
			}
		}
	}
}

func TestRebootBesideAJobIsBusy(t *testing.T) {
	if err := (Platform{}).Reboot(t.Context(), said("busy install-0002")); !errors.Is(err, remote.ErrBusy) || !strings.Contains(err.Error(), "install-0002") {
		t.Errorf("got %v", err)
	}
}

func TestServicesThatComeAndGoAreNotMissed(t *testing.T) {
	a, err := (Platform{}).Alive(t.Context(), said(`{"boot":"1","booted":"2026-11-01T02:00:00Z","now":"2026-11-23T03:00:00Z","logon":true,"services":["wuauserv","W3SVC","CDPUserSvc_4a1b","Dhcp"]}`))
	if err != nil || !slices.Equal(a.Services, []string{"Dhcp", "W3SVC"}) {
		t.Errorf("%+v, %v", a, err)
	}
}
