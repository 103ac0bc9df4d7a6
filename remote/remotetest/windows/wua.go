package windows

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Caller is who asks. Windows Update closes itself to network logons.
type Caller struct {
	User    string // `SHOP\admin`; "SYSTEM" for the computer itself
	Network bool   // logged on over the network, as WinRM and SSH do
}

// System is the computer's own account.
var System = Caller{User: "SYSTEM"}

// IsSystem tells whether the caller is the computer itself.
func (c Caller) IsSystem() bool { return !c.Network && c.User == System.User }

// closedToNetwork are the operations that "Using WUA From a Remote Computer"
// names; Windows Server 2025 closes the others too.
var closedToNetwork = []string{
	"CreateUpdateDownloader", "CreateUpdateInstaller", "WebProxy", "AcceptEula",
	"IsHidden", "SystemInfo", "AddService", "Uninstall", "DetectNow",
}

// Allowed says with a *Fault that Windows Update denies the caller an operation:
// "CreateUpdateSearcher", "Search", "QueryHistory", "SystemInfo" …
func (w *World) Allowed(c Caller, operation string) error {
	return w.look(func(s *State, _ time.Time) error { return s.allowed(c, operation) })
}

func (s *State) allowed(c Caller, operation string) error {
	if code, denied := s.Faults.Denied[operation]; denied {
		return s.fault(code)
	}
	switch s.Faults.Wall {
	case WallNone:
		return nil
	case WallEveryone:
		return s.fault(accessDenied)
	case WallTotal:
		if c.Network {
			return s.fault(accessDenied)
		}
	default:
		if c.Network && slices.Contains(closedToNetwork, operation) {
			return s.fault(accessDenied)
		}
	}
	return nil
}

// A Query is one search.
type Query struct {
	Criteria        string
	Offline         bool   // Online = false
	ServerSelection int    // 0 default, 1 managed, 2 Windows Update, 3 others
	ServiceID       string // with 3
}

// A Found is a search's result.
type Found struct {
	ResultCode int
	Updates    []Update
	Warnings   []Warning
}

// Search searches as IUpdateSearcher::Search does. Its errors are *Fault.
func (w *World) Search(c Caller, q Query) (*Found, error) {
	for _, operation := range []string{"CreateUpdateSearcher", "Search"} {
		if err := w.Allowed(c, operation); err != nil {
			return nil, err
		}
	}
	want, ok := parseCriteria(q.Criteria)
	var takes time.Duration
	err := w.look(func(s *State, _ time.Time) error {
		if !ok {
			return s.fault(badCriteria)
		}
		takes = s.Source.Takes
		return s.reach(q)
	})
	if err != nil {
		return nil, err
	}
	if err := w.wait(takes); err != nil {
		return nil, err
	}
	found := &Found{ResultCode: Succeeded}
	err = w.change(func(s *State, now time.Time) error {
		if len(s.Source.Warnings) > 0 && !q.Offline {
			found.ResultCode, found.Warnings = SucceededWithErrors, s.Source.Warnings
		}
		if !q.Offline {
			s.LastSearch = now
		}
		for i := range s.Updates {
			u := &s.Updates[i]
			if !s.offered(u, q) || !want.match(u) {
				continue
			}
			found.Updates = append(found.Updates, *u)
			u.shown()
		}
		if s.Faults.BrokenUpdates {
			found.Updates = append(found.Updates, Update{})
		}
		return nil
	})
	return found, err
}

// reach says what keeps a search from its source.
func (s *State) reach(q Query) error {
	if v := s.service("wuauserv"); v != nil && v.Start == "Disabled" {
		return s.fault(serviceDisabled)
	}
	if q.ServerSelection == 3 && !slices.ContainsFunc(s.UpdateServices, func(u UpdateService) bool { return same(u.ID, q.ServiceID) }) {
		return s.fault(unknownService)
	}
	if q.Offline {
		return nil
	}
	managed := q.ServerSelection == 1 || q.ServerSelection == 0 && s.Source.UseWSUS
	switch {
	case s.Source.Disabled, s.Source.NoInternet && !managed:
		return s.fault(byPolicy)
	case s.Source.Error != 0:
		return s.fault(s.Source.Error)
	case s.Source.OnlineError != 0 && !managed:
		return s.fault(s.Source.OnlineError)
	}
	return nil
}

// offered tells whether the source and the computer know an update at all.
func (s *State) offered(u *Update, q Query) bool {
	if q.Offline && s.Source.NoCache && !u.Installed {
		return false
	}
	if u.ServerSelection != 0 && q.ServerSelection != 0 && u.ServerSelection != q.ServerSelection {
		return false
	}
	if u.Installed {
		return true
	}
	if u.WithdrawnBySelf && u.Shown {
		return false
	}
	for _, other := range s.Updates {
		if other.Installed && slices.Contains(other.Superseded, u.UpdateID) {
			return false
		}
	}
	return true
}

func (u *Update) shown() {
	u.Shown = true
	if u.RevisedTo > 0 && !u.Installed {
		u.Revision, u.RevisedTo = u.RevisedTo, 0
		u.Downloaded, u.EulaAccepted = false, false
	}
}

// An ID names one revision of an update.
type ID struct {
	UpdateID string
	Revision int
}

func (i ID) String() string { return fmt.Sprintf("%s.%d", i.UpdateID, i.Revision) }

// A Done is what became of a download or an installation: of all, and of each.
type Done struct {
	ResultCode int
	HResult    HRESULT
	Reboot     bool // RebootRequired
	Each       []Done
}

// revision finds the revision that a caller holds; WUA knows updates only as it
// offered them last.
func (s *State) revision(id ID) *Update {
	u := s.update(id.UpdateID)
	if u == nil || u.Revision != id.Revision {
		return nil
	}
	return u
}

// Download downloads as IUpdateDownloader::Download does. Its errors are *Fault.
func (w *World) Download(c Caller, ids ...ID) (*Done, error) {
	if err := w.Allowed(c, "CreateUpdateDownloader"); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, w.fault(noUpdate)
	}
	each := make([]Done, len(ids))
	for i, id := range ids {
		var takes time.Duration
		err := w.look(func(s *State, _ time.Time) error {
			if u := s.revision(id); u != nil && !u.Downloaded {
				takes = u.DownloadTakes
			}
			return s.refuseWork()
		})
		if err != nil {
			return nil, err
		}
		if err := w.wait(takes); err != nil {
			return nil, err
		}
		if err := w.change(func(s *State, _ time.Time) error { each[i] = s.download(id); return nil }); err != nil {
			return nil, err
		}
	}
	return summary(each), nil
}

// refuseWork refuses what a computer that goes down, or a switched-off service,
// does not begin.
func (s *State) refuseWork() error {
	if s.Shutdown != nil && s.Shutdown.InProgress {
		return s.fault(shutdownInProgress)
	}
	if v := s.service("wuauserv"); v != nil && v.Start == "Disabled" {
		return s.fault(serviceDisabled)
	}
	return nil
}

func (s *State) download(id ID) Done {
	u := s.revision(id)
	switch {
	case u == nil:
		return Done{ResultCode: Failed, HResult: noUpdate}
	case u.Downloaded:
		return Done{ResultCode: Succeeded}
	case u.Eula != "" && !u.EulaAccepted:
		return Done{ResultCode: Failed, HResult: eulaDeclined}
	case u.DownloadError != 0:
		return Done{ResultCode: Failed, HResult: u.DownloadError}
	case s.DiskFree < u.MaxSize:
		return Done{ResultCode: Failed, HResult: diskFull}
	}
	s.DiskFree -= u.MaxSize
	u.Downloaded = true
	return Done{ResultCode: Succeeded}
}

// summary is the result of all from that of each.
func summary(each []Done) *Done {
	all := &Done{ResultCode: Succeeded, Each: each}
	bad := 0
	for _, d := range each {
		all.Reboot = all.Reboot || d.Reboot
		if d.ResultCode != Succeeded {
			bad++
		}
	}
	switch {
	case bad > 0 && bad == len(each):
		all.ResultCode, all.HResult = Failed, allFailed
	case bad > 0:
		all.ResultCode = SucceededWithErrors
	}
	return all
}

// Install installs as IUpdateInstaller::Install does, one after the other, for
// the program that calls itself client. Its errors are *Fault, or ErrDown when
// the computer went down meanwhile; a caller who goes away stops nothing.
func (w *World) Install(c Caller, client string, ids ...ID) (*Done, error) {
	if err := w.Allowed(c, "CreateUpdateInstaller"); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, w.fault(noUpdate)
	}
	if err := w.look(func(s *State, now time.Time) error { return s.refuseInstall(now, ids) }); err != nil {
		return nil, err
	}
	each := make([]Done, len(ids))
	for i, id := range ids {
		takes, err := w.begin(id)
		if err != nil {
			return nil, err
		}
		if err := w.wait(takes); err != nil {
			return nil, err
		}
		err = w.change(func(s *State, now time.Time) error {
			each[i] = s.install(id, client, now)
			s.Installing = nil
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return summary(each), nil
}

func (w *World) fault(code HRESULT) error {
	return w.look(func(s *State, _ time.Time) error { return s.fault(code) })
}

// refuseInstall refuses a whole installation.
func (s *State) refuseInstall(now time.Time, ids []ID) error {
	if err := s.refuseWork(); err != nil {
		return err
	}
	if s.busy(now) {
		return s.fault(inProgress)
	}
	if s.mandatoryReboot() {
		return s.fault(notAllowed)
	}
	declined := 0
	for _, id := range ids {
		if u := s.revision(id); u != nil && u.Eula != "" && !u.EulaAccepted {
			declined++
		}
	}
	if declined == len(ids) {
		return s.fault(eulaDeclined)
	}
	return nil
}

// busy tells whether some installer is at work.
func (s *State) busy(now time.Time) bool {
	return s.Faults.OtherInstaller || s.Installing != nil && now.Before(s.Installing.Until)
}

// mandatoryReboot is RebootRequiredBeforeInstallation: an update that must be
// alone waits for its boot.
func (s *State) mandatoryReboot() bool {
	return s.Faults.MandatoryReboot || slices.ContainsFunc(s.Updates, func(u Update) bool { return u.RebootPending && u.Impact == 2 })
}

// begin marks that an installer is at work, and says for how long.
func (w *World) begin(id ID) (takes time.Duration, err error) {
	err = w.change(func(s *State, now time.Time) error {
		if s.busy(now) {
			return s.fault(inProgress)
		}
		if u := s.revision(id); u != nil {
			takes = u.InstallTakes
		}
		s.Installing = &Installing{UpdateID: id.UpdateID, Until: now.Add(takes), Boot: s.BootedAt}
		return nil
	})
	return takes, err
}

// install ends the installation of one update and writes history.
func (s *State) install(id ID, client string, now time.Time) Done {
	u := s.revision(id)
	d := Done{ResultCode: Succeeded}
	switch {
	case u == nil:
		return Done{ResultCode: Failed, HResult: noUpdate}
	case u.Installed:
		return Done{ResultCode: Succeeded, Reboot: u.RebootPending}
	case u.Eula != "" && !u.EulaAccepted:
		return Done{ResultCode: Aborted, HResult: eulaDeclined}
	case !u.Downloaded:
		return Done{ResultCode: Failed, HResult: notDownloaded}
	case u.InstallError != 0:
		d = Done{ResultCode: Failed, HResult: u.InstallError}
	default:
		s.putIn(u, now)
		d.Reboot = u.RebootPending
		if u.WithErrors {
			d.ResultCode = SucceededWithErrors
		}
	}
	s.History = append(s.History, u.entry(now, client, d.ResultCode, d.HResult))
	return d
}

func (s *State) putIn(u *Update, now time.Time) {
	u.Installed, s.LastInstall = true, now
	if u.InstallsAs > 0 {
		u.Revision = u.InstallsAs
	}
	if u.NeedsReboot {
		u.RebootPending = true
		s.pend(CBSRebootPending)
		s.pend(UpdateRebootRequired)
		return
	}
	s.settle(u, now)
}

// settle is what an installed update changes once nothing is pending.
func (s *State) settle(u *Update, now time.Time) {
	s.UBR = max(s.UBR, u.RaisesUBR)
	for _, kb := range u.KBs {
		if u.RaisesUBR > 0 || u.NeedsReboot {
			s.HotFixes = append(s.HotFixes, HotFix{"KB" + kb, "Security Update", `NT AUTHORITY\SYSTEM`, now})
		}
	}
}

func (s *State) pend(reason string) {
	if !slices.Contains(s.Pending, reason) {
		s.Pending = append(s.Pending, reason)
	}
}

func (u *Update) entry(at time.Time, client string, result int, code HRESULT) HistoryEntry {
	return HistoryEntry{UpdateID: u.UpdateID, Revision: u.Revision, Title: u.Title, Date: at, Operation: 1,
		ResultCode: result, HResult: code, Client: client, Description: u.Description, SupportURL: u.SupportURL}
}

// AcceptEula accepts an update's licence terms.
func (w *World) AcceptEula(c Caller, id ID) error {
	if err := w.Allowed(c, "AcceptEula"); err != nil {
		return err
	}
	return w.change(func(s *State, _ time.Time) error {
		u := s.revision(id)
		if u == nil {
			return s.fault(noUpdate)
		}
		u.EulaAccepted = true
		return nil
	})
}

// Hide sets an update's IsHidden.
func (w *World) Hide(c Caller, id ID, hidden bool) error {
	if err := w.Allowed(c, "IsHidden"); err != nil {
		return err
	}
	return w.change(func(s *State, _ time.Time) error {
		if u := s.revision(id); u != nil {
			u.Hidden = hidden
		}
		return nil
	})
}

// Past is Windows Update's history, newest first.
func (w *World) Past(c Caller) (past []HistoryEntry, err error) {
	for _, operation := range []string{"CreateUpdateSearcher", "QueryHistory"} {
		if err := w.Allowed(c, operation); err != nil {
			return nil, err
		}
	}
	err = w.look(func(s *State, _ time.Time) error {
		past = slices.Clone(s.History)
		slices.Reverse(past)
		return nil
	})
	return past, err
}

// RebootRequired is ISystemInformation::RebootRequired.
func (w *World) RebootRequired(c Caller) (required bool, err error) {
	if err := w.Allowed(c, "SystemInfo"); err != nil {
		return false, err
	}
	err = w.look(func(s *State, _ time.Time) error {
		required = s.rebootRequired()
		return nil
	})
	return required, err
}

func (s *State) rebootRequired() bool {
	return slices.Contains(s.Pending, UpdateRebootRequired) || slices.ContainsFunc(s.Updates, func(u Update) bool { return u.RebootPending })
}

// Installer is what an IUpdateInstaller says before it installs.
func (w *World) Installer() (busy, rebootFirst bool, err error) {
	err = w.look(func(s *State, now time.Time) error {
		busy, rebootFirst = s.busy(now), s.mandatoryReboot()
		return nil
	})
	return busy, rebootFirst, err
}

// isGerman tells the language of messages.
func (s *State) isGerman() bool { return strings.HasPrefix(s.Language, "de") }
