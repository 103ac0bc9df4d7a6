// Package apt knows Debian's update system: what to ask a host, what the
// answers mean, and how exact versions are brought in. It judges nothing.
package apt

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// Platform is APT on a host that is reached by a session. Its zero value is ready.
type Platform struct {
	linux.Host
}

// Name returns data.APT.
func (Platform) Name() data.Platform { return data.APT }

var (
	//go:embed places.sh
	places string
	//go:embed scan.sh
	scanScript string
	//go:embed simulate.sh
	simulateScript string
	//go:embed check.sh
	checkScript string
	//go:embed install.sh
	installScript string
)

// Exit statuses of a job, beside 0: every package is at its planned version.
const (
	ExitFailed     = 1  // it ran, and some packages are not at their planned version
	ExitOutside    = 20 // nothing was done: the host's solver would touch more than the plan
	ExitChanged    = 21 // nothing was done: installed versions are not those of the plan
	ExitNoDownload = 22 // nothing was installed: the packages could not be fetched
	ExitBroken     = 23 // nothing was done: dpkg was interrupted before
	ExitBusy       = 24 // nothing was done: another package manager was at work all the time
	ExitHalted     = 75 // cancelled, or at its deadline, between two steps
)

// What the names of things may hold, by Debian Policy 5.6.1 and 5.6.12. They
// become words of a shell script's input, so nothing else gets that far.
var (
	version = regexp.MustCompile(`^[0-9][A-Za-z0-9.+~:-]*$`)
	arch    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
)

// isPackageName is ^[a-z0-9][a-z0-9+.-]*$ by hand: a host has thousands.
func isPackageName(s string) bool {
	for i, c := range []byte(s) {
		if ok := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || i > 0 && (c == '+' || c == '.' || c == '-'); !ok {
			return false
		}
	}
	return s != ""
}

// checkTarget says what is wrong with a package that is to get version v.
func checkTarget(t data.Target, v string) error {
	if !isPackageName(t.Name) || !arch.MatchString(t.Arch) || !version.MatchString(v) {
		return fmt.Errorf("%w: %q %q is no package and version", remote.ErrGarbage, t.Key(), v)
	}
	return nil
}

// spec names an exact version for apt-get install: "libc6:i386=2.36-9". Packages
// for all architectures go without one.
func spec(t data.Target) string {
	if t.Arch == "all" {
		return t.Name + "=" + t.To
	}
	return t.Name + ":" + t.Arch + "=" + t.To
}

// clip cuts what a host said to a few lines.
func clip(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	lines := strings.Split(s, "\n")
	if len(lines) > 5 {
		lines = append(lines[:5], "…")
	}
	return remote.Clip(strings.Join(lines, "\n"), 1000, "")
}

func garbage(what, line string) error {
	return fmt.Errorf("%w: %s: %q", remote.ErrGarbage, what, clip(line))
}
