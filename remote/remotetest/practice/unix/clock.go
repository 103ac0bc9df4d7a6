package unix

import (
	"context"
	"sync"
	"time"
)

// A Clock is a machine's own time. It runs like the real one, or faster.
type Clock struct {
	mu      sync.Mutex
	rate    float64
	at      time.Time // machine's time at real
	real    time.Time
	changed chan struct{}
}

// NewClock returns a clock that shows at now and runs as fast as the real one.
func NewClock(at time.Time) *Clock {
	return &Clock{rate: 1, at: at, real: time.Now(), changed: make(chan struct{})}
}

// Now returns the machine's time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	return c.at.Add(time.Duration(float64(time.Since(c.real)) * c.rate)).UTC()
}

// Set makes the clock show at.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.real = at, time.Now()
	c.wake()
}

// Rate makes the clock run so many times faster than the real one.
func (c *Clock) Rate(rate float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.real, c.rate = c.now(), time.Now(), rate
	c.wake()
}

func (c *Clock) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Sleep waits until d has passed by this clock. It reports false when ctx ended first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) bool {
	c.mu.Lock()
	until := c.now().Add(d)
	c.mu.Unlock()
	for {
		c.mu.Lock()
		left, changed := until.Sub(c.now()), c.changed
		left = time.Duration(float64(left) / c.rate)
		c.mu.Unlock()
		if left <= 0 {
			return ctx.Err() == nil
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-changed:
			t.Stop()
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
}
