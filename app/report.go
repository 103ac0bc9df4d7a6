package app

import (
	"context"
	"encoding/csv"
	"fmt"
	page "html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
)

// Share returns the part of the hosts that was compliant that day, due soon
// included; false when there were none.
func (d TrendDay) Share() (float64, bool) {
	all := 0
	for _, n := range d.Counts {
		all += n
	}
	if all == 0 {
		return 0, false
	}
	return float64(d.Counts[data.Compliant]+d.Counts[data.DueSoon]) / float64(all), true
}

// Known drops the days at the beginning on which nothing was known of any
// host: before a shop's first scan there is no trend.
func Known(days []TrendDay) []TrendDay {
	for i, d := range days {
		for c, n := range d.Counts {
			if c != data.Unknown && n > 0 {
				return days[i:]
			}
		}
	}
	return nil
}

// Text writes the value with its unit for people: "91 %", "5.2 days", "3
// hosts"; "not known" where there was nothing to take it from. A share is
// rounded down, so that only all of them is 100 %.
func (f Figure) Text() string {
	if !f.Known() {
		return "not known"
	}
	switch f.Unit {
	case "share":
		return percent(f.Value)
	case "days":
		return strconv.FormatFloat(f.Value, 'f', 1, 64) + " days"
	}
	n := int(math.Round(f.Value))
	return counted(n, strings.TrimSuffix(f.Unit, "s"))
}

func percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "< 1 %"
	}
	return strconv.Itoa(int(share*100+1e-9)) + " %"
}

// WriteFiguresCSV writes the figures and totals of a report as UTF-8 CSV, one
// figure a row, each with the sentence that explains it. A value that is not
// known is empty, never 0.
func WriteFiguresCSV(w io.Writer, r Report) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"of", "name", "figure", "value", "unit", "taken from", "as of", "explanation"}}
	add := func(of, name string, f Figure) {
		value := ""
		if f.Known() {
			value = strconv.FormatFloat(f.Value, 'f', -1, 64)
		}
		rows = append(rows, []string{of, againstFormula(name), f.Name, value, f.Unit, strconv.Itoa(f.N), f.AsOf.UTC().Format(time.RFC3339), againstFormula(f.Sentence)})
	}
	for _, f := range r.Figures {
		add("all hosts", "", f)
	}
	for _, split := range r.splits() {
		for _, t := range split.Totals {
			add(split.Name, nameOf(t, split.Name), t.Share)
			for _, k := range data.Compliances {
				add(split.Name, nameOf(t, split.Name), Figure{Name: string(k) + " hosts", Value: float64(t.Counts[k]), Unit: "hosts", N: t.Hosts, AsOf: r.Now,
					Sentence: fmt.Sprintf("%d of %s.", t.Counts[k], counted(t.Hosts, "host"))})
			}
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("export figures: %w", err)
	}
	return nil
}

// A split is the totals of a report by one thing about hosts.
type split struct {
	Name   string
	Totals []Total
}

func (r Report) splits() []split {
	return []split{{"technology", r.ByTechnology}, {"business unit", r.ByBusinessUnit}, {"group", r.ByGroup}}
}

func nameOf(t Total, by string) string {
	if t.Name == "" {
		return "no " + by
	}
	return t.Name
}

// ReportFacts are what stands on a report beside the figures.
type ReportFacts struct {
	Workspace    string // its name
	By           string // who made the report
	AuditEntries int    // with AuditHash proves later that the trail up to here was not changed
	AuditHash    string
}

// ReportFacts gathers what stands on a report of the workspace of that name.
func (d *Desk) ReportFacts(ctx context.Context, workspace string) (f ReportFacts, err error) {
	f = ReportFacts{Workspace: workspace, By: d.By}
	f.AuditEntries, f.AuditHash, err = d.DB.AuditHead(ctx)
	return f, err
}

// Verdict says in one sentence whether the promise is kept.
func (r Report) Verdict() string {
	switch {
	case r.All.Hosts == 0:
		return "There are no hosts to judge."
	case r.Standard.Version == 0:
		return "No standard is in force, so nothing is promised and every host is unknown."
	}
	text := fmt.Sprintf("%s of %s are compliant, and %s are promised.", percent(r.All.Share.Value), counted(r.All.Hosts, "host"), percent(r.Standard.Target))
	if n := r.All.Counts[data.Unknown]; n > 0 {
		text += fmt.Sprintf(" Of %s it is not known how they stand; they are not counted as compliant.", counted(n, "host"))
	}
	if r.MeetsTarget {
		return "The promise is kept: " + text
	}
	return "The promise is not kept: " + text
}

// WriteReport writes a report as one HTML page that needs nothing else, can be
// printed, and explains every figure on it.
func WriteReport(w io.Writer, r Report, f ReportFacts) error {
	p := reportPage{Report: r, Facts: f, Splits: r.splits(), Line: trendLine(r), Zone: r.Now.Local().Format("MST")}
	if err := reportTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

type reportPage struct {
	Report
	Facts  ReportFacts
	Splits []split
	Line   *svgLine // nil: too few days
	Zone   string   // of this computer
}

// A svgLine is the trend, drawn in a box of 720 by 180.
type svgLine struct {
	Points, Area string
	Target       float64 // y; below 0: no promise
	TargetText   string
	First, Last  string
	Grid         []svgGrid
	EndX, EndY   float64
	EndText      string
}

type svgGrid struct {
	Y    float64
	Text string
}

const svgWidth, svgHeight, svgLeft, svgTop = 720.0, 180.0, 40.0, 12.0

// trendLine draws the share of each day; the scale always begins at nothing.
func trendLine(r Report) *svgLine {
	type point struct{ x, y float64 }
	days := Known(r.Trend)
	var points []point
	var first, last TrendDay
	for i, d := range days {
		share, ok := d.Share()
		if !ok {
			continue
		}
		if len(points) == 0 {
			first = d
		}
		last = d
		points = append(points, point{svgLeft + (svgWidth-svgLeft-8)*float64(i)/float64(max(1, len(days)-1)), svgY(share)})
	}
	if len(points) < 2 {
		return nil
	}
	l := &svgLine{Target: -1, First: dateText(first.Date), Last: dateText(last.Date)}
	for _, p := range points {
		l.Points += fmt.Sprintf("%.1f,%.1f ", p.x, p.y)
	}
	end := points[len(points)-1]
	l.Area = fmt.Sprintf("%.1f,%.1f %s%.1f,%.1f", points[0].x, svgY(0), l.Points, end.x, svgY(0))
	l.EndX, l.EndY = end.x, end.y
	share, _ := last.Share()
	l.EndText = percent(share)
	if r.Standard.Version > 0 && r.Standard.Target > 0 {
		l.Target, l.TargetText = svgY(r.Standard.Target), "promised "+percent(r.Standard.Target)
	}
	for _, s := range []float64{0, 0.25, 0.5, 0.75, 1} {
		l.Grid = append(l.Grid, svgGrid{svgY(s), percent(s)})
	}
	return l
}

func svgY(share float64) float64 { return svgTop + (svgHeight-svgTop-24)*(1-share) }

func dateText(d data.Date) string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// reportSigns are icon and word of each judgement: colour is never the only sign.
var reportSigns = map[data.Compliance]string{
	data.Overdue: "▲", data.Unknown: "◌", data.DueSoon: "◔", data.Excepted: "⚑", data.Compliant: "✔",
}

var reportTemplate = page.Must(page.New("report").Funcs(page.FuncMap{
	"kinds":    func() []data.Compliance { return data.Compliances },
	"sign":     func(c data.Compliance) string { return reportSigns[c] },
	"style":    func(c data.Compliance) string { return strings.ReplaceAll(string(c), " ", "-") },
	"build":    func() string { return ThisBuild().String() },
	"stamp":    Moment,
	"day":      day,
	"percent":  percent,
	"span":     SpanText,
	"duration": DurationText,
	"name":     nameOf,
	"known": func(t Total, n int) string {
		if t.Unproven(n) {
			return "–"
		}
		return strconv.Itoa(n)
	},
	"when": func(p reportPage, c data.Condition) string { return sentence(ConditionText(c, p.groups)) },
	"width": func(t Total, c data.Compliance) page.CSS {
		return page.CSS(fmt.Sprintf("width:%.2f%%", 100*float64(t.Counts[c])/float64(max(1, t.Hosts)))) // a number, so it is safe
	},
}).Parse(reportHTML))
