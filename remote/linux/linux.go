// Package linux asks and tells what is alike on every Linux host, whatever its
// update system: who it is, when it booted, how a job runs detached on it, how
// it reboots. It knows no package manager and judges nothing.
//
// Scripts are plain POSIX shell. Every answer comes in sections framed by a
// random word, so that a cut answer is an error and host content cannot pass
// for another section.
package linux

import (
	_ "embed"
)

//go:embed prelude.sh
var prelude string

//go:embed facts.sh
var factsScript string

// A Host does what an update system needs of the Linux below it. Platforms
// embed it; its zero value is ready.
type Host struct {
	// StateDir is where jobs are kept on the host; empty: /var/lib/secondtuesday.
	StateDir string
}

func (h Host) stateDir() string {
	if h.StateDir != "" {
		return h.StateDir
	}
	return "/var/lib/secondtuesday"
}
