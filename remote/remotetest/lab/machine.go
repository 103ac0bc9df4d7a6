package lab

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"

	"secondtuesday/data"
)

// A Machine is a running host of the lab.
type Machine struct {
	Kind Kind
	Name string // its own hostname, unique in this process; Dial knows it
	Addr string // IPv4 address in the lab's network, until Move; the SSH server is on port 22
	Key  string // path of the private key that every user's authorized_keys names

	t      testing.TB
	lab    *laboratory
	dir    string   // folder of its own, a file system in memory
	netns  string   // name of its network namespace
	veth   string   // its port on the switch
	mac    string   // address of its network card
	groups []string // its control groups, that of version 2 first

	repository atomic.Int32 // a RepositoryState
	power      power
	gone       chan struct{} // closed when it will not boot again

	mu      sync.Mutex
	hostKey ssh.PublicKey
}

// diskSize is what a host's disk can hold beside its image.
const diskSize = 3 << 30

// start makes and boots a host.
func (lab *laboratory) start(t testing.TB, kind Kind) (*Machine, error) {
	layers, err := lab.images.layers(kind)
	if err != nil {
		return nil, err
	}
	n := int(lab.last.Add(1))
	m := &Machine{
		Kind: kind, Name: fmt.Sprintf("%s-%d", kind, n), Addr: fmt.Sprintf("10.77.%d.%d", n/250+1, n%250+2),
		Key: filepath.Join(lab.images.dir("keys"), "id_ed25519"),
		t:   t, lab: lab, dir: filepath.Join(lab.dir, strconv.Itoa(n)),
		netns: fmt.Sprintf("stlab%d-%d", os.Getpid(), n), veth: fmt.Sprintf("v%d", n), gone: make(chan struct{}),
	}
	for _, parent := range lab.groups {
		m.groups = append(m.groups, filepath.Join(parent, m.netns))
	}
	m.power.changed = sync.NewCond(&m.power.mu)
	if err := m.prepare(layers); err != nil {
		exec.Command("sh", m.script("down.sh"), m.dir).Run()
		return nil, err
	}
	lab.mu.Lock()
	lab.machines[m.Addr], lab.machines[m.Name] = m, m
	lab.mu.Unlock()
	go m.supervise()
	return m, nil
}

func (m *Machine) script(name string) string {
	return filepath.Join(m.lab.images.scripts, "host", name)
}

// prepare makes the host's disk, control groups and network. The disk is in
// memory: package managers sync after every file.
func (m *Machine) prepare(layers string) error {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", m.dir, "tmpfs", 0, fmt.Sprintf("mode=755,size=%d", diskSize)); err != nil {
		return fmt.Errorf("mount a disk for %s: %w", m.Name, err)
	}
	conf := fmt.Sprintf("NAME=%s\nNETNS=%s\nSWITCH=%s\nVETH=%s\nLOWER=%s\nCGROUPS='%s'\n",
		m.Name, m.netns, m.lab.netns, m.veth, layers, strings.Join(m.groups, " "))
	if err := os.WriteFile(filepath.Join(m.dir, "conf"), []byte(conf), 0o644); err != nil {
		return err
	}
	for _, dir := range append(m.groups, filepath.Join(m.dir, "work"), filepath.Join(m.dir, "root"), filepath.Join(m.dir, "up/etc/ssh")) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if m.Kind == DebianSystemd {
		// Every systemd watches files; the usual limit stops at about 20 hosts.
		raise("/proc/sys/fs/inotify/max_user_instances", 4096)
	}
	if err := m.identity(); err != nil {
		return err
	}
	// A permanent neighbour: when the link is cut, packets vanish, as on a long
	// line, instead of "no route to host" from the nearest switch.
	m.mac = fmt.Sprintf("02:5f:0a:4d:%02x:%02x", net.ParseIP(m.Addr).To4()[2], net.ParseIP(m.Addr).To4()[3])
	return ip(`netns add %[1]s
link add %[2]s netns %[3]s type veth peer name eth0 netns %[1]s address %[6]s
-n %[3]s link set %[2]s master %[4]s up
-n %[3]s neigh replace %[5]s lladdr %[6]s dev %[4]s nud permanent
-n %[1]s link set lo up
-n %[1]s addr add %[5]s/16 dev eth0
-n %[1]s link set eth0 up`, m.netns, m.veth, m.lab.netns, bridge, m.Addr, m.mac)
}

func raise(file string, to int) {
	now, err := os.ReadFile(file)
	if n, _ := strconv.Atoi(strings.TrimSpace(string(now))); err == nil && n < to {
		os.WriteFile(file, []byte(strconv.Itoa(to)), 0o644) // best effort: few hosts do without
	}
}

// identity writes what sets the host apart from its image.
func (m *Machine) identity() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(private, "root@"+m.Name)
	if err != nil {
		return err
	}
	if m.hostKey, err = ssh.NewPublicKey(public); err != nil {
		return err
	}
	id := make([]byte, 16)
	rand.Read(id)
	machineID := hex.EncodeToString(id) + "\n"
	if m.Kind == DebianSystemd {
		machineID = "" // systemd makes its own
	}
	etc := filepath.Join(m.dir, "up/etc")
	return errors.Join(
		os.WriteFile(filepath.Join(etc, "ssh/ssh_host_ed25519_key"), pem.EncodeToMemory(block), 0o600),
		os.WriteFile(filepath.Join(etc, "ssh/ssh_host_ed25519_key.pub"), ssh.MarshalAuthorizedKey(m.hostKey), 0o644),
		os.WriteFile(filepath.Join(etc, "hostname"), []byte(m.Name+"\n"), 0o644),
		os.WriteFile(filepath.Join(etc, "machine-id"), []byte(machineID), 0o644),
		os.WriteFile(filepath.Join(etc, "hosts"), fmt.Appendf(nil, "127.0.0.1 localhost\n127.0.1.1 %s\n%s repo.lab\n", m.Name, switchAddress), 0o644),
	)
}

// supervise boots the host, again when it reboots, until it is removed. The
// thread is its own, because the host ends with the thread that started it.
func (m *Machine) supervise() {
	runtime.LockOSThread()
	defer close(m.gone)
	script := "light.sh"
	if m.Kind == DebianSystemd {
		script = "systemd.sh"
	}
	console, err := os.Create(filepath.Join(m.lab.dir, m.Name+".console"))
	if err != nil {
		m.t.Errorf("console of %s: %v", m.Name, err)
		return
	}
	defer console.Close()
	for m.power.mayBoot() {
		cmd := exec.Command("sh", m.script(script), m.dir)
		cmd.Stdout, cmd.Stderr = console, console
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
		err := cmd.Run()
		fmt.Fprintf(console, "lab: %s has ended: %v\n", m.Name, err)
		m.power.ended(cmd.ProcessState)
	}
}

// remove ends the host and takes away all that was made for it.
func (m *Machine) remove() {
	m.power.stop()
	out, err := exec.Command("sh", m.script("down.sh"), m.dir).CombinedOutput()
	if err != nil {
		m.t.Errorf("remove %s: %v: %s", m.Name, err, out)
	}
	<-m.gone
	m.lab.mu.Lock()
	delete(m.lab.machines, m.Addr)
	delete(m.lab.machines, m.Name)
	m.lab.mu.Unlock()
}

// Console returns what the host's boots have printed, for failed tests.
func (m *Machine) Console() string {
	b, _ := os.ReadFile(filepath.Join(m.lab.dir, m.Name+".console"))
	return string(tail(b, 8000))
}

// Host returns the machine as an entry of the inventory, reached as user.
func (m *Machine) Host(user string) data.Host {
	return data.Host{Name: m.Name, Reach: data.ReachSSH, Address: m.Addr, Port: 22, User: user, IdentityFile: m.Key, Exposure: data.Internal}
}

// HostKey returns the public key that its SSH server shows.
func (m *Machine) HostKey() ssh.PublicKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hostKey
}

// KnownHosts returns the line of a known_hosts file that vouches for HostKey,
// under address and name.
func (m *Machine) KnownHosts() string {
	return knownhosts.Line([]string{m.Addr, m.Name}, m.HostKey()) + "\n"
}

// Exec runs a shell script inside the host as root, beside its SSH server, and
// returns what it printed. The arguments become $1, $2, …; a failure ends the
// test.
func (m *Machine) Exec(script string, args ...string) string {
	m.t.Helper()
	out, err := m.Try(m.t.Context(), script, args...)
	if err != nil {
		m.t.Fatalf("on %s: %v", m.Name, err)
	}
	return out
}

// Try is Exec for scripts that may fail. The error holds what went to standard
// error.
func (m *Machine) Try(ctx context.Context, script string, args ...string) (string, error) {
	cmd, err := m.inside(ctx, script, args...)
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", script, err, stderr.String())
	}
	return stdout.String(), nil
}

// inside makes a command that runs as root in all of the host's namespaces.
func (m *Machine) inside(ctx context.Context, script string, args ...string) (*exec.Cmd, error) {
	pid, err := m.init()
	if err != nil {
		return nil, err
	}
	enter := []string{"--target", strconv.Itoa(pid), "--all", "--", "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", script, "sh"}
	return exec.CommandContext(ctx, "nsenter", append(enter, args...)...), nil
}

// init returns the process that is number 1 inside the host.
func (m *Machine) init() (int, error) {
	first := 0
	err := filepath.WalkDir(m.groups[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "cgroup.procs" {
			return nil // a group that has just ended
		}
		pids, _ := os.ReadFile(path)
		for _, pid := range strings.Fields(string(pids)) {
			if namespacePID(pid) == "1" {
				first, _ = strconv.Atoi(pid)
				return fs.SkipAll
			}
		}
		return nil
	})
	if err == nil && first == 0 {
		err = fmt.Errorf("%s is not running", m.Name)
	}
	return first, err
}

// namespacePID returns a process's number in its innermost PID namespace, or ""
// where it lives in none but ours.
func namespacePID(pid string) string {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	for line := range strings.Lines(string(status)) {
		// NSpid:	4711	1
		if rest, ok := strings.CutPrefix(line, "NSpid:"); ok {
			if fields := strings.Fields(rest); len(fields) > 1 {
				return fields[len(fields)-1]
			}
		}
	}
	return ""
}

// Boot returns the number of boots so far, and the host's boot id.
func (m *Machine) Boot() (number int, id string) {
	m.t.Helper()
	return m.power.count(), strings.TrimSpace(m.Exec("cat /proc/sys/kernel/random/boot_id"))
}

// WaitBoot waits until the host has booted n times in all and its SSH server
// answers.
func (m *Machine) WaitBoot(n int) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	for m.power.count() < n {
		select {
		case <-ctx.Done():
			m.t.Fatalf("%s has booted %d times, not %d\n%s", m.Name, m.power.count(), n, m.Console())
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := m.answers(ctx, time.Minute); err != nil {
		m.t.Fatal(err)
	}
}

// answers waits until the SSH server says its name.
func (m *Machine) answers(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := m.greets(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the SSH server of %s does not answer: %w", m.Name, err)
		case <-m.gone:
			return fmt.Errorf("%s has ended", m.Name)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (m *Machine) greets(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := Dial(ctx, "tcp4", net.JoinHostPort(m.Addr, "22"))
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	banner := make([]byte, 4)
	if _, err := conn.Read(banner); err != nil {
		return err
	}
	if string(banner) != "SSH-" {
		return fmt.Errorf("said %q", banner)
	}
	return nil
}
