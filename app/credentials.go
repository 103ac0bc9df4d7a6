package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// KeepCredential stores a credential in the keyring or vault. A password that
// is bound to no place yet is bound to where the inventory has its host now, or
// to the jump host of that name: from then on it goes nowhere else. It returns
// the place. The audit entry says which one and for where, never what.
func (d *Desk) KeepCredential(ctx context.Context, s secret.Store, k secret.Key, v secret.Secret) (place string, err error) {
	if k.Of == "" {
		return "", fmt.Errorf("keep %s credential: nobody said of which host or key file", k.Kind)
	}
	if v.IsZero() {
		return "", fmt.Errorf("keep %s: it is empty", k)
	}
	if k.Kind != secret.Passphrase && v.Place() == "" {
		if place, err = d.PlaceFor(ctx, k); err != nil {
			return "", err
		}
		v = v.For(place)
	}
	if err := s.Set(ctx, k, v); err != nil {
		return "", err
	}
	remote.CredentialsChanged(d.Dialer)
	var c change
	if v.Place() != "" {
		c.After = map[string]string{"for": v.Place()}
	}
	return v.Place(), d.DB.AppendAudit(ctx, d.entry("credential kept", k.String(), "", c))
}

// PlaceFor says where the password k goes by the inventory of now, as
// data.Host.Destination has it; empty: k is no password but a passphrase.
func (d *Desk) PlaceFor(ctx context.Context, k secret.Key) (string, error) {
	if k.Kind == secret.Passphrase {
		return "", nil
	}
	all, err := d.DB.Hosts(ctx)
	if err != nil {
		return "", fmt.Errorf("keep %s: %w", k, err)
	}
	for _, h := range all {
		if secret.LoginKey(h.Name).Of == k.Of {
			return h.Destination(), nil
		}
	}
	jump, err := remote.JumpHost(k.Of)
	if err != nil {
		return "", fmt.Errorf("keep %s: there is no such host, and it names no jump host: %w", k, err)
	}
	return jump.Destination(), nil
}

// KeptFor returns the passwords that are kept for a host. They stay when the
// host is removed.
func KeptFor(ctx context.Context, s secret.Store, host string) ([]secret.Key, error) {
	var kept []secret.Key
	for _, k := range []secret.Key{secret.LoginKey(host), secret.SudoKey(host)} {
		_, err := s.Get(ctx, k)
		if err != nil && !errors.Is(err, secret.ErrNone) {
			return kept, err
		}
		if err == nil {
			kept = append(kept, k)
		}
	}
	return kept, nil
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
