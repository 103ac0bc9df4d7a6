package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Where every lab keeps what runs: one folder a test process.
const runs = "/run/secondtuesday-lab"

// The network of a test process: a namespace with a bridge. It is the same for
// every process, since none can be reached from another or from outside.
const (
	switchAddress = "10.77.0.1"
	bridge        = "br0"
)

// A laboratory is what one test process has: images, a network, hosts.
type laboratory struct {
	images  *images
	dir     string // runs/PID
	netns   string // name of the switch's network namespace
	switchF *os.File
	groups  []string // parents of the hosts' control groups, that of version 2 first

	last     atomic.Int32 // number of the newest host
	mu       sync.Mutex
	machines map[string]*Machine // by address and by name
}

// open makes the laboratory of this process, once.
var open = sync.OnceValues(func() (*laboratory, error) {
	im, err := openImages()
	if err != nil {
		return nil, err
	}
	lab := &laboratory{images: im, machines: map[string]*Machine{},
		dir: filepath.Join(runs, fmt.Sprint(os.Getpid())), netns: fmt.Sprintf("stlab%d-sw", os.Getpid())}
	if err := sweep(im); err != nil {
		return nil, err
	}
	if err := lab.claim(); err != nil {
		return nil, err
	}
	if err := lab.openGroups(); err != nil {
		return nil, err
	}
	if err := lab.openSwitch(); err != nil {
		return nil, err
	}
	return lab, lab.serveRepository()
})

// claim makes the folder of this process and starts the reaper, which removes
// everything when the process has ended, also by kill -9. Both hold the lock
// on the folder: where nobody does, sweep may clean up.
func (lab *laboratory) claim() error {
	if err := os.MkdirAll(lab.dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(lab.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(lab.dir, "switch"), []byte(lab.netns), 0o644); err != nil {
		return err
	}
	reaper := exec.Command("sh", filepath.Join(lab.images.scripts, "host", "reap.sh"), lab.dir)
	reaper.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is not for it
	reaper.ExtraFiles = []*os.File{lock}
	alive, err := reaper.StdinPipe() // never written to; closes when this process is gone
	if err != nil {
		return err
	}
	held = append(held, lock, alive)
	return reaper.Start()
}

// held keeps files open until the process ends.
var held []io.Closer

// sweep removes what processes have left that were killed together with their
// reaper.
func sweep(im *images) error {
	left, err := filepath.Glob(filepath.Join(runs, "*", "lock"))
	if err != nil {
		return err
	}
	for _, name := range left {
		lock, err := os.Open(name)
		if err != nil {
			continue // its reaper was just at work
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			out, err := exec.Command("sh", filepath.Join(im.scripts, "host", "reap.sh"), filepath.Dir(name)).CombinedOutput()
			if err != nil {
				lock.Close()
				return fmt.Errorf("remove what an earlier run left in %s: %w: %s", filepath.Dir(name), err, out)
			}
		}
		lock.Close()
	}
	return nil
}

// openGroups finds the control groups to put hosts in: that of version 2,
// which can end and freeze them, and systemd's own where it is a separate one.
func (lab *laboratory) openGroups() error {
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"} {
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err != nil {
			continue
		}
		group := filepath.Join(root, "secondtuesday-lab")
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("make a control group: %w", err)
		}
		lab.groups = append(lab.groups, group)
	}
	if len(lab.groups) == 0 || strings.HasPrefix(lab.groups[0], "/sys/fs/cgroup/systemd") {
		return errors.New("no control groups of version 2 in /sys/fs/cgroup")
	}
	return nil
}

func (lab *laboratory) openSwitch() error {
	// Without a fixed address, a bridge takes on the lowest of its ports', and
	// hosts would talk to the old one for half a minute after each new port.
	err := ip(`netns add %[1]s
-n %[1]s link set lo up
-n %[1]s link add %[2]s address 02:5f:0a:4d:00:01 type bridge
-n %[1]s addr add %[3]s/16 dev %[2]s
-n %[1]s link set %[2]s up`, lab.netns, bridge, switchAddress)
	if err != nil {
		return err
	}
	lab.switchF, err = os.Open("/run/netns/" + lab.netns)
	return err
}

// ip runs the lines of a script, each the arguments of ip(8).
func ip(script string, args ...any) error {
	for line := range strings.Lines(fmt.Sprintf(script, args...)) {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.TrimSpace(line), err, out)
		}
	}
	return nil
}

// Dial opens a connection to a host of the lab, as net.Dialer.DialContext
// would from a computer in its network. The address may name a machine by its
// Name too.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	lab, err := open()
	if err != nil {
		return nil, err
	}
	if host, port, err := net.SplitHostPort(address); err == nil {
		lab.mu.Lock()
		if m := lab.machines[host]; m != nil {
			address = net.JoinHostPort(m.Addr, port)
		}
		lab.mu.Unlock()
	}
	var conn net.Conn
	err = lab.inSwitch(func() (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Command makes a command that runs inside the lab's network: an SSH client,
// or a whole desk to be killed.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	lab, err := open()
	if err != nil {
		return &exec.Cmd{Err: err}
	}
	return exec.CommandContext(ctx, "nsenter", append([]string{"--net=/run/netns/" + lab.netns, "--", name}, args...)...)
}

// inSwitch runs f in the network namespace of the switch. A socket stays in the
// namespace it was made in.
func (lab *laboratory) inSwitch(f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread ends with this goroutine unless it can be given back.
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		if err := unix.Setns(int(lab.switchF.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		err = f()
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

func (lab *laboratory) machine(nameOrAddress string) *Machine {
	lab.mu.Lock()
	defer lab.mu.Unlock()
	return lab.machines[nameOrAddress]
}

// serveRepository serves the packages at http://repo.lab from this process.
func (lab *laboratory) serveRepository() error {
	var listener net.Listener
	err := lab.inSwitch(func() (err error) {
		listener, err = net.Listen("tcp", switchAddress+":80")
		return err
	})
	if err != nil {
		return err
	}
	im := lab.images
	mux := http.NewServeMux()
	mux.Handle("/deb/", http.StripPrefix("/deb/", http.FileServer(http.Dir(im.dir("debrepo")))))
	mux.Handle("/rpm/", http.StripPrefix("/rpm/", http.FileServer(http.Dir(im.dir("rpmrepo")))))
	mux.Handle("/pacman/", http.StripPrefix("/pacman/", http.FileServer(http.Dir(filepath.Join(im.dir("pacman"), "srv/repo")))))
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		state := RepositoryUp
		if m := lab.machine(from); m != nil {
			state = RepositoryState(m.repository.Load())
		}
		switch state {
		case RepositoryDown:
			panic(http.ErrAbortHandler) // cuts the connection
		case RepositoryUnavailable:
			http.Error(w, "the lab's repository is out of order", http.StatusServiceUnavailable)
			return
		case RepositorySlow:
			time.Sleep(3 * time.Second)
		}
		mux.ServeHTTP(w, r)
	}))
	return nil
}
