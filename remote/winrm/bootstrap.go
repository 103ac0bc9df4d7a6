package winrm

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"secondtuesday/remote"
)

// bootstrap is the only thing that ever stands on a command line. It takes the
// script, its arguments and its input as data from standard input, and prints
// what came of it between markers: Windows adds what it likes before and after.
//
//go:embed run.ps1
var bootstrap string

// Bootstrap is the script on the command line, run.ps1, for people who must
// allow it.
func Bootstrap() string { return bootstrap }

// maxLine is what cmd.exe takes, from Microsoft's KB 830473.
const maxLine = 8191

// bootstrapLine is constant, below maxLine (a test says so), and free of
// characters that cmd.exe knows.
var bootstrapLine = remote.PowerShellLine(bootstrap)

// An order is what the bootstrap reads.
type order struct {
	Script string   `json:"script"`
	SHA256 string   `json:"sha256"`
	Args   []string `json:"args"`
	Stdin  []byte   `json:"stdin"`
}

// payload returns the line that the bootstrap reads for c.
func payload(c remote.Command) ([]byte, error) {
	for _, s := range append([]string{c.Script}, c.Args...) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return nil, fmt.Errorf("the script or an argument is not text")
		}
	}
	sum := sha256.Sum256([]byte(c.Script))
	o := order{Script: c.Script, SHA256: hex.EncodeToString(sum[:]), Args: c.Args, Stdin: c.Stdin}
	if o.Args == nil {
		o.Args = []string{} // PowerShell makes one empty argument of null
	}
	if o.Stdin == nil {
		o.Stdin = []byte{}
	}
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return append([]byte(base64.StdEncoding.EncodeToString(b)), '\n'), nil
}

// A reply is what the bootstrap prints.
type reply struct {
	OK      bool   `json:"ok"`
	Out     string `json:"out"`
	Error   string `json:"error"`
	HResult int32  `json:"hresult"`
}

var (
	marked = regexp.MustCompile(`<<ST1:([A-Za-z0-9+/=\s]*):ST1>>`)
	modes  = regexp.MustCompile(`<<ST1!([A-Za-z]{1,40})!ST1>>`)
)

// result reads what a command printed. What stands beside the markers is kept
// as its standard error, for people; it proves nothing.
func (k *keeper) result(exit int) (remote.Output, error) {
	out := remote.Output{Stderr: []byte(complaints(k.stderr.Bytes()))}
	found := marked.FindAllSubmatch(k.stdout.Bytes(), 2)
	switch {
	case len(found) > 1:
		return out, fmt.Errorf("%w: PowerShell answered twice", remote.ErrGarbage)
	case len(found) == 0:
		return out, k.silence(exit, string(out.Stderr))
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(found[0][1])), ""))
	if err != nil {
		return out, fmt.Errorf("%w: PowerShell's answer is not base64", remote.ErrGarbage)
	}
	var r reply
	if err := json.Unmarshal(b, &r); err != nil {
		return out, fmt.Errorf("%w: PowerShell's answer: %w", remote.ErrGarbage, err)
	}
	out.Stdout = []byte(r.Out)
	if !r.OK {
		why := lastLines(r.Error)
		if r.HResult != 0 {
			why = fmt.Sprintf("%s (0x%08X)", why, uint32(r.HResult))
		}
		return out, &remote.ExitError{Status: 1, Stderr: why}
	}
	return out, nil
}

// silence tells why the bootstrap printed no answer: it did not run, or not to
// its end.
func (k *keeper) silence(exit int, stderr string) error {
	if m := modes.FindSubmatch(k.stdout.Bytes()); m != nil {
		return fmt.Errorf("%w: its language mode is %s", remote.ErrConstrained, m[1])
	}
	// "This script contains malicious content and has been blocked by your antivirus software."
	if strings.Contains(stderr, "malicious content") {
		return fmt.Errorf("%w: %s", remote.ErrBlocked, lastLines(stderr))
	}
	said := strings.TrimSpace(stderr + "\n" + k.stdout.String())
	return fmt.Errorf("%w: PowerShell ended with status %d and no answer: %s", remote.ErrGarbage, exit, lastLines(said))
}

// lastLines returns the end of s, fit to show.
func lastLines(s string) string {
	s = strings.TrimSpace(remote.CleanText(s))
	if len(s) > 1000 {
		s = "…" + strings.ToValidUTF8(s[len(s)-1000:], "")
	}
	return s
}

// complaints returns standard error as text. PowerShell writes CLIXML there:
// "#< CLIXML\r\n<Objs …><S S="Error">text_x000D__x000A_</S></Objs>".
func complaints(b []byte) string {
	at := bytes.Index(b, []byte("#< CLIXML"))
	if at < 0 {
		return string(b)
	}
	text := strings.Builder{}
	text.Write(b[:at])
	d := xml.NewDecoder(bytes.NewReader(b[at+len("#< CLIXML"):]))
	for {
		token, err := d.Token()
		if err != nil {
			break // cut short, or not XML: what was read counts
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "S" || !hasAttr(start, "S", "Error") {
			continue
		}
		var s string
		if d.DecodeElement(&s, &start) != nil {
			break
		}
		text.WriteString(strings.NewReplacer("_x000D_", "", "_x000A_", "\n").Replace(s))
	}
	return text.String()
}

func hasAttr(e xml.StartElement, name, value string) bool {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Value == value {
			return true
		}
	}
	return false
}
