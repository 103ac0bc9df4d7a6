package store

import (
	"context"
	"database/sql"
	"time"

	"secondtuesday/data"
)

// counted are the judgements with a column of their own in verdicts, in the
// order of the columns.
var counted = []data.Compliance{data.Overdue, data.Unknown, data.DueSoon, data.Excepted, data.Compliant}

// KeepVerdicts replaces the judgements of hosts and appends points of their
// history; a second point of a host and a moment replaces the first. Hosts
// that were removed meanwhile are passed over.
func (db *DB) KeepVerdicts(ctx context.Context, verdicts []data.HostVerdict, points []data.Point) error {
	return db.write(ctx, "keep verdicts", func(tx *sql.Tx) error { return putVerdicts(ctx, tx, verdicts, points) })
}

func putVerdicts(ctx context.Context, tx *sql.Tx, verdicts []data.HostVerdict, points []data.Point) error {
	put, err := tx.PrepareContext(ctx, `
		INSERT OR REPLACE INTO verdicts (host, compliance, because, missing, overdue, unknown, due_soon,
			excepted, compliant, next_due, scan_at, valid_until, version, reboot_debt)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
		WHERE EXISTS (SELECT 1 FROM hosts WHERE id = ?1)`)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		args := []any{v.Host, v.Compliance, v.Because, v.Missing}
		for _, c := range counted {
			args = append(args, v.Counts[c])
		}
		args = append(args, unix(v.NextDue), unix(v.ScanAt), unix(v.ValidUntil), v.Version, seconds(debtAtScan(v)))
		if _, err := put.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return appendPoints(ctx, tx, points)
}

// debtAtScan is what is stored of a pending reboot: how long it had been pending
// when the host was scanned, so that it goes on growing whenever it is read. A
// reboot that the newest scan saw first counts as a second: 0 means none.
func debtAtScan(v data.HostVerdict) time.Duration {
	if v.RebootFrom.IsZero() {
		return 0
	}
	return max(v.ScanAt.Sub(v.RebootFrom), time.Second)
}

func appendPoints(ctx context.Context, tx *sql.Tx, points []data.Point) error {
	put, err := tx.PrepareContext(ctx, `
		INSERT OR REPLACE INTO points (host, at, compliance, missing, overdue)
		SELECT ?1, ?2, ?3, ?4, ?5
		WHERE EXISTS (SELECT 1 FROM hosts WHERE id = ?1)`)
	if err != nil {
		return err
	}
	for _, p := range points {
		if _, err := put.ExecContext(ctx, p.Host, unix(p.At), p.Compliance, p.Missing, p.Overdue); err != nil {
			return err
		}
	}
	return nil
}

// HostVerdicts returns the last judgement of every host that was judged, by
// host. A host that is not in it is unknown. Counts holds no zeros.
func (rd Reader) HostVerdicts(ctx context.Context) ([]data.HostVerdict, error) {
	all, err := collect(ctx, rd.r, scanVerdict, `
		SELECT host, compliance, because, missing, overdue, unknown, due_soon, excepted, compliant,
			next_due, scan_at, valid_until, version, reboot_debt
		FROM verdicts
		ORDER BY host`)
	return all, fault("read verdicts", err)
}

func scanVerdict(r row) (data.HostVerdict, error) {
	var v data.HostVerdict
	var n [5]int
	var debt time.Duration
	err := r.Scan(&v.Host, &v.Compliance, &v.Because, &v.Missing, &n[0], &n[1], &n[2], &n[3], &n[4],
		moment{&v.NextDue}, moment{&v.ScanAt}, moment{&v.ValidUntil}, &v.Version, span{&debt})
	if debt > 0 {
		v.RebootFrom = v.ScanAt.Add(-debt)
	}
	v.Counts = make(map[data.Compliance]int)
	for i, c := range counted {
		if n[i] != 0 {
			v.Counts[c] = n[i]
		}
	}
	return v, err
}

// Points returns the history of all hosts since from, oldest first.
func (rd Reader) Points(ctx context.Context, from time.Time) ([]data.Point, error) {
	all, err := collect(ctx, rd.r, func(r row) (p data.Point, err error) {
		err = r.Scan(&p.Host, moment{&p.At}, &p.Compliance, &p.Missing, &p.Overdue)
		return p, err
	}, `SELECT host, at, compliance, missing, overdue FROM points WHERE at >= ? ORDER BY at, host`, unix(from))
	return all, fault("read points", err)
}
