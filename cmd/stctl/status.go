package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
)

// A standing is how one host stands.
type standing struct {
	host     data.Host
	verdict  data.HostVerdict
	verdicts []data.Verdict
	scan     data.Scan // zero: never scanned
	failure  *failJSON // the last attempt to scan it, if that failed

	background data.Background
}

// failJSON is a scan that did not work.
type failJSON struct {
	At    time.Time `json:"at"`
	Error string    `json:"error"`
}

func asFailJSON(f data.ScanFailure) *failJSON { return &failJSON{f.At, clean(f.Error)} }

func readStanding(ctx context.Context, d *app.Desk, inv *inventory, name string) (*standing, error) {
	h, err := inv.host(name)
	if err != nil {
		return nil, err
	}
	s := &standing{host: h}
	if s.verdicts, s.verdict, err = d.Verdicts(ctx, h.ID); err != nil {
		return nil, err
	}
	if s.scan, err = d.DB.LatestScan(ctx, h.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if s.background, err = d.Background(ctx, h.ID); err != nil {
		return nil, err
	}
	failures, err := d.DB.ScanFailures(ctx)
	if f, ok := failures[h.ID]; ok {
		s.failure = asFailJSON(f)
	}
	return s, err
}

// print writes what the last scan told and how it is judged.
func (s *standing) print(p *page, now time.Time) {
	v := s.verdict
	p.title("Standing: %s", v.Compliance)
	p.line("%s", capital(v.Because))
	if s.failure != nil {
		p.line("The last attempt to scan it failed %s: %s", ago(s.failure.At, now), capital(s.failure.Error))
	}
	if s.scan.At.IsZero() {
		return
	}
	sc := s.scan
	facts := []string{"scanned", when(sc.At) + ", " + ago(sc.At, now), "runs", sc.OS.Name, "support ends", dateOf(sc.OS.EndOfLife)}
	if sc.Platform == data.WindowsUpdate { // it replaces files in use with the next boot
		facts = append(facts, "build", sc.Kernel.Running, "booted", when(sc.BootedAt), "reboot", rebootText(sc),
			"update source", clean(sc.Source), "it answered", metadataText(sc.MetadataAt, now), "installed", installedText(sc, "update"))
	} else {
		facts = append(facts, "kernel", kernelText(sc.Kernel), "booted", when(sc.BootedAt), "reboot", rebootText(sc), "restart needed", restartText(sc),
			"its lists are from", metadataText(sc.MetadataAt, now), "installed", installedText(sc, "package"))
	}
	p.facts(facts...)
	for _, pr := range sc.Problems {
		worth := ""
		if pr.Untrusted {
			worth = " (so the scan proves nothing)"
		}
		p.line("  Problem: %s%s: %s", pr.Kind, worth, pr.Detail)
	}
}

// historyPrinted is how many lines of Windows' own history a person is shown.
const historyPrinted = 10

// printHistory writes Windows' own history, newest first.
func (s *standing) printHistory(p *page) {
	b := s.background
	switch {
	case !b.Known && b.Because == "":
		return
	case !b.Known:
		p.title("Windows' own history: not known")
		p.line("%s", capital(b.Because))
		return
	}
	p.title("Windows' own history")
	if len(b.History) == 0 {
		p.line("It has no entry.")
		return
	}
	var rows [][]any
	for _, l := range b.History[:min(len(b.History), historyPrinted)] {
		times := ""
		if l.Times > 1 {
			times = fmt.Sprintf(" (%d times)", l.Times)
		}
		rows = append(rows, []any{dash(when(l.At)), clean(data.Update{Name: l.Name, Title: l.Title}.Label()), clean(l.Result) + times, dash(clean(l.By))})
	}
	p.table("when|update|result|by", rows)
	if left := len(b.History) + b.Older - len(rows); left > 0 {
		p.line("And %s; the raw answer is kept with the scan.", count(left, "older line"))
	}
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02")
}

func metadataText(t, now time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return when(t) + ", " + ago(t, now)
}

// installedText counts what is installed. A host without any did not tell.
func installedText(s data.Scan, noun string) string {
	if len(s.Installed) == 0 {
		return "unknown"
	}
	return count(len(s.Installed), noun)
}

func kernelText(k data.Kernel) string {
	if k.Installed == "" || k.Installed == k.Running {
		return k.Running
	}
	return k.Running + " runs, " + k.Installed + " is installed"
}

func rebootText(s data.Scan) string {
	switch {
	case !s.RebootKnown:
		return "unknown"
	case len(s.Reboot) == 0:
		return "none pending"
	}
	var why []string
	for _, r := range s.Reboot {
		why = append(why, strings.TrimSuffix(r.Source+": "+r.Detail, ": "))
	}
	return "pending (" + strings.Join(why, "; ") + ")"
}

func restartText(s data.Scan) string {
	switch {
	case !s.RestartKnown:
		return "unknown"
	case len(s.Restart) == 0:
		return "no service"
	}
	return strings.Join(s.Restart, ", ")
}

// statusJSON is what "status" prints: one entry a host, and the sums.
type statusJSON struct {
	Standard standardRefJSON         `json:"standard"`
	Counts   map[data.Compliance]int `json:"counts"`
	Hosts    []hostStatusJSON        `json:"hosts"`
	UnderWay []underWayJSON          `json:"under_way,omitempty"`
}

// underWayJSON is an open rollout that has begun on hosts: how these stand was
// judged before it.
type underWayJSON struct {
	Rollout  data.RolloutID `json:"rollout"`
	PlanName string         `json:"plan_name"`
	Begun    []string       `json:"hosts"`
	DrivenBy string         `json:"driven_by,omitempty"`
	Undriven time.Time      `json:"not_driven_since,omitzero"`

	driving app.Driving
}

// readUnderWay returns the open rollouts that are at work on a host.
func readUnderWay(ctx context.Context, d *app.Desk, inv *inventory) ([]underWayJSON, error) {
	open, err := d.DB.OpenRuns(ctx)
	if err != nil {
		return nil, err
	}
	var list []underWayJSON
	for _, run := range open {
		if run.Step == data.StepQueued || run.Outcome != data.OutcomeNone {
			continue
		}
		i := slices.IndexFunc(list, func(u underWayJSON) bool { return u.Rollout == run.Rollout })
		if i < 0 {
			u := underWayJSON{Rollout: run.Rollout}
			if u.driving, err = d.Driving(ctx, run.Rollout); err != nil {
				return nil, err
			}
			u.DrivenBy, u.Undriven = clean(u.driving.Holder), u.driving.Since
			r, err := d.DB.Rollout(ctx, run.Rollout)
			if err != nil {
				return nil, err
			}
			p, err := d.DB.Plan(ctx, r.Plan)
			if err != nil {
				return nil, err
			}
			u.PlanName = clean(p.Name)
			i, list = len(list), append(list, u)
		}
		list[i].Begun = append(list[i].Begun, inv.hostName(run.Host))
	}
	return list, nil
}

func (u underWayJSON) print(p *page) {
	p.line("Rollout %d of %q is at work on %s (%s), %s. What is above of them is from before: stctl rollout show %d",
		u.Rollout, u.PlanName, count(len(u.Begun), "host"), namesText(u.Begun), u.driving.Text(), u.Rollout)
}

// namesText names up to five.
func namesText(names []string) string {
	if n := len(names) - 5; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), n)
	}
	return strings.Join(names, ", ")
}

type standardRefJSON struct {
	Name    string `json:"name,omitempty"`
	Version int    `json:"version"`
}

type hostStatusJSON struct {
	Host    string      `json:"host"`
	Group   string      `json:"group,omitempty"`
	Verdict verdictJSON `json:"verdict"`
	Failure *failJSON   `json:"last_failure,omitempty"`
}

// hostMissingJSON is what "status HOST" prints.
type hostMissingJSON struct {
	Host    string       `json:"host"`
	Verdict verdictJSON  `json:"verdict"`
	Scan    *scanJSON    `json:"scan,omitempty"`
	Failure *failJSON    `json:"last_failure,omitempty"`
	Updates []updateJSON `json:"updates"`
	History *historyJSON `json:"windows_history,omitempty"`
}

func (c *cli) statusCommand() *cobra.Command {
	var (
		check  bool
		groups []string
		only   []string
	)
	cmd := &cobra.Command{
		Use: "status [HOST]", Short: "Show what is missing, by when it must be in, and why", Args: wants(0, 1, "at most one host"),
		Long: `Show how the hosts stand by the standard, the worst first; or, for one host,
every missing update with its deadline, the clause and the facts that set it,
and the age of the scan it rests on. An update of Windows that is installed and
not in force before a reboot stands among them as waiting for it.

What was not scanned, is too old or contradicts itself is unknown.
With --check the exit code is 5 when something is overdue, else 4 when something
is unknown.`,
		Example: "  stctl status\n  stctl status web1\n  stctl status --only overdue,unknown --check",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if len(groups)+len(only) > 0 {
					return usagef("--group and --only choose among hosts; leave them out for one host")
				}
				return c.statusHost(cmd.Context(), d, inv, args[0], check)
			}
			return c.statusAll(cmd.Context(), d, inv, statusWish{groups, only, check})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&check, "check", false, "set the exit code: 5 overdue, 4 unknown, 0 neither")
	f.StringSliceVar(&groups, "group", nil, "only the hosts of this `GROUP`")
	f.StringSliceVar(&only, "only", nil, "only hosts that are overdue, unknown, due soon, excepted or compliant")
	return cmd
}

type statusWish struct {
	groups, only []string
	check        bool
}

func (c *cli) statusAll(ctx context.Context, d *app.Desk, inv *inventory, wish statusWish) error {
	groups, err := inv.groupIDs(wish.groups)
	if err != nil {
		return err
	}
	var only []data.Compliance
	for _, o := range wish.only {
		v, err := oneOf("--only", o, data.Compliances)
		if err != nil {
			return err
		}
		only = append(only, v)
	}
	verdicts, failures, err := readVerdicts(ctx, d)
	if err != nil {
		return err
	}
	s := statusJSON{Counts: map[data.Compliance]int{}, Hosts: []hostStatusJSON{}}
	if s.Standard, err = standardRef(ctx, d); err != nil {
		return err
	}
	for _, h := range inv.hosts {
		if len(groups) > 0 && !slices.Contains(groups, h.Group) {
			continue
		}
		v := verdictOf(verdicts, h.ID)
		s.Counts[v.Compliance]++
		if len(only) > 0 && !slices.Contains(only, v.Compliance) {
			continue
		}
		j := hostStatusJSON{Host: h.Name, Group: inv.groupName(h.Group), Verdict: asVerdictJSON(v, d.Now())}
		if f, ok := failures[h.ID]; ok {
			j.Failure = asFailJSON(f)
		}
		s.Hosts = append(s.Hosts, j)
	}
	slices.SortStableFunc(s.Hosts, func(a, b hostStatusJSON) int {
		return slices.Index(data.Compliances, a.Verdict.Compliance) - slices.Index(data.Compliances, b.Verdict.Compliance)
	})
	if s.UnderWay, err = readUnderWay(ctx, d, inv); err != nil {
		return err
	}
	if err := c.out.show(s, func(p *page) { s.print(p, d.Now()) }); err != nil {
		return err
	}
	return checkCounts(wish.check, s.Counts)
}

// checkCounts is the exit code of --check.
func checkCounts(check bool, counts map[data.Compliance]int) error {
	switch {
	case check && counts[data.Overdue] > 0:
		return exitCode(exitOverdue)
	case check && counts[data.Unknown] > 0:
		return exitCode(exitUnknown)
	}
	return nil
}

func (s statusJSON) print(p *page, now time.Time) {
	if len(s.Hosts) == 0 {
		if len(s.Counts) == 0 {
			p.line("There are no hosts here yet. %s", howToAdd)
			return
		}
		p.line("No host fits. \"stctl host list\" shows the inventory.")
		return
	}
	var rows [][]any
	for _, h := range s.Hosts {
		because := h.Verdict.Because
		if h.Failure != nil {
			because = "last scan failed: " + h.Failure.Error + "; " + because
		}
		rows = append(rows, []any{h.Host, h.Verdict.Compliance, missingCell(h.Verdict), unlessUnknown(h.Verdict, h.Verdict.Counts[data.Overdue]),
			dash(when(h.Verdict.NextDue)), ago(h.Verdict.ScannedAt, now), because})
	}
	p.table("host|status|missing|overdue|next deadline|scanned|why", rows)
	p.gap()
	for _, u := range s.UnderWay {
		u.print(p)
	}
	p.line("%s", countsText(s.Counts))
	if s.Standard.Version == 0 {
		p.line("%s", chooseStandard)
		return
	}
	p.line("Judged by %s, version %d.", s.Standard.Name, s.Standard.Version)
}

// missingCell counts what a host lacks.
func missingCell(v verdictJSON) any { return unlessUnknown(v, v.Missing) }

// unlessUnknown is a count, or a dash where it is a zero that proves nothing.
func unlessUnknown(v verdictJSON, n int) any {
	if n == 0 && v.Compliance == data.Unknown {
		return "-"
	}
	return n
}

// countsText sums hosts up, the worst first.
func countsText(counts map[data.Compliance]int) string {
	total, parts := 0, []string{}
	for _, k := range data.Compliances {
		total += counts[k]
		if counts[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[k], k))
		}
	}
	return count(total, "host") + ": " + strings.Join(parts, ", ")
}

func (c *cli) statusHost(ctx context.Context, d *app.Desk, inv *inventory, name string, check bool) error {
	s, err := readStanding(ctx, d, inv, name)
	if err != nil {
		return err
	}
	j := hostMissingJSON{Host: s.host.Name, Verdict: asVerdictJSON(s.verdict, d.Now()), Scan: asScanJSON(s.scan), Failure: s.failure, Updates: []updateJSON{}, History: asHistoryJSON(s.background)}
	var rows [][]any
	for _, v := range s.verdicts {
		u := v.Update
		one := asUpdateJSON(v)
		why := one.withBackground(s.background)
		j.Updates = append(j.Updates, one)
		rows = append(rows, []any{clean(u.Label()), dash(data.VersionText(u.Installed)), data.VersionText(u.Available), classText(u.Class), severityText(u.Severity), standingText(v),
			dash(when(v.Due)), dash(v.Clause), why})
	}
	err = c.out.show(j, func(p *page) {
		p.title("Host %s", s.host.Name)
		s.print(p, d.Now())
		p.gap()
		if len(rows) > 0 {
			p.table("update|installed|available|class|severity|status|due|clause|why", rows)
		}
	})
	if err != nil {
		return err
	}
	return checkCounts(check, map[data.Compliance]int{s.verdict.Compliance: 1})
}

// standingText is how an update stands: what is installed and waits for a reboot
// is not missing.
func standingText(v data.Verdict) string {
	if v.Update.Hold == data.WaitsForReboot {
		return string(v.Compliance) + ", waits for a reboot"
	}
	return string(v.Compliance)
}

func classText(c data.Class) string {
	if c == data.ClassUnknown {
		return "unknown"
	}
	return string(c)
}

func severityText(s data.Severity) string {
	if s == data.SeverityUnknown {
		return "unrated"
	}
	return string(s)
}

// readVerdicts judges what needs judging and reads all.
func readVerdicts(ctx context.Context, d *app.Desk) (map[data.HostID]data.HostVerdict, map[data.HostID]data.ScanFailure, error) {
	if _, err := d.Refresh(ctx); err != nil {
		return nil, nil, err
	}
	list, err := d.DB.HostVerdicts(ctx)
	if err != nil {
		return nil, nil, err
	}
	byHost := make(map[data.HostID]data.HostVerdict, len(list))
	for _, v := range list {
		byHost[v.Host] = v
	}
	failures, err := d.DB.ScanFailures(ctx)
	return byHost, failures, err
}

// verdictOf is unknown where there is none.
func verdictOf(verdicts map[data.HostID]data.HostVerdict, id data.HostID) data.HostVerdict {
	if v, ok := verdicts[id]; ok {
		return v
	}
	return data.HostVerdict{Host: id, Compliance: data.Unknown, Because: "it was not judged yet"}
}

// standardRef names the standard in force; version 0 where there is none.
func standardRef(ctx context.Context, d *app.Desk) (standardRefJSON, error) {
	s, err := d.DB.StandardAt(ctx, d.Now())
	if errors.Is(err, store.ErrNotFound) {
		return standardRefJSON{}, nil
	}
	return standardRefJSON{s.Name, s.Version}, err
}
