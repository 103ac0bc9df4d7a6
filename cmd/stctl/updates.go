package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

type updateRowJSON struct {
	Name       string                  `json:"name"`
	Title      string                  `json:"title,omitempty"`
	Class      data.Class              `json:"class"`
	Severity   data.Severity           `json:"severity"`
	Compliance data.Compliance         `json:"compliance"`
	Due        time.Time               `json:"due,omitzero"`
	FirstSeen  time.Time               `json:"first_seen,omitzero"`
	Hosts      []string                `json:"hosts"`
	Held       int                     `json:"held,omitempty"`
	Counts     map[data.Compliance]int `json:"counts"`
	Available  []string                `json:"available"`
	Origins    []string                `json:"origins"`
	Advisories []string                `json:"advisories"`
	CVEs       []string                `json:"cves"`
}

func (inv *inventory) updateRow(u app.UpdateRow) updateRowJSON {
	j := updateRowJSON{
		Name: u.Name, Title: clean(u.Title), Class: u.Class, Severity: u.Severity, Compliance: u.Compliance, Due: u.Due, FirstSeen: u.FirstSeen,
		Hosts: []string{}, Held: u.Held, Counts: u.Counts, Available: orEmpty(u.Available), Origins: orEmpty(u.Origins),
		Advisories: orEmpty(u.Advisories), CVEs: orEmpty(u.CVEs),
	}
	for _, h := range u.Hosts {
		j.Hosts = append(j.Hosts, inv.hostName(h))
	}
	return j
}

// updateOnJSON is one update on one host.
type updateOnJSON struct {
	Host string `json:"host"`
	updateJSON
}

func (c *cli) updatesCommand() *cobra.Command {
	var classes, only []string
	cmd := &cobra.Command{
		Use: "updates [UPDATE]", Short: "Show what is missing, one row an update; or where one is missing", Args: wants(0, 1, "at most one name of an update"),
		Long:    "Show what is missing in the whole shop, the most urgent first: one row an update,\nhow many hosts lack it, and the earliest deadline. With the name of an update:\nthe hosts that lack it, each with its deadline and why. What one host\nlacks: stctl status HOST.",
		Example: "  stctl updates --class security --only overdue\n  stctl updates openssl",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return c.updateOn(cmd.Context(), d, inv, args[0])
			}
			wanted, err := classesOf(classes)
			if err != nil {
				return err
			}
			rows, err := d.Updates(cmd.Context())
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(u app.UpdateRow) bool {
				return (len(wanted) > 0 && !slices.Contains(wanted, u.Class)) || (len(only) > 0 && !containsFold(only, string(u.Compliance)))
			})
			return c.showUpdates(inv, rows)
		},
	}
	cmd.Flags().StringSliceVar(&classes, "class", nil, "only updates of this `CLASS`: security, bug fix, feature, driver, definition, unknown")
	cmd.Flags().StringSliceVar(&only, "only", nil, "only updates that are overdue, unknown, due soon, excepted or compliant")
	return cmd
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

// classesOf reads names of classes; "unknown" is what a source does not say.
func classesOf(words []string) ([]data.Class, error) {
	var out []data.Class
	for _, w := range words {
		if strings.EqualFold(w, "unknown") {
			out = append(out, data.ClassUnknown)
			continue
		}
		c, err := oneOf("--class", w, data.Classes)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *cli) showUpdates(inv *inventory, rows []app.UpdateRow) error {
	list := []updateRowJSON{}
	var cells [][]any
	for _, u := range rows {
		j := inv.updateRow(u)
		list = append(list, j)
		cells = append(cells, []any{clean(labelOf(u)), classText(u.Class), severityText(u.Severity), len(j.Hosts), u.Compliance, dash(when(u.Due)),
			dash(app.VersionsText(u.Available)), dash(strings.Join(append(slices.Clone(u.Advisories), u.CVEs...), ", "))})
	}
	return c.out.show(list, func(p *page) {
		if len(cells) == 0 {
			p.line("No such update is known to be missing. \"stctl status\" says which hosts are unknown.")
			return
		}
		p.table("update|class|severity|hosts|status|earliest deadline|available|advisories", cells)
	})
}

// labelOf names an update of several hosts, with its title where the name says little.
func labelOf(u app.UpdateRow) string { return data.Update{Name: u.Name, Title: u.Title}.Label() }

// updateOn shows where one update is missing.
func (c *cli) updateOn(ctx context.Context, d *app.Desk, inv *inventory, name string) error {
	rows, err := d.Updates(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(u app.UpdateRow) bool { return strings.EqualFold(u.Name, name) })
	if i < 0 {
		return &missingError{"missing update \"" + name + "\"", "\"stctl updates\" shows those that are known to be missing."}
	}
	list := []updateOnJSON{}
	var cells [][]any
	for _, id := range rows[i].Hosts {
		verdicts, _, err := d.Verdicts(ctx, id)
		if err != nil {
			return err
		}
		background, err := d.Background(ctx, id)
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			if v.Update.Name != rows[i].Name {
				continue
			}
			host := inv.hostName(id)
			one := asUpdateJSON(v)
			why := one.withBackground(background)
			list = append(list, updateOnJSON{host, one})
			cells = append(cells, []any{host, clean(v.Update.Label()), dash(data.VersionText(v.Update.Installed)), data.VersionText(v.Update.Available), standingText(v), dash(when(v.Due)), why})
		}
	}
	return c.out.show(list, func(p *page) { p.table("host|update|installed|available|status|due|why", cells) })
}
