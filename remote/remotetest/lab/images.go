package lab

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed image/* host/*
var scripts embed.FS

// A part is one folder of the cache, filled by one script.
type part struct {
	script string
	args   []string // $NAME is the folder of the part NAME
	needs  []string // parts that must be there first
}

// Packages of a server-like host, so that there are genuine updates for it.
const serverPackages = "openssl,curl,apt-utils,gpgv,less,nano,libnss3,libxml2,bind9-host,nginx-light,rsync,git,python3," +
	"vim-tiny,needrestart,debconf-utils,libfaketime"

var parts = map[string]part{
	"keys":     {script: "keys.sh"},
	"bookworm": {script: "base.sh", args: []string{"bookworm", serverPackages}, needs: []string{"keys"}},
	"trixie":   {script: "base.sh", args: []string{"trixie", "lsof"}, needs: []string{"keys"}},
	"sid":      {script: "base.sh", args: []string{"sid", "lsof"}, needs: []string{"keys"}},
	"pending":  {script: "pending.sh", needs: []string{"bookworm"}},
	"debrepo":  {script: "debrepo.sh", needs: []string{"keys", "pending"}},
	"rpmrepo":  {script: "rpmrepo.sh", needs: []string{"keys"}},
	"deb":      {script: "deb.sh", needs: []string{"keys", "bookworm", "debrepo"}},
	"debsd":    {script: "debsd.sh", needs: []string{"bookworm", "deb"}},
	"dnf": {script: "rpm.sh", args: []string{"dnf", "$BOOKWORM", "bookworm", "dnf", "rpm", "dnf-plugins-core"},
		needs: []string{"keys", "bookworm", "rpmrepo"}},
	"dnf5": {script: "rpm.sh", args: []string{"dnf5", "$SID", "sid", "dnf5", "rpm"},
		needs: []string{"keys", "sid", "rpmrepo"}},
	"zypper": {script: "rpm.sh", args: []string{"zypper", "$TRIXIE", "trixie", "zypper", "rpm", "libzypp-bin"},
		needs: []string{"keys", "trixie", "rpmrepo"}},
	"pacman": {script: "pacman.sh", needs: []string{"trixie"}},
}

// layersOf lists the parts that make up a host's file system, uppermost first.
var layersOf = map[Kind][]string{
	Debian:        {"deb", "bookworm"},
	DebianSystemd: {"debsd", "deb", "bookworm"},
	DNF:           {"dnf", "bookworm"},
	DNF5:          {"dnf5", "sid"},
	Zypper:        {"zypper", "trixie"},
	Pacman:        {"pacman", "trixie"},
}

// images is the cache of built parts.
type images struct {
	cache   string // the folder
	scripts string // the embedded scripts, written out
	mirror  string
	slots   chan struct{} // how many scripts run at once

	mu    sync.Mutex
	built map[string]func() error
}

func openImages() (*images, error) {
	cache := "/var/cache/secondtuesday-lab"
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		cache = filepath.Join(dir, "secondtuesday-lab")
	}
	im := &images{cache: cache, mirror: mirror(), slots: make(chan struct{}, 2), built: map[string]func() error{}}
	if im.mirror == "" {
		return nil, errors.New("no Debian archive in /etc/apt: name one in LAB_MIRROR")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	all := sha256.New()
	err := fs.WalkDir(scripts, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := scripts.ReadFile(path)
		fmt.Fprintf(all, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return nil, err
	}
	im.scripts = filepath.Join(cache, "scripts-"+hex.EncodeToString(all.Sum(nil))[:12])
	return im, im.writeScripts()
}

// writeScripts puts the scripts where a shell can read them, whole or not at all.
func (im *images) writeScripts() error {
	if _, err := os.Stat(im.scripts); err == nil {
		return nil
	}
	tmp, err := os.MkdirTemp(im.cache, "scripts.new-")
	if err != nil {
		return err
	}
	if err := os.CopyFS(tmp, scripts); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := os.Rename(tmp, im.scripts); err != nil {
		os.RemoveAll(tmp) // another process was first
		_, err = os.Stat(im.scripts)
		return err
	}
	return nil
}

// layers builds what a kind of host is made of, and returns its layers as
// mount -t overlay wants them.
func (im *images) layers(kind Kind) (string, error) {
	names, ok := layersOf[kind]
	if !ok {
		return "", fmt.Errorf("no such kind of host")
	}
	var dirs []string
	for _, name := range names {
		if err := im.need(name); err != nil {
			return "", err
		}
		dirs = append(dirs, im.dir(name))
	}
	return strings.Join(dirs, ":"), nil
}

// dir names the folder of a part. The name changes with the part's script and
// with all it is made from, so that a changed script builds anew.
func (im *images) dir(name string) string { return filepath.Join(im.cache, name+"-"+im.stamp(name)) }

func (im *images) stamp(name string) string {
	p := parts[name]
	h := sha256.New()
	for _, file := range []string{"image/common.sh", "image/init.sh", "image/reboot.pl", "image/" + p.script} {
		text, err := scripts.ReadFile(file)
		if err != nil {
			panic(err) // embedded
		}
		fmt.Fprintf(h, "%d %s", len(text), text)
	}
	fmt.Fprintf(h, "%q", p.args)
	for _, need := range p.needs {
		fmt.Fprint(h, im.stamp(need))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// need makes sure that a part and all it is made from are there.
func (im *images) need(name string) error {
	im.mu.Lock()
	once := im.built[name]
	if once == nil {
		once = sync.OnceValue(func() error { return im.build(name) })
		im.built[name] = once
	}
	im.mu.Unlock()
	return once()
}

func (im *images) build(name string) error {
	if _, err := os.Stat(im.dir(name)); err == nil {
		return nil
	}
	for _, need := range parts[name].needs {
		if err := im.need(need); err != nil {
			return err
		}
	}
	lock, err := im.lock(name)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(im.dir(name)); err == nil {
		return nil // another process has built it in the meantime
	}
	im.slots <- struct{}{}
	defer func() { <-im.slots }()
	return im.run(name, lock)
}

// lock waits until no other process builds the part. The lock goes when this
// process and the script that holds it too have ended.
func (im *images) lock(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(im.cache, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		fmt.Fprintf(os.Stderr, "lab: waiting for another process that builds %s\n", name)
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// run fills a part's folder. It gets its name only when the script succeeded.
func (im *images) run(name string, lock *os.File) error {
	p, began := parts[name], time.Now()
	fmt.Fprintf(os.Stderr, "lab: building %s\n", name)
	out := im.dir(name) + ".new"
	if err := im.clear(name); err != nil {
		return err
	}
	folder := func(part string) string { return im.dir(strings.ToLower(part)) }
	args := []string{filepath.Join(im.scripts, "image", p.script)}
	for _, arg := range p.args {
		args = append(args, os.Expand(arg, folder))
	}
	cmd := exec.Command("sh", args...)
	cmd.Env = append(os.Environ(), "OUT="+out, "SCRIPTS="+filepath.Join(im.scripts, "image"), "MIRROR="+im.mirror,
		"TMPDIR=/tmp", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	for _, need := range p.needs {
		cmd.Env = append(cmd.Env, strings.ToUpper(need)+"="+im.dir(need))
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.ExtraFiles = []*os.File{lock}
	if err := cmd.Run(); err != nil {
		os.RemoveAll(out)
		return fmt.Errorf("%s: %w\n%s", p.script, err, tail(log.Bytes(), 4000))
	}
	fmt.Fprintf(os.Stderr, "lab: built %s in %.1f s\n", name, time.Since(began).Seconds())
	return os.Rename(out, im.dir(name))
}

// clear removes what an attempt that was killed has left of a part, mounts first.
func (im *images) clear(name string) error {
	left, err := filepath.Glob(im.dir(name) + ".*")
	if err != nil {
		return err
	}
	for _, dir := range left {
		for mount := range mountsUnder(dir) {
			syscall.Unmount(mount, syscall.MNT_DETACH)
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// mountsUnder yields the mount points at and below dir, innermost first.
func mountsUnder(dir string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		mounts, _ := os.ReadFile("/proc/self/mounts")
		lines := strings.Split(string(mounts), "\n")
		for i := len(lines) - 1; i >= 0; i-- {
			// overlay /var/cache/x overlay rw,relatime,lowerdir=… 0 0
			fields := strings.Fields(lines[i])
			if len(fields) > 1 && (fields[1] == dir || strings.HasPrefix(fields[1], dir+"/")) && !yield(fields[1]) {
				return
			}
		}
	}
}

func tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}

// debianMirror finds the archive in "deb http://mirror.example/debian bookworm
// main" and in "URIs: http://mirror.example/debian".
var debianMirror = regexp.MustCompile(`(?m)^(?:deb (?:\[[^]]*\] )?|URIs: *)(https?://\S+/debian)/?(?:\s|$)`)

// mirror returns the Debian archive that this machine uses, or the one that
// LAB_MIRROR names; "" where there is neither.
func mirror() string {
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	for _, file := range append([]string{"/etc/apt/sources.list"}, files...) {
		text, _ := os.ReadFile(file)
		if found := debianMirror.FindSubmatch(text); found != nil {
			return string(found[1])
		}
	}
	return os.Getenv("LAB_MIRROR")
}
