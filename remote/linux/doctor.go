package linux

import (
	"context"
	"errors"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// Rights tells whether the login gets root, which a rollout needs.
func Rights(ctx context.Context, s remote.Session) remote.Finding {
	f := remote.Finding{Name: "rights", Result: data.CheckPassed}
	a, err := Ask(ctx, s, Question{Name: "rights", Script: "section 'user' id -u\nfinish\n", Root: true})
	if err == nil {
		get := reader{answer: a}
		if user := get.word("user"); get.err == nil && user == "0" {
			f.Detail = "the login is root, or becomes root"
			return f
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
	return f
}

// MendCheck says what to do about a check of a platform that did not pass.
func MendCheck(name string) string {
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
