package data

import "time"

// A Background is what the evidence of a host's newest scan tells beside the
// scan: Windows' own history of updates, what missing ones replace, and the
// certificate the host showed. It judges nothing, and is read anew from the
// evidence each time.
type Background struct {
	Known    bool   // false: the host is no Windows, or see Because
	Because  string // why a Windows host's is not known, a sentence without a full stop
	History  []Past // newest first; the same with the same result is one line
	Older    int    // lines that are left out of History
	Replaces map[string]Replaced
	Tried    map[string]Past // failed attempts that nothing followed; like Replaces by Update.Available of what is missing

	Certificate Certificate
}

// A Certificate is what a host showed of itself when it was scanned. The zero
// Certificate: it showed none, or the scan is from before they were kept.
type Certificate struct {
	Subject     string    `json:"subject"`     // "CN=dc1.shop.example"
	Issuer      string    `json:"issuer"`      // the same as Subject: it vouches for itself
	From        time.Time `json:"valid_from"`  // UTC
	Until       time.Time `json:"valid_until"` // UTC
	By          string    `json:"accepted_by"` // "a person", "an authority"
	Fingerprint string    `json:"fingerprint"` // "SHA256:" and 64 hexadecimal digits in capitals
}

// A Past is what became of an update on a host, by its own history.
type Past struct {
	At      time.Time
	Name    string // KB number, or title
	Title   string
	Version string // UpdateID and revision
	By      string // program that asked for it, such as "UpdateOrchestrator"; empty: not told
	Failed  bool
	Result  string // "installed", "failed: the disk is full (0x80070070)", "removed", …
	Times   int    // 1 or more: At is of the last
}

// Replaced is what an update replaces.
type Replaced struct {
	Names []string // those the host has told of, sorted
	More  int      // others, of which only their number is known
}
