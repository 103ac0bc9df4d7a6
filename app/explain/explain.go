// Package explain turns errors into words for people: what happened, in a
// sentence, and what to do next. The desk and stctl say the same. It knows no
// window and no terminal, and handles no error: it only names them.
package explain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"secondtuesday/data"
	"secondtuesday/data/store"
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
			Next:     "Try again. If it happens again, the line above is what a bug report needs.",
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
		cert    *remote.CertificateChangedError
		exit    *remote.ExitError
		path    *fs.PathError
	)
	switch {
	case errors.As(err, &unknown):
		return Words{
			Title:    "Host key is not known yet",
			Sentence: fmt.Sprintf("%s showed a %s key that nobody has vouched for: %s.", unknown.Host, unknown.Type, unknown.Fingerprint),
			Next:     "Compare the fingerprint with the one on the host's own console, then accept it.",
		}, true
	case errors.As(err, &changed):
		return Words{
			Title:    "Host key has changed",
			Sentence: fmt.Sprintf("%s showed the key %s, but %s is the one vouched for in %s. Nothing was sent to it.", changed.Host, changed.Shown, strings.Join(changed.Known, ", "), changed.Where),
			Next:     "Somebody may be in between. Find out on the host's console why its key is another one; only then remove the old line and accept the new key.",
		}, true
	case errors.As(err, &cert):
		return Words{
			Title:    "Certificate has changed",
			Sentence: fmt.Sprintf("%s showed the certificate %s, but %s is the one vouched for. Nothing was sent to it.", cert.Host, cert.Shown, cert.Known),
			Next:     "Somebody may be in between. Ask whoever renews the certificate before you accept the new one.",
		}, true
	case errors.As(err, &exit):
		return Words{
			Title:    "The host ran it, and it failed",
			Sentence: fmt.Sprintf("%s ended with status %d%s.", exit.Name, exit.Status, after(": ", lastLine(exit.Stderr))),
			Next:     "Read its last lines in the log, mend the cause on the host, then try again.",
		}, true
	case errors.As(err, &path):
		return ofPath(path), true
	}
	return Words{}, false
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
				w.Sentence = sentence(err.Error())
			}
			return w, true
		}
	}
	return Words{}, false
}

type kind struct {
	err   error
	words Words
}

// kinds are read in this order. An empty Sentence means the error's own text
// says it best, for it names the host or the file.
var kinds = []kind{
	{remote.ErrUnreachable, Words{Title: "Host is unreachable", Next: "Check that it is switched on, that name and port are right, and that the network or VPN is up. Then scan again."}},
	{remote.ErrTimeout, Words{Title: "Host did not answer in time", Next: "It may be overloaded or behind a slow line. Scan it again later; what it did in the meantime is looked up then."}},
	{remote.ErrLoginRefused, Words{Title: "Login refused", Next: "Check the user, and the key or password, of this host. Nothing was changed on it."}},
	{remote.ErrNoPrivilege, Words{Title: "No way to become root", Next: "Log in as root, allow sudo for this user, or store the sudo password for this host."}},
	{remote.ErrSudoPassword, Words{Title: "Sudo password is wrong or missing", Next: "Store the right password for this host. It was tried once only, so the account is not locked by this program."}},
	{remote.ErrBusy, Words{Title: "Another package manager is at work", Next: "Wait until it has finished, or look on the host at what holds the lock. Then try again."}},
	{remote.ErrTooMuchOutput, Words{Title: "Host said too much", Next: "Its answer was longer than allowed and proves nothing. Look at the host: a login script that prints, or a broken package list."}},
	{remote.ErrLost, Words{Title: "Connection lost", Next: "It is not known what happened since. The job goes on on the host by itself; open the host again and it is looked up, not repeated."}},
	{remote.ErrGarbage, Words{Title: "Host's answer makes no sense", Next: "Nothing was concluded from it. The raw answer is kept as evidence with the scan; a login script that prints is the usual cause."}},
	{remote.ErrNotSupported, Words{Title: "No update system found", Next: "This program knows APT, DNF, Zypper, Pacman and APK. Remove the host, or keep it as unknown."}},
	{store.ErrNotFound, Words{Title: "Not there any more", Next: "Somebody may have removed it. Reload the page."}},
	{store.ErrConflict, Words{Title: "It does not fit what is stored", Next: "Reload, look at what is there now, and make your change again. Yours was not saved."}},
	{store.ErrForeign, Words{Title: "Not a workspace", Next: "The file was left as it is. Choose a workspace file, or start a new one under another name."}},
	{store.ErrNewer, Words{Title: "Workspace is from a newer program", Next: "The file was left as it is. Install the newer program, or open an older copy."}},
	{store.ErrCorrupt, Words{Title: "Workspace is damaged", Next: "Stop using the file and open the newest backup beside it. Keep the damaged one: parts of it can often be saved."}},
	{store.ErrFull, Words{Title: "Disk is full", Next: "Make room on the disk of the workspace, then do it again. The change was not made."}},
	{store.ErrBusy, Words{Title: "Workspace is in use", Next: "Another program holds the file. Close it there, then do it again. The change was not made."}},
	{data.ErrNoExposure, Words{Title: "Exposure is not set", Next: "Say who can reach the host: internet, internal or air-gapped. Only you know it, and the deadlines depend on it."}},
	{context.DeadlineExceeded, Words{Title: "It took too long", Sentence: "The work was given up because its time had run out.", Next: "Try again. What was already done on a host is looked up first."}},
	{context.Canceled, Words{Title: "Cancelled", Sentence: "You cancelled it.", Next: "What was already done stays done."}},
	{syscall.ENOSPC, Words{Title: "Disk is full", Next: "Make room on this computer, then try again."}},
	{fs.ErrPermission, Words{Title: "No right to do that", Next: "Check the rights of the file or folder."}},
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
