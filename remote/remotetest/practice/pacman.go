package practice

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/practice/unix"
)

const (
	pacmanDB   = "/var/lib/pacman"
	pacmanLock = pacmanDB + "/db.lck"
	pacmanPkgs = "/var/cache/pacman/pkg/"
)

// pacmanFiles lays out what pacman keeps.
func (h *Host) pacmanFiles() {
	fs := h.machine.FS
	var conf strings.Builder
	conf.WriteString("[options]\nHoldPkg = pacman glibc\nArchitecture = auto\n")
	for _, k := range h.st.Packages {
		if k.Held {
			conf.WriteString("IgnorePkg = " + k.Name + "\n")
		}
		h.writeDesc(k)
	}
	for _, r := range h.repos() {
		fmt.Fprintf(&conf, "[%s]\nServer = %s\n", r.ID, r.URL)
		h.writeSync(r)
	}
	fs.Put("/etc/pacman.conf", conf.String())
	_ = fs.MkdirAll(pacmanPkgs, 0, 0o755)
}

// writeSync writes the host's own list of a repository.
func (h *Host) writeSync(r Repo) {
	path, at := pacmanDB+"/sync/"+r.ID+".db", h.st.Fetched[r.ID]
	h.machine.FS.Put(path, "practice\n")
	_ = h.machine.FS.Change(path, 0, func(n *unix.Node) { n.Mod = at })
}

// writeDesc writes what the local database has of a package, as of its
// installation, in place of its older versions.
func (h *Host) writeDesc(k Package) {
	fs, local := h.machine.FS, pacmanDB+"/local/"
	names, _ := fs.ReadDir(local, 0) // none: it is the first
	for _, n := range names {
		rest, ok := strings.CutPrefix(n, k.Name+"-")
		if ok && n != k.Name+"-"+k.Version && strings.Count(rest, "-") == 1 { // VERSION-RELEASE: not another package's name
			_ = fs.Remove(local+n, 0, true)
		}
	}
	path := local + k.Name + "-" + k.Version + "/desc"
	fs.Put(path, "%NAME%\n"+k.Name+"\n\n%VERSION%\n"+k.Version+"\n")
	_ = fs.Change(path, 0, func(n *unix.Node) { n.Mod = time.Unix(k.At, 0) })
}

func (h *Host) pacmanCommands(c map[string]unix.Command) {
	c["pacman"] = h.pacman
	c["pacman-conf"] = func(p *unix.Proc, args []string) int {
		switch {
		case slices.Contains(args, "DBPath"):
			fmt.Fprintln(p.Stdout(), pacmanDB+"/")
		case slices.Contains(args, "--repo-list"), slices.Contains(args, "-l"):
			for _, r := range h.repos() {
				fmt.Fprintln(p.Stdout(), r.ID)
			}
		}
		return 0
	}
}

// pacmanCall is a parsed pacman command line: "-Su" is the operation S with the flag u.
type pacmanCall struct {
	op             byte
	flags          string
	print, fetch   bool
	format, dbpath string
	names          []string
}

func (c pacmanCall) has(flag string) bool { return strings.Contains(c.flags, flag) }

func parsePacman(args []string) pacmanCall {
	c := pacmanCall{format: "%l", dbpath: pacmanDB}
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case (a == "--dbpath" || a == "-b" || a == "--print-format" || a == "--logfile" || a == "--ignore") && i+1 < len(args):
			i++
			if a == "--print-format" {
				c.format = args[i]
			} else if a == "--dbpath" || a == "-b" {
				c.dbpath = args[i]
			}
		case a == "--print":
			c.print = true
		case a == "--downloadonly":
			c.fetch = true
		case a == "--version":
			c.op = 'V'
		case strings.HasPrefix(a, "--"):
		case strings.HasPrefix(a, "-") && len(a) > 1:
			c.op, c.flags = a[1], c.flags+a[2:]
		default:
			c.names = append(c.names, a)
		}
	}
	c.print = c.print || c.has("p")
	c.fetch = c.fetch || c.has("w")
	return c
}

func (h *Host) pacman(p *unix.Proc, args []string) int {
	c := parsePacman(args)
	switch c.op {
	case 'V':
		fmt.Fprintln(p.Stdout(), "Pacman v7.0.0 - libalpm v15.0.0")
		return 0
	case 'Q':
		return h.pacmanQuery(p, c)
	case 'S':
		return h.pacmanSync(p, c)
	}
	fmt.Fprintln(p.Stderr(), "error: only -Q and -S are played here")
	return 1
}

func (h *Host) pacmanQuery(p *unix.Proc, c pacmanCall) int {
	if c.has("u") {
		offers := h.offers()
		slices.SortFunc(offers, func(a, b Offer) int { return strings.Compare(a.Name, b.Name) })
		for _, o := range offers {
			ignored := ""
			if h.isHeld(o.Name) {
				ignored = " [ignored]"
			}
			fmt.Fprintf(p.Stdout(), "%s %s -> %s%s\n", o.Name, o.Old, o.Version, ignored)
		}
		if len(offers) == 0 {
			return 1
		}
		return 0
	}
	var list []Package
	h.with(func(st *state) { list = slices.Clone(st.Packages) })
	slices.SortFunc(list, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	status := 0
	for _, n := range c.names {
		if !slices.ContainsFunc(list, func(k Package) bool { return k.Name == n }) {
			fmt.Fprintf(p.Stderr(), "error: package '%s' was not found\n", n)
			status = 1
		}
	}
	for _, k := range list {
		switch {
		case len(c.names) > 0 && !slices.Contains(c.names, k.Name):
		case c.has("q"):
			fmt.Fprintln(p.Stdout(), k.Name)
		default:
			fmt.Fprintln(p.Stdout(), k.Name, k.Version)
		}
	}
	return status
}

func (h *Host) pacmanSync(p *unix.Proc, c pacmanCall) int {
	if c.has("i") {
		return h.pacmanInfo(p, c)
	}
	if c.print && !c.has("y") {
		plan, status := h.pacmanSolve(p, c)
		for _, o := range plan.install {
			fmt.Fprintln(p.Stdout(), strings.NewReplacer("%n", o.Name, "%v", o.Version, "%r", o.Repo, "%s", fmt.Sprint(o.Size), "%l", h.repo(o.Repo).URL+"/"+pacmanFile(o)).Replace(c.format))
		}
		return status
	}
	if p.UID != 0 {
		fmt.Fprintln(p.Stderr(), "error: you cannot perform this operation unless you are root.")
		return 1
	}
	lock := c.dbpath + "/db.lck"
	if h.machine.FS.Exists(lock) || !h.takePackages(p.PID) {
		fmt.Fprintf(p.Stderr(), "error: failed to init transaction (unable to lock database)\nerror: could not lock database: File exists\n  if you're sure a package manager is not already\n  running, you can remove %s\n", lock)
		return 1
	}
	defer h.unlockPackages()
	h.machine.FS.Put(lock, "")
	status := 0
	if c.has("y") {
		status = h.pacmanFetch(p, c)
	}
	if status == 0 && (c.has("u") || len(c.names) > 0) {
		status = h.pacmanChange(p, c)
	}
	if status != 137 { // what is killed leaves its lock
		_ = h.machine.FS.Remove(lock, 0, false)
	}
	return status
}

// pacmanFetch fetches all lists into the database that the call names, or fails.
func (h *Host) pacmanFetch(p *unix.Proc, c pacmanCall) int {
	fmt.Fprintln(p.Stdout(), ":: Synchronizing package databases...")
	for _, r := range h.repos() {
		if !p.Sleep(h.takes(150 * time.Millisecond)) {
			return 137
		}
		if h.dead(r.ID) {
			fmt.Fprintf(p.Stderr(), "error: failed retrieving file '%s.db' from repo.example.test : Failed to connect to repo.example.test port 443: Connection refused\nerror: failed to synchronize all databases (download library error)\n", r.ID)
			return 1
		}
		fmt.Fprintf(p.Stdout(), " %s downloading...\n", r.ID)
		h.machine.FS.Put(c.dbpath+"/sync/"+r.ID+".db", "practice\n")
		h.fetched(r)
	}
	return 0
}

// pacmanSolve resolves an upgrade of the whole system, or packages by name.
func (h *Host) pacmanSolve(p *unix.Proc, c pacmanCall) (plan aptPlan, status int) {
	offers := h.offers()
	for _, o := range offers {
		if c.has("u") && !h.isHeld(o.Name) {
			h.take(&plan, o)
		} else if c.has("u") {
			fmt.Fprintf(p.Stderr(), "warning: %s: ignoring package upgrade (%s => %s)\n", o.Name, o.Old, o.Version)
		}
	}
	for _, n := range c.names {
		i := slices.IndexFunc(offers, func(o Offer) bool { return o.Name == n })
		o, known := h.offered(n, "")
		switch old := h.installed(n, ""); {
		case i >= 0:
			h.take(&plan, offers[i])
		case old != "": // the version that is there, once more
			h.take(&plan, Offer{Name: n, Version: old, Old: old, Repo: h.def.OS.Base.ID, Size: 100 << 10})
		case known:
			h.take(&plan, o)
		default:
			fmt.Fprintf(p.Stderr(), "error: target not found: %s\n", n)
			return aptPlan{}, 1
		}
	}
	return plan, 0
}

func (h *Host) pacmanInfo(p *unix.Proc, c pacmanCall) int {
	for _, n := range c.names {
		o, ok := h.offered(n, "")
		if v := h.installed(n, ""); !ok && v != "" {
			o, ok = Offer{Name: n, Version: v, Repo: h.def.OS.Base.ID}, true
		}
		if !ok {
			fmt.Fprintf(p.Stderr(), "error: package '%s' was not found\n", n)
			return 1
		}
		fmt.Fprintf(p.Stdout(), "Repository      : %s\nName            : %s\nVersion         : %s\nConflicts With  : None\nReplaces        : None\nDownload Size   : %.2f MiB\n\n", o.Repo, o.Name, o.Version, float64(o.Size)/(1<<20))
	}
	return 0
}

func pacmanFile(o Offer) string { return o.Name + "-" + o.Version + "-x86_64.pkg.tar.zst" }

func (h *Host) pacmanChange(p *unix.Proc, c pacmanCall) int {
	if c.has("u") {
		fmt.Fprintln(p.Stdout(), ":: Starting full system upgrade...")
	}
	plan, status := h.pacmanSolve(p, c)
	if status != 0 || len(plan.install) == 0 {
		fmt.Fprintln(p.Stdout(), " there is nothing to do")
		return status
	}
	fmt.Fprintf(p.Stdout(), "resolving dependencies...\nlooking for conflicting packages...\n\nPackages (%d)", len(plan.install))
	for _, o := range plan.install {
		fmt.Fprintf(p.Stdout(), " %s-%s ", o.Name, o.Version)
	}
	fmt.Fprint(p.Stdout(), "\n\n:: Proceed with installation? [Y/n] \n:: Retrieving packages...\n")
	for _, o := range plan.install {
		if h.machine.FS.Exists(pacmanPkgs + pacmanFile(o)) {
			continue
		}
		if h.dead(o.Repo) {
			fmt.Fprintf(p.Stderr(), "error: failed retrieving file '%s' from repo.example.test : Connection refused\nerror: failed to commit transaction (failed to retrieve some files)\nErrors occurred, no packages were upgraded.\n", pacmanFile(o))
			return 1
		}
		fmt.Fprintf(p.Stdout(), " %s downloading...\n", strings.TrimSuffix(pacmanFile(o), ".pkg.tar.zst"))
		if !p.Sleep(h.takes(time.Duration(o.Size>>13)*time.Millisecond + 30*time.Millisecond)) {
			return 137
		}
		h.machine.FS.Put(pacmanPkgs+pacmanFile(o), "practice\n")
	}
	if c.fetch {
		return 0
	}
	return h.pacmanCommit(p, plan)
}

func (h *Host) pacmanCommit(p *unix.Proc, plan aptPlan) int {
	fmt.Fprint(p.Stdout(), "checking keyring...\nchecking package integrity...\nloading package files...\nchecking for file conflicts...\nchecking available disk space...\n")
	if short := h.rpmDiskFull(rpmPlan{install: plan.install}); short > 0 {
		fmt.Fprintf(p.Stderr(), "error: Partition / too full: %d blocks more are needed\nerror: failed to commit transaction (not enough free disk space)\nErrors occurred, no packages were upgraded.\n", short>>12+1)
		return 1
	}
	fmt.Fprintln(p.Stdout(), ":: Processing package changes...")
	for _, o := range plan.install {
		word := "upgrading"
		if o.Old == "" {
			word = "installing"
		}
		fmt.Fprintf(p.Stdout(), "%s %s...\n", word, o.Name)
		if !p.Sleep(h.takes(o.Takes)) {
			return 137
		}
		if o.Fails != "" {
			fmt.Fprintf(p.Stdout(), "%s\n", o.Fails)
			fmt.Fprintln(p.Stderr(), "error: command failed to execute correctly")
		}
		h.apply(o, "")
		h.with(func(st *state) { h.writeDesc(st.Packages[st.find(o.Name, "")]) })
	}
	fmt.Fprint(p.Stdout(), ":: Running post-transaction hooks...\n(1/1) Arming ConditionNeedsUpdate...\n")
	return 0
}
