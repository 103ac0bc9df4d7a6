package practice

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice/unix"
)

const (
	aptLists    = "/var/lib/apt/lists/"
	dpkgUpdates = "/var/lib/dpkg/updates"
)

var aptLocks = []string{"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", aptLists + "lock", "/var/cache/apt/archives/lock"}

// suite returns the archive's name of a repository, "bookworm-security".
func (h *Host) suite(r Repo) string {
	switch r.ID {
	case "sec":
		return h.def.OS.Codename + "-security"
	case "upd":
		return h.def.OS.Codename + "-updates"
	}
	return h.def.OS.Codename
}

func (h *Host) releaseFile(r Repo) (url, name string) {
	url = r.URL + "/dists/" + h.suite(r) + "/InRelease"
	return url, strings.ReplaceAll(strings.TrimPrefix(url, "http://"), "/", "_")
}

// aptFiles lays out what apt and dpkg keep.
func (h *Host) aptFiles() {
	fs := h.machine.FS
	for _, l := range aptLocks {
		if !fs.Exists(l) {
			fs.PutMode(l, nil, 0o640, 0)
		}
	}
	for _, d := range []string{dpkgUpdates, "/var/cache/apt/archives/partial", "/etc/apt/apt.conf.d"} {
		_ = fs.MkdirAll(d, 0, 0o755)
	}
	fs.Put("/var/lib/dpkg/status", "")
	var sources strings.Builder
	for _, r := range h.repos() {
		fmt.Fprintf(&sources, "deb %s %s main\n", r.URL, h.suite(r))
		h.writeRelease(r)
	}
	fs.Put("/etc/apt/sources.list", sources.String())
	fs.Dynamic("/proc/locks", h.locks)
}

// writeRelease writes the local copy of a source's Release file. Debian's
// expire after a week, Ubuntu's never.
func (h *Host) writeRelease(r Repo) {
	_, name := h.releaseFile(r)
	at := h.st.Fetched[r.ID]
	date := at.Add(-3 * time.Hour)
	text := "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
	origin, _, _ := strings.Cut(r.Origin, ":")
	text += fmt.Sprintf("Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\nDate: %s\n", strings.TrimSuffix(origin, "-Security"), origin, h.suite(r), h.suite(r), date.Format("Mon, 02 Jan 2006 15:04:05 UTC"))
	if h.def.OS.ID == "debian" {
		text += "Valid-Until: " + date.AddDate(0, 0, 7).Format("Mon, 02 Jan 2006 15:04:05 UTC") + "\n"
	}
	text += "SHA256:\n e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/binary-amd64/Packages\n"
	h.machine.FS.Put(aptLists+name, text)
	_ = h.machine.FS.Change(aptLists+name, 0, func(n *unix.Node) { n.Mod = at })
}

// locks is /proc/locks while somebody works on the packages.
func (h *Host) locks() []byte {
	h.mu.Lock()
	pid := h.packagePID
	h.mu.Unlock()
	if pid == 0 {
		return nil
	}
	var b strings.Builder
	files := aptLocks[:2]
	if h.def.OS.Platform == data.APK {
		files = []string{apkLock}
	} else if !h.def.aptBased() {
		files = []string{rpmLock}
	}
	for i, l := range files {
		if n, _, err := h.machine.FS.Stat(l, 0, true); err == nil {
			fmt.Fprintf(&b, "%d: POSIX  ADVISORY  WRITE %d fd:01:%d 0 EOF\n", i+1, pid, n.Ino)
		}
	}
	return []byte(b.String())
}

func (h *Host) aptCommands(c map[string]unix.Command) {
	c["apt-get"] = func(p *unix.Proc, args []string) int { return h.aptGet(p, args) }
	c["apt"] = func(p *unix.Proc, args []string) int {
		fmt.Fprint(p.Stderr(), "\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n")
		return h.aptGet(p, args)
	}
	c["apt-cache"], c["apt-mark"], c["apt-config"] = h.aptCache, h.aptMark, h.aptConfig
	c["dpkg"], c["dpkg-query"], c["needrestart"] = h.dpkg, h.dpkgQuery, h.needrestart
}

// aptCall is a parsed apt-get command line.
type aptCall struct {
	simulate, yes, download, ignoreHold, phased, uris, noRemove, changeHeld bool

	quiet  int // -qq is 2: nothing but errors
	verb   string
	rest   []string
	config map[string]string
}

func parseApt(args []string) aptCall {
	c := aptCall{config: map[string]string{}}
	set := func(kv string) {
		k, v, _ := strings.Cut(kv, "=")
		c.config[strings.ToLower(k)] = v
	}
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "-o" && i+1 < len(args):
			i++
			set(args[i])
		case a == "--ignore-hold":
			c.ignoreHold = true
		case a == "--print-uris":
			c.uris = true
		case a == "--simulate", a == "--dry-run", a == "--no-act", a == "--just-print":
			c.simulate = true
		case a == "--download-only":
			c.download = true
		case a == "--allow-change-held-packages":
			c.changeHeld = true
		case a == "--no-remove":
			c.noRemove = true
		case strings.HasPrefix(a, "-o") && strings.Contains(a, "="):
			set(a[2:])
		case strings.HasPrefix(a, "--"):
		case strings.HasPrefix(a, "-"):
			c.simulate = c.simulate || strings.Contains(a, "s")
			c.download = c.download || strings.Contains(a, "d")
			c.yes = c.yes || strings.Contains(a, "y")
			c.quiet += strings.Count(a, "q")
		case c.verb == "":
			c.verb = a
		default:
			c.rest = append(c.rest, a)
		}
	}
	v := strings.ToLower(c.config["apt::get::always-include-phased-updates"])
	c.phased = v == "true" || v == "1" || v == "yes"
	return c
}

// tell prints what -qq leaves out.
func (c aptCall) tell(p *unix.Proc, text string) {
	if c.quiet < 2 {
		fmt.Fprint(p.Stdout(), text)
	}
}

func (h *Host) aptGet(p *unix.Proc, args []string) int {
	c := parseApt(args)
	switch c.verb {
	case "update":
		return h.aptUpdate(p, c)
	case "upgrade", "dist-upgrade", "full-upgrade", "install", "remove", "purge", "autoremove":
		return h.aptChange(p, c)
	case "list":
		return h.aptList(p, args)
	case "check":
		fmt.Fprint(p.Stdout(), "Reading package lists...\nBuilding dependency tree...\nReading state information...\n")
		return h.interrupted(p)
	case "clean", "autoclean":
		return h.aptClean()
	case "indextargets":
		return 0
	case "":
		if slices.Contains(args, "--version") || slices.Contains(args, "-v") {
			fmt.Fprintf(p.Stdout(), "apt %s (amd64)\n", h.installed("apt", ""))
			return 0
		}
	}
	fmt.Fprintf(p.Stderr(), "E: Invalid operation %s\n", c.verb)
	return 100
}

func (h *Host) aptClean() int {
	names, err := h.machine.FS.ReadDir("/var/cache/apt/archives", 0)
	if err != nil {
		return 100
	}
	for _, n := range names {
		if strings.HasSuffix(n, ".deb") {
			_ = h.machine.FS.Remove("/var/cache/apt/archives/"+n, 0, false)
		}
	}
	return 0
}

// interrupted tells that dpkg was, as apt-get does.
func (h *Host) interrupted(p *unix.Proc) int {
	if names, err := h.machine.FS.ReadDir(dpkgUpdates, 0); err == nil && len(names) > 0 {
		fmt.Fprintln(p.Stderr(), "E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a' to correct the problem. ")
		return 100
	}
	return 0
}

func (h *Host) aptUpdate(p *unix.Proc, c aptCall) int {
	if c.uris {
		for _, r := range h.repos() {
			url, name := h.releaseFile(r)
			fmt.Fprintf(p.Stdout(), "'%s' %s 0 \n", url, name)
		}
		return 0
	}
	if p.UID != 0 {
		fmt.Fprintf(p.Stdout(), "Reading package lists...\n")
		fmt.Fprintf(p.Stderr(), "E: Could not open lock file %slock - open (13: Permission denied)\nE: Unable to lock directory %s\n", aptLists, aptLists)
		return 100
	}
	if _, free := h.machine.FS.Space(); free < 1<<20 {
		fmt.Fprintf(p.Stderr(), "E: You don't have enough free space in %spartial/.\n", aptLists)
		return 100
	}
	var failed []string
	for i, r := range h.repos() {
		url, _ := h.releaseFile(r)
		base := strings.TrimSuffix(url, "/InRelease")
		server := strings.SplitN(strings.TrimPrefix(r.URL, "http://"), "/", 2)[0]
		if h.dead(r.ID) {
			p.Sleep(h.takes(900 * time.Millisecond))
			fmt.Fprintf(p.Stdout(), "Ign:%d %s %s InRelease\nErr:%d %s %s InRelease\n  Could not connect to %s:80 (192.0.2.7). - connect (111: Connection refused)\n", i+1, r.URL, h.suite(r), i+1, r.URL, h.suite(r), server)
			failed = append(failed, fmt.Sprintf("Failed to fetch %s/InRelease  Could not connect to %s:80 (192.0.2.7). - connect (111: Connection refused)", base, server))
			continue
		}
		p.Sleep(h.takes(120 * time.Millisecond))
		fmt.Fprintf(p.Stdout(), "Get:%d %s %s InRelease [48.0 kB]\n", i+1, r.URL, h.suite(r))
		h.fetched(r)
	}
	fmt.Fprint(p.Stdout(), "Fetched 332 kB in 1s (412 kB/s)\nReading package lists...\n")
	if len(failed) == 0 {
		return 0
	}
	letter := "W"
	if strings.EqualFold(c.config["apt::update::error-mode"], "any") {
		letter = "E"
	}
	for _, f := range failed {
		fmt.Fprintf(p.Stderr(), "%s: %s\n", letter, f)
	}
	fmt.Fprintf(p.Stderr(), "%s: Some index files failed to download. They have been ignored, or old ones used instead.\n", letter)
	if letter == "E" {
		return 100
	}
	return 0
}

// fetched notes that the lists of a repository are fresh.
func (h *Host) fetched(r Repo) {
	h.with(func(st *state) {
		st.Fetched[r.ID] = h.now().Truncate(time.Second)
		h.changed()
	})
	if h.def.aptBased() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.writeRelease(r)
	}
}

// An aptPlan is what apt's solver comes to.
type aptPlan struct {
	install      []Offer // Old is empty for new packages
	remove       []Package
	held, phased []string
	missing      string // an error instead
}

func (h *Host) aptSolve(c aptCall) aptPlan {
	var plan aptPlan
	if c.verb == "install" || c.verb == "remove" || c.verb == "purge" {
		h.aptTargets(c, &plan)
		return plan
	}
	for _, o := range h.offers() {
		_, known := h.anyOffer(o.Needs, "")
		switch {
		case h.isHeld(o.Name) && !c.ignoreHold, o.Needs != "" && known && c.verb == "upgrade":
			plan.held = append(plan.held, o.Name)
		case o.Phased && !c.phased:
			plan.phased = append(plan.phased, o.Name)
		default:
			h.take(&plan, o)
		}
	}
	return plan
}

// take adds an offer and the new package it needs.
func (h *Host) take(plan *aptPlan, o Offer) {
	for _, x := range plan.install {
		if x.Name == o.Name {
			return
		}
	}
	if need, ok := h.anyOffer(o.Needs, ""); ok && o.Needs != "" && h.installed(o.Needs, "") == "" {
		need.Old = ""
		h.take(plan, need)
	}
	plan.install = append(plan.install, o)
}

// aptTargets resolves "name", "name=version", "name:arch=version", "name-" and "name+".
func (h *Host) aptTargets(c aptCall, plan *aptPlan) {
	for _, t := range c.rest {
		name, version, exact := strings.Cut(t, "=")
		gone := c.verb != "install" || strings.HasSuffix(t, "-") && !exact
		name, _, _ = strings.Cut(strings.TrimSuffix(name, "-"), ":")
		old := h.installed(name, "")
		if gone {
			if v := h.installed(name, ""); v != "" {
				h.with(func(st *state) { plan.remove = append(plan.remove, st.Packages[st.find(name, "")]) })
			}
			continue
		}
		o, ok := h.offered(name, version)
		switch {
		case exact && version == old || !exact && old != "" && !ok:
			continue
		case !ok && exact && (old != "" || h.knows(name)):
			plan.missing = fmt.Sprintf("E: Version '%s' for '%s' was not found", version, name)
			return
		case !ok:
			plan.missing = fmt.Sprintf("E: Unable to locate package %s", name)
			return
		case h.isHeld(name) && !c.ignoreHold:
			plan.held = append(plan.held, name)
		}
		o.Old = old
		h.take(plan, o)
	}
}

func (h *Host) knows(name string) bool {
	_, ok := h.anyOffer(name, "")
	return ok
}

// offered finds a version in the fetched lists, also of a package that is new.
func (h *Host) offered(name, version string) (Offer, bool) {
	o, ok := h.anyOffer(name, version)
	if !ok {
		return o, false
	}
	visible := false
	h.with(func(st *state) {
		visible = !st.Fetched[o.Repo].Before(h.shop.anchor.AddDate(0, 0, -o.Age))
	})
	return o, visible
}

func (h *Host) aptChange(p *unix.Proc, c aptCall) int {
	if !c.simulate && p.UID != 0 {
		fmt.Fprintf(p.Stderr(), "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n")
		return 100
	}
	if !c.simulate && !c.uris {
		if !h.lockWait(p, c) {
			return 100
		}
		defer h.unlockPackages()
		if st := h.interrupted(p); st != 0 {
			return st
		}
	}
	c.tell(p, "Reading package lists...\nBuilding dependency tree...\nReading state information...\n")
	p.Sleep(h.takes(60 * time.Millisecond))
	plan := h.aptSolve(c)
	if plan.missing != "" {
		fmt.Fprintln(p.Stderr(), plan.missing)
		return 100
	}
	if strings.HasSuffix(c.verb, "upgrade") {
		c.tell(p, "Calculating upgrade...\n")
	}
	half := h.halfDone()
	if c.quiet < 2 {
		h.aptSummary(p, c, plan, len(half))
	}
	if c.verb == "install" && len(plan.held) > 0 && c.yes && !c.changeHeld {
		fmt.Fprintln(p.Stderr(), "E: Held packages were changed and -y was used without --allow-change-held-packages.")
		return 100
	}
	if len(plan.remove) > 0 && c.noRemove {
		fmt.Fprintln(p.Stderr(), "E: Packages need to be removed but remove is disabled.")
		return 100
	}
	if c.simulate {
		for _, o := range plan.install {
			fmt.Fprintf(p.Stdout(), "Inst %s%s (%s %s [%s])\n", o.Name, bracket(o.Old), o.Version, h.originOf(o), o.Arch)
		}
		for _, r := range plan.remove {
			fmt.Fprintf(p.Stdout(), "Remv %s [%s]\n", r.Name, r.Version)
		}
		for _, o := range plan.install {
			fmt.Fprintf(p.Stdout(), "Conf %s (%s %s [%s])\n", o.Name, o.Version, h.originOf(o), o.Arch)
		}
		for _, r := range half {
			fmt.Fprintf(p.Stdout(), "Conf %s (%s %s [%s])\n", r.Name, r.Version, h.def.OS.Base.Origin, r.Arch)
		}
		return 0
	}
	if c.uris {
		for _, o := range plan.install {
			fmt.Fprintf(p.Stdout(), "'%s/pool/%s_%s_%s.deb' %s_%s_%s.deb %d SHA256:0\n", h.def.OS.Base.URL, o.Name, o.Version, o.Arch, o.Name, o.Version, o.Arch, o.Size)
		}
		return 0
	}
	return h.aptInstall(p, c, plan, half)
}

func bracket(s string) string {
	if s == "" {
		return ""
	}
	return " [" + s + "]"
}

// originOf returns the sources that offer an update, as apt-get -s shows them.
func (h *Host) originOf(o Offer) string {
	os := h.def.OS
	switch o.Repo {
	case "sec":
		if os.ID == "ubuntu" { // security updates are copied to -updates within the hour
			return os.Updates.Origin + ", " + os.Security.Origin
		}
		return os.Security.Origin
	case "upd":
		return os.Updates.Origin
	}
	return os.Base.Origin
}

// lockWait takes the lock as DPkg::Lock::Timeout says.
func (h *Host) lockWait(p *unix.Proc, c aptCall) bool {
	limit := 0
	_, _ = fmt.Sscanf(c.config["dpkg::lock::timeout"], "%d", &limit)
	end := h.now().Add(time.Duration(limit) * time.Second)
	for {
		if h.takePackages(p.PID) {
			return true
		}
		if limit >= 0 && !h.now().Before(end) {
			break
		}
		if !p.Sleep(100 * time.Millisecond) {
			return false
		}
	}
	h.mu.Lock()
	pid := h.packagePID
	h.mu.Unlock()
	fmt.Fprintf(p.Stderr(), "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process %d (apt-get)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n", pid)
	return false
}

// halfDone returns the packages that dpkg left half configured.
func (h *Host) halfDone() (out []Package) {
	h.with(func(st *state) {
		for _, p := range st.Packages {
			if p.State != "" {
				out = append(out, p)
			}
		}
	})
	return out
}

func (h *Host) aptSummary(p *unix.Proc, c aptCall, plan aptPlan, half int) {
	var added, upgraded []string
	for _, o := range plan.install {
		if o.Old == "" {
			added = append(added, o.Name)
		} else {
			upgraded = append(upgraded, o.Name)
		}
	}
	var removed []string
	for _, r := range plan.remove {
		removed = append(removed, r.Name)
	}
	list(p, "The following packages will be REMOVED:", removed)
	list(p, "The following NEW packages will be installed:", added)
	if strings.HasSuffix(c.verb, "upgrade") {
		list(p, "The following upgrades have been deferred due to phasing:", plan.phased)
		list(p, "The following packages have been kept back:", plan.held)
	}
	list(p, "The following packages will be upgraded:", upgraded)
	if c.verb == "install" {
		list(p, "The following held packages will be changed:", plan.held)
	}
	fmt.Fprintf(p.Stdout(), "%d upgraded, %d newly installed, %d to remove and %d not upgraded.\n", len(upgraded), len(added), len(removed), max(0, len(h.offers())-len(upgraded)))
	if half > 0 && !c.simulate {
		fmt.Fprintf(p.Stdout(), "%d not fully installed or removed.\n", half)
	}
}

// list prints names as apt-get does, 79 columns wide.
func list(p *unix.Proc, head string, names []string) {
	if len(names) == 0 {
		return
	}
	names = slices.Clone(names)
	sort.Strings(names)
	fmt.Fprintln(p.Stdout(), head)
	line := " "
	for _, n := range names {
		if len(line)+1+len(n) > 79 {
			fmt.Fprintln(p.Stdout(), line)
			line = " "
		}
		line += " " + n
	}
	fmt.Fprintln(p.Stdout(), line)
}

func (h *Host) aptList(p *unix.Proc, args []string) int {
	fmt.Fprintln(p.Stdout(), "Listing...")
	offers := h.offers()
	sort.Slice(offers, func(i, j int) bool { return offers[i].Name < offers[j].Name })
	for _, o := range offers {
		origin := h.originOf(o)
		suites := []string{}
		for _, s := range strings.Split(origin, ", ") {
			suites = append(suites, s[strings.LastIndexByte(s, '/')+1:])
		}
		fmt.Fprintf(p.Stdout(), "%s/%s %s %s [upgradable from: %s]\n", o.Name, strings.Join(suites, ","), o.Version, o.Arch, o.Old)
	}
	return 0
}
