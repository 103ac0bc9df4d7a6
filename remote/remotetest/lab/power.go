package lab

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// power is what keeps a host on, off or coming again.
type power struct {
	mu       sync.Mutex
	changed  *sync.Cond
	boots    int
	up       bool          // a boot has begun whose end nobody has taken in yet
	off      bool          // stays off until turned on
	again    bool          // comes again though it did not ask for it
	stopped  bool          // is being removed
	bootTime time.Duration // how long a boot takes at least
}

// systemdReboot is what systemd-nspawn exits with when its host wants to reboot.
const systemdReboot = 133

// mayBoot waits until the host is to boot, or returns false when it never will.
func (p *power) mayBoot() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.boots > 0 && !p.off && !p.stopped {
		p.mu.Unlock()
		time.Sleep(p.bootTime)
		p.mu.Lock()
	}
	for p.off && !p.stopped {
		p.changed.Wait()
	}
	if !p.stopped {
		p.boots++
		p.up = true
	}
	return !p.stopped
}

// ended takes in how a boot ended.
func (p *power) ended(state *os.ProcessState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A reboot system call in a PID namespace ends its first process with
	// SIGHUP, and unshare passes that on.
	status, _ := state.Sys().(syscall.WaitStatus)
	rebooted := status.ExitStatus() == systemdReboot || status.Signaled() && status.Signal() == syscall.SIGHUP
	p.off = p.off || !p.again && !rebooted
	p.again, p.up = false, false
	p.changed.Broadcast()
}

func (p *power) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.boots
}

func (p *power) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.changed.Broadcast()
}

func (p *power) stop() { p.set(func() { p.stopped = true }) }

// PowerCut takes the power away in mid-work. PowerOn brings the host back, which
// it could not before the end of this boot has been taken in.
func (m *Machine) PowerCut() {
	m.t.Helper()
	m.power.set(func() { m.power.off = true })
	m.kill()
	m.power.mu.Lock()
	defer m.power.mu.Unlock()
	for m.power.up {
		m.power.changed.Wait()
	}
}

// PowerOn turns a host on that was off, and waits until it answers.
func (m *Machine) PowerOn() {
	m.t.Helper()
	n := m.power.count()
	m.power.set(func() { m.power.off = false })
	m.WaitBoot(n + 1)
}

// PowerCycle takes the power away in mid-work and gives it back at once.
func (m *Machine) PowerCycle() {
	m.t.Helper()
	n := m.power.count()
	m.power.set(func() { m.power.again = true })
	m.kill()
	m.WaitBoot(n + 1)
}

// BootTime makes every later boot take at least d.
func (m *Machine) BootTime(d time.Duration) { m.power.set(func() { m.power.bootTime = d }) }

// kill ends all of the host's processes at once. The next boot may follow
// before anybody can look.
func (m *Machine) kill() {
	m.t.Helper()
	was, err := m.init()
	if err == nil {
		err = os.WriteFile(m.groups[0]+"/cgroup.kill", []byte("1"), 0o644)
	}
	if err != nil {
		m.t.Fatalf("cut the power of %s: %v", m.Name, err)
	}
	for range 1000 {
		if now, err := m.init(); err != nil || now != was {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	m.t.Fatalf("%s still runs after its power was cut", m.Name)
}

// Freeze stops all of the host's processes where they are; Thaw lets them go
// on. A frozen host still takes connections.
func (m *Machine) Freeze() { m.freeze(1) }

// Thaw ends Freeze.
func (m *Machine) Thaw() { m.freeze(0) }

func (m *Machine) freeze(on int) {
	m.t.Helper()
	if err := os.WriteFile(m.groups[0]+"/cgroup.freeze", []byte(strconv.Itoa(on)), 0o644); err != nil {
		m.t.Fatalf("freeze %s: %v", m.Name, err)
	}
}
