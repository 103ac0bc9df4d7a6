package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"secondtuesday/data"
)

const hostColumns = `id, name, reach, address, port, user, jump, identity_file, sudo, platform, technology,
	business_unit, owner, admin, criticality, exposure, environment, ring, coalesce(group_id, 0), notes, auth`

func scanHost(r row) (data.Host, error) {
	var h data.Host
	err := r.Scan(&h.ID, &h.Name, &h.Reach, &h.Address, &h.Port, &h.User, &h.Jump, &h.IdentityFile, &h.Sudo,
		&h.Platform, &h.Technology, &h.BusinessUnit, &h.Owner, &h.Admin, &h.Criticality, &h.Exposure,
		&h.Environment, &h.Ring, &h.Group, &h.Notes, &h.Auth)
	return h, err
}

// SaveHosts adds the hosts whose ID is 0 and changes the others, all of them
// or none, and returns their IDs in the same order. A name that another host
// has, without regard to case, is an ErrConflict; an ID that is not stored an
// ErrNotFound.
func (db *DB) SaveHosts(ctx context.Context, hosts []data.Host, entry data.AuditEntry) ([]data.HostID, error) {
	ids := make([]data.HostID, len(hosts))
	err := db.change(ctx, "save hosts", entry, func(tx *sql.Tx) error {
		put, err := newHostWriter(ctx, tx)
		if err != nil {
			return err
		}
		for i, h := range hosts {
			if ids[i], err = put.save(ctx, h); err != nil {
				return fmt.Errorf("host %q: %w", h.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// A hostWriter holds the statements that save a host; they close with their
// transaction.
type hostWriter struct{ taken, insert, update *sql.Stmt }

func newHostWriter(ctx context.Context, tx *sql.Tx) (w hostWriter, err error) {
	w.taken, err = tx.PrepareContext(ctx, `SELECT name FROM hosts WHERE key = ? AND id <> ?`)
	if err != nil {
		return w, err
	}
	w.insert, err = tx.PrepareContext(ctx, `
		INSERT INTO hosts (name, key, reach, address, port, user, jump, identity_file, sudo, platform, technology,
			business_unit, owner, admin, criticality, exposure, environment, ring, group_id, notes, auth)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)`)
	if err != nil {
		return w, err
	}
	w.update, err = tx.PrepareContext(ctx, `
		UPDATE hosts
		SET name = ?1, key = ?2, reach = ?3, address = ?4, port = ?5, user = ?6, jump = ?7, identity_file = ?8,
			sudo = ?9, platform = ?10, technology = ?11, business_unit = ?12, owner = ?13, admin = ?14,
			criticality = ?15, exposure = ?16, environment = ?17, ring = ?18, group_id = ?19, notes = ?20, auth = ?21
		WHERE id = ?22`)
	return w, err
}

func (w hostWriter) save(ctx context.Context, h data.Host) (data.HostID, error) {
	var other string
	switch err := w.taken.QueryRowContext(ctx, fold(h.Name), h.ID).Scan(&other); {
	case err == nil:
		return 0, fmt.Errorf("%w: another host is called %q", ErrConflict, other)
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	args := []any{h.Name, fold(h.Name), h.Reach, h.Address, h.Port, h.User, h.Jump, h.IdentityFile, h.Sudo,
		h.Platform, h.Technology, h.BusinessUnit, h.Owner, h.Admin, h.Criticality, h.Exposure, h.Environment,
		h.Ring, orNull(h.Group), h.Notes, h.Auth}
	if h.ID != 0 {
		return h.ID, mustTouch(w.update.ExecContext(ctx, append(args, h.ID)...))
	}
	return insertedID[data.HostID](w.insert.ExecContext(ctx, args...))
}

// fold returns a name as it is compared: without regard to case.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// orNull returns an ID as a foreign key: NULL for 0.
func orNull[ID ~int64](id ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

// insertedID returns the ID of the row just inserted.
func insertedID[ID ~int64](res sql.Result, err error) (ID, error) {
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	return ID(id), err
}

// RemoveHosts removes hosts with all that is known only about them: scans,
// missing and closed updates, verdicts, points and exceptions. The audit trail
// and the runs of rollouts stay. A host that is part of a rollout under way is
// an ErrConflict.
func (db *DB) RemoveHosts(ctx context.Context, ids []data.HostID, entry data.AuditEntry) error {
	return db.change(ctx, "remove hosts", entry, func(tx *sql.Tx) error {
		for _, id := range ids {
			if err := removeHost(ctx, tx, id); err != nil {
				return fmt.Errorf("host %d: %w", id, err)
			}
		}
		return nil
	})
}

func removeHost(ctx context.Context, tx *sql.Tx, id data.HostID) error {
	var rollout data.RolloutID
	err := tx.QueryRowContext(ctx, `
		SELECT rollout FROM runs WHERE host = ? AND step <> ? LIMIT 1`, id, data.StepEnded).Scan(&rollout)
	if err == nil {
		return fmt.Errorf("%w: it is part of rollout %d, which has not ended", ErrConflict, rollout)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return mustTouch(tx.ExecContext(ctx, `DELETE FROM hosts WHERE id = ?`, id))
}

// Hosts returns all hosts by name.
func (rd Reader) Hosts(ctx context.Context) ([]data.Host, error) {
	all, err := collect(ctx, rd.r, scanHost, `SELECT `+hostColumns+` FROM hosts ORDER BY key`)
	return all, fault("read hosts", err)
}

// Host returns one host.
func (rd Reader) Host(ctx context.Context, id data.HostID) (data.Host, error) {
	h, err := one(ctx, rd.r, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE id = ?`, id)
	return h, fault(fmt.Sprintf("read host %d", id), err)
}

// HostByName returns the host of that name, without regard to case.
func (rd Reader) HostByName(ctx context.Context, name string) (data.Host, error) {
	h, err := one(ctx, rd.r, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE key = ?`, fold(name))
	return h, fault(fmt.Sprintf("read host %q", name), err)
}

// SaveGroup adds g when its ID is 0, else changes it. A name that another
// group has, without regard to case, is an ErrConflict.
func (db *DB) SaveGroup(ctx context.Context, g data.Group, entry data.AuditEntry) (id data.GroupID, err error) {
	err = db.change(ctx, fmt.Sprintf("save group %q", g.Name), entry, func(tx *sql.Tx) error {
		var other string
		err := tx.QueryRowContext(ctx, `SELECT name FROM groups WHERE key = ? AND id <> ?`, fold(g.Name), g.ID).Scan(&other)
		if err == nil {
			return fmt.Errorf("%w: another group is called %q", ErrConflict, other)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if id = g.ID; id != 0 {
			return mustTouch(tx.ExecContext(ctx, `
				UPDATE groups SET name = ?, key = ?, time_zone = ?, notes = ? WHERE id = ?`,
				g.Name, fold(g.Name), g.TimeZone, g.Notes, id))
		}
		id, err = insertedID[data.GroupID](tx.ExecContext(ctx, `
			INSERT INTO groups (name, key, time_zone, notes) VALUES (?, ?, ?, ?)`,
			g.Name, fold(g.Name), g.TimeZone, g.Notes))
		return err
	})
	return id, err
}

// RemoveGroup removes a group; its hosts then have none, and its windows no
// longer open for it. The only group of a freeze is an ErrConflict, because a
// freeze without groups is one of every host.
func (db *DB) RemoveGroup(ctx context.Context, id data.GroupID, entry data.AuditEntry) error {
	return db.change(ctx, fmt.Sprintf("remove group %d", id), entry, func(tx *sql.Tx) error {
		var freeze string
		err := tx.QueryRowContext(ctx, `
			SELECT f.name
			FROM freeze_groups g JOIN freezes f ON f.id = g.freeze
			WHERE g.group_id = ?1
				AND NOT EXISTS (SELECT 1 FROM freeze_groups x WHERE x.freeze = f.id AND x.group_id <> ?1)
			LIMIT 1`, id).Scan(&freeze)
		if err == nil {
			return fmt.Errorf("%w: it is the only group of the freeze %q", ErrConflict, freeze)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM freeze_groups WHERE group_id = ?`, id); err != nil {
			return err
		}
		return mustTouch(tx.ExecContext(ctx, `DELETE FROM groups WHERE id = ?`, id))
	})
}

// Groups returns all groups by name.
func (rd Reader) Groups(ctx context.Context) ([]data.Group, error) {
	all, err := collect(ctx, rd.r, func(r row) (g data.Group, err error) {
		err = r.Scan(&g.ID, &g.Name, &g.TimeZone, &g.Notes)
		return g, err
	}, `SELECT id, name, time_zone, notes FROM groups ORDER BY key`)
	return all, fault("read groups", err)
}
