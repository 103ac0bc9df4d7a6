package practice

import (
	"context"
	"slices"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// SSHConfig returns what a dialer needs to reach the hosts of the shop. The
// agent and the person's own keys and configuration play no part in it.
func (s *Shop) SSHConfig() remote.SSHConfig {
	return remote.SSHConfig{
		AcceptedKeys: s.file("known_hosts"),
		OpenSSH:      []string{s.file("ssh_config")},
		Secrets:      secrets{},
		User:         User,
		Home:         s.dir,
		DialContext:  s.dialContext,
	}
}

// secrets hands out the one password of the shop.
type secrets struct{}

// Get implements remote.Secrets.
func (secrets) Get(_ context.Context, k secret.Key) (secret.Secret, error) {
	if k == secret.SudoKey("dns1") {
		return secret.New(SudoPassword).Anywhere(), nil
	}
	ssh := slices.ContainsFunc(company(), func(d definition) bool { return d.Name == k.Of })
	if k.Kind == secret.Login && !ssh { // those over SSH have keys
		return secret.New(LoginPassword).Anywhere(), nil
	}
	return secret.Secret{}, secret.ErrNone
}

// Hosts returns the shop's hosts as an inventory has them, without IDs. Group
// is the position of the host's group in Groups, counted from 1.
func (s *Shop) Hosts() []data.Host {
	groups := map[string]data.GroupID{}
	for i, g := range s.Groups() {
		groups[g.Name] = data.GroupID(i + 1)
	}
	var out []data.Host
	for _, d := range company() {
		out = append(out, data.Host{
			Name: d.Name, Reach: data.ReachSSH, Platform: d.OS.Platform, Technology: technology(d.OS), BusinessUnit: d.Unit, Owner: d.Owner, Admin: "Carla Sousa",
			Criticality: d.Criticality, Exposure: d.Exposure, Environment: d.Environment, Ring: d.Ring, Group: groups[d.Group], Notes: d.Notes,
		})
	}
	for _, d := range windowsCompany() {
		out = append(out, data.Host{
			Name: d.Name, Address: d.Name + domain, Reach: data.ReachWinRM, User: d.Login, Platform: d.OS.Platform, Technology: technology(d.OS), BusinessUnit: d.Unit, Owner: d.Owner, Admin: "Carla Sousa",
			Criticality: d.Criticality, Exposure: d.Exposure, Environment: d.Environment, Ring: d.Ring, Group: groups[d.Group], Notes: d.Notes,
		})
	}
	return out
}

func technology(o OS) string {
	return map[string]string{"debian": "Debian", "ubuntu": "Ubuntu", "almalinux": "AlmaLinux", "opensuse-leap": "openSUSE", "arch": "Arch Linux", "alpine": "Alpine", "windows": "Windows"}[o.ID]
}

// Groups returns the shop's groups, without IDs.
func (s *Shop) Groups() []data.Group {
	zones := map[string]string{"Warehouse": "Europe/Lisbon", "Laboratory": "Europe/Lisbon"}
	var out []data.Group
	seen := map[string]bool{}
	for _, d := range everyone() {
		if seen[d.Group] {
			continue
		}
		seen[d.Group] = true
		zone := zones[d.Group]
		if zone == "" {
			zone = "Europe/Berlin"
		}
		out = append(out, data.Group{Name: d.Group, TimeZone: zone})
	}
	return out
}
