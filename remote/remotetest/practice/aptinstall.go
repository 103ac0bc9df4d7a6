package practice

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/practice/unix"
)

// A statusFD tells progress as APT::Status-Fd has it.
type statusFD struct {
	p    *unix.Proc
	fd   int
	done int
	of   int
}

func (s *statusFD) say(kind, what, words string) {
	if w := s.p.FD(s.fd); s.fd > 0 && w != nil {
		fmt.Fprintf(w, "%s:%s:%.4f:%s\n", kind, what, 100*float64(s.done)/float64(max(1, s.of)), words)
	}
}

// aptInstall downloads and installs a plan.
func (h *Host) aptInstall(p *unix.Proc, c aptCall, plan aptPlan, half []Package) int {
	if len(plan.install)+len(plan.remove)+len(half) == 0 {
		return 0
	}
	status := &statusFD{p: p, of: 1}
	_, _ = fmt.Sscanf(c.config["apt::status-fd"], "%d", &status.fd)
	if st := h.aptDownload(p, plan.install, status); st != 0 || c.download {
		return st
	}
	fmt.Fprint(p.Stdout(), "(Reading database ... 41823 files and directories currently installed.)\n")
	status.done, status.of = 0, 2*len(plan.install)+len(plan.remove)+len(half)
	status.say("pmstatus", "dpkg-exec", "Running dpkg")
	for _, r := range plan.remove {
		fmt.Fprintf(p.Stdout(), "Removing %s (%s) ...\n", r.Name, r.Version)
		h.remove(r.Name, r.Arch)
	}
	for _, o := range plan.install {
		if st := h.unpack(p, o, status); st != 0 {
			return st
		}
	}
	var failed []string
	for _, r := range half {
		o, _ := h.anyOffer(r.Name, r.Version)
		o.Name, o.Arch, o.Version = r.Name, r.Arch, r.Version
		if slices.ContainsFunc(plan.install, func(x Offer) bool { return x.Name == r.Name }) {
			continue
		}
		if ok, cut := h.configure(p, o, status); cut {
			return 137
		} else if !ok {
			failed = append(failed, r.Name)
		}
	}
	for _, o := range plan.install {
		ok, cut := h.configure(p, o, status)
		if cut {
			return 137
		}
		if !ok {
			failed = append(failed, o.Name)
		}
	}
	if len(failed) > 0 {
		fmt.Fprintf(p.Stderr(), "Errors were encountered while processing:\n %s\n", strings.Join(failed, "\n "))
		fmt.Fprint(p.Stdout(), "needrestart is being skipped since dpkg has failed\n")
		fmt.Fprint(p.Stderr(), "E: Sub-process /usr/bin/dpkg returned an error code (1)\n")
		return 100
	}
	p.Sleep(h.takes(200 * time.Millisecond))
	fmt.Fprint(p.Stdout(), "Processing triggers for man-db (2.11.2-2) ...\n")
	return 0
}

func (h *Host) aptDownload(p *unix.Proc, offers []Offer, status *statusFD) int {
	var need int64
	for _, o := range offers {
		if !h.machine.FS.Exists(archive(o)) {
			need += o.Size
		}
	}
	fmt.Fprintf(p.Stdout(), "Need to get %s of archives.\nAfter this operation, 0 B of additional disk space will be used.\n", kilo(need))
	if _, free := h.machine.FS.Space(); free < need+4<<20 {
		fmt.Fprint(p.Stderr(), "E: You don't have enough free space in /var/cache/apt/archives/.\n")
		return 100
	}
	status.of = len(offers)
	for i, o := range offers {
		status.done = i
		if h.machine.FS.Exists(archive(o)) {
			continue
		}
		if h.dead(o.Repo) {
			fmt.Fprintf(p.Stdout(), "Err:%d %s %s/main %s %s %s %s\n  Could not connect\n", i+1, h.def.OS.Security.URL, h.suite(h.def.OS.Security), o.Arch, o.Name, o.Arch, o.Version)
			fmt.Fprintf(p.Stderr(), "E: Failed to fetch %s/pool/%s_%s_%s.deb  Could not connect\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n", h.def.OS.Security.URL, o.Name, o.Version, o.Arch)
			return 100
		}
		status.say("dlstatus", fmt.Sprint(i+1), fmt.Sprintf("Retrieving file %d of %d", i+1, len(offers)))
		if !p.Sleep(h.takes(time.Duration(o.Size>>13)*time.Millisecond + 30*time.Millisecond)) {
			return 137
		}
		fmt.Fprintf(p.Stdout(), "Get:%d %s %s/main amd64 %s %s %s [%s]\n", i+1, h.repoURL(o), h.suite(h.repo(o.Repo)), o.Name, o.Arch, o.Version, kilo(o.Size))
		h.machine.FS.Put(archive(o), "practice\n")
	}
	fmt.Fprintf(p.Stdout(), "Fetched %s in 1s (8,312 kB/s)\n", kilo(need))
	return 0
}

func archive(o Offer) string {
	return fmt.Sprintf("/var/cache/apt/archives/%s_%s_%s.deb", o.Name, strings.ReplaceAll(o.Version, ":", "%3a"), o.Arch)
}

func (h *Host) repo(id string) Repo {
	for _, r := range h.repos() {
		if r.ID == id {
			return r
		}
	}
	return h.def.OS.Base
}

func (h *Host) repoURL(o Offer) string { return h.repo(o.Repo).URL }

func kilo(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// unpack puts a package's files in place. When it is killed meanwhile, dpkg
// was interrupted.
func (h *Host) unpack(p *unix.Proc, o Offer, status *statusFD) int {
	fmt.Fprintf(p.Stdout(), "Preparing to unpack .../%s_%s_%s.deb ...\n", o.Name, strings.ReplaceAll(o.Version, ":", "%3a"), o.Arch)
	over := " "
	if o.Old != "" {
		over = " over (" + o.Old + ") "
	}
	fmt.Fprintf(p.Stdout(), "Unpacking %s (%s)%s...\n", o.Name, o.Version, over)
	status.say("pmstatus", o.Name, "Unpacking "+o.Name+" ("+o.Arch+")")
	if _, free := h.machine.FS.Space(); free < o.Size {
		fmt.Fprintf(p.Stderr(), "dpkg: error processing archive %s (--unpack):\n cannot copy extracted data for './usr/share/doc/%s' to '/usr/share/doc/%s.dpkg-new': failed to write (No space left on device)\nErrors were encountered while processing:\n %s\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n", archive(o), o.Name, o.Name, archive(o))
		return 100
	}
	if !p.Sleep(h.takes(o.Takes / 2)) {
		h.apply(o, "iU")
		h.machine.FS.Put(dpkgUpdates+"/0001", "Package: "+o.Name+"\n")
		return 137
	}
	h.apply(o, "iU")
	status.done++
	return 0
}

// configure sets a package up. It reports whether its script succeeded, and
// whether the work was killed.
func (h *Host) configure(p *unix.Proc, o Offer, status *statusFD) (ok, cut bool) {
	fmt.Fprintf(p.Stdout(), "Setting up %s (%s) ...\n", o.Name, o.Version)
	status.say("pmstatus", o.Name, "Configuring "+o.Name+" ("+o.Arch+")")
	if !p.Sleep(h.takes(o.Takes / 2)) {
		h.setState(o.Name, o.Arch, "iF")
		h.machine.FS.Put(dpkgUpdates+"/0001", "Package: "+o.Name+"\n")
		return false, true
	}
	if o.Fails != "" {
		what := "installed " + o.Name + " package post-installation script subprocess returned error exit status 1"
		fmt.Fprintln(p.Stderr(), o.Fails)
		status.say("pmerror", o.Name, what)
		fmt.Fprintf(p.Stderr(), "dpkg: error processing package %s (--configure):\n %s\n", o.Name, what)
		h.setState(o.Name, o.Arch, "iF")
		return false, false
	}
	h.setState(o.Name, o.Arch, "")
	status.done++
	status.say("pmstatus", o.Name, "Installed "+o.Name+" ("+o.Arch+")")
	return true, false
}

func (h *Host) setState(name, arch, s string) {
	h.with(func(st *state) {
		if i := st.find(name, arch); i >= 0 {
			st.Packages[i].State = s
		}
		h.changed()
	})
}

// takePackages takes the lock on packages for a process.
func (h *Host) takePackages(pid int) bool {
	if !h.lockPackages() {
		return false
	}
	h.mu.Lock()
	h.packagePID = pid
	h.mu.Unlock()
	return true
}

func (h *Host) aptCache(p *unix.Proc, args []string) int {
	verb, rest := verbOf(args)
	if verb != "policy" && verb != "show" && verb != "madison" {
		fmt.Fprintf(p.Stderr(), "E: Invalid operation %s\n", verb)
		return 100
	}
	for _, n := range rest {
		name, _, _ := strings.Cut(n, ":")
		old := h.installed(name, "")
		if old == "" && !h.knows(name) {
			continue
		}
		i := slices.IndexFunc(h.offers(), func(o Offer) bool { return o.Name == name })
		candidate := old
		if i >= 0 {
			candidate = h.offers()[i].Version
		}
		fmt.Fprintf(p.Stdout(), "%s:\n  Installed: %s\n  Candidate: %s\n  Version table:\n", name, or(old, "(none)"), candidate)
		if i >= 0 {
			o := h.offers()[i]
			phased := ""
			if o.Phased {
				phased = " (phased 20%)"
			}
			fmt.Fprintf(p.Stdout(), "     %s 500%s\n", o.Version, phased)
			for _, r := range h.sourcesOf(o) {
				fmt.Fprintf(p.Stdout(), "        500 %s %s/main amd64 Packages\n", r.URL, h.suite(r))
			}
		}
		if old != "" {
			fmt.Fprintf(p.Stdout(), " *** %s 100\n        100 /var/lib/dpkg/status\n", old)
		}
	}
	return 0
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (h *Host) sourcesOf(o Offer) []Repo {
	if o.Repo == "sec" && h.def.OS.ID == "ubuntu" {
		return []Repo{h.def.OS.Updates, h.def.OS.Security}
	}
	return []Repo{h.repo(o.Repo)}
}

func (h *Host) aptMark(p *unix.Proc, args []string) int {
	verb, rest := verbOf(args)
	switch verb {
	case "showhold":
		h.with(func(st *state) {
			for _, k := range st.Packages {
				if k.Held {
					fmt.Fprintln(p.Stdout(), k.Name)
				}
			}
		})
	case "hold", "unhold":
		h.with(func(st *state) {
			for _, n := range rest {
				if i := st.find(n, ""); i >= 0 {
					st.Packages[i].Held = verb == "hold"
					fmt.Fprintf(p.Stdout(), "%s set on %s.\n", map[bool]string{true: "hold", false: "Canceled hold"}[verb == "hold"], n)
				}
			}
			h.changed()
		})
	case "showauto", "showmanual", "auto", "manual", "minimize-manual":
	default:
		fmt.Fprintf(p.Stderr(), "E: Invalid operation %s\n", verb)
		return 100
	}
	return 0
}

func (h *Host) aptConfig(p *unix.Proc, args []string) int {
	verb, _ := verbOf(args)
	switch verb {
	case "dump":
		fmt.Fprint(p.Stdout(), "APT::Architecture \"amd64\";\nDir::Cache \"var/cache/apt\";\n")
	case "shell":
	}
	return 0
}

func (h *Host) dpkg(p *unix.Proc, args []string) int {
	has := func(names ...string) bool {
		return slices.ContainsFunc(args[1:], func(a string) bool { return slices.Contains(names, a) })
	}
	switch {
	case has("--audit", "-C"):
		return h.dpkgAudit(p)
	case has("--configure"):
		return h.dpkgConfigure(p)
	case has("--print-architecture"):
		fmt.Fprintln(p.Stdout(), "amd64")
		return 0
	case has("--print-foreign-architectures"):
		return 0
	case has("--compare-versions") && len(args) == 5:
		return compareDeb(args[2], args[3], args[4])
	case has("--version"):
		fmt.Fprintln(p.Stdout(), "Debian 'dpkg' package management program version 1.21.22 (amd64).")
		return 0
	case has("-l", "--list", "-s", "--status", "-W", "-L"):
		return h.dpkgQuery(p, args)
	case has("--get-selections"):
		h.with(func(st *state) {
			for _, k := range st.Packages {
				fmt.Fprintf(p.Stdout(), "%s\t%s\n", k.Name, map[bool]string{true: "hold", false: "install"}[k.Held])
			}
		})
		return 0
	}
	fmt.Fprintf(p.Stderr(), "dpkg: error: unknown option %s\n", strings.Join(args[1:], " "))
	return 2
}

func (h *Host) dpkgAudit(p *unix.Proc) int {
	for _, k := range h.halfDone() {
		text := "The following packages are only half configured, probably due to problems\nconfiguring them the first time.  The configuration should be retried using\ndpkg --configure <package> or the configure menu option in dselect:\n"
		if k.State == "iU" {
			text = "The following packages have been unpacked but not yet configured.\nThey must be configured using dpkg --configure or the configure\nmenu option in dselect for them to work:\n"
		}
		fmt.Fprintf(p.Stdout(), "%s %-20s practice package %s\n\n", text, k.Name, k.Name)
	}
	return 0
}

func (h *Host) dpkgConfigure(p *unix.Proc) int {
	if p.UID != 0 {
		fmt.Fprintln(p.Stderr(), "dpkg: error: requested operation requires superuser privilege")
		return 2
	}
	if !h.takePackages(p.PID) {
		fmt.Fprintln(p.Stderr(), "dpkg: error: dpkg frontend lock was locked by another process")
		return 2
	}
	defer h.unlockPackages()
	for _, k := range h.halfDone() {
		fmt.Fprintf(p.Stdout(), "Setting up %s (%s) ...\n", k.Name, k.Version)
		h.setState(k.Name, k.Arch, "")
	}
	names, _ := h.machine.FS.ReadDir(dpkgUpdates, 0)
	for _, n := range names {
		_ = h.machine.FS.Remove(dpkgUpdates+"/"+n, 0, false)
	}
	return 0
}

func (h *Host) dpkgQuery(p *unix.Proc, args []string) int {
	format := "${Package}\t${Version}\n"
	var names []string
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case strings.HasPrefix(a, "-f="):
			format = a[3:]
		case strings.HasPrefix(a, "--showformat="):
			format = strings.TrimPrefix(a, "--showformat=")
		case a == "-f" && i+1 < len(args):
			i++
			format = args[i]
		case !strings.HasPrefix(a, "-"):
			names = append(names, a)
		}
	}
	format = strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(format)
	if slices.Contains(args, "-l") || slices.Contains(args, "--list") {
		format = "${db:Status-Abbrev} ${Package} ${Version} ${Architecture} ${binary:Summary}\n"
	}
	var all []Package
	h.with(func(st *state) { all = append(all, st.Packages...) })
	slices.SortFunc(all, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	status := 0
	for _, n := range names {
		bare, _, _ := strings.Cut(n, ":")
		if !slices.ContainsFunc(all, func(k Package) bool { return k.Name == bare }) && !strings.Contains(n, "*") {
			fmt.Fprintf(p.Stderr(), "dpkg-query: no packages found matching %s\n", n)
			status = 1
		}
	}
	var b strings.Builder
	for _, k := range all {
		if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool {
			bare, arch, _ := strings.Cut(n, ":")
			return (bare == k.Name || strings.HasSuffix(bare, "*") && strings.HasPrefix(k.Name, strings.TrimSuffix(bare, "*"))) && (arch == "" || arch == k.Arch)
		}) {
			continue
		}
		want := "i"
		if k.Held {
			want = "h"
		}
		state := or(k.State, "ii")
		words := map[string]string{"ii": "installed", "iF": "half-configured", "iU": "unpacked"}[state]
		b.WriteString(strings.NewReplacer("${Package}", k.Name, "${binary:Package}", k.Name, "${Architecture}", k.Arch, "${Version}", k.Version,
			"${db:Status-Abbrev}", want+state[1:]+" ", "${db:Status-Status}", words, "${Status}", map[string]string{"i": "install", "h": "hold"}[want]+" ok "+words,
			"${Installed-Size}", "512", "${binary:Summary}", k.Name, "${source:Package}", k.Name).Replace(format))
	}
	fmt.Fprint(p.Stdout(), b.String())
	return status
}

func (h *Host) needrestart(p *unix.Proc, args []string) int {
	var running, newest string
	var stale []string
	h.with(func(st *state) {
		running, newest, stale = st.Running, st.Kernels[len(st.Kernels)-1], slices.Clone(st.Stale)
	})
	ksta := 1
	if running != newest {
		ksta = 3
	}
	fmt.Fprintf(p.Stdout(), "NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: %s\nNEEDRESTART-KEXP: %s\nNEEDRESTART-KSTA: %d\n", running, newest, ksta)
	if p.UID == 0 {
		slices.Sort(stale)
		for _, s := range stale {
			fmt.Fprintf(p.Stdout(), "NEEDRESTART-SVC: %s.service\n", s)
		}
	}
	return 0
}
