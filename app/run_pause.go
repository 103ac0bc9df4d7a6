package app

import (
	"context"
	"time"

	"secondtuesday/remote"
)

// A pause between two looks at a job grows while the job tells nothing new.
type pause struct {
	next  time.Duration
	told  string // what the job last told
	asked bool   // it had been asked to stop by then
}

// after returns how long to wait now: poll at first, and where something new was
// told, then twice as long each time, up to slow.
func (p *pause) after(told string, asked bool, poll, slow time.Duration) time.Duration {
	if p.next == 0 || told != p.told || asked != p.asked {
		p.next, p.told, p.asked = poll, told, asked
	}
	now := p.next
	p.next = max(poll, min(2*p.next, slow))
	return now
}

// pauseLooking waits until it is time to look at the job again. It reports false
// when ctx has ended. Where a look costs the host something the pauses grow; they
// end early where a person cancels, and at the window's end.
func (r *runner) pauseLooking(ctx context.Context, p *pause, st remote.JobStatus, asked bool) bool {
	poll := r.Pace.Poll
	if c, ok := r.platform.(Costly); !ok || !c.LooksCost() || r.Pace.Slow <= poll {
		return rest(ctx, poll)
	}
	for left := p.after(progress(st), asked, poll, r.Pace.Slow); left > 0; left -= poll {
		before := r.timeLeft()
		if !rest(ctx, min(left, poll)) {
			return false
		}
		if !asked && r.cancelled(ctx) || before > 0 && r.timeLeft() <= 0 {
			p.next = 0
			return true
		}
	}
	return true
}

// A patience tells for how long tries have failed while the desk was awake: a
// laptop that wakes has no network yet.
type patience struct {
	began, tried time.Time // by the clock that stands still while it sleeps, where the system has one
	told         time.Time // the time of day at the last try
}

// asleep is how much further the time of day must have gone than that clock.
const asleep = time.Minute

// spent notes a try that failed at now, a time of day.
func (p *patience) spent(now time.Time) time.Duration {
	now = now.Round(0)
	tried := time.Now()
	if p.began.IsZero() || now.Sub(p.told)-tried.Sub(p.tried) > asleep {
		p.began = tried
	}
	p.tried, p.told = tried, now
	return tried.Sub(p.began)
}
