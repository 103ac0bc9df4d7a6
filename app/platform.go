package app

import (
	"context"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
	"secondtuesday/remote/winupdate"
)

// A Platform knows one update system. Every method talks to one host and
// leaves the judging to its caller.
type Platform interface {
	Name() data.Platform

	// Scan asks the host about itself. It changes nothing but, with refresh,
	// the host's lists of what its sources offer. ID, Host and At are left to
	// the caller.
	Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error)

	// Simulate returns what bringing in exactly want would do, by the host's
	// own solver, changing nothing.
	Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error)

	// Check looks at all that would keep a job with these changes from
	// working: free disk, locks, interrupted work, age of the lists, clock.
	Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error)

	// Start starts j detached. Starting the same ID twice starts one job. One
	// without changes does nothing, and its claim stays.
	Start(ctx context.Context, s remote.Session, j remote.Job) error

	// Look tells how a job stands, with its log from the offset.
	Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error)

	// Cancel asks a job to stop at the next point where the host is sound.
	Cancel(ctx context.Context, s remote.Session, id string) error

	// Reboot asks the host to reboot in a moment and returns at once.
	Reboot(ctx context.Context, s remote.Session) error

	// Alive tells one boot from another, and what runs.
	Alive(ctx context.Context, s remote.Session) (remote.Alive, error)
}

// An Examiner knows what a check of a host asks of its operating system, before
// and after its Platform is known.
type Examiner interface {
	// Rights tells whether the login may do what a rollout needs. mend knows
	// what to do about an error of the session. A finding that failed makes the
	// next steps senseless, unless it is one of root, which a scan does without.
	Rights(ctx context.Context, s remote.Session, mend func(error) string) []remote.Finding

	// MendCheck says what to do about a check that did not pass, commands
	// included; empty: nothing is known.
	MendCheck(name string) string

	// Probe goes the way of a scan up to the update source and keeps nothing.
	// scan is that of the host's Platform, without refresh. found gets each
	// finding as it comes, all but the first after one that is Looking.
	Probe(ctx context.Context, s remote.Session, scan func() (data.Scan, error), found func(remote.Finding))
}

// A Costly platform says whether each look at a job starts a program on the host
// that a person there would notice: then the looks grow rarer.
type Costly interface {
	LooksCost() bool
}

var (
	_ Costly   = winupdate.Platform{}
	_ Examiner = linux.Host{}
	_ Examiner = winupdate.Platform{}
)

// examiner returns who knows h's operating system.
func (d *Desk) examiner(h data.Host) Examiner {
	if !h.Windows() {
		return linux.Host{}
	}
	if p, ok := d.PlatformOf(data.WindowsUpdate); ok {
		if e, ok := p.(Examiner); ok {
			return e
		}
	}
	return winupdate.Platform{}
}
