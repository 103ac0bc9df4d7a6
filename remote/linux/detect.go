package linux

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
)

//go:embed detect.sh
var detectScript string

// Detect finds the host's update system, by what the system calls itself and
// by the programs that are there. remote.ErrNotSupported when there is none.
func Detect(ctx context.Context, s remote.Session) (data.Platform, error) {
	a, err := Ask(ctx, s, Question{Name: "detect update system", Script: detectScript})
	if err != nil {
		return data.PlatformUnknown, err
	}
	return platformOf(a)
}

// programsOf names the program each platform cannot do without, in the order
// they are tried where the system's name says nothing: apk and pacman exist on
// other systems as guests, so they come last.
var programsOf = []struct {
	platform data.Platform
	programs []string
}{
	{data.APT, []string{"apt-get"}},
	{data.Zypper, []string{"zypper"}},
	{data.DNF, []string{"dnf5", "dnf", "yum"}},
	{data.Pacman, []string{"pacman"}},
	{data.APK, []string{"apk"}},
}

// familyOf maps the words of ID and ID_LIKE.
var familyOf = map[string]data.Platform{
	"debian": data.APT, "ubuntu": data.APT,
	"rhel": data.DNF, "fedora": data.DNF, "centos": data.DNF, "almalinux": data.DNF, "rocky": data.DNF, "ol": data.DNF, "amzn": data.DNF,
	"suse": data.Zypper, "opensuse": data.Zypper, "sles": data.Zypper,
	"arch": data.Pacman, "alpine": data.APK,
}

func platformOf(a Answer) (data.Platform, error) {
	programs, err := a.Section("programs")
	if err != nil {
		return data.PlatformUnknown, err
	}
	system, err := a.Section("os-release")
	if err != nil {
		return data.PlatformUnknown, err
	}
	has := func(p data.Platform) bool {
		for _, x := range programsOf {
			if x.platform == p {
				return slices.ContainsFunc(programs.Lines(), func(s string) bool { return slices.Contains(x.programs, s) })
			}
		}
		return false
	}
	v := osRelease(system.Out)
	for _, word := range append([]string{v["ID"]}, strings.Fields(v["ID_LIKE"])...) {
		if p, ok := familyOf[word]; ok && has(p) {
			return p, nil
		}
	}
	for _, x := range programsOf {
		if has(x.platform) {
			return x.platform, nil
		}
	}
	return data.PlatformUnknown, fmt.Errorf("%w: %s", remote.ErrNotSupported, clip(ParseOSRelease(system.Out).Name))
}
