package practice

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice/unix"
)

func (h *Host) zypperCommands(c map[string]unix.Command) { c["zypper"] = h.zypper }

// zypperCall is a parsed zypper command line.
type zypperCall struct {
	xml, dry, download, terse, all, interactive bool

	verb string
	rest []string
}

// Options of zypper whose value is the next word.
var zypperValues = []string{"--category", "--date", "-t", "--type", "-r", "--repo", "--root", "-R", "--config", "-c", "--reposd-dir", "--cache-dir", "--raw-cache-dir", "--severity", "--userdata", "--match", "--from"}

func parseZypper(args []string) zypperCall {
	var c zypperCall
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--xmlout" || a == "-x":
			c.xml = true
		case a == "--dry-run" || a == "-D":
			c.dry = true
		case a == "--download-only" || a == "-d" && c.verb != "":
			c.download = true
		case a == "--with-interactive":
			c.interactive = true
		case a == "--all" || a == "-a":
			c.all = true
		case slices.Contains(zypperValues, a) && i+1 < len(args):
			i++
		case a == "--version" || a == "-V":
			c.verb = "--version"
		case strings.HasPrefix(a, "-"):
			c.terse = c.terse || a == "-sss"
		case c.verb == "":
			c.verb = a
		default:
			c.rest = append(c.rest, a)
		}
	}
	return c
}

// zypperOut is where zypper says something, in text or in XML.
type zypperOut struct {
	w   io.Writer
	xml bool
}

func (o zypperOut) info(text string) {
	if o.xml {
		fmt.Fprintf(o.w, "<message type=\"info\">%s</message>\n", escape(text))
		return
	}
	fmt.Fprintln(o.w, text)
}

func (o zypperOut) raw(text string) { fmt.Fprint(o.w, text) }

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

func (h *Host) zypper(p *unix.Proc, args []string) int {
	c := parseZypper(args)
	if c.verb == "--version" {
		fmt.Fprintln(p.Stdout(), "zypper 1.14.92")
		return 0
	}
	o := zypperOut{p.Stdout(), c.xml}
	if c.xml {
		o.raw("<?xml version='1.0'?>\n<stream>\n")
		defer o.raw("</stream>\n")
	}
	reads := slices.Contains([]string{"needs-rebooting", "locks", "ll", "repos", "lr", "ps", "--version"}, c.verb)
	if p.UID == 0 && !reads {
		if !h.takePackages(p.PID) {
			h.mu.Lock()
			pid := h.packagePID
			h.mu.Unlock()
			text := fmt.Sprintf("System management is locked by the application with pid %d (zypper).\nClose this application before trying again.", pid)
			if c.xml {
				o.raw("<message type=\"error\">" + text + "</message>\n")
			} else {
				fmt.Fprintln(p.Stderr(), text)
			}
			return 7
		}
		defer h.unlockPackages()
		h.machine.FS.Put("/run/zypp.pid", fmt.Sprintln(p.PID))
		defer h.machine.FS.Remove("/run/zypp.pid", 0, false)
	}
	return h.zypperVerb(p, c, o)
}

func (h *Host) zypperVerb(p *unix.Proc, c zypperCall, o zypperOut) int {
	switch c.verb {
	case "refresh", "ref":
		return h.zypperRefresh(p, c, o)
	case "list-updates", "lu":
		return h.zypperUpdates(c, o)
	case "list-patches", "lp":
		return h.zypperPatches(c, o)
	case "patch-check", "pchk":
		return h.zypperPatchCheck(o)
	case "needs-rebooting":
		return h.zypperReboot(o)
	case "ps":
		return h.zypperPs(p, c, o)
	case "locks", "ll":
		return h.zypperLocks(c, o)
	case "addlock", "al", "removelock", "rl":
		h.with(func(st *state) {
			for _, n := range c.rest {
				if i := st.find(n, ""); i >= 0 {
					st.Packages[i].Held = strings.HasPrefix(c.verb, "a")
				}
			}
			h.changed()
		})
		return 0
	case "repos", "lr":
		return h.zypperRepos(c, o)
	case "update", "up", "install", "in", "patch", "dist-upgrade", "dup", "remove", "rm":
		return h.zypperChange(p, c, o)
	case "info", "if":
		return h.zypperInfo(c, o)
	case "verify", "ve", "clean", "cc", "search", "se":
		return 0
	}
	fmt.Fprintf(p.Stderr(), "Unknown command '%s'\n", c.verb)
	return 2
}

func (h *Host) zypperRefresh(p *unix.Proc, c zypperCall, o zypperOut) int {
	if p.UID != 0 {
		fmt.Fprintln(p.Stderr(), "Root privileges are required for refreshing system repositories.")
		return 5
	}
	failed := 0
	for _, r := range h.repos() {
		if h.dead(r.ID) {
			p.Sleep(h.takes(time.Second))
			text := fmt.Sprintf("Problem retrieving files from '%s'.\nDownload (curl) error for '%srepodata/repomd.xml':\nError code: Connection failed\nError message: Failed to connect to download.example.test port 80: Connection refused\n\nSkipping repository '%s' because of the above error.", r.Name, r.URL, r.Name)
			if c.xml {
				o.raw("<message type=\"error\">" + escape(text) + "</message>\n")
			} else {
				fmt.Fprintln(p.Stderr(), text)
			}
			failed++
			continue
		}
		p.Sleep(h.takes(250 * time.Millisecond))
		h.fetched(r)
		h.mu.Lock()
		h.writeRepodata(r)
		h.mu.Unlock()
		if !c.xml {
			fmt.Fprintf(p.Stdout(), "Retrieving repository '%s' metadata [.....done]\nBuilding repository '%s' cache [....done]\n", r.Name, r.Name)
		}
	}
	switch {
	case failed == len(h.repos()):
		fmt.Fprintln(p.Stderr(), "Could not refresh the repositories because of errors.")
		return 4
	case failed > 0:
		fmt.Fprintln(p.Stderr(), "Some of the repositories have not been refreshed because of an error.")
		return 106
	}
	o.info("All repositories have been refreshed.")
	return 0
}

func loading(o zypperOut) {
	o.info("Loading repository data...")
	o.info("Reading installed packages...")
}

func (h *Host) zypperUpdates(c zypperCall, o zypperOut) int {
	loading(o)
	offers := h.offers()
	if c.xml {
		o.raw("<update-status version=\"0.6\">\n<update-list>\n")
		for _, x := range offers {
			r := h.repo(x.Repo)
			if h.isHeld(x.Name) && !c.all {
				continue
			}
			o.raw(fmt.Sprintf(`<update kind="package" name="%s" edition="%s" arch="%s" edition-old="%s"><summary>%s</summary><description>%s.</description><license/><source url="%s" alias="%s"/></update>`,
				escape(x.Name), x.Version, x.Arch, x.Old, escape(x.Name), escape(x.Name), r.URL, r.ID))
		}
		o.raw("</update-list>\n</update-status>\n")
		return 0
	}
	if len(offers) == 0 {
		o.info("No updates found.")
		return 0
	}
	rows := [][]string{{"S", "Repository", "Name", "Current Version", "Available Version", "Arch"}}
	for _, x := range offers {
		if !h.isHeld(x.Name) {
			rows = append(rows, []string{"v", h.repo(x.Repo).Name, x.Name, x.Old, x.Version, x.Arch})
		}
	}
	table(o, rows)
	return 0
}

// table prints rows as zypper does; the first is the heading.
func table(o zypperOut, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], len(c))
		}
	}
	for n, r := range rows {
		var cols, rule []string
		for i, c := range r {
			cols = append(cols, fmt.Sprintf("%-*s", width[i], c))
			rule = append(rule, strings.Repeat("-", width[i]))
		}
		o.raw(strings.TrimRight(strings.Join(cols, " | "), " ") + "\n")
		if n == 0 {
			o.raw(strings.Join(rule, "-+-") + "\n")
		}
	}
}

// A patch is an advisory with the updates that belong to it.
type patch struct {
	id     string
	offers []Offer
}

func (h *Host) patches() []patch {
	var out []patch
	for _, x := range h.offers() {
		if x.Advisory == "" {
			continue
		}
		i := slices.IndexFunc(out, func(p patch) bool { return p.id == x.Advisory })
		if i < 0 {
			out = append(out, patch{id: x.Advisory})
			i = len(out) - 1
		}
		out[i].offers = append(out[i].offers, x)
	}
	slices.SortFunc(out, func(a, b patch) int { return strings.Compare(a.id, b.id) })
	return out
}

func (p patch) category() (category, severity string) {
	x := p.offers[0]
	if x.Class != data.Security {
		return "recommended", "moderate"
	}
	return "security", strings.ToLower(sev(x.Severity))
}

func (p patch) reboot() bool {
	return slices.ContainsFunc(p.offers, func(x Offer) bool { return x.Kernel != "" })
}

func (h *Host) zypperPatches(c zypperCall, o zypperOut) int {
	loading(o)
	list := h.patches()
	if !c.xml {
		rows := [][]string{{"Repository", "Name", "Category", "Severity", "Interactive", "Status", "Summary"}}
		for _, p := range list {
			category, severity := p.category()
			interactive := "---"
			if p.reboot() {
				interactive = "reboot"
			}
			rows = append(rows, []string{h.repo(p.offers[0].Repo).Name, p.id, category, severity, interactive, "needed", "Update for " + p.offers[0].Name})
		}
		o.raw("\n")
		table(o, rows)
		o.raw(fmt.Sprintf("\nFound %d applicable patches:\n%d patches needed\n", len(list), len(list)))
		return 0
	}
	o.raw("<update-status version=\"0.6\">\n<update-list>\n")
	for _, p := range list {
		category, severity := p.category()
		x := p.offers[0]
		r := h.repo(x.Repo)
		at := h.shop.anchor.AddDate(0, 0, -x.Age).Truncate(24 * time.Hour)
		var issues strings.Builder
		for _, cve := range x.CVEs {
			fmt.Fprintf(&issues, `<issue type="cve" id="%s"><title>%s</title><href>https://www.suse.com/security/cve/%s/</href></issue>`, cve, cve, cve)
		}
		o.raw(fmt.Sprintf(`<update kind="patch" name="%s" edition="1" arch="noarch" status="needed" category="%s" severity="%s" pkgmanager="false" restart="%t" interactive="%t"><summary>Update for %s</summary><description>This update for %s fixes the following issues.</description><license/><source url="%s" alias="%s"/><issue-date time_t="%d" text="%s"/><issue-list>%s</issue-list></update>`,
			p.id, category, severity, p.reboot(), p.reboot(), escape(x.Name), escape(x.Name), r.URL, r.ID, at.Unix(), at.Format(time.RFC3339), issues.String()))
	}
	o.raw("</update-list>\n</update-status>\n")
	return 0
}

// zypperInfo tells what packages a patch is about: those it conflicts with when they are older.
func (h *Host) zypperInfo(c zypperCall, o zypperOut) int {
	loading(o)
	for _, p := range h.patches() {
		if !contains(c.rest, p.id) {
			continue
		}
		category, severity := p.category()
		o.raw(fmt.Sprintf("\n\nInformation for patch %s:\n%s\nRepository  : %s\nName        : %s\nVersion     : 1\nArch        : noarch\nVendor      : maint-coord@suse.de\nStatus      : needed\nCategory    : %s\nSeverity    : %s\n",
			p.id, strings.Repeat("-", 24+len(p.id)), h.repo(p.offers[0].Repo).Name, p.id, category, severity))
		o.raw(fmt.Sprintf("Interactive : ---\nSummary     : Update for %s\nDescription : \n    This update for %s fixes the following issues.\nProvides    : patch:%s = 1\n", p.offers[0].Name, p.offers[0].Name, p.id))
		if len(p.offers) == 1 {
			o.raw(fmt.Sprintf("Conflicts   : %s.%s < %s\n", p.offers[0].Name, p.offers[0].Arch, p.offers[0].Version))
			continue
		}
		o.raw(fmt.Sprintf("Conflicts   : [%d]\n", len(p.offers)))
		for _, x := range p.offers {
			o.raw(fmt.Sprintf("    %s.%s < %s\n", x.Name, x.Arch, x.Version))
		}
	}
	return 0
}

func (h *Host) zypperPatchCheck(o zypperOut) int {
	loading(o)
	list := h.patches()
	security := 0
	for _, p := range list {
		if c, _ := p.category(); c == "security" {
			security++
		}
	}
	if o.xml {
		o.raw(fmt.Sprintf("<update-status version=\"0.6\"/>\n<!-- %d -->\n", security))
	} else {
		o.raw(fmt.Sprintf("\n%d patches needed (%d security patches)\n", len(list), security))
	}
	switch {
	case security > 0:
		return 101
	case len(list) > 0:
		return 100
	}
	return 0
}

func (h *Host) zypperReboot(o zypperOut) int {
	if len(h.pending()) == 0 {
		o.info("No core libraries or services have been updated since the last system boot.")
		o.info("Reboot is probably not necessary.")
		return 0
	}
	o.info("Since the last system boot core libraries or services have been updated.")
	o.info("Reboot is suggested to ensure that your system benefits from these updates.")
	return 102
}

func (h *Host) zypperPs(p *unix.Proc, c zypperCall, o zypperOut) int {
	if c.terse {
		for _, s := range h.stale() {
			fmt.Fprintln(p.Stdout(), s)
		}
		return h.pendingStatus()
	}
	if stale := h.stale(); len(stale) > 0 {
		rows := [][]string{{"PID", "PPID", "UID", "User", "Command", "Service"}}
		for i, s := range stale {
			rows = append(rows, []string{fmt.Sprint(700 + i), "1", "0", "root", s, s})
		}
		o.info("The following running processes use deleted files:\n")
		table(o, rows)
	} else {
		o.info("No processes using deleted files found.")
	}
	if st := h.pendingStatus(); st != 0 {
		o.info("")
		return h.zypperReboot(o)
	}
	return 0
}

func (h *Host) pendingStatus() int {
	if len(h.pending()) > 0 {
		return 102
	}
	return 0
}

func (h *Host) zypperLocks(c zypperCall, o zypperOut) int {
	var held []string
	h.with(func(st *state) {
		for _, k := range st.Packages {
			if k.Held {
				held = append(held, k.Name)
			}
		}
	})
	if c.xml {
		o.raw(fmt.Sprintf("<locks size=\"%d\">\n", len(held)))
		for i, n := range held {
			o.raw(fmt.Sprintf("<lock number=\"%d\"><name>%s</name><type>package</type></lock>\n", i+1, escape(n)))
		}
		o.raw("</locks>\n")
		return 0
	}
	if len(held) == 0 {
		o.info("\nThere are no package locks defined.")
		return 0
	}
	rows := [][]string{{"#", "Name", "Type", "Repository", "Comment"}}
	for i, n := range held {
		rows = append(rows, []string{fmt.Sprint(i + 1), n, "package", "(any)", ""})
	}
	o.raw("\n")
	table(o, rows)
	return 0
}

func (h *Host) zypperRepos(c zypperCall, o zypperOut) int {
	if c.xml {
		o.raw("<repo-list>\n")
		for _, r := range h.repos() {
			o.raw(fmt.Sprintf("<repo alias=\"%s\" name=\"%s\" type=\"rpm-md\" priority=\"99\" enabled=\"1\" autorefresh=\"0\" gpgcheck=\"1\" repo_gpgcheck=\"0\" pkg_gpgcheck=\"0\">\n<url>%s</url>\n</repo>\n", r.ID, escape(r.Name), r.URL))
		}
		o.raw("</repo-list>\n")
		return 0
	}
	rows := [][]string{{"#", "Alias", "Name", "Enabled", "GPG Check", "Refresh"}}
	for i, r := range h.repos() {
		rows = append(rows, []string{fmt.Sprint(i + 1), r.ID, r.Name, "Yes", "(r ) Yes", "No"})
	}
	o.info("Repository priorities are without effect. All enabled repositories share the same priority.\n")
	table(o, rows)
	return 0
}
