package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImportsPointOneWay holds every room to the rooms it may import:
// main → ui → app → remote → data. It reads the files itself, so that go
// test's cache sees them change.
func TestImportsPointOneWay(t *testing.T) {
	const module = "secondtuesday/"
	may := map[string][]string{
		"assets": {},
		"data":   {"assets"},
		"remote": {"data", "assets"},
		"app":    {"data", "remote", "assets"},
		"ui":     {"app", "data", "assets", "remote"}, // remote for its error kinds only
		"wire":   {"app", "data", "remote", "assets"},
		"cmd":    {"wire", "app", "data", "remote", "assets"}, // no ui: stctl starts without a graphics library
	}
	for from, allowed := range may {
		eachImport(t, from, func(path, imp string) {
			rest, ours := strings.CutPrefix(imp, module)
			to, _, _ := strings.Cut(rest, "/")
			if strings.HasPrefix(path, "ui/uitest/") && to == "wire" {
				return // opens a whole workspace for the tests of screens
			}
			if ours && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s; %s may import only %v", path, imp, from, allowed)
			}
			if !ours && from != "ui" && strings.HasPrefix(imp, "fyne.io/") {
				t.Errorf("%s imports %s; only ui and main may", path, imp)
			}
		})
	}
	// The hosts that tests play must not agree with a client's mistakes because
	// they share its code.
	eachImport(t, "remote/remotetest/wsman", func(path, imp string) {
		if strings.HasPrefix(imp, module+"remote/winrm") || strings.HasPrefix(imp, "github.com/masterzen/") || strings.HasPrefix(imp, "github.com/bodgit/") {
			t.Errorf("%s imports %s; the endpoint may not know the client", path, imp)
		}
	})
	eachImport(t, "remote/remotetest/windows", func(path, imp string) {
		if strings.HasPrefix(imp, module) {
			t.Errorf("%s imports %s; the make-believe Windows may not know the scripts it tests", path, imp)
		}
	})
	eachImport(t, "data", func(path, imp string) {
		if filepath.Dir(path) == "data" && strings.Contains(strings.Split(imp, "/")[0], ".") {
			t.Errorf("%s imports %s; the nouns need only the standard library", path, imp)
		}
	})
}

func eachImport(t *testing.T, dir string, visit func(path, imp string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			visit(path, imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
