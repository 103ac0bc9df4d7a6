package practice

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/practice/unix"
)

const apkLock = "/lib/apk/db/lock"

// apkFiles lays out what apk keeps.
func (h *Host) apkFiles() {
	fs := h.machine.FS
	if !fs.Exists(apkLock) {
		fs.PutMode(apkLock, nil, 0o600, 0)
	}
	var world, repositories strings.Builder
	for _, k := range h.st.Packages {
		if k.Held {
			fmt.Fprintf(&world, "%s=%s\n", k.Name, k.Version)
		} else {
			world.WriteString(k.Name + "\n")
		}
	}
	for _, r := range h.repos() {
		repositories.WriteString(r.URL + "\n")
		h.writeAPKIndex(r)
	}
	fs.Put("/etc/apk/world", world.String())
	fs.Put("/etc/apk/repositories", repositories.String())
	fs.Dynamic("/lib/apk/db/installed", h.read(func(st *state) string {
		var b strings.Builder
		for _, k := range st.Packages {
			fmt.Fprintf(&b, "P:%s\nV:%s\nA:x86_64\n\n", k.Name, k.Version)
		}
		return b.String()
	}))
	fs.Dynamic("/proc/locks", h.locks)
}

// writeAPKIndex writes the local copy of a repository's list.
func (h *Host) writeAPKIndex(r Repo) {
	path, at := fmt.Sprintf("/var/cache/apk/APKINDEX.%08x.tar.gz", spread(r.URL, 1<<30)), h.st.Fetched[r.ID]
	h.machine.FS.Put(path, "practice\n")
	_ = h.machine.FS.Change(path, 0, func(n *unix.Node) { n.Mod = at })
}

func (h *Host) apkCommands(c map[string]unix.Command) {
	c["apk"] = h.apk
	c["setsid"] = h.setsid(c["setsid"])
}

// setsid lets the jobs of a host without systemd outlive the program, as
// systemd-run does on the others.
func (h *Host) setsid(plain unix.Command) unix.Command {
	return func(p *unix.Proc, args []string) int {
		if p.UID != 0 || len(args) < 3 || !strings.HasSuffix(args[2], "/job.sh") {
			return plain(p, args)
		}
		name := fmt.Sprintf("setsid-%d", p.PID)
		env := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
		if h.detach(detached{Args: args[1:], Env: env, Unit: name, Started: h.now()}) == nil {
			return 1
		}
		return 0
	}
}

// apkCall is a parsed apk command line.
type apkCall struct {
	verb                                  string
	simulate, help, installed, upgradable bool
	names                                 []string
}

func parseAPK(args []string) apkCall {
	var c apkCall
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--cache-max-age" && i+1 < len(args):
			i++
		case a == "--simulate" || a == "-s":
			c.simulate = true
		case a == "--help" || a == "-h":
			c.help = true
		case a == "--installed" || a == "-I":
			c.installed = true
		case a == "--upgradable" || a == "--upgradeable" || a == "-u":
			c.upgradable = true
		case a == "--version":
			c.verb = a
		case strings.HasPrefix(a, "-"):
		case c.verb == "":
			c.verb = a
		default:
			c.names = append(c.names, a)
		}
	}
	return c
}

func (h *Host) apk(p *unix.Proc, args []string) int {
	c := parseAPK(args)
	switch {
	case c.verb == "--version":
		fmt.Fprintln(p.Stdout(), "apk-tools 2.14.9, compiled for x86_64.")
		return 0
	case c.verb == "list":
		return h.apkList(p, c)
	case c.verb == "upgrade" && c.help:
		fmt.Fprint(p.Stdout(), "apk-tools 2.14.9, compiled for x86_64.\n\nusage: apk upgrade [<OPTIONS>...]\n\nUpgrade options:\n  -a, --available\n  --no-self-upgrade    Do not do an early upgrade of the 'apk-tools' package\n")
		return 0
	case c.verb == "upgrade" && c.simulate:
		h.apkUpgrade(p, c)
		return 0
	case c.verb != "upgrade" && c.verb != "update":
		fmt.Fprintf(p.Stderr(), "ERROR: '%s' is not an apk command that is played here.\n", c.verb)
		return 1
	case p.UID != 0:
		fmt.Fprintln(p.Stderr(), "ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied")
		return 99
	case !h.takePackages(p.PID):
		fmt.Fprintln(p.Stderr(), "ERROR: Unable to lock database: Resource temporarily unavailable\nERROR: Failed to open apk database: Resource temporarily unavailable")
		return 99
	}
	defer h.unlockPackages()
	if c.verb == "update" {
		return h.apkUpdate(p)
	}
	return h.apkUpgrade(p, c)
}

func (h *Host) apkList(p *unix.Proc, c apkCall) int {
	if c.upgradable {
		for _, o := range h.offers() {
			fmt.Fprintf(p.Stdout(), "%s-%s x86_64 {%s} (MIT) [upgradable from: %s-%s]\n", o.Name, o.Version, o.Name, o.Name, o.Old)
		}
		return 0
	}
	var list []Package
	h.with(func(st *state) { list = slices.Clone(st.Packages) })
	for _, k := range list {
		fmt.Fprintf(p.Stdout(), "%s-%s x86_64 {%s} (MIT) [installed]\n", k.Name, k.Version, k.Name)
	}
	return 0
}

func (h *Host) apkUpdate(p *unix.Proc) int {
	dead := 0
	for _, r := range h.repos() {
		fmt.Fprintf(p.Stdout(), "fetch %s/x86_64/APKINDEX.tar.gz\n", r.URL)
		if !p.Sleep(h.takes(150 * time.Millisecond)) {
			return 137
		}
		if h.dead(r.ID) {
			fmt.Fprintf(p.Stderr(), "WARNING: updating and opening %s: Connection refused\n", r.URL)
			dead++
			continue
		}
		h.fetched(r)
		h.with(func(*state) { h.writeAPKIndex(r) })
	}
	if dead > 0 {
		fmt.Fprintf(p.Stdout(), "%d unavailable, 0 stale; 25397 distinct packages available\n", dead)
		return dead
	}
	fmt.Fprintln(p.Stdout(), "OK: 25397 distinct packages available")
	return 0
}

// apkSolve returns what an upgrade takes in: all, or what is named. A version
// that the world file pins stays.
func (h *Host) apkSolve(c apkCall) aptPlan {
	var plan aptPlan
	for _, o := range h.offers() {
		if !h.isHeld(o.Name) && (len(c.names) == 0 || slices.Contains(c.names, o.Name)) {
			h.take(&plan, o)
		}
	}
	return plan
}

func (h *Host) apkUpgrade(p *unix.Proc, c apkCall) int {
	plan := h.apkSolve(c)
	if short := h.rpmDiskFull(rpmPlan{install: plan.install}); short > 0 && !c.simulate {
		fmt.Fprintln(p.Stderr(), "ERROR: Failed to create lib/apk/db/installed.new: No space left on device")
		return 1
	}
	failed := 0
	for i, o := range plan.install {
		count := fmt.Sprintf("(%d/%d)", i+1, len(plan.install))
		if o.Old == "" {
			fmt.Fprintf(p.Stdout(), "%s Installing %s (%s)\n", count, o.Name, o.Version)
		} else {
			fmt.Fprintf(p.Stdout(), "%s Upgrading %s (%s -> %s)\n", count, o.Name, o.Old, o.Version)
		}
		switch {
		case c.simulate:
			continue
		case h.dead(o.Repo):
			fmt.Fprintf(p.Stderr(), "ERROR: %s-%s: Connection refused\n", o.Name, o.Version)
			failed++
			continue
		case !p.Sleep(h.takes(time.Duration(o.Size>>13)*time.Millisecond + o.Takes)):
			return 137
		}
		if o.Fails != "" {
			fmt.Fprintf(p.Stdout(), "Executing %s-%s.post-upgrade\n%s\n", o.Name, o.Version, o.Fails)
			fmt.Fprintf(p.Stderr(), "ERROR: %s-%s.post-upgrade: script exited with error 1\n", o.Name, o.Version)
			failed++
		}
		h.apply(o, "")
	}
	n := 0
	h.with(func(st *state) { n = len(st.Packages) })
	if failed > 0 {
		fmt.Fprintf(p.Stdout(), "%d errors; 412 MiB in %d packages\n", failed, n)
		return failed
	}
	fmt.Fprintf(p.Stdout(), "OK: 412 MiB in %d packages\n", n)
	return 0
}
