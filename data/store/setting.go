package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"secondtuesday/data"
)

// Setting returns what is kept under key; "" when nothing is.
func (rd Reader) Setting(ctx context.Context, key string) (string, error) {
	var v string
	err := rd.r.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = ?`, key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, fault(fmt.Sprintf("read setting %q", key), err)
}

// SetSetting keeps value under key, with an audit entry where the change is
// worth one. Never a secret: those are for room secret.
func (db *DB) SetSetting(ctx context.Context, key, value string, entries ...data.AuditEntry) error {
	return db.write(ctx, fmt.Sprintf("set setting %q", key), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)`, key, value)
		return err
	}, entries...)
}

// Lease takes the named lease for holder until now+ttl, or makes one it holds
// longer, and reports whether holder has it now. While it does, no other
// holder gets it, in this program or another on the same file. A lease that is
// not renewed in time is free for all: ttl must be well above the time between
// renewals and the difference between the clocks of two desks. One that ends
// later than two ttl from now was taken before the clock was set back: a living
// holder would have renewed it by the new clock, so it is free as well.
func (db *DB) Lease(ctx context.Context, name, holder string, now time.Time, ttl time.Duration) (bool, error) {
	op := fmt.Sprintf("take lease %q", name)
	if holder == "" || ttl <= 0 {
		return false, fmt.Errorf("%s: no holder or no time", op)
	}
	res, err := db.w.ExecContext(ctx, `
		INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.holder = excluded.holder OR leases.until <= ?4 OR leases.until > ?5`,
		name, holder, now.Add(ttl).UnixMilli(), now.UnixMilli(), now.Add(2*ttl).UnixMilli())
	if err != nil {
		return false, fault(op, err)
	}
	n, err := res.RowsAffected()
	return n == 1, fault(op, err)
}

// released is what is added to a lease's name to note when it was given up.
const released = " released"

// Release gives up a lease, and notes when by the computer's own clock. It does
// nothing when holder does not have it.
func (db *DB) Release(ctx context.Context, name, holder string) error {
	return fault(fmt.Sprintf("release lease %q", name), inTx(ctx, db.w, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO leases (name, holder, until)
			SELECT name || ?, holder, min(until, ?) FROM leases WHERE name = ? AND holder = ?`, released, time.Now().UnixMilli(), name, holder)
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM leases WHERE name = ? AND holder = ?`, name, holder)
		}
		return err
	}))
}

// LeaseEnded returns when a lease that nobody has now was given up or ran out;
// zero: never. One that is held ends in the future.
func (rd Reader) LeaseEnded(ctx context.Context, name string) (time.Time, error) {
	var ms sql.NullInt64
	err := rd.r.QueryRowContext(ctx, `SELECT max(until) FROM leases WHERE name IN (?, ?)`, name, name+released).Scan(&ms)
	if err != nil || !ms.Valid {
		return time.Time{}, fault(fmt.Sprintf("read end of lease %q", name), err)
	}
	return time.UnixMilli(ms.Int64).UTC(), nil
}

// LeaseHolder returns who has a lease at now and until when; "" when nobody.
func (rd Reader) LeaseHolder(ctx context.Context, name string, now time.Time) (holder string, until time.Time, err error) {
	var ms int64
	err = rd.r.QueryRowContext(ctx, `SELECT holder, until FROM leases WHERE name = ? AND until > ?`,
		name, now.UnixMilli()).Scan(&holder, &ms)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, fault(fmt.Sprintf("read lease %q", name), err)
	}
	return holder, time.UnixMilli(ms).UTC(), nil
}
