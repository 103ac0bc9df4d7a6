package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"secondtuesday/ui"
)

// pages returns the documents people read, by path: README, changelog, manual
// and decisions.
func pages(t *testing.T) map[string]string {
	t.Helper()
	list := []string{"README.md", "CHANGELOG.md"}
	err := filepath.WalkDir("docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, path := range list {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = string(b)
	}
	return out
}

// [rollouts](rollouts.md#cancel), ![Hosts](pictures/hosts-light.png)
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksInTheDocumentsLeadSomewhere(t *testing.T) {
	all := pages(t)
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			file, heading, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			} else if heading != "" && !slices.Contains(anchors(all[target]), heading) {
				t.Errorf("%s links to %s, which has no such heading", path, m[1])
			}
		}
	}
}

// anchors returns the headings as links write them: "Why not?" is why-not.
func anchors(text string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			title = regexp.MustCompile(`[^\p{L}\p{N} -]`).ReplaceAllString(strings.ToLower(title), "")
			out = append(out, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return out
}

func TestReadmeNamesEveryPageOfTheManual(t *testing.T) {
	all := pages(t)
	for path := range all {
		if strings.HasPrefix(path, "docs/manual/") && !strings.Contains(all["README.md"], "("+path+")") {
			t.Errorf("README.md does not link to %s", path)
		}
	}
}

func TestEveryScreenHasItsPictures(t *testing.T) {
	const most = 300 << 10 // bytes; pictures stay in the history for ever
	for _, screen := range []string{ui.Today, ui.Hosts, ui.Updates, ui.Calendar, ui.Rollouts, ui.Compliance, ui.Standard, ui.Activity, ui.Settings} {
		for _, colours := range []string{"light", "dark"} {
			path := filepath.Join("docs", "manual", "pictures", screen+"-"+colours+".png")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Errorf("%v; make screenshots draws it", err)
				continue
			}
			c, err := png.DecodeConfig(bytes.NewReader(b))
			if err != nil || c.Width < 1000 || c.Height < 600 {
				t.Errorf("%s is %d × %d pixels, %v", path, c.Width, c.Height, err)
			}
			if len(b) > most {
				t.Errorf("%s has %d kB", path, len(b)>>10)
			}
		}
	}
}

// badInputs are the cases that the manual must have a row for.
var badInputs = []string{
	"unreadable CSV", "another program's SQLite file", "workspace from a newer program", "corrupt workspace",
	"unreachable host", "prints garbage", "never answers", "a user without rights",
}

// `data/store` TestForeignFilesAreRefusedUntouched
var testName = regexp.MustCompile("`([a-z/]+)` (Test[A-Za-z0-9]+)")

func TestEveryBadInputOfTheManualHasATest(t *testing.T) {
	b, err := os.ReadFile("docs/manual/bad-input.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{}
	rows := 0
	for _, line := range strings.Split(string(b), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| what ") {
			continue
		}
		rows++
		named := testName.FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("no test in the row %s", line)
		}
		for _, m := range named {
			if tests[m[1]] == nil {
				tests[m[1]] = testsIn(t, m[1])
			}
			if !slices.Contains(tests[m[1]], m[2]) {
				t.Errorf("%s has no %s", m[1], m[2])
			}
		}
	}
	for _, s := range badInputs {
		if !strings.Contains(string(b), s) {
			t.Errorf("there is no row for %q", s)
		}
	}
	if rows < len(badInputs) {
		t.Errorf("read %d rows", rows)
	}
}

// testsIn returns the names of the tests in a folder.
func testsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("there are no tests in %s", dir)
	}
	names := []string{}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(string(b), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

// A command is one node of stctl's tree of commands, as its own help tells it.
type command struct {
	path     string
	children map[string]*command
	flags    map[string]bool // true: it takes a value
}

// "  accept-key  Vouch for the key …" and "      --group GROUP   only the hosts …"
var (
	childLine = regexp.MustCompile(`(?m)^  ([a-z][a-z-]*) +\S`)
	flagLine  = regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)( \S+)?(?: {2,}|$)`)
)

// readCommand asks stctl itself.
func readCommand(t *testing.T, stctl string, words ...string) *command {
	t.Helper()
	out, err := exec.Command(stctl, append(slices.Clone(words), "--help")...).Output()
	if err != nil {
		t.Fatalf("stctl %s --help: %v", strings.Join(words, " "), err)
	}
	c := &command{path: strings.Join(append([]string{"stctl"}, words...), " "), children: map[string]*command{}, flags: map[string]bool{}}
	for _, m := range flagLine.FindAllStringSubmatch(string(out), -1) {
		c.flags[m[1]] = m[2] != ""
	}
	if _, list, ok := strings.Cut(string(out), "Available Commands:\n"); ok {
		list, _, _ = strings.Cut(list, "\n\n")
		for _, m := range childLine.FindAllStringSubmatch(list, -1) {
			if m[1] != "help" && m[1] != "completion" {
				c.children[m[1]] = readCommand(t, stctl, append(slices.Clone(words), m[1])...)
			}
		}
	}
	return c
}

// buildStctl builds the command line with the flags that everything is built with.
func buildStctl(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stctl")
	build := exec.Command("go", "build", "-tags", "migrated_fynedo,x11", "-buildvcs=false", "-o", path, "./cmd/stctl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// Code is what stands in a block of code or between backquotes; a call of stctl
// is at the start of it or behind a separator: "30 5 * * *  stctl scan --all".
var (
	code      = regexp.MustCompile("(?s)```.*?```|`[^`\n]+`")
	stctlCall = regexp.MustCompile("(?m)(?:^|[`|;&*] *|\\./)stctl((?: +[^`|;&\\n]+)?)")
)

func TestEveryCommandInTheDocumentsExists(t *testing.T) {
	root := readCommand(t, buildStctl(t))
	if len(root.children) < 3 || len(root.children["host"].children) < 3 {
		t.Fatalf("stctl's help was not understood: %+v", root)
	}
	calls := 0
	for path, text := range pages(t) {
		text = strings.Join(code.FindAllString(text, -1), "\n")
		for _, m := range stctlCall.FindAllStringSubmatch(text, -1) {
			calls++
			if problem := root.check(strings.Fields(m[1])); problem != "" {
				t.Errorf("%s shows \"stctl%s\": %s", path, m[1], problem)
			}
		}
	}
	if calls < 10 {
		t.Errorf("found only %d calls of stctl", calls)
	}
	checkCallsInStrings(t, root)
	for _, wrong := range [][]string{{"hosts", "list"}, {"host", "lst"}, {"scan", "--al"}, {"--practise"}} {
		if root.check(wrong) == "" {
			t.Errorf("stctl %v was taken for a command", wrong)
		}
	}
}

// What the programs tell people to type: "\"stctl host list\" shows those that are
// there", "Roll it out: stctl rollout start 2", "or with stctl rollout adopt.", an
// example of the help.
var toldCall = regexp.MustCompile(`(?m)(?:["|;] *|: |^ +|\b(?:with|run|by) |, or )stctl((?: [^"|;\n]+)?)`)

// checkCallsInStrings checks the calls that stctl and the desk tell people.
func checkCallsInStrings(t *testing.T, root *command) {
	calls := 0
	eachString(t, func(at, text string) {
		for _, m := range toldCall.FindAllStringSubmatch(text, -1) {
			calls++
			words, _, _ := strings.Cut(m[1], "  ") // an example's own comment
			if problem := root.check(strings.Fields(words)); problem != "" {
				t.Errorf("%s tells people to type \"stctl%s\": %s", at, words, problem)
			}
		}
	})
	if calls < 10 {
		t.Errorf("found only %d calls of stctl in the programs", calls)
	}
}

// check says what is wrong with the words of a call; "" for nothing.
func (c *command) check(words []string) string {
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case strings.HasPrefix(w, "#") || strings.HasPrefix(w, "%") || w == "…" || w == "\\" || w == "help":
			return ""
		case strings.HasPrefix(w, "--"):
			name, _, given := strings.Cut(strings.TrimRight(w[2:], ".,)"), "=")
			value, known := c.flags[name]
			if !known && name != "help" {
				return c.path + " has no flag --" + name
			}
			if value && !given {
				i++
			}
		case len(c.children) > 0:
			next := c.children[strings.TrimRight(w, ".,)")]
			if next == nil {
				return c.path + " has no command " + w
			}
			c = next
		}
	}
	return ""
}

// forbidden are words that the glossary has another one for.
var forbidden = regexp.MustCompile(`(?i)\b(assets?|nodes?|servers?|endpoints?|vulns?)\b`)

// sayable are what the words are part of elsewhere: headings of other
// people's CSV files.
var sayable = []string{"server name", "preparing-a-linux-server.md"}

// TestWordsOnScreenAreTheGlossarys reads the strings of the two programs. Those
// of one lower-case word are names of icons and keys, and nobody reads them.
func TestWordsOnScreenAreTheGlossarys(t *testing.T) {
	read := 0
	eachString(t, func(at, text string) {
		read++
		for _, s := range sayable {
			text = strings.ReplaceAll(text, s, "")
		}
		if word := forbidden.FindString(text); word != "" {
			t.Errorf("%s says %q, for which docs/glossary.md has another word: %q", at, word, text)
		}
	})
	if read < 500 {
		t.Errorf("read only %d strings", read)
	}
}

// eachString visits the strings of the two programs that a person may get to read.
func eachString(t *testing.T, visit func(at, text string)) {
	t.Helper()
	for _, dir := range []string{"ui", "cmd", "app"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			eachText(f, func(lit *ast.BasicLit, text string) { visit(fset.Position(lit.Pos()).String(), text) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// eachText visits the string literals that a person may get to read.
func eachText(f *ast.File, visit func(*ast.BasicLit, string)) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				n.Tag = nil
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n.Kind == token.STRING && err == nil && strings.ContainsAny(text, " ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				visit(n, text)
			}
		}
		return true
	})
}
