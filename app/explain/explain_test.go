package explain_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secondtuesday/app"
	"secondtuesday/app/explain"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// kindsIn returns the exported error variables and error types that the Go
// files of a folder declare, as "package.Name".
func kindsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	var out []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					for _, n := range s.Names {
						if g.Tok == token.VAR && strings.HasPrefix(n.Name, "Err") {
							out = append(out, f.Name.Name+"."+n.Name)
						}
					}
				case *ast.TypeSpec:
					if s.Name.IsExported() && strings.HasSuffix(s.Name.Name, "Error") {
						out = append(out, f.Name.Name+"."+s.Name.Name)
					}
				}
			}
		}
	}
	return out
}

// explained returns what this package speaks of, as "package.Name".
func explained(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, path := range []string{"explain.go", "kinds.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok {
					out = append(out, x.Name+"."+s.Sel.Name)
				}
			}
			return true
		})
	}
	return out
}

func TestEveryKindOfErrorHasWords(t *testing.T) {
	words := explained(t)
	total := 0
	for _, dir := range []string{"../../remote", "../../data", "../../data/store", "../../data/secret", ".."} {
		for _, kind := range kindsIn(t, dir) {
			total++
			if !slices.Contains(words, kind) {
				t.Errorf("%s (in %s) has no words: a person would read its bare text", kind, dir)
			}
		}
	}
	if total < 18 {
		t.Errorf("only %d kinds were found; the search is blind", total)
	}
}

func TestWordsAreWhole(t *testing.T) {
	for _, err := range []error{
		remote.ErrUnreachable, remote.ErrTimeout, remote.ErrLoginRefused, remote.ErrNoPrivilege, remote.ErrSudoPassword, remote.ErrBusy,
		remote.ErrTooMuchOutput, remote.ErrLost, remote.ErrGarbage, remote.ErrNotSupported,
		&remote.HostKeyUnknownError{Host: "web1", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"},
		&remote.HostKeyChangedError{Host: "web1", Known: []string{"SHA256:abc"}, Shown: "SHA256:def", Where: "known_hosts:3"},
		&remote.HostKeyChangedError{Host: "win1:5986", Type: remote.TypeCertificate, Known: []string{"a"}, Shown: "b"},
		&remote.HostKeyUnknownError{Host: "win1:5986", Type: remote.TypeCertificate, Fingerprint: "SHA256:AB", Certificate: &remote.Certificate{Subject: "CN=win1", Why: "x"}},
		&remote.ExitError{Name: "apt scan", Status: 100, Stderr: "one\nE: lock"},
		store.ErrNotFound, store.ErrConflict, store.ErrForeign, store.ErrNewer, store.ErrCorrupt, store.ErrFull, store.ErrBusy,
		secret.ErrNoKeyring, secret.ErrPassphrase, app.ErrElsewhere, app.ErrLookFirst, &app.ImportError{Problems: []app.ImportProblem{{Line: 4, Text: "no name"}}},
		data.ErrNoExposure, context.DeadlineExceeded, context.Canceled, &fs.PathError{Op: "open", Path: "/x", Err: os.ErrNotExist},
		&fs.PathError{Op: "open", Path: "/x", Err: os.ErrPermission}, errors.New("something else"),
	} {
		w := explain.Of(fmt.Errorf("scan host web1: %w", err))
		for part, text := range map[string]string{"title": w.Title, "sentence": w.Sentence, "next step": w.Next} {
			if text == "" {
				t.Errorf("%v: no %s", err, part)
			}
		}
		if strings.HasSuffix(w.Title, ".") || !strings.HasSuffix(w.Sentence, ".") || !strings.HasSuffix(w.Next, ".") {
			t.Errorf("%v: a title has no full stop, sentences have one: %+v", err, w)
		}
		if !strings.Contains(w.Detail, err.Error()) {
			t.Errorf("%v: detail %q hides it", err, w.Detail)
		}
	}
}

func TestUnknownIsNotCalledFailed(t *testing.T) {
	if w := explain.Of(remote.ErrLost); !strings.Contains(w.Next, "not known") {
		t.Errorf("a lost connection must say that the outcome is not known: %q", w.Next)
	}
	if w := explain.Of(&remote.ExitError{Name: "apt install", Status: 100}); !strings.Contains(w.Title, "failed") {
		t.Errorf("an exit status is a failure: %q", w.Title)
	}
}

func TestNoErrorHasNoWords(t *testing.T) {
	if w := explain.Of(nil); w != (explain.Words{}) {
		t.Errorf("words for nil: %+v", w)
	}
}

func TestChangedKeyShowsBothKeys(t *testing.T) {
	w := explain.Of(&remote.HostKeyChangedError{Host: "web1", Known: []string{"ssh-ed25519 SHA256:abc"}, Shown: "ssh-ed25519 SHA256:def", Where: "known_hosts:3"})
	for _, part := range []string{"web1", "SHA256:abc", "SHA256:def", "known_hosts:3"} {
		if !strings.Contains(w.Sentence, part) {
			t.Errorf("%q does not name %s", w.Sentence, part)
		}
	}
}

func TestATitleIsNotSaidTwice(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("connect to web1: %w: dial tcp 192.0.2.1:22: refused", remote.ErrUnreachable), "Host is unreachable: Connect to web1: dial tcp 192.0.2.1:22: refused."},
		{fmt.Errorf("%w: %w: refused", remote.ErrUnreachable, remote.ErrUnreachable), "Host is unreachable: Refused."},
		{fmt.Errorf("connect to web1: %w", remote.ErrUnreachable), "Host is unreachable: Connect to web1: host is unreachable."},
		{fmt.Errorf("read login web1: %w: locked", secret.ErrNoKeyring), "Keyring cannot be used: Read login web1: locked."},
		{fmt.Errorf("connect to web1: %w for user ops: no password", remote.ErrLoginRefused), "Login refused: Connect to web1: login refused for user ops: no password."},
	} {
		if w := explain.Of(c.err); w.Title+": "+w.Sentence != c.want {
			t.Errorf("%s: %s", w.Title, w.Sentence)
		}
	}
}
