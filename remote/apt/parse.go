package apt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	debversion "github.com/knqyf263/go-deb-version"

	"secondtuesday/data"
)

// A simulation is what apt-get -s says it would do.
type simulation struct {
	install  []action // to another version, or new when old is empty
	remove   []action // new is empty
	keptBack []string // names under "kept back"; "libc6:i386" where the architecture is foreign
	phased   []string // names under "deferred due to phasing"
	left     int      // how many could be newer and stay as they are, by the summary
}

type action struct {
	name, arch, old, new, origin string
}

var (
	// Remv lab-victim [1.0-1] [lab-other:amd64 ]
	remvLine = regexp.MustCompile(`^(?:Remv|Purg) (\S+) \[(\S+)\](?: \[.*\])*$`)
	// or, in the output version 30 of apt 3: "  Upgrading: 9, Installing: 0, Removing: 0, Not Upgrading: 0"
	newSumLine = regexp.MustCompile(`^  Upgrading: ([0-9]+), Installing: ([0-9]+), (?:Reinstalling: ([0-9]+), )?(?:Downgrading: ([0-9]+), )?Removing: ([0-9]+), Not Upgrading: ([0-9]+)$`)
	// 38 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 3 not upgraded.
	sumLine = regexp.MustCompile(`^([0-9]+) upgraded, ([0-9]+) newly installed, (?:([0-9]+) reinstalled, )?(?:([0-9]+) downgraded, )?([0-9]+) to remove and ([0-9]+) not upgraded\.$`)
)

// parseSimulation reads apt-get -s. The summary must be there and its counts
// must be those of the lines: a cut or unreadable answer is an error. Other
// text (headings, notices of Ubuntu Pro) is passed over.
func parseSimulation(text string) (simulation, error) {
	var sim simulation
	var sum []string
	heading := ""
	for line := range strings.SplitSeq(text, "\n") {
		word, _, _ := strings.Cut(line, " ")
		var m []string
		if strings.Contains(line, "ot upgraded.") || strings.Contains(line, "Not Upgrading: ") {
			if m = sumLine.FindStringSubmatch(line); m == nil {
				m = newSumLine.FindStringSubmatch(line)
			}
		}
		switch {
		case m != nil && sum != nil:
			return simulation{}, garbage("second summary", line)
		case m != nil:
			sum = m
		case word == "Inst":
			a, err := parseInst(line)
			if err != nil {
				return simulation{}, err
			}
			sim.install = append(sim.install, a)
		case word == "Remv" || word == "Purg":
			m := remvLine.FindStringSubmatch(line)
			if m == nil {
				return simulation{}, garbage("line of a simulation", line)
			}
			name, foreign, _ := strings.Cut(m[1], ":")
			sim.remove = append(sim.remove, action{name: name, arch: foreign, old: m[2]})
		case word == "" && heading == "kept":
			sim.keptBack = append(sim.keptBack, strings.Fields(line)...)
		case word == "" && heading == "phased":
			sim.phased = append(sim.phased, strings.Fields(line)...)
		case word != "":
			heading = headingOf(line)
		}
	}
	if err := sim.agrees(sum); err != nil {
		return simulation{}, err
	}
	sim.left, _ = strconv.Atoi(sum[6]) // digits
	return sim, nil
}

// architectures are written so; see dpkg-architecture(1).
var architecture = regexp.MustCompile(`^[a-z0-9-]+$`)

// parseInst reads, by hand because a host has hundreds and an expression takes
// ten times as long:
//
//	Inst perl [5.36.0-7+deb12u3] (5.36.0-7+deb12u4 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) [perl:amd64 ]
//
// What is installed, the origin and the list at the end may be missing.
func parseInst(line string) (action, error) {
	var a action
	name, rest, ok1 := strings.Cut(strings.TrimPrefix(line, "Inst "), " ")
	if old, after, found := strings.Cut(rest, "] ("); found && strings.HasPrefix(old, "[") {
		a.old, rest = old[1:], "("+after
	}
	inner, tail, ok2 := strings.Cut(strings.TrimPrefix(rest, "("), "])")
	at := max(strings.LastIndex(inner, " ["), 0)
	inner, arch, ok3 := inner[:at], strings.TrimPrefix(inner[at:], " ["), at > 0
	a.new, a.origin, _ = strings.Cut(inner, " ")
	a.arch = arch
	a.name, _, _ = strings.Cut(name, ":")
	whole := ok1 && ok2 && ok3 && strings.HasPrefix(rest, "(") && a.name != "" && a.new != "" && architecture.MatchString(arch) &&
		!strings.ContainsAny(a.old+name+a.new, " \t[]()") && (tail == "" || strings.HasPrefix(tail, " [") && strings.HasSuffix(tail, "]"))
	if !whole {
		return action{}, garbage("line of a simulation", line)
	}
	return a, nil
}

// headingOf knows the two headings that matter:
//
//	The following packages have been kept back:
//	The following upgrades have been deferred due to phasing:
//	Not upgrading:
//	Not upgrading yet due to phasing:
func headingOf(line string) string {
	switch {
	case strings.HasSuffix(line, "kept back:"), line == "Not upgrading:":
		return "kept"
	case strings.HasSuffix(line, "due to phasing:"):
		return "phased"
	}
	return ""
}

func (sim simulation) agrees(sum []string) error {
	if sum == nil {
		return garbage("simulation", "no summary at its end")
	}
	count := func(i int) int { n, _ := strconv.Atoi(sum[i]); return n } // digits, or absent
	added := 0
	for _, a := range sim.install {
		if a.old == "" {
			added++
		}
	}
	changed := len(sim.install) - added
	if changed != count(1)+count(3)+count(4) || added != count(2) || len(sim.remove) != count(5) {
		return garbage("simulation", fmt.Sprintf("%d changed, %d added, %d removed, but: %s", changed, added, len(sim.remove), sum[0]))
	}
	return nil
}

// parseList reads apt list --upgradable.
func parseList(text string) ([]data.Update, error) {
	updates := make([]data.Update, 0, strings.Count(text, "\n"))
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || strings.HasPrefix(line, "Listing...") || strings.HasPrefix(line, "N: ") || strings.HasPrefix(line, "W: ") {
			continue
		}
		u, ok := parseListed(line)
		if !ok {
			return nil, garbage("line of apt list", line)
		}
		updates = append(updates, u)
	}
	return updates, nil
}

// parseListed reads, by hand as parseInst does:
//
//	apt/oldstable-security,now 2.6.2 amd64 [upgradable from: 2.6.1]
func parseListed(line string) (u data.Update, ok bool) {
	name, rest, ok1 := strings.Cut(line, "/")
	suites, rest, ok2 := strings.Cut(rest, " ")
	available, rest, ok3 := strings.Cut(rest, " ")
	arch, rest, ok4 := strings.Cut(rest, " ")
	old, ok5 := strings.CutPrefix(rest, "[upgradable from: ")
	old, ok6 := strings.CutSuffix(old, "]")
	u = data.Update{Name: name, Arch: arch, Available: available, Installed: old, Origin: strings.TrimSuffix(suites, ",now")}
	whole := ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && isPackageName(name) && suites != "" && available != "" && arch != "" && old != ""
	return u, whole && !strings.ContainsAny(suites+available+arch+old, " \t\n\f\r\v")
}

// A dpkgPackage is one line of dpkg-query.
type dpkgPackage struct {
	data.Package
	status string // "ii", "hi", "iF"
}

// parsePackages reads dpkg-query -W with name, architecture, version and
// Status-Abbrev between tabs. What is only remembered (no files: rc, un) is left out.
func parsePackages(text string) ([]dpkgPackage, error) {
	list := make([]dpkgPackage, 0, strings.Count(text, "\n"))
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		name, rest, _ := strings.Cut(line, "\t")
		built, rest, _ := strings.Cut(rest, "\t")
		version, status, _ := strings.Cut(rest, "\t")
		// A third letter, R, means that it must be reinstalled: "iHR".
		if len(status) < 2 || len(status) > 3 || strings.Contains(status, "\t") || !isPackageName(name) {
			return nil, garbage("line of dpkg-query", line)
		}
		if status[1] == 'n' || status[1] == 'c' {
			continue
		}
		if version == "" || built == "" {
			return nil, garbage("line of dpkg-query", line)
		}
		p := dpkgPackage{data.Package{Name: name, Arch: built, Version: version}, strings.TrimSpace(status)}
		p.Broken = p.broken()
		list = append(list, p)
	}
	return list, nil
}

// broken reports whether dpkg left the package half done: anything but
// installed (i) or waiting for triggers (t, W).
func (p dpkgPackage) broken() bool {
	return !strings.Contains("itW", p.status[1:2]) || len(p.status) > 2
}

// held reports whether an admin told dpkg, by apt-mark hold or otherwise, to
// keep the package as it is.
func (p dpkgPackage) held() bool { return p.status[0] == 'h' }

// An offer is one version of a package in one source.
type offer struct {
	version, suite string // suite: "bookworm-security/main"
}

var (
	// "     5.2.15-2+b13 500" and " *** 5.2.15-2+b8 100"; phased ones end in "(phased 20%)"
	policyVersion = regexp.MustCompile(`^ (?:\*\*\*|   ) (\S+) -?[0-9]+(?: \(phased [0-9]+%\))?$`)
	policyName    = regexp.MustCompile(`^([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9-]+))?:$`)
)

// policySource reads, by hand because a host has a thousand of them, the suite of
//
//	500 http://mirror.example/debian-security bookworm-security/main amd64 Packages
//	100 /var/lib/dpkg/status
//
// which the second has not, nor has a flat source.
func policySource(line string) (suite string, ok bool) {
	f := strings.Split(strings.TrimLeft(line, " "), " ")
	if _, err := strconv.Atoi(f[0]); err != nil || slices.Contains(f, "") || strings.ContainsAny(line, "\t\r\f\v") {
		return "", false
	}
	switch {
	case len(f) == 2, len(f) == 4 && f[3] == "Packages":
		return "", true
	case len(f) == 5 && f[4] == "Packages":
		return f[2], true
	}
	return "", false
}

// parsePolicy reads apt-cache policy NAME …: all versions of each package with
// the suites that offer them, by the name as asked for or without the native
// architecture.
func parsePolicy(text string) (map[string][]offer, error) {
	offers := map[string][]offer{}
	name, v := "", ""
	for line := range strings.SplitSeq(text, "\n") {
		// A name stands at the margin, a source is indented by eight columns.
		switch {
		case line != "" && line[0] != ' ':
			if m := policyName.FindStringSubmatch(line); m != nil {
				name, v = data.Key(m[1], m[2]), ""
				continue
			}
		case strings.HasPrefix(line, "       "):
			if suite, ok := policySource(line); ok && v != "" {
				offers[name] = append(offers[name], offer{v, suite})
				continue
			}
		default:
			if m := policyVersion.FindStringSubmatch(line); m != nil && name != "" {
				v = m[1]
				continue
			}
		}
		// "  Installed: 5.2.15-2+b8", "  Candidate: …", "  Package pin: …", "  Version table:"
		if line != "" && (!strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "   ")) {
			return nil, garbage("line of apt-cache policy", line)
		}
	}
	return offers, nil
}

// "jammy-security/main", "buster/updates/main", "jammy-infra-security/main"
var securitySuite = regexp.MustCompile(`-security(?:/|$)|^[a-z]+/updates(?:/|$)`)

// skipsSecurity reports whether a security suite offers a version above the
// installed one and not above the one offered now: a security fix that the
// newer version brings along though its own source does not say so.
func skipsSecurity(offers []offer, installed, available string) bool {
	low, err1 := debversion.NewVersion(installed)
	high, err2 := debversion.NewVersion(available)
	if err1 != nil || err2 != nil {
		return false
	}
	return slices.ContainsFunc(offers, func(o offer) bool {
		v, err := debversion.NewVersion(o.version)
		return err == nil && securitySuite.MatchString(o.suite) && v.GreaterThan(low) && !v.GreaterThan(high)
	})
}

var (
	// "Debian-Security:12/oldstable-security", "Ubuntu:22.04/jammy-security",
	// "UbuntuESMApps:22.04/jammy-apps-security"; "oldstable-security" of apt list.
	securityOrigin = regexp.MustCompile(`^(?:Debian-Security|UbuntuESM\w*):|-security$`)
	// "Debian:12.15/oldstable", "Debian:12-updates/oldstable-updates", "Ubuntu:22.04/jammy-updates"
	fixOrigin = regexp.MustCompile(`^Debian:.*/(?:old)*stable(?:-updates|-proposed-updates)?$|^Ubuntu:.*/[a-z]+(?:-updates)?$`)
	// "Debian Backports:bookworm-backports/stable-backports", "Ubuntu:22.04/jammy-backports"
	featureOrigin = regexp.MustCompile(`-backports$`)
)

// ClassOf returns the class that an origin, as apt-get -s writes it, speaks of.
// Several sources may offer one version, a comma between them: security
// outweighs all. Debian's point releases and -updates suites are bug fixes by
// their vendor's word; of other sources nothing is known.
func ClassOf(origin string) data.Class {
	class := data.ClassUnknown
	for part := range strings.SplitSeq(origin, ",") {
		part = strings.TrimSpace(part)
		switch {
		case securityOrigin.MatchString(part):
			return data.Security
		case fixOrigin.MatchString(part):
			class = data.BugFix
		case featureOrigin.MatchString(part) && class == data.ClassUnknown:
			class = data.Feature
		}
	}
	return class
}

// parseSources reads apt-get update --print-uris and returns the Release files
// that the configured sources have, by the names of their local copies without
// "InRelease" or "Release":
//
//	'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0
func parseSources(text string) ([]string, error) {
	var names []string
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 || !strings.HasPrefix(f[0], "'") {
			return nil, garbage("line of --print-uris", line)
		}
		if name, ok := releaseName(f[1]); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func releaseName(file string) (string, bool) {
	if name, ok := strings.CutSuffix(file, "_InRelease"); ok {
		return name, true
	}
	return strings.CutSuffix(file, "_Release")
}

// A release is what the local copy of one source's Release file says.
type release struct {
	name       string // as releaseName returns it
	validUntil time.Time
}

// parseReleases reads the section "release files".
func parseReleases(text string) ([]release, error) {
	var list []release
	for line := range strings.SplitSeq(text, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok && line != "" {
			return nil, garbage("line of a Release file", line)
		}
		switch key {
		case "File":
			name, ok := releaseName(value)
			if !ok {
				return nil, garbage("Release file", value)
			}
			list = append(list, release{name: name})
		case "Valid-Until":
			// "Sat, 28 Nov 2026 00:53:02 UTC"
			t, err := time.Parse(time.RFC1123, strings.TrimSpace(value))
			if err != nil || len(list) == 0 {
				return nil, garbage("Valid-Until", value)
			}
			list[len(list)-1].validUntil = t.UTC()
		}
	}
	return list, nil
}

// parseTimes reads `stat -c '%Y %n'` and returns the newest time; zero when
// there is no file. Servers set the time of a Release file, so it is never
// younger than the fetch.
func parseTimes(lines []string) (time.Time, error) {
	var newest int64
	for _, line := range lines {
		seconds, _, ok := strings.Cut(line, " ")
		n, err := strconv.ParseInt(seconds, 10, 64)
		if !ok || err != nil {
			return time.Time{}, garbage("line of stat", line)
		}
		newest = max(newest, n)
	}
	if newest <= 0 {
		return time.Time{}, nil
	}
	return time.Unix(newest, 0).UTC(), nil
}

// heldLocks returns the lock files that somebody holds, each with the holder's
// process number. lockFiles are lines "INODE PATH", locks is /proc/locks:
//
//	1: POSIX  ADVISORY  WRITE 133 00:2f:398607 0 EOF
func heldLocks(lockFiles []string, locks string) ([]string, error) {
	paths := map[string]string{}
	for _, line := range lockFiles {
		inode, path, ok := strings.Cut(line, " ")
		if _, err := strconv.ParseUint(inode, 10, 64); !ok || err != nil {
			return nil, garbage("line of stat", line)
		}
		paths[inode] = path
	}
	var held []string
	for line := range strings.SplitSeq(locks, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || len(f) > 1 && f[1] == "->" { // "1: -> POSIX …" waits for it
			continue
		}
		if len(f) < 8 {
			return nil, garbage("line of /proc/locks", line)
		}
		i := strings.LastIndexByte(f[5], ':')
		if path, ok := paths[f[5][i+1:]]; ok && f[3] == "WRITE" {
			held = append(held, path+" is held by process "+f[4])
		}
	}
	slices.Sort(held)
	return slices.Compact(held), nil
}

// A restart is what needrestart -b says.
type restart struct {
	services []string
	kernel   string // why the kernel wants a reboot; empty: it does not
}

// parseNeedrestart reads NEEDRESTART-KEY: VALUE lines. Sessions of people are
// not services.
func parseNeedrestart(text string) (restart, error) {
	r := restart{services: []string{}}
	values := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || !strings.HasPrefix(key, "NEEDRESTART-") {
			return restart{}, garbage("line of needrestart", line)
		}
		value = strings.TrimSpace(value)
		values[key] = value
		if key == "NEEDRESTART-SVC" && value != "" {
			r.services = append(r.services, strings.TrimSuffix(value, ".service"))
		}
	}
	slices.Sort(r.services)
	r.services = slices.Compact(r.services)
	// 0 unknown, 1 current, 2 ABI compatible upgrade pending, 3 version upgrade pending
	if s := values["NEEDRESTART-KSTA"]; s == "2" || s == "3" {
		r.kernel = fmt.Sprintf("%s runs, %s is expected", values["NEEDRESTART-KCUR"], values["NEEDRESTART-KEXP"])
	}
	return r, nil
}

// An updateProblem sorts what apt-get update complained of.
//
//	W: Failed to fetch http://repo.lab/deb/dists/bookworm/InRelease  503  Service Unavailable [IP: 10.77.0.1 80]
//	E: Release file for http://… is not valid yet (invalid for another 39d 23h 43min 16s). …
//	E: Could not get lock /var/lib/apt/lists/lock. It is held by process 133 (apt-get)
//	Err:1 http://repo.lab/deb bookworm InRelease
func updateProblems(status int, out, errs string) []data.Problem {
	var busy, expired, unreachable, full []string
	for line := range strings.SplitSeq(out+"\n"+errs, "\n") {
		word, _, _ := strings.Cut(line, ":")
		switch {
		case word != "W" && word != "E" && word != "Err":
		case strings.Contains(line, "Could not get lock") || strings.Contains(line, "Unable to lock directory"):
			busy = append(busy, line)
		case strings.Contains(line, "No space left") || strings.Contains(line, "enough free space"):
			full = append(full, line)
		case expiredWords.MatchString(line):
			expired = append(expired, line)
		case word == "W" && !strings.Contains(line, "Failed to fetch") && !strings.Contains(line, "Some index files"):
			// A remark, such as a key in the legacy keyring.
		default:
			unreachable = append(unreachable, line)
		}
	}
	var problems []data.Problem
	add := func(kind data.ProblemKind, lines []string) {
		if len(lines) > 0 {
			problems = append(problems, data.Problem{Kind: kind, Detail: clip(strings.Join(lines, "\n")), Untrusted: true})
		}
	}
	add(data.PlatformBusy, busy)
	add(data.DiskFull, full)
	add(data.SourceExpired, expired)
	add(data.SourceUnreachable, unreachable)
	if status != 0 && len(problems) == 0 {
		add(data.SourceUnreachable, []string{fmt.Sprintf("apt-get update: exit status %d\n%s", status, errs)})
	}
	return problems
}

var expiredWords = regexp.MustCompile(`is not valid yet|is expired|is no longer valid|not signed|signature|signatures|NO_PUBKEY|EXPKEYSIG|GPG error|invalid for`)
