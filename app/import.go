package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// Bounds of what is imported. A file beyond them is refused before it costs
// memory or time.
const (
	maxImportBytes = 32 << 20
	maxImportLine  = 1 << 20
	maxImportRows  = 100_000
)

// ErrNotImportable means that a file as a whole is not one to read hosts from:
// too large, or no text.
var ErrNotImportable = errors.New("read file")

// An ImportPreview is what a file holds, before anything is changed.
type ImportPreview struct {
	Source   string // "CSV", "OpenSSH configuration", "known_hosts", "Ansible inventory"
	Rows     []ImportRow
	Problems []ImportProblem // by line
}

// An ImportRow is one host of the file.
type ImportRow struct {
	Line  int // where it begins, from 1
	Host  data.Host
	Group string // name of its group; empty: none
}

// An ImportProblem is something about a line of the file.
type ImportProblem struct {
	Line int // 0: the file as a whole
	Text string
	Note bool // worth knowing, and no reason not to import
}

func (p ImportProblem) String() string {
	if p.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Text)
}

// Bad returns the problems that keep lines from being imported.
func (p ImportPreview) Bad() []ImportProblem { return bad(p.Problems) }

func bad(all []ImportProblem) []ImportProblem {
	return slices.DeleteFunc(slices.Clone(all), func(x ImportProblem) bool { return x.Note })
}

func (p *ImportPreview) problem(line int, format string, args ...any) {
	p.Problems = append(p.Problems, ImportProblem{Line: line, Text: fmt.Sprintf(format, args...)})
}

func (p *ImportPreview) note(line int, format string, args ...any) {
	p.Problems = append(p.Problems, ImportProblem{Line: line, Text: fmt.Sprintf(format, args...), Note: true})
}

// ImportChoices are a person's answers to a preview.
type ImportChoices struct {
	Exposure data.Exposure // for rows that do not say; required where one does not
	Group    string        // for rows that do not say
	Existing ExistingChoice
	Local    bool         // rows may be this computer; else a row that says so is a problem
	Skip     map[int]bool // rows to leave out, by index
	SkipBad  bool         // leave out lines with problems; else any problem stops the import
}

// ExistingChoice is what to do with a host whose name is in the inventory.
type ExistingChoice string

// The choices. The zero one stops the import, so that nothing is overwritten
// unasked.
const (
	ExistingStops   ExistingChoice = ""
	ExistingSkipped ExistingChoice = "skip"
	ExistingUpdated ExistingChoice = "update" // what the file says replaces, what it does not say stays
)

// An ImportError says why nothing was imported.
type ImportError struct {
	Problems []ImportProblem
}

func (e *ImportError) Error() string {
	s := fmt.Sprintf("nothing was imported: %s", e.Problems[0])
	if len(e.Problems) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(e.Problems)-1)
	}
	return s
}

// Resolve applies choices to the preview: what would be saved, and every
// problem of the file and of the rows under these choices.
func (p ImportPreview) Resolve(c ImportChoices, inventory []data.Host) ([]store.Import, []ImportProblem) {
	byName := make(map[string]data.Host, len(inventory))
	for _, h := range inventory {
		byName[strings.ToLower(h.Name)] = h
	}
	problems := slices.Clone(p.Problems)
	seen := map[string]int{}
	var out []store.Import
	for i, row := range p.Rows {
		if c.Skip[i] {
			continue
		}
		item, problem := resolveRow(row, c, byName)
		key := strings.ToLower(item.Host.Name)
		if first := seen[key]; problem == "" && first > 0 {
			problem = fmt.Sprintf("host %q is in line %d already", item.Host.Name, first)
		}
		if problem != "" {
			if problem != existingSkipped {
				problems = append(problems, ImportProblem{Line: row.Line, Text: problem})
			}
			continue
		}
		if item.Host.Reach == data.ReachLocal {
			problems = append(problems, ImportProblem{Line: row.Line, Text: fmt.Sprintf("host %q is this computer, which is worked on without SSH", item.Host.Name), Note: true})
		}
		seen[key] = row.Line
		out = append(out, item)
	}
	slices.SortStableFunc(problems, func(a, b ImportProblem) int { return a.Line - b.Line })
	return out, problems
}

// existingSkipped marks a row that is left out by choice.
const existingSkipped = "skipped"

func resolveRow(row ImportRow, c ImportChoices, byName map[string]data.Host) (store.Import, string) {
	h := tidyHost(row.Host)
	old, exists := byName[strings.ToLower(h.Name)]
	switch {
	case exists && c.Existing == ExistingSkipped:
		return store.Import{Host: h}, existingSkipped
	case exists && c.Existing == ExistingUpdated:
		if h.Auth != data.AuthNTLM && h.Auth != old.Auth { // a file must not send a password that is kept by a weaker way
			return store.Import{Host: h}, fmt.Sprintf("host %q is in the inventory with another login than %q: change it there first, or leave it out of the file", old.Name, h.Auth)
		}
		h = merge(old, row.Host)
	case exists:
		return store.Import{Host: h}, fmt.Sprintf("host %q is in the inventory already", old.Name)
	}
	if h.Reach == data.ReachLocal && old.Reach != data.ReachLocal && !c.Local {
		return store.Import{Host: h}, fmt.Sprintf("host %q says \"local\": it would be this computer, worked on here and without SSH; allow that, or leave the line out", h.Name)
	}
	group := strings.TrimSpace(row.Group)
	if group == "" && h.Group == 0 {
		group = strings.TrimSpace(c.Group)
	}
	if h.Exposure == data.ExposureUnset {
		h.Exposure = c.Exposure
	}
	if err := h.Validate(); err != nil {
		return store.Import{Host: h}, err.Error()
	}
	return store.Import{Host: h, Group: group}, ""
}

// merge puts what the file says over what is stored.
func merge(old, in data.Host) data.Host {
	h := tidyHost(in)
	for _, f := range []struct{ to, from *string }{
		{&h.Address, &old.Address}, {&h.User, &old.User}, {&h.Jump, &old.Jump}, {&h.IdentityFile, &old.IdentityFile},
		{&h.Technology, &old.Technology}, {&h.BusinessUnit, &old.BusinessUnit}, {&h.Owner, &old.Owner},
		{&h.Admin, &old.Admin}, {&h.Notes, &old.Notes},
	} {
		keep(f.to, *f.from)
	}
	h.ID, h.Group = old.ID, old.Group
	keep(&h.Port, old.Port)
	keep(&h.Ring, old.Ring)
	keep(&h.Sudo, old.Sudo)
	keep(&h.Auth, old.Auth)
	keep(&h.Platform, old.Platform)
	keep(&h.Criticality, old.Criticality)
	keep(&h.Exposure, old.Exposure)
	keep(&h.Environment, old.Environment)
	if in.Reach == "" {
		h.Reach = old.Reach
	}
	return h
}

// keep leaves old where the file says nothing.
func keep[T comparable](to *T, old T) {
	var nothing T
	if *to == nothing {
		*to = old
	}
}

// ImportHosts imports what the preview shows, under the choices: all of it in
// one transaction, or nothing and an *ImportError. It returns the IDs of the
// hosts added and changed.
func (d *Desk) ImportHosts(ctx context.Context, p ImportPreview, c ImportChoices) ([]data.HostID, error) {
	inventory, err := d.DB.Hosts(ctx)
	if err != nil {
		return nil, fmt.Errorf("import hosts: %w", err)
	}
	items, problems := p.Resolve(c, inventory)
	if stop := bad(problems); len(stop) > 0 && !c.SkipBad {
		return nil, &ImportError{stop}
	}
	if len(items) == 0 {
		return nil, &ImportError{append(bad(problems), ImportProblem{Text: "no host is left to import"})}
	}
	var changed []data.HostID
	hosts := make([]data.Host, 0, len(items))
	for _, item := range items {
		hosts = append(hosts, item.Host)
		if item.Host.ID != 0 {
			changed = append(changed, item.Host.ID)
		}
	}
	if err := d.expire(ctx, changed); err != nil {
		return nil, err
	}
	entry := d.entry("hosts imported", namesOf(hosts), "from "+p.Source, change{After: items})
	ids, err := d.DB.ImportHosts(ctx, items, entry)
	if err != nil {
		return nil, err
	}
	_, err = d.rejudge(ctx, ids)
	return ids, err
}

// readText reads a whole text file of any usual encoding as UTF-8, within
// bounds. note says how it was read where that is a guess.
func readText(r io.Reader) (text, note string, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxImportBytes+1))
	if err != nil {
		return "", "", fmt.Errorf("read file: %w", err)
	}
	if len(raw) > maxImportBytes {
		return "", "", fmt.Errorf("%w: it is larger than %d MB", ErrNotImportable, maxImportBytes>>20)
	}
	switch {
	case bytes.HasPrefix(raw, []byte{0xef, 0xbb, 0xbf}):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		raw = fromUTF16(raw[2:], false)
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		raw = fromUTF16(raw[2:], true)
	case len(raw) > 3 && raw[1] == 0 && raw[3] == 0: // PowerShell's Out-File without a mark
		raw, note = fromUTF16(raw, false), "read as UTF-16, because every second byte is zero"
	}
	if !utf8.Valid(raw) {
		// What German Excel calls CSV is in the ANSI code page.
		if raw, err = charmap.Windows1252.NewDecoder().Bytes(raw); err != nil {
			return "", "", fmt.Errorf("%w: it is neither UTF-8, UTF-16 nor Windows-1252", ErrNotImportable)
		}
		note = "read as Windows-1252, because it is not UTF-8: check umlauts and accents"
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return "", "", fmt.Errorf("%w: it is not a text file", ErrNotImportable)
	}
	for line, left := 1, raw; len(left) > 0; line++ {
		i := bytes.IndexByte(left, '\n')
		if i < 0 {
			i = len(left) - 1
		}
		if i > maxImportLine {
			return "", "", fmt.Errorf("read file: line %d is longer than 1 MB", line)
		}
		left = left[i+1:]
	}
	return string(raw), note, nil
}

func fromUTF16(raw []byte, bigEndian bool) []byte {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		a, b := uint16(raw[2*i]), uint16(raw[2*i+1])
		if bigEndian {
			a, b = b, a
		}
		units[i] = a | b<<8
	}
	return []byte(string(utf16.Decode(units)))
}
