package rpm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote/linux"
)

// What may go onto a command line of a package manager: no blanks, no
// wildcards, no leading hyphen.
var (
	safeName    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*$`)
	safeArch    = regexp.MustCompile(`^[a-z0-9_]+$`)
	safeVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.+~^:-]*$`)
)

// CheckTarget says what keeps a package from being named to a package manager.
func CheckTarget(name, arch, version string) error {
	if !safeName.MatchString(name) || !safeArch.MatchString(arch) || !safeVersion.MatchString(version) || !IsEVR(version) {
		return fmt.Errorf("package %q, architecture %q, version %q: not as rpm writes it", name, arch, version)
	}
	return nil
}

// Wanted returns name, architecture and version of each target, checked, as
// the scripts take them.
func Wanted(want []data.Target) ([]string, error) {
	var args []string
	for _, t := range want {
		if err := CheckTarget(t.Name, t.Arch, t.To); err != nil {
			return nil, err
		}
		args = append(args, t.Name, t.Arch, TrimEpoch(t.To))
	}
	return args, nil
}

// JobInput writes changes for a job: "upgrade|add|remove NAME ARCH VERSION" a
// line, the version being the one that comes, or goes.
func JobInput(c data.Changes) ([]byte, error) {
	return linux.JobInput(c, func(t data.Target, version string) (string, error) {
		return t.Name + " " + t.Arch + " " + TrimEpoch(version), CheckTarget(t.Name, t.Arch, version)
	})
}

// Offers reports which of want the changes do not bring in exactly and are not
// in already, for people; empty: all are.
func Offers(c data.Changes, want []data.Target, installed []Installed) string {
	there := map[string]string{}
	for _, p := range installed {
		there[data.Key(p.Name, p.Arch)+" "+p.Version] = p.Version
	}
	for _, t := range append(append([]data.Target{}, c.Upgrade...), c.Add...) {
		there[t.Key()+" "+t.To] = t.To
	}
	var missing []string
	for _, t := range want {
		if _, ok := there[t.Key()+" "+TrimEpoch(t.To)]; !ok {
			missing = append(missing, t.Name+" "+t.To)
		}
	}
	return strings.Join(missing, ", ")
}

// Carry sorts the changes by package and gives them class and severity of what
// was asked for.
func Carry(c data.Changes, want []data.Target) {
	for _, list := range [][]data.Target{c.Upgrade, c.Add, c.Remove} {
		slices.SortFunc(list, func(a, b data.Target) int { return strings.Compare(a.Key(), b.Key()) })
	}
	carry(c.Upgrade, want)
	carry(c.Add, want)
}

func carry(list, want []data.Target) {
	for i := range list {
		for _, w := range want {
			if w.Key() == list[i].Key() {
				list[i].Class, list[i].Severity = w.Class, w.Severity
			}
		}
	}
}
