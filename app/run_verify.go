package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// verify scans the host again and ends the run with what the scan proves.
func (r *runner) verify(ctx context.Context) error {
	if err := r.settled(ctx); err != nil || r.run.Outcome != data.OutcomeNone {
		return err
	}
	scan, again, err := r.scan(ctx)
	for ; again && err == nil; scan, again, err = r.scan(ctx) {
	}
	if err != nil || r.run.Outcome != data.OutcomeNone {
		return err
	}
	o, detail := judgeRun(r.run, r.work.part(r.run.Host), scan)
	if r.work.plan.RebootOnly() {
		o, detail = judgeReboot(r.run, r.work.plan.Reboot, scan)
	}
	r.run.RolledBack = nil
	if o == data.OutcomeFailed && rolledBack(r.run, scan) {
		r.run.RolledBack = notIn(r.work.part(r.run.Host), scan)
	}
	return r.end(ctx, o, "%s", detail)
}

// settled waits until a host that may have booted behind the desk's back, as
// after a job that is lost, has finished that boot: until then Windows may still
// bring updates in, or take them back, and a scan proves nothing.
func (r *runner) settled(ctx context.Context) error {
	if checked(r.run, "boot") != nil {
		return nil // the post-check has waited
	}
	for {
		err := r.ask(ctx, func(ctx context.Context, s remote.Session, p Platform) error {
			_, err := p.Alive(ctx, s)
			return err
		})
		if !errors.Is(err, remote.ErrBooting) {
			return nil // the scan says what is wrong
		}
		if again, err := r.lost(ctx, err); !again {
			return err
		}
	}
}

// checked returns what a check after the job found; nil: it was not made.
func checked(run data.Run, name string) *data.Check {
	for i := range run.Checks {
		if c := &run.Checks[i]; c.After && c.Name == name {
			return c
		}
	}
	return nil
}

// scan scans the host and keeps the scan. again means that the host did not
// answer and is to be asked once more; a run that ended meanwhile has an outcome.
func (r *runner) scan(ctx context.Context) (scan data.Scan, again bool, err error) {
	err = r.ask(ctx, func(ctx context.Context, s remote.Session, _ Platform) (err error) {
		scan, err = r.Desk.ScanIn(ctx, s, r.host(), false)
		return err
	})
	if err != nil {
		again, err = r.lost(ctx, err)
		return scan, again, err
	}
	if err := r.found(ctx); err != nil {
		return scan, false, err
	}
	r.run.ScanAfter = scan.ID
	return scan, false, r.keep(ctx)
}

// judgeRun says how a run ended, from what the job said, what the checks found
// and what a scan after it proves.
func judgeRun(run data.Run, want data.Changes, scan data.Scan) (data.Outcome, string) {
	in, out, waiting := standing(want, scan.Installed)
	total := len(in) + len(out)
	state := fmt.Sprintf("%d of %d changes are in", len(in), total)
	if len(waiting) > 0 {
		state += fmt.Sprintf(", %d of them not in force before a reboot", len(waiting))
	}
	blind := doubtful(scan)
	switch {
	case len(out) > 0 && blind != "":
		state += "; not known: " + shorten(out, 5)
	case len(out) > 0:
		state += "; not in: " + shorten(out, 5)
	}
	if rebooted(run) && len(out) == 0 {
		state += ", rebooted"
	} else if len(scan.Reboot) > 0 {
		state += ", a reboot is pending (" + scan.Reboot[0].Source + ")"
	} else if not := noReboot(run); not != "" {
		state += ", no reboot was made (" + not + ")"
	}
	elsewhere, untried := false, false
	if c := checked(run, jobCheck); c != nil {
		untried = c.Result == data.CheckUnknown
		if c.Result == data.CheckWarned && len(out) == 0 {
			elsewhere, state = true, state+", "+c.Detail
		}
	}
	bad := failedChecks(run.Checks, true)
	if len(bad) > 0 {
		state += "; post-check " + strings.Join(bad, ", ")
	}
	switch {
	case len(scan.Installed) == 0 && total > 0:
		return data.OutcomeUnknown, "the scan did not tell what is installed"
	case run.JobStopped == "cancelled":
		return data.OutcomeCancelled, "cancelled: " + state
	case run.JobStopped == "deadline" && len(out) > 0:
		return data.OutcomeFailed, "the window ended: " + state
	case run.Job != "" && !run.JobEnded && len(out) > 0:
		return data.OutcomeUnknown, run.JobStopped + ": " + state
	case len(out) > 0 && blind != "" && (run.JobExit == 0 || untried):
		return data.OutcomeUnknown, "the scan after it proves nothing (" + blind + "): " + state
	case rolledBack(run, scan) && len(out) > 0:
		return data.OutcomeFailed, "undone by Windows during the reboot (rolled back): " + state + servicingLog
	case run.JobExit != 0 && !elsewhere:
		return data.OutcomeFailed, fmt.Sprintf("the job ended with exit status %d: %s", run.JobExit, state)
	case len(out) > 0, len(bad) > 0:
		return data.OutcomeFailed, state
	case run.Job != "" && !run.JobEnded:
		return data.OutcomeSucceeded, state + ", as a scan proves; the job's own result was lost"
	}
	return data.OutcomeSucceeded, state
}

// doubtful says why a scan does not prove that what it does not list as installed
// is not in: Windows says of a list only that it is not whole. "" where it does.
func doubtful(scan data.Scan) string {
	if at := slices.IndexFunc(scan.Problems, func(p data.Problem) bool { return p.Untrusted }); at >= 0 && scan.Platform == data.WindowsUpdate {
		return problemText(scan.Problems[at])
	}
	return ""
}

// notIn returns what of the plan a scan does not find installed.
func notIn(want data.Changes, scan data.Scan) []data.Target {
	var out []data.Target
	for _, s := range Standings(want, scan) {
		if !s.In {
			out = append(out, s.Target)
		}
	}
	return out
}

// servicingLog is where Windows says why it took an update back.
const servicingLog = `; why stands in C:\Windows\Logs\CBS\CBS.log on the host: read it before a retry`

// rolledBack reports whether Windows has taken back what is not in: the job said
// that all of it was installed, or a scan proved it (inAlready), and the reboot
// was to bring it into force.
func rolledBack(run data.Run, scan data.Scan) bool {
	c := checked(run, jobCheck)
	wasIn := run.JobExit == 0 || c != nil && c.Result == data.CheckWarned
	return scan.Platform == data.WindowsUpdate && doubtful(scan) == "" && run.JobEnded && wasIn && run.JobStopped == "" && rebooted(run)
}

// noReboot says why a reboot that the plan wants was left out.
func noReboot(run data.Run) string {
	for _, c := range run.Checks {
		if c.After && c.Name == "reboot" {
			return c.Detail
		}
	}
	return ""
}

// rebooted reports whether another boot ID proves the reboot that was asked for.
func rebooted(run data.Run) bool {
	return !run.RebootAsked.IsZero() && !slices.ContainsFunc(run.Checks, func(c data.Check) bool {
		return c.After && c.Name == "boot" && c.Result != data.CheckPassed
	})
}

// standing parts the planned changes into those that an installed list proves
// and those it does not. A package left half done is not in, nor is it gone.
// waiting are those in that a reboot brings into force.
func standing(want data.Changes, installed []data.Package) (in, out, waiting []string) {
	waits := map[string]bool{}
	versions := map[string][]string{}
	for _, p := range installed {
		if p.Broken {
			p.Version = "" // no planned version
		}
		if p.Waits {
			waits[data.Key(p.Name, p.Arch)+" "+p.Version] = true
		}
		versions[data.Key(p.Name, p.Arch)] = append(versions[data.Key(p.Name, p.Arch)], p.Version)
		if p.Arch != "" {
			versions[p.Name] = append(versions[p.Name], p.Version)
		}
	}
	put := func(t data.Target, ok bool) {
		if !ok {
			out = append(out, t.Name)
			return
		}
		in = append(in, t.Name)
		if waits[t.Key()+" "+t.To] {
			waiting = append(waiting, t.Name)
		}
	}
	for _, t := range append(append([]data.Target{}, want.Upgrade...), want.Add...) {
		put(t, contains(versions[t.Key()], t.To))
	}
	for _, t := range want.Remove {
		put(t, len(versions[t.Key()]) == 0)
	}
	return in, out, waiting
}

func contains(versions []string, v string) bool {
	for _, have := range versions {
		if have == v {
			return true
		}
	}
	return false
}

func shorten(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// A Standing is one planned change beside what a scan says about it.
type Standing struct {
	Target data.Target
	Verb   string // "upgrade", "add" or "remove"
	In     bool
	Known  bool   // false: no scan tells
	Have   string // versions installed, joined by a comma; empty: none
}

// Standings holds what a plan does to a host against what a scan found
// installed there. Without packages in the scan nothing is known.
func Standings(want data.Changes, scan data.Scan) []Standing {
	known := len(scan.Installed) > 0
	have := map[string][]string{}
	for _, p := range scan.Installed {
		have[data.Key(p.Name, p.Arch)] = append(have[data.Key(p.Name, p.Arch)], p.Version)
		if p.Arch != "" {
			have[p.Name] = append(have[p.Name], p.Version)
		}
	}
	var out []Standing
	put := func(verb string, targets []data.Target) {
		for _, t := range targets {
			s := Standing{Target: t, Verb: verb, Known: known, Have: strings.Join(have[t.Key()], ", ")}
			s.In = known && contains(have[t.Key()], t.To)
			if verb == "remove" {
				s.In = known && len(have[t.Key()]) == 0
			}
			out = append(out, s)
		}
	}
	put("upgrade", want.Upgrade)
	put("add", want.Add)
	put("remove", want.Remove)
	return out
}
