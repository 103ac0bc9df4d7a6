package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

// An inventory is the hosts and groups, read once for a command.
type inventory struct {
	hosts  []data.Host
	groups []data.Group
}

func readInventory(ctx context.Context, d *app.Desk) (*inventory, error) {
	hosts, err := d.DB.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := d.DB.Groups(ctx)
	if err != nil {
		return nil, err
	}
	return &inventory{hosts, groups}, nil
}

// open opens the workspace and reads its inventory: what most commands begin with.
func (c *cli) open(ctx context.Context) (*app.Desk, *inventory, error) {
	d, err := c.desk(ctx)
	if err != nil {
		return nil, nil, err
	}
	inv, err := readInventory(ctx, d)
	return d, inv, err
}

func (inv *inventory) groupName(id data.GroupID) string {
	for _, g := range inv.groups {
		if g.ID == id {
			return g.Name
		}
	}
	return ""
}

func (inv *inventory) hostName(id data.HostID) string {
	for _, h := range inv.hosts {
		if h.ID == id {
			return h.Name
		}
	}
	return fmt.Sprintf("host %d (removed)", id)
}

// group finds a group by its name.
func (inv *inventory) group(name string) (data.Group, error) {
	var names []string
	for _, g := range inv.groups {
		if strings.EqualFold(g.Name, name) {
			return g, nil
		}
		names = append(names, g.Name)
	}
	if len(names) == 0 {
		return data.Group{}, &missingError{fmt.Sprintf("group %q", name), "\"stctl host group add\" makes one."}
	}
	return data.Group{}, &missingError{fmt.Sprintf("group %q", name), "There are " + strings.Join(names, ", ") + "."}
}

func (inv *inventory) groupIDs(names []string) ([]data.GroupID, error) {
	var ids []data.GroupID
	for _, n := range names {
		g, err := inv.group(n)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, g.ID) {
			ids = append(ids, g.ID)
		}
	}
	return ids, nil
}

func (inv *inventory) groupNames(ids []data.GroupID) []string {
	names := []string{}
	for _, id := range ids {
		names = append(names, inv.groupName(id))
	}
	return names
}

// host finds a host by its name.
func (inv *inventory) host(name string) (data.Host, error) {
	for _, h := range inv.hosts {
		if strings.EqualFold(h.Name, name) {
			return h, nil
		}
	}
	return data.Host{}, &missingError{fmt.Sprintf("host %q%s", name, inv.like(name)), "\"stctl host list\" shows those that are there."}
}

// like proposes a host whose name is near.
func (inv *inventory) like(name string) string {
	for _, h := range inv.hosts {
		a, b := strings.ToLower(h.Name), strings.ToLower(name)
		if len(b) > 1 && (strings.HasPrefix(a, b) || strings.Contains(a, b) || strings.Contains(b, a)) {
			return "; did you mean " + h.Name + "?"
		}
	}
	return ""
}

// howToAdd is what to do where there is no host.
const howToAdd = `"stctl host add" adds one, "stctl import" many.`

// A choice is the flags with which a person chooses hosts.
type choice struct {
	hosts, groups []string
	all           bool
}

func (s *choice) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&s.hosts, "host", nil, "this `HOST` (may be given several times)")
	f.StringSliceVar(&s.groups, "group", nil, "the hosts of this `GROUP` (may be given several times)")
	f.BoolVar(&s.all, "all", false, "every host")
}

// resolve returns the chosen hosts in the inventory's order, each once.
func (s *choice) resolve(inv *inventory, args []string) ([]data.HostID, error) {
	names := append(slices.Clone(s.hosts), args...)
	if s.all && len(names)+len(s.groups) > 0 {
		return nil, usagef("--all and names of hosts or groups exclude each other")
	}
	if !s.all && len(names)+len(s.groups) == 0 {
		return nil, usagef("name hosts, a --group, or --all")
	}
	chosen := map[data.HostID]bool{}
	for _, n := range names {
		h, err := inv.host(n)
		if err != nil {
			return nil, err
		}
		chosen[h.ID] = true
	}
	groups, err := inv.groupIDs(s.groups)
	if err != nil {
		return nil, err
	}
	var ids []data.HostID
	for _, h := range inv.hosts {
		if s.all || chosen[h.ID] || (h.Group != 0 && slices.Contains(groups, h.Group)) {
			ids = append(ids, h.ID)
		}
	}
	if len(inv.hosts) == 0 {
		return nil, &missingError{"host in the inventory yet", howToAdd}
	}
	if len(ids) == 0 {
		return nil, &missingError{"host in that choice", "\"stctl host list\" shows the inventory."}
	}
	return ids, nil
}

// pick finds one of several things by its number or its name.
func pick[T any](kind, word string, all []T, id func(T) int64, name func(T) string) (T, error) {
	var found []T
	for _, t := range all {
		if strings.EqualFold(name(t), word) {
			found = append(found, t)
		}
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil && len(found) == 0 {
		for _, t := range all {
			if id(t) == n {
				return t, nil
			}
		}
	}
	var none T
	switch len(found) {
	case 0:
		return none, &missingError{fmt.Sprintf("%s %q", kind, word), fmt.Sprintf("\"stctl %s list\" shows those that are there.", kind)}
	case 1:
		return found[0], nil
	}
	return none, usagef("%d %ss have the name %q: give the number", len(found), kind, word)
}

// oneOf reads a word that must be one of those allowed.
func oneOf[T ~string](what, word string, allowed []T) (T, error) {
	var names []string
	for _, a := range allowed {
		if strings.EqualFold(string(a), word) {
			return a, nil
		}
		if a != "" {
			names = append(names, string(a))
		}
	}
	return "", usagef("%s %q is not one of: %s", what, word, strings.Join(names, ", "))
}

// exposureOf reads an exposure as people write it: dmz is a word for internet.
func exposureOf(word string) (data.Exposure, error) {
	e, err := app.ParseExposure(word)
	if err != nil {
		return "", usagef("--exposure %q is not one of: internet (or dmz, public), internal (or lan), air-gapped", word)
	}
	return e, nil
}
