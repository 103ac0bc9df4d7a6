package apk

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// Versions end in "-r" and a number, and start with a digit: abuild allows
// nothing else. That tells the version from a name with hyphens.
const version = `[0-9][A-Za-z0-9._~+]*-r[0-9]+`

var (
	safeName    = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.+-]*$`)
	safeVersion = regexp.MustCompile(`^` + version + `$`)
)

func checkName(name, v string) error {
	if !safeName.MatchString(name) || !safeVersion.MatchString(v) {
		return fmt.Errorf("package %q, version %q: not as apk writes it", name, v)
	}
	return nil
}

func garbage(line string) error { return fmt.Errorf("%w: apk says %q", remote.ErrGarbage, line) }

// A listed is one line of apk list:
//
//	labhello-1.1-r0 x86_64 {labhello} (MIT) [upgradable from: labhello-1.0-r0]
//	labhello-1.0-r0 x86_64 {labhello} (MIT) [installed]
type listed struct {
	name, version string
	from          string // version it would be upgraded from
}

var listLine = regexp.MustCompile(`^(\S+?)-(` + version + `) \S+ \{.*\} \(.*\)(?: \[(.*)\])?$`)

// Warnings of apk, which say on standard output or error what is wrong with
// repositories; they are read elsewhere.
var warning = regexp.MustCompile(`^(?:WARNING|ERROR): |^fetch https?://`)

func parseList(lines []string) ([]listed, error) {
	var list []listed
	for _, line := range lines {
		if warning.MatchString(line) {
			continue
		}
		m := listLine.FindStringSubmatch(line)
		if m == nil || checkName(m[1], m[2]) != nil {
			return nil, garbage(line)
		}
		l := listed{name: m[1], version: m[2]}
		if from, ok := strings.CutPrefix(m[3], "upgradable from: "); ok {
			if l.from, ok = strings.CutPrefix(from, l.name+"-"); !ok || !safeVersion.MatchString(l.from) {
				return nil, garbage(line)
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// "(1/8) Upgrading labbadpost (1.0-r0 -> 2.0-r0)", "(2/8) Installing labnew (1.0-r0)";
// behind the version apk may name a repository's tag: "labnew@edge".
var (
	deedLine = regexp.MustCompile(`^\(\s*[0-9]+/([0-9]+)\) (\S+) (\S+?)(?:@\S+)? \((\S+?)(?: -> (\S+))?\)$`)
	counted  = regexp.MustCompile(`^\(\s*[0-9]+/[0-9]+\)`)
)

// parseSimulation reads apk upgrade --simulate. A deed it does not know, and a
// listing shorter than it counts itself, are errors.
func parseSimulation(lines []string) (data.Changes, error) {
	var c data.Changes
	n, total := 0, 0
	for _, line := range lines {
		if !counted.MatchString(line) {
			continue
		}
		m := deedLine.FindStringSubmatch(line)
		if m == nil || checkName(m[3], m[4]) != nil || m[5] != "" && !safeVersion.MatchString(m[5]) {
			return data.Changes{}, garbage(line)
		}
		n++
		total, _ = strconv.Atoi(m[1])
		t := data.Target{Name: m[3]}
		switch {
		case m[2] == "Upgrading" && m[5] != "":
			t.From, t.To = m[4], m[5]
			c.Upgrade = append(c.Upgrade, t)
		case m[2] == "Installing" && m[5] == "":
			t.To = m[4]
			c.Add = append(c.Add, t)
		case m[2] == "Purging" && m[5] == "":
			t.From = m[4]
			c.Remove = append(c.Remove, t)
		default:
			return data.Changes{}, fmt.Errorf("the host would do what this program does not know: %q", line)
		}
	}
	if n != total {
		return data.Changes{}, fmt.Errorf("%w: apk names %d changes and counts %d", remote.ErrGarbage, n, total)
	}
	return c, nil
}

// parsePins returns the names that /etc/apk/world binds to a version:
// "labheld=1.0-r0", "python3<3.12", "nodejs~20". A tag ("nginx@edge") binds to a
// repository only, and "!exim" forbids.
func parsePins(lines []string) map[string]bool {
	pins := map[string]bool{}
	for _, line := range lines {
		for _, word := range strings.Fields(line) {
			if i := strings.IndexAny(word, "=<>~"); i > 0 && word[0] != '!' {
				name, _, _ := strings.Cut(word[:i], "@")
				pins[name] = true
			}
		}
	}
	return pins
}

// parseRepositories counts the lines of /etc/apk/repositories: those whose
// lists are fetched and kept, and all.
func parseRepositories(lines []string) (fetched, all int) {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		all++
		if strings.Contains(line, "://") {
			fetched++
		}
	}
	return fetched, all
}

// "1795392525 /var/cache/apk/APKINDEX.066df28d.tar.gz"
var ageLine = regexp.MustCompile(`^([0-9]{1,12}) /.*/(APKINDEX\.[^/]+)$`)

// parseAges returns how many lists there are and the oldest one's time.
func parseAges(lines []string) (n int, oldest time.Time, err error) {
	seen := map[string]bool{}
	for _, line := range lines {
		m := ageLine.FindStringSubmatch(line)
		if m == nil {
			return 0, time.Time{}, garbage(line)
		}
		sec, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return 0, time.Time{}, garbage(line)
		}
		if at := time.Unix(sec, 0).UTC(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		seen[m[2]] = true
	}
	return len(seen), oldest, nil
}
