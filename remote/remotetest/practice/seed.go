package practice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"secondtuesday/data"
)

// A History is what the shop has behind it when it is opened for the first
// time: ten weeks of scans, agreed windows, freezes, exceptions and one rollout.
// Host IDs are positions in Shop.Hosts and group IDs positions in Shop.Groups,
// both counted from 1; Renumber turns them into those of a workspace.
type History struct {
	Windows    []data.Window
	Freezes    []data.Freeze
	Exceptions []data.Exception
	Scans      []data.Scan // oldest first
	Plan       data.Plan
	Rollout    data.Rollout
	Runs       []data.Run
}

// The history reaches back so many weekly scans; the newest is twenty hours
// old when the shop opens first.
const (
	weeks     = 10
	lastScan  = 20 * time.Hour
	roundDays = 30 // the earlier rollout was so many days before
)

// History returns the shop's past. The same shop always has the same.
func (s *Shop) History() History {
	var hist History
	groups := map[string]data.GroupID{}
	for i, g := range s.Groups() {
		groups[g.Name] = data.GroupID(i + 1)
	}
	hist.Windows = s.windows(groups)
	hist.Freezes = s.freezes(groups)
	hist.Exceptions = s.exceptions()
	for k := weeks; k >= 0; k-- {
		at := s.anchor.Add(-lastScan).AddDate(0, 0, -7*k)
		for i, d := range company() {
			if scan, ok := s.pastScan(d, at.Add(time.Duration(i)*40*time.Second)); ok {
				scan.Host = data.HostID(i + 1)
				hist.Scans = append(hist.Scans, scan)
			}
		}
		for i, d := range windowsCompany() {
			n := len(company()) + i
			if scan, ok := s.pastWindows(d, at.Add(time.Duration(n)*40*time.Second)); ok {
				scan.Host = data.HostID(n + 1)
				hist.Scans = append(hist.Scans, scan)
			}
		}
	}
	s.round(&hist)
	return hist
}

// Renumber returns h with the IDs that a workspace gave to the shop's hosts
// and groups, in the order of Shop.Hosts and Shop.Groups. The plan's scans stay 0.
func (h History) Renumber(hosts []data.HostID, groups []data.GroupID) History {
	host := func(id data.HostID) data.HostID {
		if id == 0 {
			return 0
		}
		return hosts[id-1]
	}
	group := func(ids []data.GroupID) []data.GroupID {
		var out []data.GroupID
		for _, id := range ids {
			out = append(out, groups[id-1])
		}
		return out
	}
	h.Windows, h.Freezes, h.Exceptions = slices.Clone(h.Windows), slices.Clone(h.Freezes), slices.Clone(h.Exceptions)
	h.Scans, h.Runs, h.Plan.Hosts = slices.Clone(h.Scans), slices.Clone(h.Runs), slices.Clone(h.Plan.Hosts)
	for i := range h.Windows {
		h.Windows[i].Groups = group(h.Windows[i].Groups)
	}
	for i := range h.Freezes {
		h.Freezes[i].Groups = group(h.Freezes[i].Groups)
	}
	for i := range h.Exceptions {
		h.Exceptions[i].Host = host(h.Exceptions[i].Host)
	}
	for i := range h.Scans {
		h.Scans[i].Host = host(h.Scans[i].Host)
	}
	for i := range h.Runs {
		h.Runs[i].Host = host(h.Runs[i].Host)
	}
	for i := range h.Plan.Hosts {
		h.Plan.Hosts[i].Host = host(h.Plan.Hosts[i].Host)
	}
	return h
}

func (s *Shop) windows(groups map[string]data.GroupID) []data.Window {
	from := s.anchor.AddDate(0, -4, 0)
	first := data.Date{Year: from.Year(), Month: from.Month(), Day: from.Day()}
	list := []struct {
		name, group, rule, zone, by string
		plus, hour, hours           int
		reboot                      bool
	}{
		{"Infrastructure, around the clock", "Infrastructure", "FREQ=DAILY", "Europe/Berlin", "Carla Sousa", 0, 0, 24, true},
		{"Web, after Patch Tuesday", "Web", "FREQ=MONTHLY;BYDAY=2TU", "Europe/Berlin", "Petra Lang", 2, 22, 3, true},
		{"Databases, Sunday night", "Databases", "FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin", "Petra Lang", 0, 2, 4, true},
		{"Office, Thursday evening", "Office", "FREQ=WEEKLY;BYDAY=TH", "Europe/Berlin", "Jonas Weber", 0, 20, 2, false},
		{"Office, reboots", "Office", "FREQ=MONTHLY;BYDAY=3SA", "Europe/Berlin", "Jonas Weber", 0, 8, 3, true},
		{"Finance, first Saturday", "Finance", "FREQ=MONTHLY;BYDAY=1SA", "Europe/Berlin", "Miguel Torres", 0, 6, 5, true},
		{"Warehouse, second Saturday", "Warehouse", "FREQ=MONTHLY;BYDAY=2SA", "Europe/Lisbon", "Ana Ribeiro", 0, 18, 4, true},
		{"Windows, after Patch Tuesday", "Windows", "FREQ=MONTHLY;BYDAY=2TU", "Europe/Berlin", "Carla Sousa", 3, 21, 4, true},
	}
	var out []data.Window
	for _, w := range list {
		out = append(out, data.Window{Name: w.name, Groups: []data.GroupID{groups[w.group]}, TimeZone: w.zone, Duration: time.Duration(w.hours) * time.Hour,
			Recurs:  data.Recurrence{Rule: w.rule, PlusDays: w.plus, First: first, Start: data.Clock{Hour: w.hour}},
			Permits: data.Permits{Install: true, Reboot: w.reboot},
			Agreed:  data.Approval{Role: "window owner", By: w.by, At: from.Add(26 * time.Hour).Truncate(time.Hour), Note: "agreed by e-mail"}})
	}
	return out
}

func (s *Shop) freezes(groups map[string]data.GroupID) []data.Freeze {
	day := func(n int) time.Time { return s.anchor.AddDate(0, 0, n).Truncate(24 * time.Hour) }
	return []data.Freeze{
		{Name: "Autumn sale", Groups: []data.GroupID{groups["Web"], groups["Databases"]}, From: day(-24), Until: day(-19), Reason: "most orders of the quarter come in", AgreedBy: "Petra Lang"},
		{Name: "Closing of the books", Groups: []data.GroupID{groups["Finance"]}, From: day(9), Until: day(16), Reason: "quarterly statement", AgreedBy: "Miguel Torres"},
		{Name: "Stocktaking", Groups: []data.GroupID{groups["Warehouse"]}, From: day(3), Until: day(5), Reason: "scanners must work", AgreedBy: "Ana Ribeiro"},
	}
}

func (s *Shop) exceptions() []data.Exception {
	day := func(n int) time.Time { return s.anchor.AddDate(0, 0, n).Truncate(time.Hour) }
	approvals := func(n int) []data.Approval {
		return []data.Approval{{Role: "management", By: "Petra Lang", At: day(n)}, {Role: "security", By: "Carla Sousa", At: day(n)}, {Role: "operations", By: "Jonas Weber", At: day(n + 1)}}
	}
	return []data.Exception{
		{Host: s.hostID("db1"), Update: "postgresql-15:amd64", Reason: "the shop software is not cleared for this version", RequestedBy: "Petra Lang", Mitigation: "the port is open to web1 and web2 only",
			WaitsFor: "release 8.3 of the shop software", Approvals: approvals(-25), Created: day(-26), Expires: day(35)},
		{Host: s.hostID("erp"), Update: "tomcat10:all", Reason: "custom connector fails with this version", RequestedBy: "Miguel Torres", Mitigation: "reachable from the finance network only",
			WaitsFor: "fix by the vendor", Approvals: approvals(-20), Created: day(-21), Expires: day(4)},
		{Host: s.hostID("mail"), Update: "dovecot-core:amd64", Reason: "migration of mailboxes", RequestedBy: "Jonas Weber", Mitigation: "none needed, no logins from outside",
			WaitsFor: "end of the migration", Approvals: approvals(-18), Created: day(-19), Expires: day(-5)},
		{Host: s.hostID("erp-app"), Update: "KB5070610", Reason: "the vendor of the ERP has not cleared this update of SQL Server", RequestedBy: "Miguel Torres", Mitigation: "the database is open to the application server only",
			WaitsFor: "clearance by the vendor", Approvals: approvals(-16), Created: day(-17), Expires: day(28)},
	}
}

func (s *Shop) hostID(name string) data.HostID {
	for i, d := range everyone() {
		if d.Name == name {
			return data.HostID(i + 1)
		}
	}
	return 0
}

// A past is an update with the days before the anchor on which it came out
// and went in; in is 0 while it is missing.
type past struct {
	o       Offer
	out, in int
}

// pasts returns all updates that a host lacked at some time of the history:
// those of the catalogue, and older versions of what is installed.
func (d definition) pasts() []past {
	var out []past
	for _, o := range d.offers() {
		if o.Old == "" {
			continue
		}
		in := 0
		if d.PatchedDays > 0 && o.Age > d.PatchedDays && o.Kernel == "" && o.Fails == "" {
			in = d.PatchedDays
		}
		out = append(out, past{o, o.Age, in})
	}
	if d.PatchedDays == 0 {
		return out
	}
	for _, p := range d.packages() {
		old := olderVersion(p.Version)
		if slices.ContainsFunc(out, func(x past) bool { return x.o.Name == p.Name }) || old == "" || spread(d.Name+p.Name, 3) > 1 {
			continue
		}
		o := Offer{Name: p.Name, Arch: p.Arch, Version: p.Version, Old: old, Repo: d.OS.Base.ID, Class: data.BugFix}
		if d.classless() {
			o.Class = data.ClassUnknown
		} else if spread(p.Name, 2) == 0 && d.OS.Security.ID != "" {
			o.Repo, o.Class = d.OS.Security.ID, data.Security
		}
		in := d.PatchedDays
		released := in + 4 + spread(p.Name+"out", 30)
		if released > in+28 {
			in += 28 // there was a patch day four weeks before
			released = max(released, in+3)
		}
		out = append(out, past{o, released, in})
	}
	return out
}

var lastNumber = regexp.MustCompile(`^(.*[^0-9])([1-9][0-9]?)([^0-9]*)$`)

// olderVersion makes a version that came before: the last number less one.
func olderVersion(v string) string {
	m := lastNumber.FindStringSubmatch(v)
	if m == nil {
		return ""
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n < 2 {
		return ""
	}
	return m[1] + strconv.Itoa(n-1) + m[3]
}

// pastScan is what a scan of the host would have found at that moment. There
// is none of a host that the desk could not log in to.
func (s *Shop) pastScan(d definition, at time.Time) (data.Scan, bool) {
	before := func(days int) time.Time { return s.anchor.AddDate(0, 0, -days) }
	if d.Key == "unknown" || d.Key == "changed" && at.After(before(12)) {
		return data.Scan{}, false
	}
	h := &Host{def: d, shop: s}
	scan := data.Scan{At: at.Truncate(time.Second), HostNow: at.Truncate(time.Second), Platform: d.OS.Platform, Root: true, RebootKnown: true, RestartKnown: !d.classless(),
		OS:         data.OS{ID: d.OS.ID, Version: d.OS.Version, Name: d.OS.Name, Codename: d.OS.Codename},
		Kernel:     data.Kernel{Running: d.OS.Kernel, Installed: d.OS.Kernel},
		BootedAt:   before(d.UpDays).Add(-3 * time.Hour).Truncate(time.Second),
		MetadataAt: at.Add(-time.Duration(d.ListAge) * time.Hour).Truncate(time.Second),
		BootID:     fmt.Sprintf("%08x-5ec0-4d00-8000-%012x", spread(d.Name, 1<<30), spread(d.Name+"boot", 1<<30))}
	if scan.BootedAt.After(at) { // another boot then
		scan.BootedAt = at.AddDate(0, 0, -40).Truncate(24 * time.Hour)
		scan.BootID = fmt.Sprintf("%08x-5ec0-4d00-8000-%012x", spread(d.Name, 1<<30)+1, spread(d.Name+"boot", 1<<30))
	}
	scan.Evidence = []data.Evidence{{Name: "practice", Output: "made up with the practice shop; no host was asked\n"}}
	versions := map[string]string{}
	for _, x := range d.pasts() {
		name := key(x.o.Name, x.o.Arch)
		if at.Before(before(x.out)) || x.in == 0 || at.Before(before(x.in)) {
			versions[name] = x.o.Old
		}
		missing := !at.Before(before(x.out)) && (x.in == 0 || at.Before(before(x.in)))
		if missing && (d.DeadRepo != x.o.Repo || x.out > 61) {
			scan.Updates = append(scan.Updates, h.pastUpdate(x))
		}
	}
	for _, p := range d.packages() {
		v := p.Version
		if old := versions[key(p.Name, p.Arch)]; old != "" {
			v = old
		}
		scan.Installed = append(scan.Installed, data.Package{Name: p.Name, Arch: p.Arch, Version: v})
	}
	if d.DeadRepo != "" && at.After(before(54)) {
		scan.MetadataAt = before(61)
		scan.Problems = []data.Problem{{Kind: data.SourceExpired, Untrusted: true, Detail: "security.example.test_debian-security_dists_bookworm-security was valid until " + before(54).Format("2006-01-02 15:04 UTC")}}
	}
	return scan, true
}

// pastUpdate says of an update what the platform's own scan would say.
func (h *Host) pastUpdate(x past) data.Update {
	o := x.o
	u := data.Update{Name: o.Name, Arch: o.Arch, Installed: o.Old, Available: o.Version, Class: o.Class}
	held := contains(h.def.Held, o.Name)
	switch {
	case held:
		u.Hold = data.Held
	case h.def.aptBased() && o.Phased:
		u.Hold = data.Phased
	case h.def.aptBased() && o.Needs != "":
		u.Hold = data.KeptBack
	}
	if h.def.aptBased() {
		u.Origin = h.originOf(o)
		return u
	}
	switch h.def.OS.Platform {
	case data.APK: // says neither
		return u
	case data.Pacman:
		u.Size = o.Size
	}
	u.Origin, u.Severity = o.Repo, o.Severity
	if o.Advisory != "" {
		u.Advisories = []string{o.Advisory}
	}
	u.CVEs = slices.Sorted(slices.Values(o.CVEs))
	if h.def.OS.Platform == data.Zypper && o.Advisory != "" {
		u.Released = h.shop.anchor.AddDate(0, 0, -o.Age).Truncate(24 * time.Hour)
		if o.Class == data.BugFix {
			u.Severity = data.Medium
		}
	}
	return u
}

// roundAt is when the earlier rollout began.
func (s *Shop) roundAt() time.Time {
	return s.anchor.AddDate(0, 0, -roundDays).Truncate(24 * time.Hour).Add(20 * time.Hour)
}

// round adds the earlier rollout: what came in a month ago on the hosts that
// had their patch day then.
func (s *Shop) round(hist *History) {
	at := s.roundAt()
	hist.Plan = data.Plan{Name: "Monthly round", Created: at.AddDate(0, 0, -2), CreatedBy: "carla@desk1", Parallel: 3, StopAt: 0.5, Reboot: data.RebootIfNeeded,
		Rings:    []data.Ring{{Number: 1, Name: "Infrastructure", Soak: time.Hour, Gate: 0.8}, {Number: 2, Name: "Everything else"}},
		Approved: data.Approval{Role: "plan", By: "Petra Lang", At: at.AddDate(0, 0, -1)}}
	hist.Rollout = data.Rollout{Started: at, StartedBy: "carla@desk1", Ended: at.Add(105 * time.Minute), State: data.RolloutDone}
	for i, d := range company() {
		if d.PatchedDays != roundDays {
			continue
		}
		var c data.Changes
		h := &Host{def: d, shop: s}
		for _, x := range d.pasts() {
			if x.in == roundDays {
				u := h.pastUpdate(x)
				c.Upgrade = append(c.Upgrade, data.Target{Name: u.Name, Arch: u.Arch, From: u.Installed, To: u.Available, Origin: u.Origin, Class: u.Class, Severity: u.Severity})
			}
		}
		slices.SortFunc(c.Upgrade, func(a, b data.Target) int { return slices.Compare([]string{a.Key()}, []string{b.Key()}) })
		hist.addRun(d, data.HostID(i+1), c, at)
	}
	s.windowsRound(hist)
}

// addRun adds a host to the rollout that began at that moment.
func (hist *History) addRun(d definition, id data.HostID, c data.Changes, at time.Time) {
	ring := min(d.Ring, 2)
	begun := at.Add(time.Duration(spread(d.Name, 9)) * time.Minute)
	if ring == 2 {
		begun = begun.Add(75 * time.Minute)
	}
	hist.Plan.Hosts = append(hist.Plan.Hosts, data.PlanHost{Host: id, Ring: ring, Changes: c})
	hist.Runs = append(hist.Runs, data.Run{Host: id, Ring: ring, Job: fmt.Sprintf("round-%s-1", d.Name), Step: data.StepEnded, Outcome: data.OutcomeSucceeded,
		Detail: fmt.Sprintf("%d of %[1]d changes are in", len(c.Upgrade)), Started: begun, Ended: begun.Add(6*time.Minute + time.Duration(spread(d.Name, 200))*time.Second),
		Deadline: at.Add(4 * time.Hour), Attempt: 1, JobEnded: true,
		Checks: []data.Check{{Name: "free disk", Result: data.CheckPassed}, {Name: "boot", After: true, Result: data.CheckPassed}}})
}
