package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A PlanRequest says what a plan is to bring in, where and how.
type PlanRequest struct {
	Name     string
	Hosts    []data.HostID
	Classes  []data.Class // only these; empty: all
	Keys     []string     // only these updates (data.Update.Key); empty: all
	KeptBack bool         // also what an ordinary upgrade keeps back
	Remove   bool         // removals may be part of the plan
	Rings    []data.Ring  // soak and gate of each; rings that only hosts name are added
	Parallel int
	StopAt   float64
	Reboot   data.RebootPolicy
	PostWait time.Duration

	// Terms says what becomes of updates that ask for their licence terms:
	// data.TermsAccepted accepts them, data.NoTerms leaves them out, and
	// data.TermsAsked leaves it open, for SettleTerms.
	Terms data.Terms

	// RebootOnly brings nothing in: only hosts that need a reboot, or with
	// data.RebootAlways all, are rebooted. Nothing may be chosen with it.
	RebootOnly bool

	// ByName are updates (data.Update.Key) that a person chose one by one: they go
	// in although an exception leaves them out.
	ByName []string

	exceptions []data.Exception // all on record; MakePlan reads them
}

// ErrNoReboot means that a plan that only reboots was asked for in words that
// contradict it.
var ErrNoReboot = errors.New("a plan that only reboots takes no updates and reboots if needed or always")

// contradicts reports whether more, or less, than a reboot is asked for with RebootOnly.
func (q PlanRequest) contradicts() bool {
	return q.RebootOnly && (q.Reboot == data.RebootNever || q.Reboot == "" || q.KeptBack || q.Remove || len(q.Classes)+len(q.Keys) > 0)
}

// A PlanNote tells of a host, or of an update of it, that is not in the plan.
type PlanNote struct {
	data.LeftOut
	Host data.Host
}

// leftOut notes that an update of h is left out, or with an empty key all of h.
func leftOut(h data.Host, key, why string) PlanNote {
	return PlanNote{Host: h, LeftOut: data.LeftOut{Host: h.ID, Update: key, Why: why}}
}

// PlanNotes returns what a plan leaves out, with the hosts as they are now. One
// that is no longer in the inventory keeps its number only.
func PlanNotes(p data.Plan, hosts []data.Host) []PlanNote {
	notes := make([]PlanNote, len(p.LeftOut))
	for i, l := range p.LeftOut {
		notes[i] = PlanNote{LeftOut: l, Host: data.Host{ID: l.Host, Name: fmt.Sprintf("host %d (removed)", l.Host)}}
		if at := slices.IndexFunc(hosts, func(h data.Host) bool { return h.ID == l.Host }); at >= 0 {
			notes[i].Host = hosts[at]
		}
	}
	return notes
}

// ErrAllLeftOut means that updates are missing, and that each was left out of
// the plan for a reason that its notes tell.
var ErrAllLeftOut = errors.New("all that was chosen is left out")

// ErrNothingToDo means that a plan would change nothing.
var ErrNothingToDo = errors.New("nothing chosen is missing on the chosen hosts")

// MakePlan asks the chosen hosts, several at once, what bringing in the
// chosen updates would do by their own solvers, and returns the answer as a
// plan that is not stored yet. What is left out is told in the notes; one
// host's failure leaves only that host out. done is called after each host and
// may be nil.
func (d *Desk) MakePlan(ctx context.Context, req PlanRequest, done func(data.Host)) (data.Plan, []PlanNote, error) {
	if req.contradicts() {
		return data.Plan{}, nil, fmt.Errorf("make plan: %w", ErrNoReboot)
	}
	hosts, err := d.hostsByID(ctx, req.Hosts)
	if err != nil {
		return data.Plan{}, nil, fmt.Errorf("make plan: %w", err)
	}
	std, err := d.DB.StandardAt(ctx, d.Now())
	if err != nil {
		return data.Plan{}, nil, fmt.Errorf("make plan: %w", err)
	}
	if req.exceptions, err = d.DB.Exceptions(ctx); err != nil {
		return data.Plan{}, nil, fmt.Errorf("make plan: %w", err)
	}
	p := data.Plan{
		Name: strings.TrimSpace(req.Name), Created: d.Now().UTC().Truncate(time.Second), CreatedBy: d.By,
		Rings: slices.Clone(req.Rings), Parallel: req.Parallel, StopAt: req.StopAt, Reboot: req.Reboot, PostWait: req.PostWait,
	}
	var notes []PlanNote
	eachHost(hosts, d.Parallel(), func(h data.Host) planned {
		return d.planHost(ctx, h, req, maxAge(std))
	}, func(h data.Host, r planned) {
		notes = append(notes, r.notes...)
		if !r.part.Changes.Empty() || r.reboot {
			p.Hosts = append(p.Hosts, r.part)
		}
		if done != nil {
			done(h)
		}
	})
	if err := ctx.Err(); err != nil {
		return data.Plan{}, nil, err
	}
	arrange(&p, hosts)
	for _, n := range notes {
		p.LeftOut = append(p.LeftOut, n.LeftOut)
	}
	if len(p.Hosts) == 0 && len(notes) > 0 {
		return p, notes, fmt.Errorf("make plan: %w", ErrAllLeftOut)
	}
	if len(p.Hosts) == 0 {
		return p, notes, fmt.Errorf("make plan: %w", ErrNothingToDo)
	}
	return p, notes, nil
}

func maxAge(std data.Standard) time.Duration {
	if std.ScanMaxAge > 0 {
		return std.ScanMaxAge
	}
	return data.DefaultScanMaxAge
}

// planned is one host's part, or why it has none.
type planned struct {
	part   data.PlanHost
	reboot bool // it is in though nothing is brought in
	notes  []PlanNote
}

// planHost turns a host's newest scan and the request into exact changes.
func (d *Desk) planHost(ctx context.Context, h data.Host, req PlanRequest, maxAge time.Duration) planned {
	out := planned{part: data.PlanHost{Host: h.ID, Ring: h.Ring, At: whereabouts(h)}}
	leave := func(why string) planned {
		out.notes = append(out.notes, leftOut(h, "", why))
		out.part.Changes = data.Changes{}
		return out
	}
	scan, err := d.DB.LatestScan(ctx, h.ID)
	switch {
	case err != nil:
		return leave("never scanned: scan it first")
	case d.Now().Sub(scan.At) > maxAge:
		return leave("its scan is too old: scan it again")
	case !scan.Trusted():
		return leave("its scan proves nothing (" + string(scan.Problems[0].Kind) + "): mend that and scan again")
	}
	out.part.Scan = scan.ID
	if req.RebootOnly {
		if why := whyNoReboot(scan, req.Reboot); why != "" {
			return leave(why)
		}
		out.reboot = true
		return out
	}
	want, notes := chooseTargets(h, scan, req, d.Now())
	out.notes = notes
	if len(want) == 0 {
		return out
	}
	changes, err := d.simulate(ctx, h, want)
	if err != nil {
		return leave(firstLine(err))
	}
	if why := unplanned(want, changes, req.Remove); why != "" {
		return leave(why)
	}
	if why := req.comesAlong(h.ID, changes, d.Now()); why != "" {
		return leave(why)
	}
	out.part.Changes = describe(changes, scan.Updates)
	if req.Terms == data.TermsAsked {
		return out
	}
	var asking []data.LeftOut
	out.part.Changes, asking = settled(h.ID, out.part.Changes, req.Terms == data.TermsAccepted)
	for _, l := range asking {
		out.notes = append(out.notes, PlanNote{Host: h, LeftOut: l})
	}
	return out
}

// whyNoReboot says why a host is left out of a plan that only reboots.
func whyNoReboot(scan data.Scan, policy data.RebootPolicy) string {
	switch {
	case policy == data.RebootAlways, len(scan.Reboot) > 0:
		return ""
	case scan.RebootKnown:
		return "no reboot is pending, as its scan says"
	}
	return "it does not tell whether it needs a reboot: plan one that is always made"
}

// whereabouts is how a host is reached: what a plan is bound to, so that an
// address edited after the approval sends it to no other machine.
func whereabouts(h data.Host) string {
	if h.Jump != "" {
		return h.Where() + " by way of " + h.Jump
	}
	return h.Where()
}

// chooseTargets picks what the request asks for. Held and phased updates are
// never planned: a person or the vendor has said not now. What an exception
// leaves out goes in only where it was chosen by name.
// What is installed already and waits for a reboot cannot go in again.
func chooseTargets(h data.Host, scan data.Scan, req PlanRequest, now time.Time) (want []data.Target, notes []PlanNote) {
	for _, u := range scan.Updates {
		if len(req.Classes) > 0 && !slices.Contains(req.Classes, u.Class) {
			continue
		}
		if len(req.Keys) > 0 && !slices.Contains(req.Keys, u.Key()) {
			continue
		}
		if u.Hold == data.WaitsForReboot {
			n := leftOut(h, u.Key(), "it is installed already and waits for a reboot: plan a reboot")
			n.Reboot = true
			notes = append(notes, n)
			continue
		}
		if u.Hold == data.Held || u.Hold == data.Phased || (u.Hold == data.KeptBack && !req.KeptBack) {
			notes = append(notes, leftOut(h, u.Key(), string(u.Hold)))
			continue
		}
		if e, ok := longest(req.exceptions, h.ID, u.Key(), now); ok && !slices.Contains(req.ByName, u.Key()) {
			n := leftOut(h, u.Key(), leavesOut(e, "it"))
			if e.Update == "" {
				n = leftOut(h, "", leavesOut(e, "the whole host"))
			}
			if !slices.ContainsFunc(notes, func(o PlanNote) bool { return o.LeftOut == n.LeftOut }) {
				notes = append(notes, n)
			}
			continue
		}
		want = append(want, data.Target{
			Name: u.Name, Arch: u.Arch, From: u.Installed, To: u.Available,
			Origin: u.Origin, Class: u.Class, Severity: u.Severity, Title: u.Title,
		})
	}
	return want, notes
}

// platform returns the update system of a host, asking the host where that is
// not known yet.
func (d *Desk) platform(ctx context.Context, s remote.Session, h data.Host) (Platform, error) {
	name := h.Platform
	if name == data.PlatformUnknown {
		var err error
		if name, err = d.detect(ctx, s, h); err != nil {
			return nil, err
		}
	}
	p, ok := d.PlatformOf(name)
	if !ok {
		return nil, fmt.Errorf("%w: %s", remote.ErrNotSupported, name)
	}
	return p, nil
}

func (d *Desk) simulate(ctx context.Context, h data.Host, want []data.Target) (data.Changes, error) {
	ctx, stop := context.WithTimeout(ctx, scanTimeout(h)) // one host that never answers keeps no plan from being made
	defer stop()
	s, err := d.Dialer.Dial(ctx, h)
	if err != nil {
		return data.Changes{}, err
	}
	defer s.Close()
	p, err := d.platform(ctx, s, h)
	if err != nil {
		return data.Changes{}, err
	}
	return p.Simulate(ctx, s, want)
}

// unplanned says why a simulation is not what was asked for; "" when it is.
func unplanned(want []data.Target, c data.Changes, mayRemove bool) string {
	for _, w := range want {
		i := slices.IndexFunc(append(slices.Clone(c.Upgrade), c.Add...), func(t data.Target) bool { return t.Name == w.Name && t.To == w.To })
		if i < 0 {
			return fmt.Sprintf("the host would not bring %s to %s: scan it again", w.Key(), data.VersionText(w.To))
		}
	}
	if len(c.Remove) > 0 && !mayRemove {
		var names []string
		for _, t := range c.Remove {
			names = append(names, t.Key())
		}
		return "this would remove " + shorten(names, 5) + ": allow removals to plan it"
	}
	return ""
}

// describe adds what the scan knows of each package to a simulation.
func describe(c data.Changes, updates []data.Update) data.Changes {
	for i, t := range c.Upgrade {
		for _, u := range updates {
			if u.Name == t.Name && u.Available == t.To && (u.Arch == t.Arch || t.Arch == "" || u.Arch == "") {
				c.Upgrade[i].Origin, c.Upgrade[i].Class, c.Upgrade[i].Severity = u.Origin, u.Class, u.Severity
			}
		}
	}
	return c
}

// arrange gives every host its ring and sorts hosts by ring and name. Hosts
// without a ring go last.
func arrange(p *data.Plan, hosts []data.Host) {
	last, name := 1, map[data.HostID]string{}
	for _, h := range hosts {
		name[h.ID] = h.Name
		last = max(last, h.Ring)
	}
	for _, r := range p.Rings {
		last = max(last, r.Number)
	}
	for i := range p.Hosts {
		if p.Hosts[i].Ring == 0 {
			p.Hosts[i].Ring = last
		}
	}
	slices.SortFunc(p.Hosts, func(a, b data.PlanHost) int {
		return cmp.Or(a.Ring-b.Ring, strings.Compare(name[a.Host], name[b.Host]))
	})
	p.Rings = RingsOf(*p)
}

// SavePlan stores a plan; from then on what it would do never changes.
func (d *Desk) SavePlan(ctx context.Context, p data.Plan) (data.PlanID, error) {
	if p.Name == "" {
		return 0, errors.New("save plan: it has no name")
	}
	if len(p.Hosts) == 0 {
		return 0, fmt.Errorf("save plan %q: %w", p.Name, ErrNothingToDo)
	}
	if len(Terms(p, data.TermsAsked)) > 0 {
		return 0, fmt.Errorf("save plan %q: %w", p.Name, ErrTermsOpen)
	}
	p.Approved = data.Approval{}
	subject := fmt.Sprintf("plan %q, %s", p.Name, counted(len(p.Hosts), "host"))
	if p.RebootOnly() {
		subject += ", reboots only"
	}
	id, err := d.DB.SavePlan(ctx, p, d.entry("plan saved", subject, "", change{After: planChange(p)}))
	if err != nil {
		return 0, fmt.Errorf("save plan %q: %w", p.Name, err)
	}
	return id, nil
}

// ApprovePlan records this user's yes to exactly the plan with that digest, so
// that nobody approves what was not looked at.
func (d *Desk) ApprovePlan(ctx context.Context, id data.PlanID, digest, note string) error {
	p, err := d.DB.Plan(ctx, id)
	if err != nil {
		return fmt.Errorf("approve plan: %w", err)
	}
	if p.Digest() != digest {
		return fmt.Errorf("approve plan %q: it is not the plan that was shown", p.Name)
	}
	a := data.Approval{Role: "plan", By: d.By, At: d.Now(), Note: strings.TrimSpace(note)}
	return d.DB.ApprovePlan(ctx, id, a, d.entry("plan approved", fmt.Sprintf("plan %q", p.Name)+acceptedText(p), a.Note, change{After: planChange(p)}))
}

// ErrBegun means that a plan is being rolled out: its approval cannot be
// withdrawn any more, its rollout can be cancelled.
var ErrBegun = errors.New("a rollout of the plan has begun")

// WithdrawApproval takes the approval of a plan back, for a reason. It can be
// approved again. A rollout under way is an ErrBegun.
func (d *Desk) WithdrawApproval(ctx context.Context, id data.PlanID, reason string) error {
	p, err := d.DB.Plan(ctx, id)
	if err != nil {
		return fmt.Errorf("withdraw approval: %w", err)
	}
	op := fmt.Sprintf("withdraw approval of plan %q", p.Name)
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("%s: %w", op, ErrNoReason)
	}
	if p.Approved.At.IsZero() {
		return fmt.Errorf("%s: %w", op, ErrNotApproved)
	}
	r, open, err := d.openRollout(ctx, id)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if open {
		return fmt.Errorf("%s: %w: withdrawing would not stop it; cancel rollout %d", op, ErrBegun, r.ID)
	}
	entry := d.entry(verbWithdrawn, fmt.Sprintf("plan %q", p.Name), strings.TrimSpace(reason), change{Before: p.Approved, After: map[string]string{"digest": p.Digest()}})
	return d.DB.WithdrawApproval(ctx, id, entry)
}
