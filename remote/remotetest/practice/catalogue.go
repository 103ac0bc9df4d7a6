package practice

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"secondtuesday/data"
)

//go:embed catalogue/*.txt
var catalogueFiles embed.FS

// A set is some packages of one system, and what is newer.
type set struct {
	packages []Package
	offers   []Offer
}

var catalogues sync.Map // file name → map[string]set

// catalogue reads the sets of one system. The files are part of the program,
// so a mistake in them is a panic.
func catalogue(name string) map[string]set {
	if c, ok := catalogues.Load(name); ok {
		return c.(map[string]set)
	}
	text, err := catalogueFiles.ReadFile("catalogue/" + name + ".txt")
	if err != nil {
		panic(err)
	}
	sets := map[string]set{}
	at := ""
	for i, line := range strings.Split(string(text), "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || strings.HasPrefix(line, "#"):
		case f[0] == "set":
			at = f[1]
		default:
			s := sets[at]
			if err := s.add(f); err != nil {
				panic(fmt.Sprintf("catalogue %s, line %d: %v", name, i+1, err))
			}
			sets[at] = s
		}
	}
	catalogues.Store(name, sets)
	return sets
}

var classes = map[string]data.Class{"security": data.Security, "bugfix": data.BugFix}

// add reads one line:
//
//	openssl amd64 3.0.16-1 > 3.0.17-1 sec security high 41 1430 stale=ssh
func (s *set) add(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("%q is too short", f)
	}
	f[1] = strings.TrimPrefix(f[1], "-")
	if f[2] != "-" {
		s.packages = append(s.packages, Package{Name: f[0], Arch: f[1], Version: f[2]})
	}
	if len(f) == 3 {
		return nil
	}
	if len(f) < 10 || f[3] != ">" {
		return fmt.Errorf("%q is no offer", f)
	}
	age, err := strconv.Atoi(f[8])
	if err != nil {
		return err
	}
	kB, err := strconv.ParseInt(f[9], 10, 64)
	if err != nil {
		return err
	}
	o := Offer{Name: f[0], Arch: f[1], Version: f[4], Old: strings.TrimPrefix(f[2], "-"), Repo: f[5], Class: classes[f[6]], Severity: data.Severity(strings.TrimPrefix(f[7], "-")),
		Age: age, Size: kB << 10, Takes: 400*time.Millisecond + time.Duration(kB/20)*time.Millisecond}
	for _, flag := range f[10:] {
		if err := o.flag(flag); err != nil {
			return err
		}
	}
	s.offers = append(s.offers, o)
	return nil
}

func (o *Offer) flag(flag string) error {
	k, v, _ := strings.Cut(flag, "=")
	switch k {
	case "needs":
		o.Needs = v
	case "kernel":
		o.Kernel = v
	case "reboot":
		o.Reboot = true
	case "phased":
		o.Phased = true
	case "stale":
		o.Stale = strings.Split(v, ",")
	case "restarts":
		o.Services = strings.Split(v, ",")
	case "fails":
		o.Fails = strings.ReplaceAll(v, "_", " ")
	case "takes":
		n, err := strconv.Atoi(v)
		o.Takes = time.Duration(n) * time.Second
		return err
	default:
		switch {
		case strings.HasPrefix(k, "CVE-"):
			o.CVEs = strings.Split(k, ",")
		case strings.Contains(k, "-20"):
			o.Advisory = k
		default:
			return fmt.Errorf("flag %q is not known", flag)
		}
	}
	return nil
}

// packages returns what is on the host when the shop opens first.
func (d definition) packages() []Package {
	var out []Package
	for _, name := range append([]string{"base"}, d.Sets...) {
		out = append(out, catalogue(d.OS.catalogue())[name].packages...)
	}
	for i := range out {
		out[i].Held = contains(d.Held, out[i].Name)
	}
	for i, p := range out {
		for _, o := range d.offers() {
			// Some hosts are nearly up to date: what is older than their last patch day is in.
			if o.Name == p.Name && o.Arch == p.Arch && d.PatchedDays > 0 && o.Age > d.PatchedDays && o.Kernel == "" && o.Fails == "" {
				out[i].Version = o.Version
			}
		}
	}
	return out
}

// offers returns all newer versions that the host's sources ever have.
func (d definition) offers() []Offer {
	var out []Offer
	for _, name := range append([]string{"base"}, d.Sets...) {
		out = append(out, catalogue(d.OS.catalogue())[name].offers...)
	}
	return out
}

func (o OS) catalogue() string {
	return map[string]string{"debian12": "debian12", "debian13": "debian13", "ubuntu24.04": "ubuntu2404", "almalinux9.6": "alma9", "opensuse-leap15.6": "leap156", "arch": "arch", "alpine3.22.2": "alpine322"}[o.ID+o.Version]
}
