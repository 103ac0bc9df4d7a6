package lab

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// TestMain lets more tests run side by side than there are processors: they
// mostly wait for hosts.
func TestMain(m *testing.M) {
	flag.Parse()
	if n, err := strconv.Atoi(flag.Lookup("test.parallel").Value.String()); err == nil && n < 6 {
		flag.Set("test.parallel", "6")
	}
	os.Exit(m.Run())
}

// TestImagesAreBuilt is run alone by make before all others, so that the two
// minutes it may take are not counted against another test.
func TestImagesAreBuilt(t *testing.T) {
	Need(t, Kinds...)
}

// pendingBy asks each kind's own program what it would update.
var pendingBy = map[Kind]string{
	Debian:        "apt-get -qq update && apt list --upgradable 2>/dev/null",
	DebianSystemd: "apt-get -qq update && apt list --upgradable 2>/dev/null",
	DNF:           "dnf -q check-update; test $? = 100",
	DNF5:          "dnf -q check-update; test $? = 100",
	Zypper:        "zypper -q refresh && zypper -q list-updates",
	Pacman:        "pacman -Sy >/dev/null && pacman -Qu",
}

func TestEveryKindOfHostHasUpdatesPending(t *testing.T) {
	for _, kind := range Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			m := Host(t, kind)
			out := run(t, m, OpsNoPassword, "sudo sh -c '"+pendingBy[kind]+"'")
			want := "labhello"
			if kind == Debian || kind == DebianSystemd {
				want = "lab-hello"
			}
			if !strings.Contains(out, want) {
				t.Errorf("%s does not offer %s:\n%s", kind, want, out)
			}
		})
	}
}

func TestGenuineSecurityUpdatesArePending(t *testing.T) {
	m := Host(t, Debian)
	m.Exec("apt-get -qq update")
	out := m.Exec("apt list --upgradable 2>/dev/null")
	genuine := 0
	for line := range strings.Lines(out) {
		// libssl3/oldstable-security 3.0.17-1~deb12u3 amd64 [upgradable from: 3.0.16-1~deb12u1]
		if strings.Contains(line, "/oldstable-security ") && !strings.HasPrefix(line, "lab-") && !strings.Contains(line, "-lab/") {
			genuine++
		}
	}
	if genuine == 0 {
		t.Errorf("no genuine security update is offered:\n%s", out)
	}
	t.Logf("%d genuine security updates", genuine)
}

func TestRebootChangesTheBootID(t *testing.T) {
	for _, kind := range []Kind{Debian, DebianSystemd, DNF} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			m := Host(t, kind)
			n, before := m.Boot()
			m.Exec("touch /etc/survives /run/goes; reboot")
			m.WaitBoot(n + 1)
			if _, after := m.Boot(); after == before {
				t.Errorf("boot id is still %s", after)
			}
			if out := m.Exec("cat /proc/uptime; ls /etc/survives /run/goes 2>&1 || true"); !strings.Contains(out, "/etc/survives\n") || !strings.Contains(out, "cannot access '/run/goes'") {
				t.Errorf("after the reboot: %s", out)
			}
		})
	}
}

func TestFaultsHurtAndHeal(t *testing.T) {
	m := Host(t, Debian)
	m.Repository(RepositoryUnavailable)
	if out, err := m.Try(t.Context(), "apt-get -eany update"); err == nil {
		t.Errorf("apt-get update succeeds without a repository: %s", out)
	}
	m.Repository(RepositoryUp)
	m.Exec("apt-get -eany update")

	release := m.HoldLock()
	_, err := m.Try(t.Context(), "apt-get -y install lab-hello")
	if err == nil || !strings.Contains(err.Error(), "(apt-get)") {
		t.Errorf("with the lock held: %v", err)
	}
	release()
	m.Exec("apt-get -y install lab-hello")

	m.FillDisk(1 << 20)
	if _, err := m.Try(t.Context(), "apt-get -y install lab-big"); err == nil {
		t.Error("40 MB fit on a full disk")
	}
	m.EmptyDisk()
	m.Exec("apt-get -y install lab-big")

	m.ShiftClock(-40 * 24 * time.Hour)
	if _, err := m.Try(t.Context(), "rm -rf /var/lib/apt/lists/*; apt-get -eany update"); err == nil || !strings.Contains(err.Error(), "not valid yet") {
		t.Errorf("40 days ago: %v", err)
	}
	m.ShiftClock(0)

	before := m.HostKey()
	m.ChangeHostKey()
	if bytes.Equal(before.Marshal(), m.HostKey().Marshal()) {
		t.Error("the host key did not change")
	}
	run(t, m, Root, "true")

	m.Freeze()
	if err := m.greets(t.Context()); err == nil {
		t.Error("a frozen host greets")
	}
	m.Thaw()
	m.LinkDown()
	if err := m.greets(t.Context()); err == nil {
		t.Error("a host without a line greets")
	}
	m.LinkUp()
	m.KillSSH()
	if err := m.greets(t.Context()); err == nil {
		t.Error("a host without an SSH server greets")
	}
	m.StartSSH()
	m.PowerCycle()
	m.PowerCut()
	m.PowerOn()
	if n, _ := m.Boot(); n != 3 {
		t.Errorf("%d boots, not 3", n)
	}
}

func TestOpenSSHClientReachesAHostThroughAnother(t *testing.T) {
	hosts := Hosts(t, Debian, 2)
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(hosts[0].KnownHosts()+hosts[1].KnownHosts()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := Command(t.Context(), "ssh", "-F", "none", "-i", hosts[0].Key, "-o", "BatchMode=yes", "-o", "UserKnownHostsFile="+known,
		"-o", "ProxyCommand=ssh -F none -i "+hosts[0].Key+" -o BatchMode=yes -o UserKnownHostsFile="+known+" -W %h:%p root@"+hosts[0].Addr,
		"root@"+hosts[1].Addr, "hostname")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != hosts[1].Name {
		t.Errorf("%v: %s", err, out)
	}
}

// TestNothingIsLeft looks for what hosts that ended should have taken along.
func TestNothingIsLeft(t *testing.T) {
	var m *Machine
	t.Run("host", func(t *testing.T) {
		m = Host(t, DebianSystemd)
	})
	if pid, err := m.init(); err == nil {
		t.Errorf("process %d still runs", pid)
	}
	if out, _ := exec.Command("ip", "netns", "list").Output(); strings.Contains(string(out), m.netns) {
		t.Errorf("network namespace %s is left", m.netns)
	}
	for mount := range mountsUnder(m.dir) {
		t.Errorf("%s is still mounted", mount)
	}
}

// run logs in and runs a command.
func run(t *testing.T, m *Machine, user, command string) string {
	t.Helper()
	client := login(t, m, user)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.CombinedOutput(command)
	if err != nil {
		t.Fatalf("%s as %s on %s: %v: %s", command, user, m.Name, err, out)
	}
	return string(out)
}

func login(t *testing.T, m *Machine, user string) *ssh.Client {
	t.Helper()
	conn, err := Dial(t.Context(), "tcp", m.Name+":22")
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer(t, m.Key))}, HostKeyCallback: ssh.FixedHostKey(m.HostKey())}
	c, chans, requests, err := ssh.NewClientConn(conn, m.Addr, config)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.NewClient(c, chans, requests)
}

func signer(t *testing.T, file string) ssh.Signer {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
