//go:build unix

package secret

import (
	"os"
	"syscall"
	"testing"
)

func TestPassphraseComesFromAFileDescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w.WriteString("piped\n")
	w.Close()
	fd, err := syscall.Dup(int(r.Fd())) // PassphraseFD closes the one it is given
	if err != nil {
		t.Fatal(err)
	}
	if got, err := PassphraseFD(fd); err != nil || got.Reveal() != "piped" {
		t.Errorf("got %q and %v", got.Reveal(), err)
	}
	if _, err := PassphraseFD(fd); err == nil {
		t.Error("a closed file descriptor is read")
	}
}
