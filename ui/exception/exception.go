// Package exception asks for an exception: a recorded decision to leave an
// update out of a host until a date. It is the one dialog that several screens
// share; it shows no page of its own.
package exception

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A Subject is what an exception is asked for.
type Subject struct {
	Name    string      // of the update, for people
	Updates []string    // keys of it, one an architecture; none: every update
	Hosts   []data.Host // one exception each; the whole shop may be chosen too
}

// everyHost is the choice of an exception that holds on all hosts.
const everyHost = "every host of the shop"

// A form is what is said about an exception.
type form struct {
	s        Subject
	now      time.Time
	scope    *kit.Select
	owner    *kit.Entry
	reason   *kit.Entry
	measure  *kit.Entry
	waits    *kit.Entry
	expires  *kit.Entry
	approved [3]*kit.Entry
	fields   *kit.Form
}

// roles approve an exception; they must be different people.
var roles = [3]string{"management", "security", "operations"}

// Ask asks for an exception and records it; then the page is shown anew.
func Ask(s *ui.Shell, t *ui.Tools, subject Subject) {
	f := newForm(subject, t.Desk.Now())
	var all []data.Exception
	title := "Exception for " + subject.Name
	if len(subject.Updates) == 0 {
		title = "Exception for every update"
	}
	kit.ShowDialog(s.Context(), s.Window(), kit.Dialog{Title: title, Sign: kit.StatusExcepted, Width: 640, Form: f.fields, Confirm: "Record exception",
		OnConfirm: func() error {
			all = f.exceptions()
			return nil
		},
		Work: func(ctx context.Context) error { return record(ctx, t.Desk, all) },
		OnDone: func() {
			s.Say(kit.StatusExcepted, "Recorded until "+kit.Date(all[0].Expires)+"; it is counted and shown as excepted", nil)
			s.Reload()
		}})
	s.Window().Canvas().Focus(f.owner)
}

// record stores the exceptions. One that is refused stops the rest; those
// before it stand, and the error says so.
func record(ctx context.Context, d *app.Desk, all []data.Exception) error {
	for i, e := range all {
		if _, err := d.SaveException(ctx, e); err != nil {
			if i > 0 {
				return fmt.Errorf("%d of %d exceptions are recorded: %w", i, len(all), err)
			}
			return err
		}
	}
	return nil
}

func newForm(s Subject, now time.Time) *form {
	f := &form{s: s, now: now}
	words := []string{}
	if len(s.Hosts) > 0 {
		words = append(words, hostWords(s.Hosts))
	}
	f.scope = kit.NewSelect(append(words, everyHost), append(words, everyHost)[0], "", nil)
	f.owner = kit.NewEntry("Petra Lang").With(commonOwner(s.Hosts))
	f.reason = kit.NewEntry("The vendor has not cleared the new version")
	f.measure = kit.NewEntry("Port 5432 is open to the application only")
	f.waits = kit.NewEntry("vendor's release 8.2, in March")
	f.expires = kit.NewEntry("2026-12-31").With(now.AddDate(0, 1, 0).Local().Format(time.DateOnly))
	for i := range roles {
		f.approved[i] = kit.NewEntry(roles[i])
	}
	approvals := container.NewGridWithColumns(3, f.approved[0], f.approved[1], f.approved[2])
	f.fields = kit.NewForm(
		&kit.Field{Label: "Holds on", Input: f.scope},
		&kit.Field{Label: "Requested by", Input: f.owner, Hint: "The business owner who asks for it. Never anonymous.", Check: kit.Required(f.owner, "Name the business owner who asks for it.")},
		&kit.Field{Label: "Reason", Input: f.reason, Check: kit.Required(f.reason, "Say why the update stays out.")},
		&kit.Field{Label: "Mitigation", Input: f.measure, Hint: "What keeps the host safe meanwhile.", Check: kit.Required(f.measure, "Say what keeps the host safe meanwhile.")},
		&kit.Field{Label: "Waits for", Input: f.waits},
		&kit.Field{Label: "Expires", Input: f.expires, Hint: "At the end of that day, a year from now at most.", Check: f.checkExpiry},
		&kit.Field{Label: "Approved by", Input: approvals, Hint: "Management, security and operations: three different people, as far as they said yes.", Check: f.checkApprovals},
	)
	return f
}

func hostWords(hosts []data.Host) string {
	if len(hosts) == 1 {
		return hosts[0].Name
	}
	return kit.Count(len(hosts), "host", "hosts") + " that lack it"
}

// commonOwner is the owner of all the hosts, when they have one.
func commonOwner(hosts []data.Host) string {
	if len(hosts) == 0 {
		return ""
	}
	for _, h := range hosts {
		if h.Owner != hosts[0].Owner {
			return ""
		}
	}
	return hosts[0].Owner
}

// expiry is the end of the day that was named.
func (f *form) expiry() (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, f.expires.Trimmed(), time.Local)
	if err != nil {
		return day, errors.New("Write the day as 2026-12-31.")
	}
	return day.AddDate(0, 0, 1).Add(-time.Second), nil
}

func (f *form) checkExpiry() error {
	t, err := f.expiry()
	switch {
	case err != nil:
		return err
	case !t.After(f.now):
		return errors.New("That day is past. Choose one to come.")
	case t.After(f.now.AddDate(1, 0, 0)):
		return errors.New("An exception may last a year at most.")
	}
	return nil
}

func (f *form) checkApprovals() error {
	seen := map[string]bool{}
	for _, e := range f.approved {
		name := strings.ToLower(e.Trimmed())
		if name != "" && seen[name] {
			return errors.New("Approvals come from different people.")
		}
		seen[name] = true
	}
	return nil
}

// exceptions returns what was asked for, one a host and architecture.
func (f *form) exceptions() []data.Exception {
	until, _ := f.expiry() // checked by checkExpiry
	e := data.Exception{Reason: f.reason.Trimmed(), RequestedBy: f.owner.Trimmed(), Mitigation: f.measure.Trimmed(), WaitsFor: f.waits.Trimmed(), Expires: until}
	for i, a := range f.approved {
		if name := a.Trimmed(); name != "" {
			e.Approvals = append(e.Approvals, data.Approval{Role: roles[i], By: name, At: f.now})
		}
	}
	hosts := []data.HostID{0}
	if f.scope.Chosen() != everyHost {
		hosts = nil
		for _, h := range f.s.Hosts {
			hosts = append(hosts, h.ID)
		}
	}
	keys := f.s.Updates
	if len(keys) == 0 {
		keys = []string{""}
	}
	var out []data.Exception
	for _, e.Host = range hosts {
		for _, e.Update = range keys {
			out = append(out, e)
		}
	}
	return out
}
