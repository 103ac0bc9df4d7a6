package secret

import (
	"errors"
	"fmt"
	"strings"
)

// ErrElsewhere means that a credential was stored for no place or another than the
// one it is asked for. Whoever can change the inventory must not be able to
// send a password to a host of their own.
var ErrElsewhere = errors.New("the credential was not stored for this place")

// An elsewhere is an ErrElsewhere with its facts.
type elsewhere struct {
	key    Key
	stored string // the place it was stored for: data.Host.Destination; empty: none
	asked  string // where the inventory would have it sent now
}

func (e *elsewhere) Error() string {
	if e.stored == "" {
		return fmt.Sprintf("the %s was stored for no place: store it again for %s", e.key.words(), e.asked)
	}
	return fmt.Sprintf("the %s was stored for %s; the host's entry now says %s", e.key.words(), e.stored, e.asked)
}

// Is says that e is an ErrElsewhere.
func (e *elsewhere) Is(target error) bool { return target == ErrElsewhere }

// words returns "login password of web1".
func (k Key) words() string {
	if k.Kind == Passphrase {
		return "passphrase of " + k.Of
	}
	return string(k.Kind) + " password of " + k.Of
}

// For returns s bound to a place (data.Host.Destination). An empty place binds
// it to none.
func (s Secret) For(place string) Secret {
	s.place, s.anywhere = oneLine(place), false
	return s
}

// Place returns the place s is bound to; empty: to none, and it goes to no host.
func (s Secret) Place() string { return s.place }

// Anywhere returns s free to go to every host: one that this program made up, for
// the practice shop and for tests. No store keeps that.
func (s Secret) Anywhere() Secret {
	s.anywhere = true
	return s
}

// MayGoTo is an ErrElsewhere if s, kept as k, is not bound to place.
func (s Secret) MayGoTo(place string, k Key) error {
	if asked := oneLine(place); !s.anywhere && (s.place == "" || s.place != asked) {
		return &elsewhere{k, s.place, asked}
	}
	return nil
}

// oneLine keeps a place on its line, whatever a workspace holds.
func oneLine(place string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, place)
}

// boundMark begins what a store keeps of a bound credential:
//
//	secondtuesday: for CORP\patching at win1.example.test:5986 by NTLM over HTTPS
//	hunter2
//
// Credential and place are one entry, so that no crash parts them.
const boundMark = "secondtuesday: for "

// pack returns what a store keeps of s.
func pack(s Secret) string {
	if s.place == "" && !strings.HasPrefix(s.Reveal(), boundMark) {
		return s.Reveal()
	}
	return boundMark + s.place + "\n" + s.Reveal()
}

// unpack is the reverse of pack. What has no mark is bound to no place: a
// passphrase, or what another program put there.
func unpack(kept string) Secret {
	rest, bound := strings.CutPrefix(kept, boundMark)
	place, v, whole := strings.Cut(rest, "\n")
	if !bound || !whole {
		return New(kept)
	}
	return New(v).For(place)
}
