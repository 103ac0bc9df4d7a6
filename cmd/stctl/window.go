package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

func (c *cli) windowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "window", Short: "Keep maintenance windows and freezes, and see what they permit",
		Long: "A maintenance window is a recurring time in which the hosts of its groups may be\ntouched. It permits nothing until the owner has agreed. A freeze is a time in\nwhich nothing may be touched, whatever the windows say.",
	}
	return c.branch(cmd, c.windowList(), c.windowAdd(), c.windowEdit(), c.windowAgree(), c.windowWithdraw(), c.windowNext(), c.windowRemove(), c.windowCheck(), c.freezeCommand())
}

type windowJSON struct {
	ID       data.WindowID    `json:"id"`
	Name     string           `json:"name"`
	Groups   []string         `json:"groups"`
	Rule     string           `json:"rule,omitempty"`
	PlusDays int              `json:"plus_days,omitempty"`
	First    string           `json:"first,omitempty"`
	Start    string           `json:"start"`
	TimeZone string           `json:"time_zone"`
	Duration float64          `json:"duration_seconds"`
	Install  bool             `json:"may_install"`
	Reboot   bool             `json:"may_reboot"`
	Agreed   *approvalJSON    `json:"agreed,omitempty"`
	Until    time.Time        `json:"until,omitzero"`
	Notes    string           `json:"notes,omitempty"`
	Sentence string           `json:"sentence"`
	Next     []occurrenceJSON `json:"next"`
}

type occurrenceJSON struct {
	Window string    `json:"window,omitempty"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Freeze string    `json:"freeze,omitempty"` // the first that takes some of it
	Agreed *bool     `json:"agreed,omitempty"`
}

// windowJSON describes a window with its next n openings.
func (inv *inventory) windowJSON(w data.Window, freezes []data.Freeze, now time.Time, n int) (windowJSON, error) {
	j := windowJSON{
		ID: w.ID, Name: w.Name, Groups: inv.groupNames(w.Groups), Rule: w.Recurs.Rule, PlusDays: w.Recurs.PlusDays,
		Start: fmt.Sprintf("%02d:%02d", w.Recurs.Start.Hour, w.Recurs.Start.Minute), TimeZone: zoneName(w.TimeZone), Duration: w.Duration.Seconds(),
		Install: w.Permits.Install, Reboot: w.Permits.Reboot, Agreed: asApprovalJSON(w.Agreed), Until: w.Until, Notes: w.Notes,
		Sentence: clean(app.Sentence(w, inv.groups)), Next: []occurrenceJSON{},
	}
	if (w.Recurs.First != data.Date{}) {
		j.First = dateText(w.Recurs.First)
	}
	next, err := app.Next(w, now, n)
	for _, o := range next {
		j.Next = append(j.Next, occurrenceJSON{Start: o.Start, End: o.End, Freeze: frozenBy(w, o, freezes)})
	}
	return j, err
}

// frozenBy names a freeze that takes something of an opening.
func frozenBy(w data.Window, o data.Occurrence, freezes []data.Freeze) string {
	for _, f := range freezes {
		touches := len(f.Groups) == 0 || slices.ContainsFunc(f.Groups, func(g data.GroupID) bool { return slices.Contains(w.Groups, g) })
		if touches && f.From.Before(o.End) && f.Until.After(o.Start) {
			return f.Name
		}
	}
	return ""
}

// agenda reads all that decides when hosts may be touched.
func readAgenda(ctx context.Context, d *app.Desk, inv *inventory) (app.Agenda, error) {
	windows, err := d.DB.Windows(ctx)
	if err != nil {
		return app.Agenda{}, err
	}
	freezes, err := d.DB.Freezes(ctx)
	return app.Agenda{Hosts: inv.hosts, Groups: inv.groups, Windows: windows, Freezes: freezes}, err
}

func (c *cli) openAgenda(ctx context.Context) (*app.Desk, *inventory, app.Agenda, error) {
	d, inv, err := c.open(ctx)
	if err != nil {
		return nil, nil, app.Agenda{}, err
	}
	a, err := readAgenda(ctx, d, inv)
	return d, inv, a, err
}

func pickWindow(a app.Agenda, word string) (data.Window, error) {
	return pick("window", word, a.Windows, func(w data.Window) int64 { return int64(w.ID) }, func(w data.Window) string { return w.Name })
}

func (c *cli) windowList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the windows and what each permits, in a sentence", Args: nothing, Example: "  stctl window list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, inv, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			list := []windowJSON{}
			var rows [][]any
			for _, w := range a.Windows {
				j, err := inv.windowJSON(w, a.Freezes, d.Now(), 1)
				if err != nil {
					j.Sentence = capital(err.Error())
				}
				next := "-"
				if len(j.Next) > 0 {
					next = when(j.Next[0].Start)
				}
				list = append(list, j)
				rows = append(rows, []any{w.ID, w.Name, map[bool]string{true: "yes", false: "no"}[j.Agreed != nil], next, j.Sentence})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no windows yet, so nothing may be touched: stctl window add --help")
					return
				}
				p.table("window|name|agreed|opens next|what it permits", rows)
			})
		},
	}
}

// windowFlags are a window as flags.
type windowFlags struct {
	recurrenceFlags
	groups                             []string
	zone, duration, until, notes, name string
	noReboot, noInstall                bool
}

func (f *windowFlags) register(cmd *cobra.Command) {
	f.recurrenceFlags.register(cmd)
	s := cmd.Flags()
	s.StringSliceVar(&f.groups, "groups", nil, "the `GROUPS` whose hosts may be touched")
	s.StringVar(&f.duration, "duration", "", "how `LONG` it stays open, such as 3h or 90m")
	s.StringVar(&f.zone, "zone", "", "the time `ZONE` of --start (default: that of the groups)")
	s.StringVar(&f.until, "until", "", "`DATE` after which it opens no more")
	s.BoolVar(&f.noReboot, "no-reboot", false, "updates may be installed, but hosts not rebooted")
	s.BoolVar(&f.noInstall, "no-install", false, "hosts may be rebooted, but nothing installed")
	s.StringVar(&f.notes, "notes", "", "anything else")
}

// edit changes w as the given flags say.
func (f *windowFlags) edit(cmd *cobra.Command, inv *inventory, w *data.Window) error {
	given := cmd.Flags().Changed
	var err error
	if given("groups") {
		if w.Groups, err = inv.groupIDs(f.groups); err != nil {
			return err
		}
	}
	if given("zone") {
		if _, err := parseZone("--zone", f.zone); err != nil {
			return err
		}
		w.TimeZone = zoneFlag(f.zone)
	} else if w.ID == 0 {
		if w.TimeZone, err = inv.zoneOf(w.Groups); err != nil {
			return err
		}
	}
	if given("duration") {
		if w.Duration, err = parseDuration("--duration", f.duration); err != nil {
			return err
		}
	}
	if given("until") {
		zone, err := time.LoadLocation(w.TimeZone)
		if err != nil {
			return err
		}
		if w.Until, err = parseTime("--until", f.until, zone); err != nil {
			return err
		}
	}
	if given("no-reboot") {
		w.Permits.Reboot = !f.noReboot
	}
	if given("no-install") {
		w.Permits.Install = !f.noInstall
	}
	if given("notes") {
		w.Notes = f.notes
	}
	return f.recurrenceFlags.edit(cmd, &w.Recurs)
}

// zoneOf proposes the time zone that the groups share.
func (inv *inventory) zoneOf(ids []data.GroupID) (string, error) {
	zone, seen := "", false
	for _, g := range inv.groups {
		if !slices.Contains(ids, g.ID) {
			continue
		}
		if seen && g.TimeZone != zone {
			return "", usagef("the groups are in different time zones: give --zone")
		}
		zone, seen = g.TimeZone, true
	}
	return zone, nil
}

func (c *cli) windowAdd() *cobra.Command {
	f := &windowFlags{}
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a maintenance window", Args: wants(1, 1, "the name of the window"),
		Long: "Add a maintenance window. It permits nothing until its owner has agreed:\n\"stctl window agree\". Its next five openings are shown. Say when it opens by one of\n--patch-tuesday, --nth, --weekly, --monthday, --once and --rrule.",
		Example: `  stctl window add "Web nights" --groups Web --patch-tuesday +3 --start 22:00 --duration 3h
  stctl window add "Office" --groups Office --nth "last Friday" --start 18:00 --duration 4h --no-reboot
  stctl window add "Lab" --groups Laboratory --weekly Tue,Thu --start 06:00 --duration 90m --zone Europe/Lisbon`,
		RunE: func(cmd *cobra.Command, args []string) error {
			for flag, word := range map[string]string{"groups": "Web", "start": "22:00", "duration": "3h"} {
				if !cmd.Flags().Changed(flag) {
					return usagef("--%s is missing, such as --%s %s", flag, flag, word)
				}
			}
			d, inv, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			w := data.Window{Name: args[0], Permits: data.Permits{Install: true, Reboot: true}}
			if err := f.edit(cmd, inv, &w); err != nil {
				return err
			}
			return c.saveWindow(cmd.Context(), d, inv, a, w)
		},
	}
	f.register(cmd)
	return cmd
}

// saveWindow saves a window and shows it with its next five openings.
func (c *cli) saveWindow(ctx context.Context, d *app.Desk, inv *inventory, a app.Agenda, w data.Window) error {
	if err := app.CheckWindow(w); err != nil {
		return usagef("%w", err)
	}
	id, err := d.SaveWindow(ctx, w)
	if err != nil {
		return err
	}
	windows, err := d.DB.Windows(ctx)
	if err != nil {
		return err
	}
	for _, s := range windows {
		if s.ID == id {
			w = s // an agreement may have been withdrawn by the change
		}
	}
	j, err := inv.windowJSON(w, a.Freezes, d.Now(), 5)
	if err != nil {
		return err
	}
	return c.out.show(j, func(p *page) {
		j.print(p)
		if j.Agreed == nil {
			p.gap()
			p.line("When the owner has agreed: stctl window agree %d --by NAME", j.ID)
		}
	})
}

func (j windowJSON) print(p *page) {
	p.title("Window %d %q", j.ID, j.Name)
	p.line("%s", j.Sentence)
	if len(j.Next) == 0 {
		p.line("It does not open again.")
		return
	}
	p.gap()
	printOpenings(p, j.Next, j.TimeZone)
}

// printOpenings shows openings by the clock of the window and that of the reader.
func printOpenings(p *page, list []occurrenceJSON, zone string) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	var rows [][]any
	for _, o := range list {
		rows = append(rows, []any{o.Start.In(loc).Format("Mon 2006-01-02 15:04 MST"), o.End.In(loc).Format("Mon 15:04 MST"), when(o.Start), freezeText(o.Freeze)})
	}
	p.table("opens|closes|your time|freeze", rows)
}

func freezeText(name string) string {
	if name == "" {
		return "-"
	}
	return "cut by " + name
}

func (c *cli) windowEdit() *cobra.Command {
	f := &windowFlags{}
	cmd := &cobra.Command{
		Use: "edit WINDOW", Short: "Change a window; what the owner agreed to must be agreed again", Args: wants(1, 1, "a window, by name or number"),
		Long:    "Change a window. Changing when, where, how long or what is permitted withdraws the\nowner's agreement: it held for something else. Name and notes leave it alone.",
		Example: "  stctl window edit \"Web nights\" --duration 4h\n  stctl window edit 2 --name \"Web, third Friday\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			w, err := pickWindow(a, args[0])
			if err != nil {
				return err
			}
			if !anyOwnFlag(cmd) {
				return usagef("say what to change, such as --duration 4h")
			}
			if err := f.edit(cmd, inv, &w); err != nil {
				return err
			}
			if f.name != "" {
				w.Name = f.name
			}
			return c.saveWindow(cmd.Context(), d, inv, a, w)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "its new `NAME`")
	return cmd
}

func (c *cli) windowAgree() *cobra.Command {
	var by, note string
	cmd := &cobra.Command{
		Use: "agree WINDOW --by NAME", Short: "Record that the owner agreed to a window as it stands", Args: wants(1, 1, "a window, by name or number"),
		Example: "  stctl window agree \"Web nights\" --by \"Petra Lang\" --note \"mail of 3 November\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if by == "" {
				return usagef("say with --by who agreed: a window is never agreed by nobody")
			}
			d, _, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			w, err := pickWindow(a, args[0])
			if err != nil {
				return err
			}
			if err := d.AgreeWindow(cmd.Context(), w.ID, by, note); err != nil {
				return err
			}
			return c.out.done(done("window agreed", w.ID), "Window %q is agreed by %s.", w.Name, by)
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "the owner's `NAME` (required)")
	cmd.Flags().StringVar(&note, "note", "", "where and how, such as \"mail of 3 November\"")
	return cmd
}

func (c *cli) windowWithdraw() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "withdraw WINDOW --reason TEXT", Short: "Take the owner's agreement back: the window permits nothing", Args: wants(1, 1, "a window, by name or number"),
		Example: "  stctl window withdraw \"Web nights\" --reason \"sale until Christmas\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason")
			}
			d, _, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			w, err := pickWindow(a, args[0])
			if err != nil {
				return err
			}
			if err := d.WithdrawWindow(cmd.Context(), w.ID, reason); err != nil {
				return err
			}
			return c.out.done(done("window agreement withdrawn", w.ID), "Window %q permits nothing until it is agreed again.", w.Name)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (c *cli) windowNext() *cobra.Command {
	n := 5
	cmd := &cobra.Command{
		Use: "next [WINDOW]", Short: "Show the next openings, of one window or of all", Args: wants(0, 1, "at most one window"),
		Example: "  stctl window next\n  stctl window next \"Web nights\" --count 12",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 || n > 500 {
				return usagef("--count %d is not between 1 and 500", n)
			}
			d, inv, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				w, err := pickWindow(a, args[0])
				if err != nil {
					return err
				}
				j, err := inv.windowJSON(w, a.Freezes, d.Now(), n)
				if err != nil {
					return err
				}
				return c.out.show(j, j.print)
			}
			return c.nextOfAll(a, d.Now(), n)
		},
	}
	cmd.Flags().IntVar(&n, "count", 5, "how many")
	return cmd
}

func (c *cli) nextOfAll(a app.Agenda, now time.Time, n int) error {
	list := []occurrenceJSON{}
	for _, w := range a.Windows {
		next, err := app.Next(w, now, n)
		if err != nil {
			return err
		}
		agreed := !w.Agreed.At.IsZero()
		for _, o := range next {
			list = append(list, occurrenceJSON{Window: w.Name, Start: o.Start, End: o.End, Freeze: frozenBy(w, o, a.Freezes), Agreed: &agreed})
		}
	}
	slices.SortStableFunc(list, func(a, b occurrenceJSON) int { return a.Start.Compare(b.Start) })
	list = list[:min(n, len(list))]
	return c.out.show(list, func(p *page) {
		if len(list) == 0 {
			p.line("No window opens again.")
			return
		}
		var rows [][]any
		for _, o := range list {
			rows = append(rows, []any{when(o.Start), when(o.End), o.Window, map[bool]string{true: "yes", false: "no"}[*o.Agreed], freezeText(o.Freeze)})
		}
		p.table("opens|closes|window|agreed|freeze", rows)
	})
}

func (c *cli) windowRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove WINDOW", Short: "Remove a window", Args: wants(1, 1, "a window, by name or number"),
		Example: "  stctl window remove \"Web nights\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, _, a, err := c.openAgenda(cmd.Context())
			if err != nil {
				return err
			}
			w, err := pickWindow(a, args[0])
			if err != nil {
				return err
			}
			if _, err := d.RemoveWindow(cmd.Context(), w.ID); err != nil {
				return err
			}
			return c.out.done(done("window removed", w.ID), "Window %q removed.", w.Name)
		},
	}
}
