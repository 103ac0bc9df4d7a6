package apk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// read fills scan from the answer of scan.sh.
func read(a linux.Answer, scan *data.Scan) error {
	var err error
	if scan.Installed, err = packages(a); err != nil {
		return err
	}
	problem := func(kind data.ProblemKind, detail string) {
		scan.Problems = append(scan.Problems, data.Problem{Kind: kind, Detail: detail, Untrusted: true})
	}
	busy, err := a.Section("busy")
	if err != nil {
		return err
	}
	if lines := busy.Lines(); len(lines) > 0 {
		problem(data.PlatformBusy, "process "+strings.Join(lines, ", "))
	}
	if s, err := a.Section("apk update"); err == nil && (s.Status != 0 || complaint.MatchString(s.Out+"\n"+s.Err)) {
		problem(trouble(s), linux.Tail(s.Out+"\n"+s.Err, 4))
	}
	if err := lists(a, scan, problem); err != nil {
		return err
	}
	// A kernel is all that takes a reboot here, and linux.Facts has told of it.
	scan.RebootKnown = true
	return updates(a, scan, problem)
}

// "WARNING: Ignoring http://…: temporary error (try again later)", "ERROR: http://…: UNTRUSTED signature",
// "1 unavailable, 0 stale; 15 distinct packages available"
var complaint = regexp.MustCompile(`(?m)^(?:WARNING|ERROR): |\b[1-9][0-9]* (?:unavailable|stale)\b`)

// trouble names what apk's own words are about.
func trouble(s linux.Section) data.ProblemKind {
	text := s.Out + s.Err
	switch {
	case s.Status == lockStatus || strings.Contains(text, "Unable to lock database"):
		return data.PlatformBusy
	case strings.Contains(text, "No space left on device"):
		return data.DiskFull
	case strings.Contains(text, "signature"):
		return data.SourceExpired
	}
	return data.SourceUnreachable
}

func packages(a linux.Answer) ([]data.Package, error) {
	s, err := a.Section("apk list --installed")
	if err != nil {
		return nil, err
	}
	list, err := parseList(s.Lines())
	if err != nil {
		return nil, err
	}
	if s.Status != 0 || len(list) == 0 {
		return nil, fmt.Errorf("%w: apk list --installed: exit status %d, %d packages: %s", remote.ErrGarbage, s.Status, len(list), linux.Tail(s.Err, 4))
	}
	out := make([]data.Package, len(list))
	for i, l := range list {
		out[i] = data.Package{Name: l.name, Version: l.version}
	}
	return out, nil
}

// lists looks whether there is a list for every repository that is not on the
// host itself.
func lists(a linux.Answer, scan *data.Scan, problem func(data.ProblemKind, string)) error {
	repos, err := a.Section("repositories")
	if err != nil {
		return err
	}
	ages, err := a.Section("ages")
	if err != nil {
		return err
	}
	n, oldest, err := parseAges(ages.Lines())
	if err != nil {
		return err
	}
	fetched, all := parseRepositories(repos.Lines())
	switch {
	case all == 0:
		problem(data.MetadataMissing, "no repository is configured")
	case n < fetched:
		problem(data.MetadataMissing, fmt.Sprintf("%d repositories, but %d lists were fetched", fetched, n))
	}
	if fetched > 0 {
		scan.MetadataAt = oldest
	}
	return nil
}

// updates reads what is newer in the sources. What an upgrade would leave out
// is held by a pin in the world file, or kept back.
func updates(a linux.Answer, scan *data.Scan, problem func(data.ProblemKind, string)) error {
	s, err := a.Section("apk list --upgradable")
	if err != nil {
		return err
	}
	if s.Status != 0 || complaint.MatchString(s.Out+"\n"+s.Err) {
		problem(trouble(s), fmt.Sprintf("apk list --upgradable: exit status %d: %s", s.Status, linux.Tail(s.Out+"\n"+s.Err, 4)))
	}
	list, err := parseList(s.Lines())
	if err != nil {
		return err
	}
	world, err := a.Section("world")
	if err != nil {
		return err
	}
	pins := parsePins(world.Lines())
	sim, err := a.Section("apk upgrade --simulate")
	if err != nil {
		return err
	}
	var c data.Changes
	if sim.Status == 0 {
		if c, err = parseSimulation(sim.Lines()); err != nil {
			return err
		}
	}
	for _, l := range list {
		if l.from == "" {
			return garbage(l.name + " is listed as upgradable, from nothing")
		}
		u := data.Update{Name: l.name, Installed: l.from, Available: l.version}
		comes := slices.ContainsFunc(c.Upgrade, func(t data.Target) bool { return t.Name == l.name })
		switch {
		case pins[l.name] && !comes:
			u.Hold = data.Held
		case sim.Status == 0 && !comes:
			u.Hold = data.KeptBack
		}
		scan.Updates = append(scan.Updates, u)
	}
	// Both ways of asking must agree: an upgrade of something that is not
	// listed as upgradable would be an update this scan does not show.
	for _, t := range c.Upgrade {
		if !slices.ContainsFunc(list, func(l listed) bool { return l.name == t.Name }) {
			problem(data.Contradiction, t.Name+" would be upgraded, but is not listed as upgradable")
		}
	}
	return nil
}
