package dnf

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/rpm"
)

// An advisory is one vendor's notice about one package.
type advisory struct {
	id         string
	class      data.Class
	severity   data.Severity
	name, arch string
	evr        string // the version that fixes it
	cves       []string
	released   time.Time
}

// severities folds the vendors' words.
var severities = map[string]data.Severity{
	"critical": data.Critical, "important": data.High, "moderate": data.Medium, "low": data.Low,
	"none": data.SeverityUnknown, "unknown": data.SeverityUnknown, "": data.SeverityUnknown,
}

var classes = map[string]data.Class{
	"security": data.Security, "bugfix": data.BugFix, "enhancement": data.Feature,
	"newpackage": data.Feature, "unknown": data.ClassUnknown, "": data.ClassUnknown,
}

// parseKind reads "Important/Sec.", "bugfix", "enhancement".
func parseKind(word string) (data.Class, data.Severity, error) {
	word = strings.ToLower(word)
	if s, ok := strings.CutSuffix(word, "/sec."); ok {
		sev, known := severities[s]
		if !known {
			return "", "", fmt.Errorf("dnf: %q is no severity", s)
		}
		return data.Security, sev, nil
	}
	c, known := classes[word]
	if !known {
		return "", "", fmt.Errorf("dnf: %q is no kind of advisory", word)
	}
	return c, data.SeverityUnknown, nil
}

// parseAdvisories reads updateinfo list of dnf 4 and yum:
//
//	RHSA-2099:0001 Important/Sec. labssl-1.0-2.el9.noarch
//	RHBA-2099:0005 bugfix         labhello-1.1-1.el9.noarch
//
// With CVEs, the first word is one of them.
func parseAdvisories(out string) ([]advisory, error) {
	var list []advisory
	for line := range strings.SplitSeq(out, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || chatter.MatchString(line) || line == "updateinfo list done" {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("dnf: cannot read advisory %q", line)
		}
		class, severity, err := parseKind(f[1])
		if err != nil {
			return nil, err
		}
		name, evr, arch, err := rpm.SplitNEVRA(f[2])
		if err != nil {
			return nil, err
		}
		list = append(list, advisory{id: f[0], class: class, severity: severity, name: name, arch: arch, evr: evr})
	}
	return list, nil
}

var cveID = regexp.MustCompile(`^CVE-\d{4}-\d{4,}$`)

// parseAdvisoryJSON reads advisory info --json of dnf5.
func parseAdvisoryJSON(out string) ([]advisory, error) {
	if strings.TrimSpace(out) == "" {
		return nil, nil
	}
	var notices []struct {
		Name, Severity, Type string
		Issued               json.Number
		References           []struct{ ID, Type string }
		Collections          struct{ Packages []string }
	}
	if err := json.Unmarshal([]byte(out), &notices); err != nil {
		return nil, fmt.Errorf("dnf: read advisories: %w", err)
	}
	var list []advisory
	for _, n := range notices {
		class, ok := classes[strings.ToLower(n.Type)]
		severity, known := severities[strings.ToLower(n.Severity)]
		if n.Name == "" || !ok || !known {
			return nil, fmt.Errorf("dnf: cannot read advisory %q of type %q, severity %q", n.Name, n.Type, n.Severity)
		}
		a := advisory{id: n.Name, class: class, severity: severity}
		if sec, err := n.Issued.Int64(); err == nil && sec > 0 {
			a.released = time.Unix(sec, 0).UTC()
		}
		for _, r := range n.References {
			if strings.EqualFold(r.Type, "cve") && cveID.MatchString(r.ID) {
				a.cves = append(a.cves, r.ID)
			}
		}
		for _, p := range n.Collections.Packages {
			var err error
			if a.name, a.evr, a.arch, err = rpm.SplitNEVRA(p); err != nil {
				return nil, err
			}
			list = append(list, a)
		}
	}
	return list, nil
}

// classify gives u what the advisories say that lie between the installed
// version and the offered one: the newest version brings what those before it
// fixed.
func classify(u *data.Update, list []advisory) {
	for _, a := range list {
		if a.name != u.Name || a.arch != u.Arch || rpm.Compare(a.evr, u.Available) > 0 || rpm.Compare(a.evr, u.Installed) <= 0 {
			continue
		}
		u.CVEs = append(u.CVEs, a.cves...)
		if cveID.MatchString(a.id) {
			u.CVEs = append(u.CVEs, a.id)
			continue
		}
		u.Advisories = append(u.Advisories, a.id)
		if rank(a.class) > rank(u.Class) {
			u.Class = a.class
		}
		if a.severity.Rank() > u.Severity.Rank() {
			u.Severity = a.severity
		}
		if a.evr == u.Available && !a.released.IsZero() {
			u.Released = a.released
		}
	}
	slices.Sort(u.CVEs)
	u.CVEs = slices.Compact(u.CVEs)
	slices.Sort(u.Advisories)
	u.Advisories = slices.Compact(u.Advisories)
}

// rank: one security notice makes a security update.
func rank(c data.Class) int {
	return slices.Index([]data.Class{data.ClassUnknown, data.Feature, data.BugFix, data.Security}, c)
}
