package kit

import (
	"context"
	"time"
)

// Every calls do on the UI goroutine, again and again with at least a pause of
// d in between, until do returns false or ctx has ended. It is how a page that
// shows something live asks for news; do must return at once, so it asks by
// Load. A slow window makes the calls fewer and never piles them up.
func Every(ctx context.Context, d time.Duration, do func() bool) {
	time.AfterFunc(d, func() {
		if ctx.Err() != nil {
			return
		}
		onUI(func() {
			if ctx.Err() == nil && do() {
				Every(ctx, d, do)
			}
		})
	})
}
