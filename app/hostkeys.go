package app

import (
	"context"
	"fmt"

	"secondtuesday/remote"
)

// AcceptHostKey notes that this user vouches for the key a host showed, and
// writes it into the audit trail. keep puts the key where dialing finds it. A
// changed key is another error and is never accepted here.
func (d *Desk) AcceptHostKey(ctx context.Context, key *remote.HostKeyUnknownError, keep func(*remote.HostKeyUnknownError) error) error {
	if err := keep(key); err != nil {
		return err
	}
	what := fmt.Sprintf("host key of %s", key.Host)
	e := d.entry("host key accepted", what, "", change{After: map[string]string{"type": key.Type, "fingerprint": key.Fingerprint}})
	if err := d.DB.AppendAudit(ctx, e); err != nil {
		return fmt.Errorf("accept %s: %w", what, err)
	}
	return nil
}
