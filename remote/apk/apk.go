// Package apk scans and patches hosts that use apk, versions 2 and 3: Alpine
// Linux and its kin. It judges nothing and stores nothing.
//
// apk does not say why an update was published: its class is unknown. Nor does
// it tell which services run old files.
package apk

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

var (
	//go:embed common.sh
	commonScript string
	//go:embed scan.sh
	scanScript string
	//go:embed job.sh
	ownJobScript string

	jobScript = linux.ChangeScript + ownJobScript
)

const (
	simulateScript = `
section 'apk list --installed' installed
section 'apk upgrade --simulate' upgrade --simulate "$@"
finish
`
	checkScript = `
section 'busy' busy
section 'repositories' repositories
section 'ages' ages
finish
`
)

// Platform is apk; its zero value is ready.
type Platform struct{ linux.Host }

// Name returns data.APK.
func (Platform) Name() data.Platform { return data.APK }

// Scan asks the host about itself; with refresh it fetches its lists first.
func (Platform) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	a, scan, err := linux.AskScan(ctx, s, "apk scan", commonScript+scanScript, refresh)
	if err != nil {
		return data.Scan{}, err
	}
	scan.Platform = data.APK
	if err := read(a, &scan); err != nil {
		return data.Scan{}, fmt.Errorf("apk scan: %w", err)
	}
	return scan, nil
}

// Simulate returns what bringing in exactly want would do, by apk itself. A
// *remote.ExitError is its refusal, or says that a version is not offered (any
// more). What is in already is left out.
func (Platform) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	var names []string
	for _, t := range want {
		if err := checkName(t.Name, t.To); err != nil {
			return data.Changes{}, fmt.Errorf("apk simulate: %w", err)
		}
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return data.Changes{}, nil
	}
	a, err := linux.Ask(ctx, s, linux.Question{Name: "apk simulate", Script: commonScript + simulateScript, Args: names, Root: true})
	if err != nil {
		return data.Changes{}, err
	}
	c, err := simulated(a, want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("apk simulate: %w", err)
	}
	return c, nil
}

func simulated(a linux.Answer, want []data.Target) (data.Changes, error) {
	installed, err := packages(a)
	if err != nil {
		return data.Changes{}, err
	}
	s, err := a.Section("apk upgrade --simulate")
	if err != nil {
		return data.Changes{}, err
	}
	if s.Status == lockStatus {
		return data.Changes{}, fmt.Errorf("%w: %s", remote.ErrBusy, linux.Tail(s.Err, 4))
	}
	if s.Status != 0 {
		return data.Changes{}, &remote.ExitError{Name: s.Name, Status: s.Status, Stderr: linux.Tail(s.Out+"\n"+s.Err, 4)}
	}
	c, err := parseSimulation(s.Lines())
	if err != nil {
		return data.Changes{}, err
	}
	if missing := linux.Planned(c, want, installed); missing != "" {
		return data.Changes{}, &remote.ExitError{Name: s.Name, Status: 1,
			Stderr: "an upgrade would not bring in " + missing + ": pinned, or not offered any more"}
	}
	return c, nil
}

// lockStatus is apk's exit status when another one holds the database:
// "ERROR: Unable to lock database: temporary error (try again later)".
const lockStatus = 99

// Start starts a job that brings in j.Changes and nothing else. On the host it
// is simulated once more and not begun when anything differs.
func (p Platform) Start(ctx context.Context, s remote.Session, j remote.Job) error {
	return p.StartChanges(ctx, s, j, commonScript+jobScript, jobInput)
}

var jobInput = linux.NamedInput(checkName)

// Check looks at what would keep a job with c from working.
func (p Platform) Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error) {
	return p.AskChecks(ctx, s, linux.Question{Name: "apk check", Script: commonScript + checkScript}, c, ownChecks)
}

func ownChecks(a linux.Answer, now time.Time) []data.Check {
	var scan data.Scan
	missing := false
	err := lists(a, &scan, func(data.ProblemKind, string) { missing = true })
	if missing {
		scan.MetadataAt = time.Time{}
	}
	age := linux.AgeCheck(scan.MetadataAt, now, err)
	if err == nil && !missing && scan.MetadataAt.IsZero() {
		age.Result, age.Detail = data.CheckPassed, "all repositories are on the host itself"
	}
	return []data.Check{linux.LockCheck(a), age}
}
