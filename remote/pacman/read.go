package pacman

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// read fills scan from the answer of scan.sh.
func read(a linux.Answer, scan *data.Scan) error {
	if err := installed(a, scan); err != nil {
		return err
	}
	problem := func(kind data.ProblemKind, detail string) {
		scan.Problems = append(scan.Problems, data.Problem{Kind: kind, Detail: detail, Untrusted: true})
	}
	lock, err := a.Section("lock")
	if err != nil {
		return err
	}
	if lock.Word() != "" {
		problem(data.PlatformBusy, lock.Word()+" exists: pacman runs, or was cut off")
	}
	if s, err := a.Section("refresh"); err == nil && s.Status != 0 {
		problem(trouble(s.Err), linux.Tail(s.Err, 4))
	}
	for _, step := range []func() error{
		func() error { return lists(a, scan, problem) },
		func() error { return updates(a, scan, problem) },
		func() error { return upgrade(a, scan) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	core, err := a.Section("core")
	if err != nil {
		return err
	}
	reasons, err := parseCore(core.Lines(), scan.BootedAt)
	scan.Reboot = append(scan.Reboot, reasons...)
	scan.RebootKnown = err == nil && !scan.BootedAt.IsZero()
	return err
}

func installed(a linux.Answer, scan *data.Scan) error {
	s, err := a.Section("pacman -Q")
	if err != nil {
		return err
	}
	if scan.Installed, err = parseInstalled(s.Lines()); err != nil {
		return err
	}
	if s.Status != 0 || len(scan.Installed) == 0 {
		return fmt.Errorf("%w: pacman -Q: exit status %d, %d packages: %s", remote.ErrGarbage, s.Status, len(scan.Installed), linux.Tail(s.Err, 4))
	}
	return nil
}

// trouble names what pacman's own words are about.
func trouble(text string) data.ProblemKind {
	switch {
	case strings.Contains(text, "unable to lock database"):
		return data.PlatformBusy
	case strings.Contains(text, "No space left on device"), strings.Contains(text, "not enough free disk space"):
		return data.DiskFull
	case strings.Contains(text, "signature"), strings.Contains(text, "PGP"), strings.Contains(text, "is unknown trust"):
		return data.SourceExpired
	}
	return data.SourceUnreachable
}

// lists looks whether every repository has a list. The oldest counts, unless
// all were asked for at one time: a list that has not changed is not written.
func lists(a linux.Answer, scan *data.Scan, problem func(data.ProblemKind, string)) error {
	repos, err := a.Section("repos")
	if err != nil {
		return err
	}
	ages, err := a.Section("ages")
	if err != nil {
		return err
	}
	written, asked, err := parseAges(ages.Lines())
	if err != nil {
		return err
	}
	if len(repos.Lines()) == 0 {
		problem(data.MetadataMissing, "no repository is configured")
	}
	var oldest time.Time
	for _, repo := range repos.Lines() {
		at, ok := written[repo]
		if !ok {
			problem(data.MetadataMissing, "the list of repository "+repo+" was never fetched")
		} else if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if scan.MetadataAt = oldest; !asked.IsZero() {
		scan.MetadataAt = asked
	}
	return nil
}

// fetched returns when the lists were fetched; zero: one or all are missing.
func fetched(a linux.Answer) (time.Time, error) {
	var scan data.Scan
	missing := false
	err := lists(a, &scan, func(data.ProblemKind, string) { missing = true })
	if missing {
		return time.Time{}, err
	}
	return scan.MetadataAt, err
}

// updates reads pacman -Qu, which exits with 1 when there are none.
func updates(a linux.Answer, scan *data.Scan, problem func(data.ProblemKind, string)) error {
	s, err := a.Section("pacman -Qu")
	if err != nil {
		return err
	}
	if scan.Updates, err = parseUpgrades(s.Lines()); err != nil {
		return err
	}
	if s.Status > 1 || strings.Contains(s.Err, "error:") || s.Status != 0 && len(scan.Updates) > 0 || s.Status == 0 && len(scan.Updates) == 0 {
		problem(data.Contradiction, fmt.Sprintf("pacman -Qu: exit status %d beside %d updates: %s", s.Status, len(scan.Updates), linux.Tail(s.Err, 4)))
	}
	return nil
}

// upgrade adds what only an upgrade of the whole system tells: repositories,
// sizes, and packages that replace others. That it cannot be done is a problem,
// but hides nothing.
func upgrade(a linux.Answer, scan *data.Scan) error {
	s, err := a.Section("pacman -Sup")
	if err != nil {
		return err
	}
	if s.Status != 0 {
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.PackagesBroken, Detail: "an upgrade cannot be done: " + linux.Tail(s.Err, 4)})
		return nil
	}
	targets, err := parseTargets(s.Lines())
	if err != nil {
		return err
	}
	details, err := a.Section("pacman -Si")
	if err != nil {
		return err
	}
	replaces := parseReplaces(details.Out)
	for _, t := range targets {
		if i := slices.IndexFunc(scan.Updates, func(u data.Update) bool { return u.Name == t.name }); i >= 0 {
			scan.Updates[i].Origin, scan.Updates[i].Size = t.repo, t.size
			continue
		}
		for _, old := range replaces[t.name] {
			i := slices.IndexFunc(scan.Installed, func(p data.Package) bool { return p.Name == old })
			if i >= 0 {
				scan.Updates = append(scan.Updates, data.Update{Name: t.name, Installed: scan.Installed[i].Version, Available: t.version,
					Origin: t.repo, Size: t.size, Replaces: old})
				break
			}
		}
	}
	return nil
}
