package store

import (
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// What callers may ask an error of this package about, with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	// ErrConflict means that a change does not fit what is stored: a name is
	// taken, a plan is approved already, a host is in use.
	ErrConflict = errors.New("conflict")
	// ErrForeign means that a file is something else than a workspace.
	ErrForeign = errors.New("not a Second Tuesday workspace")
	// ErrNewer means that a newer version of the program wrote the workspace.
	ErrNewer = errors.New("workspace is from a newer version of the program")
	// ErrCorrupt means that the workspace is damaged, or was changed by a hand
	// other than this program's.
	ErrCorrupt = errors.New("workspace is damaged")
	// ErrFull means that the disk has no room left. The change was not made.
	ErrFull = errors.New("disk is full")
	// ErrBusy means that another program kept the workspace locked for longer
	// than busyTimeout. The change was not made.
	ErrBusy = errors.New("workspace is locked by another program")
)

// fault puts the operation before err, and a kind of this package before what
// SQLite says. It returns nil for nil.
func fault(op string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		return fmt.Errorf("%s: %w: %w", op, kind, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

func kindOf(err error) error {
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return nil
	}
	switch se.ExtendedCode {
	case sqlite3.ErrConstraintForeignKey:
		return ErrNotFound // what a row refers to is not stored
	case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintTrigger:
		return ErrConflict
	}
	switch se.Code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return ErrCorrupt
	case sqlite3.ErrFull:
		return ErrFull
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return ErrBusy
	}
	return nil
}
