package kit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"fyne.io/fyne/v2"
)

var (
	deliverer atomic.Pointer[func(func())] // nil: fyne.Do
	flying    struct {
		sync.Mutex
		n int
	}
)

// Deliver makes every later return to the UI goroutine go through by, and
// returns what undoes that. Tests use it to stay on one goroutine.
func Deliver(by func(func())) (restore func()) {
	before := deliverer.Swap(&by)
	return func() { deliverer.Store(before) }
}

// onUI runs f on the UI goroutine, later.
func onUI(f func()) {
	if by := deliverer.Load(); by != nil {
		(*by)(f)
		return
	}
	fyne.Do(f)
}

// InFlight returns how much work begun by Load, Work or a grid has not yet
// been shown.
func InFlight() int {
	flying.Lock()
	defer flying.Unlock()
	return flying.n
}

func fly(by int) {
	flying.Lock()
	flying.n += by
	flying.Unlock()
}

// background runs work beside the UI goroutine and what it returns on it.
func background(work func() (then func())) {
	fly(1)
	go func() {
		then := work()
		onUI(func() {
			defer fly(-1)
			then()
		})
	}()
}

// A Latest is one place on the screen that shows the answer to the newest
// question asked of it.
type Latest struct {
	// Fail shows an error; it is called on the UI goroutine. It must be set.
	Fail func(error)

	asked  uint64
	cancel context.CancelFunc
}

// NewLatest returns a Latest that shows errors by fail, usually Page.Fail.
func NewLatest(fail func(error)) *Latest { return &Latest{Fail: fail} }

// Cancel drops the question being asked.
func (l *Latest) Cancel() {
	l.asked++
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
}

// Load runs fetch beside the UI goroutine and show on it. A newer Load at the
// same place ends the older fetch and drops its answer, also when it arrives
// later. Call it on the UI goroutine.
func Load[T any](ctx context.Context, at *Latest, fetch func(context.Context) (T, error), show func(T)) {
	at.Cancel()
	ctx, cancel := context.WithCancel(ctx)
	at.cancel = cancel
	asked := at.asked
	background(func() func() {
		v, err := fetch(ctx)
		return func() {
			cancel()
			if asked != at.asked {
				return
			}
			at.cancel = nil
			switch {
			case err == nil:
				show(v)
			case !errors.Is(err, context.Canceled):
				at.Fail(err)
			}
		}
	})
}
