package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

const ruleLong = `A change begins from the newest version of the standard and makes the next one. It
says first what it changes, what is doubtful about it, and how today's hosts would
be judged; --dry-run says only that. Rules are numbered from the top, as "stctl
standard show" numbers them: the first that fits an update sets its deadline.`

func (c *cli) standardRule() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rule", Short: "Add, edit, remove and move rules of the standard",
		Long: "Change the rules of the shop's standard. " + ruleLong,
	}
	return c.branch(cmd, c.ruleAdd(), c.ruleEdit(), c.ruleRemove(), c.ruleMove())
}

// ruleFlags are a rule as flags.
type ruleFlags struct {
	clause, severity, deadline               string
	classes, exposures, technologies, groups []string
	unrated                                  bool
}

func (f *ruleFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.clause, "clause", "", "the `CLAUSE` of your own document, such as 4.2")
	s.StringSliceVar(&f.classes, "class", nil, "only updates of this `CLASS`: security, bug fix, feature, driver, definition, unknown")
	s.StringVar(&f.severity, "severity", "", "the least `SEVERITY` it is for: low, medium, high or critical (any: all of them)")
	s.BoolVar(&f.unrated, "unrated", false, "with --severity: updates that nobody has rated too")
	s.StringSliceVar(&f.exposures, "exposure", nil, "only hosts of this `EXPOSURE`: internet, internal or air-gapped")
	s.StringSliceVar(&f.technologies, "technology", nil, "only hosts of this `TECHNOLOGY`, such as Debian")
	s.StringSliceVar(&f.groups, "group", nil, "only the hosts of this `GROUP`")
	s.StringVar(&f.deadline, "deadline", "", "the `TIME` there is: \"14 days\", \"48 hours\", \"1 month\", \"at once\" or \"no deadline\"")
}

// apply changes what the given flags say; an empty value clears.
func (f *ruleFlags) apply(cmd *cobra.Command, inv *inventory, r *data.Rule) (err error) {
	given := cmd.Flags().Changed
	if given("clause") {
		r.Clause = strings.TrimSpace(f.clause)
	}
	if given("class") {
		if r.When.Classes, err = classesOf(f.classes); err != nil {
			return err
		}
	}
	if given("severity") {
		r.When.MinSeverity = data.SeverityUnknown
		if f.severity != "" && !strings.EqualFold(f.severity, "any") {
			if r.When.MinSeverity, err = oneOf("--severity", f.severity, data.Severities); err != nil {
				return err
			}
		}
	}
	if given("unrated") {
		r.When.UnknownToo = f.unrated
	}
	if r.When.MinSeverity == data.SeverityUnknown {
		if given("unrated") && f.unrated {
			return usagef("--unrated wants a --severity: a rule without one is for unrated updates anyway")
		}
		r.When.UnknownToo = false
	}
	if given("exposure") {
		r.When.Exposures = nil
		for _, w := range f.exposures {
			e, err := exposureOf(w)
			if err != nil {
				return err
			}
			r.When.Exposures = append(r.When.Exposures, e)
		}
	}
	if given("technology") {
		r.When.Technologies = f.technologies
	}
	if given("group") {
		if r.When.Groups, err = inv.groupIDs(f.groups); err != nil {
			return err
		}
	}
	if given("deadline") {
		if r.Due, err = app.ParseSpan(f.deadline); err != nil {
			return usagef("--deadline: %w", err)
		}
	}
	return nil
}

// A ruleChange is what all commands that change rules share.
type ruleChange struct {
	reason, from string
	dryRun       bool
}

func (w *ruleChange) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.reason, "reason", "", "what changes and why (required unless --dry-run; it stays in the history)")
	f.StringVar(&w.from, "valid-from", "", "`DATE` from which it holds (default: now)")
	f.BoolVar(&w.dryRun, "dry-run", false, "say what it would change, and save nothing")
}

func (c *cli) ruleAdd() *cobra.Command {
	w, f, at := &ruleChange{}, &ruleFlags{}, 0
	cmd := &cobra.Command{
		Use: "add", Short: "Add a rule at a place", Args: nothing,
		Long:    "Add a rule before the one that has its place now. " + ruleLong,
		Example: "  stctl standard rule add --at 1 --class security --severity critical --exposure internet --deadline \"48 hours\" --dry-run\n  stctl standard rule add --at 1 --group Web --deadline \"7 days\" --reason \"board, 12 November\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case at < 1:
				return usagef("say with --at which place the rule takes: 1 is read first")
			case f.deadline == "":
				return usagef("say with --deadline how much time there is: \"14 days\", \"48 hours\", \"at once\" or \"no deadline\"")
			}
			return c.changeRules(cmd.Context(), w, func(s *data.Standard, inv *inventory) error {
				if at > len(s.Rules)+1 {
					return usagef("--at %d is beyond the end: there are %s", at, count(len(s.Rules), "rule"))
				}
				var r data.Rule
				if err := f.apply(cmd, inv, &r); err != nil {
					return err
				}
				s.Rules = slices.Insert(s.Rules, at-1, r)
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&at, "at", 0, "the `PLACE` it takes; 1 is read first (required)")
	f.register(cmd)
	w.register(cmd)
	return cmd
}

func (c *cli) ruleEdit() *cobra.Command {
	w, f := &ruleChange{}, &ruleFlags{}
	cmd := &cobra.Command{
		Use: "edit RULE", Short: "Change a rule", Args: wants(1, 1, "the number of a rule"),
		Long:    "Change a rule. Only the flags given are changed; an empty value clears. " + ruleLong,
		Example: "  stctl standard rule edit 2 --deadline \"7 days\" --reason \"the audit of October asked for it\"\n  stctl standard rule edit 2 --exposure \"\" --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeRules(cmd.Context(), w, func(s *data.Standard, inv *inventory) error {
				i, err := ruleAt(*s, args[0])
				if err != nil {
					return err
				}
				return f.apply(cmd, inv, &s.Rules[i])
			})
		},
	}
	f.register(cmd)
	w.register(cmd)
	return cmd
}

func (c *cli) ruleRemove() *cobra.Command {
	w := &ruleChange{}
	cmd := &cobra.Command{
		Use: "remove RULE", Short: "Remove a rule", Args: wants(1, 1, "the number of a rule"),
		Long:    "Remove a rule. What it was for falls to the rules below it. " + ruleLong,
		Example: "  stctl standard rule remove 3 --reason \"covered by rule 2\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeRules(cmd.Context(), w, func(s *data.Standard, _ *inventory) error {
				i, err := ruleAt(*s, args[0])
				if err != nil {
					return err
				}
				s.Rules = slices.Delete(s.Rules, i, i+1)
				return nil
			})
		},
	}
	w.register(cmd)
	return cmd
}

func (c *cli) ruleMove() *cobra.Command {
	w := &ruleChange{}
	cmd := &cobra.Command{
		Use: "move RULE PLACE", Short: "Move a rule to another place", Args: wants(2, 2, "the number of a rule and the place it takes"),
		Long:    "Move a rule to another place. " + ruleLong,
		Example: "  stctl standard rule move 4 1 --reason \"it is meant for all, and was never reached\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeRules(cmd.Context(), w, func(s *data.Standard, _ *inventory) error {
				from, err := ruleAt(*s, args[0])
				if err != nil {
					return err
				}
				to, err := ruleAt(*s, args[1])
				if err != nil {
					return err
				}
				r := s.Rules[from]
				s.Rules = slices.Insert(slices.Delete(s.Rules, from, from+1), to, r)
				return nil
			})
		},
	}
	w.register(cmd)
	return cmd
}

// ruleAt returns the index of the rule with a number as people count.
func ruleAt(s data.Standard, word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil {
		return 0, usagef("%q is not the number of a rule", word)
	}
	if n < 1 || n > len(s.Rules) {
		return 0, &missingError{fmt.Sprintf("rule %d; the standard has %s", n, count(len(s.Rules), "rule")), "\"stctl standard show\" numbers them."}
	}
	return n - 1, nil
}

// newestStandard returns the version that a change begins from, as the window
// does: the newest, also where it is not in force yet.
func newestStandard(ctx context.Context, d *app.Desk) (data.Standard, error) {
	all, err := d.DB.Standards(ctx)
	if err != nil {
		return data.Standard{}, err
	}
	s := newestOf(all)
	if s.Version == 0 {
		return s, &missingError{"standard yet", "\"stctl standard templates\" shows what to begin with, \"stctl standard use\" begins."}
	}
	return s, nil
}

// changeRules makes the next version of the standard, or only says what it
// would change.
func (c *cli) changeRules(ctx context.Context, w *ruleChange, edit func(*data.Standard, *inventory) error) error {
	if strings.TrimSpace(w.reason) == "" && !w.dryRun {
		return usagef("say with --reason what changes and why, or look at it first with --dry-run")
	}
	var from time.Time
	var err error
	if w.from != "" {
		if from, err = parseTime("--valid-from", w.from, time.Local); err != nil {
			return err
		}
	}
	d, inv, err := c.open(ctx)
	if err != nil {
		return err
	}
	old, err := newestStandard(ctx, d)
	if err != nil {
		return err
	}
	next := old
	next.Rules = slices.Clone(old.Rules)
	next.ValidFrom, next.Note = from, w.reason
	if err := edit(&next, inv); err != nil {
		return err
	}
	j, err := asStandardChange(ctx, d, inv, old, next)
	if err != nil {
		return err
	}
	if len(j.Changes) == 0 {
		return usagef("that changes nothing about version %d", old.Version)
	}
	j.DryRun = w.dryRun
	if !w.dryRun {
		if next, err = d.SaveStandard(ctx, next); err != nil {
			return err
		}
		j.Standard = asStandardJSON(next, inv)
	}
	return c.out.show(j, j.print)
}

// standardChangeJSON is a new version of the standard, or one that would be.
type standardChangeJSON struct {
	DryRun   bool         `json:"dry_run"`
	From     int          `json:"from_version"`
	Changes  []string     `json:"changes"`
	Doubts   []doubtJSON  `json:"doubts"`
	Effect   effectJSON   `json:"effect"`
	Standard standardJSON `json:"standard"` // with --dry-run: as it would be, without a version
}

// effectJSON is how the hosts would be judged today if the change were in force.
type effectJSON struct {
	Hosts        int       `json:"hosts"`
	Updates      int       `json:"updates"`
	ShareWas     float64   `json:"share_was"` // of compliant hosts
	Share        float64   `json:"share"`
	Sooner       int       `json:"deadlines_sooner"`
	Later        int       `json:"deadlines_later"`
	NewlyOverdue []string  `json:"newly_overdue"` // names of hosts
	Sentences    []string  `json:"sentences"`
	Judged       time.Time `json:"judged"`
}

func asStandardChange(ctx context.Context, d *app.Desk, inv *inventory, old, next data.Standard) (standardChangeJSON, error) {
	doubts, err := app.CheckStandard(next)
	if err != nil {
		return standardChangeJSON{}, err
	}
	e, err := d.WhatIf(ctx, next, nil)
	if err != nil {
		return standardChangeJSON{}, err
	}
	shown := next
	shown.Version, shown.Created, shown.CreatedBy = 0, time.Time{}, ""
	j := standardChangeJSON{From: old.Version, Changes: []string{}, Doubts: []doubtJSON{}, Standard: asStandardJSON(shown, inv), Effect: effectJSON{
		Hosts: e.Hosts, Updates: e.Updates, ShareWas: e.ShareWas, Share: e.Share, Sooner: e.Sooner, Later: e.Later,
		NewlyOverdue: []string{}, Sentences: e.Sentences(), Judged: e.Judged,
	}}
	for _, s := range app.StandardChanges(old, next, inv.groups) {
		j.Changes = append(j.Changes, clean(s))
	}
	for _, x := range doubts {
		j.Doubts = append(j.Doubts, doubtJSON{x.Rule + 1, clean(x.Because)})
	}
	for _, id := range e.NewlyOverdue {
		j.Effect.NewlyOverdue = append(j.Effect.NewlyOverdue, inv.hostName(id))
	}
	return j, nil
}

func (j standardChangeJSON) print(p *page) {
	p.title("What it changes from version %d", j.From)
	for _, s := range j.Changes {
		p.line("%s", s)
	}
	if len(j.Doubts) > 0 {
		p.title("Doubtful")
		for _, x := range j.Doubts {
			p.line("%s", x.Because)
		}
	}
	p.title("If it were in force now")
	for _, s := range j.Effect.Sentences {
		p.line("%s", s)
	}
	if len(j.Effect.NewlyOverdue) > 0 {
		p.line("Overdue then, and not now: %s.", strings.Join(j.Effect.NewlyOverdue, ", "))
	}
	p.gap()
	if j.DryRun {
		p.line("Nothing was saved.")
		return
	}
	p.line("Saved as version %d, valid from %s.", j.Standard.Version, when(j.Standard.ValidFrom))
}
