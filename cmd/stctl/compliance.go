package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

type complianceJSON struct {
	At             time.Time       `json:"at"`
	From           time.Time       `json:"from"`
	Standard       standardRefJSON `json:"standard"`
	Target         float64         `json:"target"`
	MeetsTarget    bool            `json:"meets_target"`
	All            totalJSON       `json:"all"`
	ByTechnology   []totalJSON     `json:"by_technology"`
	ByBusinessUnit []totalJSON     `json:"by_business_unit"`
	ByGroup        []totalJSON     `json:"by_group"`
	Figures        []figureJSON    `json:"figures"`
	Trend          []trendJSON     `json:"trend"`
}

type totalJSON struct {
	Name    string                  `json:"name"`
	Hosts   int                     `json:"hosts"`
	Counts  map[data.Compliance]int `json:"counts"`
	Missing int                     `json:"missing"`
	Overdue int                     `json:"overdue"`
	Share   figureJSON              `json:"share"`
}

type figureJSON struct {
	Name     string    `json:"name"`
	Value    *float64  `json:"value,omitempty"` // left out where there is none
	Unit     string    `json:"unit"`
	N        int       `json:"n"`
	Sentence string    `json:"sentence"`
	AsOf     time.Time `json:"as_of"`
}

type trendJSON struct {
	Date    string                  `json:"date"`
	Counts  map[data.Compliance]int `json:"counts"`
	Missing int                     `json:"missing"`
	Overdue int                     `json:"overdue"`
}

func asFigureJSON(f app.Figure) figureJSON {
	j := figureJSON{Name: f.Name, Unit: f.Unit, N: f.N, Sentence: clean(f.Sentence), AsOf: f.AsOf}
	if f.Known() {
		j.Value = &f.Value
	}
	return j
}

func (f figureJSON) text() string {
	switch {
	case f.Value == nil:
		return "no data"
	case f.Unit == "share":
		return fmt.Sprintf("%.1f %%", *f.Value*100)
	case f.Unit == "days":
		return fmt.Sprintf("%.1f days", *f.Value)
	}
	return fmt.Sprintf("%.0f %s", *f.Value, f.Unit)
}

func asTotalJSON(t app.Total) totalJSON {
	return totalJSON{t.Name, t.Hosts, t.Counts, t.Missing, t.Overdue, asFigureJSON(t.Share)}
}

func asTotalsJSON(ts []app.Total) []totalJSON {
	out := []totalJSON{}
	for _, t := range ts {
		out = append(out, asTotalJSON(t))
	}
	return out
}

func asComplianceJSON(r app.Report) complianceJSON {
	j := complianceJSON{
		At: r.Now, From: r.From.UTC(), Standard: standardRefJSON{r.Standard.Name, r.Standard.Version}, Target: r.Standard.Target, MeetsTarget: r.MeetsTarget,
		All: asTotalJSON(r.All), ByTechnology: asTotalsJSON(r.ByTechnology), ByBusinessUnit: asTotalsJSON(r.ByBusinessUnit), ByGroup: asTotalsJSON(r.ByGroup),
		Figures: []figureJSON{}, Trend: []trendJSON{},
	}
	for _, f := range r.Figures {
		j.Figures = append(j.Figures, asFigureJSON(f))
	}
	for _, d := range r.Trend {
		j.Trend = append(j.Trend, trendJSON{dateText(d.Date), d.Counts, d.Missing, d.Overdue})
	}
	return j
}

func (c *cli) complianceCommand() *cobra.Command {
	var (
		since, zone, report string
		check, force        bool
	)
	cmd := &cobra.Command{
		Use: "compliance", Short: "Show whether the shop keeps its promise, by technology and business unit", Args: nothing,
		Long:    "Show how many hosts are compliant, by technology, business unit and group, and the\nfigures that tell how the promise was kept. Every figure says what it counts and\nwhat it leaves out. Unknown hosts are never counted as compliant.\n\nWith --report it also writes one HTML page for a browser or a printer, that names\nno host. With --check the exit code is 5 when the standard's target is missed.",
		Example: "  stctl compliance\n  stctl compliance --since 90d --json\n  stctl compliance --since 90d --report november.html\n  stctl compliance --check --quiet || mail -s 'target missed' it@example.org",
		RunE: func(cmd *cobra.Command, _ []string) error {
			loc, err := parseZone("--zone", zone)
			if err != nil {
				return err
			}
			back, err := parseDuration("--since", since)
			if err != nil {
				return err
			}
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			r, err := d.Compliance(cmd.Context(), d.Now().Add(-back), loc)
			if err != nil {
				return err
			}
			if report != "" {
				if err := c.writeReport(cmd.Context(), d, r, report, force); err != nil {
					return err
				}
			}
			j := asComplianceJSON(r)
			err = c.out.show(j, func(p *page) {
				if !c.out.quiet {
					j.print(p)
				}
			})
			if err == nil && check && !j.MeetsTarget {
				return exitCode(exitOverdue)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "30d", "how far back figures and trend go, such as 30d")
	f.StringVar(&zone, "zone", "", "time `ZONE` in which a day of the trend ends (default: this computer's)")
	f.StringVar(&report, "report", "", "write the report, one HTML page, to this `FILE`")
	f.BoolVar(&force, "force", false, "with --report: replace the file if it is there")
	f.BoolVar(&check, "check", false, "set the exit code: 5 when the target is missed")
	return cmd
}

// writeReport writes the report as the window does.
func (c *cli) writeReport(ctx context.Context, d *app.Desk, r app.Report, path string, force bool) error {
	facts, err := d.ReportFacts(ctx, filepath.Base(c.office.Path))
	if err != nil {
		return err
	}
	if err := writeWhole(path, force, func(w io.Writer) error { return app.WriteReport(w, r, facts) }); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	c.out.note("The report is written to %s.", path)
	return nil
}

// known is a count of updates, or a dash where it is a zero that proves nothing.
func (t totalJSON) known(n int) any {
	if (app.Total{Hosts: t.Hosts, Counts: t.Counts}).Unproven(n) {
		return "-"
	}
	return n
}

func (j complianceJSON) print(p *page) {
	met := cell{"missed", bad}
	if j.MeetsTarget {
		met = cell{"met", good}
	}
	p.title("Compliance %s", when(j.At))
	p.line("%s", j.All.Share.Sentence)
	if j.Standard.Version == 0 {
		p.line("%s", chooseStandard)
	} else {
		p.line("The target of %.0f %% is %s, by %s, version %d.", j.Target*100, met.text, j.Standard.Name, j.Standard.Version)
	}
	for _, part := range []struct {
		title  string
		totals []totalJSON
	}{{"technology", j.ByTechnology}, {"business unit", j.ByBusinessUnit}, {"group", j.ByGroup}} {
		p.title("By %s", part.title)
		var rows [][]any
		for _, t := range part.totals {
			name := t.Name
			if name == "" {
				name = "(not set)"
			}
			rows = append(rows, []any{name, t.Hosts, t.Share.text(), t.Counts[data.Overdue], t.Counts[data.Unknown], t.Counts[data.DueSoon],
				t.Counts[data.Excepted], t.known(t.Missing), t.known(t.Overdue)})
		}
		p.table(part.title+"|hosts|compliant|overdue|unknown|due soon|excepted|updates missing|updates overdue", rows)
	}
	p.title("Figures since %s", when(j.From))
	var rows [][]any
	for _, f := range j.Figures {
		rows = append(rows, []any{f.Name, f.text(), f.Sentence})
	}
	p.table("figure|value|what it counts", rows)
}
