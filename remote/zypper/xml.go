package zypper

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
	"secondtuesday/remote/rpm"
)

// A stream is what zypper --xmlout prints.
type stream struct {
	XMLName  xml.Name  `xml:"stream"`
	Messages []message `xml:"message"`
	Prompts  []struct {
		Description string `xml:"description"`
	} `xml:"prompt"`
	Status *struct {
		Updates []update `xml:"update-list>update"`
		Blocked []update `xml:"blocked-update-list>update"`
	} `xml:"update-status"`
	Repos []struct {
		Alias   string `xml:"alias,attr"`
		Name    string `xml:"name,attr"`
		Enabled string `xml:"enabled,attr"`
	} `xml:"repo-list>repo"`
	Locks []struct {
		Names []string `xml:"name"`
		Types []string `xml:"type"`
	} `xml:"locks>lock"`
	Summary *summary `xml:"install-summary"`
}

type message struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// An update is a package or a patch:
//
//	<update kind="package" name="labssl" edition="1.0-2.el9" arch="noarch" edition-old="1.0-1.el9">…<source url="…" alias="lab-updates"/></update>
//	<update kind="patch" name="RHSA-2099:0001" edition="1" arch="noarch" status="needed" category="security" severity="important" … interactive="false">
type update struct {
	Kind       string `xml:"kind,attr"`
	Name       string `xml:"name,attr"`
	Edition    string `xml:"edition,attr"`
	EditionOld string `xml:"edition-old,attr"`
	Arch       string `xml:"arch,attr"`
	Status     string `xml:"status,attr"`
	Category   string `xml:"category,attr"`
	Severity   string `xml:"severity,attr"`
	Source     struct {
		Alias string `xml:"alias,attr"`
	} `xml:"source"`
	Date struct {
		Unix int64 `xml:"time_t,attr"`
	} `xml:"issue-date"`
	Issues []struct {
		Type string `xml:"type,attr"`
		ID   string `xml:"id,attr"`
	} `xml:"issue-list>issue"`
}

type summary struct {
	Changes int `xml:"packages-to-change,attr"`
	Parts   []struct {
		XMLName   xml.Name
		Solvables []struct {
			Type    string `xml:"type,attr"`
			Name    string `xml:"name,attr"`
			Edition string `xml:"edition,attr"`
			Old     string `xml:"edition-old,attr"`
			Arch    string `xml:"arch,attr"`
			Repo    string `xml:"repository,attr"`
		} `xml:"solvable"`
	} `xml:",any"`
}

// parseStream reads one document. Anything else than one is remote.ErrGarbage.
func parseStream(text string) (stream, error) {
	var s stream
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		return stream{}, fmt.Errorf("%w: zypper's XML: %w: %s", remote.ErrGarbage, err, linux.Tail(text, 2))
	}
	return s, nil
}

// errors joins the messages of type error. zypper says there that a repository
// is dead, and exits with 0.
func (s stream) errors() string {
	var list []string
	for _, m := range s.Messages {
		if m.Type == "error" {
			list = append(list, strings.TrimSpace(m.Text))
		}
	}
	return strings.Join(list, "\n")
}

// packages reads a list of updates.
func (s stream) packages() ([]data.Update, error) {
	if s.Status == nil {
		return nil, fmt.Errorf("%w: zypper lists no updates, not even none: %s", remote.ErrGarbage, s.errors())
	}
	var list []data.Update
	for _, u := range append(s.Status.Updates, s.Status.Blocked...) {
		if u.Kind != "package" || rpm.CheckTarget(u.Name, u.Arch, u.Edition) != nil || u.EditionOld != "" && !rpm.IsEVR(u.EditionOld) {
			return nil, fmt.Errorf("%w: zypper's update %+v", remote.ErrGarbage, u)
		}
		list = append(list, data.Update{Name: u.Name, Arch: u.Arch, Installed: rpm.TrimEpoch(u.EditionOld),
			Available: rpm.TrimEpoch(u.Edition), Origin: u.Source.Alias})
	}
	return list, nil
}

// A patch is a vendor's notice; fixes are the versions that hold it.
type patch struct {
	id       string
	needed   bool
	class    data.Class
	severity data.Severity
	cves     []string
	released time.Time
	fixes    []fix
}

type fix struct{ name, arch, evr string }

// Words that are not here leave the class unknown, which is judged like security.
var categories = map[string]data.Class{
	"security": data.Security, "recommended": data.BugFix, "bugfix": data.BugFix, "yast": data.BugFix,
	"optional": data.Feature, "enhancement": data.Feature, "feature": data.Feature, "document": data.Feature,
}

var severities = map[string]data.Severity{
	"critical": data.Critical, "important": data.High, "moderate": data.Medium, "low": data.Low,
}

var (
	patchName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:+-]*$`)
	cveID     = regexp.MustCompile(`^CVE-\d{4}-\d{4,}$`)
)

// patches reads list-patches. Patches that zypper would leave out of a
// non-interactive run, because they want a reboot, are as good as any.
func (s stream) patches() ([]patch, error) {
	if s.Status == nil {
		return nil, fmt.Errorf("%w: zypper lists no patches, not even none: %s", remote.ErrGarbage, s.errors())
	}
	var list []patch
	for _, u := range append(s.Status.Updates, s.Status.Blocked...) {
		if u.Kind != "patch" || !patchName.MatchString(u.Name) {
			return nil, fmt.Errorf("%w: zypper's patch %+v", remote.ErrGarbage, u)
		}
		p := patch{id: u.Name, needed: u.Status == "needed", class: categories[u.Category], severity: severities[u.Severity]}
		if u.Date.Unix > 0 {
			p.released = time.Unix(u.Date.Unix, 0).UTC()
		}
		for _, i := range u.Issues {
			if i.Type == "cve" && cveID.MatchString(i.ID) {
				p.cves = append(p.cves, i.ID)
			}
		}
		list = append(list, p)
	}
	return list, nil
}

// changes reads the summary of an installation.
func (s stream) changes() (data.Changes, error) {
	var c data.Changes
	if s.Summary == nil {
		return c, fmt.Errorf("%w: zypper gives no summary: %s", remote.ErrGarbage, s.errors())
	}
	n := 0
	for _, part := range s.Summary.Parts {
		for _, x := range part.Solvables {
			if x.Type != "package" {
				continue // a patch or a product is no package of its own
			}
			n++
			if err := rpm.CheckTarget(x.Name, x.Arch, x.Edition); err != nil {
				return data.Changes{}, fmt.Errorf("%w: zypper's summary: %w", remote.ErrGarbage, err)
			}
			t := data.Target{Name: x.Name, Arch: x.Arch, To: rpm.TrimEpoch(x.Edition), Origin: x.Repo}
			switch part.XMLName.Local {
			case "to-upgrade":
				t.From = rpm.TrimEpoch(x.Old)
				c.Upgrade = append(c.Upgrade, t)
			case "to-install":
				c.Add = append(c.Add, t)
			case "to-remove":
				c.Remove = append(c.Remove, data.Target{Name: x.Name, Arch: x.Arch, From: t.To})
			default:
				return data.Changes{}, fmt.Errorf("the host would do what this program does not know: %s %s", part.XMLName.Local, x.Name)
			}
		}
	}
	if n != s.Summary.Changes {
		return data.Changes{}, fmt.Errorf("%w: zypper names %d packages and counts %d", remote.ErrGarbage, n, s.Summary.Changes)
	}
	return c, nil
}

// "Conflicts   : labmod < 1.1-1.el9", or with several, "Conflicts   : [3]" and
// then "    labmod.x86_64 < 1.1-1.el9" a line.
var (
	infoHead = regexp.MustCompile(`^Information for patch (\S+):$`)
	conflict = regexp.MustCompile(`^(?:Conflicts\s*:)?\s+(?:(srcpackage|[a-z]+):)?(\S+?) < (\S+)$`)
)

// arches are the ends of a name that are an architecture.
var arches = map[string]bool{"noarch": true, "x86_64": true, "i586": true, "i686": true, "aarch64": true, "ppc64le": true, "s390x": true, "armv7hl": true, "riscv64": true}

// addFixes reads info -t patch, which alone tells what packages a patch is about.
func addFixes(list []patch, out string) {
	at := -1
	for line := range strings.SplitSeq(out, "\n") {
		line = strings.TrimRight(line, " \r")
		if m := infoHead.FindStringSubmatch(line); m != nil {
			at = -1
			for i := range list {
				if list[i].id == m[1] {
					at = i
				}
			}
			continue
		}
		m := conflict.FindStringSubmatch(line)
		if m == nil || at < 0 || m[1] != "" && m[1] != "package" {
			continue
		}
		f := fix{name: m[2], evr: rpm.TrimEpoch(m[3])}
		if i := strings.LastIndex(f.name, "."); i > 0 && arches[f.name[i+1:]] {
			f.name, f.arch = f.name[:i], f.name[i+1:]
		}
		list[at].fixes = append(list[at].fixes, f)
	}
}
