package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"secondtuesday/data"
)

// ErrNotOrdered means that nobody ordered the rollout here: it was started on
// another computer, or changed in the file by something else than this program.
var ErrNotOrdered = errors.New("the rollout was not started on this computer as it now stands")

// Orders remembers, outside the workspace, which rollouts this user has started
// or adopted on this computer. A workspace is one file, and files are handed
// round: opening one that somebody else made must not touch a host, however
// much it says that all was approved. Nor does a second computer go on with a
// rollout because the file was copied to it.
type Orders struct {
	path string
}

// NewOrders keeps orders in the file at path, made at the first one.
func NewOrders(path string) *Orders { return &Orders{path} }

// order names a rollout by all that was ordered: what a plan does, and whether
// it needs windows. Where it stands is not part of it.
func order(p data.Plan, r data.Rollout) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "secondtuesday order 1 %s %d %d %d %q %q", p.Digest(), r.ID, r.Plan, r.Started.Unix(), r.StartedBy, r.Reason))
	return hex.EncodeToString(sum[:])
}

// check returns ErrNotOrdered unless the rollout was ordered here. A nil Orders
// asks for no order.
func (o *Orders) check(p data.Plan, r data.Rollout) error {
	if o == nil {
		return nil
	}
	b, err := os.ReadFile(o.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read orders: %w", err)
	}
	if !slices.Contains(strings.Split(string(b), "\n"), order(p, r)) {
		return fmt.Errorf("%w (%s started it): adopt it if it is yours to drive", ErrNotOrdered, r.StartedBy)
	}
	return nil
}

// add notes an order. It is on the disk when add returns.
func (o *Orders) add(p data.Plan, r data.Rollout) error {
	if o == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(o.path), 0o700); err != nil {
		return fmt.Errorf("keep order: %w", err)
	}
	f, err := os.OpenFile(o.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("keep order: %w", err)
	}
	_, err = f.WriteString("\n" + order(p, r) + "\n") // half a line of a crash spoils no other
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep order: %w", err)
	}
	return nil
}

// Ordered returns ErrNotOrdered unless the rollout of plan p was started or
// adopted on this computer as it now stands.
func (d *Desk) Ordered(p data.Plan, r data.Rollout) error { return d.Orders.check(p, r) }

// AdoptRollout lets this computer drive a rollout that was started on another.
// digest is that of the plan that was shown. The other one should no longer
// drive it; should both, each job still starts once.
func (d *Desk) AdoptRollout(ctx context.Context, id data.RolloutID, digest, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("adopt rollout %d: %w", id, ErrNoReason)
	}
	w, err := d.readTrusted(ctx, id)
	if err != nil {
		return fmt.Errorf("adopt rollout %d: %w", id, err)
	}
	switch {
	case !w.rollout.Open():
		return fmt.Errorf("adopt rollout %d: %w", id, ErrNotOpen)
	case w.plan.Approved.At.IsZero():
		return fmt.Errorf("adopt rollout %d: %w", id, ErrNotApproved)
	case w.plan.Digest() != digest:
		return fmt.Errorf("adopt rollout %d: its plan is not the one that was shown", id)
	}
	entry := d.entry("rollout adopted", fmt.Sprintf("rollout %d", id), reason, change{After: map[string]string{"digest": digest}})
	if err := d.DB.AppendAudit(ctx, entry); err != nil {
		return err
	}
	return d.Orders.add(w.plan, w.rollout)
}
