package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/data"
)

// A Status is a sign: an icon and a word in one colour. Colour is never the
// only sign. The words are the glossary's.
type Status uint8

// The signs.
const (
	StatusNone Status = iota // no sign
	StatusCompliant
	StatusDueSoon
	StatusOverdue
	StatusCritical
	StatusUnknown
	StatusExcepted
	StatusRunning
	StatusHeld
	StatusHigh
	StatusMedium
	StatusLow
	StatusSucceeded
	StatusFailed
	StatusSkipped
	StatusCancelled
	StatusQueued
	StatusPreCheck
	StatusInstall
	StatusReboot
	StatusPostCheck
	StatusVerify
	StatusWaiting
	StatusStopped
	StatusDone
	StatusPassed
	StatusWarning
	StatusPhased
	StatusKeptBack
	StatusPendingReboot
	StatusFrozen
	StatusChosen    // a row that a person has picked
	StatusNotChosen // one that may be picked
	StatusNote      // something worth knowing that is neither good nor bad
	statusCount
)

// A tone is the colour of a sign's icon and word, and that of its part in a chart.
type tone struct{ color, fill fyne.ThemeColorName }

// The tones.
var (
	plain    = tone{theme.ColorNameForeground, FillUnknown}
	muted    = tone{ColorMuted, FillUnknown}
	told     = tone{theme.ColorNamePrimary, theme.ColorNamePrimary}
	good     = tone{ColorGood, FillGood}
	soon     = tone{ColorSoon, FillSoon}
	late     = tone{ColorLate, FillLate}
	critical = tone{ColorCritical, FillCritical}
	unknown  = tone{ColorUnknown, FillUnknown}
	excepted = tone{ColorExcepted, FillExcepted}
	running  = tone{ColorRunning, ColorRunning}
)

type sign struct {
	icon, word string
	tone
}

var signs = [statusCount]sign{
	StatusNone:          {"circle", "", plain},
	StatusCompliant:     {"f-circle-check", "Compliant", good},
	StatusDueSoon:       {"f-clock", "Due soon", soon},
	StatusOverdue:       {"f-alert-triangle", "Overdue", late},
	StatusCritical:      {"f-alert-octagon", "Critical", critical},
	StatusUnknown:       {"circle-dashed", "Unknown", unknown},
	StatusExcepted:      {"f-flag", "Excepted", excepted},
	StatusRunning:       {"f-player-play", "Running", running},
	StatusHeld:          {"f-lock", "Held", muted},
	StatusHigh:          {"f-alert-triangle", "High", late},
	StatusMedium:        {"f-circle", "Medium", soon},
	StatusLow:           {"circle", "Low", muted},
	StatusSucceeded:     {"f-circle-check", "Succeeded", good},
	StatusFailed:        {"f-circle-x", "Failed", critical},
	StatusSkipped:       {"f-player-skip-forward", "Skipped", muted},
	StatusCancelled:     {"ban", "Cancelled", muted},
	StatusQueued:        {"hourglass", "Queued", muted},
	StatusPreCheck:      {"list-check", "Pre-check", running},
	StatusInstall:       {"download", "Install", running},
	StatusReboot:        {"rotate-clockwise", "Reboot", running},
	StatusPostCheck:     {"circle-check", "Post-check", running},
	StatusVerify:        {"scan", "Verify", running},
	StatusWaiting:       {"hourglass", "Waiting", muted},
	StatusStopped:       {"f-alert-octagon", "Stopped", critical},
	StatusDone:          {"f-circle-check", "Done", good},
	StatusPassed:        {"f-circle-check", "Passed", good},
	StatusWarning:       {"f-alert-triangle", "Warning", soon},
	StatusPhased:        {"hourglass", "Phased", muted},
	StatusKeptBack:      {"f-player-pause", "Kept back", muted},
	StatusPendingReboot: {"rotate-clockwise", "Pending reboot", soon},
	StatusFrozen:        {"snowflake", "Freeze", excepted},
	StatusChosen:        {"f-circle-check", "Chosen", told},
	StatusNotChosen:     {"circle", "Not chosen", muted},
	StatusNote:          {"f-info-circle", "Note", told},
}

func (s Status) sign() sign {
	if s >= statusCount {
		s = StatusUnknown
	}
	return signs[s]
}

// Word returns the sign's word, empty for StatusNone.
func (s Status) Word() string { return s.sign().word }

// Color names the colour of the sign's icon and word.
func (s Status) Color() fyne.ThemeColorName { return s.sign().color }

// Fill names the colour of the sign's part in a chart.
func (s Status) Fill() fyne.ThemeColorName { return s.sign().fill }

// IconName is the sign's icon, as IconIn takes it.
func (s Status) IconName() string { return s.sign().icon }

// Icon returns the sign's icon in its colour.
func (s Status) Icon() fyne.Resource { return IconIn(s.sign().icon, s.sign().color) }

// of looks a sign up; what is not known is unknown.
func of[K comparable](signs map[K]Status, k K) Status {
	if s, ok := signs[k]; ok {
		return s
	}
	return StatusUnknown
}

var compliances = map[data.Compliance]Status{
	data.Compliant: StatusCompliant, data.DueSoon: StatusDueSoon, data.Overdue: StatusOverdue, data.Excepted: StatusExcepted,
}

// OfCompliance returns the sign of a judgement; what is not known is unknown.
func OfCompliance(c data.Compliance) Status { return of(compliances, c) }

var severities = map[data.Severity]Status{
	data.Critical: StatusCritical, data.High: StatusHigh, data.Medium: StatusMedium, data.Low: StatusLow,
}

// OfSeverity returns the sign of a vendor's severity.
func OfSeverity(s data.Severity) Status { return of(severities, s) }

var holds = map[data.Hold]Status{
	data.NotHeld: StatusNone, data.Held: StatusHeld, data.Phased: StatusPhased, data.KeptBack: StatusKeptBack,
	data.WaitsForReboot: StatusPendingReboot,
}

// OfHold returns the sign of what keeps an update out; StatusNone for nothing.
func OfHold(h data.Hold) Status { return of(holds, h) }

var (
	outcomes = map[data.Outcome]Status{
		data.OutcomeSucceeded: StatusSucceeded, data.OutcomeFailed: StatusFailed, data.OutcomeSkipped: StatusSkipped,
		data.OutcomeCancelled: StatusCancelled, data.OutcomeUnknown: StatusUnknown,
	}
	steps = map[data.Step]Status{
		data.StepQueued: StatusQueued, data.StepPreCheck: StatusPreCheck, data.StepInstall: StatusInstall,
		data.StepReboot: StatusReboot, data.StepPostCheck: StatusPostCheck, data.StepVerify: StatusVerify,
	}
)

// OfRun returns the sign of a run: its outcome once it has one, else its step.
func OfRun(r data.Run) Status {
	if s, ended := outcomes[r.Outcome]; ended {
		return s
	}
	return of(steps, r.Step)
}

var rollouts = map[data.RolloutState]Status{
	data.RolloutWaiting: StatusWaiting, data.RolloutRunning: StatusRunning, data.RolloutStopped: StatusStopped,
	data.RolloutCancelled: StatusCancelled, data.RolloutDone: StatusDone,
}

// OfRollout returns the sign of a rollout's state.
func OfRollout(s data.RolloutState) Status { return of(rollouts, s) }

var checks = map[data.CheckResult]Status{
	data.CheckPassed: StatusPassed, data.CheckWarned: StatusWarning, data.CheckFailed: StatusFailed,
}

// OfCheck returns the sign of a pre- or post-check.
func OfCheck(r data.CheckResult) Status { return of(checks, r) }

// OverdueTint marks the deadline of what is overdue, and of nothing that is
// excused or not proved.
func OverdueTint(c data.Compliance) fyne.ThemeColorName {
	if c == data.Overdue {
		return ColorLate
	}
	return ""
}

// ClassWord is a class in a sentence; one that no source states is "unknown".
func ClassWord(c data.Class) string {
	if c == data.ClassUnknown {
		return "unknown"
	}
	return string(c)
}
