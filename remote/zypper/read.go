package zypper

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/linux"
	"secondtuesday/remote/rpm"
)

// read fills scan from the answer of scan.sh and returns the patches that apply.
func read(a linux.Answer, scan *data.Scan) ([]patch, error) {
	list, err := rpm.InstalledIn(a)
	if err != nil {
		return nil, err
	}
	scan.Installed = rpm.Packages(list)
	scan.Reboot = append(scan.Reboot, rpm.RebootReasons(list, scan.BootedAt)...)
	busy, err := a.Section("busy")
	if err != nil {
		return nil, err
	}
	r := reading{answer: a, scan: scan}
	if lines := busy.Lines(); len(lines) > 0 {
		r.problem(data.PlatformBusy, "process "+strings.Join(lines, ", "))
		return nil, nil // the script asked no further
	}
	if dup := rpm.Duplicates(list); len(dup) > 0 {
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.PackagesBroken,
			Detail: "an installation was cut off; installed twice: " + strings.Join(dup, ", ")})
	}
	if s, err := a.Section("refresh"); err == nil && s.Status != 0 {
		r.problem(trouble(s.Status, s.Out+s.Err), linux.Tail(s.Out+"\n"+s.Err, 6))
	}
	for _, step := range []func() error{r.updates, r.age, r.restarts} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.patches()
}

type reading struct {
	answer linux.Answer
	scan   *data.Scan
}

func (r *reading) problem(kind data.ProblemKind, detail string) {
	r.scan.Problems = append(r.scan.Problems, data.Problem{Kind: kind, Detail: detail, Untrusted: true})
}

// trouble names what zypper's exit status and words are about.
func trouble(status int, text string) data.ProblemKind {
	switch {
	case status == 7 || strings.Contains(text, "System management is locked"):
		return data.PlatformBusy
	case status == 6 || strings.Contains(text, "No repositories defined"):
		return data.MetadataMissing
	case strings.Contains(text, "No space left on device"):
		return data.DiskFull
	case strings.Contains(strings.ToLower(text), "signature"):
		return data.SourceExpired
	}
	return data.SourceUnreachable
}

// stream returns a section as XML; ok is false when zypper could not answer,
// which is then a problem of the scan.
func (r *reading) stream(name string) (s stream, ok bool, err error) {
	section, err := r.answer.Section(name)
	if err != nil {
		return stream{}, false, err
	}
	answer, err := parseStream(section.Out)
	if err != nil && section.Status == 0 {
		return stream{}, false, err
	}
	said := answer.errors()
	if section.Status != 0 && section.Status < 100 || said != "" {
		detail := fmt.Sprintf("%s: exit status %d: %s", name, section.Status, linux.Tail(said+"\n"+section.Err, 6))
		kind := trouble(section.Status, said+section.Err)
		if !slices.ContainsFunc(r.scan.Problems, func(p data.Problem) bool { return p.Kind == kind && p.Untrusted }) {
			r.problem(kind, detail)
		}
	} else if section.Status == 106 {
		r.problem(data.SourceUnreachable, name+": a repository was left out")
	}
	return answer, err == nil && (section.Status == 0 || section.Status >= 100), nil
}

// updates reads what is offered, and what is offered but would not be taken.
func (r *reading) updates() error {
	offered, ok, err := r.stream("list-updates")
	if err != nil || !ok {
		return err
	}
	if r.scan.Updates, err = offered.packages(); err != nil {
		return err
	}
	all, ok, err := r.stream("list-updates --all")
	if err != nil || !ok {
		return err
	}
	every, err := all.packages()
	if err != nil {
		return err
	}
	locks, ok, err := r.stream("locks")
	if err != nil || !ok {
		return err
	}
	for _, u := range every {
		if slices.ContainsFunc(r.scan.Updates, func(x data.Update) bool { return x.Key() == u.Key() }) {
			continue
		}
		u.Hold = data.KeptBack
		if locks.locks(u.Name) {
			u.Hold = data.Held
		}
		r.scan.Updates = append(r.scan.Updates, u)
	}
	return nil
}

// locks reports whether a lock covers the package; lock names are globs.
func (s stream) locks(name string) bool {
	for _, l := range s.Locks {
		for _, pattern := range l.Names {
			if ok, err := path.Match(strings.TrimSpace(pattern), name); ok || err != nil && pattern == name {
				return true
			}
		}
	}
	return false
}

func (r *reading) patches() ([]patch, error) {
	s, ok, err := r.stream("list-patches")
	if err != nil || !ok {
		return nil, err
	}
	return s.patches()
}

// age finds when the lists were fetched: the oldest of the enabled repositories.
func (r *reading) age() error {
	s, ok, err := r.stream("repos")
	if err != nil || !ok {
		return err
	}
	m, err := rpm.Ages(r.answer, ageLine)
	if err != nil {
		return err
	}
	enabled := 0
	var oldest time.Time
	for _, repo := range s.Repos {
		if repo.Enabled != "1" {
			continue
		}
		enabled++
		at, ok := m[strings.ReplaceAll(repo.Alias, "/", "_")]
		switch {
		case !ok:
			r.problem(data.MetadataMissing, "the lists of repository "+repo.Alias+" were never fetched")
		case oldest.IsZero() || at.Before(oldest):
			oldest = at
		}
	}
	if enabled == 0 {
		r.problem(data.MetadataMissing, "no repository is enabled")
	}
	r.scan.MetadataAt = oldest
	return nil
}

// "1795392525 /var/cache/zypp/raw/lab-updates/repodata/repomd.xml"
var ageLine = regexp.MustCompile(`^([0-9]{1,12}) /.*/([^/]+)/repodata/repomd\.xml$`)

var unit = regexp.MustCompile(`^[A-Za-z0-9@:._\\-]+$`)

// restarts reads needs-rebooting (102: yes) and ps -sss, a service a line.
func (r *reading) restarts() error {
	s, err := r.answer.Section("needs-rebooting")
	if err != nil {
		return err
	}
	r.scan.RebootKnown = s.Status == 0 || s.Status == 102 || !r.scan.BootedAt.IsZero()
	if s.Status == 102 {
		r.scan.Reboot = append(r.scan.Reboot, data.RebootReason{Source: "zypper", Detail: "core libraries or services were updated after the boot"})
	}
	if s, err = r.answer.Section("ps"); err != nil {
		return err
	}
	if s.Status != 0 && s.Status != 102 || !r.scan.Root {
		return nil
	}
	var services []string
	for _, line := range s.Lines() {
		if !unit.MatchString(line) {
			return nil // not known what it says: RestartKnown stays false
		}
		services = append(services, strings.TrimSuffix(line, ".service"))
	}
	slices.Sort(services)
	r.scan.Restart, r.scan.RestartKnown = slices.Compact(services), true
	return nil
}

// classify gives the updates what the patches say that lie between the
// installed version and the offered one. A security patch that is needed and
// that no listed update brings is a contradiction: something is hidden.
func classify(scan *data.Scan, list []patch) {
	for _, p := range list {
		brought := false
		for i := range scan.Updates {
			if u := &scan.Updates[i]; p.concerns(*u) {
				brought = true
				p.mark(u)
			}
		}
		if p.needed && !brought && p.class == data.Security {
			scan.Problems = append(scan.Problems, data.Problem{Kind: data.Contradiction, Untrusted: true,
				Detail: "patch " + p.id + " is needed, but no update is offered that brings it"})
		}
	}
}

func (p patch) concerns(u data.Update) bool {
	return slices.ContainsFunc(p.fixes, func(f fix) bool {
		return f.name == u.Name && (f.arch == "" || f.arch == u.Arch) &&
			rpm.Compare(f.evr, u.Available) <= 0 && rpm.Compare(f.evr, u.Installed) > 0
	})
}

func (p patch) mark(u *data.Update) {
	rank := []data.Class{data.ClassUnknown, data.Feature, data.BugFix, data.Security}
	if slices.Index(rank, p.class) > slices.Index(rank, u.Class) {
		u.Class = p.class
	}
	if p.severity.Rank() > u.Severity.Rank() {
		u.Severity = p.severity
	}
	if p.released.After(u.Released) {
		u.Released = p.released
	}
	u.Advisories = append(u.Advisories, p.id)
	u.CVEs = append(u.CVEs, p.cves...)
	slices.Sort(u.Advisories)
	slices.Sort(u.CVEs)
	u.Advisories, u.CVEs = slices.Compact(u.Advisories), slices.Compact(u.CVEs)
}
