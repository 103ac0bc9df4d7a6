// Package store remembers the nouns of package data in one SQLite file, the
// workspace. It judges nothing, talks to no host and holds no secret.
//
// A DB writes; a Reader only reads, and SQLite itself refuses it anything
// else. Every method is one transaction: it is done whole or not at all, and
// is on the disk when it returns. Methods that change something worth knowing
// take the audit entry that says who did it and why, and store both together.
//
// Times are kept to the second and come back in UTC. Empty lists come back nil.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the database/sql driver

	"secondtuesday/data"
)

// busyTimeout is how long a change waits for another program's to finish.
const busyTimeout = 10 * time.Second

// A Reader reads a workspace. It is safe for concurrent use, and a read never
// waits for a change.
type Reader struct {
	r      *sql.DB
	offers *offerCache
}

// A DB reads and changes a workspace. It is safe for concurrent use: SQLite
// takes one change at a time, so changes queue while reads go on.
type DB struct {
	Reader
	w    *sql.DB
	path string

	standards standardCache
}

// Open opens the workspace at path and brings its schema up to date, after a
// copy of the file was put beside it. A path where nothing is, or an empty
// file, becomes a new workspace. A file that is something else (ErrForeign),
// damaged (ErrCorrupt), or from a newer program (ErrNewer) is left as it is.
func Open(ctx context.Context, path string) (*DB, error) {
	op := "open workspace " + path
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fault(op, err)
	}
	all, err := embedded()
	if err != nil {
		return nil, fault(op, err)
	}
	if err := inspect(ctx, path, all); err != nil {
		return nil, fault(op, err)
	}
	db, err := open(ctx, path, all)
	return db, fault(op, err)
}

func open(ctx context.Context, path string, all []migration) (*DB, error) {
	// SQLite would make the file readable to everybody; its helpers and
	// copies take the rights of the file.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	w, err := sql.Open("sqlite3", dsn(path, "rw"))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	if err := migrate(ctx, w, path, all); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r, err := sql.Open("sqlite3", dsn(path, "ro"))
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxIdleConns(4)
	if err := r.PingContext(ctx); err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	return &DB{Reader: Reader{r: r, offers: &offerCache{}}, w: w, path: path}, nil
}

// Close closes the workspace.
func (db *DB) Close() error {
	return fault("close workspace", errors.Join(db.r.Close(), db.w.Close()))
}

// Path returns the absolute path of the workspace's file.
func (db *DB) Path() string { return db.path }

// dsn carries every pragma in the data source name: one set with Exec would
// reach a single connection of the pool and miss the others. mode is "rw",
// "ro", or "immutable" for a file that nobody else has open.
func dsn(path, mode string) string {
	q := url.Values{
		"mode":          {mode},
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
		"_foreign_keys": {"on"},
		"_cache_size":   {"-16384"}, // KiB

		"_stmt_cache_size": {"64"}, // statements a connection keeps ready
	}
	switch mode {
	case "immutable":
		q.Set("mode", "ro")
		q.Set("immutable", "1")
	case "rw":
		q.Set("_journal_mode", "wal")
		q.Set("_synchronous", "full") // done means on the disk, also when the power fails
		q.Set("_txlock", "immediate")
	}
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/shop.db becomes file:///C:/shop.db
	}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

// change runs f and appends entry in one transaction.
func (db *DB) change(ctx context.Context, op string, entry data.AuditEntry, f func(*sql.Tx) error) error {
	return db.write(ctx, op, f, entry)
}

// write runs f, and appends the entries where there are any, in one
// transaction that DataVersion will show.
func (db *DB) write(ctx context.Context, op string, f func(*sql.Tx) error, entries ...data.AuditEntry) error {
	return fault(op, inTx(ctx, db.w, func(tx *sql.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		for _, e := range entries {
			if err := appendAudit(ctx, tx, e); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE meta SET changes = changes + 1`)
		return err
	}))
}

// inTx runs f in a transaction that commits only if f succeeds.
func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// DataVersion returns a number that grows with every change of this or another
// program, so that a screen can tell whether to read again. Log lines and
// leases do not count.
func (rd Reader) DataVersion(ctx context.Context) (int64, error) {
	var n int64
	err := rd.r.QueryRowContext(ctx, `SELECT changes FROM meta`).Scan(&n)
	return n, fault("read data version", err)
}
