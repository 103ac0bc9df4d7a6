package linux

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// maxEvidence is how many bytes of a section are kept as evidence.
const maxEvidence = 256 << 10

// A Question is a script whose answer comes in sections. It may use the shell
// functions of prelude.sh: `section NAME COMMAND …` and `have PROGRAM`; its last
// line must be `finish`. $1, $2, … are Args.
type Question struct {
	Name   string // for people and logs: "apt scan"
	Script string
	Args   []string
	Stdin  []byte
	Root   bool
}

// A Section is what one command of a script printed.
type Section struct {
	Name     string
	Out, Err string
	Status   int
}

// Lines returns the lines of s.Out that are not empty.
func (s Section) Lines() []string {
	var lines []string
	for line := range strings.SplitSeq(s.Out, "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimSuffix(line, "\r"))
		}
	}
	return lines
}

// Word returns s.Out without the white space around it.
func (s Section) Word() string { return strings.TrimSpace(s.Out) }

// An Answer is all sections of a script in their order; no two have one name.
type Answer []Section

// Section returns the section called name. That there is none is remote.ErrGarbage.
func (a Answer) Section(name string) (Section, error) {
	for _, s := range a {
		if s.Name == name {
			return s, nil
		}
	}
	return Section{}, fmt.Errorf("%w: section %q is missing", remote.ErrGarbage, name)
}

// Evidence returns every section as raw evidence, each cut at 256 KiB and
// without the credentials that addresses of repositories hold. What a
// command said on standard error follows its output.
func (a Answer) Evidence() []data.Evidence {
	list := make([]data.Evidence, 0, len(a))
	for _, s := range a {
		text := s.Out
		if s.Err != "" {
			text += "\n[standard error]\n" + s.Err
		}
		if s.Status != 0 {
			text += "\n[exit status " + strconv.Itoa(s.Status) + "]\n"
		}
		text = remote.HideCredentials(text) // before the cut, which may fall into one
		cut := len(text) > maxEvidence
		if cut {
			text = text[:maxEvidence]
		}
		text = strings.ToValidUTF8(text, "\uFFFD")
		list = append(list, data.Evidence{Name: s.Name, Output: text, Cut: cut})
	}
	return list
}

// Ask runs q and returns its sections. An answer that is cut or malformed is
// remote.ErrGarbage; then, as with any error but *remote.ExitError, it is not
// known what the script did.
func Ask(ctx context.Context, s remote.Session, q Question) (Answer, error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("%s: %w", q.Name, err)
	}
	nonce := "st-" + hex.EncodeToString(random[:])
	out, err := s.Run(ctx, remote.Command{
		Name:   q.Name,
		Script: prelude + q.Script,
		Args:   append([]string{nonce}, q.Args...),
		Stdin:  q.Stdin,
		Root:   q.Root,
	})
	if err != nil {
		return nil, err // it names the question already
	}
	a, err := Sections(out, nonce)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.Name, err)
	}
	return a, nil
}

// Sections takes the output of a script apart. Text before the first frame is
// passed over: some logins greet. Anything else outside a section, a section
// cut short, or a difference between the two streams is remote.ErrGarbage.
func Sections(out remote.Output, nonce string) (Answer, error) {
	a, err := frames(string(out.Stdout), nonce)
	if err != nil {
		return nil, fmt.Errorf("%w: standard output: %s", remote.ErrGarbage, err)
	}
	b, err := frames(string(out.Stderr), nonce)
	if err != nil {
		return nil, fmt.Errorf("%w: standard error: %s", remote.ErrGarbage, err)
	}
	if len(a) != len(b) {
		return nil, fmt.Errorf("%w: %d sections on standard output, %d on standard error", remote.ErrGarbage, len(a), len(b))
	}
	seen := map[string]bool{}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Status != b[i].Status || seen[a[i].Name] {
			return nil, fmt.Errorf("%w: section %q is mixed up", remote.ErrGarbage, a[i].Name)
		}
		seen[a[i].Name] = true
		a[i].Err = b[i].Out
	}
	return a, nil
}

// frames reads one stream. A frame is
//
//	\nNONCE begin NAME\n … \nNONCE end STATUS NAME\n
//
// and the last line is \nNONCE finished\n.
func frames(text, nonce string) (Answer, error) {
	mark := "\n" + nonce + " "
	_, rest, ok := strings.Cut(text, mark)
	if !ok {
		return nil, errors.New("nothing was answered")
	}
	var a Answer
	for {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return nil, errors.New("cut in a frame")
		}
		if line == "finished" {
			if after != "" {
				return nil, errors.New("text behind the end")
			}
			return a, nil
		}
		name, ok := strings.CutPrefix(line, "begin ")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q begins nothing", clip(line))
		}
		body, end, ok := strings.Cut(after, mark)
		if !ok {
			return nil, fmt.Errorf("section %q is cut", clip(name))
		}
		s := Section{Name: name, Out: body}
		if rest, s.Status, ok = endFrame(end, name); !ok {
			return nil, fmt.Errorf("section %q does not end", clip(name))
		}
		if rest, ok = strings.CutPrefix(rest, mark); !ok {
			return nil, fmt.Errorf("text behind section %q", clip(name))
		}
		a = append(a, s)
	}
}

// endFrame reads "end STATUS NAME\n" and returns what follows, with the newline
// that starts the next mark.
func endFrame(text, name string) (rest string, status int, ok bool) {
	line, after, ok := strings.Cut(text, "\n")
	if !ok {
		return "", 0, false
	}
	line, ok = strings.CutPrefix(line, "end ")
	if !ok {
		return "", 0, false
	}
	number, got, ok := strings.Cut(line, " ")
	status, err := strconv.Atoi(number)
	if !ok || got != name || err != nil || status < 0 || status > 255 {
		return "", 0, false
	}
	return after, status, true
}

// Tail returns the last n lines of text that are not empty, for a Detail.
func Tail(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.ToValidUTF8(strings.Join(lines, "\n"), "?")
}

// clip keeps an error message short when a host prints rubbish.
func clip(s string) string { return remote.Clip(s, 200, "?") }
