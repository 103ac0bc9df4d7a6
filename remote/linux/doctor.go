package linux

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// Rights tells whether the login gets root, which a rollout needs.
func (Host) Rights(ctx context.Context, s remote.Session, _ func(error) string) []remote.Finding {
	f := remote.Finding{Name: "rights", Result: data.CheckPassed}
	a, err := Ask(ctx, s, Question{Name: "rights", Script: "section 'user' id -u\nfinish\n", Root: true})
	if err == nil {
		get := reader{answer: a}
		if user := get.word("user"); get.err == nil && user == "0" {
			f.Detail = "the login is root, or becomes root"
			return []remote.Finding{f}
		}
		err = errors.Join(remote.ErrNoPrivilege, get.err)
	}
	f.Result, f.Detail, f.Err = data.CheckFailed, remote.CleanText(err.Error()), err
	switch {
	case errors.Is(err, remote.ErrSudoPassword):
		f.Mend = "Keep the password (stctl secret set sudo HOST), or allow sudo without: as root on the host, visudo -f /etc/sudoers.d/secondtuesday with the line\nUSER ALL=(root) NOPASSWD: ALL"
	case errors.Is(err, remote.ErrNoPrivilege):
		f.Mend = "Log in as root, or allow sudo: as root on the host, visudo -f /etc/sudoers.d/secondtuesday with the line\nUSER ALL=(root) NOPASSWD: ALL\nA scan works without; a rollout does not."
	}
	return []remote.Finding{f}
}

// MendCheck says what to do about a check of a platform that did not pass.
func (Host) MendCheck(name string) string {
	switch {
	case name == "clock":
		return "On the host, as root: timedatectl set-ntp true (or start chronyd or ntpd)"
	case strings.HasPrefix(name, "free disk"):
		return "Make room there: df -h; du -xh --max-depth=1 on the fullest folder; the package manager's own cache first"
	case name == "package manager lock":
		return "Wait until the other package manager has ended. Who it is: ps -p with the number named here"
	case name == "other jobs":
		return "Wait until the job has ended, then check again."
	case name == "interrupted work", name == "dpkg":
		return "On the host, as root, finish what was broken off: dpkg --configure -a; apt-get -f install; dnf check; zypper verify"
	case name == "age of the lists", name == "package lists":
		return "Let the host fetch its lists anew: stctl scan HOST --refresh"
	}
	return ""
}

// Probe scans without having the host fetch anything, and keeps nothing of it.
func (Host) Probe(_ context.Context, _ remote.Session, scan func() (data.Scan, error), found func(remote.Finding)) {
	f := remote.Finding{Name: "update source", Result: data.CheckPassed}
	got, err := scan()
	if err != nil {
		f.Result, f.Detail, f.Err = data.CheckFailed, err.Error(), err
		found(f)
		return
	}
	f.Detail = fmt.Sprintf("the host's lists can be read; updates offered: %d", len(got.Updates))
	if !got.MetadataAt.IsZero() {
		f.Detail += "; fetched last at " + got.MetadataAt.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	var said []string
	for _, p := range got.Problems {
		said = append(said, fmt.Sprintf("%s: %s", p.Kind, p.Detail))
	}
	if len(said) > 0 {
		f.Result, f.Detail = data.CheckWarned, strings.Join(said, "; ")
		if !got.Trusted() {
			f.Result = data.CheckFailed
		}
		f.Mend = "Look at the sources on the host, then let it fetch their lists: stctl scan HOST --refresh"
	}
	found(f)
}
