package data

import "time"

// An AuditEntry records one change: who, when, what, why. Entries are never
// changed; each holds the hash of the one before.
type AuditEntry struct {
	ID   AuditID
	At   time.Time
	By   string // desk user and computer, "anna@desk1"
	Verb string // "host added", "plan approved", "rollout started", …
	What string // the thing, for people: "host web1"
	Why  string // a reason, where one was asked for
	Data string // JSON of what changed
	Prev string // hash of the entry before, in hexadecimal; empty for the first
	Hash string // over all fields above, in hexadecimal
}
