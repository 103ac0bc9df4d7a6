package app

import (
	"context"
	"fmt"

	"secondtuesday/remote"
)

// A KeyKeeper notes host keys that a person has vouched for. remote.SSH is one.
type KeyKeeper interface {
	AcceptHostKey(*remote.HostKeyUnknownError) error
}

// AcceptHostKey notes that this user vouches for the key a host showed at first
// sight. The audit entry holds the fingerprint. how says what it was compared
// with, or that it was taken unseen, and must not be empty.
func (d *Desk) AcceptHostKey(ctx context.Context, k KeyKeeper, e *remote.HostKeyUnknownError, how string) error {
	if how == "" {
		return fmt.Errorf("accept host key of %s: %w", e.Host, ErrNoReason)
	}
	if err := k.AcceptHostKey(e); err != nil {
		return err
	}
	return d.DB.AppendAudit(ctx, d.entry("host key accepted", fmt.Sprintf("host %s: %s %s", e.Host, e.Type, e.Fingerprint), how, change{}))
}
