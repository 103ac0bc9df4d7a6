package practice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice/unix"
)

const rpmLock = "/var/lib/rpm/.rpm.lock"

// rpmFiles lays out what rpm, dnf and zypper keep.
func (h *Host) rpmFiles() {
	fs := h.machine.FS
	if !fs.Exists(rpmLock) {
		fs.PutMode(rpmLock, nil, 0o644, 0)
	}
	fs.Put("/var/lib/rpm/rpmdb.sqlite", "")
	fs.Dynamic("/proc/locks", h.locks)
	for _, r := range h.repos() {
		h.writeRepodata(r)
	}
}

// writeRepodata writes the local copy of a repository's lists.
func (h *Host) writeRepodata(r Repo) {
	path := fmt.Sprintf("/var/cache/dnf/%s-%016x/repodata/repomd.xml", r.ID, uint64(spread(r.URL, 1<<30))*2654435761)
	if h.def.OS.Platform == data.Zypper {
		path = "/var/cache/zypp/raw/" + r.ID + "/repodata/repomd.xml"
	}
	h.machine.FS.Put(path, "<repomd/>\n")
	at := h.st.Fetched[r.ID]
	_ = h.machine.FS.Change(path, 0, func(n *unix.Node) { n.Mod = at })
	if h.def.OS.Platform == data.Zypper {
		cookie := "/var/cache/zypp/solv/" + r.ID + "/cookie"
		h.machine.FS.Put(cookie, "practice\n")
		_ = h.machine.FS.Change(cookie, 0, func(n *unix.Node) { n.Mod = at })
	}
}

func (h *Host) rpmCommands(c map[string]unix.Command) {
	c["rpm"] = h.rpm
}

// evr takes "1:3.2.2-7.el9_6" apart.
func evr(s string) (epoch, version, release string) {
	if e, rest, ok := strings.Cut(s, ":"); ok {
		epoch, s = e, rest
	}
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return epoch, s, ""
	}
	return epoch, s[:i], s[i+1:]
}

func nevra(name, version, arch string) string { return name + "-" + version + "." + arch }

// withoutEpoch is how rpm itself names a version.
func withoutEpoch(v string) string {
	if _, rest, ok := strings.Cut(v, ":"); ok {
		return rest
	}
	return v
}

func (h *Host) rpm(p *unix.Proc, args []string) int {
	format, query, all := "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n", false, false
	var names []string
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case (a == "--qf" || a == "--queryformat") && i+1 < len(args):
			i++
			format = args[i]
		case strings.HasPrefix(a, "--qf=") || strings.HasPrefix(a, "--queryformat="):
			_, format, _ = strings.Cut(a, "=")
		case a == "--version":
			fmt.Fprintln(p.Stdout(), "RPM version 4.16.1.3")
			return 0
		case a == "-E" || a == "--eval":
			if i+1 < len(args) {
				fmt.Fprintln(p.Stdout(), args[i+1])
			}
			return 0
		case a == "--verifydb" || a == "-K" || a == "--import":
			return 0
		case strings.HasPrefix(a, "--"):
		case strings.HasPrefix(a, "-"):
			query = query || strings.Contains(a, "q")
			all = all || strings.Contains(a, "a")
		default:
			names = append(names, a)
		}
	}
	if !query {
		fmt.Fprintln(p.Stderr(), "rpm: only queries are played here")
		return 1
	}
	var list []Package
	h.with(func(st *state) { list = slices.Clone(st.Packages) })
	slices.SortStableFunc(list, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	status := 0
	if all {
		for _, k := range list {
			if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return rpmNames(k, n) }) {
				b.WriteString(rpmFormat(format, k))
			}
		}
	} else {
		for _, n := range names {
			found := false
			for _, k := range list {
				if rpmNames(k, n) {
					found = true
					b.WriteString(rpmFormat(format, k))
				}
			}
			if !found {
				fmt.Fprintf(&b, "package %s is not installed\n", n)
				status++
			}
		}
	}
	fmt.Fprint(p.Stdout(), b.String())
	return status
}

// rpmNames reports whether n names the package: "name", "name.arch", "name-version-release" with or without arch, or "name*".
func rpmNames(k Package, n string) bool {
	v := withoutEpoch(k.Version)
	_, bare, _ := evr(k.Version)
	return n == k.Name || n == k.Name+"."+k.Arch || n == nevra(k.Name, v, k.Arch) || n == nevra(k.Name, k.Version, k.Arch) || n == k.Name+"-"+v || n == k.Name+"-"+bare ||
		strings.HasSuffix(n, "*") && strings.HasPrefix(k.Name, strings.TrimSuffix(n, "*"))
}

var (
	// %|EPOCH?{%{EPOCH}:}|  and  %|EPOCH?{%{EPOCH}}:{0}|
	rpmTest = regexp.MustCompile(`%\|EPOCH\?\{([^|]*?)\}(?::\{([^|]*)\})?\|`)
	rpmTag  = regexp.MustCompile(`%\{([A-Za-z:]+)\}`)
)

func rpmFormat(format string, k Package) string {
	epoch, version, release := evr(k.Version)
	format = strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(format)
	format = rpmTest.ReplaceAllStringFunc(format, func(m string) string {
		g := rpmTest.FindStringSubmatch(m)
		if epoch != "" {
			return g[1]
		}
		return g[2]
	})
	return rpmTag.ReplaceAllStringFunc(format, func(m string) string {
		switch strings.ToUpper(m[2 : len(m)-1]) {
		case "NAME":
			return k.Name
		case "ARCH":
			return k.Arch
		case "VERSION":
			return version
		case "RELEASE":
			return release
		case "EVR":
			return k.Version
		case "EPOCH":
			return or(epoch, "(none)")
		case "EPOCHNUM":
			return or(epoch, "0")
		case "INSTALLTIME":
			return strconv.FormatInt(k.At, 10)
		case "INSTALLTIME:DATE":
			return time.Unix(k.At, 0).UTC().Format("Mon Jan _2 15:04:05 2006")
		case "SUMMARY":
			return k.Name
		}
		return "(none)"
	})
}

// An rpmPlan is what a solver on rpm comes to.
type rpmPlan struct {
	install []Offer
	remove  []Package
	missing string
}

// rpmSolve resolves what is asked for: all that is offered, or packages by
// name, name.arch, name-version-release.arch and the like.
func (h *Host) rpmSolve(names []string, onlySecurity bool) rpmPlan {
	var plan rpmPlan
	if len(names) == 0 {
		for _, o := range h.offers() {
			if !h.isHeld(o.Name) && (!onlySecurity || o.Class == data.Security) {
				plan.install = append(plan.install, o)
			}
		}
		return plan
	}
	for _, n := range names {
		o, ok := h.rpmOffer(n)
		installed := false
		h.with(func(st *state) {
			installed = slices.ContainsFunc(st.Packages, func(k Package) bool { return rpmNames(k, n) })
		})
		switch {
		case ok:
			plan.add(o)
		case !installed:
			plan.missing = n
			return plan
		}
	}
	// Packages of one advisory that name each other's version come together.
	for _, o := range slices.Clone(plan.install) {
		for _, x := range h.offers() {
			if x.Kernel != "" && o.Kernel == x.Kernel && o.Name == "kernel" {
				plan.add(x)
			}
		}
	}
	return plan
}

func (plan *rpmPlan) add(o Offer) {
	if !slices.ContainsFunc(plan.install, func(x Offer) bool { return x.Name == o.Name && x.Arch == o.Arch }) {
		plan.install = append(plan.install, o)
	}
}

func (h *Host) rpmOffer(n string) (Offer, bool) {
	if name, version, ok := strings.Cut(n, "="); ok { // zypper
		n = name + "-" + version
	}
	for _, o := range h.offers() {
		if rpmNames(Package{Name: o.Name, Arch: o.Arch, Version: o.Version}, n) {
			return o, true
		}
	}
	return Offer{}, false
}

// rpmDiskFull reports what is missing of the space that the plan needs.
func (h *Host) rpmDiskFull(plan rpmPlan) int64 {
	var need int64
	for _, o := range plan.install {
		need += o.Size
	}
	if _, free := h.machine.FS.Space(); free < need+4<<20 {
		return need + 4<<20 - free
	}
	return 0
}

func (h *Host) stale() (services []string) {
	h.with(func(st *state) { services = slices.Clone(st.Stale) })
	slices.Sort(services)
	return services
}

func (h *Host) pending() (names []string) {
	h.with(func(st *state) { names = slices.Clone(st.Pending) })
	slices.Sort(names)
	return names
}
