package practice

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/windows"
)

// update makes the update as Windows knows it.
func (o winOffer) update(s *windows.State) windows.Update {
	u := s.Plain(o.KB, o.Title, o.Class, o.Out)
	if o.Title == "" {
		u = s.Cumulative(o.KB, o.UBR, o.Out)
	}
	u.Severity, u.CVEs, u.RollsBack = o.Severity, o.CVEs, o.RollsBack
	u.Eula = o.Eula
	if o.Revision > 0 {
		u.Revision = o.Revision
	}
	if o.Size > 0 {
		u.MaxSize = o.Size
	}
	return u
}

// known returns the updates that a host showed at that moment, as missing or as
// installed: of several that each replace the one before only the newest that
// is missing. What went in later has no In.
func (d winDefinition) known(p patchDays, at time.Time) []winOffer {
	var out []winOffer
	newest := func(o winOffer) bool { // of its kind
		return o.Title == "" || o.Revision > 0
	}
	for _, o := range d.Offers(p) {
		if o.Out.After(at) {
			continue
		}
		if o.In.After(at) {
			o.In, o.Waits = time.Time{}, false
		}
		out = slices.DeleteFunc(out, func(x winOffer) bool {
			replaced := newest(o) && newest(x) && x.Class == o.Class
			return replaced && (x.In.IsZero() || o.Class == windows.DefinitionUpdates)
		})
		out = append(out, o)
	}
	return out
}

// past is Windows Update's history at that moment, oldest first: also of what
// has been replaced since.
func (d winDefinition) past(p patchDays, s *windows.State, at time.Time) []windows.HistoryEntry {
	var out []windows.HistoryEntry
	for _, o := range d.Offers(p) {
		u := o.update(s)
		line := windows.HistoryEntry{UpdateID: u.UpdateID, Revision: u.Revision, Title: u.Title, Operation: 1, Client: "Second Tuesday"}
		if !o.Failed.IsZero() && !o.Failed.After(at) {
			line.Date, line.ResultCode, line.HResult, line.Client = o.Failed, windows.Failed, 0x80070643, "UpdateOrchestrator"
			out = append(out, line)
		}
		if !o.In.IsZero() && !o.In.After(at) {
			line.Date, line.ResultCode, line.HResult, line.Client = o.In, windows.Succeeded, 0, "Second Tuesday"
			out = append(out, line)
		}
	}
	slices.SortStableFunc(out, func(a, b windows.HistoryEntry) int { return a.Date.Compare(b.Date) })
	return out
}

// replaces are the UpdateIDs of what a cumulative update makes unnecessary: all
// earlier ones.
func (d winDefinition) replaces(o winOffer, p patchDays, s *windows.State) []string {
	var ids []string
	for _, x := range d.Offers(p) {
		if o.Title == "" && x.Title == "" && x.Out.Before(o.Out) {
			ids = append(ids, x.update(s).UpdateID)
		}
	}
	return ids
}

// taken is the version of o's kind that the host took last before that moment.
func (d winDefinition) taken(o winOffer, p patchDays, base *windows.State, at time.Time) string {
	last := ""
	for _, x := range d.Offers(p) {
		if x.KB == o.KB && !x.In.IsZero() && !x.In.After(at) {
			last = x.version(x.update(base))
		}
	}
	return last
}

// ubr is the revision of the build that ran at that moment.
func (d winDefinition) ubr(p patchDays, at time.Time) int {
	ubr := d.UBR
	for _, o := range d.Offers(p) {
		if !o.In.IsZero() && !o.In.After(at) && !o.Waits {
			ubr = max(ubr, o.UBR)
		}
	}
	return ubr
}

// pastWindows is what a scan of a Windows host would have found at that moment.
func (s *Shop) pastWindows(d winDefinition, at time.Time) (data.Scan, bool) {
	if d.Key == "unknown" {
		return data.Scan{}, false
	}
	p := s.patchDays()
	base := d.Base(d.Name, s.anchor)
	build := strconv.Itoa(base.Build) + "." + strconv.Itoa(d.ubr(p, at))
	scan := data.Scan{At: at.Truncate(time.Second), HostNow: at.Truncate(time.Second), Platform: data.WindowsUpdate, Root: true, RebootKnown: true,
		OS:         data.OS{ID: "windows", Version: "10.0." + build, Name: base.Product, Codename: base.DisplayVersion},
		Kernel:     data.Kernel{Running: build},
		BootedAt:   d.booted(s.anchor),
		MetadataAt: at.Add(-time.Duration(d.ListAge) * time.Hour).Truncate(time.Second),
		Evidence:   []data.Evidence{{Name: "practice", Output: "made up with the practice shop; no host was asked\n"}}}
	if base.Install != "Server" {
		scan.OS.Name += " (" + base.Install + ")"
	}
	scan.OS.EndOfLife = remote.EndOfLife(scan.OS)
	if scan.BootedAt.After(at) { // another boot then
		scan.BootedAt = s.anchor.AddDate(0, 0, -75).Truncate(24 * time.Hour)
	}
	// .NET's ticks of the start of the session manager, as the host says itself.
	scan.BootID = strconv.FormatInt((scan.BootedAt.Add(time.Second).UnixMilli()+62135596800000)*10000, 10)
	if d.Silent > 0 && at.After(s.anchor.AddDate(0, 0, -d.Silent)) {
		scan.MetadataAt = d.silentSince(s.anchor)
		scan.Problems = []data.Problem{{Kind: data.SourceUnreachable, Untrusted: true,
			Detail: "search: the update server did not answer in time (0x80072EE2); updates come from WSUS " + base.Source.WSUS}}
		return scan, true
	}
	for _, o := range d.known(p, at) {
		u := o.update(&base)
		if !o.In.IsZero() {
			scan.Installed = append(scan.Installed, data.Package{Name: "KB" + o.KB, Version: o.version(u), Waits: o.Waits})
		}
		if o.Waits {
			scan.Reboot = []data.RebootReason{{Source: "servicing", Detail: "RebootPending"}, {Source: "Windows Update", Detail: "RebootRequired"}, {Source: "Windows Update", Detail: "it says so"}}
		}
		if o.In.IsZero() || o.Waits {
			lacks := o.missing(u, base)
			if lacks.Class == data.Definition {
				lacks.Installed = d.taken(o, p, &base, at)
			}
			if o.Waits {
				lacks.Hold = data.WaitsForReboot
			}
			scan.Updates = append(scan.Updates, lacks)
		}
	}
	return scan, true
}

func (o winOffer) version(u windows.Update) string {
	return u.UpdateID + "." + strconv.Itoa(u.Revision)
}

// missing says of an update what a scan says.
func (o winOffer) missing(u windows.Update, base windows.State) data.Update {
	class := map[string]data.Class{windows.SecurityUpdates: data.Security, windows.DefinitionUpdates: data.Definition, windows.UpdateRollups: data.BugFix}[o.Class]
	if o.Title == "" {
		class = data.Security
	}
	origin := "Microsoft"
	if base.Source.UseWSUS {
		origin = "WSUS " + base.Source.WSUS
	}
	return data.Update{Name: "KB" + o.KB, Available: o.version(u), Title: u.Title, Origin: origin, Class: class, Released: u.DeployedAt.Truncate(time.Second), Size: u.MaxSize,
		Severity: map[string]data.Severity{"Important": data.High}[o.Severity], CVEs: slices.Sorted(slices.Values(o.CVEs))}
}

// windowsRound adds the Windows hosts to the earlier rollout.
func (s *Shop) windowsRound(hist *History) {
	p := s.patchDays()
	for i, d := range windowsCompany() {
		var c data.Changes
		var names []string
		base := d.Base(d.Name, s.anchor)
		for _, o := range d.Offers(p) {
			if o.In.Equal(p.round) {
				u := o.missing(o.update(&base), base)
				c.Upgrade = append(c.Upgrade, data.Target{Name: u.Name, To: u.Available, Origin: u.Origin, Class: u.Class, Severity: u.Severity, Title: u.Title})
				names = append(names, u.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		slices.SortFunc(c.Upgrade, func(a, b data.Target) int { return strings.Compare(a.Key(), b.Key()) })
		hist.addRun(d.definition, data.HostID(len(company())+i+1), c, s.roundAt())
	}
}
