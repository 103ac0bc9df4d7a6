// Package lab gives tests real hosts: Debian with apt, and Debian trees that
// play other distributions with real dnf, dnf5, zypper and pacman, each with a
// real SSH server, its own network and a package repository that needs no
// internet. They are made of ordinary Debian packages, namespaces and overlay
// mounts, start in half a second, reboot for real, and can be hurt: see the
// faults of Machine.
//
// The images are built once (two to three minutes from nothing) and kept in
// $XDG_CACHE_HOME/secondtuesday-lab, else /var/cache/secondtuesday-lab.
// Everything that runs ends with the test process, however that ends.
//
// The package is for tests only. It needs root on Debian or Ubuntu; elsewhere
// the tests that ask for it say so and are skipped, and fail where the
// environment has CI=true.
package lab

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Kind is a sort of host.
type Kind string

// The kinds of hosts. All but DebianSystemd are light: an SSH server under a
// tiny init, no services.
const (
	Debian        Kind = "deb"    // Debian 12, apt
	DebianSystemd Kind = "debsd"  // the same with systemd
	DNF           Kind = "dnf"    // plays AlmaLinux 9: dnf 4
	DNF5          Kind = "dnf5"   // plays Fedora 42: dnf 5
	Zypper        Kind = "zypper" // plays openSUSE Leap 15.6
	Pacman        Kind = "pacman" // plays Arch Linux
)

// Kinds are all of them.
var Kinds = []Kind{Debian, DebianSystemd, DNF, DNF5, Zypper, Pacman}

// The users of every host. All may log in with Machine.Key, and all but root
// with a password.
const (
	Root           = "root"   // by key only
	Ops            = "ops"    // may use sudo, with the password
	OpsNoPassword  = "opsnp"  // may use sudo without one
	NoSudo         = "nosudo" // may not use sudo
	OpsPassword    = "lab-ops-pw"
	NoSudoPassword = "lab-nosudo-pw"
)

// Need makes sure that hosts of these kinds can be started, and builds their
// images where they are missing. Other test processes that need them wait.
func Need(t testing.TB, kinds ...Kind) {
	t.Helper()
	if why := cannotRun(); why != "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the real-host lab did not run, and under CI it must: %s", why)
		}
		t.Skipf("NOT RUN: the real-host lab %s", why)
	}
	lab, err := open()
	if err != nil {
		t.Fatalf("open the real-host lab: %v", err)
	}
	began := time.Now()
	errs := make([]error, len(kinds))
	var wait sync.WaitGroup
	for i, kind := range kinds {
		wait.Go(func() { _, errs[i] = lab.images.layers(kind) })
	}
	wait.Wait()
	for i, kind := range kinds {
		if errs[i] != nil {
			t.Fatalf("build the image of a %s host: %v", kind, errs[i])
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Logf("images of %v were ready after %v", kinds, took.Round(time.Second))
	}
}

// Host starts a fresh host and returns when its SSH server answers. It ends
// with the test.
func Host(t testing.TB, kind Kind) *Machine {
	t.Helper()
	return Hosts(t, kind, 1)[0]
}

// Hosts starts n fresh hosts of a kind side by side.
func Hosts(t testing.TB, kind Kind, n int) []*Machine {
	t.Helper()
	Need(t, kind)
	lab, err := open()
	if err != nil {
		t.Fatalf("open the real-host lab: %v", err)
	}
	machines, errs := make([]*Machine, n), make([]error, n)
	slots := make(chan struct{}, 8)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			machines[i], errs[i] = lab.start(t, kind)
		})
	}
	wait.Wait()
	t.Cleanup(func() {
		var wait sync.WaitGroup
		for _, m := range machines {
			if m != nil {
				wait.Go(m.remove)
			}
		}
		wait.Wait()
	})
	for i, err := range errs {
		if err != nil {
			t.Fatalf("start a %s host: %v", kind, err)
		}
		if err := machines[i].answers(t.Context(), time.Minute); err != nil {
			t.Fatalf("start a %s host: %v\n%s", kind, err, machines[i].Console())
		}
	}
	return machines
}

// programs the lab calls, and the Debian packages they come in.
var programs = [][2]string{
	{"mmdebstrap", "mmdebstrap"}, {"apt-ftparchive", "apt-utils"}, {"dpkg-deb", "dpkg"}, {"gpg", "gnupg"},
	{"rpmbuild", "rpm"}, {"createrepo_c", "createrepo-c"}, {"zstd", "zstd"}, {"systemd-nspawn", "systemd-container"},
	{"openssl", "openssl"}, {"ssh-keygen", "openssh-client"}, {"ip", "iproute2"}, {"nsenter", "util-linux"},
	{"setpriv", "util-linux"}, {"xz", "xz-utils"},
}

// cannotRun says why there can be no lab on this machine.
var cannotRun = sync.OnceValue(func() string {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "needs Debian or Ubuntu on amd64"
	}
	release, err := os.ReadFile("/etc/os-release")
	if err != nil || !strings.Contains(string(release), "debian") {
		return "needs Debian or Ubuntu: /etc/os-release names neither"
	}
	if os.Geteuid() != 0 {
		return "needs root, to make namespaces and mounts (try: sudo -E go test …)"
	}
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p[0]); err != nil {
			missing = append(missing, p[1])
		}
	}
	if len(missing) > 0 {
		return fmt.Sprintf("needs the packages %s (packaging/need test installs them)", strings.Join(missing, " "))
	}
	return ""
})
