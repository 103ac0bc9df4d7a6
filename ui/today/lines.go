package today

import (
	"fmt"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A line is a need with its sign and what can be done about it.
type line struct {
	need   app.Need
	status kit.Status
	action string   // of its button
	place  ui.Place // where the button goes, and the line itself
	other  string   // another button, for what may be right as well; empty: none
	aside  ui.Place // where that one goes
}

// A step is one of the first things to do in a new workspace.
type step struct {
	title, text string
	done        bool
	buttons     []stepButton
}

type stepButton struct {
	word, icon string
	place      ui.Place
}

// kinds say how each kind of need looks and what its button says.
var kinds = map[app.NeedKind]struct {
	status kit.Status
	action string
	screen string
}{
	app.NeedStandard:       {kit.StatusWarning, "Choose a standard", ui.Standard},
	app.NeedUnknownRun:     {kit.StatusUnknown, "Look again", ui.Rollouts},
	app.NeedStuckRun:       {kit.StatusWarning, "Show rollout", ui.Rollouts},
	app.NeedFailedRun:      {kit.StatusFailed, "Show runs", ui.Rollouts},
	app.NeedKeyChanged:     {kit.StatusCritical, "Show hosts", ui.Hosts},
	app.NeedStoppedRollout: {kit.StatusStopped, "Show rollout", ui.Rollouts},
	app.NeedUndriven:       {kit.StatusWarning, "Show rollout", ui.Rollouts},
	app.NeedRollout:        {kit.StatusRunning, "Show rollout", ui.Rollouts},
	app.NeedOverdue:        {kit.StatusOverdue, "Plan updates", ui.Rollouts},
	app.NeedUnmet:          {kit.StatusDueSoon, "Show calendar", ui.Calendar},
	app.NeedScan:           {kit.StatusUnknown, "Scan now", ui.Hosts},
	app.NeedLogin:          {kit.StatusUnknown, "Show hosts", ui.Hosts},
	app.NeedMend:           {kit.StatusUnknown, "Show hosts", ui.Hosts},
	app.NeedScanFailed:     {kit.StatusUnknown, "Scan again", ui.Hosts},
	app.NeedProof:          {kit.StatusUnknown, "Fetch lists and scan", ui.Hosts},
	app.NeedHostKey:        {kit.StatusWarning, "Compare", ui.Hosts},
	app.NeedReboot:         {kit.StatusPendingReboot, "Plan a reboot", ui.Rollouts},
	app.NeedApproval:       {kit.StatusWaiting, "Read plan", ui.Rollouts},
	app.NeedAgreement:      {kit.StatusWarning, "Show window", ui.Calendar},
	app.NeedWindow:         {kit.StatusWarning, "Show hosts", ui.Hosts},
	app.NeedException:      {kit.StatusExcepted, "Show hosts", ui.Hosts},
	app.NeedFreeze:         {kit.StatusFrozen, "Show calendar", ui.Calendar},
}

// look makes the page from what the workspace knows.
func look(s *app.Situation) (view, error) {
	needs, err := s.Needs()
	if err != nil {
		return view{}, err
	}
	soon := s.Standard.DueSoon
	if soon == 0 {
		soon = data.DefaultDueSoon
	}
	v := view{soon: "deadline within " + app.DurationText(soon), total: s.Total(), target: s.Standard.Target, steps: steps(s), stale: s.Outdated}
	if s.Standard.Version == 0 {
		v.stale = 0 // there is nothing to judge by
	}
	for _, h := range s.Agenda.Hosts {
		v.hosts = append(v.hosts, h.ID)
	}
	for _, n := range needs {
		if n.Kind == app.NeedStandard && len(v.steps) > 0 {
			continue // it is among the first steps
		}
		v.lines = append(v.lines, lineOf(n, s))
	}
	v.next, v.nextTip = nextWindow(s)
	return v, nil
}

func lineOf(n app.Need, s *app.Situation) line {
	k := kinds[n.Kind]
	l := line{need: n, status: k.status, action: k.action, place: ui.Place{Screen: k.screen, Hosts: n.Hosts, Rollout: n.Rollout, Window: n.Window}}
	switch n.Kind {
	case app.NeedApproval:
		l.place.Plan = n.Plan
	case app.NeedRollout, app.NeedUndriven, app.NeedFailedRun, app.NeedUnknownRun, app.NeedStuckRun, app.NeedStoppedRollout:
		l.place.Hosts = nil
		for _, r := range s.Rollouts {
			if r.ID == n.Rollout && n.Kind == app.NeedRollout {
				l.status = kit.OfRollout(r.State)
			}
		}
	case app.NeedHostKey, app.NeedScanFailed:
		l.place.Scan = true // there dialogs ask for keys and credentials
	case app.NeedScan:
		for _, id := range n.Hosts {
			if s.Verdicts[id].ScanAt.IsZero() {
				l.place.Scan = true // a first contact shows a key to compare
			}
		}
	case app.NeedLogin:
		if len(n.Hosts) == 1 {
			l.action, l.place.Credential = "Keep credential…", true
			l.other, l.aside = "Edit host…", ui.Place{Screen: ui.Hosts, Hosts: n.Hosts, Edit: true}
		}
	case app.NeedReboot:
		l.place.Reboot = true
		l.other, l.aside = "Show hosts", ui.Place{Screen: ui.Hosts, Search: "reboot:pending"}
	case app.NeedMend:
		if n.Command != "" {
			l.action = "What to run…"
		}
	case app.NeedUnmet, app.NeedFreeze:
		l.place.Hosts = nil
		for _, f := range s.Agenda.Freezes {
			if f.ID == n.Freeze {
				l.place.Day = f.From
			}
		}
	}
	if len(l.place.Hosts) == 1 && l.place.Screen == ui.Hosts && !l.place.Credential {
		l.place.Host = l.place.Hosts[0]
	}
	return l
}

// steps returns the first steps of a workspace in which one is still to do.
func steps(s *app.Situation) []step {
	agreed := false
	for _, w := range s.Agenda.Windows {
		agreed = agreed || !w.Agreed.At.IsZero()
	}
	all := []step{
		{"Add your hosts", "One by one, or from your OpenSSH configuration, an Ansible inventory or a CSV file. Nothing is changed on them.",
			len(s.Agenda.Hosts) > 0, []stepButton{{"Add or import hosts", "plus", ui.Place{Screen: ui.Hosts}}}},
		{"Choose a standard", "It says by when an update must be in. Begin with a template and make it yours.",
			s.Standard.Version > 0, []stepButton{{"Choose a standard", "clipboard-check", ui.Place{Screen: ui.Standard}}}},
		{"Agree a window", "When may the hosts of a group be touched, and who has agreed? Make the groups first: Hosts, menu …, Groups… Nothing is installed outside, unless with a reason on record.",
			agreed, []stepButton{{"Add a window", "calendar-plus", ui.Place{Screen: ui.Calendar, New: true}}}},
	}
	for _, x := range all {
		if !x.done {
			return all
		}
	}
	return nil
}

// nextWindow says when updates may be installed next.
func nextWindow(s *app.Situation) (text, tip string) {
	o, hosts, ok := s.NextOpening()
	if !ok {
		if len(s.Agenda.Windows) == 0 {
			return "", ""
		}
		return "No agreed window opens within 40 days", "Windows that were not agreed, and those that freezes take, do not count."
	}
	name := ""
	for _, w := range s.Agenda.Windows {
		if w.ID == o.Window {
			name, tip = w.Name, app.Sentence(w, s.Agenda.Groups)
		}
	}
	if !o.Start.After(s.Now) {
		return fmt.Sprintf("Window %q is open until %s, for %s", name, kit.Clock(o.End, s.Now), kit.Count(hosts, "host", "hosts")), tip
	}
	return fmt.Sprintf("Next window: %q opens %s (%s), for %s", name, kit.Clock(o.Start, s.Now), kit.Ago(o.Start, s.Now), kit.Count(hosts, "host", "hosts")), tip
}

// news are needs that say how things stand and ask nothing.
func news(k app.NeedKind) bool { return k == app.NeedRollout || k == app.NeedFreeze }

// subtitle is the one thing the page answers.
func subtitle(v view) string {
	n := 0
	for _, l := range v.lines {
		if !news(l.need.Kind) {
			n++
		}
	}
	switch {
	case len(v.hosts) == 0:
		return "Three steps to begin with"
	case n > 0:
		return kit.Count(n, "thing needs you", "things need you")
	case v.stale > 0:
		return "Judging hosts anew"
	case len(v.steps) > 0:
		return ""
	}
	return "Nothing needs you now"
}

// badge counts what needs somebody, in the colour of the worst.
func badge(lines []line) ui.Badge {
	var b ui.Badge
	for _, l := range lines {
		if news(l.need.Kind) {
			continue
		}
		if b.Count == 0 {
			b.Status = l.status
		}
		b.Count++
	}
	return b
}

// shareStatus is the sign of the compliant share: never good while a host is unknown.
func shareStatus(v view) kit.Status {
	t := v.total
	switch {
	case t.Hosts == 0:
		return kit.StatusNone
	case t.Counts[data.Overdue] > 0:
		return kit.StatusOverdue
	case t.Counts[data.Unknown] > 0:
		return kit.StatusUnknown
	case v.target > 0 && t.Share.Value < v.target:
		return kit.StatusDueSoon
	}
	return kit.StatusCompliant
}
