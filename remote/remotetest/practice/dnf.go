package practice

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice/unix"
)

func (h *Host) dnfCommands(c map[string]unix.Command) {
	c["dnf"], c["yum"] = h.dnf, h.dnf
	c["needs-restarting"] = func(p *unix.Proc, args []string) int { return h.needsRestarting(p, args) }
}

// dnfCall is a parsed dnf command line.
type dnfCall struct {
	verb                                                string
	rest                                                []string
	quiet, cached, yes, no, download, refresh, security bool
	all, cve, strict                                    bool
}

func parseDnf(args []string) dnfCall {
	var c dnfCall
	for _, a := range args[1:] {
		switch {
		case a == "-q" || a == "--quiet":
			c.quiet = true
		case a == "-C" || a == "--cacheonly":
			c.cached = true
		case a == "-y" || a == "--assumeyes":
			c.yes = true
		case a == "--assumeno":
			c.no = true
		case a == "--downloadonly":
			c.download = true
		case a == "--refresh":
			c.refresh = true
		case a == "--security":
			c.security = true
		case a == "--disableexcludes=all", a == "--setopt=disable_excludes=*":
			c.all = true
		case a == "--with-cve":
			c.cve = true
		case a == "--setopt=*.skip_if_unavailable=0":
			c.strict = true
		case strings.HasPrefix(a, "-") && c.verb == "":
			if a == "--version" {
				c.verb = a
			}
		case c.verb == "":
			c.verb = a
		default:
			c.rest = append(c.rest, a)
		}
	}
	return c
}

func (h *Host) dnf(p *unix.Proc, args []string) int {
	c := parseDnf(args)
	if c.cached && p.UID != 0 {
		fmt.Fprintln(p.Stderr(), "Error: Cache-only enabled but no cache for 'appstream'")
		return 1
	}
	if c.refresh || c.verb == "makecache" {
		if st := h.dnfFetch(p, c); st != 0 || c.verb == "makecache" {
			return st
		}
	}
	switch c.verb {
	case "--version":
		fmt.Fprint(p.Stdout(), "4.14.0\n  Installed: dnf-0:4.14.0-25.el9.alma.1.noarch\n  Built    : AlmaLinux Packaging Team\n")
		return 0
	case "check-update":
		return h.dnfCheck(p, c)
	case "updateinfo":
		return h.dnfAdvisories(p, c)
	case "repolist":
		fmt.Fprintf(p.Stdout(), "%-12s %s\n", "repo id", "repo name")
		for _, r := range h.repos() {
			fmt.Fprintf(p.Stdout(), "%-12s %s\n", r.ID, r.Name)
		}
		return 0
	case "needs-restarting":
		return h.needsRestarting(p, append([]string{"needs-restarting"}, c.rest...))
	case "upgrade", "update", "install", "upgrade-minimal", "remove":
		return h.dnfChange(p, c)
	case "list", "versionlock", "module", "clean", "history", "check":
		return h.dnfOther(p, c)
	}
	fmt.Fprintf(p.Stderr(), "No such command: %s. Please use /usr/bin/dnf --help\n", c.verb)
	return 1
}

func (h *Host) dnfOther(p *unix.Proc, c dnfCall) int {
	switch {
	case c.verb == "versionlock" && len(c.rest) > 1 && (c.rest[0] == "add" || c.rest[0] == "delete"):
		h.with(func(st *state) {
			for _, n := range c.rest[1:] {
				if i := st.find(n, ""); i >= 0 {
					st.Packages[i].Held = c.rest[0] == "add"
				}
			}
			h.changed()
		})
	case c.verb == "list" && slices.Contains(c.rest, "--obsoletes"):
		fmt.Fprintln(p.Stderr(), "Error: No matching Packages to list")
		return 1
	}
	return 0
}

func (h *Host) dnfFetch(p *unix.Proc, c dnfCall) int {
	status := 0
	for _, r := range h.repos() {
		if h.dead(r.ID) {
			p.Sleep(h.takes(time.Second))
			fmt.Fprintf(p.Stderr(), "Errors during downloading metadata for repository '%s':\n  - Curl error (7): Couldn't connect to server for %s/repodata/repomd.xml [Failed to connect to repo.example.test port 443: Connection refused]\n", r.ID, r.URL)
			if c.strict {
				fmt.Fprintf(p.Stderr(), "Error: Failed to download metadata for repo '%s': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried\n", r.ID)
				status = 1
			}
			continue
		}
		p.Sleep(h.takes(250 * time.Millisecond))
		if !c.quiet {
			fmt.Fprintf(p.Stdout(), "%-47s 3.1 MB/s | 2.4 MB     00:00    \n", r.Name)
		}
		h.fetched(r)
		h.mu.Lock()
		h.writeRepodata(r)
		h.mu.Unlock()
	}
	if status == 0 && !c.quiet {
		fmt.Fprintln(p.Stdout(), "Metadata cache created.")
	}
	return status
}

func (h *Host) dnfCheck(p *unix.Proc, c dnfCall) int {
	p.Sleep(h.takes(80 * time.Millisecond))
	var b strings.Builder
	offers := h.offers()
	slices.SortFunc(offers, func(a, b Offer) int { return strings.Compare(a.Name, b.Name) })
	for _, o := range offers {
		if h.isHeld(o.Name) && !c.all {
			continue
		}
		fmt.Fprintf(&b, "%-38s %-37s %s\n", o.Name+"."+o.Arch, o.Version, o.Repo)
	}
	if b.Len() == 0 {
		return 0
	}
	fmt.Fprint(p.Stdout(), "\n"+b.String())
	return 100
}

// sev is Red Hat's word for a severity.
func sev(s data.Severity) string {
	return map[data.Severity]string{data.Critical: "Critical", data.High: "Important", data.Medium: "Moderate", data.Low: "Low"}[s]
}

func (h *Host) dnfAdvisories(p *unix.Proc, c dnfCall) int {
	if len(c.rest) > 0 && c.rest[0] != "list" {
		return 0
	}
	for _, o := range h.offers() {
		if o.Advisory == "" || c.security && o.Class != data.Security {
			continue
		}
		kind := "bugfix"
		if o.Class == data.Security {
			kind = sev(o.Severity) + "/Sec."
		}
		ids := []string{o.Advisory}
		if c.cve || slices.Contains(c.rest, "cves") {
			ids = o.CVEs
		}
		for _, id := range ids {
			fmt.Fprintf(p.Stdout(), "%s %-14s %s\n", id, kind, nevra(o.Name, o.Version, o.Arch))
		}
	}
	return 0
}

func (h *Host) needsRestarting(p *unix.Proc, args []string) int {
	switch {
	case slices.Contains(args, "-s"):
		for _, s := range h.stale() {
			fmt.Fprintln(p.Stdout(), s+".service")
		}
		return 0
	case slices.Contains(args, "-r"):
		names := h.pending()
		if len(names) == 0 {
			fmt.Fprint(p.Stdout(), "No core libraries or services have been updated since boot-up.\nReboot should not be necessary.\n")
			return 0
		}
		fmt.Fprintln(p.Stdout(), "Core libraries or services have been updated since boot-up:")
		for _, n := range names {
			fmt.Fprintf(p.Stdout(), "  * %s\n", n)
		}
		fmt.Fprint(p.Stdout(), "\nReboot is required to fully utilize these updates.\nMore information: https://access.redhat.com/solutions/27943\n")
		return 1
	}
	return 0
}

func (h *Host) dnfChange(p *unix.Proc, c dnfCall) int {
	if p.UID != 0 {
		fmt.Fprintln(p.Stderr(), "Error: This command has to be run with superuser privileges (under the root user on most systems).")
		return 1
	}
	if !h.takePackages(p.PID) {
		fmt.Fprintf(p.Stderr(), "Failed to obtain the transaction lock (logged in as: root).\n")
		return 200
	}
	defer h.unlockPackages()
	p.Sleep(h.takes(100 * time.Millisecond))
	plan := h.rpmSolve(c.rest, c.security)
	if c.verb == "remove" {
		plan = h.rpmRemoval(c.rest)
	}
	if plan.missing != "" {
		fmt.Fprintf(p.Stdout(), "No match for argument: %s\n", plan.missing)
		fmt.Fprintf(p.Stderr(), "Error: Unable to find a match: %s\n", plan.missing)
		return 1
	}
	if len(plan.install)+len(plan.remove) == 0 {
		fmt.Fprint(p.Stdout(), "Dependencies resolved.\nNothing to do.\nComplete!\n")
		return 0
	}
	h.dnfTable(p, plan)
	if c.no || !c.yes {
		fmt.Fprintln(p.Stdout(), "Operation aborted.")
		return 1
	}
	return h.dnfTransaction(p, c, plan)
}

func (h *Host) rpmRemoval(names []string) rpmPlan {
	var plan rpmPlan
	h.with(func(st *state) {
		for _, n := range names {
			for _, k := range st.Packages {
				if rpmNames(k, n) {
					plan.remove = append(plan.remove, k)
				}
			}
		}
	})
	return plan
}

// dnfTable prints the table that dnf shows before it asks.
func (h *Host) dnfTable(p *unix.Proc, plan rpmPlan) {
	rule := strings.Repeat("=", 96)
	var total int64
	row := func(name, arch, version, repo string, size int64) {
		total += size
		fmt.Fprintf(p.Stdout(), " %-26s %-10s %-32s %-14s %s\n", name, arch, version, repo, kib(size))
	}
	fmt.Fprintf(p.Stdout(), "Dependencies resolved.\n%s\n %-26s %-10s %-32s %-14s Size\n%s\n", rule, "Package", "Arch", "Version", "Repository", rule)
	installs, upgrades := 0, 0
	for _, head := range []string{"Installing:", "Upgrading:"} {
		said := false
		for _, o := range plan.install {
			if (o.Kernel != "") != (head == "Installing:") {
				continue
			}
			if !said {
				fmt.Fprintln(p.Stdout(), head)
				said = true
			}
			if head == "Installing:" {
				installs++
			} else {
				upgrades++
			}
			row(o.Name, o.Arch, o.Version, o.Repo, o.Size)
		}
	}
	if len(plan.remove) > 0 {
		fmt.Fprintln(p.Stdout(), "Removing:")
	}
	for _, k := range plan.remove {
		row(k.Name, k.Arch, k.Version, "@"+h.def.OS.Base.ID, 100<<10)
	}
	fmt.Fprintf(p.Stdout(), "\nTransaction Summary\n%s\n", rule)
	for _, x := range []struct {
		word string
		n    int
	}{{"Install", installs}, {"Upgrade", upgrades}, {"Remove", len(plan.remove)}} {
		if x.n > 0 {
			fmt.Fprintf(p.Stdout(), "%s  %d Packages\n", x.word, x.n)
		}
	}
	fmt.Fprintf(p.Stdout(), "\nTotal download size: %s\n", kib(total))
}

func kib(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.1f k", float64(n)/1024)
	}
	return fmt.Sprintf("%.0f M", float64(n)/(1<<20))
}

func (h *Host) dnfTransaction(p *unix.Proc, c dnfCall, plan rpmPlan) int {
	if short := h.rpmDiskFull(plan); short > 0 {
		fmt.Fprintf(p.Stderr(), "Error: Transaction test error:\n  installing package %s needs %dMB more space on the / filesystem\n", plan.install[0].Name, short>>20+1)
		return 1
	}
	fmt.Fprintln(p.Stdout(), "Downloading Packages:")
	for i, o := range plan.install {
		if h.dead(o.Repo) {
			fmt.Fprintf(p.Stderr(), "Error: Error downloading packages:\n  Cannot download %s.rpm: All mirrors were tried\n", nevra(o.Name, withoutEpoch(o.Version), o.Arch))
			return 1
		}
		if !h.machine.FS.Exists(rpmArchive(o)) {
			if !p.Sleep(h.takes(time.Duration(o.Size>>13)*time.Millisecond + 30*time.Millisecond)) {
				return 137
			}
			h.machine.FS.Put(rpmArchive(o), "practice\n")
		}
		fmt.Fprintf(p.Stdout(), "(%d/%d): %s.rpm  8.1 MB/s | %s     00:00    \n", i+1, len(plan.install), nevra(o.Name, withoutEpoch(o.Version), o.Arch), kib(o.Size))
	}
	if c.download {
		fmt.Fprint(p.Stdout(), "Complete!\nThe downloaded packages were saved in cache until the next successful transaction.\n")
		return 0
	}
	fmt.Fprint(p.Stdout(), "Running transaction check\nTransaction check succeeded.\nRunning transaction test\nTransaction test succeeded.\nRunning transaction\n  Preparing        :                                                        1/1 \n")
	steps, at := 2*len(plan.install)+len(plan.remove), 0
	say := func(word, what string) {
		at++
		fmt.Fprintf(p.Stdout(), "  %-16s : %-56s %d/%d \n", word, what, at, steps)
	}
	for _, o := range plan.install {
		word := "Upgrading"
		if o.Kernel != "" {
			word = "Installing"
		}
		say(word, nevra(o.Name, o.Version, o.Arch))
		if !p.Sleep(h.takes(o.Takes)) {
			return 137 // the old packages stay beside the new ones, as rpm leaves them
		}
		if o.Fails != "" {
			fmt.Fprintf(p.Stderr(), "%s\nwarning: %%post(%s) scriptlet failed, exit status 1\n\n", o.Fails, nevra(o.Name, withoutEpoch(o.Version), o.Arch))
		}
		h.apply(o, "")
	}
	for _, k := range plan.remove {
		say("Erasing", nevra(k.Name, k.Version, k.Arch))
		h.remove(k.Name, k.Arch)
	}
	for _, o := range plan.install {
		if o.Kernel == "" {
			say("Cleanup", nevra(o.Name, o.Old, o.Arch))
		}
		_ = h.machine.FS.Remove(rpmArchive(o), 0, false)
	}
	fmt.Fprint(p.Stdout(), "\nUpgraded:\n")
	for _, o := range plan.install {
		fmt.Fprintf(p.Stdout(), "  %s\n", nevra(o.Name, o.Version, o.Arch))
	}
	fmt.Fprint(p.Stdout(), "\nComplete!\n")
	return 0
}

func rpmArchive(o Offer) string {
	return "/var/cache/dnf/packages/" + nevra(o.Name, withoutEpoch(o.Version), o.Arch) + ".rpm"
}
