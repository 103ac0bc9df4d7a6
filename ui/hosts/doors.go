package hosts

import (
	"context"
	"errors"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A door is what a person must do before a host can be scanned.
type door uint8

const (
	doorNone       door = iota // nothing that can be done here
	doorKey                    // vouch for the host key
	doorChanged                // see that the host key is another one
	doorLogin                  // keep a password or a passphrase
	doorSudo                   // keep a password for sudo
	doorUnreached              // for the summary alone
	doorNoPlatform             // likewise
)

// doorOf says what an error of a scan asks of a person.
func doorOf(err error) door {
	var unknown *remote.HostKeyUnknownError
	var changed *remote.HostKeyChangedError
	switch {
	case errors.As(err, &unknown):
		return doorKey
	case errors.As(err, &changed):
		return doorChanged
	case errors.Is(err, remote.ErrSudoPassword):
		return doorSudo
	case errors.Is(err, remote.ErrLoginRefused), errors.Is(err, remote.ErrHeldBack), errors.Is(err, secret.ErrNone):
		return doorLogin
	case errors.Is(err, remote.ErrUnreachable), errors.Is(err, remote.ErrTimeout):
		return doorUnreached
	case errors.Is(err, remote.ErrNotSupported):
		return doorNoPlatform
	}
	return doorNone
}

// shortOf is for the summary of a scan, after a number.
func shortOf(err error) string {
	var unknown *remote.HostKeyUnknownError
	var changed *remote.HostKeyChangedError
	switch doorOf(err) {
	case doorKey:
		if errors.As(err, &unknown); unknown.Type == remote.TypeCertificate {
			return "with an unknown certificate"
		}
		return "with an unknown host key"
	case doorChanged:
		if errors.As(err, &changed); changed.Type == remote.TypeCertificate {
			return "blocked: certificate changed"
		}
		return "blocked: host key changed"
	case doorLogin:
		return "refused the login"
	case doorSudo:
		return "asked for a sudo password"
	case doorUnreached:
		return "unreachable"
	case doorNoPlatform:
		return "without a known update system"
	}
	return "failed"
}

// asks reports whether a dialog can help.
func (d door) asks() bool { return d == doorKey || d == doorChanged || d == doorLogin || d == doorSudo }

// doors are the hosts of a scan that ask something of a person, one dialog
// after the other.
type doors struct {
	waiting []app.ScanResult
	opened  []data.HostID // can be scanned now
	lists   bool          // as the scan was asked for
	up      bool
}

// meet takes over what a scan met and shows the first dialog, unless another
// one is up.
func (d *doors) meet(x *Screen, results []app.ScanResult, lists bool) {
	d.lists = lists
	for _, r := range results {
		if r.Err != nil && doorOf(r.Err).asks() {
			d.waiting = append(d.without(r.Host.ID), r)
		} else {
			d.waiting = d.without(r.Host.ID)
		}
	}
	if len(d.waiting) == 0 {
		failedBanner(x, results)
	}
	if d.up || len(d.waiting) == 0 {
		return
	}
	if x.shell.Here().Screen != ui.Hosts || x.shell.Window().Canvas().Overlays().Top() != nil {
		d.banner(x) // a person is at something else: do not get in between
		return
	}
	d.next(x)
}

func (d *doors) without(id data.HostID) []app.ScanResult {
	var out []app.ScanResult
	for _, r := range d.waiting {
		if r.Host.ID != id {
			out = append(out, r)
		}
	}
	return out
}

// banner says above the grid what still waits.
func (d *doors) banner(x *Screen) {
	n := len(d.waiting)
	if n == 0 {
		return
	}
	x.page.Say(kit.NewBanner(kit.StatusWarning, kit.Count(n, "host could not be scanned without you", "hosts could not be scanned without you"),
		"Host keys or certificates to vouch for, or credentials that are not stored.", kit.NewButton("Look at them…", "key", func() {
			x.page.Clear()
			d.next(x)
		})))
}

// next shows the dialog of the first host that waits. After the last, the
// hosts that can be reached now are scanned.
func (d *doors) next(x *Screen) {
	if len(d.waiting) == 0 {
		d.up = false
		x.page.Clear()
		if ready := x.rowsOf(d.opened); len(ready) > 0 {
			d.opened = nil
			x.scan(ready, d.lists)
		}
		return
	}
	r := d.waiting[0]
	d.up = true
	switch doorOf(r.Err) {
	case doorKey:
		d.askKey(x, r)
	case doorChanged:
		var e *remote.HostKeyChangedError
		errors.As(r.Err, &e)
		shown := *e
		shown.Host = named(r.Host, e.Host)
		kit.ShowHostKeyChanged(x.shell.Context(), x.shell.Window(), &shown, x.checkButton(r.Host)).Then(func() { d.leave(x) })
	default:
		d.askCredential(x, r)
	}
}

// leave passes over the first host that waits and goes on.
func (d *doors) leave(x *Screen) {
	d.waiting = d.waiting[1:]
	d.next(x)
}

// pause ends the row of dialogs; what waits is said above the grid.
func (d *doors) pause(x *Screen) {
	d.waiting = d.waiting[1:]
	if len(d.waiting) == 0 {
		d.next(x)
		return
	}
	d.up = false
	d.banner(x)
}

// enter notes that the first host that waits can be scanned and goes on.
func (d *doors) enter(x *Screen) {
	d.opened = append(d.opened, d.waiting[0].Host.ID)
	d.leave(x)
}

// named names a host as the inventory does, with the name its key stands
// under; that is a jump host's where the way to the host leads over one.
func named(h data.Host, known string) string {
	if h.Name == known {
		return known
	}
	return h.Name + " (" + known + ")"
}

func (d *doors) askKey(x *Screen, r app.ScanResult) {
	var e *remote.HostKeyUnknownError
	errors.As(r.Err, &e)
	accepted := false
	shown := *e
	shown.Host = named(r.Host, e.Host)
	m := kit.AskHostKey(x.shell.Context(), x.shell.Window(), &shown, func() { accepted = true }, x.checkButton(r.Host))
	m.Then(func() {
		if !accepted {
			d.pause(x)
			return
		}
		fail := kit.NewLatest(func(err error) {
			x.page.Fail(err)
			d.up = false
		})
		kit.Load(x.shell.Context(), fail, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, x.tools.Desk.AcceptHostKey(ctx, e, x.tools.Keys.AcceptHostKey)
		}, func(struct{}) { d.enter(x) })
	})
}
