package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// A Need is one thing that wants a person now.
type Need struct {
	Kind      NeedKind
	Title     string // a few words: "3 hosts overdue"
	Because   string // one or two sentences: which, by which clause, how old
	Hosts     []data.HostID
	Runs      []data.RunID
	Rollout   data.RolloutID
	Plan      data.PlanID
	Window    data.WindowID
	Exception data.ExceptionID
	Freeze    data.FreezeID
	Command   string // what a person has to run on the hosts; empty: nothing that is known
}

// NeedKind names a kind of need.
type NeedKind string

// The needs, the most urgent first.
const (
	NeedStandard       NeedKind = "no standard"       // nothing is judged
	NeedUnknownRun     NeedKind = "unknown run"       // to be looked up again on the host
	NeedStuckRun       NeedKind = "stuck run"         // its job gives no sign of life
	NeedFailedRun      NeedKind = "failed run"        // to be read, mended and tried again
	NeedKeyChanged     NeedKind = "host key changed"  // blocked until a person has found out why
	NeedStoppedRollout NeedKind = "stopped rollout"   // to be let go on, or cancelled
	NeedUndriven       NeedKind = "undriven rollout"  // open, and no desk goes on with it
	NeedRollout        NeedKind = "rollout"           // running or waiting
	NeedOverdue        NeedKind = "overdue"           // a promise is broken
	NeedUnmet          NeedKind = "no window in time" // a promise will be broken
	NeedScan           NeedKind = "scan"              // never scanned, or the scan is too old
	NeedLogin          NeedKind = "login refused"     // the hosts did not let the desk in
	NeedScanFailed     NeedKind = "scan failed"       // the last attempt brought none
	NeedMend           NeedKind = "packages broken"   // to be put right on the host, by hand
	NeedProof          NeedKind = "unproven"          // scanned, and the scan proves nothing
	NeedHostKey        NeedKind = "host key"          // to be compared and accepted
	NeedReboot         NeedKind = "reboot"            // pending for longer than promised
	NeedApproval       NeedKind = "approval"          // a plan that nobody has approved
	NeedAgreement      NeedKind = "agreement"         // a window that its owner has not agreed
	NeedWindow         NeedKind = "no window"         // hosts that may never be touched
	NeedException      NeedKind = "exception ends"    // it will open again
	NeedFreeze         NeedKind = "freeze"            // nothing may be touched
)

// NeedKinds in the order of their urgency.
var NeedKinds = []NeedKind{
	NeedStandard, NeedUnknownRun, NeedStuckRun, NeedFailedRun, NeedKeyChanged, NeedStoppedRollout, NeedUndriven, NeedRollout, NeedOverdue, NeedUnmet,
	NeedScan, NeedLogin, NeedScanFailed, NeedMend, NeedProof, NeedHostKey, NeedReboot, NeedApproval, NeedAgreement, NeedWindow, NeedException, NeedFreeze,
}

// How far needs look back and ahead. Plans and runs are never removed, so that
// what nobody took up in a fortnight is no longer news; it stands in its place.
const (
	stillNews      = 14 * 24 * time.Hour
	runsLookedAt   = 90 * 24 * time.Hour // an unknown run stays a need for so long
	exceptionAhead = 14 * 24 * time.Hour
	namesShown     = 3
)

// A Situation is what the workspace knows of the present, but for single
// updates: what the needs, and a first page, are made from.
type Situation struct {
	Now        time.Time
	Standard   data.Standard // in force; Version 0: none
	Agenda     Agenda
	Verdicts   map[data.HostID]data.HostVerdict // as stored; those that no longer hold are unknown
	Outdated   int                              // hosts whose stored verdict no longer holds: Desk.Refresh judges them
	Failures   map[data.HostID]data.ScanFailure
	Rollouts   []data.Rollout
	Still      map[data.RolloutID]string // of the open ones that nobody drives: why, and what to do
	Tallies    map[data.RolloutID]store.Tally
	OpenRuns   []data.Run
	Troubled   []data.Run
	Plans      []store.PlanHead
	Exceptions []data.Exception

	names  map[data.HostID]string
	groups map[data.HostID]data.GroupID
}

// Situation reads the present state, in a fixed number of queries, a few more
// for each open rollout, and without a look at single updates, so that it takes
// no longer where many are missing.
func (d *Desk) Situation(ctx context.Context) (*Situation, error) {
	s := &Situation{Now: d.Now().UTC()}
	var standards []data.Standard
	var verdicts []data.HostVerdict
	err := firstOf(
		func() (err error) { s.Agenda.Hosts, err = d.DB.Hosts(ctx); return },
		func() (err error) { s.Agenda.Groups, err = d.DB.Groups(ctx); return },
		func() (err error) { s.Agenda.Windows, err = d.DB.Windows(ctx); return },
		func() (err error) { s.Agenda.Freezes, err = d.DB.Freezes(ctx); return },
		func() (err error) { standards, err = d.DB.Standards(ctx); return },
		func() (err error) { verdicts, err = d.DB.HostVerdicts(ctx); return },
		func() (err error) { s.Failures, err = d.DB.ScanFailures(ctx); return },
		func() (err error) { s.Rollouts, err = d.DB.Rollouts(ctx); return },
		func() (err error) { s.Tallies, err = d.DB.Tallies(ctx); return },
		func() (err error) { s.OpenRuns, err = d.DB.OpenRuns(ctx); return },
		func() (err error) { s.Troubled, err = d.DB.Troubled(ctx, s.Now.Add(-runsLookedAt)); return },
		func() (err error) { s.Plans, err = d.DB.Plans(ctx); return },
		func() (err error) { s.Exceptions, err = d.DB.Exceptions(ctx); return },
	)
	if err != nil {
		return nil, fmt.Errorf("read the situation: %w", err)
	}
	if s.Still, err = d.still(ctx, s.Rollouts); err != nil {
		return nil, fmt.Errorf("read the situation: %w", err)
	}
	s.Standard = (&Docket{Standards: standards}).Standard(s.Now)
	s.take(verdicts)
	return s, nil
}

// take keeps the verdicts that still hold; all others are unknown.
func (s *Situation) take(stored []data.HostVerdict) {
	s.Verdicts = make(map[data.HostID]data.HostVerdict, len(stored))
	for _, v := range stored {
		if v.Version != s.Standard.Version || (!v.ValidUntil.IsZero() && !s.Now.Before(v.ValidUntil)) {
			v.Compliance, v.Because, v.Counts = data.Unknown, "The judgement no longer holds and is being made anew.", nil
			s.Outdated++
		}
		s.Verdicts[v.Host] = v
	}
	s.names = make(map[data.HostID]string, len(s.Agenda.Hosts))
	s.groups = make(map[data.HostID]data.GroupID, len(s.Agenda.Hosts))
	for _, h := range s.Agenda.Hosts {
		s.names[h.ID], s.groups[h.ID] = h.Name, h.Group
		if _, judged := s.Verdicts[h.ID]; !judged {
			s.Outdated++
		}
	}
}

// Total sums up all hosts.
func (s *Situation) Total() Total {
	if all := Totals(s.Agenda.Hosts, s.Verdicts, s.Now, func(data.Host) string { return "" }); len(all) > 0 {
		return all[0]
	}
	return Total{Counts: map[data.Compliance]int{}, Share: compliantShare(Total{}, s.Now)}
}

// Needs returns what wants a person now, the most urgent first.
func (s *Situation) Needs() ([]Need, error) {
	var out []Need
	add := func(n ...Need) { out = append(out, n...) }
	if s.Standard.Version == 0 && len(s.Agenda.Hosts) > 0 {
		add(Need{Kind: NeedStandard, Title: "No standard is in force", Because: "Without one no update has a deadline, and every host is unknown."})
	}
	add(s.runs()...)
	add(s.rollouts()...)
	add(s.overdue()...)
	unmet, err := s.unmet()
	if err != nil {
		return nil, err
	}
	add(unmet...)
	add(s.scans()...)
	add(s.reboots()...)
	add(s.plans()...)
	add(s.windows()...)
	add(s.exceptions()...)
	add(s.freezes()...)
	slices.SortStableFunc(out, func(a, b Need) int { return slices.Index(NeedKinds, a.Kind) - slices.Index(NeedKinds, b.Kind) })
	return out, nil
}

// listed names hosts: "web1, web2, db1 and 4 more".
func (s *Situation) listed(ids []data.HostID) string {
	var names []string
	for _, id := range ids {
		if len(names) == namesShown && len(ids) > namesShown+1 {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(ids)-namesShown)
		}
		name := s.names[id]
		if name == "" {
			name = fmt.Sprintf("host %d (removed)", id)
		}
		names = append(names, name)
	}
	return and(names)
}

func (s *Situation) planName(id data.PlanID) string {
	for _, p := range s.Plans {
		if p.ID == id {
			return p.Name
		}
	}
	return fmt.Sprintf("plan %d", id)
}

// overdue returns one need for all hosts that are overdue, longest first.
func (s *Situation) overdue() []Need {
	var late []data.HostVerdict
	updates := 0
	for _, h := range s.Agenda.Hosts {
		if v := s.Verdicts[h.ID]; v.Compliance == data.Overdue {
			late = append(late, v)
			updates += v.Counts[data.Overdue]
		}
	}
	if len(late) == 0 {
		return nil
	}
	slices.SortStableFunc(late, func(a, b data.HostVerdict) int { return compareDue(a.NextDue, b.NextDue) })
	n := Need{Kind: NeedOverdue, Title: counted(len(late), "host") + " overdue"}
	if updates > 0 {
		n.Title = fmt.Sprintf("%s overdue on %s", counted(updates, "update"), counted(len(late), "host"))
	}
	for _, v := range late {
		n.Hosts = append(n.Hosts, v.Host)
	}
	first := late[0]
	over := ""
	if !first.NextDue.IsZero() && first.NextDue.Before(s.Now) {
		over = ", by " + span(s.Now.Sub(first.NextDue))
	}
	if len(late) == 1 {
		n.Because = fmt.Sprintf("%s%s: %s", s.names[first.Host], over, first.Because)
		return []Need{n}
	}
	n.Because = fmt.Sprintf("%s. Longest %s%s: %s", s.listed(n.Hosts), s.names[first.Host], over, first.Because)
	return []Need{n}
}

// unmet returns one need for all hosts with a deadline ahead that no window
// meets. The earliest deadline of each host is looked at.
func (s *Situation) unmet() ([]Need, error) {
	var promises []Promise
	for _, h := range s.Agenda.Hosts {
		if v := s.Verdicts[h.ID]; v.NextDue.After(s.Now) && v.Compliance != data.Unknown {
			promises = append(promises, Promise{h.ID, v.NextDue})
		}
	}
	found, err := s.Agenda.Forecast(promises, s.Now)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	n := Need{Kind: NeedUnmet, Title: counted(len(found), "host") + " due before any window can meet it"}
	for _, u := range found {
		n.Hosts = append(n.Hosts, u.Host)
	}
	u := found[0]
	next := "no window of its group opens within a year"
	if !u.Next.IsZero() {
		next = fmt.Sprintf("the next window leaves room for it on %s, %s too late", Moment(u.Next), late(u.Next.Add(s.Agenda.typical()).Sub(u.Due)))
	}
	n.Because = fmt.Sprintf("%s is due by %s, and %s.", s.names[u.Host], Moment(u.Due), next)
	if len(found) > 1 {
		n.Because = s.listed(n.Hosts) + ". First: " + n.Because
	}
	return []Need{n}, nil
}

// reboots returns one need for the hosts whose reboot was promised by now.
func (s *Situation) reboots() []Need {
	if s.Standard.RebootWithin <= 0 {
		return nil
	}
	n := Need{Kind: NeedReboot}
	var longest data.HostVerdict
	for _, h := range s.Agenda.Hosts {
		v := s.Verdicts[h.ID]
		if v.RebootDebt(s.Now) < s.Standard.RebootWithin {
			continue
		}
		n.Hosts = append(n.Hosts, h.ID)
		if v.RebootDebt(s.Now) > longest.RebootDebt(s.Now) {
			longest = v
		}
	}
	if len(n.Hosts) == 0 {
		return nil
	}
	n.Title = counted(len(n.Hosts), "host") + " not rebooted as promised"
	n.Because = fmt.Sprintf("%s. The standard wants a pending reboot within %s; %s has waited for %s. What was installed does not run yet.",
		s.listed(n.Hosts), DurationText(s.Standard.RebootWithin), s.names[longest.Host], span(longest.RebootDebt(s.Now)))
	return []Need{n}
}

// plans returns the plans of the last fortnight that nobody has approved and
// that were not begun.
func (s *Situation) plans() []Need {
	begun := map[data.PlanID]bool{}
	for _, r := range s.Rollouts {
		begun[r.Plan] = true
	}
	var out []Need
	for _, p := range s.Plans {
		if !p.Approved.At.IsZero() || begun[p.ID] || s.Now.Sub(p.Created) > stillNews {
			continue
		}
		out = append(out, Need{Kind: NeedApproval, Plan: p.ID, Title: fmt.Sprintf("Plan %q waits for approval", p.Name),
			Because: fmt.Sprintf("%s on %s, made by %s %s ago. Nothing starts before somebody approves it.",
				counted(p.Targets, "change"), counted(p.HostCount, "host"), p.CreatedBy, span(s.Now.Sub(p.Created)))})
	}
	return out
}

// windows returns windows that nobody agreed, and hosts that no window covers.
func (s *Situation) windows() []Need {
	var out []Need
	for _, w := range s.Agenda.Windows {
		if w.Agreed.At.IsZero() && (w.Until.IsZero() || w.Until.After(s.Now)) {
			out = append(out, Need{Kind: NeedAgreement, Window: w.ID, Title: fmt.Sprintf("Window %q is not agreed", w.Name),
				Because: Sentence(w, s.Agenda.Groups)})
		}
	}
	bare := s.Agenda.Uncovered(s.Now)
	if len(bare) == 0 {
		return out
	}
	n := Need{Kind: NeedWindow, Title: counted(len(bare), "host") + " without a window"}
	if len(bare) == 1 {
		n.Because = fmt.Sprintf("%s: %s. It may be touched only with a reason on record.", s.names[bare[0].Host], bare[0].Because)
	}
	reasons := map[string]int{}
	for _, b := range bare {
		n.Hosts = append(n.Hosts, b.Host)
		reasons[b.Because]++
	}
	if len(bare) > 1 {
		n.Because = fmt.Sprintf("%s: %s. They may be touched only with a reason on record.", s.listed(n.Hosts), countedReasons(reasons))
	}
	return append(out, n)
}

// countedReasons writes "2 in no group, 1 no window covers its group".
func countedReasons(reasons map[string]int) string {
	var words []string
	for r, n := range reasons {
		if len(reasons) == 1 {
			return r
		}
		words = append(words, fmt.Sprintf("%d %s", n, r))
	}
	slices.Sort(words)
	slices.Reverse(words)
	return strings.Join(words, ", ")
}

// exceptions returns those that stand and end soon.
func (s *Situation) exceptions() []Need {
	var out []Need
	for _, e := range s.Exceptions {
		stands := s.Now.Before(e.Expires) && !s.Now.Before(e.Created) && (e.Withdrawn.IsZero() || s.Now.Before(e.Withdrawn))
		if !stands || e.Expires.Sub(s.Now) > exceptionAhead {
			continue
		}
		what, where := e.Update, s.names[e.Host]
		if what == "" {
			what = "all updates"
		}
		n := Need{Kind: NeedException, Exception: e.ID}
		if e.Host == 0 {
			where = "every host"
		} else {
			n.Hosts = []data.HostID{e.Host}
		}
		n.Title = fmt.Sprintf("Exception for %s on %s ends in %s", what, where, span(e.Expires.Sub(s.Now)))
		n.Because = fmt.Sprintf("%s asked for it: %s. On %s its deadlines count again.", e.RequestedBy, strings.TrimSuffix(e.Reason, "."), Moment(e.Expires))
		out = append(out, n)
	}
	return out
}

// freezes returns those in force.
func (s *Situation) freezes() []Need {
	var out []Need
	for _, f := range s.Agenda.Freezes {
		if s.Now.Before(f.From) || !s.Now.Before(f.Until) {
			continue
		}
		where := "on every host"
		if len(f.Groups) > 0 {
			where = groupsText(f.Groups, s.Agenda.Groups)
		}
		because := fmt.Sprintf("Nothing may be touched %s until %s.", where, Moment(f.Until))
		if f.Reason != "" {
			because += " " + sentence(strings.TrimSuffix(f.Reason, "."))
		}
		out = append(out, Need{Kind: NeedFreeze, Freeze: f.ID, Title: fmt.Sprintf("Freeze %q for %s more", f.Name, span(f.Until.Sub(s.Now))), Because: because})
	}
	return out
}

// span writes a duration for people in one unit, rounded down.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return counted(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return counted(int(d/time.Hour), "hour")
	}
	return counted(max(int(d/time.Minute), 1), "minute")
}
