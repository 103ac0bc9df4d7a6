// Package dnf scans and patches hosts that use DNF or yum: Red Hat Enterprise
// Linux, Fedora and their kin. It knows dnf 4, dnf 5 and, for what yum has in
// common with them, yum 3. It judges nothing and stores nothing.
package dnf

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
	"secondtuesday/remote/rpm"
)

var (
	//go:embed common.sh
	ownScript string
	//go:embed scan.sh
	scanScript string
	//go:embed simulate.sh
	simulateScript string
	//go:embed job.sh
	ownJobScript string

	commonScript = rpm.CommonScript + ownScript
	jobScript    = rpm.JobScript + ownJobScript
)

// checkScript asks what only this platform knows; the rest is linux's.
const checkScript = `
section 'busy' busy
section 'rpm -qa' installed
section 'ages' ages
finish
`

// Platform is DNF; its zero value is ready.
type Platform struct{ linux.Host }

// Name returns data.DNF.
func (Platform) Name() data.Platform { return data.DNF }

// Scan asks the host about itself; with refresh it fetches its lists first.
func (Platform) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	a, scan, err := linux.AskScan(ctx, s, "dnf scan", commonScript+scanScript, refresh)
	if err != nil {
		return data.Scan{}, err
	}
	scan.Platform = data.DNF
	if err := read(a, &scan); err != nil {
		return data.Scan{}, fmt.Errorf("dnf scan: %w", err)
	}
	return scan, nil
}

// Simulate returns the transaction that would bring in exactly want, by dnf
// itself. A *remote.ExitError
// is dnf's refusal, such as of a version that is not offered any more. What is in
// already is left out.
func (Platform) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	args, err := rpm.Wanted(want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("dnf simulate: %w", err)
	}
	if len(args) == 0 {
		return data.Changes{}, nil
	}
	a, err := linux.Ask(ctx, s, linux.Question{Name: "dnf simulate", Script: commonScript + simulateScript, Args: args, Root: true})
	if err != nil {
		return data.Changes{}, err
	}
	c, err := simulated(a, want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("dnf simulate: %w", err)
	}
	return c, nil
}

// simulated reads the answer of simulate.sh.
func simulated(a linux.Answer, want []data.Target) (data.Changes, error) {
	list, err := rpm.InstalledIn(a)
	if err != nil {
		return data.Changes{}, err
	}
	table, err := a.Section("simulate")
	if err != nil {
		return data.Changes{}, err
	}
	if isBusy(table) {
		return data.Changes{}, fmt.Errorf("%w: %s", remote.ErrBusy, linux.Tail(table.Err, 3))
	}
	rows, err := parseTransaction(table.Out)
	if err != nil {
		return data.Changes{}, err
	}
	c := changes(rows, rpm.Newest(list))
	if missing := rpm.Planned(c, want, list); missing != "" {
		return data.Changes{}, &remote.ExitError{Name: "dnf --assumeno", Status: max(table.Status, 1),
			Stderr: "the host would not bring in " + missing + ": " + linux.Tail(table.Out+"\n"+table.Err, 6)}
	}
	return c, nil
}

// Start starts the transaction of j detached. On the host it is simulated once
// more, compared with the plan, and not begun when anything differs.
func (p Platform) Start(ctx context.Context, s remote.Session, j remote.Job) error {
	return p.StartChanges(ctx, s, j, commonScript+jobScript, rpm.JobInput)
}

// Check looks at what would keep a job with c from working.
func (p Platform) Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error) {
	q := linux.Question{Name: "dnf check", Script: commonScript + checkScript}
	return p.AskChecks(ctx, s, q, c, func(a linux.Answer, now time.Time) []data.Check { return rpm.Checks(a, ageLine, now) })
}

// isBusy: dnf 4 exits with 200 when exit_on_lock is set.
func isBusy(s linux.Section) bool {
	return s.Status == 200 || strings.Contains(s.Err+s.Out, "Waiting for process with pid") ||
		strings.Contains(s.Err+s.Out, "Failed to obtain lock") || strings.Contains(s.Err, "Waiting for a lock on")
}
