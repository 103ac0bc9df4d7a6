// Package data holds the nouns of patching and the rules that need only one
// of them: whatever is stored, or crosses two rooms. It imports nothing but the
// standard library, does no input or output, and knows no clock: a rule that
// needs the time takes it as an argument.
//
// All times are UTC unless a field says otherwise. Every enum is a string, so
// that stored values survive renumbering, and its zero value is the safe
// answer: unknown.
package data

// The identifiers of stored nouns. Zero means "not stored yet".
type (
	HostID      int64
	GroupID     int64
	ScanID      int64
	StandardID  int64
	WindowID    int64
	FreezeID    int64
	ExceptionID int64
	PlanID      int64
	RolloutID   int64
	RunID       int64
	AuditID     int64
)
