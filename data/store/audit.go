package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"secondtuesday/data"
)

// AppendAudit appends one entry that belongs to no other change of the
// workspace. ID, Prev and Hash are the store's to set.
func (db *DB) AppendAudit(ctx context.Context, entry data.AuditEntry) error {
	return db.change(ctx, "append audit entry", entry, func(*sql.Tx) error { return nil })
}

// appendAudit appends e behind the entry that the meta row calls the newest.
// Where somebody has removed that one, the new entry still names it, so that
// the gap stays visible.
func appendAudit(ctx context.Context, tx *sql.Tx, e data.AuditEntry) error {
	if e.At.IsZero() || e.By == "" || e.Verb == "" {
		return fmt.Errorf("audit entry %q by %q: time, person or verb is missing", e.Verb, e.By)
	}
	err := tx.QueryRowContext(ctx, `
		SELECT (SELECT coalesce(max(id), 0) + 1 FROM audit), audit_head FROM meta`).Scan(&e.ID, &e.Prev)
	if err != nil {
		return err
	}
	e.Hash = auditHash(e)
	_, err = tx.ExecContext(ctx, `
		INSERT INTO audit (id, at, by, verb, what, why, data, prev, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, unix(e.At), e.By, e.Verb, e.What, e.Why, e.Data, e.Prev, e.Hash)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE meta SET audit_count = audit_count + 1, audit_head = ?`, e.Hash)
	return err
}

// auditHash returns the SHA-256 of all fields but Hash, in hexadecimal. Each
// text is preceded by its length, so that no two entries read the same.
func auditHash(e data.AuditEntry) string {
	b := []byte("secondtuesday audit entry 1")
	b = binary.BigEndian.AppendUint64(b, uint64(e.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(unix(e.At)))
	for _, s := range []string{e.By, e.Verb, e.What, e.Why, e.Data, e.Prev} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

const auditColumns = `id, at, by, verb, what, why, data, prev, hash`

func scanAudit(r row) (data.AuditEntry, error) {
	var e data.AuditEntry
	err := r.Scan(&e.ID, moment{&e.At}, &e.By, &e.Verb, &e.What, &e.Why, &e.Data, &e.Prev, &e.Hash)
	return e, err
}

// Audit returns up to limit entries older than before, newest first. A before
// of 0 starts at the newest; a limit of 0 means all.
func (rd Reader) Audit(ctx context.Context, limit int, before data.AuditID) ([]data.AuditEntry, error) {
	all, err := collect(ctx, rd.r, scanAudit, `
		SELECT `+auditColumns+`
		FROM audit
		WHERE ?1 = 0 OR id < ?1
		ORDER BY id DESC
		LIMIT ?2`, before, limitOf(limit))
	return all, fault("read audit trail", err)
}

// limitOf returns n as SQLite wants it: -1 is no limit.
func limitOf(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// AuditHead returns how many entries there are and the hash of the newest.
// Printed in a report or kept elsewhere, it proves later that no entry up to
// it was changed.
func (rd Reader) AuditHead(ctx context.Context) (n int, hash string, err error) {
	err = rd.r.QueryRowContext(ctx, `SELECT audit_count, audit_head FROM meta`).Scan(&n, &hash)
	return n, hash, fault("read audit head", err)
}

// An AuditMark is how far a trail was read: how many entries, and the hash of
// the last. The zero mark stands before the first.
type AuditMark struct {
	Entries int
	Hash    string
}

// VerifyAudit reads the whole trail and returns how many entries are sound. An
// ErrCorrupt names the first entry that was edited, removed, put elsewhere or
// put in between; entries cut off the end are noticed by the count and the
// hash that the workspace keeps apart from the trail.
//
// It cannot notice everything. Nothing in the file is secret, so somebody who
// can write the file and knows this program can make a whole trail anew, with
// all hashes, or put an older copy of the file in place. Only a hash kept out
// of their reach (AuditHead, in a printed report or a mail) shows that.
func (rd Reader) VerifyAudit(ctx context.Context) (n int, err error) {
	m, err := rd.ReadAudit(ctx, AuditMark{}, func(data.AuditEntry) error { return nil })
	return m.Entries, err
}

// ReadAudit visits the entries behind from, oldest first, and returns how far
// that was, which is all of them unless there is an error. They are verified
// as VerifyAudit does; a trail that does not go on from there is an ErrCorrupt
// too. visit must not change the workspace.
func (rd Reader) ReadAudit(ctx context.Context, from AuditMark, visit func(data.AuditEntry) error) (to AuditMark, err error) {
	err = inTx(ctx, rd.r, func(tx *sql.Tx) error { // the trail and its head at one moment
		to, err = readAudit(ctx, tx, from, visit)
		return err
	})
	return to, fault("verify audit trail", err)
}

func readAudit(ctx context.Context, tx *sql.Tx, at AuditMark, visit func(data.AuditEntry) error) (AuditMark, error) {
	var end AuditMark
	err := tx.QueryRowContext(ctx, `SELECT audit_count, audit_head FROM meta`).Scan(&end.Entries, &end.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return at, fmt.Errorf("%w: the record of the trail's end is gone", ErrCorrupt)
	}
	if err != nil {
		return at, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit WHERE id > ? ORDER BY id`, at.Entries)
	if err != nil {
		return at, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanAudit(rows)
		if err != nil {
			return at, err
		}
		if why := brokenEntry(e, at); why != "" {
			return at, fmt.Errorf("%w: audit entry %d: %s", ErrCorrupt, e.ID, why)
		}
		if err := visit(e); err != nil {
			return at, err
		}
		at = AuditMark{at.Entries + 1, e.Hash}
	}
	if err := rows.Err(); err != nil {
		return at, err
	}
	if at != end {
		return at, fmt.Errorf("%w: the audit trail ends with entry %d, it should end with entry %d", ErrCorrupt, at.Entries, end.Entries)
	}
	return at, nil
}

// brokenEntry says what is wrong with e as the entry behind at.
func brokenEntry(e data.AuditEntry, at AuditMark) string {
	switch {
	case e.ID != data.AuditID(at.Entries+1):
		return fmt.Sprintf("entry %d is missing", at.Entries+1)
	case e.Prev != at.Hash:
		return "it does not follow the entry before"
	case e.Hash != auditHash(e):
		return "it was changed"
	}
	return ""
}
