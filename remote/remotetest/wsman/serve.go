package wsman

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// A line is one connection and who has logged in on it. HTTP serves one request
// of a line at a time.
type line struct {
	raw  *conn
	tls  bool
	ntlm acceptor
	who  *account // nil: nobody
}

type lineKey struct{}

// newLine gives every connection its state.
func (s *Server) newLine(ctx context.Context, c net.Conn) context.Context {
	l := &line{}
	if t, ok := c.(*tls.Conn); ok {
		l.tls = true
		c = t.NetConn()
	}
	l.raw, _ = c.(*conn)
	return context.WithValue(ctx, lineKey{}, l)
}

// abort ends the line without an answer.
func abort() { panic(http.ErrAbortHandler) }

// serve answers one HTTP request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	l := r.Context().Value(lineKey{}).(*line)
	f := s.currentFaults()
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	body, err := s.body(l, r)
	switch {
	case err != nil:
		w.Header().Set("Connection", "close")
		nothing(w, http.StatusRequestEntityTooLarge)
		return
	case len(body) == 0 && f.BusyLogin:
		nothing(w, http.StatusServiceUnavailable)
		return
	case len(body) > 0 && f.Status != 0:
		page(w, f.Status)
		return
	case r.URL.Path != "/wsman":
		nothing(w, http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		nothing(w, http.StatusMethodNotAllowed)
		return
	}
	who, ok := s.login(w, r, l)
	if !ok {
		return
	}
	if len(body) == 0 {
		w.Header().Set("Content-Type", soapType)
		nothing(w, http.StatusOK)
		return
	}
	s.message(w, r, received{line: l, who: who, body: body, sealed: isSealed(r.Header.Get("Content-Type"))})
}

var errTooLarge = errors.New("the request is larger than MaxEnvelopeSizekb")

// body reads a request's body, and counts.
func (s *Server) body(l *line, r *http.Request) ([]byte, error) {
	const around = 1024 // of a message: the multipart
	limit := int64(s.options.MaxEnvelopeKB)*1024 + around
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	s.count(func(c *Counts) {
		c.Requests++
		c.LargestBody = max(c.LargestBody, int64(len(body)))
		if len(body) > 0 && !l.tls && !isSealed(r.Header.Get("Content-Type")) {
			c.ClearBodies++
		}
	})
	if err != nil {
		abort() // the client is gone
	}
	if int64(len(body)) > limit {
		return nil, errTooLarge
	}
	return body, nil
}

// A received is one message as it came.
type received struct {
	line   *line
	who    *account
	body   []byte
	sealed bool
}

// message opens, performs and answers one message.
func (s *Server) message(w http.ResponseWriter, r *http.Request, m received) {
	text := m.body
	switch {
	case m.sealed:
		opened, err := s.open(m)
		if err != nil {
			nothing(w, http.StatusBadRequest)
			return
		}
		text = opened
	case !m.line.tls && !s.options.AllowUnencrypted:
		// As Windows does with AllowUnencrypted=false.
		m.line.who, m.line.ntlm.session = nil, nil
		s.deny(w)
		return
	case !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/soap+xml"):
		nothing(w, http.StatusUnsupportedMediaType)
		return
	}
	e, err := parseEnvelope(text)
	if err != nil {
		nothing(w, http.StatusBadRequest)
		return
	}
	a := s.perform(r.Context(), m, e)
	if r.Context().Err() != nil {
		abort() // nobody listens any more
	}
	s.reply(w, m, a)
}

// open opens a sealed message. A wrong one ends the login, as its keys are out
// of step from now on.
func (s *Server) open(m received) ([]byte, error) {
	session := m.line.ntlm.session
	if session == nil || m.who != m.line.who {
		return nil, errors.New("a sealed message without a login that can seal")
	}
	part, err := parseSealed(m.body)
	if err == nil && part.length != len(part.sealed) {
		err = errMultipart
	}
	var text []byte
	if err == nil {
		text, err = session.open(part.sig, part.sealed)
	}
	if err != nil {
		m.line.who, m.line.ntlm.session = nil, nil
		return nil, err
	}
	s.count(func(c *Counts) { c.Sealed++ })
	return text, nil
}

// An answer is a SOAP message to a client.
type answer struct {
	status int
	text   []byte
	last   bool // the line ends with it
}

// reply writes an answer, sealed where the message was, and as wrong as the
// faults say.
func (s *Server) reply(w http.ResponseWriter, m received, a answer) {
	f := s.currentFaults()
	text := a.text
	if f.XML != XMLGood {
		text = dishonest(f.XML, text)
	}
	kind := soapType
	if m.sealed && !f.PlainReply {
		kind = sealType
		sig, sealed := m.line.ntlm.session.seal(text)
		if f.WrongSignature {
			sig[4] ^= 1
		}
		text = formatSealed(len(text), sig, sealed, f.Multipart)
		switch f.Multipart {
		case MultipartNoBoundary:
			kind = `multipart/encrypted;protocol="` + sealProtocol + `"`
		case MultipartNoBody:
			text = nil
		}
	}
	text = s.replayed(text, f.Replay)
	w.Header().Set("Content-Type", kind)
	if a.last {
		w.Header().Set("Connection", "close")
	}
	switch {
	case f.Endless:
		endless(w, text)
		return
	case f.GzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		text = gzipBomb()
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(a.status)
	w.Write(text)
}

// replayed keeps the first reply of the server's life, and gives it again.
func (s *Server) replayed(text []byte, again bool) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recorded == nil {
		s.recorded = text
	}
	if again {
		return s.recorded
	}
	return text
}

// nothing answers without a body.
func nothing(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// page answers as a web server that is no WinRM service does.
func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=us-ascii")
	w.WriteHeader(status)
	io.WriteString(w, "<!DOCTYPE HTML><HTML><HEAD><TITLE>"+http.StatusText(status)+"</TITLE></HEAD>\r\n<BODY><h2>"+
		http.StatusText(status)+"</h2>\r\n<hr><p>HTTP Error "+strconv.Itoa(status)+".</p>\r\n</BODY></HTML>\r\n")
}
