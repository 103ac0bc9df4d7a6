package remote

import (
	"context"
	"fmt"

	"secondtuesday/data"
)

// Local opens sessions on this computer, without SSH.
type Local struct {
	Secrets Secrets // for sudo; nil: none
}

// Dial implements Dialer. The address of h is not looked at.
func (l Local) Dial(ctx context.Context, h data.Host) (Session, error) {
	m, err := localMachine()
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", h.Name, err)
	}
	return newSession(h.Name, m, newRooter(h, l.Secrets, SSHConfig{}.withDefaults().SudoTimeout)), ctx.Err()
}

// ByReach is a Dialer that has one for each way to a host.
type ByReach map[data.Reach]Dialer

// Dial implements Dialer. A host that does not say its way is reached by SSH.
func (b ByReach) Dial(ctx context.Context, h data.Host) (Session, error) {
	d := b.of(h)
	if d == nil {
		return nil, fmt.Errorf("connect to %s: %w: no way by %q", h.Name, ErrNotSupported, h.Reach)
	}
	return d.Dial(ctx, h)
}

// of returns the dialer for h; nil: there is none.
func (b ByReach) of(h data.Host) Dialer {
	if h.Reach == "" {
		return b[data.ReachSSH]
	}
	return b[h.Reach]
}
