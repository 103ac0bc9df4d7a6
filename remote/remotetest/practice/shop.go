// Package practice plays a made-up shop: fifteen Linux hosts as real SSH
// servers on loopback, each with a small world of packages of its own, in which
// the shipped scripts run, and six Windows hosts as real WinRM endpoints, each
// with a make-believe Windows behind it. Updates go away when they are installed, reboots
// take time, one host fails, one is slow, and so on. The desk reaches them by
// the very code that reaches real hosts and must not know the difference, so
// nothing but the wiring of a program may import this package.
//
// It opens no port but on 127.0.0.1, starts no program and writes only into
// the folder it is given.
package practice

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SudoPassword is what the one host that asks for a password at sudo takes.
// It protects nothing: the shop is on loopback and made up.
const SudoPassword = "practice"

// User is the login on every host.
const User = "ops"

// Options change how a shop plays. The zero value is what people get.
type Options struct {
	Speed   float64                                   // installs and reboots take so many times less; 0 means 1
	Unknown func(host, command string, args []string) // told of commands that no host knows
}

// A Shop is the made-up shop.
type Shop struct {
	dir    string
	seed   uint64
	speed  atomic.Uint64 // bits of a float64: how many times faster installs and reboots are
	anchor time.Time     // when the shop was opened for the first time
	hosts  []*Host
	tell   func(host, command string, args []string)
	lock   *fileLock // nil while another process plays the hosts

	playing atomic.Bool // this process plays the hosts, or is about to
	guests  guests

	closing      chan struct{}
	closed       sync.Once
	wg           sync.WaitGroup
	saveMu       sync.Mutex
	windowsHosts []*winHost

	turn  sync.Mutex // held while another process's hosts are taken over
	ended bool       // nothing is taken over any more
}

// index is the file that says what the shop is.
type index struct {
	Version int
	Anchor  time.Time
	Ports   map[string]int
}

// Open starts the shop in dir, which it makes if need be, or goes on where an
// earlier program left it. When another process plays the shop already, Open
// returns one that uses its hosts, and takes over when that process ends.
func Open(ctx context.Context, dir string, o Options) (*Shop, error) {
	s := &Shop{dir: dir, seed: 20260113, tell: o.Unknown, closing: make(chan struct{})}
	s.Speed(o.Speed)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open practice shop: %w", err)
	}
	lock, err := tryLock(s.file(lockFile), false)
	if err != nil {
		return nil, fmt.Errorf("open practice shop: %w", err)
	}
	if lock == nil {
		err = s.join(ctx)
	} else {
		s.lock = lock
		err = s.begin()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open practice shop: %w", err)
	}
	return s, nil
}

// begin plays the hosts, and lets guests wait until all of them answer.
func (s *Shop) begin() error {
	release, err := s.changing()
	if err != nil {
		return err
	}
	s.playing.Store(true)
	return errors.Join(s.play(), release())
}

// play starts every host in this process.
func (s *Shop) play() error {
	idx, err := s.readIndex()
	if errors.Is(err, fs.ErrNotExist) {
		idx = index{Version: 1, Anchor: time.Now().UTC().Truncate(time.Second), Ports: map[string]int{}}
	} else if err != nil {
		return err
	}
	s.anchor = idx.Anchor
	user, err := s.key("user")
	if err != nil {
		return err
	}
	for _, def := range company() {
		h := newHost(def, s)
		hostKey, err := s.key("host-" + def.Name)
		if err != nil {
			return err
		}
		h.sshd = &sshd{host: h, key: hostKey, user: user.PublicKey()}
		if err := s.load(h); err != nil {
			return err
		}
		if idx.Ports[def.Name], err = s.listen(h, idx.Ports[def.Name]); err != nil {
			return err
		}
		s.hosts = append(s.hosts, h)
	}
	if err := s.playWindows(idx.Ports); err != nil {
		return err
	}
	if err := s.writeIndex(idx); err != nil {
		return err
	}
	if err := s.writeClientFiles(idx); err != nil {
		return err
	}
	for _, h := range s.hosts {
		h.resume()
	}
	s.background(s.saveAll)
	return nil
}

// listen opens a host's port, the one it had before if that is free. When it
// is not, what is known of the host's key moves along to the new one.
func (s *Shop) listen(h *Host, before int) (int, error) {
	if port, err := h.sshd.listen(before); err == nil {
		return port, nil
	}
	port, err := h.sshd.listen(0)
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile(s.file("known_hosts"))
	if errors.Is(err, fs.ErrNotExist) {
		return port, nil
	}
	if err != nil {
		return 0, err
	}
	known := strings.ReplaceAll(string(b), fmt.Sprintf("[127.0.0.1]:%d ", before), fmt.Sprintf("[127.0.0.1]:%d ", port))
	return port, s.write("known_hosts", []byte(known))
}

// join uses the hosts of the process that plays the shop, and waits to take over.
func (s *Shop) join(ctx context.Context) error {
	for i := 0; ; i++ {
		idx, err := s.readIndex()
		if err == nil && len(idx.Ports) == len(everyone()) && s.fileExists("ssh_config") {
			s.anchor = idx.Anchor
			break
		}
		if i > 100 {
			return errors.New("another process has the shop but does not start it")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	for _, def := range company() {
		s.hosts = append(s.hosts, &Host{def: def, shop: s})
	}
	s.background(s.takeOver)
	return nil
}

// takeOver plays the hosts as soon as the other process has ended.
func (s *Shop) takeOver() {
	for {
		select {
		case <-s.closing:
			return
		case <-time.After(100 * time.Millisecond):
		}
		if s.tryTakeOver() {
			return
		}
	}
}

func (s *Shop) tryTakeOver() bool {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.ended {
		return true
	}
	lock, err := tryLock(s.file(lockFile), false)
	if err != nil || lock == nil {
		return false
	}
	s.lock, s.hosts, s.windowsHosts = lock, nil, nil
	_ = s.begin() // a host that does not come up is unreachable, and the desk says so
	return true
}

// Close ends the shop's servers after other programs have ended what they do
// on its hosts, and the jobs at work there have gone on to their ends, as they
// would on hosts that nobody looks at.
func (s *Shop) Close() error {
	var err error
	s.closed.Do(func() {
		s.turn.Lock()
		s.ended = true
		s.turn.Unlock()
		release := func() error { return nil }
		if s.lock != nil {
			if wait, busy := s.changing(); busy == nil {
				release = wait
			}
			s.letGo()
			s.drain()
		}
		close(s.closing)
		s.wg.Wait()
		if s.lock == nil {
			return
		}
		for _, h := range s.hosts {
			if h.sshd != nil {
				h.sshd.stop()
			}
			h.machine.PowerOff()
			err = errors.Join(err, s.save(h))
		}
		for _, h := range s.windowsHosts {
			err = errors.Join(err, h.stop())
		}
		err = errors.Join(err, s.lock.unlock(), release())
	})
	return err
}

// drain lets what works on the hosts end quickly.
func (s *Shop) drain() {
	busy := func() bool {
		for _, h := range s.hosts {
			if h.working() {
				return true
			}
		}
		return slices.ContainsFunc(s.windowsHosts, (*winHost).working)
	}
	if !busy() {
		return
	}
	for _, h := range s.hosts {
		h.machine.Clock.Rate(300)
	}
	s.Speed(300) // for what the Windows hosts begin from now on; what they are at takes seconds
	for end := time.Now().Add(20 * time.Second); busy() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

func (h *Host) working() (busy bool) {
	h.with(func(st *state) { busy = len(st.Working) > 0 })
	return busy
}

// resume lets detached work that an earlier program left go on: from its
// start, with the clock running fast until it shows the real time again.
func (h *Host) resume() {
	var work []detached
	h.with(func(st *state) { work, st.Working = st.Working, nil })
	if len(work) == 0 {
		return
	}
	h.machine.Clock.Set(work[0].Started)
	h.machine.Clock.Rate(400)
	for _, d := range work {
		h.detach(d)
	}
	h.shop.background(func() {
		for h.working() && h.now().Before(time.Now()) {
			select {
			case <-h.shop.closing:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
		h.machine.Clock.Rate(1)
		h.machine.Clock.Set(time.Now())
	})
}

func (s *Shop) background(do func()) {
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		do()
	}()
}

// saveAll writes the hosts that changed, now and then: a program that is
// killed loses little.
func (s *Shop) saveAll() {
	for {
		select {
		case <-s.closing:
			return
		case <-time.After(200 * time.Millisecond):
		}
		for _, h := range s.hosts {
			h.mu.Lock()
			save := h.dirty && len(h.st.Working) == 0 // else what was before the work counts
			h.mu.Unlock()
			if save {
				_ = s.save(h) // the next turn tries again
			}
		}
	}
}

// Speed makes installs and reboots take so many times less; 0 means 1.
func (s *Shop) Speed(times float64) {
	if times <= 0 {
		times = 1
	}
	s.speed.Store(math.Float64bits(times))
	s.turn.Lock()
	defer s.turn.Unlock()
	for _, h := range s.windowsHosts {
		if h.world != nil {
			_ = h.pace() // else it goes on as before
		}
	}
}

func (s *Shop) file(name string) string { return filepath.Join(s.dir, name) }

func (s *Shop) fileExists(name string) bool {
	_, err := os.Stat(s.file(name))
	return err == nil
}

func (s *Shop) readIndex() (idx index, err error) {
	b, err := os.ReadFile(s.file("shop.json"))
	if err != nil {
		return idx, err
	}
	if err := json.Unmarshal(b, &idx); err != nil {
		return idx, fmt.Errorf("shop.json: %w", err)
	}
	if idx.Version != 1 {
		return idx, fmt.Errorf("shop.json: version %d is newer than this program", idx.Version)
	}
	return idx, nil
}

func (s *Shop) writeIndex(idx index) error {
	b, err := json.MarshalIndent(idx, "", "  ")
	if err != nil {
		return err
	}
	return s.write("shop.json", b)
}

// write replaces a file in one step.
func (s *Shop) write(name string, b []byte) error {
	tmp := s.file(name + ".new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.file(name))
}

// key returns the key of that name, made at the first time.
func (s *Shop) key(name string) (ssh.Signer, error) {
	path := "key-" + name
	if b, err := os.ReadFile(s.file(path)); err == nil {
		return ssh.ParsePrivateKey(b)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "practice shop")
	if err != nil {
		return nil, err
	}
	if err := s.write(path, pem.EncodeToMemory(block)); err != nil {
		return nil, err
	}
	return newSigner(private)
}

// writeClientFiles writes what an SSH client needs: a configuration with every
// host's name, and the first time the keys that somebody has vouched for. One
// host is not among them, and one has another key by now. Later the keys are
// the person's own: what they accepted stays.
func (s *Shop) writeClientFiles(idx index) error {
	var cfg, known strings.Builder
	cfg.WriteString("# Written by the practice shop at each start.\n")
	for _, h := range s.hosts {
		n := h.def.Name
		fmt.Fprintf(&cfg, "Host %s\n\tHostName 127.0.0.1\n\tPort %d\n\tUser %s\n\tIdentityFile \"%s\"\n\tIdentitiesOnly yes\n", n, idx.Ports[n], User, filepath.ToSlash(s.file("key-user")))
		shown := h.sshd.key.PublicKey()
		switch h.def.Key {
		case "unknown":
			continue
		case "changed":
			old, err := s.key("old-" + n)
			if err != nil {
				return err
			}
			shown = old.PublicKey()
		}
		known.WriteString(knownhosts.Line([]string{fmt.Sprintf("[127.0.0.1]:%d", idx.Ports[n])}, shown) + "\n")
	}
	if !s.fileExists("known_hosts") {
		if err := s.write("known_hosts", []byte(known.String())); err != nil {
			return err
		}
	}
	return s.write("ssh_config", []byte(cfg.String()))
}

// savedHost is one host's file.
type savedHost struct {
	Version int
	State   state
}

func (s *Shop) load(h *Host) error {
	b, err := os.ReadFile(s.file("host-" + h.def.Name + ".json"))
	if errors.Is(err, fs.ErrNotExist) {
		h.reset(s.anchor)
		return s.save(h)
	}
	if err != nil {
		return err
	}
	var saved savedHost
	if err := json.Unmarshal(b, &saved); err != nil {
		return fmt.Errorf("host %s: %w", h.def.Name, err)
	}
	h.st = saved.State
	h.machine.FS.Load(h.st.Files, kept...)
	h.st.Files = nil
	h.system()
	h.machine.FS.SetFree(h.st.Free)
	if len(h.st.Pending) > 0 && h.def.aptBased() {
		h.rebootRequired(h.st.Pending)
	}
	return nil
}

// keep saves a host unless work that is going on has been saved already.
func (s *Shop) keep(h *Host) {
	if !h.working() {
		_ = s.save(h) // what cannot be saved is not resumed
	}
}

// note adds the work that starts to the saved host.
func (s *Shop) note(h *Host) {
	h.mu.Lock()
	work := append([]detached(nil), h.st.Working...)
	h.mu.Unlock()
	s.saveMu.Lock()
	defer s.saveMu.Unlock()
	name := "host-" + h.def.Name + ".json"
	var saved savedHost
	b, err := os.ReadFile(s.file(name))
	if err != nil || json.Unmarshal(b, &saved) != nil {
		return
	}
	saved.State.Working = work
	if b, err = json.Marshal(saved); err == nil {
		_ = s.write(name, b)
	}
}

func (s *Shop) save(h *Host) error {
	s.saveMu.Lock()
	defer s.saveMu.Unlock()
	files := h.machine.FS.Save(kept...)
	_, free := h.machine.FS.Space()
	h.mu.Lock()
	st := h.st
	h.dirty = false
	st.Files, st.Free = files, free
	b, err := json.Marshal(savedHost{1, st}) // its maps and lists are the host's own
	h.mu.Unlock()
	if err != nil {
		return err
	}
	return s.write("host-"+h.def.Name+".json", b)
}

// down ends all on a host, its SSH server first.
func (s *Shop) down(h *Host) {
	h.sshd.down()
	h.machine.PowerOff()
}

// up lets a host answer again, on its port.
func (s *Shop) up(h *Host) {
	select {
	case <-s.closing:
	default:
		h.sshd.up()
	}
}

// spread returns a number below n that belongs to a word, always the same.
func spread(word string, n int) int {
	f := fnv.New32a()
	f.Write([]byte(word))
	return int(f.Sum32() % uint32(n))
}
