package pacman

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

var (
	safeName    = regexp.MustCompile(`^[A-Za-z0-9@_+][A-Za-z0-9@._+-]*$`)
	safeVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~:-]*$`)
)

func checkName(name, version string) error {
	if !safeName.MatchString(name) || !safeVersion.MatchString(version) {
		return fmt.Errorf("package %q, version %q: not as pacman writes it", name, version)
	}
	return nil
}

func garbage(line string) error { return fmt.Errorf("%w: pacman says %q", remote.ErrGarbage, line) }

// parseInstalled reads pacman -Q: "labhello 1.0-1".
func parseInstalled(lines []string) ([]data.Package, error) {
	var list []data.Package
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) != 2 || checkName(f[0], f[1]) != nil {
			return nil, garbage(line)
		}
		list = append(list, data.Package{Name: f[0], Version: f[1]})
	}
	return list, nil
}

// parseUpgrades reads pacman -Qu:
//
//	labhello 1.0-1 -> 1.1-1
//	labignored 1.0-1 -> 2.0-1 [ignored]
func parseUpgrades(lines []string) ([]data.Update, error) {
	var list []data.Update
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) < 4 || len(f) > 5 || f[2] != "->" || checkName(f[0], f[1]) != nil || checkName(f[0], f[3]) != nil {
			return nil, garbage(line)
		}
		u := data.Update{Name: f[0], Installed: f[1], Available: f[3]}
		if len(f) == 5 {
			if f[4] != "[ignored]" {
				return nil, garbage(line)
			}
			u.Hold = data.Held
		}
		list = append(list, u)
	}
	return list, nil
}

// A target is one line of pacman -Su --print-format '%n %v %r %s'.
type target struct {
	name, version, repo string
	size                int64
}

// parseTargets reads "labhello 1.1-1 lab 317".
func parseTargets(lines []string) ([]target, error) {
	var list []target
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) != 4 || checkName(f[0], f[1]) != nil {
			return nil, garbage(line)
		}
		n, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil || n < 0 {
			return nil, garbage(line)
		}
		list = append(list, target{f[0], f[1], f[2], n})
	}
	return list, nil
}

// parseReplaces reads pacman -Si and returns, for each package, what it says
// it replaces, without versions:
//
//	Name            : labrep-ng
//	Replaces        : labrep  other<2
func parseReplaces(text string) map[string][]string {
	m := map[string][]string{}
	name := ""
	for line := range strings.SplitSeq(text, "\n") {
		key, value, ok := strings.Cut(line, " : ")
		if !ok || strings.HasPrefix(line, " ") {
			continue
		}
		switch strings.TrimSpace(key) {
		case "Name":
			name = strings.TrimSpace(value)
		case "Replaces":
			for _, w := range strings.Fields(value) {
				if i := strings.IndexAny(w, "<>="); i >= 0 {
					w = w[:i]
				}
				if w != "None" && w != "" {
					m[name] = append(m[name], w)
				}
			}
		}
	}
	return m
}

// "1795392525 /var/lib/pacman/sync/lab.db"; the file "fetched" is our own.
var ageLine = regexp.MustCompile(`^([0-9]{1,12}) /.*/(?:([^/]+)\.db|fetched)$`)

// parseAges returns when each repository's list was written, and when all were asked for.
func parseAges(lines []string) (written map[string]time.Time, asked time.Time, err error) {
	written = map[string]time.Time{}
	for _, line := range lines {
		m := ageLine.FindStringSubmatch(line)
		if m == nil {
			return nil, time.Time{}, garbage(line)
		}
		sec, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return nil, time.Time{}, garbage(line)
		}
		if m[2] == "" {
			asked = time.Unix(sec, 0).UTC()
		} else {
			written[m[2]] = time.Unix(sec, 0).UTC()
		}
	}
	return written, asked, nil
}

// "1795392525 /var/lib/pacman/local/glibc-2.40-1/desc"
var coreLine = regexp.MustCompile(`^([0-9]{1,12}) /.*/([^/]+)/desc$`)

// parseCore returns a reason for each core package installed after the boot.
func parseCore(lines []string, bootedAt time.Time) ([]data.RebootReason, error) {
	var out []data.RebootReason
	for _, line := range lines {
		m := coreLine.FindStringSubmatch(line)
		if m == nil {
			return nil, garbage(line)
		}
		sec, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return nil, garbage(line)
		}
		if !bootedAt.IsZero() && time.Unix(sec, 0).After(bootedAt) {
			out = append(out, data.RebootReason{Source: "pacman", Detail: m[2] + " was installed after the boot"})
		}
	}
	return out, nil
}
