package linux

import (
	"regexp"
	"strings"

	"secondtuesday/data"
)

// "vmlinuz-6.1.0-18-amd64"; not "vmlinuz-0-rescue-1c…" nor "vmlinuz-linux".
var kernelImage = regexp.MustCompile(`^(?:vmlinuz|vmlinux|Image|image)-([1-9][0-9]*\..+)$`)

// NewestKernel returns the newest installed kernel: by the images in /boot
// where these carry versions, else by the folders in /lib/modules (Alpine, Arch,
// boot entries). Kernels of the running one's flavour come first. Empty: none is
// installed, as in a container.
func NewestKernel(images, modules []string, running string) string {
	var found []string
	for _, f := range images {
		if m := kernelImage.FindStringSubmatch(f); m != nil && !strings.HasSuffix(f, ".old") {
			found = append(found, m[1])
		}
	}
	if len(found) == 0 {
		for _, f := range modules {
			if f != "" && f[0] >= '1' && f[0] <= '9' {
				found = append(found, f)
			}
		}
	}
	newest, same := "", false
	for _, f := range found {
		ours := flavour(f) == flavour(running)
		if newest == "" || ours && !same || ours == same && CompareKernels(f, newest) > 0 {
			newest, same = f, ours
		}
	}
	return newest
}

// KernelReason says that a newer kernel of the running one's flavour waits for
// a reboot. A container, whose kernel is another's, gives none.
func KernelReason(k data.Kernel) (data.RebootReason, bool) {
	if k.Installed == "" || flavour(k.Installed) != flavour(k.Running) || CompareKernels(k.Installed, k.Running) <= 0 {
		return data.RebootReason{}, false
	}
	return data.RebootReason{Source: "kernel", Detail: k.Installed + " is installed, " + k.Running + " runs"}, true
}

// flavour returns what must be alike in two kernels for one to follow the
// other: "cloud-amd64" of 6.1.0-18-cloud-amd64, "rt" of
// 5.14.0-427.el9_4.x86_64+rt, "generic" of 6.8.0-31-generic.
func flavour(kernel string) string {
	if strings.Contains(kernel, ".el") || strings.Contains(kernel, ".fc") {
		_, variant, _ := strings.Cut(kernel, "+")
		return variant
	}
	i := strings.IndexFunc(kernel, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
	if i < 0 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return -1
		}
		return r
	}, kernel[i:])
}

// CompareKernels orders kernel releases: runs of digits by value, all else by
// its bytes, and any other character between them only separates.
func CompareKernels(a, b string) int {
	for {
		a, b = strings.TrimLeft(a, "-_.+~"), strings.TrimLeft(b, "-_.+~")
		if a == "" || b == "" {
			return strings.Compare(a, b)
		}
		var x, y string
		x, a = run(a)
		y, b = run(b)
		if digit(x[0]) && digit(y[0]) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
		} else if digit(x[0]) != digit(y[0]) {
			if digit(x[0]) {
				return 1
			}
			return -1
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// run cuts the leading run of digits or of other characters up to a separator.
func run(s string) (head, rest string) {
	i := 1
	for i < len(s) && digit(s[i]) == digit(s[0]) && strings.IndexByte("-_.+~", s[i]) < 0 {
		i++
	}
	return s[:i], s[i:]
}
