package dnf

import (
	"fmt"
	"regexp"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote/rpm"
)

// An offer is one line of check-update: a package that a repository has.
type offer struct {
	name, arch, evr, repo string
	replaces              []offer // packages of the host that it obsoletes
}

func (o offer) key() string { return data.Key(o.name, o.arch) }

// Lines that say nothing about updates although they stand between them. All
// else must be an update.
var chatter = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`Upgrades`, `Available upgrades`, // headings of dnf5
	`Last metadata expiration check: .*`,
	`Security: .*`, // Security: kernel-core-5.14.0-427.13.1.el9_4.x86_64 is an installed security update
	`Updating Subscription Management repositories\.`,
	`Unable to read consumer identity`,
	`This system is (?:not )?registered (?:with|to) .*`,
	`Loaded plugins: .*`, `Loading mirror speeds from cached hostfile`, ` \* \S+: \S+`, // yum
	`No (?:matches found for the following disable plugin patterns|plugin match for): .*`,
}, "|") + `)$`)

// parseOffers reads check-update and list --obsoletes of yum, dnf and dnf5:
//
//	labssl.noarch                      1.0-2.el9                         lab-updates
//	Obsoleting Packages
//	labobs-ng.noarch                   2.0-1.el9                         lab-updates
//	    labobs.noarch                  1.0-1.el9                         @System
//
// A name too long for its column pushes the rest of its line into the next.
func parseOffers(out string) (updates, obsoleting []offer, err error) {
	var o offers
	for line := range strings.SplitSeq(out, "\n") {
		line = strings.TrimRight(line, " \r")
		switch {
		case strings.TrimSpace(line) == "" || chatter.MatchString(line):
			err = o.end()
		case strings.EqualFold(line, "Obsoleting packages"):
			err = o.end()
			o.inObsoletes = true
		default:
			err = o.line(line)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return o.updates, o.obsoleting, o.end()
}

type offers struct {
	updates, obsoleting []offer
	inObsoletes         bool
	open                []string // words of a line that is not complete
	indented            bool
}

// end says that nothing may be open now.
func (o *offers) end() error {
	if len(o.open) > 0 {
		return fmt.Errorf("dnf: cannot read line %q", strings.Join(o.open, " "))
	}
	return nil
}

func (o *offers) line(line string) error {
	indented := strings.HasPrefix(line, " ")
	if len(o.open) == 0 {
		o.indented = indented
	} else if !indented {
		return o.end()
	}
	o.open = append(o.open, strings.Fields(line)...)
	if len(o.open) < 3 {
		return nil
	}
	words := o.open
	o.open = nil
	name, arch, ok := cutLast(words[0], ".")
	if len(words) != 3 || !ok || rpm.CheckTarget(name, arch, words[1]) != nil {
		return fmt.Errorf("dnf: cannot read line %q", strings.Join(words, " "))
	}
	p := offer{name: name, arch: arch, evr: rpm.TrimEpoch(words[1]), repo: words[2]}
	switch {
	case !o.indented && o.inObsoletes:
		o.obsoleting = append(o.obsoleting, p)
	case !o.indented:
		o.updates = append(o.updates, p)
	case o.inObsoletes && len(o.obsoleting) > 0:
		last := &o.obsoleting[len(o.obsoleting)-1]
		last.replaces = append(last.replaces, p)
	default:
		return fmt.Errorf("dnf: line %q belongs to nothing", strings.Join(words, " "))
	}
	return nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i <= 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
