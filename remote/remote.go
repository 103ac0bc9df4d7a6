// Package remote opens sessions on hosts and runs commands in them. What the
// commands are, and what their output means, is left to one package per update
// system below it. It judges nothing, stores nothing and asks nobody: who must
// be asked (an unknown host key, a missing passphrase) is an error or a
// callback of the caller.
package remote

import (
	"context"
	"time"

	"secondtuesday/data"
)

// A Session is a logged-in connection to one host. It may be used by several
// goroutines.
type Session interface {
	// Run runs c on the host and waits for it. A command that ran and failed
	// is an *ExitError; any other error means that it is not known whether it
	// ran, or what it did. Output holds what arrived, also beside an error.
	// When ctx ends, Run ends the command on the host too.
	Run(ctx context.Context, c Command) (Output, error)

	// Close ends the connection. Commands still running are ended.
	Close() error
}

// A Dialer opens sessions.
type Dialer interface {
	Dial(ctx context.Context, h data.Host) (Session, error)
}

// A Command is one script to run on a host. Only the name of the interpreter
// and a byte count stand on the remote command line: the script, its arguments
// and its input travel on standard input, so that no value ever meets a shell
// unquoted or shows in the host's process list.
type Command struct {
	Name   string   // for people, logs and evidence: "apt scan"
	Script string   // POSIX shell, a constant of this program; runs with LC_ALL=C and a sane PATH
	Args   []string // become $1, $2, …; any bytes but NUL
	Stdin  []byte   // what the script reads on standard input
	Root   bool     // run as root; ErrNoPrivilege when there is no way to
	Limit  int      // bytes kept of each of stdout and stderr; 0 means DefaultLimit; more is ErrTooMuchOutput
}

// DefaultLimit is the number of bytes kept of each stream of a command.
const DefaultLimit = 16 << 20

// Output is what a command printed.
type Output struct {
	Stdout, Stderr []byte
}

// A Job is a piece of work that runs detached on a host, so that it outlives
// the session, the line and the desk.
type Job struct {
	ID        string        // lower-case letters, digits and hyphens, 8 to 64 bytes; made once, starts once
	Changes   data.Changes  // what to do, and nothing else
	StopAfter time.Duration // from its start, by the host's own clock: no new step is begun after it
}

// JobState is what a host knows of a job.
type JobState string

// The states of a job.
const (
	JobUnknown JobState = ""       // not looked up, or the host's answer makes no sense
	JobAbsent  JobState = "absent" // the host does not know it: it did not start, unless it is older than Forgot
	JobRunning JobState = "running"
	JobEnded   JobState = "ended"
	JobLost    JobState = "lost" // it started and is gone without a result: killed, or the host went down
)

// A JobStatus is a host's answer about a job.
type JobStatus struct {
	State   JobState
	Exit    int    // once ended; 0 is success
	Stopped string // "deadline" or "cancelled" when it stopped before its work was done
	Why     string // once ended badly, where the host names the cause: one sentence; empty: see the log
	Step    string // last step it told of: "download", "install 3 of 12"
	Done    int    // packages or slices finished, of Total; 0 of 0: not told
	Total   int
	Log     []byte // from the offset asked for
	Next    int64  // offset to ask for next time

	// Gone is how many changes an ended job left alone because the host no longer
	// offered them, or did not say so, where nothing else went wrong. They may be in
	// already. Unseen is how many of them it did not say it of.
	Gone, Unseen int

	// RebootFirst says that an ended job did nothing because a reboot is pending.
	RebootFirst bool

	// Quiet is for how long, by its own clock, the host has seen no sign of life
	// of a running job: no line, no step, and on Windows no processor time of an
	// installer. It does not say that the job hangs.
	Quiet time.Duration

	Started time.Time // by the host's clock
	Ended   time.Time

	// Forgot is until when the host may have forgotten jobs: one claimed before
	// may have run though its state is JobAbsent. Zero: it has forgotten none.
	Forgot time.Time
}

// Alive is the little that tells one boot of a host from another.
type Alive struct {
	BootID   string
	BootedAt time.Time
	HostNow  time.Time
	Services []string // running services, sorted; nil where the host cannot tell
}
