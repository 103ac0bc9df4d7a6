package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

type freezeJSON struct {
	ID       data.FreezeID `json:"id"`
	Name     string        `json:"name"`
	Groups   []string      `json:"groups"` // empty: every host
	From     time.Time     `json:"from"`
	Until    time.Time     `json:"until"`
	Reason   string        `json:"reason,omitempty"`
	AgreedBy string        `json:"agreed_by,omitempty"`
}

func (c *cli) freezeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "freeze", Short: "Keep freezes: times in which nothing may be touched",
		Long: "In a freeze nothing may be touched, whatever the windows say, also not by\n\"rollout start --now\".",
	}
	return c.branch(cmd, c.freezeList(), c.freezeAdd(), c.freezeRemove())
}

func (c *cli) freezeList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the freezes", Args: nothing, Example: "  stctl window freeze list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, inv, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			list := []freezeJSON{}
			var rows [][]any
			for _, f := range a.Freezes {
				j := freezeJSON{f.ID, f.Name, inv.groupNames(f.Groups), f.From, f.Until, f.Reason, f.AgreedBy}
				list = append(list, j)
				rows = append(rows, []any{f.ID, f.Name, groupsText(j.Groups), when(f.From), when(f.Until), dash(f.AgreedBy), dash(f.Reason)})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no freezes.")
					return
				}
				p.table("freeze|name|hosts of|from|until|agreed by|reason", rows)
			})
		},
	}
}

func groupsText(names []string) string {
	if len(names) == 0 {
		return "every group"
	}
	return joined(names)
}

func joined(names []string) string { return strings.Join(names, ", ") }

func (c *cli) freezeAdd() *cobra.Command {
	var (
		groups                         []string
		from, until, zone, reason, who string
	)
	cmd := &cobra.Command{
		Use: "add NAME --from TIME --until TIME", Short: "Add a freeze", Args: wants(1, 1, "the name of the freeze"),
		Long:    "Add a freeze, for every host or for some groups. A date alone means midnight at its\nbeginning, so --until 2027-01-07 is open again on the 7th.",
		Example: "  stctl window freeze add \"Christmas sale\" --from 2026-12-01 --until 2027-01-07 --groups Web --agreed-by \"Petra Lang\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			loc, err := parseZone("--zone", zone)
			if err != nil {
				return err
			}
			f := data.Freeze{Name: args[0], Reason: reason, AgreedBy: who}
			if f.From, err = parseTime("--from", from, loc); err != nil {
				return err
			}
			if f.Until, err = parseTime("--until", until, loc); err != nil {
				return err
			}
			if !f.Until.After(f.From) {
				return usagef("--until must be after --from")
			}
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			if f.Groups, err = inv.groupIDs(groups); err != nil {
				return err
			}
			id, err := d.SaveFreeze(cmd.Context(), f)
			if err != nil {
				return err
			}
			return c.out.done(done("freeze added", id), "Nothing is touched from %s until %s on hosts of %s.", when(f.From), when(f.Until), groupsText(inv.groupNames(f.Groups)))
		},
	}
	s := cmd.Flags()
	s.StringVar(&from, "from", "", "begin, such as 2026-12-01 or \"2026-12-01 18:00\" (required)")
	s.StringVar(&until, "until", "", "end (required)")
	s.StringVar(&zone, "zone", "", "time `ZONE` of both (default: this computer's)")
	s.StringSliceVar(&groups, "groups", nil, "only hosts of these `GROUPS` (default: every host)")
	s.StringVar(&reason, "reason", "", "why")
	s.StringVar(&who, "agreed-by", "", "who asked for it or agreed")
	return cmd
}

func (c *cli) freezeRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove FREEZE", Short: "Remove a freeze", Args: wants(1, 1, "a freeze, by name or number"),
		Example: "  stctl window freeze remove \"Christmas sale\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, _, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			f, err := pick("window freeze", args[0], a.Freezes, func(f data.Freeze) int64 { return int64(f.ID) }, func(f data.Freeze) string { return f.Name })
			if err != nil {
				return err
			}
			if _, err := d.RemoveFreeze(cmd.Context(), f.ID); err != nil {
				return err
			}
			return c.out.done(done("freeze removed", f.ID), "Freeze %q removed.", f.Name)
		},
	}
}

// agendaJSON is what will not work as it stands.
type agendaJSON struct {
	Clashes   []clashJSON `json:"clashes"`
	Uncovered []bareJSON  `json:"hosts_without_window"`
	Unmet     []unmetJSON `json:"unmet_deadlines"`
}

type clashJSON struct {
	Kind    app.ClashKind   `json:"kind"`
	Windows []data.WindowID `json:"windows"`
	At      time.Time       `json:"at,omitzero"`
	Because string          `json:"because"`
}

type bareJSON struct {
	Host    string `json:"host"`
	Because string `json:"because"`
}

type unmetJSON struct {
	Host    string    `json:"host"`
	Due     time.Time `json:"due"`
	Updates int       `json:"updates"`
	Next    time.Time `json:"next_opening,omitzero"`
	Because string    `json:"because"`
}

// checkAhead is how far clashes are looked for.
const checkAhead = 120 * 24 * time.Hour

func (c *cli) windowCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Find conflicts, hosts without a window, and deadlines no window meets", Args: nothing,
		Long:    "Find what will not work as it stands: windows that overlap, are not agreed or are\ntoo short, freezes that take a whole opening, hosts that no agreed window covers,\nand deadlines that no window meets, while there is still time to ask for one.",
		Example: "  stctl window check",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, inv, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			var verdicts []data.Verdict
			err = d.EachVerdict(cmd.Context(), func(_ data.Host, v data.Verdict) { verdicts = append(verdicts, v) })
			if err != nil {
				return err
			}
			now := d.Now()
			unmet, err := a.Forecast(app.Promises(verdicts), now)
			if err != nil {
				return err
			}
			j := agendaJSON{Clashes: []clashJSON{}, Uncovered: []bareJSON{}, Unmet: []unmetJSON{}}
			for _, x := range a.Clashes(now, now.Add(checkAhead)) {
				j.Clashes = append(j.Clashes, clashJSON{x.Kind, x.Windows, x.At, clean(x.Because)})
			}
			for _, x := range a.Uncovered(now) {
				j.Uncovered = append(j.Uncovered, bareJSON{inv.hostName(x.Host), clean(x.Because)})
			}
			for _, x := range unmet {
				j.Unmet = append(j.Unmet, unmetJSON{inv.hostName(x.Host), x.Due, x.Updates, x.Next, clean(x.Because)})
			}
			return c.out.show(j, j.print)
		},
	}
}

func (j agendaJSON) print(p *page) {
	if len(j.Clashes)+len(j.Uncovered)+len(j.Unmet) == 0 {
		p.line("Every host has an agreed window, no two are in each other's way, and every deadline ahead can be met.")
		return
	}
	var rows [][]any
	for _, x := range j.Clashes {
		rows = append(rows, []any{x.Kind, x.Because})
	}
	if len(rows) > 0 {
		p.title("Windows")
		p.table("what|why", rows)
	}
	rows = nil
	for _, x := range j.Uncovered {
		rows = append(rows, []any{x.Host, capital(x.Because)})
	}
	if len(rows) > 0 {
		p.title("Hosts without a window")
		p.table("host|why", rows)
	}
	rows = nil
	for _, x := range j.Unmet {
		rows = append(rows, []any{x.Host, when(x.Due), x.Updates, x.Because})
	}
	if len(rows) > 0 {
		p.title("Deadlines that no window meets")
		p.table("host|due|updates|why", rows)
	}
}
