package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/manual anew")

const manual = "../../docs/manual/"

// everyCommand visits the commands that a person may type, parents first.
func everyCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		if c.Name() != "help" && c.Name() != "completion" {
			everyCommand(c, visit)
		}
	}
}

func TestEveryCommandAndFlagExplainsItself(t *testing.T) {
	root := newCLI(nil, os.Stdout, os.Stderr).root()
	everyCommand(root, func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s has no short description", cmd.CommandPath())
		}
		if !cmd.HasSubCommands() && cmd.Example == "" && cmd.Long == "" {
			t.Errorf("%s has neither example nor long description", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s says nothing about itself", cmd.CommandPath(), f.Name)
			}
			alone := pflag.NewFlagSet("", pflag.ContinueOnError)
			alone.AddFlag(f)
			if line := alone.FlagUsages(); strings.Count(line, "default") > 1 {
				t.Errorf("%s tells two defaults: %s", cmd.CommandPath(), line)
			}
		})
		if text := cmd.Short + cmd.Long; strings.Contains(text, "server") || strings.Contains(text, " node") {
			t.Errorf("%s says server or node for host", cmd.CommandPath())
		}
	})
}

// TestExamplesAreReal reads the commands and flags of every example.
func TestExamplesAreReal(t *testing.T) {
	root := newCLI(nil, os.Stdout, os.Stderr).root()
	everyCommand(root, func(cmd *cobra.Command) {
		text := strings.ReplaceAll(cmd.Example, "\\\n", " ")
		for _, line := range strings.Split(text, "\n") {
			_, call, ok := strings.Cut(line, "stctl ")
			if !ok {
				continue
			}
			words := exampleWords(call)
			found, rest, err := root.Find(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "--practice" }))
			if err != nil || found == root {
				t.Errorf("example of %s: %q is no command (%v)", cmd.CommandPath(), line, err)
				continue
			}
			for _, w := range rest {
				name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
				if strings.HasPrefix(w, "--") && found.Flag(name) == nil {
					t.Errorf("example of %s: %s has no flag --%s", cmd.CommandPath(), found.CommandPath(), name)
				}
			}
		}
	})
}

// exampleWords splits a line as a shell does, up to a comment or a second command.
func exampleWords(s string) []string {
	var words []string
	for _, part := range strings.FieldsFunc(s, func() func(rune) bool {
		quoted := false
		return func(r rune) bool {
			if r == '"' {
				quoted = !quoted
			}
			return r == ' ' && !quoted
		}
	}()) {
		if strings.HasPrefix(part, "#") || part == "||" || part == "|" {
			break
		}
		words = append(words, strings.Trim(part, `"`))
	}
	return words
}

// pick("plan", …): where nothing fits, "stctl plan list" is named.
var picked = regexp.MustCompile(`\bpick\("([a-z ]+)"`)

func TestWhatIsPickedCanBeListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	root, kinds := newCLI(nil, os.Stdout, os.Stderr).root(), 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range picked.FindAllStringSubmatch(string(text), -1) {
			kinds++
			if cmd, _, err := root.Find(append(strings.Fields(m[1]), "list")); err != nil || cmd.Name() != "list" {
				t.Errorf("%s names \"stctl %s list\", which is no command", path, m[1])
			}
		}
	}
	if kinds < 4 {
		t.Errorf("found only %d kinds", kinds)
	}
}

// TestManualIsWhatTheProgramSays holds the page about stctl to the program;
// with -update it writes the page anew.
func TestManualIsWhatTheProgramSays(t *testing.T) {
	want := commandPage(t)
	if *update {
		if err := os.WriteFile(manual+"stctl.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, readPage(t, "stctl.md")); diff != "" {
		t.Errorf("stctl.md is not what the program says (go test ./cmd/stctl -run Manual -update writes it):\n%s", diff)
	}
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(manual + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
}

func TestExitCodesAreInTheManual(t *testing.T) {
	page := readPage(t, "exit-codes.md")
	for _, w := range exitWords {
		if row := fmt.Sprintf("| %d | %s |", w.code, w.text); !strings.Contains(page, row) {
			t.Errorf("exit-codes.md lacks the row %s", row)
		}
	}
}

func commandPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# stctl, the command line\n\nThis page is made from the program (`go test ./cmd/stctl -run Manual -update`). Any command with `--help` says the same.\nExit codes have a page of their own: [exit-codes.md](exit-codes.md).\n")
	everyCommand(newCLI(nil, os.Stdout, os.Stderr).root(), func(cmd *cobra.Command) {
		fmt.Fprintf(&b, "\n## %s\n%s.\n", cmd.CommandPath(), cmd.Short)
		if cmd.Long != "" {
			fmt.Fprintf(&b, "\n```text\n%s\n```\n", cmd.Long)
		}
		if !cmd.HasSubCommands() {
			fmt.Fprintf(&b, "\n```text\n%s\n```\n", cmd.UseLine())
		}
		if cmd.Example != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", cmd.Example)
		}
		flags := cmd.NonInheritedFlags().FlagUsages()
		if flags != "" {
			fmt.Fprintf(&b, "\n```text\n%s```\n", flags)
		}
	})
	b.WriteString("\n## What --json prints\n" + `
One JSON document on standard output, whatever happens; ` + "`rollout watch`" + ` prints one a line. Times are UTC (RFC 3339). A
field marked "optional" is left out where it is not known or not set. Fields are added, never renamed. An error is an
object with the one field ` + "`error`" + `; commands that print results of several hosts tell errors in them. Changes print
` + "`doneJSON`" + `.
`)
	writeShapes(t, &b)
	return b.String()
}

// printed says which command prints which shape.
var printed = []struct {
	commands string
	shape    any
}{
	{"any, when it fails: the field `error`", errorJSON{}},
	{"changes that have nothing else to tell", doneJSON{}},
	{"host list (a list), host show (with more)", hostJSON{}},
	{"host show", hostShowJSON{}}, {"host accept-key", keyJSON{}}, {"host duplicates (a list)", duplicateJSON{}}, {"host group list (a list)", groupJSON{}},
	{"import", importJSON{}}, {"export --out", exportJSON{}}, {"scan (a list)", scanResultJSON{}}, {"doctor", doctorJSON{}},
	{"status", statusJSON{}}, {"status HOST", hostMissingJSON{}}, {"updates (a list)", updateRowJSON{}}, {"updates UPDATE (a list)", updateOnJSON{}},
	{"plan make, plan show; plan list (a list, without hosts)", planJSON{}},
	{"rollout show, the end of rollout watch; rollout list, run-due, --drive (a list)", rolloutJSON{}},
	{"rollout show --host, lines of rollout watch", runJSON{}}, {"rollout log (a list)", logJSON{}},
	{"window add, edit, next WINDOW; window list (a list)", windowJSON{}}, {"window next (a list)", occurrenceJSON{}},
	{"window check", agendaJSON{}}, {"window freeze list (a list)", freezeJSON{}},
	{"standard show, use, templates TEMPLATE; templates, history (a list)", standardJSON{}}, {"standard rule add, edit, remove, move", standardChangeJSON{}}, {"standard check (a list)", doubtJSON{}},
	{"compliance", complianceJSON{}}, {"exception list (a list)", exceptionJSON{}},
	{"audit list (a list)", auditJSON{}}, {"audit verify", verifyJSON{}}, {"secret set, secret delete", secretDone{}},
	{"practice info", practiceJSON{}}, {"version", versionJSON{}},
}

// writeShapes lists the fields of all that is printed, each shape once.
func writeShapes(t *testing.T, b *strings.Builder) {
	comments := fieldComments(t)
	var later []reflect.Type
	done := map[reflect.Type]bool{}
	for _, p := range printed {
		done[reflect.TypeOf(p.shape)] = true
	}
	list := func(typ reflect.Type, by string) {
		fmt.Fprintf(b, "\n### %s\n%s\n", typ.Name(), by)
		for _, f := range reflect.VisibleFields(typ) {
			name, options, tagged := strings.Cut(f.Tag.Get("json"), ",")
			if !tagged && name == "" {
				continue // an embedded shape, whose fields follow by themselves
			}
			kind, inner := kindOf(f.Type)
			if inner != nil && !done[inner] {
				done[inner] = true
				later = append(later, inner)
			}
			line := "- `" + name + "`: " + kind
			if options != "" {
				line += ", optional"
			}
			if c := comments[name+" "+typ.Name()]; c != "" {
				line += "; " + c
			}
			b.WriteString(line + "\n")
		}
	}
	for _, p := range printed {
		list(reflect.TypeOf(p.shape), "Printed by: "+p.commands+".\n")
	}
	for i := 0; i < len(later); i++ {
		list(later[i], "Part of the above.\n")
	}
}

func kindOf(t reflect.Type) (kind string, inner reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Slice:
		if t.Name() == "RawMessage" {
			return "any JSON", nil
		}
		k, in := kindOf(t.Elem())
		return "list of " + k, in
	case reflect.Map:
		k, in := kindOf(t.Elem())
		return "object of " + k, in
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return "time", nil
		}
		return "`" + t.Name() + "`", t
	case reflect.Bool:
		return "true or false", nil
	case reflect.String:
		return "text", nil
	}
	return "number", nil
}

// fieldComments reads the comments beside the fields, by "field shape".
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					if field.Tag == nil || field.Comment == nil {
						continue
					}
					tag, err := strconv.Unquote(field.Tag.Value)
					if err != nil {
						t.Fatal(err)
					}
					name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
					out[name+" "+spec.Name.Name] = strings.TrimSpace(field.Comment.Text())
				}
			}
			return true
		})
	}
	return out
}
