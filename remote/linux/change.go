package linux

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"

	"secondtuesday/data"
)

// ChangeScript are the shell functions of a job that changes packages in one
// go; the platform's own script follows it and calls them.
//
//go:embed change.sh
var ChangeScript string

// Planned completes what a simulation told: it sorts the changes by package and
// gives them what only the scan knew, class and severity, and the origin where
// the simulation has none. It returns which of want they do not bring in exactly
// and are not in already, for people: "openssl 3.0.1-1, nginx 1.2-1"; "" is none.
func Planned(c data.Changes, want []data.Target, installed []data.Package) (missing string) {
	for _, list := range [][]data.Target{c.Upgrade, c.Add, c.Remove} {
		slices.SortFunc(list, func(a, b data.Target) int { return strings.Compare(a.Key(), b.Key()) })
	}
	there := map[data.Package]bool{}
	for _, p := range installed {
		there[p] = true
	}
	for _, list := range [][]data.Target{c.Upgrade, c.Add} {
		for i := range list {
			there[data.Package{Name: list[i].Name, Arch: list[i].Arch, Version: list[i].To}] = true
			carry(&list[i], want)
		}
	}
	var words []string
	for _, w := range want {
		if !there[data.Package{Name: w.Name, Arch: w.Arch, Version: w.To}] {
			words = append(words, w.Name+" "+w.To)
		}
	}
	return strings.Join(words, ", ")
}

func carry(t *data.Target, want []data.Target) {
	for _, w := range want {
		if w.Key() == t.Key() {
			t.Class, t.Severity, t.Origin = w.Class, w.Severity, cmp.Or(t.Origin, w.Origin)
		}
	}
}
