package winupdate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// SIDs of Windows, which are the same in every language: the group of local
// administrators, and the levels of a token that uses its rights. A token that
// is filtered by User Account Control has a lower one.
const (
	sidAdministrators = "S-1-5-32-544"
	sidHigh           = "S-1-16-12288"
	sidSystem         = "S-1-16-16384"
)

type rights struct {
	User    string       `json:"user"`
	Groups  list[string] `json:"groups"`
	Filter  int          `json:"filter"` // LocalAccountTokenFilterPolicy
	Version string       `json:"version"`
	Policy  string       `json:"policy"` // execution policy by GPO
}

// Names of findings.
const (
	findingRights     = "rights"
	findingPowerShell = "PowerShell"
	findingTask       = "scheduled task"
	findingSource     = "update source"
)

// Rights tells whether the account may do what is needed, and whether PowerShell
// lets it. mend knows what to do about an error of the session.
func (Platform) Rights(ctx context.Context, s remote.Session, mend func(error) string) []remote.Finding {
	var r rights
	err := ask(ctx, s, remote.Command{Name: "rights", Script: rightsScript}, &r)
	failed := func(name string) remote.Finding {
		return remote.Finding{Name: name, Result: data.CheckFailed, Detail: remote.CleanText(err.Error()), Mend: mend(err), Err: err}
	}
	var exit *remote.ExitError
	switch {
	case errors.Is(err, remote.ErrConstrained), errors.Is(err, remote.ErrBlocked), errors.As(err, &exit), errors.Is(err, remote.ErrGarbage):
		return []remote.Finding{
			{Name: findingRights, Result: data.CheckWarned, Detail: "the host gave the account a shell; whether it is an administrator could not be asked", Mend: "Mend PowerShell first, then check again."},
			failed(findingPowerShell),
		}
	case err != nil:
		return []remote.Finding{failed(findingRights)}
	}
	powershell := remote.Finding{Name: findingPowerShell, Result: data.CheckPassed, Detail: "version " + clip(r.Version) + ", full language mode"}
	if r.Policy != "" && r.Policy != "Undefined" {
		powershell.Detail += "; execution policy by GPO: " + clip(r.Policy) + ", which holds for files only"
	}
	return []remote.Finding{r.finding(mend), powershell}
}

func (r rights) finding(mend func(error) string) remote.Finding {
	member := slices.Contains(r.Groups, sidAdministrators)
	high := slices.Contains(r.Groups, sidHigh) || slices.Contains(r.Groups, sidSystem)
	if member && high {
		return remote.Finding{Name: findingRights, Result: data.CheckPassed, Detail: clip(r.User) + " is a local administrator"}
	}
	err := fmt.Errorf("%w: %s is no local administrator", remote.ErrNotAdmin, clip(r.User))
	if member {
		err = fmt.Errorf("%w: %s is a local administrator, but User Account Control takes its rights away over the network (LocalAccountTokenFilterPolicy is %d)",
			remote.ErrNotAdmin, clip(r.User), r.Filter)
	}
	return remote.Finding{Name: findingRights, Result: data.CheckFailed, Detail: err.Error(), Mend: mend(err), Err: err}
}

// MendCheck says what to do about a check of Check that did not pass.
func (Platform) MendCheck(name string) string {
	switch name {
	case "clock":
		return "On the host: w32tm /query /status; w32tm /resync"
	case checkDisk:
		return "Make room on the system drive: Get-Volume; DISM /Online /Cleanup-Image /StartComponentCleanup"
	case checkService:
		return "Set-Service wuauserv -StartupType Manual"
	case checkPending:
		return "Plan a reboot, which needs no update: stctl plan make --name \"Reboot HOST\" --host HOST --reboot-only\nIn the window: Plan a reboot… on the host."
	case "other installer", "another job":
		return "Wait until it has ended, then check again."
	}
	return ""
}

// forgetTime is how long the probe may take to be removed after a check that
// was broken off.
const forgetTime = 10 * time.Second

// Probe lets the host make a task as a scan does, run it as SYSTEM, ask its
// update server, and removes the task again. found gets each finding as it comes.
func (p Platform) Probe(ctx context.Context, s remote.Session, _ func() (data.Scan, error), found func(remote.Finding)) {
	id, ran := newScanID(), false
	f, _, err := p.searchAs(ctx, s, id, true, func() {
		ran = true
		found(remote.Finding{Name: findingTask, Result: data.CheckPassed, Detail: `it was made in \SecondTuesday\ and runs as SYSTEM; it is removed again`})
		found(remote.Finding{Name: findingSource, Result: remote.Looking})
	})
	if err != nil {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), forgetTime)
		defer stop()
		forget(ctx, s, id)
		if !ran {
			found(taskFinding(err))
			found(remote.Finding{Name: findingSource, Result: remote.NotTried, Detail: "the task asks it"})
			return
		}
		found(remote.Finding{Name: findingSource, Result: data.CheckFailed, Detail: "the search did not come to its end: " + remote.CleanText(err.Error()),
			Mend: "The first search of a server that never searched takes many minutes: check again later. On the host: Get-WindowsUpdateLog", Err: err})
		return
	}
	found(f.finding())
}

func taskFinding(err error) remote.Finding {
	mend := "Look on the host at the scheduler and its log:\nGet-Service Schedule; Get-ScheduledTask -TaskPath '\\SecondTuesday\\'\nGet-WinEvent -LogName Microsoft-Windows-TaskScheduler/Operational -MaxEvents 20"
	f := remote.Finding{Name: findingTask, Result: data.CheckFailed, Detail: remote.CleanText(err.Error()), Mend: mend, Err: err}
	if errors.Is(err, remote.ErrBusy) {
		f.Result, f.Mend = data.CheckWarned, "A job of this program is at work there. Check again when it has ended."
	}
	return f
}

// finding tells what the update server said.
func (f found) finding() remote.Finding {
	out := remote.Finding{Name: findingSource, Result: data.CheckPassed}
	const mend = "On the host: Get-ItemProperty HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate; netsh winhttp show proxy\nTest-NetConnection with the update server's name and port (WSUS: 8530 or 8531; Microsoft: 443)."
	switch {
	case f.Error != "":
		out.Result, out.Mend = data.CheckFailed, mend
		out.Detail = strings.TrimSpace(clip(f.Where) + ": " + withCode(f.Message, f.Error) + f.Facts.source())
	case f.Code != 2:
		out.Result, out.Mend = data.CheckWarned, mend
		out.Detail = fmt.Sprintf("%s answered, but its list is not whole (result code %d): %s", f.Facts.origin(), f.Code, clip(strings.Join(f.Warnings, "; ")))
	default:
		out.Detail = fmt.Sprintf("%s answered; updates offered: %d", f.Facts.origin(), len(f.Missing))
	}
	return out
}
