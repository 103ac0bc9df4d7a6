package zypper

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

// TestReplacementIsAnUpdate: zypper 1.14.89, info --obsoletes, November 2026;
// the second package has the form that several obsoletes take.
func TestReplacementIsAnUpdate(t *testing.T) {
	const info = `
Information for package labobs-ng:
----------------------------------
Name           : labobs-ng
Description    : 
    Lab test package labobs-ng.
Obsoletes      : labobs < 2


Information for package other:
------------------------------
Obsoletes      : [2]
    old-a < 3
    old-b

Information for package labnew:
-------------------------------
Obsoletes      : ---
`
	c := data.Changes{
		Add:    []data.Target{{Name: "labnew", Arch: "noarch", To: "1.0-1"}, {Name: "labobs-ng", Arch: "noarch", To: "2.0-1", Origin: "lab"}, {Name: "other", Arch: "noarch", To: "3-1"}},
		Remove: []data.Target{{Name: "labobs", Arch: "noarch", From: "1.0-1"}, {Name: "old-a", Arch: "noarch", From: "1-1"}, {Name: "old-b", Arch: "noarch", From: "2-1"}},
	}
	want := []data.Update{
		{Name: "labobs-ng", Arch: "noarch", Installed: "1.0-1", Available: "2.0-1", Origin: "lab", Replaces: "labobs"},
		{Name: "other", Arch: "noarch", Installed: "2-1", Available: "3-1", Replaces: "old-a, old-b"},
	}
	if diff := cmp.Diff(want, replacements(c, parseObsoletes(info))); diff != "" {
		t.Error(diff)
	}
}
