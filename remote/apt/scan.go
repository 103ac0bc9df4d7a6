package apt

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// Scan asks the host what is installed, what its sources offer and what keeps
// the answer from being believed. With refresh its lists are fetched first,
// which needs root. A source that does not answer makes the scan untrusted.
func (Platform) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	a, scan, err := linux.AskScan(ctx, s, "apt scan", places+scanScript, refresh)
	if err != nil {
		return data.Scan{}, err
	}
	scan, err = read(a, scan, refresh)
	if err != nil {
		return data.Scan{}, fmt.Errorf("apt scan: %w", err)
	}
	return scan, nil
}

// read completes a scan from the sections of scan.sh.
func read(a linux.Answer, scan data.Scan, refresh bool) (data.Scan, error) {
	r := reader{a: a, scan: scan, refresh: refresh}
	r.scan.Platform = data.APT
	for _, step := range []func() error{r.sources, r.locks, r.packages, r.updates, r.classes, r.reboot, r.restart} {
		if err := step(); err != nil {
			return data.Scan{}, err
		}
	}
	return r.scan, nil
}

type reader struct {
	a       linux.Answer
	scan    data.Scan
	refresh bool
	held    []string // "name:arch"
	failed  bool     // apt-get refused to simulate
}

func (r *reader) problem(kind data.ProblemKind, untrusted bool, format string, args ...any) {
	r.scan.Problems = append(r.scan.Problems, data.Problem{Kind: kind, Detail: clip(fmt.Sprintf(format, args...)), Untrusted: untrusted})
}

// sources looks whether every configured source was fetched, and is still valid.
func (r *reader) sources() error {
	times, err := r.a.Section("release times")
	if err != nil {
		return err
	}
	if r.scan.MetadataAt, err = parseTimes(times.Lines()); err != nil {
		return err
	}
	if r.refresh {
		update, err := r.a.Section("apt-get update")
		if err != nil {
			return err
		}
		found := updateProblems(update.Status, update.Out, update.Err)
		r.scan.Problems = append(r.scan.Problems, found...)
		if len(found) == 0 {
			r.scan.MetadataAt = r.scan.HostNow
		}
	}
	files, err := r.a.Section("release files")
	if err != nil {
		return err
	}
	releases, err := parseReleases(files.Out)
	if err != nil {
		return err
	}
	fetched := map[string]bool{}
	for _, f := range releases {
		fetched[f.name] = true
		if !f.validUntil.IsZero() && r.scan.HostNow.After(f.validUntil) {
			r.problem(data.SourceExpired, true, "%s was valid until %s", f.name, f.validUntil.Format("2006-01-02 15:04 MST"))
		}
	}
	return r.neverFetched(fetched)
}

func (r *reader) neverFetched(fetched map[string]bool) error {
	section, err := r.a.Section("sources")
	if err != nil {
		return err
	}
	if section.Status != 0 {
		r.problem(data.MetadataMissing, true, "the configured sources cannot be read: %s", section.Err)
		return nil
	}
	sources, err := parseSources(section.Out)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		r.problem(data.MetadataMissing, true, "no source of packages is configured")
	}
	for _, name := range sources {
		if !fetched[name] {
			r.problem(data.MetadataMissing, true, "%s was never fetched", name)
		}
	}
	return nil
}

func (r *reader) locks() error {
	files, err := r.a.Section("lock files")
	if err != nil {
		return err
	}
	locks, err := r.a.Section("locks")
	if err != nil {
		return err
	}
	held, err := heldLocks(files.Lines(), locks.Out)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		r.problem(data.PlatformBusy, true, "%s", strings.Join(held, "\n"))
	}
	return nil
}

// packages reads what is installed, and in what state dpkg left it.
func (r *reader) packages() error {
	query, err := r.a.Section("dpkg-query")
	if err != nil {
		return err
	}
	list, err := parsePackages(query.Out)
	if err != nil {
		return err
	}
	var broken []string
	r.scan.Installed = make([]data.Package, 0, len(list))
	for _, p := range list {
		r.scan.Installed = append(r.scan.Installed, p.Package)
		if p.held() {
			r.held = append(r.held, data.Key(p.Name, p.Arch))
		}
		if p.broken() {
			broken = append(broken, p.Name+" is "+p.status)
		}
	}
	audit, err := r.a.Section("dpkg --audit")
	if err != nil {
		return err
	}
	updates, err := r.a.Section("dpkg updates")
	if err != nil {
		return err
	}
	switch {
	case len(updates.Lines()) > 0:
		r.problem(data.PackagesBroken, true, "dpkg was interrupted, 'dpkg --configure -a' is needed\n%s", strings.Join(broken, "\n"))
	case len(broken) > 0:
		r.problem(data.PackagesBroken, true, "%s", strings.Join(broken, "\n"))
	case audit.Word() != "" || audit.Status != 0:
		r.problem(data.PackagesBroken, true, "%s", audit.Out+audit.Err)
	}
	return nil
}

// updates joins the list of what could be newer with what an ordinary upgrade
// (ordinary) would do, and an unrestrained one with what that leaves (rest).
func (r *reader) updates() error {
	list, err := r.a.Section("apt list --upgradable")
	if err != nil {
		return err
	}
	if r.scan.Updates, err = parseList(list.Out); err != nil {
		return err
	}
	ordinary, err := r.simulation("apt-get -s upgrade")
	if err != nil {
		return err
	}
	rest, err := r.rest(ordinary)
	if err != nil {
		return err
	}
	if list.Status != 0 {
		r.problem(data.PackagesBroken, true, "apt list: exit status %d", list.Status)
	}
	if r.failed {
		return nil // the problem is told; which updates are held cannot be
	}
	r.join(ordinary, rest)
	return nil
}

// notAsked is the exit status of a section whose question was not needed.
const notAsked = 69

// rest reads the simulation of what an ordinary upgrade leaves behind. It is not
// asked for where that is nothing.
func (r *reader) rest(ordinary simulation) (simulation, error) {
	const name = "apt-get -s for the rest"
	section, err := r.a.Section(name)
	if err != nil || section.Status != notAsked {
		return r.simulation(name)
	}
	if ordinary.left != 0 {
		return simulation{}, garbage("simulation", fmt.Sprintf("%s was not asked, though an ordinary upgrade leaves %d", name, ordinary.left))
	}
	return simulation{}, nil
}

func (r *reader) join(ordinary, rest simulation) {
	listed := map[string]bool{}
	for i := range r.scan.Updates {
		u := &r.scan.Updates[i]
		listed[u.Key()] = true
		a, now := find(ordinary.install, u.Name, u.Arch)
		ok := now
		if !ok {
			a, ok = find(rest.install, u.Name, u.Arch)
		}
		if ok && a.new == u.Available {
			u.Origin = a.origin
		}
		switch {
		case named(r.held, u):
			u.Hold = data.Held
		case named(ordinary.phased, u):
			u.Hold = data.Phased
		case !now:
			u.Hold = data.KeptBack
		}
	}
	for _, a := range slices.Concat(ordinary.install, rest.install) {
		if a.old != "" && !listed[data.Key(a.name, a.arch)] {
			listed[data.Key(a.name, a.arch)] = true
			r.problem(data.Contradiction, true, "apt-get would upgrade %s to %s, apt does not list it", a.name, a.new)
		}
	}
}

func find(list []action, name, arch string) (action, bool) {
	i := slices.IndexFunc(list, func(a action) bool { return a.name == name && a.arch == arch })
	if i < 0 {
		return action{}, false
	}
	return list[i], true
}

// named reports whether a list of "name" or "name:arch" holds u.
func named(list []string, u *data.Update) bool {
	return slices.Contains(list, u.Name) || slices.Contains(list, u.Name+":"+u.Arch)
}

// simulation reads one; when apt-get refused, its words become a problem.
func (r *reader) simulation(name string) (simulation, error) {
	s, err := r.a.Section(name)
	if err != nil {
		return simulation{}, err
	}
	if s.Status != 0 {
		r.failed = true
		r.problem(data.PackagesBroken, true, "%s: exit status %d\n%s", name, s.Status, s.Err)
		return simulation{}, nil
	}
	return parseSimulation(s.Out)
}

// classes says what each update is for, by the sources that offer it.
func (r *reader) classes() error {
	policy, err := r.a.Section("apt-cache policy")
	if err != nil {
		return err
	}
	offers, err := parsePolicy(policy.Out)
	if err != nil {
		return err
	}
	classes := map[string]data.Class{} // a host has few origins
	for i := range r.scan.Updates {
		u := &r.scan.Updates[i]
		class, known := classes[u.Origin]
		if !known {
			class = ClassOf(u.Origin)
			classes[u.Origin] = class
		}
		u.Class = class
		versions, ok := offers[u.Key()]
		if !ok {
			versions = offers[u.Name]
		}
		if u.Class != data.Security && skipsSecurity(versions, u.Installed, u.Available) {
			u.Class = data.Security
		}
	}
	return nil
}

// "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"
var debianBuild = regexp.MustCompile(` Debian (\S+)(?: |$)`)

func (r *reader) reboot() error {
	required, err := r.a.Section("reboot-required")
	if err != nil {
		return err
	}
	packages, err := r.a.Section("reboot-required.pkgs")
	if err != nil {
		return err
	}
	build, err := r.a.Section("uname -v")
	if err != nil {
		return err
	}
	r.scan.RebootKnown = true
	if required.Word() != "" || packages.Word() != "" {
		names := packages.Lines()
		slices.Sort(names)
		reason := data.RebootReason{Source: "reboot-required", Detail: strings.Join(slices.Compact(names), ", ")}
		if reason.Detail == "" {
			reason.Detail = clip(required.Out)
		}
		r.scan.Reboot = append(r.scan.Reboot, reason)
	}
	// The same release may be built anew: its files change, its name does not.
	m := debianBuild.FindStringSubmatch(build.Out)
	i := slices.IndexFunc(r.scan.Installed, func(p data.Package) bool { return p.Name == "linux-image-"+r.scan.Kernel.Running })
	if m != nil && i >= 0 && r.scan.Installed[i].Version != m[1] {
		r.scan.Reboot = append(r.scan.Reboot, data.RebootReason{
			Source: "kernel", Detail: fmt.Sprintf("build %s of %s is installed, %s runs", r.scan.Installed[i].Version, r.scan.Kernel.Running, m[1])})
	}
	return nil
}

// restart reads needrestart, where it is installed. Without root it sees only
// a user's own processes, which proves nothing.
func (r *reader) restart() error {
	section, err := r.a.Section("needrestart -b")
	if err != nil {
		return err
	}
	if section.Status != 0 || !r.scan.Root {
		return nil
	}
	found, err := parseNeedrestart(section.Out)
	if err != nil {
		r.problem(data.Contradiction, false, "%v", err)
		return nil
	}
	r.scan.Restart, r.scan.RestartKnown = found.services, true
	if found.kernel != "" {
		r.scan.Reboot = append(r.scan.Reboot, data.RebootReason{Source: "needrestart", Detail: found.kernel})
	}
	return nil
}
