package data

import (
	"slices"
	"time"
)

// A Rollout is a plan going through its rings.
type Rollout struct {
	ID        RolloutID
	Plan      PlanID
	Started   time.Time
	StartedBy string
	Reason    string    // why it runs outside windows ("apply now"); empty: inside windows only
	Ended     time.Time // zero: open; a stopped or cancelled rollout ends when its last run has
	Resumed   time.Time // when a person let it go on; what ended before no longer stops it
	State     RolloutState
	Note      string // why it stopped, in a sentence
}

// Open reports whether r has still something to do.
func (r Rollout) Open() bool { return r.Ended.IsZero() }

// RolloutState is where a rollout stands.
type RolloutState string

// The states of a rollout.
const (
	RolloutWaiting   RolloutState = "waiting" // for a window or a soak
	RolloutRunning   RolloutState = "running"
	RolloutStopped   RolloutState = "stopped" // failure rate or gate
	RolloutCancelled RolloutState = "cancelled"
	RolloutDone      RolloutState = "done"
)

// A Run is one host's turn in a rollout.
type Run struct {
	ID       RunID
	Rollout  RolloutID
	Host     HostID
	Ring     int
	Job      string // name of the detached job on the host; empty: none was started
	Step     Step
	Outcome  Outcome // empty until it has ended
	Detail   string  // one sentence: what happened, or why it was skipped
	Started  time.Time
	Ended    time.Time
	Deadline time.Time // the window's end; the job on the host stops by itself then
	Attempt  int       // 1, 2, …: a person asked for another attempt

	MayReboot   bool      // the window it started in permits a reboot
	BootID      string    // before the updates
	ServicesUp  []string  // services that ran before, sorted
	RebootAsked time.Time // zero: no reboot was asked for
	JobStarted  bool      // the host said to this workspace's desk that it started the job
	JobBegan    time.Time // by the host's clock; zero: not known
	JobExit     int       // exit status of the job, once JobEnded
	JobEnded    bool
	JobStopped  string        // why it stopped before its work was done: "deadline", "cancelled", or what became of it
	Quiet       time.Duration `json:",omitzero"` // the host saw no sign of life of the running job for so long, when last asked; 0: not long
	LogNext     int64         // offset of the host's log up to which it is kept
	ScanBefore  ScanID
	ScanAfter   ScanID
	Checks      []Check
	RolledBack  []Target `json:",omitempty"` // what Windows took back during the reboot, as the scan after it proves
}

// LooksStuck reports whether the host, when last asked, had seen no sign of life
// of the running job for so long that a person should look. It is no outcome.
func (r Run) LooksStuck() bool { return r.Outcome == OutcomeNone && r.Quiet > 0 }

// WantsReboot reports whether the run ended because the host has to be rebooted
// before it takes updates.
func (r Run) WantsReboot() bool {
	return r.Outcome != OutcomeNone && slices.ContainsFunc(r.Checks, func(c Check) bool { return c.RebootFirst && c.Result == CheckFailed })
}

// Step is the step a run is in. A run that the desk lost keeps its step, and
// is looked up on the host before anything else is done.
type Step string

// The steps, in their order.
const (
	StepQueued    Step = "queued"
	StepPreCheck  Step = "pre-check"
	StepInstall   Step = "install"
	StepReboot    Step = "reboot"
	StepPostCheck Step = "post-check"
	StepVerify    Step = "verify"
	StepEnded     Step = "ended"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes. OutcomeUnknown is never repeated without a person.
const (
	OutcomeNone      Outcome = ""
	OutcomeSucceeded Outcome = "succeeded"
	OutcomeFailed    Outcome = "failed"
	OutcomeSkipped   Outcome = "skipped"
	OutcomeCancelled Outcome = "cancelled"
	OutcomeUnknown   Outcome = "unknown"
)

// A Check is one thing looked at before or after the updates.
type Check struct {
	Name   string // "free disk", "package manager lock", "boot", "service nginx", …
	After  bool   // a post-check
	Result CheckResult
	Detail string

	UpdatesOnly bool `json:",omitempty"` // it would keep updates out; a reboot alone it does not matter to
	RebootFirst bool `json:",omitempty"` // it failed because a reboot is pending: the next step is a plan that reboots
}

// CheckResult is what a check found.
type CheckResult string

// The results. A check that could not look is CheckUnknown, which does not pass.
const (
	CheckUnknown CheckResult = ""
	CheckPassed  CheckResult = "passed"
	CheckWarned  CheckResult = "warning" // does not stop the run
	CheckFailed  CheckResult = "failed"
)

// A LogLine is one line a run wrote.
type LogLine struct {
	Run  RunID
	At   time.Time
	From string // "desk" or "host"
	Text string // terminal escapes removed
}
