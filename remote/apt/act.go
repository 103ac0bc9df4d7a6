package apt

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// Simulate asks the host's solver what bringing in exactly want would do. A
// *remote.ExitError is the solver's refusal: a version that is gone, a hold, a
// downgrade. What is in already is left out of the answer.
func (Platform) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	specs, err := specsOf(want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("apt simulate: %w", err)
	}
	a, err := linux.Ask(ctx, s, linux.Question{Name: "apt simulate", Script: simulateScript, Args: specs})
	if err != nil {
		return data.Changes{}, err
	}
	c, err := changesOf(a, want)
	if err != nil {
		return data.Changes{}, fmt.Errorf("apt simulate: %w", err)
	}
	return c, nil
}

func specsOf(want []data.Target) ([]string, error) {
	specs := make([]string, 0, len(want))
	for _, t := range want {
		if err := checkTarget(t, t.To); err != nil {
			return nil, err
		}
		specs = append(specs, spec(t))
	}
	return specs, nil
}

// changesOf reads the section "apt-get -s install". Targets keep the class and
// severity they were wanted with.
func changesOf(a linux.Answer, want []data.Target) (data.Changes, error) {
	section, err := a.Section("apt-get -s install")
	if err != nil {
		return data.Changes{}, err
	}
	if section.Status != 0 {
		return data.Changes{}, &remote.ExitError{Name: section.Name, Status: section.Status, Stderr: clip(section.Err)}
	}
	sim, err := parseSimulation(section.Out)
	if err != nil {
		return data.Changes{}, err
	}
	var c data.Changes
	for _, x := range sim.install {
		t := data.Target{Name: x.name, Arch: x.arch, From: x.old, To: x.new, Origin: x.origin, Class: ClassOf(x.origin)}
		i := slices.IndexFunc(want, func(w data.Target) bool { return w.Key() == t.Key() })
		if i >= 0 && want[i].To != t.To {
			return data.Changes{}, garbage("simulation", fmt.Sprintf("%s would come in as %s, not as %s", t.Key(), t.To, want[i].To))
		}
		if i >= 0 {
			t.Class, t.Severity = want[i].Class, want[i].Severity
		}
		if t.From == "" {
			c.Add = append(c.Add, t)
		} else {
			c.Upgrade = append(c.Upgrade, t)
		}
	}
	if c.Remove, err = removals(a, sim.remove); err != nil {
		return data.Changes{}, err
	}
	for _, list := range [][]data.Target{c.Upgrade, c.Add, c.Remove} {
		slices.SortFunc(list, func(a, b data.Target) int { return strings.Compare(a.Key(), b.Key()) })
	}
	return c, nil
}

// removals finds the architecture of each package that goes: the simulation
// names it only where it is a foreign one.
func removals(a linux.Answer, gone []action) ([]data.Target, error) {
	if len(gone) == 0 {
		return nil, nil
	}
	query, err := a.Section("dpkg-query")
	if err != nil {
		return nil, err
	}
	packages, err := parsePackages(query.Out)
	if err != nil {
		return nil, err
	}
	var list []data.Target
	for _, x := range gone {
		i := slices.IndexFunc(packages, func(p dpkgPackage) bool {
			return p.Name == x.name && p.Version == x.old && (x.arch == "" || p.Arch == x.arch)
		})
		if i < 0 {
			return nil, garbage("simulation", x.name+" would be removed but is not installed")
		}
		list = append(list, data.Target{Name: x.name, Arch: packages[i].Arch, From: x.old})
	}
	return list, nil
}

// Start starts a job that brings in j.Changes and nothing else. The job
// simulates once more and refuses when the host's solver would do anything
// outside; its exit statuses are the constants of this package.
func (p Platform) Start(ctx context.Context, s remote.Session, j remote.Job) error {
	return p.StartChanges(ctx, s, j, places+installScript, planFile)
}

// planFile writes the lines that install.sh reads.
func planFile(c data.Changes) ([]byte, error) {
	var b bytes.Buffer
	line := func(verb string, t data.Target, from, to string) error {
		for _, v := range []string{from, to} {
			if v == "-" {
				continue
			}
			if err := checkTarget(t, v); err != nil {
				return err
			}
		}
		fmt.Fprintf(&b, "%s %s %s %s %s\n", verb, t.Name, t.Arch, from, to)
		return nil
	}
	for _, t := range c.Upgrade {
		if err := line("upgrade", t, t.From, t.To); err != nil {
			return nil, err
		}
	}
	for _, t := range c.Add {
		if err := line("add", t, "-", t.To); err != nil {
			return nil, err
		}
	}
	for _, t := range c.Remove {
		if err := line("remove", t, t.From, "-"); err != nil {
			return nil, err
		}
	}
	if b.Len() == 0 {
		return nil, fmt.Errorf("%w: the plan changes nothing", remote.ErrGarbage)
	}
	return b.Bytes(), nil
}

// Check looks at all that would keep a job with these changes from working.
func (p Platform) Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error) {
	wanted := slices.Concat(c.Upgrade, c.Add)
	specs, err := specsOf(wanted)
	if err != nil {
		return nil, fmt.Errorf("apt check: %w", err)
	}
	for _, t := range c.Remove {
		if err := checkTarget(t, t.From); err != nil {
			return nil, fmt.Errorf("apt check: %w", err)
		}
		specs = append(specs, strings.TrimSuffix(t.Key(), ":all")+"-")
	}
	needs := []linux.Need{{Path: "/"}, {Path: "/var/cache/apt/archives"}}
	if slices.ContainsFunc(wanted, func(t data.Target) bool { return strings.HasPrefix(t.Name, "linux-image-") }) {
		needs = append(needs, linux.Need{Path: "/boot", Bytes: 100 << 20}) // an initial RAM disk, and the old one beside it
	}
	q := p.CheckQuestion("apt check", places+checkScript, needs)
	q.Stdin = []byte(strings.Join(specs, "\n") + "\n")
	began := time.Now()
	a, err := linux.Ask(ctx, s, q)
	if err != nil {
		return nil, err
	}
	return checksOf(a, c, needs, began, time.Now()), nil
}

func checksOf(a linux.Answer, c data.Changes, needs []linux.Need, began, ended time.Time) []data.Check {
	size := checkSize(a)
	const unpacked = 3 // a package takes about three times its size on disk
	if size.err == nil {
		needs[0].Bytes = 64<<20 + unpacked*size.bytes
		needs[1].Bytes = 16<<20 + size.bytes
	}
	checks := linux.Checks(a, needs, began, ended)
	checks = append(checks, checkLocks(a), checkInterrupted(a), checkLists(a, ended), checkHolds(a, c), checkPlan(a, c))
	if size.err != nil {
		checks = append(checks, data.Check{Name: "download size", Detail: clip(size.err.Error()), UpdatesOnly: true})
	}
	return checks
}

type download struct {
	bytes int64
	err   error
}

// 'http://mirror.example/…/tzdata_2026f-0%2bdeb12u1_all.deb' tzdata_2026f-0+deb12u1_all.deb 307832 SHA256:…
var uriLine = regexp.MustCompile(`^'[^']+' \S+ ([0-9]+)(?: \S+)?\s*$`)

func checkSize(a linux.Answer) download {
	section, err := a.Section("apt-get --print-uris install")
	if err == nil && section.Status != 0 {
		err = fmt.Errorf("exit status %d: %s", section.Status, section.Err)
	}
	if err != nil {
		return download{err: err}
	}
	var sum int64
	for _, line := range section.Lines() {
		m := uriLine.FindStringSubmatch(line)
		if m == nil {
			return download{err: garbage("line of --print-uris", line)}
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || n > 1<<40 {
			return download{err: garbage("size", line)}
		}
		sum += n
	}
	return download{bytes: sum}
}

// result makes a check of a section's reading: an error is not known, words fail it.
func result(name, good, bad string, err error) data.Check {
	switch {
	case err != nil:
		return data.Check{Name: name, Detail: clip(err.Error())}
	case bad != "":
		return data.Check{Name: name, Result: data.CheckFailed, Detail: clip(bad)}
	}
	return data.Check{Name: name, Result: data.CheckPassed, Detail: good}
}

func checkLocks(a linux.Answer) data.Check {
	files, err := a.Section("lock files")
	var held []string
	if err == nil {
		var locks linux.Section
		if locks, err = a.Section("locks"); err == nil {
			held, err = heldLocks(files.Lines(), locks.Out)
		}
	}
	return result("package manager lock", "free", strings.Join(held, "\n"), err)
}

func checkInterrupted(a linux.Answer) data.Check {
	updates, err := a.Section("dpkg updates")
	audit, err2 := a.Section("dpkg --audit")
	if err == nil {
		err = err2
	}
	bad := ""
	switch {
	case len(updates.Lines()) > 0:
		bad = "dpkg was interrupted: 'dpkg --configure -a' is needed first"
	case audit.Word() != "" || audit.Status != 0:
		bad = audit.Out + audit.Err
	}
	return result("dpkg", "sound", bad, err)
}

// checkLists fails when nothing was ever fetched and warns beyond a week.
func checkLists(a linux.Answer, now time.Time) data.Check {
	const old = 7 * 24 * time.Hour
	section, err := a.Section("release times")
	var at time.Time
	if err == nil {
		at, err = parseTimes(section.Lines())
	}
	c := result("package lists", "", "", err)
	c.UpdatesOnly = true
	switch {
	case err != nil:
	case at.IsZero():
		c.Result, c.Detail = data.CheckFailed, "were never fetched"
	case now.Sub(at) > old:
		c.Result, c.Detail = data.CheckWarned, "are of "+at.Format("2006-01-02")
	default:
		c.Detail = "are of " + at.Format("2006-01-02 15:04 MST")
	}
	return c
}

func checkHolds(a linux.Answer, c data.Changes) data.Check {
	section, err := a.Section("dpkg-query")
	var packages []dpkgPackage
	if err == nil {
		packages, err = parsePackages(section.Out)
	}
	var bad []string
	for _, t := range slices.Concat(c.Upgrade, c.Remove) {
		if slices.ContainsFunc(packages, func(p dpkgPackage) bool { return p.held() && p.Name == t.Name }) {
			bad = append(bad, t.Name+" is held on the host")
		}
	}
	return result("held packages", "none in the plan", strings.Join(bad, "\n"), err)
}

// checkPlan compares what the solver would do now with the plan.
func checkPlan(a linux.Answer, c data.Changes) data.Check {
	const name = "plan"
	now, err := changesOf(a, nil)
	if err != nil {
		return result(name, "", err.Error(), nil)
	}
	planned := map[string]bool{}
	for _, t := range slices.Concat(c.Upgrade, c.Add) {
		planned[t.Key()+" "+t.From+" "+t.To] = true
	}
	for _, t := range c.Remove {
		planned["remove "+t.Name+" "+t.From] = true
	}
	var outside []string
	for _, t := range slices.Concat(now.Upgrade, now.Add) {
		if !planned[t.Key()+" "+t.From+" "+t.To] {
			outside = append(outside, fmt.Sprintf("%s would go from %q to %q, which is not planned", t.Key(), t.From, t.To))
		}
	}
	for _, t := range now.Remove {
		if !planned["remove "+t.Name+" "+t.From] {
			outside = append(outside, t.Name+" would be removed, which is not planned")
		}
	}
	return result(name, "the host's solver agrees", strings.Join(outside, "\n"), nil)
}
