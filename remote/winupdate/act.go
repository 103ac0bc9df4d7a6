package winupdate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// asks reports whether somebody has to accept the update's licence terms before
// it goes in.
func (u update) asks() bool { return u.Eula != nil && !*u.Eula }

// termsText are the terms as text that can be shown.
func (u update) termsText() string {
	text := strings.TrimSpace(remote.CleanText(u.Terms))
	if len(utf16.Encode([]rune(u.Terms))) >= 8000 { // as .NET counts
		text += "… (cut)"
	}
	return text
}

// Simulate returns those of want that the host still offers in the same
// revision, and which of them ask for their licence terms. Windows Update has no solver: an update brings what it needs.
func (p Platform) Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error) {
	f, _, err := p.search(ctx, s, false)
	if err != nil {
		return data.Changes{}, fmt.Errorf("simulate: %w", err)
	}
	if f.Error != "" {
		return data.Changes{}, fmt.Errorf("simulate: %w: %s", remote.ErrUnreachable, withCode(f.Message, f.Error))
	}
	var c data.Changes
	for _, t := range want {
		i := slices.IndexFunc(f.Missing, func(u update) bool { return u.name() == t.Name && u.version() == t.To && !u.Hidden })
		why := f.notWhole()
		switch {
		case i >= 0:
			if f.Missing[i].asks() {
				t.Terms, t.TermsText = data.TermsAsked, f.Missing[i].termsText()
			}
			c.Upgrade = append(c.Upgrade, t)
		case why != "": // it may be offered all the same
			return data.Changes{}, fmt.Errorf("simulate: %w: %s could not be looked up: %s", remote.ErrUnreachable, t.Name, why)
		}
	}
	return c, nil
}

type alive struct {
	Boot      string       `json:"boot"`
	Booted    string       `json:"booted"`
	Now       string       `json:"now"`
	Services  list[string] `json:"services"`
	Servicing int          `json:"servicing"`
	Logon     bool         `json:"logon"`
}

// Services that start and stop by themselves although they are set to start
// with Windows: that one is gone later means nothing.
var comeAndGo = []string{
	"sppsvc", "trustedinstaller", "wuauserv", "bits", "usosvc", "waasmedicsvc", "dosvc", "mapsbroker", "edgeupdate", "gupdate",
	"remoteregistry", "tiledatamodelsvc", "cdpsvc", "cdpusersvc", "wpnuserservice", "onesyncsvc", "shellhwdetection", "gpsvc", "msiserver",
}

// servicingBusy is ServicingInProgress while Windows still works on updates
// after a boot, as ansible.windows reads it.
const servicingBusy = 2

// settling is how long a host without a logon screen is given after its boot.
const settling = 10 * time.Minute

// Alive tells one boot from another. A host that still works on updates after a
// boot has not finished it: remote.ErrBooting.
func (Platform) Alive(ctx context.Context, s remote.Session) (remote.Alive, error) {
	var a alive
	if err := ask(ctx, s, remote.Command{Name: "alive", Script: aliveScript}, &a); err != nil {
		return remote.Alive{}, err
	}
	if a.Servicing == servicingBusy {
		return remote.Alive{}, fmt.Errorf("alive: %w: Windows still works on updates", remote.ErrBooting)
	}
	out := remote.Alive{BootID: clip(a.Boot), BootedAt: moment(a.Booted), HostNow: moment(a.Now), Services: []string{}}
	if !a.Logon && out.HostNow.Sub(out.BootedAt) < settling {
		return remote.Alive{}, fmt.Errorf("alive: %w: it shows no logon yet", remote.ErrBooting)
	}
	for _, name := range a.Services {
		low := strings.ToLower(name)
		if !slices.ContainsFunc(comeAndGo, func(p string) bool { return strings.HasPrefix(low, p) }) {
			out.Services = append(out.Services, clip(name))
		}
	}
	slices.Sort(out.Services)
	return out, nil
}

// Reboot asks the host to reboot in five seconds. A reboot that somebody else
// asked for is not asked for again; the boot ID tells whether it happens. One
// that Windows says it will not make is remote.ErrRebootRefused.
func (Platform) Reboot(ctx context.Context, s remote.Session) error {
	out, err := s.Run(ctx, remote.Command{Name: "reboot", Script: rebootScript})
	if err != nil {
		return err
	}
	switch word := strings.TrimSpace(string(out.Stdout)); {
	case word == "asked":
		return nil
	case word == "scheduled":
		return fmt.Errorf("reboot: %w: it is scheduled already (1190)", remote.ErrGoingDown)
	case word == "going":
		return fmt.Errorf("reboot: %w: a shutdown is in progress already (1115)", remote.ErrGoingDown)
	case strings.HasPrefix(word, "busy "):
		return fmt.Errorf("reboot: %w: job %s", remote.ErrBusy, clip(strings.TrimPrefix(word, "busy ")))
	case strings.HasPrefix(word, "failed "):
		return fmt.Errorf("reboot: %w: shutdown.exe: %s", remote.ErrRebootRefused, clip(strings.TrimPrefix(word, "failed ")))
	default:
		return fmt.Errorf("reboot: %w: %q", remote.ErrGarbage, clip(word))
	}
}

// servicingWorker runs for minutes after any search, and by itself at night: it
// is no reason to touch nothing.
const servicingWorker = "TiWorker"

type checked struct {
	Free    int64        `json:"free"`
	Start   string       `json:"start"` // of the Windows Update service
	Pending list[string] `json:"pending"`
	Busy    list[string] `json:"busy"`
	Jobs    list[string] `json:"jobs"`
	Now     string       `json:"now"`
}

// What a cumulative update takes on the system drive while it is installed, in
// bytes: with less than leastFree it fails, below wantedFree it may.
const (
	leastFree  = 3 << 30
	wantedFree = 10 << 30
)

// maxSkew is how far a host's clock may be off, as for all hosts.
const maxSkew = 5 * time.Minute

// Check looks at all that would keep a job from working.
func (Platform) Check(ctx context.Context, s remote.Session, _ data.Changes) ([]data.Check, error) {
	began := time.Now()
	var c checked
	if err := ask(ctx, s, remote.Command{Name: "pre-check", Script: checkScript}, &c); err != nil {
		return nil, err
	}
	return c.checks(began, time.Now()), nil
}

// Checks of what only an update needs.
const (
	checkDisk    = "free disk"
	checkService = "Windows Update service"
	checkPending = "pending reboot"
)

func (c checked) checks(began, ended time.Time) []data.Check {
	check := func(name string, ok bool, good, bad string) data.Check {
		if ok {
			return data.Check{Name: name, Result: data.CheckPassed, Detail: good}
		}
		return data.Check{Name: name, Result: data.CheckFailed, Detail: bad}
	}
	gigabytes := fmt.Sprintf("%.1f GiB free", float64(c.Free)/(1<<30))
	list := []data.Check{
		check(checkDisk, c.Free >= leastFree, gigabytes, gigabytes+", 3 GiB are the least, 10 GiB are wanted"),
		check(checkService, c.Start != "" && c.Start != "Disabled", "it may start", "it is disabled (wuauserv)"),
		check(checkPending, len(c.Pending) == 0, "none", clip(strings.Join(c.Pending, ", "))+": plan a reboot before updates"),
		check("other installer", len(c.Busy) == 0, "none", "at work: "+clip(strings.Join(c.Busy, ", "))),
		check("another job", len(c.Jobs) == 0, "none", clip(strings.Join(c.Jobs, ", "))),
	}
	switch {
	case c.Free < 0:
		list[0] = data.Check{Name: checkDisk, Detail: "cannot tell"}
	case c.Free >= leastFree && c.Free < wantedFree:
		list[0] = data.Check{Name: checkDisk, Result: data.CheckWarned, Detail: gigabytes + ", 10 GiB are wanted"}
	}
	if len(c.Busy) == 1 && c.Busy[0] == servicingWorker {
		list[3] = data.Check{Name: "other installer", Result: data.CheckWarned, Detail: "servicing (TiWorker) is at work; Windows Update lets no two install at a time"}
	}
	for i := range list {
		list[i].UpdatesOnly = slices.Contains([]string{checkDisk, checkService, checkPending}, list[i].Name)
		list[i].RebootFirst = list[i].Name == checkPending && list[i].Result == data.CheckFailed
	}
	clock := data.Check{Name: "clock", Detail: "cannot tell"}
	if now := moment(c.Now); !now.IsZero() {
		skew := max(began.Sub(now), now.Sub(ended), 0).Round(time.Second)
		clock = check("clock", skew <= maxSkew, "right", fmt.Sprintf("off by %s", skew))
	}
	return append(list, clock)
}
