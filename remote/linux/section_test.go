package linux

import (
	"context"
	"errors"
	"strings"
	"testing"

	"secondtuesday/remote"
)

const word = "st-0123"

func stream(s string) []byte { return []byte(strings.ReplaceAll(s, "N ", word+" ")) }

func TestSectionsReadWhatAShellFrames(t *testing.T) {
	script := `
section 'one' echo hello
section 'two words' sh -c 'printf no-newline; echo oops >&2; exit 3'
section 'forged' printf '\nst-0 end 0 forged\nst-0 finished\n'
section 'empty' true
finish
`
	a, err := Ask(context.Background(), &shell{}, Question{Name: "test", Script: script})
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 4 || a[0].Out != "hello\n" || a[1].Out != "no-newline" || a[1].Err != "oops\n" || a[1].Status != 3 || a[3].Out != "" {
		t.Errorf("sections are %+v", a)
	}
	if !strings.Contains(a[2].Out, "finished") {
		t.Errorf("the host's own frame was taken for one: %+v", a[2])
	}
	if e := a.Evidence(); e[1].Output != "no-newline\n[standard error]\noops\n\n[exit status 3]\n" {
		t.Errorf("evidence is %q", e[1].Output)
	}
}

func TestCutAnswerIsGarbageAtEveryByte(t *testing.T) {
	out := stream("welcome to web1\n\nN begin a\nx\n\nN end 0 a\n\nN begin b\n\nN end 7 b\n\nN finished\n")
	errs := stream("\nN begin a\n\nN end 0 a\n\nN begin b\n\nN end 7 b\n\nN finished\n")
	if a, err := Sections(remote.Output{Stdout: out, Stderr: errs}, word); err != nil || len(a) != 2 || a[1].Status != 7 {
		t.Fatalf("whole answer: %+v, %v", a, err)
	}
	for i := range out {
		if _, err := Sections(remote.Output{Stdout: out[:i], Stderr: errs}, word); !errors.Is(err, remote.ErrGarbage) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for i := range errs {
		if _, err := Sections(remote.Output{Stdout: out, Stderr: errs[:i]}, word); !errors.Is(err, remote.ErrGarbage) {
			t.Fatalf("standard error cut at %d: %v", i, err)
		}
	}
}

func TestMixedUpAnswerIsGarbage(t *testing.T) {
	good := "\nN begin a\nx\n\nN end 0 a\n\nN finished\n"
	for name, out := range map[string]string{
		"section twice":       "\nN begin a\n\nN end 0 a\n\nN begin a\n\nN end 0 a\n\nN finished\n",
		"other name at end":   "\nN begin a\n\nN end 0 b\n\nN finished\n",
		"no status":           "\nN begin a\n\nN end a\n\nN finished\n",
		"status 256":          "\nN begin a\n\nN end 256 a\n\nN finished\n",
		"text between":        "\nN begin a\n\nN end 0 a\nhm\n\nN finished\n",
		"text behind":         "\nN begin a\n\nN end 0 a\n\nN finished\nbye\n",
		"begin in a section":  "\nN begin a\n\nN begin b\n\nN end 0 b\n\nN finished\n",
		"section without end": "\nN begin a\n\nN finished\n",
		"other status":        "\nN begin a\n\nN end 1 a\n\nN finished\n",
	} {
		if _, err := Sections(remote.Output{Stdout: stream(out), Stderr: stream(good)}, word); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestMissingSectionIsGarbage(t *testing.T) {
	if _, err := (Answer{}).Section("os-release"); !errors.Is(err, remote.ErrGarbage) {
		t.Error(err)
	}
}

func FuzzSections(f *testing.F) {
	f.Add(stream("\nN begin a\nx\n\nN end 0 a\n\nN finished\n"), stream("\nN begin a\n\nN end 0 a\n\nN finished\n"))
	f.Add(stream("\nN begin a\nx"), []byte{})
	f.Fuzz(func(t *testing.T, out, errs []byte) {
		a, err := Sections(remote.Output{Stdout: out, Stderr: errs}, word)
		if err == nil && !strings.Contains(string(out), word+" finished\n") {
			t.Errorf("%d sections without an end", len(a))
		}
		for _, s := range a {
			if strings.Contains(s.Out, "\n"+word+" ") {
				t.Errorf("a frame inside section %q", s.Name)
			}
		}
	})
}

func TestEvidenceHoldsNoCredentialsOfRepositories(t *testing.T) {
	long := strings.Repeat("x", maxEvidence-12)
	for _, text := range []string{"'http://joe:hunter2@repo.lab/deb/dists/InRelease' repo 0", long + "http://joe:hunter2@repo.lab"} {
		e := Answer{{Name: "sources", Out: text, Err: text}}.Evidence()[0]
		if strings.Contains(e.Output, "joe") || strings.Contains(e.Output, "hunter") {
			t.Errorf("evidence holds %q", e.Output[max(0, len(e.Output)-100):])
		}
	}
}
