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
// known is the newest schema this program can read.
func inspect(ctx context.Context, path string, known int) error {
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
	return errors.Join(inspectOpen(ctx, r, size, known), r.Close())
}

// inspectOpen goes on where inspect could open the file for reading.
func inspectOpen(ctx context.Context, r *sql.DB, size int64, known int) error {
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
	case version > known:
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, version, known)
	case version < 1:
		return fmt.Errorf("%w: it has no schema", ErrCorrupt)
	}
	if size <= checkWhole {
		return quickCheck(ctx, r)
	}
	return nil
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
