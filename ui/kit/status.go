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

type sign struct {
	icon, word  string
	color, fill fyne.ThemeColorName
}

var signs = [statusCount]sign{
	StatusNone:          {"circle", "", theme.ColorNameForeground, FillUnknown},
	StatusCompliant:     {"f-circle-check", "Compliant", ColorGood, FillGood},
	StatusDueSoon:       {"f-clock", "Due soon", ColorSoon, FillSoon},
	StatusOverdue:       {"f-alert-triangle", "Overdue", ColorLate, FillLate},
	StatusCritical:      {"f-alert-octagon", "Critical", ColorCritical, FillCritical},
	StatusUnknown:       {"circle-dashed", "Unknown", ColorUnknown, FillUnknown},
	StatusExcepted:      {"f-flag", "Excepted", ColorExcepted, FillExcepted},
	StatusRunning:       {"f-player-play", "Running", ColorRunning, ColorRunning},
	StatusHeld:          {"f-lock", "Held", ColorMuted, FillUnknown},
	StatusHigh:          {"f-alert-triangle", "High", ColorLate, FillLate},
	StatusMedium:        {"f-circle", "Medium", ColorSoon, FillSoon},
	StatusLow:           {"circle", "Low", ColorMuted, FillUnknown},
	StatusSucceeded:     {"f-circle-check", "Succeeded", ColorGood, FillGood},
	StatusFailed:        {"f-circle-x", "Failed", ColorCritical, FillCritical},
	StatusSkipped:       {"f-player-skip-forward", "Skipped", ColorMuted, FillUnknown},
	StatusCancelled:     {"ban", "Cancelled", ColorMuted, FillUnknown},
	StatusQueued:        {"hourglass", "Queued", ColorMuted, FillUnknown},
	StatusPreCheck:      {"list-check", "Pre-check", ColorRunning, ColorRunning},
	StatusInstall:       {"download", "Install", ColorRunning, ColorRunning},
	StatusReboot:        {"rotate-clockwise", "Reboot", ColorRunning, ColorRunning},
	StatusPostCheck:     {"circle-check", "Post-check", ColorRunning, ColorRunning},
	StatusVerify:        {"scan", "Verify", ColorRunning, ColorRunning},
	StatusWaiting:       {"hourglass", "Waiting", ColorMuted, FillUnknown},
	StatusStopped:       {"f-alert-octagon", "Stopped", ColorCritical, FillCritical},
	StatusDone:          {"f-circle-check", "Done", ColorGood, FillGood},
	StatusPassed:        {"f-circle-check", "Passed", ColorGood, FillGood},
	StatusWarning:       {"f-alert-triangle", "Warning", ColorSoon, FillSoon},
	StatusPhased:        {"hourglass", "Phased", ColorMuted, FillUnknown},
	StatusKeptBack:      {"f-player-pause", "Kept back", ColorMuted, FillUnknown},
	StatusPendingReboot: {"rotate-clockwise", "Pending reboot", ColorSoon, FillSoon},
	StatusFrozen:        {"snowflake", "Freeze", ColorExcepted, FillExcepted},
	StatusChosen:        {"f-circle-check", "Chosen", theme.ColorNamePrimary, theme.ColorNamePrimary},
	StatusNotChosen:     {"circle", "Not chosen", ColorMuted, FillUnknown},
	StatusNote:          {"f-info-circle", "Note", theme.ColorNamePrimary, theme.ColorNamePrimary},
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

// OfCompliance returns the sign of a judgement; what is not known is unknown.
func OfCompliance(c data.Compliance) Status {
	switch c {
	case data.Compliant:
		return StatusCompliant
	case data.DueSoon:
		return StatusDueSoon
	case data.Overdue:
		return StatusOverdue
	case data.Excepted:
		return StatusExcepted
	}
	return StatusUnknown
}

// OfSeverity returns the sign of a vendor's severity.
func OfSeverity(s data.Severity) Status {
	switch s {
	case data.Critical:
		return StatusCritical
	case data.High:
		return StatusHigh
	case data.Medium:
		return StatusMedium
	case data.Low:
		return StatusLow
	}
	return StatusUnknown
}

// OfHold returns the sign of what keeps an update out; StatusNone for nothing.
func OfHold(h data.Hold) Status {
	switch h {
	case data.NotHeld:
		return StatusNone
	case data.Held:
		return StatusHeld
	case data.Phased:
		return StatusPhased
	case data.KeptBack:
		return StatusKeptBack
	}
	return StatusUnknown
}

// OfRun returns the sign of a run: its outcome once it has one, else its step.
func OfRun(r data.Run) Status {
	switch r.Outcome {
	case data.OutcomeSucceeded:
		return StatusSucceeded
	case data.OutcomeFailed:
		return StatusFailed
	case data.OutcomeSkipped:
		return StatusSkipped
	case data.OutcomeCancelled:
		return StatusCancelled
	case data.OutcomeUnknown:
		return StatusUnknown
	}
	switch r.Step {
	case data.StepQueued:
		return StatusQueued
	case data.StepPreCheck:
		return StatusPreCheck
	case data.StepInstall:
		return StatusInstall
	case data.StepReboot:
		return StatusReboot
	case data.StepPostCheck:
		return StatusPostCheck
	case data.StepVerify:
		return StatusVerify
	}
	return StatusUnknown
}

// OfRollout returns the sign of a rollout's state.
func OfRollout(s data.RolloutState) Status {
	switch s {
	case data.RolloutWaiting:
		return StatusWaiting
	case data.RolloutRunning:
		return StatusRunning
	case data.RolloutStopped:
		return StatusStopped
	case data.RolloutCancelled:
		return StatusCancelled
	case data.RolloutDone:
		return StatusDone
	}
	return StatusUnknown
}

// OfCheck returns the sign of a pre- or post-check.
func OfCheck(r data.CheckResult) Status {
	switch r {
	case data.CheckPassed:
		return StatusPassed
	case data.CheckWarned:
		return StatusWarning
	case data.CheckFailed:
		return StatusFailed
	}
	return StatusUnknown
}
