package wire

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var scripts = []Script{
	{Nonce: "0a1b"},
	{Nonce: "0a1b", Text: ":"},
	{Nonce: "0a1b", Text: "echo 'a\nb' # comment", Args: []string{"", "it's", "'", "''", "a\nb", "\\", " '", "' '", "}\n"}},
	{Nonce: "0a1b", Text: Probe, Args: []string{"password"}},
}

func TestScriptIsReadAsWritten(t *testing.T) {
	for _, s := range scripts {
		got, err := Decode(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, got); d != "" {
			t.Error(d)
		}
	}
}

func TestLineIsReadAsWritten(t *testing.T) {
	for _, l := range []Line{{Size: 1}, {How: Sudo, Size: 12345}, {How: SudoAsks, Nonce: "0a1b", Size: 7}} {
		got, err := ParseLine(l.String())
		if err != nil || got != l {
			t.Errorf("%s: got %+v and %v", l, got, err)
		}
		if strings.ContainsAny(l.String(), "\\!\n") || len(l.String()) > 200 {
			t.Errorf("login shells of all kinds do not read this alike: %s", l)
		}
	}
	for _, s := range []string{"", "ls", "exec sh -c 'rm -rf /'", Line{Size: 5}.String() + "; id"} {
		if _, err := ParseLine(s); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: got %v, want a foreign line", s, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range scripts {
		f.Add(s.Encode())
	}
	f.Add([]byte("# st1 x -1 -1\n"))
	f.Add([]byte("# st1 x 99999999999 3\n}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err == nil && len(s.Text) > len(b) {
			t.Error("more came out than went in")
		}
	})
}

// FuzzQuote sends an argument through a real shell and back.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "it's", "$(id)", "`id`", "a\nb\n", "\\", "'", "''", "\x80\xff\x01", "-n", "!!", "\r", "~", "*"} {
		f.Add(s)
	}
	var shells []string
	for _, name := range []string{"sh", "bash", "dash"} {
		if path, err := exec.LookPath(name); err == nil && !slices.Contains(shells, path) {
			shells = append(shells, path)
		}
	}
	if len(shells) == 0 {
		f.Fatal("there is no POSIX shell")
	}
	f.Fuzz(func(t *testing.T, arg string) {
		if strings.ContainsRune(arg, 0) {
			t.Skip() // refused by remote.Session, and impossible in a shell
		}
		for _, sh := range shells {
			c := exec.Command(sh, "-c", `printf '%s' `+Quote(arg)+`; printf '|%s' $#`)
			c.Env = []string{"LC_ALL=C"}
			out, err := c.CombinedOutput()
			if err != nil || string(out) != arg+"|0" {
				t.Fatalf("%s: %q came back as %q (%v)", sh, arg, out, err)
			}
		}
	})
}

// play gives a login shell the line, as sshd does.
func play(t *testing.T, shell []string, s Script, input string, cut int) (stdout, stderr string, err error) {
	t.Helper()
	script := s.Encode()
	c := exec.Command(shell[0], append(shell[1:], "-c", Line{Size: len(script)}.String())...)
	c.Stdin = strings.NewReader((string(script) + input)[:len(script)+len(input)-cut])
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	return out.String(), errs.String(), err
}

func TestLoginShellsOfAllKindsRunTheLine(t *testing.T) {
	tried := 0
	for _, shell := range [][]string{{"sh"}, {"bash"}, {"dash"}, {"busybox", "sh"}, {"tcsh"}, {"csh"}, {"fish"}, {"zsh"}, {"ksh"}} {
		path, err := exec.LookPath(shell[0])
		if err != nil {
			continue // sh and bash are everywhere; the others are a bonus, counted below
		}
		tried++
		shell[0] = path
		s := Script{Nonce: "n0", Text: `printf '%s|' "$@"; cat; exit 3`, Args: []string{"a'b", "$(id)", "c\nd"}}
		out, errs, err := play(t, shell, s, "input\x00\n", 0)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 3 {
			t.Errorf("%v: got %v, want exit status 3 (%s)", shell, err, errs)
		}
		mark, rest, _ := strings.Cut(out, "\n")
		if !strings.HasPrefix(mark, Start("n0")) || rest != "a'b|$(id)|c\nd|input\x00\n" || errs != StartErr("n0") {
			t.Errorf("%v: got %q and %q", shell, out, errs)
		}
	}
	if tried < 3 {
		t.Errorf("only %d shells were here to try", tried)
	}
}

// The last byte is a line feed, which the shell does not need.
func TestHalfAScriptDoesNothing(t *testing.T) {
	s := Script{Nonce: "n0", Text: "echo first\necho second\necho third"}
	for cut := 2; cut < len(s.Encode()); cut += 7 {
		out, _, _ := play(t, []string{"sh"}, s, "", cut)
		if out != "" {
			t.Fatalf("without the last %d bytes it printed %q", cut, out)
		}
	}
}
