package dnf

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/linux"
	"secondtuesday/remote/rpm"
)

// read fills scan from the answer of scan.sh.
func read(a linux.Answer, scan *data.Scan) error {
	list, err := rpm.InstalledIn(a)
	if err != nil {
		return err
	}
	scan.Installed = rpm.Packages(list)
	scan.Reboot = append(scan.Reboot, rpm.RebootReasons(list, scan.BootedAt)...)
	busy, err := a.Section("busy")
	if err != nil {
		return err
	}
	if lines := busy.Lines(); len(lines) > 0 {
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.PlatformBusy, Detail: "process " + strings.Join(lines, ", "), Untrusted: true})
		return nil // the script asked no further
	}
	if dup := rpm.Duplicates(list); len(dup) > 0 {
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.PackagesBroken,
			Detail: "a transaction was cut off; installed twice: " + strings.Join(dup, ", ")})
	}
	r := reading{answer: a, scan: scan, newest: rpm.Newest(list)}
	r.refresh()
	for _, step := range []func() error{r.updates, r.keptBack, r.advisories, r.age, r.restarts} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

type reading struct {
	answer linux.Answer
	scan   *data.Scan
	newest map[string]rpm.Installed
}

func (r *reading) problem(kind data.ProblemKind, detail string) {
	r.scan.Problems = append(r.scan.Problems, data.Problem{Kind: kind, Detail: detail, Untrusted: true})
}

func (r *reading) refresh() {
	if s, err := r.answer.Section("refresh"); err == nil && s.Status != 0 {
		r.problem(trouble(s), linux.Tail(s.Err, 4))
	}
}

// trouble names what dnf's own words are about.
func trouble(s linux.Section) data.ProblemKind {
	text := s.Err + s.Out
	switch {
	case isBusy(s):
		return data.PlatformBusy
	case strings.Contains(text, "Cache-only enabled but no cache"), strings.Contains(text, "no enabled repos"):
		return data.MetadataMissing
	case strings.Contains(text, "No space left on device"), strings.Contains(text, "enough free space"):
		return data.DiskFull
	case strings.Contains(strings.ToLower(text), "signature"):
		return data.SourceExpired
	}
	return data.SourceUnreachable
}

// updates reads what is offered, and what is offered to nobody because of holds.
func (r *reading) updates() error {
	s, err := r.answer.Section("check-update")
	if err != nil {
		return err
	}
	if s.Status != 0 && s.Status != 100 {
		r.problem(trouble(s), fmt.Sprintf("check-update: exit status %d: %s", s.Status, linux.Tail(s.Err, 4)))
		if s, err = r.answer.Section("check-update beside missing lists"); err != nil {
			return err
		}
		if s.Status != 0 && s.Status != 100 {
			return nil // nothing is known of updates; the problem above says so
		}
	}
	offered, obsoleting, err := parseOffers(s.Out)
	if err != nil {
		return err
	}
	if (len(offered)+len(obsoleting) > 0) != (s.Status == 100) {
		r.problem(data.Contradiction, fmt.Sprintf("check-update: exit status %d beside %d updates", s.Status, len(offered)+len(obsoleting)))
	}
	if obsoleting, err = r.obsoletes(obsoleting); err != nil {
		return err
	}
	r.add(offered, data.NotHeld)
	r.addObsoleting(obsoleting, data.NotHeld)
	return r.held()
}

// obsoletes reads the listing that dnf5's check-update leaves out.
func (r *reading) obsoletes(known []offer) ([]offer, error) {
	s, err := r.answer.Section("list obsoletes")
	if err != nil || strings.TrimSpace(s.Out) == "" && strings.Contains(s.Err, "No matching packages") {
		return known, err
	}
	if s.Status != 0 {
		r.problem(trouble(s), fmt.Sprintf("list --obsoletes: exit status %d: %s", s.Status, linux.Tail(s.Err, 4)))
		return known, nil
	}
	_, more, err := parseOffers(s.Out)
	return append(known, more...), err
}

func (r *reading) held() error {
	s, err := r.answer.Section("check-update without holds")
	if err != nil {
		return err
	}
	if s.Status != 0 && s.Status != 100 {
		if !slices.ContainsFunc(r.scan.Problems, func(p data.Problem) bool { return p.Untrusted }) {
			r.problem(trouble(s), fmt.Sprintf("held updates are not known: exit status %d: %s", s.Status, linux.Tail(s.Err, 4)))
		}
		return nil
	}
	offered, obsoleting, err := parseOffers(s.Out)
	if err != nil {
		return err
	}
	r.add(offered, data.Held)
	r.addObsoleting(obsoleting, data.Held)
	return nil
}

// keptBack marks what an upgrade of everything would leave out, because
// something it needs is missing. Where dnf cannot tell, nothing is marked: the
// updates are missing all the same.
func (r *reading) keptBack() error {
	s, err := r.answer.Section("upgrade --assumeno")
	if err != nil {
		return err
	}
	rows, err := parseTransaction(s.Out)
	if err != nil {
		return nil // a heading of no matter here, such as a module's
	}
	for _, x := range rows {
		for i := range r.scan.Updates {
			u := &r.scan.Updates[i]
			if x.does == stays && u.Key() == data.Key(x.name, x.arch) && u.Available == x.evr && u.Hold == data.NotHeld {
				u.Hold = data.KeptBack
			}
		}
	}
	return nil
}

func (r *reading) has(key string) bool {
	return slices.ContainsFunc(r.scan.Updates, func(u data.Update) bool { return u.Key() == key })
}

func (r *reading) add(list []offer, hold data.Hold) {
	for _, o := range list {
		if r.has(o.key()) {
			continue
		}
		before, ok := r.newest[o.key()]
		if !ok {
			before, ok = r.sameName(o.name)
		}
		if !ok {
			r.problem(data.Contradiction, fmt.Sprintf("%s is offered as an update, but not installed", o.key()))
		}
		r.scan.Updates = append(r.scan.Updates, data.Update{
			Name: o.name, Arch: o.arch, Installed: before.Version, Available: o.evr, Origin: o.repo, Hold: hold})
	}
}

// sameName finds a package whose architecture changes with the update.
func (r *reading) sameName(name string) (rpm.Installed, bool) {
	for _, p := range r.newest {
		if p.Name == name {
			return p, true
		}
	}
	return rpm.Installed{}, false
}

func (r *reading) addObsoleting(list []offer, hold data.Hold) {
	for _, o := range list {
		var names []string
		installed := ""
		for _, p := range o.replaces {
			if names = append(names, p.name); installed == "" {
				installed = p.evr
			}
		}
		replaces := strings.Join(names, ", ")
		i := slices.IndexFunc(r.scan.Updates, func(u data.Update) bool { return u.Key() == o.key() })
		switch {
		case i < 0:
			r.scan.Updates = append(r.scan.Updates, data.Update{Name: o.name, Arch: o.arch, Installed: installed,
				Available: o.evr, Origin: o.repo, Hold: hold, Replaces: replaces})
		case r.scan.Updates[i].Replaces == "":
			r.scan.Updates[i].Replaces = replaces
		case hold == data.NotHeld && !slices.Contains(strings.Split(r.scan.Updates[i].Replaces, ", "), replaces):
			r.scan.Updates[i].Replaces += ", " + replaces
		}
	}
}

// advisories gives each update its class. Where the host cannot list them, the
// class stays unknown, which is judged like security.
func (r *reading) advisories() error {
	var list []advisory
	for _, name := range []string{"advisories", "advisories with CVEs"} {
		s, err := r.answer.Section(name)
		if err != nil {
			return err
		}
		if s.Status != 0 {
			continue
		}
		parse := parseAdvisories
		if strings.HasPrefix(strings.TrimSpace(s.Out), "[") {
			parse = parseAdvisoryJSON
		}
		more, err := parse(s.Out)
		if err != nil {
			return err
		}
		list = append(list, more...)
	}
	for i := range r.scan.Updates {
		classify(&r.scan.Updates[i], list)
	}
	return nil
}

// age finds when the lists were fetched: the oldest of the enabled repositories.
func (r *reading) age() error {
	s, err := r.answer.Section("repolist")
	if err != nil {
		return err
	}
	ages, err := rpm.Ages(r.answer, ageLine)
	if err != nil || s.Status != 0 {
		return err
	}
	ids := parseRepositories(s.Out)
	if len(ids) == 0 {
		r.problem(data.MetadataMissing, "no repository is enabled")
	}
	r.scan.MetadataAt = oldest(ids, ages)
	return nil
}

// oldest returns zero when the age of one repository is not known.
func oldest(ids []string, ages map[string]time.Time) time.Time {
	var at time.Time
	for _, id := range ids {
		t, ok := ages[id]
		if !ok {
			return time.Time{}
		}
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	return at
}

// parseRepositories reads the first column of repolist; yum puts "!" before an
// expired one and adds "/7/x86_64".
func parseRepositories(out string) []string {
	var ids []string
	for line := range strings.SplitSeq(out, "\n") {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] == "repo" && f[1] == "id" || strings.HasSuffix(f[0], ":") {
			continue
		}
		id, _, _ := strings.Cut(strings.TrimLeft(f[0], "!*"), "/")
		ids = append(ids, id)
	}
	return ids
}

// "1795392525 /var/cache/dnf/lab-updates-5b040005b2baf888/repodata/repomd.xml";
// yum: "/var/cache/yum/x86_64/7/base/repomd.xml".
var ageLine = regexp.MustCompile(`^([0-9]+) /.*?/([^/]+?)(?:-[0-9a-f]{16})?(?:/repodata)?/repomd\.xml$`)

var unit = regexp.MustCompile(`^[ *]*([A-Za-z0-9@:._\\-]+)\.(?:service|socket|target|timer)$`)

// restarts reads needs-restarting. Without that plugin, the rpm database and
// the kernel tell of reboots, and nothing tells of services.
func (r *reading) restarts() error {
	s, err := r.answer.Section("needs-restarting -r")
	if err != nil {
		return err
	}
	r.scan.RebootKnown = !r.scan.BootedAt.IsZero()
	if s.Status == 1 && strings.Contains(s.Out, "Reboot is required") {
		r.scan.RebootKnown = true
		r.needsReboot(s)
	}
	if s, err = r.answer.Section("needs-restarting -s"); err != nil {
		return err
	}
	if s.Status != 0 || !r.scan.Root || strings.TrimSpace(s.Err) != "" {
		return nil
	}
	var services []string
	for _, line := range s.Lines() {
		m := unit.FindStringSubmatch(line)
		if m == nil {
			return nil // not known what it says: RestartKnown stays false
		}
		services = append(services, m[1])
	}
	slices.Sort(services)
	r.scan.Restart, r.scan.RestartKnown = slices.Compact(services), true
	return nil
}

// needsReboot reads "  * kernel" lines. What the database told already is not said twice.
func (r *reading) needsReboot(s linux.Section) {
	said := len(r.scan.Reboot)
	for _, line := range s.Lines() {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "* ")
		if ok && !slices.ContainsFunc(r.scan.Reboot, func(x data.RebootReason) bool { return strings.HasPrefix(x.Detail, name+" ") }) {
			r.scan.Reboot = append(r.scan.Reboot, data.RebootReason{Source: "needs-restarting", Detail: name + " was updated after the boot"})
		}
	}
	if said == 0 && len(r.scan.Reboot) == 0 {
		r.scan.Reboot = []data.RebootReason{{Source: "needs-restarting", Detail: "reboot is required"}}
	}
}
