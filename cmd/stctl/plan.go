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
	"secondtuesday/remote"
)

func (c *cli) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan", Short: "Make, look at and approve plans: frozen sets of exact versions",
		Long: "A plan says which exact versions go onto which hosts, in which rings, and whether\nthey may reboot. Once made it never changes; its digest proves it. It is approved\nby that digest, and then rolled out.",
	}
	return c.branch(cmd, c.planMake(), c.planList(), c.planShow(), c.planApprove(), c.planWithdraw())
}

// planFlags are what a plan is to be, as flags.
type planFlags struct {
	choice
	name, reboot, stopAt, postWait string
	classes, only, soaks, gates    []string
	keptBack, remove, dryRun       bool
	rebootOnly, acceptTerms        bool
	parallel                       int
}

func (w *planFlags) register(cmd *cobra.Command) {
	w.choice.register(cmd)
	f := cmd.Flags()
	f.StringVar(&w.name, "name", "", "the plan's `NAME` (required)")
	f.StringSliceVar(&w.classes, "class", nil, "only updates of this `CLASS`: security, bug fix, feature, driver, definition, unknown")
	f.StringSliceVar(&w.only, "only", nil, "only this `UPDATE`, by name or name:architecture (may be given several times)")
	f.BoolVar(&w.keptBack, "kept-back", false, "also what an ordinary upgrade keeps back, because packages must be added")
	f.BoolVar(&w.remove, "allow-remove", false, "packages may be removed where an update needs it")
	f.StringSliceVar(&w.soaks, "ring-soak", nil, "wait after a ring, `RING=TIME`, such as 1=24h,2=2d")
	f.StringSliceVar(&w.gates, "ring-gate", nil, "share of a ring that must succeed, `RING=SHARE`, such as 1=100% (default: all)")
	f.IntVar(&w.parallel, "parallel", 0, "hosts at once (default 5)")
	f.StringVar(&w.stopAt, "stop-at", "", "stop when this `SHARE` of a ring failed or is unknown, such as 20% (default: at the first)")
	f.StringVar(&w.reboot, "reboot", string(data.RebootIfNeeded), "reboot never, if needed, or always; only where the window permits it")
	f.BoolVar(&w.rebootOnly, "reboot-only", false, "bring nothing in: reboot the hosts that need it; with --reboot always, all")
	f.StringVar(&w.postWait, "post-wait", "", "how long services may take to come back (default 30s)")
	f.BoolVar(&w.acceptTerms, "accept-terms", false, "accept the licence terms of updates that ask for it; else they are left out")
	f.BoolVar(&w.dryRun, "dry-run", false, "ask the hosts and show the plan, but do not keep it")
}

func (w *planFlags) request(inv *inventory, args []string) (app.PlanRequest, error) {
	req := app.PlanRequest{Name: strings.TrimSpace(w.name), KeptBack: w.keptBack, Remove: w.remove, Parallel: w.parallel}
	if req.Name == "" {
		return req, usagef("give the plan a --name")
	}
	if w.parallel < 0 {
		return req, usagef("--parallel %d is below zero", w.parallel)
	}
	var err error
	if req.Classes, err = classesOf(w.classes); err != nil {
		return req, err
	}
	if w.stopAt != "" {
		if req.StopAt, err = parseShare("--stop-at", w.stopAt); err != nil {
			return req, err
		}
	}
	if w.postWait != "" {
		if req.PostWait, err = parseDuration("--post-wait", w.postWait); err != nil {
			return req, err
		}
	}
	if req.Reboot, err = oneOf("--reboot", strings.ReplaceAll(w.reboot, "-", " "), data.RebootPolicies); err != nil {
		return req, err
	}
	if req.Rings, err = ringsOf(w.soaks, w.gates); err != nil {
		return req, err
	}
	if req.RebootOnly = w.rebootOnly; req.RebootOnly && (len(w.classes)+len(w.only) > 0 || w.keptBack || w.remove) {
		return req, usagef("--reboot-only brings nothing in: leave out --class, --only, --kept-back and --allow-remove")
	}
	if req.RebootOnly && req.Reboot == data.RebootNever {
		return req, usagef("--reboot-only with --reboot never would do nothing")
	}
	if w.acceptTerms {
		req.Terms = data.TermsAccepted
	}
	req.Hosts, err = w.resolve(inv, args)
	return req, err
}

// keysOf turns the names given with --only into keys: a name alone means each
// architecture of it that is missing somewhere. One that is missing nowhere is
// an error, so that a slip of the pen plans nothing else.
func keysOf(ctx context.Context, d *app.Desk, words []string) ([]string, error) {
	if len(words) == 0 {
		return nil, nil
	}
	known := map[string][]string{} // name or key in lower case to keys
	err := d.DB.EachMissing(ctx, func(m data.Missing) error {
		for _, word := range []string{strings.ToLower(m.Update.Name), strings.ToLower(m.Update.Key())} {
			if !slices.Contains(known[word], m.Update.Key()) {
				known[word] = append(known[word], m.Update.Key())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, w := range words {
		found := known[strings.ToLower(strings.TrimSpace(w))]
		if len(found) == 0 {
			return nil, &missingError{fmt.Sprintf("missing update %q", w), "\"stctl updates\" shows those that are known to be missing."}
		}
		keys = append(keys, found...)
	}
	return keys, nil
}

// ringsOf reads "1=24h" and "1=100%".
func ringsOf(soaks, gates []string) ([]data.Ring, error) {
	var rings []data.Ring
	ring := func(flag, word string) (*data.Ring, string, error) {
		number, value, ok := strings.Cut(word, "=")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 1 || n > 9 {
			return nil, "", usagef("%s %q is not RING=VALUE with a ring from 1 to 9", flag, word)
		}
		i := slices.IndexFunc(rings, func(r data.Ring) bool { return r.Number == n })
		if i < 0 {
			i, rings = len(rings), append(rings, data.Ring{Number: n})
		}
		return &rings[i], value, nil
	}
	for _, w := range soaks {
		r, value, err := ring("--ring-soak", w)
		if err != nil {
			return nil, err
		}
		if r.Soak, err = parseDuration("--ring-soak", value); err != nil {
			return nil, err
		}
	}
	for _, w := range gates {
		r, value, err := ring("--ring-gate", w)
		if err != nil {
			return nil, err
		}
		if r.Gate, err = parseShare("--ring-gate", value); err != nil {
			return nil, err
		}
		if r.Gate == 0 {
			return nil, usagef("--ring-gate %q: a gate of nothing would let everything through", w)
		}
	}
	slices.SortFunc(rings, func(a, b data.Ring) int { return a.Number - b.Number })
	return rings, nil
}

func (c *cli) planMake() *cobra.Command {
	w := &planFlags{}
	cmd := &cobra.Command{
		Use: "make [HOST…]", Short: "Ask hosts what bringing updates in would do, and keep the answer as a plan", Args: wants(0, -1, "names of hosts"),
		Long: `Ask the chosen hosts, by their own package managers, what bringing in the chosen
updates would do, and keep the exact versions as a plan. Nothing is changed on
them. Held and phased updates are left out, and what an exception leaves out,
unless --only names it; so are hosts whose last scan is too old or proves nothing.
What is left out is told.

With --reboot-only nothing is brought in: the plan reboots the hosts whose last
scan says that a reboot is pending, in windows that permit reboots. A scan
afterwards proves that it is pending no more. A Windows host with a reboot pending
takes no update before it.`,
		Example: `  stctl plan make --name "November" --group Web --group Office --class security
  stctl plan make --name "OpenSSL now" --all --only openssl --only libssl3 --ring-soak 1=24h --stop-at 20%
  stctl plan make --name "Reboot hyperv" --host hyperv --reboot-only`,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			req, err := w.request(inv, args)
			if err != nil {
				return err
			}
			if req.Keys, err = keysOf(cmd.Context(), d, w.only); err != nil {
				return err
			}
			req.ByName = req.Keys
			bar := c.out.bar(len(req.Hosts), "asking")
			p, notes, err := d.MakePlan(cmd.Context(), req, func(h data.Host) { bar.add(h.Name) })
			bar.end()
			if err != nil {
				c.tellNotes(notes)
				return err
			}
			if !w.dryRun {
				if p.ID, err = d.SavePlan(cmd.Context(), p); err != nil {
					return err
				}
			}
			return c.showPlan(cmd.Context(), d, inv, p, planView{})
		},
	}
	w.register(cmd)
	return cmd
}

// tellNotes says on the side why a plan came to nothing.
func (c *cli) tellNotes(notes []app.PlanNote) {
	for _, n := range notes {
		what := n.Host.Name
		if n.Update != "" {
			what += ", " + n.Update
		}
		c.out.note("%s is left out: %s", what, n.Why)
		quote(c.out.note, n.Terms)
	}
}

func (c *cli) planList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the plans", Args: nothing, Example: "  stctl plan list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			plans, err := d.DB.Plans(cmd.Context())
			if err != nil {
				return err
			}
			list := []planJSON{}
			var rows [][]any
			for _, p := range plans {
				j := asPlanJSON(p.Plan)
				j.Digest, j.HostCount, j.Targets = p.Digest, p.HostCount, p.Targets
				j.NoUpdates = p.Targets == 0 && p.HostCount > 0 && p.Reboot != data.RebootNever
				list = append(list, j)
				rows = append(rows, []any{p.ID, p.Name, p.HostCount, p.Targets, approvedText(p.Approved), when(p.Created), p.CreatedBy})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no plans yet: stctl plan make --help")
					return
				}
				p.table("plan|name|hosts|packages|approved|made|by", rows)
			})
		},
	}
}

func approvedText(a data.Approval) string {
	if a.At.IsZero() {
		return "no"
	}
	return "by " + a.By + " " + when(a.At)
}

func (c *cli) planShow() *cobra.Command {
	var hosts []string
	cmd := &cobra.Command{
		Use: "show PLAN", Short: "Show exactly what a plan would do, and when it could", Args: wants(1, 1, "the number of a plan"),
		Example: "  stctl plan show 3\n  stctl plan show 3 --host web1",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			p, err := readPlan(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			view := planView{}
			for _, name := range hosts {
				h, err := inv.host(name)
				if err != nil {
					return err
				}
				view.only = append(view.only, h.ID)
			}
			return c.showPlan(cmd.Context(), d, inv, p, view)
		},
	}
	cmd.Flags().StringSliceVar(&hosts, "host", nil, "only the part of this `HOST`")
	return cmd
}

// readPlan finds a plan by its number or name.
func readPlan(ctx context.Context, d *app.Desk, word string) (data.Plan, error) {
	plans, err := d.DB.Plans(ctx)
	if err != nil {
		return data.Plan{}, err
	}
	var ids []data.Plan
	for _, p := range plans {
		ids = append(ids, p.Plan)
	}
	head, err := pick("plan", word, ids, func(p data.Plan) int64 { return int64(p.ID) }, func(p data.Plan) string { return p.Name })
	if err != nil {
		return head, err
	}
	return d.DB.Plan(ctx, head.ID)
}

// leastDigest is how much of a digest must be typed: 48 bits.
const leastDigest = 12

func (c *cli) planApprove() *cobra.Command {
	var digest, note string
	cmd := &cobra.Command{
		Use: "approve PLAN --digest DIGEST", Short: "Say yes to exactly the plan that was looked at", Args: wants(1, 1, "the number of a plan"),
		Long:    "Approve a plan. The digest, which \"stctl plan show\" prints, says that you mean the\nplan you looked at; its first 12 characters are enough. Who approved, and when,\ngoes into the audit trail.",
		Example: "  stctl plan approve 3 --digest 3f6c0a1b2c3d --note \"change 4711\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			digest = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(digest), "…"))
			if len(digest) < leastDigest {
				return usagef("give --digest with at least %d characters of the plan's digest: \"stctl plan show\" prints it", leastDigest)
			}
			p, err := readPlan(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			full := p.Digest()
			if !strings.HasPrefix(full, digest) {
				return otherDigest(p.ID, full, digest)
			}
			excepted, err := c.exceptedIn(cmd.Context(), d, p)
			if err != nil {
				return err
			}
			warnings, err := d.PlanWarnings(cmd.Context(), p)
			if err != nil {
				return err
			}
			for _, x := range excepted {
				c.out.note("warning: %s", clean(x.Text()))
			}
			for _, w := range warnings {
				c.out.note("warning: %s", clean(w.Text()))
			}
			if err := d.ApprovePlan(cmd.Context(), p.ID, full, note); err != nil {
				return err
			}
			return c.out.done(done("plan approved", p.ID), "Plan %d is approved. Roll it out: stctl rollout start %d", p.ID, p.ID)
		},
	}
	cmd.Flags().StringVar(&digest, "digest", "", "the plan's `DIGEST`, at least its first 12 characters (required)")
	cmd.Flags().StringVar(&note, "note", "", "a ticket or a reason, kept with the approval")
	return cmd
}

func (c *cli) planWithdraw() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "withdraw PLAN --reason REASON", Short: "Take the approval of a plan back", Args: wants(1, 1, "the number of a plan"),
		Long:    "Take the approval of a plan back: it can no longer be started, until it is\napproved again. A rollout that has begun is not stopped by this: cancel it.",
		Example: "  stctl plan withdraw 3 --reason \"the vendor has pulled the update\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			p, err := readPlan(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			if err := d.WithdrawApproval(cmd.Context(), p.ID, reason); err != nil {
				return err
			}
			return c.out.done(done("plan approval withdrawn", p.ID), "The approval of plan %d is withdrawn. It cannot be started until it is approved again.", p.ID)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, kept in the audit trail (required)")
	return cmd
}

// planView is what of a plan is shown.
type planView struct {
	only []data.HostID // empty: all
}

type planJSON struct {
	ID        data.PlanID    `json:"id,omitempty"`
	Name      string         `json:"name"`
	Digest    string         `json:"digest"`
	Created   time.Time      `json:"created"`
	CreatedBy string         `json:"created_by"`
	Approved  *approvalJSON  `json:"approved,omitempty"`
	Rings     []ringJSON     `json:"rings"`
	Parallel  int            `json:"parallel,omitempty"`
	StopAt    float64        `json:"stop_at"`
	Reboot    string         `json:"reboot"`
	PostWait  float64        `json:"post_wait_seconds,omitempty"`
	HostCount int            `json:"host_count"`
	Targets   int            `json:"package_count"`
	NoUpdates bool           `json:"reboot_only,omitempty"`
	Hosts     []planHostJSON `json:"hosts,omitempty"`
	Notes     []planNoteJSON `json:"left_out,omitempty"`
	Excepted  []exceptedJSON `json:"excepted,omitempty"` // goes in although an exception leaves it out

	Warnings []planWarningJSON `json:"warnings,omitempty"` // what the verdicts know against it
}

type approvalJSON struct {
	Role string    `json:"role,omitempty"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

func asApprovalJSON(a data.Approval) *approvalJSON {
	if a.At.IsZero() {
		return nil
	}
	return &approvalJSON{a.Role, a.By, a.At, a.Note}
}

type ringJSON struct {
	Number int     `json:"number"`
	Name   string  `json:"name,omitempty"`
	Soak   float64 `json:"soak_seconds"`
	Gate   float64 `json:"gate"`
}

type planHostJSON struct {
	Host    string          `json:"host"`
	Ring    int             `json:"ring"`
	Opens   *occurrenceJSON `json:"next_opening,omitempty"`
	OpenNow bool            `json:"open_now"`
	Window  string          `json:"window_because"`
	Upgrade []targetJSON    `json:"upgrade"`
	Add     []targetJSON    `json:"add"`
	Remove  []targetJSON    `json:"remove"`
}

type targetJSON struct {
	Name     string        `json:"name"`
	Title    string        `json:"title,omitempty"` // where the name says little: Windows
	Arch     string        `json:"arch,omitempty"`
	From     string        `json:"from,omitempty"`
	To       string        `json:"to,omitempty"`
	Origin   string        `json:"origin,omitempty"`
	Class    data.Class    `json:"class"`
	Severity data.Severity `json:"severity"`
	Terms    data.Terms    `json:"licence_terms,omitempty"` // "accepted" by the plan
	Text     string        `json:"licence_text,omitempty"`  // those terms, perhaps cut
}

type planNoteJSON struct {
	Host   string `json:"host"`
	Update string `json:"update,omitempty"`
	Why    string `json:"why"`
	Terms  string `json:"licence_text,omitempty"` // the terms that it asks for, perhaps cut
}

type planWarningJSON struct {
	Host   string `json:"host"`
	Update string `json:"update,omitempty"` // left out: the whole host
	Why    string `json:"why"`

	text string
}

type exceptedJSON struct {
	Host      string           `json:"host"`
	Update    string           `json:"update"`
	Exception data.ExceptionID `json:"exception"`
	Until     time.Time        `json:"until"`
	Why       string           `json:"why"`

	text string
}

func asPlanJSON(p data.Plan) planJSON {
	j := planJSON{
		ID: p.ID, Name: p.Name, Created: p.Created, CreatedBy: p.CreatedBy, Approved: asApprovalJSON(p.Approved), Rings: []ringJSON{},
		Parallel: p.Parallel, StopAt: p.StopAt, Reboot: string(p.Reboot), PostWait: p.PostWait.Seconds(), HostCount: len(p.Hosts), NoUpdates: p.RebootOnly(),
	}
	for _, r := range p.Rings {
		gate := r.Gate
		if gate <= 0 {
			gate = 1
		}
		j.Rings = append(j.Rings, ringJSON{r.Number, r.Name, r.Soak.Seconds(), gate})
	}
	return j
}

func targetsJSON(ts []data.Target) []targetJSON {
	out := []targetJSON{}
	for _, t := range ts {
		out = append(out, targetJSON{t.Name, clean(t.Title), t.Arch, t.From, t.To, clean(t.Origin), t.Class, t.Severity, t.Terms, remote.CleanText(t.TermsText)})
	}
	return out
}

// otherDigest says that the digest given is not the plan's.
func otherDigest(id data.PlanID, full, given string) error {
	return &refusal{
		title: "Digest does not match",
		text:  fmt.Sprintf("plan %d has the digest %s, not %s; nothing was agreed to", id, full, clean(given)),
		next:  fmt.Sprintf("Is it the plan you mean? Then look at it again: \"stctl plan show %d\" prints its digest and the command.", id),
	}
}
