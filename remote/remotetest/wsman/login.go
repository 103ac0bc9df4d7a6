package wsman

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// An account is who has logged in.
type account struct {
	name  string // as Windows shows it
	admin bool
}

// account finds who logs in by a domain and a name. The
// computer's own users have no domain, "." or the computer's name.
func (s *Server) account(domain, user string) (*account, User, bool) {
	key, shown := strings.ToLower(domain+`\`+user), domain+`\`+user
	switch {
	case domain == "" && strings.Contains(user, "@"):
		key, shown = strings.ToLower(user), user
	case domain == "" || domain == "." || strings.EqualFold(domain, s.options.Name):
		key, shown = strings.ToLower(user), s.options.Name+`\`+user
	}
	u, ok := s.options.Users[key]
	return &account{name: shown, admin: u.Admin}, u, ok
}

// login says who sends a request. Where it says not ok, it has answered: with
// the next step of a login, or with 401.
func (s *Server) login(w http.ResponseWriter, r *http.Request, l *line) (*account, bool) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	only := s.currentFaults().BasicOnly
	switch {
	case scheme == "" && l.who != nil:
		return l.who, true
	case strings.EqualFold(scheme, "Basic"):
		if who := s.basic(r, l); who != nil {
			return who, true
		}
	case only:
	case strings.EqualFold(scheme, "Negotiate"), strings.EqualFold(scheme, "Kerberos"):
		token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			break
		}
		if strings.HasPrefix(string(token), signature) {
			return s.ntlm(w, l, token)
		}
		if who, ok := s.ticket(w, l, scheme, token); ok {
			return who, true
		}
	}
	l.who, l.ntlm.session = nil, nil
	s.deny(w)
	return nil, false
}

// deny asks for a login.
func (s *Server) deny(w http.ResponseWriter) {
	switch f := s.currentFaults(); {
	case f.BasicOnly:
		w.Header().Add("WWW-Authenticate", `Basic realm="WSMAN"`)
	default:
		for _, a := range s.options.Auth {
			v := string(a)
			if a == Basic {
				v = `Basic realm="WSMAN"`
			}
			w.Header().Add("WWW-Authenticate", v)
		}
		if s.offers(Kerberos) && !s.offers(Negotiate) {
			w.Header().Add("WWW-Authenticate", string(Negotiate))
		}
	}
	nothing(w, http.StatusUnauthorized)
}

// basic judges a user name and a password; nil where they are not right.
func (s *Server) basic(r *http.Request, l *line) *account {
	f := s.currentFaults()
	name, given, ok := r.BasicAuth()
	if !ok {
		return nil
	}
	domain, user, ok := strings.Cut(name, `\`)
	if !ok {
		domain, user = "", name
	}
	who, u, ok := s.account(domain, user)
	ok = ok && u.Password != "" && (s.offers(Basic) || f.BasicOnly) && !f.RefuseLogin && (l.tls || s.options.AllowUnencrypted)
	ok = ok && subtle.ConstantTimeCompare([]byte(u.Password), []byte(given)) == 1
	s.saw(Credential{Auth: Basic, User: name, Password: given, Clear: !l.tls, OK: ok})
	if !ok {
		return nil
	}
	return who
}

// ntlm takes the next step of an NTLM login.
func (s *Server) ntlm(w http.ResponseWriter, l *line, token []byte) (*account, bool) {
	f := s.currentFaults()
	fail := func() (*account, bool) {
		l.who, l.ntlm.session = nil, nil
		s.deny(w)
		return nil, false
	}
	if !s.offers(Negotiate) || len(token) < 12 {
		return fail()
	}
	if le.Uint32(token[8:]) == 1 {
		l.who = nil
		l.ntlm = acceptor{computer: s.options.Name}
		if f.NoSeal {
			l.ntlm.strip |= flagSeal
		}
		if f.NoSign {
			l.ntlm.strip |= flagSign | flagAlwaysSign | flagKeyExchange
		}
		challenge, err := l.ntlm.accept(token)
		if err != nil {
			return fail()
		}
		if f.Challenge != nil {
			challenge = f.Challenge
		}
		w.Header().Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString(challenge))
		nothing(w, http.StatusUnauthorized)
		return nil, false
	}
	var who *account
	err := l.ntlm.authenticate(token, func(domain, user string) (string, bool) {
		a, u, ok := s.account(domain, user)
		who = a
		return u.Password, ok && u.Password != ""
	})
	bound := l.bound(l.ntlm.binding)
	if err == nil {
		err = s.refusal(l.tls, l.ntlm.binding != nil, bound)
	}
	ok := err == nil
	s.saw(Credential{
		Auth: Negotiate, User: join(l.ntlm.domain, l.ntlm.user), Clear: !l.tls, MIC: err == nil && l.ntlm.mic, Bound: bound, OK: ok, Why: reason(err),
	})
	if !ok {
		return fail()
	}
	l.who = who
	return who, true
}

// refusal says why a right credential does not log in after all. A channel
// binding token must be right where there is one, and there must be one where
// the options say so.
func (s *Server) refusal(tls, given, right bool) error {
	switch {
	case s.currentFaults().RefuseLogin:
		return errors.New("every login is refused")
	case tls && given && !right:
		return errors.New("wrong channel binding token")
	case tls && !given && s.options.StrictBinding:
		return errors.New("no channel binding token")
	}
	return nil
}

// bound says whether a channel binding token is the line's own.
func (l *line) bound(token []byte) bool {
	return l.tls && token != nil && bytes.Equal(token, bindingToken(endPoint(l.raw.cert.Leaf)))
}

func join(domain, user string) string {
	if domain == "" {
		return user
	}
	return domain + `\` + user
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
