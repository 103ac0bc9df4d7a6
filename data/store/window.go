package store

import (
	"context"
	"database/sql"
	"fmt"

	"secondtuesday/data"
)

// SaveWindow adds w when its ID is 0, else changes it. A group that is not
// stored is an ErrNotFound.
func (db *DB) SaveWindow(ctx context.Context, w data.Window, entry data.AuditEntry) (id data.WindowID, err error) {
	err = db.change(ctx, fmt.Sprintf("save window %q", w.Name), entry, func(tx *sql.Tx) error {
		if id, err = putWindow(ctx, tx, w); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM window_groups WHERE window = ?`, id); err != nil {
			return err
		}
		for _, g := range w.Groups {
			_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO window_groups (window, group_id) VALUES (?, ?)`, id, g)
			if err != nil {
				return fmt.Errorf("group %d: %w", g, err)
			}
		}
		return nil
	})
	return id, err
}

func putWindow(ctx context.Context, tx *sql.Tx, w data.Window) (data.WindowID, error) {
	args := []any{w.Name, w.Recurs.Rule, w.Recurs.PlusDays, w.Recurs.First.Year, int(w.Recurs.First.Month),
		w.Recurs.First.Day, w.Recurs.Start.Hour, w.Recurs.Start.Minute, w.TimeZone, seconds(w.Duration),
		w.Permits.Install, w.Permits.Reboot, w.Agreed.Role, w.Agreed.By, unix(w.Agreed.At), w.Agreed.Note,
		unix(w.Until), w.Notes}
	if w.ID != 0 {
		return w.ID, mustTouch(tx.ExecContext(ctx, `
			UPDATE windows
			SET name = ?, rule = ?, plus_days = ?, first_year = ?, first_month = ?, first_day = ?, hour = ?,
				minute = ?, time_zone = ?, duration = ?, install = ?, reboot = ?, agreed_role = ?, agreed_by = ?,
				agreed_at = ?, agreed_note = ?, until = ?, notes = ?
			WHERE id = ?`, append(args, w.ID)...))
	}
	return insertedID[data.WindowID](tx.ExecContext(ctx, `
		INSERT INTO windows (name, rule, plus_days, first_year, first_month, first_day, hour, minute, time_zone,
			duration, install, reboot, agreed_role, agreed_by, agreed_at, agreed_note, until, notes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...))
}

// RemoveWindow removes a window.
func (db *DB) RemoveWindow(ctx context.Context, id data.WindowID, entry data.AuditEntry) error {
	return db.change(ctx, fmt.Sprintf("remove window %d", id), entry, func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, `DELETE FROM windows WHERE id = ?`, id))
	})
}

// Windows returns all windows by name, the groups of each in ascending order.
func (rd Reader) Windows(ctx context.Context) (all []data.Window, err error) {
	err = inTx(ctx, rd.r, func(tx *sql.Tx) error { // windows and groups of one moment
		all, err = collect(ctx, tx, scanWindow, `
			SELECT id, name, rule, plus_days, first_year, first_month, first_day, hour, minute, time_zone,
				duration, install, reboot, agreed_role, agreed_by, agreed_at, agreed_note, until, notes
			FROM windows
			ORDER BY name, id`)
		if err != nil {
			return err
		}
		groups, err := groupsOf[data.WindowID](ctx, tx, `SELECT window, group_id FROM window_groups ORDER BY window, group_id`)
		for i := range all {
			all[i].Groups = groups[all[i].ID]
		}
		return err
	})
	return all, fault("read windows", err)
}

func scanWindow(r row) (data.Window, error) {
	var w data.Window
	err := r.Scan(&w.ID, &w.Name, &w.Recurs.Rule, &w.Recurs.PlusDays, &w.Recurs.First.Year, &w.Recurs.First.Month,
		&w.Recurs.First.Day, &w.Recurs.Start.Hour, &w.Recurs.Start.Minute, &w.TimeZone, span{&w.Duration},
		&w.Permits.Install, &w.Permits.Reboot, &w.Agreed.Role, &w.Agreed.By, moment{&w.Agreed.At}, &w.Agreed.Note,
		moment{&w.Until}, &w.Notes)
	return w, err
}

// groupsOf returns the groups of every owner that a query of both names.
func groupsOf[ID ~int64](ctx context.Context, q querier, query string) (map[ID][]data.GroupID, error) {
	type link struct {
		owner ID
		group data.GroupID
	}
	links, err := collect(ctx, q, func(r row) (l link, err error) {
		err = r.Scan(&l.owner, &l.group)
		return l, err
	}, query)
	m := make(map[ID][]data.GroupID)
	for _, l := range links {
		m[l.owner] = append(m[l.owner], l.group)
	}
	return m, err
}

// SaveFreeze adds f when its ID is 0, else changes it. A group that is not
// stored is an ErrNotFound.
func (db *DB) SaveFreeze(ctx context.Context, f data.Freeze, entry data.AuditEntry) (id data.FreezeID, err error) {
	err = db.change(ctx, fmt.Sprintf("save freeze %q", f.Name), entry, func(tx *sql.Tx) error {
		if id, err = putFreeze(ctx, tx, f); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM freeze_groups WHERE freeze = ?`, id); err != nil {
			return err
		}
		for _, g := range f.Groups {
			_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO freeze_groups (freeze, group_id) VALUES (?, ?)`, id, g)
			if err != nil {
				return fmt.Errorf("group %d: %w", g, err)
			}
		}
		return nil
	})
	return id, err
}

func putFreeze(ctx context.Context, tx *sql.Tx, f data.Freeze) (data.FreezeID, error) {
	args := []any{f.Name, unix(f.From), unix(f.Until), f.Reason, f.AgreedBy}
	if f.ID != 0 {
		return f.ID, mustTouch(tx.ExecContext(ctx, `
			UPDATE freezes SET name = ?, from_time = ?, until_time = ?, reason = ?, agreed_by = ? WHERE id = ?`,
			append(args, f.ID)...))
	}
	return insertedID[data.FreezeID](tx.ExecContext(ctx, `
		INSERT INTO freezes (name, from_time, until_time, reason, agreed_by) VALUES (?, ?, ?, ?, ?)`, args...))
}

// RemoveFreeze removes a freeze.
func (db *DB) RemoveFreeze(ctx context.Context, id data.FreezeID, entry data.AuditEntry) error {
	return db.change(ctx, fmt.Sprintf("remove freeze %d", id), entry, func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, `DELETE FROM freezes WHERE id = ?`, id))
	})
}

// Freezes returns all freezes by their start, the groups of each in ascending
// order.
func (rd Reader) Freezes(ctx context.Context) (all []data.Freeze, err error) {
	err = inTx(ctx, rd.r, func(tx *sql.Tx) error { // freezes and groups of one moment
		all, err = collect(ctx, tx, func(r row) (f data.Freeze, err error) {
			err = r.Scan(&f.ID, &f.Name, moment{&f.From}, moment{&f.Until}, &f.Reason, &f.AgreedBy)
			return f, err
		}, `SELECT id, name, from_time, until_time, reason, agreed_by FROM freezes ORDER BY from_time, id`)
		if err != nil {
			return err
		}
		groups, err := groupsOf[data.FreezeID](ctx, tx, `SELECT freeze, group_id FROM freeze_groups ORDER BY freeze, group_id`)
		for i := range all {
			all[i].Groups = groups[all[i].ID]
		}
		return err
	})
	return all, fault("read freezes", err)
}
