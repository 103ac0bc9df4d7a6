package winrm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"secondtuesday/remote"
)

// A line is one connection to a host with one login on it: WinRM ties the
// login to the connection. It carries one request at a time. net/http's own
// transport is not used because it may open another connection behind our
// back, repeat a request on it, and follow proxies.
type line struct {
	target target
	config Config
	conn   net.Conn
	reader *bufio.Reader
	cap    *io.LimitedReader // under reader: what one answer may still bring
	leaf   []byte            // the certificate's channel binding; nil without TLS
	basic  string            // Authorization for every request; empty: the login is the connection's
	seal   sealer            // nil: TLS alone keeps messages secret
	broken bool
}

// A sealer encrypts messages with the keys of a login.
type sealer interface {
	Wrap(message []byte) (sealed, signature []byte, err error)
	Unwrap(sealed, signature []byte) ([]byte, error)
}

// maxAnswer is what one answer may bring, headers included. The largest
// envelope that Windows sends by default is 500 KiB.
const maxAnswer = 8 << 20

// open connects to the host and checks its certificate.
func (d *Dialer) open(ctx context.Context, t target) (*line, error) {
	within, stop := context.WithTimeout(ctx, d.config.ConnectTimeout)
	defer stop()
	conn, err := d.config.DialContext(within, "tcp", t.address)
	if err != nil {
		return nil, remote.DialError(within, err)
	}
	l := &line{target: t, config: d.config, conn: conn}
	if t.tls() {
		if err := d.handshake(within, l); err != nil {
			conn.Close()
			return nil, err
		}
	}
	l.cap = &io.LimitedReader{R: l.conn}
	l.reader = bufio.NewReader(l.cap)
	return l, nil
}

// handshake begins TLS on l.
func (d *Dialer) handshake(ctx context.Context, l *line) error {
	var found error
	c := tls.Client(l.conn, d.certs.tlsConfig(l.target, &found))
	err := c.HandshakeContext(ctx)
	var record tls.RecordHeaderError
	switch {
	case found != nil:
		return found
	case errors.As(err, &record):
		return fmt.Errorf("%w: the port answers, but not with TLS", remote.ErrGarbage)
	case err != nil && ctx.Err() != nil:
		return remote.DialError(ctx, err)
	case isCut(err):
		return fmt.Errorf("%w: %w: during the TLS handshake: %w", remote.ErrUnreachable, remote.ErrLost, err)
	case err != nil:
		return fmt.Errorf("%w: no TLS with it: %s", remote.ErrUnreachable, remote.CleanText(err.Error()))
	}
	l.conn, l.leaf = c, endPoint(c.ConnectionState().PeerCertificates[0])
	return nil
}

// isCut says whether err means that the line has ended.
func isCut(err error) bool {
	var n *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &n)
}

func (l *line) close() {
	l.broken = true
	l.conn.Close()
}

// An answer is what came back to one request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// errTooLarge means that an answer was larger than maxAnswer.
var errTooLarge = fmt.Errorf("%w: the host's answer is larger than %d MiB", remote.ErrTooMuchOutput, maxAnswer>>20)

// exchange sends one request and reads its answer. It ends with ctx, or when
// the host is silent for longer than wait. After an error the line is broken:
// whether the host got the request is not known.
func (l *line) exchange(ctx context.Context, wait time.Duration, authorization, contentType string, body []byte) (answer, error) {
	began := time.Now()
	a, err := l.ask(ctx, wait, authorization, contentType, body)
	remote.Tell(ctx, remote.Message{Status: a.status, Took: time.Since(began), Err: err})
	return a, err
}

func (l *line) ask(ctx context.Context, wait time.Duration, authorization, contentType string, body []byte) (answer, error) {
	if l.broken {
		return answer{}, fmt.Errorf("%w: the connection is closed", remote.ErrLost)
	}
	ctx, stop := context.WithTimeoutCause(ctx, wait, fmt.Errorf("%w: no answer within %s", remote.ErrTimeout, wait.Round(time.Second)))
	defer stop()
	if deadline, ok := ctx.Deadline(); ok {
		l.conn.SetDeadline(deadline)
	}
	ended := context.AfterFunc(ctx, func() { l.conn.SetDeadline(time.Unix(1, 0)) })
	a, err := l.roundTrip(authorization, contentType, body)
	if !ended() {
		err = errors.Join(context.Cause(ctx), err) // the deadline may have cut an answer in two
	}
	if err == nil {
		return a, nil
	}
	l.close()
	if ctx.Err() != nil {
		return answer{}, fmt.Errorf("%w: %w", remote.ErrLost, context.Cause(ctx))
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return answer{}, fmt.Errorf("%w: %w: no answer within %s", remote.ErrLost, remote.ErrTimeout, wait.Round(time.Second))
	}
	return answer{}, err
}

func (l *line) roundTrip(authorization, contentType string, body []byte) (answer, error) {
	request, err := http.NewRequest(http.MethodPost, l.target.url(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "Second Tuesday")
	request.Header.Set("Connection", "Keep-Alive")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	w := bufio.NewWriter(l.conn)
	if err := errors.Join(request.Write(w), w.Flush()); err != nil {
		return answer{}, fmt.Errorf("%w: %w", remote.ErrLost, err)
	}
	l.cap.N = maxAnswer
	response, err := http.ReadResponse(l.reader, request)
	for range 4 { // 100 Continue and the like
		if err != nil || response.StatusCode >= 200 {
			break
		}
		response, err = http.ReadResponse(l.reader, request)
	}
	if err != nil {
		return answer{}, l.unread(err)
	}
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, l.unread(err)
	}
	if response.Close {
		l.broken = true // the answer is whole, but it is the last
	}
	if coding := response.Header.Get("Content-Encoding"); coding != "" {
		return answer{}, fmt.Errorf("%w: the answer is compressed, which nobody asked for", remote.ErrGarbage)
	}
	return answer{status: response.StatusCode, header: response.Header, body: b}, nil
}

// unread tells why an answer could not be read.
func (l *line) unread(err error) error {
	var timeout net.Error
	switch {
	case l.cap.N <= 0:
		return errTooLarge
	case errors.As(err, &timeout) && timeout.Timeout(), isCut(err):
		return fmt.Errorf("%w: %w", remote.ErrLost, err)
	}
	return fmt.Errorf("%w: this is no WinRM: %s", remote.ErrGarbage, remote.CleanText(err.Error()))
}

// offers returns the names of the logins that a host offers in a 401.
func (a answer) offers() []string {
	var names []string
	for _, h := range a.header.Values("WWW-Authenticate") {
		name, _, _ := strings.Cut(h, " ")
		names = append(names, remote.CleanText(name))
	}
	return names
}
