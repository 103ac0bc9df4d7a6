package zypper

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

const (
	updateScript = `
section 'update --dry-run' quiet --xmlout update --no-recommends --auto-agree-with-licenses --dry-run
finish
`
	obsoletesScript = `
section 'info --obsoletes' quiet info --obsoletes "$@"
finish
`
)

// addReplacements adds the packages that would replace others of another name.
// No list of zypper's has them: only its solver tells, and only root.
func addReplacements(ctx context.Context, s remote.Session, scan *data.Scan) error {
	if !scan.Root || !scan.Trusted() {
		return nil
	}
	a, err := linux.Ask(ctx, s, linux.Question{Name: "zypper update --dry-run", Script: commonScript + updateScript, Root: true})
	if err != nil {
		return err
	}
	scan.Evidence = append(scan.Evidence, a.Evidence()...)
	c, err := wholeUpdate(a, scan)
	if err != nil || len(c.Remove) == 0 || len(c.Add) == 0 {
		return err
	}
	var names []string
	for _, t := range c.Add {
		names = append(names, t.Name)
	}
	a, err = linux.Ask(ctx, s, linux.Question{Name: "zypper info --obsoletes", Script: commonScript + obsoletesScript, Args: names, Root: true})
	if err != nil {
		return err
	}
	scan.Evidence = append(scan.Evidence, a.Evidence()...)
	info, err := a.Section("info --obsoletes")
	if err != nil {
		return err
	}
	scan.Updates = append(scan.Updates, replacements(c, parseObsoletes(info.Out))...)
	return nil
}

// wholeUpdate reads what an update of all would do. A solver that cannot say is
// a problem of the host: the lists are still good.
func wholeUpdate(a linux.Answer, scan *data.Scan) (data.Changes, error) {
	section, err := a.Section("update --dry-run")
	if err != nil {
		return data.Changes{}, err
	}
	switch section.Status {
	case 0, 102, 103, 106:
	default:
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.PackagesBroken,
			Detail: fmt.Sprintf("zypper update --dry-run: exit status %d: %s", section.Status, linux.Tail(section.Out+"\n"+section.Err, 6))})
		return data.Changes{}, nil
	}
	answer, err := parseStream(section.Out)
	if err != nil || answer.Summary == nil { // nothing to do
		return data.Changes{}, err
	}
	return answer.changes()
}

var (
	// Information for package labobs-ng:
	packageHead = regexp.MustCompile(`^Information for package (\S+):$`)
	// Obsoletes      : labobs < 2
	// Obsoletes      : [2]
	obsoletesHead = regexp.MustCompile(`^Obsoletes +: +(.*)$`)
)

// parseObsoletes reads zypper info --obsoletes: the names that each package
// obsoletes, one beside the word or a list of them below it.
func parseObsoletes(out string) map[string][]string {
	obsoletes := map[string][]string{}
	name, below := "", false
	for line := range strings.SplitSeq(out, "\n") {
		line = strings.TrimRight(line, " \r")
		if m := packageHead.FindStringSubmatch(line); m != nil {
			name, below = m[1], false
			continue
		}
		entry := ""
		if m := obsoletesHead.FindStringSubmatch(line); m != nil {
			entry, below = m[1], true
		} else if below && strings.HasPrefix(line, "    ") {
			entry = strings.TrimSpace(line)
		} else {
			below = false
		}
		word, _, _ := strings.Cut(entry, " ")
		if word != "" && word != "---" && !strings.HasPrefix(word, "[") {
			obsoletes[name] = append(obsoletes[name], word)
		}
	}
	return obsoletes
}

// replacements makes an update of each new package that obsoletes one that goes.
func replacements(c data.Changes, obsoletes map[string][]string) []data.Update {
	var list []data.Update
	for _, t := range c.Add {
		var gone []string
		u := data.Update{Name: t.Name, Arch: t.Arch, Available: t.To, Origin: t.Origin}
		for _, r := range c.Remove {
			if slices.Contains(obsoletes[t.Name], r.Name) {
				gone = append(gone, r.Name)
				u.Installed = r.From
			}
		}
		if len(gone) > 0 {
			u.Replaces = strings.Join(gone, ", ")
			list = append(list, u)
		}
	}
	return list
}
