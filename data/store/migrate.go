package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration brings the schema from one number to the next.
type migration struct {
	name   string
	script string
}

// embedded returns the migrations in their order: the first makes schema 1.
func embedded() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted by name
	if err != nil {
		return nil, err
	}
	all := make([]migration, len(names))
	for i, name := range names {
		b, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all[i] = migration{name, string(b)}
	}
	return all, nil
}

// migrate runs the migrations that the workspace lacks, each with its number
// in one transaction. A workspace that holds something is copied first.
func migrate(ctx context.Context, w *sql.DB, path string, all []migration) error {
	have, err := schema(ctx, w)
	if err != nil {
		return err
	}
	if have > 0 && have < len(all) {
		if err := quickCheck(ctx, w); err != nil {
			return err
		}
		if err := backup(ctx, w, fmt.Sprintf("%s.schema%d", path, have)); err != nil {
			return fmt.Errorf("copy before migration: %w", err)
		}
	}
	for i := have; i < len(all); i++ {
		if err := inTx(ctx, w, func(tx *sql.Tx) error { return step(ctx, tx, all[i], i+1) }); err != nil {
			return fmt.Errorf("%s: %w", all[i].name, err)
		}
	}
	return nil
}

// step makes schema n, unless another program has just done so.
func step(ctx context.Context, tx *sql.Tx, m migration, n int) error {
	have, err := schema(ctx, tx)
	if err != nil {
		return err
	}
	if have >= n {
		return nil
	}
	_, err = tx.ExecContext(ctx, m.script+fmt.Sprintf(
		"\n;PRAGMA user_version = %d; PRAGMA application_id = %d;", n, applicationID))
	return err
}

func schema(ctx context.Context, q querier) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&n)
	return n, err
}

// backup writes a copy of the workspace to base.backup, or where that is
// taken, base-2.backup and so on: a copy is never overwritten.
func backup(ctx context.Context, w *sql.DB, base string) error {
	name := base + ".backup"
	for n := 2; ; n++ {
		// VACUUM INTO takes an empty file; made here it is not readable to everybody.
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return errors.Join(f.Close(), vacuumInto(ctx, w, name))
		}
		if !errors.Is(err, os.ErrExist) {
			return err
		}
		name = fmt.Sprintf("%s-%d.backup", base, n)
	}
}

// vacuumInto copies the workspace into the empty file and waits for the disk.
func vacuumInto(ctx context.Context, w *sql.DB, name string) error {
	if _, err := w.ExecContext(ctx, `VACUUM INTO ?`, name); err != nil {
		return errors.Join(err, os.Remove(name)) // half a copy is none
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
