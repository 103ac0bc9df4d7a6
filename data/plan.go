package data

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// A Plan is a frozen set of exact versions, host by host, and how to get them
// in. Once stored, what it would change never changes; Digest proves it.
type Plan struct {
	ID        PlanID
	Name      string
	Created   time.Time
	CreatedBy string
	Hosts     []PlanHost // in the order to go through
	Rings     []Ring     // ascending
	Parallel  int        // hosts at once; 0 means 5
	StopAt    float64    // share of failed or unknown runs in a ring that stops the rollout, 0 to 1; 0: the first
	Reboot    RebootPolicy
	PostWait  time.Duration // how long services may take to come back before a post-check fails; 0 means 30 s
	Approved  Approval      // zero At: not approved
	LeftOut   []LeftOut     `json:",omitempty"` // what was chosen and is not part of it
}

// LeftOut is a host, or one update of it, that was chosen and that a plan leaves
// out.
type LeftOut struct {
	Host   HostID
	Update string // data.Update.Key; empty: the whole host
	Why    string // one sentence, or a Hold
	Reboot bool   `json:",omitempty"` // a reboot lets it in, or is all that it waits for
	Terms  string `json:",omitempty"` // the licence terms that it asks for, where that is why
}

// RebootOnly reports whether the plan brings nothing in on any host and is there
// to reboot them.
func (p Plan) RebootOnly() bool {
	if len(p.Hosts) == 0 || p.Reboot == RebootNever || p.Reboot == "" {
		return false
	}
	for _, h := range p.Hosts {
		if !h.Changes.Empty() {
			return false
		}
	}
	return true
}

// A PlanHost is one host's part of a plan.
type PlanHost struct {
	Host    HostID
	Ring    int
	Changes Changes
	Scan    ScanID // what the plan was made from
	At      string `json:",omitempty"` // where the host was when it was asked; the plan is for no other place
}

// Changes is what a plan does to one host, exactly.
type Changes struct {
	Upgrade []Target // present on the host, to another version
	Add     []Target // new on the host; From is empty
	Remove  []Target // To is empty
}

// Empty reports whether c changes nothing.
func (c Changes) Empty() bool { return len(c.Upgrade)+len(c.Add)+len(c.Remove) == 0 }

// A Target is one package going from one exact version to another.
type Target struct {
	Name, Arch string
	From, To   string
	Origin     string
	Class      Class
	Severity   Severity
	Title      string `json:",omitempty"` // only where the name says little: Windows
	Terms      Terms  `json:",omitempty"` // Windows
	TermsText  string `json:",omitempty"` // those terms, as the host has them, perhaps cut; empty: it does not tell
}

// Terms is how the licence terms stand that an update asks a person to accept
// before it goes in.
type Terms string

// The ways they stand.
const (
	NoTerms       Terms = ""         // it asks for none
	TermsAsked    Terms = "asked"    // and nobody has accepted them: no stored plan has such an update
	TermsAccepted Terms = "accepted" // by who made the plan, and who approves it
)

// Label names the target for people, as Update.Label does.
func (t Target) Label() string { return label(t.Key(), t.Title) }

// Key names the target on a host whatever its version.
func (t Target) Key() string { return Key(t.Name, t.Arch) }

// A Ring is a stage of a rollout. The next ring starts when Soak has passed
// and at least Gate of this ring's runs succeeded.
type Ring struct {
	Number int
	Name   string
	Soak   time.Duration
	Gate   float64 // 0 to 1; 0 means 1: all of them
}

// RebootPolicy says when a host is rebooted after its updates.
type RebootPolicy string

// The policies.
const (
	RebootNever    RebootPolicy = "never"
	RebootIfNeeded RebootPolicy = "if needed"
	RebootAlways   RebootPolicy = "always"
)

// RebootPolicies in the order screens offer them.
var RebootPolicies = []RebootPolicy{RebootNever, RebootIfNeeded, RebootAlways}

// Digest returns the SHA-256 of all that the plan would do, in hexadecimal.
// Name, approval and the ID are not part of it.
func (p Plan) Digest() string {
	p.ID, p.Name, p.Approved = 0, "", Approval{}
	p.Created = p.Created.UTC().Truncate(time.Second)
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // a Plan holds nothing that cannot be marshalled
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
