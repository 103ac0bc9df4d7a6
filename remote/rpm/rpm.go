// Package rpm is what the platforms share that stand on the rpm database, DNF
// and Zypper: what the database says, versions, and how a job begins and ends. It
// opens no session.
package rpm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
)

// An Installed is one package of the rpm database.
type Installed struct {
	data.Package           // Version is [epoch:]version-release; an epoch of 0 is left out
	At           time.Time // when it was installed, by the host's clock
}

// ParseInstalled reads the output of rpm -qa as common.sh asks for it. Keys that were
// imported into the database ("gpg-pubkey") are no packages and are left out.
// Anything that is not such a line is an error.
func ParseInstalled(out []byte) ([]Installed, error) {
	var list []Installed
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || f[0] == "" || f[1] == "" || !IsEVR(f[2]) {
			return nil, fmt.Errorf("rpm: cannot read line %q", line)
		}
		sec, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil || sec < 0 {
			return nil, fmt.Errorf("rpm: cannot read the time in line %q", line)
		}
		if f[0] == "gpg-pubkey" {
			continue
		}
		p := data.Package{Name: f[0], Arch: f[1], Version: TrimEpoch(f[2])}
		list = append(list, Installed{Package: p, At: time.Unix(sec, 0).UTC()})
	}
	return list, nil
}

// Newest returns the highest version of each package by its key: of kernels,
// several versions are installed side by side.
func Newest(list []Installed) map[string]Installed {
	m := make(map[string]Installed, len(list))
	for _, p := range list {
		k := data.Key(p.Name, p.Arch)
		if old, ok := m[k]; !ok || Compare(old.Version, p.Version) < 0 {
			m[k] = p
		}
	}
	return m
}

// Packages returns the nouns alone.
func Packages(list []Installed) []data.Package {
	out := make([]data.Package, len(list))
	for i, p := range list {
		out[i] = p.Package
	}
	return out
}

// IsEVR reports whether s has the shape [epoch:]version-release.
func IsEVR(s string) bool {
	if e, rest, ok := strings.Cut(s, ":"); ok {
		if _, err := strconv.ParseUint(e, 10, 32); err != nil {
			return false
		}
		s = rest
	}
	v, r, ok := strings.Cut(s, "-")
	return ok && v != "" && r != "" && !strings.ContainsAny(s, " \t:/") && !strings.Contains(r, "-")
}

// TrimEpoch takes an epoch of 0 off: rpm and dnf mean the same with and without.
func TrimEpoch(evr string) string { return strings.TrimPrefix(evr, "0:") }

// SplitNEVRA takes "name-[epoch:]version-release.arch" apart; the epoch may
// also stand in front of the name, as yum 3 writes it. An epoch of 0 is left out.
func SplitNEVRA(s string) (name, evr, arch string, err error) {
	bad := fmt.Errorf("rpm: %q is not name-version-release.arch", s)
	rest, arch, ok := cutLast(s, ".")
	if !ok || arch == "" {
		return "", "", "", bad
	}
	rest, release, ok := cutLast(rest, "-")
	if !ok {
		return "", "", "", bad
	}
	name, version, ok := cutLast(rest, "-")
	if !ok || name == "" {
		return "", "", "", bad
	}
	if e, n, front := strings.Cut(name, ":"); front {
		name, version = n, e+":"+version
	}
	evr = version + "-" + release
	if name == "" || strings.ContainsAny(name+arch, " \t/:") || !IsEVR(evr) {
		return "", "", "", bad
	}
	return name, TrimEpoch(evr), arch, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// Duplicates returns the keys of packages that are installed in more than one
// version although only one can be: the trace of a transaction that was cut
// off between installing the new and erasing the old. Kernels and their modules
// may be there several times.
func Duplicates(list []Installed) []string {
	n := map[string]int{}
	for _, p := range list {
		if !isKernel(p.Name) {
			n[data.Key(p.Name, p.Arch)]++
		}
	}
	var dup []string
	for k, c := range n {
		if c > 1 {
			dup = append(dup, k)
		}
	}
	slices.Sort(dup)
	return dup
}
