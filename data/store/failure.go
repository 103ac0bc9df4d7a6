package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"secondtuesday/data"
)

// SaveScanFailure keeps that a host could not be scanned, in place of an
// earlier failure. Scans and verdicts are not touched.
func (db *DB) SaveScanFailure(ctx context.Context, f data.ScanFailure, entry data.AuditEntry) error {
	return db.change(ctx, fmt.Sprintf("save failed scan of host %d", f.Host), entry, func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO scan_failures (host, at, error)
			SELECT ?1, ?2, ?3
			WHERE EXISTS (SELECT 1 FROM hosts WHERE id = ?1)`, f.Host, unix(f.At), f.Error))
	})
}

// ScanFailures returns the hosts whose last attempt to be scanned failed: no
// scan has been saved at or after the failure's time.
func (rd Reader) ScanFailures(ctx context.Context) (map[data.HostID]data.ScanFailure, error) {
	all, err := collect(ctx, rd.r, func(r row) (f data.ScanFailure, err error) {
		err = r.Scan(&f.Host, moment{&f.At}, &f.Error)
		return f, err
	}, `
		SELECT f.host, f.at, f.error
		FROM scan_failures f LEFT JOIN latest l ON l.host = f.host
		WHERE l.at IS NULL OR l.at < f.at`)
	if err != nil {
		return nil, fault("read failed scans", err)
	}
	m := make(map[data.HostID]data.ScanFailure, len(all))
	for _, f := range all {
		m[f.Host] = f
	}
	return m, nil
}

// RebootSince returns, for hosts whose newest scan says that a reboot is
// pending, the time of the first scan that said so without one in between that
// knew of none, in the same boot. Scans behind the newest count for nothing: one
// that a clock set back made older does not speak for its host. Host 0 means all.
func (rd Reader) RebootSince(ctx context.Context, host data.HostID) (map[data.HostID]time.Time, error) {
	m, err := rebootSince(ctx, rd.r, host)
	return m, fault("read pending reboots", err)
}

func rebootSince(ctx context.Context, q querier, host data.HostID) (map[data.HostID]time.Time, error) {
	type pending struct {
		host  data.HostID
		since time.Time
	}
	all, err := collect(ctx, q, func(r row) (p pending, err error) {
		err = r.Scan(&p.host, moment{&p.since})
		return p, err
	}, `
		SELECT l.host, (
			SELECT min(s.at)
			FROM scans s
			WHERE s.host = l.host AND s.boot_id = h.boot_id AND s.reboot <> '[]' AND s.id <= l.scan AND s.id > coalesce((
				SELECT c.id
				FROM scans c
				WHERE c.host = l.host AND c.id < l.scan AND c.reboot_known = 1 AND c.reboot = '[]'
				ORDER BY c.id DESC LIMIT 1), 0))
		FROM latest l JOIN scans h ON h.id = l.scan
		WHERE h.reboot <> '[]' AND (?1 = 0 OR l.host = ?1)`, host)
	if err != nil {
		return nil, err
	}
	m := make(map[data.HostID]time.Time, len(all))
	for _, p := range all {
		m[p.host] = p.since
	}
	return m, nil
}
