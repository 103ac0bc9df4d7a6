package rpm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

func isKernel(name string) bool {
	return strings.HasPrefix(name, "kernel") || strings.HasPrefix(name, "kmod-") || strings.Contains(name, "-kmp-")
}

// core are the packages whose update takes a reboot to be in use, as dnf's
// needs-restarting lists them (plugins/needs_restarting.py, "NEED_REBOOT"),
// without the kernels: linux.KernelReason judges those.
var core = []string{"glibc", "linux-firmware", "systemd", "dbus", "dbus-broker", "dbus-daemon", "microcode_ctl", "udev", "openssl-libs", "gnutls"}

// RebootReasons tells from the database alone which core packages were
// installed since the boot. A zero bootedAt gives none.
func RebootReasons(list []Installed, bootedAt time.Time) []data.RebootReason {
	if bootedAt.IsZero() {
		return nil
	}
	var out []data.RebootReason
	for _, p := range list {
		if slices.Contains(core, p.Name) && p.At.After(bootedAt) {
			out = append(out, data.RebootReason{Source: "rpm",
				Detail: fmt.Sprintf("%s %s was installed after the boot", p.Name, p.Version)})
		}
	}
	return out
}
