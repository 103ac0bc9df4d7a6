package twin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/windows"
)

const (
	servicing = `HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing`
	updating  = `HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate`
	version   = `HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	policy    = `HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
)

type fields = map[string]any

// A task is task.ps1 at work.
type task struct {
	*twin
	ctx    context.Context
	caller windows.Caller
	folder string
	began  time.Time
}

type order struct {
	Kind    string `json:"kind"`
	Refresh bool   `json:"refresh"`
	Updates []struct {
		ID       string `json:"id"`
		Revision int    `json:"revision"`
		Title    string `json:"title"`
		Terms    bool   `json:"terms"`
	} `json:"updates"`
	Seconds float64 `json:"seconds"`
}

// task does what task.ps1 does, and returns its exit code.
func (t *twin) task(ctx context.Context, p *windows.Program) int {
	k := &task{twin: t, ctx: ctx, caller: p.Caller, folder: p.Dir, began: time.Now()}
	if _, err := os.Stat(filepath.Join(k.folder, "started.json")); err == nil {
		return 5
	}
	var o order
	b, err := os.ReadFile(filepath.Join(k.folder, "order.json"))
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err == nil {
		err = k.save("started.json", fields{"at": k.now(), "pid": os.Getpid()})
	}
	if err != nil {
		return 1
	}
	if k.has(filepath.Base(k.folder), "never") {
		os.Remove(filepath.Join(k.folder, "started.json"))
		return 6
	}
	if info, err := os.Stat(filepath.Join(k.folder, "order.json")); err == nil {
		o.Seconds -= max(0, time.Since(info.ModTime()).Seconds())
	}
	var result fields
	if o.Kind == "install" {
		result = k.install(o)
	} else {
		result = k.scan(o)
	}
	if ctx.Err() != nil {
		return 1 // the computer went down under it
	}
	result["ended"] = k.now()
	if k.save("result.json", result) != nil {
		return 1
	}
	return 0
}

func (k *task) now() string {
	now, err := k.w.Now()
	if err != nil {
		return ""
	}
	return stamp(now)
}

func (k *task) save(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	part := filepath.Join(k.folder, name+".new")
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(k.folder, name))
}

func (k *task) say(format string, args ...any) {
	f, err := os.OpenFile(filepath.Join(k.folder, "log.txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	fmt.Fprintf(f, format+"\n", args...)
	f.Close()
}

func (k *task) step(text string, done, total int) {
	k.say("== %s", text)
	k.save("progress.json", fields{"step": text, "done": done, "total": total, "at": k.now()})
}

func hex(code windows.HRESULT) string { return fmt.Sprintf("0x%08X", uint32(code)) }

// fault takes an error of Windows apart.
func fault(err error) (code, message string) {
	var f *windows.Fault
	if errors.As(err, &f) {
		return hex(f.Code), f.Message
	}
	return "0x80004005", err.Error()
}

func (k *task) reasons() fields {
	found := []fields{}
	add := func(there bool, source, detail string, counts bool) {
		if there {
			found = append(found, fields{"source": source, "detail": detail, "counts": counts})
		}
	}
	for _, name := range []string{"RebootPending", "RebootInProgress", "PackagesPending"} {
		add(k.there(servicing+`\`+name), "servicing", name, true)
	}
	add(k.there(updating+`\Auto Update\RebootRequired`), "Windows Update", "RebootRequired", true)
	_, services, _ := k.w.Key(updating + `\Services\Pending`)
	add(len(services) > 0, "Windows Update", "a service of it waits", true)
	flag, err := k.w.RebootRequired(k.caller)
	if err != nil {
		code, _ := fault(err)
		k.say("reboot flag: %s", code)
	}
	add(flag, "Windows Update", "it says so", true)
	add(k.value(`HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager`, "PendingFileRenameOperations") != nil, "file renames", "PendingFileRenameOperations", false)
	add(k.number(`HKLM:\SOFTWARE\Microsoft\Updates`, "UpdateExeVolatile") != 0, "an older installer", "UpdateExeVolatile", false)
	const names = `HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\`
	now, next := k.value(names+"ActiveComputerName", "ComputerName"), k.value(names+"ComputerName", "ComputerName")
	add(now != next, "computer name", fmt.Sprintf("%v becomes %v", now, next), false)
	add(k.value(`HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon`, "JoinDomain") != nil, "domain", "it joins one", false)
	return fields{"known": err == nil, "reasons": found}
}

func (k *task) words(key, name string) string {
	if v := k.value(key, name); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

func (k *task) facts() fields {
	booted := ""
	if s, err := k.w.State(); err == nil {
		booted = stamp(s.BootedAt)
	}
	return fields{
		"product": k.words(version, "ProductName"), "release": k.words(version, "DisplayVersion"), "build": k.words(version, "CurrentBuildNumber"),
		"revision": k.number(version, "UBR"), "edition": k.words(version, "EditionID"), "kind": k.words(version, "InstallationType"),
		"booted": booted, "now": k.now(), "server": k.words(policy, "WUServer"), "useServer": k.number(policy+`\AU`, "UseWUServer"),
		"noInternet": k.number(policy, "DoNotConnectToWindowsUpdateInternetLocations"), "disabled": k.number(policy, "DisableWindowsUpdateAccess"),
	}
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func describe(u windows.Update) fields {
	var names, ids []string
	for _, c := range u.Categories {
		names, ids = append(names, c.Name), append(ids, c.ID)
	}
	terms := ""
	if !u.EulaAccepted {
		terms = string([]rune(u.Eula)[:min(len([]rune(u.Eula)), 8000)])
	}
	return fields{
		"terms": terms,
		"id":    u.UpdateID, "revision": u.Revision, "title": u.Title, "kbs": list(u.KBs), "bulletins": list(u.Bulletins), "cves": list(u.CVEs),
		"severity": u.Severity, "type": u.Type, "released": stamp(u.DeployedAt), "categories": list(names), "categoryIds": list(ids),
		"size": u.MaxSize, "superseded": list(u.Superseded), "downloaded": u.Downloaded, "optional": u.BrowseOnly, "beta": u.Beta, "hidden": u.Hidden,
		"eula": u.Eula == "" || u.EulaAccepted, "reboot": u.RebootBehavior, "impact": u.Impact, "asks": u.AsksUser, "waits": u.RebootPending, "installed": u.Installed,
	}
}

// search returns what is found, and how many objects without an identity were
// left out of it.
func (k *task) search(criteria string, offline bool) (found *windows.Found, broken int, err error) {
	if found, err = k.w.Search(k.caller, windows.Query{Criteria: criteria, Offline: offline}); err != nil {
		return nil, 0, err
	}
	all := len(found.Updates)
	found.Updates = slices.DeleteFunc(found.Updates, func(u windows.Update) bool { return u.UpdateID == "" })
	k.say("searched: %s: %d found, result code %d", criteria, all, found.ResultCode)
	if broken = all - len(found.Updates); broken > 0 {
		k.say("   %d without an identity", broken)
	}
	return found, broken, nil
}

// What a scan searches for, and what a job does, which leaves out what somebody
// has hidden.
const (
	missing     = "IsInstalled=0"
	installable = "IsInstalled=0 and IsHidden=0"
)

func (k *task) scan(o order) fields {
	k.step("read facts", 0, 4)
	out := fields{"kind": "scan", "facts": k.facts(), "reboot": k.reasons(), "error": "", "where": "", "finished": true}
	fail := func(where string, err error) fields {
		out["where"] = where
		out["error"], out["message"] = fault(err)
		return out
	}
	k.step("search for updates", 1, 4)
	absent, broken, err := k.search(missing, !o.Refresh)
	if err != nil {
		return fail("search", err)
	}
	k.step("search for what is installed", 2, 4)
	present, more, err := k.search("IsInstalled=1", !o.Refresh)
	if err != nil {
		return fail("search", err)
	}
	k.step("read the history", 3, 4)
	past, err := k.w.Past(k.caller)
	if err != nil {
		out["historyError"], _ = fault(err)
	}
	history := []fields{}
	for _, e := range past[:min(len(past), 100)] {
		history = append(history, fields{"id": e.UpdateID, "revision": e.Revision, "title": e.Title, "at": stamp(e.Date),
			"operation": e.Operation, "code": e.ResultCode, "hresult": hex(e.HResult), "client": e.Client})
	}
	warnings := []string{}
	for _, w := range append(absent.Warnings, present.Warnings...) {
		warnings = append(warnings, hex(w.HResult)+" "+w.Message)
	}
	all := func(updates []windows.Update) []fields {
		described := []fields{}
		for _, u := range updates {
			described = append(described, describe(u))
		}
		return described
	}
	out["history"], out["warnings"], out["fetched"] = history, warnings, k.fetched(o.Refresh)
	out["code"], out["installedCode"] = absent.ResultCode, present.ResultCode
	out["broken"] = broken + more
	out["missing"], out["installed"] = all(absent.Updates), all(present.Updates)
	return out
}

func (k *task) fetched(online bool) string {
	if online {
		return k.now()
	}
	s, err := k.w.State()
	if err != nil {
		return ""
	}
	return stamp(s.LastSearch)
}

func (k *task) install(o order) fields {
	total := len(o.Updates)
	out := fields{"kind": "install", "stopped": "", "error": "", "finished": true}
	lines := []fields{}
	out["updates"] = lines
	k.step("look at the host", 0, total)
	if total == 0 {
		return out
	}
	for _, r := range k.reasons()["reasons"].([]fields) {
		if r["counts"] == true {
			out["error"], out["message"] = "a reboot is pending", fmt.Sprintf("%v: %v", r["source"], r["detail"])
			return out
		}
	}
	k.step("search for the planned updates", 0, total)
	offered, broken, err := k.search(installable, false)
	if err != nil {
		out["error"], out["message"] = fault(err)
		return out
	}
	stopped := ""
	for n, want := range o.Updates {
		if k.ctx.Err() != nil {
			return out // ended by somebody, or the computer goes down
		}
		line := fields{"id": want.ID, "revision": want.Revision, "title": want.Title}
		if stopped == "" {
			stopped = k.halted(o)
		}
		update := pick(offered.Updates, want.ID, want.Revision)
		switch {
		case stopped != "":
			line["status"] = stopped
		case update == nil && (offered.ResultCode != windows.Succeeded || broken > 0):
			line["status"] = "unseen"
		case update == nil:
			line["status"] = "gone"
		default:
			k.step("install "+strconv.Itoa(n+1)+" of "+strconv.Itoa(total)+": "+want.Title, n, total)
			for key, v := range k.one(update, want.Terms, o) {
				line[key] = v
			}
			if s := line["status"]; s == "cancelled" || s == "deadline" {
				stopped = s.(string)
			}
		}
		code, _ := line["hresult"].(string)
		k.say("%s", strings.TrimRight(fmt.Sprintf("   %s %s", line["status"], strings.TrimPrefix(code, "0x00000000")), " "))
		lines = append(lines, line)
		out["updates"], out["stopped"] = lines, stopped
		k.save("partial.json", out)
	}
	k.step("wait for servicing", total, total)
	return out
}

// halted says why nothing more may begin; "" where it may.
func (k *task) halted(o order) string {
	if _, err := os.Stat(filepath.Join(k.folder, "cancel")); err == nil {
		return "cancelled"
	}
	if time.Since(k.began).Seconds() >= o.Seconds {
		return "deadline"
	}
	return ""
}

func pick(offered []windows.Update, id string, revision int) *windows.Update {
	for i := range offered {
		if offered[i].UpdateID == id && offered[i].Revision == revision {
			return &offered[i]
		}
	}
	return nil
}

// one brings in one update.
func (k *task) one(u *windows.Update, acceptTerms bool, o order) fields {
	asked := u.Eula != "" && !u.EulaAccepted
	line := k.tried(u, acceptTerms, o)
	line["accepted"] = asked && u.EulaAccepted
	return line
}

func (k *task) tried(u *windows.Update, acceptTerms bool, o order) fields {
	id := windows.ID{UpdateID: u.UpdateID, Revision: u.Revision}
	failed := func(err error) fields {
		code, message := fault(err)
		return fields{"status": "failed", "hresult": code, "message": message}
	}
	if u.AsksUser {
		return fields{"status": "asks"}
	}
	if u.Eula != "" && !u.EulaAccepted {
		if !acceptTerms {
			return fields{"status": "terms"}
		}
		if err := k.w.AcceptEula(k.caller, id); err != nil {
			return failed(err)
		}
		u.EulaAccepted = true
	}
	if !u.Downloaded {
		got, err := k.w.Download(k.caller, id)
		if err != nil {
			return failed(err)
		}
		if got.ResultCode != windows.Succeeded {
			return fields{"status": "failed", "phase": "download", "code": got.ResultCode, "hresult": hex(got.Each[0].HResult)}
		}
		if halted := k.halted(o); halted != "" {
			return fields{"status": halted, "phase": "download"}
		}
	}
	done, err := k.w.Install(k.caller, "Second Tuesday", id)
	if err != nil {
		return failed(err)
	}
	each := done.Each[0]
	status := "failed"
	if each.ResultCode == windows.Succeeded {
		status = "installed"
	}
	return fields{"status": status, "phase": "install", "code": each.ResultCode, "hresult": hex(each.HResult), "reboot": each.Reboot}
}
