// Package explain turns errors into words for people: what happened, in a
// sentence, and what to do next. The desk and stctl say the same. It knows no
// window and no terminal, and handles no error: it only names them.
package explain

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"secondtuesday/app"
	"secondtuesday/remote"
)

// Words are what a person reads about an error.
type Words struct {
	Title    string // a few words, no full stop
	Sentence string // what happened, with the name of the thing where it is known
	Next     string // what to do about it
	Detail   string // the error itself, for the curious and for a bug report
}

// String returns the words on lines of their own, for a terminal.
func (w Words) String() string {
	s := w.Title + ": " + w.Sentence
	if w.Next != "" {
		s += "\n" + w.Next
	}
	return s
}

// Of returns the words for an error; the zero Words for nil. An error without
// words of its own keeps its text.
func Of(err error) Words {
	if err == nil {
		return Words{}
	}
	w, known := withFacts(err)
	if !known {
		w, known = byKind(err)
	}
	if !known {
		w = Words{
			Title:    "That did not work",
			Sentence: sentence(err.Error()),
			Next:     "Try again. If it happens again, report it with this text.",
		}
	}
	w.Detail = err.Error()
	return w
}

// withFacts explains the errors that carry facts of their own.
func withFacts(err error) (Words, bool) {
	var (
		unknown *remote.HostKeyUnknownError
		changed *remote.HostKeyChangedError
		exit    *remote.ExitError
		imports *app.ImportError
		path    *fs.PathError
	)
	switch {
	case errors.As(err, &unknown):
		return ofUnknownKey(unknown), true
	case errors.As(err, &changed):
		return ofChangedKey(changed), true
	case errors.As(err, &exit):
		return Words{
			Title:    "The host ran it, and it failed",
			Sentence: fmt.Sprintf("%s ended with status %d%s.", exit.Name, exit.Status, after(": ", lastLine(exit.Stderr))),
			Next:     "Read its last lines in the log, mend the cause on the host, then try again.",
		}, true
	case errors.As(err, &imports):
		return Words{
			Title:    "Nothing was imported",
			Sentence: sentence(strings.TrimPrefix(imports.Error(), "nothing was imported: ")),
			Next:     "Mend the lines named, or leave them out, and import again. A file is taken in whole or not at all.",
		}, true
	case errors.As(err, &path):
		return ofPath(path), true
	}
	return Words{}, false
}

func ofUnknownKey(e *remote.HostKeyUnknownError) Words {
	if c := e.Certificate; c != nil {
		return Words{
			Title: "Certificate is not known yet",
			Sentence: fmt.Sprintf("%s showed a certificate that neither an authority nor a person has vouched for: %s, for %s, by %s, until %s.",
				e.Host, e.Fingerprint, c.Subject, c.Issuer, c.NotAfter.Format(time.DateOnly)),
			Next: "Compare the fingerprint with the one on the host's own console, then accept it. Nothing was sent to it.",
		}
	}
	return Words{
		Title:    "Host key is not known yet",
		Sentence: fmt.Sprintf("%s showed a %s key that nobody has vouched for: %s.", e.Host, e.Type, e.Fingerprint),
		Next:     "Compare the fingerprint with the one on the host's own console, then accept it.",
	}
}

func ofChangedKey(e *remote.HostKeyChangedError) Words {
	known := strings.Join(e.Known, ", ")
	if e.Type == remote.TypeCertificate {
		return Words{
			Title:    "Certificate has changed",
			Sentence: fmt.Sprintf("%s showed the %s, but the %s is the one vouched for in %s. Nothing was sent to it.", e.Host, e.Shown, known, e.Where),
			Next:     "Somebody may be in between. Ask whoever renews the certificate; only then remove the old line and accept the new one.",
		}
	}
	return Words{
		Title:    "Host key has changed",
		Sentence: fmt.Sprintf("%s showed the key %s, but %s is the one vouched for in %s. Nothing was sent to it.", e.Host, e.Shown, known, e.Where),
		Next:     "Somebody may be in between. Find out on the host's console why its key is another one; only then remove the old line and accept the new key.",
	}
}

// ofPath explains what the file system answered.
func ofPath(e *fs.PathError) Words {
	w := Words{Title: "File could not be used", Sentence: fmt.Sprintf("%s: %v.", e.Path, e.Err), Next: "Choose another file, or mend its rights."}
	switch {
	case errors.Is(e, fs.ErrNotExist):
		w.Title, w.Sentence, w.Next = "File is not there", e.Path+" does not exist.", "Check the name, or choose another file."
	case errors.Is(e, fs.ErrPermission):
		w.Title, w.Sentence, w.Next = "File may not be read", "You have no right to "+e.Path+".", "Ask for the right, or choose another file."
	case errors.Is(e, syscall.ENOSPC):
		w.Title, w.Sentence, w.Next = "Disk is full", "There is no room left to write "+e.Path+".", "Make room, then try again. Nothing was half written."
	}
	return w
}

// byKind explains the errors that are only a kind.
func byKind(err error) (Words, bool) {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			w := k.words
			if w.Sentence == "" {
				w.Sentence = sentence(undoubled(err.Error(), k.err.Error(), w.Title))
			}
			return w, true
		}
	}
	return Words{}, false
}

// undoubled leaves out of an error's text what the title says already: of "connect
// to web1: host is unreachable: no route to host" the second part.
func undoubled(text, kind, title string) string {
	before, after, found := strings.Cut(text, kind+": ")
	if !found || after == "" || !strings.Contains(strings.ToLower(kind), strings.ToLower(title)) {
		return text
	}
	return before + strings.TrimPrefix(after, kind+": ")
}

// sentence makes a sentence of an error: a capital and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSuffix(s[strings.LastIndexByte(s, '\n')+1:], ".")
}

func after(sep, s string) string {
	if s == "" {
		return ""
	}
	return sep + s
}
