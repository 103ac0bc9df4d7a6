package winupdate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// scanLimit is how long Windows may search. The first search of a server that
// never searched takes many minutes.
const scanLimit = 30 * time.Minute

// Scan asks the host what is installed, what Windows Update offers and what
// keeps the answer from being believed. With refresh the host asks its update
// server; else what it last fetched.
func (p Platform) Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error) {
	found, raw, err := p.search(ctx, s, refresh)
	if err != nil {
		return data.Scan{}, fmt.Errorf("scan Windows Update: %w", err)
	}
	var alive alive
	if err := ask(ctx, s, remote.Command{Name: "alive", Script: aliveScript}, &alive); err != nil {
		return data.Scan{}, fmt.Errorf("scan Windows Update: %w", err)
	}
	scan := found.scan()
	scan.BootID = clip(alive.Boot)
	scan.Evidence = found.evidence(raw)
	return scan, nil
}

// maxEvidence is what is kept of what the task wrote, in bytes.
const maxEvidence = 256 << 10

func evidence(name, text string) data.Evidence {
	e := data.Evidence{Name: name, Output: remote.HideCredentials(text)}
	if len(e.Output) > maxEvidence {
		e.Output, e.Cut = strings.ToValidUTF8(e.Output[:maxEvidence], ""), true
	}
	return e
}

// search runs a scan task and waits for its result. A scan whose session broke
// is of no use to anybody: the host removes it with the next job.
func (p Platform) search(ctx context.Context, s remote.Session, refresh bool) (found, string, error) {
	return p.searchAs(ctx, s, newScanID(), refresh, func() {})
}

func newScanID() string { return "scan-" + strings.ToLower(rand.Text())[:20] }

// searchAs runs the scan task id. begun is called once when the scheduler has
// started it.
func (p Platform) searchAs(ctx context.Context, s remote.Session, id string, refresh bool, begun func()) (found, string, error) {
	if err := start(ctx, s, id, order{Kind: "scan", Refresh: refresh, Updates: []wanted{}}, scanLimit); err != nil {
		return found{}, "", err
	}
	pause := p.Poll
	if pause <= 0 {
		pause = 500 * time.Millisecond
	}
	for most := 10 * pause; ; pause = min(pause*3/2, most) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return found{}, "", context.Cause(ctx)
		}
		l, err := lookAt(ctx, s, id, 0, true)
		if err != nil {
			return found{}, "", err
		}
		if l.Started != "" && begun != nil {
			begun()
			begun = nil
		}
		switch l.State {
		case "running":
			continue
		case "ended":
			f, err := readFound(l.Result)
			forget(ctx, s, id) // else the next job does
			return f, l.Result, err
		case "never":
			return found{}, "", fmt.Errorf("%w: %s", ErrTaskNeverStarted, clip(l.Detail))
		}
		return found{}, "", fmt.Errorf("%w: the task that searched is %s", remote.ErrLost, clip(l.State))
	}
}

func forget(ctx context.Context, s remote.Session, id string) {
	s.Run(ctx, remote.Command{Name: "forget scan", Script: forgetScript, Args: []string{id}})
}

// found is what a scan task wrote, as far as it is read. What updates supersede,
// how they reboot, and the history stay in the evidence.
type found struct {
	Kind          string           `json:"kind"`
	Finished      bool             `json:"finished"`
	Error         string           `json:"error"` // HRESULT "0x8024402C"; empty: none
	Message       string           `json:"message"`
	Where         string           `json:"where"` // what it was at when it failed
	Fetched       string           `json:"fetched"`
	Code          int              `json:"code"`          // of the search for what is missing: 2 whole, 3 not whole
	InstalledCode int              `json:"installedCode"` // of the search for what is installed
	Installed     list[update]     `json:"installed"`
	Missing       list[update]     `json:"missing"`
	Broken        int              `json:"broken"` // how many objects have no identity or title, and are not in the lists
	Warnings      list[string]     `json:"warnings"`
	History       list[historical] `json:"history"` // newest first, at most 100
	Facts         facts            `json:"facts"`
	Reboot        struct {
		Known   bool         `json:"known"`
		Reasons list[reason] `json:"reasons"`
	} `json:"reboot"`
}

type reason struct {
	Source string `json:"source"`
	Detail string `json:"detail"`
	Counts bool   `json:"counts"` // false: advice only
}

type facts struct {
	Product    string `json:"product"`
	Release    string `json:"release"`
	Build      string `json:"build"`
	Revision   int    `json:"revision"`
	Kind       string `json:"kind"`
	Booted     string `json:"booted"`
	Now        string `json:"now"`
	Server     string `json:"server"`
	UseServer  int    `json:"useServer"`
	NoInternet int    `json:"noInternet"`
	Disabled   int    `json:"disabled"`
}

// An update is one IUpdate, by the names of wuapi.h.
type update struct {
	ID          string       `json:"id"`
	Revision    int          `json:"revision"`
	Title       string       `json:"title"`
	KBs         list[string] `json:"kbs"`
	Bulletins   list[string] `json:"bulletins"`
	CVEs        list[string] `json:"cves"`
	Severity    string       `json:"severity"`
	Type        int          `json:"type"` // 1 software, 2 driver
	Released    string       `json:"released"`
	CategoryIDs list[string] `json:"categoryIds"`
	Size        int64        `json:"size"`
	Superseded  list[string] `json:"superseded"` // UpdateIDs that this one replaces
	Optional    bool         `json:"optional"`
	Waits       bool         `json:"waits"`  // installed, and a reboot is still to come
	Hidden      bool         `json:"hidden"` // by somebody on the host: Windows offers it no longer
	Eula        *bool        `json:"eula"`   // false: it asks for its licence terms
	Terms       string       `json:"terms"`  // those terms; the host cuts them to 8,000 characters
}

// A historical is one entry of Windows Update's own history.
type historical struct {
	ID        string `json:"id"`
	Revision  int    `json:"revision"`
	Title     string `json:"title"`
	At        string `json:"at"`
	Operation int    `json:"operation"` // 1 installation, 2 removal
	Code      int    `json:"code"`      // OperationResultCode: 2 succeeded … 5 aborted
	HResult   string `json:"hresult"`
	Client    string `json:"client"` // who asked Windows Update for it
}

func readFound(s string) (found, error) {
	var f found
	if err := json.Unmarshal([]byte(strings.TrimPrefix(s, "\ufeff")), &f); err != nil {
		return f, fmt.Errorf("%w: %w", remote.ErrGarbage, err)
	}
	if f.Kind == "broken" {
		return f, fmt.Errorf("%w: the task's script broke off: %s", remote.ErrGarbage, withCode(f.Message, f.Error))
	}
	if f.Kind != "scan" || !f.Finished {
		return f, fmt.Errorf("%w: the task's result is not whole", remote.ErrGarbage)
	}
	listed := len(f.Missing) + len(f.Installed)
	broken := func(u update) bool { return !version.MatchString(u.version()) || clip(u.Title) == "" }
	f.Missing, f.Installed = slices.DeleteFunc(f.Missing, broken), slices.DeleteFunc(f.Installed, broken)
	f.Broken = max(f.Broken, 0) + listed - len(f.Missing) - len(f.Installed)
	return f, nil
}

func (u update) version() string { return fmt.Sprintf("%s.%d", strings.ToLower(u.ID), u.Revision) }

// name is the KB number, "KB5044281"; the title where there is none.
func (u update) name() string {
	if len(u.KBs) > 0 && u.KBs[0] != "" {
		return "KB" + strings.TrimPrefix(strings.ToUpper(clip(u.KBs[0])), "KB")
	}
	return clip(u.Title)
}

// Classifications by CategoryID, from Microsoft's "WSUS Classification GUIDs".
// Their names are in the host's language.
var classes = map[string]data.Class{
	"0fa1201d-4330-4fa8-8ae9-b877473b6441": data.Security,   // Security Updates
	"e6cf1350-c01b-414d-a61f-263d14d133b4": data.BugFix,     // Critical Updates: critical, and not security
	"28bc880e-0592-4cbf-8f95-c79b17911d5f": data.BugFix,     // Update Rollups
	"cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83": data.BugFix,     // Updates
	"68c5b0a3-d1a6-4553-ae49-01d3a7827828": data.Feature,    // Service Packs
	"b54e7d24-7add-428f-8b75-90a396fa584f": data.Feature,    // Feature Packs
	"3689bdc8-b205-4af4-8d4a-a63924c5e9d5": data.Feature,    // Upgrades
	"b4832bd8-e735-4761-8daf-37f882276dab": data.Feature,    // Tools
	"e0789628-ce08-4437-be74-2495b842f43b": data.Definition, // Definition Updates
	"ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0": data.Driver,     // Drivers
}

// class is the strongest reason among the categories. What Windows offers only
// to those who look for it, a preview say, is optional, but for what Microsoft
// itself files under security: standards give optional ones all the time.
func (u update) class() data.Class {
	best := u.category()
	switch {
	case best == data.Security:
		return best
	case u.Optional:
		return data.Optional
	case u.Type == 2:
		return data.Driver
	}
	return best
}

func (u update) category() data.Class {
	best := data.ClassUnknown
	for _, id := range u.CategoryIDs {
		c, ok := classes[strings.ToLower(id)]
		if ok && (best == data.ClassUnknown || c == data.Security) {
			best = c
		}
	}
	return best
}

// Microsoft's words, from the Security Update Severity Rating System.
var severities = map[string]data.Severity{"critical": data.Critical, "important": data.High, "moderate": data.Medium, "low": data.Low}

func (u update) data() data.Update {
	hold := data.NotHeld
	if u.Hidden {
		hold = data.Held
	}
	return data.Update{
		Name: u.name(), Available: u.version(), Title: clip(u.Title), Origin: "Windows Update",
		Class: u.class(), Severity: severities[strings.ToLower(u.Severity)], Hold: hold,
		Advisories: sorted(u.Bulletins), CVEs: sorted(u.CVEs), Released: moment(u.Released), Size: max(u.Size, 0),
	}
}

func sorted(in list[string]) []string {
	var out []string
	for _, s := range in {
		out = append(out, clip(s))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// notWhole says why a list does not prove that an update which it lacks is not
// offered; "" where it does.
func (f found) notWhole() string {
	switch {
	case f.Code != 2:
		return fmt.Sprintf("the list is not whole (result code %d): %s", f.Code, clip(strings.Join(f.Warnings, "; ")))
	case f.Broken > 0:
		return f.brokenWords()
	}
	return ""
}

func (f found) brokenWords() string {
	objects := "1 object"
	if f.Broken != 1 {
		objects = fmt.Sprintf("%d objects", f.Broken)
	}
	return "Windows Update's list holds " + objects + " without an identity or a title: what it lacks may be one of them; restart the Windows Update service (wuauserv) or the host, then scan again"
}

// scan turns what the task found into a scan.
func (f found) scan() data.Scan {
	scan := data.Scan{
		Platform: data.WindowsUpdate, OS: f.Facts.os(), Root: true,
		Kernel:   data.Kernel{Running: f.Facts.build()},
		BootedAt: moment(f.Facts.Booted), HostNow: moment(f.Facts.Now), MetadataAt: moment(f.Fetched),
		RebootKnown: f.Reboot.Known, Source: f.Facts.origin(),
	}
	for _, r := range f.Reboot.Reasons {
		if r.Counts {
			scan.Reboot = append(scan.Reboot, data.RebootReason{Source: clip(r.Source), Detail: clip(r.Detail)})
		}
	}
	problem := func(k data.ProblemKind, detail string) {
		scan.Problems = append(scan.Problems, data.Problem{Kind: k, Detail: detail, Untrusted: true})
	}
	switch {
	case f.Error != "":
		problem(data.SourceUnreachable, clip(f.Where)+": "+withCode(f.Message, f.Error)+f.Facts.source())
	case f.Code != 2:
		problem(data.SourceUnreachable, f.notWhole()+f.Facts.source())
	case f.InstalledCode != 2: // an update that waits for its reboot may be left out
		problem(data.SourceUnreachable, fmt.Sprintf("the list of what is installed is not whole (result code %d): %s%s", f.InstalledCode, clip(strings.Join(f.Warnings, "; ")), f.Facts.source()))
	case scan.MetadataAt.IsZero():
		problem(data.MetadataMissing, "the host has never had an answer from its update server; scan with refresh")
	}
	if f.Broken > 0 {
		problem(data.Contradiction, f.brokenWords())
	}
	for _, u := range f.Missing {
		d := u.data()
		d.Origin = f.Facts.origin()
		if d.Class == data.Definition {
			d.Installed = f.taken(u)
		}
		scan.Updates = append(scan.Updates, d)
	}
	for _, u := range f.Installed {
		p := data.Package{Name: u.name(), Version: u.version(), Waits: u.Waits}
		scan.Installed = append(scan.Installed, p)
		if u.Waits { // it is not in force, so it counts as a debt still
			d := u.data()
			d.Origin, d.Hold = f.Facts.origin(), data.WaitsForReboot
			scan.Updates = append(scan.Updates, d)
		}
	}
	return scan
}

// taken returns the definition of u's name that the host took last, by what it
// says is installed, else by its history; "" where neither tells. That a host
// takes them is what proves that the newest one is not an old debt.
func (f found) taken(u update) string {
	last, at := "", ""
	for _, p := range f.Installed {
		if p.name() == u.name() && p.version() != u.version() && p.Released >= at {
			last, at = p.version(), p.Released
		}
	}
	if last != "" {
		return last
	}
	for _, e := range f.History {
		if e.succeeded() && e.concerns(u) && e.version() != u.version() && e.At > at {
			last, at = e.version(), e.At
		}
	}
	return last
}

// succeeded reports whether Windows brought the update in: code 2, and 3 with
// errors that did not keep it from it.
func (e historical) succeeded() bool { return e.Operation == 1 && (e.Code == 2 || e.Code == 3) }

func (e historical) version() string { return fmt.Sprintf("%s.%d", strings.ToLower(e.ID), e.Revision) }

// concerns reports whether a line of history is about u or another revision of
// it. Definitions change their ID every time, and keep their number:
//
//	Security Intelligence Update for Microsoft Defender Antivirus - KB2267602 (Version 1.421.1.0) - Current Channel (Broad)
func (e historical) concerns(u update) bool {
	return strings.EqualFold(e.ID, u.ID) || u.class() == data.Definition && slices.Contains(kbs(e.Title), u.name())
}

// kbs returns the numbers that a title names.
func kbs(title string) []string { return inTitle.FindAllString(title, -1) }

// "(KB5044281)", "- KB2267602 (Version": as Microsoft writes titles
var inTitle = regexp.MustCompile(`\bKB\d{6,8}\b`)

// origin is where the host gets its updates: its WSUS, or Microsoft.
func (f facts) origin() string {
	if f.UseServer == 1 && f.Server != "" {
		return "WSUS " + clip(remote.HideCredentials(f.Server))
	}
	return "Microsoft"
}

// source says which policies steer the host, for the sentence about a failure.
func (f facts) source() string {
	s := "; updates come from " + f.origin()
	if f.Disabled == 1 {
		s += "; policy DisableWindowsUpdateAccess is set"
	}
	if f.NoInternet == 1 {
		s += "; policy forbids Microsoft's own servers"
	}
	return s
}

func (f facts) build() string { return fmt.Sprintf("%s.%d", clip(f.Build), f.Revision) }

func (f facts) os() data.OS {
	os := data.OS{ID: "windows", Version: "10.0." + f.build(), Name: clip(f.Product), Codename: clip(f.Release)}
	if f.Build == "9600" {
		os.Version = "6.3." + f.build()
	}
	if f.Kind != "" && f.Kind != "Server" {
		os.Name += " (" + clip(f.Kind) + ")"
	}
	os.EndOfLife = remote.EndOfLife(os)
	return os
}
