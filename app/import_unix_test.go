//go:build unix

package app

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A configuration from elsewhere may name anything in its Include. The test
// would never end if a pipe were opened.
func TestIncludeOpensRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "large"), []byte(strings.Repeat("# x\n", maxIncludeBytes/4+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"pipe": "no regular file", "link": "no regular file", "/dev/zero": "no regular file", dir: "no regular file", "large": "larger than 1 MB",
	} {
		p, err := ReadOpenSSH(strings.NewReader("Include "+file+"\nHost web1\n"), false, SSHFiles(dir, dir))
		if err != nil {
			t.Fatal(err)
		}
		if b := p.Bad(); len(b) != 1 || b[0].Line != 1 || !strings.Contains(b[0].Text, want) || len(p.Rows) != 1 {
			t.Errorf("Include %s: %v, %d rows", file, p.Problems, len(p.Rows))
		}
	}
}
