package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// ErrOffTrail means that the workspace holds something that its audit trail does
// not tell of: somebody wrote into the file without this program. No host is
// touched on the word of such a row.
var ErrOffTrail = errors.New("the workspace says something else than its audit trail")

// A record is what the audit trail says of all that a rollout depends on. The
// trail is read once and then on from where reading ended, so that asking
// again costs a query and not a year of entries.
type record struct {
	mu   sync.Mutex
	mark store.AuditMark
	said said
}

// compare brings r up to the newest entry, and returns what of f is not as the
// trail says, and how far the trail was read.
func (r *record) compare(ctx context.Context, db *store.DB, f func(*said) []string) ([]string, store.AuditMark, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said.rollouts == nil {
		r.said = newSaid()
	}
	to, err := db.ReadAudit(ctx, r.mark, func(e data.AuditEntry) error {
		r.said.take(e)
		r.mark = store.AuditMark{Entries: int(e.ID), Hash: e.Hash}
		return nil
	})
	if err != nil {
		return nil, to, err
	}
	return f(&r.said), to, nil
}

// mostCompares is how often rows that change all the time are read again.
const mostCompares = 100

// agrees returns what of the rows that read returns is not as the trail says.
// Rows and their entries are stored together but read apart: what looks wrong
// counts only where no entry came in between.
func (d *Desk) agrees(ctx context.Context, r *record, read func() (func(*said) []string, error)) ([]string, error) {
	for range mostCompares {
		_, before, err := r.compare(ctx, d.DB, func(*said) []string { return nil })
		if err != nil {
			return nil, err
		}
		against, err := read()
		if err != nil {
			return nil, err
		}
		off, after, err := r.compare(ctx, d.DB, against)
		if err != nil || len(off) == 0 || before == after {
			return off, err
		}
	}
	return nil, fmt.Errorf("compare with the audit trail: %w: it changes all the time", store.ErrBusy)
}

// readTrusted reads a rollout, and compares with the audit trail all that lets
// it touch a host. Something else in the file is an ErrOffTrail.
func (d *Desk) readTrusted(ctx context.Context, id data.RolloutID) (*work, error) {
	return d.readCompared(ctx, func() (*work, func(*said) []string, error) {
		w, err := d.readRollout(ctx, id)
		return w, func(s *said) []string { return s.against(w, d.Now()) }, err
	})
}

// readOrdered is readTrusted for a driver: a rollout that was not ordered on this
// computer is an ErrNotOrdered. One that a person has cancelled is not compared:
// a driver starts nothing in it, and finds out how its runs end.
func (d *Desk) readOrdered(ctx context.Context, id data.RolloutID) (w *work, err error) {
	return d.readCompared(ctx, func() (*work, func(*said) []string, error) {
		if w, err = d.readRollout(ctx, id); err == nil {
			err = d.Orders.check(w.plan, w.rollout)
		}
		return w, func(s *said) []string {
			if w.rollout.State == data.RolloutCancelled && s.rollouts[id].State == data.RolloutCancelled {
				return nil
			}
			return s.against(w, d.Now())
		}, err
	})
}

// readCompared returns the work that read returns, and an ErrOffTrail where it
// is not as the trail says.
func (d *Desk) readCompared(ctx context.Context, read func() (*work, func(*said) []string, error)) (w *work, err error) {
	off, err := d.agrees(ctx, &d.record, func() (against func(*said) []string, err error) {
		w, against, err = read()
		return against, err
	})
	if err == nil {
		err = AuditReport{Off: off[:min(len(off), 5)]}.Err()
	}
	return w, err
}

// approvalOnRecord returns an error unless a sound audit trail tells that the
// plan was approved. The approval beside the plan is a few fields that whoever
// can write the file can fill in.
func (d *Desk) approvalOnRecord(ctx context.Context, p data.Plan) error {
	var on bool
	_, _, err := d.record.compare(ctx, d.DB, func(s *said) []string {
		on = s.approved[p.Digest()]
		return nil
	})
	if err == nil && !on {
		return fmt.Errorf("%w: the audit trail knows of no approval of it", ErrNotApproved)
	}
	return err
}

// An AuditReport is what verifying found.
type AuditReport struct {
	Entries int
	Head    string   // hash of the newest entry
	Off     []string // rows of the file that the trail does not tell of, one sentence each
}

// Err returns an ErrOffTrail that names the rows; nil when there are none.
func (r AuditReport) Err() error {
	if len(r.Off) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrOffTrail, strings.Join(r.Off, "; "))
}

// VerifyAudit reads the whole trail, and compares with it the rows that rollouts
// go by: approvals, agreed windows, freezes, rollouts and runs. A trail that is
// not sound is a store.ErrCorrupt, and then nothing is compared.
func (d *Desk) VerifyAudit(ctx context.Context) (AuditReport, error) {
	var fresh record
	off, err := d.agrees(ctx, &fresh, func() (func(*said) []string, error) { return d.wholeFile(ctx) })
	return AuditReport{Entries: fresh.mark.Entries, Head: fresh.mark.Hash, Off: off}, err
}

// wholeFile reads all that VerifyAudit compares.
func (d *Desk) wholeFile(ctx context.Context) (func(*said) []string, error) {
	plans, err1 := d.DB.Plans(ctx)
	windows, err2 := d.DB.Windows(ctx)
	freezes, err3 := d.DB.Freezes(ctx)
	rollouts, err4 := d.DB.Rollouts(ctx)
	hosts, err5 := d.DB.Hosts(ctx)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	names := map[data.HostID]data.Host{}
	all := make([]*work, len(rollouts))
	for _, h := range hosts {
		names[h.ID] = h
	}
	for i, r := range rollouts {
		plan, err1 := d.DB.Plan(ctx, r.Plan)
		runs, err2 := d.DB.Runs(ctx, r.ID)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		all[i] = &work{plan: plan, rollout: r, runs: runs, hosts: names}
	}
	return func(s *said) (off []string) {
		for _, p := range plans {
			if !p.Approved.At.IsZero() && !s.approved[p.Digest] {
				off = append(off, notApproved(p.Plan))
			}
		}
		off = append(off, s.windowsOff(windows, func(data.Window) bool { return true })...)
		off = append(off, s.freezesGone(freezes, time.Time{})...)
		off = append(off, s.freezesNew(freezes)...)
		for _, w := range all {
			off = append(off, s.rolloutOff(w)...)
		}
		return off
	}, nil
}

// said is what the entries say is there: the last word on each thing.
type said struct {
	approved map[string]bool        // plans, by digest
	windows  map[string]agreed      // agreed windows, by their terms
	freezes  map[string]data.Freeze // by all that they say
	begun    map[string]bool        // rollouts started, by what was ordered; their number is given later
	rollouts map[data.RolloutID]data.Rollout
	runs     map[place]runWord
}

// A place is a host's in a rollout: a plan gives each host one run.
type place struct {
	rollout data.RolloutID
	host    data.HostID
}

// An agreed window, and how many there are of the same terms.
type agreed struct {
	window data.Window
	n      int
}

// A runWord is the last word on a run.
type runWord struct {
	verb    string
	run     data.RunID
	attempt int
	job     string
	reboot  string // the boot that was asked to end, as rebootAsked says it
}

func newSaid() said {
	return said{approved: map[string]bool{}, windows: map[string]agreed{}, freezes: map[string]data.Freeze{},
		begun: map[string]bool{}, rollouts: map[data.RolloutID]data.Rollout{}, runs: map[place]runWord{}}
}

// take notes what an entry says. One without what its verb should bring says
// nothing, and what it may have changed is then not as the trail says.
func (s *said) take(e data.AuditEntry) {
	what, rest, _ := strings.Cut(e.Verb, " ")
	switch what {
	case "plan":
		s.takePlan(e)
	case "window":
		before, after := read[data.Window](e)
		s.agree(before, -1)
		s.agree(after, 1)
	case "freeze":
		before, after := read[data.Freeze](e)
		delete(s.freezes, freezeKey(before))
		if !after.From.IsZero() {
			s.freezes[freezeKey(after)] = after
		}
	case "group":
		if gone, _ := read[data.Group](e); rest == "removed" {
			s.removeGroup(gone.ID)
		}
	case "rollout":
		s.takeRollout(e)
	case "run":
		s.takeRun(e)
	}
}

// read returns what a change was from and to; zero where it does not say.
func read[T any](e data.AuditEntry) (before, after T) {
	var c struct{ Before, After json.RawMessage }
	if json.Unmarshal([]byte(e.Data), &c) == nil {
		return noun[T](c.Before), noun[T](c.After)
	}
	return before, after
}

func noun[T any](b json.RawMessage) T {
	var v, none T
	if len(b) == 0 || json.Unmarshal(b, &v) != nil {
		return none
	}
	return v
}

func (s *said) takePlan(e data.AuditEntry) {
	_, after := read[map[string]string](e)
	switch e.Verb {
	case "plan approved":
		s.approved[after["digest"]] = true
	case verbWithdrawn:
		delete(s.approved, after["digest"])
	}
}

// agree counts a window in, or out, when it was agreed.
func (s *said) agree(w data.Window, n int) {
	if w.Agreed.At.IsZero() {
		return
	}
	key := windowKey(w)
	if n += s.windows[key].n; n > 0 {
		s.windows[key] = agreed{w, n}
	} else {
		delete(s.windows, key)
	}
}

// removeGroup takes a group out of all that was said of it.
func (s *said) removeGroup(id data.GroupID) {
	is := func(g data.GroupID) bool { return g == id }
	for key, a := range s.windows {
		if slices.ContainsFunc(a.window.Groups, is) {
			delete(s.windows, key)
			a.window.Groups = slices.DeleteFunc(slices.Clone(a.window.Groups), is)
			for range a.n {
				s.agree(a.window, 1)
			}
		}
	}
	for key, f := range s.freezes {
		if slices.ContainsFunc(f.Groups, is) {
			delete(s.freezes, key)
			f.Groups = slices.DeleteFunc(slices.Clone(f.Groups), is)
			s.freezes[freezeKey(f)] = f
		}
	}
}

func (s *said) takeRollout(e data.AuditEntry) {
	_, r := read[data.Rollout](e)
	switch {
	case e.Verb == "rollout started":
		s.begun[beginning(r)] = true
	case r.ID != 0:
		s.rollouts[r.ID] = r
	}
}

// A reopened run goes on, and its rollout with it.
type reopened struct {
	Run     data.Run
	Rollout data.Rollout
}

func (s *said) takeRun(e data.AuditEntry) {
	_, run := read[data.Run](e)
	if e.Verb == verbRetried || e.Verb == verbLooked {
		_, both := read[reopened](e)
		run = both.Run
		s.rollouts[both.Rollout.ID] = both.Rollout
	}
	at := place{run.Rollout, run.Host}
	if s.runs[at].over() && e.Verb != verbRetried && e.Verb != verbLooked {
		return // what has ended goes on only where a person says so
	}
	s.runs[at] = runWord{e.Verb, run.ID, run.Attempt, run.Job, rebootAsked(run)}
}

// rebootAsked says of which boot of its host a run has asked that it end; empty
// when it has asked for no reboot.
func rebootAsked(run data.Run) string {
	if run.RebootAsked.IsZero() {
		return ""
	}
	return "boot " + run.BootID
}

// The verbs of runs that go on, of a person's cancel, and of an approval that
// does not hold any more.
const (
	verbStarted   = "run started"
	verbReboot    = "run reboot asked for"
	verbRetried   = "run retried"
	verbLooked    = "run looked up again"
	verbCancelled = "rollout cancelled"
	verbWithdrawn = "plan approval withdrawn"
)

// moment is a time as the store keeps it.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Unix(), 0).UTC()
}

// windowKey tells agreed terms apart: what was agreed on, by whom and when.
func windowKey(w data.Window) string {
	w.ID, w.Name, w.Notes, w.Until = 0, "", "", moment(w.Until)
	w.Groups = slices.Compact(slices.Sorted(slices.Values(w.Groups)))
	w.Agreed = data.Approval{By: w.Agreed.By, At: moment(w.Agreed.At)}
	return key(w)
}

func freezeKey(f data.Freeze) string {
	f.ID, f.From, f.Until = 0, moment(f.From), moment(f.Until)
	f.Groups = slices.Compact(slices.Sorted(slices.Values(f.Groups)))
	return key(f)
}

// beginning tells rollouts apart before they have a number.
func beginning(r data.Rollout) string {
	return key(data.Rollout{Plan: r.Plan, Started: moment(r.Started), StartedBy: r.StartedBy, Reason: r.Reason})
}

func key(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // nouns hold nothing that cannot be marshalled
	}
	return string(b)
}
