package main

import (
	"strings"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
)

// The shapes in this file are what --json prints. Their field names are a
// promise: fields are added, never renamed or given another meaning. Times are
// UTC, a field that is not known or not set is left out, and
// docs/manual/stctl.md names every one (a test compares).

type hostJSON struct {
	ID           data.HostID      `json:"id"`
	Name         string           `json:"name"`
	Reach        data.Reach       `json:"reach"`
	Address      string           `json:"address,omitempty"`
	Port         int              `json:"port,omitempty"`
	User         string           `json:"user,omitempty"`
	Jump         string           `json:"jump,omitempty"`
	IdentityFile string           `json:"identity_file,omitempty"`
	Sudo         data.Sudo        `json:"sudo,omitempty"`
	Auth         data.Auth        `json:"auth,omitempty"` // WinRM only
	Platform     data.Platform    `json:"platform,omitempty"`
	Technology   string           `json:"technology,omitempty"`
	BusinessUnit string           `json:"business_unit,omitempty"`
	Owner        string           `json:"owner,omitempty"`
	Admin        string           `json:"admin,omitempty"`
	Criticality  data.Criticality `json:"criticality,omitempty"`
	Exposure     data.Exposure    `json:"exposure"`
	Environment  data.Environment `json:"environment,omitempty"`
	Ring         int              `json:"ring,omitempty"`
	Group        string           `json:"group,omitempty"`
	Notes        string           `json:"notes,omitempty"`
}

func (inv *inventory) hostJSON(h data.Host) hostJSON {
	return hostJSON{
		ID: h.ID, Name: h.Name, Reach: h.Reach, Address: h.Address, Port: h.Port, User: h.User, Jump: h.Jump,
		IdentityFile: h.IdentityFile, Sudo: h.Sudo, Auth: h.Auth, Platform: h.Platform, Technology: h.Technology,
		BusinessUnit: h.BusinessUnit, Owner: h.Owner, Admin: h.Admin, Criticality: h.Criticality, Exposure: h.Exposure,
		Environment: h.Environment, Ring: h.Ring, Group: inv.groupName(h.Group), Notes: h.Notes,
	}
}

type verdictJSON struct {
	Compliance  data.Compliance         `json:"compliance"`
	Because     string                  `json:"because"`
	Missing     int                     `json:"missing"`
	Counts      map[data.Compliance]int `json:"counts"`
	NextDue     time.Time               `json:"next_due,omitzero"`
	ScannedAt   time.Time               `json:"scanned_at,omitzero"`
	ValidUntil  time.Time               `json:"valid_until,omitzero"`
	Version     int                     `json:"standard_version"`
	RebootSince int64                   `json:"reboot_pending_seconds,omitempty"`
}

func asVerdictJSON(v data.HostVerdict, now time.Time) verdictJSON {
	counts := v.Counts
	if counts == nil {
		counts = map[data.Compliance]int{}
	}
	return verdictJSON{
		Compliance: v.Compliance, Because: clean(v.Because), Missing: v.Missing, Counts: counts, NextDue: v.NextDue,
		ScannedAt: v.ScanAt, ValidUntil: v.ValidUntil, Version: v.Version, RebootSince: int64(v.RebootDebt(now) / time.Second),
	}
}

type updateJSON struct {
	Name       string          `json:"name"`
	Arch       string          `json:"arch,omitempty"`
	Title      string          `json:"title,omitempty"`
	Installed  string          `json:"installed,omitempty"`
	Available  string          `json:"available"`
	Origin     string          `json:"origin,omitempty"`
	Class      data.Class      `json:"class"`
	Severity   data.Severity   `json:"severity"`
	Hold       data.Hold       `json:"hold,omitempty"`
	Replaces   string          `json:"replaces,omitempty"`
	Advisories []string        `json:"advisories,omitempty"`
	CVEs       []string        `json:"cves,omitempty"`
	Compliance data.Compliance `json:"compliance"`
	Since      time.Time       `json:"since,omitzero"`
	Due        time.Time       `json:"due,omitzero"`
	Clause     string          `json:"clause,omitempty"`
	Because    string          `json:"because,omitempty"`
	Exception  int64           `json:"exception,omitempty"`

	// Of Windows, from its newest scan.
	ReplacesUpdates []string  `json:"replaces_updates,omitempty"`
	ReplacesMore    int       `json:"replaces_more,omitempty"` // others, without a name
	Tried           *pastJSON `json:"tried,omitempty"`
}

// pastJSON is a line of Windows' own history.
type pastJSON struct {
	At     time.Time `json:"at,omitzero"`
	Name   string    `json:"name"`
	Title  string    `json:"title,omitempty"`
	By     string    `json:"by,omitempty"`
	Failed bool      `json:"failed"`
	Result string    `json:"result"`
	Times  int       `json:"times"`
}

func asPastJSON(p data.Past) pastJSON {
	return pastJSON{At: p.At, Name: clean(p.Name), Title: clean(p.Title), By: clean(p.By), Failed: p.Failed, Result: clean(p.Result), Times: p.Times}
}

// historyJSON is Windows' own history: what the newest scan read of it.
type historyJSON struct {
	Lines   []pastJSON `json:"lines"`
	Older   int        `json:"older,omitempty"`
	Unknown string     `json:"unknown,omitempty"` // why it is not known
}

// asHistoryJSON is nil for hosts that have no such history.
func asHistoryJSON(b data.Background) *historyJSON {
	if !b.Known && b.Because == "" {
		return nil
	}
	j := &historyJSON{Lines: []pastJSON{}, Older: b.Older, Unknown: clean(b.Because)}
	for _, p := range b.History {
		j.Lines = append(j.Lines, asPastJSON(p))
	}
	return j
}

// withBackground adds what a Windows host's history and Windows Update say of an
// update, and returns why it is judged so with that said too.
func (j *updateJSON) withBackground(b data.Background) (why string) {
	if r, ok := b.Replaces[j.Available]; ok {
		j.ReplacesUpdates, j.ReplacesMore = r.Names, r.More
	}
	if p, ok := b.Tried[j.Available]; ok {
		past := asPastJSON(p)
		j.Tried = &past
	}
	texts := append([]string{capital(j.Because)}, app.BackgroundTexts(b, data.Update{Available: j.Available})...)
	return clean(strings.Join(texts, " "))
}

func asUpdateJSON(v data.Verdict) updateJSON {
	u := v.Update
	return updateJSON{
		Name: u.Name, Arch: u.Arch, Title: clean(u.Title), Installed: u.Installed, Available: u.Available, Origin: clean(u.Origin),
		Class: u.Class, Severity: u.Severity, Hold: u.Hold, Replaces: u.Replaces, Advisories: u.Advisories, CVEs: u.CVEs,
		Compliance: v.Compliance, Since: v.Since, Due: v.Due, Clause: v.Clause, Because: clean(v.Because), Exception: int64(v.Exception),
	}
}

type scanJSON struct {
	At             time.Time       `json:"at"`
	Trusted        bool            `json:"trusted"`
	Platform       data.Platform   `json:"platform,omitempty"`
	OS             string          `json:"os,omitempty"`
	EndOfLife      time.Time       `json:"end_of_life,omitzero"`
	KernelRunning  string          `json:"kernel_running,omitempty"`
	KernelNewest   string          `json:"kernel_installed,omitempty"`
	BootedAt       time.Time       `json:"booted_at,omitzero"`
	Source         string          `json:"update_source,omitempty"`
	MetadataAt     time.Time       `json:"metadata_at,omitzero"`
	RebootKnown    bool            `json:"reboot_known"`
	RebootReasons  []string        `json:"reboot_reasons"`
	RestartKnown   bool            `json:"restart_known"`
	Restart        []string        `json:"services_to_restart"`
	Root           bool            `json:"root"`
	InstalledCount int             `json:"installed_packages,omitempty"` // updates on Windows; left out: not told
	Problems       []scanProblemIn `json:"problems"`
}

type scanProblemIn struct {
	Kind      data.ProblemKind `json:"kind"`
	Detail    string           `json:"detail,omitempty"`
	Untrusted bool             `json:"proves_nothing"`
}

func asScanJSON(s data.Scan) *scanJSON {
	if s.At.IsZero() {
		return nil
	}
	j := &scanJSON{
		At: s.At, Trusted: s.Trusted(), Platform: s.Platform, OS: clean(s.OS.Name), EndOfLife: s.OS.EndOfLife,
		KernelRunning: clean(s.Kernel.Running), KernelNewest: clean(s.Kernel.Installed), BootedAt: s.BootedAt, Source: clean(s.Source), MetadataAt: s.MetadataAt,
		RebootKnown: s.RebootKnown, RebootReasons: []string{}, RestartKnown: s.RestartKnown, Restart: orEmpty(s.Restart), Root: s.Root,
		InstalledCount: len(s.Installed), Problems: []scanProblemIn{},
	}
	for _, r := range s.Reboot {
		j.RebootReasons = append(j.RebootReasons, clean(r.Source+": "+r.Detail))
	}
	for _, p := range s.Problems {
		j.Problems = append(j.Problems, scanProblemIn{p.Kind, remote.CleanText(p.Detail), p.Untrusted})
	}
	return j
}

type problemJSON struct {
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
	Note bool   `json:"note,omitempty"`
}

func (p problemJSON) String() string { return app.ImportProblem{Line: p.Line, Text: p.Text}.String() }

func problemsJSON(all []app.ImportProblem) []problemJSON {
	out := []problemJSON{}
	for _, p := range all {
		out = append(out, problemJSON{p.Line, clean(p.Text), p.Note})
	}
	return out
}

// orEmpty makes [] of what would be null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// doneJSON is what a change prints.
type doneJSON struct {
	Done string  `json:"done"` // what was done, such as "host added"
	IDs  []int64 `json:"ids,omitempty"`
}

func done[T ~int64](what string, ids ...T) doneJSON {
	d := doneJSON{Done: what}
	for _, id := range ids {
		d.IDs = append(d.IDs, int64(id))
	}
	return d
}
