package winrm

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A domain counts the refusals of an account over all hosts together, and locks
// it after a few: Microsoft's baseline says ten, others five or three. So a
// password is held back once two hosts have refused it, or one has three times,
// until holdBack after the last refusal. A login that is taken clears the account.
const (
	maxRefusers = 2
	maxRefusals = 3
	holdBack    = 30 * time.Minute // within which most domains forget refusals

	// How many hosts may look at the same password at the same time once one has
	// taken it: as few as a domain still forgives.
	maxAsking = 4
)

// refusals remembers, in memory only, which accounts of a domain were refused
// with which password.
type refusals struct {
	now func() time.Time
	key []byte // of this process: what is remembered tells nothing of a password

	mu       sync.Mutex
	accounts map[[sha256.Size]byte]*account
}

// An account is what is known of one account with one password.
type account struct {
	refusers []string // names of the hosts that refused it since it was last taken
	refusals int
	last     time.Time // of the refusals
	taken    bool      // since the last refusal
	asking   int       // hosts that look at it now
	changed  chan struct{}
}

func newRefusals() *refusals {
	key := make([]byte, 32)
	rand.Read(key) // it never fails
	return &refusals{now: time.Now, key: key, accounts: map[[sha256.Size]byte]*account{}}
}

// counts reports whether a domain counts err against t's account, or may do so.
// What Kerberos refuses without a word came from a host that had a ticket, which
// the domain gave for the right password, or from no domain at all.
func counts(t target, err error) bool {
	var r *refusal
	if !errors.As(err, &r) {
		return false
	}
	switch r.cause {
	case causePassword, causeRevoked, causeMustChange, causeSilent:
		return true
	case causeUntold:
		return t.auth != data.AuthKerberos
	}
	return false
}

// of returns what is known of a target's account; nil for one of the host's own,
// which no other host can lock.
func (r *refusals) of(t target) *account {
	name, domain, ofDomain := strings.Cut(t.user, "@")
	if t.domain != "" {
		name, domain, ofDomain = t.user, t.domain, true
	}
	if !ofDomain && t.auth != data.AuthKerberos {
		return nil
	}
	// CORP\anna, corp.example\Anna and anna@corp.example are one: Windows knows no
	// case, and a domain's short name is most often how its long one begins. Where
	// it is not, two accounts with one name and one password are held to be one.
	short, _, _ := strings.Cut(domain, ".")
	mac := hmac.New(sha256.New, r.key)
	fmt.Fprintf(mac, "%q %q %q", strings.ToLower(short), strings.ToLower(name), t.secret.Reveal())
	if t.keytab != "" {
		if info, err := os.Stat(t.keytab); err == nil {
			fmt.Fprintf(mac, " %q %d", t.keytab, info.ModTime().UnixNano())
		}
	}
	id := [sha256.Size]byte(mac.Sum(nil))
	a := r.accounts[id]
	if a == nil {
		a = &account{changed: make(chan struct{})}
		r.accounts[id] = a
	}
	if a.refusals > 0 && r.now().Sub(a.last) >= holdBack {
		a.refusers, a.refusals = nil, 0
	}
	return a
}

// enter waits until t's account may be shown to its host, and returns what takes
// the outcome; or remote.ErrHeldBack.
func (r *refusals) enter(ctx context.Context, t target) (leave func(error), err error) {
	for {
		r.mu.Lock()
		a := r.of(t)
		switch {
		case a == nil:
			r.mu.Unlock()
			return func(error) {}, nil
		case len(a.refusers) >= maxRefusers || a.refusals >= maxRefusals:
			defer r.mu.Unlock()
			return nil, a.heldBack(t)
		case a.asking < a.mayAsk():
			a.asking++
			r.mu.Unlock()
			return func(err error) { r.leave(a, t, err) }, nil
		}
		changed := a.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// mayAsk is how many hosts may look at the account at the same time, so that
// even if all refuse it there are no more refusals than allowed.
func (a *account) mayAsk() int {
	if a.taken {
		return maxAsking
	}
	return min(maxRefusers-len(a.refusers), maxRefusals-a.refusals)
}

// leave notes what a host said to the account: nil, it took it.
func (r *refusals) leave(a *account, t target, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		a.refusers, a.refusals, a.taken = nil, 0, true
	case counts(t, err):
		if !slices.Contains(a.refusers, t.name) {
			a.refusers = append(a.refusers, t.name)
		}
		a.refusals++
		a.last, a.taken = r.now(), false
	}
	a.asking--
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *account) heldBack(t target) error {
	return fmt.Errorf("%w: %s was refused on %s; nothing was sent, lest the domain lock it. Store its password again, or wait until %s",
		remote.ErrHeldBack, t.account(), strings.Join(a.refusers, " and "), a.last.Add(holdBack).Format("15:04"))
}

// forget lets every account be tried again.
func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.accounts {
		a.refusers, a.refusals = nil, 0
		close(a.changed)
		a.changed = make(chan struct{})
	}
}
