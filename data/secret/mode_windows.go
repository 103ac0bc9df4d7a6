package secret

import "io/fs"

// Windows keeps rights in access lists; the mode tells nothing about others.
func readableByOthers(fs.FileInfo) bool { return false }
