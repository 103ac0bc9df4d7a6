package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

func (c *cli) standardCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "standard", Short: "Show, choose and change the shop's patch management standard",
		Long: "The standard is the shop's promise by when updates are in: rules read from the top\ndown, the first that fits sets the deadline. Versions are kept, and a past month is\njudged by the version then in force.",
	}
	return c.branch(cmd, c.standardTemplates(), c.standardUse(), c.standardShow(), c.standardHistory(), c.standardCheck(), c.standardRule())
}

type standardJSON struct {
	Version      int        `json:"version,omitempty"`
	Template     string     `json:"template,omitempty"`
	Name         string     `json:"name"`
	Source       string     `json:"source,omitempty"`
	Owner        string     `json:"owner,omitempty"`
	Approver     string     `json:"approver,omitempty"`
	ValidFrom    time.Time  `json:"valid_from,omitzero"`
	Created      time.Time  `json:"created,omitzero"`
	CreatedBy    string     `json:"created_by,omitempty"`
	Note         string     `json:"note,omitempty"`
	ScanMaxAge   float64    `json:"scan_max_age_seconds"`
	RebootWithin float64    `json:"reboot_within_seconds,omitempty"`
	DueSoon      float64    `json:"due_soon_seconds"`
	Target       float64    `json:"target"`
	Rules        []ruleJSON `json:"rules"`
}

type ruleJSON struct {
	Clause       string          `json:"clause,omitempty"`
	Classes      []string        `json:"classes,omitempty"`
	MinSeverity  data.Severity   `json:"min_severity,omitempty"`
	UnknownToo   bool            `json:"unrated_too,omitempty"`
	Exposures    []data.Exposure `json:"exposures,omitempty"`
	Technologies []string        `json:"technologies,omitempty"`
	Groups       []string        `json:"groups,omitempty"`
	Deadline     string          `json:"deadline"`
	Hours        int             `json:"hours,omitempty"`
	Days         int             `json:"days,omitempty"`
	Months       int             `json:"months,omitempty"`
	None         bool            `json:"no_deadline,omitempty"`
}

func asStandardJSON(s data.Standard, inv *inventory) standardJSON {
	j := standardJSON{
		Version: s.Version, Template: s.Template, Name: s.Name, Source: s.Source, Owner: s.Owner, Approver: s.Approver, ValidFrom: s.ValidFrom,
		Created: s.Created, CreatedBy: s.CreatedBy, Note: s.Note, ScanMaxAge: orDuration(s.ScanMaxAge, data.DefaultScanMaxAge).Seconds(),
		RebootWithin: s.RebootWithin.Seconds(), DueSoon: orDuration(s.DueSoon, data.DefaultDueSoon).Seconds(), Target: s.Target, Rules: []ruleJSON{},
	}
	for _, r := range s.Rules {
		rule := ruleJSON{
			Clause: r.Clause, MinSeverity: r.When.MinSeverity, UnknownToo: r.When.UnknownToo, Exposures: r.When.Exposures,
			Technologies: r.When.Technologies, Deadline: app.SpanText(r.Due), Hours: r.Due.Hours, Days: r.Due.Days, Months: r.Due.Months, None: r.Due.None,
		}
		for _, k := range r.When.Classes {
			rule.Classes = append(rule.Classes, classText(k))
		}
		if len(r.When.Groups) > 0 && inv != nil {
			rule.Groups = inv.groupNames(r.When.Groups)
		}
		j.Rules = append(j.Rules, rule)
	}
	return j
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func (r ruleJSON) condition() string {
	var parts []string
	if len(r.Classes) > 0 {
		parts = append(parts, strings.Join(r.Classes, " or "))
	}
	if r.MinSeverity != "" {
		s := "severity " + string(r.MinSeverity) + " and above"
		if r.UnknownToo {
			s += ", or unrated"
		}
		parts = append(parts, s)
	}
	if len(r.Exposures) > 0 {
		var names []string
		for _, e := range r.Exposures {
			names = append(names, string(e))
		}
		parts = append(parts, strings.Join(names, " or ")+" hosts")
	}
	if len(r.Technologies) > 0 {
		parts = append(parts, strings.Join(r.Technologies, " or "))
	}
	if len(r.Groups) > 0 {
		parts = append(parts, "group "+strings.Join(r.Groups, " or "))
	}
	if len(parts) == 0 {
		return "everything else"
	}
	return strings.Join(parts, "; ")
}

func seconds(s float64) string { return app.DurationText(time.Duration(s) * time.Second) }

func (j standardJSON) print(p *page) {
	if j.Version > 0 {
		p.title("%s, version %d", j.Name, j.Version)
	} else {
		p.title("%s (template %s)", j.Name, j.Template)
	}
	reboot := "no promise"
	if j.RebootWithin > 0 {
		reboot = "within " + seconds(j.RebootWithin)
	}
	made := ""
	if j.Version > 0 {
		made = when(j.Created) + " by " + j.CreatedBy
	}
	p.facts("valid from", when(j.ValidFrom), "made", made, "owner", j.Owner, "approver", j.Approver, "source", j.Source, "note", j.Note,
		"a scan is good for", seconds(j.ScanMaxAge), "due soon means", "less than "+seconds(j.DueSoon)+" left",
		"a pending reboot", reboot, "target", fmt.Sprintf("%.0f %% of hosts compliant", j.Target*100))
	p.gap()
	var rows [][]any
	for i, r := range j.Rules {
		rows = append(rows, []any{i + 1, dash(r.Clause), r.Deadline, r.condition()})
	}
	p.table("rule|clause|deadline|for", rows)
}

func (c *cli) standardTemplates() *cobra.Command {
	return &cobra.Command{
		Use: "templates [TEMPLATE]", Short: "List the shipped templates, or show one", Args: wants(0, 1, "at most one template"),
		Example: "  stctl standard templates\n  stctl standard templates small-shop",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				t, err := template(args[0])
				if err != nil {
					return err
				}
				j := asStandardJSON(t, nil)
				return c.out.show(j, j.print)
			}
			list := []standardJSON{}
			var rows [][]any
			for _, t := range app.Templates() {
				list = append(list, asStandardJSON(t, nil))
				rows = append(rows, []any{t.Template, t.Name, len(t.Rules), t.Source})
			}
			return c.out.show(list, func(p *page) { p.table("template|name|rules|source", rows) })
		},
	}
}

func template(id string) (data.Standard, error) {
	t, ok := app.Template(id)
	if !ok {
		return t, &missingError{fmt.Sprintf("template %q", id), "\"stctl standard templates\" lists them."}
	}
	return t, nil
}

func (c *cli) standardUse() *cobra.Command {
	var from, target string
	cmd := &cobra.Command{
		Use: "use TEMPLATE", Short: "Make a template the shop's standard, as its next version", Args: wants(1, 1, "the name of a template: \"stctl standard templates\" lists them"),
		Long:    "Make a shipped template the next version of the shop's standard, from now on or from\na later day. It is never valid backwards. The first version needs an --owner: a\npromise is somebody's. A change of the standard needs a --note that says what\nchanged and why, and keeps owner and approver unless others are named.",
		Example: "  stctl standard use small-shop --owner \"Carla Sousa\" --approver \"Petra Lang\"\n  stctl standard use au-e8-ml1 --note \"customer demands it\" --valid-from 2027-01-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := template(args[0])
			if err != nil {
				return err
			}
			if from != "" {
				if s.ValidFrom, err = parseTime("--valid-from", from, time.Local); err != nil {
					return err
				}
			}
			if target != "" {
				if s.Target, err = parseShare("--target", target); err != nil {
					return err
				}
			}
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := succeed(cmd, d, &s); err != nil {
				return err
			}
			if s, err = d.SaveStandard(cmd.Context(), s); err != nil {
				return err
			}
			j := asStandardJSON(s, inv)
			return c.out.done(j, "%s is version %d of the standard, valid from %s.", s.Name, s.Version, when(s.ValidFrom))
		},
	}
	f := cmd.Flags()
	f.String("owner", "", "who owns the standard (required the first time)")
	f.String("approver", "", "who approved this version")
	f.StringVar(&from, "valid-from", "", "`DATE` from which it holds (default: now)")
	f.String("note", "", "what changed and why (required once there is a standard)")
	f.StringVar(&target, "target", "", "promised `SHARE` of compliant hosts, such as 95% (default: the template's)")
	return cmd
}

// succeed makes a template the successor of the newest version: with the owner
// and approver of that one unless others are named. Only the first version
// keeps the template's own note.
func succeed(cmd *cobra.Command, d *app.Desk, s *data.Standard) error {
	all, err := d.DB.Standards(cmd.Context())
	if err != nil {
		return err
	}
	text := func(flag string) string { return strings.TrimSpace(cmd.Flag(flag).Value.String()) }
	s.Owner, s.Approver = text("owner"), text("approver")
	note := text("note")
	if note != "" {
		s.Note = note
	}
	if len(all) == 0 {
		if s.Owner == "" {
			return usagef("say with --owner who owns the standard: a promise is somebody's")
		}
		return nil
	}
	if note == "" {
		return usagef("there is a standard already: say with --note what changed and why")
	}
	last := newestOf(all)
	if !cmd.Flags().Changed("owner") {
		s.Owner = last.Owner
	}
	if !cmd.Flags().Changed("approver") {
		s.Approver = last.Approver
	}
	return nil
}

// newestOf returns the newest version, also where it is not in force yet; the
// zero one where there is none.
func newestOf(all []data.Standard) data.Standard {
	var s data.Standard
	for _, v := range all {
		if v.Version > s.Version {
			s = v
		}
	}
	return s
}

func (c *cli) standardShow() *cobra.Command {
	version := 0
	cmd := &cobra.Command{
		Use: "show", Short: "Show the standard in force, or another version", Args: nothing,
		Example: "  stctl standard show\n  stctl standard show --version 1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, inv, err := c.standardOf(cmd.Context(), version)
			if err != nil {
				return err
			}
			j := asStandardJSON(s, inv)
			return c.out.show(j, j.print)
		},
	}
	cmd.Flags().IntVar(&version, "version", 0, "this version (default: the one in force)")
	return cmd
}

// standardOf returns a version of the standard; 0 is the one in force.
func (c *cli) standardOf(ctx context.Context, version int) (data.Standard, *app.Desk, *inventory, error) {
	d, inv, err := c.open(ctx)
	if err != nil {
		return data.Standard{}, nil, nil, err
	}
	if version == 0 {
		ref, err := standardRef(ctx, d)
		if err != nil {
			return data.Standard{}, nil, nil, err
		}
		if ref.Version == 0 {
			return data.Standard{}, nil, nil, &missingError{"standard in force", "\"stctl standard templates\" shows what to begin with, \"stctl standard use\" begins."}
		}
		version = ref.Version
	}
	all, err := d.DB.Standards(ctx)
	if err != nil {
		return data.Standard{}, nil, nil, err
	}
	i := slices.IndexFunc(all, func(s data.Standard) bool { return s.Version == version })
	if i < 0 {
		return data.Standard{}, nil, nil, &missingError{fmt.Sprintf("version %d of the standard", version), "\"stctl standard history\" shows those that are there."}
	}
	return all[i], d, inv, nil
}

func (c *cli) standardHistory() *cobra.Command {
	return &cobra.Command{
		Use: "history", Short: "List the versions of the standard, newest first", Args: nothing, Example: "  stctl standard history",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			all, err := d.DB.Standards(cmd.Context())
			if err != nil {
				return err
			}
			list := []standardJSON{}
			var rows [][]any
			for _, s := range all {
				list = append(list, asStandardJSON(s, inv))
				rows = append(rows, []any{s.Version, s.Name, when(s.ValidFrom), s.CreatedBy, dash(s.Approver), dash(s.Note)})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There is no standard yet: stctl standard use --help")
					return
				}
				p.table("version|name|valid from|made by|approver|note", rows)
			})
		},
	}
}

type doubtJSON struct {
	Rule    int    `json:"rule,omitempty"` // from 1; left out: the standard as a whole
	Because string `json:"because"`
}

func (c *cli) standardCheck() *cobra.Command {
	version, id := 0, ""
	cmd := &cobra.Command{
		Use: "check", Short: "Find what is allowed in a standard and hardly meant", Args: nothing,
		Long:    "Find rules that nothing reaches, updates that no rule fits, and worse updates that\nget more time than lesser ones: in the standard in force, another version, or a\ntemplate.",
		Example: "  stctl standard check\n  stctl standard check --template pci-4.0.1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s data.Standard
			var err error
			if id != "" {
				s, err = template(id)
			} else {
				s, _, _, err = c.standardOf(cmd.Context(), version)
			}
			if err != nil {
				return err
			}
			doubts, err := app.CheckStandard(s)
			if err != nil {
				return err
			}
			list := []doubtJSON{}
			for _, d := range doubts {
				list = append(list, doubtJSON{d.Rule + 1, clean(d.Because)})
			}
			return c.out.show(list, func(p *page) {
				if len(list) == 0 {
					p.line("Every rule is used, every update has one, and none is stricter on lesser updates.")
				}
				for _, d := range list {
					p.line("%s", d.Because)
				}
			})
		},
	}
	cmd.Flags().IntVar(&version, "version", 0, "this version (default: the one in force)")
	cmd.Flags().StringVar(&id, "template", "", "a shipped `TEMPLATE` instead")
	return cmd
}
