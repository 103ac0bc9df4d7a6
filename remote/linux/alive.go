package linux

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"secondtuesday/remote"
)

var (
	//go:embed alive.sh
	aliveScript string
	//go:embed reboot.sh
	rebootScript string
)

// Reboot asks the host to reboot in two seconds. remote.ErrBusy when a job of
// this program runs on it: its packages are not cut off.
func (h Host) Reboot(ctx context.Context, s remote.Session) error {
	a, err := Ask(ctx, s, Question{Name: "reboot", Script: jobsLib + rebootScript, Args: []string{h.stateDir()}, Root: true})
	if err != nil {
		return err
	}
	get := reader{answer: a}
	word := get.word("reboot")
	switch {
	case get.err != nil:
		return fmt.Errorf("reboot: %w", get.err)
	case word == "asked":
		return nil
	case strings.HasPrefix(word, "busy "):
		return fmt.Errorf("reboot: %w: job %s", remote.ErrBusy, clip(strings.TrimPrefix(word, "busy ")))
	}
	return fmt.Errorf("reboot: %s", clip(word))
}

// Alive tells one boot from another, and which services run where systemd does.
func (h Host) Alive(ctx context.Context, s remote.Session) (remote.Alive, error) {
	a, err := Ask(ctx, s, Question{Name: "alive", Script: aliveScript})
	if err != nil {
		return remote.Alive{}, err
	}
	get := reader{answer: a}
	alive := remote.Alive{
		BootID:   get.word("boot id"),
		BootedAt: get.unix("boot time"),
		HostNow:  get.unix("clock"),
	}
	services := get.section("services")
	if get.err != nil {
		return remote.Alive{}, fmt.Errorf("alive: %w", get.err)
	}
	if services.Status == 0 {
		if alive.Services, err = ParseServices(services.Lines()); err != nil {
			return remote.Alive{}, fmt.Errorf("alive: %w", err)
		}
	}
	return alive, nil
}

// comeAndGo are services that run while somebody is logged in or asks for
// them, and stop by themselves: that one is gone later means nothing.
var comeAndGo = []string{
	"user@", "user-runtime-dir@", "session-", "secondtuesday-", "packagekit", "fwupd", "run-",
	"systemd-hostnamed", "systemd-localed", "systemd-timedated", "systemd-tmpfiles", "apt-daily", "dnf-makecache", "sshd@", "ssh@",
}

// ParseServices reads systemctl list-units --plain --no-legend and returns the
// names without ".service", sorted, without those that come and go:
//
//	ssh.service loaded active running OpenBSD Secure Shell server
func ParseServices(lines []string) ([]string, error) {
	names := []string{}
	for _, line := range lines {
		f := strings.Fields(line)
		name, ok := "", false
		if len(f) >= 4 {
			name, ok = strings.CutSuffix(f[0], ".service")
		}
		if !ok || f[3] != "running" {
			return nil, fmt.Errorf("%w: service line %q", remote.ErrGarbage, clip(line))
		}
		if !slices.ContainsFunc(comeAndGo, func(p string) bool { return strings.HasPrefix(name, p) }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
