package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// A Desk is what changes anything: the workspace, the way to hosts and the
// update systems it knows. Reads go straight to DB.Reader; every change goes
// through a Desk, which writes the audit entry with it. It may be used by
// several goroutines.
type Desk struct {
	DB        *store.DB
	Dialer    remote.Dialer
	Platforms []Platform
	Now       func() time.Time
	By        string // desk user and computer, "anna@desk1"

	// Orders are the rollouts ordered on this computer, the only ones it drives;
	// nil: all that the workspace holds.
	Orders *Orders

	record record       // what the audit trail says
	asked  atomic.Int64 // hosts asked at once; 0 means DefaultParallel; see SetParallel

	// Detect finds the update system of a host on first contact; nil means
	// linux.Detect.
	Detect func(context.Context, remote.Session) (data.Platform, error)
}

// DefaultParallel is how many hosts are scanned at once where nobody says.
const DefaultParallel = 16

// PlatformOf returns the update system of that name, and whether this desk knows it.
func (d *Desk) PlatformOf(name data.Platform) (Platform, bool) {
	for _, p := range d.Platforms {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}

// A change is what an audit entry keeps of one.
type change struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
}

// entry makes an audit entry. The nouns hold no secrets, so they are kept as
// they are.
func (d *Desk) entry(verb, what, why string, c change) data.AuditEntry {
	e := data.AuditEntry{At: d.Now().UTC(), By: d.By, Verb: verb, What: what, Why: why}
	if c.Before != nil || c.After != nil {
		b, err := json.Marshal(c)
		if err != nil {
			panic(err) // nouns hold nothing that cannot be marshalled
		}
		e.Data = string(b)
	}
	return e
}

// SetSetting keeps a setting of the workspace. Settings hold no secrets.
func (d *Desk) SetSetting(ctx context.Context, key, value string) error {
	before, err := d.DB.Setting(ctx, key)
	if err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	if before == value {
		return nil
	}
	return d.DB.SetSetting(ctx, key, value, d.entry("setting changed", "setting "+key, "", change{before, value}))
}
