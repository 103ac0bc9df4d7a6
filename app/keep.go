package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"secondtuesday/data"
)

// Keep drives every open rollout, those begun later too, until stop is called:
// what a desk does while it is open. stop returns when nothing is driven any
// more; jobs on hosts go on by themselves. Failures are told to report, which
// may be called from many goroutines; a rollout that failed is tried again.
func (dr *Driver) Keep(ctx context.Context, report func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { dr.keep(ctx, report) })
	return func() {
		cancel()
		wg.Wait()
	}
}

func (dr *Driver) keep(ctx context.Context, report func(error)) {
	pace := dr.Pace
	if pace == (Pace{}) {
		pace = DefaultPace
	}
	var mu sync.Mutex
	driven, foreign := map[data.RolloutID]bool{}, map[data.RolloutID]bool{}
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(max(pace.Poll, time.Millisecond))
	defer tick.Stop()
	for {
		for _, id := range dr.open(ctx, report) {
			mu.Lock()
			taken := driven[id]
			driven[id] = true
			mu.Unlock()
			if taken {
				continue
			}
			wg.Go(func() {
				err := dr.Drive(ctx, id, true)
				mu.Lock()
				told := foreign[id]
				foreign[id] = errors.Is(err, ErrNotOrdered) || errors.Is(err, ErrOffTrail) // told once: only a person can change it
				again := told && foreign[id]
				mu.Unlock()
				if err != nil && ctx.Err() == nil && !errors.Is(err, ErrElsewhere) && !again {
					report(fmt.Errorf("rollout %d: %w", id, err))
				}
				rest(ctx, pace.Retry) // what another desk drives, or what failed, is asked for again later
				mu.Lock()
				delete(driven, id)
				mu.Unlock()
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// open returns the rollouts that have something left to do.
func (dr *Driver) open(ctx context.Context, report func(error)) []data.RolloutID {
	rollouts, err := dr.Desk.DB.Rollouts(ctx)
	if err != nil && ctx.Err() == nil {
		report(fmt.Errorf("drive rollouts: %w", err))
	}
	var ids []data.RolloutID
	for _, r := range rollouts {
		if r.Open() {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// rest waits for d, or until ctx ends, which it reports as false.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
