package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
)

// An Effect is what another standard would judge otherwise, on the data of now.
type Effect struct {
	Hosts, Updates  int     // looked at
	HostShifts      []Shift // the largest first; no shift to the same judgement
	UpdateShifts    []Shift
	Sooner, Later   int // deadlines that would come sooner or later; one that appears comes sooner
	Before, After   map[data.Compliance]int
	NewlyOverdue    []data.HostID // hosts, in the order of names
	ShareWas, Share float64       // of compliant hosts
	TargetWas, Kept bool          // whether the promise is kept before and after
	Judged          time.Time
}

// A Shift counts what goes from one judgement to another.
type Shift struct {
	From, To data.Compliance
	Count    int
}

// WhatIf judges everything by draft and by the standard in force, and says
// what differs. It stores nothing. done is told how many hosts were judged, from
// one goroutine; it may be nil.
func (d *Desk) WhatIf(ctx context.Context, draft data.Standard, done func(hosts, of int)) (Effect, error) {
	if _, err := CheckStandard(draft); err != nil {
		return Effect{}, fmt.Errorf("judge by the draft: %w", err)
	}
	f, err := d.Docket(ctx)
	if err != nil {
		return Effect{}, fmt.Errorf("judge by the draft: %w", err)
	}
	now := d.Now().UTC()
	in := f.Standard(now)
	draft.Version = max(in.Version, 0) + 1
	w := whatIf{now: now, old: NewMeasure(in), new: NewMeasure(draft), hosts: map[Shift]int{}, updates: map[Shift]int{}}
	w.e.Before, w.e.After = map[data.Compliance]int{}, map[data.Compliance]int{}
	err = d.eachSubject(ctx, f, f.Hosts, func(s Subject) error {
		w.judge(s)
		if done != nil && w.e.Hosts%256 == 0 {
			done(w.e.Hosts, len(f.Hosts))
		}
		return ctx.Err()
	})
	if err != nil {
		return Effect{}, fmt.Errorf("judge by the draft: %w", err)
	}
	return w.effect(f.Hosts, in.Target, draft.Target), nil
}

type whatIf struct {
	now            time.Time
	old, new       *Measure
	hosts, updates map[Shift]int
	late           map[data.HostID]bool
	verdicts       []data.Verdict // of the host being judged, by the old measure
	e              Effect
}

func (w *whatIf) judge(s Subject) {
	w.verdicts = w.verdicts[:0]
	w.old.Each(s, w.now, func(v data.Verdict) { w.verdicts = append(w.verdicts, v) })
	i := 0
	w.new.Each(s, w.now, func(v data.Verdict) {
		was := w.verdicts[i]
		i++
		if was.Compliance != v.Compliance {
			w.updates[Shift{From: was.Compliance, To: v.Compliance}]++
		}
		switch {
		case was.Due.Equal(v.Due):
		case earlier(v.Due, was.Due):
			w.e.Sooner++
		default:
			w.e.Later++
		}
	})
	a, b := w.old.Host(s, w.now), w.new.Host(s, w.now)
	w.e.Hosts++
	w.e.Updates += i
	w.e.Before[a.Compliance]++
	w.e.After[b.Compliance]++
	if a.Compliance != b.Compliance {
		w.hosts[Shift{From: a.Compliance, To: b.Compliance}]++
		if b.Compliance == data.Overdue {
			if w.late == nil {
				w.late = map[data.HostID]bool{}
			}
			w.late[s.Host.ID] = true
		}
	}
}

func (w *whatIf) effect(hosts []data.Host, targetWas, target float64) Effect {
	e := w.e
	e.Judged = w.now
	e.HostShifts, e.UpdateShifts = shifts(w.hosts), shifts(w.updates)
	for _, h := range hosts {
		if w.late[h.ID] {
			e.NewlyOverdue = append(e.NewlyOverdue, h.ID)
		}
	}
	if e.Hosts > 0 {
		e.ShareWas = float64(e.Before[data.Compliant]+e.Before[data.DueSoon]) / float64(e.Hosts)
		e.Share = float64(e.After[data.Compliant]+e.After[data.DueSoon]) / float64(e.Hosts)
		e.TargetWas, e.Kept = e.ShareWas >= targetWas, e.Share >= target
	}
	return e
}

func shifts(m map[Shift]int) []Shift {
	var out []Shift
	for s, n := range m {
		s.Count = n
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Shift) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		if x := worse(a.To) - worse(b.To); x != 0 {
			return x
		}
		return worse(a.From) - worse(b.From)
	})
	return out
}

// Sentences says the effect in words, the most important first.
func (e Effect) Sentences() []string {
	if e.Hosts == 0 {
		return []string{"There are no hosts to judge."}
	}
	now := "now " + percent(e.ShareWas)
	if e.Share == e.ShareWas {
		now = "as now"
	}
	out := []string{fmt.Sprintf("%s of %s would be compliant, %s.", percent(e.Share), counted(e.Hosts, "host"), now)}
	if len(e.HostShifts) == 0 {
		out = append(out, "No host would be judged otherwise today.")
	}
	for _, s := range e.HostShifts {
		out = append(out, fmt.Sprintf("%s would go from %s to %s.", counted(s.Count, "host"), s.From, s.To))
	}
	for _, s := range e.UpdateShifts {
		out = append(out, fmt.Sprintf("%s would go from %s to %s.", counted(s.Count, "update"), s.From, s.To))
	}
	if e.Sooner+e.Later > 0 {
		out = append(out, fmt.Sprintf("Of %s on hosts, %s would have to be in sooner and %s later.", counted(e.Updates, "missing update"), thousands(e.Sooner), thousands(e.Later)))
	}
	return out
}
