package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"secondtuesday/data"
)

// An Import is one host to save with the name of its group; an empty name
// leaves Host.Group as it is.
type Import struct {
	Host  data.Host
	Group string
}

// ImportHosts saves hosts like SaveHosts, and adds the groups named that are
// not there yet (time zone UTC), all in one transaction.
func (db *DB) ImportHosts(ctx context.Context, rows []Import, entry data.AuditEntry) ([]data.HostID, error) {
	ids := make([]data.HostID, len(rows))
	err := db.change(ctx, "import hosts", entry, func(tx *sql.Tx) error {
		put, err := newHostWriter(ctx, tx)
		if err != nil {
			return err
		}
		groups := map[string]data.GroupID{}
		for i, r := range rows {
			if r.Group != "" {
				if r.Host.Group, err = groupNamed(ctx, tx, groups, r.Group); err != nil {
					return fmt.Errorf("group %q: %w", r.Group, err)
				}
			}
			if ids[i], err = put.save(ctx, r.Host); err != nil {
				return fmt.Errorf("host %q: %w", r.Host.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func groupNamed(ctx context.Context, tx *sql.Tx, known map[string]data.GroupID, name string) (data.GroupID, error) {
	key := fold(name)
	if id := known[key]; id != 0 {
		return id, nil
	}
	var id data.GroupID
	err := tx.QueryRowContext(ctx, `SELECT id FROM groups WHERE key = ?`, key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		id, err = insertedID[data.GroupID](tx.ExecContext(ctx,
			`INSERT INTO groups (name, key, time_zone, notes) VALUES (?, ?, '', '')`, name, key))
	}
	if err != nil {
		return 0, err
	}
	known[key] = id
	return id, nil
}
