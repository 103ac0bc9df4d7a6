package practice

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice/unix"
)

// An OS is what a host runs.
type OS struct {
	ID, Like, Version, Name, Codename string
	Platform                          data.Platform
	Kernel                            string // running when the shop opens for the first time
	KernelVersion                     string // uname -v
	Security, Updates, Base           Repo
}

// A Repo is a source of packages.
type Repo struct {
	ID, Name string
	Origin   string // as apt prints it: "Debian-Security:12/oldstable-security"
	URL      string
}

// A Package is something installed on a host.
type Package struct {
	Name, Arch, Version string
	Summary             string `json:",omitempty"`
	Held                bool   `json:",omitempty"`
	State               string `json:",omitempty"` // dpkg's letters, "iF"; empty: "ii"
	At                  int64  // installed, Unix seconds
}

// An Offer is a newer version that a source has.
type Offer struct {
	Name, Arch, Version string
	Old                 string // of the package it replaces; empty: new
	Repo                string // ID
	Class               data.Class
	Severity            data.Severity
	Advisory            string
	CVEs                []string
	Age                 int           // days before the shop was opened for the first time; negative: later
	Size                int64         // bytes
	Takes               time.Duration // to unpack and configure
	Needs               string        // a package that must come along
	Fails               string        // what its script says before it fails
	Services            []string      // restarted when it is installed
	Stale               []string      // services that go on with the old library
	Kernel              string        // release that boots next
	Reboot              bool
	Title               string
	Phased              bool
}

// key names a package of one architecture.
func key(name, arch string) string { return data.Key(name, arch) }

// state is what of a host outlives the program.
type state struct {
	Packages []Package
	Fetched  map[string]time.Time // repository → when its lists were fetched
	BootID   string
	BootedAt time.Time
	Running  string   // kernel
	Kernels  []string // installed, oldest first
	Pending  []string // packages that want a reboot
	Stale    []string // services that run old libraries
	Stopped  []string // services that do not run
	Files    []unix.Saved
	Free     int64
	Working  []detached // what runs detached, as of the rest
}

// detached is a process that outlives its session, kept so that a program
// that opens the shop again can let it go on.
type detached struct {
	Args    []string
	Env     map[string]string
	Unit    string
	Started time.Time
}

// The places that a host keeps; everything else is made anew at each opening.
var kept = []string{"/var/lib", "/var/cache", "/var/tmp", "/etc", "/root", "/home"}

// A Host is one computer of the shop.
type Host struct {
	def     definition
	machine *unix.Machine
	sshd    *sshd
	shop    *Shop

	mu    sync.Mutex
	st    state
	dirty bool
	rng   *rand.Rand
	pkgMu chan struct{} // the package manager's lock

	booting    bool            // it is down
	packagePID int             // who holds it
	deadRepos  map[string]bool // repositories that do not answer now
}

func newHost(def definition, shop *Shop) *Host {
	h := &Host{def: def, shop: shop, pkgMu: make(chan struct{}, 1), rng: rand.New(rand.NewPCG(shop.seed, uint64(spread(def.Name, 1<<30))))}
	h.machine = unix.New(def.Name, unix.NewClock(time.Now().UTC()))
	h.machine.Unknown = func(command string, args []string) {
		if shop.tell != nil {
			shop.tell(def.Name, command, args)
		}
	}
	h.machine.Users = []unix.User{{Name: "root", Home: "/root"}, {Name: "ops", UID: 1000, Home: "/home/ops", Sudo: def.Sudo, Password: SudoPassword}}
	h.commands()
	return h
}

// reset brings the host into the state it has when the shop opens first.
func (h *Host) reset(anchor time.Time) {
	h.st = state{Fetched: map[string]time.Time{}, Running: h.def.OS.Kernel, Kernels: []string{h.def.OS.Kernel}, Free: 9 << 30,
		BootedAt: anchor.Add(-time.Duration(h.def.UpDays)*24*time.Hour - 3*time.Hour).Truncate(time.Second)}
	h.st.BootID = h.firstBootID()
	installed := anchor.AddDate(0, -9, 0).Unix()
	for _, p := range h.def.packages() {
		p.At = installed
		h.st.Packages = append(h.st.Packages, p)
	}
	for _, r := range h.repos() {
		at := anchor.Add(-time.Duration(h.def.ListAge)*time.Hour - 7*time.Minute)
		if h.def.DeadRepo == r.ID {
			at = anchor.AddDate(0, 0, -61)
		}
		h.st.Fetched[r.ID] = at
	}
	if h.def.Free > 0 {
		h.st.Free = h.def.Free
	}
	h.system()
	h.machine.FS.SetFree(h.st.Free)
}

// firstBootID is the same in every shop of one seed.
func (h *Host) firstBootID() string {
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", h.rng.Uint32(), h.rng.Uint32()&0xffff, h.rng.Uint32()&0xfff, h.rng.Uint32()&0x3fff|0x8000, h.rng.Uint64()&0xffffffffffff)
}

// bootIDAfter returns the ID of the boot that follows one: never an ID that was
// there before, also when the shop was closed in between.
func bootIDAfter(id string) string {
	b := sha256.Sum256([]byte(id))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // as random UUIDs are marked
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func (h *Host) now() time.Time { return h.machine.Clock.Now() }

// changed notes that the state must be saved.
func (h *Host) changed() {
	h.dirty = true
}

// repaired is how long a package whose script failed stays broken, and a lock
// of pacman's that was left stays: then a colleague of the made-up shop has looked after it.
const repaired = 10 * time.Minute

// pass lets happen what happens on hosts by themselves: the daily timer
// fetches lists, and people repair what broke.
func (h *Host) pass() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	for i, p := range h.st.Packages {
		if p.State == "iF" && now.Sub(time.Unix(p.At, 0)) > repaired {
			h.st.Packages[i].State = ""
			h.dirty = true
		}
	}
	if lock, _, err := h.machine.FS.Stat(pacmanLock, 0, true); err == nil && h.packagePID == 0 && now.Sub(lock.Mod) > repaired {
		_ = h.machine.FS.Remove(pacmanLock, 0, false) // of one that was killed
	}
	for _, r := range h.repos() {
		if h.def.DeadRepo == r.ID || h.deadRepos[r.ID] || now.Sub(h.st.Fetched[r.ID]) < 36*time.Hour {
			continue
		}
		h.st.Fetched[r.ID] = now.Add(-time.Duration(spread(h.def.Name, 20)+1) * time.Hour).Truncate(time.Second)
		h.dirty = true
		h.writeLists(r)
	}
}

// writeLists writes the local copy of a repository's lists, as of when they were
// fetched. The state must be held.
func (h *Host) writeLists(r Repo) {
	switch h.def.OS.Platform {
	case data.APT:
		h.writeRelease(r)
	case data.Pacman:
		h.writeSync(r)
	case data.APK:
		h.writeAPKIndex(r)
	default:
		h.writeRepodata(r)
	}
}

// with holds the state.
func (h *Host) with(do func(st *state)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	do(&h.st)
}

func (st *state) find(name, arch string) int {
	for i, p := range st.Packages {
		if p.Name == name && (arch == "" || p.Arch == arch) {
			return i
		}
	}
	return -1
}

// installed returns the version of a package, or "".
func (h *Host) installed(name, arch string) (v string) {
	h.with(func(st *state) {
		if i := st.find(name, arch); i >= 0 {
			v = st.Packages[i].Version
		}
	})
	return v
}

// offers returns what the fetched lists have that is newer than what is
// installed, in the order of the definition.
func (h *Host) offers() []Offer {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Offer
	for _, o := range h.def.offers() {
		released := h.shop.anchor.AddDate(0, 0, -o.Age)
		if h.st.Fetched[o.Repo].Before(released) || o.Old == "" {
			continue
		}
		i := h.st.find(o.Name, o.Arch)
		if i < 0 || h.st.Packages[i].Version == o.Version || h.st.has(o) {
			continue
		}
		o.Old = h.st.Packages[i].Version
		out = append(out, o)
	}
	return out
}

// has reports whether this very version is there already, beside an older one
// (kernels install side by side).
func (st *state) has(o Offer) bool {
	for _, p := range st.Packages {
		if p.Name == o.Name && p.Arch == o.Arch && p.Version == o.Version {
			return true
		}
	}
	return false
}

// anyOffer finds an offer of that name in any version, also of new packages.
func (h *Host) anyOffer(name, version string) (Offer, bool) {
	for _, o := range h.def.offers() {
		if o.Name == name && (version == "" || o.Version == version) {
			return o, true
		}
	}
	return Offer{}, false
}

func (h *Host) isHeld(name string) (held bool) {
	h.with(func(st *state) {
		if i := st.find(name, ""); i >= 0 {
			held = st.Packages[i].Held
		}
	})
	return held
}

// apply brings an offer in and remembers what follows from it.
func (h *Host) apply(o Offer, packageState string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	st := &h.st
	now := h.now().Unix()
	p := Package{Name: o.Name, Arch: o.Arch, Version: o.Version, Summary: o.Title, State: packageState, At: now}
	if i := st.find(o.Name, o.Arch); i >= 0 && (o.Kernel == "" || h.def.oneKernel() || h.def.aptBased() && !o.sideBySide()) {
		p.Held, p.Summary = st.Packages[i].Held, st.Packages[i].Summary
		st.Packages[i] = p
	} else {
		st.Packages = append(st.Packages, p)
	}
	if o.Kernel != "" && !contains(st.Kernels, o.Kernel) {
		st.Kernels = append(st.Kernels, o.Kernel)
		h.bootFiles()
	}
	if (o.Reboot || o.Kernel != "") && !contains(st.Pending, o.Name) {
		st.Pending = append(st.Pending, o.Name)
	}
	for _, s := range o.Stale {
		if !contains(st.Stale, s) {
			st.Stale = append(st.Stale, s)
		}
	}
	for _, s := range o.Services {
		st.Stale = without(st.Stale, s)
	}
	if h.def.OS.Platform == data.APT && len(st.Pending) > 0 {
		h.rebootRequired(st.Pending)
	}
	h.changed()
}

// sideBySide: Debian's kernels carry their release in the name, so a new one is another package.
func (o Offer) sideBySide() bool { return o.Old == "" }

func (h *Host) remove(name, arch string) {
	h.with(func(st *state) {
		if i := st.find(name, arch); i >= 0 {
			st.Packages = append(st.Packages[:i], st.Packages[i+1:]...)
		}
		h.changed()
	})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func without(list []string, s string) []string {
	var out []string
	for _, x := range list {
		if x != s {
			out = append(out, x)
		}
	}
	return out
}

// repos returns the host's sources.
func (h *Host) repos() []Repo {
	var out []Repo
	for _, r := range append([]Repo{h.def.OS.Base, h.def.OS.Updates, h.def.OS.Security}, h.def.Extra...) {
		if r.ID != "" {
			out = append(out, r)
		}
	}
	return out
}

// takes scales a duration by the shop's speed and the host's slowness.
func (h *Host) takes(d time.Duration) time.Duration {
	if h.def.Slow > 0 {
		d = time.Duration(float64(d) * h.def.Slow)
	}
	return time.Duration(float64(d) / math.Float64frombits(h.shop.speed.Load()))
}

// lockPackages takes the package manager's lock, or tells that another has it.
func (h *Host) lockPackages() bool {
	select {
	case h.pkgMu <- struct{}{}:
		return true
	default:
		return false
	}
}

func (h *Host) unlockPackages() {
	h.mu.Lock()
	h.packagePID = 0
	h.mu.Unlock()
	<-h.pkgMu
}

// dead reports whether a repository does not answer.
func (h *Host) dead(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.def.DeadRepo == id || h.deadRepos[id]
}
