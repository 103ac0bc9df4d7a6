package rpm

import (
	"fmt"
	"regexp"
	"slices"

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

// Planned is linux.Planned beside what the database says.
func Planned(c data.Changes, want []data.Target, installed []Installed) (missing string) {
	want = slices.Clone(want)
	for i := range want {
		want[i].To = TrimEpoch(want[i].To)
	}
	return linux.Planned(c, want, Packages(installed))
}
