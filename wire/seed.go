package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/practice"
)

// practiceStandard is the template the practice shop begins with.
const practiceStandard = "small-shop"

// seed fills the practice shop's workspace when it holds no hosts yet: its
// inventory, and its past as if somebody had sat at the desk all the time. It
// uses the verbs a person uses, with the clock of the time.
func seed(ctx context.Context, d *app.Desk, shop *practice.Shop) error {
	have, err := d.DB.Hosts(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	s := &seeder{now: shop.History().Scans[0].At.AddDate(0, 0, -1)}
	s.d = &app.Desk{DB: d.DB, Platforms: s.platforms(), Now: func() time.Time { return s.now }, By: "carla@desk1", Orders: d.Orders}
	if err := s.inventory(ctx, shop); err != nil {
		return err
	}
	s.past(shop.History().Renumber(s.hosts, s.groups))
	slices.SortStableFunc(s.events, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range s.events {
		s.now = e.at
		if err := e.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// An event is something somebody did.
type event struct {
	at time.Time
	do func(context.Context) error
}

type seeder struct {
	d      *app.Desk
	now    time.Time
	hosts  []data.HostID
	groups []data.GroupID
	events []event
	scan   data.Scan // what the next host asked will answer
}

func (s *seeder) at(t time.Time, do func(context.Context) error) {
	s.events = append(s.events, event{t, do})
}

// inventory adds groups, hosts and the standard.
func (s *seeder) inventory(ctx context.Context, shop *practice.Shop) error {
	for _, g := range shop.Groups() {
		id, err := s.d.SaveGroup(ctx, g)
		if err != nil {
			return err
		}
		s.groups = append(s.groups, id)
	}
	hosts := shop.Hosts()
	for i := range hosts {
		hosts[i].Group = s.groups[hosts[i].Group-1]
	}
	var err error
	if s.hosts, err = s.d.SaveHosts(ctx, hosts); err != nil {
		return err
	}
	std, ok := app.Template(practiceStandard)
	if !ok {
		return fmt.Errorf("there is no template %q", practiceStandard)
	}
	std.ValidFrom = s.now.AddDate(-1, 0, 0)
	_, err = s.d.SaveStandard(ctx, std)
	return err
}

// past lists what happened since.
func (s *seeder) past(h practice.History) {
	for _, w := range h.Windows {
		s.at(s.now, func(ctx context.Context) error {
			id, err := s.d.SaveWindow(ctx, w)
			if err != nil {
				return err
			}
			return s.d.AgreeWindow(ctx, id, w.Agreed.By, w.Agreed.Note)
		})
	}
	for _, f := range h.Freezes {
		s.at(later(s.now, f.From.AddDate(0, 0, -14)), func(ctx context.Context) error {
			_, err := s.d.SaveFreeze(ctx, f)
			return err
		})
	}
	for _, e := range h.Exceptions {
		s.at(e.Created, func(ctx context.Context) error {
			_, err := s.d.SaveException(ctx, e)
			return err
		})
	}
	for _, scan := range h.Scans {
		s.at(scan.At, func(ctx context.Context) error { return s.record(ctx, scan) })
	}
	s.round(h)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// round lists the steps of the rollout that has ended.
func (s *seeder) round(h practice.History) {
	var plan data.PlanID
	s.at(h.Plan.Created, func(ctx context.Context) (err error) {
		plan, err = s.d.SavePlan(ctx, h.Plan)
		return err
	})
	s.at(h.Plan.Approved.At, func(ctx context.Context) error {
		p, err := s.d.DB.Plan(ctx, plan)
		if err != nil {
			return err
		}
		return s.d.ApprovePlan(ctx, plan, p.Digest(), "")
	})
	s.at(h.Rollout.Started, func(ctx context.Context) error {
		id, err := s.d.StartRollout(ctx, plan, "")
		if err != nil {
			return err
		}
		stored, err := s.d.DB.Runs(ctx, id)
		if err != nil {
			return err
		}
		for _, run := range h.Runs {
			i := slices.IndexFunc(stored, func(r data.Run) bool { return r.Host == run.Host })
			run.ID, run.Rollout = stored[i].ID, id
			if err := s.d.DB.SaveRun(ctx, run, s.entry("run "+string(run.Outcome), fmt.Sprintf("run %d", run.ID), run)); err != nil {
				return err
			}
		}
		was, err := s.d.DB.Rollout(ctx, id)
		if err != nil {
			return err
		}
		r := h.Rollout
		r.ID, r.Plan, r.Started, r.StartedBy = id, plan, was.Started, was.StartedBy
		return s.d.DB.UpdateRollout(ctx, was, r, s.entry("rollout done", fmt.Sprintf("rollout %d", id), r))
	})
}

// entry is what a desk would have written then.
func (s *seeder) entry(verb, what string, after any) data.AuditEntry {
	b, err := json.Marshal(map[string]any{"after": after})
	if err != nil {
		panic(err) // nouns hold nothing that cannot be marshalled
	}
	return data.AuditEntry{At: s.d.Now(), By: s.d.By, Verb: verb, What: what, Data: string(b)}
}

// record keeps a scan of the past as if the host had just said it.
func (s *seeder) record(ctx context.Context, scan data.Scan) error {
	h, err := s.d.DB.Host(ctx, scan.Host)
	if err != nil {
		return err
	}
	s.scan = scan
	_, err = s.d.ScanIn(ctx, nil, h, false)
	return err
}

// platforms are the update systems that only repeat what is in s.scan.
func (s *seeder) platforms() []app.Platform {
	var out []app.Platform
	for _, p := range Platforms() {
		out = append(out, memory{p, s})
	}
	return out
}

// A memory is a platform that remembers a scan instead of asking a host.
type memory struct {
	app.Platform
	s *seeder
}

// Scan implements app.Platform.
func (m memory) Scan(context.Context, remote.Session, bool) (data.Scan, error) { return m.s.scan, nil }
