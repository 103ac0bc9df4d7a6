// Package wire is the form in which a command travels to a host: a short
// constant line for the login shell, and on standard input first the script
// and then the script's own input. Both ends of it are here, the other one for
// the hosts that tests and the practice shop play. It does no input or output.
package wire

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Script is what travels on standard input before the script's own input.
type Script struct {
	Nonce string // lower-case letters and digits, another for every command
	Text  string
	Args  []string
}

// Start returns what the script prints on standard output when it starts,
// before "PID PGID\n". What comes before it is noise of the login shell.
func Start(nonce string) string { return "st" + nonce + " " }

// StartErr returns what the script prints on standard error when it starts.
func StartErr(nonce string) string { return "st" + nonce + ".\n" }

// Prompt returns what sudo prints on standard error to ask for the password.
func Prompt(nonce string) string { return "st" + nonce + "?" }

// Elevated returns what the shell that sudo started prints on standard error
// before it reads the script.
func Elevated(nonce string) string { return "st" + nonce + "+" }

// Quote returns s as one word of a POSIX shell. s must not hold NUL.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// The environment of every script. The braces make the shell read all of the
// script before it starts any of it: half a script is a syntax error, not half
// an action. /proc/PID/stat reads "812 (sh) S 811 812 812 0 -1 …"; the fifth
// field is the process group.
const prologue = `{
LC_ALL=C LANG=C LANGUAGE=C TERM=dumb
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL LANG LANGUAGE TERM PATH
unset CDPATH ENV BASH_ENV GREP_OPTIONS POSIXLY_CORRECT
st_g=0
{ IFS=' ' read -r st_a st_b st_c st_d st_g st_e </proc/$$/stat; } 2>/dev/null
`

const epilogue = "\n}\n"

// Encode returns s as it travels.
func (s Script) Encode() []byte {
	var args strings.Builder
	args.WriteString("set --")
	for _, a := range s.Args {
		args.WriteString(" " + Quote(a))
	}
	var b strings.Builder
	// Only the practice host reads this line; to a shell it is a comment.
	fmt.Fprintf(&b, "# st1 %s %d %d\n", s.Nonce, args.Len(), len(s.Text))
	b.WriteString(prologue)
	// %s keeps the marker out of the text, so that an echo of it is no marker.
	fmt.Fprintf(&b, "printf 'st%%s %%s %%s\\n' %s $$ \"$st_g\"; printf 'st%%s.\\n' %s >&2\n", s.Nonce, s.Nonce)
	b.WriteString("unset st_a st_b st_c st_d st_e st_g\n")
	b.WriteString(args.String())
	b.WriteString("\n")
	b.WriteString(s.Text)
	b.WriteString(epilogue)
	return []byte(b.String())
}

// ErrForeign means that a line or a script is not of this form.
var ErrForeign = errors.New("not a command of this program")

// Decode reads what Encode wrote.
func Decode(b []byte) (Script, error) {
	var s Script
	var args, text int
	head, rest, ok := strings.Cut(string(b), "\n")
	if _, err := fmt.Sscanf(head, "# st1 %s %d %d", &s.Nonce, &args, &text); err != nil || !ok {
		return s, ErrForeign
	}
	end := len(rest) - len(epilogue)
	from := end - text - 1 - args
	if args < 0 || text < 0 || from < 0 || end < 0 {
		return s, ErrForeign
	}
	s.Text = rest[end-text : end]
	words, ok := strings.CutPrefix(rest[from:from+args], "set --")
	for ok && words != "" {
		var w string
		w, words, ok = unquote(words)
		s.Args = append(s.Args, w)
	}
	if !ok {
		return s, ErrForeign
	}
	return s, nil
}

// unquote reads one word that Quote wrote, with the blank before it.
func unquote(in string) (word, rest string, ok bool) {
	in, ok = strings.CutPrefix(in, " '")
	if !ok {
		return "", "", false
	}
	for {
		part, after, found := strings.Cut(in, "'")
		if !found {
			return "", "", false
		}
		word += part
		if in, found = strings.CutPrefix(after, `\''`); !found {
			return word, after, true
		}
		word += "'"
	}
}

// How says as whom a line runs.
type How int

// The ways to run a line.
const (
	Direct   How = iota
	Sudo         // sudo that needs no password
	SudoAsks     // sudo that reads the password from standard input
)

// A Line is what the login shell gets to see.
type Line struct {
	How   How
	Nonce string // of SudoAsks only
	Size  int    // bytes of the encoded script
}

// dd reads exactly this many bytes and leaves the rest of standard input to
// the script. BusyBox's head -c reads ahead and would swallow it.
func reader(n int) string {
	return fmt.Sprintf(`eval "$(dd bs=%d count=1 iflag=fullblock 2>/dev/null)"`, n)
}

// String returns the line. It holds nothing but constants, a number and the
// nonce, and means the same to sh, csh and fish.
func (l Line) String() string {
	switch l.How {
	case Sudo:
		return "exec env LC_ALL=C sudo -n sh -c '" + reader(l.Size) + "'"
	case SudoAsks:
		return "exec env LC_ALL=C sudo -k -S -p '" + Prompt(l.Nonce) + "' sh -c 'printf %s " +
			`"` + Elevated(l.Nonce) + `" >&2; ` + reader(l.Size) + "'"
	}
	return "exec sh -c '" + reader(l.Size) + "'"
}

var lineForm = regexp.MustCompile(`^exec (env LC_ALL=C sudo -(n|k -S -p 'st([0-9a-z]+)\?') )?sh -c '.*dd bs=([0-9]+) `)

// ParseLine reads what Line.String wrote.
func ParseLine(s string) (Line, error) {
	m := lineForm.FindStringSubmatch(s)
	if m == nil {
		return Line{}, ErrForeign
	}
	n, err := strconv.Atoi(m[4])
	if err != nil {
		return Line{}, ErrForeign
	}
	l := Line{Size: n, Nonce: m[3]}
	switch {
	case m[3] != "":
		l.How = SudoAsks
	case m[1] != "":
		l.How = Sudo
	}
	if l.String() != s {
		return Line{}, ErrForeign
	}
	return l, nil
}

// Probe asks a host how to become root there. It prints the user's number,
// then, unless that is 0, "none" without sudo, "free" where sudo needs no
// password, or "asks" and what sudo said. With the argument "direct" it does
// not try sudo.
const Probe = `u=$(id -u) || exit 1
echo "$u"
if [ "$u" = 0 ] || [ "$1" = direct ]; then exit 0; fi
command -v sudo >/dev/null 2>&1 || { echo none; exit 0; }
if [ "$1" = password ]; then echo asks; exit 0; fi
if e=$(sudo -n sh -c : 2>&1 </dev/null); then echo free; exit 0; fi
echo asks
printf '%s\n' "$e"
`

// Kill ends the process group $1, or where that is not known, 0, the process
// $2: asked first, then forced. Only "kill -TERM -812" means the same to dash,
// bash and BusyBox: with "--" or "-s" each of them has its own view.
const Kill = `case $1 in 0) t=$2 ;; *) t=-$1 ;; esac
kill -TERM "$t" 2>/dev/null || exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do
	kill -0 "$t" 2>/dev/null || exit 0
	sleep 0.1
done
kill -KILL "$t"
`
