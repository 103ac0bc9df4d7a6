package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirement matches a line of go.mod: "	filippo.io/age v1.3.2" or
// "	golang.org/x/net v0.60.0 // indirect".
var requirement = regexp.MustCompile(`(?m)^(?:require )?\s*([a-z][^\s]*\.[^\s]*/[^\s]+) (v[^\s]+)( // indirect)?$`)

// TestEveryLibraryIsDecidedOn holds docs/decisions to go.mod: what this program
// itself imports has one line with version, licence and reason, and nothing else has.
func TestEveryLibraryIsDecidedOn(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]string{}
	for _, m := range requirement.FindAllStringSubmatch(string(mod), -1) {
		if m[3] == "" {
			direct[m[1]] = m[2]
		}
	}
	const page = "docs/decisions/0001-dependencies.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range undecided(direct, string(text)) {
		t.Errorf("%s: %s", page, complaint)
	}
	if len(direct) < 10 {
		t.Errorf("found only %d requirements in go.mod", len(direct))
	}
}

// licences are those that may be linked into this program and handed on with it.
var licences = []string{"MIT", "BSD-2", "BSD-3", "ISC", "Apache-2.0", "MPL-2.0"}

// undecided compares the modules, by path, with the table of the page:
//
//	| github.com/adrg/xdg | 0.5.3, 2024-10 | MIT | where a user's data belongs on each system |
func undecided(direct map[string]string, page string) (complaints []string) {
	seen := map[string]bool{}
	for _, line := range strings.Split(page, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(cells[1], "/") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 6 {
			complaints = append(complaints, "cannot read the line "+line)
			continue
		}
		module, release, licence, why := cells[1], cells[2], cells[3], cells[4]
		version, ok := direct[module]
		switch {
		case !ok:
			complaints = append(complaints, module+" has a line, but go.mod does not require it")
		case seen[module]:
			complaints = append(complaints, module+" has two lines")
		case !released(version, release):
			complaints = append(complaints, module+" is decided on as of "+release+", go.mod has "+version)
		}
		seen[module] = true
		if !slices.Contains(licences, licence) {
			complaints = append(complaints, module+" has the licence "+licence)
		}
		if len(strings.Fields(why)) < 3 {
			complaints = append(complaints, module+" has no reason")
		}
	}
	for module := range direct {
		if !seen[module] {
			complaints = append(complaints, "go.mod requires "+module+", which has no line")
		}
	}
	slices.Sort(complaints)
	return complaints
}

// pseudo is a version without a tag: v0.0.0-20241115132648-6f4aee6ccd23.
var pseudo = regexp.MustCompile(`^v0\.0\.0-([0-9]{4})([0-9]{2})[0-9]{8}-[0-9a-f]{12}$`)

// released reports whether the cell names the version: "1.3.2, 2026-08", or the
// month of a version without a tag.
func released(version, cell string) bool {
	if m := pseudo.FindStringSubmatch(version); m != nil {
		return cell == m[1]+"-"+m[2]
	}
	named, _, _ := strings.Cut(cell, ",")
	return "v"+named == version
}

func TestUndecidedLibraryIsFound(t *testing.T) {
	const good = "| module | release | licence | why |\n|---|---|---|---|\n| a.example/x | 1.0.0, 2026-01 | MIT | it does what we need |\n"
	direct := map[string]string{"a.example/x": "v1.0.0"}
	for name, c := range map[string]struct {
		direct map[string]string
		page   string
		want   string
	}{
		"as decided":      {direct, good, ""},
		"no line":         {map[string]string{"a.example/x": "v1.0.0", "b.example/y": "v1.0.0"}, good, "go.mod requires b.example/y, which has no line"},
		"no requirement":  {nil, good, "a.example/x has a line, but go.mod does not require it"},
		"two lines":       {direct, good + good, "a.example/x has two lines"},
		"another version": {map[string]string{"a.example/x": "v1.0.1"}, good, "a.example/x is decided on as of 1.0.0, 2026-01, go.mod has v1.0.1"},
		"without a tag":   {map[string]string{"a.example/x": "v0.0.0-20260115132648-6f4aee6ccd23"}, strings.Replace(good, "1.0.0, 2026-01", "2026-01", 1), ""},
		"no reason":       {direct, strings.Replace(good, "it does what we need", "", 1), "a.example/x has no reason"},
		"no licence":      {direct, strings.Replace(good, "MIT", "", 1), "a.example/x has the licence "},
		"other licence":   {direct, strings.Replace(good, "MIT", "GPL-3", 1), "a.example/x has the licence GPL-3"},
		"missing cell":    {direct, strings.Replace(good, " MIT |", "", 1), "cannot read the line"},
	} {
		got := strings.Join(undecided(c.direct, c.page), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
