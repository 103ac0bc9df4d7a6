package app

import (
	"strings"

	"secondtuesday/data"
)

// judgeReboot says how a run ended whose plan only reboots: another boot ID
// proves the reboot, and a scan after it that none is pending any more.
func judgeReboot(run data.Run, policy data.RebootPolicy, scan data.Scan) (data.Outcome, string) {
	pending := len(scan.Reboot) > 0
	still := "; no reboot is pending any more"
	switch {
	case pending:
		still = ", and a reboot is pending still (" + scan.Reboot[0].Source + parenthesis(scan.Reboot[0].Detail) + ")"
	case !scan.RebootKnown:
		still = "; it is not known whether a reboot is pending still, for the host does not tell"
	}
	if run.RebootAsked.IsZero() {
		return judgeNoReboot(run, policy, scan, still)
	}
	bad := failedChecks(run.Checks, true)
	var checks string
	if len(bad) > 0 {
		checks = "; post-check " + strings.Join(bad, ", ")
	}
	boot := checked(run, "boot")
	switch {
	case boot == nil || boot.Result == data.CheckUnknown:
		return data.OutcomeUnknown, "a reboot was asked for, and it is not known whether it was made" + still + checks
	case !rebooted(run) && run.JobStopped == "cancelled":
		return data.OutcomeCancelled, "cancelled: a reboot was asked for and not made" + still
	case !rebooted(run):
		return data.OutcomeFailed, "a reboot was asked for and not made" + still + checks
	case pending, len(bad) > 0:
		return data.OutcomeFailed, "rebooted" + still + checks
	case !scan.RebootKnown && policy != data.RebootAlways:
		return data.OutcomeUnknown, "rebooted" + still
	}
	return data.OutcomeSucceeded, "rebooted, no updates planned" + still
}

// judgeNoReboot says what it means that a run asked for no reboot.
func judgeNoReboot(run data.Run, policy data.RebootPolicy, scan data.Scan, still string) (data.Outcome, string) {
	none := len(scan.Reboot) == 0 && scan.RebootKnown
	not := noReboot(run)
	untouched := parenthesis(not)
	switch {
	case run.JobStopped == "cancelled":
		return data.OutcomeCancelled, "cancelled before the reboot; nothing was changed on the host"
	case run.Job != "" && !run.JobEnded && (!none || policy == data.RebootAlways):
		return data.OutcomeUnknown, run.JobStopped + ": it is not known whether a reboot was made" + still
	case none && (policy == data.RebootIfNeeded || not == bootedEnough || not == bootedElsewhere):
		return data.OutcomeSucceeded, "not rebooted" + untouched + still
	case run.JobExit != 0:
		return data.OutcomeFailed, "the job that claims the reboot ended with an error; not rebooted" + still
	}
	return data.OutcomeSkipped, "not rebooted" + untouched + "; nothing was changed on the host"
}
