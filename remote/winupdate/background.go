package winupdate

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"secondtuesday/data"
)

// Names of evidence. The second is what Background needs of the first, where
// that is too long to be kept whole.
const (
	evidenceWhole = "Windows Update as SYSTEM"
	evidenceShort = "Windows Update as SYSTEM, shortened"
)

// historyShown is how many lines of the history a Background has.
const historyShown = 20

// replacedShown is how many names of what an update replaces are told.
const replacedShown = 12

// evidence keeps what the task wrote and, where that has to be cut, what
// Background reads of it.
func (f found) evidence(raw string) []data.Evidence {
	all := []data.Evidence{evidence(evidenceWhole, raw)}
	if !all[0].Cut {
		return all
	}
	short := found{Kind: f.Kind, Finished: f.Finished, Error: f.Error, Where: f.Where, History: f.History}
	for _, u := range f.Missing {
		short.Missing = append(short.Missing, update{ID: u.ID, Revision: u.Revision, Title: u.Title, KBs: u.KBs, Superseded: u.Superseded, CategoryIDs: u.CategoryIDs})
	}
	for _, u := range f.Installed {
		short.Installed = append(short.Installed, update{ID: u.ID, Revision: u.Revision, Title: u.Title, KBs: u.KBs})
	}
	if b, err := json.Marshal(short); err == nil {
		all = append(all, evidence(evidenceShort, string(b)))
	}
	return all
}

// Background reads what a scan's evidence tells beside the scan.
func Background(all []data.Evidence) data.Background {
	why := "the scan kept no answer of Windows Update"
	for _, e := range all {
		switch {
		case e.Name != evidenceWhole && e.Name != evidenceShort:
			continue
		case e.Cut:
			why = "the answer of Windows Update was too long to be kept whole"
			continue
		}
		f, err := readFound(e.Output)
		switch {
		case err != nil:
			why = "the kept answer of Windows Update makes no sense"
		case f.Error != "":
			why = "Windows Update could not be asked: " + f.Where + ": " + withCode(f.Message, f.Error)
		default:
			return f.background()
		}
	}
	return data.Background{Because: why}
}

func (f found) background() data.Background {
	b := data.Background{Known: true, Replaces: map[string]data.Replaced{}, Tried: map[string]data.Past{}}
	lines := slices.Clone(f.History)
	slices.SortStableFunc(lines, func(a, b historical) int { return strings.Compare(b.At, a.At) })
	names := f.names()
	for _, u := range f.Missing {
		if r := replaced(u.Superseded, names); len(r.Names) > 0 || r.More > 0 {
			b.Replaces[u.version()] = r
		}
		// The last word counts: what failed and went in later did not fail.
		i := slices.IndexFunc(lines, func(e historical) bool { return strings.EqualFold(e.ID, u.ID) && e.Operation == 1 && e.Code > 1 })
		if i >= 0 && lines[i].failed() {
			b.Tried[u.version()] = lines[i].past()
		}
	}
	b.History = fold(lines)
	if n := len(b.History) - historyShown; n > 0 {
		b.History, b.Older = b.History[:historyShown], n
	}
	return b
}

// fold makes one line of all that say the same of an update: definitions go in
// several times a day.
func fold(lines []historical) []data.Past {
	var out []data.Past
	type key struct{ name, result string }
	at := map[key]int{}
	for _, e := range lines {
		p := e.past()
		k := key{p.Name, p.Result}
		if i, there := at[k]; there {
			out[i].Times++
			continue
		}
		at[k] = len(out)
		out = append(out, p)
	}
	return out
}

// names are the updates that the host has told of, by UpdateID.
func (f found) names() map[string]string {
	names := map[string]string{}
	for _, e := range f.History {
		names[strings.ToLower(e.ID)] = e.name()
	}
	for _, u := range append(slices.Clone(f.Installed), f.Missing...) {
		names[strings.ToLower(u.ID)] = u.name()
	}
	return names
}

func replaced(ids []string, names map[string]string) data.Replaced {
	var r data.Replaced
	seen := map[string]bool{}
	for _, id := range ids {
		id = strings.ToLower(id)
		if seen[id] {
			continue
		}
		seen[id] = true
		if name := names[id]; name != "" {
			r.Names = append(r.Names, name)
		} else {
			r.More++
		}
	}
	slices.Sort(r.Names)
	r.Names = slices.Compact(r.Names)
	if n := len(r.Names) - replacedShown; n > 0 {
		r.Names, r.More = r.Names[:replacedShown], r.More+n
	}
	return r
}

// name is the KB number in the title, the title where there is none.
func (e historical) name() string {
	title := clip(e.Title)
	if all := kbs(title); len(all) > 0 {
		return all[len(all)-1] // "… for .NET Framework 4.8 (KB5044281)": the last is its own
	}
	return cmp.Or(title, strings.ToLower(clip(e.ID)))
}

// failed reports whether an installation ended badly: OperationResultCode 4
// failed, 5 aborted.
func (e historical) failed() bool { return e.Operation == 1 && (e.Code == 4 || e.Code == 5) }

func (e historical) past() data.Past {
	return data.Past{At: moment(e.At), Name: e.name(), Title: clip(e.Title), Version: e.version(), By: clip(e.Client), Failed: e.failed(), Result: e.result(), Times: 1}
}

// result says in plain words what a line of the history says.
func (e historical) result() string {
	word := map[int]string{0: "not started", 1: "under way", 2: "installed", 3: "installed, with errors", 4: "failed", 5: "aborted"}[e.Code]
	if e.Operation == 2 {
		word = map[int]string{0: "removal not started", 1: "removal under way", 2: "removed", 3: "removed, with errors", 4: "removal failed", 5: "removal aborted"}[e.Code]
	}
	if word == "" {
		word = "not known"
	}
	if e.Code < 3 || e.HResult == "" || e.HResult == "0x00000000" {
		return word
	}
	cause := withCode("", e.HResult)
	if strings.HasPrefix(cause, "(") { // a code without a meaning
		return word + " " + cause
	}
	return word + ": " + cause
}
