package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// LinkDown cuts the host's line: packets vanish, connections stay open.
func (m *Machine) LinkDown() { m.link("down") }

// LinkUp mends the line. What is still in the senders' queues arrives.
func (m *Machine) LinkUp() { m.link("up") }

func (m *Machine) link(state string) {
	m.t.Helper()
	if err := ip("-n %s link set %s %s", m.lab.netns, m.veth, state); err != nil {
		m.t.Fatal(err)
	}
}

// Move gives the host another address, as another VPN does, and cuts what was
// open to the old one. Its name, which Dial knows, goes with it.
func (m *Machine) Move() {
	m.t.Helper()
	old := net.ParseIP(m.Addr).To4()
	now := net.IPv4(old[0], old[1], old[2]+100, old[3]).String()
	err := ip(`-n %[1]s addr del %[4]s/16 dev eth0
-n %[1]s addr add %[3]s/16 dev eth0
-n %[2]s neigh replace %[3]s lladdr %[5]s dev %[6]s nud permanent`, m.netns, m.lab.netns, now, m.Addr, m.mac, bridge)
	if err != nil {
		m.t.Fatal(err)
	}
	m.lab.mu.Lock()
	defer m.lab.mu.Unlock()
	delete(m.lab.machines, m.Addr)
	m.Addr = now
	m.lab.machines[m.Addr] = m
}

// KillSSH kills the SSH server and all its sessions. What they started lives on.
func (m *Machine) KillSSH() {
	m.t.Helper()
	if m.Kind == DebianSystemd {
		m.Exec("systemctl kill --kill-whom=all --signal=KILL ssh.service; systemctl stop ssh.service; pkill -KILL -x sshd; true")
		return
	}
	m.Exec("pkill -KILL -x sshd")
}

// KillSessions kills the SSH sessions and leaves the server. What they started
// lives on.
func (m *Machine) KillSessions() {
	m.t.Helper()
	m.Exec(`pkill -KILL -f '^sshd: .*@' || true`)
}

// StartSSH starts the SSH server again and waits until it answers.
func (m *Machine) StartSSH() {
	m.t.Helper()
	if m.Kind == DebianSystemd {
		m.Exec("systemctl reset-failed ssh.service; systemctl start ssh.service")
	} else {
		m.Exec("mkdir -p /run/sshd && /usr/sbin/sshd")
	}
	if err := m.answers(m.t.Context(), time.Minute); err != nil {
		m.t.Fatal(err)
	}
}

// KillPackageManager kills apt-get, dpkg, dnf, zypper, pacman and rpm where
// they stand, and leaves whatever started them.
func (m *Machine) KillPackageManager() {
	m.t.Helper()
	m.Exec(`for name in apt-get dpkg dnf dnf5 zypper pacman rpm; do pkill -KILL -x "$name"; done; true`)
}

// HoldLock has another package manager hold the lock of the host's own, until
// release is called or the test ends.
func (m *Machine) HoldLock() (release func()) {
	m.t.Helper()
	script := map[Kind]string{
		Debian:        holdDpkg,
		DebianSystemd: holdDpkg,
		DNF:           fmt.Sprintf(holdRPM, "/var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/metadata_lock.pid"),
		DNF5:          fmt.Sprintf(holdRPM, ""),
		Zypper:        fmt.Sprintf(holdRPM, "/run/zypp.pid"),
		Pacman:        `touch /var/lib/pacman/db.lck && echo held && cat && rm -f /var/lib/pacman/db.lck`,
	}[m.Kind]
	ctx, cancel := context.WithCancel(context.Background())
	cmd, err := m.inside(ctx, script)
	if err != nil {
		m.t.Fatal(err)
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil || cmd.Start() != nil {
		m.t.Fatalf("hold the lock of %s: %v %v", m.Name, err1, err2)
	}
	answer := make([]byte, 4)
	if _, err := io.ReadFull(stdout, answer); err != nil || string(answer) != "held" {
		m.t.Fatalf("hold the lock of %s: answered %q, %v: %s", m.Name, answer, err, &complaint)
	}
	var once sync.Once
	release = func() {
		once.Do(func() {
			stdin.Close()
			cmd.Wait()
			cancel()
		})
	}
	m.t.Cleanup(release)
	return release
}

// holdDpkg holds the lock as apt-get would, and under its name.
const holdDpkg = `exec python3 -c '
import fcntl, sys
open("/proc/self/comm", "w").write("apt-get")
files = [open("/var/lib/dpkg/" + name, "w") for name in ("lock-frontend", "lock")]
for f in files: fcntl.lockf(f, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
'`

// holdRPM holds the lock of the rpm database, and the files in which programs
// above it note their process.
const holdRPM = `
mkdir -p /var/lib/rpm
files="%s"
for file in $files; do mkdir -p "${file%%/*}"; echo $$ > "$file"; done
perl -MFcntl -e '
	open my $lock, "+>", "/var/lib/rpm/.rpm.lock" or die;
	my $all = pack "s s l! l! i", F_WRLCK, 0, 0, 0, 0; # struct flock
	fcntl $lock, F_SETLKW, $all or die;
	$| = 1;
	print "held\n";
	<STDIN>;
'
rm -f $files`

// FillDisk shrinks the host's disk until only so many bytes are free.
// EmptyDisk makes it large again.
func (m *Machine) FillDisk(leave int64) {
	m.t.Helper()
	var now unix.Statfs_t
	if err := unix.Statfs(m.dir, &now); err != nil {
		m.t.Fatalf("disk of %s: %v", m.Name, err)
	}
	m.resize(int64(now.Blocks-now.Bfree)*now.Bsize + leave)
}

// EmptyDisk ends FillDisk.
func (m *Machine) EmptyDisk() { m.resize(diskSize) }

func (m *Machine) resize(size int64) {
	m.t.Helper()
	if err := unix.Mount("tmpfs", m.dir, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("mode=755,size=%d", size)); err != nil {
		m.t.Fatalf("resize the disk of %s: %v", m.Name, err)
	}
}

// ShiftClock sets the host's clock that far from the true time, for programs
// started from now on; 0 sets it right. Only kinds with Debian 12 below can.
func (m *Machine) ShiftClock(by time.Duration) {
	m.t.Helper()
	if by == 0 {
		m.Exec(`rm -f /etc/ld.so.preload`)
		return
	}
	// libfaketime reads "+3600s" from /etc/faketimerc.
	m.Exec(`printf '%+ds\n' "$1" > /etc/faketimerc
		lib=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1
		test -e $lib && echo $lib > /etc/ld.so.preload`, fmt.Sprint(int64(by.Seconds())))
}

// ChangeHostKey gives the SSH server another key, which HostKey then returns.
func (m *Machine) ChangeHostKey() {
	m.t.Helper()
	// The server starts anew a moment later, on a socket of its own: until then the
	// old one answers, with the new key already, and then nobody.
	line := m.Exec(`sockets() { awk '$2 ~ /:0016$/ && $4 == "0A" { print $10 }' /proc/net/tcp; }
		rm -f /etc/ssh/ssh_host_ed25519_key*
		ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
		old=$(sockets)
		pkill -HUP -o -x sshd
		tries=0
		while new=$(sockets); [ -z "$new" ] || [ "$new" = "$old" ]; do
			tries=$((tries + 1))
			[ $tries -lt 600 ] || { echo 'sshd did not start anew' >&2; exit 1; }
			sleep 0.1
		done
		cat /etc/ssh/ssh_host_ed25519_key.pub`)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		m.t.Fatalf("new host key of %s: %v", m.Name, err)
	}
	m.mu.Lock()
	m.hostKey = key
	m.mu.Unlock()
	if !m.shows(key) {
		m.t.Fatalf("%s does not show its new host key", m.Name)
	}
}

// shows reports whether the SSH server shows the key.
func (m *Machine) shows(key ssh.PublicKey) bool {
	conn, err := Dial(m.t.Context(), "tcp", net.JoinHostPort(m.Addr, "22"))
	if err != nil {
		return false
	}
	defer conn.Close()
	var shown ssh.PublicKey
	config := &ssh.ClientConfig{HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
		shown = k
		return errors.New("only its key was asked for")
	}}
	ssh.NewClientConn(conn, m.Addr, config) // it always fails, by the line above
	return shown != nil && string(shown.Marshal()) == string(key.Marshal())
}

// IgnoreReboots makes every way to reboot succeed and do nothing.
func (m *Machine) IgnoreReboots() {
	m.t.Helper()
	m.Exec(`for name in reboot shutdown poweroff halt; do rm -f /sbin/$name; printf '#!/bin/sh\nexit 0\n' > /sbin/$name; chmod 755 /sbin/$name; done`)
	if m.Kind == DebianSystemd {
		m.Exec(`mv /bin/systemctl /bin/systemctl.real
			printf '#!/bin/sh\ncase " $* " in *" reboot "*) exit 0 ;; esac\nexec /bin/systemctl.real "$@"\n' > /bin/systemctl
			chmod 755 /bin/systemctl`)
	}
}

// A RepositoryState is how the package repository treats a host.
type RepositoryState int32

// The states of the repository.
const (
	RepositoryUp          RepositoryState = iota
	RepositoryDown                        // cuts every connection
	RepositoryUnavailable                 // answers 503
	RepositorySlow                        // answers after 3 seconds
)

// Repository sets how the package repository treats this host.
func (m *Machine) Repository(s RepositoryState) { m.repository.Store(int32(s)) }
