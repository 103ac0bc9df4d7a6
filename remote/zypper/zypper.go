// Package zypper scans and patches hosts that use Zypper: SUSE Linux Enterprise
// and openSUSE. It judges nothing and stores nothing.
package zypper

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
	//go:embed job.sh
	ownJobScript string

	commonScript = rpm.CommonScript + ownScript
	jobScript    = rpm.JobScript + ownJobScript
)

const (
	simulateScript = `
specs "$@"
section 'rpm -qa' installed
section 'install --dry-run' solve --xmlout --dry-run
finish
`
	patchScript = `
section 'info -t patch' quiet info -t patch "$@"
finish
`
	checkScript = `
section 'busy' busy
section 'rpm -qa' installed
section 'ages' ages
finish
`
)

// Platform is Zypper; its zero value is ready.
type Platform struct{ linux.Host }

// Name returns data.Zypper.
func (Platform) Name() data.Platform { return data.Zypper }

// Scan asks the host about itself; with refresh it fetches its lists first.
// What packages a patch is about is asked in a second question.
func (Platform) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	a, scan, err := linux.AskScan(ctx, s, "zypper scan", commonScript+scanScript, refresh)
	if err != nil {
		return data.Scan{}, err
	}
	scan.Platform = data.Zypper
	patches, err := read(a, &scan)
	if err != nil {
		return data.Scan{}, fmt.Errorf("zypper scan: %w", err)
	}
	if err := addReplacements(ctx, s, &scan); err != nil {
		return data.Scan{}, fmt.Errorf("zypper scan: %w", err)
	}
	if len(patches) == 0 {
		return scan, nil
	}
	var names []string
	for _, p := range patches {
		names = append(names, p.id)
	}
	more, err := linux.Ask(ctx, s, linux.Question{Name: "zypper patches", Script: commonScript + patchScript, Args: names, Root: scan.Root})
	if err != nil {
		return data.Scan{}, err
	}
	scan.Evidence = append(scan.Evidence, more.Evidence()...)
	info, err := more.Section("info -t patch")
	if err != nil {
		return data.Scan{}, fmt.Errorf("zypper scan: %w", err)
	}
	addFixes(patches, info.Out)
	classify(&scan, patches)
	return scan, nil
}

// Simulate returns what bringing in exactly want would do, by zypper's solver.
// A *remote.ExitError is its refusal. What is in already is left out.
func (Platform) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	args, err := rpm.Wanted(want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("zypper simulate: %w", err)
	}
	if len(args) == 0 {
		return data.Changes{}, nil
	}
	a, err := linux.Ask(ctx, s, linux.Question{Name: "zypper simulate", Script: commonScript + simulateScript, Args: args, Root: true})
	if err != nil {
		return data.Changes{}, err
	}
	c, err := simulated(a, want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("zypper simulate: %w", err)
	}
	return c, nil
}

func simulated(a linux.Answer, want []data.Target) (data.Changes, error) {
	list, err := rpm.InstalledIn(a)
	if err != nil {
		return data.Changes{}, err
	}
	dry, err := a.Section("install --dry-run")
	if err != nil {
		return data.Changes{}, err
	}
	answer, err := parseStream(dry.Out)
	if err != nil {
		return data.Changes{}, err
	}
	switch dry.Status {
	case 0, 102, 103, 106:
	case 7:
		return data.Changes{}, fmt.Errorf("%w: %s", remote.ErrBusy, answer.errors())
	default:
		return data.Changes{}, &remote.ExitError{Name: "zypper install --dry-run", Status: dry.Status, Stderr: refusal(answer)}
	}
	c, err := answer.changes()
	if err != nil {
		return data.Changes{}, err
	}
	besideInstalled(&c, rpm.Newest(list))
	if missing := rpm.Planned(c, want, list); missing != "" {
		return data.Changes{}, &remote.ExitError{Name: "zypper install --dry-run", Status: max(dry.Status, 1),
			Stderr: "the host would not bring in " + missing}
	}
	return c, nil
}

// besideInstalled turns a kernel that comes beside an older one into an upgrade
// of it: it is present on the host, in another version.
func besideInstalled(c *data.Changes, newest map[string]rpm.Installed) {
	var add []data.Target
	for _, t := range c.Add {
		if before, ok := newest[t.Key()]; ok {
			t.From = before.Version
			c.Upgrade = append(c.Upgrade, t)
		} else {
			add = append(add, t)
		}
	}
	c.Add = add
}

func refusal(s stream) string {
	parts := []string{s.errors()}
	for _, p := range s.Prompts {
		parts = append(parts, strings.TrimSpace(p.Description))
	}
	return linux.Tail(strings.Join(parts, "\n"), 8)
}

// Start starts the installation of j detached. On the host it is simulated once
// more, compared with the plan, and not begun when anything differs.
func (p Platform) Start(ctx context.Context, s remote.Session, j remote.Job) error {
	return p.StartChanges(ctx, s, j, commonScript+jobScript, rpm.JobInput)
}

// Check looks at what would keep a job with c from working.
func (p Platform) Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error) {
	q := linux.Question{Name: "zypper check", Script: commonScript + checkScript}
	return p.AskChecks(ctx, s, q, c, func(a linux.Answer, now time.Time) []data.Check { return rpm.Checks(a, ageLine, now) })
}
