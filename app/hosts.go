package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"secondtuesday/data"
)

// AddHost adds one host to the inventory and returns its ID. A name that is
// taken is a store.ErrConflict.
func (d *Desk) AddHost(ctx context.Context, h data.Host) (data.HostID, error) {
	h.ID = 0
	ids, err := d.SaveHosts(ctx, []data.Host{h})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// SaveHosts adds the hosts whose ID is 0 and changes the others, all or none,
// and judges them anew.
func (d *Desk) SaveHosts(ctx context.Context, hosts []data.Host) ([]data.HostID, error) {
	if len(hosts) == 0 {
		return nil, nil
	}
	hosts = slices.Clone(hosts)
	for i, h := range hosts {
		hosts[i] = tidyHost(h)
		if err := hosts[i].Validate(); err != nil {
			return nil, fmt.Errorf("save hosts: %w", err)
		}
	}
	before, changed, err := d.stored(ctx, hosts)
	if err != nil {
		return nil, err
	}
	askAnew(hosts, before)
	if err := d.expire(ctx, changed); err != nil {
		return nil, err
	}
	verb := "host added"
	if len(before) > 0 {
		verb = "host changed"
	}
	c := change{After: hosts}
	if len(before) > 0 {
		c.Before = before
	}
	ids, err := d.DB.SaveHosts(ctx, hosts, d.entry(verb, namesOf(hosts), "", c))
	if err != nil {
		return nil, err
	}
	_, err = d.rejudge(ctx, ids)
	return ids, err
}

// EditHosts applies edit to each of the hosts and saves them together.
func (d *Desk) EditHosts(ctx context.Context, ids []data.HostID, edit func(*data.Host)) error {
	all, err := d.hostsByID(ctx, ids)
	if err != nil {
		return fmt.Errorf("edit hosts: %w", err)
	}
	for i := range all {
		edit(&all[i])
		all[i].ID = ids[i]
	}
	_, err = d.SaveHosts(ctx, all)
	return err
}

// RemoveHosts removes hosts with their scans and history. Undo adds them to
// the inventory again, with new IDs: scans, history and exceptions do not come
// back, so the hosts are unknown until they are scanned.
func (d *Desk) RemoveHosts(ctx context.Context, ids []data.HostID, why string) (undo func(context.Context) error, err error) {
	all, err := d.hostsByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("remove hosts: %w", err)
	}
	if len(all) == 0 {
		return func(context.Context) error { return nil }, nil
	}
	if err := d.DB.RemoveHosts(ctx, ids, d.entry("host removed", namesOf(all), why, change{Before: all})); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		again := slices.Clone(all)
		for i := range again {
			again[i].ID = 0
		}
		_, err := d.SaveHosts(ctx, again)
		return err
	}, nil
}

// hostsByID returns the hosts in the order of ids.
func (d *Desk) hostsByID(ctx context.Context, ids []data.HostID) ([]data.Host, error) {
	if len(ids) == 1 {
		h, err := d.DB.Host(ctx, ids[0])
		return []data.Host{h}, err
	}
	all, err := d.DB.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[data.HostID]data.Host, len(all))
	for _, h := range all {
		byID[h.ID] = h
	}
	out := make([]data.Host, 0, len(ids))
	for _, id := range ids {
		h, ok := byID[id]
		if !ok {
			return nil, fmt.Errorf("host %d is not in the inventory any more", id)
		}
		out = append(out, h)
	}
	return out, nil
}

// stored returns what is stored of those hosts that have an ID.
func (d *Desk) stored(ctx context.Context, hosts []data.Host) (before []data.Host, ids []data.HostID, err error) {
	for _, h := range hosts {
		if h.ID != 0 {
			ids = append(ids, h.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil, nil
	}
	if before, err = d.hostsByID(ctx, ids); err != nil {
		return nil, nil, fmt.Errorf("save hosts: %w", err)
	}
	return before, ids, nil
}

// askAnew forgets the update system of hosts that are from now on reached as
// Windows is, or not any more: its questions would go to another system, which
// could not even say that they are not for it. before are those of hosts that
// have an ID, in their order.
func askAnew(hosts, before []data.Host) {
	for i := range hosts {
		if hosts[i].ID == 0 {
			continue
		}
		if (hosts[i].Reach == data.ReachWinRM) != (before[0].Reach == data.ReachWinRM) {
			hosts[i].Platform = data.PlatformUnknown
		}
		before = before[1:]
	}
}

// expire makes stored verdicts due for judging before what they rest on
// changes, so that none outlives a desk that dies in between. No IDs: nothing.
func (d *Desk) expire(ctx context.Context, ids []data.HostID) error {
	if len(ids) == 0 {
		return nil
	}
	stored, err := d.DB.HostVerdicts(ctx)
	if err != nil {
		return err
	}
	must := make(map[data.HostID]bool, len(ids))
	for _, id := range ids {
		must[id] = true
	}
	now := d.Now().UTC()
	var due []data.HostVerdict
	for _, v := range stored {
		if must[v.Host] {
			v.ValidUntil = now
			due = append(due, v)
		}
	}
	return d.DB.KeepVerdicts(ctx, due, nil)
}

// tidyHost removes blanks around what was typed.
func tidyHost(h data.Host) data.Host {
	for _, s := range []*string{&h.Name, &h.Address, &h.User, &h.Jump, &h.IdentityFile, &h.Technology, &h.BusinessUnit, &h.Owner, &h.Admin} {
		*s = strings.TrimSpace(*s)
	}
	if h.Reach == "" {
		h.Reach = data.ReachSSH
	}
	return h
}

// namesOf names hosts for the audit trail.
func namesOf(hosts []data.Host) string {
	if len(hosts) == 1 {
		return "host " + hosts[0].Name
	}
	var names []string
	for _, h := range hosts {
		if len(names) == 5 {
			return fmt.Sprintf("%d hosts: %s and %d more", len(hosts), strings.Join(names, ", "), len(hosts)-5)
		}
		names = append(names, h.Name)
	}
	return fmt.Sprintf("%d hosts: %s", len(hosts), strings.Join(names, ", "))
}

// SaveGroup adds g when its ID is 0, else changes it.
func (d *Desk) SaveGroup(ctx context.Context, g data.Group) (data.GroupID, error) {
	g.Name = strings.TrimSpace(g.Name)
	if g.Name == "" {
		return 0, errors.New("save group: the group has no name")
	}
	if _, err := windowZone(g.TimeZone); err != nil {
		return 0, fmt.Errorf("save group %q: %w", g.Name, err)
	}
	before, err := d.group(ctx, g.ID)
	if err != nil {
		return 0, err
	}
	verb, c := "group added", change{After: g}
	if g.ID != 0 {
		verb, c.Before = "group changed", before
	}
	return d.DB.SaveGroup(ctx, g, d.entry(verb, "group "+g.Name, "", c))
}

// RemoveGroup removes a group; its hosts then have none and are judged anew.
func (d *Desk) RemoveGroup(ctx context.Context, id data.GroupID) error {
	g, err := d.group(ctx, id)
	if err != nil {
		return err
	}
	hosts, err := d.DB.Hosts(ctx)
	if err != nil {
		return err
	}
	var of []data.HostID
	for _, h := range hosts {
		if h.Group == id {
			of = append(of, h.ID)
		}
	}
	if err := d.expire(ctx, of); err != nil {
		return err
	}
	if err := d.DB.RemoveGroup(ctx, id, d.entry("group removed", "group "+g.Name, "", change{Before: g})); err != nil {
		return err
	}
	_, err = d.rejudge(ctx, of)
	return err
}

func (d *Desk) group(ctx context.Context, id data.GroupID) (data.Group, error) {
	if id == 0 {
		return data.Group{}, nil
	}
	all, err := d.DB.Groups(ctx)
	if err != nil {
		return data.Group{}, err
	}
	for _, g := range all {
		if g.ID == id {
			return g, nil
		}
	}
	return data.Group{}, fmt.Errorf("group %d is not there any more", id)
}

// A Duplicate is a set of hosts that look like one.
type Duplicate struct {
	Hosts   []data.HostID // ascending
	Because string        // a sentence
}

// Duplicates finds hosts with one address and port, and hosts whose newest
// scans tell one boot of one machine. Containers on one machine share its boot
// and are told apart by what runs in them, which is said, not judged.
func Duplicates(hosts []data.Host, scans map[data.HostID]data.Scan) []Duplicate {
	where, boot := map[string][]data.Host{}, map[string][]data.Host{}
	var whereKeys, bootKeys []string
	note := func(m map[string][]data.Host, keys *[]string, key string, h data.Host) {
		if len(m[key]) == 0 {
			*keys = append(*keys, key)
		}
		m[key] = append(m[key], h)
	}
	for _, h := range hosts {
		key := "this computer"
		if h.Reach != data.ReachLocal {
			port := h.Port
			if port == 0 && h.Reach == data.ReachSSH {
				port = 22
			}
			key = strings.ToLower(strings.TrimSuffix(h.Target(), ".")) + " port " + strconv.Itoa(port) + jumpText(h)
		}
		note(where, &whereKeys, key, h)
		if id := scans[h.ID].BootID; id != "" {
			note(boot, &bootKeys, id, h)
		}
	}
	var out []Duplicate
	for _, k := range whereKeys {
		if len(where[k]) > 1 {
			out = append(out, duplicate(where[k], "have the same address, "+k))
		}
	}
	for _, k := range bootKeys {
		if len(boot[k]) > 1 {
			out = append(out, duplicate(boot[k], "tell the same boot ID: one machine under several names, or containers on one machine"))
		}
	}
	return out
}

func jumpText(h data.Host) string {
	if h.Jump == "" {
		return ""
	}
	return " by way of " + h.Jump // private addresses repeat behind different jump hosts
}

func duplicate(hosts []data.Host, what string) Duplicate {
	var d Duplicate
	var names []string
	for _, h := range hosts {
		d.Hosts = append(d.Hosts, h.ID)
		names = append(names, h.Name)
	}
	slices.Sort(d.Hosts)
	d.Because = and(names) + " " + what + "."
	return d
}
