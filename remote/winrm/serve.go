package winrm

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxOrder is the longest line that Serve reads.
const maxOrder = 64 << 20

// Serve is the host's side of the bootstrap, for hosts that tests and the
// practice shop play without PowerShell: it reads the order that a session
// sends, lets run do what the script would do, and prints the reply. It returns
// the exit code; any other command line is none that it knows.
func Serve(line string, stdin io.Reader, stdout, stderr io.Writer, run func(script string, args []string, stdin []byte) (string, error)) int {
	if line != bootstrapLine {
		fmt.Fprintf(stderr, "'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", line)
		return 1
	}
	var r reply
	if o, err := readOrder(stdin); err != nil {
		r.Error = err.Error()
	} else if r.Out, err = run(o.Script, o.Args, o.Stdin); err != nil {
		r.Error = err.Error()
		var code interface{ HResult() uint32 }
		if errors.As(err, &code) {
			r.HResult = int32(code.HResult())
		}
	} else {
		r.OK = true
	}
	b, err := json.Marshal(r)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stdout, "<<ST1:%s:ST1>>\r\n", base64.StdEncoding.EncodeToString(b))
	if !r.OK {
		return 1
	}
	return 0
}

func readOrder(stdin io.Reader) (order, error) {
	var o order
	text, err := bufio.NewReader(io.LimitReader(stdin, maxOrder)).ReadString('\n')
	if err != nil {
		return o, fmt.Errorf("read order: %w", err)
	}
	b, err := base64.StdEncoding.DecodeString(text[:len(text)-1])
	if err != nil {
		return o, fmt.Errorf("read order: %w", err)
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return o, fmt.Errorf("read order: %w", err)
	}
	if sum := sha256.Sum256([]byte(o.Script)); hex.EncodeToString(sum[:]) != o.SHA256 {
		return o, errors.New("the script did not arrive whole")
	}
	return o, nil
}
