package unix

import (
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
	"time"
)

// An Errno is a failure as the C library words it.
type Errno string

func (e Errno) Error() string { return string(e) }

// The failures that commands print.
const (
	ENOENT  = Errno("No such file or directory")
	ENOTDIR = Errno("Not a directory")
	EISDIR  = Errno("Is a directory")
	EEXIST  = Errno("File exists")
	EACCES  = Errno("Permission denied")
	EPERM   = Errno("Operation not permitted")
	ENOSPC  = Errno("No space left on device")
	EPIPE   = Errno("Broken pipe")
	EBADF   = Errno("Bad file descriptor")
	ELOOP   = Errno("Too many levels of symbolic links")
	ENOTEMP = Errno("Directory not empty")
	EINVAL  = Errno("Invalid argument")
	ESRCH   = Errno("No such process")
)

// A Node is one file, directory or symbolic link.
type Node struct {
	Mode fs.FileMode // type and permission bits
	Mod  time.Time
	UID  int
	Data []byte
	Link string
	Kids map[string]*Node
	Ino  int

	gen func() []byte // content made at each opening, as /proc does
}

// IsDir reports whether n is a directory.
func (n *Node) IsDir() bool { return n.Mode.IsDir() }

// An FS is a file system in memory. Paths are absolute and use slashes on
// every computer. It may be used by several goroutines.
type FS struct {
	mu      sync.Mutex
	root    *Node
	nextIno int
	now     func() time.Time
	proc    func(pid string) *Node // /proc/PID; nil: there is no such process

	Total int64 // bytes of the disk
	Free  int64 // bytes left; writing takes from it
}

// NewFS returns a file system with a root directory and nothing else.
func NewFS(now func() time.Time) *FS {
	f := &FS{now: now, Total: 20 << 30, Free: 12 << 30, nextIno: 2}
	f.root = f.node(fs.ModeDir|0o755, 0)
	return f
}

func (f *FS) node(mode fs.FileMode, uid int) *Node {
	f.nextIno++
	n := &Node{Mode: mode, UID: uid, Mod: f.now(), Ino: f.nextIno}
	if mode.IsDir() {
		n.Kids = map[string]*Node{}
	}
	return n
}

// can reports whether uid may do what the bit (4 read, 2 write, 1 search) stands for.
func can(n *Node, uid int, bit fs.FileMode) bool {
	if uid == 0 {
		return true
	}
	if n.UID == uid && n.Mode&(bit<<6) != 0 {
		return true
	}
	return n.Mode&bit != 0
}

// walk finds the node at p. With follow, a symbolic link at the end is followed too.
func (f *FS) walk(p string, uid int, follow bool) (*Node, error) {
	return f.walkN(p, uid, follow, 0)
}

func (f *FS) walkN(p string, uid int, follow bool, depth int) (*Node, error) {
	if depth > 20 {
		return nil, ELOOP
	}
	n, at := f.root, "/"
	parts := strings.Split(strings.Trim(path.Clean(p), "/"), "/")
	for i, part := range parts {
		if part == "" {
			continue
		}
		if !n.IsDir() {
			return nil, ENOTDIR
		}
		if !can(n, uid, 1) {
			return nil, EACCES
		}
		kid, ok := n.Kids[part]
		if !ok && at == "/proc" && f.proc != nil {
			kid = f.proc(part)
			ok = kid != nil
		}
		if !ok {
			return nil, ENOENT
		}
		last := i == len(parts)-1
		if kid.Mode&fs.ModeSymlink != 0 && (!last || follow) {
			to := kid.Link
			if !path.IsAbs(to) {
				to = path.Join(at, to)
			}
			return f.walkN(path.Join(append([]string{to}, parts[i+1:]...)...), uid, follow, depth+1)
		}
		n, at = kid, path.Join(at, part)
	}
	return n, nil
}

// parent returns the directory that holds p, and p's last element.
func (f *FS) parent(p string, uid int) (*Node, string, error) {
	p = path.Clean(p)
	dir, err := f.walk(path.Dir(p), uid, true)
	if err != nil {
		return nil, "", err
	}
	if !dir.IsDir() {
		return nil, "", ENOTDIR
	}
	return dir, path.Base(p), nil
}

// Stat returns a copy of the node at p, without content.
func (f *FS) Stat(p string, uid int, follow bool) (Node, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk(p, uid, follow)
	if err != nil {
		return Node{}, 0, err
	}
	return Node{Mode: n.Mode, Mod: n.Mod, UID: n.UID, Link: n.Link, Ino: n.Ino}, int64(len(n.Data)), nil
}

// Access reports whether uid may use p as bit says (4 read, 2 write, 1 execute or search).
func (f *FS) Access(p string, uid int, bit fs.FileMode) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk(p, uid, true)
	if err != nil {
		return false
	}
	if bit == 1 && !n.IsDir() {
		return n.Mode&0o111 != 0 // root too needs one execute bit
	}
	return can(n, uid, bit)
}

// Exists reports whether root would find p.
func (f *FS) Exists(p string) bool {
	_, _, err := f.Stat(p, 0, true)
	return err == nil
}

// ReadFile returns a copy of the content of p.
func (f *FS) ReadFile(p string, uid int) ([]byte, error) {
	f.mu.Lock()
	n, err := f.walk(p, uid, true)
	switch {
	case err != nil:
	case n.IsDir():
		err = EISDIR
	case !can(n, uid, 4):
		err = EACCES
	}
	if err != nil {
		f.mu.Unlock()
		return nil, err
	}
	gen := n.gen
	data := append([]byte(nil), n.Data...)
	f.mu.Unlock()
	if gen != nil {
		return gen(), nil
	}
	return data, nil
}

// ReadDir returns the sorted names in directory p.
func (f *FS) ReadDir(p string, uid int) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk(p, uid, true)
	if err != nil {
		return nil, err
	}
	if !n.IsDir() {
		return nil, ENOTDIR
	}
	if !can(n, uid, 4) {
		return nil, EACCES
	}
	names := make([]string, 0, len(n.Kids))
	for k := range n.Kids {
		names = append(names, k)
	}
	sort.Strings(names)
	return names, nil
}

// Mkdir makes one directory.
func (f *FS) Mkdir(p string, uid int, perm fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, name, err := f.parent(p, uid)
	if err != nil {
		return err
	}
	if _, ok := dir.Kids[name]; ok || path.Clean(p) == "/" {
		return EEXIST
	}
	if !can(dir, uid, 2) {
		return EACCES
	}
	dir.Kids[name] = f.node(fs.ModeDir|perm, uid)
	dir.Mod = f.now()
	return nil
}

// MkdirAll makes p and what is missing above it.
func (f *FS) MkdirAll(p string, uid int, perm fs.FileMode) error {
	at := "/"
	for _, part := range strings.Split(strings.Trim(path.Clean(p), "/"), "/") {
		at = path.Join(at, part)
		n, _, err := f.Stat(at, uid, true)
		switch {
		case err == nil && n.IsDir():
		case err == nil:
			return ENOTDIR
		default:
			if err := f.Mkdir(at, uid, perm); err != nil && err != EEXIST {
				return err
			}
		}
	}
	return nil
}

// Put writes a whole file as root, making directories, and never runs out of space.
func (f *FS) Put(p string, data string) {
	f.PutMode(p, []byte(data), 0o644, 0)
}

// PutMode is Put with permission bits and owner.
func (f *FS) PutMode(p string, data []byte, perm fs.FileMode, uid int) {
	if err := f.MkdirAll(path.Dir(p), 0, 0o755); err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, name, err := f.parent(p, 0)
	if err != nil {
		return
	}
	n, ok := dir.Kids[name]
	if !ok || n.Mode&fs.ModeSymlink != 0 || n.IsDir() {
		n = f.node(perm, uid)
		dir.Kids[name] = n
	}
	n.Data, n.Mode, n.UID, n.Mod = append([]byte(nil), data...), perm, uid, f.now()
}

// Dynamic makes p a file whose content is made whenever it is read.
func (f *FS) Dynamic(p string, gen func() []byte) {
	f.PutMode(p, nil, 0o444, 0)
	f.mu.Lock()
	defer f.mu.Unlock()
	if n, err := f.walk(p, 0, false); err == nil {
		n.gen = gen
	}
}

// Symlink makes p a link to target.
func (f *FS) Symlink(target, p string, uid int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, name, err := f.parent(p, uid)
	if err != nil {
		return err
	}
	if _, ok := dir.Kids[name]; ok {
		return EEXIST
	}
	if !can(dir, uid, 2) {
		return EACCES
	}
	n := f.node(fs.ModeSymlink|0o777, uid)
	n.Link = target
	dir.Kids[name] = n
	return nil
}

// Link gives the file at old a second name.
func (f *FS) Link(old, p string, uid int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk(old, uid, true)
	if err != nil {
		return err
	}
	dir, name, err := f.parent(p, uid)
	if err != nil {
		return err
	}
	if _, ok := dir.Kids[name]; ok {
		return EEXIST
	}
	if n.IsDir() || !can(dir, uid, 2) {
		return EPERM
	}
	dir.Kids[name] = n
	return nil
}

// Remove takes away a file, a link or an empty directory.
func (f *FS) Remove(p string, uid int, recursive bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, name, err := f.parent(p, uid)
	if err != nil {
		return err
	}
	n, ok := dir.Kids[name]
	if !ok {
		return ENOENT
	}
	if !can(dir, uid, 2) {
		return EACCES
	}
	if dir.Mode&fs.ModeSticky != 0 && uid != 0 && n.UID != uid {
		return EPERM
	}
	if n.IsDir() && len(n.Kids) > 0 && !recursive {
		return ENOTEMP
	}
	f.Free += treeSize(n)
	delete(dir.Kids, name)
	dir.Mod = f.now()
	return nil
}

func treeSize(n *Node) int64 {
	s := int64(len(n.Data))
	for _, k := range n.Kids {
		s += treeSize(k)
	}
	return s
}

// Rename moves old to p, replacing a file (not a directory) there, in one step.
func (f *FS) Rename(old, p string, uid int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, oldName, err := f.parent(old, uid)
	if err != nil {
		return err
	}
	n, ok := from.Kids[oldName]
	if !ok {
		return ENOENT
	}
	to, name, err := f.parent(p, uid)
	if err != nil {
		return err
	}
	if !can(from, uid, 2) || !can(to, uid, 2) {
		return EACCES
	}
	if there, ok := to.Kids[name]; ok && there != n {
		switch {
		case there.IsDir() && !n.IsDir():
			return EISDIR
		case there.IsDir() && len(there.Kids) > 0:
			return ENOTEMP
		}
	}
	delete(from.Kids, oldName)
	to.Kids[name] = n
	from.Mod, to.Mod = f.now(), f.now()
	return nil
}

// Change applies do to the node at p, as chmod, chown and touch need it. Only
// the owner and root may.
func (f *FS) Change(p string, uid int, do func(*Node)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk(p, uid, true)
	if err != nil {
		return err
	}
	if uid != 0 && n.UID != uid {
		return EPERM
	}
	do(n)
	return nil
}

// Space returns the size of the disk and what is free.
func (f *FS) Space() (total, free int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Total, f.Free
}

// SetFree sets what is free.
func (f *FS) SetFree(free int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Free = free
}

// A Saved is one node as it is kept on a real disk.
type Saved struct {
	Path string
	Mode fs.FileMode
	Mod  time.Time
	UID  int    `json:",omitempty"`
	Data []byte `json:",omitempty"`
	Link string `json:",omitempty"`
}

// Save returns every node below the given directories, in an order in which
// Load can put them back. Files made at each reading are left out.
func (f *FS) Save(dirs ...string) []Saved {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Saved
	var add func(p string, n *Node)
	add = func(p string, n *Node) {
		if n.gen != nil {
			return
		}
		out = append(out, Saved{p, n.Mode, n.Mod, n.UID, append([]byte(nil), n.Data...), n.Link})
		names := make([]string, 0, len(n.Kids))
		for k := range n.Kids {
			names = append(names, k)
		}
		sort.Strings(names)
		for _, k := range names {
			add(path.Join(p, k), n.Kids[k])
		}
	}
	for _, d := range dirs {
		if n, err := f.walk(d, 0, false); err == nil {
			add(d, n)
		}
	}
	return out
}

// Load replaces the directories that Save was given by what it returned.
func (f *FS) Load(saved []Saved, dirs ...string) {
	for _, d := range dirs {
		_ = f.Remove(d, 0, true) // it may well not be there
	}
	for _, s := range saved {
		_ = f.MkdirAll(path.Dir(s.Path), 0, 0o755)
		f.mu.Lock()
		if dir, name, err := f.parent(s.Path, 0); err == nil {
			n := f.node(s.Mode, s.UID)
			n.Mod, n.Data, n.Link = s.Mod, s.Data, s.Link
			dir.Kids[name] = n
		}
		f.mu.Unlock()
	}
}
