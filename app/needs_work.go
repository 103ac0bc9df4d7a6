package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// runs returns, for each rollout, the runs whose outcome is unknown and those
// that failed and that nobody has taken up since.
func (s *Situation) runs() []Need {
	var out []Need
	for _, r := range s.Rollouts {
		var unknown, failed Need
		var why, whyUnknown string
		for _, run := range s.Troubled {
			switch {
			case run.Rollout != r.ID:
			case run.Outcome == data.OutcomeUnknown:
				unknown.Hosts, unknown.Runs = append(unknown.Hosts, run.Host), append(unknown.Runs, run.ID)
				whyUnknown = orFirst(whyUnknown, run.Detail)
			case s.news(run, r):
				failed.Hosts, failed.Runs = append(failed.Hosts, run.Host), append(failed.Runs, run.ID)
				why = orFirst(why, run.Detail)
			}
		}
		plan := s.planName(r.Plan)
		out = append(out, s.stuck(r, plan)...)
		if n := len(unknown.Runs); n > 0 {
			unknown.Kind, unknown.Rollout, unknown.Plan = NeedUnknownRun, r.ID, r.Plan
			unknown.Title = fmt.Sprintf("Not known whether %s patched", hasBeen(n))
			unknown.Because = fmt.Sprintf("%s in %q: %s Nothing is done again before somebody has looked.", s.listed(unknown.Hosts), plan, full(whyUnknown))
			out = append(out, unknown)
		}
		if n := len(failed.Runs); n > 0 {
			failed.Kind, failed.Rollout, failed.Plan = NeedFailedRun, r.ID, r.Plan
			failed.Title = fmt.Sprintf("%s failed in %q", counted(n, "run"), plan)
			failed.Because = fmt.Sprintf("%s: %s", s.listed(failed.Hosts), full(why))
			if s.stopped(r) {
				failed.Title += ", which has stopped"
				failed.Because += " " + sentence(strings.TrimSuffix(full(r.Note), "."))
			}
			out = append(out, failed)
		}
	}
	return out
}

// stuck returns the runs of r whose job gave no sign of life when the host was
// last asked.
func (s *Situation) stuck(r data.Rollout, plan string) []Need {
	n := Need{Kind: NeedStuckRun, Rollout: r.ID, Plan: r.Plan}
	var longest time.Duration
	for _, run := range s.OpenRuns {
		if run.Rollout == r.ID && run.LooksStuck() {
			n.Hosts, n.Runs, longest = append(n.Hosts, run.Host), append(n.Runs, run.ID), max(longest, run.Quiet)
		}
	}
	if len(n.Runs) == 0 {
		return nil
	}
	n.Title = fmt.Sprintf("%s in %q", countedVerb(len(n.Runs), "run looks stuck", "runs look stuck"), plan)
	n.Because = fmt.Sprintf("%s: no sign of life of the job for %s when last asked. It is asked on; until the host tells its end it counts neither as success nor as failure. Look at the host.",
		s.listed(n.Hosts), DurationText(longest))
	return []Need{n}
}

func hasBeen(n int) string {
	if n == 1 {
		return "1 host was"
	}
	return fmt.Sprintf("%d hosts were", n)
}

func orFirst(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// news reports whether a run that failed is to be told: of late, and not taken
// up since.
func (s *Situation) news(run data.Run, r data.Rollout) bool {
	return run.Ended.After(r.Resumed) && s.Now.Sub(run.Ended) <= stillNews
}

// failed reports whether runs of r are told as failed.
func (s *Situation) failed(r data.Rollout) bool {
	return slices.ContainsFunc(s.Troubled, func(run data.Run) bool {
		return run.Rollout == r.ID && run.Outcome != data.OutcomeUnknown && s.news(run, r)
	})
}

// stopped reports whether r has stopped of late and nobody has let it go on.
func (s *Situation) stopped(r data.Rollout) bool {
	return r.State == data.RolloutStopped && (r.Open() || s.Now.Sub(r.Ended) <= stillNews)
}

// full ends a sentence with one full stop.
func full(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ".")
	if s == "" {
		return "no reason was kept."
	}
	return s + "."
}

// rollouts returns the open ones with how far they are, and those that stopped
// in the last fortnight and that nobody has let go on.
func (s *Situation) rollouts() []Need {
	var out []Need
	for _, r := range s.Rollouts {
		if s.stopped(r) && s.failed(r) {
			continue // its failed runs tell of it
		}
		n := Need{Kind: NeedRollout, Rollout: r.ID, Plan: r.Plan, Because: s.progress(r.ID)}
		stands := "is waiting"
		still, idle := s.Still[r.ID]
		switch {
		case s.stopped(r):
			n.Kind, stands, n.Because = NeedStoppedRollout, "has stopped", full(r.Note)+" "+n.Because
		case !r.Open():
			continue
		case idle:
			n.Kind, stands = NeedUndriven, "stands still"
		case r.State == data.RolloutRunning:
			stands = "is running"
		case r.State == data.RolloutCancelled:
			stands = "is being cancelled"
		}
		if r.State == data.RolloutWaiting {
			n.Because += " " + s.waitsFor(r)
		}
		if idle {
			n.Because += " " + still
		}
		n.Title = fmt.Sprintf("Rollout of %q %s", s.planName(r.Plan), stands)
		out = append(out, n)
	}
	return out
}

// still says of each open rollout that no desk drives why it goes on by itself
// no further.
func (d *Desk) still(ctx context.Context, rollouts []data.Rollout) (map[data.RolloutID]string, error) {
	words := map[data.RolloutID]string{}
	for _, r := range rollouts {
		if !r.Open() {
			continue
		}
		g, err := d.Driving(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		if g.Holder != "" {
			continue
		}
		p, err := d.DB.Plan(ctx, r.Plan)
		if err != nil {
			return nil, err
		}
		if words[r.ID] = "It is " + g.Text() + "."; errors.Is(d.Ordered(p, r), ErrNotOrdered) {
			words[r.ID] = "It was not started on this computer as it now stands, and no desk drives it. Look through its plan, and adopt it if it is yours to drive."
		}
	}
	return words, nil
}

// progress says how far a rollout is.
func (s *Situation) progress(id data.RolloutID) string {
	t := s.Tallies[id]
	parts := []string{fmt.Sprintf("%d of %s succeeded", t.Outcomes[data.OutcomeSucceeded], counted(t.All(), "host"))}
	for _, o := range []data.Outcome{data.OutcomeFailed, data.OutcomeUnknown, data.OutcomeSkipped, data.OutcomeCancelled} {
		if n := t.Outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if t.Active > 0 {
		parts = append(parts, fmt.Sprintf("%d under way", t.Active))
	}
	if t.Queued > 0 {
		parts = append(parts, fmt.Sprintf("%d queued", t.Queued))
	}
	return strings.Join(parts, ", ") + "."
}

// waitsFor says when the next of its hosts may be touched.
func (s *Situation) waitsFor(r data.Rollout) string {
	if r.Note != "" {
		return full(r.Note)
	}
	groups := map[data.GroupID]bool{}
	for _, run := range s.OpenRuns {
		if run.Rollout == r.ID {
			groups[s.groups[run.Host]] = true
		}
	}
	var ids []data.GroupID
	for g := range groups {
		ids = append(ids, g)
	}
	o, ok := s.nextFor(ids)
	switch {
	case !ok:
		return "No window of its hosts opens within 40 days."
	case !o.Start.After(s.Now):
		return fmt.Sprintf("A window is open until %s.", Moment(o.End))
	}
	return fmt.Sprintf("The next window opens on %s, in %s.", Moment(o.Start), span(o.Start.Sub(s.Now)))
}

// NextOpening returns the next time at which updates may be installed
// anywhere, and on how many hosts then; false: none within 40 days. One that
// is open now counts.
func (s *Situation) NextOpening() (o data.Occurrence, hosts int, ok bool) {
	var ids []data.GroupID
	for _, g := range s.Agenda.Groups {
		ids = append(ids, g.ID)
	}
	o, ok = s.nextFor(ids)
	if !ok {
		return o, 0, false
	}
	for _, w := range s.Agenda.Windows {
		if w.ID != o.Window {
			continue
		}
		for _, h := range s.Agenda.Hosts {
			if h.Group != 0 && slices.Contains(w.Groups, h.Group) {
				hosts++
			}
		}
	}
	return o, hosts, true
}

func (s *Situation) nextFor(groups []data.GroupID) (next data.Occurrence, ok bool) {
	used := map[data.GroupID]bool{}
	for _, h := range s.Agenda.Hosts {
		used[h.Group] = true
	}
	slices.Sort(groups)
	for _, g := range groups {
		if g == 0 || !used[g] {
			continue
		}
		occ, err := s.Agenda.Openings(g, s.Now, s.Now.Add(40*24*time.Hour))
		if err != nil {
			continue // a window that cannot be read opens nothing; the calendar says why
		}
		for _, o := range occ {
			if o.End.After(s.Now) && (!ok || o.Start.Before(next.Start)) {
				next, ok = o, true
			}
		}
	}
	return next, ok
}

// scans returns what keeps hosts from being known.
func (s *Situation) scans() []Need {
	failed, key, changed := Need{Kind: NeedScanFailed}, Need{Kind: NeedHostKey}, Need{Kind: NeedKeyChanged}
	stale, unproven := Need{Kind: NeedScan}, Need{Kind: NeedProof}
	login := Need{Kind: NeedLogin}
	var broken []Need
	never := 0
	for _, h := range s.Agenda.Hosts {
		v := s.Verdicts[h.ID]
		f, lost := s.Failures[h.ID]
		switch {
		case lost && keyChanged(f.Error):
			changed.Hosts = append(changed.Hosts, h.ID)
		case lost && keyUnknown(f.Error):
			key.Hosts = append(key.Hosts, h.ID)
		case lost && loginRefused(f.Error):
			login.Hosts = append(login.Hosts, h.ID)
		case lost:
			failed.Hosts = append(failed.Hosts, h.ID)
		case v.ScanAt.IsZero(), !s.Now.Before(v.ScanAt.Add(s.maxAge())):
			stale.Hosts = append(stale.Hosts, h.ID)
			if v.ScanAt.IsZero() {
				never++
			}
		case packagesBroken(v):
			broken = addBroken(broken, v)
		case v.Compliance == data.Unknown && s.Standard.Version != 0 && s.holds(v):
			unproven.Hosts = append(unproven.Hosts, h.ID)
		}
	}
	s.wordScans(&stale, &failed, &unproven, never)
	s.wordKeys(&key, &changed)
	s.wordLogin(&login)
	var out []Need
	for i := range broken {
		s.wordBroken(&broken[i])
	}
	for _, n := range append(broken, changed, stale, login, failed, unproven, key) {
		if len(n.Hosts) > 0 {
			out = append(out, n)
		}
	}
	return out
}

// holds reports whether a verdict was made for this moment.
func (s *Situation) holds(v data.HostVerdict) bool {
	return v.Version == s.Standard.Version && (v.ValidUntil.IsZero() || s.Now.Before(v.ValidUntil))
}

func (s *Situation) maxAge() time.Duration {
	if s.Standard.ScanMaxAge > 0 {
		return s.Standard.ScanMaxAge
	}
	return data.DefaultScanMaxAge
}

func (s *Situation) wordScans(stale, failed, unproven *Need, never int) {
	if n := len(stale.Hosts); n > 0 {
		old := n - never
		switch {
		case old == 0:
			stale.Title = counted(n, "host") + " never scanned"
			stale.Because = s.listed(stale.Hosts) + ". Nothing is known of them, so they are unknown."
		case never == 0:
			stale.Title = counted(n, "host") + " scanned too long ago"
			stale.Because = fmt.Sprintf("%s. A scan proves nothing after %s.", s.listed(stale.Hosts), DurationText(s.maxAge()))
		default:
			stale.Title = counted(n, "host") + " without a fresh scan"
			stale.Because = fmt.Sprintf("%s. Never scanned: %d. Scanned longer ago than the %s the standard allows: %d.", s.listed(stale.Hosts), never, DurationText(s.maxAge()), old)
		}
	}
	if n := len(failed.Hosts); n > 0 {
		f := s.Failures[failed.Hosts[0]]
		failed.Title = counted(n, "host") + " could not be scanned"
		failed.Because = fmt.Sprintf("%s, %s ago: %s", s.names[f.Host], span(s.Now.Sub(f.At)), full(f.Error))
		if n > 1 {
			failed.Because = s.listed(failed.Hosts) + ". For one, " + failed.Because
		}
	}
	if n := len(unproven.Hosts); n > 0 {
		unproven.Title = counted(n, "host") + " unknown although scanned"
		unproven.Because = s.names[unproven.Hosts[0]] + ": " + s.Verdicts[unproven.Hosts[0]].Because
		if n > 1 {
			unproven.Because = s.listed(unproven.Hosts) + ". For one, " + unproven.Because
		}
	}
}

func (s *Situation) wordKeys(key, changed *Need) {
	if n := len(key.Hosts); n > 0 {
		key.Title = s.shown(key.Hosts) + " nobody has vouched for"
		key.Because = s.listed(key.Hosts) + ". Compare the fingerprint with the one on the host's console, then accept it."
	}
	if n := len(changed.Hosts); n > 0 {
		changed.Title = counted(n, "host") + " showed another " + s.identity(changed.Hosts) + " than the one vouched for"
		changed.Because = s.listed(changed.Hosts) + ". Nothing is sent there: somebody may be in between. Find out on the console why it is another one."
	}
}

func (s *Situation) wordLogin(n *Need) {
	if len(n.Hosts) == 0 {
		return
	}
	f := s.Failures[n.Hosts[0]]
	n.Title = counted(len(n.Hosts), "host") + " did not let the desk in"
	n.Because = fmt.Sprintf("%s, %s ago: %s", s.names[f.Host], span(s.Now.Sub(f.At)), full(f.Error))
	if len(n.Hosts) > 1 {
		n.Because = s.listed(n.Hosts) + ". For one, " + n.Because
	}
	n.Because += " Mend the user or key of the host, or keep the password or passphrase it asks for. Until then it is unknown."
}

// addBroken puts a host to those that the same command puts right.
func addBroken(all []Need, v data.HostVerdict) []Need {
	command := mendCommand(v.Because)
	i := slices.IndexFunc(all, func(n Need) bool { return n.Command == command })
	if i < 0 {
		all, i = append(all, Need{Kind: NeedMend, Command: command}), len(all)
	}
	all[i].Hosts = append(all[i].Hosts, v.Host)
	return all
}

func (s *Situation) wordBroken(n *Need) {
	n.Title = "Packages are broken on " + counted(len(n.Hosts), "host")
	n.Because = s.names[n.Hosts[0]] + ": " + s.Verdicts[n.Hosts[0]].Because
	if len(n.Hosts) > 1 {
		n.Because = s.listed(n.Hosts) + ". For one, " + n.Because
	}
	if n.Command != "" {
		n.Because += " Run " + n.Command + " there, then scan again."
	} else {
		n.Because += " Put it right on the host, then scan again."
	}
}

// packagesBroken reads why a host is unknown: verdicts are kept as text.
func packagesBroken(v data.HostVerdict) bool {
	return v.Compliance == data.Unknown && strings.Contains(v.Because, "cannot be trusted: "+string(data.PackagesBroken))
}

// mendCommand returns what puts packages right that dpkg left half done, by
// dpkg's own words for them; "" where only the host can tell what is needed.
//
//	dpkg was interrupted, 'dpkg --configure -a' is needed
//	roundcube-core is iF
//
// The second letter is the state: F half-configured, U unpacked, W triggers
// awaited, t triggers pending. H, half installed, needs the package anew.
func mendCommand(because string) string {
	if halfDone.MatchString(because) {
		return "sudo dpkg --configure -a"
	}
	return ""
}

var halfDone = regexp.MustCompile(`dpkg --configure -a| is [a-z][FUWt]\b`)

func loginRefused(text string) bool {
	return strings.Contains(text, remote.ErrLoginRefused.Error()) || strings.Contains(text, remote.ErrHeldBack.Error()) || strings.Contains(text, remote.ErrSudoPassword.Error())
}

// shown counts what hosts showed: "2 host keys and 1 certificate".
func (s *Situation) shown(hosts []data.HostID) string {
	keys, certificates := 0, 0
	for _, h := range hosts {
		if saysOf(s.Failures[h].Error, "certificate of ", " is not known: ") {
			certificates++
		} else {
			keys++
		}
	}
	switch {
	case certificates == 0:
		return counted(keys, "host key")
	case keys == 0:
		return counted(certificates, "certificate")
	}
	return counted(keys, "host key") + " and " + counted(certificates, "certificate")
}

// identity names what hosts show: keys, certificates, or both.
func (s *Situation) identity(hosts []data.HostID) string {
	certificates := 0
	for _, h := range hosts {
		if saysOf(s.Failures[h].Error, "certificate of ", " changed: known ") {
			certificates++
		}
	}
	switch certificates {
	case 0:
		return "key"
	case len(hosts):
		return "certificate"
	}
	return "key or certificate"
}

// keyUnknown and keyChanged read what package remote writes of host keys:
// "host key of web1 is not known: ssh-ed25519 SHA256:…" and "host key of web1
// changed: known …, shown …", and of certificates the same. Failures are kept
// as text.
func keyUnknown(text string) bool {
	return saysOf(text, "host key of ", " is not known: ") || saysOf(text, "certificate of ", " is not known: ")
}

// saysOf reports whether a text says so of a host, whose name stands between.
func saysOf(text, what, so string) bool {
	_, rest, found := strings.Cut(text, what)
	return found && strings.Contains(rest, so)
}

func keyChanged(text string) bool {
	return saysOf(text, "host key of ", " changed: known ") || saysOf(text, "certificate of ", " changed: known ")
}
