// Package pacman scans and patches hosts that use pacman: Arch Linux and its
// kin. It judges nothing and stores nothing.
//
// Arch supports no partial upgrades. So a simulation is always that of the
// whole system, and a plan that leaves something out is warned of.
package pacman

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
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

const simulateScript = `
section 'lock' busy
section 'pacman -Q' installed
section 'repos' repos
section 'ages' ages
section 'pacman -Sup' whole
section 'pacman -Si' details
finish
`

// Platform is pacman; its zero value is ready.
type Platform struct{ linux.Host }

// Name returns data.Pacman.
func (Platform) Name() data.Platform { return data.Pacman }

// Scan asks the host about itself. With refresh it fetches lists, not into the
// host's own but beside them.
func (Platform) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	a, scan, err := linux.AskScan(ctx, s, "pacman scan", commonScript+scanScript, refresh)
	if err != nil {
		return data.Scan{}, err
	}
	scan.Platform = data.Pacman
	if err := read(a, &scan); err != nil {
		return data.Scan{}, fmt.Errorf("pacman scan: %w", err)
	}
	return scan, nil
}

// Simulate returns what an upgrade of the whole system would do, which is more
// than want where want leaves something out. A *remote.ExitError is pacman's
// refusal, or says that a version is not offered (any more). What is in already
// is left out.
func (Platform) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	if len(want) == 0 {
		return data.Changes{}, nil
	}
	a, err := linux.Ask(ctx, s, linux.Question{Name: "pacman simulate", Script: commonScript + simulateScript})
	if err != nil {
		return data.Changes{}, err
	}
	c, err := simulated(a, want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("pacman simulate: %w", err)
	}
	return c, nil
}

func simulated(a linux.Answer, want []data.Target) (data.Changes, error) {
	var scan data.Scan
	c, err := changesOf(a, &scan)
	if err != nil {
		return data.Changes{}, err
	}
	if missing := linux.Planned(c, want, scan.Installed); missing != "" {
		return data.Changes{}, &remote.ExitError{Name: "pacman -Su --print", Status: 1,
			Stderr: "an upgrade would not bring in " + missing + ": ignored, or not offered any more"}
	}
	return c, nil
}

// changesOf reads the sections "pacman -Q", "pacman -Sup" and "pacman -Si".
func changesOf(a linux.Answer, scan *data.Scan) (data.Changes, error) {
	if err := installed(a, scan); err != nil {
		return data.Changes{}, err
	}
	s, err := a.Section("pacman -Sup")
	if err != nil {
		return data.Changes{}, err
	}
	if s.Status != 0 {
		return data.Changes{}, &remote.ExitError{Name: "pacman -Su --print", Status: s.Status, Stderr: linux.Tail(s.Err, 4)}
	}
	targets, err := parseTargets(s.Lines())
	if err != nil {
		return data.Changes{}, err
	}
	details, err := a.Section("pacman -Si")
	if err != nil {
		return data.Changes{}, err
	}
	replaces := parseReplaces(details.Out)
	versions := map[string]string{}
	for _, p := range scan.Installed {
		versions[p.Name] = p.Version
	}
	var c data.Changes
	for _, x := range targets {
		t := data.Target{Name: x.name, From: versions[x.name], To: x.version, Origin: x.repo}
		if t.From == "" {
			c.Add = append(c.Add, t)
		} else {
			c.Upgrade = append(c.Upgrade, t)
		}
		for _, old := range replaces[x.name] {
			gone := data.Target{Name: old, From: versions[old]}
			if gone.From != "" && !slices.Contains(c.Remove, gone) {
				c.Remove = append(c.Remove, gone)
			}
		}
	}
	return c, nil
}

// Start starts a job that brings in j.Changes and nothing else. On the host the
// lists are fetched anew; when the sources have moved on from the plan, nothing
// is changed.
func (p Platform) Start(ctx context.Context, s remote.Session, j remote.Job) error {
	return p.StartChanges(ctx, s, j, commonScript+jobScript, jobInput)
}

var jobInput = linux.NamedInput(checkName)

// Check looks at what would keep a job with c from working.
func (p Platform) Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error) {
	q := linux.Question{Name: "pacman check", Script: commonScript + simulateScript}
	return p.AskChecks(ctx, s, q, c, func(a linux.Answer, now time.Time) []data.Check { return ownChecks(a, c, now) })
}

func ownChecks(a linux.Answer, c data.Changes, now time.Time) []data.Check {
	lock, whole := data.Check{Name: "package manager lock"}, data.Check{Name: "whole system"}
	if s, err := a.Section("lock"); err != nil || s.Status != 0 {
		lock.Detail = "cannot tell"
	} else if s.Word() != "" {
		lock.Result, lock.Detail = data.CheckFailed, s.Word()+" exists: pacman runs, or was cut off"
	} else {
		lock.Result, lock.Detail = data.CheckPassed, "free"
	}
	var scan data.Scan
	if all, err := changesOf(a, &scan); err != nil {
		whole.Detail = err.Error()
	} else if left := leftOut(all, c); len(left) > 0 {
		whole.Result = data.CheckWarned
		whole.Detail = "the plan leaves out " + strings.Join(left, ", ") + ": Arch supports no partial upgrades"
	} else {
		whole.Result, whole.Detail = data.CheckPassed, "the plan leaves nothing out"
	}
	at, err := fetched(a)
	return []data.Check{lock, whole, linux.AgeCheck(at, now, err)}
}

func leftOut(all, c data.Changes) []string {
	var left []string
	for _, t := range slices.Concat(all.Upgrade, all.Add) {
		if !slices.ContainsFunc(slices.Concat(c.Upgrade, c.Add), func(x data.Target) bool { return x.Name == t.Name }) {
			left = append(left, t.Name)
		}
	}
	slices.Sort(left)
	return left
}
