package dnf

import (
	"fmt"
	"regexp"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote/rpm"
)

// A row is one line of the table of a transaction.
type row struct {
	does                  deed
	name, arch, evr, repo string
}

// A deed is what happens to the package of a row.
type deed int

const (
	comes deed = iota
	goes
	stays // it would come, but something it needs is missing
)

// Headings of the table. One that is not here stops the reading: what it
// stands for is not known, and so what the host would do is not known.
var headings = map[string]deed{
	"Installing": comes, "Installing dependencies": comes, "Installing weak dependencies": comes, "Installing for dependencies": comes,
	"Upgrading": comes, "Upgrading dependencies": comes, "Updating": comes, "Updating for dependencies": comes,
	"Removing": goes, "Removing dependent packages": goes, "Removing unused dependencies": goes, "Removing for dependencies": goes,
	"Skipping packages with conflicts": stays, "Skipping packages with broken dependencies": stays,
}

// parseTransaction reads the table that yum, dnf and dnf5 print before they ask:
//
//	 Package           Architecture Version                 Repository         Size
//	Installing:
//	 labobs-ng         noarch       2.0-1.el9               lab-updates       6.3 k
//	     replacing  labobs.noarch 1.0-1.el9
//	Transaction Summary
//
// and with dnf5
//
//	labdep             noarch 0:2.0-1.el9        lab-updates  10.0   B
//	  replacing labdep noarch 0:1.0-1.el9        <unknown>    10.0   B
//
// No table at all is no change. A name too long for its column pushes the rest
// of its line into the next one.
func parseTransaction(out string) ([]row, error) {
	var t table
	for line := range strings.SplitSeq(out, "\n") {
		line = strings.TrimRight(line, " \r")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "Package ") && strings.HasSuffix(line, "Size"):
			t.inside = true
		case !t.inside || line == "" || strings.HasPrefix(line, "==="):
		case strings.HasPrefix(line, "Transaction Summary"):
			return t.rows, t.flush()
		case strings.HasPrefix(line, "      "):
			t.open += " " + line
		default:
			if err := t.next(line); err != nil {
				return nil, err
			}
		}
	}
	if t.inside {
		return nil, fmt.Errorf("dnf: the table of the transaction is cut")
	}
	return nil, nil
}

type table struct {
	rows    []row
	inside  bool
	heading bool // a heading was seen
	does    deed
	open    string // a row that may go on in the next line
}

func (t *table) next(line string) error {
	if err := t.flush(); err != nil {
		return err
	}
	if strings.HasPrefix(line, " ") {
		t.open = line
		return nil
	}
	if hint.MatchString(line) {
		return nil
	}
	name, ok := strings.CutSuffix(line, ":")
	does, known := headings[name]
	if !ok || !known {
		return fmt.Errorf("dnf: the host would do what this program does not know: %q", line)
	}
	t.heading, t.does = true, does
	return nil
}

var size = regexp.MustCompile(`^[0-9.]+$`)

// dnf 4 adds a line to "Skipping packages with conflicts:", such as
// "(add '--best --allowerasing' to command line to force their upgrade):".
var hint = regexp.MustCompile(`^\(.*\):?$`)

// flush reads the row that is open.
func (t *table) flush() error {
	f := strings.Fields(t.open)
	line := t.open
	t.open = ""
	if len(f) == 0 {
		return nil
	}
	r := row{does: t.does}
	ok := t.heading
	switch {
	case f[0] == "replacing" && len(f) == 3: // dnf 4
		r.does, r.evr = goes, f[2]
		var dot bool
		r.name, r.arch, dot = cutLast(f[1], ".")
		ok = ok && dot
	case f[0] == "replacing" && len(f) >= 6: // dnf 5
		r = row{does: goes, name: f[1], arch: f[2], evr: f[3]}
		if n := len(t.rows); ok && n > 0 && t.rows[n-1].name == r.name && t.rows[n-1].arch == r.arch {
			return nil // its own older version
		}
	case (len(f) == 5 || len(f) == 6) && size.MatchString(f[4]):
		r.name, r.arch, r.evr, r.repo = f[0], f[1], f[2], f[3]
	default:
		ok = false
	}
	if !ok || rpm.CheckTarget(r.name, r.arch, r.evr) != nil {
		return fmt.Errorf("dnf: cannot read the row %q", strings.TrimSpace(line))
	}
	r.evr = rpm.TrimEpoch(r.evr)
	t.rows = append(t.rows, r)
	return nil
}

// changes makes the nouns of rows, beside what is installed.
func changes(rows []row, installed map[string]rpm.Installed) data.Changes {
	var c data.Changes
	for _, r := range rows {
		t := data.Target{Name: r.name, Arch: r.arch}
		before, there := installed[t.Key()]
		switch {
		case r.does == stays:
		case r.does == goes:
			t.From = r.evr
			c.Remove = append(c.Remove, t)
		case there:
			t.From, t.To, t.Origin = before.Version, r.evr, r.repo
			c.Upgrade = append(c.Upgrade, t)
		default:
			t.To, t.Origin = r.evr, r.repo
			c.Add = append(c.Add, t)
		}
	}
	return c
}
