package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"secondtuesday/data"
)

// SaveStandard stores s as a new version, whatever its ID and Version say, and
// returns its ID. Versions are never changed and never removed.
func (db *DB) SaveStandard(ctx context.Context, s data.Standard, entry data.AuditEntry) (id data.StandardID, err error) {
	err = db.change(ctx, fmt.Sprintf("save standard %q", s.Name), entry, func(tx *sql.Tx) error {
		rules, err := list(s.Rules)
		if err != nil {
			return err
		}
		id, err = insertedID[data.StandardID](tx.ExecContext(ctx, `
			INSERT INTO standards (version, name, owner, approver, template, source, valid_from, created,
				created_by, note, rules, scan_max_age, reboot_within, due_soon, target)
			VALUES ((SELECT coalesce(max(version), 0) + 1 FROM standards), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			s.Name, s.Owner, s.Approver, s.Template, s.Source, unix(s.ValidFrom), unix(s.Created), s.CreatedBy,
			s.Note, rules, seconds(s.ScanMaxAge), seconds(s.RebootWithin), seconds(s.DueSoon), s.Target))
		return err
	})
	return id, err
}

const standardColumns = `id, version, name, owner, approver, template, source, valid_from, created, created_by,
	note, rules, scan_max_age, reboot_within, due_soon, target`

func scanStandard(r row) (data.Standard, error) {
	var s data.Standard
	err := r.Scan(&s.ID, &s.Version, &s.Name, &s.Owner, &s.Approver, &s.Template, &s.Source, moment{&s.ValidFrom},
		moment{&s.Created}, &s.CreatedBy, &s.Note, fromList[data.Rule]{&s.Rules}, span{&s.ScanMaxAge},
		span{&s.RebootWithin}, span{&s.DueSoon}, &s.Target)
	return s, err
}

// Standards returns all versions of the standard, newest first.
func (rd Reader) Standards(ctx context.Context) ([]data.Standard, error) {
	all, err := collect(ctx, rd.r, scanStandard, `SELECT `+standardColumns+` FROM standards ORDER BY version DESC`)
	return all, fault("read standards", err)
}

// A standardCache keeps the versions read so far: they never change and never
// go away.
type standardCache struct {
	mu  sync.Mutex
	all []data.Standard // newest first
}

// load returns all versions that q sees, newest first. They are the caller's to
// read only.
func (c *standardCache) load(ctx context.Context, q querier) ([]data.Standard, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var newest data.StandardID
	if len(c.all) > 0 {
		newest = c.all[0].ID
	}
	fresh, err := collect(ctx, q, scanStandard,
		`SELECT `+standardColumns+` FROM standards WHERE id > ? ORDER BY version DESC`, newest)
	if err == nil && len(fresh) > 0 {
		c.all = append(fresh, c.all...) // earlier callers may still read the old slice
	}
	return c.all, err
}

// StandardAt returns the version in force at t: the one with the latest start
// that is not after t; of those with the same start the newest. Where none is,
// ErrNotFound.
func (rd Reader) StandardAt(ctx context.Context, t time.Time) (data.Standard, error) {
	s, err := one(ctx, rd.r, scanStandard, `
		SELECT `+standardColumns+`
		FROM standards
		WHERE valid_from <= ?
		ORDER BY valid_from DESC, version DESC
		LIMIT 1`, unix(t))
	return s, fault("read standard in force on "+t.UTC().Format(time.DateOnly), err)
}

// SaveException adds e when its ID is 0, else changes it. It is withdrawn by
// saving it with Withdrawn set.
func (db *DB) SaveException(ctx context.Context, e data.Exception, entry data.AuditEntry) (id data.ExceptionID, err error) {
	err = db.change(ctx, "save exception", entry, func(tx *sql.Tx) error {
		if e.RequestedBy == "" || e.Expires.IsZero() {
			return errors.New("an exception needs a requester and an end")
		}
		approvals, err := list(e.Approvals)
		if err != nil {
			return err
		}
		args := []any{orNull(e.Host), e.Update, e.Reason, e.RequestedBy, e.Mitigation, e.WaitsFor, approvals,
			unix(e.Expires), unix(e.Created), unix(e.Withdrawn)}
		if id = e.ID; id != 0 {
			return mustTouch(tx.ExecContext(ctx, `
				UPDATE exceptions
				SET host = ?, update_key = ?, reason = ?, requested_by = ?, mitigation = ?, waits_for = ?,
					approvals = ?, expires = ?, created = ?, withdrawn = ?
				WHERE id = ?`, append(args, id)...))
		}
		id, err = insertedID[data.ExceptionID](tx.ExecContext(ctx, `
			INSERT INTO exceptions (host, update_key, reason, requested_by, mitigation, waits_for, approvals,
				expires, created, withdrawn)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...))
		return err
	})
	return id, err
}

// Exceptions returns all exceptions, with those that expired or were
// withdrawn, newest first.
func (rd Reader) Exceptions(ctx context.Context) ([]data.Exception, error) {
	all, err := readExceptions(ctx, rd.r, 0)
	return all, fault("read exceptions", err)
}

// readExceptions returns those for one host and for all; host 0 means all there are.
func readExceptions(ctx context.Context, q querier, host data.HostID) ([]data.Exception, error) {
	return collect(ctx, q, func(r row) (e data.Exception, err error) {
		err = r.Scan(&e.ID, &e.Host, &e.Update, &e.Reason, &e.RequestedBy, &e.Mitigation, &e.WaitsFor,
			fromList[data.Approval]{&e.Approvals}, moment{&e.Expires}, moment{&e.Created}, moment{&e.Withdrawn})
		return e, err
	}, `
		SELECT id, coalesce(host, 0), update_key, reason, requested_by, mitigation, waits_for, approvals,
			expires, created, withdrawn
		FROM exceptions
		WHERE ?1 = 0 OR host IS NULL OR host = ?1
		ORDER BY id DESC`, host)
}
