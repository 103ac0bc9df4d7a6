package figures

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/apt"
	"secondtuesday/remote/remotetest"
	"secondtuesday/remote/remotetest/lab"
)

// cheapHosts is how many hosts another process plays, so that the client's
// processor time can be told from theirs.
const cheapHosts = 1000

// roles are the processes that this program also is, by FIGURES_ROLE.
var roles = map[string]func() error{"hosts": playHosts, "handshake": playBare, "bare": playBare, "ask": playScan, "scan": playScan}

// A played is what the processes of a measurement share, in a file.
type played struct {
	Tape    tape
	Key     string   // private key file of the client
	HostKey []byte   // public key of all hosts
	Addrs   []string // of the hosts
}

// A cost is what a client process says of itself.
type cost struct {
	CPU    time.Duration
	Wall   time.Duration
	Memory uint64 // most bytes resident
	Failed int
	Error  string
}

// clientFigures tells what the desk's own work costs beyond the handshake.
func clientFigures(t *testing.T) {
	m := lab.Host(t, lab.Debian)
	m.Exec("apt-get -qq update")
	p := played{Tape: recordScan(t, m), Key: m.Key}
	file := startHosts(t, &p)
	var hand, bare, ask, scan series[time.Duration]
	var memory, bareMemory uint64
	for range 3 {
		hand = append(hand, client(t, "handshake", file).CPU)
		b := client(t, "bare", file)
		ask = append(ask, client(t, "ask", file).CPU)
		s := client(t, "scan", file)
		bare, scan = append(bare, b.CPU), append(scan, s.CPU)
		memory, bareMemory = max(memory, s.Memory), max(bareMemory, b.Memory)
	}
	beyond := func(s series[time.Duration]) series[time.Duration] {
		var out series[time.Duration]
		for i := range s {
			out = append(out, (s[i]-hand[i])/cheapHosts)
		}
		return out
	}
	ours, floor := beyond(scan), beyond(bare)
	add(t, figure{
		name: "client CPU a host beyond the handshake, 1,000 hosts", ours: ours.spread(brief), ratio: times(ratio(ours.middle(), floor.middle())),
		target: "≤ 3 ms", met: meets(ours.middle() <= 3*time.Millisecond),
		peer: fmt.Sprintf("bare x/crypto/ssh, same bytes, nothing parsed: %s (handshake alone: %s)", floor.spread(brief), brief(hand.middle()/cheapHosts)),
	})
	asked := beyond(ask)
	add(t, figure{
		name: "of that: log in, ask, parse; nothing stored or judged", ours: asked.spread(brief), ratio: times(ratio(asked.middle(), floor.middle())),
		target: "-", met: noTarget, peer: "the same bare client",
	})
	add(t, figure{
		name: "client memory, 1,000 hosts scanned", ours: mebibytes(memory), ratio: times(float64(memory) / float64(bareMemory)),
		target: "< 150 MB", met: meets(memory < 150e6), peer: "bare x/crypto/ssh in the same program: " + mebibytes(bareMemory),
	})
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// startHosts starts the process that plays hosts, and returns the file that
// tells clients of them.
func startHosts(t *testing.T, p *played) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "played.json")
	save(t, file, p)
	cmd := role("hosts", file)
	stdin, err := cmd.StdinPipe() // closes with the test, which ends the process
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var told played
	if err := json.Unmarshal(line, &told); err != nil {
		t.Fatal(err)
	}
	p.HostKey, p.Addrs = told.HostKey, told.Addrs
	save(t, file, p)
	return file
}

func save(t *testing.T, file string, p *played) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func role(name string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err) // Linux always knows
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "FIGURES_ROLE="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// client runs a client process to its end.
func client(t *testing.T, name, file string) cost {
	t.Helper()
	out, err := role(name, file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var c cost
	if err := json.Unmarshal(out, &c); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if c.Failed > 0 || c.Error != "" {
		t.Fatalf("%s: %d hosts failed: %s", name, c.Failed, c.Error)
	}
	t.Logf("%s: CPU %v, wall %v, memory %s", name, c.CPU, c.Wall, mebibytes(c.Memory))
	return c
}

func load() (played, error) {
	var p played
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p)
}

// tell measures work and prints what it cost.
// With FIGURES_PROFILE it leaves a profile there, named after the role.
func tell(work func() (int, error)) error {
	if dir := os.Getenv("FIGURES_PROFILE"); dir != "" {
		f, err := os.Create(filepath.Join(dir, os.Getenv("FIGURES_ROLE")+".pprof"))
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	before, began := cpu(false), time.Now()
	failed, err := work()
	c := cost{CPU: cpu(false) - before, Wall: time.Since(began), Failed: failed}
	if err != nil {
		c.Error = err.Error()
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		// VmHWM:	   84216 kB
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Sscan(rest, &c.Memory)
			c.Memory *= 1024
		}
	}
	return json.NewEncoder(os.Stdout).Encode(c)
}

// playHosts is a process of 1,000 hosts that repeat what is on the tape, each
// at an address of its own, until its standard input closes.
func playHosts() error {
	p, err := load()
	if err != nil {
		return err
	}
	key := remotetest.NewHostKey()
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(key)
	told := played{HostKey: key.PublicKey().Marshal()}
	for i := range cheapHosts {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.1.%d.%d:0", i/250+1, i%250+1))
		if err != nil {
			return err
		}
		told.Addrs = append(told.Addrs, listener.Addr().String())
		go serve(listener, config, p.Tape.answer)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// playBare is a client that logs in to each host, in the role "bare" sends what
// is on the tape, and goes.
func playBare() error {
	p, err := load()
	if err != nil {
		return err
	}
	key, err := ssh.ParsePublicKey(p.HostKey)
	if err != nil {
		return err
	}
	config, err := bareConfig(p.Key, ssh.FixedHostKey(key))
	if err != nil {
		return err
	}
	return tell(func() (int, error) {
		return fan(len(p.Addrs), parallel, func(i int) error {
			c, err := bareConnect(context.Background(), (&net.Dialer{}).DialContext, p.Addrs[i], config)
			if err != nil {
				return err
			}
			defer c.Close()
			if os.Getenv("FIGURES_ROLE") == "handshake" {
				return nil
			}
			return p.Tape.replay(c)
		})
	})
}

// playScan is a desk that scans each host into a workspace of its own. In the
// role "ask" it throws away what the hosts said.
func playScan() (err error) {
	p, err := load()
	if err != nil {
		return err
	}
	dir := filepath.Join(filepath.Dir(os.Args[1]), rand.Text())
	key, err := ssh.ParsePublicKey(p.HostKey)
	if err != nil {
		return err
	}
	var known strings.Builder
	var hosts []data.Host
	for i, addr := range p.Addrs {
		known.WriteString(knownhosts.Line([]string{addr}, key) + "\n")
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			return err
		}
		hosts = append(hosts, data.Host{Name: fmt.Sprintf("cheap%04d", i), Reach: data.ReachSSH, Address: tcp.IP.String(), Port: tcp.Port,
			User: lab.Root, IdentityFile: p.Key, Exposure: data.Internal, Platform: data.APT, Technology: "Debian"})
	}
	ctx := context.Background()
	d, err := newDesk(ctx, dir, known.String(), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.DB.Close()) }()
	ids, err := d.SaveHosts(ctx, hosts)
	if err != nil {
		return err
	}
	if os.Getenv("FIGURES_ROLE") == "scan" {
		return tell(func() (int, error) { return scanAll(ctx, d, ids, false) })
	}
	return tell(func() (int, error) {
		return fan(len(hosts), parallel, func(i int) error {
			s, err := d.Dialer.Dial(ctx, hosts[i])
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = apt.Platform{}.Scan(ctx, s, false)
			return err
		})
	})
}

// throttleFigures scans where SSH servers turn away whoever comes with too many
// at once: 100 hosts behind one jump host, and 100 names of one host.
func throttleFigures(t *testing.T) {
	machines := lab.Hosts(t, lab.Debian, 31)
	gate, hosts := machines[0], machines[1:]
	if limit := gate.Exec("sshd -T | grep -i '^maxstartups '"); strings.TrimSpace(limit) != "maxstartups 10:30:100" {
		t.Fatalf("the lab's sshd has %q", limit)
	}
	var known strings.Builder
	for _, m := range machines {
		known.WriteString(m.KnownHosts())
	}
	home := t.TempDir()
	accepted := filepath.Join(home, "known_hosts")
	config := filepath.Join(home, "config")
	for file, text := range map[string]string{accepted: known.String(), config: "Host gate\n HostName " + gate.Addr + "\n User root\n IdentityFile " + gate.Key + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	logins := func(host func(i int) data.Host) int {
		line := remote.NewSSH(remote.SSHConfig{AcceptedKeys: accepted, OpenSSH: []string{config}, Home: home, DialContext: lab.Dial})
		failed, err := fan(100, 100, func(i int) error {
			s, err := line.Dial(t.Context(), host(i))
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = s.Run(t.Context(), remote.Command{Name: "hello", Script: "true"})
			return err
		})
		if err != nil {
			t.Logf("lost: %v", err)
		}
		return failed
	}
	behind := logins(func(i int) data.Host {
		h := hosts[i%len(hosts)].Host(lab.Root)
		h.Jump = "gate"
		return h
	})
	one := logins(func(int) data.Host { return gate.Host(lab.Root) })
	naiveBehind, _ := fan(100, 100, func(i int) error {
		c := bareDialErr(t, gate)
		if c == nil {
			return errors.New("turned away")
		}
		defer c.Close()
		inner, err := c.Dial("tcp", hosts[i%len(hosts)].Addr+":22")
		if err != nil {
			return err
		}
		return inner.Close()
	})
	naive, _ := fan(100, 100, func(int) error {
		c := bareDialErr(t, gate)
		if c == nil {
			return errors.New("turned away")
		}
		return c.Close()
	})
	add(t, figure{
		name: "100 sessions at once behind one jump host, lost", ours: fmt.Sprint(behind), ratio: "-", target: "0", met: meets(behind == 0),
		peer: fmt.Sprintf("bare x/crypto/ssh, a login each: %d", naiveBehind),
	})
	add(t, figure{
		name: "100 sessions at once on one sshd, lost", ours: fmt.Sprint(one), ratio: "-", target: "0", met: meets(one == 0),
		peer: fmt.Sprintf("bare x/crypto/ssh: %d", naive),
	})
}

// bareDialErr is bareDial where failing is the point; nil is a failure.
func bareDialErr(t *testing.T, m *lab.Machine) *ssh.Client {
	config, err := bareConfig(m.Key, ssh.FixedHostKey(m.HostKey()))
	if err != nil {
		return nil
	}
	c, err := bareConnect(t.Context(), lab.Dial, m.Addr+":22", config)
	if err != nil {
		return nil
	}
	return c
}
