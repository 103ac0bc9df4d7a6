package practice

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/practice/unix"
)

func (h *Host) zypperChange(p *unix.Proc, c zypperCall, o zypperOut) int {
	if p.UID != 0 {
		fmt.Fprintln(p.Stderr(), "Root privileges are required for installing or uninstalling packages.")
		return 5
	}
	loading(o)
	plan := h.zypperSolve(c, o)
	if plan.missing != "" {
		text := fmt.Sprintf("No provider of '%s' found.", plan.missing)
		if c.xml {
			o.raw("<message type=\"error\">" + escape(text) + "</message>\n")
		} else {
			fmt.Fprintln(p.Stderr(), text)
		}
		return 104
	}
	o.info("Resolving package dependencies...")
	p.Sleep(h.takes(100 * time.Millisecond))
	if len(plan.install)+len(plan.remove) == 0 {
		o.info("Nothing to do.")
		return 0
	}
	h.zypperSummary(plan, o)
	if c.dry && !c.download {
		return 0
	}
	return h.zypperCommit(p, c, plan, o)
}

func (h *Host) zypperSolve(c zypperCall, o zypperOut) rpmPlan {
	switch c.verb {
	case "remove", "rm":
		return h.rpmRemoval(c.rest)
	case "patch":
		var plan rpmPlan
		for _, p := range h.patches() {
			if p.reboot() && !c.interactive {
				o.info(fmt.Sprintf("Warning: Patch '%s-1' is interactive, skipping.", p.id))
				continue
			}
			for _, x := range p.offers {
				plan.add(x)
			}
		}
		return plan
	}
	var names, gone []string
	for _, n := range c.rest {
		switch {
		case strings.HasPrefix(n, "-") || strings.HasPrefix(n, "!"):
			gone = append(gone, n[1:])
		default:
			n = strings.TrimPrefix(strings.TrimPrefix(n, "+"), "package:")
			names = append(names, n)
		}
	}
	plan := h.zypperTargets(names)
	plan.remove = h.rpmRemoval(gone).remove
	return plan
}

// zypperTargets resolves "name", "name=version", "name.arch=version".
func (h *Host) zypperTargets(names []string) rpmPlan {
	if len(names) == 0 {
		return h.rpmSolve(nil, false)
	}
	var plan rpmPlan
	for _, n := range names {
		name, version, exact := strings.Cut(n, "=")
		version, _ = strings.CutSuffix(version, ".x86_64")
		fits := func(k Package) bool {
			return rpmNames(k, name) && (!exact || k.Version == version || withoutEpoch(k.Version) == version)
		}
		i := slices.IndexFunc(h.offers(), func(x Offer) bool { return fits(Package{Name: x.Name, Arch: x.Arch, Version: x.Version}) })
		if i >= 0 {
			plan.add(h.offers()[i])
			continue
		}
		there := false
		h.with(func(st *state) { there = slices.ContainsFunc(st.Packages, fits) })
		if !there {
			plan.missing = n
			return plan
		}
	}
	return plan
}

func (h *Host) zypperSummary(plan rpmPlan, o zypperOut) {
	var size int64
	var upgraded, removed, added []string
	for _, x := range plan.install {
		size += x.Size
		if x.Kernel != "" {
			added = append(added, x.Name)
		} else {
			upgraded = append(upgraded, x.Name)
		}
	}
	for _, k := range plan.remove {
		removed = append(removed, k.Name)
	}
	if !o.xml {
		for _, part := range []struct {
			words string
			names []string
		}{{"going to be upgraded", upgraded}, {"NEW going to be installed", added}, {"going to be REMOVED", removed}} {
			if len(part.names) > 0 {
				what := "packages are "
				if len(part.names) == 1 {
					what = "package is "
				}
				words := part.words
				o.info(fmt.Sprintf("\nThe following %d %s%s:\n  %s", len(part.names), strings.TrimSpace(what)+" ", words, strings.Join(part.names, " ")))
			}
		}
		o.info(fmt.Sprintf("\n%d packages to upgrade, %d new, %d to remove.\n\nPackage download size:    %.1f KiB\n\nBackend:  classic_rpmtrans\nContinue? [y/n/v/...? shows all options] (y): y", len(upgraded), len(added), len(removed), float64(size)/1024))
		return
	}
	o.raw(fmt.Sprintf("<install-summary download-size=\"%d\" space-usage-diff=\"0\" packages-to-change=\"%d\"%s>\n", size, len(plan.install)+len(plan.remove), needReboot(plan)))
	h.zypperSection(o, "to-upgrade", plan, func(x Offer) bool { return x.Kernel == "" })
	h.zypperSection(o, "to-install", plan, func(x Offer) bool { return x.Kernel != "" })
	if len(plan.remove) > 0 {
		o.raw("<to-remove>\n")
		for _, k := range plan.remove {
			o.raw(fmt.Sprintf("<solvable type=\"package\" name=\"%s\" edition=\"%s\" arch=\"%s\" repository=\"@System\"/>\n", k.Name, k.Version, k.Arch))
		}
		o.raw("</to-remove>\n")
	}
	o.raw("</install-summary>\n")
}

func needReboot(plan rpmPlan) string {
	if slices.ContainsFunc(plan.install, func(x Offer) bool { return x.Kernel != "" }) {
		return ` need-reboot="1"`
	}
	return ""
}

func (h *Host) zypperSection(o zypperOut, name string, plan rpmPlan, fits func(Offer) bool) {
	if !slices.ContainsFunc(plan.install, fits) {
		return
	}
	o.raw("<" + name + ">\n")
	for _, x := range plan.install {
		if !fits(x) {
			continue
		}
		old := ""
		if name == "to-upgrade" {
			old = fmt.Sprintf(" edition-old=\"%s\" arch-old=\"%s\"", x.Old, x.Arch)
		}
		o.raw(fmt.Sprintf("<solvable type=\"package\" name=\"%s\" edition=\"%s\" arch=\"%s\"%s repository=\"%s\" summary=\"%s\"/>\n", x.Name, x.Version, x.Arch, old, escape(h.repo(x.Repo).Name), escape(x.Name)))
	}
	o.raw("</" + name + ">\n")
}

func (h *Host) zypperCommit(p *unix.Proc, c zypperCall, plan rpmPlan, o zypperOut) int {
	if short := h.rpmDiskFull(plan); short > 0 {
		fmt.Fprintf(p.Stderr(), "The target filesystem '/' does not have enough space: %d MiB more are needed.\n", short>>20+1)
		return 8
	}
	n := len(plan.install)
	for i, x := range plan.install {
		name := nevra(x.Name, withoutEpoch(x.Version), x.Arch)
		if h.dead(x.Repo) {
			fmt.Fprintf(p.Stderr(), "Problem retrieving %s.rpm: Download (curl) error. Abort, retry, ignore? [a/r/i] (a): a\n", name)
			return 8
		}
		file := "/var/cache/zypp/packages/" + x.Repo + "/" + name + ".rpm"
		if !h.machine.FS.Exists(file) {
			o.info(fmt.Sprintf("Retrieving: %s (%s) (%d/%d), %6.1f KiB", name, h.repo(x.Repo).Name, i+1, n, float64(x.Size)/1024))
			if !p.Sleep(h.takes(time.Duration(x.Size>>13)*time.Millisecond + 30*time.Millisecond)) {
				return 137
			}
			h.machine.FS.Put(file, "practice\n")
		}
	}
	if c.download {
		return 0
	}
	o.info("\nChecking for file conflicts: [..done]")
	failed := false
	for i, x := range plan.install {
		o.raw(fmt.Sprintf("(%d/%d) Installing: %s [..", i+1, n, nevra(x.Name, withoutEpoch(x.Version), x.Arch)))
		if !p.Sleep(h.takes(x.Takes)) {
			return 137
		}
		if x.Fails != "" {
			failed = true
			o.raw(fmt.Sprintf("\n%s\nwarning: %%post(%s) scriptlet failed, exit status 1\n", x.Fails, nevra(x.Name, withoutEpoch(x.Version), x.Arch)))
		}
		o.raw("done]\n")
		h.apply(x, "")
	}
	for _, k := range plan.remove {
		o.info(fmt.Sprintf("Removing: %s [..done]", nevra(k.Name, k.Version, k.Arch)))
		h.remove(k.Name, k.Arch)
	}
	if failed {
		return 107
	}
	if slices.ContainsFunc(plan.install, func(x Offer) bool { return x.Kernel != "" }) && c.verb == "patch" {
		o.info("Warning: One of the installed patches requires a reboot of your machine. Reboot as soon as possible.")
	}
	if len(h.pending()) > 0 {
		h.zypperReboot(o)
		if c.verb == "patch" {
			return 102
		}
	}
	return 0
}
