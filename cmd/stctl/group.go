package main

import (
	"github.com/spf13/cobra"

	"secondtuesday/data"
)

type groupJSON struct {
	ID       data.GroupID `json:"id"`
	Name     string       `json:"name"`
	TimeZone string       `json:"time_zone"`
	Notes    string       `json:"notes,omitempty"`
	Hosts    []string     `json:"hosts"`
}

func (c *cli) groupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "group", Short: "Keep groups: hosts that share maintenance windows",
		Long: "A group is a set of hosts that share maintenance windows, such as Web or Munich.\nIts time zone is proposed for its windows.",
	}
	return c.branch(cmd, c.groupList(), c.groupAdd(), c.groupEdit(), c.groupRemove())
}

func (c *cli) groupList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the groups and their hosts", Args: nothing,
		Example: "  stctl host group list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			list := []groupJSON{}
			var rows [][]any
			for _, g := range inv.groups {
				j := groupJSON{ID: g.ID, Name: g.Name, TimeZone: zoneName(g.TimeZone), Notes: g.Notes, Hosts: []string{}}
				for _, h := range inv.hosts {
					if h.Group == g.ID {
						j.Hosts = append(j.Hosts, h.Name)
					}
				}
				list = append(list, j)
				rows = append(rows, []any{g.Name, j.TimeZone, len(j.Hosts), joined(j.Hosts)})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no groups yet: stctl host group add Web --zone Europe/Berlin")
					return
				}
				p.table("group|time zone|hosts|which", rows)
			})
		},
	}
}

// zoneName is the zone of a group or window; "" is UTC.
func zoneName(s string) string {
	if s == "" {
		return "UTC"
	}
	return s
}

// zoneFlag takes "UTC" for the empty name that is stored.
func zoneFlag(s string) string {
	if s == "UTC" {
		return ""
	}
	return s
}

func (c *cli) groupAdd() *cobra.Command {
	var g data.Group
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a group", Args: wants(1, 1, "the name of the group"),
		Example: "  stctl host group add Web --zone Europe/Berlin",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := parseZone("--zone", g.TimeZone); err != nil {
				return err
			}
			g.Name, g.TimeZone = args[0], zoneFlag(g.TimeZone)
			id, err := d.SaveGroup(cmd.Context(), g)
			if err != nil {
				return err
			}
			return c.out.done(done("group added", id), "Group %s is there. Put hosts into it: stctl host edit HOST --group %q", g.Name, g.Name)
		},
	}
	cmd.Flags().StringVar(&g.TimeZone, "zone", "UTC", "its time `ZONE`, by IANA name such as Europe/Berlin")
	cmd.Flags().StringVar(&g.Notes, "notes", "", "anything else")
	return cmd
}

func (c *cli) groupEdit() *cobra.Command {
	var name, zone, notes string
	cmd := &cobra.Command{
		Use: "edit GROUP", Short: "Change a group's name, time zone or notes", Args: wants(1, 1, "the name of a group"),
		Example: "  stctl host group edit Web --name \"Web Munich\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			g, err := inv.group(args[0])
			if err != nil {
				return err
			}
			if !anyOwnFlag(cmd) {
				return usagef("say what to change, such as --zone Europe/Berlin")
			}
			if cmd.Flags().Changed("zone") {
				if _, err := parseZone("--zone", zone); err != nil {
					return err
				}
				g.TimeZone = zoneFlag(zone)
			}
			if cmd.Flags().Changed("notes") {
				g.Notes = notes
			}
			if name != "" {
				g.Name = name
			}
			if _, err := d.SaveGroup(cmd.Context(), g); err != nil {
				return err
			}
			return c.out.done(done("group changed", g.ID), "Group %s changed.", g.Name)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "its new `NAME`")
	cmd.Flags().StringVar(&zone, "zone", "", "its time `ZONE`, by IANA name")
	cmd.Flags().StringVar(&notes, "notes", "", "anything else")
	return cmd
}

func (c *cli) groupRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove GROUP", Short: "Remove a group; its hosts stay and have none", Args: wants(1, 1, "the name of a group"),
		Long:    "Remove a group. Its hosts stay in the inventory without a group, so no window\ncovers them any more.",
		Example: "  stctl host group remove Web",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			g, err := inv.group(args[0])
			if err != nil {
				return err
			}
			if err := d.RemoveGroup(cmd.Context(), g.ID); err != nil {
				return err
			}
			return c.out.done(done("group removed", g.ID), "Group %s removed.", g.Name)
		},
	}
}
