package remote

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
)

// A Recorder is a Dialer that writes down what is said with hosts, a line of
// JSON (a Record) for each step: for a first run on a kind of host that nobody
// has tried, and for bug reports. Passwords, tokens and user info of addresses
// are taken out before anything is written.
type Recorder struct {
	dialer  Dialer
	secrets Secrets // what is known of a host here must not be in what is written

	mu     sync.Mutex
	to     io.Writer
	hidden []string
	err    error
}

// NewRecorder returns a recorder of what d's sessions say. secrets may be nil.
func NewRecorder(d Dialer, secrets Secrets, to io.Writer) *Recorder {
	if secrets == nil {
		secrets = NoSecrets{}
	}
	return &Recorder{dialer: d, secrets: secrets, to: to}
}

// CreateTranscript makes the file for a Recorder: only its owner may read it,
// and a file that is there already is not touched.
func CreateTranscript(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// A Record is one step of a conversation.
type Record struct {
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind"` // "connect", "command", "close", "note"
	Host     string          `json:"host,omitempty"`
	Name     string          `json:"name,omitempty"`   // of the command or note
	Script   string          `json:"script,omitempty"` // SHA-256 of its bytes
	Args     []string        `json:"args,omitempty"`
	Root     bool            `json:"root,omitempty"`
	Input    int             `json:"input_bytes,omitempty"`
	Stdout   string          `json:"stdout,omitempty"`
	Stderr   string          `json:"stderr,omitempty"`
	Cut      bool            `json:"cut,omitempty"` // there was more output than is kept
	Exit     *int            `json:"exit,omitempty"`
	Error    string          `json:"error,omitempty"`
	Seconds  float64         `json:"seconds"`
	Messages []RecordMessage `json:"messages,omitempty"` // WinRM only
	Text     string          `json:"text,omitempty"`     // of a note
}

// A RecordMessage is one request of WinRM and its answer.
type RecordMessage struct {
	Kind    string  `json:"kind"`             // of WS-Management: "Create"; "login"
	Status  int     `json:"status,omitempty"` // of HTTP
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
}

// maxRecorded is what is kept of each stream of a command, in bytes.
const maxRecorded = 1 << 20

// Err returns what kept the recorder from writing; nil: all is written.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Note writes a line of the caller's own.
func (r *Recorder) Note(name, text string) {
	r.write(Record{At: time.Now().UTC(), Kind: "note", Name: name, Text: text})
}

// write redacts and writes a record. After an error nothing more is written: a
// transcript with a hole would not be one.
func (r *Recorder) write(e Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	for _, s := range []*string{&e.Name, &e.Text, &e.Stdout, &e.Stderr, &e.Error} {
		*s = r.redact(*s)
	}
	for i := range e.Args {
		e.Args[i] = r.redact(e.Args[i])
	}
	for i := range e.Messages {
		e.Messages[i].Error = r.redact(e.Messages[i].Error)
	}
	for _, s := range []*string{&e.Stdout, &e.Stderr} {
		if len(*s) > maxRecorded {
			*s, e.Cut = strings.ToValidUTF8((*s)[:maxRecorded], ""), true
		}
	}
	b, err := json.Marshal(e)
	if err == nil {
		_, err = r.to.Write(append(b, '\n'))
	}
	if err != nil {
		r.err = fmt.Errorf("write transcript: %w", err)
	}
}

// "password": "hunter2", Authorization: Basic YWRtaW46…, token=abc, --password hunter2
var namedSecret = regexp.MustCompile(`(?i)((?:(?:pass(?:word|wd|phrase)?|secret|token|api_?key|authorization|cookie)["']?\s*[:=]\s*|--?(?:password|token)\s+)["']?(?:(?:basic|bearer|negotiate|ntlm|kerberos)\s+)?)([^\s"',;&]+)`)

func (r *Recorder) redact(s string) string {
	if s == "" {
		return s
	}
	for _, h := range r.hidden {
		s = strings.ReplaceAll(s, h, "[redacted]")
	}
	return namedSecret.ReplaceAllString(HideCredentials(s), "${1}[redacted]")
}

// learn reads what must not be written of a host, in the forms it could take.
func (r *Recorder) learn(ctx context.Context, h data.Host) {
	keys := []secret.Key{secret.LoginKey(h.Name), secret.SudoKey(h.Name)}
	if h.IdentityFile != "" {
		keys = append(keys, secret.PassphraseKey(h.IdentityFile))
	}
	for _, k := range keys {
		value, err := r.secrets.Get(ctx, k)
		if err != nil || value.IsZero() {
			continue // then it cannot be said either
		}
		v := value.Reveal()
		quoted, err := json.Marshal(v)
		forms := []string{v, url.QueryEscape(v), url.PathEscape(v), base64.StdEncoding.EncodeToString([]byte(v))}
		if err == nil {
			forms = append(forms, strings.Trim(string(quoted), `"`))
		}
		r.mu.Lock()
		r.hidden = append(r.hidden, forms...)
		r.mu.Unlock()
	}
}

// Dial implements Dialer.
func (r *Recorder) Dial(ctx context.Context, h data.Host) (Session, error) {
	r.learn(ctx, h)
	e := Record{At: time.Now().UTC(), Kind: "connect", Host: h.Name}
	ctx, heard := listen(ctx)
	s, err := r.dialer.Dial(ctx, h)
	r.finish(e, heard, err)
	if err != nil {
		return nil, err
	}
	return &recorded{Session: s, by: r, host: h.Name}, nil
}

func (r *Recorder) finish(e Record, heard *ear, err error) {
	e.Seconds, e.Messages = seconds(time.Since(e.At)), heard.end()
	var exit *ExitError
	if errors.As(err, &exit) {
		e.Exit = &exit.Status
	}
	if err != nil {
		e.Error = err.Error()
	}
	r.write(e)
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// A recorded is a session that is written down.
type recorded struct {
	Session
	by   *Recorder
	host string
}

// Identity is for IdentityOf.
func (s *recorded) Identity() Identity { return IdentityOf(s.Session) }

// Run implements Session.
func (s *recorded) Run(ctx context.Context, c Command) (Output, error) {
	sum := sha256.Sum256([]byte(c.Script))
	e := Record{
		At: time.Now().UTC(), Kind: "command", Host: s.host, Name: c.Name, Script: hex.EncodeToString(sum[:]),
		Args: append([]string{}, c.Args...), Root: c.Root, Input: len(c.Stdin),
	}
	ctx, heard := listen(ctx)
	out, err := s.Session.Run(ctx, c)
	e.Stdout, e.Stderr = strings.ToValidUTF8(string(out.Stdout), "\uFFFD"), strings.ToValidUTF8(string(out.Stderr), "\uFFFD")
	if err == nil {
		e.Exit = new(int)
	}
	s.by.finish(e, heard, err)
	return out, err
}

// Close implements Session.
func (s *recorded) Close() error {
	e := Record{At: time.Now().UTC(), Kind: "close", Host: s.host}
	_, heard := listen(context.Background()) // closing asks nobody that could be heard
	err := s.Session.Close()
	s.by.finish(e, heard, err)
	return err
}

// A Message is one request of a transport and its answer, without what they say.
type Message struct {
	Status int // of HTTP; 0: no answer
	Took   time.Duration
	Err    error
}

type (
	earKey    struct{}
	sayingKey struct{}
)

// An ear hears the messages of one call.
type ear struct {
	mu    sync.Mutex
	heard []RecordMessage
	ended bool // what is tidied up behind a cancelled call is not listened to
}

func listen(ctx context.Context) (context.Context, *ear) {
	e := &ear{}
	return context.WithValue(ctx, earKey{}, e), e
}

func (e *ear) end() []RecordMessage {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	return e.heard
}

// Saying names the kind of the messages that are sent with the context.
func Saying(ctx context.Context, kind string) context.Context {
	return context.WithValue(ctx, sayingKey{}, kind)
}

// Tell tells a Recorder, if one listens, of a message.
func Tell(ctx context.Context, m Message) {
	e, ok := ctx.Value(earKey{}).(*ear)
	if !ok {
		return
	}
	kind, _ := ctx.Value(sayingKey{}).(string)
	if kind == "" {
		kind = "login"
	}
	said := RecordMessage{Kind: kind, Status: m.Status, Seconds: seconds(m.Took)}
	if m.Err != nil {
		said.Error = m.Err.Error()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.heard = append(e.heard, said)
	}
}
