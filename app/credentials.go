package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// KeepCredential stores a credential in the keyring or vault. The audit entry
// says which one, never what.
func (d *Desk) KeepCredential(ctx context.Context, s secret.Store, k secret.Key, v secret.Secret) error {
	if k.Of == "" {
		return fmt.Errorf("keep %s credential: nobody said of which host or key file", k.Kind)
	}
	if v.IsZero() {
		return fmt.Errorf("keep %s: it is empty", k)
	}
	if err := s.Set(ctx, k, v); err != nil {
		return err
	}
	remote.CredentialsChanged(d.Dialer)
	return d.DB.AppendAudit(ctx, d.entry("credential kept", k.String(), "", change{}))
}

// ForgetCredential removes a credential from the keyring or vault.
func (d *Desk) ForgetCredential(ctx context.Context, s secret.Store, k secret.Key) error {
	if err := s.Delete(ctx, k); err != nil {
		return err
	}
	return d.DB.AppendAudit(ctx, d.entry("credential forgotten", k.String(), "", change{}))
}

// settingParallel keeps how many hosts are asked at once.
const settingParallel = "scan.parallel"

// maxParallel bounds it: more costs memory and brings nothing.
const maxParallel = 64

// SetParallel keeps, for this and later desks on the workspace, how many hosts
// are asked at once.
func (d *Desk) SetParallel(ctx context.Context, n int) error {
	if n < 1 || n > maxParallel {
		return fmt.Errorf("hosts asked at once must be between 1 and %d", maxParallel)
	}
	if err := d.SetSetting(ctx, settingParallel, strconv.Itoa(n)); err != nil {
		return err
	}
	d.asked.Store(int64(n))
	return nil
}

// ReadSettings takes over what the workspace keeps for this desk.
func (d *Desk) ReadSettings(ctx context.Context) error {
	v, err := d.DB.Setting(ctx, settingParallel)
	if err != nil || v == "" {
		return err
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxParallel {
		return errors.New("the workspace's setting " + settingParallel + " makes no sense: " + v)
	}
	d.asked.Store(int64(n))
	return nil
}

// Parallel returns how many hosts are asked at once.
func (d *Desk) Parallel() int {
	if n := d.asked.Load(); n > 0 {
		return int(n)
	}
	return DefaultParallel
}
