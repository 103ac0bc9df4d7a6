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

type exceptionJSON struct {
	ID          data.ExceptionID `json:"id"`
	Host        string           `json:"host,omitempty"`   // left out: every host
	Update      string           `json:"update,omitempty"` // left out: every update
	State       string           `json:"state"`            // "in force", "expired" or "withdrawn"
	Reason      string           `json:"reason"`
	RequestedBy string           `json:"requested_by"`
	Mitigation  string           `json:"mitigation,omitempty"`
	WaitsFor    string           `json:"waits_for,omitempty"`
	Approvals   []approvalJSON   `json:"approvals"`
	Created     time.Time        `json:"created"`
	Expires     time.Time        `json:"expires"`
	Withdrawn   time.Time        `json:"withdrawn,omitzero"`
}

func (inv *inventory) exceptionJSON(e data.Exception, now time.Time) exceptionJSON {
	j := exceptionJSON{
		ID: e.ID, Update: e.Update, State: "in force", Reason: e.Reason, RequestedBy: e.RequestedBy, Mitigation: e.Mitigation, WaitsFor: e.WaitsFor,
		Approvals: []approvalJSON{}, Created: e.Created, Expires: e.Expires, Withdrawn: e.Withdrawn,
	}
	if e.Host != 0 {
		j.Host = inv.hostName(e.Host)
	}
	for _, a := range e.Approvals {
		j.Approvals = append(j.Approvals, approvalJSON{a.Role, a.By, a.At, a.Note})
	}
	switch {
	case !e.Withdrawn.IsZero():
		j.State = "withdrawn"
	case !now.Before(e.Expires):
		j.State = "expired"
	}
	return j
}

func (c *cli) exceptionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "exception", Short: "Record decisions to leave an update out until a date",
		Long: "An exception excuses an update on a host until a date. It is asked for by a named\nowner, with a reason; it never lasts for ever, and it is counted and shown.",
	}
	return c.branch(cmd, c.exceptionList(), c.exceptionAdd(), c.exceptionWithdraw())
}

func (c *cli) exceptionList() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "list", Short: "List the exceptions in force, or all", Args: nothing, Example: "  stctl exception list --all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			stored, err := d.DB.Exceptions(cmd.Context())
			if err != nil {
				return err
			}
			list := []exceptionJSON{}
			var rows [][]any
			for _, e := range stored {
				j := inv.exceptionJSON(e, d.Now())
				if !all && j.State != "in force" {
					continue
				}
				list = append(list, j)
				rows = append(rows, []any{j.ID, orEvery(j.Host, "host"), orEvery(j.Update, "update"), j.State, when(j.Expires), j.RequestedBy, j.Reason})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no such exceptions.")
					return
				}
				p.table("exception|host|update|state|expires|asked for by|reason", rows)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that expired or were withdrawn")
	return cmd
}

func orEvery(name, kind string) string {
	if name == "" {
		return "every " + kind
	}
	return name
}

// An exceptionOrder is what the flags of "exception add" say.
type exceptionOrder struct {
	data.Exception
	host, expires, zone string
	allHosts, allOf     bool
	approvals           []string
}

func (c *cli) exceptionAdd() *cobra.Command {
	var o exceptionOrder
	cmd := &cobra.Command{
		Use: "add", Short: "Record an exception", Args: nothing,
		Long: "Record an exception for one update or all, on one host or all. It needs a reason,\nwho asks for it, and a date within a year on which it ends by itself.",
		Example: `  stctl exception add --host db1 --update postgresql-15:amd64 --expires 2027-01-31 \
    --requested-by "Petra Lang" --reason "the vendor has not cleared 15.14" \
    --waits-for "vendor upgrade" --approved-by security="A. Kern"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return c.addException(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.host, "host", "", "on this `HOST`")
	f.BoolVar(&o.allHosts, "all-hosts", false, "on every host")
	f.StringVar(&o.Update, "update", "", "this `UPDATE`, as status writes it: name:architecture")
	f.BoolVar(&o.allOf, "all-updates", false, "every update")
	f.StringVar(&o.Reason, "reason", "", "why it is left out (required)")
	f.StringVar(&o.RequestedBy, "requested-by", "", "the business owner's `NAME` (required)")
	f.StringVar(&o.expires, "expires", "", "`DATE` on which it ends by itself (required)")
	f.StringVar(&o.zone, "zone", "", "time `ZONE` of --expires (default: this computer's)")
	f.StringVar(&o.Mitigation, "mitigation", "", "what protects the host meanwhile")
	f.StringVar(&o.WaitsFor, "waits-for", "", "what it waits for: a vendor's upgrade, a bug fix")
	f.StringArrayVar(&o.approvals, "approved-by", nil, "`ROLE=NAME`, the role being management, security or operations")
	return cmd
}

// check looks whether the flags say enough, and reads the date.
func (o *exceptionOrder) check() error {
	switch {
	case (o.host == "") != o.allHosts:
		return usagef("give either --host or --all-hosts")
	case (o.Update == "") != o.allOf:
		return usagef("give either --update or --all-updates")
	case strings.TrimSpace(o.Reason) == "":
		return usagef("say why with --reason")
	case strings.TrimSpace(o.RequestedBy) == "":
		return usagef("say with --requested-by which business owner asks for it")
	case o.expires == "":
		return usagef("say with --expires when it ends: none is for ever")
	}
	loc, err := parseZone("--zone", o.zone)
	if err != nil {
		return err
	}
	o.Expires, err = parseTime("--expires", o.expires, loc)
	return err
}

// addException stores an exception whose flags were checked.
func (c *cli) addException(ctx context.Context, o exceptionOrder) error {
	d, inv, err := c.open(ctx)
	if err != nil {
		return err
	}
	e := o.Exception
	if o.host != "" {
		h, err := inv.host(o.host)
		if err != nil {
			return err
		}
		e.Host = h.ID
	}
	if e.Approvals, err = approvalsOf(o.approvals, d.Now()); err != nil {
		return err
	}
	if err := c.checkUpdate(ctx, d, e.Update); err != nil {
		return err
	}
	id, err := d.SaveException(ctx, e)
	if err != nil {
		return err
	}
	return c.out.done(done("exception granted", id), "Exception %d holds until %s.", id, when(e.Expires))
}

// checkUpdate looks whether an exception would excuse anything. A name without
// its architecture would not, and nobody would notice until the deadline.
func (c *cli) checkUpdate(ctx context.Context, d *app.Desk, key string) error {
	if key == "" {
		return nil
	}
	rows, err := d.Updates(ctx)
	if err != nil {
		return err
	}
	for _, u := range rows {
		switch {
		case slices.Contains(u.Keys, key):
			return nil
		case strings.EqualFold(u.Name, key):
			return usagef("--update wants the architecture too: %s", strings.Join(u.Keys, " or "))
		}
	}
	c.out.note("No host is known to lack %s now, so the exception excuses nothing yet. \"stctl status HOST\" writes the names.", key)
	return nil
}

// approvalsOf reads "security=A. Kern". Different roles need different people.
func approvalsOf(words []string, now time.Time) ([]data.Approval, error) {
	var out []data.Approval
	for _, w := range words {
		role, by, ok := strings.Cut(w, "=")
		by = strings.TrimSpace(by)
		if !ok || by == "" {
			return nil, usagef("--approved-by %q is not ROLE=NAME", w)
		}
		r, err := oneOf("--approved-by", strings.TrimSpace(role), []string{"management", "security", "operations"})
		if err != nil {
			return nil, err
		}
		for _, a := range out {
			if strings.EqualFold(a.By, by) || a.Role == r {
				return nil, usagef("--approved-by: each role approves once, and by another person")
			}
		}
		out = append(out, data.Approval{Role: r, By: by, At: now.UTC()})
	}
	return out, nil
}

func (c *cli) exceptionWithdraw() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "withdraw EXCEPTION --reason TEXT", Short: "End an exception now; it stays in the records", Args: wants(1, 1, "the number of an exception"),
		Example: "  stctl exception withdraw 4 --reason \"the vendor has cleared it\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("say why with --reason")
			}
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			all, err := d.DB.Exceptions(cmd.Context())
			if err != nil {
				return err
			}
			e, err := pick("exception", args[0], all, func(e data.Exception) int64 { return int64(e.ID) }, func(data.Exception) string { return "" })
			if err != nil {
				return err
			}
			if err := d.WithdrawException(cmd.Context(), e.ID, reason); err != nil {
				return err
			}
			return c.out.done(done("exception withdrawn", e.ID), "Exception %d no longer holds.", e.ID)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
