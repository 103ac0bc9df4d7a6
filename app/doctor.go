package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// A Finding is what one step of a check of a host came to.
type Finding = remote.Finding

// Results of findings beside those of checks.
const (
	NotTried = remote.NotTried
	Looking  = remote.Looking
)

// DoctorTimeout is how long a whole check may take: the first search of a
// Windows server takes many minutes.
const DoctorTimeout = 15 * time.Minute

// A probe is one step of a check. It returns what it found, and whether the
// next step makes sense.
type probe struct {
	name string
	on   func(*exam) bool // whether this way to a host has the step; nil: all have
	look func(*exam, context.Context) ([]Finding, bool)
}

// probes are the steps, in the order of the way to a host, for all kinds of
// hosts. What is only Linux's or Windows' lies in their own rooms.
var probes = []probe{
	{nameStep, (*exam).hasGuide, (*exam).lookUp},
	{"port", (*exam).hasGuide, (*exam).knock},
	{"host key", (*exam).hasKey, (*exam).greet},
	{"certificate", (*exam).hasCertificate, (*exam).greet},
	{"login", nil, (*exam).logIn},
	{"rights", nil, (*exam).rights},
	{"update system", nil, (*exam).detect},
	{"what a job needs", nil, (*exam).checks},
	{"scheduled task", (*exam).isWindows, (*exam).probe},
	{"update source", (*exam).isNotWindows, (*exam).probe},
}

// An exam is one check of one host at work.
type exam struct {
	desk     *Desk
	host     data.Host
	system   Examiner
	guide    remote.Guide // nil: there is none, as for this computer
	way      remote.Way
	session  remote.Session
	platform Platform
	lacks    string // rights that were found to be missing
	tell     func(Finding)
}

// Doctor checks step by step whether h can be reached, scanned and patched, and
// says how to mend what is in the way. It logs in once. It changes nothing on
// the host but a probe task on Windows, which it removes. step is called from
// this goroutine, first with Looking and then with what was found; one step may
// find several things. An error beside the findings is that of ctx.
func (d *Desk) Doctor(ctx context.Context, h data.Host, step func(Finding)) error {
	within, stop := context.WithTimeout(ctx, DoctorTimeout)
	defer stop()
	e := &exam{desk: d, host: h, system: d.examiner(h), guide: remote.GuideOf(d.Dialer, h)}
	e.tell = func(f Finding) {
		f.Detail = strings.TrimSpace(remote.CleanText(f.Detail))
		f.Mend = strings.ReplaceAll(f.Mend, "HOST", h.Name)
		step(f)
	}
	defer func() {
		if e.session != nil {
			e.session.Close()
		}
	}()
	on, stopped := true, ""
	for _, p := range probes {
		if p.on != nil && !p.on(e) {
			continue
		}
		if !on || within.Err() != nil {
			why := "it makes no sense before the step “" + stopped + "” passes"
			if on {
				why = "the check took longer than " + DurationText(DoctorTimeout)
			}
			e.tell(Finding{Name: p.name, Result: NotTried, Detail: why})
			continue
		}
		e.tell(Finding{Name: p.name, Result: Looking})
		var found []Finding
		found, on = p.look(e, within)
		for _, f := range found {
			e.tell(f)
			if f.Result == data.CheckFailed {
				stopped = f.Name
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// nameStep is the first step. Where another looks the name up, it is not tried,
// and the steps after it prove the name.
const nameStep = "name"

// Passes tells whether a finding leaves a host fit to be scanned and patched.
func Passes(f Finding) bool {
	return f.Result == data.CheckPassed || f.Result == data.CheckWarned || f.Result == NotTried && f.Name == nameStep
}

func (e *exam) hasGuide() bool { return e.guide != nil }

func (e *exam) hasCertificate() bool { return e.hasGuide() && e.host.Reach == data.ReachWinRM }
func (e *exam) hasKey() bool         { return e.hasGuide() && !e.hasCertificate() }

func (e *exam) isWindows() bool    { return e.host.Windows() }
func (e *exam) isNotWindows() bool { return !e.isWindows() }

// one returns a finding that passed.
func one(name, format string, args ...any) []Finding {
	return []Finding{{Name: name, Result: data.CheckPassed, Detail: fmt.Sprintf(format, args...)}}
}

// failed returns the finding of an error, with what the way to the host knows
// to do about it.
func (e *exam) failed(name string, err error) []Finding {
	return []Finding{{Name: name, Result: data.CheckFailed, Detail: err.Error(), Mend: e.mend(err), Err: err}}
}

func (e *exam) mend(err error) string {
	if e.guide == nil {
		return ""
	}
	return e.guide.Mend(e.host, err)
}

func (e *exam) lookUp(ctx context.Context) ([]Finding, bool) {
	const name = nameStep
	var err error
	if e.way, err = e.guide.Way(e.host); err != nil {
		return e.failed(name, err), false
	}
	if n := len(e.way.Jumps); n > 0 {
		return []Finding{{Name: name, Result: NotTried, Detail: fmt.Sprintf("%s is looked up by the jump host %s", e.way.Name, e.way.Jumps[n-1])}}, true
	}
	if e.way.Own {
		return []Finding{{Name: name, Result: NotTried, Detail: e.way.Name + " is not looked up: this program itself knows the way there"}}, true
	}
	list, err := remote.LookUp(ctx, e.way.Name)
	if err != nil {
		f := e.failed(name, err)
		f[0].Mend = "Mend the name in DNS or in this computer's hosts file, or give the address: stctl host edit HOST --address 192.0.2.10"
		return f, false
	}
	if list[0] == e.way.Name {
		return one(name, "%s is an address", e.way.Name), true
	}
	return one(name, "%s is %s", e.way.Name, strings.Join(list, ", ")), true
}

func (e *exam) knock(ctx context.Context) ([]Finding, bool) {
	const name = "port"
	address, err := e.guide.Knock(ctx, e.host)
	switch {
	case err != nil:
		return e.failed(name, err), false
	case address == "":
		address = fmt.Sprintf("port %d, by way of %s,", e.way.Port, strings.Join(e.way.Jumps, ", "))
	}
	return one(name, "%s answers; expected there: %s", address, e.way.By), true
}

func (e *exam) greet(ctx context.Context) ([]Finding, bool) {
	name := "host key"
	if e.hasCertificate() {
		name = "certificate"
	}
	id, err := e.guide.Greet(ctx, e.host)
	if err != nil {
		return e.failed(name, err), false
	}
	if id.Type == "" {
		return []Finding{{Name: name, Result: data.CheckWarned, Detail: "over HTTP nothing proves who the host is; messages are sealed by the login",
			Mend: "Better: HTTPS. The manual says how to set it up."}}, true
	}
	found := one(name, "%s %s, vouched for by %s", id.Type, id.Fingerprint, id.By)
	if id.Certificate == nil {
		return found, true
	}
	c := certificateOf(id)
	end, soon := CertificateEnd(c, e.desk.Now())
	found[0].Detail += "; for " + CertificateText(c) + "; validity: " + end
	if soon {
		found[0].Result = data.CheckWarned
		found[0].Mend = "Renew the certificate of the WinRM listener; the new one has to be vouched for unless an authority does."
	}
	return found, true
}

func (e *exam) logIn(ctx context.Context) ([]Finding, bool) {
	const name = "login"
	s, err := e.desk.Dialer.Dial(ctx, e.host)
	if err != nil {
		return e.failed(name, err), false
	}
	e.session = s
	user := e.host.User
	if user == "" {
		user = "the default user"
	}
	return one(name, "%s is let in", user), true
}

func (e *exam) rights(ctx context.Context) ([]Finding, bool) {
	found := e.system.Rights(ctx, e.session, e.mend)
	for _, f := range found {
		switch {
		case f.Result != data.CheckFailed:
		case errors.Is(f.Err, remote.ErrNoPrivilege), errors.Is(f.Err, remote.ErrSudoPassword):
			e.lacks = "root" // a scan works without
		default:
			return found, false
		}
	}
	return found, true
}

func (e *exam) detect(ctx context.Context) ([]Finding, bool) {
	const name = "update system"
	found, err := e.desk.detect(ctx, e.session, e.host)
	if err != nil {
		return e.failed(name, err), false
	}
	p, ok := e.desk.PlatformOf(found)
	if !ok {
		return e.failed(name, fmt.Errorf("%w: %s", remote.ErrNotSupported, found)), false
	}
	e.platform = p
	return one(name, "%s", found), true
}

func (e *exam) checks(ctx context.Context) ([]Finding, bool) {
	const name = "what a job needs"
	if e.lacks != "" {
		return []Finding{{Name: name, Result: NotTried, Detail: "it needs " + e.lacks}}, true
	}
	list, err := e.platform.Check(ctx, e.session, data.Changes{})
	if err != nil {
		return e.failed(name, err), !errors.Is(err, remote.ErrLost)
	}
	var found []Finding
	for _, c := range list {
		f := Finding{Name: c.Name, Result: c.Result, Detail: c.Detail}
		if f.Result == data.CheckUnknown { // it could not look, which does not pass
			f.Result = data.CheckWarned
		}
		if f.Result != data.CheckPassed {
			f.Mend = e.system.MendCheck(c.Name)
		}
		found = append(found, f)
	}
	return append(one(name, "%s looked at", counted(len(list), "thing")), found...), true
}

// probe lets the host ask its update source, as a scan does.
func (e *exam) probe(ctx context.Context) ([]Finding, bool) {
	scan := func() (data.Scan, error) { return e.platform.Scan(ctx, e.session, false) }
	e.system.Probe(ctx, e.session, scan, func(f Finding) {
		if f.Err != nil && f.Mend == "" {
			f.Mend = e.mend(f.Err)
		}
		e.tell(f)
	})
	return nil, true
}
