package practice

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice/unix"
)

// system lays out the files that a host shows whatever it is asked.
func (h *Host) system() {
	fs, os := h.machine.FS, h.def.OS
	fs.Put("/etc/os-release", osRelease(os))
	fs.Put("/etc/hostname", h.def.Name+"\n")
	fs.Put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nops:x:1000:1000:Operations:/home/ops:/bin/bash\n")
	fs.Put("/etc/machine-id", fmt.Sprintf("%032x\n", h.shop.seed*uint64(len(h.def.Name)+7)))
	fs.PutMode("/home/ops/.profile", []byte("# ~/.profile\n"), 0o644, 1000)
	_ = fs.Change("/home/ops", 0, func(n *unix.Node) { n.UID, n.Mode = 1000, n.Mode.Type()|0o700 })
	if h.def.systemd() {
		_ = fs.MkdirAll("/run/systemd/system", 0, 0o755)
	}
	fs.Dynamic("/proc/sys/kernel/random/boot_id", h.read(func(st *state) string { return st.BootID + "\n" }))
	fs.Dynamic("/proc/sys/kernel/osrelease", h.read(func(st *state) string { return st.Running + "\n" }))
	fs.Dynamic("/proc/version", h.read(func(st *state) string { return "Linux version " + st.Running + " (practice) #1 SMP\n" }))
	fs.Dynamic("/proc/sys/kernel/version", h.read(func(st *state) string { return os.kernelVersion(st) + "\n" }))
	fs.Dynamic("/proc/uptime", h.read(func(st *state) string {
		up := h.now().Sub(st.BootedAt).Seconds()
		return fmt.Sprintf("%.2f %.2f\n", up, up*1.9)
	}))
	fs.Dynamic("/proc/stat", h.read(func(st *state) string {
		return fmt.Sprintf("cpu  4705 356 584 3699 23 0 0 0 0 0\nctxt 22488\nbtime %d\nprocesses 812\n", st.BootedAt.Unix())
	}))
	fs.Put("/proc/locks", "")
	fs.Put("/proc/meminfo", "MemTotal:        4030464 kB\nMemFree:         1930464 kB\nMemAvailable:    2930464 kB\n")
	fs.Put("/proc/loadavg", "0.08 0.03 0.01 1/212 4711\n")
	fs.Put("/proc/mounts", "/dev/vda1 / ext4 rw,relatime 0 0\n")
	switch os.Platform {
	case data.APT:
		h.aptFiles()
	case data.Pacman:
		h.pacmanFiles()
	case data.APK:
		h.apkFiles()
	default:
		h.rpmFiles()
	}
	h.bootFiles()
}

// kernelVersion is what uname -v says. Debian names the build of its package there.
func (o OS) kernelVersion(st *state) string {
	i := st.find("linux-image-"+st.Running, "")
	if o.ID != "debian" || i < 0 || st.Running == o.Kernel {
		return o.KernelVersion
	}
	return "#1 SMP PREEMPT_DYNAMIC Debian " + st.Packages[i].Version + " (" + time.Unix(st.Packages[i].At, 0).UTC().AddDate(0, 0, -9).Format("2006-01-02") + ")"
}

// read makes a file of /proc out of the state. It is called by the file
// system when the file is opened.
func (h *Host) read(text func(st *state) string) func() []byte {
	return func() []byte {
		h.mu.Lock()
		defer h.mu.Unlock()
		return []byte(text(&h.st))
	}
}

func osRelease(o OS) string {
	var b strings.Builder
	name, _, _ := strings.Cut(o.Name, " v")
	if o.Version != "" { // Arch has none
		name, _, _ = strings.Cut(name, " "+o.Version)
		fmt.Fprintf(&b, "VERSION_ID=%q\n", o.Version)
	}
	fmt.Fprintf(&b, "PRETTY_NAME=%q\nNAME=%q\nID=%s\n", o.Name, name, o.ID)
	if o.Codename != "" {
		fmt.Fprintf(&b, "VERSION_CODENAME=%s\nVERSION=\"%s (%s)\"\n", o.Codename, o.Version, o.Codename)
	}
	if o.Like != "" {
		fmt.Fprintf(&b, "ID_LIKE=%q\n", o.Like)
	}
	return b.String()
}

// bootFiles shows the installed kernels in /boot and /lib/modules. The state
// must be held, or the host not yet running.
func (h *Host) bootFiles() {
	if h.def.oneKernel() {
		k, name := h.st.Kernels[len(h.st.Kernels)-1], "linux"
		if h.def.OS.Platform == data.APK {
			name = "lts"
		}
		h.machine.FS.Put("/boot/vmlinuz-"+name, "kernel")
		_ = h.machine.FS.Remove("/lib/modules", 0, true)
		h.machine.FS.Put("/lib/modules/"+k+"/modules.dep", "")
		return
	}
	for _, k := range h.st.Kernels {
		h.machine.FS.Put("/boot/vmlinuz-"+k, "kernel")
		h.machine.FS.Put("/boot/config-"+k, "CONFIG_PRACTICE=y\n")
		h.machine.FS.Put("/lib/modules/"+k+"/modules.dep", "")
		h.machine.FS.Put("/usr/lib/modules/"+k+"/modules.dep", "")
	}
}

// rebootRequired writes what Debian's and Ubuntu's packages write.
func (h *Host) rebootRequired(pkgs []string) {
	h.machine.FS.Put("/run/reboot-required", "*** System restart required ***\n")
	h.machine.FS.Put("/run/reboot-required.pkgs", strings.Join(pkgs, "\n")+"\n")
	_ = h.machine.FS.Symlink("/run", "/var/run", 0) // there already after the first time
}

// services returns what should run, sorted.
func (h *Host) services() []string {
	all := append([]string{"cron.service", "dbus.service", "ssh.service", "systemd-journald.service", "systemd-logind.service", "systemd-timesyncd.service"}, h.def.Services...)
	if h.def.OS.Platform != data.APT {
		all = append([]string{"chronyd.service", "crond.service", "dbus-broker.service", "sshd.service", "systemd-journald.service", "systemd-logind.service"}, h.def.Services...)
	}
	sort.Strings(all)
	return all
}

// running returns what runs now.
func (h *Host) running() []string {
	var out []string
	h.with(func(st *state) {
		for _, s := range h.services() {
			if !contains(st.Stopped, s) {
				out = append(out, s)
			}
		}
	})
	return out
}

func systemctl(h *Host) unix.Command {
	return func(p *unix.Proc, args []string) int {
		verb, rest := verbOf(args)
		switch verb {
		case "list-units":
			for _, s := range h.running() {
				fmt.Fprintf(p.Stdout(), "%s loaded active running %s\n", s, strings.TrimSuffix(s, ".service"))
			}
			return 0
		case "is-system-running":
			fmt.Fprintln(p.Stdout(), "running")
			return 0
		case "is-active", "is-enabled", "status":
			return h.isActive(p, rest, slices.Contains(args, "--quiet") || slices.Contains(args, "-q"))
		case "list-timers", "list-unit-files", "daemon-reload", "daemon-reexec", "reset-failed", "enable", "disable", "mask", "unmask", "list-jobs", "show", "cat":
			return 0
		case "restart", "start", "try-restart", "reload":
			h.with(func(st *state) {
				for _, s := range rest {
					st.Stopped, st.Stale = without(st.Stopped, unit(s)), without(st.Stale, strings.TrimSuffix(s, ".service"))
				}
				h.changed()
			})
			return 0
		case "stop", "kill":
			return h.stopUnits(rest)
		case "reboot":
			return rebootC(h)(p, args)
		case "poweroff", "halt":
			fmt.Fprintln(p.Stderr(), "Call to PowerOff failed: the practice shop does not switch hosts off")
			return 1
		}
		fmt.Fprintf(p.Stderr(), "Unknown command verb '%s'.\n", verb)
		return 1
	}
}

func verbOf(args []string) (verb string, rest []string) {
	for _, a := range args[1:] {
		switch {
		case strings.HasPrefix(a, "-"):
		case verb == "":
			verb = a
		default:
			rest = append(rest, a)
		}
	}
	return verb, rest
}

func unit(s string) string {
	if strings.Contains(s, ".") {
		return s
	}
	return s + ".service"
}

func (h *Host) isActive(p *unix.Proc, names []string, quiet bool) int {
	status := 0
	for _, n := range names {
		word := "inactive"
		if slices.Contains(h.running(), unit(n)) || h.unitRuns(unit(n)) {
			word = "active"
		} else {
			status = 3
		}
		if !quiet {
			fmt.Fprintln(p.Stdout(), word)
		}
	}
	return status
}

func (h *Host) unitRuns(name string) bool {
	for _, p := range h.machine.Procs() {
		if p.Unit == name {
			return true
		}
	}
	return false
}

func (h *Host) stopUnits(names []string) int {
	for _, n := range names {
		for _, p := range h.machine.Procs() {
			if p.Unit == unit(n) {
				p.Signal(15)
			}
		}
		h.with(func(st *state) {
			if slices.Contains(h.services(), unit(n)) && !contains(st.Stopped, unit(n)) {
				st.Stopped = append(st.Stopped, unit(n))
			}
			h.changed()
		})
	}
	return 0
}

// systemdRun starts a transient unit: detached, in a session of its own.
func systemdRun(h *Host) unix.Command {
	return func(p *unix.Proc, args []string) int {
		if p.UID != 0 {
			fmt.Fprintln(p.Stderr(), "Failed to start transient service unit: Interactive authentication required.")
			return 1
		}
		name, rest := fmt.Sprintf("run-r%08x.service", p.PID), args[1:]
		env := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
		for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
			a := rest[0]
			rest = rest[1:]
			k, v, ok := strings.Cut(a, "=")
			if !ok && slices.Contains([]string{"-p", "--property", "-E", "--setenv", "--unit", "-u", "--description", "--slice", "--working-directory"}, a) && len(rest) > 0 {
				v, rest = rest[0], rest[1:]
			}
			switch k {
			case "--unit", "-u":
				name = unit(v)
			case "--setenv", "-E":
				n, val, _ := strings.Cut(v, "=")
				env[n] = val
			}
		}
		if len(rest) == 0 {
			fmt.Fprintln(p.Stderr(), "Command line to execute required.")
			return 1
		}
		if h.unitRuns(name) {
			fmt.Fprintf(p.Stderr(), "Failed to start transient service unit: Unit %s was already loaded or has a fragment file.\n", name)
			return 1
		}
		if h.detach(detached{Args: rest, Env: env, Unit: name, Started: h.now()}) == nil {
			return 1
		}
		return 0
	}
}

// detach starts a process that belongs to no session, and keeps its start, so
// that another program can let it go on.
func (h *Host) detach(d detached) *unix.Proc {
	run := h.machine.Commands[d.Args[0][strings.LastIndexByte(d.Args[0], '/')+1:]]
	if run == nil {
		return nil
	}
	h.shop.keep(h) // what the host was before
	in, w := unix.NewPipe()
	w.Close()
	env := map[string]string{}
	for k, v := range d.Env {
		env[k] = v
	}
	h.with(func(st *state) { st.Working = append(st.Working, d) })
	h.shop.note(h)
	p := h.machine.Start(nil, unix.Spec{Args: d.Args, Run: run, Env: env, Unit: d.Unit, FDs: map[int]*unix.File{0: in, 1: unix.NewFile(&unix.Sink{W: io.Discard}, "journal"), 2: unix.NewFile(&unix.Sink{W: io.Discard}, "journal")}})
	if p == nil {
		return nil
	}
	go func() {
		p.Wait()
		h.with(func(st *state) {
			st.Working = slices.DeleteFunc(st.Working, func(x detached) bool { return x.Unit == d.Unit && x.Started.Equal(d.Started) })
			h.changed()
		})
	}()
	return p
}

// rebootC asks the host to go down in a moment.
func rebootC(h *Host) unix.Command {
	return func(p *unix.Proc, args []string) int {
		if p.UID != 0 {
			fmt.Fprintln(p.Stderr(), "Failed to set wall message, ignoring: Interactive authentication required.\nCall to Reboot failed: Interactive authentication required.")
			return 1
		}
		h.shop.background(func() { h.Reboot(h.takes(h.def.rebootTime())) })
		return 0
	}
}

// Reboot takes the host down, and up again after d, with another boot ID and
// the newest kernel. While it is down, nothing listens on its port.
func (h *Host) Reboot(d time.Duration) {
	h.mu.Lock()
	again := h.booting
	h.booting = true
	h.mu.Unlock()
	if again {
		return
	}
	h.shop.down(h)
	select {
	case <-time.After(d):
	case <-h.shop.closing:
	}
	h.with(func(st *state) {
		st.BootID = bootIDAfter(st.BootID)
		st.BootedAt = h.now()
		st.Running = st.Kernels[len(st.Kernels)-1]
		st.Pending, st.Stale, st.Stopped, st.Working = nil, nil, nil, nil
		h.changed()
	})
	_ = h.machine.FS.Remove("/run", 0, true)
	_ = h.machine.FS.Remove("/tmp", 0, true)
	_ = h.machine.FS.MkdirAll("/run/lock", 0, 0o755)
	if h.def.systemd() {
		_ = h.machine.FS.MkdirAll("/run/systemd/system", 0, 0o755)
	}
	_ = h.machine.FS.MkdirAll("/tmp", 0, 0o755)
	_ = h.machine.FS.Change("/tmp", 0, func(n *unix.Node) { n.Mode = n.Mode.Type() | 0o777 })
	h.machine.PowerOn()
	h.shop.up(h)
	h.with(func(*state) { h.booting = false })
}

// commands adds what the package managers of the host's system consist of.
func (h *Host) commands() {
	c := h.machine.Commands
	c["reboot"] = rebootC(h)
	c["shutdown"] = c["reboot"]
	if h.def.systemd() {
		c["systemctl"], c["systemd-run"] = systemctl(h), systemdRun(h)
		c["systemd-detect-virt"] = func(p *unix.Proc, _ []string) int { fmt.Fprintln(p.Stdout(), "kvm"); return 0 }
		c["journalctl"] = func(*unix.Proc, []string) int { return 0 }
	}
	switch h.def.OS.Platform {
	case data.APT:
		h.aptCommands(c)
	case data.DNF:
		h.rpmCommands(c)
		h.dnfCommands(c)
	case data.Zypper:
		h.rpmCommands(c)
		h.zypperCommands(c)
	case data.Pacman:
		h.pacmanCommands(c)
	case data.APK:
		h.apkCommands(c)
	}
}
