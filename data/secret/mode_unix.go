//go:build unix

package secret

import "io/fs"

func readableByOthers(i fs.FileInfo) bool { return i.Mode().Perm()&0o077 != 0 }
