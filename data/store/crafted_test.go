package store

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

// A workspace may come by mail from somebody who knows SQLite.
func TestWorkspaceWithAnothersSchemaIsRefused(t *testing.T) {
	for name, script := range map[string]string{
		"a trigger that approves":           `CREATE TRIGGER x AFTER UPDATE ON meta BEGIN UPDATE plans SET approved_at = 1, approved_by = 'boss'; END`,
		"a view in place of freezes":        `DROP TABLE freeze_groups; DROP TABLE freezes; CREATE VIEW freezes AS SELECT 1 AS id, '' AS name, 0 AS from_time, 0 AS until_time, '' AS reason, '' AS agreed_by WHERE 0`,
		"an audit trail that may be edited": `DROP TRIGGER audit_never_changes`,
		"a table without its rules":         `PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = replace(sql, 'REFERENCES plans', '') WHERE name = 'rollouts'`,
		"a name of SQLite's own":            `PRAGMA writable_schema = on; UPDATE sqlite_schema SET name = 'sqlite_x' WHERE name = 'audit_never_changes'`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "shop.db")
			if err := openDB(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			w, err := sql.Open("sqlite3", path)
			if err != nil {
				t.Fatal(err)
			}
			w.SetMaxOpenConns(1)
			if _, err := w.Exec(script); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if db, err := Open(t.Context(), path); !errors.Is(err, ErrCorrupt) {
				t.Errorf("opened: %v", err)
				db.Close()
			}
		})
	}
}

func TestWorkspaceLoadsNoExtension(t *testing.T) {
	if _, err := newDB(t).w.Exec(`SELECT load_extension('/tmp/x.so')`); err == nil {
		t.Error("SQL may load code")
	}
}

func TestABombInTheWorkspaceIsDamage(t *testing.T) {
	var bomb bytes.Buffer
	z, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte("[]"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var v []string
	if err := unpack(bomb.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	bomb.Reset()
	z.Reset(&bomb)
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	for range maxUnpacked>>20 + 1 {
		z.Write(blanks)
	}
	z.Write([]byte("[]"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unpack(bomb.Bytes(), &v); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%d bytes unpack to more than %d: %v", bomb.Len(), maxUnpacked, err)
	}
}
