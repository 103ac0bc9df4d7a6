package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// applicationID marks a workspace among SQLite files: "2Tue" in ASCII.
// See https://www.sqlite.org/fileformat2.html#application_id.
const applicationID = 0x32547565

// checkWhole is the size in bytes up to which every page of a file is looked
// at before it is opened; this takes about 100 ms. Check looks at all of a
// larger one.
const checkWhole = 32 << 20

// inspect says why the file at path must not be opened, without changing it.
// all makes the newest schema this program can read.
func inspect(ctx context.Context, path string, all []migration) error {
	head, size, err := readHeader(path)
	if err != nil || size == 0 {
		return err
	}
	// SQLite keeps these files while somebody has the workspace open, or was
	// killed: the newest pages are then in the first, and reading needs locks.
	live := exists(path+"-wal") || exists(path+"-shm")
	if !live {
		if err := head.check(size); err != nil {
			return err
		}
		if !head.ours() && head.app != 0 {
			return ErrForeign
		}
	}
	mode := "immutable"
	if live {
		mode = "ro"
	}
	r, err := sql.Open("sqlite3", dsn(path, mode))
	if err != nil {
		return err
	}
	r.SetMaxOpenConns(1)
	return errors.Join(inspectOpen(ctx, r, size, all), r.Close())
}

// inspectOpen goes on where inspect could open the file for reading.
func inspectOpen(ctx context.Context, r *sql.DB, size int64, all []migration) error {
	var app, version, tables int
	err := r.QueryRowContext(ctx, `
		SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id a, pragma_user_version v`).Scan(&app, &version, &tables)
	switch {
	case err != nil:
		return err
	case app == 0 && version == 0 && tables == 0:
		return nil // the program was killed before it had made anything
	case app != applicationID:
		return ErrForeign
	case version > len(all):
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, version, len(all))
	case version < 1:
		return fmt.Errorf("%w: it has no schema", ErrCorrupt)
	}
	if size <= checkWhole {
		if err := quickCheck(ctx, r); err != nil {
			return err
		}
	}
	return sameSchema(ctx, r, all[:version])
}

// sameSchema says whether the file holds exactly the tables, indexes and
// triggers that the migrations make. A trigger more would do its maker's will
// whenever this program writes, a view in place of a table would show what is
// not there, and a trigger less would let the audit trail be rewritten.
func sameSchema(ctx context.Context, r *sql.DB, made []migration) error {
	model, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return err
	}
	defer model.Close()
	model.SetMaxOpenConns(1) // each connection has a memory of its own
	for i, m := range made {
		if err := inTx(ctx, model, func(tx *sql.Tx) error { return step(ctx, tx, m, i+1) }); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	want, err := schemaObjects(ctx, model)
	if err != nil {
		return err
	}
	have, err := schemaObjects(ctx, r)
	if err != nil {
		return err
	}
	for name, made := range have {
		if want[name] != made {
			return fmt.Errorf("%w: this program did not make its %s", ErrCorrupt, name)
		}
		delete(want, name)
	}
	for name := range want {
		return fmt.Errorf("%w: its %s is gone", ErrCorrupt, name)
	}
	return nil
}

// schemaObjects returns how each thing in the schema was made, by kind and
// name, without the tables and indexes that SQLite keeps for itself.
func schemaObjects(ctx context.Context, q querier) (map[string]string, error) {
	all := map[string]string{}
	_, err := collect(ctx, q, func(r row) (struct{}, error) {
		var kind, name, table, made string
		err := r.Scan(&kind, &name, &table, &made)
		all[fmt.Sprintf("%s %q", kind, name)] = table + ": " + made
		return struct{}{}, err
	}, `SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
		WHERE NOT (type = 'table' AND name IN ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4'))
		AND NOT (type = 'index' AND sql IS NULL)`)
	return all, err
}

// quickCheck looks at every page.
func quickCheck(ctx context.Context, q querier) error {
	var said string
	if err := q.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, said)
	}
	return nil
}

// Check looks at every page of the workspace and returns ErrCorrupt, with what
// SQLite says, if one is damaged. It takes about a second for each 300 MB.
func (rd Reader) Check(ctx context.Context) error {
	return fault("check workspace", quickCheck(ctx, rd.r))
}

// A header is the part this program needs of the first 100 bytes of a file.
// See https://www.sqlite.org/fileformat2.html#the_database_header.
type header struct {
	raw   []byte
	pages uint32
	app   uint32
}

func (h header) ours() bool { return h.app == applicationID }

// pageSize returns the size in bytes of a page.
func (h header) pageSize() int64 {
	if n := binary.BigEndian.Uint16(h.raw[16:]); n != 1 {
		return int64(n)
	}
	return 65536
}

// check says whether a file of the size can be what its header says.
func (h header) check(size int64) error {
	n := h.pageSize()
	if n < 512 || n&(n-1) != 0 {
		return fmt.Errorf("%w: page size %d", ErrCorrupt, n)
	}
	if need := int64(h.pages) * n; h.ours() && need > size {
		return fmt.Errorf("%w: the file has %d of %d bytes", ErrCorrupt, size, need)
	}
	return nil
}

// readHeader returns the header of the file at path and the file's size; both
// are zero where no file is or an empty one.
func readHeader(path string) (header, int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return header{}, 0, nil
	}
	if err != nil {
		return header{}, 0, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return header{}, 0, err
	}
	if !fi.Mode().IsRegular() {
		return header{}, 0, fmt.Errorf("%w: not a regular file", ErrForeign)
	}
	if fi.Size() == 0 {
		return header{}, 0, nil
	}
	raw := make([]byte, 100)
	_, err = io.ReadFull(f, raw)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return header{}, 0, err
	}
	if !bytes.HasPrefix(raw, []byte("SQLite format 3\x00")) {
		return header{}, 0, fmt.Errorf("%w: not an SQLite file", ErrForeign)
	}
	if err != nil {
		return header{}, 0, fmt.Errorf("%w: the file has %d bytes", ErrCorrupt, fi.Size())
	}
	h := header{raw: raw, pages: binary.BigEndian.Uint32(raw[28:]), app: binary.BigEndian.Uint32(raw[68:])}
	return h, fi.Size(), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
