package figures

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/lab"
	"secondtuesday/wire"
)

const (
	labHosts = 100
	parallel = app.DefaultParallel
)

// newDesk returns a desk on a new workspace that reaches hosts as the real one
// does. known is the text of its known_hosts.
func newDesk(ctx context.Context, dir, known string, dial dialFunc) (*app.Desk, error) {
	home := filepath.Join(dir, "home")
	accepted := filepath.Join(home, "known_hosts")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(accepted, []byte(known), 0o600); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, filepath.Join(dir, "workspace.db"))
	if err != nil {
		return nil, err
	}
	line := remote.NewSSH(remote.SSHConfig{AcceptedKeys: accepted, Home: home, DialContext: dial})
	d := &app.Desk{DB: db, Dialer: line, Platforms: wire.Platforms(), Now: time.Now, By: "figures"}
	standard, ok := app.Template("small-shop")
	if !ok {
		return nil, errors.Join(errors.New("there is no template called small-shop"), db.Close())
	}
	if _, err := d.SaveStandard(ctx, standard); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

func testDesk(t *testing.T, known string, dial dialFunc) *app.Desk {
	t.Helper()
	d, err := newDesk(t.Context(), t.TempDir(), known, dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.DB.Close() })
	return d
}

// labDesk is a desk with the machines in its inventory.
func labDesk(t *testing.T, machines []*lab.Machine) (*app.Desk, []data.HostID) {
	t.Helper()
	var known strings.Builder
	hosts := make([]data.Host, len(machines))
	for i, m := range machines {
		known.WriteString(m.KnownHosts())
		hosts[i] = m.Host(lab.Root)
		hosts[i].Platform, hosts[i].Technology = data.APT, "Debian"
	}
	d := testDesk(t, known.String(), lab.Dial)
	ids, err := d.SaveHosts(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	return d, ids
}

// scanAll scans with a desk, all of it: dial, ask, parse, save, judge. It
// returns how many hosts failed.
func scanAll(ctx context.Context, d *app.Desk, ids []data.HostID, refresh bool) (failed int, last error) {
	err := d.Scan(ctx, ids, refresh, func(r app.ScanResult) {
		if r.Err != nil {
			failed, last = failed+1, r.Err
		}
	})
	return failed, errors.Join(err, last)
}

// recordScan returns what the desk's scan of m says and hears.
func recordScan(t *testing.T, m *lab.Machine) tape {
	t.Helper()
	return record(t, m, func(addr *net.TCPAddr, key ssh.PublicKey) {
		h := m.Host(lab.Root)
		h.Address, h.Port, h.Platform, h.Technology = addr.IP.String(), addr.Port, data.APT, "Debian"
		d := testDesk(t, knownhosts.Line([]string{addr.String()}, key)+"\n", nil)
		id, err := d.AddHost(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scanAll(t.Context(), d, []data.HostID{id}, false); err != nil {
			t.Fatal(err)
		}
	})
}

// scanFigures scans 100 hosts with real SSH servers: the desk, a bare fan-out
// of x/crypto/ssh that sends the very same bytes, and Ansible.
func scanFigures(t *testing.T) {
	machines := lab.Hosts(t, lab.Debian, labHosts)
	d, ids := labDesk(t, machines)
	// Now the hosts know their genuine pending updates, and their files have been read.
	check(t, "first scan")(scanAll(t.Context(), d, ids, true))
	tp := recordScan(t, machines[0])
	bare := func() {
		check(t, "bare fan-out")(fan(len(machines), parallel, func(i int) error {
			c := bareDial(t, machines[i])
			defer c.Close()
			return tp.replay(c)
		}))
	}
	desk := func() { check(t, "desk")(scanAll(t.Context(), d, ids, false)) }
	var ours, floor series[time.Duration]
	for range 3 {
		ours = append(ours, took(desk))
		floor = append(floor, took(bare))
	}
	r := ratio(ours.middle(), floor.middle())
	add(t, figure{
		name: "scan 100 hosts, real sshd, 16 at once, wall", ours: ours.spread(brief), ratio: times(r), target: "≤ 1.3", met: meets(r <= 1.3),
		peer: "bare x/crypto/ssh, same bytes, 16 at once: " + floor.spread(brief),
	})
	ansibleFigures(t, machines, tp, ours)
}

// ansibleFigures compares with Ansible's command module over the same key
// exchange: with the command that one would type to see updates, and with the
// desk's own script.
func ansibleFigures(t *testing.T, machines []*lab.Machine, tp tape, scan series[time.Duration]) {
	const command = "apt list --upgradable"
	d, ids := labDesk(t, machines)
	hosts := make([]data.Host, len(ids))
	for i, m := range machines {
		hosts[i] = m.Host(lab.Root)
	}
	list := func() {
		check(t, "sessions")(fan(len(hosts), parallel, func(i int) error {
			s, err := d.Dialer.Dial(t.Context(), hosts[i])
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = s.Run(t.Context(), remote.Command{Name: "list", Script: command})
			return err
		}))
	}
	a := newAnsible(t, machines)
	script := tp[len(tp)-1]
	stdin, err := json.Marshal(map[string]any{"argv": []string{"sh", "-c", script.Line}, "stdin": string(script.Stdin), "stdin_add_newline": false})
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs, theirScan series[time.Duration]
	for range 2 {
		ours = append(ours, took(list))
		theirs = append(theirs, took(func() { a.run(t, command, "openssl") }))
		theirScan = append(theirScan, took(func() { a.run(t, string(stdin), "finished") }))
	}
	r := ratio(theirs.least(), ours.least())
	add(t, figure{
		name: "the same command (apt list) on 100 hosts, wall", ours: ours.spread(brief), ratio: times(r), target: "≥ 5 × faster", met: meets(r >= 5),
		peer: "ansible -m command -f 50: " + theirs.spread(brief),
	})
	r = ratio(theirScan.least(), scan.least())
	add(t, figure{
		name: "the whole scan of 100 hosts, wall", ours: scan.spread(brief), ratio: times(r), target: "≥ 5 × faster", met: meets(r >= 5),
		peer: "ansible -m command -f 50, same script, nothing parsed or stored: " + theirScan.spread(brief),
	})
}

// check returns a judge of what fan and scanAll return: not one host may fail.
func check(t *testing.T, what string) func(failed int, last error) {
	t.Helper()
	return func(failed int, last error) {
		t.Helper()
		if failed > 0 || last != nil {
			t.Fatalf("%s: %d hosts failed: %v", what, failed, last)
		}
	}
}

// ansible runs in the lab's network with the key exchange of ours, which is
// the quickest OpenSSH has: its default costs the client ten times as much.
type ansible struct {
	dir, inventory string
	hosts          int
}

func newAnsible(t *testing.T, machines []*lab.Machine) *ansible {
	t.Helper()
	if _, err := exec.LookPath("ansible"); err != nil {
		t.Fatal("ansible is missing: packaging/need bench installs it")
	}
	// The sockets of OpenSSH need a short path.
	dir, err := os.MkdirTemp("", "a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var b strings.Builder
	for _, m := range machines {
		fmt.Fprintf(&b, "%s ansible_host=%s ansible_user=%s ansible_ssh_private_key_file=%s ansible_python_interpreter=/usr/bin/python3\n",
			m.Name, m.Addr, lab.Root, m.Key)
	}
	a := &ansible{dir: dir, inventory: filepath.Join(dir, "hosts"), hosts: len(machines)}
	if err := os.WriteFile(a.inventory, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// run runs the command module once on all hosts, with connections of its own,
// and wants each to succeed and its output to hold word.
func (a *ansible) run(t *testing.T, args, word string) {
	t.Helper()
	sockets, err := os.MkdirTemp(a.dir, "s")
	if err != nil {
		t.Fatal(err)
	}
	cmd := lab.Command(t.Context(), "ansible", "all", "-i", a.inventory, "-f", "50", "-m", "command", "-a", args)
	cmd.Env = append(os.Environ(), "HOME="+a.dir, "LC_ALL=C.UTF-8", "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_SSH_CONTROL_PATH_DIR="+sockets,
		"ANSIBLE_SSH_ARGS=-o ControlMaster=auto -o ControlPersist=60s -o KexAlgorithms=curve25519-sha256 -o UserKnownHostsFile=/dev/null")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("ansible: %v\n%.2000s\n%.2000s", err, errs.String(), out.String())
	}
	if good := strings.Count(out.String(), "| CHANGED | rc=0"); good != a.hosts || strings.Count(out.String(), word) < a.hosts {
		t.Fatalf("ansible: %d of %d hosts answered:\n%.2000s", good, a.hosts, out.String())
	}
}
