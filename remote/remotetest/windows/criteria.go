package windows

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// criteria is what IUpdateSearcher::Search looks for: groups of tests, of which
// one must hold whole. The grammar is that of MS-UAMG 3.38.4.11:
//
//	(IsInstalled=0 and Type='Software') or (UpdateID='…' and RevisionNumber=200)
type criteria [][]criterion

type criterion struct {
	name, op, value string // name and op in lower case
	number          bool
}

// defaultCriteria is what an empty string means.
const defaultCriteria = "(IsInstalled = 0 and IsHidden = 0)"

// reToken cuts criteria: "(" ")" "and" "or", or name, operator and value:
//
//	CategoryIDs contains 'e6cf1350-c01b-414d-a61f-263d14d133b4'
var reToken = regexp.MustCompile(`(?i)^\s*(?:(\()|(\))|(and|or)\b|([a-z]+)\s*(=|!=|contains\b)\s*(?:'([^']*)'|(-?\d+)))`)

// properties says which operators a property takes, and whether its value is a
// number.
var properties = map[string]struct {
	ops    string
	number bool
}{
	"type": {"= !=", false}, "deploymentaction": {"=", false}, "isassigned": {"=", true},
	"browseonly": {"=", true}, "autoselectonwebsites": {"=", true},
	"updateid": {"= !=", false}, "revisionnumber": {"=", true},
	"categoryids": {"contains", false}, "isinstalled": {"=", true}, "ishidden": {"=", true},
	"ispresent": {"=", true}, "rebootrequired": {"=", true},
}

// parseCriteria reads a search's criteria; false: WU_E_INVALID_CRITERIA.
func parseCriteria(text string) (criteria, bool) {
	if strings.TrimSpace(text) == "" {
		text = defaultCriteria
	}
	var all criteria
	var group []criterion
	depth, wants := 0, true // wants: a test must come next
	for strings.TrimSpace(text) != "" {
		m := reToken.FindStringSubmatch(text)
		if m == nil {
			return nil, false
		}
		text = text[len(m[0]):]
		word := strings.ToLower(m[3])
		switch {
		case m[1] != "" && wants:
			depth++
		case m[2] != "" && !wants && depth > 0:
			depth--
		case word == "and" && !wants:
			wants = true
		case word == "or" && !wants && depth == 0: // only at the top
			all, group, wants = append(all, group), nil, true
		case m[4] != "" && wants:
			c := criterion{strings.ToLower(m[4]), strings.ToLower(m[5]), m[6] + m[7], m[7] != ""}
			if !c.valid() {
				return nil, false
			}
			group, wants = append(group, c), false
		default:
			return nil, false
		}
	}
	if wants || depth != 0 {
		return nil, false
	}
	all = append(all, group)
	return all, !slices.ContainsFunc(all, loneRevision)
}

// loneRevision finds a RevisionNumber without UpdateID =.
func loneRevision(group []criterion) bool {
	revision, id := false, false
	for _, c := range group {
		revision = revision || c.name == "revisionnumber"
		id = id || c.name == "updateid" && c.op == "="
	}
	return revision && !id
}

func (c criterion) valid() bool {
	p, known := properties[c.name]
	if !known || c.number != p.number || !slices.Contains(strings.Fields(p.ops), c.op) {
		return false
	}
	if c.name == "revisionnumber" || !c.number {
		return true
	}
	return c.value == "0" || c.value == "1"
}

// match tells whether an update is what is looked for.
func (all criteria) match(u *Update) bool {
	return slices.ContainsFunc(all, func(group []criterion) bool {
		action := false
		for _, c := range group {
			action = action || c.name == "deploymentaction"
			if !c.match(u) {
				return false
			}
		}
		return action || deployed(u, "installation") // it is implied
	})
}

func deployed(_ *Update, action string) bool { return same(action, "installation") }

func (c criterion) match(u *Update) bool {
	flag := func(b bool) bool { return b == (c.value == "1") }
	switch c.name {
	case "type":
		is := same(c.value, typeName(u.Type))
		return is == (c.op == "=")
	case "deploymentaction":
		return deployed(u, c.value)
	case "updateid":
		return same(u.UpdateID, c.value) == (c.op == "=")
	case "revisionnumber":
		return strconv.Itoa(u.Revision) == c.value
	case "categoryids":
		return slices.ContainsFunc(u.Categories, func(k Category) bool { return same(k.ID, c.value) })
	case "isinstalled":
		return flag(u.Installed)
	case "ishidden":
		return flag(u.Hidden)
	case "browseonly":
		return flag(u.BrowseOnly)
	case "ispresent":
		return flag(u.Installed)
	case "rebootrequired":
		return flag(u.RebootPending)
	case "isassigned", "autoselectonwebsites":
		return flag(!u.BrowseOnly)
	}
	return false
}

func typeName(t int) string {
	if t == 2 {
		return "Driver"
	}
	return "Software"
}
