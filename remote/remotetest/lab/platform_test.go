package lab_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/apt"
	"secondtuesday/remote/dnf"
	"secondtuesday/remote/pacman"
	"secondtuesday/remote/remotetest/lab"
	"secondtuesday/remote/zypper"
)

// platform is what the rollout engine uses of a platform.
type platform interface {
	Name() data.Platform
	Scan(ctx context.Context, s remote.Session, refresh bool) (data.Scan, error)
	Simulate(ctx context.Context, s remote.Session, want []data.Target) (data.Changes, error)
	Check(ctx context.Context, s remote.Session, c data.Changes) ([]data.Check, error)
	Start(ctx context.Context, s remote.Session, j remote.Job) error
	Look(ctx context.Context, s remote.Session, id string, from int64) (remote.JobStatus, error)
	Cancel(ctx context.Context, s remote.Session, id string) error
	Reboot(ctx context.Context, s remote.Session) error
	Alive(ctx context.Context, s remote.Session) (remote.Alive, error)
}

// A system is a kind of host with its platform, and how to ask the host's own
// package manager the same question in the simplest way.
type system struct {
	kind lab.Kind
	platform
	// offered prints a line for each update: name, architecture, version.
	offered string
	// installed does too, for what is in.
	installed string
	// hurts are the demo packages that break, block or take long.
	hurts []string
	// prepare makes the host fit for a plan without those.
	prepare string
}

const (
	// lab-hello/oldstable 1.1-1 all [upgradable from: 1.0-1]
	aptOffers = `apt-get -qq update; apt list --upgradable 2>/dev/null | sed -n 's|^\([^/ ]*\)/[^ ]* \([^ ]*\) \([^ ]*\) \[upgradable.*|\1 \3 \2|p'`
	dpkgHas   = `dpkg-query -W -f='${Package} ${Architecture} ${Version} ${db:Status-Abbrev}\n' | sed -n 's/ ii $//p; s/ hi $//p'`
	rpmHas    = `rpm -qa --qf '%{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' | grep -v '^gpg-pubkey '`
	dnfOffers = `dnf -q check-update | awk '/^Obsoleting/ { exit } NF == 3 { n = split($1, p, "."); print substr($1, 1, length($1) - length(p[n]) - 1), p[n], $2 }'`
	// v | Lab updates | labconf | 1.0-1.el9 | 2.0-1.el9 | noarch
	zypperOffers = `zypper -q --non-interactive refresh; zypper -q --non-interactive list-updates --all | awk -F'|' '$1 ~ /^v/ { gsub(/ /, ""); print $3, $6, $5 }'`
	// labhello 1.0-1 -> 1.1-1
	pacmanOffers = `pacman -Sy > /dev/null; pacman -Qu | awk '{ print $1, "", $4 }'`
	pacmanHas    = `pacman -Q | awk '{ print $1, "", $2 }'`
	hurtfulRPMs  = "labbadpost labbadpre labbroken labslow labobs"
)

var systems = []system{
	{lab.Debian, apt.Platform{}, aptOffers, dpkgHas, []string{"lab-badpost", "lab-slow", "lab-held", "lab-remover", "lab-newdep"}, "true"},
	{lab.DebianSystemd, apt.Platform{}, aptOffers, dpkgHas, []string{"lab-badpost", "lab-slow", "lab-held", "lab-remover", "lab-newdep"}, "true"},
	{lab.DNF, dnf.Platform{}, dnfOffers, rpmHas, strings.Fields(hurtfulRPMs), "true"},
	{lab.DNF5, dnf.Platform{}, dnfOffers, rpmHas, strings.Fields(hurtfulRPMs), "true"},
	{lab.Zypper, zypper.Platform{}, zypperOffers, rpmHas, strings.Fields(hurtfulRPMs), "true"},
	{lab.Pacman, pacman.Platform{}, pacmanOffers, pacmanHas, []string{"labbadpost", "labignored"},
		"sed -i 's/^IgnorePkg.*/& labbadpost/' /etc/pacman.conf; echo 1 > /etc/lab-slow.steps"}, // Arch knows no partial upgrade
}

// eachSystem runs a test on a fresh host of every kind.
func eachSystem(t *testing.T, test func(t *testing.T, sys system, m *lab.Machine)) {
	for _, sys := range systems {
		t.Run(string(sys.kind), func(t *testing.T) {
			test(t, sys, lab.Host(t, sys.kind))
		})
	}
}

func lines(text string) []string {
	list := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(list)
	return list
}

func scan(t *testing.T, p platform, s remote.Session, refresh bool) data.Scan {
	t.Helper()
	got, err := p.Scan(t.Context(), s, refresh)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// offers writes a scan's updates as a system's offered script does. What
// replaces a package of another name is left out: no list has it in one line.
func offers(s data.Scan) []string {
	var list []string
	for _, u := range s.Updates {
		if u.Replaces == "" {
			list = append(list, u.Name+" "+u.Arch+" "+u.Available)
		}
	}
	slices.Sort(list)
	return list
}

func TestScanSaysWhatThePackageManagerSays(t *testing.T) {
	t.Parallel()
	eachSystem(t, func(t *testing.T, sys system, m *lab.Machine) {
		got := scan(t, sys, login(t, m, lab.Ops), true)
		if diff := cmp.Diff(lines(m.Exec(sys.offered)), offers(got)); diff != "" {
			t.Errorf("offered (- host, + scan):\n%s", diff)
		}
		var has []string
		for _, p := range got.Installed {
			has = append(has, p.Name+" "+p.Arch+" "+p.Version)
		}
		slices.Sort(has)
		if diff := cmp.Diff(lines(m.Exec(sys.installed)), has); diff != "" {
			t.Errorf("installed (- host, + scan):\n%s", diff)
		}
		versions := map[string][]string{}
		for _, p := range got.Installed {
			versions[p.Name+" "+p.Arch] = append(versions[p.Name+" "+p.Arch], p.Version)
		}
		for _, u := range got.Updates {
			if u.Replaces == "" && !slices.Contains(versions[u.Name+" "+u.Arch], u.Installed) {
				t.Errorf("%s is said to be installed as %q; the host has %q", u.Key(), u.Installed, versions[u.Name+" "+u.Arch])
			}
		}
		_, boot := m.Boot()
		if got.BootID != boot || !got.Trusted() || !got.Root || got.Platform != sys.Name() {
			t.Errorf("boot id %q (is %q), trusted %v, root %v, platform %q", got.BootID, boot, got.Trusted(), got.Root, got.Platform)
		}
		for _, p := range got.Problems {
			if p.Kind != data.EndOfLifeOS { // which the played releases come to, one by one
				t.Errorf("problem: %+v", p)
			}
		}
	})
}

// TestDeadRepositoryIsNotNoUpdates: apt-get update and dnf check-update exit 0
// when the repository is gone.
func TestDeadRepositoryIsNotNoUpdates(t *testing.T) {
	t.Parallel()
	eachSystem(t, func(t *testing.T, sys system, m *lab.Machine) {
		t.Parallel()
		s := login(t, m, lab.Root)
		for name, state := range map[string]lab.RepositoryState{"down": lab.RepositoryDown, "503": lab.RepositoryUnavailable} {
			m.Repository(state)
			got, err := sys.Scan(t.Context(), s, true)
			if err == nil && got.Trusted() {
				t.Errorf("repository %s: a trusted scan with %d updates", name, len(got.Updates))
			}
		}
	})
}

// planned turns the updates of a scan into targets, without those of the
// unwanted packages.
func planned(s data.Scan, without []string) []data.Target {
	var want []data.Target
	for _, u := range s.Updates {
		if u.Replaces == "" && !slices.Contains(without, u.Name) {
			want = append(want, data.Target{Name: u.Name, Arch: u.Arch, From: u.Installed, To: u.Available, Origin: u.Origin, Class: u.Class, Severity: u.Severity})
		}
	}
	return want
}

func only(want []data.Target, names ...string) []data.Target {
	return slices.DeleteFunc(slices.Clone(want), func(t data.Target) bool { return !slices.Contains(names, t.Name) })
}

func simulate(t *testing.T, p platform, s remote.Session, want []data.Target) data.Changes {
	t.Helper()
	c, err := p.Simulate(t.Context(), s, want)
	if err != nil {
		t.Fatalf("simulate: %v", err)
	}
	return c
}

// finish looks at a job until it has ended.
func finish(t *testing.T, p platform, s remote.Session, id string) remote.JobStatus {
	t.Helper()
	var log []byte
	var from int64
	for {
		status, err := p.Look(t.Context(), s, id, from)
		if err != nil {
			t.Fatalf("look at job: %v", err)
		}
		log, from = append(log, status.Log...), status.Next
		if status.State != remote.JobRunning && len(status.Log) == 0 {
			status.Log = log
			return status
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// run starts a job and waits for its end.
func run(t *testing.T, p platform, s remote.Session, c data.Changes) remote.JobStatus {
	t.Helper()
	id := jobID(t)
	if err := p.Start(t.Context(), s, remote.Job{ID: id, Changes: c, StopAfter: 10 * time.Minute}); err != nil {
		t.Fatalf("start job: %v", err)
	}
	return finish(t, p, s, id)
}

func jobID(t *testing.T) string {
	return fmt.Sprintf("test-%d", time.Now().UnixNano())
}

func TestJobBringsInExactlyThePlan(t *testing.T) {
	t.Parallel()
	eachSystem(t, func(t *testing.T, sys system, m *lab.Machine) {
		t.Parallel()
		m.Exec(sys.prepare)
		s := login(t, m, lab.Ops)
		before := scan(t, sys, s, true)
		want := planned(before, sys.hurts)
		if len(want) < 4 {
			t.Fatalf("only %d updates to plan", len(want))
		}
		changes := simulate(t, sys, s, want)
		checks, err := sys.Check(t.Context(), s, changes)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if c.Result != data.CheckPassed {
				t.Errorf("pre-check %s: %q %s", c.Name, c.Result, c.Detail)
			}
		}
		status := run(t, sys, s, changes)
		if status.State != remote.JobEnded || status.Exit != 0 {
			t.Fatalf("job %s, exit %d:\n%s", status.State, status.Exit, status.Log)
		}

		after := scan(t, sys, s, false)
		left := slices.DeleteFunc(offers(before), func(line string) bool {
			return slices.ContainsFunc(want, func(w data.Target) bool { return line == w.Name+" "+w.Arch+" "+w.To })
		})
		if diff := cmp.Diff(left, offers(after)); diff != "" {
			t.Errorf("offered after it (- plan, + host):\n%s", diff)
		}
		sameButFor(t, before.Installed, after.Installed, changes)
	})
}

// sameButFor checks that the packages installed before and after differ by
// exactly these changes. Where a kernel comes in, the old one may stay.
func sameButFor(t *testing.T, before, after []data.Package, c data.Changes) {
	t.Helper()
	var came, wanted []string
	for _, p := range after {
		if !slices.Contains(before, p) {
			came = append(came, fmt.Sprint(p))
		}
	}
	for _, x := range slices.Concat(c.Upgrade, c.Add) {
		wanted = append(wanted, fmt.Sprint(data.Package{Name: x.Name, Arch: x.Arch, Version: x.To}))
	}
	slices.Sort(came)
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, came); diff != "" {
		t.Errorf("came in (- plan, + host):\n%s", diff)
	}
	leaving := slices.Concat(c.Upgrade, c.Remove)
	for _, p := range before {
		isThere := slices.Contains(after, p)
		mayGo := slices.ContainsFunc(leaving, func(x data.Target) bool {
			return x.Name == p.Name && x.Arch == p.Arch && x.From == p.Version
		})
		if !isThere && !mayGo || isThere && mayGo && !strings.HasPrefix(p.Name, "kernel") {
			t.Errorf("%v: still there %v, planned to go %v", p, isThere, mayGo)
		}
	}
}
