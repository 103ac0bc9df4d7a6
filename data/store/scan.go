package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"secondtuesday/data"
)

// keepEvidence is how many scans of a host keep their evidence.
const keepEvidence = 20

// late is how much older than the newest scan of its host a scan may be and
// still be taken for one that was saved late. An older one means that the
// desk's clock was set back; then the scan saved last is the newest.
const late = time.Hour

// A Finding is what a scan makes of its host, for judging.
type Finding struct {
	Missing     []data.Missing // what the host lacks now, in the order of Reader.Missing
	Gone        []data.Missing // what the scan proves to be in, as it was missing
	RebootSince time.Time      // as Reader.RebootSince tells; zero: no reboot is pending
	Standards   []data.Standard
	Exceptions  []data.Exception // for this host and for all
}

// A Judgement is how a host stands after a scan.
type Judgement struct {
	Verdict data.HostVerdict
	Point   data.Point
	Due     []time.Time // the deadlines that were in force for Gone, in its order; zero: none
}

// SaveScan stores a scan whole or not at all. The newest scan of a host keeps
// its packages, the last keepEvidence their evidence, and all their heads.
//
// An update the host was not offered before opens an episode. A trusted scan
// closes the episodes of updates it no longer offers; one that is not trusted
// proves nothing and closes none. A scan that is a little older than the one
// that speaks for the host now was overtaken: its head and evidence are kept.
//
// judge says how the host stands, which is stored in the same transaction. It is
// asked once the scan is known to speak for the host, and not at all when it was
// overtaken. It must not use the DB, and what it is given is shared: it must not
// change that. nil leaves the judging to the next Refresh of the Desk.
//
// A host that is not stored is an ErrNotFound. A ctx that ends once the saving
// has begun does not end it.
func (db *DB) SaveScan(ctx context.Context, scan data.Scan, entry data.AuditEntry, judge func(Finding) Judgement) (data.ScanID, error) {
	op := fmt.Sprintf("save scan of host %d", scan.Host)
	w, err := newScanWriter(scan)
	if err != nil {
		return 0, fault(op, err)
	}
	if err := ctx.Err(); err != nil {
		return 0, fault(op, err)
	}
	ctx = context.WithoutCancel(ctx) // a watch over each statement costs more than the statement
	err = db.change(ctx, op, entry, func(tx *sql.Tx) error {
		speaks, err := w.scanRows(ctx, tx)
		if err != nil || !speaks {
			return err
		}
		w.episodes = episodeWriter{tx: tx, offers: offerWriter{tx: tx, cache: db.offers}, host: scan.Host, scan: w.scan.ID, at: unix(scan.At)}
		return w.judged(ctx, db, judge)
	})
	if err == nil {
		db.offers.keep(w.episodes.offers.found)
	}
	return w.scan.ID, err
}

// A scanWriter stores one scan.
type scanWriter struct {
	scan      data.Scan
	installed []byte
	evidence  []byte // nil: none
	episodes  episodeWriter
}

func newScanWriter(scan data.Scan) (*scanWriter, error) {
	w := &scanWriter{scan: scan}
	var err error
	if w.installed, err = pack(scan.Installed); err == nil && len(scan.Evidence) > 0 {
		w.evidence, err = pack(scan.Evidence)
	}
	return w, err
}

// scanRows stores the scan but for its episodes, and returns whether it speaks
// for the host now.
func (w *scanWriter) scanRows(ctx context.Context, tx *sql.Tx) (speaks bool, err error) {
	host := w.scan.Host
	newest, err := newestScanAt(ctx, tx, host)
	if err != nil {
		return false, err
	}
	if w.scan.ID, err = insertHead(ctx, tx, w.scan); err != nil {
		return false, err
	}
	if w.evidence != nil {
		if err := insertEvidence(ctx, tx, host, w.scan.ID, w.evidence); err != nil {
			return false, err
		}
	}
	if age := newest.Sub(w.scan.At); age > 0 && age < late {
		return false, nil
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO latest (host, scan, at, installed) VALUES (?, ?, ?, ?)
		ON CONFLICT (host) DO UPDATE SET scan = excluded.scan, at = excluded.at, installed = excluded.installed`,
		host, w.scan.ID, unix(w.scan.At), w.installed)
	return err == nil, err
}

// judged stores the episodes, and how the host stands where there is a judge.
func (w *scanWriter) judged(ctx context.Context, db *DB, judge func(Finding) Judgement) error {
	e := &w.episodes
	var found Finding
	var err error
	if found.Missing, found.Gone, err = e.save(ctx, w.scan); err != nil {
		return err
	}
	if judge == nil {
		return e.close(ctx, nil)
	}
	if found.Standards, err = db.standards.load(ctx, e.tx); err != nil {
		return err
	}
	if found.Exceptions, err = readExceptions(ctx, e.tx, e.host); err != nil {
		return err
	}
	if len(w.scan.Reboot) > 0 {
		since, err := rebootSince(ctx, e.tx, e.host)
		if err != nil {
			return err
		}
		found.RebootSince = since[e.host]
	}
	j := judge(found)
	if err := e.close(ctx, j.Due); err != nil {
		return err
	}
	return putVerdicts(ctx, e.tx, []data.HostVerdict{j.Verdict}, []data.Point{j.Point})
}

// newestScanAt returns the time of the scan that speaks for the host; zero
// when it has none.
func newestScanAt(ctx context.Context, tx *sql.Tx, h data.HostID) (t time.Time, err error) {
	return one(ctx, tx, func(r row) (t time.Time, err error) {
		err = r.Scan(moment{&t})
		return t, err
	}, `SELECT coalesce(l.at, 0) FROM hosts h LEFT JOIN latest l ON l.host = h.id WHERE h.id = ?`, h)
}

func insertHead(ctx context.Context, tx *sql.Tx, s data.Scan) (data.ScanID, error) {
	reboot, err1 := list(s.Reboot)
	restart, err2 := list(s.Restart)
	problems, err3 := list(s.Problems)
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, err
	}
	return insertedID[data.ScanID](tx.ExecContext(ctx, `
		INSERT INTO scans (host, at, host_now, platform, os_id, os_version, os_name, os_codename, os_end_of_life,
			kernel_running, kernel_installed, boot_id, booted_at, reboot, reboot_known, restart, restart_known,
			metadata_at, root, problems, source)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.Host, unix(s.At), unix(s.HostNow), s.Platform, s.OS.ID, s.OS.Version, s.OS.Name, s.OS.Codename,
		unix(s.OS.EndOfLife), s.Kernel.Running, s.Kernel.Installed, s.BootID, unix(s.BootedAt), reboot,
		s.RebootKnown, restart, s.RestartKnown, unix(s.MetadataAt), s.Root, problems, s.Source))
}

func insertEvidence(ctx context.Context, tx *sql.Tx, h data.HostID, id data.ScanID, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO evidence (scan, host, body) VALUES (?, ?, ?)`, id, h, body)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM evidence
		WHERE host = ?1 AND scan <= (SELECT scan FROM evidence WHERE host = ?1 ORDER BY scan DESC LIMIT 1 OFFSET ?2)`,
		h, keepEvidence)
	return err
}

const headColumns = `s.id, s.host, s.at, s.host_now, s.platform, s.os_id, s.os_version, s.os_name, s.os_codename,
	s.os_end_of_life, s.kernel_running, s.kernel_installed, s.boot_id, s.booted_at, s.reboot, s.reboot_known,
	s.restart, s.restart_known, s.metadata_at, s.root, s.problems, s.source`

func headFields(s *data.Scan) []any {
	return []any{&s.ID, &s.Host, moment{&s.At}, moment{&s.HostNow}, &s.Platform, &s.OS.ID, &s.OS.Version, &s.OS.Name,
		&s.OS.Codename, moment{&s.OS.EndOfLife}, &s.Kernel.Running, &s.Kernel.Installed, &s.BootID,
		moment{&s.BootedAt}, fromList[data.RebootReason]{&s.Reboot}, &s.RebootKnown, fromList[string]{&s.Restart},
		&s.RestartKnown, moment{&s.MetadataAt}, &s.Root, fromList[data.Problem]{&s.Problems}, &s.Source}
}

func scanHead(r row) (data.Scan, error) {
	var s data.Scan
	err := r.Scan(headFields(&s)...)
	return s, err
}

// LatestScan returns the scan that speaks for the host now, with packages and
// updates (by name) and without evidence; ErrNotFound when it has none.
func (rd Reader) LatestScan(ctx context.Context, host data.HostID) (s data.Scan, err error) {
	err = inTx(ctx, rd.r, func(tx *sql.Tx) error { // head and updates of one moment
		var installed []byte
		s, err = one(ctx, tx, func(r row) (s data.Scan, err error) {
			err = r.Scan(append(headFields(&s), &installed)...)
			return s, err
		}, `SELECT `+headColumns+`, l.installed FROM latest l JOIN scans s ON s.id = l.scan WHERE l.host = ?`, host)
		if err != nil {
			return err
		}
		if err := unpack(installed, &s.Installed); err != nil {
			return err
		}
		s.Updates, err = collect(ctx, tx, scanUpdate, `
			SELECT `+updateColumns+`
			FROM missing m JOIN offers o ON o.id = m.offer
			WHERE m.host = ? AND m.scan = ?
			ORDER BY o.name, o.arch, o.replaces, o.available`, host, s.ID)
		return err
	})
	return s, fault(fmt.Sprintf("read latest scan of host %d", host), err)
}

// LatestScans returns the head of the scan that speaks for each host, without
// packages, updates and evidence. A host that was never scanned is not in it.
func (rd Reader) LatestScans(ctx context.Context) (map[data.HostID]data.Scan, error) {
	all, err := collect(ctx, rd.r, scanHead,
		`SELECT `+headColumns+` FROM latest l JOIN scans s ON s.id = l.scan`)
	if err != nil {
		return nil, fault("read latest scans", err)
	}
	m := make(map[data.HostID]data.Scan, len(all))
	for _, s := range all {
		m[s.Host] = s
	}
	return m, nil
}

// Scans returns the heads of the host's last scans, newest first, without
// packages, updates and evidence. A limit of 0 means all.
func (rd Reader) Scans(ctx context.Context, host data.HostID, limit int) ([]data.Scan, error) {
	all, err := collect(ctx, rd.r, scanHead,
		`SELECT `+headColumns+` FROM scans s WHERE s.host = ? ORDER BY s.id DESC LIMIT ?`, host, limitOf(limit))
	return all, fault(fmt.Sprintf("read scans of host %d", host), err)
}

// Evidence returns what the host printed in a scan; ErrNotFound when nothing
// was kept, or no longer is.
func (rd Reader) Evidence(ctx context.Context, scan data.ScanID) ([]data.Evidence, error) {
	all, err := one(ctx, rd.r, func(r row) (all []data.Evidence, err error) {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return nil, err
		}
		err = unpack(body, &all)
		return all, err
	}, `SELECT body FROM evidence WHERE scan = ?`, scan)
	return all, fault(fmt.Sprintf("read evidence of scan %d", scan), err)
}
